//! What the store promises: rows read back as written, same rows give same bytes, nothing doubled, nothing half there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row as ReadRow};

use crate::engine::output::{NewNames, RowBatch};
use crate::model::identity::{Identities, LegKey, QueueSegmentKey, SessionKey};
use crate::model::ids::{AgentId, ConnId, DnId, EventId, ReasonId, SwitchId, Uuid};
use crate::model::row::{DimAgentRow, DimDefinitionRow, DimGroupRow, QueueIntervalRow, Rows};
use crate::model::table::{CellWriter, LocalDate, LocalTime, LoggedId, Name, Row, Site, Tenant};
use crate::model::time::Micros;
use crate::{engine, for_each_table, model};

use super::store::{Mode, Options, Published, Store, StoreError};

mod merging;
#[path = "../../benches/synthetic/mod.rs"]
mod synthetic;

/// A directory that is removed when the test ends.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("callfold-sink-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// What a recursive glob finds: every Parquet file by its path below `history`.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut dirs = vec![self.0.join("history")];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    dirs.push(path);
                } else {
                    assert_eq!(path.extension().unwrap(), "parquet");
                    let name = path.strip_prefix(self.0.join("history")).unwrap().to_str().unwrap().to_owned();
                    found.insert(name, fs::read(&path).unwrap());
                }
            }
        }
        found
    }

    fn rows(&self, table: &str) -> Vec<ReadRow> {
        let files = self.files();
        let of_table = files.keys().filter(|name| name.starts_with(&format!("{table}/")));
        of_table.flat_map(|name| read(&self.0.join("history").join(name))).collect()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn read(path: &Path) -> Vec<ReadRow> {
    let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    reader.get_row_iter(None).unwrap().map(Result::unwrap).collect()
}

fn batch(names: NewNames, rows: Rows, watermark: i64) -> RowBatch {
    RowBatch { names, rows, watermark: Micros(watermark), ..RowBatch::default() }
}

fn replay(dir: &Dir, options: Options, tenant: &str, switch: &str, range: (u64, u64)) -> Result<Published, StoreError> {
    let mut store = Store::open_with(&dir.0, options)?;
    store.deliver(&batch(synthetic::names(tenant, switch), Rows::default(), 0))?;
    for from in (range.0..range.1).step_by(700) {
        store.deliver(&batch(NewNames::default(), synthetic::rows(from, (from + 700).min(range.1)), 5))?;
    }
    store.finish()
}

const RUN: Options = Options { mode: Mode::Replay, replace: false };

fn field<'a>(row: &'a ReadRow, name: &str) -> &'a Field {
    row.get_column_iter().find(|(n, _)| *n == name).map(|(_, f)| f).unwrap_or_else(|| panic!("no column {name}"))
}

fn uuid(id: Uuid) -> Field {
    Field::Bytes(id.0.to_be_bytes().to_vec().into())
}

fn text(text: &str) -> Field {
    Field::Str(text.into())
}

/// The cells of a row as a reader shows them, by the model alone.
#[derive(Default)]
struct Expected {
    cells: Vec<String>,
    ids: Identities,
}

impl Expected {
    fn put(&mut self, field: &Field) {
        self.cells.push(format!("{field:?}"));
    }
}

fn dn(id: DnId) -> String {
    format!("{}@east", 70_000 + id.0)
}

