//! What is known of the things that rows name: fills the dimensions beside the facts.
//!
//! In: every batch of rows on its way out, and what configuration says. Out: a batch of dimension rows, only of what is new
//! since the last one. A device's kind, a queue, a reason are learnt from the rows that name them, so a dimension has what
//! facts join to and nothing else. Refuses to decide anything: a name changes no number.

use std::collections::{BTreeMap, HashMap, HashSet};

use compact_str::CompactString;

use super::calendar::Calendar;
use super::describe::{Described, Named};
use crate::engine::output::{DESCRIBING, NewNames, RowBatch};
use crate::engine::settings::Settings;
use crate::history::interval::INTERVAL;
use crate::model::ids::{DnId, ReasonId, SwitchId};
use crate::model::row::{
    DimAgentRow, DimDefinitionRow, DimGroupRow, DimQueueRow, DimReasonRow, DimResourceRow, DimSiteRow, DimTenantRow,
    GroupMemberRow, Rows,
};
use crate::model::table::{Name, Site, Tenant};
use crate::model::time::Micros;
use crate::stats::wait::{SUB_BUCKETS, WAIT_MS_MAX};

/// The service levels and their formulas over the columns of `queue_interval`.
const SERVICE_LEVELS: [(&str, &str); 6] = [
    ("sl_answered", "answered_within_sl / answered"),
    ("sl_offered", "answered_within_sl / (answered + abandoned)"),
    ("sl_abandon_ignored", "answered_within_sl / (answered + abandoned - abandoned_within_sl)"),
    ("sl_abandon_positive", "(answered_within_sl + abandoned_within_sl) / (answered + abandoned)"),
    ("sl_short_excluded", "answered_within_sl / (answered + abandoned - abandoned_short)"),
    ("sl_short_positive", "(answered_within_sl + abandoned_short) / (answered + abandoned)"),
];

/// What one partition of the engine has named so far.
#[derive(Debug, Default)]
struct Heard {
    /// The catalogue's own switch for each of the partition's.
    switches: Vec<SwitchId>,
    dns: Vec<(SwitchId, CompactString)>,
    /// Kind of each DN, as last seen.
    kinds: Vec<Option<&'static str>>,
    /// Kind of each queue, as last seen.
    queues: Vec<Option<&'static str>>,
    reasons: Vec<(CompactString, CompactString)>,
    /// Reasons seen of each tenant, by one of the tenant's switches.
    reasons_seen: HashSet<(SwitchId, ReasonId)>,
}

/// The dimensions, as far as they have been heard of.
#[derive(Debug)]
pub struct Catalogue {
    described: Described,
    limits: Limits,
    calendar: Calendar,
    /// Tenants and switches, in the order of the ids in the rows.
    switches: Vec<(CompactString, CompactString)>,
    index: HashMap<(CompactString, CompactString), SwitchId>,
    tenants: HashSet<CompactString>,
    /// Switches that have been heard of.
    sites: HashSet<SwitchId>,
    /// Since when there are facts, by tenant.
    begun: BTreeMap<CompactString, Micros>,
    heard: HashMap<u32, Heard>,
    names: BTreeMap<(&'static str, CompactString, CompactString, CompactString), CompactString>,
    /// New since the last batch.
    rows: Rows,
    sent: usize,
    watermark: Micros,
}

/// The limits of the engine, in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Limits {
    version: i32,
    sl_threshold: i64,
    short_abandon: i64,
    short_call: i64,
    settle: i64,
}

impl Catalogue {
    /// Knows what is configured.
    #[must_use]
    pub fn new(described: Described, engine: &Settings) -> Self {
        let limits = Limits {
            version: engine.definition_version,
            sl_threshold: engine.sl_threshold.0 / 1000,
            short_abandon: engine.short_abandon.0 / 1000,
            short_call: engine.short_call.0 / 1000,
            settle: engine.settle.0 / 1000,
        };
        let mut catalogue = Self {
            calendar: Calendar::new(described.days.clone()),
            limits,
            switches: Vec::new(),
            index: HashMap::new(),
            tenants: HashSet::new(),
            sites: HashSet::new(),
            begun: BTreeMap::new(),
            heard: HashMap::new(),
            names: names(&described),
            rows: Rows::default(),
            sent: 0,
            watermark: Micros::MIN,
            described,
        };
        catalogue.declare();
        catalogue
    }

