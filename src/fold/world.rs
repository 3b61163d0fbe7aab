//! All live calls, agents, devices and queue stays of a partition, and the door through which one TEvent reaches the
//! machines it concerns.
//!
//! Decisions that have to wait for later events (was the departed call offered to somebody? does after-call work follow?)
//! sit in two queues of timers, which event time drives: [`World::advance`] takes every decision whose time is over.

use std::collections::VecDeque;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashTable};

use super::agent::Agent;
use super::anomaly::Anomaly;
use super::attached::Attached;
use super::call::{Call, Kin, Numbers};
use super::clock::AgentSet;
use super::contact::{Contact, Sum};
use super::device::{Device, Watch};
use super::ending::Side;
use super::itinerary::{Diversions, Entry};
use super::link::Claim;
use super::outbox::Outbox;
use super::party::{Credit, Move, Opening, Party, Signal};
use super::privacy::Privacy;
use super::route::Route;
use super::router::Decision;
use super::slab::{Ix, Slab};
use super::source::Session;
use super::stay::Stay;
use super::trail::Trails;
use super::wrap::Wrap;
use crate::model::action::{Action, Momentary, On};
use crate::model::dn::{DnRule, kind_of};
use crate::model::identity::Identities;
use crate::model::ids::{AgentId, ConnId, DnId, EventId, SwitchId};
use crate::model::names::Names;
use crate::model::room::{make_room, step};
use crate::model::tevent::{EventKind, TEvent};
use crate::model::time::{Micros, Span};

/// Waiting times of the fold.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long a departure, an unanswered offer or a release waits for what explains it.
    pub settle: Span,
    /// How long a call without parties and stays is kept for its ConnID to come back.
    pub linger: Span,
    /// After how long without any event a call counts as lost.
    pub stuck: Span,
}

impl Default for Patience {
    fn default() -> Self {
        Self { settle: Span::from_secs(2), linger: Span::from_mins(15), stuck: Span::from_mins(240) }
    }
}

/// What a settling timer is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Timer {
    /// A stay that left its queue, or whose offer ended unanswered.
    Stay(Ix),
    /// A closed party, kept for queues that report late.
    Party(Ix),
    /// A released leg, waiting for after-call work.
    Wrap(Ix),
    /// A call of which only virtual-queue stays are left.
    Call(Ix),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub(super) at: Micros,
    pub(super) timer: Timer,
    serial: u32,
}

/// A call that may have nothing open any more at some instant. There are two for every call of the last quarter of an hour.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lingering {
    pub(super) at: Micros,
    pub(super) call: Ix,
    serial: u32,
}

/// What happens at some instant.
trait Timed {
    fn at(&self) -> Micros;
}

impl Timed for Due {
    fn at(&self) -> Micros {
        self.at
    }
}

impl Timed for Lingering {
    fn at(&self) -> Micros {
        self.at
    }
}

/// A telephony domain.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Switch {
    /// Its link is down since.
    pub down_since: Option<Micros>,
    /// The last outage that is over.
    pub last_outage: Option<(Micros, Micros)>,
    /// Since when it is listened to.
    pub session: Option<Session>,
}

/// What was found under a ConnID.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    switch: SwitchId,
    conn: ConnId,
    call: Option<Ix>,
}

