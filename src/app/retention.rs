//! How long rows are kept, by class of table, and which days are too old at an instant.
//!
//! In: the section `[history.retention]`. Out: a [`Retention`], or all problems; and for any instant, the first day of each table that stays.
//! Days are those of UTC, and time is that of the wall: a promise to delete does not wait for events. Deletes nothing itself.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::config::{Config, Problem};
use crate::model::table::Kind;
use crate::model::time::Micros;
use crate::sink::{self, Store, StoreError};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Tables that are kept equally long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The event log.
    Events,
    /// Single states: of parties, agents and queues.
    States,
    /// Calls, their parts, and what is attached to them.
    Detail,
    /// What agents did: logins and intervals.
    Agents,
    /// Intervals of queues.
    Intervals,
}

impl Class {
    /// Every class, in the order of the configuration.
    pub const ALL: [Self; 5] = [Self::Events, Self::States, Self::Detail, Self::Agents, Self::Intervals];

    /// Its key in the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::States => "states",
            Self::Detail => "detail",
            Self::Agents => "agents",
            Self::Intervals => "intervals",
        }
    }

    /// The class of a table of facts; `None` for what is always kept: when a switch was listened to says how to read everything else, and a session
    /// may last longer than rows are kept.
    #[must_use]
    pub fn of(table: &str) -> Option<Self> {
        Some(match table {
            "event_log" => Self::Events,
            "party_state" | "agent_state" | "queue_snapshot" | "agent_snapshot" => Self::States,
            "call" | "party" | "queue_segment" | "handling_segment" | "call_link" | "interaction"
            | "route_decision" | "user_data_change" | "user_data_final" => Self::Detail,
            "agent_session"
            | "agent_session_dn"
            | "agent_interval"
            | "agent_queue_interval"
            | "agent_reason_interval" => Self::Agents,
            "queue_interval" | "queue_cohort_interval" | "queue_wait_hist" | "queue_handle_hist" => Self::Intervals,
            _ => return None,
        })
    }
}

/// How long something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Until somebody removes it.
    Forever,
    /// Today and this many days before.
    Days(i32),
    /// Today and everything back to this day of the month, so many months before.
    Months(i32),
}

impl Keep {
    /// The first day that stays on the day `today`; `None` when all do.
    fn first(self, today: Date) -> Option<Date> {
        match self {
            Self::Forever => None,
            Self::Days(days) => today.checked_sub(days.days()).ok(),
            Self::Months(months) => today.checked_sub(months.months()).ok(),
        }
    }
}

/// How long each class is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention([Keep; 5]);

impl Default for Retention {
    /// Events for 90 days, everything else for ever.
    fn default() -> Self {
        Self([Keep::Days(90), Keep::Forever, Keep::Forever, Keep::Forever, Keep::Forever])
    }
}

impl Retention {
    /// How long a class is kept.
    #[must_use]
    pub const fn of(&self, class: Class) -> Keep {
        self.0[class as usize]
    }

    /// Every table of which something may be too old at `now`, and its first day that stays, as days since 1970.
    #[must_use]
    pub fn limits(&self, now: Micros) -> Vec<(&'static str, i64)> {
        let Ok(timestamp) = Timestamp::from_microsecond(now.0) else { return Vec::new() };
        let today = timestamp.to_zoned(TimeZone::UTC).date();
        let facts = sink::tables().into_iter().filter(|table| matches!(table.kind, Kind::Fact | Kind::Log));
        facts
            .filter_map(|table| {
                let first = self.of(Class::of(table.name)?).first(today)?;
                let day = first.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second().div_euclid(86_400);
                Some((table.name, day))
            })
            .collect()
    }
}

/// Removes what is too old, once on each day.
#[derive(Debug)]
pub struct Housekeeping {
    retention: Retention,
    /// The last day on which it was looked, as days since 1970.
    looked: Option<i64>,
}

impl Housekeeping {
    /// Nothing looked at yet.
    #[must_use]
    pub const fn new(retention: Retention) -> Self {
        Self { retention, looked: None }
    }

    /// Removes what is too old at `now`, unless that was done today.
    ///
    /// # Errors
    /// When a removal that was begun could not be finished. What cannot be looked through is logged and left as it is.
    pub fn look(&mut self, store: &mut Store, now: Micros) -> Result<(), StoreError> {
        let day = now.0.div_euclid(DAY);
        if self.looked.is_some_and(|looked| looked >= day) {
            return Ok(());
        }
        self.looked = Some(day);
        let limits = self.retention.limits(now);
        match sink::outdated(store.root(), &limits) {
            Ok(found) if found.is_empty() => return Ok(()),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "nothing is removed today");
                return Ok(());
            }
        }
        let gone = store.retain(&limits)?;
        let (rows, bytes) = (gone.iter().map(|g| g.rows).sum::<u64>(), gone.iter().map(|g| g.bytes).sum::<u64>());
        tracing::info!(partitions = gone.len(), rows, bytes, "rows older than history.retention were removed");
        Ok(())
    }
}

