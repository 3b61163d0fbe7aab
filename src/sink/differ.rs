//! Stored rows against the same rows made again: which are equal, which differ and in what, which only one side has.
//!
//! In: two blocks of one table whose names one reader has numbered, and which rows are asked about. Out: row numbers. What a row tells of its
//! own writing is not compared. Refuses to know who made the rows.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher};

use super::column::{NULL_SPAN, Values};
use super::read::{Block, Reader, same_text};

/// Columns that tell when and how often a row was written, and by which event last: two ways to the same row differ in them.
const BOOKKEEPING: [&str; 4] = ["revision", "written_at", "last_event_id", "status"];

/// A row that both sides have, with different cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Row of the stored block.
    pub old: usize,
    /// Row of the other one.
    pub new: usize,
    /// Columns that differ, by their place in the table.
    pub columns: Vec<usize>,
}

/// How the rows of two blocks stand to one another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Rows that are equal.
    pub same: u64,
    /// Rows that are not.
    pub changed: Vec<Changed>,
    /// Rows that only the new block has.
    pub new: Vec<usize>,
    /// Rows that only the stored block has, or has once more.
    pub vanished: Vec<usize>,
    /// Rows of which nobody knows yet how they end, and which are left alone.
    pub undecided: u64,
}

impl Difference {
    /// Whether both blocks say the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.new.is_empty() && self.vanished.is_empty()
    }
}

/// Compares the rows of `old` and `new` for which `asked` holds for the time of the row. Of keys that are in `open` and not in `new`
/// nothing is said.
///
/// # Panics
/// When the blocks are of different tables.
#[must_use]
pub fn compare(reader: &Reader, (old, new, open): (&Block, &Block, &Block), asked: impl Fn(i64) -> bool) -> Difference {
    assert_eq!(old.table.name, new.table.name, "rows of one table are compared");
    let place = |name: &str| old.table.columns.iter().position(|column| column.name == name);
    let key: Vec<usize> = old.table.key.iter().filter_map(|name| place(name)).collect();
    let compared = |at: &usize| !key.contains(at) && !BOOKKEEPING.contains(&old.table.columns[*at].name);
    let cells: Vec<usize> = (0..old.table.columns.len()).filter(compared).collect();
    let status = place("status");
    // That an interval is not final yet is more than bookkeeping.
    let is_unfinished = |block: &Block, row: usize| match status.map(|at| &block.columns.values[at]) {
        Some(Values::Name(names)) => matches!(reader.text(names[row]), "open" | "provisional"),
        _ => false,
    };
    let asked_rows = |block: &Block| {
        let times = block.longs(block.table.time).iter().enumerate();
        times.filter(|(_, at)| asked(**at)).map(|(row, _)| row).collect::<Vec<usize>>()
    };
    let mut made = Index::new(new, &key, asked_rows(new));
    let mut undecided = Index::new(open, &key, (0..open.rows()).collect());
    let mut difference = Difference::default();
    for row in asked_rows(old) {
        let Some(other) = made.take(old, row) else {
            match undecided.take(old, row) {
                Some(_) => difference.undecided += 1,
                None => difference.vanished.push(row),
            }
            continue;
        };
        let mut columns: Vec<usize> = cells.iter().copied().filter(|at| !same(old, row, new, other, *at)).collect();
        columns.extend(status.filter(|_| is_unfinished(old, row) != is_unfinished(new, other)));
        if columns.is_empty() {
            difference.same += 1;
        } else {
            difference.changed.push(Changed { old: row, new: other, columns });
        }
    }
    difference.new = made.left();
    difference
}

/// The rows of `old` whose keys `keys` has, in order.
///
/// # Panics
/// When the blocks are of different tables.
#[must_use]
pub fn holding(old: &Block, keys: &Block) -> Vec<usize> {
    assert_eq!(old.table.name, keys.table.name, "rows of one table are compared");
    let place = |name: &&str| old.table.columns.iter().position(|column| column.name == *name);
    let key: Vec<usize> = old.table.key.iter().filter_map(place).collect();
    let mut index = Index::new(keys, &key, (0..keys.rows()).collect());
    (0..old.rows()).filter(|row| index.take(old, *row).is_some()).collect()
}

