//! Dimensions: what rows name is described there, and what is described fits itself.
//!
//! In: the dimensions, before any fact; then every block of facts. Remembers the names that are described, and those that were named
//! and are not, until their day is judged: a program that is running describes an object with the first row that names it, and may have done so since the
//! dimensions were read.

use std::collections::HashSet;

use super::Map;
use super::finding::{Example, Findings, example};
use super::law::Law;
use super::shelf::date_of;
use super::take;
use crate::sink::{Block, NO_LONG, NO_NAME, Reader};

/// Columns of facts whose names a dimension describes: dimension, table (empty for any), column.
const NAMED: [(&str, &str, &str); 16] = [
    ("dim_tenant", "", "tenant_id"),
    ("dim_site", "", "site_id"),
    ("dim_agent", "", "agent_id"),
    ("dim_agent", "queue_segment", "answered_by_agent_id"),
    ("dim_agent", "interaction", "first_agent_id"),
    ("dim_agent", "interaction", "last_agent_id"),
    ("dim_queue", "queue_interval", "queue_id"),
    ("dim_queue", "queue_cohort_interval", "queue_id"),
    ("dim_queue", "queue_wait_hist", "queue_id"),
    ("dim_queue", "queue_handle_hist", "queue_id"),
    ("dim_resource", "party", "dn"),
    ("dim_resource", "party_state", "dn"),
    ("dim_resource", "handling_segment", "resource_id"),
    ("dim_resource", "agent_session_dn", "dn"),
    ("dim_resource", "queue_interval", "queue_id"),
    ("dim_reason", "agent_reason_interval", "reason_code"),
];

/// Names that every version of the definitions has, with their kinds.
const DEFINED: [(&str, &str); 13] = [
    ("sl_answered", "service_level"),
    ("sl_offered", "service_level"),
    ("sl_abandon_ignored", "service_level"),
    ("sl_abandon_positive", "service_level"),
    ("sl_short_excluded", "service_level"),
    ("sl_short_positive", "service_level"),
    ("sl_threshold_ms", "limit"),
    ("short_abandon_ms", "limit"),
    ("short_call_ms", "limit"),
    ("settle_ms", "limit"),
    ("acw_interrupted", "policy"),
    ("hist_sub_buckets", "histogram"),
    ("hist_max_ms", "histogram"),
];

/// Quarter-hours that a day may have; one zone moves its clocks by half an hour.
const SLOTS: [i32; 5] = [92, 94, 96, 98, 100];

/// Microseconds of a day.
const DAY_US: i64 = 96 * QUARTER_US;

/// Microseconds of a quarter-hour.
const QUARTER_US: i64 = 900_000_000;

type Set<K> = HashSet<K, foldhash::fast::FixedState>;

/// A name that no dimension describes.
struct Missing {
    /// Begin of the day of the row that names it, in milliseconds.
    day: i64,
    example: Example,
}

/// The dimensions of a tenant.
#[derive(Default)]
pub(super) struct Dimensions {
    /// Names by dimension; a reason has its key and its code. Dimensions that are not there describe nothing, and nothing is asked of them.
    known: Map<&'static str, Set<(u32, u32)>>,
    /// Definitions by version and name, with their values.
    definitions: Map<(i32, u32), i64>,
    versions: Set<i32>,
    /// Whole days of time zones, in milliseconds, until the walk takes them.
    days: Vec<(String, i64)>,
    missing: Map<(&'static str, u32, u32), Missing>,
}

impl Dimensions {
    /// Takes the rows of a dimension.
    pub(super) fn take(&mut self, block: &Block, reader: &Reader, findings: &mut Findings) {
        match block.table.name {
            "dim_tenant" => self.names("dim_tenant", block, None, "tenant_id"),
            "dim_site" => self.names("dim_site", block, None, "site_id"),
            "dim_agent" => {
                self.sites(block, reader, findings);
                self.names("dim_agent", block, None, "agent_id");
            }
            "dim_queue" | "dim_resource" => {
                let (name, column) = if block.table.name == "dim_queue" {
                    ("dim_queue", "queue_id")
                } else {
                    ("dim_resource", "resource_id")
                };
                self.sites(block, reader, findings);
                ids(block, column, reader, findings);
                self.names(name, block, None, column);
                if name == "dim_queue" {
                    self.limits(block, reader, findings);
                }
            }
            "dim_reason" => self.names("dim_reason", block, Some("reason_key"), "reason_code"),
            "dim_definition" => self.definitions(block, reader, findings),
            "dim_group" => self.names("dim_group", block, None, "group_id"),
            "group_member" => self.members(block, reader, findings),
            "dim_calendar" => {
                calendar(block, reader, findings);
                self.days = whole_days(block, reader);
            }
            _ => {}
        }
    }

