//! One batch of rows on disk, on its way to the database: written whole before the rows' memory is used again.
//!
//! ```text
//!  0      magic "CFSEG001"; the number is the version of this layout
//!  8      tuples of COPY, in sections of one table each, as the index says
//!  …      index: JSON, see [`Index`]
//!  -20    length of the index (u32, little-endian)
//!  -16    xxh64 (seed 0) of everything before (u64, little-endian)
//!  -8     magic again
//! ```
//!
//! A segment appears by rename and is never changed. Reading checks the length, both magics and the checksum. A reader of
//! another version refuses the file; segments live for minutes, so there is nothing to convert.

use std::collections::BTreeSet;
use std::fs::File;
use std::hash::Hasher;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use twox_hash::XxHash64;

/// First and last bytes of a segment.
const MAGIC: &[u8; 8] = b"CFSEG001";

/// Bytes after the index.
const TRAILER: u64 = 20;

/// Bytes read at once.
const CHUNK: usize = 256 << 10;

/// Longest index that is believed.
const INDEX_MAX: u64 = 64 << 20;

/// Name of the table of the sink's own that says which switch an agent belongs to.
pub(super) const AGENT_SITE: &str = "agent_site";

/// Why a segment could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// The operating system refused.
    #[error("cannot {doing} {}: {source}; check space and permissions", .path.display())]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is not what was written.
    #[error("{} is damaged: {why}", .path.display())]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl SegmentError {
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { doing, path: path.to_owned(), source }
    }

    /// Whether there is no room at the moment: what was not written may be written later.
    pub(super) fn is_full(&self) -> bool {
        let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
        matches!(self, Self::Io { source, .. } if full.contains(&source.kind()))
    }
}

/// Rows of one table in a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Section {
    /// The table.
    pub(super) table: String,
    /// Where its tuples begin.
    pub(super) offset: u64,
    /// How long they are.
    pub(super) bytes: u64,
    /// How many.
    pub(super) rows: u64,
    /// Whether one of them may have been there before, in another partition or another row of this segment.
    pub(super) revised: bool,
    /// First and last time, in microseconds.
    pub(super) first_us: i64,
    pub(super) last_us: i64,
    /// Months of the times, as days of their begin since 1970.
    pub(super) months: BTreeSet<i32>,
    /// Intervals that are complete here, in microseconds; of a table of intervals.
    pub(super) intervals: BTreeSet<i64>,
}

impl Section {
    /// A section without rows.
    pub(super) fn of(table: &str) -> Self {
        Self { table: table.to_owned(), first_us: i64::MAX, last_us: i64::MIN, ..Self::default() }
    }
}

/// What a segment holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Index {
    /// Its number in its spool.
    pub(super) number: u64,
    /// Id of the spool.
    pub(super) spool: String,
    /// Event time up to which everything has been seen, in microseconds.
    pub(super) watermark_us: i64,
    /// Tenant and name of every switch that the partition knew.
    pub(super) sites: BTreeSet<(String, String)>,
    /// One or more per table with rows, in the order in which the rows came.
    pub(super) sections: Vec<Section>,
}

impl Index {
    /// Rows of all tables that people know.
    pub(super) fn rows(&self) -> u64 {
        self.sections.iter().filter(|section| section.table != AGENT_SITE).map(|section| section.rows).sum()
    }
}

/// A segment being written, to a file or to memory.
pub(super) struct Writer<W = File> {
    out: W,
    path: PathBuf,
    hash: XxHash64,
    written: u64,
    sections: Vec<Section>,
}

impl Writer {
    /// Begins a file at `path`.
    pub(super) fn create(path: &Path) -> Result<Self, SegmentError> {
        let file = File::create(path).map_err(|e| SegmentError::io("create", path, e))?;
        Self::begin(file, path)
    }
}

