//! Many small files become few, days go as a whole, and what comes afterwards finds its place: at any step the store is whole.

use super::*;

/// A store into which calls and sessions of a day have come batch by batch, as a live program delivers them.
fn many_batches(dir: &Dir, batches: u64) -> Store {
    let mut store = Store::open(&dir.0, Mode::Live).unwrap();
    store.deliver(&batch(synthetic::names("default", "east"), Rows::default(), 0)).unwrap();
    for i in 0..batches {
        let range = i * 40..(i + 1) * 40;
        let rows = Rows {
            call: range.clone().map(synthetic::call).collect(),
            agent_session: range.clone().map(synthetic::agent_session).collect(),
            agent_state: range.map(synthetic::agent_state).collect(),
            ..Rows::default()
        };
        store.deliver(&batch(NewNames::default(), rows, 1_700_000_000_000_000 + i as i64)).unwrap();
    }
    store
}

fn shown(dir: &Dir, table: &str) -> Vec<String> {
    let cells = |row: &ReadRow| row.get_column_iter().map(|(_, f)| format!("{f:?}")).collect::<Vec<_>>().join("|");
    let mut rows: Vec<_> = dir.rows(table).iter().map(cells).collect();
    rows.sort();
    rows
}

#[test]
fn merged_files_hold_the_rows_of_the_small_ones_and_are_the_same_bytes_each_time() {
    let tables = ["call", "agent_session", "agent_state"];
    let mut last = None;
    for run in 0..2 {
        let dir = Dir::new(&format!("merge-{run}"));
        let mut store = many_batches(&dir, 30);
        let before = tables.map(|table| shown(&dir, table));
        assert_eq!(dir.files().len(), 90);
        let merged = store.compact(Micros(i64::MAX / 4), |_| true).unwrap();
        assert_eq!((merged.partitions, merged.files_before, merged.files_after, merged.rows), (3, 90, 3, 3600));
        assert_eq!(dir.files().len(), 3);
        assert!(before == tables.map(|table| shown(&dir, table)));
        assert_eq!(fs::read_dir(dir.0.join(".tmp")).unwrap().count(), 0);
        for partition in crate::sink::survey(&dir.0).unwrap() {
            assert_eq!(partition.examine().unwrap(), []);
        }
        // What comes later for the same day is a small file again, and joins the large one's partition.
        let late = Rows { call: vec![synthetic::call(5000)], ..Rows::default() };
        store.deliver(&batch(NewNames::default(), late, 1_700_000_900_000_000)).unwrap();
        assert_eq!(dir.rows("call").len(), 1201);
        let again = store.compact(Micros(i64::MAX / 4), |_| true).unwrap();
        assert_eq!((again.files_before, again.files_after), (2, 1));
        assert_eq!(dir.rows("call").len(), 1201);
        let files = dir.files();
        assert!(last.is_none_or(|last| last == files), "same input, same bytes");
        last = Some(files);
    }
}

#[test]
fn a_partition_with_somebody_elses_file_is_left_as_it_is() {
    let dir = Dir::new("merge-foreign");
    let mut store = many_batches(&dir, 3);
    let history = dir.0.join("history/call/tenant=default/date=2023-11-14");
    fs::write(history.join("foreign.parquet"), b"PAR1").unwrap();
    let merged = store.compact(Micros(i64::MAX / 4), |_| true).unwrap();
    assert_eq!(merged.partitions, 2);
    assert_eq!(fs::read_dir(&history).unwrap().count(), 4);
}

#[test]
fn a_merge_cut_short_at_any_step_is_finished_by_the_next_start() {
    // The steps on the disk: the change is written down, the directories change places, the manifest takes its name.
    for step in 0..3 {
        let dir = Dir::new(&format!("merge-cut-{step}"));
        let mut store = many_batches(&dir, 4);
        let before = shown(&dir, "call");
        let partition = crate::sink::survey(&dir.0).unwrap().into_iter().find(|p| p.table == "call").unwrap();
        store.prepare_merge(&partition, step).unwrap();
        drop(store);
        // Whoever looks now sees every row once, and after the next start, too.
        assert!(before == shown(&dir, "call"), "step {step}");
        let store = Store::open(&dir.0, Mode::Live).unwrap();
        assert!(before == shown(&dir, "call"), "step {step}");
        assert_eq!(dir.files().keys().filter(|name| name.starts_with("call/")).count(), 1);
        let after = crate::sink::survey(&dir.0).unwrap().into_iter().find(|p| p.table == "call").unwrap();
        assert_eq!(after.examine().unwrap(), []);
        assert_eq!(fs::read_dir(dir.0.join(".tmp")).unwrap().count(), 0);
        store.finish().unwrap();
    }
}

