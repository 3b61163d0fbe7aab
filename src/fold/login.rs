//! Agent events: login and logout on DNs, queues served, readiness and reasons, do-not-disturb, hook, link outages.
//!
//! One agent on several DNs is one agent with one session, from the first DN login to the logout of the last DN, over all
//! switches. A DN has one agent: another AgentID on it ends the first binding at that instant.

use super::agent::{Readiness, Session};
use super::anomaly::Anomaly;
use super::device::Login;
use super::world::World;
use crate::model::action::{Action, AgentCount, Durable, On, Status};
use crate::model::identity::SessionKey;
use crate::model::ids::{AgentId, DnId, ReasonId, SwitchId};
use crate::model::names::Names;
use crate::model::row::{AgentSessionDnRow, AgentSessionRow};
use crate::model::table::{Site, Tenant};
use crate::model::tevent::{CallType, EventKind, TEvent, WorkMode};
use crate::model::time::{Micros, ms_between};

/// Why a session ended, as its row says; `None` while it is open.
type Why = Option<&'static str>;

impl World {
    /// EventAgentLogin. A repeat only adds a queue.
    pub(super) fn on_login(&mut self, ev: &TEvent<'_>, names: &mut Names) {
        if !self.needs_dn(ev) {
            return;
        }
        if !self.bind_event(ev, true, names) {
            return;
        }
        if ev.this_queue.is_some() {
            self.join_queue(ev.this_dn, ev.this_queue, ev.time);
        }
    }

    /// EventAgentReady, EventAgentNotReady, EventAgentAfterCallWork.
    pub(super) fn on_readiness(&mut self, ev: &TEvent<'_>, names: &mut Names) {
        if !self.needs_dn(ev) || !self.bind_event(ev, false, names) {
            return;
        }
        let after_call = ev.kind == EventKind::AGENT_AFTER_CALL_WORK
            || ev.kind == EventKind::AGENT_NOT_READY && ev.work_mode == WorkMode::AFTER_CALL_WORK;
        let readiness = match ev.kind {
            EventKind::AGENT_READY => Readiness::Ready,
            _ if after_call => Readiness::Acw,
            _ => Readiness::NotReady,
        };
        let work_mode = if after_call { WorkMode::AFTER_CALL_WORK } else { ev.work_mode };
        let agent = self.devices[ev.this_dn.index()].agent;
        let (reason, hardware) = match readiness {
            Readiness::Ready => (ReasonId::NONE, false),
            _ => self.reason_of_event(ev, work_mode, names),
        };
        self.dn_readiness(ev.this_dn, readiness, ev.time);
        let a = &mut self.agents[agent.index()];
        a.reason = reason;
        a.hardware_reason = hardware;
        a.work_mode = work_mode;
        self.set_readiness(agent, readiness, ev.time);
        self.refresh(agent, ev.time);
    }

    /// EventAgentLogout: the DN's agent is gone from it, whatever AgentID the event names.
    pub(super) fn on_logout(&mut self, ev: &TEvent<'_>) {
        if !self.needs_dn(ev) {
            return;
        }
        if self.devices[ev.this_dn.index()].agent.is_none() {
            self.out.odd(Anomaly::LogoutUnseen);
            return;
        }
        self.unbind(ev.this_dn, ev.time, Some("logout"));
    }

    /// EventQueueLogout: one queue less.
    pub(super) fn on_queue_logout(&mut self, ev: &TEvent<'_>) {
        if !self.needs_dn(ev) {
            return;
        }
        if ev.this_queue.is_none() || !self.devices[ev.this_dn.index()].login.queues.contains(&ev.this_queue) {
            self.out.odd(Anomaly::LogoutUnseen);
            return;
        }
        self.leave_queue_login(ev.this_dn, ev.this_queue, ev.time);
    }

    /// EventDNDOn and EventDNDOff.
    pub(super) fn on_dnd(&mut self, ev: &TEvent<'_>) {
        if !self.needs_dn(ev) {
            return;
        }
        let on = ev.kind == EventKind::DND_ON;
        let device = &mut self.devices[ev.this_dn.index()];
        if device.dnd == on {
            return;
        }
        device.dnd = on;
        let agent = device.agent;
        self.dnd_changed(agent, on, ev.time);
    }

