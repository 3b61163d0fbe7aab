//! Durable, momentary and retrospective actions to base accumulators, and to the columns that follow from them.

use super::Board;
use crate::model::action::{Durable, Momentary, On, Retrospective};
use crate::model::tevent::CallType;
use crate::model::time::{Micros, Span};
use crate::stats::accumulator::{Accumulators, Pages};
use crate::stats::pair::{PairCount, PairTime};
use crate::stats::queue::{QueueCount, QueueTime};

impl Board {
    #[inline]
    pub(super) fn durable(&mut self, what: Durable, on: On, call_type: CallType, started: Option<Micros>, at: Micros) {
        match on {
            On::Device { dn, agent } => {
                if dn.is_some() {
                    let pages = &mut self.devices[dn.index()];
                    book(&mut self.accumulators, pages, what, call_type, started, at);
                }
                if agent.is_some() {
                    self.touch_agent(agent);
                    let pages = &mut self.agents[agent.index()].pages;
                    book(&mut self.accumulators, pages, what, call_type, started, at);
                }
            }
            On::Queue { queue, agent, .. } => {
                let starts = started.is_none();
                let slot = self.slot(queue, at);
                self.queue_durable(slot, what, starts, at);
                book(&mut self.accumulators, &mut self.queues[slot].pages, what, call_type, started, at);
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
                if dn.is_some() {
                    self.accumulators.occurred(&mut self.devices[dn.index()], what, call_type);
                }
                if agent.is_some() {
                    self.touch_agent(agent);
                    self.accumulators.occurred(&mut self.agents[agent.index()].pages, what, call_type);
                }
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
                if dn.is_some() {
                    self.accumulators.finished(&mut self.devices[dn.index()], what, call_type, lasted);
                }
                if agent.is_some() {
                    self.touch_agent(agent);
                    self.accumulators.finished(&mut self.agents[agent.index()].pages, what, call_type, lasted);
                }
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

/// Books a begin (`started` absent) or an end.
#[inline]
fn book(
    all: &mut Accumulators,
    pages: &mut Pages,
    what: Durable,
    call_type: CallType,
    started: Option<Micros>,
    at: Micros,
) {
    match started {
        None => all.started(pages, what, call_type, at),
        Some(started) => all.ended(pages, what, call_type, started, at),
    }
}
