//! Batches to segments: every row as a tuple of COPY, with what the database must know about them beside it.
//!
//! In: batches of the engine, with the names they bring. Out: sections of a segment, each of about a mebibyte at most. Names are
//! kept here a second time (the files' side has its own), so that neither side waits for the other. Memory is bounded by the
//! engine's limits on names, and by a section per table.

use std::collections::{BTreeSet, HashMap};
use std::io::Write;

use crate::engine::output::RowBatch;
use crate::for_each_table;
use crate::model::table::Row;
use crate::model::time::{Micros, civil_from_days};
use crate::sink::derive::{Derived, Scope};
use crate::sink::mirror::{Mirror, Texts};
use crate::sink::path;

use super::ddl::{is_in_database, partition_column, tables};
use super::segment::{AGENT_SITE, Section, SegmentError, Writer};
use super::tuple::{self, Layout, Meaning};

/// Bytes of tuples that make a section.
const SECTION: usize = 1 << 20;

/// Turns batches into sections.
pub(super) struct Encoder {
    tables: Vec<Pending>,
    agents: Pending,
    texts: Texts,
    partitions: HashMap<u32, Known>,
    derived: Derived,
}

/// What is known about a partition of the engine.
#[derive(Default)]
struct Known {
    mirror: Mirror,
    /// Tenant and name of its switches.
    sites: Vec<(String, String)>,
}

/// The section of a table that is being filled.
struct Pending {
    layout: Option<Layout>,
    section: Section,
    tuples: Vec<u8>,
}

impl Pending {
    fn new(name: &str, layout: Option<Layout>) -> Self {
        Self { layout, section: Section::of(name), tuples: Vec::new() }
    }

    fn put<W: Write>(&mut self, writer: &mut Writer<W>) -> Result<(), SegmentError> {
        if self.section.rows > 0 {
            let fresh = Section::of(&self.section.table);
            writer.put(std::mem::replace(&mut self.section, fresh), &self.tuples)?;
            self.tuples.clear();
        }
        Ok(())
    }

    fn put_if_full<W: Write>(&mut self, writer: &mut Writer<W>) -> Result<(), SegmentError> {
        if self.tuples.len() >= SECTION { self.put(writer) } else { Ok(()) }
    }

    /// Adds rows of the table.
    fn rows<R: Row, W: Write>(
        &mut self,
        rows: &[R],
        meaning: &mut Meaning<'_>,
        writer: &mut Writer<W>,
    ) -> Result<(), SegmentError> {
        let Some(layout) = self.layout.take() else { return Ok(()) };
        let is_parted = partition_column(layout.table).is_some();
        let is_interval = layout.table.is_of_intervals();
        let (mut seen_day, mut seen_time) = (i64::MIN, Micros::MIN);
        for row in rows {
            let section = &mut self.section;
            let time = row.time();
            if is_parted && (time != seen_time || section.rows == 0) {
                seen_time = time;
                section.first_us = section.first_us.min(time.0);
                section.last_us = section.last_us.max(time.0);
                let day = path::day(time);
                if day != seen_day || section.rows == 0 {
                    seen_day = day;
                    section.months.insert(month(day));
                }
                if is_interval {
                    section.intervals.insert(time.0);
                }
            }
            let revision = tuple::append(&mut self.tuples, row, &layout, meaning);
            // Where a table has neither time nor revision nobody knows, and it is small.
            section.revised |= !is_interval && (!is_parted || revision.is_none_or(|revision| revision > 1));
            section.rows += 1;
            self.put_if_full(writer)?;
        }
        self.layout = Some(layout);
        Ok(())
    }
}

/// The month of a day, as the day of its begin since 1970.
pub(super) fn month(day: i64) -> i32 {
    let (_, _, day_of_month) = civil_from_days(day);
    i32::try_from(day - i64::from(day_of_month) + 1).unwrap_or(0)
}

impl Encoder {
    pub(super) fn new() -> Self {
        let pending = |table: &'static crate::model::table::Table| Pending::new(table.name, Some(Layout::new(table)));
        Self {
            tables: tables().into_iter().map(pending).collect(),
            agents: Pending::new(AGENT_SITE, None),
            texts: Texts::default(),
            partitions: HashMap::new(),
            derived: Derived::default(),
        }
    }

    /// Takes a batch; sections that are full go to `writer`.
    pub(super) fn append<W: Write>(&mut self, batch: &RowBatch, writer: &mut Writer<W>) -> Result<(), SegmentError> {
        self.names(batch, writer)?;
        let Some(known) = self.partitions.get(&batch.partition) else { return Ok(()) };
        let scope = Scope { partition: batch.partition, mirror: &known.mirror, text: "" };
        let mut meaning = Meaning { scope, texts: &self.texts, derived: &mut self.derived };
        let mut tables = self.tables.iter_mut();
        macro_rules! append {
            ($table:ident) => {
                if is_in_database(&batch.rows.$table)
                    && let Some(pending) = tables.next()
                {
                    pending.rows(&batch.rows.$table, &mut meaning, writer)?;
                }
            };
        }
        for_each_table!(append);
        Ok(())
    }

    /// Gives `writer` what is not full yet.
    pub(super) fn flush<W: Write>(&mut self, writer: &mut Writer<W>) -> Result<(), SegmentError> {
        self.agents.put(writer)?;
        self.tables.iter_mut().try_for_each(|pending| pending.put(writer))
    }

    /// Takes over the names of a batch, and the switches of its agents as rows.
    fn names<W: Write>(&mut self, batch: &RowBatch, writer: &mut Writer<W>) -> Result<(), SegmentError> {
        let known = self.partitions.entry(batch.partition).or_default();
        known.mirror.apply(&batch.names, &mut self.texts);
        known.sites.extend(batch.names.switches.iter().map(|(tenant, name)| (tenant.to_string(), name.to_string())));
        for (switch, agent) in &batch.names.agents {
            if let Some((tenant, site)) = known.sites.get(switch.index()) {
                tuple::append_texts(&mut self.agents.tuples, &[tenant, agent, site]);
                self.agents.section.rows += 1;
                self.agents.put_if_full(writer)?;
            }
        }
        Ok(())
    }

    /// Tenant and name of every switch of a partition, as far as it is known.
    pub(super) fn sites(&self, partition: u32) -> BTreeSet<(String, String)> {
        self.partitions.get(&partition).map(|known| known.sites.iter().cloned().collect()).unwrap_or_default()
    }

    /// The same of all partitions.
    pub(super) fn all_sites(&self) -> BTreeSet<(String, String)> {
        self.partitions.values().flat_map(|known| known.sites.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_belongs_to_its_month() {
        let day = |text: &str| {
            let days = (0..40_000).find(|day| path::date(*day) == text);
            days.unwrap_or_else(|| panic!("{text}"))
        };
        assert_eq!(i64::from(month(day("2026-11-29"))), day("2026-11-01"));
        assert_eq!(i64::from(month(day("2028-02-29"))), day("2028-02-01"));
        assert_eq!(month(0), 0);
    }
}
