//! What lies in a data directory: partitions, their manifests, and whether their files are those that were written.
//!
//! In: a data directory, which may be in use. Out: one [`Partition`] per table, tenant and date, and for each what is wrong with its files.
//! Reads names, manifests, bytes and footers; knows no rows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::lock::Lock;
use super::manifest::{FileEntry, Manifest};
use super::parquet::{CHECKSUM, checksum};
use super::path;
use super::store::StoreError;

/// Files of one table, tenant and date.
#[derive(Clone, Debug)]
pub struct Partition {
    /// Table.
    pub table: String,
    /// Tenant as sent; as in the path when there is no manifest; empty where all share one table.
    pub tenant: String,
    /// UTC date as `YYYY-MM-DD`; empty in a dimension.
    pub date: String,
    /// Directory of the files.
    pub dir: PathBuf,
    /// Names of the files that are there.
    pub files: BTreeSet<String>,
    /// The manifest.
    pub manifest: Option<Manifest>,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The manifest names it and it is not there.
    Missing,
    /// It is there and no manifest names it.
    Unlisted,
    /// Its content is not what was written.
    Content {
        /// What differs: length or checksum.
        what: &'static str,
        /// As written.
        wanted: String,
        /// As it is.
        found: String,
    },
    /// What it says of itself is not what the manifest says.
    Description {
        /// Which entry of its metadata.
        what: &'static str,
        /// In the manifest.
        wanted: String,
        /// In the file.
        found: String,
    },
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("the manifest names it, and it is not there"),
            Self::Unlisted => f.write_str("no manifest names it"),
            Self::Content { what, wanted, found } | Self::Description { what, wanted, found } => {
                write!(f, "{what} is {found}, the manifest has {wanted}")
            }
        }
    }
}

impl Partition {
    /// Stored bytes, as the manifest has them.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.manifest.iter().flat_map(|m| &m.files).map(|f| f.bytes).sum()
    }

    /// Looks again which files there are: a running program may have changed them since the survey of `root`.
    ///
    /// # Errors
    /// When the directory or the manifest cannot be read.
    pub fn refresh(&mut self, root: &Path) -> Result<(), StoreError> {
        if let Ok(below) = self.dir.strip_prefix(root.join("history")) {
            (self.files, self.manifest) = lying(root, below)?;
        }
        Ok(())
    }

    /// Compares every file with its entry in the manifest, to the last byte.
    ///
    /// # Errors
    /// When a file that is there cannot be read.
    pub fn examine(&self) -> Result<Vec<(String, Damage)>, StoreError> {
        let mut found = Vec::new();
        let listed: BTreeMap<&str, &FileEntry> =
            self.manifest.iter().flat_map(|m| &m.files).map(|f| (f.name.as_str(), f)).collect();
        for name in self.files.iter().filter(|name| !listed.contains_key(name.as_str())) {
            found.push((name.clone(), Damage::Unlisted));
        }
        for (name, entry) in listed {
            let damages = if self.files.contains(name) { self.compare(entry)? } else { vec![Damage::Missing] };
            found.extend(damages.into_iter().map(|damage| (name.to_owned(), damage)));
        }
        Ok(found)
    }

    fn compare(&self, entry: &FileEntry) -> Result<Vec<Damage>, StoreError> {
        let path = self.dir.join(&entry.name);
        let file = File::open(&path).map_err(|e| StoreError::io("open", &path, e))?;
        let (bytes, sum) = checksum(file).map_err(|e| StoreError::io("read", &path, e))?;
        let mut found = Vec::new();
        let mut content = |what, wanted: String, is: String| {
            if wanted != is {
                found.push(Damage::Content { what, wanted, found: is });
            }
        };
        content("length", entry.bytes.to_string(), bytes.to_string());
        if entry.checksum_algorithm == CHECKSUM {
            content("checksum", entry.checksum.clone(), sum);
        }
        let Some(own) = FileEntry::describe(&self.dir, &entry.name)? else {
            found.push(Damage::Content { what: "content", wanted: "a table".into(), found: "none".into() });
            return Ok(found);
        };
        for (what, wanted, is) in [
            ("rows", entry.rows.to_string(), own.rows.to_string()),
            ("first_us", entry.first_us.to_string(), own.first_us.to_string()),
            ("last_us", entry.last_us.to_string(), own.last_us.to_string()),
            ("watermark_us", entry.watermark_us.to_string(), own.watermark_us.to_string()),
            ("writer", entry.writer.clone(), own.writer.clone()),
            ("switches", format!("{:?}", entry.switches), format!("{:?}", own.switches)),
        ] {
            if wanted != is {
                found.push(Damage::Description { what, wanted, found: is });
            }
        }
        Ok(found)
    }
}

