//! A table from short texts to dense ids, made for names that are looked up with every event.
//!
//! A text of up to twelve bytes lies in the slot itself, beside its id: sixteen bytes, no pointer, usually one cache
//! line per lookup. Probing is linear and bounded, so that chosen names cannot make a lookup slow. What does not fit
//! (a long text, a crowded neighbourhood) is the caller's to keep elsewhere. This module refuses to know what is named.

use super::fetch::fetch_at;

/// A text of at most twelve bytes as two integers, zero-padded; equal if and only if the texts are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ShortText {
    low: u64,
    high: u32,
}

impl ShortText {
    /// The packed form; `None` for longer texts, and for those that end in NUL, which padding could not tell apart.
    #[inline(always)]
    pub(super) fn pack(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let len = bytes.len();
        if len > 12 || bytes.last() == Some(&0) {
            return None;
        }
        // Both ends are read whole; where the two reads overlap they carry the same bytes.
        if let (Some(head), Some(tail)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<4>()) {
            let high = if len > 8 { u32::from_le_bytes(*tail) >> (8 * (12 - len)) } else { 0 };
            return Some(Self { low: u64::from_le_bytes(*head), high });
        }
        if let (Some(head), Some(tail)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            let low = u64::from(u32::from_le_bytes(*head)) | u64::from(u32::from_le_bytes(*tail)) << (8 * (len - 4));
            return Some(Self { low, high: 0 });
        }
        let low = bytes.iter().rev().fold(0, |low, &b| low << 8 | u64::from(b));
        Some(Self { low, high: 0 })
    }

    /// A well-mixed number: the two halves of one widening product.
    #[inline(always)]
    fn mixed(self) -> u64 {
        let product =
            u128::from(self.low ^ 0x9e37_79b9_7f4a_7c15) * u128::from(u64::from(self.high) ^ 0xd6e8_feb8_6659_fd93);
        product as u64 ^ (product >> 64) as u64
    }
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    text: ShortText,
    /// [`NOBODY`] marks a free slot.
    id: u32,
}

const NOBODY: u32 = u32::MAX;

/// Four slots on one cache line, filled from the first: compared together, so that there is nothing to mispredict.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Bucket([Slot; 4]);

const EMPTY: Bucket = Bucket([Slot { text: ShortText { low: 0, high: 0 }, id: NOBODY }; 4]);

/// How many buckets a lookup visits at most.
const PROBES_MAX: usize = 16;
const BUCKETS_MIN: usize = 16;

impl Bucket {
    /// The id kept with `text`, or [`NOBODY`], which has all bits.
    #[inline(always)]
    fn find(&self, text: ShortText) -> u32 {
        // With arithmetic, because a choice would be made a branch, which nobody could predict.
        let absent = self.0.iter().fold(0, |absent, slot| {
            let differing = (slot.text.low ^ text.low) | u64::from(slot.text.high ^ text.high);
            let same = u32::from(differing == 0).wrapping_neg();
            absent | (!slot.id & same)
        });
        !absent
    }

    #[inline(always)]
    fn is_full(&self) -> bool {
        self.0[3].id != NOBODY
    }
}

/// What a lookup found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The id kept with the text.
    Id(u32),
    /// The text is not in this table, and never had to be kept elsewhere.
    Absent,
    /// The text is not in this table; its neighbourhood is or was crowded, so it may be kept elsewhere.
    Elsewhere,
}

/// Open addressing over [`ShortText`]; nothing is ever removed.
#[derive(Clone, Debug, Default)]
pub(super) struct SymbolTable {
    /// A power of two of buckets, or none before the first insertion.
    buckets: Vec<Bucket>,
    used: usize,
    /// Some text did not fit: a miss no longer means that the text is new.
    spilled: bool,
}

impl SymbolTable {
    /// The id kept with `text`.
    #[inline(always)]
    pub(super) fn find(&self, text: ShortText) -> Found {
        let mask = self.buckets.len().wrapping_sub(1);
        let home = text.mixed() as usize;
        for step in 0..PROBES_MAX {
            let Some(bucket) = self.buckets.get(home.wrapping_add(step) & mask) else { return Found::Absent };
            let id = bucket.find(text);
            if id != NOBODY {
                return Found::Id(id);
            }
            if !bucket.is_full() {
                break;
            }
        }
        if self.spilled { Found::Elsewhere } else { Found::Absent }
    }

    /// Asks for the place of `text`.
    #[inline(always)]
    pub(super) fn foresee(&self, text: ShortText) {
        fetch_at(&self.buckets, text.mixed() as usize & self.buckets.len().wrapping_sub(1));
    }

    /// Keeps `id` with a `text` that is not in the table. `spill` gets every id, this one or an older one, for which
    /// there is no room here; the caller keeps those elsewhere.
    pub(super) fn insert(&mut self, text: ShortText, id: u32, spill: &mut impl FnMut(u32)) {
        // At most three quarters full: 21 to 43 bytes a name, and nearly every name in its first bucket.
        if (self.used + 1) > self.buckets.len() * 3 {
            self.grow(spill);
        }
        self.place(text, id, spill);
    }

    fn grow(&mut self, spill: &mut impl FnMut(u32)) {
        let buckets = (self.buckets.len() * 2).max(BUCKETS_MIN);
        let old = std::mem::replace(&mut self.buckets, vec![EMPTY; buckets]);
        self.used = 0;
        for slot in old.iter().flat_map(|bucket| &bucket.0).filter(|slot| slot.id != NOBODY) {
            self.place(slot.text, slot.id, spill);
        }
    }

    fn place(&mut self, text: ShortText, id: u32, spill: &mut impl FnMut(u32)) {
        let mask = self.buckets.len() - 1;
        let home = text.mixed() as usize;
        for step in 0..PROBES_MAX {
            let bucket = &mut self.buckets[home.wrapping_add(step) & mask];
            if let Some(slot) = bucket.0.iter_mut().find(|slot| slot.id == NOBODY) {
                *slot = Slot { text, id };
                self.used += 1;
                return;
            }
        }
        self.spilled = true;
        spill(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_short_texts_pack_differently() {
        let texts: Vec<String> = (0..=12)
            .flat_map(|len| [b'a', b'b', b'0'].map(|b| (0..len).map(|i| (b + i as u8 % 2) as char).collect::<String>()))
            .chain(["a\0b".into(), "\0a".into(), "ü".into()])
            .collect();
        for (i, a) in texts.iter().enumerate() {
            for b in &texts[i + 1..] {
                assert_eq!(ShortText::pack(a) == ShortText::pack(b), a == b, "{a:?} {b:?}");
            }
        }
        assert_eq!(ShortText::pack("a\0"), None);
        assert_eq!(ShortText::pack("1234567890123"), None);
    }

    #[test]
    fn every_text_is_found_again_or_was_handed_back() {
        let mut table = SymbolTable::default();
        let mut elsewhere = Vec::new();
        for id in 0..20_000_u32 {
            let text = ShortText::pack(&format!("{}", 7000 + u64::from(id) * 3)).unwrap();
            assert!(!matches!(table.find(text), Found::Id(_)));
            table.insert(text, id, &mut |id| elsewhere.push(id));
        }
        for id in 0..20_000_u32 {
            let text = ShortText::pack(&format!("{}", 7000 + u64::from(id) * 3)).unwrap();
            match table.find(text) {
                Found::Id(found) => assert_eq!(found, id),
                other => assert!(elsewhere.contains(&id) && other == Found::Elsewhere),
            }
        }
        assert!(elsewhere.len() < 5, "{}", elsewhere.len());
    }
}
