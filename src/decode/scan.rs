//! The fast decoder: one pass over a plain line, every key guessed before it is read.
//!
//! Servers write their attributes in few orders, so the keys seen so far on a line nearly always tell the next. The
//! guess is one table look-up by a hash of those keys and one vector compare; a wrong one costs a look-up by the key's
//! own text and is corrected. The scanner accepts one object of strings, digits, `null` and flat lists, compact or with
//! a single space after colons and commas. It never refuses a line: what it does not accept is left to the tolerant
//! decoder.

use super::field::{Field, Fields, Kind, STRANGER, Slot, candidate, home, spelling};
use super::simd::{Lanes, Quotes};

/// Guesses kept: rows of [`ROW`] keys.
const GUESSES: usize = 4096;
/// Keys of a row; the guesses of longer lines share places.
const ROW: u32 = 32;
/// How often a guess may be wrong before it is replaced.
const PATIENCE: u8 = 15;

/// Which key comes next, as an index of the known spellings.
///
/// A row of guesses belongs to a message, and holds its keys in the order first seen. Where a line departs from its
/// row, another row takes over, named by the departure. As long as the guesses hold, the place of the next one depends
/// on nothing but the number of the key, so that the processor need not wait for one key to guess the next.
#[derive(Clone, Debug)]
pub(super) struct Guesses(Box<[Guess; GUESSES]>);

#[derive(Clone, Copy, Debug, Default)]
struct Guess {
    index: u8,
    patience: u8,
}

impl Guesses {
    pub(super) fn new() -> Self {
        Self(Box::new([Guess::default(); GUESSES]))
    }

    #[inline(always)]
    fn at(&mut self, row: u32, key: u32) -> &mut Guess {
        &mut self.0[(row & !(ROW - 1) | (key % ROW)) as usize % GUESSES]
    }
}

impl Guess {
    /// Learns that the key was another.
    #[inline(always)]
    fn correct(&mut self, index: u8) {
        if self.patience == 0 {
            *self = Self { index, patience: PATIENCE };
        } else {
            self.patience -= 1;
        }
    }
}

/// A line to be scanned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain<'t> {
    /// The line from its first byte, its end, and at least 64 bytes more.
    pub(super) padded: &'t [u8],
    /// Where it ends in `padded`.
    pub(super) end: usize,
    /// Where its quotes stand, in pairs.
    pub(super) quotes: &'t Quotes,
    /// Most pairs over all levels.
    pub(super) pairs_max: u32,
}

