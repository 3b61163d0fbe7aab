//! How fast do rows reach PostgreSQL, and how soon is an interval there? A server of its own is started and thrown away.
//!
//! `sink_postgres [--rows N] [TABLE…]`. One line per table: rows a second into segments on disk (the harness, so to say), and from there
//! merged into the tables, first new and then once more with every row changed. Then an interval of all agents and queues: from the
//! batch to its visible rows, provisional and final, by stage where one takes more than a millisecond (those of two sessions run at
//! once), alone and beside the files. The server syncs, as anybody's does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use callfold::app::catalogue::Catalogue;
use callfold::app::delivery::{Database, Delivery, Outlet, emptied, join};
use callfold::app::describe::Described;
use callfold::app::settings::live_engine;
use callfold::engine::output::{NewNames, RowBatch};
use callfold::handoff::backlog::{Backlog, Role};
use callfold::handoff::stop::Stop;
use callfold::model::row::Rows;
use callfold::model::time::Micros;
use callfold::sink::postgres::{Courier, Order, Spool, Spooler, Target};
use callfold::sink::{Mode, Store};
use callfold::{engine, for_each_table, model};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

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

/// Microseconds by stage and table, as the program tells them to whoever listens.
#[derive(Clone, Default)]
struct Stages(Arc<Mutex<ByStage>>);

type ByStage = BTreeMap<String, Vec<u64>>;

/// The fields of one such message.
#[derive(Default)]
struct Told {
    table: String,
    spent: Vec<(String, u64)>,
}

impl Visit for Told {
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "table" {
            value.clone_into(&mut self.table);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() != "rows" {
            self.spent.push((field.name().to_owned(), value));
        }
    }
}

impl<S: Subscriber> Layer<S> for Stages {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "callfold::postgres::stages" {
            let mut told = Told::default();
            event.record(&mut told);
            let mut stages = self.0.lock().expect("nobody panicked");
            for (stage, micros) in told.spent {
                stages.entry(format!("{stage:8} {}", told.table)).or_default().push(micros);
            }
        }
    }
}

/// Time from a batch to its visible rows when an interval of all agents and queues closes; with `files`, on the program's own way,
/// which writes Parquet at the same time. `rest` is called between batches, untimed.
fn live(data: &Path, url: &str, files: bool, stages: &Stages, rest: &dyn Fn()) {
    let way = Way::open(data, url);
    let order = Order {
        target: Target::new(url, None, None).expect("an address"),
        writer: "live".into(),
        spool: Arc::clone(&way.spool),
        backlog: Arc::clone(&way.backlog),
    };
    let courier = Courier::start(order).expect("a database");
    way.wait();
    let Way { spooler, backlog, .. } = way;
    let outlet = Outlet {
        store: files.then(|| Store::open(data, Mode::Live).expect("a store")),
        database: Some(Database::Live(Box::new(spooler), Stop::new())),
        catalogue: Catalogue::new(Described::default(), &live_engine()),
        retention: None,
        rejects: None,
        discard: None,
        progress: Arc::default(),
        gives_way: false,
    };
    let (deliveries, thread) = outlet.spawn().expect("a thread");
    let back = emptied();
    let (mut times, mut by_stage) = ([Vec::new(), Vec::new()], [ByStage::new(), ByStage::new()]);
    let mut names = synthetic::names("default", "east");
    let mut count = 0;
    println!("{}:", if files { "the same beside Parquet files" } else { "interval of 10 k agents and 500 queues" });
    for n in 0..12 {
        for look in 1..=2 {
            let rows = synthetic::interval(n, look);
            count = rows.len();
            let watermark = Micros(synthetic::START.0 + (2 * n as i64 + i64::from(look) + 2) * 450_000_000);
            let batch =
                Box::new(RowBatch { names: std::mem::take(&mut names), rows, watermark, ..RowBatch::default() });
            let before = backlog.rows_written.load(Ordering::Relaxed);
            let begun = Instant::now();
            deliveries.send(Delivery::Rows(batch, Arc::clone(&back))).expect("somebody takes it");
            while backlog.rows_written.load(Ordering::Relaxed) < before + count as u64 {
                assert!(backlog.trouble().is_none(), "{backlog:?}");
                std::thread::sleep(Duration::from_micros(200));
            }
            let visible = begun.elapsed();
            // The next one finds nothing that is still to be done.
            let mut is_back = false;
            while !is_back || backlog.segments.load(Ordering::Relaxed) > 0 {
                is_back = is_back || back.pop().is_some();
                std::thread::sleep(Duration::from_micros(200));
            }
            rest();
            // The first one brings all names, and everything that is made once.
            let told = std::mem::take(&mut *stages.0.lock().expect("nobody panicked"));
            if n > 0 {
                let look = look as usize - 1;
                times[look].push(visible);
                told.into_iter().for_each(|(stage, times)| by_stage[look].entry(stage).or_default().extend(times));
            }
        }
    }
    for (look, what) in ["provisional, new rows", "final, the same rows changed"].iter().enumerate() {
        times[look].sort();
        println!(
            "  {what:38} median {:?}, worst {:?}",
            times[look][times[look].len() / 2],
            times[look][times[look].len() - 1]
        );
        for (stage, times) in &mut by_stage[look] {
            times.sort_unstable();
            let median = times[times.len() / 2];
            if median >= 1000 {
                println!("    {stage:34} {:8.1} ms", median as f64 / 1e3);
            }
        }
    }
    println!("  {count} rows");
    drop(deliveries);
    join(thread).expect("delivered");
    courier.finish(Duration::from_secs(60));
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
    let stages = Stages::default();
    tracing_subscriber::registry().with(stages.clone()).init();
    // As an ordinary user, whom row-level security concerns.
    cluster.query("postgres", "CREATE ROLE centre LOGIN CREATEROLE");
    for files in [false, true] {
        let name = format!("bench_live_{files}");
        let database = cluster.database(&name);
        database.query(&format!("GRANT CREATE ON DATABASE {name} TO centre"));
        // What the server does by itself in the minutes between intervals, for which nobody waits here.
        let rest = || {
            database.query(
                "SELECT brin_summarize_new_values(c.oid) FROM pg_class c JOIN pg_am a ON a.oid = c.relam \
                 WHERE a.amname = 'brin' AND c.relkind = 'i'",
            );
        };
        live(&dir.join(&name), &cluster.url_for("centre", &name), files, &stages, &rest);
        let count = "SELECT count(*) FROM callfold.agent_interval WHERE status = 'final' AND revision = 2";
        assert_eq!(database.cell(count), "120000", "what was waited for is there");
    }
    let _ = std::fs::remove_dir_all(&dir);
}
