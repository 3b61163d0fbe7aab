//! What a handling segment counts for its agent, for the queues whose stays it answered, and for both together.
//!
//! In: one leg, and the ledgers of those it concerns. Out: entries there. Knows no party.

use super::agent::Agents;
use super::finding::{Findings, example};
use super::law::Law;
use super::ledger::{key1, key2};
use super::leg::Others;
use super::queue::Queues;
use super::{ms, take};
use crate::model::ids::Uuid;
use crate::sink::{Block, NO_LONG, NO_NAME, Reader};

/// Words that a leg's row knows.
#[derive(Clone, Copy)]
pub(super) struct Words {
    pub(super) received: [u32; 4],
    pub(super) received_consult: u32,
    pub(super) received_transfer: u32,
    pub(super) initiated: u32,
    pub(super) initiated_consult: u32,
    pub(super) in_conference: u32,
    pub(super) transferred: u32,
    pub(super) no_answer: u32,
    pub(super) gave_up: u32,
    pub(super) outbound: u32,
    pub(super) internal: u32,
}

impl Words {
    pub(super) fn new(reader: &mut Reader) -> Self {
        let mut word = |text| reader.name(text);
        Self {
            received: ["received", "received_transfer", "received_consult", "in_conference"].map(&mut word),
            received_consult: word("received_consult"),
            received_transfer: word("received_transfer"),
            initiated: word("initiated"),
            initiated_consult: word("initiated_consult"),
            in_conference: word("in_conference"),
            transferred: word("transferred"),
            no_answer: word("no_answer"),
            gave_up: word("abandoned_while_ringing"),
            outbound: word("outbound"),
            internal: word("internal"),
        }
    }
}

/// A leg, in milliseconds.
pub(super) struct Leg {
    pub(super) agent: u32,
    pub(super) session: u128,
    pub(super) queue: u32,
    pub(super) role: u32,
    pub(super) result: u32,
    pub(super) offered: i64,
    pub(super) answered: i64,
    pub(super) released: i64,
    pub(super) wrapped: i64,
    pub(super) ring_ms: i64,
    /// Consultation included.
    pub(super) talk_ms: i64,
    pub(super) hold_ms: i64,
    pub(super) acw_ms: i64,
    pub(super) is_complete: bool,
}

impl Leg {
    /// The stays that the leg answered say so, and count it.
    pub(super) fn count_answers(
        &self,
        block: &Block,
        i: usize,
        others: &mut Others<'_>,
        (reader, findings): (&Reader, &mut Findings),
    ) {
        take!(block; ids: handling_segment_id; longs: answered_at;);
        for id in others.stays.answered_by.remove(&handling_segment_id[i]).unwrap_or_default() {
            let Some(stay) = others.stays.known.get_mut(&id) else { continue };
            stay.answers += 1;
            let holds = stay.answered_at == answered_at[i] && stay.agent == self.agent;
            findings.that(Law::StayAnswer, holds, || {
                let what = format!("the stay {} was answered at another instant or by another agent", Uuid(id));
                example(reader, block, i, what)
            });
            let (queue, entered) = (stay.queue, ms(stay.entered_at));
            self.count_for_queue(queue, entered, others.queues);
            if self.agent != NO_NAME {
                self.count_for_pair(queue, others.agents);
            }
        }
    }

    fn handle_ms(&self) -> i64 {
        self.talk_ms + self.hold_ms + self.acw_ms
    }

    fn is_handled(&self) -> bool {
        self.answered != NO_LONG && self.released != NO_LONG
    }

    /// The leg answered a stay in `queue` that was entered at `entered`.
    fn count_for_queue(&self, queue: u32, entered: i64, queues: &mut Queues) {
        let key = key1(queue);
        for (column, by) in [("talk_ms", self.talk_ms), ("hold_ms", self.hold_ms), ("acw_ms", self.acw_ms)] {
            queues.cohort.add(key, entered, column, by);
            queues.times.add(key, 0, column, by);
        }
        if self.is_handled() {
            queues.handled(queue, entered, self.handle_ms(), self.is_complete);
        }
        if self.is_handled() && self.is_complete {
            queues.period.add(key, self.wrapped, "handled", 1);
            queues.period.add(key, self.wrapped, "handle_ms", self.handle_ms());
        } else if self.is_handled() {
            queues.period.may_add(key, self.wrapped, "handled", 1);
            queues.period.may_add(key, self.wrapped, "handle_ms", self.handle_ms());
        }
    }

