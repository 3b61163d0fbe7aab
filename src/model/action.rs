//! What the fold concluded: the narrow waist between telephony and numbers.
//!
//! Names and meanings are those of Stat Server's action model: *durable* actions have a start and an end, *momentary* ones
//! are points, *retrospective* ones are points that carry the duration of what just finished. Statistics and history
//! read nothing else of the fold but these and the closed facts in [`super::row`]. This module refuses to know both
//! telephony and what is counted.

use super::ids::{AgentId, DnId, ReasonId, SwitchId};
use super::tevent::CallType;
use super::time::{Micros, Span};

/// Where an action happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// On a device, and for the agent attributed to it. Either may be `NONE`: the action of a call that an agent joins
    /// or leaves half-way starts or ends for him alone.
    Device {
        /// The regular DN.
        dn: DnId,
        /// The agent.
        agent: AgentId,
    },
    /// On a queue or routing point, for one stay of a call and, once offered, the agent it was offered to.
    Queue {
        /// The mediation DN.
        queue: DnId,
        /// The agent of the stay's target, or `NONE`.
        agent: AgentId,
        /// Entry of the stay: names the cohort.
        entered_at: Micros,
    },
}

/// Durable actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Durable {
    /// An agent is logged in on the DN.
    LoggedIn,
    /// The handset is lifted.
    OffHook,
    /// Ready.
    WaitForNextCall,
    /// Not ready with any work mode but after-call work.
    NotReadyForNextCall,
    /// After-call work; its call type is that of the call it belongs to, `Unknown` when it belongs to none.
    AfterCallWork,
    /// Dialling, from EventDialing to the answer or the release.
    CallDialing,
    /// Ringing.
    CallRinging,
    /// Connected: `CallInbound`, `CallOutbound` and so on by call type. Keeps running during hold.
    CallTalk,
    /// The device holds the call; runs in parallel with the talk action.
    CallOnHold,
    /// The device observes the call of somebody else.
    CallObserving,
    /// A call waits in the queue. Ends when it leaves the queue itself.
    CallWait,
    /// A call that left the queue is offered to a target, until answered, abandoned or returned.
    CallAlerting,
    /// The DN is seen: from its first event, while it is registered, in service and its link is up.
    Monitored,
    /// The DN is known and not seen.
    NotMonitored,
}

/// Momentary actions; the `…Started` ones are the starts of the durable actions and have no names here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Momentary {
    /// A talk action started on a call this DN made.
    CallOriginated,
    /// A talk action started on a call this DN received.
    CallReceived,
    /// This DN completed a transfer.
    CallTransferMade,
    /// This DN became the owner of a transferred call.
    CallTransferTaken,
    /// This DN completed a conference.
    CallConferenceMade,
    /// This DN was added to a conference.
    CallConferenceJoined,
    /// Some party was added to a conference this DN is in.
    CallConferencePartyAdded,
    /// Some party left a conference this DN is in.
    CallConferencePartyDeleted,
    /// The other side was replaced while talking.
    CallPartyChanged,
    /// The other side was replaced while ringing.
    CallRingingPartyChanged,
    /// A device was offered a call (observers never).
    CallOffered,
    /// A client fabricated an event on this DN.
    UserEvent,
    /// A call entered from another queue.
    CallDivertedIn,
    /// A treatment (music, announcement, digits) began.
    CallTreatmentStarted,
    /// A treatment was refused.
    CallTreatmentNotStarted,
}

/// Retrospective actions. On a queue, durations run from the entry of the stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Retrospective {
    /// Ringing ended in an answer. On a queue: speed of answer.
    CallAnswered,
    /// The caller hung up while it rang.
    CallAbandonedFromRinging,
    /// Ringing ended because the call was forwarded or redirected.
    CallForwarded,
    /// Ringing ended unanswered.
    CallMissed,
    /// Dialling ended in an answer.
    CallDialed,
    /// A call still dialling was transferred.
    CallDialTransferred,
    /// A call still dialling was conferenced.
    CallDialConferenced,
    /// This DN hung up while dialling.
    CallAbandonedFromDialing,
    /// Hold ended by retrieve.
    CallRetrievedFromHold,
    /// Hold ended by release.
    CallAbandonedFromHold,
    /// The call left the queue towards a target.
    CallDistributed,
    /// The call left the queue towards another queue, in addition to `CallDistributed`.
    CallDistributedToQueue,
    /// The caller left while waiting in the queue.
    CallAbandoned,
    /// The call left the queue without reaching anyone, or a parallel stay won it.
    CallCleared,
    /// The distributed call ended on the device that answered: talk time including hold.
    CallReleased,
    /// After-call work that followed the distributed call ended.
    AcwCompleted,
    /// The stay ended unseen.
    StuckCallCleaned,
    /// A treatment ended.
    CallTreatmentCompleted,
}

