//! The live stream: server-sent events that follow the board, one task per reader.
//!
//! `hello` (clocks, build, targets), then `snapshot` or, when the reader's last event id is still held, what it missed;
//! then `delta` as things change, `heartbeat` every two seconds, `bye` at shutdown. The id of each event names the run
//! of the program and the last change the reader has, `EPOCH-SEQ`. The task takes changes from the board only when the
//! socket took what came before, so a slow reader costs one merged message and never a queue of them; one that takes
//! nothing at all for a while is dropped.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::ser::{Serialize, SerializeMap, Serializer};
use tokio::sync::mpsc::{self, Sender};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;

use super::board::{Board, SourceEntry, Tick};
use super::frame::Scope;
use super::info::BoardInfo;
use super::object::{SourceObject, encode};
use super::problem::Problem;
use super::request::Parameters;
use crate::model::time::Micros;

/// A comment goes out this often, for proxies that cut silent connections.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// A reader that takes nothing for this long is dropped.
const STALL_MAX: Duration = Duration::from_secs(30);
/// How long a reader waits before it comes back, in ms.
const RETRY_MS: u32 = 500;
/// Events between the task and the socket.
const IN_FLIGHT: usize = 2;

/// What a reader asked for.
struct Wanted {
    scope: Scope,
    /// Sequence number of the last change it has from this run of the program.
    resume: Option<u64>,
    /// Whether it came back from somewhere, this run or another.
    returning: bool,
}

/// `GET /api/v1/live/stream`.
pub(super) fn open(board: &Arc<Board>, parameters: &Parameters, headers: &HeaderMap) -> Result<Response, Problem> {
    let wanted = wanted(board, parameters, headers)?;
    let Some(seat) = Seat::take(board) else {
        board.counts.refused.fetch_add(1, Ordering::Relaxed);
        let detail = format!("{} streams are open, which is the limit", board.info().streams_max);
        let mut response = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_streams", detail).into_response();
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
        return Ok(response);
    };
    let (events, receiver) = mpsc::channel(IN_FLIGHT);
    tokio::spawn(Follower { seat, scope: wanted.scope, seq: 0, events }.run(wanted));
    let body = Body::from_stream(ReceiverStream::new(receiver).map(Ok::<Bytes, Infallible>));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, body).into_response())
}

/// The scope that `parameters` name; everything by default.
pub(super) fn scope(parameters: &Parameters) -> Result<Scope, Problem> {
    let Some(text) = parameters.get("scope") else { return Ok(Scope::ALL) };
    let mut scope = Scope { queues: false, agents: false };
    for word in text.split(',') {
        match word {
            "queues" => scope.queues = true,
            "agents" => scope.agents = true,
            other => {
                let detail = format!("scope {other:?} is not known: take queues, agents or both");
                return Err(Problem::parameter("scope", detail));
            }
        }
    }
    Ok(scope)
}

fn wanted(board: &Board, parameters: &Parameters, headers: &HeaderMap) -> Result<Wanted, Problem> {
    // A page that chooses its own pause before it comes back cannot set the header, hence the parameter.
    let header = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let last_id = header.or_else(|| parameters.get("last_event_id")).filter(|id| !id.is_empty());
    let resume = last_id
        .and_then(|id| id.split_once('-'))
        .filter(|(epoch, _)| *epoch == board.epoch())
        .and_then(|(_, seq)| seq.parse().ok());
    Ok(Wanted { scope: scope(parameters)?, resume, returning: last_id.is_some() })
}

/// One of the limited places for streams; given back when dropped.
struct Seat(Arc<Board>);

impl Seat {
    fn take(board: &Arc<Board>) -> Option<Self> {
        let max = board.info().streams_max;
        let taken = board
            .counts
            .clients
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |clients| (clients < max).then_some(clients + 1));
        taken.is_ok().then(|| Self(board.clone()))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.counts.clients.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The reader is gone, or takes nothing.
struct Gone;

struct Follower {
    seat: Seat,
    scope: Scope,
    seq: u64,
    events: Sender<Bytes>,
}

impl Follower {
    async fn run(mut self, wanted: Wanted) {
        // An error means that nobody reads any more; there is nothing left to tell anyone.
        let _ = self.follow(wanted).await;
    }

