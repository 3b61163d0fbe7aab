//! Snapshots: what EventRegistered and EventAddressInfo say of a DN's calls and agent, held against what we believe.
//!
//! Where both agree nothing happens. What we believe and the switch does not know ended while nobody looked: at the begin
//! of the last outage, else at the last event of the call, never later. What the switch knows and we do not is taken up
//! from now on. Every correction is counted.

use super::agent::Readiness;
use super::anomaly::Anomaly;
use super::party::{Opening, Signal};
use super::slab::{Ix, NIL};
use super::stay::StayState;
use super::world::World;
use crate::model::ids::{AgentId, ConnId, DnId, SwitchId};
use crate::model::names::Names;
use crate::model::tevent::{CallType, DnRole, EventKind, TEvent};
use crate::model::time::Micros;
use crate::model::userdata::KvList;

/// Calls of one snapshot that are looked at; a DN has a handful.
const CALLS_MAX: usize = 32;

/// A call that the switch sees on the DN.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    conn: ConnId,
    /// Party-state word: the generic state in the low four bits, observing and dialling as flags above.
    state: u32,
    call_type: Option<CallType>,
}

impl Seen {
    const QUEUED: u32 = 0x9;
    const ALERTING: u32 = 0xa;
    const HELD: u32 = 0xe;
    const AUDIT: u32 = 0x80;
    const DIALING: u32 = 0x1_0000;
}

/// What a snapshot says; absent where it says nothing.
#[derive(Debug, Default)]
struct Snapshot<'a> {
    calls: [Seen; CALLS_MAX],
    /// How many numbered calls there are.
    numbered: usize,
    /// The DN's status: 0 is idle.
    status: Option<u32>,
    agent: Option<std::borrow::Cow<'a, str>>,
    agent_status: Option<u32>,
    dnd: Option<bool>,
    queues: Vec<std::borrow::Cow<'a, str>>,
}

impl<'a> Snapshot<'a> {
    fn read(list: &KvList<'a>) -> Self {
        let mut snapshot = Self::default();
        for (key, value) in list.iter() {
            let number = || number(&value);
            match key.split_once('-').map_or((&*key, None), |(name, n)| (name, n.parse::<usize>().ok())) {
                ("conn", Some(n)) => {
                    snapshot.call(n, |c| c.conn = ConnId(u64::from_str_radix(&value, 16).unwrap_or(0)))
                }
                ("ps", Some(n)) => snapshot.call(n, |c| c.state = number().unwrap_or(0)),
                ("ct", Some(n)) => {
                    snapshot.call(n, |c| c.call_type = number().and_then(|t| CallType::from_number(t.into())));
                }
                ("queue", Some(_)) if snapshot.queues.len() < CALLS_MAX => snapshot.queues.push(value),
                ("status", None) => snapshot.status = number(),
                ("AgentID", None) if !value.is_empty() => snapshot.agent = Some(value),
                ("AgentStatus", None) => snapshot.agent_status = number(),
                ("dnd", None) => snapshot.dnd = number().map(|n| n != 0),
                _ => {}
            }
        }
        snapshot
    }

    fn call(&mut self, number: usize, set: impl FnOnce(&mut Seen)) {
        if let Some(seen) = number.checked_sub(1).and_then(|i| self.calls.get_mut(i)) {
            set(seen);
            self.numbered = self.numbered.max(number);
        }
    }

    /// The calls on the DN, or nothing when the snapshot does not name them all.
    fn calls(&self) -> Option<&[Seen]> {
        let calls = &self.calls[..self.numbered];
        let complete = calls.iter().all(|c| c.conn.is_some());
        (complete && (self.numbered > 0 || self.status == Some(0))).then_some(calls)
    }
}

/// A number as decimal digits, or as hexadecimal ones after `0x`.
fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

impl World {
    /// EventRegistered and EventAddressInfo.
    pub(super) fn on_snapshot(&mut self, ev: &TEvent<'_>, names: &mut Names) {
        if !self.needs_dn(ev) {
            return;
        }
        if ev.kind == EventKind::REGISTERED {
            self.devices[ev.this_dn.index()].out_of_service = false;
            self.watch(ev.this_dn, true, ev.time);
        }
        if ev.extensions.is_empty() {
            return;
        }
        let snapshot = Snapshot::read(&ev.extensions);
        self.reconcile_agent(ev, &snapshot, names);
        if let Some(calls) = snapshot.calls() {
            if calls.iter().any(|c| c.state & 0xf == Seen::QUEUED) {
                self.see_queue(ev.this_dn, ev.time);
            }
            if self.devices[ev.this_dn.index()].is_queue {
                self.reconcile_queue(ev, calls, names);
            } else {
                self.reconcile_phone(ev, calls, names);
            }
        }
    }

    /// When something of which the switch no longer knows was last there.
    fn last_evidence(&self, switch: SwitchId, heard: Micros) -> Micros {
        let outage = self.switches[switch.index()].last_outage;
        // What is heard while a link is said to be down is evidence all the same.
        outage.filter(|(from, _)| heard <= *from).map_or(heard, |(from, _)| from)
    }

