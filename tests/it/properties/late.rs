//! One switch is heard of late: its backlog comes in one piece, long after the others have gone on. What was final by then is
//! revised until it says what it would have said.

use std::collections::BTreeMap;

use callfold::engine::settings::Settings;
use callfold::model::time::{Micros, Span};
use callfold::simulate::{Floor, Scenario};

use super::dirt::Feed;
use super::seeds;
use crate::support::Run;
use crate::support::sheet::Sheet;

const START: Micros = Micros(1_699_952_400_000_000);

/// 80 minutes of two switches that have no agents in common, from the begin of an hour.
fn two_switches(seed: u64) -> Feed {
    let mut bytes = Vec::new();
    for (i, switch) in ["east", "west"].into_iter().enumerate() {
        let mut scenario = Scenario {
            agents: 10,
            queues: 3,
            seed: seed * 10 + i as u64,
            switch: switch.to_owned(),
            agent_offset: i as u32 * 100,
            start: START,
            ..Scenario::default()
        };
        let mix = &mut scenario.mix;
        (mix.no_answer, mix.hasty, mix.hold, mix.transfer) = (0.1, 0.1, 0.4, 0.15);
        Floor::new(scenario).run_until(START + Span::from_mins(80), &mut bytes);
    }
    let feed = Feed::of_lines(&bytes);
    let mut lines: Vec<(Micros, Vec<u8>)> = feed.times.into_iter().zip(feed.lines).collect();
    lines.sort_by_key(|(at, _)| *at);
    let (times, lines) = lines.into_iter().unzip();
    Feed { lines, times }
}

/// The same events, those of `west` between two minutes only after everybody's at the later one.
fn delayed(feed: &Feed, from: i64, to: i64) -> Feed {
    let (from, to) = (START + Span::from_mins(from), START + Span::from_mins(to));
    let is_late = |i: &usize| {
        let west = String::from_utf8_lossy(&feed.lines[*i]).contains("\"Switch\":\"west\"");
        west && feed.times[*i] >= from && feed.times[*i] < to
    };
    let all = || 0..feed.lines.len();
    let before = all().filter(|i| feed.times[*i] < to && !is_late(i));
    let order: Vec<usize> = before.chain(all().filter(is_late)).chain(all().filter(|i| feed.times[*i] >= to)).collect();
    Feed {
        lines: order.iter().map(|i| feed.lines[*i].clone()).collect(),
        times: order.iter().map(|i| feed.times[*i]).collect(),
    }
}

fn folded(feed: &Feed, revise_for: Span) -> Run {
    let settings = Settings { provisional_rows: true, reorder_window: Span(0), revise_for, ..Settings::default() };
    let mut run = Run::new(settings);
    for line in &feed.lines {
        run.feed(line);
    }
    run.finish();
    assert_eq!(run.partition.counters().violations, 0);
    run
}

/// The last revision of each row of a table without what says how it came to be. An interval comes complete: rows that do not
/// come again with it are gone.
fn last_rows(sheet: &Sheet) -> Vec<String> {
    let table = &sheet.table;
    let place = |name: &str| table.columns.iter().position(|c| c.name == name);
    let Some(revision) = place("revision") else { return sheet.lines() };
    let hidden = ["written_at", "status", "revision"];
    let key: Vec<usize> = table.key.iter().map(|name| sheet.column(name)).collect();
    let mut last: BTreeMap<Vec<_>, (i32, &Vec<Option<String>>)> = BTreeMap::new();
    for row in &sheet.rows {
        let n = row[revision].as_deref().and_then(|n| n.parse().ok()).unwrap_or(0);
        let known = last.entry(key.iter().map(|at| row[*at].clone()).collect()).or_insert((n, row));
        if n > known.0 {
            *known = (n, row);
        }
    }
    let time = (table.time == "interval_start").then(|| sheet.column("interval_start"));
    let mut newest: BTreeMap<Option<String>, i32> = BTreeMap::new();
    for (n, row) in last.values() {
        let known = newest.entry(time.and_then(|at| row[at].clone())).or_default();
        *known = (*known).max(*n);
    }
    let mut lines: Vec<String> = last
        .into_values()
        .filter(|(n, row)| time.is_none_or(|at| newest[&row[at]] == *n))
        .map(|(_, row)| row)
        .map(|row| {
            let shown = row.iter().zip(table.columns).filter(|(_, column)| !hidden.contains(&column.name));
            shown.map(|(cell, _)| cell.as_deref().unwrap_or("-")).collect::<Vec<_>>().join(" ")
        })
        .collect();
    lines.sort();
    lines
}

