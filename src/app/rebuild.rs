//! Rows made again: the event log is folded once more, and what comes out is held against what the store has.
//!
//! ```text
//!  event_log ──lines──▶ partition ──rows──▶ DIR/.rebuild ──┐
//!                                                          ├─▶ differences ──(if wanted)──▶ the same files with other rows
//!  tables of the store, and of a database ─────────────────┘
//! ```
//!
//! In: a store, a range of time, settings, and a database that has the same rows. Out: a [`Report`], and stores that say what the log says. Folding begins before the range, where
//! whatever reaches into it began, and goes on behind it until that is over. Nothing is changed unless asked, and then everything in one step:
//! first the database's, then the files'. Whatever dies between the two, the files still differ, and the next run makes both equal again.
//! Refuses to run beside a program that writes the store, and to print.

#![expect(clippy::disallowed_methods, reason = "says how long it took")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use self::comparison::Comparison;
pub use self::database::OfDatabase;
use self::database::{Beside, Heard};
use super::catalogue::Catalogue;
use super::event_log::{self, Chunk, Log, LogError};
use super::postgres::Postgres;
use super::replay::Look;
use super::settings::Again;
use crate::engine::output::RowBatch;
use crate::engine::partition::Partition;
use crate::handoff::stop::Stop;
use crate::model::row::Rows;
use crate::model::table::{Kind, Table};
use crate::model::time::{Micros, Span};
use crate::sink::postgres::{IntakeError, PostgresError, SegmentError};
use crate::sink::{self, Block, Difference, Mode, Options, Reader, Rewriting, Store, StoreError};

/// How far folding looks back and forward when nobody says.
pub const LOOK_DEFAULT: Span = Span::from_mins(24 * 60);

/// How far back it looks for logins that reach into the range.
const LOGINS_MAX: Span = Span::from_mins(31 * 24 * 60);

/// Directory of the rows made again, below the data directory; no glob over `history` sees it.
const ASIDE: &str = ".rebuild";

/// Rows that are worth a hand-over.
const ROWS_BATCH: usize = 16 * 1024;

/// What to make again.
#[derive(Debug)]
pub struct Order {
    /// The store.
    pub data: PathBuf,
    /// First instant of the range.
    pub from: Micros,
    /// First instant behind it.
    pub to: Micros,
    /// How far before the range folding begins; as far as logins reach, and at least [`LOOK_DEFAULT`], when nobody says.
    pub look_back: Option<Span>,
    /// How far behind it folding ends.
    pub look_forward: Span,
    /// The settings of the fold.
    pub engine: Again,
    /// Whether the store shall say what the log says.
    pub write: bool,
    /// The database that has the same rows, if there is one.
    pub database: Option<Postgres>,
    /// Differences shown of each table.
    pub samples: usize,
}

/// Why nothing could be made again.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The store cannot be opened or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log or a table cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The database is not there or refuses, or the disk takes no rows for it.
    #[error(transparent)]
    Database(#[from] IntakeError),
    /// What waits for the database would undo what is written to it.
    #[error("{rows} rows of an earlier run wait on disk for the database")]
    Waiting {
        /// How many.
        rows: u64,
    },
    /// Nobody wrote a log.
    #[error("{} has no event_log", .data.display())]
    NoLog {
        /// The store.
        data: PathBuf,
    },
    /// The range ends before it begins.
    #[error("the range ends at {to}, which is not after its begin {from}")]
    Backwards {
        /// Its begin.
        from: Micros,
        /// Its end.
        to: Micros,
    },
    /// The log knows nothing of the range.
    #[error("the event log reaches from {first} to {last}, and nothing of {from} to {to} is in it")]
    Outside {
        /// First event of the log.
        first: Micros,
        /// Last event of the log.
        last: Micros,
        /// Begin of the range.
        from: Micros,
        /// Its end.
        to: Micros,
    },
    /// Somebody asked it to stop.
    #[error("stopped before anything was changed")]
    Stopped,
}

impl From<PostgresError> for RebuildError {
    fn from(error: PostgresError) -> Self {
        Self::Database(error.into())
    }
}

impl From<SegmentError> for RebuildError {
    fn from(error: SegmentError) -> Self {
        Self::Database(error.into())
    }
}

