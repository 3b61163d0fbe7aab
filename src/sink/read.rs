//! Files back to columns: the rows of one partition of a table as plain arrays.
//!
//! In: Parquet files as this directory writes them, of any schema version: columns are found by name, and one that a file
//! does not have is null in every row. Out: a [`Block`]. Reads below Arrow, a column chunk at a time. Knows no law that rows
//! obey, and does not look at manifests.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::statistics::Statistics;

use crate::model::table::{Column, Table, Type};

use super::column::{Columns, NULL_FLAG, NULL_INT, NULL_LONG, NULL_SPAN, Values};
use super::mirror::{NULL, TextId, Texts};

/// Cells taken at a time.
const CELLS: usize = 1 << 13;

/// Why a file's rows could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file is not there, or not Parquet, or damaged.
    #[error("cannot read {}: {source}; it is damaged or no table of the product", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: ParquetError,
    },
    /// A column that may not be null is missing or has another type.
    #[error("{} has no column {column} of the type that table {table} has", .path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
}

/// Null in a column of instants or longs, as in [`Block::longs`].
pub const NO_LONG: i64 = NULL_LONG;
/// Null in a column of counts, as in [`Block::ints`].
pub const NO_INT: i32 = NULL_INT;
/// Null in a column of flags, as in [`Block::flags`].
pub const NO_FLAG: u8 = NULL_FLAG;
/// Null in a column of names, as in [`Block::names`].
pub const NO_NAME: u32 = NULL;
/// Null in a column of ids, as in [`Block::ids`].
pub const NO_ID: u128 = 0;

/// What a row group holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupSpan {
    /// Rows.
    pub rows: u64,
    /// Least value of a column.
    pub first: i64,
    /// Greatest value of it.
    pub last: i64,
}

/// The cells of a column of texts.
#[derive(Clone, Copy, Debug)]
pub struct TextColumn<'a> {
    spans: &'a [(u32, u32)],
    data: &'a [u8],
}

impl<'a> TextColumn<'a> {
    /// The cell of a row; `None` for null.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&'a str> {
        let span = self.spans[row];
        if span == NULL_SPAN {
            return None;
        }
        std::str::from_utf8(&self.data[span.0 as usize..][..span.1 as usize]).ok()
    }
}

/// Rows of one table by column, in the order of their files.
#[derive(Clone, Debug)]
pub struct Block {
    /// The table.
    pub table: &'static Table,
    pub(super) columns: Columns,
    /// Number of each file's name among the reader's texts, and its first row.
    files: Vec<(u32, usize)>,
}

/// Reads files; names of all files get numbers that mean the same in all blocks.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    pub(super) texts: Texts,
}

impl Reader {
    /// The number of a name.
    pub fn name(&mut self, text: &str) -> u32 {
        self.texts.intern(text)
    }

    /// The name of a number; empty for null.
    #[must_use]
    pub fn text(&self, name: u32) -> &str {
        if name == NULL { "" } else { self.texts.get(name) }
    }

    /// No rows of `table` yet.
    #[must_use]
    pub fn block(&self, table: &'static Table) -> Block {
        Block { table, columns: Columns::new(table), files: Vec::new() }
    }

    /// No rows of `table` yet; those that come lie in `place`.
    #[must_use]
    pub fn block_in(&mut self, table: &'static Table, place: &str) -> Block {
        let place = self.texts.intern(place);
        Block { table, columns: Columns::new(table), files: vec![(place, 0)] }
    }

