//! callfold
pub mod decode;
pub mod engine;
pub mod fold;
pub mod history;
pub mod model;
pub mod stats;