/// Checks what was written about how long rows are kept.
///
/// # Errors
/// Every problem.
pub fn check(config: &Config) -> Result<Retention, Vec<Problem>> {
    let written = &config.history.retention;
    let texts = [&written.events, &written.states, &written.detail, &written.agents, &written.intervals];
    let (mut retention, mut problems) = (Retention::default(), Vec::new());
    for (class, text) in Class::ALL.into_iter().zip(texts) {
        let Some(text) = text else { continue };
        match keep(text) {
            Ok(keep) => retention.0[class as usize] = keep,
            Err(what) => problems.push(Problem { place: format!("history.retention.{}", class.word()), what }),
        }
    }
    if problems.is_empty() { Ok(retention) } else { Err(problems) }
}

/// A span as people write it: `90 days`, `25 months`, `2 years`, `forever`.
fn keep(text: &str) -> Result<Keep, String> {
    let wrong = || format!("`{text}` is no time to keep rows, as \"90 days\", \"25 months\" or \"forever\"");
    if text == "forever" {
        return Ok(Keep::Forever);
    }
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number: i32 = text[..digits].parse().map_err(|_| wrong())?;
    let keep = match text[digits..].trim().trim_end_matches('s') {
        "day" | "d" => Keep::Days(number),
        "week" | "w" => Keep::Days(number.saturating_mul(7)),
        "month" => Keep::Months(number),
        "year" | "y" => Keep::Months(number.saturating_mul(12)),
        _ => return Err(wrong()),
    };
    match keep {
        Keep::Days(1..=36_500) | Keep::Months(1..=1_200) => Ok(keep),
        _ => Err(format!("`{text}` is not between a day and a hundred years")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::config;
    use crate::engine::partition::{Partition, Position};
    use crate::engine::settings::Settings as EngineSettings;
    use crate::model::time::Span;
    use crate::simulate::{Floor, Scenario};

    fn read(text: &str) -> Result<Retention, Vec<String>> {
        let config = config::read("c.toml", text, []).expect("known keys");
        check(&config).map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_table_of_facts_has_a_class() {
        for table in sink::tables() {
            let is_kept = table.is_dimension() || table.name == "source_session";
            assert_eq!(Class::of(table.name).is_none(), is_kept, "{}", table.name);
        }
    }

    #[test]
    fn a_day_is_too_old_by_the_calendar() {
        let text = "[history.retention]\nevents = \"1 day\"\ndetail = \"25 months\"\nagents = \"2 weeks\"\nstates = \"1 year\"\n";
        let retention = read(text).expect("right");
        // 2024-03-31 is day 19 813.
        let limits = retention.limits(Micros(19_813 * 86_400_000_000 + 1));
        let of = |table: &str| limits.iter().find(|(name, _)| *name == table).map(|(_, day)| *day);
        assert_eq!((of("event_log"), of("agent_session")), (Some(19_812), Some(19_799)));
        // 28 February 2022 and 31 March 2023.
        assert_eq!((of("call"), of("agent_state")), (Some(19_051), Some(19_447)));
        assert_eq!(of("queue_interval"), None);
    }

    #[test]
    fn a_day_goes_once_the_clock_has_passed_it_and_the_clock_is_looked_at_once_a_day() {
        let dir = std::env::temp_dir().join(format!("callfold-retention-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let mut engine = Partition::new(EngineSettings { event_log: true, ..EngineSettings::default() });
        let mut store = Store::open(&dir, sink::Mode::Replay).unwrap();
        let mut lines = Vec::new();
        // From 22:00 UTC on the 14th to 01:00 on the 16th, day 19 677.
        let start = Micros::from_parts(1_699_999_200, 0);
        let scenario = Scenario { agents: 3, queues: 2, start, calls_per_hour: Some(6.0), ..Scenario::default() };
        Floor::new(scenario).run_until(start + Span::from_mins(27 * 60), &mut lines);
        engine.feed(&lines, Position::default());
        engine.finish();
        store.deliver(&engine.take_rows().unwrap()).unwrap();
        store.finish().unwrap();
        let days = |table: &str| {
            let all = sink::survey(&dir).unwrap().into_iter().filter(|p| p.table == table);
            all.map(|p| p.date[8..].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!((days("event_log"), days("call")), (vec!["14".into(), "15".into(), "16".into()], days("event_log")));
        let mut store = Store::open(&dir, sink::Mode::Live).unwrap();
        let mut housekeeping = Housekeeping::new(read("[history.retention]\nevents = \"2 days\"\n").expect("right"));
        let noon = |day: i64| Micros(day * DAY + DAY / 2);
        housekeeping.look(&mut store, noon(19_677)).unwrap();
        assert_eq!(days("event_log").len(), 3);
        housekeeping.look(&mut store, noon(19_678)).unwrap();
        assert_eq!(days("event_log"), ["15", "16"].map(str::to_owned), "the 17th and two days before stay");
        assert_eq!(days("call").len(), 3);
        drop(store);
        let _ = std::fs::remove_dir_all(&dir);
    }

    #[test]
    fn what_is_not_written_is_kept_but_for_the_log() {
        let retention = read("").expect("right");
        let limits = retention.limits(Micros(19_813 * 86_400_000_000));
        assert_eq!(limits, [("event_log", 19_723)]);
        let problems = read("[history.retention]\nevents = \"soon\"\ndetail = \"0 days\"\n").expect_err("wrong");
        assert_eq!(
            problems,
            [
                "history.retention.events: `soon` is no time to keep rows, as \"90 days\", \"25 months\" or \"forever\"",
                "history.retention.detail: `0 days` is not between a day and a hundred years",
            ]
        );
    }
}
