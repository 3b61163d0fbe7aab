//! The core's test door: a log a contact-centre engineer reads at once goes in, tables of what it made come out.
//!
//! [`check`] folds a log (see [`log`]) and compares the tables and columns that the expectation names:
//!
//! ```text
//! queue_segment: queue_id entered_at queue_ms outcome      a table and the columns to show; rows follow
//!   8001 10:00:00 5000 answered
//! agent_interval: agent_id interval_start *                `*`: every other column that is not 0 or null
//!   101 10:00:00 logged_in_ms=60000 ready_ms=60000
//!   + logins=1                                             a row goes on
//! actions: queue=8001 agent=101 dn=7001                    base accumulators: count, going on now, ms
//!   8001 CallWait.inbound 1 0 5000
//! anomalies:                                               what the switch said that cannot be
//!   stay_unknown 1
//! ```
//!
//! An expectation without `anomalies:` expects none, and whatever the log, the invariants of [`invariant`] must hold.

pub mod invariant;
pub mod log;
pub mod sheet;

use std::collections::HashMap;

use callfold::engine::partition::{Partition, Position};
use callfold::engine::settings::Settings;
use callfold::model::action::{Durable, Momentary, Retrospective};
use callfold::model::row::Rows;
use callfold::model::tevent::CallType;
use callfold::stats::accumulator::Cells;

use self::sheet::{Sheets, Style};

const DURABLES: [Durable; 14] = [
    Durable::LoggedIn,
    Durable::OffHook,
    Durable::WaitForNextCall,
    Durable::NotReadyForNextCall,
    Durable::AfterCallWork,
    Durable::CallDialing,
    Durable::CallRinging,
    Durable::CallTalk,
    Durable::CallOnHold,
    Durable::CallObserving,
    Durable::CallWait,
    Durable::CallAlerting,
    Durable::Monitored,
    Durable::NotMonitored,
];
const MOMENTARIES: [Momentary; 15] = [
    Momentary::CallOriginated,
    Momentary::CallReceived,
    Momentary::CallTransferMade,
    Momentary::CallTransferTaken,
    Momentary::CallConferenceMade,
    Momentary::CallConferenceJoined,
    Momentary::CallConferencePartyAdded,
    Momentary::CallConferencePartyDeleted,
    Momentary::CallPartyChanged,
    Momentary::CallRingingPartyChanged,
    Momentary::CallOffered,
    Momentary::UserEvent,
    Momentary::CallDivertedIn,
    Momentary::CallTreatmentStarted,
    Momentary::CallTreatmentNotStarted,
];
const RETROSPECTIVES: [Retrospective; 18] = [
    Retrospective::CallAnswered,
    Retrospective::CallAbandonedFromRinging,
    Retrospective::CallForwarded,
    Retrospective::CallMissed,
    Retrospective::CallDialed,
    Retrospective::CallDialTransferred,
    Retrospective::CallDialConferenced,
    Retrospective::CallAbandonedFromDialing,
    Retrospective::CallRetrievedFromHold,
    Retrospective::CallAbandonedFromHold,
    Retrospective::CallDistributed,
    Retrospective::CallDistributedToQueue,
    Retrospective::CallAbandoned,
    Retrospective::CallCleared,
    Retrospective::CallReleased,
    Retrospective::AcwCompleted,
    Retrospective::StuckCallCleaned,
    Retrospective::CallTreatmentCompleted,
];

/// A partition and every row it has given.
pub struct Run {
    pub partition: Partition,
    pub rows: Rows,
}

impl Run {
    /// Nothing folded yet.
    pub fn new(settings: Settings) -> Self {
        Self { partition: Partition::new(settings), rows: Rows::default() }
    }

    /// Folds lines.
    pub fn feed(&mut self, lines: &[u8]) {
        self.partition.feed(lines, Position { line: 1, offset: 0 });
        self.collect();
    }

    /// Takes the rows that are ready.
    pub fn collect(&mut self) {
        if let Some(batch) = self.partition.take_rows() {
            self.append(batch.rows);
        }
    }

    /// Keeps rows that have been taken; those of the event log need the text of their batch, and are no use here.
    pub fn append(&mut self, mut rows: Rows) {
        macro_rules! take {
            ($table:ident) => {
                self.rows.$table.append(&mut rows.$table);
            };
        }
        callfold::for_each_table!(take);
    }

    /// Ends the input.
    pub fn finish(&mut self) {
        self.partition.finish();
        self.collect();
    }

    /// All rows as text, ids as they are.
    pub fn sheets(&self) -> Sheets {
        Sheets::of(&self.rows, self.partition.names(), Style::Exact)
    }

    /// Anomalies that occurred.
    pub fn anomalies(&self) -> HashMap<&'static str, u64> {
        self.partition.counters().anomalies.into_iter().filter(|(_, n)| *n > 0).collect()
    }
}

/// Folds a finite feed.
pub fn replay(settings: Settings, lines: &[u8]) -> Run {
    let mut run = Run::new(settings);
    run.feed(lines);
    run.finish();
    run
}

/// Folds a log with default settings and compares what it made.
#[track_caller]
pub fn check(log: &str, expect: &str) {
    check_with(Settings::default(), log, expect);
}

/// Folds a log and compares what it made.
#[track_caller]
pub fn check_with(settings: Settings, log: &str, expect: &str) {
    let run = replay(settings, log::feed(log).as_bytes());
    assert_eq!(run.partition.counters().rejected, 0, "the log does not decode: {:?}", run.partition.counters());
    let broken = invariant::broken(&run);
    assert!(broken.is_empty(), "invariants broken:\n{}", broken.join("\n"));
    compare(&run, expect);
}

