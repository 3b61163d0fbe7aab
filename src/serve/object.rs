//! How a queue and an agent look in JSON: one shape for the stream, which holds what a board paints, and one for the
//! API, which adds all raw counts and sums under the names of the history columns.
//!
//! Ids are strings, instants RFC 3339 in UTC, durations seconds, ratios 0 to 1 with both parts; undefined is `null`.
//! A state travels as its word and its begin, never as seconds: the reader counts.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::board::has_event;
use super::ratio::{self, Ratio, ServiceLevel};
use crate::engine::view::{AgentFigures, AgentView, QueueFigures, QueueView, SourceView};
use crate::model::action::Status;
use crate::model::time::Micros;

/// Words of the states in which an agent can be logged in to a queue, in the order in which answers list them.
pub(super) const STATE_WORDS: [&str; 9] =
    ["ready", "ringing", "dialing", "talking", "held", "acw", "busy", "not_ready", "unknown"];

/// Agents per state word of [`STATE_WORDS`]; all kinds of talking are one word.
pub(super) fn agents_by_word(agents: &[u32; Status::COUNT]) -> [u32; STATE_WORDS.len()] {
    let mut counts = [0; STATE_WORDS.len()];
    for (status, &n) in Status::ALL.iter().zip(agents) {
        // Only "logged out" is not listed: such an agent is not logged in to any queue.
        if let Some(word) = STATE_WORDS.iter().position(|&word| word == status.word()) {
            counts[word] += n;
        }
    }
    counts
}

/// How much of an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// What a board paints.
    Live,
    /// Everything.
    Full,
}

/// A queue in JSON.
pub(super) struct QueueObject<'a> {
    /// The queue.
    pub view: &'a QueueView,
    /// How much of it.
    pub form: Form,
    /// The service level of the live form.
    pub level: ServiceLevel,
}

/// An agent in JSON.
pub(super) struct AgentObject<'a> {
    /// The agent.
    pub view: &'a AgentView,
    /// How much of him.
    pub form: Form,
}

/// A source in JSON.
pub(super) struct SourceObject<'a> {
    /// The source.
    pub view: &'a SourceView,
    /// Seconds from event time to arrival when its last event came; unknown when event time is not the wall clock's.
    pub lag_seconds: Option<f64>,
}

struct Instant(Micros);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

struct Reason<'a>(&'a str, &'a str);

impl Serialize for Reason<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("key", self.0)?;
        map.serialize_entry("code", self.1)?;
        map.end()
    }
}

struct StateCounts<'a>(&'a [u32; Status::COUNT]);

impl Serialize for StateCounts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(STATE_WORDS.iter().zip(agents_by_word(self.0)))
    }
}

/// Writes the named raw columns of `figures`.
macro_rules! columns {
    ($map:ident, $figures:expr, $($name:ident)*) => {
        $( $map.serialize_entry(stringify!($name), &$figures.$name)?; )*
    };
}

fn ratio_entries<M: SerializeMap>(map: &mut M, keys: [&'static str; 3], ratio: Ratio) -> Result<(), M::Error> {
    map.serialize_entry(keys[0], &ratio.value())?;
    map.serialize_entry(keys[1], &ratio.numerator)?;
    map.serialize_entry(keys[2], &ratio.denominator)
}

/// A queue's figures over a stretch of time.
struct QueuePart<'a> {
    figures: &'a QueueFigures,
    form: Form,
    level: ServiceLevel,
    /// Median and 90th percentile of the wait, where they are known.
    percentiles: Option<[Option<i64>; 2]>,
}

impl Serialize for QueuePart<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let figures = self.figures;
        let mut map = serializer.serialize_map(None)?;
        match self.form {
            Form::Live => {
                columns!(map, figures, entered answered abandoned handled);
                ratio_entries(&mut map, self.level.keys(), self.level.of(figures))?;
            }
            Form::Full => {
                columns!(map, figures, entered answered answered_within_sl abandoned abandoned_short abandoned_within_sl
                    abandoned_ringing diverted_in diverted_out cleared other no_answer transferred_out handled
                    wait_answered_ms wait_abandoned_ms handle_ms queue_ms ring_ms talk_ms hold_ms acw_ms
                    agents_staffed_ms agents_ready_ms);
                for level in ServiceLevel::ALL {
                    ratio_entries(&mut map, level.keys(), level.of(figures))?;
                }
            }
        }
        ratio_entries(
            &mut map,
            ["abandon_ratio", "abandon_numerator", "abandon_denominator"],
            ratio::abandon(figures),
        )?;
        map.serialize_entry("asa_seconds", &ratio::asa(figures).seconds())?;
        map.serialize_entry("aht_seconds", &ratio::queue_aht(figures).seconds())?;
        if let Some([median, ninetieth]) = self.percentiles {
            map.serialize_entry("wait_answered_p50_seconds", &median.map(|ms| ms as f64 / 1000.0))?;
            map.serialize_entry("wait_answered_p90_seconds", &ninetieth.map(|ms| ms as f64 / 1000.0))?;
        }
        map.end()
    }
}

