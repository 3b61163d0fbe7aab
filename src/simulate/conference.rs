//! Three in a call: how a colleague comes in, and who leaves first.

use super::agenda::Act;
use super::floor::{Floor, More};
use super::line::Party;
use super::state::{Call, Leg, Place};

impl Floor {
    /// The consultation and the held call become one.
    pub(super) fn complete_conference(&mut self, ix: u32) {
        let Call { consult, agent, peer, .. } = *self.call(ix);
        let (mine, theirs) = (self.number(agent), self.number(peer));
        let previous = self.call(consult).conn;
        let conferenced = More::state("Conferenced");
        self.say("EventReleased", consult, Place::Phone(agent), conferenced);
        self.say("EventRetrieved", ix, Place::Phone(agent), conferenced);
        let added = More { other: Some((theirs, "NewParty")), third: Some((mine, "AddedBy")), ..conferenced };
        self.say("EventPartyAdded", ix, Place::Phone(agent), added);
        let changed = More { previous, third: Some((mine, "ConferencedBy")), ..conferenced };
        self.say("EventPartyChanged", ix, Place::Phone(peer), changed);
        self.end_consult(ix);
        self.confer(ix);
    }

    /// A colleague's phone rings for a conference; talks on when nobody is free.
    pub(super) fn step_conference(&mut self, ix: u32) {
        let agent = self.call(ix).agent;
        let Some(colleague) = self.colleague(agent.seat) else {
            self.talk_on(ix);
            return;
        };
        let peer = Leg::position(colleague);
        self.call_mut(ix).peer = peer;
        let third = Some((self.number(agent), "AddedBy"));
        self.say("EventRinging", ix, Place::Phone(peer), More { third, ..More::state("Conferenced") });
        self.plan_answer(ix, Act::Join);
    }

    pub(super) fn join(&mut self, ix: u32) {
        let Call { agent, peer, .. } = *self.call(ix);
        let (mine, theirs) = (self.number(agent), self.number(peer));
        let conferenced = More::state("Conferenced");
        self.say("EventEstablished", ix, Place::Phone(peer), conferenced);
        let added = More { other: Some((theirs, "NewParty")), third: Some((mine, "AddedBy")), ..conferenced };
        self.say("EventPartyAdded", ix, Place::Phone(agent), added);
        self.confer(ix);
    }

    fn confer(&mut self, ix: u32) {
        let after = self.millis(15_000, 120_000);
        self.plan(ix, after, Act::Leave);
    }

    /// Somebody leaves: the agent, the colleague, or the caller.
    pub(super) fn leave(&mut self, ix: u32) {
        let Call { agent, peer, ani, .. } = *self.call(ix);
        let who = self.random.unit();
        if who < 0.45 {
            self.say("EventReleased", ix, Place::Phone(agent), More::LOCAL);
            self.say_deleted(ix, peer, self.number(agent).into_parties());
            let call = self.call_mut(ix);
            (call.agent, call.peer) = (peer, Leg::NONE);
            self.talk_on(ix);
            let wraps = self.wraps();
            self.part(agent.seat, wraps);
        } else if who < 0.85 {
            self.say("EventReleased", ix, Place::Phone(peer), More::LOCAL);
            self.say_deleted(ix, agent, self.number(peer).into_parties());
            self.call_mut(ix).peer = Leg::NONE;
            self.talk_on(ix);
            self.part(peer.seat, false);
        } else {
            self.say_deleted(ix, agent, ani.into_parties());
            self.say_deleted(ix, peer, ani.into_parties());
            let after = self.millis(400, 4000);
            self.plan(ix, after, Act::Disband);
        }
    }

    fn say_deleted(&mut self, ix: u32, leg: Leg, (other, third): (Party, Party)) {
        let more = More { other: Some(other), third: Some(third), ..More::NONE };
        self.say("EventPartyDeleted", ix, Place::Phone(leg), more);
    }

    pub(super) fn disband(&mut self, ix: u32) {
        let wraps = self.wraps();
        self.hang_up(ix, wraps, More::REMOTE);
    }
}

impl super::line::Text {
    /// The party that left, and the one that made it leave: itself.
    const fn into_parties(self) -> (Party, Party) {
        ((self, "DeletedParty"), (self, "DeletedBy"))
    }
}
