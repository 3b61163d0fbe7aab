//! The serving side through its door: a board, its router on a loopback port, and a reader that speaks plain HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{Board, BoardInfo, router};
use crate::engine::view::{AgentFigures, AgentView, Counters, Delta, QueueFigures, QueueView, SourceView};
use crate::model::action::Status;
use crate::model::time::Micros;

const NOON: Micros = Micros(1_700_000_000_000_000);

fn queue(id: &str, waiting: u32) -> QueueView {
    let mut agents = [0; Status::COUNT];
    agents[Status::TalkingInbound as usize] = 3;
    agents[Status::TalkingConsult as usize] = 1;
    QueueView {
        id: id.into(),
        tenant: "default".into(),
        site: "east".into(),
        kind: "acd_queue",
        waiting,
        oldest_entered_at: (waiting > 0).then_some(NOON),
        alerting: 0,
        agents,
        day: QueueFigures {
            entered: 10,
            answered: 6,
            answered_within_sl: 3,
            abandoned: 2,
            abandoned_short: 1,
            wait_answered_ms: 90_001,
            ..QueueFigures::default()
        },
        window: QueueFigures::default(),
        wait_answered_p50_ms: Some(12_500),
        wait_answered_p90_ms: None,
        changed_at: NOON,
    }
}

fn agent(id: &str, status: Status) -> AgentView {
    AgentView {
        id: id.into(),
        tenant: "default".into(),
        site: "east".into(),
        dn: "7001@east".into(),
        status,
        since: NOON,
        reason: Some(("break".into(), "lunch \"long\"".into())),
        queue: None,
        queues: vec!["8001@east".into()],
        logged_in_at: Some(NOON),
        dnd: false,
        out_of_service: false,
        forwarded: false,
        day: AgentFigures { logged_in_ms: 100, not_ready_ms: 20, talk_ms: 40, ..AgentFigures::default() },
        window: AgentFigures::default(),
        as_of: NOON,
    }
}

fn delta(queues: Vec<QueueView>, agents: Vec<AgentView>) -> Delta {
    let source = SourceView {
        switch: "east".into(),
        tenant: "default".into(),
        events: 7,
        duplicates: 1,
        missing: 0,
        out_of_order: 0,
        last_event_at: NOON,
        up: true,
        clock_skew_ms: 0,
    };
    let counters = Counters { accepted: 7, anomalies: vec![("release_without_call", 2)], ..Counters::default() };
    Delta { as_of: NOON, queues, agents, sources: vec![source], counters }
}

/// A board behind a port of its own, for as long as this lives.
struct Served {
    board: Arc<Board>,
    address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

fn serve(info: BoardInfo) -> Served {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let board = Board::new(info);
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let routes = router(board.clone());
    runtime.spawn(async move { axum::serve(listener, routes).await });
    Served { board, address, _runtime: runtime }
}

fn unhurried() -> BoardInfo {
    BoardInfo { started_at: Micros(0xabc), heartbeat: Duration::from_secs(3600), ..BoardInfo::default() }
}

impl Served {
    fn request(&self, path: &str, header: &str) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}\r\n").unwrap();
        BufReader::new(stream)
    }

    /// Head and body of a finished answer.
    fn get(&self, path: &str) -> (String, String) {
        let mut text = String::new();
        self.request(path, "").read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).1).unwrap()
    }

    fn stream(&self, query: &str, header: &str) -> Events {
        Events(self.request(&format!("/api/v1/live/stream{query}"), header))
    }
}

struct Events(BufReader<TcpStream>);

struct Event {
    name: String,
    id: String,
    data: Value,
}

impl Events {
    /// The next event; the framing of chunks is skipped, since each event goes out in one.
    fn next(&mut self) -> Event {
        let mut event = Event { name: String::new(), id: String::new(), data: Value::Null };
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream ended");
            if let Some(name) = line.strip_prefix("event: ") {
                event.name = name.trim().to_owned();
            } else if let Some(id) = line.strip_prefix("id: ") {
                event.id = id.trim().to_owned();
            } else if let Some(data) = line.strip_prefix("data: ") {
                event.data = serde_json::from_str(data).unwrap();
                return event;
            }
        }
    }

    fn expect(&mut self, name: &str) -> Event {
        let event = self.next();
        assert_eq!(event.name, name, "{}", event.data);
        event
    }
}

