//! Rows of sources: when a switch was listened to.

use compact_str::CompactString;

use crate::model::ids::EventId;
use crate::model::table::{Site, Tenant, table};
use crate::model::time::Micros;

table! {
    /// One source session: an unbroken time of listening to one switch. Between two of them we were blind.
    SourceSessionRow = "source_session", key ["tenant_id", "source_id", "session_epoch"], sort ["source_id"], time connected_at, {
        tenant_id: Tenant, "tenant";
        source_id: Site, "switch";
        session_epoch: i64, "which session of the source: its connected_at in microseconds since 1970";
        server_epoch: i64, "run of the server, as in the middle of its event ids";
        connect_kind: &'static str, "first, link_restored, reconnect, switchover, server_restart";
        connected_at: Micros, "begin of listening";
        disconnected_at: Option<Micros>, "end of listening; null while it goes on";
        first_event_time: Micros, "first event of the session";
        last_event_time: Micros, "last event of the session";
        last_seq: Option<i64>, "sequence number of that event; null without one";
        event_count: i64, "events of the session";
        duration_ms: i64, "length, or up to the last instant known";
        collector_id: Option<CompactString>, "which collector listened, when there are several";
        how_ended: Option<&'static str>, "link_lost, disconnected, reconnect, switchover, server_restart; null while it goes on";
        revision: i32, "starts at 1";
        last_event_id: EventId, "source:epoch:sequence of the last event that shaped the row";
        written_at: Micros, "event time at which the row was written";
    }
}
