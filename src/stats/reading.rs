//! Readings of an interval: what every agent, agent at a queue and agent under a reason gained in it, packed.
//!
//! In: gains as objects are read, in any order. Out: the same, one after the other. Of the columns of an agent most are zero, and
//! the others small. A packed reading is a key, one bit for each column that is not zero, and those columns as integers of as many
//! bytes as they need: a fifth of what the columns take. Refuses to know when an interval ends, and what corrects it afterwards.

use super::agent::AgentGain;
use super::late::Gain;
use super::pair::{PairGain, PairKey, ReasonGain, ReasonKey};
use crate::model::action::Status;
use crate::model::ids::{AgentId, DnId, ReasonId};
use crate::model::time::Micros;

/// What one agent gained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgentGained {
    /// Columns.
    pub gain: AgentGain,
    /// His first login in the interval.
    pub first_login_at: Option<Micros>,
    /// His last logout in it.
    pub last_logout_at: Option<Micros>,
}

impl AgentGained {
    /// Whether nothing was gained.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.gain.is_zero() && self.first_login_at.is_none() && self.last_logout_at.is_none()
    }
}

/// Readings of one kind of object.
#[derive(Clone, Debug, Default)]
pub(super) struct Packed {
    bytes: Vec<u8>,
    len: usize,
}

impl Packed {
    /// Appends what an object gained.
    pub fn push<K: Key, const C: usize, const T: usize>(&mut self, key: K, gain: &Gain<C, T>) {
        key.put(&mut self.bytes);
        put_gain(&mut self.bytes, gain);
        self.len += 1;
    }

    /// Appends what an agent gained.
    pub fn push_agent(&mut self, agent: AgentId, gained: &AgentGained) {
        self.push(agent, &gained.gain);
        for at in [gained.first_login_at, gained.last_logout_at] {
            put(&mut self.bytes, at.map_or(0, |at| at.0 << 1 | 1));
        }
    }

    /// Takes what was read, leaving room for as much again.
    pub fn take(&mut self) -> Self {
        let room = self.bytes.len() + self.bytes.len() / 8;
        std::mem::replace(self, Self { bytes: Vec::with_capacity(room), len: 0 })
    }

    fn each<T>(&self, read: impl Fn(&mut &[u8]) -> T) -> impl Iterator<Item = T> {
        let mut rest = &*self.bytes;
        (0..self.len).map(move |_| read(&mut rest))
    }
}

/// Readings of all kinds of objects.
#[derive(Clone, Debug, Default)]
pub struct Readings {
    pub(super) agents: Packed,
    pub(super) pairs: Packed,
    pub(super) reasons: Packed,
}

impl Readings {
    /// What agents gained, each once, in the order in which they were read.
    pub fn agents(&self) -> impl Iterator<Item = (AgentId, AgentGained)> {
        self.agents.each(|bytes| {
            let (agent, gain) = (AgentId::take(bytes), take_gain(bytes));
            let mut at = || Some(take(bytes)).filter(|n| *n != 0).map(|n| Micros(n >> 1));
            (agent, AgentGained { gain, first_login_at: at(), last_logout_at: at() })
        })
    }

    /// What agents at queues gained, likewise.
    pub fn pairs(&self) -> impl Iterator<Item = (PairKey, PairGain)> {
        self.pairs.each(|bytes| (PairKey::take(bytes), take_gain(bytes)))
    }

    /// What agents under reasons gained, likewise.
    pub fn reasons(&self) -> impl Iterator<Item = (ReasonKey, ReasonGain)> {
        self.reasons.each(|bytes| (ReasonKey::take(bytes), take_gain(bytes)))
    }

    /// How many objects were read.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.agents.len + self.pairs.len + self.reasons.len
    }

    /// Whether no object was read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What names an object in a packed reading.
pub trait Key: Copy {
    /// Appends it.
    fn put(self, bytes: &mut Vec<u8>);
    /// Takes it from the front.
    fn take(bytes: &mut &[u8]) -> Self;
}

impl Key for AgentId {
    fn put(self, bytes: &mut Vec<u8>) {
        put(bytes, i64::from(self.0));
    }

    fn take(bytes: &mut &[u8]) -> Self {
        Self(take(bytes) as u32)
    }
}

impl Key for PairKey {
    fn put(self, bytes: &mut Vec<u8>) {
        self.0.put(bytes);
        put(bytes, i64::from(self.1.0));
    }

