//! Days made of every call model there is: each call plays one model with agents, queues and times of its own, and all
//! of them run into one another. Agents log in and out, are ready and not, and take several calls at once.

use std::fmt::Write;

use callfold::simulate::random::Random;

use super::dirt::Feed;
use crate::support::log;

/// The call models, in the log language. Times are seconds from the begin of the call, stretched for each call; `{a}`,
/// `{b}`, `{s}` are phones, `{q}`, `{r}` ACD queues, `{p}` a routing point, `{v}`, `{w}` virtual queues, `{i}` an IVR port,
/// `{c}`, `{d}` the call and its consultation, `{x}`, `{y}` stays of virtual queues.
const MODELS: &[(&str, &str)] = &[
    ("inbound", "0 {a} Ringing {c} in | 4 {a} Established {c} | 60 {a} Released {c}"),
    (
        "internal",
        "0 {a} Dialing {c} internal | 0.1 {b} Ringing {c} | 5 {a} Established {c} | 5 {b} Established {c}
         | 30 {a} Released {c} | 30 {b} Released {c}",
    ),
    ("internal given up", "0 {a} Dialing {c} internal | 0.1 {b} Ringing {c} | 9 {a} Released {c} | 9 {b} Abandoned {c}"),
    ("outbound", "0 {a} Dialing {c} out | 2 {a} NetworkReached {c} | 8 {a} Established {c} | 50 {a} Released {c}"),
    ("outbound busy", "0 {a} Dialing {c} out | 3 {a} DestinationBusy {c} state=Busy | 5 {a} Released {c} state=Busy"),
    (
        "queue",
        "0 {q} Queued {c} in | 12 {q} Diverted {c} to={a} | 12 {a} Ringing {c} queue={q} | 15 {a} Established {c} queue={q}
         | 80 {a} Released {c} queue={q} | 80 {a} AgentNotReady mode=AfterCallWork | 95 {a} AgentReady",
    ),
    (
        "queue reports late",
        "0 {q} Queued {c} in | 12 {a} Ringing {c} queue={q} | 14 {a} Established {c} queue={q}
         | 14.5 {q} Diverted {c} to={a} | 60 {a} AgentNotReady mode=AfterCallWork | 61 {a} Released {c} | 75 {a} AgentReady",
    ),
    (
        "route to agent",
        "0 {p} RouteRequest {c} in | 1 {p} TreatmentApplied {c} TreatmentType=2 | 6 {p} TreatmentEnd {c} TreatmentType=2
         | 8 {p} RouteUsed {c} to={a} | 8 {a} Ringing {c} | 11 {a} Established {c} | 50 {a} Released {c}",
    ),
    (
        "route to queue",
        "0 {p} Queued {c} in | 0 {p} RouteRequest {c} | 3 {p} RouteUsed {c} to={q} | 3 {p} Diverted {c} to={q}
         | 3 {q} Queued {c} | 20 {q} Diverted {c} to={a} | 20 {a} Ringing {c} queue={q} | 24 {a} Established {c} queue={q}
         | 70 {a} Released {c}",
    ),
    (
        "default routing",
        "0 {p} RouteRequest {c} in | 10 {p} RouteUsed {c} RouteType=1 | 10 {q} Queued {c} | 25 {q} Diverted {c} to={a}
         | 25 {a} Ringing {c} queue={q} | 27 {a} Established {c} queue={q} | 60 {a} Released {c}",
    ),
    ("abandoned in queue", "0 {q} Queued {c} in | 17 {q} Abandoned {c}"),
    (
        "abandoned at routing point",
        "0 {p} RouteRequest {c} in | 0 {v} Queued {c} vqid={x} | 0 {w} Queued {c} vqid={y} | 13 {p} Abandoned {c} queue={p}
         | 13 {v} Abandoned {c} vqid={x} | 13 {w} Abandoned {c} vqid={y}",
    ),
    (
        "abandoned ringing",
        "0 {q} Queued {c} in | 9 {q} Diverted {c} to={a} | 9 {a} Ringing {c} queue={q} | 19 {a} Abandoned {c} queue={q}",
    ),
    (
        "ring no answer",
        "0 {q} Queued {c} in | 9 {q} Diverted {c} to={a} | 9 {a} Ringing {c} queue={q}
         | 21 {a} Released {c} state=NoAnswer queue={q} | 21 {q} Queued {c} | 30 {q} Diverted {c} to={b}
         | 30 {b} Ringing {c} queue={q} | 33 {b} Established {c} queue={q} | 60 {b} Released {c}",
    ),
    (
        "second offer",
        "0 {q} Queued {c} in | 9 {q} Diverted {c} to={a} | 9 {a} Ringing {c} queue={q}
         | 19 {a} Released {c} state=Redirected queue={q} | 19.3 {b} Ringing {c} queue={q} | 23 {b} Established {c} queue={q}
         | 60 {b} Released {c}",
    ),
    (
        "hold",
        "0 {a} Ringing {c} in | 3 {a} Established {c} | 20 {a} Held {c} | 30 {a} Retrieved {c} | 40 {a} Held {c}
         | 55 {a} Released {c}",
    ),
    (
        "two-step transfer",
        "0 {a} Ringing {c} in | 3 {a} Established {c} | 20 {a} Held {c} | 20 {a} Dialing {d} consult transfer={c}
         | 20.1 {b} Ringing {d} was={c} | 25 {a} Established {d} | 25 {b} Established {d} | 40 {a} Released {d} state=Transferred
         | 40 {a} Released {c} state=Transferred | 40 {b} PartyChanged {c} in was={d} state=Transferred | 80 {b} Released {c}",
    ),
    (
        "blind transfer",
        "0 {a} Ringing {c} in | 3 {a} Established {c} | 20 {a} Held {c} | 20 {a} Dialing {d} consult transfer={c}
         | 20.1 {b} Ringing {d} was={c} | 21 {b} PartyChanged {c} in was={d} state=Transferred
         | 21 {a} Released {d} state=Transferred | 21 {a} Released {c} state=Transferred | 27 {b} Established {c}
         | 70 {b} Released {c}",
    ),
    (
        "mute transfer",
        "0 {a} Ringing {c} in | 3 {a} Established {c} | 20 {a} Held {c} | 20 {a} Dialing {d} consult transfer={c}
         | 20.01 {a} Released {d} state=Transferred | 20.01 {a} Released {c} state=Transferred | 20.02 {b} Ringing {d} was={c}
         | 20.03 {b} PartyChanged {c} in was={d} state=Transferred | 26 {b} Established {c} | 60 {b} Released {c}",
    ),
    (
        "single-step transfer",
        "0 {a} Ringing {c} in | 3 {a} Established {c} | 30 {a} Released {c} state=Transferred by={b}
         | 30 {b} Ringing {c} state=Transferred by={a} | 35 {b} Established {c} | 70 {b} Released {c}",
    ),
    (
        "transfer to queue",
        "0 {a} Ringing {c} in | 3 {a} Established {c} | 20 {a} Held {c} | 20 {a} Dialing {d} consult transfer={c}
         | 20 {q} Queued {d} was={c} | 28 {a} Released {d} state=Transferred | 28 {a} Released {c} state=Transferred
         | 28 {q} PartyChanged {c} in was={d} state=Transferred | 40 {q} Diverted {c} to={b} | 40 {b} Ringing {c} queue={q}
         | 44 {b} Established {c} queue={q} | 80 {b} Released {c}",
    ),
    (
        "transfer to routing point",
        "0 {a} Ringing {c} in | 3 {a} Established {c} | 20 {a} Held {c} | 20 {a} Dialing {d} consult transfer={c}
         | 20 {p} RouteRequest {d} was={c} | 28 {a} Released {d} state=Transferred | 28 {a} Released {c} state=Transferred
         | 28 {p} PartyChanged {c} in was={d} state=Transferred | 40 {p} RouteUsed {c} to={b} | 40 {b} Ringing {c}
         | 44 {b} Established {c} | 80 {b} Released {c}",
    ),
    (
        "consultation into queue",
        "0 {a} Ringing {c} in | 3 {a} Established {c} | 20 {a} Held {c} | 20 {a} Dialing {d} consult transfer={c}
         | 20 {q} Queued {d} was={c} | 30 {q} Diverted {d} to={b} | 30 {b} Ringing {d} queue={q} was={c}
         | 34 {b} Established {d} queue={q} | 34 {a} Established {d} | 50 {a} Released {d} state=Transferred
         | 50 {a} Released {c} state=Transferred | 50 {b} PartyChanged {c} in was={d} state=Transferred | 90 {b} Released {c}",
    ),
    (
        "reconnect and alternate",
        "0 {a} Ringing {c} in | 3 {a} Established {c} | 20 {a} Held {c} | 20 {a} Dialing {d} consult transfer={c}
         | 20.1 {b} Ringing {d} was={c} | 25 {a} Established {d} | 25 {b} Established {d} | 35 {a} Held {d}
         | 35 {a} Retrieved {c} | 45 {a} Held {c} | 45 {a} Retrieved {d} | 55 {a} Released {d} | 55 {b} Released {d}
         | 55 {a} Retrieved {c} | 80 {a} Released {c}",
    ),
    (
        "two-step conference",
        "0 {a} Ringing {c} in | 3 {a} Established {c} | 20 {a} Held {c} | 20 {a} Dialing {d} consult conference={c}
         | 20.1 {b} Ringing {d} was={c} | 25 {a} Established {d} | 25 {b} Established {d} | 40 {a} Released {d} state=Conferenced
         | 40 {a} Retrieved {c} in state=Conferenced
         | 40 {a} PartyAdded {c} with={b} OtherDNRole=NewParty by={a} ThirdPartyDNRole=AddedBy state=Conferenced
         | 40 {b} PartyChanged {c} was={d} by={a} ThirdPartyDNRole=ConferencedBy state=Conferenced | 60 {a} Released {c}
         | 60 {b} PartyDeleted {c} with={a} OtherDNRole=DeletedParty | 90 {b} Released {c}",
    ),
    (
        "single-step conference",
        "0 {a} Ringing {c} in | 3 {a} Established {c} | 20 {b} Ringing {c} state=Conferenced | 24 {b} Established {c}
         | 24 {a} PartyAdded {c} with={b} OtherDNRole=NewParty by={a} state=Conferenced | 50 {b} Released {c}
         | 50 {a} PartyDeleted {c} with={b} OtherDNRole=DeletedParty | 70 {a} Released {c}",
    ),
    (
        "predictive",
        "0 {q} Dialing {c} out role=Origination queue={q} | 8 {q} Queued {c} role=Origination | 10 {q} Diverted {c} to={a}
         | 10 {a} Ringing {c} role=Origination queue={q} | 12 {a} Established {c} role=Origination queue={q}
         | 50 {a} Released {c}",
    ),
    (
        "predictive failed",
        "0 {q} Dialing {c} out role=Origination queue={q} | 20 {q} Released {c} state=NoAnswer queue={q}",
    ),
    (
        "answering machine",
        "0 {q} Dialing {c} out role=Origination queue={q} | 8 {q} Queued {c} state=AnsweringMachineDetected
         | 9 {q} Released {c} state=Cleared queue={q}",
    ),
    (
        "supervision",
        "0 {a} Ringing {c} in | 3 {a} Established {c} | 5 {s} Ringing {c} role=Observer state=Bridged
         | 5 {a} PartyAdded {c} with={s} OtherDNRole=Observer state=Bridged | 6 {s} Established {c} role=Observer state=Bridged
         | 50 {a} Released {c} | 50 {s} PartyDeleted {c} with={a} OtherDNRole=DeletedParty | 51 {s} Released {c} role=Observer",
    ),
    (
        "virtual queues",
        "0 {p} RouteRequest {c} in | 0 {v} Queued {c} vqid={x} | 0 {w} Queued {c} vqid={y} | 15 {p} RouteUsed {c} to={a}
         | 15 {v} Diverted {c} to={a} vqid={x} rvqid={x} | 15 {w} Diverted {c} to={a} vqid={y} rvqid={x} | 15 {a} Ringing {c}
         | 18 {a} Established {c} | 60 {a} Released {c}",
    ),
    (
        "virtual queue stuck",
        "0 {p} RouteRequest {c} in | 0 {v} Queued {c} vqid={x} | 10 {p} RouteUsed {c} to={a} | 10 {a} Ringing {c}
         | 12 {a} Established {c} | 40 {a} Released {c}",
    ),
    (
        "virtual queue again",
        "0 {p} RouteRequest {c} in | 0 {v} Queued {c} vqid={x} | 9 {v} Diverted {c} vqid={x} state=Redirected
         | 9 {v} Queued {c} vqid={y} | 20 {p} RouteUsed {c} to={a} | 20 {a} Ringing {c} | 23 {a} Established {c}
         | 23.4 {v} Diverted {c} to={a} vqid={y} rvqid={y} | 50 {a} Released {c}",
    ),
    (
        "parallel queues",
        "0 {q} Queued {c} in | 0 {r} Queued {c} | 20 {q} Diverted {c} to={a} | 20 {r} Diverted {c} to={a}
         | 20 {a} Ringing {c} queue={q} | 23 {a} Established {c} queue={q} | 60 {a} Released {c}",
    ),
    (
        "ivr",
        "0 {i} Ringing {c} in | 1 {i} Established {c} | 30 {i} Released {c} | 30 {q} Queued {c} | 45 {q} Diverted {c} to={a}
         | 45 {a} Ringing {c} queue={q} | 48 {a} Established {c} queue={q} | 90 {a} Released {c}",
    ),
    (
        "network transfer",
        "0 {a} Ringing {c} in | 3 {a} Established {c} | 10 {a} NetworkCallStatus {c} NetworkCallState=1
         | 30 {a} NetworkCallStatus {c} NetworkCallState=3 | 30 {a} Released {c}",
    ),
    (
        "to another site",
        "0 {p} RouteRequest {c} in | 6 {p} RouteUsed {c} to=9{a} | 6.5 9900@west RouteRequest {c}
         | 6.8 9900@west RouteUsed {c} to={a} | 7 {a}@west Ringing {c} | 11 {a}@west Established {c} | 40 {a}@west Released {c}",
    ),
    (
        "merge",
        "0 {a} Ringing {c} in | 3 {a} Established {c} | 20 {a} Held {c} | 20 {a} Dialing {d} out | 25 {b} Ringing {d}
         | 28 {a} Established {d} | 28 {b} Established {d} | 40 {a} Released {d} state=Transferred by={b}
         | 40 {a} Released {c} state=Transferred by={b} | 40 {b} PartyChanged {c} in was={d} state=Transferred by={a}
         | 70 {b} Released {c}",
    ),
    (
        "pickup",
        "0 {q} Queued {c} in | 8 {q} Diverted {c} to={a} | 8 {a} Ringing {c} queue={q}
         | 15 {a} Released {c} state=Pickedup queue={q} | 15 {b} Established {c} | 50 {b} Released {c}",
    ),
    (
        "park",
        "0 {a} Ringing {c} in | 3 {a} Established {c} | 20 {a} Released {c} state=Transferred by={r} | 20 {r} Queued {c}
         | 45 {b} Established {c} queue={r} | 70 {b} Released {c}",
    ),
    ("busy", "0 {a} OffHook | 20 {a} OnHook"),
    ("do not disturb", "0 {a} DNDOn | 90 {a} DNDOff"),
    ("out of service", "0 {a} DNOutOfService | 60 {a} DNBackInService"),
    ("forward", "0 {a} ForwardSet ForwardMode=1 | 60 {a} ForwardCancel"),
    ("break", "0 {a} AgentNotReady mode=AuxWork reason=Break:Tea | 40 {a} AgentNotReady reason=Break:Mail | 90 {a} AgentReady"),
];

