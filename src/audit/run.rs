//! The order of a check: dimensions first, then every tenant day by day, details before the intervals they make.
//!
//! In: the stores. Out: a [`Report`]. A day is judged when the next one has been read, since what began before midnight
//! may end after it. While a program writes a store, days that may still change are not judged, and no law about sessions that may be open.
//! Refuses to print.

use std::path::PathBuf;

use super::Map;
use super::agent::Agents;
use super::call::Calls;
use super::cells;
use super::contact::Contacts;
use super::database::Database;
use super::dimension::{Calendar, Dimensions};
use super::files::Files;
use super::finding::{Example, Findings};
use super::gap::{self, Gaps};
use super::law::Law;
use super::leg::{Legs, Others};
use super::login::Logins;
use super::party::PartyStates;
use super::queue::Queues;
use super::shelf::{CheckError, DAY_MS, Lot, Shelf, date_of};
use super::snapshot::Snapshots;
use super::source::Sources;
use super::stay::Stays;
use crate::handoff::stop::Stop;
use crate::sink::postgres::{Holdings, Target};
use crate::sink::{Block, Reader};

/// How much later than a day a store must have come for the day to be over: until then its last rows may still be revised.
const SETTLED_MS: i64 = 2 * 3_600_000;

/// Begin of the first day that may still change in a store that is written up to `until`, in milliseconds.
pub(super) fn settled(until: i64) -> i64 {
    until.saturating_sub(SETTLED_MS).div_euclid(DAY_MS).saturating_mul(DAY_MS)
}

/// Tables that laws are about, in the order in which the rows of a day are read.
pub const TABLES: [&str; 33] = [
    "dim_tenant",
    "dim_site",
    "dim_group",
    "group_member",
    "dim_resource",
    "dim_agent",
    "dim_definition",
    "dim_queue",
    "dim_reason",
    "dim_calendar",
    "source_session",
    "agent_session",
    "agent_session_dn",
    "agent_state",
    "call",
    "queue_segment",
    "party",
    "party_state",
    "handling_segment",
    "call_link",
    "interaction",
    "route_decision",
    "user_data_change",
    "user_data_final",
    "queue_interval",
    "queue_cohort_interval",
    "queue_wait_hist",
    "queue_handle_hist",
    "agent_interval",
    "agent_queue_interval",
    "agent_reason_interval",
    "queue_snapshot",
    "agent_snapshot",
];

/// How far before the first day that is judged rows are read, for what began before and goes on in it, in milliseconds.
const CONTEXT_MS: i64 = 2 * DAY_MS;

/// What is checked.
#[derive(Clone, Debug, Default)]
pub struct Stores {
    /// Data directory.
    pub files: Option<PathBuf>,
    /// Database; with files it is also compared with them.
    pub database: Option<Target>,
}

/// How far a check is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// Stored bytes looked through; of a database, bytes that came from it.
    pub bytes: u64,
    /// Stored bytes there are; of a database nobody knows.
    pub bytes_total: Option<u64>,
    /// Rows read.
    pub rows: u64,
    /// Rows read of the database, and those it has.
    pub database: Option<(u64, u64)>,
    /// Broken laws so far.
    pub broken: u64,
}

/// What a check found.
#[derive(Clone, Debug)]
pub struct Report {
    /// By law.
    pub findings: Findings,
    /// Where rows were read.
    pub places: Vec<String>,
    /// What was read.
    pub look: Look,
    /// Files there are.
    pub files: u64,
    /// Days that were judged, where not all were: store, tenant and date.
    pub days: Vec<String>,
    /// The first day that was not judged because a program writes the store.
    pub unjudged: Option<String>,
    /// Whether it was stopped before the end.
    pub stopped: bool,
}

impl Report {
    /// Nothing looked at yet; `first` examples of each law are kept.
    #[must_use]
    pub fn new(first: usize) -> Self {
        Self {
            findings: Findings::new(first),
            places: Vec::new(),
            look: Look::default(),
            files: 0,
            days: Vec::new(),
            unjudged: None,
            stopped: false,
        }
    }
}

/// Checks stores; keeps `first` examples of each law. `watch` is called for every table and day.
///
/// # Errors
/// When a directory, manifest or database cannot be read. A file that cannot is a finding.
pub fn check(stores: &Stores, first: usize, stop: &Stop, mut watch: impl FnMut(&Look)) -> Result<Report, CheckError> {
    let mut report = Report::new(first);
    let everything = |_: &str| Some(i64::MIN);
    // A database that cannot be read is told before files are read for an hour.
    let holdings = stores.database.as_ref().map(|target| Holdings::open(target, None)).transpose()?;
    if let Some(root) = &stores.files {
        Walk {
            shelf: &mut Files::open(root)?,
            report: &mut report,
            from: &everything,
            stop,
            calendar: Calendar::default(),
        }
        .all(&mut watch)?;
    }
    if let Some(holdings) = holdings.filter(|_| !report.stopped) {
        let beside = stores.files.as_ref().map(|root| Files::open(root)).transpose()?;
        Walk {
            shelf: &mut Database::new(holdings, beside),
            report: &mut report,
            from: &everything,
            stop,
            calendar: Calendar::default(),
        }
        .all(&mut watch)?;
    }
    Ok(report)
}

