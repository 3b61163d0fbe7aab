//! The tolerant decoder: any JSON object, byte by byte, into the same fields as the scanner.
//!
//! It proves the whole line to be JSON within the limits, unescapes the strings that are read, and says what is wrong
//! with a line that is refused. It refuses to know what a value means.

use super::error::DecodeError;
use super::field::{Field, Fields, Kind, Slot, field_of};
use super::ndjson::Limits;
use super::simd::WINDOW;
use crate::model::userdata::unescape_into;

/// Bytes after a text that vectors may read.
pub(super) const PADDING: usize = WINDOW;

/// The text that the fields of the last line point into, kept between lines for its memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    /// The line, the texts behind its escaped strings, and padding.
    text: String,
    key: String,
}

impl Scratch {
    /// Finds the fields of `line` and gives the text they point into, padded.
    pub(super) fn parse(&mut self, line: &str, limits: &Limits, fields: &mut Fields) -> Result<&str, DecodeError> {
        fields.clear();
        self.text.clear();
        self.text.push_str(line);
        let mut parser = Parser { line, at: 0, pairs: 0, limits };
        parser.skip_spaces();
        match parser.peek() {
            Some(b'{') => {}
            Some(b'[' | b'"' | b'-' | b'0'..=b'9') => return Err(DecodeError::NotAnObject),
            _ if matches!(line.trim_ascii(), "null" | "true" | "false") => return Err(DecodeError::NotAnObject),
            _ => return Err(parser.unexpected("{")),
        }
        let at = parser.at;
        parser.members(1, &mut |key, value| self.keep(line, key, value, fields))?;
        debug_assert!(parser.at > at);
        parser.skip_spaces();
        if parser.peek().is_some() {
            return Err(parser.unexpected("the end of the line"));
        }
        self.text.extend(std::iter::repeat_n('\0', PADDING));
        Ok(&self.text)
    }

    fn keep(&mut self, line: &str, key: Token, value: Token, fields: &mut Fields) {
        let field = if key.escaped {
            self.key.clear();
            unescape_into(key.text(line), &mut self.key);
            field_of(&self.key)
        } else {
            field_of(key.text(line))
        };
        if field == Field::Ignored {
            return;
        }
        let slot = match value.kind {
            Kind::Absent => Slot::default(),
            Kind::Text if value.escaped => {
                let start = self.text.len();
                unescape_into(value.text(line), &mut self.text);
                Slot::new(Kind::Text, start, self.text.len() - start)
            }
            kind => Slot::new(kind, value.start, value.end - value.start),
        };
        fields.set(field, slot);
    }
}

/// A value or a key, by its place on the line; strings without their quotes.
#[derive(Clone, Copy, Debug)]
struct Token {
    kind: Kind,
    start: usize,
    end: usize,
    escaped: bool,
}

impl Token {
    fn text<'l>(&self, line: &'l str) -> &'l str {
        line.get(self.start..self.end).unwrap_or("")
    }
}

struct Parser<'l> {
    line: &'l str,
    at: usize,
    pairs: u32,
    limits: &'l Limits,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.line.as_bytes().get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    /// What is wrong here, `expected` being what the grammar allows.
    fn unexpected(&self, expected: &'static str) -> DecodeError {
        let at = self.at;
        if self.peek().is_none() { DecodeError::Truncated { at } } else { DecodeError::InvalidJson { at, expected } }
    }

    fn expect(&mut self, byte: u8, name: &'static str) -> Result<(), DecodeError> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected(name));
        }
        self.at += 1;
        Ok(())
    }

    fn count(&mut self) -> Result<(), DecodeError> {
        self.pairs += 1;
        let max = self.limits.pairs_max;
        if self.pairs > max { Err(DecodeError::TooManyPairs { max }) } else { Ok(()) }
    }

    /// The object at the cursor, whose level is `depth`; `each` gets its keys and values.
    fn members(&mut self, depth: u32, each: &mut dyn FnMut(Token, Token)) -> Result<(), DecodeError> {
        self.expect(b'{', "{")?;
        self.skip_spaces();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.count()?;
            let key = self.string("a key")?;
            self.skip_spaces();
            self.expect(b':', "a colon")?;
            self.skip_spaces();
            let value = self.value(depth)?;
            each(key, value);
            self.skip_spaces();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.unexpected("a comma or }")),
            }
            self.skip_spaces();
        }
    }

    /// The array at the cursor, whose level is `depth`.
    fn elements(&mut self, depth: u32) -> Result<(), DecodeError> {
        self.expect(b'[', "[")?;
        self.skip_spaces();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.count()?;
            self.value(depth)?;
            self.skip_spaces();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.unexpected("a comma or ]")),
            }
            self.skip_spaces();
        }
    }

    /// The value at the cursor, inside a list of level `depth`.
    fn value(&mut self, depth: u32) -> Result<Token, DecodeError> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b'"') => return self.string("a string"),
            Some(b'{' | b'[') if depth >= self.limits.depth_max => {
                return Err(DecodeError::TooDeep { max: self.limits.depth_max });
            }
            Some(b'{') => {
                self.members(depth + 1, &mut |_, _| {})?;
                Kind::Object
            }
            Some(b'[') => {
                self.elements(depth + 1)?;
                Kind::Other
            }
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b'n') => self.literal("null", Kind::Absent)?,
            Some(b't') => self.literal("true", Kind::Other)?,
            Some(b'f') => self.literal("false", Kind::Other)?,
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Token { kind, start, end: self.at, escaped: false })
    }

    fn literal(&mut self, word: &'static str, kind: Kind) -> Result<Kind, DecodeError> {
        for &byte in word.as_bytes() {
            self.expect(byte, word)?;
        }
        Ok(kind)
    }

    fn digits(&mut self) -> Result<(), DecodeError> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected("a digit")) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Kind, DecodeError> {
        let mut kind = Kind::Digits;
        if self.peek() == Some(b'-') {
            self.at += 1;
            kind = Kind::Number;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
            kind = Kind::Number;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
            kind = Kind::Number;
        }
        Ok(kind)
    }

    fn string(&mut self, expected: &'static str) -> Result<Token, DecodeError> {
        self.expect(b'"', expected)?;
        let (start, mut escaped) = (self.at, false);
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.at += 1;
                    self.escape()?;
                }
                Some(0x20..) => self.at += 1,
                _ => return Err(self.unexpected("no control character in a string")),
            }
        }
        self.at += 1;
        Ok(Token { kind: Kind::Text, start, end: self.at - 1, escaped })
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<(), DecodeError> {
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|b| b.is_ascii_hexdigit()) {
                        return Err(self.unexpected("a hexadecimal digit"));
                    }
                    self.at += 1;
                }
            }
            _ => return Err(self.unexpected("an escape")),
        }
        Ok(())
    }
}
