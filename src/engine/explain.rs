//! One call step by step: each of its events, what the fold concluded from it, what was counted, which rows were closed.
//!
//! In: a call to look for, by ConnID, CallUUID or call id. Out: [`Step`]s, as text. What was counted is found by reading the
//! ledgers before and after each action, so that the explanation cannot differ from the counting. It follows the call
//! through transfers and conferences, takes up decisions that were taken later, and the after-call work of its agents.
//! Refuses to decide anything: without it, or with it, the numbers are the same.

use std::collections::HashSet;

use super::telling::{self, Closed};
use crate::fold::{Outbox, World};
use crate::model::action::{Action, On};
use crate::model::ids::{AgentId, ConnId, DnId, EventId, SwitchId, Uuid};
use crate::model::names::Names;
use crate::model::tevent::{EventKind, TEvent};
use crate::model::time::Micros;
use crate::stats::board::Board;

/// Steps kept; a call with more is not worth reading.
const STEPS_MAX: usize = 2_000;

/// Which call is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// By ConnID, on any switch.
    Conn(ConnId),
    /// By CallUUID.
    CallUuid(String),
    /// By its id in rows.
    Id(Uuid),
}

/// One step of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Step {
    /// Event time, RFC 3339 UTC.
    pub at: String,
    /// The event as the switch said it; absent for what waiting decided.
    pub event: Option<String>,
    /// Source, epoch and sequence number of the event.
    pub event_id: Option<String>,
    /// What the fold concluded.
    pub concluded: Vec<String>,
    /// Columns that moved, as `queue 8001@east answered +1`.
    pub counted: Vec<String>,
    /// Rows that were closed.
    pub rows: Vec<String>,
    /// What the switch said that cannot be.
    pub anomalies: Vec<&'static str>,
}

/// Collects the steps of one call.
#[derive(Clone, Debug)]
pub struct Explain {
    wanted: Wanted,
    /// ConnIDs that belong to it, by switch.
    conns: HashSet<(SwitchId, ConnId)>,
    /// Call ids that belong to it.
    calls: HashSet<Uuid>,
    /// DNs whose last call event was of this call.
    dns: HashSet<DnId>,
    /// Its stays: queue and entry.
    stays: HashSet<(DnId, Micros)>,
    steps: Vec<Step>,
    /// The step of the event that is being folded.
    present: Option<Step>,
    anomalies_before: Vec<u64>,
    /// How many rows of each list were looked at.
    looked: [usize; 4],
}

