//! What an operator asks first: do the sources report, what was refused, what was repaired, does anything disagree.
//!
//! The same counters as `/metrics`, with what each kind means beside it. Reads the board and nothing else.

use std::sync::atomic::Ordering;

use serde::Serialize;

use super::board::Board;
use super::object::SourceObject;
use crate::engine::view::{Counters, Open};
use crate::fold::anomaly::meaning;
use crate::handoff::backlog::Backlog;

/// Unknown names and values shown; all are counted.
const UNKNOWN_MAX: usize = 100;

/// The answer of `/api/v1/health`.
#[derive(Serialize)]
pub(super) struct Health {
    build: String,
    started_at: String,
    ready: bool,
    /// Event time up to which everything has been seen.
    watermark: Option<String>,
    /// Links that are down, and findings that need somebody: nothing of this kind is `ok`.
    ok: bool,
    sources: Vec<serde_json::Value>,
    ingest: Ingest,
    events: Vec<Counted>,
    anomalies: Vec<Counted>,
    unknown_values: Vec<Unknown>,
    invariant_violations: u64,
    open: OpenObjects,
    streams: Streams,
    /// Rows on their way to a database, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    postgres: Option<Waiting>,
}

#[derive(Serialize)]
struct Waiting {
    role: &'static str,
    trouble: Option<String>,
    rows_waiting: u64,
    segments_waiting: u64,
    bytes_waiting: u64,
    bytes_max: u64,
    full: bool,
    rows_written: u64,
    segments_refused: u64,
    watermark: Option<String>,
}

impl Waiting {
    fn of(backlog: &Backlog) -> Self {
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        Self {
            role: backlog.role().word(),
            trouble: backlog.trouble(),
            rows_waiting: count(&backlog.rows),
            segments_waiting: count(&backlog.segments),
            bytes_waiting: count(&backlog.bytes),
            bytes_max: count(&backlog.bytes_max),
            full: backlog.full.load(Ordering::Relaxed),
            rows_written: count(&backlog.rows_written),
            segments_refused: count(&backlog.segments_refused),
            watermark: backlog.watermark().map(|at| at.to_string()),
        }
    }

    fn is_ok(&self) -> bool {
        self.trouble.is_none() && !self.full && self.segments_refused == 0
    }
}

#[derive(Serialize)]
struct Ingest {
    accepted: u64,
    duplicate: u64,
    rejected: u64,
    rejected_by: Vec<Counted>,
}

#[derive(Serialize)]
struct Counted {
    kind: &'static str,
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<&'static str>,
}

#[derive(Serialize)]
struct Unknown {
    value: String,
    count: u64,
}

#[derive(Serialize)]
struct OpenObjects {
    calls: u64,
    parties: u64,
    stays: u64,
    sessions: u64,
}

#[derive(Serialize)]
struct Streams {
    open: u64,
    resyncs: u64,
    refused: u64,
    stalled: u64,
}

impl Health {
    /// How things stand now.
    pub(super) fn of(board: &Board) -> Self {
        let (sources, counters, watermark) = {
            let state = board.state();
            (state.sources.clone(), state.counters.clone(), state.watermark())
        };
        let Counters {
            accepted,
            duplicate,
            rejected,
            rejected_by,
            events_by_kind,
            anomalies,
            mut unknown,
            violations,
            open,
        } = counters;
        let Open { calls, parties, stays, sessions } = open;
        unknown.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let up = sources.iter().all(|source| source.view.up);
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let postgres = board.info().backlog.as_deref().map(Waiting::of);
        let delivered = postgres.as_ref().is_none_or(Waiting::is_ok);
        Self {
            build: board.info().build(),
            started_at: board.info().started_at.to_string(),
            ready: board.is_ready(),
            watermark: watermark.map(|at| at.to_string()),
            ok: up && violations == 0 && board.is_ready() && delivered,
            sources: sources
                .iter()
                .map(|entry| {
                    let object = SourceObject { view: &entry.view, lag_seconds: entry.lag_seconds };
                    serde_json::to_value(object).expect("a source has string keys and finite numbers only")
                })
                .collect(),
            ingest: Ingest {
                accepted,
                duplicate,
                rejected,
                rejected_by: rejected_by
                    .into_iter()
                    .map(|(kind, count)| Counted { kind, count, meaning: None })
                    .collect(),
            },
            events: events_by_kind.into_iter().map(|(kind, count)| Counted { kind, count, meaning: None }).collect(),
            anomalies: anomalies
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .map(|(kind, count)| Counted { kind, count, meaning: meaning(kind) })
                .collect(),
            unknown_values: unknown
                .into_iter()
                .take(UNKNOWN_MAX)
                .map(|(value, count)| Unknown { value: value.to_string(), count })
                .collect(),
            invariant_violations: violations,
            open: OpenObjects { calls, parties, stays, sessions },
            streams: Streams {
                open: board.counts.clients.load(Ordering::Relaxed) as u64,
                resyncs: count(&board.counts.resyncs),
                refused: count(&board.counts.refused),
                stalled: count(&board.counts.stalled),
            },
            postgres,
        }
    }
}
