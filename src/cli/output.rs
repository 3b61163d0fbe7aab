//! The two streams: data on standard output, everything else on standard error.
//!
//! A reader that goes away ends the program quietly. Colour and progress bars appear only on a terminal, and not when
//! `NO_COLOR` or `TERM=dumb` asks for plain text.

#![expect(clippy::disallowed_methods, reason = "NO_COLOR and TERM say what the terminal takes")]

use std::io::{self, IsTerminal, Write};

use tracing_subscriber::EnvFilter;

use super::exit::{Code, Failure};

/// Writes data to standard output.
///
/// # Errors
/// [`Code::PipeClosed`] when the reader has gone, [`Code::Unexpected`] for anything else.
pub fn data(text: &str) -> Result<Code, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(Code::Done),
        Err(error) => Err(write_failed("standard output", &error)),
    }
}

/// What a failed write of data means.
#[must_use]
pub fn write_failed(place: &str, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::new(Code::PipeClosed, "the reader has gone");
    }
    Failure::new(Code::Unexpected, format!("failed to write to {place}: {error}"))
        .with_fix("check space and permissions")
}

/// Writes one line for people to standard error.
pub fn note(text: &str) {
    // If nobody can be told, there is nobody to tell that either.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether standard error is a terminal that understands more than plain lines.
#[must_use]
pub fn is_terminal() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Whether text on standard error may be coloured.
fn is_coloured() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !set("NO_COLOR") && (is_terminal() || set("CLICOLOR_FORCE"))
}

/// Sends log lines to standard error: JSON when it is not a terminal, readable otherwise.
pub fn start_logging(quiet: bool, verbose: u8) {
    let level = match (quiet, verbose) {
        (true, _) => "error",
        (false, 0) => "info",
        (false, 1) => "callfold=debug,info",
        (false, _) => "callfold=trace,debug",
    };
    let filter = EnvFilter::try_from_env("CALLFOLD_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // A second start in one process, as in tests, keeps the first.
    let _ = if is_terminal() {
        builder.with_target(false).with_ansi(is_coloured()).compact().try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(false).try_init()
    };
}

/// A whole number with thin grouping, as `1,234,567`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `count` and the word for it, as `1 line`, `2 lines`.
#[must_use]
pub fn counted(count: u64, word: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {word}{plural}", grouped(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_words_agree_with_them() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(counted(1, "line"), "1 line");
        assert_eq!(counted(2000, "line"), "2,000 lines");
    }
}
