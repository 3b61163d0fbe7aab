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

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures_util::SinkExt;

use crate::model::table::{Kind, Table};
use crate::model::time::{Micros, Span};

use super::connect::Session;
use super::ddl::{INTERVAL, ident, literal, partition_column, primary_key, tables};
use super::error::PostgresError;
use super::segment::{AGENT_SITE, Section, Segment, SegmentError};

/// What COPY's binary format begins with: signature, flags, length of the extension.
const COPY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What it ends with.
const COPY_TRAILER: &[u8] = &[0xff, 0xff];

/// Bytes handed to the server at once.
const CHUNK: usize = 256 << 10;

/// How far the time of a detail row may move when it is revised.
const MOVED_MAX: Span = Span::from_mins(7 * 24 * 60);

/// Why a merge ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum MergeError {
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    #[error(transparent)]
    Segment(#[from] SegmentError),
}

/// Whose rows win.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Those written later by event time: segments of a live writer may come again.
    Later,
    /// Those that come: a replay knows all that a live writer knew and more.
    Comes,
}

/// Where tuples lie before they are merged.
#[derive(Clone, Debug)]
pub(super) enum Staging {
    /// Tables that outlive the session, not logged, of one writer and user.
    Kept {
        /// Beginning of their names.
        prefix: String,
    },
    /// Tables of this session.
    Temporary,
}

impl Staging {
    fn table(&self, name: &str) -> String {
        match self {
            Self::Kept { prefix } => format!("callfold_store.{}", ident(&format!("{prefix}_{name}"))),
            Self::Temporary => format!("pg_temp.{}", ident(&format!("staging_{name}"))),
        }
    }

    fn create(&self, name: &str, like: &str) -> String {
        let staging = self.table(name);
        match self {
            Self::Kept { .. } => format!(
                "DROP TABLE IF EXISTS {staging}; \
                 CREATE UNLOGGED TABLE {staging} (LIKE {like}) WITH (autovacuum_enabled = off);"
            ),
            Self::Temporary => {
                format!("CREATE TEMPORARY TABLE {} (LIKE {like});", ident(&format!("staging_{name}")))
            }
        }
    }
}

/// The statements of one table.
struct Statements {
    table: &'static Table,
    staging: String,
    /// Merges; keys are known to come once.
    insert: String,
    /// The same where a key may come several times.
    insert_last: String,
    /// Removes rows under times they no longer have; the bounds of the time come behind it.
    moved: Option<String>,
    /// Removes what a tenant has declared before and does not any more.
    undeclared: Option<String>,
    /// The condition for a row of an interval to be one of the switches in `k (tenant, site)`.
    scope: Option<&'static str>,
    /// Merges rows none of which is there yet.
    plain: String,
}

/// An instant as SQL takes it; between 1970 and 9999, as all events are.
fn stamp(at: Micros) -> String {
    let at = Micros(at.0.clamp(0, 253_402_300_799_999_999));
    let text = at.to_string();
    format!("'{}{:03}Z'", text.trim_end_matches('Z'), at.0 % 1000)
}

fn list(columns: &[&str], prefix: &str) -> String {
    columns.iter().map(|column| format!("{prefix}{}", ident(column))).collect::<Vec<_>>().join(", ")
}

fn has(table: &Table, column: &str) -> bool {
    table.columns.iter().any(|known| known.name == column)
}

/// What a column becomes when a row comes under a key that is there.
fn coming(table: &Table, column: &str) -> String {
    let name = ident(column);
    match table.kind {
        Kind::Known if column == "valid_from" => format!("least(t.{name}, excluded.{name})"),
        Kind::Known => format!("coalesce(excluded.{name}, t.{name})"),
        Kind::Fact | Kind::Log | Kind::Declared => format!("excluded.{name}"),
    }
}

/// How the switch of a row of an interval is known.
fn scope(table: &Table) -> Option<&'static str> {
    if table.time != INTERVAL {
        None
    } else if has(table, "site_id") {
        Some("t.tenant_id = k.tenant AND t.site_id = k.site")
    } else if has(table, "agent_id") {
        Some(
            "t.tenant_id = k.tenant AND EXISTS (SELECT FROM callfold_store.agent_site a \
             WHERE a.tenant_id = t.tenant_id AND a.agent_id = t.agent_id AND a.site_id = k.site)",
        )
    } else if has(table, "queue_id") {
        Some("t.tenant_id = k.tenant AND right(t.queue_id, length(k.site) + 1) = '@' || k.site")
    } else {
        None
    }
}

