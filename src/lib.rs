//! callfold
pub mod decode;
pub mod engine;
pub mod model;
