//! `/metrics` in the Prometheus text format 0.0.4.
//!
//! Counters, not ratios: a queue's totals since the program started, so that any window's service level is a query.
//! The names after the prefix are those of the history columns. Labels are queues, switches and fixed words; never an
//! agent, a call or a number dialled. Queues beyond the limit of series are left out and counted.

use std::fmt::{Display, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::board::{Board, SourceEntry, has_event};
use super::object::{STATE_WORDS, agents_by_word};
use crate::engine::view::{Counters, QueueFigures, QueueView};
use crate::handoff::backlog::{Backlog, Role};
use crate::handoff::selfcheck::Checked;
use crate::model::time::Micros;

/// Media type of [`text`].
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Series that one queue has in all families together.
const SERIES_PER_QUEUE: usize = 2 + STATE_WORDS.len() + QUEUE_COUNTERS.len();

/// Everything there is to measure about `board` now.
#[must_use]
pub(super) fn text(board: &Board) -> String {
    let picture = Picture::of(board);
    let mut page = Page(String::with_capacity(16 << 10));
    write_queues(&mut page, &picture);
    write_sources(&mut page, &picture.sources);
    write_engine(&mut page, &picture.counters, picture.watermark);
    if let Some(backlog) = &board.info().backlog {
        write_backlog(&mut page, backlog);
    }
    if let Some(checked) = board.info().self_check.as_ref().and_then(|check| check.last()) {
        write_check(&mut page, &checked);
    }
    write_serving(&mut page, board);
    page.0
}

/// What is taken from the board under its lock; writing it down takes longer and is done outside.
struct Picture {
    queues: Vec<(Arc<QueueView>, QueueFigures)>,
    sources: Vec<SourceEntry>,
    counters: Counters,
    watermark: Option<Micros>,
    event_now: Micros,
}

impl Picture {
    fn of(board: &Board) -> Self {
        let state = board.state();
        let fits = board.info().series_max / SERIES_PER_QUEUE;
        let dropped = state.queues.len().saturating_sub(fits) * SERIES_PER_QUEUE;
        board.counts.series_dropped.fetch_add(dropped as u64, Ordering::Relaxed);
        Self {
            queues: state.queues.values().take(fits).map(|entry| (entry.view.clone(), entry.total)).collect(),
            sources: state.sources.clone(),
            counters: state.counters.clone(),
            watermark: state.watermark(),
            event_now: board.tick_now(&state).event_time,
        }
    }
}

/// Text under construction.
struct Page(String);

impl Page {
    /// Begins a family: its help and its type.
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.add(format_args!("# HELP callfold_{name} {help}\n# TYPE callfold_{name} {kind}\n"));
    }

    /// A sample of the family that was begun last.
    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.add(format_args!("callfold_{name}"));
        for (i, (label, text)) in labels.iter().enumerate() {
            self.add(format_args!("{}{label}=\"", if i == 0 { '{' } else { ',' }));
            for symbol in text.chars() {
                match symbol {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    plain => self.0.push(plain),
                }
            }
            self.0.push('"');
        }
        self.add(format_args!("{} {value}\n", if labels.is_empty() { "" } else { "}" }));
    }

    /// A family of one sample without labels.
    fn single(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    fn add(&mut self, text: std::fmt::Arguments<'_>) {
        self.0.write_fmt(text).expect("writing to a string cannot fail");
    }
}

/// A counter of a queue: family, its own label if any, and the value.
struct QueueCounter {
    family: &'static str,
    label: Option<(&'static str, &'static str)>,
    value: fn(&QueueFigures) -> f64,
}

const fn counter(
    family: &'static str,
    label: Option<(&'static str, &'static str)>,
    value: fn(&QueueFigures) -> f64,
) -> QueueCounter {
    QueueCounter { family, label, value }
}

