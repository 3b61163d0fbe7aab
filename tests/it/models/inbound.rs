//! Calls that reach one agent: straight, internal, outbound, through a queue.

use crate::support::check;

/// A call straight to an agent is a received leg without a queue.
#[test]
fn inbound_straight_to_agent_rings_talks_and_ends() {
    check(
        "
        10:00:00 7001 AgentLogin agent=101
        10:00:10 7001 AgentReady agent=101
        10:01:00 7001 Ringing c1 in with=5550100
        10:01:04 7001 Established c1
        10:02:04 7001 Released c1
        10:02:14 7001 AgentLogout agent=101
        ",
        "
        handling_segment: resource_id agent_id queue_id offered_at ring_ms talk_ms role result
          7001 101 - 10:01:00 4000 60000 received completed
        agent_state: agent_id state call_type started_at duration_ms
          101 not_ready - 10:00:00 10000
          101 ready - 10:00:10 50000
          101 ringing - 10:01:00 4000
          101 talking inbound 10:01:04 60000
          101 ready - 10:02:04 10000
        agent_interval: agent_id interval_start *
          101 10:00:00 logged_in_ms=134000 ready_ms=60000 not_ready_ms=10000 ring_ms=4000 talk_ms=60000
          + talk_inbound_ms=60000 offered=1 answered=1 logins=1 logouts=1 not_ready_entries=1
          + handled=1 handle_ms=60000 first_login_at=10:00:00 last_logout_at=10:02:14
        queue_segment: queue_id
        actions: dn=7001
          7001 LoggedIn.unknown 1 0 134000
          7001 WaitForNextCall.unknown 1 0 124000
          7001 NotReadyForNextCall.unknown 1 0 10000
          7001 CallRinging.inbound 1 0 4000
          7001 CallTalk.inbound 1 0 60000
          7001 CallReceived.inbound 1 - -
          7001 CallOffered.inbound 1 - -
          7001 CallAnswered.inbound 1 - 4000
        ",
    );
}
