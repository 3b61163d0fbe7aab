//! Live rows on their way into a database: equal to the files, each once, whatever happens to the server in between.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;

use callfold::engine::output::RowBatch;
use callfold::model::row::Rows;
use callfold::simulate::Scenario;
use callfold::sink::{Mode, Store};

use super::cells::{self, assert_equal};
use super::cluster::{Cluster, ask};
use super::floor::{START, Way, batches, batches_of, rows, wait};
use crate::process::{Place, run, stderr, stdout};

/// The same batches as files.
pub fn files(data: &Path, batches: &[RowBatch]) -> std::collections::BTreeMap<String, cells::Table> {
    let mut store = Store::open(data, Mode::Live).expect("a store");
    batches.iter().for_each(|batch| store.deliver(batch).expect("the disk takes it"));
    store.finish().expect("published");
    cells::of_files(data)
}

#[test]
fn live_rows_equal_the_files_and_the_same_segments_again_change_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    live_rows_arrive_once(cluster, "live");
}

/// Live rows into a new database of a server, and the same segments once more.
pub fn live_rows_arrive_once(cluster: &Cluster, name: &str) {
    let (place, database) = (Place::in_memory(&format!("pg-{name}")), cluster.database(name));
    let batches = batches(1, 75);
    let (data, again) = (place.path("data"), place.path("again"));
    let mut way = Way::open(&data, &database.url(), "callfold", 1 << 30);
    way.deliver(&batches);
    copy(&data.join("postgres"), &again.join("postgres"));
    way.carry().expect("a database");
    way.wait_until_empty();
    assert_eq!(way.backlog.rows_written.load(Ordering::Relaxed), rows(&batches));
    let files = files(&place.path("files"), &batches);
    assert!(files.len() >= 12, "too few tables have rows: {:?}", files.keys());
    assert_equal(&files, &cells::of_database(&database, ""));
    let provisional = "SELECT count(*) FROM callfold.agent_interval WHERE status = 'provisional'";
    assert_eq!(database.cell(provisional), "0", "what was provisional became final under the same key");
    assert_eq!(
        database.cell("SELECT min(revision) FROM callfold.agent_interval WHERE interval_start < '2026-11-29T11:00Z'"),
        "2"
    );
    way.stop();
    // The same segments from another spool: nobody knows that they were there.
    let versions = cells::versions(&database);
    fs::write(again.join("postgres/spool.json"), "{\"id\": \"another\"}").expect("written");
    let mut way = Way::open(&again, &database.url(), "callfold", 1 << 30);
    way.carry().expect("a database");
    way.wait_until_empty();
    assert_eq!(cells::versions(&database), versions, "no row was rewritten");
    assert_eq!(database.cell("SELECT count(*) FROM callfold_store.delivery_cursor"), "2");
    let watermark = "SELECT (extract(epoch FROM watermark) * 1000000)::bigint FROM callfold.delivery_source";
    assert_eq!(database.cell(watermark), batches.last().expect("one").watermark.0.to_string());
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory").map_while(Result::ok).filter(|entry| entry.path().is_file()) {
        fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

#[test]
fn an_interval_that_comes_again_takes_away_what_it_no_longer_has_and_nothing_of_other_switches_and_tenants() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::in_memory("pg-vanish"), cluster.database("vanish"));
    let mut batches = batches(2, 25);
    let mut way = Way::open(&place.path("data"), &database.url(), "callfold", 1 << 30);
    way.carry().expect("a database");
    way.deliver(&batches);
    way.wait_until_empty();
    let first = "interval_start = '2026-11-29T10:00Z'";
    let count = |table: &str, condition: &str| {
        database.cell(&format!("SELECT count(*) FROM callfold.{table} WHERE {first}{condition}"))
    };
    for table in ["queue_wait_hist", "agent_reason_interval", "agent_queue_interval"] {
        assert_ne!(count(table, ""), "0", "{table}");
        // The rows of another switch, of another tenant, and of another interval.
        database.query(&format!(
            "CREATE TEMP TABLE x AS SELECT * FROM callfold.{table} WHERE {first} LIMIT 1;
             UPDATE x SET tenant_id = 'other'; INSERT INTO callfold.{table} SELECT * FROM x;
             UPDATE x SET tenant_id = 'default', {}; INSERT INTO callfold.{table} SELECT * FROM x",
            if table == "queue_wait_hist" { "queue_id = '9@far-east'" } else { "agent_id = 'stranger'" }
        ));
    }
    let last = batches.iter_mut().rev().find(|batch| !batch.rows.queue_interval.is_empty()).expect("intervals leave");
    // As if the last look had found that nobody waited, worked with a queue, or gave a reason.
    let mut rows = Rows::default();
    rows.queue_interval.append(&mut last.rows.queue_interval);
    rows.queue_cohort_interval.append(&mut last.rows.queue_cohort_interval);
    let starts: BTreeSet<_> = rows.queue_interval.iter().map(|row| row.interval_start).collect();
    let written_at = last.watermark;
    let keep = |start: callfold::model::time::Micros| start == START;
    rows.queue_interval.iter_mut().for_each(|row| (row.interval_start, row.written_at) = (START, written_at));
    rows.queue_cohort_interval.iter_mut().for_each(|row| (row.interval_start, row.written_at) = (START, written_at));
    assert!(starts.iter().any(|start| keep(*start)) || !starts.is_empty());
    dedup(&mut rows);
    let again = RowBatch { rows, watermark: written_at, ..RowBatch::default() };
    way.deliver(&[again]);
    way.wait_until_empty();
    for table in ["queue_wait_hist", "agent_reason_interval", "agent_queue_interval"] {
        let left = database.query(&format!("SELECT tenant_id FROM callfold.{table} WHERE {first} ORDER BY 1")).concat();
        assert_eq!(left, ["default", "other"], "{table}");
    }
    assert_ne!(
        database.cell("SELECT count(*) FROM callfold.queue_wait_hist WHERE interval_start > '2026-11-29T10:00Z'"),
        "0"
    );
}

