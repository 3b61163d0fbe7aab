//! The configuration as written: TOML, environment and flags, in that order, before anyone has judged the values.
//!
//! In: the text of a file and the variables `CALLFOLD_SECTION__KEY`. Out: a [`Config`] whose every value is optional, or all
//! problems at once, each with its place and, for an unknown key, the nearest one that exists. Refuses to know what a
//! value means; that is for [`settings`](super::settings).

use std::fmt;

use serde::Deserialize;
use toml::de::{DeTable, DeValue};

/// What was written. Absent means: not written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `[server]`
    pub server: Server,
    /// `[store]`
    pub store: Store,
    /// `[postgres]`
    pub postgres: Postgres,
    /// `[history]`
    pub history: History,
    /// `[check]`
    pub check: SelfCheck,
    /// `[queue_defaults]`
    pub queue_defaults: QueueDefaults,
    /// `[privacy]`
    pub privacy: Privacy,
    /// `[[user_data]]`, any number of times.
    pub user_data: Vec<UserData>,
    /// `[[dn]]`, any number of times.
    pub dn: Vec<Dn>,
    /// `[[feed]]`, any number of times.
    pub feed: Vec<Feed>,
    /// `[calendar]`
    pub calendar: Calendar,
    /// `[[tenant]]`, any number of times.
    pub tenant: Vec<Tenant>,
    /// `[[site]]`, any number of times.
    pub site: Vec<Site>,
    /// `[[agent]]`, any number of times.
    pub agent: Vec<Agent>,
    /// `[[queue]]`, any number of times.
    pub queue: Vec<Queue>,
    /// `[[reason]]`, any number of times.
    pub reason: Vec<Reason>,
    /// `[[group]]`, any number of times.
    pub group: Vec<Group>,
}

/// How the program is reached.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port of HTTP.
    pub listen: Option<String>,
    /// Whether plain, open connections are allowed beyond this machine.
    pub insecure: Option<bool>,
    /// Shortest time between two pictures for readers.
    pub publish_every: Option<String>,
}

/// Where history goes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// Its directory.
    pub path: Option<String>,
}

/// The database that history goes to, too.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Postgres {
    /// Where it is; a password may be in it.
    pub url: Option<Hidden>,
    /// A file with that.
    pub url_file: Option<String>,
    /// The password itself.
    pub password: Option<Hidden>,
    /// A file with the password.
    pub password_file: Option<String>,
    /// A file with the certificate of the authority that signs the server's.
    pub ca_file: Option<String>,
    /// Under which name rows are written.
    pub writer: Option<String>,
    /// Most bytes of rows that wait on disk.
    pub spool_max: Option<String>,
}

/// What history has besides facts and intervals.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct History {
    /// Whether every state of every party has a row.
    pub party_states: Option<bool>,
    /// Whether every event that was folded has a row.
    pub event_log: Option<bool>,
    /// How long final rows are revised by what is heard of late.
    pub revise_for: Option<String>,
    /// How long after an earlier run has stopped it is gone on from.
    pub resume_within: Option<String>,
    /// How often queues are sampled.
    pub queue_snapshots: Option<String>,
    /// How often agents are sampled.
    pub agent_snapshots: Option<String>,
    /// `[history.retention]`
    pub retention: Retention,
}

/// How long rows are kept, by class of table.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// The event log.
    pub events: Option<String>,
    /// Single states of parties and agents, and snapshots.
    pub states: Option<String>,
    /// Calls, their parts, and what is attached to them.
    pub detail: Option<String>,
    /// What agents did.
    pub agents: Option<String>,
    /// Intervals of queues.
    pub intervals: Option<String>,
}

/// When the program checks what it has stored.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SelfCheck {
    /// Time of day, or `off`.
    pub at: Option<String>,
    /// Zone of that time.
    pub zone: Option<String>,
    /// How often instead.
    pub every: Option<String>,
    /// Reports kept.
    pub keep: Option<i64>,
}

/// Thresholds of every queue.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueueDefaults {
    /// Longest wait that is within the service level.
    pub sl_threshold: Option<String>,
    /// Shortest wait of an abandoned call that counts.
    pub short_abandon: Option<String>,
    /// Share of calls that should be within.
    pub sl_target: Option<f64>,
    /// Version of these limits, as rows name it.
    pub definition_version: Option<i64>,
}

