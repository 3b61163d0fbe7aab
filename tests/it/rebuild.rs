//! Rows made again from the event log: nothing to change where nothing is wrong, exactly what is wrong where something is.

use std::path::Path;
use std::time::{Duration, Instant};

use callfold::app::catalogue::Catalogue;
use callfold::app::config::Config;
use callfold::app::rebuild::{self, Order, RebuildError, Report};
use callfold::app::settings::{Again, check_again};
use callfold::engine::output::RowBatch;
use callfold::engine::partition::{Partition as Engine, Position};
use callfold::engine::settings::Settings;
use callfold::handoff::stop::Stop;
use callfold::model::table::{Kind, Table};
use callfold::model::time::{Micros, Span};
use callfold::simulate::random::Random;
use callfold::simulate::{Floor, Profile, Scenario};
use callfold::sink::{
    self, Block, Changed, Difference, Mode, Partition, Reader, Rewrite, Rewriting, Store, StoreError,
};

use crate::process::{Place, Running, run as program, stderr, stdout};
use crate::properties::dirt::Feed;
use crate::properties::seeds;

/// Facts that are made of events.
pub fn facts() -> impl Iterator<Item = &'static Table> {
    sink::tables().into_iter().filter(|table| table.kind == Kind::Fact)
}

/// Tries again for a while what finds a store in use: its last user is gone, but a program that another test starts at this moment holds what was
/// open here until it runs.
fn unlocked<T, E>(mut attempt: impl FnMut() -> Result<T, E>, is_locked: impl Fn(&E) -> bool) -> Result<T, E> {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        match attempt() {
            Err(error) if is_locked(&error) && Instant::now() < end => std::thread::sleep(Duration::from_millis(5)),
            ended => return ended,
        }
    }
}

/// Opens the store at `data`.
pub fn open(data: &Path, mode: Mode) -> Store {
    let is_locked = |error: &StoreError| matches!(error, StoreError::Locked { .. });
    unlocked(|| Store::open(data, mode), is_locked).expect("a store")
}

/// A store whose rows name nothing that is not described, as those of every program.
pub struct Desk {
    pub store: Store,
    catalogue: Catalogue,
}

impl Desk {
    pub fn open(data: &Path, mode: Mode, settings: &Settings) -> Self {
        let store = open(data, mode);
        Self { store, catalogue: Catalogue::new(engine().described, settings) }
    }

    pub fn deliver(&mut self, batch: &RowBatch) {
        self.catalogue.hear(batch);
        if let Some(described) = self.catalogue.take() {
            self.store.deliver(&RowBatch { goes_on: true, ..described }).expect("delivered");
        }
        self.store.deliver(batch).expect("delivered");
    }

    pub fn finish(self) {
        self.store.finish().expect("published");
    }
}

/// Folds `lines` into the store at `data`, with a log. Live, rows leave once a minute of event time.
pub fn folded(settings: &Settings, mode: Mode, lines: &[Vec<u8>], data: &Path) {
    let mut engine = Engine::new(Settings { event_log: true, ..settings.clone() });
    let mut desk = Desk::open(data, mode, settings);
    let minute = Span::from_mins(1);
    let mut next = Micros::MIN;
    let mut deliver = |engine: &mut Engine| {
        if let Some(batch) = engine.take_rows() {
            desk.deliver(&batch);
        }
    };
    for (line, at) in lines.iter().zip(Feed::of_lines(&lines.concat()).times) {
        while mode == Mode::Live && next != Micros::MIN && next < at {
            engine.tick(next);
            deliver(&mut engine);
            next += minute;
        }
        engine.feed(line, Position::default());
        next = next.max(at.floor_to(minute) + minute);
    }
    deliver(&mut engine);
    if mode == Mode::Live {
        engine.pause(settings.grace)
    } else {
        engine.finish()
    }
    deliver(&mut engine);
    desk.finish();
}

/// Merges the small files of the store at `data`, as the command does.
pub fn merge(data: &Path) {
    let mut store = open(data, Mode::Live);
    let merged = store.compact(Micros(i64::MAX / 4), |_| true).expect("merged");
    assert!(merged.files_after <= merged.files_before);
}

/// How a live program folds; queues are sampled seldom, since every batch costs files.
pub fn live() -> Settings {
    Settings { queue_snapshots: Span::from_mins(15), ..callfold::app::settings::live_engine() }
}

fn replayed() -> Settings {
    callfold::app::settings::replay_engine()
}

/// The settings of folding again what [`live`] and [`replayed`] have logged.
fn engine() -> Again {
    let mut config = Config::default();
    config.history.queue_snapshots = Some("15m".to_owned());
    let mut again = check_again(&config).expect("no problem");
    again.replayed.queue_snapshots = Span(0);
    again
}

