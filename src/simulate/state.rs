//! What a floor is made of while it runs: calls, seats, queues. Plain data; the behaviour is in the files beside.

use std::collections::VecDeque;

use super::line::Text;
use crate::model::tevent::CallType;
use crate::model::time::{Micros, Span};

/// In place of a seat: there is none.
pub(super) const NOBODY: u32 = u32::MAX;

/// One agent's phone in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leg {
    pub(super) seat: u32,
    /// Whether it is the seat's second DN.
    pub(super) extension: bool,
}

impl Leg {
    pub(super) const NONE: Self = Self { seat: NOBODY, extension: false };

    pub(super) const fn position(seat: u32) -> Self {
        Self { seat, extension: false }
    }
}

/// Where a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// No call: the slot is free.
    Over,
    /// At a routing point in front of the queues.
    Front,
    /// In its queue.
    Waiting,
    /// Between queue and ringing: milliseconds.
    Offered,
    /// At its agent's phone.
    Ringing,
    /// With its agent, who may be consulting or dialling.
    Talking,
}

/// What happens in the middle of a talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Incident {
    /// Nothing: the call ends.
    End,
    Hold,
    /// Consult a colleague, then hand the caller over.
    Transfer,
    /// Hand the caller over while the colleague's phone still rings.
    BlindTransfer,
    /// Consult a colleague, then return to the caller.
    Consult,
    /// The colleague does not answer; return to the caller.
    ConsultUnanswered,
    QueueTransfer,
    StepTransfer,
    StepQueueTransfer,
    Conference,
    StepConference,
}

/// One call of the switch, identified by its ConnID.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) conn: u64,
    pub(super) id: u32,
    pub(super) uuid: [u8; 32],
    pub(super) kind: CallType,
    pub(super) ani: Text,
    pub(super) dnis: Text,
    pub(super) data: &'static str,
    /// The call held for this one; 0 if this is no consultation.
    pub(super) previous: u64,
    pub(super) stage: Stage,
    /// Counts the calls that used this slot.
    pub(super) birth: u32,
    /// Acts planned with another token are void.
    pub(super) token: u32,
    /// Place in the queue's order; 0 when not in line.
    pub(super) ticket: u64,
    /// The ticket it had first: a call that comes back keeps its place.
    pub(super) place: u64,
    /// The queue it waits in or came from last.
    pub(super) queue: u32,
    /// The routing point in front, while at [`Stage::Front`].
    pub(super) front: u32,
    /// Whether an announcement runs at the routing point.
    pub(super) treated: bool,
    /// The seat to which an ACD queue gave the call.
    pub(super) credited: u32,
    /// The agent who has the call.
    pub(super) agent: Leg,
    /// The colleague consulted, called or in conference.
    pub(super) peer: Leg,
    /// The agent who dialled it; none for customers' calls.
    pub(super) origin: u32,
    /// The consultation call, while there is one.
    pub(super) consult: u32,
    /// The number dialled is busy.
    pub(super) busy: bool,
    /// The queue a transfer goes to.
    pub(super) target: u32,
    pub(super) incident: Incident,
    /// How many incidents it has had; bounds the story.
    pub(super) incidents: u8,
    /// Whether the talk was under way when the floor opened.
    pub(super) residual: bool,
    /// Talk still to come.
    pub(super) remaining: Span,
    /// When patience ends, while the caller waits.
    pub(super) deadline: Micros,
}

impl Call {
    pub(super) const NONE: Self = Self {
        conn: 0,
        id: 0,
        uuid: [b'0'; 32],
        kind: CallType::Unknown,
        ani: Text::EMPTY,
        dnis: Text::EMPTY,
        data: "",
        previous: 0,
        stage: Stage::Over,
        birth: 0,
        token: 0,
        ticket: 0,
        place: 0,
        residual: false,
        queue: 0,
        front: 0,
        treated: false,
        credited: NOBODY,
        agent: Leg::NONE,
        peer: Leg::NONE,
        origin: NOBODY,
        consult: NOBODY,
        busy: false,
        target: NOBODY,
        incident: Incident::End,
        incidents: 0,
        remaining: Span(0),
        deadline: Micros::MAX,
    };
}

/// What the agent at a seat is set to, apart from calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// Nobody is logged in.
    Away,
    /// Logged in, not yet ready.
    Settling,
    Ready,
    Paused,
    Wrapping,
}

/// A planned absence within a shift.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pause {
    pub(super) at: Micros,
    pub(super) length: Span,
    pub(super) reason: &'static str,
}

/// Pauses in a shift at most.
pub(super) const PAUSES: usize = 5;

/// A desk with its phones, and the agent who sits there now.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub(super) position: Text,
    /// A second DN; empty for most.
    pub(super) extension: Text,
    /// The agent at the seat.
    pub(super) agent: Text,
    /// Queues the agents of this seat serve.
    pub(super) queues: Vec<u32>,
    pub(super) presence: Presence,
    /// Whether a call has or is about to have this agent.
    pub(super) engaged: bool,
    /// Whether the seat is in the idle lists, under this token.
    pub(super) idle: bool,
    pub(super) idle_token: u32,
    /// Chores of a presence planned with another token are void.
    pub(super) token: u32,
    /// Counts shifts: pauses and ends of other shifts are void.
    pub(super) shift: u32,
    pub(super) pauses: [Option<Pause>; PAUSES],
    /// A pause that waits for the call to end.
    pub(super) due: Option<u8>,
    /// The shift is over as soon as the call is.
    pub(super) leaving: bool,
    /// When the next agent of this seat comes.
    pub(super) relief: Micros,
}

/// A line of callers and the agents who are free to take them.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    pub(super) number: Text,
    pub(super) dnis: Text,
    /// Callers wait at a routing point instead of an ACD queue.
    pub(super) routing_point: bool,
    /// A routing point that says nothing but requests and their use.
    pub(super) plain: bool,
    /// Call and ticket; entries whose call has another ticket are void.
    pub(super) waiting: VecDeque<(u32, u64)>,
    pub(super) waiting_count: u32,
    /// Seat and idle token, longest idle first; entries with another token are void.
    pub(super) idle: VecDeque<(u32, u32)>,
    /// How many seats serve the queue.
    pub(super) seats: u32,
}

/// From where an event is seen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Phone(Leg),
    Queue(u32),
    Front(u32),
}
