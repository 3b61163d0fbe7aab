//! The local time at the beginning of a log line, in the forms that servers print it.
//!
//! `@10:15:20.1230`, `10:15:20.123`, `2024-05-06T10:15:20.123`, `2024-05-06 10:15:20,123`, `05/06/2024 10:15:20.123`. Most
//! lines have no date. Refuses to know zones.

/// Microseconds of a day.
pub(super) const DAY: i64 = 86_400_000_000;

/// A time of day, perhaps of a known day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Days since 1970-01-01, of the local calendar.
    pub(super) day: Option<i64>,
    /// Microseconds since local midnight.
    pub(super) micros: i64,
    /// Bytes it takes on the line.
    pub(super) len: usize,
}

/// The stamp that `line` begins with. A time that ends a text (`10:15:20)`) is none.
#[inline]
pub(super) fn parse(line: &[u8]) -> Option<Stamp> {
    let stamp = read(line)?;
    if matches!(line.get(stamp.len), Some(b')' | b'\'' | b'"')) { None } else { Some(stamp) }
}

#[inline]
fn read(line: &[u8]) -> Option<Stamp> {
    let at = usize::from(line.first() == Some(&b'@'));
    let text = &line[at..];
    if !text.first()?.is_ascii_digit() {
        return None;
    }
    if text.get(2) == Some(&b':') {
        let (micros, len) = time(text)?;
        return Some(Stamp { day: None, micros, len: at + len });
    }
    let (day, len) = date(text)?;
    if !matches!(text.get(len), Some(b'T' | b' ')) {
        return None;
    }
    let (micros, more) = time(text.get(len + 1..)?)?;
    Some(Stamp { day: Some(day), micros, len: at + len + 1 + more })
}

/// The number of `count` digits at `at`.
#[inline(always)]
fn digits(text: &[u8], at: usize, count: usize) -> Option<i64> {
    text.get(at..at + count)?.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

/// `HH:MM:SS` with a fraction of any length.
#[inline(always)]
fn time(text: &[u8]) -> Option<(i64, usize)> {
    let (hour, min, sec) = (digits(text, 0, 2)?, digits(text, 3, 2)?, digits(text, 6, 2)?);
    if text[2] != b':' || text[5] != b':' || hour > 23 || min > 59 || sec > 60 {
        return None;
    }
    let (mut micros, mut len) = ((hour * 60 + min) * 60 + sec, 8);
    micros *= 1_000_000;
    if let Some(b'.' | b',') = text.get(8) {
        let mut unit = 100_000;
        len = 9;
        while let Some(digit) = text.get(len).filter(|b| b.is_ascii_digit()) {
            micros += i64::from(digit - b'0') * unit;
            unit /= 10;
            len += 1;
        }
    }
    Some((micros, len))
}

/// A date in one of two orders, with `-` or `/`.
fn date(text: &[u8]) -> Option<(i64, usize)> {
    let is_mark = |at: usize| matches!(text.get(at), Some(b'-' | b'/'));
    let (year, month, day) = if is_mark(4) && is_mark(7) {
        (digits(text, 0, 4)?, digits(text, 5, 2)?, digits(text, 8, 2)?)
    } else if is_mark(2) && is_mark(5) {
        (digits(text, 6, 4)?, digits(text, 0, 2)?, digits(text, 3, 2)?)
    } else {
        return None;
    };
    let is_real = (1..=12).contains(&month) && (1..=31).contains(&day) && year >= 1970;
    is_real.then(|| (days_from_civil(year, month, day), 10))
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years are counted from March, so that the leap day is the last day of the year.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Micros;

    fn show(text: &str) -> Option<String> {
        let stamp = parse(text.as_bytes())?;
        let at = Micros(stamp.day.unwrap_or(0) * DAY + stamp.micros).to_string();
        Some(format!("{} {}", if stamp.day.is_some() { &at[..] } else { &at[11..] }, &text[stamp.len..]))
    }

    #[test]
    fn all_forms_are_read() {
        assert_eq!(show("@10:15:20.1230 [0]").as_deref(), Some("10:15:20.123Z  [0]"));
        assert_eq!(show("23:59:59 x").as_deref(), Some("23:59:59.000Z  x"));
        assert_eq!(show("2024-05-06T10:15:20.123 x").as_deref(), Some("2024-05-06T10:15:20.123Z  x"));
        assert_eq!(show("2024/02/29 10:15:20,123 DEBUG").as_deref(), Some("2024-02-29T10:15:20.123Z  DEBUG"));
        assert_eq!(show("12/31/1999T23:59:59.9999999").as_deref(), Some("1999-12-31T23:59:59.999Z "));
        for none in [
            "",
            "@",
            "10:15",
            "24:00:00",
            "2024-13-01 10:15:20",
            "2024-05-06x10:15:20",
            "5550100",
            "\t10:15:20",
            "10:15:20)",
        ] {
            assert_eq!(show(none), None, "{none}");
        }
    }
}
