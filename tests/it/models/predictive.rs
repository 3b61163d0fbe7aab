//! Predictive dialling: the dialler calls from a queue, and customers who answer are given to agents. Queue and agent are
//! the origination of the call.

use super::with_two_agents;
use crate::support::check;

/// The customer answers, waits, and is given to an agent: an ordinary stay from EventQueued on; the dialling before is no
/// part of it (T4.18, 26).
#[test]
fn customer_who_answers_is_queued_and_given_to_an_agent() {
    check(
        &with_two_agents(
            "
            10:00:10 8001 Dialing c1 out role=Origination queue=8001 with=5550123
            10:00:20 8001 Queued c1 role=Origination
            10:00:23 8001 Diverted c1 to=7001
            10:00:23 7001 Ringing c1 role=Origination queue=8001
            10:00:25 7001 Established c1 role=Origination queue=8001
            10:01:25 7001 Released c1 queue=8001
            ",
        ),
        "
        call: conn_id call_type started_at first_queued_at first_connected_at ended_at connected_to_agent abandoned
          0000000000000001 outbound 10:00:10 10:00:20 10:00:25 10:01:25 yes no
        queue_segment: queue_id call_type entered_at outcome queue_ms ring_ms
          8001 outbound 10:00:20 answered 3000 2000
        handling_segment: resource_id queue_id role ring_ms talk_ms result
          7001 8001 received 2000 60000 completed
        agent_interval: agent_id offered answered outbound_made talk_outbound_ms
          101 1 1 0 60000
          102 0 0 0 0
        queue_interval: queue_id entered answered abandoned other
          8001 1 1 0 0
        ",
    );
}

/// Busy, no answer, a number that does not exist: an attempt that failed, which no count of the queue knows; the call is
/// there to be counted (T4.18, 26).
#[test]
fn failed_attempts_enter_no_queue() {
    check(
        "
        10:00:10 8001 Dialing c1 out role=Origination queue=8001
        10:00:30 8001 Released c1 out state=NoAnswer queue=8001
        10:00:40 8001 Dialing c2 out role=Origination queue=8001
        10:00:42 8001 DestinationBusy c2 state=Busy queue=8001
        10:00:43 8001 Released c2 out state=Busy queue=8001
        ",
        "
        call: conn_id call_type started_at ended_at connected abandoned duration_ms end_known
          0000000000000001 outbound 10:00:10 10:00:30 no no 20000 yes
          0000000000000002 outbound 10:00:40 10:00:43 no no 3000 yes
        queue_segment: queue_id
        queue_interval: queue_id entered abandoned other cleared
          8001 0 0 0 0
        ",
    );
}

/// An answering machine is queued like a person and says so; when nobody is to talk to it, it is cleared (T4.18).
#[test]
fn answering_machine_is_queued_and_cleared() {
    check(
        "
        10:00:10 8001 Dialing c1 out role=Origination queue=8001
        10:00:20 8001 Queued c1 state=AnsweringMachineDetected
        10:00:21 8001 Released c1 state=Cleared queue=8001
        ",
        "
        queue_segment: queue_id outcome queue_ms
          8001 cleared 1000
        queue_interval: queue_id entered abandoned cleared
          8001 1 0 1
        ",
    );
}

/// The customer hangs up in the queue: abandoned there. While it rings: abandoned at the agent (T4.18, 15).
#[test]
fn customer_gives_up_in_the_queue_or_at_the_agent() {
    check(
        &with_two_agents(
            "
            10:00:10 8001 Dialing c1 out role=Origination queue=8001
            10:00:20 8001 Queued c1
            10:00:24 8001 Abandoned c1
            10:00:30 8001 Dialing c2 out role=Origination queue=8001
            10:00:40 8001 Queued c2
            10:00:41 8001 Diverted c2 to=7001
            10:00:41 7001 Ringing c2 role=Origination queue=8001
            10:00:48 7001 Abandoned c2 queue=8001
            ",
        ),
        "
        queue_segment: queue_id outcome wait_ms
          8001 abandoned_queue 4000
          8001 abandoned_ring 8000
        queue_interval: queue_id entered answered abandoned abandoned_ringing abandoned_short
          8001 2 0 2 1 1
        agent_interval: agent_id offered abandoned_while_ringing
          101 1 1
          102 0 0
        ",
    );
}

/// With a routing point the router decides after the customer answered: EventRouteRequest is the entry (T4.18, T7.9).
#[test]
fn routed_predictive_call_is_entered_by_its_route_request() {
    check(
        &with_two_agents(
            "
            10:00:10 9001 Dialing c1 out role=Origination queue=9001
            10:00:20 9001 RouteRequest c1
            10:00:21 9001 RouteUsed c1 to=7001
            10:00:21 7001 Ringing c1 role=Origination
            10:00:23 7001 Established c1
            10:00:53 7001 Released c1
            ",
        ),
        "
        queue_segment: queue_id queue_kind outcome wait_ms
          9001 routing_point answered 3000
        call: conn_id started_at ended_at
          0000000000000001 10:00:10 10:00:53
        ",
    );
}
