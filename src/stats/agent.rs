//! An agent's ledger: time by status, counts, and the same read over the day and the last half hour.

use super::late::{Base, Gain};
use super::pair::Place;
use super::reading::AgentGained;
use crate::model::action::{AgentCount, Status};
use crate::model::time::{Micros, Span};

/// Counts and whole durations of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "named after the columns of agent_interval, which say what they mean")]
pub enum AgentColumn {
    Offered,
    Answered,
    NoAnswer,
    AbandonedWhileRinging,
    OutboundMade,
    InternalMade,
    ConsultMade,
    ConsultReceived,
    TransfersMade,
    TransfersReceived,
    Conferences,
    Holds,
    Logins,
    Logouts,
    ShortCalls,
    NotReadyEntries,
    Handled,
    HandleMs,
}

impl AgentColumn {
    /// The column of a count.
    #[must_use]
    pub const fn of(count: AgentCount) -> Self {
        match count {
            AgentCount::Offered => Self::Offered,
            AgentCount::Answered => Self::Answered,
            AgentCount::NoAnswer => Self::NoAnswer,
            AgentCount::AbandonedWhileRinging => Self::AbandonedWhileRinging,
            AgentCount::OutboundMade => Self::OutboundMade,
            AgentCount::InternalMade => Self::InternalMade,
            AgentCount::ConsultMade => Self::ConsultMade,
            AgentCount::ConsultReceived => Self::ConsultReceived,
            AgentCount::TransfersMade => Self::TransfersMade,
            AgentCount::TransfersReceived => Self::TransfersReceived,
            AgentCount::Conferences => Self::Conferences,
            AgentCount::Holds => Self::Holds,
            AgentCount::Logins => Self::Logins,
            AgentCount::Logouts => Self::Logouts,
        }
    }

    /// All of them, in order.
    pub const ALL: [Self; AGENT_COUNTS] = [
        Self::Offered,
        Self::Answered,
        Self::NoAnswer,
        Self::AbandonedWhileRinging,
        Self::OutboundMade,
        Self::InternalMade,
        Self::ConsultMade,
        Self::ConsultReceived,
        Self::TransfersMade,
        Self::TransfersReceived,
        Self::Conferences,
        Self::Holds,
        Self::Logins,
        Self::Logouts,
        Self::ShortCalls,
        Self::NotReadyEntries,
        Self::Handled,
        Self::HandleMs,
    ];
}

/// Columns of [`AgentColumn`].
pub const AGENT_COUNTS: usize = 18;
/// Running times: one for each status, and do-not-disturb.
pub const AGENT_TIMES: usize = Status::COUNT + 1;
/// The running time of do-not-disturb.
pub const DND: usize = Status::COUNT;

/// Columns that count; the last one is a sum of durations.
const NUMBERS: usize = AgentColumn::HandleMs as usize;
const _: () = assert!(NUMBERS + 1 == AGENT_COUNTS, "the sum is the last column");

/// Counts, whole durations and running times of an agent since the beginning.
///
/// Of each time at most one goes on, so that a bit says whether it does: `time(t) = ended + running · ms(t)`.
#[derive(Clone, Debug, Default)]
pub struct AgentLedger {
    numbers: [u32; NUMBERS],
    running: u16,
    handle_ms: i64,
    ended: [i64; AGENT_TIMES],
}

impl AgentLedger {
    /// Adds to a column.
    #[inline]
    pub fn add(&mut self, column: AgentColumn, by: i64) {
        match self.numbers.get_mut(column as usize) {
            Some(n) => *n = n.wrapping_add(by as u32),
            None => self.handle_ms += by,
        }
    }

    /// A column.
    #[inline]
    #[must_use]
    pub fn value(&self, column: AgentColumn) -> i64 {
        self.numbers.get(column as usize).map_or(self.handle_ms, |n| i64::from(*n))
    }

    /// A running time starts or stops at `at`; one that goes on does not start again.
    #[inline]
    pub fn change(&mut self, time: usize, starts: bool, at: Micros) {
        let bit = 1 << time;
        debug_assert!((self.running & bit == 0) == starts, "a time of an agent goes on once");
        self.running ^= bit;
        self.ended[time] += if starts { -at.ms() } else { at.ms() };
    }

    /// A running time at `t`, which must not lie before its last change.
    #[inline]
    #[must_use]
    pub const fn at(&self, time: usize, t: Micros) -> i64 {
        self.ended[time] + if self.running >> time & 1 == 1 { t.ms() } else { 0 }
    }

    /// Whether anything goes on.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.running != 0
    }

    /// Ends the interval at `edge`: what it gained over its base, which is moved on.
    fn roll(&self, base: &mut AgentBase, edge: Micros) -> AgentGain {
        let counts = std::array::from_fn(|i| self.numbers.get(i).map_or(self.handle_ms, |n| i64::from(*n)));
        base.roll(counts, std::array::from_fn(|i| self.at(i, edge)))
    }
}

/// An agent's ledger at the begin of the interval.
pub type AgentBase = Base<AGENT_COUNTS, AGENT_TIMES>;
/// What an agent gained in an interval.
pub type AgentGain = Gain<AGENT_COUNTS, AGENT_TIMES>;

/// How finely the sliding window moves for agents, in minutes.
pub const STEP_MINUTES: i64 = 5;
const SLOTS: usize = 7;

/// The columns that the day and the sliding window show, as they were at some instant of the last day.
///
/// There are eight of them for every agent, so that times are kept without their upper halves: what an agent gained in a
/// day fits the lower one, and nothing else is asked for. When it was is known from the step, or of the day by whoever asks.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    step: i32,
    handle_ms: u32,
    counts: [i32; 4],
    status_ms: [i32; Status::COUNT],
    status: Status,
    set: bool,
}

