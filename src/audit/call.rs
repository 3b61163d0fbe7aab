//! Calls: everything that names one is added up, and compared with its row once the call is over.
//!
//! In: `call`, and what parties, stays, legs and attached data say of their call. Remembers calls until nothing names them any more.

use super::finding::{Example, Findings, example};
use super::law::Law;
use super::{Map, ms, take};
use crate::model::identity::Identities;
use crate::model::ids::{ConnId, Uuid};
use crate::model::time::Micros;
use crate::sink::{Block, NO_ID, NO_LONG, NO_NAME, Reader};

/// A row of `call`, as far as it is compared.
#[derive(Clone, Copy)]
pub(super) struct CallRow {
    pub(super) site: u32,
    pub(super) call_type: u32,
    pub(super) is_consult: bool,
    pub(super) started_at: i64,
    /// The greatest instant there is while it is open.
    pub(super) ended_at: i64,
    first_queued_at: i64,
    first_connected_at: i64,
    hold_count: i64,
    pub(super) transfer_count: i64,
    pub(super) conference_count: i64,
    pub(super) parent: u128,
    pub(super) merged_into: u128,
    pub(super) end_known: bool,
    pub(super) joined_in_progress: bool,
    /// Numbers of the texts of both.
    pub(super) ani: u32,
    pub(super) dnis: u32,
}

/// What a party says of its call.
pub(super) struct PartyOfCall {
    pub(super) interaction: u128,
    pub(super) site: u32,
    pub(super) dn: u32,
    pub(super) joined_at: i64,
    pub(super) left_at: i64,
    pub(super) is_queue: bool,
    pub(super) file: u32,
}

/// What a leg says of its call.
pub(super) struct LegOfCall {
    pub(super) interaction: u128,
    pub(super) agent: u32,
    pub(super) answered_at: i64,
    pub(super) released_at: i64,
    pub(super) hold_count: i64,
    pub(super) is_transfer: bool,
    pub(super) is_conference: bool,
    pub(super) talk_ms: i64,
    pub(super) hold_ms: i64,
    pub(super) acw_ms: i64,
    pub(super) file: u32,
}

/// A call and what names it.
#[derive(Default)]
pub(super) struct Call {
    pub(super) row: Option<CallRow>,
    pub(super) parties: i64,
    pub(super) stays: i64,
    pub(super) legs: i64,
    holds: i64,
    transfers: i64,
    conferences: i64,
    pub(super) talk_ms: i64,
    pub(super) hold_ms: i64,
    pub(super) acw_ms: i64,
    pub(super) wait_ms: i64,
    first_joined: Option<i64>,
    /// Devices and queues it began at.
    pub(super) first_dns: Vec<u32>,
    last_left: i64,
    last_released: i64,
    last_changed: i64,
    /// Entries of stays with their queues, answers of legs with their agents.
    pub(super) entries: Vec<(i64, u32)>,
    pub(super) answers: Vec<(i64, u32)>,
    /// Whether another call became part of it.
    is_joined: bool,
    /// What names it belongs to another switch or contact.
    strays: i64,
    /// Changes of attached data, those of its final row, and whether the data agree.
    changes: i64,
    said_changes: Option<i64>,
    is_judged: bool,
    /// Whether it has been added to its contact.
    pub(super) is_folded: bool,
    /// A file that names it.
    pub(super) file: u32,
}

impl Call {
    /// The latest instant that anything says of it, in milliseconds.
    pub(super) fn ended(&self) -> i64 {
        match &self.row {
            Some(row) => ms(row.ended_at),
            None => ms(self.last_left.max(self.last_released).max(self.last_changed)),
        }
    }
}

/// The calls of a tenant.
#[derive(Default)]
pub(super) struct Calls {
    pub(super) known: Map<u128, Call>,
    /// Conferences of all calls.
    pub(super) conferences: i64,
    /// Calls that are named after this instant (milliseconds) may go on, without a row.
    pub(super) open_since: Option<i64>,
}

