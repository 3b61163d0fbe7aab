//! States of parties: they follow one another from the begin of their party to its end, and add up to it.
//!
//! In: `party`, and then `party_state`, which is there only where it is configured. Remembers parties until their end is judged.

use super::Map;
use super::finding::{Example, Findings, example};
use super::law::Law;
use super::{ms, take};
use crate::model::ids::Uuid;
use crate::sink::{Block, NO_LONG, NO_NAME, Reader};

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// Sums of a party: ringing, connected, holding, in a queue.
type Sums = [i64; 4];

/// How near to the first or last state of a day a party without states may be: states were turned on or off then.
const EDGE_US: i64 = 60_000_000;

/// A party, and what its states have said so far.
struct Party {
    /// The first party of its leg.
    guid: u128,
    call: u128,
    dn: u32,
    agent: u32,
    joined_at: i64,
    /// The greatest instant there is while it is open.
    left_at: i64,
    said: Sums,
    has: Sums,
    seq: i32,
    /// End of the last state, and of the last one that is no after-call work.
    until: i64,
    ended: i64,
    last: u32,
    file: u32,
}

/// Parties whose states may still come.
#[derive(Default)]
pub(super) struct PartyStates {
    /// Whether there are any states: otherwise nothing is remembered.
    are_kept: bool,
    parties: Map<u128, Party>,
    /// By day: begin of the first and of the last state. Whoever turns them on or off does so in the middle of a day.
    kept: Map<i64, (i64, i64)>,
    wraps: Map<u128, Wrap>,
}

/// After-call work of a leg: what the states of its parties make, and what its row says.
#[derive(Default)]
struct Wrap {
    has_ms: i64,
    said_ms: i64,
    /// Its end in milliseconds; 0 before its row has come.
    to: i64,
    file: u32,
}

impl PartyStates {
    /// Nothing read yet.
    pub(super) fn new(are_kept: bool) -> Self {
        Self { are_kept, ..Self::default() }
    }

    pub(super) fn take_parties(&mut self, block: &Block) {
        if !self.are_kept {
            return;
        }
        take!(block;
            ids: party_id, party_guid, call_id;
            names: dn, agent_id;
            longs: joined_at, left_at, alerting_ms, connected_ms, hold_ms, queued_ms;
        );
        for i in 0..block.rows() {
            self.parties.insert(
                party_id[i],
                Party {
                    guid: party_guid[i],
                    call: call_id[i],
                    dn: dn[i],
                    agent: agent_id[i],
                    joined_at: joined_at[i],
                    left_at: if left_at[i] == NO_LONG { i64::MAX } else { left_at[i] },
                    said: [alerting_ms[i], connected_ms[i], hold_ms[i], queued_ms[i]],
                    has: [0; 4],
                    seq: 0,
                    until: joined_at[i],
                    ended: joined_at[i],
                    last: NO_NAME,
                    file: block.file(i),
                },
            );
        }
    }

    pub(super) fn take(&mut self, block: &Block, reader: &mut Reader, findings: &mut Findings) {
        take!(block;
            ids: party_id, call_id;
            names: dn, agent_id, state, prev_state;
            longs: entered_at, left_at, duration_ms;
            ints: seq;
        );
        let words = ["alerting", "connected", "held", "queued", "treatment", "wrap"].map(|word| reader.name(word));
        let mut order: Vec<usize> = (0..block.rows()).collect();
        order.sort_by_key(|&i| (party_id[i], seq[i]));
        for i in order {
            let day = ms(entered_at[i]).div_euclid(DAY_MS);
            let kept = self.kept.entry(day).or_insert((entered_at[i], entered_at[i]));
            *kept = (kept.0.min(entered_at[i]), kept.1.max(entered_at[i]));
            let is_wrap = state[i] == words[5];
            let to = if left_at[i] == NO_LONG { i64::MAX } else { left_at[i] };
            let Some(party) = self.parties.get_mut(&party_id[i]) else {
                findings.that(Law::PartyStates, false, || example(reader, block, i, "its party is not there"));
                continue;
            };
            let wrong = if (party.call, party.dn, party.agent) != (call_id[i], dn[i], agent_id[i]) {
                Some("call, device or agent are not those of its party")
            } else if seq[i] != party.seq + 1 {
                Some("the state before it is missing")
            } else if prev_state[i] != party.last {
                Some("prev_state is not the state before it")
            } else if (!is_wrap && entered_at[i] != party.until) || entered_at[i] < party.until {
                Some("it does not begin where the state before it ended")
            } else if to != i64::MAX && duration_ms[i] != ms(to) - ms(entered_at[i]) {
                Some("duration_ms is not its length")
            } else {
                None
            };
            findings.that(Law::PartyStates, wrong.is_none(), || example(reader, block, i, wrong.unwrap_or_default()));
            // Treatment is time in a queue, too.
            match words.iter().position(|word| *word == state[i]) {
                Some(5) => self.wraps.entry(party.guid).or_default().has_ms += duration_ms[i],
                Some(at) => party.has[at.min(3)] += duration_ms[i],
                None => {}
            }
            (party.seq, party.until, party.last) = (seq[i], to, state[i]);
            if !is_wrap {
                party.ended = to;
            }
        }
    }

