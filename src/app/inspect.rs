//! What is in a recording: the first look at a file that somebody sent.
//!
//! In: one recording, its bytes read once. Out: an [`Inspection`]: what it is, whose, from when to when, what is in it, what is
//! missing in it and what looks wrong. Nothing is folded, and memory grows with what is told apart, not with the length.
//! Refuses to print.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::decode::text::{Counts, Format, Header};
use crate::decode::{DecodeError, Decoder, Limits, Line, Unknown};
use crate::engine::partition::Position;
use crate::handoff::stop::Stop;
use crate::model::attribute;
use crate::model::ids::SwitchId;
use crate::model::names::Names;
use crate::model::tevent::{EventKind, TEvent};
use crate::model::time::{Micros, Span};
use crate::source::cut::{Cutter, Fill};
use crate::source::file::{FileError, Recording};
use crate::source::input::Input;

/// Attributes told apart by name.
const NAMES_MAX: usize = 1024;
/// Gaps that are shown, the largest.
const GAPS_SHOWN: usize = 5;
/// A pause that is told.
const SILENCE_MIN: Span = Span::from_mins(60);

/// A line of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<str>,
    /// Number of the line, from 1.
    pub line: u64,
}

/// Something that was met, how often, and where first.
#[derive(Clone, Debug, Default)]
pub struct Met {
    /// How often.
    pub count: u64,
    /// Where first.
    pub first: Place,
}

/// Numbers missing in a sequence.
#[derive(Clone, Debug)]
pub struct Gap {
    /// The number before it.
    pub after: u64,
    /// How many are missing.
    pub missing: u64,
    /// The event behind it.
    pub at: Micros,
    /// Where that is.
    pub place: Place,
}

/// What one switch said.
#[derive(Clone, Debug, Default)]
pub struct SwitchReport {
    /// Its name, and its tenant's.
    pub name: String,
    /// See [`Self::name`].
    pub tenant: String,
    /// Its events.
    pub events: u64,
    /// How often it numbered them from the beginning.
    pub runs: u64,
    /// Numbers: the first and the last, how many gaps, how many numbers are missing in them, and the largest.
    pub first_seq: Option<u64>,
    /// See [`Self::first_seq`].
    pub last_seq: Option<u64>,
    /// See [`Self::first_seq`].
    pub gaps: u64,
    /// See [`Self::first_seq`].
    pub missing: u64,
    /// See [`Self::first_seq`].
    pub largest_gaps: Vec<Gap>,
    /// Numbers that came again right away, and numbers below the one before.
    pub repeated: u64,
    /// See [`Self::repeated`].
    pub backward: u64,
    /// Events before their predecessor's time, the most they are, and the first of them.
    pub back_in_time: Met,
    /// See [`Self::back_in_time`].
    pub back_max: Span,
    epoch: Option<u64>,
    last_time: Micros,
}

