//! Rows on their way to a database, in figures: how many wait, how far it is, what is in the way.
//!
//! In: what the writing thread counts. Out: the same to whoever shows it. Refuses to know which database it is.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::time::Micros;

/// What the writing thread does at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// The database cannot be reached, or refuses.
    #[default]
    Away,
    /// Another program with our name writes.
    StandsBy,
    /// We write.
    Writes,
}

impl Role {
    /// Its word in answers and labels.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::StandsBy => "stands_by",
            Self::Writes => "writes",
        }
    }
}

/// Figures shared by those who count and those who show.
#[derive(Debug, Default)]
pub struct Backlog {
    /// Batches on disk.
    pub segments: AtomicU64,
    /// Rows in them.
    pub rows: AtomicU64,
    /// Bytes of them.
    pub bytes: AtomicU64,
    /// Most bytes that may wait.
    pub bytes_max: AtomicU64,
    /// Whether rows wait in memory because there is no more room on disk.
    pub full: AtomicBool,
    /// Rows written since the program started.
    pub rows_written: AtomicU64,
    /// Batches put aside because the database refuses their content, since the program started.
    pub segments_refused: AtomicU64,
    /// Event time up to which rows are in the database, in microseconds; `i64::MIN` before the first.
    watermark: AtomicI64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    role: Role,
    trouble: Option<String>,
    /// Why rows do not even get to our disk.
    hindrance: Option<String>,
}

impl Backlog {
    /// Nothing waits.
    #[must_use]
    pub fn new(bytes_max: u64) -> Self {
        Self { bytes_max: bytes_max.into(), watermark: Micros::MIN.0.into(), ..Self::default() }
    }

    /// Rows up to `watermark` are there.
    pub fn reached(&self, watermark: Micros) {
        self.watermark.fetch_max(watermark.0, Ordering::Relaxed);
    }

    /// Event time up to which rows are there.
    #[must_use]
    pub fn watermark(&self) -> Option<Micros> {
        Some(Micros(self.watermark.load(Ordering::Relaxed))).filter(|at| *at != Micros::MIN)
    }

    /// What is done, and what is in the way.
    pub fn set(&self, role: Role, trouble: Option<String>) {
        let mut state = self.state();
        (state.role, state.trouble) = (role, trouble);
    }

    /// What is done at the moment.
    #[must_use]
    pub fn role(&self) -> Role {
        self.state().role
    }

    /// What is in the way, in one line: between us and the database, or before that.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let state = self.state();
        state.trouble.clone().or_else(|| state.hindrance.clone())
    }

    /// Why rows do not even get to our disk, if they do not.
    pub fn hinder(&self, hindrance: Option<String>) {
        self.state().hindrance = hindrance;
    }

    /// What was said last with [`Backlog::hinder`].
    #[must_use]
    pub fn hindrance(&self) -> Option<String> {
        self.state().hindrance.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