    /// EventOffHook and EventOnHook.
    pub(super) fn on_hook(&mut self, ev: &TEvent<'_>) {
        if !self.needs_dn(ev) {
            return;
        }
        let off = ev.kind == EventKind::OFF_HOOK;
        let device = &mut self.devices[ev.this_dn.index()];
        if device.off_hook == off || device.is_queue {
            return;
        }
        let (agent, since) = (device.agent, device.off_hook_since);
        let was_busy = device.is_busy_without_call();
        device.off_hook = off;
        device.off_hook_since = ev.time;
        let is_busy = device.is_busy_without_call();
        if off {
            let (on, call_type) = (On::Device { dn: ev.this_dn, agent }, CallType::Unknown);
            self.out.push(Action::Started { what: Durable::OffHook, on, call_type, at: ev.time });
        } else {
            self.end_off_hook(ev.this_dn, agent, since, ev.time);
        }
        if was_busy != is_busy {
            self.off_hook_changed(agent, is_busy);
            self.refresh(agent, ev.time);
        }
    }

    /// The last party left a DN: its handset counts as replaced.
    pub(super) fn hang_up(&mut self, dn: DnId, at: Micros) {
        let device = &mut self.devices[dn.index()];
        if device.off_hook {
            device.off_hook = false;
            let (agent, since) = (device.agent, device.off_hook_since);
            self.end_off_hook(dn, agent, since, at);
        }
    }

    /// The handset is replaced: for the DN since it was lifted, for its agent no earlier than his login.
    fn end_off_hook(&mut self, dn: DnId, agent: AgentId, since: Micros, at: Micros) {
        let (what, call_type) = (Durable::OffHook, CallType::Unknown);
        let joined = since.max(self.devices[dn.index()].login.at);
        if agent.is_none() || joined == since {
            self.out.push(Action::Ended { what, on: On::Device { dn, agent }, call_type, started: since, at });
            return;
        }
        let (device, person) = (On::Device { dn, agent: AgentId::NONE }, On::Device { dn: DnId::NONE, agent });
        self.out.push(Action::Ended { what, on: device, call_type, started: since, at });
        self.out.push(Action::Ended { what, on: person, call_type, started: joined, at });
    }

    /// A DN of an agent became, or is no longer, off hook without a call.
    pub(super) fn off_hook_changed(&mut self, agent: AgentId, busy: bool) {
        if agent.is_some() {
            self.agents[agent.index()].load.change_off_hook(busy);
        }
    }

    /// The link to a switch is down: nothing is known of its agents.
    pub(super) fn on_outage(&mut self, ev: &TEvent<'_>) {
        let switch = &mut self.switches[ev.switch.index()];
        if switch.down_since.is_none() {
            switch.down_since = Some(ev.time);
            let how = if ev.kind == EventKind::LINK_DISCONNECTED { "link_lost" } else { "disconnected" };
            self.end_session_of_source(ev.switch, how, ev.time);
            self.out.push(Action::Coverage { switch: ev.switch, seen: false, at: ev.time });
            self.outage_changed(ev.switch, 1, ev.time);
            self.watch_switch(ev.switch, false, ev.time);
        }
    }

    /// The link is up again.
    pub(super) fn on_link_restored(&mut self, ev: &TEvent<'_>) {
        if let Some(since) = self.switches[ev.switch.index()].down_since.take() {
            self.switches[ev.switch.index()].last_outage = Some((since, ev.time));
            self.out.push(Action::Coverage { switch: ev.switch, seen: true, at: ev.time });
            self.outage_changed(ev.switch, -1, ev.time);
            self.watch_switch(ev.switch, true, ev.time);
        }
    }

