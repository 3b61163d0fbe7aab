//! Days that are too old go from a database: months as partitions, what is left of the last one in small deletions.
//!
//! ```text
//!  look ─▶ note the first day that stays ─▶ months before it: DROP, one at a time ─▶ days before it: DELETE, some quarter-hours at a time
//! ```
//!
//! In: the first day of each table that stays. Out: nothing older, and a note for whoever checks (`callfold.retained`). Every step is a short
//! transaction that waits for nobody for long, so whoever writes takes turns with it; broken off anywhere, the next run goes on. Whatever comes
//! later for a day that has gone is there until then. Knows no clock and no reason.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::SqlState;

use super::connect::{Session, Target};
use super::ddl::{ident, literal, partition_column, tables};
use super::error::{PostgresError, Trouble};
use super::migration::{migrate, standing};
use crate::model::table::Table;
use crate::model::time::civil_from_days;
use crate::sink::path;

/// Rows of one deletion, unless a quarter-hour alone has more. Twice as many took a server a third of a second, at most half.
const ROWS: u64 = 10_000;

/// Seconds of a quarter-hour, by which rows are deleted.
const SLOT: i64 = 900;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// 1990-01-01, as days since 1970: what is older has no month of its own.
const MONTHS_BEGIN: i64 = 7_305;

/// Settings of every step: it sees all tenants, waits for nobody for long, and lets the index by time say where to look.
const SETTINGS: &str =
    "SET LOCAL callfold.tenant = ''; SET LOCAL lock_timeout = '2s'; SET LOCAL enable_seqscan = off; ";

/// How long a program waits that writes, when somebody is in the way.
const AGAIN: Duration = Duration::from_secs(60);

/// How long somebody at a terminal waits for one step, and between two attempts.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_millis(250));

/// The first day of each table that stays, as days since 1970-01-01, asked of whoever knows what day it is.
#[derive(Clone)]
pub struct Limits(Arc<dyn Fn() -> Vec<(&'static str, i64)> + Send + Sync>);

impl Limits {
    /// As `today` says each time.
    pub fn new(today: impl Fn() -> Vec<(&'static str, i64)> + Send + Sync + 'static) -> Self {
        Self(Arc::new(today))
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Limits").field(&(self.0)()).finish()
    }
}

/// A table and its first day that stays.
#[derive(Clone, Copy, Debug)]
struct Aged {
    table: &'static Table,
    /// The column that says when.
    time: &'static str,
    day: i64,
}

/// The tables of a database among those with a limit.
fn aged<'a>(limits: &'a [(&str, i64)]) -> impl Iterator<Item = Aged> + 'a {
    let own = tables();
    limits.iter().filter_map(move |(name, day)| {
        let table = own.iter().find(|table| table.name == *name)?;
        Some(Aged { table, time: partition_column(table)?, day: *day })
    })
}

impl Aged {
    fn name(&self) -> String {
        format!("callfold.{}", ident(self.table.name))
    }

    /// The condition for a row between two days, or before the second one.
    fn between(&self, from: Option<i64>, to: i64) -> String {
        self.within(from.map(|day| day * DAY), to * DAY)
    }

    /// The same with seconds since 1970.
    fn within(&self, from: Option<i64>, to: i64) -> String {
        let time = ident(self.time);
        let from = from.map(|at| format!("{time} >= to_timestamp({at}) AND ")).unwrap_or_default();
        format!("{from}{time} < to_timestamp({to})")
    }

    /// First day of the month of the first day that stays.
    fn month(&self) -> i64 {
        let (_, _, day) = civil_from_days(self.day);
        self.day - i64::from(day) + 1
    }

    /// Ranges of days that have no month to be dropped with.
    fn rests(&self) -> Vec<(Option<i64>, i64)> {
        let mut rests = vec![(None, self.day.min(MONTHS_BEGIN))];
        rests.extend((self.month().max(MONTHS_BEGIN)..self.day).map(|day| (Some(day), day + 1)));
        rests
    }

    /// Names of its months that are too old as a whole, oldest first, and how many bytes they are.
    async fn months(&self, session: &Session) -> Result<Vec<(String, i64)>, PostgresError> {
        let sql = format!(
            "SELECT c.relname::text, pg_total_relation_size(c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
             WHERE i.inhparent = {}::regclass ORDER BY 1",
            literal(&self.name())
        );
        let rows = session.client.query(&sql, &[]).await.map_err(|e| session.met("look for months in", &e))?;
        let named = rows.iter().map(|row| (row.get::<_, String>(0), row.get::<_, i64>(1)));
        let end = self.month_name(self.month());
        Ok(named.filter(|(name, _)| is_month(self.table.name, name) && *name < end).collect())
    }

    fn month_name(&self, day: i64) -> String {
        format!("{}_{}", self.table.name, path::date(day)[..7].replace('-', "_"))
    }
}

/// A day since 1970, as SQL.
fn date(day: i64) -> String {
    format!("DATE '1970-01-01' + {day}")
}

/// Whether a partition of a table is that of a month.
fn is_month(table: &str, partition: &str) -> bool {
    let rest = partition.strip_prefix(table).and_then(|rest| rest.strip_prefix('_')).unwrap_or_default();
    rest.len() == 7 && rest.bytes().enumerate().all(|(at, b)| if at == 4 { b == b'_' } else { b.is_ascii_digit() })
}

/// Rows of one table, tenant and day that are too old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldDay {
    /// Table.
    pub table: &'static str,
    /// Tenant.
    pub tenant: String,
    /// UTC date as `YYYY-MM-DD`.
    pub date: String,
    /// Rows.
    pub rows: u64,
}

