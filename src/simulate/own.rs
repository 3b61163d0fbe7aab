//! Calls that agents make: to the outside and to each other.

use super::agenda::{Act, Step};
use super::floor::{Floor, More};
use super::line::Text;
use super::state::{Call, NOBODY, Place, Presence};
use crate::model::tevent::CallType;
use crate::model::time::Span;

impl Floor {
    /// Plans the next candidate of the Poisson stream of agents' own calls; none when agents make none.
    pub(super) fn plan_own_call(&mut self) {
        let mix = &self.scenario.mix;
        // Few candidates are idle at the moment: four times as many as calls are wanted.
        let rate = 4.0 * (mix.outbound_per_hour + mix.internal_per_hour) * self.seats.len() as f64 / 3.6e9;
        if rate > 0.0 {
            let gap = self.random.exponential(1.0 / rate);
            self.agenda.plan(self.now + Span(gap as i64), Step::OwnCall);
        }
    }

    /// Perhaps an agent makes a call; one who has other things to do does not.
    pub(super) fn own_call(&mut self) {
        self.plan_own_call();
        let (outbound, internal) = (self.scenario.mix.outbound_per_hour, self.scenario.mix.internal_per_hour);
        let seat = self.random.below(self.seats.len() as u32);
        if !self.is_idle(seat) {
            return;
        }
        if self.random.unit() * (outbound + internal) < outbound {
            self.dial_out(seat);
        } else {
            self.dial_colleague(seat);
        }
    }

    /// A new call from an agent's own phone, which is dialling now.
    fn dial_from(&mut self, seat: u32, kind: CallType, number: Text) -> u32 {
        self.engage(seat);
        let phone = self.own_phone(seat);
        let own = self.number(phone);
        let ix = self.new_call(kind, own, number);
        let call = self.call_mut(ix);
        (call.agent, call.origin) = (phone, seat);
        self.say("EventDialing", ix, Place::Phone(phone), More::NONE);
        ix
    }

    fn dial_out(&mut self, seat: u32) {
        let number = Text::outside((self.random.bits() >> 32) as u32);
        let ix = self.dial_from(seat, CallType::Outbound, number);
        let after = self.millis(400, 2200);
        if self.random.chance(0.12) {
            self.plan(ix, after, Act::Engaged);
        } else {
            self.plan(ix, after, Act::Reach);
        }
    }

    /// The call has left the switch and rings somewhere.
    pub(super) fn reach(&mut self, ix: u32) {
        let Call { kind, agent, peer, .. } = *self.call(ix);
        if kind == CallType::Internal {
            self.say("EventRinging", ix, Place::Phone(peer), More::NONE);
            if self.seat(peer.seat).presence == Presence::Ready {
                self.plan_answer(ix, Act::Connect);
                return;
            }
        } else {
            self.say("EventNetworkReached", ix, Place::Phone(agent), More::NONE);
            if self.random.chance(0.8) {
                let after = self.millis(2500, 16_000);
                self.plan(ix, after, Act::Connect);
                return;
            }
        }
        let after = self.millis(9000, 28_000);
        self.plan(ix, after, Act::Quit);
    }

    pub(super) fn connect(&mut self, ix: u32) {
        let Call { kind, agent, peer, .. } = *self.call(ix);
        self.say("EventEstablished", ix, Place::Phone(agent), More::NONE);
        if kind == CallType::Internal {
            self.say("EventEstablished", ix, Place::Phone(peer), More::NONE);
        }
        let talk = if kind == CallType::Internal { self.millis(8000, 90_000) } else { self.millis(20_000, 240_000) };
        self.call_mut(ix).remaining = talk;
        self.talk_on(ix);
    }

    pub(super) fn engaged(&mut self, ix: u32) {
        let leg = self.call(ix).agent;
        self.say("EventDestinationBusy", ix, Place::Phone(leg), More::state("Busy"));
        let after = self.millis(700, 3000);
        // From now on the call can only be given up; the state of its release says why.
        self.call_mut(ix).busy = true;
        self.plan(ix, after, Act::Quit);
    }

    /// The agent hangs up: nobody answered, or the line was busy.
    pub(super) fn quit(&mut self, ix: u32) {
        let Call { agent, peer, busy, .. } = *self.call(ix);
        let more = if busy { More::state("Busy") } else { More::LOCAL };
        self.say("EventReleased", ix, Place::Phone(agent), more);
        if peer.seat != NOBODY {
            self.say("EventAbandoned", ix, Place::Phone(peer), More::NONE);
        }
        self.end_call(ix);
        self.part(agent.seat, false);
        if peer.seat != NOBODY {
            self.part(peer.seat, false);
        }
    }

    /// A colleague who is idle answers, one who is away from the desk lets it ring, one in a call is busy.
    fn dial_colleague(&mut self, seat: u32) {
        let colleague = self.random.below(self.seats.len() as u32);
        let desk = &self.seats[colleague as usize];
        if colleague == seat || matches!(desk.presence, Presence::Away | Presence::Settling) {
            return;
        }
        let peer = self.own_phone(colleague);
        let number = self.number(peer);
        let ix = self.dial_from(seat, CallType::Internal, number);
        let after = self.millis(25, 150);
        let desk = &self.seats[colleague as usize];
        if desk.engaged || desk.presence == Presence::Wrapping {
            self.plan(ix, after, Act::Engaged);
        } else {
            self.engage(colleague);
            self.call_mut(ix).peer = peer;
            self.plan(ix, after, Act::Reach);
        }
    }
}