#[test]
fn a_stream_begins_with_everything_and_goes_on_with_what_changed() {
    let served = serve(BoardInfo { coalesce: Duration::ZERO, ..unhurried() });
    served.board.apply(delta(vec![queue("8001@east", 1)], vec![agent("2001", Status::NotReady)]), NOON);
    let mut events = served.stream("", "");
    let hello = events.expect("hello").data;
    assert_eq!(hello["info"]["service_level"], "sl_short_excluded");
    assert_eq!((&hello["clock_rate"], &hello["sources"][0]["up"]), (&1.0.into(), &true.into()));
    let snapshot = events.expect("snapshot");
    assert_eq!(snapshot.id, "abc-1");
    assert_eq!(snapshot.data["event_time"], "2023-11-14T22:13:20.000Z");
    assert_eq!(snapshot.data["queues"][0]["agents"]["talking"], 4);
    let away = &snapshot.data["agents"][0];
    assert_eq!((&away["state"], &away["reason"]["code"]), (&"not_ready".into(), &"lunch \"long\"".into()));
    assert_eq!(away["since"], "2023-11-14T22:13:20.000Z");

    served.board.apply(delta(vec![queue("8001@east", 2)], vec![]), NOON);
    let change = events.expect("delta");
    assert_eq!((change.id.as_str(), &change.data["queues"][0]["waiting"]), ("abc-2", &2.into()));
    assert_eq!(change.data["agents"], Value::Array(vec![]));

    // A view that reads the same is no change.
    served.board.apply(delta(vec![queue("8001@east", 2)], vec![]), NOON);
    served.board.apply(delta(vec![], vec![agent("2001", Status::Ready)]), NOON);
    assert_eq!(events.expect("delta").data["agents"][0]["state"], "ready");
    served.board.shutdown();
    events.expect("bye");
}

#[test]
fn changes_within_the_coalescing_time_arrive_as_one() {
    let served = serve(BoardInfo { coalesce: Duration::from_millis(300), ..unhurried() });
    served.board.apply(delta(vec![queue("8001@east", 0)], vec![]), NOON);
    let mut events = served.stream("", "");
    events.expect("hello");
    events.expect("snapshot");
    served.board.apply(delta(vec![queue("8001@east", 1)], vec![]), NOON);
    assert_eq!(events.expect("delta").data["seq"], 2);
    for waiting in 2..20 {
        served.board.apply(delta(vec![queue("8001@east", waiting)], vec![]), NOON);
    }
    let merged = events.expect("delta").data;
    assert_eq!(merged["queues"].as_array().unwrap().len(), 1);
    assert_eq!((&merged["queues"][0]["waiting"], &merged["seq"]), (&19.into(), &20.into()));
}

#[test]
fn a_returning_reader_gets_what_it_missed_or_everything() {
    let served = serve(BoardInfo { ring_frames: 3, coalesce: Duration::ZERO, ..unhurried() });
    for waiting in 0..6 {
        served.board.apply(delta(vec![queue("8001@east", waiting)], vec![]), NOON);
    }
    let mut recent = served.stream("", "Last-Event-ID: abc-4\r\n");
    assert_eq!(recent.expect("hello").data["resumed"], true);
    assert_eq!(recent.expect("delta").data["queues"][0]["waiting"], 5);
    for (query, header) in [("", "Last-Event-ID: abc-1\r\n"), ("?last_event_id=abd-4", "")] {
        let mut stale = served.stream(query, header);
        assert_eq!(stale.expect("hello").data["resumed"], false);
        assert_eq!(stale.expect("snapshot").id, "abc-6");
    }
    assert!(served.get("/metrics").1.contains("\ncallfold_live_resyncs_total 2\n"));
}

