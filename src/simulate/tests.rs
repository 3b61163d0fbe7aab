//! What every simulated floor must obey, checked from its lines alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;
use serde_json::Value;

use super::erlang::ErlangA;
use super::{Floor, Law, Mix, Profile, Routing, Scenario};
use crate::model::time::{Micros, Span};

fn hours(n: i64) -> Span {
    Span::from_mins(60 * n)
}

fn run(scenario: &Scenario, length: Span) -> Vec<u8> {
    let mut out = Vec::new();
    Floor::new(scenario.clone()).run_until(scenario.start + length, &mut out);
    out
}

/// One parsed line with what the checks ask for most.
struct Event {
    at: i64,
    name: String,
    this: String,
    conn: String,
    json: Value,
}

impl Event {
    fn text(&self, key: &str) -> &str {
        self.json.get(key).and_then(Value::as_str).unwrap_or("")
    }

    fn is(&self, name: &str) -> bool {
        self.name == name
    }
}

fn parse(lines: &[u8]) -> Vec<Event> {
    lines
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            let json: Value = serde_json::from_slice(line).expect("every line is JSON");
            let text = |key: &str| json.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
            let number = |key: &str| json[key].as_i64().expect("a time");
            Event {
                at: number("TimeinSecs") * 1_000_000 + number("TimeinuSecs"),
                name: text("Event"),
                this: text("ThisDN"),
                conn: text("ConnID"),
                json,
            }
        })
        .collect()
}

fn small(seed: u64) -> Scenario {
    Scenario { agents: 12, queues: 4, seed, ..Scenario::default() }
}

/// Number of queue stays closed, after checking that each was closed once by the DN that had it.
fn check_queues(events: &[Event]) -> usize {
    let mut open: BTreeSet<(String, String)> = BTreeSet::new();
    let mut announced: BTreeSet<(String, String)> = BTreeSet::new();
    let mut used: BTreeSet<(String, String)> = BTreeSet::new();
    let mut closed = 0;
    for event in events {
        let key = (event.this.clone(), event.conn.clone());
        match event.name.as_str() {
            "EventQueued" => {
                assert!(open.insert(key.clone()), "{} is in {} twice", event.conn, event.this);
                announced.insert(key);
            }
            "EventRouteRequest" if !announced.contains(&key) => assert!(open.insert(key)),
            "EventPartyChanged" if event.text("ThisQueue") == event.this => {
                let old = (event.this.clone(), event.text("PreviousConnID").to_owned());
                assert!(open.remove(&old) && announced.remove(&old));
                assert!(open.insert(key.clone()) && announced.insert(key));
            }
            "EventRouteUsed" if announced.contains(&key) => assert!(used.insert(key)),
            "EventRouteUsed" => {
                assert!(open.remove(&key));
                closed += 1;
            }
            "EventDiverted" => {
                assert!(open.remove(&key), "{} left {} without having been there", event.conn, event.this);
                assert_eq!(used.remove(&key), !event.this.starts_with('8'), "routing points say which route they used");
                announced.remove(&key);
                closed += 1;
            }
            "EventAbandoned" if event.text("ThisQueue") == event.this => {
                assert!(open.remove(&key));
                announced.remove(&key);
                closed += 1;
            }
            _ => {}
        }
    }
    closed
}

/// Checks that every phone goes through legal states in every call, and is told apart by ConnID.
fn check_phones(events: &[Event]) {
    let mut parties: HashMap<(String, String), &str> = HashMap::new();
    for event in events.iter().filter(|event| event.this.starts_with(['6', '7']) && !event.conn.is_empty()) {
        let key = (event.this.clone(), event.conn.clone());
        let state = parties.get(&key).copied().unwrap_or("none");
        let busy = parties.contains_key(&key);
        let next = match (event.name.as_str(), state) {
            ("EventRinging", "none") => "ringing",
            ("EventDialing", "none") => "dialing",
            ("EventNetworkReached", "dialing") | ("EventDestinationBusy", "dialing") => "dialing",
            ("EventEstablished", "ringing" | "dialing") => "talking",
            ("EventHeld", "talking") => "held",
            ("EventRetrieved", "held") => "talking",
            ("EventPartyAdded" | "EventPartyDeleted", "talking") => "talking",
            ("EventReleased", "ringing" | "dialing" | "talking" | "held") | ("EventAbandoned", "ringing") => "none",
            ("EventPartyChanged", "none") => {
                let old = (event.this.clone(), event.text("PreviousConnID").to_owned());
                parties.remove(&old).expect("the party had the other ConnID before")
            }
            (name, state) => panic!("{name} at {} while {state} (known: {busy}), call {}", event.this, event.conn),
        };
        if next == "none" {
            parties.remove(&key);
        } else {
            parties.insert(key, next);
        }
    }
}

