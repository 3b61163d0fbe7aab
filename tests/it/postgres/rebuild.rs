//! Rows of a database made again from the event log: shown where they differ, replaced in one transaction, and those of other programs left alone.

use std::process::Command;

use callfold::model::time::Micros;
use serde_json::Value;
use tokio_postgres::{Client, NoTls};

use super::cells::{self, assert_equal};
use super::cluster::{Cluster, Database};
use super::floor::{Way, batches, wait};
use super::program::simulate;
use crate::process::{Place, Running, http, run, stderr, stdout};

/// Everything that is in these stores.
const ALL: [&str; 4] = ["--from", "2000-01-01", "--to", "2030-01-01"];

/// A store with an event log, and a database that has the same rows, written by somebody who may no more than write.
fn stored<'a>(cluster: &'a Cluster, name: &str, feeder: &str) -> (Place, Database<'a>, String) {
    let (place, database) = (Place::in_memory(&format!("pg-{name}")), cluster.database(&name.replace('-', "_")));
    let url = cluster.url_for(feeder, &database.name);
    assert_eq!(run(&place, &["db", "migrate", "--postgres", &database.url()]).status.code(), Some(0));
    database.query(&format!("CREATE ROLE {feeder} LOGIN; GRANT callfold_ingest TO {feeder}"));
    let feed = simulate(&place, "f.ndjson", &["--agents", "10", "--queues", "3", "--for", "70m", "--seed", "6"]);
    let replay = ["replay", &feed, "--data", "d", "--postgres", &url, "--event-log"];
    let output = run(&place, &replay);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    (place, database, url)
}

/// What `rebuild` ends with, prints and says.
fn rebuild(place: &Place, url: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let output = run(place, &[&["rebuild", "--data", "d", "--postgres", url], &ALL[..], more].concat());
    (output.status.code(), stdout(&output), stderr(&output))
}

/// Rows that differ in the files and in the database, by kind: changed, new, vanished.
fn differences(json: &str) -> [[u64; 3]; 2] {
    let value: Value = serde_json::from_str(json).expect("json");
    let sums = |tables: &Value| {
        let of = |key: &str| tables.as_array().into_iter().flatten().map(|t| t[key].as_u64().expect("a count")).sum();
        ["changed", "new", "vanished"].map(of)
    };
    [sums(&value["tables"]), sums(&value["database"]["tables"])]
}

/// A session of somebody else.
struct Other {
    runtime: tokio::runtime::Runtime,
    client: Client,
}

impl Other {
    fn run(url: &str, sql: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
            tokio::spawn(connection);
            client.batch_execute(sql).await.expect("done");
            client
        });
        Self { runtime, client }
    }

    fn end(self, sql: &str) {
        self.runtime.block_on(self.client.batch_execute(sql)).expect("done");
    }
}

/// Changes cells of three rows, takes three away and adds three; none of another table.
fn damage(database: &Database<'_>) {
    let first = |table: &str, n: u32| {
        let key = format!("SELECT tableoid, ctid FROM callfold.{table} ORDER BY tableoid, ctid OFFSET {n} LIMIT 1");
        format!("(tableoid, ctid) = ({key})")
    };
    database.query(&format!(
        "UPDATE callfold.call SET ani = 'x', written_at = written_at + interval '1 day', revision = 9 WHERE {};
         UPDATE callfold.agent_interval SET ready_ms = ready_ms + 1 WHERE {};
         UPDATE callfold.queue_interval SET status = 'provisional' WHERE {};
         DELETE FROM callfold.queue_segment WHERE {};
         DELETE FROM callfold.agent_reason_interval WHERE {};
         DELETE FROM callfold.agent_session WHERE {}",
        first("call", 3),
        first("agent_interval", 2),
        first("queue_interval", 1),
        first("queue_segment", 4),
        first("agent_reason_interval", 0),
        first("agent_session", 1),
    ));
    for (table, other) in [
        ("party", "party_id = '00000000-0000-0000-0000-000000000001', last_event_id = 'east:1:1'"),
        ("queue_wait_hist", "upper_ms = 77"),
        ("agent_queue_interval", "media_type = 'none'"),
    ] {
        database.query(&format!(
            "CREATE TEMP TABLE x AS SELECT * FROM callfold.{table} LIMIT 1; UPDATE x SET {other};
             INSERT INTO callfold.{table} SELECT * FROM x"
        ));
    }
}

