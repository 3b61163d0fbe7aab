//! The two decoders against each other and against a plain JSON parser, and what each kind of bad line is refused for.

use super::*;
use crate::decode::lines::Lines;
use crate::model::names::NameLimits;
use proptest::prelude::*;
use serde_json::{Map, Value};

/// An event in words, names and lists resolved, so that decoders with different names can be compared.
fn words(names: &Names, e: &TEvent<'_>) -> String {
    let list = |raw: &str| if raw.is_empty() { Value::Null } else { serde_json::from_str(raw).unwrap() };
    let dn = |id| if names.dn_switch(id).is_some() { names.dn_text(id) } else { String::new() };
    format!(
        "{:?} {} {:?} {:?} {}/{} dn={} queue={} third={} {} other={} agent={} {} {} {} uuid={} {:?} {:?} {:?} {:?} {:?} {:?} \
         ids={:?} ani={} dnis={} {} {} {} route={:?} treated={:?} hops={:?} net={} ref={} links={}",
        e.kind.0,
        e.time.0,
        e.seq,
        e.epoch,
        names.tenant(e.switch),
        names.switch_name(e.switch),
        dn(e.this_dn),
        dn(e.this_queue),
        e.third_party_number,
        dn(e.third_party_dn),
        e.other_number,
        names.agent_id(e.agent),
        e.conn,
        e.previous_conn,
        e.held_conn,
        e.call_uuid,
        e.call_type,
        e.call_state.0,
        e.this_role.0,
        e.other_role.0,
        e.third_party_role.0,
        e.work_mode.0,
        [e.call_id, e.this_trunk, e.other_trunk],
        e.ani,
        e.dnis,
        list(e.user_data.as_json()),
        list(e.reasons.as_json()),
        list(e.extensions.as_json()),
        e.rare().route_type.map(|t| t.0),
        e.rare().treatment_type.map(|t| t.0),
        [e.rare().first_transfer, e.rare().last_transfer, e.rare().remote].map(|hop| (hop.conn.0, hop.home)),
        e.rare().network_call,
        e.rare().ref_call_uuid,
        list(e.rare().is_links.as_json()),
    )
}

type Seen = Vec<(u64, u64, Result<String, DecodeError>)>;

fn decode_with(isa: Option<Isa>, limits: Limits, chunk: &[u8]) -> (Seen, Vec<crate::decode::Unknown>) {
    let (mut decoder, mut names, mut seen) = (Decoder::with_isa(limits, isa), Names::default(), Vec::new());
    decoder.chunk(chunk, &mut names, &mut |names, line, result| {
        assert_eq!(&chunk[line.offset as usize..][..line.bytes.len()], line.bytes);
        seen.push((line.index, line.offset, result.map(|event| words(names, event))));
    });
    (seen, decoder.unknowns().entries().to_vec())
}

/// Decodes in every way there is, which all have to agree.
fn decode(limits: Limits, chunk: &[u8]) -> Seen {
    let want = decode_with(None, limits, chunk);
    for isa in Isa::available() {
        assert_eq!(decode_with(Some(isa), limits, chunk), want, "{isa:?} {}", String::from_utf8_lossy(chunk));
    }
    want.0
}

fn one(line: &str) -> Result<String, DecodeError> {
    let mut seen = decode(Limits::default(), line.as_bytes());
    assert_eq!(seen.len(), 1, "{line}");
    seen.remove(0).2
}

/// How many lines of `chunk` the scanner leaves to the tolerant decoder.
fn unsure(chunk: &str) -> usize {
    let padded = format!("{chunk}{}", "\n".repeat(200));
    let (mut decoder, mut names, mut at, mut count) = (Decoder::new(Limits::default()), Names::default(), 0, 0);
    while at < chunk.len() {
        let (learned, names, event) = (&mut decoder.learned, &mut names, &mut blank());
        let mut spoken = Spoken::NOTHING;
        let step = Step { text: padded.as_bytes(), from: at, learned, names, event, spoken: &mut spoken };
        let end = Isa::best().run(step).map(|scanned| scanned.end);
        count += usize::from(end.is_none());
        at = end.unwrap_or_else(|| line_end(padded.as_bytes(), at)) + 1;
    }
    count
}

