//! How fast do rows become Parquet, and how small? One line per table: rows a second, nanoseconds and bytes a row.
//!
//! `sink_parquet [--keep DIR] [--rows N] [TABLE…]`. Making the rows is not counted. `--feed FILE` takes the rows of a replay
//! of that file in the place of made-up ones: their order, their nulls and their repeated names are those of a day.
//!
//! Every figure is the best of three, so that a neighbour's burst does not count.

use std::env;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use callfold::app::settings::replay_engine;
use callfold::engine::output::{NewNames, RowBatch};
use callfold::engine::partition::{Partition, Position};
use callfold::handoff::ring::CHUNK_BYTES;
use callfold::model::row::Rows;
use callfold::model::time::Micros;
use callfold::sink::{Mode, Options, Store};
use callfold::{engine, for_each_table, model};

mod synthetic;

/// The program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rows in a batch.
const BATCH: u64 = 4096;

struct Wanted {
    keep: Option<PathBuf>,
    rows: u64,
    feed: Option<PathBuf>,
    tables: Vec<String>,
}

fn wanted() -> Wanted {
    let mut wanted = Wanted { keep: None, rows: 400_000, feed: None, tables: Vec::new() };
    let mut args = env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--keep" => wanted.keep = args.next().map(PathBuf::from),
            "--rows" => wanted.rows = args.next().and_then(|n| n.parse().ok()).unwrap_or(wanted.rows),
            "--feed" => wanted.feed = args.next().map(PathBuf::from),
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
    let mut times = [Vec::new(), Vec::new()];
    let mut count = 0;
    for n in 0..8 {
        for look in 1..=2 {
            let rows = synthetic::interval(n, look);
            count = rows.len();
            let watermark = Micros(synthetic::START.0 + (n as i64 + 1) * 900_000_000 + i64::from(look));
            let batch = RowBatch { names: std::mem::take(&mut names), rows, watermark, ..RowBatch::default() };
            let begun = Instant::now();
            store.deliver(&batch).expect("interval is published");
            times[look as usize - 1].push(begun.elapsed());
        }
    }
    times.iter_mut().for_each(|times| times.sort());
    println!(
        "interval of {} agents and {} queues, {count} rows, in published files:",
        synthetic::AGENTS,
        synthetic::QUEUES
    );
    for (what, times) in ["provisional", "final, in its place"].iter().zip(&times) {
        println!("  {what:30} median {:?}, worst {:?}", times[4], times[7]);
    }
}

/// The batches of rows that a replay of `file` makes.
fn rows_of(file: &Path) -> Vec<RowBatch> {
    let lines = std::fs::read(file).expect("the feed can be read");
    let mut partition = Partition::new(replay_engine());
    let mut batches = Vec::new();
    let mut rest = &lines[..];
    while !rest.is_empty() {
        let cut = rest.len().min(CHUNK_BYTES);
        let end = memchr::memchr(b'\n', &rest[cut..]).map_or(rest.len(), |at| cut + at + 1);
        partition.feed(&rest[..end], Position::default());
        rest = &rest[end..];
        if partition.rows_waiting() >= BATCH as usize / 2 {
            batches.extend(partition.take_rows());
        }
    }
    partition.finish();
    batches.extend(partition.take_rows());
    batches
}

/// Time that this thread has had a processor; zero where the system does not say.
fn processor_time() -> Duration {
    let account = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(account.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0))
}

/// Time to store the rows of a feed, fsync included.
fn replayed(dir: &Path, file: &Path) {
    let batches = rows_of(file);
    let rows: usize = batches.iter().map(|batch| batch.rows.len()).sum();
    let mut times = Vec::new();
    let mut bytes = 0;
    for _ in 0..3 {
        let mut store = Store::open_with(dir, Options { mode: Mode::Replay, replace: true }).expect("store opens");
        let (begun, worked) = (Instant::now(), processor_time());
        batches.iter().for_each(|batch| store.deliver(batch).expect("rows are taken"));
        let published = store.finish().expect("files are published");
        times.push((processor_time() - worked, begun.elapsed()));
        bytes = published.tables.iter().map(|t| t.bytes).sum();
    }
    let &(worked, waited) = times.iter().min().expect("three runs");
    let each = |time: Duration| time.as_secs_f64() * 1e9 / rows as f64;
    println!(
        "{rows} rows of {}: {:.0} ns of work a row, {:.0} with waiting",
        file.display(),
        each(worked),
        each(waited)
    );
    println!("{:.1} bytes a row", bytes as f64 / rows as f64);
}

fn main() {
    let wanted = wanted();
    let dir =
        wanted.keep.clone().unwrap_or_else(|| env::temp_dir().join(format!("callfold-bench-{}", std::process::id())));
    if let Some(feed) = &wanted.feed {
        replayed(&dir, feed);
        if wanted.keep.is_none() {
            let _ = std::fs::remove_dir_all(&dir);
        }
        return;
    }
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
