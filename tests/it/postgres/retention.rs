//! Days that are older than they shall be kept go from a database, by whoever may write there and nothing more, and what is left is right.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use callfold::handoff::backlog::Role;
use callfold::model::time::{Micros, Span};
use callfold::simulate::Scenario;
use callfold::sink::postgres::{Limits, Removed, Target, remove};
use tokio_postgres::NoTls;

use super::cells::{self, assert_equal};
use super::cluster::{Cluster, Database, ask};
use super::floor::{START, Way, batches, batches_of, wait};
use super::program::simulate;
use crate::process::{Place, Running, run, stderr, stdout};

/// 2026-11-29, the day of [`batches`], in days since 1970.
const DAY: i64 = START.0 / 86_400_000_000;

/// Tables with a limit in the tests that choose some.
const LIMITED: [&str; 4] = ["call", "party_state", "agent_interval", "queue_interval"];

fn count(database: &Database<'_>, table: &str, condition: &str) -> u64 {
    let sql = format!("SELECT count(*) FROM callfold.{table} WHERE {condition}");
    database.cell(&sql).parse().expect("a number")
}

/// Names of the partitions of a table that are months.
fn months(database: &Database<'_>, table: &str) -> Vec<String> {
    let sql = format!(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'callfold.{table}'::regclass AND c.relname ~ '[0-9]$' ORDER BY 1"
    );
    database.query(&sql).concat()
}

