//! `callfold rebuild`: rows of a range of time made again from the event log, and held against those that are stored.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::Global;
use super::db::PostgresArgs;
use super::exit::{Code, Failure};
use super::output::{self, counted, grouped};
use super::progress::Progress;
use super::signal::Signal;
use crate::app::describe::instant;
use crate::app::postgres;
use crate::app::rebuild::{self, LOOK_DEFAULT, OfTable, Order, RebuildError, Report};
use crate::app::settings::{self, DATA_DEFAULT};
use crate::handoff::stop::Stop;
use crate::model::time::{Micros, Span};

/// Differences shown of each table.
const FIRST: usize = 5;

/// Folds a range of time again from the event log, and shows which rows of the store would be others.
///
/// Changes nothing without --write. With it, rows that differ are replaced whole by their keys, in one step for all tables: changed rows
/// get the next revision, and the status `revised` where they have one. Folding begins before the range, where what reaches into it
/// began, and goes on behind it until that is over; only rows whose time lies in the range are compared. The same configuration as
/// that of the program that wrote the rows gives the same rows.
///
/// With --postgres, or a configuration that names a database, its rows are compared, too, and with --write replaced in one transaction, under the lock
/// of the writer's name (postgres.writer). Rows of other programs' switches are left alone.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  callfold rebuild --from 2024-05-06 --to 2024-05-07\n  \
    callfold rebuild --from 2024-05-06T09:00:00Z --to 2024-05-06T10:00:00Z --data /var/lib/callfold --config callfold.toml --write\n  \
    callfold rebuild --from 2024-05-06 --to 2024-05-07 --postgres postgres://feeder@db.example/centre --write\n\n\
    Exit codes: 0 nothing differs, or everything was written, 2 wrong usage, 4 the database refuses, 5 no store, no event log, no database, or\n    \
    nothing of the range in the log, 6 rows differ, 7 database unreachable, 9 a program is writing the store or the database, or rows wait for it.")]
pub struct RebuildArgs {
    /// Begin of the range: an instant as 2024-05-06T09:00:00Z, or a date, which is its midnight in UTC
    #[arg(long, value_name = "T", value_parser = instant)]
    from: Micros,
    /// End of the range; not in it
    #[arg(long, value_name = "T", value_parser = instant)]
    to: Micros,
    /// Directory of the store
    #[arg(long, value_name = "DIR", default_value = DATA_DEFAULT)]
    data: PathBuf,
    /// Replace rows that differ
    #[arg(long)]
    write: bool,
    /// How far before the range folding begins [default: 24h, and farther back where a login reaches into the range]
    #[arg(long, value_name = "SPAN", value_parser = settings::duration)]
    look_back: Option<Span>,
    /// How far behind the range folding ends [default: 24h]
    #[arg(long, value_name = "SPAN", value_parser = settings::duration)]
    look_forward: Option<Span>,
    /// Configuration file (TOML): that of the program that wrote the rows
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    postgres: PostgresArgs,
    #[command(flatten)]
    attached: super::attached::AttachedArgs,
    /// Differences shown of each table
    #[arg(long, value_name = "N", default_value_t = FIRST)]
    first: usize,
}

/// Runs the command.
pub fn run(arguments: &RebuildArgs, global: &Global) -> Result<Code, Failure> {
    if !arguments.data.join("history").is_dir() {
        let what = format!("{} holds no store", arguments.data.display());
        return Err(Failure::new(Code::NotFound, what).with_fix("name the directory of a store with --data"));
    }
    let mut config = super::serve::configuration(arguments.config.as_deref())?;
    arguments.attached.lay_over(&mut config);
    arguments.postgres.lay_over(&mut config);
    let database = postgres::check(&config).map_err(|problems| Failure::configuration(&problems))?;
    let engine = settings::check_again(&config).map_err(|problems| Failure::configuration(&problems))?;
    let order = Order {
        data: arguments.data.clone(),
        from: arguments.from,
        to: arguments.to,
        look_back: arguments.look_back,
        look_forward: arguments.look_forward.unwrap_or(LOOK_DEFAULT),
        engine,
        write: arguments.write,
        database,
        samples: arguments.first,
    };
    let stop = Stop::new();
    let signal = Signal::watch(stop.clone())?;
    let mut progress = Progress::of(global.quiet, "event", "rejected");
    let ended = rebuild::run(&order, &stop, |look| progress.show(look));
    progress.clear();
    let report = match (ended, signal.code()) {
        (Err(RebuildError::Stopped), Some(code)) => {
            let failure = Failure::new(code, "stopped before anything was changed");
            return Err(failure.with_fix("run the same command again, it starts from the beginning"));
        }
        (ended, _) => ended?,
    };
    output::data(&if global.json { value(&report) } else { page(&report, &arguments.data) })?;
    if !global.quiet {
        notes(&report);
    }
    if report.differences() == 0 || report.written.is_some() {
        return Ok(Code::Done);
    }
    if global.json {
        let mut failure = Failure::new(Code::Findings, "stored rows differ from those of the event log");
        let of_database = report.database.iter().flat_map(|d| d.tables.iter().map(|table| ("database ", table)));
        let all = report.tables.iter().map(|table| ("", table)).chain(of_database);
        let differing = all.filter(|(_, table)| table.differences() > 0);
        failure.findings =
            differing.map(|(of, table)| format!("{of}{}: {}", table.name, table.differences())).collect();
        failure.report_json();
    }
    Ok(Code::Findings)
}

