//! What a feed does to events on the way: repeats, other orders, missing pieces, and how objects get their names.

use super::with_two_agents;
use crate::support::{check, log, replay};
use callfold::engine::settings::Settings;

/// The same sequence number of the same server run is the same event (4).
#[test]
fn duplicates_are_dropped_and_counted() {
    let text = "
        10:00:00 8001 Queued c1
        10:00:10 8001 Abandoned c1 seq=2
        10:00:00 8001 Queued c1 seq=1
        10:00:10 8001 Abandoned c1 seq=2
    ";
    check(
        text,
        "
        queue_segment: entered_at outcome
          10:00:00 abandoned_queue
        ",
    );
    let run = replay(Settings::default(), log::feed(text).as_bytes());
    let counters = run.partition.counters();
    assert_eq!((counters.accepted, counters.duplicate, counters.rejected), (2, 2, 0));
}

/// Another ServerStartTime is another run: equal numbers are other events.
#[test]
fn equal_numbers_of_another_server_run_are_other_events() {
    check(
        "
        10:00:00 8001 Queued c1 seq=1 start=100
        10:00:10 8001 Abandoned c1 seq=2 start=100
        10:01:00 8001 Queued c2 seq=1 start=200
        10:01:10 8001 Abandoned c2 seq=2 start=200
        ",
        "
        queue_segment: entered_at outcome
          10:00:00 abandoned_queue
          10:01:00 abandoned_queue
        ",
    );
}

/// Inside two seconds the order is that of the sequence numbers (3).
#[test]
fn sequence_numbers_restore_the_order_within_the_window() {
    check(
        "
        10:00:00 7001 AgentLogin agent=101 seq=1
        10:00:00 7001 AgentReady seq=2
        10:00:11 7001 Established c1 seq=6
        10:00:10 8001 Diverted c1 to=7001 seq=4
        10:00:10 7001 Ringing c1 queue=8001 seq=5
        10:00:09.500 8001 Queued c1 seq=3
        10:01:00 7001 Released c1 seq=7
        ",
        "
        queue_segment: entered_at queue_ms ring_ms outcome
          10:00:09.500 500 1000 answered
        ",
    );
}

/// Without numbers the order is that of arrival; an older time takes its predecessor's (3).
#[test]
fn time_that_goes_back_is_clamped() {
    let text = "
        10:00:00 8001 Queued c1 seq=none
        10:00:20 8001 Queued c2 seq=none
        10:00:10 8001 Abandoned c1 seq=none
        10:00:30 8001 Abandoned c2 seq=none
    ";
    check(
        text,
        "
        queue_segment: entered_at left_at wait_ms
          10:00:00 10:00:20 20000
          10:00:20 10:00:30 10000
        ",
    );
    let mut run = replay(Settings::default(), log::feed(text).as_bytes());
    let mut delta = callfold::engine::view::Delta::default();
    run.partition.delta(&mut delta);
    assert_eq!(delta.sources[0].clock_skew_ms, 10_000);
}

/// A call is named by its CallUUID, so that a ConnID used again is another call; without one, by ConnID and first event (9).
#[test]
fn call_uuid_tells_calls_of_one_conn_id_apart() {
    let ids = |text: &str| -> Vec<String> {
        let run = replay(Settings::default(), log::feed(text).as_bytes());
        let mut ids: Vec<_> = run.rows.call.iter().map(|c| (c.started_at, c.call_id.to_string())).collect();
        ids.sort();
        ids.into_iter().map(|(_, id)| id).collect()
    };
    let text = "
        10:00:00 7001 Ringing c1 uuid=0A1B2C3D4E5F6G7H8I9J0K1L2M3N4O5P
        10:00:05 7001 Established c1 uuid=0A1B2C3D4E5F6G7H8I9J0K1L2M3N4O5P
        10:00:10 7001 Released c1 uuid=0A1B2C3D4E5F6G7H8I9J0K1L2M3N4O5P
        10:10:00 7001 Ringing c1 uuid=1A1B2C3D4E5F6G7H8I9J0K1L2M3N4O5P
        10:10:05 7001 Released c1 uuid=1A1B2C3D4E5F6G7H8I9J0K1L2M3N4O5P
    ";
    let two = ids(text);
    assert_eq!(two.len(), 2);
    assert_ne!(two[0], two[1]);
    // The instant does not matter where a CallUUID names the call, and does where none does.
    assert_eq!(ids(&text.replace("10:00:00", "10:00:01"))[0], two[0]);
    let plain = "
        10:00:00 7001 Ringing c1
        10:00:05 7001 Released c1
    ";
    assert_ne!(ids(plain), ids(&plain.replace("10:00:00", "10:00:01")));
    // uuid5(uuid5(DNS, "callfold"), "call|east|0A1B...") and the same of "call|east|0000000000000001|<microseconds>".
    assert_eq!(two[0], CALL_BY_UUID);
    assert_eq!(ids(plain), [CALL_BY_CONN]);
}

