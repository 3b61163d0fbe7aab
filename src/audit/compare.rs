//! Whether two stores hold the same rows of a table and day: by key, and then cell by cell.
//!
//! In: the rows of both, with names that mean the same in both. Out: findings. Knows nothing of what a row means.

use super::Map;
use super::cells;
use super::finding::{Example, Findings, example};
use super::law::Law;
use crate::sink::{Block, Reader};

/// Compares the rows of the files with those of the database.
pub(super) fn stores(files: Option<&Block>, database: Option<&Block>, reader: &Reader, findings: &mut Findings) {
    let mut places: Map<[u64; 2], usize> = Map::default();
    if let Some(files) = files {
        places.extend((0..files.rows()).map(|row| (cells::key(files, row), row)));
    }
    if let Some(database) = database {
        for row in 0..database.rows() {
            let other = places.remove(&cells::key(database, row));
            let Some((files, other)) = files.zip(other) else {
                findings
                    .that(Law::StoresAgree, false, || example(reader, database, row, "the files do not have this row"));
                continue;
            };
            let differs = files.difference(other, database, row);
            findings.that(Law::StoresAgree, differs.is_none(), || {
                let column = differs.unwrap_or_default();
                let (a, b) = (files.shown(reader, column, other), database.shown(reader, column, row));
                example(reader, database, row, format!("{column} is `{b}`, in the files `{a}`"))
            });
        }
    }
    let Some(files) = files else { return };
    let mut left: Vec<usize> = places.into_values().collect();
    left.sort_unstable();
    for row in left {
        findings.that(Law::StoresAgree, false, || Example {
            what: "the database does not have this row".into(),
            ..example(reader, files, row, "")
        });
    }
}
