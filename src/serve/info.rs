//! What a board is told once, when the program starts: identity, targets and limits.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::ratio::ServiceLevel;
use crate::handoff::backlog::Backlog;
use crate::handoff::selfcheck::SelfCheck;
use crate::model::table::DEFINITIONS_VERSION;
use crate::model::time::{Micros, Span};

/// Identity, targets and limits of a board. [`Default`] gives what a program without configuration has.
#[derive(Clone, Debug)]
pub struct BoardInfo {
    /// Version of the program, as `0.1.0`.
    pub version: String,
    /// Revision the program was built from; empty when unknown.
    pub commit: String,
    /// When the process started, by the wall clock. Names this run in the ids of stream events.
    pub started_at: Micros,
    /// Where the data lies, in words for people.
    pub data: String,
    /// Name of the zone whose midnight begins "today".
    pub timezone: String,
    /// Version of the definitions of all numbers.
    pub definitions_version: String,
    /// Whether the floor is synthetic.
    pub demo: bool,
    /// Whether what is shown is a recording played again.
    pub recorded: bool,
    /// Whether event time is the wall clock's time; false for recorded feeds and for a demo that runs faster. Lag is
    /// only known when true.
    pub wall_clock: bool,
    /// Service-level threshold the engine counts with.
    pub sl_threshold: Span,
    /// Short-abandon limit the engine counts with.
    pub short_abandon: Span,
    /// Which service level the wallboard shows.
    pub sl_variant: ServiceLevel,
    /// Its target, 0 to 1.
    pub sl_target: f64,
    /// The service level below which a queue is critical, 0 to 1; between it and the target it is in warning.
    pub sl_crit: f64,
    /// Highest share of abandoned calls that is still fine, 0 to 1.
    pub abandon_target: f64,
    /// Longest wait from which a queue is in warning.
    pub longest_wait_warn: Span,
    /// Longest wait from which a queue is critical.
    pub longest_wait_crit: Span,
    /// Fewest calls for which a ratio is judged.
    pub sample_min: u32,
    /// Length of `window` in the views.
    pub window: Span,
    /// How long changes are collected for a stream after one was sent; zero sends each at once.
    pub coalesce: Duration,
    /// Time between heartbeats of a stream.
    pub heartbeat: Duration,
    /// Most streams at once.
    pub streams_max: usize,
    /// Most changes kept for streams that fall behind or resume.
    pub ring_frames: usize,
    /// Most bytes of changes kept.
    pub ring_bytes: usize,
    /// Most time series in one answer of `/metrics`.
    pub series_max: usize,
    /// Rows on their way to a database, if there is one.
    pub backlog: Option<Arc<Backlog>>,
    /// What the last self-check found, where there are self-checks.
    pub self_check: Option<Arc<SelfCheck>>,
}

impl Default for BoardInfo {
    fn default() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: String::new(),
            started_at: Micros(0),
            data: String::new(),
            timezone: "UTC".to_owned(),
            definitions_version: DEFINITIONS_VERSION.to_string(),
            demo: false,
            recorded: false,
            wall_clock: true,
            sl_threshold: Span::from_secs(20),
            short_abandon: Span::from_secs(5),
            sl_variant: ServiceLevel::ShortExcluded,
            sl_target: 0.8,
            sl_crit: 0.65,
            abandon_target: 0.05,
            longest_wait_warn: Span::from_secs(60),
            longest_wait_crit: Span::from_secs(120),
            sample_min: 5,
            window: Span::from_mins(30),
            coalesce: Duration::from_millis(50),
            heartbeat: Duration::from_secs(2),
            streams_max: 512,
            ring_frames: 2048,
            ring_bytes: 16 << 20,
            series_max: 50_000,
            backlog: None,
            self_check: None,
        }
    }
}

impl BoardInfo {
    /// The text that names this run of the program in stream ids: no two runs share it.
    #[must_use]
    pub(super) fn epoch(&self) -> String {
        format!("{:x}", self.started_at.0)
    }

    /// Version and revision in one word, so that a page can tell that the server was replaced.
    #[must_use]
    pub(super) fn build(&self) -> String {
        if self.commit.is_empty() { self.version.clone() } else { format!("{}+{}", self.version, self.commit) }
    }
}

/// Seconds of a span, as a number for JSON.
#[must_use]
pub(super) fn seconds(span: Span) -> f64 {
    span.0 as f64 / 1e6
}

impl Serialize for BoardInfo {
    /// What a page needs to judge and label numbers; limits stay inside.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("build", &self.build())?;
        map.serialize_entry("version", &self.version)?;
        map.serialize_entry("started_at", &self.started_at.to_string())?;
        map.serialize_entry("data", &self.data)?;
        map.serialize_entry("demo", &self.demo)?;
        map.serialize_entry("recorded", &self.recorded)?;
        map.serialize_entry("wall_clock", &self.wall_clock)?;
        map.serialize_entry("timezone", &self.timezone)?;
        map.serialize_entry("definitions_version", &self.definitions_version)?;
        map.serialize_entry("window_seconds", &seconds(self.window))?;
        map.serialize_entry("service_level", self.sl_variant.name())?;
        map.serialize_entry("sl_target_ratio", &self.sl_target)?;
        map.serialize_entry("sl_crit_ratio", &self.sl_crit)?;
        map.serialize_entry("sl_threshold_seconds", &seconds(self.sl_threshold))?;
        map.serialize_entry("short_abandon_seconds", &seconds(self.short_abandon))?;
        map.serialize_entry("abandon_target_ratio", &self.abandon_target)?;
        map.serialize_entry("longest_wait_warn_seconds", &seconds(self.longest_wait_warn))?;
        map.serialize_entry("longest_wait_crit_seconds", &seconds(self.longest_wait_crit))?;
        map.serialize_entry("sample_min", &self.sample_min)?;
        map.end()
    }
}
