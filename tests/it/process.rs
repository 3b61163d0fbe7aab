//! Runs the program: to its end, or until a test has seen enough.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A directory of its own for each test, removed when the test succeeds.
pub struct Place {
    path: PathBuf,
}

impl Place {
    pub fn new(name: &str) -> Self {
        Self::below(&std::env::temp_dir(), name)
    }

    /// The same in memory, where there is such a place: thousands of small files are synced at once.
    pub fn in_memory(name: &str) -> Self {
        let memory = Path::new("/dev/shm");
        let path = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        Self::below(&path, name)
    }

    fn below(dir: &Path, name: &str) -> Self {
        let path = dir.join(format!("callfold-it-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a directory for the test");
        Self { path }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("written");
        path
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// The program with `arguments`, in `directory`, without the settings of whoever runs the tests.
pub fn callfold(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callfold"));
    command.current_dir(directory).args(arguments).env("NO_COLOR", "1").stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CALLFOLD_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs the program to its end.
pub fn run(place: &Place, arguments: &[&str]) -> Output {
    callfold(&place.path, arguments).output().expect("the program runs")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

/// A running program whose standard error is read line by line.
pub struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
    seen: Vec<String>,
}

impl Running {
    pub fn start(place: &Place, arguments: &[&str]) -> Self {
        let mut command = callfold(&place.path, arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines, seen: Vec::new() }
    }

    /// A line that contains `text`, said already or still to come.
    pub fn wait_for(&mut self, text: &str) -> String {
        loop {
            if let Some(line) = self.seen.iter().find(|line| line.contains(text)) {
                return line.clone();
            }
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.seen.push(line),
                Err(_) => panic!("no line with {text:?} in {:#?}", self.seen),
            }
        }
    }

    /// The first address and port in a line that contains `text`.
    pub fn address(&mut self, text: &str) -> SocketAddr {
        let line = self.wait_for(text);
        let start = line.find("127.0.0.1:").unwrap_or_else(|| panic!("no address in {line:?}"));
        let address: String =
            line[start..].chars().take_while(|c| c.is_ascii_digit() || *c == '.' || *c == ':').collect();
        address.trim_end_matches(':').parse().expect("an address")
    }

    /// Sends a signal and waits for the end; returns the exit code.
    pub fn signal(self, name: &str) -> Option<i32> {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        let (sender, ended) = mpsc::channel();
        let mut child = self.child;
        let waiter = std::thread::spawn(move || {
            let code = child.wait().expect("it was started").code();
            let _ = sender.send(());
            code
        });
        ended.recv_timeout(PATIENCE).expect("the program ends after a signal");
        waiter.join().expect("no panic")
    }
}

/// Sends one HTTP request and returns status and body.
pub fn http(address: SocketAddr, request: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("listening");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket option");
    let mut head = format!("{request} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    head += &format!("content-length: {}\r\n", body.len());
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all((head + "\r\n").as_bytes()).expect("sent");
    // A server that refuses early may close before it has read everything.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
    (status, body)
}
