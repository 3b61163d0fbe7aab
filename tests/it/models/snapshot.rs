//! Snapshots after a gap: what the switch says is there, against what we believe (T2.9, T7.2, T7.3, 28).

use super::with_two_agents;
use crate::support::check;

/// A call that is not in the snapshot ended where the outage began, and not when we heard of it: an answered leg is
/// complete up to there, its end unknown. The call in the queue ended unseen, too.
#[test]
fn calls_not_in_the_snapshot_ended_when_the_outage_began() {
    check(
        &with_two_agents(
            "
            10:00:00 8001 Queued c1
            10:00:05 8001 Diverted c1 to=7001
            10:00:05 7001 Ringing c1 queue=8001
            10:00:10 7001 Established c1 queue=8001
            10:00:20 8001 Queued c2
            10:00:30 7002 Ringing c3
            10:01:00 - LinkDisconnected
            10:05:00 - LinkConnected
            10:05:01 7001 Registered Extensions.status=0 Extensions.AgentID=101 Extensions.AgentStatus=2
            10:05:01 7002 Registered Extensions.status=0 Extensions.AgentID=102 Extensions.AgentStatus=2
            10:05:01 8001 Registered Extensions.status=0
            10:06:00 7001 AgentNotReady
            ",
        ),
        "
        handling_segment: resource_id talk_ms ring_ms result end_known released_at
          7001 50000 5000 completed no 10:01:00
          7002 0 30000 error no 10:01:00
        queue_segment: queue_id outcome left_at wait_ms
          8001 answered 10:00:05 10000
          8001 unknown 10:01:00 40000
        queue_interval: queue_id entered answered other in_queue_end coverage_ms
          8001 2 1 1 0 120000
        agent_interval: agent_id logged_in_ms unknown_ms ready_ms
          101 360000 240000 65000
          102 360000 240000 90000
        anomalies:
          snapshot_party_gone 2
          snapshot_stay_gone 1
        ",
    );
}

/// A snapshot that agrees changes nothing.
#[test]
fn snapshot_that_agrees_changes_nothing() {
    check(
        &with_two_agents(
            "
            10:00:05 7001 Ringing c1
            10:00:10 7001 Established c1
            10:00:15 7001 AddressInfo Extensions.conn-1=0000000000000001 Extensions.ps-1=12 Extensions.AgentStatus=2
            10:00:40 7001 Released c1
            10:00:50 7001 Registered Extensions.status=0 Extensions.AgentID=101 Extensions.AgentStatus=2
            10:01:00 7001 AgentNotReady
            ",
        ),
        "
        handling_segment: resource_id talk_ms end_known
          7001 30000 yes
        agent_interval: agent_id ready_ms talk_ms
          101 25000 30000
          102 60000 0
        ",
    );
}

/// What the switch knows and we do not: a call that talks, one that rings, one that waits, an agent on his phone. Taken up
/// from now on, marked as joined in progress.
#[test]
fn what_a_first_snapshot_shows_is_taken_up_from_there() {
    check(
        "
        10:00:00 7001 Registered Extensions.conn-1=0000000000000001 Extensions.ps-1=12 Extensions.ct-1=2 Extensions.AgentID=101 Extensions.AgentStatus=2
        10:00:00 7002 Registered Extensions.conn-1=0000000000000002 Extensions.ps-1=0xA Extensions.ct-1=2 Extensions.AgentID=102 Extensions.AgentStatus=3 Extensions.queue-1=8001
        10:00:00 8001 Registered Extensions.conn-1=0000000000000003 Extensions.ps-1=9
        10:00:10 8001 Queued c4
        10:00:20 8001 Diverted c3 to=7001
        10:00:30 7001 Released c1
        10:01:00 7002 AgentReady
        ",
        "
        call: conn_id joined_in_progress connected
          0000000000000003 yes no
          0000000000000001 yes yes
          0000000000000002 yes no
          0000000000000004 no no
        agent_session: agent_id login_known not_ready_ms talk_ms
          101 no 0 30000
          102 no 60000 0
        queue_segment: queue_id call_id outcome
          8001 c3 diverted
          8001 c4 pending
        agent_queue_interval: agent_id queue_id membership_ms
          102 8001 60000
        anomalies:
          snapshot_agent_changed 2
          snapshot_party_found 2
          snapshot_stay_found 1
        ",
    );
}

/// Logged out while nobody looked: the time of the outage stays unknown, and the end of the session is not known.
#[test]
fn agent_who_is_gone_after_an_outage_was_logged_out_in_it() {
    check(
        "
        10:00:00 7001 AgentLogin agent=101
        10:00:00 7001 AgentReady
        10:01:00 - LinkDisconnected
        10:05:00 - LinkConnected
        10:05:02 7001 Registered Extensions.status=0 Extensions.AgentStatus=0
        10:06:00 7002 OffHook
        ",
        "
        agent_session: agent_id logged_out_at logout_known logout_reason ready_ms unknown_ms
          101 10:05:00 no link_lost 60000 240000
        anomalies:
          snapshot_agent_changed 1
        ",
    );
}
