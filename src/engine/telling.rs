//! Events, conclusions, counts and rows as sentences for people.
//!
//! Names are the T-Library's for events, Stat Server's for actions, and the tables' for columns and rows. Refuses to know
//! which of them concern anybody.

use super::explain::objects;
use crate::fold::Outbox;
use crate::model::action::{Action, On};
use crate::model::identity::{LegKey, QueueSegmentKey, SessionKey};
use crate::model::ids::{AgentId, ConnId, DnId, EventId, ReasonId, SwitchId, Uuid};
use crate::model::names::Names;
use crate::model::table::{CellWriter, Row};
use crate::model::tevent::{CallState, TEvent};
use crate::model::time::Micros;
use crate::stats::agent::AgentColumn;
use crate::stats::board::Board;
use crate::stats::queue::{QueueCount, QueueTime};

/// An event with the attributes that the fold looks at.
pub(super) fn event(ev: &TEvent<'_>, names: &Names) -> String {
    let mut text = format!("{} on {}", ev.kind.name(), dn(ev.this_dn, names));
    let mut add = |name: &str, value: &str| {
        if !value.is_empty() {
            text += &format!(" {name}={value}");
        }
    };
    let conn = |conn: ConnId| if conn.is_some() { conn.to_string() } else { String::new() };
    add("ConnID", &conn(ev.conn));
    add("PreviousConnID", &conn(ev.previous_conn));
    add("TransferConnID", &conn(ev.held_conn));
    add("CallType", ev.call_type.map_or("", |t| t.word()));
    if ev.call_state != CallState::OK {
        add("CallState", &ev.call_state.0.to_string());
    }
    if ev.this_queue.is_some() && ev.this_queue != ev.this_dn {
        add("ThisQueue", names.dn_number(ev.this_queue));
    }
    add("ThirdPartyDN", ev.third_party_number);
    add("OtherDN", ev.other_number);
    if ev.agent.is_some() {
        add("AgentID", names.agent_id(ev.agent));
    }
    add("VQID", ev.extensions.get("VQID").as_deref().unwrap_or_default());
    text
}

/// `source:epoch:sequence`, as in rows.
pub(super) fn event_id(id: EventId, names: &Names) -> String {
    format!("{}:{}:{}", names.switch_name(id.switch), id.epoch, id.seq)
}

fn dn(dn: DnId, names: &Names) -> String {
    if dn.is_some() { names.dn_text(dn) } else { "no DN".to_owned() }
}

fn agent(agent: AgentId, names: &Names) -> String {
    format!("agent {}", names.agent_id(agent))
}

fn place(on: On, names: &Names) -> String {
    match on {
        On::Device { dn: d, agent: a } => match (d.is_some(), a.is_some()) {
            (true, true) => format!("{} ({})", dn(d, names), agent(a, names)),
            (true, false) => dn(d, names),
            (false, _) => agent(a, names),
        },
        On::Queue { queue, agent: a, .. } if a.is_some() => format!("queue {} ({})", dn(queue, names), agent(a, names)),
        On::Queue { queue, .. } => format!("queue {}", dn(queue, names)),
    }
}

fn seconds(ms: i64) -> String {
    format!("{}.{:03} s", ms / 1000, ms % 1000)
}

/// When an action happened.
pub(super) fn time_of(action: &Action) -> Micros {
    match *action {
        Action::Started { at, .. }
        | Action::Ended { at, .. }
        | Action::Occurred { at, .. }
        | Action::Finished { at, .. }
        | Action::OfferUnanswered { at, .. }
        | Action::LegTransferred { at, .. }
        | Action::LegHandled { at, .. }
        | Action::Counted { at, .. }
        | Action::LegReleased { at, .. }
        | Action::StatusChanged { at, .. }
        | Action::StateBegan { at, .. }
        | Action::ReasonTime { at, .. }
        | Action::Dnd { at, .. }
        | Action::Membership { at, .. }
        | Action::QueueSeen { at, .. }
        | Action::Coverage { at, .. } => at,
        Action::StayBegan { entered_at, .. } => entered_at,
        Action::StayEnded { ended_at, .. } => ended_at,
        Action::LegAccrued { .. } => Micros::MIN,
    }
}

