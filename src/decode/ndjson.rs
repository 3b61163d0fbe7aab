//! The feed's lines to events: the front of the decoder.
//!
//! In go chunks of whole lines, out comes one call per line that is not blank, in order. A decoder keeps what it
//! learned about the feed's habits (orders of keys, words) and its counts of what it did not know; nothing that changes
//! a result.

use super::assemble::{Assembly, Fault, Spoken, find_third_party};
use super::error::DecodeError;
use super::field::{Fields, LINE_BYTES_MAX};
use super::guess::Guesses;
use super::scan::{Plain, Scan};
use super::simd::{Isa, Kernel, Lanes, Padded};
use super::tolerant::{PADDING, Scratch};
use super::unknown::Unknowns;
use super::word::Words;
use crate::model::ids::SwitchId;
use crate::model::names::Names;
use crate::model::tevent::{EventKind, TEvent};
use crate::model::time::Micros;

/// What a line may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest line in bytes, without its newline. Default 64 KiB, at most 128 MiB.
    pub line_bytes_max: usize,
    /// Deepest nesting; the line's own object is the first level. Default 32, from 2 to 128.
    pub depth_max: u32,
    /// Most pairs and array elements of a line over all levels. Default 1024.
    pub pairs_max: u32,
    /// How many different unknown values are counted by name. Default 1024.
    pub unknown_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { line_bytes_max: 64 * 1024, depth_max: 32, pairs_max: 1024, unknown_max: 1024 }
    }
}

/// A line of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Number of the line in its chunk, from 0; blank lines count.
    pub index: u64,
    /// Byte in the chunk at which it begins.
    pub offset: u64,
    /// Its bytes without the newline.
    pub bytes: &'a [u8],
}

/// Decodes the event feed.
#[derive(Clone, Debug)]
pub struct Decoder {
    /// What the scanner runs on; `None` leaves every line to the tolerant decoder.
    isa: Option<Isa>,
    learned: Learned,
    /// A copy of a line that stands too near to the end of its chunk for vectors.
    tail: Vec<u8>,
    scratch: Scratch,
}

/// Everything both ways of decoding use.
#[derive(Clone, Debug)]
struct Learned {
    limits: Limits,
    guesses: Guesses,
    words: Words,
    fields: Fields,
    unknowns: Unknowns,
}

