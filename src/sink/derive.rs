//! Keys of objects to their UUIDs.
//!
//! In: what names a stay, leg, party or session. Out: its id, remembered for a while because rows that leave together name
//! the same objects. What the ids are made of is known to [`crate::model::identity`] alone.

use crate::model::identity::{Identities, LegKey, QueueSegmentKey, SessionKey};
use crate::model::ids::{DnId, Uuid};
use crate::model::time::Micros;

use super::mirror::{Mirror, NULL, Texts};

/// Slots of the memories of stays, legs and parties: those of the rows just passed. Larger ones would be slower to look
/// up than an id is to derive.
const RECENT: usize = 1 << 10;

/// Remembers the id of what was asked for recently: one slot per hash.
#[derive(Debug)]
struct Memo<K, const SLOTS: usize> {
    slots: Vec<Option<(u32, K, Uuid)>>,
}

impl<K, const SLOTS: usize> Default for Memo<K, SLOTS> {
    fn default() -> Self {
        Self { slots: Vec::new() }
    }
}

impl<K: PartialEq + Clone, const SLOTS: usize> Memo<K, SLOTS> {
    #[inline]
    fn get(&mut self, partition: u32, hash: u64, key: &K, derive: impl FnOnce() -> Uuid) -> Uuid {
        if self.slots.is_empty() {
            self.slots.resize_with(SLOTS, || None);
        }
        let slot = &mut self.slots[hash as usize % SLOTS];
        match slot {
            Some((p, k, id)) if *p == partition && k == key => *id,
            _ => {
                let id = derive();
                *slot = Some((partition, key.clone(), id));
                id
            }
        }
    }
}

/// Derives the UUIDs of objects from their keys.
#[derive(Debug, Default)]
pub(super) struct Derived {
    identities: Identities,
    stays: Memo<QueueSegmentKey, RECENT>,
    legs: Memo<LegKey, RECENT>,
    parties: Memo<LegKey, RECENT>,
    /// The last session of each agent, by partition: every state names it, and an agent has one at a time.
    sessions: Vec<Vec<(Micros, Uuid)>>,
}

const fn mix(call: Uuid, object: u32, time: Micros) -> u64 {
    let mixed = (call.0 as u64) ^ ((object as u64) << 32) ^ (time.0 as u64);
    mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
}

/// Whose ids the keys hold, and what they mean.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// Partition of the engine.
    pub(super) partition: u32,
    pub(super) mirror: &'a Mirror,
}

impl Derived {
    pub(super) fn stay(&mut self, v: &QueueSegmentKey, scope: Scope<'_>, texts: &Texts) -> Uuid {
        self.stays.get(scope.partition, mix(v.call, v.queue.0, v.entered_at), v, || {
            self.identities.queue_segment(v, dn_text(scope.mirror, texts, v.queue))
        })
    }

    pub(super) fn leg(&mut self, v: &LegKey, scope: Scope<'_>, texts: &Texts) -> Uuid {
        self.legs.get(scope.partition, mix(v.call, v.dn.0, v.offered_at), v, || {
            self.identities.leg(v, dn_text(scope.mirror, texts, v.dn))
        })
    }

    pub(super) fn party(&mut self, v: &LegKey, scope: Scope<'_>, texts: &Texts) -> Uuid {
        self.parties.get(scope.partition, mix(v.call, v.dn.0, v.offered_at), v, || {
            self.identities.party(v, dn_text(scope.mirror, texts, v.dn))
        })
    }

    /// Nothing but its own row names a routing request: there is nothing to remember.
    pub(super) fn route(&mut self, v: &LegKey, scope: Scope<'_>, texts: &Texts) -> Uuid {
        self.identities.route(v, dn_text(scope.mirror, texts, v.dn))
    }

    #[inline]
    pub(super) fn session(&mut self, v: &SessionKey, scope: Scope<'_>, texts: &Texts) -> Uuid {
        let known = self.sessions.get(scope.partition as usize).and_then(|agents| agents.get(v.agent.index()));
        match known {
            Some(&(at, id)) if at == v.logged_in_at => id,
            _ => self.new_session(v, scope, texts),
        }
    }

    #[cold]
    fn new_session(&mut self, v: &SessionKey, scope: Scope<'_>, texts: &Texts) -> Uuid {
        let agent = scope.mirror.agent(v.agent);
        let id = self.identities.session(v, if agent == NULL { "" } else { texts.get(agent) });
        if agent != NULL {
            let partition = scope.partition as usize;
            self.sessions.resize_with(self.sessions.len().max(partition + 1), Vec::new);
            let agents = &mut self.sessions[partition];
            agents.resize(agents.len().max(v.agent.index() + 1), (Micros::MIN, Uuid(0)));
            agents[v.agent.index()] = (v.logged_in_at, id);
        }
        id
    }
}

fn dn_text<'a>(mirror: &Mirror, texts: &'a Texts, dn: DnId) -> &'a str {
    match mirror.dn(dn) {
        NULL => "",
        id => texts.get(id),
    }
}
