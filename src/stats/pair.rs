//! Sparse ledgers: an agent at a queue, and an agent under a reason.

use hashbrown::HashMap;

use super::late::{Base, Gain, Ledger};
use super::reading::{Key, Packed};
use crate::model::action::Status;
use crate::model::fetch::fetch_at;
use crate::model::ids::{AgentId, DnId, ReasonId};
use crate::model::room::make_room;
use crate::model::time::Micros;

/// Counts and whole durations of an agent at a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "named after the columns of agent_queue_interval, which say what they mean")]
pub enum PairCount {
    Offered,
    Answered,
    Handled,
    HandleMs,
}

/// Running times of an agent at a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "named after the columns of agent_queue_interval, which say what they mean")]
pub enum PairTime {
    RingMs,
    TalkMs,
    HoldMs,
    AcwMs,
    MembershipMs,
}

/// Columns of [`PairCount`].
pub const PAIR_COUNTS: usize = 4;
/// Columns of [`PairTime`].
pub const PAIR_TIMES: usize = 5;

/// The ledgers of agents at queues.
pub type Pairs = Sparse<PairKey, PAIR_COUNTS, PAIR_TIMES>;
/// What it gained in an interval.
pub type PairGain = Gain<PAIR_COUNTS, PAIR_TIMES>;
/// The ledgers of agents under reasons: entries, and time.
pub type Reasons = Sparse<ReasonKey, 1, 1>;
/// What it gained in an interval.
pub type ReasonGain = Gain<1, 1>;

/// An agent at a queue.
pub type PairKey = (AgentId, DnId);
/// An agent in not ready or after-call work under a reason.
pub type ReasonKey = (AgentId, Status, ReasonId);

/// One key and what belongs to it.
#[derive(Clone, Debug)]
struct Entry<K, const C: usize, const T: usize> {
    key: K,
    /// The epoch in which it was last listed as used, or [`UNLISTED`].
    listed: u32,
    ledger: Ledger<C, T>,
}

/// Where a key is. Keys never move.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place(u32);

impl Default for Place {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

/// In no list.
pub(super) const UNLISTED: u32 = 0;
/// The epoch before the first edge; the one before it is not [`UNLISTED`].
pub(super) const FIRST_EPOCH: u32 = 2;

/// Ledgers with `C` counts and `T` times that exist only for keys that were used, and a list of those that were used in the
/// running interval.
///
/// At an edge nothing is read. What a key gained is read when it is next used, before anything is booked, or when its turn
/// comes (`read_some`), whichever is first: until then its ledger stands as it stood at the edge.
#[derive(Clone, Debug)]
pub struct Sparse<K, const C: usize, const T: usize> {
    index: HashMap<K, u32, foldhash::fast::FixedState>,
    entries: Vec<Entry<K, C, T>>,
    /// What the ledgers were at the begin of the interval.
    bases: Vec<Base<C, T>>,
    /// Used in the running interval.
    active: Vec<u32>,
    /// Used in the one before; those that were not read yet are listed in its epoch.
    unread: Vec<u32>,
    /// What was read of it.
    read: Packed,
    /// Number of the running interval, and where it began.
    epoch: u32,
    edge: Micros,
}

impl<K, const C: usize, const T: usize> Default for Sparse<K, C, T> {
    fn default() -> Self {
        Self {
            index: HashMap::default(),
            entries: Vec::new(),
            bases: Vec::new(),
            active: Vec::new(),
            unread: Vec::new(),
            read: Packed::default(),
            epoch: FIRST_EPOCH,
            edge: Micros::MIN,
        }
    }
}

impl<K: Key + Eq + std::hash::Hash, const C: usize, const T: usize> Sparse<K, C, T> {
    /// The ledger of a key, listed as active. `place` is where whoever asks found a key last, which is likely to be this one.
    #[inline]
    pub(super) fn of(&mut self, key: K, place: &mut Place) -> &mut Ledger<C, T> {
        if self.entries.get(place.0 as usize).is_none_or(|entry| entry.key != key) {
            *place = self.find(key);
        }
        let slot = place.0 as usize;
        if self.entries[slot].listed != self.epoch {
            self.use_first(place.0);
        }
        &mut self.entries[slot].ledger
    }

    /// What the ledger of a key, which is active, was at the begin of the interval.
    pub(super) fn base_of(&mut self, key: K) -> &mut Base<C, T> {
        let Place(slot) = self.find(key);
        debug_assert!(self.entries[slot as usize].listed == self.epoch, "it was just booked on");
        &mut self.bases[slot as usize]
    }

    /// The place of a key.
    #[inline(never)]
    fn find(&mut self, key: K) -> Place {
        let (entries, bases) = (&mut self.entries, &mut self.bases);
        Place(*self.index.entry(key).or_insert_with(|| {
            make_room(entries, 1);
            make_room(bases, 1);
            entries.push(Entry { key, listed: UNLISTED, ledger: Ledger::default() });
            bases.push(Base::default());
            entries.len() as u32 - 1
        }))
    }

    /// Used for the first time in the running interval.
    #[cold]
    fn use_first(&mut self, slot: u32) {
        self.read(slot);
        self.list(slot);
    }

    fn list(&mut self, slot: u32) {
        self.entries[slot as usize].listed = self.epoch;
        self.active.push(slot);
    }

    /// Reads what a key gained in the interval before, unless that was done.
    fn read(&mut self, slot: u32) {
        let entry = &mut self.entries[slot as usize];
        if entry.listed + 1 != self.epoch {
            return;
        }
        entry.listed = UNLISTED;
        let gain = entry.ledger.roll(&mut self.bases[slot as usize], self.edge);
        if !gain.is_zero() {
            self.read.push(entry.key, &gain);
        }
    }

    /// Ends the interval at `edge`; the one before must have been read to its end.
    pub(super) fn end_interval(&mut self, edge: Micros) {
        debug_assert!(self.unread.is_empty(), "the interval before is read before this one ends");
        self.edge = edge;
        self.epoch += 1;
        std::mem::swap(&mut self.active, &mut self.unread);
    }

    /// Goes on reading, at most `most` keys, which is counted down; true once all of them were read.
    pub(super) fn read_some(&mut self, most: &mut usize) -> bool {
        while *most > 0
            && let Some(slot) = self.unread.pop()
        {
            *most -= 1;
            if self.entries[slot as usize].listed + 1 != self.epoch {
                continue;
            }
            self.read(slot);
            // What goes on gains in the next interval without being touched.
            if self.entries[slot as usize].ledger.times.is_running() {
                self.list(slot);
            }
        }
        self.unread.is_empty()
    }

    /// What all keys gained in the interval that was read.
    pub(super) fn take_read(&mut self) -> Packed {
        self.read.take()
    }

    /// Asks for a ledger, if there is one in this place.
    #[inline]
    pub(super) fn foresee(&self, place: Place) {
        fetch_at(&self.entries, place.0 as usize);
    }

    /// The ledger of a key, if it has one.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&Ledger<C, T>> {
        self.index.get(key).map(|slot| &self.entries[*slot as usize].ledger)
    }

    /// Keys that were ever used.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no key was ever used.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
