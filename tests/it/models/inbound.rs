//! Calls that reach one agent: straight, internal, outbound, through a queue.

use super::with_two_agents;
use crate::support::check;

/// A call straight to an agent is a received leg without a queue. The agent's first login is not ready whatever comes
/// after; his own actions follow his readiness.
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
        actions: agent=101
          101 LoggedIn.unknown 1 0 134000
          101 WaitForNextCall.unknown 1 0 124000
          101 NotReadyForNextCall.unknown 1 0 10000
          101 CallRinging.inbound 1 0 4000
          101 CallTalk.inbound 1 0 60000
          101 CallReceived.inbound 1 - -
          101 CallOffered.inbound 1 - -
          101 CallAnswered.inbound 1 - 4000
        ",
    );
}

/// Both sides have a leg; dialling is not offered, and lasts until the answer (rule 35, D: `internal_made` at EventDialing).
#[test]
fn internal_call_counts_for_both_sides() {
    check(
        &with_two_agents(
            "
            10:00:10 7001 Dialing c1 internal with=7002 role=Origination
            10:00:10 7002 Ringing c1 with=7001
            10:00:15 7002 Established c1
            10:00:15 7001 Established c1
            10:00:45 7001 Released c1
            10:00:45 7002 Released c1
            ",
        ),
        "
        handling_segment: resource_id agent_id role dial_ms ring_ms talk_ms result
          7001 101 initiated 5000 0 30000 completed
          7002 102 received 0 5000 30000 completed
        agent_interval: agent_id *
          101 interval_start=10:00:00 logged_in_ms=45000 ready_ms=10000 talk_ms=30000 talk_internal_ms=30000
          + dial_ms=5000 internal_made=1 logins=1 handled=1 handle_ms=30000 first_login_at=10:00:00
          102 interval_start=10:00:00 logged_in_ms=45000 ready_ms=10000 ring_ms=5000 talk_ms=30000
          + talk_internal_ms=30000 offered=1 answered=1 logins=1 handled=1 handle_ms=30000 first_login_at=10:00:00
        call: conn_id call_type started_at ended_at connected abandoned
          0000000000000001 internal 10:00:10 10:00:45 yes no
        ",
    );
}

/// The caller's side is released while dialling: no answer (42). The other side hears it as an abandonment.
#[test]
fn internal_caller_gives_up_while_it_rings() {
    check(
        &with_two_agents(
            "
            10:00:10 7001 Dialing c1 internal
            10:00:10 7002 Ringing c1
            10:00:22 7001 Released c1
            10:00:22 7002 Abandoned c1
            ",
        ),
        "
        handling_segment: resource_id dial_ms ring_ms talk_ms answered_at result
          7001 12000 0 0 - no_answer
          7002 0 12000 0 - abandoned_while_ringing
        agent_interval: agent_id offered answered no_answer abandoned_while_ringing handled internal_made
          101 0 0 0 0 0 1
          102 1 0 0 1 0 0
        ",
    );
}

#[test]
fn outbound_call_is_dialled_and_answered() {
    check(
        &with_two_agents(
            "
            10:00:10 7001 Dialing c1 out with=5550100 role=Origination
            10:00:12 7001 NetworkReached c1
            10:00:20 7001 Established c1
            10:01:20 7001 Released c1
            ",
        ),
        "
        handling_segment: resource_id role dial_ms talk_ms result
          7001 initiated 10000 60000 completed
        agent_interval: agent_id dial_ms talk_outbound_ms outbound_made answered offered handled
          101 10000 60000 1 0 0 1
          102 0 0 0 0 0 0
        actions: dn=7001
          7001 LoggedIn.unknown 1 1 80000
          7001 WaitForNextCall.unknown 1 1 80000
          7001 CallDialing.outbound 1 0 10000
          7001 CallTalk.outbound 1 0 60000
          7001 CallOriginated.outbound 1 - -
          7001 CallDialed.outbound 1 - 10000
        ",
    );
}

/// Dialling lasts until the release, also after EventDestinationBusy (35). Busy is busy, any other failure an error, and
/// hanging up without either is no answer (42).
#[test]
fn outbound_call_that_fails_is_busy_or_error_or_no_answer() {
    check(
        &with_two_agents(
            "
            10:00:10 7001 Dialing c1 out
            10:00:12 7001 DestinationBusy c1 state=Busy
            10:00:15 7001 Released c1
            10:01:10 7001 Dialing c2 out
            10:01:12 7001 DestinationBusy c2 state=SitInvalidnum
            10:01:15 7001 Released c2
            10:02:10 7001 Dialing c3 out
            10:02:20 7001 Released c3
            10:03:10 7001 Dialing c4 out
            10:03:20 7001 Released c4 state=Busy
            ",
        ),
        "
        handling_segment: offered_at dial_ms answered_at result
          10:00:10 5000 - busy
          10:01:10 5000 - error
          10:02:10 10000 - no_answer
          10:03:10 10000 - busy
        agent_interval: agent_id dial_ms outbound_made handled
          101 30000 4 0
          102 0 0 0
        ",
    );
}

