//! The program's wiring: configuration, clock, the worker's loop, deliveries, and the order in which all of it stops.
//!
//! In: what the command line has read. Out: running threads, and figures about what they did. Everything that decides a
//! number is below; this floor only carries inputs to the engine and outputs away. It refuses to print: what people read
//! is made by `cli`.

pub mod calendar;
pub mod catalogue;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod describe;
pub mod event_log;
pub mod inspect;
pub mod live;
pub mod playback;
pub mod postgres;
pub mod privacy;
pub mod rebuild;
pub mod reject;
pub mod replay;
pub mod resume;
pub mod retention;
pub mod selfcheck;
pub mod settings;
pub mod starting;
pub mod synthetic;
pub mod writer;
