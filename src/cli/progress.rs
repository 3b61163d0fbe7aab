//! How far a replay is, on standard error: a bar on a terminal, a plain line every ten seconds elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::{self, counted, grouped};
use crate::app::replay::Look;

/// Time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows progress.
#[derive(Debug)]
pub struct Progress {
    form: Form,
    words: Words,
}

/// What is counted: things done, and things that were wrong.
#[derive(Clone, Copy, Debug)]
struct Words {
    done: &'static str,
    wrong: &'static str,
}

const REPLAYED: Words = Words { done: "event", wrong: "rejected" };

#[derive(Debug)]
enum Form {
    Quiet,
    Lines { next: Duration },
    Bar(ProgressBar),
}

impl Progress {
    /// Progress in the form that suits standard error.
    #[must_use]
    pub fn new(quiet: bool) -> Self {
        Self::of(quiet, REPLAYED.done, REPLAYED.wrong)
    }

    /// The same of other things than events.
    #[must_use]
    pub fn of(quiet: bool, done: &'static str, wrong: &'static str) -> Self {
        let form = if quiet {
            Form::Quiet
        } else if output::is_terminal() {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            Form::Bar(bar)
        } else {
            Form::Lines { next: LINE_EVERY }
        };
        Self { form, words: Words { done, wrong } }
    }

    /// Shows the latest figures.
    pub fn show(&mut self, look: &Look) {
        let words = self.words;
        match &mut self.form {
            Form::Quiet => {}
            Form::Lines { next } => {
                if look.elapsed >= *next {
                    *next += LINE_EVERY;
                    output::note(&line(look, words));
                }
            }
            Form::Bar(bar) => {
                if let Some(total) = look.bytes_total.filter(|_| bar.length().is_none()) {
                    bar.set_length(total);
                    let style = "{bar:30} {percent:>3}%  {bytes}/{total_bytes}  eta {eta}  {msg}";
                    bar.set_style(ProgressStyle::with_template(style).expect("the template is right"));
                } else if look.bytes_total.is_none() {
                    let style = ProgressStyle::with_template("{spinner} {bytes}  {msg}");
                    bar.set_style(style.expect("the template is right"));
                }
                bar.set_position(look.bytes);
                bar.set_message(figures(look, words));
            }
        }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        if let Form::Bar(bar) = &self.form {
            bar.finish_and_clear();
        }
    }
}

fn figures(look: &Look, words: Words) -> String {
    let secs = look.elapsed.as_secs_f64().max(1e-3);
    let rate = grouped((look.events as f64 / secs) as u64);
    let text = format!("{}, {rate}/s, {} {}", counted(look.events, words.done), grouped(look.rejected), words.wrong);
    match look.merged {
        Some((merged, rows)) => format!("{text}; {} of {} in the database", grouped(merged), counted(rows, "row")),
        None => text,
    }
}

/// One plain line.
fn line(look: &Look, words: Words) -> String {
    let elapsed = look.elapsed.as_secs_f64();
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let mut text = format!("{elapsed:.0} s: {:.1} MiB", mib(look.bytes));
    if let Some(total) = look.bytes_total.filter(|total| *total > 0 && look.bytes > 0) {
        let share = look.bytes as f64 / total as f64;
        let eta = elapsed * (1.0 - share).max(0.0) / share;
        text += &format!(" of {:.1} MiB ({:.0} %), eta {eta:.0} s", mib(total), share * 100.0);
    }
    format!("{text}; {}", figures(look, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_line_has_bytes_events_rate_eta_and_rejects() {
        let look = Look {
            bytes: 1 << 20,
            bytes_total: Some(4 << 20),
            events: 20_000,
            rejected: 3,
            merged: None,
            elapsed: Duration::from_secs(10),
        };
        let expected = "10 s: 1.0 MiB of 4.0 MiB (25 %), eta 30 s; 20,000 events, 2,000/s, 3 rejected";
        assert_eq!(line(&look, REPLAYED), expected);
        let merging = Look { merged: Some((1_000, 30_000)), ..look };
        assert_eq!(line(&merging, REPLAYED), format!("{expected}; 1,000 of 30,000 rows in the database"));
        let endless = Look { bytes_total: None, ..look };
        assert_eq!(line(&endless, REPLAYED), "10 s: 1.0 MiB; 20,000 events, 2,000/s, 3 rejected");
    }
}