#[test]
fn whoever_may_only_write_removes_months_whole_and_days_row_by_row_and_the_rest_is_right() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::in_memory("pg-retain"), cluster.database("retain"));
    database.query(
        "CREATE ROLE retain_owner LOGIN CREATEROLE; CREATE ROLE retain_feeder LOGIN; GRANT CREATE ON DATABASE retain TO retain_owner",
    );
    let owner = cluster.url_for("retain_owner", "retain");
    assert_eq!(run(&place, &["db", "migrate", "--postgres", &owner]).status.code(), Some(0));
    database.query("GRANT callfold_ingest TO retain_feeder");
    let feeder = cluster.url_for("retain_feeder", "retain");
    let start = ["--start", "2026-10-31T12:00:00Z", "--for", "108h", "--agents", "4", "--queues", "2", "--seed", "3"];
    let feed = simulate(&place, "f.ndjson", &start);
    let replay = |data: &str| {
        let output = run(&place, &["replay", &feed, "--data", data, "--postgres", &feeder]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    };
    replay("d");
    let classes = ["states", "detail", "agents", "intervals"].map(|class| format!("{class} = \"1 day\"\n"));
    place.write("c.toml", &format!("[history.retention]\n{}", classes.concat()));
    let retain = |more: &[&str]| {
        // The 2nd stays, and what comes behind it.
        let arguments = ["retain", "--config", "c.toml", "--at", "2026-11-03T10:00:00Z"];
        let output = run(&place, &[&arguments[..], more].concat());
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let only_database = ["--postgres", &feeder];
    let calls = count(&database, "call", "true");
    let (old, kept) = ("started_at < '2026-11-02Z'", "started_at >= '2026-11-02Z'");
    let (gone, left) = (count(&database, "call", old), count(&database, "call", kept));
    assert!(gone > 50 && left > 50 && count(&database, "call", "started_at < '2026-11-01Z'") > 20);
    // First it says what would go.
    let (code, page, said) = retain(&[&only_database[..], &["--dry-run"]].concat());
    assert!(code == Some(0) && page.contains("2026-10-31") && page.contains("2026-11-01"), "{page}{said}");
    assert!(said.contains("would go; nothing was changed"), "{said}");
    assert_eq!((count(&database, "call", "true"), months(&database, "call").len()), (calls, 2));
    let (code, json, said) = retain(&[&only_database[..], &["--json"]].concat());
    assert_eq!(code, Some(0), "{said}");
    let value: serde_json::Value = serde_json::from_str(&json).expect("json");
    let days = value["database"]["days"].as_array().expect("days");
    let of_calls = days.iter().filter(|day| day["table"] == "call").map(|day| day["rows"].as_u64().expect("rows"));
    assert_eq!(of_calls.sum::<u64>(), gone, "{json}");
    assert!(value["database"]["removed"]["months"].as_u64() > Some(15), "{json}");
    assert!(value["database"]["removed"]["rows_besides"].as_u64() > Some(100), "{json}");
    assert_eq!((count(&database, "call", old), count(&database, "call", kept)), (0, left));
    assert_eq!(months(&database, "call"), ["call_2026_11"]);
    assert_ne!(count(&database, "source_session", "connected_at < '2026-11-02Z'"), 0, "they are kept for ever");
    let noted =
        database.query("SELECT table_name, first_day FROM callfold.retained WHERE table_name = 'agent_interval'");
    assert_eq!(noted, [["agent_interval", "2026-11-02"]]);
    // Once is enough, and a check finds nothing, alone or beside files that still have everything.
    let (code, _, said) = retain(&only_database);
    assert!(code == Some(0) && said.starts_with("0 rows of the database"), "{said}");
    let check = |more: &[&str]| {
        let output = run(&place, &[&["check", "data", "--strict", "--postgres", &feeder], more].concat());
        assert_eq!(output.status.code(), Some(0), "{more:?}: {}{}", stdout(&output), stderr(&output));
    };
    check(&[]);
    check(&["--data", "d"]);
    // The same feed comes once more: old days are there again, nothing is held against them, and they go with the next run.
    replay("again");
    assert_eq!((count(&database, "call", old), months(&database, "call").len()), (gone, 2));
    check(&[]);
    let (code, page, said) = retain(&["--data", "d", "--postgres", &feeder]);
    assert!(code == Some(0) && page.starts_with("d\n") && page.contains("database retain at"), "{page}{said}");
    assert_eq!((count(&database, "call", old), count(&database, "call", kept)), (0, left));
    assert_eq!(months(&database, "call"), ["call_2026_11"]);
    check(&["--data", "d"]);
    // What is missing without anybody having removed it for its age is still found.
    database.query(
        "DELETE FROM callfold.agent_session WHERE agent_session_id IN
                    (SELECT agent_session_id FROM callfold.agent_session WHERE logged_in_at > '2026-11-04Z' LIMIT 1)",
    );
    let output = run(&place, &["check", "data", "--postgres", &feeder]);
    assert_eq!(output.status.code(), Some(6), "{}", stdout(&output));
}

#[test]
fn a_longer_time_to_keep_rows_lets_nothing_go_that_a_shorter_one_had_noted() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("retain_longer");
    let target = Target::new(&database.url(), None, None).expect("an address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let removed = |day: i64| runtime.block_on(remove(&target, &[("call", day), ("event_log", day)])).expect("removed");
    assert_eq!(removed(DAY), Removed::default(), "an empty database has nothing to remove");
    assert_eq!(database.cell("SELECT count(*) FROM callfold.retained"), "0");
    let month = |month: &str| {
        database.query(&format!("SELECT callfold_store.ensure_partitions('call', ARRAY['{month}-01']::date[])"));
    };
    ["2026-03", "2026-10", "2026-11"].into_iter().for_each(month);
    assert_eq!(removed(DAY), Removed { months: 2, rows: 0 });
    // Somebody replays old recordings, and keeps them.
    ["2025-12", "2026-03", "2026-10"].into_iter().for_each(month);
    let half_a_year_ago = DAY - 300;
    assert_eq!(removed(half_a_year_ago), Removed { months: 1, rows: 0 });
    assert_eq!(months(&database, "call"), ["call_2026_03", "call_2026_10", "call_2026_11"]);
    assert_eq!(database.cell("SELECT first_day FROM callfold.retained"), "2026-11-29");
}

#[test]
fn rows_of_a_clock_that_stands_in_1970_go_in_small_portions() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("retain_1970");
    let place = Place::in_memory("pg-retain-1970");
    assert_eq!(run(&place, &["db", "migrate", "--postgres", &database.url()]).status.code(), Some(0));
    database.query(
        "INSERT INTO callfold.queue_wait_hist
         SELECT 'a', 'q', 'voice', to_timestamp(900 * i), 900000, 'answered', n, 1, 1, 900000, 'final', 1, now()
         FROM generate_series(0, 3) i, generate_series(1, 9000) n;
         CREATE TABLE portion (rows bigint);
         CREATE FUNCTION portion() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN INSERT INTO portion SELECT count(*) FROM gone; RETURN NULL; END $$;
         CREATE TRIGGER portion AFTER DELETE ON callfold.queue_wait_hist REFERENCING OLD TABLE AS gone
         FOR EACH STATEMENT EXECUTE FUNCTION portion()",
    );
    let target = Target::new(&database.url(), None, None).expect("an address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let removed = runtime.block_on(remove(&target, &[("queue_wait_hist", DAY)])).expect("removed");
    assert_eq!(removed, Removed { months: 0, rows: 36_000 });
    assert_eq!(count(&database, "queue_wait_hist", "true"), 0);
    assert_eq!(database.query("SELECT rows FROM portion").concat(), ["9000"; 4], "a quarter-hour at a time");
}

/// Limits that a test moves: every limited table is kept from this day on.
fn limits(day: &Arc<AtomicI64>) -> Limits {
    let day = Arc::clone(day);
    Limits::new(move || LIMITED.map(|table| (table, day.load(Ordering::Relaxed))).to_vec())
}

#[test]
fn the_one_that_writes_removes_what_is_too_old_and_the_one_that_stands_by_does_not() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::in_memory("pg-retain-pair"), cluster.database("retain_pair"));
    let batches = batches(21, 40);
    let (begin, rest) = batches.split_at(25);
    let day = Arc::new(AtomicI64::new(DAY));
    let mut first = Way::open(&place.path("first"), &database.url(), "callfold", 1 << 30);
    first.limits = Some(limits(&day));
    first.carry().expect("a database");
    first.deliver(begin);
    first.wait_until_empty();
    let there = || LIMITED.iter().filter(|table| count(&database, table, "true") > 0).count();
    // Party states are off in this floor.
    assert_eq!(there(), 3);
    let others = count(&database, "party", "true");
    // The one behind it thinks that everything is too old.
    let mut second = Way::open(&place.path("second"), &database.url(), "callfold", 1 << 30);
    second.limits = Some(limits(&Arc::new(AtomicI64::new(DAY + 1))));
    second.deliver(rest);
    second.carry().expect("a database");
    wait(|| second.backlog.role() == Role::StandsBy, || format!("{:?}", second.backlog));
    first.deliver(&rest[..5]);
    first.wait_until_empty();
    assert_eq!(there(), 3, "who stands by removes nothing");
    first.stop();
    wait(|| there() == 0, || format!("{:?}", second.backlog));
    // What comes late is there, until it is another day.
    second.wait_until_empty();
    second.stop();
    assert!(count(&database, "party", "true") > others);
    let mut third = Way::open(&place.path("third"), &database.url(), "callfold", 1 << 30);
    third.limits = Some(limits(&day));
    third.deliver(&batches);
    third.carry().expect("a database");
    third.wait_until_empty();
    assert_eq!(there(), 3, "a dropped month is made again");
    day.store(DAY + 4, Ordering::Relaxed);
    third.deliver(&rest[14..]);
    wait(|| there() == 0, || format!("{:?}", third.backlog));
    // Those of today and the next month are made ahead, whatever day it is.
    let november = |table: &str| months(&database, table).contains(&format!("{table}_2026_11"));
    assert!(!november("call") && november("party"));
}