/// Checks agents: told only what fits their state, at most one call of their own queues at once, ready when it comes.
fn check_agents(events: &[Event]) -> usize {
    let mut ready: HashMap<String, bool> = HashMap::new();
    let mut calls: HashMap<String, BTreeSet<String>> = HashMap::new();
    let mut offers = 0;
    for event in events.iter().filter(|event| !event.text("AgentID").is_empty()) {
        let agent = event.text("AgentID").to_owned();
        match event.name.as_str() {
            "EventAgentLogin" => {
                ready.entry(agent).or_insert(false);
            }
            "EventAgentReady" => assert_eq!(ready.insert(agent, true), Some(false), "ready only when not ready"),
            "EventAgentNotReady" => assert!(ready.insert(agent, false).is_some(), "not ready only when logged in"),
            "EventAgentLogout" if event.this.starts_with('7') => assert!(ready.remove(&agent).is_some()),
            "EventRinging" if event.text("CallType") == "Inbound" => {
                assert_eq!(ready.get(&agent), Some(&true), "{agent} gets a call while not ready");
                let had = calls.entry(agent).or_default();
                had.insert(event.conn.clone());
                assert_eq!(had.len(), 1, "one customer at a time");
                offers += 1;
            }
            "EventPartyChanged" => {
                let had = calls.entry(agent).or_default();
                had.insert(event.conn.clone());
                assert_eq!(had.len(), 1, "one customer at a time");
            }
            "EventReleased" | "EventAbandoned" => {
                calls.entry(agent).or_default().remove(&event.conn);
            }
            _ => {}
        }
    }
    offers
}

fn check_form(events: &[Event], scenario: &Scenario) {
    let order = [
        "Event",
        "EventSequenceNumber",
        "TimeinSecs",
        "TimeinuSecs",
        "Switch",
        "ThisDN",
        "ThisDNRole",
        "OtherDN",
        "OtherDNRole",
        "ThirdPartyDN",
        "ThirdPartyDNRole",
        "ThisQueue",
        "ConnID",
        "PreviousConnID",
        "TransferConnID",
        "ConferenceConnID",
        "CallID",
        "CallUUID",
        "CallType",
        "CallState",
        "AgentID",
        "AgentWorkMode",
        "ANI",
        "DNIS",
        "UserData",
        "Reasons",
        "Extensions",
    ];
    let mut uuids: HashMap<&str, &str> = HashMap::new();
    for (expected, event) in (1_u64..).zip(events) {
        assert_eq!(event.json["EventSequenceNumber"].as_u64(), Some(expected));
        assert!(event.at >= scenario.start.0 && event.json["TimeinuSecs"].as_i64() < Some(1_000_000));
        let places: Vec<_> =
            event.json.as_object().expect("an object").keys().map(|key| order.iter().position(|k| k == key)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{}", event.json);
        assert!(!event.this.is_empty() || event.is("EventServerConnected"));
        if !event.conn.is_empty() {
            assert!(
                event.conn.len() == 16 && event.conn.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
            );
            let uuid = event.text("CallUUID");
            assert!(uuid.len() == 32 && uuid.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'V').contains(&b)));
            assert_eq!(*uuids.entry(&event.conn).or_insert(uuid), uuid, "one CallUUID for a ConnID");
        }
    }
    assert!(events.is_sorted_by_key(|event| event.at));
    assert_eq!(uuids.values().collect::<BTreeSet<_>>().len(), uuids.len(), "no two calls share a CallUUID");
}

