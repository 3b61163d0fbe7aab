//! What `callfold db` makes of an empty database, and who may see what in it.

use std::sync::atomic::Ordering;

use callfold::handoff::backlog::Role;

use super::cluster::{Cluster, ask};
use super::floor::{Way, wait};
use crate::process::{Place, run, stderr, stdout};

fn migrate(place: &Place, url: &str) -> (Option<i32>, String) {
    let output = run(place, &["db", "migrate", "--postgres", url]);
    (output.status.code(), stderr(&output))
}

#[test]
fn a_migrated_database_has_every_table_with_comments_keys_and_partitions_and_migrating_again_does_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    a_migrated_database_is_whole(cluster, "migrate");
}

/// What a new database of a server is after `db migrate`.
pub fn a_migrated_database_is_whole(cluster: &Cluster, name: &str) {
    let (place, database) = (Place::new(&format!("pg-{name}")), cluster.database(name));
    let (code, said) = migrate(&place, &database.url());
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("applied V0001__tables"), "{said}");
    let (code, said) = migrate(&place, &database.url());
    assert!(code == Some(0) && said.contains("is up to date"), "{said}");
    let undocumented = database.cell(
        "SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
         WHERE relnamespace = 'callfold'::regnamespace AND relkind IN ('r', 'p') AND attnum > 0
           AND col_description(c.oid, attnum) IS NULL",
    );
    assert_eq!(undocumented, "0", "every column has a comment");
    let unit = database.cell(
        "SELECT col_description('callfold.queue_interval'::regclass, attnum) FROM pg_attribute
         WHERE attrelid = 'callfold.queue_interval'::regclass AND attname = 'queue_ms'",
    );
    assert!(unit.ends_with("; milliseconds"), "{unit}");
    let key = database.cell(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint
         WHERE conrelid = 'callfold.call'::regclass AND contype = 'p'",
    );
    assert_eq!(key, "PRIMARY KEY (tenant_id, call_id, started_at)");
    let made =
        "SELECT callfold_store.ensure_partitions('call', ARRAY['2026-11-29', '2026-12-01', '2026-11-02']::date[])";
    assert_eq!(database.cell(made), "2");
    assert_eq!(database.cell(made), "0");
    let bounds = database.query("SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'call_2026_11'");
    assert_eq!(bounds, [["FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00')"]]);
    let status = run(&place, &["db", "status", "--json", "--postgres", &database.url()]);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).expect("json");
    assert_eq!(status["version"], "V0003");
    let tables = status["tables"].as_array().expect("tables");
    let partitions = |name: &str| tables.iter().find(|t| t["name"] == name).map(|t| t["partitions"].clone());
    assert_eq!(partitions("call"), Some(4.into()), "two months, and the times before and after all of them");
}