#[test]
fn what_differs_in_a_database_is_shown_replaced_and_then_equal_to_the_files_to_the_last_cell() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database, url) = stored(cluster, "again", "again_feeder");
    let (code, page, said) = rebuild(&place, &url, &[]);
    assert!(code == Some(0) && said.contains("nothing differs"), "{code:?} {page}{said}");
    assert!(page.starts_with("d\n") && page.contains("\ndatabase again at "), "{page}");
    let files = cells::of_files(&place.path("d"));
    assert_equal(&files, &cells::of_database(&database, ""));
    damage(&database);
    let before = cells::versions(&database);
    let (code, json, said) = rebuild(&place, &url, &["--json"]);
    assert_eq!((code, differences(&json)), (Some(6), [[0; 3], [3, 3, 3]]), "{json}{said}");
    assert!(json.contains("ani: x -> ") && said.contains("database call: 1"), "{json}{said}");
    assert_eq!(cells::versions(&database), before, "nothing is written unasked");
    let (code, _, said) = rebuild(&place, &url, &["--write"]);
    assert!(code == Some(0) && said.contains(": 0 rows replaced in 0 files and 9 rows in the database"), "{said}");
    assert_equal(&files, &cells::of_database(&database, ""));
    // What was right is not even written again.
    let after = cells::versions(&database);
    let same = before.iter().zip(&after).filter(|(before, after)| before == after).count();
    assert!(same >= 15, "{same}");
    assert_eq!(rebuild(&place, &url, &["--write"]).0, Some(0));
    assert_eq!(cells::versions(&database), after);
    // Another limit makes other rows, in both, with the next revision.
    place.write("c.toml", "[queue_defaults]\nsl_threshold = \"2s\"\n");
    let (code, json, _) = rebuild(&place, &url, &["--config", "c.toml", "--write", "--json"]);
    let [in_files, in_database] = differences(&json);
    assert!(code == Some(0) && in_files[0] > 0 && in_files == in_database, "{json}");
    let files = cells::of_files(&place.path("d"));
    assert!(files["queue_interval"].iter().any(|row| row.contains("status=revised")), "{files:?}");
    assert_equal(&files, &cells::of_database(&database, ""));
    let check = run(&place, &["check", "data", "--data", "d", "--postgres", &url]);
    assert_eq!(check.status.code(), Some(0), "{}", stdout(&check));
}

#[test]
fn what_a_killed_program_has_left_in_files_and_database_is_made_whole_in_both() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::in_memory("pg-again-live"), cluster.database("again_live"));
    let url = database.url();
    simulate(&place, "f.ndjson", &["--agents", "12", "--queues", "3", "--for", "100m", "--seed", "8"]);
    let feed = std::fs::read_to_string(place.path("f.ndjson")).expect("a feed");
    let lines: Vec<&str> = feed.split_inclusive('\n').collect();
    let (begin, rest) = lines.split_at(lines.len() / 2);
    // The simulated day is years ago, and shall stay.
    let config = "[history]\nqueue_snapshots = \"15m\"\n[history.retention]\nevents = \"forever\"\n";
    let config = place.write("c.toml", config).to_string_lossy().into_owned();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", "d", "--postgres", &url, "--config", &config];
    let post = |address, lines: &[&str]| {
        for lines in lines.chunks(500) {
            let kind = [("content-type", "application/x-ndjson")];
            assert_eq!(http(address, "POST /api/v1/events", &kind, lines.concat().as_bytes()).0, 200);
        }
    };
    let mut server = Running::start(&place, &serve);
    let address = server.address("listens on");
    post(address, begin);
    let stays =
        || database.query("SELECT to_regclass('callfold.call')") != [["∅"]] && calls_of(&database, "call", "true") > 20;
    wait(stays, String::new);
    assert_eq!(server.signal("KILL"), None);
    let mut server = Running::start(&place, &serve);
    let address = server.address("listens on");
    post(address, rest);
    assert_eq!(server.signal("TERM"), Some(0));
    let (code, json, said) = rebuild(&place, &url, &["--config", &config, "--write", "--json"]);
    assert_eq!(code, Some(0), "{said}");
    let value: Value = serde_json::from_str(&json).expect("json");
    assert_eq!(value["database"]["others"], 0, "{json}");
    assert_equal(&cells::of_files(&place.path("d")), &cells::of_database(&database, ""));
    let check = run(&place, &["check", "data", "--data", "d", "--postgres", &url]);
    assert_eq!(check.status.code(), Some(0), "{}", stdout(&check));
    assert_eq!(differences(&rebuild(&place, &url, &["--config", &config, "--json"]).1), [[0; 3]; 2]);
}

