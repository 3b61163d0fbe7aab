//! `callfold retain`: days that are older than they shall be kept go.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::Global;
use super::db::PostgresArgs;
use super::exit::{Code, Failure};
use super::output::{self, counted, grouped};
use super::serve::{configuration, runtime};
use crate::app::clock::wall_now;
use crate::app::describe::instant;
use crate::app::settings::DATA_DEFAULT;
use crate::app::{postgres, retention};
use crate::model::time::Micros;
use crate::sink::postgres::{Overdue, Removed, Target, overdue, remove};
use crate::sink::{self, Mode, Outdated, Store};

/// Removes the days of each table that are older than `[history.retention]` of the configuration says.
///
/// Without configuration the event log is kept for 90 days, and everything else for ever. Whole days (UTC) go, by the wall clock, from the files, and
/// with --postgres, or a configuration that names a database, from there, too. `serve` does the same by itself once a day; this is for stores that no
/// program writes any more, and with --dry-run for whoever wants to know first, also beside a running program. With --postgres and without --data, only
/// the database is meant where ./data holds no store.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  callfold retain --dry-run --config callfold.toml\n  \
    callfold retain --data /var/lib/callfold --config callfold.toml --json\n  \
    callfold retain --config callfold.toml --postgres postgres://feeder@db.example/centre\n\n\
    Exit codes: 0 done, 3 invalid configuration, 4 the database refuses, 5 there is no store or database, 7 database unreachable, 9 the store is in use.")]
pub struct RetainArgs {
    /// Directory of the store [default: the configuration's, or ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    postgres: PostgresArgs,
    /// Configuration file (TOML) with [history.retention]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Say what would go, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// As if it were then: an instant or a date (UTC) [default: now]
    #[arg(long, value_name = "T", value_parser = instant)]
    at: Option<Micros>,
}

/// Runs the command.
pub fn run(arguments: &RetainArgs, global: &Global) -> Result<Code, Failure> {
    let mut config = configuration(arguments.config.as_deref())?;
    arguments.postgres.lay_over(&mut config);
    let retention = retention::check(&config).map_err(|problems| Failure::configuration(&problems))?;
    let database = postgres::check(&config).map_err(|problems| Failure::configuration(&problems))?;
    let database = database.map(|database| database.target);
    let named = arguments.data.clone().or_else(|| config.store.path.as_ref().map(PathBuf::from));
    let is_named = named.is_some();
    let data = named.unwrap_or_else(|| PathBuf::from(DATA_DEFAULT));
    let has_store = data.join("history").is_dir();
    if !has_store && (is_named || database.is_none()) {
        let what = format!("{} holds no store", data.display());
        return Err(Failure::new(Code::NotFound, what).with_fix("name the directory of a store with --data"));
    }
    let limits = retention.limits(arguments.at.unwrap_or_else(wall_now));
    // A database that is not there is told before anything goes.
    let in_database = database.as_ref().map(|target| look(target, &limits)).transpose()?;
    let gone = match (has_store, arguments.dry_run) {
        (false, _) => None,
        (true, true) => Some(sink::outdated(&data, &limits)?),
        (true, false) => Some(Store::open(&data, Mode::Live)?.retain(&limits)?),
    };
    let removed = match &database {
        Some(target) if !arguments.dry_run => Some(runtime()?.block_on(remove(target, &limits))?),
        _ => None,
    };
    let told = Told { gone, database: in_database, removed, dry_run: arguments.dry_run };
    output::data(&if global.json { told.value() } else { told.page(&data) })?;
    if !global.quiet {
        told.note();
    }
    Ok(Code::Done)
}

/// A database, and what of it is too old.
struct Looked {
    place: String,
    overdue: Overdue,
}

fn look(target: &Target, limits: &[(&str, i64)]) -> Result<Looked, Failure> {
    let overdue = runtime()?.block_on(overdue(target, limits))?;
    Ok(Looked { place: target.place().to_owned(), overdue })
}

