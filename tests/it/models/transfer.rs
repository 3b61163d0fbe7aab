//! Hold, consultation, transfer, conference and supervision.

use super::with_two_agents;
use crate::support::check;

/// The first queue call on 7001, answered at 10:00:10.
const ANSWERED: &str = "
    10:00:00 8001 Queued c1
    10:00:05 8001 Diverted c1 to=7001
    10:00:05 7001 Ringing c1 queue=8001
    10:00:10 7001 Established c1 queue=8001
";

fn after_answer(log: &str) -> String {
    with_two_agents(&format!("{ANSWERED}{log}"))
}

#[test]
fn hold_and_retrieve_split_the_talk() {
    check(
        &after_answer(
            "
            10:00:30 7001 Held c1
            10:00:40 7001 Retrieved c1
            10:01:10 7001 Released c1
            ",
        ),
        "
        handling_segment: resource_id talk_ms hold_ms hold_count
          7001 50000 10000 1
        agent_interval: agent_id talk_ms hold_ms holds handle_ms
          101 50000 10000 1 60000
          102 0 0 0 0
        queue_interval: queue_id talk_ms hold_ms handle_ms
          8001 50000 10000 60000
        actions: dn=7001
          7001 LoggedIn.unknown 1 1 70000
          7001 WaitForNextCall.unknown 1 1 70000
          7001 CallRinging.inbound 1 0 5000
          7001 CallTalk.inbound 1 0 60000
          7001 CallOnHold.inbound 1 0 10000
          7001 CallReceived.inbound 1 - -
          7001 CallOffered.inbound 1 - -
          7001 CallAnswered.inbound 1 - 5000
          7001 CallRetrievedFromHold.inbound 1 - 10000
        ",
    );
}

/// Alternating between customer and colleague, then taking the customer back. The status is the higher of the two calls
/// (35): held while only the consultation dials, consult while it talks, inbound when the customer is back.
#[test]
fn alternate_between_two_calls_and_take_the_customer_back() {
    check(
        &after_answer(
            "
            10:01:00 7001 Held c1
            10:01:00 7001 Dialing c2 consult transfer=c1
            10:01:00 7002 Ringing c2 was=c1
            10:01:05 7001 Established c2
            10:01:05 7002 Established c2
            10:01:20 7001 Held c2
            10:01:20 7001 Retrieved c1
            10:01:30 7001 Held c1
            10:01:30 7001 Retrieved c2
            10:01:40 7001 Released c2
            10:01:40 7002 Released c2
            10:01:40 7001 Retrieved c1
            10:02:00 7001 Released c1
            ",
        ),
        "
        handling_segment: resource_id call_id role dial_ms ring_ms talk_ms consult_ms hold_ms hold_count result
          7001 c1 received 0 5000 80000 0 30000 2 completed
          7001 c2 initiated_consult 5000 0 0 25000 10000 1 completed
          7002 c2 received_consult 0 5000 0 35000 0 0 completed
        agent_interval: agent_id talk_inbound_ms talk_consult_ms hold_ms dial_ms holds consult_made consult_received handled handle_ms
          101 80000 25000 5000 0 3 1 0 1 110000
          102 0 35000 0 0 0 0 1 0 0
        queue_interval: queue_id talk_ms hold_ms handled handle_ms
          8001 80000 30000 1 110000
        ",
    );
}

/// The held call survives: the colleague's leg moves from c2 to c1 (T4.13), was consultation and is talk from then on (40);
/// one transfer made, by the leg that is not the consultation (43); the second leg belongs to no queue (21).
#[test]
fn two_step_transfer_moves_the_leg_to_the_held_call() {
    check(
        &after_answer(
            "
            10:01:10 7001 Held c1
            10:01:10 7001 Dialing c2 consult transfer=c1
            10:01:12 7002 Ringing c2 was=c1
            10:01:15 7001 Established c2
            10:01:15 7002 Established c2
            10:01:45 7001 Released c2 state=Transferred
            10:01:45 7001 Released c1 state=Transferred
            10:01:45 7002 PartyChanged c1 was=c2 state=Transferred by=7001 ThirdPartyDNRole=TransferredBy
            10:02:45 7002 Released c1
            ",
        ),
        "
        handling_segment: resource_id call_id queue_id role dial_ms ring_ms talk_ms consult_ms hold_ms result
          7001 c1 8001 received 0 5000 60000 0 35000 transferred
          7001 c2 - initiated_consult 5000 0 0 30000 0 transferred
          7002 c1 - received_transfer 0 3000 60000 30000 0 completed
        agent_interval: agent_id talk_inbound_ms talk_consult_ms hold_ms consult_made consult_received transfers_made transfers_received handled handle_ms
          101 60000 30000 5000 1 0 1 0 1 95000
          102 60000 30000 0 0 1 0 1 1 90000
        queue_interval: queue_id talk_ms hold_ms transferred_out handled handle_ms
          8001 60000 35000 1 1 95000
        party: dn call_id left_cause connected_ms
          8001 c1 diverted 0
          7001 c1 transferred 60000
          7001 c2 transferred 30000
          7002 c2 moved 30000
          7002 c1 released 60000
        call: conn_id merged_into_call_id merge_type ended_at
          0000000000000001 - - 10:02:45
          0000000000000002 c1 transfer 10:01:45
        ",
    );
}

