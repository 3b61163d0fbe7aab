//! A queue stay: one call in one queue, from its entry to its end, and where it went.
//!
//! ```text
//!            57, 71                58, 72 to nobody known yet            no target within the settling time
//!  (none) ──────────▶ Waiting ───────────────────────────────▶ Left ───────────────────────────────▶ diverted, cleared
//!                        │  59: abandoned                        │ target rings
//!                        │  58, 72 to a ringing target           ▼
//!                        └───────────────────────────────────▶ Offered ──▶ answered, abandoned while ringing
//!                                                               ▲  │ unanswered
//!                                     rings again for this queue│  ▼
//!                                                              Returned ──▶ no_answer_returned
//! ```
//!
//! The first event that closes the stay in the queue itself fixes `left_at`; later ones only add the target. A stay that
//! is answered before the queue says that it left, left at the answer.

use compact_str::CompactString;

use super::anomaly::Anomaly;
use super::leg::PARTIES_MAX;
use super::slab::{Ix, NIL};
use super::world::World;
use crate::model::action::{Action, Durable, On, Outcome, Retrospective};
use crate::model::identity::{LegKey, QueueSegmentKey};
use crate::model::ids::{AgentId, DnId, EventId, SwitchId};
use crate::model::names::Names;
use crate::model::row::{PartyRow, QueueSegmentRow};
use crate::model::table::{PartyKey, Site, Tenant};
use crate::model::tevent::{CallState, CallType, TEvent};
use crate::model::time::{Micros, ms_between};

/// Where a stay is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StayState {
    /// In the queue.
    Waiting,
    /// Out of the queue; whether somebody is offered the call is not known yet.
    Left,
    /// Rings at this party.
    Offered(Ix),
    /// The offer ended unanswered; whether another follows is not known yet.
    Returned,
}

/// One call in one queue.
#[derive(Clone, Debug)]
pub struct Stay {
    /// Its call now.
    pub call: Ix,
    /// Its queue.
    pub queue: DnId,
    /// The queue's switch.
    pub switch: SwitchId,
    /// Neighbours in the queue's list, in order of entry.
    pub next_in_queue: Ix,
    /// The neighbour before.
    pub before_in_queue: Ix,
    /// Next stay of the call.
    pub next_in_call: Ix,
    /// Names the stay.
    pub key: QueueSegmentKey,
    /// Position of the entry among all inputs.
    pub entered_order: u64,
    /// Type of the call at entry.
    pub call_type: CallType,
    /// Which entry of the call into this queue.
    pub entry_seq: i32,
    /// Where it is.
    pub state: StayState,
    /// Left the queue itself.
    pub left_at: Option<Micros>,
    /// Position of the departure among all inputs.
    pub left_order: u64,
    /// What the event said by which it left.
    pub why: CallState,
    /// The departure said "cleared" or "redirected".
    pub cleared: bool,
    /// Target of the departure, when its DN is known.
    pub target: DnId,
    /// Target of the departure as sent; empty when there was none.
    pub target_number: CompactString,
    /// Release of the last unanswered offer, and its position.
    pub returned_at: Option<(Micros, u64)>,
    /// The leg that was offered the call last.
    pub leg: Option<LegKey>,
    /// Counted as a virtual queue's when it opened.
    pub is_virtual: bool,
    /// Begin of the treatment that goes on.
    pub treated_since: Option<Micros>,
    /// Time under treatments that ended.
    pub treatment_ms: i64,
    /// Its routing request, while that has no row.
    pub route: Ix,
    /// Last event that touched it.
    pub last_event: EventId,
}

/// Where and when a stay ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub outcome: Outcome,
    pub at: Micros,
    pub order: u64,
    pub agent: AgentId,
}

