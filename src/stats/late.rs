//! Counters and running times that can be read at any instant, with interval bases that late bookings keep right.
//!
//! Some conclusions are drawn after the instant they are about (a queue reports a departure after the answer, a wrap is
//! known to be over only later). They are booked at their own time: the counter and its base at the interval's begin both
//! move, so the running interval is unaffected, and what belongs to earlier intervals is handed to history as [`Late`].

use crate::model::action::Status;
use crate::model::ids::{AgentId, DnId, ReasonId};
use crate::model::time::{Micros, ms_between};

/// A cumulative time in ms of which some may be going on: `value(t) = acc + n · ms(t)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauge {
    /// Ended time minus the starts of what goes on.
    pub acc: i64,
    /// How many go on.
    pub n: i32,
}

impl Gauge {
    /// The value at `t`, which must not lie before the last change.
    #[inline]
    #[must_use]
    pub const fn at(self, t: Micros) -> i64 {
        self.acc + self.n as i64 * t.ms()
    }

    /// One more goes on from `at`, or one stops at `at`.
    #[inline]
    pub fn change(&mut self, starts: bool, at: Micros) {
        let by: i32 = if starts { 1 } else { -1 };
        self.acc -= i64::from(by) * at.ms();
        self.n += by;
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

/// Counts and running times of one object: what they are, and what they were at the begin of the interval.
#[derive(Clone, Debug)]
pub struct Ledger<const COUNTS: usize, const TIMES: usize> {
    /// Counts and whole durations since the beginning.
    pub counts: [i64; COUNTS],
    /// Running times since the beginning.
    pub times: [Gauge; TIMES],
    base_counts: [i64; COUNTS],
    base_times: [i64; TIMES],
}

impl<const COUNTS: usize, const TIMES: usize> Default for Ledger<COUNTS, TIMES> {
    fn default() -> Self {
        Self { counts: [0; COUNTS], times: [Gauge::default(); TIMES], base_counts: [0; COUNTS], base_times: [0; TIMES] }
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

impl<const COUNTS: usize, const TIMES: usize> Ledger<COUNTS, TIMES> {
    /// Books `by` at `at`; says what history has to correct when that lies before `interval_start`.
    #[inline]
    pub fn count(&mut self, column: usize, by: i64, at: Micros, interval_start: Micros) -> bool {
        self.counts[column] += by;
        let late = at < interval_start;
        if late {
            self.base_counts[column] += by;
        }
        late
    }

    /// A count booked for an interval whose rows have left becomes the running interval's.
    pub fn take_over(&mut self, column: usize, by: i64) {
        self.base_counts[column] -= by;
    }

    /// A running time starts or stops at `at`; true when that lies before `interval_start`.
    #[inline]
    pub fn time(&mut self, column: usize, starts: bool, at: Micros, interval_start: Micros) -> bool {
        self.times[column].change(starts, at);
        let late = at < interval_start;
        if late {
            let by = if starts { 1 } else { -1 };
            self.base_times[column] += by * ms_between(at, interval_start);
        }
        late
    }

    /// What was gained since the begin of the interval, up to `t`.
    #[must_use]
    pub fn gain(&self, t: Micros) -> Gain<COUNTS, TIMES> {
        Gain {
            counts: std::array::from_fn(|i| self.counts[i] - self.base_counts[i]),
            times: std::array::from_fn(|i| self.times[i].at(t) - self.base_times[i]),
        }
    }

    /// Ends the interval at `edge`: what it gained, and the base of the next one.
    pub fn roll(&mut self, edge: Micros) -> Gain<COUNTS, TIMES> {
        let gain = self.gain(edge);
        self.base_counts = self.counts;
        self.base_times = std::array::from_fn(|i| self.times[i].at(edge));
        gain
    }

    /// Whether anything goes on.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.times.iter().any(|t| t.n != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_start_moves_the_base_and_leaves_the_running_interval_alone() {
        let ms = |n: i64| Micros(n * 1000);
        let mut ledger = Ledger::<1, 1>::default();
        ledger.time(0, true, ms(50), ms(0));
        assert_eq!(ledger.roll(ms(100)).times, [50]);
        // Known only now: another one had started at 80.
        assert!(ledger.time(0, true, ms(80), ms(100)));
        assert_eq!(ledger.gain(ms(110)).times, [20]);
        ledger.time(0, false, ms(110), ms(100));
        assert_eq!(ledger.roll(ms(200)).times, [10 + 100]);
    }
}