/// All telephony state of one partition.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub(super) patience: Patience,
    /// What is said of DNs in the configuration.
    rules: Vec<DnRule>,
    pub(super) switches: Vec<Switch>,
    pub(super) devices: Vec<Device>,
    pub(super) agents: Vec<Agent>,
    /// The switch of each agent's first session, by the same.
    pub(super) homes: Vec<SwitchId>,
    /// Agents whose present stretch has entries to be counted once it has proven longer than nothing.
    pub(super) uncommitted: AgentSet,
    pub(super) calls: Slab<Call>,
    /// Before this instant no call can have been silent for too long.
    pub(super) sweep_at: Micros,
    call_index: HashTable<Ix>,
    /// The call of the present event.
    found: Found,
    /// Queues that calls have entered.
    pub(super) entries: Slab<Entry>,
    /// Where calls were diverted to.
    pub(super) diversions: Slab<Diversions>,
    pub(super) parties: Slab<Party>,
    /// Stays that parties are credited to.
    pub(super) credits: Slab<Credit>,
    pub(super) kin: Slab<Kin>,
    pub(super) sums: Slab<Sum>,
    /// Parties that moved between calls.
    pub(super) moves: Slab<Move>,
    /// Parties that only their wrap keeps.
    pub(super) kept_parties: u64,
    pub(super) stays: Slab<Stay>,
    pub(super) wraps: Slab<Wrap>,
    pub(super) routes: Slab<Route>,
    pub(super) numbers: Slab<Numbers>,
    /// What a router said of stays, by their places; most have nothing.
    pub(super) decisions: HashMap<Ix, Decision, FixedState>,
    pub(super) contacts: Slab<Contact>,
    /// Calls of other switches that are waited for.
    pub(super) claims: VecDeque<Claim>,
    /// Inter-site links by id: the call at the end that was seen first, and its serial.
    pub(super) ends: Vec<(u64, Ix, u32)>,
    pub(super) attached: Attached,
    /// States of parties, where they are wanted.
    pub(super) trails: Trails,
    pub(super) settling: VecDeque<Due>,
    pub(super) lingering: VecDeque<Lingering>,
    /// No timer is due before it.
    quiet_until: Micros,
    /// Position of the present input among all.
    pub(super) order: u64,
    /// The latest time seen.
    pub(super) now: Micros,
    /// Behind this instant no agent's clock goes back: what was counted before it cannot be corrected any more.
    pub(super) edge: Micros,
    /// The present event.
    pub(super) event: EventId,
    pub(super) ids: Identities,
    pub(super) sessions: u64,
    /// The input has ended: nothing is waited for any more.
    pub(super) finishing: bool,
    /// A party is being closed whose end was not seen.
    pub(super) losing: bool,
    /// Which side let go, as the event of the party that is being closed says.
    pub(super) side: Option<Side>,
    /// Events by message number; the last is for those that have none.
    kinds: Vec<u64>,
    /// What was concluded; the engine drains it after each input.
    pub out: Outbox,
}

/// Spreads (switch, ConnID) over the table: ConnIDs are counters, so one multiplication by a random odd number is enough.
fn hash_of(switch: SwitchId, conn: ConnId) -> u64 {
    let mixed = (conn.0 ^ u64::from(switch.0) << 48).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 32
}

/// Messages told apart when events are counted: 0 to 182, and one place for all others.
const KINDS: usize = 184;

impl World {
    /// An empty world.
    #[must_use]
    pub fn new(patience: Patience, rules: Vec<DnRule>, privacy: Privacy) -> Self {
        Self {
            patience,
            rules,
            attached: Attached::new(privacy),
            kinds: vec![0; KINDS],
            now: Micros::MIN,
            edge: Micros::MIN,
            quiet_until: Micros::MAX,
            ..Self::default()
        }
    }