    /// Learns from a batch on its way out.
    pub fn hear(&mut self, batch: &RowBatch) {
        self.watermark = self.watermark.max(batch.watermark);
        let mut heard = self.heard.remove(&batch.partition).unwrap_or_default();
        self.hear_names(&batch.names, &mut heard);
        for row in &batch.rows.party {
            self.device(&mut heard, row.dn, Some(row.dn_type));
        }
        for row in &batch.rows.agent_session_dn {
            self.device(&mut heard, row.dn, None);
        }
        for row in &batch.rows.queue_interval {
            self.queue(&mut heard, row.queue_id, row.queue_kind);
        }
        for row in &batch.rows.agent_reason_interval {
            if heard.reasons_seen.insert((row.tenant_id.0, row.reason_key.0)) {
                let reason = heard.reasons.get(row.reason_key.0.index()).cloned();
                if let (Some((key, code)), Some(tenant)) = (reason, self.tenant_of(&heard, row.tenant_id.0)) {
                    self.reason(&tenant, key, code);
                }
            }
        }
        self.hear_times(&heard, &batch.rows);
        self.heard.insert(batch.partition, heard);
    }

    /// What is new since the last time; `None` when nothing is.
    pub fn take(&mut self) -> Option<RowBatch> {
        let begin = self.begun.values().min().copied();
        if let Some(begin) = begin {
            self.rows.dim_calendar.extend(self.calendar.cover(begin, self.watermark.max(begin)));
        }
        if self.rows.is_empty() || begin.is_none() {
            return None;
        }
        self.keep_last();
        let names = NewNames { switches: self.switches[self.sent..].to_vec(), ..NewNames::default() };
        self.sent = self.switches.len();
        let rows = std::mem::take(&mut self.rows);
        Some(RowBatch { partition: DESCRIBING, names, rows, watermark: self.watermark, ..RowBatch::default() })
    }

    /// Of several rows of one object the last knows everything.
    fn keep_last(&mut self) {
        let switches = &self.switches;
        let tenant = |id: Tenant| switches[id.0.index()].0.clone();
        let rows = &mut self.rows;
        last(&mut rows.dim_resource, |r| (tenant(r.tenant_id), r.resource_id.0.clone()));
        last(&mut rows.dim_agent, |r| (tenant(r.tenant_id), r.agent_id.0.clone()));
        last(&mut rows.dim_queue, |r| (tenant(r.tenant_id), r.queue_id.0.clone()));
        last(&mut rows.dim_reason, |r| (tenant(r.tenant_id), r.reason_key.0.clone(), r.reason_code.0.clone()));
        last(&mut rows.dim_definition, |r| (tenant(r.tenant_id), r.name.0.clone()));
    }

    fn hear_names(&mut self, names: &NewNames, heard: &mut Heard) {
        for (tenant, site) in &names.switches {
            let switch = self.switch(tenant, site);
            heard.switches.push(switch);
            if self.sites.insert(switch) {
                let name = self.name("site", tenant, "", site);
                self.rows.dim_site.push(DimSiteRow { tenant_id: Tenant(switch), site_id: Site(switch), name });
            }
        }
        heard.dns.extend(names.dns.iter().cloned());
        heard.reasons.extend(names.reasons.iter().cloned());
        for (switch, agent) in &names.agents {
            let Some(switch) = heard.switches.get(switch.index()).copied() else { continue };
            let tenant = self.switches[switch.index()].0.clone();
            let (name, employee_id) =
                (self.name("agent", &tenant, "", agent), self.name("employee", &tenant, "", agent));
            let agent_id = Name(agent.clone());
            let row =
                DimAgentRow { tenant_id: Tenant(switch), agent_id, site_id: Some(Site(switch)), employee_id, name };
            self.rows.dim_agent.push(row);
        }
    }

