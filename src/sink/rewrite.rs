//! Rows of stored files are replaced by others of the same keys, file by file, in one change for all partitions.
//!
//! In: partitions with their rows, the rows that shall be there, and how both differ. Out: the same files with other rows, under the same
//! names, so that whoever lists a partition sees every key once at any time; files that nobody needs any more go, rows that are new join the file of
//! their time or make one. A file without a difference is not touched. Refuses to know why rows are replaced.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::model::time::Micros;

use super::column::{Columns, Values};
use super::differ::Difference;
use super::dimension::{self, gather};
use super::manifest::{FileEntry, Manifest};
use super::page::ZSTD_LEVEL;
use super::parquet::{About, CHECKSUM, ROW_GROUP_ROWS, Schema, Workshop, Writer};
use super::path;
use super::publish::{Change, write_durable};
use super::read::{Block, Reader};
use super::store::{Store, StoreError};
use super::survey::Partition;

/// Rows of one partition, and what they shall be.
#[derive(Debug)]
pub struct Rewrite {
    /// The partition.
    pub partition: Partition,
    /// Its rows.
    pub old: Block,
    /// The rows that shall be there, where they differ.
    pub new: Block,
    /// How they differ.
    pub difference: Difference,
    /// The switches of the rows that shall be there.
    pub switches: BTreeSet<String>,
}

/// Replacements that are prepared, and not visible yet.
#[derive(Debug, Default)]
pub struct Rewriting {
    change: Change,
    /// Files that will be there with other rows.
    pub files: u64,
}

/// How a file that is written again is called, and what it says of itself.
pub(super) struct Naming<'a> {
    pub(super) tenant: &'a str,
    pub(super) name: String,
    /// The file that it takes the place of.
    pub(super) known: Option<&'a FileEntry>,
    /// Switches of a file that is new, and up to when its rows have seen everything.
    pub(super) switches: &'a BTreeSet<String>,
    pub(super) watermark: Micros,
}

/// The rows of a file to be: of the stored block, then of the new one.
#[derive(Debug, Default)]
struct Content {
    old: Vec<u32>,
    /// Row of the new block, and the revision it shall have; `None` for its own.
    new: Vec<(u32, Option<i32>)>,
}

/// The words of statuses as one reader has numbered them.
struct Statuses {
    revised: u32,
    unfinished: [u32; 2],
}

impl Statuses {
    fn new(reader: &mut Reader) -> Self {
        Self { revised: reader.name("revised"), unfinished: [reader.name("open"), reader.name("provisional")] }
    }

    /// The status of a row that comes again: revised, unless it is not final yet.
    fn again(&self, status: u32) -> u32 {
        if self.unfinished.contains(&status) { status } else { self.revised }
    }
}

impl Store {
    /// Prepares the replacement of rows of one partition. `reader` has numbered the names of its blocks.
    ///
    /// # Errors
    /// When the disk refuses, or the manifest is damaged.
    pub fn prepare_rewrite(
        &mut self,
        rewrite: &Rewrite,
        reader: &mut Reader,
        watermark: Micros,
        rewriting: &mut Rewriting,
    ) -> Result<(), StoreError> {
        let Rewrite { partition, old, new, .. } = rewrite;
        let statuses = Statuses::new(reader);
        let table = old.table;
        let dir = partition.dir.strip_prefix(&self.root).unwrap_or(&partition.dir).to_owned();
        let below = dir.strip_prefix("history").unwrap_or(&dir).to_owned();
        let manifest_path = with_json(Path::new("manifest").join(below));
        let read = Manifest::read(&self.root.join(&manifest_path))?;
        let mut manifest = read.unwrap_or_else(|| Manifest::empty(table.name, &partition.tenant, &partition.date));
        manifest.reconcile(&partition.dir)?;
        let schema = Schema::new(table).map_err(|source| self.failed_to_rewrite(table.name, source))?;
        let mut files: Vec<(PathBuf, String)> = Vec::new();
        let mut superseded = Vec::new();
        for (name, content) in contents(rewrite, reader, &manifest) {
            let known = manifest.files.iter().find(|file| file.name == name).cloned();
            if content.old.is_empty() && content.new.is_empty() {
                superseded.extend(known);
                continue;
            }
            let columns = content.columns(old, new, &statuses);
            let mut order: Vec<u32> = (0..columns.rows as u32).collect();
            if table.is_dimension() {
                dimension::sort(table, &columns, &mut order, &reader.texts);
            }
            let own = rewrite.own_switches();
            let naming = Naming { tenant: &partition.tenant, name, known: known.as_ref(), switches: &own, watermark };
            let entry = self.write_content(&schema, naming, (&columns, &order), reader)?;
            files.push((entry.0, entry.1.name.clone()));
            manifest.files.retain(|file| file.name != entry.1.name);
            manifest.files.push(entry.1);
            superseded.extend(known);
        }
        rewriting.files += files.len() as u64;
        rewriting.change.partition(&dir, &superseded.iter().collect::<Vec<_>>(), &files);
        manifest.files.retain(|file| {
            let goes = superseded.iter().any(|gone| gone.name == file.name);
            !goes || files.iter().any(|(_, name)| *name == file.name)
        });
        manifest.files.sort_by(|a, b| a.name.cmp(&b.name));
        let temp = self.shared.temp_path();
        write_durable(&temp, manifest.to_json().as_bytes())?;
        rewriting.change.manifest(self.relative(&temp), manifest_path);
        Ok(())
    }