    fn names(&mut self, dimension: &'static str, block: &Block, beside: Option<&str>, column: &str) {
        let names = block.names(column);
        let beside = beside.map(|column| block.names(column));
        let known = self.known.entry(dimension).or_default();
        known.extend(names.iter().enumerate().map(|(row, name)| (beside.map_or(NO_NAME, |names| names[row]), *name)));
    }

    /// A switch that something is said to be on is one of the tenant's.
    fn sites(&self, block: &Block, reader: &Reader, findings: &mut Findings) {
        let Some(known) = self.known.get("dim_site") else { return };
        // What is only configured need not have been heard of.
        let kinds = block.has("queue_kind").then(|| block.names("queue_kind"));
        for (row, site) in block.names("site_id").iter().enumerate() {
            if kinds.is_some_and(|kinds| kinds[row] == NO_NAME) {
                continue;
            }
            findings.that(Law::Dimensions, *site == NO_NAME || known.contains(&(NO_NAME, *site)), || {
                example(reader, block, row, "dim_site does not have its switch")
            });
        }
    }

    /// Every version has every definition, of the right kind.
    fn definitions(&mut self, block: &Block, reader: &Reader, findings: &mut Findings) {
        take!(block; names: name, kind; longs: value; ints: definition_version;);
        let is_text = |row: usize| block.text("expression", row).is_some();
        for i in 0..block.rows() {
            let known = DEFINED.iter().find(|(wanted, _)| *wanted == reader.text(name[i]));
            let (is_known, has_value) = (known.is_some_and(|(_, k)| *k == reader.text(kind[i])), value[i] != NO_LONG);
            findings.that(Law::Dimensions, is_known && has_value != is_text(i), || {
                example(reader, block, i, "no definition has this name, kind or content")
            });
            self.definitions.insert((definition_version[i], name[i]), value[i]);
            self.versions.insert(definition_version[i]);
        }
        for version in &self.versions {
            let own = self.definitions.keys().filter(|(of, _)| of == version).count();
            findings.that(Law::Dimensions, own == DEFINED.len(), || Example {
                place: "dim_definition".into(),
                key: format!("definition_version={version}"),
                what: format!("{own} definitions of {}", DEFINED.len()),
            });
        }
    }

    /// The limits of a queue are those of its version of the definitions.
    fn limits(&self, block: &Block, reader: &Reader, findings: &mut Findings) {
        take!(block; longs: sl_threshold_ms, short_abandon_ms; ints: definition_version;);
        for i in 0..block.rows() {
            let is = |wanted: &str, limit: i64| {
                let of = |(key, value): (&(i32, u32), &i64)| {
                    (key.0 == definition_version[i] && reader.text(key.1) == wanted).then_some(*value)
                };
                self.definitions.iter().find_map(of).is_none_or(|value| value == limit)
            };
            let holds = is("sl_threshold_ms", sl_threshold_ms[i]) && is("short_abandon_ms", short_abandon_ms[i]);
            findings.that(Law::Dimensions, holds, || {
                example(reader, block, i, "its limits are not those of dim_definition")
            });
        }
    }

    /// Whole days of the calendar that was taken.
    pub(super) fn take_days(&mut self) -> Vec<(String, i64)> {
        std::mem::take(&mut self.days)
    }

