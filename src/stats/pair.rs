//! Sparse ledgers: an agent at a queue, and an agent under a reason.

use hashbrown::HashMap;

use super::late::{Base, Gain, Ledger};
use crate::model::action::Status;
use crate::model::ids::{AgentId, DnId, ReasonId};
use crate::model::room::make_room;

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
#[derive(Debug)]
struct Entry<K, const C: usize, const T: usize> {
    key: K,
    /// Listed as used in the running interval.
    is_active: bool,
    ledger: Ledger<C, T>,
}

/// Ledgers with `C` counts and `T` times that exist only for keys that were used, and a list of those that were used in the running interval.
#[derive(Debug)]
pub struct Sparse<K, const C: usize, const T: usize> {
    index: HashMap<K, u32, foldhash::fast::FixedState>,
    entries: Vec<Entry<K, C, T>>,
    /// What the ledgers were at the begin of the interval.
    bases: Vec<Base<C, T>>,
    active: Vec<u32>,
    /// The key asked for last: what follows from one event asks for one key several times.
    last: Option<(K, u32)>,
}

impl<K, const C: usize, const T: usize> Default for Sparse<K, C, T> {
    fn default() -> Self {
        Self { index: HashMap::default(), entries: Vec::new(), bases: Vec::new(), active: Vec::new(), last: None }
    }
}

impl<K: Copy + Eq + std::hash::Hash + Ord, const C: usize, const T: usize> Sparse<K, C, T> {
    /// The ledger of a key, listed as active.
    #[inline]
    pub fn of(&mut self, key: K) -> &mut Ledger<C, T> {
        let slot = self.place(key);
        &mut self.entries[slot].ledger
    }

    /// What the ledger of a key was at the begin of the interval.
    pub fn base_of(&mut self, key: K) -> &mut Base<C, T> {
        let slot = self.place(key);
        &mut self.bases[slot]
    }

    #[inline]
    fn place(&mut self, key: K) -> usize {
        match self.last {
            Some((last, slot)) if last == key => slot as usize,
            _ => self.find(key) as usize,
        }
    }

    /// The place of a key, which is listed as active.
    fn find(&mut self, key: K) -> u32 {
        let (entries, bases) = (&mut self.entries, &mut self.bases);
        let slot = *self.index.entry(key).or_insert_with(|| {
            make_room(entries, 1);
            make_room(bases, 1);
            entries.push(Entry { key, is_active: false, ledger: Ledger::default() });
            bases.push(Base::default());
            entries.len() as u32 - 1
        });
        let entry = &mut self.entries[slot as usize];
        if !entry.is_active {
            entry.is_active = true;
            self.active.push(slot);
        }
        self.last = Some((key, slot));
        slot
    }

    /// Ends the interval at `edge`: hands what each active key gained to `take`, in the order of keys.
    pub fn roll(&mut self, edge: crate::model::time::Micros, mut take: impl FnMut(K, Gain<C, T>)) {
        let (entries, bases) = (&mut self.entries, &mut self.bases);
        self.last = None;
        self.active.sort_unstable_by_key(|slot| entries[*slot as usize].key);
        self.active.retain(|slot| {
            let entry = &mut entries[*slot as usize];
            let gain = entry.ledger.roll(&mut bases[*slot as usize], edge);
            if !gain.is_zero() {
                take(entry.key, gain);
            }
            // What goes on gains in the next interval without being touched.
            entry.is_active = entry.ledger.times.is_running();
            entry.is_active
        });
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
