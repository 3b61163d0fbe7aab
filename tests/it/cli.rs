//! The command line: help, exit codes, what goes to which stream, and starting and stopping.

use std::io::Write;
use std::net::TcpStream;
use std::process::Stdio;

use serde_json::Value;

use super::process::{Place, Running, callfold, http, run, stderr, stdout};

/// One call on queue 8001, answered by agent 101 after 4 s.
const CALL: &str = r#"{"Event":"EventAgentLogin","EventSequenceNumber":1,"TimeinSecs":1700000000,"Switch":"east","ThisDN":"7001","ThisQueue":"8001","AgentID":"101"}
{"Event":"EventAgentReady","EventSequenceNumber":2,"TimeinSecs":1700000001,"Switch":"east","ThisDN":"7001","AgentID":"101","AgentWorkMode":"ManualIn"}
{"Event":"EventQueued","EventSequenceNumber":3,"TimeinSecs":1700000010,"Switch":"east","ThisDN":"8001","ThisDNRole":"Destination","ThisQueue":"8001","OtherDN":"5550100","OtherDNRole":"Origination","ConnID":"0001","CallType":"Inbound","CallState":"Ok"}
{"Event":"EventDiverted","EventSequenceNumber":4,"TimeinSecs":1700000012,"Switch":"east","ThisDN":"8001","ThisDNRole":"Destination","ThisQueue":"8001","ThirdPartyDN":"7001","OtherDN":"5550100","OtherDNRole":"Origination","ConnID":"0001","CallType":"Inbound","CallState":"Ok"}
{"Event":"EventRinging","EventSequenceNumber":5,"TimeinSecs":1700000012,"Switch":"east","ThisDN":"7001","ThisDNRole":"Destination","ThisQueue":"8001","OtherDN":"5550100","OtherDNRole":"Origination","ConnID":"0001","CallType":"Inbound","CallState":"Ok"}
{"Event":"EventEstablished","EventSequenceNumber":6,"TimeinSecs":1700000014,"Switch":"east","ThisDN":"7001","ThisDNRole":"Destination","ThisQueue":"8001","OtherDN":"5550100","OtherDNRole":"Origination","ConnID":"0001","CallType":"Inbound","CallState":"Ok"}
{"Event":"EventReleased","EventSequenceNumber":7,"TimeinSecs":1700000100,"Switch":"east","ThisDN":"7001","ThisDNRole":"Destination","ThisQueue":"8001","OtherDN":"5550100","OtherDNRole":"Origination","ConnID":"0001","CallType":"Inbound","CallState":"Ok"}
"#;

/// The problem object at the end of standard error.
fn problem(text: &str) -> Value {
    serde_json::from_str(text.lines().last().unwrap_or_default())
        .unwrap_or_else(|_| panic!("no problem object in {text}"))
}

#[test]
fn every_command_shows_two_examples_on_standard_output() {
    let place = Place::new("help");
    for command in ["demo", "serve", "replay", "inspect", "explain", "simulate", "check", "compact", "version"] {
        let output = run(&place, &[command, "--help"]);
        assert_eq!(output.status.code(), Some(0));
        let text = stdout(&output);
        let examples = text.split_once("Examples:").expect("examples").1;
        let count = examples.lines().filter(|line| line.starts_with("  ") && line.contains("callfold ")).count();
        assert!(count >= 2, "{text}");
        assert!(stderr(&output).is_empty());
    }
}

