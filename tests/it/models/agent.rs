//! Agents: after-call work, readiness behind calls, several DNs, logins seen and unseen, reasons.

use super::with_two_agents;
use crate::support::check;

/// A call of a minute on 7001, released at 10:01:10.
const CALL: &str = "
    10:00:00 7001 AgentLogin agent=101
    10:00:00 7001 AgentReady
    10:00:05 7001 Ringing c1
    10:00:10 7001 Established c1
";

fn after_answer(log: &str) -> String {
    format!("{CALL}{log}")
}

/// Wrap that begins before, at or shortly after the release belongs to the call (38): it starts to accrue when the call
/// is over. `handled` waits for its end (39).
#[test]
fn after_call_work_said_before_the_release_begins_with_it() {
    check(
        &after_answer(
            "
            10:01:00 7001 AgentNotReady mode=AfterCallWork
            10:01:10 7001 Released c1
            10:01:40 7001 AgentReady
            ",
        ),
        "
        handling_segment: talk_ms acw_ms acw_started_at acw_ended_at
          60000 30000 10:01:10 10:01:40
        agent_interval: agent_id ready_ms acw_ms not_ready_entries handled handle_ms
          101 5000 30000 0 1 90000
        agent_state: state started_at duration_ms reason_key reason_code
          ready 10:00:00 5000 - -
          ringing 10:00:05 5000 - -
          talking 10:00:10 60000 - -
          acw 10:01:10 30000 WorkMode AfterCallWork
        ",
    );
}

#[test]
fn after_call_work_within_two_seconds_of_the_release_belongs_to_the_call() {
    check(
        &after_answer(
            "
            10:01:10 7001 Released c1
            10:01:12 7001 AgentNotReady mode=AfterCallWork
            10:01:42 7001 AgentReady
            ",
        ),
        "
        handling_segment: talk_ms acw_ms acw_started_at acw_ended_at
          60000 30000 10:01:12 10:01:42
        agent_interval: agent_id ready_ms acw_ms handled handle_ms
          101 7000 30000 1 90000
        ",
    );
}

/// Later it is idle after-call work: the agent's time, nobody's call (38).
#[test]
fn after_call_work_later_than_two_seconds_is_idle() {
    check(
        &after_answer(
            "
            10:01:10 7001 Released c1
            10:01:12.001 7001 AgentAfterCallWork
            10:01:42.001 7001 AgentReady
            ",
        ),
        "
        handling_segment: talk_ms acw_ms acw_started_at
          60000 0 -
        agent_interval: agent_id acw_ms handled handle_ms
          101 30000 1 60000
        ",
    );
}

/// A call taken during the wrap pauses it; the stretch after that call belongs to that call (38).
#[test]
fn after_call_work_interrupted_by_a_call_goes_on_for_that_call() {
    check(
        &after_answer(
            "
            10:01:10 7001 Released c1
            10:01:10 7001 AgentNotReady mode=AfterCallWork
            10:01:30 7001 Ringing c2
            10:01:35 7001 Established c2
            10:02:05 7001 Released c2
            10:02:25 7001 AgentReady
            ",
        ),
        "
        handling_segment: call_id ring_ms talk_ms acw_ms acw_started_at acw_ended_at
          c1 5000 60000 25000 10:01:10 10:01:35
          c2 5000 30000 20000 10:02:05 10:02:25
        party: call_id connected_ms acw_ms left_at
          c1 60000 25000 10:01:10
          c2 30000 20000 10:02:05
        # acw outranks ringing (35): the agent's clock shows no second ring time
        agent_interval: agent_id ring_ms talk_ms acw_ms handled handle_ms
          101 5000 90000 45000 2 135000
        ",
    );
}

/// A call that was his, on a DN where somebody else has logged in meanwhile, ends during his wrap: the running stretch
/// stays with the leg it began for (38).
#[test]
fn after_call_work_survives_the_end_of_a_call_that_is_no_longer_his() {
    check(
        "
        10:00:00 7001 AgentLogin agent=101
        10:00:00 7001 AgentReady
        10:00:10 9001 RouteRequest c1
        10:00:10 9001 RouteUsed c1 to=7001
        10:00:10 7001 Ringing c1
        10:00:15 7001 Established c1
        10:00:20 7007 Established c2 agent=101
        10:00:30 7007 AgentLogin agent=102
        10:00:40 7001 Released c1
        10:00:40 7001 AgentNotReady mode=AfterCallWork
        10:00:50 7007 Released c2
        10:01:10 7001 AgentReady
        ",
        "
        handling_segment: resource_id call_id acw_ms
          7001 c1 30000
          7007 c2 0
        queue_interval: queue_id talk_ms acw_ms handle_ms
          9001 25000 30000 55000
        queue_cohort_interval: queue_id talk_ms acw_ms
          9001 25000 30000
        ",
    );
}

