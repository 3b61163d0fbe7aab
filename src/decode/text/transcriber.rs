//! Bytes of a log to lines of the feed: finds the lines, the messages and the headers, and keeps the count of lines.
//!
//! What comes out has a line for every line that went in: a message stands on the line of its header, all other lines are
//! empty. How the bytes arrive does not matter. One message is held back until the next line shows that it is whole, also
//! across the end of a file, where servers cut messages in two.

use std::sync::Arc;

use super::attribute::{self, Read};
use super::clock::{Clock, Zone};
use super::ends::{self, End};
use super::format::Format;
use super::header::{self, Header};
use super::json;
use super::message::Message;
use super::stamp;
use super::start::{self, Other, Start};
use crate::decode::simd::Isa;

/// Longest line that is kept; of longer ones this much is looked at.
const LINE_BYTES_MAX: usize = 256 * 1024;
/// Longest name of a switch that is taken from a line.
const SERVER_BYTES_MAX: usize = 256;
/// From where on clocks are apart enough to be told, in microseconds.
const APART_MIN: i64 = 2_000_000;

/// What a log does not say, or says wrongly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Name of the switch, instead of the one the log names.
    pub switch: Option<String>,
    /// Zone of the log's clock, instead of the distance to UTC that the log's header shows.
    pub zone: Option<Arc<Zone>>,
}

/// What was in a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages that became lines of the feed.
    pub messages: u64,
    /// What was not folded, by kind; see [`Self::others`].
    pub other: [u64; Other::ALL.len()],
    /// Lines inside messages that are neither attribute, nor pair, nor part of a text.
    pub unread: u64,
    /// Lists that show fewer pairs than they have.
    pub lists_cut: u64,
    /// Lines longer than is looked at.
    pub long: u64,
    /// Messages whose own time and whose line are more than two seconds apart, and the most they are, in microseconds.
    pub apart: u64,
    /// See [`Self::apart`].
    pub apart_max: i64,
}

impl Counts {
    /// What was not folded, in words.
    pub fn others(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Other::ALL.iter().zip(self.other).map(|(other, count)| (other.name(), count))
    }
}

/// Where the transcriber is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the top of a file: lines of its header.
    Header,
    /// Behind a line that began nothing to fold.
    Outside,
    /// In the body of a message.
    Inside,
}

/// How far a header has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum HeaderRead {
    Nothing,
    /// Some of its lines.
    Begun,
    /// The line that names the file, after which an empty line ends it.
    Named,
    /// All of it.
    All,
}

/// Rewrites one log.
#[derive(Debug)]
pub struct Transcriber {
    format: Format,
    wishes: Wishes,
    header: Header,
    /// When the run began that the log begins with.
    first_started: Option<i64>,
    clock: Clock,
    /// Pairs that every message of the log has: the switch and the run of the server.
    envelope: Vec<u8>,
    /// The same with the switch that a line named.
    named: Vec<u8>,
    place: Place,
    /// A message is being written, perhaps outside of its body.
    pending: bool,
    message: Message,
    /// How far the header of this file has been read.
    read: HeaderRead,
    /// Empty lines that come behind the message being written.
    owed: usize,
    /// The message began in the file before, so that no line of this one is its own.
    carried: bool,
    /// A line that the end of a file cut in two.
    cut: Vec<u8>,
    /// From where an announced message comes.
    announced: Option<Vec<u8>>,
    /// The begun line.
    begun: Vec<u8>,
    /// Where the lines at hand end.
    ends: Vec<End>,
    isa: Isa,
    counts: Counts,
}

