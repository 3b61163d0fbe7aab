//! `callfold simulate`: the events of a synthetic floor, into a file or to whoever connects.

use std::fs::File;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::task::JoinSet;

use super::Global;
use super::demo::speed;
use super::exit::{Code, Failure};
use super::output::{self, counted, write_failed};
use super::serve::{bind, local, runtime};
use super::signal::Signal;
use crate::app::clock::{Clock, wall_now};
use crate::app::{settings, synthetic};
use crate::handoff::stop::Stop;
use crate::model::time::{Micros, Span};
use crate::simulate::{Floor, Scenario};
use crate::source::tcp::CONNECTIONS_MAX;

/// Pieces of the feed that a subscriber may be behind before it is dropped.
const BEHIND_MAX: usize = 1024;

/// How long subscribers may take for what is left when the feed has ended.
const PATIENCE: Duration = Duration::from_secs(3);

/// Makes the events of a synthetic floor.
///
/// The same seed, start and size give the same bytes. Without --listen the events are written as fast as possible; with it
/// they are sent to every subscriber as their time comes; the floor opens when the first one connects.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  callfold simulate --agents 1000 --for 8h --out day.ndjson\n  \
    callfold simulate --listen 127.0.0.1:9100 & callfold serve --feed tcp://127.0.0.1:9100")]
pub struct SimulateArgs {
    /// Seats on the floor
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    agents: u32,
    /// Queues on the floor
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    queues: u32,
    /// Customers' calls an hour [default: as many as keep the agents busy]
    #[arg(long, value_name = "CALLS", value_parser = rate)]
    rate: Option<f64>,
    /// How long, as 8h or 30m [default: 1h; with --listen until stopped]
    #[arg(long = "for", value_name = "DURATION", value_parser = settings::duration)]
    length: Option<Span>,
    /// Seed of all chance
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// When the floor opens, as 2026-03-02T08:00:00Z [default: 2023-11-14T22:13:20Z; with --listen now]
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    start: Option<Micros>,
    /// File to write; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-", conflicts_with = "listen")]
    out: PathBuf,
    /// Send the events to everyone who connects to this address, as their time comes
    #[arg(long, value_name = "ADDR", value_parser = settings::resolve)]
    listen: Option<SocketAddr>,
    /// Simulated seconds a second, with --listen
    #[arg(long, default_value_t = 1.0, value_parser = speed, requires = "listen")]
    speed: f64,
    /// Allow addresses that other machines can reach
    #[arg(long, requires = "listen")]
    insecure: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    if rate > 0.0 && rate <= 1e9 { Ok(rate) } else { Err("not between 0 and 1000000000".into()) }
}

fn instant(text: &str) -> Result<Micros, String> {
    let instant: jiff::Timestamp =
        text.parse().map_err(|_| format!("`{text}` is no instant, as 2026-03-02T08:00:00Z"))?;
    Ok(Micros(instant.as_microsecond()))
}

/// Runs the command.
pub fn run(arguments: &SimulateArgs, global: &Global) -> Result<Code, Failure> {
    let stop = Stop::new();
    let signal = Signal::watch(stop.clone())?;
    let scenario = Scenario {
        agents: arguments.agents,
        queues: arguments.queues,
        seed: arguments.seed,
        start: arguments.start.unwrap_or(Scenario::default().start),
        calls_per_hour: arguments.rate,
        ..Scenario::default()
    };
    match arguments.listen {
        Some(address) => feed(arguments, scenario, address, &stop, global),
        None => write(arguments, scenario, &stop, global).and_then(|code| match signal.code() {
            Some(code) => Err(Failure::new(code, "stopped before the end; what was written is whole lines")),
            None => Ok(code),
        }),
    }
}

/// Writes as fast as possible.
fn write(arguments: &SimulateArgs, scenario: Scenario, stop: &Stop, global: &Global) -> Result<Code, Failure> {
    let start = scenario.start;
    let until = start + arguments.length.unwrap_or(Span::from_mins(60));
    let mut floor = Floor::new(scenario);
    let name = arguments.out.display().to_string();
    let mut out = open(&arguments.out).map_err(|error| write_failed(&name, &error))?;
    let (mut lines_written, mut bytes_written) = (0, 0);
    let written = synthetic::rush(&mut floor, start, until, |lines| {
        lines_written += memchr::memchr_iter(b'\n', lines).count() as u64;
        bytes_written += lines.len() as u64;
        out.write_all(lines)?;
        Ok(!stop.is_set())
    });
    written.and_then(|_| out.flush()).map_err(|error| write_failed(&name, &error))?;
    if !global.quiet && name != "-" {
        output::note(&format!(
            "{} ({} bytes) in {name}",
            counted(lines_written, "event"),
            output::grouped(bytes_written)
        ));
        output::note(&format!("next: callfold replay {name}"));
    }
    Ok(Code::Done)
}