    fn outage_changed(&mut self, switch: SwitchId, by: i16, at: Micros) {
        for i in 0..self.agents.len() {
            let here = self.agents[i].dns.iter().filter(|dn| self.dn_switch(**dn) == switch).count() as i16;
            if here > 0 {
                self.agents[i].load.change_within(Status::Unknown, by * here);
                self.refresh(AgentId(i as u32), at);
            }
        }
    }

    /// Binds the event's agent to its DN if that is needed; false when there is nobody to bind.
    pub(super) fn bind_event(&mut self, ev: &TEvent<'_>, login: bool, names: &mut Names) -> bool {
        let bound = self.devices[ev.this_dn.index()].agent;
        if bound.is_some() && (ev.agent.is_none() || ev.agent == bound) {
            return true;
        }
        if ev.agent.is_none() {
            self.out.odd(Anomaly::AgentUnknown);
            return false;
        }
        if bound.is_some() {
            self.out.odd(Anomaly::LoginSuperseded);
            self.unbind(ev.this_dn, ev.time, Some("superseded"));
        }
        if !login {
            self.out.odd(Anomaly::LoginUnseen);
        }
        self.bind(ev, login, names);
        true
    }

    fn bind(&mut self, ev: &TEvent<'_>, login_known: bool, names: &mut Names) {
        let (dn, agent, at) = (ev.this_dn, ev.agent, ev.time);
        let begins = !self.agents[agent.index()].is_logged_in();
        if begins {
            let (reason, hardware) = self.reason_of_event(ev, ev.work_mode, names);
            let a = &mut self.agents[agent.index()];
            if self.homes[agent.index()].is_none() {
                self.homes[agent.index()] = ev.switch;
            }
            a.readiness = Readiness::NotReady;
            a.readiness_since = at;
            a.reason = reason;
            a.hardware_reason = hardware;
            a.work_mode = ev.work_mode;
            a.before = None;
            a.session = Some(Session {
                key: SessionKey { agent, logged_in_at: at },
                switch: ev.switch,
                primary_dn: dn,
                login_known,
                status_ms: [0; Status::COUNT],
                dnd_ms: 0,
                dnd_since: None,
                state_seq: 0,
                state_run: 0,
                dn_seq: 0,
            });
            self.sessions += 1;
            self.count(agent, AgentCount::Logins, at);
            let on = On::Device { dn: DnId::NONE, agent };
            let what = Durable::NotReadyForNextCall;
            self.out.push(Action::Started { what, on, call_type: CallType::Unknown, at });
        }
        self.agents[agent.index()].dns.push(dn);
        let seq = self.next_stretch(agent);
        let device = &mut self.devices[dn.index()];
        device.agent = agent;
        device.login.at = at;
        device.login.seq = seq;
        let (dnd, busy, off_hook) = (device.dnd, device.is_busy_without_call(), device.off_hook);
        let on = On::Device { dn, agent };
        self.out.push(Action::Started { what: Durable::LoggedIn, on, call_type: CallType::Unknown, at });
        if off_hook {
            let on = On::Device { dn: DnId::NONE, agent };
            self.out.push(Action::Started { what: Durable::OffHook, on, call_type: CallType::Unknown, at });
        }
        if self.switches[ev.switch.index()].down_since.is_some() {
            self.agents[agent.index()].load.change(Status::Unknown, 1);
        }
        if busy {
            self.off_hook_changed(agent, true);
        }
        if dnd {
            self.dnd_changed(agent, true, at);
        }
        self.refresh(agent, at);
        self.reattribute(dn, at);
        if begins {
            for i in 0..self.agents[agent.index()].claims.len() {
                let ix = self.agents[agent.index()].claims[i];
                self.attribute(ix, at);
            }
        }
    }