/// Completed before the colleague answers: no consultation was ever connected (44), the transfer is received when it is
/// both marked and established (43).
#[test]
fn blind_completion_is_no_consultation() {
    check(
        &after_answer(
            "
            10:01:10 7001 Held c1
            10:01:10 7001 Dialing c2 consult transfer=c1
            10:01:12 7002 Ringing c2 was=c1
            10:01:13 7001 Released c2 state=Transferred
            10:01:13 7001 Released c1 state=Transferred
            10:01:13 7002 PartyChanged c1 was=c2 state=Transferred
            10:01:18 7002 Established c1
            10:02:18 7002 Released c1
            ",
        ),
        "
        handling_segment: resource_id call_id role dial_ms ring_ms talk_ms consult_ms hold_ms result
          7001 c1 received 0 5000 60000 0 3000 transferred
          7001 c2 initiated_consult 3000 0 0 0 0 transferred
          7002 c1 received_transfer 0 6000 60000 0 0 completed
        agent_interval: agent_id offered answered consult_made consult_received transfers_made transfers_received handled
          101 1 1 0 0 1 0 1
          102 1 1 0 0 0 1 1
        ",
    );
}

/// A consultation into a queue is an entered call like any other (20), of type consult; the leg it reaches belongs to that
/// queue as a whole, consultation and talk (21).
#[test]
fn consultation_into_a_queue_enters_it_and_its_leg_stays_the_queues() {
    check(
        &after_answer(
            "
            10:01:10 7001 Held c1
            10:01:10 7001 Dialing c2 consult transfer=c1
            10:01:10 8002 Queued c2 was=c1
            10:01:20 8002 Diverted c2 to=7002
            10:01:20 7002 Ringing c2 queue=8002 was=c1
            10:01:25 7002 Established c2 queue=8002
            10:01:25 7001 Established c2
            10:01:45 7001 Released c2 state=Transferred
            10:01:45 7001 Released c1 state=Transferred
            10:01:45 7002 PartyChanged c1 was=c2 state=Transferred
            10:02:15 7002 Released c1
            ",
        ),
        "
        queue_segment: queue_id call_type call_id outcome queue_ms ring_ms
          8001 inbound c1 answered 5000 5000
          8002 consult c2 answered 10000 5000
        handling_segment: resource_id call_id queue_id role talk_ms consult_ms
          7001 c1 8001 received 60000 0
          7001 c2 - initiated_consult 0 20000
          7002 c1 8002 received_transfer 30000 20000
        queue_interval: queue_id talk_ms hold_ms handled handle_ms transferred_out
          8001 60000 35000 1 95000 1
          8002 50000 0 1 50000 0
        agent_interval: agent_id transfers_received consult_received handled
          101 0 0 1
          102 1 1 1
        ",
    );
}

/// The transfer is completed while the consultation waits: EventPartyChanged on the queue re-keys the stay, entered once,
/// and the answer comes as the customer's call (20).
#[test]
fn waiting_consultation_is_rekeyed_when_the_transfer_completes() {
    check(
        &after_answer(
            "
            10:01:10 7001 Held c1
            10:01:10 7001 Dialing c2 consult transfer=c1
            10:01:10 8002 Queued c2 was=c1
            10:01:15 7001 Released c2 state=Transferred
            10:01:15 7001 Released c1 state=Transferred
            10:01:15 8002 PartyChanged c1 was=c2 state=Transferred
            10:01:30 8002 Diverted c1 to=7002
            10:01:30 7002 Ringing c1 queue=8002
            10:01:35 7002 Established c1 queue=8002
            10:02:35 7002 Released c1
            ",
        ),
        "
        queue_segment: queue_id call_type entered_at outcome queue_ms ring_ms entry_seq
          8001 inbound 10:00:00 answered 5000 5000 1
          8002 consult 10:01:10 answered 20000 5000 1
        queue_interval: queue_id entered answered talk_ms
          8001 1 1 60000
          8002 1 1 60000
        handling_segment: resource_id call_id queue_id talk_ms consult_ms
          7001 c1 8001 60000 0
          7001 c2 - 0 0
          7002 c1 8002 60000 0
        ",
    );
}

/// The consulting agent gives up while it waits: abandoned in that queue (20).
#[test]
fn consultation_given_up_in_the_queue_is_abandoned_there() {
    check(
        &after_answer(
            "
            10:01:10 7001 Held c1
            10:01:10 7001 Dialing c2 consult transfer=c1
            10:01:10 8002 Queued c2 was=c1
            10:01:40 7001 Released c2
            10:01:40 8002 Abandoned c2
            10:01:40 7001 Retrieved c1
            10:02:00 7001 Released c1
            ",
        ),
        "
        queue_segment: queue_id call_type outcome wait_ms
          8001 inbound answered 10000
          8002 consult abandoned_queue 30000
        handling_segment: call_id role talk_ms hold_ms dial_ms result
          c1 received 80000 30000 0 completed
          c2 initiated_consult 0 0 30000 no_answer
        ",
    );
}

