//! Rows of intervals: a row for every object in every quarter of an hour.

use super::*;

/// The `i`-th object of a run over `n` objects, interval by interval.
fn cell(i: u64, n: u32) -> (u32, Micros) {
    ((i % u64::from(n)) as u32, START + Span((i / u64::from(n)) as i64 * QUARTER))
}

pub fn queue_interval(i: u64) -> QueueIntervalRow {
    let (q, start) = cell(i, QUEUES);
    let entered = below(i, 26, 120) as i32;
    QueueIntervalRow {
        tenant_id: Tenant(SwitchId(0)),
        queue_id: DnId(AGENTS + q),
        queue_kind: "acd_queue",
        site_id: Site(SwitchId(0)),
        media_type: "voice",
        interval_start: start,
        interval_ms: 900_000,
        entered,
        answered: entered * 9 / 10,
        abandoned: entered - entered * 9 / 10,
        abandoned_short: rarely(i, 27),
        abandoned_ringing: 0,
        diverted_in: 0,
        diverted_out: rarely(i, 28),
        cleared: 0,
        other: 0,
        no_answer: rarely(i, 29),
        rejected: 0,
        handled: entered * 9 / 10,
        transferred_out: rarely(i, 30),
        in_queue_start: below(i, 31, 4) as i32,
        in_queue_end: below(i + u64::from(QUEUES), 31, 4) as i32,
        in_queue_max: below(i, 32, 12) as i32,
        longest_wait_ms_at_end: i.is_multiple_of(3).then(|| spread(i, 33, 20_000)),
        agents_staffed_ms: 18_000_000,
        agents_ready_ms: spread(i, 34, 6_000_000),
        queue_ms: i64::from(entered) * spread(i, 7, 20_000),
        ring_ms: i64::from(entered) * 3000,
        talk_ms: i64::from(entered) * spread(i, 8, 180_000),
        hold_ms: spread(i, 35, 60_000),
        acw_ms: i64::from(entered) * spread(i, 36, 20_000),
        wait_answered_ms: i64::from(entered) * spread(i, 37, 20_000),
        wait_answered_max_ms: Some(spread(i, 38, 60_000)),
        wait_abandoned_ms: spread(i, 39, 60_000),
        wait_abandoned_max_ms: i.is_multiple_of(2).then(|| spread(i, 40, 60_000)),
        handle_ms: i64::from(entered) * spread(i, 41, 200_000),
        answered_within_sl: entered * 8 / 10,
        abandoned_within_sl: rarely(i, 42),
        definition_version: 1,
        coverage_ms: 900_000,
        status: "final",
        revision: 1,
        written_at: start + Span(QUARTER + 300_000_000),
    }
}

pub fn queue_cohort_interval(i: u64) -> QueueCohortIntervalRow {
    let row = queue_interval(i);
    QueueCohortIntervalRow {
        tenant_id: row.tenant_id,
        queue_id: row.queue_id,
        queue_kind: row.queue_kind,
        site_id: row.site_id,
        media_type: row.media_type,
        interval_start: row.interval_start,
        interval_ms: row.interval_ms,
        entered: row.entered,
        answered: row.answered,
        answered_within_sl: row.answered_within_sl,
        abandoned: row.abandoned,
        abandoned_short: row.abandoned_short,
        abandoned_within_sl: row.abandoned_within_sl,
        abandoned_ringing: 0,
        diverted: row.diverted_out,
        cleared: 0,
        other: 0,
        pending: 0,
        wait_answered_ms: row.wait_answered_ms,
        wait_abandoned_ms: row.wait_abandoned_ms,
        queue_ms: row.queue_ms,
        talk_ms: row.talk_ms,
        hold_ms: row.hold_ms,
        acw_ms: row.acw_ms,
        definition_version: 1,
        coverage_ms: 900_000,
        status: "final",
        revision: 1,
        written_at: row.written_at,
    }
}

pub fn queue_wait_hist(i: u64) -> QueueWaitHistRow {
    let (q, start) = cell(i / 20, QUEUES);
    QueueWaitHistRow {
        tenant_id: Tenant(SwitchId(0)),
        queue_id: DnId(AGENTS + q),
        media_type: "voice",
        interval_start: start,
        interval_ms: 900_000,
        kind: if i % 20 < 16 { "answered" } else { "abandoned" },
        upper_ms: (i % 20) as i64 * 1024 + below(i, 43, 16) as i64 * 64 + 63,
        n: 1 + below(i, 44, 4) as i32,
        definition_version: 1,
        coverage_ms: 900_000,
        status: "final",
        revision: 1,
        written_at: start + Span(QUARTER + 300_000_000),
    }
}

pub fn queue_handle_hist(i: u64) -> QueueHandleHistRow {
    let (q, start) = cell(i / 20, QUEUES);
    QueueHandleHistRow {
        tenant_id: Tenant(SwitchId(0)),
        queue_id: DnId(AGENTS + q),
        media_type: "voice",
        interval_start: start,
        interval_ms: 900_000,
        kind: "handled",
        upper_ms: (i % 20) as i64 * 1024 + below(i, 43, 16) as i64 * 64 + 63,
        n: 1 + below(i, 44, 4) as i32,
        definition_version: 1,
        coverage_ms: 900_000,
        status: "final",
        revision: 1,
        written_at: start + Span(QUARTER + 300_000_000),
    }
}

