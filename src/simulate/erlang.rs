//! What queueing theory says about a floor of identical agents and impatient callers: the Erlang A model, M/M/n+M.
//!
//! Calls arrive in a Poisson stream, talk and patience are exponential, the first come is the first served, and nobody
//! who leaves calls again. The number of calls in the system is then a birth-death process with birth rate λ and death
//! rate `min(j, n)·μ + max(j − n, 0)·θ`. Sources: C. Palm, "Research on telephone traffic carried by full availability
//! groups", Tele 1 (1957); O. Garnett, A. Mandelbaum, M. Reiman, "Designing a call center with impatient customers",
//! Manufacturing & Service Operations Management 4 (2002) 208-227. Without impatience (θ = 0) it is Erlang C.
//!
//! The states are weighed relative to the state "all agents busy, nobody waiting", whose share follows from the Erlang B
//! recursion, so that neither factorials nor large powers occur. This file knows nothing of calls and events.

/// A floor in the terms of the model. Rates are per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErlangA {
    /// λ: calls per second.
    pub arrival_rate: f64,
    /// μ: calls that one agent completes per second of work; one over the mean handling time.
    pub service_rate: f64,
    /// θ: one over the mean patience; 0 for callers who wait for ever.
    pub abandon_rate: f64,
    /// n: agents.
    pub agents: u32,
}

/// What the model predicts for the long run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Share of calls that find every agent busy.
    pub wait_probability: f64,
    /// Mean time in queue of all calls, answered or not, in seconds; infinite when the queue grows without bound.
    pub wait_mean_secs: f64,
    /// Share of calls that give up.
    pub abandon_probability: f64,
    /// Share of time an agent is talking.
    pub occupancy: f64,
    /// Mean number of calls waiting; infinite when the queue grows without bound.
    pub waiting_mean: f64,
}

/// States beyond which the tail is cut; reached only with a patience of weeks.
const STATES_MAX: u32 = 20_000_000;

impl ErlangA {
    /// The steady state of the model. Rates that are not positive (θ: negative) or not finite count as 0.
    #[must_use]
    pub fn predict(&self) -> Prediction {
        let positive = |rate: f64| if rate.is_finite() && rate > 0.0 { rate } else { 0.0 };
        let (lambda, mu, theta) =
            (positive(self.arrival_rate), positive(self.service_rate), positive(self.abandon_rate));
        let capacity = f64::from(self.agents) * mu;
        if lambda == 0.0 {
            let wait_probability = if self.agents == 0 { 1.0 } else { 0.0 };
            return Prediction {
                wait_probability,
                wait_mean_secs: 0.0,
                abandon_probability: 0.0,
                occupancy: 0.0,
                waiting_mean: 0.0,
            };
        }
        if theta == 0.0 && lambda >= capacity {
            let occupancy = if capacity > 0.0 { 1.0 } else { 0.0 };
            return Prediction {
                wait_probability: 1.0,
                wait_mean_secs: f64::INFINITY,
                abandon_probability: 0.0,
                occupancy,
                waiting_mean: f64::INFINITY,
            };
        }
        // Weights relative to the state with all agents busy and nobody waiting.
        let below = if mu > 0.0 { inverse_blocking(lambda / mu, self.agents) } else { 1.0 };
        let (below, waiting, waiting_times_count) = tail(below, lambda, capacity, theta);
        let all = below.total + waiting;
        let wait_probability = (below.busy + waiting) / all;
        let waiting_mean = waiting_times_count / all;
        let abandon_probability = (theta * waiting_mean / lambda).min(1.0);
        let occupancy = if capacity > 0.0 { lambda * (1.0 - abandon_probability) / capacity } else { 0.0 };
        Prediction {
            wait_probability,
            wait_mean_secs: waiting_mean / lambda,
            abandon_probability,
            occupancy,
            waiting_mean,
        }
    }
}

/// One over the blocking probability of Erlang B with `load` erlangs on `agents` lines: the weight of all states with
/// nobody waiting relative to the last of them. May be infinite, for a floor whose agents are never all busy.
fn inverse_blocking(load: f64, agents: u32) -> f64 {
    (1..=agents).fold(1.0, |inverse, n| 1.0 + inverse * f64::from(n) / load)
}

/// Weights of the states in which nobody waits, on the scale of the sums beside them.
struct Below {
    total: f64,
    busy: f64,
}

