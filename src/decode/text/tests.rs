//! Logs as servers print them, and what becomes of them.

use serde_json::{Value, json};

use super::*;

/// What `pieces`, each the bytes of a file, become; empty lines left out, and the numbers of the lines with something.
fn transcribe(format: Format, wishes: Wishes, files: &[&str]) -> (Vec<Value>, Vec<(usize, usize)>, Counts) {
    let mut transcriber = Transcriber::new(format, wishes);
    let (mut lines, mut places) = (Vec::new(), Vec::new());
    for (i, file) in files.iter().enumerate() {
        let mut out = Vec::new();
        transcriber.push(file.as_bytes(), &mut out);
        if i + 1 < files.len() {
            transcriber.end_file(&mut out)
        } else {
            transcriber.finish(&mut out)
        }
        let text = String::from_utf8(out).expect("text");
        assert!(text.is_empty() || text.ends_with('\n'));
        assert_eq!(text.lines().count(), file.lines().count(), "every line has its line:\n{text}");
        for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
            lines.push(serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")));
            places.push((i, n + 1));
        }
    }
    (lines, places, transcriber.counts())
}

fn tserver(files: &[&str]) -> Vec<Value> {
    transcribe(Format::TServer, Wishes::default(), files).0
}

const HEADER: &str = "T-Server, Version 8.1.101.99\nApplication name: east\nApplication type: TServer (1)\nHost name: h\n\
    DST: TZ = 1, timeb = 0\nTime zone: 0, UTC, UTC\nUTC time: 2023-11-14T10:15:00.000\nLocal time: 2023-11-14T10:15:00.000\n\
    Start time (UTC): 2023-11-14T10:00:00\nRunning time: 0:00:15:00\nFile: (1) east.log\n\n";

const RINGING: &str = "@10:15:20.1230 [0] 8.1.101.99 distribute_event: message EventRinging\n\
\tAttributeEventSequenceNumber\t0000000000001a2f\n\tAttributeTimeinuSecs\t123000\n\tAttributeTimeinSecs\t1699956920 (10:15:20)\n\
\tAttributeExtensions\t[27] 00 01 00 00..\n\t\t'OtherTrunkName'\t'trunk7'\n\tAttributeUserData\t[50] 00 03 00 00..\n\
\t\t'Segment'\t'gold'\n\t\t'Tries'\t2\n\t\t'Note'\t'it's \"fine\"'\n\tAttributeThisDNRole\t2\n\tAttributeThisDN\t'7001'\n\
\tAttributeAgentWorkMode\t3 (AfterCallWork)\n\tAttributeCallUUID\t'0A1B'\n\tAttributeConnID\t00650290aa1b3001\n\tAttributeCallID\t1027\n";

fn ringing() -> Value {
    json!({
        "Event": "EventRinging", "Switch": "east", "EventSequenceNumber": 6703,
        "TimeinuSecs": 123_000, "TimeinSecs": 1_699_956_920, "Extensions": {"OtherTrunkName": "trunk7"},
        "UserData": {"Segment": "gold", "Tries": 2, "Note": "it's \"fine\""}, "ThisDNRole": 2, "ThisDN": "7001",
        "AgentWorkMode": 3, "CallUUID": "0A1B", "ConnID": "00650290aa1b3001", "CallID": 1027,
    })
}

#[test]
fn a_message_becomes_the_line_of_the_feed_that_says_the_same() {
    let (lines, places, counts) = transcribe(Format::TServer, Wishes::default(), &[&format!("{HEADER}{RINGING}")]);
    assert_eq!(lines, [ringing()]);
    assert_eq!((places, counts.messages, counts.unread), (vec![(0, 13)], 1, 0));
}

