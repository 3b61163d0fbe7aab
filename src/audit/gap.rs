//! What cannot be there, and why: rows that retention has taken, days that were not read, and what goes on and has no row yet.
//!
//! In: which rows a store has, and the last rows of agents. Out: what laws excuse. Everything that could be there and is not is a finding.

use super::Map;
use super::finding::Findings;
use super::ms;
use super::run::TABLES;
use super::shelf::{CheckError, DAY_MS, Lot, Shelf};
use crate::sink::Reader;

/// Tables that are kept equally long: states, details, what agents did, intervals of queues. Retention takes a day of all of them at once.
const CLASSES: [&[&str]; 4] = [
    &["party_state", "agent_state", "queue_snapshot", "agent_snapshot"],
    &["call", "party", "queue_segment", "handling_segment"],
    &["agent_session", "agent_interval"],
    &["queue_interval", "queue_cohort_interval"],
];

/// What cannot be there.
#[derive(Clone, Debug, Default)]
pub(super) struct Gaps {
    /// Whether rows of earlier days were not read.
    pub(super) is_cut: bool,
    /// Agents who are logged in while a program writes: their session and last state have no row.
    pub(super) open: Map<u32, ()>,
    /// Tables that the tenant has no row of: an earlier version of the program did not write them.
    pub(super) lacks: Vec<&'static str>,
}

/// Tables that laws are about, without one row.
pub(super) fn lacks(lots: &[Lot]) -> Vec<&'static str> {
    TABLES.into_iter().filter(|table| !lots.iter().any(|lot| lot.table == *table)).collect()
}

impl Gaps {
    /// Whether an agent's session may have no row.
    pub(super) fn may_lack_session(&self, agent: u32) -> bool {
        self.is_cut || self.open.contains_key(&agent)
    }

    /// Whether the session of an agent's state with this number may have no row: one that began earlier was not read.
    pub(super) fn may_lack_state(&self, agent: u32, seq: i32) -> bool {
        (self.is_cut && seq > 1) || self.open.contains_key(&agent)
    }
}

/// Begin of the first day of which everything is there where retention has taken older days of some tables and left those of others, in
/// milliseconds; the least number where it has not.
pub(super) fn retained(lots: &[Lot]) -> i64 {
    let first =
        |tables: &&[&str]| lots.iter().filter(|lot| tables.contains(&lot.table.as_str())).filter_map(|l| l.day).min();
    let firsts: Vec<i64> = CLASSES.iter().filter_map(first).collect();
    match (firsts.iter().max(), firsts.iter().min()) {
        // What began before midnight lacks its begin for a day.
        (Some(last), Some(first)) if last > first => last + DAY_MS,
        _ => i64::MIN,
    }
}

/// Agents who are logged in at the end of what a program has written.
pub(super) fn open(shelf: &mut impl Shelf, lots: &[Lot], reader: &mut Reader) -> Result<Map<u32, ()>, CheckError> {
    let mut agents = Map::default();
    let Some(lot) = lots.iter().filter(|lot| lot.table == "agent_interval").max_by_key(|lot| lot.day) else {
        return Ok(agents);
    };
    // What is wrong with the files is told when they are read in their turn.
    let Some(block) = shelf.read(lot, reader, &mut Findings::new(0))? else { return Ok(agents) };
    let (ids, starts, times) = (block.names("agent_id"), block.longs("interval_start"), block.longs("logged_in_ms"));
    let last = starts.iter().map(|at| ms(*at)).max();
    for row in (0..block.rows()).filter(|row| Some(ms(starts[*row])) == last && times[*row] > 0) {
        agents.insert(ids[row], ());
    }
    Ok(agents)
}