/// Phones, all with an agent of their own but the supervisors' and the last, where nobody is logged in.
const PHONES: u32 = 8;

/// A day of the year's first week, some two hours of it, from 23:00 on, so that midnight lies inside.
pub fn composed(seed: u64) -> Feed {
    let mut random = Random::new(seed);
    let mut lines: Vec<(f64, String)> = Vec::new();
    logins(&mut random, &mut lines);
    let calls = 40 + random.below(120);
    for n in 0..calls {
        let begin = f64::from(random.below(6600)) + f64::from(random.below(1000)) / 1000.0;
        let (_, model) = MODELS[random.below(MODELS.len() as u32) as usize];
        play(model, 2 * n + 1, begin, &mut random, &mut lines);
    }
    lines.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut text = String::new();
    for (at, line) in &lines {
        let ms = (at * 1000.0).round() as u64 + 23 * 3_600_000;
        let (s, ms) = (ms / 1000, ms % 1000);
        writeln!(text, "{}:{:02}:{:02}.{ms:03} {line}", s / 3600, s / 60 % 60, s % 60).expect("a string takes all");
    }
    Feed::of_lines(log::feed(&text).as_bytes())
}

/// Every model there is, by name, alone: for a failure that wants to be looked at.
pub fn models() -> impl Iterator<Item = (&'static str, Feed)> {
    MODELS.iter().map(|(name, model)| {
        let mut random = Random::new(1);
        let mut lines = Vec::new();
        logins(&mut random, &mut lines);
        play(model, 1, 600.0, &mut random, &mut lines);
        lines.sort_by(|a, b| a.0.total_cmp(&b.0));
        let text: String = lines.iter().fold(String::new(), |mut text, (at, line)| {
            let s = *at as u64;
            let ms = ((at - s as f64) * 1000.0) as u64;
            writeln!(text, "{}:{:02}:{:02}.{ms:03} {line}", 10 + s / 3600, s / 60 % 60, s % 60)
                .expect("a string takes all");
            text
        });
        (*name, Feed::of_lines(log::feed(&text).as_bytes()))
    })
}

