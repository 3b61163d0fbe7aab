//! What the engine hands to the edges: batches of rows with the names they use, and refused lines.

use std::collections::HashMap;

use compact_str::CompactString;

use crate::history::closing::Closings;
use crate::model::ids::SwitchId;
use crate::model::names::Names;
use crate::model::row::Rows;
use crate::model::time::Micros;

/// The partition of rows that describe things: no engine's, with names of its own.
pub const DESCRIBING: u32 = u32::MAX;

/// Rows that left the engine, with the names minted since the previous batch.
///
/// Rows refer to names by dense ids; a reader that applies every `names` in order can resolve each id of `rows`.
/// Interval rows of one `interval_start` come complete each time, and replace those that came before. Rows of dimensions
/// come in batches of the partition [`DESCRIBING`], and as their [`Kind`](crate::model::table::Kind) says.
#[derive(Debug, Default)]
pub struct RowBatch {
    /// Which partition's ids these are.
    pub partition: u32,
    /// Names minted since the previous batch, in the order of their ids.
    pub names: NewNames,
    /// The rows.
    pub rows: Rows,
    /// More of them, ready to be written.
    pub closings: Closings,
    /// Rows written from these that break an invariant: always zero.
    pub violations: u64,
    /// Event time up to which everything has been seen.
    pub watermark: Micros,
    /// More of the same follows at once: nothing has to be visible yet.
    pub goes_on: bool,
}

impl RowBatch {
    /// Drops rows of intervals that were ready again before they left: of a fast feed, provisional and final rows meet in one
    /// batch, and an interval's file holds one revision.
    pub fn keep_last_revisions(&mut self) {
        let queues = &mut self.rows.queue_interval;
        let mut last: HashMap<Micros, i32> = HashMap::new();
        for row in queues.iter() {
            let known = last.entry(row.interval_start).or_default();
            *known = row.revision.max(*known);
        }
        queues.retain(|row| last[&row.interval_start] == row.revision);
        self.closings.keep_last_revisions();
    }

    /// Writes the rows that are only ready to be written: the work that the engine leaves to whoever takes the batch.
    pub fn write_out(&mut self) {
        self.violations += self.closings.write(&mut self.rows);
    }
}

/// Names minted since the previous batch, in the order of their ids.
#[derive(Debug, Default)]
pub struct NewNames {
    /// Tenant and name of switches.
    pub switches: Vec<(CompactString, CompactString)>,
    /// Switch and number of DNs.
    pub dns: Vec<(SwitchId, CompactString)>,
    /// First switch and AgentID of agents.
    pub agents: Vec<(SwitchId, CompactString)>,
    /// Key and code of reasons.
    pub reasons: Vec<(CompactString, CompactString)>,
}

impl NewNames {
    /// The names of `names` beyond the ids that `sent` has counted, which is moved on.
    #[must_use]
    pub fn since(names: &Names, sent: &mut NamesSent) -> Self {
        let mut new = Self::default();
        for i in sent.switches..names.switch_count() {
            let id = SwitchId(i as u32);
            new.switches.push((names.tenant(id).into(), names.switch_name(id).into()));
        }
        for i in sent.dns..names.dn_count() {
            let id = crate::model::ids::DnId(i as u32);
            new.dns.push((names.dn_switch(id), names.dn_number(id).into()));
        }
        for i in sent.agents..names.agent_count() {
            let id = crate::model::ids::AgentId(i as u32);
            new.agents.push((names.agent_switch(id), names.agent_id(id).into()));
        }
        for i in sent.reasons..names.reason_count() {
            let (key, code) = names.reason_text(crate::model::ids::ReasonId(i as u32));
            new.reasons.push((key.into(), code.into()));
        }
        *sent = NamesSent {
            switches: names.switch_count(),
            dns: names.dn_count(),
            agents: names.agent_count(),
            reasons: names.reason_count(),
        };
        new
    }
}

/// How many names of each kind have been handed over.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "counts of what the names say")]
pub struct NamesSent {
    pub switches: usize,
    pub dns: usize,
    pub agents: usize,
    pub reasons: usize,
}

/// A line that was refused: where, why, and the beginning of what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Line number in its source, from 1.
    pub line: u64,
    /// Byte offset of the line in its source.
    pub offset: u64,
    /// Stable code of the reason, as `invalid_json`.
    pub reason: &'static str,
    /// What exactly is wrong.
    pub detail: String,
    /// The first bytes of the line.
    pub sample: Vec<u8>,
}
