//! A party: one device in one call, and the transition table of its life.

use super::slab::Ix;
use crate::model::identity::{LegKey, QueueSegmentKey, SessionKey};
use crate::model::ids::{AgentId, DnId, EventId, SwitchId};
use crate::model::tevent::{CallType, DnRole};
use crate::model::time::{Micros, ms_between};

/// Where a party is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartyState {
    /// The device rings.
    Alerting,
    /// The device dials.
    Dialing,
    /// The dialled side was busy or wrong; the device still has the line.
    Failed,
    /// Connected by voice.
    Connected,
    /// The device holds the call.
    Held,
    /// Left. Kept for the settling time, because a queue may still say that it sent the call here.
    Closed,
}

/// What an event says to a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// EventRinging.
    Ringing,
    /// EventDialing.
    Dialing,
    /// EventNetworkReached.
    NetworkReached,
    /// EventDestinationBusy.
    DestinationBusy,
    /// EventEstablished.
    Established,
    /// EventHeld.
    Held,
    /// EventRetrieved.
    Retrieved,
    /// EventReleased.
    Released,
    /// EventAbandoned.
    Abandoned,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing changes.
    Keep,
    /// The state changes.
    Enter(PartyState),
    /// The party is connected for the first time, then in this state.
    Answer(PartyState),
    /// The party leaves.
    Close,
    /// The event contradicts the state, which is kept.
    Odd,
}

impl PartyState {
    /// The transition table.
    pub const fn on(self, signal: Signal) -> Step {
        use PartyState::{Alerting, Closed, Connected, Dialing, Failed, Held};
        match (self, signal) {
            (Closed, _) => Step::Odd,
            (_, Signal::Released) => Step::Close,
            (Alerting, Signal::Abandoned) => Step::Close,
            // A switch that says "abandoned" of a party that was answered means that the other side left.
            (Dialing | Failed | Connected | Held, Signal::Abandoned) => Step::Close,
            // Hold or retrieve without an answer seen before is the answer.
            (Alerting | Dialing | Failed, Signal::Established | Signal::Retrieved) => Step::Answer(Connected),
            (Alerting | Dialing | Failed, Signal::Held) => Step::Answer(Held),
            (Dialing, Signal::NetworkReached) => Step::Keep,
            (Dialing, Signal::DestinationBusy) => Step::Enter(Failed),
            (Connected, Signal::Held) => Step::Enter(Held),
            (Held, Signal::Retrieved) => Step::Enter(Connected),
            // Some switches report the network only after the answer.
            (Connected | Held, Signal::NetworkReached) => Step::Keep,
            (Alerting, Signal::Ringing | Signal::Dialing | Signal::NetworkReached | Signal::DestinationBusy)
            | (Dialing, Signal::Ringing | Signal::Dialing)
            | (Failed, Signal::Ringing | Signal::Dialing | Signal::NetworkReached | Signal::DestinationBusy)
            | (
                Connected,
                Signal::Ringing | Signal::Dialing | Signal::DestinationBusy | Signal::Established | Signal::Retrieved,
            )
            | (
                Held,
                Signal::Ringing | Signal::Dialing | Signal::DestinationBusy | Signal::Established | Signal::Held,
            ) => Step::Odd,
        }
    }

    /// The word in rows.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Alerting => "alerting",
            Self::Dialing => "dialing",
            Self::Failed => "failed",
            Self::Connected => "connected",
            Self::Held => "held",
            Self::Closed => "null",
        }
    }
}

/// By which event a party was first seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// EventRinging.
    Ringing,
    /// EventDialing.
    Dialing,
    /// EventEstablished without either.
    Established,
    /// In the middle: EventHeld, EventRetrieved, EventPartyChanged.
    Joined,
}

/// A queue stay whose call this party was offered, and whose time its leg accrues to.
#[derive(Clone, Debug)]
pub struct Credit {
    /// The stay.
    pub key: QueueSegmentKey,
    /// Its slot while it is open, else `NIL`.
    pub stay: Ix,
    /// The party answered this stay.
    pub answered: bool,
    /// Order in which the row names its queue: ACD queue before virtual queue before routing point.
    pub rank: u8,
    /// The party's next credit.
    pub next: Ix,
}

