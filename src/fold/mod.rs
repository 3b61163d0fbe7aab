//! Telephony: TEvents in, [`Action`](crate::model::action::Action)s and closed facts out.
//!
//! The state machines of agents, devices, parties, calls and queue stays. Everything is a function of the ordered events
//! and their times: no clock, no I/O, no randomness, and nothing here can fail. What the switch says that cannot be is
//! counted by kind ([`anomaly::Anomaly`]) and folded as far as it makes sense.
//!
//! ```text
//!            ┌── agent ── clock ── wrap        who is logged in, his status, his after-call work
//!  TEvent ─▶ world ── party ── leg             one device in one call, and its attempt to handle it
//!            ├── stay ── route                 one call in one queue, where it went, and who said so
//!            └── call ── attached              what they all belong to, and what applications attached to it
//!                  └──── link ── contact       which calls are one contact of a customer
//! ```
//!
//! This module refuses to know what is counted, any window, threshold or interval, and how a row is stored.

pub mod agent;
pub mod anomaly;
mod attached;
mod attribution;
mod call;
mod clock;
mod contact;
mod cut;
mod departure;
mod device;
pub mod ending;
pub mod foresee;
mod itinerary;
mod leg;
mod link;
mod login;
mod offer;
mod outbox;
mod part;
mod party;
mod predictive;
pub mod privacy;
mod release;
mod route;
pub mod router;
mod service;
mod slab;
mod snapshot;
mod source;
mod stay;
mod tally;
mod trail;
mod transfer;
mod treatment;
pub mod world;
mod wrap;

pub use outbox::Outbox;
pub use world::World;
