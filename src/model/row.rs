//! What leaves the core: one struct per table, each column with its meaning and unit.
//!
//! Instants are microseconds UTC, `*_ms` are integer milliseconds on the grid of [`Micros::ms`], counts are integers.
//! Ratios are never stored. Every detail row carries `revision`, `last_event_id` and `written_at`; every interval row its
//! interval, how much of it was seen (`coverage_ms`) and whether it can still change (`status`). `written_at` is the
//! engine's event time at which the row left it, so that a replay writes the same bytes.

use compact_str::CompactString;

use super::identity::{LegKey, QueueSegmentKey, SessionKey};
use super::ids::{AgentId, ConnId, DnId, EventId, Uuid};
use super::table::{PartyKey, ReasonCode, ReasonKey, Site, Tenant, table};
use super::time::Micros;

table! {
    /// One call: the life of one ConnID on one switch.
    CallRow = "call", key ["tenant_id", "call_id"], sort [], time started_at, {
        tenant_id: Tenant, "tenant";
        call_id: Uuid, "deterministic id of the call";
        interaction_id: Uuid, "id of the contact's root call";
        site_id: Site, "switch";
        conn_id: ConnId, "ConnID as 16 hex digits";
        switch_call_id: Option<CompactString>, "the switch's own call id, when kept";
        parent_call_id: Option<Uuid>, "the call this consultation was made from";
        merged_into_call_id: Option<Uuid>, "the call this one was merged into";
        merge_type: Option<&'static str>, "how it was merged: transfer or conference";
        call_type: &'static str, "unknown, internal, inbound, outbound, consult";
        media_type: &'static str, "voice";
        started_at: Micros, "first event";
        first_queued_at: Option<Micros>, "first entry into a queue or routing point";
        first_alerting_at: Option<Micros>, "first ringing at a device";
        first_connected_at: Option<Micros>, "first device connected";
        ended_at: Option<Micros>, "last party or queue stay left; null while open";
        ani: Option<CompactString>, "calling number as sent";
        dnis: Option<CompactString>, "called number as sent";
        trunk: Option<CompactString>, "trunk, when known";
        released_by: &'static str, "customer, agent, system, unknown";
        hold_count: i32, "times a device put the call on hold";
        transfer_count: i32, "transfers completed on the call";
        conference_count: i32, "conferences completed on the call";
        divert_count: i32, "times the call left a queue towards a target";
        abandoned: bool, "the caller gave up before an answer";
        connected: bool, "some device connected";
        connected_to_agent: bool, "an agent or extension connected";
        duration_ms: i64, "from the first event to the end, or to the last instant known";
        end_known: bool, "the end was seen";
        joined_in_progress: bool, "the beginning was not seen";
        end_reason: Option<&'static str>, "released, link_lost, timed_out, superseded; null while open";
        revision: i32, "starts at 1";
        last_event_id: EventId, "source:epoch:sequence of the last event that shaped the row";
        written_at: Micros, "event time at which the row was written";
    }
}

