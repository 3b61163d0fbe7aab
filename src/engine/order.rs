//! The order of a source: sequence numbers where there are any, restored within a window of event time, each once.
//!
//! A source is a switch. Nearly always its events come numbered without gaps and pass straight through. After a gap (which
//! is normal: only registered DNs are reported) an event waits until the window has passed, in case an earlier number
//! still comes; on a transport that keeps order the window is zero and nothing waits. Then time is made monotonic: an
//! event older than the one before it takes that one's time, and the difference is added to the source's clock skew.

use std::collections::BTreeMap;

use crate::model::ids::{EventId, SwitchId};
use crate::model::tevent::{EventKind, TEvent};
use crate::model::time::{Micros, Span};

/// A sequence number this far below the highest seen begins a new epoch where the feed names none.
const RESTART_DISTANCE: u64 = 100_000;
/// Ranges of numbers seen are kept up to this many; then the lowest gaps count as seen.
const RANGES_MAX: usize = 65_536;
/// Events held back at once; beyond it the first leaves early.
const HELD_MAX: usize = 100_000;
/// How far other sources may run ahead, beyond the window, before an event that a silent source holds back leaves.
const SILENCE: Span = Span::from_secs(10);
/// Runs of a server remembered.
const EPOCHS_MAX: usize = 8;

/// What to do with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Fold it now, under this id.
    Pass(EventId),
    /// It was seen before.
    Duplicate,
    /// Keep its line until [`Source::next_held`] gives it back.
    Hold,
}

/// The sequence numbers of one epoch that were seen, as ascending ranges.
#[derive(Clone, Debug, Default)]
struct Seen {
    ranges: Vec<(u64, u64)>,
    /// How many, and the lowest of them.
    count: u64,
    lowest: u64,
}

impl Seen {
    /// Notes a number; false when it was seen before.
    fn insert(&mut self, n: u64) -> bool {
        let is_new = self.note(n);
        if is_new {
            self.lowest = if self.count == 0 { n } else { self.lowest.min(n) };
            self.count += 1;
        }
        is_new
    }

    /// Numbers between the lowest and the highest that did not come.
    fn missing(&self) -> u64 {
        self.highest().map_or(0, |highest| (highest - self.lowest).saturating_sub(self.count - 1))
    }

    fn note(&mut self, n: u64) -> bool {
        if let Some(last) = self.ranges.last_mut() {
            if last.1.checked_add(1) == Some(n) {
                last.1 = n;
                return true;
            }
            if n > last.1 {
                self.ranges.push((n, n));
                self.bound();
                return true;
            }
        } else {
            self.ranges.push((n, n));
            return true;
        }
        let i = self.ranges.partition_point(|r| r.1 < n);
        if self.ranges[i].0 <= n {
            return false;
        }
        let joins_after = self.ranges[i].0 == n + 1;
        let joins_before = i > 0 && self.ranges[i - 1].1 + 1 == n;
        match (joins_before, joins_after) {
            (true, true) => {
                self.ranges[i - 1].1 = self.ranges[i].1;
                self.ranges.remove(i);
            }
            (true, false) => self.ranges[i - 1].1 = n,
            (false, true) => self.ranges[i].0 = n,
            (false, false) => self.ranges.insert(i, (n, n)),
        }
        true
    }

    fn bound(&mut self) {
        if self.ranges.len() > RANGES_MAX {
            let half = RANGES_MAX / 2;
            let merged = (self.ranges[0].0, self.ranges[half].1);
            self.ranges.splice(..=half, [merged]);
        }
    }

    fn highest(&self) -> Option<u64> {
        self.ranges.last().map(|r| r.1)
    }
}

#[derive(Clone, Debug)]
struct Epoch {
    id: u64,
    seen: Seen,
    /// The number after the last one that left.
    next: Option<u64>,
}

/// An event held back: its line, to be decoded again.
#[derive(Clone, Debug)]
struct Held {
    time: Micros,
    line: Vec<u8>,
}

/// The order of one source.
#[derive(Clone, Debug, Default)]
pub struct Source {
    epochs: Vec<Epoch>,
    /// Counts restarts where the feed names no epoch.
    counter: u64,
    /// By number; events without one by that of the event they came behind, and their place behind it.
    held: BTreeMap<(u64, u32), Held>,
    /// The number of the event that came last, if it is held.
    behind: Option<u64>,
    held_epoch: u64,
    newest_held: Micros,
    /// Time of the last event that left.
    last_time: Micros,
    /// Events that left.
    pub events: u64,
    /// Events dropped because they had been seen.
    pub duplicates: u64,
    /// Events that came after the window for their place had passed.
    pub out_of_order: u64,
    /// Sum of the steps by which the clock went back, in ms.
    pub clock_skew_ms: i64,
    /// Missing numbers of runs that are no longer remembered.
    missing_before: u64,
}

