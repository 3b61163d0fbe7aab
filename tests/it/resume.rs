//! A program that stops or dies and starts again: its rows are those of one that never stopped, as far as it was told everything, and say so
//! where it was not.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use callfold::app::clock::wall_now;
use callfold::app::resume::{self, Resumed};
use callfold::engine::partition::{Partition, Position};
use callfold::engine::settings::Settings;
use callfold::handoff::stop::Stop;
use callfold::model::time::{Micros, Span};
use callfold::simulate::random::Random;
use callfold::sink::Mode;

use serde_json::Value;

use crate::process::{Place, Running, http, run as program, stderr, stdout};
use crate::properties::dirt::Feed;
use crate::properties::seeds;
use crate::rebuild::{ALL, Desk, again, assert_nothing_differs, differences, live, merge};

/// How long a stop may be, here.
const WITHIN: Span = Span::from_mins(60);

/// A live program as its threads would run it: rows leave once a minute of event time.
struct Run {
    partition: Partition,
    desk: Desk,
    next: Micros,
    /// What it took up.
    until: Option<Micros>,
    withdrawn: u64,
    is_sent_again: bool,
}

impl Run {
    /// Starts on the store at `data`; `now` is when.
    fn start(data: &Path, settings: &Settings, now: Micros) -> Self {
        let settings = Settings { event_log: true, ..settings.clone() };
        let mut desk = Desk::open(data, Mode::Live, &settings);
        let found = resume::fold(data, &settings, (WITHIN, now), &Stop::new(), |_| {}).expect("a readable store");
        let Some(mut resumed) = found else {
            let partition = Partition::new(settings);
            return Self { partition, desk, next: Micros::MIN, until: None, withdrawn: 0, is_sent_again: false };
        };
        resumed.withdraw(&mut desk.store).expect("written");
        let Resumed { partition, until, withdrawn, .. } = resumed;
        let next = until.floor_to(Span::from_mins(1)) + Span::from_mins(1);
        Self { partition, desk, next, until: Some(until), withdrawn, is_sent_again: false }
    }

    fn deliver(&mut self) {
        if let Some(batch) = self.partition.take_rows() {
            self.desk.deliver(&batch);
        }
    }

    fn hear(&mut self, line: &[u8], at: Micros) {
        // The clock stands for some seconds after a start, and then goes on without those who have not spoken. What is sent
        // again comes at once.
        if !self.is_sent_again && self.until.is_some_and(|until| until + Span::from_secs(10) < at) {
            self.partition.give_up();
        }
        while self.next != Micros::MIN && self.next < at {
            self.partition.tick(self.next);
            self.deliver();
            self.next += Span::from_mins(1);
        }
        self.partition.feed(line, Position::default());
        self.next = self.next.max(at.floor_to(Span::from_mins(1)) + Span::from_mins(1));
    }

    /// Stops in order.
    fn stop(mut self, settings: &Settings) {
        self.deliver();
        self.partition.pause(settings.grace);
        self.deliver();
        self.desk.finish();
    }
}

/// A feed of which every event has a number.
fn numbered(seed: u64) -> Feed {
    Feed::simulated(seed)
}

fn place(name: &str, seed: u64) -> (Place, PathBuf, PathBuf) {
    let place = Place::in_memory(&format!("{name}-{seed}"));
    let (data, whole) = (place.path("data"), place.path("whole"));
    (place, data, whole)
}

fn unbroken(feed: &Feed, settings: &Settings, data: &Path) {
    let mut run = Run::start(data, settings, Micros(0));
    feed.lines.iter().zip(&feed.times).for_each(|(line, at)| run.hear(line, *at));
    run.stop(settings);
}

#[track_caller]
fn assert_sound(place: &Place, what: &str) {
    let check = program(place, &["check", "data", "--data", "data"]);
    assert_eq!(check.status.code(), Some(0), "{what}: {}", stdout(&check));
}

