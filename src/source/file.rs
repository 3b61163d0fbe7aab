//! Recorded events: files, directories of them, and standard input; plain, gzip or zstd, told apart by their first bytes.
//!
//! In: paths. Out: readers of plain bytes, and the number of stored bytes read so far for whoever shows progress.
//! Cutting and merging are the business of [`cut`](super::cut) and [`merge`](super::merge).

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::input::{Input, Reading};
use super::log::Log;

/// How files of events are named inside a directory, before an ending of compression.
const ENDINGS: [&str; 4] = ["ndjson", "jsonl", "json", "log"];

/// How deep directories are searched.
const DEPTH_MAX: usize = 8;

/// Why recorded events could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Nothing has this name.
    #[error("{path}: no such file or directory")]
    NotFound {
        /// What was asked for.
        path: String,
    },
    /// A directory without a file of events.
    #[error(
        "{path}: no file of events in this directory (they end in .ndjson, .jsonl, .json or .log, also with .gz or .zst)"
    )]
    Empty {
        /// What was asked for.
        path: String,
    },
    /// The system refused.
    #[error("{path}: failed to read at byte {offset}: {source}")]
    Read {
        /// Which file.
        path: String,
        /// How many stored bytes had been read.
        offset: u64,
        /// Why.
        source: io::Error,
    },
    /// The program is stopping.
    #[error("stopped before the end of {path}")]
    Stopped {
        /// Which file was being read.
        path: String,
    },
}

/// One place to read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recording {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// A log of one or more files, or anything that is to be read in a way that was asked for.
    Log(Arc<Log>),
}

impl Recording {
    /// What people call it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Stdin => "-".into(),
            Self::Log(log) => log.name(),
        }
    }

    /// Whether it is standard input.
    #[must_use]
    pub fn is_stdin(&self) -> bool {
        match self {
            Self::File(_) => false,
            Self::Stdin => true,
            Self::Log(log) => log.files.is_empty(),
        }
    }

    /// The file that is read first; `None` for standard input.
    #[must_use]
    pub fn first_file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Stdin => None,
            Self::Log(log) => log.files.first().map(PathBuf::as_path),
        }
    }

    /// Its stored size in bytes, if it has one.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        let of =
            |path: &PathBuf| std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|meta| meta.len());
        match self {
            Self::File(path) => of(path),
            Self::Stdin => None,
            Self::Log(log) if log.files.is_empty() => None,
            Self::Log(log) => log.files.iter().map(of).sum(),
        }
    }

    /// Opens it, undoing its compression and rewriting logs; `read_bytes` counts stored bytes.
    ///
    /// # Errors
    /// [`FileError::NotFound`] or [`FileError::Read`].
    pub fn open(&self, read_bytes: &Arc<AtomicU64>) -> Result<Input, FileError> {
        let (following, reading) = match self {
            Self::Log(log) => (log.following(), log.reading.clone()),
            Self::File(_) | Self::Stdin => (VecDeque::new(), Reading::default()),
        };
        let raw = match self.first_file() {
            Some(path) => open(path, read_bytes)?,
            None => plain(Box::new(io::stdin()), "-", read_bytes)?,
        };
        Ok(Input::new(raw, following, reading, Arc::clone(read_bytes)))
    }
}

/// Opens the file at `path`, undoing its compression.
pub(super) fn open(path: &Path, read_bytes: &Arc<AtomicU64>) -> Result<Box<dyn Read + Send>, FileError> {
    let file = File::open(path).map_err(|source| failed(path, source))?;
    plain(Box::new(file), &path.display().to_string(), read_bytes)
}

fn plain(
    raw: Box<dyn Read + Send>,
    name: &str,
    read_bytes: &Arc<AtomicU64>,
) -> Result<Box<dyn Read + Send>, FileError> {
    let counted = Counted { inner: raw, read_bytes: Arc::clone(read_bytes) };
    decompressed(counted).map_err(|source| FileError::Read { path: name.into(), offset: 0, source })
}

fn failed(path: &Path, source: io::Error) -> FileError {
    let path = path.display().to_string();
    match source.kind() {
        io::ErrorKind::NotFound => FileError::NotFound { path },
        _ => FileError::Read { path, offset: 0, source },
    }
}

