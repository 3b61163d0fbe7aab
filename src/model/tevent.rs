//! What the switch said: one T-Library event, borrowed from the bytes it was read from.
//!
//! Message names, numbers and enumerations are those of the T-Library (messages 0 to 182). Unknown names, numbers and
//! values are carried as "unknown" and counted by the decoder, never a reason to stop. This module refuses to know any
//! wire form and what an event means.

pub mod rare;

use self::rare::Rare;
use super::ids::{AgentId, ConnId, DnId, SwitchId};
use super::time::Micros;
use super::userdata::KvList;

/// A T-Library message by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKind(pub u8);

#[rustfmt::skip]
#[allow(missing_docs, reason = "the names are the T-Library's")]
impl EventKind {
    /// A message the T-Library does not number, or a number above 182.
    pub const UNKNOWN: Self = Self(u8::MAX);
    pub const SERVER_CONNECTED: Self = Self(50);
    pub const SERVER_DISCONNECTED: Self = Self(51);
    pub const ERROR: Self = Self(52);
    pub const REGISTERED: Self = Self(53);
    pub const UNREGISTERED: Self = Self(54);
    pub const REGISTERED_ALL: Self = Self(55);
    pub const UNREGISTERED_ALL: Self = Self(56);
    pub const QUEUED: Self = Self(57);
    pub const DIVERTED: Self = Self(58);
    pub const ABANDONED: Self = Self(59);
    pub const RINGING: Self = Self(60);
    pub const DIALING: Self = Self(61);
    pub const NETWORK_REACHED: Self = Self(62);
    pub const DESTINATION_BUSY: Self = Self(63);
    pub const ESTABLISHED: Self = Self(64);
    pub const RELEASED: Self = Self(65);
    pub const HELD: Self = Self(66);
    pub const RETRIEVED: Self = Self(67);
    pub const PARTY_CHANGED: Self = Self(68);
    pub const PARTY_ADDED: Self = Self(69);
    pub const PARTY_DELETED: Self = Self(70);
    pub const ROUTE_REQUEST: Self = Self(71);
    pub const ROUTE_USED: Self = Self(72);
    pub const AGENT_LOGIN: Self = Self(73);
    pub const AGENT_LOGOUT: Self = Self(74);
    pub const AGENT_READY: Self = Self(75);
    pub const AGENT_NOT_READY: Self = Self(76);
    pub const DND_ON: Self = Self(77);
    pub const DND_OFF: Self = Self(78);
    pub const MAIL_BOX_LOGIN: Self = Self(79);
    pub const MAIL_BOX_LOGOUT: Self = Self(80);
    pub const VOICE_FILE_OPENED: Self = Self(81);
    pub const VOICE_FILE_CLOSED: Self = Self(82);
    pub const VOICE_FILE_END_PLAY: Self = Self(83);
    pub const DIGITS_COLLECTED: Self = Self(84);
    pub const ATTACHED_DATA_CHANGED: Self = Self(85);
    pub const OFF_HOOK: Self = Self(86);
    pub const ON_HOOK: Self = Self(87);
    pub const FORWARD_SET: Self = Self(88);
    pub const FORWARD_CANCEL: Self = Self(89);
    pub const MESSAGE_WAITING_ON: Self = Self(90);
    pub const MESSAGE_WAITING_OFF: Self = Self(91);
    pub const ADDRESS_INFO: Self = Self(92);
    pub const SERVER_INFO: Self = Self(93);
    pub const LINK_DISCONNECTED: Self = Self(94);
    pub const LINK_CONNECTED: Self = Self(95);
    pub const USER_EVENT: Self = Self(96);
    pub const DTMF_SENT: Self = Self(98);
    pub const RESOURCE_ALLOCATED: Self = Self(99);
    pub const RESOURCE_FREED: Self = Self(100);
    pub const REMOTE_CONNECTION_SUCCESS: Self = Self(101);
    pub const REMOTE_CONNECTION_FAILED: Self = Self(102);
    pub const LISTEN_DISCONNECTED: Self = Self(106);
    pub const LISTEN_RECONNECTED: Self = Self(107);
    pub const PARTY_INFO: Self = Self(109);
    pub const CALL_INFO_CHANGED: Self = Self(112);
    pub const TREATMENT_APPLIED: Self = Self(114);
    pub const TREATMENT_NOT_APPLIED: Self = Self(115);
    pub const TREATMENT_END: Self = Self(116);
    pub const HARDWARE_ERROR: Self = Self(117);
    pub const AGENT_AFTER_CALL_WORK: Self = Self(118);
    pub const TREATMENT_REQUIRED: Self = Self(119);
    pub const SWITCH_INFO: Self = Self(122);
    pub const ANSWER_ACCESS_NUMBER: Self = Self(125);
    pub const REQ_GET_ACCESS_NUMBER_CANCELED: Self = Self(126);
    pub const AGENT_RESERVED: Self = Self(128);
    pub const AGENT_IDLE_REASON_SET: Self = Self(131);
    pub const RESTORE_CONNECTION: Self = Self(132);
    pub const PRIMARY_CHANGED: Self = Self(133);
    pub const LOCATION_INFO: Self = Self(137);
    pub const ACK: Self = Self(138);
    pub const MONITORING_NEXT_CALL: Self = Self(141);
    pub const MONITORING_CANCELLED: Self = Self(142);
    pub const MUTE_ON: Self = Self(145);
    pub const MUTE_OFF: Self = Self(146);
    pub const DN_OUT_OF_SERVICE: Self = Self(147);
    pub const DN_BACK_IN_SERVICE: Self = Self(148);
    pub const PRIVATE_INFO: Self = Self(150);
    pub const BRIDGED: Self = Self(151);
    pub const QUEUE_LOGOUT: Self = Self(152);
    pub const RESERVED_1: Self = Self(153);
    pub const RESERVED_2: Self = Self(154);
    pub const RESERVED_3: Self = Self(155);
    pub const RESERVED_4: Self = Self(156);
    pub const RESERVED_5: Self = Self(157);
    pub const RESERVED_6: Self = Self(158);
    pub const RESERVED_7: Self = Self(159);
    pub const CALL_CREATED: Self = Self(160);
    pub const CALL_DATA_CHANGED: Self = Self(161);
    pub const CALL_DELETED: Self = Self(162);
    pub const CALL_PARTY_ADDED: Self = Self(163);
    pub const CALL_PARTY_STATE: Self = Self(164);
    pub const CALL_PARTY_MOVED: Self = Self(165);
    pub const CALL_PARTY_DELETED: Self = Self(166);
    pub const RETURN_RECEIPT: Self = Self(170);
    pub const NETWORK_CALL_STATUS: Self = Self(178);
    pub const NETWORK_PRIVATE_INFO: Self = Self(179);
    pub const TRANSACTION_STATUS: Self = Self(181);
    pub const RESOURCE_INFO: Self = Self(182);
}