    /// The catalogue's switch of this tenant and name; a new tenant has its rows.
    fn switch(&mut self, tenant: &str, site: &str) -> SwitchId {
        let key = (CompactString::from(tenant), CompactString::from(site));
        if let Some(switch) = self.index.get(&key) {
            return *switch;
        }
        let switch = SwitchId(self.switches.len() as u32);
        self.switches.push(key.clone());
        self.index.insert(key, switch);
        if self.tenants.insert(tenant.into()) {
            let name = self.name("tenant", tenant, "", tenant);
            self.rows.dim_tenant.push(DimTenantRow { tenant_id: Tenant(switch), name });
        }
        switch
    }

    fn name(&self, kind: &'static str, tenant: &str, beside: &str, id: &str) -> Option<CompactString> {
        self.names.get(&(kind, tenant.into(), beside.into(), id.into())).cloned()
    }

    fn tenant_of(&self, heard: &Heard, switch: SwitchId) -> Option<CompactString> {
        let own = heard.switches.get(switch.index())?;
        Some(self.switches[own.index()].0.clone())
    }

    /// A DN has a part in something; `kind` is what it is there, if that is said.
    fn device(&mut self, heard: &mut Heard, dn: DnId, kind: Option<&'static str>) {
        let known = at(&mut heard.kinds, dn);
        let is_new = match (*known, kind) {
            (None, kind) => known.replace(kind.unwrap_or("extension")).is_none(),
            (Some(before), Some(now)) if before != now => known.replace(now).is_some(),
            _ => false,
        };
        if is_new {
            self.resource(heard, dn);
        }
    }

    #[cold]
    fn resource(&mut self, heard: &Heard, dn: DnId) {
        let Some((switch, number)) = heard.dns.get(dn.index()) else { return };
        let Some(switch) = heard.switches.get(switch.index()).copied() else { return };
        let (tenant, site) = self.switches[switch.index()].clone();
        let id = compact_str::format_compact!("{number}@{site}");
        let name = self.name("queue", &tenant, "", &id).or_else(|| self.described.dn(&site, number));
        self.rows.dim_resource.push(DimResourceRow {
            tenant_id: Tenant(switch),
            resource_id: Name(id),
            dn: number.clone(),
            site_id: Site(switch),
            kind: heard.kinds[dn.index()],
            name,
        });
    }

    fn queue(&mut self, heard: &mut Heard, dn: DnId, kind: &'static str) {
        let known = at(&mut heard.queues, dn);
        if known.replace(kind) == Some(kind) {
            return;
        }
        self.device(heard, dn, Some(kind));
        let Some((switch, number)) = heard.dns.get(dn.index()) else { return };
        let Some(switch) = heard.switches.get(switch.index()).copied() else { return };
        let (tenant, site) = self.switches[switch.index()].clone();
        let id = compact_str::format_compact!("{number}@{site}");
        let name = self.name("queue", &tenant, "", &id).or_else(|| self.described.dn(&site, number));
        let row = self.queue_row(switch, id, number, Some(kind), name);
        self.rows.dim_queue.push(row);
    }

    fn queue_row(
        &self,
        switch: SwitchId,
        id: CompactString,
        number: &str,
        queue_kind: Option<&'static str>,
        name: Option<CompactString>,
    ) -> DimQueueRow {
        DimQueueRow {
            tenant_id: Tenant(switch),
            queue_id: Name(id),
            dn: number.into(),
            site_id: Site(switch),
            queue_kind,
            name,
            sl_threshold_ms: self.limits.sl_threshold,
            short_abandon_ms: self.limits.short_abandon,
            definition_version: self.limits.version,
        }
    }

    fn reason(&mut self, tenant: &str, key: CompactString, code: CompactString) {
        let switch = self.any_switch(tenant);
        let name = self.name("reason", tenant, &key, &code);
        let row = DimReasonRow { tenant_id: Tenant(switch), reason_key: Name(key), reason_code: Name(code), name };
        self.rows.dim_reason.push(row);
    }

