//! The thread that carries rows to the store and a database, and refused lines to their file.
//!
//! In: batches from the worker, through one bounded queue that keeps their order. Out: published tables and a reject file.
//! It ends when the worker has gone, and then publishes; told to discard, it publishes nothing. Rows of a replay become visible in
//! the database and in the files one right after the other, when both have taken all of them. Refuses to know how a table is
//! stored.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};
use crossbeam::queue::ArrayQueue;

use super::catalogue::Catalogue;
use super::clock::wall_now;
use super::reject::{RejectError, RejectFile};
use super::retention::Housekeeping;
use super::writer::Progress;
use crate::engine::output::{Reject, RowBatch};
use crate::handoff::stop::Stop;
use crate::sink::postgres::{Collector, IntakeError, Merged, SegmentError, Spooler};
use crate::sink::{Mode, Published, Store, StoreError};

/// Batches that wait for the delivery thread.
const DEPTH: usize = 4;

/// How long nothing must have come before the store is tidied.
const QUIET: Duration = Duration::from_secs(1);

/// Batches whose rows were stored, on their way back to the worker: their memory is warm and large enough.
pub type Emptied = Arc<ArrayQueue<Box<RowBatch>>>;

/// A way back for batches.
#[must_use]
pub fn emptied() -> Emptied {
    Arc::new(ArrayQueue::new(DEPTH))
}

/// What the worker gives away.
#[derive(Debug)]
pub enum Delivery {
    /// Rows for the store, and where their memory goes afterwards.
    Rows(Box<RowBatch>, Emptied),
    /// Refused lines of one source.
    Rejects {
        /// The source's name.
        source: Arc<str>,
        /// The lines.
        rejects: Vec<Reject>,
    },
}

