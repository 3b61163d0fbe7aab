//! Predictive dialling: calls that a dialler makes from a queue, before the customer has answered.
//!
//! ```text
//!  (none) ── 61 on a queue ──▶ attempt ── 57, 71 ──▶ an ordinary stay
//!                                 └────── 59, 65 ──▶ failed: the call ends, no queue has seen it
//! ```
//!
//! An attempt counts nowhere in the queue; it only makes the call live from its first event, so that the calls that failed
//! can be counted.

use super::slab::Ix;
use super::world::World;
use crate::model::ids::DnId;
use crate::model::names::Names;
use crate::model::tevent::TEvent;
use crate::model::time::Micros;

impl World {
    /// EventDialing on a queue: the call exists from now on.
    pub(super) fn on_attempt(&mut self, ev: &TEvent<'_>, names: &Names) {
        let Some(call) = self.call_of(ev, ev.conn, names) else { return };
        if self.calls[call].attempt.is_none() && self.find_stay_on(call, ev.this_dn).is_none() {
            self.calls[call].attempt = ev.this_dn;
            self.hold_call_open(call, false);
        }
    }

    /// An event that says how the dialling goes on, as busy or reached; false when there is no attempt here.
    pub(super) fn attempt_goes_on(&mut self, ev: &TEvent<'_>, names: &Names) -> bool {
        let known = self.attempt_of(ev).is_some();
        if known {
            self.call_of(ev, ev.conn, names);
        }
        known
    }

    /// EventReleased or EventAbandoned before the call was queued; false when there is no attempt here.
    pub(super) fn attempt_failed(&mut self, ev: &TEvent<'_>, names: &Names) -> bool {
        let Some(call) = self.attempt_of(ev) else { return false };
        self.call_of(ev, ev.conn, names);
        self.end_attempt(call, ev.time);
        true
    }

    /// Ends the attempt of a call, if there is one: it failed, or became a stay or a party, which holds the call open.
    pub(super) fn end_attempt(&mut self, call: Ix, at: Micros) {
        if std::mem::replace(&mut self.calls[call].attempt, DnId::NONE).is_some() {
            self.let_call_go(call, false, at);
        }
    }

    fn attempt_of(&self, ev: &TEvent<'_>) -> Option<Ix> {
        let call = self.find_call(ev.switch, ev.conn)?;
        (self.calls[call].attempt == ev.this_dn).then_some(call)
    }
}