#[test]
fn removing_while_rows_come_leaves_exactly_what_removing_afterwards_leaves() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::in_memory("pg-retain-while"), cluster.database("retain_while"));
    let quiet = cluster.database("retain_quiet");
    // From half past eleven to half past twelve, over midnight and the end of a month.
    let start = Micros((DAY + 2) * 86_400_000_000) - Span::from_mins(30);
    let batches = batches_of(Scenario { agents: 40, queues: 5, seed: 22, start, ..Scenario::default() }, 60, |l| l);
    let all = |day: i64| callfold::sink::tables().into_iter().map(move |table| (table.name, day)).collect::<Vec<_>>();
    let target = |database: &Database<'_>| Target::new(&database.url(), None, None).expect("an address");
    let removal = |target: &Target, day: i64| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(remove(target, &all(day))).expect("removed")
    };
    let mut way = Way::open(&place.path("while"), &database.url(), "callfold", 1 << 30);
    way.carry().expect("a database");
    let while_it_comes = target(&database);
    std::thread::scope(|scope| {
        let (done, is_done) = std::sync::mpsc::channel::<()>();
        let remover = scope.spawn(move || {
            let mut runs = Vec::new();
            while is_done.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                // A month more than necessary goes, too, with whatever of it is there.
                let day = if runs.len() % 2 == 0 { DAY + 2 } else { DAY };
                runs.push(removal(&while_it_comes, day));
            }
            runs
        });
        for batch in &batches {
            way.deliver(std::slice::from_ref(batch));
            way.wait_until_empty();
        }
        drop(done);
        let runs = remover.join().expect("no panic");
        assert!(runs.iter().any(|run| run.months > 0) && runs.len() > 2, "{runs:?}");
    });
    assert_eq!(way.backlog.segments_refused.load(Ordering::Relaxed), 0);
    removal(&target(&database), DAY + 2);
    let mut way = Way::open(&place.path("quiet"), &quiet.url(), "callfold", 1 << 30);
    way.deliver(&batches);
    way.carry().expect("a database");
    way.wait_until_empty();
    let before = cells::of_database(&quiet, "");
    assert!(removal(&target(&quiet), DAY + 2).months > 10);
    let left = cells::of_database(&quiet, "");
    assert!(left["call"].len() > 10 && left["call"].len() < before["call"].len(), "{}", left["call"].len());
    assert_equal(&left, &cells::of_database(&database, ""));
}