/// A row that differs, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its key, `column=cell`.
    pub key: String,
    /// What differs: `column: old -> new`, or `new`, or `vanished`.
    pub what: String,
}

/// How a table stands.
#[derive(Clone, Debug, Default)]
pub struct OfTable {
    /// Its name.
    pub name: &'static str,
    /// Rows that are equal.
    pub same: u64,
    /// Rows with other cells.
    pub changed: u64,
    /// Rows that the store lacks.
    pub new: u64,
    /// Rows that only the store has.
    pub vanished: u64,
    /// Rows of what was not over where folding ended; they are left alone.
    pub undecided: u64,
    /// The first differences.
    pub samples: Vec<Sample>,
}

impl OfTable {
    /// Rows that differ.
    #[must_use]
    pub const fn differences(&self) -> u64 {
        self.changed + self.new + self.vanished
    }

    fn named(name: &'static str) -> Self {
        Self { name, ..Self::default() }
    }

    fn has_rows(&self) -> bool {
        self.same + self.differences() + self.undecided > 0
    }

    /// Counts the rows of a difference.
    fn add(&mut self, difference: &Difference) {
        self.same += difference.same;
        self.changed += difference.changed.len() as u64;
        self.new += difference.new.len() as u64;
        self.vanished += difference.vanished.len() as u64;
        self.undecided += difference.undecided;
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The range, as far as the log covers it.
    pub range: (Micros, Micros),
    /// Where folding began.
    pub began: Micros,
    /// Whether the log begins later than folding should have begun, and the store has older rows.
    pub log_is_short: bool,
    /// Every table that has rows in the range.
    pub tables: Vec<OfTable>,
    /// Files that were written; `None` when nothing was to be.
    pub written: Option<u64>,
    /// The database, if there is one.
    pub database: Option<OfDatabase>,
    /// The last look.
    pub look: Look,
}

impl Report {
    /// Rows that differ, in files and database together.
    #[must_use]
    pub fn differences(&self) -> u64 {
        let of_database = self.database.iter().flat_map(|database| &database.tables);
        self.tables.iter().chain(of_database).map(OfTable::differences).sum()
    }
}

/// From where to where is folded and compared.
#[derive(Clone, Copy, Debug)]
struct Plan {
    from: Micros,
    to: Micros,
    begin: Micros,
    end: Micros,
    /// Whether the log ends before `end`.
    to_the_end: bool,
    log_is_short: bool,
}

/// The facts that are made of events.
fn tables() -> impl Iterator<Item = &'static Table> {
    sink::tables().into_iter().filter(|table| table.kind == Kind::Fact)
}

/// The dimensions that remember what they were told: whatever the facts name is to be there.
fn described() -> impl Iterator<Item = &'static Table> {
    sink::tables().into_iter().filter(|table| table.kind == Kind::Known)
}

/// Folds the log again and compares; `watch` is called now and then.
///
/// # Errors
/// See [`RebuildError`]. Nothing is changed then, or what was begun is finished by the next start.
pub fn run(order: &Order, stop: &Stop, mut watch: impl FnMut(&Look)) -> Result<Report, RebuildError> {
    if order.to <= order.from {
        return Err(RebuildError::Backwards { from: order.from, to: order.to });
    }
    // Whoever writes the store has its lock, and rows that change meanwhile would be taken for differences.
    let mut store = Store::open(&order.data, Mode::Live)?;
    let log = Log::find(&order.data)?.ok_or_else(|| RebuildError::NoLog { data: order.data.clone() })?;
    let plan = plan(order, &log)?;
    let aside = Aside::new(&order.data)?;
    // A database that is not there, or in use, is told before an hour of events is folded.
    let range = plan.from.0..plan.to.0;
    let open = |postgres| Beside::open(postgres, order, range, &aside.database());
    let mut beside = order.database.as_ref().map(open).transpose()?;
    let begun = Instant::now();
    let (look, heard) = fold(order, &log, &plan, &aside, stop, &mut watch, begun)?;
    if let Some(beside) = &mut beside {
        beside.heard(heard);
    }
    let mut report = Report {
        range: (plan.from, plan.to),
        began: plan.begin,
        log_is_short: plan.log_is_short,
        tables: Vec::new(),
        written: None,
        database: None,
        look,
    };
    let mut rewriting = Rewriting::default();
    let watermark = sink::stored_until(&order.data)?.unwrap_or(plan.end);
    let mut comparison = Comparison::new(order, &plan, &aside)?;
    for table in tables().chain(described()) {
        let (mut found, mut there) = (OfTable::named(table.name), OfTable::named(table.name));
        let mut partitions = comparison.partitions(table.name);
        partitions.extend(beside.iter().flat_map(|beside| beside.partitions(table.name)));
        for (tenant, date) in partitions {
            if stop.is_set() {
                return Err(RebuildError::Stopped);
            }
            let blocks = comparison.read(table, tenant, date)?;
            let difference = comparison.compare(&blocks, &mut found);
            if let Some(beside) = &mut beside {
                let samples = comparison.samples;
                beside.compare(&blocks, &difference, &mut comparison.reader, &mut there, samples)?;
            }
            if order.write && !difference.is_empty() {
                let rewrite = blocks.rewrite(difference);
                store.prepare_rewrite(&rewrite, &mut comparison.reader, watermark, &mut rewriting)?;
            }
            watch(&report.look);
        }
        report.tables.extend(Some(found).filter(OfTable::has_rows));
        if let Some(beside) = &mut beside {
            beside.of_database.tables.extend(Some(there).filter(OfTable::has_rows));
        }
    }
    report.database = beside.map(Beside::write).transpose()?;
    if order.write {
        report.written = Some(rewriting.files);
        store.rewrite(rewriting)?;
    }
    drop(aside);
    Ok(report)
}