    /// Row groups of the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn groups(&self, path: &Path) -> Result<usize, ReadError> {
        Ok(open(path)?.num_row_groups())
    }

    /// Rows, and least and greatest value of the column of instants `column`, of each row group of the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, or does not say.
    pub fn spans(&self, path: &Path, column: &'static str) -> Result<Vec<GroupSpan>, ReadError> {
        let failed = |what: &str| ReadError::File { path: path.to_owned(), source: ParquetError::General(what.into()) };
        let file = open(path)?;
        let groups = file.metadata().row_groups().iter();
        groups
            .map(|group| {
                let leaf = group.columns().iter().find(|leaf| leaf.column_path().parts()[0] == column);
                let known = leaf.and_then(|leaf| leaf.statistics());
                let Some(Statistics::Int64(known)) = known else { return Err(failed("a column has no statistics")) };
                let (Some(first), Some(last)) = (known.min_opt(), known.max_opt()) else {
                    return Err(failed("a column has no statistics"));
                };
                Ok(GroupSpan { rows: group.num_rows().unsigned_abs(), first: *first, last: *last })
            })
            .collect()
    }

    /// Appends the rows of one row group to `block`; on failure the block is as before.
    ///
    /// # Errors
    /// When it cannot be read, or is not of this table.
    pub fn append_group(&mut self, block: &mut Block, path: &Path, group: usize) -> Result<(), ReadError> {
        let failed = |source| ReadError::File { path: path.to_owned(), source };
        let before = block.columns.rows;
        let file = open(path)?;
        let read = file.get_row_group(group).map_err(failed);
        let read = read.and_then(|group| self.group(block, group.as_ref(), path));
        if read.is_err() {
            block.columns.truncate(before);
        }
        read
    }

    /// Appends the rows of the file at `path` to `block`; on failure the block is as before.
    ///
    /// # Errors
    /// When it cannot be read, or is not of this table.
    pub fn append(&mut self, block: &mut Block, path: &Path) -> Result<(), ReadError> {
        let failed = |source| ReadError::File { path: path.to_owned(), source };
        let file = open(path)?;
        let before = block.columns.rows;
        let name = self.texts.intern(&path.display().to_string());
        let done = (0..file.num_row_groups()).try_for_each(|group| {
            let group = file.get_row_group(group).map_err(failed)?;
            self.group(block, group.as_ref(), path)
        });
        if done.is_err() {
            block.columns.truncate(before);
        } else {
            block.files.push((name, before));
        }
        done
    }

    fn group(&mut self, block: &mut Block, group: &dyn RowGroupReader, path: &Path) -> Result<(), ReadError> {
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        let leaves = group.metadata().columns();
        for (column, values) in block.table.columns.iter().zip(&mut block.columns.values) {
            let wrong = || ReadError::Column { path: path.to_owned(), table: block.table.name, column: column.name };
            let Some(at) = leaves.iter().position(|leaf| leaf.column_path().parts()[0] == column.name) else {
                if !column.nullable {
                    return Err(wrong());
                }
                values.push_nulls(rows);
                continue;
            };
            let descr = leaves[at].column_descr_ptr();
            let reader = group.get_column_reader(at);
            let reader = reader.map_err(|source| ReadError::File { path: path.to_owned(), source })?;
            let levels = (descr.max_def_level(), descr.max_rep_level());
            let mut chunk = Chunk { rows, levels, texts: &mut self.texts };
            let is_read = chunk.take(column, reader, values);
            if !is_read.map_err(|source| ReadError::File { path: path.to_owned(), source })? {
                return Err(wrong());
            }
        }
        block.columns.rows += rows;
        block.columns.text_bytes = block.columns.values.iter().map(Values::text_bytes).sum();
        Ok(())
    }
}

fn open(path: &Path) -> Result<SerializedFileReader<File>, ReadError> {
    let failed = |source| ReadError::File { path: path.to_owned(), source };
    let file = File::open(path).map_err(|e| failed(e.into()))?;
    SerializedFileReader::new(file).map_err(failed)
}

/// One column of a row group.
struct Chunk<'a> {
    rows: usize,
    /// Greatest definition and repetition level.
    levels: (i16, i16),
    texts: &'a mut Texts,
}

