//! Intervals that are final, packed: nobody reads them unless something is heard of late.
//!
//! Of the columns of an agent most are zero, and the others small. A packed reading is a key, one bit for each column that is
//! not zero, and those columns as integers of as many bytes as they need: a fifth of what it is when it can be corrected.

use super::kept::{AgentKept, Kept, QueueKept};
use crate::model::action::Status;
use crate::model::ids::{AgentId, DnId, ReasonId};
use crate::model::time::Micros;
use crate::stats::late::Gain;

/// One interval.
#[derive(Debug, Default)]
pub(super) struct Packed {
    start: Micros,
    until: Micros,
    revision: i32,
    queues: Vec<QueueKept>,
    agents: usize,
    pairs: usize,
    reasons: usize,
    bytes: Box<[u8]>,
}

impl Packed {
    /// Packs an interval.
    pub fn pack(kept: Kept) -> Self {
        let Kept { start, until, queues, agents, pairs, reasons, revision } = kept;
        let mut bytes = Vec::new();
        for agent in &agents {
            put(&mut bytes, i64::from(agent.agent.0));
            put_gain(&mut bytes, &agent.gain);
            for at in [agent.first_login_at, agent.last_logout_at] {
                put(&mut bytes, at.map_or(0, |at| (at - start).0.wrapping_shl(1) | 1));
            }
        }
        for ((agent, queue), gain) in &pairs {
            put(&mut bytes, i64::from(agent.0));
            put(&mut bytes, i64::from(queue.0));
            put_gain(&mut bytes, gain);
        }
        for ((agent, status, reason), gain) in &reasons {
            put(&mut bytes, i64::from(agent.0));
            put(&mut bytes, *status as i64);
            put(&mut bytes, i64::from(reason.0));
            put_gain(&mut bytes, gain);
        }
        let (agents, pairs, reasons) = (agents.len(), pairs.len(), reasons.len());
        Self { start, until, revision, queues, agents, pairs, reasons, bytes: bytes.into() }
    }

    /// The interval again, as it was.
    pub fn unpack(self) -> Kept {
        let Self { start, until, revision, queues, .. } = self;
        let bytes = &mut &*self.bytes;
        let agents = (0..self.agents).map(|_| {
            let (agent, gain) = (AgentId(take(bytes) as u32), take_gain(bytes));
            let mut at = || Some(take(bytes)).filter(|n| *n != 0).map(|n| Micros(start.0 + (n >> 1)));
            AgentKept { agent, gain, first_login_at: at(), last_logout_at: at() }
        });
        let agents = agents.collect();
        let pairs = (0..self.pairs).map(|_| {
            let key = (AgentId(take(bytes) as u32), DnId(take(bytes) as u32));
            (key, take_gain(bytes))
        });
        let pairs = pairs.collect();
        let reasons = (0..self.reasons).map(|_| {
            let agent = AgentId(take(bytes) as u32);
            let status = Status::ALL[take(bytes) as usize];
            ((agent, status, ReasonId(take(bytes) as u32)), take_gain(bytes))
        });
        let reasons = reasons.collect();
        Kept { start, until, queues, agents, pairs, reasons, revision }
    }

    /// What is left of an interval that nobody corrects any more: the memory of its lists.
    pub fn into_queues(self) -> Vec<QueueKept> {
        self.queues
    }

    /// Begin of the interval.
    pub const fn start(&self) -> Micros {
        self.start
    }

    /// Its end.
    pub const fn until(&self) -> Micros {
        self.until
    }

    /// Queues, agents, agents at queues and agents under reasons it holds.
    pub fn entries(&self) -> usize {
        self.queues.len() + self.agents + self.pairs + self.reasons
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
    fn an_interval_is_unpacked_as_it_was_packed() {
        let start = Micros(1_700_000_100_000_000);
        let mut kept = Kept { start, until: Micros(start.0 + 900_000_000), revision: 3, ..Kept::default() };
        for i in 0..50_u32 {
            let mut agent = AgentKept { agent: AgentId(i * 7), ..AgentKept::default() };
            agent.gain.counts[i as usize % 18] = i64::from(i);
            agent.gain.times[i as usize % 14] = i64::from(i) * 18_000 - 5;
            agent.first_login_at = (i % 3 == 0).then_some(Micros(start.0 + i64::from(i)));
            agent.last_logout_at = (i % 5 == 0).then_some(start);
            kept.agents.push(agent);
            let mut pair = Gain::default();
            pair.times[i as usize % 5] = 900_000;
            kept.pairs.push(((AgentId(i), DnId(i + 1)), pair));
            let reason = Gain { counts: [1], times: [i64::from(i)] };
            let status = Status::ALL[i as usize % Status::COUNT];
            kept.reasons.push(((AgentId(i), status, ReasonId(i % 2)), reason));
        }
        let text = |kept: &Kept| format!("{kept:?}");
        let before = text(&kept);
        let packed = Packed::pack(kept);
        assert!(packed.bytes.len() < 50 * (20 + 12 + 10), "{} bytes", packed.bytes.len());
        assert_eq!(text(&packed.unpack()), before);
    }
}