/// Message names by number. Requests share the number space and appear in server logs; they are never folded.
#[rustfmt::skip]
const NAMES: [&str; 183] = [
    "RequestRegisterClient", "RequestQueryServer", "RequestQueryAddress", "RequestRegisterAddress",
    "RequestUnregisterAddress", "RequestRegisterAll", "RequestUnregisterAll", "RequestSetInputMask",
    "RequestAgentLogin", "RequestAgentLogout", "RequestAgentReady", "RequestAgentNotReady", "RequestSetDNDOn",
    "RequestSetDNDOff", "RequestMakeCall", "RequestMakePredictiveCall", "RequestAnswerCall", "RequestReleaseCall",
    "RequestHoldCall", "RequestRetrieveCall", "RequestInitiateConference", "RequestCompleteConference",
    "RequestDeleteFromConference", "RequestInitiateTransfer", "RequestMuteTransfer", "RequestSingleStepTransfer",
    "RequestCompleteTransfer", "RequestMergeCalls", "RequestAlternateCall", "RequestReconnectCall",
    "RequestAttachUserData", "RequestUpdateUserData", "RequestDeleteUserData", "RequestDeletePair",
    "RequestCallForwardSet", "RequestCallForwardCancel", "RequestRouteCall", "RequestGiveMusicTreatment",
    "RequestGiveSilenceTreatment", "RequestGiveRingBackTreatment", "RequestLoginMailBox", "RequestLogoutMailBox",
    "RequestOpenVoiceFile", "RequestCloseVoiceFile", "RequestPlayVoiceFile", "RequestCollectDigits",
    "RequestSetMessageWaitingOn", "RequestSetMessageWaitingOff", "RequestDistributeUserEvent",
    "RequestDistributeEvent", "EventServerConnected", "EventServerDisconnected", "EventError", "EventRegistered",
    "EventUnregistered", "EventRegisteredAll", "EventUnregisteredAll", "EventQueued", "EventDiverted",
    "EventAbandoned", "EventRinging", "EventDialing", "EventNetworkReached", "EventDestinationBusy",
    "EventEstablished", "EventReleased", "EventHeld", "EventRetrieved", "EventPartyChanged", "EventPartyAdded",
    "EventPartyDeleted", "EventRouteRequest", "EventRouteUsed", "EventAgentLogin", "EventAgentLogout",
    "EventAgentReady", "EventAgentNotReady", "EventDNDOn", "EventDNDOff", "EventMailBoxLogin", "EventMailBoxLogout",
    "EventVoiceFileOpened", "EventVoiceFileClosed", "EventVoiceFileEndPlay", "EventDigitsCollected",
    "EventAttachedDataChanged", "EventOffHook", "EventOnHook", "EventForwardSet", "EventForwardCancel",
    "EventMessageWaitingOn", "EventMessageWaitingOff", "EventAddressInfo", "EventServerInfo", "EventLinkDisconnected",
    "EventLinkConnected", "EventUserEvent", "RequestSendDTMF", "EventDTMFSent", "EventResourceAllocated",
    "EventResourceFreed", "EventRemoteConnectionSuccess", "EventRemoteConnectionFailed", "RequestRedirectCall",
    "RequestListenDisconnect", "RequestListenReconnect", "EventListenDisconnected", "EventListenReconnected",
    "RequestQueryCall", "EventPartyInfo", "RequestClearCall", "RequestSetCallInfo", "EventCallInfoChanged",
    "RequestApplyTreatment", "EventTreatmentApplied", "EventTreatmentNotApplied", "EventTreatmentEnd",
    "EventHardwareError", "EventAgentAfterCallWork", "EventTreatmentRequired", "RequestSingleStepConference",
    "RequestQuerySwitch", "EventSwitchInfo", "RequestGetAccessNumber", "RequestCancelReqGetAccessNumber",
    "EventAnswerAccessNumber", "EventReqGetAccessNumberCanceled", "RequestReserveAgent", "EventAgentReserved",
    "RequestReserveAgentAndGetAccessNumber", "RequestAgentSetIdleReason", "EventAgentIdleReasonSet",
    "EventRestoreConnection", "EventPrimaryChanged", "RequestLostBackupConnection", "RequestSetDNInfo",
    "RequestQueryLocation", "EventLocationInfo", "EventACK", "RequestMonitorNextCall", "RequestCancelMonitoring",
    "EventMonitoringNextCall", "EventMonitoringCancelled", "RequestSetMuteOn", "RequestSetMuteOff", "EventMuteOn",
    "EventMuteOff", "EventDNOutOfService", "EventDNBackInService", "RequestPrivateService", "EventPrivateInfo",
    "EventBridged", "EventQueueLogout", "EventReserved_1", "EventReserved_2", "EventReserved_3", "EventReserved_4",
    "EventReserved_5", "EventReserved_6", "EventReserved_7", "EventCallCreated", "EventCallDataChanged",
    "EventCallDeleted", "EventCallPartyAdded", "EventCallPartyState", "EventCallPartyMoved", "EventCallPartyDeleted",
    "RequestStartCallMonitoring", "RequestStopCallMonitoring", "RequestSendReturnReceipt", "EventReturnReceipt",
    "RequestNetworkConsult", "RequestNetworkAlternate", "RequestNetworkTransfer", "RequestNetworkMerge",
    "RequestNetworkReconnect", "RequestNetworkSingleStepTransfer", "RequestNetworkPrivateService",
    "EventNetworkCallStatus", "EventNetworkPrivateInfo", "RequestTransactionMonitoring", "EventTransactionStatus",
    "EventResourceInfo",
];

