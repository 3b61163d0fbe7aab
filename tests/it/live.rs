//! A running server: the same numbers on every surface, files soon after each interval, and nothing that a peer can do to
//! the others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::Value;

use super::process::{Place, Running, http, run, stderr};

const NDJSON: (&str, &str) = ("content-type", "application/x-ndjson");
const POST: &str = "POST /api/v1/events";

/// Columns that say when and how a row was written, not what happened.
const BOOKKEEPING: [&str; 3] = ["revision", "written_at", "received_at"];

/// A row by its columns; absent is null.
type Row = BTreeMap<String, String>;

/// All rows of a table, of all files that a glob sees.
fn rows(data: &Path, table: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for path in files(&data.join("history").join(table)) {
        // A file may be replaced by its successor between the look at the directory and here.
        let Ok(file) = File::open(&path) else { continue };
        let reader = SerializedFileReader::new(file).expect("a whole file");
        for row in reader.get_row_iter(None).expect("rows") {
            let row = row.expect("a row");
            let cells = row.get_column_iter().map(|(name, cell)| (name.clone(), cell.to_string()));
            rows.push(cells.filter(|(name, cell)| cell != "null" && !BOOKKEEPING.contains(&name.as_str())).collect());
        }
    }
    rows.sort();
    rows
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let paths = entries.map_while(Result::ok).map(|entry| entry.path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn number(row: &Row, column: &str) -> i64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} of {row:?} is a number"))
}

/// A column's sum by the text in another column.
fn sums(rows: &[Row], by: &str, column: &str) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for row in rows {
        *sums.entry(row[by].trim_matches('"').to_owned()).or_default() += number(row, column);
    }
    sums
}

fn json(address: SocketAddr, path: &str) -> Value {
    let (status, body) = http(address, &format!("GET {path}"), &[], b"");
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).expect("json")
}

/// Objects of a list by their ids.
fn by_id(list: &Value) -> BTreeMap<String, Value> {
    let objects = list.as_array().expect("a list").iter();
    objects.map(|object| (object["id"].as_str().expect("an id").to_owned(), object.clone())).collect()
}

/// Opens a stream and leaves it unread.
fn open_stream(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("listening");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket option");
    // The older version of the protocol has no chunks, so that lines come as they were written.
    write!(stream, "GET /api/v1/live/stream HTTP/1.0\r\nhost: {address}\r\n\r\n").expect("sent");
    stream
}

/// The first snapshot of a stream.
fn snapshot(address: SocketAddr) -> Value {
    let mut lines = BufReader::new(open_stream(address)).lines().map(|line| line.expect("a line"));
    lines.find(|line| line == "event: snapshot").expect("a snapshot");
    let data = lines.find_map(|line| line.strip_prefix("data: ").map(str::to_owned)).expect("its data");
    serde_json::from_str(&data).expect("json")
}

/// Samples of `/metrics` by family and labels.
fn metrics(address: SocketAddr) -> BTreeMap<String, f64> {
    let (status, text) = http(address, "GET /metrics", &[], b"");
    assert_eq!(status, 200);
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = samples.map(|line| line.rsplit_once(' ').expect("name and value"));
    pairs.map(|(name, value)| (name.to_owned(), value.parse().expect("a number"))).collect()
}

fn eventually<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "not in time: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn simulate(place: &Place, name: &str, length: &str, more: &[&str]) -> String {
    let arguments = ["simulate", "--agents", "40", "--queues", "4", "--for", length, "--out", name];
    let output = run(place, &[&arguments[..], more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    std::fs::read_to_string(place.path(name)).expect("written")
}

/// `text` in `count` parts of whole lines.
fn parts(text: &str, count: usize) -> Vec<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    lines.chunks(lines.len().div_ceil(count)).map(|part| part.concat()).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(text.as_bytes()).expect("in memory");
    packer.finish().expect("in memory")
}

/// A server with a TCP source; its address and that of the source.
fn serve(place: &Place, data: &str) -> (Running, SocketAddr, SocketAddr) {
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data", data, "--feed", "tcp-listen://127.0.0.1:0"];
    let mut server = Running::start(place, &arguments);
    let feed = server.address("waiting for senders");
    let address = server.address("listens on");
    (server, address, feed)
}

