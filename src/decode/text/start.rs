//! Which lines begin something, and what: the message headers of servers, of their clients and of the Platform SDK.
//!
//! In: one line. Out: the message to fold, or what else it is. Refuses to know what is in a message.

use memchr::memmem::find;

/// What a line begins that is not folded, for whoever wants to know what a log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Other {
    /// A request of a client.
    Request,
    /// A copy for or from the other server of a pair.
    BackupCopy,
    /// An event for one client only: an answer or a snapshot.
    OneClient,
    /// Between servers of two sites.
    Iscc,
    /// A note that an event was received, generated or sent; no attributes.
    Note,
    /// What a statistics server or router says about events in its own words.
    Digest,
    /// Anything else with a time before it.
    Rest,
}

impl Other {
    /// All kinds.
    pub const ALL: [Self; 7] =
        [Self::Request, Self::BackupCopy, Self::OneClient, Self::Iscc, Self::Note, Self::Digest, Self::Rest];

    /// The kind in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "requests",
            Self::BackupCopy => "copies for a backup server",
            Self::OneClient => "events for one client",
            Self::Iscc => "messages between sites",
            Self::Note => "delivery notes",
            Self::Digest => "summaries of events",
            Self::Rest => "other lines with a time",
        }
    }
}

/// What a line begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start<'l> {
    /// A message to fold, and the server it came from, if the line says so.
    Event { name: &'l [u8], server: Option<&'l [u8]> },
    /// The body of a message to fold follows after another line, which repeats its name; this one says from where.
    Announced { server: Option<&'l [u8]> },
    /// Something else.
    Other(Other),
}

/// The name that `text` begins with.
#[inline]
fn name(text: &[u8]) -> &[u8] {
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    &text[..text.iter().position(|b| !is_name(b)).unwrap_or(text.len())]
}

/// A line of a T-Server, behind its stamp: what goes to everybody is folded.
#[inline]
pub(super) fn tserver(line: &[u8]) -> Start<'_> {
    const MARK: &[u8] = b": message ";
    let mut colons = memchr::memchr_iter(b':', line);
    let Some(at) = colons.find(|at| line[*at..].starts_with(MARK)) else { return Start::Other(tserver_note(line)) };
    let (head, name) = (&line[..at], name(&line[at + MARK.len()..]));
    let word = memchr::memrchr(b' ', head).map_or(head, |blank| &head[blank + 1..]);
    let is_for_all =
        word.starts_with(b"distribute") || word == b"send_to_all" || head.ends_with(b" distribute call/party event");
    if is_for_all && name.starts_with(b"Event") {
        return Start::Event { name, server: None };
    }
    Start::Other(tserver_other(head, name))
}

#[cold]
fn tserver_other(head: &[u8], name: &[u8]) -> Other {
    if find(head, b"SYNC]").is_some() {
        Other::BackupCopy
    } else if name.starts_with(b"ISCC") || find(head, b"[ISCC]").is_some() {
        Other::Iscc
    } else if name.starts_with(b"Request") {
        Other::Request
    } else if name.starts_with(b"Event") {
        Other::OneClient
    } else {
        Other::Rest
    }
}

#[cold]
fn tserver_note(line: &[u8]) -> Other {
    if find(line, b"SYNC]").is_some() {
        Other::BackupCopy
    } else if find(line, b"[ISCC]").is_some() {
        Other::Iscc
    } else if find(line, b" Request").is_some() && find(line, b"received from").is_some() {
        Other::Request
    } else if find(line, b" Event").is_some() || find(line, b"Interaction message").is_some() {
        Other::Note
    } else {
        Other::Rest
    }
}

/// A line of a client, stamp and all: what was received from a server is folded.
pub(super) fn client(line: &[u8]) -> Start<'_> {
    const MARK: &[u8] = b"message Event";
    let from = find(line, b"received from ").map(|at| &line[at + 14..]);
    if let Some(at) = find(line, MARK)
        && (at == 0 || matches!(line[at - 1], b' ' | b')' | b':'))
        && find(&line[..at], b"request to ").is_none()
        && find(&line[..at], b"sent to ").is_none()
    {
        let name = name(&line[at + MARK.len() - 5..]);
        return match from {
            Some(from) => Start::Event { name, server: server(from) },
            None if at == 0 || line[..at].trim_ascii_end().ends_with(b":") => Start::Event { name, server: None },
            None => Start::Other(Other::Note),
        };
    }
    if let Some(from) = from {
        if find(line, b"essage Event").is_some() || find(line, b"essage \"Event").is_some() {
            return Start::Announced { server: server(from) };
        }
        return Start::Other(Other::Note);
    }
    if find(line, b"request to ").is_some() || find(line, b"message Request").is_some() {
        Start::Other(Other::Request)
    } else if find(line, b"sending event ").is_some()
        || find(line, b"Server: ").is_some()
        || find(line, b"Status: ").is_some()
    {
        Start::Other(Other::Digest)
    } else {
        Start::Other(Other::Rest)
    }
}