    /// Members belong to a group that is there, and to one group in one stretch at a time.
    fn members(&mut self, block: &Block, reader: &Reader, findings: &mut Findings) {
        take!(block; names: group_id, member_id; longs: valid_from, valid_to;);
        let groups = self.known.get("dim_group");
        let mut order: Vec<usize> = (0..block.rows()).collect();
        order.sort_by_key(|&i| (group_id[i], member_id[i], valid_from[i]));
        let mut before: Option<usize> = None;
        for i in order {
            let is_there = groups.is_some_and(|groups| groups.contains(&(NO_NAME, group_id[i])));
            let is_stretch = valid_to[i] == NO_LONG || valid_from[i] < valid_to[i];
            let overlaps = before.is_some_and(|b| {
                (group_id[b], member_id[b]) == (group_id[i], member_id[i])
                    && (valid_to[b] == NO_LONG || valid_to[b] > valid_from[i])
            });
            findings.that(Law::Dimensions, is_there && is_stretch && !overlaps, || {
                let what = match (is_there, is_stretch) {
                    (false, _) => "dim_group does not have its group",
                    (_, false) => "it ends before it begins",
                    _ => "it overlaps the one before",
                };
                example(reader, block, i, what)
            });
            before = Some(i);
        }
    }

    /// Takes the names of a block of facts of a day that begins at `day` (milliseconds).
    pub(super) fn look_up(&mut self, block: &Block, day: i64, reader: &Reader, findings: &mut Findings) {
        for (dimension, table, column) in NAMED {
            if (!table.is_empty() && table != block.table.name) || !block.has(column) {
                continue;
            }
            // A store without any dimension was written before there were any; one that lost its last row is empty.
            let nothing = Set::default();
            let known = match self.known.get(dimension) {
                Some(known) => known,
                None if self.known.is_empty() => continue,
                None => &nothing,
            };
            let names = block.names(column);
            let keys = (dimension == "dim_reason").then(|| block.names("reason_key"));
            let mut seen: Set<(u32, u32)> = Set::default();
            for (row, name) in names.iter().enumerate() {
                let name = (keys.map_or(NO_NAME, |keys| keys[row]), *name);
                // Whoever gave no reason has none.
                let is_none = keys.is_some() && reader.text(name.0) == "none" && reader.text(name.1) == "none";
                if name.1 == NO_NAME || is_none || !seen.insert(name) {
                    continue;
                }
                if known.contains(&name) {
                    findings.that(Law::Dimensions, true, || unreachable!("it holds"));
                    continue;
                }
                self.missing.entry((dimension, name.0, name.1)).or_insert_with(|| {
                    let what = format!("{dimension} does not have {column} {}", reader.text(name.1));
                    Missing { day, example: example(reader, block, row, what) }
                });
            }
        }
        self.look_up_versions(block, reader, findings);
    }

    fn look_up_versions(&self, block: &Block, reader: &Reader, findings: &mut Findings) {
        if self.versions.is_empty() || !block.has("definition_version") {
            return;
        }
        for (row, version) in block.ints("definition_version").iter().enumerate() {
            findings.that(Law::Dimensions, self.versions.contains(version), || {
                example(reader, block, row, format!("dim_definition does not have version {version}"))
            });
        }
    }