fn check_all(scenario: &Scenario, length: Span) -> Vec<Event> {
    let events = parse(&run(scenario, length));
    check_form(&events, scenario);
    check_queues(&events);
    check_phones(&events);
    check_agents(&events);
    events
}

#[test]
fn every_profile_and_routing_obeys_the_call_models() {
    for profile in [Profile::Flat, Profile::Office, Profile::AlwaysBusy] {
        for routing in [Routing::Acd, Routing::RoutingPoint, Routing::Mixed] {
            for warm in [false, true] {
                let scenario = Scenario { profile, routing, warm, ..small(5) };
                assert!(check_all(&scenario, hours(3)).len() > 100, "{profile:?} {routing:?}");
            }
        }
    }
}

/// What a day must show, by a name and the number of times it was seen.
fn models(events: &[Event]) -> BTreeMap<&'static str, u32> {
    let mut seen = BTreeMap::new();
    let mut states: HashMap<(String, String), String> = HashMap::new();
    let mut wrap_before_release = HashMap::new();
    for event in events {
        let mut count = |name: &'static str| *seen.entry(name).or_insert(0) += 1;
        let key = (event.this.clone(), event.conn.clone());
        let before = states.insert(key, event.name.clone()).unwrap_or_default();
        let (kind, state, held) = (event.text("CallType"), event.text("CallState"), event.text("TransferConnID"));
        let third = event.text("ThirdPartyDNRole");
        let queue_like = event.text("ThisQueue") == event.this;
        match event.name.as_str() {
            "EventAbandoned" if event.this.starts_with('8') => count("abandoned in the ACD queue"),
            "EventAbandoned" if event.this.starts_with(['5', '9']) => count("abandoned at the routing point"),
            "EventAbandoned" if kind == "Inbound" => count("abandoned while ringing"),
            "EventAbandoned" if kind == "Consult" => count("consultation not answered"),
            "EventAbandoned" => count("internal call not answered"),
            "EventReleased" if state == "NoAnswer" => count("ring no answer"),
            "EventReleased" if state == "Redirected" => count("redirected"),
            "EventReleased" if state == "Busy" && kind == "Internal" => count("internal busy"),
            "EventReleased" if state == "Busy" => count("outbound busy"),
            "EventReleased" if before == "EventHeld" && state == "Ok" => count("hung up on hold"),
            "EventReleased" if wrap_before_release.contains_key(event.text("AgentID")) => count("wrap before release"),
            "EventQueued" if state == "Redirected" => count("requeued"),
            "EventQueued" if kind == "Consult" => count("consultation into a queue"),
            "EventQueued" if state == "Transferred" => count("single-step transfer into a queue"),
            "EventRouteRequest" if before != "EventQueued" => count("plain routing point"),
            "EventPartyChanged" if queue_like => count("two-step transfer into a queue"),
            "EventPartyChanged" if state == "Conferenced" => count("two-step conference"),
            "EventPartyChanged" => count("two-step transfer"),
            "EventEstablished" if before == "EventPartyChanged" => count("blind transfer"),
            "EventEstablished" if state == "Conferenced" => count("single-step conference"),
            "EventRinging" if third == "TransferredBy" => count("single-step transfer"),
            "EventPartyDeleted" if event.text("OtherDN").len() == 10 => count("caller leaves the conference"),
            "EventPartyDeleted" => count("agent leaves the conference"),
            "EventHeld" => count("hold"),
            "EventRetrieved" => count("retrieve"),
            "EventDialing" if !held.is_empty() => count("consultation"),
            "EventDialing" if event.this.starts_with('6') => count("call from the second phone"),
            "EventNetworkReached" => count("outbound"),
            "EventQueueLogout" => count("queue logout"),
            "EventAgentLogout" => count("logout"),
            "EventTreatmentEnd" => count("treatment"),
            "EventDiverted" if event.this.starts_with('5') => count("routed to a queue"),
            "EventDiverted" if event.this.starts_with('9') => count("routed to an agent"),
            _ => {}
        }
        if event.is("EventAgentNotReady") {
            match event.json["Reasons"]["Reason"].as_str() {
                Some("Lunch") => count("lunch"),
                Some("Break") => count("break"),
                Some("Meeting") => count("meeting"),
                Some("Coaching") => count("coaching"),
                Some("NoAnswer") => count("suspended"),
                _ => {
                    count("after-call work");
                    wrap_before_release.insert(event.text("AgentID").to_owned(), ());
                }
            }
        } else {
            wrap_before_release.remove(event.text("AgentID"));
        }
    }
    seen
}