    /// A switch that stands for its tenant.
    fn any_switch(&mut self, tenant: &str) -> SwitchId {
        let known = self.switches.iter().position(|(of, _)| of == tenant);
        known.map_or_else(|| self.switch(tenant, ""), |at| SwitchId(at as u32))
    }

    /// Notes since when a tenant has facts, which is when its definitions begin to hold.
    fn hear_times(&mut self, heard: &Heard, rows: &Rows) {
        let queues = rows.queue_interval.iter().map(|r| (r.tenant_id, r.interval_start));
        let agents = rows.agent_interval.iter().map(|r| (r.tenant_id, r.interval_start));
        let calls = rows.call.iter().map(|r| (r.tenant_id, r.started_at.floor_to(INTERVAL)));
        let mut earliest: HashMap<SwitchId, Micros> = HashMap::new();
        for (tenant, start) in queues.chain(agents).chain(calls) {
            let known = earliest.entry(tenant.0).or_insert(start);
            *known = start.min(*known);
        }
        for (switch, start) in earliest {
            let Some(tenant) = self.tenant_of(heard, switch) else { continue };
            let known = self.begun.get(&tenant).copied();
            if known.is_none_or(|known| start < known) {
                self.begun.insert(tenant.clone(), start);
                self.define(&tenant, start);
            }
        }
    }

    /// The definitions of a tenant, which hold since `valid_from`.
    fn define(&mut self, tenant: &str, valid_from: Micros) {
        let tenant_id = Tenant(self.any_switch(tenant));
        let Limits { version, sl_threshold, short_abandon, short_call, settle } = self.limits;
        let mut add = |name: &str, kind: &'static str, value: Option<i64>, expression: Option<&str>| {
            self.rows.dim_definition.push(DimDefinitionRow {
                tenant_id,
                definition_version: version,
                name: Name(name.into()),
                kind,
                value,
                expression: expression.map(Into::into),
                valid_from,
            });
        };
        for (name, formula) in SERVICE_LEVELS {
            add(name, "service_level", None, Some(formula));
        }
        add("sl_threshold_ms", "limit", Some(sl_threshold), None);
        add("short_abandon_ms", "limit", Some(short_abandon), None);
        add("short_call_ms", "limit", Some(short_call), None);
        add("settle_ms", "limit", Some(settle), None);
        add("acw_interrupted", "policy", None, Some("pause"));
        add("hist_sub_buckets", "histogram", Some(SUB_BUCKETS), None);
        add("hist_max_ms", "histogram", Some(WAIT_MS_MAX), None);
    }

    /// Rows of what is configured, whether or not anybody has heard of it.
    fn declare(&mut self) {
        let described = std::mem::take(&mut self.described);
        for named in &described.tenants {
            self.any_switch(&named.tenant);
        }
        for named in &described.agents {
            let tenant_id = Tenant(self.any_switch(&named.tenant));
            let employee_id = self.name("employee", &named.tenant, "", &named.id);
            let (agent_id, name) = (Name(named.id.clone()), named.name.clone());
            self.rows.dim_agent.push(DimAgentRow { tenant_id, agent_id, site_id: None, employee_id, name });
        }
        for named in &described.queues {
            let Some((number, site)) = named.id.rsplit_once('@') else { continue };
            let switch = self.switch(&named.tenant, site);
            let row = self.queue_row(switch, named.id.clone(), number, None, named.name.clone());
            self.rows.dim_queue.push(row);
        }
        for named in &described.reasons {
            self.reason(&named.tenant, named.beside.clone(), named.id.clone());
        }
        let mut groups = HashSet::new();
        for group in &described.groups {
            let tenant_id = Tenant(self.any_switch(&group.tenant));
            let group_id = Name(group.group.clone());
            if groups.insert((&group.tenant, &group.group)) {
                self.rows.dim_group.push(DimGroupRow { tenant_id, group_id: group_id.clone(), kind: group.kind });
            }
            self.rows.group_member.extend(group.members.iter().map(|member| GroupMemberRow {
                tenant_id,
                group_id: group_id.clone(),
                member_kind: group.kind,
                member_id: Name(member.clone()),
                valid_from: group.valid_from,
                valid_to: group.valid_to,
            }));
        }
        self.described = described;
    }
}

