//! What happens to one party while it lives: it opens, is answered, held and changes type, with all that follows from it. How it ends is in
//! `release.rs`.

use super::anomaly::Anomaly;
use super::party::{Opening, Party, PartyState, Phases, Signal, Step};
use super::slab::{Ix, NIL};
use super::world::World;
use crate::model::action::{AgentCount, Durable, Momentary, Retrospective};
use crate::model::identity::LegKey;
use crate::model::ids::{AgentId, DnId};
use crate::model::names::Names;
use crate::model::tevent::{CallState, CallType, DnRole, TEvent};
use crate::model::time::{Micros, Span};

/// Most open parties on one DN, and most parties and stays of one call.
pub(super) const PARTIES_MAX: u32 = 4096;

impl World {
    /// EventRinging, and EventBridged for a bridged appearance.
    pub(super) fn on_opening(&mut self, ev: &TEvent<'_>, how: Opening, names: &Names) {
        if !self.needs_dn(ev) {
            return;
        }
        if self.devices[ev.this_dn.index()].is_queue {
            self.out.odd(Anomaly::PhoneEventOnQueue);
            return;
        }
        let Some(call) = self.call_of(ev, ev.conn, names) else { return };
        if let Some(ix) = self.find_party(call, ev.this_dn) {
            self.repeated(ix, ev, Signal::Ringing);
            return;
        }
        if !self.has_room(call, ev.this_dn) {
            return;
        }
        self.resolve_targets(call, names);
        let ix = self.open_party(call, ev, how);
        if how == Opening::Ringing {
            self.begin_ringing(ix, ev);
        } else {
            self.answer(ix, PartyState::Connected, ev);
        }
    }

    /// An opening event of a party that is open: it may still say something new.
    pub(super) fn repeated(&mut self, ix: Ix, ev: &TEvent<'_>, signal: Signal) {
        self.note_event(ix, ev);
        if self.parties[ix].state.on(signal) == Step::Odd {
            self.out.odd(Anomaly::PartyOutOfState);
        }
    }

    pub(super) fn begin_ringing(&mut self, ix: Ix, ev: &TEvent<'_>) {
        let at = ev.time;
        let observer = self.parties[ix].observer;
        self.start_durable(ix, if observer { Durable::CallObserving } else { Durable::CallRinging }, at);
        if !observer {
            let call = self.parties[ix].call;
            let first = &mut self.calls[call].first_alerting_at;
            *first = at.min(*first);
            let (agent, call_type) = (self.parties[ix].agent, self.parties[ix].call_type);
            self.occurred(ix, Momentary::CallOffered, call_type, at);
            self.count(agent, AgentCount::Offered, at);
            let party = &mut self.parties[ix];
            if ev.call_state == CallState::CONFERENCED {
                party.conferenced = true;
            } else if ev.call_state == CallState::TRANSFERRED || ev.third_party_role == DnRole::TRANSFERRED_BY {
                party.transferred_to = true;
                party.transferred_by_ring = true;
            }
            self.offer_to(ix);
        }
        let agent = self.parties[ix].agent;
        self.refresh(agent, at);
    }

    /// EventDialing. On a queue it is a predictive call.
    pub(super) fn on_dialing(&mut self, ev: &TEvent<'_>, names: &Names) {
        if !self.needs_dn(ev) {
            return;
        }
        if self.devices[ev.this_dn.index()].is_queue {
            self.on_attempt(ev, names);
            return;
        }
        let Some(call) = self.call_of(ev, ev.conn, names) else { return };
        if let Some(ix) = self.find_party(call, ev.this_dn) {
            self.repeated(ix, ev, Signal::Dialing);
            return;
        }
        if !self.has_room(call, ev.this_dn) {
            return;
        }
        if ev.held_conn.is_some()
            && let Some(held) = self.find_call(ev.switch, ev.held_conn)
        {
            self.kin_of_mut(call).parent = self.calls[held].id;
        }
        let ix = self.open_party(call, ev, Opening::Dialing);
        self.start_durable(ix, Durable::CallDialing, ev.time);
        let agent = self.parties[ix].agent;
        match self.parties[ix].call_type {
            CallType::Outbound => self.count(agent, AgentCount::OutboundMade, ev.time),
            CallType::Internal => self.count(agent, AgentCount::InternalMade, ev.time),
            _ => {}
        }
        self.refresh(agent, ev.time);
    }