/// A conclusion; nothing for what only prepares a count.
pub(super) fn action(action: &Action, names: &Names) -> Option<String> {
    let ms = |from: Micros, to: Micros| seconds(crate::model::time::ms_between(from, to));
    Some(match *action {
        Action::Started { what, on, call_type, .. } => {
            format!("{what:?} ({}) begins at {}", call_type.word(), place(on, names))
        }
        Action::Ended { what, on, call_type, started, at } => {
            format!("{what:?} ({}) ends at {} after {}", call_type.word(), place(on, names), ms(started, at))
        }
        Action::Occurred { what, on, .. } => format!("{what:?} at {}", place(on, names)),
        Action::Finished { what, on, lasted, at, .. } => {
            format!("{what:?} at {} after {}", place(on, names), ms(at - lasted, at))
        }
        Action::StayBegan { queue, .. } => format!("a stay begins in queue {}", dn(queue, names)),
        Action::StayEnded { queue, entered_at, left_at, ended_at, outcome, .. } => format!(
            "the stay in queue {} ends: {}, {} in the queue, waited {}",
            dn(queue, names),
            outcome.word(),
            ms(entered_at, left_at),
            ms(entered_at, ended_at)
        ),
        Action::OfferUnanswered { queue, .. } => format!("an offer of queue {} ended unanswered", dn(queue, names)),
        Action::LegTransferred { queue, .. } => format!("the leg of queue {} was transferred", dn(queue, names)),
        Action::LegHandled { on, handle_ms, .. } => format!("handled at {}: {}", place(on, names), seconds(handle_ms)),
        Action::StatusChanged { agent: a, from, to, .. } => {
            format!("{}: {} becomes {}", agent(a, names), from.word(), to.word())
        }
        Action::Membership { agent: a, queue, joins, .. } => {
            format!("{} {} queue {}", agent(a, names), if joins { "joins" } else { "leaves" }, dn(queue, names))
        }
        Action::Coverage { switch, seen, .. } => {
            format!("switch {} is {}", names.switch_name(switch), if seen { "seen again" } else { "no longer seen" })
        }
        Action::QueueSeen { queue, .. } => format!("{} is a queue", dn(queue, names)),
        Action::LegAccrued { .. }
        | Action::Counted { .. }
        | Action::LegReleased { .. }
        | Action::StateBegan { .. }
        | Action::ReasonTime { .. }
        | Action::Dnd { .. } => return None,
    })
}

/// The ledgers of the queue and the agent that an action is about.
#[derive(Debug)]
pub(super) struct Reading {
    queue: DnId,
    agent: AgentId,
    queue_counts: Vec<i64>,
    running: Vec<i64>,
    agent_counts: Vec<i64>,
}

pub(super) fn reading(action: &Action, board: &Board) -> Reading {
    let (queue, agent) = objects(action);
    let known = board.queue(queue);
    Reading {
        queue,
        agent,
        queue_counts: known.map_or_else(Vec::new, |q| q.ledger.counts.to_vec()),
        running: known.map_or_else(Vec::new, |q| q.ledger.times.going_on().map(i64::from).to_vec()),
        agent_counts: board
            .agents
            .get(agent.index())
            .map_or_else(Vec::new, |a| AgentColumn::ALL.map(|c| a.ledger.value(c)).to_vec()),
    }
}

/// What differs between two readings, one line a column.
pub(super) fn difference(before: &Reading, after: &Reading, names: &Names, lines: &mut Vec<String>) {
    let mut tell = |object: String, before: &[i64], after: &[i64], name: &dyn Fn(usize) -> String, running: bool| {
        for (i, now) in after.iter().enumerate() {
            let by = now - before.get(i).copied().unwrap_or(0);
            match (by, running) {
                (0, _) => {}
                (_, true) => {
                    lines.push(format!("{object} {} {}", name(i), if by > 0 { "runs" } else { "stops" }));
                }
                (_, false) => lines.push(format!("{object} {} {by:+}", name(i))),
            }
        }
    };
    if after.queue.is_some() {
        let queue = format!("queue {}", dn(after.queue, names));
        tell(queue.clone(), &before.queue_counts, &after.queue_counts, &|i| column(&QueueCount::ALL[i]), false);
        tell(queue, &before.running, &after.running, &|i| column(&QueueTime::ALL[i]), true);
    }
    if after.agent.is_some() {
        let who = agent(after.agent, names);
        tell(who, &before.agent_counts, &after.agent_counts, &|i| column(&AgentColumn::ALL[i]), false);
    }
}

/// The column's name in the tables: the variant's, in their spelling.
fn column(variant: &impl std::fmt::Debug) -> String {
    let mut name = String::new();
    for c in format!("{variant:?}").chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

/// Rows that were closed, from these places in their lists on.
#[derive(Debug)]
pub(super) struct Closed<'a> {
    pub(super) out: &'a Outbox,
    pub(super) from: [usize; 4],
}

