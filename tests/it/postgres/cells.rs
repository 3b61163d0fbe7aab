//! Every cell of every table, of the files and of a database, in one form.
//!
//! A cell is text, `∅` for null; instants are microseconds since 1970, ids 32 hexadecimal digits, lists joined by commas.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use super::cluster::Database;

/// Rows of a table, each `column=cell` in order of the columns' names; sorted.
pub type Table = Vec<String>;

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().map_while(Result::ok);
    entries.map(|entry| entry.path()).flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn cell(field: &Field) -> String {
    match field {
        Field::Null => "∅".into(),
        Field::Str(text) => text.clone(),
        Field::Bool(flag) => flag.to_string(),
        Field::Int(number) => number.to_string(),
        Field::Long(number) | Field::TimestampMicros(number) => number.to_string(),
        Field::Bytes(bytes) => bytes.data().iter().map(|byte| format!("{byte:02x}")).collect(),
        Field::ListInternal(list) => list.elements().iter().map(cell).collect::<Vec<_>>().join(","),
        Field::Date(_) => field.to_string(),
        Field::TimeMicros(_) => field.to_string().trim_end_matches(".000000").to_owned(),
        other => other.to_string().replace('-', ""),
    }
}

/// All tables below a data directory that have rows, but for the event log, which is in files only.
pub fn of_files(data: &Path) -> BTreeMap<String, Table> {
    let mut tables = BTreeMap::new();
    for path in files(&data.join("history")) {
        let name = path.strip_prefix(data.join("history")).expect("below").iter().next().expect("a table");
        if name == "event_log" {
            continue;
        }
        let table: &mut Table = tables.entry(name.to_string_lossy().into_owned()).or_default();
        let reader = SerializedFileReader::new(File::open(&path).expect("a file")).expect("a whole file");
        for row in reader.get_row_iter(None).expect("rows") {
            let row = row.expect("a row");
            let mut cells: Vec<String> =
                row.get_column_iter().map(|(name, field)| format!("{name}={}", cell(field))).collect();
            cells.sort();
            table.push(cells.join(" "));
        }
    }
    tables.values_mut().for_each(|table| table.sort());
    tables
}

/// All tables of a database that have rows; `condition` chooses among them.
pub fn of_database(database: &Database<'_>, condition: &str) -> BTreeMap<String, Table> {
    let names = "SELECT relname FROM pg_class WHERE relnamespace = 'callfold'::regnamespace AND relkind IN ('r', 'p') \
                 AND relname NOT IN ('delivery_source', 'retained') ORDER BY 1";
    let mut tables = BTreeMap::new();
    for name in database.query(names).concat() {
        let columns = database.query(&format!(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 'callfold.{name}'::regclass \
             AND attnum > 0 ORDER BY 1"
        ));
        let cells: Vec<String> = columns
            .iter()
            .map(|column| {
                let (name, quoted) = (&column[0], format!("\"{}\"", column[0]));
                let text = match column[1].as_str() {
                    "timestamp with time zone" => format!("(extract(epoch FROM {quoted}) * 1000000)::bigint::text"),
                    "uuid" => format!("replace({quoted}::text, '-', '')"),
                    "text[]" => format!("array_to_string({quoted}, ',')"),
                    _ => format!("{quoted}::text"),
                };
                format!("'{name}=' || coalesce({text}, '∅')")
            })
            .collect();
        let mut rows = database
            .query(&format!("SELECT {} FROM callfold.{name} t {condition}", cells.join(" || ' ' || ")))
            .concat();
        rows.sort();
        if !rows.is_empty() {
            tables.insert(name, rows);
        }
    }
    tables
}

/// Fails with the first rows that differ.
#[track_caller]
pub fn assert_equal(files: &BTreeMap<String, Table>, database: &BTreeMap<String, Table>) {
    let names = |tables: &BTreeMap<String, Table>| tables.keys().cloned().collect::<Vec<_>>();
    for (name, rows) in files {
        let there = database.get(name).map_or(&[][..], Vec::as_slice);
        let missing: Vec<_> = rows.iter().filter(|row| there.binary_search(row).is_err()).take(2).collect();
        let excess: Vec<_> = there.iter().filter(|row| rows.binary_search(row).is_err()).take(2).collect();
        assert!(
            missing.is_empty() && excess.is_empty() && rows.len() == there.len(),
            "{name}: {} rows in the files, {} in the database\nonly in files:\n{missing:#?}\nonly in the database:\n{excess:#?}",
            rows.len(),
            there.len()
        );
    }
    assert_eq!(names(files), names(database));
}

/// The rows' versions on disk: who rewrites a row changes them.
pub fn versions(database: &Database<'_>) -> Vec<Vec<String>> {
    let names = database.query(
        "SELECT relname FROM pg_class WHERE relnamespace = 'callfold'::regnamespace AND relkind IN ('r', 'p')
         AND relname NOT IN ('delivery_source', 'retained') ORDER BY 1",
    );
    let counts = names.concat().into_iter().map(|name| {
        format!("SELECT '{name}', count(*), md5(string_agg(tableoid::text || ctid || xmin, ',' ORDER BY tableoid, ctid)) FROM callfold.{name}")
    });
    let mut versions = database.query(&counts.collect::<Vec<_>>().join(" UNION ALL "));
    versions.sort();
    versions
}
