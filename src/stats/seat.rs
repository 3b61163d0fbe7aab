//! Base accumulators of devices, and of agents at them.
//!
//! Nearly everything that happens on a device happens to the agent at it. So it is booked once, for both, on the *seat*: what
//! this agent has done on this DN since he took it. When another one begins something there, the seat is cleared: its counts
//! are added to what the DN and the agent have of their own, which nothing is ever taken from.
//!
//! ```text
//!   a DN's counts     =  its own  +  its seat
//!   an agent's counts =  his own  +  the seats he has
//! ```
//!
//! What begins in a seat may end after that was cleared, or for one of the two alone, as when the agent logs out in a call.
//! Then it ends in the counts of their own, where the begin is once the seat is cleared.

use super::accumulator::{Accumulators, Cells, Pages};
use crate::model::action::{Durable, Momentary, Retrospective};
use crate::model::fetch::fetch_at;
use crate::model::ids::{AgentId, DnId};
use crate::model::room::make_room;
use crate::model::tevent::CallType;
use crate::model::time::{Micros, Span};

/// A device and its seat.
#[derive(Clone, Copy, Debug)]
struct Device {
    /// What the agent has done here.
    seat: Pages,
    /// Who has the seat.
    agent: AgentId,
    /// The next device whose seat he has.
    next: DnId,
    /// What happened here to nobody, and under agents before this one.
    own: Pages,
}

const UNSEEN: Device = Device { seat: Pages::NONE, agent: AgentId::NONE, next: DnId::NONE, own: Pages::NONE };

/// An agent.
#[derive(Clone, Copy, Debug)]
struct Sitter {
    /// The first device whose seat he has.
    first: DnId,
    /// What he did on no device, and in seats he does not have any more.
    own: Pages,
}

const UNHEARD: Sitter = Sitter { first: DnId::NONE, own: Pages::NONE };

/// All devices and agents, by their ids.
#[derive(Clone, Debug, Default)]
pub struct Seats {
    devices: Vec<Device>,
    agents: Vec<Sitter>,
}

impl Seats {
    /// Makes room for devices and agents that are new.
    pub(super) fn make_room(&mut self, dns: usize, agents: usize) {
        let more = dns.saturating_sub(self.devices.len());
        make_room(&mut self.devices, more);
        self.devices.resize(self.devices.len() + more, UNSEEN);
        let more = agents.saturating_sub(self.agents.len());
        make_room(&mut self.agents, more);
        self.agents.resize(self.agents.len() + more, UNHEARD);
    }

    /// A durable action begins on a device, to an agent, or both: he takes the seat.
    #[inline]
    pub(super) fn started(
        &mut self,
        dn: DnId,
        agent: AgentId,
        what: Durable,
        call_type: CallType,
        at: Micros,
        all: &mut Accumulators,
    ) {
        if dn.is_some() && agent.is_some() && self.devices[dn.index()].agent != agent {
            self.take(dn, agent, all);
        }
        self.book(dn, agent, |pages| all.started(pages, what, call_type, at));
    }

    /// A durable action ends that began at the first of two instants.
    #[inline]
    pub(super) fn ended(
        &mut self,
        dn: DnId,
        agent: AgentId,
        what: Durable,
        call_type: CallType,
        (started, at): (Micros, Micros),
        all: &mut Accumulators,
    ) {
        if let Some(device) = self.devices.get_mut(dn.index())
            && device.agent == agent
            && agent.is_some()
            && all.ended(&mut device.seat, what, call_type, started, at)
        {
            return;
        }
        self.ended_apart(dn, agent, all, |pages, all| all.ended(pages, what, call_type, started, at));
    }

