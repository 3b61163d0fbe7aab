//! Contacts: calls that belong together, on one switch and across several.

use callfold::engine::settings::Settings;
use callfold::fold::privacy::{Policy, Privacy, Secret};

use super::with_two_agents;
use crate::support::{check, check_with};

/// A call by itself is a contact by itself; two stays at once wait once.
#[test]
fn a_call_without_links_is_a_contact_of_its_own() {
    check(
        &with_two_agents(
            "
            10:00:10 9001 RouteRequest c1 with=5550100 ANI=5550100 DNIS=18005550199
            10:00:11 8009 Queued c1 vqid=V1
            10:00:20 9001 RouteUsed c1 to=7001
            10:00:20 8009 Diverted c1 to=7001 vqid=V1 rvqid=V1
            10:00:20 7001 Ringing c1
            10:00:25 7001 Established c1
            10:00:55 7001 Held c1
            10:01:05 7001 Retrieved c1
            10:01:25 7001 Released c1
            10:01:25 7001 AgentNotReady mode=AfterCallWork
            10:01:55 7001 AgentReady
            ",
        ),
        "
        call_link: link_type
        interaction: interaction_id interaction_type started_at ended_at outcome *
          c1 inbound 10:00:10 10:01:25 answered root_call_id=c1 ani=5550100 dnis=18005550199 entry_dn=9001 site_count=1
          + call_count=1 party_count=3 queue_segment_count=2 handling_segment_count=1 first_queue_id=9001
          + first_agent_id=101 last_agent_id=101 wait_total_ms=15000 talk_total_ms=50000 hold_total_ms=10000
          + acw_total_ms=30000 duration_ms=75000 is_complete=yes end_known=yes joined_in_progress=no
          + last_event_id=east:0:13
        ",
    );
}

/// The consultation is linked with the call it was made from, once, however many events say so, and with the call it
/// became part of; the contact is the customer's call.
#[test]
fn a_transfer_is_one_contact_of_two_calls() {
    check(
        &with_two_agents(
            "
            10:00:00 8001 Queued c1
            10:00:05 8001 Diverted c1 to=7001
            10:00:05 7001 Ringing c1 queue=8001
            10:00:10 7001 Established c1 queue=8001
            10:01:10 7001 Held c1
            10:01:10 7001 Dialing c2 consult transfer=c1
            10:01:12 7002 Ringing c2 was=c1
            10:01:15 7001 Established c2 was=c1
            10:01:15 7002 Established c2 was=c1
            10:01:45 7001 Released c2 state=Transferred
            10:01:45 7001 Released c1 state=Transferred
            10:01:45 7002 PartyChanged c1 in was=c2 state=Transferred by=7001 ThirdPartyDNRole=TransferredBy
            10:02:45 7002 Released c1
            ",
        ),
        "
        call_link: from_call_id to_call_id link_type linked_at evidence state remote_site interaction_id
          c2 c1 consult_of 10:01:10 transfer_conn_id ended - c1
          c2 c1 merged_into 10:01:45 party_changed ended - c1
        interaction: interaction_id call_count consult_count transfer_count first_agent_id last_agent_id wait_total_ms talk_total_ms ended_at outcome
          c1 2 1 1 101 102 10000 120000 10:02:45 answered
        ",
    );
}

/// The same ConnID on two switches is one contact when the first can have sent the call away (27: two calls all the same).
#[test]
fn a_call_routed_to_another_switch_with_its_conn_id_is_one_contact() {
    check(
        "
        10:00:00 7101@west AgentLogin agent=201
        10:00:00 7101@west AgentReady
        10:00:10 9001@east RouteRequest c1
        10:00:15 9001@east RouteUsed c1 to=90007101
        10:00:16 7101@west Ringing c1
        10:00:20 7101@west Established c1
        10:00:50 7101@west Released c1
        ",
        "
        call_link: link_type site_id remote_site linked_at evidence state
          same_contact west east 10:00:16 conn_id ended
        interaction: started_at ended_at entry_dn site_count call_count first_agent_id outcome talk_total_ms
          10:00:10 10:00:50 9001 2 2 201 answered 30000
        ",
    );
}

