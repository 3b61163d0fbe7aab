//! What events that come next are going to need, asked for in rounds: each round follows what the one before has brought.
//!
//! Done for several events at once, because the waits of one round overlap among them. Nothing is concluded here, and nothing depends on
//! it: the events may be about anything else when their turn comes.

use super::slab::{Ix, NIL, Slab};
use super::world::{Timer, World};
use crate::model::fetch::{fetch, fetch_at, fetch_front};
use crate::model::ids::{AgentId, DnId};
use crate::model::tevent::TEvent;
use crate::model::time::Micros;

/// Timers of a kind that are looked at: a few events seldom let more come due.
const TIMERS: usize = 8;

/// What the second round has found out.
#[derive(Clone, Copy, Debug)]
pub struct Concerned {
    /// The agent of the event's device.
    pub agent: AgentId,
    call: Ix,
    party: Ix,
    is_queue: bool,
}

impl Default for Concerned {
    fn default() -> Self {
        Self { agent: AgentId::NONE, call: NIL, party: NIL, is_queue: false }
    }
}

impl World {
    /// First round: the devices an event names.
    #[inline]
    pub fn foresee_devices(&self, ev: &TEvent<'_>) {
        fetch_at(&self.devices, ev.this_dn.index());
        fetch_at(&self.devices, ev.this_queue.index());
    }

    /// What timers that are due by then are about.
    pub fn foresee_timers(&self, until: Micros) {
        for due in self.settling.iter().take(TIMERS).take_while(|due| due.at < until) {
            match due.timer {
                Timer::Stay(ix) => foresee_slot(&self.stays, ix),
                Timer::Party(ix) => foresee_slot(&self.parties, ix),
                Timer::Wrap(ix) => foresee_slot(&self.wraps, ix),
                Timer::Call(ix) => foresee_slot(&self.calls, ix),
            }
        }
        for due in self.lingering.iter().take(TIMERS).take_while(|due| due.at < until) {
            foresee_slot(&self.calls, due.call);
        }
    }

    /// Second round: the call, the agent of the device and its first party.
    #[inline]
    pub fn foresee_objects(&self, ev: &TEvent<'_>) -> Concerned {
        let mut concerned = Concerned::default();
        if ev.conn.is_some()
            && let Some(call) = self.find_call(ev.switch, ev.conn)
        {
            concerned.call = call;
            fetch(&self.calls[call]);
        }
        if let Some(device) = self.devices.get(ev.this_dn.index()) {
            concerned.agent = device.agent;
            concerned.party = device.parties;
            concerned.is_queue = device.is_queue;
            fetch_at(&self.agents, device.agent.index());
            foresee_slot(&self.parties, device.parties);
        }
        concerned
    }

    /// Third round: what belongs to those. Returns the queue that is likely to be concerned.
    #[inline]
    pub fn foresee_parts(&self, ev: &TEvent<'_>, concerned: &Concerned) -> DnId {
        if concerned.call != NIL {
            let call = &self.calls[concerned.call];
            foresee_slot(&self.parties, call.parties);
            foresee_slot(&self.stays, call.stays);
        }
        if let Some(agent) = self.agents.get(concerned.agent.index()) {
            foresee_slot(&self.wraps, agent.wrap.unwrap_or(NIL));
            agent.dns.first().into_iter().for_each(fetch);
            agent.memberships.first().into_iter().for_each(fetch);
        }
        let queue = if concerned.is_queue { ev.this_dn } else { ev.this_queue };
        if concerned.party == NIL {
            return queue;
        }
        let party = &self.parties[concerned.party];
        foresee_slot(&self.credits, party.credits);
        if queue.is_some() { queue } else { party.this_queue }
    }
}

/// Asks for an object in a slab, and for its serial.
#[inline]
pub(super) fn foresee_slot<T>(slab: &Slab<T>, ix: Ix) {
    if let Some((object, serial)) = slab.get(ix) {
        fetch(object);
        fetch_front(serial, 1);
    }
}