impl World {
    /// EventQueued: the call enters, unless it already waits in this very stay.
    pub(super) fn on_queued(&mut self, ev: &TEvent<'_>, names: &Names) {
        if !self.needs_dn(ev) {
            return;
        }
        let Some(call) = self.call_of(ev, ev.conn, names) else { return };
        let vqid = ev.extensions.get("VQID").unwrap_or_default();
        if !vqid.is_empty() {
            self.devices[ev.this_dn.index()].is_virtual = true;
        }
        if self.find_stay(call, ev.this_dn, None, |s| s.state == StayState::Waiting && s.key.vqid == vqid).is_some() {
            self.out.odd(Anomaly::StayRepeated);
            return;
        }
        self.enter_queue(call, ev, &vqid, names);
    }

    /// EventRouteRequest: an entry if the call does not wait there yet.
    pub(super) fn on_route_request(&mut self, ev: &TEvent<'_>, names: &Names) {
        if !self.needs_dn(ev) {
            return;
        }
        let Some(call) = self.call_of(ev, ev.conn, names) else { return };
        let waiting = |s: &Stay| s.state == StayState::Waiting;
        match self.find_stay(call, ev.this_dn, None, waiting) {
            Some(ix) => self.stays[ix].last_event = self.event,
            None => self.enter_queue(call, ev, "", names),
        }
        if let Some(ix) = self.find_stay(call, ev.this_dn, None, waiting) {
            self.route_requested(ix, ev);
        }
    }

    pub(super) fn enter_queue(&mut self, call: Ix, ev: &TEvent<'_>, vqid: &str, names: &Names) {
        let (queue, at) = (ev.this_dn, ev.time);
        if self.calls[call].open + self.calls[call].open_virtual >= PARTIES_MAX {
            self.out.odd(Anomaly::PartyRefused);
            return;
        }
        self.resolve_targets(call, names);
        self.queue_entered(call, queue);
        let entry_seq = self.note_entry(call, queue, at);
        let is_virtual = self.devices[queue.index()].is_virtual;
        let c = &mut self.calls[call];
        c.first_queued_at = c.first_queued_at.min(at);
        let call_type = ev.call_type.unwrap_or(c.call_type);
        let (before, first) = (self.devices[queue.index()].stays.1, self.calls[call].stays);
        let ix = self.stays.insert(Stay {
            call,
            queue,
            switch: ev.switch,
            next_in_queue: NIL,
            before_in_queue: before,
            next_in_call: first,
            key: QueueSegmentKey { call: self.calls[call].id, queue, entered_at: at, vqid: vqid.into() },
            entered_order: self.order,
            call_type,
            entry_seq,
            state: StayState::Waiting,
            left_at: None,
            left_order: 0,
            why: CallState::OK,
            cleared: false,
            target: DnId::NONE,
            target_number: CompactString::default(),
            returned_at: None,
            leg: None,
            is_virtual,
            treated_since: None,
            treatment_ms: 0,
            route: NIL,
            last_event: self.event,
        });
        self.trail_in_queue(ix, "queued", at);
        if before == NIL {
            self.devices[queue.index()].stays = (ix, ix);
        } else {
            self.stays[before].next_in_queue = ix;
            self.devices[queue.index()].stays.1 = ix;
        }
        self.calls[call].stays = ix;
        self.hold_call_open(call, is_virtual);
        self.end_attempt(call, at);
        if is_virtual && self.calls[call].open == 0 {
            self.calls[call].left_at = at;
            self.settle_call(call, at);
        }
        let on = On::Queue { queue, agent: AgentId::NONE, entered_at: at };
        self.out.push(Action::StayBegan { queue, entered_at: at, order: self.order });
        self.out.push(Action::Started { what: Durable::CallWait, on, call_type, at });
        self.count_diversion_into(call, queue);
    }

    /// What an entry of the call into some queue decides about its other stays.
    pub(super) fn queue_entered(&mut self, call: Ix, queue: DnId) {
        let mut at = self.calls[call].stays;
        while at != NIL {
            let (ix, next) = (at, self.stays[at].next_in_call);
            at = next;
            let stay = &self.stays[ix];
            match stay.state {
                // Queued again: the unanswered offer was this stay's last.
                StayState::Returned => self.returned_for_good(ix),
                StayState::Left if stay.target == queue => self.stay_settled(ix),
                _ => {}
            }
        }
    }

