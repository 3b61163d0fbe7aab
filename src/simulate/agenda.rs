//! What will happen, in order of time; among equals, in the order it was planned.
//!
//! Nothing is ever struck out: an entry that has been overtaken by events carries an old token, and whoever it concerns
//! ignores it when its time comes. The order is total, so a floor is deterministic.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::model::time::Micros;

/// The next step in the story of a call, always played by the agent who has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    /// The routing point passes the call to its queue.
    Route,
    /// The queue has found an agent.
    Offer,
    /// The queue has let the call go; the agent's phone rings.
    Ring,
    /// The phone rings; the queue says that the call has left.
    Divert,
    /// The agent answers.
    Answer,
    /// The agent does not, and the switch takes the call away.
    Ignore,
    /// A stretch of talk is over: something comes between, or the call ends.
    Talk,
    /// The agent, already in after-call work, hangs up.
    Release,
    /// The held caller is taken back.
    Retrieve,
    /// The held caller hangs up.
    Drop,
    /// With the caller on hold, a colleague or queue is dialled.
    Dial,
    /// The consultation reaches its target.
    Alert,
    /// The colleague answers the consultation.
    Accept,
    /// The consultation ends as planned.
    Resolve,
    /// A single-step transfer arrives at its target.
    Deliver,
    /// A colleague answers into a conference.
    Join,
    /// Somebody leaves a conference.
    Leave,
    /// Those left in a conference without its caller hang up.
    Disband,
    /// An outgoing call leaves the switch.
    Reach,
    /// The other end of an own call answers.
    Connect,
    /// The other end of an own call is busy.
    Engaged,
    /// The agent gives an own call up.
    Quit,
}

/// What an agent or a seat will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Chore {
    /// A shift begins.
    Arrive,
    /// Login to the queue with this place in the agent's list.
    Login(u16),
    /// First ready of the shift.
    Begin,
    /// The planned pause with this number is due.
    Pause(u8),
    /// A pause ends.
    Resume,
    /// After-call work begins.
    Wrap,
    /// After-call work ends.
    Wrapped,
    /// The switch makes an agent not ready who let a call ring.
    Suspend,
    /// The shift is over.
    Leave,
}

/// One entry of the agenda.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// The feed begins.
    Open,
    /// A customer whose talk is under way as the floor opens.
    Caller,
    /// Perhaps a customer calls.
    Customer,
    /// Perhaps an agent makes a call.
    OwnCall,
    /// The caller's patience ends: call, birth number.
    GiveUp(u32, u32),
    /// Call, token, act.
    Call(u32, u32, Act),
    /// Seat, token, chore.
    Seat(u32, u32, Chore),
}

/// When, the order of planning, what.
type Entry = Reverse<(Micros, u64, Step)>;

/// A slot is 2¹⁷ microseconds: an eighth of a second.
const SLOT_BITS: u32 = 17;
/// Slots on the wheel, a power of two: nine minutes, in which most of what people plan happens.
const SLOTS: usize = 4096;
/// In place of a node: there is none.
const NONE: u32 = u32::MAX;

/// The time-ordered agenda.
///
/// One heap of everything would be exact and, with a hundred thousand agents, mostly waiting for memory. So only the
/// entries of the present slot are in a heap; those of the next minutes lie unordered in the slots of a wheel, and those
/// after that in a heap that is touched rarely.
#[derive(Clone, Debug)]
pub(super) struct Agenda {
    /// Entries up to the end of the present slot; empty only if there is none at all.
    near: BinaryHeap<Entry>,
    /// For each slot after `slot`, at its number modulo [`SLOTS`], the first node of its list; [`NONE`] if empty.
    wheel: Vec<u32>,
    /// An entry and the next node of the same list. Nodes are reused last in, first out, and so are in the cache.
    nodes: Vec<(Entry, u32)>,
    /// First node of the list of free ones.
    free: u32,
    on_wheel: usize,
    /// Entries beyond the wheel.
    far: BinaryHeap<Entry>,
    /// The present slot's number, counted from the epoch.
    slot: i64,
    planned: u64,
}