impl Plain<'_> {
    #[inline(always)]
    fn byte(&self, at: usize) -> Option<u8> {
        self.padded.get(at).copied()
    }

    #[inline(always)]
    fn block(&self, at: usize) -> Option<&[u8; 32]> {
        self.padded.get(at..)?.first_chunk()
    }

    /// The place after an optional space at `at`.
    #[inline(always)]
    fn spaced(&self, at: usize) -> Option<usize> {
        Some(if self.byte(at)? == b' ' { at + 1 } else { at })
    }

    /// The end of the number of plain digits at `at`; `None` for one that JSON does not allow.
    #[inline(always)]
    fn digits<L: Lanes>(&self, lanes: L, at: usize) -> Option<usize> {
        let count = (!lanes.digits(self.block(at)?)).trailing_zeros() as usize;
        let leading_zero = count > 1 && self.byte(at)? == b'0';
        if leading_zero || count == 0 || count == 32 { None } else { Some(at + count) }
    }

    /// The index of the key between the quotes at `open` and `close`, looked up by its text.
    #[inline(always)]
    fn key<L: Lanes>(&self, lanes: L, open: usize, close: usize) -> Option<u8> {
        if self.byte(open)? != b'"' || self.byte(close + 1)? != b':' {
            return None;
        }
        let block = self.block(open)?;
        let mut home = home(self.padded, open, close - open - 1);
        loop {
            let index = candidate(home);
            let known = spelling(index);
            if index == STRANGER || !lanes.equal(block, &known.text) & known.mask == 0 {
                return Some(index);
            }
            home += 1;
        }
    }

    /// Steps over the flat list whose brace is at `at`, `quote` being the number of its first quote; gives the place
    /// after it and the number of the next quote.
    #[inline(always)]
    fn list<L: Lanes>(&self, lanes: L, at: usize, mut quote: usize, pairs: &mut u32) -> Option<(usize, usize)> {
        let mut at = at + 1;
        if self.byte(at)? == b'}' {
            return Some((at + 1, quote));
        }
        loop {
            *pairs += 1;
            let [open, close, _, value_close] = self.quotes.four(quote)?;
            if open != at || self.byte(close + 1)? != b':' {
                return None;
            }
            at = self.spaced(close + 2)?;
            (at, quote) = match self.byte(at)? {
                b'"' => (value_close + 1, quote + 4),
                _ => (self.digits(lanes, at)?, quote + 2),
            };
            match self.byte(at)? {
                b',' => at = self.spaced(at + 1)?,
                b'}' => return Some((at + 1, quote)),
                _ => return None,
            }
        }
    }

    /// Steps over a value at `start` that is no string, `quote` being the number of the next quote: its kind, the place
    /// after it and the number of the quote after it.
    #[inline(always)]
    fn unquoted<L: Lanes>(
        &self,
        lanes: L,
        start: usize,
        quote: usize,
        pairs: &mut u32,
    ) -> Option<(Kind, usize, usize)> {
        match self.byte(start)? {
            b'0'..=b'9' => Some((Kind::Digits, self.digits(lanes, start)?, quote)),
            b'{' => {
                let (after, quote) = self.list(lanes, start, quote, pairs)?;
                Some((Kind::Object, after, quote))
            }
            b'n' if self.padded.get(start..start + 4)? == b"null" => Some((Kind::Absent, start + 4, quote)),
            _ => None,
        }
    }

    /// Finds the fields of the line; `None` when it is not of the common shape, `fields` then being of no use.
    ///
    /// Quotes are taken by number, two for a key, two for a string: where the next key begins is known before this
    /// one has been looked at, so that the work on several fields overlaps.
    #[inline(always)]
    pub(super) fn scan<L: Lanes>(&self, lanes: L, guesses: &mut Guesses, fields: &mut Fields) -> Option<()> {
        fields.clear();
        if self.byte(0)? != b'{' {
            return None;
        }
        let (mut expected, mut quote, mut row, mut key, mut pairs) = (1, 0, 0_u32, 0_u32, 0);
        loop {
            let [open, close, value_open, value_close] = self.quotes.four(quote)?;
            if open != expected && !(open == expected + 1 && self.byte(expected)? == b' ') {
                return None;
            }
            let guess = guesses.at(row, key);
            let mut known = spelling(guess.index);
            if !lanes.equal(self.block(open)?, &known.text) & known.mask != 0 {
                let index = self.key(lanes, open, close)?;
                guess.correct(index);
                known = spelling(index);
                row = row.rotate_left(7) ^ known.salt;
            }
            key += 1;
            let after = if value_open == close + 2 || value_open == close + 3 && self.byte(close + 2)? == b' ' {
                quote += 4;
                if known.field == Field::Event {
                    // Different messages carry different keys: four letters after "Event" tell which it is.
                    let letters = self.padded.get(value_open + 6..)?.first_chunk::<4>()?;
                    row ^= u32::from_le_bytes(*letters).wrapping_mul(0x9e37_79b1) >> 15;
                }
                fields
                    .set(known.field, Slot::new(Kind::Text, value_open + 1, value_close.wrapping_sub(value_open + 1)));
                value_close + 1
            } else {
                let start = self.spaced(close + 2)?;
                let (kind, after, next) = self.unquoted(lanes, start, quote + 2, &mut pairs)?;
                quote = next;
                let slot = if kind == Kind::Absent { Slot::default() } else { Slot::new(kind, start, after - start) };
                fields.set(known.field, slot);
                after
            };
            // Past the end of the line there are no quotes, so that no key is expected there; see `Quotes::close`.
            match self.byte(after)? {
                b',' => expected = after + 1,
                b'}' if after + 1 == self.end && pairs + key <= self.pairs_max => return Some(()),
                _ => return None,
            }
        }
    }
}
