//! The order of rows inside a row group: by the table's sort columns, then by time, then as they came.
//!
//! Every part of the key is turned into as many bits as its values need and packed into one integer, so that a sort
//! compares plain numbers; most groups fit 64 bits.

use crate::model::table::Table;

use super::column::{Columns, Values};
use super::encode::width_of;
use super::mirror::{NULL, Texts};

/// Largest number of rows in a row group: positions take at most this many bits.
const POSITION_BITS: u32 = 18;

/// Buffers of [`Order::sort`], kept between calls.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Rank of a text by its number; `u32::MAX` when not asked for.
    ranks: Vec<u32>,
    used: Vec<u32>,
    narrow: Vec<u64>,
    wide: Vec<u128>,
    /// The result: rows in their order.
    pub(super) rows: Vec<u32>,
}

impl Order {
    /// Finds the order of `columns`, and leaves it in `rows`; `false` when the rows are in order already.
    pub(super) fn sort(&mut self, table: &Table, columns: &Columns, texts: &Texts) -> bool {
        let n = columns.rows;
        assert!(n < 1 << POSITION_BITS, "{n} rows in a row group");
        self.wide.clear();
        self.wide.resize(n, 0);
        let mut bits = 0;
        for name in table.sort {
            if let Some(Values::Name(keys)) = column(table, columns, name) {
                self.rank(keys, texts);
                bits += width_of(self.used.len() as u64);
                let width = width_of(self.used.len() as u64);
                for (slot, &key) in self.wide.iter_mut().zip(keys) {
                    // Nulls go last, as readers assume of ascending columns.
                    let rank = if key == NULL { self.used.len() as u32 } else { self.ranks[key as usize] };
                    *slot = *slot << width | u128::from(rank);
                }
            }
        }
        if let Some(Values::Long(times)) = column(table, columns, table.time) {
            let least = times.iter().copied().min().unwrap_or(0);
            let width = width_of(times.iter().map(|t| t.wrapping_sub(least) as u64).max().unwrap_or(0));
            bits += width;
            for (slot, &time) in self.wide.iter_mut().zip(times) {
                *slot = *slot << width | u128::from(time.wrapping_sub(least) as u64);
            }
        }
        self.rows.clear();
        if self.wide.is_sorted() {
            return false;
        }
        // Four columns of at most 18 bits, a day in microseconds (37 bits) and the position never exceed 128 bits.
        assert!(bits + POSITION_BITS <= 128, "a sort key of {bits} bits");
        if bits + POSITION_BITS <= 64 {
            self.narrow.clear();
            self.narrow.extend(self.wide.iter().enumerate().map(|(i, k)| (*k as u64) << POSITION_BITS | i as u64));
            self.narrow.sort_unstable();
            self.rows.extend(self.narrow.iter().map(|k| *k as u32 & ((1 << POSITION_BITS) - 1)));
        } else {
            self.wide.iter_mut().enumerate().for_each(|(i, k)| *k = *k << POSITION_BITS | i as u128);
            self.wide.sort_unstable();
            self.rows.extend(self.wide.iter().map(|k| *k as u32 & ((1 << POSITION_BITS) - 1)));
        }
        true
    }

    /// Ranks the texts of `keys`, bytewise.
    fn rank(&mut self, keys: &[u32], texts: &Texts) {
        self.used.iter().for_each(|&id| self.ranks[id as usize] = u32::MAX);
        self.used.clear();
        self.ranks.resize(texts.len(), u32::MAX);
        for &key in keys {
            if key != NULL && self.ranks[key as usize] == u32::MAX {
                self.ranks[key as usize] = 0;
                self.used.push(key);
            }
        }
        self.used.sort_unstable_by(|a, b| texts.get(*a).cmp(texts.get(*b)));
        for (rank, &id) in self.used.iter().enumerate() {
            self.ranks[id as usize] = rank as u32;
        }
    }
}

fn column<'a>(table: &Table, columns: &'a Columns, name: &str) -> Option<&'a Values> {
    let at = table.columns.iter().position(|c| c.name == name)?;
    columns.values.get(at)
}
