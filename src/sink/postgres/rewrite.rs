//! Rows of a database are replaced by others of the same keys, all in one transaction.
//!
//! ```text
//!  lock of the writer's name ─▶ what there is (read like files) ─▶ rows that go, rows that come: segments aside
//!        └──────────────────────────── BEGIN ─ DELETE, merge ─▶ COMMIT, by the caller ─────────┘
//! ```
//!
//! In: a database nobody else writes under our name, and rows that shall be there. Out: a transaction that only waits to be committed. Other programs may write
//! other switches of the same tenants into the same tables: whose a row is, is asked here ([`Rewriting::is_of`]). Refuses to know why rows are replaced.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tokio::runtime::Runtime;

use super::connect::{Session, Target};
use super::ddl::{ident, literal, partition_column, primary_key, tables};
use super::encode::month;
use super::error::{PostgresError, Trouble};
use super::holdings::{Holding, Holdings};
use super::intake::{IntakeError, Merged};
use super::merge::{Merge, copy};
use super::migration::migrate;
use super::segment::{Index, Section, Segment, SegmentError, Writer};
use super::statement::{Rule, Staging, stamp};
use super::tuple::{self, put_text};
use crate::model::table::{Table, Type};
use crate::model::time::Micros;
use crate::sink::column::{Columns, NULL_FLAG, NULL_INT, NULL_LONG, NULL_SPAN, Values};
use crate::sink::dimension::gather;
use crate::sink::mirror::{NULL, Texts};
use crate::sink::path;
use crate::sink::read::{Block, Reader};

/// Bytes of tuples that make a section.
const SECTION: usize = 1 << 20;

/// What happens to rows that shall be others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// They are looked at.
    Show,
    /// They are replaced.
    Replace,
}

/// A tenant and a switch of it.
pub type Site = (String, String);

/// Replacements in a database that are prepared, and not there yet.
pub struct Rewriting {
    runtime: Runtime,
    /// Has the lock of the writer's name.
    session: Session,
    holdings: Holdings,
    /// The switch whose writer replaces an agent's intervals, by tenant and agent.
    agents: HashMap<Site, String>,
    go: Pile,
    come: Pile,
}

impl std::fmt::Debug for Rewriting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rewriting").field("holdings", &self.holdings).finish_non_exhaustive()
    }
}

