//! Files that grow: read to their end, and on as they are written, over rotation.
//!
//! ```text
//!  path ──Tail──▶ bytes ──Input──▶ lines of the feed ──Cutter──▶ chunks in the ring
//!    └─ renamed and made anew, cut to nothing, or (in a directory) a later file of the same server: the next file
//! ```
//!
//! In: a file or a directory. Out: chunks as soon as there is a whole line; of a text log, a message after which nothing was
//! written for half a second counts as whole. Looks at the file system ten times a second. Compressed files do not grow and
//! are not for this module. Refuses to know what a line says.

#![expect(clippy::disallowed_methods, reason = "notices that nothing was written for a while; no number depends on it")]

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::cut::{Cutter, Fill};
use super::file::{self, FileError, Recording};
use super::input::{Input, Reading};
use super::log;
use crate::handoff::ring::{Chunk, Feeder};
use crate::handoff::stop::Stop;

/// How often a file that has ended is looked at again.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// After how long without a byte what could be whole is.
const IDLE: Duration = Duration::from_millis(500);
/// How often a directory is looked through for new files.
const SCAN_EVERY: Duration = Duration::from_millis(500);
/// Files of a directory that are followed at a time.
const FOLLOWED_MAX: usize = 256;

/// Whether the file at `path` can grow: compressed ones are written once.
#[must_use]
pub fn can_grow(path: &Path) -> bool {
    !path.extension().is_some_and(|ending| ending == "gz" || ending == "zst")
}

/// Follows `path`, a file or a directory of files, until `stop`. A file that is not there yet is waited for.
///
/// # Errors
/// [`FileError`] when what is there cannot be read.
pub fn follow(path: &Path, reading: &Reading, feeder: &Feeder, stop: &Stop) -> Result<(), FileError> {
    if path.is_dir() {
        return Directory { path, reading, feeder, stop, seen: HashSet::new(), logs: HashMap::new() }.follow();
    }
    let queue = Queue::default();
    queue.push(path.to_owned());
    run(Tail::new(queue, stop.clone()), reading.clone(), feeder, stop);
    Ok(())
}

/// Files of one log that follow one another.
#[derive(Clone, Debug, Default)]
struct Queue(Arc<Mutex<VecDeque<PathBuf>>>);

impl Queue {
    fn push(&self, path: PathBuf) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(path);
    }

    fn pop(&self) -> Option<PathBuf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// A directory into which servers write a file after the other.
struct Directory<'a> {
    path: &'a Path,
    reading: &'a Reading,
    feeder: &'a Feeder,
    stop: &'a Stop,
    seen: HashSet<PathBuf>,
    /// By application and host, where a header says them.
    logs: HashMap<(String, String), Queue>,
}

impl Directory<'_> {
    fn follow(&mut self) -> Result<(), FileError> {
        std::thread::scope(|scope| {
            while !self.stop.is_set() {
                for path in self.fresh()? {
                    let header = log::header(&path, self.reading)?.filter(|header| !header.application.is_empty());
                    let key = header.map(|header| (header.application, header.host));
                    if let Some(queue) = key.as_ref().and_then(|key| self.logs.get(key)) {
                        queue.push(path);
                        continue;
                    }
                    let queue = Queue::default();
                    queue.push(path);
                    if let Some(key) = key {
                        self.logs.insert(key, queue.clone());
                    }
                    let (tail, reading) = (Tail::new(queue, self.stop.clone()), self.reading.clone());
                    let (feeder, stop) = (self.feeder.clone(), self.stop.clone());
                    scope.spawn(move || run(tail, reading, &feeder, &stop));
                }
                let _ = self.stop.sleep(SCAN_EVERY);
            }
            Ok(())
        })
    }

    /// Files that were not there at the last look, in the order in which they were written; one that has nothing in it
    /// yet is not there.
    fn fresh(&mut self) -> Result<Vec<PathBuf>, FileError> {
        let found = match file::find(&[self.path.to_owned()]) {
            Ok(found) => found,
            Err(FileError::Empty { .. }) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut fresh = Vec::new();
        for recording in found {
            if let Recording::File(path) = recording
                && can_grow(&path)
                && !self.seen.contains(&path)
                && self.seen.len() < FOLLOWED_MAX * 64
                && std::fs::metadata(&path).is_ok_and(|meta| meta.len() > 0)
            {
                self.seen.insert(path.clone());
                fresh.push(Recording::File(path));
            }
        }
        let mut paths = Vec::new();
        for recording in log::join(fresh, self.reading)? {
            match recording {
                Recording::Log(log) => paths.extend(log.files.iter().cloned()),
                other => paths.extend(other.first_file().map(Path::to_owned)),
            }
        }
        Ok(paths)
    }
}

