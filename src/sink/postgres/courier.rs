//! The thread that carries segments from the spool into the database, whatever happens to either.
//!
//! ```text
//!  connect ─▶ lock ─▶ where were we? ─▶ take segments ─▶ one transaction: rows and cursor ─▶ remove segments ─┐
//!     ▲         │ held by another: stand by                    ▲─────────────────────────────────────────────┘
//!     └── wait ─┴──────────── anything fails: nothing of it is there, try again
//! ```
//!
//! The cursor moves in the transaction that writes the rows, so a crash anywhere writes once. Of two programs with one writer
//! name the one that holds the lock of that name writes. The other drops what the holder's watermarks have shown as written for a
//! while ([`super::settled`]), switch by switch, and takes over when the holder's connection is gone. What the database refuses for its content is put aside, loudly; everything
//! else waits and is tried again. Between batches, what is too old goes ([`super::retain`]), a step at a time. Refuses to know what a row says.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::connect::{Session, Target};
use super::error::{PostgresError, Trouble};
use super::merge::MergeError;
use super::migration::{migrate, standing};
use super::retain::{Daily, Limits};
use super::segment::{Segment, SegmentError};
use super::settled::Settled;
use super::spool::{Spool, Waiting};
use super::writing::Writing;
use crate::handoff::backlog::{Backlog, Role};
use crate::model::time::Micros;

/// Rows of one transaction when many segments wait.
const ROWS_MAX: u64 = 250_000;

/// Shortest and longest wait before the next attempt.
const WAITS: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));

/// How often somebody who stands by asks for the lock.
const STAND_BY: Duration = Duration::from_millis(500);

/// How often a connection is tried while there is nothing to write: what was lost is noticed, and others may take over.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// How much later the holder's watermark must be before a segment counts as written: the clocks of two machines differ, and
/// each lets time pass by its own.
const MARGIN_US: i64 = 10_000_000;

/// How often a month that somebody removes while rows for it are written is made again before they count as refused.
const MONTHS_AGAIN: u32 = 20;

/// How often a trouble that stays is told again.
const TELL_AGAIN: Duration = Duration::from_secs(300);

/// What the thread needs.
#[derive(Debug)]
pub struct Order {
    /// The database.
    pub target: Target,
    /// The name we write under.
    pub writer: String,
    /// Where segments come from.
    pub spool: Arc<Spool>,
    /// Where figures are shown.
    pub backlog: Arc<Backlog>,
}

/// The running thread.
#[derive(Debug)]
pub struct Courier {
    thread: JoinHandle<()>,
    /// Until when the thread has time, once it is asked to end.
    closing: watch::Sender<Option<Instant>>,
    backlog: Arc<Backlog>,
}

/// What is left when the thread ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Rows written since the start.
    pub rows_written: u64,
    /// Rows that wait on disk for the next start.
    pub rows_waiting: u64,
    /// Batches put aside since the start.
    pub segments_refused: u64,
    /// What was in the way.
    pub trouble: Option<String>,
}

impl Courier {
    /// Starts the thread and waits for its first attempt.
    ///
    /// # Errors
    /// Trouble of the first attempt that only a person can end. A server that is not there is none: it is tried again.
    pub fn start(order: Order) -> Result<Self, PostgresError> {
        Self::spawn(order, Daily::new(None))
    }

    /// The same, and as long as it writes, what is older than `limits` say goes between batches. Whoever stands by removes nothing.
    ///
    /// # Errors
    /// As [`Courier::start`].
    pub fn start_keeping(order: Order, limits: Limits) -> Result<Self, PostgresError> {
        Self::spawn(order, Daily::new(Some(limits)))
    }

    fn spawn(order: Order, daily: Daily) -> Result<Self, PostgresError> {
        let closing = watch::Sender::new(None);
        let backlog = Arc::clone(&order.backlog);
        let (first, attempted) = bounded(1);
        let carrier = Carrier { order, closing: closing.subscribe(), first: Some(first), told: None, daily };
        let started = std::thread::Builder::new().name("postgres".into()).spawn(move || carrier.run());
        let thread = started.map_err(|e| {
            PostgresError::new(Trouble::Other, format!("failed to start a thread: {e}"), "raise the limit of threads")
        })?;
        let courier = Self { thread, closing, backlog };
        match Receiver::recv(&attempted) {
            Ok(Some(error)) if error.trouble.needs_somebody() => {
                let _ = courier.thread.join();
                Err(error)
            }
            _ => Ok(courier),
        }
    }

