//! Whether a DN is seen and usable: registration, service, forwarding, and the link of its switch.
//!
//! None of it changes a call or an agent: what goes on at a DN that cannot be seen is not known, and its next event or a
//! snapshot will tell. It is counted as the DN's own time, and shown.

use super::device::Watch;
use super::world::World;
use crate::model::action::{Action, Durable, On};
use crate::model::ids::{AgentId, DnId, SwitchId};
use crate::model::tevent::{CallType, EventKind, TEvent};
use crate::model::time::Micros;

impl World {
    /// EventDNOutOfService, EventDNBackInService, EventUnregistered.
    pub(super) fn on_service(&mut self, ev: &TEvent<'_>) {
        if !self.needs_dn(ev) {
            return;
        }
        let out = ev.kind != EventKind::DN_BACK_IN_SERVICE;
        self.devices[ev.this_dn.index()].out_of_service = out;
        self.watch(ev.this_dn, !out, ev.time);
    }

    /// EventForwardSet and EventForwardCancel.
    pub(super) fn on_forward(&mut self, ev: &TEvent<'_>) {
        if self.needs_dn(ev) {
            self.devices[ev.this_dn.index()].forwarded = ev.kind == EventKind::FORWARD_SET;
        }
    }

    /// A DN is seen from `at` on, or no longer.
    pub(super) fn watch(&mut self, dn: DnId, seen: bool, at: Micros) {
        let device = &mut self.devices[dn.index()];
        let (ended, next, begins) = match (device.watch, seen) {
            (Watch::Monitored(_), true) | (Watch::NotMonitored(_), false) => return,
            (Watch::Never, true) => (None, Watch::Monitored(at), Durable::Monitored),
            (Watch::Never, false) => (None, Watch::NotMonitored(at), Durable::NotMonitored),
            (Watch::Monitored(since), false) => {
                (Some((Durable::Monitored, since)), Watch::NotMonitored(at), Durable::NotMonitored)
            }
            (Watch::NotMonitored(since), true) => {
                (Some((Durable::NotMonitored, since)), Watch::Monitored(at), Durable::Monitored)
            }
        };
        device.watch = next;
        let (on, call_type) = (On::Device { dn, agent: AgentId::NONE }, CallType::Unknown);
        if let Some((what, started)) = ended {
            self.out.push(Action::Ended { what, on, call_type, started, at });
        }
        self.out.push(Action::Started { what: begins, on, call_type, at });
    }

    /// The link of a switch went down or came back: none of its DNs is seen, or all but those out of service.
    pub(super) fn watch_switch(&mut self, switch: SwitchId, seen: bool, at: Micros) {
        for i in 0..self.devices.len() {
            let device = &self.devices[i];
            if device.switch == switch && device.watch != Watch::Never && !(seen && device.out_of_service) {
                self.watch(DnId(i as u32), seen, at);
            }
        }
    }

    /// Whether some DN of the agent is out of service, and whether some is forwarded, for views.
    #[must_use]
    pub fn service_of(&self, dns: &[DnId]) -> (bool, bool) {
        let devices = || dns.iter().map(|dn| &self.devices[dn.index()]);
        (devices().any(|d| d.out_of_service), devices().any(|d| d.forwarded))
    }
}
