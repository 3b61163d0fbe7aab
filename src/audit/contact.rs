//! Contacts: what interactions say against the sums of their calls; links, routing requests and attached data.
//!
//! In: `interaction`, `call_link`, `route_decision`, `user_data_change`, `user_data_final`. A contact is judged a day after its end, when all its calls are known.

use super::call::{Call, Calls};
use super::finding::{Example, Findings, example};
use super::law::Law;
use super::stay::Stays;
use super::{Map, ms, take};
use crate::model::identity::{Identities, LegKey};
use crate::model::ids::{DnId, Uuid};
use crate::model::time::Micros;
use crate::sink::{Block, NO_ID, NO_LONG, NO_NAME, Reader};

/// Calls of a contact, added up.
#[derive(Default)]
struct Sum {
    calls: i64,
    sites: Vec<u32>,
    parties: i64,
    stays: i64,
    legs: i64,
    transfers: i64,
    conferences: i64,
    consults: i64,
    talk_ms: i64,
    hold_ms: i64,
    acw_ms: i64,
    wait_ms: i64,
    ended_at: i64,
    started_at: Option<i64>,
    /// Where its root call began.
    first_dns: Vec<u32>,
    end_known: bool,
    entries: Vec<(i64, u32)>,
    answers: Vec<(i64, u32)>,
    file: u32,
}

impl Sum {
    fn add(&mut self, call: &Call, is_root: bool) {
        let Some(row) = &call.row else { return };
        if is_root {
            self.first_dns.clone_from(&call.first_dns);
        }
        if self.calls == 0 {
            self.end_known = true;
        }
        self.calls += 1;
        if !self.sites.contains(&row.site) {
            self.sites.push(row.site);
        }
        self.parties += call.parties;
        self.stays += call.stays;
        self.legs += call.legs;
        self.transfers += row.transfer_count;
        self.conferences += row.conference_count;
        self.consults += i64::from(row.is_consult);
        self.talk_ms += call.talk_ms;
        self.hold_ms += call.hold_ms;
        self.acw_ms += call.acw_ms;
        self.wait_ms += call.wait_ms;
        self.ended_at = self.ended_at.max(row.ended_at);
        self.started_at = Some(self.started_at.map_or(row.started_at, |first| first.min(row.started_at)));
        self.end_known &= row.end_known;
        self.entries.extend(&call.entries);
        self.answers.extend(call.answers.iter().filter(|(_, agent)| *agent != NO_NAME));
        self.file = call.file;
    }
}

/// A row of `interaction`, as far as it is compared.
struct Interaction {
    counts: [i64; 8],
    times: [i64; 4],
    started_at: i64,
    ended_at: i64,
    end_known: bool,
    is_complete: bool,
    entry_dn: u32,
    first_queue: u32,
    first_agent: u32,
    last_agent: u32,
    file: u32,
}

struct Link {
    from: u128,
    to: u128,
    kind: u32,
    site: u32,
    contact: u128,
    is_unpaired: bool,
    is_active: bool,
    linked_at: i64,
    file: u32,
}

/// The contacts of a tenant.
#[derive(Default)]
pub(super) struct Contacts {
    rows: Map<u128, Interaction>,
    sums: Map<u128, Sum>,
    /// Contact of a call that has a link.
    of: Map<u128, u128>,
    links: Vec<Link>,
    known_links: Map<(u128, u128, u32), i64>,
    /// By call and key: number of the last change, and what it left.
    values: Map<(u128, u32), (i32, u32)>,
}

impl Contacts {
    pub(super) fn take_links(&mut self, block: &Block, reader: &mut Reader) {
        take!(block;
            ids: from_call_id, to_call_id, interaction_id;
            names: link_type, site_id, state;
            longs: linked_at;
        );
        let (unpaired, active) = (reader.name("unpaired"), reader.name("active"));
        for i in 0..block.rows() {
            let (from, to) = (from_call_id[i], to_call_id[i]);
            let is_unpaired = state[i] == unpaired;
            self.of.insert(from, interaction_id[i]);
            if !is_unpaired {
                self.of.insert(to, interaction_id[i]);
            }
            self.known_links.insert((from, to, link_type[i]), linked_at[i]);
            self.links.push(Link {
                from,
                to,
                kind: link_type[i],
                site: site_id[i],
                contact: interaction_id[i],
                is_unpaired,
                is_active: state[i] == active,
                linked_at: linked_at[i],
                file: block.file(i),
            });
        }
    }

