//! Cohort rows: what became of the calls that entered a queue in an interval, wherever in time it happened.
//!
//! A set of cohorts stays open until every stay that entered has ended and every leg that answered is over with its wrap;
//! then its rows can be final.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::interval::{About, INTERVAL};
use super::row::INTERVAL_MS;
use crate::model::action::{Action, Durable, On, Outcome};
use crate::model::ids::DnId;
use crate::model::row::{QueueCohortIntervalRow, QueueHandleHistRow, QueueWaitHistRow, Rows};
use crate::model::table::{Site, Tenant};
use crate::model::time::{Micros, ms_between};
use crate::stats::board::Thresholds;
use crate::stats::wait::SparseWaits;

/// Calls that entered one queue in one interval.
#[derive(Clone, Debug, Default)]
struct Cohort {
    entered: i32,
    answered: i32,
    answered_within_sl: i32,
    abandoned: i32,
    abandoned_short: i32,
    abandoned_within_sl: i32,
    abandoned_ringing: i32,
    diverted: i32,
    cleared: i32,
    other: i32,
    wait_answered_ms: i64,
    wait_abandoned_ms: i64,
    queue_ms: i64,
    talk_ms: i64,
    hold_ms: i64,
    acw_ms: i64,
    legs_open: i32,
    waits: [SparseWaits; 2],
    handles: SparseWaits,
}

impl Cohort {
    /// Makes it as new, keeping its memory.
    fn renew(&mut self) {
        let (mut waits, mut handles) = (std::mem::take(&mut self.waits), std::mem::take(&mut self.handles));
        waits.iter_mut().chain([&mut handles]).for_each(SparseWaits::clear);
        *self = Self { waits, handles, ..Self::default() };
    }

    fn pending(&self) -> i32 {
        self.entered - self.answered - self.abandoned - self.diverted - self.cleared - self.other
    }
}

/// All cohorts of one interval, by the queue's place on the board.
#[derive(Clone, Debug, Default)]
pub struct CohortSet {
    /// Shared with closings that wait to be written; a change makes a copy as long as one does.
    cohorts: Vec<Arc<Cohort>>,
    /// Stays and legs that are not over.
    open: i64,
    /// Something changed since the rows last left.
    pub changed: bool,
    /// How often the rows have left.
    pub revision: i32,
    /// Status with which they last left.
    pub status: Option<&'static str>,
    /// Queues that were known then, once they are final.
    pub queues: usize,
    /// Until when provisional rows do not leave again.
    pub rests_until: Micros,
}

impl CohortSet {
    /// Whether everything that entered is over.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.open == 0
    }

    /// Whether the rows have left as final.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self.status, Some("final" | "revised"))
    }

    fn of(&mut self, slot: usize) -> &mut Cohort {
        self.changed = true;
        if self.cohorts.len() <= slot {
            self.cohorts.resize_with(slot + 1, Arc::default);
        }
        Arc::make_mut(&mut self.cohorts[slot])
    }
}

/// The cohorts of all intervals that are not final.
#[derive(Clone, Debug, Default)]
pub struct Cohorts {
    thresholds: Thresholds,
    /// By begin of the interval.
    pub sets: BTreeMap<Micros, CohortSet>,
    /// The set used last: entries come in order of time.
    last: Option<(Micros, CohortSet)>,
    /// Begin of the running interval.
    pub running: Micros,
    /// Entries that were heard of after the rows of their interval had left as final, and the interval that has them.
    moved: BTreeMap<Micros, Micros>,
    /// A set whose rows had left as final was changed.
    pub is_revived: bool,
    /// Memory of sets whose rows have left, for those to come.
    spare: Vec<CohortSet>,
}

/// Sets whose memory is kept.
const SPARE_MAX: usize = 2;

/// How the rows of a set are stamped.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// Begin of the interval.
    pub start: Micros,
    /// `provisional`, `final` or `revised`.
    pub status: &'static str,
    /// Starts at 1.
    pub revision: i32,
    /// Version of the limits.
    pub definition_version: i32,
    /// Event time of the writing.
    pub written_at: Micros,
}

impl Cohorts {
    /// No cohorts yet.
    #[must_use]
    pub fn new(thresholds: Thresholds) -> Self {
        Self { thresholds, running: Micros::MIN, ..Self::default() }
    }