#[test]
fn what_does_not_go_to_everybody_is_counted_and_left_out() {
    let log = format!(
        "{HEADER}@10:15:20.0000 [0] 8.1 send_to_client: message EventACK\n\tAttributeReferenceID\t17\n\
         @10:15:20.0000 [BSYNC] Trace: Send to backup (east_b) [12]:\nmessage EventRinging\n\tAttributeThisDN\t'7001'\n\
         10:15:20.000 Trc 04541 RequestQueryCall received from [7] (0001 app 10.0.0.1:1)\nmessage RequestQueryCall\n\
         \tAttributeThisDN\t'7001'\n@10:15:21.0000 [0] 8.1 send_to_all: message EventLinkConnected\n\tAttributeCustomerID\t'E'\n"
    );
    let (lines, _, counts) = transcribe(Format::TServer, Wishes::default(), &[&log]);
    let link = json!({"Event": "EventLinkConnected", "Switch": "east", "CustomerID": "E",
                      "TimeinSecs": 1_699_956_921, "TimeinuSecs": 0});
    assert_eq!(lines, [link]);
    let others: Vec<_> = counts.others().filter(|(_, n)| *n > 0).collect();
    assert_eq!(others, [("requests", 1), ("copies for a backup server", 1), ("events for one client", 1)]);
}

#[test]
fn texts_go_on_over_line_breaks_and_end_where_the_next_attribute_begins() {
    let log = "@10:00:00.0000 [0] 8.1 distribute_event: message EventRinging\n\tAttributeExtensions\t[99] 00 04 00 00..\n\
        \t\t'sip'\t'INVITE x\nVia: 'y'\n\n\ttabbed\nend'\n\t\t'quoted'\t'a'\nb'\n\t\t'open'\t'never\n\t\t'last'\t''\n\
        \tAttributeDNIS\t'1800'\n-- a note that belongs to nobody\nand another\n\tAttributeTimeinSecs\t5\n";
    let lines = tserver(&[log]);
    let want = json!({
        "Event": "EventRinging", "DNIS": "1800", "TimeinSecs": 5,
        "Extensions": {"sip": "INVITE x\nVia: 'y'\n\n\ttabbed\nend", "quoted": "a'\nb", "open": "never", "last": ""},
    });
    assert_eq!(lines, [want]);
}

#[test]
fn lists_nest_and_hidden_values_are_unknown() {
    let log = "@10:00:00.0000 [0] 8.1 distribute_event: message EventQueued\n\tAttributeUserData\t[99] 00 05 00 00..\n\
        \t\t'a'\t1\n\t\t'l'(list)\n\t\t\t'm'(list)\n\t\t\t\t'k'\t'v'\n\t\t\t'n'\t-2\n\t\t'e'(list)\n\t\t'pin'\t****\n\
        \tAttributeExtensions\t[50] 00 02 00 00..\n\tAttributeReasons\t[2] 00 00\n\tAttributeANI\t'****'\n\
        \tAttributeDNIS\t[output suppressed]\n\tAttributeCollectedDigits\t'4711'\n\tattr_#19\t'555'\n\tattr_#999\t7\n\
        \tAttributeTimeinSecs\t5\n";
    let (lines, _, counts) = transcribe(Format::TServer, Wishes::default(), &[log]);
    let want = json!({
        "Event": "EventQueued", "TimeinSecs": 5, "Reasons": {}, "ANI": "555", "#999": 7,
        "UserData": {"a": 1, "l": {"m": {"k": "v"}, "n": -2}, "e": {}, "pin": "****"},
    });
    assert_eq!(lines, [want]);
    assert_eq!((counts.lists_cut, counts.unread), (2, 0));
}

#[test]
fn a_message_cut_by_the_end_of_a_file_goes_on_in_the_next() {
    let whole = format!("{HEADER}{RINGING}");
    let second = HEADER.replace("(1)", "(2)");
    for (cut, _) in RINGING.char_indices().skip(RINGING.find('\n').unwrap() + 1) {
        let at = HEADER.len() + cut;
        let next = format!("{second}{}@10:16:00.0000 [0] 8.1 send_to_client: message EventACK\n", &whole[at..]);
        let mut lines = tserver(&[&whole[..at], &next]);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines.remove(0), ringing(), "cut after {:?}", &whole[at.saturating_sub(20)..at]);
    }
    let next = format!("{second}{RINGING}");
    assert_eq!(tserver(&[&whole, &next]), [ringing(), ringing()]);
    assert_eq!(tserver(&[&format!("{whole}{next}")]), [ringing(), ringing()], "files that were joined");
}

