//! States of parties on simulated days: they tile the party, and change nothing else.

use std::collections::BTreeMap;

use callfold::engine::settings::Settings;

use super::dirt::Feed;
use super::seeds;
use crate::support::replay;

#[test]
fn the_states_of_a_party_fill_it_without_a_gap() {
    for seed in seeds(4) {
        let feed = Feed::simulated(seed).bytes();
        let settings = Settings { party_states: true, ..Settings::default() };
        let run = replay(settings, &feed);
        let mut states: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for row in &run.rows.party_state {
            states.entry(format!("{:?}", row.party_id)).or_default().push(row);
        }
        assert!(run.rows.party_state.len() > run.rows.party.len(), "seed {seed}");
        for party in &run.rows.party {
            let what = format!("seed {seed}, {:?}", party.party_id);
            let mut rows = states.remove(&format!("{:?}", party.party_id)).unwrap_or_default();
            rows.sort_by_key(|row| row.seq);
            assert!(rows.iter().zip(1..).all(|(row, seq)| row.seq == seq), "{what}: numbered");
            assert!(rows.windows(2).all(|pair| pair[1].prev_state == Some(pair[0].state)), "{what}: before");
            let own: Vec<_> = rows.iter().filter(|row| row.state != "wrap").collect();
            assert!(own.windows(2).all(|pair| pair[0].left_at == Some(pair[1].entered_at)), "{what}: touch");
            if let (Some(first), Some(last)) = (own.first(), own.last()) {
                assert_eq!(first.entered_at, party.joined_at, "{what}: begin");
                assert!(party.left_at.is_none() || last.left_at == party.left_at, "{what}: end");
            }
            let sum = |words: &[&str]| -> i64 {
                own.iter().filter(|row| words.contains(&row.state)).map(|row| row.duration_ms).sum()
            };
            assert_eq!(sum(&["alerting"]), party.alerting_ms, "{what}");
            assert_eq!(sum(&["connected"]), party.connected_ms, "{what}");
            assert_eq!(sum(&["held"]), party.hold_ms, "{what}");
            assert_eq!(sum(&["queued", "treatment"]), party.queued_ms, "{what}");
            assert_eq!(sum(&["treatment"]), party.treatment_ms, "{what}");
        }
        assert!(states.is_empty(), "seed {seed}: states of no party");
        let wraps: i64 = run.rows.party_state.iter().filter(|r| r.state == "wrap").map(|r| r.duration_ms).sum();
        assert_eq!(wraps, run.rows.handling_segment.iter().map(|leg| leg.acw_ms).sum::<i64>(), "seed {seed}: wraps");
        let without = replay(Settings::default(), &feed);
        for (a, b) in run.sheets().iter().zip(without.sheets().iter()) {
            assert!(a.table.name == "party_state" || a.lines() == b.lines(), "seed {seed}: {} differs", a.table.name);
        }
    }
}
