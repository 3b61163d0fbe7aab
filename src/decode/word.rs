//! Words of enumerations to their numbers: a small table that learns the words a feed uses.
//!
//! The names themselves live in the model, which finds them by walking a list. Here each is walked for once, then found
//! by the hash of its last eight bytes and one vector compare. Words of digits and unknown words are learned too, up
//! to a limit, so that a switch with its own dialect stays fast.

use super::field::Slot;
use super::number;
use super::simd::{Lanes, part};
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

#[derive(Clone, Copy, Debug)]
struct Entry {
    text: [u8; 32],
    len: u8,
    /// [`Class`] of the word; zero marks a free entry.
    class: u8,
    meaning: Meaning,
}

const ENTRIES: usize = 1024;
/// How many words that are no names are learned; the names themselves are fewer than 256.
const LEARNED_MAX: usize = 256;

/// The words seen so far.
#[derive(Clone, Debug)]
pub(super) struct Words {
    entries: Box<[Entry; ENTRIES]>,
    learned: usize,
}

impl Words {
    pub(super) fn new() -> Self {
        Self { entries: Box::new([Entry { text: [0; 32], len: 0, class: 0, meaning: None }; ENTRIES]), learned: 0 }
    }

    /// The meaning of the word at `slot` of `line`; `padded` is the line with at least 32 readable bytes after it.
    #[inline(always)]
    pub(super) fn meaning<L: Lanes>(
        &mut self,
        lanes: L,
        class: Class,
        padded: &[u8],
        line: &str,
        slot: Slot,
    ) -> Meaning {
        let (start, len) = (slot.start(), slot.len());
        let tail = padded.get(slot.end().wrapping_sub(8)..).and_then(|t| t.first_chunk::<8>());
        let block = padded.get(start..).and_then(|t| t.first_chunk::<32>());
        let (Some(tail), Some(block), 1..=32) = (tail, block, len) else {
            return resolve(class, part(line, start, slot.end()));
        };
        // Eight bytes up to the end of the word, less those before its start.
        let tail = u64::from_le_bytes(*tail) >> (64 - 8 * len.min(8));
        let mixed = (tail ^ (len as u64) << 56 ^ (class as u64) << 48).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let home = (mixed >> 54) as usize;
        let wanted = u32::MAX >> (32 - len);
        let mut at = home;
        loop {
            let entry = &self.entries[at % ENTRIES];
            if entry.class == class as u8
                && usize::from(entry.len) == len
                && !lanes.equal(block, &entry.text) & wanted == 0
            {
                return entry.meaning;
            }
            if entry.class == 0 {
                return self.learn(class, part(line, start, slot.end()), at % ENTRIES);
            }
            at += 1;
        }
    }

    #[cold]
    #[inline(never)]
    fn learn(&mut self, class: Class, word: &str, free: usize) -> Meaning {
        let meaning = resolve(class, word);
        let named = meaning.is_some() && !word.starts_with(|c: char| c.is_ascii_digit());
        if named || self.learned < LEARNED_MAX {
            self.learned += usize::from(!named);
            let mut text = [0; 32];
            text[..word.len()].copy_from_slice(word.as_bytes());
            self.entries[free] = Entry { text, len: word.len() as u8, class: class as u8, meaning };
        }
        meaning
    }
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
