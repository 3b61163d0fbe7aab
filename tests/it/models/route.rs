//! What routing does besides reaching an agent: defaults, pickup, park, merge, mute transfers, transfers to queues.

use super::with_two_agents;
use crate::support::check;

/// The router did not answer in time: EventRouteUsed names no target, and the switch sends the call where it always does
/// (T4.7). Nobody was named and nobody rang for this routing point: cleared (12).
#[test]
fn default_routing_without_a_target() {
    check(
        &with_two_agents(
            "
            10:00:00 9001 RouteRequest c1
            10:00:10 9001 RouteUsed c1 RouteType=1
            10:00:10 8001 Queued c1
            10:00:15 8001 Diverted c1 to=7001
            10:00:15 7001 Ringing c1 queue=8001
            10:00:18 7001 Established c1 queue=8001
            10:00:48 7001 Released c1
            ",
        ),
        "
        queue_segment: queue_id outcome queue_ms
          8001 answered 5000
          9001 cleared 10000
        ",
    );
}

/// Pickup: the ringing phone loses the call, which is no refusal (24), and another phone has it at once.
#[test]
fn picked_up_by_a_colleague() {
    check(
        &with_two_agents(
            "
            10:00:00 8001 Queued c1
            10:00:05 8001 Diverted c1 to=7001
            10:00:05 7001 Ringing c1 queue=8001
            10:00:12 7001 Released c1 state=Pickedup queue=8001
            10:00:12 7002 Established c1
            10:00:42 7002 Released c1
            ",
        ),
        "
        queue_segment: queue_id outcome wait_ms
          8001 no_answer_returned 12000
        handling_segment: resource_id result ring_ms talk_ms
          7001 no_answer 7000 0
          7002 completed 0 30000
        agent_interval: agent_id offered answered no_answer talk_ms
          101 1 0 1 0
          102 0 1 0 30000
        ",
    );
}

/// Park in a queue: an entry like any other; taken back by a phone without a queue event, it left at the answer (13).
#[test]
fn parked_in_a_queue_and_taken_back() {
    check(
        &with_two_agents(
            "
            10:00:00 7001 Ringing c1
            10:00:00 7001 Established c1
            10:00:20 7001 Released c1 state=Transferred by=8009
            10:00:20 8009 Queued c1
            10:00:50 7002 Established c1 queue=8009
            10:01:20 7002 Released c1
            ",
        ),
        "
        queue_segment: queue_id outcome queue_ms ring_ms answered_by_agent_id
          8009 answered 30000 0 102
        handling_segment: resource_id talk_ms result
          7001 20000 transferred
          7002 30000 completed
        ",
    );
}

/// Mute transfer: hold, dial and completion at once. The consultation lives milliseconds and counts as none (T4.15, 44).
#[test]
fn mute_transfer_is_no_consultation() {
    check(
        &with_two_agents(
            "
            10:00:10 7001 Ringing c1
            10:00:10 7001 Established c1
            10:01:10 7001 Held c1
            10:01:10 7001 Dialing c2 consult transfer=c1
            10:01:10.010 7001 Released c2 state=Transferred
            10:01:10.010 7001 Released c1 state=Transferred
            10:01:10.020 7002 Ringing c2 was=c1
            10:01:10.030 7002 PartyChanged c1 in was=c2 state=Transferred
            10:01:15 7002 Established c1
            10:02:15 7002 Released c1
            ",
        ),
        "
        handling_segment: resource_id call_id role talk_ms consult_ms result
          7001 c1 received 60000 0 transferred
          7001 c2 initiated_consult 0 0 transferred
          7002 c1 received_transfer 60000 0 completed
        agent_interval: agent_id consult_made consult_received transfers_made transfers_received
          101 0 0 1 0
          102 0 0 0 1
        ",
    );
}

/// A consultation at a routing point, completed while it waits: the stay is the customer's from then on, entered once (20).
#[test]
fn transfer_to_a_routing_point_rekeys_the_stay() {
    check(
        &with_two_agents(
            "
            10:00:10 7001 Ringing c1
            10:00:10 7001 Established c1
            10:00:40 7001 Held c1
            10:00:40 7001 Dialing c2 consult transfer=c1
            10:00:40 9001 RouteRequest c2 was=c1
            10:00:45 7001 Released c2 state=Transferred
            10:00:45 7001 Released c1 state=Transferred
            10:00:45 9001 PartyChanged c1 in was=c2 state=Transferred queue=9001
            10:01:00 9001 RouteUsed c1 to=7002
            10:01:00 7002 Ringing c1
            10:01:03 7002 Established c1
            10:01:33 7002 Released c1
            ",
        ),
        "
        queue_segment: queue_id call_type call_id outcome queue_ms ring_ms
          9001 consult c2 answered 20000 3000
        queue_interval: queue_id entered answered
          9001 1 1
        handling_segment: resource_id queue_id role talk_ms
          7001 - received 30000
          7001 - initiated_consult 0
          7002 9001 received 30000
        ",
    );
}

/// Merging two calls that were held apart ends like a transfer of one to the other (T4.23).
#[test]
fn merged_calls_end_as_a_transfer() {
    check(
        &with_two_agents(
            "
            10:00:10 7001 Ringing c1
            10:00:10 7001 Established c1
            10:00:30 7001 Held c1
            10:00:30 7001 Dialing c2 out
            10:00:40 7001 Established c2 out
            10:00:40 7003 Ringing c2 out
            10:00:40 7003 Established c2 out
            10:01:00 7001 Released c2 out state=Transferred by=7003
            10:01:00 7001 Released c1 state=Transferred by=7003
            10:01:00 7003 PartyChanged c1 in was=c2 state=Transferred by=7001
            10:01:30 7003 Released c1
            ",
        ),
        "
        call: conn_id merged_into_call_id merge_type
          0000000000000001 - -
          0000000000000002 c1 transfer
        handling_segment: resource_id call_id role talk_ms result
          7001 c1 received 20000 transferred
          7001 c2 initiated 20000 transferred
          7003 c1 received_transfer 50000 completed
        ",
    );
}