    fn set(&mut self, entered_at: Micros) -> &mut CohortSet {
        if !self.last.as_ref().is_some_and(|(at, _)| *at <= entered_at && entered_at < *at + INTERVAL) {
            self.turn_to(entered_at);
        }
        &mut self.last.as_mut().expect("it was just put there").1
    }

    #[cold]
    fn turn_to(&mut self, entered_at: Micros) {
        self.settle();
        let mut start = entered_at.floor_to(INTERVAL);
        if start < self.running && !self.sets.contains_key(&start) {
            // As a count that comes too late is the running interval's, so is the entry itself.
            start = *self.moved.entry(entered_at).or_insert(self.running);
        }
        self.open(start);
        let next = self.sets.remove(&start).unwrap_or_default();
        self.is_revived |= next.is_final();
        if let Some((at, set)) = self.last.replace((start, next)) {
            self.sets.insert(at, set);
        }
    }

    /// Makes sure that the interval that begins at `start` has a set.
    pub fn open(&mut self, start: Micros) {
        self.sets.entry(start).or_insert_with(|| self.spare.pop().unwrap_or_default());
    }

    /// The rows of the interval that begins at `start` have left as final.
    pub fn left(&mut self, start: Micros) {
        self.moved.retain(|_, to| *to != start);
    }

    /// Gives the memory of a set whose rows were written to those to come, unless history still has it.
    pub(super) fn recycle(&mut self, closing: CohortClosing) {
        let mut cohorts = closing.cohorts;
        if self.spare.len() < SPARE_MAX && cohorts.iter_mut().all(|cohort| Arc::get_mut(cohort).is_some()) {
            cohorts.iter_mut().filter_map(Arc::get_mut).for_each(Cohort::renew);
            self.spare.push(CohortSet { cohorts, ..CohortSet::default() });
        }
    }

    /// Puts the set used last back to the others.
    pub fn settle(&mut self) {
        if let Some((at, set)) = self.last.take() {
            self.sets.insert(at, set);
        }
    }

    /// Books an action on the cohort it belongs to; `slot` is the queue's place on the board.
    pub fn apply(&mut self, action: &Action, slot: impl Fn(DnId) -> Option<usize>) {
        match *action {
            Action::StayBegan { queue, entered_at, .. } => {
                let Some(slot) = slot(queue) else { return };
                let set = self.set(entered_at);
                set.open += 1;
                set.of(slot).entered += 1;
            }
            Action::StayEnded { queue, entered_at, left_at, ended_at, outcome, .. } => {
                if let Some(slot) = slot(queue) {
                    self.ended(slot, entered_at, left_at, ended_at, outcome);
                }
            }
            Action::LegAccrued { on: On::Queue { queue, entered_at, .. }, what, ms } => {
                let Some(slot) = slot(queue) else { return };
                let cohort = self.set(entered_at).of(slot);
                match what {
                    Durable::CallTalk => cohort.talk_ms += ms,
                    Durable::CallOnHold => cohort.hold_ms += ms,
                    Durable::AfterCallWork => cohort.acw_ms += ms,
                    _ => {}
                }
            }
            Action::LegHandled { on: On::Queue { queue, entered_at, .. }, handle_ms, .. } => {
                let Some(slot) = slot(queue) else { return };
                let set = self.set(entered_at);
                set.open -= 1;
                let cohort = set.of(slot);
                cohort.legs_open -= 1;
                cohort.handles.record(handle_ms);
            }
            _ => {}
        }
    }

    fn ended(&mut self, slot: usize, entered_at: Micros, left_at: Micros, ended_at: Micros, outcome: Outcome) {
        let thresholds = self.thresholds;
        let wait_ms = ms_between(entered_at, ended_at);
        let within = i32::from(wait_ms <= thresholds.sl_ms);
        let set = self.set(entered_at);
        if !matches!(outcome, Outcome::Answered | Outcome::Pending) {
            // An answered stay's place is taken by its leg, a pending one's is kept.
            set.open -= 1;
        }
        let cohort = set.of(slot);
        if outcome != Outcome::Pending {
            cohort.queue_ms += ms_between(entered_at, left_at);
        }
        match outcome {
            Outcome::Answered => {
                cohort.answered += 1;
                cohort.legs_open += 1;
                cohort.answered_within_sl += within;
                cohort.wait_answered_ms += wait_ms;
                cohort.waits[0].record(wait_ms);
            }
            Outcome::AbandonedQueue | Outcome::AbandonedRing => {
                cohort.abandoned += 1;
                cohort.abandoned_ringing += i32::from(outcome == Outcome::AbandonedRing);
                cohort.abandoned_short += i32::from(wait_ms < thresholds.short_abandon_ms);
                cohort.abandoned_within_sl += within;
                cohort.wait_abandoned_ms += wait_ms;
                cohort.waits[1].record(wait_ms);
            }
            Outcome::Diverted => cohort.diverted += 1,
            Outcome::Cleared | Outcome::RoutedElsewhere => cohort.cleared += 1,
            Outcome::NoAnswerReturned | Outcome::Unknown => cohort.other += 1,
            Outcome::Pending => {}
        }
    }
}

