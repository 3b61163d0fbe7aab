//! One partition: decoder, names, order and engine behind one door. Bytes in; rows, deltas and refused lines out.

use super::explain::{Step, Wanted};
use super::merge::Merge;
use super::order::{Source, Verdict};
use super::output::{NamesSent, NewNames, Reject, RowBatch};
use super::picture;
use super::resume::{Resumed, Return};
use super::settings::Settings;
use super::step::Engine;
use super::view::{Counters, Delta, QueueSummary};
use crate::decode::{DecodeError, Decoder, Limits, Line, Listener};
use crate::history::closing::Closings;
use crate::history::end::End;
use crate::model::ids::{EventId, SwitchId};
use crate::model::names::Names;
use crate::model::row::Rows;
use crate::model::tevent::{EventKind, TEvent};
use crate::model::time::{Micros, Span};

/// Refused lines kept for the reject file between two looks.
const REJECTS_MAX: usize = 4096;
/// Bytes of a refused line that are kept.
const SAMPLE_BYTES: usize = 512;

/// What became of the lines of one chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fed {
    /// Events folded, or held back until their order is known.
    pub accepted: u64,
    /// Events dropped as duplicates.
    pub duplicate: u64,
    /// Lines refused.
    pub rejected: u64,
}

/// A place in a source, so that a refused line can be found again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Number of the chunk's first line, from 1.
    pub line: u64,
    /// Byte offset of the chunk's first line; [`Self::NO_OFFSET`] where lines were rewritten on their way.
    pub offset: u64,
}

impl Position {
    /// Stands for an offset that nobody knows.
    pub const NO_OFFSET: u64 = u64::MAX;

    /// Moves behind `lines`.
    pub fn skip(&mut self, lines: &[u8]) {
        self.line += memchr::memchr_iter(b'\n', lines).count() as u64;
        self.offset = self.offset.saturating_add(lines.len() as u64);
    }
}

/// A set of switches that one thread folds.
#[derive(Clone, Debug)]
pub struct Partition {
    settings: Settings,
    decoder: Decoder,
    /// Decodes held lines a second time; what it does not know was counted the first time.
    second: Decoder,
    names: Names,
    folding: Folding,
    sent: NamesSent,
    refused: Refused,
    totals: Fed,
}

/// Lines that were refused.
#[derive(Clone, Debug, Default)]
struct Refused {
    /// Samples, for the reject file.
    samples: Vec<Reject>,
    /// How many, by reason.
    by: Vec<(&'static str, u64)>,
}

impl Refused {
    #[cold]
    fn note(&mut self, position: Position, line: Line<'_>, error: &DecodeError) {
        let code = error.code();
        match self.by.iter_mut().find(|r| r.0 == code) {
            Some(entry) => entry.1 += 1,
            None => self.by.push((code, 1)),
        }
        if self.samples.len() < REJECTS_MAX {
            self.samples.push(Reject {
                line: position.line + line.index,
                offset: position.offset.saturating_add(line.offset),
                reason: code,
                detail: error.to_string(),
                sample: line.bytes[..line.bytes.len().min(SAMPLE_BYTES)].to_vec(),
            });
        }
    }
}

/// The lines of one chunk on their way.
struct Feeding<'a> {
    folding: &'a mut Folding,
    second: &'a mut Decoder,
    refused: &'a mut Refused,
    position: Position,
    fed: Fed,
}

impl Listener for Feeding<'_> {
    #[inline]
    fn ahead(&mut self, events: &[TEvent<'_>]) {
        self.folding.engine.foresee(events);
    }

    #[inline]
    fn line(&mut self, names: &mut Names, line: Line<'_>, result: Result<&TEvent<'_>, DecodeError>) {
        match result {
            Ok(ev) if self.folding.event(ev, line.bytes, names, self.second) => self.fed.accepted += 1,
            Ok(_) => self.fed.duplicate += 1,
            Err(error) => {
                self.fed.rejected += 1;
                self.refused.note(self.position, line, &error);
            }
        }
    }
}

/// What an event passes through after it was decoded.
#[derive(Clone, Debug)]
struct Folding {
    window: Span,
    sources: Vec<Source>,
    merge: Merge,
    engine: Engine,
    /// Sources that hold events back.
    holding: bool,
    /// Switches that have not spoken since an earlier run stopped.
    resumed: Option<Box<Resumed>>,
}

