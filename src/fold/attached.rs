//! Attached data: which values the kept keys of a call have, and every change of them.
//!
//! Events repeat a call's whole `UserData`, and a change of it is reported once for every monitored device in the call. So
//! the list is compared with the last one of the call by a digest of its text, and walked only when it differs; a value
//! counts as changed once, when it is first seen. An event that merely carries the list may carry a part of it: keys that
//! it lacks stay. EventAttachedDataChanged carries the whole, and a key that it lacks is deleted.

use std::hash::BuildHasher;

use compact_str::CompactString;

use super::anomaly::Anomaly;
use super::privacy::{KEYS_MAX, List, Policy, Privacy, VALUE_BYTES_MAX};
use super::slab::{Ix, NIL, Slab};
use super::world::World;
use crate::model::ids::AgentId;
use crate::model::row::{UserDataChangeRow, UserDataFinalRow};
use crate::model::table::{PartyKey, Site, Tenant};
use crate::model::tevent::{EventKind, TEvent};
use crate::model::time::Micros;
use crate::model::userdata::{KvList, quote_into};

/// The key with which desktops attach what a call was about.
const DISPOSITION: &str = "DispositionCode";

/// A kept key of a call.
#[derive(Clone, Debug)]
struct Entry {
    list: List,
    key: CompactString,
    /// Digest of the value as sent: two values of one form are still two values.
    digest: u64,
    /// The value in the form it is kept in; `None` when it was deleted.
    value: Option<CompactString>,
    /// Changes so far.
    seq: i32,
    /// The walk that met it last.
    walk: u32,
}

/// What is attached to a call.
#[derive(Clone, Debug, Default)]
struct Data {
    /// Digest of the last `UserData` text, and whether it claimed to be whole.
    last: (u64, bool),
    entries: Vec<Entry>,
    walks: u32,
    changes: i32,
}

impl Data {
    /// The number of the last change of a key; a key that is in two lists is numbered through.
    fn last_seq(&self, key: &str) -> i32 {
        self.entries.iter().filter(|e| e.key == key).map(|e| e.seq).max().unwrap_or(0)
    }

    /// Numbers a change of the key at `place`.
    fn next_seq(&mut self, place: usize) -> i32 {
        let seq = self.last_seq(&self.entries[place].key) + 1;
        self.entries[place].seq = seq;
        self.changes += 1;
        seq
    }
}

/// Attached data of all live calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Attached {
    pub privacy: Privacy,
    /// Which lists have keys that are kept.
    wanted: [bool; 3],
    calls: Slab<Data>,
    hasher: foldhash::fast::FixedState,
}

impl Attached {
    pub(super) fn new(privacy: Privacy) -> Self {
        let wanted = [List::UserData, List::Reasons, List::Extensions].map(|list| privacy.keeps_any(list));
        Self { privacy, wanted, ..Self::default() }
    }

    /// Whether an event has anything that might be kept. Cheap, because it is asked of every event of a call.
    #[inline]
    pub(super) fn concerns(&self, ev: &TEvent<'_>) -> bool {
        let lists = [ev.user_data, ev.reasons, ev.extensions];
        self.wanted.iter().zip(lists).any(|(wanted, list)| *wanted && !list.as_json().is_empty())
    }

    fn digest(&self, text: &str) -> u64 {
        self.hasher.hash_one(text.as_bytes())
    }
}

/// How many bytes of a value are kept.
pub(crate) fn cut(value: &str) -> usize {
    if value.len() <= VALUE_BYTES_MAX {
        return value.len();
    }
    (0..=VALUE_BYTES_MAX).rev().find(|at| value.is_char_boundary(*at)).unwrap_or(0)
}

/// What all changes of one event have in common.
#[derive(Clone, Copy)]
struct Seen {
    call: Ix,
    at: Micros,
    party: Option<PartyKey>,
    agent: AgentId,
}

/// One change.
struct Change {
    key: CompactString,
    seq: i32,
    list: List,
    before: Option<CompactString>,
    value: Option<CompactString>,
}

