//! callfold
pub mod engine;
pub mod model;

#[cfg(feature = "io")]
pub mod app;
#[cfg(feature = "io")]
pub mod cli;
#[cfg(feature = "io")]
pub mod handoff;
#[cfg(feature = "io")]
pub mod source;