    /// Ends the thread when everything is written, or after `patience`; what is left waits for the next start.
    pub fn finish(self, patience: Duration) -> Left {
        self.closing.send_replace(Some(Instant::now() + patience));
        // A panic is in the trouble.
        let _ = self.thread.join();
        let count = |n: &std::sync::atomic::AtomicU64| n.load(Ordering::Relaxed);
        Left {
            rows_written: count(&self.backlog.rows_written),
            rows_waiting: count(&self.backlog.rows),
            segments_refused: count(&self.backlog.segments_refused),
            trouble: self.backlog.trouble(),
        }
    }
}

/// Why a session ended.
enum Ended {
    /// The program ends.
    Closing,
    /// Something is in the way.
    Trouble(PostgresError),
    /// The spool cannot be used.
    Spool(SegmentError),
}

impl From<PostgresError> for Ended {
    fn from(error: PostgresError) -> Self {
        Self::Trouble(error)
    }
}

impl From<SegmentError> for Ended {
    fn from(error: SegmentError) -> Self {
        Self::Spool(error)
    }
}

impl From<MergeError> for Ended {
    fn from(error: MergeError) -> Self {
        match error {
            MergeError::Postgres(error) => Self::Trouble(error),
            MergeError::Segment(error) => Self::Spool(error),
        }
    }
}

/// Resolves when the time to end has run out.
async fn out_of_time(closing: &mut watch::Receiver<Option<Instant>>) {
    let until = closing.wait_for(Option::is_some).await.ok().and_then(|until| *until);
    // Where nobody is left who could give it time, there is none.
    if let Some(until) = until {
        sleep_until(until).await;
    }
}

struct Carrier {
    order: Order,
    closing: watch::Receiver<Option<Instant>>,
    /// Where the outcome of the first attempt goes.
    first: Option<Sender<Option<PostgresError>>>,
    /// The trouble told last, and when.
    told: Option<(String, Instant)>,
    /// What is too old, and goes between batches.
    daily: Daily,
}

/// Makes it known when the thread panics: nobody asks it how it is.
struct Witness(Arc<Backlog>);

impl Drop for Witness {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.set(Role::Away, Some("the thread that writes to the database panicked; restart the program".into()));
        }
    }
}

impl Carrier {
    fn run(mut self) {
        let _witness = Witness(Arc::clone(&self.order.backlog));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        match runtime {
            Ok(runtime) => runtime.block_on(async {
                let mut closing = self.closing.clone();
                tokio::select! {
                    () = self.carry() => {}
                    // What is half done goes with the connection; nothing of it stays.
                    () = out_of_time(&mut closing) => {}
                }
            }),
            Err(error) => {
                let what = format!("failed to start the thread that writes to the database: {error}");
                self.tell(&PostgresError::new(Trouble::Other, what, "raise the limit of open files"));
            }
        }
    }

    async fn carry(&mut self) {
        let mut wait = WAITS.0;
        loop {
            let begun = Instant::now();
            let ended = self.attempt().await;
            if begun.elapsed() > WAITS.1 {
                wait = WAITS.0;
            }
            match ended {
                Ended::Closing => return,
                Ended::Trouble(error) => match self.first.take() {
                    // Whoever started us waits for it, and ends.
                    Some(first) if error.trouble.needs_somebody() => {
                        let _ = first.send(Some(error));
                        return;
                    }
                    first => {
                        self.tell(&error);
                        first.map(|first| first.send(None));
                    }
                },
                Ended::Spool(error) => {
                    let fix = "check the disk; rows wait until then";
                    self.tell(&PostgresError::new(Trouble::Other, error.to_string(), fix));
                }
            }
            // A program that ends does not wait for a database that is not there.
            if self.is_closing() {
                return;
            }
            // Asked to close, it makes one more attempt.
            self.rest(wait).await;
            wait = (wait * 2).min(WAITS.1);
        }
    }

    /// Whether somebody asked it to end, or nobody is left who could.
    fn is_closing(&self) -> bool {
        self.closing.borrow().is_some() || self.closing.has_changed().is_err()
    }

