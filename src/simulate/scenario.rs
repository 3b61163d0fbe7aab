//! What a simulated floor is made of: how many agents and queues, when calls come, how long people talk and wait.
//!
//! Plain data with believable defaults. [`Scenario::default`] is a mid-sized service centre that is lively at any hour;
//! [`Scenario::erlang_a`] strips it down to the textbook model that [`super::erlang`] can solve. This file refuses to know
//! how the floor behaves.

use super::random::Random;
use crate::model::time::{Micros, Span};

/// A law that durations follow. Draws are never negative and end at seven days.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// Always the same.
    Fixed(Span),
    /// Uniform between two durations.
    Uniform(Span, Span),
    /// Memoryless, with this mean.
    Exponential(Span),
    /// What talk and patience look like in practice.
    LogNormal {
        /// The mean (not the median).
        mean: Span,
        /// Standard deviation over mean.
        spread: f64,
    },
}

impl Law {
    /// One duration drawn from the law.
    pub fn draw(&self, random: &mut Random) -> Span {
        let micros = match *self {
            Self::Fixed(span) => return Span(span.0.max(0)),
            Self::Uniform(low, high) => return Span(random.between(low.0, high.0).max(0)),
            Self::Exponential(mean) => random.exponential(mean.0 as f64),
            Self::LogNormal { mean, spread } => {
                let variance = (1.0 + spread * spread).ln();
                mean.0 as f64 * (variance.sqrt() * random.normal() - variance / 2.0).exp()
            }
        };
        // The cast saturates, so that no parameter can make time run backwards.
        Span((micros as i64).clamp(0, Span::from_mins(7 * 24 * 60).0))
    }

    /// The mean of the law.
    #[must_use]
    pub const fn mean(&self) -> Span {
        match *self {
            Self::Fixed(span) | Self::Exponential(span) | Self::LogNormal { mean: span, .. } => span,
            Self::Uniform(low, high) => Span(low.0 + (high.0 - low.0) / 2),
        }
    }

    /// Whether every draw is zero.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        matches!(*self, Self::Fixed(Span(n)) if n <= 0)
    }
}

/// When people work and call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Every seat is taken all day by one agent, and calls come at one rate.
    Flat,
    /// One shift a day per seat, most between 7 and 19 o'clock, a few at night; calls follow the staff.
    Office,
    /// Three agents share each seat round the clock, as a desk that is handed from site to site; calls swing a little.
    AlwaysBusy,
}

/// How a call finds its agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routing {
    /// Straight into an ACD queue, which distributes it.
    Acd,
    /// Calls wait at a routing point, which sends them to an agent.
    RoutingPoint,
    /// Three queues of four are ACD queues, half of whose calls come through a routing point; the fourth is a routing point.
    Mixed,
}

/// How often things happen that are not a plain call. All but the last two are probabilities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mix {
    /// An offered call rings until the switch takes it away from the agent.
    pub no_answer: f64,
    /// A caller hangs up within seconds, whatever happens.
    pub hasty: f64,
    /// The agent has after-call work.
    pub wrap: f64,
    /// Per talk: the agent holds and retrieves the call.
    pub hold: f64,
    /// Per talk: consultation, then the caller is transferred (two-step; one in four before the colleague answers).
    pub transfer: f64,
    /// Per talk: consultation, then the agent takes the caller back.
    pub consult: f64,
    /// Per talk: single-step transfer to a colleague or a queue.
    pub single_step_transfer: f64,
    /// Per talk: two-step transfer into another ACD queue.
    pub queue_transfer: f64,
    /// Per talk: two-step conference.
    pub conference: f64,
    /// Per talk: single-step conference.
    pub single_step_conference: f64,
    /// Outbound calls per seat and hour.
    pub outbound_per_hour: f64,
    /// Internal calls per seat and hour.
    pub internal_per_hour: f64,
}

impl Mix {
    /// Plain calls only.
    pub const NONE: Self = Self {
        no_answer: 0.0,
        hasty: 0.0,
        wrap: 0.0,
        hold: 0.0,
        transfer: 0.0,
        consult: 0.0,
        single_step_transfer: 0.0,
        queue_transfer: 0.0,
        conference: 0.0,
        single_step_conference: 0.0,
        outbound_per_hour: 0.0,
        internal_per_hour: 0.0,
    };
}