/// What is made again of a range of the store at `data`.
pub fn again(data: &Path, (from, to): (Micros, Micros), write: bool) -> Result<Report, RebuildError> {
    let order = Order {
        data: data.to_owned(),
        from,
        to,
        look_back: None,
        look_forward: rebuild::LOOK_DEFAULT,
        engine: engine(),
        write,
        database: None,
        samples: 3,
    };
    let is_locked = |error: &RebuildError| matches!(error, RebuildError::Store(StoreError::Locked { .. }));
    unlocked(|| rebuild::run(&order, &Stop::new(), |_| {}), is_locked)
}

pub const ALL: (Micros, Micros) = (Micros(0), Micros(4_000_000_000_000_000));

#[track_caller]
pub fn assert_nothing_differs(report: &Report, what: &str) {
    let differing: Vec<_> = report.tables.iter().filter(|table| table.differences() > 0).collect();
    assert!(differing.is_empty(), "{what}, folded from {}: {differing:#?}", report.began);
}

/// A day and a half of a small floor whose agents come and go.
fn days(seed: u64) -> Vec<Vec<u8>> {
    let start = Micros::from_parts(1_699_920_000 + 7 * 3600, 0);
    let profile = Profile::Office;
    let scenario =
        Scenario { agents: 5, queues: 3, seed, start, profile, calls_per_hour: Some(9.0), ..Scenario::default() };
    let mut lines = Vec::new();
    Floor::new(scenario).run_until(start + Span::from_mins(34 * 60), &mut lines);
    lines.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
}

#[test]
fn any_range_of_a_sound_store_is_made_again_as_it_is() {
    for seed in seeds(1) {
        for mode in [Mode::Replay, Mode::Live] {
            let place = Place::in_memory(&format!("again-days-{seed}-{mode:?}"));
            let data = place.path("data");
            let lines = days(seed);
            let settings = if mode == Mode::Live { live() } else { replayed() };
            folded(&settings, mode, &lines, &data);
            let whole = again(&data, ALL, false).expect("made again");
            assert_nothing_differs(&whole, &format!("seed {seed}, {mode:?}, everything"));
            assert!(whole.tables.len() > 12, "{}", whole.tables.len());
            let mut random = Random::new(seed);
            let first = Feed::of_lines(&lines.concat()).times[0];
            for _ in 0..3 {
                // Any second, so in the middle of calls and logins.
                let from = first + Span::from_secs(random.below(28 * 3600).into());
                let to = from + Span::from_secs(600 + i64::from(random.below(8 * 3600)));
                let part = again(&data, (from, to), false).expect("made again");
                assert_nothing_differs(&part, &format!("seed {seed}, {mode:?}, {from} to {to}"));
            }
        }
    }
}

/// Lost, garbled and repeated events make odd rows, and the same ones again.
#[test]
fn the_rows_of_a_bad_feed_are_made_again_as_they_are() {
    for seed in seeds(4) {
        let mut random = Random::new(seed);
        let feed = Feed::simulated(seed);
        let feed = match seed % 3 {
            0 => feed.dropping(0.1, &mut random),
            1 => feed.garbling(0.03, &mut random),
            _ => feed.repeating(0.2, &mut random),
        };
        let place = Place::in_memory(&format!("again-bad-{seed}"));
        let data = place.path("data");
        folded(&replayed(), Mode::Replay, &feed.lines, &data);
        let report = again(&data, ALL, false).expect("made again");
        // One CallUUID on two ConnIDs shares its key; of such rows nobody can say which is which.
        let shared = |table: &&rebuild::OfTable| seed % 3 != 1 && table.differences() > 0;
        let differing: Vec<_> = report.tables.iter().filter(shared).collect();
        assert!(differing.is_empty(), "seed {seed}: {differing:#?}");
    }
}

/// The first rows of each table of the store at `data`, by partition, with the partition they lie in.
fn partitions(data: &Path, reader: &mut Reader) -> Vec<(Partition, Block)> {
    let mut found = Vec::new();
    for partition in sink::survey(data).expect("readable") {
        let Some(table) = facts().find(|table| table.name == partition.table) else { continue };
        let mut block = reader.block(table);
        for name in &partition.files {
            reader.append(&mut block, &partition.dir.join(name)).expect("readable");
        }
        found.push((partition, block));
    }
    found
}