/// What a recording holds.
#[derive(Debug, Default)]
pub struct Inspection {
    /// The recording's name.
    pub name: String,
    /// Its files, and what each header said, of logs that have some.
    pub headers: Vec<(Arc<str>, Header)>,
    /// Files read.
    pub files: Vec<Arc<str>>,
    /// What it is written as.
    pub format: Option<Format>,
    /// Stored bytes.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// Events.
    pub events: u64,
    /// Events by kind, unknown kinds left out.
    pub kinds: Vec<(&'static str, u64)>,
    /// Lines refused, by reason.
    pub refused: Vec<(&'static str, String, Met)>,
    /// The switches in the order of their first events.
    pub switches: Vec<SwitchReport>,
    /// Earliest and latest event.
    pub span: Option<(Micros, Micros)>,
    /// The longest pause, and the event that ended it.
    pub silence: Option<(Span, Micros, Place)>,
    /// DNs and agents.
    pub dns: u64,
    /// See [`Self::dns`].
    pub agents: u64,
    /// Messages and values that the T-Library does not have.
    pub unknown: Vec<Unknown>,
    /// Attributes that the T-Library does not have.
    pub attributes: Vec<(String, Met)>,
    /// What a log holds besides.
    pub counts: Option<Counts>,
    /// Events later than the file they are in was written.
    pub future: Met,
    /// Events whose microseconds are not zero.
    pub with_micros: u64,
    /// What broke off.
    pub damaged: Vec<FileError>,
    /// Asked to stop before the end.
    pub stopped: bool,
}

/// Looks through one recording until `stop`.
///
/// # Errors
/// [`FileError`] when it cannot be opened.
pub fn inspect(recording: &Recording, stop: &Stop) -> Result<Inspection, FileError> {
    let read_bytes = Arc::new(AtomicU64::new(0));
    let mut input = recording.open(&read_bytes)?;
    let first: Arc<str> = recording.first_file().map_or("-".into(), |path| path.display().to_string().into());
    let mut look = Look::new(recording.name());
    look.seen.begin_file(first);
    loop {
        if let Err(error) = look.file(&mut input, stop) {
            let path = look.seen.file.to_string();
            look.seen.found.damaged.push(FileError::Read {
                path,
                offset: read_bytes.load(Ordering::Relaxed),
                source: error,
            });
        }
        if stop.is_set() {
            look.seen.found.stopped = true;
            break;
        }
        match input.next_file() {
            Ok(Some(name)) => look.seen.begin_file(name.into()),
            Ok(None) => break,
            Err(error) => look.seen.found.damaged.push(error),
        }
    }
    look.seen.found.bytes = read_bytes.load(Ordering::Relaxed);
    look.seen.found.format = input.format();
    look.seen.found.counts = input.transcriber().map(|transcriber| transcriber.counts());
    Ok(look.end())
}

/// A look at one recording.
struct Look {
    decoder: Decoder,
    names: Names,
    seen: Seen,
}

/// What the look has seen.
struct Seen {
    found: Inspection,
    kinds: [u64; 256],
    attributes: HashMap<String, Met>,
    file: Arc<str>,
    /// When the file was written last.
    written: Option<Micros>,
    /// Latest event.
    now: Option<Micros>,
}

impl Look {
    fn new(name: String) -> Self {
        let seen = Seen {
            found: Inspection { name, ..Inspection::default() },
            kinds: [0; 256],
            attributes: HashMap::new(),
            file: "".into(),
            written: None,
            now: None,
        };
        Self { decoder: Decoder::new(Limits::default()), names: Names::default(), seen }
    }

    fn file(&mut self, input: &mut Input, stop: &Stop) -> std::io::Result<()> {
        let mut cutter = Cutter::new(Vec::new());
        let mut spare = Vec::new();
        let ended = loop {
            match cutter.read(input, Fill::Full, || std::mem::take(&mut spare)) {
                Ok(Some(cut)) if !stop.is_set() => {
                    self.lines(&cut.bytes, cut.position);
                    spare = cut.bytes;
                }
                Ok(_) => break Ok(()),
                Err(error) => {
                    if let Some(cut) = cutter.finish() {
                        self.lines(&cut.bytes, cut.position);
                    }
                    break Err(error);
                }
            }
        };
        if let Some(transcriber) = input.transcriber()
            && !transcriber.header().application.is_empty()
        {
            self.seen.found.headers.push((Arc::clone(&self.seen.file), transcriber.header().clone()));
        }
        ended
    }

    fn lines(&mut self, bytes: &[u8], position: Position) {
        let Self { decoder, names, seen } = self;
        seen.found.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        seen.found.lines += u64::from(bytes.last().is_some_and(|b| *b != b'\n'));
        decoder.chunk(bytes, names, &mut |names, line: Line<'_>, result| {
            let place = Place { file: Arc::clone(&seen.file), line: position.line + line.index };
            match result {
                Ok(event) => seen.event(event, line.bytes, place, names),
                Err(error) => seen.refused(error, place),
            }
        });
    }

    fn end(self) -> Inspection {
        let Self { decoder, names, seen } = self;
        let mut found = seen.found;
        let kinds = seen.kinds.iter().enumerate().filter(|(_, count)| **count > 0);
        found.kinds = kinds.map(|(kind, count)| (EventKind(kind as u8).name(), *count)).collect();
        found.kinds.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
        found.unknown = decoder.unknowns().entries().to_vec();
        found.unknown.sort_by_key(|unknown| std::cmp::Reverse(unknown.count));
        found.attributes = seen.attributes.into_iter().collect();
        found.attributes.sort_by(|(a, x), (b, y)| (y.count, a).cmp(&(x.count, b)));
        (found.dns, found.agents) = (names.dn_count() as u64, names.agent_count() as u64);
        found
    }
}

impl Seen {
    fn begin_file(&mut self, file: Arc<str>) {
        let modified = std::fs::metadata(&*file).and_then(|meta| meta.modified()).ok();
        let since = modified.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        self.written = since.and_then(|since| i64::try_from(since.as_micros()).ok()).map(Micros);
        self.found.files.push(Arc::clone(&file));
        self.file = file;
    }

