//! Handling segments: their own times, their parties, and what they make of the rows of queues and agents.
//!
//! In: `party` and `handling_segment`. Out: entries in the ledgers of queues, agents and calls. Remembers the parties of legs whose
//! row has not come.

use super::agent::Agents;
use super::call::{Calls, LegOfCall, PartyOfCall};
use super::finding::{Example, Findings, example};
use super::handled::{Leg, Words};
use super::law::Law;
use super::queue::Queues;
use super::stay::Stays;
use super::{Map, ms, take};
use crate::model::identity::{Identities, LegKey};
use crate::model::ids::{DnId, Uuid};
use crate::model::time::Micros;
use crate::sink::{Block, NO_ID, NO_LONG, NO_NAME, Reader};

/// The parties of one leg, added up.
#[derive(Default)]
struct Parts {
    alerting_ms: i64,
    connected_ms: i64,
    hold_ms: i64,
    acw_ms: i64,
    /// When the last one was written.
    written_at: i64,
    /// End of the last one in microseconds; the greatest there is while one is open.
    left_at: i64,
    /// The first one: its call, device and begin.
    first: Option<(u128, u32, i64)>,
    /// Agent and session of the first, and whether all have the same.
    agent: (u32, u128),
    is_one: bool,
    has_leg: bool,
    is_observer: bool,
    file: u32,
}

/// After-call work of a leg: from its first stretch to the end of its last one, in milliseconds.
struct Wrap {
    leg: u128,
    session: u128,
    agent: u32,
    from: i64,
    to: i64,
    acw_ms: i64,
    file: u32,
}

/// What handling segments are known by to others.
#[derive(Default)]
pub(super) struct Legs {
    parts: Map<u128, Parts>,
    /// After-call work whose states may still come.
    wraps: Vec<Wrap>,
    identities: Identities,
}

impl Legs {
    pub(super) fn take_parties(
        &mut self,
        block: &Block,
        reader: &mut Reader,
        calls: &mut Calls,
        stays: &mut Stays,
        findings: &mut Findings,
    ) {
        take!(block;
            ids: party_id, party_guid, call_id, parent_party_id, interaction_id, agent_session_id;
            names: agent_id, dn, dn_type, resource_id, role, parent_link_type, site_id, left_cause;
            longs: joined_at, left_at, alerting_ms, connected_ms, hold_ms, queued_ms, treatment_ms, acw_ms, written_at;
            flags: end_known;
        );
        let (routing, observer) = (reader.name("routing"), reader.name("observer"));
        let (extension, moved) = (reader.name("extension"), reader.name("moved"));
        let mut order: Vec<usize> = (0..block.rows()).collect();
        order.sort_by_key(|&i| joined_at[i]);
        for i in order {
            let key = LegKey { call: Uuid(call_id[i]), dn: DnId::NONE, offered_at: Micros(joined_at[i]) };
            let wanted = self.identities.party(&key, reader.text(dn[i])).0;
            findings.that(Law::IdsDerived, wanted == party_id[i], || {
                example(reader, block, i, format!("its call, device and begin make {}", Uuid(wanted)))
            });
            let parts = alerting_ms[i] + connected_ms[i] + hold_ms[i] + queued_ms[i];
            let whole = (left_at[i] != NO_LONG).then(|| ms(left_at[i]) - ms(joined_at[i]));
            let is_queue = role[i] == routing;
            let fits = whole.is_none_or(|whole| parts <= whole && (!is_queue || parts == whole));
            let is_moved = parent_party_id[i] != NO_ID;
            let is_moved_on = left_cause[i] == moved;
            let holds = fits
                && whole.is_none_or(|whole| treatment_ms[i] <= whole)
                && (acw_ms[i] == 0 || acw_ms[i] > 0 && !is_queue && role[i] != observer && !is_moved_on)
                && resource_id[i] == dn[i]
                && is_moved != (party_guid[i] == party_id[i])
                && is_moved == (parent_link_type[i] != NO_NAME)
                && (!is_moved || self.parts.contains_key(&party_guid[i]))
                && (left_at[i] == NO_LONG) == (left_cause[i] == NO_NAME)
                && (left_at[i] != NO_LONG || end_known[i] == 0)
                && (!is_queue || (dn_type[i] != extension && agent_id[i] == NO_NAME && agent_session_id[i] == NO_ID));
            findings.that(Law::PartyTimes, holds, || {
                example(reader, block, i, format!("its parts are {parts} of {} ms", whole.unwrap_or(parts)))
            });
            calls.party(
                call_id[i],
                &PartyOfCall {
                    interaction: interaction_id[i],
                    site: site_id[i],
                    dn: dn[i],
                    joined_at: joined_at[i],
                    left_at: left_at[i],
                    is_queue,
                    file: block.file(i),
                },
            );
            if is_queue {
                stays.party(call_id[i], dn[i], joined_at[i], queued_ms[i], block.file(i));
                continue;
            }
            let agent = (agent_id[i], agent_session_id[i]);
            let leg =
                self.parts.entry(party_guid[i]).or_insert_with(|| Parts { agent, is_one: true, ..Parts::default() });
            leg.is_one &= leg.agent == agent;
            leg.alerting_ms += alerting_ms[i];
            leg.connected_ms += connected_ms[i];
            leg.hold_ms += hold_ms[i];
            leg.acw_ms += acw_ms[i];
            leg.written_at = leg.written_at.max(written_at[i]);
            leg.left_at = leg.left_at.max(if left_at[i] == NO_LONG { i64::MAX } else { left_at[i] });
            leg.is_observer |= role[i] == observer;
            leg.file = block.file(i);
            if party_id[i] == party_guid[i] {
                leg.first = Some((call_id[i], dn[i], joined_at[i]));
            }
        }
    }