impl Rewriting {
    /// Takes the lock of the writer's name, and looks what there is from day `days.0` to before `days.1`, both since 1970-01-01. Rows on their way are
    /// kept below `aside`.
    ///
    /// # Errors
    /// What is in the way: no server, no tables, tables of another callfold, no right to write them, or a program that writes.
    pub fn open(
        target: &Target,
        writer: &str,
        days: (i64, i64),
        aside: &Path,
        purpose: Purpose,
    ) -> Result<Self, IntakeError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| {
            let what = format!("failed to prepare a connection: {e}");
            PostgresError::new(Trouble::Other, what, "raise the limit of open files")
        })?;
        let session = runtime.block_on(async {
            let session = target.connect().await?;
            if purpose == Purpose::Replace {
                migrate(&session).await?;
            }
            lock(&session, writer).await?;
            Ok::<_, PostgresError>(session)
        })?;
        let holdings = Holdings::open_days(target, days)?;
        let agents = runtime.block_on(agents(&session))?;
        let pile = |name: &str| Pile::begin(aside.join(name));
        Ok(Self { go: pile("go.seg")?, come: pile("come.seg")?, runtime, session, holdings, agents })
    }

    /// What there is.
    #[must_use]
    pub const fn holdings(&self) -> &Holdings {
        &self.holdings
    }

    /// Reads the rows of a holding.
    ///
    /// # Errors
    /// When the connection breaks, or a row is not of the table.
    pub fn read(&mut self, holding: &Holding, reader: &mut Reader) -> Result<Block, PostgresError> {
        self.holdings.read(holding, reader)
    }

    /// Whether a row is one of these switches', by its switch, its last event, its queue or device; the intervals of an agent by where he was seen. `None`
    /// where its columns do not tell.
    #[must_use]
    pub fn is_of(&self, sites: &[Site], block: &Block, row: usize, reader: &Reader) -> Option<bool> {
        let text = |name: &str| block.has(name).then(|| block.shown(reader, name, row)).filter(|text| !text.is_empty());
        let tenant = text("tenant_id").unwrap_or_default();
        let of_tenant = || sites.iter().filter(|(of, _)| *of == tenant).map(|(_, site)| site.as_str());
        let is_ours = |site: &str| of_tenant().any(|ours| ours == site);
        let named = text("site_id").or_else(|| text("source_id"));
        if let Some(site) = named {
            return Some(is_ours(&site));
        }
        if block.table.is_of_intervals()
            && let Some(agent) = text("agent_id")
        {
            return self.agents.get(&(tenant.clone(), agent)).map(|site| is_ours(site));
        }
        if let Some(event) = text("last_event_id") {
            return event.rsplitn(3, ':').nth(2).map(is_ours);
        }
        let number = text("queue_id").or_else(|| text("dn"))?;
        Some(of_tenant().any(|site| number.strip_suffix(site).is_some_and(|rest| rest.ends_with('@'))))
    }

    /// A row goes.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove(&mut self, block: &Block, row: usize, reader: &Reader) -> Result<(), SegmentError> {
        self.go.add(block.table, &block.columns, row, &reader.texts)
    }

    /// A row comes, in place of the one with its key; with `revised` it has this revision, and says so where it has a status.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn put(
        &mut self,
        block: &Block,
        row: usize,
        revised: Option<i32>,
        reader: &mut Reader,
    ) -> Result<(), SegmentError> {
        let Some(revision) = revised else {
            return self.come.add(block.table, &block.columns, row, &reader.texts);
        };
        let mut one = Columns::new(block.table);
        gather(&block.columns, &[row as u32], &mut one);
        one.rows = 1;
        let place = |name: &str| block.table.columns.iter().position(|column| column.name == name);
        if let Some(Values::Int(all)) = place("revision").map(|at| &mut one.values[at]) {
            all[0] = revision;
        }
        if let Some(Values::Name(all)) = place("status").map(|at| &mut one.values[at]) {
            // What is not final yet is no revision.
            if !matches!(reader.text(all[0]), "open" | "provisional") {
                all[0] = reader.texts.intern("revised");
            }
        }
        self.come.add(block.table, &one, 0, &reader.texts)
    }

    /// Does everything in a transaction that is still open; agents that the database has not seen are of these switches.
    ///
    /// # Errors
    /// When the database or the disk refuses; nothing of it is there then.
    pub fn merge(self, seen: &[(Site, String)]) -> Result<Merged, IntakeError> {
        let Self { runtime, session, holdings, go, come, .. } = self;
        drop(holdings);
        let (mut go, mut come) = ([go.finish()?], [come.finish()?]);
        let rows = come[0].index.rows() + go[0].index.rows();
        runtime.block_on(async {
            let mut merge = Merge::begin(&session, Staging::Temporary, Rule::Comes).await?;
            merge.prepare(&session, &come).await?;
            session.run("write to", "BEGIN").await?;
            let agents = introduce(seen);
            session.run("note agents in", &agents).await?;
            delete(&session, &mut go).await?;
            let all = merge.shares(&come, 1).pop().unwrap_or_default();
            merge.merge(&session, &mut come, &all, true, &|_| {}).await?;
            Ok::<_, IntakeError>(())
        })?;
        Ok(Merged::new(runtime, session, rows))
    }
}

/// Takes the lock of the writer's name, for as long as the session lasts.
async fn lock(session: &Session, writer: &str) -> Result<(), PostgresError> {
    let in_use = || {
        let what = format!("another program writes to {} as {writer}", session.place());
        let fix = "stop it first; a program that writes under another name (postgres.writer) is in nobody's way";
        PostgresError::new(Trouble::InUse, what, fix)
    };
    let name = format!("callfold writer {writer}");
    let taken = session.client.query_one("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", &[&name]).await;
    if !taken.map_err(|e| session.met("ask for the lock in", &e))?.get::<_, bool>(0) {
        return Err(in_use());
    }
    // Whoever had the name may be gone while his helper is still in the middle of something.
    let hands = literal(&format!("callfold hands of {writer}"));
    let alone = format!(
        "SET LOCAL lock_timeout = '15s'; SELECT pg_advisory_xact_lock(hashtextextended({hands}, 0)); SET LOCAL lock_timeout = 0"
    );
    match session.client.batch_execute(&alone).await {
        Ok(()) => Ok(()),
        Err(e) if e.code() == Some(&tokio_postgres::error::SqlState::LOCK_NOT_AVAILABLE) => Err(in_use()),
        Err(e) => Err(session.met("wait for the predecessor in", &e)),
    }
}

