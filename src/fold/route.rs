//! Routing requests: asked with EventRouteRequest, answered with EventRouteUsed, and closed with the stay on the routing
//! point, which knows who was offered the call.
//!
//! ```text
//!            71                 72                        the stay ends
//!  (none) ───────▶ requested ───────▶ decided ─────────────────────────────▶ row
//!                     │  the stay ends                        72, late
//!                     ├──────────────────────▶ left, unanswered ───────────▶ row
//!                     └─ given up ▶ row                      └─ another request, or the end of the call ▶ row
//! ```
//!
//! Switches report the answer before or after the departure, and some routers long after it.

use compact_str::CompactString;

use super::slab::{Ix, NIL};
use super::stay::Stay;
use super::world::World;
use crate::model::action::Outcome;
use crate::model::identity::{LegKey, QueueSegmentKey};
use crate::model::ids::{AgentId, DnId, EventId, SwitchId};
use crate::model::row::RouteDecisionRow;
use crate::model::table::{RouteKey, Site, Tenant};
use crate::model::tevent::TEvent;
use crate::model::tevent::rare::RouteType;
use crate::model::time::{Micros, ms_between};

/// A routing request that has no row yet.
#[derive(Clone, Debug)]
pub(super) struct Route {
    stay: QueueSegmentKey,
    switch: SwitchId,
    requested_at: Micros,
    strategy: Option<CompactString>,
    /// The router's answer.
    used_at: Option<Micros>,
    route_type: Option<RouteType>,
    /// Number and DN of the target.
    target: (CompactString, DnId),
    /// How the stay on the routing point ended, when it left, and who was offered the call.
    left: Option<(Outcome, Micros, AgentId)>,
    last_event: EventId,
}

impl Route {
    /// Name of the strategy that was asked, when the router says it.
    pub(super) const fn strategy(&self) -> &Option<CompactString> {
        &self.strategy
    }

    /// What the request came to, and when; `None` while that is open, or when nobody will ever know.
    fn result(&self) -> Option<(&'static str, Micros)> {
        let offered =
            |outcome| matches!(outcome, Outcome::Answered | Outcome::AbandonedRing | Outcome::NoAnswerReturned);
        let named = !self.target.0.is_empty();
        if let Some(at) = self.used_at {
            let explicit = self.route_type.is_some_and(|t| t != RouteType::UNKNOWN && t != RouteType::DEFAULT);
            let reached = explicit || named || self.left.is_some_and(|(outcome, ..)| offered(outcome));
            let defaulted = self.route_type == Some(RouteType::DEFAULT) || !reached;
            return Some((if defaulted { "defaulted" } else { "routed" }, at));
        }
        let (outcome, at, _) = self.left?;
        match outcome {
            Outcome::AbandonedQueue => Some(("abandoned", at)),
            Outcome::Pending | Outcome::Unknown => None,
            _ if named || offered(outcome) => Some(("diverted", at)),
            _ => Some(("timed_out", at)),
        }
    }
}

impl World {
    /// EventRouteRequest on a stay; a repetition while it is open says nothing new.
    pub(super) fn route_requested(&mut self, stay: Ix, ev: &TEvent<'_>) {
        if self.stays[stay].route != NIL {
            return;
        }
        // Whatever the router said to an earlier request of the call, it would have said it by now.
        self.write_late_route(self.stays[stay].call);
        let route = Route {
            stay: self.stays[stay].key.clone(),
            switch: ev.switch,
            requested_at: ev.time,
            strategy: self.said_by_router(ev).and_then(|said| said.strategy),
            used_at: None,
            route_type: None,
            target: (CompactString::default(), DnId::NONE),
            left: None,
            last_event: self.event,
        };
        self.stays[stay].route = self.routes.insert(route);
    }

