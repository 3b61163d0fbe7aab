//! Tuples of COPY's binary format back to columns: the other direction of [`super::tuple`].
//!
//! In: bytes as they come from the server, cut anywhere. Out: rows at the end of a [`Block`]. Keeps what is cut off until the rest comes.
//! Refuses to know where the bytes come from.

use super::tuple::{EPOCH, EPOCH_DAYS};
use crate::model::table::Type;
use crate::sink::column::Values;
use crate::sink::read::{Block, Reader};

/// What every copy begins with.
pub(super) const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// Bytes from the begin of the signature to the first tuple, without an extension.
const HEADER: usize = SIGNATURE.len() + 8;

/// Reads tuples as they come.
#[derive(Debug, Default)]
pub(super) struct Tuples {
    /// What came and is not read.
    kept: Vec<u8>,
    has_header: bool,
    is_over: bool,
}

/// Bytes of one cell; `None` for null.
type Cell<'a> = Option<&'a [u8]>;

impl Tuples {
    /// Appends the rows that `bytes` complete.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub(super) fn take(&mut self, bytes: &[u8], block: &mut Block, reader: &mut Reader) -> Result<(), String> {
        if self.is_over {
            return Ok(());
        }
        let mut kept = std::mem::take(&mut self.kept);
        // As the server sends a tuple at a time, usually nothing was kept and nothing is copied.
        let all = if kept.is_empty() {
            bytes
        } else {
            kept.extend_from_slice(bytes);
            &kept
        };
        let mut at = 0;
        if !self.has_header {
            if all.len() < HEADER {
                self.kept = all.to_vec();
                return Ok(());
            }
            let extension = i32::from_be_bytes(array(&all[HEADER - 4..HEADER])?);
            if !all.starts_with(SIGNATURE) || extension != 0 {
                return Err("it is no copy in binary format".into());
            }
            self.has_header = true;
            at = HEADER;
        }
        while let Some((cells, end)) = cells(&all[at..], block)? {
            at += end;
            let Some(cells) = cells else {
                self.is_over = true;
                return Ok(());
            };
            append(&cells, block, reader)?;
        }
        self.kept = all[at..].to_vec();
        Ok(())
    }
}

/// The cells of the first tuple and its length; no cells at the end of the copy, nothing when it is cut off.
#[allow(clippy::type_complexity, reason = "read in one place")]
fn cells<'a>(bytes: &'a [u8], block: &Block) -> Result<Option<(Option<Vec<Cell<'a>>>, usize)>, String> {
    let Some(count) = bytes.get(..2) else { return Ok(None) };
    let count = i16::from_be_bytes(array(count)?);
    if count == -1 {
        return Ok(Some((None, 2)));
    }
    let wanted = block.table.columns.len();
    if usize::try_from(count) != Ok(wanted) {
        return Err(format!("a row has {count} cells, {wanted} were asked for"));
    }
    let mut at = 2;
    let mut cells = Vec::with_capacity(wanted);
    for _ in 0..wanted {
        let Some(length) = bytes.get(at..at + 4) else { return Ok(None) };
        at += 4;
        let Ok(length) = usize::try_from(i32::from_be_bytes(array(length)?)) else {
            cells.push(None);
            continue;
        };
        let Some(cell) = bytes.get(at..at + length) else { return Ok(None) };
        at += length;
        cells.push(Some(cell));
    }
    Ok(Some((Some(cells), at)))
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], String> {
    bytes.try_into().map_err(|_| format!("a cell has {} bytes where {N} were expected", bytes.len()))
}

