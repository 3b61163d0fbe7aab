//! Name to id and back, for one partition: switches, DNs, agents, reasons.
//!
//! A value owned by the engine, not a global. Ids are dense, handed out in the order of first sight and never reused, so
//! they index vectors directly. Every table has a limit; a name beyond it is refused and counted, so that a flood of
//! invented names costs an attacker's events and not our memory.

use compact_str::CompactString;
use hashbrown::HashTable;
use std::hash::BuildHasher;

use super::ids::{AgentId, DnId, ReasonId, SwitchId};
use super::symbol::{Found, ShortText, SymbolTable};

/// How many names of each kind a partition accepts.
#[derive(Clone, Copy, Debug)]
pub struct NameLimits {
    /// Switches.
    pub switches: u32,
    /// DNs over all switches.
    pub dns: u32,
    /// Agents over all tenants.
    pub agents: u32,
    /// Pairs of reason key and code.
    pub reasons: u32,
    /// Longest name in bytes.
    pub name_bytes: usize,
}

impl Default for NameLimits {
    fn default() -> Self {
        Self { switches: 1024, dns: 4_000_000, agents: 2_000_000, reasons: 65_536, name_bytes: 255 }
    }
}

/// A name was refused: its table is full, or it is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("name refused: too long, or more different names than the configured limit")]
pub struct NameRefused;

#[derive(Clone, Debug)]
struct Switch {
    tenant: CompactString,
    name: CompactString,
    /// Packed forms of the two, `None` when long: what almost every lookup compares.
    tenant_short: Option<ShortText>,
    name_short: Option<ShortText>,
    /// The first switch of the same tenant: it holds the tenant's table of agents.
    home: SwitchId,
    dns: SymbolTable,
    agents: SymbolTable,
}

#[derive(Clone, Debug)]
struct Scoped {
    /// Scope of the name: the switch of a DN, the switch that first named an agent.
    scope: SwitchId,
    text: CompactString,
}

/// The name tables of one partition.
#[derive(Clone, Debug, Default)]
pub struct Names {
    limits: NameLimits,
    hasher: foldhash::fast::FixedState,
    switches: Vec<Switch>,
    /// The last switch asked for: almost every event comes from the same one.
    last_switch: SwitchId,
    dns: Vec<Scoped>,
    /// DNs that have no place in their switch's table.
    dn_index: HashTable<u32>,
    agents: Vec<Scoped>,
    /// Agents that have no place in their tenant's table.
    agent_index: HashTable<u32>,
    reasons: Vec<(CompactString, CompactString)>,
    reason_index: HashTable<u32>,
    refused: u64,
}

impl Names {
    /// Empty tables with these limits.
    #[must_use]
    pub fn new(limits: NameLimits) -> Self {
        Self { limits, last_switch: SwitchId::NONE, ..Self::default() }
    }

    /// Names refused so far.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// The switch `name` of `tenant`, minted when new.
    ///
    /// # Errors
    /// [`NameRefused`] beyond the limits.
    #[inline(always)]
    pub fn switch(&mut self, tenant: &str, name: &str) -> Result<SwitchId, NameRefused> {
        if self.spoke_last(tenant, name) { Ok(self.last_switch) } else { self.other_switch(tenant, name) }
    }

    /// Whether the switch that was asked for last is this one.
    #[inline(always)]
    fn spoke_last(&self, tenant: &str, name: &str) -> bool {
        self.switches.get(self.last_switch.index()).is_some_and(|last| {
            last.name_short.is_some()
                && last.tenant_short.is_some()
                && last.name_short == ShortText::pack(name)
                && last.tenant_short == ShortText::pack(tenant)
        })
    }

    /// The switch `name` of `tenant` if it has an object already, as [`Self::find_switch`]: quicker for the one that spoke last, which this
    /// one is from now on.
    #[inline(always)]
    pub fn known_switch(&mut self, tenant: &str, name: &str) -> SwitchId {
        if self.spoke_last(tenant, name) { self.last_switch } else { self.turn_to(tenant, name) }
    }

    #[inline(never)]
    fn turn_to(&mut self, tenant: &str, name: &str) -> SwitchId {
        let found = self.find_switch(tenant, name);
        self.last_switch = if found.is_some() { found } else { self.last_switch };
        found
    }