    /// Established, held, retrieved, network reached, busy: an event of a party that should be there.
    pub(super) fn on_signal(&mut self, ev: &TEvent<'_>, signal: Signal, names: &Names) {
        if !self.needs_dn(ev) {
            return;
        }
        if self.devices[ev.this_dn.index()].is_queue {
            if !self.attempt_goes_on(ev, names) {
                self.out.odd(Anomaly::PhoneEventOnQueue);
            }
            return;
        }
        let opens = !matches!(signal, Signal::NetworkReached | Signal::DestinationBusy);
        if !opens && self.party_of(ev, ev.conn).is_none() {
            self.out.odd(Anomaly::PartyUnknown);
            return;
        }
        let Some(call) = self.call_of(ev, ev.conn, names) else { return };
        let ix = match self.find_party(call, ev.this_dn) {
            Some(ix) => ix,
            None if !self.has_room(call, ev.this_dn) => return,
            None => {
                self.resolve_targets(call, names);
                let how = if signal == Signal::Established { Opening::Established } else { Opening::Joined };
                if how == Opening::Joined {
                    self.out.odd(Anomaly::PartyJoinedInProgress);
                    self.calls[call].joined_in_progress |= self.calls[call].started_at == ev.time;
                }
                let ix = self.open_party(call, ev, how);
                let state = if signal == Signal::Held { PartyState::Held } else { PartyState::Connected };
                self.answer(ix, state, ev);
                return;
            }
        };
        self.note_event(ix, ev);
        match self.parties[ix].state.on(signal) {
            Step::Keep => {}
            Step::Enter(state) => self.enter(ix, state, ev),
            Step::Answer(state) => self.answer(ix, state, ev),
            Step::Close => unreachable!("only releases close a party"),
            Step::Odd => self.out.odd(Anomaly::PartyOutOfState),
        }
    }

    /// EventReleased and EventAbandoned, on a phone or on a queue.
    pub(super) fn on_end(&mut self, ev: &TEvent<'_>, signal: Signal, names: &Names) {
        if !self.needs_dn(ev) {
            return;
        }
        if self.devices[ev.this_dn.index()].is_queue {
            self.on_queue_end(ev, signal, names);
            return;
        }
        let found = self.find_call(ev.switch, ev.conn).and_then(|call| self.find_party(call, ev.this_dn));
        let Some(ix) = found else {
            self.out.odd(if ev.conn.is_some() { Anomaly::PartyUnknown } else { Anomaly::CallEventWithoutConn });
            return;
        };
        self.call_of(ev, ev.conn, names);
        self.note_event(ix, ev);
        self.side = self.side_of(ev);
        self.close_party(ix, ev.time, signal, ev.call_state);
        self.side = None;
    }

    /// The open party of a call on a DN.
    pub(super) fn find_party(&self, call: Ix, dn: DnId) -> Option<Ix> {
        self.parties_on(dn).find(|&ix| self.parties[ix].call == call && self.parties[ix].is_open())
    }

    /// Whether one more party fits on the DN and in the call; a feed that loses every release must not cost our time.
    pub(super) fn has_room(&mut self, call: Ix, dn: DnId) -> bool {
        let call = &self.calls[call];
        let fits = self.devices[dn.index()].open_parties < PARTIES_MAX && call.open + call.closed_parties < PARTIES_MAX;
        if !fits {
            self.out.odd(Anomaly::PartyRefused);
        }
        fits
    }

