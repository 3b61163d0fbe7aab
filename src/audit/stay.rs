//! Stays in queues: their own times, what they make of queue and cohort rows, and who was alive at the edges.
//!
//! In: `queue_segment`. Out: entries in the ledgers of [`super::queue`], and stays for those who refer to them.

use super::call::Calls;
use super::finding::{Findings, example};
use super::law::Law;
use super::ledger::{INTERVAL_MS, STRETCH_MS_MAX, interval_of, key1};
use super::queue::{Queues, Wait};
use super::{Map, ms, take};
use crate::model::identity::{Identities, LegKey, QueueSegmentKey};
use crate::model::ids::{DnId, Uuid};
use crate::model::time::Micros;
use crate::sink::{Block, NO_ID, NO_LONG, NO_NAME, Reader};

/// Words that a stay's row knows.
#[derive(Clone, Copy)]
pub(super) struct Words {
    pub(super) answered: u32,
    abandoned_queue: u32,
    abandoned_ring: u32,
    pub(super) diverted: u32,
    cleared: u32,
    routed_elsewhere: u32,
    no_answer_returned: u32,
    pub(super) pending: u32,
    unknown: u32,
    virtual_queue: u32,
    pub(super) routing_point: u32,
}

impl Words {
    pub(super) fn new(reader: &mut Reader) -> Self {
        let mut word = |text| reader.name(text);
        Self {
            answered: word("answered"),
            abandoned_queue: word("abandoned_queue"),
            abandoned_ring: word("abandoned_ring"),
            diverted: word("diverted"),
            cleared: word("cleared"),
            routed_elsewhere: word("routed_elsewhere"),
            no_answer_returned: word("no_answer_returned"),
            pending: word("pending"),
            unknown: word("unknown"),
            virtual_queue: word("virtual_queue"),
            routing_point: word("routing_point"),
        }
    }
}

/// How a stay ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answered,
    AbandonedWaiting,
    AbandonedRinging,
    Diverted,
    Cleared,
    Pending,
    Other,
}

impl Words {
    fn fate(&self, outcome: u32) -> Fate {
        match outcome {
            o if o == self.answered => Fate::Answered,
            o if o == self.abandoned_queue => Fate::AbandonedWaiting,
            o if o == self.abandoned_ring => Fate::AbandonedRinging,
            o if o == self.diverted => Fate::Diverted,
            o if o == self.cleared || o == self.routed_elsewhere => Fate::Cleared,
            o if o == self.pending => Fate::Pending,
            _ => Fate::Other,
        }
    }
}

/// What a stay adds to the rows of its queue; instants in milliseconds.
struct Booking {
    queue: u32,
    fate: Fate,
    entered: i64,
    left: i64,
    end: i64,
    queue_ms: i64,
    wait_ms: i64,
    is_short: bool,
}

impl Booking {
    fn book(&self, queues: &mut Queues) {
        let Self { queue, fate, entered, end, queue_ms, wait_ms, .. } = *self;
        let key = key1(queue);
        let is_answered = fate == Fate::Answered;
        let is_abandoned = matches!(fate, Fate::AbandonedWaiting | Fate::AbandonedRinging);
        if is_abandoned || is_answered {
            queues.waits.push(Wait { queue, entered, end, wait_ms, is_answered, is_counted: false });
        }
        queues.period.add(key, entered, "entered", 1);
        queues.cohort.add(key, entered, "entered", 1);
        self.book_end(queues);
        if is_answered {
            queues.period.add(key, end, "wait_answered_ms", wait_ms);
            queues.period.add(key, end, "wait_answered_max_ms", wait_ms);
            queues.cohort.add(key, entered, "wait_answered_ms", wait_ms);
        }
        if is_abandoned {
            queues.period.add(key, end, "wait_abandoned_ms", wait_ms);
            queues.period.add(key, end, "wait_abandoned_max_ms", wait_ms);
            queues.cohort.add(key, entered, "wait_abandoned_ms", wait_ms);
            let rang = fate == Fate::AbandonedRinging;
            let parts = [("abandoned_ringing", rang), ("abandoned_short", self.is_short)];
            for (column, _) in parts.into_iter().filter(|(_, counts)| *counts) {
                queues.period.add(key, end, column, 1);
                queues.cohort.add(key, entered, column, 1);
            }
        }
        queues.period.cut(key, entered, entered + queue_ms, "queue_ms");
        queues.period.cut(key, entered + queue_ms, end, "ring_ms");
    }

