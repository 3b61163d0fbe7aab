//! A PostgreSQL server of our own: made, started, stopped, killed and thrown away by the tests.
//!
//! Debian keeps its programs in `/usr/lib/postgresql/*/bin`; elsewhere they are looked for on the path. A server refuses to run as
//! root, so root becomes the user `postgres` for it. It listens on a socket in a directory of its own. A shell stands between
//! the test and the server and ends it when the test process is gone, however that happens.
//!
//! Where there is no server the tests pass without having looked, and say so; with `CALLFOLD_REQUIRE_POSTGRES=1` they fail. Servers of
//! other major versions are looked for in the directories that `CALLFOLD_POSTGRES_OTHERS` lists, separated by colons, one each.

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
    /// Whether its directory is a file system of its own.
    is_mounted: bool,
}

/// Gives a directory to whoever runs the server.
fn give_away(dir: &Path) {
    if is_root() {
        run(Command::new("chown").arg("-R").arg("postgres:").arg(dir));
    }
}

/// Mounts a file system in memory at `dir`; says so where nobody may.
pub fn mount(dir: &Path, mebibytes: u32) -> bool {
    let size = format!("size={mebibytes}m,mode=0777");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir).output();
    let is_mounted = mounted.as_ref().is_ok_and(|output| output.status.success());
    if !is_mounted {
        let required = std::env::var_os("CALLFOLD_REQUIRE_MOUNT").is_some();
        assert!(!required, "no file system can be mounted, and CALLFOLD_REQUIRE_MOUNT is set: {mounted:?}");
        let said = b"SKIPPED: no file system can be mounted here (root may), so nothing was tested with a full disk\n";
        let _ = std::io::stderr().write_all(said);
    }
    is_mounted
}

/// Gives a mounted file system another size.
pub fn resize(dir: &Path, mebibytes: u32) {
    run(Command::new("mount").arg("-o").arg(format!("remount,size={mebibytes}m")).arg(dir));
}

/// Takes a mounted file system away.
pub fn unmount(dir: &Path) {
    let _ = Command::new("umount").arg("-l").arg(dir).status();
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

/// The programs of a server of some major version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edition {
    pub major: u32,
    /// Everything that belongs to it.
    home: PathBuf,
    bin: PathBuf,
}

/// The programs below `home`.
fn edition(home: &Path) -> Option<Edition> {
    let below = |dir: &Path| fs::read_dir(dir).into_iter().flatten().map_while(Result::ok).map(|entry| entry.path());
    let mut places = vec![home.to_owned()];
    places.extend(below(home).map(|dir| dir.join("pginstall")));
    let bin = places.iter().map(|dir| dir.join("bin")).find(|bin| bin.join("initdb").exists())?;
    let said = Command::new(bin.join("postgres")).arg("--version").output().ok()?.stdout;
    let said = String::from_utf8_lossy(&said).into_owned();
    let major = said.split_whitespace().find_map(|word| word.split('.').next()?.parse().ok())?;
    Some(Edition { major, home: home.to_owned(), bin })
}

