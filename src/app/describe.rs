//! What people call things, from what was written to what the dimensions say.
//!
//! In: the sections `[calendar]`, `[[tenant]]`, `[[site]]`, `[[agent]]`, `[[queue]]`, `[[reason]]`, `[[group]]` and the names of
//! `[[dn]]`. Out: a [`Described`], or all problems. Changes no number.

use std::collections::BTreeSet;

use compact_str::CompactString;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::config::{Config, Problem};
use super::settings::range;
use crate::model::dn::{DnKind, DnRule};
use crate::model::time::Micros;

/// The tenant of whatever names none.
const TENANT_DEFAULT: &str = "default";

/// Something with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its tenant.
    pub tenant: CompactString,
    /// Its id: of a reason the code, else as rows have it.
    pub id: CompactString,
    /// Of a reason its key, of an agent the employer's number, else empty.
    pub beside: CompactString,
    /// What people call it.
    pub name: Option<CompactString>,
}

/// Members of one kind of a group over one stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The tenant.
    pub tenant: CompactString,
    /// The group.
    pub group: CompactString,
    /// `agent` or `queue`.
    pub kind: &'static str,
    /// AgentIDs, or queues as rows have them.
    pub members: Vec<CompactString>,
    /// First instant.
    pub valid_from: Micros,
    /// First instant after it.
    pub valid_to: Option<Micros>,
}

/// How local days are.
#[derive(Clone, Debug, PartialEq)]
pub struct Days {
    /// Time zones by name.
    pub zones: Vec<(String, TimeZone)>,
    /// Days of the week on which business is done.
    pub business: Vec<Weekday>,
    /// Dates on which it is not.
    pub holidays: BTreeSet<Date>,
    /// When the reporting day begins.
    pub begins: Time,
}

impl Default for Days {
    fn default() -> Self {
        let business = vec![Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
        Self {
            zones: vec![("UTC".into(), TimeZone::UTC)],
            business,
            holidays: BTreeSet::new(),
            begins: Time::midnight(),
        }
    }
}

/// Everything that configuration says of things that events name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Described {
    /// Tenants.
    pub tenants: Vec<Named>,
    /// Switches.
    pub sites: Vec<Named>,
    /// Agents.
    pub agents: Vec<Named>,
    /// Queues.
    pub queues: Vec<Named>,
    /// Reasons.
    pub reasons: Vec<Named>,
    /// Groups.
    pub groups: Vec<Membership>,
    /// Names of DNs.
    pub dns: Vec<(DnRule, CompactString)>,
    /// Local days.
    pub days: Days,
}

impl Described {
    /// What the DN with this number on this switch is called: the last entry that names it.
    #[must_use]
    pub fn dn(&self, switch: &str, number: &str) -> Option<CompactString> {
        self.dns.iter().rfind(|(rule, _)| rule.holds(switch, number)).map(|(_, name)| name.clone())
    }
}

/// Checks what was written.
///
/// # Errors
/// Every problem.
pub fn check(config: &Config) -> Result<Described, Vec<Problem>> {
    let mut check = Check { problems: Vec::new() };
    let described = Described {
        tenants: config.tenant.iter().map(|t| check.named("tenant.id", None, &t.id, None, Some(&t.name))).collect(),
        sites: config
            .site
            .iter()
            .map(|s| check.named("site.id", s.tenant.as_ref(), &s.id, None, Some(&s.name)))
            .collect(),
        agents: config
            .agent
            .iter()
            .map(|a| check.named("agent.id", a.tenant.as_ref(), &a.id, a.employee_id.as_ref(), a.name.as_ref()))
            .collect(),
        queues: config
            .queue
            .iter()
            .map(|q| {
                check.queue("queue.id", &q.id);
                check.named("queue.id", q.tenant.as_ref(), &q.id, None, Some(&q.name))
            })
            .collect(),
        reasons: config
            .reason
            .iter()
            .map(|r| check.named("reason.code", r.tenant.as_ref(), &r.code, Some(&r.key), Some(&r.name)))
            .collect(),
        groups: config.group.iter().flat_map(|group| check.group(group)).collect(),
        dns: dns(config),
        days: check.days(&config.calendar),
    };
    for (section, all) in [
        ("tenant.id", &described.tenants),
        ("site.id", &described.sites),
        ("agent.id", &described.agents),
        ("queue.id", &described.queues),
        ("reason.code", &described.reasons),
    ] {
        let mut seen = BTreeSet::new();
        for one in all {
            let by_key = if section == "reason.code" { one.beside.as_str() } else { "" };
            if !seen.insert((&one.tenant, by_key, &one.id)) {
                check.problem(section, format!("`{}` is there twice", one.id));
            }
        }
    }
    check.overlaps(&described.groups);
    if check.problems.is_empty() { Ok(described) } else { Err(check.problems) }
}

