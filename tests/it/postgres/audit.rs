//! `callfold check data --postgres`: the laws of the tables, asked of a database.

use std::collections::BTreeSet;

use callfold::audit::{Findings, Stores, TABLES, check, why_unjudged};
use callfold::handoff::stop::Stop;
use callfold::model::table::{Table, Type};
use callfold::sink::postgres::Target;
use callfold::sink::tables;
use serde_json::Value;

use super::cluster::{Cluster, Database};
use super::floor::wait;
use crate::process::{Place, run, stderr, stdout};

/// A simulated hour in files and in a database.
fn stored<'a>(cluster: &'a Cluster, name: &str) -> (Place, Database<'a>) {
    let (place, database) = (Place::in_memory(name), cluster.database(&name.replace('-', "_")));
    let feed = place.path("day.ndjson").to_string_lossy().into_owned();
    let simulated =
        ["simulate", "--out", &feed, "--agents", "12", "--queues", "4", "--for", "70m", "--seed", "5", "--quiet"];
    assert!(run(&place, &simulated).status.success());
    place.write(
        "callfold.toml",
        "[history]\nparty_states = true\nqueue_snapshots = \"1m\"\nagent_snapshots = \"1m\"\n[calendar]\nzones = [\"UTC\", \"Europe/Berlin\"]\n[[group]]\nname = \"Sales\"\nagents = [\"1\", \"2\", \"3\"]\n\
         [[group]]\nname = \"Service\"\nagents = [\"4\"]\n",
    );
    let configured = ["--config", "callfold.toml", "--user-data", "*"];
    let output = run(&place, &[&["replay", &feed, "--postgres", &database.url()], &configured[..]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    (place, database)
}

/// What a check of the database alone finds, or of the database beside the files.
fn found(database: &Database<'_>, beside: Option<&Place>) -> Findings {
    let target = Target::new(&database.url(), None, None).expect("an address");
    let stores = Stores { files: beside.map(|place| place.path("data")), database: Some(target) };
    check(&stores, 1000, &Stop::new(), |_| {}).expect("a check").findings
}

/// Every finding in one line.
fn lines(findings: &Findings) -> Vec<String> {
    let of_law = findings.verdicts().flat_map(|(law, verdict)| {
        verdict.examples.iter().map(move |e| format!("{}: {} {}: {}", law.name(), e.place, e.key, e.what))
    });
    of_law.collect()
}

/// Tables that laws are about and that have rows.
fn facts(database: &Database<'_>) -> Vec<&'static Table> {
    let is_there = |table: &&Table| {
        TABLES.contains(&table.name) && database.cell(&format!("SELECT count(*) FROM callfold.{}", table.name)) != "0"
    };
    tables().into_iter().filter(is_there).collect()
}

/// One row of a table, in the middle of it.
fn one_row(table: &Table) -> String {
    let key = table.key.join(", ");
    // A login on another DN that is the last of its session nobody else knows.
    let only = if table.name == "agent_session_dn" { "WHERE queue_id IS NOT NULL" } else { "" };
    format!(
        "(tableoid, ctid) = (SELECT tableoid, ctid FROM callfold.{0} {only} ORDER BY {key}
                             OFFSET (SELECT count(*) / 2 FROM callfold.{0} {only}) LIMIT 1)",
        table.name
    )
}

/// Another value for a column.
fn other(table: &Table, column: &callfold::model::table::Column) -> String {
    let name = format!("\"{}\"", column.name);
    let is_key = table.key.contains(&column.name);
    match column.ty {
        // The server itself lets no two rows have one key.
        Type::Name if is_key => "'x'".into(),
        Type::Int | Type::Long if is_key => format!("{name} + 100000"),
        Type::Name => {
            format!(
                "coalesce((SELECT o.{name} FROM callfold.{} o WHERE o.{name} <> t.{name} LIMIT 1), 'x')",
                table.name
            )
        }
        Type::Text => format!("coalesce({name}, '') || '7'"),
        Type::Uuid => format!(
            "coalesce(overlay({name}::text PLACING to_hex(15 - ('x' || substr({name}::text, 3, 1))::bit(4)::int) FROM 3 FOR 1)::uuid, gen_random_uuid())"
        ),
        Type::Instant => format!("coalesce({name} + interval '1 millisecond', to_timestamp(1700002000))"),
        Type::Long | Type::Int => format!("coalesce({name} + 1, 1)"),
        Type::Flag => format!("NOT coalesce({name}, false)"),
        Type::NameList => "ARRAY['x']".into(),
        Type::Date => format!("{name} + 1"),
        Type::Time => format!("{name} + interval '1 second'"),
    }
}

/// Puts everything back as `callfold_test.TABLE` has it.
fn restore(database: &Database<'_>, table: &Table) {
    database.query(&format!("TRUNCATE callfold.{0}; INSERT INTO callfold.{0} SELECT * FROM kept_{0}", table.name));
}

fn keep(database: &Database<'_>, table: &Table) {
    database.query(&format!("CREATE TABLE kept_{0} AS SELECT * FROM callfold.{0}", table.name));
}

#[test]
fn a_database_that_is_right_has_nothing_to_show_and_a_row_that_is_deleted_is_missed_in_every_table() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = stored(cluster, "audit-deleted");
    assert_eq!(lines(&found(&database, Some(&place))), Vec::<String>::new());
    let mut unnoticed = Vec::new();
    let facts = facts(&database);
    assert!(facts.len() >= 31, "{}", facts.len());
    for table in facts {
        // Who belongs to a group is what somebody configured, and nothing else knows it.
        if table.name == "group_member" {
            continue;
        }
        keep(&database, table);
        database.query(&format!("DELETE FROM callfold.{} WHERE {}", table.name, one_row(table)));
        if found(&database, None).broken() == 0 {
            unnoticed.push(table.name);
        }
        restore(&database, table);
    }
    assert!(unnoticed.is_empty(), "nobody misses a row of {unnoticed:?}");
    assert_eq!(lines(&found(&database, None)), Vec::<String>::new());
}

#[test]
fn a_cell_that_is_changed_in_a_database_is_noticed_save_in_columns_that_nothing_else_knows() {
    let Some(cluster) = Cluster::shared() else { return };
    let (_place, database) = stored(cluster, "audit-changed");
    let mut unnoticed = Vec::new();
    // All columns are tried on rows that were read; here, with a server asked each time, every fourth one of them, and all with
    // CALLFOLD_ALL_COLUMNS=1, which takes minutes.
    let step = if std::env::var_os("CALLFOLD_ALL_COLUMNS").is_some() { 1 } else { 4 };
    for (at, table) in facts(&database).into_iter().enumerate() {
        keep(&database, table);
        let judged = table.columns.iter().filter(|column| why_unjudged(table.name, column.name).is_none());
        for column in judged.skip(at % step).step_by(step) {
            database.query(&format!(
                "UPDATE callfold.{} t SET \"{}\" = {} WHERE {}",
                table.name,
                column.name,
                other(table, column),
                one_row(table)
            ));
            if found(&database, None).broken() == 0 {
                unnoticed.push(format!("{}.{}", table.name, column.name));
            }
            restore(&database, table);
        }
    }
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
}

#[test]
fn files_and_database_are_compared_by_key_and_cell_whatever_the_column() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = stored(cluster, "audit-compared");
    let mut wanted = BTreeSet::new();
    for table in facts(&database) {
        let columns =
            table.columns.iter().filter(|column| !table.key.contains(&column.name) && column.name != table.time);
        // One row a column, as far as there are rows.
        for (at, column) in columns.enumerate() {
            let key = table.key.join(", ");
            let changed = database.query(&format!(
                "WITH one AS (SELECT tableoid AS o, ctid AS c FROM callfold.{0} ORDER BY {key} OFFSET {at} LIMIT 1)
                 UPDATE callfold.{0} t SET \"{1}\" = {2} FROM one WHERE t.tableoid = one.o AND t.ctid = one.c RETURNING 1",
                table.name,
                column.name,
                other(table, column),
            ));
            if !changed.is_empty() {
                wanted.insert(format!("callfold.{} {}", table.name, column.name));
            }
        }
    }
    database.query(&format!("DELETE FROM callfold.call WHERE {}", one_row(tables()[0])));
    let said = lines(&found(&database, Some(&place)));
    for wanted in &wanted {
        let (table, column) = wanted.split_once(' ').expect("two words");
        let is_said = |line: &&String| {
            line.starts_with(&format!("stores_agree: {table} ")) && line.contains(&format!(": {column} is `"))
        };
        assert!(said.iter().any(|line| is_said(&line)), "{wanted} is not among {said:#?}");
    }
    let missing = said.iter().filter(|line| line.contains("the database does not have this row")).count();
    assert_eq!(missing, 1);
    database.query("UPDATE callfold.call SET call_id = gen_random_uuid() WHERE call_id = (SELECT min(call_id::text)::uuid FROM callfold.call)");
    let said = lines(&found(&database, Some(&place)));
    assert!(
        said.iter()
            .any(|line| line.contains("callfold.call call_id=") && line.contains("the files do not have this row"))
    );
}

