//! The configuration as checked: every value has its type and its range, and all problems are reported together.
//!
//! In: a [`Config`] with the flags already laid over it. Out: [`Settings`]. The rule that matters most lives here: an
//! address beyond this machine is refused unless somebody said that it may be insecure.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::config::{Config, Problem};
use super::describe::{self, Described};
use super::postgres::{self, Postgres};
use super::privacy;
use super::retention::{self, Retention};
use super::selfcheck::{self, SelfCheck};
use crate::decode::text::Zone;
use crate::engine::settings::Settings as EngineSettings;
use crate::model::dn::{DnKind, DnRule};
use crate::model::time::Span;
use crate::source::file::Recording;

/// Where the store is when nobody says.
pub const DATA_DEFAULT: &str = "./data";

/// Where HTTP listens when nobody says.
pub const LISTEN_DEFAULT: &str = "127.0.0.1:8080";

/// Shortest time between two pictures when nobody says.
pub const PUBLISH_EVERY_DEFAULT: Duration = Duration::from_millis(50);

/// How long after a stop a run is gone on from when nobody says: as long as a call may be silent before it is given up.
pub const RESUME_WITHIN_DEFAULT: Span = Span::from_mins(240);

/// What a live server needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where HTTP listens.
    pub listen: SocketAddr,
    /// Directory of the store.
    pub data: PathBuf,
    /// Shortest time between two pictures.
    pub publish_every: Duration,
    /// Share of calls that should be within the service level.
    pub sl_target: f64,
    /// Thresholds, windows and limits of the engine.
    pub engine: EngineSettings,
    /// The database that history goes to, too.
    pub postgres: Option<Postgres>,
    /// When what is stored is checked.
    pub self_check: SelfCheck,
    /// How long rows are kept.
    pub retention: Retention,
    /// How long after an earlier run has stopped it is gone on from; zero for never.
    pub resume_within: Span,
    /// What people call things.
    pub described: Described,
    /// Sources.
    pub feeds: Vec<Feed>,
}

/// A source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feed {
    /// Senders connect to us.
    TcpListen(SocketAddr),
    /// We subscribe to a bridge at this host and port.
    Tcp(String),
    /// A file or directory, read to its end.
    File(PathBuf),
    /// A file or directory, read on as it grows.
    Follow(PathBuf),
    /// Standard input, read to its end.
    Stdin,
}

impl FromStr for Feed {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        if url == "-" {
            return Ok(Self::Stdin);
        }
        if let Some(address) = url.strip_prefix("tcp-listen://") {
            return resolve(address).map(Self::TcpListen);
        }
        if let Some(address) = url.strip_prefix("tcp://") {
            return match address.rsplit_once(':') {
                Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(Self::Tcp(address.into())),
                _ => Err(format!("`{url}` needs a host and a port, as tcp://bridge.example:9100")),
            };
        }
        if let Some(path) = url.strip_prefix("file:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() { Err("file: needs a path".into()) } else { Ok(Self::File(path.into())) };
        }
        Err(format!("`{url}` is no source; known are tcp-listen://ADDR, tcp://ADDR, file:PATH and - (standard input)"))
    }
}

impl Feed {
    /// Files and standard input as recordings; `None` for sources that never end.
    #[must_use]
    pub fn recording(&self) -> Option<Recording> {
        match self {
            Self::File(path) => Some(Recording::File(path.clone())),
            Self::Stdin => Some(Recording::Stdin),
            Self::Follow(_) | Self::TcpListen(_) | Self::Tcp(_) => None,
        }
    }
}

/// The address that `text` names, as `127.0.0.1:8080`, `localhost:8080` or `:8080` (loopback).
///
/// # Errors
/// What is wrong with it.
pub fn resolve(text: &str) -> Result<SocketAddr, String> {
    let full = if text.starts_with(':') { format!("127.0.0.1{text}") } else { text.to_owned() };
    if let Ok(address) = full.parse() {
        return Ok(address);
    }
    let found = full.to_socket_addrs().ok().and_then(|mut found| found.next());
    found.ok_or_else(|| format!("`{text}` is no address and port, as {LISTEN_DEFAULT}"))
}

