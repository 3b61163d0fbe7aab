//! Ratios of counts, each under its name and with its parts. Pure arithmetic; nothing is rounded.

use crate::engine::view::{AgentFigures, QueueFigures};

/// A numerator over a denominator; undefined, not zero, while the denominator is not positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ratio {
    /// The part.
    pub numerator: i64,
    /// The whole.
    pub denominator: i64,
}

impl Ratio {
    /// `part` of `whole`.
    pub const fn new(part: i64, whole: i64) -> Self {
        Self { numerator: part, denominator: whole }
    }

    /// The quotient; `None` when there is nothing to divide by.
    pub fn value(self) -> Option<f64> {
        (self.denominator > 0).then(|| self.numerator as f64 / self.denominator as f64)
    }

    /// The quotient of a sum of milliseconds and a count, in seconds.
    pub fn seconds(self) -> Option<f64> {
        self.value().map(|ms| ms / 1000.0)
    }
}

/// The six ways to state a service level. A number never goes without its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceLevel {
    /// Answered in time, of the answered.
    Answered,
    /// Answered in time, of the answered and abandoned.
    Offered,
    /// As offered, without the calls abandoned in time.
    AbandonIgnored,
    /// As offered, calls abandoned in time count as good.
    AbandonPositive,
    /// As offered, without short abandons.
    ShortExcluded,
    /// As offered, short abandons count as good.
    ShortPositive,
}

impl ServiceLevel {
    /// All of them, in the order in which answers list them.
    pub const ALL: [Self; 6] = [
        Self::Answered,
        Self::Offered,
        Self::AbandonIgnored,
        Self::AbandonPositive,
        Self::ShortExcluded,
        Self::ShortPositive,
    ];

    /// The name, as `sl_offered`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "sl_answered",
            Self::Offered => "sl_offered",
            Self::AbandonIgnored => "sl_abandon_ignored",
            Self::AbandonPositive => "sl_abandon_positive",
            Self::ShortExcluded => "sl_short_excluded",
            Self::ShortPositive => "sl_short_positive",
        }
    }

    /// Keys of the ratio, its numerator and its denominator in JSON.
    pub(super) const fn keys(self) -> [&'static str; 3] {
        match self {
            Self::Answered => ["sl_answered_ratio", "sl_answered_numerator", "sl_answered_denominator"],
            Self::Offered => ["sl_offered_ratio", "sl_offered_numerator", "sl_offered_denominator"],
            Self::AbandonIgnored => {
                ["sl_abandon_ignored_ratio", "sl_abandon_ignored_numerator", "sl_abandon_ignored_denominator"]
            }
            Self::AbandonPositive => {
                ["sl_abandon_positive_ratio", "sl_abandon_positive_numerator", "sl_abandon_positive_denominator"]
            }
            Self::ShortExcluded => {
                ["sl_short_excluded_ratio", "sl_short_excluded_numerator", "sl_short_excluded_denominator"]
            }
            Self::ShortPositive => {
                ["sl_short_positive_ratio", "sl_short_positive_numerator", "sl_short_positive_denominator"]
            }
        }
    }

    /// This service level of `figures`.
    pub(super) const fn of(self, figures: &QueueFigures) -> Ratio {
        let within = figures.answered_within_sl;
        let offered = figures.answered + figures.abandoned;
        match self {
            Self::Answered => Ratio::new(within, figures.answered),
            Self::Offered => Ratio::new(within, offered),
            Self::AbandonIgnored => Ratio::new(within, offered - figures.abandoned_within_sl),
            Self::AbandonPositive => Ratio::new(within + figures.abandoned_within_sl, offered),
            Self::ShortExcluded => Ratio::new(within, offered - figures.abandoned_short),
            Self::ShortPositive => Ratio::new(within + figures.abandoned_short, offered),
        }
    }
}

/// Abandoned, of the answered and abandoned.
pub(super) const fn abandon(figures: &QueueFigures) -> Ratio {
    Ratio::new(figures.abandoned, figures.answered + figures.abandoned)
}

/// Average speed of answer: wait of the answered by their number, in ms a call.
pub(super) const fn asa(figures: &QueueFigures) -> Ratio {
    Ratio::new(figures.wait_answered_ms, figures.answered)
}

/// Average handling time of a queue, in ms a call.
pub(super) const fn queue_aht(figures: &QueueFigures) -> Ratio {
    Ratio::new(figures.handle_ms, figures.handled)
}

/// Average handling time of an agent, in ms a call.
pub(super) const fn agent_aht(figures: &AgentFigures) -> Ratio {
    Ratio::new(figures.handle_ms, figures.handled)
}

/// Occupancy: ringing, talking, holding and after-call work, of the time logged in and not away.
pub(super) const fn occupancy(figures: &AgentFigures) -> Ratio {
    let busy = figures.ring_ms + figures.talk_ms + figures.hold_ms + figures.acw_ms;
    Ratio::new(busy, figures.logged_in_ms - figures.not_ready_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_six_service_levels_differ_in_how_they_take_the_abandoned() {
        let figures = QueueFigures {
            answered: 80,
            answered_within_sl: 60,
            abandoned: 20,
            abandoned_short: 5,
            abandoned_within_sl: 10,
            ..QueueFigures::default()
        };
        let parts = ServiceLevel::ALL.map(|level| {
            let ratio = level.of(&figures);
            (ratio.numerator, ratio.denominator)
        });
        assert_eq!(parts, [(60, 80), (60, 100), (60, 90), (70, 100), (60, 95), (65, 100)]);
        assert_eq!(abandon(&figures).value(), Some(0.2));
    }

    #[test]
    fn a_ratio_of_nothing_is_undefined_and_not_zero() {
        for level in ServiceLevel::ALL {
            assert_eq!(level.of(&QueueFigures::default()).value(), None, "{}", level.name());
        }
        assert_eq!(occupancy(&AgentFigures::default()).value(), None);
        assert_eq!(asa(&QueueFigures::default()).seconds(), None);
    }
}
