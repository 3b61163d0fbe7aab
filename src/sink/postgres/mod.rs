//! Rows to a PostgreSQL database: the same tables as the files, under the same names, each key once.
//!
//! Schema, partitions and rights are migrations, the tables made from the declarations of the rows.
//! Nothing below this directory knows that there is a database.

mod connect;
mod ddl;
mod error;
mod migration;
mod status;

pub use connect::{Session, Target};
pub use ddl::declarations;
pub use error::{PostgresError, Trouble};
pub use migration::{MIGRATIONS, Migrated, Migration, Standing, migrate, standing};
pub use status::{SourceStatus, Status, TableStatus, status};