    fn take(bytes: &mut &[u8]) -> Self {
        (AgentId::take(bytes), DnId(take(bytes) as u32))
    }
}

impl Key for ReasonKey {
    fn put(self, bytes: &mut Vec<u8>) {
        self.0.put(bytes);
        put(bytes, self.1 as i64);
        put(bytes, i64::from(self.2.0));
    }

    fn take(bytes: &mut &[u8]) -> Self {
        (AgentId::take(bytes), Status::ALL[take(bytes) as usize], ReasonId(take(bytes) as u32))
    }
}

/// Appends an integer, seven bits a byte, the lowest first; small ones of either sign take few.
fn put(bytes: &mut Vec<u8>, n: i64) {
    let mut rest = (n << 1 ^ n >> 63) as u64;
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

fn take(bytes: &mut &[u8]) -> i64 {
    let (mut n, mut shift) = (0_u64, 0);
    while let [byte, rest @ ..] = *bytes {
        *bytes = rest;
        n |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
        shift += 7;
    }
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

fn put_gain<const C: usize, const T: usize>(bytes: &mut Vec<u8>, gain: &Gain<C, T>) {
    const { assert!(C + T < 64, "a column has a bit") }
    let columns = || gain.counts.iter().chain(&gain.times).copied();
    let used = columns().enumerate().fold(0_i64, |used, (i, n)| used | i64::from(n != 0) << i);
    put(bytes, used);
    columns().filter(|n| *n != 0).for_each(|n| put(bytes, n));
}

fn take_gain<const C: usize, const T: usize>(bytes: &mut &[u8]) -> Gain<C, T> {
    let used = take(bytes);
    let mut gain = Gain::default();
    for (i, column) in gain.counts.iter_mut().chain(&mut gain.times).enumerate() {
        if used >> i & 1 == 1 {
            *column = take(bytes);
        }
    }
    gain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_every_length_come_back() {
        let mut numbers = vec![0, 1, -1, 63, 64, -64, -65, i64::MAX, i64::MIN];
        numbers.extend((0..63).flat_map(|bits| [1 << bits, -(1 << bits), (1 << bits) - 1]));
        let mut bytes = Vec::new();
        numbers.iter().for_each(|n| put(&mut bytes, *n));
        let mut rest = &*bytes;
        assert!(numbers.iter().all(|n| take(&mut rest) == *n) && rest.is_empty());
    }

    #[test]
    fn what_was_read_comes_back_as_it_was() {
        let start = Micros(1_700_000_100_000_000);
        let (mut readings, mut agents, mut pairs, mut reasons) = (Readings::default(), vec![], vec![], vec![]);
        for i in 0..50_u32 {
            let mut gained = AgentGained::default();
            gained.gain.counts[i as usize % 18] = i64::from(i);
            gained.gain.times[i as usize % 14] = i64::from(i) * 18_000 - 5;
            gained.first_login_at = (i % 3 == 0).then_some(Micros(start.0 + i64::from(i)));
            gained.last_logout_at = (i % 5 == 0).then_some(start);
            agents.push((AgentId(i * 7), gained));
            let mut pair = Gain::default();
            pair.times[i as usize % 5] = 900_000;
            pairs.push(((AgentId(i), DnId(i + 1)), pair));
            let reason = Gain { counts: [1], times: [i64::from(i)] };
            reasons.push(((AgentId(i), Status::ALL[i as usize % Status::COUNT], ReasonId(i % 2)), reason));
        }
        agents.iter().for_each(|(agent, gained)| readings.agents.push_agent(*agent, gained));
        pairs.iter().for_each(|(key, gain)| readings.pairs.push(*key, gain));
        reasons.iter().for_each(|(key, gain)| readings.reasons.push(*key, gain));
        let bytes = readings.agents.bytes.len() + readings.pairs.bytes.len() + readings.reasons.bytes.len();
        assert!(bytes < 50 * (24 + 12 + 10), "{bytes} bytes");
        assert_eq!(readings.len(), 150);
        assert_eq!(readings.agents().collect::<Vec<_>>(), agents);
        assert_eq!(readings.pairs().collect::<Vec<_>>(), pairs);
        assert_eq!(readings.reasons().collect::<Vec<_>>(), reasons);
    }
}