    /// Folds one event; its time must not lie before the previous one of the same switch.
    pub fn apply(&mut self, ev: &TEvent<'_>, id: EventId, names: &mut Names) {
        self.advance(ev.time);
        self.found = Found { switch: ev.switch, conn: ev.conn, call: None };
        if ev.conn.is_some() {
            self.found.call = self.look_up(ev.switch, ev.conn);
        }
        self.order += 1;
        self.event = id;
        self.trails.cause = Some(ev.kind);
        self.kinds[usize::from(ev.kind.0).min(KINDS - 1)] += 1;
        self.grow(names);
        self.hear(ev, id);
        if ev.this_dn.is_some() {
            self.see_device(ev);
        }
        match ev.kind {
            EventKind::QUEUED => self.on_queued(ev, names),
            EventKind::ROUTE_REQUEST => self.on_route_request(ev, names),
            EventKind::DIVERTED | EventKind::ROUTE_USED => self.on_departure(ev, names),
            EventKind::RINGING => self.on_opening(ev, Opening::Ringing, names),
            EventKind::DIALING => self.on_dialing(ev, names),
            EventKind::ESTABLISHED => self.on_signal(ev, Signal::Established, names),
            EventKind::NETWORK_REACHED => self.on_signal(ev, Signal::NetworkReached, names),
            EventKind::DESTINATION_BUSY => self.on_signal(ev, Signal::DestinationBusy, names),
            EventKind::HELD => self.on_signal(ev, Signal::Held, names),
            EventKind::RETRIEVED => self.on_signal(ev, Signal::Retrieved, names),
            EventKind::RELEASED => self.on_end(ev, Signal::Released, names),
            EventKind::ABANDONED => self.on_end(ev, Signal::Abandoned, names),
            EventKind::BRIDGED => self.on_opening(ev, Opening::Established, names),
            EventKind::PARTY_CHANGED => self.on_party_changed(ev, names),
            EventKind::PARTY_ADDED => self.on_party_added(ev, names),
            EventKind::PARTY_DELETED => self.on_party_deleted(ev, names),
            EventKind::AGENT_LOGIN => self.on_login(ev, names),
            EventKind::AGENT_LOGOUT => self.on_logout(ev),
            EventKind::QUEUE_LOGOUT => self.on_queue_logout(ev),
            EventKind::AGENT_READY | EventKind::AGENT_NOT_READY | EventKind::AGENT_AFTER_CALL_WORK => {
                self.on_readiness(ev, names);
            }
            EventKind::DND_ON | EventKind::DND_OFF => self.on_dnd(ev),
            EventKind::TREATMENT_APPLIED | EventKind::TREATMENT_NOT_APPLIED | EventKind::TREATMENT_END => {
                self.on_treatment(ev, names);
            }
            EventKind::DN_OUT_OF_SERVICE | EventKind::DN_BACK_IN_SERVICE | EventKind::UNREGISTERED => {
                self.on_service(ev);
            }
            EventKind::REGISTERED | EventKind::ADDRESS_INFO => self.on_snapshot(ev, names),
            EventKind::FORWARD_SET | EventKind::FORWARD_CANCEL => self.on_forward(ev),
            EventKind::OFF_HOOK | EventKind::ON_HOOK => self.on_hook(ev),
            EventKind::LINK_DISCONNECTED | EventKind::SERVER_DISCONNECTED => self.on_outage(ev),
            EventKind::LINK_CONNECTED | EventKind::SERVER_CONNECTED => self.on_link_restored(ev),
            EventKind::CALL_INFO_CHANGED | EventKind::ATTACHED_DATA_CHANGED => self.on_call_info(ev, names),
            EventKind::USER_EVENT if ev.this_dn.is_some() => {
                let on = self.device_on(ev.this_dn);
                self.out.push(Action::Occurred {
                    what: Momentary::UserEvent,
                    on,
                    call_type: ev.call_type.unwrap_or_default(),
                    at: ev.time,
                });
            }
            // Everything else says nothing about calls, agents or queues.
            _ => {}
        }
        if Self::names_another(ev) {
            self.relate(ev, names);
        }
        self.trails.cause = None;
    }

    /// Takes every decision whose waiting time ended before `now`.
    #[inline]
    pub fn advance(&mut self, now: Micros) {
        self.now = self.now.max(now);
        if now > self.quiet_until {
            self.fire_until(now);
        }
    }

    fn fire_until(&mut self, now: Micros) {
        while let Some(due) = self.settling.front().copied().filter(|d| d.at < now) {
            self.settling.pop_front();
            self.fire(due);
        }
        while let Some(due) = self.lingering.front().copied().filter(|d| d.at < now) {
            self.lingering.pop_front();
            self.fire_linger(due);
        }
        self.quiet_until = next(&self.settling).min(next(&self.lingering));
    }

    /// Takes every open decision now, as at the end of a finite input.
    pub fn settle_all(&mut self) {
        self.finishing = true;
        while let Some(due) = self.settling.pop_front() {
            self.fire(due);
        }
        while let Some(due) = self.lingering.pop_front() {
            self.fire_linger(due);
        }
        self.finishing = false;
    }

    fn fire(&mut self, due: Due) {
        match due.timer {
            Timer::Stay(ix) if self.stays.serial(ix) == due.serial => self.stay_settled(ix),
            Timer::Party(ix) if self.parties.serial(ix) == due.serial => self.forget_party(ix),
            Timer::Wrap(ix) if self.wraps.serial(ix) == due.serial => self.wrap_settled(ix),
            Timer::Call(ix) if self.calls.serial(ix) == due.serial => self.call_settled(ix, due.at),
            _ => {}
        }
    }