    async fn follow(&mut self, wanted: Wanted) -> Result<(), Gone> {
        let board = self.seat.0.clone();
        let mut changes = board.subscribe();
        let mut closing = board.closing();
        let heartbeat = board.info().heartbeat;
        let mut heartbeats = interval_at(Instant::now() + heartbeat, heartbeat);
        let mut comments = interval_at(Instant::now() + COMMENT_EVERY, COMMENT_EVERY);
        heartbeats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        comments.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.greet(&wanted).await?;
        let mut earliest = Instant::now();
        loop {
            let seq = self.seq;
            let due = async {
                let changed = changes.wait_for(|&last| last > seq).await.is_ok();
                sleep_until(earliest).await;
                changed
            };
            tokio::select! {
                biased;
                () = async { drop(closing.wait_for(|&closing| closing).await) } => {
                    return self.send("bye", br#"{"reason":"shutdown"}"#).await;
                }
                () = self.events.closed() => return Err(Gone),
                _ = heartbeats.tick() => {
                    let text = encode(&Heartbeat(Pulse::of(&board)));
                    self.send("heartbeat", &text).await?;
                }
                _ = comments.tick() => self.push(Bytes::from_static(b":\n\n")).await?,
                changed = due => {
                    if !changed {
                        return Err(Gone);
                    }
                    self.catch_up().await?;
                    earliest = Instant::now() + board.info().coalesce;
                }
            }
        }
    }

    /// Sends `hello`, and a snapshot unless the reader can go on from where it was.
    async fn greet(&mut self, wanted: &Wanted) -> Result<(), Gone> {
        let board = self.seat.0.clone();
        let resumed = wanted.resume.filter(|&seq| board.since(seq, self.scope).is_some());
        self.seq = resumed.unwrap_or(0);
        let hello = Hello { pulse: Pulse::of(&board), board: &board, resumed: resumed.is_some() };
        let text = encode(&hello);
        self.push(Bytes::from(format!("retry: {RETRY_MS}\n"))).await?;
        self.send("hello", &text).await?;
        if resumed.is_some() {
            return Ok(());
        }
        if wanted.returning {
            board.counts.resyncs.fetch_add(1, Ordering::Relaxed);
        }
        self.send_snapshot().await
    }

    async fn catch_up(&mut self) -> Result<(), Gone> {
        let board = self.seat.0.clone();
        let Some(message) = board.since(self.seq, self.scope) else {
            board.counts.resyncs.fetch_add(1, Ordering::Relaxed);
            return self.send_snapshot().await;
        };
        self.seq = message.seq;
        match message.body {
            Some(body) => self.send("delta", &body).await,
            None => Ok(()),
        }
    }

    async fn send_snapshot(&mut self) -> Result<(), Gone> {
        let message = self.seat.0.snapshot(self.scope);
        self.seq = message.seq;
        self.send("snapshot", &message.body.unwrap_or_default()).await
    }

    /// Sends an event whose data is one line of JSON.
    async fn send(&self, event: &str, data: &[u8]) -> Result<(), Gone> {
        debug_assert!(!data.contains(&b'\n'));
        let head = format!("event: {event}\nid: {}-{}\ndata: ", self.seat.0.epoch(), self.seq);
        let mut text = Vec::with_capacity(head.len() + data.len() + 2);
        text.extend_from_slice(head.as_bytes());
        text.extend_from_slice(data);
        text.extend_from_slice(b"\n\n");
        self.push(Bytes::from(text)).await
    }

    async fn push(&self, bytes: Bytes) -> Result<(), Gone> {
        match timeout(STALL_MAX, self.events.send(bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Gone),
            Err(_) => {
                self.seat.0.counts.stalled.fetch_add(1, Ordering::Relaxed);
                Err(Gone)
            }
        }
    }
}

/// Both clocks, how far the events have come, and the sources: what `heartbeat` says, and `hello` too.
struct Pulse {
    tick: Tick,
    watermark: Option<Micros>,
    sources: Vec<SourceEntry>,
    ready: bool,
}

impl Pulse {
    fn of(board: &Board) -> Self {
        let state = board.state();
        Self {
            tick: board.tick_now(&state),
            watermark: state.watermark(),
            sources: state.sources.clone(),
            ready: board.is_ready(),
        }
    }

    fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("server_time", &self.tick.server_time.to_string())?;
        map.serialize_entry("event_time", &self.tick.event_time.to_string())?;
        map.serialize_entry("clock_rate", &self.tick.clock_rate)?;
        map.serialize_entry("watermark", &self.watermark.map(|at| at.to_string()))?;
        map.serialize_entry("ready", &self.ready)?;
        let sources = self.sources.iter();
        let objects = sources.map(|entry| SourceObject { view: &entry.view, lag_seconds: entry.lag_seconds });
        map.serialize_entry("sources", &objects.collect::<Vec<_>>())
    }
}

struct Heartbeat(Pulse);

impl Serialize for Heartbeat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.0.entries(&mut map)?;
        map.end()
    }
}

struct Hello<'a> {
    pulse: Pulse,
    board: &'a Board,
    resumed: bool,
}

impl Serialize for Hello<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let info: &BoardInfo = self.board.info();
        let mut map = serializer.serialize_map(None)?;
        self.pulse.entries(&mut map)?;
        map.serialize_entry("build", &info.build())?;
        map.serialize_entry("epoch", self.board.epoch())?;
        map.serialize_entry("resumed", &self.resumed)?;
        map.serialize_entry("resume_window", &info.ring_frames)?;
        map.serialize_entry("heartbeat_seconds", &info.heartbeat.as_secs_f64())?;
        map.serialize_entry("info", info)?;
        map.end()
    }
}
