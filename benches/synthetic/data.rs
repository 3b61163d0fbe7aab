//! Rows of attached data, few values repeated often and short lists as JSON, of sources, routing and contacts.

use super::*;

const SEGMENTS: &[&str] = &["bronze", "silver", "gold"];

pub fn user_data_change(i: u64) -> UserDataChangeRow {
    let update = below(i, 60, 4) == 0;
    UserDataChangeRow {
        tenant_id: Tenant(SwitchId(0)),
        call_id: call_id(i / 2),
        key: word(i, 61, &["CustomerSegment", "ServiceType"]).into(),
        seq: (i % 2) as i32 + 1,
        site_id: Site(SwitchId(0)),
        changed_at: at(i),
        party_id: update.then(|| PartyKey(leg(i))),
        agent_id: if update { agent(i) } else { AgentId::NONE },
        change: if update { "update" } else { "add" },
        value_before: update.then(|| word(i, 62, SEGMENTS).into()),
        value: Some(word(i, 63, SEGMENTS).into()),
        source: "user_data",
        revision: 1,
        last_event_id: event(i),
        written_at: at(i),
    }
}

pub fn user_data_final(i: u64) -> UserDataFinalRow {
    let (start, length) = (at(i), spread(i, 64, 180_000));
    let text = format!(
        "{{\"CustomerSegment\":\"{}\",\"Account\":\"{:08}\"}}",
        word(i, 65, SEGMENTS),
        below(i, 66, 90_000_000)
    );
    UserDataFinalRow {
        tenant_id: Tenant(SwitchId(0)),
        call_id: call_id(i),
        site_id: Site(SwitchId(0)),
        started_at: start,
        ended_at: Some(start + ms(length)),
        user_data: text.as_str().into(),
        key_count: 2,
        change_count: 2 + rarely(i, 67),
        revision: 1,
        last_event_id: event(i),
        written_at: start + ms(length + 900_000),
    }
}

pub fn source_session(i: u64) -> SourceSessionRow {
    let (start, length) = (at(i), spread(i, 68, 3_600_000));
    SourceSessionRow {
        tenant_id: Tenant(SwitchId(0)),
        source_id: Site(SwitchId(0)),
        session_epoch: start.0,
        server_epoch: 1_699_900_000,
        connect_kind: if i == 0 { "first" } else { "link_restored" },
        connected_at: start,
        disconnected_at: Some(start + ms(length)),
        first_event_time: start,
        last_event_time: start + ms(length),
        last_seq: Some(i as i64 * 700),
        event_count: 700,
        duration_ms: length,
        collector_id: None,
        how_ended: Some("link_lost"),
        revision: 1,
        last_event_id: event(i),
        written_at: start + ms(length),
    }
}

pub fn route_decision(i: u64) -> RouteDecisionRow {
    let (start, length) = (at(i), spread(i, 69, 20_000));
    let routed = below(i, 70, 10) > 0;
    RouteDecisionRow {
        tenant_id: Tenant(SwitchId(0)),
        route_id: RouteKey(LegKey { dn: queue(i), ..leg(i) }),
        call_id: call_id(i / 2),
        queue_segment_id: Some(stay(i)),
        site_id: Site(SwitchId(0)),
        routing_point: queue(i),
        strategy: Some(word(i, 71, &["Sales", "Service", "Overflow"]).into()),
        requested_at: start,
        decided_at: Some(start + ms(length)),
        duration_ms: length,
        result: Some(if routed { "routed" } else { "abandoned" }),
        route_type: None,
        target: routed.then(|| format!("{}", 70_000 + agent(i).0).as_str().into()),
        target_queue_id: DnId::NONE,
        agent_id: if routed { agent(i) } else { AgentId::NONE },
        revision: 1,
        last_event_id: event(i),
        written_at: start + ms(length),
    }
}

pub fn call_link(i: u64) -> CallLinkRow {
    CallLinkRow {
        tenant_id: Tenant(SwitchId(0)),
        from_call_id: call_id(i + 1),
        to_call_id: call_id(i),
        link_type: word(i, 72, &["consult_of", "merged_into"]),
        site_id: Site(SwitchId(0)),
        remote_site: None,
        linked_at: at(i),
        evidence: "transfer_conn_id",
        state: "ended",
        interaction_id: call_id(i),
        revision: 1,
        last_event_id: event(i),
        written_at: at(i),
    }
}

pub fn interaction(i: u64) -> InteractionRow {
    let (start, wait, talk) = (at(i), spread(i, 7, 20_000), spread(i, 8, 180_000));
    let answered = below(i, 9, 10) > 0;
    let who = if answered { agent(i) } else { AgentId::NONE };
    InteractionRow {
        tenant_id: Tenant(SwitchId(0)),
        interaction_id: call_id(i),
        root_call_id: call_id(i),
        media_type: "voice",
        interaction_type: word(i, 10, CALL_TYPES),
        started_at: start,
        ended_at: Some(start + ms(wait + talk)),
        customer_key: None,
        ani: Some(format!("555{:07}", below(i, 11, 3_000_000)).as_str().into()),
        dnis: Some(format!("555{:04}", below(i, 12, 40)).as_str().into()),
        entry_dn: queue(i),
        site_count: 1,
        call_count: 1 + rarely(i, 73),
        party_count: 2 + rarely(i, 73),
        queue_segment_count: 1,
        handling_segment_count: i32::from(answered),
        transfer_count: rarely(i, 15),
        conference_count: 0,
        consult_count: rarely(i, 73),
        first_queue_id: queue(i),
        first_agent_id: who,
        last_agent_id: who,
        outcome: if answered { "answered" } else { "abandoned_queue" },
        wait_total_ms: wait,
        talk_total_ms: talk,
        hold_total_ms: 0,
        acw_total_ms: spread(i, 74, 20_000),
        duration_ms: wait + talk,
        is_complete: true,
        end_known: true,
        joined_in_progress: false,
        revision: 1,
        last_event_id: event(i),
        written_at: start + ms(wait + talk + 900_000),
    }
}

