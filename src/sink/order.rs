//! The order of rows inside a row group: by the table's sort columns, then by time, then as they came.
//!
//! Every part of the key is turned into as many bits as its values need and packed into an integer together with the row's
//! position; the integers are sorted without comparing them. What does not fit one integer is sorted in several turns.

use crate::model::table::Table;

use super::column::{Columns, Values};
use super::encode::width_of;
use super::mirror::{NULL, TextId, Texts};

/// Largest number of rows in a row group: positions take at most this many bits.
const POSITION_BITS: u32 = 18;

/// Bits by which [`distribute`] sorts at a time; so many counters stay in the first-level cache.
const DIGIT_BITS: u32 = 11;

/// Groups below this are sorted by comparing.
const DISTRIBUTED_MIN: usize = 2048;

/// Buffers of [`Order::sort`], kept between calls.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// All texts, ascending, and the place of each among them.
    sorted: Vec<TextId>,
    ranks: Vec<u32>,
    keys: Vec<u64>,
    spare: Vec<u64>,
    /// The result: rows in their order.
    pub(super) rows: Vec<u32>,
}

/// What rows are sorted by.
#[derive(Clone, Copy)]
enum Part<'a> {
    Name(&'a [TextId]),
    /// Times, and the least of them.
    Time(&'a [i64], i64),
}

impl Order {
    /// Finds the order of `columns`, and leaves it in `rows`; `false` when the rows are in order already.
    pub(super) fn sort(&mut self, table: &Table, columns: &Columns, texts: &Texts) -> bool {
        let n = columns.rows;
        assert!(n < 1 << POSITION_BITS, "{n} rows in a row group");
        self.rank(texts);
        let names = width_of(texts.len() as u64);
        let wanted = table.order().filter_map(|name| column(table, columns, name));
        let parts: Vec<(Part<'_>, u32)> = wanted
            .filter_map(|values| match values {
                Values::Name(keys) => Some((Part::Name(keys), names)),
                Values::Long(times) => {
                    let least = times.iter().copied().min().unwrap_or(0);
                    let most = times.iter().copied().max().unwrap_or(0);
                    Some((Part::Time(times, least), width_of(most.wrapping_sub(least) as u64)))
                }
                _ => None,
            })
            .collect();
        self.rows.clear();
        self.rows.extend(0..n as u32);
        let mut rest = &parts[..];
        // The last parts first, as many as fit: sorting by the ones before keeps the order of equals.
        while !rest.is_empty() {
            let fits = |from: &usize| bits_of(&rest[*from..]) + POSITION_BITS <= u64::BITS;
            let from = (0..rest.len()).find(fits).unwrap_or(rest.len() - 1);
            if self.sort_by(&rest[from..]) && rest.len() == parts.len() && from == 0 {
                return false;
            }
            rest = &rest[..from];
        }
        !self.rows.is_sorted()
    }

    /// Sorts `rows` by `parts`; returns whether they were in this order.
    fn sort_by(&mut self, parts: &[(Part<'_>, u32)]) -> bool {
        let Self { ranks, keys, spare, rows, .. } = self;
        keys.clear();
        keys.resize(rows.len(), 0);
        for &(part, width) in parts {
            let slots = keys.iter_mut().zip(&*rows);
            match part {
                Part::Name(names) => {
                    slots.for_each(|(slot, &row)| *slot = *slot << width | rank_of(ranks, names[row as usize]));
                }
                Part::Time(times, least) => {
                    let offset = |row: u32| times[row as usize].wrapping_sub(least) as u64;
                    slots.for_each(|(slot, &row)| *slot = *slot << width | offset(row));
                }
            }
        }
        if keys.is_sorted() {
            return true;
        }
        keys.iter_mut().zip(&*rows).for_each(|(key, &row)| *key = *key << POSITION_BITS | u64::from(row));
        if rows.len() < DISTRIBUTED_MIN {
            keys.sort_by_key(|key| key >> POSITION_BITS);
        } else {
            distribute(keys, spare, POSITION_BITS, bits_of(parts));
        }
        rows.iter_mut().zip(&*keys).for_each(|(row, key)| *row = *key as u32 & ((1 << POSITION_BITS) - 1));
        false
    }

    /// Gives every text its place, bytewise; new texts join those that are in order already.
    fn rank(&mut self, texts: &Texts) {
        if self.ranks.len() == texts.len() {
            return;
        }
        self.sorted.extend(self.ranks.len() as u32..texts.len() as u32);
        // The stable sort finds the ascending part and merges the rest into it.
        self.sorted.sort_by(|a, b| texts.get(*a).cmp(texts.get(*b)));
        self.ranks.resize(texts.len(), 0);
        for (rank, &id) in self.sorted.iter().enumerate() {
            self.ranks[id as usize] = rank as u32;
        }
    }
}

fn bits_of(parts: &[(Part<'_>, u32)]) -> u32 {
    parts.iter().map(|(_, width)| width).sum()
}

/// Nulls go last, as readers assume of ascending columns.
#[inline]
fn rank_of(ranks: &[u32], key: TextId) -> u64 {
    if key == NULL { ranks.len() as u64 } else { u64::from(ranks[key as usize]) }
}

/// Sorts by the bits `from..from + bits`, keeping the order of equal keys: one pass for each digit, lowest first.
fn distribute(keys: &mut Vec<u64>, spare: &mut Vec<u64>, from: u32, bits: u32) {
    spare.clear();
    spare.resize(keys.len(), 0);
    for shift in (from..from + bits).step_by(DIGIT_BITS as usize) {
        let digit = |key: u64| (key >> shift) as usize & ((1 << DIGIT_BITS) - 1);
        let mut places = [0_u32; 1 << DIGIT_BITS];
        keys.iter().for_each(|key| places[digit(*key)] += 1);
        let mut before = 0;
        for place in &mut places {
            before += std::mem::replace(place, before);
        }
        for &key in keys.iter() {
            let place = &mut places[digit(key)];
            spare[*place as usize] = key;
            *place += 1;
        }
        std::mem::swap(keys, spare);
    }
}

fn column<'a>(table: &Table, columns: &'a Columns, name: &str) -> Option<&'a Values> {
    let at = table.columns.iter().position(|c| c.name == name)?;
    columns.values.get(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributing_sorts_as_comparing_does_and_keeps_the_order_of_equals() {
        let mut seed = 7_u64;
        for (n, bits) in [(0, 1), (1, 9), (5_000, 3), (5_000, 23), (70_000, 46)] {
            let mut keys: Vec<u64> = (0..n)
                .map(|i| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    seed >> (64 - bits) << POSITION_BITS | i
                })
                .collect();
            let mut sorted = keys.clone();
            sorted.sort_unstable();
            distribute(&mut keys, &mut Vec::new(), POSITION_BITS, bits);
            assert!(keys == sorted, "{n} keys of {bits} bits");
        }
    }
}