impl Source {
    /// A source that has said nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { last_time: Micros::MIN, newest_held: Micros::MIN, ..Self::default() }
    }

    /// Sequence numbers that were passed over and have not come: events that were lost, or of DNs that are not reported.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.missing_before + self.epochs.iter().map(|epoch| epoch.seen.missing()).sum::<u64>()
    }

    /// Decides about an event. `Hold` asks for [`Self::hold`]; whoever gets `Hold` or `Pass` then drains
    /// [`Self::next_held`].
    pub fn judge(&mut self, ev: &TEvent<'_>, window: Span) -> Verdict {
        if ev.epoch.is_none()
            && matches!(
                ev.kind,
                EventKind::SERVER_CONNECTED | EventKind::RESTORE_CONNECTION | EventKind::PRIMARY_CHANGED
            )
            && self.events > 0
        {
            self.counter += 1;
        }
        let Some(seq) = ev.seq else {
            // It stays right behind the event that came before it.
            if self.behind.is_some_and(|seq| self.held.contains_key(&(seq, 0))) {
                return Verdict::Hold;
            }
            return Verdict::Pass(EventId {
                switch: ev.switch,
                epoch: ev.epoch.unwrap_or(self.counter),
                seq: u64::MAX,
            });
        };
        self.behind = None;
        let place = self.epoch_of(ev.epoch, seq);
        let epoch = &mut self.epochs[place];
        if !epoch.seen.insert(seq) {
            self.duplicates += 1;
            return Verdict::Duplicate;
        }
        let id = EventId { switch: ev.switch, epoch: epoch.id, seq };
        let in_place = match epoch.next {
            Some(next) => seq == next,
            None => seq <= 1,
        };
        if self.held.is_empty() && (in_place || window.0 == 0) {
            self.out_of_order += u64::from(epoch.next.is_some_and(|next| seq < next));
            epoch.next = epoch.next.max(Some(seq + 1));
            return Verdict::Pass(id);
        }
        if window.0 == 0 { Verdict::Pass(id) } else { Verdict::Hold }
    }

    fn epoch_of(&mut self, named: Option<u64>, seq: u64) -> usize {
        if named.is_none()
            && let Some(epoch) = self.epochs.iter().find(|e| e.id == self.counter)
            && let Some(highest) = epoch.seen.highest()
            && seq.saturating_add(RESTART_DISTANCE) < highest
        {
            self.counter += 1;
        }
        let id = named.unwrap_or(self.counter);
        if let Some(last) = self.epochs.last()
            && last.id == id
        {
            return self.epochs.len() - 1;
        }
        if let Some(place) = self.epochs.iter().position(|e| e.id == id) {
            return place;
        }
        if self.epochs.len() == EPOCHS_MAX {
            self.missing_before += self.epochs.remove(0).seen.missing();
        }
        self.epochs.push(Epoch { id, seen: Seen::default(), next: None });
        self.epochs.len() - 1
    }

    /// Whether the held events belong to another run of the server than this event: they leave first.
    #[must_use]
    pub fn must_flush_for(&self, ev: &TEvent<'_>) -> bool {
        !self.held.is_empty() && self.held_epoch != ev.epoch.unwrap_or(self.counter)
    }

    /// Keeps the line of an event that was judged `Hold`.
    pub fn hold(&mut self, ev: &TEvent<'_>, line: &[u8]) {
        self.held_epoch = ev.epoch.unwrap_or(self.counter);
        self.newest_held = if self.held.is_empty() { ev.time } else { self.newest_held.max(ev.time) };
        let key = match (ev.seq, self.behind) {
            (None, Some(seq)) => {
                let last = self.held.range((seq, 0)..=(seq, u32::MAX)).next_back();
                (seq, last.map_or(1, |((_, n), _)| n + 1))
            }
            (seq, _) => (seq.unwrap_or(0), 0),
        };
        self.behind = Some(key.0);
        self.held.insert(key, Held { time: ev.time, line: line.to_vec() });
    }

    /// The next held event whose turn has come: in sequence, or its window over (`all`: any). `newest` is the latest time
    /// any source has named.
    pub fn next_held(
        &mut self,
        switch: SwitchId,
        window: Span,
        newest: Micros,
        all: bool,
    ) -> Option<(EventId, Vec<u8>)> {
        let (&(seq, place), held) = self.held.first_key_value()?;
        let epoch = self.epochs.iter_mut().find(|e| e.id == self.held_epoch)?;
        let in_sequence = epoch.next.is_some_and(|next| seq <= next);
        let over = held.time + window < self.newest_held
            || held.time + window + SILENCE < newest
            || self.held.len() > HELD_MAX;
        if !(in_sequence || over || all) {
            return None;
        }
        let mut id = EventId { switch, epoch: epoch.id, seq };
        if place == 0 {
            self.out_of_order += u64::from(epoch.next.is_some_and(|next| seq < next));
            epoch.next = epoch.next.max(Some(seq + 1));
        } else {
            id.seq = u64::MAX;
        }
        let (_, held) = self.held.pop_first()?;
        Some((id, held.line))
    }

    /// Earliest time among the first few held events; `MAX` when nothing is held.
    #[must_use]
    pub fn held_from(&self) -> Micros {
        self.held.values().map(|h| h.time).min().unwrap_or(Micros::MAX)
    }

    /// Whether nothing is held back.
    #[must_use]
    pub fn holds_nothing(&self) -> bool {
        self.held.is_empty()
    }

    /// The time under which an event leaves: never before the one before it.
    #[inline]
    pub fn clamp(&mut self, time: Micros) -> Micros {
        self.events += 1;
        if time >= self.last_time {
            self.last_time = time;
            return time;
        }
        self.clock_skew_ms += self.last_time.ms() - time.ms();
        self.last_time
    }

    /// The run of its server, and the number after the last one of it that left, if events are numbered.
    #[must_use]
    pub fn place(&self) -> (u64, Option<u64>) {
        self.epochs.last().map_or((self.counter, None), |epoch| (epoch.id, epoch.next))
    }

    /// Time of the last event that left.
    #[must_use]
    pub fn last_time(&self) -> Micros {
        self.last_time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_seen_once_whatever_the_order() {
        let mut seen = Seen::default();
        let order = [5, 1, 3, 2, 9, 4, 8, 7, 6];
        assert!(order.iter().all(|n| seen.insert(*n)));
        assert!(order.iter().all(|n| !seen.insert(*n)));
        assert_eq!(seen.ranges, [(1, 9)]);
    }

    fn event(seq: u64, ms: i64) -> TEvent<'static> {
        TEvent { seq: Some(seq), ..TEvent::new(EventKind::RINGING, Micros(ms * 1000), SwitchId(0)) }
    }

    #[test]
    fn events_within_the_window_leave_in_sequence_and_later_ones_as_they_come() {
        let (mut source, window) = (Source::new(), Span::from_secs(2));
        let mut left = Vec::new();
        for (seq, ms) in [(1, 0), (3, 10), (2, 20), (5, 30), (6, 3000), (4, 3001)] {
            let ev = event(seq, ms);
            match source.judge(&ev, window) {
                Verdict::Pass(id) => left.push(id.seq),
                Verdict::Hold => source.hold(&ev, b""),
                Verdict::Duplicate => {}
            }
            while let Some((id, _)) = source.next_held(SwitchId(0), window, ev.time, false) {
                left.push(id.seq);
            }
        }
        assert_eq!(left, [1, 2, 3, 5, 6, 4]);
        assert_eq!(source.out_of_order, 1);
        assert_eq!(source.judge(&event(2, 9000), window), Verdict::Duplicate);
    }

    #[test]
    fn an_event_without_a_number_stays_behind_the_one_before_it() {
        let (mut source, window) = (Source::new(), Span::from_secs(2));
        let mut left = Vec::new();
        for (seq, ms) in [(Some(1), 0), (None, 5), (Some(4), 10), (None, 11), (None, 12), (Some(2), 20), (Some(3), 30)]
        {
            let ev = TEvent { seq, ..event(0, ms) };
            match source.judge(&ev, window) {
                Verdict::Pass(id) => left.push((id.seq, ms)),
                Verdict::Hold => source.hold(&ev, ms.to_string().as_bytes()),
                Verdict::Duplicate => {}
            }
            while let Some((id, line)) = source.next_held(SwitchId(0), window, ev.time, false) {
                left.push((id.seq, String::from_utf8(line).expect("digits").parse().expect("a number")));
            }
        }
        let none = u64::MAX;
        assert_eq!(left, [(1, 0), (none, 5), (2, 20), (3, 30), (4, 10), (none, 11), (none, 12)]);
    }

    #[test]
    fn a_number_far_below_the_highest_begins_a_new_run_of_the_server() {
        let mut source = Source::new();
        for seq in [1, 2, 200_000, 1, 2] {
            let verdict = source.judge(&event(seq, 0), Span(0));
            assert!(matches!(verdict, Verdict::Pass(_)), "{seq}: {verdict:?}");
        }
    }
}