/// A store on its way through a check.
pub(super) struct Walk<'a, S> {
    pub(super) shelf: &'a mut S,
    pub(super) report: &'a mut Report,
    /// Begin of the first day of a tenant that is judged, in milliseconds; `None` where none is.
    pub(super) from: &'a dyn Fn(&str) -> Option<i64>,
    pub(super) stop: &'a Stop,
    /// Days of each time zone that the calendar has whole, once it has been read.
    pub(super) calendar: Calendar,
}

impl<S: Shelf> Walk<'_, S> {
    pub(super) fn all(&mut self, watch: &mut impl FnMut(&Look)) -> Result<(), CheckError> {
        let mut lots = self.shelf.lots();
        sort(&mut lots);
        self.report.places.push(self.shelf.place());
        self.report.files += self.shelf.progress().files;
        for of_tenant in lots.chunk_by(|a, b| a.tenant == b.tenant) {
            self.tenant(of_tenant, watch)?;
            if self.report.stopped {
                break;
            }
        }
        self.report.findings.restrict(false);
        Ok(())
    }

    fn tenant(&mut self, lots: &[Lot], watch: &mut impl FnMut(&Look)) -> Result<(), CheckError> {
        let Some(name) = lots.first().map(|lot| &lot.tenant) else { return Ok(()) };
        let Some(from) = (self.from)(name) else { return Ok(()) };
        let until = self.shelf.written_until(name);
        let settled = until.map_or(i64::MAX, settled);
        let from = from.max(gap::retained(lots)).max(self.shelf.retained());
        let first = from.saturating_sub(CONTEXT_MS);
        let is_cut = lots.iter().filter_map(|lot| lot.day).min().is_some_and(|day| day < from);
        let mut reader = Reader::default();
        let gaps = Gaps {
            lacks: gap::lacks(lots),
            is_cut,
            open: if until.is_some() { gap::open(self.shelf, lots, &mut reader)? } else { Map::default() },
        };
        let mut tenant = Tenant::new(reader, gaps, until);
        let is_read = |lot: &&Lot| lot.day.is_none_or(|day| day >= first) || lot.table == "source_session";
        let lots: Vec<Lot> = lots.iter().filter(is_read).cloned().collect();
        for of_day in lots.chunk_by(|a, b| a.day == b.day) {
            let day = of_day[0].day;
            let is_judged = day.is_none_or(|day| (!is_cut || day >= from) && day < settled);
            self.report.findings.restrict(!is_judged);
            for lot in of_day {
                if self.stop.is_set() {
                    self.report.stopped = true;
                    return Ok(());
                }
                self.lot(lot, &mut tenant)?;
                watch(&self.report.look);
            }
            self.calendar.add(tenant.dimensions.take_days());
            if let Some(day) = day.filter(|_| is_judged) {
                self.calendar.judge(day, &mut self.report.findings);
            }
            if let Some(day) = day.filter(|day| *day <= settled) {
                self.report.findings.restrict(is_cut && day <= from);
                tenant.end_of_day(day, &mut self.report.findings);
            }
        }
        let last = lots.iter().filter_map(|lot| lot.day).max();
        self.report.findings.restrict(is_cut && last.is_some_and(|last| last < from));
        if until.is_none() {
            tenant.finish(&mut self.report.findings);
        } else if let Some(day) = lots.iter().filter_map(|lot| lot.day).filter(|day| *day >= settled).min() {
            self.report.unjudged = Some(date_of(day));
        }
        Ok(())
    }

    fn lot(&mut self, lot: &Lot, tenant: &mut Tenant) -> Result<(), CheckError> {
        let report = &mut *self.report;
        let before = self.shelf.progress();
        let block = self.shelf.read(lot, &mut tenant.reader, &mut report.findings)?;
        let rows = block.as_ref().map_or(0, Block::rows) as u64;
        if let Some(block) = block {
            tenant.take(&block, lot, &mut report.findings);
        }
        let now = self.shelf.progress();
        report.look.bytes += now.bytes - before.bytes;
        report.look.bytes_total = now.bytes_total;
        report.look.rows += rows;
        report.look.database =
            now.rows_total.map(|total| (report.look.database.map_or(0, |(read, _)| read) + rows, total));
        report.look.broken = report.findings.broken();
        Ok(())
    }
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
    logins: Logins,
    party_states: PartyStates,
    snapshots: Snapshots,
    dimensions: Dimensions,
    /// Whether rows of earlier days were not read.
    is_cut: bool,
}

