//! Rows of every table as a contact centre of 10 000 agents and 500 queues makes them, without an engine.
//!
//! Values have the shapes that matter to encodings: times that rise, durations that spread, most counts zero, names from
//! a bounded set. The `i`-th row is always the same. The file that includes this one has `model` and `engine` in scope.

use super::engine::output::NewNames;
use super::model::identity::{LegKey, QueueSegmentKey, SessionKey};
use super::model::ids::{AgentId, ConnId, DnId, EventId, ReasonId, SwitchId, Uuid};
use super::model::row::*;
use super::model::table::{
    LocalDate, LocalTime, LoggedId, Name, PartyKey, Passage, ReasonCode, ReasonKey, RouteKey, Site, Tenant,
};
use super::model::time::{Micros, Span};

mod data;
mod dimension;
mod interval;

pub use data::*;
pub use dimension::*;
pub use interval::*;

/// Agents, each with a DN of the same number.
pub const AGENTS: u32 = 10_000;
/// Queues; their DNs follow those of the agents.
pub const QUEUES: u32 = 500;
/// First instant: 2023-11-14 07:00 UTC.
pub const START: Micros = Micros(1_699_945_200_000_000);
const QUARTER: i64 = 900_000_000;

/// The names behind the ids.
pub fn names(tenant: &str, switch: &str) -> NewNames {
    let number = |n: u32| (SwitchId(0), format!("{n}").as_str().into());
    NewNames {
        switches: vec![(tenant.into(), switch.into())],
        dns: (0..AGENTS + QUEUES).map(|n| number(70_000 + n)).collect(),
        agents: (0..AGENTS).map(|n| number(1000 + n)).collect(),
        reasons: (0..8).map(|n| ("ReasonCode".into(), format!("{n}").as_str().into())).collect(),
    }
}

