//! Conferences: two-step and single-step, members leaving in any order.

use super::with_two_agents;
use crate::support::check;

/// An answered call on 7001, and a consultation with 7002 that talks.
const CONSULTING: &str = "
    10:00:10 7001 Ringing c1
    10:00:10 7001 Established c1
    10:00:20 7001 Held c1
    10:00:20 7001 Dialing c2 consult conference=c1
    10:00:21 7002 Ringing c2 was=c1
    10:00:25 7001 Established c2
    10:00:25 7002 Established c2
";

/// The one who made the conference leaves first; the colleague talks on (T4.16).
#[test]
fn maker_leaves_first() {
    check(
        &with_two_agents(&format!(
            "{CONSULTING}
            10:00:40 7001 Released c2 state=Conferenced
            10:00:40 7001 Retrieved c1 state=Conferenced
            10:00:40 7001 PartyAdded c1 with=7002 OtherDNRole=NewParty by=7001 ThirdPartyDNRole=AddedBy state=Conferenced
            10:00:40 7002 PartyChanged c1 was=c2 by=7001 ThirdPartyDNRole=ConferencedBy state=Conferenced
            10:01:00 7001 Released c1
            10:01:00 7002 PartyDeleted c1 with=7001 OtherDNRole=DeletedParty by=7001 ThirdPartyDNRole=DeletedBy
            10:01:40 7002 Released c1
            "
        )),
        "
        handling_segment: resource_id call_id role talk_ms consult_ms hold_ms result
          7001 c1 received 30000 0 20000 completed
          7001 c2 initiated_consult 0 15000 0 conferenced
          7002 c1 in_conference 60000 15000 0 completed
        agent_interval: agent_id conferences transfers_made transfers_received consult_made consult_received
          101 1 0 0 1 0
          102 0 0 0 0 1
        call: conn_id conference_count merge_type merged_into_call_id
          0000000000000001 1 - -
          0000000000000002 0 conference c1
        ",
    );
}

/// The events of the completion in another order: nothing depends on it (T4.16).
#[test]
fn completion_in_another_order() {
    check(
        &with_two_agents(&format!(
            "{CONSULTING}
            10:00:40 7002 PartyChanged c1 was=c2 by=7001 ThirdPartyDNRole=ConferencedBy state=Conferenced
            10:00:40 7001 PartyAdded c1 with=7002 OtherDNRole=NewParty by=7001 ThirdPartyDNRole=AddedBy state=Conferenced
            10:00:40 7001 Retrieved c1 state=Conferenced
            10:00:40 7001 Released c2 state=Conferenced
            10:01:00 7002 Released c1
            10:01:00 7001 PartyDeleted c1 with=7002 OtherDNRole=DeletedParty by=7002 ThirdPartyDNRole=DeletedBy
            10:01:40 7001 Released c1
            "
        )),
        "
        handling_segment: resource_id call_id role talk_ms consult_ms hold_ms result
          7001 c1 received 70000 0 20000 completed
          7001 c2 initiated_consult 0 15000 0 conferenced
          7002 c1 in_conference 20000 15000 0 completed
        agent_interval: agent_id conferences
          101 1
          102 0
        ",
    );
}

/// Single-step: the third member rings on the same call; the one it was added by is counted once (T4.17, 45).
#[test]
fn single_step_member_removed_by_the_maker() {
    check(
        &with_two_agents(
            "
            10:00:10 7001 Ringing c1
            10:00:10 7001 Established c1
            10:00:30 7002 Ringing c1 state=Conferenced
            10:00:33 7002 Established c1
            10:00:33 7001 PartyAdded c1 with=7002 OtherDNRole=NewParty by=7001 ThirdPartyDNRole=AddedBy state=Conferenced
            10:00:50 7002 Released c1
            10:00:50 7001 PartyDeleted c1 with=7002 OtherDNRole=DeletedParty by=7001 ThirdPartyDNRole=DeletedBy state=Ok
            10:01:10 7001 Released c1
            ",
        ),
        "
        handling_segment: resource_id role ring_ms talk_ms
          7001 received 0 60000
          7002 in_conference 3000 17000
        agent_interval: agent_id offered answered conferences talk_ms
          101 1 1 1 60000
          102 1 1 0 17000
        ",
    );
}
