//! Name to id and back, for one partition: switches, DNs, agents, reasons.
//!
//! A value owned by the engine, not a global. Ids are dense, handed out in the order of first sight and never reused, so
//! they index vectors directly. Every table has a limit; a name beyond it is refused and counted, so that a flood of
//! invented names costs an attacker's events and not our memory.

use compact_str::CompactString;
use hashbrown::HashTable;
use std::hash::BuildHasher;

use super::ids::{AgentId, DnId, ReasonId, SwitchId};

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

#[derive(Debug)]
struct Switch {
    tenant: CompactString,
    name: CompactString,
}

#[derive(Debug)]
struct Scoped {
    /// Scope of the name: the switch of a DN, the switch that first named an agent.
    scope: SwitchId,
    text: CompactString,
}

/// The name tables of one partition.
#[derive(Debug, Default)]
pub struct Names {
    limits: NameLimits,
    hasher: foldhash::fast::FixedState,
    switches: Vec<Switch>,
    /// The last switch asked for: almost every event comes from the same one.
    last_switch: SwitchId,
    dns: Vec<Scoped>,
    dn_index: HashTable<u32>,
    agents: Vec<Scoped>,
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
    pub fn switch(&mut self, tenant: &str, name: &str) -> Result<SwitchId, NameRefused> {
        if let Some(last) = self.switches.get(self.last_switch.index())
            && last.name == name
            && last.tenant == tenant
        {
            return Ok(self.last_switch);
        }
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
                self.switches.push(Switch { tenant: tenant.into(), name: name.into() });
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
    pub fn dn(&mut self, switch: SwitchId, number: &str) -> Result<DnId, NameRefused> {
        let hash = self.hasher.hash_one((switch.0, number));
        let dns = &self.dns;
        if let Some(&i) =
            self.dn_index.find(hash, |&i| dns[i as usize].scope == switch && dns[i as usize].text == number)
        {
            return Ok(DnId(i));
        }
        if self.dns.len() >= self.limits.dns as usize || number.len() > self.limits.name_bytes {
            self.refused += 1;
            return Err(NameRefused);
        }
        let id = self.dns.len() as u32;
        self.dns.push(Scoped { scope: switch, text: number.into() });
        let (dns, hasher) = (&self.dns, &self.hasher);
        self.dn_index.insert_unique(hash, id, |&i| {
            let dn = &dns[i as usize];
            hasher.hash_one((dn.scope.0, dn.text.as_str()))
        });
        Ok(DnId(id))
    }

    /// The DN `number` of `switch` if it has an object already.
    #[must_use]
    pub fn find_dn(&self, switch: SwitchId, number: &str) -> DnId {
        let hash = self.hasher.hash_one((switch.0, number));
        let dns = &self.dns;
        self.dn_index
            .find(hash, |&i| dns[i as usize].scope == switch && dns[i as usize].text == number)
            .map_or(DnId::NONE, |&i| DnId(i))
    }

    /// The agent `id` of the tenant of `switch`, minted when new. One agent over all switches of a tenant.
    ///
    /// # Errors
    /// [`NameRefused`] beyond the limits.
    pub fn agent(&mut self, switch: SwitchId, id: &str) -> Result<AgentId, NameRefused> {
        let hash = self.hasher.hash_one(id);
        let (agents, switches) = (&self.agents, &self.switches);
        let same_tenant = |a: SwitchId| a == switch || switches[a.index()].tenant == switches[switch.index()].tenant;
        let found = self.agent_index.find(hash, |&i| {
            let agent = &agents[i as usize];
            agent.text == id && same_tenant(agent.scope)
        });
        if let Some(&i) = found {
            return Ok(AgentId(i));
        }
        if self.agents.len() >= self.limits.agents as usize || id.len() > self.limits.name_bytes {
            self.refused += 1;
            return Err(NameRefused);
        }
        let index = self.agents.len() as u32;
        self.agents.push(Scoped { scope: switch, text: id.into() });
        let (agents, hasher) = (&self.agents, &self.hasher);
        self.agent_index.insert_unique(hash, index, |&i| hasher.hash_one(agents[i as usize].text.as_str()));
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
