//! Calls that become one: EventPartyChanged moves a party or a queue stay to another ConnID, conferences grow and shrink.
//!
//! At a completed transfer or conference the consultation's ConnID dies and the held call's survives. The party keeps its
//! state and its timers; only the call it belongs to changes.

use super::anomaly::Anomaly;
use super::call::Merge;
use super::part::Cause;
use super::party::{Move, Opening, Party, PartyState};
use super::slab::{Ix, NIL};
use super::world::World;
use crate::model::action::{AgentCount, Momentary};
use crate::model::identity::LegKey;
use crate::model::ids::{DnId, Uuid};
use crate::model::names::Names;
use crate::model::tevent::{CallState, CallType, DnRole, EventKind, TEvent};
use crate::model::time::Micros;

impl World {
    /// EventPartyChanged: the other side was replaced, or this party was merged into another call.
    pub(super) fn on_party_changed(&mut self, ev: &TEvent<'_>, names: &Names) {
        if !self.needs_dn(ev) {
            return;
        }
        if self.devices[ev.this_dn.index()].is_queue {
            self.rekey_stays(ev, names);
            return;
        }
        let moved = ev.previous_conn.is_some() && ev.previous_conn != ev.conn;
        let from = if moved { self.party_of(ev, ev.previous_conn) } else { None };
        let Some(call) = self.call_of(ev, ev.conn, names) else { return };
        let ix = match from.or_else(|| self.find_party(call, ev.this_dn)) {
            Some(ix) => ix,
            None if !self.has_room(call, ev.this_dn) => return,
            None => {
                self.out.odd(Anomaly::PartyJoinedInProgress);
                self.resolve_targets(call, names);
                let ix = self.open_party(call, ev, Opening::Joined);
                self.answer(ix, PartyState::Connected, ev);
                ix
            }
        };
        if from.is_some() {
            self.move_party(ix, call, ev);
        }
        self.note_event(ix, ev);
        if moved {
            match ev.call_state {
                CallState::TRANSFERRED => self.parties[ix].transferred_to = true,
                CallState::CONFERENCED => self.parties[ix].conferenced = true,
                _ => {}
            }
        }
        if self.parties[ix].observer {
            return;
        }
        let (call_type, state) = (self.parties[ix].call_type, self.parties[ix].state);
        let what = if state == PartyState::Alerting {
            Momentary::CallRingingPartyChanged
        } else {
            Momentary::CallPartyChanged
        };
        self.occurred(ix, what, call_type, ev.time);
        if moved && ev.call_state == CallState::CONFERENCED {
            self.occurred(ix, Momentary::CallConferenceJoined, call_type, ev.time);
        }
        self.count_transfer_received(ix, ev.time);
    }

    /// Moves an open party to another call: its part in the old one ends, the leg goes on.
    fn move_party(&mut self, ix: Ix, to: Ix, ev: &TEvent<'_>) {
        let at = ev.time;
        let from = self.parties[ix].call;
        self.parties[ix].accrue(at);
        let state = self.parties[ix].state.word();
        self.write_part(ix, at, Some(Cause::Moved), state);
        self.unlink_from_call(ix);
        let (call_id, first) = (self.calls[to].id, self.calls[to].parties);
        let before = self.part_of(&self.parties[ix]);
        let party = &mut self.parties[ix];
        let part = LegKey { call: call_id, dn: party.dn, offered_at: at };
        party.call = to;
        party.next_in_call = first;
        let base = (party.ring_ms, party.talk_ms + party.consult_ms, party.hold_ms);
        let moved = Move { part, before, base };
        if party.moved == NIL {
            party.moved = self.moves.insert(moved);
        } else {
            self.moves[party.moved] = moved;
        }
        self.calls[to].parties = ix;
        let connected = self.parties[ix].answered_at;
        if let Some(answered_at) = connected {
            let first = &mut self.calls[to].first_connected_at;
            *first = if *first == Micros::MAX { answered_at } else { *first };
            let is_machine = self.devices[self.parties[ix].dn.index()].kind.is_machine();
            self.calls[to].connected_to_agent |= !self.parties[ix].observer && !is_machine;
        }
        self.hold_call_open(to, false);
        let conference = ev.call_state == CallState::CONFERENCED;
        let merge = if conference { Merge::Conference } else { Merge::Transfer };
        self.merged(from, call_id, merge);
        self.let_call_go(from, false, at);
    }

    /// What names a party in its present call.
    pub(super) fn part_of(&self, party: &Party) -> LegKey {
        if party.moved == NIL { party.leg } else { self.moves[party.moved].part }
    }

