//! Two programs, one database, the same feed: the one that writes is killed, and nobody reading the tables can tell.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::time::{Duration, Instant};

use super::cells::{self, Table, assert_equal};
use super::cluster::Cluster;
use super::floor::wait;
use super::program::simulate;
use crate::process::{Place, Running, http};

/// How long the other may take until it writes.
const TAKE_OVER: Duration = Duration::from_secs(20);

/// Rows without what depends on the moment at which each program noticed that time had passed.
fn timeless(tables: BTreeMap<String, Table>) -> BTreeMap<String, Table> {
    let strip = |row: String| {
        let cells = row.split(' ').filter(|cell| !cell.starts_with("written_at=") && !cell.starts_with("revision="));
        cells.collect::<Vec<_>>().join(" ")
    };
    let strip_all = |rows: Table| {
        let mut rows: Table = rows.into_iter().map(strip).collect();
        rows.sort();
        rows
    };
    tables.into_iter().map(|(name, rows)| (name, strip_all(rows))).collect()
}

#[test]
fn when_the_program_that_writes_is_killed_the_other_takes_over_within_seconds_and_every_row_is_there_once() {
    let Some(cluster) = Cluster::start("") else { return };
    let (place, database) = (Place::in_memory("pg-pair"), cluster.database("pair"));
    let day = simulate(&place, "day.ndjson", &["--agents", "40", "--queues", "5", "--for", "70m", "--seed", "22"]);
    let lines = fs::read_to_string(&day).expect("readable");
    let lines: Vec<&str> = lines.lines().collect();
    let feed = place.write("feed.ndjson", "");
    let append = |lines: &[&str]| {
        let mut file = OpenOptions::new().append(true).open(&feed).expect("the feed");
        file.write_all((lines.join("\n") + "\n").as_bytes()).expect("written");
    };
    let source = format!("file:{}", feed.display());
    let start = |data: &str| {
        let url = database.url();
        let mut server = Running::start(
            &place,
            &["serve", "--listen", "127.0.0.1:0", "--data", data, "--postgres", &url, "--feed", &source, "--follow"],
        );
        let address = server.address("listens on");
        (server, address)
    };
    let role = |address| {
        let (_, page) = http(address, "GET /api/v1/health", &[], b"");
        let value: serde_json::Value = serde_json::from_str(&page).expect("json");
        value["data"]["postgres"]["role"].as_str().unwrap_or_default().to_owned()
    };
    let (first, address) = start("first");
    wait(|| role(address) == "writes", || role(address));
    let (second, address) = start("second");
    wait(|| role(address) == "stands_by", || role(address));
    let (begin, rest) = lines.split_at(lines.len() / 2);
    append(begin);
    wait(|| database.cell("SELECT count(*) FROM callfold.call") != "0", String::new);
    // More than it can have written when it dies.
    append(&rest[..rest.len() / 2]);
    let killed = Instant::now();
    assert_eq!(first.signal("KILL"), None);
    wait(|| role(address) == "writes", || role(address));
    assert!(killed.elapsed() < TAKE_OVER, "{:?}", killed.elapsed());
    append(&rest[rest.len() / 2..]);
    let intervals = "SELECT count(DISTINCT interval_start) FROM callfold.queue_interval";
    wait(|| database.cell(intervals).parse::<u32>().is_ok_and(|n| n >= 3), || database.cell(intervals));
    assert_eq!(second.signal("TERM"), Some(0));
    // The one that lived saw the whole feed undisturbed: its files are what the tables must be.
    let files = timeless(cells::of_files(&place.path("second")));
    assert!(files.len() >= 12, "too few tables have rows: {:?}", files.keys());
    assert_equal(&files, &timeless(cells::of_database(&database, "")));
}
