//! `callfold replay`: recorded events to finished tables, and a summary.

use std::path::PathBuf;

use clap::Args;

use super::Global;
use super::db::PostgresArgs;
use super::exit::{Code, Failure};
use super::output::{self, counted, grouped};
use super::progress::Progress;
use super::reading::ReadingArgs;
use super::signal::Signal;
use super::summary::{self, Format};
use crate::app::describe::Described;
use crate::app::live::reject_path;
use crate::app::postgres::{self, Postgres};
use crate::app::replay::{self, Order, Report};
use crate::app::settings::{self as checked, DATA_DEFAULT};
use crate::engine::settings::Settings as EngineSettings;
use crate::handoff::stop::Stop;

/// Folds recorded events into the store as fast as the machine can.
///
/// Files may be plain, gzip or zstd; a directory stands for the files of events in it. They hold the event feed or the text
/// log of a server, of one of its clients, or of a program that uses the Platform SDK, told by their content. Files of one
/// server are read in the order of their headers, everything else is merged by time, so it does not matter how a day is
/// cut into files. Either all tables appear at the end, or, if the replay is interrupted, none; with --postgres also in the database,
/// where they replace rows of the same keys and intervals.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  callfold replay monday.ndjson.gz --data ./data\n  \
    callfold replay east.*.log.gz west/ --time-zone Europe/Berlin\n  \
    zstdcat week/*.zst | callfold replay - --dry-run --output csv > queues.csv\n\n\
    Exit codes: 0 done, 4 the database refuses, 5 file or database not found, 6 done but lines were refused,\n    \
    7 no database, 9 the store is in use or holds the same time.")]
pub struct ReplayArgs {
    /// Files or directories of events; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Directory of the store
    #[arg(long, value_name = "DIR", default_value = DATA_DEFAULT)]
    data: PathBuf,
    /// Replace rows of the same time that are already in the store
    #[arg(long)]
    replace: bool,
    /// Where refused lines go [default: DATA/rejects.ndjson]
    #[arg(long, value_name = "FILE")]
    reject_file: Option<PathBuf>,
    /// Fold and report, but write no tables
    #[arg(long)]
    dry_run: bool,
    /// Configuration file (TOML); its thresholds, attached keys, policies, kinds of DNs, names, groups and zones apply
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    postgres: PostgresArgs,
    #[command(flatten)]
    attached: super::attached::AttachedArgs,
    #[command(flatten)]
    reading: ReadingArgs,
    /// Write every event that was folded, too (event_log): from it a time can be folded again
    #[arg(long)]
    event_log: bool,
    /// How the summary is written
    #[arg(long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
}

/// Runs the command.
pub fn run(arguments: &ReplayArgs, global: &Global) -> Result<Code, Failure> {
    let recordings = arguments.reading.find(&arguments.files)?;
    let stop = Stop::new();
    let signal = Signal::watch(stop.clone())?;
    let (engine, described, postgres) = settings(arguments)?;
    let default_rejects = (!arguments.dry_run).then(|| reject_path(&arguments.data));
    let order = Order {
        recordings,
        data: (!arguments.dry_run).then(|| arguments.data.clone()),
        postgres: postgres.filter(|_| !arguments.dry_run).map(|postgres| postgres.target),
        replace: arguments.replace,
        reject_file: arguments.reject_file.clone().or(default_rejects),
        engine,
        described,
        explain: None,
    };
    let mut progress = Progress::new(global.quiet);
    let replayed = replay::run(order, &stop, |look| progress.show(look));
    progress.clear();
    let is_published = replayed.as_ref().is_ok_and(|report| report.delivered.published.is_some());
    if let Some(code) = signal.code()
        && !is_published
    {
        return Err(Failure::new(code, "stopped before the end; nothing was published")
            .with_fix("run the same command again, it starts from the beginning"));
    }
    let report = replayed?;
    let format = arguments.output.unwrap_or(if global.json { Format::Json } else { Format::Table });
    output::data(&summary::render(&report.ended.summary, format))?;
    if !global.quiet {
        notes(arguments, &report);
    }
    let complete = report.damaged.is_empty() && report.unmerged.is_none() && report.ended.counters.rejected == 0;
    if complete && report.look.rejected == 0 { Ok(Code::Done) } else { findings(&report, global) }
}

/// The settings, as far as a replay has any, and the database.
fn settings(arguments: &ReplayArgs) -> Result<(EngineSettings, Described, Option<Postgres>), Failure> {
    let mut config = super::serve::configuration(arguments.config.as_deref())?;
    arguments.attached.lay_over(&mut config);
    arguments.postgres.lay_over(&mut config);
    if arguments.event_log {
        config.history.event_log = Some(true);
    }
    let checked = checked::check_replay(&config);
    let (engine, described) = checked.map_err(|problems| Failure::configuration(&problems))?;
    let postgres = postgres::check(&config).map_err(|problems| Failure::configuration(&problems))?;
    Ok((engine, described, postgres))
}

/// What happened, where it is, and what to do next.
fn notes(arguments: &ReplayArgs, report: &Report) {
    let look = &report.look;
    let secs = look.elapsed.as_secs_f64();
    let rate = grouped((look.events as f64 / secs.max(1e-3)) as u64);
    let rejected =
        if look.rejected == 0 { "none rejected".into() } else { format!("{} rejected", grouped(look.rejected)) };
    let mut text = format!("{} in {secs:.2} s ({rate}/s), {rejected}", counted(look.events, "event"));
    if let Some(published) = &report.delivered.published {
        // Of dimensions nobody counts the rows: they tell nothing of the recording.
        let facts = || published.tables.iter().filter(|table| !table.is_dimension);
        let files = facts().map(|table| table.files).sum();
        let rows = facts().map(|table| table.rows).sum();
        let data = arguments.data.display();
        text += &format!("; {} in {} under {data}", counted(rows, "row"), counted(files, "file"));
        if let Some(rows) = report.delivered.database_rows {
            text += &format!("; {} in the database", counted(rows, "row"));
        }
        if rows > 0 {
            text += &format!(
                "\nnext: duckdb -c \"SELECT queue_id, sum(entered), sum(answered) FROM \
                 '{data}/history/queue_interval/**/*.parquet' GROUP BY ALL ORDER BY 1\""
            );
        }
    } else if arguments.dry_run {
        text += "; dry run, nothing was written";
    }
    output::note(&text);
}

/// Ends with findings, each of them said.
fn findings(report: &Report, global: &Global) -> Result<Code, Failure> {
    let mut findings: Vec<String> = report.damaged.iter().map(ToString::to_string).collect();
    if let Some(name) = &report.unmerged {
        findings
            .push(format!("{name} had to wait, too many files cover one time; replay fewer at once for exact numbers"));
    }
    let rejected = report.look.rejected.max(report.ended.counters.rejected);
    if rejected > 0 {
        let reasons: Vec<_> =
            report.ended.counters.rejected_by.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
        let place = report.delivered.reject_file.as_ref().map_or_else(
            || "name a --reject-file to see them".to_owned(),
            |path| format!("they are in {}", path.display()),
        );
        findings.push(format!("{} rejected{reasons}; {place}", counted(rejected, "line")));
        if report.look.events == 0 {
            findings.push(
                "no line was an event; a feed has one JSON object a line with at least Event and TimeinSecs".into(),
            );
        }
    }
    if !global.quiet || global.json {
        for finding in &findings {
            output::note(&format!("finding: {finding}"));
        }
    }
    if global.json {
        let mut failure = Failure::new(Code::Findings, "finished with findings");
        failure.findings = findings;
        failure.report_json();
    }
    Ok(Code::Findings)
}