/// Equal ConnIDs by chance: the call at the other switch never left its phone.
#[test]
fn equal_conn_ids_of_calls_that_stayed_are_two_contacts() {
    check(
        "
        10:00:10 7001@east Ringing c1
        10:00:12 7001@east Established c1
        10:00:15 7101@west Ringing c1
        10:00:20 7101@west Established c1
        10:00:50 7101@west Released c1
        10:00:50 7001@east Released c1
        ",
        "
        call_link: link_type
        interaction: entry_dn site_count call_count
          7001 1 1
          7101@west 1 1
        ",
    );
}

/// The call history names switch and ConnID of the call before, whatever the ConnID is now; said on every event, linked
/// once. A switch that is not listened to leaves an unpaired link.
#[test]
fn the_call_history_joins_calls_of_several_switches() {
    check(
        "
        10:00:10 9001@east RouteRequest c1
        10:00:15 9001@east RouteUsed c1 to=90009101
        10:00:16 9101@west RouteRequest c21 FirstTransferHomeLocation=east FirstTransferConnID=0000000000000001
        10:00:18 9101@west RouteUsed c21 to=7101 FirstTransferHomeLocation=east FirstTransferConnID=0000000000000001
        10:00:18 7101@west Ringing c21 LastTransferHomeLocation=east LastTransferConnID=0000000000000001
        10:00:20 7101@west Established c21
        10:00:50 7101@west Released c21
        10:01:00 7102@west Ringing c30 LastTransferHomeLocation=north LastTransferConnID=0000000000000077
        10:01:10 7102@west Released c30
        ",
        "
        call_link: link_type site_id remote_site linked_at evidence state
          same_contact west east 10:00:16 call_history ended
          same_contact west north 10:01:00 call_history unpaired
        interaction: started_at site_count call_count outcome is_complete
          10:00:10 2 2 answered yes
          10:01:00 1 1 unknown no
        ",
    );
}

/// The clock of one switch is behind: the call that the history names turns up later.
#[test]
fn a_call_that_is_named_before_it_is_seen_is_linked_when_it_comes() {
    check(
        "
        10:00:00 8001@east Queued c9
        10:00:01 8001@east Abandoned c9
        10:00:10 7101@west Ringing c21 LastTransferHomeLocation=east LastTransferConnID=0000000000000001
        10:00:12 9001@east RouteRequest c1
        10:00:14 9001@east RouteUsed c1 to=90007101
        10:00:20 7101@west Established c21
        10:00:50 7101@west Released c21
        ",
        "
        call_link: link_type from_call_id to_call_id site_id remote_site linked_at state
          same_contact c21 c1 west east 10:00:12 ended
        interaction: interaction_id call_count
          c9 1
          c21 2
        ",
    );
}

/// A contact is known when its last call has closed; at the end of a recording the open ones are written as they stand.
#[test]
fn an_open_contact_is_written_at_the_end() {
    check(
        &with_two_agents(
            "
            10:00:10 7001 Ringing c1
            10:00:12 7001 Established c1
            10:00:30 7001 Held c1
            10:00:30 7001 Dialing c2 consult transfer=c1
            10:00:40 7001 Released c2
            10:01:00 7001 Retrieved c1
            ",
        ),
        "
        call_link: from_call_id to_call_id link_type state
          c2 c1 consult_of active
        interaction: interaction_id ended_at duration_ms call_count outcome is_complete end_known
          c1 - 50000 2 answered no no
        ",
    );
}

/// What became of a caller who reached nobody.
#[test]
fn the_outcome_says_where_the_caller_was_lost() {
    check(
        "
        10:00:00 8001 Queued c1
        10:00:10 8001 Abandoned c1
        10:00:20 8001 Queued c2
        10:00:25 8001 Diverted c2 to=7001
        10:00:25 7001 Ringing c2
        10:00:30 7001 Abandoned c2
        10:00:40 8001 Queued c3
        10:00:45 8001 Diverted c3 to=99999
        10:00:50 7001 Dialing c4 out
        10:00:55 7001 DestinationBusy c4 state=Busy
        10:00:56 7001 Released c4
        10:01:00 8001 Queued c5
        10:01:10 8001 Diverted c5 state=Cleared
        ",
        "
        interaction: interaction_id interaction_type outcome
          c1 inbound abandoned_queue
          c2 inbound abandoned_ring
          c3 inbound diverted_out
          c4 outbound blocked
          c5 inbound unknown
        ",
    );
}

