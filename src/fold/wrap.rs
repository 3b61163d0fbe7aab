//! The end of a leg: its row, its share of its queues' talk and hold time, and the after-call work that belongs to it.
//!
//! A stretch of after-call work belongs to the agent's leg that was released last at or before the stretch began, if
//! readiness became after-call work no later than the settling time after that release. So a released leg is kept as a
//! [`Wrap`] until it is certain that no further stretch can be its own; then it is *handled*, at the end of its last
//! stretch, or at the release when there was none.

use super::agent::Readiness;
use super::ending::By;
use super::offer::credits_of;
use super::part::Cause;
use super::party::{CREDITS_MAX, PartyState};
use super::slab::{Ix, NIL};
use super::world::{Timer, World};
use crate::model::action::{Action, Durable, On, Retrospective};
use crate::model::dn::DnKind;
use crate::model::ids::{AgentId, DnId, Uuid};
use crate::model::row::HandlingSegmentRow;
use crate::model::table::{PartyKey, Tenant};
use crate::model::tevent::{CallState, CallType};
use crate::model::time::{Micros, Span, TimeRange, ms_between};

/// The end of a leg whose after-call work may still come. The leg itself is its party, which is kept as long.
#[derive(Clone, Copy, Debug)]
pub struct Wrap {
    /// Its agent.
    pub agent: AgentId,
    /// Its party, closed.
    pub party: Ix,
    /// The call it ended in, which may be gone when the wrap is over.
    pub call: Uuid,
    /// The contact of that call, as known at the release.
    pub contact: Uuid,
    /// Release.
    pub released_at: Micros,
    /// How it ended.
    pub result: &'static str,
    /// Its state before the end.
    pub state: PartyState,
    /// Why its party left.
    pub cause: Cause,
    /// Who ended it.
    pub by: By,
    /// Its end was not seen.
    pub is_lost: bool,
    /// Which of the party's credits the row names: what came later does not change it.
    pub named: Option<u8>,
    /// Type of its call.
    pub call_type: CallType,
    /// Counts in the agent's handled calls.
    pub counted: bool,
    /// Begin of the stretch that runs.
    pub stretch_since: Option<Micros>,
    /// Begin of the first stretch and end of the last one that is over.
    pub acw: Option<TimeRange>,
    /// Length of all that are over.
    pub acw_ms: i64,
}

impl World {
    /// A leg left its call for `cause`: writes it and its party, or keeps both for its wrap.
    pub(super) fn leg_released(
        &mut self,
        ix: Ix,
        state: PartyState,
        cause: Cause,
        (abandoned, why): (bool, CallState),
        at: Micros,
    ) {
        let last = match state {
            PartyState::Connected => Some(Durable::CallTalk),
            PartyState::Held => Some(Durable::CallOnHold),
            _ => None,
        };
        if let Some(what) = last {
            self.leg_phase(ix, what, None, at);
            self.queue_released(ix, at);
        }
        let result = result_of(&self.parties[ix], state, abandoned, why);
        self.tally_leg(ix, Some(result));
        let by = self.leg_ended_by(ix, state, (abandoned, why));
        let call = self.parties[ix].call;
        self.calls[call].ended_by = by;
        let party = &self.parties[ix];
        let (agent, answered_at) = (party.leg_agent, party.answered_at);
        let wrap = Wrap {
            agent,
            party: ix,
            call: self.calls[party.call].id,
            contact: self.contact_id(party.call, self.calls[party.call].id),
            released_at: at,
            // Of a party that was lost nobody knows how it ended.
            result: if self.losing && answered_at.is_none() { "error" } else { result },
            state,
            cause,
            by,
            is_lost: self.losing,
            named: self.place_named(ix),
            call_type: party.call_type,
            // An agent who logged out during the call keeps the leg, but his own columns ended with his session.
            counted: party.is_counted_as_handled() && party.agent == agent,
            stretch_since: None,
            acw: None,
            acw_ms: 0,
        };
        let Some(answered_at) = answered_at else {
            self.write_leg(&wrap);
            return;
        };
        if party.is_counted_as_handled() && party.agent.is_some() {
            let lasted_ms = ms_between(answered_at, at);
            self.out.push(Action::LegReleased { agent: party.agent, lasted_ms, at });
        }
        // After-call work that runs keeps the leg it began for; this call was on a DN that is somebody else's by now.
        let wraps_another = |w: Ix| self.wraps[w].stretch_since.is_some();
        let waits = agent.is_some()
            && !self.parties[ix].is_own_consult()
            && self.agents[agent.index()].is_logged_in()
            && !self.agents[agent.index()].wrap.is_some_and(wraps_another);
        if !waits {
            self.handled(&wrap, at);
            return;
        }
        if let Some(before) = self.agents[agent.index()].wrap {
            self.finish_wrap(before);
        }
        let wrap = self.wraps.insert(wrap);
        self.parties[ix].wrap = wrap;
        self.agents[agent.index()].wrap = Some(wrap);
        self.settle(Timer::Wrap(wrap), at);
    }