    /// Ends something for the DN and for the agent by itself: in the counts of their own, or else in a seat, which is cleared.
    fn ended_apart(
        &mut self,
        dn: DnId,
        agent: AgentId,
        all: &mut Accumulators,
        end: impl Fn(&mut Pages, &mut Accumulators) -> bool,
    ) {
        if dn.is_some() && !end(&mut self.devices[dn.index()].own, all) {
            self.clear(dn, all);
            all.violations += u64::from(!end(&mut self.devices[dn.index()].own, all));
        }
        if agent.is_some() && !end(&mut self.agents[agent.index()].own, all) {
            while self.agents[agent.index()].first.is_some() {
                self.clear(self.agents[agent.index()].first, all);
            }
            all.violations += u64::from(!end(&mut self.agents[agent.index()].own, all));
        }
    }

    /// A momentary action occurs.
    #[inline]
    pub(super) fn occurred(
        &mut self,
        dn: DnId,
        agent: AgentId,
        what: Momentary,
        call_type: CallType,
        all: &mut Accumulators,
    ) {
        self.book(dn, agent, |pages| all.occurred(pages, what, call_type));
    }

    /// A retrospective action occurs.
    #[inline]
    pub(super) fn finished(
        &mut self,
        dn: DnId,
        agent: AgentId,
        what: Retrospective,
        call_type: CallType,
        lasted: Span,
        all: &mut Accumulators,
    ) {
        self.book(dn, agent, |pages| all.finished(pages, what, call_type, lasted));
    }

    /// Books on the seat, if it is this agent's, else on everybody concerned.
    #[inline]
    fn book(&mut self, dn: DnId, agent: AgentId, mut book: impl FnMut(&mut Pages)) {
        match (self.devices.get_mut(dn.index()), self.agents.get_mut(agent.index())) {
            (Some(device), Some(_)) if device.agent == agent => book(&mut device.seat),
            (device, sitter) => {
                device.into_iter().for_each(|device| book(&mut device.own));
                sitter.into_iter().for_each(|sitter| book(&mut sitter.own));
            }
        }
    }

    #[cold]
    fn take(&mut self, dn: DnId, agent: AgentId, all: &mut Accumulators) {
        self.clear(dn, all);
        let device = &mut self.devices[dn.index()];
        device.agent = agent;
        device.next = std::mem::replace(&mut self.agents[agent.index()].first, dn);
    }

    /// Nobody has the seat any more.
    fn clear(&mut self, dn: DnId, all: &mut Accumulators) {
        let device = &mut self.devices[dn.index()];
        let (mut seat, before, next) = (device.seat, device.agent, device.next);
        if before.is_none() {
            return;
        }
        let sitter = &mut self.agents[before.index()];
        all.add(&seat, &mut device.own);
        all.add(&seat, &mut sitter.own);
        all.free(&mut seat);
        *device = Device { seat, agent: AgentId::NONE, next: DnId::NONE, ..*device };
        if sitter.first == dn {
            sitter.first = next;
            return;
        }
        let mut at = sitter.first;
        while self.devices[at.index()].next != dn {
            at = self.devices[at.index()].next;
        }
        self.devices[at.index()].next = next;
    }

    /// The counts of a DN for a call type; `None` when it has seen none of that type.
    #[must_use]
    pub fn of_device(&self, dn: DnId, call_type: CallType, all: &Accumulators) -> Option<Cells> {
        let device = self.devices.get(dn.index())?;
        all.sum([&device.own, &device.seat], call_type)
    }

    /// The counts of an agent for a call type; `None` when he has seen none of that type.
    #[must_use]
    pub fn of_agent(&self, agent: AgentId, call_type: CallType, all: &Accumulators) -> Option<Cells> {
        let sitter = self.agents.get(agent.index())?;
        let mut next = sitter.first;
        let seats = std::iter::from_fn(|| {
            let device = self.devices.get(next.index())?;
            next = device.next;
            Some(&device.seat)
        });
        all.sum(std::iter::once(&sitter.own).chain(seats), call_type)
    }

    /// Asks for the place of a device.
    #[inline]
    pub(super) fn foresee(&self, dn: DnId) {
        fetch_at(&self.devices, dn.index());
    }