/// The ConnID stays; the second leg is marked by its ringing (41).
#[test]
fn single_step_transfer_keeps_the_call() {
    check(
        &after_answer(
            "
            10:01:10 7001 Released c1 state=Transferred to=7002
            10:01:11 7002 Ringing c1 state=Transferred by=7001 ThirdPartyDNRole=TransferredBy
            10:01:15 7002 Established c1
            10:02:15 7002 Released c1
            ",
        ),
        "
        handling_segment: resource_id call_id queue_id role ring_ms talk_ms result
          7001 c1 8001 received 5000 60000 transferred
          7002 c1 - received_transfer 4000 60000 completed
        agent_interval: agent_id transfers_made transfers_received handled
          101 1 0 1
          102 0 1 1
        queue_interval: queue_id transferred_out talk_ms
          8001 1 60000
        ",
    );
}

/// The colleague joins by EventPartyChanged with CallState Conferenced (41); the initiator's conference counts at
/// EventPartyAdded (45); members leave one by one.
#[test]
fn two_step_conference_adds_the_colleague_and_members_leave() {
    check(
        &after_answer(
            "
            10:01:10 7001 Held c1
            10:01:10 7001 Dialing c2 consult conference=c1
            10:01:10 7002 Ringing c2 was=c1
            10:01:15 7001 Established c2
            10:01:15 7002 Established c2
            10:01:25 7001 Released c2 state=Conferenced
            10:01:25 7001 Retrieved c1 state=Conferenced
            10:01:25 7001 PartyAdded c1 with=7002 OtherDNRole=NewParty by=7001 ThirdPartyDNRole=AddedBy state=Conferenced
            10:01:25 7002 PartyChanged c1 was=c2 state=Conferenced by=7001 ThirdPartyDNRole=ConferencedBy
            10:01:55 7002 Released c1
            10:01:55 7001 PartyDeleted c1 with=7002 OtherDNRole=DeletedParty by=7002 ThirdPartyDNRole=DeletedBy
            10:02:15 7001 Released c1
            ",
        ),
        "
        handling_segment: resource_id call_id role talk_ms consult_ms hold_ms result
          7001 c1 received 110000 0 15000 completed
          7001 c2 initiated_consult 0 10000 0 conferenced
          7002 c1 in_conference 30000 10000 0 completed
        agent_interval: agent_id conferences consult_made consult_received transfers_made transfers_received handled
          101 1 1 0 0 0 1
          102 0 0 1 0 0 1
        queue_interval: queue_id talk_ms hold_ms handled
          8001 110000 15000 1
        call: conn_id conference_count merged_into_call_id merge_type
          0000000000000001 1 - -
          0000000000000002 0 c1 conference
        ",
    );
}

#[test]
fn single_step_conference_needs_no_second_call() {
    check(
        &after_answer(
            "
            10:01:10 7002 Ringing c1 state=Conferenced
            10:01:15 7002 Established c1 state=Conferenced
            10:01:15 7001 PartyAdded c1 with=7002 OtherDNRole=NewParty by=7001 ThirdPartyDNRole=AddedBy state=Conferenced
            10:01:45 7001 Released c1
            10:01:45 7002 PartyDeleted c1 with=7001 OtherDNRole=DeletedParty
            10:02:15 7002 Released c1
            ",
        ),
        "
        handling_segment: resource_id queue_id role ring_ms talk_ms result
          7001 8001 received 5000 95000 completed
          7002 - in_conference 5000 60000 completed
        agent_interval: agent_id offered answered conferences handled
          101 1 1 1 1
          102 1 1 0 1
        ",
    );
}

/// An observer is busy, and never offered, answering, talking or conferencing (14, 35, 45).
#[test]
fn observer_is_busy_and_never_counted() {
    check(
        &after_answer(
            "
            10:00:20 7002 Ringing c1 role=Observer state=Bridged
            10:00:20 7001 PartyAdded c1 with=7002 OtherDNRole=Observer by=7001 state=Conferenced
            10:00:22 7002 Established c1 role=Observer state=Bridged
            10:01:10 7002 Released c1 role=Observer
            10:01:10 7001 Released c1
            ",
        ),
        "
        handling_segment: resource_id
          7001
        agent_interval: agent_id *
          101 interval_start=10:00:00 logged_in_ms=70000 ready_ms=5000 ring_ms=5000 talk_ms=60000
          + talk_inbound_ms=60000 offered=1 answered=1 logins=1 handled=1 handle_ms=60000 first_login_at=10:00:00
          102 interval_start=10:00:00 logged_in_ms=70000 ready_ms=20000 busy_ms=50000 logins=1 first_login_at=10:00:00
        ",
    );
}