impl EventKind {
    /// The message with this number; [`Self::UNKNOWN`] above 182.
    #[must_use]
    pub const fn from_number(n: u64) -> Self {
        if n <= 182 { Self(n as u8) } else { Self::UNKNOWN }
    }

    /// The message with this exact name, as `EventRinging`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().position(|&n| n == name).map(|n| Self(n as u8))
    }

    /// The T-Library name; `Unknown` for [`Self::UNKNOWN`].
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.get(self.0 as usize).copied().unwrap_or("Unknown")
    }
}

/// `AttributeCallType`: what kind of call it is. A completed transfer turns `Consult` into the type of the call it joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum CallType {
    /// The server cannot tell; may be corrected by a later event.
    #[default]
    Unknown = 0,
    /// Both ends inside the switch.
    Internal = 1,
    /// From outside.
    Inbound = 2,
    /// To outside.
    Outbound = 3,
    /// A second call made while another is held.
    Consult = 4,
}

impl CallType {
    /// All types in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Unknown, Self::Internal, Self::Inbound, Self::Outbound, Self::Consult];

    /// The type with this number; `None` for numbers the T-Library does not define.
    #[must_use]
    pub const fn from_number(n: u64) -> Option<Self> {
        match n {
            0 => Some(Self::Unknown),
            1 => Some(Self::Internal),
            2 => Some(Self::Inbound),
            3 => Some(Self::Outbound),
            4 => Some(Self::Consult),
            _ => None,
        }
    }

