//! Virtual queues: the router's own events, keyed by VQID.

use super::with_two_agents;
use crate::support::check;

/// One call in three virtual queues at once, the winner named by RVQID; and again in one of them, as another stay (T4.21,
/// 16, 17).
#[test]
fn several_at_once_and_the_same_one_again() {
    check(
        &with_two_agents(
            "
            10:00:00 9001 RouteRequest c1
            10:00:00 V1 Queued c1 vqid=a
            10:00:00 V2 Queued c1 vqid=b
            10:00:05 V1 Diverted c1 vqid=a state=Redirected
            10:00:05 V1 Queued c1 vqid=c
            10:00:05 V3 Queued c1 vqid=d
            10:00:20 9001 RouteUsed c1 to=7001
            10:00:20 7001 Ringing c1
            10:00:24 7001 Established c1
            10:00:24.5 V1 Diverted c1 to=7001 vqid=c rvqid=d
            10:00:24.5 V2 Diverted c1 to=7001 vqid=b rvqid=d
            10:00:24.5 V3 Diverted c1 to=7001 vqid=d rvqid=d
            10:00:54 7001 Released c1
            ",
        ),
        "
        queue_segment: queue_id entry_seq outcome wait_ms
          9001 1 answered 24000
          V1 1 cleared 5000
          V1 2 routed_elsewhere 19500
          V2 1 routed_elsewhere 24500
          V3 1 answered 19000
        queue_interval: queue_id entered answered cleared
          9001 1 1 0
          V1 2 0 2
          V2 1 0 1
          V3 1 1 0
        ",
    );
}

/// Two stays in one virtual queue at the same time are told apart by VQID (T4.21).
#[test]
fn two_stays_in_one_virtual_queue_at_the_same_time() {
    check(
        "
        10:00:00 V1 Queued c1 vqid=a
        10:00:01 V1 Queued c1 vqid=b
        10:00:01.5 7001 Ringing c1
        10:00:02 V1 Diverted c1 vqid=b state=Redirected
        10:00:03 7001 Established c1
        10:00:04 V1 Diverted c1 to=7001 vqid=a
        10:00:30 7001 Released c1
        ",
        "
        queue_segment: queue_id outcome queue_ms
          V1 answered 3000
          V1 cleared 1000
        ",
    );
}

/// The router died: a stay whose call is gone everywhere ends two seconds after it, unseen (28).
#[test]
fn stay_whose_router_died_ends_with_its_call() {
    check(
        "
        10:00:00 V1 Queued c1 vqid=a
        10:00:01 7001 Ringing c1
        10:00:05 7001 Released c1
        10:01:00 7001 OffHook
        10:01:00 7001 OnHook
        ",
        "
        queue_segment: queue_id outcome left_at wait_ms
          V1 unknown 10:00:07 7000
        queue_interval: queue_id entered other in_queue_end
          V1 1 1 0
        anomalies:
          stay_stuck 1
        ",
    );
}

/// The caller gives up at the routing point: every virtual queue the call waited in is abandoned with it (T4.9).
#[test]
fn abandoned_in_every_virtual_queue() {
    check(
        "
        10:00:00 9001 RouteRequest c1
        10:00:00 V1 Queued c1 vqid=a
        10:00:00 V2 Queued c1 vqid=b
        10:00:09 9001 Abandoned c1 queue=9001
        10:00:09 V1 Abandoned c1 vqid=a queue=V1
        10:00:09 V2 Abandoned c1 vqid=b queue=V2
        ",
        "
        queue_segment: queue_id outcome wait_ms
          9001 abandoned_queue 9000
          V1 abandoned_queue 9000
          V2 abandoned_queue 9000
        ",
    );
}

/// The router reports the answer behind the release of the same instant: the queue's after-call work is whole all the same, what is over and
/// what runs (13, 38).
#[test]
fn answer_reported_during_after_call_work_gets_all_of_it() {
    check(
        &with_two_agents(
            "
            10:00:00 V1 Queued c1 vqid=a
            10:00:01 7001 Ringing c1
            10:00:10 7001 AgentNotReady mode=AfterCallWork
            10:00:12 7001 Established c1
            10:00:14 7001 Released c1
            10:00:14 V1 Diverted c1 to=7001 vqid=a
            10:00:34 7001 AgentReady
            10:01:00 7002 AgentNotReady
            ",
        ),
        "
        queue_segment: queue_id outcome wait_ms
          V1 answered 12000
        queue_interval: queue_id answered talk_ms acw_ms handled handle_ms
          V1 1 2000 20000 1 22000
        agent_queue_interval: agent_id queue_id talk_ms acw_ms handled
          101 8001 0 0 0
          101 V1 2000 20000 1
        ",
    );
}
