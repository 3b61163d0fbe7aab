//! Time: edges of intervals, midnight, stretches of nothing, and the end of a finite input.

use super::with_two_agents;
use crate::support::check;

/// Half-open intervals (H6.1): what happens on the edge belongs to the interval that begins there, what ends there adds
/// nothing to it.
#[test]
fn events_on_an_edge_belong_to_the_interval_that_begins() {
    check(
        &with_two_agents(
            "
            10:14:50 8001 Queued c1
            10:15:00 8001 Diverted c1 to=7001
            10:15:00 7001 Ringing c1 queue=8001
            10:15:05 7001 Established c1
            10:30:00 7001 Released c1
            10:30:00 8001 Queued c2
            10:30:10 8001 Abandoned c2
            ",
        ),
        "
        queue_interval: queue_id interval_start entered answered abandoned handled in_queue_start in_queue_end in_queue_max longest_wait_ms_at_end queue_ms ring_ms talk_ms wait_answered_ms handle_ms
          8001 10:00:00 1 0 0 0 0 1 1 10000 10000 0 0 0 0
          8001 10:15:00 0 1 0 0 1 0 1 - 0 5000 895000 15000 0
          8001 10:30:00 1 0 1 1 0 0 1 - 10000 0 0 0 895000
        queue_cohort_interval: interval_start entered answered abandoned queue_ms talk_ms
          10:00:00 1 1 0 10000 895000
          10:15:00 0 0 0 0 0
          10:30:00 1 0 1 10000 0
        agent_interval: agent_id interval_start ready_ms ring_ms talk_ms answered handled
          101 10:00:00 900000 0 0 0 0
          101 10:15:00 0 5000 895000 1 0
          101 10:30:00 10000 0 0 0 1
          102 10:00:00 900000 0 0 0 0
          102 10:15:00 900000 0 0 0 0
          102 10:30:00 10000 0 0 0 0
        ",
    );
}

/// Midnight is an ordinary edge (H6.10).
#[test]
fn midnight_is_an_ordinary_edge() {
    check(
        "
        23:50:00 7001 AgentLogin agent=101
        23:50:00 7001 AgentReady
        23:59:30 8001 Queued c1
        24:00:30 8001 Diverted c1 to=7001
        24:00:30 7001 Ringing c1 queue=8001
        24:00:40 7001 Established c1
        24:01:00 7001 Released c1
        ",
        "
        queue_interval: queue_id interval_start entered answered in_queue_start in_queue_end queue_ms
          8001 23:45:00 1 0 0 1 30000
          8001 24:00:00 0 1 1 0 30000
        agent_interval: agent_id interval_start ready_ms ring_ms talk_ms
          101 23:45:00 600000 0 0
          101 24:00:00 30000 10000 20000
        agent_session: logged_in_at duration_ms
          23:50:00 660000
        ",
    );
}

/// A silent queue has rows of zeros from its first interval to the last of the input; a silent agent has a row while he
/// is logged in, and none after (7).
#[test]
fn queue_rows_are_dense_and_agent_rows_are_sparse() {
    check(
        "
        10:00:00 8001 Queued c1
        10:00:10 8001 Abandoned c1
        10:20:00 7001 AgentLogin agent=101
        10:40:00 7001 AgentLogout
        11:00:00 8002 Queued c2
        11:00:01 8002 Abandoned c2
        ",
        "
        queue_interval: queue_id interval_start entered status
          8001 10:00:00 1 final
          8001 10:15:00 0 final
          8001 10:30:00 0 final
          8001 10:45:00 0 final
          8001 11:00:00 0 final
          8002 11:00:00 1 final
        agent_interval: agent_id interval_start logged_in_ms
          101 10:15:00 600000
          101 10:30:00 600000
        ",
    );
}

/// A queue's rows begin with the event that shows it to be one: neither a registration nor a login to it is (7, 26).
#[test]
fn registration_does_not_begin_the_rows_of_a_queue() {
    check(
        "
        10:00:00 8001 Registered
        10:00:00 7001 AgentLogin agent=101 queue=8001
        10:20:00 8001 Queued c1
        10:20:10 8001 Abandoned c1
        10:20:10 7001 AgentLogout
        ",
        "
        queue_interval: queue_id interval_start entered agents_staffed_ms
          8001 10:15:00 1 310000
        queue_cohort_interval: queue_id interval_start entered
          8001 10:15:00 1
        agent_queue_interval: agent_id queue_id interval_start membership_ms
          101 8001 10:00:00 900000
          101 8001 10:15:00 310000
        ",
    );
}

/// Each duration is the difference of floored milliseconds (1): the parts add up to the whole though none is whole.
#[test]
fn milliseconds_are_floored_instants() {
    check(
        &with_two_agents(
            "
            10:00:00.000900 8001 Queued c1
            10:00:00.002100 8001 Diverted c1 to=7001
            10:00:00.002100 7001 Ringing c1 queue=8001
            10:00:00.004000 7001 Established c1
            10:00:00.005999 7001 Released c1
            ",
        ),
        "
        queue_segment: queue_ms ring_ms wait_ms
          2 2 4
        handling_segment: ring_ms talk_ms
          2 1
        agent_interval: agent_id logged_in_ms ready_ms ring_ms talk_ms
          101 5 2 2 1
          102 5 5 0 0
        ",
    );
}

