//! Which queues a call has been in, and where it was diverted to.
//!
//! Most calls enter one queue and are diverted nowhere, and every call is kept for a while after its end. So both lists stand
//! apart from it: a call has the place of its first entry and of its diversions, or none.

use super::slab::{Ix, NIL};
use super::world::World;
use crate::model::action::{Action, Momentary, On};
use crate::model::ids::{AgentId, DnId};
use crate::model::time::Micros;

/// How often a call has entered a queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// The queue.
    queue: DnId,
    /// The next queue of the call.
    next: Ix,
    /// How many times the call has entered it.
    count: i32,
    /// The last entry was counted as coming from another queue.
    counted: bool,
    /// The last time.
    at: Micros,
}

/// The last few stays of a call that were diverted to a queue: which queue, and when; the latest first.
pub(super) type Diversions = [(DnId, Micros); 4];

/// Nowhere yet.
const NOWHERE: Diversions = [(DnId::NONE, Micros::MIN); 4];

/// What a call knows of its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Itinerary {
    entries: Ix,
    diversions: Ix,
}

impl Default for Itinerary {
    fn default() -> Self {
        Self { entries: NIL, diversions: NIL }
    }
}

impl World {
    /// The call's entry in its list for this queue.
    fn entry_of(&self, call: Ix, queue: DnId) -> Option<Ix> {
        let mut at = self.calls[call].itinerary.entries;
        while at != NIL && self.entries[at].queue != queue {
            at = self.entries[at].next;
        }
        (at != NIL).then_some(at)
    }

    /// The first queue the call entered.
    pub(super) fn first_queue(&self, call: Ix) -> DnId {
        match self.calls[call].itinerary.entries {
            NIL => DnId::NONE,
            first => self.entries[first].queue,
        }
    }

    /// Whether the call has been in this queue at all.
    pub(super) fn has_entered(&self, call: Ix, queue: DnId) -> bool {
        self.entry_of(call, queue).is_some()
    }

    /// Counts the entry, and says which it is for this queue.
    pub(super) fn note_entry(&mut self, call: Ix, queue: DnId, at: Micros) -> i32 {
        if let Some(ix) = self.entry_of(call, queue) {
            let entry = &mut self.entries[ix];
            entry.count += 1;
            entry.at = at;
            entry.counted = false;
            return entry.count;
        }
        let ix = self.entries.insert(Entry { queue, next: NIL, count: 1, counted: false, at });
        match self.calls[call].itinerary.entries {
            NIL => self.calls[call].itinerary.entries = ix,
            mut last => {
                while self.entries[last].next != NIL {
                    last = self.entries[last].next;
                }
                self.entries[last].next = ix;
            }
        }
        1
    }

    /// Notes that a stay of the call was diverted to `target`, if that is a queue.
    pub(super) fn note_diversion(&mut self, call: Ix, target: DnId, at: Micros) {
        if target.is_none() || !self.devices[target.index()].is_queue {
            return;
        }
        let mut place = self.calls[call].itinerary.diversions;
        if place == NIL {
            place = self.diversions.insert(NOWHERE);
            self.calls[call].itinerary.diversions = place;
        }
        let diversions = &mut self.diversions[place];
        diversions.rotate_right(1);
        diversions[0] = (target, at);
        self.count_diversion_into(call, target);
    }

    /// Counts the call's last entry into `queue` as diverted in, if a stay was diverted there within the settling time.
    pub(super) fn count_diversion_into(&mut self, call: Ix, queue: DnId) {
        let diversions = self.calls[call].itinerary.diversions;
        if diversions == NIL {
            return;
        }
        let Some(ix) = self.entry_of(call, queue) else { return };
        let entry = &mut self.entries[ix];
        let settle = self.patience.settle;
        let near = |at: Micros| (entry.at - at).max(at - entry.at) <= settle;
        if entry.counted || !self.diversions[diversions].iter().any(|(target, at)| *target == queue && near(*at)) {
            return;
        }
        entry.counted = true;
        let (at, call_type) = (entry.at, self.calls[call].call_type);
        let on = On::Queue { queue, agent: AgentId::NONE, entered_at: at };
        self.out.push(Action::Occurred { what: Momentary::CallDivertedIn, on, call_type, at });
    }

    /// Forgets the way of a call that goes.
    pub(super) fn forget_itinerary(&mut self, call: Ix) {
        let Itinerary { mut entries, diversions } = std::mem::take(&mut self.calls[call].itinerary);
        while entries != NIL {
            let next = self.entries[entries].next;
            self.entries.remove(entries);
            entries = next;
        }
        if diversions != NIL {
            self.diversions.remove(diversions);
        }
    }
}
