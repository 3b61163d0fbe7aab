//! The tables as people read them, made from the same declarations as the files: the reference `schemas/parquet.md`, and the
//! views over the files in `schemas/duckdb.sql`.

use std::fmt::Write;

use crate::for_each_table;
use crate::model::row::Rows;
use crate::model::table::{DEFINITIONS_VERSION, Kind, Row, Table, Type};

use super::parquet::SCHEMA_VERSION;

const INTRODUCTION: &str = "\
Files lie at `DATA/history/TABLE/tenant=T/date=YYYY-MM-DD/part-*.parquet`; the date is the UTC date of the column marked
*partition*. A plain glob shows every key once. `DATA/manifest/TABLE/tenant=T/date=YYYY-MM-DD.json` lists the same files with
rows, bytes, checksum (`xxh64` of the content, seed 0), first and last instant, switches and watermark.

* Instants are UTC with microseconds, durations whole milliseconds (`*_ms`), ratios are never stored.
* *null* means not known or not applicable; zero means none.
* Rows of a row group are sorted by the columns named under *sorted by*; columns other than ids carry statistics, and page indexes
  where a reader can use them. The columns `call_id` and `agent_id` have bloom filters. Packed columns are compressed with zstd only when that makes them smaller.
* Key-value metadata of a file: `callfold.table`, `.tenant`, `.schema_version`, `.definitions_version`, `.producer`,
  `.writer` (`replay` or `live`), `.watermark_us`, `.rows`, `.first_us`, `.last_us`, `.switches`. Nothing depends on the time of writing: same input, same bytes.
* A *dimension* has no date: its rows are one file at `DATA/history/TABLE/tenant=T/part-*.parquet`, that of the calendar, which all
  tenants share, at `DATA/history/dim_calendar/part-*.parquet`; the file is replaced as a whole, and
  its manifest is `DATA/manifest/TABLE/tenant=T.json` (`DATA/manifest/dim_calendar.json`).
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
        Type::Date => "DATE",
        Type::Time => "TIME(µs, local)",
    }
}

fn table_of<R: Row>(_: &[R]) -> &'static Table {
    const { &R::TABLE }
}

/// Every table there is, in the order of [`Rows`].
#[must_use]
pub fn tables() -> Vec<&'static Table> {
    let (rows, mut tables) = (Rows::default(), Vec::new());
    macro_rules! add {
        ($table:ident) => {
            tables.push(table_of(&rows.$table));
        };
    }
    for_each_table!(add);
    tables
}

fn describe(out: &mut String, table: &Table) {
    let key = table.key.join(", ");
    let sort: Vec<&str> = table.order().collect();
    let _ = writeln!(out, "\n## {}\n\n{}\n", table.name, table.doc.trim());
    let comes = match table.kind {
        Kind::Fact => "",
        Kind::Log => " In files only, not in PostgreSQL.",
        Kind::Known => {
            " A dimension: a row comes again when something about it is new; what it does not know stays as it was."
        }
        Kind::Declared => " A dimension: the rows of a tenant are replaced as a whole.",
    };
    let _ = writeln!(out, "Key: {key}. Sorted by: {}.{comes}\n", sort.join(", "));
    let _ = writeln!(out, "| column | type | null | meaning |\n| --- | --- | --- | --- |");
    for column in table.columns {
        let null = if column.nullable { "yes" } else { "" };
        let partition = if column.name == table.time { " (*partition*)" } else { "" };
        let doc = column.doc.replace('|', "\\|");
        let _ = writeln!(out, "| `{}` | {} | {null} | {doc}{partition} |", column.name, parquet_type(column.ty));
    }
}

const fn duckdb_type(ty: Type) -> &'static str {
    match ty {
        Type::Name | Type::Text => "VARCHAR",
        Type::Uuid => "UUID",
        Type::Instant => "TIMESTAMPTZ",
        Type::Long => "BIGINT",
        Type::Int => "INTEGER",
        Type::Flag => "BOOLEAN",
        Type::NameList => "VARCHAR[]",
        Type::Date => "DATE",
        Type::Time => "TIME",
    }
}

/// A view that has all columns of the table also where files are older than a column, or where there are none.
fn open(out: &mut String, table: &Table) {
    let _ = write!(out, "CREATE OR REPLACE VIEW callfold.{} AS SELECT\n ", table.name);
    let mut width = 1;
    for (i, column) in table.columns.iter().enumerate() {
        let comma = if i + 1 < table.columns.len() { "," } else { "" };
        let cell = format!(" NULL::{} AS {}{comma}", duckdb_type(column.ty), column.name);
        if width + cell.len() > 120 {
            out.push_str("\n ");
            width = 1;
        }
        width += cell.len();
        out.push_str(&cell);
    }
    let _ = writeln!(out, "\n  WHERE false UNION ALL BY NAME FROM callfold.files('{}');", table.name);
}

/// The views of all tables over their files, in DuckDB's SQL.
#[must_use]
pub fn duckdb_tables() -> String {
    let mut out = String::new();
    let rows = Rows::default();
    macro_rules! open {
        ($table:ident) => {
            open(&mut out, table_of(&rows.$table));
        };
    }
    for_each_table!(open);
    out
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

    /// Compares a file of `schemas/` with what the code says; `CALLFOLD_BLESS=1` writes the file instead.
    #[expect(clippy::disallowed_methods, reason = "whoever runs the test asks for a new file")]
    fn must_be_current(name: &str, current: impl Fn(&str) -> String) {
        let path = format!("{}/schemas/{name}", env!("CARGO_MANIFEST_DIR"));
        let written = std::fs::read_to_string(&path).unwrap();
        let current = current(&written);
        if std::env::var_os("CALLFOLD_BLESS").is_some() {
            std::fs::write(path, current).unwrap();
        } else {
            assert!(written == current, "schemas/{name} is stale; run the tests with CALLFOLD_BLESS=1");
        }
    }

    #[test]
    fn the_written_reference_is_that_of_the_code() {
        must_be_current("parquet.md", |_| reference());
        let definitions = include_str!("../../schemas/definitions.md");
        assert!(definitions.contains(&format!("Definitions version {DEFINITIONS_VERSION}.")));
    }

    /// Puts `text` between the marks of a part.
    fn with_part(written: &str, part: &str, text: &str) -> String {
        let (begin, end) = (format!("-- {part}: begin\n"), format!("-- {part}: end\n"));
        let (head, rest) = written.split_once(&begin).expect("a place where the part begins");
        let (_, tail) = rest.split_once(&end).expect("a place where it ends");
        [head, &begin, text, &end, tail].concat()
    }

    #[test]
    fn duckdb_has_the_tables_of_the_code_and_the_views_of_postgres() {
        let views = concat!(
            include_str!("../../schemas/migrations/R2000__views.sql"),
            "\n",
            include_str!("../../schemas/migrations/R3000__compatibility.sql")
        );
        must_be_current("duckdb.sql", |written| {
            with_part(&with_part(written, "tables", &duckdb_tables()), "views", views)
        });
    }
}
