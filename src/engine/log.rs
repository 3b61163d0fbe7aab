//! The event log: each event that is folded becomes a row, in the order of folding, from which it can be folded again.
//!
//! In: events on their way into the fold. Out: rows of `event_log`, and the text that they hold passages of, so that no event costs memory
//! of its own. The privacy policy is applied here: what it drops is not written, what it masks or hashes is written so. Of
//! attached data the keys that the policy keeps are written, and those that the fold itself reads: ids of virtual queues, what
//! a router says, reasons of pauses, who let go, what a snapshot says of calls; a rule that names one of them holds for it too.

use std::fmt::Write;

use crate::fold::World;
use crate::fold::ending::RELEASING_PARTY;
use crate::fold::privacy::{KEY_MARK, List, Policy, Privacy, VALUE_BYTES_MAX};
use crate::fold::router::KEYS as ROUTER;
use crate::model::ids::{ConnId, EventId};
use crate::model::names::Names;
use crate::model::row::{EventLogRow, Rows};
use crate::model::table::{LoggedId, Passage, Site, Tenant};
use crate::model::tevent::{EventKind, TEvent};
use crate::model::time::Micros;
use crate::model::userdata::{KvList, quote_into};

/// Events after which a log should leave; so many stay in a cache.
const FULL: usize = 16 * 1024;

/// Bytes of text after which it should.
const FULL_BYTES: usize = 8 << 20;

/// How many times as much may wait before it must leave, whoever has to wait for it.
const FULL_TIMES_MAX: usize = 8;

/// Keys of `UserData` that the fold reads.
fn user_data_keys() -> impl Iterator<Item = &'static str> {
    ["RVQID"].into_iter().chain(ROUTER)
}

/// Keys of `Extensions` that the fold reads.
const EXTENSIONS: [&str; 3] = ["VQID", "ReasonCode", RELEASING_PARTY];

/// Keys of `Extensions` that say what a snapshot found; some of them are followed by a hyphen and a number.
const SNAPSHOT: [&str; 8] = ["conn", "ps", "ct", "queue", "status", "AgentID", "AgentStatus", "dnd"];

/// The rows of events that have been folded and not yet left.
#[derive(Clone, Debug)]
pub struct EventLog {
    privacy: Privacy,
    /// Which lists have keys that the policy keeps, in the order of [`List`].
    wanted: [bool; 3],
    rows: Vec<EventLogRow>,
    text: String,
    /// A value on its way into the text.
    value: String,
    /// When what is folded now was received.
    received_at: Option<Micros>,
    /// The instant of the last row, and its place there.
    last: (Micros, i32),
}

impl EventLog {
    /// An empty log under this policy.
    #[must_use]
    pub fn new(privacy: Privacy) -> Self {
        let wanted = [List::UserData, List::Reasons, List::Extensions].map(|list| privacy.keeps_any(list));
        Self {
            privacy,
            wanted,
            rows: Vec::new(),
            text: String::new(),
            value: String::new(),
            received_at: None,
            last: (Micros::MIN, 0),
        }
    }

    /// Says when the events to come were received.
    pub fn receive(&mut self, at: Micros) {
        self.received_at = Some(at);
    }