    pub(super) fn take(&mut self, block: &Block, calls: &Calls, reader: &mut Reader, findings: &mut Findings) {
        take!(block;
            ids: interaction_id, root_call_id;
            names: entry_dn, first_queue_id, first_agent_id, last_agent_id, interaction_type;
            longs: started_at, ended_at, wait_total_ms, talk_total_ms, hold_total_ms, acw_total_ms, duration_ms;
            ints: site_count, call_count, party_count, queue_segment_count, handling_segment_count, transfer_count,
                conference_count, consult_count;
            flags: end_known, is_complete, joined_in_progress;
        );
        for i in 0..block.rows() {
            let is_over = ended_at[i] != NO_LONG;
            let root = calls.known.get(&root_call_id[i]).and_then(|call| call.row);
            let ani = block.text("ani", i).map_or(NO_NAME, |text| reader.name(text));
            let dnis = block.text("dnis", i).map_or(NO_NAME, |text| reader.name(text));
            let of_root = root.is_some_and(|root| {
                root.started_at == started_at[i]
                    && root.joined_in_progress == (joined_in_progress[i] == 1)
                    && root.call_type == interaction_type[i]
                    && (root.ani, root.dnis) == (ani, dnis)
            });
            let holds = of_root
                && root_call_id[i] == interaction_id[i]
                && (!is_over || duration_ms[i] == ms(ended_at[i]) - ms(started_at[i]));
            findings.that(Law::Contacts, holds, || {
                example(
                    reader,
                    block,
                    i,
                    if of_root { "duration_ms does not fit" } else { "it is not as its root call" },
                )
            });
            let counts = [
                site_count[i],
                call_count[i],
                party_count[i],
                queue_segment_count[i],
                handling_segment_count[i],
                transfer_count[i],
                conference_count[i],
                consult_count[i],
            ];
            self.rows.insert(
                interaction_id[i],
                Interaction {
                    counts: counts.map(i64::from),
                    times: [talk_total_ms[i], hold_total_ms[i], acw_total_ms[i], wait_total_ms[i]],
                    started_at: started_at[i],
                    ended_at: if is_over { ended_at[i] } else { i64::MAX },
                    end_known: end_known[i] == 1,
                    is_complete: is_complete[i] == 1,
                    entry_dn: entry_dn[i],
                    first_queue: first_queue_id[i],
                    first_agent: first_agent_id[i],
                    last_agent: last_agent_id[i],
                    file: block.file(i),
                },
            );
        }
    }

    pub(super) fn take_routes(&mut self, block: &Block, stays: &mut Stays, reader: &Reader, findings: &mut Findings) {
        take!(block;
            ids: route_id, call_id, queue_segment_id;
            names: routing_point, agent_id, result;
            longs: requested_at, decided_at, duration_ms;
        );
        let mut identities = Identities::default();
        for i in 0..block.rows() {
            let key = LegKey { call: Uuid(call_id[i]), dn: DnId::NONE, offered_at: Micros(requested_at[i]) };
            let wanted = identities.route(&key, reader.text(routing_point[i])).0;
            findings.that(Law::IdsDerived, wanted == route_id[i], || {
                example(reader, block, i, format!("its call, routing point and request make {}", Uuid(wanted)))
            });
            let is_decided = decided_at[i] != NO_LONG;
            let is_timed = !is_decided || duration_ms[i] == ms(decided_at[i]) - ms(requested_at[i]);
            let fits = queue_segment_id[i] == NO_ID
                || stays.request(queue_segment_id[i]).is_some_and(|stay| {
                    stay.queue == routing_point[i]
                        && stay.call == call_id[i]
                        && stay.entered_at <= requested_at[i]
                        && (stay.left_at == NO_LONG || requested_at[i] <= stay.left_at)
                        && (stay.agent == NO_NAME || stay.agent == agent_id[i])
                });
            let holds = is_timed && fits && (is_decided || result[i] == NO_NAME);
            findings.that(Law::Routes, holds, || {
                example(
                    reader,
                    block,
                    i,
                    if fits { "its instants do not fit" } else { "its stay is not there, or another" },
                )
            });
        }
    }

