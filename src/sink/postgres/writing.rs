//! Sessions that write: batches into the tables, and with them the note of how far they came.
//!
//! ```text
//!  session ── BEGIN ─ tables ──────────────┬─▶ COMMIT of both, ─▶ visible ─▶ confirmed ─▶ the segment may go
//!  helper  ── BEGIN ─ tables ──────────────┘   the note last
//! ```
//!
//! In: segments on disk. Out: their rows, visible. A large batch is shared out by tables between two sessions. The helper commits
//! first, the session with the note (the cursor) right after it. Whatever breaks in between, the note has not moved, and the
//! segment comes again, which changes nothing of what is there. What is lost is nothing, because a commit is visible before it is on
//! the server's disk, and the segment goes only after a later commit that waited for the disk, which holds all that came before.
//!
//! A helper writes only under a lock of its own, and whoever becomes the writer waits until nobody has that: a helper whose
//! session is gone is never overtaken. Refuses to know why a batch is written.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::Instant;
use twox_hash::XxHash64;

use super::connect::{Session, Target};
use super::ddl::literal;
use super::error::PostgresError;
use super::merge::{Merge, MergeError, STAGES};
use super::retain::Daily;
use super::segment::{Index, Segment};
use super::statement::{Rule, Staging};
use crate::model::time::Micros;

/// Rows from which on a batch is shared out. Smaller ones, those of most minutes, are one transaction and gain little.
const SHARED_FROM: u64 = 3_000;

/// How often partitions are made ahead; they are made for this month and the next.
const LOOK_AHEAD: Duration = Duration::from_secs(6 * 3600);

/// A commit is visible at once and on disk a moment later; [`Writing::confirm`] waits for that.
const SETTINGS: &str = "SET synchronous_commit = off";

/// Sessions that may write.
pub(super) struct Writing {
    session: Session,
    /// Absent where the server has no second connection for us.
    helper: Option<Session>,
    merge: Merge,
    writer: String,
    spool: String,
    /// When partitions were made ahead.
    ahead: Option<Instant>,
}

/// What was written.
pub(super) struct Written {
    pub(super) rows: u64,
    /// Event time up to which the database has seen everything.
    pub(super) watermark: Option<Micros>,
}

impl Writing {
    /// Prepares `session`, which has the lock of the writer's name, and a helper for it.
    pub(super) async fn begin(
        target: &Target,
        session: Session,
        writer: &str,
        spool: &str,
    ) -> Result<Self, PostgresError> {
        let hands = literal(&format!("callfold hands of {writer}"));
        // Whoever had the name before us may be gone while his helper is still in the middle of something.
        let alone = format!("SELECT pg_advisory_xact_lock(hashtextextended({hands}, 0))");
        session.run("wait for the predecessor in", &alone).await?;
        session.run("prepare the session at", SETTINGS).await?;
        let helper = helper(target, &hands).await;
        // If it still answers, it still has the lock, and a successor will find the helper's.
        session.run("ask", "SELECT 1").await?;
        let row = session.client.query_one("SELECT current_user::text", &[]).await;
        let user: String = row.map_err(|e| session.met("ask", &e))?.get(0);
        // Each user makes his own staging tables.
        let prefix = format!("s{:08x}", XxHash64::oneshot(0, format!("{writer}\n{user}").as_bytes()) as u32);
        let merge = Merge::begin(&session, Staging::Kept { prefix }, Rule::Later).await?;
        Ok(Self { session, helper, merge, writer: writer.to_owned(), spool: spool.to_owned(), ahead: None })
    }

    /// The last segment of our spool that the database has, for good.
    pub(super) async fn cursor(&self) -> Result<Option<u64>, PostgresError> {
        // A row of a session before this one may be visible and not on disk. Whoever changes it waits for both.
        self.confirm().await?;
        let cursor = "SELECT segment FROM callfold_store.delivery_cursor WHERE writer = $1 AND spool = $2";
        let row = self.session.client.query_opt(cursor, &[&self.writer, &self.spool]).await;
        let row = row.map_err(|e| self.session.met("read the cursor of", &e))?;
        Ok(row.map(|row| row.get::<_, i64>(0).unsigned_abs()))
    }

    /// Says that it is still there.
    pub(super) async fn ask(&self) -> Result<(), PostgresError> {
        for session in [Some(&self.session), self.helper.as_ref()].into_iter().flatten() {
            session.run("ask", "SELECT 1").await?;
        }
        Ok(())
    }

    /// Makes the partitions of this month and the next, so that rows find them there.
    pub(super) async fn look_ahead(&mut self) -> Result<(), PostgresError> {
        let now = "SELECT date_trunc('month', now())::date - DATE '1970-01-01', \
                   (date_trunc('month', now()) + interval '1 month')::date - DATE '1970-01-01'";
        if self.ahead.is_some_and(|at| at.elapsed() < LOOK_AHEAD) {
            return Ok(());
        }
        let row = self.session.client.query_one(now, &[]).await.map_err(|e| self.session.met("ask", &e))?;
        let months: [i32; 2] = [row.get(0), row.get(1)];
        self.merge.ahead(&self.session, &months).await?;
        self.ahead = Some(Instant::now());
        Ok(())
    }

    /// Forgets which partitions there are: somebody may have dropped one.
    pub(super) fn forget_partitions(&mut self) {
        self.merge.forget_partitions();
    }

    /// Takes a step of the removal of what is too old, if one is due; whether there is more to do at once.
    pub(super) async fn retain(&mut self, daily: &mut Daily) -> Result<bool, PostgresError> {
        let turn = daily.turn(&self.session).await?;
        if turn.dropped {
            self.merge.forget_partitions();
        }
        Ok(turn.goes_on)
    }