/// A duration as people write it: `20s`, `1.5s`, `2 min`, `1h 30m`.
///
/// # Errors
/// What is wrong with it.
pub fn duration(text: &str) -> Result<Span, String> {
    let parsed: jiff::SignedDuration =
        text.parse().map_err(|_| format!("`{text}` is no duration, as \"20s\", \"500ms\" or \"2m\""))?;
    let micros = i64::try_from(parsed.as_micros()).map_err(|_| format!("`{text}` is too long"))?;
    if micros < 0 { Err(format!("`{text}` is negative")) } else { Ok(Span(micros)) }
}

/// The offsets of a time zone by its IANA name, from 1990 to 2100.
///
/// # Errors
/// That there is no such zone.
pub fn time_zone(name: &str) -> Result<Arc<Zone>, String> {
    let zone = jiff::tz::TimeZone::get(name).map_err(|_| format!("`{name}` is no time zone, as Europe/Berlin"))?;
    let at = |secs| jiff::Timestamp::from_second(secs).map_err(|error| error.to_string());
    let (begin, end) = (at(631_152_000)?, at(4_102_444_800)?);
    let mut offsets = vec![(begin.as_second(), zone.to_offset(begin).seconds())];
    let following = zone.following(begin).take_while(|transition| transition.timestamp() < end);
    offsets.extend(following.map(|transition| (transition.timestamp().as_second(), transition.offset().seconds())));
    Ok(Arc::new(Zone::new(offsets)))
}

/// The duration as the standard library has it; never negative here.
#[must_use]
pub fn std_duration(span: Span) -> Duration {
    Duration::from_micros(span.0.max(0).unsigned_abs())
}

/// How a live partition differs from the built-in settings: transports keep order, and people wait for rows.
#[must_use]
pub fn live_engine() -> EngineSettings {
    EngineSettings {
        reorder_window: Span(0),
        provisional_rows: true,
        grace: Span::from_mins(5),
        revise_for: Span::from_mins(60),
        queue_snapshots: Span::from_mins(1),
        ..EngineSettings::default()
    }
}

/// How a replay differs: order is restored, and only final rows are written.
#[must_use]
pub fn replay_engine() -> EngineSettings {
    EngineSettings {
        reorder_window: Span::from_secs(2),
        provisional_rows: false,
        grace: Span::from_mins(60),
        ..EngineSettings::default()
    }
}

/// Whether anyone but this machine can reach `address`.
#[must_use]
pub fn is_open(address: SocketAddr) -> bool {
    !address.ip().is_loopback()
}

/// Checks everything that was written.
///
/// # Errors
/// Every problem.
pub fn check(config: &Config) -> Result<Settings, Vec<Problem>> {
    let mut check = Check { problems: Vec::new() };
    let insecure = config.server.insecure.unwrap_or(false);
    let listen = config.server.listen.as_deref().unwrap_or(LISTEN_DEFAULT);
    let listen = check.value("server.listen", resolve(listen)).unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080)));
    check.closed("server.listen", listen, insecure);
    let publish_every = check.duration("server.publish_every", config.server.publish_every.as_deref(), "0s", "10s");
    // A demonstration has no past worth keeping; a server's can be folded again.
    let engine = check.engine(config, EngineSettings { event_log: true, ..live_engine() });
    let described = check.described(config);
    let sl_target = config.queue_defaults.sl_target.unwrap_or(0.8);
    if !(0.0..=1.0).contains(&sl_target) {
        check.problem("queue_defaults.sl_target", format!("{sl_target} is not between 0 and 1"));
    }
    let data = PathBuf::from(config.store.path.as_deref().unwrap_or(DATA_DEFAULT));
    if data.as_os_str().is_empty() {
        check.problem("store.path", "an empty path".into());
    }
    let postgres = postgres::check(config).unwrap_or_else(|problems| {
        check.problems.extend(problems);
        None
    });
    let self_check = selfcheck::check(config).unwrap_or_else(|problems| {
        check.problems.extend(problems);
        SelfCheck::never()
    });
    let retention = retention::check(config).unwrap_or_else(|problems| {
        check.problems.extend(problems);
        Retention::default()
    });
    let within = check.duration("history.resume_within", config.history.resume_within.as_deref(), "0s", "24h");
    let resume_within = within.unwrap_or(RESUME_WITHIN_DEFAULT);
    let mut feeds = Vec::new();
    for feed in &config.feed {
        let follow = feed.follow.unwrap_or(false);
        if let Some(feed) = check.value("feed.url", feed.url.parse()) {
            if let Feed::TcpListen(address) = feed {
                check.closed("feed.url", address, insecure);
            }
            let feed = match feed {
                Feed::File(path) if follow => Feed::Follow(path),
                feed => feed,
            };
            feeds.push(feed);
        }
    }
    if feeds.iter().filter(|feed| **feed == Feed::Stdin).count() > 1 {
        check.problem("feed.url", "standard input can be only one source".into());
    }
    if !check.problems.is_empty() {
        return Err(check.problems);
    }
    let publish_every = publish_every.map_or(PUBLISH_EVERY_DEFAULT, std_duration);
    Ok(Settings {
        listen,
        data,
        publish_every,
        sl_target,
        engine,
        described,
        postgres,
        self_check,
        retention,
        resume_within,
        feeds,
    })
}

