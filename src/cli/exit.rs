//! How the program ends: a code for scripts, and for people what went wrong, where, why, and what to do about it.
//!
//! In: failures of `app`. Out: text or a problem object on standard error, and an exit code. The codes are a contract.

use std::process::ExitCode;

use crate::app::config::Problem;
use crate::app::delivery::DeliveryError;
use crate::app::live::LiveError;
use crate::app::replay::ReplayError;
use crate::app::resume::ResumeError;
use crate::sink::StoreError;
use crate::sink::postgres::{IntakeError, PostgresError, Trouble};
use crate::source::file::FileError;

use super::output;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Done, nothing to report.
    Done = 0,
    /// Unexpected failure.
    Unexpected = 1,
    /// Wrong usage.
    Usage = 2,
    /// Invalid configuration.
    Configuration = 3,
    /// Not authenticated, or not allowed.
    Denied = 4,
    /// Something was not found.
    NotFound = 5,
    /// Finished with findings.
    Findings = 6,
    /// Server, database or source unreachable.
    Unreachable = 7,
    /// Conflict, or a lock is held by another process.
    Conflict = 9,
    /// Interrupted (Ctrl-C).
    Interrupted = 130,
    /// The reader of standard output went away; nothing is wrong, and nobody is told.
    PipeClosed = 141,
    /// Terminated.
    Terminated = 143,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

impl Code {
    /// Stable name in problem objects.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Unexpected => "unexpected",
            Self::Usage => "usage",
            Self::Configuration => "invalid_configuration",
            Self::Denied => "denied",
            Self::NotFound => "not_found",
            Self::Findings => "findings",
            Self::Unreachable => "unreachable",
            Self::Conflict => "conflict",
            Self::Interrupted => "interrupted",
            Self::PipeClosed => "pipe_closed",
            Self::Terminated => "terminated",
        }
    }
}

/// What went wrong, for people and programs.
#[derive(Debug)]
pub struct Failure {
    /// How the program ends.
    pub code: Code,
    /// What, where and why, in one line.
    pub what: String,
    /// Single findings, each with its place.
    pub findings: Vec<String>,
    /// What to do about it.
    pub fix: Option<String>,
}

impl Failure {
    /// A failure without advice.
    pub fn new(code: Code, what: impl Into<String>) -> Self {
        Self { code, what: what.into(), findings: Vec::new(), fix: None }
    }

    /// The same with advice.
    #[must_use]
    pub fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// All problems of a configuration.
    #[must_use]
    pub fn configuration(problems: &[Problem]) -> Self {
        let what = match problems.len() {
            1 => "the configuration has a problem".to_owned(),
            count => format!("the configuration has {count} problems"),
        };
        let mut failure = Self::new(Code::Configuration, what);
        failure.findings = problems.iter().map(ToString::to_string).collect();
        failure
    }

    /// Tells people, and with `json` also programs, on standard error.
    pub fn report(&self, json: bool) {
        if self.code == Code::PipeClosed {
            return;
        }
        output::note(&format!("error: {}", self.what));
        for finding in &self.findings {
            output::note(&format!("  {finding}"));
        }
        if let Some(fix) = &self.fix {
            output::note(&format!("  fix: {fix}"));
        }
        if json {
            self.report_json();
        }
    }

    /// Tells programs, in one line on standard error.
    pub fn report_json(&self) {
        output::note(
            &serde_json::json!({
                "type": "about:blank",
                "title": self.what,
                "code": self.code.name(),
                "exit_code": self.code as u8,
                "detail": self.fix,
                "errors": self.findings,
            })
            .to_string(),
        );
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let what = error.to_string();
        match error {
            FileError::NotFound { .. } | FileError::Empty { .. } => {
                Self::new(Code::NotFound, what).with_fix("check the path; `-` reads standard input")
            }
            FileError::Read { .. } => Self::new(Code::Unexpected, what).with_fix("check permissions and the medium"),
            FileError::Stopped { .. } => Self::new(Code::Interrupted, what),
        }
    }
}

impl From<PostgresError> for Failure {
    fn from(error: PostgresError) -> Self {
        let code = match error.trouble {
            Trouble::Configuration | Trouble::Tls => Code::Configuration,
            Trouble::Credentials | Trouble::Rights => Code::Denied,
            Trouble::NoDatabase => Code::NotFound,
            Trouble::Unreachable | Trouble::Full => Code::Unreachable,
            Trouble::Unfit | Trouble::InUse => Code::Conflict,
            Trouble::Data | Trouble::Dropped | Trouble::Doubled | Trouble::Other => Code::Unexpected,
        };
        Self::new(code, error.what).with_fix(error.fix)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Locked { .. } | StoreError::Overlap { .. } => Code::Conflict,
            _ => Code::Unexpected,
        };
        Self::new(code, error.to_string())
    }
}

impl From<IntakeError> for Failure {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Postgres(error) => error.into(),
            error => Self::new(Code::Unexpected, error.to_string()),
        }
    }
}

impl From<DeliveryError> for Failure {
    fn from(error: DeliveryError) -> Self {
        match error {
            DeliveryError::Store(error) => error.into(),
            DeliveryError::Database(error) => error.into(),
            error => Self::new(Code::Unexpected, error.to_string()),
        }
    }
}

impl From<ReplayError> for Failure {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::File(error) => error.into(),
            ReplayError::Store(error) => error.into(),
            ReplayError::Delivery(error) => error.into(),
            ReplayError::Database(error) => error.into(),
            ReplayError::Interrupted => Self::new(Code::Interrupted, error.to_string()),
            error => Self::new(Code::Unexpected, error.to_string()),
        }
    }
}

impl From<LiveError> for Failure {
    fn from(error: LiveError) -> Self {
        match error {
            LiveError::Store(error) => error.into(),
            LiveError::Delivery(error) => error.into(),
            LiveError::Postgres(error) => error.into(),
            LiveError::Resume(ResumeError::Store(error)) => error.into(),
            error => Self::new(Code::Unexpected, error.to_string()),
        }
    }
}
