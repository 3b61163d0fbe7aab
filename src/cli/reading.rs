//! The flags that say how recordings are written, for every command that reads some.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::app::settings::time_zone;
use crate::decode::text::{self, Wishes, Zone};
use crate::source::file::{self, FileError, Recording};
use crate::source::input::Reading;
use crate::source::log;

/// How recordings are read.
#[derive(Debug, Args)]
pub(super) struct ReadingArgs {
    /// What the files hold
    #[arg(long, value_enum, default_value = "auto")]
    format: Format,
    /// Name of the switch of text logs [default: the application that the log names]
    #[arg(long, value_name = "NAME")]
    switch: Option<String>,
    /// Zone of the local time in text logs, as Europe/Berlin [default: as the log's header shows]
    #[arg(long, value_name = "ZONE", value_parser = time_zone)]
    time_zone: Option<Arc<Zone>>,
}

/// Encodings of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Told by the content
    Auto,
    /// The feed: one JSON object a line
    Ndjson,
    /// Log of a T-Server or SIP Server
    Tserver,
    /// Log of a client of one: router, interaction concentrator, statistics server
    Client,
    /// What a program prints that uses the Platform SDK
    Psdk,
}

impl ReadingArgs {
    /// What the flags ask for.
    pub(super) fn reading(&self) -> Reading {
        let format = match self.format {
            Format::Auto => None,
            Format::Ndjson => Some(text::Format::Ndjson),
            Format::Tserver => Some(text::Format::TServer),
            Format::Client => Some(text::Format::Client),
            Format::Psdk => Some(text::Format::PlatformSdk),
        };
        Reading { format, wishes: Wishes { switch: self.switch.clone(), zone: self.time_zone.clone() } }
    }

    /// The recordings at `paths`, files of one log joined.
    pub(super) fn find(&self, paths: &[PathBuf]) -> Result<Vec<Recording>, FileError> {
        log::join(file::find(paths)?, &self.reading())
    }
}
