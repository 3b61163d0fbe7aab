//! The lines of a message's body: names, values and lists to pairs of JSON.
//!
//! ```text
//!  ⇥AttributeThisDN⇥'7001'              ⇥AttributeUserData⇥[50] 00 03 00 00..      AttributeANI [str] = "5550100"
//!                                       ⇥⇥'Segment'⇥'gold'
//!                                       ⇥⇥'Skills'(list)
//!                                       ⇥⇥⇥'speed'⇥3
//! ```
//!
//! In: a line without its end. Out: what it says, appended to the [`Message`]. Values keep their form (a number stays one),
//! save sequence numbers, which servers print in hexadecimal. Digits that callers typed are left out: they can be anything.

use memchr::memmem::find;
use memchr::{memchr, memchr2, memrchr};

use super::format::Format;
use super::json;
use super::message::Message;
use crate::decode::number;
use crate::model::attribute;

/// The last second of the year 9999.
const SECS_MAX: u64 = 253_402_300_799;

/// What a line of a body was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Understood.
    Taken,
    /// A message's own time, in seconds since 1970.
    Time(i64),
    /// Neither an attribute nor a pair.
    Unread,
}

/// A line of a body, taken apart.
struct Parts<'l> {
    indent: usize,
    is_pair: bool,
    key: &'l [u8],
    value: &'l [u8],
}

/// Reads a line of the body of `message`; `is_plain` promises that no key on it has to be escaped.
#[inline]
pub(super) fn read(line: &[u8], is_plain: bool, format: Format, message: &mut Message) -> Read {
    let parts = match format {
        Format::PlatformSdk => platform_sdk_parts(line),
        _ => server_parts(line),
    };
    let Some(parts) = parts else { return Read::Unread };
    if parts.is_pair { pair(&parts, is_plain, format, message) } else { own(&parts, is_plain, format, message) }
}

#[inline]
fn server_parts(line: &[u8]) -> Option<Parts<'_>> {
    // What nearly every line is.
    if let Some(key) = line.strip_prefix(b"\tAttribute")
        && let Some(end) = json::tab(key)
        && !matches!(key.get(end + 1), Some(b'\t' | b' '))
    {
        return Some(Parts { indent: 1, is_pair: false, key: &key[..end], value: &key[end + 1..] });
    }
    let indent = line.iter().position(|b| !matches!(b, b'\t' | b' '))?;
    let text = &line[indent..];
    if indent == 0 {
        return None;
    }
    if text[0] == b'\'' {
        return pair_parts(text, indent);
    }
    let key = match text.strip_prefix(b"Attribute") {
        Some(key) => key,
        None => numbered(text)?,
    };
    let end = memchr2(b'\t', b' ', key)?;
    let (key, value) = key.split_at(end);
    Some(Parts { indent, is_pair: false, key, value: skip_blanks(value) })
}

/// `'key'⇥value` or `'key'(list)`.
#[inline]
fn pair_parts(text: &[u8], indent: usize) -> Option<Parts<'_>> {
    let mut at = 1;
    loop {
        at += memchr(b'\'', &text[at..])?;
        if let Some(b'\t' | b' ' | b'(') = text.get(at + 1) {
            return Some(Parts { indent, is_pair: true, key: &text[1..at], value: skip_blanks(&text[at + 1..]) });
        }
        at += 1;
    }
}

/// `Name [type] = value` and `'key' [type] = value`.
fn platform_sdk_parts(line: &[u8]) -> Option<Parts<'_>> {
    let indent = line.iter().position(|b| !matches!(b, b'\t' | b' '))?;
    let text = &line[indent..];
    let mark = find(text, b"] = ")?;
    let (head, value) = (&text[..mark], skip_blanks(&text[mark + 4..]));
    if let Some(rest) = head.strip_prefix(b"'") {
        let end = memrchr(b'\'', rest)?;
        return Some(Parts { indent: indent + 1, is_pair: true, key: &rest[..end], value });
    }
    let key = head.strip_prefix(b"Attribute")?;
    let end = memchr(b' ', key)?;
    Some(Parts { indent, is_pair: false, key: &key[..end], value })
}

#[inline]
fn skip_blanks(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|b| !matches!(b, b'\t' | b' ')).unwrap_or(text.len());
    &text[start..]
}

/// The name behind `attr_#148`, as old readers print what they do not know, and the rest of the line.
#[cold]
fn numbered(text: &[u8]) -> Option<&[u8]> {
    // The name is looked up by the caller of `spelled`; here only the prefix goes.
    text.strip_prefix(b"attr_").filter(|rest| rest.first() == Some(&b'#'))
}

/// The name of an attribute as the feed spells it; `None` for those that must not be kept.
#[inline]
fn spelled(key: &[u8]) -> Option<&[u8]> {
    let name = match key.first() {
        Some(b'#') => by_number(&key[1..]).unwrap_or(key),
        _ => key,
    };
    if matches!(name.last(), Some(b's' | b't')) && (name.ends_with(b"Digits") || name.ends_with(b"Digit")) {
        return None;
    }
    Some(if name == b"CallUuid" { b"CallUUID" } else { name })
}