    /// Writes segments and moves the cursor to `last`. Nothing of it is there after an error, or what is there will come again.
    pub(super) async fn write(&mut self, paths: &[PathBuf], last: u64, doubled: bool) -> Result<Written, MergeError> {
        let mut segments = open(paths)?;
        self.merge.prepare(&self.session, &segments).await?;
        self.merge.agents(&self.session, &mut segments).await?;
        let indexes: Vec<Index> = segments.iter().map(|segment| segment.index.clone()).collect();
        let rows = indexes.iter().map(Index::rows).sum();
        let note = cursor(&self.writer, &self.spool, last, rows) + &sources(&self.writer, &indexes);
        let sessions: Vec<&Session> = match &self.helper {
            Some(helper) if rows >= SHARED_FROM => vec![&self.session, helper],
            _ => vec![&self.session],
        };
        let shares = self.merge.shares(&segments, sessions.len());
        let work =
            sessions.iter().zip(&shares).map(|(session, share)| self.merge_share(session, share, paths, doubled));
        let done = match try_join_all(work).await {
            Ok(_) => commit(&sessions, &note).await.map_err(MergeError::from),
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            self.merge.forget();
            for session in sessions.iter().filter(|session| !session.client.is_closed()) {
                session.run("roll back in", "ROLLBACK").await?;
            }
            return Err(error);
        }
        let watermark = indexes.iter().map(|index| Micros(index.watermark_us)).max();
        Ok(Written { rows, watermark })
    }

    async fn merge_share(
        &self,
        session: &Session,
        share: &BTreeSet<&'static str>,
        paths: &[PathBuf],
        doubled: bool,
    ) -> Result<(), MergeError> {
        // Each reads for itself.
        let mut segments = open(paths)?;
        session.run("write to", "BEGIN").await?;
        self.merge.merge(session, &mut segments, share, doubled, &|_| {}).await
    }

    /// Waits until all that was committed is on the server's disk, and on that of its copies where it waits for those. Staging tables
    /// are emptied on the way.
    pub(super) async fn confirm(&self) -> Result<(), PostgresError> {
        let begun = Instant::now();
        let (writer, spool) = (literal(&self.writer), literal(&self.spool));
        let confirm = format!(
            "BEGIN; SET LOCAL synchronous_commit = on; \
             UPDATE callfold_store.delivery_cursor SET written_at = now() WHERE writer = {writer} AND spool = {spool}; {} COMMIT",
            self.merge.emptying().unwrap_or_default()
        );
        let confirmed = self.session.run("confirm what was written to", &confirm).await;
        if confirmed.is_err() {
            self.merge.forget();
        }
        tracing::debug!(target: STAGES, confirm = begun.elapsed().as_micros() as u64, "confirmed");
        confirmed
    }
}

/// A second session that writes for the first.
async fn helper(target: &Target, hands: &str) -> Option<Session> {
    let prepared = async {
        let session = target.connect().await?;
        let lock = format!("SELECT pg_advisory_lock_shared(hashtextextended({hands}, 0)); {SETTINGS}");
        session.run("prepare the session at", &lock).await?;
        Ok::<_, PostgresError>(session)
    };
    match prepared.await {
        Ok(session) => Some(session),
        Err(error) => {
            tracing::warn!("{error}; large batches are written by one connection instead of two, more slowly");
            None
        }
    }
}

fn open(paths: &[PathBuf]) -> Result<Vec<Segment>, MergeError> {
    Ok(paths.iter().map(|path| Segment::open(path)).collect::<Result<_, _>>()?)
}

/// Commits what all sessions have done: that with the note last.
async fn commit(sessions: &[&Session], note: &str) -> Result<(), PostgresError> {
    let begun = Instant::now();
    let [session, helpers @ ..] = sessions else { return Ok(()) };
    session.run("move the cursor of", note).await?;
    for helper in helpers {
        helper.run("commit to", "COMMIT").await?;
    }
    session.run("commit to", "COMMIT").await?;
    tracing::debug!(target: STAGES, commit = begun.elapsed().as_micros() as u64, "committed");
    Ok(())
}

fn cursor(writer: &str, spool: &str, segment: u64, rows: u64) -> String {
    format!(
        "INSERT INTO callfold_store.delivery_cursor AS c (writer, spool, segment, rows) VALUES ({}, {}, {segment}, {rows}) \
         ON CONFLICT (writer, spool) DO UPDATE SET segment = excluded.segment, rows = c.rows + excluded.rows, written_at = now();",
        literal(writer),
        literal(spool)
    )
}

/// How far each switch has come with these segments.
pub(super) fn sources<'a>(writer: &str, indexes: impl IntoIterator<Item = &'a Index>) -> String {
    let mut reached = std::collections::BTreeMap::new();
    for index in indexes {
        for site in &index.sites {
            let at = reached.entry(site).or_insert(i64::MIN);
            *at = index.watermark_us.max(*at);
        }
    }
    let values: Vec<String> = reached
        .into_iter()
        .filter(|(_, at)| *at > 0)
        .map(|((tenant, site), at)| {
            let at = format!("'epoch'::timestamptz + {at} * interval '1 microsecond'");
            format!("({}, {}, {}, {at})", literal(writer), literal(tenant), literal(site))
        })
        .collect();
    if values.is_empty() {
        return String::new();
    }
    format!(
        "INSERT INTO callfold.delivery_source AS d (writer, tenant_id, site_id, watermark) VALUES {} \
         ON CONFLICT (tenant_id, site_id, writer) DO UPDATE SET watermark = excluded.watermark, written_at = now() \
         WHERE d.watermark < excluded.watermark;",
        values.join(", ")
    )
}
