//! What the last self-check of the stored rows found, in figures.
//!
//! In: what the checking thread says when it has ended. Out: the same to whoever shows it. Refuses to know what is checked.

use std::sync::{Mutex, PoisonError};

use crate::model::time::{Micros, Span};

/// One self-check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// When it ended, by the wall clock.
    pub ended_at: Micros,
    /// How long it took.
    pub took: Span,
    /// Days judged, each tenant's and each store's counted.
    pub days: u64,
    /// Rows read.
    pub rows: u64,
    /// How often a law was broken that holds whatever the switch has said.
    pub certain: u64,
    /// How often one was that holds unless the switch contradicted itself.
    pub expected: u64,
    /// Why it could not be carried to its end.
    pub trouble: Option<String>,
}

/// The last self-check, shared by who runs it and those who show it.
#[derive(Debug, Default)]
pub struct SelfCheck {
    last: Mutex<Option<Checked>>,
}

impl SelfCheck {
    /// The last one; `None` before the first.
    #[must_use]
    pub fn last(&self) -> Option<Checked> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another one has ended.
    pub fn set(&self, checked: Checked) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(checked);
    }
}
