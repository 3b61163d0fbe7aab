//! Where live batches come in: each becomes a segment on disk, before its rows' memory is used again.
//!
//! In: batches of the engine. Out: durable segments in the spool. A batch that finds no room (as much waits as may, or the disk is
//! full) is held in memory, encoded, behind those before it, and written as soon as there is room; when that is much, too, whoever
//! brings more waits. Refuses to know what is in a row, and the database.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::encode::Encoder;
use super::segment::{Index, SegmentError, Writer};
use super::spool::Spool;
use crate::engine::output::RowBatch;

/// Most bytes held in memory while there is no room on disk, unless less may wait altogether: a good hour of 10 k agents.
const HELD_MAX: u64 = 128 << 20;

/// What goes on and is smaller waits for the rest of it: both are one segment, and one transaction.
const TOGETHER: u64 = 1 << 20;

/// How long a disk that is full is waited for at the end.
const PATIENCE: Duration = Duration::from_secs(10);

/// A segment in memory.
struct Held {
    bytes: Vec<u8>,
    rows: u64,
}

/// Live batches to the spool.
pub struct Spooler {
    encoder: Encoder,
    spool: Arc<Spool>,
    held: VecDeque<Held>,
    /// The segment of batches of which more follows.
    begun: Option<Writer<Vec<u8>>>,
    /// Memory of the last segment, for the next.
    spare: Vec<u8>,
}

impl Spooler {
    /// Batches will go to `spool`.
    #[must_use]
    pub fn new(spool: Arc<Spool>) -> Self {
        Self { encoder: Encoder::new(), spool, held: VecDeque::new(), begun: None, spare: Vec::new() }
    }

    /// Makes a batch durable, or holds it while there is no room. Waits when too much is held, unless `stopping` says that nobody
    /// will keep it otherwise.
    ///
    /// # Errors
    /// When the disk refuses for another reason than that it is full.
    pub fn deliver(&mut self, batch: &RowBatch, stopping: impl Fn() -> bool) -> Result<(), SegmentError> {
        if let Some(held) = self.encode(batch)? {
            self.held.push_back(held);
        }
        while !self.write(stopping())? && self.held_bytes() > self.held_max() && !stopping() {
            self.spool.rest();
        }
        Ok(())
    }

    /// Writes what is held, if there is room now.
    ///
    /// # Errors
    /// As [`Spooler::deliver`].
    pub fn again(&mut self) -> Result<(), SegmentError> {
        self.write(false).map(drop)
    }

    /// Writes what is held, beyond the bound if need be.
    ///
    /// # Errors
    /// When the disk is still full after a while: what was held for the database is lost then, and said to be.
    pub fn finish(mut self) -> Result<(), SegmentError> {
        let begun = Instant::now();
        while !self.write(true)? {
            if begun.elapsed() > PATIENCE {
                let rows: u64 = self.held.iter().map(|held| held.rows).sum();
                return Err(self.spool.lost(rows));
            }
            self.spool.rest();
        }
        Ok(())
    }

    fn held_bytes(&self) -> u64 {
        self.held.iter().map(|held| held.bytes.len() as u64).sum()
    }

    /// Who wants little on disk wants no more in memory.
    fn held_max(&self) -> u64 {
        HELD_MAX.min(self.spool.bytes_max())
    }

    fn encode(&mut self, batch: &RowBatch) -> Result<Option<Held>, SegmentError> {
        let mut writer = match self.begun.take() {
            Some(begun) => begun,
            None => {
                let mut bytes = std::mem::take(&mut self.spare);
                bytes.clear();
                Writer::begin(bytes, &self.spool.temp_path())?
            }
        };
        self.encoder.append(batch, &mut writer)?;
        self.encoder.flush(&mut writer)?;
        if batch.goes_on && writer.written() < TOGETHER {
            self.begun = Some(writer);
            return Ok(None);
        }
        if writer.is_empty() {
            return Ok(None);
        }
        let index = Index {
            number: self.spool.next() + self.held.len() as u64,
            spool: self.spool.id.clone(),
            watermark_us: batch.watermark.0,
            sites: self.encoder.sites(batch.partition),
            sections: Vec::new(),
        };
        let (index, bytes) = writer.finish(index)?;
        Ok(Some(Held { bytes, rows: index.rows() }))
    }

    /// Writes what is held, oldest first; false when there is no room for all of it.
    fn write(&mut self, beyond_bound: bool) -> Result<bool, SegmentError> {
        while let Some(held) = self.held.front() {
            if !beyond_bound && self.spool.is_full() {
                self.spool.hold(None);
                return Ok(false);
            }
            match self.spool.put(&held.bytes, held.rows) {
                Ok(()) => {}
                Err(error) if error.is_full() => {
                    self.spool.hold(Some(&error));
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
            if let Some(written) = self.held.pop_front() {
                self.spare = written.bytes;
            }
        }
        self.spool.release();
        Ok(true)
    }
}

impl Drop for Spooler {
    fn drop(&mut self) {
        // Whoever ends without `finish` has said why.
        let rows: u64 = self.held.iter().map(|held| held.rows).sum();
        if rows > 0 {
            tracing::error!(rows, "rows held in memory for the database are lost; replay their events with --postgres");
        }
    }
}