/// One row a queue: rows of several intervals were moved into one.
fn dedup(rows: &mut Rows) {
    let mut seen = BTreeSet::new();
    rows.queue_interval.retain(|row| seen.insert(row.queue_id));
    seen.clear();
    rows.queue_cohort_interval.retain(|row| seen.insert(row.queue_id));
}

#[test]
fn a_server_that_is_killed_in_the_middle_of_a_merge_has_everything_once_when_it_is_back() {
    let Some(mut cluster) = Cluster::start("") else { return };
    let place = Place::in_memory("pg-killed");
    let batches = batches(3, 40);
    let url = cluster.database("killed").url();
    let mut way = Way::open(&place.path("data"), &url, "callfold", 1 << 30);
    way.carry().expect("a database");
    let (begin, rest) = batches.split_at(18);
    way.deliver(begin);
    way.wait_until_empty();
    let active = |query: &str| cell(&url, &format!("SELECT count(*) FROM pg_stat_activity WHERE {query}"));
    let mut rest = rest.chunks(9);
    for accident in ["terminate", "kill"] {
        // Somebody holds a table in the middle of a merge: the ones before it are merged, and nothing is committed.
        let holder = std::thread::spawn({
            let url = url.clone();
            move || ask(&url, "BEGIN; LOCK TABLE callfold.agent_state; SELECT pg_sleep(60)")
        });
        wait(|| active("wait_event = 'PgSleep'") == "1", String::new);
        way.deliver(rest.next().expect("minutes"));
        wait(|| active("application_name = 'callfold' AND wait_event_type = 'Lock'") == "1", String::new);
        if accident == "kill" {
            cluster.kill();
        } else {
            cell(
                &url,
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'killed'
                AND pid <> pg_backend_pid()",
            );
        }
        assert!(holder.join().expect("no panic").is_err());
        if accident == "kill" {
            cluster.resume();
        }
        way.wait_until_empty();
    }
    rest.for_each(|rest| way.deliver(rest));
    way.wait_until_empty();
    way.stop();
    let database = super::cluster::Database { cluster: &cluster, name: "killed".into() };
    assert_equal(&files(&place.path("files"), &batches), &cells::of_database(&database, ""));
}

fn cell(url: &str, sql: &str) -> String {
    ask(url, sql).expect("the server answers").concat().concat()
}

