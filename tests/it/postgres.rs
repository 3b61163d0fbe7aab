//! PostgreSQL: a real server, thrown away afterwards. What is in its tables, who sees it, and what no accident changes.

mod audit;
mod cells;
mod cluster;
mod delivery;
mod disk;
mod earlier;
mod edition;
mod floor;
mod pair;
mod program;
mod rebuild;
mod restart;
mod retention;
mod schema;
mod takeover;

pub use floor::wait;
