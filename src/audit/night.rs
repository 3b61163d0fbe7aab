//! The self-check of a running program: every night, the days that are over and were not checked as they are now.
//!
//! ```text
//!  due? ─▶ which days changed since they were found right ─▶ laws, with two days before them for context ─▶ DATA/check/TIME.json
//!    ▲                                                                                                  └─▶ figures, log
//!    └──────────────────────────────────────── sleep ───────────────────────────────────────────────────────────┘
//! ```
//!
//! In: where the stores are, and when the next check is due. Out: a report on disk and figures for `/metrics`. Reads files, and the
//! database in a transaction of its own; the fold never waits for it. Where no day is due, nothing is read and no report written. A day in which something was found is checked again every
//! night until nothing is. Refuses to stop anything.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::database::Database;
use super::dimension::Calendar;
use super::files::Files;
use super::law::Kind;
use super::run::{Report, Walk, settled};
use super::shelf::{CheckError, DAY_MS, Shelf, date_of, start_of};
use crate::handoff::selfcheck::{Checked, SelfCheck};
use crate::handoff::stop::Stop;
use crate::model::time::{Micros, Span};
use crate::sink::postgres::{Holdings, Target};

/// Longest sleep: a wall clock that was set is noticed within it.
const NAP: Duration = Duration::from_secs(20);

/// How much the thread gives way to others, as in the command `nice`.
const NICE: i32 = 19;

/// Rows shown of each law in a report.
const FIRST: usize = 20;

/// Directory of the reports, below that of the store.
const DIR: &str = "check";

/// Name of the list of what was found right.
const RIGHT: &str = "right.json";

/// What is checked, and when.
pub struct Night {
    /// Data directory.
    pub data: PathBuf,
    /// Database, if rows go to one.
    pub database: Option<Target>,
    /// The first instant after another at which a check is due; none when there will be none.
    pub next: Box<dyn Fn(Micros) -> Option<Micros> + Send>,
    /// The wall clock.
    pub now: fn() -> Micros,
    /// Reports kept.
    pub keep: usize,
    /// Where figures are shown.
    pub figures: Arc<SelfCheck>,
}

impl std::fmt::Debug for Night {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Night").field("data", &self.data).finish_non_exhaustive()
    }
}

/// Marks of days that were found right, by store, tenant and date.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Right(BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>);

/// Days of a tenant as they are now, each with a mark that changes with its rows.
type Days = BTreeMap<i64, u64>;

