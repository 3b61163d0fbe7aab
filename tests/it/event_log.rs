//! The event log: what was folded is in it, in the form that the policy leaves it, and folds to the same rows again.

use std::path::Path;

use callfold::app::event_log::{Chunk, Log};
use callfold::decode::ndjson::{Decoder, Limits};
use callfold::engine::partition::{Partition, Position};
use callfold::engine::settings::Settings;
use callfold::fold::privacy::{List, Policy, Privacy, Rule, Secret};
use callfold::model::names::{NameLimits, Names};
use callfold::model::tevent::{EventKind, TEvent};
use callfold::model::time::{Micros, Span};
use callfold::model::userdata::KvList;
use callfold::simulate::random::Random;
use callfold::sink::{Mode, Store};
use serde_json::{Map, Value, json};

use crate::process::Place;
use crate::properties::dirt::Feed;
use crate::properties::{assert_same_rows, seeds};
use crate::support::{Run, log};

/// A rule for every key of a list.
fn all(list: List, policy: Policy) -> Rule {
    Rule { key: "*".into(), list, policy }
}

fn keep_all() -> Privacy {
    let rules = [List::UserData, List::Reasons, List::Extensions].map(|list| all(list, Policy::Keep));
    Privacy { rules: rules.into(), ..Privacy::default() }
}

/// Folds `lines` in pieces with a log in the store at `data`; `tick` lets time run this far ahead of every piece.
fn logged(settings: &Settings, lines: &[Vec<u8>], data: &Path, tick: Option<Span>) -> Run {
    let mut run = Run::new(Settings { event_log: true, ..settings.clone() });
    let mut store = Store::open(data, Mode::Replay).expect("a store");
    for piece in lines.chunks(97) {
        run.partition.feed(&piece.concat(), Position::default());
        if let Some(ahead) = tick {
            run.partition.tick(run.partition.now() + ahead);
        }
        collect(&mut run, &mut store);
    }
    run.partition.finish();
    collect(&mut run, &mut store);
    store.finish().expect("published");
    run
}

fn collect(run: &mut Run, store: &mut Store) {
    if let Some(mut batch) = run.partition.take_rows() {
        store.deliver(&batch).expect("delivered");
        // A passage is nothing without its text; the store has both.
        batch.rows.event_log.clear();
        run.append(batch.rows);
    }
}

/// Folds the log of the store at `data` again, up to where the first run had come.
fn folded_again(settings: &Settings, data: &Path, until: Micros) -> Run {
    let privacy = Privacy { is_applied: true, ..settings.privacy.clone() };
    let mut run = Run::new(Settings { privacy, reorder_window: Span(0), ..settings.clone() });
    let mut reading = log_of(data).read(Micros::MIN, Micros::MAX);
    let mut chunk = Chunk::default();
    while reading.next(&mut chunk).expect("readable") {
        chunk.feed(&mut run.partition);
        run.collect();
    }
    assert_eq!(reading.bytes, reading.bytes_total);
    run.partition.tick(until);
    run.finish();
    assert_eq!(run.partition.counters().rejected, 0);
    run
}

fn log_of(data: &Path) -> Log {
    Log::find(data).expect("readable").expect("a log")
}

/// All lines of the log of the store at `data`.
fn lines_of(data: &Path) -> Vec<u8> {
    let mut reading = log_of(data).read(Micros::MIN, Micros::MAX);
    let (mut chunk, mut lines) = (Chunk::default(), Vec::new());
    while reading.next(&mut chunk).expect("readable") {
        lines.extend_from_slice(&chunk.lines);
    }
    lines
}

/// Every event of `lines` with everything that the decoder hands on, ids as texts.
fn events(lines: &[u8]) -> Vec<String> {
    let (mut names, mut events) = (Names::new(NameLimits::default()), Vec::new());
    Decoder::new(Limits::default()).chunk(lines, &mut names, &mut |names, _, event| {
        events.push(described(event.expect("an event"), names));
    });
    events
}

