//! What time a log line was written at, in UTC.
//!
//! Lines carry the local time of day. The day comes from the file's header, rolls over at midnight, and is corrected by
//! every message that carries its own time; so is the distance to UTC. Only a message without a time of its own is ever
//! dated by this. An hour that the end of summer time repeats is told apart by order: a log does not run backwards.

use std::sync::Arc;

use super::header::Header;
use super::stamp::{DAY, Stamp};

/// A clock that goes back further than this has passed midnight.
const BACK_MAX: i64 = 2 * HOUR;
const HOUR: i64 = 3_600_000_000;
/// How far a line's stamp and the time of its message may be apart for the one to explain the other.
const APART_MAX: i64 = 300_000_000;

/// The offsets of a time zone, so that nobody here has to know its rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone(Vec<(i64, i32)>);

impl Zone {
    /// A zone that from each instant (seconds since 1970) on is so many seconds ahead of UTC.
    #[must_use]
    pub fn new(mut offsets: Vec<(i64, i32)>) -> Self {
        offsets.sort_unstable();
        Self(offsets)
    }

    fn offset_at(&self, utc_secs: i64) -> i64 {
        let after = self.0.partition_point(|(from, _)| *from <= utc_secs);
        self.0.get(after.saturating_sub(1)).map_or(0, |(_, offset)| i64::from(*offset))
    }

    /// The instant at which the zone's clocks show `local`: of two, the first that is not before `earliest`.
    fn instant(&self, local: i64, earliest: i64) -> i64 {
        let guess = |offset: i64| local - offset * 1_000_000;
        let at = |instant: i64| self.offset_at(instant.div_euclid(1_000_000));
        let around = [at(guess(at(local)) - DAY), at(guess(at(local)) + DAY)];
        let [before, after] = around.map(guess);
        match (at(before) == around[0], at(after) == around[1]) {
            (true, true) if before < earliest => after,
            (false, true) => after,
            // Clocks that were set forward never show some times; what says one was not set yet.
            _ => before,
        }
    }
}

/// The clock of one log.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    zone: Option<Arc<Zone>>,
    /// Seconds ahead of UTC, when no zone is given.
    offset: Option<i64>,
    day: Option<i64>,
    /// Of the last stamp.
    micros: i64,
    /// The last stamp's instant.
    now: Option<i64>,
}

impl Clock {
    pub(super) fn new(zone: Option<Arc<Zone>>) -> Self {
        Self { zone, ..Self::default() }
    }

    /// The instant of the last stamp, in microseconds since 1970; `None` while day or zone are not known.
    pub(super) fn now(&self) -> Option<i64> {
        self.now
    }

    /// Takes the date and the offset from the header of a file.
    pub(super) fn header(&mut self, header: &Header) {
        if let Some(local) = header.local {
            (self.day, self.micros) = (Some(local.div_euclid(DAY)), local.rem_euclid(DAY));
        }
        self.offset = header.offset_secs().or(self.offset);
        self.now = header.utc.or(self.now);
    }

    /// Moves on to the stamp of the next line.
    #[inline]
    pub(super) fn stamp(&mut self, stamp: Stamp) {
        let step = stamp.micros - self.micros;
        self.micros = stamp.micros;
        if stamp.day.is_some() {
            self.day = stamp.day;
        } else if step < -BACK_MAX {
            self.day = self.day.map(|day| day + 1);
        } else if step > DAY - BACK_MAX {
            self.day = self.day.map(|day| day - 1);
        }
        let Some(day) = self.day else { return };
        let local = day * DAY + stamp.micros;
        let earliest = self.now.map_or(i64::MIN, |now| now - APART_MAX);
        self.now = match (&self.zone, self.offset) {
            (Some(zone), _) => Some(zone.instant(local, earliest)),
            (None, Some(offset)) => {
                let now = local - offset * 1_000_000;
                if (-3 * HOUR / 2..-HOUR / 2).contains(&(now - self.now.unwrap_or(now))) {
                    // Set back by an hour: summer time has ended.
                    self.offset = Some(offset - 3600);
                    Some(now + HOUR)
                } else {
                    Some(now)
                }
            }
            (None, None) => None,
        };
    }

    /// Learns from a message that carries its own time, in seconds, behind the last stamp. Returns how many microseconds
    /// the stamp is ahead of it, whole quarters of an hour left out.
    #[inline]
    pub(super) fn learn(&mut self, secs: i64) -> i64 {
        let own = secs * 1_000_000;
        if let Some(now) = self.now
            && (now - own).abs() <= APART_MAX
        {
            return now - own;
        }
        self.relearn(own)
    }

