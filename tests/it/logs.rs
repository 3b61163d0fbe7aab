//! Text logs say what the feed says: every event written as a log decodes to the event it was, however the bytes arrive.

mod garble;
pub mod writer;

use callfold::decode::text::{Format, Transcriber, Wishes};
use callfold::decode::{Decoder, Limits};
use callfold::model::names::Names;
use callfold::model::tevent::TEvent;
use callfold::model::userdata::KvList;
use callfold::simulate::random::Random;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use self::writer::Text;

/// The lines of the feed that a log becomes, its bytes arriving in pieces of these sizes, one after the other and again.
fn transcribe(format: Format, text: &[u8], sizes: &[usize]) -> Vec<u8> {
    let mut transcriber = Transcriber::new(format, Wishes::default());
    let (mut out, mut rest) = (Vec::new(), text);
    for size in sizes.iter().cycle() {
        let (now, later) = rest.split_at((*size).clamp(1, rest.len().max(1)).min(rest.len()));
        transcriber.push(now, &mut out);
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    transcriber.finish(&mut out);
    out
}

/// Everything that lines of the feed say, in words.
fn decode(lines: &[u8]) -> Vec<String> {
    let (mut decoder, mut names, mut events) = (Decoder::new(Limits::default()), Names::default(), Vec::new());
    decoder.chunk(lines, &mut names, &mut |_, line, result| match result {
        Ok(event) => {
            let pairs = |list: KvList<'_>| list.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(",");
            let lists = [event.user_data, event.reasons, event.extensions].map(pairs);
            let none = KvList::EMPTY;
            let event = TEvent { user_data: none, reasons: none, extensions: none, ..*event };
            events.push(format!("{event:?} {lists:?}"));
        }
        Err(error) => events.push(format!("{error}: {}", String::from_utf8_lossy(line.bytes))),
    });
    events
}

#[track_caller]
fn assert_same(events: &[Value], text: Text, sizes: &[usize]) {
    let feed: String = events.iter().map(|event| format!("{event}\n")).collect();
    let log = writer::write(events, text);
    let lines = transcribe(text.format(), log.as_bytes(), sizes);
    let (want, got) = (decode(feed.as_bytes()), decode(&lines));
    for (i, (want, got)) in want.iter().zip(&got).enumerate() {
        assert_eq!(want, got, "event {i} of\n{log}\nwhich became\n{}", String::from_utf8_lossy(&lines).trim());
    }
    assert_eq!(want.len(), got.len(), "\n{log}");
    assert_eq!(lines.iter().filter(|b| **b == b'\n').count(), log.lines().count(), "every line has its line");
}

#[test]
fn a_simulated_day_reads_the_same_from_every_log() {
    let feed = crate::properties::dirt::Feed::simulated(3);
    let mut events: Vec<Value> = feed.lines.iter().map(|l| serde_json::from_slice(l).expect("JSON")).collect();
    events.truncate(3000);
    events.retain(|event| event["Switch"] == "east");
    assert!(events.len() > 300);
    for text in Text::ALL {
        assert_same(&events, text, &[4096]);
    }
}

/// A value of a list.
fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof!["[a-z'\"\\\\ü\n:=<]{0,12}", "[ -~]{0,12}"];
    let leaf = prop_oneof![text.prop_map(Value::from), any::<i32>().prop_map(Value::from)];
    leaf.prop_recursive(3, 12, 4, |inner| {
        proptest::collection::vec(("[a-zA-Z][a-zA-Z _.-]{0,10}", inner), 0..4)
            .prop_map(|pairs| Value::Object(pairs.into_iter().collect()))
    })
}

fn event() -> impl Strategy<Value = Value> {
    let name = prop_oneof![Just("EventRinging"), Just("EventQueued"), Just("EventAgentLogin"), Just("EventOdd_1")];
    let list = || proptest::collection::vec(("[a-zA-Z][a-zA-Z0-9_]{0,12}", value()), 0..6);
    let numbers = (0..1_u64 << 53, 0..253_402_300_799_u64, 0..1_000_000_u32, any::<u64>(), 0..6_u8);
    (name, numbers, "[0-9A-Za-z'@*#-]{1,10}", proptest::option::of(list()), proptest::option::of(list())).prop_map(
        |(name, (seq, secs, micros, conn, kind), dn, data, extensions)| {
            let mut event = Map::new();
            event.insert("Event".into(), json!(name));
            event.insert("Switch".into(), json!("east"));
            event.insert("TimeinSecs".into(), json!(secs));
            event.insert("TimeinuSecs".into(), json!(micros));
            event.insert("EventSequenceNumber".into(), json!(seq));
            event.insert("ConnID".into(), json!(format!("{conn:016x}")));
            event.insert("CallType".into(), json!(kind));
            event.insert("ThisDN".into(), json!(dn));
            event.insert("ANI".into(), json!(format!("{dn}'\n{dn}")));
            for (key, list) in [("UserData", data), ("Extensions", extensions)] {
                if let Some(pairs) = list {
                    event.insert(key.into(), Value::Object(pairs.into_iter().collect()));
                }
            }
            Value::Object(event)
        },
    )
}

