//! The program: parse the command line, run the command, say how it ended.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    callfold::cli::main(std::env::args_os())
}
