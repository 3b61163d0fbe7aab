//! What real switches do to a feed: one test a trap. Whole days of it are in `properties`.

use super::with_two_agents;
use crate::support::check;

/// A call of which nothing is heard for four hours ended at its last event, and what it held ends with it (28, H7).
#[test]
fn call_that_never_ends_ended_at_its_last_event() {
    check(
        &with_two_agents(
            "
            10:00:05 7001 Ringing c1
            10:00:10 7001 Established c1
            10:00:20 8001 Queued c2
            14:30:00 7002 AgentNotReady
            14:40:00 7002 AgentReady
            ",
        ),
        "
        call: conn_id ended_at end_reason end_known
          0000000000000001 10:00:10 timed_out no
          0000000000000002 10:00:20 timed_out no
        handling_segment: resource_id result talk_ms released_at end_known is_complete
          7001 completed 0 10:00:10 no no
        queue_segment: queue_id outcome wait_ms
          8001 unknown 0
        anomalies:
          booked_after_final 6
          call_stuck 2
        ",
    );
}

/// An agent who never logs out is logged in, night after night: every quarter-hour is full, and the session is open.
#[test]
fn agent_logged_in_for_days_fills_every_interval() {
    check(
        "
        23:50:00 7001 AgentLogin agent=101
        23:50:00 7001 AgentReady
        24:10:00 7001 AgentNotReady
        24:20:00 7001 AgentReady
        24:30:00 7002 OffHook
        ",
        "
        agent_session: agent_id logged_out_at duration_ms ready_ms not_ready_ms
          101 - 2400000 1800000 600000
        agent_interval: agent_id interval_start logged_in_ms ready_ms not_ready_ms
          101 23:45:00 600000 600000 0
          101 24:00:00 900000 600000 300000
          101 24:15:00 900000 600000 300000
        ",
    );
}

/// Without a logout the next agent on the phone ends the session of the one before (7.6, 33).
#[test]
fn login_of_another_ends_a_session_without_logout() {
    check(
        "
        10:00:00 7001 AgentLogin agent=101
        10:00:00 7001 AgentReady
        10:10:00 7001 AgentLogin agent=102
        10:15:00 7001 AgentLogout
        ",
        "
        agent_session: agent_id logged_out_at logout_known logout_reason duration_ms
          101 10:10:00 no superseded 600000
          102 10:15:00 yes logout 300000
        anomalies:
          login_superseded 1
        ",
    );
}

/// After a switchover the numbers begin anew; with the other server's start time they are other events, and nothing is lost
/// or taken twice (7.1, 4, 5).
#[test]
fn switchover_begins_another_run() {
    check(
        &with_two_agents(
            "
            10:00:05 7001 Ringing c1 seq=900 start=11
            10:00:10 7001 Established c1 seq=901 start=11
            10:00:20 - PrimaryChanged seq=1 start=22
            10:00:20 7001 Established c1 seq=2 start=22
            10:00:40 7001 Released c1 seq=3 start=22
            ",
        ),
        "
        handling_segment: resource_id ring_ms talk_ms
          7001 5000 30000
        agent_interval: agent_id offered answered talk_ms
          101 1 1 30000
          102 0 0 0
        anomalies:
          party_out_of_state 1
        ",
    );
}

/// Events of a call that was under way when we began: taken up where they are, none of them twice (7.2).
#[test]
fn calls_under_way_are_taken_up_in_the_middle() {
    check(
        "
        10:00:00 7001 Held c1
        10:00:10 7001 Retrieved c1
        10:00:30 7001 Released c1
        10:00:31 7002 Released c2
        10:00:32 8001 Diverted c3 to=7003
        10:00:33 7004 AgentReady agent=104
        10:00:40 7004 AgentLogout
        ",
        "
        call: conn_id joined_in_progress
          0000000000000001 yes
        handling_segment: resource_id hold_ms talk_ms
          7001 10000 20000
        agent_session: agent_id login_known duration_ms
          104 no 7000
        anomalies:
          login_unseen 1
          party_joined_in_progress 1
          party_unknown 1
          stay_unknown 1
        ",
    );
}

/// A ConnID that comes back with another CallUUID is another call, also while the first is not forgotten (7.5, 9).
#[test]
fn reused_conn_id_is_another_call() {
    check(
        &with_two_agents(
            "
            10:00:05 7001 Ringing c1 uuid=AAAA
            10:00:10 7001 Established c1 uuid=AAAA
            10:00:40 7001 Released c1 uuid=AAAA
            10:01:00 7002 Ringing c1 uuid=BBBB
            10:01:05 7002 Established c1 uuid=BBBB
            10:01:35 7002 Released c1 uuid=BBBB
            ",
        ),
        "
        call: conn_id started_at ended_at
          0000000000000001 10:00:05 10:00:40
          0000000000000001 10:01:00 10:01:35
        ",
    );
}

/// Any name is taken: unknown DNs get their place by what happens there, unknown events are counted by the decoder (7.7, 7.10).
#[test]
fn unknown_devices_are_what_their_events_say() {
    check(
        "
        10:00:00 99999 Queued c1
        10:00:05 99999 Diverted c1 to=88888
        10:00:05 88888 Ringing c1 queue=99999
        10:00:09 88888 Established c1 queue=99999
        10:00:30 88888 SomethingNew c1
        10:00:39 88888 Released c1
        ",
        "
        queue_segment: queue_id queue_kind outcome answered_by_agent_id
          99999 acd_queue answered -
        handling_segment: resource_id resource_kind talk_ms
          88888 extension 30000
        ",
    );
}
