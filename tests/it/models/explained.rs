//! What `explain` says of a call: its events, what was concluded, what was counted, which rows it left.

use callfold::engine::explain::{Step, Wanted};
use callfold::engine::settings::Settings;
use callfold::model::ids::ConnId;

use super::with_two_agents;
use crate::support::{Run, log};

fn steps(wanted: Wanted, text: &str) -> Vec<Step> {
    let mut run = Run::new(Settings::default());
    run.partition.explain(wanted);
    run.feed(log::feed(text).as_bytes());
    run.finish();
    run.partition.take_steps()
}

/// Every count of the call and nothing of another; the row of its stay stands at the event that ended it.
#[test]
fn every_step_of_one_call_and_nothing_of_another() {
    let text = with_two_agents(
        "
        10:00:00 8001 Queued c1
        10:00:02 8001 Queued c7
        10:00:05 8001 Diverted c1 to=7001
        10:00:05 7001 Ringing c1 queue=8001
        10:00:06 7002 Ringing c3
        10:00:06 7002 Established c3
        10:00:07 7002 Released c3
        10:00:09 8001 Abandoned c7
        10:00:10 7001 Established c1 queue=8001
        10:00:40 7001 Released c1 queue=8001
        10:00:40.5 7001 AgentNotReady mode=AfterCallWork
        10:00:50 7001 AgentReady
        10:01:00 7001 AgentNotReady
        ",
    );
    let steps = steps(Wanted::Conn(ConnId(1)), &text);
    let counted: Vec<&str> =
        steps.iter().flat_map(|s| &s.counted).map(String::as_str).filter(|c| c.starts_with("queue")).collect();
    assert_eq!(
        counted,
        [
            "queue 8001@east entered +1",
            "queue 8001@east queue_ms runs",
            "queue 8001@east queue_ms stops",
            "queue 8001@east ring_ms runs",
            "queue 8001@east ring_ms stops",
            "queue 8001@east answered +1",
            "queue 8001@east wait_answered_ms +10000",
            "queue 8001@east answered_within_sl +1",
            "queue 8001@east talk_ms runs",
            "queue 8001@east talk_ms stops",
            "queue 8001@east acw_ms runs",
            "queue 8001@east acw_ms stops",
            "queue 8001@east handled +1",
            "queue 8001@east handle_ms +39500",
        ]
    );
    let events: Vec<&str> = steps.iter().filter_map(|s| s.event.as_deref()?.split(' ').next()).collect();
    assert_eq!(
        events,
        [
            "EventQueued",
            "EventDiverted",
            "EventRinging",
            "EventEstablished",
            "EventReleased",
            "EventAgentNotReady",
            "EventAgentReady",
        ]
    );
    let rows = |table: &str| steps.iter().flat_map(|s| &s.rows).filter(|r| r.starts_with(table)).count();
    assert_eq!((rows("queue_segment:"), rows("handling_segment:"), rows("party:"), rows("call:")), (1, 1, 2, 1));
    let mut legs = steps.iter().flat_map(|s| &s.rows).filter(|r| r.starts_with("handling_segment:"));
    assert!(legs.all(|leg| leg.contains(" released_by=")), "who ended a leg is shown");
}

/// The numbers of a run do not depend on whether somebody asks.
#[test]
fn asking_changes_no_number() {
    let text = with_two_agents("10:00:00 8001 Queued c1\n10:00:09 8001 Abandoned c1\n10:00:10 7001 AgentNotReady\n");
    let plain = crate::support::replay(Settings::default(), log::feed(&text).as_bytes());
    let mut asked = Run::new(Settings::default());
    asked.partition.explain(Wanted::Conn(ConnId(1)));
    asked.feed(log::feed(&text).as_bytes());
    asked.finish();
    assert_eq!(plain.rows, asked.rows);
}
