//! `callfold demo`: a simulated or recorded floor, live on a wallboard, with no configuration.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;

use super::Global;
use super::db::PostgresArgs;
use super::exit::{Code, Failure};
use super::output;
use super::reading::ReadingArgs;
use super::serve::{bind, board_info, configuration, database, finish, local, runtime};
use super::signal::Signal;
use crate::app::clock::{Clock, wall_now};
use crate::app::config::Problem;
use crate::app::describe::Described;
use crate::app::live::Live;
use crate::app::retention::Retention;
use crate::app::selfcheck::SelfCheck;
use crate::app::settings::{self, DATA_DEFAULT, LISTEN_DEFAULT, PUBLISH_EVERY_DEFAULT, Settings, live_engine};
use crate::app::{playback, postgres, synthetic};
use crate::engine::partition::Position;
use crate::engine::settings::Settings as EngineSettings;
use crate::handoff::ring::{Chunk, Feeder};
use crate::handoff::stop::Stop;
use crate::model::time::{Micros, Span};
use crate::serve::BoardInfo;
use crate::simulate::{Floor, Scenario};
use crate::sink;
use crate::source::file::FileError;
use crate::source::merge::Merge;

/// How much simulated time has passed when the board appears.
const WARM_UP: Span = Span::from_mins(120);

/// The same for floors of more than [`LARGE`] seats, whose time takes longer to simulate.
const WARM_UP_LARGE: Span = Span::from_mins(45);

/// Seats from which a floor is large.
const LARGE: u32 = 1000;

/// How often the board looks while that time passes, so that its small curves have a past.
const LOOK_EVERY: Span = Span::from_mins(1);

/// A simulated floor, live on a wallboard, with no configuration.
///
/// The floor has been busy for two hours (a large one for less) when the board appears. With --from, recorded events are
/// played instead, each when its time has come; what lies before the first queue or agent is passed over at once. Rows of
/// calls leave once a minute, those of each quarter of an hour when it has ended (first as provisional, five minutes later
/// as final) and at the stop. Every demo begins anew, so it wants a store without rows.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  callfold demo --agents 50 --queues 5\n  \
    callfold demo --from monday.ndjson.gz --speed 60\n\n\
    Exit codes: 0 stopped, 3 address not on this machine, 5 file not found, 9 address or store in use or not empty.")]
pub struct DemoArgs {
    /// Seats on the simulated floor
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    agents: u32,
    /// Queues on the simulated floor
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    queues: u32,
    /// Simulated or recorded seconds a second
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// Seed of the simulation [default: another one each time]
    #[arg(long)]
    seed: Option<u64>,
    /// Directory of the store, without rows [default: ./data, or a new directory in it if that holds rows]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address and port of the wallboard [default: 127.0.0.1:8080, or a free port if that is taken]
    #[arg(long, value_name = "ADDR", value_parser = settings::resolve)]
    listen: Option<SocketAddr>,
    /// Play recorded events (a file or directory; plain, gzip or zstd) instead of a simulation
    #[arg(long, value_name = "FILE", conflicts_with_all = ["agents", "queues", "seed"])]
    from: Option<PathBuf>,
    #[command(flatten)]
    reading: ReadingArgs,
    #[command(flatten)]
    postgres: PostgresArgs,
    /// Write every event that was folded, too (event_log)
    #[arg(long)]
    event_log: bool,
    /// Do not open a browser
    #[arg(long)]
    no_open: bool,
}

/// A speed that a clock can run at.
pub(super) fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    if (0.01..=10_000.0).contains(&speed) { Ok(speed) } else { Err("not between 0.01 and 10000".into()) }
}