impl Transcriber {
    /// A transcriber at the beginning of a log of this form, which is not the feed's own.
    #[must_use]
    pub fn new(format: Format, wishes: Wishes) -> Self {
        let mut transcriber = Self {
            format,
            clock: Clock::new(wishes.zone.clone()),
            wishes,
            header: Header::default(),
            first_started: None,
            envelope: Vec::new(),
            named: Vec::new(),
            place: Place::Header,
            pending: false,
            message: Message::default(),
            read: HeaderRead::Nothing,
            owed: 0,
            carried: false,
            cut: Vec::new(),
            announced: None,
            begun: Vec::new(),
            ends: Vec::new(),
            isa: Isa::best(),
            counts: Counts::default(),
        };
        transcriber.seal();
        transcriber
    }

    /// The form of the log.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// What the latest header said.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// What has been met so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts { lists_cut: self.message.lists_cut, ..self.counts.clone() }
    }

    /// Takes the next bytes of the log and appends what they complete to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut rest = bytes;
        let mut ends = std::mem::take(&mut self.ends);
        while !rest.is_empty() {
            let (text, later) = rest.split_at(rest.len().min(ends::TEXT_BYTES_MAX));
            ends::find(self.isa, text, &mut ends);
            let mut start = 0;
            for end in &ends {
                if start == 0 && !self.begun.is_empty() {
                    self.begin(&text[..end.at()]);
                    self.begun_line(out);
                } else {
                    self.line(&text[start..end.at()], end.is_plain(), out);
                }
                start = end.at() + 1;
            }
            self.begin(&text[start..]);
            rest = later;
        }
        self.ends = ends;
    }

    /// Ends a file of the log; the next bytes come from the next one. A message may go on there.
    pub fn end_file(&mut self, out: &mut Vec<u8>) {
        if self.pending {
            // The rest of its last line may follow in the next file, and there its own line will stand, at the top.
            self.cut = std::mem::take(&mut self.begun);
            let own = usize::from(!self.carried) + usize::from(!self.cut.is_empty());
            out.resize(out.len() + self.owed + own, b'\n');
            (self.owed, self.carried) = (0, true);
        } else if !self.begun.is_empty() {
            self.begun_line(out);
        }
        self.place = Place::Header;
        self.read = HeaderRead::Nothing;
        self.announced = None;
    }

    /// Nothing followed for a while: a message that could be whole is.
    pub fn settle(&mut self, out: &mut Vec<u8>) {
        if self.begun.is_empty() && self.place != Place::Header {
            self.end_message(out);
            self.place = Place::Outside;
        }
    }

    /// Ends the log.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.begun.is_empty() {
            self.begun_line(out);
        }
        self.end_message(out);
    }

    /// Adds to the begun line as much as may be kept.
    fn begin(&mut self, bytes: &[u8]) {
        let room = (LINE_BYTES_MAX + 1).saturating_sub(self.begun.len());
        self.begun.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn begun_line(&mut self, out: &mut Vec<u8>) {
        let line = std::mem::take(&mut self.begun);
        self.line(&line, false, out);
        self.begun = line;
        self.begun.clear();
    }

    #[inline]
    fn line(&mut self, line: &[u8], is_plain: bool, out: &mut Vec<u8>) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > LINE_BYTES_MAX {
            self.counts.long += 1;
        }
        let line = &line[..line.len().min(LINE_BYTES_MAX)];
        match self.place {
            Place::Inside if line.first() == Some(&b'\t') => self.body(line, is_plain, out),
            Place::Inside if self.format != Format::TServer && line.first() == Some(&b' ') => {
                self.body(line, is_plain, out)
            }
            Place::Outside if matches!(line.first(), Some(b'\t')) => self.blank(out),
            _ => self.other_line(line, out),
        }
    }

    /// Notes a line that says nothing by itself.
    #[inline]
    fn blank(&mut self, out: &mut Vec<u8>) {
        if self.pending {
            self.owed += 1;
        } else {
            out.push(b'\n');
        }
    }

    #[inline]
    fn body(&mut self, line: &[u8], is_plain: bool, out: &mut Vec<u8>) {
        self.blank(out);
        match attribute::read(line, is_plain, self.format, &mut self.message) {
            Read::Taken => {}
            Read::Time(secs) => {
                let apart = self.clock.learn(secs).abs();
                if apart > APART_MIN {
                    self.counts.apart += 1;
                    self.counts.apart_max = self.counts.apart_max.max(apart);
                }
            }
            Read::Unread => self.unread(line, out),
        }
    }

    #[cold]
    fn unread(&mut self, line: &[u8], out: &mut Vec<u8>) {
        if self.format == Format::Client && line.trim_ascii_start().starts_with(b"..") {
            self.place = Place::Outside;
            return self.end_message(out);
        }
        let goes_on = self.message.is_inside_string() && self.message.go_on(line);
        self.counts.unread += u64::from(!goes_on);
    }

    /// A line that is not plainly part of a body.
    fn other_line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        if let Some(stamp) = stamp::parse(line) {
            self.end_message(out);
            self.clock.stamp(stamp);
            return self.stamped(line, stamp.len, out);
        }
        if self.place != Place::Header && header::begins(line) {
            self.place = Place::Header;
            self.read = HeaderRead::Nothing;
        }
        match self.place {
            Place::Header => self.header_line(line, out),
            Place::Outside | Place::Inside => self.unstamped(line, out),
        }
    }

    /// A line with a time before it, which may begin something.
    fn stamped(&mut self, line: &[u8], stamp_len: usize, out: &mut Vec<u8>) {
        let start = match self.format {
            Format::Client => start::client(line),
            Format::PlatformSdk => start::platform_sdk(line),
            Format::TServer | Format::Ndjson => start::tserver(&line[stamp_len..]),
        };
        self.start(start, out);
    }

    fn start(&mut self, start: Start<'_>, out: &mut Vec<u8>) {
        match start {
            Start::Event { name, server } => {
                let quote = if self.format == Format::PlatformSdk { b'"' } else { b'\'' };
                let announced = self.announced.take();
                let envelope = match server.or(announced.as_deref()) {
                    Some(server) if self.wishes.switch.is_none() => {
                        self.named.clear();
                        self.named.extend_from_slice(b"\"Switch\":");
                        json::string(&mut self.named, &server[..server.len().min(SERVER_BYTES_MAX)]);
                        self.named.push(b',');
                        &self.named
                    }
                    _ => &self.envelope,
                };
                self.message.begin(name, envelope, quote);
                (self.pending, self.place, self.owed, self.carried) = (true, Place::Inside, 0, false);
                self.counts.messages += 1;
            }
            Start::Announced { server } => {
                self.announced = server.map(<[u8]>::to_vec);
                self.place = Place::Outside;
                self.counts.other[Other::Note as usize] += 1;
                out.push(b'\n');
            }
            Start::Other(other) => {
                self.announced = None;
                self.place = Place::Outside;
                self.counts.other[other as usize] += 1;
                out.push(b'\n');
            }
        }
    }

    /// A line at the left edge without a time.
    fn unstamped(&mut self, line: &[u8], out: &mut Vec<u8>) {
        match self.format {
            Format::Client if self.place == Place::Outside || !self.message.is_inside_string() => {
                if line.is_empty() {
                    return self.blank(out);
                }
                self.end_message(out);
                self.place = Place::Outside;
                match start::client(line) {
                    Start::Other(Other::Rest) => out.push(b'\n'),
                    start => self.start(start, out),
                }
            }
            Format::PlatformSdk => self.unstamped_of_sdk(line, out),
            _ => {
                self.blank(out);
                if self.place == Place::Inside && !self.message.go_on(line) {
                    self.counts.unread += u64::from(!line.is_empty());
                }
            }
        }
    }

    fn unstamped_of_sdk(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let start = start::platform_sdk(line);
        if matches!(start, Start::Event { .. }) {
            self.end_message(out);
            return self.start(start, out);
        }
        if self.place == Place::Outside {
            return self.blank(out);
        }
        if line.first() == Some(&b'.') && !self.message.is_inside_string() {
            self.end_message(out);
            self.place = Place::Outside;
            return out.push(b'\n');
        }
        let is_known = line.starts_with(b"Attribute") && memchr::memmem::find(line, b"] = ").is_some();
        if is_known {
            return self.body(line, false, out);
        }
        self.blank(out);
        let is_frame = line.starts_with(b"Time ") || line.starts_with(b"message attributes");
        if !is_frame && !self.message.go_on(line) {
            self.counts.unread += u64::from(!line.is_empty());
        }
    }

    fn header_line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let is_body = matches!(self.read, HeaderRead::Nothing | HeaderRead::All);
        if self.pending && is_body && (self.read == HeaderRead::All || line.first() == Some(&b'\t')) {
            return self.carry_on(line, out);
        }
        if self.read == HeaderRead::Nothing && self.format != Format::TServer && !header::begins(line) {
            self.place = Place::Outside;
            return self.unstamped(line, out);
        }
        self.blank(out);
        if line.is_empty() {
            if self.read == HeaderRead::Named {
                self.read = HeaderRead::All;
                self.place = if self.pending { Place::Header } else { Place::Outside };
            }
            return;
        }
        if header::begins(line) {
            let product = std::mem::take(&mut self.header.product);
            self.header = Header { product, ..Header::default() };
        }
        if self.header.take(line) {
            self.read = if self.header.file.is_some() { HeaderRead::Named } else { HeaderRead::Begun };
            self.clock.header(&self.header);
            self.seal();
        }
    }

    /// The first line behind the header of a file, when the file before ended inside a message.
    fn carry_on(&mut self, line: &[u8], out: &mut Vec<u8>) {
        self.place = Place::Inside;
        let mut cut = std::mem::take(&mut self.cut);
        let text = line.trim_ascii_start();
        let is_item = line.starts_with(b"\t\t") || text.starts_with(b"Attribute") || text.starts_with(b"attr_#");
        let is_rest = text.len() == line.len() || !is_item;
        if is_rest && !cut.is_empty() {
            cut.extend_from_slice(line);
            return self.line(&cut, false, out);
        }
        self.end_cut_line(cut);
        self.line(line, false, out);
    }

    /// A line that the end of a file cut in two, and whose rest never came.
    fn end_cut_line(&mut self, cut: Vec<u8>) {
        if !cut.is_empty() {
            let read = attribute::read(&cut, false, self.format, &mut self.message);
            self.counts.unread += u64::from(read == Read::Unread);
        }
    }

    /// Makes the pairs that every message has.
    fn seal(&mut self) {
        self.envelope.clear();
        let switch = self.wishes.switch.as_ref().unwrap_or(&self.header.application);
        if !switch.is_empty() && (self.format == Format::TServer || self.wishes.switch.is_some()) {
            self.envelope.extend_from_slice(b"\"Switch\":");
            json::string(&mut self.envelope, switch.as_bytes());
            self.envelope.push(b',');
        }
        // The first run of the server needs no name. A later one does: it numbers its events from the beginning again.
        if let Some(started) = self.header.started
            && started != *self.first_started.get_or_insert(started)
            && let Ok(started) = u64::try_from(started)
            && self.format == Format::TServer
        {
            self.envelope.extend_from_slice(b"\"ServerStartTime\":");
            json::number(&mut self.envelope, started);
            self.envelope.push(b',');
        }
    }

    /// Writes the message that was being written, and the empty lines behind it.
    fn end_message(&mut self, out: &mut Vec<u8>) {
        if !self.pending {
            return;
        }
        let cut = std::mem::take(&mut self.cut);
        self.end_cut_line(cut);
        self.message.finish(&self.clock, out);
        // Without a line of its own it takes the place of the first one behind it, which is empty.
        let lines = if self.carried { self.owed.max(1) } else { self.owed + 1 };
        out.resize(out.len() + lines, b'\n');
        (self.pending, self.carried, self.owed) = (false, false, 0);
    }
}