/// A month of a table that is too old as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldMonth {
    /// Table.
    pub table: &'static str,
    /// The month as `YYYY-MM`.
    pub month: String,
    /// Bytes with indexes.
    pub bytes: u64,
}

/// What of a database is too old.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overdue {
    /// Every day with rows, by table.
    pub days: Vec<OldDay>,
    /// Months that go as a whole, which are most of these days.
    pub months: Vec<OldMonth>,
}

/// What of a database lies before the first day that stays of its table, every row counted. Changes nothing.
///
/// # Errors
/// When the database is not there, has no tables or refuses.
pub async fn overdue(target: &Target, limits: &[(&str, i64)]) -> Result<Overdue, PostgresError> {
    let session = target.connect().await?;
    if standing(&session).await?.version.is_none() {
        let fix = "name the database that rows go to; `callfold db migrate` makes tables in a new one";
        let what = format!("{} has no schema callfold", session.place());
        return Err(PostgresError::new(Trouble::NoDatabase, what, fix));
    }
    session.run("begin to read", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let mut found = Overdue::default();
    for aged in aged(limits) {
        let (table, time) = (aged.table.name, ident(aged.time));
        let sql = format!(
            "SELECT tenant_id, (({time} AT TIME ZONE 'UTC')::date - DATE '1970-01-01')::bigint, count(*) \
             FROM {} WHERE {} GROUP BY 1, 2 ORDER BY 2, 1",
            aged.name(),
            aged.between(None, aged.day)
        );
        let rows = session.client.query(&sql, &[]).await.map_err(|e| session.met("count the rows of", &e))?;
        found.days.extend(rows.iter().map(|row| OldDay {
            table,
            tenant: row.get(0),
            date: path::date(row.get(1)),
            rows: row.get::<_, i64>(2).unsigned_abs(),
        }));
        let months = aged.months(&session).await?.into_iter();
        found.months.extend(months.map(|(name, bytes)| OldMonth {
            table,
            month: name[table.len() + 1..].replace('_', "-"),
            bytes: bytes.unsigned_abs(),
        }));
    }
    Ok(found)
}

/// What went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Months that went as a whole.
    pub months: u64,
    /// Rows that were deleted besides.
    pub rows: u64,
}

