//! Which key comes next on a line, guessed from the keys before it.
//!
//! Servers write their attributes in few orders, so the keys seen so far on a line nearly always tell the next, and
//! whether its value is a string. A wrong guess costs time and changes no result. This module refuses to know bytes.

use super::field::{STRANGER, Spelling, spelling};

/// Keys of a row; the guesses of longer lines share places.
pub(super) const ROW: usize = 32;
/// Rows kept.
const ROWS: usize = 128;
/// How often a guess may be wrong before it is replaced.
const PATIENCE: u8 = 63;

/// Guesses by the way a line has taken so far.
///
/// A row of guesses belongs to a message, and holds its keys in the order first seen. Where a line departs from its
/// row, another row takes over, named by the departure. As long as the guesses hold, the place of the next one depends
/// on nothing but the number of the key, so that the processor need not wait for one key to guess the next.
#[derive(Clone, Debug)]
pub(super) struct Guesses(Box<[[Guess; ROW]; ROWS]>);

/// The way a line has taken so far, by which its guesses are found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Way(u32);

impl Way {
    /// Leaves the row for a key that was not guessed, by its salt.
    #[inline(always)]
    pub(super) fn depart(&mut self, salt: u32) {
        self.0 = self.0.rotate_left(7) ^ salt;
    }

    /// Goes on as a message that has these letters in its name.
    #[inline(always)]
    pub(super) fn is_of(&mut self, letters: [u8; 4]) {
        self.0 ^= u32::from_le_bytes(letters).wrapping_mul(0x9e37_79b1) >> 15;
    }
}

/// What a value is guessed to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A string.
    Text,
    /// A string that names the message.
    Event,
    /// Anything but a string.
    Unquoted,
}

/// A guess, with all that it takes to prove it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess {
    /// What the key looks like.
    pub(super) known: &'static Spelling,
    /// The bytes of it that must be there.
    pub(super) mask: u32,
    /// Where the value begins, seen from where the key does; a string's begins after its quote.
    pub(super) skip: u8,
    /// What the value is.
    pub(super) shape: Shape,
    /// How long the value was last time, within one vector: where the next key begins is known before this value has
    /// been looked at, so that the work on several keys overlaps.
    pub(super) len: u8,
    patience: u8,
}

impl Guess {
    /// No guess at all: a spelling of nothing but quotes, where neither a value nor a comma could follow.
    fn none() -> Self {
        let known = spelling(STRANGER);
        Self { known, mask: u32::MAX, skip: 0, shape: Shape::Unquoted, len: 0, patience: 0 }
    }

    /// Guesses the spelling with this number, and a value of `shape`.
    #[inline(always)]
    pub(super) fn new(number: u8, shape: Shape) -> Self {
        if number == STRANGER {
            return Self::none();
        }
        let (known, string) = (spelling(number), shape != Shape::Unquoted);
        Self {
            known,
            mask: known.mask << u32::from(string) | u32::from(string),
            skip: known.len + u8::from(string),
            shape,
            len: 0,
            patience: PATIENCE,
        }
    }

    /// The same without the key, for one that has been read: where it stands, there is only the value.
    #[inline(always)]
    pub(super) fn read(key: u8, shape: Shape) -> Self {
        let known = spelling(key);
        Self { known, mask: 0, skip: u8::from(shape != Shape::Unquoted), shape, len: 0, patience: 0 }
    }

    /// Counts that it was wrong; whether so often that it should be replaced.
    #[inline(always)]
    pub(super) fn is_wrong_again(&mut self) -> bool {
        let replaced = self.patience == 0;
        self.patience = self.patience.wrapping_sub(1);
        replaced
    }
}

impl Guesses {
    pub(super) fn new() -> Self {
        Self(Box::new([[Guess::none(); ROW]; ROWS]))
    }

    /// The guesses for a line that has come this way, to be indexed by the number of the key, modulo [`ROW`].
    #[inline(always)]
    pub(super) fn row(&mut self, way: Way) -> &mut [Guess; ROW] {
        &mut self.0[way.0 as usize / ROW % ROWS]
    }
}