    /// Ends the login on a DN, and the session with the last one.
    pub(super) fn unbind(&mut self, dn: DnId, at: Micros, why: Why) {
        let agent = self.devices[dn.index()].agent;
        while let Some(queue) = self.devices[dn.index()].login.queues.last().copied() {
            self.leave_queue_login(dn, queue, at);
        }
        let device = &mut self.devices[dn.index()];
        let (started, busy, dnd) = (device.login.at, device.is_busy_without_call(), device.dnd);
        let off_hook_since = device.off_hook.then_some(device.off_hook_since.max(started));
        let call_type = CallType::Unknown;
        let on = On::Device { dn, agent };
        self.out.push(Action::Ended { what: Durable::LoggedIn, on, call_type, started, at });
        if let Some(started) = off_hook_since {
            let on = On::Device { dn: DnId::NONE, agent };
            self.out.push(Action::Ended { what: Durable::OffHook, on, call_type, started, at });
        }
        if let Some((readiness, since)) = self.devices[dn.index()].login.readiness.take() {
            let on = On::Device { dn, agent: AgentId::NONE };
            self.out.push(Action::Ended { what: action_of(readiness), on, call_type, started: since, at });
        }
        self.write_login(dn, None, at, why);
        let login = std::mem::take(&mut self.devices[dn.index()].login);
        self.devices[dn.index()].login = Login { queues: login.queues, joined: login.joined, ..Login::default() };
        self.agents[agent.index()].dns.retain(|d| *d != dn);
        if self.agents[agent.index()].dns.is_empty() {
            self.end_session(agent, at, why);
        }
        self.devices[dn.index()].agent = AgentId::NONE;
        if busy {
            self.off_hook_changed(agent, false);
        }
        if dnd {
            self.dnd_changed(agent, false, at);
        }
        if self.switches[self.dn_switch(dn).index()].down_since.is_some() {
            self.agents[agent.index()].load.change_within(Status::Unknown, -1);
        }
        self.reattribute(dn, at);
        self.refresh(agent, at);
    }

    fn end_session(&mut self, agent: AgentId, at: Micros, why: Why) {
        self.count(agent, AgentCount::Logouts, at);
        self.set_readiness_action(agent, None, at);
        // The clock stops before the wrap does: the last stretch of after-call work is the wrap's own.
        if self.agents[agent.index()].now.status == Status::Acw {
            self.acw_stretch_ended(agent, at);
        }
        if let Some(wrap) = self.agents[agent.index()].wrap {
            self.finish_wrap(wrap);
        }
        self.stop_clock(agent, at, true);
        let row = self.session_row(agent, at, why);
        self.out.sessions.extend(row);
        let a = &mut self.agents[agent.index()];
        if a.session.as_mut().is_some_and(|s| s.dnd_since.take().is_some()) {
            self.out.push(Action::Dnd { agent, on: false, at });
        }
        let a = &mut self.agents[agent.index()];
        a.session = None;
        a.before = None;
        a.now.committed = true;
        a.now.until = at;
        self.sessions -= 1;
        self.refresh(agent, at);
        let a = &mut self.agents[agent.index()];
        a.before = None;
        for i in 0..self.agents[agent.index()].claims.len() {
            let ix = self.agents[agent.index()].claims[i];
            self.attribute(ix, at);
        }
    }

    /// The row of a session that ended at `until`, or is open then.
    pub(super) fn session_row(&self, agent: AgentId, until: Micros, why: Why) -> Option<AgentSessionRow> {
        let a = &self.agents[agent.index()];
        let s = a.session.as_ref()?;
        let mut ms = s.status_ms;
        ms[a.now.status as usize] += ms_between(a.status_since, until);
        let sum = |statuses: &[Status]| statuses.iter().map(|s| ms[*s as usize]).sum();
        Some(AgentSessionRow {
            tenant_id: Tenant(s.switch),
            agent_session_id: s.key,
            agent_id: agent,
            login_id: agent,
            place_id: None,
            site_id: Site(s.switch),
            primary_dn: s.primary_dn,
            media_types: &["voice"],
            logged_in_at: s.key.logged_in_at,
            logged_out_at: why.map(|_| until),
            login_known: s.login_known,
            logout_known: why == Some("logout"),
            logout_reason: why,
            duration_ms: ms_between(s.key.logged_in_at, until),
            ready_ms: sum(&[Status::Ready]),
            not_ready_ms: sum(&[Status::NotReady]),
            acw_ms: sum(&[Status::Acw]),
            talk_ms: sum(&CallType::ALL.map(Status::talking)),
            hold_ms: sum(&[Status::Held]),
            ring_ms: sum(&[Status::Ringing]),
            dial_ms: sum(&[Status::Dialing]),
            busy_ms: sum(&[Status::Busy]),
            unknown_ms: sum(&[Status::Unknown]),
            dnd_ms: s.dnd_ms + s.dnd_since.map_or(0, |since| ms_between(since, until)),
            revision: 1,
            last_event_id: self.event,
            written_at: self.now,
        })
    }

