//! How an input ends, and what its last intervals are called then. Knows nothing of what is in them.

use super::interval::INTERVAL;
use crate::model::time::{Micros, Span};

/// How an input ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing follows: what is there is all there will be.
    Over,
    /// Another run may go on from here: intervals are called what they would have been called without a stop, and the running one open.
    Paused {
        /// How long after its end an interval is provisional.
        grace: Span,
    },
}

/// The last moments of an input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    pub(super) end: End,
    /// The last input.
    pub(super) last: Micros,
    /// Begin of the interval that runs.
    pub(super) running: Micros,
}

impl Ending {
    /// The status of the interval that began at `start`, or of its cohort; whether all of it is over says `is_over`.
    pub(super) fn status(self, start: Micros, is_over: bool) -> &'static str {
        match self.end {
            End::Over => "final",
            End::Paused { .. } if start >= self.running => "open",
            End::Paused { grace } if is_over && start + INTERVAL + grace < self.last => "final",
            End::Paused { .. } => "provisional",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nothing_can_change_any_more_is_final_at_a_pause() {
        let at = |minutes: i64| Micros(0) + Span::from_mins(minutes);
        let paused = Ending { end: End::Paused { grace: Span::from_mins(5) }, last: at(52), running: at(45) };
        assert_eq!(paused.status(at(45), true), "open");
        assert_eq!(paused.status(at(30), true), "final", "52 is more than 45 and 5");
        assert_eq!(paused.status(at(30), false), "provisional", "calls of it go on");
        let sooner = Ending { last: at(49), ..paused };
        assert_eq!(sooner.status(at(30), true), "provisional");
        assert_eq!(Ending { end: End::Over, ..sooner }.status(at(45), false), "final");
    }
}
