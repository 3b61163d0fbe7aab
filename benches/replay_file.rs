//! How fast does a file become finished Parquet on one core, and where does the time go?
//!
//! `replay_file [--agents N] [--queues N] [--for DURATION] [--runs N] [FILE]`. Without a file the simulator makes one (10 000
//! agents, 500 queues, one hour). The program itself is measured, pinned to one core where `taskset` exists, checksums and
//! fsync included. Processor time is the fair figure on a busy machine; every figure is the median of its runs. The split
//! comes from the threads' own accounts: the worker decodes, folds, counts and makes rows, the delivery writes Parquet.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

const PROGRAM: &str = env!("CARGO_BIN_EXE_callfold");

/// How long one tick of the kernel's accounts is.
const TICK: Duration = Duration::from_millis(10);

struct Wanted {
    file: Option<PathBuf>,
    runs: usize,
    simulate: Vec<(String, String)>,
}

fn wanted() -> Wanted {
    let size = [("--agents", "10000"), ("--queues", "500"), ("--for", "1h"), ("--seed", "1")];
    let simulate = size.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let mut wanted = Wanted { file: None, runs: 5, simulate };
    let mut args = env::args().skip(1);
    while let Some(arg) = args.next() {
        if let Some(known) = wanted.simulate.iter_mut().find(|(key, _)| *key == arg) {
            known.1 = args.next().unwrap_or_else(|| panic!("{arg} wants a value"));
        } else if arg == "--runs" {
            wanted.runs = args.next().and_then(|n| n.parse().ok()).expect("--runs wants a number");
        } else if arg != "--bench" {
            wanted.file = Some(arg.into());
        }
    }
    wanted
}

/// What one run cost.
#[derive(Clone, Debug)]
struct Run {
    wall: Duration,
    cpu: Duration,
    /// Processor time by thread, as last seen.
    threads: BTreeMap<String, Duration>,
}

/// User and system time from the fields of an account from `from` on, counted behind the name.
fn ticks(account: &str, from: usize) -> Duration {
    let fields = account.rsplit(')').next().unwrap_or_default().split_whitespace();
    TICK * fields.skip(from).take(2).filter_map(|n| n.parse::<u32>().ok()).sum::<u32>()
}

/// Time of the children that have ended.
fn children() -> Duration {
    ticks(&fs::read_to_string("/proc/self/stat").unwrap_or_default(), 13)
}

/// Notes what every thread of a process has used so far.
fn look(child: &Child, threads: &mut BTreeMap<String, Duration>) {
    let Ok(tasks) = fs::read_dir(format!("/proc/{}/task", child.id())) else { return };
    for task in tasks.flatten() {
        let Ok(account) = fs::read_to_string(task.path().join("stat")) else { continue };
        let name = account.split(['(', ')']).nth(1).unwrap_or_default().to_owned();
        let used = ticks(&account, 11);
        threads.entry(name).and_modify(|known| *known = (*known).max(used)).or_insert(used);
    }
}

fn is_pinned() -> bool {
    let probe = Command::new("taskset").args(["-c", "0", "true"]).stderr(Stdio::null()).status();
    probe.is_ok_and(|status| status.success())
}

fn replay(file: &Path, data: &Path, pinned: bool) -> Run {
    let _ = fs::remove_dir_all(data);
    let mut command = if pinned { Command::new("taskset") } else { Command::new(PROGRAM) };
    if pinned {
        command.args(["-c", "0", PROGRAM]);
    }
    command.arg("replay").arg(file).arg("--data").arg(data).arg("--quiet").stdout(Stdio::null());
    let (before, begun) = (children(), Instant::now());
    let mut child = command.spawn().expect("the program starts");
    let mut threads = BTreeMap::new();
    let status = loop {
        look(&child, &mut threads);
        match child.try_wait().expect("the program can be waited for") {
            Some(status) => break status,
            None => thread::sleep(TICK),
        }
    };
    assert!(status.success(), "the replay ended with {status}");
    Run { wall: begun.elapsed(), cpu: children() - before, threads }
}

fn median(mut values: Vec<Duration>) -> Duration {
    values.sort();
    values[values.len() / 2]
}

fn bytes_below(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(about) if about.is_dir() => bytes_below(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}

fn main() {
    let wanted = wanted();
    let place = env::temp_dir().join(format!("callfold-replay-{}", std::process::id()));
    fs::create_dir_all(&place).expect("a temporary directory");
    let file = wanted.file.clone().unwrap_or_else(|| {
        let file = place.join("feed.ndjson");
        let mut simulate = Command::new(PROGRAM);
        simulate.arg("simulate").arg("--quiet").arg("--out").arg(&file);
        simulate.args(wanted.simulate.iter().flat_map(|(key, value)| [key, value]));
        assert!(simulate.status().expect("the simulator starts").success(), "the simulator failed");
        file
    });
    let lines = fs::read(&file).expect("the feed can be read");
    let (events, bytes) = (lines.iter().filter(|b| **b == b'\n').count(), lines.len());
    drop(lines);
    let (data, pinned) = (place.join("data"), is_pinned());
    let runs: Vec<Run> = (0..wanted.runs.max(1)).map(|_| replay(&file, &data, pinned)).collect();
    let each = |value: &dyn Fn(&Run) -> Duration| median(runs.iter().map(value).collect());
    let (cpu, wall) = (each(&|run| run.cpu), each(&|run| run.wall));
    let rate = |time: Duration| events as f64 / time.as_secs_f64() / 1e6;
    println!("{events} events of {} bytes, {}", bytes / events.max(1), if pinned { "one core" } else { "not pinned" });
    println!("processor time {:6.2} s  {:6.3} M events/s", cpu.as_secs_f64(), rate(cpu));
    println!("wall           {:6.2} s  {:6.3} M events/s", wall.as_secs_f64(), rate(wall));
    println!("parquet        {:6.1} bytes an event", bytes_below(&data.join("history")) as f64 / events as f64);
    let mut rest = cpu;
    for (name, what) in
        [("worker", "decode, fold, statistics, rows"), ("delivery", "Parquet"), ("reader", "reading, cutting")]
    {
        let used = each(&|run| run.threads.get(name).copied().unwrap_or_default());
        rest = rest.saturating_sub(used);
        println!("  {name:9} {:5.1} %  {what}", used.as_secs_f64() / cpu.as_secs_f64() * 100.0);
    }
    println!("  {:9} {:5.1} %  everything else", "rest", rest.as_secs_f64() / cpu.as_secs_f64() * 100.0);
    let _ = fs::remove_dir_all(&place);
}
