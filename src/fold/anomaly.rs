//! What the switch said that cannot be: counted by kind, never an error.

/// Kinds of contradictions between events and the state they meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "`meaning` says it, for readers of the code and of the health page alike")]
pub enum Anomaly {
    CallEventWithoutConn,
    EventWithoutDn,
    PartyUnknown,
    PartyJoinedInProgress,
    PartyOutOfState,
    StayUnknown,
    StayRepeated,
    PhoneEventOnQueue,
    AgentUnknown,
    LoginUnseen,
    LoginSuperseded,
    LogoutUnseen,
    ReasonRefused,
    CallStuck,
    StayStuck,
    SnapshotPartyGone,
    SnapshotPartyFound,
    SnapshotStayGone,
    SnapshotStayFound,
    SnapshotAgentChanged,
    PartyRefused,
    DataRefused,
    DataCut,
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

    /// What it means, in a sentence.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::CallEventWithoutConn => "A call event without ConnID.",
            Self::EventWithoutDn => "An event without ThisDN that needs one.",
            Self::PartyUnknown => "A release, abandonment or change of a party that is not there.",
            Self::PartyJoinedInProgress => "A party that was found in the middle of its life.",
            Self::PartyOutOfState => "An event the party's state does not allow; the state is kept.",
            Self::StayUnknown => "A departure from a queue the call is not in.",
            Self::StayRepeated => "A second entry of a call that already waits in the queue.",
            Self::PhoneEventOnQueue => "A call event on a queue that phones have.",
            Self::AgentUnknown => "An agent event without AgentID on a DN nobody is logged in on.",
            Self::LoginUnseen => "Ready, not ready or after-call work without a login before.",
            Self::LoginSuperseded => "A login with another AgentID on a DN that somebody is logged in on.",
            Self::LogoutUnseen => "A logout on a DN nobody is logged in on.",
            Self::ReasonRefused => "A reason beyond the limit of different reasons; counted as none.",
            Self::CallStuck => "A call closed because nothing was heard of it for too long.",
            Self::StayStuck => "A virtual-queue stay closed because its call had ended.",
            Self::SnapshotPartyGone => {
                "A party we knew was not in a snapshot of its DN: ended at the last evidence of it."
            }
            Self::SnapshotPartyFound => "A snapshot showed a party we did not know.",
            Self::SnapshotStayGone => {
                "A waiting call we knew was not in a snapshot of its queue: ended at the last evidence of it."
            }
            Self::SnapshotStayFound => "A snapshot showed a waiting call we did not know.",
            Self::SnapshotAgentChanged => "A snapshot contradicted who is logged in on a DN, or whether he is ready.",
            Self::PartyRefused => "A party or stay beyond what one call or one DN can have; not opened.",
            Self::DataRefused => "An attached key beyond the limit of one call; not kept.",
            Self::DataCut => "An attached value longer than the limit; its end was cut off.",
            Self::LinkRefused => "A link beyond the limit of one contact; its calls stay apart.",
        }
    }
}

/// What a kind means, by its word; also what history counts beside the fold.
#[must_use]
pub fn meaning(word: &str) -> Option<&'static str> {
    if word == "booked_after_final" {
        return Some("A conclusion about an interval whose rows had left as final; its counts are in the running one.");
    }
    if word == "interval_revised" {
        return Some(
            "An interval whose rows had left as final was handed out again: something of its time was heard of late.",
        );
    }
    Anomaly::ALL.into_iter().find(|kind| kind.word() == word).map(Anomaly::meaning)
}