/// Removes what lies before the first day that stays of its table; may run beside whoever writes. Tables are brought up to date first.
///
/// # Errors
/// When the database is not there or refuses, or somebody is in the way for long; what went until then is gone.
pub async fn remove(target: &Target, limits: &[(&str, i64)]) -> Result<Removed, PostgresError> {
    let session = target.connect().await?;
    migrate(&session).await?;
    let mut removal = Removal::new(limits);
    let mut begun = Instant::now();
    loop {
        match removal.step(&session).await? {
            Step::Done => return Ok(removal.removed),
            Step::Taken => begun = Instant::now(),
            Step::Busy if begun.elapsed() < PATIENCE.0 => sleep(PATIENCE.1).await,
            Step::Busy => {
                let what = format!("cannot remove what is too old from {}: {}", session.place(), removal.in_the_way());
                return Err(PostgresError::new(Trouble::Other, what, "end it, or run this again later"));
            }
        }
    }
}

/// What is still to be done of a removal.
#[derive(Debug)]
enum Task {
    /// Whether there is anything of a table.
    Look(Aged),
    /// Its oldest month.
    Month(Aged),
    /// Rows of some days.
    Days(Aged, Option<i64>, i64),
    /// Rows between two instants, in seconds since 1970.
    Rows(Aged, i64, i64),
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is done, and there are more.
    Taken,
    /// Somebody is in the way; nothing was done.
    Busy,
    /// There are no more.
    Done,
}

/// A removal, step by step.
#[derive(Debug)]
pub(super) struct Removal {
    tasks: VecDeque<Task>,
    pub(super) removed: Removed,
}

impl Removal {
    pub(super) fn new(limits: &[(&str, i64)]) -> Self {
        Self { tasks: aged(limits).map(Task::Look).collect(), removed: Removed::default() }
    }

    /// What the next step is about, for people.
    fn in_the_way(&self) -> String {
        let table = self.tasks.front().map(|task| match task {
            Task::Look(aged) | Task::Month(aged) | Task::Days(aged, ..) | Task::Rows(aged, ..) => aged.name(),
        });
        format!("another session is in table {}", table.unwrap_or_default())
    }

    /// Takes one step, a short transaction of its own.
    pub(super) async fn step(&mut self, session: &Session) -> Result<Step, PostgresError> {
        let Some(task) = self.tasks.front() else { return Ok(Step::Done) };
        let more = match *task {
            Task::Look(aged) => look(session, aged).await?,
            Task::Month(aged) => self.month(session, aged).await?,
            Task::Days(aged, from, to) => days(session, aged, from, to).await?,
            Task::Rows(aged, from, to) => self.rows(session, aged, from, to).await?,
        };
        let Some(more) = more else { return Ok(Step::Busy) };
        self.tasks.pop_front();
        more.into_iter().rev().for_each(|task| self.tasks.push_front(task));
        Ok(if self.tasks.is_empty() { Step::Done } else { Step::Taken })
    }

    /// Drops the oldest month of a table that is too old as a whole; there may be another behind it.
    async fn month(&mut self, session: &Session, aged: Aged) -> Result<Option<Vec<Task>>, PostgresError> {
        let drop = format!("SELECT callfold_store.drop_retained({}, {})", literal(aged.table.name), date(aged.day));
        let Some(answer) = ask(session, &drop).await? else { return Ok(None) };
        let is_dropped = cells(&answer).any(|row| row[0].is_some());
        self.removed.months += u64::from(is_dropped);
        Ok(Some(if is_dropped { vec![Task::Month(aged)] } else { Vec::new() }))
    }

    async fn rows(
        &mut self,
        session: &Session,
        aged: Aged,
        from: i64,
        to: i64,
    ) -> Result<Option<Vec<Task>>, PostgresError> {
        let delete = format!("DELETE FROM {} WHERE {}", aged.name(), aged.within(Some(from), to));
        let Some(answer) = ask(session, &delete).await? else { return Ok(None) };
        let counts = answer.iter().map(|part| match part {
            SimpleQueryMessage::CommandComplete(count) => *count,
            _ => 0,
        });
        self.removed.rows += counts.sum::<u64>();
        Ok(Some(Vec::new()))
    }
}

