//! Where the batches of a replay come in: into one file that is merged at its end.
//!
//! In: batches of the engine. Out: a transaction that only waits to be committed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::runtime::Runtime;

use super::connect::{Session, Target};
use super::encode::Encoder;
use super::error::{PostgresError, Trouble};
use super::merge::{Merge, MergeError};
use super::migration::migrate;
use super::segment::{Index, Segment, SegmentError, Writer};
use super::statement::{Rule, Staging};
use super::writing::sources;
use crate::engine::output::RowBatch;
use crate::handoff::backlog::Backlog;
use crate::model::time::Micros;
use crate::sink::publish::TEMP;

/// Name under which replays tell how far they came.
const REPLAY: &str = "replay";

/// Why rows of a replay did not get into the database.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The database is not there or refuses.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// The disk refuses.
    #[error(transparent)]
    Segment(#[from] SegmentError),
}

impl From<MergeError> for IntakeError {
    fn from(error: MergeError) -> Self {
        match error {
            MergeError::Postgres(error) => Self::Postgres(error),
            MergeError::Segment(error) => Self::Segment(error),
        }
    }
}

/// Batches of a replay to a database, where they appear together at the end or not at all.
pub struct Collector {
    runtime: Runtime,
    target: Target,
    encoder: Encoder,
    writer: Writer,
    path: PathBuf,
    watermark: Micros,
    progress: Arc<Backlog>,
}

impl Collector {
    /// Makes sure that the database is there and has its tables, before anybody waits for a replay. Rows are collected below `data`,
    /// which somebody has opened.
    ///
    /// # Errors
    /// When the database is not there or refuses.
    pub fn new(target: Target, data: &Path, progress: Arc<Backlog>) -> Result<Self, IntakeError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| {
            PostgresError::new(
                Trouble::Other,
                format!("failed to prepare a connection: {e}"),
                "raise the limit of open files",
            )
        })?;
        runtime.block_on(async {
            let session = target.connect().await?;
            migrate(&session).await
        })?;
        let path = data.join(TEMP).join("postgres.seg");
        let writer = Writer::create(&path)?;
        Ok(Self { runtime, target, encoder: Encoder::new(), writer, path, watermark: Micros::MIN, progress })
    }

    /// Keeps a batch.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn deliver(&mut self, batch: &RowBatch) -> Result<(), SegmentError> {
        self.watermark = self.watermark.max(batch.watermark);
        self.encoder.append(batch, &mut self.writer)
    }

    /// Merges everything in a transaction that is still open.
    ///
    /// # Errors
    /// When the database or the disk refuses; nothing is there then.
    pub fn merge(mut self) -> Result<Merged, IntakeError> {
        self.encoder.flush(&mut self.writer)?;
        let index = Index {
            number: 0,
            spool: REPLAY.into(),
            watermark_us: self.watermark.0,
            sites: self.encoder.all_sites(),
            sections: Vec::new(),
        };
        self.writer.finish(index)?;
        let (target, path, progress) = (self.target, self.path, self.progress);
        let mut segments = [Segment::open(&path)?];
        let rows = segments[0].index.rows();
        progress.rows.store(rows, Ordering::Relaxed);
        let session = self.runtime.block_on(async {
            let session = target.connect().await?;
            let mut merge = Merge::begin(&session, Staging::Temporary, Rule::Comes).await?;
            merge.prepare(&session, &segments).await?;
            session.run("write to", "BEGIN").await?;
            let merged = |rows| {
                progress.rows_written.fetch_add(rows, Ordering::Relaxed);
            };
            merge.agents(&session, &mut segments).await?;
            let all = merge.shares(&segments, 1).pop().unwrap_or_default();
            merge.merge(&session, &mut segments, &all, true, &merged).await?;
            session.run("write to", &sources(REPLAY, segments.iter().map(|segment| &segment.index))).await?;
            Ok::<_, IntakeError>(session)
        })?;
        fs::remove_file(&path).map_err(|e| SegmentError::io("remove", &path, e))?;
        Ok(Merged { runtime: self.runtime, session, rows })
    }
}

/// Rows that are in the database as soon as somebody says so.
pub struct Merged {
    runtime: Runtime,
    session: Session,
    rows: u64,
}

impl Merged {
    /// What `session` has done in a transaction that it has not ended.
    pub(super) const fn new(runtime: Runtime, session: Session, rows: u64) -> Self {
        Self { runtime, session, rows }
    }

    /// Makes the rows visible; returns how many there are. Without this nothing of them stays.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn commit(self) -> Result<u64, PostgresError> {
        self.runtime.block_on(self.session.run("commit to", "COMMIT"))?;
        Ok(self.rows)
    }
}
