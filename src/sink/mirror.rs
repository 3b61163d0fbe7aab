//! Ids to texts: what a batch's dense ids mean, per partition of the engine, and one number per text for the whole store.
//!
//! In: the names that each batch brings. Out: for each id the number of its text in [`Texts`], a plain array look-up per
//! cell. Rows of several partitions meet in one file, so their ids must first become numbers that mean the same for all.
//! Memory is bounded by the engine's name limits.

use compact_str::CompactString;
use hashbrown::HashTable;
use std::hash::BuildHasher;

use crate::engine::output::NewNames;
use crate::model::ids::{AgentId, DnId, ReasonId, SwitchId};

/// Number of a text in [`Texts`].
pub(super) type TextId = u32;

/// Stands for null wherever a [`TextId`] is expected.
pub(super) const NULL: TextId = u32::MAX;

/// Slots of the cache of words; the vocabulary of all enumerations is far smaller.
const WORDS: usize = 1024;

/// Every different text that name columns hold, each once.
#[derive(Clone, Debug)]
pub(super) struct Texts {
    texts: Vec<CompactString>,
    index: HashTable<TextId>,
    hasher: foldhash::fast::FixedState,
    /// Enumeration words by the address of their static text.
    words: Box<[(usize, usize, TextId); WORDS]>,
}

impl Default for Texts {
    fn default() -> Self {
        let words = Box::new([(0, 0, NULL); WORDS]);
        Self { texts: Vec::new(), index: HashTable::new(), hasher: foldhash::fast::FixedState::default(), words }
    }
}

impl Texts {
    /// The number of `text`, minted when new.
    pub(super) fn intern(&mut self, text: &str) -> TextId {
        let hash = self.hasher.hash_one(text);
        let texts = &self.texts;
        if let Some(&id) = self.index.find(hash, |&id| texts[id as usize] == text) {
            return id;
        }
        let id = self.texts.len() as TextId;
        self.texts.push(text.into());
        let (texts, hasher) = (&self.texts, &self.hasher);
        self.index.insert_unique(hash, id, |&id| hasher.hash_one(texts[id as usize].as_str()));
        id
    }

    /// The number of an enumeration word.
    #[inline]
    pub(super) fn word(&mut self, word: &'static str) -> TextId {
        let (address, len) = (word.as_ptr() as usize, word.len());
        let slot = (address ^ address >> 10 ^ len << 3) % WORDS;
        let (a, l, id) = self.words[slot];
        if a == address && l == len && id != NULL {
            return id;
        }
        let id = self.intern(word);
        self.words[slot] = (address, len, id);
        id
    }

    /// The text of a number.
    #[inline]
    pub(super) fn get(&self, id: TextId) -> &str {
        &self.texts[id as usize]
    }

    /// Numbers handed out; they are `0..n`.
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }
}

#[derive(Debug)]
struct Switch {
    tenant: TextId,
    name: TextId,
    /// The name with the colon that event ids put after it.
    event_prefix: CompactString,
}

/// The names of one partition.
#[derive(Debug, Default)]
pub(super) struct Mirror {
    switches: Vec<Switch>,
    dns: Vec<TextId>,
    agents: Vec<TextId>,
    reasons: Vec<(TextId, TextId)>,
}

impl Mirror {
    /// Takes over the names of a batch.
    pub(super) fn apply(&mut self, new: &NewNames, texts: &mut Texts) {
        for (tenant, name) in &new.switches {
            let event_prefix = compact_str::format_compact!("{name}:");
            self.switches.push(Switch { tenant: texts.intern(tenant), name: texts.intern(name), event_prefix });
        }
        let mut full = String::new();
        for (switch, number) in &new.dns {
            full.clear();
            full.push_str(number);
            full.push('@');
            full.push_str(self.switches.get(switch.index()).map_or("", |s| texts.get(s.name)));
            self.dns.push(texts.intern(&full));
        }
        for (_, agent) in &new.agents {
            self.agents.push(texts.intern(agent));
        }
        for (key, code) in &new.reasons {
            self.reasons.push((texts.intern(key), texts.intern(code)));
        }
    }

    /// Tenant of a switch; null for an id that names nothing.
    #[inline]
    pub(super) fn tenant(&self, id: SwitchId) -> TextId {
        self.switches.get(id.index()).map_or(NULL, |s| s.tenant)
    }

    /// Name of a switch; null for an id that names nothing.
    #[inline]
    pub(super) fn site(&self, id: SwitchId) -> TextId {
        self.switches.get(id.index()).map_or(NULL, |s| s.name)
    }

    /// Name of a switch as event ids begin.
    #[inline]
    pub(super) fn event_prefix(&self, id: SwitchId) -> &str {
        self.switches.get(id.index()).map_or(":", |s| &s.event_prefix)
    }

    /// `number@switch`; null for an id that names nothing.
    #[inline]
    pub(super) fn dn(&self, id: DnId) -> TextId {
        self.dns.get(id.index()).copied().unwrap_or(NULL)
    }

    /// AgentID; null for an id that names nothing.
    #[inline]
    pub(super) fn agent(&self, id: AgentId) -> TextId {
        self.agents.get(id.index()).copied().unwrap_or(NULL)
    }

    /// Key and code of a reason; null for an id that names nothing.
    #[inline]
    pub(super) fn reason(&self, id: ReasonId) -> (TextId, TextId) {
        self.reasons.get(id.index()).copied().unwrap_or((NULL, NULL))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_has_one_number_whoever_named_it() {
        let mut texts = Texts::default();
        let names = |dn: &str| NewNames {
            switches: vec![("default".into(), "east".into())],
            dns: vec![(SwitchId(0), dn.into())],
            ..NewNames::default()
        };
        let (mut a, mut b) = (Mirror::default(), Mirror::default());
        a.apply(&names("7001"), &mut texts);
        b.apply(&names("7000"), &mut texts);
        b.apply(&NewNames { dns: vec![(SwitchId(0), "7001".into())], ..NewNames::default() }, &mut texts);
        assert_eq!(a.dn(DnId(0)), b.dn(DnId(1)));
        assert_eq!(texts.get(b.dn(DnId(0))), "7000@east");
        assert_eq!(a.dn(DnId(9)), NULL);
        assert_eq!(texts.word("voice"), texts.intern("voice"));
        assert_eq!(texts.word("voice"), texts.word("voice"));
    }
}