/// What there was to remove.
struct Told {
    /// From the files, if there are any.
    gone: Option<Vec<Outdated>>,
    /// From the database, if there is one.
    database: Option<Looked>,
    /// What was removed from it.
    removed: Option<Removed>,
    dry_run: bool,
}

/// Days of a table, one line of the page.
#[derive(Default)]
struct Line<'a> {
    dates: BTreeSet<&'a str>,
    rows: u64,
    bytes: u64,
}

impl Told {
    /// What went, by store and table.
    fn page(&self, data: &std::path::Path) -> String {
        let mut out = String::new();
        if let Some(gone) = &self.gone {
            if self.database.is_some() {
                writeln!(out, "{}", data.display()).expect("a string takes all");
            }
            let mut lines: BTreeMap<&str, Line<'_>> = BTreeMap::new();
            for partition in gone {
                let line = lines.entry(&partition.table).or_default();
                line.dates.insert(&partition.date);
                line.rows += partition.rows;
                line.bytes += partition.bytes;
            }
            table(&mut out, &lines);
        }
        if let Some(Looked { place, overdue }) = &self.database {
            writeln!(out, "{}{place}", if self.gone.is_some() { "\n" } else { "" }).expect("a string takes all");
            let mut lines: BTreeMap<&str, Line<'_>> = BTreeMap::new();
            for day in &overdue.days {
                let line = lines.entry(day.table).or_default();
                line.dates.insert(&day.date);
                line.rows += day.rows;
            }
            for month in &overdue.months {
                lines.entry(month.table).or_default().bytes += month.bytes;
            }
            table(&mut out, &lines);
        }
        out
    }

    fn value(&self) -> String {
        let partitions = self.gone.iter().flatten().map(|g| {
            json!({"table": g.table, "tenant": g.tenant, "date": g.date, "files": g.files, "rows": g.rows, "bytes": g.bytes})
        });
        let mut value = json!({"dry_run": self.dry_run, "partitions": partitions.collect::<Vec<_>>()});
        if let Some(Looked { place, overdue }) = &self.database {
            let days = overdue
                .days
                .iter()
                .map(|day| json!({"table": day.table, "tenant": day.tenant, "date": day.date, "rows": day.rows}));
            let months = overdue
                .months
                .iter()
                .map(|month| json!({"table": month.table, "month": month.month, "bytes": month.bytes}));
            let removed = self.removed.map(|removed| json!({"months": removed.months, "rows_besides": removed.rows}));
            value["database"] = json!({"place": place, "days": days.collect::<Vec<_>>(), "months": months.collect::<Vec<_>>(),
                "removed": removed});
        }
        format!("{value}\n")
    }

    /// What happened, in a sentence.
    fn note(&self) {
        let mut parts = Vec::new();
        if let Some(gone) = &self.gone {
            let bytes = grouped(gone.iter().map(|g| g.bytes).sum());
            parts.push(format!("{} of {bytes} bytes", counted(gone.len() as u64, "partition")));
        }
        if let Some(Looked { overdue, .. }) = &self.database {
            let rows = counted(overdue.days.iter().map(|day| day.rows).sum(), "row");
            let months = counted(overdue.months.len() as u64, "month");
            parts.push(format!("{rows} of the database ({months} as a whole)"));
        }
        let what = if self.dry_run { "would go; nothing was changed" } else { "removed" };
        output::note(&format!("{} {what}", parts.join(" and ")));
    }
}

/// A line for each table.
fn table(out: &mut String, lines: &BTreeMap<&str, Line<'_>>) {
    writeln!(out, "{:<24}{:>12}{:>12}{:>6}{:>14}{:>16}", "table", "first", "last", "days", "rows", "bytes")
        .expect("a string takes all");
    for (table, Line { dates, rows, bytes }) in lines {
        let [first, last] = [dates.first(), dates.last()].map(|date| date.copied().unwrap_or("-"));
        let ([rows, bytes], days) = ([*rows, *bytes].map(grouped), dates.len());
        writeln!(out, "{table:<24}{first:>12}{last:>12}{days:>6}{rows:>14}{bytes:>16}").expect("a string takes all");
    }
}
