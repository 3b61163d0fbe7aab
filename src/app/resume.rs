//! The end of the event log folded before anybody is listened to: a program that starts again knows who is logged in, which calls go on and what the
//! day has been.
//!
//! ```text
//!  event_log ──lines──▶ partition ──▶ goes on live
//!                          └─ copy, ended ──keys of what is open──▶ those rows leave the files: they come again when they are over
//! ```
//!
//! In: the store of an earlier run, which stopped or died. Out: a partition in the state of that run's last batch, whose rows are all
//! in the store. Files and log become visible together, so there is nothing to hold against one another. A run that ended too long ago to be gone
//! on from is ended for good: what it has left open becomes final. Refuses to listen to anybody.

#![expect(clippy::disallowed_methods, reason = "paces what it says")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::event_log::{self, Chunk, Log, LogError};
use super::rebuild;
use crate::engine::output::RowBatch;
use crate::engine::partition::Partition;
use crate::engine::settings::Settings as EngineSettings;
use crate::handoff::stop::Stop;
use crate::model::table::{Kind, Table};
use crate::model::time::{Micros, Span};
use crate::sink::{self, Difference, Mode, Options, Reader, Rewrite, Rewriting, Store, StoreError};

/// How far back logins are followed beyond the look-back: a forgotten one would make every start long.
const LOGINS_MAX: Span = Span::from_mins(48 * 60);

/// Rows that are worth being dropped.
const ROWS_MAX: usize = 64 * 1024;

/// How often it says how far it is.
const SAY_EVERY: Duration = Duration::from_secs(5);

/// Directory of the rows that are open, below the data directory; no glob over `history` sees it.
const ASIDE: &str = ".resume";

/// The partition of rows that end an earlier run: its names are not those of the run that begins, whose partition is the first.
const EARLIER: u32 = 1;

/// Why an earlier run cannot be taken up.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log or a table cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Somebody asked it to stop.
    #[error("stopped before anybody was listened to; nothing was changed")]
    Stopped,
}

/// An earlier run, taken up.
#[derive(Debug)]
pub struct Resumed {
    /// Its state.
    pub partition: Partition,
    /// Until when it has seen everything.
    pub until: Micros,
    /// It ended too long ago: it is to be closed, and not to be gone on from.
    pub is_over: bool,
    /// Events that were folded again.
    pub events: u64,
    /// Rows of what was not over, which were taken out of the store.
    pub withdrawn: u64,
}

/// Takes up the run that wrote the store in `data` last, if it was a live one with a log. When it has seen everything up to less than `within`
/// before `now` it can be gone on from; one that ended earlier is taken up if it left something open. Nothing is changed yet. `watch` is told how much has been folded, in percent.
///
/// # Errors
/// When the store or the log cannot be read, or somebody asks it to stop.
pub fn fold(
    data: &Path,
    engine: &EngineSettings,
    (within, now): (Span, Micros),
    stop: &Stop,
    mut watch: impl FnMut(u64),
) -> Result<Option<Resumed>, ResumeError> {
    let survey = sink::survey(data)?;
    // The clock of a switch may be ahead of ours.
    let may_be = |until: &Micros| within.0 > 0 && engine.event_log && *until <= now + within;
    let Some(until) = seen_until(&survey).filter(may_be) else { return Ok(None) };
    let Some(log) = Log::find(data)?.filter(|log| log.is_live) else { return Ok(None) };
    let is_over = until + within < now;
    if is_over && !rebuild::is_paused(&survey)? {
        return Ok(None);
    }
    let reach = rebuild::logins_reach_back(&survey, until)?.max(until - LOGINS_MAX);
    let begin = (until - rebuild::LOOK_DEFAULT).min(reach);
    let mut settings = engine.clone();
    settings.privacy.is_applied = true;
    let mut partition = Partition::new(settings);
    let mut reading = log.read(begin, until + Span(1));
    let (mut chunk, mut events, mut said) = (Chunk::default(), 0, Instant::now());
    while reading.next(&mut chunk)? {
        chunk.feed(&mut partition);
        events += chunk.events;
        if partition.rows_waiting() >= ROWS_MAX {
            partition.forget_rows();
        }
        if stop.is_set() {
            return Err(ResumeError::Stopped);
        }
        let percent = 100 * reading.bytes / reading.bytes_total.max(1);
        watch(percent);
        if said.elapsed() >= SAY_EVERY {
            said = Instant::now();
            tracing::info!(events, percent, "going on from the last run");
        }
    }
    if events == 0 {
        return Ok(None);
    }
    event_log::tick_through(&mut partition, until);
    partition.tick(until);
    partition.resume();
    if !is_over {
        // Batches to come are told from those of the earlier run by their instants.
        partition.tick(until + Span(1));
    }
    Ok(Some(Resumed { partition, until, is_over, events, withdrawn: 0 }))
}

