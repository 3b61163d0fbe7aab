//! Events written as the text logs of servers, clients and programs: small, and sharing nothing with what reads them.

use std::fmt::Write;

use callfold::decode::text::Format;
use callfold::model::tevent::{CallState, CallType, DnRole, WorkMode};
use serde_json::{Map, Value};

/// The form of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    TServer,
    Client,
    PlatformSdk,
}

impl Text {
    pub const ALL: [Self; 3] = [Self::TServer, Self::Client, Self::PlatformSdk];

    pub fn name(self) -> &'static str {
        self.format().name()
    }

    pub fn format(self) -> Format {
        match self {
            Self::TServer => Format::TServer,
            Self::Client => Format::Client,
            Self::PlatformSdk => Format::PlatformSdk,
        }
    }
}

/// The number that servers print for a name.
fn number(key: &str, name: &str) -> Option<u64> {
    match key {
        "CallType" => CallType::from_name(name).map(|t| t as u64),
        "CallState" => CallState::from_name(name).map(|s| s.0.into()),
        "ThisDNRole" | "OtherDNRole" | "ThirdPartyDNRole" => DnRole::from_name(name).map(|r| r.0.into()),
        "AgentWorkMode" => WorkMode::from_name(name).map(|m| m.0.into()),
        _ => None,
    }
}

/// A log of `events`, all of one switch.
pub fn write(events: &[Value], text: Text) -> String {
    let mut out = String::new();
    if text == Text::TServer {
        out += "T-Server, Version 8.1.101.99\nApplication name: east\nApplication type: TServer (1)\nHost name: tsrv1\n\
                UTC time: 2023-11-14T00:00:00.000\nLocal time: 2023-11-14T01:00:00.000\nStart time (UTC): 2023-11-14T00:00:00\n\
                File: (1) east.log\n\n";
    }
    for event in events {
        let map = event.as_object().expect("an event is an object");
        let secs = map["TimeinSecs"].as_u64().expect("a time") + 3600;
        let (h, m, s) = (secs / 3600 % 24, secs / 60 % 60, secs % 60);
        let name = map["Event"].as_str().expect("a name");
        match text {
            Text::TServer => {
                writeln!(out, "@{h:02}:{m:02}:{s:02}.0000 [0] 8.1.101.99 distribute_event: message {name}")
            }
            Text::Client => {
                writeln!(out, "{h:02}:{m:02}:{s:02}.000 received from 65200(east)host:7000(fd=5) message {name}")
            }
            Text::PlatformSdk => {
                writeln!(
                    out,
                    "2023-11-14 {h:02}:{m:02}:{s:02},000 DEBUG [1] - got message '{name}' ('60')\nmessage attributes:"
                )
            }
        }
        .expect("a string takes all");
        match text {
            Text::PlatformSdk => sdk(&mut out, map),
            _ => server(&mut out, map, text),
        }
    }
    out
}

fn server(out: &mut String, event: &Map<String, Value>, text: Text) {
    let (indent, blank) = if text == Text::TServer { ("\t", "\t") } else { ("    ", "  ") };
    for (key, value) in event {
        if key == "Event" || key == "Switch" {
            continue;
        }
        let value = match value {
            Value::Object(pairs) => {
                writeln!(
                    out,
                    "{indent}Attribute{key}{blank}[99] {:02x} {:02x} 00 00..",
                    pairs.len() >> 8,
                    pairs.len() & 255
                )
                .expect("a string takes all");
                list(out, pairs, &indent.repeat(2), indent, blank);
                continue;
            }
            Value::Number(n) if key == "EventSequenceNumber" => format!("{:016x}", n.as_u64().expect("whole")),
            Value::Number(n) if key == "TimeinSecs" => format!("{n} (10:15:20)"),
            Value::String(s) if key.ends_with("ConnID") => s.clone(),
            Value::String(s) => number(key, s).map_or_else(|| format!("'{s}'"), |n| n.to_string()),
            other => other.to_string(),
        };
        writeln!(out, "{indent}Attribute{key}{blank}{value}").expect("a string takes all");
    }
}

fn list(out: &mut String, pairs: &Map<String, Value>, indent: &str, step: &str, blank: &str) {
    for (key, value) in pairs {
        match value {
            Value::Object(pairs) => {
                writeln!(out, "{indent}'{key}'(list)").expect("a string takes all");
                list(out, pairs, &format!("{indent}{step}"), step, blank);
            }
            Value::String(s) => writeln!(out, "{indent}'{key}'{blank}'{s}'").expect("a string takes all"),
            other => writeln!(out, "{indent}'{key}'{blank}{other}").expect("a string takes all"),
        }
    }
}

fn sdk(out: &mut String, event: &Map<String, Value>) {
    if let Some(switch) = event.get("Switch") {
        // Programs do not print where an event comes from; tests say it in the feed's own way.
        writeln!(out, "AttributeSwitch [str] = {switch}").expect("a string takes all");
    }
    for (key, value) in event {
        let (kind, value) = match value {
            _ if key == "Event" || key == "Switch" => continue,
            Value::Object(pairs) => {
                writeln!(out, "Attribute{key} [bstr] = KVList: ").expect("a string takes all");
                sdk_list(out, pairs, "\t\t");
                continue;
            }
            Value::Number(n) if key == "TimeinSecs" => {
                writeln!(out, "Time            = ComplexClass(TimeStamp):\n\tAttribute{key} [int] = {n}")
                    .expect("a string takes all");
                continue;
            }
            Value::String(s) if key.ends_with("ConnID") => ("long", s.clone()),
            Value::String(s) => number(key, s).map_or_else(|| ("str", format!("\"{s}\"")), |n| ("int", n.to_string())),
            other => ("int", other.to_string()),
        };
        writeln!(out, "Attribute{key} [{kind}] = {value}").expect("a string takes all");
    }
    out.push_str(". Processing with  state .StatePrimary proxy: proxy1\n");
}

fn sdk_list(out: &mut String, pairs: &Map<String, Value>, indent: &str) {
    for (key, value) in pairs {
        match value {
            Value::Object(pairs) => {
                writeln!(out, "{indent}'{key}' [list] = KVList: ").expect("a string takes all");
                sdk_list(out, pairs, &format!("{indent}\t"));
            }
            Value::String(s) => writeln!(out, "{indent}'{key}' [str] = \"{s}\"").expect("a string takes all"),
            other => writeln!(out, "{indent}'{key}' [int] = {other}").expect("a string takes all"),
        }
    }
}