impl Decoder {
    /// A decoder that has seen nothing; limits out of range are brought into it.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::with_isa(limits, Some(Isa::best()))
    }

    fn with_isa(limits: Limits, isa: Option<Isa>) -> Self {
        let limits = Limits {
            line_bytes_max: limits.line_bytes_max.min(LINE_BYTES_MAX),
            depth_max: limits.depth_max.clamp(2, 128),
            ..limits
        };
        Self {
            isa,
            learned: Learned {
                limits,
                guesses: Guesses::new(),
                words: Words::new(),
                fields: Fields::default(),
                unknowns: Unknowns::new(limits.unknown_max),
            },
            tail: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// Unknown messages and values met so far.
    #[must_use]
    pub fn unknowns(&self) -> &Unknowns {
        &self.learned.unknowns
    }

    /// Decodes the whole lines of `chunk` (the last may lack its newline) and calls `each` once per line that is not
    /// blank, in order. Names that are new are minted in `names`; a refused line may mint some too, when it is refused
    /// for a later name.
    pub fn chunk(
        &mut self,
        chunk: &[u8],
        names: &mut Names,
        each: &mut impl FnMut(&mut Names, Line<'_>, Result<&TEvent<'_>, DecodeError>),
    ) {
        self.listen(chunk, names, &mut Each(each));
    }

    /// As [`Self::chunk`], for a listener who wants to know some events before their turn.
    pub fn listen(&mut self, chunk: &[u8], names: &mut Names, listener: &mut impl Listener) {
        let Self { isa, learned, tail, scratch } = self;
        let isa = *isa;
        let (mut at, mut index, mut ahead) = (0, 0, Ahead::new());
        while at < chunk.len() {
            // Logs that were rewritten have many of these.
            if chunk[at] == b'\n' {
                (at, index) = (at + 1, index + 1);
                continue;
            }
            let scanned = match isa {
                Some(isa) => {
                    let (event, spoken) = ahead.next();
                    isa.run(Step { text: chunk, from: at, learned, names, event, spoken })
                }
                None => None,
            };
            let end = scanned.as_ref().map_or_else(|| line_end(chunk, at), |scanned| scanned.end);
            let line = Line { index, offset: at as u64, bytes: &chunk[at..end] };
            match (scanned, isa) {
                (Some(Scanned { result: Ok(()), .. }), _) => ahead.push(line, names, listener),
                _ if line.bytes.trim_ascii().is_empty() => {}
                (scanned, isa) => {
                    ahead.pass(names, listener);
                    match (scanned, isa) {
                        (Some(Scanned { result: Err(fault), .. }), _) => listener.line(names, line, Err(fault.error())),
                        (_, Some(isa)) if chunk.len() - end < PADDING => {
                            learned.apart(isa, line, tail, scratch, names, listener);
                        }
                        _ => learned.tolerant(line, scratch, names, listener),
                    }
                }
            }
            at = end + 1;
            index += 1;
        }
        ahead.pass(names, listener);
    }
}

/// Hears the lines of a chunk.
pub trait Listener {
    /// Events whose lines come next, in this order: so that what they concern can be fetched meanwhile. Their third parties are not known
    /// yet, and nothing may be concluded from them.
    fn ahead(&mut self, _events: &[TEvent<'_>]) {}

    /// The next line that is not blank.
    fn line(&mut self, names: &mut Names, line: Line<'_>, result: Result<&TEvent<'_>, DecodeError>);
}

/// Hears lines in their turn only.
struct Each<'f, F>(&'f mut F);

impl<F: FnMut(&mut Names, Line<'_>, Result<&TEvent<'_>, DecodeError>)> Listener for Each<'_, F> {
    #[inline]
    fn line(&mut self, names: &mut Names, line: Line<'_>, result: Result<&TEvent<'_>, DecodeError>) {
        (self.0)(names, line, result);
    }
}

/// How many events are decoded before the first of them has its turn: as many as the waits for what they need overlap for, and as fit the
/// first cache.
pub const AHEAD: usize = 8;

/// Events that wait for their turn.
struct Ahead<'c> {
    events: [TEvent<'c>; AHEAD],
    spoken: [Spoken<'c>; AHEAD],
    lines: [Line<'c>; AHEAD],
    count: usize,
}

impl<'c> Ahead<'c> {
    const fn new() -> Self {
        Self {
            events: [blank(); AHEAD],
            spoken: [Spoken::NOTHING; AHEAD],
            lines: [Line { index: 0, offset: 0, bytes: &[] }; AHEAD],
            count: 0,
        }
    }

    /// The place of the next event and its names.
    fn next(&mut self) -> (&mut TEvent<'c>, &mut Spoken<'c>) {
        (&mut self.events[self.count], &mut self.spoken[self.count])
    }

    /// The event in the next place is one.
    #[inline]
    fn push(&mut self, line: Line<'c>, names: &mut Names, listener: &mut impl Listener) {
        self.lines[self.count] = line;
        self.count += 1;
        if self.count == AHEAD {
            self.pass(names, listener);
        }
    }

    /// All of them have their turn.
    fn pass(&mut self, names: &mut Names, listener: &mut impl Listener) {
        let count = std::mem::take(&mut self.count);
        let Self { events, spoken, lines, .. } = self;
        let mut from = 0;
        while from < count {
            // As many as say nothing new.
            let mut to = from;
            while to < count && spoken[to].find(names, &mut events[to]) {
                to += 1;
            }
            listener.ahead(&events[from..to]);
            for (event, line) in events[from..to].iter_mut().zip(&lines[from..to]) {
                find_third_party(names, event);
                listener.line(names, *line, Ok(event));
            }
            // A name is minted when nothing of what comes before it is left to be said.
            if to < count {
                let result = spoken[to].mint(names, &mut events[to]);
                listener.line(names, lines[to], result.map(|()| &events[to]).map_err(Fault::error));
                to += 1;
            }
            from = to;
        }
    }
}

/// What a decoded event is written over.
const fn blank() -> TEvent<'static> {
    TEvent::new(EventKind::UNKNOWN, Micros(0), SwitchId::NONE)
}

/// Where the line that begins at `at` ends.
fn line_end(chunk: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &chunk[at..]).map_or(chunk.len(), |n| at + n)
}

impl Learned {
    /// Decodes a line that stands too near to the end of its chunk, in a padded copy.
    #[cold]
    fn apart(
        &mut self,
        isa: Isa,
        line: Line<'_>,
        tail: &mut Vec<u8>,
        scratch: &mut Scratch,
        names: &mut Names,
        listener: &mut impl Listener,
    ) {
        tail.clear();
        tail.extend_from_slice(line.bytes);
        tail.push(b'\n');
        tail.resize(tail.len() + PADDING, 0);
        let mut event = blank();
        let mut spoken = Spoken::NOTHING;
        let step = Step { text: tail, from: 0, learned: self, names, event: &mut event, spoken: &mut spoken };
        let Some(scanned) = isa.run(step) else { return self.tolerant(line, scratch, names, listener) };
        let result = scanned.result.and_then(|()| spoken.mint(names, &mut event));
        listener.line(names, line, result.map(|()| &event).map_err(Fault::error));
    }

    /// Decodes a line that the scanner does not know what to do with.
    #[cold]
    fn tolerant(&mut self, line: Line<'_>, scratch: &mut Scratch, names: &mut Names, listener: &mut impl Listener) {
        let mut event = blank();
        let result = match self.parse(line.bytes, scratch) {
            Ok(text) => {
                let read = Read { text, learned: self, names, event: &mut event };
                Isa::PORTABLE.run(read).map_err(Fault::error)
            }
            Err(error) => Err(error),
        };
        listener.line(names, line, result.map(|()| &event));
    }

    fn parse<'t>(&mut self, line: &[u8], scratch: &'t mut Scratch) -> Result<&'t str, DecodeError> {
        let max = self.limits.line_bytes_max;
        if line.len() > max {
            return Err(DecodeError::TooLong { max });
        }
        let line = std::str::from_utf8(line).map_err(|e| DecodeError::InvalidUtf8 { at: e.valid_up_to() })?;
        let line = line.strip_prefix('\u{feff}').unwrap_or(line);
        scratch.parse(line, &self.limits, &mut self.fields)
    }
}

