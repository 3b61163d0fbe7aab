//! The order of a check: files first, then every tenant day by day, details before the intervals they make.
//!
//! In: a data directory. Out: a [`Report`]. A day is judged when the next one has been read, since what began before midnight
//! may end after it. While a program writes the store, its last day is not judged, and no law about sessions that may be open.
//! Refuses to print.

use std::path::Path;

use super::agent::Agents;
use super::call::Calls;
use super::cells;
use super::contact::Contacts;
use super::finding::{Example, Findings};
use super::law::Law;
use super::leg::{Legs, Others};
use super::queue::Queues;
use super::source::Sources;
use super::stay::Stays;
use crate::handoff::stop::Stop;
use crate::sink::{self, Block, Partition, Reader, StoreError};

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// Tables in the order in which the parts of a day are read.
pub(super) const ORDER: [&str; 18] = [
    "source_session",
    "agent_session",
    "agent_state",
    "call",
    "queue_segment",
    "party",
    "handling_segment",
    "call_link",
    "interaction",
    "route_decision",
    "user_data_change",
    "user_data_final",
    "queue_interval",
    "queue_cohort_interval",
    "queue_wait_hist",
    "agent_interval",
    "agent_queue_interval",
    "agent_reason_interval",
];

/// Laws about what has no row before it is over: logins, and times of listening, go on while a program runs.
const ABOUT_OPEN: [Law; 5] = [Law::Coverage, Law::SessionStates, Law::AgentFromStates, Law::LegParts, Law::LegWraps];

/// How far a check is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// Stored bytes looked through.
    pub bytes: u64,
    /// Stored bytes there are.
    pub bytes_total: u64,
    /// Rows read.
    pub rows: u64,
    /// Broken laws so far.
    pub broken: u64,
}

/// What a check found.
#[derive(Clone, Debug)]
pub struct Report {
    /// By law.
    pub findings: Findings,
    /// What was read.
    pub look: Look,
    /// Files read.
    pub files: u64,
    /// The day that was not judged because a program writes the store.
    pub unjudged: Option<String>,
    /// Whether it was stopped before the end.
    pub stopped: bool,
}

/// Checks the store in `root`; keeps `first` examples of each law. `watch` is called for every partition.
///
/// # Errors
/// When a directory or manifest cannot be read. A file that cannot is a finding.
pub fn check(root: &Path, first: usize, stop: &Stop, mut watch: impl FnMut(&Look)) -> Result<Report, StoreError> {
    let is_written = sink::is_written(root)?;
    let partitions = sink::survey(root)?;
    let mut report = Report {
        findings: Findings::new(first),
        look: Look { bytes_total: partitions.iter().map(Partition::bytes).sum(), ..Look::default() },
        files: partitions.iter().map(|p| p.files.len() as u64).sum(),
        unjudged: None,
        stopped: false,
    };
    if is_written {
        report.findings.silence(&ABOUT_OPEN);
    }
    for of_tenant in partitions.chunk_by(|a, b| a.tenant == b.tenant) {
        let mut tenant = Tenant::new(Reader::default());
        for of_day in of_tenant.chunk_by(|a, b| a.date == b.date) {
            tenant.day(of_day, &mut report, stop, &mut watch)?;
            if stop.is_set() {
                report.stopped = true;
                return Ok(report);
            }
        }
        if is_written {
            report.unjudged = of_tenant.last().map(|last| last.date.clone());
        } else {
            tenant.finish(&mut report.findings);
        }
    }
    Ok(report)
}

/// Everything that is remembered of one tenant.
pub(super) struct Tenant {
    reader: Reader,
    sources: Sources,
    stays: Stays,
    queues: Queues,
    agents: Agents,
    legs: Legs,
    calls: Calls,
    contacts: Contacts,
}

impl Tenant {
    pub(super) fn new(mut reader: Reader) -> Self {
        let stays = Stays::new(&mut reader);
        Self {
            reader,
            sources: Sources::default(),
            stays,
            queues: Queues::new(),
            agents: Agents::new(),
            legs: Legs::default(),
            calls: Calls::default(),
            contacts: Contacts::default(),
        }
    }

    fn day(
        &mut self,
        partitions: &[Partition],
        report: &mut Report,
        stop: &Stop,
        watch: &mut impl FnMut(&Look),
    ) -> Result<(), StoreError> {
        for partition in sorted(partitions) {
            if stop.is_set() {
                return Ok(());
            }
            self.partition(partition, report)?;
            report.look.bytes += partition.bytes();
            report.look.broken = report.findings.broken();
            watch(&report.look);
        }
        if let Some(start) = partitions.first().and_then(|p| start_of(&p.date)) {
            self.end_of_day(start, &mut report.findings);
        }
        Ok(())
    }

    /// The day that begins at `start` has been read: those before it are over.
    pub(super) fn end_of_day(&mut self, start: i64, findings: &mut Findings) {
        self.judge(start, start - 2 * DAY_MS, findings);
    }

