//! Where events come from: files, standard input, TCP in both directions, and HTTP posts.
//!
//! In: bytes from outside. Out: chunks of whole lines in the ring, each with its place in its source. Refuses to know
//! what a line means; the one exception is [`peek`], which finds an event's time so that recordings can be paced and
//! ordered. Every buffer, line, body and connection count is bounded.

pub mod cut;
pub mod file;
pub mod follow;
pub mod http;
pub mod input;
pub mod log;
pub mod merge;
pub mod peek;
pub mod tcp;