/// Most stays one party can be credited to at once: one per kind of queue and one to spare.
pub const CREDITS_MAX: usize = 4;

/// How many changes are kept; beyond it the second is forgotten, so that the first stretch goes on to the third.
pub const PHASES_MAX: usize = 8;

/// Changes between talking and holding since the answer, kept for queues that report late.
#[derive(Clone, Copy, Debug, Default)]
pub struct Phases {
    begins: [Micros; PHASES_MAX],
    /// Which of them hold, as bits; the others talk.
    held: u8,
    count: u8,
}

impl Phases {
    fn push(&mut self, at: Micros, held: bool) {
        if usize::from(self.count) == PHASES_MAX {
            self.begins.copy_within(2.., 1);
            self.held = self.held & 1 | (self.held >> 1 & !1);
            self.count -= 1;
        }
        self.begins[usize::from(self.count)] = at;
        self.held = self.held & !(1 << self.count) | u8::from(held) << self.count;
        self.count += 1;
    }

    /// Begin and kind (holding, else talking) of each, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Micros, bool)> {
        (0..usize::from(self.count)).map(|i| (self.begins[i], self.held >> i & 1 == 1))
    }
}

/// What a leg is in the call it moved to.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    /// Names the party in its present call.
    pub part: LegKey,
    /// The party it continues.
    pub before: LegKey,
    /// Times already written for earlier calls of this leg: ringing, connected, held.
    pub base: (i64, i64, i64),
}

/// One device in one call.
#[derive(Clone, Debug)]
pub struct Party {
    /// Its call.
    pub call: Ix,
    /// Its device.
    pub dn: DnId,
    /// The device's switch.
    pub switch: SwitchId,
    /// Next party on the device.
    pub next_on_dn: Ix,
    /// Next party in the call.
    pub next_in_call: Ix,
    /// State.
    pub state: PartyState,
    /// Begin of the state.
    pub state_since: Micros,
    /// End, when closed.
    pub closed_at: Micros,
    /// Position of the end among all inputs.
    pub closed_order: u64,
    /// The caller gave up while it rang.
    pub abandoned: bool,
    /// Observer or bridged: never an answer, talk or conference.
    pub observer: bool,
    /// Type of the call as this party's events say.
    pub call_type: CallType,
    /// First event.
    pub opened_by: Opening,
    /// Position of the first event among all inputs.
    pub opened_order: u64,
    /// Its dialling named the call that is held meanwhile.
    pub consults: bool,
    /// Role by the first event.
    pub dn_role: DnRole,
    /// Agent it is attributed to now.
    pub agent: AgentId,
    /// Since when.
    pub agent_since: Micros,
    /// AgentID of its events.
    pub claim: AgentId,
    /// Somebody was logged in on the device during its life, so the claim does not count.
    pub dn_was_bound: bool,
    /// Agent of the leg: at the answer, else at the offer.
    pub leg_agent: AgentId,
    /// His session.
    pub leg_session: Option<SessionKey>,
    /// Begin of the talk action.
    pub talk_since: Micros,
    /// Begin of the last hold.
    pub held_since: Micros,
    /// Up to when the times below are complete.
    pub accrued_at: Micros,
    /// Ringing time so far.
    pub ring_ms: i64,
    /// Dialling time so far.
    pub dial_ms: i64,
    /// Connected time outside consultations so far.
    pub talk_ms: i64,
    /// Connected time in consultation so far.
    pub consult_ms: i64,
    /// Hold time so far.
    pub hold_ms: i64,
    /// Holds.
    pub hold_count: i32,
    /// Answer.
    pub answered_at: Option<Micros>,
    /// Position of the answer among all inputs.
    pub answered_order: u64,
    /// Marked as the new owner of a transferred call.
    pub transferred_to: bool,
    /// The mark came with the ringing.
    pub transferred_by_ring: bool,
    /// The transfer was counted.
    pub transfer_counted: bool,
    /// Added to a conference.
    pub conferenced: bool,
    /// The dialled side was busy.
    pub busy: bool,
    /// `ThisQueue` of its first event.
    pub opened_queue: DnId,
    /// `ThisQueue` of its latest event that had one.
    pub this_queue: DnId,
    /// Place of the stays it is credited to; `NIL` without any.
    pub credits: Ix,
    /// Stretches of talking and holding since the answer; a changed call type begins another.
    pub phases: Phases,
    /// Begin of the present one.
    pub phase_since: Micros,
    /// Names the leg.
    pub leg: LegKey,
    /// Place of what it is in its present call, when it moved there from another; else `NIL`.
    pub moved: Ix,
    /// Its wrap, while that may go on; keeps the party.
    pub wrap: Ix,
    /// In no list any more, and kept for its wrap alone.
    pub is_forgotten: bool,
    /// Last event that touched it.
    pub last_event: EventId,
}

