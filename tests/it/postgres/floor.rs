//! Batches of rows as a live program makes them, from a simulated floor; and the way from there into a database.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use callfold::app::settings::live_engine;
use callfold::engine::output::RowBatch;
use callfold::engine::partition::{Partition, Position};
use callfold::handoff::backlog::Backlog;
use callfold::model::time::{Micros, Span};
use callfold::simulate::{Floor, Scenario};
use callfold::sink::postgres::{Courier, Limits, Order, PostgresError, Spool, Spooler, Target};

/// How long anything may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Begin of every simulated day: 2026-11-29T10:00:00Z.
pub const START: Micros = Micros(1_795_946_400_000_000);

/// The batches of a floor over `minutes`, one a minute, as a live program hands them over.
pub fn batches(seed: u64, minutes: i64) -> Vec<RowBatch> {
    batches_of(Scenario { agents: 40, queues: 5, seed, start: START, ..Scenario::default() }, minutes, |lines| lines)
}

/// The same of any floor, its lines as `change` leaves them.
pub fn batches_of(scenario: Scenario, minutes: i64, change: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<RowBatch> {
    let start = scenario.start;
    let mut floor = Floor::new(scenario);
    let mut partition = Partition::new(live_engine());
    let mut batches = Vec::new();
    for minute in 1..=minutes {
        let (mut lines, now) = (Vec::new(), start + Span::from_mins(minute));
        floor.run_until(now, &mut lines);
        partition.feed(&change(lines), Position { line: 1, offset: 0 });
        if partition.now() < now {
            partition.tick(now);
        }
        batches.extend(partition.take_rows());
    }
    partition.finish();
    batches.extend(partition.take_rows());
    batches
}

/// Rows of all batches.
pub fn rows(batches: &[RowBatch]) -> u64 {
    batches.iter().map(|batch| batch.rows.len() as u64).sum()
}

/// The way of one program into a database.
pub struct Way {
    pub spooler: Spooler,
    pub backlog: Arc<Backlog>,
    spool: Arc<Spool>,
    order: (Target, String),
    /// How long rows are kept there.
    pub limits: Option<Limits>,
    courier: Option<Courier>,
}

impl Way {
    /// Opens the spool below `data`; nothing is carried yet.
    pub fn open(data: &Path, url: &str, writer: &str, bytes_max: u64) -> Self {
        let backlog = Arc::new(Backlog::new(bytes_max));
        let spool = Arc::new(Spool::open(data, Arc::clone(&backlog)).expect("a spool"));
        let target = Target::new(url, None, None).expect("an address");
        let spooler = Spooler::new(Arc::clone(&spool));
        Self { spooler, backlog, spool, order: (target, writer.to_owned()), limits: None, courier: None }
    }

    /// Starts to carry.
    pub fn carry(&mut self) -> Result<(), PostgresError> {
        let (target, writer) = self.order.clone();
        let (spool, backlog) = (Arc::clone(&self.spool), Arc::clone(&self.backlog));
        let order = Order { target, writer, spool, backlog };
        self.courier = Some(match &self.limits {
            Some(limits) => Courier::start_keeping(order, limits.clone())?,
            None => Courier::start(order)?,
        });
        Ok(())
    }

    pub fn deliver(&mut self, batches: &[RowBatch]) {
        for batch in batches {
            self.spooler.deliver(batch, || false).expect("the disk takes it");
        }
    }

    /// Waits until nothing waits any more.
    #[track_caller]
    pub fn wait_until_empty(&self) {
        wait(|| self.backlog.segments.load(Ordering::Relaxed) == 0, || format!("{:?}", self.backlog));
    }

    /// Ends the thread, without time for what waits.
    pub fn stop(&mut self) {
        if let Some(courier) = self.courier.take() {
            courier.finish(Duration::ZERO);
        }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits for something to become true.
#[track_caller]
pub fn wait(is_so: impl Fn() -> bool, otherwise: impl Fn() -> String) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "it does not come: {}", otherwise());
        std::thread::sleep(Duration::from_millis(5));
    }
}
