//! Two books of the same intervals: what the detail rows add up to, and what the interval rows say.
//!
//! Details of a day may belong to intervals of a later one, never of an earlier one. So books are kept open until the day after
//! and then compared column by column. A detail row that may or may not count widens what is allowed. Knows no table.

use super::Map;
use super::finding::{Example, Findings};
use super::law::Law;
use crate::model::time::Micros;
use crate::sink::{NO_LONG, NO_NAME, Reader};

/// Milliseconds of an interval.
pub(super) const INTERVAL_MS: i64 = 900_000;

/// Longest stretch that is cut into intervals.
pub(super) const STRETCH_MS_MAX: i64 = 400 * 86_400_000;

/// Begin of the interval that holds an instant, both in milliseconds.
pub(super) const fn interval_of(ms: i64) -> i64 {
    ms.div_euclid(INTERVAL_MS) * INTERVAL_MS
}

/// The pieces of `[from, to)` by interval: its begin and the length of the piece, in milliseconds.
pub(super) fn pieces(from: i64, to: i64) -> impl Iterator<Item = (i64, i64)> {
    // A longer stretch is a damaged instant.
    let to = if to.saturating_sub(from) > STRETCH_MS_MAX { from } else { to };
    let mut at = from;
    std::iter::from_fn(move || {
        let start = interval_of(at);
        let end = to.min(start + INTERVAL_MS);
        let piece = (at < to).then_some((start, end - at));
        at = end;
        piece
    })
}

/// Names that tell apart the objects of a ledger, as many as it needs.
pub(super) type Key = [u32; 4];

/// A key of one name.
pub(super) const fn key1(a: u32) -> Key {
    [a, NO_NAME, NO_NAME, NO_NAME]
}

/// A key of two names.
pub(super) const fn key2(a: u32, b: u32) -> Key {
    [a, b, NO_NAME, NO_NAME]
}

/// How the details of an interval make a column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// They are added.
    Sum,
    /// The greatest counts; null without any.
    Most,
    /// The least counts; null without any.
    Least,
}

/// A column of a ledger.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) law: Law,
    pub(super) how: How,
}

/// A column that is a sum.
pub(super) const fn sum(name: &'static str, law: Law) -> Column {
    Column { name, law, how: How::Sum }
}

#[derive(Clone)]
struct Entry {
    derived: Vec<i64>,
    /// How much more or less of a sum is right, too.
    more: Vec<i64>,
    stored: Option<(Vec<i64>, u32)>,
}

/// Nothing is excused.
pub(super) const fn nothing(_: &Key, _: i64, _: Law) -> bool {
    false
}

/// Both books of one table.
pub(super) struct Ledger {
    table: &'static str,
    /// What the names of a key are.
    names: &'static [&'static str],
    pub(super) columns: &'static [Column],
    entries: Map<(Key, i64), Entry>,
}

impl Ledger {
    pub(super) fn new(table: &'static str, names: &'static [&'static str], columns: &'static [Column]) -> Self {
        Self { table, names, columns, entries: Map::default() }
    }

    fn entry(&mut self, key: Key, start: i64) -> &mut Entry {
        let columns = self.columns;
        self.entries.entry((key, start)).or_insert_with(|| Entry {
            derived: columns.iter().map(|c| if c.how == How::Sum { 0 } else { NO_LONG }).collect(),
            more: vec![0; columns.len()],
            stored: None,
        })
    }

    fn place(&self, column: &str) -> usize {
        let at = self.columns.iter().position(|c| c.name == column);
        at.unwrap_or_else(|| unreachable!("ledger of {} has no column {column}", self.table))
    }

    /// A detail counts in the interval that holds `at` (milliseconds).
    pub(super) fn add(&mut self, key: Key, at: i64, column: &str, by: i64) {
        let column = self.place(column);
        let how = self.columns[column].how;
        let value = &mut self.entry(key, interval_of(at)).derived[column];
        *value = match how {
            How::Sum => *value + by,
            How::Most => by.max(*value),
            How::Least if *value == NO_LONG => by,
            How::Least => by.min(*value),
        };
    }

    /// A detail may or may not count there.
    pub(super) fn may_add(&mut self, key: Key, at: i64, column: &str, by: i64) {
        let column = self.place(column);
        self.entry(key, interval_of(at)).more[column] += by;
    }

    /// A stretch of time counts in every interval by its piece.
    pub(super) fn cut(&mut self, key: Key, from: i64, to: i64, column: &str) {
        for (start, length) in pieces(from, to) {
            self.add(key, start, column, length);
        }
    }

    /// What the row of the interval that begins at `start` says, in the order of the columns.
    pub(super) fn say(&mut self, key: Key, start: i64, values: impl Iterator<Item = i64>, file: u32) {
        self.entry(key, start).stored = Some((values.collect(), file));
    }

    /// What a row adds to the sum of all rows of its key.
    pub(super) fn say_more(&mut self, key: Key, values: impl Iterator<Item = i64>, file: u32) {
        let (said, place) = self.entry(key, 0).stored.get_or_insert_with(|| (Vec::new(), file));
        *place = file;
        if said.is_empty() {
            said.extend(values);
        } else {
            said.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        }
    }

    /// Compares the books of intervals that begin before `before`, and closes them. Of what is `excused` (a key, the begin of an
    /// interval, a law) more may come.
    pub(super) fn judge(
        &mut self,
        before: i64,
        excused: impl Fn(&Key, i64, Law) -> bool,
        reader: &Reader,
        findings: &mut Findings,
    ) {
        let due: Vec<_> = self.entries.keys().filter(|(_, start)| *start < before).copied().collect();
        for at in due {
            let Some(entry) = self.entries.remove(&at) else { continue };
            self.compare(at, &entry, &excused, reader, findings);
        }
    }

    fn compare(
        &self,
        (key, start): (Key, i64),
        entry: &Entry,
        excused: &impl Fn(&Key, i64, Law) -> bool,
        reader: &Reader,
        findings: &mut Findings,
    ) {
        let shown = |value: i64| if value == NO_LONG { "null".to_owned() } else { value.to_string() };
        for (i, column) in self.columns.iter().enumerate() {
            // Agents are at work before the first event of a queue gives it a row.
            if column.law == Law::QueueStaffing && entry.stored.is_none() {
                continue;
            }
            if excused(&key, start, column.law) {
                continue;
            }
            let (derived, more) = (entry.derived[i], entry.more[i]);
            let empty = if column.how == How::Sum { 0 } else { NO_LONG };
            let stored = entry.stored.as_ref().map_or(empty, |(values, _)| values[i]);
            let over = stored.checked_sub(derived).filter(|_| derived != NO_LONG);
            let holds = stored == derived || over.is_some_and(|over| (1..=more).contains(&over));
            findings.that(column.law, holds, || {
                let place = entry.stored.as_ref().map_or(self.table, |(_, file)| reader.text(*file));
                let names = self.names.iter().zip(key).map(|(name, text)| format!("{name}={}", reader.text(text)));
                let mut key = names.collect::<Vec<_>>().join(" ");
                if start != 0 {
                    key += &format!(" interval_start={}", Micros(start * 1000));
                }
                let is = if entry.stored.is_some() { shown(stored) } else { "in no row".into() };
                let or = if more > 0 { format!(" to {}", derived + more) } else { String::new() };
                let what = format!("{} is {is}, details make {}{or}", column.name, shown(derived));
                Example { place: place.to_owned(), key, what }
            });
        }
    }
}