    /// An offer of a queue's call that nobody took, or a call of it that was passed on.
    pub(super) fn count_offer(&self, queues: &mut Queues, words: Words) {
        if self.queue == NO_NAME || self.released == NO_LONG {
            return;
        }
        if self.answered == NO_LONG && self.result != words.gave_up {
            queues.period.add(key1(self.queue), self.released, "no_answer", 1);
        }
        if self.result == words.transferred && self.answered != NO_LONG {
            queues.period.add(key1(self.queue), self.released, "transferred_out", 1);
        }
    }

    /// The leg answered a stay in `queue`.
    fn count_for_pair(&self, queue: u32, agents: &mut Agents) {
        let key = key2(self.agent, queue);
        for (column, by) in [("talk_ms", self.talk_ms), ("hold_ms", self.hold_ms), ("acw_ms", self.acw_ms)] {
            agents.pair_times.add(key, 0, column, by);
        }
        agents.pairs.add(key, self.answered, "answered", 1);
        if self.is_handled() && self.is_complete {
            agents.pairs.add(key, self.wrapped, "handled", 1);
            agents.pairs.add(key, self.wrapped, "handle_ms", self.handle_ms());
        } else if self.is_handled() {
            agents.pairs.may_add(key, self.wrapped, "handled", 1);
            agents.pairs.may_add(key, self.wrapped, "handle_ms", self.handle_ms());
        }
    }

    pub(super) fn count_for_agent(&self, words: Words, others: &mut Others<'_>, call: u128, holds: i64) {
        let agents = &mut *others.agents;
        let key = key1(self.agent);
        if self.queue != NO_NAME {
            let pair = key2(self.agent, self.queue);
            agents.pairs.add(pair, self.offered, "offered", 1);
            agents.pairs.cut(pair, self.offered, self.offered + self.ring_ms, "ring_ms");
        }
        let mut count = |at: i64, column, by| agents.count(self.session, key, at, column, by);
        let is_received = words.received.contains(&self.role);
        if is_received {
            count(self.offered, "offered", 1);
        }
        if self.role == words.initiated {
            match others.calls.type_of(call) {
                t if t == words.outbound => count(self.offered, "outbound_made", 1),
                t if t == words.internal => count(self.offered, "internal_made", 1),
                _ => {}
            }
        }
        if self.answered != NO_LONG {
            if is_received {
                count(self.answered, "answered", 1);
            }
            if self.role == words.initiated_consult {
                count(self.answered, "consult_made", 1);
            }
        }
        if self.released != NO_LONG {
            if is_received && self.result == words.no_answer {
                count(self.released, "no_answer", 1);
            }
            if self.result == words.gave_up {
                count(self.released, "abandoned_while_ringing", 1);
            }
            if self.result == words.transferred && self.role != words.initiated_consult {
                count(self.released, "transfers_made", 1);
            }
            if self.answered != NO_LONG && self.released - self.answered < 5000 {
                count(self.released, "short_calls", 1);
            }
        }
        let is_consult = self.role == words.initiated_consult || self.role == words.received_consult;
        if self.is_handled() && !is_consult {
            if self.is_complete {
                // After-call work may last; what counts is who was there at the release.
                agents.count_at(self.session, key, (self.released, self.wrapped), "handled", 1);
                agents.count_at(self.session, key, (self.released, self.wrapped), "handle_ms", self.handle_ms());
            } else {
                agents.counts.may_add(key, self.wrapped, "handled", 1);
                agents.counts.may_add(key, self.wrapped, "handle_ms", self.handle_ms());
            }
        }
        agents.sums.add(key, 0, "holds", holds);
        if self.answered != NO_LONG {
            if self.role == words.received_transfer && self.queue == NO_NAME {
                agents.sums.add(key, 0, "transfers_received", 1);
            }
            if self.role == words.received_consult {
                agents.sums.add(key, 0, "consult_received", 1);
            } else if self.role == words.received_transfer || self.role == words.in_conference {
                agents.sums.may_add(key, 0, "consult_received", 1);
            }
        }
    }
}