    /// The one column that counts how it ended: at its departure where nobody was offered the call any more, else at its end.
    fn book_end(&self, queues: &mut Queues) {
        let (column, cohort, at) = match self.fate {
            Fate::Answered => ("answered", "answered", self.end),
            Fate::AbandonedWaiting | Fate::AbandonedRinging => ("abandoned", "abandoned", self.end),
            Fate::Diverted => ("diverted_out", "diverted", self.left),
            Fate::Cleared => ("cleared", "cleared", self.left),
            Fate::Other => ("other", "other", self.end),
            Fate::Pending => return queues.cohort.add(key1(self.queue), self.entered, "pending", 1),
        };
        queues.period.add(key1(self.queue), at, column, 1);
        queues.cohort.add(key1(self.queue), self.entered, cohort, 1);
        queues.cohort.add(key1(self.queue), self.entered, "queue_ms", self.queue_ms);
    }
}

/// Whether a stay has the id that its call, queue and entry make.
fn named(block: &Block, i: usize, identities: &mut Identities, reader: &Reader, findings: &mut Findings) {
    take!(block; ids: queue_segment_id, call_id; names: queue_id; longs: entered_at;);
    let key = QueueSegmentKey {
        call: Uuid(call_id[i]),
        queue: DnId::NONE,
        entered_at: Micros(entered_at[i]),
        vqid: Default::default(),
    };
    let wanted = identities.queue_segment(&key, reader.text(queue_id[i])).0;
    findings.that(Law::IdsDerived, wanted == queue_segment_id[i], || {
        example(reader, block, i, format!("its call, queue and entry make {}", Uuid(wanted)))
    });
}

/// A stay as others refer to it.
pub(super) struct Stay {
    pub(super) call: u128,
    pub(super) queue: u32,
    pub(super) is_answered: bool,
    pub(super) answered_at: i64,
    pub(super) agent: u32,
    pub(super) leg: u128,
    pub(super) entered_at: i64,
    pub(super) left_at: i64,
    /// End, in milliseconds.
    pub(super) end: i64,
    pub(super) is_routing_point: bool,
    /// Routing requests that name it.
    pub(super) requests: u32,
    /// Handling segments that answered it.
    pub(super) answers: u32,
    pub(super) file: u32,
}

/// A queue's party and its stay, each known by the other.
#[derive(Default)]
struct Pairing {
    parties: u32,
    stays: u32,
    /// Waiting time, as each says.
    of_party: i64,
    of_stay: i64,
    file: u32,
}

/// Stays that others may still refer to.
pub(super) struct Stays {
    pub(super) words: Words,
    pub(super) known: Map<u128, Stay>,
    /// Answered stays by the handling segment that answered them.
    pub(super) answered_by: Map<u128, Vec<u128>>,
    /// Departures towards another queue: call, and when, from where, by queue of the target.
    diverted: Map<u128, Vec<(i64, u32)>>,
    /// Parties of queues: call, queue and entry.
    parties: Map<(u128, u32, i64), Pairing>,
}

impl Stays {
    pub(super) fn new(reader: &mut Reader) -> Self {
        Self {
            words: Words::new(reader),
            known: Map::default(),
            answered_by: Map::default(),
            diverted: Map::default(),
            parties: Map::default(),
        }
    }