impl Mark {
    /// The begin of its step.
    fn at(&self) -> Micros {
        begin_of(i64::from(self.step))
    }
}

/// The begin of a step.
fn begin_of(step: i64) -> Micros {
    Micros(step * Span::from_mins(STEP_MINUTES).0)
}

/// Counts shown: offered, answered, no answer, handled.
const SHOWN: [AgentColumn; 4] =
    [AgentColumn::Offered, AgentColumn::Answered, AgentColumn::NoAnswer, AgentColumn::Handled];

/// One agent: what nearly every action that concerns him touches.
#[derive(Clone, Debug, Default)]
#[repr(align(64))]
pub struct AgentStats {
    /// Columns.
    pub ledger: AgentLedger,
    /// Status now.
    pub status: Status,
    /// Touched since the board's stamp was this.
    pub(super) stamp: u32,
    /// Where what he did last at a queue was booked.
    pub(super) pair: Place,
    /// The same under a reason.
    pub(super) reason: Place,
}

/// One agent: what edges of minutes, intervals and days ask for.
#[derive(Clone, Debug, Default)]
pub struct AgentPast {
    /// Columns at the begin of the interval.
    pub base: AgentBase,
    /// First login in the running interval.
    pub first_login_at: Option<Micros>,
    /// The last logout in it.
    pub last_logout_at: Option<Micros>,
    day: Mark,
    marks: Vec<Mark>,
    /// The step of the last of them.
    pub marked_step: i64,
    /// Listed as changed since the last look.
    pub dirty: bool,
    /// The epoch in which he was last listed as active, or [`super::pair::UNLISTED`].
    pub(super) listed: u32,
}

/// What the day and the sliding window show: four counts, handle time, time by status.
#[derive(Clone, Copy, Debug, Default)]
pub struct AgentReading {
    /// Offered, answered, no answer, handled.
    pub counts: [i64; 4],
    /// Handle time of the handled, in ms.
    pub handle_ms: i64,
    /// Time by status, in ms.
    pub status_ms: [i64; Status::COUNT],
}

impl AgentStats {
    fn present(&self, step: i64, at: Micros) -> Mark {
        Mark {
            step: step as i32,
            set: true,
            counts: SHOWN.map(|c| self.ledger.value(c) as i32),
            handle_ms: self.ledger.value(AgentColumn::HandleMs) as u32,
            status: self.status,
            status_ms: std::array::from_fn(|i| self.ledger.at(i, at) as i32),
        }
    }

    /// Readings between a mark that was made at `marked_at` and now; what ran at the mark ran since `start`, because nothing changed between.
    fn since(&self, (mark, marked_at): (&Mark, Micros), start: Micros, now: Micros) -> AgentReading {
        let mut reading = AgentReading {
            counts: std::array::from_fn(|i| self.ledger.value(SHOWN[i]) - i64::from(mark.counts[i])),
            handle_ms: i64::from((self.ledger.value(AgentColumn::HandleMs) as u32).wrapping_sub(mark.handle_ms)),
            status_ms: std::array::from_fn(|i| {
                i64::from((self.ledger.at(i, now) as i32).wrapping_sub(mark.status_ms[i]))
            }),
        };
        // Nobody counts time before the login: it is no time logged in.
        if mark.set && start < marked_at && mark.status != Status::LoggedOut {
            reading.status_ms[mark.status as usize] += marked_at.ms() - start.ms();
        }
        reading
    }
}

impl AgentPast {
    /// Notes how things stood at the begin of the present step, before the first change in it.
    pub(super) fn mark(&mut self, stats: &AgentStats, step: i64) {
        self.marked_step = step;
        let slot = step.rem_euclid(SLOTS as i64) as usize;
        if self.marks.is_empty() {
            self.marks = vec![Mark::default(); SLOTS];
        }
        if !self.marks[slot].set || i64::from(self.marks[slot].step) != step {
            self.marks[slot] = stats.present(step, begin_of(step));
        }
    }

    /// Starts the day anew.
    pub(super) fn start_day(&mut self, stats: &AgentStats, day_start: Micros) {
        self.day = stats.present(0, day_start);
    }

    /// What was gained since the day began, up to `now`.
    pub(super) fn day(&self, stats: &AgentStats, now: Micros) -> AgentReading {
        // What ran when the day began counts from then.
        stats.since((&self.day, Micros::MIN), Micros::MIN, now)
    }

    /// What was gained since the begin of the step 30 minutes before the present one, up to `now`.
    pub(super) fn window(&self, stats: &AgentStats, now: Micros) -> AgentReading {
        let step = now.0.div_euclid(Span::from_mins(STEP_MINUTES).0);
        let first = step - 6;
        let mark = (first..=step).find_map(|s| {
            self.marks.get(s.rem_euclid(SLOTS as i64) as usize).filter(|m| m.set && i64::from(m.step) == s)
        });
        let start = begin_of(first);
        match mark {
            Some(mark) => stats.since((mark, mark.at()), start, now),
            None => stats.since((&stats.present(step, now), now), start, now),
        }
    }

    /// Ends the interval at `edge`: what the agent gained in it.
    pub(super) fn roll(&mut self, stats: &AgentStats, edge: Micros) -> AgentGained {
        AgentGained {
            gain: stats.ledger.roll(&mut self.base, edge),
            first_login_at: self.first_login_at.take(),
            last_logout_at: self.last_logout_at.take(),
        }
    }
}

impl AgentReading {
    /// Milliseconds in these statuses.
    #[must_use]
    pub fn ms(&self, statuses: &[Status]) -> i64 {
        statuses.iter().map(|s| self.status_ms[*s as usize]).sum()
    }
}
