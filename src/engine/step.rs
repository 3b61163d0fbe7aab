//! The engine: orchestration of fold, board and history. One event or tick in; rows and changes accumulate.

use std::sync::Arc;

use super::explain::{Explain, Step, Wanted};
use super::log::EventLog;
use super::settings::Settings;
use super::snapshot::Sampler;
use crate::decode::AHEAD;
use crate::fold::World;
use crate::fold::foresee::Concerned;
use crate::fold::world::Patience;
use crate::history::closing::Closings;
use crate::history::end::End;
use crate::history::interval::{Directory, INTERVAL, Intervals, Policy};
use crate::model::ids::{AgentId, DnId, EventId, SwitchId};
use crate::model::names::Names;
use crate::model::row::Rows;
use crate::model::tevent::TEvent;
use crate::model::time::{Micros, Span};
use crate::stats::board::{Board, Thresholds};

const DAY: Span = Span::from_mins(24 * 60);

/// Objects that are read with an event while an interval that has ended is being read: about ten microseconds.
const READ_WITH_EVENT: usize = 96;
/// The same with a tick, of which there are few.
const READ_WITH_TICK: usize = 4096;

/// All state of a partition but its names and the order of its sources.
#[derive(Clone, Debug)]
pub struct Engine {
    /// Telephony.
    pub world: World,
    /// Live statistics.
    pub board: Board,
    /// History.
    pub intervals: Intervals,
    day_offset: Span,
    /// Begin of the running day.
    day_start: Micros,
    /// The latest input.
    now: Micros,
    /// When something is due without an event.
    due: Micros,
    /// When snapshots are due.
    sampler: Sampler,
    /// Somebody wants to know how a call went.
    explain: Option<Box<Explain>>,
    /// Events are kept, to be folded again.
    pub log: Option<Box<EventLog>>,
    /// Queue stays among the rows that wait whose shortness was judged.
    judged: usize,
}

/// Switches and kinds, as history asks for them.
struct Known<'a> {
    world: &'a World,
    names: &'a Names,
}

impl Directory for Known<'_> {
    fn dn_switch(&self, dn: DnId) -> SwitchId {
        self.names.dn_switch(dn)
    }

    fn homes(&self) -> Arc<[SwitchId]> {
        let home = |agent| Some(self.world.home(agent)).filter(|home| home.is_some());
        let agents = (0..self.names.agent_count()).map(|i| AgentId(i as u32));
        agents.map(|agent| home(agent).unwrap_or_else(|| self.names.agent_switch(agent))).collect()
    }

    fn queue_kind(&self, dn: DnId) -> &'static str {
        self.world.queue_kind(dn)
    }
}

