//! An agent: login, readiness, what goes on at his devices, and the status that follows from them.

use super::slab::Ix;
use crate::model::action::Status;
use crate::model::identity::SessionKey;
use crate::model::ids::{DnId, EventId, ReasonId, SwitchId, Uuid};
use crate::model::tevent::{CallType, WorkMode};
use crate::model::time::Micros;

/// One readiness per agent, whichever of his DNs says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Readiness {
    /// EventAgentReady.
    Ready,
    /// EventAgentNotReady in any mode but after-call work, and every first login.
    #[default]
    NotReady,
    /// After-call work.
    Acw,
}

impl Readiness {
    /// The word for a readiness hidden behind a call.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::NotReady => "not_ready",
            Self::Acw => "acw",
        }
    }
}

/// What goes on at an agent's devices, by the status each would give him: open parties, and DNs on a switch whose link is
/// down. Beside these the DNs off hook without a call, whose status is `Busy` as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    counts: [u16; Status::COUNT],
    off_hook: u16,
    /// The statuses of which there is any, as bits: the highest one wins.
    present: u16,
}

impl Load {
    /// `by` more of what gives this status; what was never added cannot leave.
    #[inline]
    pub fn change(&mut self, status: Status, by: i16) {
        let n = &mut self.counts[status as usize];
        *n = n.checked_add_signed(by).expect("a party leaves only the load it was added to");
        self.note(status);
    }

    /// As [`Self::change`], but never below zero: links and handsets are only as consistent as the feed.
    pub fn change_within(&mut self, status: Status, by: i16) {
        let n = &mut self.counts[status as usize];
        *n = n.saturating_add_signed(by);
        self.note(status);
    }

    /// A DN is off hook without a call, or no longer.
    pub fn change_off_hook(&mut self, off: bool) {
        self.off_hook = self.off_hook.saturating_add_signed(if off { 1 } else { -1 });
        self.note(Status::Busy);
    }

    #[inline]
    fn note(&mut self, status: Status) {
        let any = self.counts[status as usize] > 0 || status == Status::Busy && self.off_hook > 0;
        self.present = self.present & !(1 << status as u16) | u16::from(any) << status as u16;
    }
}

/// From the first DN login to the last logout.
#[derive(Clone, Debug)]
pub struct Session {
    /// Names the session.
    pub key: SessionKey,
    /// Switch of the first login.
    pub switch: SwitchId,
    /// DN of the first login.
    pub primary_dn: DnId,
    /// EventAgentLogin was seen.
    pub login_known: bool,
    /// Milliseconds by status, up to the begin of the present one.
    pub status_ms: [i64; Status::COUNT],
    /// Milliseconds of do-not-disturb, up to `dnd_since`.
    pub dnd_ms: i64,
    /// Begin of the present do-not-disturb.
    pub dnd_since: Option<Micros>,
    /// State rows written or certain to be.
    pub state_seq: i32,
    /// Runs of equal status among them.
    pub state_run: i32,
    /// Logins on DNs, and to queues there, so far.
    pub dn_seq: i32,
}

/// A stretch of equal status and reason.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stretch {
    /// The status.
    pub status: Status,
    /// The reason in not ready and after-call work, else `NONE`.
    pub reason: ReasonId,
    /// Begin.
    pub since: Micros,
    /// Begin of the status, which a new reason does not restart.
    pub run_since: Micros,
    /// End, once it is over.
    pub until: Micros,
    /// It has proven longer than nothing and was counted.
    pub committed: bool,
    /// Numbers in the session, once committed.
    pub seq: i32,
    /// Run of equal status, once committed.
    pub run: i32,
    /// Call that made it.
    pub call: Uuid,
    /// Queue of that call.
    pub queue: DnId,
    /// Work mode at its begin.
    pub work_mode: WorkMode,
    /// Readiness at its begin.
    pub readiness: Readiness,
    /// The reason came from the hardware (`Extensions`).
    pub hardware_reason: bool,
    /// Do-not-disturb at its begin.
    pub dnd: bool,
    /// Event that began or ended it.
    pub last_event: EventId,
}

/// An agent of a tenant.
#[derive(Clone, Debug, Default)]
pub struct Agent {
    /// The login session, if any.
    pub session: Option<Session>,
    /// DNs he is logged in on.
    pub dns: Vec<DnId>,
    /// Open parties whose events name him on DNs that nobody is logged in on.
    pub claims: Vec<Ix>,
    /// Queues he serves, with the number of DNs that say so.
    pub memberships: Vec<(DnId, u16)>,
    /// When they last changed.
    pub members_at: Micros,
    /// Readiness.
    pub readiness: Readiness,
    /// Since when.
    pub readiness_since: Micros,
    /// Reason of not ready or after-call work.
    pub reason: ReasonId,
    /// The reason came from the hardware.
    pub hardware_reason: bool,
    /// Work mode.
    pub work_mode: WorkMode,
    /// Call type his readiness action of after-call work runs under.
    pub acw_type: CallType,
    /// His parties.
    pub load: Load,
    /// DNs with do-not-disturb.
    pub dnd_dns: u16,
    /// Present stretch.
    pub now: Stretch,
    /// Begin of the present status; a new reason does not restart it.
    pub status_since: Micros,
    /// The stretch before, until it is certain that it is over.
    pub before: Option<Stretch>,
    /// The last leg released, while its wrap may go on.
    pub wrap: Option<Ix>,
}

impl Agent {
    /// Status by the priority table: unknown, talking (inbound, outbound, internal, consult, unknown type), held,
    /// after-call work, not ready, ringing, dialling, busy, ready.
    pub fn derive_status(&self) -> Status {
        if self.session.is_none() {
            return Status::LoggedOut;
        }
        let readiness = match self.readiness {
            Readiness::Ready => Status::Ready,
            Readiness::NotReady => Status::NotReady,
            Readiness::Acw => Status::Acw,
        };
        // Statuses are declared lowest first, so the highest bit is the status.
        let present = self.load.present | 1 << readiness as u16;
        Status::ALL[present.ilog2() as usize]
    }

    /// Whether he has a login session.
    pub const fn is_logged_in(&self) -> bool {
        self.session.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::AgentId;

    #[test]
    fn a_ringing_phone_does_not_hide_that_the_agent_is_not_ready() {
        let key = SessionKey { agent: AgentId(0), logged_in_at: Micros(0) };
        let session = Session {
            key,
            switch: SwitchId(0),
            primary_dn: DnId(0),
            login_known: true,
            status_ms: [0; Status::COUNT],
            dnd_ms: 0,
            dnd_since: None,
            state_seq: 0,
            state_run: 0,
            dn_seq: 0,
        };
        let mut agent = Agent { session: Some(session), ..Agent::default() };
        agent.load.change(Status::Ringing, 1);
        assert_eq!(agent.derive_status(), Status::NotReady);
        agent.readiness = Readiness::Ready;
        assert_eq!(agent.derive_status(), Status::Ringing);
        agent.load.change(Status::Held, 1);
        assert_eq!(agent.derive_status(), Status::Held);
        agent.load.change(Status::TalkingConsult, 1);
        assert_eq!(agent.derive_status(), Status::TalkingConsult);
        agent.load.change(Status::Unknown, 1);
        assert_eq!(agent.derive_status(), Status::Unknown);
        agent.load.change(Status::Unknown, -1);
        assert_eq!(agent.derive_status(), Status::TalkingConsult);
    }
}
