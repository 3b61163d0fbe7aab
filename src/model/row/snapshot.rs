//! Rows of snapshots: how queues and agents stood at regular instants. Observations beside the facts; no count is made from them.

use crate::model::ids::{AgentId, DnId, Uuid};
use crate::model::table::{ReasonCode, ReasonKey, Site, Tenant, table};
use crate::model::time::Micros;

table! {
    /// One queue at one instant.
    QueueSnapshotRow = "queue_snapshot", key ["tenant_id", "queue_id", "media_type", "sampled_at"], sort ["queue_id"], time sampled_at, {
        tenant_id: Tenant, "tenant";
        queue_id: DnId, "number@switch of the queue";
        queue_kind: &'static str, "acd_queue, virtual_queue, routing_point, external";
        site_id: Site, "switch";
        media_type: &'static str, "voice";
        sampled_at: Micros, "the instant; everything before it is in the row";
        waiting: i32, "calls in the queue itself";
        alerting: i32, "calls that left it and ring at a target";
        longest_wait_ms: Option<i64>, "age of the call that has waited longest among the waiting";
        agents_logged_in: i32, "agents logged in to the queue; the sum of the nine states below";
        agents_ready: i32, "of these, ready";
        agents_not_ready: i32, "of these, not ready";
        agents_acw: i32, "of these, in after-call work";
        agents_ringing: i32, "of these, ringing";
        agents_dialing: i32, "of these, dialling";
        agents_talking: i32, "of these, talking, on any queue's call or another";
        agents_held: i32, "of these, holding a call";
        agents_busy: i32, "of these, off hook without a call, observing, bridged";
        agents_unknown: i32, "of these, behind a link that is down";
    }
}

table! {
    /// One logged-in agent at one instant.
    AgentSnapshotRow = "agent_snapshot", key ["tenant_id", "agent_id", "media_type", "sampled_at"], sort ["agent_id"], time sampled_at, {
        tenant_id: Tenant, "tenant";
        agent_id: AgentId, "AgentID as sent";
        site_id: Site, "switch of the session's first login";
        media_type: &'static str, "voice";
        sampled_at: Micros, "the instant; everything before it is in the row";
        state: &'static str, "ready, not_ready, acw, ringing, dialing, held, talking, busy, unknown";
        call_type: Option<&'static str>, "type of the call while talking, else null";
        since: Micros, "begin of the state; another reason does not restart it";
        call_id: Option<Uuid>, "the call that made the state";
        queue_id: DnId, "queue of the call, when one is known";
        reason_key: Option<ReasonKey>, "key of the reason in not_ready and acw, else null";
        reason_code: Option<ReasonCode>, "code of the reason in not_ready and acw, else null";
        is_dnd: bool, "do-not-disturb";
    }
}