/// Counters of a queue; those of one family stand together.
const QUEUE_COUNTERS: [QueueCounter; 17] = [
    counter("queue_entered_total", None, |f| f.entered as f64),
    counter("queue_answered_total", Some(("within_threshold", "true")), |f| f.answered_within_sl as f64),
    counter("queue_answered_total", Some(("within_threshold", "false")), |f| {
        (f.answered - f.answered_within_sl) as f64
    }),
    counter("queue_abandoned_total", Some(("kind", "short")), |f| f.abandoned_short as f64),
    counter("queue_abandoned_total", Some(("kind", "true")), |f| (f.abandoned - f.abandoned_short) as f64),
    counter("queue_diverted_in_total", None, |f| f.diverted_in as f64),
    counter("queue_diverted_out_total", None, |f| f.diverted_out as f64),
    counter("queue_cleared_total", None, |f| f.cleared as f64),
    counter("queue_other_total", None, |f| f.other as f64),
    counter("queue_no_answer_total", None, |f| f.no_answer as f64),
    counter("queue_transferred_out_total", None, |f| f.transferred_out as f64),
    counter("queue_handled_total", None, |f| f.handled as f64),
    counter("queue_wait_seconds_total", Some(("outcome", "answered")), |f| f.wait_answered_ms as f64 / 1000.0),
    counter("queue_wait_seconds_total", Some(("outcome", "abandoned")), |f| f.wait_abandoned_ms as f64 / 1000.0),
    counter("queue_handle_seconds_total", Some(("part", "talk")), |f| f.talk_ms as f64 / 1000.0),
    counter("queue_handle_seconds_total", Some(("part", "hold")), |f| f.hold_ms as f64 / 1000.0),
    counter("queue_handle_seconds_total", Some(("part", "acw")), |f| f.acw_ms as f64 / 1000.0),
];

fn queue_help(family: &str) -> &'static str {
    match family {
        "queue_entered_total" => "Calls that entered the queue.",
        "queue_answered_total" => "Calls answered, by whether they waited no longer than the service-level threshold.",
        "queue_abandoned_total" => "Calls abandoned waiting or ringing, short ones apart from true ones.",
        "queue_diverted_in_total" => "Calls that came from another queue.",
        "queue_diverted_out_total" => "Calls that left to another queue or to a target that was never seen.",
        "queue_cleared_total" => "Calls removed without reaching anyone.",
        "queue_other_total" => "Calls that left in any other way.",
        "queue_no_answer_total" => "Offers to agents that were not answered.",
        "queue_transferred_out_total" => "Calls of the queue that agents transferred on.",
        "queue_handled_total" => "Calls whose handling has ended.",
        "queue_wait_seconds_total" => "Time that calls waited, by how the wait ended.",
        _ => "Time that agents spent on calls of the queue, by part.",
    }
}