impl Party {
    /// Adds the time of the present state up to `at` to the leg.
    pub fn accrue(&mut self, at: Micros) {
        let ms = ms_between(self.accrued_at, at);
        self.accrued_at = at;
        match self.state {
            PartyState::Alerting => self.ring_ms += ms,
            PartyState::Dialing | PartyState::Failed => self.dial_ms += ms,
            PartyState::Connected if self.call_type == CallType::Consult => self.consult_ms += ms,
            PartyState::Connected => self.talk_ms += ms,
            PartyState::Held => self.hold_ms += ms,
            PartyState::Closed => {}
        }
    }

    /// Notes a change between talking and holding.
    pub fn note_phase(&mut self, at: Micros, held: bool) {
        self.phase_since = at;
        self.phases.push(at, held);
    }

    /// Whether it has not left.
    pub const fn is_open(&self) -> bool {
        !matches!(self.state, PartyState::Closed)
    }

    /// Role of the leg in rows.
    pub fn role(&self) -> &'static str {
        match self.opened_by {
            Opening::Dialing if self.consults => "initiated_consult",
            Opening::Dialing => "initiated",
            _ if self.conferenced => "in_conference",
            _ if self.transferred_to => "received_transfer",
            _ if self.call_type == CallType::Consult => "received_consult",
            _ => "received",
        }
    }

    /// Whether its agent made it to consult somebody.
    pub const fn is_own_consult(&self) -> bool {
        matches!(self.opened_by, Opening::Dialing) && self.consults
    }

    /// Whether the leg counts in the agent's handled calls.
    pub fn is_counted_as_handled(&self) -> bool {
        !matches!(self.role(), "initiated_consult" | "received_consult")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [PartyState; 6] = [
        PartyState::Alerting,
        PartyState::Dialing,
        PartyState::Failed,
        PartyState::Connected,
        PartyState::Held,
        PartyState::Closed,
    ];
    const SIGNALS: [Signal; 9] = [
        Signal::Ringing,
        Signal::Dialing,
        Signal::NetworkReached,
        Signal::DestinationBusy,
        Signal::Established,
        Signal::Held,
        Signal::Retrieved,
        Signal::Released,
        Signal::Abandoned,
    ];

    #[test]
    fn every_open_party_can_be_released_and_a_closed_one_never_comes_back() {
        for state in STATES {
            let released = state.on(Signal::Released);
            assert_eq!(released, if state == PartyState::Closed { Step::Odd } else { Step::Close });
        }
        for signal in SIGNALS {
            assert_eq!(PartyState::Closed.on(signal), Step::Odd);
        }
    }

    #[test]
    fn the_second_of_too_many_phases_is_forgotten() {
        let mut phases = Phases::default();
        for i in 0..PHASES_MAX as i64 + 2 {
            phases.push(Micros(i), i % 3 == 1);
        }
        let kept: Vec<(i64, bool)> = phases.iter().map(|(at, held)| (at.0, held)).collect();
        let expected: Vec<(i64, bool)> = [0].into_iter().chain(3..10).map(|i| (i, i % 3 == 1)).collect();
        assert_eq!(kept, expected);
    }

    #[test]
    fn a_party_is_answered_at_most_once() {
        for state in [PartyState::Connected, PartyState::Held] {
            for signal in SIGNALS {
                assert!(!matches!(state.on(signal), Step::Answer(_)), "{state:?} {signal:?}");
            }
        }
    }
}