#[track_caller]
fn assert_same_end(late: &Run, undisturbed: &Run, what: &str) {
    for (a, b) in late.sheets().iter().zip(undisturbed.sheets().iter()) {
        let (a_lines, b_lines) = (last_rows(a), last_rows(b));
        let only = |these: &[String], those: &[String]| -> Vec<String> {
            these.iter().filter(|l| !those.contains(l)).take(3).cloned().collect()
        };
        assert!(
            a_lines == b_lines,
            "{what}: {} differs\n  late: {:#?}\n  undisturbed: {:#?}",
            a.table.name,
            only(&a_lines, &b_lines),
            only(&b_lines, &a_lines)
        );
    }
}

/// A quarter of an hour, three quarters, and more than an hour late; everything from the switch, or only from some minute on.
#[test]
fn the_last_revision_of_every_row_is_that_of_an_undisturbed_run() {
    for seed in seeds(3) {
        let feed = two_switches(seed);
        let undisturbed = folded(&feed, Span::from_mins(120));
        assert_eq!(undisturbed.partition.engine().intervals.revised, 0, "seed {seed}: nothing was late");
        for (from, to) in [(0, 14), (0, 22), (0, 47), (0, 79)] {
            let what = format!("seed {seed}, minutes {from} to {to}");
            let late = folded(&delayed(&feed, from, to), Span::from_mins(120));
            let intervals = &late.partition.engine().intervals;
            assert_eq!(intervals.too_late, 0, "{what}");
            assert_eq!(intervals.revised > 0, to > 20, "{what}: {} revised", intervals.revised);
            assert_same_end(&late, &undisturbed, &what);
            let revised: Vec<_> = late.rows.queue_interval.iter().filter(|r| r.status == "revised").collect();
            assert_eq!(revised.is_empty(), to <= 20, "{what}");
            assert!(revised.iter().all(|r| r.revision > 1), "{what}");
        }
    }
}

/// Corrections of a minute leave together: a backlog of hundreds of events makes few revisions.
#[test]
fn corrections_leave_together() {
    let feed = two_switches(1);
    let late = folded(&delayed(&feed, 0, 47), Span::from_mins(120));
    let most = late.rows.queue_interval.iter().map(|r| r.revision).max();
    assert!(most.is_some_and(|n| n <= 4), "provisional, final, and the backlog: {most:?}");
}

/// Beyond the look-back a late event is counted where the clock is, and every sum still adds up.
#[test]
fn what_is_older_than_the_look_back_is_counted_in_the_running_interval() {
    let feed = two_switches(2);
    for revise_for in [Span(0), Span::from_mins(10)] {
        let late = folded(&delayed(&feed, 0, 62), revise_for);
        assert!(late.partition.engine().intervals.too_late > 0);
        let entered = |run: &Run| {
            let mut last: BTreeMap<(u32, i64), (i32, i32)> = BTreeMap::new();
            for r in &run.rows.queue_interval {
                let known = last.entry((r.queue_id.0, r.interval_start.0)).or_insert((r.revision, r.entered));
                *known = (*known).max((r.revision, r.entered));
            }
            last.values().map(|(_, n)| n).sum::<i32>()
        };
        assert_eq!(entered(&late), entered(&folded(&feed, Span(0))), "no entry is lost");
    }
}