#[cold]
fn by_number(digits: &[u8]) -> Option<&'static [u8]> {
    number::decimal(digits).and_then(attribute::by_number).map(str::as_bytes)
}

/// Whether a value was hidden by the server.
#[inline]
fn is_masked(value: &[u8]) -> bool {
    matches!(value.first(), Some(b'*' | b'[')) && is_mask(value)
}

#[cold]
fn is_mask(value: &[u8]) -> bool {
    value.len() >= 3 && value.iter().all(|b| *b == b'*') || value.starts_with(b"[output suppressed")
}

/// How many pairs the preview of a packed list counts: `[50] 00 03 00 00..`; the outer `None` when it is no preview.
fn promised(value: &[u8]) -> Option<Option<u32>> {
    let rest = value.strip_prefix(b"[")?;
    let close = memchr(b']', rest)?;
    if close == 0 || !rest[..close].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let bytes = skip_blanks(&rest[close + 1..]);
    let (Some(high), Some(low)) = (bytes.get(..2), bytes.get(3..5)) else { return Some(None) };
    let byte = |text: &[u8]| number::hexadecimal(text).map(|n| n as u32);
    Some(byte(high).zip(byte(low)).map(|(high, low)| high << 8 | low))
}

#[inline]
fn own(parts: &Parts<'_>, is_plain: bool, format: Format, message: &mut Message) -> Read {
    let Some(key) = spelled(parts.key) else {
        message.end_value();
        return Read::Taken;
    };
    // Only programs can print a TAB inside a name; servers end it with one.
    let is_plain = is_plain && (format != Format::PlatformSdk || !key.contains(&b'\t'));
    let start = message.attribute(key, is_plain);
    let quote = if format == Format::PlatformSdk { b'"' } else { b'\'' };
    match parts.value.split_first() {
        Some((first, quoted)) if *first == quote => {
            if is_masked(quoted.strip_suffix(&[quote]).unwrap_or_default()) {
                message.take_back(start);
            } else {
                message.text(quoted);
            }
            Read::Taken
        }
        Some((b'[', _)) if let Some(pairs) = promised(parts.value) => {
            message.list(parts.indent, start, pairs);
            Read::Taken
        }
        _ if parts.value.starts_with(b"KVList:") => {
            message.list(parts.indent, start, None);
            Read::Taken
        }
        _ => bare(key, parts.value, format, start, message),
    }
}

/// A value without quotes, perhaps with what it means in parentheses after it.
#[inline]
fn bare(key: &[u8], value: &[u8], format: Format, start: usize, message: &mut Message) -> Read {
    let is_explained = matches!(value.last(), Some(b')' | b']' | b' '));
    let value = match if is_explained { memchr(b' ', value) } else { None } {
        Some(blank) if matches!(value.get(blank + 1), Some(b'(' | b'[') | None) => &value[..blank],
        _ => value,
    };
    if value.is_empty() || is_masked(value) {
        message.take_back(start);
        return Read::Taken;
    }
    let mut read = Read::Taken;
    let plain = match key {
        b"TimeinSecs" => {
            message.timed();
            let secs = number::decimal(value).filter(|secs| *secs <= SECS_MAX);
            read = secs.map_or(Read::Taken, |secs| Read::Time(secs as i64));
            None
        }
        b"EventSequenceNumber" if format != Format::PlatformSdk => number::hexadecimal(value),
        b"ServerStartTime" if value.len() == 16 => number::hexadecimal(value),
        _ => None,
    };
    let is_id = key.ends_with(b"ConnID");
    let json = message.json();
    match plain {
        Some(number) => json::number(json, number),
        None if !is_id && json::is_number(value) => json.extend_from_slice(value),
        None => json::string(json, value),
    }
    json.push(b',');
    read
}

#[inline]
fn pair(parts: &Parts<'_>, is_plain: bool, format: Format, message: &mut Message) -> Read {
    if !message.pair(parts.indent, parts.key, is_plain && !parts.key.contains(&b'\t')) {
        return Read::Unread;
    }
    let quote = if format == Format::PlatformSdk { b'"' } else { b'\'' };
    match parts.value.split_first() {
        Some((first, quoted)) if *first == quote => message.text(quoted),
        Some((b'(', rest)) if rest.starts_with(b"list)") => message.list(parts.indent, 0, None),
        _ if parts.value.starts_with(b"KVList:") => message.list(parts.indent, 0, None),
        _ => {
            let json = message.json();
            if json::is_number(parts.value) {
                json.extend_from_slice(parts.value);
            } else {
                json::string(json, parts.value);
            }
            json.push(b',');
        }
    }
    Read::Taken
}