    /// The type with this T-Library name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        ["Unknown", "Internal", "Inbound", "Outbound", "Consult"].iter().position(|&n| n == name).map(|n| Self::ALL[n])
    }

    /// The word used in rows: `unknown`, `internal`, `inbound`, `outbound`, `consult`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        ["unknown", "internal", "inbound", "outbound", "consult"][self as usize]
    }
}

/// `AttributeCallState`: why an event came, not a state of the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallState(pub u8);

/// Names of the call states 0 to 31; 49 and 50 are named apart.
#[rustfmt::skip]
const CALL_STATES: [&str; 32] = [
    "Ok", "Transferred", "Conferenced", "GeneralError", "SystemError", "RemoteRelease", "Busy", "NoAnswer", "SitDetected",
    "AnsweringMachineDetected", "AllTrunksBusy", "SitInvalidnum", "SitVacant", "SitIntercept", "SitUnknown",
    "SitNocircuit", "SitReorder", "FaxDetected", "QueueFull", "Cleared", "Overflowed", "Abandoned", "Redirected",
    "Forwarded", "Consult", "Pickedup", "Dropped", "Droppednoanswer", "Unknown", "Covered", "ConverseOn", "Bridged",
];

#[allow(missing_docs, reason = "the names are the T-Library's")]
impl CallState {
    pub const OK: Self = Self(0);
    pub const TRANSFERRED: Self = Self(1);
    pub const CONFERENCED: Self = Self(2);
    pub const REMOTE_RELEASE: Self = Self(5);
    pub const BUSY: Self = Self(6);
    pub const CLEARED: Self = Self(19);
    pub const ABANDONED: Self = Self(21);
    pub const REDIRECTED: Self = Self(22);
    pub const FORWARDED: Self = Self(23);
    pub const BRIDGED: Self = Self(31);
}