impl Night {
    /// Starts the thread; it ends soon after `stop` is set.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(self, stop: Stop) -> io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name("self-check".into()).spawn(move || self.run(&stop))
    }

    fn run(self, stop: &Stop) {
        // On other systems the call is about the whole process. Where it is refused, all threads share alike.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::setpriority_process(None, NICE);
        if let Ok(Some(last)) = last(&self.data) {
            self.figures.set(figures_of(&last));
        }
        let mut due = (self.next)((self.now)());
        while let Some(at) = due {
            let left = u64::try_from(at.0.saturating_sub((self.now)().0)).unwrap_or(0);
            if left > 0 {
                if stop.sleep(NAP.min(Duration::from_micros(left))) {
                    return;
                }
                continue;
            }
            self.check(stop);
            if stop.is_set() {
                return;
            }
            due = (self.next)((self.now)());
        }
    }

    /// Checks once, tells what was found and keeps the report.
    fn check(&self, stop: &Stop) {
        let began = (self.now)();
        let mut report = Report::new(FIRST);
        let mut right = self.read_right();
        let mut troubles = Vec::new();
        for (name, checked) in [
            ("files", self.files(&mut report, &mut right, stop)),
            ("database", self.database(&mut report, &mut right, stop)),
        ] {
            if let Err(error) = checked {
                troubles.push(format!("{name}: {error}"));
            }
        }
        if stop.is_set() {
            return;
        }
        let ended = (self.now)();
        if report.days.is_empty() && troubles.is_empty() {
            // Everything is as it was found right; the last report stays the last.
            self.figures.set(Checked { ended_at: ended, ..self.figures.last().unwrap_or_default() });
            return;
        }
        let mut document = report.document();
        let trouble = (!troubles.is_empty()).then(|| troubles.join("; "));
        document["began_at"] = json!(began.to_string());
        document["ended_at"] = json!(ended.to_string());
        document["ended_at_us"] = json!(ended.0);
        document["took_us"] = json!((ended - began).0);
        document["trouble"] = json!(trouble);
        let checked = figures_of(&document);
        let kept =
            self.keep(began, &document).and_then(|path| self.write(RIGHT, &json!(right).to_string()).map(|_| path));
        let path = kept.map_or_else(
            |error| {
                tracing::warn!(%error, "the report of the self-check could not be kept");
                String::new()
            },
            |path| path.display().to_string(),
        );
        tell(&report, &checked, &path);
        self.figures.set(checked);
    }

    fn files(&self, report: &mut Report, right: &mut Right, stop: &Stop) -> Result<(), CheckError> {
        judge("files", &mut Files::open(&self.data)?, report, right, stop)
    }

    fn database(&self, report: &mut Report, right: &mut Right, stop: &Stop) -> Result<(), CheckError> {
        let Some(target) = self.database.as_ref().filter(|_| !stop.is_set()) else { return Ok(()) };
        let holdings = Holdings::open(target, right.since("database"))?;
        judge("database", &mut Database::new(holdings, None), report, right, stop)
    }

    fn read_right(&self) -> Right {
        let text = fs::read(self.data.join(DIR).join(RIGHT)).unwrap_or_default();
        // Without it everything is checked again.
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Keeps a report, and removes the oldest.
    fn keep(&self, at: Micros, document: &Value) -> io::Result<PathBuf> {
        let name: String = at.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect();
        let path = self.write(&format!("{name}.json"), &format!("{document:#}\n"))?;
        let reports = reports(&self.data)?;
        for old in reports.iter().rev().skip(self.keep) {
            fs::remove_file(old)?;
        }
        Ok(path)
    }

    /// Replaces a file of the directory of reports as a whole.
    fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let dir = self.data.join(DIR);
        fs::create_dir_all(&dir)?;
        let (path, fresh) = (dir.join(name), dir.join(format!("{name}.new")));
        fs::write(&fresh, text)?;
        fs::rename(&fresh, &path)?;
        Ok(path)
    }
}

impl Right {
    /// The first day that has to be looked at in a store of which everything before was found right long ago, as days since 1970.
    fn since(&self, store: &str) -> Option<i64> {
        let tenants = self.0.get(store)?;
        // What somebody changes there after a month is found by `check data`.
        let last = tenants.values().map(|days| days.keys().next_back().and_then(|date| start_of(date))).min()??;
        Some(last.div_euclid(DAY_MS) - 31)
    }

    /// Days that are over and were not found right as they are now.
    fn due(&self, store: &str, tenant: &str, days: &Days) -> Vec<i64> {
        let known = self.0.get(store).and_then(|tenants| tenants.get(tenant));
        let is_right =
            |day: i64, mark: u64| known.and_then(|days| days.get(&date_of(day))) == Some(&format!("{mark:016x}"));
        days.iter().filter(|(day, mark)| !is_right(**day, **mark)).map(|(day, _)| *day).collect()
    }

    /// Days from `first` (milliseconds) on are looked at again, even when they become as they were once found right.
    fn forget(&mut self, store: &str, tenant: &str, first: i64) {
        if let Some(days) = self.0.get_mut(store).and_then(|tenants| tenants.get_mut(tenant)) {
            days.retain(|date, _| start_of(date).is_some_and(|day| day < first));
        }
    }

    /// Takes note of days that were found right.
    fn note(&mut self, store: &str, tenant: &str, days: impl Iterator<Item = (i64, u64)>) {
        let known = self.0.entry(store.to_owned()).or_default().entry(tenant.to_owned()).or_default();
        known.extend(days.map(|(day, mark)| (date_of(day), format!("{mark:016x}"))));
    }
}

/// The days of every tenant that are over, with their marks.
fn over(shelf: &impl Shelf) -> BTreeMap<String, Days> {
    let mut tenants: BTreeMap<String, Days> = BTreeMap::new();
    for lot in shelf.lots() {
        let Some(day) = lot.day else { continue };
        let until = shelf.written_until(&lot.tenant).unwrap_or(i64::MAX);
        if day < settled(until) {
            let mark = tenants.entry(lot.tenant.clone()).or_default().entry(day).or_default();
            // Whatever the order of the lots.
            *mark = mark.wrapping_add(shelf.mark(&lot));
        }
    }
    tenants
}

