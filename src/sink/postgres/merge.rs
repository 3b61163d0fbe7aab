//! Segments into the tables: COPY into a staging table, then one statement that merges.
//!
//! In: segments, oldest first, inside a transaction of the caller. Out: rows under their keys. Merging is idempotent: the same
//! segment again changes nothing, not even a row's version on disk.
//!
//! * A row replaces the one with its key when it differs and was not written earlier. Of several in one go the last counts.
//! * An interval comes complete: what its writer had there before and does not bring again is removed, by switch and tenant, so that
//!   another writer's rows stay. Which switch an agent's rows belong to says `callfold_store.agent_site`.
//! * Of a dimension, what a row does not know (null) stays as it was, and `valid_from` stays the earliest; of one that is declared, rows
//!   of a tenant that do not come with the others go.
//! * A detail row whose time moved leaves no second row behind under its old time.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures_util::SinkExt;
use tokio::time::Instant;
use tokio_postgres::SimpleQueryMessage;

use crate::model::table::Table;
use crate::model::time::Micros;

use super::connect::Session;
use super::ddl::{ident, literal, partition_column, tables, trees};
use super::error::PostgresError;
use super::segment::{AGENT_SITE, Section, Segment, SegmentError};
use super::statement::{Rule, Staging, Statements, leads};

/// What COPY's binary format begins with: signature, flags, length of the extension.
const COPY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What it ends with.
const COPY_TRAILER: &[u8] = &[0xff, 0xff];

/// Bytes handed to the server at once.
const CHUNK: usize = 256 << 10;

/// Intervals of tables that are remembered: some hours.
const KNOWN_MAX: usize = 1024;

/// Under this name it is said, to whoever wants to know, where the time of a batch went, in microseconds.
pub(super) const STAGES: &str = "callfold::postgres::stages";

/// Why a merge ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum MergeError {
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    #[error(transparent)]
    Segment(#[from] SegmentError),
}

