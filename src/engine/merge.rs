//! One order over all sources of a partition: by time, then switch, then the source's own order.
//!
//! Sources in one input are interleaved as they were recorded, which is only roughly by time. While more than one switch
//! speaks, events wait until the reorder window has passed and leave by time. A single switch is in order already; only
//! the first moments are held back, in case a second one begins with them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::model::ids::{EventId, SwitchId};
use crate::model::time::{Micros, Span};

/// Events held at once; beyond it the first leaves early.
const HELD_MAX: usize = 200_000;

/// An event that waits for its turn: its line, to be decoded again, and what was decided about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiting {
    /// Time under which it leaves.
    pub time: Micros,
    /// Rank of its switch among the names of switches.
    rank: u32,
    /// Position among the events that came here.
    arrival: u64,
    /// Its id.
    pub id: EventId,
    /// Its line.
    pub line: Vec<u8>,
}

/// The merge of a partition's sources.
#[derive(Clone, Debug)]
pub struct Merge {
    window: Span,
    heap: BinaryHeap<Reverse<Waiting>>,
    only: SwitchId,
    several: bool,
    first: Micros,
    newest: Micros,
    arrivals: u64,
}

impl Merge {
    /// A merge over this window; zero for transports that keep order.
    #[must_use]
    pub fn new(window: Span) -> Self {
        Self {
            window,
            heap: BinaryHeap::new(),
            only: SwitchId::NONE,
            several: false,
            first: Micros::MAX,
            newest: Micros::MIN,
            arrivals: 0,
        }
    }

    /// Whether an event of `switch` at `time` has to wait; if not, it leaves at once.
    #[inline]
    pub fn must_wait(&mut self, switch: SwitchId, time: Micros) -> bool {
        if self.window.0 == 0 {
            return false;
        }
        if self.only != switch && !self.several {
            self.several = self.only.is_some();
            self.only = switch;
            self.first = self.first.min(time);
        }
        self.newest = self.newest.max(time);
        self.several || time <= self.first + self.window || !self.heap.is_empty()
    }

    /// Keeps an event that has to wait; `rank` orders its switch among those of equal time.
    pub fn hold(&mut self, time: Micros, rank: u32, id: EventId, line: &[u8]) {
        self.arrivals += 1;
        self.heap.push(Reverse(Waiting { time, rank, arrival: self.arrivals, id, line: line.to_vec() }));
    }

    /// The latest time any source has named.
    pub fn note(&mut self, time: Micros) {
        self.newest = self.newest.max(time);
    }

    /// The latest time any source has named.
    #[must_use]
    pub const fn newest(&self) -> Micros {
        self.newest
    }

    /// The next event whose turn has come (`all`: any). Nothing leaves that is not before `held_from`, the time of the
    /// earliest event some source still holds back.
    pub fn next(&mut self, held_from: Micros, all: bool) -> Option<Waiting> {
        let Reverse(first) = self.heap.peek()?;
        if first.time >= held_from && !all && self.heap.len() <= HELD_MAX {
            return None;
        }
        let due = first.time + self.window < self.newest || self.heap.len() > HELD_MAX;
        // A single switch keeps its order: once its first moments are over nothing has to wait any more.
        let single = !self.several && self.first + self.window < self.newest;
        if due || single || all { self.heap.pop().map(|Reverse(w)| w) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_leave_by_time_and_a_single_one_passes_after_its_first_moments() {
        let mut merge = Merge::new(Span::from_secs(2));
        let secs = |n: i64| Micros(n * 1_000_000);
        let mut left = Vec::new();
        let mut put = |merge: &mut Merge, switch: u32, at: i64| {
            let switch = SwitchId(switch);
            if merge.must_wait(switch, secs(at)) {
                merge.hold(secs(at), switch.0, EventId { switch, ..EventId::NONE }, b"");
            } else {
                left.push((switch.0, at));
            }
            while let Some(w) = merge.next(Micros::MAX, false) {
                left.push((w.id.switch.0, w.time.0 / 1_000_000));
            }
        };
        for at in [0, 1, 3, 4] {
            put(&mut merge, 0, at);
        }
        for (switch, at) in [(1, 6), (0, 5), (0, 8), (1, 7), (0, 20)] {
            put(&mut merge, switch, at);
        }
        assert_eq!(left, [(0, 0), (0, 1), (0, 3), (0, 4), (0, 5), (1, 6), (1, 7), (0, 8)]);
    }
}
