//! Consultations and transfers: a second call while the first is held, and what becomes of both.
//!
//! The held call's ConnID survives a two-step transfer: the colleague's party moves from the consultation call to it.
//! All acts belong to the caller's call; the consultation call has no plan of its own.

use super::agenda::Act;
use super::floor::{Floor, More};
use super::line::Text;
use super::state::{Call, Incident, Leg, NOBODY, Place, Stage};
use crate::model::tevent::CallType;
use crate::model::time::Span;

impl Floor {
    /// Puts the caller on hold to ask a colleague; talks on when nobody is free.
    pub(super) fn consult_colleague(&mut self, ix: u32) {
        let Call { agent, .. } = *self.call(ix);
        let Some(colleague) = self.colleague(agent.seat) else {
            self.talk_on(ix);
            return;
        };
        let number = self.number(Leg::position(colleague));
        let second = self.start_consult(ix, number);
        self.call_mut(second).peer = Leg::position(colleague);
        self.call_mut(ix).peer = Leg::position(colleague);
    }

    /// Puts the caller on hold to send him to another ACD queue; talks on when there is none.
    pub(super) fn consult_queue(&mut self, ix: u32) {
        let Some(target) = self.other_queue(self.call(ix).queue) else {
            self.talk_on(ix);
            return;
        };
        let number = self.queues[target as usize].number;
        self.start_consult(ix, number);
        self.call_mut(ix).target = target;
    }

    /// An ACD queue, another one than the given if possible.
    fn other_queue(&mut self, than: u32) -> Option<u32> {
        let count = self.acd_queues.len() as u32;
        if count == 0 {
            return None;
        }
        let first = self.random.below(count) as usize;
        let chosen = self.acd_queues[first];
        Some(if chosen == than { self.acd_queues[(first + 1) % self.acd_queues.len()] } else { chosen })
    }

    /// Holds the first call and makes the second, which is dialled a moment later.
    fn start_consult(&mut self, ix: u32, number: Text) -> u32 {
        let Call { conn, agent, data, .. } = *self.call(ix);
        self.say("EventHeld", ix, Place::Phone(agent), More::NONE);
        let own = self.number(agent);
        let second = self.new_call(CallType::Consult, own, number);
        let call = self.call_mut(second);
        (call.previous, call.agent, call.origin, call.data) = (conn, agent, agent.seat, data);
        self.call_mut(ix).consult = second;
        let after = self.millis(60, 500);
        self.plan(ix, after, Act::Dial);
        second
    }

    pub(super) fn dial(&mut self, ix: u32) {
        let Call { conn, agent, consult, incident, .. } = *self.call(ix);
        let key = if incident == Incident::Conference { "ConferenceConnID" } else { "TransferConnID" };
        self.say("EventDialing", consult, Place::Phone(agent), More { held: Some((key, conn)), ..More::NONE });
        let after = self.millis(15, 120);
        self.plan(ix, after, Act::Alert);
    }

    /// The consultation rings at the colleague's, or enters the queue.
    pub(super) fn alert(&mut self, ix: u32) {
        let Call { consult, peer, target, incident, .. } = *self.call(ix);
        if target != NOBODY {
            self.say("EventQueued", consult, Place::Queue(target), More::NONE);
            let after = self.millis(200, 2500);
            self.plan(ix, after, Act::Resolve);
            return;
        }
        self.say("EventRinging", consult, Place::Phone(peer), More::NONE);
        match incident {
            Incident::BlindTransfer => {
                // Half of them are mute transfers: one key does it all.
                let after = if self.random.chance(0.5) { self.millis(5, 30) } else { self.millis(300, 3000) };
                self.plan(ix, after, Act::Resolve);
            }
            Incident::ConsultUnanswered => {
                let after = self.millis(9000, 18_000);
                self.plan(ix, after, Act::Resolve);
            }
            _ => self.plan_answer(ix, Act::Accept),
        }
    }

    pub(super) fn accept(&mut self, ix: u32) {
        let Call { consult, agent, peer, .. } = *self.call(ix);
        self.say("EventEstablished", consult, Place::Phone(peer), More::NONE);
        self.say("EventEstablished", consult, Place::Phone(agent), More::NONE);
        let after = self.millis(6000, 60_000);
        self.plan(ix, after, Act::Resolve);
    }

    pub(super) fn resolve(&mut self, ix: u32) {
        match self.call(ix).incident {
            Incident::Consult => self.return_to_caller(ix, "EventReleased"),
            Incident::ConsultUnanswered => self.return_to_caller(ix, "EventAbandoned"),
            Incident::Conference => self.complete_conference(ix),
            Incident::QueueTransfer => self.complete_queue_transfer(ix),
            _ => self.complete_transfer(ix),
        }
    }

    /// The agent takes the caller back; the colleague's phone says how it ended for him.
    fn return_to_caller(&mut self, ix: u32, ending: &'static str) {
        let Call { consult, agent, peer, .. } = *self.call(ix);
        self.say("EventReleased", consult, Place::Phone(agent), More::NONE);
        self.say(ending, consult, Place::Phone(peer), More::NONE);
        self.end_consult(ix);
        self.call_mut(ix).peer = Leg::NONE;
        let after = self.millis(20, 400);
        self.plan(ix, after, Act::Retrieve);
        self.part(peer.seat, false);
    }

