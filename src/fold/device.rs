//! A DN: what kind it is, who is logged in on it, which parties are on it.

use super::slab::{Ix, NIL};
use crate::model::dn::DnKind;
use crate::model::ids::{AgentId, DnId, SwitchId};
use crate::model::time::Micros;

/// One directory number.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// Its switch.
    pub switch: SwitchId,
    /// What the configuration says it is.
    pub kind: DnKind,
    /// First party on this DN; the others follow by `Party::next_on_dn`.
    pub parties: Ix,
    /// Parties that are not closed.
    pub open_parties: u32,
    /// Who is logged in here.
    pub agent: AgentId,
    /// Calls enter and leave here instead of talking.
    pub is_queue: bool,
    /// EventRouteRequest was seen.
    pub is_routing_point: bool,
    /// EventQueued with a VQID was seen.
    pub is_virtual: bool,
    /// A party was here.
    pub had_party: bool,
    /// The handset is lifted.
    pub off_hook: bool,
    /// Since when.
    pub off_hook_since: Micros,
    /// Do-not-disturb is on.
    pub dnd: bool,
    /// The switch or the registration has lost it.
    pub out_of_service: bool,
    /// Its calls are forwarded.
    pub forwarded: bool,
    /// Whether it is seen, and since when.
    pub watch: Watch,
    /// First and last open stay on this queue, in order of entry.
    pub stays: (Ix, Ix),
    /// Login on this DN.
    pub login: Login,
}

/// Whether a DN is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Watch {
    /// It had no event of its own yet.
    #[default]
    Never,
    /// Seen since.
    Monitored(Micros),
    /// Known and not seen since.
    NotMonitored(Micros),
}

/// What belongs to a login on one DN.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// When.
    pub at: Micros,
    /// Readiness as the events of this very DN say, for the DN's own actions.
    pub readiness: Option<(super::agent::Readiness, Micros)>,
    /// Its number among the stretches of the session.
    pub seq: i32,
    /// Queues named by the logins on this DN.
    pub queues: Vec<DnId>,
    /// When each of them was named, and its number among the stretches of the session.
    pub joined: Vec<(Micros, i32)>,
}

impl Device {
    /// A DN without history.
    pub fn new(kind: DnKind) -> Self {
        Self {
            parties: NIL,
            stays: (NIL, NIL),
            kind,
            is_routing_point: matches!(kind, DnKind::RoutingPoint | DnKind::External),
            is_virtual: kind == DnKind::VirtualQueue,
            ..Self::default()
        }
    }

    /// The kind in rows of a queue.
    pub const fn queue_kind(&self) -> &'static str {
        if matches!(self.kind, DnKind::External) {
            "external"
        } else if self.is_virtual {
            "virtual_queue"
        } else if self.is_routing_point {
            "routing_point"
        } else {
            "acd_queue"
        }
    }

    /// An ordinary ACD queue, whose calls say `ThisQueue` at the agent.
    pub const fn is_acd_queue(&self) -> bool {
        self.is_queue && !self.is_virtual && !self.is_routing_point
    }

    /// Off hook without a call.
    pub const fn is_busy_without_call(&self) -> bool {
        self.off_hook && self.open_parties == 0
    }
}