/// Up to when the rows of facts in a store have seen everything.
fn seen_until(survey: &[sink::Partition]) -> Option<Micros> {
    let facts = survey.iter().filter(|p| facts().any(|table| table.name == p.table));
    facts.flat_map(|p| &p.manifest).flat_map(|m| &m.files).map(|file| Micros(file.watermark_us)).max()
}

fn facts() -> impl Iterator<Item = &'static Table> {
    sink::tables().into_iter().filter(|table| table.kind == Kind::Fact)
}

impl Resumed {
    /// Takes the rows of what was not over out of the files of `store`: the same keys come again when it is.
    ///
    /// # Errors
    /// When the disk refuses. Either all of them have gone then, or none.
    pub fn withdraw(&mut self, store: &mut Store) -> Result<(), ResumeError> {
        let mut ended = self.partition.clone();
        ended.pause(Span(0));
        match ended.take_rows() {
            Some(batch) => self.withdraw_keys(store, &batch),
            None => Ok(()),
        }
    }

    /// Ends the run: returns the rows of what was open, now final, and takes those out of the files of `store` whose keys they have.
    ///
    /// # Errors
    /// As [`Self::withdraw`].
    pub fn close(mut self, store: &mut Store) -> Result<Option<RowBatch>, ResumeError> {
        self.partition.finish();
        let Some(batch) = self.partition.take_rows() else { return Ok(None) };
        // A batch of its own, behind the last one.
        let batch = RowBatch { partition: EARLIER, watermark: self.until + Span(1), ..batch };
        self.withdraw_keys(store, &batch)?;
        Ok(Some(batch))
    }

    fn withdraw_keys(&mut self, store: &mut Store, batch: &RowBatch) -> Result<(), ResumeError> {
        let aside = Aside::write(store.root(), batch)?;
        let (stored, open) = (sink::survey(store.root())?, sink::survey(&aside.root)?);
        let (mut reader, mut rewriting) = (Reader::default(), Rewriting::default());
        for table in facts().filter(|table| !table.is_of_intervals()) {
            for keys in open.iter().filter(|p| p.table == table.name) {
                let is_same =
                    |p: &&sink::Partition| (&p.table, &p.tenant, &p.date) == (&keys.table, &keys.tenant, &keys.date);
                let Some(partition) = stored.iter().find(is_same) else { continue };
                let block = rebuild::read(&mut reader, table, &keys.dir, &keys.files)?;
                let late = self.written_at_the_stop(partition);
                let old = rebuild::read(&mut reader, table, &partition.dir, &late)?;
                let vanished = sink::holding(&old, &block);
                if vanished.is_empty() {
                    continue;
                }
                self.withdrawn += vanished.len() as u64;
                let rewrite = Rewrite {
                    partition: partition.clone(),
                    new: reader.block(table),
                    old,
                    difference: Difference { vanished, ..Difference::default() },
                    switches: BTreeSet::new(),
                };
                store.prepare_rewrite(&rewrite, &mut reader, self.until, &mut rewriting)?;
            }
        }
        Ok(store.rewrite(rewriting)?)
    }

    /// Files that were written when everything had been seen: rows of what was open then are in no others.
    fn written_at_the_stop(&self, partition: &sink::Partition) -> BTreeSet<String> {
        let files = partition.manifest.iter().flat_map(|m| &m.files);
        let late = files.filter(|file| file.watermark_us >= self.until.0).map(|file| file.name.clone());
        late.filter(|name| partition.files.contains(name)).collect()
    }
}

/// Rows that lie beside the store; removed when dropped.
struct Aside {
    root: PathBuf,
}

impl Aside {
    fn write(data: &Path, batch: &RowBatch) -> Result<Self, StoreError> {
        let aside = Self { root: data.join(ASIDE) };
        // What a run that died has left.
        let _ = std::fs::remove_dir_all(&aside.root);
        let mut store = Store::open_with(&aside.root, Options { mode: Mode::Replay, replace: true })?;
        store.deliver(batch)?;
        store.finish()?;
        Ok(aside)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}
