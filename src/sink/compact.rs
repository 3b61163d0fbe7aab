//! Small files of a partition become one: the same rows, in fewer and larger files.
//!
//! A live program writes a file a minute for each table of details, and one for each interval. When their day is over they are merged. A directory beside the
//! partition's is filled with the merged file, and with links to the files that stay; then both directories change places in one
//! step. Whoever lists the partition sees the files before or the files after, so a plain glob sees every key once at any
//! time. One that has listed the files before and opens them afterwards finds them gone, and lists again. An interval that comes
//! once more after all takes its rows out of the merged file ([`Store::without`]). Knows no row.

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use crate::model::table::Table;
use crate::model::time::Micros;

use super::manifest::{FileEntry, Manifest};
use super::parquet::{About, CHECKSUM, Schema, Workshop, Writer};
use super::part::TEXT_BYTES;
use super::path;
use super::publish::{Change, Swap, exchange, write_durable};
use super::read::{ReadError, Reader};
use super::rewrite::Naming;
use super::store::{Store, StoreError};
use super::survey::{Partition, survey};

/// Files below this are merged.
const SMALL_BYTES: u64 = 64 << 20;

/// Stored bytes merged into one file.
const MERGED_BYTES: u64 = 256 << 20;

/// Rows in a row group of a merged file.
const GROUP_ROWS: usize = 1 << 17;

/// Level of zstd in merged files: they are written once and read for years.
const LEVEL: i32 = 3;

/// How long after its end a day is over: what went on at midnight has ended.
const LEFT: i64 = 6 * 3_600_000_000;

/// What was merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Partitions with small files.
    pub partitions: u64,
    /// Small files there were.
    pub files_before: u64,
    /// Files they became.
    pub files_after: u64,
    /// Length of the small files.
    pub bytes_before: u64,
    /// Length of what they became.
    pub bytes_after: u64,
    /// Rows in them.
    pub rows: u64,
}

/// Partitions that wait to be merged.
#[derive(Debug, Default)]
pub(super) struct Tidy {
    waiting: VecDeque<Partition>,
    /// Days since 1970 before which everything has been looked at.
    before: Option<i64>,
    /// Whether two directories can change places here; unknown until it was tried.
    exchanges: Option<bool>,
}

/// The files to be merged, in the order of their names; none when it is not worth it. Files of intervals are merged when they are about the same
/// switches: a row does not say which of them it is about, and an interval that comes again replaces the rows of its own.
fn small<'a>(table: &Table, files: &'a [FileEntry]) -> Vec<&'a FileEntry> {
    let mut bytes = 0;
    let mut small: Vec<&FileEntry> =
        files.iter().filter(|file| file.writer == "live" && file.bytes < SMALL_BYTES).collect();
    small.sort_by(|a, b| a.name.cmp(&b.name));
    if table.is_of_intervals() {
        let alike = |file: &FileEntry| small.iter().filter(|other| other.switches == file.switches).count() > 1;
        let Some(first) = small.iter().copied().find(|file| alike(file)) else { return Vec::new() };
        small.retain(|file| file.switches == first.switches);
    }
    let fits = |file: &&FileEntry| {
        bytes += file.bytes;
        bytes <= MERGED_BYTES
    };
    let small: Vec<_> = small.into_iter().take_while(fits).collect();
    if small.len() < 2 { Vec::new() } else { small }
}

impl Store {
    /// Merges the small files of all partitions of days before `before`; calls `watch` after each.
    ///
    /// # Errors
    /// When files cannot be read or written, or when directories cannot change places on this file system.
    pub fn compact(&mut self, before: Micros, mut watch: impl FnMut(&Merged) -> bool) -> Result<Merged, StoreError> {
        let mut merged = Merged::default();
        if !self.can_exchange()? {
            return Err(StoreError::NoExchange { path: self.root.clone() });
        }
        for partition in self.partitions_before(path::day(before))? {
            // What is beyond one merged file is a further round.
            while let Some(change) = self.merge(&partition, &mut merged)? {
                change.commit(&self.root)?;
            }
            if !watch(&merged) {
                break;
            }
        }
        Ok(merged)
    }

