//! The segments that wait for the database, in `DATA/postgres/`: in order, bounded, and never thrown away unwritten.
//!
//! ```text
//!  spool.json                 id of the spool, a new one whenever it is opened empty: what the database remembers is about this one
//!  00000000000000000042.seg   segments by number; each is written aside, synced and renamed
//!  refused/                   segments whose content the database or the checksum refuses; nobody deletes them
//! ```
//!
//! In: segments of the delivery thread. Out: the same to the writing thread, oldest first. When the bound is reached, whoever brings
//! more waits for room; the last batches of a program that stops are taken all the same, because nobody else has them. Refuses
//! to know what a segment says.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::segment::{Segment, SegmentError};
use crate::handoff::backlog::Backlog;

/// Directory of the spool below the data directory.
const DIRECTORY: &str = "postgres";

/// Directory of refused segments in it.
const REFUSED: &str = "refused";

/// How often somebody who waits for room looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A segment that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) number: u64,
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

/// What waits in a spool, seen from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpoolLook {
    /// Segments.
    pub segments: u64,
    /// Rows in them.
    pub rows: u64,
    /// Their length.
    pub bytes: u64,
    /// Segments put aside.
    pub refused: u64,
}

#[derive(Serialize, Deserialize)]
struct Identity {
    id: String,
}

/// The segments that wait.
#[derive(Debug)]
pub struct Spool {
    dir: PathBuf,
    /// Random, made when the directory is opened without a segment.
    pub(super) id: String,
    state: Mutex<State>,
    room: Condvar,
    /// Wakes the writing thread.
    pub(super) arrived: Notify,
    backlog: Arc<Backlog>,
}

#[derive(Debug)]
struct State {
    waiting: VecDeque<Waiting>,
    next: u64,
    bytes: u64,
}

