//! Several recordings as one, in the order of time: how a day is cut into files, or a site into switches, does not matter.
//!
//! ```text
//!  a.ndjson  ──cut──▶ head ─┐
//!  b.ndjson  ──cut──▶ head ─┼─ earliest line ──▶ run of lines up to the next head's time ──▶ piece
//!  c.ndjson   (not open: its first event is later than all of these)
//! ```
//!
//! In: recordings. Out: pieces of whole lines with their place in their recording. A recording is opened when its first
//! event's turn has come; as long as only one is open and the next one begins later, whole chunks pass untouched. Lines of
//! one recording are never reordered, and lines without a time stay with their predecessor. Times are found without
//! decoding ([`peek`]).

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memchr::memchr;

use super::cut::{Cut, Cutter, Fill};
use super::file::{FileError, Recording};
use super::input::Input;
use super::peek;
use crate::engine::partition::Position;
use crate::handoff::ring::{Chunk, Feeder};
use crate::handoff::stop::Stop;
use crate::model::time::Micros;

/// Recordings open at a time. Beyond it the next one waits until one has ended, and order in time is no longer certain.
pub const OPEN_MAX: usize = 256;

/// Whole lines of one recording.
#[derive(Debug)]
pub struct Piece {
    /// The recording's name.
    pub source: Arc<str>,
    /// The lines and their place.
    pub cut: Cut,
}

/// Recordings being read together.
pub struct Merge {
    /// Not yet open, by the time of their first event; ones whose beginning is not known come first.
    waiting: VecDeque<(Option<Micros>, Recording)>,
    heads: Vec<Head>,
    opened: u64,
    read_bytes: Arc<AtomicU64>,
    damaged: Vec<FileError>,
    unmerged: Option<String>,
}

/// Who is next: the earlier event, of equal ones that of the switch that comes first by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    time: Micros,
    switch: Option<Arc<[u8]>>,
    number: u64,
}

impl Turn {
    const FIRST: Self = Self { time: Micros::MIN, switch: None, number: 0 };
}

/// An open recording and the lines of it that are next.
struct Head {
    /// Which recording comes first when times and switches are equal.
    number: u64,
    /// Switch of the first event that names one.
    switch: Option<Arc<[u8]>>,
    source: Arc<str>,
    input: Input,
    /// What broke off its file, until everything before that was handed on.
    broken: Option<io::Error>,
    /// Nothing more comes from this file.
    is_over: bool,
    cutter: Cutter,
    fill: Fill,
    /// Its bytes, and the place of the next line.
    cut: Cut,
    /// Where the next line begins in its bytes.
    at: usize,
    /// Time of the next line, never less than that of the lines before it.
    time: Micros,
}

impl Merge {
    /// Looks at the beginning of each recording and puts them in order.
    ///
    /// # Errors
    /// [`FileError`] when a beginning cannot be read.
    pub fn new(recordings: Vec<Recording>, read_bytes: Arc<AtomicU64>) -> Result<Self, FileError> {
        let is_single = recordings.len() == 1;
        let mut waiting = VecDeque::with_capacity(recordings.len());
        for recording in recordings {
            // A pipe can be read only once, so nothing is looked at in advance.
            let is_pipe = recording.size().is_none();
            let begins = if is_single || is_pipe { None } else { first_event_time(&recording)? };
            waiting.push_back((begins, recording));
        }
        waiting.make_contiguous().sort_by_key(|(begins, _)| *begins);
        Ok(Self { waiting, heads: Vec::new(), opened: 0, read_bytes, damaged: Vec::new(), unmerged: None })
    }

    /// Recordings that broke off so far; what could be read of them was handed on.
    #[must_use]
    pub fn take_damaged(&mut self) -> Vec<FileError> {
        std::mem::take(&mut self.damaged)
    }

    /// A recording that had to wait although its time had come, if there was one.
    #[must_use]
    pub fn unmerged(&self) -> Option<&str> {
        self.unmerged.as_deref()
    }

    /// The next lines; `None` at the end of all recordings. `buffer` gives memory to read into.
    ///
    /// # Errors
    /// [`FileError`] when a recording cannot be opened, or nothing of it can be read.
    pub fn next(&mut self, buffer: &mut dyn FnMut() -> Vec<u8>) -> Result<Option<Piece>, FileError> {
        self.open_due(buffer)?;
        let first = self.heads.iter().enumerate().min_by_key(|(_, head)| head.turn());
        let Some((first, _)) = first else { return Ok(None) };
        let others = self.heads.iter().enumerate().filter(|(i, _)| *i != first);
        let limit = others.map(|(_, head)| head.turn()).min();
        // Whoever waits is opened before its time is passed, and then has its real turn.
        let waiting =
            self.waiting.front().map(|(begins, _)| Turn { time: begins.unwrap_or(Micros::MIN), ..Turn::FIRST });
        let limit = limit.into_iter().chain(waiting).min();
        let head = &mut self.heads[first];
        let piece = head.take_until(limit);
        if head.at >= head.cut.bytes.len() {
            loop {
                match head.refill(buffer) {
                    Ok(true) => break,
                    Ok(false) => {
                        self.heads.remove(first);
                        break;
                    }
                    // The next file of a log may be sound.
                    Err(error) => self.damaged.push(error),
                }
            }
        }
        Ok(Some(piece))
    }

