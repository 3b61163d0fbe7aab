//! What one input produced: actions, closed facts and counts of anomalies. Drained by the engine, its memory reused.

use super::anomaly::Anomaly;
use crate::model::action::Action;
use crate::model::row::{AgentSessionRow, AgentStateRow, CallRow, HandlingSegmentRow, PartyRow, QueueSegmentRow};

/// The outputs of the fold since they were last drained.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Conclusions, in the order they were drawn.
    pub actions: Vec<Action>,
    /// Calls that ended.
    pub calls: Vec<CallRow>,
    /// Parties that ended.
    pub parties: Vec<PartyRow>,
    /// Queue stays that ended.
    pub stays: Vec<QueueSegmentRow>,
    /// Legs that ended with their wrap.
    pub legs: Vec<HandlingSegmentRow>,
    /// Agent sessions that ended.
    pub sessions: Vec<AgentSessionRow>,
    /// Agent states that ended.
    pub states: Vec<AgentStateRow>,
    /// Anomalies since the beginning, by kind.
    pub anomalies: [u64; Anomaly::COUNT],
}

impl Outbox {
    /// Adds a conclusion.
    #[inline]
    pub fn push(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Counts a contradiction.
    #[cold]
    pub fn odd(&mut self, kind: Anomaly) {
        self.anomalies[kind as usize] += 1;
    }
}