impl Chunk<'_> {
    /// Appends the cells; `false` when they are of another type.
    fn take(&mut self, column: &Column, reader: ColumnReader, to: &mut Values) -> Result<bool, ParquetError> {
        match (reader, to) {
            (ColumnReader::Int64ColumnReader(r), Values::Long(out)) => {
                self.cells(r, |cells| out.extend(cells.map(|c| c.copied().unwrap_or(NULL_LONG))))?;
            }
            (ColumnReader::Int32ColumnReader(r), Values::Int(out)) => {
                self.cells(r, |cells| out.extend(cells.map(|c| c.copied().unwrap_or(NULL_INT))))?;
            }
            (ColumnReader::BoolColumnReader(r), Values::Flag(out)) => {
                self.cells(r, |cells| out.extend(cells.map(|c| c.map_or(NULL_FLAG, |flag| u8::from(*flag)))))?;
            }
            (ColumnReader::FixedLenByteArrayColumnReader(r), Values::Uuid(out)) => {
                let id = |bytes: &[u8]| bytes.try_into().map_or(0, u128::from_be_bytes);
                self.cells(r, |cells| out.extend(cells.map(|c| c.map_or(0, |bytes| id(bytes.data())))))?;
            }
            (ColumnReader::ByteArrayColumnReader(r), Values::Name(out)) => {
                let mut names = Names { texts: std::mem::take(self.texts), known: HashMap::new() };
                let read = self.cells(r, |cells| out.extend(cells.map(|c| c.map_or(NULL, |text| names.number(text)))));
                *self.texts = names.texts;
                read?;
            }
            (ColumnReader::ByteArrayColumnReader(r), Values::Text { spans, data }) => {
                self.cells(r, |cells| {
                    for cell in cells {
                        let Some(text) = cell else {
                            spans.push(NULL_SPAN);
                            continue;
                        };
                        spans.push((data.len() as u32, text.len() as u32));
                        data.extend_from_slice(text.data());
                    }
                })?;
            }
            (ColumnReader::ByteArrayColumnReader(r), Values::NameList { spans, items }) => {
                self.lists(column, r, spans, items)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Hands out all cells, in pieces; a null is `None`.
    fn cells<T: DataType>(
        &self,
        mut reader: ColumnReaderImpl<T>,
        mut take: impl FnMut(&mut dyn Iterator<Item = Option<&T::T>>),
    ) -> Result<(), ParquetError> {
        let (mut levels, mut values) = (Vec::new(), Vec::new());
        let mut left = self.rows;
        while left > 0 {
            levels.clear();
            values.clear();
            let wanted = (self.levels.0 > 0).then_some(&mut levels);
            let (records, ..) = reader.read_records(left.min(CELLS), wanted, None, &mut values)?;
            if records == 0 {
                return Err(ParquetError::General(format!("{left} rows are missing")));
            }
            left -= records;
            let mut present = values.iter();
            if self.levels.0 == 0 {
                take(&mut present.map(Some));
            } else {
                take(&mut levels.iter().map(|level| if *level > 0 { present.next() } else { None }));
            }
        }
        Ok(())
    }

    fn lists(
        &mut self,
        column: &Column,
        mut reader: ColumnReaderImpl<parquet::data_type::ByteArrayType>,
        spans: &mut Vec<(u32, u32)>,
        items: &mut Vec<TextId>,
    ) -> Result<(), ParquetError> {
        let (mut def, mut rep, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let mut left = self.rows;
        while left > 0 {
            def.clear();
            rep.clear();
            values.clear();
            let (records, ..) = reader.read_records(left.min(CELLS), Some(&mut def), Some(&mut rep), &mut values)?;
            if records == 0 {
                return Err(ParquetError::General(format!("{left} rows are missing")));
            }
            left -= records;
            let mut present = values.iter();
            for (def, rep) in def.iter().zip(&rep) {
                if *rep == 0 {
                    let is_null = column.nullable && *def == 0;
                    spans.push(if is_null { NULL_SPAN } else { (items.len() as u32, 0) });
                }
                if *def == self.levels.0
                    && let Some(text) = present.next()
                {
                    items.push(self.texts.intern(&String::from_utf8_lossy(text.data())));
                    if let Some(span) = spans.last_mut() {
                        span.1 += 1;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Numbers of the texts of a chunk: those of its dictionary have few places in memory, and are looked up once.
struct Names {
    texts: Texts,
    known: HashMap<(usize, usize), TextId>,
}

impl Names {
    fn number(&mut self, text: &ByteArray) -> TextId {
        let bytes = text.data();
        let place = (bytes.as_ptr() as usize, bytes.len());
        let texts = &mut self.texts;
        *self.known.entry(place).or_insert_with(|| texts.intern(&String::from_utf8_lossy(bytes)))
    }
}

impl Block {
    /// Takes the rows from `row` on away into a block of their own, without their files.
    pub(super) fn split_off(&mut self, row: usize) -> Self {
        let columns = self.columns.split_off(row);
        Self { table: self.table, columns, files: Vec::new() }
    }

    /// Rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.rows
    }

    /// Number of the name of the file that `row` lies in.
    #[must_use]
    pub fn file(&self, row: usize) -> u32 {
        let after = self.files.partition_point(|(_, first)| *first <= row);
        after.checked_sub(1).map_or(NULL, |at| self.files[at].0)
    }

    /// Whether the table has a column of this name.
    #[must_use]
    pub fn has(&self, column: &str) -> bool {
        self.table.columns.iter().any(|c| c.name == column)
    }

    fn values(&self, name: &str) -> &Values {
        let at = self.table.columns.iter().position(|c| c.name == name);
        let at = at.unwrap_or_else(|| unreachable!("table {} has no column {name}", self.table.name));
        &self.columns.values[at]
    }

    fn mismatch(&self, name: &str) -> ! {
        unreachable!("column {name} of table {} has another type", self.table.name)
    }

    /// A column of instants or longs; [`NO_LONG`] is null.
    #[must_use]
    pub fn longs(&self, name: &str) -> &[i64] {
        let Values::Long(all) = self.values(name) else { self.mismatch(name) };
        all
    }

    /// A column of counts; [`NO_INT`] is null.
    #[must_use]
    pub fn ints(&self, name: &str) -> &[i32] {
        let Values::Int(all) = self.values(name) else { self.mismatch(name) };
        all
    }

    /// A column of flags; [`NO_FLAG`] is null.
    #[must_use]
    pub fn flags(&self, name: &str) -> &[u8] {
        let Values::Flag(all) = self.values(name) else { self.mismatch(name) };
        all
    }

    /// A column of ids; [`NO_ID`] is null where null is allowed.
    #[must_use]
    pub fn ids(&self, name: &str) -> &[u128] {
        let Values::Uuid(all) = self.values(name) else { self.mismatch(name) };
        all
    }

    /// A column of names; [`NO_NAME`] is null.
    #[must_use]
    pub fn names(&self, name: &str) -> &[u32] {
        let Values::Name(all) = self.values(name) else { self.mismatch(name) };
        all
    }

    /// A cell of a column of texts.
    #[must_use]
    pub fn text(&self, name: &str, row: usize) -> Option<&str> {
        self.texts(name).get(row)
    }

    /// A column of texts.
    #[must_use]
    pub fn texts(&self, name: &str) -> TextColumn<'_> {
        let Values::Text { spans, data } = self.values(name) else { self.mismatch(name) };
        TextColumn { spans, data }
    }

    /// A column of texts, by its place in the table.
    #[must_use]
    pub fn texts_at(&self, column: usize) -> TextColumn<'_> {
        let Values::Text { spans, data } = &self.columns.values[column] else { self.mismatch(self.name_of(column)) };
        TextColumn { spans, data }
    }

    /// A column of names, by its place in the table.
    #[must_use]
    pub fn names_at(&self, column: usize) -> &[u32] {
        let Values::Name(all) = &self.columns.values[column] else { self.mismatch(self.name_of(column)) };
        all
    }

    /// A column of instants or long numbers, by its place in the table.
    #[must_use]
    pub fn longs_at(&self, column: usize) -> &[i64] {
        let Values::Long(all) = &self.columns.values[column] else { self.mismatch(self.name_of(column)) };
        all
    }

    /// A column of counts, by its place in the table.
    #[must_use]
    pub fn ints_at(&self, column: usize) -> &[i32] {
        let Values::Int(all) = &self.columns.values[column] else { self.mismatch(self.name_of(column)) };
        all
    }

    fn name_of(&self, column: usize) -> &'static str {
        self.table.columns[column].name
    }

    /// A count, long, instant or flag as a number; `None` for null and for other types.
    #[must_use]
    pub fn number(&self, column: usize, row: usize) -> Option<i64> {
        match &self.columns.values[column] {
            Values::Long(all) => Some(all[row]).filter(|v| *v != NULL_LONG),
            Values::Int(all) => Some(all[row]).filter(|v| *v != NULL_INT).map(i64::from),
            Values::Flag(all) => Some(all[row]).filter(|v| *v != NULL_FLAG).map(i64::from),
            _ => None,
        }
    }

    /// The first column in which a row differs from one of another block of the same table, both by one reader.
    #[must_use]
    pub fn difference(&self, row: usize, other: &Self, other_row: usize) -> Option<&'static str> {
        let cells = self.columns.values.iter().zip(&other.columns.values);
        let equal = |(a, b): (&Values, &Values)| match (a, b) {
            (Values::Name(a), Values::Name(b)) => a[row] == b[other_row],
            (Values::Uuid(a), Values::Uuid(b)) => a[row] == b[other_row],
            (Values::Long(a), Values::Long(b)) => a[row] == b[other_row],
            (Values::Int(a), Values::Int(b)) => a[row] == b[other_row],
            (Values::Flag(a), Values::Flag(b)) => a[row] == b[other_row],
            (Values::Text { spans: a, data }, Values::Text { spans: b, data: other }) => {
                same_text(slice(a[row], data), slice(b[other_row], other))
            }
            (Values::NameList { spans: a, items }, Values::NameList { spans: b, items: other }) => {
                slice(a[row], items) == slice(b[other_row], other)
            }
            _ => false,
        };
        let at = cells.map(equal).position(|is_equal| !is_equal)?;
        Some(self.table.columns[at].name)
    }

    /// The cell as people read it; empty for null.
    #[must_use]
    pub fn shown(&self, reader: &Reader, column: &str, row: usize) -> String {
        match self.values(column) {
            Values::Name(all) => reader.text(all[row]).to_owned(),
            Values::Uuid(all) if all[row] == 0 => String::new(),
            Values::Uuid(all) => crate::model::ids::Uuid(all[row]).to_string(),
            Values::Text { .. } => self.text(column, row).unwrap_or_default().to_owned(),
            Values::NameList { spans, items } => {
                let (start, len) = if spans[row] == NULL_SPAN { (0, 0) } else { spans[row] };
                let items = &items[start as usize..][..len as usize];
                items.iter().map(|item| reader.text(*item)).collect::<Vec<_>>().join(", ")
            }
            Values::Long(_) | Values::Int(_) | Values::Flag(_) => {
                let at = self.table.columns.iter().position(|c| c.name == column).unwrap_or(0);
                let Some(number) = self.number(at, row) else { return String::new() };
                if self.table.columns[at].ty == Type::Instant {
                    crate::model::time::Micros(number).to_string()
                } else {
                    number.to_string()
                }
            }
        }
    }
}

/// Whether two texts are one in every store: PostgreSQL knows no zero byte, and has U+FFFD in its place.
pub(super) fn same_text(a: Option<&[u8]>, b: Option<&[u8]>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return a == b };
    let has_zero = |text: &[u8]| memchr::memchr(0, text).is_some();
    let shown = |text: &[u8]| String::from_utf8_lossy(text).replace('\0', "\u{fffd}");
    a == b || ((has_zero(a) || has_zero(b)) && shown(a) == shown(b))
}

/// The part of `all` that a span names; `None` for null.
fn slice<T>(span: (u32, u32), all: &[T]) -> Option<&[T]> {
    (span != NULL_SPAN).then(|| &all[span.0 as usize..][..span.1 as usize])
}

/// What a test does to rows that were read.
#[cfg(test)]
impl Block {
    /// Takes a row out.
    pub(crate) fn remove(&mut self, row: usize) {
        for values in &mut self.columns.values {
            match values {
                Values::Name(all) => drop(all.remove(row)),
                Values::Text { spans, .. } | Values::NameList { spans, .. } => drop(spans.remove(row)),
                Values::Uuid(all) => drop(all.remove(row)),
                Values::Long(all) => drop(all.remove(row)),
                Values::Int(all) => drop(all.remove(row)),
                Values::Flag(all) => drop(all.remove(row)),
            }
        }
        self.columns.rows -= 1;
    }

    /// Changes a cell a little: to the value of another row where that differs, else to one beside it.
    pub(crate) fn change(&mut self, reader: &mut Reader, column: usize, row: usize) {
        let step = if self.table.columns[column].ty == Type::Instant { 1000 } else { 1 };
        match &mut self.columns.values[column] {
            Values::Name(all) => {
                let other = all.iter().find(|other| **other != all[row]).copied();
                all[row] = other.unwrap_or_else(|| reader.name("x"));
            }
            Values::Text { spans, data } => {
                let old = &data[spans[row].0.min(data.len() as u32) as usize..][..spans[row].1 as usize];
                let new = [old, b"7"].concat();
                spans[row] = (data.len() as u32, new.len() as u32);
                data.extend_from_slice(&new);
            }
            Values::NameList { spans, items } => {
                spans[row] = (items.len() as u32, 1);
                items.push(reader.name("x"));
            }
            Values::Uuid(all) => all[row] ^= 1 << 17,
            Values::Long(all) if all[row] == NULL_LONG => all[row] = 1_700_002_000_000_000,
            Values::Long(all) => all[row] += step,
            Values::Int(all) if all[row] == NULL_INT => all[row] = 1,
            Values::Int(all) => all[row] += 1,
            Values::Flag(all) => all[row] ^= 1,
        }
    }
}