/// The tables that come together with this one: where they have an interval, this one is complete there, too, even without
/// a row.
pub(super) fn leads(name: &str) -> &'static [&'static str] {
    match name {
        "queue_wait_hist" | "queue_handle_hist" => &["queue_cohort_interval"],
        "queue_interval" | "agent_interval" | "agent_queue_interval" | "agent_reason_interval" => {
            &["queue_interval", "agent_interval", "agent_queue_interval", "agent_reason_interval"]
        }
        _ => &[],
    }
}

impl Statements {
    fn new(table: &'static Table, staging: &Staging, rule: Rule) -> Self {
        let place = staging.table(table.name);
        let name = ident(table.name);
        let columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        let key = primary_key(table);
        let rest: Vec<&str> = columns.iter().copied().filter(|column| !key.contains(column)).collect();
        let not_earlier = |old: &str, new: &str| match rule {
            Rule::Comes => String::new(),
            // A program that was restarted begins to count revisions anew.
            Rule::Later if has(table, "written_at") && (table.time == INTERVAL || !has(table, "revision")) => {
                format!(" AND {old}.written_at <= {new}.written_at")
            }
            Rule::Later if has(table, "written_at") => {
                format!(" AND ({old}.revision, {old}.written_at) <= ({new}.revision, {new}.written_at)")
            }
            Rule::Later => String::new(),
        };
        let coming: Vec<String> = rest.iter().map(|column| coming(table, column)).collect();
        let set: Vec<String> =
            rest.iter().zip(&coming).map(|(column, value)| format!("{} = {value}", ident(column))).collect();
        let action = if rest.is_empty() {
            "NOTHING".to_owned()
        } else {
            let (old, new) = (list(&rest, "t."), coming.join(", "));
            let not_earlier = not_earlier("t", "excluded");
            format!("UPDATE SET {} WHERE ({old}) IS DISTINCT FROM ({new}){not_earlier}", set.join(", "))
        };
        let all = list(&columns, "");
        let insert = |rows: &str| {
            let key = list(&key, "");
            format!("INSERT INTO callfold.{name} AS t ({all}) {rows} ON CONFLICT ({key}) DO {action};")
        };
        let logical = list(table.key, "");
        let last = format!("SELECT DISTINCT ON ({logical}) {all} FROM {place} ORDER BY {logical}, ctid DESC");
        let moved = partition_column(table).filter(|time| !table.key.contains(time)).map(|time| {
            let same: Vec<String> = table.key.iter().map(|column| format!("t.{0} = s.{0}", ident(column))).collect();
            let (same, not_earlier) = (same.join(" AND "), not_earlier("t", "s"));
            let time = ident(time);
            format!(
                "DELETE FROM callfold.{name} t USING {place} s WHERE {same} AND t.{time} <> s.{time}{not_earlier} AND t.{time}"
            )
        });
        let undeclared = (table.kind == Kind::Declared).then(|| {
            let same: Vec<String> = table.key.iter().map(|column| format!("s.{0} = t.{0}", ident(column))).collect();
            format!(
                "DELETE FROM callfold.{name} t WHERE t.tenant_id IN (SELECT tenant_id FROM {place}) \
                 AND NOT EXISTS (SELECT FROM {place} s WHERE {});",
                same.join(" AND ")
            )
        });
        Self {
            table,
            undeclared,
            insert: insert(&format!("SELECT {all} FROM {place}")),
            insert_last: insert(&last),
            moved,
            scope: scope(table),
            plain: format!("INSERT INTO callfold.{name} ({all}) SELECT {all} FROM {place};"),
            staging: place,
        }
    }

    /// Whether the table has rows of any of these intervals, whoever wrote them.
    async fn exist(&self, session: &Session, intervals: &BTreeMap<i64, BTreeSet<i64>>) -> Result<bool, PostgresError> {
        let starts: Vec<String> = intervals.values().flatten().map(|start| stamp(Micros(*start))).collect();
        if starts.is_empty() {
            return Ok(false);
        }
        let (table, starts) = (ident(self.table.name), starts.join(", "));
        let question = format!("SELECT EXISTS (SELECT FROM callfold.{table} WHERE {INTERVAL} IN ({starts}))");
        // The index by time knows where not to look; reading on in the hope of an early hit would read everything.
        session.run("ask", "SET LOCAL enable_seqscan = off").await?;
        let row = session.client.query_one(&question, &[]).await.map_err(|e| session.met("ask", &e))?;
        session.run("ask", "SET LOCAL enable_seqscan = on").await?;
        Ok(row.get(0))
    }