#[test]
fn a_reader_that_stops_reading_gets_a_snapshot_instead_of_a_backlog() {
    let served = serve(BoardInfo { ring_frames: 2, coalesce: Duration::ZERO, ..unhurried() });
    let everything = |waiting| delta((0..300).map(|n| queue(&format!("{n}@east"), waiting)).collect(), vec![]);
    served.board.apply(everything(0), NOON);
    let mut events = served.stream("", "");
    events.expect("hello");
    events.expect("snapshot");
    // Far more than the sockets between us hold.
    for waiting in 1..=60 {
        served.board.apply(everything(waiting), NOON);
    }
    let mut received = 0;
    loop {
        let event = events.next();
        received += 1;
        let held: Vec<_> = event.data["queues"].as_array().unwrap().iter().map(|q| q["waiting"].clone()).collect();
        assert!(held.iter().all(|waiting| *waiting == held[0]), "a message mixes two moments");
        if held[0] == 60 {
            break;
        }
    }
    assert!(received < 60, "{received} messages");
    assert!(!served.get("/metrics").1.contains("\ncallfold_live_resyncs_total 0\n"));
}

#[test]
fn a_heartbeat_carries_both_clocks_and_the_sources() {
    let served = serve(BoardInfo { heartbeat: Duration::from_millis(20), ..unhurried() });
    served.board.set_clock_rate(10.0);
    served.board.apply(delta(vec![queue("8001@east", 1)], vec![]), Micros(NOON.0 + 1_500_000));
    let mut events = served.stream("?scope=agents", "");
    events.expect("hello");
    assert_eq!(events.expect("snapshot").data.get("queues"), None);
    let beat = events.expect("heartbeat").data;
    assert_eq!(beat["watermark"], "2023-11-14T22:13:20.000Z");
    assert_eq!(beat["clock_rate"], 10.0);
    assert_eq!(beat["sources"][0]["lag_seconds"], 1.5);
}

#[test]
fn streams_beyond_the_limit_are_refused_and_places_are_given_back() {
    let served = serve(BoardInfo { streams_max: 1, ..unhurried() });
    let mut only = served.stream("", "");
    only.expect("hello");
    assert!(served.get("/api/v1/live/stream").0.starts_with("HTTP/1.1 503"));
    drop(only);
    let freed = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        served.get("/metrics").1.contains("\ncallfold_live_clients 0\n")
    });
    assert!(freed);
}

#[test]
fn an_object_has_its_raw_columns_and_every_service_level_with_its_parts() {
    let served = serve(unhurried());
    served.board.apply(delta(vec![queue("8001@east", 1)], vec![agent("2001", Status::Acw)]), NOON);
    let answer = served.json("/api/v1/queues/8001@east");
    let day = &answer["data"]["day"];
    assert_eq!(day["wait_answered_ms"], 90_001);
    assert_eq!(day["sl_answered_ratio"], 0.5);
    assert_eq!(day["sl_short_excluded_denominator"], 7);
    assert_eq!(day["abandon_ratio"], 0.25);
    assert_eq!(day["wait_answered_p50_seconds"], 12.5);
    assert_eq!(answer["data"]["window"]["sl_offered_ratio"], Value::Null);
    assert_eq!(answer["meta"]["as_of"], "2023-11-14T22:13:20.000Z");
    let agent = served.json("/api/v1/agents/2001");
    assert_eq!(agent["data"]["day"]["occupancy_ratio"], 0.5);
    assert_eq!(agent["data"]["window"]["aht_seconds"], Value::Null);
}

#[test]
fn before_the_first_numbers_their_time_is_unknown() {
    let served = serve(unhurried());
    assert_eq!(served.json("/api/v1/queues")["meta"]["as_of"], Value::Null);
    let mut events = served.stream("", "");
    assert_eq!(events.expect("hello").data["watermark"], Value::Null);
    assert_eq!(events.expect("snapshot").data["queues"], Value::Array(vec![]));
    assert!(!served.get("/metrics").1.contains("\ncallfold_watermark_timestamp_seconds "));
}

