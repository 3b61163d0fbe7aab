//! A database as a store to check, alone or beside the files that hold the same rows.
//!
//! In: an open [`Holdings`]. Rows are told apart by table alone: a database has no files.

use std::collections::BTreeSet;
use std::hash::BuildHasher;

use super::compare;
use super::files::Files;
use super::finding::Findings;
use super::run::settled;
use super::shelf::{CheckError, DAY_MS, Lot, Progress, Shelf};
use crate::model::table::Kind;
use crate::sink::postgres::{Holding, Holdings};
use crate::sink::{Block, Reader};

/// A database, and the files that should hold the same.
pub(super) struct Database {
    holdings: Holdings,
    /// Files to compare with.
    beside: Option<Files>,
}

impl Database {
    pub(super) fn new(holdings: Holdings, beside: Option<Files>) -> Self {
        Self { holdings, beside }
    }

    fn holding(&self, lot: &Lot) -> Option<&Holding> {
        let is_lot = |holding: &&Holding| {
            let day = holding.day.map(|day| day.saturating_mul(DAY_MS));
            (holding.table.name, &holding.tenant, day) == (lot.table.as_str(), &lot.tenant, lot.day)
        };
        self.holdings.list().iter().find(is_lot)
    }

    /// Whether the rows of a lot were removed for their age.
    fn is_removed(&self, lot: &Lot) -> bool {
        let first = self.holdings.retained().get(&lot.table).map(|day| day.saturating_mul(DAY_MS));
        first.zip(lot.day).is_some_and(|(first, day)| day < first)
    }

    /// Whether the two are compared there: while a program writes, one may be ahead of the other.
    fn is_compared(&self, lot: &Lot) -> bool {
        let beside = self.beside.as_ref().and_then(|files| files.written_until(&lot.tenant));
        let until = [self.written_until(&lot.tenant), beside].into_iter().flatten().min();
        until.is_none_or(|until| lot.day.is_some_and(|day| day < settled(until)))
    }
}

impl Shelf for Database {
    fn place(&self) -> String {
        self.holdings.place().to_owned()
    }

    fn lots(&self) -> Vec<Lot> {
        let own = self.holdings.list().iter().map(|holding| Lot {
            tenant: holding.tenant.clone(),
            day: holding.day.map(|day| day.saturating_mul(DAY_MS)),
            table: holding.table.name.to_owned(),
        });
        let mut lots: BTreeSet<Lot> = own.collect();
        lots.extend(self.beside.iter().flat_map(Shelf::lots));
        lots.into_iter().collect()
    }

    fn written_until(&self, tenant: &str) -> Option<i64> {
        self.holdings.written_until(tenant).map(|at| at.0.div_euclid(1000))
    }

    fn read(&mut self, lot: &Lot, reader: &mut Reader, findings: &mut Findings) -> Result<Option<Block>, CheckError> {
        // No law is about the log of events, and a day of it may be more than memory should hold.
        let holding = self.holding(lot).filter(|holding| holding.table.kind != Kind::Log).cloned();
        let block = match &holding {
            Some(holding) => Some(self.holdings.read(holding, reader)?),
            None => None,
        };
        let is_compared = self.is_compared(lot) && !self.is_removed(lot);
        if let Some(files) = self.beside.as_mut().filter(|files| is_compared && !files.is_removed(lot)) {
            let of_files = files.rows(lot, reader)?;
            compare::stores(of_files.as_ref(), block.as_ref(), reader, findings);
        }
        Ok(block)
    }

    fn retained(&self) -> i64 {
        // As in files: what began before midnight lacks its begin for a day, and links to it may come a day later.
        let last = self.holdings.retained().values().max();
        last.map_or(i64::MIN, |day| day.saturating_add(2).saturating_mul(DAY_MS))
    }

    fn mark(&self, lot: &Lot) -> u64 {
        let Some(holding) = self.holding(lot) else { return 0 };
        foldhash::fast::FixedState::with_seed(0).hash_one((&lot.table, holding.rows, holding.written_us))
    }

    fn progress(&self) -> Progress {
        let rows_total = self.holdings.list().iter().map(|holding| holding.rows).sum();
        Progress { bytes: self.holdings.bytes(), bytes_total: None, rows_total: Some(rows_total), files: 0 }
    }
}
