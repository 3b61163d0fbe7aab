//! The single writer of a partition: names, fold, statistics and history behind one door.

pub mod output;
pub mod partition;
pub mod settings;
pub mod view;
