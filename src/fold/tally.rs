//! What a call adds to its contact: counted where its stays, parties and legs end, and summed when the call closes.

use super::slab::Ix;
use super::world::World;
use super::wrap::Wrap;
use crate::model::action::Outcome;
use crate::model::ids::AgentId;
use crate::model::tevent::CallType;
use crate::model::time::{Micros, ms_between};

/// What happened on a call, one bit each.
pub(super) mod flag {
    /// Somebody connected who was not consulted.
    pub const ANSWERED: u8 = 1;
    /// The caller gave up in a queue.
    pub const ABANDONED_QUEUE: u8 = 2;
    /// The caller gave up while a phone rang.
    pub const ABANDONED_RING: u8 = 4;
    /// A queue sent the call to somebody who was never seen.
    pub const DIVERTED: u8 = 8;
    /// A machine connected.
    pub const SERVED: u8 = 16;
    /// What was dialled was busy or wrong.
    pub const BLOCKED: u8 = 32;
}

/// Counts and times of a call or a contact.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    /// Parties, stays and legs.
    pub parties: i32,
    /// Rows of stays.
    pub stays: i32,
    /// Rows of legs.
    pub legs: i32,
    /// See [`flag`].
    pub flags: u8,
    /// Talking, without consultations.
    pub talk_ms: i64,
    /// Holding.
    pub hold_ms: i64,
    /// After-call work that is over.
    pub acw_ms: i64,
    /// Waiting that is over, before the stretch below.
    waited_ms: i64,
    /// The latest stretch of waiting.
    wait: (Micros, Micros),
    /// When somebody connected first; `MAX` before.
    first_at: Micros,
    /// When somebody connected last; `MIN` before.
    last_at: Micros,
    /// Who connected first.
    pub first_agent: AgentId,
    /// Who connected last.
    pub last_agent: AgentId,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            parties: 0,
            stays: 0,
            legs: 0,
            flags: 0,
            talk_ms: 0,
            hold_ms: 0,
            acw_ms: 0,
            waited_ms: 0,
            wait: (Micros(0), Micros(0)),
            first_at: Micros::MAX,
            last_at: Micros::MIN,
            first_agent: AgentId::NONE,
            last_agent: AgentId::NONE,
        }
    }
}

impl Tally {
    /// A stretch in a queue; stretches come in order of their ends, and those that touch are one.
    fn waited(&mut self, from: Micros, until: Micros) {
        let (begin, end) = self.wait;
        if from <= end && until >= begin {
            self.wait = (begin.min(from), end.max(until));
        } else {
            self.waited_ms += ms_between(begin, end);
            self.wait = (from, until);
        }
    }

    fn connected_first(&mut self, at: Micros, agent: AgentId) {
        if at < self.first_at {
            (self.first_at, self.first_agent) = (at, agent);
        }
    }

    fn connected_last(&mut self, at: Micros, agent: AgentId) {
        if at >= self.last_at {
            (self.last_at, self.last_agent) = (at, agent);
        }
    }

    /// Time with at least one stay.
    pub fn wait_ms(&self) -> i64 {
        self.waited_ms + ms_between(self.wait.0, self.wait.1)
    }

    /// Adds another call's.
    pub fn add(&mut self, other: &Self) {
        self.parties += other.parties;
        self.stays += other.stays;
        self.legs += other.legs;
        self.flags |= other.flags;
        self.talk_ms += other.talk_ms;
        self.hold_ms += other.hold_ms;
        self.acw_ms += other.acw_ms;
        self.waited_ms += other.wait_ms();
        self.connected_first(other.first_at, other.first_agent);
        self.connected_last(other.last_at, other.last_agent);
    }

    /// What became of the caller, the best that happened first.
    pub const fn outcome(&self) -> &'static str {
        match self.flags {
            f if f & flag::ANSWERED != 0 => "answered",
            f if f & flag::ABANDONED_QUEUE != 0 => "abandoned_queue",
            f if f & flag::ABANDONED_RING != 0 => "abandoned_ring",
            f if f & flag::DIVERTED != 0 => "diverted_out",
            f if f & flag::SERVED != 0 => "self_served",
            f if f & flag::BLOCKED != 0 => "blocked",
            _ => "unknown",
        }
    }
}

impl World {
    /// A stay has its row.
    pub(super) fn tally_stay(&mut self, ix: Ix, outcome: Outcome, until: Micros) {
        let stay = &self.stays[ix];
        let (from, consult) = (stay.key.entered_at, stay.call_type == CallType::Consult);
        // A target that is a queue here has a stay of its own, which tells what became of the call.
        let goes_on = stay.target.is_some() && self.devices[stay.target.index()].is_queue;
        let tally = &mut self.calls[stay.call].tally;
        tally.stays += 1;
        if consult {
            return;
        }
        tally.waited(from, until);
        tally.flags |= match outcome {
            Outcome::AbandonedQueue => flag::ABANDONED_QUEUE,
            Outcome::AbandonedRing => flag::ABANDONED_RING,
            Outcome::Diverted if !goes_on => flag::DIVERTED,
            _ => 0,
        };
    }

    /// A leg left its call, or is open at the end of the input.
    pub(super) fn tally_leg(&mut self, ix: Ix, result: Option<&'static str>) {
        let party = &self.parties[ix];
        let is_machine = self.devices[party.dn.index()].kind.is_machine();
        let consult = party.is_own_consult() || party.call_type == CallType::Consult;
        let tally = &mut self.calls[party.call].tally;
        tally.legs += 1;
        tally.talk_ms += party.talk_ms;
        tally.hold_ms += party.hold_ms;
        if let Some(at) = party.answered_at {
            tally.flags |= match (is_machine, consult) {
                (true, _) => flag::SERVED,
                (_, true) => 0,
                _ => flag::ANSWERED,
            };
            if party.leg_agent.is_some() {
                tally.connected_first(at, party.leg_agent);
                tally.connected_last(at, party.leg_agent);
            }
        }
        tally.flags |= match result {
            Some("abandoned_while_ringing") if !consult => flag::ABANDONED_RING,
            Some("busy" | "error") => flag::BLOCKED,
            _ => 0,
        };
    }

    /// The wrap of a leg is over; its call may be gone by now.
    pub(super) fn tally_wrap(&mut self, wrap: &Wrap) {
        let call = &mut self.calls[self.parties[wrap.party].call];
        if call.id == wrap.call {
            call.tally.acw_ms += wrap.acw_ms;
        }
    }
}
