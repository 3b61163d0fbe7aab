//! `callfold db`: what concerns the database itself: its tables, and how it stands.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::Global;
use super::exit::{Code, Failure};
use super::output::{self, counted, grouped};
use super::serve::{configuration, runtime};
use crate::app::config::{Config, Hidden, Problem};
use crate::app::postgres::{self, Postgres};
use crate::app::settings::DATA_DEFAULT;
use crate::sink::postgres::{IntakeError, Outcome, Resend, Retried, Spool, SpoolLook, Status, migrate, resend, status};

/// Makes the tables of a PostgreSQL database, says how it stands, or sends it what it refused.
///
/// `serve`, `demo` and `replay` with --postgres bring the database up to date by themselves, where their user may. Where only its owner may,
/// he runs `db migrate` first.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  callfold db migrate --postgres postgres://owner@db.example/centre\n  \
    callfold db status --config callfold.toml\n  \
    callfold db resend --dry-run --config callfold.toml\n\n\
    Exit codes: 0 done, 3 invalid configuration, 4 refused, 5 no such database, 6 not up to date or rows refused again, 7 unreachable, 9 made by another callfold.")]
pub struct DbArgs {
    #[command(subcommand)]
    command: DbCommand,
}

#[derive(Debug, Subcommand)]
enum DbCommand {
    /// Makes the tables, or brings them up to date; does nothing when they are
    Migrate(PlaceArgs),
    /// Says which version, tables and rows there are, and how far each switch has come
    Status(PlaceArgs),
    /// Sends the batches once more that the database refused and that were put aside, when the cause is repaired
    Resend(ResendArgs),
}

#[derive(Debug, Args)]
struct ResendArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Say what would become of each batch, and change nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
struct PlaceArgs {
    #[command(flatten)]
    postgres: PostgresArgs,
    /// Configuration file (TOML) with a section [postgres]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory of the store whose waiting or refused rows are meant [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
}

/// Which database.
#[derive(Debug, Args)]
pub(super) struct PostgresArgs {
    /// Database: postgres://USER@HOST:5432/NAME, or `host=/run/postgresql user=USER dbname=NAME`; the password is better in
    /// CALLFOLD_POSTGRES__PASSWORD or in a file that the configuration names
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
}

impl PostgresArgs {
    /// Lays the flag over the configuration.
    pub(super) fn lay_over(&self, config: &mut Config) {
        if let Some(url) = &self.postgres {
            config.postgres.url = Some(Hidden(url.clone()));
        }
    }
}

/// Runs the command.
pub fn run(arguments: &DbArgs, global: &Global) -> Result<Code, Failure> {
    let (DbCommand::Migrate(place) | DbCommand::Status(place) | DbCommand::Resend(ResendArgs { place, .. })) =
        &arguments.command;
    let mut config = configuration(place.config.as_deref())?;
    place.postgres.lay_over(&mut config);
    if place.data.is_some() {
        config.store.path.clone_from(&place.data);
    }
    let data = PathBuf::from(config.store.path.as_deref().unwrap_or(DATA_DEFAULT));
    let found = postgres::check(&config).map_err(|problems| Failure::configuration(&problems))?;
    let Some(postgres) = found else {
        let what = "no database is named".to_owned();
        let problem = Problem { place: "--postgres".into(), what };
        return Err(Failure::configuration(&[problem]).with_fix("say --postgres postgres://USER@HOST:5432/DATABASE"));
    };
    runtime()?.block_on(async {
        match &arguments.command {
            DbCommand::Migrate(_) => run_migrate(&postgres, global).await,
            DbCommand::Status(_) => run_status(&postgres, &data, global).await,
            DbCommand::Resend(ResendArgs { dry_run, .. }) => {
                run_resend(&postgres, &data, if *dry_run { Resend::DryRun } else { Resend::Write }, global).await
            }
        }
    })
}

async fn run_migrate(postgres: &Postgres, global: &Global) -> Result<Code, Failure> {
    let session = postgres.target.connect().await?;
    let migrated = migrate(&session).await?;
    if global.json {
        return output::data(&format!(
            "{}\n",
            json!({"applied": migrated.applied, "roles_missing": migrated.roles_missing})
        ));
    }
    if !global.quiet {
        let place = postgres.target.place();
        match migrated.applied.as_slice() {
            [] => output::note(&format!("{place} is up to date")),
            applied => output::note(&format!("{place}: applied {}", applied.join(", "))),
        }
        if !migrated.roles_missing.is_empty() {
            output::note(&format!(
                "roles skipped, this user may not make them: {}; let one who may CREATE ROLE for each, and migrate again",
                migrated.roles_missing.join(", ")
            ));
        }
    }
    Ok(Code::Done)
}