// The same rules once more over a plain JSON tree: slow, short, and written without a look at the decoders.
mod oracle {
    use super::*;
    use crate::model::tevent::rare::{RouteType, TreatmentType};
    use crate::model::tevent::{CallState, CallType, DnRole, EventKind, WorkMode};

    fn text(o: &Map<String, Value>, key: &str) -> Result<String, &'static str> {
        match o.get(key) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(s)) => Ok(s.clone()),
            Some(Value::Number(n)) => Ok(n.to_string()),
            Some(_) => Err("bad_value"),
        }
    }

    fn number(o: &Map<String, Value>, key: &str, code: &'static str) -> Result<Option<f64>, &'static str> {
        let text = text(o, key).map_err(|_| code)?;
        match (&o[key], text.as_str()) {
            (Value::String(_), "") => Ok(None),
            (Value::String(s), _) if !s.bytes().all(|b| b.is_ascii_digit()) => Err(code),
            (_, text) => text.parse().map(Some).map_err(|_| code),
        }
    }

    fn time(o: &Map<String, Value>, key: &str, max: f64) -> Result<Option<i64>, &'static str> {
        if text(o, key) == Ok(String::new()) {
            return Ok(None);
        }
        match number(o, key, "bad_time")? {
            Some(n) if n >= 0.0 && n.floor() <= max => Ok(Some(n as i64)),
            _ => Err("bad_time"),
        }
    }

    fn integer(o: &Map<String, Value>, key: &str) -> Result<Option<u64>, &'static str> {
        if text(o, key) == Ok(String::new()) {
            return Ok(None);
        }
        match number(o, key, "bad_value")? {
            Some(n) if n < 0.0 || n.fract() != 0.0 => Err("bad_value"),
            n => Ok(n.map(|n| n as u64)),
        }
    }

    fn enumeration(
        o: &Map<String, Value>,
        key: &str,
        by: (impl Fn(&str) -> Option<u8>, impl Fn(u64) -> Option<u8>),
    ) -> Result<Option<Option<u8>>, &'static str> {
        let text = text(o, key)?;
        if text.is_empty() {
            return Ok(None);
        }
        Ok(Some(by.0(&text).or_else(|| {
            text.parse().ok().and_then(|n: f64| if n >= 0.0 && n.fract() == 0.0 { by.1(n as u64) } else { None })
        })))
    }

    fn conn(o: &Map<String, Value>, key: &str) -> Result<u64, &'static str> {
        let text = text(o, key)?;
        if let Some(Value::Number(n)) = o.get(key) {
            let whole = |n: &f64| *n >= 0.0 && n.fract() == 0.0;
            return n.as_u64().or(n.as_f64().filter(whole).map(|n| n as u64)).ok_or("bad_value");
        }
        if text.is_empty() {
            return Ok(0);
        }
        let hex = text.split('@').next().unwrap();
        let hex = hex.strip_prefix("0x").or(hex.strip_prefix("0X")).unwrap_or(hex);
        let plain = hex.len() <= 16 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        u64::from_str_radix(hex, 16).ok().filter(|_| plain).ok_or("bad_value")
    }

    pub(super) fn read(o: &Map<String, Value>) -> Result<String, &'static str> {
        let kinds = (|s: &str| EventKind::from_name(s).map(|k| k.0), |n| Some(EventKind::from_number(n).0));
        let kind = enumeration(o, "Event", kinds)?.ok_or("missing_event")?.unwrap_or(255);
        let secs = time(o, "TimeinSecs", 253_402_300_799.0)?.ok_or("missing_time")?;
        let micros = time(o, "TimeinuSecs", 999_999.0)?.unwrap_or(0);
        let (seq, epoch) = (integer(o, "EventSequenceNumber")?, integer(o, "ServerStartTime")?);
        let (c, p) = (conn(o, "ConnID")?, conn(o, "PreviousConnID")?);
        let (t, f) = (conn(o, "TransferConnID")?, conn(o, "ConferenceConnID")?);
        let call_type = enumeration(o, "CallType", (CallTypeOf::name, CallTypeOf::number))?
            .map(|n| CallType::ALL[usize::from(n.unwrap_or(0))]);
        let state = (|s: &str| CallState::from_name(s).map(|k| k.0), |n| CallState::from_number(n).map(|k| k.0));
        let state = enumeration(o, "CallState", state)?.flatten().unwrap_or(0);
        let role = |key| {
            let by = (|s: &str| DnRole::from_name(s).map(|k| k.0), |n| DnRole::from_number(n).map(|k| k.0));
            Ok::<u8, &'static str>(enumeration(o, key, by)?.flatten().unwrap_or(0))
        };
        let (this_role, other_role, third_role) =
            (role("ThisDNRole")?, role("OtherDNRole")?, role("ThirdPartyDNRole")?);
        let mode = (|s: &str| WorkMode::from_name(s).map(|k| k.0), |n| WorkMode::from_number(n).map(|k| k.0));
        let mode = enumeration(o, "AgentWorkMode", mode)?.flatten().unwrap_or(0);
        let route = (|s: &str| RouteType::from_name(s).map(|k| k.0), |n| RouteType::from_number(n).map(|k| k.0));
        let route = enumeration(o, "RouteType", route)?.flatten();
        let treated =
            (|s: &str| TreatmentType::from_name(s).map(|k| k.0), |n| TreatmentType::from_number(n).map(|k| k.0));
        let treated = enumeration(o, "TreatmentType", treated)?.flatten();
        let hop = |id: &str, home: &str| Ok::<_, &'static str>((conn(o, id)?, text(o, home)?));
        let hops = [
            hop("FirstTransferConnID", "FirstTransferHomeLocation")?,
            hop("LastTransferConnID", "LastTransferHomeLocation")?,
            hop("RemoteConnID", "RemoteLocation")?,
        ];
        let id = |key: &str| integer(o, key).ok().flatten().filter(|n| *n <= u64::from(u32::MAX)).unwrap_or(0);
        let ids = ["CallID", "ThisTrunk", "OtherTrunk"].map(id);
        let list = |key: &str| o.get(key).filter(|v| v.is_object()).unwrap_or(&Value::Null).clone();
        let or_default = |s: String| if s.is_empty() { "default".to_owned() } else { s };
        let (switch, tenant) = (or_default(text(o, "Switch")?), or_default(text(o, "Tenant")?));
        let (this, queue, third) = (text(o, "ThisDN")?, text(o, "ThisQueue")?, text(o, "ThirdPartyDN")?);
        let at = |dn: &str| if dn.is_empty() { String::new() } else { format!("{dn}@{switch}") };
        let third_dn = if third == this || third == queue { at(&third) } else { String::new() };
        Ok(format!(
            "{kind:?} {} {seq:?} {epoch:?} {tenant}/{switch} dn={} queue={} third={third} {third_dn} other={} agent={} \
             {c:016x} {p:016x} {:016x} uuid={} {call_type:?} {state:?} {this_role:?} {other_role:?} {third_role:?} {mode:?} \
             ids={ids:?} ani={} dnis={} {} {} {} route={route:?} treated={treated:?} hops={hops:?} net={} ref={} links={}",
            secs * 1_000_000 + micros,
            at(&this),
            at(&queue),
            text(o, "OtherDN")?,
            text(o, "AgentID")?,
            if t == 0 { f } else { t },
            text(o, "CallUUID")?,
            text(o, "ANI")?,
            text(o, "DNIS")?,
            list("UserData"),
            list("Reasons"),
            list("Extensions"),
            text(o, "NetworkCallID")?,
            text(o, "RefCallUUID")?,
            list("ISLinkList"),
        ))
    }

    struct CallTypeOf;
    impl CallTypeOf {
        fn name(s: &str) -> Option<u8> {
            CallType::from_name(s).map(|t| t as u8)
        }
        fn number(n: u64) -> Option<u8> {
            CallType::from_number(n).map(|t| t as u8)
        }
    }
}