impl Spool {
    /// Opens the spool of a data directory that nobody else writes; makes it where there is none.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn open(data: &Path, backlog: Arc<Backlog>) -> Result<Self, SegmentError> {
        let dir = data.join(DIRECTORY);
        let refused = dir.join(REFUSED);
        fs::create_dir_all(&refused).map_err(|e| SegmentError::io("create directory", &refused, e))?;
        // What the database knows by numbers must be about these segments, even where an old copy of the directory was put back.
        let id = identity(&dir, list(&dir)?.is_empty())?;
        let mut state = State { waiting: VecDeque::new(), next: 1, bytes: 0 };
        for (number, path) in list(&dir)? {
            state.next = state.next.max(number + 1);
            match Segment::open(&path) {
                Ok(segment) => {
                    let bytes = fs::metadata(&path).map_err(|e| SegmentError::io("read", &path, e))?.len();
                    state.bytes += bytes;
                    state.waiting.push_back(Waiting { number, rows: segment.index.rows(), bytes });
                }
                Err(SegmentError::Damaged { why, .. }) => {
                    tracing::error!(segment = %path.display(), why, "rows for the database are damaged and put aside in refused/");
                    backlog.segments_refused.fetch_add(1, Ordering::Relaxed);
                    put_aside(&path, &refused)?;
                }
                Err(error) => return Err(error),
            }
        }
        let spool = Self { dir, id, state: Mutex::new(state), room: Condvar::new(), arrived: Notify::new(), backlog };
        spool.show(&spool.state());
        Ok(spool)
    }

    /// What waits below a data directory; nothing where there is no spool.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn look(data: &Path) -> Result<SpoolLook, SegmentError> {
        let dir = data.join(DIRECTORY);
        let mut look = SpoolLook::default();
        for (_, path) in list(&dir)? {
            // A running program may have delivered it just now.
            let (Ok(segment), Ok(about)) = (Segment::open(&path), fs::metadata(&path)) else { continue };
            look.segments += 1;
            look.rows += segment.index.rows();
            look.bytes += about.len();
        }
        look.refused = list(&dir.join(REFUSED))?.len() as u64;
        Ok(look)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, state: &State) {
        let rows = state.waiting.iter().map(|segment| segment.rows).sum();
        self.backlog.segments.store(state.waiting.len() as u64, Ordering::Relaxed);
        self.backlog.rows.store(rows, Ordering::Relaxed);
        self.backlog.bytes.store(state.bytes, Ordering::Relaxed);
    }

    /// Where segment `number` lies.
    pub(super) fn path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{number:020}.seg"))
    }

    /// Where a segment is written before it appears.
    pub(super) fn temp_path(&self) -> PathBuf {
        self.dir.join("next.tmp")
    }

    /// The number of the next segment.
    pub(super) fn next(&self) -> u64 {
        self.state().next
    }

    /// Most bytes that may wait.
    pub(super) fn bytes_max(&self) -> u64 {
        self.backlog.bytes_max.load(Ordering::Relaxed)
    }

    /// Takes a whole segment, under the number of [`Spool::next`]. On a disk that is full nothing of it stays.
    pub(super) fn put(&self, segment: &[u8], rows: u64) -> Result<(), SegmentError> {
        let temp = self.temp_path();
        let written = File::create(&temp).map_err(|e| SegmentError::io("create", &temp, e)).and_then(|mut file| {
            file.write_all(segment).and_then(|()| file.sync_data()).map_err(|e| SegmentError::io("write", &temp, e))
        });
        let mut state = self.state();
        let number = state.next;
        let to = self.path(number);
        let renamed = written.and_then(|()| fs::rename(&temp, &to).map_err(|e| SegmentError::io("rename", &temp, e)));
        if let Err(error) = renamed {
            // It would keep the room that it did not find enough of; where it cannot be removed, the next one is written over it.
            let _ = fs::remove_file(&temp);
            return Err(error);
        }
        sync_dir(&self.dir)?;
        state.next += 1;
        state.bytes += segment.len() as u64;
        state.waiting.push_back(Waiting { number, rows, bytes: segment.len() as u64 });
        self.show(&state);
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// Whether as much waits as may.
    pub(super) fn is_full(&self) -> bool {
        self.state().bytes >= self.bytes_max()
    }

    /// Notes that there is no room, because as much waits as may or for this reason, and says so once.
    pub(super) fn hold(&self, error: Option<&SegmentError>) {
        let text = error.map(|error| format!("rows for the database find no room: {error}"));
        let is_new = !self.backlog.full.swap(true, Ordering::Relaxed) || self.backlog.hindrance() != text;
        self.backlog.hinder(text.clone());
        match text {
            Some(text) if is_new => tracing::warn!("{text}; they are held in memory, then the sources wait"),
            None if is_new => tracing::warn!(
                bytes = self.bytes_max(),
                "as many rows wait for the database as may (postgres.spool_max); further ones are held in memory, then the sources wait"
            ),
            _ => {}
        }
    }

    /// Notes that there is room.
    pub(super) fn release(&self) {
        if self.backlog.full.swap(false, Ordering::Relaxed) {
            self.backlog.hinder(None);
            tracing::info!("rows for the database have room on disk again");
        }
    }

    /// Waits until something was removed, not for long.
    pub(super) fn rest(&self) {
        let state = self.state();
        drop(self.room.wait_timeout(state, LOOK_EVERY).unwrap_or_else(PoisonError::into_inner));
    }

    /// What it means that there was no room to the end.
    pub(super) fn lost(&self, rows: u64) -> SegmentError {
        let source = io::Error::new(
            io::ErrorKind::StorageFull,
            format!(
                "no room for {rows} rows on their way to the database, which has them only after a replay with --postgres"
            ),
        );
        SegmentError::io("write", &self.dir, source)
    }

    /// The oldest segments, as many as hold about `rows_max`, one at least if there is any.
    pub(super) fn oldest(&self, rows_max: u64) -> Vec<Waiting> {
        let mut rows = 0;
        let mut taken = Vec::new();
        for segment in &self.state().waiting {
            rows += segment.rows;
            if !taken.is_empty() && rows > rows_max {
                break;
            }
            taken.push(segment.clone());
        }
        taken
    }

    /// Removes the segments up to `number`: their rows are in the database. Returns how many there were.
    pub(super) fn delivered(&self, number: u64) -> Result<usize, SegmentError> {
        let mut state = self.state();
        let before = state.waiting.len();
        while state.waiting.front().is_some_and(|segment| segment.number <= number) {
            let Some(segment) = state.waiting.pop_front() else { break };
            state.bytes -= segment.bytes;
            let path = self.path(segment.number);
            // Were it still there after a crash, the database would know that it has it.
            fs::remove_file(&path).map_err(|e| SegmentError::io("remove", &path, e))?;
        }
        state.next = state.next.max(number + 1);
        self.show(&state);
        self.room.notify_all();
        Ok(before - state.waiting.len())
    }

    /// Puts a segment aside for a person to look at.
    pub(super) fn refuse(&self, number: u64) -> Result<PathBuf, SegmentError> {
        let mut state = self.state();
        if let Some(at) = state.waiting.iter().position(|segment| segment.number == number)
            && let Some(segment) = state.waiting.remove(at)
        {
            state.bytes -= segment.bytes;
        }
        let put = put_aside(&self.path(number), &self.dir.join(REFUSED))?;
        self.backlog.segments_refused.fetch_add(1, Ordering::Relaxed);
        self.show(&state);
        self.room.notify_all();
        Ok(put)
    }
}