    /// Merges one partition of a day that is over; returns whether there may be more to do. For live programs, between batches.
    ///
    /// # Errors
    /// When a change that was begun could not be finished. What cannot be prepared is logged and left as it is.
    pub fn tidy(&mut self) -> Result<bool, StoreError> {
        let day = path::day(Micros(self.shared.watermark.0.saturating_sub(LEFT)));
        if self.shared.watermark == Micros::MIN || self.tidy.exchanges == Some(false) {
            return Ok(false);
        }
        if self.tidy.before.is_none_or(|before| before < day) {
            self.tidy.before = Some(day);
            match self.can_exchange().and_then(|can| if can { self.partitions_before(day) } else { Ok(Vec::new()) }) {
                Ok(partitions) => self.tidy.waiting = partitions.into(),
                Err(error) => tracing::warn!(%error, "files are not merged today"),
            }
        }
        let Some(partition) = self.tidy.waiting.pop_front() else { return Ok(false) };
        let mut merged = Merged::default();
        match self.merge(&partition, &mut merged) {
            Ok(Some(change)) => {
                change.commit(&self.root)?;
                tracing::debug!(dir = %partition.dir.display(), files = merged.files_before, "files merged");
                // What is beyond one merged file is a further round.
                self.tidy.waiting.push_back(partition);
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(dir = %partition.dir.display(), %error, "files were not merged"),
        }
        Ok(!self.tidy.waiting.is_empty())
    }

    /// Partitions of days before `day` that have several files.
    fn partitions_before(&self, day: i64) -> Result<Vec<Partition>, StoreError> {
        let date = path::date(day);
        let is_old = |p: &Partition| !p.date.is_empty() && p.date < date;
        let is_due = |p: &Partition| is_old(p) && p.files.len() > 1 && self.table(&p.table).is_some();
        Ok(survey(&self.root)?.into_iter().filter(is_due).collect())
    }

    /// The table of this name.
    fn table(&self, name: &str) -> Option<&'static Table> {
        self.tables.iter().map(|parts| parts.schema.table).find(|table| table.name == name)
    }

    fn can_exchange(&mut self) -> Result<bool, StoreError> {
        if let Some(can) = self.tidy.exchanges {
            return Ok(can);
        }
        let (a, b) = (self.shared.temp_path(), self.shared.temp_path());
        for dir in [&a, &b] {
            fs::create_dir(dir).map_err(|e| StoreError::io("create directory", dir, e))?;
        }
        let can = exchange(&a, &b).is_ok();
        for dir in [&a, &b] {
            fs::remove_dir(dir).map_err(|e| StoreError::io("remove", dir, e))?;
        }
        if !can {
            tracing::warn!("directories cannot change places on this file system; small files are not merged");
        }
        self.tidy.exchanges = Some(can);
        Ok(can)
    }

    /// Prepares the merge of one partition; `None` when there is nothing to merge.
    fn merge(&mut self, partition: &Partition, merged: &mut Merged) -> Result<Option<Change>, StoreError> {
        let Some(table) = self.table(&partition.table) else { return Ok(None) };
        let relative = |path: &Path| path.strip_prefix(&self.root).unwrap_or(path).to_owned();
        let dir = relative(&partition.dir);
        let below = dir.strip_prefix("history").unwrap_or(&dir);
        let manifest_path = Path::new("manifest").join(below).with_extension("json");
        let Some(mut manifest) = Manifest::read(&self.root.join(&manifest_path))? else { return Ok(None) };
        manifest.reconcile(&partition.dir)?;
        let names: BTreeSet<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
        let entries = fs::read_dir(&partition.dir).map_err(|e| StoreError::io("list", &partition.dir, e))?;
        let is_ours = |entry: fs::DirEntry| entry.file_name().to_str().is_some_and(|name| names.contains(name));
        // What somebody else has put there stays where it is, and so does everything beside it.
        if !entries.map_while(Result::ok).all(is_ours) {
            return Ok(None);
        }
        let small: Vec<FileEntry> = small(table, &manifest.files).into_iter().cloned().collect();
        if small.is_empty() {
            return Ok(None);
        }
        let beside = self.shared.temp_path();
        fs::create_dir(&beside).map_err(|e| StoreError::io("create directory", &beside, e))?;
        let entry = write_merged(table, partition, &small, &manifest, &beside)?;
        manifest.files.retain(|file| small.iter().all(|gone| gone.name != file.name));
        for file in &manifest.files {
            let (from, to) = (partition.dir.join(&file.name), beside.join(&file.name));
            fs::hard_link(&from, &to).map_err(|e| StoreError::io("link", &to, e))?;
        }
        merged.partitions += 1;
        merged.files_before += small.len() as u64;
        merged.files_after += 1;
        merged.bytes_before += small.iter().map(|file| file.bytes).sum::<u64>();
        merged.bytes_after += entry.bytes;
        merged.rows += entry.rows;
        let witness = entry.name.clone();
        manifest.files.push(entry);
        manifest.files.sort_by(|a, b| a.name.cmp(&b.name));
        let temp = self.shared.temp_path();
        write_durable(&temp, manifest.to_json().as_bytes())?;
        let mut change = Change::default();
        change.swap(Swap { beside: relative(&beside), dir: dir.clone(), witness });
        change.manifest(relative(&temp), manifest_path);
        Ok(Some(change))
    }

