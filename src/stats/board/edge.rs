//! Edges of intervals: what agents, agents at queues and agents under reasons gained, read one by one after the edge.
//!
//! Reading ten thousand of them at the edge would keep every event waiting that comes next. But whoever is not touched stands as he
//! stood at the edge. So an edge only turns a number over; each object is read when it is next touched, before
//! anything is booked, or when its turn comes, a few with every input. What is booked late moves an object's base after it was
//! read, so the running interval is right all the time.

use super::Board;
use crate::model::ids::AgentId;
use crate::model::time::Micros;
use crate::stats::agent::{AgentPast, AgentStats};
use crate::stats::pair::{FIRST_EPOCH, UNLISTED};
use crate::stats::reading::{Packed, Readings};

/// Agents of the running interval, and of the one before as far as they were not read.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    /// Number of the running interval.
    pub epoch: u32,
    /// Where it began.
    at: Micros,
    active: Vec<AgentId>,
    unread: Vec<AgentId>,
    read: Packed,
    /// The interval before is being read.
    reads: bool,
}

impl Default for Edge {
    fn default() -> Self {
        let (active, unread, read) = (Vec::new(), Vec::new(), Packed::default());
        Self { epoch: FIRST_EPOCH, at: Micros::MIN, active, unread, read, reads: false }
    }
}

impl Edge {
    /// Lists an agent before his first action in the running interval.
    pub fn touch(&mut self, agent: AgentId, stats: &AgentStats, past: &mut AgentPast) {
        self.read(agent, stats, past);
        past.listed = self.epoch;
        self.active.push(agent);
    }

    /// Reads what an agent gained in the interval before, unless that was done.
    fn read(&mut self, agent: AgentId, stats: &AgentStats, past: &mut AgentPast) {
        if past.listed + 1 != self.epoch {
            return;
        }
        past.listed = UNLISTED;
        let gained = past.roll(stats, self.at);
        if !gained.is_zero() {
            self.read.push_agent(agent, &gained);
        }
    }
}

impl Board {
    /// Ends the running interval of agents, agents at queues and agents under reasons at `edge`; what the one before gained must
    /// have been taken.
    pub fn end_interval(&mut self, edge: Micros) {
        debug_assert!(!self.edge.reads, "the interval before is read before this one ends");
        self.stamp = self.stamp.wrapping_add(1);
        self.edge.epoch += 1;
        self.edge.at = edge;
        self.edge.reads = true;
        std::mem::swap(&mut self.edge.active, &mut self.edge.unread);
        self.pairs.end_interval(edge);
        self.reasons.end_interval(edge);
    }

    /// Whether objects wait to be read.
    #[inline]
    #[must_use]
    pub const fn is_reading(&self) -> bool {
        self.edge.reads
    }

    /// Goes on reading what objects gained in the interval that ended, at most `most` of them; gives it once it is complete.
    pub fn read_some(&mut self, mut most: usize) -> Option<Readings> {
        let edge = &mut self.edge;
        while most > 0
            && let Some(agent) = edge.unread.pop()
        {
            most -= 1;
            let (stats, past) = (&self.agents[agent.index()], &mut self.past[agent.index()]);
            if past.listed + 1 != edge.epoch {
                continue;
            }
            edge.read(agent, stats, past);
            // What goes on gains in the next interval without being touched.
            if stats.ledger.is_running() {
                past.listed = edge.epoch;
                edge.active.push(agent);
            }
        }
        let is_complete =
            edge.unread.is_empty() && self.pairs.read_some(&mut most) && self.reasons.read_some(&mut most);
        if !is_complete {
            return None;
        }
        self.edge.reads = false;
        Some(Readings {
            agents: self.edge.read.take(),
            pairs: self.pairs.take_read(),
            reasons: self.reasons.take_read(),
        })
    }
}
