//! The front of the sink: opens a data directory, takes batches, publishes files.
//!
//! A replay collects rows over its whole run and publishes at its end, so that a run that dies leaves what was there. A
//! live writer publishes each batch: rows that come once go into a file of their own, rows of an interval replace the
//! interval's file. What replaces what is decided in [`super::publish`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;

use crate::engine::output::RowBatch;
use crate::for_each_table;
use crate::model::row::Rows;
use crate::model::table::{DEFINITIONS_VERSION, Row, Table};
use crate::model::time::Micros;

use super::compact::Tidy;
use super::lock::Lock;
use super::manifest::{FileEntry, Manifest};
use super::page::ZSTD_LEVEL;
use super::parquet::{CHECKSUM, SCHEMA_VERSION, Schema, Workshop};
use super::part::{Finished, Grain, Parts, Shared};
use super::path;
use super::publish::{Change, Rule, TEMP, plan, write_durable};

/// How batches arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One finite run whose rows become visible together at its end.
    Replay,
    /// An endless run whose rows become visible batch by batch.
    Live,
}

/// How to open a store.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How batches arrive.
    pub mode: Mode,
    /// Whether a replay may replace files that it does not cover whole.
    pub replace: bool,
}

/// Why rows could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer has the directory.
    #[error("data directory {} is in use by {}; stop it, or choose another with --data", .dir.display(), holder(*.pid))]
    Locked {
        /// The data directory.
        dir: PathBuf,
        /// Process id of the holder, when it could be read.
        pid: Option<u32>,
    },
    /// New files would double a part of what an old file holds.
    #[error(
        "{partition} already holds {file} with rows of the same time and switches that this run covers only in part; \
         write to another directory with --data, or replace the old rows with --replace"
    )]
    Overlap {
        /// The partition, as `TABLE/tenant=T/date=D`.
        partition: String,
        /// The old file.
        file: String,
    },
    /// The operating system refused.
    #[error("cannot {doing} {}: {source}; check space and permissions", .path.display())]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file that was to be merged with others cannot be.
    #[error("{why}; callfold check data says what is wrong")]
    Unreadable {
        /// Which file, and why.
        why: String,
    },
    /// Small files cannot be merged without being seen twice or not at all.
    #[error("directories cannot change places on the file system of {}; small files cannot be merged there", .path.display())]
    NoExchange {
        /// The data directory.
        path: PathBuf,
    },
    /// A Parquet file could not be written.
    #[error("cannot write a file of table {table} in {}: {source}; check space and permissions", .path.display())]
    Parquet {
        /// The table.
        table: &'static str,
        /// Directory of unfinished files.
        path: PathBuf,
        /// Why not.
        source: ParquetError,
    },
    /// The note of what retention has removed is damaged.
    #[error("{} does not say what was removed: {why}; remove it, and check data reports the days that are missing", .path.display())]
    Note {
        /// The document.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A manifest is damaged.
    #[error("{} is not a manifest: {why}; move it and the files it stands for away, and write them again", .path.display())]
    Manifest {
        /// The document.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl StoreError {
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { doing, path: path.to_owned(), source }
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".into(), |pid| format!("process {pid}"))
}

/// What was written of one table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableTotal {
    /// The table.
    pub name: &'static str,
    /// Whether it describes what facts name.
    pub is_dimension: bool,
    /// Rows taken.
    pub rows: u64,
    /// Files published.
    pub files: u64,
    /// Their length.
    pub bytes: u64,
}

/// What a store has published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// One per table, in the order of [`Rows`].
    pub tables: Vec<TableTotal>,
    /// Old files that new ones replaced.
    pub superseded: u64,
    /// Event time up to which everything has been seen.
    pub watermark: Micros,
}

/// A data directory being written.
pub struct Store {
    pub(super) root: PathBuf,
    options: Options,
    pub(super) tables: Vec<Parts>,
    totals: Published,
    pub(super) shared: Shared,
    pub(super) tidy: Tidy,
    /// Live: watermark of the last batch of each partition, and how many batches had it.
    batches: HashMap<u32, (Micros, u32)>,
    _lock: Lock,
}

