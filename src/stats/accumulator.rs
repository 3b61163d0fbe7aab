//! The base accumulators: per object and call type, how often each action began, ended and occurred, and for how long.
//!
//! Ended durations and the sum of the starts of what goes on are kept apart, so that both "time of ended actions" and
//! "time including what is going on" can be read at any instant without touching the hot path. A page of counters exists
//! only for call types an object has seen.

use crate::model::action::{Durable, Momentary, Retrospective};
use crate::model::fetch::fetch_front;
use crate::model::room::make_room;
use crate::model::tevent::CallType;
use crate::model::time::{Micros, Span};

/// Number of durable actions.
pub const DURABLES: usize = 14;
/// Number of retrospective actions.
pub const RETROSPECTIVES: usize = 18;
/// Number of momentary actions.
pub const MOMENTARIES: usize = 15;

/// One durable action of one object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DurableCell {
    /// How often it began.
    pub started: u32,
    /// How often it ended.
    pub ended: u32,
    /// Microseconds of the ended ones.
    pub ended_micros: i64,
    /// Sum of the starts of the ongoing ones, modulo 2⁶⁴: only its difference to `n · now` is ever used, and that fits.
    pub ongoing_starts: i64,
}

impl DurableCell {
    /// How many go on.
    #[must_use]
    pub const fn ongoing(&self) -> u32 {
        self.started - self.ended
    }

    /// Microseconds of the ended and the ongoing ones together, up to `now`.
    #[must_use]
    pub fn total_at(&self, now: Micros) -> i64 {
        let running = now.0.wrapping_mul(i64::from(self.ongoing())).wrapping_sub(self.ongoing_starts);
        self.ended_micros + running
    }
}

const MOMENTARY_AT: usize = DURABLES + RETROSPECTIVES;
const ACTIONS: usize = MOMENTARY_AT + MOMENTARIES;

/// Words of the cells of every action.
const ALL_WIDTH: usize = 3 * DURABLES + 2 * RETROSPECTIVES + MOMENTARIES;

/// Words of a page's directory: a byte for every action, and the last one for the words in use.
const DIRECTORY: usize = (ACTIONS + 1).div_ceil(8);
const USED: usize = DIRECTORY * 8 - 1;

/// Words a page may have, its directory included; a page that grows moves to the next size.
const SIZES: [u32; 8] = [8, 12, 16, 24, 32, 48, 64, 104];

/// The pages of one object, by call type: where each begins.
#[derive(Clone, Copy, Debug)]
pub struct Pages([u32; 5]);

impl Pages {
    /// Of an object that has seen nothing.
    pub const NONE: Self = Self([u32::MAX; 5]);
}

impl Default for Pages {
    fn default() -> Self {
        Self::NONE
    }
}

/// All pages of all objects.
///
/// A page is a directory that says for every action where its cell is (in words from the begin of the page, zero for
/// none), and the cells in the order in which the object saw their actions: three words for a durable action (begins and
/// ends, time ended, starts going on), two for a retrospective one (count, time), one for a momentary one. An object sees
/// few of the many actions, so that a page is a third of what a full one would be.
#[derive(Clone, Debug, Default)]
pub struct Accumulators {
    words: Vec<u64>,
    /// Pages given up, by size.
    free: [Vec<u32>; SIZES.len()],
    /// Ends without a begin: always zero, or the fold is wrong.
    pub violations: u64,
}

/// The counters of one object for one call type, read.
#[derive(Clone, Copy, Debug)]
pub struct Cells([u64; ALL_WIDTH]);

/// Words of an action's cell.
const fn width(action: usize) -> usize {
    if action < DURABLES {
        3
    } else if action < MOMENTARY_AT {
        2
    } else {
        1
    }
}

/// Where an action's cell begins among those of every action.
const fn begin(action: usize) -> usize {
    if action < DURABLES {
        3 * action
    } else if action < MOMENTARY_AT {
        3 * DURABLES + 2 * (action - DURABLES)
    } else {
        3 * DURABLES + 2 * RETROSPECTIVES + action - MOMENTARY_AT
    }
}

/// A byte of a directory, from the word that holds it.
#[inline]
const fn byte(word: u64, at: usize) -> usize {
    (word >> (at % 8 * 8) & 0xff) as usize
}

/// The smallest size that holds this many words.
fn size_for(words: usize) -> usize {
    SIZES.iter().position(|size| *size as usize >= words).expect("the largest size holds a cell of every action")
}