/// Sends `text` in four parts by as many ways, and waits until readers see all of it.
fn send_all_ways(text: &str, address: SocketAddr, feed: SocketAddr) {
    let parts = parts(text, 4);
    let packed = [
        (parts[0].clone().into_bytes(), vec![NDJSON]),
        (gzip(&parts[1]), vec![NDJSON, ("content-encoding", "gzip")]),
        (zstd::encode_all(parts[2].as_bytes(), 1).expect("in memory"), vec![NDJSON, ("content-encoding", "zstd")]),
    ];
    for (i, (body, headers)) in packed.iter().enumerate() {
        let (status, answer) = http(address, POST, headers, body);
        assert_eq!(status, 200, "{answer}");
        let answer: Value = serde_json::from_str(&answer).expect("json");
        assert_eq!(answer["accepted"], parts[i].lines().count());
        assert_eq!((&answer["duplicate"], &answer["rejected"]), (&0.into(), &0.into()));
    }
    TcpStream::connect(feed).and_then(|mut sender| sender.write_all(parts[3].as_bytes())).expect("sent");
    let all = text.lines().count() as f64;
    eventually("all events are folded and shown", || {
        let accepted =
            metrics(address).into_iter().filter(|(name, _)| name.starts_with("callfold_ingest_events_total"));
        let accepted: f64 = accepted.filter(|(name, _)| name.contains("accepted")).map(|(_, n)| n).sum();
        (accepted == all).then_some(())
    });
}

