//! Instants and durations that cannot be mixed up.
//!
//! [`Micros`] is an instant (microseconds since 1970-01-01 UTC), [`Span`] a duration in microseconds. Rows hold whole
//! milliseconds, and those come from one rule: `ms(t) = floor(t / 1000)`, a duration is `ms(end) − ms(start)`. Parts cut
//! at interval edges therefore add up to the whole exactly, which rounding each part would break.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// An instant: microseconds since 1970-01-01T00:00:00 UTC, by the source's own clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(pub i64);

/// A duration in microseconds; may be negative between two instants out of order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub i64);

impl Micros {
    /// Before everything; stands for "never" where an instant is compared.
    pub const MIN: Self = Self(i64::MIN);
    /// After everything.
    pub const MAX: Self = Self(i64::MAX);

    /// The instant `secs` seconds and `micros` microseconds after the epoch; saturates at the ends of the range.
    #[must_use]
    pub const fn from_parts(secs: i64, micros: i64) -> Self {
        Self(secs.saturating_mul(1_000_000).saturating_add(micros))
    }

    /// Whole milliseconds since the epoch, rounded down also before 1970: the grid on which rows count time.
    #[must_use]
    #[inline]
    pub const fn ms(self) -> i64 {
        // Counted from the first whole millisecond there is, nothing is negative and one multiplication divides.
        const FIRST_MS: i64 = i64::MIN / 1000;
        let since = (self.0 as u64).wrapping_sub((FIRST_MS * 1000) as u64);
        // What lies before that millisecond is "never", and any value will do.
        (since / 1000) as i64 + FIRST_MS
    }

    /// The latest multiple of `step` at or before this instant; `step` must be positive.
    #[must_use]
    pub const fn floor_to(self, step: Span) -> Self {
        Self(self.0.div_euclid(step.0) * step.0)
    }

    /// `None` for [`Self::MAX`], which stands for "not yet".
    #[must_use]
    pub const fn some(self) -> Option<Self> {
        if self.0 == i64::MAX { None } else { Some(self) }
    }

    /// This instant moved by `span`, saturating at the ends of the range.
    #[must_use]
    pub const fn saturating_add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Span {
    /// `n` milliseconds.
    #[must_use]
    pub const fn from_millis(n: i64) -> Self {
        Self(n * 1000)
    }

    /// `n` seconds.
    #[must_use]
    pub const fn from_secs(n: i64) -> Self {
        Self(n * 1_000_000)
    }

    /// `n` minutes.
    #[must_use]
    pub const fn from_mins(n: i64) -> Self {
        Self::from_secs(n * 60)
    }
}

impl Sub for Micros {
    type Output = Span;

    fn sub(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Span> for Micros {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        self.saturating_add(span)
    }
}

impl Sub<Span> for Micros {
    type Output = Self;

    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl AddAssign<Span> for Micros {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

/// Milliseconds from `start` to `end` on the grid of rows: `ms(end) − ms(start)`.
#[must_use]
pub const fn ms_between(start: Micros, end: Micros) -> i64 {
    end.ms() - start.ms()
}

impl fmt::Display for Micros {
    /// RFC 3339 in UTC with milliseconds, as `2023-11-14T10:28:40.123Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.ms();
        let (days, ms_of_day) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
        let (year, month, day) = civil_from_days(days);
        let (secs, milli) = (ms_of_day / 1000, ms_of_day % 1000);
        let (hour, min, sec) = (secs / 3600, secs / 60 % 60, secs % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{min:02}:{sec:02}.{milli:03}Z")
    }
}

/// Year, month and day of the proleptic Gregorian calendar for a count of days since 1970-01-01.
#[must_use]
pub const fn civil_from_days(days: i64) -> (i64, u8, u8) {
    // Years are counted from March, so that the leap day is the last day of the year; 146 097 days make 400 years.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u8;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 } as u8;
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// A half-open stretch of time `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    /// First instant inside.
    pub start: Micros,
    /// First instant after.
    pub end: Micros,
}

impl TimeRange {
    /// Milliseconds of `[start, end)` that lie inside this range, on the grid of rows; never negative.
    #[must_use]
    pub fn overlap_ms(&self, start: Micros, end: Micros) -> i64 {
        ms_between(self.start.max(start), self.end.min(end)).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_print_as_rfc3339() {
        assert_eq!(Micros(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Micros(1_699_957_720_123_999).to_string(), "2023-11-14T10:28:40.123Z");
        assert_eq!(Micros(-1).to_string(), "1969-12-31T23:59:59.999Z");
        assert_eq!(Micros::from_parts(951_782_400, 0).to_string(), "2000-02-29T00:00:00.000Z");
    }

    #[test]
    fn parts_cut_at_any_edge_add_up_to_the_whole() {
        let (start, end) = (Micros(1_999_999), Micros(7_000_001));
        for edge in [2_000_000, 2_000_001, 5_555_555, 6_999_999] {
            let edge = Micros(edge);
            assert_eq!(ms_between(start, edge) + ms_between(edge, end), ms_between(start, end));
        }
    }
}
