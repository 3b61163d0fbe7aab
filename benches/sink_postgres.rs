//! How fast do rows reach PostgreSQL, and how soon is an interval there? A server of its own is started and thrown away.
//!
//! `sink_postgres [--rows N] [TABLE…]`. One line per table: rows a second into segments on disk (the harness, so to say), and from there
//! merged into the tables, first new and then once more with every row changed. Then an interval of all agents and queues: from the
//! batch to its visible rows, provisional and final. The server syncs, as anybody's does.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use callfold::engine::output::{NewNames, RowBatch};
use callfold::handoff::backlog::{Backlog, Role};
use callfold::model::row::Rows;
use callfold::model::time::Micros;
use callfold::sink::postgres::{Courier, Order, Spool, Spooler, Target};
use callfold::{engine, for_each_table, model};

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/postgres/cluster.rs"]
mod cluster;
mod synthetic;

/// The program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rows in a batch.
const BATCH: u64 = 20_000;

/// What a server has when somebody cares.
const SERVER: &str = "-c fsync=on -c synchronous_commit=on -c full_page_writes=on -c shared_buffers=512MB -c max_wal_size=4GB -c autovacuum=on";

/// The way into the database.
struct Way {
    spooler: Spooler,
    backlog: Arc<Backlog>,
    spool: Arc<Spool>,
    url: String,
}

impl Way {
    fn open(data: &Path, url: &str) -> Self {
        let backlog = Arc::new(Backlog::new(u64::MAX));
        let spool = Arc::new(Spool::open(data, Arc::clone(&backlog)).expect("a spool"));
        let mut spooler = Spooler::new(Arc::clone(&spool));
        let names = synthetic::names("default", "east");
        spooler.deliver(&RowBatch { names, ..RowBatch::default() }, || false).expect("names are taken");
        Self { spooler, backlog, spool, url: url.to_owned() }
    }

    /// Starts to carry and waits until everything is there; returns how long that took once there was a connection.
    fn carry(&self) -> Duration {
        let order = Order {
            target: Target::new(&self.url, None, None).expect("an address"),
            writer: "bench".into(),
            spool: Arc::clone(&self.spool),
            backlog: Arc::clone(&self.backlog),
        };
        let courier = Courier::start(order).expect("a database");
        while self.backlog.role() != Role::Writes {
            std::hint::spin_loop();
        }
        let spent = self.wait();
        courier.finish(Duration::from_secs(60));
        spent
    }

    fn wait(&self) -> Duration {
        let begun = Instant::now();
        while self.backlog.segments.load(Ordering::Relaxed) > 0 {
            assert!(self.backlog.trouble().is_none(), "{:?}", self.backlog);
            std::thread::sleep(Duration::from_micros(200));
        }
        begun.elapsed()
    }
}

/// Processor time that the server with the data directory `data` has had; zero where the system does not say.
fn processor_time(data: &Path) -> Duration {
    let postmaster = std::fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    let postmaster = postmaster.lines().next().unwrap_or_default().to_owned();
    let mut ticks = 0;
    for entry in std::fs::read_dir("/proc").into_iter().flatten().map_while(Result::ok) {
        let account = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // Behind the name in parentheses: state, parent, …, then from the 12th on user, system, and both of ended children.
        let Some((before, after)) = account.rsplit_once(')') else { continue };
        let fields: Vec<&str> = after.split_whitespace().collect();
        let ticks_of =
            |range: std::ops::Range<usize>| fields[range].iter().filter_map(|n| n.parse::<u64>().ok()).sum::<u64>();
        if before.split(' ').next() == Some(&postmaster) {
            ticks += ticks_of(11..15);
        } else if fields.get(1) == Some(&postmaster.as_str()) {
            ticks += ticks_of(11..13);
        }
    }
    Duration::from_millis(ticks * 10)
}

/// Spools `rows` rows of one table; returns the time spent.
fn spool(way: &mut Way, fill: &dyn Fn(&mut Rows, u64, u64), rows: u64, watermark: i64) -> Duration {
    let mut spent = Duration::ZERO;
    for from in (0..rows).step_by(BATCH as usize) {
        let watermark = Micros(synthetic::START.0 + watermark);
        let mut batch = RowBatch { names: NewNames::default(), watermark, ..RowBatch::default() };
        fill(&mut batch.rows, from, (from + BATCH).min(rows));
        let begun = Instant::now();
        way.spooler.deliver(&batch, || false).expect("the disk takes it");
        spent += begun.elapsed();
    }
    spent
}

/// The rows of interval number `n`, with what a second look changes.
fn interval(n: u64, look: i32) -> Rows {
    let mut rows = Rows::default();
    let (agents, queues) = (u64::from(synthetic::AGENTS), u64::from(synthetic::QUEUES));
    rows.agent_interval.extend((n * agents..(n + 1) * agents).map(synthetic::agent_interval));
    rows.agent_queue_interval.extend((2 * n * agents..2 * (n + 1) * agents).map(synthetic::agent_queue_interval));
    rows.agent_reason_interval.extend((n * agents..(n + 1) * agents).map(synthetic::agent_reason_interval));
    rows.queue_interval.extend((n * queues..(n + 1) * queues).map(synthetic::queue_interval));
    rows.queue_cohort_interval.extend((n * queues..(n + 1) * queues).map(synthetic::queue_cohort_interval));
    macro_rules! look {
        ($($table:ident)*) => {$(
            for row in &mut rows.$table {
                (row.revision, row.status) = (look, if look == 1 { "provisional" } else { "final" });
            }
        )*};
    }
    look!(agent_interval agent_queue_interval agent_reason_interval queue_interval queue_cohort_interval);
    rows
}

