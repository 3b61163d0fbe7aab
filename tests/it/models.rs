//! Call models, one test each: a log as the switch tells it, and the rows that the rules ask for.
//!
//! Expected values are worked out by hand from the rules; each test says which one decides.

mod inbound;
