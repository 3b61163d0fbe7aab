//! All live statistics of a partition: applies actions to the ledgers and base accumulators of the objects they concern.
//!
//! Densely indexed by the ids of the partition; an action touches its objects and nothing else. What belongs to an
//! interval that has ended is booked at its own time and listed in `late` for history.

mod action;
mod edge;
mod foresee;
mod late;

use std::collections::BTreeMap;

use super::accumulator::{Accumulators, Cells};
use super::agent::{AgentColumn, AgentPast, AgentReading, AgentStats, DND, STEP_MINUTES};
use super::late::{Late, Object};
use super::pair::{PairCount, PairKey, PairTime, Pairs, Reasons};
use super::queue::{Queue, QueueCount, QueueTime, minute_of};
use super::seat::Seats;
use crate::model::action::{Action, AgentCount, On, Outcome, Status};
use crate::model::ids::{AgentId, DnId};
use crate::model::room::make_room;
use crate::model::tevent::CallType;
use crate::model::time::{Micros, Span, ms_between};
use edge::Edge;

/// Limits by which durations are judged.
#[derive(Clone, Copy, Debug)]
pub struct Thresholds {
    /// Within the service level: wait ≤ this, in ms.
    pub sl_ms: i64,
    /// Short abandon: wait < this, in ms.
    pub short_abandon_ms: i64,
    /// Short call: answer to release < this, in ms.
    pub short_call_ms: i64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { sl_ms: 20_000, short_abandon_ms: 5_000, short_call_ms: 5_000 }
    }
}

/// Statistics of all objects of a partition.
#[derive(Clone, Debug, Default)]
pub struct Board {
    thresholds: Thresholds,
    /// Queues in the order they were seen.
    pub queues: Vec<Queue>,
    /// Queue of a DN: its place in `queues` plus one, or zero.
    queue_of: Vec<u32>,
    /// Agents by id.
    pub agents: Vec<AgentStats>,
    /// What they were at edges, by the same.
    past: Vec<AgentPast>,
    /// Which agents have something in the running interval, and what they gained in the one before.
    edge: Edge,
    /// Another one whenever agents must be marked or listed anew at their next action.
    stamp: u32,
    memberships: Vec<Vec<u32>>,
    /// Agents at queues.
    pub pairs: Pairs,
    /// Agents under reasons.
    pub reasons: Reasons,
    /// Where the base accumulators of devices and agents are.
    seats: Seats,
    /// Base accumulators of all objects.
    accumulators: Accumulators,
    /// Begin of the running interval.
    pub interval_start: Micros,
    /// Bookings for intervals that have ended.
    pub late: Vec<Late>,
    /// Entries into queues that were heard of when their interval could not be corrected any more, and the begin of the
    /// interval that has them instead.
    pub moved: BTreeMap<(DnId, Micros), Micros>,
    /// Queues changed since the last look.
    pub dirty_queues: Vec<u32>,
    /// Agents changed since the last look.
    dirty_agents: Vec<AgentId>,
    minute: i64,
    /// Begin of the minute after it.
    minute_end: Micros,
    step: i64,
    /// Where [`Self::refresh`] goes on: queues first, then agents.
    refreshed: usize,
}

impl Board {
    /// An empty board.
    #[must_use]
    pub fn new(thresholds: Thresholds) -> Self {
        Self { thresholds, interval_start: Micros::MIN, minute_end: Micros::MIN, stamp: 1, ..Self::default() }
    }

    /// Makes room for names that were minted.
    #[inline]
    pub fn grow(&mut self, dns: usize, agents: usize) {
        if self.queue_of.len() < dns || self.agents.len() < agents {
            self.make_room(dns, agents);
        }
    }

    #[cold]
    fn make_room(&mut self, dns: usize, agents: usize) {
        self.seats.make_room(dns, agents);
        if self.queue_of.len() < dns {
            self.queue_of.resize(dns, 0);
        }
        if self.agents.len() < agents {
            let more = agents - self.agents.len();
            make_room(&mut self.agents, more);
            make_room(&mut self.past, more);
            make_room(&mut self.memberships, more);
            self.agents.resize_with(agents, AgentStats::default);
            self.past.resize_with(agents, AgentPast::default);
            self.memberships.resize_with(agents, Vec::new);
        }
    }

