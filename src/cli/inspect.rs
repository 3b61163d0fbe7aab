//! `callfold inspect`: what is in a file, the first thing to run on a log that somebody sent.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::Global;
use super::exit::{Code, Failure};
use super::output::{self, counted, grouped};
use super::reading::ReadingArgs;
use super::signal::Signal;
use crate::app::inspect::{self, Inspection, Met, Place, SwitchReport};
use crate::handoff::stop::Stop;
use crate::model::time::{Micros, Span};

/// Names of a kind that are listed before the rest is only counted.
const LISTED_MAX: usize = 20;

/// Says what is in recordings: format, servers, time span, events, gaps, unknown names, suspicious clocks.
///
/// Reads every file once, folds nothing and writes nothing. Files of one server are looked at as one recording.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  callfold inspect east.20240506.log.gz\n  \
    callfold inspect logs/ --json | jq '.[].switches'\n\n\
    Exit codes: 0 read to the end, 5 file not found, 6 messages were refused, or nothing in it is an event.")]
pub struct InspectArgs {
    /// Files or directories; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    reading: ReadingArgs,
}

/// Runs the command.
pub fn run(arguments: &InspectArgs, global: &Global) -> Result<Code, Failure> {
    let recordings = arguments.reading.find(&arguments.files)?;
    let stop = Stop::new();
    let signal = Signal::watch(stop.clone())?;
    let (mut values, mut has_findings) = (Vec::new(), false);
    for (i, recording) in recordings.iter().enumerate() {
        let found = inspect::inspect(recording, &stop)?;
        has_findings |= found.events == 0 || !found.refused.is_empty() || !found.damaged.is_empty();
        if global.json {
            values.push(value(&found));
        } else {
            let text = text(&found);
            output::data(&if i > 0 { format!("\n{text}") } else { text })?;
        }
        if let Some(code) = signal.code() {
            return Err(Failure::new(code, "stopped before the end; what is shown is what was read"));
        }
    }
    if global.json {
        output::data(&format!("{}\n", Value::Array(values)))?;
    }
    Ok(if has_findings { Code::Findings } else { Code::Done })
}

/// A line of the report: what it is about, and what there is to say.
fn say(out: &mut String, what: &str, text: &str) {
    writeln!(out, "  {what:<12}{text}").expect("a string takes all");
}

fn place(place: &Place) -> String {
    format!("{}:{}", place.file, place.line)
}

fn duration(span: Span) -> String {
    let secs = span.0 / 1_000_000;
    let (days, hours, mins) = (secs / 86_400, secs / 3600 % 24, secs / 60 % 60);
    match secs {
        86_400.. => format!("{days} d {hours} h"),
        3600.. => format!("{hours} h {mins} min"),
        60.. => format!("{mins} min {} s", secs % 60),
        _ => format!("{}.{:03} s", secs, span.0 / 1000 % 1000),
    }
}

