//! Dimensions: small tables whose file is replaced as a whole, and which remember what earlier runs knew.
//!
//! In: the new rows of one tenant as buffered columns, and the directory of the file that is there. Out: the same buffers
//! with what the file knew beside it, and which of their rows make the new file, in order. Knows no names and no objects:
//! a row is its key and its cells.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use crate::model::table::{Kind, Table};

use super::column::{Columns, NULL_FLAG, NULL_INT, NULL_LONG, NULL_SPAN, Values};
use super::mirror::{NULL, Texts};

/// A column that says since when a row holds: of two rows of one key the earlier.
const EARLIEST: &str = "valid_from";

/// Adds what the files in `dir` know to the new rows in `columns`; returns the rows of the new file in order.
///
/// # Errors
/// When a file is there and cannot be read: replacing it would lose what it knows.
pub(super) fn merge(table: &Table, columns: &mut Columns, dir: &Path, texts: &mut Texts) -> Result<Vec<u32>> {
    let new = columns.rows;
    if table.kind == Kind::Known {
        for path in files(dir)? {
            read(table, columns, &path, texts)?;
        }
    }
    let keys: Vec<usize> =
        table.key.iter().filter_map(|name| table.columns.iter().position(|c| c.name == *name)).collect();
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut kept: Vec<u32> = Vec::new();
    // What was known first, then what is new in the order it came: later rows win.
    for row in (new..columns.rows).chain(0..new) {
        let mut key = Vec::new();
        keys.iter().for_each(|at| put_key(&columns.values[*at], row, &mut key));
        match places.get(&key) {
            Some(&place) => replace(table, columns, place, row),
            None => {
                places.insert(key, row);
                kept.push(row as u32);
            }
        }
    }
    sort(table, columns, &mut kept, texts);
    Ok(kept)
}

/// Brings rows into the order of the table.
pub(super) fn sort(table: &Table, columns: &Columns, rows: &mut [u32], texts: &Texts) {
    let order: Vec<usize> =
        table.order().filter_map(|name| table.columns.iter().position(|c| c.name == name)).collect();
    rows.sort_by(|a, b| {
        let cells = order.iter().map(|at| compare(&columns.values[*at], *a as usize, *b as usize, texts));
        cells.fold(Ordering::Equal, Ordering::then)
    });
}

/// Copies the cells of `rows` to empty buffers.
pub(super) fn gather(from: &Columns, rows: &[u32], into: &mut Columns) {
    for (from, into) in from.values.iter().zip(&mut into.values) {
        let rows = rows.iter().map(|row| *row as usize);
        match (from, into) {
            (Values::Name(from), Values::Name(into)) => into.extend(rows.map(|row| from[row])),
            (Values::Uuid(from), Values::Uuid(into)) => into.extend(rows.map(|row| from[row])),
            (Values::Long(from), Values::Long(into)) => into.extend(rows.map(|row| from[row])),
            (Values::Int(from), Values::Int(into)) => into.extend(rows.map(|row| from[row])),
            (Values::Flag(from), Values::Flag(into)) => into.extend(rows.map(|row| from[row])),
            (Values::Text { spans: from, data }, Values::Text { spans, data: into }) => {
                for (start, len) in rows.map(|row| from[row]) {
                    if (start, len) == NULL_SPAN {
                        spans.push(NULL_SPAN);
                    } else {
                        spans.push((into.len() as u32, len));
                        into.extend_from_slice(&data[start as usize..(start + len) as usize]);
                    }
                }
            }
            (Values::NameList { spans: from, items }, Values::NameList { spans, items: into }) => {
                for (start, len) in rows.map(|row| from[row]) {
                    if (start, len) == NULL_SPAN {
                        spans.push(NULL_SPAN);
                    } else {
                        spans.push((into.len() as u32, len));
                        into.extend_from_slice(&items[start as usize..(start + len) as usize]);
                    }
                }
            }
            (from, into) => unreachable!("{from:?} into {into:?}"),
        }
    }
    into.rows += rows.len();
}

/// The Parquet files in `dir`, in order of name.
fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(ParquetError::External(Box::new(e))),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| ParquetError::External(Box::new(e)))?.path();
        found.extend(Some(path).filter(|path| path.extension().is_some_and(|e| e == "parquet")));
    }
    found.sort();
    Ok(found)
}

