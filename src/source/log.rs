//! Which recordings are files of one log, and in which order they were written.
//!
//! A server begins a new file now and then; each begins with a header that says whose log it is and when the file was begun.
//! In: recordings in any order. Out: the same, with the files of one server joined in the order of their headers. Files
//! without such a header stay by themselves.

use std::collections::VecDeque;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file::{self, FileError, Recording};
use super::input::{HEAD_BYTES_MAX, Reading};
use crate::decode::text::{Format, Header, Transcriber, Wishes};

/// The files of one log, or standard input, to be read in a way that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The files in order; none means standard input.
    pub files: Vec<PathBuf>,
    /// How they are read.
    pub reading: Reading,
}

impl Log {
    /// What people call it.
    #[must_use]
    pub fn name(&self) -> String {
        match self.files.as_slice() {
            [] => "-".into(),
            [file] => file.display().to_string(),
            [first, rest @ ..] => format!("{} and {} more", first.display(), rest.len()),
        }
    }

    /// The files after the first.
    pub(super) fn following(&self) -> VecDeque<PathBuf> {
        self.files.iter().skip(1).cloned().collect()
    }
}

/// Joins the files of one server, and has all `recordings` read as `reading` says.
///
/// # Errors
/// [`FileError`] when a beginning cannot be read.
pub fn join(recordings: Vec<Recording>, reading: &Reading) -> Result<Vec<Recording>, FileError> {
    let is_plain = *reading == Reading::default();
    let mut joined = Vec::new();
    let mut logs: Vec<(Header, Vec<(Header, PathBuf)>)> = Vec::new();
    for recording in recordings {
        match recording {
            Recording::File(path) => match header(&path, reading)? {
                Some(header) if !header.application.is_empty() => {
                    let is_same = |(other, _): &&mut (Header, _)| {
                        (&other.application, &other.host) == (&header.application, &header.host)
                    };
                    match logs.iter_mut().find(is_same) {
                        Some((_, files)) => files.push((header, path)),
                        None => logs.push((header.clone(), vec![(header, path)])),
                    }
                }
                None if is_plain => joined.push(Recording::File(path)),
                _ => joined.push(Recording::Log(Arc::new(Log { files: vec![path], reading: reading.clone() }))),
            },
            Recording::Stdin if !is_plain => {
                joined.push(Recording::Log(Arc::new(Log { files: Vec::new(), reading: reading.clone() })));
            }
            other => joined.push(other),
        }
    }
    for (_, mut files) in logs {
        files.sort_by_key(|(header, _)| (header.utc.or(header.local), header.started, header.file));
        let files: Vec<_> = files.into_iter().map(|(_, path)| path).collect();
        joined.push(Recording::Log(Arc::new(Log { files, reading: reading.clone() })));
    }
    Ok(joined)
}

/// The header of a server's log; `None` for anything else.
pub(super) fn header(path: &Path, reading: &Reading) -> Result<Option<Header>, FileError> {
    // What is neither file nor directory can be read only once.
    let is_file = std::fs::metadata(path).is_ok_and(|meta| meta.is_file());
    if !is_file || reading.format.is_some_and(|format| format != Format::TServer) {
        return Ok(None);
    }
    let mut head = Vec::new();
    let read = file::open(path, &Arc::default())?.take(HEAD_BYTES_MAX as u64).read_to_end(&mut head);
    read.map_err(|source| FileError::Read { path: path.display().to_string(), offset: 0, source }).or_else(
        |error| {
            // What is damaged further on is told when it is read.
            if head.is_empty() { Err(error) } else { Ok(0) }
        },
    )?;
    if reading.format.or_else(|| Format::detect(&head)) != Some(Format::TServer) {
        return Ok(None);
    }
    let mut transcriber = Transcriber::new(Format::TServer, Wishes::default());
    // A file that was joined from several shows the header that it begins with.
    let end = memchr::memmem::find(&head, b"\nFile:").map_or(head.len(), |at| at + 6);
    let line = memchr::memchr(b'\n', &head[end..]).map_or(head.len(), |at| end + at + 1);
    transcriber.push(&head[..line], &mut Vec::new());
    Ok(Some(transcriber.header().clone()))
}