impl Calls {
    pub(super) fn take(&mut self, block: &Block, reader: &mut Reader, findings: &mut Findings) {
        take!(block;
            ids: call_id, interaction_id, parent_call_id, merged_into_call_id;
            names: site_id, merge_type, call_type, end_reason;
            longs: started_at, first_queued_at, first_alerting_at, first_connected_at, ended_at, duration_ms;
            ints: hold_count, transfer_count, conference_count;
            flags: connected, connected_to_agent, end_known, joined_in_progress, abandoned;
        );
        let consult = reader.name("consult");
        let mut identities = Identities::default();
        for i in 0..block.rows() {
            let conn = block.text("conn_id", i).unwrap_or_default();
            let own = u64::from_str_radix(conn, 16).map(ConnId);
            let is_conn = own.is_ok() && conn.len() == 16;
            // What was joined in progress may have waited before.
            let is_whole = joined_in_progress[i] == 0;
            let is_first = [first_queued_at[i], first_alerting_at[i], first_connected_at[i]]
                .into_iter()
                .all(|at| at == NO_LONG || at >= started_at[i]);
            let is_over = ended_at[i] != NO_LONG;
            let wrong = if !is_conn {
                Some("conn_id is not 16 hexadecimal digits")
            } else if is_over && duration_ms[i] != ms(ended_at[i]) - ms(started_at[i]) {
                Some("duration_ms is not ended_at - started_at")
            } else if (connected[i] == 1) != (first_connected_at[i] != NO_LONG) {
                Some("connected does not fit first_connected_at")
            } else if connected_to_agent[i] > connected[i] {
                Some("connected to an agent and not connected")
            } else if (merged_into_call_id[i] == NO_ID) != (merge_type[i] == NO_NAME) {
                Some("merge_type does not fit merged_into_call_id")
            } else if is_over != (end_reason[i] != NO_NAME) || (!is_over && end_known[i] == 1) {
                Some("end_reason or end_known do not fit ended_at")
            } else if !is_first {
                Some("something happened before it began")
            } else if abandoned[i] == 1 && is_whole && first_queued_at[i] == NO_LONG && first_alerting_at[i] == NO_LONG
            {
                Some("abandoned, and never waited or rang")
            } else if interaction_id[i] != if parent_call_id[i] == NO_ID { call_id[i] } else { parent_call_id[i] } {
                Some("interaction_id is neither its own nor its parent's id")
            } else {
                None
            };
            findings.that(Law::CallParts, wrong.is_none(), || example(reader, block, i, wrong.unwrap_or_default()));
            if let Ok(conn) = own {
                // A CallUUID is not kept: only ids made of ConnID and begin can be derived again.
                let wanted = identities.call(reader.text(site_id[i]), "", conn, Micros(started_at[i])).0;
                if wanted == call_id[i] {
                    findings.that(Law::IdsDerived, true, || example(reader, block, i, ""));
                }
            }
            let ani = block.text("ani", i).map_or(NO_NAME, |text| reader.name(text));
            let dnis = block.text("dnis", i).map_or(NO_NAME, |text| reader.name(text));
            let row = CallRow {
                site: site_id[i],
                call_type: call_type[i],
                is_consult: call_type[i] == consult,
                started_at: started_at[i],
                ended_at: if is_over { ended_at[i] } else { i64::MAX },
                first_queued_at: first_queued_at[i],
                first_connected_at: first_connected_at[i],
                hold_count: hold_count[i].into(),
                transfer_count: transfer_count[i].into(),
                conference_count: conference_count[i].into(),
                parent: parent_call_id[i],
                merged_into: merged_into_call_id[i],
                end_known: end_known[i] == 1,
                joined_in_progress: joined_in_progress[i] == 1,
                ani,
                dnis,
            };
            self.conferences += row.conference_count;
            let call = self.known.entry(call_id[i]).or_default();
            (call.row, call.file) = (Some(row), block.file(i));
            if row.merged_into != NO_ID {
                self.known.entry(row.merged_into).or_default().is_joined = true;
            }
        }
    }

    /// Type of a call, when its row is there.
    pub(super) fn type_of(&self, call: u128) -> u32 {
        self.known.get(&call).and_then(|call| call.row).map_or(NO_NAME, |row| row.call_type)
    }

    fn named(&mut self, call: u128, file: u32) -> &mut Call {
        let call = self.known.entry(call).or_default();
        if call.row.is_none() {
            call.file = file;
        }
        call
    }

    pub(super) fn party(&mut self, call: u128, party: &PartyOfCall) {
        let own = call;
        let call = self.named(call, party.file);
        call.parties += 1;
        let (parent, merged_into) = call.row.map_or((NO_ID, NO_ID), |row| (row.parent, row.merged_into));
        let is_stray = ![own, parent, merged_into].contains(&party.interaction);
        call.strays += i64::from(is_stray || call.row.is_some_and(|row| row.site != party.site));
        let (joined_at, dn, is_queue) = (party.joined_at, party.dn, party.is_queue);
        if call.first_joined.is_none_or(|first| joined_at < first) {
            call.first_dns.clear();
        }
        if call.first_joined.is_none_or(|first| joined_at <= first) {
            call.first_dns.push(dn);
        }
        call.first_joined = Some(call.first_joined.map_or(joined_at, |first| first.min(joined_at)));
        // A stay may go on as another call's.
        let left_at = if party.left_at == NO_LONG { i64::MAX } else { party.left_at };
        if !is_queue || merged_into == NO_ID {
            call.last_left = call.last_left.max(left_at);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "columns of one row")]
    pub(super) fn stay(&mut self, call: u128, queue: u32, at: i64, contact: u128, seq: i32, wait_ms: i64, file: u32) {
        let own = call;
        let call = self.named(call, file);
        call.stays += 1;
        call.wait_ms += wait_ms;
        let before = call.entries.iter().filter(|(_, q)| *q == queue).count();
        let is_next = usize::try_from(seq).is_ok_and(|seq| seq == before + 1);
        let parent = call.row.map_or(NO_ID, |row| row.parent);
        call.strays += i64::from(!is_next || (contact != own && contact != parent));
        call.entries.push((at, queue));
    }

