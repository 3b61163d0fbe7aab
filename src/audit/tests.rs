//! A store that is right gives no finding; a row that is taken out, and a cell that is changed, gives one, in every table.
//!
//! Rows are changed after they were read, as if somebody had rewritten file, checksum and manifest: only the laws can tell.

use std::fs;
use std::path::PathBuf;

use super::Law;
use super::finding::Findings;
use super::run::{Report, Stores, Tenant, sort};
use super::shelf::{Lot, Shelf};
use crate::engine::partition::{Partition as Engine, Position};
use crate::engine::settings::Settings;
use crate::fold::privacy::{List, Policy, Privacy, Rule};
use crate::handoff::stop::Stop;
use crate::model::time::{Micros, Span};
use crate::simulate::{Floor, Mix, Scenario};
use crate::sink::{self, Block, Mode, Reader, Store};

/// A directory that is removed when the test ends.
struct Dir(PathBuf);

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A simulated store of some hours around midnight.
fn store(name: &str, minutes: i64) -> Dir {
    let dir = Dir(std::env::temp_dir().join(format!("callfold-audit-{name}-{}", std::process::id())));
    let _ = fs::remove_dir_all(&dir.0);
    let rule = Rule { key: "*".into(), list: List::UserData, policy: Policy::Keep };
    let privacy = Privacy { rules: vec![rule], ..Privacy::default() };
    let minute = Span::from_mins(1);
    let settings = Settings {
        privacy,
        party_states: true,
        queue_snapshots: minute,
        agent_snapshots: minute,
        ..Settings::default()
    };
    let mut engine = Engine::new(settings);
    let mut store = Store::open(&dir.0, Mode::Replay).unwrap();
    // 22:43 UTC.
    let start = Micros::from_parts(1_700_001_800, 0);
    let mut floor = Floor::new(Scenario { agents: 9, queues: 5, start, mix: Mix::default(), ..Scenario::default() });
    let mut lines = Vec::new();
    for minute in 1..=minutes {
        floor.run_until(start + Span::from_mins(minute), &mut lines);
        engine.feed(&lines, Position::default());
        lines.clear();
        if let Some(batch) = engine.take_rows() {
            store.deliver(&batch).unwrap();
        }
    }
    engine.finish();
    if let Some(batch) = engine.take_rows() {
        store.deliver(&batch).unwrap();
    }
    store.finish().unwrap();
    dir
}

fn check(dir: &Dir) -> Report {
    let stores = Stores { files: Some(dir.0.clone()), database: None };
    super::check(&stores, 3, &Stop::new(), |_| {}).unwrap()
}

fn check_all(dir: &Dir) -> Findings {
    check(dir).findings
}

fn broken(findings: &Findings) -> Vec<String> {
    let of_law = |(law, verdict): (Law, &super::Verdict)| {
        verdict
            .examples
            .iter()
            .map(|e| format!("{}: {} {}: {}", law.name(), e.place, e.key, e.what))
            .collect::<Vec<_>>()
    };
    findings.verdicts().flat_map(of_law).collect()
}

/// All blocks of a store in the order of a check.
struct Loaded {
    reader: Reader,
    blocks: Vec<(Lot, Block)>,
}

impl Loaded {
    fn new(dir: &Dir) -> Self {
        let mut files = super::files::Files::open(&dir.0).unwrap();
        let mut reader = Reader::default();
        let mut lots = files.lots();
        sort(&mut lots);
        let blocks = lots.into_iter().map(|lot| {
            let block = files.rows(&lot, &mut reader).unwrap().unwrap();
            (lot, block)
        });
        let blocks = blocks.collect();
        Self { reader, blocks }
    }

    /// What a check finds when the block `at` is another one.
    fn check(&self, at: Option<usize>, other: Option<&Block>) -> Findings {
        let mut findings = Findings::new(1);
        let mut tenant = Tenant::new(self.reader.clone(), super::gap::Gaps::default(), None);
        for (i, (lot, block)) in self.blocks.iter().enumerate() {
            let block = if at == Some(i) { other.unwrap_or(block) } else { block };
            tenant.take(block, lot, &mut findings);
            let is_last = self.blocks.get(i + 1).is_none_or(|(next, _)| next.day != lot.day);
            if let Some(day) = lot.day.filter(|_| is_last) {
                tenant.end_of_day(day, &mut findings);
            }
        }
        tenant.finish(&mut findings);
        findings
    }

    /// The place of a table's largest block.
    fn largest(&self, table: &str) -> usize {
        let of_table = self.blocks.iter().enumerate().filter(|(_, (lot, _))| lot.table == table);
        let largest = of_table.max_by_key(|(_, (_, block))| block.rows());
        largest.unwrap_or_else(|| panic!("the store has no row of {table}")).0
    }
}

/// Tables that laws are about.
fn known() -> impl Iterator<Item = &'static crate::model::table::Table> {
    sink::tables().into_iter().filter(|table| super::TABLES.contains(&table.name) && !table.is_dimension())
}

/// Laws that need a program around the engine: dimensions, and a database. They are tried in `tests/it/postgres/audit.rs`.
const ELSEWHERE: [Law; 3] = [Law::StoresAgree, Law::Dimensions, Law::Calendar];

