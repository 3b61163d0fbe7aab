//! One partition: decoder, names and engine behind one door. Bytes in; rows, deltas and refused lines out.

use super::output::{NamesSent, NewNames, Reject, RowBatch};
use super::settings::Settings;
use super::view::{Counters, Delta, QueueSummary};
use crate::model::names::Names;
use crate::model::row::Rows;
use crate::model::time::Micros;

/// What became of the lines of one chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fed {
    /// Events folded, or held back until their order is known.
    pub accepted: u64,
    /// Events dropped as duplicates.
    pub duplicate: u64,
    /// Lines refused.
    pub rejected: u64,
}

/// A place in a source, so that a refused line can be found again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Number of the chunk's first line, from 1.
    pub line: u64,
    /// Byte offset of the chunk's first line.
    pub offset: u64,
}

/// A set of switches that one thread folds.
#[derive(Debug)]
pub struct Partition {
    settings: Settings,
    names: Names,
    sent: NamesSent,
    rows: Rows,
    rejects: Vec<Reject>,
    now: Micros,
}

impl Partition {
    /// An empty partition.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            names: Names::new(settings.names),
            settings,
            sent: NamesSent::default(),
            rows: Rows::default(),
            rejects: Vec::new(),
            now: Micros::MIN,
        }
    }

    /// Decodes and folds whole lines (`chunk` ends with a newline, or is the end of its source).
    pub fn feed(&mut self, _chunk: &[u8], _position: Position) -> Fed {
        Fed::default()
    }

    /// Moves the clock to `now` without an event: closes intervals and takes settled decisions.
    pub fn tick(&mut self, now: Micros) {
        self.now = self.now.max(now);
    }

    /// Ends a finite input: takes every open decision, cuts what is open at the last event, closes all intervals.
    pub fn finish(&mut self) {}

    /// Event time of the latest input; [`Micros::MIN`] before the first.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.now
    }

    /// The rows ready to leave, and the new names they use; `None` when there are none.
    pub fn take_rows(&mut self) -> Option<RowBatch> {
        if self.rows.is_empty() {
            return None;
        }
        let names = NewNames::since(&self.names, &mut self.sent);
        Some(RowBatch { partition: 0, names, rows: std::mem::take(&mut self.rows), watermark: self.now })
    }

    /// How many rows wait in [`Self::take_rows`].
    #[must_use]
    pub fn rows_waiting(&self) -> usize {
        self.rows.len()
    }

    /// Lines refused since the last call (at most a bounded sample; [`Counters`] has the totals).
    pub fn take_rejects(&mut self) -> Vec<Reject> {
        std::mem::take(&mut self.rejects)
    }

    /// Everything that changed since the last call; the first call gives everything.
    pub fn delta(&mut self, into: &mut Delta) {
        into.as_of = self.now;
    }

    /// Totals.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters::default()
    }

    /// Every queue over everything folded so far, in order of name.
    #[must_use]
    pub fn summary(&self) -> Vec<QueueSummary> {
        Vec::new()
    }

    /// The partition's settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}