/// A party that moved has the after-call work in the call it ended in; one whose wrap goes on at the end has it up to then, as its leg does.
#[test]
fn after_call_work_belongs_to_the_last_party_of_a_leg() {
    check(
        "
        10:00:00 7001 AgentLogin agent=101
        10:00:00 7002 AgentLogin agent=102
        10:00:05 7001 Ringing c1
        10:00:10 7001 Established c1
        10:00:30 7001 Held c1
        10:00:30 7001 Dialing c2 consult transfer=c1
        10:00:32 7002 Ringing c2 was=c1
        10:00:35 7001 Established c2
        10:00:35 7002 Established c2
        10:00:45 7001 Released c2 state=Transferred
        10:00:45 7001 Released c1 state=Transferred
        10:00:45 7002 PartyChanged c1 was=c2 state=Transferred by=7001 ThirdPartyDNRole=TransferredBy
        10:00:46 7001 AgentNotReady mode=AfterCallWork
        10:00:56 7001 AgentReady
        10:01:45 7002 Released c1
        10:01:45 7002 AgentNotReady mode=AfterCallWork
        10:02:05 7001 AgentNotReady
        ",
        "
        handling_segment: resource_id call_id acw_ms is_complete
          7001 c1 10000 yes
          7001 c2 0 yes
          7002 c1 20000 no
        party: dn call_id left_cause acw_ms
          7001 c1 transferred 10000
          7001 c2 transferred 0
          7002 c2 moved 0
          7002 c1 released 20000
        ",
    );
}

/// Leaving wrap for a break ends it; legal guard is not ready, not wrap (T2.6).
#[test]
fn legal_guard_is_not_ready_under_its_own_name() {
    check(
        &after_answer(
            "
            10:01:10 7001 Released c1
            10:01:10 7001 AgentNotReady mode=AfterCallWork
            10:01:20 7001 AgentNotReady mode=LegalGuard
            10:01:25 7001 AgentReady mode=AutoIn
            10:01:35 7001 AgentLogout
            ",
        ),
        "
        handling_segment: acw_ms acw_ended_at
          10000 10:01:20
        agent_interval: agent_id ready_ms acw_ms not_ready_ms not_ready_entries
          101 15000 10000 5000 1
        agent_reason_interval: agent_id state reason_key reason_code ms entries
          101 acw WorkMode AfterCallWork 10000 1
          101 not_ready WorkMode LegalGuard 5000 1
        ",
    );
}

/// Wrap ends with the logout too; the segment is handled then (38, 39).
#[test]
fn logout_ends_after_call_work() {
    check(
        &after_answer(
            "
            10:01:10 7001 Released c1
            10:01:10 7001 AgentNotReady mode=AfterCallWork
            10:01:30 7001 AgentLogout
            10:02:00 7001 AgentLogin agent=101
            10:02:10 7001 AgentReady
            ",
        ),
        "
        handling_segment: acw_ms acw_ended_at is_complete
          20000 10:01:30 yes
        agent_interval: agent_id logged_in_ms acw_ms not_ready_ms logins logouts handled handle_ms last_logout_at
          101 100000 20000 10000 2 1 1 80000 10:01:30
        agent_session: agent_id logged_in_at logged_out_at duration_ms
          101 10:00:00 10:01:30 90000
          101 10:02:00 - 10000
        ",
    );
}

/// Readiness changes behind a call show when it is over (T3.1); not ready during the call is one entry, at its end.
#[test]
fn readiness_said_during_a_call_shows_after_it() {
    check(
        &after_answer(
            "
            10:00:30 7001 AgentNotReady mode=AuxWork reason=Break:Lunch
            10:01:10 7001 Released c1
            10:01:30 7001 AgentReady
            10:01:40 7001 AgentLogout
            ",
        ),
        "
        agent_state: state call_type started_at duration_ms reason_key reason_code
          ready - 10:00:00 5000 - -
          ringing - 10:00:05 5000 - -
          talking inbound 10:00:10 60000 - -
          not_ready - 10:01:10 20000 Break Lunch
          ready - 10:01:30 10000 - -
        agent_interval: agent_id not_ready_ms not_ready_entries handle_ms
          101 20000 1 60000
        ",
    );
}

/// Not ready outranks ringing: ring time of a not-ready agent is the leg's, not the clock's (35).
#[test]
fn not_ready_agent_who_is_rung_stays_not_ready() {
    check(
        "
        10:00:00 7001 AgentLogin agent=101
        10:00:10 7001 Ringing c1
        10:00:20 7001 Established c1
        10:00:30 7001 Released c1
        10:00:40 7001 AgentLogout
        ",
        "
        handling_segment: ring_ms talk_ms
          10000 10000
        agent_interval: agent_id ring_ms not_ready_ms talk_ms not_ready_entries
          101 0 30000 10000 2
        ",
    );
}

