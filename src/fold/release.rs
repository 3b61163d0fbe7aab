//! How a party ends: it leaves or is lost, what that means for its leg, and when it is forgotten.

use super::offer::credits_of;
use super::part::Cause;
use super::party::{PartyState, Signal};
use super::slab::{Ix, NIL};
use super::world::{Timer, World};
use crate::model::action::{Action, AgentCount, Momentary, Retrospective};
use crate::model::tevent::CallState;
use crate::model::time::{Micros, Span};

impl World {
    /// The party leaves: everything that follows from it, in the order its consequences need.
    pub(super) fn close_party(&mut self, ix: Ix, at: Micros, signal: Signal, why: CallState) {
        let durables = self.durables(ix);
        let state = self.parties[ix].state;
        let (since, observer) = (self.parties[ix].state_since, self.parties[ix].observer);
        self.parties[ix].accrue(at);
        for what in durables.into_iter().flatten() {
            self.end_durable(ix, what, at);
        }
        let held_since = self.parties[ix].held_since;
        self.add_load(ix, -1);
        let agent = self.parties[ix].agent;
        let order = self.order;
        let abandoned = state == PartyState::Alerting
            && (signal == Signal::Abandoned || matches!(why, CallState::ABANDONED | CallState::REMOTE_RELEASE));
        let party = &mut self.parties[ix];
        party.state = PartyState::Closed;
        party.closed_at = at;
        party.closed_order = order;
        party.abandoned = abandoned;
        let (dn, call) = (party.dn, party.call);
        self.devices[dn.index()].open_parties -= 1;
        if self.devices[dn.index()].open_parties == 0 {
            // The line is idle again; EventOnHook may follow later and says nothing new.
            self.hang_up(dn, at);
        }
        if !observer {
            match state {
                PartyState::Alerting => self.closed_unanswered(ix, abandoned, why, at - since),
                PartyState::Dialing | PartyState::Failed => {
                    let what = match why {
                        CallState::TRANSFERRED => Retrospective::CallDialTransferred,
                        CallState::CONFERENCED => Retrospective::CallDialConferenced,
                        _ => Retrospective::CallAbandonedFromDialing,
                    };
                    self.finished(ix, what, at - since, at);
                }
                PartyState::Held => self.finished(ix, Retrospective::CallAbandonedFromHold, at - held_since, at),
                PartyState::Connected | PartyState::Closed => {}
            }
            self.count_transfer_made(ix, why, at);
        }
        let cause = Cause::of(state, abandoned, why);
        if observer {
            self.write_part(ix, at, Some(cause), state.word());
        } else {
            self.part_over(ix, at, Some(cause), state.word());
            self.leg_released(ix, state, cause, (abandoned, why), at);
        }
        self.unclaim(ix);
        self.refresh(agent, at);
        self.calls[call].closed_parties += 1;
        self.let_call_go(call, false, at);
        self.settle(Timer::Party(ix), at);
    }

    /// Ends a party whose end was not seen, at the last evidence of it: an answered leg is complete, another an error.
    pub(super) fn lose_party(&mut self, ix: Ix, at: Micros) {
        let at = at.max(self.parties[ix].accrued_at);
        self.losing = true;
        self.close_party(ix, at, Signal::Released, CallState::OK);
        self.losing = false;
    }

    pub(super) fn closed_unanswered(&mut self, ix: Ix, abandoned: bool, why: CallState, lasted: Span) {
        let (at, agent) = (self.parties[ix].closed_at, self.parties[ix].agent);
        let (what, counted) = if abandoned {
            (Retrospective::CallAbandonedFromRinging, AgentCount::AbandonedWhileRinging)
        } else if matches!(why, CallState::FORWARDED | CallState::REDIRECTED) {
            (Retrospective::CallForwarded, AgentCount::NoAnswer)
        } else {
            (Retrospective::CallMissed, AgentCount::NoAnswer)
        };
        self.finished(ix, what, lasted, at);
        self.count(agent, counted, at);
        if abandoned {
            let call = self.parties[ix].call;
            self.calls[call].abandoned = true;
        }
        self.stays_unanswered(ix, abandoned);
    }

    pub(super) fn count_transfer_made(&mut self, ix: Ix, why: CallState, at: Micros) {
        if why != CallState::TRANSFERRED || self.parties[ix].is_own_consult() {
            return;
        }
        let party = &self.parties[ix];
        let (agent, call_type, call) = (party.agent, party.call_type, party.call);
        self.calls[call].transfer_count += 1;
        self.count(agent, AgentCount::TransfersMade, at);
        self.occurred(ix, Momentary::CallTransferMade, call_type, at);
        for credit in credits_of(&self.credits, &self.parties[ix]).filter(|c| c.answered) {
            self.out.push(Action::LegTransferred { queue: credit.key.queue, at });
        }
    }

    /// Takes a closed party out of every list; its wrap may keep it.
    pub(super) fn forget_party(&mut self, ix: Ix) {
        if self.parties[ix].is_forgotten {
            return;
        }
        let (dn, call) = (self.parties[ix].dn, self.parties[ix].call);
        let next = self.parties[ix].next_on_dn;
        let mut at = self.devices[dn.index()].parties;
        if at == ix {
            self.devices[dn.index()].parties = next;
        } else {
            while self.parties[at].next_on_dn != ix {
                at = self.parties[at].next_on_dn;
            }
            self.parties[at].next_on_dn = next;
        }
        self.unlink_from_call(ix);
        self.calls[call].closed_parties -= 1;
        if self.parties[ix].wrap == NIL {
            self.remove_party(ix);
        } else {
            self.parties[ix].is_forgotten = true;
            self.kept_parties += 1;
        }
    }

    /// Frees the place of a party, and what belongs to it.
    fn remove_party(&mut self, ix: Ix) {
        let party = &self.parties[ix];
        let mut at = party.credits;
        while at != NIL {
            self.credits.remove(at);
            at = self.credits[at].next;
        }
        if party.moved != NIL {
            self.moves.remove(party.moved);
        }
        self.parties.remove(ix);
    }

    /// The wrap of a party is over: a party that was kept for it goes.
    pub(super) fn unwrap_party(&mut self, ix: Ix) {
        self.parties[ix].wrap = NIL;
        if self.parties[ix].is_forgotten {
            self.kept_parties -= 1;
            self.remove_party(ix);
        }
    }

    /// Takes a party out of its call's list.
    pub(super) fn unlink_from_call(&mut self, ix: Ix) {
        let (call, next) = (self.parties[ix].call, self.parties[ix].next_in_call);
        let mut at = self.calls[call].parties;
        if at == ix {
            self.calls[call].parties = next;
            return;
        }
        while self.parties[at].next_in_call != ix {
            at = self.parties[at].next_in_call;
        }
        self.parties[at].next_in_call = next;
    }

    /// Forgets the closed parties of a call that goes.
    pub(super) fn forget_parties(&mut self, call: Ix) {
        while self.calls[call].parties != NIL {
            let ix = self.calls[call].parties;
            if self.parties[ix].is_open() {
                let at = self.calls[call].last_event_at;
                self.close_party(ix, at, Signal::Released, CallState::OK);
            }
            self.forget_party(ix);
        }
    }
}