    #[cold]
    fn relearn(&mut self, own: i64) -> i64 {
        const QUARTER: i64 = HOUR / 4;
        let apart = match self.day {
            Some(day) => day * DAY + self.micros - own,
            None => self.micros - own.rem_euclid(DAY),
        };
        let quarters = (apart + QUARTER / 2).div_euclid(QUARTER);
        let rest = apart - quarters * QUARTER;
        if rest.abs() > APART_MAX {
            return rest;
        }
        // Clocks are between 12 hours behind and 14 hours ahead; whole days beyond that are a wrong date.
        let offset = (quarters * QUARTER + DAY / 2).rem_euclid(DAY) - DAY / 2;
        let local = match &self.zone {
            Some(zone) => own + zone.offset_at(own.div_euclid(1_000_000)) * 1_000_000,
            None => {
                self.offset = Some(offset / 1_000_000);
                own + offset
            }
        };
        self.day = Some((local + rest).div_euclid(DAY));
        self.now = Some(own + rest);
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::super::stamp;
    use super::*;
    use crate::model::time::Micros;

    fn at(clock: &mut Clock, text: &str) -> String {
        clock.stamp(stamp::parse(text.as_bytes()).expect("a stamp"));
        clock.now().map_or("unknown".into(), |now| Micros(now).to_string()[5..16].into())
    }

    fn headed(utc: &str, local: &str) -> Clock {
        let mut header = Header::default();
        header.take(format!("UTC time: {utc}").as_bytes());
        header.take(format!("Local time: {local}").as_bytes());
        let mut clock = Clock::default();
        clock.header(&header);
        clock
    }

    #[test]
    fn days_roll_over_at_midnight_and_a_late_line_stays_in_its_day() {
        let mut clock = headed("2024-02-28T22:50:00.000", "2024-02-28T23:50:00.000");
        assert_eq!(at(&mut clock, "23:59:59.9"), "02-28T22:59");
        assert_eq!(at(&mut clock, "00:00:01"), "02-28T23:00");
        assert_eq!(at(&mut clock, "23:59:58"), "02-28T22:59");
        assert_eq!(at(&mut clock, "08:00:00"), "02-29T07:00");
        assert_eq!(at(&mut clock, "18:00:00"), "02-29T17:00");
        assert_eq!(at(&mut clock, "07:00:00"), "03-01T06:00");
        assert_eq!(at(&mut clock, "2024-03-05T07:00:00"), "03-05T06:00");
    }

    #[test]
    fn the_hour_that_autumn_repeats_is_told_apart_by_order() {
        // Central Europe: from 02:00 UTC on 2023-10-29 one hour ahead instead of two; 01:00 UTC is 03:00 and becomes 02:00.
        let zone = Zone::new(vec![(1_679_792_400, 7200), (1_698_541_200, 3600), (1_711_846_800, 7200)]);
        let mut clocks =
            [headed("2023-10-29T00:00:00.000", "2023-10-29T02:00:00.000"), Clock::new(Some(Arc::new(zone)))];
        clocks[1].header(&Header { local: Some(1_698_544_800_000_000), ..Header::default() });
        for clock in &mut clocks {
            let seen = ["02:10:00", "02:59:59", "02:00:01", "02:30:00", "03:00:00"].map(|text| at(clock, text));
            assert_eq!(seen, ["10-29T00:10", "10-29T00:59", "10-29T01:00", "10-29T01:30", "10-29T02:00"]);
        }
        let spring =
            ["2024-03-31T01:59:59", "2024-03-31T03:00:00", "2024-03-31T02:30:00"].map(|text| at(&mut clocks[1], text));
        assert_eq!(spring, ["03-31T00:59", "03-31T01:00", "03-31T01:30"]);
    }

    #[test]
    fn the_time_of_a_message_teaches_date_and_offset() {
        let mut clock = Clock::default();
        assert_eq!(at(&mut clock, "01:59:59"), "unknown");
        assert_eq!(clock.learn(1_711_846_798), 1_000_000, "an hour ahead, and a second late");
        assert_eq!(at(&mut clock, "03:00:01"), "03-31T02:00", "nobody has said yet that the clocks were set");
        assert_eq!(clock.learn(1_711_846_801), 0);
        assert_eq!(at(&mut clock, "03:00:02"), "03-31T01:00");
        assert_eq!(clock.learn(1_711_846_801 + 86_400), 1_000_000, "a day of silence");
        assert_eq!(at(&mut clock, "03:00:03"), "04-01T01:00");
        assert_eq!(clock.learn(1_711_846_803 + 86_400 + 400), -400_000_000, "a clock that is wrong teaches nothing");
        assert_eq!(at(&mut clock, "03:00:04"), "04-01T01:00");
    }
}
