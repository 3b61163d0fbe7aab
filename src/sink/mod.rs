//! Rows to files: batches of the engine become Parquet files that appear whole, once, under names that never lie.
//!
//! ```text
//! RowBatch ─▶ mirror ─▶ fill ──▶ order ─▶ chunk ─▶ page ─▶ parquet ─▶ publish ─▶ DIR/history, DIR/manifest
//!           ids→texts   cells to  sort    encode   headers   file     rename
//!                       columns           columns
//! ```
//!
//! Beside it [`postgres`] carries the same batches into a database. The front of the files is [`Store`]. A plain glob over `DIR/history/TABLE/**/*.parquet` shows every key exactly once at any time;
//! the manifests add what a glob cannot know: rows, checksums, time ranges, the watermark. This directory knows nothing of
//! open intervals or of how a row came to be.

mod chunk;
mod column;
mod compact;
mod derive;
mod differ;
mod dimension;
mod encode;
mod fill;
mod lock;
mod manifest;
mod mirror;
mod order;
mod page;
mod parquet;
mod part;
mod path;
pub mod postgres;
mod publish;
mod read;
mod reference;
mod retain;
mod rewrite;
mod store;
mod survey;

pub use compact::Merged;
pub use differ::{Changed, Difference, compare, holding, places, undescribed};
pub use manifest::{FileEntry, Manifest, stored_until};
pub use parquet::{CHECKSUM, ROW_GROUP_ROWS, SCHEMA_VERSION, producer};
pub use path::date;
pub use read::{Block, GroupSpan, NO_FLAG, NO_ID, NO_INT, NO_LONG, NO_NAME, ReadError, Reader, TextColumn};
pub use reference::{duckdb_tables, reference, tables};
pub use retain::{Outdated, outdated, retained};
pub use rewrite::{Rewrite, Rewriting};
pub use store::{Mode, Options, Published, Store, StoreError, TableTotal};
pub use survey::{Damage, Partition, is_place_of, is_written, survey};

#[cfg(test)]
mod tests;
