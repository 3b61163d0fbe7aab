//! What leaves the core: one struct per table, each column with its meaning and unit.
//!
//! Instants are microseconds UTC, `*_ms` are integer milliseconds on the grid of [`Micros::ms`](super::time::Micros::ms), counts are integers.
//! Ratios are never stored. Every detail row carries `revision`, `last_event_id` and `written_at`; every interval row its
//! interval, how much of it was seen (`coverage_ms`) and whether it can still change (`status`). `written_at` is the
//! engine's event time at which the row left it, so that a replay writes the same bytes.

mod agent;
mod call;
mod contact;
mod data;
mod dimension;
mod log;
mod queue;
mod route;
mod snapshot;
mod source;

pub use agent::{
    AgentIntervalRow, AgentQueueIntervalRow, AgentReasonIntervalRow, AgentSessionDnRow, AgentSessionRow, AgentStateRow,
    HandlingSegmentRow,
};
pub use call::{CallRow, PartyRow, PartyStateRow};
pub use contact::{CallLinkRow, InteractionRow};
pub use data::{UserDataChangeRow, UserDataFinalRow};
pub use dimension::{
    DimAgentRow, DimCalendarRow, DimDefinitionRow, DimGroupRow, DimQueueRow, DimReasonRow, DimResourceRow, DimSiteRow,
    DimTenantRow, GroupMemberRow,
};
pub use log::EventLogRow;
pub use queue::{QueueCohortIntervalRow, QueueHandleHistRow, QueueIntervalRow, QueueSegmentRow, QueueWaitHistRow};
pub use route::RouteDecisionRow;
pub use snapshot::{AgentSnapshotRow, QueueSnapshotRow};
pub use source::SourceSessionRow;

/// The rows of every table, in the order they left the core.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "one list per table, named after it")]
pub struct Rows {
    pub call: Vec<CallRow>,
    pub party: Vec<PartyRow>,
    pub party_state: Vec<PartyStateRow>,
    pub queue_segment: Vec<QueueSegmentRow>,
    pub handling_segment: Vec<HandlingSegmentRow>,
    pub agent_session: Vec<AgentSessionRow>,
    pub agent_session_dn: Vec<AgentSessionDnRow>,
    pub agent_state: Vec<AgentStateRow>,
    pub call_link: Vec<CallLinkRow>,
    pub interaction: Vec<InteractionRow>,
    pub route_decision: Vec<RouteDecisionRow>,
    pub user_data_change: Vec<UserDataChangeRow>,
    pub user_data_final: Vec<UserDataFinalRow>,
    pub source_session: Vec<SourceSessionRow>,
    pub queue_interval: Vec<QueueIntervalRow>,
    pub queue_cohort_interval: Vec<QueueCohortIntervalRow>,
    pub queue_wait_hist: Vec<QueueWaitHistRow>,
    pub queue_handle_hist: Vec<QueueHandleHistRow>,
    pub agent_interval: Vec<AgentIntervalRow>,
    pub agent_queue_interval: Vec<AgentQueueIntervalRow>,
    pub agent_reason_interval: Vec<AgentReasonIntervalRow>,
    pub queue_snapshot: Vec<QueueSnapshotRow>,
    pub agent_snapshot: Vec<AgentSnapshotRow>,
    pub event_log: Vec<EventLogRow>,
    pub dim_tenant: Vec<DimTenantRow>,
    pub dim_site: Vec<DimSiteRow>,
    pub dim_resource: Vec<DimResourceRow>,
    pub dim_agent: Vec<DimAgentRow>,
    pub dim_queue: Vec<DimQueueRow>,
    pub dim_reason: Vec<DimReasonRow>,
    pub dim_definition: Vec<DimDefinitionRow>,
    pub dim_group: Vec<DimGroupRow>,
    pub group_member: Vec<GroupMemberRow>,
    pub dim_calendar: Vec<DimCalendarRow>,
    /// The text that rows hold passages of.
    pub text: String,
}

/// Calls `$do!(field)` for the list of every table in [`Rows`], so that nobody writes their names again.
#[macro_export]
macro_rules! for_each_table {
    ($do:ident) => {
        $do!(call);
        $do!(party);
        $do!(party_state);
        $do!(queue_segment);
        $do!(handling_segment);
        $do!(agent_session);
        $do!(agent_session_dn);
        $do!(agent_state);
        $do!(call_link);
        $do!(interaction);
        $do!(route_decision);
        $do!(user_data_change);
        $do!(user_data_final);
        $do!(source_session);
        $do!(queue_interval);
        $do!(queue_cohort_interval);
        $do!(queue_wait_hist);
        $do!(queue_handle_hist);
        $do!(agent_interval);
        $do!(agent_queue_interval);
        $do!(agent_reason_interval);
        $do!(queue_snapshot);
        $do!(agent_snapshot);
        $do!(event_log);
        $do!(dim_tenant);
        $do!(dim_site);
        $do!(dim_resource);
        $do!(dim_agent);
        $do!(dim_queue);
        $do!(dim_reason);
        $do!(dim_definition);
        $do!(dim_group);
        $do!(group_member);
        $do!(dim_calendar);
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
        self.text.clear();
    }
}
