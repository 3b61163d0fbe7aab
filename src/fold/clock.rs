//! The agent's clock: which status he has had since when, as stretches that are longer than nothing.
//!
//! A status that begins and ends at the same microsecond never was: if the one before comes back, it has not been
//! interrupted. A stretch is therefore counted and written only once time has moved past its begin, and the one before it
//! only once it cannot come back.

use super::agent::Stretch;
use super::slab::Ix;
use super::world::World;
use crate::model::action::{Action, Status};
use crate::model::ids::{AgentId, DnId, EventId, ReasonId, Uuid};
use crate::model::names::Names;
use crate::model::row::AgentStateRow;
use crate::model::table::{ReasonCode, ReasonKey, Tenant};
use crate::model::time::{Micros, ms_between};

/// Some of all agents.
#[derive(Clone, Debug, Default)]
pub(super) struct AgentSet(Vec<u64>);

impl AgentSet {
    /// Puts an agent in or out.
    #[inline]
    fn set(&mut self, agent: AgentId, is_in: bool) {
        let (word, bit) = (agent.index() / 64, 1 << (agent.index() % 64));
        if word >= self.0.len() {
            if !is_in {
                return;
            }
            self.0.resize(word + 1, 0);
        }
        self.0[word] = if is_in { self.0[word] | bit } else { self.0[word] & !bit };
    }

    /// Its agents in the order of ids.
    fn iter(&self) -> impl Iterator<Item = AgentId> {
        self.0.iter().enumerate().flat_map(|(i, word)| {
            let bits = (0..64).filter(move |bit| word >> bit & 1 == 1);
            bits.map(move |bit| AgentId((i * 64 + bit) as u32))
        })
    }
}

impl World {
    /// Derives the agent's status anew and books a change at `at`.
    pub(super) fn refresh(&mut self, agent: AgentId, at: Micros) {
        if agent.is_none() {
            return;
        }
        let a = &mut self.agents[agent.index()];
        let status = a.derive_status();
        let reason = if matches!(status, Status::NotReady | Status::Acw) { a.reason } else { ReasonId::NONE };
        if status == a.now.status && reason == a.now.reason {
            return;
        }
        // A clock never goes back: not behind its present stretch, nor behind what can still be corrected, nor behind
        // a change of the queues whose agents he counts among.
        let at = at.max(a.now.since).max(self.edge).max(a.members_at);
        let from = a.now.status;
        if status != from {
            if let Some(session) = &mut a.session {
                session.status_ms[from as usize] += ms_between(a.status_since, at);
            }
            a.status_since = at;
            self.out.push(Action::StatusChanged { agent, from, to: status, at });
        }
        for (status, reason, stop) in [(from, self.agents[agent.index()].now.reason, true), (status, reason, false)] {
            if matches!(status, Status::NotReady | Status::Acw) {
                self.out.push(Action::ReasonTime { agent, status, reason, stop, at });
            }
        }
        if from == Status::Acw && status != Status::Acw {
            self.acw_stretch_ended(agent, at);
        }
        self.turn_stretch(agent, status, reason, at);
        if status == Status::Acw && from != Status::Acw {
            self.acw_stretch_began(agent, at);
        }
    }

    /// Ends the present stretch at `at` and begins the next one.
    fn turn_stretch(&mut self, agent: AgentId, status: Status, reason: ReasonId, at: Micros) {
        self.begin_stretch(agent, status, reason, at);
        let now = &self.agents[agent.index()].now;
        let awaits = !now.committed && matches!(now.status, Status::NotReady | Status::Acw);
        self.uncommitted.set(agent, awaits);
    }

    fn begin_stretch(&mut self, agent: AgentId, status: Status, reason: ReasonId, at: Micros) {
        let a = &mut self.agents[agent.index()];
        if at > a.now.since && a.now.status != Status::LoggedOut {
            self.commit_stretch(agent);
            self.write_stretch_before(agent);
            let a = &mut self.agents[agent.index()];
            a.now.until = at;
            a.now.last_event = self.event;
            a.before = Some(a.now);
        } else if let Some(before) = a.before
            && before.until == at
            && before.status == status
            && before.reason == reason
        {
            // What came between was empty: the stretch before goes on.
            a.now = before;
            a.before = None;
            return;
        }
        let (call, queue) = self.call_behind(agent, status);
        let a = &mut self.agents[agent.index()];
        let run_since = a.before.filter(|b| b.status == status && b.until == at).map_or(at, |b| b.run_since);
        a.now = Stretch {
            status,
            reason,
            since: at,
            run_since,
            until: at,
            committed: false,
            seq: 0,
            run: 0,
            call,
            queue,
            work_mode: a.work_mode,
            readiness: a.readiness,
            hardware_reason: a.hardware_reason,
            dnd: a.dnd_dns > 0,
            last_event: self.event,
        };
    }

    /// The call and queue that make a status: those of the first open party with that state.
    fn call_behind(&self, agent: AgentId, status: Status) -> (Uuid, DnId) {
        if !(matches!(status, Status::Ringing | Status::Dialing | Status::Held | Status::Busy)
            || status.call_type().is_some())
        {
            return (Uuid::NONE, DnId::NONE);
        }
        let a = &self.agents[agent.index()];
        let on_devices = a.dns.iter().flat_map(|dn| self.parties_on(*dn));
        for ix in on_devices.chain(a.claims.iter().copied()) {
            let party = &self.parties[ix];
            if party.agent == agent && party.is_open() && self.status_of_party(ix) == Some(status) {
                return (self.calls[party.call].id, self.credit_named(ix).map_or(DnId::NONE, |c| c.key.queue));
            }
        }
        (Uuid::NONE, DnId::NONE)
    }

