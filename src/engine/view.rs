//! Pictures for readers: what changed since the last look, as plain values with their texts.
//!
//! The engine fills a [`Delta`] on request; publishing it is the business of the edges. Nothing here refers back into the
//! engine, so a reader can keep it as long as it likes.

use compact_str::CompactString;

use crate::model::action::Status;
use crate::model::time::Micros;

/// Counts and sums of a queue over a stretch of time. Ratios are the reader's: their parts are here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "named after the columns of queue_interval, which say what they mean")]
pub struct QueueFigures {
    pub entered: i64,
    pub answered: i64,
    pub answered_within_sl: i64,
    pub abandoned: i64,
    pub abandoned_short: i64,
    pub abandoned_within_sl: i64,
    pub abandoned_ringing: i64,
    pub diverted_in: i64,
    pub diverted_out: i64,
    pub cleared: i64,
    pub other: i64,
    pub no_answer: i64,
    pub transferred_out: i64,
    pub handled: i64,
    pub wait_answered_ms: i64,
    pub wait_abandoned_ms: i64,
    pub handle_ms: i64,
    pub queue_ms: i64,
    pub ring_ms: i64,
    pub talk_ms: i64,
    pub hold_ms: i64,
    pub acw_ms: i64,
    pub agents_staffed_ms: i64,
    pub agents_ready_ms: i64,
}

/// Counts and times of an agent over a stretch of time. Times include what is going on, up to the view's instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "named after the columns of agent_interval, which say what they mean")]
pub struct AgentFigures {
    pub logged_in_ms: i64,
    pub ready_ms: i64,
    pub not_ready_ms: i64,
    pub acw_ms: i64,
    pub ring_ms: i64,
    pub talk_ms: i64,
    pub hold_ms: i64,
    pub dial_ms: i64,
    pub busy_ms: i64,
    pub unknown_ms: i64,
    pub offered: i64,
    pub answered: i64,
    pub no_answer: i64,
    pub handled: i64,
    pub handle_ms: i64,
}

/// A queue now.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueView {
    /// `number@switch`.
    pub id: CompactString,
    /// Tenant.
    pub tenant: CompactString,
    /// Switch.
    pub site: CompactString,
    /// `acd_queue`, `virtual_queue`, `routing_point`, `external`.
    pub kind: &'static str,
    /// Calls waiting, ringing ones excluded (`CallWait`).
    pub waiting: u32,
    /// Entry of the call that waits longest.
    pub oldest_entered_at: Option<Micros>,
    /// Calls that left the queue and ring at a target.
    pub alerting: u32,
    /// Agents logged in to the queue, by status (index: `Status as usize`).
    pub agents: [u32; Status::COUNT],
    /// Since the last midnight of the engine's zone.
    pub day: QueueFigures,
    /// The last 30 minutes, to the whole minute.
    pub window: QueueFigures,
    /// Median wait of the calls answered today, in ms, within 1 %.
    pub wait_answered_p50_ms: Option<i64>,
    /// 90th percentile of the same.
    pub wait_answered_p90_ms: Option<i64>,
    /// Event time of the last change.
    pub changed_at: Micros,
}

/// An agent now.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentView {
    /// AgentID as sent.
    pub id: CompactString,
    /// Tenant.
    pub tenant: CompactString,
    /// Switch of the session's first login.
    pub site: CompactString,
    /// First DN of the session, `number@switch`.
    pub dn: CompactString,
    /// Status now.
    pub status: Status,
    /// Begin of the status (a new reason does not restart it).
    pub since: Micros,
    /// Reason key and code in not ready and after-call work.
    pub reason: Option<(CompactString, CompactString)>,
    /// Queue of the call on the agent's device, `number@switch`.
    pub queue: Option<CompactString>,
    /// Queues he is logged in to.
    pub queues: Vec<CompactString>,
    /// Login of the session; `None` when logged out.
    pub logged_in_at: Option<Micros>,
    /// Do-not-disturb is on at some DN of his.
    pub dnd: bool,
    /// Some DN of his is out of service.
    pub out_of_service: bool,
    /// Calls of some DN of his are forwarded.
    pub forwarded: bool,
    /// Since the last midnight of the engine's zone.
    pub day: AgentFigures,
    /// The last 30 minutes, to the whole five minutes.
    pub window: AgentFigures,
    /// Event time at which the figures were read.
    pub as_of: Micros,
}

/// What the source of a switch looks like now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceView {
    /// Switch.
    pub switch: CompactString,
    /// Tenant.
    pub tenant: CompactString,
    /// Events folded.
    pub events: u64,
    /// Events dropped as duplicates.
    pub duplicates: u64,
    /// Sequence numbers that were passed over and have not come.
    pub missing: u64,
    /// Events that came after the window for their place had passed.
    pub out_of_order: u64,
    /// Event time of the last one.
    pub last_event_at: Micros,
    /// Whether its link is up.
    pub up: bool,
    /// Sum of the steps by which its clock went back, in ms.
    pub clock_skew_ms: i64,
}

/// Totals of a partition that readers and metrics show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Events folded.
    pub accepted: u64,
    /// Duplicates dropped.
    pub duplicate: u64,
    /// Lines refused.
    pub rejected: u64,
    /// Lines refused, by reason.
    pub rejected_by: Vec<(&'static str, u64)>,
    /// Events folded, by message.
    pub events_by_kind: Vec<(&'static str, u64)>,
    /// Things the switch said that cannot be, by kind.
    pub anomalies: Vec<(&'static str, u64)>,
    /// Names and values the decoder did not know, by attribute and text (bounded).
    pub unknown: Vec<(CompactString, u64)>,
    /// Invariants found broken; always zero.
    pub violations: u64,
    /// Calls, parties, stays, agents with a session, now.
    pub open: Open,
}

/// Objects alive now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "counts of what the names say")]
pub struct Open {
    pub calls: u64,
    pub parties: u64,
    pub stays: u64,
    pub sessions: u64,
}

/// Everything that changed since the last delta.
#[derive(Clone, Debug, Default)]
pub struct Delta {
    /// The engine's event time.
    pub as_of: Micros,
    /// Changed queues, whole.
    pub queues: Vec<QueueView>,
    /// Changed agents, whole.
    pub agents: Vec<AgentView>,
    /// All sources.
    pub sources: Vec<SourceView>,
    /// Totals.
    pub counters: Counters,
}

/// A queue over everything folded so far, for the summary at the end of a replay.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueSummary {
    /// `number@switch`.
    pub id: CompactString,
    /// Tenant.
    pub tenant: CompactString,
    /// `acd_queue`, `virtual_queue`, `routing_point`, `external`.
    pub kind: &'static str,
    /// Counts and sums since the first event.
    pub figures: QueueFigures,
    /// Median wait of the answered, in ms, within 1 %.
    pub wait_answered_p50_ms: Option<i64>,
    /// 90th percentile of the same.
    pub wait_answered_p90_ms: Option<i64>,
}
