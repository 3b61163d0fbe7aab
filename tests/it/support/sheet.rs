//! Rows of any table as text, so that tables of different runs can be compared and shown.

use std::collections::HashMap;

use callfold::model::identity::{LegKey, QueueSegmentKey, SessionKey};
use callfold::model::ids::{AgentId, ConnId, DnId, EventId, ReasonId, SwitchId, Uuid};
use callfold::model::names::Names;
use callfold::model::row::Rows;
use callfold::model::table::{CellWriter, LocalDate, LocalTime, LoggedId, Row, Table};
use callfold::model::time::Micros;

use super::log::DAY;

/// Columns that say how a row came to be, not what happened.
const BOOKKEEPING: [&str; 10] = [
    "tenant_id",
    "queue_kind",
    "site_id",
    "media_type",
    "interval_ms",
    "definition_version",
    "coverage_ms",
    "status",
    "revision",
    "written_at",
];

/// How cells read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// For comparing runs: every id whole, instants in microseconds.
    Exact,
    /// For people: instants as time of day, calls by ConnID, switch `east` left away.
    Readable,
}

/// All tables.
pub struct Sheets(Vec<Sheet>);

/// The rows of one table.
pub struct Sheet {
    pub table: Table,
    pub rows: Vec<Vec<Option<String>>>,
}

impl Sheets {
    pub fn of(rows: &Rows, names: &Names, style: Style) -> Self {
        let mut calls = HashMap::new();
        if style == Style::Readable {
            calls.extend(rows.call.iter().map(|c| (c.call_id, format!("c{:x}", c.conn_id.0))));
        }
        let mut sheets = Vec::new();
        macro_rules! sheet {
            ($table:ident) => {
                sheets.push(Sheet::of(&rows.$table, names, style, &calls));
            };
        }
        callfold::for_each_table!(sheet);
        Self(sheets)
    }

    pub fn table(&self, name: &str) -> &Sheet {
        self.0.iter().find(|s| s.table.name == name).unwrap_or_else(|| panic!("no table {name}"))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Sheet> {
        self.0.iter()
    }
}

impl Sheet {
    fn of<R: Row>(rows: &[R], names: &Names, style: Style, calls: &HashMap<Uuid, String>) -> Self {
        let rows = rows.iter().map(|row| {
            let mut w = Texts { names, style, calls, cells: Vec::with_capacity(R::TABLE.columns.len()) };
            row.cells(&mut w);
            w.cells
        });
        Self { table: R::TABLE, rows: rows.collect() }
    }

    pub fn column(&self, name: &str) -> usize {
        let place = self.table.columns.iter().position(|c| c.name == name);
        place.unwrap_or_else(|| panic!("no column {name} in {}", self.table.name))
    }

    /// The named columns of every row, in order of the table's sort columns and time; `*` is whatever else is there.
    pub fn select(&self, columns: &[String]) -> Vec<Vec<String>> {
        let order: Vec<usize> = self.table.order().map(|name| self.column(name)).collect();
        let mut rows: Vec<&Vec<Option<String>>> = self.rows.iter().collect();
        rows.sort_by_key(|row| order.iter().map(|c| row[*c].clone()).collect::<Vec<_>>());
        rows.iter().map(|row| self.cells(row, columns)).collect()
    }

    fn cells(&self, row: &[Option<String>], columns: &[String]) -> Vec<String> {
        let mut cells = Vec::new();
        for name in columns {
            if name != "*" {
                cells.push(row[self.column(name)].clone().unwrap_or_else(|| "-".to_owned()));
                continue;
            }
            for (column, cell) in self.table.columns.iter().zip(row) {
                let shown = BOOKKEEPING.contains(&column.name) || columns.iter().any(|c| c == column.name);
                if let Some(cell) = cell.as_ref().filter(|c| !shown && *c != "0") {
                    cells.push(format!("{}={cell}", column.name));
                }
            }
        }
        cells
    }

    /// The rows as sorted lines without the columns that tell when and how often a row was written.
    pub fn lines(&self) -> Vec<String> {
        let hidden: Vec<usize> = ["written_at", "revision", "status"].iter().filter_map(|n| self.find(n)).collect();
        let mut lines: Vec<String> = self
            .rows
            .iter()
            .map(|row| {
                let cells = row.iter().enumerate().filter(|(i, _)| !hidden.contains(i));
                let cells: Vec<&str> = cells.map(|(_, c)| c.as_deref().unwrap_or("-")).collect();
                cells.join(" ")
            })
            .collect();
        lines.sort();
        lines
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.table.columns.iter().position(|c| c.name == name)
    }
}

struct Texts<'a> {
    names: &'a Names,
    style: Style,
    calls: &'a HashMap<Uuid, String>,
    cells: Vec<Option<String>>,
}

