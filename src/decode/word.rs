//! Words of enumerations to their numbers: a small table that learns the words a feed uses.
//!
//! The names themselves live in the model, which finds them by walking a list. Here each is walked for once, then found
//! by the hash of its last eight bytes and one vector compare. Words of digits and unknown words are learned too, up
//! to a limit, so that a switch with its own dialect stays fast.

use super::number;
use super::simd::{Lanes, WINDOW, first};
use crate::model::tevent::rare::{RouteType, TreatmentType};
use crate::model::tevent::{CallState, CallType, DnRole, EventKind, WorkMode};

/// Which enumeration a word belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Class {
    Event = 1,
    CallType,
    CallState,
    Role,
    WorkMode,
    RouteType,
    TreatmentType,
}

/// What a word means; `None` for one that the T-Library does not have.
pub(super) type Meaning = Option<u8>;

/// A word on a cache line of its own.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Entry {
    text: [u8; 32],
    /// One bit per byte of the word.
    mask: u32,
    /// [`tag`] of the word; zero marks a free entry.
    tag: u16,
    meaning: Meaning,
}

const FREE: Entry = Entry { text: [0; 32], mask: 0, tag: 0, meaning: None };

/// Class and length as one number, never zero.
#[inline(always)]
const fn tag(class: Class, len: usize) -> u16 {
    (class as u16) << 8 | len as u16
}

/// Longer words are not learned; the T-Library has one.
pub(super) const WORD_BYTES_MAX: u32 = 32;
const ENTRIES: usize = 1024;
/// How many words that are no names are learned; the names themselves are fewer than 256.
const LEARNED_MAX: usize = 256;

/// By how many bits the last eight bytes of a word of so many are shifted, to lose what stands before the word.
static SHIFTS: [u8; 33] = {
    let (mut shifts, mut len) = ([0; 33], 1);
    while len < 8 {
        shifts[len] = 64 - 8 * len as u8;
        len += 1;
    }
    shifts
};

/// The words seen so far.
#[derive(Clone, Debug)]
pub(super) struct Words {
    entries: Box<[Entry; ENTRIES]>,
    learned: usize,
}

impl Words {
    pub(super) fn new() -> Self {
        Self { entries: Box::new([FREE; ENTRIES]), learned: 0 }
    }

    /// The meaning of a word of `len` bytes, if it has been seen; `window` begins eight bytes before it.
    #[inline(always)]
    pub(super) fn known<L: Lanes>(&self, lanes: L, class: Class, window: &[u8; WINDOW], len: usize) -> Option<Meaning> {
        let tail = u64::from_le_bytes(*first(window, len)) >> SHIFTS[len % SHIFTS.len()];
        let mut at = home(class, tail);
        loop {
            let entry = &self.entries[at];
            if entry.tag == tag(class, len) && lanes.differing(first(window, 8), &entry.text) & entry.mask == 0 {
                return Some(entry.meaning);
            }
            if entry.tag == 0 {
                return None;
            }
            at = (at + 1) % ENTRIES;
        }
    }

    /// The meaning of any word, which is known from now on if there is room.
    pub(super) fn learn(&mut self, class: Class, word: &str) -> Meaning {
        let meaning = resolve(class, word);
        let len = word.len();
        if !(1..=WORD_BYTES_MAX as usize).contains(&len) {
            return meaning;
        }
        let mut text = [0; 32];
        text[..len].copy_from_slice(word.as_bytes());
        let tail = word.bytes().rev().take(8).fold(0, |tail, b| tail << 8 | u64::from(b));
        let mut at = home(class, tail);
        while self.entries[at].tag != 0 {
            if self.entries[at].tag == tag(class, len) && self.entries[at].text == text {
                return meaning;
            }
            at = (at + 1) % ENTRIES;
        }
        let named = meaning.is_some() && !word.starts_with(|c: char| c.is_ascii_digit());
        if named || self.learned < LEARNED_MAX {
            self.learned += usize::from(!named);
            self.entries[at] = Entry { text, mask: u32::MAX >> (32 - len), tag: tag(class, len), meaning };
        }
        meaning
    }
}

/// Where a word is looked for first, by its last eight bytes.
#[inline(always)]
const fn home(class: Class, tail: u64) -> usize {
    (tail.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54 ^ (class as u64 * 0x49)) as usize % ENTRIES
}

/// The meaning of a word by name or by digits.
pub(super) fn resolve(class: Class, word: &str) -> Meaning {
    if let Some(n) = number::decimal(word.as_bytes()) {
        return resolve_number(class, n);
    }
    match class {
        Class::Event => EventKind::from_name(word).map(|e| e.0),
        Class::CallType => CallType::from_name(word).map(|t| t as u8),
        Class::CallState => CallState::from_name(word).map(|s| s.0),
        Class::Role => DnRole::from_name(word).map(|r| r.0),
        Class::WorkMode => WorkMode::from_name(word).map(|m| m.0),
        Class::RouteType => RouteType::from_name(word).map(|t| t.0),
        Class::TreatmentType => TreatmentType::from_name(word).map(|t| t.0),
    }
}

/// The meaning of a number.
pub(super) fn resolve_number(class: Class, n: u64) -> Meaning {
    match class {
        Class::Event => Some(EventKind::from_number(n)).filter(|&e| e != EventKind::UNKNOWN).map(|e| e.0),
        Class::CallType => CallType::from_number(n).map(|t| t as u8),
        Class::CallState => CallState::from_number(n).map(|s| s.0),
        Class::Role => DnRole::from_number(n).map(|r| r.0),
        Class::WorkMode => WorkMode::from_number(n).map(|m| m.0),
        Class::RouteType => RouteType::from_number(n).map(|t| t.0),
        Class::TreatmentType => TreatmentType::from_number(n).map(|t| t.0),
    }
}
