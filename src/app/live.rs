//! A live partition: sources in, wallboard and tables out, started and stopped in order.
//!
//! ```text
//!  sources ──▶ ring ──▶ worker ──▶ publisher ──▶ board ──▶ HTTP
//!                          └─────▶ delivery ──▶ store
//!                                          └──▶ spool ──▶ courier ──▶ database
//! ```
//!
//! Stopping goes along the arrows: sources stop, the ring drains, the worker ends the partition, the store publishes, the
//! database gets a moment, readers are told goodbye, listeners close last. A store that fails stops everything, so that no event is taken that
//! would not be kept. Refuses to know what sources there are.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::middleware;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::catalogue::Catalogue;
use super::clock::{Clock, wall_now};
use super::delivery::{self, Database, Delivered, Delivery, DeliveryError, Outlet, emptied};
use super::postgres::Postgres;
use super::reject::{Begin, RejectError, RejectFile};
use super::resume::{self, ResumeError, Resumed};
use super::retention::Housekeeping;
use super::settings::Settings;
use super::writer::{Ended, Leave, Progress, Writer};
use crate::engine::output::RowBatch;
use crate::engine::partition::Partition;
use crate::handoff::backlog::Backlog;
use crate::handoff::publish::{Picture, Pictures, publisher};
use crate::handoff::ring::{Feeder, ring};
use crate::handoff::stop::Stop;
use crate::model::time::Micros;
use crate::serve::guard::{self, Guarded};
use crate::serve::{self, Board, BoardInfo};
use crate::sink::postgres::{Courier, Left, Limits, Order, PostgresError, SegmentError, Spool, Spooler};
use crate::sink::{self, Mode, Store, StoreError};
use crate::source;

/// Chunks between sources and worker.
const RING_DEPTH: usize = 64;

/// How long sources and readers may take to end before they are dropped.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a database may take for what is still waiting; the rest is written at the next start.
const DATABASE_PATIENCE: Duration = Duration::from_secs(10);