impl World {
    /// What comes from now on has no form yet: the policies apply to it. What was in the event log has its form.
    pub fn apply_policies(&mut self) {
        self.attached.privacy.is_applied = false;
    }

    /// What an event of a call says about its attached data.
    #[cold]
    #[inline(never)]
    pub(super) fn attach(&mut self, call: Ix, ev: &TEvent<'_>) {
        if self.attached.wanted[0] && !ev.user_data.as_json().is_empty() {
            let whole = ev.kind == EventKind::ATTACHED_DATA_CHANGED;
            let last = (self.attached.digest(ev.user_data.as_json()), whole);
            let data = self.data_of(call);
            if self.attached.calls[data].last != last {
                self.attached.calls[data].last = last;
                let seen = self.seen_by(call, ev);
                self.walk(data, List::UserData, ev.user_data, seen);
                if whole {
                    self.delete_unmet(data, seen);
                }
            }
        }
        for (list, pairs, wanted) in [
            (List::Reasons, ev.reasons, self.attached.wanted[1]),
            (List::Extensions, ev.extensions, self.attached.wanted[2]),
        ] {
            if wanted && !pairs.as_json().is_empty() {
                let (data, seen) = (self.data_of(call), self.seen_by(call, ev));
                self.walk(data, list, pairs, seen);
            }
        }
    }

    /// Which change of a key of its call a value in an event is, or will be: the event log tells values of one form apart by it.
    #[must_use]
    pub fn change_of(&self, ev: &TEvent<'_>, list: List, key: &str, value: &str) -> i32 {
        let data = self.find_call(ev.switch, ev.conn).map_or(NIL, |call| self.calls[call].data);
        if data == NIL {
            return 1;
        }
        let data = &self.attached.calls[data];
        let known = data.entries.iter().find(|e| e.list == list && e.key == key && e.value.is_some());
        match known {
            Some(entry) if entry.digest == self.attached.digest(value) => entry.seq,
            _ => data.last_seq(key) + 1,
        }
    }

    fn data_of(&mut self, call: Ix) -> Ix {
        if self.calls[call].data == NIL {
            self.calls[call].data = self.attached.calls.insert(Data::default());
        }
        self.calls[call].data
    }

    /// Who changed the data: the device that the switch names, if it is in the call.
    fn seen_by(&self, call: Ix, ev: &TEvent<'_>) -> Seen {
        let names_actor = ev.kind == EventKind::ATTACHED_DATA_CHANGED && ev.third_party_dn.is_some();
        let party = if names_actor { self.find_party(call, ev.third_party_dn) } else { None };
        let party = party.map(|ix| &self.parties[ix]);
        Seen {
            call,
            at: ev.time,
            party: party.map(|p| PartyKey(self.part_of(p))),
            agent: party.map_or(AgentId::NONE, |p| p.agent),
        }
    }

    /// Notes every value of a list that is kept and new.
    fn walk(&mut self, data: Ix, list: List, pairs: KvList<'_>, seen: Seen) {
        self.attached.calls[data].walks += 1;
        let walk = self.attached.calls[data].walks;
        for (key, value) in pairs.iter() {
            let policy = self.attached.privacy.policy(list, &key);
            if policy == Policy::Drop {
                continue;
            }
            let digest = self.attached.digest(&value);
            let Data { entries, .. } = &mut self.attached.calls[data];
            let place = entries.iter().position(|e| e.list == list && e.key == key);
            if let Some(place) = place {
                let entry = &mut entries[place];
                // A key that is there twice has its first value.
                let unchanged = entry.walk == walk || entry.value.is_some() && entry.digest == digest;
                entry.walk = walk;
                if unchanged {
                    continue;
                }
            } else if entries.len() == KEYS_MAX {
                self.out.odd(Anomaly::DataRefused);
                continue;
            }
            let Some(value) = self.form(policy, &value) else { continue };
            let entries = &mut self.attached.calls[data].entries;
            let before = match place {
                Some(place) => {
                    entries[place].digest = digest;
                    entries[place].value.replace(value.clone())
                }
                None => {
                    let (key, value) = (CompactString::from(&*key), Some(value.clone()));
                    entries.push(Entry { list, key, digest, value, seq: 0, walk });
                    None
                }
            };
            let place = place.unwrap_or(entries.len() - 1);
            let seq = self.attached.calls[data].next_seq(place);
            let key = self.attached.calls[data].entries[place].key.clone();
            self.write_change(seen, Change { key, seq, list, before, value: Some(value) });
        }
    }