    /// The number of another stretch of the agent's session on a DN.
    fn next_stretch(&mut self, agent: AgentId) -> i32 {
        self.agents[agent.index()].session.as_mut().map_or(0, |session| {
            session.dn_seq += 1;
            session.dn_seq
        })
    }

    /// Writes the row of a login on a DN that ends at `until`, or is open then: to the queue at this place of its list, or
    /// on the DN itself.
    pub(super) fn write_login(&mut self, dn: DnId, queue: Option<usize>, until: Micros, why: Why) {
        let device = &self.devices[dn.index()];
        let login = &device.login;
        let (since, seq) = queue.map_or((login.at, login.seq), |i| login.joined[i]);
        let Some(session) = &self.agents[device.agent.index()].session else { return };
        self.out.logins.push(AgentSessionDnRow {
            tenant_id: Tenant(session.switch),
            agent_session_id: session.key,
            seq,
            agent_id: device.agent,
            dn,
            site_id: Site(device.switch),
            queue_id: queue.map_or(DnId::NONE, |i| login.queues[i]),
            logged_in_at: since,
            logged_out_at: why.map(|_| until),
            duration_ms: ms_between(since, until),
            revision: 1,
            last_event_id: self.event,
            written_at: self.now,
        });
    }

    pub(super) fn join_queue(&mut self, dn: DnId, queue: DnId, at: Micros) {
        let login = &mut self.devices[dn.index()].login;
        if login.queues.contains(&queue) {
            return;
        }
        login.queues.push(queue);
        let agent = self.devices[dn.index()].agent;
        let seq = self.next_stretch(agent);
        self.devices[dn.index()].login.joined.push((at, seq));
        let a = &mut self.agents[agent.index()];
        if let Some(member) = a.memberships.iter_mut().find(|m| m.0 == queue) {
            member.1 += 1;
            return;
        }
        a.memberships.push((queue, 1));
        a.members_at = at;
        let status = a.now.status;
        self.out.push(Action::Membership { agent, queue, joins: true, status, at });
    }

    fn leave_queue_login(&mut self, dn: DnId, queue: DnId, at: Micros) {
        if let Some(i) = self.devices[dn.index()].login.queues.iter().position(|q| *q == queue) {
            self.write_login(dn, Some(i), at, Some("logout"));
            let login = &mut self.devices[dn.index()].login;
            login.queues.remove(i);
            login.joined.remove(i);
        }
        let agent = self.devices[dn.index()].agent;
        let a = &mut self.agents[agent.index()];
        let Some(i) = a.memberships.iter().position(|m| m.0 == queue) else { return };
        a.memberships[i].1 -= 1;
        if a.memberships[i].1 == 0 {
            a.memberships.remove(i);
            a.members_at = at;
            let status = a.now.status;
            self.out.push(Action::Membership { agent, queue, joins: false, status, at });
        }
    }

    fn dnd_changed(&mut self, agent: AgentId, on: bool, at: Micros) {
        if agent.is_none() {
            return;
        }
        let a = &mut self.agents[agent.index()];
        let was = a.dnd_dns > 0;
        a.dnd_dns = if on { a.dnd_dns + 1 } else { a.dnd_dns.saturating_sub(1) };
        let is = a.dnd_dns > 0;
        let Some(session) = &mut a.session else { return };
        if was == is {
            return;
        }
        match session.dnd_since.take() {
            Some(since) => session.dnd_ms += ms_between(since, at),
            None => session.dnd_since = Some(at),
        }
        self.out.push(Action::Dnd { agent, on: is, at });
    }

