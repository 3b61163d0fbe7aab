//! The schema in steps: which there are, which a database has, and how it gets the others.
//!
//! Two kinds of files in `schemas/migrations/`, applied in the order of [`MIGRATIONS`]:
//! * `V…` once each. What was released is never changed; a database that has another text under the same name is refused.
//! * `R…` again whenever their text changed or anything else was applied: views, functions, rights. They replace what is there.
//!
//! All that is due happens in one transaction, so a database has all of it or none, and two programs that start together
//! wait for each other. Small enough to need no library, which would bring neither of the two.

use std::collections::HashMap;

use twox_hash::XxHash64;

use super::connect::Session;
use super::error::{PostgresError, Trouble};

/// One file.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its name without `.sql`.
    pub name: &'static str,
    /// Its statements.
    pub sql: &'static str,
}

impl Migration {
    /// Whether it is applied again when it changed.
    fn repeats(&self) -> bool {
        self.name.starts_with('R')
    }

    /// Whether it gives rights.
    fn grants(&self) -> bool {
        self.name.starts_with("R9")
    }

    /// What is recorded with its name. Rights depend on which roles there are: where those change, they are due again.
    fn checksum(&self, roles: i64) -> String {
        let text = XxHash64::oneshot(0, self.sql.as_bytes());
        if self.grants() { format!("{text:016x}/{roles}") } else { format!("{text:016x}") }
    }
}

macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        [$(Migration { name: $name, sql: include_str!(concat!("../../../schemas/migrations/", $name, ".sql")) }),*]
    };
}

/// Every file, in the order in which they are applied: versions first, rights last.
pub const MIGRATIONS: &[Migration] = &migrations![
    "V0001__tables",
    "V0002__delivery",
    "V0003__retention",
    "R1000__functions",
    "R2000__views",
    "R3000__compatibility",
    "R9000__access",
];

const TABLE: &str = "\
CREATE TABLE IF NOT EXISTS callfold_store.migration (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)";

/// What was applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migrated {
    /// Names of the files, in order.
    pub applied: Vec<&'static str>,
    /// Group roles that are not there, because the user may not make them.
    pub roles_missing: Vec<String>,
}

/// Where a database stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The last version it has, as `V0002`; `None` without any.
    pub version: Option<String>,
    /// Files that would be applied.
    pub due: Vec<&'static str>,
}

/// The group roles that are there.
const ROLES: &str =
    "SELECT count(*) FROM pg_roles WHERE rolname IN ('callfold_ingest', 'callfold_report', 'callfold_admin')";

async fn roles(session: &Session) -> Result<i64, PostgresError> {
    let row = session.client.query_one(ROLES, &[]).await.map_err(|e| session.met("read the roles of", &e))?;
    Ok(row.get(0))
}