/// The server in `65200(app)host:7000(fd=5)`, `65200 ("app@7000")` or `'app@7001'`.
fn server(from: &[u8]) -> Option<&[u8]> {
    let open = from.iter().position(|b| matches!(b, b'(' | b'\''))?;
    let text = &from[open + 1..];
    let text = text.strip_prefix(b"\"").unwrap_or(text);
    let end = text.iter().position(|b| matches!(b, b')' | b'\'' | b'"' | b'@'))?;
    (end > 0).then_some(&text[..end])
}

/// A line that shows a message as the Platform SDK prints it: `'EventX' ('60')` or `'EventX' (60) attributes:`.
pub(super) fn platform_sdk(line: &[u8]) -> Start<'_> {
    let Some(at) = find(line, b"'Event") else {
        let request = find(line, b"'Request").is_some();
        return Start::Other(if request { Other::Request } else { Other::Rest });
    };
    let name = name(&line[at + 1..]);
    let after = line[at + 1 + name.len()..].strip_prefix(b"' (").unwrap_or_default();
    let after = after.strip_prefix(b"'").unwrap_or(after);
    let digits = after.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits > 0 && matches!(after.get(digits), Some(b')' | b'\'')) {
        Start::Event { name, server: None }
    } else {
        Start::Other(Other::Note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(start: Start<'_>) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match start {
            Start::Event { name, server } => format!("{} {}", text(name), server.map_or("-".into(), text)),
            Start::Announced { server } => format!("announced {}", server.map_or("-".into(), text)),
            Start::Other(other) => other.name().into(),
        }
    }

    #[test]
    fn a_server_log_folds_what_goes_to_everybody() {
        for (line, want) in [
            (" [0] 8.1.101.25 distribute_event: message EventRinging", "EventRinging -"),
            (" [0] 8.1.101.25 distribute_response: message EventError", "EventError -"),
            (" [0] 8.1.101.25 distribute_user_data: message EventAttachedDataChanged", "EventAttachedDataChanged -"),
            (" [0] 8.1.101.25 distribute call/party event: message EventCallCreated", "EventCallCreated -"),
            (" [0] 8.1.101.25 send_to_all: message EventLinkConnected", "EventLinkConnected -"),
            (" [0] 8.1.101.25 send_to_client: message EventRegistered", "events for one client"),
            (" Trc 04541 RequestQueryCall received from [7] (0001 app 10.0.0.1:1)", "requests"),
            (" Trc 04542 EventACK sent to [7] (0001 app 10.0.0.1:1)", "delivery notes"),
            (" Int 04543 Interaction message \"EventRinging\" generated", "delivery notes"),
            (" [BSYNC] Trace: Send to backup (east_b) [12]:", "copies for a backup server"),
            (" [BSYNC] Trace: Send to backup (east_b) [12]: message EventRinging", "copies for a backup server"),
            (" [ISCC] Received from west: message ISCCEventX", "messages between sites"),
            (" Std 04503 connect to west", "other lines with a time"),
        ] {
            assert_eq!(word(tserver(line.as_bytes())), want, "{line}");
        }
    }

    #[test]
    fn a_client_log_folds_what_was_received() {
        for (line, want) in [
            ("10:00:00.000_T_I_ received from 65200(east)host1:7000(fd=12) message EventRinging", "EventRinging east"),
            ("request to 65200(east) message RequestRouteCall", "requests"),
            (
                "10:00:00.000 Int 04543 Interaction message \"EventQueued\" received from 65200 (\"east@7000\")",
                "announced east",
            ),
            ("10:00:00.000 Trc 04541 Message EventQueued received from 'west@8001'", "announced west"),
            ("10:00:00.000 : message EventQueued", "EventQueued -"),
            ("message EventQueued", "EventQueued -"),
            ("10:00:00.000 sending event 58 for vq V1", "summaries of events"),
            ("10:00:00.000 Server: Switch 'east'->'EventRinging'", "summaries of events"),
        ] {
            assert_eq!(word(client(line.as_bytes())), want, "{line}");
        }
    }

    #[test]
    fn the_platform_sdk_names_its_messages_with_their_numbers() {
        let line = b"2024-05-06 10:15:20,123 DEBUG [THREAD : 7] - Proxy got message 'EventRinging' ('60')";
        assert_eq!(word(platform_sdk(line)), "EventRinging -");
        assert_eq!(word(platform_sdk(b"'EventHeld' (66) attributes:")), "EventHeld -");
        assert_eq!(word(platform_sdk(b"... waits for 'EventHeld' still")), "delivery notes");
        assert_eq!(word(platform_sdk(b"... 'RequestHoldCall' (18) attributes:")), "requests");
    }
}