/// A number that looks random and depends on `i` and `salt` alone.
fn mix(i: u64, salt: u64) -> u64 {
    let mut z = i.wrapping_add(salt << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

fn below(i: u64, salt: u64, n: u64) -> u64 {
    mix(i, salt) % n
}

/// Milliseconds around `mean`, mostly shorter.
fn spread(i: u64, salt: u64, mean: i64) -> i64 {
    let a = below(i, salt, 1000) as i64;
    mean * a * a / 333_333
}

fn rarely(i: u64, salt: u64) -> i32 {
    i32::from(below(i, salt, 20) == 0)
}

fn at(i: u64) -> Micros {
    START + Span(i as i64 * 4_000 + below(i, 1, 4_000_000) as i64)
}

fn ms(n: i64) -> Span {
    Span::from_millis(n)
}

fn call_id(call: u64) -> Uuid {
    Uuid(u128::from(mix(call, 2)) << 64 | u128::from(mix(call, 3)))
}

fn event(i: u64) -> EventId {
    EventId { switch: SwitchId(0), epoch: 1_699_900_000, seq: i * 7 + below(i, 4, 7) }
}

fn agent(i: u64) -> AgentId {
    AgentId(below(i, 5, u64::from(AGENTS)) as u32)
}

fn queue(i: u64) -> DnId {
    DnId(AGENTS + below(i, 6, u64::from(QUEUES)) as u32)
}

fn word(i: u64, salt: u64, words: &[&'static str]) -> &'static str {
    words[below(i, salt, words.len() as u64) as usize]
}

fn session(agent: AgentId) -> SessionKey {
    SessionKey { agent, logged_in_at: START + ms(i64::from(agent.0)) }
}

fn leg(i: u64) -> LegKey {
    LegKey { call: call_id(i / 2), dn: DnId(agent(i).0), offered_at: at(i) }
}

fn stay(i: u64) -> QueueSegmentKey {
    QueueSegmentKey { call: call_id(i / 2), queue: queue(i), entered_at: at(i), vqid: "".into() }
}

const CALL_TYPES: &[&str] = &["inbound", "inbound", "inbound", "outbound", "internal", "consult"];

pub fn call(i: u64) -> CallRow {
    let (start, wait, talk) = (at(i), spread(i, 7, 20_000), spread(i, 8, 180_000));
    let answered = below(i, 9, 10) > 0;
    CallRow {
        tenant_id: Tenant(SwitchId(0)),
        call_id: call_id(i),
        interaction_id: call_id(i),
        site_id: Site(SwitchId(0)),
        conn_id: ConnId(0x0065_0290_aa00_0000 + i),
        switch_call_id: None,
        parent_call_id: None,
        merged_into_call_id: None,
        merge_type: None,
        call_type: word(i, 10, CALL_TYPES),
        media_type: "voice",
        started_at: start,
        first_queued_at: Some(start + ms(200)),
        first_alerting_at: answered.then(|| start + ms(wait)),
        first_connected_at: answered.then(|| start + ms(wait + 3000)),
        ended_at: Some(start + ms(wait + talk)),
        ani: Some(format!("555{:07}", below(i, 11, 3_000_000)).as_str().into()),
        dnis: Some(format!("555{:04}", below(i, 12, 40)).as_str().into()),
        trunk: None,
        released_by: word(i, 13, &["customer", "agent"]),
        hold_count: rarely(i, 14),
        transfer_count: rarely(i, 15),
        conference_count: 0,
        divert_count: 1,
        abandoned: !answered,
        connected: answered,
        connected_to_agent: answered,
        duration_ms: wait + talk,
        end_known: true,
        joined_in_progress: false,
        end_reason: Some("released"),
        revision: 1,
        last_event_id: event(i),
        written_at: start + ms(wait + talk),
    }
}

pub fn party(i: u64) -> PartyRow {
    let (key, talk) = (leg(i), spread(i, 8, 180_000));
    let start = key.offered_at;
    PartyRow {
        tenant_id: Tenant(SwitchId(0)),
        party_id: PartyKey(key),
        party_guid: PartyKey(key),
        call_id: key.call,
        interaction_id: key.call,
        site_id: Site(SwitchId(0)),
        dn: key.dn,
        dn_type: word(i, 16, &["extension", "acd_queue", "routing_point"]),
        resource_id: key.dn,
        agent_id: if i.is_multiple_of(2) { agent(i) } else { AgentId::NONE },
        agent_session_id: i.is_multiple_of(2).then(|| session(agent(i))),
        role: "destination",
        parent_party_id: None,
        parent_link_type: None,
        joined_at: start,
        left_at: Some(start + ms(talk)),
        left_cause: Some("released"),
        alerting_ms: spread(i, 17, 4000),
        connected_ms: talk,
        hold_ms: i64::from(rarely(i, 14)) * 20_000,
        queued_ms: 0,
        treatment_ms: 0,
        acw_ms: 0,
        final_state: "connected",
        end_known: true,
        revision: 1,
        last_event_id: event(i),
        written_at: start + ms(talk),
    }
}

pub fn queue_segment(i: u64) -> QueueSegmentRow {
    let (key, wait) = (stay(i), spread(i, 7, 20_000));
    let entered = key.entered_at;
    let answered = below(i, 9, 10) > 0;
    QueueSegmentRow {
        tenant_id: Tenant(SwitchId(0)),
        call_id: key.call,
        interaction_id: key.call,
        queue_id: key.queue,
        queue_kind: "acd_queue",
        call_type: word(i, 10, CALL_TYPES),
        entered_at: entered,
        distributed_at: answered.then(|| entered + ms(wait)),
        answered_at: answered.then(|| entered + ms(wait + 3000)),
        left_at: Some(entered + ms(wait)),
        entry_seq: 1,
        outcome: if answered { "answered" } else { "abandoned_queue" },
        outcome_reason: None,
        queue_ms: wait,
        ring_ms: if answered { 3000 } else { 0 },
        wait_ms: wait + 3000,
        answered_by_agent_id: if answered { agent(i) } else { AgentId::NONE },
        handling_segment_id: answered.then(|| leg(i)),
        diverted_to: None,
        strategy: None,
        target: None,
        target_kind: None,
        skill_expression: None,
        priority: None,
        position_on_entry: None,
        ewt_ms_on_entry: None,
        is_short_abandon: false,
        definition_version: 1,
        parallel_group_id: None,
        revision: 1,
        last_event_id: event(i),
        written_at: entered + ms(wait + 3000),
        queue_segment_id: key,
    }
}

pub fn handling_segment(i: u64) -> HandlingSegmentRow {
    let (key, talk, acw) = (leg(i), spread(i, 8, 180_000), spread(i, 18, 20_000));
    let start = key.offered_at;
    let answered = start + ms(3000);
    let released = answered + ms(talk);
    HandlingSegmentRow {
        tenant_id: Tenant(SwitchId(0)),
        handling_segment_id: key,
        call_id: key.call,
        interaction_id: key.call,
        queue_segment_id: Some(stay(i)),
        queue_id: queue(i),
        resource_id: key.dn,
        resource_kind: "agent",
        agent_id: agent(i),
        agent_session_id: Some(session(agent(i))),
        party_id: PartyKey(key),
        offered_at: start,
        answered_at: Some(answered),
        released_at: Some(released),
        acw_started_at: i.is_multiple_of(2).then_some(released),
        acw_ended_at: i.is_multiple_of(2).then_some(released + ms(acw)),
        ring_ms: 3000,
        talk_ms: talk,
        hold_ms: i64::from(rarely(i, 14)) * 20_000,
        hold_count: rarely(i, 14),
        acw_ms: if i.is_multiple_of(2) { acw } else { 0 },
        consult_ms: 0,
        dial_ms: 0,
        role: "received",
        result: Some("completed"),
        released_by: word(i, 13, &["customer", "agent"]),
        disposition_code: None,
        is_complete: true,
        end_known: true,
        revision: 1,
        last_event_id: event(i),
        written_at: released + ms(acw),
    }
}

pub fn agent_session(i: u64) -> AgentSessionRow {
    let agent = AgentId((i % u64::from(AGENTS)) as u32);
    let key = SessionKey { agent, logged_in_at: START + ms(i as i64) };
    AgentSessionRow {
        tenant_id: Tenant(SwitchId(0)),
        agent_session_id: key,
        agent_id: agent,
        login_id: agent,
        place_id: None,
        site_id: Site(SwitchId(0)),
        primary_dn: DnId(agent.0),
        media_types: &["voice"],
        logged_in_at: key.logged_in_at,
        logged_out_at: Some(key.logged_in_at + ms(28_000_000 + spread(i, 8, 1_000_000))),
        login_known: true,
        logout_known: true,
        logout_reason: Some("logout"),
        duration_ms: 28_000_000 + spread(i, 8, 1_000_000),
        ready_ms: spread(i, 19, 8_000_000),
        not_ready_ms: spread(i, 20, 2_000_000),
        acw_ms: spread(i, 21, 1_000_000),
        talk_ms: spread(i, 22, 9_000_000),
        hold_ms: spread(i, 23, 300_000),
        ring_ms: spread(i, 24, 300_000),
        dial_ms: 0,
        busy_ms: 0,
        unknown_ms: 0,
        dnd_ms: 0,
        revision: 1,
        last_event_id: event(i),
        written_at: key.logged_in_at + ms(29_000_000),
    }
}

pub fn agent_session_dn(i: u64) -> AgentSessionDnRow {
    let (agent, length) = (agent(i), spread(i, 90, 14_000_000));
    AgentSessionDnRow {
        tenant_id: Tenant(SwitchId(0)),
        agent_session_id: session(agent),
        seq: 1 + (i % 3) as i32,
        agent_id: agent,
        dn: DnId(agent.0),
        site_id: Site(SwitchId(0)),
        queue_id: if i.is_multiple_of(3) { DnId::NONE } else { queue(i) },
        logged_in_at: at(i),
        logged_out_at: Some(at(i) + ms(length)),
        duration_ms: length,
        revision: 1,
        last_event_id: event(i),
        written_at: at(i) + ms(length),
    }
}

pub fn agent_state(i: u64) -> AgentStateRow {
    let who = AgentId((i % u64::from(AGENTS)) as u32);
    let (start, length) = (at(i), spread(i, 8, 60_000));
    let state = word(i, 25, &["ready", "ringing", "talking", "acw", "not_ready"]);
    let reason = state == "not_ready";
    AgentStateRow {
        tenant_id: Tenant(SwitchId(0)),
        agent_session_id: session(who),
        seq: (i / u64::from(AGENTS)) as i32 + 1,
        state_run_id: (i / u64::from(AGENTS)) as i32 + 1,
        agent_id: who,
        dn: DnId(who.0),
        queue_id: if state == "talking" { queue(i) } else { DnId::NONE },
        media_type: "voice",
        call_type: (state == "talking").then_some("inbound"),
        state,
        started_at: start,
        ended_at: start + ms(length),
        duration_ms: length,
        work_mode: reason.then_some("AuxWork"),
        call_id: (state == "talking").then(|| call_id(i)),
        reason_key: reason.then_some(ReasonKey(ReasonId((i % 8) as u32))),
        reason_code: reason.then_some(ReasonCode(ReasonId((i % 8) as u32))),
        reason_kind: reason.then_some("software"),
        pending_state: None,
        is_dnd: false,
        end_known: true,
        revision: 1,
        last_event_id: event(i),
        written_at: start + ms(length),
    }
}

/// Rows `from..to` of every table.
#[allow(dead_code, reason = "not every user wants all tables")]
pub fn rows(from: u64, to: u64) -> Rows {
    let mut rows = Rows::default();
    macro_rules! fill {
        ($table:ident) => {
            rows.$table.extend((from..to).map($table));
        };
    }
    super::for_each_table!(fill);
    rows
}
