//! The live board: the last view of every queue and agent, encoded once per change, and the ring of changes.
//!
//! In: deltas from one publisher thread. Out: snapshots and changes for streams, views for the API, totals for metrics.
//! [`Board::apply`] encodes outside the lock, swaps under it and wakes the readers; it never waits for one. It keeps
//! this: a reader that applies every change after a snapshot holds the same objects as a later snapshot shows.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use compact_str::CompactString;
use serde::Serialize;
use tokio::sync::watch;

use super::clock::server_now;
use super::frame::{Changed, Kind, Parts, Ring, Scope};
use super::info::BoardInfo;
use super::object::{AgentObject, Form, QueueObject, encode};
use super::spark::Spark;
use crate::engine::view::{AgentView, Counters, Delta, QueueFigures, QueueView, SourceView};
use crate::model::time::{Micros, Span};

/// The latest picture of the floor, and what readers need to follow it. Shared by all readers and one publisher.
#[derive(Debug)]
pub struct Board {
    info: BoardInfo,
    epoch: String,
    state: Mutex<State>,
    merged: Mutex<Merged>,
    changes: watch::Sender<u64>,
    closing: watch::Sender<bool>,
    ready: AtomicBool,
    clock_rate_bits: AtomicU64,
    pub(super) counts: Counts,
}

/// What the serving side counts about itself.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Streams open now.
    pub clients: AtomicUsize,
    /// Snapshots sent in place of changes that were no longer held.
    pub resyncs: AtomicU64,
    /// Streams refused because there were too many.
    pub refused: AtomicU64,
    /// Streams ended because their reader took nothing for too long.
    pub stalled: AtomicU64,
    /// Time series left out of an answer of `/metrics`.
    pub series_dropped: AtomicU64,
    /// Requests, for their ids.
    pub requests: AtomicU64,
}

/// Key of objects: id, then tenant, which is the order of lists.
pub(super) type Key = (CompactString, CompactString);

/// The event clock and the server clock at one instant, and how fast the one runs by the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tick {
    /// Event time.
    pub event_time: Micros,
    /// Server time.
    pub server_time: Micros,
    /// Event seconds per server second.
    pub clock_rate: f64,
}

/// A queue with what is derived from its views.
#[derive(Debug)]
pub(super) struct QueueEntry {
    /// Last view.
    pub view: Arc<QueueView>,
    /// Counts since the program started; never falls, unlike the view's day.
    pub total: QueueFigures,
    spark: Spark,
    slot: u32,
    json: Bytes,
}

#[derive(Debug)]
pub(super) struct AgentEntry {
    /// Last view.
    pub view: Arc<AgentView>,
    slot: u32,
    json: Bytes,
}

/// A source with the lag of its last event.
#[derive(Clone, Debug)]
pub(super) struct SourceEntry {
    /// Last view.
    pub view: SourceView,
    /// Seconds from event time to arrival when its last event came.
    pub lag_seconds: Option<f64>,
}

/// Everything behind the lock.
#[derive(Debug)]
pub(super) struct State {
    /// Event time of the last delta.
    pub as_of: Micros,
    /// Server time of the last delta.
    pub applied_at: Micros,
    /// Queues in the order of lists.
    pub queues: BTreeMap<Key, QueueEntry>,
    /// Agents in the order of lists.
    pub agents: BTreeMap<Key, AgentEntry>,
    /// Sources.
    pub sources: Vec<SourceEntry>,
    /// Totals of the engine.
    pub counters: Counters,
    ring: Ring,
}

/// Messages merged last, so that streams at the same position share one encoding.
#[derive(Debug, Default)]
struct Merged {
    deltas: Vec<(u64, Scope, Message)>,
    snapshot: Vec<(Scope, Message)>,
}

/// What a stream sends next: where it stands afterwards, and the JSON.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// Sequence number of the last change in it.
    pub seq: u64,
    /// Body of the event; `None` when nothing in scope changed.
    pub body: Option<Bytes>,
}

