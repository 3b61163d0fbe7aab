//! The check of stored rows: whether files are whole, and whether what the tables say agrees, to the last millisecond.
//!
//! ```text
//!  files ────┐
//!            ├─▶ table by table, oldest day first ─▶ cells ─▶ laws of sources, queues, agents, calls, contacts ─▶ findings
//!  database ─┘
//! ```
//!
//! In: a data directory, a database, or both. Out: [`Findings`] by [`Law`], with the first rows that break each. Interval rows are derived again from
//! detail rows and compared; what refers to another row must find it. Reads one day of one tenant at a time and remembers
//! what later days may still refer to. Changes nothing, and knows nothing of how a row came to be.

use std::collections::HashMap;

mod agent;
mod call;
mod cells;
mod compare;
mod contact;
mod database;
mod dimension;
mod document;
mod files;
mod finding;
mod gap;
mod handled;
mod law;
mod ledger;
mod leg;
mod login;
mod night;
mod party;
mod queue;
mod run;
mod shelf;
mod snapshot;
mod source;
mod stay;
mod unjudged;

pub use finding::{Example, Findings, Verdict};
pub use law::{Kind, Law};
pub use night::{Night, last};
pub use run::{Look, Report, Stores, TABLES, check};
pub use shelf::CheckError;
pub use unjudged::{UNJUDGED, why_unjudged};

/// A map whose order nobody looks at.
type Map<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

/// Reads columns of a block into variables of their names.
macro_rules! take {
    ($block:expr; $($kind:ident: $($name:ident),+;)+) => {
        $($(let $name = $block.$kind(stringify!($name));)+)+
    };
}
use take;

/// Milliseconds of an instant on the grid of rows.
const fn ms(at: i64) -> i64 {
    at.div_euclid(1000)
}

#[cfg(test)]
mod tests;