    pub(super) fn take_changes(
        &mut self,
        block: &Block,
        calls: &mut Calls,
        reader: &mut Reader,
        findings: &mut Findings,
    ) {
        take!(block; ids: call_id; names: change, site_id; longs: changed_at; ints: seq;);
        let (add, delete) = (reader.name("add"), reader.name("delete"));
        let mut order: Vec<usize> = (0..block.rows()).collect();
        order.sort_by_key(|&i| (call_id[i], seq[i], changed_at[i]));
        for i in order {
            let key = block.text("key", i).map_or(NO_NAME, |text| reader.name(text));
            let before = block.text("value_before", i).map_or(NO_NAME, |text| reader.name(text));
            let value = block.text("value", i).map_or(NO_NAME, |text| reader.name(text));
            let (last_seq, last) = self.values.insert((call_id[i], key), (seq[i], value)).unwrap_or((0, NO_NAME));
            let holds = seq[i] == last_seq + 1
                && before == last
                && (change[i] == add) == (before == NO_NAME)
                && (change[i] == delete) == (value == NO_NAME);
            findings.that(Law::UserData, holds, || {
                let last = reader.text(last).to_owned();
                example(reader, block, i, format!("it comes after number {last_seq}, which left `{last}`"))
            });
            calls.change(call_id[i], site_id[i], changed_at[i], block.file(i));
        }
    }

    pub(super) fn take_final(&mut self, block: &Block, calls: &mut Calls, reader: &Reader, findings: &mut Findings) {
        take!(block; ids: call_id; names: site_id; longs: started_at, ended_at; ints: key_count, change_count;);
        for i in 0..block.rows() {
            let times = (started_at[i], ended_at[i]);
            let fits = calls.attached(call_id[i], change_count[i].into(), times, site_id[i], block.file(i));
            let text = block.text("user_data", i).unwrap_or_default();
            let object: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(text);
            let counted = object.is_ok_and(|object| object.len() == usize::try_from(key_count[i]).unwrap_or(0));
            findings.that(Law::UserData, fits && counted, || {
                example(
                    reader,
                    block,
                    i,
                    if fits { "key_count is not that of user_data" } else { "it is not as its call" },
                )
            });
        }
    }

    /// Adds calls that ended before `before` to their contacts, and judges contacts that ended before it.
    pub(super) fn judge(&mut self, before: i64, calls: &mut Calls, reader: &mut Reader, findings: &mut Findings) {
        self.judge_links(before, calls, reader, findings);
        let is_due = |ended: i64| before == i64::MAX || ended < before;
        let (consult_of, merged_into) = (reader.name("consult_of"), reader.name("merged_into"));
        for (id, call) in &mut calls.known {
            if call.is_folded || !is_due(call.ended()) {
                continue;
            }
            call.is_folded = true;
            let Some(row) = call.row else { continue };
            let contact = self.of.get(id).copied().unwrap_or(*id);
            self.sums.entry(contact).or_default().add(call, contact == *id);
            for (other, kind) in [(row.parent, consult_of), (row.merged_into, merged_into)] {
                let is_linked = other == NO_ID || self.known_links.contains_key(&(*id, other, kind));
                findings.that(Law::Links, is_linked, || Example {
                    place: reader.text(call.file).to_owned(),
                    key: format!("call_id={}", Uuid(*id)),
                    what: format!("no link {} to {}", reader.text(kind), Uuid(other)),
                });
            }
        }
        let sums = &mut self.sums;
        self.rows.retain(|id, row| {
            if !is_due(ms(row.ended_at)) {
                return true;
            }
            let sum = sums.remove(id);
            let is_entry = sum.as_ref().is_none_or(|sum| sum.first_dns.contains(&row.entry_dn));
            findings.that(Law::CallCounts, is_entry, || Example {
                place: reader.text(row.file).to_owned(),
                key: format!("interaction_id={}", Uuid(*id)),
                what: "entry_dn is not where its root call began".into(),
            });
            let wrong = match sum {
                Some(sum) => row.wrong(&sum),
                None => Some("none of its calls is there".into()),
            };
            findings.that(Law::Contacts, wrong.is_none(), || Example {
                place: reader.text(row.file).to_owned(),
                key: format!("interaction_id={}", Uuid(*id)),
                what: wrong.clone().unwrap_or_default(),
            });
            false
        });
        let rows = &self.rows;
        self.sums.retain(|id, sum| {
            // Its row is there, or may still come.
            if rows.contains_key(id) || (before != i64::MAX && ms(sum.ended_at) >= before - 86_400_000) {
                return true;
            }
            findings.that(Law::Contacts, false, || Example {
                place: reader.text(sum.file).to_owned(),
                key: format!("interaction_id={}", Uuid(*id)),
                what: format!("{} calls belong to it, and it has no row", sum.calls),
            });
            false
        });
    }

