//! Finds the time of an event without decoding it.
//!
//! In: lines. Out: `TimeinSecs` and `TimeinuSecs` of one, and the first `Switch`. Good enough to pace a recording and to put files in order;
//! never used for a number that is reported. A key of that name inside user data can deceive it for one line.

use memchr::memchr;
use memchr::memmem::find;

use crate::model::time::Micros;

/// The time of the event on `line`; `None` if it has none that can be found.
#[must_use]
pub fn event_time(line: &[u8]) -> Option<Micros> {
    let secs = number_after(line, b"\"TimeinSecs\"")?;
    let micros = number_after(line, b"\"TimeinuSecs\"").unwrap_or(0);
    Some(Micros::from_parts(secs, micros))
}

/// The time of the first event in `lines` that has one.
#[must_use]
pub fn first_event_time(lines: &[u8]) -> Option<Micros> {
    lines.split(|byte| *byte == b'\n').find_map(event_time)
}

/// The time of the last event in `lines` that has one.
#[must_use]
pub fn last_event_time(lines: &[u8]) -> Option<Micros> {
    lines.rsplit(|byte| *byte == b'\n').find_map(event_time)
}

/// The `Switch` of the first event in `lines` that names one, as it is written.
#[must_use]
pub fn first_switch(lines: &[u8]) -> Option<&[u8]> {
    let key = b"\"Switch\"";
    let rest = &lines[find(lines, key)? + key.len()..];
    let text = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    Some(&text[..memchr(b'"', text)?])
}

/// The whole number that follows `key` and a colon.
fn number_after(line: &[u8], key: &[u8]) -> Option<i64> {
    let rest = &line[find(line, key)? + key.len()..];
    let rest = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_found_with_and_without_spaces_and_microseconds() {
        let line = br#"{"Event":"EventRinging","TimeinSecs":1699956920,"TimeinuSecs":123000,"Switch":"east"}"#;
        assert_eq!(event_time(line), Some(Micros(1_699_956_920_123_000)));
        assert_eq!(event_time(br#"{ "TimeinSecs" : 5 }"#), Some(Micros(5_000_000)));
        assert_eq!(event_time(br#"{"TimeinSecs":"soon"}"#), None);
        assert_eq!(event_time(b"garbage"), None);
        assert_eq!(first_switch(line), Some(&b"east"[..]));
        assert_eq!(first_switch(b"{\"Switch\":5}"), None);
        assert_eq!(first_event_time(b"garbage\n{\"TimeinSecs\":7}\n"), Some(Micros(7_000_000)));
        assert_eq!(last_event_time(b"{\"TimeinSecs\":7}\n{\"TimeinSecs\":8}\nstump"), Some(Micros(8_000_000)));
    }
}