/// Judges the days of a store that are due.
fn judge(
    store: &str,
    shelf: &mut impl Shelf,
    report: &mut Report,
    right: &mut Right,
    stop: &Stop,
) -> Result<(), CheckError> {
    let over = over(shelf);
    let first: BTreeMap<String, i64> = over
        .iter()
        .filter_map(|(tenant, days)| {
            // What may go on when a day ends is known a day later, so the day before is judged again.
            let first = right.due(store, tenant, days).first().map(|day| day - DAY_MS)?;
            Some((tenant.clone(), first))
        })
        .collect();
    if first.is_empty() {
        return Ok(());
    }
    let before = report.findings.broken_of(Kind::Certain);
    let from = |tenant: &str| first.get(tenant).copied();
    Walk { shelf, report: &mut *report, from: &from, stop, calendar: Calendar::default() }.all(&mut |_| {})?;
    let is_right = report.findings.broken_of(Kind::Certain) == before;
    for (tenant, first) in &first {
        let days = over[tenant].iter().filter(|(day, _)| *day >= first).map(|(day, mark)| (*day, *mark));
        report.days.extend(days.clone().map(|(day, _)| format!("{store} {tenant} {}", date_of(day))));
        if is_right && !report.stopped {
            right.note(store, tenant, days);
        } else {
            right.forget(store, tenant, *first);
        }
    }
    Ok(())
}

/// Says what was found.
fn tell(report: &Report, checked: &Checked, path: &str) {
    let Checked { days, rows, certain, expected, trouble, .. } = checked;
    let seconds = checked.took.0 / 1_000_000;
    if let Some(trouble) = trouble {
        tracing::error!(%trouble, report = path, "the self-check could not be carried to its end");
    }
    if *certain == 0 {
        tracing::info!(
            days,
            rows,
            seconds,
            unless_the_feed_explains_them = expected,
            report = path,
            "the self-check found nothing"
        );
        return;
    }
    let broken = report.findings.verdicts().filter(|(law, verdict)| verdict.broken > 0 && law.kind() == Kind::Certain);
    let laws: Vec<_> = broken.map(|(law, verdict)| format!("{} {}", verdict.broken, law.name())).collect();
    tracing::error!(
        laws = laws.join(", "),
        days,
        rows,
        seconds,
        report = path,
        "the self-check found rows that cannot be right"
    );
}

fn figures_of(document: &Value) -> Checked {
    let number = |key: &str| document[key].as_i64().unwrap_or(0);
    let count = |key: &str| document[key].as_u64().unwrap_or(0);
    Checked {
        ended_at: Micros(number("ended_at_us")),
        took: Span(number("took_us")),
        days: document["days"].as_array().map_or(0, |days| days.len() as u64),
        rows: count("rows"),
        certain: count("broken_certain"),
        expected: count("broken").saturating_sub(count("broken_certain")),
        trouble: document["trouble"].as_str().map(str::to_owned),
    }
}

/// The reports that are kept, oldest first.
fn reports(data: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(data.join(DIR)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with("Z.json") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The last report that is kept in a data directory; `None` before the first check.
///
/// # Errors
/// When it cannot be read.
pub fn last(data: &Path) -> io::Result<Option<Value>> {
    let Some(path) = reports(data)?.pop() else { return Ok(None) };
    let text = fs::read(&path)?;
    serde_json::from_slice(&text).map(Some).map_err(|error| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{} is no report: {error}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_due_until_it_was_found_right_as_it_is_now() {
        let mut right = Right::default();
        let days: Days = [(0, 7), (DAY_MS, 8)].into();
        assert_eq!(right.due("files", "a", &days), [0, DAY_MS]);
        right.note("files", "a", days.iter().map(|(day, mark)| (*day, *mark)));
        let text = json!(right).to_string();
        let right: Right = serde_json::from_str(&text).expect("what was written");
        assert_eq!(right.due("files", "a", &days), [0; 0]);
        assert_eq!(right.due("files", "b", &days).len(), 2);
        assert_eq!(right.due("database", "a", &days).len(), 2);
        let revised: Days = [(0, 9), (DAY_MS, 8)].into();
        assert_eq!(right.due("files", "a", &revised), [0]);
        let mut other = right.clone();
        other.forget("files", "a", DAY_MS);
        assert_eq!(other.due("files", "a", &days), [DAY_MS]);
        assert_eq!((right.since("files"), right.since("database")), (Some(1 - 31), None));
    }
}
