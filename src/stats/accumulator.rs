//! The base accumulators: per object and call type, how often each action began, ended and occurred, and for how long.
//!
//! Ended durations and the sum of the starts of what goes on are kept apart, so that both "time of ended actions" and
//! "time including what is going on" can be read at any instant without touching the hot path. A page of counters exists
//! only for call types an object has seen.

use crate::model::action::{Durable, Momentary, Retrospective};
use crate::model::tevent::CallType;
use crate::model::time::{Micros, Span};

/// Number of durable actions.
pub const DURABLES: usize = 12;
/// Number of retrospective actions.
pub const RETROSPECTIVES: usize = 17;
/// Number of momentary actions.
pub const MOMENTARIES: usize = 13;

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

/// The counters of one object for one call type.
#[derive(Clone, Debug, Default)]
pub struct Page {
    durable: [DurableCell; DURABLES],
    retrospective: [u32; RETROSPECTIVES],
    retrospective_micros: [i64; RETROSPECTIVES],
    momentary: [u32; MOMENTARIES],
}

/// The pages of one object, by call type.
#[derive(Clone, Copy, Debug)]
pub struct Pages([u32; 5]);

impl Default for Pages {
    fn default() -> Self {
        Self([u32::MAX; 5])
    }
}

/// All pages of all objects.
#[derive(Debug, Default)]
pub struct Accumulators {
    pages: Vec<Page>,
    /// Ends without a begin: always zero, or the fold is wrong.
    pub violations: u64,
}

impl Accumulators {
    #[inline]
    fn page(&mut self, of: &mut Pages, call_type: CallType) -> &mut Page {
        let slot = &mut of.0[call_type as usize];
        if *slot == u32::MAX {
            *slot = self.pages.len() as u32;
            self.pages.push(Page::default());
        }
        &mut self.pages[*slot as usize]
    }

    /// A durable action began.
    #[inline]
    pub fn started(&mut self, of: &mut Pages, what: Durable, call_type: CallType, at: Micros) {
        let cell = &mut self.page(of, call_type).durable[what as usize];
        cell.started += 1;
        cell.ongoing_starts = cell.ongoing_starts.wrapping_add(at.0);
    }

    /// A durable action ended.
    #[inline]
    pub fn ended(&mut self, of: &mut Pages, what: Durable, call_type: CallType, started: Micros, at: Micros) {
        let cell = &mut self.page(of, call_type).durable[what as usize];
        if cell.ended == cell.started {
            self.violations += 1;
            return;
        }
        cell.ended += 1;
        cell.ended_micros += (at - started).0;
        cell.ongoing_starts = cell.ongoing_starts.wrapping_sub(started.0);
    }

    /// A momentary action occurred.
    #[inline]
    pub fn occurred(&mut self, of: &mut Pages, what: Momentary, call_type: CallType) {
        self.page(of, call_type).momentary[what as usize] += 1;
    }

    /// A retrospective action occurred.
    #[inline]
    pub fn finished(&mut self, of: &mut Pages, what: Retrospective, call_type: CallType, lasted: Span) {
        let page = self.page(of, call_type);
        page.retrospective[what as usize] += 1;
        page.retrospective_micros[what as usize] += lasted.0;
    }

    /// The counters of an object for a call type; `None` when it has seen none of that type.
    #[must_use]
    pub fn read(&self, of: &Pages, call_type: CallType) -> Option<&Page> {
        self.pages.get(of.0[call_type as usize] as usize)
    }
}

impl Page {
    /// A durable action.
    #[must_use]
    pub const fn durable(&self, what: Durable) -> &DurableCell {
        &self.durable[what as usize]
    }

    /// Count and microseconds of a retrospective action.
    #[must_use]
    pub const fn retrospective(&self, what: Retrospective) -> (u32, i64) {
        (self.retrospective[what as usize], self.retrospective_micros[what as usize])
    }

    /// Count of a momentary action.
    #[must_use]
    pub const fn momentary(&self, what: Momentary) -> u32 {
        self.momentary[what as usize]
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
        let cell = *all.read(&pages, CallType::Inbound).expect("the type was seen").durable(Durable::CallTalk);
        assert_eq!((cell.ongoing(), cell.ended_micros), (1, 80));
        assert_eq!(cell.total_at(Micros(200)), 80 + 50);
        assert!(all.read(&pages, CallType::Outbound).is_none());
    }
}