/// One customer, one key: from whichever side the call was made. Without a secret, or when numbers are dropped, none.
#[test]
fn the_customer_key_is_a_keyed_hash_of_the_number() {
    let log = "
        10:00:00 8001 Queued c1 ANI=5550100 DNIS=1800
        10:00:10 8001 Abandoned c1
        10:00:50 7001 Dialing c4 out ANI=7001 DNIS=5550100
        10:00:56 7001 Released c4
    ";
    check(log, "interaction: interaction_id customer_key\n c1 -\n c4 -\n");
    let secret = Secret::new(b"a secret for the tests");
    let privacy = Privacy { secret, ani: Policy::Mask { shown: 2 }, ..Privacy::default() };
    check_with(
        Settings { privacy, ..Settings::default() },
        log,
        "
        interaction: interaction_id customer_key ani dnis
          c1 e625f32180130cfc9c84e82fea2e5d8b *****00 1800
          c4 e625f32180130cfc9c84e82fea2e5d8b **01 5550100
        ",
    );
}

/// A link between sites has one id, which both ends show; a deleted call names the one it became part of.
#[test]
fn links_with_ids_of_their_own_join_calls_too() {
    check(
        "
        10:00:10 7001@east Ringing c1 uuid=E1 ISLinkList.0123456789ABCDEFGHIJKLMNOPQRSTUV=west
        10:00:11 7001@east Established c1 ISLinkList.0123456789ABCDEFGHIJKLMNOPQRSTUV=west
        10:00:12 7101@west Ringing c21 uuid=W1 ISLinkList.0123456789ABCDEFGHIJKLMNOPQRSTUV=east
        10:00:15 7101@west Established c21
        10:00:20 7002@east Ringing c3 uuid=E3
        10:00:30 - CallDeleted uuid=E3 RefCallUUID=E1
        10:00:30 7002@east Released c3
        10:00:50 7101@west Released c21
        10:00:50 7001@east Released c1
        ",
        "
        call_link: from_call_id to_call_id link_type evidence site_id remote_site linked_at
          c21 c1 same_contact is_link west east 10:00:12
          c3 c1 merged_into ref_call_uuid east - 10:00:30
        interaction: interaction_id call_count site_count
          c1 3 2
        ",
    );
}

/// Every row of a consultation names the contact of the call it was made from, so that the rows of a contact can be joined.
#[test]
fn the_parts_of_a_consultation_belong_to_the_call_it_was_made_from() {
    check(
        &super::with_two_agents(
            "
            10:00:05 7001 Ringing c1 in with=5550100
            10:00:10 7001 Established c1
            10:00:30 7001 Held c1
            10:00:30 7001 Dialing c2 consult transfer=c1
            10:00:31 8002 Queued c2 consult was=c1
            10:00:33 8002 Diverted c2 consult to=7002
            10:00:33 7002 Ringing c2 consult was=c1 queue=8002
            10:00:35 7001 Established c2
            10:00:35 7002 Established c2
            10:00:45 7001 Released c2
            10:00:45 7002 Released c2
            10:00:46 7001 Retrieved c1
            10:00:55 7001 Released c1
            ",
        ),
        "
        call: call_id interaction_id
          c1 c1
          c2 c1
        party: dn call_id interaction_id
          7001 c1 c1
          7001 c2 c1
          8002 c2 c1
          7002 c2 c1
        queue_segment: queue_id call_id interaction_id
          8002 c2 c1
        handling_segment: resource_id call_id interaction_id
          7001 c1 c1
          7001 c2 c1
          7002 c2 c1
        interaction: interaction_id call_count
          c1 2
        ",
    );
}
