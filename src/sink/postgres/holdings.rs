//! What a database holds at one instant, read as files are: the rows of one table, tenant and day as plain arrays.
//!
//! ```text
//!  connect ─▶ one transaction, repeatable read, read only ─▶ fit? ─▶ survey ─▶ as a reader of one tenant: COPY out ─▶ Block
//! ```
//!
//! In: a [`Target`]. Out: a list of [`Holding`]s and a [`Block`] for each. Everything is read in one transaction, so whoever writes meanwhile
//! disturbs nothing and is not disturbed. The rights are those of a reader (`callfold_report`) wherever the user may take that role.
//! Memory: the rows of one holding. Knows no law that rows obey.

use std::collections::HashMap;
use std::future::Future;

use futures_util::{StreamExt, TryStreamExt};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::Row;

use super::connect::{Session, Target};
use super::copied::Tuples;
use super::ddl::{ident, literal, partition_column, sql_type, tables};
use super::error::{PostgresError, Trouble};
use crate::model::table::{Table, Type};
use crate::model::time::Micros;
use crate::sink::path;
use crate::sink::read::{Block, Reader};

/// Rows of one table, tenant and day.
#[derive(Clone, Debug)]
pub struct Holding {
    /// The table.
    pub table: &'static Table,
    /// The tenant; empty where all share one table.
    pub tenant: String,
    /// Days from 1970-01-01 to the UTC date of the rows' time; `None` in a dimension.
    pub day: Option<i64>,
    /// Rows.
    pub rows: u64,
    /// When the last of them was written, by event time in microseconds; 0 where rows do not say.
    pub written_us: i64,
}

impl Holding {
    /// The UTC date of its rows as `YYYY-MM-DD`; `None` in a dimension.
    #[must_use]
    pub fn date(&self) -> Option<String> {
        self.day.map(path::date)
    }
}

/// A database as it was when it was opened.
pub struct Holdings {
    runtime: Runtime,
    session: Session,
    holdings: Vec<Holding>,
    /// By tenant, how far the rows of whoever writes have come; nothing when nobody does.
    written: HashMap<String, Micros>,
    is_written: bool,
    /// First day that was kept of tables from which days were removed.
    retained: HashMap<String, i64>,
    bytes: u64,
    /// Whose rights and rows the transaction has now.
    tenant: Option<String>,
    may_report: bool,
}

impl std::fmt::Debug for Holdings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Holdings").field("session", &self.session).finish_non_exhaustive()
    }
}

/// Columns that are there and whether we may read them, by table.
const COLUMNS: &str = "\
SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL), has_table_privilege(c.oid, 'SELECT')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'callfold'::regnamespace AND c.relkind IN ('r', 'p')";

/// How far the rows of those have come who hold the lock of their name, by tenant.
const WRITTEN: &str = "\
SELECT s.tenant_id, (extract(epoch FROM min(s.watermark)) * 1000000)::bigint
FROM callfold.delivery_source s
JOIN pg_locks l ON (l.classid::bigint << 32) | l.objid::bigint = hashtextextended('callfold writer ' || s.writer, 0)
JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted GROUP BY 1";

/// Whether the user sees the rows of all tenants without asking for one.
const SEES_ALL: &str = "\
SELECT current_setting('is_superuser') = 'on' OR pg_has_role(c.relowner, 'MEMBER')
    OR EXISTS (SELECT FROM pg_roles r WHERE r.rolname IN ('callfold_ingest', 'callfold_admin') AND pg_has_role(r.oid, 'MEMBER'))
FROM pg_class c WHERE c.oid = 'callfold.call'::regclass";

impl Holdings {
    /// Connects and looks what there is; of facts only days from `since` on, as days since 1970-01-01.
    ///
    /// # Errors
    /// What is in the way: no server, no tables, tables of another callfold, no right to read them.
    pub fn open(target: &Target, since: Option<i64>) -> Result<Self, PostgresError> {
        Self::open_within(target, since, None)
    }

    /// The same of days from the first of `days` to before the second.
    ///
    /// # Errors
    /// As [`Holdings::open`].
    pub fn open_days(target: &Target, days: (i64, i64)) -> Result<Self, PostgresError> {
        Self::open_within(target, Some(days.0), Some(days.1))
    }