    /// The switch `name` of `tenant`; `NONE` when there is none.
    #[must_use]
    pub fn find_switch(&self, tenant: &str, name: &str) -> SwitchId {
        let found = self.switches.iter().position(|s| s.name == name && s.tenant == tenant);
        found.map_or(SwitchId::NONE, |index| SwitchId(index as u32))
    }

    #[inline(never)]
    fn other_switch(&mut self, tenant: &str, name: &str) -> Result<SwitchId, NameRefused> {
        let found = self.switches.iter().position(|s| s.name == name && s.tenant == tenant);
        let index = match found {
            Some(index) => index,
            None => {
                if self.switches.len() >= self.limits.switches as usize
                    || name.len().max(tenant.len()) > self.limits.name_bytes
                {
                    self.refused += 1;
                    return Err(NameRefused);
                }
                let home = self.switches.iter().position(|s| s.tenant == tenant).unwrap_or(self.switches.len());
                self.switches.push(Switch {
                    tenant: tenant.into(),
                    name: name.into(),
                    tenant_short: ShortText::pack(tenant),
                    name_short: ShortText::pack(name),
                    home: SwitchId(home as u32),
                    dns: SymbolTable::default(),
                    agents: SymbolTable::default(),
                });
                self.switches.len() - 1
            }
        };
        self.last_switch = SwitchId(index as u32);
        Ok(self.last_switch)
    }

    /// The DN `number` of `switch`, minted when new.
    ///
    /// # Errors
    /// [`NameRefused`] beyond the limits.
    #[inline]
    pub fn dn(&mut self, switch: SwitchId, number: &str) -> Result<DnId, NameRefused> {
        let found = self.find_dn(switch, number);
        if found.is_some() { Ok(found) } else { self.mint_dn(switch, number) }
    }

    #[cold]
    fn mint_dn(&mut self, switch: SwitchId, number: &str) -> Result<DnId, NameRefused> {
        if self.dns.len() >= self.limits.dns as usize || number.len() > self.limits.name_bytes {
            self.refused += 1;
            return Err(NameRefused);
        }
        let id = self.dns.len() as u32;
        self.dns.push(Scoped { scope: switch, text: number.into() });
        let (dns, hasher, index) = (&self.dns, &self.hasher, &mut self.dn_index);
        let hash = |id: u32| hasher.hash_one((dns[id as usize].scope.0, dns[id as usize].text.as_str()));
        let mut spill = |id: u32| {
            index.insert_unique(hash(id), id, |&i| hash(i));
        };
        match (ShortText::pack(number), self.switches.get_mut(switch.index())) {
            (Some(short), Some(switch)) => switch.dns.insert(short, id, &mut spill),
            _ => spill(id),
        }
        Ok(DnId(id))
    }

    /// The DN `number` of `switch` if it has an object already.
    #[inline]
    #[must_use]
    pub fn find_dn(&self, switch: SwitchId, number: &str) -> DnId {
        if let Some(short) = ShortText::pack(number)
            && let Some(switch) = self.switches.get(switch.index())
        {
            match switch.dns.find(short) {
                Found::Id(id) => return DnId(id),
                Found::Absent => return DnId::NONE,
                Found::Elsewhere => {}
            }
        }
        self.find_dn_elsewhere(switch, number)
    }

    fn find_dn_elsewhere(&self, switch: SwitchId, number: &str) -> DnId {
        let hash = self.hasher.hash_one((switch.0, number));
        let dns = &self.dns;
        self.dn_index
            .find(hash, |&i| dns[i as usize].scope == switch && dns[i as usize].text == number)
            .map_or(DnId::NONE, |&i| DnId(i))
    }

    /// Asks for the places of two DNs and an agent, which are likely to be those of the switch that spoke last.
    #[inline(always)]
    pub fn foresee(&self, this_dn: &str, this_queue: &str, agent: &str) {
        let Some(switch) = self.switches.get(self.last_switch.index()) else { return };
        for dn in [this_dn, this_queue] {
            if let Some(short) = ShortText::pack(dn) {
                switch.dns.foresee(short);
            }
        }
        if let Some(home) = self.switches.get(switch.home.index())
            && let Some(short) = ShortText::pack(agent)
        {
            home.agents.foresee(short);
        }
    }

