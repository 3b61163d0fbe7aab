//! Cuts a stream of bytes into chunks of whole lines, however the bytes arrive.
//!
//! In: bytes written into [`Cutter::spare`]. Out: [`Cut`]s that end with a newline, each with its line number and offset;
//! the end of the stream may add one without. A line longer than [`LINE_BYTES_MAX`] is handed on once, shortened, so that
//! it is refused and counted as one line, and the rest of it is dropped. Every byte is searched once.

use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memrchr};

use crate::engine::partition::Position;
use crate::handoff::ring::CHUNK_BYTES;

/// Longest line that is kept in memory; what a line may be for the decoder is far below.
pub const LINE_BYTES_MAX: usize = 1024 * 1024;

/// Whole lines and their place in their source.
#[derive(Debug, PartialEq, Eq)]
pub struct Cut {
    /// The lines.
    pub bytes: Vec<u8>,
    /// Where the first one is.
    pub position: Position,
}

/// When a chunk is handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// As soon as there is a whole line: somebody waits for it.
    Eager,
    /// When the chunk is full: throughput matters.
    Full,
}

/// The state between two cuts.
#[derive(Debug)]
pub struct Cutter {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that hold input.
    filled: usize,
    /// Bytes of `buffer` that are whole lines.
    whole: usize,
    /// Inside a line that was handed on shortened: its remaining bytes are dropped.
    skipping: bool,
    next: Position,
}

impl Cutter {
    /// Starts at the first line, writing into `buffer`.
    #[must_use]
    pub fn new(buffer: Vec<u8>) -> Self {
        Self { buffer, filled: 0, whole: 0, skipping: false, next: Position { line: 1, offset: 0 } }
    }

    /// Room for more input; never empty.
    pub fn spare(&mut self) -> &mut [u8] {
        let target = if self.filled < CHUNK_BYTES { CHUNK_BYTES } else { self.filled * 2 };
        if self.buffer.len() <= self.filled {
            self.buffer.resize(target, 0);
        } else if self.buffer.len() < CHUNK_BYTES {
            self.buffer.resize(CHUNK_BYTES, 0);
        }
        &mut self.buffer[self.filled..]
    }

    /// Tells that the first `count` bytes of [`Self::spare`] are input now.
    pub fn advance(&mut self, count: usize) {
        let start = self.filled;
        self.filled += count;
        assert!(self.filled <= self.buffer.len(), "input lies inside the buffer");
        if self.skipping {
            self.skip(start);
        } else if let Some(last) = memrchr(b'\n', &self.buffer[start..self.filled]) {
            self.whole = start + last + 1;
        }
    }

    /// Drops the remaining bytes of a line that was handed on shortened.
    fn skip(&mut self, start: usize) {
        assert!(start == 0, "nothing is kept while a line is being skipped");
        let Some(end) = memchr(b'\n', &self.buffer[..self.filled]) else {
            self.next.offset += self.filled as u64;
            self.filled = 0;
            return;
        };
        self.skipping = false;
        self.next.line += 1;
        self.next.offset += end as u64 + 1;
        self.buffer.copy_within(end + 1..self.filled, 0);
        self.filled -= end + 1;
        self.whole = memrchr(b'\n', &self.buffer[..self.filled]).map_or(0, |last| last + 1);
    }

    /// Whether a chunk should be cut now.
    #[must_use]
    pub fn is_due(&self, fill: Fill) -> bool {
        let full = self.filled >= CHUNK_BYTES;
        (self.whole > 0 && (full || fill == Fill::Eager)) || self.filled >= LINE_BYTES_MAX
    }

    /// The whole lines there are; `fresh` becomes the buffer of the bytes that follow.
    pub fn cut(&mut self, fresh: Vec<u8>) -> Option<Cut> {
        if self.whole == 0 {
            return (self.filled >= LINE_BYTES_MAX).then(|| self.shorten(fresh));
        }
        let position = self.next;
        let mut bytes = std::mem::replace(&mut self.buffer, fresh);
        let tail = &bytes[self.whole..self.filled];
        if self.buffer.len() < tail.len() {
            self.buffer.resize(tail.len().max(CHUNK_BYTES), 0);
        }
        self.buffer[..tail.len()].copy_from_slice(tail);
        self.filled = tail.len();
        bytes.truncate(self.whole);
        self.whole = 0;
        self.next.line += memchr_iter(b'\n', &bytes).count() as u64;
        self.next.offset += bytes.len() as u64;
        Some(Cut { bytes, position })
    }

