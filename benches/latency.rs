//! How long it takes from an event's arrival to the frame that shows it, on loopback, with nothing coalesced.
//!
//! ```text
//!  sender ──TCP──▶ source ─▶ ring ─▶ worker ─▶ publisher ─▶ stream ──SSE──▶ reader        (server)
//!  sender ──TCP──▶ copies what it reads ─────────────────────────TCP──▶ reader            (harness alone)
//! ```
//!
//! The sender hands over a batch every millisecond, by a schedule that does not wait for anybody. A probe is an agent whose
//! state changes; its time runs from the instant at which its batch was *due* to the instant at which the reader has the
//! frame with the new state, so a stall counts for everything that was due meanwhile. Figures are for this machine with
//! sender and reader on it: they share its cores with the server.
//!
//!     cargo bench --profile dist --bench latency [-- SECONDS [EVENTS_PER_SECOND]]

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use callfold::app::clock::Clock;
use callfold::app::live::Live;
use callfold::app::settings::{Settings, live_engine};
use callfold::app::synthetic;
use callfold::handoff::stop::Stop;
use callfold::model::time::{Micros, Span};
use callfold::serve::BoardInfo;
use callfold::simulate::{Floor, Scenario};
use callfold::source::tcp;
use hdrhistogram::Histogram;
use memchr::memmem;

const AGENTS: u32 = 10_000;
const QUEUES: u32 = 500;
const PROBE_AGENTS: usize = 100;
const TICK: Duration = Duration::from_millis(1);
/// A probe every so many ticks.
const PROBE_EVERY: usize = 4;
/// Ticks before figures count: connections, first allocations, first files.
const WARM_UP_TICKS: usize = 2_000;
/// Time for the server to fold what was sent before.
const SETTLE: Duration = Duration::from_secs(3);
const GOAL: Duration = Duration::from_millis(5);

/// What is sent: batches, and the probes in them by what a reader sees of them.
struct Plan {
    /// Logins of all agents, so that the stretch measured is that of a running floor.
    before: Vec<u8>,
    batches: Vec<Vec<u8>>,
    /// Agent and begin of his state to number of the batch.
    probes: HashMap<(usize, String), usize>,
    events: usize,
}

fn plan(seconds: usize, rate: usize) -> Plan {
    let ticks = seconds * 1000 + WARM_UP_TICKS;
    let per_tick = rate / 1000;
    let start = Scenario::default().start;
    let mut floor = Floor::new(Scenario { agents: AGENTS, queues: QUEUES, ..Scenario::default() });
    let mut text = Vec::new();
    let mut now = start;
    let opening = start + Span::from_mins(10);
    let keep = |lines: &mut Vec<u8>, text: &mut Vec<u8>| {
        text.extend_from_slice(lines);
        Ok(true)
    };
    synthetic::rush(&mut floor, now, opening, |lines| keep(lines, &mut text)).expect("in memory");
    now = opening;
    for probe in 0..PROBE_AGENTS {
        let head = event("EventAgentLogin", probe, now);
        text.extend_from_slice(head.as_bytes());
    }
    let before = std::mem::take(&mut text);
    let wanted = ticks * per_tick;
    let mut lines = 0;
    while lines < wanted {
        let from = text.len();
        let until = now + Span::from_mins(1);
        synthetic::rush(&mut floor, now, until, |lines| keep(lines, &mut text)).expect("in memory");
        now = until;
        lines += memchr::memchr_iter(b'\n', &text[from..]).count();
    }
    let pace = Pace {
        from: opening,
        squeeze: (now - opening).0 / (ticks as i64 * 1000),
        // The end of a quarter of an hour falls into the middle: closing it is part of the day's work.
        to: (opening + Span::from_mins(15)).floor_to(Span::from_mins(15)) - Span(ticks as i64 * 500),
    };
    let mut lines = text.split_inclusive(|byte| *byte == b'\n');
    let mut plan = Plan { before, batches: Vec::with_capacity(ticks), probes: HashMap::new(), events: wanted };
    for tick in 0..ticks {
        let mut batch = Vec::new();
        lines.by_ref().take(per_tick).for_each(|line| pace.rewrite(line, &mut batch));
        if tick % PROBE_EVERY == 0 {
            let (probe, turn) = ((tick / PROBE_EVERY) % PROBE_AGENTS, tick / PROBE_EVERY / PROBE_AGENTS);
            let at = last_time(&batch);
            let kind = if turn % 2 == 0 { "EventAgentReady" } else { "EventAgentNotReady" };
            batch.extend_from_slice(event(kind, probe, at).as_bytes());
            plan.probes.insert((probe, at.to_string()), tick);
        }
        plan.batches.push(batch);
    }
    plan
}

/// Lets the busy floor's time run at the pace of the sender: so many events a second are a stretch of a far larger floor, and
/// minutes and quarters of an hour end as often as they do on one.
struct Pace {
    from: Micros,
    squeeze: i64,
    to: Micros,
}