impl CellWriter for Expected {
    fn null(&mut self) {
        self.put(&Field::Null);
    }
    fn tenant(&mut self, _: SwitchId) {
        self.put(&text("default"));
    }
    fn site(&mut self, _: SwitchId) {
        self.put(&text("east"));
    }
    fn dn(&mut self, v: DnId) {
        self.put(&text(&dn(v)));
    }
    fn agent(&mut self, v: AgentId) {
        self.put(&text(&(1000 + v.0).to_string()));
    }
    fn reason_key(&mut self, _: ReasonId) {
        self.put(&text("ReasonCode"));
    }
    fn reason_code(&mut self, v: ReasonId) {
        self.put(&text(&v.0.to_string()));
    }
    fn word(&mut self, v: &'static str) {
        self.put(&text(v));
    }
    fn words(&mut self, v: &'static [&'static str]) {
        let words: Vec<_> = v.iter().map(|w| text(w)).collect();
        self.cells.push(format!("ListInternal(List {{ elements: {words:?} }})"));
    }
    fn text(&mut self, v: &str) {
        self.put(&text(v));
    }
    fn conn(&mut self, v: ConnId) {
        self.put(&text(&v.to_string()));
    }
    fn event(&mut self, v: EventId) {
        self.put(&text(&format!("east:{}:{}", v.epoch, v.seq)));
    }
    fn logged(&mut self, v: LoggedId) {
        self.event(v.id);
    }
    fn uuid(&mut self, v: Uuid) {
        self.put(&uuid(v));
    }
    fn queue_segment_id(&mut self, v: &QueueSegmentKey) {
        let id = self.ids.queue_segment(v, &dn(v.queue));
        self.uuid(id);
    }
    fn leg_id(&mut self, v: &LegKey) {
        let id = self.ids.leg(v, &dn(v.dn));
        self.uuid(id);
    }
    fn party_id(&mut self, v: &LegKey) {
        let id = self.ids.party(v, &dn(v.dn));
        self.uuid(id);
    }
    fn route_id(&mut self, v: &LegKey) {
        let id = self.ids.route(v, &dn(v.dn));
        self.uuid(id);
    }
    fn session_id(&mut self, v: &SessionKey) {
        let id = self.ids.session(v, &(1000 + v.agent.0).to_string());
        self.uuid(id);
    }
    fn name(&mut self, v: &str) {
        self.put(&text(v));
    }
    fn date(&mut self, v: LocalDate) {
        self.put(&Field::Date(v.0));
    }
    fn time(&mut self, v: LocalTime) {
        self.put(&Field::TimeMicros(v.0));
    }
    fn instant(&mut self, v: Micros) {
        self.put(&Field::TimestampMicros(v.0));
    }
    fn long(&mut self, v: i64) {
        self.put(&Field::Long(v));
    }
    fn int(&mut self, v: i32) {
        self.put(&Field::Int(v));
    }
    fn flag(&mut self, v: bool) {
        self.put(&Field::Bool(v));
    }
}

fn expected<R: Row>(rows: &[R]) -> Vec<Vec<String>> {
    let mut out: Vec<_> = Vec::new();
    for row in rows {
        let mut cells = Expected::default();
        row.cells(&mut cells);
        out.push(cells.cells);
    }
    out.sort();
    out
}

#[test]
fn rows_of_every_table_read_back_as_they_were_delivered() {
    let dir = Dir::new("equal");
    // More rows than a page holds, in one table; the others show what few rows do.
    let mut rows = synthetic::rows(0, 1200);
    rows.agent_state.extend((1200..40_000).map(synthetic::agent_state));
    let mut store = Store::open(&dir.0, Mode::Replay).unwrap();
    store.deliver(&batch(synthetic::names("default", "east"), rows.clone(), 5)).unwrap();
    let published = store.finish().unwrap();
    assert!(published.tables.iter().all(|t| t.rows >= 1200 && t.files >= 1 && t.bytes > 0));
    macro_rules! compare {
        ($table:ident) => {
            // Of equal rows of a dimension one is kept.
            let mut wanted = expected(&rows.$table);
            wanted.dedup();
            let shown = |row: &ReadRow| row.get_column_iter().map(|(_, f)| format!("{f:?}")).collect::<Vec<_>>();
            let mut found: Vec<_> = dir.rows(stringify!($table)).iter().map(shown).collect();
            found.sort();
            assert!(found == wanted, "table {}", stringify!($table));
        };
    }
    for_each_table!(compare);
}