/// Puts other rows into the store: of each table in `other` those that differ, and takes the first row of each partition away.
fn damage(data: &Path, other: &Path) -> (u64, u64) {
    let mut reader = Reader::default();
    let (own, others) = (partitions(data, &mut reader), partitions(other, &mut reader));
    let mut store = open(data, Mode::Live);
    let (mut rewriting, mut changed, mut gone) = (Rewriting::default(), 0, 0);
    for (partition, old) in own {
        let is_same = |(p, _): &&(Partition, Block)| (&p.table, &p.date) == (&partition.table, &partition.date);
        let Some((_, new)) = others.iter().find(is_same) else { continue };
        let empty = reader.block(old.table);
        let found = sink::compare(&reader, (&old, new, &empty), |_| true);
        let cells: Vec<Changed> = found.changed.into_iter().filter(|changed| changed.old > 0).collect();
        (changed, gone) = (changed + cells.len() as u64, gone + 1);
        let difference = Difference { changed: cells, vanished: vec![0], ..Difference::default() };
        let rewrite = Rewrite { partition, old, new: new.clone(), difference, switches: ["east".to_owned()].into() };
        store.prepare_rewrite(&rewrite, &mut reader, Micros(0), &mut rewriting).expect("prepared");
    }
    store.rewrite(rewriting).expect("written");
    (changed, gone)
}

/// Rows of two stores that differ, apart from when and how often they were written.
pub fn differences(a: &Path, b: &Path) -> Vec<String> {
    let mut reader = Reader::default();
    let mut of_table = |data: &Path, table: &'static Table| {
        let mut block = reader.block(table);
        for partition in sink::survey(data).expect("readable").iter().filter(|p| p.table == table.name) {
            for name in &partition.files {
                reader.append(&mut block, &partition.dir.join(name)).expect("readable");
            }
        }
        block
    };
    let blocks: Vec<_> = facts().map(|table| (of_table(a, table), of_table(b, table))).collect();
    let mut found = Vec::new();
    for (a, b) in &blocks {
        let difference = sink::compare(&reader, (a, b, &reader.block(a.table)), |_| true);
        if !difference.is_empty() {
            let (changed, new, gone) = (difference.changed.len(), difference.new.len(), difference.vanished.len());
            let first = difference.changed.first().map(|changed| {
                let cells = changed.columns.iter().map(|at| {
                    let name = a.table.columns[*at].name;
                    format!(
                        "{name} {} and {}",
                        a.shown(&reader, name, changed.old),
                        b.shown(&reader, name, changed.new)
                    )
                });
                cells.collect::<Vec<_>>().join(", ")
            });
            let what = format!("{changed} changed, {new} new, {gone} vanished");
            found.push(format!("{}: {what}; {}", a.table.name, first.unwrap_or_default()));
        }
    }
    found
}

#[test]
fn what_is_damaged_is_shown_repaired_and_then_no_more_there() {
    for mode in [Mode::Replay, Mode::Live] {
        let place = Place::in_memory(&format!("again-damage-{mode:?}"));
        let [data, right, other] = ["data", "right", "other"].map(|name| place.path(name));
        let lines = Feed::simulated(6).lines;
        let settings = if mode == Mode::Live { live() } else { replayed() };
        folded(&settings, mode, &lines, &data);
        folded(&settings, mode, &lines, &right);
        // In few large files or in many small ones.
        merge(&data);
        // Other limits, and a clock that gives up sooner, make other cells.
        let limits = Settings { sl_threshold: Span::from_secs(3), short_abandon: Span::from_secs(30), ..settings };
        folded(&limits, mode, &lines, &other);
        let (changed, gone) = damage(&data, &other);
        assert!(changed > 10 && gone > 10, "{changed} cells changed, {gone} rows gone");
        let shown = again(&data, ALL, false).expect("made again");
        let sum = |of: fn(&rebuild::OfTable) -> u64| shown.tables.iter().map(of).sum::<u64>();
        assert_eq!((sum(|t| t.changed), sum(|t| t.new), sum(|t| t.vanished)), (changed, gone, 0), "{mode:?}");
        let samples: Vec<_> = shown.tables.iter().flat_map(|table| &table.samples).collect();
        assert!(
            samples.iter().any(|s| s.what.contains("answered_within_sl: ") && s.what.contains(" -> ")),
            "{samples:#?}"
        );
        assert!(shown.written.is_none() && !differences(&data, &right).is_empty(), "nothing is written unasked");
        let written = again(&data, ALL, true).expect("made again");
        assert_eq!(written.differences(), changed + gone);
        assert!(written.written.is_some_and(|files| files > 0));
        assert_nothing_differs(&again(&data, ALL, true).expect("made again"), "the second time");
        assert_eq!(differences(&data, &right), [""; 0], "{mode:?}");
        revisions_rose(&data, changed);
        let check = program(&place, &["check", "data", "--data", "data"]);
        assert_eq!(check.status.code(), Some(0), "{}", stdout(&check));
        assert!(!data.join(".rebuild").exists());
    }
}

