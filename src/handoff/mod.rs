//! Where threads meet: chunks go to the worker and buffers come back, pictures go to readers, and one word stops everybody.
//!
//! In: bytes of whole lines from any number of sources. Out: the same bytes, in order, at the thread that owns the
//! partition. Refuses to know what a line says, where it came from, or who looks at the pictures.
//!
//! Every queue here is bounded; what happens when one is full is the caller's explicit choice (wait, give up, skip).

pub mod backlog;
pub mod publish;
pub mod ring;
pub mod selfcheck;
pub mod stop;
