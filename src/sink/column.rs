//! Buffers of rows by column, each column one plain array.
//!
//! Null is a reserved value in every buffer, so that a column can be gathered in any order. Filled by [`super::fill`], read
//! by the encoder. Knows no rows and no file format.

use crate::model::table::{Table, Type};

use super::mirror::{NULL, TextId};

/// Null in a column of 64-bit integers or instants.
pub(super) const NULL_LONG: i64 = i64::MIN;
/// Null in a column of 32-bit integers.
pub(super) const NULL_INT: i32 = i32::MIN;
/// Null in a column of flags.
pub(super) const NULL_FLAG: u8 = 2;
/// Null in a column of texts or lists.
pub(super) const NULL_SPAN: (u32, u32) = (u32::MAX, 0);

/// The cells of one column in the order of the rows.
#[derive(Clone, Debug)]
pub(super) enum Values {
    /// Numbers of texts; [`NULL`](super::mirror::NULL) is null.
    Name(Vec<TextId>),
    /// Start and length in `data`.
    Text { spans: Vec<(u32, u32)>, data: Vec<u8> },
    /// Start and length in `items`.
    NameList { spans: Vec<(u32, u32)>, items: Vec<TextId> },
    /// Ids; zero is null where null is allowed.
    Uuid(Vec<u128>),
    /// Longs, instants and times of day.
    Long(Vec<i64>),
    /// Counts and dates.
    Int(Vec<i32>),
    /// 0, 1 or [`NULL_FLAG`].
    Flag(Vec<u8>),
}

impl Values {
    fn new(ty: Type) -> Self {
        match ty {
            Type::Name => Self::Name(Vec::new()),
            Type::Text => Self::Text { spans: Vec::new(), data: Vec::new() },
            Type::NameList => Self::NameList { spans: Vec::new(), items: Vec::new() },
            Type::Uuid => Self::Uuid(Vec::new()),
            Type::Instant | Type::Long | Type::Time => Self::Long(Vec::new()),
            Type::Int | Type::Date => Self::Int(Vec::new()),
            Type::Flag => Self::Flag(Vec::new()),
        }
    }

    /// Appends nulls.
    pub(super) fn push_nulls(&mut self, n: usize) {
        match self {
            Self::Name(v) => v.resize(v.len() + n, NULL),
            Self::Text { spans, .. } | Self::NameList { spans, .. } => spans.resize(spans.len() + n, NULL_SPAN),
            Self::Uuid(v) => v.resize(v.len() + n, 0),
            Self::Long(v) => v.resize(v.len() + n, NULL_LONG),
            Self::Int(v) => v.resize(v.len() + n, NULL_INT),
            Self::Flag(v) => v.resize(v.len() + n, NULL_FLAG),
        }
    }

    /// Forgets all cells from `rows` on.
    fn truncate(&mut self, rows: usize) {
        match self {
            Self::Name(v) => v.truncate(rows),
            Self::Text { spans, .. } | Self::NameList { spans, .. } => spans.truncate(rows),
            Self::Uuid(v) => v.truncate(rows),
            Self::Long(v) => v.truncate(rows),
            Self::Int(v) => v.truncate(rows),
            Self::Flag(v) => v.truncate(rows),
        }
    }

    /// Bytes of free text.
    pub(super) fn text_bytes(&self) -> usize {
        if let Self::Text { data, .. } = self { data.len() } else { 0 }
    }

    /// Takes the cells from `row` on away.
    fn split_off(&mut self, row: usize) -> Self {
        match self {
            Self::Name(v) => Self::Name(v.split_off(row)),
            Self::Text { spans, data } => {
                let mut spans = spans.split_off(row);
                let start = rebase(&mut spans, data.len());
                Self::Text { spans, data: data.split_off(start) }
            }
            Self::NameList { spans, items } => {
                let mut spans = spans.split_off(row);
                let start = rebase(&mut spans, items.len());
                Self::NameList { spans, items: items.split_off(start) }
            }
            Self::Uuid(v) => Self::Uuid(v.split_off(row)),
            Self::Long(v) => Self::Long(v.split_off(row)),
            Self::Int(v) => Self::Int(v.split_off(row)),
            Self::Flag(v) => Self::Flag(v.split_off(row)),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Name(v) => v.clear(),
            Self::Text { spans, data } => {
                spans.clear();
                data.clear();
            }
            Self::NameList { spans, items } => {
                spans.clear();
                items.clear();
            }
            Self::Uuid(v) => v.clear(),
            Self::Long(v) => v.clear(),
            Self::Int(v) => v.clear(),
            Self::Flag(v) => v.clear(),
        }
    }
}

/// Counts places from the first one of `spans`, and returns that; cells come in the order of their places.
fn rebase(spans: &mut [(u32, u32)], end: usize) -> usize {
    let start = spans.iter().filter(|span| **span != NULL_SPAN).map(|span| span.0).min().unwrap_or(end as u32);
    spans.iter_mut().filter(|span| **span != NULL_SPAN).for_each(|span| span.0 -= start);
    start as usize
}

/// The buffered rows of one file's next row group.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// One per column of the table.
    pub(super) values: Vec<Values>,
    /// Rows buffered.
    pub(super) rows: usize,
    /// Bytes of free text buffered.
    pub(super) text_bytes: usize,
}

impl Columns {
    /// Empty buffers for a table.
    pub(super) fn new(table: &Table) -> Self {
        Self { values: table.columns.iter().map(|c| Values::new(c.ty)).collect(), rows: 0, text_bytes: 0 }
    }

    /// Forgets all rows from `rows` on.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.values.iter_mut().for_each(|values| values.truncate(rows));
        self.rows = rows;
    }

    /// Takes the rows from `row` on away.
    pub(super) fn split_off(&mut self, row: usize) -> Self {
        let values: Vec<Values> = self.values.iter_mut().map(|values| values.split_off(row)).collect();
        let rows = self.rows - row;
        self.rows = row;
        Self { values, rows, text_bytes: 0 }
    }

    /// Empties the buffers, keeping their memory.
    pub(super) fn clear(&mut self) {
        self.values.iter_mut().for_each(Values::clear);
        self.rows = 0;
        self.text_bytes = 0;
    }
}
