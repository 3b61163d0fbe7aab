//! Interval rows: what every object gained between two edges of the 15-minute grid.
//!
//! ```text
//!   running ──edge──▶ kept (late bookings still correct it) ──edge + grace──▶ final, handed out ──look-back──▶ forgotten
//!                        └── handed out as provisional soon after the edge, where that is wanted      └── revised
//! ```
//!
//! At an edge the ledgers of queues are read and based anew, and the board begins to read those of the other objects; the readings
//! are kept until the grace is over, because some conclusions are drawn after the instant they are about. Levels of queues are
//! swept when rows leave ([`super::level`]). Rows of agents and of cohorts leave as [`Closings`].

use std::collections::VecDeque;
use std::sync::Arc;

use super::closing::{Closings, IntervalClosing};
use super::cohort::{Cohorts, Stamp};
use super::cohort_turn::Occasion;
use super::coverage::Coverage;
use super::end::{End, Ending};
use super::kept::{Kept, QueueKept};
use super::level::{Alive, Levels, Mark, Marks};
use super::revision::Finals;
use super::row::queue_row;
use crate::model::action::{Action, On, Outcome};
use crate::model::ids::{DnId, SwitchId};
use crate::model::row::Rows;
use crate::model::time::{Micros, Span, TimeRange};
use crate::stats::board::{Board, Thresholds};
use crate::stats::late::{Late, Object};
use crate::stats::queue::QueueCount;

/// Length of an interval.
pub const INTERVAL: Span = Span::from_mins(15);

/// The longest silence for which the intervals between are written; a longer one is a gap in the rows and counted.
pub const SILENCE_MAX: Span = Span::from_mins(31 * 24 * 60);

/// Sweeping a queue takes as long as reading this many objects, about.
const OBJECTS_A_QUEUE: usize = 16;

/// Corrections of final rows leave together this often, in event time.
const REVISE_EVERY: Span = Span::from_mins(1);

/// What history knows of a queue from others.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its switch.
    pub switch: SwitchId,
    /// Its kind.
    pub kind: &'static str,
    /// Milliseconds of the interval in which its switch was seen.
    pub coverage_ms: i32,
}

/// Who knows switches and kinds.
pub trait Directory {
    /// The switch of a DN.
    fn dn_switch(&self, dn: DnId) -> SwitchId;
    /// The switch of every agent's first session, by agent.
    fn homes(&self) -> Arc<[SwitchId]>;
    /// The kind of a queue in rows.
    fn queue_kind(&self, dn: DnId) -> &'static str;
}

/// Settings of history.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Limits by which durations are judged.
    pub thresholds: Thresholds,
    /// Version of these limits.
    pub definition_version: i32,
    /// How long after an edge conclusions about the time before may still be drawn as a matter of course.
    pub settle: Span,
    /// How long after its end an interval stays provisional.
    pub grace: Span,
    /// Whether provisional rows are handed out.
    pub provisional: bool,
    /// How long after it became final an interval is still revised; zero for never.
    pub revise_for: Span,
}

/// All intervals that are not final.
#[derive(Clone, Debug)]
pub struct Intervals {
    pub(super) policy: Policy,
    kept: VecDeque<Kept>,
    /// Intervals that are final and may be revised, right before those kept.
    pub(super) finals: Finals,
    /// Begins and ends of stays in the running interval, by the queue's place on the board.
    marks: Vec<Marks>,
    /// Memory of lists whose interval has left, for those to come.
    spare_marks: Vec<Vec<Mark>>,
    /// Stays alive at the begin of the oldest kept interval, by the same.
    alive: Vec<Alive>,
    /// The queue at which sweeping the interval that ended last goes on.
    unswept: Option<usize>,
    /// Cohorts.
    pub cohorts: Cohorts,
    pub(super) coverage: Vec<Coverage>,
    /// Begin of the running interval; `MIN` before the first event.
    start: Micros,
    /// Rows ready to leave.
    pub rows: Rows,
    /// Rows ready to be written.
    pub closings: Closings,
    /// Intervals not written because of a longer silence than [`SILENCE_MAX`].
    pub skipped: u64,
    /// Bookings that came after the rows they belong to were final, and beyond the look-back.
    pub too_late: u64,
    /// Intervals handed out again as revised.
    pub revised: u64,
    /// Broken invariants: always zero.
    pub violations: u64,
}