fn described(ev: &TEvent<'_>, names: &Names) -> String {
    let pairs = |list: KvList<'_>| list.iter().map(|(k, v)| format!("{k:?}={v:?}")).collect::<Vec<_>>();
    let dn = |id| names.dn_text(id);
    let rare = ev.rare();
    let hop = |hop: callfold::model::tevent::rare::Hop<'_>| format!("{:?} {:?}", hop.conn, hop.home);
    let who = [dn(ev.this_dn), dn(ev.this_queue), names.agent_id(ev.agent).to_owned()];
    let numbers = [ev.third_party_number, ev.other_number, ev.ani, ev.dnis, ev.call_uuid];
    let roles = [ev.this_role.0, ev.other_role.0, ev.third_party_role.0, ev.work_mode.0, ev.call_state.0];
    format!(
        "{} {} {} {:?} {:?} {who:?} {numbers:?} {:?} {:?} {roles:?} {:?} {:?} {:?} {:?} {:?} {} {} {} {:?} {:?} {:?}",
        ev.kind.name(),
        ev.time,
        names.tenant(ev.switch),
        names.switch_name(ev.switch),
        (ev.seq, ev.epoch),
        [ev.conn, ev.previous_conn, ev.held_conn],
        ev.call_type,
        pairs(ev.user_data),
        pairs(ev.reasons),
        pairs(ev.extensions),
        rare.route_type,
        rare.treatment_type,
        hop(rare.first_transfer),
        hop(rare.last_transfer),
        hop(rare.remote),
        rare.network_call,
        rare.ref_call_uuid,
        pairs(rare.is_links),
    )
}

const TEXTS: [&str; 7] = ["7001", "8001", "+49 30 \"901\"", "Zoë\\", "a:b@east", "\u{1}\u{7f}", "0"];

fn text(random: &mut Random) -> Value {
    TEXTS[random.below(TEXTS.len() as u32) as usize].into()
}

fn pairs(random: &mut Random) -> Value {
    let mut map = Map::new();
    for _ in 0..random.below(4) {
        let key = ["VQID", "RTR", "ReasonCode", "conn-1", "ps-1", "Note \u{e9}"][random.below(6) as usize];
        let value = match random.below(4) {
            0 => json!(random.below(1000)),
            1 => json!({"deep": [1, "x"], "t": true}),
            2 => Value::Null,
            _ => text(random),
        };
        map.insert(key.to_owned(), value);
    }
    Value::Object(map)
}

/// An event of the kind `n` with any of the attributes there are.
fn any_event(n: u64, random: &mut Random) -> Vec<u8> {
    let mut map = Map::new();
    let name = EventKind::from_number(n % 184).name();
    let event = if n.is_multiple_of(3) && n % 184 < 183 { json!(n % 184) } else { json!(name) };
    map.insert("Event".into(), event);
    map.insert("TimeinSecs".into(), json!(1_699_920_000 + n / 5));
    map.insert("TimeinuSecs".into(), json!(random.below(1_000_000)));
    map.insert("Switch".into(), ["east", "we:st"][random.below(2) as usize].into());
    map.insert("Tenant".into(), "acme".into());
    map.insert("ServerStartTime".into(), json!(1_699_910_000));
    if random.chance(0.9) {
        map.insert("EventSequenceNumber".into(), json!(n));
    }
    for key in ["ThisDN", "ThisQueue", "ThirdPartyDN", "OtherDN", "AgentID", "ANI", "DNIS", "CallUUID"] {
        if random.chance(0.5) {
            map.insert(key.into(), text(random));
        }
    }
    for key in
        ["ConnID", "PreviousConnID", "TransferConnID", "FirstTransferConnID", "LastTransferConnID", "RemoteConnID"]
    {
        if random.chance(0.3) {
            map.insert(key.into(), format!("{:016x}", random.bits() >> random.below(60)).into());
        }
    }
    for (key, most) in [
        ("CallType", 5),
        ("CallState", 32),
        ("ThisDNRole", 11),
        ("OtherDNRole", 11),
        ("ThirdPartyDNRole", 11),
        ("AgentWorkMode", 8),
        ("RouteType", 15),
        ("TreatmentType", 19),
    ] {
        if random.chance(0.3) {
            map.insert(key.into(), random.below(most).into());
        }
    }
    for key in
        ["FirstTransferHomeLocation", "LastTransferHomeLocation", "RemoteLocation", "NetworkCallID", "RefCallUUID"]
    {
        if random.chance(0.1) {
            map.insert(key.into(), text(random));
        }
    }
    for key in ["UserData", "Reasons", "Extensions", "ISLinkList"] {
        if random.chance(0.4) {
            map.insert(key.into(), pairs(random));
        }
    }
    format!("{}\n", Value::Object(map)).into_bytes()
}