    /// Removes the rows of complete intervals that did not come again: those written up to the watermark with which the interval came,
    /// or, without one, all.
    fn vanished(
        &self,
        intervals: &BTreeSet<i64>,
        sites: &BTreeSet<(String, String)>,
        until: Option<Micros>,
    ) -> Option<String> {
        let scope = self.scope?;
        if intervals.is_empty() || sites.is_empty() {
            return None;
        }
        let starts: Vec<String> = intervals.iter().map(|start| stamp(Micros(*start))).collect();
        let sites: Vec<String> =
            sites.iter().map(|(tenant, site)| format!("({}, {})", literal(tenant), literal(site))).collect();
        let key: Vec<String> =
            primary_key(self.table).iter().map(|column| format!("s.{0} = t.{0}", ident(column))).collect();
        let until = until.filter(|_| has(self.table, "written_at"));
        let until = until.map(|at| format!(" AND t.written_at <= {}", stamp(at))).unwrap_or_default();
        Some(format!(
            // A server that has no statistics yet would look through the staging table once for every row.
            "SET LOCAL enable_nestloop = off; DELETE FROM callfold.{} t WHERE t.{INTERVAL} IN ({}) AND EXISTS (SELECT FROM (VALUES {}) k (tenant, site) \
             WHERE {scope}) AND NOT EXISTS (SELECT FROM {} s WHERE {}){until}; SET LOCAL enable_nestloop = on;",
            ident(self.table.name),
            starts.join(", "),
            sites.join(", "),
            self.staging,
            key.join(" AND ")
        ))
    }
}