#[test]
fn a_row_that_is_deleted_from_the_database_of_a_running_program_is_reported() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::in_memory("audit-night"), cluster.database("audit_night"));
    let (server, address) = crate::night::server(&place, &["--postgres", &database.url()]);
    let findings = || crate::night::figure(address, crate::night::FINDINGS);
    let days = || crate::night::last(&place).1["days"].to_string();
    // Four hours come within a second: what they name may be described a moment later, and the day is checked again.
    wait(|| days().contains("database default 2026-11-27") && findings() == Some(0.0), days);
    database.query("DELETE FROM callfold.queue_segment WHERE queue_segment_id = (SELECT min(queue_segment_id::text)::uuid FROM callfold.queue_segment
                    WHERE entered_at < '2026-11-28Z')");
    wait(|| findings() >= Some(1.0), || format!("{:?}", crate::night::last(&place)));
    let report = crate::night::last(&place).1.to_string();
    assert!(report.contains("callfold.handling_segment") || report.contains("callfold.queue_interval"), "{report}");
    assert_eq!(server.signal("TERM"), Some(0));
}

#[test]
fn the_command_tells_what_is_wrong_with_a_database_and_with_the_way_there() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = stored(cluster, "audit-told");
    let output = run(&place, &["check", "data", "--postgres", &database.url(), "--strict", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    let value: Value = serde_json::from_str(&stdout(&output)).expect("json");
    assert!(value["rows"].as_u64() > Some(500) && value["files"] == 0, "{value}");
    assert!(stderr(&output).contains(" in database audit_told at "), "{}", stderr(&output));
    // A reader of one tenant sees enough.
    database.query(
        "CREATE ROLE audit_reader LOGIN; GRANT callfold_report TO audit_reader; CREATE ROLE audit_stranger LOGIN",
    );
    let as_user = |user: &str| {
        let output = run(&place, &["check", "data", "--postgres", &cluster.url_for(user, "audit_told")]);
        (output.status.code(), stderr(&output))
    };
    let (code, said) = as_user("audit_reader");
    assert!(
        code == Some(4) && said.contains("no tenant's rows are visible") && said.contains("callfold.tenant"),
        "{said}"
    );
    database.query("ALTER ROLE audit_reader SET callfold.tenant = 'default'");
    assert_eq!(as_user("audit_reader").0, Some(0));
    let (code, said) = as_user("audit_stranger");
    assert!(code == Some(4) && said.contains("permission denied") && said.contains("GRANT callfold_report"), "{said}");
    let other = cluster.database("audit_empty");
    let output = run(&place, &["check", "data", "--postgres", &other.url()]);
    assert_eq!(output.status.code(), Some(5));
    assert!(stderr(&output).contains("has no schema callfold"), "{}", stderr(&output));
    database.query("ALTER TABLE callfold.party RENAME COLUMN queued_ms TO waited_ms");
    let (code, said) = as_user("audit_reader");
    assert!(code == Some(9) && said.contains("party.queued_ms is not there"), "{said}");
    database.query("ALTER TABLE callfold.party RENAME COLUMN waited_ms TO queued_ms");
    database.query(&format!("DELETE FROM callfold.party WHERE {}", one_row(tables()[1])));
    let output = run(&place, &["check", "data", "--postgres", &database.url()]);
    assert_eq!(output.status.code(), Some(6), "{}", stdout(&output));
    assert!(stdout(&output).contains("callfold.handling_segment handling_segment_id="), "{}", stdout(&output));
}
