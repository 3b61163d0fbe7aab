//! Snapshots at regular instants: what they see, and that nothing else changes by them.

use callfold::engine::settings::Settings;
use callfold::model::time::Span;

use super::with_two_agents;
use crate::support::{check_with, log, replay};

const LOG: &str = "
    10:00:30 8001 Queued c1
    10:01:10 8001 Diverted c1 to=7001
    10:01:10 7001 Ringing c1 queue=8001
    10:01:16 7001 Established c1 queue=8001
    10:02:16 7001 Released c1 queue=8001
    10:02:20 7002 AgentNotReady reason=Break:Tea
    10:03:00 7001 AgentLogout
";

fn sampled() -> Settings {
    let every = Span::from_mins(1);
    Settings { queue_snapshots: every, agent_snapshots: every, ..Settings::default() }
}

/// An instant is seen after everything before it and before everything at it: the logout at 10:03:00 is not in its snapshot.
#[test]
fn a_snapshot_has_what_happened_before_its_instant() {
    check_with(
        sampled(),
        &with_two_agents(LOG),
        "
        queue_snapshot: queue_id sampled_at waiting alerting longest_wait_ms agents_logged_in agents_ready agents_talking
          8001 10:01:00 1 0 30000 1 1 0
          8001 10:02:00 0 0 - 1 0 1
          8001 10:03:00 0 0 - 1 1 0
        agent_snapshot: agent_id sampled_at state call_type since call_id queue_id reason_code
          101 10:01:00 ready - 10:00:00 - - -
          101 10:02:00 talking inbound 10:01:16 c1 8001 -
          101 10:03:00 ready - 10:02:16 - - -
          102 10:01:00 ready - 10:00:00 - - -
          102 10:02:00 ready - 10:00:00 - - -
          102 10:03:00 not_ready - 10:02:20 - - Tea
        ",
    );
}

#[test]
fn snapshots_change_no_other_row() {
    let feed = log::feed(&with_two_agents(LOG));
    let with = replay(sampled(), feed.as_bytes()).sheets();
    let without = replay(Settings::default(), feed.as_bytes()).sheets();
    for (with, without) in with.iter().zip(without.iter()) {
        if !with.table.name.ends_with("_snapshot") {
            assert_eq!(with.lines(), without.lines(), "{}", with.table.name);
        }
    }
}

/// Nothing is sampled through a night: the next instant is the one after the next event.
#[test]
fn a_long_silence_is_not_sampled() {
    let log = "
        10:00:30 8001 Queued c1
        10:00:40 8001 Abandoned c1
        13:00:30 8001 Queued c2
        13:01:30 8001 Abandoned c2
    ";
    check_with(
        sampled(),
        log,
        "
        queue_snapshot: sampled_at waiting
          10:01:00 0
          13:01:00 1
        ",
    );
}