    /// Rows that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.rows.len()
    }

    /// Whether so much waits that it should leave.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.rows.len() >= FULL || self.text.len() >= FULL_BYTES
    }

    /// Whether so much waits that it must leave, whoever has to wait for it.
    #[must_use]
    pub fn overflows(&self) -> bool {
        self.rows.len() >= FULL_TIMES_MAX * FULL || self.text.len() >= FULL_TIMES_MAX * FULL_BYTES
    }

    /// Exchanges rows and text with those of `rows`.
    pub fn swap(&mut self, rows: &mut Rows) {
        std::mem::swap(&mut self.rows, &mut rows.event_log);
        std::mem::swap(&mut self.text, &mut rows.text);
    }

    /// Writes down an event that is going to be folded at `now`.
    pub fn note(&mut self, ev: &TEvent<'_>, id: EventId, now: Micros, world: &World, names: &Names) {
        let place = if self.last.0 == now { self.last.1 + 1 } else { 0 };
        self.last = (now, place);
        let some = |conn: ConnId| conn.is_some().then_some(conn);
        let number = |n: u32| (n != 0).then_some(i64::from(n));
        let rare = ev.rare();
        let other_dn_is_known = !ev.other_number.is_empty() && names.find_dn(ev.switch, ev.other_number).is_some();
        let (ani, ani_key) = self.number(self.privacy.ani, ev.ani);
        let (dnis, dnis_key) = self.number(self.privacy.dnis, ev.dnis);
        let row = EventLogRow {
            tenant_id: Tenant(ev.switch),
            event_id: LoggedId { id, at: now, place },
            site_id: Site(ev.switch),
            source_id: Site(ev.switch),
            folded_at: now,
            place,
            event_time: ev.time,
            received_at: self.received_at,
            event_name: ev.kind.name(),
            this_dn: ev.this_dn,
            this_queue: ev.this_queue,
            other_dn: self.other(ev, ev.other_number, other_dn_is_known),
            other_dn_is_known,
            third_party_dn: self.third(ev),
            third_party_dn_is_known: ev.third_party_dn.is_some(),
            agent_id: ev.agent,
            conn_id: some(ev.conn),
            previous_conn_id: some(ev.previous_conn),
            transfer_conn_id: some(ev.held_conn),
            call_uuid: self.add(ev.call_uuid),
            switch_call_id: number(ev.call_id),
            this_trunk: number(ev.this_trunk),
            other_trunk: number(ev.other_trunk),
            call_type: ev.call_type.map(crate::model::tevent::CallType::word),
            call_state: ev.call_state.0.into(),
            this_dn_role: ev.this_role.0.into(),
            other_dn_role: ev.other_role.0.into(),
            third_party_dn_role: ev.third_party_role.0.into(),
            work_mode: ev.work_mode.0.into(),
            ani,
            ani_key,
            dnis,
            dnis_key,
            user_data: self.list(ev, List::UserData, ev.user_data, world),
            reasons: self.list(ev, List::Reasons, ev.reasons, world),
            extensions: self.list(ev, List::Extensions, ev.extensions, world),
            route_type: rare.route_type.map(|t| t.0.into()),
            treatment_type: rare.treatment_type.map(|t| t.0.into()),
            first_transfer_conn_id: some(rare.first_transfer.conn),
            first_transfer_site: self.add(rare.first_transfer.home),
            last_transfer_conn_id: some(rare.last_transfer.conn),
            last_transfer_site: self.add(rare.last_transfer.home),
            remote_conn_id: some(rare.remote.conn),
            remote_site: self.add(rare.remote.home),
            network_call_id: self.add(rare.network_call),
            ref_call_uuid: self.add(rare.ref_call_uuid),
            is_links: self.add(rare.is_links.as_json()),
            collector_id: None,
        };
        self.rows.push(row);
    }

    /// Takes over a text as it is.
    #[inline]
    fn add(&mut self, text: &str) -> Passage {
        let start = self.text.len();
        self.text.push_str(text);
        self.since(start)
    }

    #[inline]
    fn since(&self, start: usize) -> Passage {
        let end = u32::try_from(self.text.len()).expect("rows leave long before their text has 4 GiB");
        Passage { start: start as u32, len: end - start as u32 }
    }

    /// A number of a caller, and its keyed hash where only that would still tell callers apart.
    fn number(&mut self, policy: Policy, number: &str) -> (Passage, Passage) {
        if number.is_empty() {
            return (Passage::default(), Passage::default());
        }
        let start = self.text.len();
        self.privacy.write(policy, number, &mut self.text);
        let form = self.since(start);
        let start = self.text.len();
        if Privacy::blurs(policy) {
            self.privacy.write(Policy::Hash, number, &mut self.text);
        }
        (form, self.since(start))
    }

    /// The other number: a device's as it is; whatever else may be the caller's, and has the form of one.
    fn other(&mut self, ev: &TEvent<'_>, number: &str, is_device: bool) -> Passage {
        let Privacy { ani, dnis, .. } = self.privacy;
        let policy = match number {
            _ if is_device => Policy::Keep,
            _ if number == ev.ani => ani,
            _ if number == ev.dnis => dnis,
            _ => stricter(ani, dnis),
        };
        self.form(policy, number)
    }

    /// The third number: where the call goes, unless it is the caller's.
    fn third(&mut self, ev: &TEvent<'_>) -> Passage {
        let (number, is_device) = (ev.third_party_number, ev.third_party_dn.is_some());
        if number == ev.ani || number == ev.dnis {
            return self.other(ev, number, is_device);
        }
        self.add(number)
    }

    fn form(&mut self, policy: Policy, value: &str) -> Passage {
        let start = self.text.len();
        if !value.is_empty() {
            self.privacy.write(policy, value, &mut self.text);
        }
        self.since(start)
    }

    /// What may be kept of an attached list.
    fn list(&mut self, ev: &TEvent<'_>, list: List, pairs: KvList<'_>, world: &World) -> Passage {
        let raw = pairs.as_json();
        if raw.is_empty() || !self.wanted[list as usize] && !is_read(list, ev.kind, raw) {
            return Passage::default();
        }
        let start = self.text.len();
        self.text.push('{');
        for (at, (key, value)) in pairs.iter().enumerate() {
            let begun = self.text.len();
            if begun > start + 1 {
                self.text.push(',');
            }
            if !self.pair(ev, list, (&key, &value), at == 0, world) {
                self.text.truncate(begun);
            }
        }
        self.text.push('}');
        self.since(start)
    }

    /// Appends a pair in the form it is kept in; `false` when it is not kept.
    fn pair(&mut self, ev: &TEvent<'_>, list: List, (key, value): (&str, &str), is_first: bool, world: &World) -> bool {
        let is_reason = list == List::Reasons && is_first && has_reason(ev.kind);
        if !self.privacy.names(list, key) {
            if !is_reason && !is_fold_key(list, ev.kind, key) {
                return false;
            }
            quote_into(key, &mut self.text);
            self.text.push(':');
            quote_into(value, &mut self.text);
            return true;
        }
        let policy = self.privacy.policy(list, key);
        // A reason that must not be kept is still the first pair, and no other one is the reason.
        if policy == Policy::Drop && !is_reason {
            return false;
        }
        self.value.clear();
        if !self.privacy.write(policy, value, &mut self.value) && !is_reason {
            return false;
        }
        let kept = cut(&self.value);
        let is_blurred = Privacy::blurs(policy) || kept < self.value.len();
        self.value.truncate(kept);
        if is_blurred {
            // Values of one form are still different values.
            self.value.push(KEY_MARK);
            write!(self.value, "{}", world.change_of(ev, list, key, value)).expect("a string takes all");
        }
        quote_into(key, &mut self.text);
        self.text.push(':');
        quote_into(&self.value, &mut self.text);
        true
    }
}