    pub(super) fn take(
        &mut self,
        block: &Block,
        reader: &mut Reader,
        calls: &mut Calls,
        queues: &mut Queues,
        findings: &mut Findings,
    ) {
        take!(block;
            ids: queue_segment_id, call_id, interaction_id, handling_segment_id;
            names: queue_id, queue_kind, outcome, answered_by_agent_id;
            longs: entered_at, distributed_at, answered_at, left_at, queue_ms, wait_ms;
            ints: entry_seq;
            flags: is_short_abandon;
        );
        let w = self.words;
        let mut identities = Identities::default();
        let mut order: Vec<usize> = (0..block.rows()).collect();
        order.sort_by_key(|&i| entered_at[i]);
        for i in order {
            let (id, call) = (queue_segment_id[i], call_id[i]);
            times(block, i, w, reader, findings);
            if queue_kind[i] != w.virtual_queue {
                named(block, i, &mut identities, reader, findings);
            }
            let is_answered = outcome[i] == w.answered;
            let end = ms(entered_at[i]) + wait_ms[i];
            let stay = Stay {
                call,
                queue: queue_id[i],
                is_answered,
                answered_at: answered_at[i],
                agent: answered_by_agent_id[i],
                leg: handling_segment_id[i],
                entered_at: entered_at[i],
                left_at: left_at[i],
                end,
                is_routing_point: queue_kind[i] == w.routing_point,
                requests: 0,
                answers: 0,
                file: block.file(i),
            };
            if is_answered {
                self.answered_by.entry(stay.leg).or_default().push(id);
            }
            self.known.insert(id, stay);
            let pairing = self.parties.entry((call, queue_id[i], entered_at[i])).or_default();
            (pairing.stays, pairing.of_stay, pairing.file) = (pairing.stays + 1, queue_ms[i], block.file(i));
            calls.stay(call, queue_id[i], entered_at[i], interaction_id[i], entry_seq[i], wait_ms[i], block.file(i));
            let booking = Booking {
                queue: queue_id[i],
                fate: w.fate(outcome[i]),
                entered: ms(entered_at[i]),
                left: ms(left_at[i]),
                end,
                queue_ms: queue_ms[i],
                wait_ms: wait_ms[i],
                is_short: is_short_abandon[i] == 1,
            };
            booking.book(queues);
            queues.alive(queue_id[i], entered_at[i], end, outcome[i] == w.pending);
            self.note_origin(call, queue_id[i], entered_at[i], queues);
            if outcome[i] == w.diverted && distributed_at[i] != NO_LONG {
                self.diverted.entry(call).or_default().push((left_at[i], queue_id[i]));
            }
        }
    }

    /// An entry within two seconds of the call's diverted departure from another queue.
    fn note_origin(&mut self, call: u128, queue: u32, entered_at: i64, queues: &mut Queues) {
        let Some(departures) = self.diverted.get(&call) else { return };
        let is_near = |left: i64| (0..=2_000_000).contains(&(entered_at - left));
        if departures.iter().any(|(left, from)| *from != queue && is_near(*left)) {
            queues.period.add(key1(queue), ms(entered_at), "diverted_in", 1);
        }
    }

    /// A party of a queue.
    pub(super) fn party(&mut self, call: u128, dn: u32, joined_at: i64, queued_ms: i64, file: u32) {
        let pairing = self.parties.entry((call, dn, joined_at)).or_default();
        (pairing.parties, pairing.of_party, pairing.file) = (pairing.parties + 1, queued_ms, file);
    }

    /// A routing request that names a stay.
    pub(super) fn request(&mut self, id: u128) -> Option<&mut Stay> {
        let stay = self.known.get_mut(&id)?;
        stay.requests += 1;
        Some(stay)
    }

    /// Judges stays that ended before `before` (milliseconds), and forgets those that nobody will name any more.
    pub(super) fn judge(&mut self, before: i64, forget: i64, reader: &Reader, findings: &mut Findings) {
        let row = |id: u128, file: u32, what: String| super::Example {
            place: reader.text(file).to_owned(),
            key: format!("queue_segment_id={}", Uuid(id)),
            what,
        };
        for ((call, queue, at), pairing) in &self.parties {
            let Pairing { parties, stays, of_party, of_stay, file } = *pairing;
            findings.that(Law::PartyStays, (parties, stays) == (1, 1) && of_party == of_stay, || super::Example {
                place: reader.text(file).to_owned(),
                key: format!("call_id={} queue={} at={}", Uuid(*call), reader.text(*queue), Micros(*at)),
                what: format!("{parties} parties that waited {of_party} ms, {stays} stays that waited {of_stay} ms"),
            });
        }
        self.parties.clear();
        self.known.retain(|id, stay| {
            if stay.end >= before || stay.file == NO_NAME {
                return stay.end >= forget;
            }
            if stay.is_answered {
                findings.that(Law::StayAnswer, stay.answers == 1, || {
                    row(*id, stay.file, format!("{} handling segments answered it", stay.answers))
                });
            }
            if stay.is_routing_point {
                findings.that(Law::RouteRequests, stay.requests > 0, || {
                    row(*id, stay.file, "no routing request names it".into())
                });
            }
            // Judged once, but still to be found.
            stay.file = NO_NAME;
            stay.end >= forget
        });
        self.diverted.retain(|_, departures| departures.iter().any(|(left, _)| ms(*left) >= forget));
    }