    /// EventRouteUsed: the first one answers the request of the stay that waits there, or of the last one that left.
    pub(super) fn route_used(&mut self, call: Ix, ev: &TEvent<'_>) {
        let open = |stay: &Stay| stay.route != NIL && self.routes[stay.route].used_at.is_none();
        let stay = self.find_stay(call, ev.this_dn, None, open);
        let late = self.calls[call].late_route;
        let ix = match stay {
            Some(stay) => self.stays[stay].route,
            None if late != NIL && self.routes[late].stay.queue == ev.this_dn => late,
            None => return,
        };
        let (event, strategy) = (self.event, self.said_by_router(ev).and_then(|said| said.strategy));
        let route = &mut self.routes[ix];
        route.used_at = Some(ev.time);
        route.route_type = ev.rare().route_type;
        if !ev.third_party_number.is_empty() {
            route.target = (ev.third_party_number.into(), ev.third_party_dn);
        }
        route.strategy = strategy.or(route.strategy.take());
        route.last_event = event;
        if ix == late {
            self.write_late_route(call);
        }
    }

    /// The stay of a request ended: its row, unless the router's answer may still come.
    pub(super) fn route_left(&mut self, stay: Ix, outcome: Outcome, at: Micros, agent: AgentId) {
        let ix = std::mem::replace(&mut self.stays[stay].route, NIL);
        if ix == NIL {
            return;
        }
        let s = &self.stays[stay];
        let call = s.call;
        let offered = s.leg.map_or(AgentId::NONE, |leg| self.devices[leg.dn.index()].agent);
        let route = &mut self.routes[ix];
        route.left = Some((outcome, at, if agent.is_some() { agent } else { offered }));
        route.last_event = s.last_event;
        if route.target.0.is_empty() && !s.target_number.is_empty() {
            route.target.0.clone_from(&s.target_number);
        }
        if route.target.1.is_none() && route.target.0 == s.target_number {
            route.target.1 = s.target;
        }
        self.write_late_route(call);
        self.calls[call].late_route = ix;
        let waits = self.routes[ix].used_at.is_none() && outcome != Outcome::AbandonedQueue;
        if !waits || outcome == Outcome::Unknown {
            self.write_late_route(call);
        }
    }

    /// Writes the request of a call whose answer was waited for, if there is one.
    pub(super) fn write_late_route(&mut self, call: Ix) {
        let ix = std::mem::replace(&mut self.calls[call].late_route, NIL);
        if ix != NIL {
            let until = self.now;
            self.write_route(ix, until);
            self.routes.remove(ix);
        }
    }

    /// Writes the request of a stay that goes on at the end of the input.
    pub(super) fn cut_route(&mut self, stay: Ix, until: Micros) {
        let ix = self.stays[stay].route;
        if ix != NIL {
            if self.routes[ix].target.0.is_empty() {
                self.routes[ix].target = (self.stays[stay].target_number.clone(), self.stays[stay].target);
            }
            self.write_route(ix, until);
        }
    }

    fn write_route(&mut self, ix: Ix, until: Micros) {
        let route = &self.routes[ix];
        let (result, decided_at) = route.result().unzip();
        let queue = route.target.1;
        let is_queue = queue.is_some() && self.devices[queue.index()].is_queue;
        let (call, dn) = (route.stay.call, route.stay.queue);
        let end = decided_at.or(route.left.map(|(_, at, _)| at)).unwrap_or(until);
        let row = RouteDecisionRow {
            tenant_id: Tenant(route.switch),
            route_id: RouteKey(LegKey { call, dn, offered_at: route.requested_at }),
            call_id: call,
            queue_segment_id: Some(route.stay.clone()),
            site_id: Site(route.switch),
            routing_point: dn,
            strategy: route.strategy.clone(),
            requested_at: route.requested_at,
            decided_at,
            duration_ms: ms_between(route.requested_at, end),
            result,
            route_type: route.route_type.map(RouteType::name),
            target: (!route.target.0.is_empty()).then(|| route.target.0.clone()),
            target_queue_id: if is_queue { queue } else { DnId::NONE },
            agent_id: route.left.map_or(AgentId::NONE, |(.., agent)| agent),
            revision: 1,
            last_event_id: route.last_event,
            written_at: self.now,
        };
        self.out.routes.push(row);
    }
}