    fn open_within(target: &Target, since: Option<i64>, before: Option<i64>) -> Result<Self, PostgresError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
            PostgresError::new(
                Trouble::Other,
                format!("failed to start a runtime: {error}"),
                "look at the limits of the process",
            )
        })?;
        let (session, holdings, written, retained, may_report) = runtime.block_on(async {
            let session = target.connect().await?;
            session.run("begin to read", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
            fit(&session).await?;
            let holdings = survey(&session, since, before).await?;
            if !holdings.iter().any(|holding| holding.table.has_tenant()) && !one(&session, SEES_ALL).await?.get::<_, bool>(0) {
                let what = format!("no tenant's rows are visible in {}", session.place());
                let fix = "ALTER ROLE that user SET callfold.tenant = 'default', or name one with the role callfold_ingest, who sees all";
                return Err(PostgresError::new(Trouble::Rights, what, fix));
            }
            let rows = within(&session, session.client.query(WRITTEN, &[])).await?;
            let written: HashMap<_, _> = rows.iter().map(|row| (row.get(0), Micros(row.get(1)))).collect();
            let retained = retained(&session).await?;
            // Who may not take the role reads as himself, within his own rights.
            session.run("begin to read", "SAVEPOINT reader").await?;
            let may_report = session.client.batch_execute("SET LOCAL ROLE callfold_report").await.is_ok();
            session.run("begin to read", "ROLLBACK TO SAVEPOINT reader").await?;
            Ok::<_, PostgresError>((session, holdings, written, retained, may_report))
        })?;
        let is_written = !written.is_empty();
        Ok(Self { runtime, session, holdings, written, is_written, retained, bytes: 0, tenant: None, may_report })
    }

    /// What there is: by tenant, dimensions before facts, facts by day.
    #[must_use]
    pub fn list(&self) -> &[Holding] {
        &self.holdings
    }

    /// When a program was writing as it was opened: how far the rows of a tenant had come.
    #[must_use]
    pub fn written_until(&self, tenant: &str) -> Option<Micros> {
        self.is_written.then(|| self.written.get(tenant).copied().unwrap_or(Micros::MAX))
    }

    /// The first day that was kept of each table from which days were removed for their age, as days since 1970-01-01: what is older is missing with
    /// good reason.
    #[must_use]
    pub const fn retained(&self) -> &HashMap<String, i64> {
        &self.retained
    }

    /// Bytes that the server has sent.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where it is, for people, without a password.
    #[must_use]
    pub fn place(&self) -> &str {
        self.session.place()
    }

    /// Reads the rows of a holding.
    ///
    /// # Errors
    /// When the connection breaks, or a row is not of the table.
    pub fn read(&mut self, holding: &Holding, reader: &mut Reader) -> Result<Block, PostgresError> {
        let Self { runtime, session, tenant, may_report, bytes: read, .. } = self;
        runtime.block_on(async {
            if tenant.as_deref() != Some(&holding.tenant) && holding.table.has_tenant() {
                let role = if *may_report { "SET LOCAL ROLE callfold_report; " } else { "" };
                let name = literal(&holding.tenant);
                session
                    .run("read the rows of a tenant in", &format!("{role}SET LOCAL callfold.tenant = {name}"))
                    .await?;
                *tenant = Some(holding.tenant.clone());
            }
            let mut block = reader.block_in(holding.table, &format!("callfold.{}", holding.table.name));
            let met = |error: &tokio_postgres::Error| session.met("read the rows of", error);
            let stream = session.client.copy_out(&statement(holding)).await.map_err(|e| met(&e))?;
            let mut stream = std::pin::pin!(stream.map_err(|e| met(&e)));
            let mut tuples = Tuples::default();
            while let Some(bytes) = stream.next().await {
                let bytes = bytes?;
                *read += bytes.len() as u64;
                tuples.take(&bytes, &mut block, reader).map_err(|what| {
                    let what = format!("cannot read {} in {}: {what}", holding.table.name, session.place());
                    PostgresError::new(Trouble::Unfit, what, "use the callfold that made the tables")
                })?;
            }
            Ok(block)
        })
    }
}

async fn one(session: &Session, sql: &str) -> Result<Row, PostgresError> {
    within(session, session.client.query_one(sql, &[])).await
}

