//! How many calls waited in a queue, minute by minute over the last hour, for the small curve on its tile. Pure.
//!
//! In: the number waiting, each time it is seen, with the event time of the picture. Out: the highest number of each
//! minute. What was never seen to change is carried on. Bounded by [`MINUTES`].

use std::collections::VecDeque;

/// How far back the curve reaches.
pub(super) const MINUTES: usize = 60;

/// Peaks by minute of event time, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Spark {
    peaks: VecDeque<u32>,
    /// Minute of the last peak, counted from the epoch.
    minute: i64,
    /// Calls waiting when looked at last.
    waiting: u32,
}

impl Spark {
    /// Notes that `waiting` calls were seen in `minute`; an earlier minute than the last one counts as the last.
    pub fn note(&mut self, minute: i64, waiting: u32) {
        if self.peaks.is_empty() {
            self.minute = minute;
            self.peaks.push_back(waiting);
        }
        self.carry_on(minute);
        self.waiting = waiting;
        if let Some(peak) = self.peaks.back_mut() {
            *peak = (*peak).max(waiting);
        }
    }

    fn carry_on(&mut self, minute: i64) {
        let missed = usize::try_from(minute - self.minute).unwrap_or(0);
        for _ in 0..missed.min(MINUTES) {
            self.peaks.push_back(self.waiting);
        }
        while self.peaks.len() > MINUTES {
            self.peaks.pop_front();
        }
        self.minute = self.minute.max(minute);
    }

    /// Peaks up to and with `minute`, oldest first; empty before the first look.
    pub fn until(&self, minute: i64) -> VecDeque<u32> {
        if self.peaks.is_empty() {
            return VecDeque::new();
        }
        let mut carried = self.clone();
        carried.carry_on(minute);
        carried.peaks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_minute_has_its_peak_and_quiet_minutes_carry_the_last_number() {
        let mut spark = Spark::default();
        assert!(spark.until(5).is_empty());
        for (minute, waiting) in [(10, 2), (10, 5), (10, 3), (13, 1), (12, 4)] {
            spark.note(minute, waiting);
        }
        assert_eq!(spark.until(13), [5, 3, 3, 4]);
        assert_eq!(spark.until(15), [5, 3, 3, 4, 4, 4]);
    }

    #[test]
    fn an_hour_is_kept_however_long_the_silence() {
        let mut spark = Spark::default();
        spark.note(0, 9);
        spark.note(1, 2);
        spark.note(1_000_000, 7);
        let peaks = spark.until(1_000_001);
        assert_eq!(peaks.len(), MINUTES);
        assert_eq!((peaks[0], peaks[MINUTES - 2], peaks[MINUTES - 1]), (2, 7, 7));
    }
}