    fn fire_linger(&mut self, due: Lingering) {
        if self.calls.serial(due.call) == due.serial {
            self.call_lingered(due.call, due.at - self.patience.linger);
        }
    }

    /// Starts the settling time of something at `from`.
    pub(super) fn settle(&mut self, timer: Timer, from: Micros) {
        let serial = match timer {
            Timer::Stay(ix) => self.stays.serial(ix),
            Timer::Party(ix) => self.parties.serial(ix),
            Timer::Wrap(ix) => self.wraps.serial(ix),
            Timer::Call(ix) => self.calls.serial(ix),
        };
        let at = from + self.patience.settle;
        self.quiet_until = self.quiet_until.min(at);
        insert(&mut self.settling, Due { at, timer, serial });
    }

    /// Starts the settling time of a call of which only virtual-queue stays are left.
    pub(super) fn settle_call(&mut self, ix: Ix, from: Micros) {
        self.settle(Timer::Call(ix), from);
    }

    /// Starts the lingering time of a call.
    pub(super) fn linger(&mut self, ix: Ix, from: Micros) {
        let serial = self.calls.serial(ix);
        let at = from + self.patience.linger;
        self.quiet_until = self.quiet_until.min(at);
        insert(&mut self.lingering, Lingering { at, call: ix, serial });
    }

    /// Makes room for names the decoder has minted.
    #[inline]
    pub(super) fn grow(&mut self, names: &Names) {
        let known = (self.devices.len(), self.agents.len(), self.switches.len());
        if known != (names.dn_count(), names.agent_count(), names.switch_count()) {
            self.make_places(names);
        }
    }

    #[cold]
    fn make_places(&mut self, names: &Names) {
        for i in self.devices.len()..names.dn_count() {
            let dn = DnId(i as u32);
            let kind = kind_of(&self.rules, names.switch_name(names.dn_switch(dn)), names.dn_number(dn));
            make_room(&mut self.devices, 1);
            self.devices.push(Device::new(kind));
        }
        if self.agents.len() < names.agent_count() {
            let more = names.agent_count() - self.agents.len();
            make_room(&mut self.agents, more);
            self.agents.resize_with(names.agent_count(), Agent::default);
            self.homes.resize(names.agent_count(), SwitchId::NONE);
        }
        if self.switches.len() < names.switch_count() {
            self.switches.resize(names.switch_count(), Switch::default());
        }
    }

    /// Notes the switch of a DN, and whether the event proves it to be a queue or routing point: its rows begin with that.
    fn see_device(&mut self, ev: &TEvent<'_>) {
        let device = &mut self.devices[ev.this_dn.index()];
        device.switch = ev.switch;
        let is_new = device.watch == Watch::Never && ev.kind != EventKind::UNREGISTERED;
        let queue_like = match ev.kind {
            EventKind::QUEUED | EventKind::ROUTE_REQUEST => true,
            // Only queues divert; a phone that has had calls stays a phone, whatever a switch says of it.
            EventKind::DIVERTED if ev.this_queue.is_none() => !device.had_party,
            EventKind::DIVERTED | EventKind::ABANDONED | EventKind::DIALING | EventKind::ROUTE_USED => {
                ev.this_queue == ev.this_dn
            }
            _ => false,
        };
        let queue_like = queue_like || device.kind.is_queue() && ev.conn.is_some();
        device.is_routing_point |= ev.kind == EventKind::ROUTE_REQUEST;
        if queue_like {
            self.see_queue(ev.this_dn, ev.time);
        }
        if is_new {
            self.watch(ev.this_dn, true, ev.time);
        }
    }

    /// A DN has proven to be a queue or routing point.
    pub(super) fn see_queue(&mut self, dn: DnId, at: Micros) {
        if !std::mem::replace(&mut self.devices[dn.index()].is_queue, true) {
            self.out.push(Action::QueueSeen { queue: dn, at });
        }
    }