/// Changed rows have another revision than their first, and say so where they can.
#[track_caller]
fn revisions_rose(data: &Path, changed: u64) {
    let mut reader = Reader::default();
    let (mut risen, mut revised) = (0, 0);
    for (_, block) in partitions(data, &mut reader) {
        if block.has("status") {
            let names = block.names("status").iter().map(|status| reader.text(*status).to_owned());
            revised += names.filter(|status| status == "revised").count() as u64;
        }
        if block.has("revision") {
            risen += block.ints("revision").iter().filter(|revision| **revision > 1).count() as u64;
        }
    }
    assert!(risen >= changed && revised > 0 && revised <= risen, "{risen} of {changed} risen, {revised} revised");
}

/// A program that was stopped and started again knows nothing of the calls in between; the log does.
#[test]
fn a_log_of_two_runs_gives_the_rows_of_one() {
    for seed in seeds(3) {
        let place = Place::in_memory(&format!("again-runs-{seed}"));
        let [data, whole] = ["data", "whole"].map(|name| place.path(name));
        let lines = Feed::simulated(3 * seed).lines;
        let half = lines.len() / 2;
        folded(&live(), Mode::Live, &lines, &whole);
        folded(&live(), Mode::Live, &lines[..half], &data);
        folded(&live(), Mode::Live, &lines[half..], &data);
        assert!(!differences(&data, &whole).is_empty(), "seed {seed}: a restart leaves a trace");
        again(&data, ALL, true).expect("made again");
        assert_eq!(differences(&data, &whole), [""; 0], "seed {seed}");
        assert_nothing_differs(
            &again(&data, ALL, false).expect("made again"),
            &format!("seed {seed}, the second time"),
        );
    }
}

#[test]
fn the_command_says_what_it_found_and_why_it_could_not() {
    let place = Place::new("again-cli");
    let simulated =
        program(&place, &["simulate", "--agents", "20", "--queues", "3", "--for", "2h", "--out", "f.ndjson"]);
    assert_eq!(simulated.status.code(), Some(0));
    let range = ["--from", "2000-01-01", "--to", "2030-01-01"];
    let rebuild = |arguments: &[&str]| {
        let output = program(&place, &[&["rebuild", "--data", "d"], arguments].concat());
        (output.status.code(), stdout(&output), stderr(&output))
    };
    assert_eq!(rebuild(&range).0, Some(5), "no store");
    assert_eq!(program(&place, &["replay", "f.ndjson", "--data", "d"]).status.code(), Some(0));
    let (code, _, said) = rebuild(&range);
    assert!(code == Some(5) && said.contains("has no event_log") && said.contains("--event-log"), "{code:?} {said}");
    let replay = ["replay", "f.ndjson", "--data", "d", "--replace", "--event-log"];
    assert_eq!(program(&place, &replay).status.code(), Some(0));
    let (code, table, said) = rebuild(&range);
    assert!(code == Some(0) && said.contains("nothing differs"), "{code:?} {said}");
    assert!(table.starts_with("table ") && table.contains("queue_interval"), "{table}");
    let (code, _, said) = rebuild(&["--from", "2030-01-01", "--to", "2000-01-01"]);
    assert!(code == Some(2) && said.contains("is not after its begin"), "{code:?} {said}");
    let (code, _, said) = rebuild(&["--from", "2030-01-01", "--to", "2031-01-01"]);
    assert!(code == Some(5) && said.contains("the event log reaches from"), "{code:?} {said}");
    assert_eq!(rebuild(&["--from", "now", "--to", "2031-01-01"]).0, Some(2));
    // Another limit makes other rows.
    place.write("c.toml", "[queue_defaults]\nsl_threshold = \"2s\"\n");
    let other = [&range[..], &["--config", "c.toml", "--json"]].concat();
    let (code, json, said) = rebuild(&other);
    assert!(code == Some(6) && json.contains("answered_within_sl: "), "{code:?} {json}");
    assert!(said.contains("nothing was written, --write does"), "{said}");
    let (code, ..) = rebuild(&[&other[..], &["--write"]].concat());
    assert_eq!(code, Some(0));
    assert_eq!(rebuild(&other).0, Some(0), "done");
    assert_eq!(rebuild(&range).0, Some(6), "and now the old limit is the other one");
    let mut server = Running::start(&place, &["serve", "--listen", "127.0.0.1:0", "--data", "d"]);
    server.wait_for("listens on");
    let (code, _, said) = rebuild(&range);
    assert!(code == Some(9) && said.contains("in use"), "{code:?} {said}");
    assert_eq!(server.signal("TERM"), Some(0));
}
