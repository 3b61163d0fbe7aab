//! Rows of attached data: each change of a key, and what a call had at its end.

use compact_str::CompactString;

use crate::model::ids::{AgentId, EventId, Uuid};
use crate::model::table::{PartyKey, Site, Tenant, table};
use crate::model::time::Micros;

table! {
    /// One change of one attached key of a call, when it was first seen; only keys that are kept.
    UserDataChangeRow = "user_data_change", key ["tenant_id", "call_id", "key", "seq"], sort [], time changed_at, {
        tenant_id: Tenant, "tenant";
        call_id: Uuid, "the call";
        key: CompactString, "key as sent";
        seq: i32, "which change of this key on this call, from 1";
        site_id: Site, "switch";
        changed_at: Micros, "event that showed the change first";
        party_id: Option<PartyKey>, "the party that changed it, when the switch names a device that is in the call";
        agent_id: AgentId, "agent of that party";
        change: &'static str, "add, update, delete";
        value_before: Option<CompactString>, "value before, in the form it is kept in; null for add";
        value: Option<CompactString>, "value in the form it is kept in; null for delete";
        source: &'static str, "user_data, reasons, extensions";
        revision: i32, "starts at 1";
        last_event_id: EventId, "source:epoch:sequence of the last event that shaped the row";
        written_at: Micros, "event time at which the row was written";
    }
}

table! {
    /// What was attached to a call when it ended; only calls that had a key that is kept.
    UserDataFinalRow = "user_data_final", key ["tenant_id", "call_id"], sort [], time started_at, {
        tenant_id: Tenant, "tenant";
        call_id: Uuid, "the call";
        site_id: Site, "switch";
        started_at: Micros, "first event of the call";
        ended_at: Option<Micros>, "end of the call; null while open";
        user_data: CompactString, "JSON object of key and value, in the form they are kept in, in order of first appearance";
        key_count: i32, "keys in it";
        change_count: i32, "rows of user_data_change of the call";
        revision: i32, "starts at 1";
        last_event_id: EventId, "source:epoch:sequence of the last event that shaped the row";
        written_at: Micros, "event time at which the row was written";
    }
}