async fn recorded(session: &Session) -> Result<HashMap<String, String>, PostgresError> {
    let exists = "SELECT to_regclass('callfold_store.migration') IS NOT NULL, to_regnamespace('callfold') IS NOT NULL";
    let met = |e: tokio_postgres::Error| session.met("read the version of", &e);
    let row = session.client.query_one(exists, &[]).await.map_err(met)?;
    if !row.get::<_, bool>(0) {
        if row.get::<_, bool>(1) {
            return Err(PostgresError::new(
                Trouble::Unfit,
                format!("{} has a schema callfold that is not ours", session.place()),
                "use another database, or rename that schema",
            ));
        }
        return Ok(HashMap::new());
    }
    let rows = session.client.query("SELECT name, checksum FROM callfold_store.migration", &[]).await.map_err(met)?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// What is due, given the names and checksums a database has.
fn due(place: &str, has: &HashMap<String, String>, roles: i64) -> Result<Standing, PostgresError> {
    let mut standing = Standing::default();
    for name in has.keys() {
        if name.starts_with('V') && MIGRATIONS.iter().all(|known| known.name != name) {
            let what = format!("{place} has tables of a later callfold ({name})");
            return Err(PostgresError::new(Trouble::Unfit, what, "use that version"));
        }
    }
    for migration in MIGRATIONS.iter().filter(|migration| !migration.repeats()) {
        match has.get(migration.name) {
            None => standing.due.push(migration.name),
            Some(checksum) if *checksum == migration.checksum(roles) => {
                let version = migration.name.split("__").next().unwrap_or(migration.name);
                standing.version = Some(version.to_owned());
            }
            Some(_) => {
                let what = format!("{place} has tables of another build of callfold ({} differs)", migration.name);
                let fix = "use that build, or start anew: DROP SCHEMA callfold, callfold_store CASCADE";
                return Err(PostgresError::new(Trouble::Unfit, what, fix));
            }
        }
    }
    let is_new = !standing.due.is_empty();
    let repeated = MIGRATIONS.iter().filter(|migration| migration.repeats());
    let stale = |m: &&Migration| is_new || has.get(m.name).is_none_or(|checksum| *checksum != m.checksum(roles));
    let mut any_stale = false;
    for migration in repeated {
        // A view that changed may take its rights with it: whatever comes behind is applied again, too.
        any_stale |= stale(&migration);
        if any_stale {
            standing.due.push(migration.name);
        }
    }
    Ok(standing)
}

/// Where the database stands.
///
/// # Errors
/// When it cannot be asked, or was made by another callfold.
pub async fn standing(session: &Session) -> Result<Standing, PostgresError> {
    due(session.place(), &recorded(session).await?, roles(session).await?)
}

/// Brings the database up to date; does nothing when it is.
///
/// # Errors
/// As [`standing`], and when the user may not.
pub async fn migrate(session: &Session) -> Result<Migrated, PostgresError> {
    let mut migrated = Migrated::default();
    if !standing(session).await?.due.is_empty() {
        let doing = "make the tables in";
        session.run(doing, "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('callfold migration', 0))").await?;
        let done = apply(session, doing).await;
        session.run(doing, if done.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
        migrated.applied = done?;
    }
    let missing = "SELECT r FROM unnest(ARRAY['callfold_ingest', 'callfold_report', 'callfold_admin']) r \
                   WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r)";
    let rows = session.client.query(missing, &[]).await.map_err(|e| session.met("read the roles of", &e))?;
    migrated.roles_missing = rows.iter().map(|row| row.get(0)).collect();
    Ok(migrated)
}

async fn apply(session: &Session, doing: &str) -> Result<Vec<&'static str>, PostgresError> {
    // Somebody else may have done it while we waited for the lock.
    let due = standing(session).await?.due;
    for migration in MIGRATIONS.iter().filter(|migration| due.contains(&migration.name)) {
        session.run(doing, migration.sql).await?;
        session.run(doing, TABLE).await?;
        let record = "INSERT INTO callfold_store.migration (name, checksum) VALUES ($1, $2) \
                      ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now()";
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 2] =
            [&migration.name, &migration.checksum(roles(session).await?)];
        session.client.execute(record, &values).await.map_err(|e| session.met(doing, &e))?;
    }
    Ok(due)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(migrations: &[Migration]) -> HashMap<String, String> {
        migrations.iter().map(|m| (m.name.to_owned(), m.checksum(3))).collect()
    }

    #[test]
    fn every_file_is_listed_and_versions_come_in_order_before_what_repeats() {
        let mut files: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/migrations"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap().replace(".sql", ""))
            .collect();
        files.sort_by_key(|name| (name.starts_with('R'), name.clone()));
        assert_eq!(files, MIGRATIONS.iter().map(|m| m.name.to_owned()).collect::<Vec<_>>());
    }

    #[test]
    fn a_new_database_gets_everything_and_a_current_one_nothing() {
        let everything: Vec<_> = MIGRATIONS.iter().map(|m| m.name).collect();
        assert_eq!(due("db", &HashMap::new(), 3).expect("fit").due, everything);
        assert_eq!(due("db", &has(MIGRATIONS), 1).expect("fit").due, ["R9000__access"], "roles came or went");
        assert_eq!(due("db", &has(MIGRATIONS), 3).expect("fit").due, Vec::<&str>::new());
    }

    #[test]
    fn what_repeats_is_applied_again_when_it_or_a_version_changed() {
        let mut stale = has(MIGRATIONS);
        stale.insert("R9000__access".into(), "other".into());
        assert_eq!(due("db", &stale, 3).expect("fit").due, ["R9000__access"]);
        let mut older = has(MIGRATIONS);
        older.remove("V0002__delivery");
        let due = due("db", &older, 3).expect("fit").due;
        assert!(due.contains(&"V0002__delivery") && due.contains(&"R9000__access"), "{due:?}");
    }

    #[test]
    fn tables_of_another_callfold_are_refused() {
        let mut other = has(MIGRATIONS);
        other.insert("V0001__tables".into(), "other".into());
        assert_eq!(due("db", &other, 3).expect_err("changed").trouble, Trouble::Unfit);
        let mut later = has(MIGRATIONS);
        later.insert("V9999__x".into(), "x".into());
        assert!(due("db", &later, 3).expect_err("later").to_string().contains("V9999__x"));
    }
}