/// Without quotes at the ends of lines: in a client's log nothing tells them from the end of the text.
fn tame(events: &[Value]) -> Vec<Value> {
    let mut text = serde_json::to_string(events).expect("JSON");
    while text.contains("'\\n") {
        text = text.replace("'\\n", "\\n");
    }
    serde_json::from_str(&text).expect("JSON")
}

proptest! {
    #[test]
    fn any_event_reads_the_same_from_a_log_however_the_bytes_arrive(
        events in proptest::collection::vec(event(), 1..5),
        which in 0..Text::ALL.len(),
        sizes in proptest::collection::vec(1..300_usize, 1..8),
    ) {
        // Nothing but stars is what hidden values look like.
        let is_hidden = |event: &Value| event["ThisDN"].as_str().is_some_and(|dn| dn.bytes().all(|b| b == b'*'));
        prop_assume!(!events.iter().any(is_hidden));
        let events = if Text::ALL[which] == Text::Client { tame(&events) } else { events };
        assert_same(&events, Text::ALL[which], &sizes);
    }
}

/// A log with everything in it, as a seed for what follows.
fn specimen(text: Text) -> String {
    let mut events: Vec<Value> = crate::properties::dirt::Feed::simulated(1)
        .lines
        .iter()
        .take(40)
        .map(|line| serde_json::from_slice(line).expect("JSON"))
        .collect();
    events[7]["UserData"] = json!({"a": {"b": {"c": "d\ne"}, "n": -1}, "q": "it's", "empty": ""});
    let mut log = writer::write(&events, text);
    log.push_str(
        "@10:00:00.0000 [BSYNC] Trace: Send to backup (b) [1]:\nmessage EventRinging\n\tAttributeThisDN\t'1'\n",
    );
    log
}

/// How the rewriting of `bytes` must behave, whatever they are.
fn assert_sane(format: Format, bytes: &[u8], random: &mut Random) {
    let whole = transcribe(format, bytes, &[bytes.len().max(1)]);
    let sizes: Vec<usize> = (0..4).map(|_| 1 + random.below(200) as usize).collect();
    assert!(whole == transcribe(format, bytes, &sizes), "the pieces in which bytes arrive matter: {sizes:?}");
    let lines = bytes.iter().filter(|b| **b == b'\n').count();
    let out = whole.iter().filter(|b| **b == b'\n').count();
    assert!(out >= lines && out <= lines + 1, "{lines} lines became {out}");
    assert!(whole.len() <= 8 * bytes.len() + 4096, "it grows without bound");
    decode(&whole);
    // Files that end anywhere end the log there, or carry a message over.
    let at = random.below(bytes.len() as u32 + 1) as usize;
    let mut transcriber = Transcriber::new(format, Wishes::default());
    let mut out = Vec::new();
    transcriber.push(&bytes[..at], &mut out);
    if random.below(2) == 0 {
        transcriber.end_file(&mut out)
    } else {
        transcriber.settle(&mut out)
    }
    transcriber.push(&bytes[at..], &mut out);
    transcriber.finish(&mut out);
    decode(&out);
}

/// Runs one decoder on garbled logs for `CALLFOLD_FUZZ_SECONDS` (default: a moment). The inputs that once were wrong, and
/// some that look unlike the rest, are in `tests/fuzz`, and come first.
fn fuzz(text: Text) {
    let seconds = std::env::var("CALLFOLD_FUZZ_SECONDS").ok().and_then(|n| n.parse().ok()).unwrap_or(0.3);
    let seed = std::env::var("CALLFOLD_FIRST_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    garble::hunt(text.name(), specimen(text).as_bytes(), seconds, seed, &|bytes, random| {
        assert_sane(text.format(), bytes, random);
        let _ = Format::detect(bytes);
    });
}

#[test]
fn garbled_server_logs_are_survived() {
    fuzz(Text::TServer);
}

#[test]
fn garbled_client_logs_are_survived() {
    fuzz(Text::Client);
}

#[test]
fn garbled_platform_sdk_logs_are_survived() {
    fuzz(Text::PlatformSdk);
}

#[test]
fn garbled_feeds_are_survived() {
    let seconds = std::env::var("CALLFOLD_FUZZ_SECONDS").ok().and_then(|n| n.parse().ok()).unwrap_or(0.3);
    let lines = crate::properties::dirt::Feed::simulated(1).lines;
    garble::hunt("ndjson", &lines[..40].concat(), seconds, 1, &|bytes, random| {
        let whole = decode(bytes);
        // A line is a line, wherever the chunks that hold it begin.
        let ends: Vec<usize> = memchr::memchr_iter(b'\n', bytes).map(|at| at + 1).collect();
        let at = ends.get(random.below(ends.len() as u32 + 1) as usize).copied().unwrap_or(bytes.len());
        assert_eq!(whole.len(), decode(&bytes[..at]).len() + decode(&bytes[at..]).len());
    });
}