#[test]
fn lists_have_pages_and_a_stable_order() {
    let served = serve(unhurried());
    let queues = ["c", "a", "b"].map(|id| queue(id, 0));
    served.board.apply(delta(queues.into(), vec![]), NOON);
    let first = served.json("/api/v1/queues?limit=2");
    assert_eq!((&first["data"][0]["id"], &first["data"][1]["id"]), (&"a".into(), &"b".into()));
    let cursor = first["meta"]["next_cursor"].as_str().unwrap();
    let second = served.json(&format!("/api/v1/queues?limit=2&cursor={cursor}"));
    assert_eq!((&second["data"][0]["id"], second["meta"].get("next_cursor")), (&"c".into(), None));
    assert_eq!(served.json("/api/v1/queues?site=west")["data"], Value::Array(vec![]));
}

#[test]
fn a_wrong_request_is_told_what_is_wrong() {
    let served = serve(unhurried());
    served.board.apply(delta(vec![queue("8001@east", 0)], vec![]), NOON);
    let (head, body) = served.get("/api/v1/queues/8001");
    assert!(head.starts_with("HTTP/1.1 404") && head.contains("application/problem+json"), "{head}");
    assert!(body.contains("did you mean \\\"8001@east\\\""), "{body}");
    for path in ["/api/v1/queues?limits=3", "/api/v1/queues?limit=0", "/api/v1/agents?cursor=xyz", "/readyz?x=1"] {
        assert!(served.get(path).0.starts_with("HTTP/1.1 400"), "{path}");
    }
    assert!(served.json("/api/v1/agents/1?foo=1")["request_id"].is_string());
}

#[test]
fn counters_go_on_across_midnight() {
    let served = serve(unhurried());
    let day = |answered: i64| {
        let day = QueueFigures { entered: answered, answered, ..QueueFigures::default() };
        delta(vec![QueueView { day, ..queue("8001@east", 0) }], vec![])
    };
    for answered in [5, 9, 0, 2] {
        served.board.apply(day(answered), NOON);
    }
    let text = served.get("/metrics").1;
    let labels = r#"tenant="default",site="east",queue="8001@east""#;
    assert!(text.contains(&format!("callfold_queue_entered_total{{{labels}}} 11\n")), "{text}");
    assert!(text.contains(&format!("callfold_queue_answered_total{{{labels},within_threshold=\"false\"}} 11\n")));
}

/// The rules of the text format and the naming rules that Prometheus' own checker applies.
#[test]
fn metrics_are_well_formed() {
    let served = serve(BoardInfo { commit: "a\"b\\c".into(), ..unhurried() });
    served.board.apply(delta(vec![queue("8001@east", 3), queue("8002@east", 0)], vec![]), NOON);
    let (head, text) = served.get("/metrics");
    assert!(head.contains("text/plain; version=0.0.4"));
    assert!(text.contains(r#"commit="a\"b\\c"} 1"#));
    assert!(text.contains("callfold_anomalies_total{kind=\"release_without_call\"} 2\n"));
    let (mut family, mut kind) = (String::new(), String::new());
    let mut families = Vec::new();
    let mut series = std::collections::BTreeSet::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(help.len() > 10 && !families.contains(&name.to_owned()), "{line}");
            families.push(name.to_owned());
            family = name.to_owned();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, of) = rest.split_once(' ').unwrap();
            assert_eq!(name, family);
            assert_eq!(of == "counter", name.ends_with("_total"), "{line}");
            kind = of.to_owned();
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert_eq!(name.split('{').next().unwrap(), family);
            assert!(value.parse::<f64>().unwrap() >= 0.0 || kind == "gauge", "{line}");
            assert!(series.insert(name.to_owned()), "twice: {line}");
        }
    }
}

#[test]
fn the_page_and_all_it_loads_come_from_here_and_from_nowhere_else() {
    let served = serve(unhurried());
    let (head, page) = served.get("/");
    assert!(head.contains("content-security-policy: default-src 'self';"), "{head}");
    assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains("://"), "{page}");
    for path in super::wallboard::paths() {
        let (head, text) = served.get(path);
        assert!(head.starts_with("HTTP/1.1 200") && head.contains("nosniff"), "{path}: {head}");
        assert!(!text.replace("http://www.w3.org/2000/svg", "").contains("://"), "{path} refers to another host");
        let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
        let mut again = String::new();
        served.request(path, &format!("If-None-Match: {tag}\r\n")).read_to_string(&mut again).unwrap();
        assert!(again.starts_with("HTTP/1.1 304"), "{again}");
    }
}