/// The whole of a plain queue call: queue time to EventDiverted, ring time from there, both are the wait (13). The agent's
/// own ring time begins when his phone rings. 26 000 ms lies in the bucket that ends at 26 111 (31).
#[test]
fn queue_call_is_diverted_rings_and_is_answered() {
    check(
        "
        10:00:00 7001 AgentLogin agent=101 queue=8001
        10:00:00 7001 AgentReady
        10:00:10 8001 Queued c1
        10:00:30 8001 Diverted c1 to=7001
        10:00:30.250 7001 Ringing c1 queue=8001
        10:00:36 7001 Established c1 queue=8001
        10:02:36 7001 Released c1 queue=8001
        10:02:36 7001 AgentNotReady mode=AfterCallWork
        10:03:00 7001 AgentReady
        ",
        "
        queue_segment: queue_id queue_kind entered_at distributed_at left_at answered_at queue_ms ring_ms wait_ms outcome answered_by_agent_id
          8001 acd_queue 10:00:10 10:00:30 10:00:30 10:00:36 20000 6000 26000 answered 101
        handling_segment: resource_id queue_id queue_segment_id ring_ms talk_ms acw_ms role result
          7001 8001 c1/8001/10:00:10 5750 120000 24000 received completed
        queue_interval: queue_id interval_start *
          8001 10:00:00 entered=1 answered=1 handled=1 in_queue_max=1 agents_staffed_ms=180000 agents_ready_ms=30250
          + queue_ms=20000 ring_ms=6000 talk_ms=120000 acw_ms=24000 wait_answered_ms=26000
          + wait_answered_max_ms=26000 handle_ms=144000
        queue_cohort_interval: queue_id interval_start *
          8001 10:00:00 entered=1 answered=1 wait_answered_ms=26000 queue_ms=20000 talk_ms=120000 acw_ms=24000
        queue_wait_hist: queue_id kind upper_ms n
          8001 answered 26111 1
        queue_handle_hist: queue_id kind upper_ms n
          8001 handled 144383 1
        agent_queue_interval: agent_id queue_id *
          101 8001 interval_start=10:00:00 offered=1 answered=1 ring_ms=5750 talk_ms=120000 acw_ms=24000
          + handled=1 handle_ms=144000 membership_ms=180000
        actions: queue=8001
          8001 AfterCallWork.inbound 1 0 24000
          8001 CallRinging.inbound 1 0 5750
          8001 CallTalk.inbound 1 0 120000
          8001 CallWait.inbound 1 0 20000
          8001 CallAlerting.inbound 1 0 6000
          8001 CallOffered.inbound 1 - -
          8001 CallAnswered.inbound 1 - 26000
          8001 CallDistributed.inbound 1 - 20000
          8001 CallReleased.inbound 1 - 120000
          8001 AcwCompleted.inbound 1 - 24000
        ",
    );
}

/// EventDiverted may follow the ringing (12 d): the wait is the same, only its parts move.
#[test]
fn diverted_may_come_after_ringing() {
    check(
        &with_two_agents(
            "
            10:00:10 8001 Queued c1
            10:00:30 7001 Ringing c1 queue=8001
            10:00:31 8001 Diverted c1 to=7001
            10:00:36 7001 Established c1 queue=8001
            10:01:36 7001 Released c1
            ",
        ),
        "
        queue_segment: queue_id left_at queue_ms ring_ms wait_ms outcome
          8001 10:00:31 21000 5000 26000 answered
        handling_segment: resource_id queue_id ring_ms talk_ms
          7001 8001 6000 60000
        ",
    );
}

/// An answer with ThisQueue closes the stay by itself (13); the EventDiverted that comes later adds nothing.
#[test]
fn diverted_may_come_after_the_answer() {
    check(
        &with_two_agents(
            "
            10:00:10 8001 Queued c1
            10:00:30 7001 Ringing c1 queue=8001
            10:00:36 7001 Established c1 queue=8001
            10:00:37 8001 Diverted c1 to=7001
            10:01:36 7001 Released c1
            ",
        ),
        "
        queue_segment: queue_id left_at queue_ms ring_ms wait_ms outcome
          8001 10:00:36 26000 0 26000 answered
        ",
    );
}

/// Ringing without an answer of a phone nobody is logged in on: the extension answers, no agent is known (14, 32).
#[test]
fn an_extension_without_agent_answers_for_the_queue() {
    check(
        "
        10:00:10 8001 Queued c1
        10:00:15 8001 Diverted c1 to=7001
        10:00:15 7001 Ringing c1 queue=8001
        10:00:20 7001 Established c1
        10:00:50 7001 Released c1
        ",
        "
        queue_segment: queue_id outcome answered_by_agent_id
          8001 answered -
        handling_segment: resource_id resource_kind agent_id queue_id talk_ms
          7001 extension - 8001 30000
        agent_interval: agent_id
        queue_interval: queue_id *
          8001 interval_start=10:00:00 entered=1 answered=1 handled=1 in_queue_max=1 queue_ms=5000 ring_ms=5000
          + talk_ms=30000 wait_answered_ms=10000 wait_answered_max_ms=10000 handle_ms=30000 answered_within_sl=1
        ",
    );
}

/// The switch's own id of a call and its trunk, by which other systems find it: the first that events say; the trunk is that of the side
/// where outside is.
#[test]
fn a_call_knows_the_switchs_own_id_and_its_trunk() {
    check(
        &with_two_agents(
            "
            10:00:10 8001 Queued c1 CallID=4711
            10:00:12 8001 Diverted c1 to=7001 CallID=4711 OtherTrunk=12
            10:00:12 7001 Ringing c1 CallID=4712 ThisTrunk=1 OtherTrunk=13
            10:00:15 7001 Established c1
            10:00:20 7001 Released c1
            10:00:30 7002 Dialing c2 out with=5550100 CallID=9 ThisTrunk=3
            10:00:40 7002 Released c2 CallID=0
            10:00:50 7001 Ringing c3 CallID=none
            10:00:55 7001 Released c3
            ",
        ),
        "
        call: conn_id switch_call_id trunk
          0000000000000001 4711 12
          0000000000000002 9 3
          0000000000000003 - -
        ",
    );
}
