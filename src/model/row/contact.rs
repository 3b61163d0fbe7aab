//! Rows of contacts: which calls belong together, and what a customer's contact was as a whole.

use compact_str::CompactString;

use crate::model::ids::{AgentId, DnId, EventId, Uuid};
use crate::model::table::{Site, Tenant, table};
use crate::model::time::Micros;

table! {
    /// One link between two calls of a contact.
    CallLinkRow = "call_link", key ["tenant_id", "from_call_id", "to_call_id", "link_type"], sort [], time linked_at, {
        tenant_id: Tenant, "tenant";
        from_call_id: Uuid, "the consultation, the call that ended in another, the call at the later switch";
        to_call_id: Uuid, "the call it was made from, became part of, or came from";
        link_type: &'static str, "consult_of, merged_into, same_contact";
        site_id: Site, "switch of from_call_id";
        remote_site: Option<CompactString>, "switch of to_call_id, when it is another";
        linked_at: Micros, "event that showed the link first";
        evidence: &'static str, "what showed it: transfer_conn_id, previous_conn_id, party_changed, ref_call_uuid, call_history, remote_conn_id, is_link, conn_id";
        state: &'static str, "active while one of the calls is open, ended, unpaired when to_call_id was never seen";
        interaction_id: Uuid, "the contact";
        revision: i32, "starts at 1";
        last_event_id: EventId, "source:epoch:sequence of the last event that shaped the row";
        written_at: Micros, "event time at which the row was written";
    }
}

table! {
    /// One interaction: all calls of one customer contact, found by their links.
    InteractionRow = "interaction", key ["tenant_id", "interaction_id"], sort [], time started_at, {
        tenant_id: Tenant, "tenant";
        interaction_id: Uuid, "id of the root call";
        root_call_id: Uuid, "the call that began first";
        media_type: &'static str, "voice";
        interaction_type: &'static str, "type of the root call: unknown, internal, inbound, outbound, consult";
        started_at: Micros, "first event of the root call";
        ended_at: Option<Micros>, "end of the last call; null while one is open";
        customer_key: Option<CompactString>, "keyed hash of the customer's number (ani, of outbound calls dnis), when there is a secret";
        ani: Option<CompactString>, "calling number of the root call, in the form its policy asks for";
        dnis: Option<CompactString>, "called number of the root call, in the form its policy asks for";
        entry_dn: DnId, "the DN of the root call's first event";
        site_count: i32, "switches";
        call_count: i32, "calls";
        party_count: i32, "rows of party";
        queue_segment_count: i32, "rows of queue_segment";
        handling_segment_count: i32, "rows of handling_segment";
        transfer_count: i32, "transfers completed";
        conference_count: i32, "conferences completed";
        consult_count: i32, "consultation calls";
        first_queue_id: DnId, "the queue or routing point entered first";
        first_agent_id: AgentId, "agent who connected first";
        last_agent_id: AgentId, "agent who connected last";
        outcome: &'static str, "answered, abandoned_queue, abandoned_ring, diverted_out, self_served, blocked, unknown";
        wait_total_ms: i64, "time with at least one queue stay alive, consultations excluded, summed over calls";
        talk_total_ms: i64, "talk_ms of its handling segments";
        hold_total_ms: i64, "hold_ms of its handling segments";
        acw_total_ms: i64, "acw_ms of its handling segments, as far as over when the contact closes";
        duration_ms: i64, "from the first event to the end, or to the last instant known";
        is_complete: bool, "begin and end of every call were seen, and every link has both its calls";
        end_known: bool, "the end of every call was seen";
        joined_in_progress: bool, "the beginning of the root call was not seen";
        revision: i32, "starts at 1";
        last_event_id: EventId, "source:epoch:sequence of the last event that shaped the row";
        written_at: Micros, "event time at which the row was written";
    }
}