    pub(super) fn take(
        &mut self,
        block: &Block,
        reader: &mut Reader,
        others: &mut Others<'_>,
        findings: &mut Findings,
    ) {
        take!(block;
            ids: call_id, interaction_id, agent_session_id;
            names: queue_id, agent_id, role, result;
            longs: offered_at, answered_at, released_at, acw_ended_at, ring_ms, talk_ms, hold_ms, acw_ms, consult_ms;
            ints: hold_count;
            flags: is_complete;
        );
        let words = Words::new(reader);
        for i in 0..block.rows() {
            times(block, i, reader, findings);
            let leg = Leg {
                agent: agent_id[i],
                session: agent_session_id[i],
                queue: queue_id[i],
                role: role[i],
                result: result[i],
                offered: ms(offered_at[i]),
                answered: if answered_at[i] == NO_LONG { NO_LONG } else { ms(answered_at[i]) },
                released: if released_at[i] == NO_LONG { NO_LONG } else { ms(released_at[i]) },
                wrapped: ms(if acw_ended_at[i] == NO_LONG { released_at[i] } else { acw_ended_at[i] }),
                ring_ms: ring_ms[i],
                talk_ms: talk_ms[i] + consult_ms[i],
                hold_ms: hold_ms[i],
                acw_ms: acw_ms[i],
                is_complete: is_complete[i] == 1,
            };
            self.parts_of(block, i, reader, findings);
            self.wrap_of(block, i, &leg);
            referred(block, i, &leg, others, (reader, findings));
            others.calls.leg(
                call_id[i],
                &LegOfCall {
                    interaction: interaction_id[i],
                    agent: agent_id[i],
                    answered_at: answered_at[i],
                    released_at: released_at[i],
                    hold_count: hold_count[i].into(),
                    is_transfer: result[i] == words.transferred && role[i] != words.initiated_consult,
                    is_conference: role[i] == words.in_conference,
                    talk_ms: talk_ms[i],
                    hold_ms: hold_ms[i],
                    acw_ms: acw_ms[i],
                    file: block.file(i),
                },
            );
            leg.count_answers(block, i, others, (reader, findings));
            leg.count_offer(others.queues, words);
            if leg.agent != NO_NAME {
                leg.count_for_agent(words, others, call_id[i], hold_count[i].into());
            }
        }
    }

    /// Notes after-call work that is over, for the states of the agent.
    fn wrap_of(&mut self, block: &Block, i: usize, leg: &Leg) {
        take!(block; ids: handling_segment_id; longs: acw_started_at, acw_ended_at;);
        if leg.session != NO_ID && leg.acw_ms > 0 && acw_ended_at[i] != NO_LONG {
            self.wraps.push(Wrap {
                leg: handling_segment_id[i],
                session: leg.session,
                agent: leg.agent,
                from: ms(acw_started_at[i]),
                to: ms(acw_ended_at[i]),
                acw_ms: leg.acw_ms,
                file: block.file(i),
            });
        }
    }

    /// A leg is the sum of its parties, and named after the first of them. A party that was written before its leg, as they were once,
    /// knows of no after-call work.
    fn parts_of(&mut self, block: &Block, i: usize, reader: &Reader, findings: &mut Findings) {
        take!(block;
            ids: handling_segment_id, party_id, agent_session_id;
            names: resource_id, agent_id;
            longs: offered_at, released_at, ring_ms, talk_ms, consult_ms, hold_ms, acw_ms, written_at;
        );
        let parts = self.parts.get_mut(&party_id[i]);
        let released = if released_at[i] == NO_LONG { i64::MAX } else { released_at[i] };
        let holds = parts.as_ref().is_some_and(|parts| {
            parts.alerting_ms == ring_ms[i]
                && parts.connected_ms == talk_ms[i] + consult_ms[i]
                && parts.hold_ms == hold_ms[i]
                && (parts.acw_ms == acw_ms[i] || parts.acw_ms == 0 && parts.written_at < written_at[i])
                && parts.is_one
                && parts.agent == (agent_id[i], agent_session_id[i])
                && parts.first.is_some_and(|(_, dn, at)| (dn, at) == (resource_id[i], offered_at[i]))
        });
        let told = parts.as_ref().map(|p| ([p.alerting_ms, p.connected_ms, p.hold_ms, p.acw_ms], p.left_at));
        // Parties of another day may still come; then the leg goes on beyond what is known.
        let goes_on = told.is_some_and(|(.., left_at)| left_at < released);
        findings.that(Law::LegParts, holds || goes_on, || {
            let what = match told {
                Some(([a, c, h, w], _)) => {
                    format!("its parties rang {a}, talked {c}, held {h}, wrapped {w} ms, or had another agent")
                }
                None => "it has no party".into(),
            };
            example(reader, block, i, what)
        });
        let Some(parts) = parts else { return };
        parts.has_leg = true;
        if let Some((call, dn, at)) = parts.first {
            let wanted = Stays::leg_id(&mut self.identities, call, reader.text(dn), at);
            findings.that(Law::IdsDerived, wanted == handling_segment_id[i], || {
                example(reader, block, i, format!("call, device and begin of its party make {}", Uuid(wanted)))
            });
        }
    }

