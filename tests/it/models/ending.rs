//! Who ended a leg and a call: what the switch says of it, and what follows without its saying so.

use super::with_two_agents;
use crate::support::check;

/// From most switches a call with somebody outside just ends; one that tracks releases says which side let go.
#[test]
fn who_hung_up_is_known_where_the_switch_says_so() {
    check(
        &with_two_agents(
            "
            10:00:10 7001 Ringing c1 in with=5550100
            10:00:12 7001 Established c1
            10:00:20 7001 Released c1
            10:01:10 7001 Ringing c2 in with=5550100
            10:01:12 7001 Established c2
            10:01:20 7001 Released c2 Extensions.ReleasingParty=1
            10:02:10 7001 Ringing c3 in with=5550100
            10:02:12 7001 Established c3
            10:02:20 7001 Released c3 Extensions.ReleasingParty=2
            10:03:10 7001 Ringing c4 in with=5550100
            10:03:12 7001 Established c4
            10:03:20 7001 Released c4 Extensions.ReleasingParty=3
            10:04:10 7001 Ringing c5 in with=5550100
            10:04:12 7001 Abandoned c5
            10:05:10 7001 Ringing c6 in with=5550100
            10:05:12 7001 Released c6 state=NoAnswer
            10:06:10 7001 Ringing c7 in with=5550100
            10:06:12 7001 Released c7 Extensions.ReleasingParty=1
            ",
        ),
        "
        handling_segment: call_id result released_by
          c1 completed unknown
          c2 completed agent
          c3 completed customer
          c4 completed unknown
          c5 abandoned_while_ringing customer
          # the switch took it back
          c6 no_answer system
          # he refused it
          c7 no_answer agent
        call: conn_id released_by
          0000000000000001 unknown
          0000000000000002 agent
          0000000000000003 customer
          0000000000000004 unknown
          0000000000000005 customer
          0000000000000006 system
          0000000000000007 agent
        ",
    );
}

/// Between two devices it was one of both; who gives up in a queue is the caller; who transfers lets go himself, and the call goes on.
#[test]
fn who_let_go_follows_where_nobody_else_can_have_done_it() {
    check(
        &with_two_agents(
            "
            10:00:10 7001 Dialing c1 internal with=7002 role=Origination
            10:00:10 7002 Ringing c1 internal with=7001
            10:00:15 7002 Established c1
            10:00:15 7001 Established c1
            10:00:45 7001 Released c1
            10:00:45 7002 Released c1
            10:01:00 8001 Queued c2
            10:01:09 8001 Abandoned c2
            10:02:00 7001 Ringing c3 in with=5550100
            10:02:05 7001 Established c3
            10:02:10 7001 Released c3 state=Transferred to=7002
            10:02:10 7002 Ringing c3 in with=5550100 by=7001 ThirdPartyDNRole=TransferredBy state=Transferred
            10:02:15 7002 Established c3
            10:02:45 7002 Released c3 Extensions.ReleasingParty=2
            10:03:00 7001 Ringing c4 in with=5550100
            10:03:05 7001 Established c4
            ",
        ),
        "
        handling_segment: resource_id call_id result released_by
          7001 c1 completed agent
          7001 c3 transferred agent
          # goes on
          7001 c4 - unknown
          7002 c1 completed agent
          7002 c3 completed customer
        call: conn_id released_by
          0000000000000001 agent
          0000000000000002 customer
          0000000000000003 customer
          0000000000000004 unknown
        ",
    );
}
