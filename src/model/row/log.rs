//! Rows of the event log: every event that was folded, as the fold took it.

use crate::model::ids::{AgentId, ConnId, DnId};
use crate::model::table::{LoggedId, Passage, Site, Tenant, table};
use crate::model::time::Micros;

table! {
    /// One event that was folded, in the order of folding: what all other tables are made of, and can be made of again. Attached data
    /// and numbers are in it in the form that the privacy policy leaves them, and what it drops is not in it.
    EventLogRow = "event_log", key ["tenant_id", "event_id"], sort [], log by folded_at, {
        tenant_id: Tenant, "tenant";
        event_id: LoggedId, "source:epoch:sequence; of an event without number source:epoch:@folded_at.place";
        site_id: Site, "switch";
        source_id: Site, "who said it: the switch";
        folded_at: Micros, "event time that the fold had reached: the event's own, or later where the clock or another switch was ahead; with place the order of the log";
        place: i32, "which event of this instant, from 0";
        event_time: Micros, "the server's own stamp; that of the event before where its clock went back";
        received_at: Option<Micros>, "our clock when the event came; null in a replay";
        event_name: &'static str, "message, as EventEstablished; Unknown where the T-Library has none";
        this_dn: DnId, "device from whose point of view the event is written";
        this_queue: DnId, "queue, where the event names one";
        other_dn: Passage, "other number as sent, in the form it is kept in unless it is a device";
        other_dn_is_known: bool, "whether that number was a device known by then";
        third_party_dn: Passage, "third number as sent, in the form it is kept in where it is the caller's";
        third_party_dn_is_known: bool, "whether that number was a device known by then";
        agent_id: AgentId, "agent";
        conn_id: Option<ConnId>, "call, 16 hex digits";
        previous_conn_id: Option<ConnId>, "the call that this one comes from";
        transfer_conn_id: Option<ConnId>, "on a consultation leg, the call that is held";
        call_uuid: Passage, "CallUUID as sent";
        switch_call_id: Option<i64>, "the switch's own id of the call; null when not said";
        this_trunk: Option<i64>, "trunk of this_dn; null when not said";
        other_trunk: Option<i64>, "trunk of the other number; null when not said";
        call_type: Option<&'static str>, "unknown, internal, inbound, outbound, consult; null when not said";
        call_state: i32, "CallState by number; 0 is ok, or not said";
        this_dn_role: i32, "role of this_dn by number; 0 is unknown, or not said";
        other_dn_role: i32, "role of other_dn by number";
        third_party_dn_role: i32, "role of third_party_dn by number";
        work_mode: i32, "AgentWorkMode by number; 0 is unknown, or not said";
        ani: Passage, "calling number, in the form it is kept in";
        ani_key: Passage, "keyed hash of the calling number, where a mask hides it and there is a secret";
        dnis: Passage, "called number, in the form it is kept in";
        dnis_key: Passage, "keyed hash of the called number, where a mask hides it and there is a secret";
        user_data: Passage, "JSON object of the attached keys that are kept, in the form they are kept in, and of those that the fold reads";
        reasons: Passage, "the same of Reasons";
        extensions: Passage, "the same of Extensions";
        route_type: Option<i32>, "RouteType by number; null when not said";
        treatment_type: Option<i32>, "TreatmentType by number; null when not said";
        first_transfer_conn_id: Option<ConnId>, "the call's ConnID on the switch where it entered the enterprise";
        first_transfer_site: Passage, "that switch";
        last_transfer_conn_id: Option<ConnId>, "the call's ConnID on the switch before this one";
        last_transfer_site: Passage, "that switch";
        remote_conn_id: Option<ConnId>, "the call's ConnID at the other end of a transaction between switches";
        remote_site: Passage, "that switch";
        network_call_id: Passage, "the network's own id of the call";
        ref_call_uuid: Passage, "CallUUID of the call that this one became part of";
        is_links: Passage, "JSON object of the links to calls on other switches";
        collector_id: Option<&'static str>, "which collector stored the event, when there are several";
    }
}