pub fn queue_snapshot(i: u64) -> QueueSnapshotRow {
    let queue = u64::from(QUEUES);
    QueueSnapshotRow {
        tenant_id: Tenant(SwitchId(0)),
        queue_id: DnId(AGENTS + (i % queue) as u32),
        queue_kind: "acd_queue",
        site_id: Site(SwitchId(0)),
        media_type: "voice",
        sampled_at: START + Span((i / queue) as i64 * 60_000_000),
        waiting: below(i, 91, 9) as i32,
        alerting: rarely(i, 92),
        longest_wait_ms: i.is_multiple_of(3).then(|| spread(i, 93, 20_000)),
        agents_logged_in: 20,
        agents_ready: 4,
        agents_not_ready: 3,
        agents_acw: 2,
        agents_ringing: 1,
        agents_dialing: 0,
        agents_talking: 9,
        agents_held: 1,
        agents_busy: 0,
        agents_unknown: 0,
    }
}

pub fn agent_snapshot(i: u64) -> AgentSnapshotRow {
    let (a, minute) = ((i % u64::from(AGENTS)) as u32, (i / u64::from(AGENTS)) as i64);
    let sampled_at = START + Span(minute * 60_000_000);
    AgentSnapshotRow {
        tenant_id: Tenant(SwitchId(0)),
        agent_id: AgentId(a),
        site_id: Site(SwitchId(0)),
        media_type: "voice",
        sampled_at,
        state: word(i, 94, &["talking", "talking", "ready", "not_ready"]),
        call_type: i.is_multiple_of(2).then_some("inbound"),
        since: sampled_at - ms(spread(i, 95, 120_000)),
        call_id: i.is_multiple_of(2).then(|| call_id(i)),
        queue_id: if i.is_multiple_of(2) { queue(i) } else { DnId::NONE },
        reason_key: i.is_multiple_of(7).then_some(ReasonKey(ReasonId(0))),
        reason_code: i.is_multiple_of(7).then_some(ReasonCode(ReasonId(0))),
        is_dnd: false,
    }
}

pub fn party_state(i: u64) -> PartyStateRow {
    let (entered, length) = (at(i), spread(i, 96, 60_000));
    PartyStateRow {
        tenant_id: Tenant(SwitchId(0)),
        party_id: PartyKey(leg(i / 2)),
        seq: 1 + (i % 2) as i32,
        call_id: call_id(i / 2),
        dn: DnId(agent(i / 2).0),
        agent_id: agent(i / 2),
        state: if i.is_multiple_of(2) { "alerting" } else { "connected" },
        prev_state: (i % 2 == 1).then_some("alerting"),
        entered_at: entered,
        left_at: Some(entered + ms(length)),
        duration_ms: length,
        cause_event: Some(if i.is_multiple_of(2) { "EventRinging" } else { "EventEstablished" }),
        revision: 1,
        last_event_id: event(i),
        written_at: entered + ms(length),
    }
}

/// Events without texts of their own: whoever wants some gives the batch a text.
pub fn event_log(i: u64) -> EventLogRow {
    EventLogRow {
        tenant_id: Tenant(SwitchId(0)),
        event_id: LoggedId { id: event(i), at: at(i), place: 0 },
        site_id: Site(SwitchId(0)),
        source_id: Site(SwitchId(0)),
        folded_at: at(i),
        place: 0,
        event_time: at(i),
        received_at: None,
        event_name: word(i, 90, &["EventRinging", "EventEstablished", "EventReleased", "EventQueued"]),
        this_dn: DnId(below(i, 91, u64::from(AGENTS)) as u32),
        this_queue: DnId::NONE,
        other_dn: Passage::default(),
        other_dn_is_known: rarely(i, 92) == 1,
        third_party_dn: Passage::default(),
        third_party_dn_is_known: false,
        agent_id: agent(i),
        conn_id: Some(ConnId(i / 8 + 1)),
        previous_conn_id: None,
        transfer_conn_id: None,
        call_uuid: Passage::default(),
        switch_call_id: Some(i as i64 / 8 % 60_000),
        this_trunk: None,
        other_trunk: (below(i, 94, 3) == 0).then_some(12),
        call_type: Some("inbound"),
        call_state: 0,
        this_dn_role: 2,
        other_dn_role: 1,
        third_party_dn_role: 0,
        work_mode: rarely(i, 93),
        ani: Passage::default(),
        ani_key: Passage::default(),
        dnis: Passage::default(),
        dnis_key: Passage::default(),
        user_data: Passage::default(),
        reasons: Passage::default(),
        extensions: Passage::default(),
        route_type: None,
        treatment_type: None,
        first_transfer_conn_id: None,
        first_transfer_site: Passage::default(),
        last_transfer_conn_id: None,
        last_transfer_site: Passage::default(),
        remote_conn_id: None,
        remote_site: Passage::default(),
        network_call_id: Passage::default(),
        ref_call_uuid: Passage::default(),
        is_links: Passage::default(),
        collector_id: None,
    }
}
