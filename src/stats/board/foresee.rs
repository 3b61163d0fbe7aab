//! What actions that come next are going to change, asked for in rounds as in the fold.

use super::Board;
use crate::model::fetch::{fetch, fetch_at, fetch_front};
use crate::model::ids::{AgentId, DnId};
use crate::model::tevent::CallType;

/// The part of a queue that actions touch.
const QUEUE_BYTES: usize = 512;

impl Board {
    /// First round: places of a DN.
    #[inline]
    pub fn foresee_device(&self, dn: DnId, queue: DnId) {
        fetch_at(&self.queue_of, dn.index());
        fetch_at(&self.queue_of, queue.index());
        self.seats.foresee(dn);
    }

    /// Second round: what is booked on a DN, as a device and as a queue.
    #[inline]
    pub fn foresee_counts(&self, dn: DnId, queue: DnId, call_type: CallType) {
        self.seats.foresee_pages(dn, call_type, &self.accumulators);
        for queue in [self.queue(dn), self.queue(queue)].into_iter().flatten() {
            fetch_front(queue, QUEUE_BYTES);
        }
    }

    /// The same of an agent.
    #[inline]
    pub fn foresee_agent(&self, agent: AgentId) {
        fetch_at(&self.agents, agent.index());
        fetch_at(&self.memberships, agent.index());
    }

    /// Third round: what is booked on a queue, for the agent, too.
    #[inline]
    pub fn foresee_parts(&self, agent: AgentId, queue: DnId, call_type: CallType) {
        if let Some(concerned) = self.queue(queue) {
            self.accumulators.foresee(&concerned.pages, call_type);
        }
        if let Some(stats) = self.agents.get(agent.index()) {
            self.pairs.foresee(stats.pair);
            self.memberships[agent.index()].first().into_iter().for_each(fetch);
            if stats.stamp != self.stamp {
                fetch_at(&self.past, agent.index());
            }
        }
    }
}
