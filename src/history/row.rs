//! From what an object gained in an interval to its row: the only place that knows which ledger column is which row column.

use super::cohort::Stamp;
use super::interval::{About, INTERVAL};
use super::kept::QueueKept;
use super::level::Levels;
use crate::model::action::Status;
use crate::model::ids::{AgentId, DnId, ReasonId, SwitchId};
use crate::model::row::{AgentIntervalRow, AgentQueueIntervalRow, AgentReasonIntervalRow, QueueIntervalRow};
use crate::model::table::{ReasonCode, ReasonKey, Site, Tenant};
use crate::model::tevent::CallType;
use crate::model::time::{Micros, ms_between};
use crate::stats::agent::{AgentColumn, DND};
use crate::stats::pair::{self, PairCount, PairGain, PairTime, ReasonGain};
use crate::stats::queue::{QueueCount, QueueTime};
use crate::stats::reading::AgentGained;

/// Length of an interval in rows, in milliseconds.
pub(super) const INTERVAL_MS: i32 = (INTERVAL.0 / 1000) as i32;

pub(super) fn queue_row(
    queue: DnId,
    about: About,
    kept: &QueueKept,
    levels: &Levels,
    until: Micros,
    stamp: Stamp,
) -> QueueIntervalRow {
    let n = |c: QueueCount| kept.gain.counts[c as usize] as i32;
    let sum = |c: QueueCount| kept.gain.counts[c as usize];
    let time = |t: QueueTime| kept.gain.times[t as usize];
    QueueIntervalRow {
        tenant_id: Tenant(about.switch),
        queue_id: queue,
        queue_kind: about.kind,
        site_id: Site(about.switch),
        media_type: "voice",
        interval_start: stamp.start,
        interval_ms: INTERVAL_MS,
        entered: n(QueueCount::Entered),
        answered: n(QueueCount::Answered),
        abandoned: n(QueueCount::Abandoned),
        abandoned_short: n(QueueCount::AbandonedShort),
        abandoned_ringing: n(QueueCount::AbandonedRinging),
        diverted_in: n(QueueCount::DivertedIn),
        diverted_out: n(QueueCount::DivertedOut),
        cleared: n(QueueCount::Cleared),
        other: n(QueueCount::Other),
        no_answer: n(QueueCount::NoAnswer),
        rejected: 0,
        handled: n(QueueCount::Handled),
        transferred_out: n(QueueCount::TransferredOut),
        in_queue_start: levels.start,
        in_queue_end: levels.end,
        in_queue_max: levels.max,
        longest_wait_ms_at_end: levels.oldest.map(|entered| ms_between(entered, until)),
        agents_staffed_ms: time(QueueTime::AgentsStaffedMs),
        agents_ready_ms: time(QueueTime::AgentsReadyMs),
        queue_ms: time(QueueTime::QueueMs),
        ring_ms: time(QueueTime::RingMs),
        talk_ms: time(QueueTime::TalkMs),
        hold_ms: time(QueueTime::HoldMs),
        acw_ms: time(QueueTime::AcwMs),
        wait_answered_ms: sum(QueueCount::WaitAnsweredMs),
        wait_answered_max_ms: kept.wait_max_ms[0],
        wait_abandoned_ms: sum(QueueCount::WaitAbandonedMs),
        wait_abandoned_max_ms: kept.wait_max_ms[1],
        handle_ms: sum(QueueCount::HandleMs),
        answered_within_sl: n(QueueCount::AnsweredWithinSl),
        abandoned_within_sl: n(QueueCount::AbandonedWithinSl),
        definition_version: stamp.definition_version,
        coverage_ms: about.coverage_ms,
        status: stamp.status,
        revision: stamp.revision,
        written_at: stamp.written_at,
    }
}

