//! Refused segments once more, when what was in the way has been repaired.
//!
//! In: the segments put aside below a data directory. Out: each in the database or still aside, with the reason; in a dry run only
//! what would become of it. Works beside a running program: rows that were written later meanwhile stay as they are. Refuses to
//! touch what waits in order.

use std::fs;
use std::path::{Path, PathBuf};

use super::connect::{Session, Target};
use super::error::{PostgresError, Trouble};
use super::intake::IntakeError;
use super::merge::{Merge, MergeError};
use super::migration::migrate;
use super::segment::{AGENT_SITE, Segment, SegmentError};
use super::spool::refused;
use super::statement::{Rule, Staging};

/// What became of a segment.
#[derive(Debug)]
pub enum Outcome {
    /// The database takes it. Its rows are there and the file is gone, or would be.
    Taken,
    /// The database still refuses it.
    Refused(PostgresError),
    /// The file is not what was written; its events have to be replayed.
    Damaged(SegmentError),
}

/// A refused segment that was tried again.
#[derive(Debug)]
pub struct Retried {
    /// The file.
    pub segment: PathBuf,
    /// Its rows; zero where it is damaged.
    pub rows: u64,
    /// Tables with rows in it.
    pub tables: Vec<String>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What to do with segments that the database takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resend {
    /// Write them and remove the files.
    Write,
    /// Say what would become of them, and change nothing.
    DryRun,
}

/// Tries every refused segment below `data` once more, oldest first, each in a transaction of its own.
///
/// # Errors
/// When database or disk refuse for reasons that are not in the segment.
pub async fn resend(target: &Target, data: &Path, how: Resend) -> Result<Vec<Retried>, IntakeError> {
    let waiting = refused(data)?;
    let mut retried = Vec::with_capacity(waiting.len());
    if waiting.is_empty() {
        return Ok(retried);
    }
    let session = target.connect().await?;
    if how == Resend::Write {
        migrate(&session).await?;
    }
    let mut merge = Merge::begin(&session, Staging::Temporary, Rule::Later).await?;
    for path in waiting {
        retried.push(one(&session, &mut merge, path, how).await?);
    }
    Ok(retried)
}

async fn one(session: &Session, merge: &mut Merge, path: PathBuf, how: Resend) -> Result<Retried, IntakeError> {
    let opened = Segment::open(&path).and_then(|mut segment| segment.verify().map(|()| segment));
    let segment = match opened {
        Ok(segment) => segment,
        Err(damaged @ SegmentError::Damaged { .. }) => {
            return Ok(Retried { segment: path, rows: 0, tables: Vec::new(), outcome: Outcome::Damaged(damaged) });
        }
        Err(error) => return Err(error.into()),
    };
    let rows = segment.index.rows();
    let named = segment.index.sections.iter().map(|section| section.table.clone());
    let mut tables: Vec<String> = named.filter(|table| table != AGENT_SITE).collect();
    tables.dedup();
    let mut segments = [segment];
    session.run("write to", "BEGIN").await?;
    let outcome = match fill(session, merge, &mut segments).await {
        Ok(()) => Outcome::Taken,
        Err(MergeError::Postgres(error))
            if matches!(error.trouble, Trouble::Data | Trouble::Dropped | Trouble::Doubled) =>
        {
            Outcome::Refused(error)
        }
        Err(error) => return Err(error.into()),
    };
    let is_kept = how == Resend::Write && matches!(outcome, Outcome::Taken);
    session.run("end the transaction in", if is_kept { "COMMIT" } else { "ROLLBACK" }).await?;
    if is_kept {
        fs::remove_file(&path).map_err(|e| SegmentError::io("remove", &path, e))?;
    } else {
        merge.forget();
        merge.forget_partitions();
    }
    Ok(Retried { segment: path, rows, tables, outcome })
}

async fn fill(session: &Session, merge: &mut Merge, segments: &mut [Segment]) -> Result<(), MergeError> {
    merge.prepare(session, segments).await?;
    merge.agents(session, segments).await?;
    let all = merge.shares(segments, 1).pop().unwrap_or_default();
    merge.merge(session, segments, &all, true, &|_| {}).await
}