/// States of no length leave no row and no entry (36); counts stay.
#[test]
fn stretches_of_nothing_leave_no_row() {
    check(
        "
        10:00:00 7001 AgentLogin agent=101
        10:00:00 7001 AgentReady
        10:00:10 7001 AgentNotReady reason=Break:Tea
        10:00:10 7001 AgentReady
        10:00:20 7001 Ringing c1
        10:00:20 7001 Established c1
        10:00:20 7001 Released c1
        10:00:30 7001 AgentLogout
        10:00:30 7001 AgentLogin agent=101
        10:00:30 7001 AgentLogout
        ",
        "
        agent_state: state started_at duration_ms
          ready 10:00:00 30000
        agent_interval: agent_id *
          101 interval_start=10:00:00 logged_in_ms=30000 ready_ms=30000 offered=1 answered=1 short_calls=1
          + logins=2 logouts=2 handled=1 first_login_at=10:00:00 last_logout_at=10:00:30
        handling_segment: ring_ms talk_ms result
          0 0 completed
        ",
    );
}

/// The end of a finite input cuts what is open at the last event (2): a call that waits is pending, with its wait so far.
#[test]
fn waiting_call_is_pending_at_the_end_of_the_input() {
    check(
        "
        10:00:00 8001 Queued c1
        10:00:10 8001 Queued c2
        10:00:20 7009 OnHook
        ",
        "
        queue_segment: entered_at left_at queue_ms ring_ms wait_ms outcome
          10:00:00 - 20000 0 20000 pending
          10:00:10 - 10000 0 10000 pending
        queue_interval: queue_id entered in_queue_end in_queue_max longest_wait_ms_at_end queue_ms status
          8001 2 2 2 20000 30000 final
        queue_cohort_interval: queue_id entered pending queue_ms status
          8001 2 2 0 final
        call: conn_id ended_at duration_ms
          0000000000000001 - 20000
          0000000000000002 - 10000
        actions: queue=8001
          8001 CallWait.inbound 2 2 30000
        ",
    );
}

/// A call that rings at the end has left the queue; its ring time runs to the last event (2).
#[test]
fn ringing_call_is_pending_with_its_target() {
    check(
        &with_two_agents(
            "
            10:00:00 8001 Queued c1
            10:00:10 8001 Diverted c1 to=7001
            10:00:10 7001 Ringing c1 queue=8001
            10:00:30 7002 AgentReady
            ",
        ),
        "
        queue_segment: left_at distributed_at queue_ms ring_ms wait_ms outcome
          10:00:10 10:00:10 10000 20000 30000 pending
        handling_segment: resource_id released_at ring_ms result end_known
          7001 - 20000 - no
        agent_interval: agent_id ready_ms ring_ms offered
          101 10000 20000 1
          102 30000 0 0
        # in flight: distributed already (57)
        actions: queue=8001
          8001 CallRinging.inbound 1 0 20000
          8001 CallWait.inbound 1 0 10000
          8001 CallAlerting.inbound 1 1 20000
          8001 CallOffered.inbound 1 - -
          8001 CallDistributed.inbound 1 - 10000
        ",
    );
}

/// A departure still undecided at the end is decided at once (2): the target did not ring, so the stay is diverted.
#[test]
fn undecided_departure_is_decided_at_the_end() {
    check(
        "
        10:00:00 8001 Queued c1
        10:00:10 8001 Diverted c1 to=7001
        ",
        "
        queue_segment: left_at queue_ms outcome diverted_to
          10:00:10 10000 diverted 7001
        ",
    );
}

/// An open leg has no result, and running after-call work no end; what accrued counts, `handled` does not (2, 39).
#[test]
fn open_leg_and_running_wrap_are_cut_at_the_last_event() {
    check(
        &with_two_agents(
            "
            10:00:00 7001 Ringing c1
            10:00:05 7001 Established c1
            10:00:10 7002 Ringing c2
            10:00:15 7002 Established c2
            10:00:30 7001 Released c1
            10:00:30 7001 AgentNotReady mode=AfterCallWork
            10:01:00 7003 OnHook
            ",
        ),
        "
        handling_segment: resource_id released_at talk_ms acw_ms acw_started_at acw_ended_at result is_complete
          7001 10:00:30 25000 30000 10:00:30 - completed no
          7002 - 45000 0 - - - no
        agent_interval: agent_id talk_ms acw_ms handled handle_ms
          101 25000 30000 0 0
          102 45000 0 0 0
        agent_session: agent_id logged_out_at duration_ms
          101 - 60000
          102 - 60000
        ",
    );
}
