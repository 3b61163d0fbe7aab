//! Who sits where, serves what and works when, and how many customers that staff can take.
//!
//! Made once when a floor opens. Shifts and pauses are computed from the seat and the day, so nothing about the future has
//! to be stored. This file knows nothing of calls.

use super::line::Text;
use super::random::Random;
use super::scenario::{Profile, Routing, Scenario};
use super::state::{PAUSES, Pause, Presence, Queue, Seat};
use crate::model::time::{Micros, Span};

/// Hours as a duration.
const fn hours(n: i64) -> Span {
    Span::from_mins(60 * n)
}

/// Slots of the daily curve.
const SLOTS: usize = 96;
const SLOT: Span = Span::from_mins(15);
/// Share of a shift that pauses take: 70 minutes of eight hours, a meeting now and then, and the handover.
const AWAY_SHARE: f64 = 0.15;
/// How busy agents shall be when the scenario leaves the number of calls open.
const OCCUPANCY: f64 = 0.85;

/// One stretch of work at a seat.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shift {
    /// Which of the seat's agents works it: 0, 1 or 2.
    pub(super) turn: u32,
    pub(super) start: Micros,
    pub(super) end: Micros,
}

/// The shift of a seat that runs at `now`, or the first one after.
pub(super) fn shift(scenario: &Scenario, seat: u32, now: Micros) -> Shift {
    // Seats are spread evenly over the possible starts, whatever their number: multiples of the golden ratio.
    let spread = (f64::from(seat) * 0.618_033_988_749_895).fract();
    let day = hours(24);
    let stagger = Span((spread * hours(8).0 as f64) as i64);
    let (first, period, length, turns) = match scenario.profile {
        // Without an end; the beginning only spreads the pauses.
        Profile::Flat => return Shift { turn: 0, start: scenario.start - stagger, end: Micros::MAX },
        Profile::AlwaysBusy => (stagger, hours(8), hours(8), 3),
        Profile::Office => {
            let first = match spread {
                s if s < 0.05 => hours(22),
                s if s < 0.13 => Span::from_mins(13 * 60 + 30),
                s => Span::from_mins(7 * 60 + 30 * ((s * 97.0).fract() * 8.0) as i64),
            };
            (first, day, Span::from_mins(510), 1)
        }
    };
    let local = now + scenario.utc_offset;
    let begun = (local - Micros(first.0)).0.div_euclid(period.0);
    let nth = |n: i64| Micros(first.0 + n * period.0) - scenario.utc_offset;
    let n = if now < nth(begun) + length { begun } else { begun + 1 };
    Shift { turn: n.rem_euclid(turns) as u32, start: nth(n), end: nth(n) + length }
}

/// Lunch, two breaks and sometimes a meeting or coaching, for a shift from `start`; in the order of time.
pub(super) fn pauses(start: Micros, random: &mut Random) -> [Option<Pause>; PAUSES] {
    let mut pause = |after: i64, jitter: i64, low: i64, high: i64, reason: &'static str| {
        let at = start + Span(Span::from_mins(after).0 + random.between(0, Span::from_mins(jitter).0));
        Some(Pause { at, length: Span(random.between(Span::from_secs(low).0, Span::from_secs(high).0)), reason })
    };
    let first = pause(90, 40, 12 * 60, 17 * 60, "Break");
    let lunch = pause(210, 60, 30 * 60, 45 * 60, "Lunch");
    let second = pause(340, 50, 12 * 60, 17 * 60, "Break");
    let meeting = pause(150, 50, 20 * 60, 40 * 60, "Meeting");
    let coaching = pause(300, 30, 15 * 60, 25 * 60, "Coaching");
    let (met, coached) = (random.chance(0.2), random.chance(0.1));
    let mut pauses = [first, lunch, second, meeting.filter(|_| met), coaching.filter(|_| coached)];
    pauses.sort_by_key(|pause| pause.map_or(Micros::MAX, |pause| pause.at));
    pauses
}

/// The numbering plan: every kind of number has its first digit, and as many digits as the largest kind needs.
fn width(scenario: &Scenario) -> usize {
    let largest = (scenario.agents.max(scenario.queues)).to_string().len();
    largest.max(3)
}

/// The identity of the agent who works this turn at this seat.
pub(super) fn agent(scenario: &Scenario, seat: u32, turn: u32) -> Text {
    let n = u64::from(scenario.agent_offset) + u64::from(turn) * u64::from(scenario.agents) + u64::from(seat) + 1;
    let width = width(scenario) + usize::from(scenario.profile == Profile::AlwaysBusy && scenario.agents > 333);
    Text::numbered("1", n, width)
}

/// The queues, and for each the sum of the weights up to it.
pub(super) fn queues(scenario: &Scenario, random: &mut Random) -> (Vec<Queue>, Vec<f64>) {
    let width = width(scenario);
    let mut sum = 0.0;
    (0..scenario.queues)
        .map(|n| {
            let routing_point = match scenario.routing {
                Routing::Acd => false,
                Routing::RoutingPoint => true,
                Routing::Mixed => n % 4 == 3,
            };
            sum += 0.5 + random.unit();
            let queue = Queue {
                number: Text::numbered(if routing_point { "9" } else { "8" }, u64::from(n) + 1, width),
                dnis: Text::numbered("800555", u64::from(n) + 100, 4),
                routing_point,
                plain: routing_point && n % 8 == 7,
                ..Queue::default()
            };
            (queue, sum)
        })
        .unzip()
}

