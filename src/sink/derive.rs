//! Keys of objects to their UUIDs.
//!
//! In: what names a stay, leg, party or session. Out: its id, remembered where the rows to come name it again. What the ids
//! are made of is known to [`crate::model::identity`] alone.

use crate::model::identity::{Identities, LegKey, QueueSegmentKey, SessionKey};
use crate::model::ids::{DnId, Uuid};
use crate::model::time::Micros;

use super::mirror::{Mirror, NULL, Texts};

/// Parties remembered: one row names its party twice, and rows are taken in blocks of far fewer. Other objects are
/// named again only minutes later, when deriving the id is cheaper than a memory that long.
const RECENT: usize = 512;

/// Derives the UUIDs of objects from their keys.
#[derive(Debug, Default)]
pub(super) struct Derived {
    identities: Identities,
    /// One slot per hash.
    parties: Vec<Option<(u32, LegKey, Uuid)>>,
    /// The last session of each agent, by partition: every state names it, and an agent has one at a time.
    sessions: Vec<Vec<(Micros, Uuid)>>,
}

const fn mix(v: &LegKey) -> usize {
    let mixed = (v.call.0 as u64) ^ ((v.dn.0 as u64) << 32) ^ (v.offered_at.0 as u64);
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
}

/// Whose ids the keys hold, and what they mean.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// Partition of the engine.
    pub(super) partition: u32,
    pub(super) mirror: &'a Mirror,
    /// The text that passages are parts of.
    pub(super) text: &'a str,
}

impl Derived {
    pub(super) fn stay(&mut self, v: &QueueSegmentKey, scope: Scope<'_>, texts: &Texts) -> Uuid {
        self.identities.queue_segment(v, dn_text(scope.mirror, texts, v.queue))
    }

    pub(super) fn leg(&mut self, v: &LegKey, scope: Scope<'_>, texts: &Texts) -> Uuid {
        self.identities.leg(v, dn_text(scope.mirror, texts, v.dn))
    }

    #[inline]
    pub(super) fn party(&mut self, v: &LegKey, scope: Scope<'_>, texts: &Texts) -> Uuid {
        self.parties.resize(RECENT, None);
        let slot = &mut self.parties[mix(v) % RECENT];
        match slot {
            Some((partition, key, id)) if key == v && *partition == scope.partition => *id,
            _ => {
                let id = self.identities.party(v, dn_text(scope.mirror, texts, v.dn));
                *slot = Some((scope.partition, *v, id));
                id
            }
        }
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