    /// The time of the input whose actions follow: sliding windows take their marks by it.
    #[inline]
    pub fn at(&mut self, now: Micros) {
        if now >= self.minute_end {
            self.begin_minute(minute_of(now));
        }
    }

    #[cold]
    fn begin_minute(&mut self, minute: i64) {
        self.minute = minute;
        self.minute_end = Micros(0) + Span::from_mins(minute + 1);
        let step = minute.div_euclid(STEP_MINUTES);
        if step != std::mem::replace(&mut self.step, step) {
            self.stamp = self.stamp.wrapping_add(1);
        }
    }

    /// Lists `share` (0 to 1) of all objects as changed, those whose turn it is, but not more than `most`: figures of a
    /// quiet object move with time, because windows slide and states last.
    pub fn refresh(&mut self, share: f64, most: usize) {
        let all = self.queues.len() + self.agents.len();
        for _ in 0..((all as f64 * share).ceil() as usize).min(all).min(most) {
            self.refreshed = (self.refreshed + 1) % all;
            if let Some(queue) = self.queues.get_mut(self.refreshed) {
                if !std::mem::replace(&mut queue.dirty, true) {
                    self.dirty_queues.push(self.refreshed as u32);
                }
                continue;
            }
            let agent = self.refreshed - self.queues.len();
            if !std::mem::replace(&mut self.past[agent].dirty, true) {
                self.dirty_agents.push(AgentId(agent as u32));
            }
        }
    }

    /// A queue by its DN.
    #[must_use]
    pub fn queue(&self, dn: DnId) -> Option<&Queue> {
        self.queues.get(self.queue_place(dn)?)
    }

    /// A queue's place in `queues`.
    #[must_use]
    pub fn queue_place(&self, dn: DnId) -> Option<usize> {
        (*self.queue_of.get(dn.index())? as usize).checked_sub(1)
    }

    /// Applies one action. Part of the loop over what an event concluded, and nowhere else.
    #[inline(always)]
    pub fn apply(&mut self, action: &Action) {
        match *action {
            Action::Started { what, on, call_type, at } => self.durable(what, on, call_type, None, at),
            Action::Ended { what, on, call_type, started, at } => {
                self.durable(what, on, call_type, Some(started), at);
            }
            Action::Occurred { what, on, call_type, at } => self.occurred(what, on, call_type, at),
            Action::Finished { what, on, call_type, lasted, at } => self.finished(what, on, call_type, lasted, at),
            Action::StayBegan { queue, entered_at, .. } => {
                self.queue_count(queue, QueueCount::Entered, 1, entered_at);
            }
            Action::StayEnded { queue, entered_at, left_at, ended_at, outcome, .. } => {
                self.stay_ended(queue, entered_at, left_at, ended_at, outcome);
            }
            Action::OfferUnanswered { queue, at } => self.queue_count(queue, QueueCount::NoAnswer, 1, at),
            Action::LegTransferred { queue, at } => self.queue_count(queue, QueueCount::TransferredOut, 1, at),
            Action::LegHandled { on, handle_ms, at } => self.leg_handled(on, handle_ms, at),
            Action::Counted { agent, what, at } => self.counted(agent, what, at),
            Action::LegReleased { agent, lasted_ms, at } => {
                if lasted_ms < self.thresholds.short_call_ms {
                    self.agent_count(agent, AgentColumn::ShortCalls, 1, at);
                }
            }
            Action::StatusChanged { agent, from, to, at } => self.status_changed(agent, from, to, at),
            Action::StateBegan { agent, status, reason, entered, at } => {
                if status == Status::NotReady && entered {
                    self.agent_count(agent, AgentColumn::NotReadyEntries, 1, at);
                }
                if matches!(status, Status::NotReady | Status::Acw) {
                    let place = &mut self.agents[agent.index()].reason;
                    self.reasons.of((agent, status, reason), place).counts[0] += 1;
                    if at < self.interval_start {
                        self.late_count(Object::Reason(agent, status, reason), 0, 1, at);
                    }
                }
            }
            Action::ReasonTime { agent, status, reason, stop, at } => {
                let place = &mut self.agents[agent.index()].reason;
                self.reasons.of((agent, status, reason), place).times.change(0, !stop, at);
                if at < self.interval_start {
                    self.late_time(Object::Reason(agent, status, reason), 0, !stop, at);
                }
            }
            Action::Dnd { agent, on, at } => self.agent_time(agent, DND, on, at),
            Action::Membership { agent, queue, joins, status, at } => self.membership(agent, queue, joins, status, at),
            Action::QueueSeen { queue, at } => {
                let slot = self.slot(queue, at);
                self.queues[slot].first_seen = at;
            }
            Action::LegAccrued { .. } | Action::Coverage { .. } => {}
        }
    }

