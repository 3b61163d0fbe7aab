//! Parquet files as a store to check: whether every file is the one that was written, and its rows.
//!
//! In: a data directory, which may be in use. Finds what is wrong with files; rows are for the laws.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::path::{Path, PathBuf};

use super::finding::{Example, Findings};
use super::law::Law;
use super::shelf::{CheckError, DAY_MS, Lot, Progress, Shelf, start_of};
use crate::model::row::EventLogRow;
use crate::model::table::{Kind, Row};
use crate::model::time::Micros;
use crate::sink::{self, Block, Damage, Partition, Reader, StoreError};

/// How often a partition that a running program changes is looked at before what is missing counts as missing.
const LOOKS: u32 = 5;

/// The files of a store.
pub(super) struct Files {
    root: PathBuf,
    partitions: Vec<Partition>,
    /// First day that is kept of tables from which days were removed.
    retained: BTreeMap<String, String>,
    is_written: bool,
    bytes: u64,
}

impl Files {
    /// Lists what lies in `root`.
    pub(super) fn open(root: &Path) -> Result<Self, StoreError> {
        let is_written = sink::is_written(root)?;
        let partitions = sink::survey(root)?;
        let retained = sink::retained(root)?;
        Ok(Self { root: root.to_owned(), partitions, retained, is_written, bytes: 0 })
    }

    fn position(&self, lot: &Lot) -> Option<usize> {
        self.partitions.iter().position(|p| lot_of(p) == *lot)
    }

    /// Whether the rows of a lot were removed for their age.
    pub(super) fn is_removed(&self, lot: &Lot) -> bool {
        let first = self.retained.get(&lot.table).and_then(|day| start_of(day));
        first.zip(lot.day).is_some_and(|(first, day)| day < first)
    }

    /// The rows of a lot, whatever is wrong with its files.
    pub(super) fn rows(&mut self, lot: &Lot, reader: &mut Reader) -> Result<Option<Block>, CheckError> {
        self.read(lot, reader, &mut Findings::new(0))
    }
}

/// The lot that a partition is.
fn lot_of(partition: &Partition) -> Lot {
    Lot { tenant: partition.tenant.clone(), day: start_of(&partition.date), table: partition.table.clone() }
}

impl Shelf for Files {
    fn place(&self) -> String {
        self.root.display().to_string()
    }

    fn lots(&self) -> Vec<Lot> {
        self.partitions.iter().map(lot_of).collect()
    }

    fn written_until(&self, tenant: &str) -> Option<i64> {
        let of_tenant = self.partitions.iter().filter(|p| p.tenant == tenant && !p.date.is_empty());
        let until = of_tenant.filter_map(|p| p.manifest.as_ref()).map(|m| m.watermark_us.div_euclid(1000)).max();
        self.is_written.then_some(until.unwrap_or(i64::MIN))
    }

    fn read(&mut self, lot: &Lot, reader: &mut Reader, findings: &mut Findings) -> Result<Option<Block>, CheckError> {
        let Some(at) = self.position(lot) else { return Ok(None) };
        let partition = &mut self.partitions[at];
        let Some(table) = sink::tables().into_iter().find(|table| table.name == partition.table) else {
            findings.that(Law::FilesListed, false, || {
                finding(partition, "", "no table of this program has this name".into())
            });
            return Ok(None);
        };
        if let Some(day) = lot.day {
            let is_place = sink::is_place_of(&partition.dir, &partition.tenant, Micros(day.saturating_mul(1000)));
            findings.that(Law::RowsInPlace, is_place, || {
                finding(partition, "", "its directory is another tenant's or day's".into())
            });
        }
        let mut looks = 1;
        loop {
            let damages = partition.examine()?;
            let mut block = reader.block(table);
            let mut unread = Vec::new();
            // No law is about the log of events, and a day of it may be more than memory should hold.
            let is_log = table.kind == Kind::Log;
            for name in partition.files.iter().filter(|_| !is_log) {
                if let Err(error) = reader.append(&mut block, &partition.dir.join(name)) {
                    unread.push((name.clone(), error.to_string()));
                }
            }
            // Files of a running program come and go between two looks.
            if self.is_written && looks < LOOKS && !(damages.is_empty() && unread.is_empty()) {
                looks += 1;
                partition.refresh(&self.root)?;
                continue;
            }
            judge(partition, &damages, &unread, findings);
            self.bytes += partition.bytes();
            return Ok(Some(block).filter(|_| !is_log));
        }
    }

    fn retained(&self) -> i64 {
        // What began before midnight lacks its begin for a day, and links to it may come a day later.
        let days = self.retained.iter().filter(|(table, _)| *table != EventLogRow::TABLE.name);
        days.filter_map(|(_, day)| start_of(day)).max().map_or(i64::MIN, |day| day + 2 * DAY_MS)
    }

    fn mark(&self, lot: &Lot) -> u64 {
        let Some(partition) = self.position(lot).map(|at| &self.partitions[at]) else { return 0 };
        let listed = partition.manifest.iter().flat_map(|m| &m.files).map(|file| (&file.name, &file.checksum));
        let hasher = foldhash::fast::FixedState::with_seed(0);
        hasher.hash_one((&lot.table, &partition.files, listed.collect::<Vec<_>>()))
    }

    fn progress(&self) -> Progress {
        Progress {
            bytes: self.bytes,
            bytes_total: Some(self.partitions.iter().map(Partition::bytes).sum()),
            rows_total: None,
            files: self.partitions.iter().map(|p| p.files.len() as u64).sum(),
        }
    }
}

fn finding(partition: &Partition, name: &str, what: String) -> Example {
    Example { place: partition.dir.join(name).display().to_string(), key: String::new(), what }
}

/// Tells what is wrong with the files of a partition.
fn judge(partition: &Partition, damages: &[(String, Damage)], unread: &[(String, String)], findings: &mut Findings) {
    for name in &partition.files {
        let of_file = || damages.iter().filter(|(damaged, _)| damaged == name);
        let unlisted = of_file().any(|(_, damage)| *damage == Damage::Unlisted);
        findings.that(Law::FilesListed, !unlisted, || finding(partition, name, "no manifest names it".into()));
        let damaged = of_file().find(|(_, damage)| *damage != Damage::Unlisted).map(|(_, damage)| damage.to_string());
        let unread = unread.iter().find(|(unread, _)| unread == name).map(|(_, why)| why.clone());
        let what = damaged.or(unread);
        findings.that(Law::FilesWhole, what.is_none(), || finding(partition, name, what.unwrap_or_default()));
    }
    for (name, _) in damages.iter().filter(|(_, damage)| *damage == Damage::Missing) {
        findings.that(Law::FilesListed, false, || {
            finding(partition, name, "the manifest names it, and it is not there".into())
        });
    }
}
