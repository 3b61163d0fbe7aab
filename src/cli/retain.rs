//! `callfold retain`: days that are older than they shall be kept go.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::Global;
use super::exit::{Code, Failure};
use super::output::{self, counted, grouped};
use crate::app::clock::wall_now;
use crate::app::describe::instant;
use crate::app::retention;
use crate::app::settings::DATA_DEFAULT;
use crate::model::time::Micros;
use crate::sink::{self, Mode, Outdated, Store};

/// Removes the days of each table that are older than `[history.retention]` of the configuration says.
///
/// Without configuration the event log is kept for 90 days, and everything else for ever. Whole days (UTC) go, by the wall clock, from the files; a
/// database keeps what it has. `serve` does the same by itself once a day; this is for stores that no program writes any more, and with
/// --dry-run for whoever wants to know first, also beside a running program.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  callfold retain --dry-run --config callfold.toml\n  \
    callfold retain --data /var/lib/callfold --config callfold.toml --json\n\n\
    Exit codes: 0 done, 3 invalid configuration, 5 there is no store, 9 the store is in use.")]
pub struct RetainArgs {
    /// Directory of the store
    #[arg(long, value_name = "DIR", default_value = DATA_DEFAULT)]
    data: PathBuf,
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
    if !arguments.data.join("history").is_dir() {
        let what = format!("{} holds no store", arguments.data.display());
        return Err(Failure::new(Code::NotFound, what).with_fix("name the directory of a store with --data"));
    }
    let config = super::serve::configuration(arguments.config.as_deref())?;
    let retention = retention::check(&config).map_err(|problems| Failure::configuration(&problems))?;
    let limits = retention.limits(arguments.at.unwrap_or_else(wall_now));
    let gone = if arguments.dry_run {
        sink::outdated(&arguments.data, &limits)?
    } else {
        Store::open(&arguments.data, Mode::Live)?.retain(&limits)?
    };
    output::data(&if global.json { value(&gone, arguments.dry_run) } else { table(&gone) })?;
    if !global.quiet {
        let (days, bytes) = (counted(gone.len() as u64, "partition"), grouped(gone.iter().map(|g| g.bytes).sum()));
        let what = if arguments.dry_run { "would go; nothing was changed" } else { "removed" };
        output::note(&format!("{days} of {bytes} bytes {what}"));
    }
    Ok(Code::Done)
}

/// What went, by table.
fn table(gone: &[Outdated]) -> String {
    let mut tables: BTreeMap<&str, Vec<&Outdated>> = BTreeMap::new();
    for partition in gone {
        tables.entry(&partition.table).or_default().push(partition);
    }
    let mut out = format!("{:<24}{:>12}{:>12}{:>6}{:>14}{:>16}\n", "table", "first", "last", "days", "rows", "bytes");
    for (table, partitions) in tables {
        let dates = || partitions.iter().map(|p| p.date.as_str());
        let (first, last) = (dates().min().unwrap_or_default(), dates().max().unwrap_or_default());
        let [rows, bytes] =
            [partitions.iter().map(|p| p.rows).sum(), partitions.iter().map(|p| p.bytes).sum()].map(grouped);
        let days = dates().collect::<std::collections::BTreeSet<_>>().len();
        writeln!(out, "{table:<24}{first:>12}{last:>12}{days:>6}{rows:>14}{bytes:>16}").expect("a string takes all");
    }
    out
}

fn value(gone: &[Outdated], dry_run: bool) -> String {
    let partitions = gone.iter().map(|g| {
        json!({"table": g.table, "tenant": g.tenant, "date": g.date, "files": g.files, "rows": g.rows, "bytes": g.bytes})
    });
    format!("{}\n", json!({"dry_run": dry_run, "partitions": partitions.collect::<Vec<_>>()}))
}