#[test]
fn names_and_object_ids_are_those_of_the_model() {
    let dir = Dir::new("names");
    replay(&dir, RUN, "default", "east", (0, 500)).unwrap();
    let rows: Vec<_> = dir.rows("handling_segment");
    let mut want = BTreeMap::new();
    let mut ids = Identities::default();
    for i in 0..500 {
        let row = synthetic::handling_segment(i);
        let dn = format!("{}@east", 70_000 + row.resource_id.0);
        let queue = format!("{}@east", 70_000 + row.queue_id.0);
        let stay = ids.queue_segment(row.queue_segment_id.as_ref().unwrap(), &queue);
        let agent = format!("{}", 1000 + row.agent_id.0);
        let session = ids.session(&row.agent_session_id.unwrap(), &agent);
        let leg = ids.leg(&row.handling_segment_id, &dn);
        let party = ids.party(&row.party_id.0, &dn);
        want.insert(leg.to_string(), (leg, stay, session, party, dn, queue, agent));
    }
    assert_eq!(rows.len(), want.len());
    for row in &rows {
        let Field::Bytes(id) = field(row, "handling_segment_id") else { panic!("not an id") };
        let id = Uuid(u128::from_be_bytes(id.data().try_into().unwrap()));
        let (_, stay, session, party, dn, queue, agent) = &want[&id.to_string()];
        assert_eq!(field(row, "queue_segment_id"), &uuid(*stay));
        assert_eq!(field(row, "agent_session_id"), &uuid(*session));
        assert_eq!(field(row, "party_id"), &uuid(*party));
        assert_eq!(field(row, "resource_id"), &text(dn));
        assert_eq!(field(row, "queue_id"), &text(queue));
        assert_eq!(field(row, "agent_id"), &text(agent));
    }
    let keys: Vec<_> =
        rows.iter().map(|r| (field(r, "resource_id").to_string(), field(r, "offered_at").to_string())).collect();
    assert!(keys.is_sorted(), "rows are in the order the file declares");
    let session = &dir.rows("agent_session")[0];
    assert_eq!(field(session, "media_types").to_string(), "[\"voice\"]");
}

#[test]
fn two_runs_give_the_same_bytes_and_batching_does_not_matter() {
    let (a, b) = (Dir::new("bytes-a"), Dir::new("bytes-b"));
    replay(&a, RUN, "default", "east", (0, 2000)).unwrap();
    let first = a.files();
    replay(&a, RUN, "default", "east", (0, 2000)).unwrap();
    assert!(first == a.files(), "a second run replaces every file by an equal one");
    let mut store = Store::open_with(&b.0, RUN).unwrap();
    store.deliver(&batch(synthetic::names("default", "east"), synthetic::rows(0, 2000), 5)).unwrap();
    store.finish().unwrap();
    assert!(first == b.files());
}

#[test]
fn a_longer_run_replaces_a_shorter_one_and_an_overlap_is_refused() {
    let dir = Dir::new("overlap");
    replay(&dir, RUN, "default", "east", (1000, 2000)).unwrap();
    let before = dir.files();
    let refused = replay(&dir, RUN, "default", "east", (1500, 2500));
    assert!(matches!(refused, Err(StoreError::Overlap { .. })), "{refused:?}");
    assert!(before == dir.files(), "nothing changed");
    replay(&dir, RUN, "default", "west", (1500, 2500)).unwrap();
    assert_eq!(dir.rows("call").len(), 2000, "other switches are other rows");
    // Times wobble by seconds, so that only a clear surplus on both sides covers.
    replay(&dir, RUN, "default", "east", (0, 8000)).unwrap();
    assert_eq!(dir.rows("call").len(), 9000);
    replay(&dir, Options { replace: true, ..RUN }, "default", "east", (5000, 9000)).unwrap();
    assert_eq!(dir.rows("call").len(), 5000);
}

#[test]
fn a_run_that_dies_leaves_what_was_there() {
    let dir = Dir::new("crash");
    replay(&dir, RUN, "default", "east", (0, 1000)).unwrap();
    let before = dir.files();
    let mut store = Store::open(&dir.0, Mode::Replay).unwrap();
    store.deliver(&batch(synthetic::names("default", "east"), synthetic::rows(0, 900), 5)).unwrap();
    drop(store);
    assert!(before == dir.files());
    let store = Store::open(&dir.0, Mode::Replay).unwrap();
    assert_eq!(fs::read_dir(dir.0.join(".tmp")).unwrap().count(), 0);
    store.finish().unwrap();
    assert!(before == dir.files());
}

#[test]
fn one_directory_has_one_writer() {
    let dir = Dir::new("lock");
    let store = Store::open(&dir.0, Mode::Live).unwrap();
    let second = Store::open(&dir.0, Mode::Live).map(|_| ());
    assert!(matches!(second, Err(StoreError::Locked { pid: Some(pid), .. }) if pid == std::process::id()));
    drop(store);
    Store::open(&dir.0, Mode::Live).unwrap();
}