    /// Opens a party in the state its first event implies; the caller continues from there.
    pub(super) fn open_party(&mut self, call: Ix, ev: &TEvent<'_>, how: Opening) -> Ix {
        let (at, dn) = (ev.time, ev.this_dn);
        let leg = LegKey { call: self.calls[call].id, dn, offered_at: at };
        let device = &self.devices[dn.index()];
        let (bound, was_idle) = (device.agent, device.is_busy_without_call());
        let state = if how == Opening::Dialing { PartyState::Dialing } else { PartyState::Alerting };
        let ix = self.parties.insert(Party {
            call,
            dn,
            switch: ev.switch,
            next_on_dn: self.devices[dn.index()].parties,
            next_in_call: self.calls[call].parties,
            state,
            state_since: at,
            closed_at: Micros::MAX,
            closed_order: 0,
            abandoned: false,
            observer: ev.this_role == DnRole::OBSERVER
                || ev.call_state == CallState::BRIDGED
                || ev.kind == crate::model::tevent::EventKind::BRIDGED,
            call_type: ev.call_type.unwrap_or(self.calls[call].call_type),
            opened_by: how,
            opened_order: self.order,
            consults: how == Opening::Dialing && ev.held_conn.is_some(),
            dn_role: ev.this_role,
            agent: AgentId::NONE,
            agent_since: at,
            claim: AgentId::NONE,
            dn_was_bound: bound.is_some(),
            leg_agent: AgentId::NONE,
            leg_session: None,
            talk_since: at,
            held_since: at,
            accrued_at: at,
            ring_ms: 0,
            dial_ms: 0,
            talk_ms: 0,
            consult_ms: 0,
            hold_ms: 0,
            hold_count: 0,
            answered_at: None,
            answered_order: 0,
            transferred_to: false,
            transferred_by_ring: false,
            transfer_counted: false,
            conferenced: false,
            busy: false,
            opened_queue: ev.this_queue,
            this_queue: ev.this_queue,
            credits: NIL,
            phases: Phases::default(),
            phase_since: at,
            leg,
            moved: NIL,
            wrap: NIL,
            is_forgotten: false,
            last_event: self.event,
        });
        self.trail_opens(ix, state.word(), at);
        self.devices[dn.index()].parties = ix;
        self.devices[dn.index()].open_parties += 1;
        self.devices[dn.index()].had_party = true;
        self.calls[call].parties = ix;
        self.hold_call_open(call, false);
        self.end_attempt(call, at);
        if was_idle {
            self.off_hook_changed(bound, false);
        }
        self.claim(ix, ev.agent);
        let agent = if bound.is_some() { bound } else { self.claimed_agent(ix) };
        self.parties[ix].agent = agent;
        self.add_load(ix, 1);
        self.take_leg_agent(ix);
        ix
    }

    /// What every event of a party may say besides its meaning.
    pub(super) fn note_event(&mut self, ix: Ix, ev: &TEvent<'_>) {
        self.parties[ix].last_event = self.event;
        if ev.this_queue.is_some() {
            self.parties[ix].this_queue = ev.this_queue;
        }
        if ev.agent.is_some() && self.parties[ix].claim.is_none() {
            self.claim(ix, ev.agent);
            self.attribute(ix, ev.time);
        }
        if let Some(call_type) = ev.call_type {
            self.change_type(ix, call_type, ev.time);
        }
    }

    /// The call type follows every event: a running talk action ends and one of the new type begins.
    pub(super) fn change_type(&mut self, ix: Ix, call_type: CallType, at: Micros) {
        let old = self.parties[ix].call_type;
        if old == call_type {
            return;
        }
        let durables = self.durables(ix);
        self.parties[ix].accrue(at);
        for what in durables.into_iter().flatten() {
            self.end_durable(ix, what, at);
        }
        self.leg_retyped(ix, call_type, at);
        self.add_load(ix, -1);
        let party = &mut self.parties[ix];
        party.state_since = at;
        party.call_type = call_type;
        self.add_load(ix, 1);
        for what in durables.into_iter().flatten() {
            self.start_durable(ix, what, at);
        }
        let agent = self.parties[ix].agent;
        self.refresh(agent, at);
    }

    /// Connected for the first time.
    pub(super) fn answer(&mut self, ix: Ix, state: PartyState, ev: &TEvent<'_>) {
        let at = ev.time;
        let party = &self.parties[ix];
        let (how, since, call_type) = (party.opened_by, party.state_since, party.call_type);
        let was_alerting = party.state == PartyState::Alerting;
        let joined = matches!(how, Opening::Established | Opening::Joined);
        self.parties[ix].accrue(at);
        let observer = self.parties[ix].observer;
        if !joined && !observer {
            let what = if was_alerting { Durable::CallRinging } else { Durable::CallDialing };
            self.end_durable(ix, what, at);
        }
        self.move_to(ix, PartyState::Connected, at);
        self.take_leg_agent(ix);
        let order = self.order;
        let party = &mut self.parties[ix];
        party.answered_at = Some(at);
        party.answered_order = order;
        party.talk_since = at;
        party.note_phase(at, false);
        if observer {
            if joined {
                self.start_durable(ix, Durable::CallObserving, at);
            }
        } else {
            self.count_answer(ix, joined, was_alerting, at - since);
            self.start_durable(ix, Durable::CallTalk, at);
            let call = self.parties[ix].call;
            let first = &mut self.calls[call].first_connected_at;
            *first = at.min(*first);
            self.calls[call].connected_to_agent |= !self.devices[self.parties[ix].dn.index()].kind.is_machine();
            self.stays_answered(ix);
            self.count_transfer_received(ix, at);
            self.supersede_wrap(ix);
            let made = how == Opening::Dialing;
            self.occurred(ix, if made { Momentary::CallOriginated } else { Momentary::CallReceived }, call_type, at);
        }
        if state == PartyState::Held {
            self.enter(ix, PartyState::Held, ev);
        }
        let agent = self.parties[ix].agent;
        self.refresh(agent, at);
    }

