//! What is booked for an interval that has ended: the base moves with the counter, so that the running interval gains
//! nothing, and history hears of it.

use super::Board;
use crate::model::ids::DnId;
use crate::model::time::Micros;
use crate::stats::late::{Late, Object};

impl Board {
    #[cold]
    pub(super) fn late_count(&mut self, object: Object, column: u8, by: i64, at: Micros) {
        self.base_count(object, column, by);
        self.late.push(Late::Count { object, column, by, at });
    }

    fn base_count(&mut self, object: Object, column: u8, by: i64) {
        let i = usize::from(column);
        match object {
            Object::Queue(dn) => {
                if let Some(place) = self.queue_place(dn) {
                    self.queues[place].base.count(i, by);
                }
            }
            Object::Agent(agent) => self.past[agent.index()].base.count(i, by),
            Object::Pair(agent, queue) => self.pairs.base_of((agent, queue)).count(i, by),
            Object::Reason(agent, status, reason) => self.reasons.base_of((agent, status, reason)).count(i, by),
        }
    }

    #[cold]
    pub(super) fn late_time(&mut self, object: Object, column: u8, starts: bool, at: Micros) {
        let (i, start) = (usize::from(column), self.interval_start);
        match object {
            Object::Queue(dn) => {
                let slot = self.slot(dn, at);
                self.queues[slot].base.time(i, starts, at, start);
            }
            Object::Agent(agent) => self.past[agent.index()].base.time(i, starts, at, start),
            Object::Pair(agent, queue) => self.pairs.base_of((agent, queue)).time(i, starts, at, start),
            Object::Reason(agent, status, reason) => {
                self.reasons.base_of((agent, status, reason)).time(i, starts, at, start);
            }
        }
        let by = if starts { 1 } else { -1 };
        self.late.push(Late::Time { object, column, by, at });
    }

    /// When the end of a stay counts: no earlier than the interval that has its entry.
    #[inline]
    #[must_use]
    pub fn booked_at(&self, queue: DnId, entered_at: Micros, at: Micros) -> Micros {
        if self.moved.is_empty() {
            return at;
        }
        self.moved.get(&(queue, entered_at)).map_or(at, |start| at.max(*start))
    }

    /// A maximum of an interval whose rows have left becomes the running interval's.
    pub fn take_over_max(&mut self, object: Object, column: u8, value: i64) {
        if let Object::Queue(dn) = object
            && let Some(place) = self.queue_place(dn)
        {
            let max = &mut self.queues[place].wait_max_ms[usize::from(column)];
            *max = (*max).max(Some(value));
        }
    }

    /// A count booked for an interval whose rows have left becomes the running interval's.
    pub fn take_over(&mut self, object: Object, column: u8, by: i64) {
        if let Object::Agent(agent) = object {
            self.touch_agent(agent);
        }
        self.base_count(object, column, -by);
    }
}
