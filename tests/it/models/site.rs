//! Several sites: one contact on two switches, external routing points, the access number between them.

use callfold::engine::settings::Settings;

use crate::support::{check, log, replay};

/// The call keeps its ConnID at the other site: two calls all the same, because a ConnID belongs to its switch; the stay at
/// the first site is diverted to where it went (T4.22, 27).
#[test]
fn one_conn_id_on_two_switches_is_two_calls() {
    check(
        "
        10:00:00 7101@west AgentLogin agent=201
        10:00:00 7101@west AgentReady
        10:00:10 9001@east RouteRequest c1
        10:00:15 9001@east RouteUsed c1 to=90007101
        10:00:16 7101@west Ringing c1
        10:00:20 7101@west Established c1
        10:00:50 7101@west Released c1
        ",
        "
        call: site_id conn_id started_at ended_at
          east 0000000000000001 10:00:10 10:00:15
          west 0000000000000001 10:00:16 10:00:50
        queue_segment: queue_id outcome diverted_to queue_ms
          9001 diverted 90007101 5000
        handling_segment: resource_id queue_id talk_ms
          7101@west - 30000
        ",
    );
}

/// What the servers of two sites say to one another about a call changes nothing of it, and is counted by message (T1.12, 6.2).
#[test]
fn transactions_between_sites_are_counted_by_message() {
    let text = "
        10:00:10 9001 RouteRequest c1
        10:00:11 9001 AnswerAccessNumber c1
        10:00:12 9001 RemoteConnectionFailed c1
        10:00:13 9001 RemoteConnectionFailed c1
        10:00:14 - TransactionStatus
        10:00:15 9001 Abandoned c1 queue=9001
        10:00:16 - CallCreated c2
        10:00:17 - CallDeleted c2
    ";
    let run = replay(Settings::default(), log::feed(text).as_bytes());
    let counted = run.partition.counters().events_by_kind;
    let of = |name: &str| counted.iter().find(|(event, _)| *event == name).map_or(0, |(_, n)| *n);
    assert_eq!((of("EventRemoteConnectionFailed"), of("EventTransactionStatus"), of("EventCallCreated")), (2, 1, 1));
    assert_eq!((run.rows.call.len(), run.rows.queue_segment.len()), (1, 1));
    assert!(run.anomalies().is_empty(), "{:?}", run.anomalies());
}

/// A network call in its states opens and closes nothing here (T1.5).
#[test]
fn network_attended_transfer_changes_no_party() {
    check(
        "
        10:00:00 7001 AgentLogin agent=101
        10:00:00 7001 AgentReady
        10:00:10 7001 Ringing c1
        10:00:10 7001 Established c1
        10:00:20 7001 NetworkCallStatus c1 NetworkCallState=1 NetworkDestState=1
        10:00:25 7001 NetworkCallStatus c1 NetworkCallState=1 NetworkDestState=4
        10:00:40 7001 NetworkCallStatus c1 NetworkCallState=3 NetworkDestState=4
        10:00:40 7001 Released c1
        ",
        "
        handling_segment: resource_id talk_ms hold_ms result
          7001 30000 0 completed
        agent_interval: agent_id talk_ms holds transfers_made
          101 30000 0 0
        ",
    );
}