/// How many merged messages are kept for other streams.
const MERGED_MAX: usize = 8;

impl Board {
    /// A board without objects, not ready, whose event clock runs at the server's pace.
    #[must_use]
    pub fn new(info: BoardInfo) -> Arc<Self> {
        let state = State {
            as_of: Micros(0),
            applied_at: Micros(0),
            queues: BTreeMap::new(),
            agents: BTreeMap::new(),
            sources: Vec::new(),
            counters: Counters::default(),
            ring: Ring::new(info.ring_frames, info.ring_bytes),
        };
        Arc::new(Self {
            epoch: info.epoch(),
            info,
            state: Mutex::new(state),
            merged: Mutex::default(),
            changes: watch::Sender::new(0),
            closing: watch::Sender::new(false),
            ready: AtomicBool::new(false),
            clock_rate_bits: AtomicU64::new(1f64.to_bits()),
            counts: Counts::default(),
        })
    }

    /// Takes over everything that changed, read at `server_time` by the wall clock. For one publisher thread: cheap,
    /// and independent of how many readers there are and how slow.
    pub fn apply(&self, delta: Delta, server_time: Micros) {
        let level = self.info.sl_variant;
        let encoded_queues: Vec<Vec<u8>> =
            delta.queues.iter().map(|view| encode(&QueueObject { view, form: Form::Live, level })).collect();
        let encoded_agents: Vec<Vec<u8>> =
            delta.agents.iter().map(|view| encode(&AgentObject { view, form: Form::Live })).collect();
        let mut changed = Vec::with_capacity(encoded_queues.len() + encoded_agents.len());
        let mut state = self.state();
        let minute = minute_of(delta.as_of);
        for (view, json) in delta.queues.into_iter().zip(encoded_queues) {
            changed.extend(state.put_queue(view, json, minute));
        }
        for (view, json) in delta.agents.into_iter().zip(encoded_agents) {
            changed.extend(state.put_agent(view, json));
        }
        state.put_sources(delta.sources, server_time, self.info.wall_clock);
        state.counters = delta.counters;
        state.as_of = delta.as_of;
        state.applied_at = server_time;
        if changed.is_empty() {
            return;
        }
        let seq = state.ring.push(changed);
        drop(state);
        self.changes.send_replace(seq);
    }

