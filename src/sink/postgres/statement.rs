//! What is said to the server about one table: the statements that bring rows from its staging table under their keys.
//!
//! In: the declaration of a table. Out: SQL. Refuses to know a session.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::table::{INTERVAL_START, Kind, Table};
use crate::model::time::{Micros, Span};

use super::ddl::{ident, literal, partition_column, primary_key};

/// Columns that differ when anything does, nearly always.
const TELLING: [&str; 3] = ["written_at", "revision", "status"];

/// How far the time of a detail row may move when it is revised.
const MOVED_MAX: Span = Span::from_mins(7 * 24 * 60);

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
    pub(super) fn table(&self, name: &str) -> String {
        match self {
            Self::Kept { prefix } => format!("callfold_store.{}", ident(&format!("{prefix}_{name}"))),
            Self::Temporary => format!("pg_temp.{}", ident(&format!("staging_{name}"))),
        }
    }

    pub(super) fn create(&self, name: &str, like: &str) -> String {
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
pub(super) struct Statements {
    pub(super) table: &'static Table,
    pub(super) staging: String,
    /// Where COPY puts tuples, with the columns in their order.
    pub(super) target: String,
    /// Merges; keys are known to come once.
    pub(super) insert: String,
    /// The same where a key may come several times.
    pub(super) insert_last: String,
    /// Removes rows under times they no longer have; the bounds of the time come behind it.
    moved: Option<String>,
    /// Removes what a tenant has declared before and does not any more.
    pub(super) undeclared: Option<String>,
    /// The condition for a row of an interval to be one of the switches in `k (tenant, site)`.
    scope: Option<&'static str>,
    /// Merges rows none of which is there yet.
    pub(super) plain: String,
}

/// An instant as SQL takes it; between 1970 and 9999, as all events are.
pub(super) fn stamp(at: Micros) -> String {
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
    if !table.is_of_intervals() {
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
    pub(super) fn new(table: &'static Table, staging: &Staging, rule: Rule) -> Self {
        let place = staging.table(table.name);
        let name = ident(table.name);
        let columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        let key = primary_key(table);
        let rest: Vec<&str> = columns.iter().copied().filter(|column| !key.contains(column)).collect();
        let not_earlier = |old: &str, new: &str| match rule {
            Rule::Comes => String::new(),
            // A program that was restarted begins to count revisions anew.
            Rule::Later if has(table, "written_at") && (table.is_of_intervals() || !has(table, "revision")) => {
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
            let (telling, mut others): (Vec<&str>, Vec<&str>) =
                rest.iter().partition(|column| TELLING.contains(column));
            // Where one column differs, no further one is compared.
            let mut compared = telling;
            compared.append(&mut others);
            let new: Vec<String> = compared.iter().map(|column| self::coming(table, column)).collect();
            let (old, new) = (list(&compared, "t."), new.join(", "));
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
            target: format!("{place} ({all})"),
            staging: place,
        }
    }

    /// Asks whether the table has rows of any of these intervals, whoever wrote them.
    pub(super) fn exist(&self, intervals: &BTreeMap<i64, BTreeSet<i64>>) -> Option<String> {
        let starts: Vec<String> = intervals.values().flatten().map(|start| stamp(Micros(*start))).collect();
        if starts.is_empty() {
            return None;
        }
        let (table, starts) = (ident(self.table.name), starts.join(", "));
        // The index by time knows where not to look; reading on in the hope of an early hit would read everything.
        Some(format!(
            "SET LOCAL enable_seqscan = off; SELECT EXISTS (SELECT FROM callfold.{table} WHERE {INTERVAL_START} IN ({starts})); \
             SET LOCAL enable_seqscan = on"
        ))
    }

    /// Removes rows under times they no longer have, when the new times lie between these.
    pub(super) fn moved(&self, first: Micros, last: Micros) -> Option<String> {
        let moved = self.moved.as_ref()?;
        Some(format!("{moved} BETWEEN {} AND {};", stamp(first - MOVED_MAX), stamp(last + MOVED_MAX)))
    }

    /// Removes the rows of complete intervals that did not come again: those written up to the watermark with which the interval came,
    /// or, without one, all. When each key is known to have come once, as many rows as came say that there is nothing to look for.
    pub(super) fn vanished(
        &self,
        intervals: &BTreeSet<i64>,
        sites: &BTreeSet<(String, String)>,
        until: Option<Micros>,
        is_single: bool,
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
        let (table, staging, starts) = (ident(self.table.name), &self.staging, starts.join(", "));
        let is_any = if is_single {
            format!(
                " AND (SELECT count(*) FROM callfold.{table} WHERE {INTERVAL_START} IN ({starts})) \
                 <> (SELECT count(*) FROM {staging} WHERE {INTERVAL_START} IN ({starts}))"
            )
        } else {
            String::new()
        };
        Some(format!(
            // A server that has no statistics yet would look through the staging table once for every row, and through the whole
            // table for those of an interval.
            "SET LOCAL enable_nestloop = off; SET LOCAL enable_seqscan = off; \
             DELETE FROM callfold.{table} t WHERE t.{INTERVAL_START} IN ({starts}) AND EXISTS (SELECT FROM (VALUES {}) k (tenant, site) \
             WHERE {scope}) AND NOT EXISTS (SELECT FROM {staging} s WHERE {}){until}{is_any}; \
             SET LOCAL enable_nestloop = on; SET LOCAL enable_seqscan = on;",
            sites.join(", "),
            key.join(" AND ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::ddl::tables;
    use super::*;

    #[test]
    fn every_table_of_intervals_knows_whose_rows_it_replaces() {
        for table in tables().into_iter().filter(|table| table.is_of_intervals()) {
            assert!(scope(table).is_some(), "{}: no switch can be told from its columns", table.name);
            let is_lead = table.columns.iter().any(|column| column.name == "site_id");
            assert!(is_lead || !leads(table.name).is_empty(), "{}: with which table does it come?", table.name);
        }
    }

    #[test]
    fn what_is_removed_is_limited_to_our_switches_and_to_what_was_written_before() {
        let table = tables().into_iter().find(|table| table.name == "queue_wait_hist").unwrap();
        let statements = Statements::new(table, &Staging::Temporary, Rule::Later);
        let sites = [("o'neill".to_owned(), "east".to_owned())].into();
        let sql = statements.vanished(&[0].into(), &sites, Some(Micros(1_000_000)), true).unwrap();
        assert!(sql.contains("(VALUES ('o''neill', 'east'))"), "{sql}");
        assert!(sql.contains("t.written_at <= '1970-01-01T00:00:01.000000Z'"), "{sql}");
        assert_eq!(statements.vanished(&BTreeSet::new(), &sites, None, true), None);
        assert_eq!(statements.vanished(&[0].into(), &BTreeSet::new(), None, true), None);
    }

    #[test]
    fn what_differs_most_often_is_compared_first() {
        let table = tables().into_iter().find(|table| table.name == "agent_interval").unwrap();
        let sql = Statements::new(table, &Staging::Temporary, Rule::Later).insert;
        assert!(sql.contains("WHERE (t.status, t.revision, t.written_at, "), "{sql}");
    }
}