#[test]
fn a_later_run_of_the_server_is_told_apart() {
    let (first, later) = (format!("{HEADER}{RINGING}"), HEADER.replace("10:00:00\nRunning", "10:14:00\nRunning"));
    let lines = tserver(&[&first, &format!("{later}{RINGING}")]);
    assert_eq!((lines[0].get("ServerStartTime"), &lines[1]["ServerStartTime"]), (None, &json!(1_699_956_840)));
}

#[test]
fn a_wish_for_a_switch_beats_the_log() {
    let wishes = Wishes { switch: Some("w\"x".into()), zone: None };
    let (lines, ..) = transcribe(Format::TServer, wishes, &[&format!("{HEADER}{RINGING}")]);
    assert_eq!(lines[0]["Switch"], "w\"x");
}

#[test]
fn a_client_log_names_the_server_on_every_message() {
    let body = "    AttributeEventSequenceNumber   0000000000000010\n    AttributeTimeinSecs 5\n\tAttributeThisDN\t'7001'\n\
        \tAttributeUserData\t[20] 00 01 00 00..\n\t\t'a b'\t'c'\n";
    let log = format!(
        "10:00:00.000 received from 65200(east)host:7000(fd=5) message EventRinging\n{body}    ..sent to 3(x)\n\
         10:00:01.000 Trc 04541 Message EventQueued received from 'west@8001'\n: message EventQueued\n{body}done\n\
         request to 65200(east) message RequestRouteCall\n{body}10:00:02.000 sending event 58 for vq V1\n"
    );
    let (lines, _, counts) = transcribe(Format::Client, Wishes::default(), &[&log]);
    let want = |event, switch| {
        json!({"Event": event, "Switch": switch, "EventSequenceNumber": 16, "TimeinSecs": 5,
                                      "ThisDN": "7001", "UserData": {"a b": "c"}})
    };
    assert_eq!(lines, [want("EventRinging", "east"), want("EventQueued", "west")]);
    assert_eq!(counts.unread, 0);
}

#[test]
fn the_platform_sdk_prints_types_and_nested_times() {
    let log = "2024-05-06 10:15:20,123 DEBUG [THREAD : 7] - Proxy got message 'EventRinging' ('60')\nmessage attributes:\n\
        AttributeEventSequenceNumber [long] = 6703\nTime            = ComplexClass(TimeStamp):\n\
        \tAttributeTimeinuSecs [int] = 123000\n\tAttributeTimeinSecs [int] = 1714990520\n\
        AttributeConnID [long] = 00650290aa1b3001\nAttributeThisDN [str] = \"70\"01\"\nAttributeCallUuid [str] = \"U\"\n\
        AttributeUserData [bstr] = KVList: \n\t\t'Segment' [str] = \"gold\nand more\"\n\t\t'Tries' [int] = 2\n\
        \t\t'L' [list] = KVList: \n\t\t\t'k' [str] = \"v\"\n. Processing with  state .StatePrimary proxy: proxy1\n\
        2024-05-06 10:15:21,000 DEBUG - 'EventHeld' (66) attributes:\nAttributeTimeinSecs [int] = 6\n";
    let (lines, _, counts) = transcribe(Format::PlatformSdk, Wishes::default(), &[log]);
    let want = json!({
        "Event": "EventRinging", "EventSequenceNumber": 6703, "TimeinuSecs": 123_000, "TimeinSecs": 1_714_990_520,
        "ConnID": "00650290aa1b3001", "ThisDN": "70\"01", "CallUUID": "U",
        "UserData": {"Segment": "gold\nand more", "Tries": 2, "L": {"k": "v"}},
    });
    assert_eq!(lines, [want, json!({"Event": "EventHeld", "TimeinSecs": 6})]);
    assert_eq!(counts.unread, 0);
}