/// The names of DNs; numbers that are none are reported with their kinds.
fn dns(config: &Config) -> Vec<(DnRule, CompactString)> {
    let mut names = Vec::new();
    for dn in &config.dn {
        let Some(name) = &dn.name else { continue };
        for (first, last) in dn.numbers.iter().filter_map(|numbers| range(numbers).ok()) {
            let rule = DnRule { switch: dn.switch.clone(), first, last, kind: DnKind::Unsaid };
            names.push((rule, name.as_str().into()));
        }
    }
    names
}

/// Collects problems while values are read.
struct Check {
    problems: Vec<Problem>,
}

impl Check {
    fn problem(&mut self, key: &str, what: String) {
        self.problems.push(Problem { place: key.into(), what });
    }

    fn value<T>(&mut self, key: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|what| self.problem(key, what)).ok()
    }

    fn named(
        &mut self,
        key: &str,
        tenant: Option<&String>,
        id: &str,
        beside: Option<&String>,
        name: Option<&String>,
    ) -> Named {
        if id.is_empty() {
            self.problem(key, "an empty id".into());
        }
        // A tenant is its own.
        let own = if key == "tenant.id" { id } else { TENANT_DEFAULT };
        Named {
            tenant: tenant.map_or(own, String::as_str).into(),
            id: id.into(),
            beside: beside.map_or("", String::as_str).into(),
            name: name.map(|name| name.as_str().into()),
        }
    }

    fn queue(&mut self, key: &str, id: &str) {
        if id.rsplit_once('@').is_none_or(|(number, switch)| number.is_empty() || switch.is_empty()) {
            self.problem(key, format!("`{id}` is no queue; write number and switch, as 8001@east"));
        }
    }

    /// The memberships of one entry: one for its agents, one for its queues.
    fn group(&mut self, group: &super::config::Group) -> Vec<Membership> {
        if group.name.is_empty() {
            self.problem("group.name", "an empty name".into());
        }
        let mut instant = |key: &str, text: &Option<String>| self.value(key, instant(text.as_deref()?));
        let (from, to) = (instant("group.valid_from", &group.valid_from), instant("group.valid_to", &group.valid_to));
        let valid_from = from.unwrap_or(Micros(0));
        if to.is_some_and(|to| to <= valid_from) {
            self.problem("group.valid_to", format!("group `{}` ends before it begins", group.name));
        }
        for queue in group.queues.iter().flatten() {
            self.queue("group.queues", queue);
        }
        let lists = [("agent", &group.agents), ("queue", &group.queues)];
        lists
            .into_iter()
            .filter_map(|(kind, members)| {
                let members: Vec<CompactString> = members.iter().flatten().map(|m| m.as_str().into()).collect();
                (!members.is_empty()).then(|| Membership {
                    tenant: group.tenant.as_deref().unwrap_or(TENANT_DEFAULT).into(),
                    group: group.name.as_str().into(),
                    kind,
                    members,
                    valid_from,
                    valid_to: to,
                })
            })
            .collect()
    }

    /// A group is of agents or of queues, and nobody is twice in it at one time: joins would count him twice.
    fn overlaps(&mut self, groups: &[Membership]) {
        let mut found = Vec::new();
        for (i, a) in groups.iter().enumerate() {
            for b in &groups[..i] {
                if (&a.tenant, &a.group) != (&b.tenant, &b.group) {
                    continue;
                }
                if a.kind != b.kind {
                    found.push(format!("group `{}` has agents and queues; make two of it", a.group));
                    continue;
                }
                let apart = |x: &Membership, y: &Membership| x.valid_to.is_some_and(|end| end <= y.valid_from);
                if apart(a, b) || apart(b, a) {
                    continue;
                }
                let twice = a.members.iter().filter(|member| b.members.contains(member));
                found.extend(twice.map(|member| format!("`{member}` is in group `{}` twice at one time", a.group)));
            }
            let mut seen = BTreeSet::new();
            let twice = a.members.iter().filter(|member| !seen.insert(*member));
            found.extend(twice.map(|member| format!("`{member}` is in group `{}` twice at one time", a.group)));
        }
        found.dedup();
        found.into_iter().for_each(|what| self.problem("group", what));
    }

    fn days(&mut self, calendar: &super::config::Calendar) -> Days {
        let mut days = Days::default();
        if let Some(zones) = &calendar.zones {
            days.zones = zones.iter().filter_map(|name| self.value("calendar.zones", zone(name))).collect();
            days.zones.sort_by(|a, b| a.0.cmp(&b.0));
            days.zones.dedup_by(|a, b| a.0 == b.0);
        }
        if let Some(business) = &calendar.business_days {
            days.business =
                business.iter().filter_map(|day| self.value("calendar.business_days", weekday(day))).collect();
        }
        if let Some(holidays) = &calendar.holidays {
            let date = |text: &String| text.parse::<Date>().map_err(|_| format!("`{text}` is no date, as 2026-12-25"));
            days.holidays = holidays.iter().filter_map(|day| self.value("calendar.holidays", date(day))).collect();
        }
        if let Some(begins) = &calendar.day_begins {
            let time = begins.parse::<Time>().map_err(|_| format!("`{begins}` is no time of day, as 05:00"));
            let grid = |time: Time| time.minute() % 15 == 0 && time.second() == 0 && time.subsec_nanosecond() == 0;
            let time = time.and_then(|time| {
                if grid(time) { Ok(time) } else { Err(format!("`{begins}` is no full quarter of an hour")) }
            });
            days.begins = self.value("calendar.day_begins", time).unwrap_or(days.begins);
        }
        days
    }
}

