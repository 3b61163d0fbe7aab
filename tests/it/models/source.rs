//! Sessions of sources: when a switch was listened to, and what follows for coverage.

use crate::support::check;

/// A gap is an outage of the link or of our connection. What arrives while the link is down belongs to no session, and
/// the gap is missing from the interval's coverage.
#[test]
fn between_two_sessions_we_were_blind() {
    check(
        "
        10:00:00 8001 Queued c1
        10:00:10 8001 Abandoned c1
        10:05:00 - LinkDisconnected
        10:05:30 8001 Queued c2
        10:06:00 - LinkConnected
        10:07:00 - ServerDisconnected
        10:09:00 - ServerConnected
        10:10:00 8001 Abandoned c2
        ",
        "
        source_session: source_id connect_kind connected_at disconnected_at first_event_time last_event_time last_seq event_count duration_ms how_ended
          east first 10:00:00 10:05:00 10:00:00 10:05:00 3 3 300000 link_lost
          east link_restored 10:06:00 10:07:00 10:06:00 10:07:00 6 2 60000 disconnected
          east reconnect 10:09:00 - 10:09:00 10:10:00 8 2 60000 -
        queue_interval: queue_id coverage_ms
          8001 420000
        ",
    );
}

/// Another run of the server and a switchover begin a session without a gap; each switch has sessions of its own.
#[test]
fn another_run_of_the_server_is_another_session() {
    check(
        "
        10:00:00 8001 Queued c1 start=100 seq=1
        10:01:00 8001@west Queued c1
        10:02:00 8001 Abandoned c1 start=200 seq=1
        10:03:00 - PrimaryChanged start=300 seq=1
        10:04:00 8001 Queued c2 start=300 seq=2
        10:05:00 8001@west Abandoned c1
        10:05:00 8001 Abandoned c2 start=300 seq=3
        ",
        "
        source_session: source_id connect_kind server_epoch connected_at disconnected_at event_count how_ended
          east first 100 10:00:00 10:02:00 1 server_restart
          east server_restart 200 10:02:00 10:03:00 1 switchover
          east switchover 300 10:03:00 - 3 -
          west first 0 10:01:00 - 2 -
        queue_interval: queue_id coverage_ms
          8001 300000
          8001@west 240000
        ",
    );
}

/// A feed that begins with the loss of its link has nothing to show before the link is back.
#[test]
fn a_session_without_time_is_none() {
    check(
        "
        10:00:00 - LinkDisconnected
        10:00:30 - LinkConnected
        10:00:40 8001 Queued c1
        10:01:00 8001 Abandoned c1
        ",
        "
        source_session: connect_kind connected_at disconnected_at
          link_restored 10:00:30 -
        queue_interval: queue_id coverage_ms
          8001 30000
        ",
    );
}