impl Engine {
    /// An engine that has seen nothing.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let ms = |span: Span| span.0 / 1000;
        let thresholds = Thresholds {
            sl_ms: ms(settings.sl_threshold),
            short_abandon_ms: ms(settings.short_abandon),
            short_call_ms: ms(settings.short_call),
        };
        let patience = Patience { settle: settings.settle, stuck: settings.stuck_call, ..Patience::default() };
        let policy = Policy {
            thresholds,
            definition_version: settings.definition_version,
            settle: settings.settle,
            grace: settings.grace,
            provisional: settings.provisional_rows,
            revise_for: settings.revise_for,
        };
        let mut world = World::new(patience, settings.dns.clone(), settings.privacy.clone());
        if settings.party_states {
            world.keep_trails();
        }
        Self {
            world,
            board: Board::new(thresholds),
            intervals: Intervals::new(policy),
            day_offset: settings.day_offset,
            day_start: Micros::MIN,
            now: Micros::MIN,
            due: Micros::MIN,
            sampler: Sampler::new(settings.queue_snapshots, settings.agent_snapshots),
            explain: None,
            log: settings.event_log.then(|| Box::new(EventLog::new(settings.privacy.clone()))),
            judged: 0,
        }
    }

    /// The latest input's time; [`Micros::MIN`] before the first.
    #[must_use]
    pub const fn now(&self) -> Micros {
        self.now
    }

    /// Begin of the running day.
    #[must_use]
    pub const fn day_start(&self) -> Micros {
        self.day_start
    }

    /// Asks for what these events are going to need, so that it is on its way while the first of them is folded. Nothing depends on it.
    #[inline]
    pub fn foresee(&self, events: &[TEvent<'_>]) {
        let Self { world, board, .. } = self;
        for some in events.chunks(AHEAD) {
            let mut concerned = [Concerned::default(); AHEAD];
            if let Some(last) = some.last() {
                world.foresee_timers(last.time);
            }
            for ev in some {
                world.foresee_devices(ev);
                board.foresee_device(ev.this_dn, ev.this_queue);
            }
            for (ev, concerned) in some.iter().zip(&mut concerned) {
                *concerned = world.foresee_objects(ev);
                board.foresee_agent(concerned.agent);
                board.foresee_counts(ev.this_dn, ev.this_queue, ev.call_type.unwrap_or_default());
            }
            for (ev, concerned) in some.iter().zip(&concerned) {
                let queue = world.foresee_parts(ev, concerned);
                board.foresee_parts(concerned.agent, queue, ev.call_type.unwrap_or_default());
            }
        }
    }

    /// Folds one event, whose time does not lie before the last one of its switch.
    #[inline]
    pub fn event(&mut self, ev: &TEvent<'_>, id: EventId, names: &mut Names) {
        self.advance(ev.time, names);
        self.intervals.prepare(READ_WITH_EVENT, &mut self.board);
        if self.explain.is_some() {
            // What waiting decided before the event is not the event's.
            self.world.advance(ev.time);
            self.drain(names);
        }
        if let Some(log) = &mut self.log {
            log.note(ev, id, self.now, &self.world, names);
        }
        if let Some(explain) = &mut self.explain {
            explain.hear(ev, id, &mut self.world, names);
        }
        self.world.apply(ev, id, names);
        self.intervals.heard(ev.switch, ev.time);
        self.drain(names);
        if let Some(explain) = &mut self.explain {
            explain.done(&self.world);
        }
    }

    /// From now on notes every step of a call.
    pub fn explain(&mut self, wanted: Wanted) {
        self.explain = Some(Box::new(Explain::new(wanted)));
    }

    /// The steps of the call that was to be explained.
    pub fn take_steps(&mut self) -> Vec<Step> {
        self.explain.take().map_or_else(Vec::new, |explain| explain.into_steps())
    }

    /// Moves time on without an event.
    pub fn tick(&mut self, now: Micros, names: &Names) {
        if self.now == Micros::MIN || now <= self.now {
            return;
        }
        self.advance(now, names);
        self.intervals.prepare(READ_WITH_TICK, &mut self.board);
        self.world.advance(now);
        self.drain(names);
    }

    fn advance(&mut self, now: Micros, names: &Names) {
        if now <= self.now {
            return;
        }
        self.now = now;
        self.board.at(now);
        if now < self.due {
            return;
        }
        if self.intervals.end() == Micros::MIN {
            self.intervals.begin(now, &mut self.board);
            self.day_start = self.day_of(now);
            self.sampler.begin(now);
        }
        loop {
            let (edge, sample) = (self.intervals.end(), self.sampler.next());
            if sample <= now && sample <= edge {
                self.sample(sample, now, names);
            } else if edge <= now {
                self.end_interval(now, names);
            } else {
                break;
            }
        }
        self.world.advance(now);
        self.drain(names);
        let known = Known { world: &self.world, names };
        self.intervals.hand_out(now, &mut self.board, &known);
        if let Some(from) = self.intervals.correctable_from() {
            self.world.clocks_go_back_to(from);
        }
        self.due = self.intervals.next_deadline().min(self.sampler.next()).max(now + Span(1));
    }

    /// Takes the snapshots of the instant `at`, before the input at `now`.
    #[cold]
    fn sample(&mut self, at: Micros, now: Micros, names: &Names) {
        self.world.advance(at);
        self.drain(names);
        self.sampler.sample(now, &self.world, &self.board, names, &mut self.intervals.rows);
    }

    fn end_interval(&mut self, now: Micros, names: &Names) {
        let edge = self.intervals.end();
        self.world.advance(edge);
        self.drain(names);
        self.world.commit_stretches_before(edge);
        self.world.clocks_go_back_to(self.intervals.correctable_from().unwrap_or(edge));
        self.drain(names);
        self.intervals.note_cohorts();
        self.intervals.roll(now, &mut self.board);
        self.world.sweep(edge);
        self.drain(names);
        self.intervals.forget_outages();
        let day_start = self.day_of(self.intervals.end() - INTERVAL);
        if day_start != self.day_start {
            self.day_start = day_start;
            self.board.start_day(day_start);
        }
        // Rows of intervals whose grace is over leave before the next ones are kept: memory does not grow with silence.
        let known = Known { world: &self.world, names };
        self.intervals.hand_out(edge, &mut self.board, &known);
    }

    fn day_of(&self, at: Micros) -> Micros {
        (at - self.day_offset).floor_to(DAY) + self.day_offset
    }

    /// Books what the fold concluded, and collects the facts it closed.
    #[inline]
    fn drain(&mut self, names: &Names) {
        let out = &mut self.world.out;
        if !out.actions.is_empty() {
            self.board.grow(names.dn_count(), names.agent_count());
            let intervals = &mut self.intervals;
            if let Some(explain) = &mut self.explain {
                explain.apply(&out.actions, &mut self.board, names, |action, board| intervals.apply(action, board));
            } else {
                for action in &out.actions {
                    self.board.apply(action);
                    intervals.apply(action, &self.board);
                }
            }
            out.actions.clear();
            if !self.board.late.is_empty() {
                self.intervals.absorb(&mut self.board);
                self.due = self.due.min(self.intervals.revise_soon(self.now));
            }
        }
        if let Some(explain) = &mut self.explain {
            explain.close(out, self.now, names);
        }
        let stays = &mut out.stays;
        if stays.len() > self.judged {
            let (short_ms, version) = (self.intervals.short_abandon_ms(), self.intervals.definition_version());
            for row in &mut stays[self.judged..] {
                row.is_short_abandon = row.outcome.starts_with("abandoned") && row.wait_ms < short_ms;
                row.definition_version = version;
            }
            self.judged = stays.len();
        }
    }

    /// How many rows wait in [`Self::take_rows`] and [`Self::take_closings`].
    #[must_use]
    pub fn rows_waiting(&self) -> usize {
        let logged = self.log.as_ref().map_or(0, |log| log.waiting());
        self.world.out.rows() + self.intervals.rows.len() + self.intervals.closings.len() + logged
    }

    /// Rows that are ready to be written: those of intervals.
    pub fn take_closings(&mut self) -> Closings {
        std::mem::take(&mut self.intervals.closings)
    }

    /// The rows ready to leave: closed facts of the fold, and rows of queues in intervals.
    pub fn take_rows(&mut self) -> Rows {
        let mut rows = std::mem::take(&mut self.intervals.rows);
        self.world.out.swap_rows(&mut rows);
        if let Some(log) = &mut self.log {
            log.swap(&mut rows);
        }
        self.judged = 0;
        if let Some(explain) = &mut self.explain {
            explain.rows_left();
        }
        rows
    }

    /// Gives the memory of rows that left to those to come; without effect while rows wait.
    pub fn recycle(&mut self, mut rows: Rows, closings: Closings) {
        self.intervals.take_back(closings);
        if self.rows_waiting() == 0 {
            rows.clear();
            self.world.out.swap_rows(&mut rows);
            if let Some(log) = &mut self.log {
                log.swap(&mut rows);
            }
            self.intervals.rows = rows;
        }
    }

    /// Ends the input.
    pub fn end(&mut self, names: &Names, end: End) {
        if self.now == Micros::MIN {
            return;
        }
        let last = self.now;
        self.world.cut(last);
        self.drain(names);
        let known = Known { world: &self.world, names };
        self.intervals.end_at(last, end, &mut self.board, &known);
    }
}
