//! A queue's ledger: the columns of its interval rows as cumulative counters, and the same read over the day and the last
//! half hour.

use super::accumulator::Pages;
use super::late::{Base, Gain, Ledger, Times};
use super::wait::{LiveWaits, SparseWaits};
use crate::model::action::Status;
use crate::model::ids::DnId;
use crate::model::time::{Micros, Span};

/// Counts and whole durations of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "named after the columns of queue_interval, which say what they mean")]
pub enum QueueCount {
    Entered,
    Answered,
    Abandoned,
    AbandonedShort,
    AbandonedRinging,
    DivertedIn,
    DivertedOut,
    Cleared,
    Other,
    NoAnswer,
    Handled,
    TransferredOut,
    WaitAnsweredMs,
    WaitAbandonedMs,
    HandleMs,
    AnsweredWithinSl,
    AbandonedWithinSl,
}

/// Running times of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "named after the columns of queue_interval, which say what they mean")]
pub enum QueueTime {
    QueueMs,
    RingMs,
    TalkMs,
    HoldMs,
    AcwMs,
    AgentsStaffedMs,
    AgentsReadyMs,
}

impl QueueCount {
    /// All of them, in order.
    pub const ALL: [Self; QUEUE_COUNTS] = [
        Self::Entered,
        Self::Answered,
        Self::Abandoned,
        Self::AbandonedShort,
        Self::AbandonedRinging,
        Self::DivertedIn,
        Self::DivertedOut,
        Self::Cleared,
        Self::Other,
        Self::NoAnswer,
        Self::Handled,
        Self::TransferredOut,
        Self::WaitAnsweredMs,
        Self::WaitAbandonedMs,
        Self::HandleMs,
        Self::AnsweredWithinSl,
        Self::AbandonedWithinSl,
    ];
}

impl QueueTime {
    /// All of them, in order.
    pub const ALL: [Self; QUEUE_TIMES] = [
        Self::QueueMs,
        Self::RingMs,
        Self::TalkMs,
        Self::HoldMs,
        Self::AcwMs,
        Self::AgentsStaffedMs,
        Self::AgentsReadyMs,
    ];
}

/// Columns of [`QueueCount`].
pub const QUEUE_COUNTS: usize = 17;
/// Columns of [`QueueTime`].
pub const QUEUE_TIMES: usize = 7;

/// Counts, whole durations and running times of a queue.
pub type QueueLedger = Ledger<QUEUE_COUNTS, QUEUE_TIMES>;
/// What a queue gained in an interval.
pub type QueueGain = Gain<QUEUE_COUNTS, QUEUE_TIMES>;

/// How many minutes the sliding window covers.
pub const WINDOW_MINUTES: i64 = 30;
const SLOTS: usize = WINDOW_MINUTES as usize + 1;

/// Columns that are sums of durations; the others count.
const SUMS: [QueueCount; 3] = [QueueCount::WaitAnsweredMs, QueueCount::WaitAbandonedMs, QueueCount::HandleMs];

/// The ledger as it was at the begin of some minute.
///
/// There are thirty-two for every queue, so that counts are kept without their upper halves: what a queue gains in a day fits the lower one, and
/// nothing else is asked for. Sums of durations are whole.
#[derive(Clone, Debug)]
struct Mark {
    minute: i64,
    counts: [i32; QUEUE_COUNTS],
    sums: [i64; SUMS.len()],
    times: Times<QUEUE_TIMES>,
}

impl Mark {
    /// Of no minute.
    const NONE: i64 = i64::MIN;

    fn of(ledger: &QueueLedger, minute: i64) -> Self {
        Self {
            minute,
            counts: ledger.counts.map(|n| n as i32),
            sums: SUMS.map(|sum| ledger.counts[sum as usize]),
            times: ledger.times,
        }
    }
}

