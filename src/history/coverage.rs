//! How much of an interval was seen: per switch from its first event on, less the outages of its link.

use crate::model::time::{Micros, TimeRange};

/// What was seen of one switch.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    first_event: Option<Micros>,
    /// Ended outages, the latest last; older ones than any interval still open are dropped.
    outages: Vec<TimeRange>,
    down_since: Option<Micros>,
}

impl Coverage {
    /// An event of the switch at `at`.
    #[inline]
    pub fn heard(&mut self, at: Micros) {
        self.first_event.get_or_insert(at);
    }

    /// The link went down, or is up again.
    pub fn change(&mut self, seen: bool, at: Micros) {
        match (seen, self.down_since) {
            (false, None) => self.down_since = Some(at),
            (true, Some(start)) => {
                self.down_since = None;
                self.outages.push(TimeRange { start, end: at });
            }
            _ => {}
        }
    }

    /// Milliseconds of `interval` in which the switch was seen, as of `until`.
    #[must_use]
    pub fn ms(&self, interval: TimeRange, until: Micros) -> i32 {
        let Some(first) = self.first_event else { return 0 };
        let seen = interval.overlap_ms(first, until);
        let running = self.down_since.map(|start| TimeRange { start, end: until });
        let blind: i64 = self.outages.iter().chain(&running).map(|o| interval.overlap_ms(o.start, o.end)).sum();
        (seen - blind).max(0) as i32
    }

    /// Forgets outages that ended before `edge`.
    pub fn forget_before(&mut self, edge: Micros) {
        self.outages.retain(|o| o.end > edge);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_not_coverage_and_neither_is_the_time_before_the_first_event() {
        let ms = |n: i64| Micros(n * 1000);
        let mut coverage = Coverage::default();
        let interval = TimeRange { start: ms(0), end: ms(900_000) };
        assert_eq!(coverage.ms(interval, ms(900_000)), 0);
        coverage.heard(ms(100_000));
        coverage.change(false, ms(200_000));
        assert_eq!(coverage.ms(interval, ms(250_000)), 100_000);
        coverage.change(true, ms(300_000));
        assert_eq!(coverage.ms(interval, ms(900_000)), 700_000);
        assert_eq!(coverage.ms(interval, ms(800_000)), 600_000);
    }
}