    pub(super) fn leg(&mut self, call: u128, leg: &LegOfCall) {
        let own = call;
        let call = self.named(call, leg.file);
        let parent = call.row.map_or(NO_ID, |row| row.parent);
        call.strays += i64::from(leg.interaction != own && leg.interaction != parent);
        call.legs += 1;
        call.holds += leg.hold_count;
        call.transfers += i64::from(leg.is_transfer);
        call.conferences += i64::from(leg.is_conference);
        call.talk_ms += leg.talk_ms;
        call.hold_ms += leg.hold_ms;
        call.acw_ms += leg.acw_ms;
        if leg.answered_at != NO_LONG {
            call.answers.push((leg.answered_at, leg.agent));
        }
        call.last_released = call.last_released.max(leg.released_at);
    }

    /// A change of attached data.
    pub(super) fn change(&mut self, call: u128, site: u32, at: i64, file: u32) {
        let call = self.named(call, file);
        call.last_changed = call.last_changed.max(at);
        call.changes += 1;
        call.strays += i64::from(call.row.is_some_and(|row| row.site != site));
    }

    /// What was attached at the end; returns whether it fits the call's row.
    pub(super) fn attached(&mut self, call: u128, changes: i64, times: (i64, i64), site: u32, file: u32) -> bool {
        let call = self.named(call, file);
        call.said_changes = Some(changes);
        let ended = if times.1 == NO_LONG { i64::MAX } else { times.1 };
        call.row.is_some_and(|row| (row.started_at, row.ended_at, row.site) == (times.0, ended, site))
    }

    /// Judges calls that ended before `before`.
    pub(super) fn judge(&mut self, before: i64, reader: &Reader, findings: &mut Findings) {
        for (id, call) in &mut self.known {
            let goes_on = call.row.is_none() && self.open_since.is_some_and(|since| call.ended() >= since);
            if call.is_judged || goes_on || (before != i64::MAX && call.ended() >= before) {
                continue;
            }
            call.is_judged = true;
            let wrong = call.wrong();
            let row = |what: &str| Example {
                place: reader.text(call.file).to_owned(),
                key: format!("call_id={}", Uuid(*id)),
                what: what.to_owned(),
            };
            findings.that(Law::CallParts, wrong.is_none(), || row(wrong.unwrap_or_default()));
            let unlike = call.unlike();
            findings.that(Law::CallCounts, unlike.is_none(), || row(unlike.unwrap_or_default()));
            let late = call.row.is_some_and(|call_row| call.last_released > call_row.ended_at);
            findings.that(Law::LegTimes, !late, || row("a handling segment ends after it"));
            let is_counted = call.changes == call.said_changes.unwrap_or(0);
            findings.that(Law::UserData, is_counted, || {
                row(&format!("{} changes of attached data, its final row has {:?}", call.changes, call.said_changes))
            });
        }
    }

    /// Forgets calls that ended before `forget`.
    pub(super) fn forget(&mut self, forget: i64) {
        self.known.retain(|_, call| !call.is_judged || call.ended() >= forget);
    }
}

impl Call {
    /// What its row and its parts disagree about.
    fn wrong(&self) -> Option<&'static str> {
        let Some(row) = &self.row else { return Some("it is named, and has no row") };
        let first = |list: &[(i64, u32)]| list.iter().map(|(at, _)| *at).min().unwrap_or(NO_LONG);
        let is_whole = !self.is_joined && row.merged_into == NO_ID;
        if self.first_joined.is_some_and(|first| first < row.started_at) {
            Some("a party began before it")
        } else if is_whole && self.parties > 0 && self.last_left != row.ended_at {
            Some("ended_at is not the end of its last party")
        } else if first(&self.entries) != row.first_queued_at {
            Some("first_queued_at is not its first entry into a queue")
        } else if self.holds != row.hold_count {
            Some("hold_count is not that of its handling segments")
        } else if self.strays > 0 {
            Some("a part of it has another switch, contact or place in the queue")
        } else {
            None
        }
    }

    /// What its row and its parts may disagree about only when the switch did.
    fn unlike(&self) -> Option<&'static str> {
        let row = self.row.as_ref()?;
        let first_answer = self.answers.iter().map(|(at, _)| *at).min().unwrap_or(NO_LONG);
        if self.parties == 0 {
            Some("it has no party")
        } else if self.first_joined != Some(row.started_at) {
            Some("started_at is not the begin of its first party")
        } else if first_answer != row.first_connected_at {
            Some("first_connected_at is not its first answer")
        } else if self.transfers != row.transfer_count {
            Some("transfer_count is not that of its handling segments")
        } else if self.conferences != row.conference_count {
            Some("conference_count is not that of its handling segments")
        } else {
            None
        }
    }
}