    /// Hands on the beginning of a line that is too long, as a line of its own.
    fn shorten(&mut self, fresh: Vec<u8>) -> Cut {
        let mut bytes = std::mem::replace(&mut self.buffer, fresh);
        bytes.truncate(self.filled.min(LINE_BYTES_MAX));
        bytes.push(b'\n');
        let cut = Cut { bytes, position: self.next };
        self.next.offset += self.filled as u64;
        self.filled = 0;
        self.skipping = true;
        cut
    }

    /// What is left when the source has ended: whole lines and a last one without its newline.
    pub fn finish(&mut self) -> Option<Cut> {
        if self.filled == 0 {
            return None;
        }
        let mut bytes = std::mem::take(&mut self.buffer);
        bytes.truncate(self.filled);
        let cut = Cut { bytes, position: self.next };
        self.next.line += memchr_iter(b'\n', &cut.bytes).count() as u64;
        self.next.offset += cut.bytes.len() as u64;
        self.filled = 0;
        self.whole = 0;
        Some(cut)
    }

    /// Reads from `reader` until a chunk is due or the input ends; `None` after the last one.
    ///
    /// # Errors
    /// What `reader` reports, except interruptions. Input read before stays available to [`Self::finish`].
    pub fn read(
        &mut self,
        reader: &mut dyn Read,
        fill: Fill,
        fresh: impl FnOnce() -> Vec<u8>,
    ) -> io::Result<Option<Cut>> {
        loop {
            match reader.read(self.spare()) {
                Ok(0) => return Ok(self.finish()),
                Ok(count) => self.advance(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            if self.is_due(fill) {
                return Ok(self.cut(fresh()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut_all(pieces: &[&[u8]]) -> Vec<Cut> {
        let mut cutter = Cutter::new(Vec::new());
        let mut cuts = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let spare = cutter.spare();
                let count = rest.len().min(spare.len());
                spare[..count].copy_from_slice(&rest[..count]);
                cutter.advance(count);
                rest = &rest[count..];
                if cutter.is_due(Fill::Eager) {
                    cuts.extend(cutter.cut(b"dirty".to_vec()));
                }
            }
        }
        cuts.extend(cutter.finish());
        cuts
    }

    #[test]
    fn a_line_cut_in_the_middle_comes_out_whole_and_at_its_place() {
        let cuts = cut_all(&[b"one\ntw", b"o\nthree\n", b"four"]);
        let texts: Vec<_> = cuts.iter().map(|cut| String::from_utf8_lossy(&cut.bytes).into_owned()).collect();
        assert_eq!(texts, ["one\n", "two\nthree\n", "four"]);
        let places: Vec<_> = cuts.iter().map(|cut| (cut.position.line, cut.position.offset)).collect();
        assert_eq!(places, [(1, 0), (2, 4), (4, 14)]);
    }

    #[test]
    fn an_endless_line_is_handed_on_once_and_the_next_line_is_intact() {
        let long = vec![b'x'; 3 * LINE_BYTES_MAX];
        let cuts = cut_all(&[b"a\n", &long, b"\nb\nc"]);
        let lengths: Vec<_> = cuts.iter().map(|cut| cut.bytes.len()).collect();
        assert_eq!(lengths, [2, LINE_BYTES_MAX + 1, 2, 1]);
        assert_eq!(cuts[1].position, Position { line: 2, offset: 2 });
        assert_eq!(cuts[2].position, Position { line: 3, offset: 3 + long.len() as u64 });
        assert_eq!(cuts[2].bytes, b"b\n");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_however_the_bytes_arrive(text in "[ab\n]{0,200}", sizes in prop::collection::vec(1usize..40, 1..40)) {
            let bytes = text.as_bytes();
            let (mut pieces, mut at, mut turn) = (Vec::new(), 0, 0);
            while at < bytes.len() {
                let end = (at + sizes[turn % sizes.len()]).min(bytes.len());
                pieces.push(&bytes[at..end]);
                (at, turn) = (end, turn + 1);
            }
            let cuts = cut_all(&pieces);
            let mut offset = 0;
            for cut in &cuts {
                prop_assert_eq!(cut.position.offset, offset as u64);
                let lines_before = bytes[..offset].iter().filter(|b| **b == b'\n').count() as u64;
                prop_assert_eq!(cut.position.line, lines_before + 1);
                prop_assert_eq!(&cut.bytes[..], &bytes[offset..offset + cut.bytes.len()]);
                offset += cut.bytes.len();
            }
            prop_assert_eq!(offset, bytes.len());
        }
    }
}