/// Appends the rows of a file; columns that it does not have yet are null, or empty where null is not allowed.
fn read(table: &Table, columns: &mut Columns, path: &Path, texts: &mut Texts) -> Result<()> {
    let reader = SerializedFileReader::new(File::open(path).map_err(|e| ParquetError::External(Box::new(e)))?)?;
    for row in reader.get_row_iter(None)? {
        let row = row?;
        for (column, values) in table.columns.iter().zip(&mut columns.values) {
            let cell = row.get_column_iter().find(|(name, _)| *name == column.name);
            put(values, cell.map_or(&Field::Null, |(_, cell)| cell), column.nullable, texts);
        }
        columns.rows += 1;
    }
    Ok(())
}

/// Appends one cell; a cell of another type than the column's counts as absent.
fn put(values: &mut Values, cell: &Field, nullable: bool, texts: &mut Texts) {
    match values {
        Values::Name(out) => out.push(match cell {
            Field::Str(text) => texts.intern(text),
            _ if nullable => NULL,
            _ => texts.intern(""),
        }),
        Values::Text { spans, data } => {
            let text = match cell {
                Field::Str(text) => Some(text.as_str()),
                _ => (!nullable).then_some(""),
            };
            spans.push(text.map_or(NULL_SPAN, |text| (data.len() as u32, text.len() as u32)));
            data.extend_from_slice(text.unwrap_or_default().as_bytes());
        }
        // No dimension has a list yet: it would be read here.
        Values::NameList { spans, .. } => spans.push(NULL_SPAN),
        Values::Uuid(out) => out.push(match cell {
            Field::Bytes(bytes) => bytes.data().try_into().map_or(0, u128::from_be_bytes),
            _ => 0,
        }),
        Values::Long(out) => out.push(match cell {
            Field::Long(v) | Field::TimestampMicros(v) | Field::TimeMicros(v) => *v,
            _ if nullable => NULL_LONG,
            _ => 0,
        }),
        Values::Int(out) => out.push(match cell {
            Field::Int(v) | Field::Date(v) => *v,
            _ if nullable => NULL_INT,
            _ => 0,
        }),
        Values::Flag(out) => out.push(match cell {
            Field::Bool(v) => u8::from(*v),
            _ if nullable => NULL_FLAG,
            _ => 0,
        }),
    }
}

/// Appends what tells the cell from every other of its column.
fn put_key(values: &Values, row: usize, key: &mut Vec<u8>) {
    match values {
        Values::Name(all) => key.extend_from_slice(&all[row].to_le_bytes()),
        Values::Uuid(all) => key.extend_from_slice(&all[row].to_le_bytes()),
        Values::Long(all) => key.extend_from_slice(&all[row].to_le_bytes()),
        Values::Int(all) => key.extend_from_slice(&all[row].to_le_bytes()),
        Values::Flag(all) => key.push(all[row]),
        Values::Text { spans, data } => {
            key.extend_from_slice(&spans[row].1.to_le_bytes());
            key.extend_from_slice(text(spans, data, row).unwrap_or_default());
        }
        Values::NameList { .. } => {}
    }
}

fn text<'a>(spans: &[(u32, u32)], data: &'a [u8], row: usize) -> Option<&'a [u8]> {
    let (start, len) = spans[row];
    (spans[row] != NULL_SPAN).then(|| &data[start as usize..(start + len) as usize])
}

/// Lays what the row `new` knows over the row `old`.
fn replace(table: &Table, columns: &mut Columns, old: usize, new: usize) {
    for (column, values) in table.columns.iter().zip(&mut columns.values) {
        match values {
            Values::Name(all) if all[new] != NULL => all[old] = all[new],
            Values::Text { spans, .. } | Values::NameList { spans, .. } if spans[new] != NULL_SPAN => {
                spans[old] = spans[new];
            }
            Values::Uuid(all) if all[new] != 0 => all[old] = all[new],
            Values::Long(all) if column.name == EARLIEST => all[old] = all[old].min(all[new]),
            Values::Long(all) if all[new] != NULL_LONG => all[old] = all[new],
            Values::Int(all) if all[new] != NULL_INT => all[old] = all[new],
            Values::Flag(all) if all[new] != NULL_FLAG => all[old] = all[new],
            _ => {}
        }
    }
}

fn compare(values: &Values, a: usize, b: usize, texts: &Texts) -> Ordering {
    match values {
        Values::Name(all) => match (all[a], all[b]) {
            (a, b) if a == b => Ordering::Equal,
            // Nulls go last.
            (NULL, _) => Ordering::Greater,
            (_, NULL) => Ordering::Less,
            (a, b) => texts.get(a).cmp(texts.get(b)),
        },
        Values::Long(all) => all[a].cmp(&all[b]),
        Values::Int(all) => all[a].cmp(&all[b]),
        _ => Ordering::Equal,
    }
}