    pub(super) fn count_answer(&mut self, ix: Ix, joined: bool, was_alerting: bool, lasted: Span) {
        let party = &self.parties[ix];
        let (agent, call_type, at) = (party.agent, party.call_type, party.answered_at.unwrap_or_default());
        if party.opened_by == Opening::Dialing {
            self.finished(ix, Retrospective::CallDialed, lasted, at);
            if call_type == CallType::Consult {
                self.count(agent, AgentCount::ConsultMade, at);
            }
            return;
        }
        if was_alerting && !joined {
            self.finished(ix, Retrospective::CallAnswered, lasted, at);
        }
        self.count(agent, AgentCount::Answered, at);
        if call_type == CallType::Consult {
            self.count(agent, AgentCount::ConsultReceived, at);
        }
    }

    /// Counts a transfer received once, the first moment the party is both connected and marked.
    pub(super) fn count_transfer_received(&mut self, ix: Ix, at: Micros) {
        let party = &self.parties[ix];
        // A leg that a queue delivers after the transfer is the queue's, not the transfer's.
        let by_queue = party.transferred_by_ring && party.credits != NIL;
        if party.transferred_to && party.answered_at.is_some() && !party.transfer_counted && !by_queue {
            let (agent, call_type) = (party.agent, party.call_type);
            self.parties[ix].transfer_counted = true;
            self.count(agent, AgentCount::TransfersReceived, at);
            self.occurred(ix, Momentary::CallTransferTaken, call_type, at);
        }
    }

    /// A change of state without answer or end: hold, retrieve, busy.
    pub(super) fn enter(&mut self, ix: Ix, state: PartyState, ev: &TEvent<'_>) {
        let at = ev.time;
        let before = self.parties[ix].state;
        self.parties[ix].accrue(at);
        match (before, state) {
            (PartyState::Connected, PartyState::Held) => {
                self.move_to(ix, state, at);
                self.parties[ix].hold_count += 1;
                self.parties[ix].held_since = at;
                let (call, agent) = (self.parties[ix].call, self.parties[ix].agent);
                self.calls[call].hold_count += 1;
                if !self.parties[ix].observer {
                    self.start_durable(ix, Durable::CallOnHold, at);
                    self.count(agent, AgentCount::Holds, at);
                    self.leg_phase(ix, Durable::CallTalk, Some(Durable::CallOnHold), at);
                }
                self.parties[ix].note_phase(at, true);
            }
            (PartyState::Held, PartyState::Connected) => {
                let lasted = at - self.parties[ix].held_since;
                if !self.parties[ix].observer {
                    self.end_durable(ix, Durable::CallOnHold, at);
                    self.finished(ix, Retrospective::CallRetrievedFromHold, lasted, at);
                    self.leg_phase(ix, Durable::CallOnHold, Some(Durable::CallTalk), at);
                }
                self.parties[ix].note_phase(at, false);
                self.move_to(ix, state, at);
            }
            _ => {
                self.parties[ix].busy = ev.call_state == CallState::BUSY;
                self.move_to(ix, state, at);
            }
        }
        let agent = self.parties[ix].agent;
        self.refresh(agent, at);
    }

    /// Changes the state and what it adds to the agent's load; the time before must have been accrued.
    pub(super) fn move_to(&mut self, ix: Ix, state: PartyState, at: Micros) {
        self.add_load(ix, -1);
        let party = &mut self.parties[ix];
        party.state = state;
        party.state_since = at;
        self.add_load(ix, 1);
        self.trail_enters(ix, state.word(), at);
    }
}
