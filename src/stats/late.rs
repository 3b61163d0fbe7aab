//! Counters and running times that can be read at any instant, with interval bases that late bookings keep right.
//!
//! Some conclusions are drawn after the instant they are about (a queue reports a departure after the answer, a wrap is
//! known to be over only later). They are booked at their own time: the counter and its base at the interval's begin both
//! move, so the running interval is unaffected, and what belongs to earlier intervals is handed to history as [`Late`].

use crate::model::action::Status;
use crate::model::ids::{AgentId, DnId, ReasonId};
use crate::model::time::{Micros, ms_between};

/// Cumulative times in ms of which some may be going on: `value(t) = ended + n · ms(t)`, where `ended` is the time that has
/// ended less the starts of what goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times<const TIMES: usize> {
    ended: [i64; TIMES],
    n: [i32; TIMES],
}

impl<const TIMES: usize> Default for Times<TIMES> {
    fn default() -> Self {
        Self { ended: [0; TIMES], n: [0; TIMES] }
    }
}

impl<const TIMES: usize> Times<TIMES> {
    /// A time at `t`, which must not lie before its last change.
    #[inline]
    #[must_use]
    pub const fn at(&self, column: usize, t: Micros) -> i64 {
        self.ended[column] + self.n[column] as i64 * t.ms()
    }

    /// All times at `t`.
    #[must_use]
    pub fn all_at(&self, t: Micros) -> [i64; TIMES] {
        std::array::from_fn(|column| self.at(column, t))
    }

    /// One more goes on from `at`, or one stops at `at`.
    #[inline]
    pub fn change(&mut self, column: usize, starts: bool, at: Micros) {
        let by: i32 = if starts { 1 } else { -1 };
        self.ended[column] -= i64::from(by) * at.ms();
        self.n[column] += by;
    }

    /// How many of each go on.
    #[must_use]
    pub const fn going_on(&self) -> &[i32; TIMES] {
        &self.n
    }

    /// Whether anything goes on.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.n.iter().any(|n| *n != 0)
    }
}

/// A column of a queue's, pair's or reason's row, by its number in the object's own column list.
pub type ColumnIx = u8;

/// Which object a late booking is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// A queue.
    Queue(DnId),
    /// An agent.
    Agent(AgentId),
    /// An agent at a queue.
    Pair(AgentId, DnId),
    /// An agent under a reason.
    Reason(AgentId, Status, ReasonId),
}

/// A booking whose instant lies before the running interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// `by` more of a count at `at`.
    Count {
        /// Whose.
        object: Object,
        /// Which column.
        column: ColumnIx,
        /// How many.
        by: i64,
        /// When.
        at: Micros,
    },
    /// A running time goes on (`by` 1) or not (`by` −1) from `at` to the begin of the running interval.
    Time {
        /// Whose.
        object: Object,
        /// Which column.
        column: ColumnIx,
        /// Once more or once less.
        by: i64,
        /// From when.
        at: Micros,
    },
    /// A maximum at `at`.
    Max {
        /// Whose.
        object: Object,
        /// Which column.
        column: ColumnIx,
        /// Candidate.
        value: i64,
        /// When.
        at: Micros,
    },
}

/// Counts and running times of one object since the beginning.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Ledger<const COUNTS: usize, const TIMES: usize> {
    /// Running times.
    pub times: Times<TIMES>,
    /// Counts and whole durations.
    pub counts: [i64; COUNTS],
}

impl<const COUNTS: usize, const TIMES: usize> Default for Ledger<COUNTS, TIMES> {
    fn default() -> Self {
        Self { counts: [0; COUNTS], times: Times::default() }
    }
}

/// What a ledger was at the begin of the interval. Stands apart from it, because only edges and late bookings ask for it.
#[derive(Clone, Debug)]
pub struct Base<const COUNTS: usize, const TIMES: usize> {
    counts: [i64; COUNTS],
    times: [i64; TIMES],
}

impl<const COUNTS: usize, const TIMES: usize> Default for Base<COUNTS, TIMES> {
    fn default() -> Self {
        Self { counts: [0; COUNTS], times: [0; TIMES] }
    }
}

/// What a ledger gained in an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gain<const COUNTS: usize, const TIMES: usize> {
    /// Counts and whole durations.
    pub counts: [i64; COUNTS],
    /// Times cut to the interval.
    pub times: [i64; TIMES],
}

impl<const COUNTS: usize, const TIMES: usize> Default for Gain<COUNTS, TIMES> {
    fn default() -> Self {
        Self { counts: [0; COUNTS], times: [0; TIMES] }
    }
}

impl<const COUNTS: usize, const TIMES: usize> Gain<COUNTS, TIMES> {
    /// Whether every column is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.counts.iter().all(|c| *c == 0) && self.times.iter().all(|t| *t == 0)
    }
}

impl<const COUNTS: usize, const TIMES: usize> Base<COUNTS, TIMES> {
    /// `by` more of a count is booked at an instant before the interval's begin.
    pub fn count(&mut self, column: usize, by: i64) {
        self.counts[column] += by;
    }

    /// A running time starts or stops at `at`, which lies before the interval's begin.
    pub fn time(&mut self, column: usize, starts: bool, at: Micros, interval_start: Micros) {
        let by = if starts { 1 } else { -1 };
        self.times[column] += by * ms_between(at, interval_start);
    }

    /// Ends the interval: what was gained since, up to what a ledger is now, which is the base of the next one.
    pub fn roll(&mut self, counts: [i64; COUNTS], times: [i64; TIMES]) -> Gain<COUNTS, TIMES> {
        let gain = Gain {
            counts: std::array::from_fn(|i| counts[i] - self.counts[i]),
            times: std::array::from_fn(|i| times[i] - self.times[i]),
        };
        *self = Self { counts, times };
        gain
    }
}

impl<const COUNTS: usize, const TIMES: usize> Ledger<COUNTS, TIMES> {
    /// Ends the interval at `edge`: what it gained over its base, which is moved on.
    pub fn roll(&self, base: &mut Base<COUNTS, TIMES>, edge: Micros) -> Gain<COUNTS, TIMES> {
        base.roll(self.counts, self.times.all_at(edge))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_start_moves_the_base_and_leaves_the_running_interval_alone() {
        let ms = |n: i64| Micros(n * 1000);
        let (mut ledger, mut base) = (Ledger::<1, 1>::default(), Base::default());
        ledger.times.change(0, true, ms(50));
        assert_eq!(ledger.roll(&mut base, ms(100)).times, [50]);
        // Known only now: another one had started at 80.
        ledger.times.change(0, true, ms(80));
        base.time(0, true, ms(80), ms(100));
        assert_eq!(ledger.clone().roll(&mut base.clone(), ms(110)).times, [20]);
        ledger.times.change(0, false, ms(110));
        assert_eq!(ledger.roll(&mut base, ms(200)).times, [10 + 100]);
    }
}
