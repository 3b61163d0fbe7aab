//! Where rows come from: what a check needs to know of a store, whatever it is.
//!
//! A store lists its [`Lot`]s, each the rows of one table, tenant and day, and gives the rows of one at a time. What is wrong with how
//! they lie there it finds itself; everything else is for the laws.

use super::finding::Findings;
use crate::sink::postgres::PostgresError;
use crate::sink::{Block, Reader, StoreError};

/// Milliseconds of a day.
pub(super) const DAY_MS: i64 = 86_400_000;

/// Why a check broke off.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A directory or manifest cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database cannot be read.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
}

/// Rows of one table, tenant and day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lot {
    /// The tenant; empty where all share one table.
    pub(super) tenant: String,
    /// Milliseconds since 1970 of the begin of the UTC day; `None` in a dimension.
    pub(super) day: Option<i64>,
    /// The table's name.
    pub(super) table: String,
}

/// A store whose rows are checked.
pub(super) trait Shelf {
    /// What it is, for people.
    fn place(&self) -> String;

    /// What there is, in any order.
    fn lots(&self) -> Vec<Lot>;

    /// When a program writes it: the event time, in milliseconds, up to which a tenant's rows have come.
    fn written_until(&self, tenant: &str) -> Option<i64>;

    /// The rows of a lot; `None` when no table of the program has its name, and for tables that no law is about.
    fn read(&mut self, lot: &Lot, reader: &mut Reader, findings: &mut Findings) -> Result<Option<Block>, CheckError>;

    /// Begin of the first day (milliseconds) of which nothing was removed for its age, and of everything that may reach into it; the least number when
    /// nothing was.
    fn retained(&self) -> i64 {
        i64::MIN
    }

    /// A number that changes when the rows of a lot do.
    fn mark(&self, lot: &Lot) -> u64;

    /// Bytes read, and bytes or rows that there are.
    fn progress(&self) -> Progress;
}

/// How much there is to read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    pub(super) bytes: u64,
    pub(super) bytes_total: Option<u64>,
    pub(super) rows_total: Option<u64>,
    pub(super) files: u64,
}

/// Milliseconds since 1970 of the begin of a date written as `YYYY-MM-DD`.
pub(super) fn start_of(date: &str) -> Option<i64> {
    let day: jiff::civil::Date = date.parse().ok()?;
    let zoned = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_millisecond())
}

/// The date of a day that begins at `start` (milliseconds since 1970).
pub(super) fn date_of(start: i64) -> String {
    let text = crate::model::time::Micros(start.saturating_mul(1000)).to_string();
    text.split('T').next().unwrap_or_default().to_owned()
}
