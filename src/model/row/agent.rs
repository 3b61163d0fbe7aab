//! Rows of agents: their calls, sessions and states, and what an interval brought.

use compact_str::CompactString;

use crate::model::identity::{LegKey, QueueSegmentKey, SessionKey};
use crate::model::ids::{AgentId, DnId, EventId, Uuid};
use crate::model::table::{PartyKey, ReasonCode, ReasonKey, Site, Tenant, table};
use crate::model::time::Micros;

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
    /// One stretch of an agent session on one DN: the login there, or one queue that the login named.
    AgentSessionDnRow = "agent_session_dn", key ["tenant_id", "agent_session_id", "seq"], sort ["agent_id"], time logged_in_at, {
        tenant_id: Tenant, "tenant";
        agent_session_id: SessionKey, "the login session";
        seq: i32, "position in the session by begin, from 1";
        agent_id: AgentId, "AgentID as sent";
        dn: DnId, "the DN";
        site_id: Site, "its switch";
        queue_id: DnId, "the queue he was logged in to there; null for the login on the DN itself, which has a row of its own";
        logged_in_at: Micros, "begin";
        logged_out_at: Option<Micros>, "end; null while it goes on";
        duration_ms: i64, "length, or to the last instant known";
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
