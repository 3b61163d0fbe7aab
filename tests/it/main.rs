//! The program seen from outside, a module per behaviour. Without the feature `io` only the core's modules are built.

mod architecture;
#[cfg(feature = "io")]
mod cli;
mod consistency;
#[cfg(feature = "io")]
mod earlier;
#[cfg(feature = "io")]
mod event_log;
#[cfg(feature = "io")]
mod live;
mod logs;
mod models;
#[cfg(feature = "io")]
mod night;
#[cfg(feature = "io")]
mod postgres;
#[cfg(feature = "io")]
mod process;
mod properties;
#[cfg(feature = "io")]
mod rebuild;
#[cfg(feature = "io")]
mod recordings;
#[cfg(feature = "io")]
mod resume;
#[cfg(feature = "io")]
mod retention;
mod support;