    /// The id that a leg at `dn` would have.
    pub(super) fn leg_id(identities: &mut Identities, call: u128, dn: &str, offered_at: i64) -> u128 {
        let key = LegKey { call: Uuid(call), dn: DnId::NONE, offered_at: Micros(offered_at) };
        identities.leg(&key, dn).0
    }
}

/// The times of a stay among themselves and with its outcome.
fn times(block: &Block, i: usize, w: Words, reader: &Reader, findings: &mut Findings) {
    take!(block;
        ids: handling_segment_id;
        names: outcome, answered_by_agent_id;
        longs: entered_at, distributed_at, answered_at, left_at, queue_ms, ring_ms, wait_ms;
        ints: entry_seq;
        flags: is_short_abandon;
    );
    let outcome = outcome[i];
    let is = |words: &[u32]| words.contains(&outcome);
    let is_answered = outcome == w.answered;
    let is_distributed = distributed_at[i] != NO_LONG;
    let undistributed = is(&[w.abandoned_queue, w.cleared, w.routed_elsewhere, w.unknown]);
    let is_abandoned = is(&[w.abandoned_queue, w.abandoned_ring]);
    let wrong = if wait_ms[i] != queue_ms[i] + ring_ms[i] {
        Some("wait_ms is not queue_ms + ring_ms")
    } else if left_at[i] != NO_LONG && ms(left_at[i]) - ms(entered_at[i]) != queue_ms[i] {
        Some("queue_ms is not left_at - entered_at")
    } else if (answered_at[i] != NO_LONG) != is_answered {
        Some("answered_at does not fit the outcome")
    } else if is_answered && ms(answered_at[i]) - ms(entered_at[i]) != wait_ms[i] {
        Some("wait_ms is not answered_at - entered_at")
    } else if left_at[i] == NO_LONG && outcome != w.pending {
        Some("left_at is null and the stay is over")
    } else if outcome != w.pending && is_distributed == undistributed {
        Some("distributed_at does not fit the outcome")
    } else if is_distributed && distributed_at[i] != left_at[i] {
        Some("distributed_at is not left_at")
    } else if is_answered != (handling_segment_id[i] != NO_ID) && is(&[w.answered, w.abandoned_queue, w.cleared]) {
        Some("handling_segment_id does not fit the outcome")
    } else if !is_answered && answered_by_agent_id[i] != NO_NAME {
        Some("answered_by_agent_id without an answer")
    } else if block.text("diverted_to", i).is_some() && outcome != w.diverted {
        Some("diverted_to does not fit the outcome")
    } else if is_short_abandon[i] == 1 && !is_abandoned {
        Some("is_short_abandon does not fit the outcome")
    } else if is(&[w.no_answer_returned]) && handling_segment_id[i] == NO_ID {
        Some("nobody did not answer")
    } else if entry_seq[i] < 1 {
        Some("entry_seq is below 1")
    } else {
        None
    };
    findings.that(Law::StayTimes, wrong.is_none(), || example(reader, block, i, wrong.unwrap_or_default()));
}

/// Intervals at whose end a stay is alive: their begins, in milliseconds.
pub(super) fn edges(entered_at: i64, end: i64, is_pending: bool) -> impl Iterator<Item = i64> {
    let first = interval_of(ms(entered_at));
    let last = if is_pending { interval_of(end) } else { interval_of(end) - INTERVAL_MS };
    // A longer stay is a damaged instant.
    let last = if last.saturating_sub(first) > STRETCH_MS_MAX { first } else { last };
    (0..).map(move |k| first + k * INTERVAL_MS).take_while(move |start| *start <= last)
}