const CALL_BY_UUID: &str = "6fe79a76-4173-5ac4-9a02-c8b2be501444";
const CALL_BY_CONN: &str = "26fed946-9d46-5fc2-8611-5d3a67a01a10";

/// Numbers are unique inside a switch only: one ConnID and one DN on two switches are two of each; one AgentID is one
/// agent of the tenant, over all switches (33).
#[test]
fn switches_share_agents_and_nothing_else() {
    check(
        "
        10:00:00 7001 AgentLogin agent=101
        10:00:00 7001 AgentReady
        10:00:00 7001@west AgentLogin agent=101
        10:00:10 8001 Queued c1
        10:00:10 8001@west Queued c1
        10:00:20 8001 Abandoned c1
        10:00:30 8001@west Abandoned c1
        10:00:40 7001 AgentLogout
        10:00:50 7001@west AgentLogout
        ",
        "
        queue_segment: queue_id wait_ms
          8001 10000
          8001@west 20000
        call: site_id duration_ms
          east 10000
          west 20000
        agent_session: agent_id site_id primary_dn duration_ms ready_ms
          101 east 7001 50000 50000
        ",
    );
}

/// A stay whose target rings on another switch is diverted (27).
#[test]
fn target_on_another_switch_is_diverted() {
    check(
        "
        10:00:00 9001 RouteRequest c1
        10:00:10 9001 RouteUsed c1 to=7001
        10:00:10 7001@west Ringing c1
        10:00:15 7001@west Established c1
        10:00:20 7001@west Released c1
        ",
        "
        queue_segment: queue_id outcome diverted_to
          9001 diverted 7001
        handling_segment: resource_id queue_id talk_ms
          7001@west - 5000
        ",
    );
}

/// Machines are entered in the middle (T7.2): an answer without ringing, a hold without answer, a release of nothing.
#[test]
fn events_of_calls_not_seen_before_are_taken_as_they_are() {
    check(
        &with_two_agents(
            "
            10:00:10 7001 Established c1
            10:00:20 7001 Released c1
            10:00:30 7002 Held c2
            10:00:40 7002 Retrieved c2
            10:00:50 7002 Released c2
            10:00:55 7002 Released c9
            10:00:55 8001 Diverted c9 to=7001
            10:01:00 8001 Queued c3
            10:01:01 8001 Queued c3
            10:01:05 8001 Abandoned c3
            ",
        ),
        "
        handling_segment: resource_id offered_at answered_at ring_ms talk_ms hold_ms
          7001 10:00:10 10:00:10 0 10000 0
          7002 10:00:30 10:00:30 0 10000 10000
        agent_interval: agent_id offered answered
          101 0 1
          102 0 1
        queue_interval: queue_id entered abandoned diverted_out
          8001 1 1 0
        anomalies:
          party_joined_in_progress 1
          party_unknown 1
          stay_repeated 1
          stay_unknown 1
        ",
    );
}

/// Lines that are no events are refused and counted; the rest is folded as if they were absent.
#[test]
fn garbage_between_events_is_refused_and_nothing_else() {
    let clean = log::feed("10:00:00 8001 Queued c1\n10:00:10 8001 Abandoned c1");
    let dirty: String = clean.lines().map(|l| format!("not json\n{l}\n{{\"Event\":\n\u{0}\u{1}\n[]\n")).collect();
    let (a, b) = (replay(Settings::default(), clean.as_bytes()), replay(Settings::default(), dirty.as_bytes()));
    assert_eq!(b.partition.counters().rejected, 8);
    for (left, right) in a.sheets().iter().zip(b.sheets().iter()) {
        assert_eq!(left.rows, right.rows, "{}", left.table.name);
    }
}