fn put_aside(path: &Path, refused: &Path) -> Result<PathBuf, SegmentError> {
    let to = refused.join(path.file_name().unwrap_or_default());
    fs::rename(path, &to).map_err(|e| SegmentError::io("put aside", path, e))?;
    Ok(to)
}

/// The refused segments of a data directory, oldest first.
pub(super) fn refused(data: &Path) -> Result<Vec<PathBuf>, SegmentError> {
    Ok(list(&data.join(DIRECTORY).join(REFUSED))?.into_iter().map(|(_, path)| path).collect())
}

/// Segments in a directory by number; none where there is no directory.
fn list(dir: &Path) -> Result<Vec<(u64, PathBuf)>, SegmentError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(SegmentError::io("read directory", dir, error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| SegmentError::io("read directory", dir, e))?.path();
        let stem = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".seg"));
        if let Some(number) = stem.and_then(|stem| stem.parse().ok()) {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found)
}

fn sync_dir(dir: &Path) -> Result<(), SegmentError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|e| SegmentError::io("sync directory", dir, e))
}

/// The id of the spool; made when there is none, or nothing that is known by it.
fn identity(dir: &Path, is_empty: bool) -> Result<String, SegmentError> {
    let path = dir.join("spool.json");
    match fs::read(&path) {
        Ok(text) if !is_empty => {
            let read: Result<Identity, _> = serde_json::from_slice(&text);
            read.map(|identity| identity.id).map_err(|_| SegmentError::Damaged { path, why: "it holds no id" })
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(SegmentError::io("read", &path, error)),
        _ => {
            let id = format!("{:016x}{:016x}", random(), random());
            let (temp, text) = (dir.join("spool.tmp"), serde_json::json!({ "id": id }).to_string());
            let written = fs::write(&temp, text).and_then(|()| File::open(&temp)?.sync_all());
            written.and_then(|()| fs::rename(&temp, &path)).map_err(|e| SegmentError::io("write", &path, e))?;
            sync_dir(dir)?;
            Ok(id)
        }
    }
}

/// A number nobody else has: the standard library seeds its maps from the system's source of randomness.
fn random() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::super::segment::{Index, Section, Writer};
    use super::*;

    fn place(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("callfold-spool-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        dir
    }

    fn open(dir: &Path) -> Spool {
        Spool::open(dir, Arc::new(Backlog::new(1000))).expect("opens")
    }

    fn put(spool: &Spool, rows: u64) {
        let mut writer = Writer::begin(Vec::new(), &spool.temp_path()).expect("begun");
        writer.put(Section { rows, ..Section::default() }, &[0; 500]).expect("written");
        let (index, segment) = writer.finish(Index::default()).expect("written");
        spool.put(&segment, index.rows()).expect("taken");
    }

    #[test]
    fn segments_wait_in_order_over_a_restart_and_keep_their_numbers() {
        let dir = place("order");
        let spool = open(&dir);
        (1..=3).for_each(|rows| put(&spool, rows));
        let id = spool.id.clone();
        drop(spool);
        fs::write(dir.join("postgres/next.tmp"), "half").expect("a crash in the middle of a segment");
        let spool = open(&dir);
        assert_eq!(spool.id, id);
        let numbers = |rows_max| spool.oldest(rows_max).iter().map(|s| (s.number, s.rows)).collect::<Vec<_>>();
        assert_eq!(numbers(100), [(1, 1), (2, 2), (3, 3)]);
        assert_eq!(numbers(3), [(1, 1), (2, 2)]);
        assert_eq!(numbers(0), [(1, 1)]);
        assert_eq!(spool.delivered(2).expect("removed"), 2);
        put(&spool, 9);
        assert_eq!(numbers(100), [(3, 3), (4, 9)]);
        assert_eq!(Spool::look(&dir).expect("readable").rows, 12);
        // The database knows more than this directory: its numbers are not used again.
        spool.delivered(10).expect("removed");
        put(&spool, 1);
        assert_eq!(numbers(100), [(11, 1)]);
        spool.delivered(11).expect("removed");
        drop(spool);
        assert_ne!(open(&dir).id, id, "nothing waited, so the numbers begin anew under another id");
        fs::remove_dir_all(dir).expect("removed");
    }

    #[test]
    fn a_damaged_segment_is_put_aside_and_the_others_stay() {
        let dir = place("damaged");
        let spool = open(&dir);
        (1..=2).for_each(|rows| put(&spool, rows));
        let path = spool.path(1);
        drop(spool);
        fs::write(&path, "what is this").expect("damaged");
        let spool = open(&dir);
        assert_eq!(spool.oldest(100).len(), 1);
        let look = Spool::look(&dir).expect("readable");
        assert_eq!((look.segments, look.rows, look.refused), (1, 2, 1));
        fs::remove_dir_all(dir).expect("removed");
    }
}