    /// Waits, no longer than until it is asked to close.
    async fn rest(&mut self, wait: Duration) {
        // An error says that whoever asks has gone; time goes on all the same.
        let _ = timeout(wait, self.closing.wait_for(Option::is_some)).await;
    }

    /// Says what is in the way: at once when it is new, now and then when it stays.
    fn tell(&mut self, error: &PostgresError) {
        let text = error.to_string();
        self.order.backlog.set(Role::Away, Some(text.clone()));
        let is_known = self.told.as_ref().is_some_and(|(told, at)| *told == text && at.elapsed() < TELL_AGAIN);
        if !is_known {
            tracing::warn!(rows_waiting = self.order.backlog.rows.load(Ordering::Relaxed), "{text}; rows wait on disk");
            self.told = Some((text, Instant::now()));
        }
    }

    /// One session, from its begin to whatever ends it.
    async fn attempt(&mut self) -> Ended {
        match self.session().await {
            Ok(never) => never,
            Err(ended) => ended,
        }
    }

    async fn session(&mut self) -> Result<Ended, Ended> {
        let session = self.order.target.connect().await?;
        bring_up_to_date(&session).await?;
        if let Some(first) = self.first.take() {
            let _ = first.send(None);
        }
        if !self.take_lock(&session).await? {
            return Ok(Ended::Closing);
        }
        let mut writing = Writing::begin(&self.order.target, session, &self.order.writer, &self.order.spool.id).await?;
        if let Some(segment) = writing.cursor().await? {
            self.order.spool.delivered(segment)?;
        }
        self.order.backlog.set(Role::Writes, None);
        self.told = None;
        tracing::info!(database = self.order.target.place(), writer = self.order.writer, "rows go to the database");
        loop {
            writing.look_ahead().await?;
            let waiting = self.order.spool.oldest(ROWS_MAX);
            if !waiting.is_empty() {
                self.deliver(&mut writing, &waiting).await?;
                writing.retain(&mut self.daily).await?;
                continue;
            }
            if self.is_closing() {
                return Ok(Ended::Closing);
            }
            if writing.retain(&mut self.daily).await? {
                continue;
            }
            let mut closing = self.closing.clone();
            tokio::select! {
                () = self.order.spool.arrived.notified() => {}
                _ = closing.wait_for(Option::is_some) => {}
                () = sleep(HEARTBEAT) => writing.ask().await?,
            }
        }
    }

    /// Waits for the lock of our name; false when the program ends before.
    async fn take_lock(&mut self, session: &Session) -> Result<bool, Ended> {
        let lock = format!("callfold writer {}", self.order.writer);
        let (mut is_told, mut settled) = (false, Settled::default());
        loop {
            let taken =
                session.client.query_one("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", &[&lock]).await;
            if taken.map_err(|e| session.met("ask for the lock in", &e))?.get(0) {
                return Ok(true);
            }
            if !is_told {
                tracing::info!(
                    database = self.order.target.place(),
                    writer = self.order.writer,
                    "another program with this name writes to the database; this one stands by"
                );
                is_told = true;
            }
            self.stand_by(session, &mut settled).await?;
            if self.is_closing() {
                return Ok(false);
            }
            // Asked to close, it looks once more.
            self.rest(STAND_BY).await;
        }
    }

    /// Drops what the holder of the lock has written for good.
    async fn stand_by(&mut self, session: &Session, settled: &mut Settled) -> Result<(), Ended> {
        let sources = "SELECT tenant_id, site_id, (extract(epoch FROM watermark) * 1000000)::bigint, \
                       (extract(epoch FROM current_setting('wal_writer_delay')::interval) * 1000000)::bigint \
                       FROM callfold.delivery_source WHERE writer = $1";
        let rows = session.client.query(sources, &[&self.order.writer]).await.map_err(|e| session.met("ask", &e))?;
        let delay = rows.first().map_or(0, |row| row.get::<_, i64>(3).unsigned_abs());
        let reading: HashMap<(String, String), i64> =
            rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect();
        settled.read(Instant::now(), Duration::from_micros(delay), reading.clone());
        let mut foreign = None;
        for waiting in self.order.spool.oldest(u64::MAX) {
            let segment = Segment::open(&self.order.spool.path(waiting.number))?;
            let needed = segment.index.watermark_us.saturating_add(MARGIN_US);
            let missing = segment.index.sites.iter().find(|site| !reading.contains_key(site));
            foreign = foreign.or(missing.cloned());
            let mut sites = segment.index.sites.iter();
            let is_written = sites.all(|(tenant, site)| settled.reached(tenant, site) >= Some(needed));
            if !is_written {
                break;
            }
            self.order.spool.delivered(waiting.number)?;
            self.order.backlog.reached(Micros(segment.index.watermark_us));
        }
        let trouble = foreign.map(|(_, site)| {
            format!(
                "another program writes as {} and has nothing of switch {site}; if it does not listen to it, give this program a \
                 name of its own with postgres.writer",
                self.order.writer
            )
        });
        if let Some(text) = trouble.as_ref().filter(|text| self.told.as_ref().is_none_or(|(told, _)| told != *text)) {
            tracing::warn!("{text}");
            self.told = Some((text.clone(), Instant::now()));
        }
        self.order.backlog.set(Role::StandsBy, trouble);
        Ok(())
    }