impl CohortSet {
    /// What the rows of these queues say.
    pub(super) fn close(&self, stamp: Stamp, queues: Vec<(usize, DnId, About)>) -> CohortClosing {
        CohortClosing { stamp, cohorts: self.cohorts.clone(), queues }
    }
}

/// Rows of the cohorts of one interval: one per queue that had its first event by then, and those of its distributions.
#[derive(Clone, Debug)]
pub(super) struct CohortClosing {
    pub stamp: Stamp,
    cohorts: Vec<Arc<Cohort>>,
    /// Place, DN and the rest of each queue.
    queues: Vec<(usize, DnId, About)>,
}

impl CohortClosing {
    /// How many queues it has.
    pub fn len(&self) -> usize {
        self.queues.len()
    }

    /// Writes the rows.
    pub fn write(&self, rows: &mut Rows) {
        let none = Cohort::default();
        for &(slot, queue, about) in &self.queues {
            let cohort = self.cohorts.get(slot).map_or(&none, |cohort| cohort);
            write_queue(queue, about, cohort, self.stamp, rows);
        }
    }
}

fn write_queue(queue: DnId, about: About, c: &Cohort, stamp: Stamp, rows: &mut Rows) {
    rows.queue_cohort_interval.push(QueueCohortIntervalRow {
        tenant_id: Tenant(about.switch),
        queue_id: queue,
        queue_kind: about.kind,
        site_id: Site(about.switch),
        media_type: "voice",
        interval_start: stamp.start,
        interval_ms: INTERVAL_MS,
        entered: c.entered,
        answered: c.answered,
        answered_within_sl: c.answered_within_sl,
        abandoned: c.abandoned,
        abandoned_short: c.abandoned_short,
        abandoned_within_sl: c.abandoned_within_sl,
        abandoned_ringing: c.abandoned_ringing,
        diverted: c.diverted,
        cleared: c.cleared,
        other: c.other,
        pending: c.pending(),
        wait_answered_ms: c.wait_answered_ms,
        wait_abandoned_ms: c.wait_abandoned_ms,
        queue_ms: c.queue_ms,
        talk_ms: c.talk_ms,
        hold_ms: c.hold_ms,
        acw_ms: c.acw_ms,
        definition_version: stamp.definition_version,
        coverage_ms: about.coverage_ms,
        status: stamp.status,
        revision: stamp.revision,
        written_at: stamp.written_at,
    });
    for (waits, kind) in c.waits.iter().zip(["answered", "abandoned"]) {
        rows.queue_wait_hist.extend(waits.iter().map(|(upper_ms, n)| QueueWaitHistRow {
            tenant_id: Tenant(about.switch),
            queue_id: queue,
            media_type: "voice",
            interval_start: stamp.start,
            interval_ms: INTERVAL_MS,
            kind,
            upper_ms,
            n: n as i32,
            definition_version: stamp.definition_version,
            coverage_ms: about.coverage_ms,
            status: stamp.status,
            revision: stamp.revision,
            written_at: stamp.written_at,
        }));
    }
    rows.queue_handle_hist.extend(c.handles.iter().map(|(upper_ms, n)| QueueHandleHistRow {
        tenant_id: Tenant(about.switch),
        queue_id: queue,
        media_type: "voice",
        interval_start: stamp.start,
        interval_ms: INTERVAL_MS,
        kind: "handled",
        upper_ms,
        n: n as i32,
        definition_version: stamp.definition_version,
        coverage_ms: about.coverage_ms,
        status: stamp.status,
        revision: stamp.revision,
        written_at: stamp.written_at,
    }));
}