#[test]
fn somebody_who_reads_for_long_keeps_a_month_there_and_nobody_waits_for_him() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::in_memory("pg-retain-busy"), cluster.database("retain_busy"));
    let batches = batches(23, 30);
    let mut way = Way::open(&place.path("d"), &database.url(), "callfold", 1 << 30);
    way.carry().expect("a database");
    way.deliver(&batches[..20]);
    way.wait_until_empty();
    way.stop();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let reader = runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(&database.url(), NoTls).await.expect("a connection");
        tokio::spawn(connection);
        client.batch_execute("BEGIN; SELECT count(*) FROM callfold.call").await.expect("read");
        client
    });
    let day = Arc::new(AtomicI64::new(DAY + 3));
    way.limits = Some(Limits::new({
        let day = Arc::clone(&day);
        move || vec![("call", day.load(Ordering::Relaxed)), ("party", day.load(Ordering::Relaxed))]
    }));
    way.carry().expect("a database");
    wait(|| way.backlog.role() == Role::Writes, || format!("{:?}", way.backlog));
    let noted = "SELECT count(*) FROM callfold.retained";
    wait(|| ask(&database.url(), noted).is_ok_and(|rows| rows == [["1"]]), String::new);
    // The month is still his, and rows go on coming.
    way.deliver(&batches[20..]);
    way.wait_until_empty();
    let november = |table: &str| months(&database, table).contains(&format!("{table}_2026_11"));
    assert!(november("call") && november("party"));
    assert!(count(&database, "call", "true") > 0);
    way.stop();
    drop(reader);
    drop(runtime);
    // A new session does not know that somebody was in the way.
    way.carry().expect("a database");
    wait(|| !november("party"), || format!("{:?}", way.backlog));
    assert!(!november("call"));
}

#[test]
fn a_server_keeps_in_the_database_what_it_keeps_in_the_files() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::in_memory("pg-retain-serve"), cluster.database("retain_serve"));
    let feed = simulate(&place, "day.ndjson", &["--agents", "10", "--queues", "2", "--for", "40m", "--seed", "31"]);
    let url = database.url();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", "d", "--postgres", &url];
    let mut server = Running::start(&place, &[&serve[..], &["--feed", &format!("file:{feed}")]].concat());
    server.wait_for("read to the end");
    assert_eq!(server.signal("TERM"), Some(0));
    assert_ne!((count(&database, "call", "true"), count(&database, "agent_interval", "true")), (0, 0));
    // Another day, and somebody has decided how long details are kept.
    place.write("c.toml", "[history.retention]\ndetail = \"1 year\"\n");
    let mut server = Running::start(&place, &[&serve[..], &["--config", "c.toml"]].concat());
    server.wait_for("were removed from the database");
    assert_eq!(server.signal("TERM"), Some(0));
    assert_eq!((count(&database, "call", "true"), count(&database, "party", "true")), (0, 0));
    assert_ne!(count(&database, "agent_interval", "true"), 0);
    let check = run(&place, &["check", "data", "--data", "d", "--postgres", &url]);
    assert_eq!(check.status.code(), Some(0), "{}", stdout(&check));
}