/// Checks what concerns the engine, over the settings of a replay, and what people call things.
///
/// # Errors
/// Every problem.
pub fn check_replay(config: &Config) -> Result<(EngineSettings, Described), Vec<Problem>> {
    let mut check = Check { problems: Vec::new() };
    let engine = check.engine(config, replay_engine());
    let described = check.described(config);
    if check.problems.is_empty() { Ok((engine, described)) } else { Err(check.problems) }
}

/// Checks what concerns the engine, over the settings of folding a log again: those of the program that wrote it, but order and
/// policies have been applied already, and rows are written once.
///
/// # Errors
/// Every problem.
pub fn check_again(config: &Config) -> Result<Again, Vec<Problem>> {
    let mut check = Check { problems: Vec::new() };
    let mut again = |built_in| {
        let mut engine = check.engine(config, built_in);
        engine.privacy.is_applied = true;
        EngineSettings {
            reorder_window: Span(0),
            provisional_rows: false,
            event_log: false,
            // What a live program revises is waited for here.
            grace: Span(engine.grace.0 + engine.revise_for.0),
            revise_for: Span(0),
            ..engine
        }
    };
    let (live, replayed) = (again(live_engine()), again(replay_engine()));
    // Both have found the same.
    check.problems.truncate(check.problems.len() / 2);
    let grace = live_engine().grace;
    let described = check.described(config);
    if check.problems.is_empty() { Ok(Again { live, replayed, grace, described }) } else { Err(check.problems) }
}

/// The settings of folding again what a live program has logged, and what a replay has.
#[derive(Clone, Debug)]
pub struct Again {
    /// For the log of a live program.
    pub live: EngineSettings,
    /// For that of a replay.
    pub replayed: EngineSettings,
    /// How long after its end an interval of a live program is provisional.
    pub grace: Span,
    /// What people call things.
    pub described: Described,
}

/// The numbers from the first to the last of `text`, as `6010` or `6000-6099`.
pub(super) fn range(text: &str) -> Result<(String, String), String> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('-') {
        Some((first, last)) if digits(first) && digits(last) => {
            if first.len() == last.len() && first <= last {
                Ok((first.to_owned(), last.to_owned()))
            } else {
                Err(format!("`{text}` is no range; both numbers have as many digits, and the first is the smaller one"))
            }
        }
        _ if text.is_empty() => Err("an empty number".into()),
        // A name with a hyphen is a number like any other.
        _ => Ok((text.to_owned(), text.to_owned())),
    }
}

/// Collects problems while values are read.
struct Check {
    problems: Vec<Problem>,
}

impl Check {
    fn problem(&mut self, key: &str, what: String) {
        self.problems.push(Problem { place: key.into(), what });
    }

