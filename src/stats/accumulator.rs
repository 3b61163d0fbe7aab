//! The base accumulators: per object and call type, how often each action began, ended and occurred, and for how long.
//!
//! Ended durations and the sum of the starts of what goes on are kept apart, so that both "time of ended actions" and
//! "time including what is going on" can be read at any instant without touching the hot path. A page of counters exists
//! only for call types an object has seen.

use crate::model::action::{Durable, Momentary, Retrospective};
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

/// Bits of the durable actions in a page's map; those of the retrospective and the momentary ones follow.
const DURABLE_BITS: u64 = (1 << DURABLES) - 1;
const RETROSPECTIVE_BITS: u64 = ((1 << RETROSPECTIVES) - 1) << DURABLES;
const MOMENTARY_AT: usize = DURABLES + RETROSPECTIVES;

/// Words a page may have, its map included; a page that grows moves to the next size.
const SIZES: [u32; 8] = [8, 12, 16, 24, 32, 48, 64, 96];

/// The pages of one object, by call type: where each begins.
#[derive(Clone, Copy, Debug)]
pub struct Pages([u32; 5]);

impl Default for Pages {
    fn default() -> Self {
        Self([u32::MAX; 5])
    }
}

/// All pages of all objects.
///
/// A page is a word that maps the actions it has cells for, and the cells in the order of their bits: three words for a
/// durable action (begins and ends, time ended, starts going on), two for a retrospective one (count, time), one for a
/// momentary one. An object sees few of the many actions, so that a page is a third of what a full one would be.
#[derive(Debug, Default)]
pub struct Accumulators {
    words: Vec<u64>,
    /// Pages given up, by size.
    free: [Vec<u32>; SIZES.len()],
    /// Ends without a begin: always zero, or the fold is wrong.
    pub violations: u64,
}

/// The counters of one object for one call type.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a>(&'a [u64]);

/// Words of the cells that `map` has.
#[inline]
const fn words_of(map: u64) -> usize {
    (map.count_ones() + (map & (DURABLE_BITS | RETROSPECTIVE_BITS)).count_ones() + (map & DURABLE_BITS).count_ones())
        as usize
}

/// The smallest size that holds this many words.
fn size_for(words: usize) -> usize {
    SIZES.iter().position(|size| *size as usize >= words).expect("the largest size holds a cell of every action")
}

impl Accumulators {
    /// The cell of the action with this bit, made when missing: the place of its first word.
    #[inline]
    fn cell(&mut self, of: &mut Pages, call_type: CallType, bit: usize) -> usize {
        let at = &mut of.0[call_type as usize];
        if let Some(map) = self.words.get(*at as usize)
            && map >> bit & 1 == 1
        {
            return *at as usize + 1 + words_of(map & ((1 << bit) - 1));
        }
        self.open_cell(at, bit)
    }

    #[cold]
    fn open_cell(&mut self, at: &mut u32, bit: usize) -> usize {
        let is_new = *at == u32::MAX;
        let map = if is_new { 0 } else { self.words[*at as usize] };
        let (used, grown) = (1 + words_of(map), map | 1 << bit);
        let needed = 1 + words_of(grown);
        if is_new || size_for(needed) != size_for(used) {
            let size = size_for(needed);
            let to = self.free[size].pop().unwrap_or_else(|| {
                let to = self.words.len() as u32;
                self.words.resize(self.words.len() + SIZES[size] as usize, 0);
                to
            });
            if !is_new {
                self.words.copy_within(*at as usize..*at as usize + used, to as usize);
                self.free[size_for(used)].push(*at);
            }
            *at = to;
        }
        let start = *at as usize;
        let cell = start + 1 + words_of(map & ((1 << bit) - 1));
        let width = needed - used;
        // An empty page has no cells behind the new one.
        if map != 0 {
            self.words.copy_within(cell..start + used, cell + width);
        }
        self.words[cell..cell + width].fill(0);
        self.words[start] = grown;
        cell
    }

    /// A durable action began.
    #[inline]
    pub fn started(&mut self, of: &mut Pages, what: Durable, call_type: CallType, at: Micros) {
        let cell = self.cell(of, call_type, what as usize);
        let [counts, _, starts] = &mut self.words[cell..cell + 3] else { return };
        *counts += 1;
        *starts = starts.wrapping_add(at.0 as u64);
    }

    /// A durable action ended.
    #[inline]
    pub fn ended(&mut self, of: &mut Pages, what: Durable, call_type: CallType, started: Micros, at: Micros) {
        let cell = self.cell(of, call_type, what as usize);
        let [counts, ended_micros, starts] = &mut self.words[cell..cell + 3] else { return };
        if *counts >> 32 == *counts & u64::from(u32::MAX) {
            self.violations += 1;
            return;
        }
        *counts += 1 << 32;
        *ended_micros = ended_micros.wrapping_add((at - started).0 as u64);
        *starts = starts.wrapping_sub(started.0 as u64);
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

    /// The counters of an object for a call type; `None` when it has seen none of that type.
    #[must_use]
    pub fn read(&self, of: &Pages, call_type: CallType) -> Option<Page<'_>> {
        self.words.get(of.0[call_type as usize] as usize..).map(Page)
    }
}

impl Page<'_> {
    fn cell(&self, bit: usize) -> Option<&[u64]> {
        let map = self.0[0];
        (map >> bit & 1 == 1).then(|| &self.0[1 + words_of(map & ((1 << bit) - 1))..])
    }

    /// A durable action.
    #[must_use]
    pub fn durable(&self, what: Durable) -> DurableCell {
        self.cell(what as usize).map_or_else(DurableCell::default, |cell| DurableCell {
            started: cell[0] as u32,
            ended: (cell[0] >> 32) as u32,
            ended_micros: cell[1] as i64,
            ongoing_starts: cell[2] as i64,
        })
    }

    /// Count and microseconds of a retrospective action.
    #[must_use]
    pub fn retrospective(&self, what: Retrospective) -> (u32, i64) {
        self.cell(DURABLES + what as usize).map_or((0, 0), |cell| (cell[0] as u32, cell[1] as i64))
    }

    /// Count of a momentary action.
    #[must_use]
    pub fn momentary(&self, what: Momentary) -> u32 {
        self.cell(MOMENTARY_AT + what as usize).map_or(0, |cell| cell[0] as u32)
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
        let bits = DURABLES + RETROSPECTIVES + MOMENTARIES;
        let order: Vec<usize> = (0..bits).map(|i| (i * 17 + 5) % bits).collect();
        for round in 1..=3_u64 {
            for bit in &order {
                for of in [&mut pages, &mut other] {
                    let cell = all.cell(of, CallType::Inbound, *bit);
                    all.words[cell] += *bit as u64 + 1;
                }
            }
            for of in [&pages, &other] {
                let page = all.read(of, CallType::Inbound).expect("the type was seen");
                let counted = (0..bits).map(|bit| page.cell(bit).expect("the action was seen")[0]);
                assert!(counted.zip(1..).all(|(count, bit)| count == round * bit));
            }
        }
        assert!(size_for(1 + words_of((1 << bits) - 1)) == SIZES.len() - 1);
    }
}