    fn refused(&mut self, error: DecodeError, place: Place) {
        let code = error.code();
        match self.found.refused.iter_mut().find(|(known, ..)| *known == code) {
            Some((.., met)) => met.count += 1,
            None => self.found.refused.push((code, error.to_string(), Met { count: 1, first: place })),
        }
    }

    fn event(&mut self, event: &TEvent<'_>, line: &[u8], place: Place, names: &Names) {
        self.found.events += 1;
        self.kinds[usize::from(event.kind.0)] += 1;
        self.found.with_micros += u64::from(event.time.0 % 1_000_000 != 0);
        let (first, last) = self.found.span.get_or_insert((event.time, event.time));
        (*first, *last) = ((*first).min(event.time), (*last).max(event.time));
        if let Some(now) = self.now
            && self.found.silence.as_ref().is_none_or(|(longest, ..)| event.time - now > *longest)
            && event.time - now >= SILENCE_MIN
        {
            self.found.silence = Some((event.time - now, event.time, place.clone()));
        }
        self.now = self.now.max(Some(event.time));
        if self.written.is_some_and(|written| event.time > written + Span::from_mins(1)) {
            meet(&mut self.found.future, &place);
        }
        for key in keys(line) {
            if attribute::is_known(key) || matches!(key, "Event" | "Switch" | "Tenant") {
                continue;
            }
            if let Some(met) = self.attributes.get_mut(key) {
                met.count += 1;
            } else if self.attributes.len() < NAMES_MAX {
                self.attributes.insert(key.to_owned(), Met { count: 1, first: place.clone() });
            }
        }
        self.switch(event, place, names);
    }

    fn switch(&mut self, event: &TEvent<'_>, place: Place, names: &Names) {
        let index = event.switch.index();
        while self.found.switches.len() <= index {
            let id = SwitchId(self.found.switches.len() as u32);
            let (name, tenant) = (names.switch_name(id).to_owned(), names.tenant(id).to_owned());
            self.found.switches.push(SwitchReport { name, tenant, last_time: Micros::MIN, ..SwitchReport::default() });
        }
        let switch = &mut self.found.switches[index];
        switch.events += 1;
        if event.time < switch.last_time {
            switch.back_max = switch.back_max.max(switch.last_time - event.time);
            meet(&mut switch.back_in_time, &place);
        }
        switch.last_time = event.time;
        let Some(seq) = event.seq else { return };
        let is_new_run = switch.runs == 0 || event.epoch != switch.epoch;
        let last = switch.last_seq.filter(|_| !is_new_run);
        switch.runs += u64::from(is_new_run);
        (switch.epoch, switch.last_seq) = (event.epoch, Some(seq));
        switch.first_seq.get_or_insert(seq);
        match last {
            Some(last) if seq == last => switch.repeated += 1,
            Some(last) if seq < last => switch.backward += 1,
            Some(last) if seq > last + 1 => {
                let missing = seq - last - 1;
                switch.gaps += 1;
                switch.missing = switch.missing.saturating_add(missing);
                switch.largest_gaps.push(Gap { after: last, missing, at: event.time, place });
                switch.largest_gaps.sort_by_key(|gap| std::cmp::Reverse(gap.missing));
                switch.largest_gaps.truncate(GAPS_SHOWN);
            }
            _ => {}
        }
    }
}

fn meet(met: &mut Met, place: &Place) {
    if met.count == 0 {
        met.first = place.clone();
    }
    met.count += 1;
}

/// The keys of the object on a line of the feed, as they are spelled; those of lists in it are left out.
fn keys(line: &[u8]) -> impl Iterator<Item = &str> {
    let (mut at, mut depth) = (0, 0_u32);
    std::iter::from_fn(move || {
        loop {
            let mark = at + memchr::memchr3(b'"', b'{', b'}', line.get(at..)?)?;
            at = mark + 1;
            match line[mark] {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                _ => {
                    let end = string_end(line, at)?;
                    let text = &line[at..end];
                    at = end + 1;
                    if depth == 1 && line[at..].trim_ascii_start().first() == Some(&b':') {
                        return std::str::from_utf8(text).ok();
                    }
                }
            }
        }
    })
}

/// Where the quote stands that closes the string which begins at `start`.
fn string_end(line: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at += memchr::memchr2(b'"', b'\\', line.get(at..)?)?;
        if line[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_object_itself() {
        let line = br#"{"a":"x\"}y","b" : {"c":1,"d":{"e":"\\"}},"f":[{"g":1}],"h":"#;
        assert_eq!(keys(line).collect::<Vec<_>>(), ["a", "b", "f", "h"]);
        assert_eq!(keys(b"{\"a").count() + keys(b"\"\\").count(), 0);
    }
}