impl Folding {
    #[inline]
    fn source(&mut self, switch: SwitchId) -> &mut Source {
        if self.sources.len() <= switch.index() {
            self.sources.resize_with(switch.index() + 1, Source::new);
        }
        &mut self.sources[switch.index()]
    }

    /// An event whose turn in its source has come: on to the merge with the other sources.
    #[inline]
    fn pass(&mut self, ev: &TEvent<'_>, id: EventId, line: &[u8], names: &mut Names) {
        let time = self.source(ev.switch).clamp(ev.time);
        if self.resumed.is_some() {
            self.returned(ev, id, time, names);
        }
        if self.merge.must_wait(ev.switch, time) {
            self.merge.hold(time, rank(names, ev.switch), id, line);
            return;
        }
        if time == ev.time {
            self.engine.event(ev, id, names);
        } else {
            self.engine.event(&TEvent { time, ..*ev }, id, names);
        }
    }

    /// Tells the fold what was missed of the switch of an event, if this is its first since an earlier run stopped.
    #[cold]
    fn returned(&mut self, ev: &TEvent<'_>, id: EventId, time: Micros, names: &mut Names) {
        let Some(resumed) = &mut self.resumed else { return };
        let at = resumed.at;
        let Some(Return { lost, back }) = resumed.hear(ev, id, time) else { return };
        if resumed.is_over() {
            self.resumed = None;
        }
        if lost {
            self.tell(EventKind::SERVER_DISCONNECTED, at, (ev.switch, id.epoch), names);
        }
        if let Some(back) = back {
            self.tell(EventKind::SERVER_CONNECTED, back, (ev.switch, id.epoch), names);
        }
    }

    /// Folds an event that no switch sent: what a client of the T-Library hears from its own end of the connection.
    fn tell(&mut self, kind: EventKind, at: Micros, (switch, epoch): (SwitchId, u64), names: &mut Names) {
        let ev = TEvent { epoch: Some(epoch), ..TEvent::new(kind, at, switch) };
        self.engine.event(&ev, EventId { switch, epoch, seq: u64::MAX }, names);
    }

    /// Folds an event in its turn; false for a duplicate.
    #[inline]
    fn event(&mut self, ev: &TEvent<'_>, line: &[u8], names: &mut Names, second: &mut Decoder) -> bool {
        let window = self.window;
        self.merge.note(ev.time);
        if self.holding && self.source(ev.switch).must_flush_for(ev) {
            self.release(ev.switch, true, names, second);
        }
        match self.source(ev.switch).judge(ev, window) {
            Verdict::Duplicate => return false,
            Verdict::Pass(id) => self.pass(ev, id, line, names),
            Verdict::Hold => {
                self.source(ev.switch).hold(ev, line);
                self.holding = true;
            }
        }
        if self.holding {
            for i in 0..self.sources.len() {
                self.release(SwitchId(i as u32), false, names, second);
            }
        }
        self.merged(false, names, second);
        true
    }

    /// Folds the events whose turn among all sources has come.
    #[inline]
    fn merged(&mut self, all: bool, names: &mut Names, second: &mut Decoder) {
        let held_from = if self.holding { self.held_from() } else { Micros::MAX };
        while let Some(waiting) = self.merge.next(held_from, all) {
            let engine = &mut self.engine;
            second.chunk(&waiting.line, names, &mut |names, _, result| {
                if let Ok(ev) = result {
                    engine.event(&TEvent { time: waiting.time, ..*ev }, waiting.id, names);
                }
            });
        }
    }

    fn held_from(&self) -> Micros {
        self.sources.iter().map(Source::held_from).min().unwrap_or(Micros::MAX)
    }

    /// Folds the held events whose turn has come.
    fn release(&mut self, switch: SwitchId, all: bool, names: &mut Names, second: &mut Decoder) {
        let (window, newest) = (self.window, self.merge.newest());
        while let Some((id, line)) = self.source(switch).next_held(switch, window, newest, all) {
            second.chunk(&line, names, &mut |names, _, result| {
                if let Ok(ev) = result {
                    self.pass(ev, id, &line, names);
                }
            });
        }
        self.holding = self.sources.iter().any(|s| !s.holds_nothing());
    }