/// The switch of each agent.
async fn agents(session: &Session) -> Result<HashMap<Site, String>, PostgresError> {
    let all = "SELECT tenant_id, agent_id, site_id FROM callfold_store.agent_site";
    let rows = session.client.query(all, &[]).await.map_err(|e| session.met("read the agents of", &e))?;
    Ok(rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect())
}

/// Notes the switches of agents nobody has seen.
fn introduce(seen: &[(Site, String)]) -> String {
    let mut sql = String::new();
    for agents in seen.chunks(1000) {
        let values = agents
            .iter()
            .map(|((tenant, site), agent)| format!("({}, {}, {})", literal(tenant), literal(agent), literal(site)));
        sql += &format!(
            "INSERT INTO callfold_store.agent_site (tenant_id, agent_id, site_id) VALUES {} ON CONFLICT DO NOTHING;",
            values.collect::<Vec<_>>().join(", ")
        );
    }
    sql
}

/// Deletes the rows that go, by their keys.
async fn delete(session: &Session, go: &mut [Segment; 1]) -> Result<(), IntakeError> {
    for table in tables() {
        let sections: Vec<Section> =
            go[0].index.sections.iter().filter(|section| section.table == table.name).cloned().collect();
        let Some(first) = sections.iter().map(|section| section.first_us).min() else { continue };
        let last = sections.iter().map(|section| section.last_us).max().unwrap_or(first);
        let gone = format!("pg_temp.{}", ident(&format!("gone_{}", table.name)));
        let name = ident(table.name);
        session
            .run(
                "prepare to delete rows of",
                &format!(
                    "CREATE TEMPORARY TABLE {} (LIKE callfold.{name}) ON COMMIT DROP",
                    ident(&format!("gone_{}", table.name))
                ),
            )
            .await?;
        let columns: Vec<String> = table.columns.iter().map(|column| ident(column.name)).collect();
        copy(session, go, table.name, &format!("{gone} ({})", columns.join(", "))).await?;
        let key: Vec<String> =
            primary_key(table).iter().map(|column| format!("t.{0} = g.{0}", ident(column))).collect();
        let within = partition_column(table)
            .map(|time| format!(" AND t.{} BETWEEN {} AND {}", ident(time), stamp(Micros(first)), stamp(Micros(last))));
        let sql = format!(
            "ANALYZE {gone}; DELETE FROM callfold.{name} t USING {gone} g WHERE {}{}",
            key.join(" AND "),
            within.unwrap_or_default()
        );
        session.run(&format!("delete rows of table {} of", table.name), &sql).await?;
    }
    Ok(())
}

/// Rows as tuples, aside.
struct Pile {
    writer: Writer<File>,
    path: PathBuf,
    section: Section,
    tuples: Vec<u8>,
}