impl Default for Mix {
    /// Rates as seen on service desks.
    fn default() -> Self {
        Self {
            no_answer: 0.02,
            hasty: 0.03,
            wrap: 0.8,
            hold: 0.15,
            transfer: 0.05,
            consult: 0.03,
            single_step_transfer: 0.03,
            queue_transfer: 0.02,
            conference: 0.015,
            single_step_conference: 0.01,
            outbound_per_hour: 0.7,
            internal_per_hour: 0.5,
        }
    }
}

/// Everything that decides what a floor does. The same scenario gives the same bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Seats: agents at work at the busiest time; 1 to 1 000 000. With [`Profile::AlwaysBusy`] three agents share a seat.
    pub agents: u32,
    /// Queues (ACD queues and routing points that serve agents); 1 to 100 000.
    pub queues: u32,
    /// Seed of all chance.
    pub seed: u64,
    /// When the floor opens; no event is earlier.
    pub start: Micros,
    /// `Switch` of every line.
    pub switch: String,
    /// Customers' calls per hour, on average over a day; `None`: as many as keep agents 85 % busy.
    pub calls_per_hour: Option<f64>,
    /// When people work and call.
    pub profile: Profile,
    /// Local time minus UTC, for the profile.
    pub utc_offset: Span,
    /// How a call finds its agent.
    pub routing: Routing,
    /// How long a caller waits before hanging up.
    pub patience: Law,
    /// How long a phone rings before the agent answers; kept between 0.1 and 6 seconds unless it is fixed.
    pub ring: Law,
    /// Talk time of a customer's call, over all its agents.
    pub talk: Law,
    /// After-call work.
    pub wrap: Law,
    /// Whether agents take lunch, breaks and meetings.
    pub breaks: bool,
    /// Whether the floor opens in full swing, with calls at most desks within seconds, instead of empty.
    pub warm: bool,
    /// How often things happen that are not a plain call.
    pub mix: Mix,
    /// Added to every agent's number, so that the floors of several switches have different agents.
    pub agent_offset: u32,
}

impl Default for Scenario {
    /// Fifty seats and six queues on switch `east`, lively at any hour.
    fn default() -> Self {
        Self {
            agents: 50,
            queues: 6,
            seed: 1,
            start: Micros::from_parts(1_700_000_000, 0),
            switch: "east".to_owned(),
            calls_per_hour: None,
            profile: Profile::AlwaysBusy,
            utc_offset: Span(0),
            routing: Routing::Mixed,
            patience: Law::LogNormal { mean: Span::from_secs(200), spread: 1.1 },
            ring: Law::LogNormal { mean: Span::from_millis(2600), spread: 0.6 },
            talk: Law::LogNormal { mean: Span::from_secs(190), spread: 0.9 },
            wrap: Law::LogNormal { mean: Span::from_secs(35), spread: 0.7 },
            breaks: true,
            warm: true,
            mix: Mix::default(),
            agent_offset: 0,
        }
    }
}

impl Scenario {
    /// The Erlang A model as a floor: one ACD queue, `agents` agents who do nothing else, calls at rate `lambda`, exponential
    /// talk with rate `mu` and patience with rate `theta`, all per second; no ring or wrap time. Its events obey
    /// [`super::erlang::ErlangA`] in the long run. Rates must be positive.
    #[must_use]
    pub fn erlang_a(lambda: f64, mu: f64, theta: f64, agents: u32) -> Self {
        let mean = |rate: f64| Span((1e6 / rate).round() as i64);
        Self {
            agents,
            queues: 1,
            calls_per_hour: Some(lambda * 3600.0),
            profile: Profile::Flat,
            routing: Routing::Acd,
            patience: Law::Exponential(mean(theta)),
            ring: Law::Fixed(Span(0)),
            talk: Law::Exponential(mean(mu)),
            wrap: Law::Fixed(Span(0)),
            breaks: false,
            warm: false,
            mix: Mix::NONE,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laws_keep_their_means_and_survive_nonsense() {
        let mut random = Random::new(3);
        let second = Span::from_secs(1);
        for law in [
            Law::Fixed(second),
            Law::Uniform(Span(0), Span::from_secs(2)),
            Law::Exponential(second),
            Law::LogNormal { mean: second, spread: 0.8 },
        ] {
            let sum: i64 = (0..100_000).map(|_| law.draw(&mut random).0).sum();
            assert!((sum as f64 / 1e11 - 1.0).abs() < 0.02, "{law:?}");
            assert_eq!(law.mean(), second);
        }
        let absurd = Law::LogNormal { mean: Span(i64::MAX), spread: f64::NAN };
        assert!(absurd.draw(&mut random).0 >= 0);
        assert_eq!(Law::Fixed(Span(-5)).draw(&mut random), Span(0));
    }
}