    /// Writes the rows of a merged file aside that are not about the intervals that begin at `starts`; `None` when there are no others.
    ///
    /// # Errors
    /// When the file cannot be read, or the disk refuses.
    pub(super) fn without(
        &mut self,
        schema: &Schema,
        (dir, tenant): (&Path, &str),
        file: &FileEntry,
        starts: &BTreeSet<i64>,
    ) -> Result<Option<(PathBuf, FileEntry)>, StoreError> {
        let mut reader = Reader::default();
        let mut block = reader.block(schema.table);
        let read = reader.append(&mut block, &dir.join(&file.name));
        read.map_err(|error: ReadError| StoreError::Unreadable { why: error.to_string() })?;
        let times = block.longs(schema.table.time);
        let left: Vec<u32> =
            (0..block.rows()).filter(|row| !starts.contains(&times[*row])).map(|row| row as u32).collect();
        if left.is_empty() {
            return Ok(None);
        }
        let naming = Naming {
            tenant,
            name: file.name.clone(),
            known: Some(file),
            switches: &file.switches,
            watermark: Micros(file.watermark_us),
        };
        self.write_content(schema, naming, (&block.columns, &left), &reader).map(Some)
    }

    /// Begins a merge and goes no further than `step`, as if the machine had stopped there.
    #[cfg(test)]
    pub(super) fn prepare_merge(&mut self, partition: &Partition, step: u32) -> Result<(), StoreError> {
        let change = self.merge(partition, &mut Merged::default())?.unwrap_or_default();
        change.stop_at(&self.root, step)
    }
}

/// Writes the rows of `small` as one file into `beside`.
fn write_merged(
    table: &'static Table,
    partition: &Partition,
    small: &[FileEntry],
    manifest: &Manifest,
    beside: &Path,
) -> Result<FileEntry, StoreError> {
    let written = |source| StoreError::Parquet { table: table.name, path: beside.to_owned(), source };
    let failed = |error: ReadError| StoreError::Unreadable { why: error.to_string() };
    let first = small.iter().map(|file| file.first_us).min().unwrap_or(0);
    let last = small.iter().map(|file| file.last_us).max().unwrap_or(0);
    let watermark = small.iter().map(|file| file.watermark_us).max().unwrap_or(i64::MIN);
    let switches: BTreeSet<String> = small.iter().flat_map(|file| file.switches.iter().cloned()).collect();
    let base = format!("part-{}-{}", path::stamp(Micros(first)), path::scope_hash(&partition.tenant, &switches));
    let taken = |name: &String| manifest.files.iter().any(|file| file.name == *name);
    let numbered = (1..).map(|n: u32| format!("{base}-day{n}.parquet"));
    let name = numbered.into_iter().find(|name| !taken(name)).unwrap_or_default();
    let schema = Schema::new(table).map_err(written)?;
    let mut shop = Workshop::new(LEVEL).map_err(|e| StoreError::io("prepare compression for", beside, e))?;
    let mut reader = Reader::default();
    let mut block = reader.block(table);
    let mut writer = Writer::create(&beside.join(&name), &schema).map_err(written)?;
    for file in small {
        let path: PathBuf = partition.dir.join(&file.name);
        for group in 0..reader.groups(&path).map_err(failed)? {
            let before = block.rows();
            reader.append_group(&mut block, &path, group).map_err(failed)?;
            if block.rows() > GROUP_ROWS || block.columns.text_bytes > TEXT_BYTES {
                let rest = block.split_off(before);
                writer.row_group(&mut block.columns, &reader.texts, &mut shop).map_err(written)?;
                block = rest;
            }
        }
    }
    writer.row_group(&mut block.columns, &reader.texts, &mut shop).map_err(written)?;
    let about = About {
        tenant: &partition.tenant,
        writer: "live",
        watermark: Micros(watermark),
        switches: &switches,
        first: Micros(first),
        last: Micros(last),
    };
    let file = writer.finish(&about).map_err(written)?;
    let rows: u64 = small.iter().map(|file| file.rows).sum();
    if file.rows != rows {
        return Err(StoreError::Unreadable {
            why: format!("{} has {} rows, its manifest {rows}", partition.dir.display(), file.rows),
        });
    }
    Ok(FileEntry {
        name,
        rows: file.rows,
        bytes: file.bytes,
        checksum_algorithm: CHECKSUM.into(),
        checksum: file.checksum,
        first_us: first,
        last_us: last,
        switches,
        writer: "live".into(),
        watermark_us: watermark,
    })
}