    /// Opens every recording whose first event's turn has come.
    fn open_due(&mut self, buffer: &mut dyn FnMut() -> Vec<u8>) -> Result<(), FileError> {
        while let Some((begins, recording)) = self.waiting.front() {
            let earliest = self.heads.iter().map(|head| head.time).min();
            if earliest.is_some_and(|earliest| begins.is_some_and(|begins| begins > earliest)) {
                return Ok(());
            }
            if self.heads.len() >= OPEN_MAX {
                self.unmerged.get_or_insert_with(|| recording.name());
                return Ok(());
            }
            let Some((_, recording)) = self.waiting.pop_front() else { return Ok(()) };
            let mut head = Head {
                number: self.opened,
                switch: None,
                source: recording.name().into(),
                input: recording.open(&self.read_bytes)?,
                broken: None,
                is_over: false,
                cutter: Cutter::new(buffer()),
                fill: if recording.is_stdin() { Fill::Eager } else { Fill::Full },
                cut: Cut { bytes: Vec::new(), position: Position { line: 1, offset: 0 } },
                at: 0,
                time: Micros::MIN,
            };
            self.opened += 1;
            match head.refill(buffer) {
                Ok(true) => self.heads.push(head),
                Ok(false) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Head {
    /// Reads the next lines; false at the end. After an error that left something readable, that comes first; after an
    /// error that was told, the next file of the log, if there is one.
    fn refill(&mut self, buffer: &mut dyn FnMut() -> Vec<u8>) -> Result<bool, FileError> {
        loop {
            if self.is_over && !self.next_file(buffer)? {
                return Ok(false);
            }
            let source = match self.broken.take() {
                Some(source) => source,
                None => match self.cutter.read(&mut self.input, self.fill, &mut *buffer) {
                    Ok(Some(cut)) => {
                        self.begin(cut);
                        return Ok(true);
                    }
                    Ok(None) => {
                        self.is_over = true;
                        continue;
                    }
                    Err(source) => source,
                },
            };
            // A compressed recording that breaks off still has lines before the break.
            if let Some(cut) = self.cutter.finish() {
                self.broken = Some(source);
                self.begin(cut);
                return Ok(true);
            }
            self.is_over = true;
            let offset = self.cut.position.offset;
            return Err(FileError::Read { path: self.source.to_string(), offset, source });
        }
    }

    /// Goes on with the next file of the log; false when there is none.
    fn next_file(&mut self, buffer: &mut dyn FnMut() -> Vec<u8>) -> Result<bool, FileError> {
        let Some(name) = self.input.next_file()? else { return Ok(false) };
        self.source = name.into();
        self.cutter = Cutter::new(buffer());
        self.is_over = false;
        Ok(true)
    }

    fn begin(&mut self, cut: Cut) {
        self.cut = cut;
        self.cut.position = self.input.place(self.cut.position);
        self.at = 0;
        if self.switch.is_none() {
            self.switch = peek::first_switch(&self.cut.bytes).map(Arc::from);
        }
        self.look();
    }

    fn turn(&self) -> Turn {
        self.turn_at(self.time)
    }

    fn turn_at(&self, time: Micros) -> Turn {
        Turn { time, switch: self.switch.clone(), number: self.number }
    }

    /// Finds the time of the next line.
    fn look(&mut self) {
        let rest = &self.cut.bytes[self.at..];
        let end = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        if let Some(time) = peek::event_time(&rest[..end]) {
            self.time = self.time.max(time);
        }
    }

    /// Takes the lines that come before `limit`.
    fn take_until(&mut self, limit: Option<Turn>) -> Piece {
        let is_whole = limit.as_ref().is_none_or(|limit| {
            peek::last_event_time(&self.cut.bytes).is_none_or(|last| self.turn_at(last.max(self.time)) < *limit)
        });
        let start = self.at;
        if is_whole {
            self.at = self.cut.bytes.len();
        } else {
            // The first line is due, whatever the limit says: somebody has to be first.
            loop {
                let rest = &self.cut.bytes[self.at..];
                self.at += memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
                if self.at >= self.cut.bytes.len() {
                    break;
                }
                self.look();
                if limit.as_ref().is_some_and(|limit| self.turn() >= *limit) {
                    break;
                }
            }
        }
        let bytes = if start == 0 && is_whole {
            self.at = 0;
            std::mem::take(&mut self.cut.bytes)
        } else {
            self.cut.bytes[start..self.at].to_vec()
        };
        let position = self.cut.position;
        self.cut.position.skip(&bytes);
        Piece { source: Arc::clone(&self.source), cut: Cut { bytes, position } }
    }
}

/// Reads everything that `merge` gives into the ring.
///
/// # Errors
/// As [`Merge::next`]; [`FileError::Stopped`] when `stop` was set or nobody takes chunks any more.
pub fn feed(merge: &mut Merge, feeder: &Feeder, stop: &Stop) -> Result<(), FileError> {
    while let Some(Piece { source, cut: Cut { bytes, position } }) = merge.next(&mut || feeder.buffer())? {
        let path = Arc::clone(&source);
        if stop.is_set() || feeder.send(Chunk { bytes, source, position, reply: None }).is_err() {
            return Err(FileError::Stopped { path: path.to_string() });
        }
    }
    Ok(())
}

fn first_event_time(recording: &Recording) -> Result<Option<Micros>, FileError> {
    let read_bytes = Arc::new(AtomicU64::new(0));
    let mut reader = recording.open(&read_bytes)?;
    let cut = Cutter::new(Vec::new()).read(&mut reader, Fill::Eager, Vec::new).map_err(|source| FileError::Read {
        path: recording.name(),
        offset: read_bytes.load(Ordering::Relaxed),
        source,
    })?;
    Ok(cut.and_then(|cut| peek::first_event_time(&cut.bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(name: &str, texts: &[&str]) -> Vec<(usize, u64, u64, String)> {
        let place = std::env::temp_dir().join(format!("callfold-merge-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&place).expect("a directory for the test");
        let paths: Vec<_> = (0..texts.len()).map(|i| place.join(format!("{i}.ndjson"))).collect();
        for (path, text) in paths.iter().zip(texts) {
            std::fs::write(path, text).expect("written");
        }
        let recordings = paths.iter().cloned().map(Recording::File).collect();
        let mut merge = Merge::new(recordings, Arc::default()).expect("readable");
        let mut pieces = Vec::new();
        while let Some(Piece { source, cut }) = merge.next(&mut Vec::new).expect("readable") {
            let file = paths.iter().position(|path| path.to_string_lossy() == *source).expect("one of ours");
            let text = String::from_utf8(cut.bytes).expect("text");
            pieces.push((file, cut.position.line, cut.position.offset, text));
        }
        assert!(merge.take_damaged().is_empty() && merge.unmerged().is_none());
        std::fs::remove_dir_all(&place).expect("removed");
        pieces
    }

    fn event(secs: u32) -> String {
        format!("{{\"TimeinSecs\":{secs}}}\n")
    }

    #[test]
    fn files_that_follow_one_another_pass_whole_whatever_their_names_are() {
        let (late, early) = (event(30) + &event(40), event(10) + "noise\n" + &event(20));
        let pieces = merged("follow", &[&late, &early, ""]);
        assert_eq!(pieces, [(1, 1, 0, early), (0, 1, 0, late)]);
    }

    #[test]
    fn files_that_overlap_are_interleaved_and_lines_keep_their_places() {
        let (east, west) = ([event(10), event(20), "noise\n".into(), event(40)], [event(15), event(20), event(50)]);
        let pieces = merged("overlap", &[&east.concat(), &west.concat()]);
        let length = event(10).len() as u64;
        let expected = [
            (0, 1, 0, east[0].clone()),
            (1, 1, 0, west[0].clone()),
            (0, 2, length, east[1..3].concat()),
            (1, 2, length, west[1].clone()),
            (0, 4, 2 * length + 6, east[3].clone()),
            (1, 3, 2 * length, west[2].clone()),
        ];
        assert_eq!(pieces, expected);
    }

    #[test]
    fn any_number_of_overlapping_files_comes_out_in_order_and_complete() {
        let texts: Vec<String> =
            (0..5).map(|file| (0..50).map(|i| event(100 + (i * 7 + file * 3) / 2)).collect()).collect();
        let pieces = merged("many", &texts.iter().map(String::as_str).collect::<Vec<_>>());
        let text: String = pieces.iter().map(|(.., text)| text.as_str()).collect();
        let times: Vec<_> = text.lines().map(|line| peek::event_time(line.as_bytes())).collect();
        assert_eq!(times.len(), 250);
        assert!(times.is_sorted());
    }
}
