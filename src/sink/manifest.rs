//! The live files of one partition of one table, with what a reader cannot see from their names.
//!
//! One JSON document per table, tenant and date under `DIR/manifest`, replaced as a whole by rename. Instants are
//! microseconds since 1970 UTC.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use parquet::file::reader::{FileReader, SerializedFileReader};
use serde::{Deserialize, Serialize};

use super::parquet::{CHECKSUM, SCHEMA_VERSION, checksum};
use super::store::StoreError;
use crate::model::table::DEFINITIONS_VERSION;
use crate::model::time::Micros;

/// The live files of one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Table.
    pub table: String,
    /// Tenant as sent, not escaped; empty where all share one table.
    pub tenant: String,
    /// UTC date of the rows' time column; empty in a dimension.
    pub date: String,
    /// Version of the columns.
    pub schema_version: u32,
    /// Version of what the numbers mean.
    pub definitions_version: u32,
    /// Event time up to which everything has been seen.
    pub watermark_us: i64,
    /// The files by name.
    pub files: Vec<FileEntry>,
}

/// One live file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Name inside the partition's directory.
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// Length in bytes.
    pub bytes: u64,
    /// Algorithm of `checksum`.
    pub checksum_algorithm: String,
    /// Checksum of the content in hex.
    pub checksum: String,
    /// Earliest value of the table's time column.
    pub first_us: i64,
    /// Latest value of the table's time column.
    pub last_us: i64,
    /// Switches whose rows it holds.
    pub switches: BTreeSet<String>,
    /// `replay` or `live`.
    pub writer: String,
    /// Event time up to which everything had been seen when it was written.
    pub watermark_us: i64,
}

impl FileEntry {
    /// Describes a file by its own metadata; `None` when it is not one of the product's.
    pub(super) fn describe(dir: &Path, name: &str) -> Result<Option<Self>, StoreError> {
        let path = dir.join(name);
        let open = || File::open(&path).map_err(|e| StoreError::io("open", &path, e));
        let Ok(reader) = SerializedFileReader::new(open()?) else { return Ok(None) };
        let about = reader.metadata().file_metadata();
        let value = |key: &str| {
            let pairs = about.key_value_metadata()?;
            pairs.iter().find(|p| p.key == key)?.value.as_deref()
        };
        let number = |key: &str| value(key)?.parse::<i64>().ok();
        let switches = value("callfold.switches").and_then(|s| serde_json::from_str(s).ok());
        let times = number("callfold.first_us").zip(number("callfold.last_us")).zip(number("callfold.watermark_us"));
        let (Some(switches), Some(((first_us, last_us), watermark_us))) = (switches, times) else { return Ok(None) };
        let (bytes, checksum) = checksum(open()?).map_err(|e| StoreError::io("read", &path, e))?;
        Ok(Some(Self {
            name: name.into(),
            rows: about.num_rows().unsigned_abs(),
            bytes,
            checksum_algorithm: CHECKSUM.into(),
            checksum,
            first_us,
            last_us,
            switches,
            writer: value("callfold.writer").unwrap_or("replay").into(),
            watermark_us,
        }))
    }

    /// Whether both may hold rows of one switch and one instant.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.first_us <= other.last_us && other.first_us <= self.last_us && !self.switches.is_disjoint(&other.switches)
    }
}

impl Manifest {
    /// A partition without files.
    #[must_use]
    pub fn empty(table: &str, tenant: &str, date: &str) -> Self {
        Self {
            table: table.into(),
            tenant: tenant.into(),
            date: date.into(),
            schema_version: SCHEMA_VERSION,
            definitions_version: DEFINITIONS_VERSION,
            watermark_us: i64::MIN,
            files: Vec::new(),
        }
    }

    /// Reads the manifest at `path`; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read or is not a manifest.
    pub fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(StoreError::io("read manifest", path, e)),
        };
        let parsed = serde_json::from_slice(&text);
        parsed.map(Some).map_err(|e| StoreError::Manifest { path: path.to_owned(), why: e.to_string() })
    }

    /// Makes the list say what lies in `dir`: files may have been removed or brought by hand, or the manifest lost.
    ///
    /// Files without the product's metadata are left alone and out of the list.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn reconcile(&mut self, dir: &Path) -> Result<(), StoreError> {
        let entries = match fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == ErrorKind::NotFound => {
                self.files.clear();
                return Ok(());
            }
            Err(e) => return Err(StoreError::io("list", dir, e)),
        };
        let mut names = BTreeSet::new();
        for entry in entries {
            let name = entry.map_err(|e| StoreError::io("list", dir, e))?.file_name();
            names.extend(name.to_str().filter(|n| n.ends_with(".parquet")).map(str::to_owned));
        }
        self.files.retain(|f| names.remove(&f.name));
        for name in names {
            if let Some(entry) = FileEntry::describe(dir, &name)? {
                self.files.push(entry);
            }
        }
        self.files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(())
    }

    /// The document as it lies on the disk.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("texts and numbers always serialize");
        text.push('\n');
        text
    }
}
/// Event time up to which the store in `dir` has seen everything; `None` when it holds no rows.
///
/// # Errors
/// When a manifest cannot be read or is not one.
pub fn stored_until(dir: &Path) -> Result<Option<Micros>, StoreError> {
    let mut until = None;
    let mut waiting = vec![dir.join("manifest")];
    while let Some(path) = waiting.pop() {
        if path.extension().is_some_and(|extension| extension == "json") {
            let found = Manifest::read(&path)?.filter(|manifest| !manifest.files.is_empty());
            until = until.max(found.map(|manifest| Micros(manifest.watermark_us)));
            continue;
        }
        match fs::read_dir(&path) {
            Ok(entries) => waiting.extend(entries.map_while(Result::ok).map(|entry| entry.path())),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(e) => return Err(StoreError::io("list", &path, e)),
        }
    }
    Ok(until)
}