    /// EventPartyChanged on a queue: the stays of the old ConnID belong to the new one, and go on waiting.
    fn rekey_stays(&mut self, ev: &TEvent<'_>, names: &Names) {
        let moved = ev.previous_conn.is_some() && ev.previous_conn != ev.conn;
        let from = if moved { self.find_call(ev.switch, ev.previous_conn) } else { None };
        let Some(from) = from else {
            self.out.odd(Anomaly::StayUnknown);
            return;
        };
        let mut at = self.calls[from].stays;
        if self.find_stay_on(from, ev.this_dn).is_none() {
            self.out.odd(Anomaly::StayUnknown);
            return;
        }
        let Some(to) = self.call_of(ev, ev.conn, names) else { return };
        while at != NIL {
            let (ix, next) = (at, self.stays[at].next_in_call);
            at = next;
            if self.stays[ix].queue != ev.this_dn {
                continue;
            }
            self.unlink_stay_from_call(ix);
            let is_virtual = self.stays[ix].is_virtual;
            self.stays[ix].call = to;
            self.stays[ix].next_in_call = self.calls[to].stays;
            self.stays[ix].last_event = self.event;
            self.calls[to].stays = ix;
            self.hold_call_open(to, is_virtual);
            self.let_call_go(from, is_virtual, ev.time);
        }
        self.merged(from, self.calls[to].id, Merge::Transfer);
    }

    /// A call became part of another.
    fn merged(&mut self, call: Ix, into: Uuid, merge: Merge) {
        let kin = self.kin_of_mut(call);
        (kin.merged_into, kin.merge) = (into, Some(merge));
    }

    /// EventPartyAdded: somebody joined the conference this party is in.
    pub(super) fn on_party_added(&mut self, ev: &TEvent<'_>, names: &Names) {
        if !self.needs_dn(ev) {
            return;
        }
        let Some(ix) = self.party_of(ev, ev.conn) else {
            self.out.odd(Anomaly::PartyUnknown);
            let completed = ev.call_state == CallState::CONFERENCED
                && ev.other_role != DnRole::OBSERVER
                && ev.third_party_dn == ev.this_dn;
            if completed {
                let agent = self.devices[ev.this_dn.index()].agent;
                self.count(agent, AgentCount::Conferences, ev.time);
            }
            return;
        };
        let Some(call) = self.call_of(ev, ev.conn, names) else { return };
        self.note_event(ix, ev);
        let (agent, call_type) = (self.parties[ix].agent, self.parties[ix].call_type);
        if ev.other_role == DnRole::OBSERVER || self.parties[ix].observer {
            return;
        }
        self.occurred(ix, Momentary::CallConferencePartyAdded, call_type, ev.time);
        if ev.call_state == CallState::CONFERENCED && ev.third_party_dn == ev.this_dn {
            self.calls[call].conference_count += 1;
            self.count(agent, AgentCount::Conferences, ev.time);
            self.occurred(ix, Momentary::CallConferenceMade, call_type, ev.time);
        }
    }

    /// EventPartyDeleted: somebody left the conference this party is in. The party itself stays.
    pub(super) fn on_party_deleted(&mut self, ev: &TEvent<'_>, names: &Names) {
        if !self.needs_dn(ev) {
            return;
        }
        let Some(ix) = self.party_of(ev, ev.conn) else {
            self.out.odd(Anomaly::PartyUnknown);
            return;
        };
        let call = self.parties[ix].call;
        self.call_of(ev, ev.conn, names);
        self.note_event(ix, ev);
        if self.parties[ix].observer || self.observed_from(call, names.find_dn(ev.switch, ev.other_number)) {
            return;
        }
        let call_type = self.parties[ix].call_type;
        self.occurred(ix, Momentary::CallConferencePartyDeleted, call_type, ev.time);
    }

    /// Whether an observer is or was just now in the call on this DN: who comes and goes unseen makes no conference.
    fn observed_from(&self, call: Ix, dn: DnId) -> bool {
        dn.is_some() && self.parties_on(dn).any(|ix| self.parties[ix].call == call && self.parties[ix].observer)
    }

    /// EventCallInfoChanged and EventAttachedDataChanged: the call type may have been corrected.
    pub(super) fn on_call_info(&mut self, ev: &TEvent<'_>, names: &Names) {
        if !ev.conn.is_some() || self.find_call(ev.switch, ev.conn).is_none() {
            return;
        }
        self.call_of(ev, ev.conn, names);
        if let Some(ix) = self.party_of(ev, ev.conn) {
            // Data without a type must not turn a known type into "unknown".
            let known = ev.call_type.is_some_and(|t| t != CallType::Unknown) || ev.kind == EventKind::CALL_INFO_CHANGED;
            if known {
                self.note_event(ix, ev);
            } else {
                self.note_event(ix, &TEvent { call_type: None, ..*ev });
            }
        }
    }
}
