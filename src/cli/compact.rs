//! `callfold compact`: many small files of a store become few large ones.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::Global;
use super::exit::{Code, Failure};
use super::output::{self, counted, grouped};
use super::signal::Signal;
use crate::app::settings::DATA_DEFAULT;
use crate::handoff::stop::Stop;
use crate::model::time::Micros;
use crate::sink::{Mode, Store};

/// Merges the small files that a live program has written, a partition at a time.
///
/// Rows stay as they are, and queries may go on meanwhile: whoever lists a partition sees its files before or after, never
/// both. `serve` does the same by itself when a day is over; this is for stores that no program writes any more, and for those
/// who do not want to wait. Stopped, it leaves every partition whole.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  callfold compact\n  callfold compact --data /var/lib/callfold --json\n\n\
    Exit codes: 0 done, 5 there is no store, 9 the store is in use.")]
pub struct CompactArgs {
    /// Directory of the store
    #[arg(long, value_name = "DIR", default_value = DATA_DEFAULT)]
    data: PathBuf,
}

/// Runs the command.
pub fn run(arguments: &CompactArgs, global: &Global) -> Result<Code, Failure> {
    if !arguments.data.join("history").is_dir() {
        let what = format!("{} holds no store", arguments.data.display());
        return Err(Failure::new(Code::NotFound, what).with_fix("name the directory of a store with --data"));
    }
    let stop = Stop::new();
    let signal = Signal::watch(stop.clone())?;
    let mut store = Store::open(&arguments.data, Mode::Live)?;
    let merged = store.compact(Micros(i64::MAX / 4), |_| !stop.is_set())?;
    store.finish()?;
    if global.json {
        output::data(&format!(
            "{}\n",
            json!({"partitions": merged.partitions, "files_before": merged.files_before, "files_after": merged.files_after,
                   "bytes_before": merged.bytes_before, "bytes_after": merged.bytes_after, "rows": merged.rows})
        ))?;
    }
    if !global.quiet {
        let (before, after) = (counted(merged.files_before, "file"), counted(merged.files_after, "file"));
        let (rows, bytes) = (counted(merged.rows, "row"), grouped(merged.bytes_before));
        output::note(&format!(
            "{before} with {rows} in {bytes} bytes became {after} of {} bytes",
            grouped(merged.bytes_after)
        ));
    }
    match signal.code() {
        Some(code) => Err(Failure::new(code, "stopped before the end; what was merged stays merged")
            .with_fix("run the same command again, it goes on where it stopped")),
        None => Ok(Code::Done),
    }
}
