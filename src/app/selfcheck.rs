//! The section `[check]`: when the program checks what it has stored, and how many reports it keeps.
//!
//! In: what was written. Out: a [`SelfCheck`], or all problems; and for any instant, when the next check is due.

use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Span as Days, Timestamp};

use super::config::{Config, Problem};
use super::settings::{duration, std_duration};
use crate::model::time::Micros;

/// When the check runs when nobody says: at night, when the day before is over in every zone that UTC is behind of by less.
pub const AT_DEFAULT: &str = "03:00";

/// Reports kept when nobody says.
pub const KEEP_DEFAULT: i64 = 30;

/// What turns the check off.
const NEVER: &str = "off";

/// When checks run.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// Never.
    Never,
    /// Once a day.
    Daily {
        /// Time on the wall.
        at: Time,
        /// The wall's zone.
        zone: TimeZone,
    },
    /// Again and again.
    Every(Duration),
}

/// How the program checks what it has stored.
#[derive(Clone, Debug, PartialEq)]
pub struct SelfCheck {
    /// When.
    pub when: When,
    /// Reports kept.
    pub keep: usize,
}

impl SelfCheck {
    /// No self-check.
    #[must_use]
    pub const fn never() -> Self {
        Self { when: When::Never, keep: 0 }
    }
}

impl When {
    /// The first instant after `now` at which a check is due; `None` for never.
    #[must_use]
    pub fn next(&self, now: Micros) -> Option<Micros> {
        match self {
            Self::Never => None,
            Self::Every(every) => {
                Some(Micros(now.0.saturating_add(i64::try_from(every.as_micros()).unwrap_or(i64::MAX))))
            }
            Self::Daily { at, zone } => {
                let today = Timestamp::from_microsecond(now.0).ok()?.to_zoned(zone.clone()).date();
                // Where the clock skips the time, the check runs as much later.
                let due = |days: i64| {
                    let day = today.checked_add(Days::new().days(days)).ok()?;
                    Some(Micros(day.to_datetime(*at).to_zoned(zone.clone()).ok()?.timestamp().as_microsecond()))
                };
                (0..3).filter_map(due).find(|due| *due > now)
            }
        }
    }
}

/// Checks what was written about the self-check.
///
/// # Errors
/// Every problem.
pub fn check(config: &Config) -> Result<SelfCheck, Vec<Problem>> {
    let written = &config.check;
    let mut problems = Vec::new();
    let mut note = |key: &str, what: String| problems.push(Problem { place: format!("check.{key}"), what });
    let at = written.at.as_deref().unwrap_or(AT_DEFAULT);
    let zone = TimeZone::get(written.zone.as_deref().unwrap_or("UTC"))
        .map_err(|_| {
            note("zone", format!("`{}` is no time zone, as Europe/Berlin", written.zone.as_deref().unwrap_or("")))
        })
        .unwrap_or(TimeZone::UTC);
    let when = match at.parse::<Time>() {
        _ if at == NEVER => When::Never,
        Ok(at) => When::Daily { at, zone },
        Err(_) => {
            note("at", format!("`{at}` is no time of day, as \"03:00\", nor \"{NEVER}\""));
            When::Never
        }
    };
    let when = match written.every.as_deref() {
        None | Some("") => when,
        Some(text) => match duration(text).map(std_duration) {
            Ok(every) if every >= Duration::from_secs(1) && every <= Duration::from_secs(86_400) => When::Every(every),
            Ok(_) => {
                note("every", format!("`{text}` is not between 1s and 24h"));
                when
            }
            Err(what) => {
                note("every", what);
                when
            }
        },
    };
    let keep = written.keep.unwrap_or(KEEP_DEFAULT);
    if !(1..=10_000).contains(&keep) {
        note("keep", format!("{keep} is not between 1 and 10000"));
    }
    let keep = usize::try_from(keep).unwrap_or(1);
    if problems.is_empty() { Ok(SelfCheck { when, keep }) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::config;

    fn checked(text: &str) -> Result<SelfCheck, String> {
        let config = config::read("c.toml", text, []).expect("known keys");
        check(&config).map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    fn at(text: &str) -> Micros {
        Micros(text.parse::<Timestamp>().expect("an instant").as_microsecond())
    }

    #[test]
    fn it_runs_every_night_unless_it_is_told_otherwise() {
        let built_in = checked("").expect("right");
        assert_eq!(built_in.when.next(at("2026-11-29T02:59:59Z")), Some(at("2026-11-29T03:00:00Z")));
        assert_eq!(built_in.when.next(at("2026-11-29T03:00:00Z")), Some(at("2026-11-30T03:00:00Z")));
        let off = checked("[check]\nat = \"off\"\n").expect("right");
        assert_eq!(off.when.next(at("2026-11-29T03:00:00Z")), None);
        let every = checked("[check]\nevery = \"10m\"\n").expect("right");
        assert_eq!(every.when.next(at("2026-11-29T03:00:00Z")), Some(at("2026-11-29T03:10:00Z")));
    }

    #[test]
    fn a_night_that_skips_or_repeats_the_hour_has_one_check() {
        let berlin = checked("[check]\nat = \"02:30\"\nzone = \"Europe/Berlin\"\n").expect("right").when;
        // 02:30 does not exist on the last Sunday of March; 03:30 is as long after midnight.
        assert_eq!(berlin.next(at("2026-03-29T00:00:00Z")), Some(at("2026-03-29T01:30:00Z")));
        assert_eq!(berlin.next(at("2026-03-29T01:30:00Z")), Some(at("2026-03-30T00:30:00Z")));
        assert_eq!(berlin.next(at("2026-10-24T22:30:00Z")), Some(at("2026-10-25T00:30:00Z")));
        assert_eq!(berlin.next(at("2026-10-25T00:30:00Z")), Some(at("2026-10-26T01:30:00Z")));
    }

    #[test]
    fn every_problem_is_named() {
        let text = "[check]\nat = \"noonish\"\nzone = \"Mars/Base\"\nevery = \"1ms\"\nkeep = 0\n";
        let problems = checked(text).expect_err("wrong");
        for place in ["check.at: `noonish`", "check.zone: `Mars/Base`", "check.every: `1ms`", "check.keep: 0 "] {
            assert!(problems.contains(place), "{problems}");
        }
    }
}