/// Runs the command.
pub fn run(arguments: &DemoArgs, global: &Global) -> Result<Code, Failure> {
    let recordings = arguments.from.as_ref().map(|path| arguments.reading.find(std::slice::from_ref(path)));
    let recordings = recordings.transpose()?;
    let mut config = configuration(None)?;
    arguments.postgres.lay_over(&mut config);
    let postgres = postgres::check(&config).map_err(|problems| Failure::configuration(&problems))?;
    let stop = Stop::new();
    let _signal = Signal::watch(stop.clone())?;
    let runtime = runtime()?;
    runtime.block_on(async {
        let listener = listen(arguments.listen).await?;
        let address = local(&listener)?;
        let settings = Settings {
            self_check: SelfCheck::never(),
            listen: address,
            data: data(arguments.data.as_deref())?,
            publish_every: PUBLISH_EVERY_DEFAULT,
            sl_target: 0.8,
            engine: EngineSettings { event_log: arguments.event_log, ..live_engine() },
            postgres,
            retention: Retention::default(),
            resume_within: Span(0),
            described: Described::default(),
            feeds: Vec::new(),
        };
        let is_wall_clock = recordings.is_none() && arguments.speed == 1.0;
        let clock = if is_wall_clock { Clock::wall() } else { Clock::played(arguments.speed) };
        let info = BoardInfo {
            demo: true,
            recorded: recordings.is_some(),
            wall_clock: is_wall_clock,
            ..board_info(&settings)
        };
        let mut live = Live::start(&settings, info, clock.clone(), stop.clone(), |_| {})?;
        live.board.set_clock_rate(arguments.speed);
        let (board, feeder) = (live.board.clone(), live.feeder.clone());
        let what = match recordings {
            Some(recordings) => {
                let merge = Merge::new(recordings.clone(), Arc::default())?;
                let names = recordings.iter().map(|recording| recording.name()).collect::<Vec<_>>().join(", ");
                live.add_thread(move || {
                    let played = playback::play(merge, &feeder, &clock, &stop, &|| !board.is_empty());
                    board.set_clock_rate(0.0);
                    match played {
                        Ok(()) => output::note("the recording has ended; the board stays until Ctrl-C"),
                        Err(FileError::Stopped { .. }) => {}
                        Err(error) => tracing::error!(%error, "the recording ended early"),
                    }
                })?;
                live.board.set_ready(true);
                format!("plays {names} at {} x", arguments.speed)
            }
            None => {
                let scenario = scenario(arguments);
                let what = format!("simulates {} seats and {} queues", arguments.agents, arguments.queues);
                let (warm, is_warm) = tokio::sync::oneshot::channel();
                live.add_thread(move || {
                    simulate(scenario, &feeder, &clock, &stop, || {
                        // Nobody waits any more if the program is stopping.
                        let _ = warm.send(());
                    });
                })?;
                tokio::select! {
                    _ = is_warm => live.board.set_ready(true),
                    () = live.stop.wait() => {}
                }
                what
            }
        };
        if !global.quiet && !live.stop.is_set() {
            greet(&what, address, &settings, arguments.no_open);
        }
        finish(live.run(listener).await, global)
    })
}

/// The address asked for; the usual one, or any free one, when nobody asked.
async fn listen(asked: Option<SocketAddr>) -> Result<TcpListener, Failure> {
    if let Some(address) = asked {
        if settings::is_open(address) {
            let what = format!("{address} can be reached from other machines, and a demo has no protection");
            let problem = Problem { place: "--listen".into(), what };
            return Err(Failure::configuration(&[problem]).with_fix("choose an address on 127.0.0.1"));
        }
        return bind(address, "--listen").await;
    }
    let usual: SocketAddr = LISTEN_DEFAULT.parse().expect("the built-in address is one");
    match TcpListener::bind(usual).await {
        Ok(listener) => Ok(listener),
        Err(_) => bind(SocketAddr::new(usual.ip(), 0), "--listen").await,
    }
}

