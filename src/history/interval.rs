//! Interval rows: what every object gained between two edges of the 15-minute grid.
//!
//! ```text
//!   running ──edge──▶ kept (late bookings still correct it) ──edge + grace──▶ final, handed out ──look-back──▶ forgotten
//!                        └── handed out as provisional soon after the edge, where that is wanted      └── revised
//! ```
//!
//! At an edge the board's ledgers are read and based anew; the readings are kept until the grace is over, because some
//! conclusions are drawn after the instant they are about. Levels of queues are swept when rows leave ([`super::level`]).

use std::collections::VecDeque;

use super::cohort::{CohortSet, Cohorts, Stamp};
use super::coverage::Coverage;
use super::kept::{AgentKept, Kept, QueueKept};
use super::level::{Alive, Levels, Mark};
use super::revision::Finals;
use super::row::{agent_row, pair_row, queue_row, reason_row};
use crate::model::action::{Action, On, Outcome};
use crate::model::ids::{AgentId, DnId, SwitchId};
use crate::model::row::Rows;
use crate::model::time::{Micros, Span, TimeRange};
use crate::stats::board::{Board, Thresholds};
use crate::stats::late::{Late, Object};
use crate::stats::queue::QueueCount;

/// Length of an interval.
pub const INTERVAL: Span = Span::from_mins(15);

/// The longest silence for which the intervals between are written; a longer one is a gap in the rows and counted.
pub const SILENCE_MAX: Span = Span::from_mins(31 * 24 * 60);

/// Corrections of final rows leave together this often, in event time.
const REVISE_EVERY: Span = Span::from_mins(1);