    /// Asks for the counts of what its agent does on a device.
    #[inline]
    pub(super) fn foresee_pages(&self, dn: DnId, call_type: CallType, all: &Accumulators) {
        if let Some(device) = self.devices.get(dn.index()) {
            all.foresee(&device.seat, call_type);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Agents who change places among devices while what they began goes on: every object counts what it would count if it
    /// were booked for itself.
    #[test]
    fn counts_are_those_of_booking_every_object_for_itself() {
        const INBOUND: CallType = CallType::Inbound;
        let (dns, agents) = (4_u32, 3_u32);
        let (mut seats, mut all) = (Seats::default(), Accumulators::default());
        seats.make_room(dns as usize, agents as usize);
        // Begins, ends, time ended and occurrences, by object: devices first.
        let mut plain = vec![(0_u32, 0_u32, 0_i64, 0_u32); (dns + agents) as usize];
        let mut going_on: Vec<(DnId, AgentId, Micros)> = Vec::new();
        let mut seed = 11_u64;
        let mut draw = |below: u32| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as u32 % below
        };
        for now in 0..20_000_i64 {
            let dn = DnId(draw(dns));
            let agent = if draw(5) == 0 { AgentId::NONE } else { AgentId(draw(agents)) };
            let objects = |dn: DnId, agent: AgentId| {
                [Some(dn.0), agent.is_some().then(|| dns + agent.0)].into_iter().flatten().map(|i| i as usize)
            };
            match draw(3) {
                0 => {
                    seats.started(dn, agent, Durable::CallTalk, INBOUND, Micros(now), &mut all);
                    objects(dn, agent).for_each(|i| plain[i].0 += 1);
                    going_on.push((dn, agent, Micros(now)));
                }
                1 if !going_on.is_empty() => {
                    let (dn, agent, since) = going_on.swap_remove(draw(going_on.len() as u32) as usize);
                    let mut end = |dn, agent| {
                        seats.ended(dn, agent, Durable::CallTalk, INBOUND, (since, Micros(now)), &mut all);
                    };
                    // As when the agent logs out, and the device talks on.
                    if agent.is_some() && draw(4) == 0 {
                        end(DnId::NONE, agent);
                        end(dn, AgentId::NONE);
                    } else {
                        end(dn, agent);
                    }
                    for i in objects(dn, agent) {
                        plain[i].1 += 1;
                        plain[i].2 += now - since.0;
                    }
                }
                _ => {
                    seats.occurred(dn, agent, Momentary::UserEvent, INBOUND, &mut all);
                    objects(dn, agent).for_each(|i| plain[i].3 += 1);
                }
            }
        }
        assert_eq!(all.violations, 0);
        for (i, expected) in plain.iter().enumerate() {
            let cells = match i as u32 {
                i if i < dns => seats.of_device(DnId(i), INBOUND, &all),
                i => seats.of_agent(AgentId(i - dns), INBOUND, &all),
            };
            let cells = cells.expect("everybody has seen something");
            let talk = cells.durable(Durable::CallTalk);
            let counted = (talk.started, talk.ended, talk.ended_micros, cells.momentary(Momentary::UserEvent));
            assert_eq!(counted, *expected, "object {i}");
            let begins: i64 = going_on
                .iter()
                .filter(|(dn, agent, _)| dn.0 == i as u32 || agent.is_some() && dns + agent.0 == i as u32)
                .map(|(_, _, since)| since.0)
                .sum();
            assert_eq!(talk.ongoing_starts, begins, "object {i}");
        }
    }

    #[test]
    fn an_end_without_a_begin_is_a_violation_and_counts_nothing() {
        let (mut seats, mut all) = (Seats::default(), Accumulators::default());
        seats.make_room(1, 1);
        let (dn, agent) = (DnId(0), AgentId(0));
        seats.started(dn, agent, Durable::CallWait, CallType::Inbound, Micros(1), &mut all);
        seats.ended(dn, agent, Durable::CallTalk, CallType::Inbound, (Micros(1), Micros(2)), &mut all);
        assert_eq!(all.violations, 2, "of the DN and of the agent");
        let cells = seats.of_device(dn, CallType::Inbound, &all).expect("something occurred");
        assert_eq!(cells.durable(Durable::CallTalk).ended, 0);
    }
}