    fn partition(&mut self, partition: &Partition, report: &mut Report) -> Result<(), StoreError> {
        let findings = &mut report.findings;
        let finding = |name: &str, what: String| Example {
            place: partition.dir.join(name).display().to_string(),
            key: String::new(),
            what,
        };
        let damages = partition.examine()?;
        for name in &partition.files {
            let of_file = || damages.iter().filter(|(damaged, _)| damaged == name);
            let unlisted = of_file().any(|(_, damage)| *damage == sink::Damage::Unlisted);
            findings.that(Law::FilesListed, !unlisted, || finding(name, "no manifest names it".into()));
            let first = of_file().find(|(_, damage)| *damage != sink::Damage::Unlisted);
            findings.that(Law::FilesWhole, first.is_none(), || {
                finding(name, first.map(|(_, damage)| damage.to_string()).unwrap_or_default())
            });
        }
        for (name, _) in damages.iter().filter(|(_, damage)| *damage == sink::Damage::Missing) {
            findings
                .that(Law::FilesListed, false, || finding(name, "the manifest names it, and it is not there".into()));
        }
        let Some(table) = sink::tables().into_iter().find(|table| table.name == partition.table) else {
            findings.that(Law::FilesListed, false, || finding("", "no table of this program has this name".into()));
            return Ok(());
        };
        let mut block = self.reader.block(table);
        for name in &partition.files {
            let read = self.reader.append(&mut block, &partition.dir.join(name));
            findings.that(Law::FilesWhole, read.is_ok(), || {
                finding(name, read.as_ref().err().map(ToString::to_string).unwrap_or_default())
            });
        }
        report.look.rows += block.rows() as u64;
        self.take(&block, partition, findings);
        Ok(())
    }

    pub(super) fn take(&mut self, block: &Block, partition: &Partition, findings: &mut Findings) {
        cells::check(block, &partition.dir, &partition.tenant, &mut self.reader, findings);
        let Self { reader, sources, stays, queues, agents, legs, calls, contacts, .. } = self;
        match block.table.name {
            "source_session" => sources.take(block, reader, findings),
            "agent_session" => agents.take_sessions(block, reader, findings),
            "agent_state" => agents.take_states(block, reader, findings),
            "call" => calls.take(block, reader, findings),
            "queue_segment" => stays.take(block, reader, calls, queues, findings),
            "party" => legs.take_parties(block, reader, calls, stays, findings),
            "handling_segment" => {
                legs.take(block, reader, &mut Others { stays, queues, agents, calls }, findings);
            }
            "call_link" => contacts.take_links(block, reader),
            "interaction" => contacts.take(block, calls, reader, findings),
            "route_decision" => contacts.take_routes(block, stays, reader, findings),
            "user_data_change" => contacts.take_changes(block, calls, reader, findings),
            "user_data_final" => contacts.take_final(block, calls, reader, findings),
            "queue_interval" => queues.take_period(block, sources, reader, findings),
            "queue_cohort_interval" => queues.take_cohort(block, reader, findings),
            "queue_wait_hist" => queues.take_histogram(block, reader),
            "agent_interval" => agents.take_intervals(block, reader, findings),
            "agent_queue_interval" => agents.take_pairs(block, queues),
            "agent_reason_interval" => agents.take_reasons(block),
            _ => {}
        }
        if block.has("coverage_ms") {
            sources.coverage(block, reader, findings);
        }
    }

    /// Judges what is over before `before` and forgets what was over before `forget`, both in milliseconds.
    fn judge(&mut self, before: i64, forget: i64, findings: &mut Findings) {
        let since = i64::MIN;
        self.queues.judge(since, before, &self.reader, findings);
        self.legs.judge(before, &self.agents, &self.reader, findings);
        self.agents.judge(since, before, forget, &self.reader, findings);
        self.stays.judge(before, forget, &self.reader, findings);

        self.calls.judge(before, &self.reader, findings);
        // A contact is over when its last call is, and links to it may have come a day later.
        let contacts_before = if before == i64::MAX { before } else { before - DAY_MS };
        self.contacts.judge(contacts_before, &mut self.calls, &mut self.reader, findings);
        self.calls.forget(forget);
        self.contacts.forget(forget, &self.calls);
    }

    /// Judges everything.
    pub(super) fn finish(&mut self, findings: &mut Findings) {
        self.judge(i64::MAX, i64::MIN, findings);
        let conferences = self.calls.conferences;
        findings.that(Law::AgentFromLegs, self.agents.conferences <= conferences, || Example {
            place: "agent_interval".into(),
            key: String::new(),
            what: format!("agents completed {} conferences, calls had {conferences}", self.agents.conferences),
        });
        self.queues.finish(&self.sources, true, &self.reader, findings);
        self.agents.finish(&self.reader, findings);
    }
}

/// The partitions of a day in the order in which they are read.
pub(super) fn sorted(partitions: &[Partition]) -> Vec<&Partition> {
    let mut sorted: Vec<&Partition> = partitions.iter().collect();
    sorted.sort_by_key(|p| ORDER.iter().position(|name| *name == p.table).unwrap_or(ORDER.len()));
    sorted
}

/// Milliseconds since 1970 of the begin of a date written as `YYYY-MM-DD`.
pub(super) fn start_of(date: &str) -> Option<i64> {
    let day: jiff::civil::Date = date.parse().ok()?;
    let zoned = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_millisecond())
}