    // ── queues ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// The queue's place, made when the queue is new.
    #[inline]
    fn slot(&mut self, dn: DnId, at: Micros) -> usize {
        match self.queue_of[dn.index()] {
            0 => self.open_slot(dn, at),
            place => place as usize - 1,
        }
    }

    /// A login may name a queue long before it has an event of its own, which is when its rows begin.
    #[cold]
    fn open_slot(&mut self, dn: DnId, at: Micros) -> usize {
        self.queues.push(Queue::new(dn, at));
        self.queue_of[dn.index()] = self.queues.len() as u32;
        self.queues.len() - 1
    }

    #[inline]
    fn touch_queue(&mut self, dn: DnId, at: Micros) -> &mut Queue {
        let slot = self.slot(dn, at);
        self.touch_slot(slot, at)
    }

    #[inline]
    fn touch_slot(&mut self, slot: usize, at: Micros) -> &mut Queue {
        let queue = &mut self.queues[slot];
        if queue.marked_minute != self.minute {
            queue.mark(self.minute);
        }
        queue.changed_at = queue.changed_at.max(at);
        if !queue.dirty {
            queue.dirty = true;
            self.dirty_queues.push(slot as u32);
        }
        queue
    }

    /// Several counts of a queue at one instant; zeros change nothing.
    fn queue_counts(&mut self, dn: DnId, at: Micros, counts: &[(QueueCount, i64)]) {
        let slot = self.slot(dn, at);
        self.touch_slot(slot, at);
        for (column, by) in counts.iter().copied().filter(|(_, by)| *by != 0) {
            self.queues[slot].ledger.counts[column as usize] += by;
            if at < self.interval_start {
                self.late_count(Object::Queue(dn), column as u8, by, at);
            }
        }
    }

    fn queue_count(&mut self, dn: DnId, column: QueueCount, by: i64, at: Micros) {
        self.touch_queue(dn, at).ledger.counts[column as usize] += by;
        if at < self.interval_start {
            self.late_count(Object::Queue(dn), column as u8, by, at);
        }
    }

    fn queue_time(&mut self, dn: DnId, column: QueueTime, starts: bool, at: Micros) {
        let slot = self.slot(dn, at);
        self.touch_slot(slot, at);
        self.slot_time(slot, column, starts, at);
    }

    /// A running time of a queue that was touched.
    #[inline]
    fn slot_time(&mut self, slot: usize, column: QueueTime, starts: bool, at: Micros) {
        let queue = &mut self.queues[slot];
        queue.ledger.times.change(column as usize, starts, at);
        if at < self.interval_start {
            let dn = queue.dn;
            self.late_time(Object::Queue(dn), column as u8, starts, at);
        }
    }

    fn pair_time(&mut self, pair: PairKey, column: PairTime, starts: bool, at: Micros) {
        let place = &mut self.agents[pair.0.index()].pair;
        self.pairs.of(pair, place).times.change(column as usize, starts, at);
        if at < self.interval_start {
            self.late_time(Object::Pair(pair.0, pair.1), column as u8, starts, at);
        }
    }

    fn pair_count(&mut self, pair: PairKey, column: PairCount, by: i64, at: Micros) {
        let place = &mut self.agents[pair.0.index()].pair;
        self.pairs.of(pair, place).counts[column as usize] += by;
        if at < self.interval_start {
            self.late_count(Object::Pair(pair.0, pair.1), column as u8, by, at);
        }
    }