#[test]
fn check_data_ends_with_0_when_all_agrees_with_5_without_a_store_and_with_6_when_something_is_found() {
    let place = Place::new("check");
    assert_eq!(run(&place, &["check", "data"]).status.code(), Some(5));
    place.write("call.ndjson", CALL);
    assert_eq!(run(&place, &["replay", "call.ndjson"]).status.code(), Some(0));
    let output = run(&place, &["check", "data", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    let value: Value = serde_json::from_str(&stdout(&output)).expect("json");
    assert_eq!(value["broken"], 0);
    assert!(value["rows"].as_u64().is_some_and(|rows| rows > 8));
    std::fs::remove_dir_all(place.path("data/history/party")).expect("removed");
    let output = run(&place, &["check", "data", "--json"]);
    assert_eq!(output.status.code(), Some(6));
    assert_eq!(problem(&stderr(&output))["code"], "findings");
    let value: Value = serde_json::from_str(&stdout(&output)).expect("json");
    let broken = |name: &str| {
        let laws = value["laws"].as_array().expect("laws");
        laws.iter().find(|law| law["law"] == name).expect("a law")["broken"].as_u64()
    };
    assert!(broken("files_listed") >= Some(1) && broken("party_stays") >= Some(1) && broken("leg_parts") >= Some(1));
    let text = stdout(&run(&place, &["check", "data"]));
    assert!(text.contains("the manifest names it, and it is not there"), "{text}");
}

#[test]
fn version_is_data() {
    let output = run(&Place::new("version"), &["version", "--json"]);
    let value: Value = serde_json::from_str(&stdout(&output)).expect("json");
    assert_eq!(value["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn wrong_usage_ends_with_2_and_a_problem_object_when_asked() {
    let place = Place::new("usage");
    for arguments in [&["replay", "--json"][..], &["frobnicate", "--json"], &["demo", "--agents", "0", "--json"]] {
        let output = run(&place, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(problem(&stderr(&output))["code"], "usage");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_missing_file_ends_with_5_and_says_which() {
    let place = Place::new("missing");
    let output = run(&place, &["replay", "nothing.ndjson", "--json"]);
    assert_eq!(output.status.code(), Some(5));
    let problem = problem(&stderr(&output));
    assert_eq!(problem["code"], "not_found");
    assert!(problem["title"].as_str().is_some_and(|title| title.contains("nothing.ndjson")));
    assert!(!place.path("data").exists(), "nothing is made for a file that is not there");
    assert_eq!(run(&place, &["serve", "--feed", "file:nothing.ndjson"]).status.code(), Some(5));
}

#[test]
fn every_problem_of_a_configuration_is_told_at_once_and_ends_with_3() {
    let place = Place::new("config");
    place.write("c.toml", "[server]\nlisen = \"127.0.0.1:0\"\n[queue_defaults]\nsl_treshold = \"20s\"\n");
    let output = run(&place, &["serve", "--config", "c.toml", "--json"]);
    assert_eq!(output.status.code(), Some(3));
    let text = stderr(&output);
    assert!(text.contains("c.toml:2:1: unknown key in [server] `lisen`; did you mean `listen`?"), "{text}");
    assert!(text.contains("c.toml:4:1: unknown key in [queue_defaults] `sl_treshold`; did you mean `sl_threshold`?"));
    assert_eq!(problem(&text)["errors"].as_array().map(Vec::len), Some(2));
}

#[test]
fn an_address_beyond_this_machine_is_refused_unless_it_may_be_insecure() {
    let place = Place::new("insecure");
    let output = run(&place, &["serve", "--listen", "0.0.0.0:0", "--feed", "tcp-listen://0.0.0.0:0"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(stderr(&output).matches("can be reached from other machines").count(), 2);
    let output = run(&place, &["demo", "--listen", "0.0.0.0:0"]);
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn a_simulation_of_one_seed_has_one_text_and_a_closed_pipe_ends_it_quietly() {
    let place = Place::new("simulate");
    let arguments = ["simulate", "--agents", "5", "--queues", "2", "--for", "20m", "--seed", "7"];
    let (first, second) = (run(&place, &arguments), run(&place, &arguments));
    assert!(!first.stdout.is_empty() && first.stdout == second.stdout);
    assert!(first.stderr.is_empty());
    for line in stdout(&first).lines() {
        let event: Value = serde_json::from_str(line).expect("one JSON object a line");
        assert!(event["Event"].is_string() && event["TimeinSecs"].is_number());
    }
    let mut child = callfold(&place.path(""), &["simulate", "--agents", "500", "--for", "100h"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(141));
    assert!(output.stderr.is_empty());
}

#[test]
fn a_replay_writes_tables_a_summary_and_nothing_else_to_standard_output() {
    let place = Place::new("replay");
    place.write("call.ndjson", CALL);
    let output = run(&place, &["replay", "call.ndjson", "--data", "d", "--output", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let value: Value = serde_json::from_str(&stdout(&output)).expect("json");
    assert_eq!(value["queues"][0]["queue"], "8001@east");
    assert_eq!(value["queues"][0]["answered"], 1);
    assert_eq!(value["queues"][0]["asa_seconds"], 4.0);
    assert!(place.path("d/history/queue_interval").is_dir());
    assert!(!place.path("d/rejects.ndjson").exists());
    assert!(stderr(&output).contains("7 events in "));
    let again = run(&place, &["replay", "call.ndjson", "--data", "d", "--quiet"]);
    assert_eq!(again.status.code(), Some(0), "the same replay replaces itself: {}", stderr(&again));
    assert!(again.stderr.is_empty());
}

#[test]
fn all_encodings_and_standard_input_give_one_summary() {
    let place = Place::new("encodings");
    place.write("a.ndjson", CALL);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(CALL.as_bytes()).expect("in memory");
    std::fs::write(place.path("a.ndjson.gz"), gzip.finish().expect("in memory")).expect("written");
    std::fs::write(place.path("a.ndjson.zst"), zstd::encode_all(CALL.as_bytes(), 1).expect("in memory"))
        .expect("written");
    let expected = run(&place, &["replay", "a.ndjson", "--dry-run", "--output", "csv"]);
    for name in ["a.ndjson.gz", "a.ndjson.zst"] {
        assert_eq!(run(&place, &["replay", name, "--dry-run", "--output", "csv"]).stdout, expected.stdout);
        let file = std::fs::File::open(place.path(name)).expect("there");
        let piped = callfold(&place.path(""), &["replay", "-", "--dry-run", "--output", "csv"]).stdin(file).output();
        assert_eq!(piped.expect("it runs").stdout, expected.stdout);
    }
    assert!(!place.path("data").exists(), "a dry run writes nothing");
}

#[test]
fn refused_lines_end_with_6_and_are_kept_with_their_places() {
    let place = Place::new("rejects");
    place.write("dirty.ndjson", &format!("not json\n{CALL}{{\"Event\":\"EventRinging\"\n"));
    let output = run(&place, &["replay", "dirty.ndjson", "--data", "d", "--json"]);
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
    assert_eq!(problem(&stderr(&output))["code"], "findings");
    let text = std::fs::read_to_string(place.path("d/rejects.ndjson")).expect("a reject file");
    let rejects: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("json")).collect();
    let places: Vec<_> = rejects.iter().map(|reject| (reject["line"].as_u64(), reject["offset"].as_u64())).collect();
    assert_eq!(places, [(Some(1), Some(0)), (Some(9), Some(9 + CALL.len() as u64))]);
    assert_eq!(rejects[0]["source"], "dirty.ndjson");
    assert_eq!(rejects[0]["sample"], "not json");
}

#[test]
fn a_file_that_breaks_off_is_a_finding_and_keeps_what_could_be_read() {
    let place = Place::new("broken");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    gzip.write_all(CALL.as_bytes()).and_then(|()| gzip.flush()).expect("in memory");
    let mut bytes = gzip.finish().expect("in memory");
    bytes.truncate(bytes.len() - 12);
    std::fs::write(place.path("half.ndjson.gz"), bytes).expect("written");
    let output = run(&place, &["replay", "half.ndjson.gz", "--dry-run"]);
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
    assert!(stderr(&output).contains("half.ndjson.gz: failed to read at byte"));
}

#[test]
fn a_store_in_use_ends_with_9() {
    let place = Place::new("lock");
    place.write("call.ndjson", CALL);
    let mut server = Running::start(&place, &["serve", "--listen", "127.0.0.1:0", "--data", "d"]);
    server.address("listens on");
    let output = run(&place, &["replay", "call.ndjson", "--data", "d"]);
    assert_eq!(output.status.code(), Some(9), "{}", stderr(&output));
    assert_eq!(server.signal("TERM"), Some(0));
}

#[test]
fn posted_events_are_counted_and_refused_ones_named() {
    let place = Place::new("post");
    let mut server = Running::start(&place, &["serve", "--listen", "127.0.0.1:0", "--data", "d"]);
    let address = server.address("listens on");
    let ndjson = ("content-type", "application/x-ndjson");
    let post = "POST /api/v1/events";
    let (status, body) = http(address, post, &[ndjson], format!("{CALL}garbage\n").as_bytes());
    assert_eq!(status, 200, "{body}");
    let answer: Value = serde_json::from_str(&body).expect("json");
    assert_eq!((&answer["accepted"], &answer["rejected"]), (&Value::from(7), &Value::from(1)));
    assert_eq!(answer["rejects"][0]["line"], 8);
    assert!(answer["rejects"][0]["reason"].is_string());
    let packed = zstd::encode_all(CALL.as_bytes(), 1).expect("in memory");
    let (status, body) = http(address, post, &[ndjson, ("content-encoding", "zstd")], &packed);
    assert_eq!((status, body.contains("\"duplicate\":7")), (200, true), "{body}");
    let (status, body) = http(address, post, &[("content-type", "text/plain")], b"x");
    assert_eq!((status, problem(&body)["status"].as_u64()), (415, Some(415)));
    let (status, body) = http(address, post, &[ndjson], &vec![b'\n'; 9 << 20]);
    assert_eq!((status, problem(&body)["code"].as_str()), (413, Some("too_large")));
    assert_eq!(http(address, "GET /livez", &[], b"").0, 200);
    assert_eq!(http(address, "GET /api/v1/queues", &[], b"").0, 200);
    assert_eq!(server.signal("INT"), Some(0));
    assert!(place.path("d/rejects.ndjson").exists());
    assert!(place.path("d/history/queue_interval").is_dir(), "stopping publishes what is open");
}

#[test]
fn events_over_tcp_arrive_in_the_same_place() {
    let place = Place::new("tcp");
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data", "d", "--feed", "tcp-listen://127.0.0.1:0"];
    let mut server = Running::start(&place, &arguments);
    let feed = server.address("waiting for senders");
    let address = server.address("listens on");
    let mut stream = TcpStream::connect(feed).expect("listening");
    stream.write_all(CALL.as_bytes()).expect("sent");
    drop(stream);
    server.wait_for("closed by the other side");
    let (_, body) = http(address, "POST /api/v1/events", &[("content-type", "application/x-ndjson")], CALL.as_bytes());
    assert!(body.contains("\"duplicate\":7"), "{body}");
    assert_eq!(server.signal("TERM"), Some(0));
}

#[test]
fn a_demo_shows_a_floor_that_has_been_busy_and_stops_on_ctrl_c() {
    let place = Place::new("demo");
    let arguments = ["demo", "--agents", "20", "--queues", "3", "--listen", "127.0.0.1:0", "--data", "d", "--no-open"];
    let mut demo = Running::start(&place, &arguments);
    let address = demo.address("wallboard");
    let (status, body) = http(address, "GET /api/v1/queues", &[], b"");
    assert_eq!(status, 200);
    assert!(body.contains("@east"), "{body}");
    assert_eq!(http(address, "GET /readyz", &[], b"").0, 200);
    assert_eq!(demo.signal("INT"), Some(0));
}

#[test]
fn a_demo_plays_a_recording_to_its_end_and_stays() {
    let place = Place::new("from");
    place.write("call.ndjson", CALL);
    let arguments =
        ["demo", "--from", "call.ndjson", "--speed", "1000", "--listen", "127.0.0.1:0", "--data", "d", "--no-open"];
    let mut demo = Running::start(&place, &arguments);
    let address = demo.address("wallboard");
    demo.wait_for("the recording has ended");
    assert_eq!(http(address, "GET /api/v1/queues", &[], b"").0, 200);
    assert_eq!(demo.signal("INT"), Some(0));
}

#[test]
fn an_interrupted_replay_publishes_nothing_and_says_how_to_go_on() {
    let place = Place::new("interrupt");
    let mut child = callfold(&place.path(""), &["replay", "-", "--data", "d"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(CALL.as_bytes()).and_then(|()| stdin.flush()).expect("sent");
    // The lock of the store shows that the signal will be noticed.
    while !place.path("d").exists() {
        std::thread::yield_now();
    }
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    let output = child.wait_with_output().expect("it ends while its input is still open");
    drop(stdin);
    assert_eq!(output.status.code(), Some(130));
    assert!(output.stdout.is_empty());
    assert!(stderr(&output).contains("run the same command again"));
    assert!(!place.path("d/history/queue_interval").exists());
}

#[test]
fn a_simulated_feed_reaches_a_server_that_subscribes_to_it() {
    let place = Place::new("feed");
    let simulate = ["simulate", "--agents", "20", "--listen", "127.0.0.1:0", "--for", "10m", "--speed", "2000"];
    let mut feed = Running::start(&place, &simulate);
    let bridge = feed.address("waits for the first subscriber");
    let url = format!("tcp://{bridge}");
    let mut server = Running::start(&place, &["serve", "--listen", "127.0.0.1:0", "--data", "d", "--feed", &url]);
    let address = server.address("listens on");
    server.wait_for("closed by the other side");
    let (status, body) = http(address, "GET /api/v1/agents", &[], b"");
    assert_eq!(status, 200);
    assert!(body.contains("@east"), "{body}");
    assert_eq!(server.signal("TERM"), Some(0));
    let history = run(&place, &["simulate", "--agents", "20", "--for", "10m", "--out", "f.ndjson"]);
    assert_eq!(history.status.code(), Some(0));
    assert!(stderr(&history).contains("next: callfold replay f.ndjson"));
}

#[test]
fn a_day_cut_into_overlapping_files_gives_the_same_tables() {
    let place = Place::new("cut");
    let east = run(&place, &["simulate", "--agents", "20", "--queues", "3", "--for", "1h"]);
    let other = run(&place, &["simulate", "--agents", "20", "--queues", "3", "--for", "1h", "--seed", "2"]);
    let west = stdout(&other).replace(":\"east\"", ":\"west\"").replace("\"AgentID\":\"1", "\"AgentID\":\"9");
    let mut both: Vec<(i64, i64, String)> = Vec::new();
    for line in stdout(&east).lines().chain(west.lines()) {
        let event: Value = serde_json::from_str(line).expect("json");
        let number = |key| event[key].as_i64().unwrap_or(0);
        both.push((number("TimeinSecs"), number("TimeinuSecs"), line.to_owned() + "\n"));
    }
    both.sort_by_key(|(secs, micros, _)| (*secs, *micros));
    place.write("both.ndjson", &both.into_iter().map(|(.., line)| line).collect::<String>());
    std::fs::create_dir(place.path("parts")).expect("made");
    std::fs::write(place.path("parts/z.ndjson"), &east.stdout).expect("written");
    std::fs::write(place.path("parts/a.ndjson.zst"), zstd::encode_all(west.as_bytes(), 1).expect("in memory"))
        .expect("written");
    let whole = run(&place, &["replay", "both.ndjson", "--data", "whole", "--output", "json"]);
    let parts = run(&place, &["replay", "parts", "--data", "parts-data", "--output", "json"]);
    assert_eq!((whole.status.code(), parts.status.code()), (Some(0), Some(0)), "{}", stderr(&parts));
    assert!(whole.stdout == parts.stdout && !whole.stdout.is_empty());
    for table in ["queue_interval", "agent_interval", "queue_segment", "agent_state"] {
        let files = |data: &str| {
            let table = place.path(data).join("history").join(table).join("tenant=default");
            let mut files = Vec::new();
            for date in std::fs::read_dir(table).expect("a table").map_while(Result::ok) {
                for file in std::fs::read_dir(date.path()).expect("a date").map_while(Result::ok) {
                    files.push(std::fs::read(file.path()).expect("readable"));
                }
            }
            files.sort();
            files
        };
        assert!(files("whole") == files("parts-data") && !files("whole").is_empty(), "{table} is the same to the byte");
    }
}

#[test]
fn a_file_and_standard_input_are_sources_of_a_server() {
    let place = Place::new("sources");
    place.write("call.ndjson", CALL);
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data", "d", "--feed", "file:call.ndjson", "--feed", "-"];
    let mut server = Running::start(&place, &arguments);
    let address = server.address("listens on");
    server.wait_for("call.ndjson");
    let (_, body) = http(address, "POST /api/v1/events", &[("content-type", "application/x-ndjson")], CALL.as_bytes());
    assert!(body.contains("\"duplicate\":7"), "{body}");
    assert_eq!(server.signal("TERM"), Some(0));
}