/// Status of an agent at an instant: the highest of what goes on, by the priority table. Declared lowest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Status {
    /// No login session.
    #[default]
    LoggedOut = 0,
    /// Ready.
    Ready,
    /// Off hook without a call, observing, bridged.
    Busy,
    /// Dialling.
    Dialing,
    /// Ringing.
    Ringing,
    /// Not ready.
    NotReady,
    /// After-call work.
    Acw,
    /// Holding a call and talking on none.
    Held,
    /// Talking on a call of unknown type.
    TalkingUnknown,
    /// Talking on a consultation.
    TalkingConsult,
    /// Talking on an internal call.
    TalkingInternal,
    /// Talking on an outbound call.
    TalkingOutbound,
    /// Talking on an inbound call.
    TalkingInbound,
    /// The link of one of his switches is down.
    Unknown,
}

impl Status {
    /// Number of statuses.
    pub const COUNT: usize = 14;

    /// All statuses, lowest priority first.
    pub const ALL: [Self; Self::COUNT] = [
        Self::LoggedOut,
        Self::Ready,
        Self::Busy,
        Self::Dialing,
        Self::Ringing,
        Self::NotReady,
        Self::Acw,
        Self::Held,
        Self::TalkingUnknown,
        Self::TalkingConsult,
        Self::TalkingInternal,
        Self::TalkingOutbound,
        Self::TalkingInbound,
        Self::Unknown,
    ];

    /// Talking on a call of this type.
    #[must_use]
    pub const fn talking(call_type: CallType) -> Self {
        match call_type {
            CallType::Unknown => Self::TalkingUnknown,
            CallType::Internal => Self::TalkingInternal,
            CallType::Inbound => Self::TalkingInbound,
            CallType::Outbound => Self::TalkingOutbound,
            CallType::Consult => Self::TalkingConsult,
        }
    }

    /// The call type while talking.
    #[must_use]
    pub const fn call_type(self) -> Option<CallType> {
        match self {
            Self::TalkingUnknown => Some(CallType::Unknown),
            Self::TalkingConsult => Some(CallType::Consult),
            Self::TalkingInternal => Some(CallType::Internal),
            Self::TalkingOutbound => Some(CallType::Outbound),
            Self::TalkingInbound => Some(CallType::Inbound),
            _ => None,
        }
    }

    /// The word in rows and API: `ready`, `not_ready`, `acw`, `ringing`, `dialing`, `held`, `talking`, `busy`,
    /// `unknown`, `logged_out`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::LoggedOut => "logged_out",
            Self::Ready => "ready",
            Self::Busy => "busy",
            Self::Dialing => "dialing",
            Self::Ringing => "ringing",
            Self::NotReady => "not_ready",
            Self::Acw => "acw",
            Self::Held => "held",
            Self::TalkingUnknown
            | Self::TalkingConsult
            | Self::TalkingInternal
            | Self::TalkingOutbound
            | Self::TalkingInbound => "talking",
            Self::Unknown => "unknown",
        }
    }
}

/// How a queue stay ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The target connected.
    Answered,
    /// The caller left while waiting.
    AbandonedQueue,
    /// The caller left while it rang at the target.
    AbandonedRing,
    /// Left to another queue, or to a target that was never seen.
    Diverted,
    /// Removed without reaching anyone.
    Cleared,
    /// A parallel stay won.
    RoutedElsewhere,
    /// The target did not answer and the call did not come back to this stay.
    NoAnswerReturned,
    /// Still open when the input ended.
    Pending,
    /// Ended unseen.
    Unknown,
}

impl Outcome {
    /// The word in rows.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::AbandonedQueue => "abandoned_queue",
            Self::AbandonedRing => "abandoned_ring",
            Self::Diverted => "diverted",
            Self::Cleared => "cleared",
            Self::RoutedElsewhere => "routed_elsewhere",
            Self::NoAnswerReturned => "no_answer_returned",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
        }
    }
}

/// Things counted per agent at the instant they happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "named after the columns of agent_interval, which say what they mean")]
pub enum AgentCount {
    Offered,
    Answered,
    NoAnswer,
    AbandonedWhileRinging,
    OutboundMade,
    InternalMade,
    ConsultMade,
    ConsultReceived,
    TransfersMade,
    TransfersReceived,
    Conferences,
    Holds,
    Logins,
    Logouts,
}