#[test]
fn a_tenant_stays_below_its_table() {
    let dir = Dir::new("tenant");
    replay(&dir, RUN, "../../x y", "east", (0, 10)).unwrap();
    let (dims, facts): (Vec<_>, Vec<_>) = dir.files().into_keys().partition(|name| !name.contains("/date="));
    assert!(facts.iter().all(|name| name.contains("/tenant=%2E.%2F..%2Fx%20y/date=2023-11-14/part-")), "{facts:?}");
    let place =
        |name: &String| name.contains("/tenant=%2E.%2F..%2Fx%20y/part-") || name.starts_with("dim_calendar/part-");
    assert!(dims.iter().all(place) && dims.len() == 10, "{dims:?}");
    assert_eq!(field(&dir.rows("call")[0], "tenant_id"), &text("../../x y"));
}

fn interval(status: &'static str, entered: i32, start: Micros, switch: SwitchId) -> QueueIntervalRow {
    let row = synthetic::queue_interval(0);
    QueueIntervalRow { status, entered, interval_start: start, tenant_id: model::table::Tenant(switch), ..row }
}

#[test]
fn a_final_interval_replaces_the_provisional_one() {
    let dir = Dir::new("live");
    let mut store = Store::open(&dir.0, Mode::Live).unwrap();
    let mut names = synthetic::names("default", "east");
    names.switches.push(("default".into(), "west".into()));
    let start = synthetic::START;
    let one = |status, entered| Rows {
        queue_interval: vec![interval(status, entered, start, SwitchId(0))],
        ..Rows::default()
    };
    store.deliver(&batch(names, one("provisional", 3), 1)).unwrap();
    assert_eq!(dir.rows("queue_interval").len(), 1);
    let mut rows = one("final", 4);
    rows.queue_interval.push(interval("final", 9, start, SwitchId(1)));
    rows.queue_interval.push(interval("provisional", 1, Micros(start.0 + 900_000_000), SwitchId(0)));
    store.deliver(&batch(NewNames::default(), rows, 2)).unwrap();
    let rows = dir.rows("queue_interval");
    assert_eq!(rows.len(), 3, "a further switch changes the name of the file, not the number of rows");
    assert_eq!(rows.iter().filter(|r| field(r, "status") == &text("final")).count(), 2);
    assert_eq!(dir.files().len(), 2);
    let stats = store.stats();
    let total = stats.tables.iter().find(|total| total.name == "queue_interval").unwrap();
    assert_eq!(total.files, 3);
}

#[test]
fn live_details_come_once_and_a_repeated_batch_replaces_itself() {
    let dir = Dir::new("once");
    let calls = |from, to| Rows { call: (from..to).map(synthetic::call).collect(), ..Rows::default() };
    let mut store = Store::open(&dir.0, Mode::Live).unwrap();
    store.deliver(&batch(synthetic::names("default", "east"), calls(0, 10), 100)).unwrap();
    store.deliver(&batch(NewNames::default(), calls(10, 30), 200)).unwrap();
    store.deliver(&batch(NewNames::default(), calls(30, 40), 200)).unwrap();
    assert_eq!(dir.rows("call").len(), 40);
    drop(store);
    let mut store = Store::open(&dir.0, Mode::Live).unwrap();
    store.deliver(&batch(synthetic::names("default", "east"), calls(10, 30), 200)).unwrap();
    assert_eq!(dir.rows("call").len(), 40, "a batch delivered again after a crash");
    store.finish().unwrap();
}

#[test]
fn rows_of_several_partitions_meet_in_one_file_with_their_own_names() {
    let dir = Dir::new("partitions");
    let mut store = Store::open(&dir.0, Mode::Replay).unwrap();
    let calls = |i| Rows { call: vec![synthetic::call(i)], ..Rows::default() };
    store.deliver(&batch(synthetic::names("default", "east"), calls(1), 5)).unwrap();
    let west = RowBatch { partition: 1, ..batch(synthetic::names("default", "west"), calls(2), 6) };
    store.deliver(&west).unwrap();
    store.finish().unwrap();
    let rows = dir.rows("call");
    assert_eq!(dir.files().len(), 1);
    let mut sites: Vec<_> = rows.iter().map(|r| field(r, "site_id").to_string()).collect();
    sites.sort();
    assert_eq!(sites, ["\"east\"", "\"west\""]);
}

