//! Which of the forms a stream of events has, told by its beginning.

use super::start::{self, Start};
use super::{header, stamp};

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The feed: one JSON object a line.
    Ndjson,
    /// The log of a T-Server or SIP Server.
    TServer,
    /// The log of a client of such a server: router, interaction concentrator, statistics server.
    Client,
    /// What a program prints that uses the Platform SDK.
    PlatformSdk,
}

impl Format {
    /// The name that commands and reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::TServer => "tserver",
            Self::Client => "client",
            Self::PlatformSdk => "psdk",
        }
    }

    /// The form of what begins with `head`; `None` when that does not tell. A last line without its end is not looked at
    /// unless it begins with a brace.
    #[must_use]
    pub fn detect(head: &[u8]) -> Option<Self> {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let mut rest = head;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest);
            let line = &rest[..end.unwrap_or(rest.len())];
            if line.trim_ascii_start().first() == Some(&b'{') {
                return Some(Self::Ndjson);
            }
            let found = of_line(line.trim_ascii_end());
            if found.is_some() && end.is_some() {
                return found;
            }
            rest = &rest[end.map_or(rest.len(), |end| end + 1)..];
        }
        None
    }
}

fn of_line(line: &[u8]) -> Option<Format> {
    if let Some(kind) = line.strip_prefix(b"Application type:") {
        let kind = kind.trim_ascii();
        let is_server = kind.starts_with(b"TServer") || kind.starts_with(b"SIPServer");
        return Some(if is_server { Format::TServer } else { Format::Client });
    }
    if header::begins(line) || line.first() == Some(&b'\t') {
        return None;
    }
    let text = &line[stamp::parse(line).map_or(0, |stamp| stamp.len)..];
    let is_tserver = ["distribute_", "distribute call/party", "send_to_client: ", "send_to_all: ", "[BSYNC] "]
        .iter()
        .any(|mark| text.len() < line.len() && memchr::memmem::find(text, mark.as_bytes()).is_some());
    if is_tserver {
        Some(Format::TServer)
    } else if matches!(start::platform_sdk(line), Start::Event { .. }) {
        Some(Format::PlatformSdk)
    } else if !matches!(start::client(line), Start::Other(_)) {
        Some(Format::Client)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_told_by_its_beginning() {
        let detect = |text: &str| Format::detect(text.as_bytes()).map(Format::name);
        assert_eq!(detect("\u{feff} {\"Event\":"), Some("ndjson"));
        assert_eq!(detect("noise\n\n{\"Event\":"), Some("ndjson"));
        assert_eq!(detect("T-Server\nApplication name: x\nApplication type: TServer (1)\n"), Some("tserver"));
        assert_eq!(detect("Application type: RouterServer (10)\n"), Some("client"));
        assert_eq!(detect("@10:00:00.0000 [0] 8.1 distribute_event: message EventHeld\n"), Some("tserver"));
        assert_eq!(detect("@10:00:00.0000 [0] 8.1 distribute_event: mess"), None);
        assert_eq!(detect("10:00:00 received from 1(e)h:1(fd=2) message EventHeld\n"), Some("client"));
        assert_eq!(detect("Proxy got message 'EventRinging' ('60')\n"), Some("psdk"));
        assert_eq!(detect("hello\nworld\n"), None);
    }
}