#[test]
fn a_reader_sees_the_rows_of_one_tenant_and_writes_none() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::new("pg-tenants"), cluster.database("tenants"));
    // The owner is nobody special, but may make roles.
    database.query(
        "CREATE ROLE centre LOGIN CREATEROLE; CREATE ROLE grafana LOGIN; CREATE ROLE feeder LOGIN;
         GRANT CREATE ON DATABASE tenants TO centre",
    );
    let owner = cluster.url_for("centre", "tenants");
    let (code, said) = migrate(&place, &owner);
    assert_eq!(code, Some(0), "{said}");
    database.query("GRANT callfold_report TO grafana; GRANT callfold_ingest TO feeder");
    let row = |tenant: &str| {
        format!(
            "INSERT INTO callfold.delivery_source (writer, tenant_id, site_id, watermark) VALUES ('w', '{tenant}', 'east', now())"
        )
    };
    let feeder = cluster.url_for("feeder", "tenants");
    ask(&feeder, &row("a")).expect("whoever writes writes for all tenants");
    ask(&feeder, &row("b")).expect("whoever writes writes for all tenants");
    let count = |url: &str, setting: &str| {
        let asked = ask(url, &format!("{setting}; SELECT count(*), min(tenant_id) FROM callfold.delivery_source"));
        asked.expect("may read").concat()
    };
    let reader = cluster.url_for("grafana", "tenants");
    assert_eq!(count(&reader, "SELECT 1"), ["0", "∅"], "no tenant, no rows");
    assert_eq!(count(&reader, "SET callfold.tenant = 'a'"), ["1", "a"]);
    assert_eq!(count(&reader, "SET callfold.tenant = 'b'"), ["1", "b"]);
    assert_eq!(count(&reader, "SET callfold.tenant = ''"), ["0", "∅"]);
    assert_eq!(count(&owner, "SELECT 1"), ["2", "a"], "whoever owns the tables sees all");
    assert_eq!(count(&owner, "SET callfold.tenant = 'b'"), ["1", "b"], "and one tenant when he says so: it is forced");
    let other = format!("SET callfold.tenant = 'a'; {}", row("b"));
    assert!(ask(&feeder, &other).expect_err("another tenant").contains("row-level security"));
    for forbidden in [
        row("a"),
        "UPDATE callfold.delivery_source SET writer = 'x'".into(),
        "DELETE FROM callfold.delivery_source".into(),
        "SELECT * FROM callfold_store.delivery_cursor".into(),
        "SELECT * FROM callfold_store.call_after".into(),
        "SELECT callfold_store.ensure_partitions('call', ARRAY['2026-01-01']::date[])".into(),
        "SELECT callfold_store.drop_retained('call', '2026-01-01')".into(),
        "INSERT INTO callfold.retained VALUES ('call', '2026-01-01')".into(),
        "CREATE TABLE callfold.mine (a int)".into(),
    ] {
        let refused = ask(&reader, &format!("SET callfold.tenant = 'a'; {forbidden}")).expect_err(&forbidden);
        assert!(refused.contains("permission denied"), "{forbidden}: {refused}");
    }
    let open = database.cell(
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'callfold'::regnamespace AND relkind IN ('r', 'p')
         AND NOT (relrowsecurity AND relforcerowsecurity)
         AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'tenant_id')",
    );
    assert_eq!(open, "0", "row-level security is forced on every table whose rows belong to a tenant");
}

#[test]
fn a_view_shows_its_reader_nothing_of_other_tenants() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::new("pg-view"), cluster.database("views"));
    database.query("CREATE ROLE watcher LOGIN");
    assert_eq!(migrate(&place, &database.url()).0, Some(0));
    database.query(
        "GRANT callfold_report TO watcher; CREATE VIEW callfold.reach AS SELECT * FROM callfold.delivery_source;
        INSERT INTO callfold.delivery_source (writer, tenant_id, site_id, watermark) VALUES ('w', 'a', 'east', now());
        UPDATE callfold_store.migration SET checksum = 'old' WHERE name = 'R9000__access'",
    );
    assert_eq!(migrate(&place, &database.url()).0, Some(0));
    let reader = cluster.url_for("watcher", "views");
    let seen = |tenant: &str| {
        ask(&reader, &format!("SET callfold.tenant = '{tenant}'; SELECT count(*) FROM callfold.reach"))
            .expect("may read")
    };
    assert_eq!([seen("a"), seen("b"), seen("")].concat().concat(), ["1", "0", "0"]);
}

#[test]
fn who_may_not_make_roles_goes_without_and_is_told() {
    let Some(cluster) = Cluster::start("") else { return };
    let place = Place::new("pg-roles");
    let database = cluster.database("plain");
    database.query("CREATE ROLE plain LOGIN; GRANT CREATE ON DATABASE plain TO plain");
    let url = cluster.url_for("plain", "plain");
    let (code, said) = migrate(&place, &url);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("roles skipped") && said.contains("callfold_report"), "{said}");
    // Somebody makes them later; the rights follow.
    database.query("CREATE ROLE callfold_report NOLOGIN");
    let (code, said) = migrate(&place, &url);
    assert!(code == Some(0) && said.contains("R9000__access"), "{said}");
    assert_eq!(database.cell("SELECT has_table_privilege('callfold_report', 'callfold.call', 'SELECT')"), "t");
}