    fn set_readiness(&mut self, agent: AgentId, readiness: Readiness, at: Micros) {
        let before = self.agents[agent.index()].readiness;
        if before == readiness {
            return;
        }
        self.set_readiness_action(agent, Some(readiness), at);
        let a = &mut self.agents[agent.index()];
        a.readiness = readiness;
        a.readiness_since = at;
        if before == Readiness::Acw {
            // The stretch that runs belongs to the wrap, so it has to end before the wrap does.
            self.refresh(agent, at);
            self.acw_left(agent, at);
        }
    }

    /// Ends the agent's running readiness action and begins the next.
    fn set_readiness_action(&mut self, agent: AgentId, next: Option<Readiness>, at: Micros) {
        let a = &self.agents[agent.index()];
        let on = On::Device { dn: DnId::NONE, agent };
        let (what, started) = (action_of(a.readiness), a.readiness_since);
        let call_type = if what == Durable::AfterCallWork { a.acw_type } else { CallType::Unknown };
        self.out.push(Action::Ended { what, on, call_type, started, at });
        let Some(next) = next else { return };
        let what = action_of(next);
        let mut call_type = CallType::Unknown;
        if what == Durable::AfterCallWork {
            call_type = self.agents[agent.index()].wrap.map_or(CallType::Unknown, |w| self.wraps[w].call_type);
            self.agents[agent.index()].acw_type = call_type;
        }
        self.out.push(Action::Started { what, on, call_type, at });
    }

    /// Readiness as this very DN says it, for the DN's own actions.
    fn dn_readiness(&mut self, dn: DnId, readiness: Readiness, at: Micros) {
        let before = self.devices[dn.index()].login.readiness;
        if before.is_some_and(|(r, _)| r == readiness) {
            return;
        }
        let (on, call_type) = (On::Device { dn, agent: AgentId::NONE }, CallType::Unknown);
        if let Some((r, started)) = before {
            self.out.push(Action::Ended { what: action_of(r), on, call_type, started, at });
        }
        self.out.push(Action::Started { what: action_of(readiness), on, call_type, at });
        self.devices[dn.index()].login.readiness = Some((readiness, at));
    }

    /// Attributes all open parties on a DN anew.
    fn reattribute(&mut self, dn: DnId, at: Micros) {
        let mut ix = self.devices[dn.index()].parties;
        while ix != super::slab::NIL {
            let next = self.parties[ix].next_on_dn;
            self.attribute(ix, at);
            ix = next;
        }
    }

    /// Reason of an event: the first pair of Reasons, else the hardware's ReasonCode, else the work mode's name, else
    /// none. Says also whether it came from the hardware.
    fn reason_of_event(&mut self, ev: &TEvent<'_>, mode: WorkMode, names: &mut Names) -> (ReasonId, bool) {
        let auto_in = mode == WorkMode::LEGAL_GUARD && ev.kind != EventKind::AGENT_NOT_READY;
        let (key, code, hardware) = if let Some((key, code)) = ev.reasons.first() {
            (key, code, false)
        } else if let Some(code) = ev.extensions.get("ReasonCode") {
            ("ReasonCode".into(), code, true)
        } else if let Some(name) = mode.not_ready_name().filter(|_| !auto_in) {
            ("WorkMode".into(), name.into(), false)
        } else {
            return (ReasonId::NONE, false);
        };
        match names.reason(&key, &code) {
            Ok(reason) => (reason, hardware),
            Err(_) => {
                self.out.odd(Anomaly::ReasonRefused);
                (ReasonId::NONE, false)
            }
        }
    }

    fn dn_switch(&self, dn: DnId) -> SwitchId {
        self.devices[dn.index()].switch
    }
}

/// The durable action of a readiness.
const fn action_of(readiness: Readiness) -> Durable {
    match readiness {
        Readiness::Ready => Durable::WaitForNextCall,
        Readiness::NotReady => Durable::NotReadyForNextCall,
        Readiness::Acw => Durable::AfterCallWork,
    }
}
