//! A call that left its queue is offered to a party: which may ring, answer or leave before or after the queue says so.
//!
//! A party is credited to the stays it was offered from; its talk, hold and after-call work are theirs once it answered.

use super::party::{CREDITS_MAX, Credit, Opening};
use super::slab::{Ix, NIL};
use super::stay::{End, StayState};
use super::world::{Timer, World};
use crate::model::action::{Action, Durable, Momentary, On, Outcome, Retrospective};
use crate::model::identity::QueueSegmentKey;
use crate::model::ids::AgentId;
use crate::model::time::{Micros, ms_between};

impl World {
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

    /// The stay's call is offered to a party, which may have rung, answered or gone before the queue said so.
    pub(super) fn offered(&mut self, ix: Ix, party_ix: Ix) {
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
            let (what, lasted) = (Retrospective::CallDistributed, left_at - self.stays[ix].key.entered_at);
            self.out.push(Action::Finished { what, on, call_type, lasted, at: left_at });
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
    pub(super) fn credit(&mut self, ix: Ix, party_ix: Ix) {
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
            && !self.devices[self.parties[party_ix].dn.index()].kind.is_machine()
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

    pub(super) fn answered_by(&mut self, ix: Ix, party_ix: Ix) {
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
    pub(super) fn make_up_phases(&mut self, party_ix: Ix, on: On) {
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

    pub(super) fn unanswered_by(&mut self, ix: Ix, party_ix: Ix, abandoned: bool) {
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

    pub(super) fn returned_for_good(&mut self, ix: Ix) {
        let (at, order) = self.stays[ix].returned_at.unwrap_or((self.now, self.order));
        self.end_stay(ix, End { outcome: Outcome::NoAnswerReturned, at, order, agent: AgentId::NONE });
    }
}