fn text(found: &Inspection) -> String {
    let mut out = format!("{}\n", found.name);
    let format = found.format.map_or("empty", |format| format.name());
    let files = counted(found.files.len() as u64, "file");
    let size = format!("{} stored bytes, {}", grouped(found.bytes), counted(found.lines, "line"));
    say(&mut out, "format", &format!("{format}, {files}, {size}"));
    servers(&mut out, found);
    match found.span {
        None => say(&mut out, "events", "none; no line says what an event says"),
        Some((first, last)) => {
            let events = counted(found.events, "event");
            let objects = format!("{}, {}", counted(found.dns, "DN"), counted(found.agents, "agent"));
            say(&mut out, "events", &format!("{events} of {objects}"));
            say(&mut out, "time", &format!("{first} to {last}, {}", duration(last - first)));
        }
    }
    for switch in &found.switches {
        say(&mut out, "switch", &switch_text(switch));
        for gap in &switch.largest_gaps {
            let (after, missing, at) = (gap.after, grouped(gap.missing), gap.at);
            say(&mut out, "", &format!("{missing} missing after {after}, before {at}, {}", place(&gap.place)));
        }
    }
    for (i, (name, count)) in found.kinds.iter().enumerate() {
        let share = *count as f64 * 100.0 / found.events as f64;
        say(&mut out, if i == 0 { "kinds" } else { "" }, &format!("{:>12}  {share:5.1} %  {name}", grouped(*count)));
    }
    for (code, detail, met) in &found.refused {
        say(&mut out, "refused", &format!("{} {code}, first {}: {detail}", grouped(met.count), place(&met.first)));
    }
    besides(&mut out, found);
    for (i, unknown) in found.unknown.iter().take(LISTED_MAX).enumerate() {
        let text = format!("{}={} {} times", unknown.key, unknown.text, grouped(unknown.count));
        say(&mut out, if i == 0 { "unknown" } else { "" }, &text);
    }
    for (i, (name, met)) in found.attributes.iter().take(LISTED_MAX).enumerate() {
        let text = format!("{name} {} times, first {}", grouped(met.count), place(&met.first));
        say(&mut out, if i == 0 { "new" } else { "" }, &text);
    }
    let more = found.unknown.len().saturating_sub(LISTED_MAX) + found.attributes.len().saturating_sub(LISTED_MAX);
    if more > 0 {
        say(&mut out, "", &format!("and {more} more names; --json lists all"));
    }
    clocks(&mut out, found);
    for error in &found.damaged {
        say(&mut out, "damaged", &error.to_string());
    }
    out
}

fn servers(out: &mut String, found: &Inspection) {
    let mut told = Vec::new();
    for (_, header) in &found.headers {
        let started =
            header.started.map(|secs| format!(", started {}", Micros::from_parts(secs, 0))).unwrap_or_default();
        let zone = header.offset_secs().map(|secs| format!(", clock {:+.2} h of UTC", secs as f64 / 3600.0));
        let text = format!(
            "{} on {}, {}{started}{}",
            header.application,
            header.host,
            header.product,
            zone.unwrap_or_default()
        );
        if !told.contains(&text) {
            say(out, "server", &text);
            told.push(text);
        }
    }
}

fn switch_text(switch: &SwitchReport) -> String {
    let tenant = if switch.tenant == "default" { String::new() } else { format!(" of {}", switch.tenant) };
    let mut text = format!("{}{tenant}: {}", switch.name, counted(switch.events, "event"));
    match (switch.first_seq, switch.last_seq) {
        (Some(first), Some(last)) => {
            write!(text, ", numbers {first} to {last}").expect("a string takes all");
            if switch.runs > 1 {
                write!(text, " in {} runs", switch.runs).expect("a string takes all");
            }
            if switch.gaps == 0 {
                text += " without gaps";
            } else {
                let (gaps, missing) = (counted(switch.gaps, "gap"), grouped(switch.missing));
                write!(text, ", {gaps} with {missing} missing").expect("a string takes all");
            }
        }
        _ => text += ", not numbered",
    }
    for (count, what) in [(switch.repeated, "repeated"), (switch.backward, "out of order")] {
        if count > 0 {
            write!(text, ", {} {what}", grouped(count)).expect("a string takes all");
        }
    }
    text
}

/// What a log holds that is not folded.
fn besides(out: &mut String, found: &Inspection) {
    let Some(counts) = &found.counts else { return };
    let others: Vec<_> =
        counts.others().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{} {what}", grouped(n))).collect();
    if !others.is_empty() {
        say(out, "not folded", &others.join(", "));
    }
    for (count, what) in [
        (counts.unread, "lines inside messages that are not understood"),
        (counts.lists_cut, "lists that show fewer pairs than they have"),
        (counts.long, "lines longer than is looked at"),
    ] {
        if count > 0 {
            say(out, "not read", &format!("{} {what}", grouped(count)));
        }
    }
}

fn clocks(out: &mut String, found: &Inspection) {
    for text in clock_findings(found) {
        say(out, "clock", &text);
    }
}