/// A key with a value as JSON text: mostly what belongs there, sometimes anything.
fn pair() -> impl Strategy<Value = (String, String)> {
    let quoted = |s: &'static str| proptest::string::string_regex(s).unwrap().prop_map(|s| format!("\"{s}\""));
    let words = |list: &'static [&'static str]| proptest::sample::select(list).prop_map(|s| format!("\"{s}\""));
    let keys = |list: &'static [&'static str]| proptest::sample::select(list).prop_map(str::to_owned);
    let digits = || (0..70_u64).prop_map(|n| n.to_string());
    let event = prop_oneof![
        6 => words(&["EventRinging", "EventEstablished", "EventAgentNotReady", "EventReqGetAccessNumberCanceled",
            "RequestReserveAgentAndGetAccessNumber", "EventOfNobody", "60", "200", ""]),
        1 => (0..300_u64).prop_map(|n| n.to_string()),
    ];
    let role = prop_oneof![
        4 => words(&["Origination", "Destination", "Observer", "Nobody", "3", "Ok", "Held", "Busy", "Consult", "Inbound", "AutoIn"]),
        1 => digits(),
    ];
    let conn =
        prop_oneof![quoted("[0-9a-fA-F]{16}"), quoted("(0x)?[0-9a-f]{0,17}(@east)?"), digits(), quoted("[0-9a-g]{16}")];
    let name = prop_oneof![quoted("[0-9]{1,6}"), quoted("[a-zü.]{0,40}"), digits()];
    let route = prop_oneof![4 => words(&["Default", "Direct", "Unknown", "RAN", "Music", "Nowhere"]), 1 => digits()];
    let list = quoted("[a-z]{0,5}").prop_map(|v| format!(r#"{{"Segment":{v},"n":12}}"#));
    let nested = quoted("[a-z]{0,5}").prop_map(|v| format!(r#"{{"a": {v},"l":[1,{{}},[true]] ,"o":{{"b":"x\"y"}}}}"#));
    let anything = || {
        prop_oneof![
            Just("null".to_owned()),
            Just("true".to_owned()),
            Just("[1,[]]".to_owned()),
            Just("{}".to_owned()),
            Just("2.5".to_owned()),
            Just("7.0".to_owned()),
            Just("-3".to_owned()),
            Just(r#""a\u00fc\n\"\\\/b""#.to_owned()),
            Just(r#""\u0045ventRinging""#.to_owned()),
            Just("\"\u{1F600}\"".to_owned()),
            digits(),
        ]
    };
    let time = prop_oneof![6 => (933_455_410_u64..2_000_000_000).prop_map(|n| n.to_string()), 1 => Just("\"1699956920\"".to_owned()),
        1 => Just("933455410.25".to_owned()), 1 => Just("253402300800".to_owned())];
    let pairs = prop_oneof![
        2 => (keys(&["Event", "\\u0045vent"]), event),
        2 => (keys(&["TimeinSecs"]), time),
        2 => (keys(&["TimeinuSecs", "EventSequenceNumber", "ServerStartTime"]), (0..1_200_000_u64).prop_map(|n| n.to_string())),
        4 => (keys(&["ThisDN", "ThisQueue", "OtherDN", "ThirdPartyDN", "AgentID", "ANI", "DNIS", "CallUUID", "Switch", "Tenant"]), name.clone()),
        4 => (keys(&["ThisDNRole", "OtherDNRole", "ThirdPartyDNRole", "CallState", "CallType", "AgentWorkMode"]), role),
        3 => (keys(&["ConnID", "PreviousConnID", "TransferConnID", "ConferenceConnID"]), conn.clone()),
        1 => (keys(&["FirstTransferConnID", "LastTransferConnID", "RemoteConnID"]), conn),
        1 => (keys(&["FirstTransferHomeLocation", "LastTransferHomeLocation", "RemoteLocation", "NetworkCallID",
            "RefCallUUID"]), name),
        1 => (keys(&["RouteType", "TreatmentType"]), route),
        1 => (keys(&["UserData", "Reasons", "Extensions", "ISLinkList"]), prop_oneof![list, nested]),
        1 => (keys(&["CallID", "ThisTrunk", "OtherTrunk"]), prop_oneof![1 => digits(), 1 => anything(), 1 => (0..1_u64 << 53).prop_map(|n| n.to_string())]),
        1 => (keys(&["PreviousCallID", "Unheard", "x", "", "Eve", "ThisDNRolf", "ein Schlüssel"]), anything()),
    ];
    (pairs, prop_oneof![20 => Just(None), 1 => anything().prop_map(Some)])
        .prop_map(|((key, value), other)| (key, other.unwrap_or(value)))
}

/// A line of pairs in one of several habits of spacing.
fn line() -> impl Strategy<Value = String> {
    let base = prop_oneof![
        8 => Just(vec![("Event".to_owned(), "\"EventRinging\"".to_owned()), ("TimeinSecs".to_owned(), "933455410".to_owned())]),
        1 => Just(Vec::new()),
    ];
    (base, proptest::collection::vec(pair(), 0..25), 0..6_u8).prop_map(|(mut pairs, more, habit)| {
        pairs.extend(more);
        let (comma, colon, end) = match habit {
            0..=2 => (",", ":", ""),
            3 => (", ", ": ", ""),
            4 => (" ,\t", " :  ", "  "),
            _ => (",", ":", "\r"),
        };
        let body: Vec<String> = pairs.iter().map(|(k, v)| format!("\"{k}\"{colon}{v}")).collect();
        format!("{{{}}}{end}", body.join(comma))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_way_of_decoding_reads_what_a_plain_json_parser_reads(lines in proptest::collection::vec(line(), 1..6)) {
        // Twice, so that the second time most keys are guessed.
        let chunk = [lines.join("\n"), lines.join("\n")].join("\n");
        let seen = decode(Limits::default(), chunk.as_bytes());
        prop_assert_eq!(seen.len(), 2 * lines.len());
        for (line, (_, _, got)) in lines.iter().cycle().zip(seen) {
            let tree: Map<String, Value> = serde_json::from_str(line).unwrap();
            // A DN seen on an earlier line is found again: one line at a time has no earlier one.
            let got_alone = one(line);
            prop_assert_eq!(got.is_ok(), got_alone.is_ok());
            prop_assert_eq!(got_alone.map_err(|e| e.code()), oracle::read(&tree), "{}", line);
        }
    }

    #[test]
    fn damaged_lines_are_refused_or_read_alike_and_never_panic(
        lines in proptest::collection::vec(line(), 1..4),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 0..6),
    ) {
        let mut chunk = [lines.join("\n"), lines.join("\n")].join("\n").into_bytes();
        for (at, byte, how) in damage {
            let at = at.index(chunk.len().max(1));
            match how {
                0 if at < chunk.len() => chunk[at] = byte,
                1 => chunk.truncate(at),
                _ => chunk.insert(at.min(chunk.len()), byte),
            }
        }
        let seen = decode(Limits::default(), &chunk);
        let lines: Vec<&[u8]> = chunk.split(|&b| b == b'\n').collect();
        for (index, _, result) in seen {
            let line = lines[index as usize];
            let parsed = serde_json::from_slice::<Value>(line);
            // A line of another type is refused by its first byte, whatever follows.
            let lenient_type = matches!(result, Err(DecodeError::NotAnObject));
            let syntax = matches!(result, Err(DecodeError::Truncated { .. } | DecodeError::InvalidJson { .. }
                | DecodeError::InvalidUtf8 { .. }));
            let lenient = line.starts_with(b"\xef\xbb\xbf") || line.windows(3).any(|w| w[..2] == *b"\\u" && w[2] | 32 == b'd')
                || parsed.as_ref().is_err_and(|e| e.to_string().contains("out of range"));
            prop_assert!(lenient || lenient_type || syntax == parsed.is_err(), "{} {:?} {:?}", String::from_utf8_lossy(line), result, parsed);
        }
    }

    #[test]
    fn any_bytes_at_all_are_survived(chunk in proptest::collection::vec(any::<u8>(), 0..400)) {
        decode(Limits::default(), &chunk);
    }

    #[test]
    fn the_cutting_of_the_bytes_changes_no_event(
        lines in proptest::collection::vec(line(), 1..8), pieces in proptest::collection::vec(1..500_usize, 0..12),
    ) {
        let stream = lines.join("\n");
        let whole: Vec<_> = decode(Limits::default(), stream.as_bytes()).into_iter().map(|(_, _, e)| e).collect();
        let (mut decoder, mut names, mut seen) = (Decoder::new(Limits::default()), Names::default(), Vec::new());
        let (mut splitter, mut rest) = (Lines::new(64 * 1024), stream.as_bytes());
        for piece in pieces.into_iter().chain([usize::MAX]) {
            let (now, later) = rest.split_at(piece.min(rest.len()));
            let mut chunk = Vec::new();
            splitter.push(now, &mut chunk);
            rest = later;
            if piece == usize::MAX {
                splitter.finish(&mut chunk);
            }
            decoder.chunk(&chunk, &mut names, &mut |names, _, e| seen.push(e.map(|e| words(names, e))));
        }
        prop_assert_eq!(seen, whole);
    }
}

const RINGING: &str = r#"{"Event":"EventRinging","EventSequenceNumber":6703,"TimeinSecs":1699956920,"TimeinuSecs":123000,"Switch":"east","ThisDN":"7001","ThisDNRole":"Destination","OtherDN":"5550100","OtherDNRole":"Origination","ThisQueue":"8001","ConnID":"00650290aa1b3001","CallType":"Inbound","CallState":"Ok","ANI":"5550100","DNIS":"5550199","UserData":{"Segment":"gold"}}"#;

#[test]
fn an_event_of_the_feed_is_read_whole_and_by_the_scanner() {
    let want = "60 1699956920123000 Some(6703) None default/east dn=7001@east queue=8001@east third=  other=5550100 agent= \
        00650290aa1b3001 0000000000000000 0000000000000000 uuid= Some(Inbound) 0 2 1 0 0 ids=[0, 0, 0] ani=5550100 dnis=5550199 \
        {\"Segment\":\"gold\"} null null route=None treated=None hops=[(0, \"\"), (0, \"\"), (0, \"\")] net= ref= links=null";
    assert_eq!(one(RINGING).as_deref(), Ok(want));
    let with_ids = RINGING.replace("\"ANI\"", "\"CallID\":1027,\"OtherTrunk\":\"12\",\"ThisTrunk\":\"twelve\",\"ANI\"");
    assert_eq!(one(&with_ids).as_deref(), Ok(&*want.replace("[0, 0, 0]", "[1027, 0, 12]")));
    assert_eq!(one(&with_ids.replace("1027", "4294967296")).as_deref(), Ok(&*want.replace("[0, 0, 0]", "[0, 0, 12]")));
    let spaced = RINGING.replace("\",\"", "\", \"").replace("\":", "\": ");
    assert_eq!(one(&spaced).as_deref(), Ok(want));
    let foreign = RINGING.replace("gold", "gülden").replace("\"OtherDN\"", "\"Unheard\":null,\"OtherDN\"");
    assert_eq!(unsure(&format!("{RINGING}\n{spaced}\n{RINGING}\r\n{foreign}\n")), 0);
    assert_eq!(unsure(&RINGING.replace("gold", "g\\u006fld")), 1);
}

#[test]
fn what_changes_between_lines_is_read_by_the_scanner_all_the_same() {
    let values = ["\"7001\"", "7001", "null", "\"\"", "{\"a\":1,\"b\":\"c\"}", "{}"];
    let values = values.into_iter().chain(["\"an id of many more characters than a vector has: 0123456789\""]);
    let line = |key: &str, value: &str| {
        format!("{{\"Event\":\"EventRinging\",\"TimeinSecs\":1,\"{key}\":{value},\"AgentID\":{value}}}\n")
    };
    let keys = ["CallID", "Unheard", "a key of many more characters than a vector has: 0123456789 0123456789", "ü", ""];
    let lines: String = values.flat_map(|value| keys.map(|key| line(key, value))).collect();
    let spaced = lines.replace("\":", "\": ").replace(",\"", ", \"");
    let half = lines.replace("\":", "\": ");
    assert_eq!(unsure(&format!("{lines}{spaced}{half}{lines}")), 0);
    decode(Limits::default(), format!("{lines}{spaced}{half}{lines}").as_bytes());
}

#[test]
fn blank_lines_are_skipped_and_counted_and_a_byte_order_mark_is_tolerated() {
    let chunk = format!("\u{feff}{RINGING}\r\n\n \t\r\n{RINGING}");
    let seen: Vec<_> =
        decode(Limits::default(), chunk.as_bytes()).into_iter().map(|(i, _, e)| (i, e.is_ok())).collect();
    assert_eq!(seen, [(0, true), (3, true)]);
    assert!(decode(Limits::default(), b"").is_empty() && decode(Limits::default(), b"\n\n").is_empty());
}

#[test]
fn every_reason_has_its_code() {
    let long = format!(r#"{{"Event":1,"x":"{}"}}"#, "y".repeat(70_000));
    let deep = format!(r#"{{"Event":1,"x":{}{}}}"#, "[".repeat(32), "]".repeat(32));
    let wide = format!(r#"{{"Event":1,"TimeinSecs":1,"UserData":{{{}"z":1}}}}"#, r#""a":1,"#.repeat(1021));
    let name = format!(r#"{{"Event":1,"TimeinSecs":1,"ThisDN":"{}"}}"#, "7".repeat(256));
    for (line, code) in [
        (r#"{"Event":1,"#, "truncated"),
        ("nonsense", "invalid_json"),
        (r#"{"Event":1,}"#, "invalid_json"),
        (r#"{"Event":1,"TimeinSecs":1}}"#, "invalid_json"),
        (r#"{"Event":1,"TimeinSecs":01}"#, "invalid_json"),
        ("[1]", "not_an_object"),
        ("null", "not_an_object"),
        (&long, "too_long"),
        (&deep, "too_deep"),
        (&wide, "too_many_pairs"),
        (r#"{"TimeinSecs":1}"#, "missing_event"),
        (r#"{"Event":null,"TimeinSecs":1}"#, "missing_event"),
        (r#"{"Event":1}"#, "missing_time"),
        (r#"{"Event":1,"TimeinSecs":"soon"}"#, "bad_time"),
        (r#"{"Event":1,"TimeinSecs":1,"TimeinuSecs":1000000}"#, "bad_time"),
        (r#"{"Event":1,"TimeinSecs":1,"ConnID":"xyz"}"#, "bad_value"),
        (r#"{"Event":1,"TimeinSecs":1,"ThisDN":{}}"#, "bad_value"),
        (&name, "name_refused"),
    ] {
        assert_eq!(one(line).map_err(|e| e.code()), Err(code), "{line}");
    }
    assert_eq!(
        decode(Limits::default(), b"{\"Event\":1,\"x\":\"\xff\"}")[0].2,
        Err(DecodeError::InvalidUtf8 { at: 16 })
    );
}

#[test]
fn unknown_words_are_counted_by_name_and_refuse_nothing() {
    let chunk = r#"{"Event":"EventOfNobody","TimeinSecs":1,"CallState":77,"AgentWorkMode":"Dozing","UserData":[1]}
        {"Event":"EventOfNobody","TimeinSecs":1,"CallType":"9"}"#;
    let (seen, unknowns) = decode_with(Some(Isa::best()), Limits::default(), chunk.as_bytes());
    assert!(seen.iter().all(|(_, _, e)| e.is_ok()));
    let counted: Vec<_> = unknowns.iter().map(|u| (u.key, u.text.as_str(), u.count)).collect();
    assert_eq!(
        counted,
        [
            ("Event", "EventOfNobody", 2),
            ("CallState", "77", 1),
            ("AgentWorkMode", "Dozing", 1),
            ("UserData", "[1]", 1),
            ("CallType", "9", 1)
        ]
    );
}

#[test]
fn names_beyond_the_limit_refuse_their_line_only() {
    let mut names = Names::new(NameLimits { dns: 1, ..NameLimits::default() });
    let mut codes = Vec::new();
    let line = |dn| format!("{{\"Event\":60,\"TimeinSecs\":1,\"ThisDN\":\"{dn}\"}}\n");
    let chunk = [line("1"), line("2"), line("1")].concat();
    Decoder::new(Limits::default()).chunk(chunk.as_bytes(), &mut names, &mut |_, line, e| {
        codes.push((line.index, e.err().map(|e| e.code())));
    });
    assert_eq!(codes, [(0, None), (1, Some("name_refused")), (2, None)]);
}

/// Hears lines and, as a fold does, mints names of its own; notes what was known at every turn.
#[derive(Default)]
struct Minting {
    seen: Vec<String>,
    /// The most events that were announced at once.
    announced: usize,
    waiting: usize,
}

impl Listener for Minting {
    fn ahead(&mut self, events: &[TEvent<'_>]) {
        assert_eq!(self.waiting, 0, "all that was announced has had its turn");
        self.announced = self.announced.max(events.len());
        self.waiting = events.len();
    }

    fn line(&mut self, names: &mut Names, line: Line<'_>, result: Result<&TEvent<'_>, DecodeError>) {
        self.waiting = self.waiting.saturating_sub(1);
        let known = (names.switch_count(), names.dn_count(), names.agent_count());
        self.seen.push(format!("{} {known:?} {:?}", line.index, result.map(|ev| words(names, ev))));
        if line.bytes.len().is_multiple_of(5) {
            let _ = names.dn(SwitchId(0), &format!("60{}", self.seen.len() % 7));
        }
    }
}

/// What is known when a line has its turn does not depend on how many lines come together: names of later lines are not known
/// yet, and those that the listener mints are.
#[test]
fn events_decoded_ahead_know_what_they_would_know_in_their_turn() {
    let mut seed = 5_u64;
    let mut draw = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % below
    };
    let mut stream = String::new();
    for i in 0..3000 {
        let dn = |n: u64| format!("{}", 600 + n);
        let (this, third, queue) = (dn(draw(20 + i / 20)), dn(draw(300)), dn(draw(30 + i / 50)));
        let pad = "x".repeat(draw(9) as usize);
        stream += &match draw(40) {
            0 => "{\"Event\":\"EventRinging\"}\n".to_owned(),
            1 => "\n  \n".to_owned(),
            2 => format!("{{\"Event\":\"EventRinging\",\"TimeinSecs\":1,\"ThisDN\":\"6\\u003{}\"}}\n", draw(10)),
            3 => format!(
                "{{\"Event\":\"EventRinging\",\"TimeinSecs\":1,\"Switch\":\"s{}\",\"ThisDN\":\"{this}\"}}\n",
                draw(3)
            ),
            _ => format!(
                "{{\"Event\":\"EventRinging\",\"TimeinSecs\":1,\"ThisDN\":\"{this}\",\"ThisQueue\":\"{queue}\",\"ANI\":\"{pad}\",\
                 \"AgentID\":\"a{this}\",\"ThirdPartyDN\":\"{third}\"}}\n"
            ),
        };
    }
    let (mut together, mut names) = (Minting::default(), Names::default());
    Decoder::new(Limits::default()).listen(stream.as_bytes(), &mut names, &mut together);
    assert_eq!(together.announced, AHEAD);
    let (mut alone, mut names, mut decoder) = (Minting::default(), Names::default(), Decoder::new(Limits::default()));
    for (index, line) in stream.lines().enumerate() {
        let padded = format!("{line}\n{}", "\n".repeat(200));
        let before = alone.seen.len();
        decoder.listen(padded.as_bytes(), &mut names, &mut alone);
        if let Some(seen) = alone.seen.get_mut(before) {
            *seen = format!("{index} {}", seen.split_once(' ').map_or("", |(_, rest)| rest));
        }
    }
    assert_eq!(together.seen, alone.seen);
}