/// Agents come, go and come again; some have two phones.
fn logins(random: &mut Random, lines: &mut Vec<(f64, String)>) {
    for phone in 1..PHONES {
        let mut at = f64::from(random.below(120));
        let agent = if phone == 2 { 101 } else { 100 + phone };
        while at < 7000.0 {
            let queue = 8001 + random.below(3);
            lines.push((at, format!("70{phone:02} AgentLogin agent={agent} queue={queue}")));
            lines.push((at + 1.0, format!("70{phone:02} AgentReady")));
            at += 600.0 + f64::from(random.below(6000));
            lines.push((at, format!("70{phone:02} AgentLogout")));
            at += f64::from(random.below(900));
        }
    }
}

fn play(model: &str, number: u32, begin: f64, random: &mut Random, lines: &mut Vec<(f64, String)>) {
    let stretch = 0.3 + f64::from(random.below(200)) / 100.0;
    let first = 1 + random.below(PHONES);
    let other = |n: u32| 1 + (first - 1 + n) % PHONES;
    let queue = 8001 + random.below(3);
    let virtual_queue = 1 + random.below(2);
    let names = [
        ("{a}", format!("70{first:02}")),
        ("{b}", format!("70{:02}", other(1))),
        ("{s}", format!("70{:02}", other(2))),
        ("{q}", queue.to_string()),
        ("{r}", (8001 + (queue - 8000) % 3).to_string()),
        ("{p}", format!("900{}", 1 + random.below(2))),
        ("{v}", format!("VQ{virtual_queue}")),
        ("{w}", format!("VQ{}", 3 - virtual_queue)),
        ("{i}", "6001".to_owned()),
        ("{c}", format!("c{number}")),
        ("{d}", format!("c{}", number + 1)),
        ("{x}", format!("x{number}")),
        ("{y}", format!("y{number}")),
    ];
    for step in model.split('|') {
        let mut step = step.trim().to_owned();
        for (mark, name) in &names {
            step = step.replace(mark, name);
        }
        let (at, event) = step.split_once(' ').expect("a time and an event");
        let at: f64 = at.parse().expect("seconds");
        lines.push((begin + at * stretch, event.to_owned()));
    }
}