impl From<RebuildError> for Failure {
    fn from(error: RebuildError) -> Self {
        let what = error.to_string();
        match error {
            RebuildError::Store(error) => error.into(),
            RebuildError::Backwards { .. } => Self::new(Code::Usage, what).with_fix("give --to a later time than --from"),
            RebuildError::NoLog { .. } => Self::new(Code::NotFound, what).with_fix(
                "rows can be made again of what was written with history.event_log (serve) or --event-log (replay, demo)",
            ),
            RebuildError::Outside { .. } => {
                Self::new(Code::NotFound, what).with_fix("choose a range that the log covers")
            }
            RebuildError::Database(error) => error.into(),
            RebuildError::Waiting { .. } => Self::new(Code::Conflict, what)
                .with_fix("let `callfold serve` with --postgres write them first, and stop it when callfold db status says that nothing waits"),
            RebuildError::Stopped => Self::new(Code::Interrupted, what),
            RebuildError::Log(_) => {
                Self::new(Code::Unexpected, what).with_fix("callfold check data says what is wrong")
            }
        }
    }
}

/// The report for people, store by store.
fn page(report: &Report, data: &Path) -> String {
    let of_files = table(&report.tables);
    match &report.database {
        None => of_files,
        Some(database) => {
            format!("{}\n{of_files}\n{}\n{}", data.display(), database.place, table(&database.tables))
        }
    }
}

/// A line for each table, and under it the first rows that differ.
fn table(tables: &[OfTable]) -> String {
    let mut out = format!("{:<24}{:>12}{:>10}{:>10}{:>10}\n", "table", "same", "changed", "new", "vanished");
    for table in tables {
        let &OfTable { name, same, changed, new, vanished, .. } = table;
        let [same, changed, new, vanished] = [same, changed, new, vanished].map(grouped);
        writeln!(out, "{name:<24}{same:>12}{changed:>10}{new:>10}{vanished:>10}").expect("a string takes all");
        for sample in &table.samples {
            writeln!(out, "    {}: {}", sample.key, sample.what).expect("a string takes all");
        }
    }
    out
}

fn value(report: &Report) -> String {
    let tables = |tables: &[OfTable]| tables.iter().map(of_table).collect::<Vec<_>>();
    let database = report.database.as_ref().map(|d| {
        json!({"place": d.place, "tables": tables(&d.tables), "others": d.others, "waiting": d.waiting, "written": d.written})
    });
    let mut value = json!({"from": report.range.0.to_string(), "to": report.range.1.to_string(), "began": report.began.to_string(),
        "log_is_short": report.log_is_short, "events": report.look.events, "differences": report.differences(),
        "written": report.written.is_some(), "tables": tables(&report.tables)});
    if let Some(database) = database {
        value["database"] = database;
    }
    format!("{value}\n")
}

fn of_table(table: &OfTable) -> Value {
    let samples = table.samples.iter().map(|s| json!({"key": s.key, "what": s.what}));
    json!({"table": table.name, "same": table.same, "changed": table.changed, "new": table.new, "vanished": table.vanished,
               "undecided": table.undecided, "samples": samples.collect::<Vec<_>>()})
}

/// What happened, and what to do next.
fn notes(report: &Report) {
    let (events, secs) = (counted(report.look.events, "event"), report.look.elapsed.as_secs_f64());
    let (from, to) = report.range;
    let mut text =
        format!("{events} since {} folded again in {secs:.2} s, rows of {from} to {to} compared", report.began);
    if report.log_is_short {
        text += "; the event log begins later than that: what was under way then is known from its next event only, and rows about it may differ";
    }
    let undecided: u64 = report.tables.iter().map(|table| table.undecided).sum();
    if undecided > 0 {
        text +=
            &format!("; {} not over where folding ended, left as they are (--look-forward)", counted(undecided, "row"));
    }
    if let Some(database) = &report.database {
        if database.waiting > 0 {
            text +=
                &format!("; {} wait on disk for the database, and are not there yet", counted(database.waiting, "row"));
        }
        if database.others > 0 {
            text += &format!(
                "; {} of switches that the log does not know were left alone",
                counted(database.others, "row")
            );
        }
    }
    match (report.differences(), report.written) {
        (0, _) => text += ": nothing differs",
        (_, Some(files)) => {
            let of = |tables: &[OfTable]| counted(tables.iter().map(OfTable::differences).sum(), "row");
            text += &format!(": {} replaced in {}", of(&report.tables), counted(files, "file"));
            if let Some(database) = &report.database {
                text += &format!(" and {} in the database", of(&database.tables));
            }
        }
        (rows, None) => {
            text += &format!(": {} would be replaced; nothing was written, --write does", counted(rows, "row"))
        }
    }
    output::note(&text);
}