impl Pile {
    fn begin(path: PathBuf) -> Result<Self, SegmentError> {
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(|e| SegmentError::io("create directory", dir, e))?;
        }
        Ok(Self { writer: Writer::create(&path)?, path, section: Section::of(""), tuples: Vec::new() })
    }

    fn add(&mut self, table: &Table, columns: &Columns, row: usize, texts: &Texts) -> Result<(), SegmentError> {
        if self.section.table != table.name || self.tuples.len() >= SECTION {
            self.flush()?;
            self.section = Section { revised: true, ..Section::of(table.name) };
        }
        let time = table.columns.iter().position(|column| column.name == table.time);
        if let Some(Values::Long(all)) = time.map(|at| &columns.values[at]) {
            let at = Micros(all[row]);
            self.section.first_us = self.section.first_us.min(at.0);
            self.section.last_us = self.section.last_us.max(at.0);
            self.section.months.insert(month(path::day(at)));
        }
        append(&mut self.tuples, table, columns, row, texts);
        self.section.rows += 1;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SegmentError> {
        if self.section.rows > 0 {
            let fresh = Section { revised: true, ..Section::of(&self.section.table) };
            self.writer.put(std::mem::replace(&mut self.section, fresh), &self.tuples)?;
            self.tuples.clear();
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Segment, SegmentError> {
        self.flush()?;
        self.writer.finish(Index::default())?;
        Segment::open(&self.path)
    }
}

/// Appends a row as a tuple of COPY; the other direction is [`super::copied`].
fn append(out: &mut Vec<u8>, table: &Table, columns: &Columns, row: usize, texts: &Texts) {
    out.extend_from_slice(&(table.columns.len() as i16).to_be_bytes());
    for (column, values) in table.columns.iter().zip(&columns.values) {
        let null = |out: &mut Vec<u8>| out.extend_from_slice(&tuple::NULL_LENGTH.to_be_bytes());
        match values {
            Values::Name(all) if all[row] == NULL => null(out),
            Values::Name(all) => put_text(out, texts.get(all[row]).as_bytes()),
            Values::Text { spans, .. } if spans[row] == NULL_SPAN => null(out),
            Values::Text { spans, data } => put_text(out, span(data, spans[row])),
            Values::NameList { spans, .. } if spans[row] == NULL_SPAN => null(out),
            Values::NameList { spans, items } => {
                let items: Vec<&str> = span(items, spans[row]).iter().map(|item| texts.get(*item)).collect();
                tuple::put_list(out, &items);
            }
            Values::Uuid(all) if all[row] == 0 && column.nullable => null(out),
            Values::Uuid(all) => fixed(out, all[row].to_be_bytes()),
            Values::Long(all) if all[row] == NULL_LONG => null(out),
            Values::Long(all) if column.ty == Type::Instant => {
                fixed(out, tuple::instant(Micros(all[row])).to_be_bytes());
            }
            Values::Long(all) => fixed(out, all[row].to_be_bytes()),
            Values::Int(all) if all[row] == NULL_INT => null(out),
            Values::Int(all) if column.ty == Type::Date => {
                fixed(out, all[row].saturating_sub(tuple::EPOCH_DAYS).to_be_bytes());
            }
            Values::Int(all) => fixed(out, all[row].to_be_bytes()),
            Values::Flag(all) if all[row] == NULL_FLAG => null(out),
            Values::Flag(all) => fixed(out, [all[row]]),
        }
    }
}

fn span<T>(all: &[T], (start, len): (u32, u32)) -> &[T] {
    &all[start as usize..][..len as usize]
}

fn fixed<const N: usize>(out: &mut Vec<u8>, bytes: [u8; N]) {
    out.extend_from_slice(&(N as i32).to_be_bytes());
    out.extend_from_slice(&bytes);
}

#[cfg(test)]
mod tests {
    use super::super::copied::{SIGNATURE, Tuples};
    use super::*;

    /// What a row of every column, and one of nulls, becomes on its way there and back.
    #[test]
    fn a_row_that_was_read_is_written_as_it_was() {
        for table in tables() {
            let mut reader = Reader::default();
            let mut block = reader.block(table);
            for (at, (column, values)) in table.columns.iter().zip(&mut block.columns.values).enumerate() {
                let n = at as i64 + 1;
                match values {
                    Values::Name(all) => all.push(reader.texts.intern(&format!("name {n}"))),
                    Values::Text { spans, data } => {
                        spans.push((data.len() as u32, 4));
                        data.extend_from_slice(b"text");
                    }
                    Values::NameList { spans, items } => {
                        spans.push((0, 2));
                        items.extend(["a", "b"].map(|text| reader.texts.intern(text)));
                    }
                    Values::Uuid(all) => all.push(n as u128),
                    Values::Long(all) => all.push(1_700_000_000_000_000 + n),
                    Values::Int(all) => all.push(19_000 + n as i32),
                    Values::Flag(all) => all.push(1),
                }
                if column.nullable {
                    values.push_nulls(1);
                } else {
                    match values {
                        Values::Name(all) => all.push(all[0]),
                        Values::Text { spans, .. } => spans.push((0, 0)),
                        Values::NameList { spans, .. } => spans.push((0, 0)),
                        Values::Uuid(all) => all.push(0),
                        Values::Long(all) => all.push(0),
                        Values::Int(all) => all.push(0),
                        Values::Flag(all) => all.push(0),
                    }
                }
            }
            block.columns.rows = 2;
            let mut bytes = [SIGNATURE, &[0; 8]].concat();
            (0..2).for_each(|row| append(&mut bytes, table, &block.columns, row, &reader.texts));
            bytes.extend((-1_i16).to_be_bytes());
            let mut again = reader.block(table);
            Tuples::default().take(&bytes, &mut again, &mut reader).expect("right");
            assert_eq!(again.rows(), 2, "{}", table.name);
            for row in 0..2 {
                assert_eq!(block.difference(row, &again, row), None, "{} row {row}", table.name);
            }
        }
    }
}