table! {
    /// One party: one device's part in one call. A leg that moves to another call gets a second row.
    PartyRow = "party", key ["tenant_id", "party_id"], sort [], time joined_at, {
        tenant_id: Tenant, "tenant";
        party_id: PartyKey, "deterministic id of the party";
        party_guid: PartyKey, "id that stays when the leg moves to another call";
        call_id: Uuid, "the call";
        interaction_id: Uuid, "id of the contact's root call";
        site_id: Site, "switch";
        dn: DnId, "the device";
        dn_type: &'static str, "extension, acd_queue, routing_point, virtual_queue";
        resource_id: DnId, "the device";
        agent_id: AgentId, "agent attributed to the party";
        agent_session_id: Option<SessionKey>, "his login session";
        role: &'static str, "origination, destination, conference_member, observer, routing";
        parent_party_id: Option<PartyKey>, "the party this one continues";
        parent_link_type: Option<&'static str>, "moved";
        joined_at: Micros, "first event of the party in this call";
        left_at: Option<Micros>, "end of the party in this call; null while open";
        left_cause: Option<&'static str>, "released, abandoned, transferred, conferenced, moved, diverted, cleared";
        alerting_ms: i64, "ringing time";
        connected_ms: i64, "connected time without hold";
        hold_ms: i64, "time the device held the call";
        queued_ms: i64, "time in queue, for queues and routing points";
        treatment_ms: i64, "time under treatment";
        acw_ms: i64, "after-call work that belongs to the party";
        final_state: &'static str, "state before the end";
        end_known: bool, "the end was seen";
        revision: i32, "starts at 1";
        last_event_id: EventId, "source:epoch:sequence of the last event that shaped the row";
        written_at: Micros, "event time at which the row was written";
    }
}

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
    /// One handling segment: one device's attempt at a call, from the offer to the end of its after-call work.
    HandlingSegmentRow = "handling_segment", key ["tenant_id", "handling_segment_id"], sort ["resource_id"], time offered_at, {
        tenant_id: Tenant, "tenant";
        handling_segment_id: LegKey, "deterministic id of the segment";
        call_id: Uuid, "the call the leg ended in";
        interaction_id: Uuid, "id of the contact's root call";
        queue_segment_id: Option<QueueSegmentKey>, "the queue stay that distributed the call; null when direct";
        queue_id: DnId, "its queue";
        resource_id: DnId, "the device";
        resource_kind: &'static str, "agent, extension, ivr_port";
        agent_id: AgentId, "agent at the answer, else at the offer";
        agent_session_id: Option<SessionKey>, "his login session";
        party_id: PartyKey, "the first party of the leg";
        offered_at: Micros, "rang, dialled, or was found connected";
        answered_at: Option<Micros>, "connected";
        released_at: Option<Micros>, "left the call; null while open";
        acw_started_at: Option<Micros>, "begin of the first stretch of after-call work";
        acw_ended_at: Option<Micros>, "end of the last one";
        ring_ms: i64, "ringing time";
        talk_ms: i64, "connected time while the call was not a consultation, without hold";
        hold_ms: i64, "hold time";
        hold_count: i32, "holds";
        acw_ms: i64, "after-call work that belongs to the segment";
        consult_ms: i64, "connected time while the call was a consultation";
        dial_ms: i64, "dialling time";
        role: &'static str, "received, received_transfer, received_consult, initiated, initiated_consult, in_conference";
        result: Option<&'static str>, "completed, transferred, conferenced, abandoned_while_ringing, no_answer, rejected, busy, error; null while open";
        released_by: &'static str, "customer, agent, system, unknown";
        disposition_code: Option<CompactString>, "disposition, when attached";
        is_complete: bool, "begin and end were seen and the wrap is over";
        end_known: bool, "the end was seen";
        revision: i32, "starts at 1";
        last_event_id: EventId, "source:epoch:sequence of the last event that shaped the row";
        written_at: Micros, "event time at which the row was written";
    }
}

table! {
    /// One agent session: from the first DN login of an agent to the logout of the last one.
    AgentSessionRow = "agent_session", key ["tenant_id", "agent_session_id"], sort ["agent_id"], time logged_in_at, {
        tenant_id: Tenant, "tenant";
        agent_session_id: SessionKey, "deterministic id of the session";
        agent_id: AgentId, "AgentID as sent";
        login_id: AgentId, "login code as sent";
        place_id: Option<CompactString>, "place, when known";
        site_id: Site, "switch of the first login";
        primary_dn: DnId, "DN of the first login";
        media_types: &'static [&'static str], "voice";
        logged_in_at: Micros, "session start";
        logged_out_at: Option<Micros>, "session end; null while open";
        login_known: bool, "the login was seen";
        logout_known: bool, "the logout was seen";
        logout_reason: Option<&'static str>, "logout, superseded; null while open";
        duration_ms: i64, "length of the session; the sum of the nine states below";
        ready_ms: i64, "ready";
        not_ready_ms: i64, "not ready";
        acw_ms: i64, "after-call work";
        talk_ms: i64, "talking, any call type";
        hold_ms: i64, "holding a call";
        ring_ms: i64, "ringing";
        dial_ms: i64, "dialling";
        busy_ms: i64, "off hook without a call, observing, bridged";
        unknown_ms: i64, "link outage";
        dnd_ms: i64, "do-not-disturb on some DN; a flag beside the states";
        revision: i32, "starts at 1";
        last_event_id: EventId, "source:epoch:sequence of the last event that shaped the row";
        written_at: Micros, "event time at which the row was written";
    }
}

