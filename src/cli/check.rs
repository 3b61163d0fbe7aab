//! `callfold check data`: whether the files of a store are whole and its tables agree.

#![expect(clippy::disallowed_methods, reason = "says how long the check takes")]

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::Global;
use super::db::PostgresArgs;
use super::exit::{Code, Failure};
use super::output::{self, counted, grouped};
use super::progress::Progress;
use super::serve::configuration;
use super::signal::Signal;
use crate::app::config::Config;
use crate::app::postgres;
use crate::app::replay::Look;
use crate::app::settings::DATA_DEFAULT;
use crate::audit::{self, CheckError, Kind, Stores};
use crate::handoff::stop::Stop;

/// Examples kept for each law.
const FIRST: usize = 5;

/// Looks for what is wrong; the exit code says whether there is anything.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  callfold check data\n  callfold check data --data /var/lib/callfold --json")]
pub struct CheckArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Data(DataArgs),
}

/// Checks a store: every file against its manifest, every row against the laws of its table and against all others.
///
/// Interval rows are derived again from detail rows and compared to the last millisecond. Laws marked `expected` hold unless the
/// switch contradicted itself; what breaks them is shown, and counts only with --strict. Changes nothing, needs memory for
/// about one day of details, and may run beside `serve`: then days that ended less than two hours before what the store holds are read, but
/// not judged, nor are laws about logins and times of listening, which have no row before they end.
///
/// With --postgres, or a configuration that names a database, the database is checked by the same laws, with the rights of a reader and
/// in one transaction. With --data beside it, or a configuration that names both, the two are compared as well, cell by cell.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  callfold check data\n  callfold check data --data /var/lib/callfold --strict --json\n  \
    callfold check data --postgres postgres://reader@db.example/centre\n  \
    callfold check data --data ./data --postgres postgres://reader@db.example/centre\n\n\
    Exit codes: 0 everything agrees, 3 invalid configuration, 4 refused, 5 there is no store, 6 something was found, 7 database unreachable,\n\
    9 the database was made by another callfold."
)]
pub struct DataArgs {
    /// Directory of the store [default: ./data where no database is named]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    postgres: PostgresArgs,
    /// Configuration file (TOML): its store, and its database if it names one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Check nothing: print the report of the last self-check that `serve` made
    #[arg(long, conflicts_with_all = ["postgres", "first"])]
    last: bool,
    /// Count also what a feed that contradicts itself may explain
    #[arg(long)]
    strict: bool,
    /// Rows shown for each law that is broken
    #[arg(long, value_name = "N", default_value_t = FIRST)]
    first: usize,
}

/// Runs the command.
pub fn run(arguments: &CheckArgs, global: &Global) -> Result<Code, Failure> {
    let What::Data(arguments) = &arguments.what;
    if arguments.last {
        return show_last(arguments, global);
    }
    let stores = stores(arguments)?;
    let stop = Stop::new();
    let signal = Signal::watch(stop.clone())?;
    let begun = Instant::now();
    let mut progress = Progress::of(global.quiet, "row", "found");
    let report = audit::check(&stores, arguments.first, &stop, |look| {
        progress.show(&Look {
            bytes: look.bytes,
            bytes_total: look.bytes_total,
            events: look.rows,
            rejected: look.broken,
            elapsed: begun.elapsed(),
            merged: look.database,
        });
    });
    progress.clear();
    let report = report.map_err(|error| match error {
        CheckError::Store(error) => Failure::from(error),
        CheckError::Postgres(error) => Failure::from(error),
    })?;
    if let Some(code) = signal.code() {
        return Err(Failure::new(code, "stopped before the end; nothing is said about what was not read"));
    }
    let document = report.document();
    output::data(&if global.json { format!("{document}\n") } else { table(&document) })?;
    if !global.quiet {
        let secs = begun.elapsed().as_secs_f64();
        let rows = counted(report.look.rows, "row");
        let of = if stores.files.is_some() { format!("{} of ", counted(report.files, "file")) } else { String::new() };
        let places = report.places.join(" and ");
        let [certain, expected] = [Kind::Certain, Kind::Expected].map(|kind| grouped(report.findings.broken_of(kind)));
        let mut note = format!(
            "{rows} in {of}{places} checked in {secs:.2} s, {certain} found, {expected} unless the feed explains them"
        );
        if let Some(date) = &report.unjudged {
            note += &format!("; it is being written, from {date} on nothing was judged");
        }
        output::note(&note);
    }
    let counted = if arguments.strict { report.findings.broken() } else { report.findings.broken_of(Kind::Certain) };
    if counted == 0 {
        return Ok(Code::Done);
    }
    if global.json {
        let mut failure = Failure::new(Code::Findings, "the data contradict themselves");
        failure.findings = report
            .findings
            .verdicts()
            .filter(|(law, verdict)| verdict.broken > 0 && (arguments.strict || law.kind() == Kind::Certain))
            .map(|(law, verdict)| format!("{}: {} broken", law.name(), verdict.broken))
            .collect();
        failure.report_json();
    }
    Ok(Code::Findings)
}

