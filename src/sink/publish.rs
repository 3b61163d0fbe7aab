//! Finished files become visible: which old files they replace, and how the change survives a crash at any instant.
//!
//! [`plan`] decides without touching the disk. [`Change`] is what it decided, written down before it is carried out, so that
//! the next start can carry a half-done change to its end. A file that takes the place of one with another name first
//! renames the old one to the new name: a glob sees one or the other, never both and never none. Where many files become one, a whole
//! directory changes places with another.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::manifest::FileEntry;
use super::store::StoreError;

/// Directory below the data directory for everything unfinished; no glob over `history` sees it.
pub(super) const TEMP: &str = ".tmp";
/// The change being carried out.
const CHANGE: &str = "change.json";

/// How new files stand to old ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Rows of a whole run: what they cover is replaced, what they only touch is refused.
    Run {
        /// Replace what is only touched, too.
        replace: bool,
    },
    /// Rows that come once each: they join what is there.
    Once,
    /// All rows of one interval: they replace the interval.
    Interval,
    /// All rows there are: they replace everything.
    Whole,
}

/// Which old files go.
///
/// # Errors
/// The old file that a new one would double in part.
pub(super) fn plan<'a>(
    rule: Rule,
    old: &'a [FileEntry],
    new: &[FileEntry],
) -> Result<Vec<&'a FileEntry>, &'a FileEntry> {
    let spans = spans(new);
    let mut superseded = Vec::new();
    for file in old {
        let met: Vec<&FileEntry> = spans.iter().filter(|s| s.meets(file)).collect();
        let named_again = new.iter().any(|n| n.name == file.name);
        let goes = match rule {
            Rule::Once if file.writer == "live" => named_again,
            Rule::Whole => true,
            _ if met.is_empty() => named_again,
            Rule::Run { replace: true } => true,
            Rule::Run { replace: false } => {
                let covers = |s: &FileEntry| s.first_us <= file.first_us && file.last_us <= s.last_us;
                if !met.iter().any(|s| covers(s) && file.switches.is_subset(&s.switches)) {
                    return Err(file);
                }
                true
            }
            Rule::Interval if file.first_us == file.last_us => true,
            Rule::Interval | Rule::Once => return Err(file),
        };
        if goes {
            superseded.push(file);
        }
    }
    Ok(superseded)
}

/// Several files of one run and one set of switches count as one stretch of time.
fn spans(new: &[FileEntry]) -> Vec<FileEntry> {
    let mut spans: Vec<FileEntry> = Vec::new();
    for file in new {
        match spans.iter_mut().find(|s| s.switches == file.switches && s.writer == "replay") {
            Some(span) => {
                span.first_us = span.first_us.min(file.first_us);
                span.last_us = span.last_us.max(file.last_us);
            }
            None => spans.push(file.clone()),
        }
    }
    spans
}

/// A directory that takes the place of a partition's, which takes its place.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Swap {
    /// The new directory, below the directory of unfinished files.
    pub(super) beside: PathBuf,
    /// The partition's directory.
    pub(super) dir: PathBuf,
    /// A file that only the new directory has: where it is, says whether they have changed places.
    pub(super) witness: String,
}

/// A partition that goes as a whole.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Removal {
    /// Its directory.
    pub(super) dir: PathBuf,
    /// Where that goes first, below the directory of unfinished files.
    pub(super) beside: PathBuf,
    /// Its manifest.
    pub(super) manifest: PathBuf,
}

/// Lets two directories change places in one step.
///
/// # Errors
/// When the operating system or the file system cannot.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn exchange(a: &Path, b: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
}

/// Lets two directories change places in one step.
///
/// # Errors
/// Always: here it is not known how.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn exchange(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Renames and removals that belong together; paths are relative to the data directory.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Change {
    /// Directories that change places with partitions.
    #[serde(default)]
    swaps: Vec<Swap>,
    /// Partitions that go.
    #[serde(default)]
    removals: Vec<Removal>,
    /// Old files that take the name of their successor first.
    moves: Vec<(PathBuf, PathBuf)>,
    /// Old files without a successor.
    removes: Vec<PathBuf>,
    /// New files from their temporary to their final names; manifests last.
    renames: Vec<(PathBuf, PathBuf)>,
}

impl Change {
    /// Whether nothing is to be done.
    pub(super) fn is_empty(&self) -> bool {
        self.renames.is_empty() && self.removals.is_empty()
    }

