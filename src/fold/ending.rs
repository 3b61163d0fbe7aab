//! Who ended a leg or a call: the customer, an agent or the system, where the switch says so or nobody else can have done it.
//!
//! A switch that tracks releases says with EventReleased and EventAbandoned whether this device or the other side let go
//! (`ReleasingParty` in the Extensions). From all others an answered call with somebody outside just ends: that is *unknown*, and
//! no guess is made from the order of events.

use super::party::PartyState;
use super::privacy::{List, Policy};
use super::slab::{Ix, NIL};
use super::world::World;
use crate::model::tevent::{CallState, CallType, TEvent};

/// The key in the Extensions of an event that says which side let go: `1 Local`, `2 Remote` or `3 Unknown`.
pub const RELEASING_PARTY: &str = "ReleasingParty";

/// Who ended something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// Nobody says.
    #[default]
    Unknown,
    /// Somebody outside.
    Customer,
    /// Somebody at a device of the switch.
    Agent,
    /// The switch, or a machine.
    System,
}

impl By {
    /// The word in rows.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Customer => "customer",
            Self::Agent => "agent",
            Self::System => "system",
        }
    }
}

/// Which side of a call let go, from the point of view of one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The device itself.
    Own,
    /// The other one.
    Other,
}

impl Side {
    /// What the switch says, which begins with the number.
    fn said(text: &str) -> Option<Self> {
        match text.trim_start().as_bytes().first() {
            Some(b'1') => Some(Self::Own),
            Some(b'2') => Some(Self::Other),
            _ => None,
        }
    }
}

impl World {
    /// Which side the event says let go.
    pub(super) fn side_of(&self, ev: &TEvent<'_>) -> Option<Side> {
        // Most events have no Extensions at all.
        let said = ev.extensions.get(RELEASING_PARTY)?;
        let privacy = &self.attached.privacy;
        let list = List::Extensions;
        // What must not be kept as sent is not in the event log either, from which the same rows have to come.
        if privacy.names(list, RELEASING_PARTY) && privacy.policy(list, RELEASING_PARTY) != Policy::Keep {
            return None;
        }
        Side::said(&said)
    }

    /// Who ended a leg that was in `state`, and what the switch says to it.
    pub(super) fn leg_ended_by(&self, ix: Ix, state: PartyState, (abandoned, why): (bool, CallState)) -> By {
        let own = || if self.devices[self.parties[ix].dn.index()].kind.is_machine() { By::System } else { By::Agent };
        match (self.side, state) {
            _ if self.losing => By::Unknown,
            (Some(Side::Own), _) => own(),
            (Some(Side::Other), _) => self.other_side(ix),
            _ if matches!(why, CallState::TRANSFERRED | CallState::CONFERENCED) => own(),
            (None, PartyState::Alerting) if abandoned => self.other_side(ix),
            (None, PartyState::Alerting) => By::System,
            // Between two devices it was one of both.
            (None, PartyState::Connected | PartyState::Held) if self.other_side(ix) == own() => own(),
            _ => By::Unknown,
        }
    }

    /// Who is at the other end of a party's call.
    fn other_side(&self, ix: Ix) -> By {
        let party = &self.parties[ix];
        if matches!(party.call_type, CallType::Inbound | CallType::Outbound) {
            return By::Customer;
        }
        let mut at = self.calls[party.call].parties;
        while at != NIL {
            let other = &self.parties[at];
            if at != ix && other.dn != party.dn && !other.observer {
                let is_machine = self.devices[other.dn.index()].kind.is_machine();
                return if is_machine { By::System } else { By::Agent };
            }
            at = other.next_in_call;
        }
        if party.call_type == CallType::Unknown { By::Customer } else { By::Unknown }
    }
}

/// Who made a call of this type that waits in a queue, and gave up.
pub(super) const fn caller_of(call_type: CallType) -> By {
    match call_type {
        CallType::Internal | CallType::Consult => By::Agent,
        CallType::Unknown | CallType::Inbound | CallType::Outbound => By::Customer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_counts_with_and_without_its_word() {
        assert_eq!(["1 Local", "1"].map(Side::said), [Some(Side::Own); 2]);
        assert_eq!(["2 Remote", "2"].map(Side::said), [Some(Side::Other); 2]);
        assert_eq!(["3 Unknown", "", "Local"].map(Side::said), [None; 3]);
    }
}
