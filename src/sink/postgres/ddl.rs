//! The tables as Postgres declares them, made from the declarations of the rows.
//!
//! In: a [`Table`]. Out: the text of `schemas/migrations/V0001__tables.sql`, which a test compares. Names, order and meaning of
//! columns are those of the declaration. A table with a time column is partitioned by its months; one without (a dimension)
//! is a plain table. Refuses to know how rows get in.
//!
//! Why months: the intervals of 10,000 agents are about 4 million rows a day, of 500 agents 0.2 million. Years in days would
//! be thousands of partitions that every query has to plan over; in months they are dozens, each still dropped in an instant.

use std::fmt::Write;

use crate::for_each_table;
use crate::model::row::Rows;
use crate::model::table::{Kind, Row, Table, Type};

/// Columns by which people look for rows; each gets an index with the tenant before it and the time behind it.
const SOUGHT: [&str; 3] = ["queue_id", "agent_id", "call_id"];

/// Words that are no names unless quoted.
const RESERVED: [&str; 24] = [
    "all", "and", "any", "array", "as", "asc", "case", "check", "column", "default", "desc", "do", "else", "end",
    "for", "from", "group", "limit", "offset", "order", "primary", "table", "user", "when",
];

const HEADER: &str = "\
-- The tables of history, made from the declarations in src/model/row; CALLFOLD_BLESS=1 cargo test writes this file.
--
-- Instants are timestamptz with microseconds, durations whole milliseconds (*_ms), ratios are never stored. null means not known
-- or not applicable; zero means none. Tables with a time are partitioned by its month in UTC; the primary key is the logical
-- key, with that time added where it lacks it. Partitions lie in callfold_store, where nobody reads.

CREATE SCHEMA callfold;
CREATE SCHEMA callfold_store;
COMMENT ON SCHEMA callfold IS 'History of contact centres: one table per kind of row, each number with one definition';
COMMENT ON SCHEMA callfold_store IS 'Partitions, staging tables and bookkeeping of callfold; nothing to read here';
";

/// A name as SQL takes it.
pub(super) fn ident(name: &str) -> String {
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain && !RESERVED.contains(&name) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// A text as SQL takes it.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

pub(super) const fn sql_type(ty: Type) -> &'static str {
    match ty {
        Type::Name | Type::Text => "text",
        Type::Uuid => "uuid",
        Type::Instant => "timestamptz",
        Type::Long => "bigint",
        Type::Int => "integer",
        Type::Flag => "boolean",
        Type::NameList => "text[]",
        Type::Date => "date",
        Type::Time => "time",
    }
}

/// The column by whose month the table is partitioned; `None` for a plain table.
pub(super) fn partition_column(table: &Table) -> Option<&'static str> {
    table
        .columns
        .iter()
        .find(|column| column.name == table.time && column.ty == Type::Instant)
        .map(|column| column.name)
}

/// The primary key: the logical key, and the partition column, which Postgres demands.
pub(super) fn primary_key(table: &Table) -> Vec<&'static str> {
    let partition = partition_column(table).filter(|column| !table.key.contains(column));
    table.key.iter().copied().chain(partition).collect()
}

/// What a column means, with its unit where the name tells one.
fn meaning(name: &str, doc: &str) -> String {
    let unit = name == "ms" || name.ends_with("_ms");
    if unit { format!("{doc}; milliseconds") } else { doc.to_owned() }
}

/// Columns that get an index of their own: those people look for, unless the primary key already leads with them.
fn indexed(table: &Table) -> Vec<&'static str> {
    let columns = table.columns.iter().map(|column| column.name);
    let first = table.sort.first().copied();
    let sought = columns.filter(|name| SOUGHT.contains(name) || Some(*name) == first);
    sought.filter(|name| table.key.get(1) != Some(name) && table.key.first() != Some(name)).collect()
}

/// Indexes with an entry for each row: that of the primary key, and those by which people look.
pub(super) fn trees(table: &Table) -> u64 {
    1 + indexed(table).len() as u64
}

