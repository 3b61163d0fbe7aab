//! Why a line is not an event.

/// Why a line was refused. The code is stable, the message is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The line ends inside the object.
    #[error("line ends after {at} bytes, inside its object")]
    Truncated {
        /// Length of what is there.
        at: usize,
    },
    /// The line breaks the grammar of JSON.
    #[error("not JSON at byte {at}: expected {expected}")]
    InvalidJson {
        /// Offset in the line.
        at: usize,
        /// What the grammar allows there.
        expected: &'static str,
    },
    /// The line is JSON of another type.
    #[error("not a JSON object")]
    NotAnObject,
    /// The line is not UTF-8.
    #[error("not UTF-8 at byte {at}")]
    InvalidUtf8 {
        /// Offset in the line.
        at: usize,
    },
    /// The line is longer than the limit.
    #[error("line is longer than {max} bytes")]
    TooLong {
        /// The limit.
        max: usize,
    },
    /// Lists inside lists beyond the limit.
    #[error("nested deeper than {max} levels")]
    TooDeep {
        /// The limit; the line's own object is the first level.
        max: u32,
    },
    /// More pairs and elements, over all levels, than the limit.
    #[error("more than {max} pairs")]
    TooManyPairs {
        /// The limit.
        max: u32,
    },
    /// No `Event`.
    #[error("no Event")]
    MissingEvent,
    /// No `TimeinSecs`.
    #[error("no TimeinSecs")]
    MissingTime,
    /// A time that is not a number, or out of range.
    #[error("{key} is not a time in range")]
    BadTime {
        /// The key.
        key: &'static str,
    },
    /// A value that its key cannot have.
    #[error("{key} is not {expected}")]
    BadValue {
        /// The key.
        key: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A name beyond the limits of the name tables.
    #[error("{key} refused: too long, or more different names than the configured limit")]
    NameRefused {
        /// The key.
        key: &'static str,
    },
}

impl DecodeError {
    /// The stable code of the reason, as `invalid_json`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Truncated { .. } => "truncated",
            Self::InvalidJson { .. } => "invalid_json",
            Self::NotAnObject => "not_an_object",
            Self::InvalidUtf8 { .. } => "invalid_utf8",
            Self::TooLong { .. } => "too_long",
            Self::TooDeep { .. } => "too_deep",
            Self::TooManyPairs { .. } => "too_many_pairs",
            Self::MissingEvent => "missing_event",
            Self::MissingTime => "missing_time",
            Self::BadTime { .. } => "bad_time",
            Self::BadValue { .. } => "bad_value",
            Self::NameRefused { .. } => "name_refused",
        }
    }
}