/// What becomes of callers' numbers, and the secret of hashes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Privacy {
    /// Policy of calling numbers.
    pub ani: Option<String>,
    /// Policy of called numbers.
    pub dnis: Option<String>,
    /// The secret itself.
    pub hash_key: Option<Hidden>,
    /// A file with the secret.
    pub hash_key_file: Option<String>,
}

/// A text that is never shown.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Hidden(pub String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hidden")
    }
}

/// An attached key that is kept.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserData {
    /// The key, or the beginning of keys with a `*` after it.
    pub key: String,
    /// What becomes of its values.
    pub policy: Option<String>,
    /// The list it stands in.
    pub list: Option<String>,
}

/// What some DNs are.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dn {
    /// Single numbers and ranges, as `6000-6099`.
    pub numbers: Vec<String>,
    /// Their switch; any when absent.
    pub switch: Option<String>,
    /// The kind.
    pub kind: String,
    /// What people call them.
    pub name: Option<String>,
}

/// A source.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// Where events come from.
    pub url: String,
    /// Whether a file is read on as it grows.
    pub follow: Option<bool>,
}

/// Local days, for reports.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Calendar {
    /// Names of time zones.
    pub zones: Option<Vec<String>>,
    /// Days of the week on which business is done.
    pub business_days: Option<Vec<String>>,
    /// Dates on which it is not.
    pub holidays: Option<Vec<String>>,
    /// Time of day at which the reporting day begins.
    pub day_begins: Option<String>,
}

/// A tenant's name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// The tenant as the feed has it.
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// A switch's name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// The switch as the feed has it.
    pub id: String,
    /// Its tenant.
    pub tenant: Option<String>,
    /// What people call it.
    pub name: String,
}

/// An agent's name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// The AgentID as the feed has it.
    pub id: String,
    /// His tenant.
    pub tenant: Option<String>,
    /// His name.
    pub name: Option<String>,
    /// The employer's number for him.
    pub employee_id: Option<String>,
}

/// A queue's name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// As `8001@east`.
    pub id: String,
    /// Its tenant.
    pub tenant: Option<String>,
    /// What people call it.
    pub name: String,
}

/// A reason's name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Its key.
    pub key: String,
    /// Its code.
    pub code: String,
    /// Its tenant.
    pub tenant: Option<String>,
    /// What people call it.
    pub name: String,
}

/// Members of a group over a stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The group's name.
    pub name: String,
    /// Its tenant.
    pub tenant: Option<String>,
    /// AgentIDs.
    pub agents: Option<Vec<String>>,
    /// Queues, as `8001@east`.
    pub queues: Option<Vec<String>>,
    /// Since when.
    pub valid_from: Option<String>,
    /// Until when.
    pub valid_to: Option<String>,
}

/// Every key there is, by section; a test holds it against [`Config`].
const KEYS: [(&str, &[&str]); 17] = [
    ("server", &["listen", "insecure", "publish_every"]),
    ("store", &["path"]),
    ("postgres", &["url", "url_file", "password", "password_file", "ca_file", "writer", "spool_max"]),
    (
        "history",
        &[
            "party_states",
            "event_log",
            "revise_for",
            "resume_within",
            "queue_snapshots",
            "agent_snapshots",
            "retention",
        ],
    ),
    ("check", &["at", "zone", "every", "keep"]),
    ("queue_defaults", &["sl_threshold", "short_abandon", "sl_target", "definition_version"]),
    ("privacy", &["ani", "dnis", "hash_key", "hash_key_file"]),
    ("user_data", &["key", "policy", "list"]),
    ("dn", &["numbers", "switch", "kind", "name"]),
    ("feed", &["url", "follow"]),
    ("calendar", &["zones", "business_days", "holidays", "day_begins"]),
    ("tenant", &["id", "name"]),
    ("site", &["id", "tenant", "name"]),
    ("agent", &["id", "tenant", "name", "employee_id"]),
    ("queue", &["id", "tenant", "name"]),
    ("reason", &["key", "code", "tenant", "name"]),
    ("group", &["name", "tenant", "agents", "queues", "valid_from", "valid_to"]),
];

/// Something that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// `file:line:column`, the name of a variable, or of a flag.
    pub place: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Reads the text of a configuration file called `name`, and lays the variables over it.