/// Why cohorts are looked through.
#[derive(Clone, Copy, Debug)]
struct Occasion {
    /// The input has ended.
    last: bool,
    /// Corrections leave.
    revises: bool,
}

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
    /// The switch of an agent's first session.
    fn agent_switch(&self, agent: AgentId) -> SwitchId;
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
#[derive(Debug)]
pub struct Intervals {
    policy: Policy,
    kept: VecDeque<Kept>,
    /// Intervals that are final and may be revised, right before those kept.
    pub(super) finals: Finals,
    /// Begins and ends of stays in the running interval, by the queue's place on the board.
    marks: Vec<Vec<Mark>>,
    /// Memory of lists whose interval has left, for those to come.
    spare_marks: Vec<Vec<Mark>>,
    /// Stays alive at the begin of the oldest kept interval, by the same.
    alive: Vec<Alive>,
    /// Cohorts.
    pub cohorts: Cohorts,
    coverage: Vec<Coverage>,
    /// Begin of the running interval; `MIN` before the first event.
    start: Micros,
    /// Rows ready to leave.
    pub rows: Rows,
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
            cohorts: Cohorts::new(policy.thresholds, INTERVAL),
            coverage: Vec::new(),
            start: Micros::MIN,
            rows: Rows::default(),
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
                self.mark(slot(queue), entered_at, Mark { order, entered_at, ends: false });
            }
            Action::StayEnded { queue, entered_at, ended_at, order, outcome, .. } if outcome != Outcome::Pending => {
                let at = board.booked_at(queue, entered_at, ended_at);
                self.mark(slot(queue), at, Mark { order, entered_at, ends: true });
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
                self.marks.resize_with(slot + 1, Vec::new);
            }
            self.marks[slot].push(mark);
        } else if let Some(kept) = self.kept_at(at) {
            kept.queue(slot).marks.push(mark);
        } else {
            self.too_late += 1;
            self.marks.resize_with(self.marks.len().max(slot + 1), Vec::new);
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

    /// Reads every ledger at `until` and bases it anew.
    fn keep(&mut self, until: Micros, board: &mut Board) {
        let mut kept = Kept { start: self.start, until, ..Kept::default() };
        self.marks.resize_with(board.queues.len().max(self.marks.len()), Vec::new);
        for (slot, queue) in board.queues.iter_mut().enumerate() {
            kept.queues.push(QueueKept {
                gain: queue.ledger.roll(&mut queue.base, until),
                wait_max_ms: std::mem::take(&mut queue.wait_max_ms),
                marks: std::mem::replace(&mut self.marks[slot], self.spare_marks.pop().unwrap_or_default()),
            });
        }
        board.roll_agents(until, |agent, gain, first_login_at, last_logout_at| {
            kept.agents.push(AgentKept { agent, gain, first_login_at, last_logout_at });
        });
        board.pairs.roll(until, |key, gain| kept.pairs.push((key, gain)));
        board.reasons.roll(until, |key, gain| kept.reasons.push((key, gain)));
        let oldest =
            self.correctable_from().unwrap_or(self.start).min(self.kept.front().map_or(self.start, |k| k.start));
        board.moved.retain(|_, start| *start >= oldest);
        self.kept.push_back(kept);
    }

    /// Hands out the rows that are ready at `now`.
    pub fn hand_out(&mut self, now: Micros, board: &Board, names: &impl Directory) {
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
        self.hand_out_cohorts(now, board, names, Occasion { last: false, revises });
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
            let kept = interval.open();
            kept.revision += 1;
            self.write(kept, "revised", at, board, names);
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
            let mut kept = self.kept[i].clone();
            let is_due = kept.revision == 0 && kept.until + self.policy.settle < now;
            if is_due {
                self.kept[i].revision = 1;
                kept.revision = 1;
                let written_at = kept.until + self.policy.settle;
                self.write(&mut kept, "provisional", written_at, board, names);
                self.recycle(kept.queues);
            } else {
                self.sweep(&mut kept.queues);
            }
        }
        self.alive = alive;
    }

    fn sweep(&mut self, queues: &mut [QueueKept]) -> Vec<Levels> {
        if self.alive.len() < queues.len() {
            self.alive.resize_with(queues.len(), Alive::default);
        }
        queues.iter_mut().zip(&mut self.alive).map(|(q, alive)| alive.sweep(&mut q.marks)).collect()
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
        for agent in of_note(&kept.agents, AgentKept::is_zero) {
            let switch = names.agent_switch(agent.agent);
            let row = agent_row(switch, coverage(switch), agent, stamp);
            self.violations += u64::from(row.logged_in_ms > INTERVAL.0 / 1000);
            self.rows.agent_interval.push(row);
        }
        for (key, gain) in of_note(&kept.pairs, |(_, gain)| gain.is_zero()) {
            let switch = names.agent_switch(key.0);
            self.rows.agent_queue_interval.push(pair_row(switch, coverage(switch), *key, gain, stamp));
        }
        for (key, gain) in of_note(&kept.reasons, |(_, gain)| gain.is_zero()) {
            let switch = names.agent_switch(key.0);
            self.rows.agent_reason_interval.push(reason_row(switch, coverage(switch), *key, gain, stamp));
        }
    }

    /// Gives the memory of an interval that has left to those to come.
    fn recycle(&mut self, queues: Vec<QueueKept>) {
        // Queues that were quiet get as much as busy ones need, so that after a few intervals nothing grows any more.
        let room = self.marks.len().saturating_sub(self.spare_marks.len());
        self.spare_marks.extend(queues.into_iter().take(room).map(|mut queue| {
            queue.marks.clear();
            queue.marks
        }));
    }

    /// Cohorts: provisional with their interval where that is wanted, final once everything that entered is over, then
    /// revised for a while.
    fn hand_out_cohorts(&mut self, now: Micros, board: &Board, names: &impl Directory, occasion: Occasion) {
        self.cohorts.settle();
        let policy = self.policy;
        let Occasion { last, revises } = occasion;
        self.cohorts.is_revived &= !(revises || last);
        let mut sets = std::mem::take(&mut self.cohorts.sets);
        // Dense rows: an interval in which nobody entered has a set, too.
        sets.retain(|start, set| {
            let end = *start + INTERVAL;
            if set.is_final() {
                let joined = board.queues.get(set.queues..).is_some_and(|q| q.iter().any(|q| q.first_seen < end));
                if (revises || last) && (set.changed || joined) {
                    set.revision += 1;
                    set.changed = false;
                    set.status = Some("revised");
                    set.queues = board.queues.len();
                    self.write_cohorts(*start, set, now, now, board, names);
                }
                let stays = !last && (end + policy.grace + policy.revise_for >= now || !set.is_complete());
                if !stays {
                    self.cohorts.left(*start);
                    self.cohorts.recycle(std::mem::take(set));
                }
                return stays;
            }
            let is_final = last || end + policy.grace < now && set.is_complete();
            let is_due = policy.provisional && end + policy.settle < now;
            let grace_over = set.status == Some("provisional") && end + policy.grace < now && set.changed;
            if is_final || is_due && set.status.is_none() || grace_over && set.changed {
                set.revision += 1;
                set.changed = false;
                set.status = Some(if is_final { "final" } else { "provisional" });
                let nominal = end + if is_final { policy.grace } else { policy.settle };
                // Of two times that rows leave, the later says so: who merges them goes by it.
                let nominal = if set.revision > 1 { nominal.max(now) } else { nominal };
                let written_at = if last { nominal.min(now) } else { nominal };
                self.write_cohorts(*start, set, written_at, now, board, names);
            }
            let stays = !is_final || policy.revise_for.0 > 0 && !last;
            if !stays {
                self.cohorts.left(*start);
                self.cohorts.recycle(std::mem::take(set));
            } else if is_final {
                set.queues = board.queues.len();
            }
            stays
        });
        self.cohorts.sets = sets;
    }

    fn write_cohorts(
        &mut self,
        start: Micros,
        set: &CohortSet,
        written_at: Micros,
        now: Micros,
        board: &Board,
        names: &impl Directory,
    ) {
        let stamp = Stamp {
            start,
            status: set.status.unwrap_or("final"),
            revision: set.revision,
            definition_version: self.policy.definition_version,
            written_at,
        };
        let range = TimeRange { start, end: start + INTERVAL };
        let coverage = &self.coverage;
        let describe = |dn: DnId| {
            let switch = names.dn_switch(dn);
            let coverage_ms = coverage.get(switch.index()).map_or(0, |c| c.ms(range, now));
            About { switch, kind: names.queue_kind(dn), coverage_ms }
        };
        Cohorts::write(set, stamp, INTERVAL, board, describe, &mut self.rows);
    }

    /// Makes sure the interval that ends at `edge` has a set of cohorts, also when nobody entered.
    pub fn note_cohorts(&mut self) {
        self.cohorts.settle();
        self.cohorts.open(self.start);
    }

    /// Ends a finite input whose last event was at `last`: everything kept becomes final.
    pub fn finish(&mut self, last: Micros, board: &mut Board, names: &impl Directory) {
        if self.start == Micros::MIN {
            return;
        }
        self.absorb(board);
        self.note_cohorts();
        self.keep(last, board);
        self.revise_final(last, board, names, self.policy.revise_for.0 > 0);
        while let Some(mut kept) = self.kept.pop_front() {
            let written_at = (kept.until + self.policy.grace).min(last);
            kept.revision += 1;
            self.write(&mut kept, "final", written_at, board, names);
        }
        self.hand_out_cohorts(last, board, names, Occasion { last: true, revises: true });
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

/// What has a row: corrections may have come to nothing. Where nothing is left at all, the zeros replace what left before.
fn of_note<T>(all: &[T], is_zero: impl Fn(&T) -> bool) -> impl Iterator<Item = &T> {
    let none = all.iter().all(&is_zero);
    all.iter().filter(move |one| none || !is_zero(one))
}
