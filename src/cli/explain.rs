//! `callfold explain`: one call step by step, from the events of a recording to the numbers they moved.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;

use super::Global;
use super::exit::{Code, Failure};
use super::output;
use super::progress::Progress;
use super::reading::ReadingArgs;
use super::signal::Signal;
use crate::app::replay::{self, Order};
use crate::app::settings;
use crate::engine::explain::{Step, Wanted};
use crate::handoff::stop::Stop;
use crate::model::ids::{ConnId, Uuid};

/// Shows one call step by step: each event, what it was taken for, which columns moved, which rows it left.
///
/// Folds the recordings as a replay does and writes nothing. The call is named by its ConnID (16 hexadecimal digits), its
/// CallUUID (32 characters) or its call_id as it stands in the tables. Transfers and conferences are followed into the other
/// call, and after-call work to its end.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  callfold explain monday.ndjson.gz --call 00650290aa1b3001\n  \
    callfold explain monday.ndjson.gz --call 5b2ee2f6-2fae-5c2c-a02c-9d3b5d6d1f7e --json | jq '.steps[].counted'\n\n\
    Exit codes: 0 done, 2 not a call's name, 5 file not found, or no such call.")]
pub struct ExplainArgs {
    /// Files or directories of events; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The call: ConnID, CallUUID or call_id
    #[arg(long, value_name = "ID", value_parser = wanted)]
    call: Wanted,
    #[command(flatten)]
    reading: ReadingArgs,
    /// Configuration file (TOML); its thresholds and kinds of DNs apply
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// The call that `text` names.
fn wanted(text: &str) -> Result<Wanted, String> {
    let hex = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    let digits = text.replace('-', "");
    let plain = text.strip_prefix("0x").unwrap_or(text);
    if text.len() == 36 && digits.len() == 32 && hex(&digits) {
        return u128::from_str_radix(&digits, 16).map(|id| Wanted::Id(Uuid(id))).map_err(|error| error.to_string());
    }
    if plain.len() <= 16 && hex(plain) {
        return u64::from_str_radix(plain, 16)
            .map(|conn| Wanted::Conn(ConnId(conn)))
            .map_err(|error| error.to_string());
    }
    if text.len() == 32 && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(Wanted::CallUuid(text.to_owned()));
    }
    Err("a call is named by a ConnID (16 hexadecimal digits), a CallUUID (32 letters and digits) or a call_id (UUID)"
        .into())
}

/// Runs the command.
pub fn run(arguments: &ExplainArgs, global: &Global) -> Result<Code, Failure> {
    let config = super::serve::configuration(arguments.config.as_deref())?;
    let (engine, described) = settings::check_replay(&config).map_err(|problems| Failure::configuration(&problems))?;
    let order = Order {
        recordings: arguments.reading.find(&arguments.files)?,
        data: None,
        postgres: None,
        replace: false,
        reject_file: None,
        engine,
        described,
        explain: Some(arguments.call.clone()),
    };
    let stop = Stop::new();
    let signal = Signal::watch(stop.clone())?;
    let mut progress = Progress::new(global.quiet);
    let report = replay::run(order, &stop, |look| progress.show(look));
    progress.clear();
    if let Some(code) = signal.code() {
        return Err(Failure::new(code, "stopped before the end"));
    }
    let report = report?;
    let steps = report.ended.steps;
    if steps.is_empty() {
        return Err(Failure::new(Code::NotFound, "no event of such a call")
            .with_fix("look for its id in the column call_id or conn_id of the table call"));
    }
    if global.json {
        output::data(&format!("{}\n", serde_json::json!({ "steps": steps })))?;
    } else {
        output::data(&text(&steps))?;
    }
    Ok(Code::Done)
}

/// The steps for people: an event, and under it what followed.
fn text(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        let what = step.event.as_deref().unwrap_or("decided after waiting");
        let id = step.event_id.as_ref().map_or(String::new(), |id| format!("  [{id}]"));
        // A string takes everything.
        let _ = writeln!(text, "{}  {what}{id}", step.at);
        let mut list = |mark: &str, lines: &[String]| {
            for line in lines {
                let _ = writeln!(text, "    {mark} {line}");
            }
        };
        list("·", &step.concluded);
        list("+", &step.counted);
        list("→", &step.rows);
        for kind in &step.anomalies {
            let _ = writeln!(text, "    ! {kind}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_named_in_three_ways() {
        assert_eq!(wanted("00650290aa1b3001"), Ok(Wanted::Conn(ConnId(0x0065_0290_aa1b_3001))));
        assert_eq!(
            wanted("0A1B2C3D4E5F6G7H8I9J0K1L2M3N4O5P"),
            Ok(Wanted::CallUuid("0A1B2C3D4E5F6G7H8I9J0K1L2M3N4O5P".into()))
        );
        assert_eq!(wanted("00000000-0000-0000-0000-00000000002a"), Ok(Wanted::Id(Uuid(42))));
        assert!(wanted("").is_err() && wanted("8001@east").is_err());
    }
}