#[test]
fn a_database_that_comes_later_gets_everything_and_a_full_spool_waits_for_it() {
    let Some(mut cluster) = Cluster::start("") else { return };
    let place = Place::in_memory("pg-later");
    let url = cluster.database("later").url();
    cluster.kill();
    let batches = batches(4, 20);
    let mut way = Way::open(&place.path("data"), &url, "callfold", 1);
    way.carry().expect("a server that is not there is tried again");
    assert!(way.backlog.trouble().expect("it is not there").contains("cannot connect"));
    // The bound is one byte: after the first segment there is no room.
    let backlog = std::sync::Arc::clone(&way.backlog);
    std::thread::scope(|scope| {
        let bringer = scope.spawn(|| way.deliver(&batches));
        wait(|| backlog.full.load(Ordering::Relaxed), || format!("{backlog:?}"));
        assert_eq!(backlog.segments.load(Ordering::Relaxed), 1);
        assert!(!bringer.is_finished());
        cluster.resume();
        bringer.join().expect("there was room");
    });
    way.wait_until_empty();
    assert!(way.backlog.trouble().is_none() && !way.backlog.full.load(Ordering::Relaxed));
    way.stop();
    // A program that stops keeps its last rows even beyond the bound.
    cluster.kill();
    way.spooler.deliver(&batches[0], || true).expect("taken");
    way.spooler.deliver(&batches[0], || true).expect("taken");
    assert_eq!(way.backlog.segments.load(Ordering::Relaxed), 2);
    drop(way);
    cluster.resume();
    let mut way = Way::open(&place.path("data"), &url, "callfold", 1);
    way.carry().expect("a database");
    way.wait_until_empty();
    let database = super::cluster::Database { cluster: &cluster, name: "later".into() };
    assert_equal(&files(&place.path("files"), &batches), &cells::of_database(&database, ""));
}

#[test]
fn a_full_server_is_waited_for_and_rows_it_refuses_are_put_aside() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::in_memory("pg-full"), cluster.database("refusing"));
    let batches = batches(5, 20);
    let data = place.path("data");
    let mut way = Way::open(&data, &database.url(), "callfold", 1 << 30);
    way.carry().expect("a database");
    let refuse = |state: &str, condition: &str| {
        database.query(&format!(
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$;
             CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON callfold.call FOR EACH ROW WHEN ({condition})
             EXECUTE FUNCTION refuse()"
        ));
    };
    refuse("53100", "true");
    let with_calls = batches.iter().position(|batch| !batch.rows.call.is_empty()).expect("calls end");
    way.deliver(&batches[..=with_calls]);
    wait(
        || way.backlog.trouble().is_some_and(|text| text.contains("53100") && text.contains("make room")),
        || format!("{:?}", way.backlog),
    );
    database.query("DROP TRIGGER refuse ON callfold.call");
    way.wait_until_empty();
    assert_eq!(way.backlog.segments_refused.load(Ordering::Relaxed), 0);
    // One call that the server will never take, in one of many segments.
    let bad = batches[with_calls + 1..].iter().find(|batch| !batch.rows.call.is_empty()).expect("calls end");
    let id = bad.rows.call[0].conn_id.0;
    refuse("22023", &format!("NEW.conn_id = '{id:016x}'"));
    way.deliver(&batches[with_calls + 1..]);
    way.wait_until_empty();
    assert_eq!(way.backlog.segments_refused.load(Ordering::Relaxed), 1);
    let refused = fs::read_dir(data.join("postgres/refused")).expect("a directory").count();
    assert_eq!(refused, 1);
    let all = batches.iter().flat_map(|b| &b.rows.call).map(|call| call.conn_id.0).collect::<BTreeSet<u64>>().len();
    let expected: BTreeSet<u64> = batches
        .iter()
        .filter(|batch| !std::ptr::eq(*batch, bad))
        .flat_map(|b| &b.rows.call)
        .map(|call| call.conn_id.0)
        .collect();
    assert_eq!(database.cell("SELECT count(*) FROM callfold.call"), expected.len().to_string(), "all others are there");
    // Somebody finds out what it was, tries, repairs it, and sends them again, beside the program that still runs.
    let resend = |more: &[&str]| {
        let url = database.url();
        let output = run(&place, &[&["db", "resend", "--data", "data", "--postgres", &url], more].concat());
        (output.status.code(), stdout(&output) + &stderr(&output))
    };
    let (code, said) = resend(&[]);
    assert!(code == Some(6) && said.contains("refused again") && said.contains("22023"), "{said}");
    database.query("DROP TRIGGER refuse ON callfold.call");
    let (code, said) = resend(&["--dry-run"]);
    assert!(code == Some(0) && said.contains("would be taken") && said.contains("call"), "{said}");
    assert_eq!(database.cell("SELECT count(*) FROM callfold.call"), expected.len().to_string(), "it only looked");
    let (code, said) = resend(&[]);
    assert!(code == Some(0) && said.contains(" taken"), "{said}");
    assert_eq!(database.cell("SELECT count(*) FROM callfold.call"), all.to_string());
    let (code, said) = resend(&[]);
    assert!(code == Some(0) && said.contains("nothing was refused"), "{said}");
    way.stop();
    assert_equal(&files(&place.path("files"), &batches), &cells::of_database(&database, ""));
}

