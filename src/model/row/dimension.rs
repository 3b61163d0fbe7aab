//! Rows that describe what facts name: tenants, switches, devices, agents, queues, reasons, definitions, groups, and the
//! calendar. Facts hold natural ids; these rows say what is known behind them. They carry no revision: the last one holds.

use compact_str::CompactString;

use crate::model::table::{LocalDate, LocalTime, Name, Site, Tenant, table};
use crate::model::time::Micros;

table! {
    /// One tenant.
    DimTenantRow = "dim_tenant", key ["tenant_id"], sort ["tenant_id"], dimension Known, {
        tenant_id: Tenant, "tenant";
        name: Option<CompactString>, "what people call it, when configured";
    }
}

table! {
    /// One switch.
    DimSiteRow = "dim_site", key ["tenant_id", "site_id"], sort ["site_id"], dimension Known, {
        tenant_id: Tenant, "tenant";
        site_id: Site, "switch";
        name: Option<CompactString>, "what people call it, when configured";
    }
}

table! {
    /// One DN that had a part in a call, distributed calls, or was logged in on.
    DimResourceRow = "dim_resource", key ["tenant_id", "resource_id"], sort ["resource_id"], dimension Known, {
        tenant_id: Tenant, "tenant";
        resource_id: Name, "number@switch";
        dn: CompactString, "number as sent";
        site_id: Site, "switch";
        kind: Option<&'static str>, "extension, acd_queue, routing_point, virtual_queue, external, ivr_port, voice_mail, trunk: the last that was known";
        name: Option<CompactString>, "what people call it, when configured";
    }
}

table! {
    /// One agent. Names of people are personal data of the class name.
    DimAgentRow = "dim_agent", key ["tenant_id", "agent_id"], sort ["agent_id"], dimension Known, {
        tenant_id: Tenant, "tenant";
        agent_id: Name, "AgentID as sent";
        site_id: Option<Site>, "switch where he was first heard of; null when only configured";
        employee_id: Option<CompactString>, "the employer's number for him, when configured";
        name: Option<CompactString>, "his name, when configured";
    }
}

table! {
    /// One queue, routing point or virtual queue that has interval rows or is configured.
    DimQueueRow = "dim_queue", key ["tenant_id", "queue_id"], sort ["queue_id"], dimension Known, {
        tenant_id: Tenant, "tenant";
        queue_id: Name, "number@switch";
        dn: CompactString, "number as sent";
        site_id: Site, "switch";
        queue_kind: Option<&'static str>, "acd_queue, virtual_queue, routing_point, external; null when only configured";
        name: Option<CompactString>, "what people call it, when configured";
        sl_threshold_ms: i64, "longest wait within the service level";
        short_abandon_ms: i64, "an abandoned wait below this is short";
        definition_version: i32, "the definitions these thresholds belong to";
    }
}

table! {
    /// One reason of not ready or after-call work that has interval rows or is configured.
    DimReasonRow = "dim_reason", key ["tenant_id", "reason_key", "reason_code"], sort ["reason_key", "reason_code"], dimension Known, {
        tenant_id: Tenant, "tenant";
        reason_key: Name, "key of the reason";
        reason_code: Name, "code of the reason";
        name: Option<CompactString>, "what people call it, when configured";
    }
}

table! {
    /// One rule by which numbers were made, in one version of the definitions.
    DimDefinitionRow = "dim_definition", key ["tenant_id", "definition_version", "name"], sort ["name"], dimension Known, {
        tenant_id: Tenant, "tenant";
        definition_version: i32, "version, as rows of facts name it";
        name: Name, "sl_answered and its like, sl_threshold_ms, short_abandon_ms, short_call_ms, settle_ms, acw_interrupted, hist_sub_buckets, hist_max_ms";
        kind: &'static str, "service_level, limit, policy, histogram";
        value: Option<i64>, "of a limit or histogram: milliseconds where the name ends so, else a count";
        expression: Option<CompactString>, "of a service level: the formula over columns; of a policy: the word";
        valid_from: Micros, "begin of the first interval known to be counted by it";
    }
}

table! {
    /// One group of agents or of queues, as configured.
    DimGroupRow = "dim_group", key ["tenant_id", "group_id"], sort ["group_id"], dimension Declared, {
        tenant_id: Tenant, "tenant";
        group_id: Name, "its name";
        kind: &'static str, "agent, queue";
    }
}

table! {
    /// One stretch of time in which an agent or a queue belongs to a group, as configured. Join where the fact begins in it.
    GroupMemberRow = "group_member", key ["tenant_id", "group_id", "member_id", "valid_from"], sort ["group_id", "member_id", "valid_from"], dimension Declared, {
        tenant_id: Tenant, "tenant";
        group_id: Name, "the group's name";
        member_kind: &'static str, "agent, queue";
        member_id: Name, "AgentID, or number@switch";
        valid_from: Micros, "first instant; 1970-01-01 when it has always been so";
        valid_to: Option<Micros>, "first instant after it; null when it goes on";
    }
}

table! {
    /// One quarter-hour in one time zone. The same for all tenants; join by zone and interval_start.
    DimCalendarRow = "dim_calendar", key ["tz", "interval_start"], sort ["tz", "interval_start"], shared dimension Known, {
        tz: Name, "IANA name of the zone";
        interval_start: Micros, "first instant of the quarter-hour";
        local_date: LocalDate, "date on the wall";
        local_time: LocalTime, "time on the wall; twice in the hour that autumn repeats";
        utc_offset_min: i32, "minutes that the wall is ahead of UTC";
        is_dst: bool, "summer time";
        iso_year: i32, "year of the ISO week";
        iso_week: i32, "ISO week, 1 to 53";
        year: i32, "year of local_date";
        quarter: i32, "quarter, 1 to 4";
        month: i32, "month, 1 to 12";
        dow: i32, "day of the week, 1 Monday to 7 Sunday";
        business_day: bool, "a configured business day and no holiday";
        slot_of_day: i32, "which quarter-hour of the local day, from 0, in order of time";
        day_slots: i32, "quarter-hours of the local day: 96, or 92 and 100 where the clock changes";
        day_start: Micros, "first instant of the local day";
        business_date: LocalDate, "date of the reporting day, which begins at the configured time instead of midnight";
        tzdata_version: Option<Name>, "version of the zone rules; null for UTC, which has none";
    }
}