#[test]
fn a_live_store_merges_the_files_of_a_day_that_is_over() {
    let dir = Dir::new("merge-live");
    let mut store = many_batches(&dir, 5);
    while store.tidy().unwrap() {}
    assert_eq!(dir.files().len(), 15, "the day goes on");
    let next_day = 1_700_000_000_000_000 + 30 * 3_600_000_000;
    store.deliver(&batch(NewNames::default(), Rows::default(), next_day)).unwrap();
    while store.tidy().unwrap() {}
    assert_eq!(dir.files().len(), 3);
    assert_eq!(dir.rows("call").len(), 200);
}

/// Day 19 675, on which [`many_batches`] writes.
const DAY: i64 = 1_700_000_000 / 86_400;

#[test]
fn days_that_are_too_old_go_whole_and_nothing_else_does() {
    let dir = Dir::new("retain");
    let mut store = many_batches(&dir, 3);
    let before = shown(&dir, "agent_state");
    assert_eq!(store.retain(&[("call", DAY), ("agent_state", DAY)]).unwrap(), [], "the first day that stays");
    assert_eq!(crate::sink::outdated(&dir.0, &[("call", DAY + 1)]).unwrap().len(), 1);
    assert_eq!(dir.rows("call").len(), 120, "asking removes nothing");
    let gone = store.retain(&[("call", DAY + 1)]).unwrap();
    assert_eq!((gone.len(), gone[0].files, gone[0].rows), (1, 3, 120));
    assert!(!dir.0.join("history/call/tenant=default/date=2023-11-14").exists());
    assert!(!dir.0.join("manifest/call/tenant=default/date=2023-11-14.json").exists());
    assert!(before == shown(&dir, "agent_state"));
    assert_eq!(fs::read_dir(dir.0.join(".tmp")).unwrap().count(), 0);
    // The day may have rows again, and somebody else's file keeps a day.
    let late = Rows { call: vec![synthetic::call(1)], ..Rows::default() };
    store.deliver(&batch(NewNames::default(), late, 1_700_000_900_000_000)).unwrap();
    assert_eq!(dir.rows("call").len(), 1);
    let note = dir.0.join("history/call/tenant=default/date=2023-11-14/note.txt");
    fs::write(&note, b"mine").unwrap();
    assert_eq!(store.retain(&[("call", DAY + 1)]).unwrap(), []);
    fs::remove_file(&note).unwrap();
    assert_eq!(dir.rows("call").len(), 1);
}

#[test]
fn a_removal_cut_short_at_any_step_is_finished_by_the_next_start() {
    // The steps on the disk: the change is written down, one directory goes aside after the other, manifests follow.
    let limits = [("call", DAY + 1), ("agent_state", DAY + 1)];
    for step in 0..3 {
        let dir = Dir::new(&format!("retain-cut-{step}"));
        let mut store = many_batches(&dir, 4);
        let kept = shown(&dir, "agent_session");
        store.prepare_removal(&limits, step).unwrap();
        drop(store);
        let store = Store::open(&dir.0, Mode::Live).unwrap();
        let left: Vec<_> = crate::sink::survey(&dir.0).unwrap().into_iter().map(|p| p.table).collect();
        assert_eq!(left, ["agent_session"], "step {step}");
        assert!(kept == shown(&dir, "agent_session"));
        assert_eq!(fs::read_dir(dir.0.join(".tmp")).unwrap().count(), 0);
        store.finish().unwrap();
    }
}

/// The start of the interval with this number.
fn begin(number: u64) -> Micros {
    Micros(1_700_000_100_000_000 + number as i64 * 900_000_000)
}