    fn value<T>(&mut self, key: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|what| self.problem(key, what)).ok()
    }

    /// The engine's settings over built-in ones.
    fn engine(&mut self, config: &Config, built_in: EngineSettings) -> EngineSettings {
        let mut engine = built_in;
        let queue = &config.queue_defaults;
        let threshold = self.duration("queue_defaults.sl_threshold", queue.sl_threshold.as_deref(), "1ms", "24h");
        engine.sl_threshold = threshold.unwrap_or(engine.sl_threshold);
        let short = self.duration("queue_defaults.short_abandon", queue.short_abandon.as_deref(), "0s", "1h");
        engine.short_abandon = short.unwrap_or(engine.short_abandon);
        let history = &config.history;
        engine.party_states = history.party_states.unwrap_or(engine.party_states);
        engine.event_log = history.event_log.unwrap_or(engine.event_log);
        let revise_for = self.duration("history.revise_for", history.revise_for.as_deref(), "0s", "24h");
        engine.revise_for = revise_for.unwrap_or(engine.revise_for);
        let snapshots = self.cadence("history.queue_snapshots", history.queue_snapshots.as_deref());
        engine.queue_snapshots = snapshots.unwrap_or(engine.queue_snapshots);
        let snapshots = self.cadence("history.agent_snapshots", history.agent_snapshots.as_deref());
        engine.agent_snapshots = snapshots.unwrap_or(engine.agent_snapshots);
        if let Some(version) = queue.definition_version {
            match i32::try_from(version) {
                Ok(version) if version >= 1 => engine.definition_version = version,
                _ => self.problem("queue_defaults.definition_version", format!("`{version}` is no version, as 2")),
            }
        }
        match privacy::check(config) {
            Ok(privacy) => engine.privacy = privacy,
            Err(problems) => self.problems.extend(problems),
        }
        for dn in &config.dn {
            let words = || DnKind::ALL.map(DnKind::word).join(", ");
            let kind =
                DnKind::from_word(&dn.kind).ok_or_else(|| format!("`{}` is no kind; known are {}", dn.kind, words()));
            let Some(kind) = self.value("dn.kind", kind) else { continue };
            for numbers in &dn.numbers {
                if let Some((first, last)) = self.value("dn.numbers", range(numbers)) {
                    engine.dns.push(DnRule { switch: dn.switch.clone(), first, last, kind });
                }
            }
        }
        engine
    }

    /// How often something is sampled: never, or at most once a second.
    fn cadence(&mut self, key: &str, text: Option<&str>) -> Option<Span> {
        let span = self.duration(key, text, "0s", "1h")?;
        if span.0 > 0 && span < Span::from_secs(1) {
            self.problem(key, format!("`{}` is more often than once a second", text.unwrap_or_default()));
            return None;
        }
        Some(span)
    }

    fn described(&mut self, config: &Config) -> Described {
        describe::check(config).unwrap_or_else(|problems| {
            self.problems.extend(problems);
            Described::default()
        })
    }

    fn duration(&mut self, key: &str, text: Option<&str>, least: &str, most: &str) -> Option<Span> {
        let span = self.value(key, duration(text?))?;
        let limit = |text| duration(text).expect("limits are written as durations");
        if span < limit(least) || span > limit(most) {
            self.problem(key, format!("`{}` is not between {least} and {most}", text.unwrap_or_default()));
            return None;
        }
        Some(span)
    }

    fn closed(&mut self, key: &str, address: SocketAddr, insecure: bool) {
        if is_open(address) && !insecure {
            self.problem(
                key,
                format!(
                    "{address} can be reached from other machines without TLS and tokens; listen on 127.0.0.1 behind a \
                     proxy, or say --insecure"
                ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::config;

    fn problems(text: &str) -> Vec<String> {
        let config = config::read("c.toml", text, []).expect("known keys");
        check(&config).expect_err("wrong").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn nothing_written_gives_the_built_in_settings() {
        let settings = check(&Config::default()).expect("right");
        assert_eq!(settings.listen.to_string(), LISTEN_DEFAULT);
        assert_eq!(settings.publish_every, PUBLISH_EVERY_DEFAULT);
        assert_eq!(settings.engine.sl_threshold, Span::from_secs(20));
        assert!(settings.engine.provisional_rows && settings.feeds.is_empty());
    }

    #[test]
    fn all_problems_are_reported_together() {
        let text = "[server]\nlisten = \"0.0.0.0:80\"\npublish_every = \"1d\"\n[queue_defaults]\nsl_threshold = \"soon\"\n\
                    sl_target = 80.0\n[[feed]]\nurl = \"ftp://x\"\n";
        let problems = problems(text);
        assert_eq!(problems.len(), 5, "{problems:#?}");
        assert!(problems[0].starts_with("server.listen: 0.0.0.0:80 can be reached"));
    }

    #[test]
    fn the_sample_sets_the_built_in_values() {
        let text = include_str!("../../schemas/config.toml");
        let text: String =
            text.lines().map(|line| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n").collect();
        let settings = check(&config::read("sample", &text, []).expect("known keys")).expect("right");
        let built_in = check(&Config::default()).expect("right");
        let Settings {
            listen,
            data,
            publish_every,
            sl_target,
            mut engine,
            described,
            postgres,
            self_check,
            retention,
            resume_within,
            feeds,
        } = settings;
        assert_eq!((self_check, retention), (built_in.self_check, built_in.retention));
        assert_eq!(resume_within, built_in.resume_within);
        assert_eq!(postgres, None);
        assert_eq!(described.days, built_in.described.days);
        assert_eq!((described.dns.len(), described.agents.len(), described.groups.len()), (2, 1, 1));
        assert_eq!(std::mem::take(&mut engine.privacy).rules.len(), 1, "the one attached key of the sample");
        assert_eq!((listen, data, publish_every), (built_in.listen, built_in.data, built_in.publish_every));
        assert_eq!(sl_target, built_in.sl_target);
        assert_eq!(engine.dns.len(), 2);
        let without = EngineSettings { dns: Vec::new(), ..engine };
        assert_eq!(format!("{without:?}"), format!("{:?}", built_in.engine));
        assert_eq!(feeds, [Feed::TcpListen(([127, 0, 0, 1], 9100).into())]);
    }

    #[test]
    fn dns_are_single_numbers_names_and_ranges() {
        let text = "[[dn]]\nnumbers = [\"6000-6099\", \"VQ-Sales\"]\nkind = \"ivr_port\"\n";
        let (engine, _) = check_replay(&config::read("c.toml", text, []).expect("known keys")).expect("right");
        assert_eq!(engine.dns[0].last, "6099");
        assert_eq!(engine.dns[1].first, "VQ-Sales");
        let wrong = "[[dn]]\nnumbers = [\"6000-60\"]\nkind = \"trunk\"\n[[dn]]\nnumbers = []\nkind = \"phone\"\n";
        let problems = problems(wrong);
        assert!(problems[0].starts_with("dn.numbers: `6000-60` is no range"), "{problems:?}");
        assert!(problems[1].starts_with("dn.kind: `phone` is no kind; known are extension,"), "{problems:?}");
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(duration("20s"), Ok(Span::from_secs(20)));
        assert_eq!(duration("500ms"), Ok(Span::from_millis(500)));
        assert_eq!(duration("1h 30m"), Ok(Span::from_mins(90)));
        assert_eq!(duration("0s"), Ok(Span(0)));
        assert!(duration("-5s").is_err() && duration("5").is_err() && duration("").is_err());
    }

    #[test]
    fn sources_are_told_apart_by_their_scheme() {
        assert_eq!("-".parse(), Ok(Feed::Stdin));
        assert_eq!("file:/a/b".parse(), Ok(Feed::File("/a/b".into())));
        assert_eq!("file:///a/b".parse(), Ok(Feed::File("/a/b".into())));
        assert_eq!("tcp://bridge:9100".parse(), Ok(Feed::Tcp("bridge:9100".into())));
        assert_eq!("tcp-listen://:9100".parse(), Ok(Feed::TcpListen(([127, 0, 0, 1], 9100).into())));
        assert!("tcp://bridge".parse::<Feed>().is_err() && "nats://x".parse::<Feed>().is_err());
    }
}
