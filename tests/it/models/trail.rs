//! States of parties, where they are wanted: of a queue, of a phone, over a move to another call.

use callfold::engine::settings::Settings;

use crate::support::{check, check_with};

const LOG: &str = "
    10:00:00 7001 AgentLogin agent=101
    10:00:00 7001 AgentReady
    10:00:10 8001 Queued c1
    10:00:15 8001 TreatmentApplied c1 TreatmentType=2
    10:00:20 8001 TreatmentEnd c1 TreatmentType=2
    10:00:30 8001 Diverted c1 to=7001
    10:00:30 7001 Ringing c1 queue=8001
    10:00:36 7001 Established c1 queue=8001
    10:01:00 7001 Held c1
    10:01:20 7001 Retrieved c1
    10:02:00 7001 Released c1
    10:02:00 7001 AgentNotReady mode=AfterCallWork
    10:02:30 7001 AgentReady
";

fn wanted() -> Settings {
    Settings { party_states: true, ..Settings::default() }
}

#[test]
fn each_state_of_a_party_has_a_row_with_what_led_into_it() {
    check_with(
        wanted(),
        LOG,
        "
        party_state: dn seq state prev_state entered_at left_at duration_ms cause_event
          8001 1 queued - 10:00:10 10:00:15 5000 EventQueued
          8001 2 treatment queued 10:00:15 10:00:20 5000 EventTreatmentApplied
          8001 3 queued treatment 10:00:20 10:00:30 10000 EventTreatmentEnd
          7001 1 alerting - 10:00:30 10:00:36 6000 EventRinging
          7001 2 connected alerting 10:00:36 10:01:00 24000 EventEstablished
          7001 3 held connected 10:01:00 10:01:20 20000 EventHeld
          7001 4 connected held 10:01:20 10:02:00 40000 EventRetrieved
          7001 5 wrap connected 10:02:00 10:02:30 30000 EventAgentNotReady
        ",
    );
}

#[test]
fn nobody_who_does_not_want_them_gets_states() {
    check(LOG, "party_state: dn seq\n");
}

/// A leg that takes over the customer's call is another party there, in the state it had; what goes on has no end.
#[test]
fn a_party_that_moves_begins_in_the_state_it_had() {
    check_with(
        wanted(),
        "
        10:00:00 7001 Dialing c2 consult
        10:00:00 7002 Ringing c2
        10:00:05 7002 Established c2
        10:00:20 7002 PartyChanged c1 in was=c2 state=Transferred
        10:00:40 7002 Held c1
        10:00:50 7001 Released c2
        ",
        "
        party_state: dn call_id seq state entered_at left_at duration_ms cause_event
          7002 c2 1 alerting 10:00:00 10:00:05 5000 EventRinging
          7001 c2 1 dialing 10:00:00 10:00:50 50000 EventDialing
          7002 c2 2 connected 10:00:05 10:00:20 15000 EventEstablished
          7002 c1 1 connected 10:00:20 10:00:40 20000 EventPartyChanged
          7002 c1 2 held 10:00:40 - 10000 EventHeld
        ",
    );
}
