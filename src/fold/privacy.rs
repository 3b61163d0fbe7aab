//! What may be known of callers: which attached keys are kept, and in which form.
//!
//! Nothing attached is kept unless its key is on the list. A policy is applied when a value is first seen, so that what is
//! masked or hashed is nowhere in memory as it was sent. Says nothing of what a value means.

use std::fmt;

use compact_str::CompactString;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Most attached keys kept of one call.
pub const KEYS_MAX: usize = 64;
/// Longest value kept, in bytes; the rest is cut off.
pub const VALUE_BYTES_MAX: usize = 512;
/// How many characters at the end a mask leaves when nobody says.
pub const SHOWN_DEFAULT: u8 = 4;
/// Bytes a secret needs at least.
pub const SECRET_BYTES_MIN: usize = 16;

/// What becomes of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Kept as sent.
    #[default]
    Keep,
    /// The last characters are kept, never more than half of them; the others become `*`.
    Mask {
        /// How many.
        shown: u8,
    },
    /// Replaced by 32 hexadecimal digits that are equal for equal values, and tell nothing without the secret.
    Hash,
    /// Not kept.
    Drop,
}

/// Which list of an event a key belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum List {
    /// What applications attached to the call.
    #[default]
    UserData,
    /// Why somebody asked for what the event reports.
    Reasons,
    /// What the switch added to the event.
    Extensions,
}

impl List {
    /// The word used in rows.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::UserData => "user_data",
            Self::Reasons => "reasons",
            Self::Extensions => "extensions",
        }
    }
}

/// One line of the list of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The key as sent; with a `*` at the end, every key that begins so.
    pub key: CompactString,
    /// The list it stands in.
    pub list: List,
    /// What becomes of its values.
    pub policy: Policy,
}

impl Rule {
    /// How well the rule fits a key: exactly, by that many bytes of a beginning, or not at all.
    fn fit(&self, list: List, key: &str) -> Option<usize> {
        if self.list != list {
            return None;
        }
        match self.key.strip_suffix('*') {
            Some(start) => key.starts_with(start).then_some(start.len()),
            None => (self.key == key).then_some(usize::MAX),
        }
    }
}

/// The secret of keyed hashes. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A secret; `None` for one that is too short to be any.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (bytes.len() >= SECRET_BYTES_MIN).then(|| Self(bytes.to_vec()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What may be known of callers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Privacy {
    /// The attached keys that are kept.
    pub rules: Vec<Rule>,
    /// What becomes of calling numbers.
    pub ani: Policy,
    /// What becomes of called numbers.
    pub dnis: Policy,
    /// The secret of hashes; without one, what shall be hashed is dropped.
    pub secret: Option<Secret>,
    /// Values come from the event log: they have their form already.
    pub is_applied: bool,
}

/// What stands in an event from the log between a masked number and its keyed hash; no number has it.
pub const KEY_MARK: char = '\u{1f}';

/// A held number before and behind its mark; `None` without one. Numbers are short: a search that prepares itself takes longer.
fn split_mark(held: &str) -> Option<(&str, &str)> {
    let at = held.bytes().position(|byte| byte == KEY_MARK as u8)?;
    held.get(..at).zip(held.get(at + KEY_MARK.len_utf8()..))
}

impl Privacy {
    /// What becomes of a key's values: what its own rule says, else the rule with the longest fitting beginning.
    #[must_use]
    pub fn policy(&self, list: List, key: &str) -> Policy {
        let fits = self.rules.iter().filter_map(|rule| Some((rule.fit(list, key)?, rule.policy)));
        fits.max_by_key(|(fit, _)| *fit).map_or(Policy::Drop, |(_, policy)| policy)
    }

    /// Whether there is a rule for a key.
    #[must_use]
    pub fn names(&self, list: List, key: &str) -> bool {
        self.rules.iter().any(|rule| rule.fit(list, key).is_some())
    }

    /// Whether any key of this list is kept.
    #[must_use]
    pub fn keeps_any(&self, list: List) -> bool {
        self.rules.iter().any(|rule| rule.list == list && rule.policy != Policy::Drop)
    }

    /// A value in the form it is kept in; `None` when it is not kept.
    #[must_use]
    pub fn form(&self, policy: Policy, value: &str) -> Option<CompactString> {
        match policy {
            Policy::Drop => None,
            _ if self.is_applied => Some(value.split(KEY_MARK).next().unwrap_or_default().into()),
            Policy::Keep => Some(value.into()),
            Policy::Mask { shown } => Some(mask(value, shown.into()).collect()),
            Policy::Hash => self.secret.as_ref().map(|secret| hash(secret, value).collect()),
        }
    }