/// One conclusion of the fold. Instants may lie in the past where a decision had to wait for later events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A durable action began.
    Started {
        /// Which.
        what: Durable,
        /// Where.
        on: On,
        /// Call type, `Unknown` where none applies.
        call_type: CallType,
        /// When.
        at: Micros,
    },
    /// A durable action ended.
    Ended {
        /// Which.
        what: Durable,
        /// Where.
        on: On,
        /// Call type it was started with.
        call_type: CallType,
        /// When it had started.
        started: Micros,
        /// When.
        at: Micros,
    },
    /// A momentary action.
    Occurred {
        /// Which.
        what: Momentary,
        /// Where.
        on: On,
        /// Call type.
        call_type: CallType,
        /// When.
        at: Micros,
    },
    /// A retrospective action.
    Finished {
        /// Which.
        what: Retrospective,
        /// Where.
        on: On,
        /// Call type.
        call_type: CallType,
        /// How long what finished had lasted.
        lasted: Span,
        /// When.
        at: Micros,
    },
    /// A call entered a queue: the stay begins.
    StayBegan {
        /// The queue.
        queue: DnId,
        /// Entry.
        entered_at: Micros,
        /// Position of the entry among all inputs.
        order: u64,
    },
    /// A stay ended.
    StayEnded {
        /// The queue.
        queue: DnId,
        /// Entry.
        entered_at: Micros,
        /// When the call left the queue itself.
        left_at: Micros,
        /// End of the stay.
        ended_at: Micros,
        /// Position of the end among all inputs.
        order: u64,
        /// How.
        outcome: Outcome,
    },
    /// An offer of a queue's call ended unanswered; the stay may go on.
    OfferUnanswered {
        /// The queue.
        queue: DnId,
        /// The release.
        at: Micros,
    },
    /// A leg that a queue distributed was released by transfer.
    LegTransferred {
        /// The queue.
        queue: DnId,
        /// The release.
        at: Micros,
    },
    /// A leg ended with its wrap.
    LegHandled {
        /// For whom: `Device` for the agent's own columns, `Queue` for a queue's and the pair's.
        on: On,
        /// Talk, consultation, hold and after-call work together, in ms.
        handle_ms: i64,
        /// End of the wrap, else the release.
        at: Micros,
    },
    /// Talk, hold and after-call work of a finished stretch of a queue's leg, for the cohort of its stay.
    LegAccrued {
        /// The queue and the cohort.
        on: On,
        /// Which part.
        what: Durable,
        /// Milliseconds.
        ms: i64,
    },
    /// A count of an agent.
    Counted {
        /// The agent.
        agent: AgentId,
        /// What.
        what: AgentCount,
        /// When.
        at: Micros,
    },
    /// A released leg was shorter than any limit a reader may set; the reader compares.
    LegReleased {
        /// The agent.
        agent: AgentId,
        /// From answer to release.
        lasted_ms: i64,
        /// The release.
        at: Micros,
    },
    /// The agent's status changed; `at` may equal the last change, the stretch between is then empty.
    StatusChanged {
        /// The agent.
        agent: AgentId,
        /// From.
        from: Status,
        /// To.
        to: Status,
        /// When.
        at: Micros,
    },
    /// A stretch of equal status and reason has proven longer than nothing.
    StateBegan {
        /// The agent.
        agent: AgentId,
        /// The status.
        status: Status,
        /// The reason, in not ready and after-call work.
        reason: ReasonId,
        /// Whether the status itself is new, and not only its reason.
        entered: bool,
        /// Begin.
        at: Micros,
    },
    /// A stretch of equal status and reason in not ready or after-call work begins (`stop` false) or stops to accrue.
    ReasonTime {
        /// The agent.
        agent: AgentId,
        /// `NotReady` or `Acw`.
        status: Status,
        /// The reason.
        reason: ReasonId,
        /// Whether it stops.
        stop: bool,
        /// When.
        at: Micros,
    },
    /// Do-not-disturb of an agent goes on or off.
    Dnd {
        /// The agent.
        agent: AgentId,
        /// On or off.
        on: bool,
        /// When.
        at: Micros,
    },
    /// The agent serves a queue from now on, or no longer.
    Membership {
        /// The agent.
        agent: AgentId,
        /// The queue he logged in to.
        queue: DnId,
        /// Whether he joins.
        joins: bool,
        /// His status.
        status: Status,
        /// When.
        at: Micros,
    },
    /// An object had its first event, which is when its rows begin.
    QueueSeen {
        /// The queue.
        queue: DnId,
        /// First event.
        at: Micros,
    },
    /// The link of a switch went down or came back.
    Coverage {
        /// The switch.
        switch: SwitchId,
        /// Whether it is seen from now on.
        seen: bool,
        /// When.
        at: Micros,
    },
}