    /// Whether there is neither a queue nor an agent to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let state = self.state();
        state.queues.is_empty() && state.agents.is_empty()
    }

    /// Whether answers are correct by now: recovery is over and the sources are attached.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Release);
    }

    /// How fast event time runs by the server's clock, in event seconds per second: 1 live, the speed of a demo, 0 when
    /// it stands. Timers of readers run at this pace between two deltas.
    pub fn set_clock_rate(&self, rate: f64) {
        let rate = if rate.is_finite() { rate.max(0.0) } else { 1.0 };
        self.clock_rate_bits.store(rate.to_bits(), Ordering::Relaxed);
    }

    /// Says goodbye on every stream and ends it; later ones are refused.
    pub fn shutdown(&self) {
        self.set_ready(false);
        self.closing.send_replace(true);
    }

    /// What the board was told at start.
    pub(super) const fn info(&self) -> &BoardInfo {
        &self.info
    }

    /// The name of this run in stream ids.
    pub(super) fn epoch(&self) -> &str {
        &self.epoch
    }

    /// See [`Board::set_ready`].
    pub(super) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Becomes greater with each change.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Becomes true at shutdown.
    pub(super) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// The state, locked: for reading only, and briefly.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A panic under the lock can only come from running out of memory; the maps are whole in any case.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// See [`Board::set_clock_rate`].
    pub(super) fn clock_rate(&self) -> f64 {
        f64::from_bits(self.clock_rate_bits.load(Ordering::Relaxed))
    }

    /// Both clocks now, event time carried on from the last delta.
    pub(super) fn tick_now(&self, state: &State) -> Tick {
        let (server_time, clock_rate) = (server_now(), self.clock_rate());
        if state.watermark().is_none() {
            return Tick { event_time: server_time, server_time, clock_rate };
        }
        let elapsed = (server_time - state.applied_at).0.max(0) as f64 * clock_rate;
        Tick { event_time: state.as_of + Span(elapsed as i64), server_time, clock_rate }
    }

    fn tick_applied(&self, state: &State) -> Tick {
        if state.watermark().is_none() {
            return self.tick_now(state);
        }
        Tick { event_time: state.as_of, server_time: state.applied_at, clock_rate: self.clock_rate() }
    }

    /// All objects of `scope`, encoded once for all readers at the same position.
    pub(super) fn snapshot(&self, scope: Scope) -> Message {
        let state = self.state();
        let seq = state.ring.last();
        let mut merged = self.merged();
        merged.snapshot.retain(|(_, message)| message.seq == seq);
        if let Some((_, message)) = merged.snapshot.iter().find(|(kept, _)| *kept == scope) {
            return message.clone();
        }
        let parts = Parts {
            queues: state.queues.values().map(|entry| entry.json.clone()).collect(),
            agents: state.agents.values().map(|entry| entry.json.clone()).collect(),
        };
        let tick = self.tick_applied(&state);
        let history = scope.queues.then(|| WaitingHistory::of(&state));
        drop(state);
        let mut text = body(seq, tick, &parts, scope);
        if let Some(history) = history {
            text.truncate(text.len() - 1);
            text.extend_from_slice(b",\"waiting_history\":");
            text.extend_from_slice(&encode(&history));
            text.push(b'}');
        }
        let message = Message { seq, body: Some(Bytes::from(text)) };
        merged.snapshot.push((scope, message.clone()));
        message
    }

    /// What changed in `scope` after `seq`; `None` when that is no longer known and a snapshot is due.
    pub(super) fn since(&self, seq: u64, scope: Scope) -> Option<Message> {
        let state = self.state();
        let last = state.ring.last();
        let mut merged = self.merged();
        merged.deltas.retain(|(_, _, message)| message.seq == last);
        if let Some((_, _, message)) = merged.deltas.iter().find(|(from, kept, _)| (*from, *kept) == (seq, scope)) {
            return Some(message.clone());
        }
        let parts = state.ring.since(seq, scope)?;
        let tick = self.tick_applied(&state);
        drop(state);
        let text = (!parts.is_empty()).then(|| Bytes::from(body(last, tick, &parts, scope)));
        let message = Message { seq: last, body: text };
        if merged.deltas.len() < MERGED_MAX {
            merged.deltas.push((seq, scope, message.clone()));
        }
        Some(message)
    }

    fn merged(&self) -> MutexGuard<'_, Merged> {
        self.merged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The JSON of a snapshot or a delta.
fn body(seq: u64, tick: Tick, parts: &Parts, scope: Scope) -> Vec<u8> {
    let mut text = format!(
        r#"{{"seq":{seq},"server_time":"{}","event_time":"{}","clock_rate":{},"#,
        tick.server_time, tick.event_time, tick.clock_rate
    )
    .into_bytes();
    parts.write(scope, &mut text);
    text.push(b'}');
    text
}

/// What a reader cannot know who comes late: how many calls waited in each queue, in the order of the snapshot's queues.
#[derive(Serialize)]
struct WaitingHistory {
    /// Length of a step.
    step_seconds: u32,
    /// Begin of the last step, in event time.
    last_step_at: String,
    /// The highest number of each step, oldest first.
    peaks: Vec<VecDeque<u32>>,
}

impl WaitingHistory {
    fn of(state: &State) -> Self {
        let minute = minute_of(state.as_of);
        Self {
            step_seconds: 60,
            last_step_at: Micros(minute * MINUTE.0).to_string(),
            peaks: state.queues.values().map(|entry| entry.spark.until(minute)).collect(),
        }
    }
}

const MINUTE: Span = Span::from_mins(1);

