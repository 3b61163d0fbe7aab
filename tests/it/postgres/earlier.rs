//! Databases that earlier versions have made: brought up to date with every row, and written on.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use super::cells;
use super::cluster::{Cluster, Database, ask};
use super::program::simulate;
use crate::process::{Place, run, stderr, stdout};

/// What `pg_dump` wrote, without the commands that only `psql` understands.
fn dump(path: &Path) -> String {
    let mut text = String::new();
    GzDecoder::new(File::open(path).expect("a dump")).read_to_string(&mut text).expect("text");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('\\')).collect();
    lines.join("\n")
}

fn rows(database: &Database<'_>) -> usize {
    cells::of_database(database, "").values().map(Vec::len).sum()
}

#[test]
fn a_database_of_every_earlier_version_keeps_its_rows_is_brought_up_to_date_and_written_on() {
    let Some(cluster) = Cluster::shared() else { return };
    let stores = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stores"));
    let entries = fs::read_dir(stores).expect("a directory").map(|entry| entry.expect("an entry").path());
    let is_dump = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "gz");
    let dumps: Vec<PathBuf> = entries.filter(is_dump).collect();
    assert!(!dumps.is_empty());
    // The roles are the server's, not the database's.
    for role in ["callfold_ingest", "callfold_report", "callfold_admin"] {
        // Another test may have made it.
        let _ = cluster.try_query("postgres", &format!("CREATE ROLE {role}"));
    }
    for (n, path) in dumps.iter().enumerate() {
        let place = Place::in_memory(&format!("pg-earlier-{n}"));
        let database = cluster.database(&format!("earlier_{n}"));
        let url = database.url();
        ask(&url, &dump(path)).expect("a dump that can be restored");
        let before = rows(&database);
        assert!(before > 500, "{}: {before} rows", path.display());
        let migrated = run(&place, &["db", "migrate", "--postgres", &url]);
        assert_eq!(migrated.status.code(), Some(0), "{}: {}", path.display(), stderr(&migrated));
        assert_eq!(rows(&database), before, "{}", path.display());
        let calls = "SELECT count(*) FROM callfold.call";
        let earlier: usize = database.cell(calls).parse().expect("a number");
        let feed = simulate(
            &place,
            "day.ndjson",
            &["--agents", "6", "--queues", "3", "--for", "25m", "--seed", "77", "--start", "2026-03-02T08:00:00Z"],
        );
        let replayed = run(&place, &["replay", &feed, "--data", "data", "--postgres", &url]);
        assert_eq!(replayed.status.code(), Some(0), "{}: {}", path.display(), stderr(&replayed));
        let new = cells::of_files(&place.path("data"))["call"].len();
        assert_eq!(database.cell(calls), (earlier + new).to_string(), "{}", path.display());
        let status = run(&place, &["db", "status", "--postgres", &url]);
        assert_eq!(status.status.code(), Some(0), "{}: {}", path.display(), stdout(&status));
    }
}