fn open(path: &Path) -> io::Result<Box<dyn Write>> {
    if path.as_os_str() == "-" { Ok(Box::new(io::stdout().lock())) } else { Ok(Box::new(File::create(path)?)) }
}

/// Sends to everyone who connects. The floor opens when the first one does, so that somebody hears the logins.
fn feed(
    arguments: &SimulateArgs,
    scenario: Scenario,
    address: SocketAddr,
    stop: &Stop,
    global: &Global,
) -> Result<Code, Failure> {
    if settings::is_open(address) && !arguments.insecure {
        let what = format!("--listen {address} can be reached from other machines");
        return Err(Failure::new(Code::Configuration, what).with_fix("choose 127.0.0.1, or say --insecure"));
    }
    let runtime = runtime()?;
    runtime.block_on(async {
        let listener = bind(address, "--listen").await?;
        if !global.quiet {
            let address = local(&listener)?;
            output::note(&format!("waits for the first subscriber on {address}; Ctrl-C stops"));
            output::note(&format!("next: callfold serve --feed tcp://{address}"));
        }
        let (pieces, _) = broadcast::channel(BEHIND_MAX);
        let (over, opened) = (Stop::new(), Stop::new());
        let accepting = tokio::spawn(accept(listener, pieces.clone(), opened.clone(), over.clone()));
        tokio::select! {
            () = stop.wait() => return Ok(Code::Done),
            () = opened.wait() => {}
        }
        let start = arguments.start.unwrap_or_else(wall_now);
        let until = arguments.length.map_or(Micros::MAX, |length| start + length);
        let (clock, stopped) = (Clock::played(arguments.speed), stop.clone());
        let paced = tokio::task::spawn_blocking(move || {
            let mut floor = Floor::new(Scenario { start, ..scenario });
            clock.start(start);
            synthetic::pace(&mut floor, &clock, until, &stopped, |lines| {
                // An error says that nobody is connected now; the floor goes on all the same.
                let _ = pieces.send(Piece::from(lines.as_slice()));
                Ok(true)
            })
        });
        let paced = paced.await.map_err(|error| Failure::new(Code::Unexpected, error.to_string()))?;
        paced.map_err(|error| write_failed("subscribers", &error))?;
        over.stop();
        // Subscribers that do not take the rest in time are cut off.
        let _ = tokio::time::timeout(PATIENCE, accepting).await;
        Ok(Code::Done)
    })
}

type Piece = std::sync::Arc<[u8]>;

/// Accepts subscribers until the feed is `over`, then waits until each has everything. The first one sets `opened`.
async fn accept(listener: TcpListener, pieces: broadcast::Sender<Piece>, opened: Stop, over: Stop) {
    let mut subscribers = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = over.wait() => break,
            accepted = listener.accept() => accepted,
        };
        while subscribers.try_join_next().is_some() {}
        match accepted {
            Ok((_, peer)) if subscribers.len() >= CONNECTIONS_MAX => tracing::warn!(%peer, "too many subscribers"),
            Ok((stream, peer)) => {
                tracing::info!(%peer, "subscriber connected");
                let pieces = pieces.subscribe();
                subscribers.spawn(async move {
                    let ended = send(stream, pieces).await;
                    tracing::info!(%peer, ended, "subscriber gone");
                });
                opened.stop();
            }
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(pieces);
    while subscribers.join_next().await.is_some() {}
}

async fn send(mut stream: TcpStream, mut pieces: broadcast::Receiver<Piece>) -> &'static str {
    loop {
        match pieces.recv().await {
            Ok(piece) => {
                if stream.write_all(&piece).await.is_err() {
                    return "it closed the connection";
                }
            }
            // A feed with a hole would be a lie, so the connection ends instead.
            Err(broadcast::error::RecvError::Lagged(_)) => return "it was too slow",
            Err(broadcast::error::RecvError::Closed) => return "the feed has ended",
        }
    }
}