    fn stay_ended(&mut self, dn: DnId, entered_at: Micros, left_at: Micros, at: Micros, outcome: Outcome) {
        let wait_ms = ms_between(entered_at, at);
        let within = wait_ms <= self.thresholds.sl_ms;
        let (left_at, at) = (self.booked_at(dn, entered_at, left_at), self.booked_at(dn, entered_at, at));
        match outcome {
            Outcome::Answered => {
                self.queue_counts(
                    dn,
                    at,
                    &[
                        (QueueCount::Answered, 1),
                        (QueueCount::WaitAnsweredMs, wait_ms),
                        (QueueCount::AnsweredWithinSl, i64::from(within)),
                    ],
                );
                self.wait_max(dn, 0, wait_ms, at);
                self.touch_queue(dn, at).day_waits.record(wait_ms);
            }
            Outcome::AbandonedQueue | Outcome::AbandonedRing => {
                self.queue_count(dn, QueueCount::Abandoned, 1, at);
                self.queue_count(dn, QueueCount::WaitAbandonedMs, wait_ms, at);
                if wait_ms < self.thresholds.short_abandon_ms {
                    self.queue_count(dn, QueueCount::AbandonedShort, 1, at);
                }
                if outcome == Outcome::AbandonedRing {
                    self.queue_count(dn, QueueCount::AbandonedRinging, 1, at);
                }
                if within {
                    self.queue_count(dn, QueueCount::AbandonedWithinSl, 1, at);
                }
                self.wait_max(dn, 1, wait_ms, at);
            }
            Outcome::Diverted => self.queue_count(dn, QueueCount::DivertedOut, 1, left_at),
            Outcome::Cleared | Outcome::RoutedElsewhere => self.queue_count(dn, QueueCount::Cleared, 1, left_at),
            Outcome::NoAnswerReturned | Outcome::Unknown => self.queue_count(dn, QueueCount::Other, 1, at),
            Outcome::Pending => {}
        }
    }

    fn wait_max(&mut self, dn: DnId, column: usize, wait_ms: i64, at: Micros) {
        if at < self.interval_start {
            self.late.push(Late::Max { object: Object::Queue(dn), column: column as u8, value: wait_ms, at });
            return;
        }
        let queue = self.touch_queue(dn, at);
        queue.wait_max_ms[column] = queue.wait_max_ms[column].max(Some(wait_ms));
    }

    fn leg_handled(&mut self, on: On, handle_ms: i64, at: Micros) {
        match on {
            On::Device { agent, .. } => {
                self.agent_count(agent, AgentColumn::Handled, 1, at);
                self.agent_count(agent, AgentColumn::HandleMs, handle_ms, at);
            }
            On::Queue { queue, agent, .. } => {
                self.queue_counts(queue, at, &[(QueueCount::Handled, 1), (QueueCount::HandleMs, handle_ms)]);
                if agent.is_some() {
                    self.pair_count((agent, queue), PairCount::Handled, 1, at);
                    self.pair_count((agent, queue), PairCount::HandleMs, handle_ms, at);
                }
            }
        }
    }

    fn membership(&mut self, agent: AgentId, dn: DnId, joins: bool, status: Status, at: Micros) {
        let slot = self.slot(dn, at) as u32;
        self.queue_time(dn, QueueTime::AgentsStaffedMs, joins, at);
        if status == Status::Ready {
            self.queue_time(dn, QueueTime::AgentsReadyMs, joins, at);
        }
        let queue = self.touch_queue(dn, at);
        let agents = &mut queue.agents[status as usize];
        *agents = if joins { *agents + 1 } else { agents.saturating_sub(1) };
        let list = &mut self.memberships[agent.index()];
        if joins {
            list.push(slot);
        } else {
            list.retain(|s| *s != slot);
        }
        self.touch_agent(agent);
        self.pair_time((agent, dn), PairTime::MembershipMs, joins, at);
    }

    // ── agents ───────────────────────────────────────────────────────────────────────────────────────────────────

    #[inline]
    fn touch_agent(&mut self, agent: AgentId) -> &mut AgentStats {
        if self.agents[agent.index()].stamp != self.stamp {
            self.stamp_agent(agent);
        }
        &mut self.agents[agent.index()]
    }

    /// Marks and lists an agent before his first action since the stamp changed.
    #[cold]
    fn stamp_agent(&mut self, agent: AgentId) {
        let (stats, past) = (&mut self.agents[agent.index()], &mut self.past[agent.index()]);
        stats.stamp = self.stamp;
        if past.marked_step != self.step {
            past.mark(stats, self.step);
        }
        if !std::mem::replace(&mut past.dirty, true) {
            self.dirty_agents.push(agent);
        }
        if past.listed != self.edge.epoch {
            self.edge.touch(agent, stats, past);
        }
    }

