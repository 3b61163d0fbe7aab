//! Names of directories and files: tenants that cannot escape their place, dates, and times as file names carry them.
//!
//! Pure: texts and instants in, texts out.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;

use sha1::{Digest, Sha1};

use crate::model::table::Table;
use crate::model::time::{Micros, civil_from_days};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Longest escaped tenant; beyond it the end is replaced by a hash, so that no file system refuses it.
const TENANT_BYTES: usize = 180;

/// Days since 1970-01-01 of the UTC date of `t`.
pub(super) const fn day(t: Micros) -> i64 {
    t.0.div_euclid(DAY)
}

/// `YYYY-MM-DD` of a count of days since 1970-01-01.
#[must_use]
pub fn date(day: i64) -> String {
    let (year, month, day) = civil_from_days(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// A tenant as a part of a path: letters, digits, `-`, `_` and inner dots stay, every other byte becomes `%XX`.
pub(super) fn tenant(tenant: &str) -> String {
    let mut out = String::with_capacity(tenant.len());
    for (i, b) in tenant.bytes().enumerate() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => out.push(b as char),
            b'.' if i > 0 => out.push('.'),
            _ => {
                let _ = write!(out, "%{b:02X}");
            }
        }
    }
    if out.len() > TENANT_BYTES {
        let hash = short_hash([tenant].into_iter());
        // Cut before a percent sign, so that no escape is torn.
        let mut end = TENANT_BYTES;
        while out.as_bytes()[end - 1] == b'%' || out.as_bytes()[end - 2] == b'%' {
            end -= 1;
        }
        out.truncate(end);
        let _ = write!(out, "-{hash}");
    }
    if out.is_empty() {
        // What readers of such directories take for "no value".
        out.push_str("__HIVE_DEFAULT_PARTITION__");
    }
    out
}

/// Where the file of a dimension is, below the directory of the tables.
pub(super) fn dimension(table: &Table, of_tenant: &str) -> PathBuf {
    let dir = PathBuf::from(table.name);
    if table.has_tenant() { dir.join(format!("tenant={}", tenant(of_tenant))) } else { dir }
}

/// `19990802T0715`, with seconds and microseconds only when there are any.
pub(super) fn stamp(t: Micros) -> String {
    let of_day = t.0.rem_euclid(DAY);
    let (year, month, day) = civil_from_days(day(t));
    let (secs, micros) = (of_day / 1_000_000, of_day % 1_000_000);
    let mut out = format!("{year:04}{month:02}{day:02}T{:02}{:02}", secs / 3600, secs / 60 % 60);
    if secs % 60 != 0 || micros != 0 {
        let _ = write!(out, "{:02}", secs % 60);
    }
    if micros != 0 {
        let _ = write!(out, "{micros:06}");
    }
    out
}

/// The file of a dimension, without its ending: one name for ever, so that a new file takes the place of the old one in one step.
pub(super) fn whole(tenant: &str) -> String {
    format!("part-{}", scope_hash(tenant, &BTreeSet::new()))
}

/// Eight hex digits that stand for a tenant and a set of switches.
pub(super) fn scope_hash(tenant: &str, switches: &BTreeSet<String>) -> String {
    short_hash([tenant].into_iter().chain(switches.iter().map(String::as_str)))
}

fn short_hash<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut sha = Sha1::new();
    for part in parts {
        sha.update((part.len() as u64).to_le_bytes());
        sha.update(part);
    }
    let digest = sha.finalize();
    format!("{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tenant_leaves_its_directory() {
        assert_eq!(tenant("acme-1_x.y"), "acme-1_x.y");
        assert_eq!(tenant(".."), "%2E.");
        assert_eq!(tenant("../../etc"), "%2E.%2F..%2Fetc");
        assert_eq!(tenant("a/b=c\\d\0"), "a%2Fb%3Dc%5Cd%00");
        assert_eq!(tenant("Zoë"), "Zo%C3%AB");
        assert_eq!(tenant(""), "__HIVE_DEFAULT_PARTITION__");
        let (a, b) = (tenant(&"ü".repeat(120)), tenant(&"ü".repeat(121)));
        assert!(a.len() < 200 && a != b, "{a} {b}");
    }

    #[test]
    fn stamps_are_as_short_as_the_instant_allows() {
        assert_eq!(stamp(Micros(933_578_100_000_000)), "19990802T0715");
        assert_eq!(stamp(Micros(933_578_101_000_000)), "19990802T071501");
        assert_eq!(stamp(Micros(933_578_100_000_007)), "19990802T071500000007");
        assert_eq!(date(day(Micros(-1))), "1969-12-31");
    }
}
