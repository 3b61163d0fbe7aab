//! What the switch said that cannot be: counted by kind, never an error.

/// Kinds of contradictions between events and the state they meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Anomaly {
    /// A call event without ConnID.
    CallEventWithoutConn,
    /// An event without ThisDN that needs one.
    EventWithoutDn,
    /// A release, abandonment or change of a party that is not there.
    PartyUnknown,
    /// A party that was found in the middle of its life.
    PartyJoinedInProgress,
    /// An event the party's state does not allow; the state is kept.
    PartyOutOfState,
    /// A departure from a queue the call is not in.
    StayUnknown,
    /// A second entry of a call that already waits in the queue.
    StayRepeated,
    /// A call event on a queue that phones have.
    PhoneEventOnQueue,
    /// An agent event without AgentID on a DN nobody is logged in on.
    AgentUnknown,
    /// Ready, not ready or after-call work without a login before.
    LoginUnseen,
    /// A login with another AgentID on a DN that somebody is logged in on.
    LoginSuperseded,
    /// A logout on a DN nobody is logged in on.
    LogoutUnseen,
    /// A reason beyond the limit of different reasons; counted as none.
    ReasonRefused,
    /// A call closed because nothing was heard of it for too long.
    CallStuck,
    /// A virtual-queue stay closed because its call had ended.
    StayStuck,
    /// A party we knew was not in a snapshot of its DN: ended at the last evidence of it.
    SnapshotPartyGone,
    /// A snapshot showed a party we did not know.
    SnapshotPartyFound,
    /// A waiting call we knew was not in a snapshot of its queue: ended at the last evidence of it.
    SnapshotStayGone,
    /// A snapshot showed a waiting call we did not know.
    SnapshotStayFound,
    /// A snapshot contradicted who is logged in on a DN, or whether he is ready.
    SnapshotAgentChanged,
    /// A party or stay beyond what one call or one DN can have; not opened.
    PartyRefused,
    /// An attached key beyond the limit of one call; not kept.
    DataRefused,
    /// An attached value longer than the limit; its end was cut off.
    DataCut,
    /// A link beyond the limit of one contact; its calls stay apart.
    LinkRefused,
}

impl Anomaly {
    /// Number of kinds.
    pub const COUNT: usize = 24;

    /// All kinds.
    pub const ALL: [Self; Self::COUNT] = [
        Self::CallEventWithoutConn,
        Self::EventWithoutDn,
        Self::PartyUnknown,
        Self::PartyJoinedInProgress,
        Self::PartyOutOfState,
        Self::StayUnknown,
        Self::StayRepeated,
        Self::PhoneEventOnQueue,
        Self::AgentUnknown,
        Self::LoginUnseen,
        Self::LoginSuperseded,
        Self::LogoutUnseen,
        Self::ReasonRefused,
        Self::CallStuck,
        Self::StayStuck,
        Self::SnapshotPartyGone,
        Self::SnapshotPartyFound,
        Self::SnapshotStayGone,
        Self::SnapshotStayFound,
        Self::SnapshotAgentChanged,
        Self::PartyRefused,
        Self::DataRefused,
        Self::DataCut,
        Self::LinkRefused,
    ];

    /// The word in metrics and logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::CallEventWithoutConn => "call_event_without_conn",
            Self::EventWithoutDn => "event_without_dn",
            Self::PartyUnknown => "party_unknown",
            Self::PartyJoinedInProgress => "party_joined_in_progress",
            Self::PartyOutOfState => "party_out_of_state",
            Self::StayUnknown => "stay_unknown",
            Self::StayRepeated => "stay_repeated",
            Self::PhoneEventOnQueue => "phone_event_on_queue",
            Self::AgentUnknown => "agent_unknown",
            Self::LoginUnseen => "login_unseen",
            Self::LoginSuperseded => "login_superseded",
            Self::LogoutUnseen => "logout_unseen",
            Self::ReasonRefused => "reason_refused",
            Self::CallStuck => "call_stuck",
            Self::StayStuck => "stay_stuck",
            Self::SnapshotPartyGone => "snapshot_party_gone",
            Self::SnapshotPartyFound => "snapshot_party_found",
            Self::SnapshotStayGone => "snapshot_stay_gone",
            Self::SnapshotStayFound => "snapshot_stay_found",
            Self::SnapshotAgentChanged => "snapshot_agent_changed",
            Self::PartyRefused => "party_refused",
            Self::DataRefused => "data_refused",
            Self::DataCut => "data_cut",
            Self::LinkRefused => "link_refused",
        }
    }
}
