//! callfold
pub mod engine;
pub mod model;
#[cfg(feature = "io")]
pub mod serve;
