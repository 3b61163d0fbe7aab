//! Attached data against a small reference: a map per call that every event is written into.

use std::collections::BTreeMap;

use callfold::engine::settings::Settings;
use callfold::fold::privacy::{List, Policy, Privacy, Rule};

use super::*;
use crate::support::log;

const KEYS: [&str; 4] = ["Segment", "Tier", "Note", "Pin"];

/// `CALL KEY SEQ BEFORE VALUE`, dashes for none.
type Change = (u32, &'static str, i32, Option<u32>, Option<u32>);

fn keeping() -> Settings {
    let rule = |key: &str| Rule { key: key.into(), list: List::UserData, policy: Policy::Keep };
    let rules = KEYS[..3].iter().map(|key| rule(key)).collect();
    Settings { privacy: Privacy { rules, ..Privacy::default() }, ..Settings::default() }
}

/// A log of three calls in one queue whose data changes at random, what it means, and the same log with each report of a
/// change repeated for other devices.
fn logs(random: &mut Random) -> (String, String, Vec<Change>) {
    let (mut once, mut often, mut changes) = (String::new(), String::new(), Vec::new());
    let mut known: BTreeMap<(u32, &'static str), (i32, Option<u32>)> = BTreeMap::new();
    for call in 1..=3 {
        let line = format!("10:00:0{call} 8001 Queued c{call}\n");
        once += &line;
        often += &line;
    }
    for second in 10..59 {
        let call = 1 + random.below(3);
        let mut pairs: Vec<(&'static str, u32)> = KEYS.into_iter().map(|key| (key, random.below(3))).collect();
        pairs.retain(|_| random.chance(0.6));
        let text: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}:{value}")).collect();
        let whole = random.chance(0.7);
        let event = if whole { "AttachedDataChanged" } else { "RouteRequest" };
        let line = |dn: u32| format!("10:00:{second} {dn} {event} c{call} data={}\n", text.join(","));
        let dn = if whole { 8001 } else { 9001 };
        once += &line(dn);
        often += &line(dn);
        for other in 0..if whole { random.below(4) } else { 0 } {
            often += &line(7001 + other);
        }
        for key in &KEYS[..3] {
            let value = pairs.iter().find(|(k, _)| k == key).map(|(_, value)| *value);
            let (seq, before) = known.get(&(call, *key)).copied().unwrap_or((0, None));
            if value == before || value.is_none() && !whole {
                continue;
            }
            known.insert((call, *key), (seq + 1, value));
            changes.push((call, *key, seq + 1, before, value));
        }
    }
    (once, often, changes)
}

fn changes(run: &Run) -> Vec<Change> {
    let number = |text: &compact_str::CompactString| text.parse().expect("values are numbers");
    let calls: Vec<_> = run.rows.call.iter().map(|c| (c.call_id, c.conn_id.0 as u32)).collect();
    let call = |id| calls.iter().find(|(known, _)| *known == id).expect("a call has a row").1;
    let key = |text: &str| *KEYS.iter().find(|key| **key == text).expect("a known key");
    let rows = run.rows.user_data_change.iter();
    let mut rows: Vec<(i64, Change)> = rows
        .map(|r| {
            let change = (
                call(r.call_id),
                key(&r.key),
                r.seq,
                r.value_before.as_ref().map(number),
                r.value.as_ref().map(number),
            );
            (r.changed_at.0, change)
        })
        .collect();
    // Changes of one event come in the order of the list, which is that of the keys, deletions last.
    rows.sort_by_key(|(at, change)| (*at, KEYS.iter().position(|key| *key == change.1)));
    rows.into_iter().map(|(_, change)| change).collect()
}

/// A change counts once: whatever else reports it, and however the bytes are cut.
#[test]
fn changes_of_attached_data_are_those_of_a_map() {
    for seed in seeds(40) {
        let mut random = Random::new(seed);
        let (once, often, expected) = logs(&mut random);
        let one = replay(keeping(), log::feed(&once).as_bytes());
        assert_eq!(changes(&one), expected, "seed {seed}\n{once}");
        let many = replay(keeping(), log::feed(&often).as_bytes());
        assert_eq!(changes(&many), expected, "seed {seed}, repeated\n{often}");
        let mut run = Run::new(keeping());
        for line in log::feed(&often).as_bytes().split_inclusive(|byte| *byte == b'\n') {
            run.feed(line);
        }
        run.finish();
        assert_same_rows(&many, &run, &format!("seed {seed}, line by line"));
        let finals: i32 = run.rows.user_data_final.iter().map(|r| r.change_count).sum();
        assert_eq!(finals as usize, expected.len(), "seed {seed}");
    }
}