    /// A DN and whoever is logged in on it, as the place of an action.
    pub(super) fn device_on(&self, dn: DnId) -> On {
        On::Device { dn, agent: self.devices[dn.index()].agent }
    }

    #[inline]
    pub(super) fn find_call(&self, switch: SwitchId, conn: ConnId) -> Option<Ix> {
        let found = &self.found;
        if found.conn == conn && found.switch == switch { found.call } else { self.look_up(switch, conn) }
    }

    #[inline]
    fn look_up(&self, switch: SwitchId, conn: ConnId) -> Option<Ix> {
        let calls = &self.calls;
        self.call_index.find(hash_of(switch, conn), |&ix| calls[ix].conn == conn && calls[ix].switch == switch).copied()
    }

    pub(super) fn index_call(&mut self, ix: Ix) {
        self.found = Found::default();
        let calls = &self.calls;
        let hash = hash_of(calls[ix].switch, calls[ix].conn);
        self.call_index.insert_unique(hash, ix, |&i| hash_of(calls[i].switch, calls[i].conn));
    }

    pub(super) fn unindex_call(&mut self, ix: Ix) {
        self.found = Found::default();
        let hash = hash_of(self.calls[ix].switch, self.calls[ix].conn);
        if let Ok(entry) = self.call_index.find_entry(hash, |&i| i == ix) {
            entry.remove();
        }
    }

    /// Slots of all live calls, in no particular order.
    pub(super) fn live_calls(&self) -> impl Iterator<Item = Ix> + '_ {
        self.call_index.iter().copied()
    }

    /// Whether a DN is a queue or routing point.
    #[must_use]
    pub fn is_queue(&self, dn: DnId) -> bool {
        self.devices.get(dn.index()).is_some_and(|d| d.is_queue)
    }

    /// Kind of a queue in rows.
    #[must_use]
    pub fn queue_kind(&self, dn: DnId) -> &'static str {
        self.devices.get(dn.index()).map_or("acd_queue", Device::queue_kind)
    }

    /// An agent's state, for views.
    #[must_use]
    pub fn agent(&self, agent: AgentId) -> Option<&Agent> {
        self.agents.get(agent.index())
    }

    /// The switch of an agent's first session; none before it.
    #[must_use]
    pub fn home(&self, agent: AgentId) -> SwitchId {
        self.homes.get(agent.index()).copied().unwrap_or(SwitchId::NONE)
    }

    /// Whether the link of a switch is up, as far as is known.
    #[must_use]
    pub fn is_linked(&self, switch: SwitchId) -> bool {
        self.switches.get(switch.index()).is_none_or(|s| s.down_since.is_none())
    }

    /// Events folded, by the T-Library's name of their message; those of unknown messages as `Unknown`.
    pub fn events_by_kind(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counted = self.kinds.iter().enumerate().filter(|(_, n)| **n > 0);
        counted.map(|(number, n)| (EventKind::from_number(number as u64).name(), *n))
    }

    /// Objects alive: calls, parties, stays, sessions.
    #[must_use]
    pub fn open_counts(&self) -> [u64; 4] {
        let parties = self.parties.len() as u64 - self.kept_parties;
        [self.calls.len() as u64, parties, self.stays.len() as u64, self.sessions]
    }

    /// Counts an event that lacks what it needs.
    pub(super) fn needs_dn(&mut self, ev: &TEvent<'_>) -> bool {
        if ev.this_dn.is_none() {
            self.out.odd(Anomaly::EventWithoutDn);
        }
        ev.this_dn.is_some()
    }
}

/// Inserts by time: nearly always at the end, because the waiting times are equal and events come in order.
#[inline]
fn insert<T: Timed>(queue: &mut VecDeque<T>, due: T) {
    if queue.len() == queue.capacity() {
        queue.reserve_exact(step::<T>(queue.len()));
    }
    if queue.back().is_none_or(|last| last.at() <= due.at()) {
        queue.push_back(due);
    } else {
        let at = queue.iter().rposition(|other| other.at() <= due.at()).map_or(0, |before| before + 1);
        queue.insert(at, due);
    }
}

/// The instant of the first.
fn next(queue: &VecDeque<impl Timed>) -> Micros {
    queue.front().map_or(Micros::MAX, Timed::at)
}
