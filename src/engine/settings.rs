//! What the engine can be told: thresholds, windows and limits. Checked by whoever reads configuration.

use crate::fold::privacy::Privacy;
use crate::model::dn::DnRule;
use crate::model::names::NameLimits;
use crate::model::time::Span;

/// Settings of one partition's engine.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Service-level threshold: "within" means wait ≤ this. Default 20 s.
    pub sl_threshold: Span,
    /// Short-abandon limit: short means wait < this. Default 5 s.
    pub short_abandon: Span,
    /// Short-call limit: short means answer to release < this. Default 5 s.
    pub short_call: Span,
    /// Version of these limits, as rows name it. Default 1.
    pub definition_version: i32,
    /// How long after a departure, an unanswered offer or a release the fold waits for what explains it. Default 2 s.
    pub settle: Span,
    /// How far events may be out of sequence, in event time; zero on a transport that keeps order. Default 2 s.
    pub reorder_window: Span,
    /// How long after an interval's end its rows stay provisional. Default 5 min.
    pub grace: Span,
    /// Whether provisional rows are written too, as soon as an interval has ended.
    pub provisional_rows: bool,
    /// Whether every state of every party has a row. Default no.
    pub party_states: bool,
    /// Whether every event that was folded has a row, from which it can be folded again. Default no.
    pub event_log: bool,
    /// How long after it became final an interval is revised by what is heard of late; zero for never, which is the default.
    pub revise_for: Span,
    /// How often queues are sampled, in event time; zero for never, which is the default.
    pub queue_snapshots: Span,
    /// How often agents are sampled, in event time; zero for never, which is the default.
    pub agent_snapshots: Span,
    /// After how long without an event a call is closed as lost. Default 4 h.
    pub stuck_call: Span,
    /// Limits of the name tables.
    pub names: NameLimits,
    /// Longest line accepted, in bytes. Default 64 KiB.
    pub line_bytes_max: usize,
    /// What is said of DNs. Default nothing: their events tell.
    pub dns: Vec<DnRule>,
    /// Which attached data and numbers of callers are kept, and in which form. Default: nothing attached, numbers as sent.
    pub privacy: Privacy,
    /// Offset of the reporting day's begin from UTC midnight, for "today" on the wallboard. Default zero.
    pub day_offset: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sl_threshold: Span::from_secs(20),
            short_abandon: Span::from_secs(5),
            short_call: Span::from_secs(5),
            definition_version: 1,
            settle: Span::from_secs(2),
            reorder_window: Span::from_secs(2),
            grace: Span::from_mins(5),
            provisional_rows: false,
            party_states: false,
            event_log: false,
            revise_for: Span(0),
            queue_snapshots: Span(0),
            agent_snapshots: Span(0),
            stuck_call: Span::from_mins(240),
            names: NameLimits::default(),
            line_bytes_max: 64 * 1024,
            dns: Vec::new(),
            privacy: Privacy::default(),
            day_offset: Span(0),
        }
    }
}
