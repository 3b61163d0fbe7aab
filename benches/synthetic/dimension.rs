//! Rows of dimensions: objects with names, half of them without one, and a calendar.

use super::*;

const TENANT: Tenant = Tenant(SwitchId(0));

fn id(i: u64) -> Name {
    Name(format!("{}@east", 70_000 + i).as_str().into())
}

fn number(i: u64) -> compact_str::CompactString {
    format!("{}", 70_000 + i).as_str().into()
}

fn called(i: u64) -> Option<compact_str::CompactString> {
    i.is_multiple_of(2).then(|| format!("Name of {i}").as_str().into())
}

/// There is one tenant and one switch; more rows of them differ in nothing and become one.
pub fn dim_tenant(_: u64) -> DimTenantRow {
    DimTenantRow { tenant_id: TENANT, name: Some("Example Ltd".into()) }
}

pub fn dim_site(_: u64) -> DimSiteRow {
    DimSiteRow { tenant_id: TENANT, site_id: Site(SwitchId(0)), name: None }
}

pub fn dim_resource(i: u64) -> DimResourceRow {
    DimResourceRow {
        tenant_id: TENANT,
        resource_id: id(i),
        dn: number(i),
        site_id: Site(SwitchId(0)),
        kind: (!i.is_multiple_of(5)).then_some("extension"),
        name: called(i),
    }
}

pub fn dim_agent(i: u64) -> DimAgentRow {
    let (agent_id, site_id) = (Name(number(i)), (!i.is_multiple_of(7)).then_some(Site(SwitchId(0))));
    DimAgentRow { tenant_id: TENANT, agent_id, site_id, employee_id: called(i + 1), name: called(i) }
}

pub fn dim_queue(i: u64) -> DimQueueRow {
    DimQueueRow {
        tenant_id: TENANT,
        queue_id: id(i),
        dn: number(i),
        site_id: Site(SwitchId(0)),
        queue_kind: Some(word(i, 80, &["acd_queue", "virtual_queue"])),
        name: called(i),
        sl_threshold_ms: 20_000,
        short_abandon_ms: 5000,
        definition_version: 1,
    }
}

pub fn dim_reason(i: u64) -> DimReasonRow {
    let reason_code = Name(number(i));
    DimReasonRow { tenant_id: TENANT, reason_key: Name("ReasonCode".into()), reason_code, name: called(i) }
}

pub fn dim_definition(i: u64) -> DimDefinitionRow {
    DimDefinitionRow {
        tenant_id: TENANT,
        definition_version: 1,
        name: Name(format!("limit_{i}_ms").as_str().into()),
        kind: "limit",
        value: Some(i as i64),
        expression: None,
        valid_from: START,
    }
}

pub fn dim_group(i: u64) -> DimGroupRow {
    DimGroupRow { tenant_id: TENANT, group_id: Name(format!("Group {i}").as_str().into()), kind: "agent" }
}

pub fn group_member(i: u64) -> GroupMemberRow {
    GroupMemberRow {
        tenant_id: TENANT,
        group_id: Name(format!("Group {}", i % 20).as_str().into()),
        member_kind: "agent",
        member_id: Name(number(i)),
        valid_from: Micros(0),
        valid_to: i.is_multiple_of(3).then_some(START),
    }
}

pub fn dim_calendar(i: u64) -> DimCalendarRow {
    let (slot, day) = ((i % 96) as i64, (i / 96) as i32);
    DimCalendarRow {
        tz: Name("UTC".into()),
        interval_start: START + Span(i as i64 * QUARTER),
        local_date: LocalDate(19_675 + day),
        local_time: LocalTime(slot * QUARTER),
        utc_offset_min: 0,
        is_dst: false,
        iso_year: 2023,
        iso_week: 46,
        year: 2023,
        quarter: 4,
        month: 11,
        dow: 1 + day % 7,
        business_day: day % 7 < 5,
        slot_of_day: slot as i32,
        day_slots: 96,
        day_start: START + Span(i64::from(day) * 96 * QUARTER),
        business_date: LocalDate(19_675 + day),
        tzdata_version: i.is_multiple_of(2).then(|| Name("2026a".into())),
    }
}