/// Labels that name a queue.
fn labels_of(view: &QueueView) -> [(&'static str, &str); 3] {
    [("tenant", &view.tenant), ("site", &view.site), ("queue", &view.id)]
}

fn write_queues(page: &mut Page, picture: &Picture) {
    page.family("queue_waiting", "gauge", "Calls waiting, ringing ones excluded.");
    for (view, _) in &picture.queues {
        page.sample("queue_waiting", &labels_of(view), view.waiting);
    }
    let help = "Wait so far of the call that waits longest; 0 when none waits.";
    page.family("queue_longest_wait_seconds", "gauge", help);
    for (view, _) in &picture.queues {
        let wait = view.oldest_entered_at.map_or(0.0, |since| (picture.event_now - since).0.max(0) as f64 / 1e6);
        page.sample("queue_longest_wait_seconds", &labels_of(view), wait);
    }
    page.family("queue_agents", "gauge", "Agents logged in to the queue, by state.");
    for (view, _) in &picture.queues {
        let [tenant, site, queue] = labels_of(view);
        for (word, n) in STATE_WORDS.iter().zip(agents_by_word(&view.agents)) {
            page.sample("queue_agents", &[tenant, site, queue, ("state", word)], n);
        }
    }
    for family in QUEUE_COUNTERS.chunk_by(|a, b| a.family == b.family) {
        let name = family[0].family;
        page.family(name, "counter", queue_help(name));
        for (view, total) in &picture.queues {
            for counter in family {
                let mut labels = labels_of(view).to_vec();
                labels.extend(counter.label);
                page.sample(name, &labels, (counter.value)(total));
            }
        }
    }
}

fn write_sources(page: &mut Page, sources: &[SourceEntry]) {
    let mut family = |name: &str, kind: &str, help: &str, value: &dyn Fn(usize) -> Option<f64>| {
        page.family(name, kind, help);
        for (i, entry) in sources.iter().enumerate() {
            if let Some(value) = value(i) {
                page.sample(name, &[("tenant", &entry.view.tenant), ("source", &entry.view.switch)], value);
            }
        }
    };
    family("source_up", "gauge", "Whether the link of the switch is up.", &|i| {
        Some(f64::from(u8::from(sources[i].view.up)))
    });
    let help = "Time from the last event's own time to its arrival; absent when event time is not the wall clock's.";
    family("source_event_lag_seconds", "gauge", help, &|i| sources[i].lag_seconds);
    let help = "Event time of the last event.";
    family("source_last_event_timestamp_seconds", "gauge", help, &|i| {
        has_event(&sources[i].view).then(|| sources[i].view.last_event_at.0 as f64 / 1e6)
    });
    let help = "Events folded, by switch.";
    family("source_events_total", "counter", help, &|i| Some(sources[i].view.events as f64));
    let help = "Sequence numbers that were passed over and have not come: lost, or of DNs that are not reported.";
    family("source_missing", "gauge", help, &|i| Some(sources[i].view.missing as f64));
    let help = "Events that came after the window for their place had passed.";
    family("source_out_of_order_total", "counter", help, &|i| Some(sources[i].view.out_of_order as f64));
    let help = "Time by which the source's clock went back, summed.";
    family("source_clock_skew_seconds_total", "counter", help, &|i| Some(sources[i].view.clock_skew_ms as f64 / 1e3));
}

fn write_engine(page: &mut Page, counters: &Counters, watermark: Option<Micros>) {
    page.family("ingest_events_total", "counter", "Events taken in, by what became of them.");
    let outcomes =
        [("accepted", counters.accepted), ("duplicate", counters.duplicate), ("rejected", counters.rejected)];
    for (outcome, n) in outcomes {
        page.sample("ingest_events_total", &[("outcome", outcome)], n);
    }
    page.family("ingest_rejected_total", "counter", "Lines refused, by reason.");
    for (reason, n) in &counters.rejected_by {
        page.sample("ingest_rejected_total", &[("reason", reason)], n);
    }
    page.family("events_total", "counter", "Events folded, by the T-Library's name of the message.");
    for (event, n) in &counters.events_by_kind {
        page.sample("events_total", &[("event", event)], n);
    }
    page.family("anomalies_total", "counter", "Things the switch said that cannot be, by kind.");
    for (kind, n) in &counters.anomalies {
        page.sample("anomalies_total", &[("kind", kind)], n);
    }
    let unknown: u64 = counters.unknown.iter().map(|(_, n)| n).sum();
    page.single("unknown_values_total", "counter", "Names and values that the decoder did not know.", unknown);
    let help = "Invariants found broken; always 0.";
    page.single("invariant_violations_total", "counter", help, counters.violations);
    page.family("open_objects", "gauge", "Objects alive in the engine, by kind.");
    let open = counters.open;
    for (kind, n) in [("call", open.calls), ("party", open.parties), ("stay", open.stays), ("session", open.sessions)] {
        page.sample("open_objects", &[("kind", kind)], n);
    }
    let help = "Event time up to which everything has been seen.";
    page.family("watermark_timestamp_seconds", "gauge", help);
    if let Some(watermark) = watermark {
        page.sample("watermark_timestamp_seconds", &[], watermark.0 as f64 / 1e6);
    }
}

fn write_backlog(page: &mut Page, backlog: &Backlog) {
    let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
    page.family("postgres_role", "gauge", "What the thread that writes to the database does: 1 for one of them.");
    for role in [Role::Away, Role::StandsBy, Role::Writes] {
        page.sample("postgres_role", &[("role", role.word())], u8::from(role == backlog.role()));
    }
    page.single("postgres_rows_waiting", "gauge", "Rows that wait on disk for the database.", of(&backlog.rows));
    page.single("postgres_segments_waiting", "gauge", "Batches of them.", of(&backlog.segments));
    page.single("postgres_bytes_waiting", "gauge", "Bytes of them.", of(&backlog.bytes));
    page.single("postgres_bytes_max", "gauge", "Most bytes that may wait on disk.", of(&backlog.bytes_max));
    let help = "Whether rows wait in memory because no more may wait on disk.";
    page.single("postgres_full", "gauge", help, u8::from(backlog.full.load(Ordering::Relaxed)));
    page.single("postgres_rows_written_total", "counter", "Rows written to the database.", of(&backlog.rows_written));
    let help = "Batches put aside because the database refuses their content.";
    page.single("postgres_segments_refused_total", "counter", help, of(&backlog.segments_refused));
    page.family("postgres_watermark_timestamp_seconds", "gauge", "Event time up to which rows are in the database.");
    if let Some(watermark) = backlog.watermark() {
        page.sample("postgres_watermark_timestamp_seconds", &[], watermark.0 as f64 / 1e6);
    }
}

fn write_check(page: &mut Page, checked: &Checked) {
    let help = "How often a law of the tables was broken in the last self-check; expected ones hold unless the feed contradicted itself.";
    page.family("check_findings", "gauge", help);
    for (kind, count) in [("certain", checked.certain), ("expected", checked.expected)] {
        page.sample("check_findings", &[("kind", kind)], count);
    }
    let help = "Whether the last self-check could not be carried to its end.";
    page.single("check_failed", "gauge", help, u8::from(checked.trouble.is_some()));
    let help = "When the last self-check ended.";
    page.single("check_last_run_timestamp_seconds", "gauge", help, checked.ended_at.0 as f64 / 1e6);
    page.single("check_duration_seconds", "gauge", "How long it took.", checked.took.0 as f64 / 1e6);
    page.single("check_days", "gauge", "Days that it judged, each tenant's and each store's counted.", checked.days);
    page.single("check_rows", "gauge", "Rows that it read.", checked.rows);
}

fn write_serving(page: &mut Page, board: &Board) {
    let counts = &board.counts;
    page.single("live_clients", "gauge", "Live streams open.", counts.clients.load(Ordering::Relaxed));
    let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let help = "Snapshots sent to streams in place of changes that were no longer held.";
    page.single("live_resyncs_total", "counter", help, of(&counts.resyncs));
    page.single("live_refused_total", "counter", "Live streams refused at the limit.", of(&counts.refused));
    let help = "Live streams ended because their reader took nothing.";
    page.single("live_stalled_total", "counter", help, of(&counts.stalled));
    let help = "Series left out of answers at the limit of series.";
    page.single("metrics_series_dropped_total", "counter", help, of(&counts.series_dropped));
    page.single("ready", "gauge", "Whether answers are correct by now.", u8::from(board.is_ready()));
    let info = board.info();
    let started = info.started_at.0 as f64 / 1e6;
    page.single("start_timestamp_seconds", "gauge", "When the process started.", started);
    page.family("build_info", "gauge", "Version and revision of the program.");
    page.sample("build_info", &[("version", &info.version), ("commit", &info.commit)], 1);
}
