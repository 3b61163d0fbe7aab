//! How a call leaves a queue: what the departure says, which party it can have been for, and what is decided when nobody
//! turns up within the settling time.

use super::anomaly::Anomaly;
use super::ending::caller_of;
use super::party::{Opening, Signal};
use super::slab::{Ix, NIL};
use super::stay::{End, Stay, StayState};
use super::world::{Timer, World};
use crate::model::action::Outcome;
use crate::model::ids::{AgentId, DnId};
use crate::model::names::Names;
use crate::model::tevent::{CallState, CallType, EventKind, TEvent};
use crate::model::time::Micros;

impl World {
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
        if ev.kind == EventKind::ROUTE_USED {
            self.route_used(call, ev);
        }
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
    pub(super) fn entered_lately(&self, call: Ix, queue: DnId) -> bool {
        self.has_entered(call, queue)
    }

    pub(super) fn leave_queue(&mut self, ix: Ix, ev: &TEvent<'_>) {
        let order = self.order;
        let event = self.event;
        let stay = &mut self.stays[ix];
        stay.left_at = Some(ev.time);
        stay.left_order = order;
        stay.last_event = event;
        stay.state = StayState::Left;
        stay.why = ev.call_state;
        stay.cleared = matches!(ev.call_state, CallState::CLEARED | CallState::REDIRECTED);
        stay.target_number = ev.third_party_number.into();
        stay.target = ev.third_party_dn;
        self.note_decision(ix, ev);
        if self.stays[ix].is_virtual && !self.wins(ix, ev) {
            return;
        }
        self.direct(ix);
    }

    /// Whether this virtual queue distributed the call; if not, the stay is over.
    pub(super) fn wins(&mut self, ix: Ix, ev: &TEvent<'_>) -> bool {
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
    pub(super) fn add_target(&mut self, ix: Ix, ev: &TEvent<'_>) {
        let event = self.event;
        self.note_decision(ix, ev);
        let stay = &mut self.stays[ix];
        stay.last_event = event;
        stay.target_number = ev.third_party_number.into();
        stay.target = ev.third_party_dn;
        if stay.state == StayState::Left {
            self.direct(ix);
        }
    }

    /// Decides where a stay that left goes, as far as that is known now.
    pub(super) fn direct(&mut self, ix: Ix) {
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
    pub(super) fn matching_party(&self, ix: Ix) -> Option<Ix> {
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

    pub(super) fn can_be_target(&self, ix: Ix, party_ix: Ix) -> bool {
        let (stay, party) = (&self.stays[ix], &self.parties[party_ix]);
        let left_at = stay.left_at.unwrap_or(self.now);
        let settle = self.patience.settle;
        if party.observer
            || self.devices[party.dn.index()].kind.is_machine()
            || !matches!(party.opened_by, Opening::Ringing | Opening::Established)
            || party.opened_order < stay.entered_order
            || party.leg.offered_at > left_at + settle
            || self.is_credited(party_ix, stay)
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
            if !self.attempt_failed(ev, names) {
                self.out.odd(Anomaly::StayUnknown);
            }
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
        self.calls[call].ended_by = caller_of(self.stays[ix].call_type);
        self.stays[ix].last_event = self.event;
        self.stays[ix].why = ev.call_state;
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
        let mut ix = self.calls[call].stays;
        while ix != NIL {
            let next = self.stays[ix].next_in_call;
            // One that has left waits for its own decision.
            if self.stays[ix].state == StayState::Waiting {
                self.out.odd(Anomaly::StayStuck);
                self.lose_stay(ix, at);
            }
            ix = next;
        }
    }

    /// Ends a stay of which nothing was heard since `at`.
    pub(super) fn lose_stay(&mut self, ix: Ix, at: Micros) {
        // Its end is a place of its own among the inputs, behind the one that came last.
        self.order += 1;
        self.stays[ix].left_at.get_or_insert(at);
        // Its entry may be the last input there was; the end comes after it.
        let order = self.order.max(self.stays[ix].entered_order + 1);
        self.end_stay(ix, End { outcome: Outcome::Unknown, at, order, agent: AgentId::NONE });
    }

    pub(super) fn end_at_departure(&mut self, ix: Ix, outcome: Outcome) {
        let stay = &self.stays[ix];
        let at = stay.left_at.unwrap_or(self.now);
        let order = stay.left_order;
        self.end_stay(ix, End { outcome, at, order, agent: AgentId::NONE });
    }
}