    /// Makes everything that was prepared visible, whole even if the machine stops meanwhile.
    ///
    /// # Errors
    /// When the disk refuses; the next start finishes what was begun.
    pub fn rewrite(&mut self, rewriting: Rewriting) -> Result<(), StoreError> {
        if rewriting.change.is_empty() { Ok(()) } else { rewriting.change.commit(&self.root) }
    }

    fn relative(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).unwrap_or(path).to_owned()
    }

    fn failed_to_rewrite(&self, table: &'static str, source: parquet::errors::ParquetError) -> StoreError {
        StoreError::Parquet { table, path: self.shared.temp.clone(), source }
    }

    /// Writes these rows as a file aside; returns where it lies, and what the manifest says of it.
    pub(super) fn write_content(
        &mut self,
        schema: &Schema,
        naming: Naming<'_>,
        (columns, order): (&Columns, &[u32]),
        reader: &Reader,
    ) -> Result<(PathBuf, FileEntry), StoreError> {
        let Naming { tenant, name, known, switches, watermark } = naming;
        let table = schema.table;
        let temp = self.shared.temp_path();
        let failed = |source| StoreError::Parquet { table: table.name, path: temp.clone(), source };
        let at = table.columns.iter().position(|column| column.name == table.time);
        // What describes things is of no time.
        let times: Vec<i64> = match at.map(|at| &columns.values[at]) {
            Some(Values::Long(times)) => order.iter().map(|row| times[*row as usize]).collect(),
            _ => Vec::new(),
        };
        let is_live = known.is_none_or(|file| file.writer == "live");
        let about = About {
            tenant,
            writer: if is_live { "live" } else { "replay" },
            watermark: known.map_or(watermark, |file| Micros(file.watermark_us)),
            switches: known.map_or(switches, |file| &file.switches),
            first: Micros(times.iter().copied().min().unwrap_or(0)),
            last: Micros(times.iter().copied().max().unwrap_or(0)),
        };
        let mut writer = Writer::create(&temp, schema).map_err(failed)?;
        // One of its own: what it remembers of texts is about those of the reader.
        let mut shop = Workshop::new(ZSTD_LEVEL).map_err(|e| StoreError::io("prepare compression for", &temp, e))?;
        let mut group = Columns::new(table);
        for rows in order.chunks(ROW_GROUP_ROWS) {
            gather(columns, rows, &mut group);
            group.rows = rows.len();
            writer.row_group(&mut group, &reader.texts, &mut shop).map_err(failed)?;
        }
        let file = writer.finish(&about).map_err(failed)?;
        let entry = FileEntry {
            name,
            rows: file.rows,
            bytes: file.bytes,
            checksum_algorithm: CHECKSUM.into(),
            checksum: file.checksum,
            first_us: about.first.0,
            last_us: about.last.0,
            writer: about.writer.into(),
            switches: about.switches.clone(),
            watermark_us: about.watermark.0,
        };
        Ok((self.relative(&file.path), entry))
    }
}

