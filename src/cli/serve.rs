//! `callfold serve`: events in from any source, wallboard, API and tables out.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::Global;
use super::db::PostgresArgs;
use super::exit::{Code, Failure};
use super::output::{self, counted, grouped};
use super::reading::ReadingArgs;
use super::signal::Signal;
use crate::app::clock::{Clock, wall_now};
use crate::app::config::{self, Config};
use crate::app::live::{Closed, Live, LiveError};
use crate::app::resume::ResumeError;
use crate::app::settings::{self, Feed, Settings};
use crate::app::starting;
use crate::audit::Night;
use crate::handoff::selfcheck::SelfCheck;
use crate::handoff::stop::Stop;
use crate::serve::BoardInfo;
use crate::sink::postgres::Left;
use crate::source::file::{self, FileError, Recording};
use crate::source::follow::{self, can_grow};
use crate::source::input::Reading;
use crate::source::log;
use crate::source::merge::{self, Merge};
use crate::source::tcp;

/// Takes events, shows them live and keeps their history.
///
/// Without any --feed, events arrive by POST /api/v1/events. Files and standard input are read to their end; the board stays.
/// Settings come from, later wins: built-in values, --config, environment (CALLFOLD_SECTION__KEY), flags.
///
/// Rows of calls and agent states are written once a minute of event time; those of a quarter of an hour when it has ended,
/// first as provisional, five minutes later as final; at a stop, everything up to the last event, the running one as open. There is no
/// journal yet: an answer to POST means folded, not stored. A start within four hours of the last stop (history.resume_within) first folds
/// the end of the event log again and goes on from there; numbered events that are sent again count once. With --postgres the same
/// rows go to a database; while it is away they wait on disk.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  callfold serve --feed tcp-listen://127.0.0.1:9100 --data ./data\n  \
    callfold serve --feed file:/var/log/east --follow\n  \
    callfold serve --config callfold.toml --feed tcp://bridge.example:9100\n\n\
    Exit codes: 0 stopped, 3 invalid configuration, 4 the database refuses, 5 file or database not found, 9 address or store in use.")]
pub struct ServeArgs {
    /// A source: tcp-listen://ADDR, tcp://ADDR, file:PATH or - (repeatable)
    #[arg(long, value_name = "URL", allow_hyphen_values = true)]
    feed: Vec<String>,
    /// Read files on as they grow, over rotation
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    reading: ReadingArgs,
    /// Address and port of HTTP [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Directory of the store [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    postgres: PostgresArgs,
    #[command(flatten)]
    attached: super::attached::AttachedArgs,
    /// Allow addresses that other machines can reach, without TLS and tokens
    #[arg(long)]
    insecure: bool,
}

/// Runs the command.
pub fn run(arguments: &ServeArgs, global: &Global) -> Result<Code, Failure> {
    let settings = settings(arguments)?;
    let reading = arguments.reading.reading();
    let recordings = log::join(find(&settings.feeds)?, &reading)?;
    let stop = Stop::new();
    let _signal = Signal::watch(stop.clone())?;
    let runtime = runtime()?;
    runtime.block_on(async {
        let listener = bind(settings.listen, "--listen").await?;
        let address = local(&listener)?;
        let mut listeners = Vec::new();
        for feed in &settings.feeds {
            if let Feed::TcpListen(address) = feed {
                listeners.push(bind(*address, "--feed").await?);
            }
        }
        let figures = Arc::new(SelfCheck::default());
        let self_check = Some(Arc::clone(&figures));
        let info = BoardInfo { sl_target: settings.sl_target, self_check, ..board_info(&settings) };
        let started = starting::start(&settings, info, Clock::wall(), stop.clone(), listener).await;
        let (mut live, listener) = match started {
            Err(LiveError::Resume(ResumeError::Stopped)) => return Ok(Code::Done),
            started => started?,
        };
        let night = night(&settings, figures).start(stop.clone()).map_err(LiveError::Thread)?;
        for listener in listeners {
            tracing::info!(feed = %format!("tcp-listen://{}", local(&listener)?), "waiting for senders");
            live.add_task(tcp::listen(listener, live.feeder.clone(), stop.clone()));
        }
        for feed in &settings.feeds {
            if let Feed::Tcp(address) = feed {
                live.add_task(tcp::subscribe(address.clone(), live.feeder.clone(), stop.clone()));
            }
        }
        read(&mut live, recordings)?;
        follow(&mut live, &settings.feeds, &reading)?;
        live.board.set_ready(true);
        if !global.quiet {
            output::note(&format!("callfold {} listens on http://{address}/", env!("CARGO_PKG_VERSION")));
            output::note(&format!("history goes to {}{}; Ctrl-C stops", settings.data.display(), database(&settings)));
        }
        if settings::is_open(address) {
            tracing::warn!(%address, "other machines can reach this address without TLS and tokens (--insecure)");
        }
        let closed = live.run(listener).await;
        // It ends with the rows it is reading.
        let _ = tokio::task::spawn_blocking(move || night.join()).await;
        finish(closed, global)
    })
}

