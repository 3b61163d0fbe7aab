//! Rows made again beside those that are stored, partition by partition: what differs, for whoever replaces rows and for people.
//!
//! In: the tables of a store, and those that folding has left aside. Out: the rows of one table, tenant and day on all sides, and how they differ.
//! Refuses to know why, and to change anything.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::{ASIDE, Aside, OfTable, Order, Plan, RebuildError, Sample};
use crate::model::table::Table;
use crate::model::time::Span;
use crate::sink::{self, Block, Difference, Reader, Rewrite, StoreError};

/// The partitions of the store and of the rows made again.
pub(super) struct Comparison<'a> {
    pub(super) reader: Reader,
    plan: &'a Plan,
    pub(super) samples: Samples,
    data: PathBuf,
    stored: Vec<sink::Partition>,
    made: Vec<sink::Partition>,
    open: Vec<sink::Partition>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(order: &Order, plan: &'a Plan, aside: &Aside) -> Result<Self, StoreError> {
        Ok(Self {
            reader: Reader::default(),
            plan,
            samples: Samples(order.samples),
            data: order.data.clone(),
            stored: sink::survey(&order.data)?,
            made: sink::survey(&aside.made())?,
            open: sink::survey(&aside.open())?,
        })
    }

    /// Tenants and dates of a table that may have rows in the range; a dimension is of no date.
    pub(super) fn partitions(&self, table: &str) -> BTreeSet<(String, String)> {
        let (first, last) = (self.plan.from.to_string(), (self.plan.to - Span(1)).to_string());
        let is_in_range = |date: &str| date.is_empty() || *date >= first[..10] && *date <= last[..10];
        let is_meant = |p: &&sink::Partition| p.table == table && is_in_range(&p.date);
        let all = self.stored.iter().chain(&self.made).filter(is_meant);
        all.map(|p| (p.tenant.clone(), p.date.clone())).collect()
    }

    /// Reads one partition.
    pub(super) fn read(&mut self, table: &'static Table, tenant: String, date: String) -> Result<Blocks, RebuildError> {
        let place = |all: &[sink::Partition]| {
            all.iter().find(|p| p.table == table.name && p.tenant == tenant && p.date == date).cloned()
        };
        let [stored, made, open] = [place(&self.stored), place(&self.made), place(&self.open)];
        let mut block = |partition: &Option<sink::Partition>| match partition {
            Some(partition) => super::read(&mut self.reader, table, &partition.dir, &partition.files),
            None => Ok(self.reader.block(table)),
        };
        let (old, new, open) = (block(&stored)?, block(&made)?, block(&open)?);
        let switches =
            made.iter().flat_map(|p| &p.manifest).flat_map(|m| &m.files).flat_map(|f| f.switches.clone()).collect();
        let partition = stored.or(made).map(|partition| self.of_store(partition));
        Ok(Blocks { tenant, date, old, new, open, partition, switches })
    }

    /// Compares one partition.
    pub(super) fn compare(&mut self, blocks: &Blocks, found: &mut OfTable) -> Difference {
        let Blocks { old, new, .. } = blocks;
        let range = self.plan.from.0..self.plan.to.0;
        let difference = blocks.difference(old, &self.reader, &range);
        found.add(&difference);
        self.samples.show(&self.reader, (old, new), &difference, found);
        difference
    }

    /// The partition of the store that one of the rows made again belongs to.
    fn of_store(&self, partition: sink::Partition) -> sink::Partition {
        if partition.dir.starts_with(self.data.join(ASIDE)) {
            let below = partition.dir.strip_prefix(self.data.join(ASIDE).join("made")).map(Path::to_owned);
            let dir = self.data.join(below.unwrap_or_default());
            return sink::Partition { dir, files: BTreeSet::new(), manifest: None, ..partition };
        }
        partition
    }
}

/// The rows of one partition: as they are stored, as they were made again, and those that were not over where folding ended.
pub(super) struct Blocks {
    pub(super) tenant: String,
    pub(super) date: String,
    pub(super) old: Block,
    pub(super) new: Block,
    pub(super) open: Block,
    /// Where files of it lie, or would; `None` where only a database has rows.
    partition: Option<sink::Partition>,
    /// The switches of the rows made again.
    switches: BTreeSet<String>,
}

impl Blocks {
    /// How rows of a store differ from those made again in a range of time.
    pub(super) fn difference(&self, old: &Block, reader: &Reader, range: &Range<i64>) -> Difference {
        let Self { new, open, .. } = self;
        // Part of a log knows not everything about a thing, but that there is one.
        if new.table.is_dimension() {
            return sink::undescribed(old, new);
        }
        sink::compare(reader, (old, new, open), |at| range.contains(&at))
    }

    /// What makes the files equal.
    pub(super) fn rewrite(self, difference: Difference) -> Rewrite {
        let Self { old, new, partition, switches, .. } = self;
        let partition = partition.unwrap_or_else(|| unreachable!("where rows differ, one of both has the partition"));
        Rewrite { partition, old, new, difference, switches }
    }
}

/// How many differences of a table are kept for people.
#[derive(Clone, Copy)]
pub(super) struct Samples(usize);

impl Samples {
    /// Keeps the first differences between stored rows and those made again.
    pub(super) fn show(
        self,
        reader: &Reader,
        (old, new): (&Block, &Block),
        difference: &Difference,
        found: &mut OfTable,
    ) {
        let key = |block: &Block, row: usize| {
            let cells = block.table.key.iter().filter(|name| **name != "tenant_id");
            let cells: Vec<String> = cells.map(|name| format!("{name}={}", block.shown(reader, name, row))).collect();
            cells.join(" ")
        };
        let changed = difference.changed.iter().map(|changed| {
            let cells = changed.columns.iter().map(|at| {
                let name = old.table.columns[*at].name;
                let [was, is] = [old.shown(reader, name, changed.old), new.shown(reader, name, changed.new)];
                format!("{name}: {} -> {}", or_null(&was), or_null(&is))
            });
            Sample { key: key(old, changed.old), what: cells.collect::<Vec<_>>().join(", ") }
        });
        let added = difference.new.iter().map(|row| Sample { key: key(new, *row), what: "new".into() });
        let vanished = difference.vanished.iter().map(|row| Sample { key: key(old, *row), what: "vanished".into() });
        let room = self.0.saturating_sub(found.samples.len());
        found.samples.extend(changed.chain(added).chain(vanished).take(room));
    }
}

/// A cell, for people.
pub(super) fn or_null(cell: &str) -> &str {
    if cell.is_empty() { "null" } else { cell }
}