impl<W: Write> Writer<W> {
    /// Begins a segment that will lie at `path`.
    pub(super) fn begin(out: W, path: &Path) -> Result<Self, SegmentError> {
        let hash = XxHash64::with_seed(0);
        let mut writer = Self { out, path: path.to_owned(), hash, written: 0, sections: Vec::new() };
        writer.write(MAGIC)?;
        Ok(writer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SegmentError> {
        self.hash.write(bytes);
        self.out.write_all(bytes).map_err(|e| SegmentError::io("write", &self.path, e))?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Writes the tuples of a section, whose place is noted in it.
    pub(super) fn put(&mut self, section: Section, tuples: &[u8]) -> Result<(), SegmentError> {
        self.sections.push(Section { offset: self.written, bytes: tuples.len() as u64, ..section });
        self.write(tuples)
    }

    /// Whether nothing was put.
    pub(super) fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }

    /// Bytes so far.
    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    /// Writes index and trailer; returns the index and where everything went.
    pub(super) fn finish(mut self, mut index: Index) -> Result<(Index, W), SegmentError> {
        index.sections = std::mem::take(&mut self.sections);
        let mut end = serde_json::to_vec(&index).map_err(|e| SegmentError::io("describe", &self.path, e.into()))?;
        end.extend_from_slice(&(end.len() as u32).to_le_bytes());
        self.write(&end)?;
        let checksum = self.hash.finish();
        self.write(&[&checksum.to_le_bytes()[..], MAGIC].concat())?;
        Ok((index, self.out))
    }
}

/// A segment that is there.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) index: Index,
    file: File,
    path: PathBuf,
}

impl Segment {
    /// Opens the segment at `path` and reads its index; [`Segment::verify`] reads the rest.
    pub(super) fn open(path: &Path) -> Result<Self, SegmentError> {
        let io = |e| SegmentError::io("read", path, e);
        let damaged = |why| SegmentError::Damaged { path: path.to_owned(), why };
        let mut file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        if length < MAGIC.len() as u64 + TRAILER {
            return Err(damaged("too short"));
        }
        let mut magic = [0; 8];
        file.read_exact(&mut magic).map_err(io)?;
        let mut trailer = [0; TRAILER as usize];
        file.seek(SeekFrom::Start(length - TRAILER)).map_err(io)?;
        file.read_exact(&mut trailer).map_err(io)?;
        if &magic != MAGIC || &trailer[12..] != MAGIC {
            return Err(damaged("not a segment of this version"));
        }
        let size = u64::from(u32::from_le_bytes([trailer[0], trailer[1], trailer[2], trailer[3]]));
        if size > INDEX_MAX || size + TRAILER > length {
            return Err(damaged("its index is too long"));
        }
        file.seek(SeekFrom::Start(length - TRAILER - size)).map_err(io)?;
        let mut json = vec![0; size as usize];
        file.read_exact(&mut json).map_err(io)?;
        let index = serde_json::from_slice(&json).map_err(|_| damaged("its index cannot be read"))?;
        Ok(Self { index, file, path: path.to_owned() })
    }

    /// Compares the checksum.
    pub(super) fn verify(&mut self) -> Result<(), SegmentError> {
        let io = |e| SegmentError::io("read", &self.path, e);
        let length = self.file.metadata().map_err(io)?.len();
        self.file.seek(SeekFrom::Start(0)).map_err(io)?;
        let mut hash = XxHash64::with_seed(0);
        let mut rest = length - 16;
        let mut chunk = vec![0; CHUNK];
        while rest > 0 {
            let size = rest.min(CHUNK as u64) as usize;
            self.file.read_exact(&mut chunk[..size]).map_err(io)?;
            hash.write(&chunk[..size]);
            rest -= size as u64;
        }
        let mut checksum = [0; 8];
        self.file.read_exact(&mut checksum).map_err(io)?;
        if hash.finish() == u64::from_le_bytes(checksum) {
            return Ok(());
        }
        Err(SegmentError::Damaged { path: self.path.clone(), why: "its checksum differs" })
    }

    /// Reads the tuples of a section, at most `chunk.len()` bytes from `from` on; returns how many.
    pub(super) fn read(&mut self, section: &Section, from: u64, chunk: &mut [u8]) -> Result<usize, SegmentError> {
        let size = (section.bytes - from).min(chunk.len() as u64) as usize;
        let io = |e| SegmentError::io("read", &self.path, e);
        self.file.seek(SeekFrom::Start(section.offset + from)).map_err(io)?;
        self.file.read_exact(&mut chunk[..size]).map_err(io)?;
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(path: &Path) -> Index {
        let mut writer = Writer::create(path).unwrap();
        let tuples: Vec<u8> = (0..100_000u32).flat_map(u32::to_be_bytes).collect();
        writer.put(Section { table: "call".into(), rows: 3, ..Section::default() }, &tuples).unwrap();
        let index = Index { number: 7, spool: "s".into(), watermark_us: 9, ..Index::default() };
        writer.finish(index).unwrap().0
    }

    #[test]
    fn what_was_written_is_read_and_a_changed_byte_is_noticed() {
        let path = std::env::temp_dir().join(format!("callfold-segment-{}", std::process::id()));
        let index = written(&path);
        let mut segment = Segment::open(&path).unwrap();
        assert_eq!(segment.index, index);
        segment.verify().unwrap();
        let (section, mut chunk) = (index.sections[0].clone(), vec![0; 300_000]);
        assert_eq!(segment.read(&section, 0, &mut chunk).unwrap(), 300_000);
        assert_eq!(chunk[4..8], [0, 0, 0, 1]);
        assert_eq!(segment.read(&section, 300_000, &mut chunk).unwrap(), 100_000);
        let whole = std::fs::read(&path).unwrap();
        for at in [0, 100, whole.len() - 40, whole.len() - 18, whole.len() - 10, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            std::fs::write(&path, &changed).unwrap();
            let noticed = Segment::open(&path).and_then(|mut segment| segment.verify());
            assert!(noticed.is_err(), "byte {at} of {}", whole.len());
        }
        std::fs::write(&path, &whole[..whole.len() - 5]).unwrap();
        assert!(Segment::open(&path).is_err());
        std::fs::remove_file(&path).unwrap();
    }
}
