//! Attributes that few events carry: how a call was routed or treated, and where it came from on another switch.
//!
//! They stand apart from the rest of an event so that the many events without them cost one word, however many there
//! become. The decoder makes a [`Rare`] only for a line that has one of its keys.

use crate::model::ids::ConnId;
use crate::model::userdata::KvList;

/// What few events carry; absent attributes are `None`, `NONE` or empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rare<'a> {
    /// `RouteType`: how the switch was told to route; `None` also for a word that nobody knows.
    pub route_type: Option<RouteType>,
    /// `TreatmentType`; `None` also for a word that nobody knows.
    pub treatment_type: Option<TreatmentType>,
    /// `FirstTransferConnID` and `FirstTransferHomeLocation`: where the call entered the enterprise.
    pub first_transfer: Hop<'a>,
    /// `LastTransferConnID` and `LastTransferHomeLocation`: the switch before this one.
    pub last_transfer: Hop<'a>,
    /// `RemoteConnID` and `RemoteLocation`: the other end of a transaction between switches.
    pub remote: Hop<'a>,
    /// `NetworkCallID` as sent: the network's own id of the call; `0` says that there is none.
    pub network_call: &'a str,
    /// `RefCallUUID` as sent: the call that this one became part of.
    pub ref_call_uuid: &'a str,
    /// `ISLinkList`: the links to calls on other switches.
    pub is_links: KvList<'a>,
}

impl Rare<'static> {
    /// Nothing of it.
    pub const NONE: Self = Self {
        route_type: None,
        treatment_type: None,
        first_transfer: Hop::NONE,
        last_transfer: Hop::NONE,
        remote: Hop::NONE,
        network_call: "",
        ref_call_uuid: "",
        is_links: KvList::EMPTY,
    };
}

/// A call on another switch, as an event of this switch names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop<'a> {
    /// Its ConnID there; `NONE` when not said.
    pub conn: ConnId,
    /// The name of the switch; empty when not said.
    pub home: &'a str,
}

impl Hop<'static> {
    /// No other switch.
    pub const NONE: Self = Self { conn: ConnId::NONE, home: "" };
}

/// `AttributeRouteType`: how the switch was told to route a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteType(pub u8);

/// Names of the route types by number.
#[rustfmt::skip]
const ROUTE_TYPES: [&str; 15] = [
    "Unknown", "Default", "Label", "OverwriteDNIS", "DDD", "IDDD", "Direct", "Reject", "Announcement", "PostFeature",
    "DirectAgent", "Priority", "DirectPriority", "AgentID", "CallDisconnect",
];

#[allow(missing_docs, reason = "the names are the T-Library's")]
impl RouteType {
    pub const UNKNOWN: Self = Self(0);
    pub const DEFAULT: Self = Self(1);
}

impl RouteType {
    /// The type with this number; `None` where the T-Library names none.
    #[must_use]
    pub const fn from_number(n: u64) -> Option<Self> {
        if n < ROUTE_TYPES.len() as u64 { Some(Self(n as u8)) } else { None }
    }

    /// The T-Library name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        ROUTE_TYPES[self.0 as usize % ROUTE_TYPES.len()]
    }

    /// The type with this T-Library name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        ROUTE_TYPES.iter().position(|&n| n == name).map(|n| Self(n as u8))
    }
}

/// `AttributeTreatmentType`: what a waiting caller hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreatmentType(pub u8);

/// Names of the treatments by number.
#[rustfmt::skip]
const TREATMENTS: [&str; 19] = [
    "Unknown", "IVR", "Music", "RingBack", "Silence", "Busy", "CollectDigits", "PlayAnnouncement",
    "PlayAnnouncementAndDigits", "VerifyDigits", "RecordUserAnnouncement", "DeleteUserAnnouncement", "CancelCall",
    "PlayApplication", "SetDefaultRoute", "TextToSpeech", "TextToSpeechAndDigits", "FastBusy", "RAN",
];

impl TreatmentType {
    /// The treatment with this number; `None` where the T-Library names none.
    #[must_use]
    pub const fn from_number(n: u64) -> Option<Self> {
        if n < TREATMENTS.len() as u64 { Some(Self(n as u8)) } else { None }
    }

    /// The treatment with this T-Library name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        TREATMENTS.iter().position(|&n| n == name).map(|n| Self(n as u8))
    }
}