/// Notes how far a table will be emptied, if there is anything to remove, and lists what.
async fn look(session: &Session, aged: Aged) -> Result<Option<Vec<Task>>, PostgresError> {
    let months = aged.months(session).await?;
    let rests = aged.rests();
    let is_there = |from, to| format!("EXISTS (SELECT FROM {} WHERE {})", aged.name(), aged.between(from, to));
    let [first, last] = [&rests[0], &rests[rests.len() - 1]];
    let within = is_there(rests.get(1).and_then(|rest| rest.0), last.1);
    let Some(answer) = ask(session, &format!("SELECT {} OR {within}", is_there(first.0, first.1))).await? else {
        return Ok(None);
    };
    let has_rows = cells(&answer).any(|row| row[0] == Some("t"));
    if months.is_empty() && !has_rows {
        return Ok(Some(Vec::new()));
    }
    // Whoever checks knows before the first row is gone.
    let note = format!(
        "INSERT INTO callfold.retained AS r (table_name, first_day) VALUES ({}, {}) ON CONFLICT (table_name) \
         DO UPDATE SET first_day = excluded.first_day, written_at = now() WHERE r.first_day < excluded.first_day",
        literal(aged.table.name),
        date(aged.day)
    );
    let Some(_) = ask(session, &note).await? else { return Ok(None) };
    let mut tasks = Vec::new();
    if !months.is_empty() {
        tasks.push(Task::Month(aged));
    }
    if has_rows {
        tasks.extend(rests.into_iter().map(|(from, to)| Task::Days(aged, from, to)));
    }
    Ok(Some(tasks))
}

/// Portions of rows of these days: quarter-hours that are few rows together.
async fn days(session: &Session, aged: Aged, from: Option<i64>, to: i64) -> Result<Option<Vec<Task>>, PostgresError> {
    let count = format!(
        "SELECT (extract(epoch FROM slot))::bigint, count(*) FROM (SELECT date_bin('{SLOT} seconds', {}, to_timestamp(0)) AS slot \
         FROM {} WHERE {}) AS s GROUP BY slot ORDER BY slot",
        ident(aged.time),
        aged.name(),
        aged.between(from, to)
    );
    let Some(answer) = ask(session, &count).await? else { return Ok(None) };
    let number = |cell: Option<&str>| cell.and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
    let slots: Vec<(i64, u64)> = cells(&answer).map(|row| (number(row[0]), number(row[1]).unsigned_abs())).collect();
    let portions = portions(&slots, ROWS);
    Ok(Some(portions.into_iter().map(|(from, to)| Task::Rows(aged, from, to)).collect()))
}

/// Begin and end of portions of at most `rows` rows, unless one slot has more; `slots` are begins and rows, in order.
fn portions(slots: &[(i64, u64)], rows: u64) -> Vec<(i64, i64)> {
    let mut portions: Vec<(i64, i64)> = Vec::new();
    let mut filled = 0;
    for (slot, count) in slots {
        match portions.last_mut() {
            Some((_, end)) if filled + count <= rows => *end = slot + SLOT,
            _ => {
                portions.push((*slot, slot + SLOT));
                filled = 0;
            }
        }
        filled += count;
    }
    portions
}

/// Runs statements as one transaction; nothing when somebody was in the way, and then nothing was done.
async fn ask(session: &Session, sql: &str) -> Result<Option<Vec<SimpleQueryMessage>>, PostgresError> {
    match session.client.simple_query(&format!("{SETTINGS}{sql}")).await {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code().is_some_and(is_busy) => Ok(None),
        Err(error) => Err(session.met("remove what is too old from", &error)),
    }
}

fn is_busy(code: &SqlState) -> bool {
    [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE].contains(code)
}

/// The rows of an answer, two cells at most.
fn cells(answer: &[SimpleQueryMessage]) -> impl Iterator<Item = [Option<&str>; 2]> {
    answer.iter().filter_map(|part| match part {
        SimpleQueryMessage::Row(row) => Some([0, 1].map(|at| if at < row.len() { row.get(at) } else { None })),
        _ => None,
    })
}

