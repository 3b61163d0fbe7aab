//! The command line: arguments in, `app` called, text out.
//!
//! Standard output carries data only; progress, notes and errors go to standard error. Every command has two examples in its
//! help, and every way to end has its exit code ([`exit::Code`]). Refuses to know how anything is done.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

mod attached;
mod check;
mod compact;
mod db;
mod demo;
pub mod exit;
mod explain;
mod inspect;
mod output;
mod progress;
mod reading;
mod rebuild;
mod replay;
mod retain;
mod serve;
mod signal;
mod simulate;
mod summary;

use exit::{Code, Failure};

/// Folds the event stream of a contact centre into live statistics and history that agree to the last digit.
#[derive(Debug, Parser)]
#[command(name = "callfold", version, max_term_width = 110, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Examples:\n  callfold demo\n  callfold replay monday.ndjson.gz --data ./data")]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// Say only what went wrong
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say more; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Machine-readable: data as JSON, and a problem object as the last line on standard error
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Serve(serve::ServeArgs),
    Replay(replay::ReplayArgs),
    Rebuild(rebuild::RebuildArgs),
    Explain(explain::ExplainArgs),
    Inspect(inspect::InspectArgs),
    Check(check::CheckArgs),
    Compact(compact::CompactArgs),
    Retain(retain::RetainArgs),
    Simulate(simulate::SimulateArgs),
    Db(db::DbArgs),
    /// Says which version this is
    #[command(after_help = "Examples:\n  callfold version\n  callfold version --json")]
    Version,
}

/// Runs the program with `arguments`, the first of which is its name.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.collect();
    let json = arguments.iter().any(|argument| argument == "--json");
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, json),
    };
    output::start_logging(cli.global.quiet, cli.global.verbose);
    let ended = match &cli.command {
        Command::Demo(arguments) => demo::run(arguments, &cli.global),
        Command::Serve(arguments) => serve::run(arguments, &cli.global),
        Command::Replay(arguments) => replay::run(arguments, &cli.global),
        Command::Rebuild(arguments) => rebuild::run(arguments, &cli.global),
        Command::Explain(arguments) => explain::run(arguments, &cli.global),
        Command::Inspect(arguments) => inspect::run(arguments, &cli.global),
        Command::Check(arguments) => check::run(arguments, &cli.global),
        Command::Compact(arguments) => compact::run(arguments, &cli.global),
        Command::Retain(arguments) => retain::run(arguments, &cli.global),
        Command::Simulate(arguments) => simulate::run(arguments, &cli.global),
        Command::Db(arguments) => db::run(arguments, &cli.global),
        Command::Version => version(&cli.global),
    };
    match ended {
        Ok(code) => code.into(),
        Err(failure) => {
            failure.report(cli.global.json);
            failure.code.into()
        }
    }
}

fn usage(error: &clap::Error, json: bool) -> ExitCode {
    // A closed pipe is the only way this fails, and then nobody reads it.
    let _ = error.print();
    if !error.use_stderr() {
        return Code::Done.into();
    }
    if json {
        let text = error.to_string();
        let what = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        Failure::new(Code::Usage, what).report_json();
    }
    Code::Usage.into()
}

fn version(global: &Global) -> Result<Code, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    if global.json {
        output::data(&format!("{}\n", serde_json::json!({"name": "callfold", "version": version})))
    } else {
        output::data(&format!("callfold {version}\n"))
    }
}

/// The command line as a whole, for tests.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound_and_every_command_has_two_examples() {
        let command = command();
        command.clone().debug_assert();
        for sub in command.get_subcommands() {
            let help = sub.get_after_help().expect("examples").to_string();
            let examples = help.lines().filter(|line| line.starts_with("  ") && line.contains("callfold ")).count();
            assert!(examples >= 2, "{} has {examples} examples", sub.get_name());
        }
    }
}
