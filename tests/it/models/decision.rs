//! Routing requests: what the router answered, and who got the call.

use callfold::engine::settings::Settings;
use callfold::fold::privacy::{List, Policy, Privacy, Rule};

use super::with_two_agents;
use crate::support::{check, check_with};

/// EventQueued and EventRouteRequest are one request, EventRouteUsed and EventDiverted one answer, in either order.
#[test]
fn a_request_that_is_routed_names_target_and_agent() {
    for (first, second) in [("RouteUsed", "Diverted"), ("Diverted", "RouteUsed")] {
        check(
            &with_two_agents(&format!(
                "
                10:00:10 9001 Queued c1
                10:00:10.100 9001 RouteRequest c1
                10:00:11 9001 RouteRequest c1
                10:00:15 9001 {first} c1 to=7001 data=RStrategyName:Sales
                10:00:15 9001 {second} c1 to=7001 data=RStrategyName:Sales
                10:00:15 7001 Ringing c1
                10:00:18 7001 Established c1
                10:00:48 7001 Released c1
                "
            )),
            "
            route_decision: call_id queue_segment_id routing_point strategy requested_at decided_at duration_ms result target target_queue_id agent_id
              c1 c1/9001/10:00:10 9001 Sales 10:00:10.100 10:00:15 4900 routed 7001 - 101
            ",
        );
    }
}

/// The router answers long after the phone did: the stay left at the answer, the decision is when it was said.
#[test]
fn an_answer_that_is_reported_late_still_decides() {
    check(
        &with_two_agents(
            "
            10:00:10 9001 RouteRequest c1
            10:00:15 7001 Ringing c1 queue=9001
            10:00:18 7001 Established c1 queue=9001
            10:00:48 7001 Released c1
            10:00:50 9001 RouteUsed c1 to=7001
            ",
        ),
        "
        queue_segment: queue_id outcome left_at
          9001 answered 10:00:18
        route_decision: routing_point decided_at result target agent_id
          9001 10:00:50 routed 7001 101
        ",
    );
}

/// From routing point to routing point to queue: two requests, each with its own target.
#[test]
fn every_routing_point_asks_for_itself() {
    check(
        "
        10:00:10 9001 RouteRequest c1
        10:00:12 9001 RouteUsed c1 to=9002 RouteType=Direct
        10:00:12 9002 RouteRequest c1
        10:00:20 9002 RouteUsed c1 to=8001
        10:00:20 8001 Queued c1
        10:00:30 8001 Abandoned c1
        ",
        "
        route_decision: routing_point requested_at decided_at result route_type target target_queue_id agent_id
          9001 10:00:10 10:00:12 routed Direct 9002 9002 -
          9002 10:00:12 10:00:20 routed - 8001 8001 -
        ",
    );
}

/// RouteType 1, or neither a target nor anybody who rang: the switch did what it always does (T4.7).
#[test]
fn a_router_that_does_not_answer_leaves_it_to_the_switch() {
    check(
        "
        10:00:10 9001 RouteRequest c1
        10:00:12 9001 RouteUsed c1 RouteType=1
        10:00:20 9001 RouteRequest c2
        10:00:22 9001 RouteUsed c2 to=8001 RouteType=Default
        10:00:30 9001 RouteRequest c3
        10:00:32 9001 RouteUsed c3
        10:00:40 9001 RouteRequest c4
        10:00:42 9001 RouteUsed c4 RouteType=Reject
        10:01:00 8002 Queued c9
        ",
        "
        route_decision: requested_at decided_at result route_type target
          10:00:10 10:00:12 defaulted Default -
          10:00:20 10:00:22 defaulted Default 8001
          10:00:30 10:00:32 defaulted - -
          10:00:40 10:00:42 routed Reject -
        ",
    );
}

/// Without an answer of the router: the caller gave up, the switch took the call away to a target or without one, or
/// nobody knows.
#[test]
fn a_request_without_an_answer_ends_with_its_stay() {
    check(
        "
        10:00:10 9001 RouteRequest c1
        10:00:15 9001 Abandoned c1
        10:00:20 9001 RouteRequest c2
        10:00:22 9001 Diverted c2 to=8001
        10:00:30 9001 RouteRequest c3
        10:00:32 9001 Diverted c3 state=Cleared
        10:00:40 9001 RouteRequest c4
        10:01:00 8002 Queued c9
        ",
        "
        route_decision: requested_at decided_at duration_ms result target
          10:00:10 10:00:15 5000 abandoned -
          10:00:20 10:00:22 2000 diverted 8001
          10:00:30 10:00:32 2000 timed_out -
          10:00:40 - 20000 - -
        ",
    );
}

