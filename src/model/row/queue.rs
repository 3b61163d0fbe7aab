//! Rows of queues: the stays of calls, and what an interval brought.

use compact_str::CompactString;

use crate::model::identity::{LegKey, QueueSegmentKey};
use crate::model::ids::{AgentId, DnId, EventId, Uuid};
use crate::model::table::{Site, Tenant, table};
use crate::model::time::Micros;

table! {
    /// One queue segment: one stay of a call on an ACD queue, routing point or virtual queue.
    QueueSegmentRow = "queue_segment", key ["tenant_id", "queue_segment_id"], sort ["queue_id"], time entered_at, {
        tenant_id: Tenant, "tenant";
        queue_segment_id: QueueSegmentKey, "deterministic id of the stay";
        call_id: Uuid, "the call";
        interaction_id: Uuid, "id of the contact's root call";
        queue_id: DnId, "number@switch of the queue";
        queue_kind: &'static str, "acd_queue, virtual_queue, routing_point, external";
        call_type: &'static str, "type of the call at entry";
        entered_at: Micros, "entry";
        distributed_at: Option<Micros>, "left towards a target; null for abandoned_queue, cleared, routed_elsewhere";
        answered_at: Option<Micros>, "the target connected";
        left_at: Option<Micros>, "end of the stay in the queue itself";
        entry_seq: i32, "which entry of this call into this queue, from 1";
        outcome: &'static str, "answered, abandoned_queue, abandoned_ring, diverted, cleared, routed_elsewhere, no_answer_returned, pending, unknown";
        outcome_reason: Option<&'static str>, "busy, timeout, forced and the like, when the switch says";
        queue_ms: i64, "from entry to leaving the queue";
        ring_ms: i64, "from leaving the queue to the end";
        wait_ms: i64, "queue_ms + ring_ms";
        answered_by_agent_id: AgentId, "agent who answered, when known";
        handling_segment_id: Option<LegKey>, "the leg that was offered the call last";
        diverted_to: Option<CompactString>, "number of the target as sent, for outcome diverted";
        strategy: Option<CompactString>, "routing strategy";
        target: Option<CompactString>, "target chosen by the router";
        target_kind: Option<CompactString>, "kind of that target";
        skill_expression: Option<CompactString>, "skills asked for";
        priority: Option<CompactString>, "priority given";
        position_on_entry: Option<i32>, "place in the queue on entry, when known";
        ewt_ms_on_entry: Option<i64>, "estimated wait on entry, when known";
        is_short_abandon: bool, "abandoned within the short-abandon limit";
        definition_version: i32, "which thresholds were applied";
        parallel_group_id: Option<Uuid>, "virtual queues entered together";
        revision: i32, "starts at 1";
        last_event_id: EventId, "source:epoch:sequence of the last event that shaped the row";
        written_at: Micros, "event time at which the row was written";
    }
}

table! {
    /// What happened on one queue in one interval, booked when it happened.
    QueueIntervalRow = "queue_interval", key ["tenant_id", "queue_id", "media_type", "interval_start"], sort ["queue_id"], time interval_start, {
        tenant_id: Tenant, "tenant";
        queue_id: DnId, "number@switch of the queue";
        queue_kind: &'static str, "acd_queue, virtual_queue, routing_point, external";
        site_id: Site, "switch";
        media_type: &'static str, "voice";
        interval_start: Micros, "first instant of the interval";
        interval_ms: i32, "length of the interval";
        entered: i32, "calls that entered";
        answered: i32, "stays answered";
        abandoned: i32, "stays abandoned, waiting or ringing";
        abandoned_short: i32, "of these, wait below the short-abandon limit";
        abandoned_ringing: i32, "of these, while ringing at the target";
        diverted_in: i32, "entries that came from another queue";
        diverted_out: i32, "stays diverted to another queue or to an unseen target";
        cleared: i32, "stays removed without reaching anyone, and parallel stays that lost";
        other: i32, "stays returned unanswered or ended unseen";
        no_answer: i32, "offers that ended unanswered";
        rejected: i32, "offers refused; always 0 for voice";
        handled: i32, "answered stays whose leg and wrap ended";
        transferred_out: i32, "legs released by transfer";
        in_queue_start: i32, "stays alive just before the interval";
        in_queue_end: i32, "stays alive just before its end";
        in_queue_max: i32, "most stays alive at once";
        longest_wait_ms_at_end: Option<i64>, "age of the oldest stay alive at the end";
        agents_staffed_ms: i64, "agent time logged in to the queue";
        agents_ready_ms: i64, "of this, ready";
        queue_ms: i64, "caller time waiting, cut to the interval";
        ring_ms: i64, "caller time between leaving the queue and the end, cut";
        talk_ms: i64, "connected time of the queue's legs, cut";
        hold_ms: i64, "hold time of the queue's legs, cut";
        acw_ms: i64, "after-call work of the queue's legs, cut";
        wait_answered_ms: i64, "sum of waits of stays answered here, whole";
        wait_answered_max_ms: Option<i64>, "longest of them";
        wait_abandoned_ms: i64, "sum of waits of stays abandoned here, whole";
        wait_abandoned_max_ms: Option<i64>, "longest of them";
        handle_ms: i64, "talk + hold + after-call work of the legs handled here, whole";
        answered_within_sl: i32, "answered with wait at or below the service-level threshold";
        abandoned_within_sl: i32, "abandoned with wait at or below it";
        definition_version: i32, "which thresholds were applied";
        coverage_ms: i32, "time of the interval in which the source was seen";
        status: &'static str, "open, provisional, final, revised";
        revision: i32, "starts at 1";
        written_at: Micros, "event time at which the row was written";
    }
}