/// Whether every switch says something in the ten seconds after the event before this one.
fn goes_on(feed: &Feed, at: usize) -> bool {
    let switch = |line: &[u8]| ["east", "west", "north"].into_iter().find(|name| has(line, name));
    let until = feed.times[at - 1] + Span::from_secs(9);
    let soon = feed.times.partition_point(|time| *time < until);
    let all: BTreeSet<_> = feed.lines.iter().filter_map(|line| switch(line)).collect();
    let next: BTreeSet<_> = feed.lines[at..soon.max(at)].iter().filter_map(|line| switch(line)).collect();
    all == next
}

fn has(line: &[u8], name: &str) -> bool {
    String::from_utf8_lossy(line).contains(&format!("\"Switch\":\"{name}\""))
}

/// Wherever it is stopped, whatever goes on there, and however often.
#[test]
fn a_program_that_was_stopped_and_heard_the_next_event_leaves_the_rows_of_one_that_was_not() {
    let settings = live();
    for seed in seeds(6) {
        let (place, data, whole) = place("stopped", seed);
        let feed = numbered(seed);
        unbroken(&feed, &settings, &whole);
        let mut random = Random::new(seed);
        let mut run = Run::start(&data, &settings, Micros(0));
        let mut stops = 0;
        for (i, (line, at)) in feed.lines.iter().zip(&feed.times).enumerate() {
            if random.below(feed.lines.len() as u32) < 12 && i > 0 && goes_on(&feed, i) {
                // Once, or twice with nothing in between.
                for _ in 0..=random.below(2) {
                    run.stop(&settings);
                    if random.below(3) == 0 {
                        merge(&data);
                    }
                    run = Run::start(&data, &settings, *at);
                    stops += u32::from(run.until.is_some());
                }
            }
            run.hear(line, *at);
        }
        run.stop(&settings);
        assert!(stops > 0, "seed {seed} stops nowhere");
        assert_eq!(differences(&data, &whole), [""; 0], "seed {seed}, {stops} stops");
        assert_sound(&place, &format!("seed {seed}"));
        assert_nothing_differs(&again(&data, ALL, false).expect("made again"), &format!("seed {seed}, made again"));
    }
}

/// What it had told nobody of comes again from senders that were not told; what was told of is not counted twice.
#[test]
fn a_program_that_died_and_is_sent_the_last_minutes_again_leaves_the_rows_of_one_that_did_not() {
    let settings = live();
    for seed in seeds(6) {
        let (place, data, whole) = place("died", seed);
        let feed = numbered(seed);
        unbroken(&feed, &settings, &whole);
        let mut random = Random::new(seed);
        let mut run = Run::start(&data, &settings, Micros(0));
        let (mut at, mut deaths, mut again_from) = (0, 0, 0);
        while at < feed.lines.len() {
            if random.below(feed.lines.len() as u32) < 6 && at > again_from {
                drop(run);
                run = Run::start(&data, &settings, feed.times[at]);
                run.is_sent_again = true;
                deaths += u32::from(run.until.is_some());
                // Everything is sent again from two minutes before the end of what is stored.
                let kept = run.until.unwrap_or(Micros::MIN);
                again_from = at;
                at = if kept == Micros::MIN {
                    0
                } else {
                    feed.times.partition_point(|t| *t < kept - Span::from_mins(2))
                };
            }
            run.hear(&feed.lines[at], feed.times[at]);
            at += 1;
        }
        run.stop(&settings);
        assert!(deaths > 0, "seed {seed} dies nowhere");
        assert_eq!(differences(&data, &whole), [""; 0], "seed {seed}, {deaths} deaths");
        assert_sound(&place, &format!("seed {seed}"));
    }
}