#[test]
fn an_event_of_any_kind_comes_out_of_the_log_as_it_went_in() {
    for seed in seeds(4) {
        let place = Place::in_memory(&format!("log-any-{seed}"));
        let data = place.path("data");
        let mut random = Random::new(seed);
        let lines: Vec<Vec<u8>> = (0..1500).map(|n| any_event(n, &mut random)).collect();
        // Order kept and one switch after the other: times go back, and the log has those under which events were folded.
        let settings = Settings { privacy: keep_all(), reorder_window: Span(0), ..Settings::default() };
        logged(&settings, &lines, &data, None);
        let (wanted, found) = (events(&lines.concat()), events(&lines_of(&data)));
        assert_eq!(wanted.len(), found.len(), "seed {seed}");
        for (wanted, found) in wanted.iter().zip(&found) {
            assert_eq!(without_time(wanted), without_time(found), "seed {seed}");
        }
    }
}

/// The description without its time, which two switches' clocks change on the way.
fn without_time(described: &str) -> String {
    described.split(' ').enumerate().filter(|(i, _)| *i != 1).map(|(_, word)| word).collect::<Vec<_>>().join(" ")
}

/// Feeds of one to three switches, sound and garbled, with their number.
fn feeds() -> impl Iterator<Item = (u64, Feed)> {
    seeds(5).map(|seed| {
        let mut random = Random::new(seed);
        let feed = Feed::simulated(seed);
        let feed = match seed % 4 {
            0 => feed.dropping(0.05, &mut random),
            1 => feed.garbling(0.05, &mut random),
            2 => feed.repeating(0.1, &mut random),
            _ => feed.reordering(Span::from_secs(5), &mut random),
        };
        (seed, feed)
    })
}

#[test]
fn a_log_folds_to_the_rows_of_the_events_it_is_made_of() {
    for (seed, feed) in feeds() {
        for live in [false, true] {
            let place = Place::in_memory(&format!("log-same-{seed}-{live}"));
            let settings = if live {
                // The clock runs ahead of what comes late, and decides what would have been decided otherwise.
                Settings { reorder_window: Span(0), grace: Span::from_mins(60), ..Settings::default() }
            } else {
                Settings::default()
            };
            let data = place.path("data");
            let first = logged(&settings, &feed.lines, &data, live.then(|| Span::from_millis(1500)));
            let again = folded_again(&settings, &data, first.partition.now());
            assert!(!first.rows.call.is_empty());
            assert_same_rows(&first, &again, &format!("seed {seed}, live {live}"));
        }
    }
}

/// Secrets, told apart by their beginnings: nothing else in a feed looks like them.
const CALLER: &str = "4915550";
const DROPPED: &str = "droppedsecret";
const MASKED: &str = "maskedsecret";
const HASHED: &str = "hashedsecret";
const UNNAMED: &str = "unnamedsecret";

/// A log of calls whose data change under their masks.
fn private() -> String {
    let mut text = String::new();
    for call in 1..60 {
        let (minute, number) = (call % 60, format!("{CALLER}{call:04}"));
        let data = |change: u32| {
            format!(
                "Pin:{DROPPED}{change},Account:{MASKED}{change}1234,Phone:{HASHED}{call},Free:{UNNAMED},Segment:gold"
            )
        };
        text += &format!(
            "10:{minute:02}:00 9001 RouteRequest c{call} data=RStrategyName:S{call}\n\
             10:{minute:02}:00 9001 RouteUsed c{call} to=8001 data=RStrategyName:S{call},RTargetObjectSelected:{MASKED}{call},RTargetTypeSelected:Q\n\
             10:{minute:02}:00 8001 Queued c{call} ANI={number} DNIS=18005550199 OtherDN={number} data={}\n\
             10:{minute:02}:05 8001 AttachedDataChanged c{call} data={}\n\
             10:{minute:02}:07 8001 AttachedDataChanged c{call} data={}\n\
             10:{minute:02}:10 8001 Diverted c{call} to=7001 OtherDN={number}\n\
             10:{minute:02}:10 7001 Ringing c{call} ThisQueue=8001 OtherDN={number} ANI={number}\n\
             10:{minute:02}:12 7001 Established c{call} OtherDN={number} Extensions.Free={UNNAMED}\n\
             10:{minute:02}:40 7001 Released c{call} OtherDN={number} Reasons.Free={UNNAMED} Extensions.ReleasingParty={}\n",
            data(call),
            data(call),
            data(call + 1),
            call % 4,
        );
    }
    text
}

