//! The database beside the files: held against the same rows made again, and put right with them.
//!
//! In: partitions of the rows made again, and how the files differ from them. Out: how the database does, and a transaction that makes it say what
//! the files will say, to the last cell. Rows of switches that the log does not know are another program's and left alone; so are days that
//! retention has taken. Refuses to run beside a program that writes under the same name, and to know how rows get there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::comparison::{Blocks, Samples};
use super::{OfTable, Order, RebuildError};
use crate::app::postgres::Postgres;
use crate::engine::output::NewNames;
use crate::sink::postgres::{Holding, Purpose, Rewriting, Site, Spool};
use crate::sink::{self, Block, Difference, Reader};

/// Switches and agents that were heard of while the log was folded.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// In the order of their numbers.
    order: Vec<Site>,
    /// With the switch where each was seen first.
    agents: Vec<(Site, String)>,
}

impl Heard {
    /// Takes over what is named for the first time.
    pub(super) fn listen(&mut self, names: &NewNames) {
        self.order.extend(names.switches.iter().map(|(tenant, site)| (tenant.to_string(), site.to_string())));
        let agents = names.agents.iter();
        self.agents.extend(
            agents.filter_map(|(switch, agent)| Some((self.order.get(switch.index())?.clone(), agent.to_string()))),
        );
    }

    /// Whether a tenant has any of the switches.
    fn has_tenant(&self, tenant: &str) -> bool {
        self.order.iter().any(|(of, _)| of == tenant)
    }
}

/// How a database stands.
#[derive(Clone, Debug)]
pub struct OfDatabase {
    /// Where it is, for people, without a password.
    pub place: String,
    /// Every table that has rows in the range.
    pub tables: Vec<OfTable>,
    /// Rows that it would have besides, and which are another program's.
    pub others: u64,
    /// Rows that wait on disk for it: it cannot have them yet.
    pub waiting: u64,
    /// Rows that were replaced, new or deleted, as the server was told; `None` when nothing was to be.
    pub written: Option<u64>,
}

/// The database of a rebuild.
#[derive(Debug)]
pub(super) struct Beside {
    rewriting: Rewriting,
    range: std::ops::Range<i64>,
    heard: Heard,
    is_written: bool,
    /// Replacements prepared.
    pub(super) prepared: u64,
    pub(super) of_database: OfDatabase,
}

impl Beside {
    /// Locks the database against whoever writes under our name, and looks what there is in the range.
    pub(super) fn open(
        postgres: &Postgres,
        order: &Order,
        range: std::ops::Range<i64>,
        aside: &Path,
    ) -> Result<Self, RebuildError> {
        let waiting = Spool::look(&order.data)?.rows;
        if order.write && waiting > 0 {
            return Err(RebuildError::Waiting { rows: waiting });
        }
        let day = |at: i64| at.div_euclid(86_400_000_000);
        let days = (day(range.start), day(range.end - 1).saturating_add(1));
        let purpose = if order.write { Purpose::Replace } else { Purpose::Show };
        let rewriting = Rewriting::open(&postgres.target, &postgres.writer, days, aside, purpose)?;
        let place = postgres.target.place().to_owned();
        let of_database = OfDatabase { place, tables: Vec::new(), others: 0, waiting, written: None };
        Ok(Self { rewriting, range, heard: Heard::default(), is_written: order.write, prepared: 0, of_database })
    }

    /// What was heard of: rows of others are others'.
    pub(super) fn heard(&mut self, heard: Heard) {
        self.heard = heard;
    }

    /// Tenants and dates of a table that have rows in the range.
    pub(super) fn partitions(&self, table: &str) -> BTreeSet<(String, String)> {
        let is_ours = |holding: &&Holding| holding.table.name == table && self.heard.has_tenant(&holding.tenant);
        let days = self.rewriting.holdings().list().iter().filter(is_ours);
        days.filter_map(|holding| Some((holding.tenant.clone(), holding.date()?))).collect()
    }

    /// Whether retention has taken the day of a table.
    fn is_removed(&self, table: &str, date: &str) -> bool {
        self.rewriting.holdings().retained().get(table).is_some_and(|first| *date < *sink::date(*first))
    }