/// Decides where folding begins and ends.
fn plan(order: &Order, log: &Log) -> Result<Plan, RebuildError> {
    let (first, last) = log.span();
    let behind = last + Span(1);
    let Order { from, to, .. } = *order;
    if from > last || to <= first {
        return Err(RebuildError::Outside { first, last, from, to });
    }
    let survey = sink::survey(&order.data)?;
    let of_facts = survey.iter().filter(|p| tables().any(|t| t.name == p.table && !t.is_of_intervals()));
    let stored_from = of_facts.filter_map(|p| p.manifest.as_ref()?.files.iter().map(|f| f.first_us).min()).min();
    // A log that is as old as the store knows how everything began.
    let is_whole = stored_from.is_none_or(|stored| stored >= first.0);
    let back = match order.look_back {
        Some(span) => from - span,
        None => (from - LOOK_DEFAULT).min(logins_reach_back(&survey, from)?),
    };
    let (from, to) = if is_whole { (from, to) } else { (from.max(first), to.min(behind)) };
    let end = (to + order.look_forward).min(behind);
    Ok(Plan {
        from,
        to,
        begin: back.max(first),
        end,
        to_the_end: end == behind,
        log_is_short: back < first && !is_whole,
    })
}

/// The earliest login that was not over at `at`, or `at` itself.
pub(super) fn logins_reach_back(survey: &[sink::Partition], at: Micros) -> Result<Micros, LogError> {
    let Some(table) = tables().find(|table| table.name == "agent_session") else { return Ok(at) };
    let earliest = at - LOGINS_MAX;
    let mut reach = at;
    let mut reader = Reader::default();
    for partition in survey.iter().filter(|p| p.table == table.name) {
        let files = partition.manifest.iter().flat_map(|m| &m.files);
        let may_reach = files.clone().any(|file| file.first_us < at.0 && file.last_us >= earliest.0);
        if !may_reach {
            continue;
        }
        let block = read(&mut reader, table, &partition.dir, &partition.files)?;
        let (begins, ends) = (block.longs("logged_in_at"), block.longs("logged_out_at"));
        let reaching = begins
            .iter()
            .zip(ends)
            .filter(|(begin, end)| (earliest.0..at.0).contains(*begin) && (**end == sink::NO_LONG || **end >= at.0));
        reach = reaching.map(|(begin, _)| Micros(*begin)).min().unwrap_or(reach).min(reach);
    }
    Ok(reach)
}

/// Reads files of one table.
pub(super) fn read(
    reader: &mut Reader,
    table: &'static Table,
    dir: &Path,
    files: &BTreeSet<String>,
) -> Result<Block, LogError> {
    let mut block = reader.block(table);
    for name in files {
        reader.append(&mut block, &dir.join(name))?;
    }
    Ok(block)
}