/// The directory asked for, if it holds no rows; the usual one, or a new one in it, when nobody asked.
fn data(asked: Option<&Path>) -> Result<PathBuf, Failure> {
    let usual = Path::new(DATA_DEFAULT);
    if sink::stored_until(asked.unwrap_or(usual))?.is_none() {
        return Ok(asked.unwrap_or(usual).to_owned());
    }
    if let Some(asked) = asked {
        let what =
            format!("{} holds rows already, and a demo would add another floor to the same time", asked.display());
        return Err(Failure::new(Code::Conflict, what).with_fix("choose another directory with --data, or remove it"));
    }
    // Names sort by time; a second demo in one second finds the directory locked and says so.
    Ok(usual.join(format!("demo-{}", wall_now().0 / 1_000_000)))
}

fn scenario(arguments: &DemoArgs) -> Scenario {
    let now = wall_now();
    Scenario {
        agents: arguments.agents,
        queues: arguments.queues,
        seed: arguments.seed.unwrap_or(now.0.unsigned_abs()),
        start: now - if arguments.agents > LARGE { WARM_UP_LARGE } else { WARM_UP },
        ..Scenario::default()
    }
}

/// Runs the floor: first the time up to now, at once; then by the clock.
fn simulate(scenario: Scenario, feeder: &Feeder, clock: &Clock, stop: &Stop, warm: impl FnOnce()) {
    let start = scenario.start;
    let now = wall_now();
    let mut floor = Floor::new(scenario);
    let mut source = Simulated { feeder, stop, next: Position { line: 1, offset: 0 } };
    let mut passed = start;
    while passed < now {
        let until = (passed + LOOK_EVERY).min(now);
        let went_on = synthetic::rush(&mut floor, passed, until, |lines| Ok(source.take(lines)));
        if !matches!(went_on, Ok(true)) || !feeder.mark().is_ok_and(|seen| seen.blocking_recv().is_ok()) {
            return;
        }
        passed = until;
    }
    clock.start(now);
    warm();
    // Nothing here can fail: taking lines returns no error.
    let _ = synthetic::pace(&mut floor, clock, Micros::MAX, stop, |lines| Ok(source.take(lines)));
}

/// Puts simulated lines into the ring.
struct Simulated<'a> {
    feeder: &'a Feeder,
    stop: &'a Stop,
    next: Position,
}

impl Simulated<'_> {
    /// Takes `lines` and leaves an empty buffer; returns whether to go on.
    fn take(&mut self, lines: &mut Vec<u8>) -> bool {
        let mut fresh = self.feeder.buffer();
        fresh.clear();
        let bytes = std::mem::replace(lines, fresh);
        let position = self.next;
        self.next.line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
        self.next.offset += bytes.len() as u64;
        let chunk = Chunk { bytes, source: "simulation".into(), position, reply: None };
        !self.stop.is_set() && self.feeder.send(chunk).is_ok()
    }
}

/// Says where to look, and opens a browser if there is one.
fn greet(what: &str, address: SocketAddr, settings: &Settings, no_open: bool) {
    let url = format!("http://{address}/");
    output::note(&format!("callfold {what}"));
    output::note(&format!("  wallboard  {url}"));
    output::note(&format!("  API        {url}api/v1/queues   {url}api/v1/agents   {url}metrics"));
    let place = format!("{}/history/TABLE/**/*.parquet{}", settings.data.display(), database(settings));
    output::note(&format!("  history    {place}, as each interval ends"));
    output::note("  look at     waiting and longest wait of the queues, worst first; timers and reasons of the agents");
    output::note("  Ctrl-C stops");
    if !no_open && output::is_terminal() {
        open(&url);
    }
}

/// Asks the desktop to show `url`; a machine without a desktop has the address on its screen already.
#[expect(clippy::disallowed_methods, reason = "a desktop makes itself known by its display")]
fn open(url: &str) {
    let has_desktop = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if has_desktop {
        "xdg-open"
    } else {
        return;
    };
    let quiet = std::process::Stdio::null;
    let opened = std::process::Command::new(program).arg(url).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn();
    if let Err(error) = opened {
        tracing::debug!(%error, program, "no browser was opened");
    }
}
