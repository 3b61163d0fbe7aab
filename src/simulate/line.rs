//! Feed lines: one event in, one line of JSON out, always the same keys in the same order.
//!
//! Attributes that an event does not have are left out. All texts written here are digits, letters and the scenario's
//! switch name, which is escaped once when the tape is made; no line needs escaping. This file knows nothing of why an
//! event is said.

use crate::model::tevent::CallType;
use crate::model::time::Micros;

/// A short text without need of escaping: a number, an agent's id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    len: u8,
    bytes: [u8; 15],
}

impl Text {
    pub(super) const EMPTY: Self = Self { len: 0, bytes: [0; 15] };

    /// `prefix` followed by `n` with at least `width` digits; cut at 15 characters.
    pub(super) fn numbered(prefix: &str, n: u64, width: usize) -> Self {
        let text = format!("{prefix}{n:0width$}");
        let mut out = Self::default();
        let len = text.len().min(out.bytes.len());
        out.bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
        out.len = len as u8;
        out
    }

    /// Ten digits of a number in the exchange 555, which no subscriber has.
    pub(super) fn outside(n: u32) -> Self {
        let mut out = Self { len: 10, ..Self::default() };
        let (area, line) = (200 + n % 800, n / 800 % 10_000);
        for (at, value) in [(0, area / 100), (1, area / 10 % 10), (2, area % 10), (3, 5), (4, 5), (5, 5)] {
            out.bytes[at] = b'0' + value as u8;
        }
        for (at, power) in [(6, 1000), (7, 100), (8, 10), (9, 1)] {
            out.bytes[at] = b'0' + (line / power % 10) as u8;
        }
        out
    }

    /// The characters.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// Whether there is no text.
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// Another party with its role.
pub(super) type Party = (Text, &'static str);

/// What a line says about the call.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallPart {
    pub(super) conn: u64,
    pub(super) id: u32,
    pub(super) uuid: [u8; 32],
    pub(super) kind: CallType,
    pub(super) ani: Text,
    pub(super) dnis: Text,
    /// `UserData` as JSON; empty for none.
    pub(super) data: &'static str,
}

/// One event as it will be written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Line {
    pub(super) event: &'static str,
    pub(super) this: Text,
    pub(super) this_role: &'static str,
    pub(super) other: Option<Party>,
    pub(super) third: Option<Party>,
    pub(super) queue: Text,
    pub(super) previous: u64,
    /// `TransferConnID` or `ConferenceConnID` with the call on hold.
    pub(super) held: Option<(&'static str, u64)>,
    pub(super) call: Option<CallPart>,
    pub(super) state: &'static str,
    pub(super) agent: Text,
    pub(super) mode: &'static str,
    /// `Reasons`, one pair: key `Reason`; empty for none.
    pub(super) reason: &'static str,
    /// `Extensions`, one pair: key `ReleasingParty`; empty for none.
    pub(super) let_go: &'static str,
}

/// Where lines go, and what numbers them.
#[derive(Clone, Debug)]
pub(super) struct Tape {
    /// The caller's buffer while the floor runs, else empty.
    pub(super) out: Vec<u8>,
    sequence: u64,
    switch: Vec<u8>,
}

impl Tape {
    /// A tape for this switch; characters that JSON would have to escape are dropped from the name.
    pub(super) fn new(switch: &str) -> Self {
        let plain: String = switch.chars().filter(|c| !c.is_control() && *c != '"' && *c != '\\').collect();
        let switch = format!(",\"Switch\":\"{plain}\"").into_bytes();
        Self { out: Vec::new(), sequence: 0, switch }
    }

    /// How many lines have been written since the beginning.
    pub(super) const fn written(&self) -> u64 {
        self.sequence
    }