    /// A value in the form it is kept in, cut to its limit.
    fn form(&mut self, policy: Policy, value: &str) -> Option<CompactString> {
        let mut value = self.attached.privacy.form(policy, value)?;
        if value.len() > VALUE_BYTES_MAX {
            self.out.odd(Anomaly::DataCut);
            value.truncate(cut(&value));
        }
        Some(value)
    }

    /// The list was whole: what it lacks is gone.
    fn delete_unmet(&mut self, data: Ix, seen: Seen) {
        let walk = self.attached.calls[data].walks;
        for place in 0..self.attached.calls[data].entries.len() {
            let entry = &mut self.attached.calls[data].entries[place];
            if entry.list != List::UserData || entry.walk == walk {
                continue;
            }
            let Some(before) = entry.value.take() else { continue };
            let key = entry.key.clone();
            let seq = self.attached.calls[data].next_seq(place);
            self.write_change(seen, Change { key, seq, list: List::UserData, before: Some(before), value: None });
        }
    }

    fn write_change(&mut self, seen: Seen, change: Change) {
        let call = &self.calls[seen.call];
        let row = UserDataChangeRow {
            tenant_id: Tenant(call.switch),
            call_id: call.id,
            key: change.key,
            seq: change.seq,
            site_id: Site(call.switch),
            changed_at: seen.at,
            party_id: seen.party,
            agent_id: seen.agent,
            change: match (&change.before, &change.value) {
                (_, None) => "delete",
                (None, _) => "add",
                _ => "update",
            },
            value_before: change.before,
            value: change.value,
            source: change.list.word(),
            revision: 1,
            last_event_id: self.event,
            written_at: self.now,
        };
        self.out.data_changes.push(row);
    }

    /// The code by which an agent says what a call was about, in the form it is kept in; `None` when its key is not kept.
    pub(super) fn disposition(&self, call: Ix) -> Option<CompactString> {
        let data = self.calls[call].data;
        if data == NIL {
            return None;
        }
        let known = self.attached.calls[data].entries.iter();
        known.filter(|e| e.list == List::UserData && e.key == DISPOSITION).find_map(|e| e.value.clone())
    }

    /// Writes what is attached to a call that ended at `ended`, or is open.
    pub(super) fn write_data(&mut self, call: Ix, ended: Option<Micros>) {
        let c = &self.calls[call];
        if c.data == NIL {
            return;
        }
        let data = &self.attached.calls[c.data];
        if data.changes == 0 {
            return;
        }
        let mut user_data = String::from("{");
        let mut key_count = 0;
        for entry in data.entries.iter().filter(|e| e.list == List::UserData) {
            let Some(value) = &entry.value else { continue };
            if key_count > 0 {
                user_data.push(',');
            }
            quote_into(&entry.key, &mut user_data);
            user_data.push(':');
            quote_into(value, &mut user_data);
            key_count += 1;
        }
        user_data.push('}');
        let row = UserDataFinalRow {
            tenant_id: Tenant(c.switch),
            call_id: c.id,
            site_id: Site(c.switch),
            started_at: c.started_at,
            ended_at: ended,
            user_data: user_data.into(),
            key_count,
            change_count: data.changes,
            revision: 1,
            last_event_id: c.last_event(),
            written_at: self.now,
        };
        self.out.data_finals.push(row);
    }

    /// Forgets what is attached to a call.
    pub(super) fn forget_data(&mut self, call: Ix) {
        let data = std::mem::replace(&mut self.calls[call].data, NIL);
        if data != NIL {
            self.attached.calls[data] = Data::default();
            self.attached.calls.remove(data);
        }
    }
}