impl CallState {
    /// The state with this number; `None` where the T-Library names none.
    #[must_use]
    pub const fn from_number(n: u64) -> Option<Self> {
        match n {
            0..=31 | 49 | 50 => Some(Self(n as u8)),
            _ => None,
        }
    }

    /// The state with this T-Library name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "Deafened" => Some(Self(49)),
            "Held" => Some(Self(50)),
            _ => CALL_STATES.iter().position(|&n| n == name).map(|n| Self(n as u8)),
        }
    }

    /// Its T-Library name; `None` where the T-Library names none.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        match self.0 {
            49 => Some("Deafened"),
            50 => Some("Held"),
            n => CALL_STATES.get(usize::from(n)).copied(),
        }
    }
}

/// `AttributeThisDNRole` and its siblings: the part a DN plays in an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnRole(pub u8);

/// Names of the DN roles by number.
#[rustfmt::skip]
const DN_ROLES: [&str; 11] = [
    "Unknown", "Origination", "Destination", "ConferenceMember", "NewParty", "AddedBy", "DeletedBy", "TransferredBy",
    "DeletedParty", "ConferencedBy", "Observer",
];

#[allow(missing_docs, reason = "the names are the T-Library's")]
impl DnRole {
    pub const UNKNOWN: Self = Self(0);
    pub const ORIGINATION: Self = Self(1);
    pub const DESTINATION: Self = Self(2);
    pub const CONFERENCE_MEMBER: Self = Self(3);
    pub const TRANSFERRED_BY: Self = Self(7);
    pub const OBSERVER: Self = Self(10);
}

impl DnRole {
    /// The role with this number; `None` where the T-Library names none.
    #[must_use]
    pub const fn from_number(n: u64) -> Option<Self> {
        if n <= 10 { Some(Self(n as u8)) } else { None }
    }

    /// The role with this T-Library name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        DN_ROLES.iter().position(|&n| n == name).map(|n| Self(n as u8))
    }
}

/// `AttributeAgentWorkMode`: a substate of ready or not ready; number 2 means AutoIn or LegalGuard by the event it is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkMode(pub u8);

#[allow(missing_docs, reason = "the names are the T-Library's")]
impl WorkMode {
    pub const UNKNOWN: Self = Self(0);
    pub const LEGAL_GUARD: Self = Self(2);
    pub const AFTER_CALL_WORK: Self = Self(3);
    pub const AUX_WORK: Self = Self(4);
}

impl WorkMode {
    /// The mode with this number; `None` where the T-Library names none.
    #[must_use]
    pub const fn from_number(n: u64) -> Option<Self> {
        if n <= 7 { Some(Self(n as u8)) } else { None }
    }

    /// The mode with this T-Library name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(Self(match name {
            "Unknown" => 0,
            "ManualIn" => 1,
            "AutoIn" | "LegalGuard" => 2,
            "AfterCallWork" => 3,
            "AuxWork" => 4,
            "NoCallDisconnect" => 5,
            "WalkAway" => 6,
            "ReturnBack" => 7,
            _ => return None,
        }))
    }

    /// The name the mode has while the agent is not ready; `None` for modes that say nothing about a pause.
    #[must_use]
    pub const fn not_ready_name(self) -> Option<&'static str> {
        match self.0 {
            2 => Some("LegalGuard"),
            3 => Some("AfterCallWork"),
            4 => Some("AuxWork"),
            5 => Some("NoCallDisconnect"),
            6 => Some("WalkAway"),
            _ => None,
        }
    }
}

