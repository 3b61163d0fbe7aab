//! The program seen from outside, a module per behaviour.

mod cli;
mod live;
mod process;
