//! Durable, momentary and retrospective actions to base accumulators, and to the columns that follow from them.

use super::Board;
use crate::model::action::{Durable, Momentary, On, Retrospective};
use crate::model::tevent::CallType;
use crate::model::time::{Micros, Span};
use crate::stats::pair::{PairCount, PairTime};
use crate::stats::queue::{QueueCount, QueueTime};

impl Board {
    #[inline]
    pub(super) fn durable(&mut self, what: Durable, on: On, call_type: CallType, started: Option<Micros>, at: Micros) {
        match on {
            On::Device { dn, agent } => {
                if agent.is_some() {
                    self.touch_agent(agent);
                }
                let (seats, all) = (&mut self.seats, &mut self.accumulators);
                match started {
                    None => seats.started(dn, agent, what, call_type, at, all),
                    Some(started) => seats.ended(dn, agent, what, call_type, (started, at), all),
                }
            }
            On::Queue { queue, agent, .. } => {
                let starts = started.is_none();
                let slot = self.slot(queue, at);
                self.queue_durable(slot, what, starts, at);
                let (pages, all) = (&mut self.queues[slot].pages, &mut self.accumulators);
                match started {
                    None => all.started(pages, what, call_type, at),
                    Some(started) => {
                        all.violations += u64::from(!all.ended(pages, what, call_type, started, at));
                    }
                }
                let pair = match what {
                    Durable::CallRinging => PairTime::RingMs,
                    Durable::CallTalk => PairTime::TalkMs,
                    Durable::CallOnHold => PairTime::HoldMs,
                    Durable::AfterCallWork => PairTime::AcwMs,
                    _ => return,
                };
                if agent.is_some() {
                    self.pair_time((agent, queue), pair, starts, at);
                }
            }
        }
    }

    fn queue_durable(&mut self, slot: usize, what: Durable, starts: bool, at: Micros) {
        let change = |n: u32| if starts { n + 1 } else { n.saturating_sub(1) };
        let column = match what {
            Durable::CallWait => QueueTime::QueueMs,
            Durable::CallAlerting => QueueTime::RingMs,
            Durable::CallTalk => QueueTime::TalkMs,
            Durable::CallOnHold => QueueTime::HoldMs,
            Durable::AfterCallWork => QueueTime::AcwMs,
            _ => return,
        };
        let queue = self.touch_slot(slot, at);
        match column {
            QueueTime::QueueMs => queue.waiting = change(queue.waiting),
            QueueTime::RingMs => queue.alerting = change(queue.alerting),
            _ => {}
        }
        self.slot_time(slot, column, starts, at);
    }

    pub(super) fn occurred(&mut self, what: Momentary, on: On, call_type: CallType, at: Micros) {
        match on {
            On::Device { dn, agent } => {
                if agent.is_some() {
                    self.touch_agent(agent);
                }
                self.seats.occurred(dn, agent, what, call_type, &mut self.accumulators);
            }
            On::Queue { queue, agent, .. } => {
                let slot = self.slot(queue, at);
                self.accumulators.occurred(&mut self.queues[slot].pages, what, call_type);
                if what == Momentary::CallDivertedIn {
                    self.queue_count(queue, QueueCount::DivertedIn, 1, at);
                }
                if what == Momentary::CallOffered && agent.is_some() {
                    self.pair_count((agent, queue), PairCount::Offered, 1, at);
                }
            }
        }
    }

    pub(super) fn finished(&mut self, what: Retrospective, on: On, call_type: CallType, lasted: Span, at: Micros) {
        match on {
            On::Device { dn, agent } => {
                if agent.is_some() {
                    self.touch_agent(agent);
                }
                self.seats.finished(dn, agent, what, call_type, lasted, &mut self.accumulators);
            }
            On::Queue { queue, agent, entered_at } => {
                let slot = self.slot(queue, entered_at);
                self.accumulators.finished(&mut self.queues[slot].pages, what, call_type, lasted);
                if what == Retrospective::CallAnswered && agent.is_some() {
                    self.pair_count((agent, queue), PairCount::Answered, 1, at);
                }
            }
        }
    }
}