    pub(super) fn take_legs(&mut self, block: &Block) {
        if !self.are_kept {
            return;
        }
        take!(block; ids: party_id; longs: released_at, acw_ended_at, acw_ms;);
        for i in (0..block.rows()).filter(|i| released_at[*i] != NO_LONG) {
            let wrap = self.wraps.entry(party_id[i]).or_default();
            (wrap.said_ms, wrap.file) = (acw_ms[i], block.file(i));
            wrap.to = ms(acw_ended_at[i].max(released_at[i]));
        }
    }

    /// After-call work of a leg is that of its parties, where their states are kept.
    fn judge_wraps(&mut self, before: i64, reader: &Reader, findings: &mut Findings) {
        let kept = &self.kept;
        self.wraps.retain(|leg, wrap| {
            if wrap.to == 0 || wrap.to >= before {
                return before != i64::MAX;
            }
            let is_kept = is_kept(kept, wrap.to.saturating_mul(1000));
            findings.that(Law::LegWraps, !is_kept || wrap.has_ms == wrap.said_ms, || Example {
                place: reader.text(wrap.file).to_owned(),
                key: format!("party_id={}", Uuid(*leg)),
                what: format!("acw_ms is {}, the states of its parties make {}", wrap.said_ms, wrap.has_ms),
            });
            false
        });
    }

    /// Judges parties that ended before `before` (milliseconds).
    pub(super) fn judge(&mut self, before: i64, reader: &Reader, findings: &mut Findings) {
        self.judge_wraps(before, reader, findings);
        let kept = &self.kept;
        self.parties.retain(|id, party| {
            if before != i64::MAX && ms(party.left_at) >= before {
                return true;
            }
            let is_kept = is_kept(kept, party.joined_at);
            let wrong = if party.seq == 0 && is_kept && party.said != [0; 4] {
                Some("it has no state".to_owned())
            } else if party.seq > 0 && party.left_at != i64::MAX && party.ended != party.left_at {
                Some("its states do not last to its end".to_owned())
            } else if party.seq > 0 && party.said != party.has {
                Some(format!("its row has {:?} ms, its states {:?}", party.said, party.has))
            } else {
                None
            };
            findings.that(Law::PartyStates, wrong.is_none(), || Example {
                place: reader.text(party.file).to_owned(),
                key: format!("party_id={}", Uuid(*id)),
                what: wrong.unwrap_or_default(),
            });
            false
        });
        self.kept.retain(|day, _| day.saturating_mul(DAY_MS) >= before.saturating_sub(2 * DAY_MS));
    }
}

/// Whether states were kept at an instant, in microseconds: from the first to the last of the day, and beyond where the day beside has some.
fn is_kept(kept: &Map<i64, (i64, i64)>, at: i64) -> bool {
    let day = ms(at).div_euclid(DAY_MS);
    kept.get(&day).is_some_and(|(first, last)| {
        (at >= first - EDGE_US || kept.contains_key(&(day - 1)))
            && (at <= last + EDGE_US || kept.contains_key(&(day + 1)))
    })
}