/// Whether a running program holds the directory.
///
/// # Errors
/// When the lock file cannot be opened.
pub fn is_written(root: &Path) -> Result<bool, StoreError> {
    match Lock::take(root) {
        Ok(_) => Ok(false),
        Err(StoreError::Locked { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Names of the directories in `dir` that begin with `prefix`, without it, ascending.
fn directories(dir: &Path, prefix: &str) -> Result<BTreeSet<String>, StoreError> {
    children(dir, prefix, "", fs::FileType::is_dir)
}

/// The same of files that end with `suffix`, without it.
fn files(dir: &Path, prefix: &str, suffix: &str) -> Result<BTreeSet<String>, StoreError> {
    children(dir, prefix, suffix, fs::FileType::is_file)
}

fn children(
    dir: &Path,
    prefix: &str,
    suffix: &str,
    is_one: fn(&fs::FileType) -> bool,
) -> Result<BTreeSet<String>, StoreError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(BTreeSet::new()),
        Err(e) => return Err(StoreError::io("list", dir, e)),
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        let entry = entry.map_err(|e| StoreError::io("list", dir, e))?;
        let name = entry.file_name();
        let Some(name) = name.to_str().and_then(|n| n.strip_prefix(prefix)?.strip_suffix(suffix)) else { continue };
        if is_one(&entry.file_type().map_err(|e| StoreError::io("look at", &entry.path(), e))?) {
            names.insert(name.to_owned());
        }
    }
    Ok(names)
}

/// Files and manifest of a partition.
fn lying(root: &Path, below: &Path) -> Result<(BTreeSet<String>, Option<Manifest>), StoreError> {
    let mut listed = root.join("manifest").join(below).into_os_string();
    listed.push(".json");
    let manifest = Manifest::read(Path::new(&listed))?;
    let names = files(&root.join("history").join(below), "", ".parquet")?;
    Ok((names.into_iter().map(|name| name + ".parquet").collect(), manifest))
}

/// All partitions of the store in `root`, by tenant, date and table; dimensions come before facts.
///
/// # Errors
/// When a directory or a manifest cannot be read.
pub fn survey(root: &Path) -> Result<Vec<Partition>, StoreError> {
    let (history, manifests) = (root.join("history"), root.join("manifest"));
    let mut found = Vec::new();
    let both = |below: &Path, prefix: &str| -> Result<BTreeSet<String>, StoreError> {
        let mut names = directories(&history.join(below), prefix)?;
        names.extend(directories(&manifests.join(below), prefix)?);
        names.extend(files(&manifests.join(below), prefix, ".json")?);
        Ok(names)
    };
    let mut add = |table: &str, tenant: &str, date: &str, below: &Path| -> Result<(), StoreError> {
        let (files, manifest) = lying(root, below)?;
        // Directories of tables and of tenants hold files only in dimensions.
        if date.is_empty() && manifest.is_none() && files.is_empty() {
            return Ok(());
        }
        let tenant = manifest.as_ref().map_or_else(|| tenant.to_owned(), |m| m.tenant.clone());
        let (table, date, dir) = (table.to_owned(), date.to_owned(), history.join(below));
        found.push(Partition { table, tenant, date, dir, files, manifest });
        Ok(())
    };
    for table in both(Path::new(""), "")? {
        let below = PathBuf::from(&table);
        add(&table, "", "", &below)?;
        for tenant in both(&below, "tenant=")? {
            let below = below.join(format!("tenant={tenant}"));
            add(&table, &tenant, "", &below)?;
            for date in both(&below, "date=")? {
                add(&table, &tenant, &date, &below.join(format!("date={date}")))?;
            }
        }
    }
    found.sort_by(|a, b| (&a.tenant, &a.date, &a.table).cmp(&(&b.tenant, &b.date, &b.table)));
    Ok(found)
}

/// Whether a row of `tenant` with the time `at` belongs into `dir`.
#[must_use]
pub fn is_place_of(dir: &Path, tenant: &str, at: crate::model::time::Micros) -> bool {
    let mut parts = dir.components().rev().filter_map(|part| part.as_os_str().to_str());
    let date = parts.next().and_then(|part| part.strip_prefix("date="));
    let place = parts.next().and_then(|part| part.strip_prefix("tenant="));
    date == Some(path::date(path::day(at)).as_str()) && place == Some(path::tenant(tenant).as_str())
}