/// Merges segments over one session, or tables of the same segments over several.
pub(super) struct Merge {
    tables: Vec<Statements>,
    agents: String,
    staging: Staging,
    rule: Rule,
    /// Partitions known to be there: table and month.
    months: BTreeSet<(&'static str, i32)>,
    /// Staging tables that may hold something.
    filled: RefCell<BTreeSet<String>>,
    /// Intervals known to have rows, by begin and table.
    known: RefCell<BTreeSet<(i64, &'static str)>>,
}

/// Segments that can be merged together: no interval comes twice.
fn group(segments: &[Segment]) -> usize {
    let mut seen: BTreeSet<(&str, i64)> = BTreeSet::new();
    for (count, segment) in segments.iter().enumerate() {
        let sections = &segment.index.sections;
        let intervals = || sections.iter().flat_map(|s| s.intervals.iter().map(|start| (s.table.as_str(), *start)));
        if count > 0 && intervals().any(|interval| seen.contains(&interval)) {
            return count;
        }
        seen.extend(intervals());
    }
    segments.len()
}

impl Merge {
    /// Makes the staging tables.
    pub(super) async fn begin(session: &Session, staging: Staging, rule: Rule) -> Result<Self, PostgresError> {
        let all = tables();
        let mut create: String =
            all.iter().map(|table| staging.create(table.name, &format!("callfold.{}", ident(table.name)))).collect();
        create += &staging.create(AGENT_SITE, "callfold_store.agent_site");
        session.run("make the staging tables in", &create).await?;
        let agents = staging.table(AGENT_SITE);
        let tables = all.into_iter().map(|table| Statements::new(table, &staging, rule)).collect();
        let (filled, known) = Default::default();
        Ok(Self { tables, agents, staging, rule, months: BTreeSet::new(), filled, known })
    }

    /// Makes the partitions of these days, as days of their months' begins, for all tables.
    pub(super) async fn ahead(&mut self, session: &Session, months: &[i32]) -> Result<(), PostgresError> {
        let wanted: Vec<_> =
            self.tables.iter().filter(|s| partition_column(s.table).is_some()).map(|s| s.table.name).collect();
        let wanted = wanted.into_iter().flat_map(|table| months.iter().map(move |month| (table, *month))).collect();
        self.partitions(session, wanted).await
    }

    /// Makes the partitions that segments need, in transactions of their own.
    pub(super) async fn prepare(&mut self, session: &Session, segments: &[Segment]) -> Result<(), PostgresError> {
        let mut wanted = BTreeSet::new();
        for section in segments.iter().flat_map(|segment| &segment.index.sections) {
            if let Some(statements) = self.tables.iter().find(|s| s.table.name == section.table) {
                wanted.extend(section.months.iter().map(|month| (statements.table.name, *month)));
            }
        }
        self.partitions(session, wanted).await
    }

    async fn partitions(
        &mut self,
        session: &Session,
        wanted: BTreeSet<(&'static str, i32)>,
    ) -> Result<(), PostgresError> {
        let missing: Vec<_> = wanted.difference(&self.months).copied().collect();
        for of_table in missing.chunk_by(|a, b| a.0 == b.0) {
            let table = literal(of_table[0].0);
            let months: Vec<String> =
                of_table.iter().map(|(_, month)| format!("DATE '1970-01-01' + {month}")).collect();
            let statement = format!("SELECT callfold_store.ensure_partitions({table}, ARRAY[{}])", months.join(", "));
            session.run("make partitions in", &statement).await?;
        }
        self.months.extend(missing);
        Ok(())
    }

    /// Forgets which partitions there are: somebody may have dropped one.
    pub(super) fn forget_partitions(&mut self) {
        self.months.clear();
    }

    /// Forgets what was only true within a transaction that was rolled back.
    pub(super) fn forget(&self) {
        self.known.borrow_mut().clear();
        let all = self.tables.iter().map(|statements| statements.staging.clone()).chain([self.agents.clone()]);
        self.filled.borrow_mut().extend(all);
    }

    /// Empties those of these staging tables that hold something.
    async fn empty(&self, session: &Session, staging: &[&str]) -> Result<(), PostgresError> {
        let filled: Vec<&str> = staging.iter().copied().filter(|place| self.filled.borrow().contains(*place)).collect();
        if filled.is_empty() {
            return Ok(());
        }
        session.run("empty the staging tables in", &format!("TRUNCATE {}", filled.join(", "))).await?;
        self.filled.borrow_mut().retain(|place| !filled.contains(&place.as_str()));
        Ok(())
    }

    /// Empties the staging tables for whoever comes next: now nobody waits for it.
    pub(super) fn emptying(&self) -> Option<String> {
        let filled: Vec<String> = std::mem::take(&mut *self.filled.borrow_mut()).into_iter().collect();
        (!filled.is_empty()).then(|| format!("TRUNCATE {};", filled.join(", ")))
    }

    /// Notes which switch the agents in these segments belong to. This is to be there before any session merges their intervals.
    pub(super) async fn agents(&self, session: &Session, segments: &mut [Segment]) -> Result<(), MergeError> {
        if Whole::of(segments).rows(AGENT_SITE) == 0 {
            return Ok(());
        }
        self.empty(session, &[&self.agents]).await?;
        self.filled.borrow_mut().insert(self.agents.clone());
        copy(session, segments, AGENT_SITE, &format!("{} (tenant_id, agent_id, site_id)", self.agents)).await?;
        let agents = format!(
            "INSERT INTO callfold_store.agent_site SELECT DISTINCT ON (tenant_id, agent_id) tenant_id, agent_id, site_id FROM {} \
             ORDER BY tenant_id, agent_id, ctid DESC ON CONFLICT (tenant_id, agent_id) DO UPDATE SET site_id = excluded.site_id \
             WHERE agent_site.site_id <> excluded.site_id",
            self.agents
        );
        session.run("merge the agents into", &agents).await?;
        Ok(())
    }

    /// The tables of these segments, shared out among `sessions` so that all have about as much to do.
    pub(super) fn shares(&self, segments: &[Segment], sessions: usize) -> Vec<BTreeSet<&'static str>> {
        let whole = Whole::of(segments);
        let touched = self.tables.iter().filter(|statements| whole.touches(statements.table.name));
        let mut weighed: Vec<(u64, &'static str)> =
            touched.map(|statements| (whole.weight(statements.table), statements.table.name)).collect();
        weighed.sort_by_key(|(weight, _)| Reverse(*weight));
        let mut shares = vec![(0, BTreeSet::new()); sessions.max(1)];
        for (weight, table) in weighed {
            if let Some((load, share)) = shares.iter_mut().min_by_key(|(load, _)| *load) {
                *load += weight;
                share.insert(table);
            }
        }
        shares.into_iter().map(|(_, share)| share).collect()
    }

    /// Merges the tables of `share` inside the caller's transaction. `doubled` says that keys are to be expected in the tables, and
    /// more than once in the segments, whatever those say. `merged` is told of rows as their tables are done.
    pub(super) async fn merge(
        &self,
        session: &Session,
        segments: &mut [Segment],
        share: &BTreeSet<&'static str>,
        doubled: bool,
        merged: &dyn Fn(u64),
    ) -> Result<(), MergeError> {
        let mut rest = segments;
        while !rest.is_empty() {
            let (now, later) = rest.split_at_mut(group(rest));
            rest = later;
            let whole = Whole::of(now);
            let is_ours = |s: &&Statements| share.contains(s.table.name) && whole.touches(s.table.name);
            let touched: Vec<&Statements> = self.tables.iter().filter(is_ours).collect();
            let staging: Vec<&str> = touched.iter().map(|statements| statements.staging.as_str()).collect();
            self.empty(session, &staging).await?;
            for statements in touched {
                self.merge_table(session, now, &whole, statements, doubled).await?;
                merged(whole.rows(statements.table.name));
            }
        }
        Ok(())
    }

    /// Merges the rows that a group of segments has of one table.
    async fn merge_table(
        &self,
        session: &Session,
        segments: &mut [Segment],
        whole: &Whole,
        statements: &Statements,
        doubled: bool,
    ) -> Result<(), MergeError> {
        let begun = Instant::now();
        let name = statements.table.name;
        let (rows, intervals) = (whole.rows(name), whole.intervals(name));
        let is_new = !doubled && self.is_new(session, statements, &intervals).await?;
        let asked = begun.elapsed();
        if rows > 0 {
            self.filled.borrow_mut().insert(statements.staging.clone());
            copy(session, segments, name, &statements.target).await?;
        }
        let copied = begun.elapsed();
        let sections = || whole.sections(name);
        let is_revised = doubled || sections().any(|section| section.revised);
        let is_single = segments.len() == 1 && !is_revised;
        let mut sql = String::new();
        if rows > 0 {
            if matches!(self.staging, Staging::Temporary) {
                sql += &format!("ANALYZE {};", statements.staging);
            }
            if is_revised {
                let first = sections().map(|section| section.first_us).min().unwrap_or_default();
                let last = sections().map(|section| section.last_us).max().unwrap_or_default();
                sql += &statements.moved(Micros(first), Micros(last)).unwrap_or_default();
            }
            sql += statements.undeclared.as_deref().unwrap_or_default();
            sql += if is_single { &statements.insert } else { &statements.insert_last };
        }
        // What cannot be there yet is inserted without a look for it, in two thirds of the time. Should it be there all the same,
        // the server refuses, and the caller comes again with `doubled`.
        if is_new && !is_revised {
            sql.clone_from(&statements.plain);
        }
        for (watermark, intervals) in intervals.iter().filter(|_| !is_new) {
            let until = (self.rule == Rule::Later).then_some(Micros(*watermark));
            sql += &statements.vanished(intervals, &whole.sites, until, is_single).unwrap_or_default();
        }
        session.run(&format!("merge table {name} into"), &sql).await?;
        self.remember(name, &intervals);
        let micros = |span: std::time::Duration| span.as_micros() as u64;
        let (ask, copy, merge) = (micros(asked), micros(copied - asked), micros(begun.elapsed() - copied));
        tracing::debug!(target: STAGES, table = name, rows, ask, copy, merge, "merged");
        Ok(())
    }

    /// Whether nothing of these rows can be there: of intervals, that there are none; of others the sections say it.
    async fn is_new(
        &self,
        session: &Session,
        statements: &Statements,
        intervals: &BTreeMap<i64, BTreeSet<i64>>,
    ) -> Result<bool, PostgresError> {
        let name = statements.table.name;
        let is_known = |start: &i64| self.known.borrow().contains(&(*start, name));
        if intervals.values().flatten().any(is_known) {
            return Ok(false);
        }
        let Some(question) = statements.exist(intervals) else { return Ok(true) };
        let answer = session.client.simple_query(&question).await.map_err(|e| session.met("ask", &e))?;
        Ok(!answer.iter().any(|part| matches!(part, SimpleQueryMessage::Row(row) if row.get(0) == Some("t"))))
    }

    /// Notes that these intervals have rows now, or are complete without any.
    fn remember(&self, table: &'static str, intervals: &BTreeMap<i64, BTreeSet<i64>>) {
        let mut known = self.known.borrow_mut();
        known.extend(intervals.values().flatten().map(|start| (*start, table)));
        // What is forgotten is asked for.
        while known.len() > KNOWN_MAX {
            known.pop_first();
        }
    }
}

/// What the segments of a group hold together.
struct Whole {
    /// With the watermark of their segment.
    sections: Vec<(i64, Section)>,
    sites: BTreeSet<(String, String)>,
}

impl Whole {
    fn of(segments: &[Segment]) -> Self {
        let indexes = segments.iter().map(|segment| &segment.index);
        Self {
            sections: indexes
                .flat_map(|index| index.sections.iter().map(|s| (index.watermark_us, s.clone())))
                .collect(),
            sites: segments.iter().flat_map(|segment| segment.index.sites.iter().cloned()).collect(),
        }
    }

    fn sections(&self, table: &str) -> impl Iterator<Item = &Section> {
        self.sections.iter().map(|(_, section)| section).filter(move |section| section.table == table)
    }

    fn rows(&self, table: &str) -> u64 {
        self.sections(table).map(|section| section.rows).sum()
    }

    /// The intervals that are complete for a table, by the watermark with which they came.
    fn intervals(&self, table: &str) -> BTreeMap<i64, BTreeSet<i64>> {
        let together = leads(table);
        let mut intervals: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
        for (watermark, section) in &self.sections {
            if !section.intervals.is_empty() && (section.table == table || together.contains(&section.table.as_str())) {
                intervals.entry(*watermark).or_default().extend(&section.intervals);
            }
        }
        intervals
    }

    /// What there is to do for a table, in no unit: bytes to be moved, and entries of indexes, which cost as much as 300 of them.
    fn weight(&self, table: &Table) -> u64 {
        let bytes: u64 = self.sections(table.name).map(|section| section.bytes).sum();
        bytes + self.rows(table.name) * 300 * trees(table)
    }

    fn touches(&self, table: &str) -> bool {
        self.rows(table) > 0 || !self.intervals(table).is_empty()
    }
}

/// Copies the tuples of a table from all segments.
pub(super) async fn copy(
    session: &Session,
    segments: &mut [Segment],
    table: &str,
    target: &str,
) -> Result<u64, MergeError> {
    let met = |e: tokio_postgres::Error| session.met(&format!("copy rows of table {table} to"), &e);
    let statement = format!("COPY {target} FROM STDIN (FORMAT binary)");
    let sink = session.client.copy_in::<_, Bytes>(&statement).await.map_err(met)?;
    let mut sink = std::pin::pin!(sink);
    sink.feed(Bytes::from_static(COPY_HEADER)).await.map_err(met)?;
    let mut chunk = vec![0; CHUNK];
    for segment in segments {
        for section in segment.index.sections.clone().iter().filter(|section| section.table == table) {
            let mut done = 0;
            while done < section.bytes {
                let size = segment.read(section, done, &mut chunk)?;
                sink.send(Bytes::copy_from_slice(&chunk[..size])).await.map_err(met)?;
                done += size as u64;
            }
        }
    }
    sink.feed(Bytes::from_static(COPY_TRAILER)).await.map_err(met)?;
    Ok(sink.finish().await.map_err(met)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_of_two_segments_is_merged_once_for_each() {
        let path = std::env::temp_dir().join(format!("callfold-group-{}", std::process::id()));
        let segment = |table: &str, intervals: &[i64]| {
            let mut writer = super::super::segment::Writer::create(&path).unwrap();
            let intervals = intervals.iter().copied().collect();
            writer.put(Section { intervals, ..Section::of(table) }, b"x").unwrap();
            writer.finish(super::super::segment::Index::default()).unwrap();
            Segment::open(&path).unwrap()
        };
        let (a, b) = ("queue_interval", "agent_interval");
        assert_eq!(group(&[segment(a, &[1]), segment(b, &[1]), segment(a, &[2]), segment(a, &[1])]), 3);
        assert_eq!(group(&[segment(a, &[1]), segment(a, &[1])]), 1);
        assert_eq!(group(&[segment("call", &[]), segment("call", &[])]), 2);
        std::fs::remove_file(&path).unwrap();
    }
}
