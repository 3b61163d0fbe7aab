//! The end of a leg: its row, its share of its queues' talk and hold time, and the after-call work that belongs to it.
//!
//! A stretch of after-call work belongs to the agent's leg that was released last at or before the stretch began, if
//! readiness became after-call work no later than the settling time after that release. So a released leg is kept as a
//! [`Wrap`] until it is certain that no further stretch can be its own; then it is *handled*, at the end of its last
//! stretch, or at the release when there was none.

use super::agent::Readiness;
use super::party::{CREDITS_MAX, Credit, PartyState};
use super::slab::{Ix, NIL};
use super::world::{Timer, World};
use crate::model::action::{Action, Durable, On, Retrospective};
use crate::model::dn::DnKind;
use crate::model::identity::QueueSegmentKey;
use crate::model::ids::{AgentId, DnId};
use crate::model::row::{HandlingSegmentRow, PartyRow};
use crate::model::table::{PartyKey, Site, Tenant};
use crate::model::tevent::{CallState, CallType};
use crate::model::time::{Micros, ms_between};

/// A released leg whose after-call work may still come.
#[derive(Clone, Debug)]
pub struct Wrap {
    /// Its agent.
    pub agent: AgentId,
    /// Release.
    pub released_at: Micros,
    /// Type of its call.
    pub call_type: CallType,
    /// Counts in the agent's handled calls.
    pub counted: bool,
    /// Begin of the stretch that runs.
    pub stretch_since: Option<Micros>,
    /// The queues it is credited to.
    pub credits: [Option<Credit>; CREDITS_MAX],
    /// Its row, complete but for the after-call work.
    pub row: HandlingSegmentRow,
}

impl Wrap {
    fn queues(&self) -> impl Iterator<Item = &QueueSegmentKey> {
        self.credits.iter().flatten().filter(|c| c.answered).map(|c| &c.key)
    }

    fn handle_ms(&self) -> i64 {
        self.row.talk_ms + self.row.consult_ms + self.row.hold_ms + self.row.acw_ms
    }
}