impl Pace {
    fn rewrite(&self, line: &[u8], into: &mut Vec<u8>) {
        let at = self.to + Span((time_of(line) - self.from).0 / self.squeeze.max(1));
        let (secs, micros) = (at.0.div_euclid(1_000_000), at.0.rem_euclid(1_000_000));
        let mut rest = line;
        for (key, value) in [(SECS, secs), (MICROS, micros)] {
            let begin = memmem::find(rest, key).map_or(0, |found| found + key.len());
            let digits = rest[begin..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            into.extend_from_slice(&rest[..begin]);
            into.extend_from_slice(value.to_string().as_bytes());
            rest = &rest[begin + digits..];
        }
        into.extend_from_slice(rest);
    }
}

const SECS: &[u8] = b"\"TimeinSecs\":";
const MICROS: &[u8] = b"\"TimeinuSecs\":";

/// Time of the last event in `lines`.
fn time_of(lines: &[u8]) -> Micros {
    let number = |key: &[u8]| -> i64 {
        let at = memmem::rfind(lines, key).map_or(0, |at| at + key.len());
        lines[at..].iter().take_while(|byte| byte.is_ascii_digit()).fold(0, |n, byte| n * 10 + i64::from(byte - b'0'))
    };
    Micros::from_parts(number(SECS), number(MICROS))
}

/// An event of a probe, at its own millisecond.
fn event(kind: &str, probe: usize, at: Micros) -> String {
    let (secs, micros) = (at.0.div_euclid(1_000_000), at.0.rem_euclid(1_000_000));
    format!(
        "{{\"Event\":\"{kind}\",\"TimeinSecs\":{secs},\"TimeinuSecs\":{micros},\"Switch\":\"east\",\"ThisDN\":\"probe{probe}\",\
         \"AgentID\":\"probe{probe}\",\"AgentWorkMode\":\"ManualIn\"}}\n"
    )
}

/// Time of the last event of a batch, to the millisecond: as precise as a frame tells it.
fn last_time(batch: &[u8]) -> Micros {
    time_of(batch).floor_to(Span(1000))
}

/// Sends the plan by its schedule; returns when it began and how far behind the schedule it was at worst.
fn send(mut stream: TcpStream, plan: &Plan, begin: Instant) -> Duration {
    let mut latest = Duration::ZERO;
    for (tick, batch) in plan.batches.iter().enumerate() {
        let due = begin + TICK * tick as u32;
        if let Some(early) = due.checked_duration_since(Instant::now()) {
            std::thread::sleep(early);
        }
        latest = latest.max(due.elapsed());
        stream.write_all(batch).expect("the other side reads");
    }
    latest
}

/// Reads frames until every probe was seen or nothing comes any more; agents with their states go to the histogram.
fn read(
    mut stream: TcpStream,
    plan: &Plan,
    begin: &OnceLock<Instant>,
    keys: [&'static str; 2],
) -> (Histogram<u64>, usize) {
    stream.set_read_timeout(Some(2 * SETTLE)).expect("a socket option");
    let (id, since) = (memmem::Finder::new(keys[0]), memmem::Finder::new(keys[1]));
    let mut times = Histogram::new(3).expect("three digits");
    let (mut text, mut seen) = (Vec::<u8>::new(), 0);
    let mut buffer = vec![0; 1 << 20];
    while let Ok(count) = stream.read(&mut buffer) {
        let now = Instant::now();
        if count == 0 {
            break;
        }
        text.extend_from_slice(&buffer[..count]);
        let Some(end) = memchr::memrchr(b'\n', &text).map(|at| at + 1) else { continue };
        for at in id.find_iter(&text[..end]) {
            let rest = &text[at + keys[0].len()..end];
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (Ok(probe), Some(begin_at)) = (std::str::from_utf8(&rest[..digits]), since.find(rest)) else {
                continue;
            };
            let instant = &rest[begin_at + keys[1].len()..][..24];
            let key = (probe.parse().unwrap_or(usize::MAX), String::from_utf8_lossy(instant).into_owned());
            let Some(tick) = plan.probes.get(&key) else { continue };
            seen += 1;
            if let Some(begin) = begin.get()
                && *tick >= WARM_UP_TICKS
            {
                let due = *begin + TICK * u32::try_from(*tick).expect("minutes at most");
                times.record((now - due).as_nanos() as u64).expect("it resizes itself");
            }
        }
        text.drain(..end);
        if seen >= plan.probes.len() {
            break;
        }
    }
    (times, seen)
}

fn report(name: &str, times: &Histogram<u64>, seen: usize, plan: &Plan, latest: Duration) {
    let micros = |quantile| times.value_at_quantile(quantile) as f64 / 1000.0;
    println!(
        "{name:<16} p50 {:>8.0} µs   p99 {:>8.0} µs   p99.9 {:>8.0} µs   max {:>8.0} µs   {} of {} probes, sender late by at most {:.1} ms",
        micros(0.5),
        micros(0.99),
        micros(0.999),
        times.max() as f64 / 1000.0,
        seen,
        plan.probes.len(),
        latest.as_secs_f64() * 1e3
    );
}

/// Starts the reader, then sends; the connection for the feed gets `before` first.
fn measure(
    name: &str,
    plan: &Arc<Plan>,
    feed: SocketAddr,
    frames: TcpStream,
    keys: [&'static str; 2],
) -> Histogram<u64> {
    let begin = Arc::new(OnceLock::new());
    let reader: JoinHandle<_> = {
        let (plan, begin) = (Arc::clone(plan), Arc::clone(&begin));
        std::thread::spawn(move || read(frames, &plan, &begin, keys))
    };
    let mut sender = TcpStream::connect(feed).expect("listening");
    sender.set_nodelay(true).expect("a socket option");
    sender.write_all(&plan.before).expect("the other side reads");
    std::thread::sleep(SETTLE);
    let latest = send(sender, plan, *begin.get_or_init(|| Instant::now() + Duration::from_millis(100)));
    let (times, seen) = reader.join().expect("no panic");
    report(name, &times, seen, plan, latest);
    times
}

/// The same sockets and threads around a copy: what the harness costs by itself.
fn harness_alone(plan: &Arc<Plan>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let frames = TcpStream::connect(address).expect("listening");
    let (mut out, _) = listener.accept().expect("connected");
    out.set_nodelay(true).expect("a socket option");
    std::thread::spawn(move || {
        let (mut feed, _) = listener.accept().expect("connected");
        let (mut buffer, mut text) = (vec![0; 1 << 20], Vec::new());
        while let Ok(count @ 1..) = feed.read(&mut buffer) {
            text.extend_from_slice(&buffer[..count]);
            let end = memchr::memrchr(b'\n', &text).map_or(0, |at| at + 1);
            if out.write_all(&echo(&text[..end])).is_err() {
                break;
            }
            text.drain(..end);
        }
    });
    measure("harness alone", plan, address, frames, ["\"AgentID\":\"probe", "\"since\":\""]);
}

/// The lines with the instant of each probe as a frame would tell it.
fn echo(lines: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(2 * lines.len());
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        out.extend_from_slice(line);
        if memmem::find(line, b"\"probe").is_some() {
            out.extend_from_slice(format!("\"since\":\"{}\"\n", last_time(line)).as_bytes());
        }
    }
    out
}

fn server(plan: &Arc<Plan>) -> Histogram<u64> {
    let data: PathBuf = std::env::temp_dir().join(format!("callfold-latency-{}", std::process::id()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let http = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a free port");
    let feed = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a free port");
    let (listen, feed_address) = (http.local_addr().expect("bound"), feed.local_addr().expect("bound"));
    let settings = Settings {
        self_check: callfold::app::selfcheck::SelfCheck::never(),
        listen,
        data: data.clone(),
        publish_every: Duration::ZERO,
        sl_target: 0.8,
        engine: live_engine(),
        postgres: None,
        retention: callfold::app::retention::Retention::default(),
        resume_within: Span(0),
        described: Default::default(),
        feeds: Vec::new(),
    };
    let info = BoardInfo { coalesce: Duration::ZERO, ..BoardInfo::default() };
    let stop = Stop::new();
    let running = runtime.spawn({
        let stop = stop.clone();
        async move {
            let mut live = Live::start(&settings, info, Clock::wall(), stop.clone(), |_| {}).expect("a new store");
            live.add_task(tcp::listen(feed, live.feeder.clone(), stop));
            live.run(http).await.expect("a clean end")
        }
    });
    let mut frames = TcpStream::connect(listen).expect("listening");
    write!(frames, "GET /api/v1/live/stream HTTP/1.0\r\nhost: {listen}\r\n\r\n").expect("sent");
    let times = measure("event to frame", plan, feed_address, frames, ["{\"id\":\"probe", "\"since\":\""]);
    stop.stop();
    let closed = runtime.block_on(running).expect("no panic");
    let counters = closed.ended.counters;
    println!(
        "{:16} {} events folded, {} refused, {} rows delivered",
        "", counters.accepted, counters.rejected, closed.delivered.rows
    );
    let _ = std::fs::remove_dir_all(data);
    times
}

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let (seconds, rate) = (numbers.first().copied().unwrap_or(20), numbers.get(1).copied().unwrap_or(20_000));
    let plan = Arc::new(plan(seconds, rate));
    println!("{} events at {rate} a second, {AGENTS} agents, {QUEUES} queues, one reader of everything", plan.events);
    harness_alone(&plan);
    let times = server(&plan);
    let met = times.value_at_quantile(0.99) < GOAL.as_nanos() as u64;
    println!("goal: p99 below {} ms: {}", GOAL.as_millis(), if met { "met" } else { "missed" });
}