    /// The waiting in the queue itself is over.
    pub(super) fn end_wait(&mut self, ix: Ix, at: Micros) {
        let (on, stay) = (self.on_stay(ix), &self.stays[ix]);
        let (call_type, started) = (stay.call_type, stay.key.entered_at);
        self.out.push(Action::Ended { what: Durable::CallWait, on, call_type, started, at });
    }

    pub(super) fn on_stay(&self, ix: Ix) -> On {
        let stay = &self.stays[ix];
        On::Queue { queue: stay.queue, agent: AgentId::NONE, entered_at: stay.key.entered_at }
    }

    /// Ends a stay: its actions, its row, and its places in the lists.
    pub(super) fn end_stay(&mut self, ix: Ix, end: End) {
        let (on, call_type) = (self.on_stay(ix), self.stays[ix].call_type);
        let stay = &self.stays[ix];
        let entered_at = stay.key.entered_at;
        let offered = stay.leg.is_some();
        let left_at = stay.left_at.unwrap_or(end.at);
        let (queue, call) = (stay.queue, stay.call);
        if offered {
            self.out.push(Action::Ended { what: Durable::CallAlerting, on, call_type, started: left_at, at: end.at });
        } else {
            self.end_wait(ix, left_at);
        }
        let waited = left_at - entered_at;
        let mut finished = |what, lasted, at| self.out.push(Action::Finished { what, on, call_type, lasted, at });
        match end.outcome {
            Outcome::AbandonedQueue => finished(Retrospective::CallAbandoned, end.at - entered_at, end.at),
            Outcome::Cleared | Outcome::RoutedElsewhere => finished(Retrospective::CallCleared, waited, left_at),
            Outcome::Unknown if !offered => finished(Retrospective::StuckCallCleaned, end.at - entered_at, end.at),
            // A call that was offered has been distributed since.
            _ if offered => {}
            Outcome::Pending | Outcome::Unknown => {}
            _ => finished(Retrospective::CallDistributed, waited, left_at),
        }
        if end.outcome == Outcome::Answered {
            let (what, on) = (Retrospective::CallAnswered, On::Queue { queue, agent: end.agent, entered_at });
            let (lasted, at) = (end.at - entered_at, end.at);
            self.out.push(Action::Finished { what, on, call_type, lasted, at });
        }
        let mut finished = |what, lasted, at| self.out.push(Action::Finished { what, on, call_type, lasted, at });
        match end.outcome {
            Outcome::AbandonedRing => finished(Retrospective::CallAbandonedFromRinging, end.at - entered_at, end.at),
            Outcome::NoAnswerReturned => finished(Retrospective::CallMissed, end.at - entered_at, end.at),
            Outcome::Unknown if offered => finished(Retrospective::CallMissed, end.at - entered_at, end.at),
            Outcome::Diverted => finished(Retrospective::CallDistributedToQueue, waited, left_at),
            _ => {}
        }
        self.out.push(Action::StayEnded {
            queue,
            entered_at,
            left_at,
            ended_at: end.at,
            order: end.order,
            outcome: end.outcome,
        });
        let row = self.stay_row(ix, end.outcome, Some(left_at), end.at, end.agent);
        self.out.stays.push(row);
        self.write_queue_party(ix, end.outcome, left_at);
        self.route_left(ix, end.outcome, left_at, end.agent);
        self.tally_stay(ix, end.outcome, end.at);
        if matches!(
            end.outcome,
            Outcome::Answered | Outcome::AbandonedRing | Outcome::Diverted | Outcome::NoAnswerReturned
        ) {
            self.calls[call].divert_count += 1;
        }
        self.decisions.remove(&ix);
        self.unlink_stay(ix);
        if end.outcome == Outcome::Diverted {
            self.note_diversion(call, self.stays[ix].target, left_at);
        }
        let is_virtual = self.stays[ix].is_virtual;
        self.stays.remove(ix);
        self.let_call_go(call, is_virtual, end.at);
    }

