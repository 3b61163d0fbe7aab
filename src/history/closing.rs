//! Rows of intervals that are ready to be written by whoever takes them away.
//!
//! In: what an interval's objects gained, shared with history, and everything else its rows say. Out: the rows. A closing needs
//! neither the fold nor the board, so that another thread writes the rows, and the one that folds goes on.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::sync::Arc;

use super::cohort::{CohortClosing, Stamp};
use super::interval::INTERVAL;
use super::kept::Corrections;
use super::row::{agent_row, pair_row, reason_row};
use crate::model::ids::{AgentId, SwitchId};
use crate::model::row::Rows;
use crate::model::time::Micros;
use crate::stats::late::Gain;
use crate::stats::reading::{AgentGained, Readings};

/// Rows of agents, agents at queues and agents under reasons in one interval.
#[derive(Clone, Debug)]
pub(super) struct IntervalClosing {
    pub stamp: Stamp,
    pub readings: Arc<Readings>,
    pub corrections: Corrections,
    /// Milliseconds seen, by switch.
    pub coverage: Arc<[i32]>,
    /// The switch of every agent.
    pub homes: Arc<[SwitchId]>,
}

/// Everything that waits to be written, in the order in which it became ready.
#[derive(Clone, Debug, Default)]
pub struct Closings {
    pub(super) intervals: Vec<IntervalClosing>,
    pub(super) cohorts: Vec<CohortClosing>,
    /// Cohorts that were written; history uses their memory again.
    pub(super) written: Vec<CohortClosing>,
}

impl Closings {
    /// How many rows it makes, about: distributions count as one row a queue.
    #[must_use]
    pub fn len(&self) -> usize {
        let objects: usize = self.intervals.iter().map(|closing| closing.readings.len()).sum();
        objects + self.cohorts.iter().map(CohortClosing::len).sum::<usize>()
    }

    /// Whether nothing waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.intervals.is_empty() && self.cohorts.is_empty()
    }

    /// Drops what was ready again later.
    pub fn keep_last_revisions(&mut self) {
        keep_last(&mut self.intervals, |closing| closing.stamp);
        keep_last(&mut self.cohorts, |closing| closing.stamp);
    }

    /// Writes all rows; returns how many break an invariant, which is always zero.
    pub fn write(&mut self, rows: &mut Rows) -> u64 {
        self.cohorts.iter().for_each(|closing| closing.write(rows));
        self.written.append(&mut self.cohorts);
        self.intervals.drain(..).map(|closing| closing.write(rows)).sum()
    }
}

/// Keeps the last of those of each interval; revisions grow.
fn keep_last<T>(all: &mut Vec<T>, stamp: impl Fn(&T) -> Stamp) {
    let last: BTreeMap<Micros, i32> = all.iter().map(|one| (stamp(one).start, stamp(one).revision)).collect();
    all.retain(|one| last[&stamp(one).start] == stamp(one).revision);
}

impl IntervalClosing {
    fn write(self, rows: &mut Rows) -> u64 {
        let Self { stamp, readings, corrections, coverage, homes } = self;
        let switch = |agent: AgentId| homes.get(agent.index()).copied().unwrap_or(SwitchId::NONE);
        let seen = |switch: SwitchId| coverage.get(switch.index()).copied().unwrap_or(0);
        let mut violations = 0;
        let agents = corrected(readings.agents(), corrections.agents, |gained, by| {
            add(&mut gained.gain, &by.gain);
            gained.first_login_at = match (gained.first_login_at, by.first_login_at) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            gained.last_logout_at = gained.last_logout_at.max(by.last_logout_at);
        });
        rows.agent_interval.reserve(agents.len());
        for (agent, gained) in of_note(&agents, AgentGained::is_zero) {
            let switch = switch(*agent);
            let row = agent_row(switch, seen(switch), *agent, gained, stamp);
            violations += u64::from(row.logged_in_ms > INTERVAL.0 / 1000);
            rows.agent_interval.push(row);
        }
        let pairs = corrected(readings.pairs(), corrections.pairs, add);
        rows.agent_queue_interval.reserve(pairs.len());
        for (key, gain) in of_note(&pairs, Gain::is_zero) {
            let switch = switch(key.0);
            rows.agent_queue_interval.push(pair_row(switch, seen(switch), *key, gain, stamp));
        }
        let reasons = corrected(readings.reasons(), corrections.reasons, add);
        rows.agent_reason_interval.reserve(reasons.len());
        for (key, gain) in of_note(&reasons, Gain::is_zero) {
            let switch = switch(key.0);
            rows.agent_reason_interval.push(reason_row(switch, seen(switch), *key, gain, stamp));
        }
        violations
    }
}

fn add<const C: usize, const T: usize>(gain: &mut Gain<C, T>, by: &Gain<C, T>) {
    gain.counts.iter_mut().zip(by.counts).for_each(|(n, by)| *n += by);
    gain.times.iter_mut().zip(by.times).for_each(|(ms, by)| *ms += by);
}

/// What was read, corrected, in the order of keys.
fn corrected<K: Copy + Ord, G>(
    read: impl Iterator<Item = (K, G)>,
    corrections: BTreeMap<K, G>,
    add: impl Fn(&mut G, &G),
) -> Vec<(K, G)> {
    let mut all: Vec<(K, G)> = read.collect();
    all.sort_unstable_by_key(|(key, _)| *key);
    if corrections.is_empty() {
        return all;
    }
    let mut corrections = corrections.into_iter().peekable();
    let mut out = Vec::with_capacity(all.len() + corrections.len());
    let next_before = |corrections: &mut Peekable<_>, key: &K| corrections.next_if(|(other, _): &(K, G)| other < key);
    for (key, mut gain) in all {
        while let Some(unread) = next_before(&mut corrections, &key) {
            out.push(unread);
        }
        if let Some((_, by)) = corrections.next_if(|(other, _)| *other == key) {
            add(&mut gain, &by);
        }
        out.push((key, gain));
    }
    out.extend(corrections);
    out
}

/// What has a row: corrections may have come to nothing. Where nothing is left at all, the zeros replace what left before.
fn of_note<K, G>(all: &[(K, G)], is_zero: impl Fn(&G) -> bool) -> impl Iterator<Item = &(K, G)> {
    let none = all.iter().all(|(_, gain)| is_zero(gain));
    all.iter().filter(move |(_, gain)| none || !is_zero(gain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrections_join_what_was_read_in_the_order_of_keys() {
        let read = [(7, 70), (3, 30), (5, 50)];
        let corrections = BTreeMap::from([(1, 1), (5, 5), (6, 6), (9, 9)]);
        let all = corrected(read.into_iter(), corrections, |n, by| *n += by);
        assert_eq!(all, [(1, 1), (3, 30), (5, 55), (6, 6), (7, 70), (9, 9)]);
    }

    #[test]
    fn zeros_have_rows_only_where_nothing_else_has() {
        let rows = |all: &[(u32, i64)]| of_note(all, |n| *n == 0).map(|(key, _)| *key).collect::<Vec<_>>();
        assert_eq!(rows(&[(1, 0), (2, 5), (3, 0)]), [2]);
        assert_eq!(rows(&[(1, 0), (3, 0)]), [1, 3]);
    }
}
