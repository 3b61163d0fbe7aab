//! The one place of `serve` that reads the wall clock: heartbeats and answers say what time the server has.
//!
//! Everything that concerns numbers carries its own event time; this clock only lets a reader relate its own clock to
//! the server's. Waiting is done with tokio's timers.

#![expect(clippy::disallowed_methods, reason = "tells readers what time the server has")]

use std::time::{SystemTime, UNIX_EPOCH};

use crate::model::time::Micros;

/// The server's wall clock now; the epoch itself if the clock stands before 1970.
#[must_use]
pub(super) fn server_now() -> Micros {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}