    /// The agent `id` of the tenant of `switch`, minted when new. One agent over all switches of a tenant.
    ///
    /// # Errors
    /// [`NameRefused`] beyond the limits.
    #[inline]
    pub fn agent(&mut self, switch: SwitchId, id: &str) -> Result<AgentId, NameRefused> {
        let found = self.find_agent(switch, id);
        if found.is_some() { Ok(found) } else { self.mint_agent(switch, id) }
    }

    /// The agent `id` of the tenant of `switch` if he has an object already.
    #[inline]
    #[must_use]
    pub fn find_agent(&self, switch: SwitchId, id: &str) -> AgentId {
        let home = self.agent_home(switch);
        if let Some(short) = ShortText::pack(id)
            && let Some(home) = self.switches.get(home.index())
        {
            match home.agents.find(short) {
                Found::Id(id) => return AgentId(id),
                Found::Absent => return AgentId::NONE,
                Found::Elsewhere => {}
            }
        }
        let hash = self.hasher.hash_one((home.0, id));
        let found = self.agent_index.find(hash, |&i| {
            let agent = &self.agents[i as usize];
            agent.text == id && self.agent_home(agent.scope) == home
        });
        found.map_or(AgentId::NONE, |&i| AgentId(i))
    }

    /// The switch that holds the agents of the tenant of `switch`.
    #[inline]
    fn agent_home(&self, switch: SwitchId) -> SwitchId {
        self.switches.get(switch.index()).map_or(SwitchId::NONE, |s| s.home)
    }

    #[cold]
    fn mint_agent(&mut self, switch: SwitchId, id: &str) -> Result<AgentId, NameRefused> {
        if self.agents.len() >= self.limits.agents as usize || id.len() > self.limits.name_bytes {
            self.refused += 1;
            return Err(NameRefused);
        }
        let index = self.agents.len() as u32;
        self.agents.push(Scoped { scope: switch, text: id.into() });
        let home = self.agent_home(switch);
        let mut spilled = Vec::new();
        match (ShortText::pack(id), self.switches.get_mut(home.index())) {
            (Some(short), Some(home)) => home.agents.insert(short, index, &mut |id| spilled.push(id)),
            _ => spilled.push(index),
        }
        let (agents, hasher, switches) = (&self.agents, &self.hasher, &self.switches);
        let hash = |id: u32| {
            let agent = &agents[id as usize];
            let home = switches.get(agent.scope.index()).map_or(SwitchId::NONE, |s| s.home);
            hasher.hash_one((home.0, agent.text.as_str()))
        };
        for id in spilled {
            self.agent_index.insert_unique(hash(id), id, |&i| hash(i));
        }
        Ok(AgentId(index))
    }

    /// The reason `key`, `code`, minted when new.
    ///
    /// # Errors
    /// [`NameRefused`] beyond the limits.
    pub fn reason(&mut self, key: &str, code: &str) -> Result<ReasonId, NameRefused> {
        let hash = self.hasher.hash_one((key, code));
        let reasons = &self.reasons;
        if let Some(&i) =
            self.reason_index.find(hash, |&i| reasons[i as usize].0 == key && reasons[i as usize].1 == code)
        {
            return Ok(ReasonId(i));
        }
        if self.reasons.len() >= self.limits.reasons as usize || key.len().max(code.len()) > self.limits.name_bytes {
            self.refused += 1;
            return Err(NameRefused);
        }
        let index = self.reasons.len() as u32;
        self.reasons.push((key.into(), code.into()));
        let (reasons, hasher) = (&self.reasons, &self.hasher);
        self.reason_index.insert_unique(hash, index, |&i| {
            let (key, code) = &reasons[i as usize];
            hasher.hash_one((key.as_str(), code.as_str()))
        });
        Ok(ReasonId(index))
    }

    /// Switches known so far; their ids are `0..n`.
    #[must_use]
    pub fn switch_count(&self) -> usize {
        self.switches.len()
    }

    /// DNs known so far; their ids are `0..n`.
    #[must_use]
    pub fn dn_count(&self) -> usize {
        self.dns.len()
    }

    /// Agents known so far; their ids are `0..n`.
    #[must_use]
    pub fn agent_count(&self) -> usize {
        self.agents.len()
    }

    /// Reasons known so far; their ids are `0..n`.
    #[must_use]
    pub fn reason_count(&self) -> usize {
        self.reasons.len()
    }

    /// Name of a switch as sent; empty for an id that names nothing.
    #[must_use]
    pub fn switch_name(&self, id: SwitchId) -> &str {
        self.switches.get(id.index()).map_or("", |s| &s.name)
    }