#[test]
fn what_the_policy_removes_is_nowhere_and_the_rest_folds_to_the_same_rows() {
    let rule = |key: &str, policy| Rule { key: key.into(), list: List::UserData, policy };
    let rules = vec![
        rule("Pin", Policy::Drop),
        rule("Account", Policy::Mask { shown: 4 }),
        rule("Phone", Policy::Hash),
        rule("Segment", Policy::Keep),
        rule("RTargetObject*", Policy::Mask { shown: 1 }),
        rule("RTargetType*", Policy::Drop),
    ];
    for (i, ani) in [Policy::Mask { shown: 2 }, Policy::Hash, Policy::Drop].into_iter().enumerate() {
        let place = Place::in_memory(&format!("log-private-{i}"));
        let data = place.path("data");
        let secret = Secret::new(b"0123456789abcdef");
        let privacy = Privacy { rules: rules.clone(), ani, secret, ..Privacy::default() };
        let settings = Settings { privacy, ..Settings::default() };
        let feed = log::feed(&private());
        let lines: Vec<Vec<u8>> = feed.as_bytes().split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        let first = logged(&settings, &lines, &data, None);
        let log = String::from_utf8(lines_of(&data)).expect("text");
        for secret in [CALLER, DROPPED, MASKED, HASHED, UNNAMED] {
            assert!(feed.contains(secret), "{secret} was sent");
            assert!(!log.contains(secret), "{secret} is in a cell of the log");
            for file in files(&data) {
                let bytes = std::fs::read(&file).expect("readable");
                let found = memchr::memmem::find(&bytes, secret.as_bytes());
                assert_eq!(found, None, "{secret} is in {}", file.display());
            }
        }
        assert!(log.contains("\"Segment\":\"gold\"") && log.contains("1234\\u001f"), "what is kept is there");
        assert!(first.rows.user_data_change.iter().any(|row| row.change == "update" && row.value == row.value_before));
        assert_eq!(first.rows.interaction.iter().all(|row| row.customer_key.is_some()), ani != Policy::Drop);
        assert!(first.rows.queue_segment.iter().any(|row| row.target.is_some() && row.strategy.is_some()));
        assert!(first.rows.queue_segment.iter().all(|row| row.target_kind.is_none()));
        let ended_by = |by: &str| first.rows.handling_segment.iter().filter(|row| row.released_by == by).count();
        assert!(ended_by("agent") > 0 && ended_by("customer") > 0 && ended_by("unknown") > 0);
        assert_same_rows(&first, &folded_again(&settings, &data, first.partition.now()), &format!("{ani:?}"));
    }
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn a_log_that_is_full_leaves_before_the_rest() {
    let mut partition = Partition::new(Settings { event_log: true, ..Settings::default() });
    let feed = Feed::simulated(1).bytes();
    let mut left = 0;
    for epoch in 0..200 {
        // Another run of the server each time: nothing is a duplicate.
        let text = String::from_utf8(feed.clone()).expect("text");
        let text = text.replace("{\"Event\"", &format!("{{\"ServerStartTime\":{epoch},\"Event\""));
        partition.feed(text.as_bytes(), Position::default());
        while let Some(batch) = partition.take_log() {
            assert_eq!(batch.rows.len(), batch.rows.event_log.len());
            assert!(batch.goes_on);
            left += batch.rows.event_log.len();
        }
        assert!(!partition.log_overflows());
        if left > 50_000 {
            return;
        }
    }
    panic!("only {left} rows left");
}
