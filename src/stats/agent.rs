//! An agent's ledger: time by status, counts, and the same read over the day and the last half hour.

use super::accumulator::Pages;
use super::late::{Gain, Ledger};
use crate::model::action::Status;
use crate::model::time::{Micros, Span};

/// Counts and whole durations of an agent. The first fourteen are those of
/// [`AgentCount`](crate::model::action::AgentCount), in its order.
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

/// Columns of [`AgentColumn`].
pub const AGENT_COUNTS: usize = 18;
/// Running times: one for each status, and do-not-disturb.
pub const AGENT_TIMES: usize = Status::COUNT + 1;
/// The running time of do-not-disturb.
pub const DND: usize = Status::COUNT;

/// Counts, whole durations and running times of an agent.
pub type AgentLedger = Ledger<AGENT_COUNTS, AGENT_TIMES>;
/// What an agent gained in an interval.
pub type AgentGain = Gain<AGENT_COUNTS, AGENT_TIMES>;

/// How finely the sliding window moves for agents, in minutes.
pub const STEP_MINUTES: i64 = 5;
const SLOTS: usize = 7;

/// The columns that the day and the sliding window show.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    step: i64,
    set: bool,
    counts: [i32; 4],
    handle_ms: i64,
    status: Status,
    status_since: Micros,
    status_ms: [i64; Status::COUNT],
}

/// Counts shown: offered, answered, no answer, handled.
const SHOWN: [AgentColumn; 4] =
    [AgentColumn::Offered, AgentColumn::Answered, AgentColumn::NoAnswer, AgentColumn::Handled];

/// One agent.
#[derive(Debug, Default)]
pub struct AgentStats {
    /// Columns.
    pub ledger: AgentLedger,
    /// Status now.
    pub status: Status,
    /// First login and last logout in the running interval.
    pub first_login_at: Option<Micros>,
    /// The last logout.
    pub last_logout_at: Option<Micros>,
    /// Base accumulators.
    pub pages: Pages,
    day: Mark,
    marks: Vec<Mark>,
    /// The step of the last of them.
    pub marked_step: i64,
    /// Listed as changed since the last look.
    pub dirty: bool,
    /// Listed as active in the running interval.
    pub active: bool,
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
        let counts = &self.ledger.counts;
        Mark {
            step,
            set: true,
            counts: SHOWN.map(|c| counts[c as usize] as i32),
            handle_ms: counts[AgentColumn::HandleMs as usize],
            status: self.status,
            status_since: at,
            status_ms: std::array::from_fn(|i| self.ledger.times[i].at(at)),
        }
    }

    /// Notes how things stood at the begin of the present step, before the first change in it.
    #[cold]
    pub fn mark(&mut self, step: i64) {
        self.marked_step = step;
        let slot = step.rem_euclid(SLOTS as i64) as usize;
        if self.marks.is_empty() {
            self.marks = vec![Mark::default(); SLOTS];
        }
        if !self.marks[slot].set || self.marks[slot].step != step {
            self.marks[slot] = self.present(step, Micros(step * Span::from_mins(STEP_MINUTES).0));
        }
    }

    /// Starts the day anew.
    pub fn start_day(&mut self, day_start: Micros) {
        self.day = self.present(0, day_start);
    }

    /// What was gained since the day began, up to `now`.
    #[must_use]
    pub fn day(&self, now: Micros) -> AgentReading {
        self.since(&self.day, self.day.status_since, now)
    }

    /// What was gained since the begin of the step 30 minutes before the present one, up to `now`.
    #[must_use]
    pub fn window(&self, now: Micros) -> AgentReading {
        let step = now.0.div_euclid(Span::from_mins(STEP_MINUTES).0);
        let first = step - 6;
        let mark = (first..=step)
            .find_map(|s| self.marks.get(s.rem_euclid(SLOTS as i64) as usize).filter(|m| m.set && m.step == s));
        let start = Micros(first * Span::from_mins(STEP_MINUTES).0);
        match mark {
            Some(mark) => self.since(mark, start, now),
            None => self.since(&self.present(step, now), start, now),
        }
    }

    /// Readings between a mark and now; what ran at the mark ran since `start`, because nothing changed between.
    fn since(&self, mark: &Mark, start: Micros, now: Micros) -> AgentReading {
        let counts = &self.ledger.counts;
        let mut reading = AgentReading {
            counts: std::array::from_fn(|i| counts[SHOWN[i] as usize] - i64::from(mark.counts[i])),
            handle_ms: counts[AgentColumn::HandleMs as usize] - mark.handle_ms,
            status_ms: std::array::from_fn(|i| self.ledger.times[i].at(now) - mark.status_ms[i]),
        };
        // Nobody counts time before the login: it is no time logged in.
        if mark.set && start < mark.status_since && mark.status != Status::LoggedOut {
            reading.status_ms[mark.status as usize] += mark.status_since.ms() - start.ms();
        }
        reading
    }
}

impl AgentReading {
    /// Milliseconds in these statuses.
    #[must_use]
    pub fn ms(&self, statuses: &[Status]) -> i64 {
        statuses.iter().map(|s| self.status_ms[*s as usize]).sum()
    }
}
