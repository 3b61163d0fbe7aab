//! callfold
pub mod engine;
pub mod model;
#[cfg(feature = "io")]
pub mod sink;