/// What looks wrong with time.
fn clock_findings(found: &Inspection) -> Vec<String> {
    let mut texts = Vec::new();
    let met = |met: &Met| format!("{} times, first {}", grouped(met.count), place(&met.first));
    for switch in found.switches.iter().filter(|switch| switch.back_in_time.count > 0) {
        let most = duration(switch.back_max);
        texts.push(format!("{} goes back {}, at most {most}", switch.name, met(&switch.back_in_time)));
    }
    if let Some(counts) = found.counts.as_ref().filter(|counts| counts.apart > 0) {
        let most = duration(Span(counts.apart_max));
        texts.push(format!(
            "{} messages are dated more than 2 s off their lines, at most {most}",
            grouped(counts.apart)
        ));
    }
    if found.future.count > 0 {
        texts.push(format!("events are later than their file {}", met(&found.future)));
    }
    if let Some((silence, until, at)) = &found.silence {
        texts.push(format!("silent for {} until {until}, {}", duration(*silence), place(at)));
    }
    let (early, late) = (Micros::from_parts(631_152_000, 0), Micros::from_parts(4_102_444_800, 0));
    if found.span.is_some_and(|(first, last)| first < early || last > late) {
        texts.push("events before 1990 or after 2100".into());
    }
    if found.events >= 100 && found.with_micros == 0 {
        texts.push("whole seconds only".into());
    }
    texts
}

fn value(found: &Inspection) -> Value {
    let met = |met: &Met| json!({"count": met.count, "file": &*met.first.file, "line": met.first.line});
    let switches = found.switches.iter().map(|s| {
        let gaps = s.largest_gaps.iter().map(|gap| {
            json!({"after": gap.after, "missing": gap.missing, "at": gap.at.to_string(), "file": &*gap.place.file,
                   "line": gap.place.line})
        });
        json!({"name": s.name, "tenant": s.tenant, "events": s.events, "runs": s.runs, "first_seq": s.first_seq,
               "last_seq": s.last_seq, "gaps": s.gaps, "missing": s.missing, "largest_gaps": gaps.collect::<Vec<_>>(),
               "repeated": s.repeated, "backward": s.backward, "back_in_time": s.back_in_time.count,
               "back_max_ms": s.back_max.0 / 1000})
    });
    let headers = found.headers.iter().map(|(file, h)| {
        json!({"file": &**file, "application": h.application, "kind": h.kind, "host": h.host, "product": h.product,
               "started": h.started.map(|secs| Micros::from_parts(secs, 0).to_string()), "offset_secs": h.offset_secs()})
    });
    let refused =
        found.refused.iter().map(|(code, detail, m)| json!({"reason": code, "detail": detail, "met": met(m)}));
    let unknown = found.unknown.iter().map(|u| json!({"key": u.key, "value": u.text.as_str(), "count": u.count}));
    let attributes = found.attributes.iter().map(|(name, m)| json!({"name": name, "met": met(m)}));
    let others = found.counts.as_ref().map(|counts| {
        let others: serde_json::Map<_, _> = counts.others().map(|(what, n)| (what.to_owned(), json!(n))).collect();
        json!({"messages": counts.messages, "not_folded": others, "unread_lines": counts.unread,
               "lists_cut": counts.lists_cut, "long_lines": counts.long, "apart": counts.apart,
               "apart_max_ms": counts.apart_max / 1000})
    });
    let kinds: serde_json::Map<_, _> = found.kinds.iter().map(|(name, n)| ((*name).to_owned(), json!(n))).collect();
    json!({
        "name": found.name, "files": found.files.iter().map(|file| &**file).collect::<Vec<_>>(),
        "format": found.format.map(|format| format.name()), "bytes": found.bytes, "lines": found.lines,
        "events": found.events, "first": found.span.map(|(first, _)| first.to_string()),
        "last": found.span.map(|(_, last)| last.to_string()), "dns": found.dns, "agents": found.agents, "kinds": kinds,
        "headers": headers.collect::<Vec<_>>(), "switches": switches.collect::<Vec<_>>(),
        "refused": refused.collect::<Vec<_>>(), "unknown": unknown.collect::<Vec<_>>(),
        "new_attributes": attributes.collect::<Vec<_>>(), "log": others, "clock": clock_findings(found),
        "damaged": found.damaged.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
