//! Actions and time to numbers: cumulative accumulators of every object, and readings of them.
//!
//! Every accumulator only grows, from the first event on. A statistic is a reading: the value now minus the value at the
//! begin of its window. Intervals, the day, the last half hour and whatever a client may ask later are such windows over
//! the same accumulators, so they cannot disagree.
//!
//! This module knows actions, statuses and time. It refuses to know TEvents, parties and calls, and how a row is written.

pub mod accumulator;
pub mod agent;
pub mod board;
pub mod late;
pub mod pair;
pub mod queue;
pub mod reading;
pub mod seat;
pub mod wait;