pub(super) fn agent_row(
    switch: SwitchId,
    coverage_ms: i32,
    agent: AgentId,
    kept: &AgentGained,
    stamp: Stamp,
) -> AgentIntervalRow {
    let n = |c: AgentColumn| kept.gain.counts[c as usize] as i32;
    let time = |s: Status| kept.gain.times[s as usize];
    let talk = |t: CallType| time(Status::talking(t));
    AgentIntervalRow {
        tenant_id: Tenant(switch),
        agent_id: agent,
        media_type: "voice",
        interval_start: stamp.start,
        interval_ms: INTERVAL_MS,
        logged_in_ms: Status::ALL.iter().map(|s| time(*s)).sum(),
        ready_ms: time(Status::Ready),
        not_ready_ms: time(Status::NotReady),
        acw_ms: time(Status::Acw),
        ring_ms: time(Status::Ringing),
        talk_ms: CallType::ALL.iter().map(|t| talk(*t)).sum(),
        talk_inbound_ms: talk(CallType::Inbound),
        talk_outbound_ms: talk(CallType::Outbound),
        talk_internal_ms: talk(CallType::Internal),
        talk_consult_ms: talk(CallType::Consult),
        hold_ms: time(Status::Held),
        dial_ms: time(Status::Dialing),
        dnd_ms: kept.gain.times[DND],
        busy_ms: time(Status::Busy),
        unknown_ms: time(Status::Unknown),
        offered: n(AgentColumn::Offered),
        answered: n(AgentColumn::Answered),
        no_answer: n(AgentColumn::NoAnswer),
        rejected: 0,
        abandoned_while_ringing: n(AgentColumn::AbandonedWhileRinging),
        outbound_made: n(AgentColumn::OutboundMade),
        internal_made: n(AgentColumn::InternalMade),
        consult_made: n(AgentColumn::ConsultMade),
        consult_received: n(AgentColumn::ConsultReceived),
        transfers_made: n(AgentColumn::TransfersMade),
        transfers_received: n(AgentColumn::TransfersReceived),
        conferences: n(AgentColumn::Conferences),
        holds: n(AgentColumn::Holds),
        short_calls: n(AgentColumn::ShortCalls),
        logins: n(AgentColumn::Logins),
        logouts: n(AgentColumn::Logouts),
        not_ready_entries: n(AgentColumn::NotReadyEntries),
        handled: n(AgentColumn::Handled),
        handle_ms: kept.gain.counts[AgentColumn::HandleMs as usize],
        first_login_at: kept.first_login_at,
        last_logout_at: kept.last_logout_at,
        definition_version: stamp.definition_version,
        coverage_ms,
        status: stamp.status,
        revision: stamp.revision,
        written_at: stamp.written_at,
    }
}

pub(super) fn pair_row(
    switch: SwitchId,
    coverage_ms: i32,
    key: pair::PairKey,
    gain: &PairGain,
    stamp: Stamp,
) -> AgentQueueIntervalRow {
    let n = |c: PairCount| gain.counts[c as usize] as i32;
    let time = |t: PairTime| gain.times[t as usize];
    AgentQueueIntervalRow {
        tenant_id: Tenant(switch),
        agent_id: key.0,
        queue_id: key.1,
        media_type: "voice",
        interval_start: stamp.start,
        interval_ms: INTERVAL_MS,
        offered: n(PairCount::Offered),
        answered: n(PairCount::Answered),
        ring_ms: time(PairTime::RingMs),
        talk_ms: time(PairTime::TalkMs),
        hold_ms: time(PairTime::HoldMs),
        acw_ms: time(PairTime::AcwMs),
        handled: n(PairCount::Handled),
        handle_ms: gain.counts[PairCount::HandleMs as usize],
        membership_ms: time(PairTime::MembershipMs),
        definition_version: stamp.definition_version,
        coverage_ms,
        status: stamp.status,
        revision: stamp.revision,
        written_at: stamp.written_at,
    }
}

pub(super) fn reason_row(
    switch: SwitchId,
    coverage_ms: i32,
    (agent, status, reason): (AgentId, Status, ReasonId),
    gain: &ReasonGain,
    stamp: Stamp,
) -> AgentReasonIntervalRow {
    AgentReasonIntervalRow {
        tenant_id: Tenant(switch),
        agent_id: agent,
        state: status.word(),
        reason_key: ReasonKey(reason),
        reason_code: ReasonCode(reason),
        media_type: "voice",
        interval_start: stamp.start,
        interval_ms: INTERVAL_MS,
        ms: gain.times[0],
        entries: gain.counts[0] as i32,
        definition_version: stamp.definition_version,
        coverage_ms,
        status: stamp.status,
        revision: stamp.revision,
        written_at: stamp.written_at,
    }
}