table! {
    /// What became of the calls that entered one queue in one interval, wherever in time it happened.
    QueueCohortIntervalRow = "queue_cohort_interval", key ["tenant_id", "queue_id", "media_type", "interval_start"], sort ["queue_id"], time interval_start, {
        tenant_id: Tenant, "tenant";
        queue_id: DnId, "number@switch of the queue";
        queue_kind: &'static str, "acd_queue, virtual_queue, routing_point, external";
        site_id: Site, "switch";
        media_type: &'static str, "voice";
        interval_start: Micros, "first instant of the interval of entry";
        interval_ms: i32, "length of the interval";
        entered: i32, "calls that entered";
        answered: i32, "of these, answered";
        answered_within_sl: i32, "of these, within the service-level threshold";
        abandoned: i32, "abandoned, waiting or ringing";
        abandoned_short: i32, "of these, below the short-abandon limit";
        abandoned_within_sl: i32, "of these, within the service-level threshold";
        abandoned_ringing: i32, "of these, while ringing";
        diverted: i32, "diverted to another queue or an unseen target";
        cleared: i32, "removed without reaching anyone, and parallel stays that lost";
        other: i32, "returned unanswered or ended unseen";
        pending: i32, "end not known yet";
        wait_answered_ms: i64, "sum of waits of the answered";
        wait_abandoned_ms: i64, "sum of waits of the abandoned";
        queue_ms: i64, "sum of queue time of all stays ended";
        talk_ms: i64, "talk and consultation time of their legs";
        hold_ms: i64, "hold time of their legs";
        acw_ms: i64, "after-call work of their legs";
        definition_version: i32, "which thresholds were applied";
        coverage_ms: i32, "time of the interval in which the source was seen";
        status: &'static str, "open, provisional, final, revised";
        revision: i32, "starts at 1";
        written_at: Micros, "event time at which the row was written";
    }
}

table! {
    /// Distribution of handle times of the calls that entered one queue in one interval: one row per non-empty bucket.
    QueueHandleHistRow = "queue_handle_hist", key ["tenant_id", "queue_id", "media_type", "interval_start", "kind", "upper_ms"], sort ["queue_id"], time interval_start, {
        tenant_id: Tenant, "tenant";
        queue_id: DnId, "number@switch of the queue";
        media_type: &'static str, "voice";
        interval_start: Micros, "first instant of the interval of entry";
        interval_ms: i32, "length of the interval";
        kind: &'static str, "handled";
        upper_ms: i64, "highest handle time equivalent to the bucket";
        n: i32, "answering legs in the bucket";
        definition_version: i32, "which buckets were used";
        coverage_ms: i32, "time of the interval in which the source was seen";
        status: &'static str, "open, provisional, final, revised";
        revision: i32, "starts at 1";
        written_at: Micros, "event time at which the row was written";
    }
}

table! {
    /// Distribution of waits of the calls that entered one queue in one interval: one row per non-empty bucket.
    QueueWaitHistRow = "queue_wait_hist", key ["tenant_id", "queue_id", "media_type", "interval_start", "kind", "upper_ms"], sort ["queue_id"], time interval_start, {
        tenant_id: Tenant, "tenant";
        queue_id: DnId, "number@switch of the queue";
        media_type: &'static str, "voice";
        interval_start: Micros, "first instant of the interval of entry";
        interval_ms: i32, "length of the interval";
        kind: &'static str, "answered, abandoned";
        upper_ms: i64, "highest wait equivalent to the bucket";
        n: i32, "waits in the bucket";
        definition_version: i32, "which buckets were used";
        coverage_ms: i32, "time of the interval in which the source was seen";
        status: &'static str, "open, provisional, final, revised";
        revision: i32, "starts at 1";
        written_at: Micros, "event time at which the row was written";
    }
}
