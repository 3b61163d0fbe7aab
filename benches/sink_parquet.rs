//! How fast do rows become Parquet, and how small? One line per table: rows a second, nanoseconds and bytes a row.
//!
//! `sink_parquet [--keep DIR] [--rows N] [TABLE…]`. Making the rows is not counted.
//!
//! Every figure is the best of three, so that a neighbour's burst does not count.

use std::env;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use callfold::engine::output::{NewNames, RowBatch};
use callfold::model::row::Rows;
use callfold::model::time::Micros;
use callfold::sink::{Mode, Options, Store};
use callfold::{engine, for_each_table, model};

mod synthetic;

/// Rows in a batch.
const BATCH: u64 = 4096;

struct Wanted {
    keep: Option<PathBuf>,
    rows: u64,
    tables: Vec<String>,
}

fn wanted() -> Wanted {
    let mut wanted = Wanted { keep: None, rows: 400_000, tables: Vec::new() };
    let mut args = env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--keep" => wanted.keep = args.next().map(PathBuf::from),
            "--rows" => wanted.rows = args.next().and_then(|n| n.parse().ok()).unwrap_or(wanted.rows),
            "--bench" => {}
            table => wanted.tables.push(table.to_owned()),
        }
    }
    wanted
}

/// Delivers `rows` rows of one table; returns the time spent in the store alone, and the bytes written.
fn write(dir: &Path, fill: &dyn Fn(&mut Rows, u64, u64), rows: u64) -> (Duration, u64) {
    let mut store = Store::open_with(dir, Options { mode: Mode::Replay, replace: true }).expect("store opens");
    let names = synthetic::names("default", "east");
    store.deliver(&RowBatch { names, ..RowBatch::default() }).expect("names are taken");
    let mut spent = Duration::ZERO;
    for from in (0..rows).step_by(BATCH as usize) {
        let mut batch = RowBatch { names: NewNames::default(), watermark: Micros(1), ..RowBatch::default() };
        fill(&mut batch.rows, from, (from + BATCH).min(rows));
        let begun = Instant::now();
        store.deliver(&batch).expect("rows are taken");
        spent += begun.elapsed();
    }
    let begun = Instant::now();
    let published = store.finish().expect("files are published");
    spent += begun.elapsed();
    (spent, published.tables.iter().map(|t| t.bytes).sum())
}

/// Time from a batch to its visible files when an interval of all agents and queues closes, fsync included.
fn live(dir: &Path) {
    let mut store = Store::open_with(dir, Options { mode: Mode::Live, replace: false }).expect("store opens");
    let mut names = synthetic::names("default", "east");
    let (agents, queues) = (u64::from(synthetic::AGENTS), u64::from(synthetic::QUEUES));
    let mut times = Vec::new();
    for n in 0..8 {
        let mut rows = Rows::default();
        rows.agent_interval.extend((n * agents..(n + 1) * agents).map(synthetic::agent_interval));
        rows.agent_queue_interval.extend((2 * n * agents..2 * (n + 1) * agents).map(synthetic::agent_queue_interval));
        rows.agent_reason_interval.extend((n * agents..(n + 1) * agents).map(synthetic::agent_reason_interval));
        rows.queue_interval.extend((n * queues..(n + 1) * queues).map(synthetic::queue_interval));
        rows.queue_cohort_interval.extend((n * queues..(n + 1) * queues).map(synthetic::queue_cohort_interval));
        let watermark = Micros(synthetic::START.0 + (n as i64 + 1) * 900_000_000);
        let batch = RowBatch { partition: 0, names: std::mem::take(&mut names), rows, watermark };
        let begun = Instant::now();
        store.deliver(&batch).expect("interval is published");
        times.push(begun.elapsed());
    }
    times.sort();
    println!("live interval of {agents} agents, {queues} queues: median {:?}, worst {:?}", times[4], times[7]);
}

fn main() {
    let wanted = wanted();
    let dir =
        wanted.keep.clone().unwrap_or_else(|| env::temp_dir().join(format!("callfold-bench-{}", std::process::id())));
    println!("{:24} {:>12} {:>8} {:>8}", "table", "rows/s", "ns/row", "bytes/row");
    macro_rules! bench {
        ($table:ident) => {
            let name = stringify!($table);
            if wanted.tables.is_empty() || wanted.tables.iter().any(|t| t == name) {
                let fill = |rows: &mut Rows, from, to| rows.$table.extend((from..to).map(synthetic::$table));
                let runs = if wanted.keep.is_some() { 1 } else { 3 };
                let best = (0..runs).map(|_| write(&dir, &fill, wanted.rows)).min().expect("at least one run");
                let rows = wanted.rows as f64;
                let secs = best.0.as_secs_f64();
                println!("{name:24} {:>12.0} {:>8.0} {:>8.1}", rows / secs, secs * 1e9 / rows, best.1 as f64 / rows);
            }
        };
    }
    for_each_table!(bench);
    if wanted.keep.is_none() {
        let _ = std::fs::remove_dir_all(&dir);
        live(&dir);
        let _ = std::fs::remove_dir_all(&dir);
    }
}
