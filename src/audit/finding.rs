//! What a check found: for every law how often it was looked at, how often it was broken, and the first rows that broke it.
//!
//! Knows no law and no table; whoever looks says what holds.

use super::law::{Kind, Law};
use crate::sink::{Block, Reader};

/// A row that breaks a law.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// File of the row; of a row that is missing, the table.
    pub place: String,
    /// Key of the row as `column=value`.
    pub key: String,
    /// What is wrong with it.
    pub what: String,
}

/// What became of one law.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How often it was looked at.
    pub checked: u64,
    /// How often it was broken.
    pub broken: u64,
    /// The first rows that broke it.
    pub examples: Vec<Example>,
}

/// All findings.
#[derive(Clone, Debug)]
pub struct Findings {
    verdicts: Vec<Verdict>,
    /// Examples kept for a law.
    first: usize,
    /// Whether only what a row says by itself is judged: what it refers to was not read, or may still come.
    is_partial: bool,
}

impl Findings {
    /// Nothing looked at yet; `first` examples of each law are kept.
    #[must_use]
    pub fn new(first: usize) -> Self {
        Self { verdicts: vec![Verdict::default(); Law::ALL.len()], first, is_partial: false }
    }

    /// Whether, from here on, only laws about files and single rows are judged.
    pub(super) fn restrict(&mut self, is_partial: bool) {
        self.is_partial = is_partial;
    }

    /// Whether only laws about files and single rows are judged.
    pub(super) const fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// Looked at a law once.
    pub fn that(&mut self, law: Law, holds: bool, example: impl FnOnce() -> Example) {
        if self.is_partial && !law.is_about_one() {
            return;
        }
        let verdict = &mut self.verdicts[law as usize];
        verdict.checked += 1;
        if !holds {
            verdict.broken += 1;
            if verdict.examples.len() < self.first {
                verdict.examples.push(example());
            }
        }
    }

    /// Every law with what became of it.
    pub fn verdicts(&self) -> impl Iterator<Item = (Law, &Verdict)> {
        Law::ALL.into_iter().zip(&self.verdicts)
    }

    /// How often any law was broken.
    #[must_use]
    pub fn broken(&self) -> u64 {
        self.verdicts.iter().map(|verdict| verdict.broken).sum()
    }

    /// How often a law of this kind was broken.
    #[must_use]
    pub fn broken_of(&self, kind: Kind) -> u64 {
        self.verdicts().filter(|(law, _)| law.kind() == kind).map(|(_, verdict)| verdict.broken).sum()
    }
}

/// A row of a block as an example.
pub(super) fn example(reader: &Reader, block: &Block, row: usize, what: impl Into<String>) -> Example {
    let only = block.table.key.len() == 1;
    let key = block.table.key.iter().filter(|column| only || **column != "tenant_id");
    let key = key.map(|column| format!("{column}={}", block.shown(reader, column, row))).collect::<Vec<_>>().join(" ");
    Example { place: reader.text(block.file(row)).to_owned(), key, what: what.into() }
}