impl Rewrite {
    /// The switches of the partition, whoever wrote of them.
    fn own_switches(&self) -> BTreeSet<String> {
        let stored = self.partition.manifest.iter().flat_map(|m| &m.files).flat_map(|file| &file.switches);
        stored.chain(&self.switches).cloned().collect()
    }
}

fn with_json(path: PathBuf) -> PathBuf {
    let mut name = path.into_os_string();
    name.push(".json");
    name.into()
}

/// What the files of a partition shall hold; only those that change.
fn contents(rewrite: &Rewrite, reader: &Reader, manifest: &Manifest) -> BTreeMap<String, Content> {
    let Rewrite { old, new, difference, .. } = rewrite;
    let file_of = |row: usize| {
        let path = Path::new(reader.text(old.file(row)));
        path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned()
    };
    let mut files: BTreeMap<String, Content> = BTreeMap::new();
    let revisions = old.has("revision").then(|| old.ints("revision"));
    let mut fate: BTreeMap<usize, Option<(u32, Option<i32>)>> = BTreeMap::new();
    for changed in &difference.changed {
        let revision = revisions.map(|revisions| revisions[changed.old] + 1);
        fate.insert(changed.old, Some((changed.new as u32, revision)));
    }
    fate.extend(difference.vanished.iter().map(|row| (*row, None)));
    for row in fate.keys() {
        files.entry(file_of(*row)).or_default();
    }
    let times = (!new.table.is_dimension()).then(|| new.longs(new.table.time));
    for row in &difference.new {
        let name = match times {
            Some(times) => home(manifest, rewrite, times[*row], &files),
            None => match manifest.files.first() {
                Some(file) => file.name.clone(),
                None => format!("{}.parquet", path::whole(&rewrite.partition.tenant)),
            },
        };
        files.entry(name).or_default().new.push((*row as u32, None));
    }
    for row in 0..old.rows() {
        let Some(content) = files.get_mut(&file_of(row)) else { continue };
        match fate.get(&row) {
            None => content.old.push(row as u32),
            Some(Some(other)) => content.new.push(*other),
            Some(None) => {}
        }
    }
    files
}

/// The file that a new row of this time joins: one that holds its time, else one that is made.
fn home(manifest: &Manifest, rewrite: &Rewrite, at: i64, made: &BTreeMap<String, Content>) -> String {
    let partition = &rewrite.partition;
    let holds = |file: &&FileEntry| file.first_us <= at && at <= file.last_us;
    if let Some(file) = manifest.files.iter().find(holds) {
        return file.name.clone();
    }
    // An interval has a file of its own, which the interval replaces if it comes again.
    let is_interval = rewrite.old.table.is_of_intervals();
    let stamp = if is_interval { path::stamp(Micros(at)) } else { partition.date.replace('-', "") };
    let base = format!("part-{stamp}-{}-again", path::scope_hash(&partition.tenant, &rewrite.own_switches()));
    let name = format!("{base}.parquet");
    let is_taken = |name: &String| manifest.files.iter().any(|file| file.name == *name) && !made.contains_key(name);
    if !is_taken(&name) {
        return name;
    }
    (2..).map(|n: u32| format!("{base}{n}.parquet")).find(|name| !is_taken(name)).unwrap_or_default()
}

impl Content {
    /// The rows, with the revisions they shall have.
    fn columns(&self, old: &Block, new: &Block, statuses: &Statuses) -> Columns {
        let mut columns = Columns::new(old.table);
        gather(&old.columns, &self.old, &mut columns);
        let rows: Vec<u32> = self.new.iter().map(|(row, _)| *row).collect();
        gather(&new.columns, &rows, &mut columns);
        columns.rows = self.old.len() + rows.len();
        let place = |name: &str| old.table.columns.iter().position(|column| column.name == name);
        for (row, revision) in (self.old.len()..).zip(self.new.iter().map(|(_, revision)| *revision)) {
            let Some(revision) = revision else { continue };
            if let Some(Values::Int(all)) = place("revision").map(|at| &mut columns.values[at]) {
                all[row] = revision;
            }
            if let Some(Values::Name(all)) = place("status").map(|at| &mut columns.values[at]) {
                all[row] = statuses.again(all[row]);
            }
        }
        columns
    }
}
