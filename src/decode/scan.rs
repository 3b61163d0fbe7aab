//! The fast decoder: one pass over a plain line, every key guessed before it is read.
//!
//! A guess is proven by one vector compare from the key's first quote to the first byte of its value; a wrong one costs a
//! look-up by the key's own text and is corrected. The end of a value is found with one vector more, so that nothing but
//! a line's keys and values is looked at, and nothing twice. Its length is guessed, too: the next key is looked at there
//! while this value is still being looked at. The scanner accepts one object of strings, digits, `null`
//! and flat lists, compact or with a single space after colons and commas. It never refuses a line: what it does not
//! accept is left to the tolerant decoder.

use super::field::{EVENT, Field, Fields, Kind, STRANGER, Slot, Spelling, known_key, number_of, spelling};
use super::guess::{Guess, Guesses, ROW, Shape, Way};
use super::simd::{Kernel, Lanes, Padded, WINDOW, first};

/// The bytes from the first of a key or value on.
type Value = [u8; WINDOW / 2];

/// A line to be scanned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain<'t> {
    /// The line from its first byte, its newline and at least a window more.
    pub(super) text: Padded<'t>,
    /// Most pairs over all levels.
    pub(super) pairs_max: u32,
}

/// A key that was read instead of guessed.
struct Key<'t> {
    /// Which it is, of the known ones.
    number: u8,
    space_before: bool,
    space_after: bool,
    /// Where its value begins, and the bytes from there on.
    start: usize,
    value: &'t Value,
}

impl Key<'_> {
    #[inline(always)]
    fn shape(&self) -> Shape {
        match self.value[0] {
            b'"' if self.number == EVENT => Shape::Event,
            b'"' => Shape::Text,
            _ => Shape::Unquoted,
        }
    }

    /// What is known of it; `guess` has been wrong once more.
    #[inline(always)]
    fn learn(&self, guess: &mut Guess) -> &'static Spelling {
        if guess.is_wrong_again() {
            *guess = Guess::new(number_of(self.number, self.space_before, self.space_after), self.shape());
        }
        spelling(self.number)
    }
}

/// The place after a value, and the byte there.
type After = (usize, u8);

/// The start of `bytes`, as one vector.
#[inline(always)]
fn vector(bytes: &Value) -> &[u8; 32] {
    bytes.first_chunk().unwrap_or(&[0; 32])
}