/// The weights below, the weight of all states with somebody waiting, and the same weighted with how many wait.
fn tail(inverse_blocking: f64, lambda: f64, capacity: f64, theta: f64) -> (Below, f64, f64) {
    const SCALE: f64 = 1e-200;
    let mut below = Below { total: inverse_blocking, busy: 1.0 };
    if theta == 0.0 {
        let load = lambda / capacity;
        return (below, load / (1.0 - load), load / (1.0 - load).powi(2));
    }
    let (mut term, mut sum, mut weighted) = (1.0, 0.0, 0.0);
    for waiting in 1..=STATES_MAX {
        let waiting = f64::from(waiting);
        let ratio = lambda / (capacity + waiting * theta);
        term *= ratio;
        sum += term;
        weighted += waiting * term;
        if sum > 1.0 / SCALE {
            // An overloaded floor: the likely states are far out, so bring everything back into range.
            for value in [&mut term, &mut sum, &mut weighted, &mut below.total, &mut below.busy] {
                *value *= SCALE;
            }
        }
        if ratio < 1.0 && waiting * term < weighted * 1e-17 * (1.0 - ratio) {
            break;
        }
    }
    (below, sum, weighted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(arrival_rate: f64, service_rate: f64, abandon_rate: f64, agents: u32) -> Prediction {
        ErlangA { arrival_rate, service_rate, abandon_rate, agents }.predict()
    }

    fn close(a: f64, b: f64, tolerance: f64) -> bool {
        (a - b).abs() <= tolerance * b.abs().max(1e-12)
    }

    #[test]
    fn patience_as_long_as_talk_gives_a_poisson_number_of_calls() {
        // θ = μ: every call leaves at the same rate, waiting or not, as with infinitely many agents.
        let (load, agents) = (18.0_f64, 20_u32);
        let mut weight = (-load).exp();
        let (mut below, mut waiting) = (0.0, 0.0);
        for j in 0..200_u32 {
            if j < agents {
                below += weight;
            } else {
                waiting += f64::from(j - agents) * weight;
            }
            weight *= load / f64::from(j + 1);
        }
        let got = model(load, 1.0, 1.0, agents);
        assert!(close(got.wait_probability, 1.0 - below, 1e-9));
        assert!(close(got.waiting_mean, waiting, 1e-9));
        assert!(close(got.abandon_probability, waiting / load, 1e-9));
    }

    #[test]
    fn endless_patience_is_erlang_c() {
        // One agent at 80 %: P(wait) = 0.8, mean wait = ρ / (μ − λ) = 4.
        let got = model(0.8, 1.0, 0.0, 1);
        assert!(close(got.wait_probability, 0.8, 1e-12) && close(got.wait_mean_secs, 4.0, 1e-12));
        let nearly = model(0.8, 1.0, 1e-9, 1);
        assert!(close(nearly.wait_mean_secs, 4.0, 1e-5) && close(nearly.occupancy, 0.8, 1e-6));
        assert_eq!(model(2.0, 1.0, 0.0, 1).wait_mean_secs, f64::INFINITY);
    }

    #[test]
    fn no_patience_is_erlang_b() {
        // Two erlangs on two lines: B = 2 / (1 + 2 + 2) = 0.4.
        assert!(close(model(2.0, 1.0, 1e9, 2).wait_probability, 0.4, 1e-6));
        assert!(close(model(2.0, 1.0, 1e9, 2).abandon_probability, 0.4, 1e-6));
    }

    #[test]
    fn hopeless_overload_and_idle_floors_stay_finite() {
        let overload = model(1000.0, 1.0, 0.01, 10);
        assert!(close(overload.abandon_probability, 0.99, 1e-9) && close(overload.occupancy, 1.0, 1e-9));
        assert!(overload.wait_probability > 0.999_999);
        let idle = model(0.001, 1.0, 0.01, 5000);
        assert_eq!((idle.wait_probability, idle.wait_mean_secs), (0.0, 0.0));
        assert!(close(model(1.0, 1.0, 0.1, 0).abandon_probability, 1.0, 1e-9));
        let large = model(4000.0, 1.0, 0.5, 4000);
        assert!(large.wait_probability > 0.3 && large.wait_probability < 0.7 && large.abandon_probability < 0.02);
    }
}