/// Merges segments over one session.
pub(super) struct Merge {
    tables: Vec<Statements>,
    agents: String,
    staging: Staging,
    rule: Rule,
    /// Partitions known to be there: table and month.
    months: BTreeSet<(&'static str, i32)>,
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
        Ok(Self { tables, agents, staging, rule, months: BTreeSet::new() })
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

    /// Merges segments inside the caller's transaction. `doubled` says that keys are to be expected in the tables, and more than once
    /// in the segments, whatever those say. `merged` is told of rows as their tables are done.
    pub(super) async fn merge(
        &self,
        session: &Session,
        segments: &mut [Segment],
        doubled: bool,
        merged: &(dyn Fn(u64) + Sync),
    ) -> Result<(), MergeError> {
        let mut rest = segments;
        while !rest.is_empty() {
            let (now, later) = rest.split_at_mut(group(rest));
            rest = later;
            self.merge_group(session, now, doubled, merged).await?;
        }
        Ok(())
    }

    async fn merge_group(
        &self,
        session: &Session,
        segments: &mut [Segment],
        doubled: bool,
        merged: &(dyn Fn(u64) + Sync),
    ) -> Result<(), MergeError> {
        let whole = Whole::of(segments);
        let touched: Vec<&Statements> = self.tables.iter().filter(|s| whole.touches(s.table.name)).collect();
        let mut emptied: Vec<&str> = touched.iter().map(|statements| statements.staging.as_str()).collect();
        emptied.push(&self.agents);
        session.run("empty the staging tables in", &format!("TRUNCATE {}", emptied.join(", "))).await?;
        if whole.rows(AGENT_SITE) > 0 {
            copy(session, segments, AGENT_SITE, &self.agents).await?;
            let agents = format!(
                "INSERT INTO callfold_store.agent_site SELECT DISTINCT ON (tenant_id, agent_id) tenant_id, agent_id, site_id FROM {} \
                 ORDER BY tenant_id, agent_id, ctid DESC ON CONFLICT (tenant_id, agent_id) DO UPDATE SET site_id = excluded.site_id \
                 WHERE agent_site.site_id <> excluded.site_id",
                self.agents
            );
            session.run("merge the agents into", &agents).await?;
        }
        for statements in touched {
            let name = statements.table.name;
            let rows = whole.rows(name);
            let is_new = !doubled
                && (statements.table.time != INTERVAL || !statements.exist(session, &whole.intervals(name)).await?);
            let mut sql = String::new();
            if rows > 0 {
                copy(session, segments, name, &statements.staging).await?;
                if matches!(self.staging, Staging::Temporary) {
                    sql += &format!("ANALYZE {};", statements.staging);
                }
                let sections = || whole.sections(name);
                let is_revised = doubled || sections().any(|section| section.revised);
                if let Some(moved) = statements.moved.as_ref().filter(|_| is_revised) {
                    let first = sections().map(|section| section.first_us).min().unwrap_or_default();
                    let last = sections().map(|section| section.last_us).max().unwrap_or_default();
                    let (from, to) = (Micros(first) - MOVED_MAX, Micros(last) + MOVED_MAX);
                    sql += &format!("{moved} BETWEEN {} AND {};", stamp(from), stamp(to));
                }
                let is_single = segments.len() == 1 && !is_revised;
                sql += statements.undeclared.as_deref().unwrap_or_default();
                sql += if is_single { &statements.insert } else { &statements.insert_last };
            }
            // What cannot be there yet is inserted without a look for it, in two thirds of the time. Should it be there all the same,
            // the server refuses, and the caller comes again with `doubled`.
            if is_new && !whole.sections(name).any(|section| section.revised) {
                sql.clone_from(&statements.plain);
            }
            for (watermark, intervals) in whole.intervals(name).iter().filter(|_| !is_new) {
                let until = (self.rule == Rule::Later).then_some(Micros(*watermark));
                sql += &statements.vanished(intervals, &whole.sites, until).unwrap_or_default();
            }
            session.run(&format!("merge table {name} into"), &sql).await?;
            merged(rows);
        }
        Ok(())
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

    fn touches(&self, table: &str) -> bool {
        self.rows(table) > 0 || !self.intervals(table).is_empty()
    }
}

/// Copies the tuples of a table from all segments.
async fn copy(session: &Session, segments: &mut [Segment], table: &str, staging: &str) -> Result<u64, MergeError> {
    let met = |e: tokio_postgres::Error| session.met(&format!("copy rows of table {table} to"), &e);
    let statement = format!("COPY {staging} FROM STDIN (FORMAT binary)");
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
    fn every_table_of_intervals_knows_whose_rows_it_replaces() {
        for table in tables().into_iter().filter(|table| table.time == INTERVAL) {
            assert!(scope(table).is_some(), "{}: no switch can be told from its columns", table.name);
            let is_lead = table.columns.iter().any(|column| column.name == "site_id");
            assert!(is_lead || !leads(table.name).is_empty(), "{}: with which table does it come?", table.name);
        }
    }

    #[test]
    fn an_interval_of_two_segments_is_merged_once_for_each() {
        let path = std::env::temp_dir().join(format!("callfold-group-{}", std::process::id()));
        let segment = |table: &str, intervals: &[i64]| {
            let mut writer = super::super::segment::Writer::create(&path).unwrap();
            let intervals = intervals.iter().copied().collect();
            writer.put(Section { intervals, ..Section::of(table) }, b"x").unwrap();
            writer.finish(super::super::segment::Index::default(), false).unwrap();
            Segment::open(&path).unwrap()
        };
        let (a, b) = ("queue_interval", "agent_interval");
        assert_eq!(group(&[segment(a, &[1]), segment(b, &[1]), segment(a, &[2]), segment(a, &[1])]), 3);
        assert_eq!(group(&[segment(a, &[1]), segment(a, &[1])]), 1);
        assert_eq!(group(&[segment("call", &[]), segment("call", &[])]), 2);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn what_is_removed_is_limited_to_our_switches_and_to_what_was_written_before() {
        let table = tables().into_iter().find(|table| table.name == "queue_wait_hist").unwrap();
        let statements = Statements::new(table, &Staging::Temporary, Rule::Later);
        let sites = [("o'neill".to_owned(), "east".to_owned())].into();
        let sql = statements.vanished(&[0].into(), &sites, Some(Micros(1_000_000))).unwrap();
        assert!(sql.contains("(VALUES ('o''neill', 'east'))"), "{sql}");
        assert!(sql.contains("t.written_at <= '1970-01-01T00:00:01.000000Z'"), "{sql}");
        assert_eq!(statements.vanished(&BTreeSet::new(), &sites, None), None);
        assert_eq!(statements.vanished(&[0].into(), &BTreeSet::new(), None), None);
    }
}