/// Hands on what `tail` reads until `stop`.
fn run(tail: Tail, reading: Reading, feeder: &Feeder, stop: &Stop) {
    let name = Arc::clone(&tail.name);
    let current = || name.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut input = Input::endless(Box::new(tail), reading);
    let (mut source, mut cutter) = (None, Cutter::new(feeder.buffer()));
    loop {
        let ended = match input.read(cutter.spare()) {
            Ok(0) => true,
            Ok(count) => {
                cutter.advance(count);
                false
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => continue,
            Err(_) if stop.is_set() => true,
            Err(error) => {
                tracing::warn!(source = %current(), %error, "failed to read; trying again");
                let _ = stop.sleep(Duration::from_secs(1));
                continue;
            }
        };
        let cut = if ended {
            cutter.finish()
        } else if cutter.is_due(Fill::Eager) {
            cutter.cut(feeder.buffer())
        } else {
            None
        };
        if let Some(cut) = cut {
            let source = Arc::clone(source.get_or_insert_with(current));
            let position = input.place(cut.position);
            if feeder.send(Chunk { bytes: cut.bytes, source, position, reply: None }).is_err() {
                return;
            }
        }
        if ended && stop.is_set() {
            if !input.close() {
                return;
            }
        } else if ended {
            input.go_on();
            (source, cutter) = (None, Cutter::new(feeder.buffer()));
        }
    }
}

/// A file that grows, and the files after it.
struct Tail {
    queue: Queue,
    stop: Stop,
    /// What is being read, for people.
    name: Arc<Mutex<Arc<str>>>,
    path: PathBuf,
    file: Option<File>,
    /// The file that took its place; this one is read to its end first.
    next: Option<(PathBuf, File)>,
    at: u64,
    /// Since when nothing came, and whether that was told.
    idle: Option<(Instant, bool)>,
}

impl Tail {
    fn new(queue: Queue, stop: Stop) -> Self {
        let path = queue.pop().unwrap_or_default();
        let name = Arc::new(Mutex::new(path.display().to_string().into()));
        Self { queue, stop, name, path, file: None, next: None, at: 0, idle: None }
    }

    /// What follows the end of the file: true when its last byte has been read for good.
    fn has_ended(&mut self) -> io::Result<bool> {
        if let Some((path, file)) = self.next.take() {
            *self.name.lock().unwrap_or_else(PoisonError::into_inner) = path.display().to_string().into();
            (self.path, self.file, self.at) = (path, Some(file), 0);
            return Ok(true);
        }
        let Some(file) = &mut self.file else {
            // It is not there yet.
            match File::open(&self.path) {
                Ok(file) => self.file = Some(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            return Ok(false);
        };
        match std::fs::metadata(&self.path) {
            Ok(meta) if !is_same(&meta, &file.metadata()?) => {
                self.next = File::open(&self.path).ok().map(|file| (self.path.clone(), file));
            }
            Ok(meta) if meta.len() < self.at => {
                file.seek(SeekFrom::Start(0))?;
                self.at = 0;
                return Ok(true);
            }
            _ => {
                if let Some(path) = self.queue.pop() {
                    self.next = File::open(&path).ok().map(|file| (path, file));
                }
            }
        }
        Ok(false)
    }
}

#[cfg(unix)]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    a.created().ok() == b.created().ok()
}

impl Read for Tail {
    /// Waits for bytes; `Ok(0)` between two files, [`io::ErrorKind::WouldBlock`] once nothing has come for a while.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.file.as_mut().map_or(Ok(0), |file| file.read(buffer))?;
            if count > 0 {
                self.at += count as u64;
                self.idle = None;
                return Ok(count);
            }
            let had_next = self.next.is_some();
            if self.has_ended()? {
                return Ok(0);
            }
            if self.next.is_some() && !had_next {
                // What was written to the old one before it was replaced.
                continue;
            }
            if self.stop.is_set() {
                return Err(io::Error::other("stopped"));
            }
            let (since, is_told) = self.idle.get_or_insert((Instant::now(), false));
            if !*is_told && since.elapsed() >= IDLE {
                *is_told = true;
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let _ = self.stop.sleep(LOOK_EVERY);
        }
    }
}