pub fn agent_interval(i: u64) -> AgentIntervalRow {
    let (a, start) = cell(i, AGENTS);
    let calls = below(i, 45, 6) as i32;
    let talk = i64::from(calls) * spread(i, 8, 120_000);
    AgentIntervalRow {
        tenant_id: Tenant(SwitchId(0)),
        agent_id: AgentId(a),
        media_type: "voice",
        interval_start: start,
        interval_ms: 900_000,
        logged_in_ms: 900_000,
        ready_ms: spread(i, 19, 300_000),
        not_ready_ms: spread(i, 20, 100_000),
        acw_ms: spread(i, 21, 60_000),
        ring_ms: i64::from(calls) * 3000,
        talk_ms: talk,
        talk_inbound_ms: talk,
        talk_outbound_ms: 0,
        talk_internal_ms: 0,
        talk_consult_ms: 0,
        hold_ms: i64::from(rarely(i, 14)) * 20_000,
        dial_ms: 0,
        dnd_ms: 0,
        busy_ms: 0,
        unknown_ms: 0,
        offered: calls,
        answered: calls,
        no_answer: rarely(i, 46),
        rejected: 0,
        abandoned_while_ringing: rarely(i, 47),
        outbound_made: 0,
        internal_made: 0,
        consult_made: 0,
        consult_received: 0,
        transfers_made: rarely(i, 48),
        transfers_received: 0,
        conferences: 0,
        holds: rarely(i, 14),
        short_calls: rarely(i, 49),
        logins: rarely(i, 50),
        logouts: 0,
        not_ready_entries: below(i, 51, 3) as i32,
        handled: calls,
        handle_ms: talk + spread(i, 21, 60_000),
        first_login_at: (rarely(i, 50) == 1).then_some(start + ms(1000)),
        last_logout_at: None,
        definition_version: 1,
        coverage_ms: 900_000,
        status: "final",
        revision: 1,
        written_at: start + Span(QUARTER + 300_000_000),
    }
}

pub fn agent_queue_interval(i: u64) -> AgentQueueIntervalRow {
    let (a, start) = cell(i / 2, AGENTS);
    let calls = below(i, 45, 4) as i32;
    let talk = i64::from(calls) * spread(i, 8, 120_000);
    AgentQueueIntervalRow {
        tenant_id: Tenant(SwitchId(0)),
        agent_id: AgentId(a),
        queue_id: DnId(AGENTS + (a + (i % 2) as u32) % QUEUES),
        media_type: "voice",
        interval_start: start,
        interval_ms: 900_000,
        offered: calls,
        answered: calls,
        ring_ms: i64::from(calls) * 3000,
        talk_ms: talk,
        hold_ms: 0,
        acw_ms: spread(i, 21, 60_000),
        handled: calls,
        handle_ms: talk + spread(i, 21, 60_000),
        membership_ms: 900_000,
        definition_version: 1,
        coverage_ms: 900_000,
        status: "final",
        revision: 1,
        written_at: start + Span(QUARTER + 300_000_000),
    }
}

pub fn agent_reason_interval(i: u64) -> AgentReasonIntervalRow {
    let (a, start) = cell(i, AGENTS);
    let reason = ReasonId(below(i, 52, 8) as u32);
    AgentReasonIntervalRow {
        tenant_id: Tenant(SwitchId(0)),
        agent_id: AgentId(a),
        state: word(i, 53, &["not_ready", "acw"]),
        reason_key: ReasonKey(reason),
        reason_code: ReasonCode(reason),
        media_type: "voice",
        interval_start: start,
        interval_ms: 900_000,
        ms: spread(i, 20, 200_000),
        entries: 1 + rarely(i, 54),
        definition_version: 1,
        coverage_ms: 900_000,
        status: "final",
        revision: 1,
        written_at: start + Span(QUARTER + 300_000_000),
    }
}

/// The rows of interval number `n` of all agents and queues, as they are at their first or second `look`.
#[allow(dead_code, reason = "not every user wants intervals")]
pub fn interval(n: u64, look: i32) -> Rows {
    let mut rows = Rows::default();
    let (agents, queues) = (u64::from(AGENTS), u64::from(QUEUES));
    rows.agent_interval.extend((n * agents..(n + 1) * agents).map(agent_interval));
    rows.agent_queue_interval.extend((2 * n * agents..2 * (n + 1) * agents).map(agent_queue_interval));
    rows.agent_reason_interval.extend((n * agents..(n + 1) * agents).map(agent_reason_interval));
    rows.queue_interval.extend((n * queues..(n + 1) * queues).map(queue_interval));
    rows.queue_cohort_interval.extend((n * queues..(n + 1) * queues).map(queue_cohort_interval));
    macro_rules! look {
        ($($table:ident)*) => {$(
            for row in &mut rows.$table {
                (row.revision, row.status) = (look, if look == 1 { "provisional" } else { "final" });
            }
        )*};
    }
    look!(agent_interval agent_queue_interval agent_reason_interval queue_interval queue_cohort_interval);
    rows
}