///
/// # Errors
/// Every unknown key and unreadable variable, and the first value of a wrong type.
pub fn read(
    name: &str,
    text: &str,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, Vec<Problem>> {
    let at = |offset: usize| place(name, text, offset);
    let spanned = DeTable::parse(text).map_err(|error| {
        vec![Problem { place: at(error.span().map_or(0, |span| span.start)), what: first_line(error.message()) }]
    })?;
    let mut problems = unknown_keys(spanned.get_ref(), &at);
    let mut table: toml::Table = match toml::from_str(text) {
        Ok(table) => table,
        Err(error) => return Err(vec![Problem { place: at(0), what: first_line(error.message()) }]),
    };
    if problems.is_empty()
        && let Err(error) = toml::from_str::<Config>(text)
    {
        let offset = error.span().map_or(0, |span| span.start);
        problems.push(Problem { place: at(offset), what: first_line(error.message()) });
    }
    for (variable, value) in variables {
        if let Err(what) = overlay(&mut table, &variable, &value) {
            problems.push(Problem { place: format!("environment variable {variable}"), what });
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    table.try_into().map_err(|error: toml::de::Error| {
        vec![Problem { place: "environment".into(), what: first_line(error.message()) }]
    })
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn place(name: &str, text: &str, offset: usize) -> String {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    format!("{name}:{line}:{column}")
}

fn unknown_keys(table: &DeTable<'_>, at: &impl Fn(usize) -> String) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut check = |what: &str, key: &str, offset: usize, known: &[&str]| {
        if !known.contains(&key) {
            problems.push((offset, format!("unknown {what} `{key}`{}", nearest(key, known))));
        }
    };
    let sections = KEYS.map(|(section, _)| section);
    for (section, value) in table {
        let name: &str = section.get_ref();
        check("section", name, section.span().start, &sections);
        let Some((_, keys)) = KEYS.iter().find(|(known, _)| *known == name) else { continue };
        let tables = match value.get_ref() {
            DeValue::Table(table) => vec![table],
            DeValue::Array(items) => items
                .iter()
                .filter_map(|item| match item.get_ref() {
                    DeValue::Table(table) => Some(table),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        };
        for key in tables.into_iter().flat_map(|table| table.keys()) {
            check(&format!("key in [{name}]"), key.get_ref(), key.span().start, keys);
        }
    }
    problems.sort();
    problems.into_iter().map(|(offset, what)| Problem { place: at(offset), what }).collect()
}

/// Sets the key that `CALLFOLD_SECTION__KEY` names; other variables are left alone.
fn overlay(table: &mut toml::Table, variable: &str, text: &str) -> Result<(), String> {
    let Some(name) = variable.strip_prefix("CALLFOLD_") else { return Ok(()) };
    let Some((section, key)) = name.split_once("__") else { return Ok(()) };
    let (section, key) = (section.to_ascii_lowercase(), key.to_ascii_lowercase());
    let sections = KEYS.map(|(section, _)| section);
    let Some((_, keys)) = KEYS.iter().find(|(known, _)| *known == section) else {
        return Err(format!("unknown section `{section}`{}", nearest(&section, &sections)));
    };
    match section.as_str() {
        "feed" => return Err("feeds are a list; give them with --feed or in the configuration file".into()),
        "dn" => return Err("what DNs are is a list; give it in the configuration file".into()),
        "user_data" => {
            return Err("attached keys are a list; give them with --user-data or in the configuration file".into());
        }
        "tenant" | "site" | "agent" | "queue" | "reason" | "group" => {
            return Err(format!("[[{section}]] is a list; give it in the configuration file"));
        }
        _ => {}
    }
    if let ("history", Some(key)) = (section.as_str(), key.strip_prefix("retention__")) {
        let history = table.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        let empty = || toml::Value::Table(toml::Table::new());
        let within = history.as_table_mut().map(|history| history.entry("retention").or_insert_with(empty));
        if let Some(toml::Value::Table(within)) = within {
            within.insert(key.to_owned(), toml::Value::String(text.to_owned()));
        }
        return Ok(());
    }
    if !keys.contains(&key.as_str()) {
        return Err(format!("unknown key in [{section}] `{key}`{}", nearest(&key, keys)));
    }
    let value = match key.as_str() {
        "insecure" | "party_states" | "event_log" => {
            text.parse().map(toml::Value::Boolean).map_err(|_| "expected true or false".to_owned())?
        }
        "sl_target" => text.parse().map(toml::Value::Float).map_err(|_| "expected a number, as 0.8".to_owned())?,
        "definition_version" | "keep" => {
            text.parse().map(toml::Value::Integer).map_err(|_| "expected a number, as 2".to_owned())?
        }
        "zones" | "business_days" | "holidays" => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            toml::Value::Array(parts.map(|part| toml::Value::String(part.to_owned())).collect())
        }
        _ => toml::Value::String(text.to_owned()),
    };
    let entry = table.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
    if let toml::Value::Table(section) = entry {
        section.insert(key, value);
    }
    Ok(())
}

/// `; did you mean …?` if a known word is near.
fn nearest(word: &str, known: &[&str]) -> String {
    let near = known.iter().map(|candidate| (distance(word, candidate), candidate)).min();
    match near {
        Some((steps, candidate)) if steps <= 2.max(word.len() / 3) => format!("; did you mean `{candidate}`?"),
        _ => format!("; known are {}", known.join(", ")),
    }
}

/// How many single-character edits lead from one word to the other (two rows of the classic table).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../../schemas/config.toml");

    fn problems(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        read("c.toml", text, variables).expect_err("wrong").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_sample_has_every_key_and_nothing_else() {
        // The sample shows every key commented out, with its built-in value; taking the marks away sets them all.
        let text: String =
            SAMPLE.lines().map(|line| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n").collect();
        let config = read("sample", &text, []).expect("the sample is right");
        assert!(config.server.listen.is_some() && config.server.insecure.is_some());
        let table: toml::Table = toml::from_str(&text).expect("toml");
        for (section, keys) in KEYS {
            let section = match &table[section] {
                toml::Value::Array(items) => items[0].as_table().expect("a table"),
                value => value.as_table().expect("a table"),
            };
            let mut written: Vec<_> = section.keys().map(String::as_str).collect();
            let mut known = keys.to_vec();
            written.sort_unstable();
            known.sort_unstable();
            assert_eq!(written, known);
        }
    }

    #[test]
    fn every_unknown_key_is_reported_with_its_place_and_the_nearest_known_one() {
        let text = "[server]\nlisten = \"127.0.0.1:1\"\nlisen = 1\n[queue_default]\n[store]\nzzzzzzzz = 2\n";
        assert_eq!(
            problems(text, &[("CALLFOLD_STORE__PAHT", "x")]),
            [
                "c.toml:3:1: unknown key in [server] `lisen`; did you mean `listen`?",
                "c.toml:4:2: unknown section `queue_default`; did you mean `queue_defaults`?",
                "c.toml:6:1: unknown key in [store] `zzzzzzzz`; known are path",
                "environment variable CALLFOLD_STORE__PAHT: unknown key in [store] `paht`; did you mean `path`?",
            ]
        );
    }

    #[test]
    fn wrong_types_and_broken_toml_say_where() {
        assert!(problems("[server]\nlisten = 5\n", &[])[0].starts_with("c.toml:2:10: "));
        assert!(problems("[server\n", &[])[0].starts_with("c.toml:1:"));
        assert_eq!(
            problems("", &[("CALLFOLD_SERVER__INSECURE", "perhaps")]),
            ["environment variable CALLFOLD_SERVER__INSECURE: expected true or false"]
        );
    }

    #[test]
    fn a_variable_reaches_a_section_within_a_section() {
        let variables = [("CALLFOLD_HISTORY__RETENTION__EVENTS", "7 days"), ("CALLFOLD_HISTORY__EVENT_LOG", "false")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let text = "[history.retention]\nevents = \"90 days\"\ndetail = \"forever\"\n";
        let history = read("c.toml", text, variables).expect("right").history;
        assert_eq!(history.retention.events.as_deref(), Some("7 days"));
        assert_eq!((history.retention.detail.as_deref(), history.event_log), (Some("forever"), Some(false)));
        assert!(problems("[history.retention]\nevnts = \"1 day\"\n", &[])[0].contains("evnts"));
        assert!(problems("", &[("CALLFOLD_HISTORY__RETENTION__EVNTS", "1 day")])[0].contains("evnts"));
    }

    #[test]
    fn variables_win_over_the_file_and_others_are_left_alone() {
        let variables = [("CALLFOLD_STORE__PATH", "/b"), ("CALLFOLD_LOG", "debug"), ("HOME", "/")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = read("c.toml", "[store]\npath = \"/a\"\n", variables).expect("right");
        assert_eq!(config.store.path.as_deref(), Some("/b"));
    }
}
