//! What the feed says and we do not know, counted by name: messages and enumeration values.

use compact_str::CompactString;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// How much of an unknown text is kept.
const TEXT_BYTES_MAX: usize = 64;

/// One unknown value and how often it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The key that carried it, as `Event`.
    pub key: &'static str,
    /// The value as sent, cut to 64 bytes.
    pub text: CompactString,
    /// How often.
    pub count: u64,
}

/// Counts of unknown values, bounded: values beyond the limit are counted together.
#[derive(Clone, Debug, Default)]
pub struct Unknowns {
    entries: Vec<Unknown>,
    index: HashTable<u32>,
    hasher: foldhash::fast::FixedState,
    limit: usize,
    total: u64,
    overflow: u64,
}

impl Unknowns {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// The values kept by name, in the order of first sight.
    #[must_use]
    pub fn entries(&self) -> &[Unknown] {
        &self.entries
    }

    /// All unknown values, kept by name or not.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Those that are not kept by name because the limit of different ones is reached.
    #[must_use]
    pub const fn overflow(&self) -> u64 {
        self.overflow
    }

    pub(super) fn count(&mut self, key: &'static str, text: &str) {
        let kept = (0..=TEXT_BYTES_MAX).rev().find_map(|len| text.get(..len.min(text.len())));
        let text = kept.unwrap_or("");
        self.total += 1;
        let hash = self.hasher.hash_one((key, text));
        let entries = &self.entries;
        let known = |&i: &u32| entries[i as usize].key == key && entries[i as usize].text == text;
        if let Some(&i) = self.index.find(hash, known) {
            self.entries[i as usize].count += 1;
        } else if self.entries.len() < self.limit {
            let id = self.entries.len() as u32;
            self.entries.push(Unknown { key, text: text.into(), count: 1 });
            let (entries, hasher) = (&self.entries, &self.hasher);
            self.index.insert_unique(hash, id, |&i| {
                let entry = &entries[i as usize];
                hasher.hash_one((entry.key, entry.text.as_str()))
            });
        } else {
            self.overflow += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_different_values_is_counted_together_beyond_the_limit() {
        let mut unknowns = Unknowns::new(2);
        for text in ["a", "b", "a", "c", &"ü".repeat(100)] {
            unknowns.count("Event", text);
        }
        let kept: Vec<_> = unknowns.entries().iter().map(|u| (u.text.as_str(), u.count)).collect();
        assert_eq!(kept, [("a", 2), ("b", 1)]);
        assert_eq!((unknowns.total(), unknowns.overflow()), (5, 2));
    }
}