/// Whole minutes of event time since the epoch.
const fn minute_of(at: Micros) -> i64 {
    at.0.div_euclid(MINUTE.0)
}

impl State {
    /// Event time up to which everything has been seen; unknown before the first delta.
    pub fn watermark(&self) -> Option<Micros> {
        (self.applied_at != Micros(0)).then_some(self.as_of)
    }

    /// Stores a queue; the change if a reader could see one.
    fn put_queue(&mut self, view: QueueView, json: Vec<u8>, minute: i64) -> Option<Changed> {
        let slot = self.queues.len() as u32;
        let key = (view.id.clone(), view.tenant.clone());
        if let Some(entry) = self.queues.get_mut(&key) {
            add_growth(&mut entry.total, &entry.view.day, &view.day);
            entry.spark.note(minute, view.waiting);
            entry.view = Arc::new(view);
            if entry.json == json {
                return None;
            }
            entry.json = Bytes::from(json);
            return Some(Changed { kind: Kind::Queue, slot: entry.slot, json: entry.json.clone() });
        }
        let json = Bytes::from(json);
        let (total, mut spark) = (view.day, Spark::default());
        spark.note(minute, view.waiting);
        self.queues.insert(key, QueueEntry { view: Arc::new(view), total, spark, slot, json: json.clone() });
        Some(Changed { kind: Kind::Queue, slot, json })
    }

    /// Stores an agent; the change if a reader could see one.
    fn put_agent(&mut self, view: AgentView, json: Vec<u8>) -> Option<Changed> {
        let slot = self.agents.len() as u32;
        let key = (view.id.clone(), view.tenant.clone());
        if let Some(entry) = self.agents.get_mut(&key) {
            entry.view = Arc::new(view);
            if entry.json == json {
                return None;
            }
            entry.json = Bytes::from(json);
            return Some(Changed { kind: Kind::Agent, slot: entry.slot, json: entry.json.clone() });
        }
        let json = Bytes::from(json);
        self.agents.insert(key, AgentEntry { view: Arc::new(view), slot, json: json.clone() });
        Some(Changed { kind: Kind::Agent, slot, json })
    }

    /// Stores the sources. A source's lag is measured when its last event changes, so that a quiet one does not age.
    fn put_sources(&mut self, views: Vec<SourceView>, server_time: Micros, wall_clock: bool) {
        let before = std::mem::take(&mut self.sources);
        self.sources = views
            .into_iter()
            .map(|view| {
                let known = before
                    .iter()
                    .find(|entry| entry.view.switch == view.switch && entry.view.tenant == view.tenant)
                    .filter(|entry| entry.view.last_event_at == view.last_event_at);
                let lag_seconds = match known {
                    Some(entry) => entry.lag_seconds,
                    None if wall_clock && has_event(&view) => {
                        Some((server_time - view.last_event_at).0.max(0) as f64 / 1e6)
                    }
                    None => None,
                };
                SourceEntry { view, lag_seconds }
            })
            .collect();
    }
}

/// Whether the source has had an event, and with it a time of its last one.
pub(super) const fn has_event(view: &SourceView) -> bool {
    view.last_event_at.0 > 0
}

/// Adds to `total` what `now` has grown by since `before`; a fall means that a new day has begun from zero.
fn add_growth(total: &mut QueueFigures, before: &QueueFigures, now: &QueueFigures) {
    macro_rules! each {
        ($($name:ident)*) => {{
            let fell = false $(|| now.$name < before.$name)*;
            $( total.$name += if fell { now.$name } else { now.$name - before.$name }; )*
        }};
    }
    each!(entered answered answered_within_sl abandoned abandoned_short abandoned_within_sl abandoned_ringing
        diverted_in diverted_out cleared other no_answer transferred_out handled wait_answered_ms wait_abandoned_ms
        handle_ms queue_ms ring_ms talk_ms hold_ms acw_ms agents_staffed_ms agents_ready_ms);
}
