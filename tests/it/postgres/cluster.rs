//! A PostgreSQL server of our own: made, started, stopped, killed and thrown away by the tests.
//!
//! Debian keeps its programs in `/usr/lib/postgresql/*/bin`; elsewhere they are looked for on the path. A server refuses to run as
//! root, so root becomes the user `postgres` for it. It listens on a socket in a directory of its own. A shell stands between
//! the test and the server and ends it when the test process is gone, however that happens.
//!
//! Where there is no server the tests pass without having looked, and say so; with `CALLFOLD_REQUIRE_POSTGRES=1` they fail.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio_postgres::{NoTls, SimpleQueryMessage};

/// How long a server may take to come up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Options of every server: on a disk that may forget, a test is three times faster.
const FAST: &str = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=80 -c shared_buffers=64MB \
                    -c max_wal_size=512MB -c autovacuum=off";

/// A server of our own.
pub struct Cluster {
    dir: PathBuf,
    bin: PathBuf,
    port: u16,
    options: String,
    running: Option<Child>,
}

/// The programs of the newest server there is.
fn programs() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for entry in fs::read_dir("/usr/lib/postgresql").into_iter().flatten().map_while(Result::ok) {
        let version = entry.file_name().to_string_lossy().parse().unwrap_or(0);
        found.push((version, entry.path().join("bin")));
    }
    found.retain(|(_, bin)| bin.join("initdb").exists());
    let newest = found.into_iter().max().map(|(_, bin)| bin);
    newest.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|dir| dir.join("initdb").exists() && dir.join("postgres").exists())
    })
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

/// A program that runs as somebody a server accepts.
fn as_nobody_special(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("the program of the server runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Cluster {
    /// A new server with further `options`, or `None` where none is installed.
    pub fn start(options: &str) -> Option<Self> {
        Self::start_on(5432, options)
    }

    /// The same with the number of its socket's name, and of its port if it listens on one.
    pub fn start_on(port: u16, options: &str) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Some(bin) = programs() else {
            assert!(
                std::env::var_os("CALLFOLD_REQUIRE_POSTGRES").is_none(),
                "PostgreSQL is not installed, and CALLFOLD_REQUIRE_POSTGRES is set: apt-get install postgresql"
            );
            // Not by a macro: the test's own output is not shown when it passes.
            let said = b"SKIPPED: PostgreSQL is not installed, nothing of it was tested; apt-get install postgresql\n";
            let _ = std::io::stderr().write_all(said);
            return None;
        };
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // A path of a socket is short.
        let dir = PathBuf::from(format!("/tmp/cfpg-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).expect("a directory for the server");
        if is_root() {
            run(Command::new("chown").args(["postgres:", &dir.to_string_lossy()]));
        }
        let data = dir.join("data");
        let initdb = ["--no-sync", "--encoding=UTF8", "--locale=C", "--auth=trust", "--username=postgres", "-D"];
        run(as_nobody_special(&bin.join("initdb")).args(initdb).arg(&data).current_dir(&dir));
        let mut cluster = Self { dir, bin, port, options: options.to_owned(), running: None };
        cluster.resume();
        Some(cluster)
    }

    /// The server that tests share, each with a database of its own.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        SHARED.get_or_init(|| Self::start("")).as_ref()
    }

    /// Other options for the next start.
    pub fn set_options(&mut self, options: &str) {
        self.options = options.to_owned();
    }

    /// Starts the server again after [`Cluster::kill`].
    pub fn resume(&mut self) {
        let dir = self.dir.display();
        let guard = format!(
            "{}/postgres -D {dir}/data -k {dir} -p {} -c listen_addresses= {FAST} {} >>{dir}/log 2>&1 & server=$!\n\
             cat >/dev/null; kill -QUIT $server; wait $server; [ -e {dir}/again ] || rm -rf {dir}",
            self.bin.display(),
            self.port,
            self.options
        );
        let _ = fs::remove_file(self.dir.join("again"));
        let shell = as_nobody_special(Path::new("/bin/sh")).args(["-c", &guard]).stdin(Stdio::piped()).spawn();
        self.running = Some(shell.expect("a shell"));
        let begun = Instant::now();
        while self.try_query("postgres", "SELECT 1").is_err() {
            let log = || fs::read_to_string(self.dir.join("log")).unwrap_or_default();
            assert!(begun.elapsed() < PATIENCE, "the server does not come up:\n{}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the server at once, as a power cut would.
    pub fn kill(&mut self) {
        fs::write(self.dir.join("again"), "").expect("a mark");
        if let Some(mut shell) = self.running.take() {
            drop(shell.stdin.take());
            shell.wait().expect("the shell was started");
        }
    }

    /// Makes a database.
    pub fn database(&self, name: &str) -> Database<'_> {
        self.query("postgres", &format!("CREATE DATABASE {name}"));
        Database { cluster: self, name: name.to_owned() }
    }

    /// Address of a database, for user `postgres`.
    pub fn url(&self, database: &str) -> String {
        self.url_for("postgres", database)
    }

    /// Address of a database for a user.
    pub fn url_for(&self, user: &str, database: &str) -> String {
        format!("host={} port={} user={user} dbname={database}", self.dir.display(), self.port)
    }

    /// The directory of the server.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Rows of the last statement, `∅` for null.
    ///
    /// # Panics
    /// When the server refuses.
    #[track_caller]
    pub fn query(&self, database: &str, sql: &str) -> Vec<Vec<String>> {
        self.try_query(database, sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    pub fn try_query(&self, database: &str, sql: &str) -> Result<Vec<Vec<String>>, String> {
        ask(&self.url(database), sql)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut shell) = self.running.take() {
            drop(shell.stdin.take());
            let _ = shell.wait();
        } else {
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}

/// A database of its own for a test.
pub struct Database<'a> {
    pub cluster: &'a Cluster,
    pub name: String,
}

impl Database<'_> {
    pub fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    #[track_caller]
    pub fn query(&self, sql: &str) -> Vec<Vec<String>> {
        self.cluster.query(&self.name, sql)
    }

    /// The one cell that a statement gives.
    #[track_caller]
    pub fn cell(&self, sql: &str) -> String {
        self.query(sql).first().and_then(|row| row.first()).cloned().unwrap_or_else(|| panic!("no row of {sql}"))
    }
}

/// Rows of the last statement of `sql` at `url`, `∅` for null; or what the server said.
pub fn ask(url: &str, sql: &str) -> Result<Vec<Vec<String>>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let said = |error: tokio_postgres::Error| match error.as_db_error() {
            Some(refusal) => refusal.message().to_owned(),
            None => error.to_string(),
        };
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(said)?;
        let driver = tokio::spawn(connection);
        let messages = client.simple_query(sql).await.map_err(said);
        driver.abort();
        let mut rows: Vec<Vec<String>> = Vec::new();
        for message in messages? {
            match message {
                SimpleQueryMessage::RowDescription(_) => rows.clear(),
                SimpleQueryMessage::Row(row) => {
                    rows.push((0..row.len()).map(|i| row.get(i).unwrap_or("∅").to_owned()).collect());
                }
                _ => {}
            }
        }
        Ok(rows)
    })
}
