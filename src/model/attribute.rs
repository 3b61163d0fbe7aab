//! The attributes that the T-Library has, by name and number.
//!
//! Names are the library's without the prefix `Attribute`. What is not here is new to us: it is carried and ignored, and
//! whoever inspects a recording is told. This module refuses to know what an attribute means.

/// Attributes by number; zero where no source tells it.
#[rustfmt::skip]
const NUMBERED: [(u16, &str); 120] = [
    (1, "ErrorMessage"), (2, "ReferenceID"), (3, "CallID"), (4, "NodeID"), (5, "NetworkCallID"), (6, "NetworkNodeID"),
    (9, "ConnID"), (10, "PreviousConnID"), (11, "TransferConnID"), (12, "ConferenceConnID"), (13, "CallState"),
    (14, "AgentID"), (16, "AgentWorkMode"), (17, "Reasons"), (0, "Reason"), (18, "DNIS"), (19, "ANI"), (20, "ThisDN"),
    (21, "ThisQueue"), (22, "ThisTrunk"), (23, "ThisDNRole"), (24, "OtherDN"), (25, "OtherQueue"), (26, "OtherTrunk"),
    (27, "OtherDNRole"), (28, "ThirdPartyDN"), (29, "ThirdPartyQueue"), (30, "ThirdPartyTrunk"),
    (31, "ThirdPartyDNRole"), (34, "FileHandle"), (42, "Timeout"), (43, "CollectedDigits"), (44, "LastDigit"),
    (0, "LastCollectedDigit"), (46, "ErrorCode"), (47, "AddressType"), (49, "RegisterMode"), (50, "ControlMode"),
    (51, "UserData"), (53, "Extensions"), (54, "CallType"), (56, "AddressInfoType"), (0, "InfoType"),
    (57, "AddressInfoStatus"), (0, "InfoStatus"), (58, "UserEvent"), (60, "RouteType"), (61, "ServerVersion"),
    (62, "ServerRole"), (63, "ServerCapabilityMask"), (0, "Capabilities"), (67, "ForwardMode"), (68, "DTMFDigits"),
    (69, "Location"), (70, "RemoteLocation"), (71, "RemoteConnID"), (72, "RemoteDN"), (75, "HomeLocation"),
    (76, "CustomerID"), (77, "FirstTransferHomeLocation"), (78, "FirstTransferOrigDN"), (79, "LastTransferHomeLocation"),
    (80, "LastTransferOrigDN"), (82, "NewConnID"), (83, "TreatmentType"), (84, "TreatmentParms"), (86, "TimeinSecs"),
    (87, "TimeinuSecs"), (89, "XRouteType"), (90, "AccessNumber"), (91, "XReferenceID"), (92, "Place"), (93, "Priority"),
    (94, "AgentIdleReason"), (97, "MediaType"), (99, "OriginalConnID"), (100, "ConsultType"),
    (101, "MonitorNextCallType"), (104, "PreviousCallID"), (105, "PrivateMsgID"), (0, "PrivateEvent"),
    (106, "FirstTransferConnID"), (107, "LastTransferConnID"), (108, "SessionID"), (109, "Host"), (110, "Port"),
    (111, "DBID"), (112, "OtherDBID"), (113, "ThirdPartyDBID"), (114, "Cause"), (115, "DN"), (116, "DialedNumber"),
    (117, "OriginConnID"), (118, "RefConnID"), (119, "Reliability"), (120, "TimeStamp"), (121, "SwitchTime"),
    (122, "PartyID"), (123, "PartyType"), (124, "PartyState"), (125, "RefParty"), (126, "CtrlParty"),
    (0, "NetworkCallState"), (0, "NetworkPartyRole"), (0, "NetworkDestState"), (0, "NetworkOrigDN"), (0, "NetworkDestDN"),
    (141, "CallUUID"), (142, "NewCallUUID"), (143, "OrigCallUUID"), (144, "RefCallUUID"), (145, "PartyUUID"),
    (146, "ISLinkList"), (147, "ServerStartTime"), (148, "EventSequenceNumber"), (0, "PropagatedCallType"),
    (0, "ApplicationName"), (0, "ReturnReceipt"), (0, "SubscriptionID"), (0, "Server"),
];

/// The attribute with this number.
#[must_use]
pub fn by_number(number: u64) -> Option<&'static str> {
    NUMBERED.iter().find(|(n, _)| *n > 0 && u64::from(*n) == number).map(|(_, name)| *name)
}

/// Whether the T-Library has an attribute of this name.
#[must_use]
pub fn is_known(name: &str) -> bool {
    NUMBERED.iter().any(|(_, known)| *known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found_by_name_and_number() {
        assert_eq!((by_number(148), by_number(0), by_number(8)), (Some("EventSequenceNumber"), None, None));
        assert!(is_known("ThisDN") && is_known("Reason") && !is_known("thisdn"));
        let mut names: Vec<_> = NUMBERED.iter().map(|(_, name)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), NUMBERED.len());
    }
}