#[test]
fn rows_that_were_seen_and_not_yet_on_the_servers_disk_come_again_when_it_is_killed() {
    // Nothing but a commit that waits for the disk brings anything there.
    let Some(mut cluster) = Cluster::start("-c wal_writer_delay=10s -c wal_writer_flush_after=1GB -c wal_buffers=64MB")
    else {
        return;
    };
    let place = Place::in_memory("pg-unflushed");
    let batches = batches(15, 40);
    let url = cluster.database("unflushed").url();
    let mut way = Way::open(&place.path("data"), &url, "callfold", 1 << 30);
    way.carry().expect("a database");
    let (begin, rest) = batches.split_at(20);
    way.deliver(begin);
    way.wait_until_empty();
    // The confirmation moves nothing but a time; it waits, as on a slow disk.
    cell(
        &url,
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
         CREATE TRIGGER slow BEFORE UPDATE ON callfold_store.delivery_cursor FOR EACH ROW WHEN (NEW.segment = OLD.segment)
         EXECUTE FUNCTION slow()",
    );
    cell(&url, "CHECKPOINT");
    let (written, count) = (way.backlog.rows_written.load(Ordering::Relaxed), "SELECT count(*) FROM callfold.call");
    let before = cell(&url, count);
    let with_calls = 1 + rest.iter().position(|batch| !batch.rows.call.is_empty()).expect("calls end");
    way.deliver(&rest[..with_calls]);
    wait(|| way.backlog.rows_written.load(Ordering::Relaxed) > written, || format!("{:?}", way.backlog));
    let seen = cell(&url, count);
    assert!(way.backlog.segments.load(Ordering::Relaxed) > 0, "the segments stay until the rows are on disk");
    cluster.kill();
    way.deliver(&rest[with_calls..]);
    let waiting = way.backlog.segments.load(Ordering::Relaxed);
    way.stop();
    cluster.resume();
    assert_ne!(seen, before, "a commit is seen before it is on disk");
    assert!([before, seen].contains(&cell(&url, count)), "a batch is there or it is not");
    cell(&url, "DROP TRIGGER slow ON callfold_store.delivery_cursor");
    let mut way = Way::open(&place.path("data"), &url, "callfold", 1 << 30);
    assert_eq!(way.backlog.segments.load(Ordering::Relaxed), waiting);
    way.carry().expect("a database");
    way.wait_until_empty();
    way.stop();
    let database = super::cluster::Database { cluster: &cluster, name: "unflushed".into() };
    assert_equal(&files(&place.path("files"), &batches), &cells::of_database(&database, ""));
}

/// A floor whose intervals are large enough for two sessions.
fn large() -> Vec<RowBatch> {
    batches_of(Scenario { agents: 1500, queues: 20, seed: 16, start: START, ..Scenario::default() }, 22, |lines| lines)
}

