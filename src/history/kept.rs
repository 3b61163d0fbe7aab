//! Readings of an interval that has ended: what every object gained in it, and how corrections find their place.
//!
//! In: the gains read at the interval's end, and what is heard of late. Out: the same, corrected; what was not there is made.
//! Refuses to know when an interval is handed out, and how its rows are written.

use super::level::Mark;
use crate::model::ids::AgentId;
use crate::model::time::Micros;
use crate::stats::agent::{AgentColumn, AgentGain};
use crate::stats::late::{Gain, Object};
use crate::stats::pair::{PairGain, PairKey, ReasonGain, ReasonKey};
use crate::stats::queue::{QUEUE_COUNTS, QUEUE_TIMES};

/// What one queue gained.
#[derive(Clone, Debug, Default)]
pub(super) struct QueueKept {
    pub gain: Gain<QUEUE_COUNTS, QUEUE_TIMES>,
    pub wait_max_ms: [Option<i64>; 2],
    pub marks: Vec<Mark>,
}

/// What one agent gained.
#[derive(Clone, Debug, Default)]
pub(super) struct AgentKept {
    pub agent: AgentId,
    pub gain: AgentGain,
    pub first_login_at: Option<Micros>,
    pub last_logout_at: Option<Micros>,
}

impl AgentKept {
    /// Whether nothing was gained.
    pub fn is_zero(&self) -> bool {
        self.gain.is_zero() && self.first_login_at.is_none() && self.last_logout_at.is_none()
    }
}

/// An interval that has ended and can still be corrected.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    pub start: Micros,
    /// End, or the last event of a finite input.
    pub until: Micros,
    pub queues: Vec<QueueKept>,
    pub agents: Vec<AgentKept>,
    pub pairs: Vec<(PairKey, PairGain)>,
    pub reasons: Vec<(ReasonKey, ReasonGain)>,
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
        let agent = self.agent(agent);
        if column == AgentColumn::Logins as u8 {
            agent.first_login_at = Some(agent.first_login_at.map_or(at, |known| known.min(at)));
        } else if column == AgentColumn::Logouts as u8 {
            agent.last_logout_at = agent.last_logout_at.max(Some(at));
        }
    }

    fn agent(&mut self, agent: AgentId) -> &mut AgentKept {
        let i = match self.agents.binary_search_by_key(&agent, |a| a.agent) {
            Ok(i) => i,
            Err(i) => {
                self.agents.insert(i, AgentKept { agent, ..AgentKept::default() });
                i
            }
        };
        &mut self.agents[i]
    }

    /// A count, to be corrected.
    pub fn count(&mut self, object: Object, slot: usize, column: u8) -> &mut i64 {
        let column = usize::from(column);
        match object {
            Object::Queue(_) => &mut self.queue(slot).gain.counts[column],
            Object::Agent(agent) => &mut self.agent(agent).gain.counts[column],
            Object::Pair(agent, queue) => &mut gain_of(&mut self.pairs, (agent, queue)).counts[column],
            Object::Reason(agent, status, reason) => {
                &mut gain_of(&mut self.reasons, (agent, status, reason)).counts[column]
            }
        }
    }

    /// A running time, to be corrected.
    pub fn time(&mut self, object: Object, slot: usize, column: u8) -> &mut i64 {
        let column = usize::from(column);
        match object {
            Object::Queue(_) => &mut self.queue(slot).gain.times[column],
            Object::Agent(agent) => &mut self.agent(agent).gain.times[column],
            Object::Pair(agent, queue) => &mut gain_of(&mut self.pairs, (agent, queue)).times[column],
            Object::Reason(agent, status, reason) => {
                &mut gain_of(&mut self.reasons, (agent, status, reason)).times[column]
            }
        }
    }
}

/// The gain of a key in a sorted list, made when missing.
fn gain_of<K: Copy + Ord, const C: usize, const T: usize>(list: &mut Vec<(K, Gain<C, T>)>, key: K) -> &mut Gain<C, T> {
    let i = match list.binary_search_by_key(&key, |(k, _)| *k) {
        Ok(i) => i,
        Err(i) => {
            list.insert(i, (key, Gain::default()));
            i
        }
    };
    &mut list[i].1
}