/// The fields of `text` to an event.
struct Read<'a, 't> {
    text: &'t str,
    learned: &'a mut Learned,
    names: &'a mut Names,
    event: &'a mut TEvent<'t>,
}

impl Kernel for Read<'_, '_> {
    type Output = Result<(), Fault>;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> Self::Output {
        let Learned { fields, words, unknowns, .. } = self.learned;
        let padded = Padded::new(self.text.as_bytes());
        Assembly { lanes, line: self.text, padded, fields, words, unknowns }.event(self.names, self.event)
    }
}

/// One line of `text`, found, scanned and read.
struct Step<'a, 't> {
    text: &'t [u8],
    from: usize,
    learned: &'a mut Learned,
    names: &'a Names,
    event: &'a mut TEvent<'t>,
    spoken: &'a mut Spoken<'t>,
}

/// A line that the scanner could read.
struct Scanned {
    /// Where its newline stands.
    end: usize,
    /// Whether it was made an event, up to its names.
    result: Result<(), Fault>,
}

impl Kernel for Step<'_, '_> {
    /// `None` when the tolerant decoder has to decide, or when the line stands too near to the end of the text.
    type Output = Option<Scanned>;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> Self::Output {
        let Self { text, from, learned, names, event, spoken } = self;
        let Learned { limits, guesses, words, fields, unknowns } = learned;
        let padded = Padded::new(text.get(from..)?);
        let plain = Plain { text: padded, pairs_max: limits.pairs_max };
        let len = lanes.run(Scan { plain, guesses, fields })?;
        if len > limits.line_bytes_max {
            return None;
        }
        let line = padded.prefix(lanes, len)?;
        let result = Assembly { lanes, line, padded, fields, words, unknowns }.event_ahead(names, event);
        Some(Scanned { end: from + len, result: result.map(|said| *spoken = said) })
    }
}

#[cfg(test)]
mod tests;
