//! What holds for days composed of every call model, clean and after everything that can happen to a feed.
//!
//! `CALLFOLD_DAYS` sets how many days each property sees; the default is a small part of a night's worth.

use std::collections::{BTreeMap, HashMap};

use callfold::engine::settings::Settings;
use callfold::model::time::Span;
use callfold::simulate::random::Random;

use super::dirt::Feed;
use super::{assert_same_rows, assert_sound, day};
use crate::support::{Run, replay};

fn days(default: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let first = number("CALLFOLD_FIRST_DAY").unwrap_or(1);
    first..first + number("CALLFOLD_DAYS").unwrap_or(default)
}

fn folded(feed: &Feed) -> Run {
    replay(Settings::default(), &feed.bytes())
}

#[test]
fn every_model_alone_keeps_the_invariants() {
    for (name, feed) in day::models() {
        assert_sound(&feed, &[], name);
    }
}

#[test]
fn composed_days_keep_the_invariants() {
    for seed in days(60) {
        assert_sound(&day::composed(seed), &[], &format!("day {seed}"));
    }
}

/// Repeats, another order inside the window, and any cutting of the bytes: the same rows.
#[test]
fn composed_days_do_not_depend_on_how_they_arrive() {
    for seed in days(30) {
        let mut random = Random::new(seed);
        let feed = day::composed(seed);
        let clean = folded(&feed);
        let what = |how: &str| format!("day {seed}, {how}");
        assert_same_rows(&clean, &folded(&feed.clone().repeating(0.05, &mut random)), &what("repeated"));
        let shuffled = feed.clone().reordering(Span::from_millis(1900), &mut random);
        assert_same_rows(&clean, &folded(&shuffled), &what("reordered"));
        let mut run = Run::new(Settings::default());
        let mut at = 0;
        while at < feed.lines.len() {
            let n = 1 + random.below(90) as usize;
            run.feed(&feed.lines[at..(at + n).min(feed.lines.len())].concat());
            at += n;
        }
        run.finish();
        assert_same_rows(&clean, &run, &what("in chunks"));
    }
}

/// What only evidence of its own can count: an event that is lost takes something away and never adds.
fn evidence(run: &Run) -> Vec<(String, i64)> {
    let names = run.partition.names();
    let mut sums = BTreeMap::new();
    let mut add = |of: String, what: &str, n: i32| *sums.entry(format!("{of} {what}")).or_insert(0) += i64::from(n);
    for r in &run.rows.queue_interval {
        let queue = names.dn_text(r.queue_id);
        for (what, n) in [("entered", r.entered), ("answered", r.answered), ("abandoned", r.abandoned)] {
            add(queue.clone(), what, n);
        }
    }
    sums.into_iter().collect()
}

#[test]
fn lost_events_make_no_count_of_evidence_larger() {
    for seed in days(60) {
        let mut random = Random::new(seed);
        let share = [0.01, 0.05, 0.2][seed as usize % 3];
        let feed = day::composed(seed);
        let truth: BTreeMap<_, _> = evidence(&folded(&feed)).into_iter().collect();
        let lossy = feed.dropping(share, &mut random);
        assert_sound(&lossy, &[], &format!("day {seed}, {share} lost"));
        for (what, n) in evidence(&folded(&lossy)) {
            let most = truth.get(&what).copied().unwrap_or(0);
            assert!(n <= most, "day {seed}, {share} lost: {what} is {n}, in truth {most}");
        }
    }
}

/// Loss, repeats, and outages with snapshots that contradict.
fn dirty(seed: u64, random: &mut Random) -> Feed {
    day::composed(seed).with_outages(random).dropping(0.2, random).repeating(0.05, random)
}

#[test]
fn dirty_days_keep_the_invariants() {
    for seed in days(60) {
        let feed = dirty(seed, &mut Random::new(seed));
        assert_sound(&feed, &[], &format!("day {seed}"));
    }
}

