//! Attached key-value lists (`UserData`, `Reasons`, `Extensions`), read lazily from the JSON object they arrived as.
//!
//! Most events carry lists that nobody asks about, so a list stays the raw text of its object until a key is wanted. The
//! decoder has already proven the text to be one well-formed JSON object within its limits; this module only walks it.

use std::borrow::Cow;

/// One list as the raw JSON object `{…}`, or empty when the attribute was absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KvList<'a> {
    raw: &'a str,
}

impl<'a> KvList<'a> {
    /// An absent list.
    pub const EMPTY: KvList<'static> = KvList { raw: "" };

    /// A list over the text of one well-formed JSON object; other text reads as an empty list.
    #[must_use]
    pub const fn from_json(raw: &'a str) -> Self {
        Self { raw }
    }

    /// The JSON text, empty when absent.
    #[must_use]
    pub const fn as_json(&self) -> &'a str {
        self.raw
    }

    /// Whether the attribute was absent or has no pair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty() || self.iter().next().is_none()
    }

    /// The first pair, in the order sent.
    #[must_use]
    pub fn first(&self) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
        self.iter().next()
    }

    /// The value of the first pair with this key. Numbers come as their text, nested lists as their JSON.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Cow<'a, str>> {
        if self.raw.is_empty() {
            return None;
        }
        self.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// All pairs of the top level in the order sent.
    #[must_use]
    pub fn iter(&self) -> Pairs<'a> {
        let start = self.raw.bytes().position(|b| b == b'{').map_or(self.raw.len(), |p| p + 1);
        Pairs { raw: self.raw, at: start }
    }
}

/// Iterator over the top-level pairs of a list.
#[derive(Clone, Debug)]
pub struct Pairs<'a> {
    raw: &'a str,
    at: usize,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (Cow<'a, str>, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        self.skip(|b| b.is_ascii_whitespace() || b == b',');
        let key = self.string()?;
        self.skip(|b| b.is_ascii_whitespace() || b == b':');
        let value = match self.peek()? {
            b'"' => self.string()?,
            b'{' | b'[' => Cow::Borrowed(self.nested()?),
            _ => {
                let start = self.at;
                self.skip(|b| !b.is_ascii_whitespace() && b != b',' && b != b'}');
                Cow::Borrowed(self.raw.get(start..self.at)?)
            }
        };
        Some((key, value))
    }
}

impl<'a> Pairs<'a> {
    fn peek(&self) -> Option<u8> {
        self.raw.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
    }

    /// The text of a JSON string at the cursor, unescaped when it has to be.
    fn string(&mut self) -> Option<Cow<'a, str>> {
        if self.peek()? != b'"' {
            return None;
        }
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.at += 2;
                }
                _ => self.at += 1,
            }
        }
        let text = self.raw.get(start..self.at)?;
        self.at += 1;
        Some(if escaped { Cow::Owned(unescape(text)) } else { Cow::Borrowed(text) })
    }

    /// The text of a nested object or array at the cursor.
    fn nested(&mut self) -> Option<&'a str> {
        let start = self.at;
        let mut depth = 0_u32;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return self.raw.get(start..self.at);
            }
        }
    }
}

/// The text behind the escapes of a JSON string; lone surrogates become U+FFFD.
#[must_use]
pub fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    let mut high: Option<u32> = None;
    while let Some(c) = chars.next() {
        let unit = if c == '\\' {
            match chars.next() {
                Some('u') => {
                    let hex: String = chars.by_ref().take(4).collect();
                    u32::from_str_radix(&hex, 16).unwrap_or(0xfffd)
                }
                Some('n') => 10,
                Some('t') => 9,
                Some('r') => 13,
                Some('b') => 8,
                Some('f') => 12,
                Some(other) => other as u32,
                None => break,
            }
        } else {
            c as u32
        };
        match (high.take(), unit) {
            (Some(h), 0xdc00..=0xdfff) => {
                out.push(char::from_u32(0x1_0000 + ((h - 0xd800) << 10) + (unit - 0xdc00)).unwrap_or('\u{fffd}'));
                continue;
            }
            (Some(_), _) => out.push('\u{fffd}'),
            (None, _) => {}
        }
        match unit {
            0xd800..=0xdbff => high = Some(unit),
            _ => out.push(char::from_u32(unit).unwrap_or('\u{fffd}')),
        }
    }
    if high.is_some() {
        out.push('\u{fffd}');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_in_order_with_numbers_nested_lists_and_escapes() {
        let list = KvList::from_json(r#"{"a":"x\"y","n": 12 ,"l":{"k":"}","m":[1]},"u":"\ud83d\ude00"}"#);
        let pairs: Vec<_> = list.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(pairs, ["a=x\"y", "n=12", r#"l={"k":"}","m":[1]}"#, "u=😀"]);
        assert_eq!(list.get("n").as_deref(), Some("12"));
        assert!(KvList::EMPTY.is_empty() && KvList::from_json("{ }").is_empty());
    }
}
