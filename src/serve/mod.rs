//! What people and machines read: the live board, its HTTP API and event stream, metrics, and the wallboard page.
//!
//! In: [`Delta`](crate::engine::view::Delta)s from a publisher thread, through [`Board::apply`]. Out: bytes for
//! readers. Nothing here can reach the engine, and no reader can slow the publisher down: a change is encoded once, put
//! into a bounded ring, and every reader takes what it has missed at its own pace, or a snapshot when it has missed too
//! much.
//!
//! ```text
//!  publisher ──apply──▶ board ──ring of frames──▶ stream  ──▶ GET /api/v1/live/stream
//!                         │                └────▶ snapshot ─▶ GET /api/v1/live/snapshot
//!                         ├── views ─▶ object ──▶ http     ─▶ GET /api/v1/queues, /api/v1/agents
//!                         └── totals ───────────▶ metrics  ─▶ GET /metrics
//! ```
//!
//! It refuses to know where numbers come from, and takes no events in.

pub mod board;
mod clock;
mod compress;
mod frame;
pub mod guard;
mod health;
pub mod http;
mod info;
mod list;
pub mod metrics;
mod object;
mod problem;
mod ratio;
mod request;
mod spark;
pub mod starting;
mod stream;
#[cfg(test)]
mod tests;
mod wallboard;

pub use board::Board;
pub use http::{not_found, router};
pub use info::BoardInfo;
pub use ratio::ServiceLevel;