    /// A leg is answered: while it is open no after-call work begins, and after it all is its own. What the agent's leg
    /// before it has, is all it gets.
    pub(super) fn supersede_wrap(&mut self, ix: Ix) {
        let party = &self.parties[ix];
        let agent = party.leg_agent;
        // A call that is his by the events' AgentID alone may still turn out to be somebody else's.
        let bound = self.devices[party.dn.index()].agent == agent;
        if party.is_own_consult() || agent.is_none() || !bound {
            return;
        }
        if let Some(before) = self.agents[agent.index()].wrap {
            // Its running stretch, if any, ends with the status.
            self.refresh(agent, self.parties[ix].state_since);
            self.finish_wrap(before);
        }
    }

    /// The settling time after a release is over.
    pub(super) fn wrap_settled(&mut self, ix: Ix) {
        let agent = &self.agents[self.wraps[ix].agent.index()];
        let waits = agent.readiness == Readiness::Acw
            && agent.readiness_since <= self.wraps[ix].released_at + self.patience.settle;
        if !waits {
            self.finish_wrap(ix);
        }
    }

    /// Readiness left after-call work: no further stretch, unless it may come back within the settling time.
    pub(super) fn acw_left(&mut self, agent: AgentId, at: Micros) {
        if let Some(ix) = self.agents[agent.index()].wrap
            && at > self.wraps[ix].released_at + self.patience.settle
        {
            self.finish_wrap(ix);
        }
    }

    /// The wrap is over for certain: handled.
    pub(super) fn finish_wrap(&mut self, ix: Ix) {
        let wrap = self.wraps[ix];
        self.wraps.remove(ix);
        let agent = &mut self.agents[wrap.agent.index()];
        if agent.wrap == Some(ix) {
            agent.wrap = None;
        }
        self.handled(&wrap, wrap.acw.map_or(wrap.released_at, |acw| acw.end));
        self.unwrap_party(wrap.party);
    }

    fn handled(&mut self, wrap: &Wrap, at: Micros) {
        let (agent, party) = (wrap.agent, &self.parties[wrap.party]);
        let handle_ms = party.talk_ms + party.consult_ms + party.hold_ms + wrap.acw_ms;
        if wrap.counted && agent.is_some() {
            self.out.push(Action::LegHandled { on: On::Device { dn: DnId::NONE, agent }, handle_ms, at });
        }
        for on in self.queues_of(wrap.party, agent).into_iter().flatten() {
            self.out.push(Action::LegHandled { on, handle_ms, at });
        }
        self.tally_wrap(wrap);
        self.write_leg(wrap);
    }

    /// Writes a leg that is over, and its part in the last call it was in: both have its after-call work.
    fn write_leg(&mut self, wrap: &Wrap) {
        let row = self.leg_row(wrap.party, Some(wrap));
        self.out.legs.push(row);
        let row = self.wrapped_part(wrap);
        self.out.parties.push(row);
    }

