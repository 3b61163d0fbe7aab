//! One number, one value: what the wallboard's day, the summary of a replay, the interval rows and the base accumulators say
//! of a queue or an agent is the same.

use std::collections::HashMap;

use callfold::engine::settings::Settings;
use callfold::engine::view::{AgentFigures, Delta, QueueFigures};
use callfold::model::action::{Durable, Retrospective};
use callfold::model::row::{AgentIntervalRow, QueueIntervalRow};
use callfold::model::tevent::CallType;
use callfold::model::time::{Micros, Span};
use callfold::simulate::random::Random;

use crate::properties::dirt::Feed;
use crate::support::{Run, replay};

/// Begin of the second day of the simulated feeds.
const MIDNIGHT: Micros = Micros(1_699_920_000_000_000);

/// The sums of a queue's rows, as figures.
fn queue_sums<'a>(rows: impl Iterator<Item = &'a QueueIntervalRow>) -> QueueFigures {
    let mut f = QueueFigures::default();
    for r in rows {
        macro_rules! add {
            ($($name:ident)*) => { $( f.$name += i64::from(r.$name); )* };
        }
        add!(entered answered answered_within_sl abandoned abandoned_short abandoned_within_sl abandoned_ringing diverted_in
            diverted_out cleared other no_answer transferred_out handled wait_answered_ms wait_abandoned_ms handle_ms
            queue_ms ring_ms talk_ms hold_ms acw_ms agents_staffed_ms agents_ready_ms);
    }
    f
}

/// The sums of an agent's rows, as figures.
fn agent_sums<'a>(rows: impl Iterator<Item = &'a AgentIntervalRow>) -> AgentFigures {
    let mut f = AgentFigures::default();
    for r in rows {
        macro_rules! add {
            ($($name:ident)*) => { $( f.$name += i64::from(r.$name); )* };
        }
        add!(logged_in_ms ready_ms not_ready_ms acw_ms ring_ms talk_ms hold_ms dial_ms busy_ms unknown_ms offered answered
            no_answer handled handle_ms);
    }
    f
}

/// Feeds clean and lossy, cut at various places: after the last event everything is decided and cut as a replay would.
fn feeds() -> impl Iterator<Item = (u64, Feed)> {
    (1..=6).map(|seed| {
        let mut random = Random::new(seed);
        let feed = Feed::simulated(seed);
        let feed = if seed % 3 == 0 { feed.dropping(0.1, &mut random) } else { feed };
        (seed, if seed % 2 == 0 { feed.cut(&mut random) } else { feed })
    })
}

/// A feed up to a quiet moment, seconds after its last event, when no departure waits to be judged; the wallboard then
/// and after the end of the input.
fn settled(feed: &Feed) -> (Run, Delta, Delta) {
    let mut run = Run::new(Settings { reorder_window: Span(0), ..Settings::default() });
    run.feed(&feed.bytes());
    let quiet = run.partition.now() + Span::from_secs(5);
    run.partition.tick(quiet);
    let (mut live, mut ended) = (Delta::default(), Delta::default());
    run.partition.delta(&mut live);
    run.finish();
    run.partition.delta(&mut ended);
    (run, live, ended)
}

#[test]
fn the_wallboards_day_is_the_sum_of_the_days_rows() {
    for (seed, feed) in feeds() {
        let (run, live, ended) = settled(&feed);
        assert!(!live.queues.is_empty() && !live.agents.is_empty(), "seed {seed}");
        let names = run.partition.names();
        let today = |start: Micros| start >= if live.as_of >= MIDNIGHT { MIDNIGHT } else { Micros::MIN };
        for (queue, at_end) in live.queues.iter().map(|q| (q, false)).chain(ended.queues.iter().map(|q| (q, true))) {
            let rows: Vec<_> =
                run.rows.queue_interval.iter().filter(|r| names.dn_text(r.queue_id) == queue.id).collect();
            let mut sums = queue_sums(rows.iter().copied().filter(|r| today(r.interval_start)));
            let mut day = queue.day;
            if !at_end {
                // Wraps that a call interrupts are handled when that call is answered, or at the end of the input.
                for f in [&mut sums, &mut day] {
                    (f.handled, f.handle_ms) = (0, 0);
                }
                let alive = rows.last().map_or(0, |r| r.in_queue_end);
                assert_eq!(i64::from(queue.waiting + queue.alerting), i64::from(alive), "seed {seed}, {}", queue.id);
            }
            assert_eq!(day, sums, "seed {seed}, queue {}", queue.id);
        }
        for (agent, at_end) in live.agents.iter().map(|a| (a, false)).chain(ended.agents.iter().map(|a| (a, true))) {
            let rows = run.rows.agent_interval.iter().filter(|r| names.agent_id(r.agent_id) == agent.id);
            let mut sums = agent_sums(rows.filter(|r| today(r.interval_start)));
            let mut day = agent.day;
            if !at_end {
                for f in [&mut sums, &mut day] {
                    (f.handled, f.handle_ms) = (0, 0);
                }
            }
            assert_eq!(day, sums, "seed {seed}, agent {}", agent.id);
        }
    }
}

