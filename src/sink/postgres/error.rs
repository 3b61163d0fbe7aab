//! What can go wrong with a database, sorted by what somebody has to do about it.
//!
//! In: errors of the driver, with the place and what was being done. Out: one line that says what, where, why and how to fix
//! it, and [`Trouble`], by which callers decide: end, wait and try again, or put the rows aside. No password gets here.

use std::error::Error;

use tokio_postgres::error::SqlState;

/// Kinds of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// What was configured cannot be right.
    Configuration,
    /// Nobody answers, or the connection broke.
    Unreachable,
    /// The user or password is refused.
    Credentials,
    /// The user is let in and may not do what must be done.
    Rights,
    /// There is no such database.
    NoDatabase,
    /// No encrypted connection came to be.
    Tls,
    /// The server, or its schema, is one this program does not work with.
    Unfit,
    /// The server has no room.
    Full,
    /// The server refuses the rows themselves: the same rows will be refused again.
    Data,
    /// A month was removed while rows for it were on their way: made again, it takes them.
    Dropped,
    /// Somebody else has what only one may have.
    InUse,
    /// Rows of one key met where none was expected.
    Doubled,
    /// Anything else; often gone a moment later.
    Other,
}

impl Trouble {
    /// Whether only a person can end it, so that a program that is just starting had better say so and end.
    #[must_use]
    pub const fn needs_somebody(self) -> bool {
        matches!(
            self,
            Self::Configuration | Self::Credentials | Self::Rights | Self::NoDatabase | Self::Tls | Self::Unfit
        )
    }
}

/// What went wrong, where, why, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{what}; {fix}")]
pub struct PostgresError {
    /// What kind of trouble it is.
    pub trouble: Trouble,
    /// What, where and why, in one line.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl PostgresError {
    /// Trouble that this program found by itself.
    pub(super) fn new(trouble: Trouble, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { trouble, what: what.into(), fix: fix.into() }
    }

    /// Sorts an error of the driver, met at `place` (without a password) while `doing`.
    pub(super) fn met(place: &str, doing: &str, error: &tokio_postgres::Error) -> Self {
        let (trouble, why) = match error.as_db_error() {
            Some(refusal) => {
                let detail = refusal.detail().map(|detail| format!(" ({})", one_line(detail))).unwrap_or_default();
                let why = format!("{}{detail} [{}]", one_line(refusal.message()), refusal.code().code());
                (sort(refusal.code()), why)
            }
            None => without_code(error),
        };
        let what = format!("cannot {doing} {place}: {why}");
        Self { trouble, what, fix: advice(trouble).to_owned() }
    }
}

/// What somebody does about it.
const fn advice(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Configuration => "correct the URL, as postgres://USER@HOST:5432/DATABASE",
        Trouble::Unreachable => "check that the server runs and that host and port are right",
        Trouble::Credentials => "check user and password (postgres.password_file), and pg_hba.conf on the server",
        Trouble::Rights => {
            "let the owner of the schema run `callfold db migrate`, and GRANT callfold_ingest to the user that writes"
        }
        Trouble::NoDatabase => "create it: createdb NAME, or CREATE DATABASE name OWNER user",
        Trouble::Tls => {
            "give the authority that signed the server's certificate with postgres.ca_file, or say sslmode=disable in the \
             URL where the network is trusted"
        }
        Trouble::Unfit => {
            "use a server of version 15 or later with encoding UTF8, and the callfold that made its tables"
        }
        Trouble::Full => "make room on the server; rows wait here until then",
        Trouble::InUse => "stop the other program",
        Trouble::Dropped => "run it again: another session removed a month of the table (callfold retain) meanwhile",
        Trouble::Data | Trouble::Doubled => "this is a fault of callfold; please report it with this line",
        Trouble::Other => "look into the server's log",
    }
}

fn sort(code: &SqlState) -> Trouble {
    match code {
        &SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION => Trouble::Credentials,
        &SqlState::INVALID_CATALOG_NAME => Trouble::NoDatabase,
        &SqlState::INSUFFICIENT_PRIVILEGE | &SqlState::READ_ONLY_SQL_TRANSACTION => Trouble::Rights,
        &SqlState::DISK_FULL | &SqlState::OUT_OF_MEMORY | &SqlState::CONFIGURATION_LIMIT_EXCEEDED => Trouble::Full,
        // The tables have no other condition than that a row has its month.
        &SqlState::CHECK_VIOLATION => Trouble::Dropped,
        &SqlState::CARDINALITY_VIOLATION | &SqlState::UNIQUE_VIOLATION => Trouble::Doubled,
        &SqlState::UNDEFINED_TABLE
        | &SqlState::UNDEFINED_COLUMN
        | &SqlState::UNDEFINED_FUNCTION
        | &SqlState::INVALID_SCHEMA_NAME => Trouble::Unfit,
        &SqlState::TOO_MANY_CONNECTIONS | &SqlState::CANNOT_CONNECT_NOW | &SqlState::ADMIN_SHUTDOWN => {
            Trouble::Unreachable
        }
        code => match code.code().as_bytes() {
            [b'2', b'2' | b'3', ..] | [b'5', b'4', ..] => Trouble::Data,
            [b'0', b'8', ..] | [b'5', b'7', b'P', ..] => Trouble::Unreachable,
            [b'5', b'3', ..] => Trouble::Full,
            _ => Trouble::Other,
        },
    }
}

fn without_code(error: &tokio_postgres::Error) -> (Trouble, String) {
    // The driver tells its kinds apart by this text only.
    let text = error.to_string();
    let mut why = text.clone();
    let mut source = error.source();
    while let Some(cause) = source {
        // Every cause repeats the next one; the last says it without wrapping.
        why = one_line(&cause.to_string());
        source = cause.source();
    }
    let trouble = match text.as_str() {
        "error performing TLS handshake" => Trouble::Tls,
        "authentication error" => Trouble::Credentials,
        "invalid configuration" if why.contains("password") => Trouble::Credentials,
        "invalid configuration" | "invalid connection string" => Trouble::Configuration,
        _ => Trouble::Unreachable,
    };
    (trouble, why)
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_by_what_to_do() {
        let sorted = [
            "28P01", "28000", "3D000", "42501", "53100", "22021", "23502", "23514", "54000", "57P01", "08006", "40P01",
        ]
        .map(|code| sort(&SqlState::from_code(code)));
        use Trouble::{Credentials, Data, Dropped, Full, NoDatabase, Other, Rights, Unreachable};
        let expected = [
            Credentials,
            Credentials,
            NoDatabase,
            Rights,
            Full,
            Data,
            Data,
            Dropped,
            Data,
            Unreachable,
            Unreachable,
            Other,
        ];
        assert_eq!(sorted, expected);
    }

    #[test]
    fn what_waiting_cannot_cure_needs_somebody() {
        assert!(Trouble::Credentials.needs_somebody() && Trouble::NoDatabase.needs_somebody());
        assert!(!Trouble::Unreachable.needs_somebody() && !Trouble::Full.needs_somebody());
    }
}
