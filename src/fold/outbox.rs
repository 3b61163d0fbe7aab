//! What one input produced: actions, drained by the engine after each input; closed facts, which stay here until they leave;
//! and counts of anomalies.

use super::anomaly::Anomaly;
use crate::model::action::Action;
use crate::model::row::{
    AgentSessionDnRow, AgentSessionRow, AgentStateRow, CallLinkRow, CallRow, HandlingSegmentRow, InteractionRow,
    PartyRow, PartyStateRow, QueueSegmentRow, RouteDecisionRow, Rows, SourceSessionRow, UserDataChangeRow,
    UserDataFinalRow,
};

/// The outputs of the fold since they were last taken.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    /// Conclusions, in the order they were drawn.
    pub actions: Vec<Action>,
    /// Calls that ended.
    pub calls: Vec<CallRow>,
    /// Parties that ended.
    pub parties: Vec<PartyRow>,
    /// States of parties that ended, where they are wanted.
    pub party_states: Vec<PartyStateRow>,
    /// Queue stays that ended.
    pub stays: Vec<QueueSegmentRow>,
    /// Legs that ended with their wrap.
    pub legs: Vec<HandlingSegmentRow>,
    /// Agent sessions that ended.
    pub sessions: Vec<AgentSessionRow>,
    /// Logins on DNs, and to queues there, that ended.
    pub logins: Vec<AgentSessionDnRow>,
    /// Agent states that ended.
    pub states: Vec<AgentStateRow>,
    /// Links of contacts that ended.
    pub links: Vec<CallLinkRow>,
    /// Contacts that ended.
    pub interactions: Vec<InteractionRow>,
    /// Routing requests that were decided.
    pub routes: Vec<RouteDecisionRow>,
    /// Attached values that changed.
    pub data_changes: Vec<UserDataChangeRow>,
    /// What was attached to calls that ended.
    pub data_finals: Vec<UserDataFinalRow>,
    /// Sessions of sources that ended.
    pub sources: Vec<SourceSessionRow>,
    /// Anomalies since the beginning, by kind.
    pub anomalies: [u64; Anomaly::COUNT],
}

impl Outbox {
    /// Adds a conclusion.
    #[inline]
    pub fn push(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Closed facts that wait to leave.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.calls.len()
            + self.parties.len()
            + self.party_states.len()
            + self.stays.len()
            + self.legs.len()
            + self.sessions.len()
            + self.logins.len()
            + self.states.len()
            + self.links.len()
            + self.interactions.len()
            + self.routes.len()
            + self.data_changes.len()
            + self.data_finals.len()
            + self.sources.len()
    }

    /// Exchanges the closed facts with the lists of `rows`.
    pub fn swap_rows(&mut self, rows: &mut Rows) {
        std::mem::swap(&mut self.calls, &mut rows.call);
        std::mem::swap(&mut self.parties, &mut rows.party);
        std::mem::swap(&mut self.party_states, &mut rows.party_state);
        std::mem::swap(&mut self.stays, &mut rows.queue_segment);
        std::mem::swap(&mut self.legs, &mut rows.handling_segment);
        std::mem::swap(&mut self.sessions, &mut rows.agent_session);
        std::mem::swap(&mut self.logins, &mut rows.agent_session_dn);
        std::mem::swap(&mut self.states, &mut rows.agent_state);
        std::mem::swap(&mut self.links, &mut rows.call_link);
        std::mem::swap(&mut self.interactions, &mut rows.interaction);
        std::mem::swap(&mut self.routes, &mut rows.route_decision);
        std::mem::swap(&mut self.data_changes, &mut rows.user_data_change);
        std::mem::swap(&mut self.data_finals, &mut rows.user_data_final);
        std::mem::swap(&mut self.sources, &mut rows.source_session);
    }

    /// Counts a contradiction.
    #[cold]
    pub fn odd(&mut self, kind: Anomaly) {
        self.anomalies[kind as usize] += 1;
    }
}
