//! A leg's part in one call, which is a party in rows: where it began and ended, and how much of the leg's time it has.
//!
//! A part is over when its party leaves, or moves to another call. The last part of a leg has the after-call work, so its row
//! leaves with that of the leg.

use super::party::{Party, PartyState};
use super::slab::{Ix, NIL};
use super::world::World;
use super::wrap::Wrap;
use crate::model::ids::Uuid;
use crate::model::row::PartyRow;
use crate::model::table::{PartyKey, Site, Tenant};
use crate::model::tevent::{CallState, DnRole};
use crate::model::time::Micros;

/// Why a part ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It was released.
    Released,
    /// The caller gave up.
    Abandoned,
    /// It rang in vain.
    NoAnswer,
    /// It was released into a transfer.
    Transferred,
    /// It was released into a conference.
    Conferenced,
    /// It goes on in another call.
    Moved,
}

impl Cause {
    /// Why a party left that was in `state`.
    pub(super) const fn of(state: PartyState, abandoned: bool, why: CallState) -> Self {
        match (why, state) {
            (CallState::TRANSFERRED, _) => Self::Transferred,
            (CallState::CONFERENCED, _) => Self::Conferenced,
            _ if abandoned => Self::Abandoned,
            (_, PartyState::Alerting) => Self::NoAnswer,
            _ => Self::Released,
        }
    }

    /// The word in rows.
    const fn word(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Abandoned => "abandoned",
            Self::NoAnswer => "no_answer",
            Self::Transferred => "transferred",
            Self::Conferenced => "conferenced",
            Self::Moved => "moved",
        }
    }
}

/// How a part ended.
#[derive(Clone, Copy)]
struct Left {
    at: Micros,
    cause: Cause,
    is_lost: bool,
}

impl World {
    /// Writes the party's part in its present call, which ends at `at` (`cause` absent: still open).
    pub(super) fn write_part(&mut self, ix: Ix, at: Micros, cause: Option<Cause>, state: &'static str) {
        let left = cause.map(|cause| Left { at, cause, is_lost: self.losing });
        let call = self.parties[ix].call;
        let id = self.calls[call].id;
        let row = self.part_row(ix, (id, self.contact_id(call, id)), left, state);
        self.out.parties.push(row);
        self.part_over(ix, at, cause, state);
    }

    /// A part is over, as far as its call is concerned.
    pub(super) fn part_over(&mut self, ix: Ix, at: Micros, cause: Option<Cause>, state: &'static str) {
        let call = self.parties[ix].call;
        self.calls[call].tally.parties += 1;
        self.trail_ends(ix, at, cause, state);
    }

    /// The row of a leg's last part, which is over, with the after-call work so far.
    pub(super) fn wrapped_part(&self, wrap: &Wrap) -> PartyRow {
        let left = Left { at: wrap.released_at, cause: wrap.cause, is_lost: wrap.is_lost };
        PartyRow {
            acw_ms: wrap.acw_ms,
            ..self.part_row(wrap.party, (wrap.call, wrap.contact), Some(left), wrap.state.word())
        }
    }

    fn part_row(&self, ix: Ix, (call, contact): (Uuid, Uuid), left: Option<Left>, state: &'static str) -> PartyRow {
        let party = &self.parties[ix];
        let so_far = (party.ring_ms, party.talk_ms + party.consult_ms, party.hold_ms);
        let moved = (party.moved != NIL).then(|| &self.moves[party.moved]);
        let (part, before, base) =
            moved.map_or((party.leg, None, (0, 0, 0)), |moved| (moved.part, Some(moved.before), moved.base));
        PartyRow {
            tenant_id: Tenant(party.switch),
            party_id: PartyKey(part),
            party_guid: PartyKey(party.leg),
            call_id: call,
            interaction_id: contact,
            site_id: Site(party.switch),
            dn: party.dn,
            dn_type: self.devices[party.dn.index()].kind.word(),
            resource_id: party.dn,
            agent_id: party.leg_agent,
            agent_session_id: party.leg_session,
            role: role_of(party),
            parent_party_id: before.map(PartyKey),
            parent_link_type: before.map(|_| "moved"),
            joined_at: part.offered_at,
            left_at: left.map(|left| left.at),
            left_cause: left.map(|left| if left.is_lost { "lost" } else { left.cause.word() }),
            alerting_ms: so_far.0 - base.0,
            connected_ms: so_far.1 - base.1,
            hold_ms: so_far.2 - base.2,
            queued_ms: 0,
            treatment_ms: 0,
            acw_ms: 0,
            final_state: state,
            end_known: left.is_some_and(|left| !left.is_lost),
            revision: 1,
            last_event_id: party.last_event,
            written_at: self.now,
        }
    }
}

/// Role of a party in rows.
fn role_of(party: &Party) -> &'static str {
    if party.observer {
        return "observer";
    }
    match party.dn_role {
        DnRole::ORIGINATION => "origination",
        DnRole::CONFERENCE_MEMBER => "conference_member",
        _ if party.conferenced => "conference_member",
        _ => "destination",
    }
}