    /// Tenant of a switch.
    #[must_use]
    pub fn tenant(&self, id: SwitchId) -> &str {
        self.switches.get(id.index()).map_or("default", |s| &s.tenant)
    }

    /// Number of a DN as sent, without its switch.
    #[must_use]
    pub fn dn_number(&self, id: DnId) -> &str {
        self.dns.get(id.index()).map_or("", |d| &d.text)
    }

    /// Switch of a DN.
    #[must_use]
    pub fn dn_switch(&self, id: DnId) -> SwitchId {
        self.dns.get(id.index()).map_or(SwitchId::NONE, |d| d.scope)
    }

    /// The form of a DN in rows and API: `number@switch`.
    #[must_use]
    pub fn dn_text(&self, id: DnId) -> String {
        format!("{}@{}", self.dn_number(id), self.switch_name(self.dn_switch(id)))
    }

    /// AgentID as sent.
    #[must_use]
    pub fn agent_id(&self, id: AgentId) -> &str {
        self.agents.get(id.index()).map_or("", |a| &a.text)
    }

    /// The switch that first named an agent; its tenant is the agent's.
    #[must_use]
    pub fn agent_switch(&self, id: AgentId) -> SwitchId {
        self.agents.get(id.index()).map_or(SwitchId::NONE, |a| a.scope)
    }

    /// Key and code of a reason.
    #[must_use]
    pub fn reason_text(&self, id: ReasonId) -> (&str, &str) {
        self.reasons.get(id.index()).map_or(("none", "none"), |(k, c)| (k, c))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_dense_ids_per_scope_and_are_found_again_whatever_their_length() {
        let mut names = Names::new(NameLimits::default());
        let (east, west) = (names.switch("default", "east").unwrap(), names.switch("default", "west").unwrap());
        let other = names.switch("a tenant with a long name", "east").unwrap();
        assert_eq!((east, west, other), (SwitchId(0), SwitchId(1), SwitchId(2)));
        let numbers: Vec<String> = (0..5000).map(|i| "7".repeat(i % 20) + &i.to_string()).collect();
        for round in 0..2 {
            for (i, number) in numbers.iter().enumerate() {
                let (a, b) = (names.dn(east, number).unwrap(), names.dn(west, number).unwrap());
                assert_eq!((a.0, b.0), (2 * i as u32, 2 * i as u32 + 1), "round {round}");
                assert_eq!((names.dn_number(a), names.dn_switch(b)), (number.as_str(), west));
                assert_eq!(names.find_dn(other, number), DnId::NONE);
            }
        }
        assert_eq!((names.dn_count(), names.refused()), (10_000, 0));
    }

    #[test]
    fn an_agent_is_one_over_the_switches_of_a_tenant_and_another_in_the_next_tenant() {
        let mut names = Names::new(NameLimits::default());
        let (east, west) = (names.switch("default", "east").unwrap(), names.switch("default", "west").unwrap());
        let other = names.switch("other", "east").unwrap();
        for id in ["amir", "an.agent@with.a.long.id.example"] {
            let agent = names.agent(west, id).unwrap();
            assert_eq!(names.agent(east, id), Ok(agent));
            assert_ne!(names.agent(other, id), Ok(agent));
            assert_eq!((names.agent_switch(agent), names.agent_id(agent)), (west, id));
        }
        assert_eq!(names.agent_count(), 4);
    }

    #[test]
    fn names_beyond_a_limit_are_refused_and_counted() {
        let mut names = Names::new(NameLimits { switches: 1, dns: 2, agents: 1, reasons: 1, name_bytes: 20 });
        let switch = names.switch("default", "east").unwrap();
        assert_eq!(names.switch("default", "west"), Err(NameRefused));
        assert!(names.dn(switch, "1").is_ok() && names.dn(switch, "2").is_ok() && names.dn(switch, "1").is_ok());
        assert_eq!(names.dn(switch, "3"), Err(NameRefused));
        assert_eq!(names.agent(switch, "123456789012345678901"), Err(NameRefused));
        assert!(names.agent(switch, "1").is_ok() && names.reason("k", "v").is_ok());
        assert_eq!((names.agent(switch, "2"), names.reason("k", "w")), (Err(NameRefused), Err(NameRefused)));
        assert_eq!(names.refused(), 5);
    }
}