    fn reconcile_phone(&mut self, ev: &TEvent<'_>, calls: &[Seen], names: &Names) {
        let mut gone: Vec<Ix> = self.parties_on(ev.this_dn).filter(|ix| self.parties[*ix].is_open()).collect();
        gone.retain(|ix| !calls.iter().any(|c| c.conn == self.calls[self.parties[*ix].call].conn));
        for ix in gone {
            self.out.odd(Anomaly::SnapshotPartyGone);
            let at = self.last_evidence(ev.switch, self.calls[self.parties[ix].call].last_event_at);
            self.lose_party(ix, at);
        }
        for seen in calls {
            if self.party_of(ev, seen.conn).is_some() {
                continue;
            }
            self.out.odd(Anomaly::SnapshotPartyFound);
            let found = TEvent {
                kind: EventKind::ESTABLISHED,
                conn: seen.conn,
                call_type: seen.call_type,
                this_role: if seen.state & Seen::AUDIT > 0 { DnRole::OBSERVER } else { DnRole::UNKNOWN },
                agent: AgentId::NONE,
                this_queue: DnId::NONE,
                ..*ev
            };
            match seen.state & 0xf {
                Seen::ALERTING => self.on_opening(&found, Opening::Ringing, names),
                Seen::HELD => self.on_signal(&found, Signal::Held, names),
                _ if seen.state & Seen::DIALING > 0 => self.on_dialing(&found, names),
                _ => self.on_signal(&found, Signal::Established, names),
            }
            if let Some(call) = self.find_call(ev.switch, seen.conn) {
                self.calls[call].joined_in_progress |= self.calls[call].started_at == ev.time;
            }
        }
    }

    /// A switch does not know what the router makes of virtual queues, so only real ones are held against it.
    fn reconcile_queue(&mut self, ev: &TEvent<'_>, calls: &[Seen], names: &Names) {
        if self.devices[ev.this_dn.index()].is_virtual {
            return;
        }
        let mut gone = Vec::new();
        let mut at = self.devices[ev.this_dn.index()].stays.0;
        while at != NIL {
            let stay = &self.stays[at];
            let conn = self.calls[stay.call].conn;
            if stay.state == StayState::Waiting && !calls.iter().any(|c| c.conn == conn) {
                gone.push(at);
            }
            at = stay.next_in_queue;
        }
        for ix in gone {
            self.out.odd(Anomaly::SnapshotStayGone);
            let heard = self.calls[self.stays[ix].call].last_event_at;
            let at = self.last_evidence(ev.switch, heard).max(self.stays[ix].key.entered_at);
            self.lose_stay(ix, at);
        }
        for seen in calls.iter().filter(|c| c.state & 0xf == Seen::QUEUED) {
            let known = self.find_call(ev.switch, seen.conn).and_then(|call| self.find_stay_on(call, ev.this_dn));
            if known.is_some() {
                continue;
            }
            self.out.odd(Anomaly::SnapshotStayFound);
            let found = TEvent { kind: EventKind::QUEUED, conn: seen.conn, call_type: seen.call_type, ..*ev };
            let Some(call) = self.call_of(&found, found.conn, names) else { continue };
            self.calls[call].joined_in_progress |= self.calls[call].started_at == ev.time;
            self.enter_queue(call, &found, "", names);
        }
    }

    fn reconcile_agent(&mut self, ev: &TEvent<'_>, snapshot: &Snapshot<'_>, names: &mut Names) {
        let Some(status) = snapshot.agent_status else { return };
        let bound = self.devices[ev.this_dn.index()].agent;
        if status == 0 {
            if bound.is_some() {
                self.out.odd(Anomaly::SnapshotAgentChanged);
                // What his clock has said before an outage stays said; without one he may have left just now.
                let since = self.agents[bound.index()].now.since;
                let outage = self.switches[ev.switch.index()].last_outage.filter(|(_, to)| *to >= since);
                let at = outage.map_or(ev.time, |(from, _)| from.max(since).max(self.edge));
                self.unbind(ev.this_dn, at, Some("link_lost"));
            }
            return;
        }
        let agent = match snapshot.agent.as_deref().map(|id| names.agent(ev.switch, id)) {
            Some(Ok(agent)) => agent,
            Some(Err(_)) => return,
            None => bound,
        };
        if agent.is_none() {
            return;
        }
        self.grow(names);
        let said = match status {
            2 => Some((Readiness::Ready, EventKind::AGENT_READY)),
            4 => Some((Readiness::Acw, EventKind::AGENT_AFTER_CALL_WORK)),
            3 | 5 => Some((Readiness::NotReady, EventKind::AGENT_NOT_READY)),
            _ => None,
        };
        let known = agent == bound && said.is_none_or(|(r, _)| r == self.agents[agent.index()].readiness);
        if !known {
            self.out.odd(Anomaly::SnapshotAgentChanged);
            let told = TEvent { agent, reasons: KvList::EMPTY, extensions: KvList::EMPTY, ..*ev };
            if self.bind_event(&told, true, names)
                && let Some((_, kind)) = said
            {
                self.on_readiness(&TEvent { kind, ..told }, names);
            }
            if agent != bound
                && let Some(session) = &mut self.agents[agent.index()].session
                && session.key.logged_in_at == ev.time
            {
                session.login_known = false;
            }
        }
        for queue in &snapshot.queues {
            if let Ok(queue) = names.dn(ev.switch, queue) {
                self.grow(names);
                self.join_queue(ev.this_dn, queue, ev.time);
            }
        }
        if let Some(on) = snapshot.dnd {
            self.on_dnd(&TEvent { kind: if on { EventKind::DND_ON } else { EventKind::DND_OFF }, ..*ev });
        }
    }
}