/// Compares the tables an expectation names.
#[track_caller]
pub fn compare(run: &Run, expect: &str) {
    let sections = sections(expect);
    let sheets = Sheets::of(&run.rows, run.partition.names(), Style::Readable);
    let mut anomalies: Vec<Vec<String>> =
        run.anomalies().iter().map(|(word, n)| vec![(*word).to_owned(), n.to_string()]).collect();
    anomalies.sort();
    let mut report = String::new();
    let mut equal = true;
    let named = sections.iter().any(|s| s.head == "anomalies");
    if !named && !anomalies.is_empty() {
        equal = false;
        report += &format!("anomalies nobody expects: {anomalies:?}\n");
    }
    for section in &sections {
        let actual = match section.head.as_str() {
            "anomalies" => anomalies.clone(),
            "actions" => section.columns.iter().flat_map(|object| actions(run, object)).collect(),
            table => sheets.table(table).select(&section.columns),
        };
        equal &= actual == section.rows;
        report += &format!("{}: {}\n", section.head, section.columns.join(" "));
        report += &difference(&section.rows, &actual);
    }
    assert!(equal, "\n{report}");
}

struct Section {
    head: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

fn sections(expect: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in expect.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let mut words = line.split_whitespace().map(str::to_owned);
        let first = words.next().expect("the line is not empty");
        if let Some(head) = first.strip_suffix(':') {
            sections.push(Section { head: head.to_owned(), columns: words.collect(), rows: Vec::new() });
            continue;
        }
        let rows = &mut sections.last_mut().expect("rows follow a heading").rows;
        if first == "+" {
            rows.last_mut().expect("a row goes on").extend(words);
        } else {
            rows.push([first].into_iter().chain(words).collect());
        }
    }
    sections
}

/// Both sides, equal rows once, columns aligned: `-` expected and missing, `+` found and unexpected.
fn difference(expected: &[Vec<String>], actual: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in expected.iter().chain(actual) {
        for (i, cell) in row.iter().enumerate() {
            if widths.len() <= i {
                widths.push(0);
            }
            widths[i] = widths[i].max(cell.len());
        }
    }
    let line = |sign: &str, row: &[String]| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(c, w)| format!("{c:w$}")).collect();
        format!("{sign} {}\n", cells.join(" ").trim_end())
    };
    let mut text = String::new();
    let mut rest = actual;
    for row in expected {
        match rest.iter().position(|r| r == row) {
            Some(at) => {
                rest[..at].iter().for_each(|r| text += &line("+", r));
                rest = &rest[at + 1..];
                text += &line(" ", row);
            }
            None => text += &line("-", row),
        }
    }
    rest.iter().for_each(|r| text += &line("+", r));
    text
}

/// The base accumulators of `queue=8001`, `agent=101` or `dn=7001`: name and call type, count, going on, milliseconds.
fn actions(run: &Run, object: &str) -> Vec<Vec<String>> {
    let (kind, id) = object.split_once('=').expect("an object is kind=id");
    let names = run.partition.names();
    let board = &run.partition.engine().board;
    let read: Box<dyn Fn(CallType) -> Option<Cells>> = match kind {
        "queue" => {
            let queue = board.queues.iter().find(|q| names.dn_number(q.dn) == id);
            let queue = queue.unwrap_or_else(|| panic!("no queue {id}"));
            Box::new(move |call_type| board.base_of_queue(queue, call_type))
        }
        "agent" => {
            let mut agents = (0..names.agent_count()).map(|i| callfold::model::ids::AgentId(i as u32));
            let agent = agents.find(|a| names.agent_id(*a) == id).unwrap_or_else(|| panic!("no agent {id}"));
            Box::new(move |call_type| board.base_of_agent(agent, call_type))
        }
        "dn" => {
            let mut dns = (0..names.dn_count()).map(|i| callfold::model::ids::DnId(i as u32));
            let dn = dns.find(|d| names.dn_number(*d) == id).unwrap_or_else(|| panic!("no DN {id}"));
            Box::new(move |call_type| board.base_of_device(dn, call_type))
        }
        _ => panic!("objects are queue, agent and dn, not {kind}"),
    };
    let mut rows = Vec::new();
    for call_type in CallType::ALL {
        let Some(page) = read(call_type) else { continue };
        let mut row = |name: String, count: u32, ongoing: Option<u32>, micros: Option<i64>| {
            if count > 0 {
                let text = |n: Option<i64>| n.map_or("-".to_owned(), |n| n.to_string());
                let name = format!("{name}.{}", call_type.word());
                let ongoing = text(ongoing.map(i64::from));
                rows.push(vec![id.to_owned(), name, count.to_string(), ongoing, text(micros.map(|m| m / 1000))]);
            }
        };
        for what in DURABLES {
            let cell = page.durable(what);
            let total = cell.total_at(run.partition.now());
            // That a DN was seen all the time is not worth a line.
            if what == Durable::Monitored && (cell.started, cell.ended) == (1, 0) {
                continue;
            }
            row(format!("{what:?}"), cell.started, Some(cell.ongoing()), Some(total));
        }
        for what in MOMENTARIES {
            row(format!("{what:?}"), page.momentary(what), None, None);
        }
        for what in RETROSPECTIVES {
            let (count, micros) = page.retrospective(what);
            row(format!("{what:?}"), count, None, Some(micros));
        }
    }
    rows
}