#[test]
fn a_number_is_the_same_on_every_surface() {
    let place = Place::new("surfaces");
    let feed_text = simulate(&place, "feed.ndjson", "70m", &[]);
    let (server, address, feed) = serve(&place, "live");
    send_all_ways(&feed_text, address, feed);
    // Objects to which nothing happened are shown anew as time has moved on, a little later.
    let (mut calm, mut last) = (0, Value::Null);
    eventually("everything is shown as of the last event", || {
        let now = json(address, "/api/v1/agents?limit=10000")["data"].clone();
        calm = if now == last { calm + 1 } else { 0 };
        last = now;
        (calm >= 10).then_some(())
    });
    let queues = by_id(&json(address, "/api/v1/queues")["data"]);
    let agents = by_id(&json(address, "/api/v1/agents?limit=10000")["data"]);
    assert!(queues.len() >= 4 && agents.len() >= 40);
    snapshot_agrees(&snapshot(address), &queues, &agents);
    metrics_agree(&metrics(address), &queues);
    for (id, queue) in &queues {
        assert_eq!(&json(address, &format!("/api/v1/queues/{id}"))["data"], queue);
    }
    assert_eq!(server.signal("TERM"), Some(0), "a clean stop");

    let live = place.path("live");
    let intervals = rows(&live, "queue_interval");
    let starts: BTreeSet<&String> = intervals.iter().map(|row| &row["interval_start"]).collect();
    assert!(starts.len() >= 4, "several intervals: {starts:?}");
    for column in [
        "entered",
        "answered",
        "answered_within_sl",
        "abandoned",
        "abandoned_short",
        "abandoned_ringing",
        "no_answer",
        "wait_answered_ms",
        "wait_abandoned_ms",
    ] {
        let stored = sums(&intervals, "queue_id", column);
        for (id, queue) in &queues {
            assert_eq!(queue["day"][column], stored[id], "{column} of {id}");
        }
    }
    let intervals = rows(&live, "agent_interval");
    for column in ["offered", "answered", "no_answer"] {
        let stored = sums(&intervals, "agent_id", column);
        for (id, agent) in &agents {
            assert_eq!(agent["day"][column], stored.get(id).copied().unwrap_or(0), "{column} of {id}");
        }
    }

    // A live program samples queues and keeps the events; a recording is sampled and kept when it is asked for.
    place.write("sampled.toml", "[history]\nqueue_snapshots = \"1m\"\nevent_log = true\n");
    let arguments = ["replay", "feed.ndjson", "--data", "replayed", "--config", "sampled.toml", "--quiet"];
    let output = run(&place, &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for table in std::fs::read_dir(live.join("history")).expect("tables").map_while(Result::ok) {
        let table = table.file_name().into_string().expect("text");
        let (live, replayed) = (rows(&live, &table), rows(&place.path("replayed"), &table));
        let differs = live.iter().zip(&replayed).find(|(a, b)| a != b);
        assert!(
            live.len() == replayed.len() && differs.is_none(),
            "{table}: {} and {} rows, {differs:#?}",
            live.len(),
            replayed.len()
        );
    }
}

/// What a stream's snapshot holds is in the lists, under the same names and to the last digit.
fn snapshot_agrees(snapshot: &Value, queues: &BTreeMap<String, Value>, agents: &BTreeMap<String, Value>) {
    fn is_part(small: &Value, large: &Value, path: &str) {
        match small {
            Value::Object(small) => small.iter().for_each(|(key, value)| is_part(value, &large[key], key)),
            _ => assert_eq!(small, large, "{path}"),
        }
    }
    for (list, objects) in [("queues", queues), ("agents", agents)] {
        let found = by_id(&snapshot[list]);
        assert_eq!(found.len(), objects.len());
        for (id, object) in &found {
            is_part(object, &objects[id], id);
        }
    }
}

fn metrics_agree(metrics: &BTreeMap<String, f64>, queues: &BTreeMap<String, Value>) {
    for (id, queue) in queues {
        let sample = |family: &str, more: &str| {
            metrics[&format!("callfold_{family}{{tenant=\"default\",site=\"east\",queue=\"{id}\"{more}}}")]
        };
        let day = |column: &str| queue["day"][column].as_f64().expect("a number");
        assert_eq!(sample("queue_entered_total", ""), day("entered"));
        assert_eq!(sample("queue_answered_total", ",within_threshold=\"true\""), day("answered_within_sl"));
        let late = sample("queue_answered_total", ",within_threshold=\"false\"");
        assert_eq!(late, day("answered") - day("answered_within_sl"));
        assert_eq!(sample("queue_abandoned_total", ",kind=\"short\""), day("abandoned_short"));
        assert_eq!(sample("queue_wait_seconds_total", ",outcome=\"answered\""), day("wait_answered_ms") / 1000.0);
        assert_eq!(sample("queue_handled_total", ""), day("handled"));
        assert_eq!(sample("queue_waiting", ""), queue["waiting"].as_f64().expect("a number"));
    }
    assert_eq!(metrics["callfold_invariant_violations_total"], 0.0);
}

#[test]
fn an_interval_is_in_the_files_soon_after_its_end_and_final_after_its_grace() {
    let place = Place::new("soon");
    let feed_text = simulate(&place, "feed.ndjson", "40m", &["--start", "2026-03-02T08:00:00Z"]);
    let until = |clock: &str| {
        let end: i64 = clock
            .split_once(':')
            .map(|(h, m)| (h.parse::<i64>().unwrap() * 60 + m.parse::<i64>().unwrap()) * 60)
            .expect("hours and minutes")
            + 1_772_409_600;
        let lines = feed_text.split_inclusive('\n');
        lines
            .take_while(|line| {
                let event: Value = serde_json::from_str(line).expect("json");
                event["TimeinSecs"].as_i64().expect("a time") < end
            })
            .collect::<String>()
    };
    let (server, address, _) = serve(&place, "d");
    let status_of_first = || {
        let rows = rows(&place.path("d"), "queue_interval");
        let first = rows.iter().map(|row| row["interval_start"].clone()).min()?;
        let of_first: BTreeSet<String> =
            rows.iter().filter(|row| row["interval_start"] == first).map(|row| row["status"].clone()).collect();
        let keys: BTreeSet<_> = rows.iter().map(|row| (&row["interval_start"], &row["queue_id"])).collect();
        assert_eq!(keys.len(), rows.len(), "every key once");
        Some(of_first)
    };
    let mut sent = 0;
    let mut post = |text: &str| {
        let (status, answer) = http(address, POST, &[NDJSON], &text.as_bytes()[sent..]);
        assert_eq!(status, 200, "{answer}");
        sent = text.len();
    };
    post(&until("8:15"));
    assert_eq!(status_of_first(), None, "an interval that runs is in no file");
    post(&until("8:17"));
    let only = |status: &str| Some(BTreeSet::from([format!("\"{status}\"")]));
    eventually("the interval is there", || (status_of_first() == only("provisional")).then_some(()));
    post(&until("8:23"));
    eventually("the interval is final", || (status_of_first() == only("final")).then_some(()));
    assert_eq!(server.signal("TERM"), Some(0));
    assert_eq!(status_of_first(), only("final"));
}

#[test]
fn what_is_wrong_with_a_request_is_said_and_costs_nobody_else() {
    let place = Place::new("wrong");
    let (server, address, _) = serve(&place, "d");
    let code = |answer: (u16, String)| {
        let problem: Value = serde_json::from_str(&answer.1).unwrap_or_else(|_| panic!("no problem: {answer:?}"));
        assert_eq!(problem["status"], answer.0);
        (answer.0, problem["code"].as_str().expect("a code").to_owned())
    };
    let post = |headers: &[(&str, &str)], body: &[u8]| code(http(address, POST, headers, body));
    assert_eq!(post(&[("content-type", "text/plain")], b"{}").0, 415);
    assert_eq!(post(&[], b"{}").0, 415);
    assert_eq!(post(&[NDJSON, ("content-encoding", "br")], b"{}").1, "unsupported_encoding");
    assert_eq!(post(&[NDJSON, ("content-encoding", "gzip")], b"not gzip").0, 400);
    let bomb = zstd::encode_all(&vec![b'\n'; 64 << 20][..], 1).expect("in memory");
    assert_eq!(post(&[NDJSON, ("content-encoding", "zstd")], &bomb), (413, "too_large".into()));
    let get = |path: &str| code(http(address, &format!("GET {path}"), &[], b""));
    assert_eq!(get("/api/v1/queues/8001@nowhere"), (404, "not_found".into()));
    assert_eq!(get("/api/v1/agents/nobody"), (404, "not_found".into()));
    assert_eq!(get("/nothing/here"), (404, "not_found".into()));
    assert_eq!(get("/api/v1/queues?limits=1").0, 400);
    assert_eq!(http(address, "DELETE /api/v1/events", &[], b"").0, 405);
    // The client of this test sends its own Host first; a second one is not needed to be foreign.
    let mut stream = TcpStream::connect(address).expect("listening");
    write!(stream, "GET /api/v1/queues HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 421 ") && answer.contains("foreign_host"), "{answer}");
    let deep = "[".repeat(100_000);
    let lines = format!("{{\"Event\":\"EventQueued\"\n\u{0}\u{1}\n{deep}\n{{\"Event\":1,\"TimeinSecs\":true}}\n");
    let (status, answer) = http(address, POST, &[NDJSON], lines.as_bytes());
    let answer: Value = serde_json::from_str(&answer).expect("json");
    assert_eq!((status, &answer["accepted"], &answer["rejected"]), (200, &0.into(), &4.into()), "{answer}");
    for (i, reject) in answer["rejects"].as_array().expect("a list").iter().enumerate() {
        assert_eq!(reject["line"], i + 1);
        assert!(reject["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
    }
    assert_eq!(http(address, "GET /readyz", &[], b"").0, 200);
    assert_eq!(server.signal("TERM"), Some(0));
}

#[test]
fn readers_that_do_not_read_and_senders_that_dawdle_matter_to_nobody() {
    let place = Place::new("dawdle");
    let feed_text = simulate(&place, "feed.ndjson", "30m", &[]);
    let (server, address, feed) = serve(&place, "d");
    let unread: Vec<TcpStream> = (0..40).map(|_| open_stream(address)).collect();
    let mut half = TcpStream::connect(address).expect("listening");
    half.write_all(b"POST /api/v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n").expect("sent");
    let mut stump = TcpStream::connect(feed).expect("listening");
    stump.write_all(b"{\"Event\":\"EventQue").expect("sent");
    drop(open_stream(address));
    send_all_ways(&feed_text, address, feed);
    let queues = by_id(&json(address, "/api/v1/queues")["data"]);
    let agents = by_id(&json(address, "/api/v1/agents?limit=10000")["data"]);
    snapshot_agrees(&snapshot(address), &queues, &agents);
    assert_eq!(server.signal("TERM"), Some(0), "nobody holds up the stop");
    drop((unread, half, stump));
}

#[test]
fn a_restart_on_the_same_store_neither_doubles_nor_damages_what_is_there() {
    let place = Place::new("restart");
    let first = simulate(&place, "a.ndjson", "30m", &["--start", "2026-03-02T08:00:00Z"]);
    let second = simulate(&place, "b.ndjson", "30m", &["--start", "2026-03-02T09:00:00Z", "--seed", "9"]);
    for text in [&first, &second] {
        let (server, address, feed) = serve(&place, "d");
        send_all_ways(text, address, feed);
        assert_eq!(server.signal("TERM"), Some(0));
    }
    let data = place.path("d");
    let intervals = rows(&data, "queue_interval");
    let keys: BTreeSet<_> = intervals.iter().map(|row| (&row["interval_start"], &row["queue_id"])).collect();
    assert_eq!(keys.len(), intervals.len(), "every key once");
    let calls: usize = ["a", "b"]
        .iter()
        .map(|name| {
            let output = run(&place, &["replay", &format!("{name}.ndjson"), "--data", name, "--quiet"]);
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            rows(&place.path(name), "queue_segment").len()
        })
        .sum();
    assert_eq!(rows(&data, "queue_segment").len(), calls, "both runs, each once");

    let (mut server, address, _) = serve(&place, "d");
    http(address, POST, &[NDJSON], first.as_bytes());
    server.wait_for("older than rows that the store holds");
    assert_eq!(server.signal("TERM"), Some(0));
    let output = run(&place, &["demo", "--data", "d", "--no-open", "--listen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(9), "{}", stderr(&output));
    assert!(stderr(&output).contains("holds rows already"));
}
