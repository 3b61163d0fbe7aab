//! Snapshots: how queues and agents stand at regular instants of event time.
//!
//! In: the state after every input before the instant. Out: rows beside the facts. Nothing is counted from them, and taking
//! one changes no number: to the fold it is a tick.

use crate::fold::World;
use crate::model::action::Status;
use crate::model::ids::{AgentId, SwitchId};
use crate::model::names::Names;
use crate::model::row::{AgentSnapshotRow, QueueSnapshotRow, Rows};
use crate::model::table::{ReasonCode, ReasonKey, Site, Tenant};
use crate::model::time::{Micros, Span, ms_between};
use crate::stats::board::Board;
use crate::stats::queue::Queue;

/// The longest silence that is sampled through; a longer one is a gap.
const SILENCE_MAX: Span = Span::from_mins(60);

/// When snapshots are due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sampler {
    queues: Cadence,
    agents: Cadence,
}

/// A regular instant; `MAX` when there is none.
#[derive(Clone, Copy, Debug)]
struct Cadence {
    every: Span,
    next: Micros,
}

impl Cadence {
    fn begin(&mut self, now: Micros) {
        if self.every.0 > 0 {
            self.next = now.floor_to(self.every) + self.every;
        }
    }

    /// Moves on when `at` is the instant; `now` is the input that waits.
    fn is_due(&mut self, at: Micros, now: Micros) -> bool {
        let is_due = self.next == at;
        if is_due {
            self.next = at + self.every;
            if now - self.next > SILENCE_MAX {
                self.next = now.floor_to(self.every) + self.every;
            }
        }
        is_due
    }
}

impl Sampler {
    /// Zero for never.
    pub(super) const fn new(queues_every: Span, agents_every: Span) -> Self {
        Self { queues: cadence_of(queues_every), agents: cadence_of(agents_every) }
    }

    /// The first event was at `now`.
    pub(super) fn begin(&mut self, now: Micros) {
        self.queues.begin(now);
        self.agents.begin(now);
    }

    /// The next instant; `MAX` when there is none.
    pub(super) fn next(&self) -> Micros {
        self.queues.next.min(self.agents.next)
    }

    /// Takes what is due at [`Self::next`], before the input at `now`.
    pub(super) fn sample(&mut self, now: Micros, world: &World, board: &Board, names: &Names, rows: &mut Rows) {
        let at = self.next();
        if self.queues.is_due(at, now) {
            let queues = board.queues.iter().filter(|queue| queue.first_seen <= at);
            rows.queue_snapshot.extend(queues.map(|queue| queue_row(queue, at, world, names)));
        }
        if self.agents.is_due(at, now) {
            let agents = (0..names.agent_count()).map(|i| AgentId(i as u32));
            rows.agent_snapshot.extend(agents.filter_map(|agent| agent_row(agent, at, world)));
        }
    }
}

const fn cadence_of(every: Span) -> Cadence {
    Cadence { every, next: Micros::MAX }
}

fn queue_row(queue: &Queue, at: Micros, world: &World, names: &Names) -> QueueSnapshotRow {
    let switch = names.dn_switch(queue.dn);
    let n = |statuses: &[Status]| statuses.iter().map(|status| queue.agents[*status as usize] as i32).sum();
    let of = |word: &str| n(&Status::ALL.into_iter().filter(|status| status.word() == word).collect::<Vec<_>>());
    let (waiting, oldest) = world.in_queue(queue.dn);
    let logged_in: Vec<Status> = Status::ALL.into_iter().filter(|status| *status != Status::LoggedOut).collect();
    QueueSnapshotRow {
        tenant_id: Tenant(switch),
        queue_id: queue.dn,
        queue_kind: world.queue_kind(queue.dn),
        site_id: Site(switch),
        media_type: "voice",
        sampled_at: at,
        waiting: waiting as i32,
        alerting: queue.alerting as i32,
        longest_wait_ms: oldest.map(|entered| ms_between(entered, at)),
        agents_logged_in: n(&logged_in),
        agents_ready: of("ready"),
        agents_not_ready: of("not_ready"),
        agents_acw: of("acw"),
        agents_ringing: of("ringing"),
        agents_dialing: of("dialing"),
        agents_talking: of("talking"),
        agents_held: of("held"),
        agents_busy: of("busy"),
        agents_unknown: of("unknown"),
    }
}

fn agent_row(agent: AgentId, at: Micros, world: &World) -> Option<AgentSnapshotRow> {
    let a = world.agent(agent)?;
    let session = a.session.as_ref()?;
    let switch: SwitchId = session.switch;
    let with_reason = matches!(a.now.status, Status::NotReady | Status::Acw);
    Some(AgentSnapshotRow {
        tenant_id: Tenant(switch),
        agent_id: agent,
        site_id: Site(switch),
        media_type: "voice",
        sampled_at: at,
        state: a.now.status.word(),
        call_type: a.now.status.call_type().map(crate::model::tevent::CallType::word),
        since: a.now.run_since,
        call_id: a.now.call.some(),
        queue_id: a.now.queue,
        reason_key: with_reason.then_some(ReasonKey(a.now.reason)),
        reason_code: with_reason.then_some(ReasonCode(a.now.reason)),
        is_dnd: a.dnd_dns > 0,
    })
}