impl Explain {
    /// Looks for a call.
    #[must_use]
    pub fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            conns: HashSet::new(),
            calls: HashSet::new(),
            dns: HashSet::new(),
            stays: HashSet::new(),
            steps: Vec::new(),
            present: None,
            anomalies_before: Vec::new(),
            looked: [0; 4],
        }
    }

    /// The rows left; the lists begin anew.
    pub(super) fn rows_left(&mut self) {
        self.looked = [0; 4];
    }

    /// The steps so far.
    #[must_use]
    pub fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    /// An event comes: notes it when it is one of the call's.
    pub(super) fn hear(&mut self, ev: &TEvent<'_>, id: EventId, world: &mut World, names: &Names) {
        self.present = None;
        if !self.concerns(ev, world, names) || self.steps.len() >= STEPS_MAX {
            return;
        }
        self.anomalies_before = world.out.anomalies.to_vec();
        self.present = Some(Step {
            at: ev.time.to_string(),
            event: Some(telling::event(ev, names)),
            event_id: Some(telling::event_id(id, names)),
            ..Step::default()
        });
    }

    fn concerns(&mut self, ev: &TEvent<'_>, world: &mut World, names: &Names) -> bool {
        let is_agents = matches!(
            ev.kind,
            EventKind::AGENT_READY
                | EventKind::AGENT_NOT_READY
                | EventKind::AGENT_AFTER_CALL_WORK
                | EventKind::AGENT_LOGOUT
                | EventKind::ON_HOOK
        );
        if is_agents {
            // After-call work belongs to the last call of the phone; its end is the last that is of interest.
            let ends = matches!(ev.kind, EventKind::AGENT_READY | EventKind::AGENT_LOGOUT);
            let ours = self.dns.contains(&ev.this_dn);
            if ours && ends {
                self.dns.remove(&ev.this_dn);
            }
            return ours;
        }
        if !ev.conn.is_some() {
            return false;
        }
        let known = |conn: ConnId| conn.is_some() && self.conns.contains(&(ev.switch, conn));
        let ours = known(ev.conn)
            || known(ev.previous_conn)
            || known(ev.held_conn)
            || match &self.wanted {
                Wanted::Conn(conn) => ev.conn == *conn,
                Wanted::CallUuid(text) => !ev.call_uuid.is_empty() && ev.call_uuid == text,
                Wanted::Id(id) => world.call_id_of(ev, names) == *id,
            };
        if ours {
            self.conns.insert((ev.switch, ev.conn));
            self.dns.insert(ev.this_dn);
        } else {
            self.dns.remove(&ev.this_dn);
        }
        ours
    }

    /// Applies the actions of one input to the board, and notes those that concern the call.
    pub(super) fn apply(
        &mut self,
        actions: &[Action],
        board: &mut Board,
        names: &Names,
        mut rest: impl FnMut(&Action, &Board),
    ) {
        for action in actions {
            if let (Action::StayBegan { queue, entered_at, .. }, true) = (action, self.present.is_some()) {
                self.stays.insert((*queue, *entered_at));
            }
            let watched = self.present.is_some() || self.is_ours(action);
            let before = watched.then(|| telling::reading(action, board));
            board.apply(action);
            rest(action, board);
            if let Some(before) = before {
                let now = telling::time_of(action);
                let step = self.step(now);
                step.concluded.extend(telling::action(action, names));
                let after = telling::reading(action, board);
                telling::difference(&before, &after, names, &mut step.counted);
            }
        }
    }

    /// Whether an action that was concluded without an event of the call is about one of its stays.
    fn is_ours(&self, action: &Action) -> bool {
        match *action {
            Action::Started { on: On::Queue { queue, entered_at, .. }, .. }
            | Action::Ended { on: On::Queue { queue, entered_at, .. }, .. }
            | Action::Finished { on: On::Queue { queue, entered_at, .. }, .. }
            | Action::Occurred { on: On::Queue { queue, entered_at, .. }, .. }
            | Action::LegHandled { on: On::Queue { queue, entered_at, .. }, .. }
            | Action::StayEnded { queue, entered_at, .. } => self.stays.contains(&(queue, entered_at)),
            _ => false,
        }
    }

    /// The step that something at `at` belongs to: that of the event, else one of its own.
    fn step(&mut self, at: Micros) -> &mut Step {
        if self.present.is_none() {
            let waits = self.steps.last().is_some_and(|s| s.event.is_none());
            if !waits {
                self.steps.push(Step { at: at.to_string(), ..Step::default() });
            }
            return self.steps.last_mut().expect("it was just put there");
        }
        self.present.as_mut().expect("it is there")
    }

    /// Notes the rows of the call among those that were closed since the last look.
    pub(super) fn close(&mut self, out: &Outbox, now: Micros, names: &Names) {
        let closed = Closed { out, from: std::mem::replace(&mut self.looked, Closed::count(out)) };
        let present = self.present.is_some();
        let calls = &mut self.calls;
        let lines = closed.told(names, |call| {
            if present {
                calls.insert(call);
            }
            calls.contains(&call)
        });
        if !lines.is_empty() {
            self.step(now).rows.extend(lines);
        }
    }

    /// The event is folded.
    pub(super) fn done(&mut self, world: &World) {
        let Some(mut step) = self.present.take() else { return };
        let kinds = crate::fold::anomaly::Anomaly::ALL;
        let new = |kind: &crate::fold::anomaly::Anomaly| {
            world.out.anomalies[*kind as usize] > self.anomalies_before[*kind as usize]
        };
        step.anomalies.extend(kinds.iter().filter(|kind| new(kind)).map(|kind| kind.word()));
        self.steps.push(step);
    }
}

/// Whom an action is about, for the ledgers that are read before and after.
pub(super) fn objects(action: &Action) -> (DnId, AgentId) {
    match *action {
        Action::Started { on, .. }
        | Action::Ended { on, .. }
        | Action::Occurred { on, .. }
        | Action::Finished { on, .. }
        | Action::LegHandled { on, .. }
        | Action::LegAccrued { on, .. } => match on {
            On::Device { agent, .. } => (DnId::NONE, agent),
            On::Queue { queue, agent, .. } => (queue, agent),
        },
        Action::StayBegan { queue, .. }
        | Action::StayEnded { queue, .. }
        | Action::OfferUnanswered { queue, .. }
        | Action::LegTransferred { queue, .. }
        | Action::QueueSeen { queue, .. } => (queue, AgentId::NONE),
        Action::Counted { agent, .. }
        | Action::LegReleased { agent, .. }
        | Action::StatusChanged { agent, .. }
        | Action::StateBegan { agent, .. }
        | Action::ReasonTime { agent, .. }
        | Action::Dnd { agent, .. } => (DnId::NONE, agent),
        Action::Membership { agent, queue, .. } => (queue, agent),
        Action::Coverage { .. } => (DnId::NONE, AgentId::NONE),
    }
}