/// Without numbers, or with numbers missing, the time of the stop is one in which nobody listened.
#[test]
fn what_was_missed_while_it_was_stopped_is_no_coverage() {
    let settings = live();
    for seed in seeds(4) {
        let (place, data, _) = place("missed", seed);
        let feed = numbered(seed);
        let mut random = Random::new(seed);
        let from = feed.lines.len() / 4 + random.below(feed.lines.len() as u32 / 4) as usize;
        let to = feed.times.partition_point(|at| *at < feed.times[from] + Span::from_mins(5));
        let mut run = Run::start(&data, &settings, Micros(0));
        feed.lines[..from].iter().zip(&feed.times).for_each(|(line, at)| run.hear(line, *at));
        run.stop(&settings);
        let mut run = Run::start(&data, &settings, feed.times[to]);
        let stopped = run.until.expect("it goes on");
        assert!(run.withdrawn > 0 && run.partition.hopes(), "seed {seed}");
        feed.lines[to..].iter().zip(&feed.times[to..]).for_each(|(line, at)| run.hear(line, *at));
        run.stop(&settings);
        assert_sound(&place, &format!("seed {seed}"));
        assert_nothing_differs(&again(&data, ALL, false).expect("made again"), &format!("seed {seed}, made again"));
        let sessions = program(&place, &["check", "data", "--data", "data", "--json"]);
        assert_eq!(sessions.status.code(), Some(0), "{}", stdout(&sessions));
        let covered = coverage(&data);
        let length = (feed.times[to] - stopped).0 / 1000;
        assert!(covered.iter().any(|(_, ms)| *ms < 900_000), "seed {seed}: {length} ms were missed, {covered:?}");
    }
}

