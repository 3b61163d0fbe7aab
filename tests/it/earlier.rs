//! Stores that earlier versions have written stay readable: every row is read, and nothing is wrong with it.

use std::fs;
use std::path::Path;

use callfold::sink::{SCHEMA_VERSION, survey};
use serde_json::Value;

use super::process::{Place, run, stderr, stdout};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let path = entry.expect("an entry").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).expect("a copy");
        }
    }
}

#[test]
fn a_store_of_every_schema_version_is_read_to_its_last_row_and_agrees() {
    let stores = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stores"));
    for version in 1..=SCHEMA_VERSION {
        let place = Place::new(&format!("earlier-{version}"));
        copy(&stores.join(format!("schema-{version}")), &place.path("data"));
        let listed = survey(&place.path("data")).expect("a store");
        // What events say is no fact that a law could hold against others.
        let facts = listed.iter().filter(|p| p.table != "event_log");
        let rows: u64 = facts.filter_map(|p| p.manifest.as_ref()).flat_map(|m| &m.files).map(|f| f.rows).sum();
        assert!(rows > 500, "schema {version} has {rows} rows");
        let output = run(&place, &["check", "data", "--json"]);
        assert_eq!(output.status.code(), Some(0), "schema {version}: {}{}", stdout(&output), stderr(&output));
        let value: Value = serde_json::from_str(&stdout(&output)).expect("json");
        assert_eq!(value["rows"], rows, "schema {version}");
        // It can be written on.
        assert_eq!(run(&place, &["compact"]).status.code(), Some(0), "schema {version}");
    }
}
