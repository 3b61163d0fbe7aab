//! From the engine's state to views: what changed, read at the engine's event time.

use compact_str::CompactString;

use super::order::Source;
use super::step::Engine;
use super::view::{AgentFigures, AgentView, Counters, Delta, Open, QueueFigures, QueueSummary, QueueView, SourceView};
use crate::fold::anomaly::Anomaly;
use crate::model::action::Status;
use crate::model::ids::{AgentId, DnId, SwitchId};
use crate::model::names::Names;
use crate::model::tevent::CallType;
use crate::stats::agent::AgentReading;
use crate::stats::queue::{Queue, QueueCount, QueueReading, QueueTime};

/// Everything that changed since the last call.
pub(super) fn delta(engine: &mut Engine, names: &Names, into: &mut Delta) {
    into.as_of = engine.now();
    into.queues.clear();
    into.agents.clear();
    let mut queues = std::mem::take(&mut engine.board.dirty_queues);
    for slot in queues.drain(..) {
        engine.board.queues[slot as usize].dirty = false;
        into.queues.push(queue_view(engine, &engine.board.queues[slot as usize], names));
    }
    engine.board.dirty_queues = queues;
    let agents = engine.board.changed_agents();
    for agent in &agents {
        into.agents.extend(agent_view(engine, *agent, names));
    }
    engine.board.recycle_agents(agents);
}

fn queue_view(engine: &Engine, queue: &Queue, names: &Names) -> QueueView {
    let now = engine.now();
    let switch = names.dn_switch(queue.dn);
    QueueView {
        id: dn_text(names, queue.dn),
        tenant: names.tenant(switch).into(),
        site: names.switch_name(switch).into(),
        kind: engine.world.queue_kind(queue.dn),
        waiting: queue.waiting,
        oldest_entered_at: engine.world.oldest_waiting(queue.dn),
        alerting: queue.alerting,
        agents: queue.agents,
        day: figures(&queue.day(engine.day_start(), now)),
        window: figures(&queue.window(now)),
        wait_answered_p50_ms: queue.day_waits.quantile_ms(0.5),
        wait_answered_p90_ms: queue.day_waits.quantile_ms(0.9),
        changed_at: queue.changed_at,
    }
}

fn figures((counts, times): &QueueReading) -> QueueFigures {
    let n = |c: QueueCount| counts[c as usize];
    let t = |t: QueueTime| times[t as usize];
    QueueFigures {
        entered: n(QueueCount::Entered),
        answered: n(QueueCount::Answered),
        answered_within_sl: n(QueueCount::AnsweredWithinSl),
        abandoned: n(QueueCount::Abandoned),
        abandoned_short: n(QueueCount::AbandonedShort),
        abandoned_within_sl: n(QueueCount::AbandonedWithinSl),
        abandoned_ringing: n(QueueCount::AbandonedRinging),
        diverted_in: n(QueueCount::DivertedIn),
        diverted_out: n(QueueCount::DivertedOut),
        cleared: n(QueueCount::Cleared),
        other: n(QueueCount::Other),
        no_answer: n(QueueCount::NoAnswer),
        transferred_out: n(QueueCount::TransferredOut),
        handled: n(QueueCount::Handled),
        wait_answered_ms: n(QueueCount::WaitAnsweredMs),
        wait_abandoned_ms: n(QueueCount::WaitAbandonedMs),
        handle_ms: n(QueueCount::HandleMs),
        queue_ms: t(QueueTime::QueueMs),
        ring_ms: t(QueueTime::RingMs),
        talk_ms: t(QueueTime::TalkMs),
        hold_ms: t(QueueTime::HoldMs),
        acw_ms: t(QueueTime::AcwMs),
        agents_staffed_ms: t(QueueTime::AgentsStaffedMs),
        agents_ready_ms: t(QueueTime::AgentsReadyMs),
    }
}

fn agent_view(engine: &Engine, agent: AgentId, names: &Names) -> Option<AgentView> {
    let a = engine.world.agent(agent)?;
    let now = engine.now();
    let session = a.session.as_ref();
    let site = session.map_or_else(|| names.agent_switch(agent), |s| s.switch);
    let queue = engine.world.queue_behind(agent);
    let (out_of_service, forwarded) = engine.world.service_of(&a.dns);
    Some(AgentView {
        id: names.agent_id(agent).into(),
        tenant: names.tenant(site).into(),
        site: names.switch_name(site).into(),
        dn: session.map_or_else(CompactString::default, |s| dn_text(names, s.primary_dn)),
        status: a.now.status,
        since: a.now.run_since,
        reason: engine.world.reason_of(agent, names).map(|(k, c)| (k.into(), c.into())),
        queue: queue.is_some().then(|| dn_text(names, queue)),
        queues: a.memberships.iter().map(|(q, _)| dn_text(names, *q)).collect(),
        logged_in_at: session.map(|s| s.key.logged_in_at),
        dnd: a.dnd_dns > 0,
        out_of_service,
        forwarded,
        day: agent_figures(&engine.board.agent_day(agent, now)),
        window: agent_figures(&engine.board.agent_window(agent, now)),
        as_of: now,
    })
}

