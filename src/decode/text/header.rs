//! The lines at the top of each file of a log: whose log it is, and where its clock stood.

use super::stamp::{self, DAY};

/// What the header of a file said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// First line: product and version.
    pub product: String,
    /// `Application name`.
    pub application: String,
    /// `Application type`, as `TServer (1)`.
    pub kind: String,
    /// `Host name`.
    pub host: String,
    /// `Start time (UTC)`: when this run of the server began, in seconds since 1970.
    pub started: Option<i64>,
    /// `UTC time` and `Local time` of the file's begin, in microseconds since 1970 of each clock.
    pub utc: Option<i64>,
    /// See [`Self::utc`].
    pub local: Option<i64>,
    /// Number in `File: (n) name`.
    pub file: Option<u64>,
}

/// Longest text that is kept.
const TEXT_BYTES_MAX: usize = 256;

/// Whether a line is the one that begins what is known of a header, wherever it stands.
pub(super) fn begins(line: &[u8]) -> bool {
    line.starts_with(b"Application name:")
}

impl Header {
    /// Seconds by which the local clock is ahead of UTC.
    #[must_use]
    pub fn offset_secs(&self) -> Option<i64> {
        let micros = self.local? - self.utc?;
        // Both are printed to the millisecond, one after the other.
        Some((micros + 450_000_000).div_euclid(900_000_000) * 900)
    }

    /// Takes what a line of the header says; returns whether it was one that is known.
    pub(super) fn take(&mut self, line: &[u8]) -> bool {
        let Some(colon) = memchr::memchr(b':', line) else {
            if self.product.is_empty() {
                self.product = text(line);
            }
            return false;
        };
        let (key, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        let instant = || stamp::parse(value).and_then(|stamp| Some(stamp.day? * DAY + stamp.micros));
        match key {
            b"Application name" => self.application = text(value),
            b"Application type" => self.kind = text(value),
            b"Host name" => self.host = text(value),
            b"UTC time" => self.utc = instant(),
            b"Local time" => self.local = instant(),
            b"Start time (UTC)" => self.started = instant().map(|micros| micros.div_euclid(1_000_000)),
            b"File" => self.file = Some(file_number(value)),
            _ => return false,
        }
        true
    }
}

fn text(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(TEXT_BYTES_MAX)];
    String::from_utf8_lossy(bytes.trim_ascii()).into_owned()
}

fn file_number(value: &[u8]) -> u64 {
    let digits = value.strip_prefix(b"(").unwrap_or(value).iter().take_while(|b| b.is_ascii_digit());
    digits.take(18).fold(0, |n, b| n * 10 + u64::from(b - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_whose_log_it_is_and_where_its_clock_stood() {
        let mut header = Header::default();
        for line in [
            "T-Server, Version 8.1.101.99",
            "Application name: east",
            "Application type: TServer (1)",
            "Host name: tsrv1",
            "Time zone: -7200, Standard, Daylight",
            "UTC time: 1999-08-01T21:09:47.000",
            "Local time: 1999-08-02T00:09:46.999",
            "Start time (UTC): 1999-08-01T21:09:40",
            "File: (12) east.log",
        ] {
            header.take(line.as_bytes());
        }
        assert_eq!((header.application.as_str(), header.host.as_str(), header.file), ("east", "tsrv1", Some(12)));
        assert_eq!((header.started, header.offset_secs()), (Some(933_541_780), Some(10_800)));
        assert_eq!(header.product, "T-Server, Version 8.1.101.99");
    }
}
