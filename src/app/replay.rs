//! A replay: recorded events to finished tables, as fast as the machine can.
//!
//! ```text
//!  read + decompress ──chunks──▶ decode + fold ──rows──▶ store          one thread each; the caller's thread watches
//!                    ◀─buffers──
//! ```
//!
//! In: recordings, where the store is, and a database if there is one. Out: figures, tables, a reject file. An interrupted replay publishes nothing, so
//! that running it again is all there is to do. Refuses to print.

#![expect(clippy::disallowed_methods, reason = "says how long the replay took")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError, bounded};

use super::catalogue::Catalogue;
use super::delivery::{self, Database, Delivered, DeliveryError, Outlet};
use super::describe::Described;
use super::reject::{Begin, RejectError, RejectFile};
use super::writer::{Ended, Leave, Progress, Writer};
use crate::engine::explain::Wanted;
use crate::engine::partition::Partition;
use crate::engine::settings::Settings as EngineSettings;
use crate::handoff::backlog::Backlog;
use crate::handoff::ring::{Feeder, ring};
use crate::handoff::stop::Stop;
use crate::sink::postgres::{Collector, IntakeError, Target};
use crate::sink::{Mode, Options, Store, StoreError};
use crate::source::file::{FileError, Recording};
use crate::source::merge::{self, Merge};

/// Chunks between reader and worker.
const RING_DEPTH: usize = 8;

/// How long a reader may take to notice that it shall stop; one that waits for a silent pipe never does.
const PATIENCE: Duration = Duration::from_millis(500);

/// Rows that are worth a hand-over; so many are still in a cache when the store reads them.
const ROWS_BATCH: usize = 2 * 1024;

/// What to replay, and where to.
#[derive(Debug)]
pub struct Order {
    /// What to read; several are merged by time.
    pub recordings: Vec<Recording>,
    /// The store's directory; `None` writes no tables.
    pub data: Option<PathBuf>,
    /// The database that rows go to as well; only with a store, where they are collected.
    pub postgres: Option<Target>,
    /// Whether rows of the same time that are already in the store give way.
    pub replace: bool,
    /// Where refused lines go; `None` only counts them.
    pub reject_file: Option<PathBuf>,
    /// The engine's settings.
    pub engine: EngineSettings,
    /// What people call things.
    pub described: Described,
    /// A call whose every step is wanted.
    pub explain: Option<Wanted>,
}