impl Accumulators {
    /// The cell of an action, made when missing: the place of its first word.
    #[inline]
    fn cell(&mut self, of: &mut Pages, call_type: CallType, action: usize) -> usize {
        let at = &mut of.0[call_type as usize];
        if let Some(word) = self.words.get(*at as usize + action / 8) {
            let offset = byte(*word, action);
            if offset != 0 {
                return *at as usize + offset;
            }
        }
        self.open_cell(at, action)
    }

    #[cold]
    fn open_cell(&mut self, at: &mut u32, action: usize) -> usize {
        let is_new = *at == u32::MAX;
        let used = if is_new { DIRECTORY } else { byte(self.words[*at as usize + USED / 8], USED) };
        let needed = used + width(action);
        if is_new || size_for(needed) != size_for(used) {
            let size = size_for(needed);
            let to = self.free[size].pop().unwrap_or_else(|| {
                let to = self.words.len() as u32;
                make_room(&mut self.words, SIZES[size] as usize);
                self.words.resize(self.words.len() + SIZES[size] as usize, 0);
                to
            });
            if is_new {
                self.words[to as usize..to as usize + DIRECTORY].fill(0);
            } else {
                self.words.copy_within(*at as usize..*at as usize + used, to as usize);
                self.free[size_for(used)].push(*at);
            }
            *at = to;
        }
        let start = *at as usize;
        self.words[start + used..start + needed].fill(0);
        let directory = &mut self.words[start..start + DIRECTORY];
        directory[action / 8] |= (used as u64) << (action % 8 * 8);
        directory[USED / 8] = directory[USED / 8] & !(0xff << (USED % 8 * 8)) | (needed as u64) << (USED % 8 * 8);
        start + used
    }

    /// A durable action began.
    #[inline]
    pub fn started(&mut self, of: &mut Pages, what: Durable, call_type: CallType, at: Micros) {
        let cell = self.cell(of, call_type, what as usize);
        let [counts, _, starts] = &mut self.words[cell..cell + 3] else { return };
        *counts += 1;
        *starts = starts.wrapping_add(at.0 as u64);
    }

    /// A durable action ended; `false`, and nothing is counted, when none goes on.
    #[inline]
    pub fn ended(&mut self, of: &mut Pages, what: Durable, call_type: CallType, started: Micros, at: Micros) -> bool {
        let cell = self.cell(of, call_type, what as usize);
        let [counts, ended_micros, starts] = &mut self.words[cell..cell + 3] else { return false };
        if *counts >> 32 == *counts & u64::from(u32::MAX) {
            return false;
        }
        *counts += 1 << 32;
        *ended_micros = ended_micros.wrapping_add((at - started).0 as u64);
        *starts = starts.wrapping_sub(started.0 as u64);
        true
    }

    /// A momentary action occurred.
    #[inline]
    pub fn occurred(&mut self, of: &mut Pages, what: Momentary, call_type: CallType) {
        let cell = self.cell(of, call_type, MOMENTARY_AT + what as usize);
        self.words[cell] += 1;
    }

    /// A retrospective action occurred.
    #[inline]
    pub fn finished(&mut self, of: &mut Pages, what: Retrospective, call_type: CallType, lasted: Span) {
        let cell = self.cell(of, call_type, DURABLES + what as usize);
        let [count, micros] = &mut self.words[cell..cell + 2] else { return };
        *count += 1;
        *micros = micros.wrapping_add(lasted.0 as u64);
    }

    /// Asks for a page, which is rarely longer than this.
    #[inline]
    pub(super) fn foresee(&self, of: &Pages, call_type: CallType) {
        const BYTES: usize = 256;
        if let Some(word) = self.words.get(of.0[call_type as usize] as usize) {
            fetch_front(word, BYTES);
        }
    }

    /// The counters of an object for a call type; `None` when it has seen none of that type.
    #[must_use]
    pub fn read(&self, of: &Pages, call_type: CallType) -> Option<Cells> {
        self.sum([of], call_type)
    }

