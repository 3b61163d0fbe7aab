//! The log language of the tests: one event a line, as an engineer would jot it down; made into feed lines.
//!
//! ```text
//! 10:00:00.250 8001 Queued c1 in            time, ThisDN, event without `Event`, ConnID, call type
//! 10:00:05     8001 Diverted c1 to=7001     `key=value` for attributes; short keys below, any other by its own name
//! 10:00:07     7001@west AgentReady         DNs are on switch `east` unless they say where
//! 24:00:00     -@west LinkDisconnected      no DN; the next day
//! ```
//!
//! `data=Segment:gold,Tier:2` is the whole `UserData`, `data=` an empty one, `Extensions.key=value` a pair of a list.
//! `#` begins a remark. The n-th line of a switch has sequence number n unless it says `seq=`. A call keeps its type until
//! another is given, and is inbound if none is. ThisQueue of queue events is ThisDN unless given.

use std::collections::HashMap;
use std::fmt::Write;

use serde_json::{Map, Value, json};

/// Midnight of the day that logs begin on: 2023-11-14 UTC, in seconds.
pub const DAY: i64 = 1_699_920_000;

/// Feed lines of a log.
pub fn feed(log: &str) -> String {
    let mut writer = Writer::default();
    let mut text = String::new();
    for line in log.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if !line.is_empty() {
            writeln!(text, "{}", writer.event(line)).expect("a string takes all");
        }
    }
    text
}

/// Microseconds of `HH:MM:SS[.fraction]` on the logs' first day; hours may go past 24.
pub fn instant(text: &str) -> i64 {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':').map(|p| p.parse::<i64>().unwrap_or_else(|_| panic!("no time of day: {text}")));
    let mut part = || parts.next().unwrap_or(0);
    let (hours, minutes, seconds) = (part(), part(), part());
    let micros: i64 = format!("{fraction:0<6}").parse().unwrap_or_else(|_| panic!("no fraction: {text}"));
    (DAY + hours * 3600 + minutes * 60 + seconds) * 1_000_000 + micros
}

#[derive(Default)]
struct Writer {
    numbers: HashMap<String, u64>,
    types: HashMap<(String, String), &'static str>,
}

impl Writer {
    fn event(&mut self, line: &str) -> Value {
        let mut words = line.split_whitespace();
        let mut next = || words.next().unwrap_or_else(|| panic!("time, DN and event: {line}"));
        let (time, dn, event) = (next(), next(), next());
        let (dn, switch) = dn.split_once('@').unwrap_or((dn, "east"));
        let number = self.numbers.entry(switch.to_owned()).or_default();
        *number += 1;
        let micros = instant(time);
        let mut map = Map::new();
        map.insert("Event".into(), json!(format!("Event{event}")));
        map.insert("EventSequenceNumber".into(), json!(*number));
        map.insert("TimeinSecs".into(), json!(micros.div_euclid(1_000_000)));
        map.insert("TimeinuSecs".into(), json!(micros.rem_euclid(1_000_000)));
        map.insert("Switch".into(), json!(switch));
        if dn != "-" {
            map.insert("ThisDN".into(), json!(dn));
        }
        if matches!(event, "Queued" | "Diverted" | "RouteRequest" | "RouteUsed") {
            map.insert("ThisQueue".into(), json!(dn));
        }
        let mut call_type = None;
        for word in words {
            match word {
                "in" => call_type = Some("Inbound"),
                "out" => call_type = Some("Outbound"),
                "internal" => call_type = Some("Internal"),
                "consult" => call_type = Some("Consult"),
                "untyped" => call_type = Some("Unknown"),
                _ => match word.split_once('=') {
                    Some((key, value)) => attribute(&mut map, key, value),
                    None => {
                        map.insert("ConnID".into(), conn(word));
                    }
                },
            }
        }
        if let Some(conn) = map.get("ConnID").and_then(Value::as_str) {
            let known = self.types.entry((switch.to_owned(), conn.to_owned())).or_insert("Inbound");
            *known = call_type.unwrap_or(known);
            map.insert("CallType".into(), json!(*known));
        }
        map.retain(|_, value| value != &json!("none"));
        Value::Object(map)
    }
}

/// `c12` is ConnID 12 in decimal digits, so that it reads the same in hexadecimal.
fn conn(word: &str) -> Value {
    let digits = word.strip_prefix('c').filter(|d| d.parse::<u64>().is_ok());
    json!(format!("{:0>16}", digits.unwrap_or_else(|| panic!("not a word of the log language: {word}"))))
}

fn attribute(map: &mut Map<String, Value>, key: &str, value: &str) {
    let mut nested = |list: &str, key: &str, value: &str| {
        let entry = map.entry(list).or_insert_with(|| Value::Object(Map::new()));
        entry.as_object_mut().expect("lists are objects").insert(key.into(), json!(value));
    };
    if let Some((list, key)) = key.split_once('.') {
        return nested(list, key, value);
    }
    match key {
        "vqid" => return nested("Extensions", "VQID", value),
        "code" => return nested("Extensions", "ReasonCode", value),
        "rvqid" => return nested("UserData", "RVQID", value),
        "data" => {
            let pairs = value.split(',').filter_map(|pair| pair.split_once(':'));
            let pairs = pairs.map(|(key, value)| (key.to_owned(), json!(value))).collect();
            map.insert("UserData".into(), Value::Object(pairs));
            return;
        }
        "reason" => {
            let (key, code) = value.split_once(':').expect("a reason is key:code");
            return nested("Reasons", key, code);
        }
        _ => {}
    }
    let (name, value) = match key {
        "to" => ("ThirdPartyDN", json!(value)),
        "by" => ("ThirdPartyDN", json!(value)),
        "queue" => ("ThisQueue", json!(value)),
        "with" => ("OtherDN", json!(value)),
        "agent" => ("AgentID", json!(value)),
        "mode" => ("AgentWorkMode", json!(value)),
        "state" => ("CallState", json!(value)),
        "role" => ("ThisDNRole", json!(value)),
        "was" => ("PreviousConnID", conn(value)),
        "transfer" => ("TransferConnID", conn(value)),
        "conference" => ("ConferenceConnID", conn(value)),
        "uuid" => ("CallUUID", json!(value)),
        "seq" if value == "none" => ("EventSequenceNumber", json!("none")),
        "seq" => ("EventSequenceNumber", json!(value.parse::<u64>().expect("a number"))),
        "start" => ("ServerStartTime", json!(value.parse::<u64>().expect("a number"))),
        _ => {
            assert!(key.starts_with(char::is_uppercase), "no short key {key}");
            (key, json!(value))
        }
    };
    map.insert(name.into(), value);
}