    /// Compares one partition, and prepares what makes it equal; `of_files` is how the files differ.
    pub(super) fn compare(
        &mut self,
        blocks: &Blocks,
        of_files: &Difference,
        reader: &mut Reader,
        found: &mut OfTable,
        samples: Samples,
    ) -> Result<(), RebuildError> {
        let (table, new) = (blocks.new.table, &blocks.new);
        if self.is_removed(table.name, &blocks.date) {
            return Ok(());
        }
        let is_meant = |holding: &&Holding| {
            holding.table.name == table.name
                && holding.tenant == blocks.tenant
                && holding.date().unwrap_or_default() == blocks.date
        };
        let holding = self.rewriting.holdings().list().iter().find(is_meant).cloned();
        let old = match &holding {
            Some(holding) => self.rewriting.read(holding, reader)?,
            None => reader.block(table),
        };
        let mut difference = blocks.difference(&old, reader, &self.range);
        let foreign = self.leave((&old, new), &mut difference, reader);
        found.add(&difference);
        samples.show(reader, (&old, new), &difference, found);
        if self.is_written {
            self.prepare(blocks, (&old, &difference), of_files, &foreign, reader)?;
        }
        Ok(())
    }

    /// Takes rows of other programs out of a difference; returns the rows made again that must not come.
    fn leave(&mut self, (old, new): (&Block, &Block), difference: &mut Difference, reader: &Reader) -> BTreeSet<usize> {
        let is_of = |block: &Block, row: usize| self.rewriting.is_of(&self.heard.order, block, row, reader);
        let before = difference.vanished.len() + difference.changed.len() + difference.new.len();
        difference.vanished.retain(|row| is_of(old, *row) == Some(true));
        // Ids are made of the switch, but an agent has his sessions and intervals once, whoever writes them.
        let mut foreign = BTreeSet::new();
        if old.table.key.iter().any(|column| matches!(*column, "agent_id" | "agent_session_id")) {
            let changed = difference.changed.iter().filter(|changed| is_of(old, changed.old) == Some(false));
            foreign.extend(changed.map(|changed| changed.new));
            foreign.extend(difference.new.iter().filter(|row| is_of(new, **row) == Some(false)));
            difference.changed.retain(|changed| !foreign.contains(&changed.new));
            difference.new.retain(|row| !foreign.contains(row));
        }
        let after = difference.vanished.len() + difference.changed.len() + difference.new.len();
        self.of_database.others += (before - after) as u64;
        foreign
    }

    /// Prepares what makes the database say what the files will say: of rows that differ here or there, those that the files will have.
    fn prepare(
        &mut self,
        blocks: &Blocks,
        (old, difference): (&Block, &Difference),
        of_files: &Difference,
        foreign: &BTreeSet<usize>,
        reader: &mut Reader,
    ) -> Result<(), RebuildError> {
        let Blocks { old: files, new, .. } = blocks;
        for row in &difference.vanished {
            self.rewriting.remove(old, *row, reader)?;
        }
        let of_both = [difference, of_files].into_iter();
        let come: BTreeSet<usize> = of_both
            .flat_map(|difference| difference.changed.iter().map(|c| c.new).chain(difference.new.iter().copied()))
            .filter(|row| !foreign.contains(row))
            .collect();
        let changed: BTreeMap<usize, usize> = of_files.changed.iter().map(|c| (c.new, c.old)).collect();
        let revisions = files.has("revision").then(|| files.ints("revision"));
        let as_stored: Vec<usize> =
            come.iter().copied().filter(|row| !changed.contains_key(row) && !of_files.new.contains(row)).collect();
        let stored: BTreeMap<usize, Option<usize>> =
            as_stored.iter().copied().zip(sink::places(new, &as_stored, files)).collect();
        for row in &come {
            if let Some(Some(place)) = stored.get(row) {
                self.rewriting.put(files, *place, None, reader)?;
            } else {
                let revised = changed.get(row).zip(revisions).map(|(old, revisions)| revisions[*old] + 1);
                self.rewriting.put(new, *row, revised, reader)?;
            }
        }
        self.prepared += (come.len() + difference.vanished.len()) as u64;
        Ok(())
    }

    /// Makes everything that was prepared visible, or nothing.
    pub(super) fn write(self) -> Result<OfDatabase, RebuildError> {
        let Self { rewriting, heard, is_written, prepared, mut of_database, .. } = self;
        if is_written {
            let written = if prepared > 0 {
                rewriting.merge(&heard.agents)?.commit().map_err(crate::sink::postgres::IntakeError::from)?
            } else {
                0
            };
            of_database.written = Some(written);
        }
        Ok(of_database)
    }
}