/// What differs from the clean day is explained: every lost event is a missing number, every repeat a duplicate, and what
/// came behind its place is out of order.
#[test]
fn what_happened_to_a_feed_is_counted() {
    for seed in days(10) {
        let mut random = Random::new(seed);
        let feed = day::composed(seed);
        let lossy = feed.dropping(0.2, &mut random);
        // Nobody can tell that numbers before a source's first or behind its last are missing.
        let mut numbers: HashMap<String, Vec<u64>> = HashMap::new();
        for line in &lossy.lines {
            let event: serde_json::Value = serde_json::from_slice(line).expect("an object");
            let switch = event["Switch"].as_str().expect("a switch").to_owned();
            numbers.entry(switch).or_default().push(event["EventSequenceNumber"].as_u64().expect("a number"));
        }
        let span = |n: &Vec<u64>| n.iter().max().expect("one") - n.iter().min().expect("one") + 1 - n.len() as u64;
        let lost: u64 = numbers.values().map(span).sum();
        let repeated = lossy.clone().repeating(0.05, &mut random);
        let repeats = repeated.lines.len() - lossy.lines.len();
        let mut run = Run::new(Settings::default());
        run.feed(&repeated.reordering(Span::from_secs(30), &mut random).bytes());
        run.finish();
        let mut picture = callfold::engine::view::Delta::default();
        run.partition.delta(&mut picture);
        let sum = |of: fn(&callfold::engine::view::SourceView) -> u64| picture.sources.iter().map(of).sum::<u64>();
        assert_eq!(sum(|s| s.missing), lost, "day {seed}: lost");
        assert_eq!(sum(|s| s.duplicates), repeats as u64, "day {seed}: repeated");
        assert!(sum(|s| s.out_of_order) > 0, "day {seed}: disorder");
    }
}

/// What the program says it did not see as it was: per source missing, disorder, skew; anomalies by kind.
fn told(run: &mut Run) -> impl PartialEq + use<> {
    let mut picture = callfold::engine::view::Delta::default();
    run.partition.delta(&mut picture);
    let sources: Vec<_> = picture.sources.iter().map(|s| (s.missing, s.out_of_order, s.clock_skew_ms)).collect();
    (sources, run.partition.counters().anomalies)
}

/// No difference is silent: however little happens to a feed, either the rows are those of the clean day, or some counter
/// says that something was lost, out of order or contradictory. With a fifth lost and half a minute of disorder all of them do.
#[test]
fn no_difference_from_the_clean_day_is_silent() {
    let mut differing = 0;
    for seed in days(60) {
        let mut random = Random::new(seed);
        let feed = day::composed(seed);
        let mut clean = folded(&feed);
        let heavy = seed % 4 == 0;
        let dirty = if heavy {
            let lossy = feed.clone().inner(|f| f.dropping(0.2, &mut random));
            lossy.repeating(0.05, &mut random).reordering(Span::from_secs(30), &mut random)
        } else {
            let share = f64::from(random.below(3)) / feed.lines.len() as f64;
            let lossy = feed.clone().inner(|f| f.dropping(share, &mut random));
            let window = Span::from_millis([1, 1500, 2500][random.below(3) as usize]);
            lossy.repeating(0.01, &mut random).reordering(window, &mut random)
        };
        let mut dirty = folded(&dirty);
        let same = clean.sheets().iter().zip(dirty.sheets().iter()).all(|(a, b)| a.lines() == b.lines());
        differing += u64::from(!same);
        assert!(same || told(&mut clean) != told(&mut dirty), "day {seed}: rows differ, and nothing says why");
    }
    assert!(differing > 10, "only {differing} days differ at all: too little happens to them");
}

/// Where a clock goes back, time stands still until it has caught up (3): what begins twice at one instant shares its key.
const STANDING_STILL: [&str; 4] =
    ["party has the key", "handling_segment has the key", "queue_segment has the key", "stay on"];

#[test]
fn disorder_and_clocks_that_step_keep_the_invariants() {
    for seed in days(60) {
        let mut random = Random::new(seed);
        let feed = dirty(seed, &mut random).reordering(Span::from_secs(30), &mut random).with_clock_steps(&mut random);
        assert_sound(&feed, &STANDING_STILL, &format!("day {seed}"));
    }
}