/// Why a replay could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A recording is not there or cannot be read at all.
    #[error(transparent)]
    File(#[from] FileError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Tables or the reject file could not be written.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    /// The database is not there or refuses.
    #[error(transparent)]
    Database(#[from] IntakeError),
    /// The reject file of an earlier run is in the way.
    #[error(transparent)]
    Reject(#[from] RejectError),
    /// Stopped while a source was silent.
    #[error("stopped while waiting for input")]
    Interrupted,
    /// The operating system gave no thread.
    #[error("failed to start a thread: {0}")]
    Thread(std::io::Error),
    /// A thread panicked; the message is on standard error.
    #[error("the {0} thread panicked")]
    Panicked(&'static str),
}

/// How far a replay is.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Stored bytes read.
    pub bytes: u64,
    /// Stored bytes there are, if that is known.
    pub bytes_total: Option<u64>,
    /// Events folded.
    pub events: u64,
    /// Lines refused.
    pub rejected: u64,
    /// Rows merged into the database, and how many there are; once everything is folded.
    pub merged: Option<(u64, u64)>,
    /// Time since the begin.
    pub elapsed: Duration,
}

/// What a replay did.
#[derive(Debug)]
pub struct Report {
    /// What the worker left behind.
    pub ended: Ended,
    /// What was delivered.
    pub delivered: Delivered,
    /// The last look.
    pub look: Look,
    /// Recordings that broke off; what could be read of them was folded.
    pub damaged: Vec<FileError>,
    /// A recording that was too many to be merged by time with the others, if there is one.
    pub unmerged: Option<String>,
}

/// What the reader noticed.
#[derive(Debug, Default)]
struct Readings {
    damaged: Vec<FileError>,
    unmerged: Option<String>,
    failed: Option<FileError>,
}

/// Replays; `watch` is called every 100 ms. When `stop` is set, reading ends and nothing is published.
///
/// # Errors
/// See [`ReplayError`].
pub fn run(order: Order, stop: &Stop, mut watch: impl FnMut(&Look)) -> Result<Report, ReplayError> {
    let begun = Instant::now();
    let bytes_total = order.recordings.iter().map(Recording::size).sum();
    let progress = Arc::new(Progress::default());
    let read_bytes = Arc::new(AtomicU64::new(0));
    let backlog = Arc::new(Backlog::new(0));
    let look = |begun: Instant| Look {
        bytes: read_bytes.load(Ordering::Relaxed),
        bytes_total,
        events: progress.accepted.load(Ordering::Relaxed),
        rejected: progress.rejected.load(Ordering::Relaxed),
        merged: Some((backlog.rows_written.load(Ordering::Relaxed), backlog.rows.load(Ordering::Relaxed)))
            .filter(|(_, rows)| *rows > 0),
        elapsed: begun.elapsed(),
    };
    let threads = Threads::start(order, stop, &progress, &read_bytes, &backlog)?;
    let mut asked = None;
    while let Err(RecvTimeoutError::Timeout) = threads.worker_done.recv_timeout(Duration::from_millis(100)) {
        watch(&look(begun));
        if stop.is_set() && !threads.reader.is_finished() {
            let asked = *asked.get_or_insert_with(Instant::now);
            if asked.elapsed() >= PATIENCE {
                // The threads end with the program; without the end of the input nothing is published.
                return Err(ReplayError::Interrupted);
            }
        }
    }
    while threads.delivery.as_ref().is_some_and(|delivery| !delivery.is_finished()) {
        watch(&look(begun));
        std::thread::sleep(Duration::from_millis(20));
    }
    let (readings, ended, delivered) = threads.join()?;
    let look = look(begun);
    watch(&look);
    Ok(Report { ended, delivered, look, damaged: readings.damaged, unmerged: readings.unmerged })
}

struct Threads {
    reader: JoinHandle<Readings>,
    worker: JoinHandle<Ended>,
    worker_done: Receiver<()>,
    delivery: Option<delivery::Thread>,
}

impl Threads {
    fn start(
        order: Order,
        stop: &Stop,
        progress: &Arc<Progress>,
        read_bytes: &Arc<AtomicU64>,
        backlog: &Arc<Backlog>,
    ) -> Result<Self, ReplayError> {
        let merge = Merge::new(order.recordings, Arc::clone(read_bytes))?;
        let store = match &order.data {
            Some(data) => Some(open(data, order.replace)?),
            None => None,
        };
        let database = match (&order.data, order.postgres) {
            (Some(data), Some(target)) => {
                let collector = Collector::new(target, data, Arc::clone(backlog))?;
                Some(Database::Replay(Box::new(collector)))
            }
            _ => None,
        };
        let rejects = order.reject_file.as_deref().map(|path| RejectFile::new(path, Begin::Fresh)).transpose()?;
        let (mut deliveries, mut delivery) = (None, None);
        if store.is_some() || rejects.is_some() {
            let discard = Some(stop.clone());
            let catalogue = Catalogue::new(order.described, &order.engine);
            let progress = Arc::clone(progress);
            let retention = None;
            let outlet = Outlet { store, database, retention, rejects, catalogue, discard, progress, gives_way: false };
            let (sender, thread) = outlet.spawn()?;
            (deliveries, delivery) = (Some(sender), Some(thread));
        }
        let (feeder, intake) = ring(RING_DEPTH);
        // Without tables there is no log, either.
        let event_log = order.engine.event_log && order.data.is_some();
        let mut partition = Partition::new(EngineSettings { event_log, ..order.engine });
        if let Some(wanted) = order.explain {
            partition.explain(wanted);
        }
        let writer = Writer {
            partition,
            intake,
            deliveries,
            leave: Leave::From(ROWS_BATCH),
            publisher: None,
            publish_every: Duration::ZERO,
            clock: None,
            resumable: None,
            progress: Arc::clone(progress),
            source: "".into(),
        };
        let (done, worker_done) = bounded(0);
        let worker = std::thread::Builder::new().name("worker".into()).spawn(move || {
            let ended = writer.run();
            // Dropping the sender is the message; a panic drops it, too.
            drop::<crossbeam::channel::Sender<()>>(done);
            ended
        });
        let stop = stop.clone();
        let reader = std::thread::Builder::new().name("reader".into()).spawn(move || read_all(merge, &feeder, &stop));
        Ok(Self {
            reader: reader.map_err(ReplayError::Thread)?,
            worker: worker.map_err(ReplayError::Thread)?,
            worker_done,
            delivery,
        })
    }

    fn join(self) -> Result<(Readings, Ended, Delivered), ReplayError> {
        let worker = self.worker.join();
        let readings = self.reader.join().map_err(|_| ReplayError::Panicked("reader"))?;
        // What ended the delivery explains why a worker gave up, so it is asked first.
        let delivered = self.delivery.map_or_else(|| Ok(Delivered::default()), delivery::join)?;
        let ended = worker.map_err(|_| ReplayError::Panicked("worker"))?;
        match readings.failed {
            Some(error) => Err(error.into()),
            None => Ok((readings, ended, delivered)),
        }
    }
}

fn open(data: &std::path::Path, replace: bool) -> Result<Store, StoreError> {
    Store::open_with(data, Options { mode: Mode::Replay, replace })
}

/// Reads everything into the ring; dropping the feeder at the end closes it.
fn read_all(mut merge: Merge, feeder: &Feeder, stop: &Stop) -> Readings {
    let mut readings = Readings::default();
    match merge::feed(&mut merge, feeder, stop) {
        Ok(()) | Err(FileError::Stopped { .. }) => {}
        Err(error) => {
            // Nothing of it could be read: the tables would lack it without a trace.
            readings.failed = Some(error);
            stop.stop();
        }
    }
    readings.damaged = merge.take_damaged();
    readings.unmerged = merge.unmerged().map(str::to_owned);
    readings
}