/// The zone of this name, by the rules that are built in: the same on every machine.
fn zone(name: &str) -> Result<(String, TimeZone), String> {
    if name == "UTC" {
        return Ok((name.into(), TimeZone::UTC));
    }
    let zone = TimeZoneDatabase::bundled().get(name);
    zone.map(|zone| (name.into(), zone)).map_err(|_| format!("`{name}` is no time zone, as Europe/Berlin"))
}

fn weekday(text: &str) -> Result<Weekday, String> {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let at = days.iter().position(|day| day.eq_ignore_ascii_case(text));
    let day = at.and_then(|at| Weekday::from_monday_zero_offset(at as i8).ok());
    day.ok_or_else(|| format!("`{text}` is no day of the week; known are {}", days.join(", ")))
}

/// A date, which begins at midnight UTC, or an instant with its offset.
///
/// # Errors
/// What is wrong with it.
pub fn instant(text: &str) -> Result<Micros, String> {
    let of_date = |date: Date| date.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp());
    let timestamp = text.parse::<jiff::Timestamp>().or_else(|_| text.parse::<Date>().and_then(of_date));
    timestamp
        .map(|timestamp| Micros(timestamp.as_microsecond()))
        .map_err(|_| format!("`{text}` is no date or instant, as 2026-01-31 or 2026-01-31T22:00:00Z"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::config;

    fn checked(text: &str) -> Result<Described, Vec<String>> {
        let config = config::read("c.toml", text, []).expect("known keys");
        check(&config).map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn nothing_written_gives_utc_and_the_usual_week() {
        let days = checked("").expect("right").days;
        assert_eq!(days, Days::default());
        assert_eq!(days.zones[0].0, "UTC");
    }

    #[test]
    fn who_left_a_group_keeps_his_time_in_it() {
        let text = "[[group]]\nname = \"Sales\"\nagents = [\"1\", \"2\"]\nvalid_to = \"2026-02-01\"\n\
                    [[group]]\nname = \"Sales\"\nagents = [\"2\"]\nvalid_from = \"2026-02-01T00:00:00Z\"\n";
        let groups = checked(text).expect("right").groups;
        assert_eq!(groups[0].valid_from, Micros(0));
        assert_eq!(groups[0].valid_to, Some(groups[1].valid_from));
        let overlapping = text.replace("02-01T", "01-31T");
        assert_eq!(checked(&overlapping).expect_err("wrong"), ["group: `2` is in group `Sales` twice at one time"]);
    }

    #[test]
    fn every_problem_says_what_would_be_right() {
        let text = "[calendar]\nzones = [\"Mars/Olympus\"]\nbusiness_days = [\"funday\"]\nday_begins = \"05:10\"\n\
                    [[queue]]\nid = \"8001\"\nname = \"Sales\"\n[[agent]]\nid = \"1\"\n[[agent]]\nid = \"1\"\n\
                    [[group]]\nname = \"G\"\nagents = [\"1\"]\nvalid_from = \"soon\"\n";
        let problems = checked(text).expect_err("wrong");
        assert_eq!(problems.len(), 6, "{problems:#?}");
        assert!(problems.iter().any(|p| p.starts_with("queue.id: `8001` is no queue; write number and switch")));
        assert!(problems.iter().any(|p| p == "agent.id: `1` is there twice"));
    }
}
