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
            self.at += memchr::memchr2(b'"', b'\\', self.raw.as_bytes().get(self.at..)?)?;
            if self.peek()? == b'"' {
                break;
            }
            escaped = true;
            self.at += 2;
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
    unescape_into(text, &mut out);
    out
}

/// Appends the text behind the escapes of a JSON string to `out`, never more bytes than `text` has.
pub fn unescape_into(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let mut chars = rest[at + 1..].chars();
        match chars.next() {
            Some('u') => {
                let (code, after) = code_point(chars.as_str());
                out.push(code);
                rest = after;
                continue;
            }
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some(other) => out.push(other),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

/// Appends `text` as a JSON string, quotes and escapes included.
pub fn quote_into(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\0'..='\x1f' => {
                out.push_str("\\u00");
                out.push(if c < '\x10' { '0' } else { '1' });
                out.extend(char::from_digit(c as u32 & 15, 16));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

/// The character behind the digits of one escape, or of a pair of them, and the text after it.
fn code_point(text: &str) -> (char, &str) {
    let (unit, after) = code_unit(text);
    if let (0xd800..=0xdbff, Some(second)) = (unit, after.strip_prefix("\\u"))
        && let (low @ 0xdc00..=0xdfff, after) = code_unit(second)
    {
        let code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), after);
    }
    (char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER), after)
}

/// The number behind four hexadecimal digits, and the text after them; U+FFFD and the same text when they are not four.
fn code_unit(text: &str) -> (u32, &str) {
    match text.split_at_checked(4) {
        Some((digits, after)) if digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
            (u32::from_str_radix(digits, 16).unwrap_or(0xfffd), after)
        }
        _ => (0xfffd, text),
    }
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

    #[test]
    fn escapes_read_as_json_means_them_and_halves_of_pairs_as_replacement() {
        assert_eq!(unescape(r#"a\\\/\"\n\t\r\b\f\u00fc\ud83d\ude00"#), "a\\/\"\n\t\r\u{8}\u{c}ü😀");
        assert_eq!(unescape(r"\ud83d-\ude00\ud83dA\ud83d\u0041"), "\u{fffd}-\u{fffd}\u{fffd}A\u{fffd}A");
        assert_eq!((unescape(r"\u12"), unescape("\\")), ("\u{fffd}12".into(), String::new()));
    }

    #[test]
    fn any_text_survives_being_quoted() {
        let all: String = (0..0x300).filter_map(char::from_u32).chain(['"', '\\', '\u{1F600}']).collect();
        let mut quoted = String::new();
        quote_into(&all, &mut quoted);
        assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), all);
        assert_eq!(unescape(&quoted[1..quoted.len() - 1]), all);
    }
}
