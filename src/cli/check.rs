//! `callfold check data`: whether the files of a store are whole and its tables agree.

#![expect(clippy::disallowed_methods, reason = "says how long the check takes")]

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, Subcommand};
use serde_json::json;

use super::Global;
use super::db::PostgresArgs;
use super::exit::{Code, Failure};
use super::output::{self, counted, grouped};
use super::progress::Progress;
use super::serve::configuration;
use super::signal::Signal;
use crate::app::postgres;
use crate::app::replay::Look;
use crate::app::settings::DATA_DEFAULT;
use crate::audit::{self, CheckError, Kind, Report, Stores};
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
    let text = if global.json { value(&report) } else { table(&report) };
    output::data(&text)?;
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
    let named = arguments.data.clone().or_else(|| config.store.path.as_ref().map(PathBuf::from));
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

/// The report for people: a line for each law, and under it the first rows that break it.
fn table(report: &Report) -> String {
    let mut out = format!("{:<22}{:<10}{:>14}{:>10}  what holds\n", "law", "", "checked", "broken");
    for (law, verdict) in report.findings.verdicts() {
        let (checked, broken) = (grouped(verdict.checked), grouped(verdict.broken));
        let (name, kind, says) = (law.name(), law.kind().word(), law.says());
        writeln!(out, "{name:<22}{kind:<10}{checked:>14}{broken:>10}  {says}").expect("a string takes all");
        for example in &verdict.examples {
            let key = if example.key.is_empty() { String::new() } else { format!(" {}", example.key) };
            writeln!(out, "    {}{key}: {}", example.place, example.what).expect("a string takes all");
        }
    }
    out
}

fn value(report: &Report) -> String {
    let laws = report.findings.verdicts().map(|(law, verdict)| {
        let examples = verdict.examples.iter().map(|e| json!({"file": e.place, "key": e.key, "what": e.what}));
        json!({"law": law.name(), "kind": law.kind().word(), "says": law.says(), "checked": verdict.checked, "broken": verdict.broken,
               "examples": examples.collect::<Vec<_>>()})
    });
    let value = json!({"broken": report.findings.broken(), "broken_certain": report.findings.broken_of(Kind::Certain), "rows": report.look.rows, "files": report.files,
        "stores": report.places, "unjudged": report.unjudged, "laws": laws.collect::<Vec<_>>()});
    format!("{value}\n")
}
