//! What a router attaches to the calls that it routes: the name of its strategy, the target that it chose, and what it asked for.
//!
//! Says nothing of a caller, so it is kept unless a policy is given for its key.

use compact_str::CompactString;

use super::privacy::List;
use super::slab::{Ix, NIL};
use super::world::World;
use crate::model::tevent::TEvent;

/// The keys of `UserData` that are read: of the strategy, of the target and its kind, of the skills asked for.
pub const KEYS: [&str; 4] =
    ["RStrategyName", "RTargetObjectSelected", "RTargetTypeSelected", "RRequestedSkillCombination"];

/// What a router said.
#[derive(Clone, Debug, Default)]
pub(super) struct Decision {
    /// Name of the strategy.
    pub strategy: Option<CompactString>,
    /// The target chosen.
    pub target: Option<CompactString>,
    /// What kind of target that is.
    pub target_kind: Option<CompactString>,
    /// Skills asked for.
    pub skills: Option<CompactString>,
}

impl Decision {
    /// Fills what is said now; what is not said stays.
    fn add(&mut self, more: Self) {
        self.strategy = more.strategy.or(self.strategy.take());
        self.target = more.target.or(self.target.take());
        self.target_kind = more.target_kind.or(self.target_kind.take());
        self.skills = more.skills.or(self.skills.take());
    }
}

impl World {
    /// What the router says with an event; `None` when that is nothing.
    pub(super) fn said_by_router(&self, ev: &TEvent<'_>) -> Option<Decision> {
        // Most lists have none of the keys: a look at the text is cheaper than a walk over the pairs. A key may be written with escapes.
        let raw = ev.user_data.as_json().as_bytes();
        let mut may_begin = memchr::memchr2_iter(b'R', b'\\', raw);
        if !may_begin.any(|at| raw[at] == b'\\' || at > 0 && raw[at - 1] == b'"') {
            return None;
        }
        let mut said = [const { None }; KEYS.len()];
        for (key, value) in ev.user_data.iter() {
            let Some(place) = KEYS.iter().position(|known| *known == key) else { continue };
            if said[place].is_none() && !value.is_empty() {
                let privacy = &self.attached.privacy;
                said[place] = if privacy.names(List::UserData, &key) {
                    privacy.form(privacy.policy(List::UserData, &key), &value)
                } else {
                    Some(CompactString::from(&*value))
                };
            }
        }
        if said.iter().all(Option::is_none) {
            return None;
        }
        let [strategy, target, target_kind, skills] = said;
        Some(Decision { strategy, target, target_kind, skills })
    }

    /// Notes what the router says of a stay from which it routes: on a routing point or virtual queue.
    pub(super) fn note_decision(&mut self, ix: Ix, ev: &TEvent<'_>) {
        let stay = &self.stays[ix];
        if !stay.is_virtual && !self.devices[stay.queue.index()].is_routing_point {
            return;
        }
        let Some(said) = self.said_by_router(ev) else { return };
        self.decisions.entry(ix).or_default().add(said);
    }

    /// What the router has said of a stay, if anything.
    pub(super) fn decision_of(&self, ix: Ix) -> Option<&Decision> {
        self.decisions.get(&ix)
    }

    /// The strategy that a stay was routed by, or that was asked and had not answered when it ended.
    pub(super) fn strategy_of(&self, ix: Ix) -> Option<CompactString> {
        let said = self.decision_of(ix).and_then(|said| said.strategy.clone());
        let route = self.stays[ix].route;
        if said.is_none() && route != NIL { self.routes[route].strategy().clone() } else { said }
    }
}