/// One event, with its names already interned and its texts borrowed from the line (or the decoder's scratch).
///
/// Absent attributes are `NONE`, empty, or `None`; nothing but `kind`, `time` and `switch` is ever guaranteed.
#[derive(Clone, Copy, Debug)]
pub struct TEvent<'a> {
    /// Which message.
    pub kind: EventKind,
    /// `TimeinSecs` and `TimeinuSecs`: the server's own stamp.
    pub time: Micros,
    /// `EventSequenceNumber`.
    pub seq: Option<u64>,
    /// `ServerStartTime`: the epoch of the sequence numbers.
    pub epoch: Option<u64>,
    /// `Switch` and `Tenant` of the envelope.
    pub switch: SwitchId,
    /// `ThisDN`: from whose point of view the event is written.
    pub this_dn: DnId,
    /// `ThisQueue`.
    pub this_queue: DnId,
    /// `ThirdPartyDN` where that number already has an object, else `NONE`.
    pub third_party_dn: DnId,
    /// `ThirdPartyDN` as sent.
    pub third_party_number: &'a str,
    /// `OtherDN` as sent.
    pub other_number: &'a str,
    /// `AgentID`.
    pub agent: AgentId,
    /// `ConnID`.
    pub conn: ConnId,
    /// `PreviousConnID`.
    pub previous_conn: ConnId,
    /// `TransferConnID` or `ConferenceConnID`: on the consultation leg, the call that is held.
    pub held_conn: ConnId,
    /// `CallUUID` as sent.
    pub call_uuid: &'a str,
    /// `CallID`: the switch's own id of the call, which it soon uses again; zero when absent.
    pub call_id: u32,
    /// `ThisTrunk`: the trunk that `ThisDN` is, or is reached by; zero when absent.
    pub this_trunk: u32,
    /// `OtherTrunk`: the same of `OtherDN`.
    pub other_trunk: u32,
    /// `CallType`; `None` when absent.
    pub call_type: Option<CallType>,
    /// `CallState`; `Ok` when absent.
    pub call_state: CallState,
    /// `ThisDNRole`.
    pub this_role: DnRole,
    /// `OtherDNRole`.
    pub other_role: DnRole,
    /// `ThirdPartyDNRole`.
    pub third_party_role: DnRole,
    /// `AgentWorkMode`.
    pub work_mode: WorkMode,
    /// `ANI` as sent.
    pub ani: &'a str,
    /// `DNIS` as sent.
    pub dnis: &'a str,
    /// `UserData`: what applications attached to the call.
    pub user_data: KvList<'a>,
    /// `Reasons`: why the requester asked.
    pub reasons: KvList<'a>,
    /// `Extensions`: what the server added to this event alone.
    pub extensions: KvList<'a>,
    /// What few events carry; `None` when this one has nothing of it. Read it by [`Self::rare`].
    pub rare: Option<Rare<'a>>,
}

impl TEvent<'_> {
    /// An event of `kind` at `time` on `switch` with every other attribute absent.
    #[must_use]
    pub const fn new(kind: EventKind, time: Micros, switch: SwitchId) -> Self {
        Self {
            kind,
            time,
            seq: None,
            epoch: None,
            switch,
            this_dn: DnId::NONE,
            this_queue: DnId::NONE,
            third_party_dn: DnId::NONE,
            third_party_number: "",
            other_number: "",
            agent: AgentId::NONE,
            conn: ConnId::NONE,
            previous_conn: ConnId::NONE,
            held_conn: ConnId::NONE,
            call_uuid: "",
            call_id: 0,
            this_trunk: 0,
            other_trunk: 0,
            call_type: None,
            call_state: CallState::OK,
            this_role: DnRole::UNKNOWN,
            other_role: DnRole::UNKNOWN,
            third_party_role: DnRole::UNKNOWN,
            work_mode: WorkMode::UNKNOWN,
            ani: "",
            dnis: "",
            user_data: KvList::EMPTY,
            reasons: KvList::EMPTY,
            extensions: KvList::EMPTY,
            rare: None,
        }
    }
}

impl<'a> TEvent<'a> {
    /// The attributes that few events carry, all absent where there are none.
    #[inline]
    #[must_use]
    pub fn rare(&self) -> &Rare<'a> {
        self.rare.as_ref().unwrap_or(&Rare::NONE)
    }
}