impl Tenant {
    /// Nothing read yet. `until` is the instant (milliseconds) that the rows have come to while a program writes them.
    pub(super) fn new(mut reader: Reader, gaps: Gaps, until: Option<i64>) -> Self {
        let stays = Stays::new(&mut reader);
        Self {
            reader,
            sources: Sources::new(until.is_some()),
            stays,
            queues: Queues::new(gaps.lacks.clone()),
            is_cut: gaps.is_cut,
            party_states: PartyStates::new(!gaps.lacks.contains(&"party_state")),
            snapshots: Snapshots::new(gaps.clone()),
            agents: Agents::new(gaps),
            legs: Legs::default(),
            calls: Calls { open_since: until.map(|until| settled(until).saturating_sub(DAY_MS)), ..Calls::default() },
            contacts: Contacts::default(),
            logins: Logins::default(),
            dimensions: Dimensions::default(),
        }
    }

    /// The day that begins at `start` has been read: those before it are over.
    pub(super) fn end_of_day(&mut self, start: i64, findings: &mut Findings) {
        self.judge(start, start - 2 * DAY_MS, findings);
    }

    pub(super) fn take(&mut self, block: &Block, lot: &Lot, findings: &mut Findings) {
        cells::check(block, lot, &mut self.reader, findings);
        let Self {
            reader,
            sources,
            stays,
            queues,
            agents,
            legs,
            calls,
            contacts,
            dimensions,
            logins,
            party_states,
            snapshots,
            ..
        } = self;
        match lot.day {
            Some(day) => dimensions.look_up(block, day, reader, findings),
            None => dimensions.take(block, reader, findings),
        }
        match block.table.name {
            "source_session" => sources.take(block, reader, findings),
            "agent_session" => agents.take_sessions(block, reader, findings),
            "agent_session_dn" => {
                snapshots.take_logins(block);
                logins.take(block, agents, reader, findings);
            }
            "agent_state" => {
                snapshots.take_states(block);
                agents.take_states(block, reader, findings);
            }
            "call" => calls.take(block, reader, findings),
            "queue_segment" => {
                snapshots.take_stays(block);
                stays.take(block, reader, calls, queues, findings);
            }
            "party" => {
                party_states.take_parties(block);
                legs.take_parties(block, reader, calls, stays, findings);
            }
            "party_state" => party_states.take(block, reader, findings),
            "queue_snapshot" => snapshots.take_queues(block, reader, findings),
            "agent_snapshot" => snapshots.take_agents(block),
            "handling_segment" => {
                party_states.take_legs(block);
                legs.take(block, reader, &mut Others { stays, queues, agents, calls }, findings);
            }
            "call_link" => contacts.take_links(block, reader),
            "interaction" => contacts.take(block, calls, reader, findings),
            "route_decision" => contacts.take_routes(block, stays, reader, findings),
            "user_data_change" => contacts.take_changes(block, calls, reader, findings),
            "user_data_final" => contacts.take_final(block, calls, reader, findings),
            "queue_interval" => queues.take_period(block, sources, reader, findings),
            "queue_cohort_interval" => queues.take_cohort(block, reader, findings),
            "queue_wait_hist" | "queue_handle_hist" => queues.take_histogram(block, reader),
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
        self.dimensions.judge(before, findings);
        self.logins.judge(before, &self.agents, &self.reader, findings);
        self.party_states.judge(before, &self.reader, findings);
        self.snapshots.judge(before, forget, &self.sources, &self.reader, findings);
        self.queues.judge(before, &self.reader, findings);
        self.legs.judge(before, &self.agents, &self.reader, findings);
        self.agents.judge(before, forget, &self.reader, findings);
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
        self.queues.finish(&self.sources, !self.is_cut, &self.reader, findings);
        if self.is_cut {
            return;
        }
        let conferences = self.calls.conferences;
        findings.that(Law::AgentFromLegs, self.agents.conferences <= conferences, || Example {
            place: "agent_interval".into(),
            key: String::new(),
            what: format!("agents completed {} conferences, calls had {conferences}", self.agents.conferences),
        });
        self.agents.finish(&self.reader, findings);
    }
}

/// Sorts lots as they are read: by tenant and day, and of a day details before the intervals they make.
pub(super) fn sort(lots: &mut [Lot]) {
    let place = |lot: &Lot| TABLES.iter().position(|name| *name == lot.table).unwrap_or(TABLES.len());
    lots.sort_by(|a, b| (&a.tenant, a.day, place(a), &a.table).cmp(&(&b.tenant, b.day, place(b), &b.table)));
}
