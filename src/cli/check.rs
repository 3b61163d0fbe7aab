//! `callfold check data`: whether the files of a store are whole and its tables agree.

#![expect(clippy::disallowed_methods, reason = "says how long the check takes")]

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, Subcommand};
use serde_json::json;

use super::Global;
use super::exit::{Code, Failure};
use super::output::{self, counted, grouped};
use super::progress::Progress;
use super::signal::Signal;
use crate::app::replay::Look;
use crate::app::settings::DATA_DEFAULT;
use crate::audit::{self, Kind, Report};
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
/// about one day of details, and may run beside `serve`: then the last day is read, but not judged, nor are laws about
/// logins and times of listening, which have no row before they end.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  callfold check data\n  callfold check data --data /var/lib/callfold --strict --json\n\n\
    Exit codes: 0 everything agrees, 5 there is no store, 6 something was found."
)]
pub struct DataArgs {
    /// Directory of the store
    #[arg(long, value_name = "DIR", default_value = DATA_DEFAULT)]
    data: PathBuf,
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
    if !arguments.data.join("history").is_dir() {
        let what = format!("{} holds no store", arguments.data.display());
        return Err(Failure::new(Code::NotFound, what).with_fix("name the directory of a store with --data"));
    }
    let stop = Stop::new();
    let signal = Signal::watch(stop.clone())?;
    let begun = Instant::now();
    let mut progress = Progress::of(global.quiet, "row", "found");
    let report = audit::check(&arguments.data, arguments.first, &stop, |look| {
        progress.show(&Look {
            bytes: look.bytes,
            bytes_total: Some(look.bytes_total),
            events: look.rows,
            rejected: look.broken,
            elapsed: begun.elapsed(),
            merged: None,
        });
    });
    progress.clear();
    let report = report?;
    if let Some(code) = signal.code() {
        return Err(Failure::new(code, "stopped before the end; nothing is said about what was not read"));
    }
    let text = if global.json { value(&report) } else { table(&report) };
    output::data(&text)?;
    if !global.quiet {
        let secs = begun.elapsed().as_secs_f64();
        let (rows, files) = (counted(report.look.rows, "row"), counted(report.files, "file"));
        let [certain, expected] = [Kind::Certain, Kind::Expected].map(|kind| grouped(report.findings.broken_of(kind)));
        let mut note = format!(
            "{rows} in {files} checked in {secs:.2} s, {certain} found, {expected} unless the feed explains them"
        );
        if let Some(date) = &report.unjudged {
            note += &format!("; the store is being written, {date} was not judged");
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
        "unjudged": report.unjudged, "laws": laws.collect::<Vec<_>>()});
    format!("{value}\n")
}