    /// After-call work of a leg that was released before its queue said so: what is over, and what runs.
    pub(super) fn make_up_wrap(&mut self, party: Ix, on: On) {
        let ix = self.parties[party].wrap;
        if ix == NIL {
            return;
        }
        let (what, wrap) = (Durable::AfterCallWork, self.wraps[ix]);
        let call_type = wrap.call_type;
        if let Some(acw) = wrap.acw {
            // Stretches with something between them stand as one of their length.
            let (started, at) = (acw.start, acw.start + Span::from_millis(wrap.acw_ms));
            self.out.push(Action::Started { what, on, call_type, at: started });
            self.out.push(Action::Ended { what, on, call_type, started, at });
            self.out.push(Action::LegAccrued { on, what, ms: wrap.acw_ms });
            let what = Retrospective::AcwCompleted;
            self.out.push(Action::Finished { what, on, call_type, lasted: at - started, at });
        }
        if let Some(at) = wrap.stretch_since {
            self.out.push(Action::Started { what, on, call_type, at });
        }
    }

    /// The queues whose calls the party answered, as places of actions for its agent.
    pub(super) fn queues_of(&self, party: Ix, agent: AgentId) -> [Option<On>; CREDITS_MAX] {
        let mut answered = credits_of(&self.credits, &self.parties[party]).filter(|c| c.answered);
        std::array::from_fn(|_| {
            let key = &answered.next()?.key;
            Some(On::Queue { queue: key.queue, agent, entered_at: key.entered_at })
        })
    }

    /// The place among the party's credits of the one its row names.
    fn place_named(&self, party: Ix) -> Option<u8> {
        let named = self.credit_named(party)?;
        let mut credits = credits_of(&self.credits, &self.parties[party]);
        credits.position(|c| std::ptr::eq(c, named)).map(|place| place as u8)
    }

    /// A stretch of status after-call work begins.
    pub(super) fn acw_stretch_began(&mut self, agent: AgentId, at: Micros) {
        let a = &self.agents[agent.index()];
        let Some(ix) = a.wrap else { return };
        let wrap = &mut self.wraps[ix];
        if wrap.released_at > at || a.readiness_since > wrap.released_at + self.patience.settle {
            return;
        }
        wrap.stretch_since = Some(at);
        let (call_type, party) = (wrap.call_type, wrap.party);
        self.trail_wraps(party);
        for on in self.queues_of(party, agent).into_iter().flatten() {
            self.out.push(Action::Started { what: Durable::AfterCallWork, on, call_type, at });
        }
    }

    /// A stretch of status after-call work ends.
    pub(super) fn acw_stretch_ended(&mut self, agent: AgentId, at: Micros) {
        let Some(ix) = self.agents[agent.index()].wrap else { return };
        let wrap = &mut self.wraps[ix];
        let Some(started) = wrap.stretch_since.take() else { return };
        let ms = ms_between(started, at);
        if at > started {
            wrap.acw = Some(TimeRange { start: wrap.acw.map_or(started, |acw| acw.start), end: at });
            wrap.acw_ms += ms;
        }
        let (call_type, party, call) = (wrap.call_type, wrap.party, wrap.call);
        self.trail_wrapped(party, call, (started, at), false);
        for on in self.queues_of(party, agent).into_iter().flatten() {
            self.out.push(Action::Ended { what: Durable::AfterCallWork, on, call_type, started, at });
            self.out.push(Action::LegAccrued { on, what: Durable::AfterCallWork, ms });
            self.out.push(Action::Finished {
                what: Retrospective::AcwCompleted,
                on,
                call_type,
                lasted: at - started,
                at,
            });
        }
    }

    /// The leg's talk or hold changes: the queues that are credited with it stop one and start the other.
    pub(super) fn leg_phase(&mut self, ix: Ix, from: Durable, to: Option<Durable>, at: Micros) {
        let party = &self.parties[ix];
        let (call_type, started) = (party.call_type, party.phase_since);
        for on in self.queues_of(ix, party.leg_agent).into_iter().flatten() {
            self.out.push(Action::Ended { what: from, on, call_type, started, at });
            self.out.push(Action::LegAccrued { on, what: from, ms: ms_between(started, at) });
            if let Some(what) = to {
                self.out.push(Action::Started { what, on, call_type, at });
            }
        }
    }