/// Why a live partition could not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What an earlier run has left open cannot be taken out of the store.
    #[error(transparent)]
    Resume(#[from] ResumeError),
    /// Tables or the reject file could not be written.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    /// The database refuses, and waiting will not change that.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// Rows on their way to the database cannot be kept.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// The reject file cannot be prepared.
    #[error(transparent)]
    Reject(#[from] RejectError),
    /// The address cannot be answered during the start.
    #[error("failed to share a listener: {0}")]
    Listener(std::io::Error),
    /// The operating system gave no thread.
    #[error("failed to start a thread: {0}")]
    Thread(std::io::Error),
    /// A thread panicked; the message is on standard error.
    #[error("the {0} thread panicked")]
    Panicked(&'static str),
}

/// What a live partition did.
#[derive(Debug)]
pub struct Closed {
    /// What the worker left behind.
    pub ended: Ended,
    /// What was delivered.
    pub delivered: Delivered,
    /// What became of the rows for the database, if there is one.
    pub database: Option<Left>,
}

/// A running partition.
#[derive(Debug)]
pub struct Live {
    /// The picture that readers see.
    pub board: Arc<Board>,
    /// Where sources put their chunks.
    pub feeder: Feeder,
    /// Figures of the worker.
    pub progress: Arc<Progress>,
    /// Asks everything to stop; also set when the worker has ended by itself.
    pub stop: Stop,
    sources: JoinSet<()>,
    worker: JoinHandle<Ended>,
    publisher: JoinHandle<()>,
    delivery: delivery::Thread,
    courier: Option<Courier>,
}

impl Live {
    /// Opens the store, goes on from the run that wrote it last, and starts worker, publisher and delivery. `watch` is told how much of that run
    /// has been folded again, in percent.
    ///
    /// # Errors
    /// See [`LiveError`].
    pub fn start(
        settings: &Settings,
        mut info: BoardInfo,
        clock: Clock,
        stop: Stop,
        watch: impl FnMut(u64),
    ) -> Result<Self, LiveError> {
        let mut store = Store::open(&settings.data, Mode::Live)?;
        let Earlier { resumed, last } = go_on(settings, &mut store, &stop, watch)?;
        let stored_until = if resumed.is_some() { None } else { sink::stored_until(&settings.data)? };
        let rejects = RejectFile::new(&reject_path(&settings.data), Begin::Append)?;
        let progress = Arc::new(Progress::default());
        let (database, courier) = match &settings.postgres {
            Some(postgres) => {
                let (spooler, courier, backlog) = database(settings, postgres)?;
                info.backlog = Some(backlog);
                (Some(Database::Live(Box::new(spooler), stop.clone())), Some(courier))
            }
            None => {
                warn_if_waiting(&settings.data)?;
                (None, None)
            }
        };
        let outlet = Outlet {
            store: Some(store),
            database,
            retention: Some(Housekeeping::new(settings.retention.clone())),
            rejects: Some(rejects),
            catalogue: Catalogue::new(settings.described.clone(), &settings.engine),
            discard: None,
            progress: Arc::clone(&progress),
            gives_way: true,
        };
        let (deliveries, delivery) = outlet.spawn()?;
        if let Some(batch) = last {
            // A thread that has ended says why when it is joined.
            let _ = deliveries.send(Delivery::Rows(batch, emptied()));
        }
        let (feeder, intake) = ring(RING_DEPTH);
        let (publisher, pictures) = publisher();
        let writer = Writer {
            partition: resumed.map_or_else(|| Partition::new(settings.engine.clone()), |resumed| resumed.partition),
            intake,
            deliveries: Some(deliveries),
            leave: Leave::EachMinute,
            publisher: Some(publisher),
            publish_every: settings.publish_every,
            clock: Some(clock),
            resumable: (settings.engine.event_log && settings.resume_within.0 > 0).then_some(settings.engine.grace),
            progress: Arc::clone(&progress),
            source: "".into(),
        };
        let board = Board::new(info);
        let publisher = spawn("publisher", {
            let board = Arc::clone(&board);
            move || publish(&pictures, &board, stored_until)
        })?;
        let worker = spawn("worker", {
            let stopper = StopAtEnd(stop.clone());
            move || {
                let _stopper = stopper;
                writer.run()
            }
        })?;
        Ok(Self { board, feeder, progress, stop, sources: JoinSet::new(), worker, publisher, delivery, courier })
    }

    /// Adds a source that runs as a task; it ends by itself when `stop` is set.
    pub fn add_task(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.sources.spawn(task);
    }

    /// Adds a source that runs in a thread of its own; it ends by itself when `stop` is set. One that blocks in a read
    /// is left behind.
    ///
    /// # Errors
    /// [`LiveError::Thread`].
    pub fn add_thread(&mut self, run: impl FnOnce() + Send + 'static) -> Result<(), LiveError> {
        let (done, ended) = oneshot::channel::<()>();
        spawn("source", move || {
            let _done = done;
            run();
        })?;
        self.add_task(async move {
            // The sender is never used: its drop, also in a panic, is the message.
            let _ = ended.await;
        });
        Ok(())
    }

    /// Serves HTTP on `listener` until `stop` is set, then stops in order.
    ///
    /// # Errors
    /// What ended the deliveries early, or a panic.
    pub async fn run(mut self, listener: TcpListener) -> Result<Closed, LiveError> {
        let router = serve::router(Arc::clone(&self.board)).merge(source::http::router(self.feeder.clone()));
        let mut router = router.fallback(serve::not_found);
        if listener.local_addr().is_ok_and(|address| address.ip().is_loopback()) {
            router = router.layer(middleware::from_fn(guard::own_names_only));
        }
        let listener = Guarded::new(listener);
        let (http_stop, closing) = (Stop::new(), Stop::new());
        let server = tokio::spawn({
            let (http_stop, closing) = (http_stop.clone(), closing.clone());
            async move {
                let served =
                    axum::serve(listener, router).with_graceful_shutdown(async move { http_stop.wait().await });
                if let Err(error) = served.await {
                    tracing::error!(%error, "the HTTP listener ended");
                    closing.stop();
                }
            }
        });
        tokio::select! {
            () = self.stop.wait() => {}
            () = closing.wait() => self.stop.stop(),
        }
        self.board.set_ready(false);
        let sources = &mut self.sources;
        if tokio::time::timeout(PATIENCE, async { while sources.join_next().await.is_some() {} }).await.is_err() {
            tracing::warn!("a source did not stop in time and is left behind");
            sources.abort_all();
        }
        self.feeder.close();
        let (worker, publisher, delivery, courier) = (self.worker, self.publisher, self.delivery, self.courier);
        let joined = tokio::task::spawn_blocking(move || {
            let joined = (worker.join(), publisher.join(), delivery::join(delivery));
            (joined, courier.map(|courier| courier.finish(DATABASE_PATIENCE)))
        });
        let ((ended, published, delivered), database) = joined.await.map_err(|_| LiveError::Panicked("closing"))?;
        self.board.shutdown();
        http_stop.stop();
        if tokio::time::timeout(PATIENCE, server).await.is_err() {
            tracing::debug!("connections were still open and are cut");
        }
        let delivered = delivered?;
        published.map_err(|_| LiveError::Panicked("publisher"))?;
        Ok(Closed { ended: ended.map_err(|_| LiveError::Panicked("worker"))?, delivered, database })
    }
}

/// What became of the run that wrote the store last.
#[derive(Default)]
struct Earlier {
    /// It is gone on from.
    resumed: Option<Resumed>,
    /// It is over, and these are its last rows.
    last: Option<Box<RowBatch>>,
}

/// Goes on from the run that wrote the store last, if that can be.
fn go_on(settings: &Settings, store: &mut Store, stop: &Stop, watch: impl FnMut(u64)) -> Result<Earlier, LiveError> {
    let limits = (settings.resume_within, wall_now());
    let found = match resume::fold(&settings.data, &settings.engine, limits, stop, watch) {
        Ok(found) => found,
        Err(ResumeError::Stopped) => return Err(ResumeError::Stopped.into()),
        Err(error) => {
            tracing::error!(%error, "the last run cannot be gone on from, and this one begins with empty state; callfold check data says what is wrong");
            return Ok(Earlier::default());
        }
    };
    let Some(mut resumed) = found else { return Ok(Earlier::default()) };
    if resumed.is_over {
        tracing::info!(until = %resumed.until, "the last run stopped too long ago to go on from it (history.resume_within): what it left open is final");
        let last = resumed.close(store)?.map(Box::new);
        return Ok(Earlier { resumed: None, last });
    }
    resumed.withdraw(store)?;
    tracing::info!(
        until = %resumed.until, events = resumed.events, rows_open = resumed.withdrawn, "going on from the last run"
    );
    Ok(Earlier { resumed: Some(resumed), last: None })
}

/// Opens the spool below the data directory and starts the thread that writes from it.
fn database(settings: &Settings, postgres: &Postgres) -> Result<(Spooler, Courier, Arc<Backlog>), LiveError> {
    let backlog = Arc::new(Backlog::new(postgres.spool_max));
    let spool = Arc::new(Spool::open(&settings.data, Arc::clone(&backlog))?);
    let retention = settings.retention.clone();
    let order = Order {
        target: postgres.target.clone(),
        writer: postgres.writer.clone(),
        spool: Arc::clone(&spool),
        backlog: Arc::clone(&backlog),
    };
    let limits = Limits::new(move || retention.limits(wall_now()));
    Ok((Spooler::new(spool), Courier::start_keeping(order, limits)?, backlog))
}

/// Says so when an earlier run left rows for a database that is not configured now.
fn warn_if_waiting(data: &Path) -> Result<(), SegmentError> {
    let look = Spool::look(data)?;
    if look.segments > 0 {
        tracing::warn!(
            rows = look.rows,
            "rows of an earlier run wait for the database; name it with --postgres and they are written"
        );
    }
    Ok(())
}

/// Asks everything to stop when the worker ends, whether it returns or panics.
struct StopAtEnd(Stop);

impl Drop for StopAtEnd {
    fn drop(&mut self) {
        self.0.stop();
    }
}

fn spawn<T: Send + 'static>(
    name: &'static str,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, LiveError> {
    std::thread::Builder::new().name(name.into()).spawn(run).map_err(LiveError::Thread)
}

/// Where refused lines of a store go.
#[must_use]
pub fn reject_path(data: &Path) -> std::path::PathBuf {
    data.join("rejects.ndjson")
}

fn publish(pictures: &Pictures, board: &Board, stored_until: Option<Micros>) {
    let mut is_new = false;
    while let Some(picture) = pictures.next() {
        is_new = is_new || warn_if_stored(&picture, stored_until);
        board.apply(picture.delta, picture.made_at);
        if let Some(seen) = picture.seen {
            // Whoever asked may have stopped waiting.
            let _ = seen.send(());
        }
    }
}

/// Says so when the first events are older than what the store holds; returns whether there were any.
fn warn_if_stored(picture: &Picture, stored_until: Option<Micros>) -> bool {
    if picture.delta.counters.accepted == 0 {
        return false;
    }
    let begin = picture.delta.as_of;
    if let Some(until) = stored_until.filter(|until| begin < *until) {
        tracing::warn!(
            first_event = %begin, stored_until = %until,
            "events are older than rows that the store holds from an earlier run: calls sent again will be there twice, \
             and intervals are replaced; write to another --data, or remove the old one"
        );
    }
    true
}