    /// Adds the files of one partition in `dir`: `new` are temporary path and final name.
    pub(super) fn partition(&mut self, dir: &Path, superseded: &[&FileEntry], new: &[(PathBuf, String)]) {
        let mut gone = superseded.iter().filter(|old| new.iter().all(|(_, name)| *name != old.name));
        let replaced = |name: &String| superseded.iter().any(|old| old.name == *name);
        for (temp, name) in new {
            if !replaced(name)
                && let Some(old) = gone.next()
            {
                self.moves.push((dir.join(&old.name), dir.join(name)));
            }
            self.renames.push((temp.clone(), dir.join(name)));
        }
        self.removes.extend(gone.map(|old| dir.join(&old.name)));
    }

    /// Adds a directory that takes the place of a partition's.
    pub(super) fn swap(&mut self, swap: Swap) {
        self.swaps.push(swap);
    }

    /// Adds a partition that goes.
    pub(super) fn remove(&mut self, removal: Removal) {
        self.removals.push(removal);
    }

    /// Adds a document about the store as a whole that lies at `temp`.
    pub(super) fn note(&mut self, temp: PathBuf, path: PathBuf) {
        self.renames.push((temp, path));
    }

    /// Adds a manifest that lies at `temp`.
    pub(super) fn manifest(&mut self, temp: PathBuf, path: PathBuf) {
        self.renames.push((temp, path));
    }

    /// Writes the change down, carries it out, and forgets it.
    ///
    /// # Errors
    /// When the disk refuses; the next [`Change::recover`] finishes what was begun.
    pub(super) fn commit(mut self, root: &Path) -> Result<(), StoreError> {
        // Manifests name files, so they come when all files are there.
        self.renames.sort_by_key(|(_, to)| to.starts_with("manifest"));
        let dirs: BTreeSet<PathBuf> =
            self.renames.iter().filter_map(|(_, to)| to.parent()).map(Path::to_owned).collect();
        for dir in &dirs {
            let dir = root.join(dir);
            fs::create_dir_all(&dir).map_err(|e| StoreError::io("create directory", &dir, e))?;
        }
        let path = root.join(TEMP).join(CHANGE);
        let text = serde_json::to_vec(&self).expect("paths the store made are valid text");
        write_durable(&path.with_extension("new"), &text)?;
        rename(&path.with_extension("new"), &path)?;
        sync_dir(&root.join(TEMP))?;
        self.carry_out(root, &dirs)
    }

    fn carry_out(&self, root: &Path, dirs: &BTreeSet<PathBuf>) -> Result<(), StoreError> {
        for swap in &self.swaps {
            let (beside, dir) = (root.join(&swap.beside), root.join(&swap.dir));
            if !dir.join(&swap.witness).exists() {
                exchange(&beside, &dir).map_err(|e| StoreError::io("exchange directory", &dir, e))?;
            }
            for dir in [dir.parent(), beside.parent()].into_iter().flatten() {
                sync_dir(dir)?;
            }
        }
        for removal in &self.removals {
            let (dir, manifest) = (root.join(&removal.dir), root.join(&removal.manifest));
            rename_if_there(&dir, &root.join(&removal.beside))?;
            remove_if_there(&manifest)?;
            for parent in [dir.parent(), manifest.parent()].into_iter().flatten().filter(|parent| parent.is_dir()) {
                sync_dir(parent)?;
            }
        }
        for (from, to) in &self.moves {
            rename_if_there(&root.join(from), &root.join(to))?;
        }
        for path in &self.removes {
            remove_if_there(&root.join(path))?;
        }
        for (from, to) in &self.renames {
            rename_if_there(&root.join(from), &root.join(to))?;
        }
        let mut ancestors = BTreeSet::new();
        for dir in dirs {
            ancestors.extend(dir.ancestors().map(|a| root.join(a)));
        }
        for dir in ancestors {
            sync_dir(&dir)?;
        }
        let path = root.join(TEMP).join(CHANGE);
        fs::remove_file(&path).map_err(|e| StoreError::io("remove", &path, e))?;
        let removed = self.removals.iter().map(|removal| root.join(&removal.beside)).filter(|dir| dir.exists());
        for old in self.swaps.iter().map(|swap| root.join(&swap.beside)).chain(removed) {
            fs::remove_dir_all(&old).map_err(|e| StoreError::io("remove", &old, e))?;
        }
        Ok(())
    }