    /// The call type of a leg is about to change: its queues' running action ends under the old type and goes on under
    /// the new one.
    pub(super) fn leg_retyped(&mut self, ix: Ix, call_type: CallType, at: Micros) {
        let (what, held) = match self.parties[ix].state {
            PartyState::Connected => (Durable::CallTalk, false),
            PartyState::Held => (Durable::CallOnHold, true),
            _ => return,
        };
        self.leg_phase(ix, what, None, at);
        self.parties[ix].note_phase(at, held);
        for on in self.queues_of(ix, self.parties[ix].leg_agent).into_iter().flatten() {
            self.out.push(Action::Started { what, on, call_type, at });
        }
    }

    /// The distributed call ended at the device that answered it.
    fn queue_released(&mut self, ix: Ix, at: Micros) {
        let party = &self.parties[ix];
        let (call_type, lasted) = (party.call_type, at - party.answered_at.unwrap_or(at));
        for on in self.queues_of(ix, party.leg_agent).into_iter().flatten() {
            self.out.push(Action::Finished { what: Retrospective::CallReleased, on, call_type, lasted, at });
        }
    }

    /// The row of a leg as it stands, with its end when it has left its call; times up to what was accrued.
    pub(super) fn leg_row(&self, ix: Ix, end: Option<&Wrap>) -> HandlingSegmentRow {
        let party = &self.parties[ix];
        let call = end.map_or_else(|| self.calls[party.call].id, |end| end.call);
        let credit = match end {
            Some(end) => end.named.and_then(|i| credits_of(&self.credits, party).nth(usize::from(i))),
            None => self.credit_named(ix),
        };
        let acw = end.and_then(|end| end.acw);
        // The call may be gone when the wrap is over, and its place another's.
        let disposition = if self.calls[party.call].id == call { self.disposition(party.call) } else { None };
        let is_complete = end.is_some_and(|end| !end.is_lost);
        let resource_kind = match self.devices[party.dn.index()].kind {
            DnKind::IvrPort => "ivr_port",
            _ if party.leg_agent.is_some() => "agent",
            _ => "extension",
        };
        HandlingSegmentRow {
            tenant_id: Tenant(party.switch),
            handling_segment_id: party.leg,
            call_id: call,
            interaction_id: end.map_or_else(|| self.contact_id(party.call, call), |end| end.contact),
            queue_segment_id: credit.map(|c| c.key.clone()),
            queue_id: credit.map_or(DnId::NONE, |c| c.key.queue),
            resource_id: party.dn,
            resource_kind,
            agent_id: party.leg_agent,
            agent_session_id: party.leg_session,
            party_id: PartyKey(party.leg),
            offered_at: party.leg.offered_at,
            answered_at: party.answered_at,
            released_at: end.map(|end| end.released_at),
            acw_started_at: acw.map(|acw| acw.start),
            acw_ended_at: acw.map(|acw| acw.end),
            ring_ms: party.ring_ms,
            talk_ms: party.talk_ms,
            hold_ms: party.hold_ms,
            hold_count: party.hold_count,
            acw_ms: end.map_or(0, |end| end.acw_ms),
            consult_ms: party.consult_ms,
            dial_ms: party.dial_ms,
            role: party.role(),
            result: end.map(|end| end.result),
            released_by: end.map_or(By::Unknown, |end| end.by).word(),
            disposition_code: disposition,
            is_complete,
            end_known: is_complete,
            revision: 1,
            last_event_id: party.last_event,
            written_at: self.now,
        }
    }
}

/// How a leg ended.
fn result_of(party: &super::party::Party, state: PartyState, abandoned: bool, why: CallState) -> &'static str {
    match (state, why) {
        (PartyState::Connected | PartyState::Held, CallState::TRANSFERRED) => "transferred",
        (PartyState::Connected | PartyState::Held, CallState::CONFERENCED) => "conferenced",
        (PartyState::Connected | PartyState::Held, _) => "completed",
        (PartyState::Dialing | PartyState::Failed, CallState::TRANSFERRED) => "transferred",
        (PartyState::Dialing | PartyState::Failed, CallState::CONFERENCED) => "conferenced",
        (PartyState::Dialing | PartyState::Failed, CallState::BUSY) => "busy",
        (PartyState::Failed, _) if party.busy => "busy",
        (PartyState::Failed, _) => "error",
        (PartyState::Dialing, _) => "no_answer",
        _ if abandoned => "abandoned_while_ringing",
        _ => "no_answer",
    }
}
