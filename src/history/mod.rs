//! Closed rows: intervals of the board's accumulators, cohorts of the calls that entered, and the fold's closed facts.
//!
//! Two families answer two questions. *Period* rows book what happened in an interval when it happened; they are readings
//! of the board at the interval's two edges. *Cohort* rows book what became of the calls that entered in it, wherever in
//! time it fell. This module knows actions, the board and the calendar. It refuses to know TEvents, files and databases.

pub mod closing;
pub mod cohort;
mod cohort_turn;
pub mod coverage;
pub mod end;
pub mod interval;
mod kept;
pub mod level;
mod revision;
mod row;
