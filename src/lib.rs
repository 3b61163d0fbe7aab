//! callfold
pub mod engine;
pub mod model;
pub mod simulate;