/// How far tables were emptied; nothing where the tables are those of a version that removed nothing.
async fn retained(session: &Session) -> Result<HashMap<String, i64>, PostgresError> {
    let may_read = "SELECT coalesce(has_table_privilege(to_regclass('callfold.retained'), 'SELECT'), false)";
    if !one(session, may_read).await?.get::<_, bool>(0) {
        return Ok(HashMap::new());
    }
    let first = "SELECT table_name, (first_day - DATE '1970-01-01')::bigint FROM callfold.retained";
    let rows = within(session, session.client.query(first, &[])).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

async fn within<T>(
    session: &Session,
    asked: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, PostgresError> {
    asked.await.map_err(|e| session.met("ask", &e))
}

/// Whether the tables are there, as this program declares them, and may be read.
async fn fit(session: &Session) -> Result<(), PostgresError> {
    let schema = one(
        session,
        "SELECT to_regnamespace('callfold') IS NOT NULL, coalesce((SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace \
         WHERE nspname = 'callfold'), false)",
    )
    .await?;
    let place = session.place();
    let may_not = |what: String| {
        let fix = "GRANT callfold_report TO the user that checks, or name one who may";
        PostgresError::new(Trouble::Rights, format!("cannot read {what} in {place}: permission denied"), fix)
    };
    if !schema.get::<_, bool>(0) {
        let fix = "name the database that rows go to; `callfold db migrate` makes tables in a new one";
        return Err(PostgresError::new(Trouble::NoDatabase, format!("{place} has no schema callfold"), fix));
    }
    if !schema.get::<_, bool>(1) {
        return Err(may_not("the schema callfold".into()));
    }
    let found = within(session, session.client.query(COLUMNS, &[])).await?;
    for table in tables() {
        let own = || found.iter().filter(|row| row.get::<_, &str>(0) == table.name);
        for column in table.columns {
            let ty = own().find(|row| row.get::<_, &str>(1) == column.name).map(|row| row.get::<_, String>(2));
            // The server has longer names for two of the types.
            let wanted = match column.ty {
                Type::Instant => "timestamp with time zone",
                Type::Time => "time without time zone",
                ty => sql_type(ty),
            };
            let is = ty.as_deref().unwrap_or("not there");
            if is != wanted {
                let what = format!("{place} has tables of another callfold: {}.{} is {is}", table.name, column.name);
                return Err(PostgresError::new(
                    Trouble::Unfit,
                    what,
                    "use the callfold that made them, or bring them up to date with `callfold db migrate`",
                ));
            }
        }
        if own().any(|row| !row.get::<_, bool>(3)) {
            return Err(may_not(format!("callfold.{}", table.name)));
        }
    }
    Ok(())
}

/// Counts the rows of every table by tenant and day; it is the only way to know which tenants there are.
async fn survey(session: &Session, since: Option<i64>, before: Option<i64>) -> Result<Vec<Holding>, PostgresError> {
    let mut found = Vec::new();
    for table in tables() {
        let tenant = if table.has_tenant() { "tenant_id" } else { "''::text" };
        let (day, only) = match partition_column(table) {
            Some(time) => {
                let time = ident(time);
                // Times of listening are few, and long ones began long ago.
                let since = since.filter(|_| table.name != "source_session");
                let since = since.map(|day| format!("{time} >= {}", begin_of(day)));
                let before = before.map(|day| format!("{time} < {}", begin_of(day)));
                let bounds: Vec<String> = since.into_iter().chain(before).collect();
                let only = if bounds.is_empty() { String::new() } else { format!(" WHERE {}", bounds.join(" AND ")) };
                (format!("(({time} AT TIME ZONE 'UTC')::date - DATE '1970-01-01')::bigint"), only)
            }
            None => ("NULL::bigint".to_owned(), String::new()),
        };
        let written = match table.columns.iter().any(|column| column.name == "written_at") {
            true => "(extract(epoch FROM max(written_at)) * 1000000)::bigint",
            false => "0::bigint",
        };
        let name = ident(table.name);
        let sql = format!("SELECT {tenant}, {day}, count(*), {written} FROM callfold.{name}{only} GROUP BY 1, 2");
        for row in within(session, session.client.query(&sql, &[])).await? {
            let rows = u64::try_from(row.get::<_, i64>(2)).unwrap_or(0);
            found.push(Holding { table, tenant: row.get(0), day: row.get(1), rows, written_us: row.get(3) });
        }
    }
    // Whoever names nothing comes before every day.
    found.sort_by(|a, b| (&a.tenant, a.day, a.table.name).cmp(&(&b.tenant, b.day, b.table.name)));
    Ok(found)
}

/// The begin of a day, as SQL.
fn begin_of(day: i64) -> String {
    format!("to_timestamp({})", day.saturating_mul(86_400))
}

/// The statement that copies the rows of a holding out, in an order that is the same every time.
fn statement(holding: &Holding) -> String {
    let table = holding.table;
    let columns: Vec<String> = table.columns.iter().map(|column| ident(column.name)).collect();
    let mut conditions = Vec::new();
    if table.has_tenant() {
        conditions.push(format!("tenant_id = {}", literal(&holding.tenant)));
    }
    if let Some((day, time)) = holding.day.zip(partition_column(table)) {
        let time = ident(time);
        conditions.push(format!("{time} >= {} AND {time} < {}", begin_of(day), begin_of(day + 1)));
    }
    let only = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    let order = table.order().chain(table.key.iter().copied().filter(|name| *name != "tenant_id")).map(|name| {
        let is_text = table.columns.iter().any(|c| c.name == name && matches!(c.ty, Type::Name | Type::Text));
        format!("{}{}", ident(name), if is_text { " COLLATE \"C\"" } else { "" })
    });
    format!(
        "COPY (SELECT {} FROM callfold.{}{only} ORDER BY {}) TO STDOUT (FORMAT binary)",
        columns.join(", "),
        ident(table.name),
        order.collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_reads_one_tenant_and_day_in_order_and_quotes_what_it_must() {
        let table = tables().into_iter().find(|table| table.name == "queue_interval").expect("a table");
        let text = statement(&Holding { table, tenant: "o'neil".into(), day: Some(20_786), rows: 1, written_us: 0 });
        assert!(text.contains("WHERE tenant_id = 'o''neil' AND interval_start >= to_timestamp(1795910400) AND interval_start < to_timestamp(1795996800)"), "{text}");
        assert!(text.contains("ORDER BY queue_id COLLATE \"C\", interval_start, "), "{text}");
        let table = tables().into_iter().find(|table| table.name == "dim_calendar").expect("a table");
        let text = statement(&Holding { table, tenant: String::new(), day: None, rows: 1, written_us: 0 });
        assert!(!text.contains("WHERE"), "{text}");
    }
}
