//! What a database holds, for operators: version, tables, how far each writer has come.
//!
//! Counts of rows are those of the server's statistics: counting for real would read everything.

use super::connect::Session;
use super::ddl::tables;
use super::error::PostgresError;
use super::migration::{Standing, standing};

/// What a database holds.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// Version of the server.
    pub server: String,
    /// Version of the schema, and what is due.
    pub standing: Standing,
    /// One per table.
    pub tables: Vec<TableStatus>,
    /// One per writer and switch.
    pub sources: Vec<SourceStatus>,
}

/// One table.
#[derive(Clone, Debug)]
pub struct TableStatus {
    /// Its name.
    pub name: &'static str,
    /// Rows, about; `None` before the server has counted any.
    pub rows_about: Option<i64>,
    /// Bytes with indexes.
    pub bytes: i64,
    /// Its partitions.
    pub partitions: i64,
}

/// How far the rows of a switch have come.
#[derive(Clone, Debug)]
pub struct SourceStatus {
    /// Name of the writer.
    pub writer: String,
    /// Tenant.
    pub tenant: String,
    /// Switch.
    pub site: String,
    /// Event time up to which its rows are there, as text.
    pub watermark: String,
    /// Seconds from there to the server's now.
    pub lag_seconds: f64,
}

const TABLES: &str = "\
SELECT t.name, sum(c.reltuples) FILTER (WHERE c.reltuples >= 0 AND c.relkind = 'r')::bigint,
       coalesce(sum(pg_total_relation_size(c.oid)) FILTER (WHERE c.relkind = 'r'), 0)::bigint,
       count(*) FILTER (WHERE p.relid <> p.root)
FROM unnest($1::text[]) WITH ORDINALITY t(name, place)
CROSS JOIN LATERAL (SELECT to_regclass(format('callfold.%I', t.name)) AS root) r
CROSS JOIN LATERAL (SELECT relid::oid AS relid, r.root::oid AS root FROM pg_partition_tree(r.root)
                    UNION SELECT r.root::oid, r.root::oid) p
JOIN pg_class c ON c.oid = p.relid
GROUP BY t.name, t.place ORDER BY t.place";

const SOURCES: &str = "\
SELECT writer, tenant_id, site_id, to_char(watermark, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),
       extract(epoch FROM now() - watermark)::float8
FROM callfold.delivery_source ORDER BY 1, 2, 3";

/// What the database holds.
///
/// # Errors
/// When it cannot be asked.
pub async fn status(session: &Session) -> Result<Status, PostgresError> {
    let met = |e: tokio_postgres::Error| session.met("ask", &e);
    let standing = standing(session).await?;
    let server = session.client.query_one("SELECT current_setting('server_version')", &[]).await.map_err(met)?.get(0);
    let mut status = Status { server, standing, ..Status::default() };
    if status.standing.version.is_none() {
        return Ok(status);
    }
    let known = tables();
    let names: Vec<&str> = known.iter().map(|table| table.name).collect();
    for row in session.client.query(TABLES, &[&names]).await.map_err(met)? {
        let name: String = row.get(0);
        let Some(table) = known.iter().find(|table| table.name == name) else { continue };
        let (rows_about, bytes, partitions) = (row.get(1), row.get(2), row.get(3));
        status.tables.push(TableStatus { name: table.name, rows_about, bytes, partitions });
    }
    let has_sources = "SELECT to_regclass('callfold.delivery_source') IS NOT NULL";
    if !session.client.query_one(has_sources, &[]).await.map_err(met)?.get::<_, bool>(0) {
        return Ok(status);
    }
    for row in session.client.query(SOURCES, &[]).await.map_err(met)? {
        status.sources.push(SourceStatus {
            writer: row.get(0),
            tenant: row.get(1),
            site: row.get(2),
            watermark: row.get(3),
            lag_seconds: row.get(4),
        });
    }
    Ok(status)
}
