//! A bounded ring of changes, from which every reader takes the last value of all it has not seen. Pure.
//!
//! A frame holds the objects that one delta changed, each already encoded; a reader that is `n` frames behind gets one
//! merged list in which no object appears twice. What it gets is therefore never larger than a snapshot, however slow
//! it is, and a reader behind the ring's oldest frame is told to take a snapshot.

use std::collections::VecDeque;

use axum::body::Bytes;
use hashbrown::HashSet;

/// What kind of object a change concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A queue.
    Queue,
    /// An agent.
    Agent,
}

/// Which kinds a reader wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Scope {
    /// Queues.
    pub queues: bool,
    /// Agents.
    pub agents: bool,
}

impl Scope {
    /// Everything.
    pub const ALL: Self = Self { queues: true, agents: true };

    const fn wants(self, kind: Kind) -> bool {
        match kind {
            Kind::Queue => self.queues,
            Kind::Agent => self.agents,
        }
    }
}

/// One object after a change.
#[derive(Clone, Debug)]
pub(super) struct Changed {
    /// What it is.
    pub kind: Kind,
    /// Which one, densely numbered within its kind.
    pub slot: u32,
    /// Its JSON.
    pub json: Bytes,
}

/// Encoded objects of a message, by kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    /// Queues.
    pub queues: Vec<Bytes>,
    /// Agents.
    pub agents: Vec<Bytes>,
}

impl Parts {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.queues.is_empty() && self.agents.is_empty()
    }

    fn push(&mut self, changed: &Changed) {
        match changed.kind {
            Kind::Queue => self.queues.push(changed.json.clone()),
            Kind::Agent => self.agents.push(changed.json.clone()),
        }
    }

    /// Appends `"queues":[…],"agents":[…]` to `text`, without the kinds that `scope` leaves out.
    pub fn write(&self, scope: Scope, text: &mut Vec<u8>) {
        let mut lists: Vec<(&str, &[Bytes])> = Vec::with_capacity(2);
        if scope.queues {
            lists.push(("queues", &self.queues));
        }
        if scope.agents {
            lists.push(("agents", &self.agents));
        }
        text.reserve(self.queues.iter().chain(&self.agents).map(|json| json.len() + 1).sum::<usize>() + 32);
        for (i, (name, objects)) in lists.into_iter().enumerate() {
            if i > 0 {
                text.push(b',');
            }
            text.extend_from_slice(b"\"");
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(b"\":[");
            for (j, json) in objects.iter().enumerate() {
                if j > 0 {
                    text.push(b',');
                }
                text.extend_from_slice(json);
            }
            text.push(b']');
        }
    }
}

#[derive(Debug)]
struct Frame {
    seq: u64,
    bytes: usize,
    changed: Vec<Changed>,
}

/// The last changes, oldest first, within a number of frames and of bytes.
#[derive(Debug)]
pub(super) struct Ring {
    frames: VecDeque<Frame>,
    bytes: usize,
    frames_max: usize,
    bytes_max: usize,
    /// Sequence number of the last frame that was pushed; 0 before the first.
    last: u64,
}

impl Ring {
    /// An empty ring that holds up to `frames_max` frames of together up to `bytes_max` bytes.
    pub fn new(frames_max: usize, bytes_max: usize) -> Self {
        Self { frames: VecDeque::new(), bytes: 0, frames_max, bytes_max, last: 0 }
    }

    /// Sequence number of the last frame; 0 before the first.
    pub const fn last(&self) -> u64 {
        self.last
    }

    /// Adds a frame under the next sequence number and drops the oldest beyond the limits.
    pub fn push(&mut self, changed: Vec<Changed>) -> u64 {
        self.last += 1;
        let bytes = changed.iter().map(|change| change.json.len() + size_of::<Changed>()).sum();
        self.bytes += bytes;
        self.frames.push_back(Frame { seq: self.last, bytes, changed });
        while self.frames.len() > self.frames_max || self.bytes > self.bytes_max {
            let Some(oldest) = self.frames.pop_front() else { break };
            self.bytes -= oldest.bytes;
        }
        self.last
    }

    /// Last value of each object of `scope` that changed after `seq`; `None` when the ring no longer reaches back so
    /// far, or never was there.
    pub fn since(&self, seq: u64, scope: Scope) -> Option<Parts> {
        let behind = usize::try_from(self.last.checked_sub(seq)?).ok()?;
        if behind > self.frames.len() {
            return None;
        }
        let missed = self.frames.range(self.frames.len() - behind..);
        debug_assert!(missed.clone().next().is_none_or(|frame| frame.seq == seq + 1));
        let mut parts = Parts::default();
        let mut seen = HashSet::with_hasher(foldhash::fast::RandomState::default());
        for change in missed.rev().flat_map(|frame| &frame.changed) {
            if scope.wants(change.kind) && (behind == 1 || seen.insert((change.kind, change.slot))) {
                parts.push(change);
            }
        }
        Some(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(slot: u32, text: &'static str) -> Changed {
        Changed { kind: Kind::Queue, slot, json: Bytes::from_static(text.as_bytes()) }
    }

    fn text(parts: &Parts) -> String {
        let mut text = Vec::new();
        parts.write(Scope::ALL, &mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_reader_that_missed_several_frames_gets_the_last_value_of_each_object_once() {
        let mut ring = Ring::new(8, 1 << 20);
        ring.push(vec![change(0, "1"), change(1, "2")]);
        ring.push(vec![change(0, "3")]);
        ring.push(vec![change(0, "4"), change(2, "5")]);
        assert_eq!(text(&ring.since(0, Scope::ALL).unwrap()), r#""queues":[4,5,2],"agents":[]"#);
        assert_eq!(text(&ring.since(2, Scope::ALL).unwrap()), r#""queues":[4,5],"agents":[]"#);
        assert!(ring.since(3, Scope::ALL).unwrap().is_empty());
        assert!(ring.since(0, Scope { queues: false, agents: true }).unwrap().is_empty());
    }

    #[test]
    fn a_reader_behind_the_oldest_frame_or_ahead_of_the_last_needs_a_snapshot() {
        let mut ring = Ring::new(2, 1 << 20);
        for _ in 0..5 {
            ring.push(vec![change(0, "1")]);
        }
        assert!(ring.since(2, Scope::ALL).is_none());
        assert!(ring.since(3, Scope::ALL).is_some());
        assert!(ring.since(6, Scope::ALL).is_none());
    }

    #[test]
    fn the_ring_stays_within_its_bytes() {
        let mut ring = Ring::new(1000, 4 * (1 + size_of::<Changed>()));
        for _ in 0..100 {
            ring.push(vec![change(0, "1")]);
        }
        assert_eq!(ring.frames.len(), 4);
        assert_eq!(ring.bytes, 4 * (1 + size_of::<Changed>()));
    }
}