#[test]
fn tables_of_another_version_have_their_message_and_those_of_an_earlier_one_are_brought_up_to_date() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::in_memory("pg-versions"), cluster.database("versions"));
    let url = database.url();
    let batches = super::floor::batches(18, 20);
    let mut way = Way::open(&place.path("data"), &url, "callfold", 1 << 30);
    // Today's first file alone, and a row: as an earlier version would have left it.
    let first = callfold::sink::postgres::MIGRATIONS[0];
    database.query(first.sql);
    database.query(&format!(
        "CREATE TABLE callfold_store.migration (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
         INSERT INTO callfold_store.migration VALUES ('{}', '{:016x}');
         INSERT INTO callfold.dim_tenant (tenant_id) VALUES ('of old')",
        first.name,
        twox_hash::XxHash64::oneshot(0, first.sql.as_bytes())
    ));
    let status = run(&place, &["db", "status", "--postgres", &url]);
    assert!(status.status.code() == Some(6) && stdout(&status).contains("due: V0002__delivery"), "{}", stdout(&status));
    way.carry().expect("a database");
    way.deliver(&batches[..10]);
    way.wait_until_empty();
    way.stop();
    assert_eq!(database.cell("SELECT count(*) FROM callfold.dim_tenant WHERE tenant_id = 'of old'"), "1");
    // A later program has changed the tables, or another build has other ones: nothing starts, and nothing is written.
    let spoil = [
        (
            "INSERT INTO callfold_store.migration VALUES ('V9999__later', 'x')",
            "a later callfold (V9999__later)",
            "use that version",
        ),
        (
            "UPDATE callfold_store.migration SET checksum = 'x' WHERE name = 'V0002__delivery'",
            "another build of callfold (V0002__delivery differs)",
            "use that build, or start anew",
        ),
    ];
    let kept = "CREATE TABLE kept AS SELECT * FROM callfold_store.migration";
    database.query(kept);
    let restore = "TRUNCATE callfold_store.migration; INSERT INTO callfold_store.migration SELECT * FROM kept";
    let feed = place.write("feed.ndjson", "").to_string_lossy().into_owned();
    for (sql, what, fix) in spoil {
        database.query(sql);
        for command in [
            &["serve", "--listen", "127.0.0.1:0", "--data", "served", "--postgres", &url][..],
            &["replay", &feed, "--data", "replayed", "--postgres", &url],
            &["db", "migrate", "--postgres", &url],
            &["db", "status", "--postgres", &url],
        ] {
            let output = run(&place, command);
            let said = stderr(&output);
            assert!(
                output.status.code() == Some(9) && said.contains(what) && said.contains(fix),
                "{command:?}: {said}"
            );
        }
        database.query(restore);
    }
    // The same behind the back of a program that runs: it waits, says why, and goes on when the tables are those it knows.
    way.carry().expect("a database");
    wait(|| way.backlog.role() == Role::Writes, || format!("{:?}", way.backlog));
    for (sql, what, _) in spoil {
        database.query(sql);
        database.query(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'versions' AND pid <> pg_backend_pid()",
        );
        way.deliver(&batches[10..15]);
        wait(|| way.backlog.trouble().is_some_and(|text| text.contains(what)), || format!("{:?}", way.backlog));
        assert!(way.backlog.segments.load(Ordering::Relaxed) > 0);
        database.query(restore);
    }
    way.deliver(&batches[15..]);
    way.wait_until_empty();
    assert!(way.backlog.trouble().is_none());
    way.stop();
    database.query("DELETE FROM callfold.dim_tenant WHERE tenant_id = 'of old'");
    let files = super::delivery::files(&place.path("files"), &batches);
    super::cells::assert_equal(&files, &super::cells::of_database(&database, ""));
}

#[test]
fn each_way_to_fail_has_its_message_and_exit_code() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::new("pg-failures"), cluster.database("failures"));
    database.query("CREATE ROLE nobody_special LOGIN");
    database.query("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    let check = |url: &str, code: i32, texts: &[&str]| {
        let (ended, said) = migrate(&place, url);
        assert_eq!(ended, Some(code), "{url}: {said}");
        for text in texts {
            assert!(said.contains(text), "{url}: {said}");
        }
    };
    check("postgres://x", 3, &["names no user"]);
    check("host=/nowhere user=a dbname=b", 7, &["/nowhere", "fix: check that the server runs"]);
    check(&cluster.url("no_such"), 5, &["\"no_such\" does not exist", "fix: create it"]);
    check(
        &cluster.url_for("stranger", "failures"),
        4,
        &["\"stranger\" does not exist", "fix: check user and password"],
    );
    check(&cluster.url_for("nobody_special", "failures"), 4, &["permission denied", "fix: let the owner"]);
    check(&cluster.url("latin"), 9, &["has encoding LATIN1"]);
    database.query("CREATE SCHEMA callfold");
    check(&database.url(), 9, &["a schema callfold that is not ours"]);
}