/// Counts what passes.
struct Counted<R> {
    inner: R,
    read_bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read_bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Undoes gzip (of several members, too) or zstd, told by the first bytes; anything else passes as it is.
fn decompressed(mut raw: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let mut head = [0; 4];
    let mut count = 0;
    while count < head.len() {
        match raw.read(&mut head[count..]) {
            Ok(0) => break,
            Ok(n) => count += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        // A first byte that no magic starts with decides at once, so that a slow pipe is not kept waiting.
        if ![0x1f, 0x28].contains(&head[0]) {
            break;
        }
    }
    let all = io::Cursor::new(head).take(count as u64).chain(raw);
    Ok(match head {
        [0x1f, 0x8b, ..] => {
            Box::new(flate2::bufread::MultiGzDecoder::new(io::BufReader::with_capacity(64 * 1024, all)))
        }
        [0x28, 0xb5, 0x2f, 0xfd] => Box::new(zstd::Decoder::new(all)?),
        _ => Box::new(all),
    })
}

/// The recordings that `paths` name: `-` is standard input, a directory stands for the files of events in it.
///
/// # Errors
/// [`FileError::NotFound`], [`FileError::Empty`] or [`FileError::Read`], for the first path that has one.
pub fn find(paths: &[PathBuf]) -> Result<Vec<Recording>, FileError> {
    let mut found = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            found.push(Recording::Stdin);
            continue;
        }
        let meta = std::fs::metadata(path).map_err(|source| failed(path, source))?;
        if !meta.is_dir() {
            found.push(Recording::File(path.clone()));
            continue;
        }
        let before = found.len();
        search(path, 0, &mut found)?;
        if found.len() == before {
            return Err(FileError::Empty { path: path.display().to_string() });
        }
    }
    Ok(found)
}

fn search(directory: &Path, depth: usize, found: &mut Vec<Recording>) -> Result<(), FileError> {
    let entries = std::fs::read_dir(directory).map_err(|source| failed(directory, source))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            if depth < DEPTH_MAX {
                search(&path, depth + 1, found)?;
            }
            continue;
        }
        let stem = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
        if stem.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending)) {
            found.push(Recording::File(path));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn place(name: &str) -> PathBuf {
        let place = std::env::temp_dir().join(format!("callfold-file-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&place);
        std::fs::create_dir_all(&place).expect("a directory for the test");
        place
    }

    fn text(path: &Path) -> String {
        let mut text = String::new();
        let mut reader = Recording::File(path.into()).open(&Arc::default()).expect("there");
        reader.read_to_string(&mut text).expect("readable");
        text
    }

    #[test]
    fn plain_gzip_of_several_members_and_zstd_read_the_same() {
        let place = place("codecs");
        let lines = "one\ntwo\nthree\n".repeat(20_000);
        std::fs::write(place.join("a.ndjson"), &lines).expect("written");
        let mut gzip = Vec::new();
        for half in [&lines[..lines.len() / 2], &lines[lines.len() / 2..]] {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(half.as_bytes()).expect("in memory");
            gzip.extend(encoder.finish().expect("in memory"));
        }
        std::fs::write(place.join("a.ndjson.gz"), gzip).expect("written");
        std::fs::write(place.join("a.ndjson.zst"), zstd::encode_all(lines.as_bytes(), 1).expect("in memory"))
            .expect("written");
        for name in ["a.ndjson", "a.ndjson.gz", "a.ndjson.zst"] {
            assert!(text(&place.join(name)) == lines, "{name} reads as it was written");
        }
        std::fs::remove_dir_all(&place).expect("removed");
    }

    #[test]
    fn a_directory_stands_for_its_files_of_events() {
        let place = place("find");
        std::fs::write(place.join("b.ndjson.zst"), "").expect("written");
        std::fs::write(place.join("a.jsonl"), "").expect("written");
        std::fs::write(place.join("notes.txt"), "not ours").expect("written");
        let found = find(std::slice::from_ref(&place)).expect("found");
        let names: Vec<_> = found.iter().map(Recording::name).collect();
        assert_eq!(names.len(), 2);
        assert!(names[0].ends_with("a.jsonl") && names[1].ends_with("b.ndjson.zst"), "{names:?}");
        std::fs::remove_dir_all(&place).expect("removed");
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = find(&["/nowhere/at/all.ndjson".into()]).expect_err("missing");
        assert_eq!(error.to_string(), "/nowhere/at/all.ndjson: no such file or directory");
        let place = place("empty");
        assert!(matches!(find(std::slice::from_ref(&place)), Err(FileError::Empty { .. })));
        std::fs::remove_dir_all(&place).expect("removed");
    }
}