/// Compares the keys of rows that describe things: what is described already stays as it is, what nobody describes is new.
///
/// # Panics
/// When the blocks are of different tables.
#[must_use]
pub fn undescribed(old: &Block, new: &Block) -> Difference {
    let rows: Vec<usize> = (0..new.rows()).collect();
    let places = places(new, &rows, old);
    let new: Vec<usize> = rows.into_iter().filter(|row| places[*row].is_none()).collect();
    Difference { same: (places.len() - new.len()) as u64, new, ..Difference::default() }
}

/// Where `within` has the keys of these rows of `block`.
///
/// # Panics
/// When the blocks are of different tables.
#[must_use]
pub fn places(block: &Block, rows: &[usize], within: &Block) -> Vec<Option<usize>> {
    assert_eq!(block.table.name, within.table.name, "rows of one table are compared");
    let place = |name: &&str| block.table.columns.iter().position(|column| column.name == *name);
    let key: Vec<usize> = block.table.key.iter().filter_map(place).collect();
    let all = if rows.is_empty() { Vec::new() } else { (0..within.rows()).collect() };
    let mut index = Index::new(within, &key, all);
    rows.iter().map(|row| index.take(block, *row)).collect()
}

/// Rows of a block by their keys.
struct Index<'a> {
    block: &'a Block,
    key: &'a [usize],
    hasher: foldhash::fast::FixedState,
    rows: HashMap<u64, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn new(block: &'a Block, key: &'a [usize], rows: Vec<usize>) -> Self {
        let mut index = Self { block, key, hasher: foldhash::fast::FixedState::default(), rows: HashMap::new() };
        for row in rows {
            index.rows.entry(index.hash(block, row)).or_default().push(row);
        }
        index
    }

    fn hash(&self, block: &Block, row: usize) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        for at in self.key {
            match &block.columns.values[*at] {
                Values::Name(all) => all[row].hash(&mut hasher),
                Values::Uuid(all) => all[row].hash(&mut hasher),
                Values::Long(all) => all[row].hash(&mut hasher),
                Values::Int(all) => all[row].hash(&mut hasher),
                Values::Flag(all) => all[row].hash(&mut hasher),
                Values::Text { spans, data } => bytes(spans, data, row).hash(&mut hasher),
                Values::NameList { spans, items } => cell(spans, items, row).hash(&mut hasher),
            }
        }
        hasher.finish()
    }

    /// Takes the row away that has the key of a row of another block.
    fn take(&mut self, other: &Block, row: usize) -> Option<usize> {
        let hash = self.hash(other, row);
        let rows = self.rows.get_mut(&hash)?;
        let at = rows.iter().position(|own| self.key.iter().all(|at| same(other, row, self.block, *own, *at)))?;
        Some(rows.remove(at))
    }

    /// The rows that nobody has taken, in order.
    fn left(self) -> Vec<usize> {
        let mut left: Vec<usize> = self.rows.into_values().flatten().collect();
        left.sort_unstable();
        left
    }
}

/// The items of a list, or none for null.
fn cell<'a, T>(spans: &[(u32, u32)], items: &'a [T], row: usize) -> Option<&'a [T]> {
    let (start, len) = spans[row];
    ((start, len) != NULL_SPAN).then(|| &items[start as usize..][..len as usize])
}

fn bytes<'a>(spans: &[(u32, u32)], data: &'a [u8], row: usize) -> Option<&'a [u8]> {
    cell(spans, data, row)
}

/// Whether the cells of two rows in the column `at` are equal.
fn same(a: &Block, a_row: usize, b: &Block, b_row: usize, at: usize) -> bool {
    match (&a.columns.values[at], &b.columns.values[at]) {
        (Values::Name(a), Values::Name(b)) => a[a_row] == b[b_row],
        (Values::Uuid(a), Values::Uuid(b)) => a[a_row] == b[b_row],
        (Values::Long(a), Values::Long(b)) => a[a_row] == b[b_row],
        (Values::Int(a), Values::Int(b)) => a[a_row] == b[b_row],
        (Values::Flag(a), Values::Flag(b)) => a[a_row] == b[b_row],
        (Values::Text { spans: a, data: from }, Values::Text { spans: b, data: to }) => {
            same_text(bytes(a, from, a_row), bytes(b, to, b_row))
        }
        (Values::NameList { spans: a, items: from }, Values::NameList { spans: b, items: to }) => {
            cell(a, from, a_row) == cell(b, to, b_row)
        }
        _ => false,
    }
}
