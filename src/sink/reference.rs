//! The tables as people read them: `schemas/parquet.md`, made from the same declarations as the files.

use std::fmt::Write;

use crate::for_each_table;
use crate::model::row::Rows;
use crate::model::table::{Row, Table, Type};

use super::parquet::{DEFINITIONS_VERSION, SCHEMA_VERSION};

const INTRODUCTION: &str = "\
Files lie at `DATA/history/TABLE/tenant=T/date=YYYY-MM-DD/part-*.parquet`; the date is the UTC date of the column marked
*partition*. A plain glob shows every key once. `DATA/manifest/TABLE/tenant=T/date=YYYY-MM-DD.json` lists the same files with
rows, bytes, checksum (`xxh64` of the content, seed 0), first and last instant, switches and watermark.

* Instants are UTC with microseconds, durations whole milliseconds (`*_ms`), ratios are never stored.
* *null* means not known or not applicable; zero means none.
* Rows of a row group are sorted by the columns named under *sorted by*; columns other than ids carry statistics, and page indexes
  where a reader can use them. Packed columns are compressed with zstd only when that makes them smaller.
* Key-value metadata of a file: `callfold.table`, `.tenant`, `.schema_version`, `.definitions_version`, `.producer`,
  `.writer` (`replay` or `live`), `.watermark_us`, `.rows`, `.first_us`, `.last_us`, `.switches`. Nothing depends on the time of writing: same input, same bytes.
* Columns are only ever added, and added ones may be null. Read by name.
";

const fn parquet_type(ty: Type) -> &'static str {
    match ty {
        Type::Name | Type::Text => "STRING",
        Type::Uuid => "UUID",
        Type::Instant => "TIMESTAMP(µs, UTC)",
        Type::Long => "INT64",
        Type::Int => "INT32",
        Type::Flag => "BOOLEAN",
        Type::NameList => "LIST&lt;STRING&gt;",
    }
}

fn table_of<R: Row>(_: &[R]) -> &'static Table {
    const { &R::TABLE }
}

fn describe(out: &mut String, table: &Table) {
    let key = table.key.join(", ");
    let sort: Vec<&str> = table.sort.iter().copied().chain([table.time]).collect();
    let _ = writeln!(out, "\n## {}\n\n{}\n", table.name, table.doc.trim());
    let _ = writeln!(out, "Key: {key}. Sorted by: {}.\n", sort.join(", "));
    let _ = writeln!(out, "| column | type | null | meaning |\n| --- | --- | --- | --- |");
    for column in table.columns {
        let null = if column.nullable { "yes" } else { "" };
        let partition = if column.name == table.time { " (*partition*)" } else { "" };
        let doc = column.doc.replace('|', "\\|");
        let _ = writeln!(out, "| `{}` | {} | {null} | {doc}{partition} |", column.name, parquet_type(column.ty));
    }
}

/// The reference of all tables in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut out = String::from("# Parquet tables\n\n");
    let _ = writeln!(out, "Schema version {SCHEMA_VERSION}, definitions version {DEFINITIONS_VERSION}.\n");
    out.push_str(INTRODUCTION);
    let rows = Rows::default();
    macro_rules! describe {
        ($table:ident) => {
            describe(&mut out, table_of(&rows.$table));
        };
    }
    for_each_table!(describe);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `CALLFOLD_BLESS=1` writes the file instead.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "whoever runs the test asks for a new file")]
    fn the_written_reference_is_that_of_the_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/parquet.md");
        if std::env::var_os("CALLFOLD_BLESS").is_some() {
            std::fs::write(path, reference()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap();
        assert!(written == reference(), "schemas/parquet.md is stale; run the tests with CALLFOLD_BLESS=1");
    }
}
