//! The states a party goes through, for whoever wants a row of each. Where nobody does, a call costs one look at a flag for
//! each change.
//!
//! A state is noted when it begins and written when the party's part in its call is. States of no length leave no row. Queues
//! have parties, too: their calls are queued or under treatment. After-call work follows its party's end.

use super::part::Cause;
use super::slab::Ix;
use super::world::World;
use crate::model::identity::LegKey;
use crate::model::ids::{AgentId, DnId, EventId, SwitchId, Uuid};
use crate::model::row::PartyStateRow;
use crate::model::table::{PartyKey, Tenant};
use crate::model::tevent::EventKind;
use crate::model::time::{Micros, ms_between};

/// A state began.
#[derive(Clone, Copy, Debug)]
struct Change {
    state: &'static str,
    at: Micros,
    /// The event that said so; `None` when waiting did.
    cause: Option<EventKind>,
}

/// The states of one party, or of one stay in a queue.
#[derive(Clone, Debug, Default)]
struct Trail {
    changes: Vec<Change>,
    /// Rows written of its present part.
    written: i32,
    /// State of the last of them.
    before: Option<&'static str>,
    /// What led into the after-call work that runs.
    wrap_cause: Option<EventKind>,
}

/// The states of everything that is open.
#[derive(Clone, Debug, Default)]
pub(super) struct Trails {
    /// Somebody wants the rows.
    pub is_kept: bool,
    parties: Vec<Trail>,
    stays: Vec<Trail>,
    /// The event being folded.
    pub cause: Option<EventKind>,
}

/// Whose states are written.
#[derive(Clone, Copy, Debug)]
struct Whose {
    tenant: SwitchId,
    part: LegKey,
    call: Uuid,
    dn: DnId,
    agent: AgentId,
    last_event: EventId,
    written_at: Micros,
}

impl Trail {
    /// Writes the states up to `until`; the last one goes on where the end is open.
    fn write(&mut self, whose: Whose, until: Micros, is_open: bool, rows: &mut Vec<PartyStateRow>) {
        let last = self.changes.len().saturating_sub(1);
        for (i, change) in self.changes.iter().enumerate() {
            let end = self.changes.get(i + 1).map_or(until, |next| next.at.min(until));
            if end <= change.at {
                continue;
            }
            self.written += 1;
            rows.push(row(whose, *change, (self.written, self.before), end, is_open && i == last));
            self.before = Some(change.state);
        }
        self.changes.clear();
    }
}

fn row(
    whose: Whose,
    change: Change,
    (seq, prev_state): (i32, Option<&'static str>),
    end: Micros,
    is_open: bool,
) -> PartyStateRow {
    PartyStateRow {
        tenant_id: Tenant(whose.tenant),
        party_id: PartyKey(whose.part),
        seq,
        call_id: whose.call,
        dn: whose.dn,
        agent_id: whose.agent,
        state: change.state,
        prev_state,
        entered_at: change.at,
        left_at: (!is_open).then_some(end),
        duration_ms: ms_between(change.at, end),
        cause_event: change.cause.map(EventKind::name),
        revision: 1,
        last_event_id: whose.last_event,
        written_at: whose.written_at,
    }
}

/// The trail in a slot, made when it is not there.
fn of(trails: &mut Vec<Trail>, ix: Ix) -> &mut Trail {
    let ix = ix as usize;
    if trails.len() <= ix {
        trails.resize_with(ix + 1, Trail::default);
    }
    &mut trails[ix]
}

impl World {
    /// From now on the states of parties are noted.
    pub fn keep_trails(&mut self) {
        self.trails.is_kept = true;
    }

    /// A party opens in this state.
    #[inline]
    pub(super) fn trail_opens(&mut self, ix: Ix, state: &'static str, at: Micros) {
        if self.trails.is_kept {
            let cause = self.trails.cause;
            let trail = of(&mut self.trails.parties, ix);
            trail.changes.clear();
            trail.changes.push(Change { state, at, cause });
            (trail.written, trail.before) = (0, None);
        }
    }

    /// A party enters a state.
    #[inline]
    pub(super) fn trail_enters(&mut self, ix: Ix, state: &'static str, at: Micros) {
        if self.trails.is_kept {
            let cause = self.trails.cause;
            of(&mut self.trails.parties, ix).changes.push(Change { state, at, cause });
        }
    }

    /// The party's part in its call ends at `at` (`cause` absent: it goes on). One that moved goes on in the other call.
    #[inline]
    pub(super) fn trail_ends(&mut self, ix: Ix, at: Micros, cause: Option<Cause>, state: &'static str) {
        if !self.trails.is_kept {
            return;
        }
        let whose = self.whose(ix, self.calls[self.parties[ix].call].id);
        of(&mut self.trails.parties, ix).write(whose, at, cause.is_none(), &mut self.out.party_states);
        if cause == Some(Cause::Moved) {
            self.trail_opens(ix, state, at);
        }
    }

    /// After-call work of a party's leg begins.
    #[inline]
    pub(super) fn trail_wraps(&mut self, ix: Ix) {
        if self.trails.is_kept {
            let cause = self.trails.cause;
            of(&mut self.trails.parties, ix).wrap_cause = cause;
        }
    }

    /// A stretch of after-call work of a party's leg ended, or goes on at the end of the input.
    #[inline]
    pub(super) fn trail_wrapped(&mut self, ix: Ix, call: Uuid, (since, until): (Micros, Micros), is_open: bool) {
        if self.trails.is_kept && until > since {
            let whose = self.whose(ix, call);
            let trail = of(&mut self.trails.parties, ix);
            trail.written += 1;
            let change = Change { state: "wrap", at: since, cause: trail.wrap_cause };
            self.out.party_states.push(row(whose, change, (trail.written, trail.before), until, is_open));
            trail.before = Some("wrap");
        }
    }

    /// A call is queued, or its treatment begins or ends.
    #[inline]
    pub(super) fn trail_in_queue(&mut self, stay: Ix, state: &'static str, at: Micros) {
        if self.trails.is_kept {
            let cause = self.trails.cause;
            of(&mut self.trails.stays, stay).changes.push(Change { state, at, cause });
        }
    }

    /// The queue's part in the call ends at `at`.
    #[inline]
    pub(super) fn trail_leaves_queue(&mut self, ix: Ix, part: LegKey, at: Micros, is_open: bool) {
        if self.trails.is_kept {
            let stay = &self.stays[ix];
            let whose = Whose {
                tenant: stay.switch,
                part,
                call: stay.key.call,
                dn: stay.queue,
                agent: AgentId::NONE,
                last_event: stay.last_event,
                written_at: self.now,
            };
            let trail = of(&mut self.trails.stays, ix);
            trail.write(whose, at, is_open, &mut self.out.party_states);
            *trail = Trail { changes: std::mem::take(&mut trail.changes), ..Trail::default() };
        }
    }

    fn whose(&self, ix: Ix, call: Uuid) -> Whose {
        let party = &self.parties[ix];
        Whose {
            tenant: party.switch,
            part: self.part_of(party),
            call,
            dn: party.dn,
            agent: party.leg_agent,
            last_event: party.last_event,
            written_at: self.now,
        }
    }
}