/// A merged file, and what is left of it without intervals that come again: where it lies, and what the manifest says of it.
type CutOut = (FileEntry, Option<(PathBuf, FileEntry)>);

/// Makes the open files of the table that a list of rows belongs to.
fn parts<R: Row>(_: &[R], mode: Mode) -> Result<Parts, ParquetError> {
    let table: &'static Table = const { &R::TABLE };
    let grain = match mode {
        _ if table.is_dimension() => Grain::Whole(mode),
        Mode::Replay => Grain::Day,
        Mode::Live if table.is_of_intervals() => Grain::Instant,
        Mode::Live => Grain::PartitionDay,
    };
    Ok(Parts::new(Schema::new(table)?, grain))
}

impl Store {
    /// Opens `dir` for writing, making it when it is not there, and clears up after writers that died.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when it is being written; otherwise when the disk refuses.
    pub fn open(dir: &Path, mode: Mode) -> Result<Self, StoreError> {
        Self::open_with(dir, Options { mode, replace: false })
    }

    /// [`Store::open`] with all options.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(dir: &Path, options: Options) -> Result<Self, StoreError> {
        let temp = dir.join(TEMP);
        for dir in [&dir.join("history"), &dir.join("manifest"), &temp] {
            fs::create_dir_all(dir).map_err(|e| StoreError::io("create directory", dir, e))?;
        }
        let lock = Lock::take(dir)?;
        Change::recover(dir)?;
        let empty = Rows::default();
        let mut tables = Vec::new();
        let mut totals = Published { watermark: Micros::MIN, ..Published::default() };
        let mut add = |parts: Result<Parts, ParquetError>| -> Result<(), StoreError> {
            let parts = parts.map_err(|source| StoreError::Parquet { table: "", path: temp.clone(), source })?;
            let Table { name, .. } = *parts.schema.table;
            let is_dimension = parts.schema.table.is_dimension();
            totals.tables.push(TableTotal { name, is_dimension, ..TableTotal::default() });
            tables.push(parts);
            Ok(())
        };
        macro_rules! add {
            ($table:ident) => {
                add(parts(&empty.$table, options.mode))?;
            };
        }
        for_each_table!(add);
        let shared = Shared {
            texts: Default::default(),
            mirrors: HashMap::new(),
            derived: Default::default(),
            shop: Workshop::new(ZSTD_LEVEL).map_err(|e| StoreError::io("prepare compression for", &temp, e))?,
            temp,
            history: dir.join("history"),
            named: 0,
            watermark: Micros::MIN,
        };
        let root = dir.to_owned();
        Ok(Self { root, options, tables, totals, shared, tidy: Tidy::default(), batches: HashMap::new(), _lock: lock })
    }

    /// Takes a batch; in live mode its rows are visible on return, unless it says that more follows.
    ///
    /// # Errors
    /// When the disk refuses, and in live mode [`StoreError::Overlap`]. The store is then to be dropped: rows that were
    /// not published are not lost, the journal or the source has them.
    pub fn deliver(&mut self, batch: &RowBatch) -> Result<(), StoreError> {
        let &RowBatch { partition, ref names, ref rows, watermark, goes_on, .. } = batch;
        debug_assert!(batch.closings.is_empty(), "rows are written before they are stored");
        self.shared.mirrors.entry(partition).or_default().apply(names, &mut self.shared.texts);
        self.shared.watermark = self.shared.watermark.max(watermark);
        let mut at = 0;
        macro_rules! append {
            ($table:ident) => {
                let failed = self.tables[at].append(&rows.$table, (partition, &rows.text), &mut self.shared);
                failed.map_err(|e| self.failed(at, e))?;
                self.totals.tables[at].rows += rows.$table.len() as u64;
                at += 1;
            };
        }
        for_each_table!(append);
        debug_assert_eq!(at, self.tables.len());
        if self.options.mode == Mode::Live && !rows.is_empty() && !goes_on {
            let count = self.batches.entry(partition).or_insert((watermark, 0));
            *count = if count.0 == watermark { (watermark, count.1 + 1) } else { (watermark, 1) };
            self.publish()?;
        }
        Ok(())
    }

    /// Publishes what is not yet visible and gives the directory up.
    ///
    /// # Errors
    /// [`StoreError::Overlap`] before anything changed; otherwise when the disk refuses.
    pub fn finish(mut self) -> Result<Published, StoreError> {
        self.publish()?;
        self.totals.watermark = self.shared.watermark;
        Ok(self.totals)
    }

    /// Its directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// How batches arrive.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.options.mode
    }

    /// Rows taken so far, and files and bytes published.
    #[must_use]
    pub fn stats(&self) -> &Published {
        &self.totals
    }

    fn failed(&self, at: usize, source: ParquetError) -> StoreError {
        StoreError::Parquet { table: self.tables[at].schema.table.name, path: self.shared.temp.clone(), source }
    }

    /// Makes every row taken visible.
    fn publish(&mut self) -> Result<(), StoreError> {
        let mut change = Change::default();
        let mut superseded = 0;
        let mut totals = self.totals.tables.clone();
        for (at, total) in totals.iter_mut().enumerate() {
            let closed = self.tables[at].close_all(&mut self.shared);
            closed.map_err(|e| self.failed(at, e))?;
            let mut partitions: BTreeMap<(String, i64), Vec<Finished>> = BTreeMap::new();
            for file in &self.tables[at].finished {
                partitions.entry((file.tenant.clone(), file.day)).or_default().push(file.clone());
                total.files += 1;
                total.bytes += file.file.bytes;
            }
            for ((tenant, day), files) in partitions {
                superseded += self.partition(at, &tenant, day, &files, &mut change)?;
            }
        }
        if !change.is_empty() {
            change.commit(&self.root)?;
        }
        self.tables.iter_mut().for_each(|t| t.finished.clear());
        self.totals.tables = totals;
        self.totals.superseded += superseded;
        Ok(())
    }

    /// Adds the new files of one partition to the change; returns how many old ones they replace.
    fn partition(
        &mut self,
        at: usize,
        tenant: &str,
        day: i64,
        files: &[Finished],
        change: &mut Change,
    ) -> Result<u64, StoreError> {
        let grain = self.tables[at].grain;
        let table = self.tables[at].schema.table.name;
        let (dir, date) = match grain {
            Grain::Whole(_) => (path::dimension(self.tables[at].schema.table, tenant), String::new()),
            _ => {
                let date = path::date(day);
                let place = PathBuf::from(table).join(format!("tenant={}", path::tenant(tenant)));
                (place.join(format!("date={date}")), date)
            }
        };
        let mut manifest_path = Path::new("manifest").join(&dir).into_os_string();
        manifest_path.push(".json");
        let manifest_path = PathBuf::from(manifest_path);
        let mut manifest = match Manifest::read(&self.root.join(&manifest_path))? {
            Some(manifest) => manifest,
            None => Manifest::empty(table, tenant, &date),
        };
        manifest.reconcile(&self.root.join("history").join(&dir))?;
        let entries = self.entries(grain, files);
        let cut = match grain {
            Grain::Instant => self.cut_out(at, (&self.root.join("history").join(&dir), tenant), &manifest, &entries)?,
            _ => Vec::new(),
        };
        manifest.files.retain(|file| cut.iter().all(|(merged, _)| merged.name != file.name));
        let rule = match grain {
            Grain::Day => Rule::Run { replace: self.options.replace },
            Grain::PartitionDay => Rule::Once,
            Grain::Instant => Rule::Interval,
            Grain::Whole(_) => Rule::Whole,
        };
        let mut gone = plan(rule, &manifest.files, &entries)
            .map_err(|old| StoreError::Overlap { partition: dir.display().to_string(), file: old.name.clone() })?;
        gone.extend(cut.iter().map(|(merged, _)| merged));
        let relative = |temp: &Path| temp.strip_prefix(&self.root).unwrap_or(temp).to_owned();
        let mut moved: Vec<_> =
            entries.iter().zip(files).map(|(entry, file)| (relative(&file.file.path), entry.name.clone())).collect();
        let left = || cut.iter().filter_map(|(_, left)| left.as_ref());
        moved.extend(left().map(|(temp, entry)| (temp.clone(), entry.name.clone())));
        change.partition(&Path::new("history").join(&dir), &gone, &moved);
        let gone: HashSet<String> = gone.into_iter().map(|f| f.name.clone()).collect();
        manifest.files.retain(|f| !gone.contains(&f.name));
        manifest.files.extend(entries);
        manifest.files.extend(left().map(|(_, entry)| entry.clone()));
        manifest.files.sort_by(|a, b| a.name.cmp(&b.name));
        manifest.schema_version = SCHEMA_VERSION;
        manifest.definitions_version = DEFINITIONS_VERSION;
        manifest.watermark_us = manifest.watermark_us.max(self.shared.watermark.0);
        let temp = self.shared.temp_path();
        write_durable(&temp, manifest.to_json().as_bytes())?;
        change.manifest(temp.strip_prefix(&self.root).unwrap_or(&temp).to_owned(), manifest_path);
        Ok(gone.len() as u64)
    }

    /// Takes intervals that come again out of the merged files that hold them: each of those, and what is left of it, aside.
    fn cut_out(
        &mut self,
        at: usize,
        place: (&Path, &str),
        manifest: &Manifest,
        entries: &[FileEntry],
    ) -> Result<Vec<CutOut>, StoreError> {
        let mut cut = Vec::new();
        for merged in manifest.files.iter().filter(|file| file.writer == "live" && file.first_us < file.last_us) {
            let again = entries.iter().filter(|entry| entry.meets(merged));
            let starts: BTreeSet<i64> = again.map(|entry| entry.first_us).collect();
            if !starts.is_empty() {
                let table = self.tables[at].schema.table;
                let schema = Schema::new(table).map_err(|e| self.failed(at, e))?;
                cut.push((merged.clone(), self.without(&schema, place, merged, &starts)?));
            }
        }
        Ok(cut)
    }

    /// Names finished files of one partition and describes them.
    fn entries(&self, grain: Grain, files: &[Finished]) -> Vec<FileEntry> {
        let mut entries: Vec<FileEntry> = Vec::new();
        for file in files {
            let batch = self.batches.get(&file.source).copied().unwrap_or((file.watermark, 1));
            let scope = path::scope_hash(&file.tenant, &file.switches);
            let (base, mut count) = match grain {
                Grain::Day | Grain::Instant => (format!("part-{}-{scope}", path::stamp(file.first)), 1),
                Grain::PartitionDay => (format!("part-{}-{scope}", path::stamp(batch.0)), batch.1),
                Grain::Whole(_) => (path::whole(&file.tenant), 1),
            };
            let mut name = numbered(&base, count);
            while entries.iter().any(|e| e.name == name) {
                count += 1;
                name = numbered(&base, count);
            }
            entries.push(FileEntry {
                name,
                rows: file.file.rows,
                bytes: file.file.bytes,
                checksum_algorithm: CHECKSUM.into(),
                checksum: file.file.checksum.clone(),
                first_us: file.first.0,
                last_us: file.last.0,
                switches: file.switches.clone(),
                writer: grain.writer().into(),
                watermark_us: file.watermark.0,
            });
        }
        entries
    }
}

/// A file name; further files of one name are numbered from 2.
fn numbered(base: &str, count: u32) -> String {
    if count <= 1 { format!("{base}.parquet") } else { format!("{base}-{count}.parquet") }
}