#[test]
fn a_day_of_fifty_agents_shows_every_call_model() {
    let scenario = Scenario::default();
    let events = check_all(&scenario, hours(24));
    let seen = models(&events);
    assert_eq!(seen.len(), 39, "{seen:#?}");
    // A queue says that a call has left before the phone rings, or after.
    let mut first: BTreeMap<&str, u32> = BTreeMap::new();
    for pair in events.windows(2).filter(|pair| pair[0].conn == pair[1].conn) {
        match (pair[0].name.as_str(), pair[1].name.as_str()) {
            ("EventDiverted", "EventRinging") => *first.entry("diverted").or_default() += 1,
            ("EventRinging", "EventDiverted") => *first.entry("ringing").or_default() += 1,
            _ => {}
        }
    }
    assert!(first["diverted"] > 500 && first["ringing"] > 500);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cutting_the_time_changes_no_byte(seed in any::<u64>(), cuts in prop::collection::vec(0..3_600_000_000_i64, 0..40)) {
        let scenario = small(seed);
        let whole = run(&scenario, hours(1));
        let mut floor = Floor::new(scenario.clone());
        let mut parts = Vec::new();
        let mut events = 0;
        // Not sorted: a time already passed adds nothing.
        for cut in cuts {
            events += floor.run_until(scenario.start + Span(cut), &mut parts);
            prop_assert!(floor.next_at() > scenario.start + Span(cut));
        }
        events += floor.run_until(scenario.start + hours(1), &mut parts);
        prop_assert_eq!(events as usize, whole.iter().filter(|&&byte| byte == b'\n').count());
        prop_assert!(parts == whole);
    }

    #[test]
    fn floors_of_any_make_obey_the_call_models(
        seed in any::<u64>(), agents in 0..30_u32, queues in 0..9_u32, hour in 0..24_i64, calls in 0..900_u32,
    ) {
        let mix = Mix { no_answer: 0.2, hasty: 0.2, transfer: 0.2, conference: 0.2, queue_transfer: 0.2, ..Mix::default() };
        let start = Scenario::default().start + hours(hour);
        let calls_per_hour = (calls > 0).then_some(f64::from(calls));
        check_all(&Scenario { agents, queues, seed, start, calls_per_hour, mix, ..Scenario::default() }, hours(1));
    }
}

#[test]
fn stepping_by_next_at_meets_every_event() {
    let scenario = small(9);
    let until = scenario.start + Span::from_mins(20);
    let mut floor = Floor::new(scenario.clone());
    let mut lines = Vec::new();
    while floor.next_at() <= until {
        let at = floor.next_at();
        floor.run_until(at, &mut lines);
    }
    assert!(lines == run(&scenario, Span::from_mins(20)));
}

#[test]
fn seeds_and_starts_make_different_floors() {
    let one = parse(&run(&small(1), hours(1)));
    let conns = |events: &[Event]| {
        events.iter().map(|event| event.conn.clone()).filter(|conn| !conn.is_empty()).collect::<BTreeSet<_>>()
    };
    let other = parse(&run(&small(2), hours(1)));
    let later = parse(&run(&Scenario { start: small(1).start + hours(1), ..small(1) }, hours(1)));
    assert!(conns(&one).is_disjoint(&conns(&other)) && conns(&one).is_disjoint(&conns(&later)));
}

#[test]
fn a_warm_floor_is_busy_within_seconds_at_any_hour() {
    for hour in 0..24 {
        let start = Scenario::default().start + hours(hour);
        let events = parse(&run(&Scenario { start, ..Scenario::default() }, Span::from_secs(20)));
        let answered = events.iter().filter(|event| event.is("EventEstablished")).count();
        let logged_in: BTreeSet<_> =
            events.iter().filter(|event| event.is("EventAgentLogin")).map(|event| event.text("AgentID")).collect();
        assert!(
            answered >= 15 && logged_in.len() >= 45,
            "{answered} answered, {} logged in at {start}",
            logged_in.len()
        );
    }
}