#[test]
fn a_simulated_store_obeys_every_law() {
    let dir = store("right", 150);
    let findings = check_all(&dir);
    assert_eq!(broken(&findings), Vec::<String>::new());
    let idle = findings.verdicts().filter(|(law, v)| v.checked == 0 && !ELSEWHERE.contains(law));
    let idle: Vec<_> = idle.map(|(law, _)| law.name()).collect();
    assert!(idle.is_empty(), "nothing was looked at for {idle:?}");
}

#[test]
fn a_row_that_is_taken_out_of_any_table_is_missed() {
    let dir = store("taken", 90);
    let loaded = Loaded::new(&dir);
    assert_eq!(broken(&loaded.check(None, None)), Vec::<String>::new());
    let mut unnoticed = Vec::new();
    for table in known() {
        let at = loaded.largest(table.name);
        let block = &loaded.blocks[at].1;
        for row in [0, block.rows() / 3, block.rows() - 1] {
            let mut other = block.clone();
            other.remove(row);
            if loaded.check(Some(at), Some(&other)).broken() == 0 {
                unnoticed.push(format!("{} row {row}", table.name));
            }
        }
    }
    assert!(unnoticed.is_empty(), "nobody misses {unnoticed:#?}");
}

#[test]
fn a_cell_that_is_changed_is_noticed_save_in_columns_that_nothing_else_knows() {
    let dir = store("changed", 90);
    let mut loaded = Loaded::new(&dir);
    let mut wrong = Vec::new();
    for table in known() {
        let at = loaded.largest(table.name);
        for (column, about) in table.columns.iter().enumerate() {
            let rows = loaded.blocks[at].1.rows();
            let mut noticed = 0;
            let tried = [rows / 5, rows / 2];
            for row in tried {
                let mut other = loaded.blocks[at].1.clone();
                other.change(&mut loaded.reader, column, row);
                noticed += usize::from(loaded.check(Some(at), Some(&other)).broken() > 0);
            }
            // To whoever added a column: let a law say what it has to do with others, or list it. What is listed may be noticed
            // by chance; everything else always is.
            if noticed < tried.len() && super::why_unjudged(table.name, about.name).is_none() {
                wrong.push(format!("{}.{} ({noticed})", table.name, about.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_that_are_missing_damaged_or_nobodys_are_found() {
    let dir = store("files", 40);
    let partitions = sink::survey(&dir.0).unwrap();
    let of = |table: &str| {
        let partition = partitions.iter().find(|p| p.table == table).unwrap();
        partition.dir.join(partition.files.first().unwrap())
    };
    let verdict = |law: Law| check_all(&dir).verdicts().find(|(l, _)| *l == law).unwrap().1.broken;
    fs::copy(of("call"), of("call").with_file_name("part-copy.parquet")).unwrap();
    assert_eq!(verdict(Law::FilesListed), 1);
    fs::remove_file(of("call").with_file_name("part-copy.parquet")).unwrap();
    assert_eq!(verdict(Law::FilesListed), 0);
    let whole = fs::read(of("party")).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 3] ^= 4;
    fs::write(of("party"), &damaged).unwrap();
    assert!(verdict(Law::FilesWhole) >= 1);
    fs::write(of("party"), &whole[..whole.len() - 9]).unwrap();
    assert!(verdict(Law::FilesWhole) >= 1);
    fs::write(of("party"), &whole).unwrap();
    assert_eq!(verdict(Law::FilesWhole), 0);
    fs::remove_file(of("queue_interval")).unwrap();
    assert_eq!(verdict(Law::FilesListed), 1);
    assert!(verdict(Law::QueueFromStays) > 0);
}

#[test]
fn what_retention_took_is_not_missed_and_what_somebody_took_is() {
    let dir = store("retained", 150);
    let take = |tables: &[&str]| {
        for table in tables {
            let day = format!("{table}/tenant=default/date=2023-11-14");
            fs::remove_dir_all(dir.0.join("history").join(&day)).unwrap();
            fs::remove_file(dir.0.join("manifest").join(day + ".json")).unwrap();
        }
    };
    take(&["party"]);
    assert!(check_all(&dir).broken() > 0);
    take(&["call", "queue_segment", "handling_segment"]);
    for rest in ["call_link", "interaction", "route_decision", "user_data_change", "user_data_final"] {
        if dir.0.join("history").join(rest).join("tenant=default/date=2023-11-14").is_dir() {
            take(&[rest]);
        }
    }
    assert_eq!(broken(&check_all(&dir)), Vec::<String>::new());
}

#[test]
fn the_last_day_of_a_store_being_written_is_not_judged() {
    let dir = store("written", 30);
    let _writer = Store::open(&dir.0, Mode::Live).unwrap();
    // What all tenants share has no watermark.
    let _shared = Tenant::new(Reader::default(), super::gap::Gaps::default(), Some(i64::MIN));
    let report = check(&dir);
    assert_eq!(report.unjudged.as_deref(), Some("2023-11-14"));
    assert_eq!(broken(&report.findings), Vec::<String>::new());
}