    /// Appends a value in the form it is kept in, without memory of its own; `false` when it is not kept.
    pub fn write(&self, policy: Policy, value: &str, into: &mut String) -> bool {
        match (policy, &self.secret) {
            (Policy::Keep, _) => into.push_str(value),
            (Policy::Mask { shown }, _) => into.extend(mask(value, shown.into())),
            (Policy::Hash, Some(secret)) => into.extend(hash(secret, value)),
            (Policy::Hash, None) | (Policy::Drop, _) => return false,
        }
        true
    }

    /// A number as it is held until it is written: one from the log, which has its form, is told from one as sent by a mark that nobody
    /// outside can give it.
    #[must_use]
    pub fn held(&self, number: &str) -> CompactString {
        let is_marked = split_mark(number).is_some();
        match (self.is_applied, is_marked) {
            (true, false) if !number.is_empty() => compact_str::format_compact!("{number}{KEY_MARK}"),
            (false, true) => number.chars().filter(|c| *c != KEY_MARK).collect(),
            _ => number.into(),
        }
    }

    /// A held number in the form it is kept in; `None` when it is not kept.
    #[must_use]
    pub fn number(&self, policy: Policy, held: &str) -> Option<CompactString> {
        match split_mark(held) {
            Some((form, _)) => (policy != Policy::Drop).then(|| form.into()),
            None => self.form(policy, held),
        }
    }

    /// What stands for whoever has a held number, under the policy of such numbers: its keyed hash; `None` without a secret, or when
    /// nothing of it may be kept.
    #[must_use]
    pub fn key(&self, policy: Policy, held: &str) -> Option<CompactString> {
        match (policy, split_mark(held)) {
            (Policy::Drop, _) => None,
            (Policy::Mask { .. }, Some((_, key))) => Some(key.into()).filter(|key: &CompactString| !key.is_empty()),
            (Policy::Hash, Some((form, _))) => Some(form.into()),
            (_, marked) => {
                let number = marked.map_or(held, |(number, _)| number);
                self.secret.as_ref().map(|secret| hash(secret, number).collect())
            }
        }
    }

    /// Whether the form that a value is kept in hides what it was without telling different values apart.
    #[must_use]
    pub const fn blurs(policy: Policy) -> bool {
        matches!(policy, Policy::Mask { .. })
    }
}

fn mask(value: &str, shown: usize) -> impl Iterator<Item = char> {
    let count = value.chars().count();
    let hidden = count - shown.min(count / 2);
    value.chars().enumerate().map(move |(i, c)| if i < hidden { '*' } else { c })
}

/// The first half of HMAC-SHA-256 of the value.
fn hash(secret: &Secret, value: &str) -> impl Iterator<Item = char> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret.0).expect("any length of key is allowed");
    mac.update(value.as_bytes());
    let digest = mac.finalize().into_bytes();
    let digits = digest.into_iter().take(16).flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(key: &str, policy: Policy) -> Rule {
        Rule { key: key.into(), list: List::UserData, policy }
    }

    #[test]
    fn a_key_has_the_policy_of_its_own_rule_or_of_the_longest_beginning() {
        let rules =
            vec![rule("GSW_*", Policy::Keep), rule("GSW_PHONE*", Policy::Hash), rule("GSW_PHONE_TYPE", Policy::Drop)];
        let privacy = Privacy { rules, ..Privacy::default() };
        let policy = |key| privacy.policy(List::UserData, key);
        assert_eq!(policy("GSW_CHAIN_ID"), Policy::Keep);
        assert_eq!(policy("GSW_PHONE"), Policy::Hash);
        assert_eq!(policy("GSW_PHONE_TYPE"), Policy::Drop);
        assert_eq!(policy("Segment"), Policy::Drop);
        assert_eq!(privacy.policy(List::Reasons, "GSW_CHAIN_ID"), Policy::Drop);
        assert!(privacy.keeps_any(List::UserData) && !privacy.keeps_any(List::Extensions));
    }

    #[test]
    fn a_mask_shows_the_end_and_never_more_than_half() {
        let mask = |value, shown| mask(value, shown).collect::<String>();
        assert_eq!(mask("5550100123", 4), "******0123");
        assert_eq!(mask("55501", 4), "***01");
        assert_eq!((mask("7", 4).as_str(), mask("", 4).as_str(), mask("grün", 0).as_str()), ("*", "", "****"));
    }

    #[test]
    fn a_hash_needs_the_secret_and_is_the_one_of_the_standard() {
        // RFC 4231, test case 6, whose key is longer than a block.
        let secret = Secret::new(&[0xaa; 131]);
        let privacy = Privacy { secret, ..Privacy::default() };
        let value = "Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(privacy.form(Policy::Hash, value).as_deref(), Some("60e431591ee0b67f0d8a26aacbf5b77f"));
        assert_eq!(Privacy::default().form(Policy::Hash, value), None);
        assert_eq!(Secret::new(b"short"), None);
        assert_eq!(format!("{privacy:?}").matches("170").count(), 0, "the secret is not shown");
    }
}