impl Intervals {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            kept: VecDeque::new(),
            finals: Finals::default(),
            marks: Vec::new(),
            spare_marks: Vec::new(),
            alive: Vec::new(),
            unswept: None,
            cohorts: Cohorts::new(policy.thresholds),
            coverage: Vec::new(),
            start: Micros::MIN,
            rows: Rows::default(),
            closings: Closings::default(),
            skipped: 0,
            too_late: 0,
            revised: 0,
            violations: 0,
        }
    }

    /// End of the running interval; `MIN` before the first event, so that any event is past it.
    #[must_use]
    pub fn end(&self) -> Micros {
        if self.start == Micros::MIN { Micros::MIN } else { self.start + INTERVAL }
    }

    /// The short-abandon limit, for detail rows.
    #[must_use]
    pub const fn short_abandon_ms(&self) -> i64 {
        self.policy.thresholds.short_abandon_ms
    }

    /// Version of the limits, for detail rows.
    #[must_use]
    pub const fn definition_version(&self) -> i32 {
        self.policy.definition_version
    }

    /// When the next rows become ready, by event time.
    #[must_use]
    pub fn next_deadline(&self) -> Micros {
        let kept = self.kept.front().map(|k| k.until + self.policy.grace);
        let soon = self
            .kept
            .iter()
            .filter(|k| self.policy.provisional && k.revision == 0)
            .map(|k| k.until + self.policy.settle)
            .min();
        kept.into_iter().chain(soon).chain([self.end(), self.finals.due]).min().unwrap_or(Micros::MIN)
    }

    /// Begins the interval that holds `at`: the first one, or one after a long silence.
    pub fn begin(&mut self, at: Micros, board: &mut Board) {
        self.start = at.floor_to(INTERVAL);
        self.cohorts.running = self.start;
        board.interval_start = self.start;
    }

    /// An event of a switch.
    #[inline]
    pub fn heard(&mut self, switch: SwitchId, at: Micros) {
        if self.coverage.len() <= switch.index() {
            self.coverage.resize_with(switch.index() + 1, Coverage::default);
        }
        self.coverage[switch.index()].heard(at);
    }

    /// Books what the board does not: levels, cohorts, coverage.
    #[inline]
    pub fn apply(&mut self, action: &Action, board: &Board) {
        // Most actions are none of these.
        match action {
            Action::StayBegan { .. }
            | Action::StayEnded { .. }
            | Action::LegAccrued { on: On::Queue { .. }, .. }
            | Action::LegHandled { on: On::Queue { .. }, .. }
            | Action::Coverage { .. } => self.book(action, board),
            _ => {}
        }
    }

    fn book(&mut self, action: &Action, board: &Board) {
        let slot = |dn: DnId| board.queue_place(dn);
        match *action {
            Action::StayBegan { queue, entered_at, order } => {
                self.mark(slot(queue), entered_at, Mark::begin(order, entered_at));
            }
            Action::StayEnded { queue, entered_at, ended_at, order, outcome, .. } if outcome != Outcome::Pending => {
                let at = board.booked_at(queue, entered_at, ended_at);
                self.mark(slot(queue), at, Mark::end(order, entered_at));
            }
            Action::Coverage { switch, seen, at } => self.coverage[switch.index()].change(seen, at),
            _ => {}
        }
        self.cohorts.apply(action, slot);
    }

    fn mark(&mut self, slot: Option<usize>, at: Micros, mark: Mark) {
        let Some(slot) = slot else { return };
        if at >= self.start {
            if self.marks.len() <= slot {
                self.marks.resize_with(slot + 1, Marks::default);
            }
            self.marks[slot].push(mark);
        } else if let Some(kept) = self.kept_at(at) {
            kept.queue(slot).marks.push(mark);
        } else {
            self.too_late += 1;
            self.marks.resize_with(self.marks.len().max(slot + 1), Marks::default);
            self.marks[slot].push(mark);
        }
    }

    /// Corrects kept intervals by what the board booked for the time before the running one.
    pub fn absorb(&mut self, board: &mut Board) {
        for i in 0..board.late.len() {
            let late = board.late[i];
            match late {
                Late::Count { object, column, by, at } => {
                    let slot = place(object, board);
                    match self.kept_at(at) {
                        Some(kept) => {
                            *kept.count(object, slot, column) += by;
                            kept.note_session(object, column, at);
                        }
                        // Its own interval has left: no count is lost, and levels and counts of one interval agree.
                        None => {
                            self.too_late += 1;
                            board.take_over(object, column, by);
                            if let Object::Queue(queue) = object
                                && column == QueueCount::Entered as u8
                            {
                                // Its end must not lie in an interval before the one that has its entry.
                                board.moved.insert((queue, at), self.start);
                            }
                        }
                    }
                }
                Late::Max { object, column, value, at } => {
                    let slot = place(object, board);
                    match self.kept_at(at) {
                        Some(kept) => {
                            let max = &mut kept.queue(slot).wait_max_ms[usize::from(column)];
                            *max = (*max).max(Some(value));
                        }
                        None => {
                            self.too_late += 1;
                            board.take_over_max(object, column, value);
                        }
                    }
                }
                Late::Time { object, column, by, at } => {
                    let slot = place(object, board);
                    let (start, mut reached) = (self.start, false);
                    let kept = self.kept.iter_mut().filter(|k| k.start + INTERVAL > at);
                    for kept in self.finals.since(at).chain(kept) {
                        let range = TimeRange { start: kept.start, end: kept.start + INTERVAL };
                        *kept.time(object, slot, column) += by * range.overlap_ms(at, start);
                        reached |= kept.start <= at;
                    }
                    self.too_late += u64::from(!reached);
                }
            }
        }
        board.late.clear();
    }

    /// The interval of an instant before the running one, to be corrected.
    fn kept_at(&mut self, at: Micros) -> Option<&mut Kept> {
        let kept = self.kept.iter_mut().find(|k| at >= k.start && at < k.start + INTERVAL);
        kept.or_else(|| self.finals.at(at))
    }

    /// Begin of the first interval that can be corrected; `None` where final rows stay as they are.
    #[must_use]
    pub fn correctable_from(&self) -> Option<Micros> {
        let oldest = self.finals.begin().or_else(|| self.kept.front().map(|k| k.start));
        (self.policy.revise_for.0 > 0).then(|| oldest.unwrap_or(self.start))
    }

    /// Something was booked late, as of `now`: says when corrected rows leave, for many corrections at once.
    pub fn revise_soon(&mut self, now: Micros) -> Micros {
        if self.finals.due == Micros::MAX && (self.finals.is_changed() || self.cohorts.is_revived) {
            self.finals.due = now.floor_to(REVISE_EVERY) + REVISE_EVERY;
        }
        self.finals.due
    }

    /// Ends the running interval at its edge and begins the next, or the one that holds `next` after a long silence.
    pub fn roll(&mut self, next: Micros, board: &mut Board) {
        let edge = self.end();
        self.keep(edge, board);
        self.start = edge;
        if next - edge > SILENCE_MAX {
            let start = next.floor_to(INTERVAL);
            self.skipped += ((start - edge).0 / INTERVAL.0) as u64;
            self.start = start;
            // What goes on through the silence is not written, but must not fall into the next interval either.
            self.keep(start, board);
            self.kept.pop_back();
        }
        self.cohorts.running = self.start;
        board.interval_start = self.start;
    }

    /// Ends the interval of every ledger at `until`; the board's other objects than queues are read from now on.
    fn keep(&mut self, until: Micros, board: &mut Board) {
        self.read_all(board);
        let mut kept = Kept { start: self.start, until, ..Kept::default() };
        self.marks.resize_with(board.queues.len().max(self.marks.len()), Marks::default);
        for (slot, queue) in board.queues.iter_mut().enumerate() {
            kept.queues.push(QueueKept {
                gain: queue.ledger.roll(&mut queue.base, until),
                wait_max_ms: std::mem::take(&mut queue.wait_max_ms),
                marks: std::mem::replace(&mut self.marks[slot], Marks::new(self.spare_marks.pop().unwrap_or_default())),
            });
        }
        board.end_interval(until);
        let oldest =
            self.correctable_from().unwrap_or(self.start).min(self.kept.front().map_or(self.start, |k| k.start));
        board.moved.retain(|_, start| *start >= oldest);
        self.kept.push_back(kept);
        self.unswept = self.policy.provisional.then_some(0);
    }

    /// Goes on preparing the rows of the interval that ended last: reads at most `most` objects, or sweeps a few queues.
    #[inline]
    pub fn prepare(&mut self, most: usize, board: &mut Board) {
        if board.is_reading() {
            self.read_some(most, board);
        } else if let Some(slot) = self.unswept {
            self.sweep_some(slot, most / OBJECTS_A_QUEUE);
        }
    }

    /// Reads what is left of the interval that ended last.
    fn read_all(&mut self, board: &mut Board) {
        if board.is_reading() {
            self.read_some(usize::MAX, board);
        }
    }

    fn read_some(&mut self, most: usize, board: &mut Board) {
        if let Some(readings) = board.read_some(most)
            && let Some(kept) = self.kept.back_mut()
        {
            kept.readings = Arc::new(readings);
        }
    }

    /// Sweeps queues from the one at `slot` on, for the result to be there when rows leave.
    fn sweep_some(&mut self, slot: usize, most: usize) {
        self.unswept = None;
        // What is alive at the begin of a later interval would have to be swept first.
        let [kept] = self.kept.make_contiguous() else { return };
        for (queue, alive) in kept.queues.iter_mut().zip(&self.alive).skip(slot).take(most) {
            queue.marks.sweep(&mut alive.clone(), true);
            spare(&mut self.spare_marks, self.marks.len(), queue.marks.pack());
        }
        self.unswept = Some(slot + most).filter(|slot| *slot < kept.queues.len());
    }

    /// Hands out the rows that are ready at `now`.
    pub fn hand_out(&mut self, now: Micros, board: &mut Board, names: &impl Directory) {
        let after = if self.policy.provisional { self.policy.settle.min(self.policy.grace) } else { self.policy.grace };
        if self.kept.back().is_some_and(|last| last.until + after < now) {
            self.read_all(board);
        }
        self.hand_out_read(now, board, names);
    }

    fn hand_out_read(&mut self, now: Micros, board: &Board, names: &impl Directory) {
        while let Some(kept) = self.kept.front()
            && kept.until + self.policy.grace < now
        {
            let written_at = kept.until + self.policy.grace;
            // What was corrected before comes first: levels go on from it.
            self.revise_final(written_at, board, names, false);
            let Some(mut kept) = self.kept.pop_front() else { break };
            let status = if kept.revision > 1 { "revised" } else { "final" };
            kept.revision += 1;
            let alive = (self.policy.revise_for.0 > 0).then(|| self.alive.clone());
            self.write(&mut kept, status, written_at, board, names);
            match alive {
                Some(alive) => self.finals.push(kept, alive, board.queues.len()),
                None => self.recycle(kept.queues),
            }
        }
        if self.policy.provisional {
            self.hand_out_provisional(now, board, names);
        }
        let revises = self.finals.due <= now;
        if revises {
            let at = self.finals.due;
            self.finals.due = Micros::MAX;
            self.revise_final(at, board, names, true);
        }
        self.hand_out_cohorts(now, board, names, Occasion { ending: None, revises });
        while let Some(queues) = self.finals.pop_before(now - self.policy.grace - self.policy.revise_for) {
            self.recycle(queues);
        }
        self.revise_soon(now);
    }

    /// Hands out again what was corrected after it was final, complete. With `all` also for queues heard of since.
    fn revise_final(&mut self, at: Micros, board: &Board, names: &impl Directory, all: bool) {
        if !self.finals.is_changed() && !all {
            return;
        }
        let mut finals = std::mem::take(&mut self.finals);
        let mut before: Option<Vec<Alive>> = None;
        for interval in &mut finals.intervals {
            if !interval.must_be_revised(before.take(), board) {
                continue;
            }
            let later = std::mem::replace(&mut self.alive, interval.alive.clone());
            interval.kept.revision += 1;
            self.write(&mut interval.kept, "revised", at, board, names);
            before = Some(std::mem::replace(&mut self.alive, later));
            interval.queues = interval.queues.max(board.queues.len());
            self.revised += 1;
        }
        if let Some(alive) = before {
            self.alive = alive;
        }
        finals.settle();
        self.finals = finals;
    }

    fn hand_out_provisional(&mut self, now: Micros, board: &Board, names: &impl Directory) {
        let due = |k: &Kept| k.revision == 0 && k.until + self.policy.settle < now;
        if !self.kept.iter().any(due) {
            return;
        }
        self.revise_final(now, board, names, false);
        // The levels of a later interval need those of the earlier ones, on a copy.
        let alive = self.alive.clone();
        for i in 0..self.kept.len() {
            let mut kept = std::mem::take(&mut self.kept[i]);
            let is_due = kept.revision == 0 && kept.until + self.policy.settle < now;
            if is_due {
                kept.revision = 1;
                let written_at = kept.until + self.policy.settle;
                self.write(&mut kept, "provisional", written_at, board, names);
            } else {
                self.sweep(&mut kept.queues);
            }
            self.kept[i] = kept;
        }
        self.alive = alive;
    }

    fn sweep(&mut self, queues: &mut [QueueKept]) -> Vec<Levels> {
        if self.alive.len() < queues.len() {
            self.alive.resize_with(queues.len(), Alive::default);
        }
        let again = self.policy.provisional;
        let (all, most) = (&mut self.spare_marks, self.marks.len());
        let queues = queues.iter_mut().zip(&mut self.alive);
        let swept = queues.map(|(queue, alive)| {
            let levels = queue.marks.sweep(alive, again);
            spare(all, most, queue.marks.pack());
            levels
        });
        swept.collect()
    }

    fn write(
        &mut self,
        kept: &mut Kept,
        status: &'static str,
        written_at: Micros,
        board: &Board,
        names: &impl Directory,
    ) {
        // A queue whose first event came late, from another source, has its zero row in this interval, too.
        kept.queues.resize_with(board.queues.len().max(kept.queues.len()), QueueKept::default);
        let levels = self.sweep(&mut kept.queues);
        let definition_version = self.policy.definition_version;
        let stamp = Stamp { start: kept.start, status, revision: kept.revision, definition_version, written_at };
        let range = TimeRange { start: kept.start, end: kept.start + INTERVAL };
        let coverage = |s: SwitchId| self.coverage.get(s.index()).map_or(0, |c| c.ms(range, kept.until));
        for ((queue, kept_queue), levels) in board.queues.iter().zip(&kept.queues).zip(&levels) {
            if queue.first_seen >= range.end {
                continue;
            }
            let switch = names.dn_switch(queue.dn);
            let about = About { switch, kind: names.queue_kind(queue.dn), coverage_ms: coverage(switch) };
            let row = queue_row(queue.dn, about, kept_queue, levels, kept.until, stamp);
            let gone = row.answered + row.abandoned + row.diverted_out + row.cleared + row.other;
            self.violations +=
                u64::from(row.in_queue_start + row.entered != gone + row.in_queue_end) + u64::from(levels.violations);
            self.rows.queue_interval.push(row);
        }
        self.closings.intervals.push(IntervalClosing {
            stamp,
            readings: Arc::clone(&kept.readings),
            corrections: kept.corrections.clone(),
            coverage: self.coverage.iter().map(|c| c.ms(range, kept.until)).collect(),
            homes: names.homes(),
        });
    }

    /// Takes back the memory of what was written.
    pub fn take_back(&mut self, closings: Closings) {
        closings.written.into_iter().for_each(|closing| self.cohorts.recycle(closing));
    }

    /// Gives the memory of an interval that has left to those to come.
    fn recycle(&mut self, queues: Vec<QueueKept>) {
        // Queues that were quiet get as much as busy ones need, so that after a few intervals nothing grows any more.
        for queue in queues {
            spare(&mut self.spare_marks, self.marks.len(), Some(queue.marks.into_list()));
        }
    }

    /// Makes sure the interval that ends at `edge` has a set of cohorts, also when nobody entered.
    pub fn note_cohorts(&mut self) {
        self.cohorts.settle();
        self.cohorts.open(self.start);
    }

    /// Ends an input whose last event was at `last`: everything kept is written, as final when it is over.
    pub fn end_at(&mut self, last: Micros, end: End, board: &mut Board, names: &impl Directory) {
        if self.start == Micros::MIN {
            return;
        }
        self.absorb(board);
        self.note_cohorts();
        let ending = Ending { end, last, running: self.start };
        self.keep(last, board);
        self.read_all(board);
        self.revise_final(last, board, names, self.policy.revise_for.0 > 0);
        while let Some(mut kept) = self.kept.pop_front() {
            let written_at = (kept.until + self.policy.grace).min(last);
            kept.revision += 1;
            let status = ending.status(kept.start, true);
            self.write(&mut kept, status, written_at, board, names);
        }
        self.hand_out_cohorts(last, board, names, Occasion { ending: Some(ending), revises: true });
    }

    /// Forgets outages before every interval that is not final.
    pub fn forget_outages(&mut self) {
        let edge = self.kept.front().map_or(self.start, |k| k.start);
        let edge = self.finals.begin().map_or(edge, |begin| edge.min(begin));
        let edge = self.cohorts.sets.keys().next().map_or(edge, |c| edge.min(*c));
        self.coverage.iter_mut().for_each(|c| c.forget_before(edge));
    }
}

fn place(object: Object, board: &Board) -> usize {
    match object {
        Object::Queue(dn) => board.queue_place(dn).unwrap_or(0),
        Object::Agent(_) | Object::Pair(..) | Object::Reason(..) => 0,
    }
}

/// Keeps the memory of a list for a later interval, up to `most` of them.
fn spare(lists: &mut Vec<Vec<Mark>>, most: usize, list: Option<Vec<Mark>>) {
    if let Some(list) = list.filter(|list| list.capacity() > 0)
        && lists.len() < most
    {
        lists.push(list);
    }
}
