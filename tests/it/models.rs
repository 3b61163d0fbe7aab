//! Call models, one test each: a log as the switch tells it, and the rows that the rules ask for.
//!
//! Expected values are worked out by hand from the rules; each test says which one decides.

mod agent;
mod conference;
mod contact;
mod data;
mod decision;
mod dirt;
mod ending;
mod explained;
mod inbound;
mod input;
mod predictive;
mod queue;
mod resource;
mod route;
mod sample;
mod site;
mod snapshot;
mod source;
mod supervision;
mod time;
mod trail;
mod transfer;
mod virtual_queue;

/// Two agents, ready since 10:00:00; the first serves queue 8001.
const TWO_AGENTS: &str = "
    10:00:00 7001 AgentLogin agent=101 queue=8001
    10:00:00 7001 AgentReady
    10:00:00 7002 AgentLogin agent=102
    10:00:00 7002 AgentReady
";

/// A log after the two agents' logins.
fn with_two_agents(log: &str) -> String {
    format!("{TWO_AGENTS}{log}")
}