    /// Writes segments, all of them or, when the server refuses their content, one by one.
    async fn deliver(&self, writing: &mut Writing, waiting: &[Waiting]) -> Result<(), Ended> {
        match self.deliver_whole(writing, waiting).await {
            Err(Ended::Trouble(error)) if is_refusal(&error) => {}
            other => return other,
        }
        for one in waiting {
            match self.deliver_whole(writing, std::slice::from_ref(one)).await {
                Err(Ended::Trouble(error)) if is_refusal(&error) => {
                    let put = self.order.spool.refuse(one.number)?;
                    tracing::error!(segment = %put.display(), rows = one.rows, "{error}; these rows are put aside and not written");
                }
                other => other?,
            }
        }
        Ok(())
    }

    /// Writes segments together; where somebody removes their month meanwhile, it is made again.
    async fn deliver_whole(&self, writing: &mut Writing, waiting: &[Waiting]) -> Result<(), Ended> {
        for _ in 0..MONTHS_AGAIN {
            match self.deliver_together(writing, waiting).await {
                Err(Ended::Trouble(error)) if error.trouble == Trouble::Dropped => writing.forget_partitions(),
                other => return other,
            }
        }
        self.deliver_together(writing, waiting).await
    }

    async fn deliver_together(&self, writing: &mut Writing, waiting: &[Waiting]) -> Result<(), Ended> {
        let mut paths = Vec::with_capacity(waiting.len());
        for one in waiting {
            let path = self.order.spool.path(one.number);
            match Segment::open(&path).and_then(|mut segment| segment.verify()) {
                Ok(()) => paths.push(path),
                Err(SegmentError::Damaged { why, .. }) => {
                    let put = self.order.spool.refuse(one.number)?;
                    tracing::error!(segment = %put.display(), rows = one.rows, why, "rows are damaged on disk, put aside and not written");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let Some(last) = waiting.last() else { return Ok(()) };
        let written = match writing.write(&paths, last.number, false).await {
            Err(MergeError::Postgres(error)) if error.trouble == Trouble::Doubled => {
                writing.write(&paths, last.number, true).await?
            }
            other => other?,
        };
        self.order.backlog.rows_written.fetch_add(written.rows, Ordering::Relaxed);
        if let Some(watermark) = written.watermark {
            self.order.backlog.reached(watermark);
        }
        // Readers see the rows from here on. Only what the server has on disk is taken from ours.
        writing.confirm().await?;
        self.order.spool.delivered(last.number)?;
        Ok(())
    }
}

/// Whether the server refuses the rows themselves.
const fn is_refusal(error: &PostgresError) -> bool {
    matches!(error.trouble, Trouble::Data | Trouble::Dropped)
}

/// Brings the schema up to date; whoever may not goes on when only rights are due.
async fn bring_up_to_date(session: &Session) -> Result<(), PostgresError> {
    match migrate(session).await {
        Ok(migrated) => {
            if !migrated.applied.is_empty() {
                tracing::info!(applied = migrated.applied.join(", "), "the tables in the database are up to date now");
            }
            Ok(())
        }
        Err(error) if error.trouble == Trouble::Rights => {
            let due = standing(session).await?.due;
            if due.iter().all(|name| name.starts_with('R')) { Ok(()) } else { Err(error) }
        }
        Err(error) => Err(error),
    }
}