    /// The counters of what was booked in several places.
    pub(super) fn sum<'a>(&self, places: impl IntoIterator<Item = &'a Pages>, call_type: CallType) -> Option<Cells> {
        let mut sum: Option<Cells> = None;
        for of in places {
            let Some(page) = self.words.get(of.0[call_type as usize] as usize..) else { continue };
            let cells = sum.get_or_insert(Cells([0; ALL_WIDTH]));
            for (action, cell) in cells_of(page) {
                let into = &mut cells.0[begin(action)..begin(action) + width(action)];
                into.iter_mut().zip(cell).for_each(|(into, word)| *into = into.wrapping_add(*word));
            }
        }
        sum
    }

    /// Adds what was booked in one place to another one.
    pub(super) fn add(&mut self, from: &Pages, to: &mut Pages) {
        for call_type in CallType::ALL {
            let start = from.0[call_type as usize] as usize;
            if start >= self.words.len() {
                continue;
            }
            for action in 0..ACTIONS {
                let offset = byte(self.words[start + action / 8], action);
                if offset != 0 {
                    let cell = self.cell(to, call_type, action);
                    for i in 0..width(action) {
                        self.words[cell + i] = self.words[cell + i].wrapping_add(self.words[start + offset + i]);
                    }
                }
            }
        }
    }

    /// Gives the pages of a place up.
    pub(super) fn free(&mut self, of: &mut Pages) {
        for start in std::mem::take(of).0 {
            if let Some(word) = self.words.get(start as usize + USED / 8) {
                self.free[size_for(byte(*word, USED))].push(start);
            }
        }
    }
}

/// The actions of a page, and their cells.
fn cells_of(page: &[u64]) -> impl Iterator<Item = (usize, &[u64])> {
    (0..ACTIONS).filter_map(|action| {
        let offset = byte(page[action / 8], action);
        (offset != 0).then(|| (action, &page[offset..offset + width(action)]))
    })
}

impl Cells {
    fn cell(&self, action: usize) -> &[u64] {
        &self.0[begin(action)..]
    }

    /// A durable action.
    #[must_use]
    pub fn durable(&self, what: Durable) -> DurableCell {
        let cell = self.cell(what as usize);
        DurableCell {
            started: cell[0] as u32,
            ended: (cell[0] >> 32) as u32,
            ended_micros: cell[1] as i64,
            ongoing_starts: cell[2] as i64,
        }
    }

    /// Count and microseconds of a retrospective action.
    #[must_use]
    pub fn retrospective(&self, what: Retrospective) -> (u32, i64) {
        let cell = self.cell(DURABLES + what as usize);
        (cell[0] as u32, cell[1] as i64)
    }

    /// Count of a momentary action.
    #[must_use]
    pub fn momentary(&self, what: Momentary) -> u32 {
        self.cell(MOMENTARY_AT + what as usize)[0] as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_going_on_is_read_without_touching_the_counters() {
        let (mut all, mut pages) = (Accumulators::default(), Pages::default());
        all.started(&mut pages, Durable::CallTalk, CallType::Inbound, Micros(100));
        all.started(&mut pages, Durable::CallTalk, CallType::Inbound, Micros(150));
        all.ended(&mut pages, Durable::CallTalk, CallType::Inbound, Micros(100), Micros(180));
        let cell = all.read(&pages, CallType::Inbound).expect("the type was seen").durable(Durable::CallTalk);
        assert_eq!((cell.ongoing(), cell.ended_micros), (1, 80));
        assert_eq!(cell.total_at(Micros(200)), 80 + 50);
        assert!(all.read(&pages, CallType::Outbound).is_none());
    }

    #[test]
    fn cells_keep_their_counts_while_their_page_grows_in_any_order() {
        let (mut all, mut pages, mut other) = (Accumulators::default(), Pages::default(), Pages::default());
        let order: Vec<usize> = (0..ACTIONS).map(|i| (i * 17 + 5) % ACTIONS).collect();
        for round in 1..=3_u64 {
            for bit in &order {
                for of in [&mut pages, &mut other] {
                    let cell = all.cell(of, CallType::Inbound, *bit);
                    all.words[cell] += *bit as u64 + 1;
                }
            }
            for of in [&pages, &other] {
                let page = all.read(of, CallType::Inbound).expect("the type was seen");
                let counted = (0..ACTIONS).map(|bit| page.cell(bit)[0]);
                assert!(counted.zip(1..).all(|(count, bit)| count == round * bit));
            }
        }
        let all_cells: usize = (0..ACTIONS).map(width).sum();
        assert!(size_for(DIRECTORY + all_cells) == SIZES.len() - 1);
    }
}