/// What the file and the environment say.
#[expect(clippy::disallowed_methods, reason = "the environment is part of the configuration")]
pub(super) fn configuration(file: Option<&std::path::Path>) -> Result<Config, Failure> {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
    let (name, text) = match file {
        Some(path) => (path.display().to_string(), read_config(path)?),
        None => ("configuration".to_owned(), String::new()),
    };
    config::read(&name, &text, variables).map_err(|problems| Failure::configuration(&problems))
}

/// Lays the flags over what the file and the environment say.
fn settings(arguments: &ServeArgs) -> Result<Settings, Failure> {
    let mut config = configuration(arguments.config.as_deref())?;
    arguments.attached.lay_over(&mut config);
    arguments.postgres.lay_over(&mut config);
    let flags = |flag: &Option<String>, key: &mut Option<String>| {
        if flag.is_some() {
            key.clone_from(flag);
        }
    };
    flags(&arguments.listen, &mut config.server.listen);
    flags(&arguments.data, &mut config.store.path);
    if arguments.insecure {
        config.server.insecure = Some(true);
    }
    let follow = Some(arguments.follow);
    config.feed.extend(arguments.feed.iter().map(|url| config::Feed { url: url.clone(), follow }));
    settings::check(&config).map_err(|problems| Failure::configuration(&problems))
}

fn read_config(path: &std::path::Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        let code = if error.kind() == std::io::ErrorKind::NotFound { Code::NotFound } else { Code::Configuration };
        Failure::new(code, format!("failed to read configuration {}: {error}", path.display()))
    })
}

/// The recordings that the feeds name, so that a missing file is told before anything starts.
fn find(feeds: &[Feed]) -> Result<Vec<Recording>, FileError> {
    let mut found = Vec::new();
    for feed in feeds {
        match feed {
            Feed::File(path) => found.extend(file::find(std::slice::from_ref(path))?),
            // What cannot grow is read to its end; the rest is for `follow`.
            Feed::Follow(path) if path.exists() => {
                let files = match file::find(std::slice::from_ref(path)) {
                    Err(FileError::Empty { .. }) => continue,
                    files => files?,
                };
                found.extend(files.into_iter().filter(|file| file.first_file().is_some_and(|file| !can_grow(file))));
            }
            Feed::Stdin => found.push(Recording::Stdin),
            Feed::Follow(_) | Feed::TcpListen(_) | Feed::Tcp(_) => {}
        }
    }
    Ok(found)
}

/// Reads recordings, merged by time, in a thread of their own. Standard input is apart: nobody knows when it speaks.
fn read(live: &mut Live, recordings: Vec<Recording>) -> Result<(), Failure> {
    let (pipes, files): (Vec<_>, Vec<_>) = recordings.into_iter().partition(Recording::is_stdin);
    for recordings in [pipes, files] {
        if recordings.is_empty() {
            continue;
        }
        let names = recordings.iter().map(Recording::name).collect::<Vec<_>>().join(", ");
        let mut merge = Merge::new(recordings, Arc::default())?;
        let (feeder, stop) = (live.feeder.clone(), live.stop.clone());
        live.add_thread(move || {
            let ended = merge::feed(&mut merge, &feeder, &stop);
            for error in merge.take_damaged() {
                tracing::error!(%error, "a source broke off");
            }
            match ended {
                Ok(()) => tracing::info!(source = %names, "read to the end"),
                Err(FileError::Stopped { .. }) => {}
                Err(error) => tracing::error!(%error, "a source ended early"),
            }
        })?;
    }
    Ok(())
}