    /// Writes the queue's own part in the call, which ended in the queue at `left_at` (pending: open until then).
    pub(super) fn write_queue_party(&mut self, ix: Ix, outcome: Outcome, left_at: Micros) {
        self.end_treatment(ix, left_at);
        let stay = &self.stays[ix];
        let left = outcome != Outcome::Pending || stay.left_at.is_some();
        let cause = match outcome {
            Outcome::AbandonedQueue => "abandoned",
            Outcome::Cleared | Outcome::RoutedElsewhere => "cleared",
            Outcome::Unknown => "lost",
            _ => "diverted",
        };
        let key = PartyKey(LegKey { call: stay.key.call, dn: stay.queue, offered_at: stay.key.entered_at });
        let row = PartyRow {
            tenant_id: Tenant(stay.switch),
            party_id: key,
            party_guid: key,
            call_id: stay.key.call,
            interaction_id: self.contact_id(stay.call, stay.key.call),
            site_id: Site(stay.switch),
            dn: stay.queue,
            dn_type: self.queue_kind(stay.queue),
            resource_id: stay.queue,
            agent_id: AgentId::NONE,
            agent_session_id: None,
            role: "routing",
            parent_party_id: None,
            parent_link_type: None,
            joined_at: stay.key.entered_at,
            left_at: left.then_some(left_at),
            left_cause: left.then_some(cause),
            alerting_ms: 0,
            connected_ms: 0,
            hold_ms: 0,
            queued_ms: ms_between(stay.key.entered_at, left_at),
            treatment_ms: stay.treatment_ms,
            acw_ms: 0,
            final_state: "queued",
            end_known: left && outcome != Outcome::Unknown,
            revision: 1,
            last_event_id: stay.last_event,
            written_at: self.now,
        };
        let call = self.stays[ix].call;
        self.calls[call].tally.parties += 1;
        self.out.parties.push(row);
        self.trail_leaves_queue(ix, key.0, left_at, !left);
    }

    /// The row of a stay that ended as `outcome` at `until`, or is open then.
    pub(super) fn stay_row(
        &self,
        ix: Ix,
        outcome: Outcome,
        left_at: Option<Micros>,
        until: Micros,
        agent: AgentId,
    ) -> QueueSegmentRow {
        let stay = &self.stays[ix];
        let entered_at = stay.key.entered_at;
        let left = left_at.unwrap_or(until);
        let said = self.decision_of(ix);
        let distributed = !matches!(
            outcome,
            Outcome::AbandonedQueue | Outcome::Cleared | Outcome::RoutedElsewhere | Outcome::Unknown
        );
        QueueSegmentRow {
            tenant_id: Tenant(stay.switch),
            queue_segment_id: stay.key.clone(),
            call_id: stay.key.call,
            interaction_id: self.contact_id(stay.call, stay.key.call),
            queue_id: stay.queue,
            queue_kind: self.queue_kind(stay.queue),
            call_type: stay.call_type.word(),
            entered_at,
            distributed_at: left_at.filter(|_| distributed),
            answered_at: (outcome == Outcome::Answered).then_some(until),
            left_at,
            entry_seq: stay.entry_seq,
            outcome: outcome.word(),
            outcome_reason: if stay.why == CallState::OK { None } else { stay.why.name() },
            queue_ms: ms_between(entered_at, left),
            ring_ms: ms_between(left, until),
            wait_ms: ms_between(entered_at, until),
            answered_by_agent_id: agent,
            handling_segment_id: stay.leg,
            diverted_to: (outcome == Outcome::Diverted && !stay.target_number.is_empty())
                .then(|| stay.target_number.clone()),
            strategy: self.strategy_of(ix),
            target: said.and_then(|said| said.target.clone()),
            target_kind: said.and_then(|said| said.target_kind.clone()),
            skill_expression: said.and_then(|said| said.skills.clone()),
            priority: None,
            position_on_entry: None,
            ewt_ms_on_entry: None,
            is_short_abandon: false,
            definition_version: 1,
            parallel_group_id: None,
            revision: 1,
            last_event_id: stay.last_event,
            written_at: self.now,
        }
    }

