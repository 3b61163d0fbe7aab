//! The only clock by which event time is judged: the wall clock, or one that plays recorded or simulated time at a speed.
//!
//! In: an instant of event time to start from, and a speed. Out: the event time that it is now, and how long to wait for
//! a later one. Refuses to know what happens at any instant.

#![expect(clippy::disallowed_methods, reason = "the clock that all others ask")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::model::time::{Micros, Span};

/// The wall clock now; the epoch itself if the clock stands before 1970.
#[must_use]
pub fn wall_now() -> Micros {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

/// A clock that all threads of a run share.
#[derive(Clone, Debug)]
pub struct Clock {
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Wall,
    Played { speed: f64, state: Arc<Mutex<Played>> },
}

#[derive(Clone, Copy, Debug)]
enum Played {
    /// Waits for its first event.
    Waiting,
    /// Showed `from` at `since`, and has run ever since.
    Running { from: Micros, since: Instant },
    /// Stands.
    Standing { at: Micros },
}

impl Clock {
    /// The wall clock.
    #[must_use]
    pub fn wall() -> Self {
        Self { kind: Kind::Wall }
    }

    /// A clock that will run at `speed` event seconds a second once it is started; `speed` is positive.
    #[must_use]
    pub fn played(speed: f64) -> Self {
        assert!(speed > 0.0 && speed.is_finite(), "the speed was checked when it was read");
        Self { kind: Kind::Played { speed, state: Arc::new(Mutex::new(Played::Waiting)) } }
    }

    /// Starts a played clock at `from`; no effect on the wall clock.
    pub fn start(&self, from: Micros) {
        self.set(Played::Running { from, since: Instant::now() });
    }

    /// Stops a played clock at `at`; no effect on the wall clock.
    pub fn stand(&self, at: Micros) {
        self.set(Played::Standing { at });
    }

    fn set(&self, played: Played) {
        if let Kind::Played { state, .. } = &self.kind {
            *state.lock().unwrap_or_else(PoisonError::into_inner) = played;
        }
    }

    /// Event seconds a second.
    #[must_use]
    pub fn speed(&self) -> f64 {
        match &self.kind {
            Kind::Wall => 1.0,
            Kind::Played { speed, .. } => *speed,
        }
    }

    /// The event time that it is now; `None` before a played clock was started.
    #[must_use]
    pub fn now(&self) -> Option<Micros> {
        let Kind::Played { speed, state } = &self.kind else { return Some(wall_now()) };
        let state = *state.lock().unwrap_or_else(PoisonError::into_inner);
        match state {
            Played::Waiting => None,
            Played::Standing { at } => Some(at),
            Played::Running { from, since } => Some(from + Span((since.elapsed().as_secs_f64() * speed * 1e6) as i64)),
        }
    }

    /// How long until it is `instant`; zero if it is past or the clock does not run.
    #[must_use]
    pub fn until(&self, instant: Micros) -> Duration {
        let Some(now) = self.now() else { return Duration::ZERO };
        let micros = (instant - now).0.max(0);
        // A day is as good as for ever for whoever waits in slices, and keeps the conversion in range.
        Duration::from_secs_f64((micros as f64 / 1e6 / self.speed()).min(86_400.0))
    }

    /// Whether a source whose last event was at `last` is live by this clock, so that time passes without its events.
    #[must_use]
    pub fn is_live(&self, last: Micros) -> bool {
        match &self.kind {
            Kind::Wall => last > wall_now() - Span::from_mins(10),
            Kind::Played { .. } => last > Micros::MIN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_played_clock_starts_with_its_first_event_and_runs_at_its_speed() {
        let clock = Clock::played(1000.0);
        assert_eq!(clock.now(), None);
        clock.start(Micros(5_000_000));
        let now = clock.now().expect("started");
        assert!(now >= Micros(5_000_000));
        let wait = clock.until(now + Span::from_secs(1000));
        assert!(wait <= Duration::from_secs(1) && wait > Duration::from_millis(1), "{wait:?}");
        clock.stand(Micros(7));
        assert_eq!(clock.now(), Some(Micros(7)));
        assert_eq!(clock.until(Micros(3)), Duration::ZERO);
    }

    #[test]
    fn a_recording_of_long_ago_is_not_live_by_the_wall_clock() {
        let clock = Clock::wall();
        assert!(!clock.is_live(Micros(0)));
        assert!(clock.is_live(wall_now() - Span::from_secs(30)));
        assert!(!Clock::played(1.0).is_live(Micros::MIN));
    }
}
