//! A program that is stopped, killed and started again writes the same rows to the database as to its files, each once.

use std::time::Duration;

use callfold::app::clock::wall_now;
use callfold::model::time::Span;
use serde_json::Value;

use super::cells::{assert_equal, of_database, of_files};
use super::cluster::Cluster;
use super::program::simulate;
use crate::process::{Place, Running, http, run, stderr, stdout};

fn post(server: &mut Running, lines: &[&str]) -> u64 {
    let address = server.address("listens on");
    let headers = [("content-type", "application/x-ndjson")];
    let (status, answer) = http(address, "POST /api/v1/events", &headers, lines.concat().as_bytes());
    assert_eq!(status, 200, "{answer}");
    let answer: Value = serde_json::from_str(&answer).expect("json");
    answer["accepted"].as_u64().expect("a count")
}

/// A feed of the last minutes, as lines.
fn feed(place: &Place, minutes: i64, length: &str) -> String {
    let start = (wall_now() - Span::from_mins(minutes)).to_string();
    let arguments = ["--agents", "20", "--queues", "3", "--for", length, "--start", &start];
    let name = simulate(place, "f.ndjson", &arguments);
    std::fs::read_to_string(place.path(&name)).expect("written")
}

#[test]
fn a_server_that_is_stopped_and_killed_and_goes_on_leaves_files_and_database_equal() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::new("pg-restart"), cluster.database("restart"));
    let text = feed(&place, 38, "38m");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (first, rest) = lines.split_at(lines.len() / 2);
    let (second, third) = rest.split_at(rest.len() / 2);
    let url = database.url();
    let serve = || Running::start(&place, &["serve", "--listen", "127.0.0.1:0", "--data", "d", "--postgres", &url]);
    let (mut stopped, mut again) = (serve(), Vec::new());
    post(&mut stopped, first);
    assert_eq!(stopped.signal("TERM"), Some(0));
    for (signal, lines) in [("TERM", second), ("KILL", third)] {
        let mut server = serve();
        server.wait_for("going on from the last run");
        assert_eq!(post(&mut server, lines), lines.len() as u64);
        again.push(server.signal(signal));
    }
    assert_eq!(again, [Some(0), None]);
    // Nobody was told of what came last: it is sent once more.
    let mut server = serve();
    server.wait_for("going on from the last run");
    post(&mut server, rest);
    assert_eq!(server.signal("TERM"), Some(0));
    assert_equal(&of_files(&place.path("d")), &of_database(&database, ""));
    let check = run(&place, &["check", "data", "--data", "d", "--postgres", &url]);
    assert_eq!(check.status.code(), Some(0), "{}{}", stdout(&check), stderr(&check));
}

#[test]
fn a_run_that_nobody_went_on_from_is_ended_in_files_and_database_by_the_next() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::new("pg-left"), cluster.database("left_alone"));
    // It ends in the middle of calls.
    let text = feed(&place, 20, "20m");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    place.write("c.toml", "[history]\nresume_within = \"1s\"\n");
    let url = database.url();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", "d", "--postgres", &url, "--config", "c.toml"];
    let mut first = Running::start(&place, &serve);
    post(&mut first, &lines);
    assert_eq!(first.signal("TERM"), Some(0));
    let open = |table: &str, condition: &str| {
        let sql = format!("SELECT count(*) FROM callfold.{table} WHERE {condition}");
        database.cell(&sql).parse::<u64>().expect("a number")
    };
    let calls = open("call", "ended_at IS NULL");
    assert!(open("queue_interval", "status = 'open'") > 0 && calls > 0, "it may be gone on from");
    std::thread::sleep(Duration::from_secs(3));
    let mut next = Running::start(&place, &serve);
    next.wait_for("what it left open is final");
    next.address("listens on");
    assert_eq!(next.signal("TERM"), Some(0));
    assert_eq!(open("queue_interval", "status = 'open'"), 0);
    assert_equal(&of_files(&place.path("d")), &of_database(&database, ""));
    let check = run(&place, &["check", "data", "--data", "d", "--postgres", &url]);
    assert_eq!(check.status.code(), Some(0), "{}{}", stdout(&check), stderr(&check));
}