#[test]
fn more_dates_than_open_files_are_all_written() {
    let dir = Dir::new("dates");
    let mut store = Store::open(&dir.0, Mode::Replay).unwrap();
    let mut rows = Rows::default();
    for round in 0..2 {
        for day in 0..40_i64 {
            let mut call = synthetic::call(day as u64 + 40 * round);
            call.started_at = Micros(day * 86_400_000_000 + round as i64);
            rows.call.push(call);
        }
    }
    store.deliver(&batch(synthetic::names("default", "east"), rows, 5)).unwrap();
    let published = store.finish().unwrap();
    assert_eq!(published.tables[0].rows, 80);
    assert_eq!(dir.rows("call").len(), 80);
}

#[test]
fn a_change_cut_short_is_finished_by_the_next_start() {
    let dir = Dir::new("resume");
    replay(&dir, RUN, "default", "east", (0, 100)).unwrap();
    let files = dir.files();
    let name = files.keys().next().unwrap();
    let old = Path::new("history").join(name);
    let new = old.with_file_name("part-new.parquet");
    fs::create_dir_all(dir.0.join(".tmp")).unwrap();
    fs::write(dir.0.join(".tmp/1.part"), b"whole").unwrap();
    let change = serde_json::json!({ "moves": [[&old, &new]], "removes": [], "renames": [[".tmp/1.part", &new]] });
    fs::write(dir.0.join(".tmp/change.json"), change.to_string()).unwrap();
    Store::open(&dir.0, Mode::Replay).unwrap();
    assert!(!dir.0.join(&old).exists());
    assert_eq!(fs::read(dir.0.join(&new)).unwrap(), b"whole");
    assert_eq!(fs::read_dir(dir.0.join(".tmp")).unwrap().count(), 0);
}

#[test]
fn a_lost_manifest_is_made_again_from_the_files() {
    let dir = Dir::new("lost");
    replay(&dir, RUN, "default", "east", (1000, 2000)).unwrap();
    fs::remove_dir_all(dir.0.join("manifest")).unwrap();
    let history = dir.0.join("history/call/tenant=default/date=2023-11-14");
    fs::write(history.join("foreign.parquet"), b"PAR1").unwrap();
    let refused = replay(&dir, RUN, "default", "east", (1500, 2500));
    assert!(matches!(refused, Err(StoreError::Overlap { .. })), "{refused:?}");
    replay(&dir, Options { replace: true, ..RUN }, "default", "east", (1500, 2500)).unwrap();
    fs::remove_file(history.join("foreign.parquet")).unwrap();
    assert_eq!(dir.rows("call").len(), 1000);
}

/// A store that takes these rows of dimensions and nothing else.
fn described(dir: &Dir, mode: Mode, fill: impl FnOnce(&mut Rows)) {
    let mut store = Store::open(&dir.0, mode).unwrap();
    let mut rows = Rows::default();
    fill(&mut rows);
    store.deliver(&batch(synthetic::names("default", "east"), rows, 5)).unwrap();
    store.finish().unwrap();
}

fn agent(id: &str, name: Option<&str>) -> DimAgentRow {
    DimAgentRow {
        tenant_id: Tenant(SwitchId(0)),
        agent_id: Name(id.into()),
        site_id: name.is_none().then_some(Site(SwitchId(0))),
        employee_id: None,
        name: name.map(Into::into),
    }
}

#[test]
fn a_dimension_is_one_file_that_remembers_what_earlier_runs_knew() {
    let dir = Dir::new("dimension");
    described(&dir, Mode::Replay, |rows| rows.dim_agent = vec![agent("2", None), agent("1", Some("Ada"))]);
    described(&dir, Mode::Live, |rows| rows.dim_agent = vec![agent("3", None), agent("1", None)]);
    described(&dir, Mode::Live, |rows| rows.dim_agent = vec![agent("2", Some("Bob"))]);
    let files = dir.files();
    let names: Vec<_> = files.keys().collect();
    assert_eq!(names.len(), 1);
    assert!(names[0].starts_with("dim_agent/tenant=default/part-") && names[0].ends_with(".parquet"), "{names:?}");
    let shown = |row: &ReadRow| ["agent_id", "site_id", "name"].map(|column| field(row, column).to_string()).join(" ");
    let rows: Vec<_> = dir.rows("dim_agent").iter().map(shown).collect();
    assert_eq!(rows, ["\"1\" \"east\" \"Ada\"", "\"2\" \"east\" \"Bob\"", "\"3\" \"east\" null"]);
    let manifest = fs::read_to_string(dir.0.join("manifest/dim_agent/tenant=default.json")).unwrap();
    assert!(manifest.contains("\"rows\": 3") && manifest.contains("\"date\": \"\""), "{manifest}");
}