fn agent_figures(r: &AgentReading) -> AgentFigures {
    AgentFigures {
        logged_in_ms: r.ms(&Status::ALL) - r.ms(&[Status::LoggedOut]),
        ready_ms: r.ms(&[Status::Ready]),
        not_ready_ms: r.ms(&[Status::NotReady]),
        acw_ms: r.ms(&[Status::Acw]),
        ring_ms: r.ms(&[Status::Ringing]),
        talk_ms: r.ms(&CallType::ALL.map(Status::talking)),
        hold_ms: r.ms(&[Status::Held]),
        dial_ms: r.ms(&[Status::Dialing]),
        busy_ms: r.ms(&[Status::Busy]),
        unknown_ms: r.ms(&[Status::Unknown]),
        offered: r.counts[0],
        answered: r.counts[1],
        no_answer: r.counts[2],
        handled: r.counts[3],
        handle_ms: r.handle_ms,
    }
}

/// All sources.
pub(super) fn sources<'a>(
    engine: &'a Engine,
    names: &'a Names,
    sources: &'a [Source],
) -> impl Iterator<Item = SourceView> + 'a {
    sources.iter().enumerate().filter(|(_, s)| s.events > 0).map(|(i, source)| {
        let switch = SwitchId(i as u32);
        SourceView {
            switch: names.switch_name(switch).into(),
            tenant: names.tenant(switch).into(),
            events: source.events,
            duplicates: source.duplicates,
            last_event_at: source.last_time(),
            up: engine.world.is_linked(switch),
            missing: source.missing(),
            out_of_order: source.out_of_order,
            clock_skew_ms: source.clock_skew_ms,
        }
    })
}

/// Totals of the engine.
pub(super) fn counters(engine: &Engine) -> Counters {
    let [calls, parties, stays, sessions] = engine.world.open_counts();
    let mut anomalies: Vec<(&'static str, u64)> =
        Anomaly::ALL.iter().map(|a| (a.word(), engine.world.out.anomalies[*a as usize])).collect();
    anomalies.push(("interval_skipped", engine.intervals.skipped));
    anomalies.push(("booked_after_final", engine.intervals.too_late));
    anomalies.push(("interval_revised", engine.intervals.revised));
    Counters {
        events_by_kind: engine.world.events_by_kind().collect(),
        anomalies,
        violations: engine.intervals.violations + engine.board.violations(),
        open: Open { calls, parties, stays, sessions },
        ..Counters::default()
    }
}

/// Every queue since the first event, in order of name.
pub(super) fn summary(engine: &Engine, names: &Names) -> Vec<QueueSummary> {
    let mut summary: Vec<QueueSummary> = engine
        .board
        .queues
        .iter()
        .map(|queue| (queue, queue.all_waits()))
        .map(|(queue, waits)| QueueSummary {
            id: dn_text(names, queue.dn),
            tenant: names.tenant(names.dn_switch(queue.dn)).into(),
            kind: engine.world.queue_kind(queue.dn),
            figures: figures(&queue.total(engine.now())),
            wait_answered_p50_ms: waits.quantile_ms(0.5),
            wait_answered_p90_ms: waits.quantile_ms(0.9),
        })
        .collect();
    summary.sort_by(|a, b| (&a.tenant, &a.id).cmp(&(&b.tenant, &b.id)));
    summary
}

fn dn_text(names: &Names, dn: DnId) -> CompactString {
    let mut text = CompactString::from(names.dn_number(dn));
    text.push('@');
    text.push_str(names.switch_name(names.dn_switch(dn)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::partition::{Partition, Position};
    use crate::engine::settings::Settings;
    use crate::model::time::Micros;

    #[test]
    fn the_time_before_the_login_is_not_logged_in_time() {
        let mut partition = Partition::new(Settings::default());
        let line = |secs: u64, event: &str| {
            format!(
                "{{\"Event\":\"{event}\",\"TimeinSecs\":{secs},\"Switch\":\"east\",\"ThisDN\":\"7001\",\"AgentID\":\"A\"}}\n"
            )
        };
        partition.feed(
            (line(1_700_000_100, "EventAgentLogin") + &line(1_700_000_160, "EventAgentReady")).as_bytes(),
            Position { line: 1, offset: 0 },
        );
        partition.tick(Micros(1_700_000_200_000_000));
        let mut delta = Delta::default();
        partition.delta(&mut delta);
        let agent = delta.agents.first().expect("the agent who logged in");
        for figures in [agent.day, agent.window] {
            assert_eq!(figures.logged_in_ms, 100_000);
            assert_eq!(figures.ready_ms + figures.not_ready_ms, 100_000);
        }
    }
}