#[test]
fn the_summary_is_the_sum_of_all_rows() {
    for (seed, feed) in feeds() {
        let run = replay(Settings::default(), &feed.bytes());
        let names = run.partition.names();
        for queue in run.partition.summary() {
            let rows = run.rows.queue_interval.iter().filter(|r| names.dn_text(r.queue_id) == queue.id);
            assert_eq!(queue.figures, queue_sums(rows), "seed {seed}, queue {}", queue.id);
            let hist = run.rows.queue_wait_hist.iter().filter(|r| names.dn_text(r.queue_id) == queue.id);
            let mut waits: Vec<(i64, i32)> = hist.filter(|r| r.kind == "answered").map(|r| (r.upper_ms, r.n)).collect();
            waits.sort_unstable();
            let n: i32 = waits.iter().map(|w| w.1).sum();
            assert_eq!(i64::from(n), queue.figures.answered, "seed {seed}, queue {}", queue.id);
            if let Some(p50) = queue.wait_answered_p50_ms {
                let mut left = (n + 1) / 2;
                let median = waits.iter().find(|(_, n)| {
                    left -= n;
                    left <= 0
                });
                let median = median.expect("there are waits").0;
                let close = (median - p50).abs() <= 2 + median / 50;
                assert!(close, "seed {seed}, queue {}: median {p50}, rows say {median}", queue.id);
            }
        }
    }
}

/// The laws of the action model: what entered left somehow or waits, and what was distributed was answered, given up while
/// ringing, missed, passed to another queue, or is alerting. Counted in the base accumulators, over all call types.
#[test]
fn base_accumulators_obey_the_conservation_law() {
    for (seed, feed) in feeds() {
        let run = replay(Settings::default(), &feed.bytes());
        let board = &run.partition.engine().board;
        let names = run.partition.names();
        let mut outcomes: HashMap<(u32, &str), i64> = HashMap::new();
        for s in &run.rows.queue_segment {
            *outcomes.entry((s.queue_id.0, s.outcome)).or_default() += 1;
        }
        for queue in &board.queues {
            let pages = || CallType::ALL.iter().filter_map(|t| board.base_of_queue(queue, *t));
            let finished = |what: Retrospective| pages().map(|p| i64::from(p.retrospective(what).0)).sum::<i64>();
            let started = |what: Durable| pages().map(|p| i64::from(p.durable(what).started)).sum::<i64>();
            let ongoing = |what: Durable| pages().map(|p| i64::from(p.durable(what).ongoing())).sum::<i64>();
            let name = names.dn_text(queue.dn);
            let of = |what: &str| outcomes.get(&(queue.dn.0, what)).copied().unwrap_or(0);

            let entered = started(Durable::CallWait);
            let left = finished(Retrospective::CallDistributed)
                + finished(Retrospective::CallAbandoned)
                + finished(Retrospective::CallCleared)
                + finished(Retrospective::StuckCallCleaned)
                + ongoing(Durable::CallWait);
            assert_eq!(entered, left, "seed {seed}, {name}: entered");

            let distributed = finished(Retrospective::CallDistributed);
            let became = finished(Retrospective::CallAnswered)
                + finished(Retrospective::CallAbandonedFromRinging)
                + finished(Retrospective::CallMissed)
                + finished(Retrospective::CallForwarded)
                + of("diverted")
                + ongoing(Durable::CallAlerting);
            assert_eq!(distributed, became, "seed {seed}, {name}: distributed");

            assert_eq!(finished(Retrospective::CallAnswered), of("answered"), "seed {seed}, {name}: answered");
            assert_eq!(finished(Retrospective::CallAbandoned), of("abandoned_queue"), "seed {seed}, {name}: abandoned");
            assert_eq!(ongoing(Durable::CallWait), i64::from(queue.waiting), "seed {seed}, {name}: waiting");
            assert_eq!(ongoing(Durable::CallAlerting), i64::from(queue.alerting), "seed {seed}, {name}: alerting");
        }
    }
}

/// Durations of the accumulators are the columns of the rows, to the millisecond that flooring each stretch may move.
#[test]
fn base_accumulators_last_as_long_as_the_rows() {
    for (seed, feed) in feeds() {
        let run = replay(Settings::default(), &feed.bytes());
        let board = &run.partition.engine().board;
        let names = run.partition.names();
        let now = run.partition.now();
        for summary in run.partition.summary() {
            let queue = board.queues.iter().find(|q| names.dn_text(q.dn) == summary.id).expect("queues have summaries");
            let total = |what: Durable| {
                let pages = CallType::ALL.iter().filter_map(|t| board.base_of_queue(queue, *t));
                pages.fold((0, 0), |(ms, n), p| {
                    let cell = p.durable(what);
                    (ms + cell.total_at(now) / 1000, n + i64::from(cell.started))
                })
            };
            let f = &summary.figures;
            for (what, column) in [
                (Durable::CallWait, f.queue_ms),
                (Durable::CallAlerting, f.ring_ms),
                (Durable::CallTalk, f.talk_ms),
                (Durable::CallOnHold, f.hold_ms),
                (Durable::AfterCallWork, f.acw_ms),
            ] {
                let (ms, n) = total(what);
                let close = (ms - column).abs() <= n + 5;
                assert!(close, "seed {seed}, {}: {what:?} lasted {ms} ms, rows say {column}", summary.id);
            }
        }
    }
}