/// Follows files that grow, each in a thread of its own.
fn follow(live: &mut Live, feeds: &[Feed], reading: &Reading) -> Result<(), Failure> {
    for feed in feeds {
        let Feed::Follow(path) = feed else { continue };
        if !path.is_dir() && !can_grow(path) {
            continue;
        }
        let (path, reading, feeder, stop) = (path.clone(), reading.clone(), live.feeder.clone(), live.stop.clone());
        live.add_thread(move || {
            if let Err(error) = follow::follow(&path, &reading, &feeder, &stop) {
                tracing::error!(%error, "a source ended early");
            }
        })?;
    }
    Ok(())
}

/// The self-check of this run.
fn night(settings: &Settings, figures: Arc<SelfCheck>) -> Night {
    let when = settings.self_check.when.clone();
    Night {
        data: settings.data.clone(),
        database: settings.postgres.as_ref().map(|postgres| postgres.target.clone()),
        next: Box::new(move |now| when.next(now)),
        now: wall_now,
        keep: settings.self_check.keep,
        figures,
    }
}

/// What the board is told about this run.
pub(super) fn board_info(settings: &Settings) -> BoardInfo {
    BoardInfo {
        started_at: wall_now(),
        data: settings.data.display().to_string(),
        sl_threshold: settings.engine.sl_threshold,
        short_abandon: settings.engine.short_abandon,
        ..BoardInfo::default()
    }
}

/// Threads for sockets; the work is elsewhere, so two are enough.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(32)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Code::Unexpected, format!("failed to start threads: {error}")))
}

/// Listens on `address`, which `flag` chose.
pub(super) async fn bind(address: SocketAddr, flag: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let code = match error.kind() {
            std::io::ErrorKind::AddrInUse => Code::Conflict,
            _ => Code::Unreachable,
        };
        Failure::new(code, format!("failed to listen on {address}: {error}"))
            .with_fix(format!("choose another address with {flag}, or stop the program that has it"))
    })
}

/// The address that a listener got.
pub(super) fn local(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener.local_addr().map_err(|error| Failure::new(Code::Unexpected, format!("a listener has no address: {error}")))
}

/// Says what happened.
pub(super) fn finish(closed: Result<Closed, LiveError>, global: &Global) -> Result<Code, Failure> {
    let closed = closed?;
    if closed.ended.delivery_lost {
        return Err(Failure::new(Code::Unexpected, "the delivery thread ended before the events did"));
    }
    if !global.quiet {
        let counters = &closed.ended.counters;
        let mut text = format!("stopped after {}", counted(counters.accepted, "event"));
        if counters.rejected > 0 {
            let path = closed.delivered.reject_file.map(|path| format!(" ({})", path.display())).unwrap_or_default();
            text += &format!(", {} rejected{path}", counted(counters.rejected, "line"));
        }
        output::note(&text);
        closed.database.iter().for_each(|left| output::note(&left_over(left)));
    }
    Ok(Code::Done)
}

/// The database in the sentence about where history goes.
pub(super) fn database(settings: &Settings) -> String {
    let target = settings.postgres.as_ref().map(|postgres| postgres.target.place());
    target.map(|place| format!(" and {place}")).unwrap_or_default()
}

/// What became of the rows for the database.
fn left_over(left: &Left) -> String {
    let mut text = format!("{} written to the database", counted(left.rows_written, "row"));
    if left.rows_waiting > 0 {
        text += &format!(", {} left on disk for the next start", grouped(left.rows_waiting));
        if let Some(trouble) = &left.trouble {
            text += &format!(": {trouble}");
        }
    }
    if left.segments_refused > 0 {
        text += &format!("; {} put aside in DATA/postgres/refused", counted(left.segments_refused, "batch"));
    }
    text
}
