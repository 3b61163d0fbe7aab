//! Bytes to events: the feed's lines, one JSON object each, become [`TEvent`](crate::model::tevent::TEvent)s.
//!
//! ```text
//!  bytes ──lines──▶ whole lines ──┬─ scan (vectors, predicted keys) ─┬─▶ fields ──assemble──▶ TEvent | DecodeError
//!                                 └─ tolerant (any JSON, by the byte) ┘
//! ```
//!
//! The scanner knows only the common shape: compact, no escapes, flat lists. Whatever it is unsure about goes to the
//! tolerant decoder, and both end in the same table of fields, so that what a value means is decided in one place.
//! Garbage is a [`DecodeError`], never a panic. Nothing here reads a clock or a file, or knows what an event means.

mod assemble;
mod error;
mod field;
mod guess;
pub mod lines;
pub mod ndjson;
mod number;
mod scan;
mod simd;
pub mod text;
mod tolerant;
mod unknown;
mod word;

pub use error::DecodeError;
pub use lines::Lines;
pub use ndjson::{AHEAD, Decoder, Limits, Line, Listener};
pub use unknown::{Unknown, Unknowns};
