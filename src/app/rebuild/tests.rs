//! Any cell that is changed is found again, in every table that has rows.

use std::fs;

use super::comparison::or_null;
use super::*;
use crate::app::config::Config;
use crate::app::settings::check_again;
use crate::engine::partition::Position;
use crate::engine::settings::Settings;
use crate::simulate::random::Random;
use crate::simulate::{Floor, Scenario};
use crate::sink::{Changed, Rewrite};

/// A directory that is removed when the test ends.
struct Dir(PathBuf);

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn store(name: &str) -> Dir {
    let dir = Dir(std::env::temp_dir().join(format!("callfold-rebuild-{name}-{}", std::process::id())));
    let _ = fs::remove_dir_all(&dir.0);
    let settings = Settings { event_log: true, ..crate::app::settings::replay_engine() };
    let mut catalogue = Catalogue::new(check_again(&Config::default()).unwrap().described, &settings);
    let mut engine = Partition::new(settings);
    let mut store = Store::open(&dir.0, Mode::Replay).unwrap();
    // 22:43 UTC, so that midnight lies inside.
    let start = Micros::from_parts(1_700_001_800, 0);
    let mut lines = Vec::new();
    Floor::new(Scenario { agents: 8, queues: 4, start, ..Scenario::default() })
        .run_until(start + Span::from_mins(120), &mut lines);
    engine.feed(&lines, Position::default());
    engine.finish();
    let rows = engine.take_rows().unwrap();
    catalogue.hear(&rows);
    store.deliver(&rows).unwrap();
    store.deliver(&catalogue.take().unwrap()).unwrap();
    store.finish().unwrap();
    dir
}

fn again(dir: &Dir, write: bool) -> Report {
    let order = Order {
        data: dir.0.clone(),
        from: Micros(0),
        to: Micros(4_000_000_000_000_000),
        look_back: None,
        look_forward: LOOK_DEFAULT,
        engine: check_again(&Config::default()).unwrap(),
        write,
        database: None,
        samples: 1,
    };
    run(&order, &Stop::new(), |_| {}).unwrap()
}

#[test]
fn a_cell_that_was_changed_is_shown_with_both_values_and_repaired() {
    let dir = store("cells");
    for seed in 1..4 {
        let mut random = Random::new(seed);
        let mut reader = Reader::default();
        let mut store = Store::open(&dir.0, Mode::Live).unwrap();
        let (mut rewriting, mut wanted) = (Rewriting::default(), Vec::new());
        for partition in sink::survey(&dir.0).unwrap() {
            let Some(table) = tables().find(|table| table.name == partition.table) else { continue };
            let old = read(&mut reader, table, &partition.dir, &partition.files).unwrap();
            let row = random.below(old.rows() as u32) as usize;
            let hidden = ["revision", "written_at", "last_event_id", "status", table.time];
            let may_change = |at: &usize| {
                let name = table.columns[*at].name;
                // The test's own way to change a null text is to leave it.
                !table.key.contains(&name) && !hidden.contains(&name) && !old.shown(&reader, name, row).is_empty()
            };
            let columns: Vec<usize> = (0..table.columns.len()).filter(may_change).collect();
            let column = columns[random.below(columns.len() as u32) as usize];
            let mut new = old.clone();
            new.change(&mut reader, column, row);
            let changed = vec![Changed { old: row, new: row, columns: vec![column] }];
            let name = table.columns[column].name;
            let [was, is] = [&old, &new].map(|block| block.shown(&reader, name, row));
            if wanted.iter().all(|(table, _): &(&str, String)| *table != partition.table) && was != is {
                wanted.push((table.name, format!("{name}: {} -> {}", or_null(&is), or_null(&was))));
                let difference = Difference { changed, ..Difference::default() };
                let rewrite = Rewrite { partition, old, new, difference, switches: BTreeSet::new() };
                store.prepare_rewrite(&rewrite, &mut reader, Micros(0), &mut rewriting).unwrap();
            }
        }
        store.rewrite(rewriting).unwrap();
        drop(store);
        assert!(wanted.len() > 12, "seed {seed}: {wanted:?}");
        let report = again(&dir, true);
        let found: Vec<_> = report.tables.iter().filter(|t| t.differences() > 0).collect();
        assert!(found.iter().all(|t| (t.changed, t.differences()) == (1, 1)), "seed {seed}: {found:#?}");
        let mut shown: Vec<_> = found.iter().map(|t| (t.name, t.samples[0].what.clone())).collect();
        shown.sort();
        wanted.sort();
        assert_eq!(shown, wanted, "seed {seed}");
        assert_eq!(again(&dir, false).differences(), 0, "seed {seed}");
    }
}

/// The cells of every dimension, row by row in the order of the files.
fn cells_of_dimensions(dir: &Dir) -> Vec<(String, Vec<String>)> {
    let mut reader = Reader::default();
    let partitions = sink::survey(&dir.0).unwrap().into_iter().filter_map(|partition| {
        let table = described().find(|table| table.name == partition.table)?;
        let block = read(&mut reader, table, &partition.dir, &partition.files).unwrap();
        let row = |row| table.columns.iter().map(|column| block.shown(&reader, column.name, row)).collect::<Vec<_>>();
        Some((partition.table, (0..block.rows()).map(|at| row(at).join("|")).collect()))
    });
    partitions.collect()
}

#[test]
fn what_rows_name_is_described_again_where_the_description_is_lost() {
    let dir = store("names");
    let before = cells_of_dimensions(&dir);
    assert_eq!(before.len(), described().count(), "all of them have rows");
    assert_eq!(again(&dir, false).differences(), 0);
    // One is not there at all, of the others every third row is missing.
    let mut lost = 0;
    let mut store = Store::open(&dir.0, Mode::Live).unwrap();
    let (mut reader, mut rewriting) = (Reader::default(), Rewriting::default());
    for partition in sink::survey(&dir.0).unwrap() {
        let Some(table) = described().find(|table| table.name == partition.table) else { continue };
        let old = read(&mut reader, table, &partition.dir, &partition.files).unwrap();
        let is_gone = |row: &usize| table.name == "dim_site" || row % 3 == 1;
        let vanished: Vec<usize> = (0..old.rows()).filter(is_gone).collect();
        lost += vanished.len() as u64;
        let difference = Difference { vanished, ..Difference::default() };
        let rewrite = Rewrite { partition, new: reader.block(table), old, difference, switches: BTreeSet::new() };
        store.prepare_rewrite(&rewrite, &mut reader, Micros(0), &mut rewriting).unwrap();
    }
    store.rewrite(rewriting).unwrap();
    drop(store);
    let report = again(&dir, false);
    assert_eq!(report.tables.iter().map(|t| t.new).sum::<u64>(), lost);
    assert_eq!(report.differences(), lost);
    assert_ne!(cells_of_dimensions(&dir), before, "nothing is written unasked");
    assert_eq!(again(&dir, true).differences(), lost);
    assert_eq!(cells_of_dimensions(&dir), before);
    assert_eq!(again(&dir, false).differences(), 0);
    let damaged = sink::survey(&dir.0).unwrap().iter().map(|p| p.examine().unwrap().len()).sum::<usize>();
    assert_eq!(damaged, 0);
}