/// Where rows made again lie until they are compared; removed when dropped.
struct Aside {
    root: PathBuf,
}

impl Aside {
    fn new(data: &Path) -> Result<Self, StoreError> {
        let aside = Self { root: data.join(ASIDE) };
        // What a run that died has left.
        let _ = std::fs::remove_dir_all(&aside.root);
        Ok(aside)
    }

    /// Of what is over.
    fn made(&self) -> PathBuf {
        self.root.join("made")
    }

    /// Of what was not over where folding ended.
    fn open(&self) -> PathBuf {
        self.root.join("open")
    }

    /// Of what goes to a database.
    fn database(&self) -> PathBuf {
        self.root.join("database")
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// Folds the log into tables aside.
fn fold(
    order: &Order,
    log: &Log,
    plan: &Plan,
    aside: &Aside,
    stop: &Stop,
    watch: &mut impl FnMut(&Look),
    begun: Instant,
) -> Result<(Look, Heard), RebuildError> {
    let engine = if log.is_live { &order.engine.live } else { &order.engine.replayed };
    let mut partition = Partition::new(engine.clone());
    let options = Options { mode: Mode::Replay, replace: true };
    let mut made = Store::open_with(&aside.made(), options)?;
    let mut open = Store::open_with(&aside.open(), options)?;
    let mut reading = log.read(plan.begin, plan.end);
    let mut look = Look {
        bytes: 0,
        bytes_total: Some(reading.bytes_total),
        events: 0,
        rejected: 0,
        merged: None,
        elapsed: begun.elapsed(),
    };
    let mut heard = Heard::default();
    let mut catalogue = Catalogue::new(order.engine.described.clone(), engine);
    let mut deliver = |batch: Option<RowBatch>| -> Result<(), StoreError> {
        let Some(batch) = batch else { return Ok(()) };
        heard.listen(&batch.names);
        catalogue.hear(&batch);
        made.deliver(&batch)?;
        // The other one has to know the names.
        open.deliver(&RowBatch { rows: Rows::default(), ..batch })
    };
    let mut chunk = Chunk::default();
    while reading.next(&mut chunk)? {
        if stop.is_set() {
            return Err(RebuildError::Stopped);
        }
        chunk.feed(&mut partition);
        if partition.rows_waiting() >= ROWS_BATCH {
            deliver(partition.take_rows())?;
        }
        look.events += chunk.events;
        (look.bytes, look.elapsed) = (reading.bytes, begun.elapsed());
        watch(&look);
    }
    if plan.to_the_end {
        // The program that wrote the log went on until then.
        if let Some(until) = sink::stored_until(&order.data)? {
            if log.is_live {
                event_log::tick_through(&mut partition, until);
            }
            partition.tick(until);
        }
        // Where another run may go on, what was not over has been left so.
        if is_paused(&sink::survey(&order.data)?)? {
            partition.pause(order.engine.grace)
        } else {
            partition.finish()
        }
        deliver(partition.take_rows())?;
    } else {
        deliver(partition.take_rows())?;
        partition.finish();
        if let Some(batch) = partition.take_rows() {
            open.deliver(&batch)?;
        }
    }
    if let Some(described) = catalogue.take() {
        made.deliver(&described)?;
    }
    made.finish()?;
    open.finish()?;
    look.elapsed = begun.elapsed();
    Ok((look, heard))
}

/// Whether the last interval of a store is not final: the program that wrote it may go on.
pub(super) fn is_paused(survey: &[sink::Partition]) -> Result<bool, LogError> {
    let Some(table) = tables().find(|table| table.name == "queue_interval") else { return Ok(false) };
    let of_table = survey.iter().filter(|p| p.table == table.name);
    let Some(last) = of_table.max_by(|a, b| a.date.cmp(&b.date)) else { return Ok(false) };
    let files = last.manifest.iter().flat_map(|m| &m.files);
    let Some(file) = files.max_by_key(|file| file.last_us) else { return Ok(false) };
    let mut reader = Reader::default();
    let block = read(&mut reader, table, &last.dir, &BTreeSet::from([file.name.clone()]))?;
    let is_final = |status: &u32| !matches!(reader.text(*status), "open" | "provisional");
    Ok(!block.names("status").iter().all(is_final))
}

mod comparison;
mod database;

#[cfg(test)]
mod tests;
