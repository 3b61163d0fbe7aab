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

/// The time-ordered heap.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Reverse<(Micros, u64, Step)>>,
    planned: u64,
}

impl Agenda {
    /// Adds a step.
    pub(super) fn plan(&mut self, at: Micros, step: Step) {
        self.planned += 1;
        self.heap.push(Reverse((at, self.planned, step)));
    }

    /// The time of the first step.
    pub(super) fn next_at(&self) -> Option<Micros> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// Takes the first step if its time is not after `until`.
    pub(super) fn take(&mut self, until: Micros) -> Option<(Micros, Step)> {
        if self.next_at()? > until {
            return None;
        }
        self.heap.pop().map(|Reverse((at, _, step))| (at, step))
    }
}
