//! A connection to a database: from what was configured to a session that is fit for use.
//!
//! In: a URL or `key=value` text, a password and an authority from elsewhere. Out: a [`Session`]. Encryption: where the URL says
//! nothing, a server on this machine is spoken to in plain text and every other one encrypted, its certificate verified.
//! `sslmode` says otherwise; a certificate is never accepted unverified. Refuses to know any table.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{PostgresError, Trouble};

/// Servers before this one lack views that ask with the reader's rights.
const SERVER_VERSION_MIN: i32 = 150_000;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a server may be silent before it counts as gone; a stand-by waits as long at most for a machine that vanished.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// Settings of every session: whatever the user has otherwise, merges are as long as they are, and too short to be compiled first.
const SETTINGS: &str = "SET TimeZone = 'UTC'; SET client_min_messages = warning; SET jit = off; SET statement_timeout = 0; \
                        SET idle_in_transaction_session_timeout = 0";

/// Where a database is, and who we are there.
#[derive(Clone)]
pub struct Target {
    config: Config,
    /// Authority that signs the server's certificate; the system's when absent.
    ca_file: Option<PathBuf>,
    /// Where it is, for people, without a password.
    place: String,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("place", &self.place).field("ca_file", &self.ca_file).finish_non_exhaustive()
    }
}

impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        self.config == other.config && self.ca_file == other.ca_file
    }
}

impl Target {
    /// Reads `postgres://USER@HOST:PORT/DATABASE?sslmode=…` or `host=/run/postgresql dbname=callfold`.
    ///
    /// # Errors
    /// [`Trouble::Configuration`].
    pub fn new(url: &str, password: Option<&str>, ca_file: Option<PathBuf>) -> Result<Self, PostgresError> {
        let wrong = |why: String| {
            let fix = "write it as postgres://USER@HOST:5432/DATABASE, or as `host=/run/postgresql dbname=callfold`";
            PostgresError::new(Trouble::Configuration, format!("the address of the database is wrong: {why}"), fix)
        };
        // The driver knows no more than whether there is encryption; here a certificate is always verified.
        let known =
            url.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
        // What the driver says names the key that is wrong and never a value that may be secret.
        let mut config: Config = known.parse().map_err(|error: tokio_postgres::Error| {
            wrong(std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string))
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(wrong("it names no host".into()));
        }
        if config.get_user().is_none() {
            return Err(wrong("it names no user".into()));
        }
        if config.get_dbname().is_none() {
            return Err(wrong("it names no database".into()));
        }
        if let Some(password) = password {
            config.password(password);
        }
        if config.get_application_name().is_none() {
            config.application_name("callfold");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.keepalives_idle(SILENCE_MAX / 2);
        config.keepalives_interval(SILENCE_MAX / 8).keepalives_retries(4).tcp_user_timeout(SILENCE_MAX);
        if !known.contains("sslmode=") {
            config.ssl_mode(if is_here(&config) { SslMode::Disable } else { SslMode::Require });
        }
        let place = place(&config);
        Ok(Self { config, ca_file, place })
    }

    /// Where it is, for people, without a password.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Connects, and checks that the server is one to work with.
    ///
    /// # Errors
    /// What is in the way, sorted.
    pub async fn connect(&self) -> Result<Session, PostgresError> {
        let tls = MakeRustlsConnect::new(self.tls()?);
        let (client, connection) = self.config.connect(tls).await.map_err(|e| self.met("connect to", &e))?;
        let driver = tokio::spawn(async move {
            // Whoever waits for an answer is told, too.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection to the database ended");
            }
        });
        let session = Session { client, driver, place: self.place.clone() };
        session.check().await?;
        Ok(session)
    }

    fn tls(&self) -> Result<ClientConfig, PostgresError> {
        let mut roots = RootCertStore::empty();
        let unfit = |why: String| {
            let what = format!("cannot verify the certificate of {}: {why}", self.place);
            PostgresError::new(Trouble::Tls, what, "check postgres.ca_file")
        };
        if self.config.get_ssl_mode() == SslMode::Disable {
            // Nothing will be verified, so nothing is read.
        } else if let Some(path) = &self.ca_file {
            let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let found = read.map_err(|e| unfit(format!("{}: {e}", path.display())))?;
            if roots.add_parsable_certificates(found).0 == 0 {
                return Err(unfit(format!("{} holds no certificate", path.display())));
            }
        } else {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        Ok(builder.map_err(|e| unfit(e.to_string()))?.with_root_certificates(roots).with_no_client_auth())
    }

    fn met(&self, doing: &str, error: &tokio_postgres::Error) -> PostgresError {
        PostgresError::met(&self.place, doing, error)
    }
}

/// Whether the server is on this machine.
fn is_here(config: &Config) -> bool {
    let named = config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
    });
    named && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback)
}

