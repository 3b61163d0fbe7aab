//! callfold
#[cfg(feature = "io")]
pub mod app;
#[cfg(feature = "io")]
pub mod cli;
pub mod decode;
pub mod engine;
#[cfg(feature = "io")]
pub mod handoff;
pub mod model;
#[cfg(feature = "io")]
pub mod serve;
pub mod simulate;
#[cfg(feature = "io")]
pub mod sink;
#[cfg(feature = "io")]
pub mod source;