#[test]
fn an_office_works_by_day_and_sleeps_by_night() {
    let midnight = Micros::from_parts(1_700_006_400, 0);
    let scenario = Scenario { profile: Profile::Office, start: midnight, warm: false, ..Scenario::default() };
    let events = check_all(&scenario, hours(24));
    let arrivals = |from: i64, to: i64| {
        let range = midnight.0 + hours(from).0..midnight.0 + hours(to).0;
        events.iter().filter(|event| event.is("EventQueued") && range.contains(&event.at)).count()
    };
    assert!(arrivals(10, 12) > 5 * arrivals(2, 4), "{} by day, {} by night", arrivals(10, 12), arrivals(2, 4));
    let early = Scenario { profile: Profile::Office, start: midnight + hours(7), ..Scenario::default() };
    let logins: Vec<_> = parse(&run(&early, hours(4)))
        .into_iter()
        .filter(|event| event.is("EventAgentLogin"))
        .map(|event| event.at)
        .collect();
    assert!(logins.last().expect("logins") - logins[0] > hours(3).0, "shifts start staggered");
}

/// Seconds that agents spend serving customers' calls, after-call work included, and waiting for work.
fn busy_and_ready_secs(events: &[Event], from: i64, to: i64) -> (f64, f64) {
    let (mut busy, mut idle) = (0.0, 0.0);
    // By agent: since when in what state; calls he has; whether ready.
    let mut agents: HashMap<String, (i64, BTreeSet<String>, &str)> = HashMap::new();
    for event in events.iter().filter(|event| !event.text("AgentID").is_empty()) {
        let (since, calls, presence) =
            agents.entry(event.text("AgentID").to_owned()).or_insert((event.at, BTreeSet::new(), "paused"));
        let secs = (event.at.min(to) - (*since).max(from)).max(0) as f64 / 1e6;
        match (calls.is_empty(), *presence) {
            (false, _) | (true, "wrap") => busy += secs,
            (true, "ready") => idle += secs,
            _ => {}
        }
        *since = event.at;
        match event.name.as_str() {
            "EventRinging" | "EventDialing" | "EventPartyChanged" => {
                calls.insert(event.conn.clone());
                calls.remove(event.text("PreviousConnID"));
            }
            "EventReleased" | "EventAbandoned" => {
                calls.remove(&event.conn);
            }
            "EventAgentReady" => *presence = "ready",
            "EventAgentNotReady" => {
                *presence = if event.text("AgentWorkMode") == "AuxWork" { "paused" } else { "wrap" }
            }
            "EventAgentLogout" => *presence = "out",
            _ => {}
        }
    }
    (busy, idle)
}

#[test]
fn without_a_wish_for_calls_agents_are_about_85_percent_busy() {
    for (agents, seed) in [(20, 3), (60, 1)] {
        for profile in [Profile::AlwaysBusy, Profile::Flat] {
            let scenario = Scenario { agents, seed, profile, ..Scenario::default() };
            let events = parse(&run(&scenario, hours(5)));
            let (from, to) = (scenario.start.0 + hours(1).0, scenario.start.0 + hours(5).0);
            let (busy, idle) = busy_and_ready_secs(&events, from, to);
            let occupancy = busy / (busy + idle);
            let entered = events.iter().filter(|event| event.is("EventQueued")).count();
            let lost = events.iter().filter(|event| event.is("EventAbandoned")).count();
            println!("{agents} {profile:?}: occupancy {occupancy:.3}, lost {lost} of {entered}");
            assert!(
                (0.75..0.92).contains(&occupancy) && lost * 7 < entered,
                "{agents} {profile:?}: {occupancy}, {lost}"
            );
        }
    }
}

/// What the lines of an Erlang A floor say: probability of waiting, mean wait, probability of abandonment, occupancy.
#[derive(Default)]
struct Measure {
    entered: HashMap<String, i64>,
    answered: HashMap<String, i64>,
    calls: f64,
    waited: f64,
    wait_secs: f64,
    lost: f64,
    talk_secs: f64,
}