impl Closed<'_> {
    /// How many there are now.
    pub(super) fn count(out: &Outbox) -> [usize; 4] {
        [out.calls.len(), out.parties.len(), out.stays.len(), out.legs.len()]
    }

    /// Those of the calls that are `wanted`, as text.
    pub(super) fn told(&self, names: &Names, mut wanted: impl FnMut(Uuid) -> bool) -> Vec<String> {
        let mut lines = Vec::new();
        let [calls, parties, stays, legs] = self.from;
        // Parties and legs first: they make a call known before its own row is asked for.
        lines.extend(self.out.parties[parties..].iter().filter(|r| wanted(r.call_id)).map(|r| row(r, names)));
        lines.extend(self.out.stays[stays..].iter().filter(|r| wanted(r.call_id)).map(|r| row(r, names)));
        lines.extend(self.out.legs[legs..].iter().filter(|r| wanted(r.call_id)).map(|r| row(r, names)));
        lines.extend(self.out.calls[calls..].iter().filter(|r| wanted(r.call_id)).map(|r| row(r, names)));
        lines
    }
}

/// Columns that say nothing about what happened.
const BOOKKEEPING: [&str; 11] = [
    "tenant_id",
    "site_id",
    "media_type",
    "revision",
    "written_at",
    "last_event_id",
    "definition_version",
    "resource_id",
    "conn_id",
    "login_id",
    "dn_type",
];

/// A row as `table: column=value …`, without what is null, zero, false, an id or bookkeeping.
fn row<R: Row>(row: &R, names: &Names) -> String {
    let mut texts = Texts { names, cells: Vec::with_capacity(R::TABLE.columns.len()) };
    row.cells(&mut texts);
    let mut line = format!("{}:", R::TABLE.name);
    for (column, cell) in R::TABLE.columns.iter().zip(texts.cells) {
        if let Some(cell) = cell.filter(|c| c != "0" && c != "no")
            && !BOOKKEEPING.contains(&column.name)
        {
            line += &format!(" {}={cell}", column.name);
        }
    }
    line
}

/// Cells as text; ids are left out.
struct Texts<'a> {
    names: &'a Names,
    cells: Vec<Option<String>>,
}

impl Texts<'_> {
    fn push(&mut self, text: impl Into<String>) {
        self.cells.push(Some(text.into()));
    }
}

impl CellWriter for Texts<'_> {
    fn null(&mut self) {
        self.cells.push(None);
    }
    fn tenant(&mut self, _: SwitchId) {
        self.null();
    }
    fn site(&mut self, _: SwitchId) {
        self.null();
    }
    fn dn(&mut self, v: DnId) {
        let text = self.names.dn_text(v);
        self.push(text);
    }
    fn agent(&mut self, v: AgentId) {
        let text = self.names.agent_id(v).to_owned();
        self.push(text);
    }
    fn reason_key(&mut self, v: ReasonId) {
        let text = self.names.reason_text(v).0.to_owned();
        self.push(text);
    }
    fn reason_code(&mut self, v: ReasonId) {
        let text = self.names.reason_text(v).1.to_owned();
        self.push(text);
    }
    fn word(&mut self, v: &'static str) {
        self.push(v);
    }
    fn words(&mut self, v: &'static [&'static str]) {
        self.push(v.join(","));
    }
    fn text(&mut self, v: &str) {
        self.push(v);
    }
    fn conn(&mut self, v: ConnId) {
        self.push(v.to_string());
    }
    fn event(&mut self, _: EventId) {
        self.null();
    }
    fn uuid(&mut self, _: Uuid) {
        self.null();
    }
    fn queue_segment_id(&mut self, _: &QueueSegmentKey) {
        self.null();
    }
    fn leg_id(&mut self, _: &LegKey) {
        self.null();
    }
    fn party_id(&mut self, _: &LegKey) {
        self.null();
    }
    fn session_id(&mut self, _: &SessionKey) {
        self.null();
    }
    fn instant(&mut self, v: Micros) {
        self.push(v.to_string());
    }
    fn long(&mut self, v: i64) {
        self.push(v.to_string());
    }
    fn int(&mut self, v: i32) {
        self.push(v.to_string());
    }
    fn flag(&mut self, v: bool) {
        self.push(if v { "yes" } else { "no" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_spelled_as_the_tables_do() {
        assert_eq!(column(&QueueCount::AnsweredWithinSl), "answered_within_sl");
        assert_eq!(column(&AgentColumn::AbandonedWhileRinging), "abandoned_while_ringing");
        for (i, c) in QueueCount::ALL.iter().enumerate() {
            assert_eq!(*c as usize, i);
        }
        for (i, c) in AgentColumn::ALL.iter().enumerate() {
            assert_eq!(*c as usize, i);
        }
        let queue = crate::model::row::QueueIntervalRow::TABLE;
        let known = |name: &str| queue.columns.iter().any(|c| c.name == name);
        assert!(QueueCount::ALL.iter().all(|c| known(&column(c))) && QueueTime::ALL.iter().all(|c| known(&column(c))));
    }
}