impl Default for Agenda {
    fn default() -> Self {
        Self {
            near: BinaryHeap::new(),
            wheel: vec![NONE; SLOTS],
            nodes: Vec::new(),
            free: NONE,
            on_wheel: 0,
            far: BinaryHeap::new(),
            slot: 0,
            planned: 0,
        }
    }
}

impl Agenda {
    /// Adds a step.
    pub(super) fn plan(&mut self, at: Micros, step: Step) {
        self.planned += 1;
        self.place(Reverse((at, self.planned, step)));
        self.advance();
    }

    /// The time of the first step.
    pub(super) fn next_at(&self) -> Option<Micros> {
        self.near.peek().map(|Reverse((at, ..))| *at)
    }

    /// Takes the first step if its time is not after `until`.
    pub(super) fn take(&mut self, until: Micros) -> Option<(Micros, Step)> {
        if self.next_at()? > until {
            return None;
        }
        let Reverse((at, _, step)) = self.near.pop()?;
        self.advance();
        Some((at, step))
    }

    fn place(&mut self, entry: Entry) {
        let ahead = slot_of(&entry) - self.slot;
        if ahead <= 0 {
            self.near.push(entry);
        } else if ahead < SLOTS as i64 {
            let first = &mut self.wheel[index(self.slot + ahead)];
            let node = self.free;
            if node == NONE {
                self.nodes.push((entry, *first));
                *first = self.nodes.len() as u32 - 1;
            } else {
                self.free = self.nodes[node as usize].1;
                self.nodes[node as usize] = (entry, *first);
                *first = node;
            }
            self.on_wheel += 1;
        } else {
            self.far.push(entry);
        }
    }

    /// Turns the wheel until something is near, or nothing is left.
    fn advance(&mut self) {
        while self.near.is_empty() {
            if self.on_wheel > 0 {
                self.slot += 1;
            } else if let Some(first) = self.far.peek() {
                self.slot = slot_of(first);
            } else {
                return;
            }
            while self.far.peek().is_some_and(|first| slot_of(first) - self.slot < SLOTS as i64) {
                if let Some(entry) = self.far.pop() {
                    self.place(entry);
                }
            }
            let mut node = std::mem::replace(&mut self.wheel[index(self.slot)], NONE);
            while node != NONE {
                let (entry, next) = self.nodes[node as usize];
                self.near.push(entry);
                self.nodes[node as usize].1 = self.free;
                self.free = node;
                self.on_wheel -= 1;
                node = next;
            }
        }
    }
}

fn slot_of(Reverse((at, ..)): &Entry) -> i64 {
    at.0 >> SLOT_BITS
}

/// Where a slot is on the wheel.
const fn index(slot: i64) -> usize {
    slot as usize & (SLOTS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::random::Random;

    #[test]
    fn steps_come_in_the_order_of_time_and_then_of_planning() {
        let mut random = Random::new(11);
        let (mut agenda, mut plain) = (Agenda::default(), BinaryHeap::new());
        let mut now = Micros::from_parts(1_700_000_000, 0);
        for n in 0..200_000_u32 {
            // Mostly soon, sometimes at the same instant, now and then in days.
            let reach = [0, 1_000, 10_000_000, 600_000_000, 200_000_000_000][random.below(5) as usize];
            let at = Micros(now.0 + random.between(0, reach));
            agenda.plan(at, Step::GiveUp(n, 0));
            plain.push(Reverse((at, n)));
            while random.chance(0.51) {
                let Some(Reverse((at, n))) = plain.pop() else { break };
                assert_eq!(agenda.next_at(), Some(at));
                assert_eq!(agenda.take(Micros(at.0 - 1)), None);
                assert_eq!(agenda.take(at), Some((at, Step::GiveUp(n, 0))));
                now = at;
            }
        }
        assert_eq!(agenda.next_at(), plain.peek().map(|Reverse((at, _))| *at));
    }
}