    /// Judges what ended before `before`, and forgets what nobody names any more.
    pub(super) fn judge(&mut self, before: i64, agents: &Agents, reader: &Reader, findings: &mut Findings) {
        self.parts.retain(|id, parts| {
            if before != i64::MAX && ms(parts.left_at) >= before {
                return true;
            }
            findings.that(Law::LegParts, parts.has_leg || parts.is_observer, || Example {
                place: reader.text(parts.file).to_owned(),
                key: format!("party_id={}", Uuid(*id)),
                what: "no handling segment has it".into(),
            });
            false
        });
        self.wraps.retain(|wrap| {
            if wrap.to >= before {
                return true;
            }
            let Some(of_states) = agents.wrapped(wrap.session, wrap.agent, wrap.from, wrap.to) else { return false };
            findings.that(Law::LegWraps, of_states == wrap.acw_ms, || Example {
                place: reader.text(wrap.file).to_owned(),
                key: format!("handling_segment_id={}", Uuid(wrap.leg)),
                what: format!("acw_ms is {}, the agent's states make {of_states}", wrap.acw_ms),
            });
            false
        });
    }
}

/// What legs have to do with.
pub(super) struct Others<'a> {
    pub(super) stays: &'a mut Stays,
    pub(super) queues: &'a mut Queues,
    pub(super) agents: &'a mut Agents,
    pub(super) calls: &'a mut Calls,
}

/// The session and the stay that a leg names are there, and fit it.
fn referred(block: &Block, i: usize, leg: &Leg, others: &Others<'_>, (reader, findings): (&Reader, &mut Findings)) {
    take!(block; ids: queue_segment_id; names: queue_id;);
    let is_agent = leg.session == NO_ID || others.agents.is_session_of(leg.session, leg.agent);
    findings
        .that(Law::LegParts, is_agent, || example(reader, block, i, "its session is not there, or another agent's"));
    let stay = others.stays.known.get(&queue_segment_id[i]);
    let is_queue = if queue_segment_id[i] == NO_ID {
        queue_id[i] == NO_NAME
    } else {
        stay.is_some_and(|s| s.queue == queue_id[i])
    };
    findings
        .that(Law::StayAnswer, is_queue, || example(reader, block, i, "its stay is not there, or in another queue"));
}

/// The times of a leg among themselves.
fn times(block: &Block, i: usize, reader: &Reader, findings: &mut Findings) {
    take!(block;
        names: result;
        longs: offered_at, answered_at, released_at, acw_started_at, acw_ended_at, ring_ms, talk_ms, hold_ms, acw_ms,
            consult_ms, dial_ms;
        ints: hold_count;
    );
    let parts = ring_ms[i] + dial_ms[i] + talk_ms[i] + consult_ms[i] + hold_ms[i];
    let before = ring_ms[i] + dial_ms[i];
    let wrong = if released_at[i] != NO_LONG && ms(released_at[i]) - ms(offered_at[i]) != parts {
        Some("its parts do not add up to it")
    } else if answered_at[i] != NO_LONG && ms(answered_at[i]) - ms(offered_at[i]) != before {
        Some("ring_ms and dial_ms do not lead to the answer")
    } else if answered_at[i] == NO_LONG && parts != before {
        Some("talked without an answer")
    } else if (result[i] == NO_NAME) != (released_at[i] == NO_LONG) {
        Some("result does not fit the release")
    } else if hold_count[i] == 0 && hold_ms[i] > 0 {
        Some("held without a hold")
    } else {
        None
    };
    findings.that(Law::LegTimes, wrong.is_none(), || example(reader, block, i, wrong.unwrap_or_default()));
    let is_wrap = (acw_started_at[i] == NO_LONG) == (acw_ms[i] == 0)
        && (acw_started_at[i] != NO_LONG || acw_ended_at[i] == NO_LONG)
        && (acw_ended_at[i] == NO_LONG || acw_ms[i] <= ms(acw_ended_at[i]) - ms(acw_started_at[i]));
    findings.that(Law::LegWraps, is_wrap, || example(reader, block, i, "acw_ms does not fit its instants"));
}