async fn run_status(postgres: &Postgres, data: &Path, global: &Global) -> Result<Code, Failure> {
    let spool = Spool::look(data).map_err(|error| Failure::new(Code::Unexpected, error.to_string()))?;
    let waiting = format!("{}: {}", data.join("postgres").display(), waits(&spool));
    let asked = async { status(&postgres.target.connect().await?).await };
    let status = asked.await.map_err(|error| {
        let mut failure = Failure::from(error);
        // How much waits matters most when the database is away.
        failure.findings.push(waiting.clone());
        failure
    })?;
    let page = if global.json {
        document(&status, &spool)
    } else {
        page(postgres.target.place(), &status) + "\n" + &waiting + "\n"
    };
    output::data(&page)?;
    Ok(if status.standing.due.is_empty() { Code::Done } else { Code::Findings })
}

async fn run_resend(postgres: &Postgres, data: &Path, how: Resend, global: &Global) -> Result<Code, Failure> {
    let retried = resend(&postgres.target, data, how).await.map_err(|error| match error {
        IntakeError::Postgres(error) => Failure::from(error),
        IntakeError::Segment(error) => Failure::new(Code::Unexpected, error.to_string()),
    })?;
    let is_left = retried.iter().any(|one| !matches!(one.outcome, Outcome::Taken));
    let told = |one: &Retried| match &one.outcome {
        Outcome::Taken if how == Resend::DryRun => ("would be taken", None),
        Outcome::Taken => ("taken", None),
        Outcome::Refused(error) => ("refused again", Some(error.to_string())),
        Outcome::Damaged(error) => ("damaged", Some(format!("{error}; replay its events with --postgres"))),
    };
    if global.json {
        let segments = retried.iter().map(|one| {
            let (outcome, why) = told(one);
            json!({"outcome": outcome, "rows": one.rows, "segment": one.segment, "tables": one.tables, "why": why})
        });
        output::data(&format!(
            "{:#}\n",
            json!({"dry_run": how == Resend::DryRun, "segments": segments.collect::<Vec<_>>()})
        ))?;
    } else if retried.is_empty() {
        output::data(&format!("{}: nothing was refused\n", data.join("postgres").display()))?;
    } else {
        let lines = retried.iter().map(|one| {
            let (outcome, why) = told(one);
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            format!(
                "{}: {} of {} {outcome}{why}\n",
                one.segment.display(),
                counted(one.rows, "row"),
                one.tables.join(", ")
            )
        });
        output::data(&lines.collect::<String>())?;
    }
    Ok(if is_left { Code::Findings } else { Code::Done })
}

/// What waits on disk, in words.
fn waits(spool: &SpoolLook) -> String {
    let mut text = match spool.segments {
        0 => "nothing waits".to_owned(),
        _ => format!(
            "{} in {} waiting, {:.1} MiB",
            counted(spool.rows, "row"),
            counted(spool.segments, "segment"),
            mib(spool.bytes)
        ),
    };
    if spool.refused > 0 {
        text += &format!("; {} refused and put aside (callfold db resend)", counted(spool.refused, "segment"));
    }
    text
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn document(status: &Status, spool: &SpoolLook) -> String {
    let tables = status.tables.iter().map(|table| {
        json!({"bytes": table.bytes, "name": table.name, "partitions": table.partitions, "rows_about": table.rows_about})
    });
    let sources = status.sources.iter().map(|source| {
        json!({"lag_seconds": source.lag_seconds, "site": source.site, "tenant": source.tenant,
               "watermark": source.watermark, "writer": source.writer})
    });
    let value = json!({
        "due": status.standing.due,
        "server": status.server,
        "spool": {"bytes": spool.bytes, "refused": spool.refused, "rows": spool.rows, "segments": spool.segments},
        "sources": sources.collect::<Vec<_>>(),
        "tables": tables.collect::<Vec<_>>(),
        "version": status.standing.version,
    });
    format!("{value:#}\n")
}

fn page(place: &str, status: &Status) -> String {
    let version = status.standing.version.as_deref().unwrap_or("without tables");
    let mut text = format!("{place}\nserver {}, schema {version}", status.server);
    if !status.standing.due.is_empty() {
        text += &format!("; due: {} (callfold db migrate)", status.standing.due.join(", "));
    }
    text += "\n";
    if !status.tables.is_empty() {
        text += &format!("\n{:24} {:>14} {:>10} {:>10}\n", "table", "rows (about)", "MiB", "partitions");
    }
    for table in &status.tables {
        let rows = table.rows_about.map_or_else(|| "–".to_owned(), |rows| grouped(rows.unsigned_abs()));
        let mib = mib(table.bytes.unsigned_abs());
        text += &format!("{:24} {rows:>14} {mib:>10.1} {:>10}\n", table.name, table.partitions);
    }
    if !status.sources.is_empty() {
        text += &format!("\n{:16} {:16} {:16} {:28} {:>10}\n", "writer", "tenant", "switch", "rows up to", "lag");
    }
    for source in &status.sources {
        text += &format!(
            "{:16} {:16} {:16} {:28} {:>8.0} s\n",
            source.writer, source.tenant, source.site, source.watermark, source.lag_seconds
        );
    }
    text
}
