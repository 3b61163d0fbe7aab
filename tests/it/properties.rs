//! What holds for any feed: simulated days of several switches, and what bad lines, networks and switches do to them.
//!
//! Every failure prints its seed; the same seed gives the same feed.

mod attached;
pub mod day;
pub mod dirt;
mod late;
mod trail;
pub mod whole;

use callfold::engine::partition::{Partition, Position};
use callfold::engine::settings::Settings;
use callfold::model::time::{Micros, Span};
use callfold::simulate::random::Random;

use self::dirt::Feed;
use crate::support::{Run, invariant, replay};

/// Seeds of each property; a longer hunt sets more in `CALLFOLD_SEEDS`.
pub fn seeds(default: u64) -> std::ops::Range<u64> {
    let first = std::env::var("CALLFOLD_FIRST_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let n = std::env::var("CALLFOLD_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    first..first + n
}

/// Replays a feed and checks the invariants; a feed that breaks one is shown as short as it can be.
#[track_caller]
fn assert_sound(feed: &Feed, overlook: &[&str], what: &str) {
    let broken = |feed: &Feed| {
        let run = replay(Settings::default(), &feed.bytes());
        let mut broken = invariant::broken(&run);
        broken.retain(|b| !overlook.iter().any(|o| b.starts_with(o)));
        broken
    };
    let found = broken(feed);
    if let Some(first) = found.first() {
        // The same kind of failure, whatever the numbers.
        let kind = first.split(": ").nth(1).unwrap_or(first).to_owned();
        let small = feed.clone().shrunk(|f| broken(f).iter().any(|b| b.contains(&kind)));
        let text = String::from_utf8_lossy(&small.bytes()).into_owned();
        panic!("{what}: invariants broken:\n{}\nby\n{text}which says\n{}", found.join("\n"), broken(&small).join("\n"));
    }
}

/// Equal rows apart from when and how often they were written.
#[track_caller]
pub fn assert_same_rows(left: &Run, right: &Run, what: &str) {
    for (a, b) in left.sheets().iter().zip(right.sheets().iter()) {
        let (a_lines, b_lines) = (a.lines(), b.lines());
        if a_lines != b_lines {
            let only = |these: &[String], those: &[String]| -> Vec<String> {
                these.iter().filter(|l| !those.contains(l)).take(3).cloned().collect()
            };
            panic!(
                "{what}: {} differs ({} and {} rows)\n  only left: {:#?}\n  only right: {:#?}",
                a.table.name,
                a_lines.len(),
                b_lines.len(),
                only(&a_lines, &b_lines),
                only(&b_lines, &a_lines),
            );
        }
    }
}

#[test]
fn simulated_days_keep_the_invariants() {
    for seed in seeds(6) {
        let feed = Feed::simulated(seed);
        assert_sound(&feed, &[], &format!("seed {seed}"));
    }
}

#[test]
fn lost_events_break_no_invariant() {
    for seed in seeds(12) {
        let mut random = Random::new(seed);
        let share = [0.01, 0.1, 0.3, 0.6][seed as usize % 4];
        let feed = Feed::simulated(seed).dropping(share, &mut random);
        assert_sound(&feed, &[], &format!("seed {seed}, {share} lost"));
    }
}

/// One CallUUID on two ConnIDs is one call by its id (9): what happens to both at one instant shares its key.
const SHARED_KEYS: [&str; 7] = [
    "call has the key",
    "party has the key",
    "queue_segment has the key",
    "handling_segment has the key",
    "interaction has the key",
    "call_link has the key",
    "route_decision has the key",
];

/// Events that say something else than they should: other DNs, ConnIDs, states, roles and kinds.
#[test]
fn contradictory_events_break_no_invariant() {
    for seed in seeds(16) {
        let mut random = Random::new(seed);
        let feed = Feed::simulated(seed).garbling([0.02, 0.2][seed as usize % 2], &mut random);
        assert_sound(&feed, &SHARED_KEYS, &format!("seed {seed}"));
    }
}

#[test]
fn a_feed_cut_anywhere_keeps_the_invariants() {
    for seed in seeds(10) {
        let mut random = Random::new(seed);
        let feed = Feed::simulated(seed).cut(&mut random);
        assert_sound(&feed, &[], &format!("seed {seed}"));
    }
}

#[test]
fn duplicates_have_no_effect() {
    for seed in seeds(4) {
        let mut random = Random::new(seed);
        let feed = Feed::simulated(seed);
        let repeated = feed.clone().repeating(0.2, &mut random);
        let (a, b) = (replay(Settings::default(), &feed.bytes()), replay(Settings::default(), &repeated.bytes()));
        assert!(b.partition.counters().duplicate > 0);
        assert_same_rows(&a, &b, &format!("seed {seed}"));
    }
}

#[test]
fn reordering_inside_the_window_has_no_effect() {
    for seed in seeds(6) {
        let mut random = Random::new(seed);
        let feed = Feed::simulated(seed);
        let shuffled = feed.clone().reordering(Span::from_millis(1900), &mut random);
        let (a, b) = (replay(Settings::default(), &feed.bytes()), replay(Settings::default(), &shuffled.bytes()));
        assert_same_rows(&a, &b, &format!("seed {seed}"));
    }
}

#[test]
fn garbage_lines_have_no_effect_on_rows() {
    for seed in seeds(4) {
        let mut random = Random::new(seed);
        let feed = Feed::simulated(seed);
        let littered = feed.littered(0.1, &mut random);
        let (a, b) = (replay(Settings::default(), &feed.bytes()), replay(Settings::default(), &littered));
        assert!(b.partition.counters().rejected > 0);
        assert_same_rows(&a, &b, &format!("seed {seed}"));
    }
}

/// Any cutting into chunks of whole lines, and ticks at the times of events between them.
#[test]
fn chunks_and_ticks_have_no_effect() {
    for seed in seeds(4) {
        let mut random = Random::new(seed);
        let feed = Feed::simulated(seed).dropping(0.02, &mut random);
        let whole = replay(Settings::default(), &feed.bytes());
        let mut run = Run::new(Settings::default());
        let mut at = 0;
        while at < feed.lines.len() {
            let n = 1 + random.below(40) as usize;
            let chunk = feed.lines[at..(at + n).min(feed.lines.len())].concat();
            run.feed(&chunk);
            if random.chance(0.3) {
                let now = run.partition.now();
                run.partition.tick(now);
                run.collect();
            }
            at += n;
        }
        run.finish();
        assert_same_rows(&whole, &run, &format!("seed {seed}"));
    }
}

#[test]
fn replaying_twice_gives_equal_rows() {
    let feed = Feed::simulated(7);
    let (a, b) = (replay(Settings::default(), &feed.bytes()), replay(Settings::default(), &feed.bytes()));
    assert_eq!(a.rows, b.rows);
}

/// Folds a feed as a live transport would: order kept, a tick every second of event time, rows taken as they come.
fn live(feed: &Feed) -> Run {
    let settings = Settings { provisional_rows: true, reorder_window: Span(0), ..Settings::default() };
    let mut run = Run::new(settings);
    let mut clock = Micros::MIN;
    for (line, at) in feed.lines.iter().zip(&feed.times) {
        if clock == Micros::MIN {
            clock = *at;
        }
        while clock < *at {
            run.partition.tick(clock);
            clock += Span::from_secs(1);
        }
        run.partition.feed(line, Position { line: 1, offset: 0 });
        if run.partition.rows_waiting() > 500 {
            run.collect();
        }
    }
    run.finish();
    run
}

/// The last revision of each interval row that a live run wrote is the row a replay of the same feed writes.
#[test]
fn live_rows_end_as_the_replay_writes_them() {
    for seed in seeds(3) {
        let feed = Feed::simulated(seed);
        let replayed = replay(Settings::default(), &feed.bytes());
        let mut lived = live(&feed);
        assert_eq!(lived.partition.counters().violations, 0, "seed {seed}");
        let (provisional, last): (Vec<_>, Vec<_>) =
            lived.rows.queue_interval.iter().partition(|r| r.status == "provisional");
        assert!(!provisional.is_empty(), "seed {seed}: no provisional row");
        for early in provisional {
            let mut rows =
                last.iter().filter(|r| (r.queue_id, r.interval_start) == (early.queue_id, early.interval_start));
            assert!(rows.all(|r| r.revision > early.revision), "seed {seed}: a final row that replaces nothing");
        }
        macro_rules! keep_final {
            ($($table:ident)*) => {
                $( lived.rows.$table.retain(|r| r.status != "provisional"); )*
            };
        }
        keep_final!(queue_interval queue_cohort_interval queue_wait_hist queue_handle_hist agent_interval agent_queue_interval
            agent_reason_interval);
        assert_same_rows(&replayed, &lived, &format!("seed {seed}"));
        assert_eq!(invariant::broken(&lived), [""; 0], "seed {seed}");
    }
}

/// Bytes of any kind, cut anywhere: refused or folded, never a panic.
#[test]
fn arbitrary_bytes_are_survived() {
    for seed in seeds(20) {
        let mut random = Random::new(seed);
        let mut bytes = Feed::simulated(1 + seed % 3).dropping(0.9, &mut random).bytes();
        for _ in 0..bytes.len() / 100 {
            let at = random.below(bytes.len() as u32) as usize;
            bytes[at] = random.bits() as u8;
        }
        let mut partition = Partition::new(Settings::default());
        partition.feed(&bytes, Position::default());
        partition.finish();
        let run = Run { rows: partition.take_rows().map(|b| b.rows).unwrap_or_default(), partition };
        assert_eq!(run.partition.counters().violations, 0, "seed {seed}");
    }
}
