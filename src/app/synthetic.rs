//! A simulated floor as a source: first the time before the program started, at once, then one event after another when
//! the clock shows its time.
//!
//! In: a floor and a clock. Out: feed lines to whoever takes them. Refuses to know what the floor does.

use std::io;

use super::clock::Clock;
use crate::handoff::ring::CHUNK_BYTES;
use crate::handoff::stop::Stop;
use crate::model::time::{Micros, Span};
use crate::simulate::Floor;

/// Steps in which time that is not paced passes.
const STEP: Span = Span::from_secs(1);

/// Runs `floor` until `until` as fast as possible and hands its lines on in pieces of about a chunk; `take` returns
/// whether to go on. Returns whether the end was reached.
///
/// # Errors
/// What `take` reports.
pub fn rush(
    floor: &mut Floor,
    from: Micros,
    until: Micros,
    mut take: impl FnMut(&mut Vec<u8>) -> io::Result<bool>,
) -> io::Result<bool> {
    let mut lines = Vec::with_capacity(2 * CHUNK_BYTES);
    let mut now = from;
    while now < until {
        now = (now + STEP).min(until);
        floor.run_until(now, &mut lines);
        if lines.len() >= CHUNK_BYTES {
            if !take(&mut lines)? {
                return Ok(false);
            }
            lines.clear();
        }
    }
    if lines.is_empty() { Ok(true) } else { take(&mut lines) }
}

/// Runs `floor` by `clock` until `stop` or `until`, and hands lines on as their time comes; `take` returns whether to go on.
///
/// # Errors
/// What `take` reports.
pub fn pace(
    floor: &mut Floor,
    clock: &Clock,
    until: Micros,
    stop: &Stop,
    mut take: impl FnMut(&mut Vec<u8>) -> io::Result<bool>,
) -> io::Result<()> {
    let mut lines = Vec::with_capacity(CHUNK_BYTES);
    loop {
        let next = floor.next_at();
        if next > until || stop.sleep(clock.until(next)) {
            break;
        }
        let Some(now) = clock.now() else { break };
        floor.run_until(now.min(until), &mut lines);
        if !lines.is_empty() {
            if !take(&mut lines)? {
                break;
            }
            lines.clear();
        }
    }
    Ok(())
}