/// Whether a message carries the reason of a pause.
const fn has_reason(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::AGENT_LOGIN | EventKind::AGENT_READY | EventKind::AGENT_NOT_READY | EventKind::AGENT_AFTER_CALL_WORK
    )
}

/// Whether a message says what is on a device.
const fn is_snapshot(kind: EventKind) -> bool {
    matches!(kind, EventKind::REGISTERED | EventKind::ADDRESS_INFO)
}

/// Whether the text of a list may have a key that the fold reads.
fn is_read(list: List, kind: EventKind, raw: &str) -> bool {
    let has = |key: &&str| memchr::memmem::find(raw.as_bytes(), key.as_bytes()).is_some();
    // A key may be written with escapes.
    let is_escaped = || memchr::memchr(b'\\', raw.as_bytes()).is_some();
    match list {
        List::UserData => user_data_keys().any(|key| has(&key)) || is_escaped(),
        List::Reasons => has_reason(kind),
        List::Extensions => is_snapshot(kind) || EXTENSIONS.iter().any(has) || is_escaped(),
    }
}

fn is_fold_key(list: List, kind: EventKind, key: &str) -> bool {
    match list {
        List::UserData => user_data_keys().any(|known| known == key),
        List::Reasons => false,
        List::Extensions => {
            let name = key.split_once('-').map_or(key, |(name, _)| name);
            EXTENSIONS.contains(&key) || is_snapshot(kind) && SNAPSHOT.contains(&name)
        }
    }
}

/// The policy that leaves less of a number.
fn stricter(a: Policy, b: Policy) -> Policy {
    let rank = |policy: Policy| match policy {
        Policy::Keep => (0, 0),
        Policy::Mask { shown } => (1, u8::MAX - shown),
        Policy::Hash => (2, 0),
        Policy::Drop => (3, 0),
    };
    if rank(a) >= rank(b) { a } else { b }
}

fn cut(value: &str) -> usize {
    if value.len() <= VALUE_BYTES_MAX {
        return value.len();
    }
    (0..=VALUE_BYTES_MAX).rev().find(|at| value.is_char_boundary(*at)).unwrap_or(0)
}