    /// Judges names of days before `before` (milliseconds).
    pub(super) fn judge(&mut self, before: i64, findings: &mut Findings) {
        self.missing.retain(|_, missing| {
            if missing.day >= before {
                return true;
            }
            findings.that(Law::Dimensions, false, || missing.example.clone());
            false
        });
    }
}

/// The id of a device is its number and its switch.
fn ids(block: &Block, column: &str, reader: &Reader, findings: &mut Findings) {
    let (ids, sites) = (block.names(column), block.names("site_id"));
    for row in 0..block.rows() {
        let wanted = format!("{}@{}", block.text("dn", row).unwrap_or_default(), reader.text(sites[row]));
        findings.that(Law::Dimensions, reader.text(ids[row]) == wanted, || {
            example(reader, block, row, format!("dn and site_id make {wanted}"))
        });
    }
}

/// Quarter-hours of a zone follow one another, numbered in their local day, which has 92, 96 or 100 of them.
fn calendar(block: &Block, reader: &Reader, findings: &mut Findings) {
    take!(block;
        names: tz;
        longs: interval_start, local_time, day_start;
        ints: local_date, business_date, utc_offset_min, slot_of_day, day_slots, year, quarter, month, dow, iso_year, iso_week;
    );
    let mut order: Vec<usize> = (0..block.rows()).collect();
    order.sort_by_key(|&i| (tz[i], interval_start[i]));
    let mut before: Option<usize> = None;
    for i in order {
        let wall = interval_start[i] + i64::from(utc_offset_min[i]) * 60_000_000;
        let (y, m, _) = crate::model::time::civil_from_days(i64::from(local_date[i]));
        let is_dated = wall.div_euclid(86_400_000_000) == i64::from(local_date[i])
            && wall.rem_euclid(86_400_000_000) == local_time[i]
            && (i64::from(year[i]), i64::from(month[i])) == (y, i64::from(m))
            && quarter[i] == (month[i] - 1) / 3 + 1
            && week_of(local_date[i]) == Some((iso_year[i], iso_week[i]))
            && [0, 1].contains(&(local_date[i] - business_date[i]))
            && i64::from(dow[i]) == (i64::from(local_date[i]) + 3).rem_euclid(7) + 1;
        let is_placed = interval_start[i] - day_start[i] == i64::from(slot_of_day[i]) * QUARTER_US
            && slot_of_day[i] < day_slots[i]
            && SLOTS.contains(&day_slots[i]);
        // Whole days in UTC are written: between two of them some may be missing, where nothing was heard for a year.
        let is_edge = |at: i64| at % DAY_US == 0;
        let follows = match before.filter(|b| tz[*b] == tz[i]) {
            Some(b) if interval_start[i] - interval_start[b] == QUARTER_US => {
                slot_of_day[i] == if slot_of_day[b] + 1 == day_slots[b] { 0 } else { slot_of_day[b] + 1 }
            }
            Some(b) => is_edge(interval_start[i]) && is_edge(interval_start[b] + QUARTER_US),
            None => is_edge(interval_start[i]) && before.is_none_or(|b| is_edge(interval_start[b] + QUARTER_US)),
        };
        findings.that(Law::Calendar, is_dated && is_placed && follows, || {
            let what = match (is_dated, is_placed) {
                (false, _) => "its date and time are not those of its instant in the zone".to_owned(),
                (_, false) => format!("slot {} of {} does not fit its day", slot_of_day[i], day_slots[i]),
                _ => "the quarter-hour before it is missing".to_owned(),
            };
            example(reader, block, i, what)
        });
        before = Some(i);
    }
}

/// Year and week of a date, counted in days from 1970-01-01, as ISO 8601 has them.
fn week_of(date: i32) -> Option<(i32, i32)> {
    let date = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(date).ok()?).ok()?;
    let week = date.iso_week_date();
    Some((week.year().into(), week.week().into()))
}

/// Days in UTC of which a zone has every quarter-hour: the zone, and the day's begin in milliseconds.
fn whole_days(block: &Block, reader: &Reader) -> Vec<(String, i64)> {
    let (zones, starts) = (block.names("tz"), block.longs("interval_start"));
    let mut counts: Map<(u32, i64), u32> = Map::default();
    for (zone, start) in zones.iter().zip(starts) {
        *counts.entry((*zone, start.div_euclid(DAY_US))).or_default() += 1;
    }
    let whole = counts.into_iter().filter(|(_, count)| *count == 96);
    whole.map(|((zone, day), _)| (reader.text(zone).to_owned(), day.saturating_mul(DAY_US / 1000))).collect()
}

/// Which days the calendar has, whole, in every zone; it is the same for all tenants.
#[derive(Default)]
pub(super) struct Calendar {
    days: Map<String, Set<i64>>,
}

impl Calendar {
    /// Takes whole days, by their begin in milliseconds.
    pub(super) fn add(&mut self, days: Vec<(String, i64)>) {
        for (zone, day) in days {
            self.days.entry(zone).or_default().insert(day);
        }
    }

    /// Judges whether the day of some fact, which begins at `day` (milliseconds), is there.
    pub(super) fn judge(&self, day: i64, findings: &mut Findings) {
        for (zone, days) in &self.days {
            findings.that(Law::Calendar, days.contains(&day), || Example {
                place: "dim_calendar".into(),
                key: format!("tz={zone}"),
                what: format!("{} has rows, and its quarter-hours are not all there", date_of(day)),
            });
        }
    }
}
