//! A simulated contact centre that speaks T-Library events as feed lines.
//!
//! [`Floor`] takes a [`Scenario`] and a time and appends NDJSON lines: customers call, wait, give up or reach agents, who
//! hold, consult, transfer, confer, wrap up, take breaks and go home. Each line is an event as a switch would say it, in
//! the order of time, with contiguous sequence numbers. [`erlang`] holds the theory that an austere floor must obey.
//!
//! The first line is `EventServerConnected`, so that a second run on the same switch starts a new epoch of sequence
//! numbers. Numbers tell what they are by their first digit: phones 7, second phones 6, ACD queues 8, routing points that
//! serve agents 9, routing points in front of queues 5, agents' ids 1; they have more digits on larger floors.
//!
//! Deterministic: the same scenario gives the same bytes, however the time is cut. No clock, no I/O, no global; the
//! floor refuses to know who reads it, and nothing here knows how events are decoded or counted.
//!
//! ```
//! use callfold::model::time::Span;
//! use callfold::simulate::{Floor, Scenario};
//!
//! let scenario = Scenario { agents: 20, ..Scenario::default() };
//! let until = scenario.start + Span::from_mins(5);
//! let mut floor = Floor::new(scenario);
//! let mut lines = Vec::new();
//! let events = floor.run_until(until, &mut lines);
//! assert_eq!(events, lines.iter().filter(|&&byte| byte == b'\n').count() as u64);
//! assert!(floor.next_at() > until);
//! ```

mod agenda;
mod caller;
mod conference;
mod consult;
mod desk;
pub mod erlang;
mod floor;
mod line;
mod own;
pub mod random;
mod roster;
pub mod scenario;
mod state;
mod talk;
#[cfg(test)]
mod tests;

pub use floor::Floor;
pub use scenario::{Law, Mix, Profile, Routing, Scenario};
