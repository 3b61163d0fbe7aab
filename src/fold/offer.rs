//! A call that left its queue is offered to a party: which may ring, answer or leave before or after the queue says so.
//!
//! A party is credited to the stays it was offered from; its talk, hold and after-call work are theirs once it answered.

use super::party::{CREDITS_MAX, Credit, Opening, Party};
use super::slab::{Ix, NIL, Slab};
use super::stay::{End, Stay, StayState};
use super::world::{Timer, World};
use crate::model::action::{Action, Durable, Momentary, On, Outcome, Retrospective};
use crate::model::ids::{AgentId, DnId};
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
        let (mut last, mut count) = (NIL, 0);
        let mut at = self.parties[party_ix].credits;
        while at != NIL {
            (last, at, count) = (at, self.credits[at].next, count + 1);
        }
        if count == CREDITS_MAX {
            return;
        }
        let new = self.credits.insert(Credit { key: stay.key.clone(), stay: ix, answered: false, rank, next: NIL });
        match last {
            NIL => self.parties[party_ix].credits = new,
            last => self.credits[last].next = new,
        }
    }

    /// The credit a row names: ACD queue before virtual queue before routing point; answered ones first.
    pub(super) fn credit_named(&self, party_ix: Ix) -> Option<&Credit> {
        credits_of(&self.credits, &self.parties[party_ix]).min_by_key(|c| (!c.answered, c.rank))
    }

    /// Whether the party is one of the stay's offers already.
    pub(super) fn is_credited(&self, party_ix: Ix, stay: &Stay) -> bool {
        credits_of(&self.credits, &self.parties[party_ix])
            .any(|c| c.key.queue == stay.queue && c.key.vqid == stay.key.vqid)
    }

    /// The stays whose offer to the party is not over.
    fn open_offers(&self, party_ix: Ix) -> [Ix; CREDITS_MAX] {
        let mut open = [NIL; CREDITS_MAX];
        for (slot, credit) in open.iter_mut().zip(credits_of(&self.credits, &self.parties[party_ix])) {
            *slot = credit.stay;
        }
        open
    }

    /// The offer of a stay to a party is over.
    fn close_credit(&mut self, ix: Ix, party_ix: Ix, answered: bool) {
        let mut at = self.parties[party_ix].credits;
        while at != NIL {
            let credit = &mut self.credits[at];
            if credit.stay == ix && credit.key == self.stays[ix].key {
                credit.answered |= answered;
                credit.stay = NIL;
            }
            at = credit.next;
        }
    }

    /// An offer is over at `until`, answered or not: who was offered the call for how long. Booked only now, because the
    /// agent of an answered leg is the one at the answer.
    pub(super) fn offer_over(&mut self, queue: DnId, entered_at: Micros, party_ix: Ix, until: Micros) {
        let party = &self.parties[party_ix];
        if party.opened_by != Opening::Ringing {
            return;
        }
        let on = On::Queue { queue, agent: party.leg_agent, entered_at };
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
            && !self.is_credited(party_ix, &self.stays[ix])
        {
            let (at, order) = (self.parties[party_ix].answered_at, self.order);
            self.stays[ix].left_at = at;
            self.stays[ix].left_order = order;
            self.offered(ix, party_ix);
        }
        for stay in self.open_offers(party_ix) {
            if stay != NIL && self.stays[stay].state == StayState::Offered(party_ix) {
                self.answered_by(stay, party_ix);
            }
        }
    }

    pub(super) fn answered_by(&mut self, ix: Ix, party_ix: Ix) {
        let entered_at = self.stays[ix].key.entered_at;
        let queue = self.stays[ix].queue;
        // A wrap that goes on reads the party's credits, so it shares in this one from now on.
        self.close_credit(ix, party_ix, true);
        let party = &self.parties[party_ix];
        let (at, order, agent) = (party.answered_at.unwrap_or(self.now), party.answered_order, party.leg_agent);
        let on = On::Queue { queue, agent, entered_at };
        self.offer_over(queue, entered_at, party_ix, at);
        self.end_stay(ix, End { outcome: Outcome::Answered, at, order, agent });
        self.make_up_phases(party_ix, on);
        self.make_up_wrap(party_ix, on);
    }

    /// Talk and hold of a party that was answered before the queue said so.
    pub(super) fn make_up_phases(&mut self, party_ix: Ix, on: On) {
        let party = &self.parties[party_ix];
        let (call_type, closed_at) = (party.call_type, (!party.is_open()).then_some(party.closed_at));
        let mut phases = party.phases.iter().peekable();
        while let Some((started, held)) = phases.next() {
            let what = if held { Durable::CallOnHold } else { Durable::CallTalk };
            self.out.push(Action::Started { what, on, call_type, at: started });
            if let Some(at) = phases.peek().map(|next| next.0).or(closed_at) {
                self.out.push(Action::Ended { what, on, call_type, started, at });
                self.out.push(Action::LegAccrued { on, what, ms: ms_between(started, at) });
            }
        }
    }

    /// The party's ringing ended without an answer.
    pub(super) fn stays_unanswered(&mut self, party_ix: Ix, abandoned: bool) {
        for stay in self.open_offers(party_ix) {
            if stay != NIL && self.stays[stay].state == StayState::Offered(party_ix) {
                self.unanswered_by(stay, party_ix, abandoned);
            }
        }
    }

    pub(super) fn unanswered_by(&mut self, ix: Ix, party_ix: Ix, abandoned: bool) {
        self.close_credit(ix, party_ix, false);
        let party = &self.parties[party_ix];
        let (at, order) = (party.closed_at, party.closed_order);
        let (queue, entered_at) = (self.stays[ix].queue, self.stays[ix].key.entered_at);
        self.offer_over(queue, entered_at, party_ix, at);
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

/// The credits of a party, in the order they were given.
pub(super) fn credits_of<'a>(all: &'a Slab<Credit>, party: &Party) -> impl Iterator<Item = &'a Credit> + use<'a> {
    let at = |ix: Ix| (ix != NIL).then(|| &all[ix]);
    std::iter::successors(at(party.credits), move |credit| at(credit.next))
}