impl<'t> Plain<'t> {
    /// The bytes from `at` on.
    #[inline(always)]
    fn value(&self, at: usize) -> Option<&'t Value> {
        Some(first(self.text.window(at)?, 0))
    }

    #[inline(always)]
    fn byte(&self, at: usize) -> Option<u8> {
        Some(self.text.window(at)?[0])
    }

    /// The bytes after the space that is at `at`; none when something else is.
    #[cold]
    fn spaced(&self, at: usize) -> Option<&'t [u8; WINDOW]> {
        if self.byte(at)? == b' ' { self.text.window(at + 1) } else { None }
    }

    /// Where the string that goes on at `at` has its closing quote; `None` when something odd comes first.
    #[inline(always)]
    fn closing<L: Lanes>(&self, lanes: L, mut at: usize) -> Option<usize> {
        loop {
            let value = self.value(at)?;
            let plain = lanes.plain(vector(value));
            at += plain;
            if value[plain] == b'"' {
                return Some(at);
            }
            if plain < 32 {
                return None;
            }
        }
    }

    /// The string that begins at `start`, after its quote, `value` being the bytes from there on.
    #[inline(always)]
    fn string<L: Lanes>(&self, lanes: L, value: &Value, start: usize) -> Option<(Slot, After)> {
        let plain = lanes.plain(vector(value));
        if value[plain] == b'"' {
            return Some((Slot::new(Kind::Text, start, plain), (start + plain + 1, value[plain + 1])));
        }
        let close = self.closing(lanes, start + plain)?;
        Some((Slot::new(Kind::Text, start, close - start), (close + 1, self.byte(close + 1)?)))
    }

    /// The place after the number of plain digits at `start`, `value` being the bytes from there on; `None` for one
    /// that JSON does not allow.
    #[inline(always)]
    fn digits<L: Lanes>(&self, lanes: L, value: &Value, start: usize) -> Option<After> {
        let count = lanes.digits(vector(value));
        let leading_zero = count > 1 && value[0] == b'0';
        if leading_zero || count == 0 || count == 32 { None } else { Some((start + count, value[count])) }
    }

    /// Reads the key at `at`, which may have a space before it, up to the first byte of its value.
    #[inline(always)]
    fn key<L: Lanes>(&self, lanes: L, at: usize) -> Option<Key<'t>> {
        let (mut open, mut window) = (at, self.text.window(at)?);
        if window[0] != b'"' {
            (open, window) = (at + 1, self.spaced(at).filter(|window| window[0] == b'"')?);
        }
        let len = lanes.plain(vector(first(window, 1)));
        let space_before = open != at;
        if window[len + 1] != b'"' {
            return self.long_key(lanes, open, space_before);
        }
        if window[len + 2] != b':' {
            return None;
        }
        let number = known_key(lanes, window, len);
        let (mut start, mut value) = (open + len + 3, first(window, len + 3));
        let space_after = value[0] == b' ';
        if space_after {
            (start, value) = (start + 1, first(self.spaced(start)?, 0));
        }
        Some(Key { number, space_before, space_after, start, value })
    }

    /// Reads the key at `open`, which is longer than any that is known.
    #[inline(always)]
    fn long_key<L: Lanes>(&self, lanes: L, open: usize, space_before: bool) -> Option<Key<'t>> {
        let close = self.closing(lanes, open + 1)?;
        let [b':', then, ..] = *self.value(close + 1)? else { return None };
        let space_after = then == b' ';
        let start = close + 2 + usize::from(space_after);
        Some(Key { number: STRANGER, space_before, space_after, start, value: self.value(start)? })
    }

    /// Steps over the flat list whose brace is at `at`; gives the place after it.
    #[inline(always)]
    fn list<L: Lanes>(&self, lanes: L, at: usize, pairs: &mut u32) -> Option<usize> {
        let mut at = at + 1;
        if self.byte(at)? == b'}' {
            return Some(at + 1);
        }
        loop {
            *pairs += 1;
            let Key { start, value, .. } = self.key(lanes, at)?;
            let next;
            (at, next) = match value[0] {
                b'"' => self.string(lanes, self.value(start + 1)?, start + 1)?.1,
                _ => self.digits(lanes, value, start)?,
            };
            match next {
                b',' => at += 1,
                b'}' => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// Reads a string or a number that begins at `start`, both short, and has a comma after it; nothing else.
    ///
    /// Without a branch on which it is: where keys come in any order nobody could predict that.
    #[inline(always)]
    fn common<L: Lanes>(&self, lanes: L, value: &Value, start: usize) -> Option<(Slot, usize)> {
        let quoted = usize::from(value[0] == b'"');
        let rest: &[u8; 33] = value[quoted..].first_chunk()?;
        let (plain, digits) = (lanes.plain(rest.first_chunk()?), lanes.digits(rest.first_chunk()?));
        let is_text = quoted.wrapping_neg();
        let len = plain & is_text | digits & !is_text;
        // A string has its closing quote, a number a digit and no zero before others.
        let text = (value[quoted + len] == b'"') & (quoted == 1);
        let number = (len != 0) & (quoted == 0) & ((len == 1) | (value[0] != b'0'));
        let comma = value[len + 2 * quoted] == b',';
        let kind = if quoted == 1 { Kind::Text } else { Kind::Digits };
        if (text | number) & comma {
            Some((Slot::new(kind, start + quoted, len), start + len + 2 * quoted + 1))
        } else {
            None
        }
    }

    /// Reads a value at `start` that was not guessed to be a string: it may be one, or have a space before it.
    #[inline(always)]
    fn unquoted<L: Lanes>(
        &self,
        lanes: L,
        mut value: &'t Value,
        mut start: usize,
        pairs: &mut u32,
    ) -> Option<(Slot, After)> {
        if value[0] == b' ' {
            (start, value) = (start + 1, first(self.spaced(start)?, 0));
        }
        let (kind, after) = match value[0] {
            b'{' => {
                let after = self.list(lanes, start, pairs)?;
                (Kind::Object, (after, self.byte(after)?))
            }
            b'"' => return self.string(lanes, self.value(start + 1)?, start + 1),
            b'n' if value.starts_with(b"null") => (Kind::Absent, (start + 4, value[4])),
            _ => (Kind::Digits, self.digits(lanes, value, start)?),
        };
        Some((Slot::new(kind, start, after.0 - start), after))
    }

    /// Finds the fields of the line and its newline; `None` when it is not of the common shape or too near to the end
    /// of the text, `fields` then being of no use.
    #[inline(always)]
    fn scan<L: Lanes>(&self, lanes: L, guesses: &mut Guesses, fields: &mut Fields) -> Option<usize> {
        fields.clear();
        if self.byte(0)? != b'{' {
            return None;
        }
        let (mut at, mut way, mut key, mut pairs) = (1, Way::default(), 0_usize, 0_u32);
        let mut row = guesses.row(way);
        loop {
            let mut window = self.text.window(at)?;
            let mut guess = row[key % ROW];
            if lanes.differing(vector(first(window, 0)), &guess.known.text) & guess.mask != 0 {
                let read = self.key(lanes, at)?;
                let known = read.learn(&mut row[key % ROW]);
                if guess.known.salt != known.salt {
                    way.depart(known.salt);
                    row = guesses.row(way);
                }
                (at, window) = (read.start, self.text.window(read.start)?);
                if known.field != Field::Event
                    && let Some((slot, next)) = self.common(lanes, read.value, at)
                {
                    fields.set(known.field, slot);
                    (at, key) = (next, key + 1);
                    continue;
                }
                guess = Guess::read(read.number, read.shape());
            }
            let (start, value) = (at + usize::from(guess.skip), first(window, guess.skip.into()));
            let len = usize::from(guess.len);
            if guess.shape == Shape::Text {
                let plain = lanes.plain(vector(value));
                if plain == len && [value[plain], value[plain + 1]] == *b"\"," {
                    fields.set(guess.known.field, Slot::new(Kind::Text, start, len));
                    (at, key) = (start + len + 2, key + 1);
                    continue;
                }
                row[key % ROW].len = plain as u8;
            } else if guess.shape == Shape::Event {
                // Different messages carry different keys: four letters after "Event" tell which it is.
                way.is_of([value[5], value[6], value[7], value[8]]);
                row = guesses.row(way);
            } else if let Some((after, b',')) = self.digits(lanes, value, start) {
                if after == start + len {
                    fields.set(guess.known.field, Slot::new(Kind::Digits, start, len));
                    (at, key) = (start + len + 1, key + 1);
                    continue;
                }
                row[key % ROW].len = (after - start) as u8;
            }
            key += 1;
            let (slot, (after, next)) = match guess.shape {
                Shape::Unquoted => self.unquoted(lanes, value, start, &mut pairs)?,
                Shape::Text | Shape::Event => self.string(lanes, value, start)?,
            };
            fields.set(guess.known.field, slot);
            match next {
                b',' => at = after + 1,
                b'}' if pairs as usize + key <= self.pairs_max as usize => return self.newline(after + 1),
                _ => return None,
            }
        }
    }

    /// The place of the newline at `end`, which may have a carriage return before it.
    #[inline(always)]
    fn newline(&self, end: usize) -> Option<usize> {
        match *self.text.window(end)? {
            [b'\n', ..] => Some(end),
            [b'\r', b'\n', ..] => Some(end + 1),
            _ => None,
        }
    }
}

/// The work of [`Plain::scan`].
pub(super) struct Scan<'a, 't> {
    pub(super) plain: Plain<'t>,
    pub(super) guesses: &'a mut Guesses,
    pub(super) fields: &'a mut Fields,
}

impl Kernel for Scan<'_, '_> {
    type Output = Option<usize>;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> Option<usize> {
        self.plain.scan(lanes, self.guesses, self.fields)
    }
}