#[test]
fn health_names_what_is_wrong_and_what_it_means() {
    let served = serve(unhurried());
    served.board.set_ready(true);
    served.board.apply(delta(vec![], vec![]), NOON);
    let health = served.json("/api/v1/health");
    assert_eq!(health["data"]["ok"], true, "{health}");
    assert_eq!(health["data"]["sources"][0]["missing"], 0);
    let mut sick = delta(vec![], vec![]);
    sick.sources[0].up = false;
    sick.counters.anomalies = vec![("call_stuck", 3), ("party_unknown", 0)];
    sick.counters.rejected_by = vec![("bad_time", 2)];
    served.board.apply(sick, NOON);
    let health = served.json("/api/v1/health");
    assert_eq!(health["data"]["ok"], false);
    assert_eq!(health["data"]["anomalies"].as_array().map(Vec::len), Some(1));
    assert_eq!(health["data"]["anomalies"][0]["count"], 3);
    assert!(health["data"]["anomalies"][0]["meaning"].as_str().unwrap().contains("nothing was heard"), "{health}");
    assert_eq!(health["data"]["ingest"]["rejected_by"][0]["kind"], "bad_time");
    assert!(served.get("/health").0.starts_with("HTTP/1.1 200"));
    assert!(served.get("/api/v1/health?x=1").0.starts_with("HTTP/1.1 400"));
}

#[test]
fn readiness_is_told_apart_from_life() {
    let served = serve(unhurried());
    assert!(served.get("/livez").0.starts_with("HTTP/1.1 200"));
    assert!(served.get("/readyz").0.starts_with("HTTP/1.1 503"));
    served.board.apply(delta(vec![], vec![]), NOON);
    served.board.set_ready(true);
    let (head, body) = served.get("/readyz?verbose");
    assert!(head.starts_with("HTTP/1.1 200") && body.contains("source east: up"), "{body}");
}

#[test]
fn a_whole_answer_comes_compressed_to_whoever_asks_and_a_stream_never_does() {
    let served = serve(BoardInfo { coalesce: Duration::ZERO, ..unhurried() });
    served.board.apply(delta((0..500).map(|n| queue(&format!("{n}@east"), 1)).collect(), vec![]), NOON);
    let packed = |path: &str| {
        let mut answer = Vec::new();
        served.request(path, "Accept-Encoding: gzip, br\r\n").read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        assert!(head.contains("content-encoding: gzip") && head.contains("vary: accept-encoding"), "{head}");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&answer[end + 4..]).read_to_string(&mut text).unwrap();
        (head, text, answer.len())
    };
    let (_, text, bytes) = packed("/api/v1/live/snapshot");
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["queues"].as_array().unwrap().len(), 500);
    assert!(bytes * 10 < text.len(), "{bytes} bytes for {}", text.len());
    let (head, page, _) = packed("/assets/app.js");
    assert_eq!(page, served.get("/assets/app.js").1);
    let tag = head.split_once("etag: ").unwrap().1.lines().next().unwrap();
    let mut answer = String::new();
    served.request("/assets/app.js", &format!("If-None-Match: {tag}\r\n")).read_to_string(&mut answer).unwrap();
    assert!(tag.starts_with("W/") && answer.starts_with("HTTP/1.1 304"), "{tag} {answer}");
    assert!(!served.get("/livez").0.contains("content-encoding"));

    let mut events = served.stream("", "Accept-Encoding: gzip\r\n");
    events.expect("hello");
    events.expect("snapshot");
    served.board.apply(delta(vec![queue("1@east", 2)], vec![]), NOON);
    assert_eq!(events.expect("delta").data["queues"][0]["waiting"], 2);
}
