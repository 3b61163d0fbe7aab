//! Text logs as people have them: rotated, compressed, of several servers, still growing; and what is in them.

use std::io::Write;

use serde_json::Value;

use super::logs::writer::{self, Text};
use super::process::{Place, Running, http, run, stderr, stdout};

/// Simulated events of one switch.
fn events(place: &Place, switch: &str, seed: &str) -> Vec<Value> {
    let output = run(place, &["simulate", "--agents", "12", "--queues", "2", "--for", "30m", "--seed", seed]);
    let agent = format!("\"AgentID\":\"{seed}");
    let text = stdout(&output).replace(":\"east\"", &format!(":\"{switch}\"")).replace("\"AgentID\":\"", &agent);
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn feed(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

/// The log of a server, cut into files wherever a third of its bytes ends, each with its header.
fn rotated(events: &[Value], switch: &str) -> Vec<String> {
    let log = writer::write(events, Text::TServer).replace("name: east", &format!("name: {switch}"));
    let (header, body) = log.split_once("\n\n").expect("a header");
    let cuts = [0, body.len() / 3, body.len() * 2 / 3, body.len()];
    let part = |i: usize| {
        let header = header.replace("UTC time: 2023-11-14T00:00:00", &format!("UTC time: 2023-11-14T00:00:0{i}"));
        let header = header.replace("Local time: 2023-11-14T01:00:00", &format!("Local time: 2023-11-14T01:00:0{i}"));
        format!("{}\n\n{}", header.replace("(1)", &format!("({i})")), &body[cuts[i]..cuts[i + 1]])
    };
    (0..3).map(part).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).expect("in memory");
    encoder.finish().expect("in memory")
}

#[test]
fn logs_of_two_servers_rotated_and_compressed_give_the_summary_of_their_feeds() {
    let place = Place::new("rotated");
    let (east, west) = (events(&place, "east", "1"), events(&place, "west", "2"));
    place.write("east.ndjson", &feed(&east));
    place.write("west.ndjson", &feed(&west));
    std::fs::create_dir(place.path("logs")).expect("made");
    // Names say nothing about the order.
    for (i, part) in rotated(&east, "east").iter().enumerate() {
        std::fs::write(place.path(&format!("logs/{}.log.gz", 9 - i)), gzip(part)).expect("written");
    }
    for (i, part) in rotated(&west, "west").iter().enumerate() {
        let packed = zstd::encode_all(part.as_bytes(), 1).expect("in memory");
        std::fs::write(place.path(&format!("logs/w{}.log.zst", (i + 1) % 3)), packed).expect("written");
    }
    let wanted = run(&place, &["replay", "east.ndjson", "west.ndjson", "--dry-run", "--output", "json"]);
    let got = run(&place, &["replay", "logs", "--dry-run", "--output", "json"]);
    assert_eq!((wanted.status.code(), got.status.code()), (Some(0), Some(0)), "{}", stderr(&got));
    assert!(stdout(&wanted) == stdout(&got) && stdout(&got).contains("west"), "{}", stdout(&got));

    let output = run(&place, &["inspect", "logs", "--json"]);
    let found: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let found = found.as_array().expect("an array");
    assert_eq!((output.status.code(), found.len()), (Some(0), 2), "{}", stderr(&output));
    for (one, events) in found.iter().zip([&east, &west]) {
        assert_eq!(one["events"], events.len());
        assert_eq!((&one["format"], one["files"].as_array().map(Vec::len)), (&"tserver".into(), Some(3)));
    }
}

#[test]
fn an_inspection_finds_what_is_odd_about_a_log() {
    let place = Place::new("inspect");
    let mut events = events(&place, "east", "1");
    events.truncate(200);
    events.drain(50..57);
    events[20]["Event"] = "EventOddity".into();
    events[30]["Novelty"] = "x".into();
    events[40]["TimeinSecs"] = (events[40]["TimeinSecs"].as_i64().expect("a time") - 3600).into();
    let log = writer::write(&events, Text::TServer)
        + "@23:00:00.0000 [0] 8.1 distribute_event: message EventRinging\n\tAttributeTimeinSecs\t5\n\tAttributeConnID\tnone\n";
    place.write("east.log", &log);
    let output = run(&place, &["inspect", "east.log"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(6), "a message was refused");
    for part in [
        "format      tserver, 1 file",
        "server      east on tsrv1",
        "1 gap with 7 missing",
        "Event=EventOddity 1 times",
        "new         Novelty 1 times, first east.log:",
        "refused     1 bad_value",
        "east goes back 1 times",
        "EventRinging",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    let empty = place.write("empty.log", "nothing\nof interest\n");
    let output = run(&place, &["inspect", empty.to_str().expect("a path")]);
    assert_eq!(output.status.code(), Some(6));
}

/// How many events a server has taken.
fn accepted(address: std::net::SocketAddr) -> u64 {
    let (_, text) = http(address, "GET /metrics", &[], b"");
    let lines = text.lines().filter(|line| line.starts_with("callfold_ingest_events_total{outcome=\"accepted\"}"));
    lines.filter_map(|line| line.split(' ').next_back()?.parse::<f64>().ok()).sum::<f64>() as u64
}

#[test]
fn a_log_is_followed_over_its_rotation() {
    let place = Place::new("follow");
    let events = events(&place, "east", "1");
    let parts = rotated(&events, "east");
    std::fs::create_dir(place.path("logs")).expect("made");
    let wait = |address, count: u64| {
        for _ in 0..300 {
            if accepted(address) >= count {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("{} of {count} events", accepted(address));
    };
    // Renamed and made anew, then cut to nothing.
    let path = place.write("one.log", &parts[0]);
    let mut one = Running::start(
        &place,
        &["serve", "--listen", "127.0.0.1:0", "--data", "a", "--feed", "file:one.log", "--follow"],
    );
    let address = one.address("listens on http://");
    wait(address, events.len() as u64 / 4);
    std::fs::rename(&path, place.path("one.log.1")).expect("renamed");
    std::fs::write(&path, &parts[1]).expect("written");
    wait(address, events.len() as u64 / 2);
    let file = std::fs::OpenOptions::new().write(true).open(&path).expect("there");
    file.set_len(0).expect("cut");
    drop(file);
    std::thread::sleep(std::time::Duration::from_millis(500));
    std::fs::write(&path, &parts[2]).expect("written");
    wait(address, events.len() as u64);
    assert_eq!(accepted(address), events.len() as u64, "none lost, none doubled, the cut ones whole");
    one.signal("INT");
    // A directory into which a server writes one file after the other.
    std::fs::write(place.path("logs/east.1.log"), &parts[0]).expect("written");
    let mut all =
        Running::start(&place, &["serve", "--listen", "127.0.0.1:0", "--data", "b", "--feed", "file:logs", "--follow"]);
    let address = all.address("listens on http://");
    wait(address, events.len() as u64 / 4);
    for i in [1, 2] {
        std::fs::write(place.path(&format!("logs/east.{}.log", i + 1)), &parts[i]).expect("written");
    }
    wait(address, events.len() as u64);
    assert_eq!(accepted(address), events.len() as u64);
    all.signal("INT");
}
