//! Sparse ledgers: an agent at a queue, and an agent under a reason.

use hashbrown::HashMap;

use super::late::{Gain, Ledger};
use crate::model::action::Status;
use crate::model::ids::{AgentId, DnId, ReasonId};

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

/// The ledger of an agent at a queue.
pub type PairLedger = Ledger<PAIR_COUNTS, PAIR_TIMES>;
/// What it gained in an interval.
pub type PairGain = Gain<PAIR_COUNTS, PAIR_TIMES>;
/// The ledger of an agent under a reason: entries, and time.
pub type ReasonLedger = Ledger<1, 1>;
/// What it gained in an interval.
pub type ReasonGain = Gain<1, 1>;

/// An agent at a queue.
pub type PairKey = (AgentId, DnId);
/// An agent in not ready or after-call work under a reason.
pub type ReasonKey = (AgentId, Status, ReasonId);

/// Ledgers that exist only for keys that were used, and a list of those that were used in the running interval.
#[derive(Debug)]
pub struct Sparse<K, L> {
    index: HashMap<K, u32, foldhash::fast::FixedState>,
    keys: Vec<K>,
    ledgers: Vec<L>,
    active: Vec<u32>,
    is_active: Vec<bool>,
}

impl<K, L> Default for Sparse<K, L> {
    fn default() -> Self {
        Self {
            index: HashMap::default(),
            keys: Vec::new(),
            ledgers: Vec::new(),
            active: Vec::new(),
            is_active: Vec::new(),
        }
    }
}

impl<K: Copy + Eq + std::hash::Hash + Ord, const C: usize, const T: usize> Sparse<K, Ledger<C, T>> {
    /// The ledger of a key, listed as active.
    #[inline]
    pub fn of(&mut self, key: K) -> &mut Ledger<C, T> {
        let slot = match self.index.get(&key) {
            Some(slot) => *slot,
            None => {
                let slot = self.keys.len() as u32;
                self.index.insert(key, slot);
                self.keys.push(key);
                self.ledgers.push(Ledger::default());
                self.is_active.push(false);
                slot
            }
        } as usize;
        if !self.is_active[slot] {
            self.is_active[slot] = true;
            self.active.push(slot as u32);
        }
        &mut self.ledgers[slot]
    }

    /// Ends the interval at `edge`: hands what each active key gained to `take`, in the order of keys.
    pub fn roll(&mut self, edge: crate::model::time::Micros, mut take: impl FnMut(K, Gain<C, T>)) {
        let (keys, ledgers, is_active) = (&self.keys, &mut self.ledgers, &mut self.is_active);
        self.active.sort_unstable_by_key(|slot| keys[*slot as usize]);
        self.active.retain(|slot| {
            let slot = *slot as usize;
            let gain = ledgers[slot].roll(edge);
            if !gain.is_zero() {
                take(keys[slot], gain);
            }
            // What goes on gains in the next interval without being touched.
            is_active[slot] = ledgers[slot].is_running();
            is_active[slot]
        });
    }

    /// The ledger of a key, if it has one.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&Ledger<C, T>> {
        self.index.get(key).map(|slot| &self.ledgers[*slot as usize])
    }

    /// Keys that were ever used.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key was ever used.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