fn append(cells: &[Cell<'_>], block: &mut Block, reader: &mut Reader) -> Result<(), String> {
    let columns = block.table.columns;
    for ((cell, column), values) in cells.iter().zip(columns).zip(&mut block.columns.values) {
        let Some(bytes) = cell else {
            values.push_nulls(1);
            continue;
        };
        let wrong = |what: String| format!("column {}: {what}", column.name);
        match values {
            Values::Name(all) => all.push(reader.name(&String::from_utf8_lossy(bytes))),
            Values::Text { spans, data } => {
                spans.push((data.len() as u32, bytes.len() as u32));
                data.extend_from_slice(bytes);
            }
            Values::NameList { spans, items } => {
                let names = names(bytes).map_err(wrong)?;
                spans.push((items.len() as u32, names.len() as u32));
                items.extend(names.iter().map(|name| reader.name(name)));
            }
            Values::Uuid(all) => all.push(u128::from_be_bytes(array(bytes).map_err(wrong)?)),
            Values::Long(all) => {
                let number = i64::from_be_bytes(array(bytes).map_err(wrong)?);
                all.push(if column.ty == Type::Instant { number.saturating_add(EPOCH) } else { number });
            }
            Values::Int(all) => {
                let number = i32::from_be_bytes(array(bytes).map_err(wrong)?);
                all.push(if column.ty == Type::Date { number.saturating_add(EPOCH_DAYS) } else { number });
            }
            Values::Flag(all) => all.push(array::<1>(bytes).map_err(wrong)?[0]),
        }
    }
    block.columns.rows += 1;
    Ok(())
}

/// The elements of an array of texts of one dimension; one without elements has no dimension.
fn names(bytes: &[u8]) -> Result<Vec<String>, String> {
    let number = |at: usize| {
        bytes.get(at..at + 4).ok_or("an array is cut off".to_owned()).and_then(array).map(i32::from_be_bytes)
    };
    let mut names = Vec::new();
    if number(0)? == 0 {
        return Ok(names);
    }
    let (count, mut at) = (number(12)?, 20);
    for _ in 0..count {
        let length = usize::try_from(number(at)?).unwrap_or(0);
        at += 4;
        let text = bytes.get(at..at + length).ok_or("an array is cut off")?;
        at += length;
        names.push(String::from_utf8_lossy(text).into_owned());
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::super::ddl::tables;
    use super::*;

    /// A copy of two rows of a table, every cell something else, the second row null wherever it may be.
    fn copy(table: &crate::model::table::Table) -> Vec<u8> {
        let mut out = [SIGNATURE, &[0; 8]].concat();
        for row in 0..2_u8 {
            out.extend((table.columns.len() as i16).to_be_bytes());
            for (at, column) in table.columns.iter().enumerate() {
                let n = at as u8 + 1;
                let cell: Vec<u8> = match column.ty {
                    _ if row == 1 && column.nullable => {
                        out.extend((-1_i32).to_be_bytes());
                        continue;
                    }
                    Type::Name | Type::Text => format!("t{n}").into_bytes(),
                    Type::Uuid => vec![n; 16],
                    Type::Instant | Type::Long | Type::Time => i64::from(n).to_be_bytes().to_vec(),
                    Type::Int | Type::Date => i32::from(n).to_be_bytes().to_vec(),
                    Type::Flag => vec![1],
                    Type::NameList => {
                        let head = [1_i32, 0, 25, 2, 1, 1].map(i32::to_be_bytes).concat();
                        [head, b"a".to_vec(), 1_i32.to_be_bytes().to_vec(), b"b".to_vec()].concat()
                    }
                };
                out.extend((cell.len() as i32).to_be_bytes());
                out.extend(cell);
            }
        }
        out.extend((-1_i16).to_be_bytes());
        out
    }

    #[test]
    fn rows_are_the_same_wherever_the_bytes_are_cut() {
        for table in tables() {
            let bytes = copy(table);
            let shown = |cut: usize| {
                let mut reader = Reader::default();
                let mut block = reader.block(table);
                let mut tuples = Tuples::default();
                for piece in bytes.chunks(cut) {
                    tuples.take(piece, &mut block, &mut reader).expect("right");
                }
                let rows = (0..block.rows()).map(|row| {
                    let cells = table.columns.iter().map(|column| block.shown(&reader, column.name, row));
                    cells.collect::<Vec<_>>()
                });
                rows.collect::<Vec<_>>()
            };
            let whole = shown(bytes.len());
            assert_eq!(whole.len(), 2, "{}", table.name);
            for cut in [1, 3, 7, 64] {
                assert_eq!(shown(cut), whole, "{} in pieces of {cut}", table.name);
            }
            for (column, cell) in table.columns.iter().zip(&whole[1]) {
                assert_eq!(cell.is_empty(), column.nullable, "{}.{}", table.name, column.name);
            }
        }
    }

    #[test]
    fn what_is_no_copy_of_the_table_is_refused() {
        let table = tables()[0];
        let mut reader = Reader::default();
        let mut block = reader.block(table);
        assert!(Tuples::default().take(b"PGCOPY\n\xff\r\n\0....\0\0\0\x01", &mut block, &mut reader).is_err());
        let two = [SIGNATURE, &[0; 8], &[0, 2]].concat();
        let error = Tuples::default().take(&two, &mut block, &mut reader).expect_err("two cells");
        assert!(error.contains("2 cells"), "{error}");
    }
}
