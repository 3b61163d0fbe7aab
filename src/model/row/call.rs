//! Rows of calls and of the devices in them.

use compact_str::CompactString;

use crate::model::identity::SessionKey;
use crate::model::ids::{AgentId, ConnId, DnId, EventId, Uuid};
use crate::model::table::{PartyKey, Site, Tenant, table};
use crate::model::time::Micros;

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
    /// One state of one party: the states of a party follow one another without a gap from its begin to its end, and after-call work may follow that.
    PartyStateRow = "party_state", key ["tenant_id", "party_id", "seq"], sort [], time entered_at, {
        tenant_id: Tenant, "tenant";
        party_id: PartyKey, "the party";
        seq: i32, "position in the party, from 1";
        call_id: Uuid, "the call";
        dn: DnId, "the device";
        agent_id: AgentId, "agent attributed to the party";
        state: &'static str, "queued, treatment, alerting, dialing, failed, connected, held, wrap";
        prev_state: Option<&'static str>, "the state before; null in the first row";
        entered_at: Micros, "begin";
        left_at: Option<Micros>, "end; null while it goes on";
        duration_ms: i64, "length, or to the last instant known";
        cause_event: Option<&'static str>, "message that began the state; null when none did";
        revision: i32, "starts at 1";
        last_event_id: EventId, "source:epoch:sequence of the last event that shaped the row";
        written_at: Micros, "event time at which the row was written";
    }
}
