//! The program seen from outside, a module per behaviour.

mod architecture;
mod cli;
mod process;
