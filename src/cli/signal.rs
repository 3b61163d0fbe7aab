//! Ctrl-C and termination: the first asks everything to stop, the second ends the program at once.
//!
//! Wrappers that run programs tend to send one signal twice, to the program and to its group; signals that close together
//! are one.

#![expect(clippy::disallowed_methods, reason = "two signals close together are one")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::exit::{Code, Failure};
use super::output;
use crate::handoff::stop::Stop;

/// How far apart signals are that somebody sent on purpose.
const ONE_SIGNAL: Duration = Duration::from_millis(300);

/// Which signal came, if any.
#[derive(Clone, Debug, Default)]
pub struct Signal {
    number: Arc<AtomicI32>,
}

impl Signal {
    /// Watches for signals; the first one sets `stop`.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn watch(stop: Stop) -> Result<Self, Failure> {
        let failed = |error| Failure::new(Code::Unexpected, format!("failed to watch for signals: {error}"));
        let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(failed)?;
        let signal = Self::default();
        let number = Arc::clone(&signal.number);
        std::thread::Builder::new()
            .name("signal".into())
            .spawn(move || {
                let mut first: Option<Instant> = None;
                for received in signals.forever() {
                    if first.get_or_insert_with(Instant::now).elapsed() > ONE_SIGNAL {
                        output::note("stopped at once");
                        std::process::exit(code(received) as i32);
                    }
                    number.store(received, Ordering::SeqCst);
                    stop.stop();
                }
            })
            .map_err(failed)?;
        Ok(signal)
    }

    /// How a command ends that a signal cut short; `None` if none came.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self.number.load(Ordering::SeqCst) {
            0 => None,
            number => Some(code(number)),
        }
    }
}

fn code(number: i32) -> Code {
    if number == SIGTERM { Code::Terminated } else { Code::Interrupted }
}