/// Delivers the rows of one interval of a queue on each of these switches.
fn deliver_interval(store: &mut Store, status: &'static str, entered: i32, number: u64, switch: u32) {
    let rows =
        Rows { queue_interval: vec![interval(status, entered, begin(number), SwitchId(switch))], ..Rows::default() };
    let watermark = begin(number).0 + 900_000_000;
    store.deliver(&RowBatch { partition: switch, ..batch(NewNames::default(), rows, watermark) }).unwrap();
}

fn intervals_of_a_day(dir: &Dir) -> Store {
    let mut store = Store::open(&dir.0, Mode::Live).unwrap();
    for partition in 0..2 {
        let mut names = synthetic::names("default", "east");
        names.switches.push(("default".into(), "west".into()));
        store.deliver(&RowBatch { partition, ..batch(names, Rows::default(), 0) }).unwrap();
    }
    for number in 0..6 {
        deliver_interval(&mut store, "provisional", 1, number, 0);
        deliver_interval(&mut store, "final", 2, number, 0);
        deliver_interval(&mut store, "final", 3, number, 1);
    }
    store
}

/// Begin of the interval, status and calls entered of each row.
fn entered(dir: &Dir) -> Vec<(i64, String, String)> {
    let mut all: Vec<_> = dir.rows("queue_interval").iter().map(of_interval).collect();
    all.sort();
    all
}

fn of_interval(row: &ReadRow) -> (i64, String, String) {
    let Field::TimestampMicros(start) = field(row, "interval_start") else { panic!("no time") };
    (*start, field(row, "status").to_string(), field(row, "entered").to_string())
}

#[test]
fn files_of_intervals_are_merged_and_one_that_comes_again_takes_its_rows_out() {
    let dir = Dir::new("merge-intervals");
    let mut store = intervals_of_a_day(&dir);
    let before = entered(&dir);
    assert_eq!((before.len(), dir.files().len()), (12, 12));
    let merged = store.compact(Micros(i64::MAX / 4), |_| true).unwrap();
    // One for each set of switches.
    assert_eq!((merged.files_before, merged.files_after, dir.files().len()), (12, 2, 2));
    assert_eq!(entered(&dir), before);
    // In the middle, twice; the other switch's rows of that time stay.
    for wanted in [7, 8] {
        deliver_interval(&mut store, "revised", wanted, 3, 0);
        let after = entered(&dir);
        let at: Vec<_> = after.iter().filter(|(start, ..)| *start == begin(3).0).collect();
        assert_eq!(at.len(), 2, "{after:?}");
        assert!(at.iter().any(|(_, status, n)| (status.as_str(), n) == ("\"revised\"", &wanted.to_string())), "{at:?}");
        let others =
            |all: &[(i64, String, String)]| all.iter().filter(|(s, ..)| *s != begin(3).0).cloned().collect::<Vec<_>>();
        assert_eq!(others(&after), others(&before));
        assert_eq!(dir.files().len(), 3);
    }
    for partition in crate::sink::survey(&dir.0).unwrap() {
        assert_eq!(partition.examine().unwrap(), []);
    }
    // Everything that was merged comes again, one by one: nothing of it is left, and nothing is doubled.
    for number in 0..6 {
        deliver_interval(&mut store, "revised", 9, number, 0);
    }
    assert_eq!((entered(&dir).len(), dir.files().len()), (12, 7));
    let again = store.compact(Micros(i64::MAX / 4), |_| true).unwrap();
    assert_eq!((again.files_before, dir.files().len(), entered(&dir).len()), (6, 2, 12));
    assert_eq!(fs::read_dir(dir.0.join(".tmp")).unwrap().count(), 0);
    store.finish().unwrap();
}

#[test]
fn a_live_store_merges_every_kind_of_file_of_a_day_that_is_over() {
    let dir = Dir::new("merge-live-intervals");
    let mut store = intervals_of_a_day(&dir);
    let next_day = begin(0).0 + 30 * 3_600_000_000;
    store.deliver(&batch(NewNames::default(), Rows::default(), next_day)).unwrap();
    while store.tidy().unwrap() {}
    assert_eq!((dir.files().len(), entered(&dir).len()), (2, 12));
}
