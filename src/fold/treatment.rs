//! Treatments: music, announcements and digits while a call waits. They change nothing about the waiting.

use super::slab::Ix;
use super::world::World;
use crate::model::action::{Action, Momentary, On, Retrospective};
use crate::model::ids::AgentId;
use crate::model::names::Names;
use crate::model::tevent::{EventKind, TEvent};
use crate::model::time::{Micros, ms_between};

impl World {
    /// EventTreatmentApplied, EventTreatmentNotApplied, EventTreatmentEnd.
    pub(super) fn on_treatment(&mut self, ev: &TEvent<'_>, names: &Names) {
        if !self.needs_dn(ev) || self.find_call(ev.switch, ev.conn).is_none() {
            return;
        }
        let Some(call) = self.call_of(ev, ev.conn, names) else { return };
        let stay = self.find_stay_on(call, ev.this_dn);
        let (on, call_type) = match stay {
            Some(ix) => (self.on_stay(ix), self.stays[ix].call_type),
            None => (On::Device { dn: ev.this_dn, agent: AgentId::NONE }, self.calls[call].call_type),
        };
        let at = ev.time;
        if ev.kind == EventKind::TREATMENT_NOT_APPLIED {
            self.out.push(Action::Occurred { what: Momentary::CallTreatmentNotStarted, on, call_type, at });
            return;
        }
        if let Some(ix) = stay {
            self.stays[ix].last_event = self.event;
            self.end_treatment(ix, at);
            if ev.kind == EventKind::TREATMENT_APPLIED {
                self.stays[ix].treated_since = Some(at);
                self.trail_in_queue(ix, "treatment", at);
            }
        }
        if ev.kind == EventKind::TREATMENT_APPLIED {
            self.out.push(Action::Occurred { what: Momentary::CallTreatmentStarted, on, call_type, at });
        }
    }

    /// Ends the treatment of a stay, if one goes on: with its end, with the next one, or when the call leaves.
    pub(super) fn end_treatment(&mut self, ix: Ix, at: Micros) {
        let Some(since) = self.cut_treatment(ix, at) else { return };
        let at = at.max(since);
        let (on, call_type) = (self.on_stay(ix), self.stays[ix].call_type);
        let what = Retrospective::CallTreatmentCompleted;
        self.out.push(Action::Finished { what, on, call_type, lasted: at - since, at });
    }

    /// Adds the treatment that goes on up to `at` to the stay's time, and says when it began.
    pub(super) fn cut_treatment(&mut self, ix: Ix, at: Micros) -> Option<Micros> {
        let since = self.stays[ix].treated_since.take()?;
        self.stays[ix].treatment_ms += ms_between(since, at.max(since));
        self.trail_in_queue(ix, "queued", at.max(since));
        Some(since)
    }
}