    /// The consultation call is no more.
    pub(super) fn end_consult(&mut self, ix: u32) {
        let consult = std::mem::replace(&mut self.call_mut(ix).consult, NOBODY);
        if consult != NOBODY {
            self.end_call(consult);
        }
    }

    /// The agent leaves both calls; the colleague, who talks or whose phone still rings, has the caller now.
    fn complete_transfer(&mut self, ix: u32) {
        let Call { consult, agent, peer, incident, .. } = *self.call(ix);
        let blind = incident == Incident::BlindTransfer;
        let (mine, theirs) = (self.number(agent), self.number(peer));
        let to = More { state: "Transferred", ..More::third(theirs, "Destination") };
        let previous = self.call(consult).conn;
        let from = More { state: "Transferred", previous, ..More::third(mine, "TransferredBy") };
        // Switches do not agree on the order.
        let changed_first = self.random.chance(0.25);
        if changed_first {
            self.say("EventPartyChanged", ix, Place::Phone(peer), from);
        }
        self.say("EventReleased", consult, Place::Phone(agent), to);
        self.say("EventReleased", ix, Place::Phone(agent), to);
        if !changed_first {
            self.say("EventPartyChanged", ix, Place::Phone(peer), from);
        }
        self.end_consult(ix);
        self.hand_over(ix, peer);
        if blind {
            self.call_mut(ix).stage = Stage::Ringing;
            self.wait_from_now(ix);
            self.plan_answer(ix, Act::Answer);
        } else {
            self.talk_on(ix);
        }
        let wraps = self.wraps();
        self.part(agent.seat, wraps);
    }

    /// The call has another agent, whom no queue sent it.
    fn hand_over(&mut self, ix: u32, to: Leg) {
        let call = self.call_mut(ix);
        (call.agent, call.peer, call.credited, call.target) = (to, Leg::NONE, NOBODY, NOBODY);
        // The next agent has something to talk about, however much has been said.
        let least = Span::from_secs(15);
        call.remaining = call.remaining.max(least);
    }

    /// The caller takes the place of the consultation in the queue.
    fn complete_queue_transfer(&mut self, ix: u32) {
        let Call { consult, agent, target, .. } = *self.call(ix);
        let number = self.queues[target as usize].number;
        let to = More { state: "Transferred", ..More::third(number, "Destination") };
        let previous = self.call(consult).conn;
        let from = More { state: "Transferred", previous, ..More::third(self.number(agent), "TransferredBy") };
        self.say("EventReleased", consult, Place::Phone(agent), to);
        self.say("EventReleased", ix, Place::Phone(agent), to);
        self.end_consult(ix);
        self.hand_over(ix, Leg::NONE);
        self.say("EventPartyChanged", ix, Place::Queue(target), from);
        self.wait_from_now(ix);
        self.stand_in_line(ix, target);
        let wraps = self.wraps();
        self.part(agent.seat, wraps);
    }

    /// The caller is sent to a colleague in one step; talks on when nobody is free.
    pub(super) fn step_to_colleague(&mut self, ix: u32) {
        let agent = self.call(ix).agent;
        let Some(colleague) = self.colleague(agent.seat) else {
            self.talk_on(ix);
            return;
        };
        let number = self.number(Leg::position(colleague));
        self.step_away(ix, number, Leg::position(colleague), NOBODY);
    }

    /// The caller is sent to another ACD queue in one step; talks on when there is none.
    pub(super) fn step_to_queue(&mut self, ix: u32) {
        let Some(target) = self.other_queue(self.call(ix).queue) else {
            self.talk_on(ix);
            return;
        };
        let number = self.queues[target as usize].number;
        self.step_away(ix, number, Leg::NONE, target);
    }

    /// The agent leaves; until the target rings or queues the call, the former agent's leg stays the call's agent.
    fn step_away(&mut self, ix: u32, number: Text, peer: Leg, target: u32) {
        let agent = self.call(ix).agent;
        let to = More { state: "Transferred", ..More::third(number, "Destination") };
        self.say("EventReleased", ix, Place::Phone(agent), to);
        let call = self.call_mut(ix);
        (call.peer, call.target, call.stage) = (peer, target, Stage::Offered);
        let after = self.millis(10, 150);
        self.plan(ix, after, Act::Deliver);
        let wraps = self.wraps();
        self.part(agent.seat, wraps);
    }

    pub(super) fn deliver(&mut self, ix: u32) {
        let Call { agent, peer, target, .. } = *self.call(ix);
        let from = More { state: "Transferred", ..More::third(self.number(agent), "TransferredBy") };
        self.hand_over(ix, peer);
        self.wait_from_now(ix);
        if target == NOBODY {
            self.say("EventRinging", ix, Place::Phone(peer), from);
            self.await_answer(ix);
        } else {
            self.enter_queue(ix, target, from);
        }
    }
}
