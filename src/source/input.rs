//! A recording being read: lines of the feed, whatever it was written as.
//!
//! In: plain bytes of one file, or of the files of one log one after the other. Out: the same bytes when they are the feed
//! already, else what the [`Transcriber`] makes of them. What it is, is told by the first bytes, unless somebody knows.
//! Between two files of a log reading pauses, so that places are those of each file. Refuses to know what a line says.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::file::{self, FileError};
use crate::decode::text::{Format, Transcriber, Wishes};
use crate::engine::partition::Position;

/// Most bytes that are looked at to tell what a recording is.
pub(super) const HEAD_BYTES_MAX: usize = 256 * 1024;

/// Bytes of a log that are rewritten at a time.
const STEP_BYTES: usize = 64 * 1024;

/// How recordings are to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// What they are written as; `None` tells it by their first bytes.
    pub format: Option<Format>,
    /// What logs do not say themselves.
    pub wishes: Wishes,
}

/// An open recording.
pub struct Input {
    raw: Box<dyn Read + Send>,
    /// Files of the same log that follow.
    following: VecDeque<PathBuf>,
    read_bytes: Arc<AtomicU64>,
    reading: Reading,
    /// Bytes that were read to tell the format, or that were rewritten, and how many of them were handed on.
    ready: Vec<u8>,
    taken: usize,
    kind: Kind,
    /// The file has ended, and what was left of it is in `ready`.
    ended: bool,
    /// There is always another file.
    endless: bool,
}

/// What a recording turned out to be.
enum Kind {
    Unknown,
    Feed,
    Log { transcriber: Box<Transcriber>, step: Vec<u8> },
}

impl Input {
    /// Reads `raw`, then the files `following` it.
    pub(super) fn new(
        raw: Box<dyn Read + Send>,
        following: VecDeque<PathBuf>,
        reading: Reading,
        read_bytes: Arc<AtomicU64>,
    ) -> Self {
        let (ready, kind) = (Vec::new(), Kind::Unknown);
        Self { raw, following, read_bytes, reading, ready, taken: 0, kind, ended: false, endless: false }
    }

    /// Reads a log whose files `raw` gives one after the other, with an end of input after each; [`Self::go_on`] leads to
    /// the next. When `raw` would block, what could be whole is handed on.
    pub(super) fn endless(raw: Box<dyn Read + Send>, reading: Reading) -> Self {
        Self { endless: true, ..Self::new(raw, VecDeque::new(), reading, Arc::default()) }
    }

    /// Goes on with the next file of an endless log.
    pub(super) fn go_on(&mut self) {
        self.ended = false;
    }

    /// Ends an endless log; whether there is something left to read.
    pub(super) fn close(&mut self) -> bool {
        if let Kind::Log { transcriber, .. } = &mut self.kind {
            transcriber.settle(&mut self.ready);
        }
        self.taken < self.ready.len()
    }

    /// A place in what is read as a place in the file.
    pub(super) fn place(&self, position: Position) -> Position {
        // Lines of a log that is rewritten are counted, but bytes are no longer those of the file.
        if self.transcriber().is_some() { Position { offset: Position::NO_OFFSET, ..position } } else { position }
    }

    /// The form of the recording, once something of it was read.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        match &self.kind {
            Kind::Unknown => None,
            Kind::Feed => Some(Format::Ndjson),
            Kind::Log { transcriber, .. } => Some(transcriber.format()),
        }
    }

    /// What rewrites it, if it is a log.
    #[must_use]
    pub fn transcriber(&self) -> Option<&Transcriber> {
        match &self.kind {
            Kind::Log { transcriber, .. } => Some(transcriber),
            Kind::Unknown | Kind::Feed => None,
        }
    }

    /// Goes on with the next file of the log after the end of one, and gives its name; `None` when there is none.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be opened; the one after it can still be asked for.
    pub fn next_file(&mut self) -> Result<Option<String>, FileError> {
        let Some(path) = self.following.pop_front() else { return Ok(None) };
        self.raw = file::open(&path, &self.read_bytes)?;
        self.ended = false;
        Ok(Some(path.display().to_string()))
    }

    /// Reads until the first bytes tell what it is.
    fn tell(&mut self) -> io::Result<()> {
        let mut format = self.reading.format;
        let mut is_over = false;
        while format.is_none() && !is_over && self.ready.len() < HEAD_BYTES_MAX {
            let start = self.ready.len();
            self.ready.resize(start + STEP_BYTES, 0);
            let read = self.raw.read(&mut self.ready[start..]);
            self.ready.truncate(start + *read.as_ref().unwrap_or(&0));
            match read {
                Ok(0) => is_over = true,
                // A look at every line that is new; the one that was cut is looked at again.
                Ok(_) => {
                    let line = memchr::memrchr(b'\n', &self.ready[..start]).map_or(0, |at| at + 1);
                    format = Format::detect(&self.ready[line..]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // What nobody knows is read as the feed, whose decoder says what is wrong with every line.
        let format = format.unwrap_or(Format::Ndjson);
        self.kind = if format == Format::Ndjson {
            Kind::Feed
        } else {
            let mut transcriber = Box::new(Transcriber::new(format, self.reading.wishes.clone()));
            let head = std::mem::take(&mut self.ready);
            transcriber.push(&head, &mut self.ready);
            Kind::Log { transcriber, step: head }
        };
        Ok(())
    }

    /// Rewrites the next bytes of a log until there is something to hand on; false at the end of its file.
    fn rewrite(&mut self) -> io::Result<bool> {
        let Kind::Log { transcriber, step } = &mut self.kind else { return Ok(false) };
        self.ready.clear();
        self.taken = 0;
        while self.ready.is_empty() && !self.ended {
            step.resize(STEP_BYTES, 0);
            match self.raw.read(step) {
                Ok(0) => {
                    self.ended = true;
                    if self.following.is_empty() && !self.endless {
                        transcriber.finish(&mut self.ready);
                    } else {
                        transcriber.end_file(&mut self.ready);
                    }
                }
                Ok(count) => transcriber.push(&step[..count], &mut self.ready),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    transcriber.settle(&mut self.ready);
                    if self.ready.is_empty() {
                        return Err(error);
                    }
                }
                Err(error) if self.endless => return Err(error),
                Err(error) => {
                    // What could be read of it counts, and the next file is another.
                    self.ended = true;
                    transcriber.end_file(&mut self.ready);
                    return Err(error);
                }
            }
        }
        Ok(!self.ready.is_empty())
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Kind::Unknown = self.kind {
            self.tell()?;
        }
        if self.taken == self.ready.len() {
            match self.kind {
                Kind::Feed => return self.raw.read(buffer),
                _ => {
                    if !self.rewrite()? {
                        return Ok(0);
                    }
                }
            }
        }
        let rest = &self.ready[self.taken..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.taken += count;
        Ok(count)
    }
}