/// Routing points in front of the queues: the second kind says nothing but requests and their use.
pub(super) fn fronts(scenario: &Scenario) -> Vec<Text> {
    let count = if scenario.routing == Routing::Mixed { 2 } else { 0 };
    (1..=count).map(|n| Text::numbered("5", n, width(scenario))).collect()
}

/// The seats, each with the queues it serves: as many for a queue as its weight asks, and every queue somebody.
pub(super) fn seats(scenario: &Scenario, queues: &mut [Queue], weights: &[f64], random: &mut Random) -> Vec<Seat> {
    let width = width(scenario);
    let total = weights.last().copied().unwrap_or(1.0);
    let count = queues.len() as u32;
    let mut seats: Vec<Seat> = (0..scenario.agents)
        .map(|n| {
            let share = (f64::from(n) + 0.5) / f64::from(scenario.agents) * total;
            let main = weights.partition_point(|&sum| sum <= share).min(queues.len() - 1) as u32;
            let mut served = vec![main];
            for chance in [0.6, 0.3] {
                // A second skill next door, a third one anywhere.
                let other = if chance > 0.5 { (main + 1) % count } else { random.below(count) };
                if random.chance(chance) && !served.contains(&other) {
                    served.push(other);
                }
            }
            let extension = if n % 5 == 4 { Text::numbered("6", u64::from(n) + 1, width) } else { Text::EMPTY };
            seat(Text::numbered("7", u64::from(n) + 1, width), extension, served)
        })
        .collect();
    for n in 0..count {
        let seat = &mut seats[(n % scenario.agents) as usize];
        if scenario.agents < 2 * count && !seat.queues.contains(&n) {
            seat.queues.push(n);
        }
    }
    for seat in &seats {
        for &queue in &seat.queues {
            queues[queue as usize].seats += 1;
        }
    }
    seats
}

fn seat(position: Text, extension: Text, queues: Vec<u32>) -> Seat {
    Seat {
        position,
        extension,
        agent: Text::EMPTY,
        queues,
        presence: Presence::Away,
        engaged: false,
        idle: false,
        idle_token: 0,
        token: 0,
        shift: 0,
        pauses: [None; PAUSES],
        due: None,
        leaving: false,
        relief: Micros::MIN,
    }
}

/// How many customers call, by the time of day.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    per_second: [f64; SLOTS],
    max: f64,
    utc_offset: Span,
}

impl Curve {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let ripple = |slot: usize| {
            let day = std::f64::consts::TAU * slot as f64 / SLOTS as f64;
            if scenario.profile == Profile::Flat {
                1.0
            } else {
                1.0 + 0.05 * (day - 2.4).sin() + 0.04 * (3.0 * day).sin()
            }
        };
        let staff = staff_by_slot(scenario);
        let mut per_second: [f64; SLOTS] = std::array::from_fn(|slot| staff[slot] * ripple(slot));
        let sum: f64 = per_second.iter().sum();
        let factor = match scenario.calls_per_hour {
            Some(calls) if sum > 0.0 => calls.clamp(0.0, 1e9) / 3600.0 * SLOTS as f64 / sum,
            _ => OCCUPANCY * capacity_of_a_seat(scenario),
        };
        for rate in &mut per_second {
            *rate *= factor;
        }
        let max = per_second.iter().fold(0.0, |max: f64, &rate| max.max(rate));
        Self { per_second, max, utc_offset: scenario.utc_offset }
    }

    /// Calls per second at this time.
    pub(super) fn at(&self, now: Micros) -> f64 {
        let of_day = (now + self.utc_offset).0.rem_euclid(hours(24).0);
        self.per_second[(of_day / SLOT.0) as usize % SLOTS]
    }

    /// The largest rate of the day.
    pub(super) const fn max(&self) -> f64 {
        self.max
    }
}

/// Seats taken in each quarter of an hour of the local day.
fn staff_by_slot(scenario: &Scenario) -> [f64; SLOTS] {
    let mut staff = [0.0; SLOTS];
    if scenario.profile != Profile::Office {
        return [f64::from(scenario.agents); SLOTS];
    }
    for seat in 0..scenario.agents {
        let mut shift = shift(scenario, seat, scenario.start);
        let mut at = shift.start + scenario.utc_offset;
        shift.end += scenario.utc_offset;
        while at < shift.end {
            staff[(at.0.rem_euclid(hours(24).0) / SLOT.0) as usize % SLOTS] += 1.0;
            at += SLOT;
        }
    }
    staff
}

/// Customers' calls that one seat completes in a second when it is never idle.
fn capacity_of_a_seat(scenario: &Scenario) -> f64 {
    let mix = &scenario.mix;
    let secs = |span: Span| span.0 as f64 / 1e6;
    let handed_over = mix.transfer + mix.single_step_transfer + mix.queue_transfer;
    let ring = secs(scenario.ring.mean());
    let wrap = mix.wrap * secs(scenario.wrap.mean());
    let together = mix.transfer + mix.consult + mix.conference;
    let conferred = mix.conference + mix.single_step_conference;
    let handling = secs(scenario.talk.mean()) * (1.0 + 0.3 * conferred)
        + (ring + wrap) * (1.0 + handed_over + 0.5 * conferred)
        + mix.hold * 25.0
        + together * 45.0
        + mix.no_answer * 45.0;
    let own = (mix.outbound_per_hour * 60.0 + mix.internal_per_hour * 40.0) / 3600.0;
    let present = if scenario.breaks { 1.0 - AWAY_SHARE } else { 1.0 };
    let callers = 1.0 - 0.8 * mix.hasty.clamp(0.0, 1.0);
    present * (1.0 - own).max(0.1) / (handling.max(1.0) * callers)
}