#[test]
fn rows_of_switches_that_the_log_does_not_know_are_left_alone() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database, url) = stored(cluster, "again-others", "again_others_feeder");
    // The same agents, queues and numbers on another switch, of the same tenant; what agents did is that of the last writer now.
    let feed = std::fs::read_to_string(place.path("f.ndjson")).expect("a feed");
    let far = feed.replace("\"Switch\":\"", "\"Switch\":\"far-");
    place.write("far.ndjson", &far);
    let output = run(&place, &["replay", "far.ndjson", "--data", "far", "--postgres", &url]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let calls = database.query("SELECT site_id, count(*) FROM callfold.call GROUP BY 1 ORDER BY 1");
    assert!(calls.len() == 2 && calls[0][1] == calls[1][1], "{calls:?}");
    let before = cells::versions(&database);
    let (code, _, said) = rebuild(&place, &url, &["--write"]);
    assert!(code == Some(0) && said.contains("of switches that the log does not know were left alone"), "{said}");
    assert_eq!(cells::versions(&database), before);
    // One's own are still replaced, and only they.
    database.query("DELETE FROM callfold.call WHERE site_id = 'east' AND ani IS NOT NULL; UPDATE callfold.party SET hold_ms = hold_ms + 7");
    let (code, json, said) = rebuild(&place, &url, &["--write", "--json"]);
    let parties = calls_of(&database, "party", "site_id = 'east'");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(differences(&json)[1][0], parties, "{json}");
    assert_eq!(calls_of(&database, "call", "site_id = 'east'"), calls_of(&database, "call", "site_id <> 'east'"));
    let sum = |site: &str| database.cell(&format!("SELECT sum(hold_ms) FROM callfold.party WHERE site_id = '{site}'"));
    let [east, far]: [u64; 2] = ["east", "far-east"].map(|site| sum(site).parse().expect("a number"));
    assert_eq!(far, east + 7 * parties, "what is wrong with another's rows stays wrong");
}

fn calls_of(database: &Database<'_>, table: &str, condition: &str) -> u64 {
    let sql = format!("SELECT count(*) FROM callfold.{table} WHERE {condition}");
    database.cell(&sql).parse().expect("a number")
}

#[test]
fn it_is_refused_while_a_program_writes_there_and_while_rows_wait() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database, url) = stored(cluster, "again-refused", "again_refused_feeder");
    let writer = Other::run(&url, "SELECT pg_advisory_lock(hashtextextended('callfold writer callfold', 0))");
    for more in [&[][..], &["--write"]] {
        let (code, _, said) = rebuild(&place, &url, more);
        assert!(code == Some(9) && said.contains("another program writes to database again_refused"), "{said}");
    }
    // A name of one's own is in nobody's way.
    place.write("c.toml", "[postgres]\nwriter = \"night shift\"\n");
    assert_eq!(rebuild(&place, &url, &["--config", "c.toml"]).0, Some(0));
    drop(writer);
    // A helper whose writer is gone is waited for, not for ever.
    let hands = Other::run(&url, "SELECT pg_advisory_lock_shared(hashtextextended('callfold hands of callfold', 0))");
    let waiting = std::thread::scope(|scope| {
        let rebuilt = scope.spawn(|| rebuild(&place, &url, &[]));
        let is_waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = 'again_refused'";
        wait(|| database.cell(is_waiting) == "1", String::new);
        drop(hands);
        rebuilt.join().expect("no panic")
    });
    assert_eq!(waiting.0, Some(0), "{}", waiting.2);
    // What waits on disk would be written over what is put right.
    let mut way = Way::open(&place.path("d"), &database.url(), "callfold", 1 << 30);
    way.deliver(&batches(2, 3));
    drop(way);
    let (code, _, said) = rebuild(&place, &url, &["--write"]);
    assert!(code == Some(9) && said.contains("rows of an earlier run wait on disk"), "{said}");
    let (code, _, said) = rebuild(&place, &url, &[]);
    assert!(code == Some(0) && said.contains("wait on disk for the database, and are not there yet"), "{said}");
    let output = run(
        &place,
        &["rebuild", "--data", "d", "--postgres", "host=/nowhere user=a dbname=b", ALL[0], ALL[1], ALL[2], ALL[3]],
    );
    assert_eq!(output.status.code(), Some(7), "{}", stderr(&output));
}

