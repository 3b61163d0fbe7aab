//! The single writer of a partition: names, order, fold, statistics and history behind one door.
//!
//! ```text
//!   chunk of lines ─▶ decode ─▶ order ─▶ fold ─Actions─▶ board ─▶ picture ─▶ Delta
//!                                 ▲        └──closed facts──┬──▶ intervals ─▶ RowBatch
//!                      tick ──────┴─────────────────────────┘
//! ```
//!
//! Inputs carry their time; nothing here reads a clock, a file or a socket, and nothing here fails.

pub mod explain;
pub mod log;
pub mod merge;
pub mod order;
pub mod output;
pub mod partition;
mod picture;
pub mod resume;
pub mod settings;
mod snapshot;
pub mod step;
mod telling;
pub mod view;