    /// Writes one line.
    pub(super) fn write(&mut self, now: Micros, line: &Line) {
        self.sequence += 1;
        let (secs, micros) = (now.0.div_euclid(1_000_000), now.0.rem_euclid(1_000_000));
        let mut pen = Pen { out: &mut self.out };
        pen.raw(b"{\"Event\":\"").raw(line.event.as_bytes()).raw(b"\",\"EventSequenceNumber\":").number(self.sequence);
        pen.raw(b",\"TimeinSecs\":").number(secs.max(0) as u64).raw(b",\"TimeinuSecs\":").number(micros as u64);
        pen.raw(&self.switch);
        pen.text(b",\"ThisDN\":\"", line.this.as_bytes()).text(b",\"ThisDNRole\":\"", line.this_role.as_bytes());
        if let Some((number, role)) = &line.other {
            pen.text(b",\"OtherDN\":\"", number.as_bytes()).text(b",\"OtherDNRole\":\"", role.as_bytes());
        }
        if let Some((number, role)) = &line.third {
            pen.text(b",\"ThirdPartyDN\":\"", number.as_bytes()).text(b",\"ThirdPartyDNRole\":\"", role.as_bytes());
        }
        pen.text(b",\"ThisQueue\":\"", line.queue.as_bytes());
        if let Some(call) = &line.call {
            pen.raw(b",\"ConnID\":\"").hex(call.conn).raw(b"\"");
            if line.previous != 0 {
                pen.raw(b",\"PreviousConnID\":\"").hex(line.previous).raw(b"\"");
            }
            if let Some((key, conn)) = line.held {
                pen.raw(b",\"").raw(key.as_bytes()).raw(b"\":\"").hex(conn).raw(b"\"");
            }
            pen.raw(b",\"CallID\":").number(u64::from(call.id)).text(b",\"CallUUID\":\"", &call.uuid);
            pen.raw(match call.kind {
                CallType::Unknown => b",\"CallType\":\"Unknown\"",
                CallType::Internal => b",\"CallType\":\"Internal\"",
                CallType::Inbound => b",\"CallType\":\"Inbound\"",
                CallType::Outbound => b",\"CallType\":\"Outbound\"",
                CallType::Consult => b",\"CallType\":\"Consult\"",
            });
            pen.raw(b",\"CallState\":\"").raw(line.state.as_bytes()).raw(b"\"");
        }
        pen.text(b",\"AgentID\":\"", line.agent.as_bytes()).text(b",\"AgentWorkMode\":\"", line.mode.as_bytes());
        if let Some(call) = &line.call {
            pen.text(b",\"ANI\":\"", call.ani.as_bytes()).text(b",\"DNIS\":\"", call.dnis.as_bytes());
            if !call.data.is_empty() {
                pen.raw(b",\"UserData\":").raw(call.data.as_bytes());
            }
        }
        if !line.reason.is_empty() {
            pen.raw(b",\"Reasons\":{\"Reason\":\"").raw(line.reason.as_bytes()).raw(b"\"}");
        }
        if !line.let_go.is_empty() {
            pen.raw(b",\"Extensions\":{\"ReleasingParty\":\"").raw(line.let_go.as_bytes()).raw(b"\"}");
        }
        pen.raw(b"}\n");
    }
}

/// Appends the pieces of a line.
struct Pen<'a> {
    out: &'a mut Vec<u8>,
}

impl Pen<'_> {
    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.out.extend_from_slice(bytes);
        self
    }

    /// A key with its opening quote and a value; nothing when the value is empty.
    fn text(&mut self, key: &[u8], value: &[u8]) -> &mut Self {
        if value.is_empty() { self } else { self.raw(key).raw(value).raw(b"\"") }
    }

    fn number(&mut self, mut n: u64) -> &mut Self {
        let mut digits = [0; 20];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + (n % 10) as u8;
            n /= 10;
            if n == 0 {
                return self.raw(&digits[at..]);
            }
        }
    }

    fn hex(&mut self, n: u64) -> &mut Self {
        let digits: [u8; 16] = std::array::from_fn(|at| b"0123456789abcdef"[(n >> (60 - 4 * at)) as usize & 15]);
        self.raw(&digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_keys_in_the_canonical_order() {
        let mut tape = Tape::new("ea\"st");
        let call = CallPart {
            conn: 0x0065_0290_aa1b_3001,
            id: 7,
            uuid: *b"0123456789ABCDEFGHIJKLMNOPQRSTUV",
            kind: CallType::Inbound,
            ani: Text::outside(800 * 123 + 7),
            dnis: Text::numbered("800", 1, 4),
            data: r#"{"Segment":"gold"}"#,
        };
        let line = Line {
            event: "EventRinging",
            this: Text::numbered("7", 1, 3),
            this_role: "Destination",
            other: Some((call.ani, "Origination")),
            third: Some((Text::numbered("7", 2, 3), "TransferredBy")),
            queue: Text::numbered("8", 1, 3),
            previous: 1,
            held: Some(("TransferConnID", 2)),
            call: Some(call),
            state: "Ok",
            agent: Text::numbered("1", 1, 3),
            mode: "AuxWork",
            reason: "Lunch",
            let_go: "2 Remote",
        };
        tape.write(Micros::from_parts(1_699_956_920, 123), &line);
        let want = concat!(
            r#"{"Event":"EventRinging","EventSequenceNumber":1,"TimeinSecs":1699956920,"TimeinuSecs":123,"Switch":"east","#,
            r#""ThisDN":"7001","ThisDNRole":"Destination","OtherDN":"2075550123","OtherDNRole":"Origination","#,
            r#""ThirdPartyDN":"7002","ThirdPartyDNRole":"TransferredBy","ThisQueue":"8001","ConnID":"00650290aa1b3001","#,
            r#""PreviousConnID":"0000000000000001","TransferConnID":"0000000000000002","CallID":7,"#,
            r#""CallUUID":"0123456789ABCDEFGHIJKLMNOPQRSTUV","CallType":"Inbound","CallState":"Ok","AgentID":"1001","#,
            r#""AgentWorkMode":"AuxWork","ANI":"2075550123","DNIS":"8000001","UserData":{"Segment":"gold"},"#,
            r#""Reasons":{"Reason":"Lunch"},"Extensions":{"ReleasingParty":"2 Remote"}}"#,
            "\n"
        );
        assert_eq!(String::from_utf8(tape.out).expect("lines are UTF-8"), want);
    }
}
