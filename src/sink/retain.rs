//! Partitions that are too old go: whole days of a table, each in one step.
//!
//! In: the first day of each table that stays. A directory leaves the place where readers look before anything in it is removed, so a glob
//! sees a day whole or not at all; what is to go is written down first, and the next start finishes what was begun. One that has listed files and not yet
//! opened them finds them gone. A directory in which somebody has put something stays. Knows no clock and no reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::path;
use super::publish::{Change, Removal, write_durable};
use super::store::{Store, StoreError};
use super::survey::{Partition, survey};

/// Below the data directory: the first day (`YYYY-MM-DD`) of each table from which days were removed.
const NOTE: &str = "retained.json";

/// The first day that was kept of each table from which days were removed, as `YYYY-MM-DD`: what is older is missing with good reason.
///
/// # Errors
/// When the note cannot be read, or is none.
pub fn retained(root: &Path) -> Result<BTreeMap<String, String>, StoreError> {
    let path = root.join(NOTE);
    match fs::read(&path) {
        Ok(text) => {
            serde_json::from_slice(&text).map_err(|e| StoreError::Note { path: path.clone(), why: e.to_string() })
        }
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(e) => Err(StoreError::io("read", &path, e)),
    }
}

/// A partition that is too old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outdated {
    /// Table.
    pub table: String,
    /// Tenant as sent.
    pub tenant: String,
    /// UTC date as `YYYY-MM-DD`.
    pub date: String,
    /// Files in it.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Their length.
    pub bytes: u64,
}

/// Partitions of the store in `root` that lie before the first day that stays of their table; what is in them that no manifest names, keeps
/// them where they are. Changes nothing.
///
/// # Errors
/// When a directory or a manifest cannot be read.
pub fn outdated(root: &Path, limits: &[(&str, i64)]) -> Result<Vec<Outdated>, StoreError> {
    Ok(find(root, limits)?.iter().map(describe).collect())
}

fn find(root: &Path, limits: &[(&str, i64)]) -> Result<Vec<Partition>, StoreError> {
    let mut found = survey(root)?;
    found.retain(|p| {
        let first = limits.iter().find(|(table, _)| *table == p.table).map(|(_, day)| path::date(*day));
        !p.date.is_empty() && first.is_some_and(|first| p.date < first) && is_ours(p)
    });
    Ok(found)
}

/// Whether the directory holds what the manifest names, and nothing else.
fn is_ours(partition: &Partition) -> bool {
    let listed: BTreeSet<&str> =
        partition.manifest.iter().flat_map(|m| &m.files).map(|file| file.name.as_str()).collect();
    let Ok(entries) = fs::read_dir(&partition.dir) else { return true };
    let is_ours =
        entries.map_while(Result::ok).all(|entry| entry.file_name().to_str().is_some_and(|name| listed.contains(name)));
    if !is_ours {
        tracing::warn!(dir = %partition.dir.display(), "too old, and kept: there are files in it that no manifest names");
    }
    is_ours
}

fn describe(partition: &Partition) -> Outdated {
    let files = || partition.manifest.iter().flat_map(|m| &m.files);
    Outdated {
        table: partition.table.clone(),
        tenant: partition.tenant.clone(),
        date: partition.date.clone(),
        files: files().count() as u64,
        rows: files().map(|file| file.rows).sum(),
        bytes: files().map(|file| file.bytes).sum(),
    }
}

impl Store {
    /// Removes the partitions that lie before the first day that stays of their table; returns which.
    ///
    /// # Errors
    /// When the disk refuses; the next start finishes what was begun.
    pub fn retain(&mut self, limits: &[(&str, i64)]) -> Result<Vec<Outdated>, StoreError> {
        let (found, change) = self.removal(limits)?;
        if !change.is_empty() {
            change.commit(&self.root)?;
        }
        Ok(found.iter().map(describe).collect())
    }

    /// What is to be removed, and how.
    fn removal(&mut self, limits: &[(&str, i64)]) -> Result<(Vec<Partition>, Change), StoreError> {
        let found = find(&self.root, limits)?;
        let mut change = Change::default();
        for partition in &found {
            let relative = |path: &Path| path.strip_prefix(&self.root).unwrap_or(path).to_owned();
            let dir = relative(&partition.dir);
            let below = dir.strip_prefix("history").unwrap_or(&dir);
            let mut manifest = Path::new("manifest").join(below).into_os_string();
            manifest.push(".json");
            let beside = relative(&self.shared.temp_path());
            change.remove(Removal { dir, beside, manifest: PathBuf::from(manifest) });
        }
        if !found.is_empty() {
            let mut note = retained(&self.root)?;
            for (table, day) in limits.iter().filter(|(table, _)| found.iter().any(|p| p.table == *table)) {
                let first = note.entry((*table).to_owned()).or_default();
                *first = path::date(*day).max(std::mem::take(first));
            }
            let temp = self.shared.temp_path();
            let text = serde_json::to_string_pretty(&note).expect("texts always serialize") + "\n";
            write_durable(&temp, text.as_bytes())?;
            change.note(temp.strip_prefix(&self.root).unwrap_or(&temp).to_owned(), PathBuf::from(NOTE));
        }
        Ok((found, change))
    }

    /// Begins a removal and goes no further than `step`, as if the machine had stopped there.
    #[cfg(test)]
    pub(super) fn prepare_removal(&mut self, limits: &[(&str, i64)], step: u32) -> Result<(), StoreError> {
        let (_, change) = self.removal(limits)?;
        change.stop_at(&self.root, step)
    }
}