#[test]
fn a_text_that_a_database_cannot_hold_as_it_is_is_no_difference() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::in_memory("pg-again-zero"), cluster.database("again_zero"));
    let url = database.url();
    simulate(&place, "f.ndjson", &["--agents", "5", "--queues", "2", "--for", "10m", "--seed", "6"]);
    let feed = std::fs::read_to_string(place.path("f.ndjson")).expect("a feed");
    place.write("zero.ndjson", &feed.replace("\"gold\"", "\"go\\u0000ld\""));
    let replay = ["replay", "zero.ndjson", "--data", "d", "--postgres", &url, "--event-log", "--user-data", "*"];
    let output = run(&place, &replay);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_ne!(calls_of(&database, "user_data_change", "value = 'go\u{fffd}ld'"), 0);
    let (code, page, said) = rebuild(&place, &url, &["--user-data", "*", "--write"]);
    assert!(code == Some(0) && said.contains("nothing differs"), "{page}{said}");
    let check = run(&place, &["check", "data", "--data", "d", "--postgres", &url]);
    assert_eq!(check.status.code(), Some(0), "{}", stdout(&check));
    database.query("UPDATE callfold.user_data_change SET value = 'gold' WHERE value = 'go\u{fffd}ld'");
    assert_eq!(rebuild(&place, &url, &["--user-data", "*"]).0, Some(6));
}

#[test]
fn killed_in_the_middle_it_has_done_nothing_and_the_next_run_does_everything() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database, url) = stored(cluster, "again-killed", "again_killed_feeder");
    place.write("c.toml", "[queue_defaults]\nsl_threshold = \"2s\"\n");
    damage(&database);
    let copy = |from: &str, to: &str| {
        let done = Command::new("cp").args(["-a"]).arg(place.path(from)).arg(place.path(to)).status();
        assert!(done.expect("cp runs").success());
    };
    copy("d", "before");
    let (files, versions) = (cells::of_files(&place.path("d")), cells::versions(&database));
    // Somebody is in one of the last tables, so the others are already as they shall be when it waits.
    let other = Other::run(&database.url(), "BEGIN; LOCK TABLE callfold.agent_reason_interval IN SHARE MODE");
    let arguments =
        [&["rebuild", "--data", "d", "--postgres", &url, "--config", "c.toml", "--write"], &ALL[..]].concat();
    let program = Running::start(&place, &arguments);
    let is_waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = 'again_killed'
                      AND query LIKE '%INSERT INTO callfold.agent_reason_interval%'";
    wait(|| database.cell(is_waiting) == "1", String::new);
    assert_eq!(program.signal("KILL"), None);
    other.end("COMMIT");
    let is_gone =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = 'again_killed' AND usename = 'again_killed_feeder'";
    wait(|| database.cell(is_gone) == "0", String::new);
    assert_eq!(cells::versions(&database), versions, "nothing of it is there");
    assert_eq!(cells::of_files(&place.path("d")), files);
    // It ends between the two stores: the database is right, the files are not yet.
    let (code, _, said) = rebuild(&place, &url, &["--config", "c.toml", "--write"]);
    assert_eq!(code, Some(0), "{said}");
    let right = cells::of_files(&place.path("d"));
    assert!(right != files);
    assert_equal(&right, &cells::of_database(&database, ""));
    let written = cells::versions(&database);
    std::fs::remove_dir_all(place.path("d")).expect("removed");
    copy("before", "d");
    let (code, json, said) = rebuild(&place, &url, &["--config", "c.toml", "--write", "--json"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(differences(&json)[0][0] > 0 && differences(&json)[1] == [0; 3], "{json}");
    assert_equal(&right, &cells::of_files(&place.path("d")));
    assert_eq!(cells::versions(&database), written, "what was right was not written again");
}

#[test]
fn days_that_retention_has_taken_from_a_database_are_not_made_again_there() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database, url) = stored(cluster, "again-retained", "again_retained_feeder");
    place.write("c.toml", "[history.retention]\ndetail = \"1 year\"\n");
    // The files stay as they are.
    let retain = ["retain", "--config", "c.toml", "--postgres", &url, "--at", "2026-03-01"];
    assert_eq!(run(&place, &retain).status.code(), Some(0));
    assert_eq!(calls_of(&database, "call", "true"), 0);
    let (code, json, said) = rebuild(&place, &url, &["--json"]);
    assert_eq!((code, differences(&json)), (Some(0), [[0; 3]; 2]), "{json}{said}");
    let value: Value = serde_json::from_str(&json).expect("json");
    let names: Vec<_> = value["database"]["tables"].as_array().expect("tables").iter().map(|t| &t["table"]).collect();
    assert!(names.contains(&&Value::from("agent_interval")) && !names.contains(&&Value::from("call")), "{names:?}");
    assert!(value["from"].as_str() < Some(Micros(1_700_000_000_000_000).to_string().as_str()), "{value}");
}