/// What is to be checked: what flags name, else what the configuration does, else the usual directory.
fn stores(arguments: &DataArgs) -> Result<Stores, Failure> {
    let mut config = configuration(arguments.config.as_deref())?;
    arguments.postgres.lay_over(&mut config);
    let database = postgres::check(&config).map_err(|problems| Failure::configuration(&problems))?;
    let named = data_named(arguments, &config);
    let files = match (named, &database) {
        (None, Some(_)) => None,
        (named, _) => Some(named.unwrap_or_else(|| PathBuf::from(DATA_DEFAULT))),
    };
    if let Some(data) = files.as_ref().filter(|data| !data.join("history").is_dir()) {
        let what = format!("{} holds no store", data.display());
        return Err(Failure::new(Code::NotFound, what).with_fix("name the directory of a store with --data"));
    }
    Ok(Stores { files, database: database.map(|database| database.target) })
}

/// The data directory that somebody named.
fn data_named(arguments: &DataArgs, config: &Config) -> Option<PathBuf> {
    arguments.data.clone().or_else(|| config.store.path.as_ref().map(PathBuf::from))
}

/// Prints the last report of a running program's self-check.
fn show_last(arguments: &DataArgs, global: &Global) -> Result<Code, Failure> {
    let data = data_named(arguments, &configuration(arguments.config.as_deref())?);
    let data = data.unwrap_or_else(|| PathBuf::from(DATA_DEFAULT));
    let read = audit::last(&data).map_err(|error| Failure::new(Code::Unexpected, error.to_string()))?;
    let Some(document) = read else {
        let what = format!("no self-check has run in {}", data.display());
        return Err(Failure::new(Code::NotFound, what).with_fix("`callfold serve` runs one every night (check.at)"));
    };
    output::data(&if global.json { format!("{document}\n") } else { table(&document) })?;
    if !global.quiet {
        let text = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
        let days = document["days"].as_array().map_or(0, Vec::len);
        output::note(&format!(
            "ended at {}: {} in {} of {}{}",
            text("ended_at"),
            counted(document["rows"].as_u64().unwrap_or(0), "row"),
            counted(days as u64, "day"),
            names(&document["stores"]),
            document["trouble"].as_str().map(|why| format!("; not carried to its end: {why}")).unwrap_or_default()
        ));
    }
    let counted = if arguments.strict { &document["broken"] } else { &document["broken_certain"] };
    Ok(if counted.as_u64() == Some(0) { Code::Done } else { Code::Findings })
}

fn names(list: &Value) -> String {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(" and ")
}

/// The report for people: a line for each law, and under it the first rows that break it.
fn table(document: &Value) -> String {
    let mut out = format!("{:<22}{:<10}{:>14}{:>10}  what holds\n", "law", "", "checked", "broken");
    for law in document["laws"].as_array().into_iter().flatten() {
        let text = |of: &Value, key: &str| of[key].as_str().unwrap_or_default().to_owned();
        let count = |key: &str| grouped(law[key].as_u64().unwrap_or(0));
        let (name, kind, says) = (text(law, "law"), text(law, "kind"), text(law, "says"));
        writeln!(out, "{name:<22}{kind:<10}{:>14}{:>10}  {says}", count("checked"), count("broken"))
            .expect("a string takes all");
        for example in law["examples"].as_array().into_iter().flatten() {
            let key = text(example, "key");
            let key = if key.is_empty() { key } else { format!(" {key}") };
            writeln!(out, "    {}{key}: {}", text(example, "file"), text(example, "what")).expect("a string takes all");
        }
    }
    out
}