    /// Writes the change down and carries out as many of its first steps.
    #[cfg(test)]
    pub(super) fn stop_at(self, root: &Path, step: u32) -> Result<(), StoreError> {
        let text = serde_json::to_vec(&self).unwrap();
        write_durable(&root.join(TEMP).join(CHANGE), &text)?;
        for removal in self.removals.iter().take(step as usize) {
            rename(&root.join(&removal.dir), &root.join(&removal.beside))?;
        }
        if step > 0 && !self.swaps.is_empty() {
            let swap = &self.swaps[0];
            exchange(&root.join(&swap.beside), &root.join(&swap.dir)).unwrap();
        }
        if step > 1 {
            self.renames.iter().try_for_each(|(from, to)| rename(&root.join(from), &root.join(to)))?;
        }
        Ok(())
    }

    /// Finishes a change that a dead writer left half done, and removes its temporary files.
    ///
    /// # Errors
    /// When the disk refuses, or the record of the change is damaged.
    pub(super) fn recover(root: &Path) -> Result<(), StoreError> {
        let temp = root.join(TEMP);
        let path = temp.join(CHANGE);
        match fs::read(&path) {
            Ok(text) => {
                let change: Self = serde_json::from_slice(&text)
                    .map_err(|e| StoreError::Manifest { path: path.clone(), why: e.to_string() })?;
                let dirs = change.renames.iter().filter_map(|(_, to)| to.parent()).map(Path::to_owned).collect();
                change.carry_out(root, &dirs)?;
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(StoreError::io("read", &path, e)),
        }
        let entries = fs::read_dir(&temp).map_err(|e| StoreError::io("list", &temp, e))?;
        for entry in entries {
            let path = entry.map_err(|e| StoreError::io("list", &temp, e))?.path();
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(|e| StoreError::io("remove", &path, e))?;
        }
        Ok(())
    }
}

/// Writes a small file and makes it durable.
pub(super) fn write_durable(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(content)?;
        file.sync_data()
    };
    write().map_err(|e| StoreError::io("write", path, e))
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(|e| StoreError::io("rename to", to, e))
}

fn rename_if_there(from: &Path, to: &Path) -> Result<(), StoreError> {
    match fs::rename(from, to) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(StoreError::io("rename to", to, e)),
        _ => Ok(()),
    }
}

fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(StoreError::io("remove", path, e)),
        _ => Ok(()),
    }
}

fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(|e| StoreError::io("sync directory", dir, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, first_us: i64, last_us: i64, switches: &[&str], writer: &str) -> FileEntry {
        FileEntry {
            name: name.into(),
            rows: 1,
            bytes: 1,
            checksum_algorithm: String::new(),
            checksum: String::new(),
            first_us,
            last_us,
            switches: switches.iter().map(|s| (*s).into()).collect(),
            writer: writer.into(),
            watermark_us: 0,
        }
    }

    #[test]
    fn a_run_replaces_what_it_covers_and_refuses_what_it_only_touches() {
        let rule = Rule::Run { replace: false };
        let old = [file("a", 10, 20, &["east"], "replay")];
        let covering = [file("b", 5, 12, &["east"], "replay"), file("c", 13, 25, &["east"], "replay")];
        assert_eq!(plan(rule, &old, &covering), Ok(vec![&old[0]]));
        let touching = [file("b", 15, 30, &["east"], "replay")];
        assert_eq!(plan(rule, &old, &touching), Err(&old[0]));
        assert_eq!(plan(Rule::Run { replace: true }, &old, &touching), Ok(vec![&old[0]]));
        let elsewhere = [file("b", 15, 30, &["west"], "replay")];
        assert_eq!(plan(rule, &old, &elsewhere), Ok(vec![]));
        let later = [file("b", 21, 30, &["east"], "replay")];
        assert_eq!(plan(rule, &old, &later), Ok(vec![]));
        let fewer_switches = [file("a", 10, 20, &["east", "west"], "replay")];
        assert_eq!(plan(rule, &fewer_switches, &old), Err(&fewer_switches[0]));
    }

    #[test]
    fn live_intervals_replace_themselves_and_live_details_join() {
        let old = [file("a", 10, 10, &["east"], "live"), file("b", 20, 20, &["east"], "live")];
        let again = [file("c", 10, 10, &["east", "west"], "live")];
        assert_eq!(plan(Rule::Interval, &old, &again), Ok(vec![&old[0]]));
        assert_eq!(plan(Rule::Once, &old, &again), Ok(vec![]));
        let replayed = [file("a", 0, 50, &["east"], "replay")];
        assert_eq!(plan(Rule::Interval, &replayed, &again), Err(&replayed[0]));
        assert_eq!(plan(Rule::Once, &replayed, &again), Err(&replayed[0]));
    }
}