/// Each DN of a session, and each queue that a login there names, has its own stretch; time in the queue counts once.
#[test]
fn a_login_on_each_dn_and_to_each_queue_has_its_row() {
    check(
        "
        10:00:00 7001 AgentLogin agent=101 queue=8001
        10:00:10 6001 AgentLogin agent=101 queue=8001
        10:00:20 7001 AgentLogin agent=101 queue=8002
        10:00:40 7001 QueueLogout queue=8001
        10:01:00 7001 AgentLogout
        10:02:00 6001 AgentReady
        ",
        "
        agent_session: logged_in_at logged_out_at duration_ms
          10:00:00 - 120000
        agent_session_dn: seq dn queue_id logged_in_at logged_out_at duration_ms
          2 7001 8001 10:00:00 10:00:40 40000
          1 7001 - 10:00:00 10:01:00 60000
          4 6001 8001 10:00:10 - 110000
          3 6001 - 10:00:10 - 110000
          5 7001 8002 10:00:20 10:01:00 40000
        agent_queue_interval: queue_id membership_ms
          8001 120000
          8002 40000
        ",
    );
}

/// One agent on two DNs is one agent with one session (33) and one readiness (34): the last word on either DN rules.
#[test]
fn agent_on_two_dns_is_one_agent() {
    check(
        "
        10:00:00 7001 AgentLogin agent=101 queue=8001
        10:00:10 6001 AgentLogin agent=101 queue=8001
        10:00:20 7001 AgentReady
        10:00:30 6001 AgentNotReady reason=Break:Tea
        10:00:40 6001 AgentReady
        10:00:50 7001 AgentLogout
        10:01:00 6001 AgentLogout
        ",
        "
        agent_session: agent_id primary_dn logged_in_at logged_out_at ready_ms not_ready_ms
          101 7001 10:00:00 10:01:00 30000 30000
        agent_interval: agent_id logins logouts not_ready_entries
          101 1 1 2
        agent_queue_interval: agent_id queue_id membership_ms
          101 8001 60000
        ",
    );
}

/// Another AgentID on a bound DN ends the first binding at that instant, and his session if it was the last (33).
#[test]
fn second_agent_id_on_a_dn_supersedes_the_first() {
    check(
        "
        10:00:00 7001 AgentLogin agent=101
        10:00:10 7001 AgentReady
        10:00:30 7001 AgentLogin agent=102
        10:00:40 7001 AgentReady
        10:01:00 7001 AgentLogout agent=101
        ",
        "
        agent_session: agent_id logged_in_at logged_out_at logout_known logout_reason ready_ms not_ready_ms
          101 10:00:00 10:00:30 no superseded 20000 10000
          102 10:00:30 10:01:00 yes logout 20000 10000
        anomalies:
          login_superseded 1
        ",
    );
}

/// Ready without a login opens a session whose login was not seen (33); without an AgentID there is nobody to open it for.
#[test]
fn readiness_without_login_opens_a_session() {
    check(
        "
        10:00:00 7001 AgentReady agent=101
        10:00:30 7001 AgentLogout
        10:00:40 7002 AgentReady
        ",
        "
        agent_session: agent_id logged_in_at login_known ready_ms duration_ms
          101 10:00:00 no 30000 30000
        agent_interval: agent_id logins logouts ready_ms
          101 1 1 30000
        anomalies:
          agent_unknown 1
          login_unseen 1
        ",
    );
}

/// The clock ends with the logout, the party goes on and keeps its agent for the leg (49); logging in again in the same
/// call counts the rest as talking in a new session.
#[test]
fn logout_during_a_call_ends_the_clock_and_not_the_leg() {
    check(
        &after_answer(
            "
            10:00:40 7001 AgentLogout
            10:01:00 7001 AgentLogin agent=101
            10:01:10 7001 Released c1
            10:01:20 7001 AgentReady
            ",
        ),
        "
        handling_segment: resource_id agent_id talk_ms result
          7001 101 60000 completed
        agent_session: logged_in_at logged_out_at talk_ms not_ready_ms duration_ms
          10:00:00 10:00:40 30000 0 40000
          10:01:00 - 10000 10000 20000
        agent_interval: agent_id logged_in_ms talk_ms handled handle_ms
          101 60000 40000 1 60000
        ",
    );
}

