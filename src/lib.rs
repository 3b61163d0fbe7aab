#![doc = include_str!("ARCHITECTURE.md")]
//! # Floors
//!
//! A file imports only from lower floors, or from its own directory. Two directories on one floor never see each other; what
//! they share lives in `model`. A test holds this (`tests/it/architecture.rs`), and the compiler holds the waterline:
//! without the feature `io` only F0 to F4 are built.
//!
//! | floor | directories | what they may use |
//! | --- | --- | --- |
//! | F8 | `cli` | anything |
//! | F7 | `app`, `audit` | the wall clock, threads |
//! | F6 | `source`, `sink`, `serve` | files, sockets |
//! | F5 | `handoff` | threads meet here |
//! | | *the waterline* | |
//! | F4 | `engine` | nothing of the outside world: no clock, no file, no socket, no thread, no global, no output |
//! | F3 | `history` | the same |
//! | F2 | `stats` | the same |
//! | F1 | `decode`, `fold`, `simulate` | the same |
//! | F0 | `model` | the same |

#![deny(unsafe_code)]
#![warn(clippy::disallowed_methods, clippy::unwrap_used)]

#[cfg(feature = "io")]
pub mod app;
#[cfg(feature = "io")]
pub mod audit;
#[cfg(feature = "io")]
pub mod cli;
pub mod decode;
pub mod engine;
pub mod fold;
#[cfg(feature = "io")]
pub mod handoff;
pub mod history;
pub mod model;
#[cfg(feature = "io")]
pub mod serve;
pub mod simulate;
#[cfg(feature = "io")]
pub mod sink;
#[cfg(feature = "io")]
pub mod source;
pub mod stats;