/// Why deliveries ended.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database or the rows on their way to it could not be written.
    #[error(transparent)]
    Database(#[from] IntakeError),
    /// The reject file could not be written.
    #[error(transparent)]
    Reject(#[from] RejectError),
    /// The operating system gave no thread.
    #[error("failed to start the delivery thread: {0}")]
    Thread(std::io::Error),
    /// The thread panicked; the message is on standard error.
    #[error("the delivery thread panicked")]
    Panicked,
}

impl From<SegmentError> for DeliveryError {
    fn from(error: SegmentError) -> Self {
        Self::Database(error.into())
    }
}

/// The delivery thread.
pub type Thread = JoinHandle<Result<Delivered, DeliveryError>>;

/// What was delivered.
#[derive(Debug, Default)]
pub struct Delivered {
    /// What the store published, if there is one and nothing was discarded.
    pub published: Option<Published>,
    /// Rows that a replay wrote to the database, if there is one and nothing was discarded.
    pub database_rows: Option<u64>,
    /// The reject file, if anything is in it.
    pub reject_file: Option<PathBuf>,
    /// Rows given to the store.
    pub rows: u64,
}

/// The database that rows go to, too.
pub enum Database {
    /// Batch by batch; when the second is set, nothing waits for room any more.
    Live(Box<Spooler>, Stop),
    /// All rows at the end.
    Replay(Box<Collector>),
}

impl Database {
    /// Takes a batch; does not wait for room any more when `is_over` says so.
    fn deliver(&mut self, batch: &RowBatch, is_over: impl Fn() -> bool) -> Result<(), SegmentError> {
        match self {
            Self::Live(spooler, stop) => spooler.deliver(batch, || stop.is_set() || is_over()),
            Self::Replay(collector) => collector.deliver(batch),
        }
    }

    /// Keeps what found no room so far.
    fn again(&mut self) -> Result<(), SegmentError> {
        match self {
            Self::Live(spooler, _) => spooler.again(),
            Self::Replay(_) => Ok(()),
        }
    }

    /// Gives the database what it has not seen; that of a replay is not visible yet.
    fn merge(self) -> Result<Option<Merged>, IntakeError> {
        match self {
            Self::Live(spooler, _) => Ok(spooler.finish().map(|()| None)?),
            Self::Replay(collector) => collector.merge().map(Some),
        }
    }
}

/// Where deliveries end.
pub struct Outlet {
    /// The store, if rows are kept.
    pub store: Option<Store>,
    /// The database, if there is one.
    pub database: Option<Database>,
    /// What is known of the things that rows name.
    pub catalogue: Catalogue,
    /// How long the rows of the store are kept, if somebody is to look.
    pub retention: Option<Housekeeping>,
    /// The reject file, if refused lines are kept.
    pub rejects: Option<RejectFile>,
    /// When set at the end, nothing is published.
    pub discard: Option<Stop>,
    /// The worker's figures: they count the refused lines that never came here, too.
    pub progress: Arc<Progress>,
    /// Whether others wait for the processors more urgently: readers of a live board do, nobody does in a replay.
    pub gives_way: bool,
}

/// How much a thread gives way to others, as in the command `nice`.
const NICE: i32 = 10;

/// Lets other threads run before this one.
fn give_way() {
    // On other systems the call is about the whole process. Where it is refused, all threads share alike.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICE);
}

impl Outlet {
    /// Starts the thread; the sender is the worker's.
    ///
    /// # Errors
    /// [`DeliveryError::Thread`].
    pub fn spawn(self) -> Result<(Sender<Delivery>, Thread), DeliveryError> {
        let (sender, receiver) = bounded(DEPTH);
        let thread = std::thread::Builder::new().name("delivery".into()).spawn(move || self.run(&receiver));
        Ok((sender, thread.map_err(DeliveryError::Thread)?))
    }

    /// The next delivery; `None` when there will be none. Merges small files while nothing comes, one partition at a time.
    fn next(&mut self, deliveries: &Receiver<Delivery>) -> Result<Option<Delivery>, DeliveryError> {
        let Some(store) = self.store.as_mut().filter(|_| self.gives_way) else { return Ok(deliveries.recv().ok()) };
        loop {
            match deliveries.recv_timeout(QUIET) {
                Ok(delivery) => return Ok(Some(delivery)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(database) = &mut self.database {
                        database.again()?;
                    }
                    if let Some(housekeeping) = &mut self.retention {
                        housekeeping.look(store, wall_now())?;
                    }
                    while deliveries.is_empty() && store.tidy()? {}
                }
            }
        }
    }

    fn run(mut self, deliveries: &Receiver<Delivery>) -> Result<Delivered, DeliveryError> {
        if self.gives_way {
            give_way();
        }
        let mut delivered = Delivered::default();
        while let Some(delivery) = self.next(deliveries)? {
            match delivery {
                Delivery::Rows(mut batch, emptied) => {
                    batch.write_out();
                    self.catalogue.hear(&batch);
                    // Of a replay everything appears together, and what is known is known best at its end.
                    if !batch.goes_on && self.store.as_ref().is_some_and(|store| store.mode() == Mode::Live) {
                        self.describe(true, &mut delivered)?;
                    }
                    self.deliver(&batch, &mut delivered)?;
                    batch.rows.clear();
                    // Where enough wait already, one more is freed.
                    let _ = emptied.push(batch);
                }
                Delivery::Rejects { source, rejects } => {
                    if let Some(file) = &mut self.rejects {
                        file.add(&source, &rejects)?;
                        if deliveries.is_empty() {
                            file.flush()?;
                        }
                    }
                }
            }
        }
        self.describe(false, &mut delivered)?;
        if let Some(file) = self.rejects {
            delivered.reject_file = file.finish(self.progress.rejected.load(Ordering::Relaxed))?;
        }
        let is_discarded = || self.discard.as_ref().is_some_and(Stop::is_set);
        if is_discarded() {
            return Ok(delivered);
        }
        let merged = self.database.map(Database::merge).transpose()?.flatten();
        // That may have taken long; somebody may have lost patience.
        if is_discarded() {
            return Ok(delivered);
        }
        if let Some(store) = self.store {
            delivered.published = Some(store.finish()?);
        }
        if let Some(merged) = merged {
            delivered.database_rows = Some(merged.commit().map_err(IntakeError::from)?);
        }
        Ok(delivered)
    }
}

impl Outlet {
    fn deliver(&mut self, batch: &RowBatch, delivered: &mut Delivered) -> Result<(), DeliveryError> {
        delivered.rows += batch.rows.len() as u64;
        match (&mut self.store, &mut self.database) {
            (Some(store), Some(database)) => both(store, database, batch),
            (Some(store), None) => Ok(store.deliver(batch)?),
            (None, Some(database)) => Ok(database.deliver(batch, || false)?),
            (None, None) => Ok(()),
        }
    }

    /// Delivers what is new about the things that rows name; when it `goes_on`, it becomes visible together with the rows that follow: a
    /// program that dies leaves no row that names what nobody describes.
    fn describe(&mut self, goes_on: bool, delivered: &mut Delivered) -> Result<(), DeliveryError> {
        match self.catalogue.take() {
            Some(batch) => self.deliver(&RowBatch { goes_on, ..batch }, delivered),
            None => Ok(()),
        }
    }
}

/// Gives a batch to the files and to the database at once: neither waits for the other's disk, and rows for the database may
/// wait for room while files are written.
fn both(store: &mut Store, database: &mut Database, batch: &RowBatch) -> Result<(), DeliveryError> {
    let failed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let spool = std::thread::Builder::new().name("spool".into());
        let spooled = spool.spawn_scoped(scope, || database.deliver(batch, || failed.load(Ordering::Relaxed)));
        let spooled = spooled.map_err(DeliveryError::Thread)?;
        let stored = store.deliver(batch);
        failed.store(stored.is_err(), Ordering::Relaxed);
        let spooled = spooled.join().map_err(|_| DeliveryError::Panicked)?;
        stored?;
        Ok(spooled?)
    })
}

/// Waits for the thread's end.
///
/// # Errors
/// What ended it early.
pub fn join(thread: Thread) -> Result<Delivered, DeliveryError> {
    thread.join().unwrap_or(Err(DeliveryError::Panicked))
}
