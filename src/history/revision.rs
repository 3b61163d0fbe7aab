//! Intervals whose rows are final, kept for a while so that what is heard of late can still correct them.
//!
//! In: intervals as they become final, and corrections. Out: which of them must be handed out again. A stay that is heard of
//! late changes the levels of every interval it lived through, so each interval knows who was alive at its begin, and a
//! correction goes on to the next as long as that changes. Bounded by the look-back, and by [`ENTRIES_MAX`].

use std::collections::VecDeque;

use super::interval::INTERVAL;
use super::kept::{Kept, QueueKept};
use super::level::Alive;
use crate::model::time::Micros;
use crate::stats::board::Board;

/// Queues, agents, agents at queues and agents under reasons that all intervals together may hold; packed about 40 bytes
/// each. Beyond it the oldest interval is given up before its time.
const ENTRIES_MAX: usize = 4_000_000;

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct Final {
    pub kept: Kept,
    /// Stays alive at its begin, by the queue's place on the board.
    pub alive: Vec<Alive>,
    /// Queues that were known when its rows last left.
    pub queues: usize,
    changed: bool,
}

impl Final {
    /// Whether its rows differ from those that left; `alive` is who was alive at its begin, if that was found anew.
    pub fn must_be_revised(&mut self, alive: Option<Vec<Alive>>, board: &Board) -> bool {
        if let Some(alive) = alive.filter(|alive| !Alive::same(alive, &self.alive)) {
            self.alive = alive;
            self.changed = true;
        }
        let end = self.kept.start + INTERVAL;
        let joined = board.queues.get(self.queues..).is_some_and(|queues| queues.iter().any(|q| q.first_seen < end));
        std::mem::take(&mut self.changed) || joined
    }
}

/// All of them, the oldest first.
#[derive(Clone, Debug)]
pub(super) struct Finals {
    pub intervals: VecDeque<Final>,
    entries: usize,
    changed: bool,
    /// When corrected rows leave; `MAX` when there are none.
    pub due: Micros,
}

impl Default for Finals {
    fn default() -> Self {
        Self { intervals: VecDeque::new(), entries: 0, changed: false, due: Micros::MAX }
    }
}

impl Finals {
    /// An interval became final.
    pub fn push(&mut self, kept: Kept, alive: Vec<Alive>, queues: usize) {
        let interval = Final { kept, alive, queues, changed: false };
        self.entries += interval.kept.entries();
        self.intervals.push_back(interval);
    }

    /// Gives up the oldest interval that ended before `limit`, or is too much; what is left is the memory of its lists.
    pub fn pop_before(&mut self, limit: Micros) -> Option<Vec<QueueKept>> {
        let oldest = self.intervals.front()?;
        if oldest.kept.until >= limit && self.entries <= ENTRIES_MAX {
            return None;
        }
        let interval = self.intervals.pop_front()?;
        // Corrections may have added to it.
        self.entries = self.intervals.iter().map(|interval| interval.kept.entries()).sum();
        Some(interval.kept.queues)
    }

    /// Begin of the oldest.
    pub fn begin(&self) -> Option<Micros> {
        self.intervals.front().map(|interval| interval.kept.start)
    }

    /// The interval of an instant, to be corrected.
    pub fn at(&mut self, at: Micros) -> Option<&mut Kept> {
        let found = self.intervals.iter_mut().find(|f| at >= f.kept.start && at < f.kept.start + INTERVAL)?;
        found.changed = true;
        self.changed = true;
        Some(&mut found.kept)
    }

    /// The intervals that end after an instant, to be corrected.
    pub fn since(&mut self, at: Micros) -> impl Iterator<Item = &mut Kept> {
        let first = self.intervals.partition_point(|f| f.kept.start + INTERVAL <= at);
        self.changed |= first < self.intervals.len();
        self.intervals.iter_mut().skip(first).map(|interval| {
            interval.changed = true;
            &mut interval.kept
        })
    }

    /// Whether some interval waits to be handed out again.
    pub fn is_changed(&self) -> bool {
        self.changed
    }

    /// Everything that was changed has been handed out.
    pub fn settle(&mut self) {
        self.changed = false;
    }
}
