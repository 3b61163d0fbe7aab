//! To whom a party belongs, and the actions of its device and its agent.
//!
//! The agent of a party is the one logged in on its DN. Where nobody is during the party's whole life, it is the AgentID
//! of its events, while that agent has a session anywhere. A leg keeps the agent who had it at the answer.

use super::party::{Party, PartyState};
use super::slab::Ix;
use super::world::World;
use crate::model::action::{Action, AgentCount, Durable, Momentary, On, Retrospective, Status};
use crate::model::ids::{AgentId, ConnId, DnId};
use crate::model::tevent::{CallType, TEvent};
use crate::model::time::{Micros, Span};

impl World {
    /// The durable actions that run in the party's state.
    pub(super) fn durables(&self, ix: Ix) -> [Option<Durable>; 2] {
        let party = &self.parties[ix];
        match party.state {
            _ if party.observer => [Some(Durable::CallObserving), None],
            PartyState::Alerting => [Some(Durable::CallRinging), None],
            PartyState::Dialing | PartyState::Failed => [Some(Durable::CallDialing), None],
            PartyState::Connected => [Some(Durable::CallTalk), None],
            PartyState::Held => [Some(Durable::CallTalk), Some(Durable::CallOnHold)],
            PartyState::Closed => [None, None],
        }
    }

    pub(super) fn claim(&mut self, ix: Ix, agent: AgentId) {
        if agent.is_none() || self.parties[ix].claim == agent {
            return;
        }
        self.unclaim(ix);
        self.parties[ix].claim = agent;
        self.agents[agent.index()].claims.push(ix);
    }

    pub(super) fn unclaim(&mut self, ix: Ix) {
        let claim = std::mem::take(&mut self.parties[ix].claim);
        if claim.is_some() {
            self.agents[claim.index()].claims.retain(|&i| i != ix);
        }
    }

    /// The agent its events name, if that counts.
    pub(super) fn claimed_agent(&self, ix: Ix) -> AgentId {
        let party = &self.parties[ix];
        let counts = !self.devices[party.dn.index()].kind.is_machine()
            && !party.dn_was_bound
            && party.claim.is_some()
            && self.agents[party.claim.index()].is_logged_in();
        if counts { party.claim } else { AgentId::NONE }
    }

    /// Attributes an open party to whom it belongs now; the running actions end for one agent and begin for the other.
    pub(super) fn attribute(&mut self, ix: Ix, at: Micros) {
        let bound = self.devices[self.parties[ix].dn.index()].agent;
        self.parties[ix].dn_was_bound |= bound.is_some();
        let agent = if bound.is_some() { bound } else { self.claimed_agent(ix) };
        let old = self.parties[ix].agent;
        if old == agent || !self.parties[ix].is_open() {
            return;
        }
        let durables = self.durables(ix);
        self.add_load(ix, -1);
        for what in durables.into_iter().flatten() {
            self.end_durable_for_agent(ix, what, at);
        }
        self.parties[ix].agent = agent;
        self.parties[ix].agent_since = at;
        self.add_load(ix, 1);
        let call_type = self.parties[ix].call_type;
        if agent.is_some() {
            for what in durables.into_iter().flatten() {
                let on = On::Device { dn: DnId::NONE, agent };
                self.out.push(Action::Started { what, on, call_type, at });
            }
        }
        self.refresh(old, at);
        self.refresh(agent, at);
    }

    /// The agent of the leg: at the offer, and again at the answer.
    pub(super) fn take_leg_agent(&mut self, ix: Ix) {
        let agent = self.parties[ix].agent;
        if agent.is_some() {
            let session = self.agents[agent.index()].session.as_ref().map(|s| s.key);
            self.parties[ix].leg_agent = agent;
            self.parties[ix].leg_session = session;
        }
    }

    pub(super) fn add_load(&mut self, ix: Ix, by: i16) {
        let party = &self.parties[ix];
        if party.agent.is_none() {
            return;
        }
        if let Some(status) = self.status_of_party(ix) {
            self.agents[party.agent.index()].load.change(status, by);
        }
    }

    /// The status a party would give its agent.
    pub(super) fn status_of_party(&self, ix: Ix) -> Option<Status> {
        let party = &self.parties[ix];
        match party.state {
            PartyState::Closed => None,
            _ if party.observer => Some(Status::Busy),
            PartyState::Alerting => Some(Status::Ringing),
            PartyState::Dialing | PartyState::Failed => Some(Status::Dialing),
            PartyState::Connected => Some(Status::talking(party.call_type)),
            PartyState::Held => Some(Status::Held),
        }
    }

    pub(super) fn start_durable(&mut self, ix: Ix, what: Durable, at: Micros) {
        let party = &mut self.parties[ix];
        if what == Durable::CallTalk {
            party.talk_since = at;
        }
        let on = On::Device { dn: party.dn, agent: party.agent };
        self.out.push(Action::Started { what, on, call_type: party.call_type, at });
    }

    pub(super) fn end_durable(&mut self, ix: Ix, what: Durable, at: Micros) {
        let party = &self.parties[ix];
        let (dn, agent, call_type) = (party.dn, party.agent, party.call_type);
        let started = party.durable_since(what);
        let joined = started.max(party.agent_since);
        if joined == started || agent.is_none() {
            self.out.push(Action::Ended { what, on: On::Device { dn, agent }, call_type, started, at });
        } else {
            let (device, person) = (On::Device { dn, agent: AgentId::NONE }, On::Device { dn: DnId::NONE, agent });
            self.out.push(Action::Ended { what, on: device, call_type, started, at });
            self.out.push(Action::Ended { what, on: person, call_type, started: joined, at });
        }
    }

    pub(super) fn end_durable_for_agent(&mut self, ix: Ix, what: Durable, at: Micros) {
        let party = &self.parties[ix];
        let (agent, call_type) = (party.agent, party.call_type);
        if agent.is_some() {
            let started = party.durable_since(what).max(party.agent_since);
            let on = On::Device { dn: DnId::NONE, agent };
            self.out.push(Action::Ended { what, on, call_type, started, at });
        }
    }

    pub(super) fn finished(&mut self, ix: Ix, what: Retrospective, lasted: Span, at: Micros) {
        let party = &self.parties[ix];
        let on = On::Device { dn: party.dn, agent: party.agent };
        self.out.push(Action::Finished { what, on, call_type: party.call_type, lasted, at });
    }

    pub(super) fn occurred(&mut self, ix: Ix, what: Momentary, call_type: CallType, at: Micros) {
        let party = &self.parties[ix];
        let on = On::Device { dn: party.dn, agent: party.agent };
        self.out.push(Action::Occurred { what, on, call_type, at });
    }

    pub(super) fn count(&mut self, agent: AgentId, what: AgentCount, at: Micros) {
        if agent.is_some() {
            self.out.push(Action::Counted { agent, what, at });
        }
    }

    /// The open party on a DN for an event's ConnID.
    pub(super) fn party_of(&self, ev: &TEvent<'_>, conn: ConnId) -> Option<Ix> {
        let call = self.find_call(ev.switch, conn)?;
        if ev.this_dn.is_none() { None } else { self.find_party(call, ev.this_dn) }
    }
}

impl Party {
    /// Begin of a running durable action.
    fn durable_since(&self, what: Durable) -> Micros {
        match what {
            Durable::CallTalk => self.talk_since,
            _ => self.state_since,
        }
    }
}