/// The attributes that the measure needs, borrowed from the line.
#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Brief<'a> {
    event: &'a str,
    timein_secs: i64,
    #[serde(rename = "TimeinuSecs")]
    micros: i64,
    #[serde(rename = "ConnID")]
    conn: Option<&'a str>,
}

impl Measure {
    /// Takes one line into account; calls that began before `from` only empty the floor.
    fn take(&mut self, line: &str, from: i64) {
        let event: Brief<'_> = serde_json::from_str(line).expect("every line is JSON");
        let at = event.timein_secs * 1_000_000 + event.micros;
        let conn = event.conn.unwrap_or_default();
        match event.event {
            "EventQueued" => {
                self.entered.insert(conn.to_owned(), at);
            }
            "EventDiverted" | "EventAbandoned" => {
                let since = self.entered.remove(conn).expect("the call was queued");
                if since >= from {
                    self.calls += 1.0;
                    self.wait_secs += (at - since) as f64 / 1e6;
                    self.waited += f64::from(u8::from(at > since));
                    self.lost += f64::from(u8::from(event.event == "EventAbandoned"));
                }
            }
            "EventEstablished" => {
                self.answered.insert(conn.to_owned(), at);
            }
            "EventReleased" => {
                let since = self.answered.remove(conn).expect("the call was answered");
                self.talk_secs += (at - since.max(from)).max(0) as f64 / 1e6;
            }
            _ => {}
        }
    }

    fn results(&self, agent_secs: f64) -> [f64; 4] {
        let (calls, talk_secs) = (self.calls, self.talk_secs);
        [self.waited / calls, self.wait_secs / calls, self.lost / calls, talk_secs / agent_secs]
    }
}

#[test]
fn a_floor_without_frills_obeys_the_erlang_a_model() {
    // Talk of three minutes; light load, balanced, overload, and impatient callers.
    for (agents, load, patience_secs) in [(10, 8.0, 120.0), (10, 10.0, 180.0), (25, 30.0, 240.0), (5, 4.5, 30.0)] {
        let mu = 1.0 / 180.0;
        let model = ErlangA { arrival_rate: load * mu, service_rate: mu, abandon_rate: 1.0 / patience_secs, agents };
        let theory = model.predict();
        let seeds = 4;
        let mut sum = [0.0; 4];
        for seed in 0..seeds {
            let scenario = Scenario { seed, ..Scenario::erlang_a(model.arrival_rate, mu, model.abandon_rate, agents) };
            let days = 3;
            let lines = String::from_utf8(run(&scenario, hours(24 * days))).expect("lines are UTF-8");
            let mut measure = Measure::default();
            lines.lines().for_each(|line| measure.take(line, scenario.start.0 + hours(2).0));
            let agent_secs = f64::from(agents) * (hours(24 * days - 2).0 / 1_000_000) as f64;
            for (sum, part) in sum.iter_mut().zip(measure.results(agent_secs)) {
                *sum += part / seeds as f64;
            }
        }
        let want = [theory.wait_probability, theory.wait_mean_secs, theory.abandon_probability, theory.occupancy];
        println!("{agents} agents, {load} erlangs: measured {sum:.4?}, theory {want:.4?}");
        for ((got, want), tolerance) in sum.into_iter().zip(want).zip([0.06, 0.10, 0.10, 0.02]) {
            assert!((got - want).abs() < tolerance * want, "{model:?}: measured {sum:?}, theory {want:?}");
        }
    }
}

#[test]
fn extreme_scenarios_do_no_harm() {
    let zero = Law::Fixed(Span(0));
    for scenario in [
        Scenario { agents: 0, queues: 0, calls_per_hour: Some(f64::NAN), ..Scenario::default() },
        Scenario { calls_per_hour: Some(-5.0), mix: Mix::NONE, ..small(1) },
        Scenario { talk: zero, wrap: zero, ring: zero, patience: zero, ..small(1) },
        Scenario { calls_per_hour: Some(200_000.0), patience: Law::Fixed(Span::from_secs(5)), ..small(1) },
        Scenario { start: Micros(0), utc_offset: hours(-11), switch: "a \"b\"\n\\".to_owned(), ..small(1) },
    ] {
        check_all(&scenario, Span::from_mins(3));
    }
}
