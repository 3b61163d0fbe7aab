//! Supervisors: subscription, silent monitoring, whispering, barging in. An observer is never an answer.

use super::with_two_agents;
use crate::support::check;

/// The supervisor's leg is time he is busy; nothing of it is offered, answered, talk or conference, neither his nor the
/// agent's. The agent ends first (T4.19, 35).
#[test]
fn monitored_call_that_the_agent_ends_first() {
    check(
        &with_two_agents(
            "
            10:00:05 7001 MonitoringNextCall with=7002
            10:00:10 7001 Ringing c1
            10:00:12 7001 Established c1
            10:00:12 7002 Ringing c1 role=Observer state=Bridged
            10:00:12 7001 PartyAdded c1 with=7002 OtherDNRole=Observer state=Bridged
            10:00:13 7002 Established c1 role=Observer state=Bridged
            10:01:12 7001 Released c1
            10:01:12 7002 PartyDeleted c1 with=7001 OtherDNRole=DeletedParty
            10:01:13 7002 Released c1 role=Observer
            10:01:20 7001 MonitoringCancelled with=7002
            ",
        ),
        "
        handling_segment: resource_id talk_ms
          7001 60000
        party: dn role connected_ms
          7001 destination 60000
          7002 observer 60000
        agent_interval: agent_id offered answered talk_ms busy_ms conferences handled
          101 1 1 60000 0 0 1
          102 0 0 0 61000 0 0
        actions: dn=7002
          7002 LoggedIn.unknown 1 1 80000
          7002 WaitForNextCall.unknown 1 1 80000
          7002 CallObserving.inbound 1 0 61000
        ",
    );
}

/// Intrusion: the supervisor joins a call that goes on, without having rung, and leaves first (T4.19).
#[test]
fn intrusion_into_a_running_call() {
    check(
        &with_two_agents(
            "
            10:00:10 7001 Ringing c1
            10:00:12 7001 Established c1
            10:00:30 7002 Established c1 role=Observer state=Bridged
            10:00:30 7001 PartyAdded c1 with=7002 OtherDNRole=Observer state=Bridged
            10:00:50 7002 Released c1 role=Observer
            10:00:50 7001 PartyDeleted c1 with=7002 OtherDNRole=DeletedParty
            10:01:12 7001 Released c1
            ",
        ),
        "
        handling_segment: resource_id talk_ms
          7001 60000
        agent_interval: agent_id answered talk_ms busy_ms conferences
          101 1 60000 0 0
          102 0 0 20000 0
        actions: dn=7001
          7001 LoggedIn.unknown 1 1 72000
          7001 WaitForNextCall.unknown 1 1 72000
          7001 CallRinging.inbound 1 0 2000
          7001 CallTalk.inbound 1 0 60000
          7001 CallReceived.inbound 1 - -
          7001 CallOffered.inbound 1 - -
          7001 CallAnswered.inbound 1 - 2000
        ",
    );
}

/// A call distributed to an agent whose supervisor's phone rings first is the agent's answer (14).
#[test]
fn observer_who_connects_first_does_not_answer_for_the_queue() {
    check(
        &with_two_agents(
            "
            10:00:10 8001 Queued c1
            10:00:12 8001 Diverted c1 to=7001
            10:00:12 7002 Ringing c1 role=Observer state=Bridged queue=8001
            10:00:12 7001 Ringing c1 queue=8001
            10:00:13 7002 Established c1 role=Observer state=Bridged queue=8001
            10:00:16 7001 Established c1 queue=8001
            10:00:46 7001 Released c1
            10:00:46 7002 Released c1 role=Observer
            ",
        ),
        "
        queue_segment: queue_id outcome wait_ms answered_by_agent_id
          8001 answered 6000 101
        queue_interval: queue_id answered talk_ms
          8001 1 30000
        ",
    );
}