/// Every major version there is, oldest first: that of the tests, and others. Says so where there is one only.
pub fn editions() -> Vec<Edition> {
    let bin = programs();
    let own = bin.and_then(|bin| bin.parent().and_then(edition));
    let others = std::env::var("CALLFOLD_POSTGRES_OTHERS").unwrap_or_default();
    let others = others.split(':').filter(|dir| !dir.is_empty()).filter_map(|dir| edition(Path::new(dir)));
    let mut found: Vec<Edition> = own.into_iter().chain(others).collect();
    found.sort();
    found.dedup_by_key(|edition| edition.major);
    if found.len() < 2 {
        let required = std::env::var_os("CALLFOLD_REQUIRE_POSTGRES_OTHERS").is_some();
        assert!(
            !required,
            "there is one major version of PostgreSQL, and CALLFOLD_REQUIRE_POSTGRES_OTHERS is set: {found:?}"
        );
        let said =
            b"SKIPPED: no second major version of PostgreSQL in CALLFOLD_POSTGRES_OTHERS; tests/run installs two\n";
        let _ = std::io::stderr().write_all(said);
    }
    found
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
        let mut cluster = Self::prepare(bin, port, options);
        cluster.initialise("data", &[]);
        cluster.resume();
        Some(cluster)
    }

    /// A new server of some major version.
    pub fn start_edition(edition: &Edition, options: &str) -> Self {
        let mut cluster = Self::prepare(edition.bin.clone(), 5432, options);
        cluster.adopt(edition);
        cluster.initialise("data", &[]);
        cluster.resume();
        cluster
    }

    /// A new server whose directory is a file system of its own with so many mebibytes; `None` where nobody may mount one.
    pub fn start_on_disk(mebibytes: u32, options: &str) -> Option<Self> {
        let mut cluster = Self::prepare(programs()?, 5432, options);
        if !mount(&cluster.dir, mebibytes) {
            return None;
        }
        cluster.is_mounted = true;
        cluster.initialise("data", &[]);
        cluster.resume();
        Some(cluster)
    }

    /// A directory for a server.
    fn prepare(bin: PathBuf, port: u16, options: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // A path of a socket is short.
        let dir = PathBuf::from(format!("/tmp/cfpg-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).expect("a directory for the server");
        give_away(&dir);
        Self { dir, bin, port, options: options.to_owned(), running: None, is_mounted: false }
    }

    /// Uses the programs of another edition from now on. They are copied: those who run servers see no others' caches.
    fn adopt(&mut self, edition: &Edition) {
        let copy = self.dir.join(format!("programs-{}", edition.major));
        run(Command::new("cp").arg("-r").args([&edition.home, &copy]));
        give_away(&copy);
        self.bin = copy.join(edition.bin.strip_prefix(&edition.home).expect("below it"));
    }

    fn initialise(&self, data: &str, options: &[&str]) {
        let initdb = ["--no-sync", "--encoding=UTF8", "--locale=C", "--auth=trust", "--username=postgres"];
        let mut command = as_nobody_special(&self.bin.join("initdb"));
        run(command.args(initdb).args(options).arg("-D").arg(self.dir.join(data)).current_dir(&self.dir));
    }

    /// Ends the server in order and brings its data to another major version; it is not started again.
    pub fn upgrade(&mut self, edition: &Edition) {
        self.end("INT");
        let old = self.bin.clone();
        self.adopt(edition);
        // Later versions have checksums unless told otherwise, and all or none must have them.
        self.initialise("later", if edition.major >= 18 { &["--no-data-checksums"] } else { &[] });
        let at = |name: &str| self.dir.join(name);
        let mut upgrade = as_nobody_special(&self.bin.join("pg_upgrade"));
        upgrade.arg("-b").arg(old).arg("-B").arg(&self.bin).arg("-d").arg(at("data")).arg("-D").arg(at("later"));
        upgrade.arg("-U").arg("postgres").arg("-s").arg(&self.dir).current_dir(&self.dir);
        let output = upgrade.stdin(Stdio::null()).output().expect("pg_upgrade runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        fs::rename(at("data"), at("earlier")).expect("renamed");
        fs::rename(at("later"), at("data")).expect("renamed");
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
             cat >/dev/null; kill -$(cat {dir}/again 2>/dev/null || echo QUIT) $server; wait $server
             [ -e {dir}/again ] || rm -rf {dir}",
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
        self.end("QUIT");
    }

    /// Ends the server with a signal; it will be started again.
    fn end(&mut self, signal: &str) {
        fs::write(self.dir.join("again"), signal).expect("a mark");
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
        }
        if self.is_mounted {
            unmount(&self.dir);
        }
        let _ = fs::remove_dir_all(&self.dir);
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
