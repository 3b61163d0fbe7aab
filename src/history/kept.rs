//! An interval that has ended: what every object gained in it, as read, and what is heard of late.
//!
//! Readings are packed and stay as they are; corrections stand beside them until rows are written, and are few. Refuses to know
//! when an interval is handed out, and how its rows are written.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::level::Marks;
use crate::model::ids::AgentId;
use crate::model::time::Micros;
use crate::stats::agent::AgentColumn;
use crate::stats::late::{Gain, Object};
use crate::stats::pair::{PairGain, PairKey, ReasonGain, ReasonKey};
use crate::stats::queue::{QUEUE_COUNTS, QUEUE_TIMES};
use crate::stats::reading::{AgentGained, Readings};

/// What one queue gained.
#[derive(Clone, Debug, Default)]
pub(super) struct QueueKept {
    pub gain: Gain<QUEUE_COUNTS, QUEUE_TIMES>,
    pub wait_max_ms: [Option<i64>; 2],
    pub marks: Marks,
}

/// What objects gained beside what was read of them, or lost.
#[derive(Clone, Debug, Default)]
pub(super) struct Corrections {
    pub agents: BTreeMap<AgentId, AgentGained>,
    pub pairs: BTreeMap<PairKey, PairGain>,
    pub reasons: BTreeMap<ReasonKey, ReasonGain>,
}

/// An interval that has ended and can still be corrected.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    pub start: Micros,
    /// End, or the last event of a finite input.
    pub until: Micros,
    pub queues: Vec<QueueKept>,
    /// What the other objects gained; nothing as long as the board reads them.
    pub readings: Arc<Readings>,
    pub corrections: Corrections,
    pub revision: i32,
}

impl Kept {
    /// What the queue at this place on the board gained, to be corrected.
    pub fn queue(&mut self, slot: usize) -> &mut QueueKept {
        if self.queues.len() <= slot {
            self.queues.resize_with(slot + 1, QueueKept::default);
        }
        &mut self.queues[slot]
    }

    /// A session began or ended in the interval, which is heard of late.
    pub fn note_session(&mut self, object: Object, column: u8, at: Micros) {
        let Object::Agent(agent) = object else { return };
        let agent = self.corrections.agents.entry(agent).or_default();
        if column == AgentColumn::Logins as u8 {
            agent.first_login_at = Some(agent.first_login_at.map_or(at, |known| known.min(at)));
        } else if column == AgentColumn::Logouts as u8 {
            agent.last_logout_at = agent.last_logout_at.max(Some(at));
        }
    }

    /// A count, to be corrected.
    pub fn count(&mut self, object: Object, slot: usize, column: u8) -> &mut i64 {
        let column = usize::from(column);
        match object {
            Object::Queue(_) => &mut self.queue(slot).gain.counts[column],
            Object::Agent(agent) => &mut self.corrections.agents.entry(agent).or_default().gain.counts[column],
            Object::Pair(agent, queue) => &mut self.corrections.pairs.entry((agent, queue)).or_default().counts[column],
            Object::Reason(agent, status, reason) => {
                &mut self.corrections.reasons.entry((agent, status, reason)).or_default().counts[column]
            }
        }
    }

    /// A running time, to be corrected.
    pub fn time(&mut self, object: Object, slot: usize, column: u8) -> &mut i64 {
        let column = usize::from(column);
        match object {
            Object::Queue(_) => &mut self.queue(slot).gain.times[column],
            Object::Agent(agent) => &mut self.corrections.agents.entry(agent).or_default().gain.times[column],
            Object::Pair(agent, queue) => &mut self.corrections.pairs.entry((agent, queue)).or_default().times[column],
            Object::Reason(agent, status, reason) => {
                &mut self.corrections.reasons.entry((agent, status, reason)).or_default().times[column]
            }
        }
    }

    /// Queues, agents, agents at queues and agents under reasons it holds.
    pub fn entries(&self) -> usize {
        let Corrections { agents, pairs, reasons } = &self.corrections;
        self.queues.len() + self.readings.len() + agents.len() + pairs.len() + reasons.len()
    }
}