/// What a program that writes removes by and by, once on each day.
#[derive(Debug)]
pub(super) struct Daily {
    limits: Option<Limits>,
    /// The limits that were carried out last.
    done: Vec<(&'static str, i64)>,
    running: Option<(Vec<(&'static str, i64)>, Removal)>,
    /// Until when whoever is in the way is left alone.
    rest_until: Option<Instant>,
}

/// What came of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// Whether there is more to do at once.
    pub(super) goes_on: bool,
    /// Whether partitions may have gone.
    pub(super) dropped: bool,
}

impl Daily {
    pub(super) const fn new(limits: Option<Limits>) -> Self {
        Self { limits, done: Vec::new(), running: None, rest_until: None }
    }

    /// Takes a step, if there is one to take.
    ///
    /// # Errors
    /// When the connection is of no use any more. What else is in the way is logged, and tried again on the next day.
    pub(super) async fn turn(&mut self, session: &Session) -> Result<Turn, PostgresError> {
        let mut turn = Turn { goes_on: false, dropped: false };
        if self.rest_until.is_some_and(|until| Instant::now() < until) {
            return Ok(turn);
        }
        self.rest_until = None;
        if self.running.is_none() {
            let today = self.limits.as_ref().map(|limits| (limits.0)()).unwrap_or_default();
            if today == self.done {
                return Ok(turn);
            }
            self.running = Some((today.clone(), Removal::new(&today)));
        }
        let Some((limits, removal)) = &mut self.running else { return Ok(turn) };
        let before = removal.removed;
        let stepped = within_reach(session, removal.step(session)).await?;
        turn.dropped = removal.removed.months > before.months;
        match stepped {
            Some(Step::Taken) => turn.goes_on = true,
            Some(Step::Busy) => {
                tracing::debug!("{}; what is too old goes later", removal.in_the_way());
                self.rest_until = Some(Instant::now() + AGAIN);
            }
            Some(Step::Done) | None => {
                let Removed { months, rows } = removal.removed;
                if removal.removed != Removed::default() {
                    tracing::info!(months, rows, "rows older than history.retention were removed from the database");
                }
                self.done = std::mem::take(limits);
                self.running = None;
            }
        }
        Ok(turn)
    }
}

/// What came of a step; nothing where the server refuses, which is said.
async fn within_reach(
    session: &Session,
    step: impl Future<Output = Result<Step, PostgresError>>,
) -> Result<Option<Step>, PostgresError> {
    match step.await {
        Ok(step) => Ok(Some(step)),
        Err(error) if session.client.is_closed() || error.trouble == Trouble::Unreachable => Err(error),
        Err(error) => {
            tracing::warn!("{error}; nothing more is removed from the database today");
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_are_whole_quarter_hours_of_few_rows() {
        let slots = [(0, 4), (900, 4), (2700, 3), (3600, 20), (4500, 1)];
        assert_eq!(portions(&slots, 10), [(0, 1800), (2700, 3600), (3600, 4500), (4500, 5400)]);
        assert_eq!(portions(&slots, 1000), [(0, 5400)]);
        assert_eq!(portions(&[], 10), []);
    }

    #[test]
    fn what_no_month_takes_along_is_deleted_day_by_day() {
        let of = |day: i64| aged(&[("call", day)]).next().expect("a table").rests();
        // 2024-03-03 and 2024-03-01.
        assert_eq!(of(19_785), [(None, 7_305), (Some(19_783), 19_784), (Some(19_784), 19_785)]);
        assert_eq!(of(19_783), [(None, 7_305)]);
        assert_eq!(of(365), [(None, 365)]);
        assert_eq!(aged(&[("event_log", 1), ("dim_queue", 1)]).count(), 0);
    }

    #[test]
    fn only_a_month_of_the_table_is_one() {
        assert!(is_month("call", "call_2024_03"));
        for other in ["call_before", "call_link_2024_03", "call_2024_3x", "party_2024_03", "call_202403"] {
            assert!(!is_month("call", other), "{other}");
        }
        let aged = aged(&[("call", 19_785)]).next().expect("a table");
        assert_eq!(aged.month_name(aged.month()), "call_2024_03");
    }
}