fn describe(out: &mut String, table: &Table) {
    let name = ident(table.name);
    let doc = table.doc.split_whitespace().collect::<Vec<_>>().join(" ");
    let key = primary_key(table);
    let list = |columns: &[&str]| columns.iter().map(|column| ident(column)).collect::<Vec<_>>().join(", ");
    let _ = writeln!(out, "\nCREATE TABLE callfold.{name} (");
    for column in table.columns {
        let null = if column.nullable && !key.contains(&column.name) { "" } else { " NOT NULL" };
        let _ = writeln!(out, "    {} {}{null},", ident(column.name), sql_type(column.ty));
    }
    let _ = write!(out, "    PRIMARY KEY ({})\n)", list(&key));
    let partition = partition_column(table);
    if let Some(time) = partition {
        let _ = write!(out, " PARTITION BY RANGE ({})", ident(time));
    }
    let _ = writeln!(out, ";\nCOMMENT ON TABLE callfold.{name} IS {};", literal(&doc));
    for column in table.columns {
        let text = literal(&meaning(column.name, column.doc));
        let _ = writeln!(out, "COMMENT ON COLUMN callfold.{name}.{} IS {text};", ident(column.name));
    }
    if let Some(time) = partition {
        let _ = writeln!(
            out,
            "CREATE INDEX {0}_{time}_brin ON callfold.{name} USING brin ({time}) WITH (autosummarize = on);",
            table.name
        );
        for (part, from, to) in [("before", "MINVALUE", "'1990-01-01Z'"), ("after", "'2100-01-01Z'", "MAXVALUE")] {
            let _ = writeln!(
                out,
                "CREATE TABLE callfold_store.{}_{part} PARTITION OF callfold.{name} FOR VALUES FROM ({from}) TO ({to});",
                table.name
            );
        }
    }
    for column in indexed(table).into_iter().filter(|_| table.has_tenant()) {
        let columns: Vec<&str> = ["tenant_id", column].into_iter().chain(partition).collect();
        let is_nullable = table.columns.iter().any(|known| known.name == column && known.nullable);
        // Nobody looks for rows without one by this index, and most states have no call.
        let only =
            if is_nullable && !key.contains(&column) { format!(" WHERE {column} IS NOT NULL") } else { String::new() };
        let _ = writeln!(out, "CREATE INDEX {}_{column} ON callfold.{name} ({}){only};", table.name, list(&columns));
    }
}

fn table_of<R: Row>(_: &[R]) -> &'static Table {
    const { &R::TABLE }
}

/// Whether the table of these rows is in the database; the log of events stays in files.
pub(super) const fn is_in_database<R: Row>(_: &[R]) -> bool {
    !matches!(R::TABLE.kind, Kind::Log)
}

/// Every table of the database, in the order of [`Rows`].
pub(super) fn tables() -> Vec<&'static Table> {
    let rows = Rows::default();
    let mut tables = Vec::new();
    macro_rules! add {
        ($table:ident) => {
            if is_in_database(&rows.$table) {
                tables.push(table_of(&rows.$table));
            }
        };
    }
    for_each_table!(add);
    tables
}

/// The migration that makes all tables.
#[must_use]
pub fn declarations() -> String {
    let mut out = HEADER.to_owned();
    for table in tables() {
        describe(&mut out, table);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `CALLFOLD_BLESS=1` writes the file instead. Databases that were made by another one are refused, so it stays as it is: what is
    /// new comes in a further migration.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "whoever runs the test asks for a new file")]
    fn the_first_migration_is_that_of_the_declarations() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/migrations/V0001__tables.sql");
        if std::env::var_os("CALLFOLD_BLESS").is_some() {
            std::fs::write(path, declarations()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap();
        assert!(written == declarations(), "{path} is stale; run the tests with CALLFOLD_BLESS=1");
    }

    #[test]
    fn every_column_of_a_key_exists_and_the_time_is_part_of_every_primary_key() {
        for table in tables() {
            let key = primary_key(table);
            for name in &key {
                assert!(table.columns.iter().any(|column| column.name == *name), "{}.{name}", table.name);
            }
            if let Some(time) = partition_column(table) {
                assert!(key.contains(&time), "{}", table.name);
            }
            let leads = key[0] == "tenant_id" || !table.has_tenant();
            assert!(leads, "{}: tenants are kept apart by the first column of the key", table.name);
            assert!(table.name.len() <= 40, "{}: partitions and indexes are named after it", table.name);
        }
    }

    #[test]
    fn names_and_texts_are_quoted_where_they_must_be() {
        assert_eq!([ident("queue_id"), ident("user"), ident("A\"b")], ["queue_id", "\"user\"", "\"A\"\"b\""]);
        assert_eq!(literal("a caller's"), "'a caller''s'");
    }
}
