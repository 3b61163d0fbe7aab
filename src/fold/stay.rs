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
use super::call::{Diversion, Entry};
use super::party::{CREDITS_MAX, Credit, Opening, Signal};
use super::slab::{Ix, NIL};
use super::world::{Timer, World};
use crate::model::action::{Action, Durable, Momentary, On, Outcome, Retrospective};
use crate::model::identity::{LegKey, QueueSegmentKey};
use crate::model::ids::{AgentId, DnId, EventId, SwitchId};
use crate::model::names::Names;
use crate::model::row::QueueSegmentRow;
use crate::model::table::Tenant;
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
#[derive(Debug)]
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
    /// Last event that touched it.
    pub last_event: EventId,
}

/// Where and when a stay ended.
#[derive(Clone, Copy, Debug)]
struct End {
    outcome: Outcome,
    at: Micros,
    order: u64,
    agent: AgentId,
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
        match self.find_stay(call, ev.this_dn, None, |s| s.state == StayState::Waiting) {
            Some(ix) => self.stays[ix].last_event = self.event,
            None => self.enter_queue(call, ev, "", names),
        }
    }

    fn enter_queue(&mut self, call: Ix, ev: &TEvent<'_>, vqid: &str, names: &Names) {
        let (queue, at) = (ev.this_dn, ev.time);
        self.resolve_targets(call, names);
        self.queue_entered(call, queue);
        let entry_seq = self.note_entry(call, queue, at);
        let is_virtual = self.devices[queue.index()].is_virtual;
        let c = &mut self.calls[call];
        c.first_queued_at.get_or_insert(at);
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
            cleared: false,
            target: DnId::NONE,
            target_number: CompactString::default(),
            returned_at: None,
            leg: None,
            is_virtual,
            last_event: self.event,
        });
        if before == NIL {
            self.devices[queue.index()].stays = (ix, ix);
        } else {
            self.stays[before].next_in_queue = ix;
            self.devices[queue.index()].stays.1 = ix;
        }
        self.calls[call].stays = ix;
        self.hold_call_open(call, is_virtual);
        let on = On::Queue { queue, agent: AgentId::NONE, entered_at: at };
        self.out.push(Action::StayBegan { queue, entered_at: at, order: self.order });
        self.out.push(Action::Started { what: Durable::CallWait, on, call_type, at });
        self.count_diversion_into(call, queue);
    }

    /// What an entry of the call into some queue decides about its other stays.
    fn queue_entered(&mut self, call: Ix, queue: DnId) {
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

    /// Counts the entry, and says which it is for this queue.
    fn note_entry(&mut self, call: Ix, queue: DnId, at: Micros) -> i32 {
        let entries = &mut self.calls[call].entries;
        if let Some(entry) = entries.iter_mut().find(|e| e.queue == queue) {
            entry.count += 1;
            entry.at = at;
            entry.counted = false;
            return entry.count;
        }
        entries.push(Entry { queue, count: 1, at, counted: false });
        1
    }

    /// Counts the call's last entry into `queue` as diverted in, if a stay was diverted there within the settling time.
    fn count_diversion_into(&mut self, call: Ix, queue: DnId) {
        let settle = self.patience.settle;
        let c = &mut self.calls[call];
        let Some(entry) = c.entries.iter_mut().find(|e| e.queue == queue && !e.counted) else { return };
        let near = c
            .diversions
            .iter()
            .flatten()
            .any(|d| d.target == queue && (entry.at - d.at) <= settle && (d.at - entry.at) <= settle);
        if near {
            entry.counted = true;
            let at = entry.at;
            let on = On::Queue { queue, agent: AgentId::NONE, entered_at: at };
            self.out.push(Action::Occurred { what: Momentary::CallDivertedIn, on, call_type: c.call_type, at });
        }
    }

    /// EventDiverted and EventRouteUsed on a queue.
    pub(super) fn on_departure(&mut self, ev: &TEvent<'_>, names: &Names) {
        if !self.needs_dn(ev) {
            return;
        }
        if !self.devices[ev.this_dn.index()].is_queue {
            // A phone's calls do not leave this way; the event says nothing about it.
            self.out.odd(Anomaly::StayUnknown);
            return;
        }
        let found = self.find_call(ev.switch, ev.conn);
        let Some(call) = found else {
            self.out.odd(Anomaly::StayUnknown);
            return;
        };
        self.call_of(ev, ev.conn, names);
        let vqid = ev.extensions.get("VQID");
        let waiting = |s: &Stay| s.state == StayState::Waiting;
        if let Some(ix) = self.find_stay(call, ev.this_dn, vqid.as_deref(), waiting) {
            self.leave_queue(ix, ev);
        } else if let Some(ix) = self.find_stay(call, ev.this_dn, vqid.as_deref(), |s| s.target_number.is_empty()) {
            self.add_target(ix, ev);
        } else if self.find_stay(call, ev.this_dn, vqid.as_deref(), |_| true).is_none()
            && !self.entered_lately(call, ev.this_dn)
        {
            self.out.odd(Anomaly::StayUnknown);
        }
    }

    /// Whether the call has been in this queue at all: a second closing event is no orphan.
    fn entered_lately(&self, call: Ix, queue: DnId) -> bool {
        self.calls[call].entries.iter().any(|e| e.queue == queue)
    }

    fn leave_queue(&mut self, ix: Ix, ev: &TEvent<'_>) {
        let order = self.order;
        let event = self.event;
        let stay = &mut self.stays[ix];
        stay.left_at = Some(ev.time);
        stay.left_order = order;
        stay.last_event = event;
        stay.state = StayState::Left;
        stay.cleared = matches!(ev.call_state, CallState::CLEARED | CallState::REDIRECTED);
        stay.target_number = ev.third_party_number.into();
        stay.target = ev.third_party_dn;
        if stay.is_virtual && !self.wins(ix, ev) {
            return;
        }
        self.direct(ix);
    }

    /// Whether this virtual queue distributed the call; if not, the stay is over.
    fn wins(&mut self, ix: Ix, ev: &TEvent<'_>) -> bool {
        let stay = &self.stays[ix];
        let outcome = match ev.user_data.get("RVQID").filter(|v| !v.is_empty()) {
            Some(winner) if winner == stay.key.vqid.as_str() => return true,
            Some(_) => Outcome::RoutedElsewhere,
            None if !stay.target_number.is_empty() => return true,
            None => Outcome::Cleared,
        };
        self.end_at_departure(ix, outcome);
        false
    }

    /// A second closing event: it may name the target that the first did not.
    fn add_target(&mut self, ix: Ix, ev: &TEvent<'_>) {
        let event = self.event;
        let stay = &mut self.stays[ix];
        stay.last_event = event;
        stay.target_number = ev.third_party_number.into();
        stay.target = ev.third_party_dn;
        if stay.state == StayState::Left {
            self.direct(ix);
        }
    }

    /// Decides where a stay that left goes, as far as that is known now.
    fn direct(&mut self, ix: Ix) {
        let stay = &self.stays[ix];
        let named = !stay.target_number.is_empty();
        if !named && stay.cleared {
            self.end_at_departure(ix, Outcome::Cleared);
        } else if named && stay.target.is_some() && self.devices[stay.target.index()].is_queue {
            self.end_at_departure(ix, Outcome::Diverted);
        } else if let Some(party) = self.matching_party(ix) {
            self.offered(ix, party);
        } else {
            let from = self.stays[ix].left_at.unwrap_or(self.now);
            self.settle(Timer::Stay(ix), from);
        }
    }

    /// A party of the call that this stay's departure can have been for: the first that had not left by then.
    fn matching_party(&self, ix: Ix) -> Option<Ix> {
        let left_at = self.stays[ix].left_at.unwrap_or(self.now);
        let rank = |p: Ix| (self.parties[p].closed_at < left_at, self.parties[p].opened_order);
        let mut best: Option<Ix> = None;
        let mut at = self.calls[self.stays[ix].call].parties;
        while at != NIL {
            if self.can_be_target(ix, at) && best.is_none_or(|b| rank(at) < rank(b)) {
                best = Some(at);
            }
            at = self.parties[at].next_in_call;
        }
        best
    }

    fn can_be_target(&self, ix: Ix, party_ix: Ix) -> bool {
        let (stay, party) = (&self.stays[ix], &self.parties[party_ix]);
        let left_at = stay.left_at.unwrap_or(self.now);
        let settle = self.patience.settle;
        if party.observer
            || !matches!(party.opened_by, Opening::Ringing | Opening::Established)
            || party.opened_order < stay.entered_order
            || party.leg.offered_at > left_at + settle
            || party.is_credited_to(stay.queue, &stay.key.vqid)
        {
            return false;
        }
        if !party.is_open() && party.closed_at < left_at {
            let unanswered = party.answered_at.is_none();
            if !unanswered || left_at - party.closed_at > settle {
                return false;
            }
        }
        if stay.target_number.is_empty() { party.opened_queue == stay.queue } else { party.dn == stay.target }
    }

    /// A party begins to ring: stays that left, or whose offer came back, may have meant it.
    pub(super) fn offer_to(&mut self, party: Ix) {
        let call = self.parties[party].call;
        let mut at = self.calls[call].stays;
        while at != NIL {
            let (ix, next) = (at, self.stays[at].next_in_call);
            at = next;
            match self.stays[ix].state {
                StayState::Left => {
                    if self.can_be_target(ix, party) {
                        self.offered(ix, party);
                    }
                }
                StayState::Returned => {
                    let (stay, p) = (&self.stays[ix], &self.parties[party]);
                    if self.devices[stay.queue.index()].is_acd_queue()
                        && p.opened_by == Opening::Ringing
                        && p.opened_queue == stay.queue
                        && stay.returned_at.is_some_and(|(_, order)| p.opened_order > order)
                    {
                        self.offered(ix, party);
                    }
                }
                StayState::Waiting | StayState::Offered(_) => {}
            }
        }
    }

    /// The target of a stay may have been a number without history when it left; it may have one by now.
    pub(super) fn resolve_targets(&mut self, call: Ix, names: &Names) {
        let mut at = self.calls[call].stays;
        while at != NIL {
            let stay = &mut self.stays[at];
            if stay.target.is_none() && !stay.target_number.is_empty() {
                stay.target = names.find_dn(stay.switch, &stay.target_number);
            }
            at = stay.next_in_call;
        }
    }

    /// The stay's call is offered to a party, which may have rung, answered or gone before the queue said so.
    fn offered(&mut self, ix: Ix, party_ix: Ix) {
        let (stay, party) = (&self.stays[ix], &self.parties[party_ix]);
        // A party that rings for another queue was not this queue's to distribute.
        if self.devices[stay.queue.index()].is_acd_queue()
            && party.opened_queue.is_some()
            && party.opened_queue != stay.queue
        {
            self.end_at_departure(ix, Outcome::RoutedElsewhere);
            return;
        }
        let first_offer = stay.returned_at.is_none();
        let earliest = party.answered_at.or((!party.is_open()).then_some(party.closed_at));
        let left_at = stay.left_at.unwrap_or(self.now);
        let left_at = earliest.map_or(left_at, |e| left_at.min(e));
        let leg = party.leg;
        let stay = &mut self.stays[ix];
        stay.left_at = Some(left_at);
        stay.leg = Some(leg);
        stay.state = StayState::Offered(party_ix);
        if first_offer {
            self.end_wait(ix, left_at);
            let (on, call_type) = (self.on_stay(ix), self.stays[ix].call_type);
            self.out.push(Action::Started { what: Durable::CallAlerting, on, call_type, at: left_at });
        }
        self.credit(ix, party_ix);
        let party = &self.parties[party_ix];
        if party.answered_at.is_some() {
            self.answered_by(ix, party_ix);
        } else if !party.is_open() {
            let abandoned = party.abandoned;
            self.unanswered_by(ix, party_ix, abandoned);
        }
    }

    /// Credits a party to a stay; ring, talk and hold that are over already are made up for.
    fn credit(&mut self, ix: Ix, party_ix: Ix) {
        let stay = &self.stays[ix];
        let device = &self.devices[stay.queue.index()];
        let rank = if device.is_virtual { 1 } else { u8::from(device.is_routing_point) * 2 };
        let credit = Credit { key: stay.key.clone(), stay: ix, answered: false, rank };
        let party = &mut self.parties[party_ix];
        if let Some(slot) = party.credits.iter_mut().find(|c| c.is_none()) {
            *slot = Some(credit);
        }
    }

    /// An offer is over at `until`, answered or not: who was offered the call for how long. Booked only now, because the
    /// agent of an answered leg is the one at the answer.
    pub(super) fn offer_over(&mut self, key: &QueueSegmentKey, party_ix: Ix, until: Micros) {
        let party = &self.parties[party_ix];
        if party.opened_by != Opening::Ringing {
            return;
        }
        let on = On::Queue { queue: key.queue, agent: party.leg_agent, entered_at: key.entered_at };
        let (call_type, at) = (party.call_type, party.leg.offered_at);
        self.out.push(Action::Occurred { what: Momentary::CallOffered, on, call_type, at });
        let what = Durable::CallRinging;
        self.out.push(Action::Started { what, on, call_type, at });
        self.out.push(Action::Ended { what, on, call_type, started: at, at: until });
    }

    /// The party answered: every stay it was offered from, and the ACD queue it names, is answered.
    pub(super) fn stays_answered(&mut self, party_ix: Ix) {
        let (call, queue) = (self.parties[party_ix].call, self.parties[party_ix].this_queue);
        self.offer_to(party_ix);
        if queue.is_some()
            && let Some(ix) = self.find_stay(call, queue, None, |s| s.state == StayState::Waiting)
            && !self.parties[party_ix].is_credited_to(queue, &self.stays[ix].key.vqid)
        {
            let (at, order) = (self.parties[party_ix].answered_at, self.order);
            self.stays[ix].left_at = at;
            self.stays[ix].left_order = order;
            self.offered(ix, party_ix);
        }
        for i in 0..CREDITS_MAX {
            if let Some(credit) = &self.parties[party_ix].credits[i]
                && !credit.answered
                && credit.stay != NIL
                && self.stays[credit.stay].state == StayState::Offered(party_ix)
            {
                let stay = credit.stay;
                self.answered_by(stay, party_ix);
            }
        }
    }

    fn answered_by(&mut self, ix: Ix, party_ix: Ix) {
        let entered_at = self.stays[ix].key.entered_at;
        let queue = self.stays[ix].queue;
        let party = &mut self.parties[party_ix];
        let (at, order) = (party.answered_at.unwrap_or(self.now), party.answered_order);
        for credit in party.credits.iter_mut().flatten() {
            if credit.stay == ix && credit.key == self.stays[ix].key {
                credit.answered = true;
                credit.stay = NIL;
            }
        }
        let party = &self.parties[party_ix];
        let agent = party.leg_agent;
        let on = On::Queue { queue, agent, entered_at };
        let key = self.stays[ix].key.clone();
        self.offer_over(&key, party_ix, at);
        self.end_stay(ix, End { outcome: Outcome::Answered, at, order, agent });
        self.make_up_phases(party_ix, on);
        let (wrap, credit) = {
            let party = &self.parties[party_ix];
            (party.wrap, party.credits().find(|c| c.key.queue == queue && c.key.entered_at == entered_at).cloned())
        };
        if let Some(credit) = credit {
            self.credit_wrap(wrap, credit);
        }
    }

    /// Talk and hold of a party that was answered before the queue said so.
    fn make_up_phases(&mut self, party_ix: Ix, on: On) {
        let party = &self.parties[party_ix];
        let (call_type, n, is_open, closed_at) =
            (party.call_type, usize::from(party.phase_count), party.is_open(), party.closed_at);
        let phases = party.phases;
        for (i, phase) in phases[..n].iter().enumerate() {
            let what = if phase.held { Durable::CallOnHold } else { Durable::CallTalk };
            self.out.push(Action::Started { what, on, call_type, at: phase.at });
            let until = if i + 1 < n { Some(phases[i + 1].at) } else { (!is_open).then_some(closed_at) };
            if let Some(at) = until {
                self.out.push(Action::Ended { what, on, call_type, started: phase.at, at });
                self.out.push(Action::LegAccrued { on, what, ms: ms_between(phase.at, at) });
            }
        }
    }

    /// The party's ringing ended without an answer.
    pub(super) fn stays_unanswered(&mut self, party_ix: Ix, abandoned: bool) {
        for i in 0..CREDITS_MAX {
            if let Some(credit) = &self.parties[party_ix].credits[i]
                && credit.stay != NIL
                && self.stays[credit.stay].state == StayState::Offered(party_ix)
            {
                let stay = credit.stay;
                self.unanswered_by(stay, party_ix, abandoned);
            }
        }
    }

    fn unanswered_by(&mut self, ix: Ix, party_ix: Ix, abandoned: bool) {
        let party = &mut self.parties[party_ix];
        let (at, order) = (party.closed_at, party.closed_order);
        for credit in party.credits.iter_mut().flatten() {
            if credit.stay == ix && credit.key == self.stays[ix].key {
                credit.stay = NIL;
            }
        }
        let key = self.stays[ix].key.clone();
        self.offer_over(&key, party_ix, at);
        if abandoned {
            self.end_stay(ix, End { outcome: Outcome::AbandonedRing, at, order, agent: AgentId::NONE });
            return;
        }
        self.out.push(Action::OfferUnanswered { queue: self.stays[ix].queue, at });
        self.stays[ix].returned_at = Some((at, order));
        self.stays[ix].state = StayState::Returned;
        if self.devices[self.stays[ix].queue.index()].is_acd_queue() {
            self.settle(Timer::Stay(ix), at);
        } else {
            self.returned_for_good(ix);
        }
    }

    fn returned_for_good(&mut self, ix: Ix) {
        let (at, order) = self.stays[ix].returned_at.unwrap_or((self.now, self.order));
        self.end_stay(ix, End { outcome: Outcome::NoAnswerReturned, at, order, agent: AgentId::NONE });
    }

    /// The settling time of a stay is over: decides by what is known.
    pub(super) fn stay_settled(&mut self, ix: Ix) {
        match self.stays[ix].state {
            StayState::Left => {
                let named = !self.stays[ix].target_number.is_empty();
                self.end_at_departure(ix, if named { Outcome::Diverted } else { Outcome::Cleared });
            }
            StayState::Returned => {
                // A later offer that came back as well has a timer of its own.
                let due = self.stays[ix].returned_at.is_none_or(|(at, _)| at + self.patience.settle < self.now);
                if due || self.finishing {
                    self.returned_for_good(ix);
                }
            }
            StayState::Waiting | StayState::Offered(_) => {}
        }
    }

    /// EventAbandoned and EventReleased on a queue.
    pub(super) fn on_queue_end(&mut self, ev: &TEvent<'_>, signal: Signal, names: &Names) {
        let vqid = ev.extensions.get("VQID");
        let waiting = |s: &Stay| s.state == StayState::Waiting;
        let found = self
            .find_call(ev.switch, ev.conn)
            .and_then(|call| self.find_stay(call, ev.this_dn, vqid.as_deref(), waiting));
        if found.is_some() {
            self.call_of(ev, ev.conn, names);
        }
        let Some(ix) = found else {
            // A predictive attempt that failed before it was queued ends this way, too.
            self.out.odd(Anomaly::StayUnknown);
            return;
        };
        let gave_up = signal == Signal::Abandoned
            || matches!(ev.call_state, CallState::ABANDONED | CallState::REMOTE_RELEASE)
            || ev.call_state == CallState::OK && ev.call_type == Some(CallType::Consult);
        if !gave_up {
            self.leave_queue(ix, ev);
            return;
        }
        let order = self.order;
        let call = self.stays[ix].call;
        self.calls[call].abandoned = true;
        self.stays[ix].last_event = self.event;
        self.stays[ix].left_at = Some(ev.time);
        self.end_stay(ix, End { outcome: Outcome::AbandonedQueue, at: ev.time, order, agent: AgentId::NONE });
    }

    /// Only virtual-queue stays are left of a call: after the settling time nobody will close them.
    pub(super) fn call_settled(&mut self, call: Ix, at: Micros) {
        // At the end of the input the time may not be over: the stay is pending then.
        let since = self.calls[call].left_at;
        if self.calls[call].open > 0 || at >= self.now || since + self.patience.settle > at {
            return;
        }
        while self.calls[call].stays != NIL {
            let ix = self.calls[call].stays;
            self.out.odd(Anomaly::StayStuck);
            self.lose_stay(ix, at);
        }
    }

    /// Ends a stay of which nothing was heard since `at`.
    pub(super) fn lose_stay(&mut self, ix: Ix, at: Micros) {
        self.stays[ix].left_at.get_or_insert(at);
        let order = self.order;
        self.end_stay(ix, End { outcome: Outcome::Unknown, at, order, agent: AgentId::NONE });
    }

    fn end_at_departure(&mut self, ix: Ix, outcome: Outcome) {
        let stay = &self.stays[ix];
        let at = stay.left_at.unwrap_or(self.now);
        let order = stay.left_order;
        self.end_stay(ix, End { outcome, at, order, agent: AgentId::NONE });
    }

    /// The waiting in the queue itself is over.
    fn end_wait(&mut self, ix: Ix, at: Micros) {
        let (on, stay) = (self.on_stay(ix), &self.stays[ix]);
        let (call_type, started) = (stay.call_type, stay.key.entered_at);
        self.out.push(Action::Ended { what: Durable::CallWait, on, call_type, started, at });
    }

    fn on_stay(&self, ix: Ix) -> On {
        let stay = &self.stays[ix];
        On::Queue { queue: stay.queue, agent: AgentId::NONE, entered_at: stay.key.entered_at }
    }

    /// Ends a stay: its actions, its row, and its places in the lists.
    fn end_stay(&mut self, ix: Ix, end: End) {
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
            Outcome::Unknown => finished(Retrospective::StuckCallCleaned, end.at - entered_at, end.at),
            Outcome::Pending => {}
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
        if matches!(
            end.outcome,
            Outcome::Answered | Outcome::AbandonedRing | Outcome::Diverted | Outcome::NoAnswerReturned
        ) {
            self.calls[call].divert_count += 1;
        }
        self.unlink_stay(ix);
        if end.outcome == Outcome::Diverted {
            self.note_diversion(call, self.stays[ix].target, left_at);
        }
        let is_virtual = self.stays[ix].is_virtual;
        self.stays.remove(ix);
        self.let_call_go(call, is_virtual, end.at);
    }

    fn note_diversion(&mut self, call: Ix, target: DnId, at: Micros) {
        if target.is_none() || !self.devices[target.index()].is_queue {
            return;
        }
        let diversions = &mut self.calls[call].diversions;
        diversions.rotate_right(1);
        diversions[0] = Some(Diversion { target, at });
        self.count_diversion_into(call, target);
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
        let distributed = !matches!(
            outcome,
            Outcome::AbandonedQueue | Outcome::Cleared | Outcome::RoutedElsewhere | Outcome::Unknown
        );
        QueueSegmentRow {
            tenant_id: Tenant(stay.switch),
            queue_segment_id: stay.key.clone(),
            call_id: stay.key.call,
            interaction_id: self.calls[stay.call].id,
            queue_id: stay.queue,
            queue_kind: self.queue_kind(stay.queue),
            call_type: stay.call_type.word(),
            entered_at,
            distributed_at: left_at.filter(|_| distributed),
            answered_at: (outcome == Outcome::Answered).then_some(until),
            left_at,
            entry_seq: stay.entry_seq,
            outcome: outcome.word(),
            outcome_reason: None,
            queue_ms: ms_between(entered_at, left),
            ring_ms: ms_between(left, until),
            wait_ms: ms_between(entered_at, until),
            answered_by_agent_id: agent,
            handling_segment_id: stay.leg,
            diverted_to: (outcome == Outcome::Diverted && !stay.target_number.is_empty())
                .then(|| stay.target_number.clone()),
            strategy: None,
            target: None,
            target_kind: None,
            skill_expression: None,
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
    fn find_stay(&self, call: Ix, queue: DnId, vqid: Option<&str>, wanted: impl Fn(&Stay) -> bool) -> Option<Ix> {
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

    fn unlink_stay(&mut self, ix: Ix) {
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

    /// Entry of the call that waits longest in a queue now, ringing ones excluded.
    #[must_use]
    pub fn oldest_waiting(&self, queue: DnId) -> Option<Micros> {
        self.stays_in(queue).find(|s| s.state == StayState::Waiting).map(|s| s.key.entered_at)
    }

    /// Entry of the oldest stay that is open now and began before `edge`.
    #[must_use]
    pub fn oldest_stay_before(&self, queue: DnId, edge: Micros) -> Option<Micros> {
        self.stays_in(queue).next().map(|s| s.key.entered_at).filter(|at| *at < edge)
    }

    fn stays_in(&self, queue: DnId) -> impl Iterator<Item = &Stay> {
        let mut at = self.devices.get(queue.index()).map_or(NIL, |d| d.stays.0);
        std::iter::from_fn(move || {
            let stay = (at != NIL).then(|| &self.stays[at])?;
            at = stay.next_in_queue;
            Some(stay)
        })
    }
}
