//! What DNs are and do besides carrying calls: IVR ports, external routing points, treatments, service, forwarding.

use callfold::engine::settings::Settings;
use callfold::model::dn::{DnKind, DnRule};

use super::with_two_agents;
use crate::support::{check, check_with};

fn said(rules: &[(&str, &str, DnKind)]) -> Settings {
    let rule = |(first, last, kind): &(&str, &str, DnKind)| DnRule {
        switch: None,
        first: (*first).into(),
        last: (*last).into(),
        kind: *kind,
    };
    Settings { dns: rules.iter().map(rule).collect(), ..Settings::default() }
}

/// An IVR port answers for itself: a routing point that sends a call there has diverted it (14), and its time is the
/// port's own (T6.4). Back at the routing point it is another stay.
#[test]
fn ivr_port_handles_for_itself_and_answers_for_no_queue() {
    check_with(
        said(&[("6000", "6099", DnKind::IvrPort)]),
        &with_two_agents(
            "
            10:00:00 9001 RouteRequest c1
            10:00:01 9001 RouteUsed c1 to=6010
            10:00:01 6010 Ringing c1
            10:00:02 6010 Established c1 agent=101
            10:00:32 6010 Released c1
            10:00:32 9001 RouteRequest c1
            10:00:40 9001 RouteUsed c1 to=7001
            10:00:40 7001 Ringing c1
            10:00:43 7001 Established c1
            10:01:13 7001 Released c1
            ",
        ),
        "
        queue_segment: queue_id entry_seq outcome diverted_to wait_ms answered_by_agent_id
          9001 1 diverted 6010 1000 -
          9001 2 answered - 11000 101
        handling_segment: resource_id resource_kind agent_id queue_id talk_ms
          6010 ivr_port - - 30000
          7001 agent 101 9001 30000
        party: dn dn_type connected_ms
          9001 routing_point 0
          6010 ivr_port 30000
          9001 routing_point 0
          7001 extension 30000
        agent_interval: agent_id answered talk_ms
          101 1 30000
          102 0 0
        ",
    );
}

/// A call that only ever talked to a machine was connected, and to no agent.
#[test]
fn call_that_ends_in_the_ivr_was_connected_to_no_agent() {
    check_with(
        said(&[("6000", "6099", DnKind::IvrPort)]),
        "
        10:00:01 6010 Ringing c1
        10:00:02 6010 Established c1
        10:00:32 6010 Released c1
        ",
        "
        call: conn_id connected connected_to_agent duration_ms
          0000000000000001 yes no 31000
        ",
    );
}

/// The routing point at which calls of another site arrive is no service queue (T4.22, 26): its stays say `external`.
#[test]
fn external_routing_point_is_no_service_queue() {
    check_with(
        said(&[("9900", "9900", DnKind::External)]),
        "
        10:00:00 7101 AgentLogin agent=201
        10:00:00 7101 AgentReady
        10:00:10 9900 RouteRequest c1
        10:00:10.5 9900 RouteUsed c1 to=7101
        10:00:10.5 7101 Ringing c1
        10:00:14 7101 Established c1
        10:00:44 7101 Released c1
        ",
        "
        queue_segment: queue_id queue_kind outcome
          9900 external answered
        queue_interval: queue_id queue_kind entered answered
          9900 external 1 1
        ",
    );
}

/// Treatments run under the waiting and end with it; a refused one is counted (T1.7).
#[test]
fn treatments_change_nothing_about_the_wait() {
    check(
        &with_two_agents(
            "
            10:00:00 9001 RouteRequest c1
            10:00:01 9001 TreatmentApplied c1 TreatmentType=2
            10:00:11 9001 TreatmentEnd c1 TreatmentType=2
            10:00:11 9001 TreatmentNotApplied c1 TreatmentType=7
            10:00:12 9001 TreatmentApplied c1 TreatmentType=2
            10:00:20 9001 RouteUsed c1 to=7001
            10:00:20 7001 Ringing c1
            10:00:22 7001 Established c1
            10:00:32 7001 Released c1
            ",
        ),
        "
        queue_segment: queue_id outcome queue_ms wait_ms
          9001 answered 20000 22000
        party: dn queued_ms treatment_ms
          9001 20000 18000
          7001 0 0
        actions: queue=9001
          9001 CallRinging.inbound 1 0 2000
          9001 CallTalk.inbound 1 0 10000
          9001 CallWait.inbound 1 0 20000
          9001 CallAlerting.inbound 1 0 2000
          9001 CallOffered.inbound 1 - -
          9001 CallTreatmentStarted.inbound 2 - -
          9001 CallTreatmentNotStarted.inbound 1 - -
          9001 CallAnswered.inbound 1 - 22000
          9001 CallDistributed.inbound 1 - 20000
          9001 CallReleased.inbound 1 - 10000
          9001 CallTreatmentCompleted.inbound 2 - 18000
        ",
    );
}

/// A phone that falls out of service loses neither its agent nor his time; the DN's own action says when it was seen.
#[test]
fn out_of_service_is_the_dns_own_time() {
    check(
        "
        10:00:00 7001 AgentLogin agent=101
        10:00:00 7001 AgentReady
        10:00:10 7001 DNOutOfService
        10:00:40 7001 DNBackInService
        10:01:00 - LinkDisconnected
        10:01:30 - LinkConnected
        10:02:00 7001 AgentNotReady
        ",
        "
        agent_interval: agent_id logged_in_ms ready_ms unknown_ms
          101 120000 90000 30000
        actions: dn=7001
          7001 LoggedIn.unknown 1 1 120000
          7001 WaitForNextCall.unknown 1 0 120000
          7001 NotReadyForNextCall.unknown 1 1 0
          7001 Monitored.unknown 3 1 60000
          7001 NotMonitored.unknown 2 0 60000
        ",
    );
}

/// Forwarding and message lamps count nowhere (T1.9).
#[test]
fn forwarding_counts_nowhere() {
    check(
        "
        10:00:00 7001 AgentLogin agent=101
        10:00:00 7001 AgentReady
        10:00:10 7001 ForwardSet ForwardMode=1 with=7009
        10:00:20 7001 MessageWaitingOn
        10:00:30 7001 ForwardCancel
        10:01:00 7001 AgentNotReady
        ",
        "
        agent_interval: agent_id ready_ms not_ready_entries dnd_ms
          101 60000 0 0
        ",
    );
}