/// One queue or routing point.
///
/// Each change of status of each of its agents touches the first fields, so they stand together.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Queue {
    /// Agents logged in to the queue, by status.
    pub agents: [u32; Status::COUNT],
    /// Last change.
    pub changed_at: Micros,
    /// The minute of the last mark.
    pub marked_minute: i64,
    /// Listed as changed since the last look.
    pub dirty: bool,
    /// Columns.
    pub ledger: QueueLedger,
    /// Its DN.
    pub dn: DnId,
    /// First event of its own; `MAX` before.
    pub first_seen: Micros,
    /// Longest waits in the running interval: answered, abandoned.
    pub wait_max_ms: [Option<i64>; 2],
    /// Calls waiting now.
    pub waiting: u32,
    /// Calls offered to a target now.
    pub alerting: u32,
    /// Base accumulators.
    pub(super) pages: Pages,
    /// Columns at the begin of the interval.
    pub base: Base<QUEUE_COUNTS, QUEUE_TIMES>,
    /// Ledger at the begin of the day.
    day: Mark,
    /// Ledger at the begin of the last minutes in which something happened, by minute modulo their number.
    marks: Vec<Mark>,
    /// Waits of the calls answered today.
    pub day_waits: LiveWaits,
    /// Waits of the calls answered on the days before.
    past_waits: SparseWaits,
}

/// Counts, and running times read at an instant.
pub type QueueReading = ([i64; QUEUE_COUNTS], [i64; QUEUE_TIMES]);

impl Queue {
    /// A queue first named at `at`; its own first event is still to come.
    #[must_use]
    pub fn new(dn: DnId, at: Micros) -> Self {
        let ledger = QueueLedger::default();
        Self {
            dn,
            first_seen: Micros::MAX,
            day: Mark::of(&ledger, 0),
            marks: vec![Mark::of(&ledger, Mark::NONE); SLOTS],
            ledger,
            wait_max_ms: [None; 2],
            waiting: 0,
            alerting: 0,
            agents: [0; Status::COUNT],
            pages: Pages::default(),
            base: Base::default(),
            marked_minute: i64::MIN,
            day_waits: LiveWaits::default(),
            past_waits: SparseWaits::default(),
            dirty: false,
            changed_at: at,
        }
    }

    /// Notes how the ledger stood at the begin of `minute`, before its first change in that minute.
    #[cold]
    pub fn mark(&mut self, minute: i64) {
        self.marked_minute = minute;
        let slot = minute.rem_euclid(SLOTS as i64) as usize;
        if self.marks[slot].minute != minute {
            self.marks[slot] = Mark::of(&self.ledger, minute);
        }
    }

    /// Starts the day anew.
    pub fn start_day(&mut self) {
        self.day = Mark::of(&self.ledger, 0);
        self.past_waits.add(&self.day_waits);
        self.day_waits.clear();
    }

    /// Waits of all calls answered.
    #[must_use]
    pub fn all_waits(&self) -> LiveWaits {
        let mut all = self.day_waits.clone();
        all.add(&self.past_waits);
        all
    }

    /// What was gained since the day began at `day_start`, up to `now`.
    #[must_use]
    pub fn day(&self, day_start: Micros, now: Micros) -> QueueReading {
        self.since(&self.day, day_start, now)
    }

    /// What was gained since the begin of the minute 30 minutes before the present one, up to `now`.
    #[must_use]
    pub fn window(&self, now: Micros) -> QueueReading {
        let minute = minute_of(now);
        let first = minute - WINDOW_MINUTES;
        // Nothing happened between the window's begin and the next mark, so that mark is how things stood.
        let mark = (first..=minute)
            .find_map(|m| Some(&self.marks[m.rem_euclid(SLOTS as i64) as usize]).filter(|mark| mark.minute == m));
        let present = Mark::of(&self.ledger, minute);
        self.since(mark.unwrap_or(&present), Micros(first * Span::from_mins(1).0), now)
    }

    /// What was gained since the first event.
    #[must_use]
    pub fn total(&self, now: Micros) -> QueueReading {
        (self.ledger.counts, self.ledger.times.all_at(now))
    }

    fn since(&self, mark: &Mark, start: Micros, now: Micros) -> QueueReading {
        let counts = &self.ledger.counts;
        let mut gained = std::array::from_fn(|i| i64::from((counts[i] as i32).wrapping_sub(mark.counts[i])));
        for (sum, before) in SUMS.into_iter().zip(mark.sums) {
            gained[sum as usize] = counts[sum as usize] - before;
        }
        (gained, std::array::from_fn(|i| self.ledger.times.at(i, now) - mark.times.at(i, start)))
    }
}

/// Minute of an instant, counted from 1970.
#[must_use]
pub const fn minute_of(at: Micros) -> i64 {
    at.0.div_euclid(Span::from_mins(1).0)
}
