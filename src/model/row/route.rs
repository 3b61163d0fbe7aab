//! Rows of routing: what became of a request for instructions.

use compact_str::CompactString;

use crate::model::identity::QueueSegmentKey;
use crate::model::ids::{AgentId, DnId, EventId, Uuid};
use crate::model::table::{RouteKey, Site, Tenant, table};
use crate::model::time::Micros;

table! {
    /// One routing request: a call at a routing point, what the router answered, and who got the call.
    RouteDecisionRow = "route_decision", key ["tenant_id", "route_id"], sort ["routing_point"], time requested_at, {
        tenant_id: Tenant, "tenant";
        route_id: RouteKey, "deterministic id of the request";
        call_id: Uuid, "the call that asked";
        queue_segment_id: Option<QueueSegmentKey>, "its stay on the routing point";
        site_id: Site, "switch";
        routing_point: DnId, "number@switch of the routing point";
        strategy: Option<CompactString>, "name of the strategy, when the router attaches it and it may be kept";
        requested_at: Micros, "EventRouteRequest";
        decided_at: Option<Micros>, "EventRouteUsed, else the end of the stay there; null while open or lost";
        duration_ms: i64, "from the request to the decision, or to the last instant known";
        result: Option<&'static str>, "routed, defaulted, abandoned, diverted, timed_out; null while open or lost";
        route_type: Option<&'static str>, "RouteType as the T-Library names it, when the switch says";
        target: Option<CompactString>, "number of the target as sent";
        target_queue_id: DnId, "the target, when it is a queue or routing point";
        agent_id: AgentId, "agent who was offered the call";
        revision: i32, "starts at 1";
        last_event_id: EventId, "source:epoch:sequence of the last event that shaped the row";
        written_at: Micros, "event time at which the row was written";
    }
}