table! {
    /// One agent state: a maximal stretch of equal state, call type while talking, and reason.
    AgentStateRow = "agent_state", key ["tenant_id", "agent_session_id", "seq"], sort ["agent_id"], time started_at, {
        tenant_id: Tenant, "tenant";
        agent_session_id: SessionKey, "the login session";
        seq: i32, "position in the session, from 1";
        state_run_id: i32, "run of equal state in the session; a changed reason keeps it";
        agent_id: AgentId, "AgentID as sent";
        dn: DnId, "first DN of the session";
        queue_id: DnId, "queue of the call, when one is known";
        media_type: &'static str, "voice";
        call_type: Option<&'static str>, "type of the call while talking, else null";
        state: &'static str, "ready, not_ready, acw, ringing, dialing, held, talking, busy, unknown";
        started_at: Micros, "begin";
        ended_at: Micros, "end, or the last instant known";
        duration_ms: i64, "length";
        work_mode: Option<&'static str>, "AgentWorkMode in not_ready and acw";
        call_id: Option<Uuid>, "the call that made the state";
        reason_key: Option<ReasonKey>, "key of the reason in not_ready and acw, else null";
        reason_code: Option<ReasonCode>, "code of the reason in not_ready and acw, else null";
        reason_kind: Option<&'static str>, "software, hardware; null without a reason";
        pending_state: Option<&'static str>, "readiness behind a call";
        is_dnd: bool, "do-not-disturb at the start";
        end_known: bool, "the end was seen";
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

table! {
    /// What one agent did in one interval; times are cut at the edges and add up to the logged-in time.
    AgentIntervalRow = "agent_interval", key ["tenant_id", "agent_id", "media_type", "interval_start"], sort ["agent_id"], time interval_start, {
        tenant_id: Tenant, "tenant";
        agent_id: AgentId, "AgentID as sent";
        media_type: &'static str, "voice";
        interval_start: Micros, "first instant of the interval";
        interval_ms: i32, "length of the interval";
        logged_in_ms: i64, "logged in; the sum of the nine states below";
        ready_ms: i64, "ready";
        not_ready_ms: i64, "not ready";
        acw_ms: i64, "after-call work, with or without a call";
        ring_ms: i64, "ringing";
        talk_ms: i64, "talking, any call type";
        talk_inbound_ms: i64, "of this, inbound";
        talk_outbound_ms: i64, "of this, outbound";
        talk_internal_ms: i64, "of this, internal";
        talk_consult_ms: i64, "of this, consultation";
        hold_ms: i64, "holding a call";
        dial_ms: i64, "dialling";
        dnd_ms: i64, "do-not-disturb; a flag beside the states";
        busy_ms: i64, "off hook without a call, observing, bridged";
        unknown_ms: i64, "link outage";
        offered: i32, "calls that rang";
        answered: i32, "of these, connected";
        no_answer: i32, "of these, unanswered";
        rejected: i32, "of these, refused; always 0 for voice";
        abandoned_while_ringing: i32, "of these, the caller gave up";
        outbound_made: i32, "outbound calls dialled";
        internal_made: i32, "internal calls dialled";
        consult_made: i32, "consultations connected that the agent made";
        consult_received: i32, "consultations connected that the agent received";
        transfers_made: i32, "calls released by transfer";
        transfers_received: i32, "calls taken over by transfer";
        conferences: i32, "conferences the agent completed";
        holds: i32, "times a call was put on hold";
        short_calls: i32, "calls shorter than the short-call limit";
        logins: i32, "sessions begun";
        logouts: i32, "sessions ended";
        not_ready_entries: i32, "stretches of not ready begun";
        handled: i32, "legs whose wrap ended, consultations excluded";
        handle_ms: i64, "talk + consultation + hold + after-call work of the legs handled here, whole";
        first_login_at: Option<Micros>, "first session begun";
        last_logout_at: Option<Micros>, "last session ended";
        definition_version: i32, "which thresholds were applied";
        coverage_ms: i32, "time of the interval in which the agent's switch was seen";
        status: &'static str, "open, provisional, final, revised";
        revision: i32, "starts at 1";
        written_at: Micros, "event time at which the row was written";
    }
}

table! {
    /// What one agent did for one queue in one interval.
    AgentQueueIntervalRow = "agent_queue_interval", key ["tenant_id", "agent_id", "queue_id", "media_type", "interval_start"], sort ["agent_id", "queue_id"], time interval_start, {
        tenant_id: Tenant, "tenant";
        agent_id: AgentId, "AgentID as sent";
        queue_id: DnId, "number@switch of the queue";
        media_type: &'static str, "voice";
        interval_start: Micros, "first instant of the interval";
        interval_ms: i32, "length of the interval";
        offered: i32, "offers of the queue's calls";
        answered: i32, "of these, connected";
        ring_ms: i64, "ringing time of the offers, cut";
        talk_ms: i64, "connected time of the legs, cut";
        hold_ms: i64, "hold time of the legs, cut";
        acw_ms: i64, "after-call work of the legs, cut";
        handled: i32, "legs whose wrap ended";
        handle_ms: i64, "talk + hold + after-call work of the legs handled here, whole";
        membership_ms: i64, "time logged in to the queue, cut";
        definition_version: i32, "which thresholds were applied";
        coverage_ms: i32, "time of the interval in which the agent's switch was seen";
        status: &'static str, "open, provisional, final, revised";
        revision: i32, "starts at 1";
        written_at: Micros, "event time at which the row was written";
    }
}

table! {
    /// Time of one agent in not ready or after-call work under one reason in one interval.
    AgentReasonIntervalRow = "agent_reason_interval", key ["tenant_id", "agent_id", "state", "reason_key", "reason_code", "media_type", "interval_start"], sort ["agent_id", "state", "reason_key", "reason_code"], time interval_start, {
        tenant_id: Tenant, "tenant";
        agent_id: AgentId, "AgentID as sent";
        state: &'static str, "not_ready, acw";
        reason_key: ReasonKey, "key of the reason";
        reason_code: ReasonCode, "code of the reason";
        media_type: &'static str, "voice";
        interval_start: Micros, "first instant of the interval";
        interval_ms: i32, "length of the interval";
        ms: i64, "time under the reason, cut";
        entries: i32, "agent_state rows begun";
        definition_version: i32, "which thresholds were applied";
        coverage_ms: i32, "time of the interval in which the agent's switch was seen";
        status: &'static str, "open, provisional, final, revised";
        revision: i32, "starts at 1";
        written_at: Micros, "event time at which the row was written";
    }
}

/// The rows of every table, in the order they left the core.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "one list per table, named after it")]
pub struct Rows {
    pub call: Vec<CallRow>,
    pub party: Vec<PartyRow>,
    pub queue_segment: Vec<QueueSegmentRow>,
    pub handling_segment: Vec<HandlingSegmentRow>,
    pub agent_session: Vec<AgentSessionRow>,
    pub agent_state: Vec<AgentStateRow>,
    pub queue_interval: Vec<QueueIntervalRow>,
    pub queue_cohort_interval: Vec<QueueCohortIntervalRow>,
    pub queue_wait_hist: Vec<QueueWaitHistRow>,
    pub agent_interval: Vec<AgentIntervalRow>,
    pub agent_queue_interval: Vec<AgentQueueIntervalRow>,
    pub agent_reason_interval: Vec<AgentReasonIntervalRow>,
}

/// Calls `$do!(field)` for the list of every table in [`Rows`], so that nobody writes the twelve names again.
#[macro_export]
macro_rules! for_each_table {
    ($do:ident) => {
        $do!(call);
        $do!(party);
        $do!(queue_segment);
        $do!(handling_segment);
        $do!(agent_session);
        $do!(agent_state);
        $do!(queue_interval);
        $do!(queue_cohort_interval);
        $do!(queue_wait_hist);
        $do!(agent_interval);
        $do!(agent_queue_interval);
        $do!(agent_reason_interval);
    };
}

impl Rows {
    /// Rows over all tables.
    #[must_use]
    pub fn len(&self) -> usize {
        let mut n = 0;
        macro_rules! add {
            ($table:ident) => {
                n += self.$table.len();
            };
        }
        for_each_table!(add);
        n
    }

    /// Whether no table has a row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Empties every list, keeping its memory.
    pub fn clear(&mut self) {
        macro_rules! clear {
            ($table:ident) => {
                self.$table.clear();
            };
        }
        for_each_table!(clear);
    }
}