    /// The open stay of a call in a queue (`vqid` absent: any) for which `wanted` holds; the oldest entry first.
    pub(super) fn find_stay(
        &self,
        call: Ix,
        queue: DnId,
        vqid: Option<&str>,
        wanted: impl Fn(&Stay) -> bool,
    ) -> Option<Ix> {
        let mut found = None;
        let mut at = self.calls[call].stays;
        while at != NIL {
            let stay = &self.stays[at];
            // A stay without VQID, or an event without one, means whichever stay there is.
            let same = vqid.is_none_or(|v| stay.key.vqid == v || stay.key.vqid.is_empty() || v.is_empty());
            if stay.queue == queue && same && wanted(stay) {
                found = Some(at);
            }
            at = stay.next_in_call;
        }
        found
    }

    /// Any open stay of a call in a queue.
    pub(super) fn find_stay_on(&self, call: Ix, queue: DnId) -> Option<Ix> {
        self.find_stay(call, queue, None, |_| true)
    }

    pub(super) fn unlink_stay(&mut self, ix: Ix) {
        let (queue, before, after) =
            (self.stays[ix].queue, self.stays[ix].before_in_queue, self.stays[ix].next_in_queue);
        let ends = &mut self.devices[queue.index()].stays;
        if before == NIL {
            ends.0 = after;
        } else {
            self.stays[before].next_in_queue = after;
        }
        let ends = &mut self.devices[queue.index()].stays;
        if after == NIL {
            ends.1 = before;
        } else {
            self.stays[after].before_in_queue = before;
        }
        self.unlink_stay_from_call(ix);
    }

    /// Takes a stay out of its call's list.
    pub(super) fn unlink_stay_from_call(&mut self, ix: Ix) {
        let (call, next) = (self.stays[ix].call, self.stays[ix].next_in_call);
        let mut at = self.calls[call].stays;
        if at == ix {
            self.calls[call].stays = next;
            return;
        }
        while self.stays[at].next_in_call != ix {
            at = self.stays[at].next_in_call;
        }
        self.stays[at].next_in_call = next;
    }

    /// Entry of the call that waits longest in a queue now, ringing ones excluded: as long as nobody is known to be offered it,
    /// a call that has left still counts, as it does among those that wait on a board.
    #[must_use]
    pub fn oldest_waiting(&self, queue: DnId) -> Option<Micros> {
        self.stays_in(queue).find(|s| s.leg.is_none()).map(|s| s.key.entered_at)
    }

    /// How many calls are in a queue itself now, and the entry of the oldest; what has left is not, wherever it is.
    #[must_use]
    pub fn in_queue(&self, queue: DnId) -> (u32, Option<Micros>) {
        let mut inside = self.stays_in(queue).filter(|s| s.state == StayState::Waiting).map(|s| s.key.entered_at);
        let oldest = inside.next();
        (inside.count() as u32 + u32::from(oldest.is_some()), oldest)
    }

    /// Entry of the oldest stay that is open now and began before `edge`.
    #[must_use]
    pub fn oldest_stay_before(&self, queue: DnId, edge: Micros) -> Option<Micros> {
        self.stays_in(queue).next().map(|s| s.key.entered_at).filter(|at| *at < edge)
    }

    pub(super) fn stays_in(&self, queue: DnId) -> impl Iterator<Item = &Stay> {
        let mut at = self.devices.get(queue.index()).map_or(NIL, |d| d.stays.0);
        std::iter::from_fn(move || {
            let stay = (at != NIL).then(|| &self.stays[at])?;
            at = stay.next_in_queue;
            Some(stay)
        })
    }
}