/// Begin and coverage of the intervals of queues that are over.
fn coverage(data: &Path) -> Vec<(i64, i32)> {
    let table = crate::rebuild::facts().find(|table| table.name == "queue_interval").expect("a table");
    let mut reader = callfold::sink::Reader::default();
    let mut block = reader.block(table);
    for partition in callfold::sink::survey(data).expect("readable").iter().filter(|p| p.table == table.name) {
        for name in &partition.files {
            reader.append(&mut block, &partition.dir.join(name)).expect("readable");
        }
    }
    let mut all: Vec<_> =
        block.longs("interval_start").iter().copied().zip(block.ints("coverage_ms").iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Stopped or killed, and then nobody came for hours: the next start makes what was open final.
#[test]
fn a_run_that_nobody_goes_on_from_is_ended_by_the_next_start() {
    let settings = live();
    for seed in seeds(4) {
        let (place, data, whole) = place("over", seed);
        let feed = numbered(seed);
        let mut run = Run::start(&whole, &settings, Micros(0));
        feed.lines.iter().zip(&feed.times).for_each(|(line, at)| run.hear(line, *at));
        run.deliver();
        run.partition.finish();
        run.deliver();
        run.desk.finish();
        let mut run = Run::start(&data, &settings, Micros(0));
        feed.lines.iter().zip(&feed.times).for_each(|(line, at)| run.hear(line, *at));
        if seed % 2 == 0 {
            run.stop(&settings);
        } else {
            run.deliver();
            drop(run);
        }
        let later = *feed.times.last().expect("events") + Span::from_mins(61);
        let settings = Settings { event_log: true, ..settings.clone() };
        let mut desk = Desk::open(&data, Mode::Live, &settings);
        let fold = || resume::fold(&data, &settings, (WITHIN, later), &Stop::new(), |_| {}).expect("readable");
        let earlier = fold().expect("something is open");
        assert!(earlier.is_over);
        let rows = earlier.close(&mut desk.store).expect("written").expect("rows");
        desk.deliver(&rows);
        desk.finish();
        assert_eq!(differences(&data, &whole), [""; 0], "seed {seed}");
        assert_sound(&place, &format!("seed {seed}"));
        assert!(fold().is_none(), "once is enough");
    }
}

#[test]
fn a_run_is_gone_on_from_for_a_while_and_only_with_a_log() {
    let settings = live();
    let (_place, data, _) = place("old", 1);
    let feed = numbered(1);
    unbroken(&feed, &settings, &data);
    let last = *feed.times.last().expect("events");
    let settings = Settings { event_log: true, ..settings };
    let found = |settings: &Settings, within, now| {
        let found = resume::fold(&data, settings, (within, now), &Stop::new(), |_| {}).expect("readable");
        found.map(|earlier| earlier.is_over)
    };
    assert_eq!(found(&settings, WITHIN, last + Span::from_mins(59)), Some(false));
    assert_eq!(found(&settings, WITHIN, last + Span::from_mins(61)), Some(true));
    assert_eq!(found(&settings, Span(0), last + Span(1)), None);
    assert_eq!(found(&Settings { event_log: false, ..settings }, WITHIN, last + Span(1)), None);
}

/// What the wallboard says of the day, of every queue and agent: what has happened, not what goes on.
fn day(address: SocketAddr) -> Vec<String> {
    let mut said = Vec::new();
    for list in ["queues", "agents?limit=1000"] {
        let (status, text) = http(address, &format!("GET /api/v1/{list}"), &[], b"");
        assert_eq!(status, 200, "{text}");
        let objects: Value = serde_json::from_str(&text).expect("json");
        for object in objects["data"].as_array().expect("a list") {
            let day = object["day"].as_object().expect("a day").iter();
            let counts =
                day.filter(|(key, value)| value.is_i64() && !key.ends_with("_ms") && !key.starts_with("occupancy"));
            said.push(format!("{}: {:?}", object["id"], counts.collect::<Vec<_>>()));
        }
    }
    said
}

/// The same once time has passed what waits for it: the clock of the wall is a second ahead.
fn calm_day(address: SocketAddr) -> Vec<String> {
    let (mut last, mut calm) = (day(address), 0);
    while calm < 20 {
        std::thread::sleep(std::time::Duration::from_millis(100));
        let now = day(address);
        calm = if now == last { calm + 1 } else { 0 };
        last = now;
    }
    last
}

fn serve(place: &Place, data: &str) -> (Running, SocketAddr) {
    let mut server = Running::start(place, &["serve", "--listen", "127.0.0.1:0", "--data", data]);
    let address = server.address("listens on");
    (server, address)
}

/// Sends lines; returns how many were folded and how many had been seen before.
fn post(address: SocketAddr, lines: &[&str]) -> (u64, u64) {
    let headers = [("content-type", "application/x-ndjson")];
    let (status, answer) = http(address, "POST /api/v1/events", &headers, lines.concat().as_bytes());
    assert_eq!(status, 200, "{answer}");
    let answer: Value = serde_json::from_str(&answer).expect("json");
    let number = |key: &str| answer[key].as_u64().expect("a count");
    (number("accepted"), number("duplicate"))
}

/// The program itself, stopped in order and killed, by the clock of the wall.
#[test]
fn a_server_that_starts_again_shows_the_morning_and_stores_each_row_once() {
    let place = Place::new("resume-server");
    let start = wall_now() - Span::from_mins(40);
    let arguments = ["simulate", "--agents", "20", "--queues", "3", "--for", "38m", "--out", "f.ndjson", "--start"];
    let output = program(&place, &[&arguments[..], &[&start.to_string()]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = std::fs::read_to_string(place.path("f.ndjson")).expect("written");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (first, rest) = lines.split_at(lines.len() / 2);
    let (second, third) = rest.split_at(rest.len() / 2);

    let (whole, address) = serve(&place, "whole");
    assert_eq!(post(address, &lines), (lines.len() as u64, 0));
    let wanted = calm_day(address);
    assert_eq!(whole.signal("TERM"), Some(0));

    let (server, address) = serve(&place, "data");
    post(address, first);
    assert_eq!(server.signal("TERM"), Some(0));
    let (mut server, address) = serve(&place, "data");
    server.wait_for("going on from the last run");
    post(address, second);
    // Nothing is told: what was not yet on the disk has to be sent again.
    assert_eq!(server.signal("KILL"), None);
    let (mut server, address) = serve(&place, "data");
    server.wait_for("going on from the last run");
    // All but the greeting, which would be that of another run of the switch.
    let (accepted, duplicate) = post(address, &lines[1..]);
    assert!(duplicate + 1 >= first.len() as u64 && accepted >= third.len() as u64, "{accepted} new, {duplicate} known");
    assert_eq!(accepted + duplicate + 1, lines.len() as u64);
    let last = calm_day(address);
    let other: Vec<_> = last.iter().zip(&wanted).filter(|(a, b)| a != b).collect();
    assert!(other.is_empty() && last.len() == wanted.len(), "the day is not as if nothing had been: {other:#?}");
    assert_eq!(server.signal("TERM"), Some(0));
    assert_sound(&place, "after a stop and a death");
    let range = ["--from", "2000-01-01", "--to", "2100-01-01"];
    let again = program(&place, &[&["rebuild", "--data", "data"], &range[..]].concat());
    assert_eq!(again.status.code(), Some(0), "{}", stdout(&again));
}