    #[inline]
    fn agent_count(&mut self, agent: AgentId, column: AgentColumn, by: i64, at: Micros) {
        self.touch_agent(agent).ledger.add(column, by);
        if at < self.interval_start {
            self.late_count(Object::Agent(agent), column as u8, by, at);
        }
    }

    fn agent_time(&mut self, agent: AgentId, time: usize, starts: bool, at: Micros) {
        self.touch_agent(agent).ledger.change(time, starts, at);
        if at < self.interval_start {
            self.late_time(Object::Agent(agent), time as u8, starts, at);
        }
    }

    fn counted(&mut self, agent: AgentId, what: AgentCount, at: Micros) {
        self.touch_agent(agent);
        match what {
            // What is heard of late is the interval's that it happened in.
            _ if at < self.interval_start => {}
            AgentCount::Logins => {
                self.past[agent.index()].first_login_at.get_or_insert(at);
            }
            AgentCount::Logouts => self.past[agent.index()].last_logout_at = Some(at),
            _ => {}
        }
        self.agent_count(agent, AgentColumn::of(what), 1, at);
    }

    fn status_changed(&mut self, agent: AgentId, from: Status, to: Status, at: Micros) {
        self.touch_agent(agent).status = to;
        if from != Status::LoggedOut {
            self.agent_time(agent, from as usize, false, at);
        }
        if to != Status::LoggedOut {
            self.agent_time(agent, to as usize, true, at);
        }
        let ready = (to == Status::Ready) != (from == Status::Ready);
        for i in 0..self.memberships[agent.index()].len() {
            let slot = self.memberships[agent.index()][i] as usize;
            let queue = self.touch_slot(slot, at);
            queue.agents[from as usize] = queue.agents[from as usize].saturating_sub(1);
            queue.agents[to as usize] += 1;
            if ready {
                self.slot_time(slot, QueueTime::AgentsReadyMs, to == Status::Ready, at);
            }
        }
    }

    /// What an agent gained since the day began, up to `now`.
    #[must_use]
    pub fn agent_day(&self, agent: AgentId, now: Micros) -> AgentReading {
        self.past[agent.index()].day(&self.agents[agent.index()], now)
    }

    /// What an agent gained in the sliding window, up to `now`.
    #[must_use]
    pub fn agent_window(&self, agent: AgentId, now: Micros) -> AgentReading {
        self.past[agent.index()].window(&self.agents[agent.index()], now)
    }

    /// The agents changed since the last call, in the order in which they changed.
    pub fn changed_agents(&mut self) -> Vec<AgentId> {
        self.stamp = self.stamp.wrapping_add(1);
        let agents = std::mem::take(&mut self.dirty_agents);
        agents.iter().for_each(|agent| self.past[agent.index()].dirty = false);
        agents
    }

    /// Gives back the memory of a list of changed agents.
    pub fn recycle_agents(&mut self, mut agents: Vec<AgentId>) {
        if self.dirty_agents.is_empty() {
            agents.clear();
            self.dirty_agents = agents;
        }
    }

    /// Base accumulators of a DN for a call type; `None` when it has seen none of that type.
    #[must_use]
    pub fn base_of_device(&self, dn: DnId, call_type: CallType) -> Option<Cells> {
        self.seats.of_device(dn, call_type, &self.accumulators)
    }

    /// Base accumulators of an agent for a call type; `None` when he has seen none of that type.
    #[must_use]
    pub fn base_of_agent(&self, agent: AgentId, call_type: CallType) -> Option<Cells> {
        self.seats.of_agent(agent, call_type, &self.accumulators)
    }

    /// Base accumulators of a queue for a call type; `None` when it has seen none of that type.
    #[must_use]
    pub fn base_of_queue(&self, queue: &Queue, call_type: CallType) -> Option<Cells> {
        self.accumulators.read(&queue.pages, call_type)
    }

    /// Broken invariants: always zero.
    #[must_use]
    pub const fn violations(&self) -> u64 {
        self.accumulators.violations
    }

    /// Starts the reporting day anew at `day_start`.
    pub fn start_day(&mut self, day_start: Micros) {
        self.queues.iter_mut().for_each(Queue::start_day);
        self.agents.iter().zip(&mut self.past).for_each(|(agent, past)| past.start_day(agent, day_start));
    }
}