#[test]
fn what_is_declared_is_replaced_and_what_holds_since_earlier_stays_so() {
    let dir = Dir::new("declared");
    let definition = |from| DimDefinitionRow { valid_from: Micros(from), ..synthetic::dim_definition(1) };
    let group = |i| -> DimGroupRow { synthetic::dim_group(i) };
    described(&dir, Mode::Live, |rows| {
        (rows.dim_definition, rows.dim_group) = (vec![definition(7)], vec![group(1), group(2)])
    });
    described(&dir, Mode::Live, |rows| (rows.dim_definition, rows.dim_group) = (vec![definition(9)], vec![group(2)]));
    assert_eq!(field(&dir.rows("dim_definition")[0], "valid_from"), &Field::TimestampMicros(7));
    let groups: Vec<_> = dir.rows("dim_group").iter().map(|row| field(row, "group_id").to_string()).collect();
    assert_eq!(groups, ["\"Group 2\""]);
}

#[test]
fn the_calendar_belongs_to_no_tenant_and_may_have_more_rows_than_a_row_group() {
    let dir = Dir::new("calendar");
    let rows = super::parquet::ROW_GROUP_ROWS as u64 + 10;
    described(&dir, Mode::Replay, |all| all.dim_calendar = (100..rows).map(synthetic::dim_calendar).collect());
    described(&dir, Mode::Live, |all| all.dim_calendar = (0..150).map(synthetic::dim_calendar).collect());
    let files = dir.files();
    assert_eq!(files.len(), 1);
    assert!(files.keys().all(|name| name.starts_with("dim_calendar/part-")), "{:?}", files.keys());
    let starts: Vec<_> = dir.rows("dim_calendar").iter().map(|row| field(row, "interval_start").to_string()).collect();
    assert_eq!(starts.len() as u64, rows);
    assert!(starts.is_sorted());
    assert!(dir.0.join("manifest/dim_calendar.json").is_file());
}

#[test]
fn filters_know_the_calls_and_agents_of_a_row_group_and_hardly_any_other() {
    let dir = Dir::new("filters");
    replay(&dir, RUN, "default", "east", (0, 3000)).unwrap();
    let files = dir.files();
    let name = files.keys().find(|name| name.starts_with("handling_segment/")).unwrap();
    let properties = parquet::file::properties::ReaderProperties::builder().set_read_bloom_filter(true).build();
    let options =
        parquet::file::serialized_reader::ReadOptionsBuilder::new().with_reader_properties(properties).build();
    let file = fs::File::open(dir.0.join("history").join(name)).unwrap();
    let reader = SerializedFileReader::new_with_options(file, options).unwrap();
    let group = reader.get_row_group(0).unwrap();
    let leaf = |name: &str| group.metadata().columns().iter().position(|c| c.column_path().string() == name).unwrap();
    let calls = group.get_column_bloom_filter(leaf("call_id")).expect("a filter of calls");
    let agents = group.get_column_bloom_filter(leaf("agent_id")).expect("a filter of agents");
    assert!(group.get_column_bloom_filter(leaf("ring_ms")).is_none());
    for row in read(&dir.0.join("history").join(name)) {
        let Field::Bytes(id) = field(&row, "call_id") else { panic!("not an id") };
        assert!(calls.check(id.data()));
        let Field::Str(agent) = field(&row, "agent_id") else { panic!("not a name") };
        assert!(agents.check(agent.as_str()));
    }
    let strangers = (0..2000_u128).filter(|i| calls.check((i << 64 | 77).to_be_bytes().as_slice())).count();
    assert!(strangers < 200, "{strangers} of 2000 calls that are not there");
}