/// Time from a batch to its visible rows when an interval of all agents and queues closes.
fn live(data: &Path, url: &str) {
    let mut way = Way::open(data, url);
    let order = Order {
        target: Target::new(url, None, None).expect("an address"),
        writer: "live".into(),
        spool: Arc::clone(&way.spool),
        backlog: Arc::clone(&way.backlog),
    };
    let courier = Courier::start(order).expect("a database");
    way.wait();
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    let mut count = 0;
    for n in 0..8 {
        for look in 1..=2 {
            let rows = interval(n, look);
            count = rows.len();
            let watermark = Micros(synthetic::START.0 + (n as i64 + 2) * 900_000_000);
            let batch = RowBatch { names: NewNames::default(), rows, watermark, ..RowBatch::default() };
            let begun = Instant::now();
            way.spooler.deliver(&batch, || false).expect("the disk takes it");
            times[2].push(begun.elapsed());
            way.wait();
            times[look as usize - 1].push(begun.elapsed());
        }
    }
    courier.finish(Duration::from_secs(60));
    times.iter_mut().for_each(|times| times.sort());
    println!("interval of {} agents and {} queues, {count} rows:", synthetic::AGENTS, synthetic::QUEUES);
    for (what, times) in
        ["provisional, new rows", "final, the same rows changed", "of this, until durable here"].iter().zip(&times)
    {
        println!("  {what:30} median {:?}, worst {:?}", times[times.len() / 2], times[times.len() - 1]);
    }
}

fn main() {
    let (mut rows, mut tables) = (100_000, Vec::new());
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--rows" => rows = args.next().and_then(|n| n.parse().ok()).unwrap_or(rows),
            "--bench" => {}
            table => tables.push(table.to_owned()),
        }
    }
    let Some(cluster) = cluster::Cluster::start(SERVER) else { return };
    let dir: PathBuf = std::env::temp_dir().join(format!("callfold-bench-{}", std::process::id()));
    let heading = ["table", "spooled/s", "merged/s", "changed/s", "µs a row", "µs changed"];
    println!(
        "{:24} {:>12} {:>12} {:>12} {:>12} {:>12}",
        heading[0], heading[1], heading[2], heading[3], heading[4], heading[5]
    );
    println!("µs: processor time of the server, which does not depend on the neighbours");
    let mut total = (0, Duration::ZERO);
    macro_rules! bench {
        ($table:ident) => {
            let name = stringify!($table);
            if tables.is_empty() || tables.iter().any(|t| t == name) {
                let database = cluster.database(&format!("bench_{name}"));
                let mut way = Way::open(&dir.join(name), &database.url());
                way.carry();
                let fill = |rows: &mut Rows, from, to| rows.$table.extend((from..to).map(synthetic::$table));
                let spooled = spool(&mut way, &fill, rows, 1);
                let worked = processor_time(&cluster.dir().join("data"));
                let merged = way.carry();
                let work = processor_time(&cluster.dir().join("data")) - worked;
                let later = |rows: &mut Rows, from, to| {
                    fill(rows, from, to);
                    rows.$table.iter_mut().for_each(|row| row.written_at = Micros(row.written_at.0 + 1_000_000));
                };
                spool(&mut way, &later, rows, 10_000_000);
                let worked = processor_time(&cluster.dir().join("data"));
                let changed = way.carry();
                let work = [work, processor_time(&cluster.dir().join("data")) - worked];
                total = (total.0 + rows, total.1 + merged);
                let rate = |time: Duration| rows as f64 / time.as_secs_f64();
                let [new, again] = work.map(|work| work.as_secs_f64() * 1e6 / rows as f64);
                let rates = [rate(spooled), rate(merged), rate(changed)];
                println!(
                    "{name:24} {:>12.0} {:>12.0} {:>12.0} {new:>12.1} {again:>12.1}",
                    rates[0], rates[1], rates[2]
                );
            }
        };
    }
    // Those with many rows, and with a column that says when a row was written.
    bench!(call);
    bench!(party);
    bench!(queue_segment);
    bench!(handling_segment);
    bench!(agent_session);
    bench!(agent_state);
    bench!(queue_interval);
    bench!(queue_cohort_interval);
    bench!(queue_wait_hist);
    bench!(agent_interval);
    bench!(agent_queue_interval);
    bench!(agent_reason_interval);
    println!("{:24} {:>12} {:>12.0}", "all", "", total.0 as f64 / total.1.as_secs_f64());
    let database = cluster.database("bench_live");
    live(&dir.join("live"), &database.url());
    let _ = std::fs::remove_dir_all(&dir);
}