fn place(config: &Config) -> String {
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    });
    let hosts: Vec<String> = hosts.chain(config.get_hostaddrs().iter().map(ToString::to_string)).collect();
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let [user, database] = [config.get_user(), config.get_dbname()].map(|name| name.unwrap_or("?"));
    format!("database {database} at {} port {port} as {user}", hosts.join(","))
}

/// A connection that is fit for use.
#[derive(Debug)]
pub struct Session {
    /// Speaks to the server.
    pub(super) client: Client,
    driver: JoinHandle<()>,
    place: String,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Session {
    async fn check(&self) -> Result<(), PostgresError> {
        let unfit = |what: String| {
            let fix = "use a server of version 15 or later and a database with encoding UTF8";
            PostgresError::new(Trouble::Unfit, format!("{} {what}", self.place), fix)
        };
        let setting = "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), \
                       pg_is_in_recovery()";
        let row = self.client.query_one(setting, &[]).await.map_err(|e| self.met("ask", &e))?;
        let (version, encoding, is_copy): (i32, String, bool) = (row.get(0), row.get(1), row.get(2));
        if version < SERVER_VERSION_MIN {
            return Err(unfit(format!("runs version {}", version / 10_000)));
        }
        if encoding != "UTF8" {
            return Err(unfit(format!("has encoding {encoding}")));
        }
        if is_copy {
            // Its primary may be about to fail over to it: worth waiting.
            let what = format!("{} is a read-only copy", self.place);
            return Err(PostgresError::new(Trouble::Unreachable, what, "name the primary server"));
        }
        self.run("prepare the session at", SETTINGS).await
    }

    /// Runs statements without results.
    pub(super) async fn run(&self, doing: &str, statements: &str) -> Result<(), PostgresError> {
        self.client.batch_execute(statements).await.map_err(|e| self.met(doing, &e))
    }

    /// Sorts an error met while `doing`.
    pub(super) fn met(&self, doing: &str, error: &tokio_postgres::Error) -> PostgresError {
        PostgresError::met(&self.place, doing, error)
    }

    /// Where it leads, for people.
    pub(super) fn place(&self) -> &str {
        &self.place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Target {
        Target::new(url, None, None).expect("a good address")
    }

    #[test]
    fn a_password_is_in_no_text() {
        let target = target("postgres://ann:s3cret@db.example:5433/centre");
        assert_eq!(target.place(), "database centre at db.example port 5433 as ann");
        assert!(!format!("{target:?}").contains("s3cret"));
        let wrong =
            Target::new("postgres://ann:s3cret@db.example/centre?colour=red", None, None).expect_err("unknown key");
        assert!(!wrong.to_string().contains("s3cret") && wrong.to_string().contains("colour"), "{wrong}");
    }

    #[test]
    fn only_a_server_on_this_machine_is_spoken_to_in_plain_text_unasked() {
        let mode = |url: &str| target(url).config.get_ssl_mode();
        assert_eq!(mode("postgres://a@localhost/b"), SslMode::Disable);
        assert_eq!(mode("host=/run/postgresql user=a dbname=b"), SslMode::Disable);
        assert_eq!(mode("postgres://a@db.example/b"), SslMode::Require);
        assert_eq!(mode("postgres://a@db.example/b?sslmode=verify-full"), SslMode::Require);
        assert_eq!(mode("postgres://a@db.example/b?sslmode=disable"), SslMode::Disable);
        assert_eq!(mode("postgres://a@localhost/b?sslmode=require"), SslMode::Require);
    }

    #[test]
    fn an_address_needs_host_user_and_database() {
        for (url, lacks) in [("dbname=b user=a", "host"), ("postgres://h/b", "user"), ("postgres://a@h", "database")] {
            let error = Target::new(url, None, None).expect_err("incomplete").to_string();
            assert!(error.contains(lacks), "{error}");
        }
    }
}