    /// Counts the present stretch, which has proven longer than nothing.
    pub(super) fn commit_stretch(&mut self, agent: AgentId) {
        let a = &mut self.agents[agent.index()];
        if a.now.committed || a.now.status == Status::LoggedOut {
            return;
        }
        let Some(session) = &mut a.session else { return };
        let entered = a.before.is_none_or(|b| b.status.word() != a.now.status.word() || b.until != a.now.since);
        session.state_seq += 1;
        session.state_run += i32::from(entered);
        a.now.committed = true;
        self.uncommitted.set(agent, false);
        a.now.seq = session.state_seq;
        a.now.run = session.state_run;
        let (status, reason, at) = (a.now.status, a.now.reason, a.now.since);
        self.out.push(Action::StateBegan { agent, status, reason, entered, at });
    }

    /// Counts the present stretches that began before `edge`, where an interval ends: those that have entries in its rows.
    pub fn commit_stretches_before(&mut self, edge: Micros) {
        let agents: Vec<AgentId> = self.uncommitted.iter().collect();
        for agent in agents {
            let a = &self.agents[agent.index()];
            if a.session.is_some() && a.now.since < edge {
                self.commit_stretch(agent);
            }
        }
    }

    /// No agent's clock goes back behind `edge`: intervals before it are over for good.
    pub fn clocks_go_back_to(&mut self, edge: Micros) {
        self.edge = edge;
    }

    /// Writes the stretch before the present one, which cannot come back any more.
    pub(super) fn write_stretch_before(&mut self, agent: AgentId) {
        let a = &mut self.agents[agent.index()];
        let Some(stretch) = a.before.take() else { return };
        let row = self.state_row(agent, &stretch, stretch.until, true);
        self.out.states.extend(row);
    }

    /// Ends the clock of an agent whose session ends at `at`, writing what is left of it.
    pub(super) fn stop_clock(&mut self, agent: AgentId, at: Micros, end_known: bool) {
        let a = &self.agents[agent.index()];
        if at > a.now.since {
            self.commit_stretch(agent);
        }
        self.write_stretch_before(agent);
        let now = self.agents[agent.index()].now;
        if now.committed {
            let row = self.state_row(agent, &Stretch { last_event: self.event, ..now }, at, end_known);
            self.out.states.extend(row);
        }
    }

    fn state_row(&self, agent: AgentId, s: &Stretch, until: Micros, end_known: bool) -> Option<AgentStateRow> {
        let session = self.agents[agent.index()].session.as_ref()?;
        let with_reason = matches!(s.status, Status::NotReady | Status::Acw);
        let hidden = !matches!(s.status, Status::Ready | Status::NotReady | Status::Acw);
        Some(AgentStateRow {
            tenant_id: Tenant(session.switch),
            agent_session_id: session.key,
            seq: s.seq,
            state_run_id: s.run,
            agent_id: agent,
            dn: session.primary_dn,
            queue_id: s.queue,
            media_type: "voice",
            call_type: s.status.call_type().map(crate::model::tevent::CallType::word),
            state: s.status.word(),
            started_at: s.since,
            ended_at: until,
            duration_ms: ms_between(s.since, until),
            work_mode: if with_reason { s.work_mode.not_ready_name() } else { None },
            call_id: s.call.some(),
            reason_key: with_reason.then_some(ReasonKey(s.reason)),
            reason_code: with_reason.then_some(ReasonCode(s.reason)),
            reason_kind: (with_reason && s.reason.is_some()).then_some(if s.hardware_reason {
                "hardware"
            } else {
                "software"
            }),
            pending_state: hidden.then_some(s.readiness.word()),
            is_dnd: s.dnd,
            end_known,
            revision: 1,
            last_event_id: s.last_event,
            written_at: self.now,
        })
    }

    /// Number and reason of the present not-ready stretch as texts, for views.
    #[must_use]
    pub fn reason_of<'n>(&self, agent: AgentId, names: &'n Names) -> Option<(&'n str, &'n str)> {
        let a = self.agents.get(agent.index())?;
        matches!(a.now.status, Status::NotReady | Status::Acw).then(|| names.reason_text(a.now.reason))
    }

    /// Queue of the call that makes the agent's status.
    #[must_use]
    pub fn queue_behind(&self, agent: AgentId) -> DnId {
        self.agents.get(agent.index()).map_or(DnId::NONE, |a| a.now.queue)
    }

    /// Parties on a DN, open and closed.
    pub(super) fn parties_on(&self, dn: DnId) -> impl Iterator<Item = Ix> + '_ {
        let mut at = self.devices[dn.index()].parties;
        std::iter::from_fn(move || {
            let ix = at;
            if ix == super::slab::NIL {
                return None;
            }
            at = self.parties[ix].next_on_dn;
            Some(ix)
        })
    }

    /// The event being folded, for rows.
    #[must_use]
    pub const fn event(&self) -> EventId {
        self.event
    }
}
