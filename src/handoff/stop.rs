//! One word that reaches every source, in threads and in tasks: stop.
//!
//! In: one call of [`Stop::stop`]. Out: [`Stop::is_set`] for loops, [`Stop::sleep`] for threads that wait, and
//! [`Stop::wait`] for tasks. Refuses to know who asked and why.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// A request to stop that many hold and anyone can make; it is never taken back.
#[derive(Clone, Debug)]
pub struct Stop {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    stopped: Mutex<bool>,
    changed: Condvar,
    tasks: watch::Sender<bool>,
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

impl Stop {
    /// Nobody has asked yet.
    #[must_use]
    pub fn new() -> Self {
        let shared = Shared { stopped: Mutex::new(false), changed: Condvar::new(), tasks: watch::Sender::new(false) };
        Self { shared: Arc::new(shared) }
    }

    /// Asks everybody to stop.
    pub fn stop(&self) {
        *self.shared.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.changed.notify_all();
        self.shared.tasks.send_replace(true);
    }

    /// Whether somebody asked.
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self.shared.tasks.borrow()
    }

    /// Blocks this thread for `duration`, or until somebody asks to stop; returns whether somebody did.
    #[must_use]
    pub fn sleep(&self, duration: Duration) -> bool {
        let stopped = self.shared.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let (stopped, _) = self
            .shared
            .changed
            .wait_timeout_while(stopped, duration, |stopped| !*stopped)
            .unwrap_or_else(PoisonError::into_inner);
        *stopped
    }

    /// Resolves when somebody asks to stop.
    pub async fn wait(&self) {
        let mut tasks = self.shared.tasks.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail before the value is true.
        let _ = tasks.wait_for(|stopped| *stopped).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleeping_thread_wakes_when_somebody_asks_to_stop() {
        let stop = Stop::new();
        assert!(!stop.is_set());
        assert!(!stop.sleep(Duration::ZERO));
        let sleeper = {
            let stop = stop.clone();
            std::thread::spawn(move || stop.sleep(Duration::from_secs(3600)))
        };
        stop.stop();
        assert!(sleeper.join().expect("the sleeper does not panic"));
        assert!(stop.is_set());
    }
}