/// Reasons first, then the hardware's ReasonCode, then the work mode's name, else none (37). Another reason is another
/// stretch of the same run: entries of the reason, no new entry into not ready (36).
#[test]
fn reasons_come_from_reasons_reason_code_work_mode_or_none() {
    check(
        "
        10:00:00 7001 AgentLogin agent=101
        10:00:10 7001 AgentNotReady mode=AuxWork reason=Break:Lunch code=7
        10:00:20 7001 AgentNotReady mode=AuxWork code=7
        10:00:30 7001 AgentNotReady mode=WalkAway
        10:00:40 7001 AgentNotReady mode=AutoIn
        10:00:50 7001 AgentNotReady mode=ManualIn
        10:01:00 7001 AgentNotReady
        10:01:10 7001 AgentReady reason=Ignored:1
        10:01:20 7001 AgentLogout
        ",
        "
        agent_state: state started_at duration_ms reason_key reason_code reason_kind state_run_id
          not_ready 10:00:00 10000 none none - 1
          not_ready 10:00:10 10000 Break Lunch software 1
          not_ready 10:00:20 10000 ReasonCode 7 hardware 1
          not_ready 10:00:30 10000 WorkMode WalkAway software 1
          not_ready 10:00:40 10000 WorkMode LegalGuard software 1
          not_ready 10:00:50 20000 none none - 1
          ready 10:01:10 10000 - - - 2
        agent_interval: agent_id not_ready_ms not_ready_entries
          101 70000 1
        agent_reason_interval: state reason_key reason_code ms entries
          not_ready Break Lunch 10000 1
          not_ready ReasonCode 7 10000 1
          not_ready WorkMode LegalGuard 10000 1
          not_ready WorkMode WalkAway 10000 1
          not_ready none none 30000 2
        ",
    );
}

/// Do-not-disturb is a flag beside the states; overlapping DNs count once (50).
#[test]
fn do_not_disturb_on_two_dns_counts_once() {
    check(
        "
        10:00:00 7001 AgentLogin agent=101
        10:00:00 7001 AgentReady
        10:00:00 6001 AgentLogin agent=101
        10:00:10 7001 DNDOn
        10:00:20 6001 DNDOn
        10:00:30 7001 DNDOff
        10:00:40 6001 DNDOff
        10:00:50 6001 DNDOff
        10:01:00 7001 AgentReady
        ",
        "
        agent_interval: agent_id logged_in_ms ready_ms dnd_ms
          101 60000 60000 30000
        ",
    );
}

/// Off hook without a call is busy, dialling outranks it, and it ends with the handset or the last call of the DN (35).
#[test]
fn off_hook_without_a_call_is_busy() {
    check(
        &with_two_agents(
            "
            10:00:10 7001 OffHook
            10:00:20 7001 OnHook
            10:00:30 7001 OffHook
            10:00:40 7001 Dialing c1 out
            10:00:50 7001 Released c1
            10:01:00 7002 AgentReady
            ",
        ),
        "
        agent_state: agent_id state started_at duration_ms
          101 ready 10:00:00 10000
          101 busy 10:00:10 10000
          101 ready 10:00:20 10000
          101 busy 10:00:30 10000
          101 dialing 10:00:40 10000
          101 ready 10:00:50 10000
          102 ready 10:00:00 60000
        agent_interval: agent_id ready_ms busy_ms dial_ms
          101 30000 20000 10000
          102 60000 0 0
        ",
    );
}

/// While the link is down nothing is known (35): neither readiness nor the call accrue to the agent's states, and coverage
/// leaves the outage out (6).
#[test]
fn link_outage_is_unknown_time() {
    check(
        &after_answer(
            "
            10:00:40 - LinkDisconnected
            10:01:00 - LinkConnected
            10:01:10 7001 Released c1
            10:01:20 7001 AgentReady
            10:01:20 8001 Queued c2
            10:01:30 8001 Abandoned c2
            ",
        ),
        "
        agent_interval: agent_id logged_in_ms ready_ms ring_ms talk_ms unknown_ms handle_ms coverage_ms
          101 90000 25000 5000 40000 20000 60000 70000
        handling_segment: talk_ms
          60000
        queue_interval: queue_id coverage_ms
          8001 70000
        ",
    );
}

/// A released call under five seconds from answer to release is short (46), whatever its wrap.
#[test]
fn short_call_is_below_five_seconds() {
    check(
        &with_two_agents(
            "
            10:00:10 7001 Ringing c1
            10:00:20 7001 Established c1
            10:00:24.999 7001 Released c1
            10:01:10 7001 Ringing c2
            10:01:20 7001 Established c2
            10:01:25 7001 Released c2
            10:02:10 7002 Ringing c3
            10:02:11 7002 Released c3 state=NoAnswer
            ",
        ),
        "
        agent_interval: agent_id short_calls handled
          101 1 2
          102 0 0
        ",
    );
}