impl Serialize for QueueObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (view, form, level) = (self.view, self.form, self.level);
        let percentiles = Some([view.wait_answered_p50_ms, view.wait_answered_p90_ms]);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", view.id.as_str())?;
        map.serialize_entry("tenant", view.tenant.as_str())?;
        map.serialize_entry("site", view.site.as_str())?;
        map.serialize_entry("kind", view.kind)?;
        map.serialize_entry("waiting", &view.waiting)?;
        map.serialize_entry("alerting", &view.alerting)?;
        map.serialize_entry("longest_wait_since", &view.oldest_entered_at.map(Instant))?;
        map.serialize_entry("agents", &StateCounts(&view.agents))?;
        map.serialize_entry("changed_at", &Instant(view.changed_at))?;
        map.serialize_entry("day", &QueuePart { figures: &view.day, form, level, percentiles })?;
        map.serialize_entry("window", &QueuePart { figures: &view.window, form, level, percentiles: None })?;
        map.end()
    }
}

/// An agent's figures over a stretch of time.
struct AgentPart<'a>(&'a AgentFigures);

impl Serialize for AgentPart<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let figures = self.0;
        let mut map = serializer.serialize_map(None)?;
        columns!(map, figures, logged_in_ms ready_ms not_ready_ms acw_ms ring_ms talk_ms hold_ms dial_ms busy_ms
            unknown_ms offered answered no_answer handled handle_ms);
        let keys = ["occupancy_ratio", "occupancy_numerator", "occupancy_denominator"];
        ratio_entries(&mut map, keys, ratio::occupancy(figures))?;
        map.serialize_entry("aht_seconds", &ratio::agent_aht(figures).seconds())?;
        map.end()
    }
}

/// Of an agent's day, what a board paints.
#[derive(Serialize)]
struct AgentDay {
    handled: i64,
    aht_seconds: Option<f64>,
}

/// Of an agent's window, what a board paints.
#[derive(Serialize)]
struct AgentWindow {
    occupancy_ratio: Option<f64>,
}

impl Serialize for AgentObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (view, form) = (self.view, self.form);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", view.id.as_str())?;
        map.serialize_entry("tenant", view.tenant.as_str())?;
        map.serialize_entry("site", view.site.as_str())?;
        map.serialize_entry("dn", view.dn.as_str())?;
        map.serialize_entry("state", view.status.word())?;
        map.serialize_entry("call_type", &view.status.call_type().map(|call_type| call_type.word()))?;
        map.serialize_entry("since", &Instant(view.since))?;
        map.serialize_entry("reason", &view.reason.as_ref().map(|(key, code)| Reason(key, code)))?;
        map.serialize_entry("queue", &view.queue.as_deref())?;
        map.serialize_entry("queues", &view.queues.iter().map(|queue| queue.as_str()).collect::<Vec<_>>())?;
        map.serialize_entry("logged_in_at", &view.logged_in_at.map(Instant))?;
        match form {
            Form::Live => {
                let aht_seconds = ratio::agent_aht(&view.day).seconds();
                map.serialize_entry("day", &AgentDay { handled: view.day.handled, aht_seconds })?;
                let occupancy_ratio = ratio::occupancy(&view.window).value();
                map.serialize_entry("window", &AgentWindow { occupancy_ratio })?;
            }
            Form::Full => {
                map.serialize_entry("dnd", &view.dnd)?;
                map.serialize_entry("out_of_service", &view.out_of_service)?;
                map.serialize_entry("forwarded", &view.forwarded)?;
                map.serialize_entry("as_of", &Instant(view.as_of))?;
                map.serialize_entry("day", &AgentPart(&view.day))?;
                map.serialize_entry("window", &AgentPart(&view.window))?;
            }
        }
        map.end()
    }
}

impl Serialize for SourceObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = self.view;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("switch", view.switch.as_str())?;
        map.serialize_entry("tenant", view.tenant.as_str())?;
        map.serialize_entry("up", &view.up)?;
        map.serialize_entry("events", &view.events)?;
        map.serialize_entry("duplicates", &view.duplicates)?;
        map.serialize_entry("missing", &view.missing)?;
        map.serialize_entry("out_of_order", &view.out_of_order)?;
        map.serialize_entry("last_event_at", &has_event(view).then_some(Instant(view.last_event_at)))?;
        map.serialize_entry("lag_seconds", &self.lag_seconds)?;
        map.serialize_entry("clock_skew_seconds", &(view.clock_skew_ms as f64 / 1000.0))?;
        map.end()
    }
}

/// `value` as JSON text.
pub(super) fn encode(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("objects have string keys and finite numbers only")
}
