//! Rows to a PostgreSQL database: the same tables as the files, under the same names, each key once.
//!
//! ```text
//!  RowBatch ─▶ encode ─▶ segment ─▶ spool ─▶ courier ─▶ merge ─▶ tables
//!            tuples of   on disk    waits    one        COPY,
//!            COPY                            transaction INSERT … ON CONFLICT
//! ```
//!
//! The other way, for whoever checks: [`Holdings`] gives the rows of a database as the reader of files does.
//!
//! Schema, partitions and rights are migrations, the tables made from the declarations of the rows.
//! Nothing below this directory knows that there is a database.

mod connect;
mod copied;
mod courier;
mod ddl;
mod encode;
mod error;
mod holdings;
mod intake;
mod merge;
mod migration;
mod resend;
mod retain;
mod rewrite;
mod segment;
mod settled;
mod spool;
mod spooler;
mod statement;
mod status;
mod tuple;
mod writing;

pub use connect::{Session, Target};
pub use courier::{Courier, Left, Order};
pub use ddl::declarations;
pub use error::{PostgresError, Trouble};
pub use holdings::{Holding, Holdings};
pub use intake::{Collector, IntakeError, Merged};
pub use migration::{MIGRATIONS, Migrated, Migration, Standing, migrate, standing};
pub use resend::{Outcome, Resend, Retried, resend};
pub use retain::{Limits, OldDay, OldMonth, Overdue, Removed, overdue, remove};
pub use rewrite::{Purpose, Rewriting, Site};
pub use segment::SegmentError;
pub use spool::{Spool, SpoolLook};
pub use spooler::Spooler;
pub use status::{SourceStatus, Status, TableStatus, status};