impl World {
    /// A leg left its call: writes it, or keeps it for its wrap.
    pub(super) fn leg_released(&mut self, ix: Ix, state: PartyState, abandoned: bool, why: CallState, at: Micros) {
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
        let mut row = self.leg_row(ix);
        row.released_at = Some(at);
        // Of a party that was lost nobody knows how it ended.
        row.result = Some(if self.losing && row.answered_at.is_none() { "error" } else { result });
        row.end_known = !self.losing;
        row.is_complete = !self.losing;
        let party = &self.parties[ix];
        let (agent, call_type) = (party.leg_agent, party.call_type);
        let Some(answered_at) = party.answered_at else {
            self.out.legs.push(row);
            return;
        };
        // An agent who logged out during the call keeps the leg, but his own columns ended with his session.
        let counted = party.is_counted_as_handled() && party.agent == agent;
        if party.is_counted_as_handled() && party.agent.is_some() {
            let lasted_ms = ms_between(answered_at, at);
            self.out.push(Action::LegReleased { agent: party.agent, lasted_ms, at });
        }
        let wrap = Wrap {
            agent,
            released_at: at,
            call_type,
            counted,
            stretch_since: None,
            credits: party.credits.clone(),
            row,
        };
        // After-call work that runs keeps the leg it began for; this call was on a DN that is somebody else's by now.
        let wraps_another = |w: Ix| self.wraps[w].stretch_since.is_some();
        let waits = agent.is_some()
            && self.parties[ix].role() != "initiated_consult"
            && self.agents[agent.index()].is_logged_in()
            && !self.agents[agent.index()].wrap.is_some_and(wraps_another);
        if !waits {
            self.handled(wrap, at);
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
        if party.role() == "initiated_consult" || agent.is_none() || !bound {
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
        let wrap = self.wraps[ix].clone();
        self.wraps.remove(ix);
        let agent = &mut self.agents[wrap.agent.index()];
        if agent.wrap == Some(ix) {
            agent.wrap = None;
        }
        let at = wrap.row.acw_ended_at.unwrap_or(wrap.released_at);
        self.handled(wrap, at);
    }

    fn handled(&mut self, wrap: Wrap, at: Micros) {
        let handle_ms = wrap.handle_ms();
        let agent = wrap.agent;
        if wrap.counted && agent.is_some() {
            self.out.push(Action::LegHandled { on: On::Device { dn: DnId::NONE, agent }, handle_ms, at });
        }
        for key in wrap.queues() {
            let on = On::Queue { queue: key.queue, agent, entered_at: key.entered_at };
            self.out.push(Action::LegHandled { on, handle_ms, at });
        }
        self.out.legs.push(HandlingSegmentRow { written_at: self.now, ..wrap.row });
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
        let call_type = wrap.call_type;
        let marks: [_; CREDITS_MAX] =
            std::array::from_fn(|i| wrap.credits[i].as_ref().filter(|c| c.answered).map(on_queue(agent)));
        for on in marks.into_iter().flatten() {
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
            wrap.row.acw_started_at.get_or_insert(started);
            wrap.row.acw_ended_at = Some(at);
            wrap.row.acw_ms += ms;
        }
        let call_type = wrap.call_type;
        let marks: [_; CREDITS_MAX] =
            std::array::from_fn(|i| wrap.credits[i].as_ref().filter(|c| c.answered).map(on_queue(agent)));
        for on in marks.into_iter().flatten() {
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
        for i in 0..CREDITS_MAX {
            let party = &self.parties[ix];
            let Some(credit) = party.credits[i].as_ref().filter(|c| c.answered) else { continue };
            let on = on_queue(party.leg_agent)(credit);
            let call_type = party.call_type;
            let started = party.phase_since;
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
        let party = &mut self.parties[ix];
        party.note_phase(at, held);
        let on = on_queue(party.leg_agent);
        for credit in party.credits().filter(|c| c.answered) {
            self.out.push(Action::Started { what, on: on(credit), call_type, at });
        }
    }

    /// The distributed call ended at the device that answered it.
    fn queue_released(&mut self, ix: Ix, at: Micros) {
        for i in 0..CREDITS_MAX {
            let party = &self.parties[ix];
            let Some(credit) = party.credits[i].as_ref().filter(|c| c.answered) else { continue };
            let (on, call_type) = (on_queue(party.leg_agent)(credit), party.call_type);
            let lasted = at - party.answered_at.unwrap_or(at);
            self.out.push(Action::Finished { what: Retrospective::CallReleased, on, call_type, lasted, at });
        }
    }

    /// The row of a leg as it stands; times up to what was accrued.
    pub(super) fn leg_row(&self, ix: Ix) -> HandlingSegmentRow {
        let party = &self.parties[ix];
        let call = &self.calls[party.call];
        let credit = party.credit_named();
        let resource_kind = match self.devices[party.dn.index()].kind {
            DnKind::IvrPort => "ivr_port",
            _ if party.leg_agent.is_some() => "agent",
            _ => "extension",
        };
        HandlingSegmentRow {
            tenant_id: Tenant(party.switch),
            handling_segment_id: party.leg,
            call_id: call.id,
            interaction_id: call.id,
            queue_segment_id: credit.map(|c| c.key.clone()),
            queue_id: credit.map_or(DnId::NONE, |c| c.key.queue),
            resource_id: party.dn,
            resource_kind,
            agent_id: party.leg_agent,
            agent_session_id: party.leg_session,
            party_id: PartyKey(party.leg),
            offered_at: party.leg.offered_at,
            answered_at: party.answered_at,
            released_at: None,
            acw_started_at: None,
            acw_ended_at: None,
            ring_ms: party.ring_ms,
            talk_ms: party.talk_ms,
            hold_ms: party.hold_ms,
            hold_count: party.hold_count,
            acw_ms: 0,
            consult_ms: party.consult_ms,
            dial_ms: party.dial_ms,
            role: party.role(),
            result: None,
            released_by: "unknown",
            disposition_code: None,
            is_complete: false,
            end_known: false,
            revision: 1,
            last_event_id: party.last_event,
            written_at: self.now,
        }
    }

    /// Writes the party's part in its present call, which ends at `at` (`cause` absent: still open).
    pub(super) fn write_part(&mut self, ix: Ix, at: Micros, cause: Option<&'static str>, state: &'static str) {
        let party = &mut self.parties[ix];
        let call = &self.calls[party.call];
        let so_far = (party.ring_ms, party.talk_ms + party.consult_ms, party.hold_ms);
        let base = std::mem::replace(&mut party.part_base, so_far);
        let party = &self.parties[ix];
        let row = PartyRow {
            tenant_id: Tenant(party.switch),
            party_id: PartyKey(party.part),
            party_guid: PartyKey(party.leg),
            call_id: call.id,
            interaction_id: call.id,
            site_id: Site(party.switch),
            dn: party.dn,
            dn_type: self.devices[party.dn.index()].kind.word(),
            resource_id: party.dn,
            agent_id: party.leg_agent,
            agent_session_id: party.leg_session,
            role: party_role(party),
            parent_party_id: party.part_before.map(PartyKey),
            parent_link_type: party.part_before.map(|_| "moved"),
            joined_at: party.part.offered_at,
            left_at: cause.map(|_| at),
            left_cause: cause.map(|cause| if self.losing { "lost" } else { cause }),
            alerting_ms: so_far.0 - base.0,
            connected_ms: so_far.1 - base.1,
            hold_ms: so_far.2 - base.2,
            queued_ms: 0,
            treatment_ms: 0,
            acw_ms: 0,
            final_state: state,
            end_known: cause.is_some() && !self.losing,
            revision: 1,
            last_event_id: party.last_event,
            written_at: self.now,
        };
        self.out.parties.push(row);
    }

    /// Adds a queue's credit to a wrap that has begun before the queue said so.
    pub(super) fn credit_wrap(&mut self, wrap: Ix, credit: Credit) {
        if wrap == NIL {
            return;
        }
        if let Some(slot) = self.wraps[wrap].credits.iter_mut().find(|c| c.is_none()) {
            *slot = Some(credit);
        }
    }
}

/// A credit as the place of an action.
fn on_queue(agent: AgentId) -> impl Fn(&Credit) -> On {
    move |credit| On::Queue { queue: credit.key.queue, agent, entered_at: credit.key.entered_at }
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

/// Role of a party in rows.
fn party_role(party: &super::party::Party) -> &'static str {
    use crate::model::tevent::DnRole;
    if party.observer {
        return "observer";
    }
    match party.dn_role {
        DnRole::ORIGINATION => "origination",
        DnRole::CONFERENCE_MEMBER => "conference_member",
        _ if party.conferenced => "conference_member",
        _ => "destination",
    }
}