    fn judge_links(&mut self, before: i64, calls: &Calls, reader: &Reader, findings: &mut Findings) {
        let (due, later) = std::mem::take(&mut self.links).into_iter().partition(|l| ms(l.linked_at) < before);
        self.links = later;
        let due: Vec<Link> = due;
        for link in due {
            let row = |id| calls.known.get(&id).and_then(|call: &Call| call.row);
            let is_over = |contact| self.rows.get(&contact).map(|row: &Interaction| row.ended_at != i64::MAX);
            let wrong = match (row(link.from), row(link.to)) {
                (None, _) => Some("from_call_id has no row"),
                (Some(from), _) if from.site != link.site => Some("site_id is not that of from_call_id"),
                (Some(_), None) if !link.is_unpaired => Some("to_call_id has no row"),
                (Some(_), Some(_)) if link.is_unpaired => Some("unpaired, and both calls are there"),
                (Some(_), Some(_)) if is_over(link.contact).is_some_and(|is_over| is_over == link.is_active) => {
                    Some("state does not fit the end of the contact")
                }
                _ if self.of.get(&link.from) != Some(&link.contact) => Some("its calls belong to two contacts"),
                _ if !link.is_unpaired && self.of.get(&link.to) != Some(&link.contact) => {
                    Some("its calls belong to two contacts")
                }
                _ => None,
            };
            findings.that(Law::Links, wrong.is_none(), || Example {
                place: reader.text(link.file).to_owned(),
                key: format!(
                    "from_call_id={} to_call_id={} link_type={}",
                    Uuid(link.from),
                    Uuid(link.to),
                    reader.text(link.kind)
                ),
                what: wrong.unwrap_or_default().to_owned(),
            });
        }
    }

    /// Forgets what belongs to calls that are forgotten.
    pub(super) fn forget(&mut self, forget: i64, calls: &Calls) {
        self.known_links.retain(|_, linked_at| ms(*linked_at) >= forget);
        self.of.retain(|call, _| calls.known.contains_key(call));
        self.values.retain(|(call, _), _| calls.known.contains_key(call));
    }
}

impl Interaction {
    /// What it and the sum of its calls disagree about.
    fn wrong(&self, sum: &Sum) -> Option<String> {
        let counts = [
            ("site_count", sum.sites.len() as i64),
            ("call_count", sum.calls),
            ("party_count", sum.parties),
            ("queue_segment_count", sum.stays),
            ("handling_segment_count", sum.legs),
            ("transfer_count", sum.transfers),
            ("conference_count", sum.conferences),
            ("consult_count", sum.consults),
        ];
        for ((column, derived), said) in counts.into_iter().zip(self.counts) {
            if derived != said {
                return Some(format!("{column} is {said}, its calls make {derived}"));
            }
        }
        let [talk, hold, acw, wait] = self.times;
        if (talk, hold) != (sum.talk_ms, sum.hold_ms) {
            return Some(format!(
                "talk and hold are {talk} and {hold}, its calls make {} and {}",
                sum.talk_ms, sum.hold_ms
            ));
        }
        // After-call work may end after the contact has left, and parallel stays wait once.
        if acw > sum.acw_ms || wait > sum.wait_ms {
            return Some("more after-call work or waiting than its calls have".into());
        }
        if sum.started_at.is_some_and(|at| at != self.started_at) || sum.ended_at != self.ended_at {
            return Some("its begin or end is not that of its calls".into());
        }
        if sum.end_known != self.end_known || (self.is_complete && !self.end_known) {
            return Some("end_known or is_complete do not fit its calls".into());
        }
        let is_among = |list: &[(i64, u32)], at: Option<i64>, name: u32| match at {
            Some(at) => list.iter().any(|(t, n)| *t == at && *n == name),
            None => name == NO_NAME,
        };
        let first = |list: &[(i64, u32)]| list.iter().map(|(at, _)| *at).min();
        let last = sum.answers.iter().map(|(at, _)| *at).max();
        if !is_among(&sum.entries, first(&sum.entries), self.first_queue) {
            return Some("first_queue_id is not the queue entered first".into());
        }
        if !is_among(&sum.answers, first(&sum.answers), self.first_agent) {
            return Some("first_agent_id is not the agent who connected first".into());
        }
        if !is_among(&sum.answers, last, self.last_agent) {
            return Some("last_agent_id is not the agent who connected last".into());
        }
        None
    }
}