/// Keeps the last row of each key.
fn last<R, K: Eq + std::hash::Hash>(rows: &mut Vec<R>, key: impl Fn(&R) -> K) {
    let places: HashMap<K, usize> = rows.iter().enumerate().map(|(i, row)| (key(row), i)).collect();
    let mut i = 0;
    rows.retain(|row| {
        i += 1;
        places.get(&key(row)) == Some(&(i - 1))
    });
}

/// The place of a DN in a list that grows.
#[inline]
fn at<T: Default + Clone>(list: &mut Vec<T>, dn: DnId) -> &mut T {
    if list.len() <= dn.index() {
        list.resize(dn.index() + 1, T::default());
    }
    &mut list[dn.index()]
}

/// Configured names by kind, tenant, what stands beside the id, and id.
fn names(
    described: &Described,
) -> BTreeMap<(&'static str, CompactString, CompactString, CompactString), CompactString> {
    let mut names = BTreeMap::new();
    let mut add = |kind, all: &[Named], has_key: bool| {
        for one in all {
            let beside = if has_key { one.beside.clone() } else { CompactString::default() };
            if let Some(name) = &one.name {
                names.insert((kind, one.tenant.clone(), beside, one.id.clone()), name.clone());
            }
        }
    };
    add("tenant", &described.tenants, false);
    add("site", &described.sites, false);
    add("agent", &described.agents, false);
    add("queue", &described.queues, false);
    add("reason", &described.reasons, true);
    for agent in described.agents.iter().filter(|agent| !agent.beside.is_empty()) {
        let key = ("employee", agent.tenant.clone(), CompactString::default(), agent.id.clone());
        names.insert(key, agent.beside.clone());
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{config, settings};
    use crate::engine::partition::{Partition, Position};

    const CONFIG: &str = "[queue_defaults]\nsl_threshold = \"30s\"\ndefinition_version = 2\n\
        [[agent]]\nid = \"101\"\nname = \"Ada\"\nemployee_id = \"E1\"\n[[agent]]\nid = \"999\"\nname = \"Nobody yet\"\n\
        [[queue]]\nid = \"8001@east\"\nname = \"Sales\"\n[[dn]]\nnumbers = [\"7000-7999\"]\nkind = \"extension\"\n\
        name = \"Desk\"\n[[reason]]\nkey = \"ReasonCode\"\ncode = \"7\"\nname = \"Lunch\"\n\
        [[group]]\nname = \"Team\"\nagents = [\"101\"]\n";

    fn line(secs: u64, event: &str, dn: &str, more: &str) -> String {
        format!("{{\"Event\":\"{event}\",\"TimeinSecs\":{secs},\"Switch\":\"east\",\"ThisDN\":\"{dn}\",{more}}}\n")
    }

    /// An agent who logs in, goes to lunch and misses a call.
    fn feed() -> String {
        let conn = "\"ConnID\":\"0001\",\"CallType\":\"Inbound\",\"ThisQueue\":\"8001\"";
        line(1_700_000_000, "EventAgentLogin", "7001", "\"AgentID\":\"101\"")
            + &line(
                1_700_000_010,
                "EventAgentNotReady",
                "7001",
                "\"AgentID\":\"101\",\"Reasons\":{\"ReasonCode\":\"7\"}",
            )
            + &line(1_700_000_020, "EventQueued", "8001", conn)
            + &line(1_700_000_030, "EventAbandoned", "8001", conn)
            + &line(1_700_000_040, "EventRinging", "7002", "\"ConnID\":\"0002\",\"CallType\":\"Inbound\"")
            + &line(1_700_000_050, "EventReleased", "7002", "\"ConnID\":\"0002\",\"CallType\":\"Inbound\"")
    }

    fn described(text: &str, feed: &str, cuts: usize) -> RowBatch {
        let config = config::read("c.toml", text, []).expect("known keys");
        let (engine, described) = settings::check_replay(&config).expect("right");
        let mut catalogue = Catalogue::new(described, &engine);
        let mut partition = Partition::new(engine);
        let lines: Vec<&str> = feed.split_inclusive('\n').collect();
        for chunk in lines.chunks(lines.len().div_ceil(cuts)) {
            partition.feed(chunk.concat().as_bytes(), Position { line: 1, offset: 0 });
            partition.take_rows().iter().for_each(|batch| catalogue.hear(batch));
        }
        partition.finish();
        partition.take_rows().iter().for_each(|batch| catalogue.hear(batch));
        let batch = catalogue.take().expect("something is known");
        assert!(catalogue.take().is_none(), "nothing is said twice");
        batch
    }

    #[test]
    fn nothing_configured_gives_ids_and_kinds_of_what_was_heard_of() {
        let batch = described("", &feed(), 1);
        let RowBatch { names, rows, .. } = &batch;
        assert_eq!(names.switches, [("default".into(), "east".into())]);
        assert_eq!((rows.dim_tenant.len(), rows.dim_site.len()), (1, 1));
        let mut devices: Vec<_> = rows.dim_resource.iter().map(|r| (r.resource_id.0.as_str(), r.kind)).collect();
        let phone = Some("extension");
        devices.sort_unstable();
        assert_eq!(devices, [("7001@east", phone), ("7002@east", phone), ("8001@east", Some("acd_queue"))]);
        let queue = &rows.dim_queue[0];
        assert_eq!((queue.queue_id.0.as_str(), queue.queue_kind, &queue.name), ("8001@east", Some("acd_queue"), &None));
        assert_eq!((queue.sl_threshold_ms, queue.short_abandon_ms, queue.definition_version), (20_000, 5000, 1));
        assert_eq!(rows.dim_agent[0].agent_id.0, "101");
        assert_eq!((rows.dim_reason[0].reason_code.0.as_str(), &rows.dim_reason[0].name), ("7", &None));
        assert!(rows.dim_definition.iter().all(|d| d.valid_from == Micros(1_699_999_200_000_000)));
        assert_eq!(rows.dim_definition.len(), 13);
        assert!(rows.dim_group.is_empty() && rows.dim_calendar.len() > 35_000);
    }

    #[test]
    fn configuration_adds_names_and_what_nobody_has_heard_of() {
        let rows = described(CONFIG, &feed(), 3).rows;
        assert_eq!((rows.dim_tenant.len(), rows.dim_site.len()), (1, 1));
        let agents: Vec<_> =
            rows.dim_agent.iter().map(|a| (a.agent_id.0.as_str(), a.name.as_deref(), a.site_id.is_some())).collect();
        assert_eq!(agents, [("999", Some("Nobody yet"), false), ("101", Some("Ada"), true)]);
        assert_eq!(rows.dim_agent[1].employee_id.as_deref(), Some("E1"));
        let queue = &rows.dim_queue[0];
        assert_eq!((rows.dim_queue.len(), queue.name.as_deref()), (1, Some("Sales")));
        assert_eq!((queue.sl_threshold_ms, queue.definition_version), (30_000, 2));
        let desk = rows.dim_resource.iter().find(|r| r.dn == "7002").expect("it rang");
        assert_eq!(desk.name.as_deref(), Some("Desk"));
        assert_eq!(rows.dim_reason[0].name.as_deref(), Some("Lunch"));
        assert_eq!((rows.dim_group[0].group_id.0.as_str(), rows.group_member[0].member_id.0.as_str()), ("Team", "101"));
    }

    #[test]
    fn how_rows_are_cut_into_batches_changes_no_dimension() {
        let (one, many) = (described(CONFIG, &feed(), 1).rows, described(CONFIG, &feed(), 6).rows);
        assert_eq!(one, many);
    }
}