impl Texts<'_> {
    fn put(&mut self, text: impl Into<String>) {
        let text: String = text.into();
        let text = if self.style == Style::Readable { text.replace(' ', "_") } else { text };
        self.cells.push(Some(text));
    }

    fn dn_text(&self, v: DnId) -> String {
        let text = self.names.dn_text(v);
        match text.strip_suffix("@east") {
            Some(number) if self.style == Style::Readable => number.to_owned(),
            _ => text,
        }
    }

    fn call_text(&self, v: Uuid) -> String {
        self.calls.get(&v).cloned().unwrap_or_else(|| v.to_string())
    }

    fn time_text(&self, v: Micros) -> String {
        if self.style == Style::Exact {
            return v.0.to_string();
        }
        let (seconds, micros) = (v.0.div_euclid(1_000_000) - DAY, v.0.rem_euclid(1_000_000));
        let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        match (micros, micros % 1000) {
            (0, _) => clock,
            (_, 0) => format!("{clock}.{:03}", micros / 1000),
            _ => format!("{clock}.{micros:06}"),
        }
    }
}

impl CellWriter for Texts<'_> {
    fn null(&mut self) {
        self.cells.push(None);
    }
    fn tenant(&mut self, v: SwitchId) {
        self.put(self.names.tenant(v));
    }
    fn site(&mut self, v: SwitchId) {
        self.put(self.names.switch_name(v));
    }
    fn dn(&mut self, v: DnId) {
        self.put(self.dn_text(v));
    }
    fn agent(&mut self, v: AgentId) {
        self.put(self.names.agent_id(v));
    }
    fn reason_key(&mut self, v: ReasonId) {
        self.put(self.names.reason_text(v).0);
    }
    fn reason_code(&mut self, v: ReasonId) {
        self.put(self.names.reason_text(v).1);
    }
    fn word(&mut self, v: &'static str) {
        self.put(v);
    }
    fn words(&mut self, v: &'static [&'static str]) {
        self.put(v.join(","));
    }
    fn text(&mut self, v: &str) {
        self.put(v);
    }
    fn conn(&mut self, v: ConnId) {
        self.put(v.to_string());
    }
    fn event(&mut self, v: EventId) {
        let switch = self.names.switch_name(v.switch);
        self.put(format!("{switch}:{}:{}", v.epoch, v.seq));
    }
    fn logged(&mut self, v: LoggedId) {
        self.event(v.id);
    }
    fn uuid(&mut self, v: Uuid) {
        self.put(self.call_text(v));
    }
    fn queue_segment_id(&mut self, v: &QueueSegmentKey) {
        let (call, queue, at) = (self.call_text(v.call), self.dn_text(v.queue), self.time_text(v.entered_at));
        let vqid = if v.vqid.is_empty() { String::new() } else { format!("/{}", v.vqid) };
        self.put(format!("{call}/{queue}/{at}{vqid}"));
    }
    fn leg_id(&mut self, v: &LegKey) {
        let (call, dn, at) = (self.call_text(v.call), self.dn_text(v.dn), self.time_text(v.offered_at));
        self.put(format!("{call}/{dn}/{at}"));
    }
    fn party_id(&mut self, v: &LegKey) {
        self.leg_id(v);
    }
    fn route_id(&mut self, v: &LegKey) {
        self.leg_id(v);
    }
    fn session_id(&mut self, v: &SessionKey) {
        let at = self.time_text(v.logged_in_at);
        self.put(format!("{}/{at}", self.names.agent_id(v.agent)));
    }
    fn name(&mut self, v: &str) {
        self.put(v);
    }
    fn date(&mut self, v: LocalDate) {
        self.put(v.0.to_string());
    }
    fn time(&mut self, v: LocalTime) {
        self.put(v.0.to_string());
    }
    fn instant(&mut self, v: Micros) {
        self.put(self.time_text(v));
    }
    fn long(&mut self, v: i64) {
        self.put(v.to_string());
    }
    fn int(&mut self, v: i32) {
        self.put(v.to_string());
    }
    fn flag(&mut self, v: bool) {
        self.put(if v { "yes" } else { "no" });
    }
}