    fn release_all(&mut self, names: &mut Names, second: &mut Decoder) {
        for i in 0..self.sources.len() {
            self.release(SwitchId(i as u32), true, names, second);
        }
        self.merged(true, names, second);
    }
}

/// Place of a switch among the names of all switches: equal times are ordered by it.
fn rank(names: &Names, switch: SwitchId) -> u32 {
    let name = (names.switch_name(switch), names.tenant(switch));
    let ids = (0..names.switch_count()).map(|i| SwitchId(i as u32));
    ids.filter(|s| (names.switch_name(*s), names.tenant(*s)) < name).count() as u32
}

impl Partition {
    /// An empty partition.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let limits = Limits { line_bytes_max: settings.line_bytes_max, ..Limits::default() };
        Self {
            decoder: Decoder::new(limits),
            second: Decoder::new(limits),
            names: Names::new(settings.names),
            folding: Folding {
                window: settings.reorder_window,
                sources: Vec::new(),
                merge: Merge::new(settings.reorder_window),
                engine: Engine::new(&settings),
                holding: false,
                resumed: None,
            },
            settings,
            sent: NamesSent::default(),
            refused: Refused::default(),
            totals: Fed::default(),
        }
    }

    /// Decodes and folds whole lines (`chunk` ends with a newline, or is the end of its source).
    pub fn feed(&mut self, chunk: &[u8], position: Position) -> Fed {
        let Self { decoder, second, names, folding, refused, .. } = self;
        let mut feeding = Feeding { folding, second, refused, position, fed: Fed::default() };
        decoder.listen(chunk, names, &mut feeding);
        let fed = feeding.fed;
        self.totals.accepted += fed.accepted;
        self.totals.duplicate += fed.duplicate;
        self.totals.rejected += fed.rejected;
        fed
    }

    /// Moves the clock to `now` without an event: closes intervals and takes settled decisions.
    pub fn tick(&mut self, now: Micros) {
        self.folding.engine.tick(now, &self.names);
    }

    /// Puts `share` (0 to 1) of all objects, in turns and at most `most`, into the next delta although nothing happened to
    /// them: their windows slide and their states last. For live boards.
    pub fn refresh(&mut self, share: f64, most: usize) {
        self.folding.engine.board.refresh(share, most);
    }

    /// Ends a run that another one may take up: writes the rows of everything open as [`Self::finish`] does, but calls the last intervals
    /// open or provisional, the latter for `grace` after their end.
    pub fn pause(&mut self, grace: Span) {
        self.folding.release_all(&mut self.names, &mut self.second);
        self.folding.engine.end(&self.names, End::Paused { grace });
    }

    /// Drops the rows that are ready to leave, and keeps their names for the next.
    pub fn forget_rows(&mut self) {
        let engine = &mut self.folding.engine;
        let rows = engine.take_rows();
        drop(engine.take_closings());
        engine.recycle(rows, Closings::default());
    }

    /// Goes on from what has been folded of an earlier run, whose rows have left: nothing of it counts as received, policies apply to what
    /// comes, and a switch that does not go on with its next number was not listened to since.
    pub fn resume(&mut self) {
        self.forget_rows();
        self.totals = Fed::default();
        self.settings.privacy.is_applied = false;
        let Folding { engine, sources, resumed, .. } = &mut self.folding;
        engine.world.apply_policies();
        *resumed = Resumed::new(engine.now(), sources, |switch| engine.world.is_linked(switch));
    }

    /// Whether a switch may still go on as if nothing had been: the clock should wait for it for a moment.
    #[must_use]
    pub fn hopes(&self) -> bool {
        self.folding.resumed.as_ref().is_some_and(|resumed| resumed.hopes())
    }

    /// Waits no longer: switches that have not spoken since the earlier run are not listened to.
    pub fn give_up(&mut self) {
        let Some(resumed) = &mut self.folding.resumed else { return };
        let at = resumed.at;
        for source in resumed.give_up() {
            self.folding.tell(EventKind::SERVER_DISCONNECTED, at, source, &mut self.names);
        }
    }

    /// Ends a finite input: takes every open decision, cuts what is open at the last event, closes all intervals.
    pub fn finish(&mut self) {
        self.folding.release_all(&mut self.names, &mut self.second);
        self.folding.engine.end(&self.names, End::Over);
    }

    /// Event time of the latest input; [`Micros::MIN`] before the first.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.folding.engine.now()
    }

    /// The rows ready to leave, and the new names they use; `None` when there are none. Most rows of intervals are still to be
    /// written ([`RowBatch::write_out`]), which any thread may do.
    pub fn take_batch(&mut self) -> Option<RowBatch> {
        if self.rows_waiting() == 0 {
            return None;
        }
        let engine = &mut self.folding.engine;
        let (rows, closings) = (engine.take_rows(), engine.take_closings());
        let names = NewNames::since(&self.names, &mut self.sent);
        Some(RowBatch { names, rows, closings, watermark: self.now(), ..RowBatch::default() })
    }

    /// The same with all rows written.
    pub fn take_rows(&mut self) -> Option<RowBatch> {
        let mut batch = self.take_batch()?;
        batch.write_out();
        self.folding.engine.intervals.violations += std::mem::take(&mut batch.violations);
        Some(batch)
    }

    /// The rows of the event log, when so many wait that they should leave before the others do.
    pub fn take_log(&mut self) -> Option<RowBatch> {
        let log = self.folding.engine.log.as_mut().filter(|log| log.is_full())?;
        let mut rows = Rows::default();
        log.swap(&mut rows);
        let names = NewNames::since(&self.names, &mut self.sent);
        Some(RowBatch { names, rows, watermark: self.now(), goes_on: true, ..RowBatch::default() })
    }

    /// Whether so many rows of the event log wait that somebody has to wait for them.
    #[must_use]
    pub fn log_overflows(&self) -> bool {
        self.folding.engine.log.as_ref().is_some_and(|log| log.overflows())
    }

    /// Says when the lines to come were received, by our clock; the event log remembers it.
    pub fn receive(&mut self, at: Micros) {
        if let Some(log) = &mut self.folding.engine.log {
            log.receive(at);
        }
    }

    /// Makes a number of a switch a known device, as if an event had named it.
    pub fn introduce(&mut self, tenant: &str, switch: &str, number: &str) {
        if let Ok(switch) = self.names.switch(tenant, switch) {
            // A name that is refused was refused before, too.
            let _ = self.names.dn(switch, number);
        }
    }

    /// Gives back a batch's memory for the rows to come.
    pub fn recycle(&mut self, batch: RowBatch) {
        self.folding.engine.intervals.violations += batch.violations;
        self.folding.engine.recycle(batch.rows, batch.closings);
    }

    /// How many rows wait in [`Self::take_rows`], about.
    #[must_use]
    pub fn rows_waiting(&self) -> usize {
        self.folding.engine.rows_waiting()
    }

    /// Lines refused since the last call (at most a bounded sample; [`Counters`] has the totals).
    pub fn take_rejects(&mut self) -> Vec<Reject> {
        std::mem::take(&mut self.refused.samples)
    }

    /// From now on notes every step of a call.
    pub fn explain(&mut self, wanted: Wanted) {
        self.folding.engine.explain(wanted);
    }

    /// The steps of the call that was to be explained.
    pub fn take_steps(&mut self) -> Vec<Step> {
        self.folding.engine.take_steps()
    }

    /// Everything that changed since the last call; the first call gives everything.
    pub fn delta(&mut self, into: &mut Delta) {
        picture::delta(&mut self.folding.engine, &self.names, into);
        into.sources.clear();
        into.sources.extend(picture::sources(&self.folding.engine, &self.names, &self.folding.sources));
        into.counters = self.counters();
    }

    /// Totals.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let unknown = self.decoder.unknowns().entries();
        Counters {
            accepted: self.totals.accepted,
            duplicate: self.totals.duplicate,
            rejected: self.totals.rejected,
            rejected_by: self.refused.by.clone(),
            unknown: unknown.iter().map(|u| (format!("{}={}", u.key, u.text).into(), u.count)).collect(),
            ..picture::counters(&self.folding.engine)
        }
    }

    /// Every queue over everything folded so far, in order of name.
    #[must_use]
    pub fn summary(&self) -> Vec<QueueSummary> {
        picture::summary(&self.folding.engine, &self.names)
    }

    /// The partition's settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The engine, for tests and explanations.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.folding.engine
    }

    /// The names, for tests and explanations.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }
}