/// An offer that comes back, or whose caller gives up, was routed all the same; the agent is the one it rang for.
#[test]
fn an_unanswered_offer_was_routed() {
    check(
        &with_two_agents(
            "
            10:00:10 9001 RouteRequest c1
            10:00:12 9001 RouteUsed c1 to=7001
            10:00:12 7001 Ringing c1
            10:00:20 7001 Released c1 state=NoAnswer
            10:00:20 9001 RouteRequest c1
            10:00:22 9001 RouteUsed c1 to=7002
            10:00:22 7002 Ringing c1
            10:00:30 7002 Abandoned c1
            ",
        ),
        "
        queue_segment: entered_at outcome
          10:00:10 no_answer_returned
          10:00:20 abandoned_ring
        route_decision: requested_at result target agent_id
          10:00:10 routed 7001 101
          10:00:20 routed 7002 102
        ",
    );
}

/// A strategy's name is kept unless its key is named to be treated otherwise.
#[test]
fn the_strategy_follows_its_policy() {
    let log = "10:00:10 9001 RouteRequest c1 data=RStrategyName:Sales\n10:00:15 9001 Abandoned c1\n";
    check(log, "route_decision: strategy result\n Sales abandoned\n");
    let rules = vec![Rule { key: "RStrategyName".into(), list: List::UserData, policy: Policy::Drop }];
    let privacy = Privacy { rules, ..Privacy::default() };
    check_with(Settings { privacy, ..Settings::default() }, log, "route_decision: strategy result\n - abandoned\n");
}

/// What the router attached by the time the call left belongs to the stay that it routed from, and not to the ACD queue behind; a
/// policy holds for each of its keys.
#[test]
fn a_stay_on_a_routing_point_says_what_the_router_chose() {
    let said = "RStrategyName:Sales,RTargetObjectSelected:East_Sales,RTargetTypeSelected:GA,RRequestedSkillCombination:Sales>2";
    let log = with_two_agents(&format!(
        "
        10:00:10 9001 RouteRequest c1 data=RStrategyName:Sales
        10:00:10 8100 Queued c1 vqid=V1
        10:00:15 9001 RouteUsed c1 to=8001 data={said}
        10:00:15 8100 Diverted c1 vqid=V1 to=8001 data={said}
        10:00:15 8001 Queued c1 data={said}
        10:00:17 8001 Diverted c1 to=7001 data={said}
        10:00:17 7001 Ringing c1 queue=8001 data={said}
        10:00:18 7001 Established c1
        10:01:10 9001 RouteRequest c2 data=RStrategyName:Sales,Region:north
        10:01:15 9001 Abandoned c2
        "
    ));
    let expect = |target: &str| {
        format!(
            "
            queue_segment: queue_id call_id strategy target target_kind skill_expression
              8001 c1 - - - -
              8100 c1 Sales {target} GA Sales>2
              9001 c1 Sales {target} GA Sales>2
              9001 c2 Sales - - -
            "
        )
    };
    check(&log, &expect("East_Sales"));
    let rules = vec![Rule { key: "RTarget*".into(), list: List::UserData, policy: Policy::Mask { shown: 3 } }];
    let privacy = Privacy { rules, ..Privacy::default() };
    let masked = expect("*******les").replace(" GA ", " *A ");
    check_with(Settings { privacy, ..Settings::default() }, &log, &masked);
}

/// Why a call left is what the switch says with the event by which it left; Ok says nothing.
#[test]
fn a_stay_says_why_it_ended_where_the_switch_does() {
    check(
        "
        10:00:00 8001 Queued c1
        10:00:05 8001 Diverted c1 to=8002 state=Overflowed
        10:00:05 8002 Queued c1
        10:00:09 8002 Abandoned c1 state=Abandoned
        10:00:10 8001 Queued c2
        10:00:11 8001 Released c2 state=QueueFull
        10:00:20 8001 Queued c3
        10:00:29 8001 Abandoned c3
        10:00:40 8001 Queued c4
        ",
        "
        queue_segment: queue_id call_id outcome outcome_reason
          8001 c1 diverted Overflowed
          8001 c2 cleared QueueFull
          8001 c3 abandoned_queue -
          8001 c4 pending -
          8002 c1 abandoned_queue Abandoned
        ",
    );
}