#[test]
fn a_large_batch_is_written_by_two_sessions_and_whatever_breaks_between_their_commits_it_is_there_once() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::in_memory("pg-two-sessions"), cluster.database("two_sessions"));
    let (batches, url) = (large(), database.url());
    let mut way = Way::open(&place.path("data"), &url, "callfold", 1 << 30);
    way.carry().expect("a database");
    let is_large =
        |batch: &RowBatch| !batch.rows.agent_interval.is_empty() && rows(std::slice::from_ref(batch)) >= 3000;
    let (begin, rest) = batches.split_at(batches.iter().position(is_large).expect("an interval of many rows"));
    way.deliver(begin);
    way.wait_until_empty();
    let ours = "FROM pg_stat_activity WHERE datname = 'two_sessions' AND pid <> pg_backend_pid()";
    assert_eq!(cell(&url, &format!("SELECT count(*) {ours} AND application_name = 'callfold'")), "2");
    // The commit of the session with the note waits; the helper's has happened.
    cell(
        &url,
        "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER hold AFTER INSERT OR UPDATE ON callfold_store.delivery_cursor DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION hold()",
    );
    let holder = std::thread::spawn({
        let url = url.clone();
        move || ask(&url, "SELECT pg_advisory_lock(42); SELECT pg_sleep(60)")
    });
    wait(|| cell(&url, &format!("SELECT count(*) {ours} AND wait_event = 'PgSleep'")) == "1", String::new);
    way.deliver(&rest[..1]);
    let held = format!("SELECT count(*) {ours} AND application_name = 'callfold' AND wait_event = 'advisory'");
    wait(|| cell(&url, &held) == "1", || format!("{:?}", way.backlog));
    let tables = ["agent_interval", "agent_queue_interval", "agent_reason_interval", "queue_interval"];
    let seen = tables.map(|table| cell(&url, &format!("SELECT count(*) > 0 FROM callfold.{table}")) == "t");
    assert!(seen.contains(&true) && seen.contains(&false), "one of the two has committed: {seen:?}");
    cell(&url, &format!("SELECT count(pg_terminate_backend(pid)) {ours}"));
    assert!(holder.join().expect("no panic").is_err());
    way.deliver(&rest[1..]);
    way.wait_until_empty();
    way.stop();
    assert_equal(&files(&place.path("files"), &batches), &cells::of_database(&database, ""));
}

#[test]
fn a_reader_of_one_tenant_sees_his_rows_in_every_table_and_no_other() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::in_memory("pg-two-tenants"), cluster.database("two_tenants"));
    database.query("CREATE ROLE two_owner LOGIN CREATEROLE; CREATE ROLE two_reader LOGIN; CREATE ROLE two_feeder LOGIN; GRANT CREATE ON DATABASE two_tenants TO two_owner");
    // The owner writes for the first, somebody who may only write for the second.
    for (tenant, seed, user) in [("a", 6, "two_owner"), ("b", 7, "two_feeder")] {
        let scenario = Scenario { agents: 20, queues: 3, seed, start: START, ..Scenario::default() };
        let batches = batches_of(scenario, 20, |lines| {
            let text = String::from_utf8(lines).expect("text");
            text.replace("{\"", &format!("{{\"Tenant\":\"{tenant}\",\"")).into_bytes()
        });
        let mut way = Way::open(&place.path(tenant), &cluster.url_for(user, "two_tenants"), tenant, 1 << 30);
        way.carry().expect("a database");
        way.deliver(&batches);
        way.wait_until_empty();
        database.query("GRANT callfold_ingest TO two_feeder");
    }
    database.query("GRANT callfold_report TO two_reader");
    let reader = cluster.url_for("two_reader", "two_tenants");
    let mut seen = 0;
    for name in database
        .query("SELECT relname FROM pg_class WHERE relnamespace = 'callfold'::regnamespace AND relkind IN ('r', 'p') AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'tenant_id')")
        .concat()
    {
        let there = database.query(&format!("SELECT count(*) FILTER (WHERE tenant_id = 'a'), count(*) FILTER (WHERE tenant_id = 'b') FROM callfold.{name}"));
        let asked = |tenant: &str| {
            ask(&reader, &format!("SET callfold.tenant = '{tenant}'; SELECT count(*), count(*) FILTER (WHERE tenant_id <> '{tenant}') FROM callfold.{name}")).expect("may read").concat()
        };
        assert_eq!(
            [asked("a"), asked("b")],
            [[there[0][0].clone(), "0".into()], [there[0][1].clone(), "0".into()]],
            "{name}"
        );
        seen += u32::from(there[0][0] != "0" && there[0][1] != "0");
    }
    assert!(seen >= 10, "rows of both tenants are in {seen} tables only");
}
