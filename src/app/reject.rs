//! Refused lines, kept so that somebody can look at them: one JSON object a line, in a file of bounded size.
//!
//! In: rejects with the name of their source. Out: `{"source","line","offset","reason","detail","sample"}` lines. The file
//! appears with the first reject. When it is full a last line says so, and the rest is only counted. Refuses to know why
//! a line was refused.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::engine::output::Reject;
use crate::engine::partition::Position;

/// Largest reject file, the closing note excluded.
pub const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How a reject file begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Without what an earlier run left.
    Fresh,
    /// Behind it.
    Append,
}

/// A reject file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: failed to write refused lines: {source}")]
pub struct RejectError {
    /// Which file.
    pub path: String,
    /// Why.
    pub source: io::Error,
}

/// Where refused lines go.
#[derive(Debug)]
pub struct RejectFile {
    path: PathBuf,
    begin: Begin,
    file: Option<BufWriter<File>>,
    bytes: u64,
    bytes_max: u64,
    written: u64,
}

impl RejectFile {
    /// Rejects will go to `path`; an older file there is removed at once if this one begins afresh.
    ///
    /// # Errors
    /// When the older file cannot be removed.
    pub fn new(path: &Path, begin: Begin) -> Result<Self, RejectError> {
        if begin == Begin::Fresh
            && let Err(source) = std::fs::remove_file(path)
            && source.kind() != io::ErrorKind::NotFound
        {
            return Err(RejectError { path: path.display().to_string(), source });
        }
        let path = path.to_owned();
        Ok(Self { path, begin, file: None, bytes: 0, bytes_max: BYTES_MAX, written: 0 })
    }

    /// Adds rejects of one source.
    ///
    /// # Errors
    /// When the file cannot be created or written.
    pub fn add(&mut self, source: &str, rejects: &[Reject]) -> Result<(), RejectError> {
        for reject in rejects {
            if self.bytes >= self.bytes_max {
                break;
            }
            let line = json!({
                "source": source,
                "line": reject.line,
                "offset": (reject.offset != Position::NO_OFFSET).then_some(reject.offset),
                "reason": reject.reason,
                "detail": reject.detail,
                "sample": String::from_utf8_lossy(&reject.sample),
            });
            self.write(&line.to_string())?;
            self.written += 1;
        }
        Ok(())
    }

    fn write(&mut self, line: &str) -> Result<(), RejectError> {
        let failed = |source| RejectError { path: self.path.display().to_string(), source };
        if self.file.is_none() {
            if let Some(parent) = self.path.parent() {
                std::fs::create_dir_all(parent).map_err(failed)?;
            }
            let file = match self.begin {
                Begin::Fresh => File::create(&self.path),
                Begin::Append => File::options().append(true).create(true).open(&self.path),
            }
            .map_err(failed)?;
            self.bytes = file.metadata().map_or(0, |meta| meta.len());
            self.file = Some(BufWriter::new(file));
        }
        let file = self.file.as_mut().expect("opened above");
        file.write_all(line.as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(failed)?;
        self.bytes += line.len() as u64 + 1;
        Ok(())
    }

    /// Makes what was added visible to readers.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn flush(&mut self) -> Result<(), RejectError> {
        let failed = |source| RejectError { path: self.path.display().to_string(), source };
        self.file.as_mut().map_or(Ok(()), BufWriter::flush).map_err(failed)
    }

    /// Closes the file; returns its path if it has anything. `total` is how many lines were refused in all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self, total: u64) -> Result<Option<PathBuf>, RejectError> {
        let missing = total.saturating_sub(self.written);
        if missing > 0 {
            let note = json!({
                "note": "more lines were refused than this file keeps", "written": self.written, "omitted": missing,
            });
            self.write(&note.to_string())?;
        }
        self.flush()?;
        Ok(self.file.is_some().then_some(self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reject(line: u64, sample: &[u8]) -> Reject {
        Reject { line, offset: 10, reason: "invalid_json", detail: "expected value".into(), sample: sample.into() }
    }

    #[test]
    fn rejects_are_json_lines_with_their_place_and_a_readable_sample() {
        let path = std::env::temp_dir().join(format!("callfold-rejects-{}.ndjson", std::process::id()));
        let mut file = RejectFile::new(&path, Begin::Fresh).expect("nothing in the way");
        file.add("a.ndjson", &[reject(7, b"{\"x\":\xff\n")]).expect("written");
        assert_eq!(file.finish(1).expect("written"), Some(path.clone()));
        let text = std::fs::read_to_string(&path).expect("utf-8 whatever the line was");
        let value: serde_json::Value = serde_json::from_str(text.trim_end()).expect("json");
        assert_eq!(value["source"], "a.ndjson");
        assert_eq!((value["line"].as_u64(), value["offset"].as_u64()), (Some(7), Some(10)));
        assert_eq!(value["sample"], "{\"x\":\u{fffd}\n");
        let untouched = RejectFile::new(&path, Begin::Fresh).expect("removed");
        assert_eq!(untouched.finish(0).expect("nothing to write"), None);
        assert!(!path.exists(), "a run without rejects leaves no file of an earlier run");
    }

    #[test]
    fn a_full_file_ends_with_a_note() {
        let path = std::env::temp_dir().join(format!("callfold-rejects-full-{}.ndjson", std::process::id()));
        let mut file = RejectFile::new(&path, Begin::Fresh).expect("nothing in the way");
        file.bytes_max = 300;
        for line in 1..=10 {
            file.add("a", &[reject(line, b"x")]).expect("written");
        }
        file.finish(10).expect("written");
        let text = std::fs::read_to_string(&path).expect("text");
        let note: serde_json::Value = serde_json::from_str(text.lines().last().expect("a line")).expect("json");
        assert_eq!(note["written"].as_u64().zip(note["omitted"].as_u64()).map(|(a, b)| a + b), Some(10));
        std::fs::remove_file(&path).expect("removed");
    }
}
