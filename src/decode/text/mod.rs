//! Text logs to feed lines: what servers and clients print about an event becomes the line that would have said the same.
//!
//! ```text
//!  bytes ──lines──▶ start? ── of a message to fold ──▶ Message ──attributes──▶ {"Event":…}⏎ ──▶ the feed's decoder
//!                     └───── of anything else ───────▶ ⏎          (its other lines: ⏎)
//! ```
//!
//! A log is rewritten, not decoded: every message that counts becomes one line of the feed, every other line an empty one.
//! So line numbers stay those of the log, and everything behind (merging, order, rejects, the meaning of values) exists
//! once. What is printed is believed; whether it can be an event is for the feed's decoder to say. Nothing here reads a
//! file or a clock, fails, or keeps more than one message.

mod attribute;
mod clock;
mod ends;
mod format;
mod header;
mod json;
mod message;
mod stamp;
mod start;
mod transcriber;

pub use clock::Zone;
pub use format::Format;
pub use header::Header;
pub use transcriber::{Counts, Transcriber, Wishes};

#[cfg(test)]
mod tests;
