//! What shows that two calls belong together: consultations, calls that become one, and calls that came from another switch.
//!
//! Inside a switch an event names the other call by its ConnID. Between switches the call history names the switch and the
//! ConnID there; a call that keeps its ConnID at the next switch is recognised when the call before can have been sent away.
//! Where the switches say more, a call that is deleted names the one it became part of, and links between sites have ids.
//! A call that is named and was never seen leaves an unpaired link, unless it turns up while the naming call is open.

use compact_str::CompactString;

use super::call::digest;
use super::contact::{Link, Why};
use super::party::{Opening, PartyState};
use super::slab::{Ix, NIL};
use super::stay::StayState;
use super::world::World;
use crate::model::ids::{ConnId, SwitchId};
use crate::model::names::Names;
use crate::model::tevent::rare::Hop;
use crate::model::tevent::{EventKind, TEvent};
use crate::model::time::Micros;

/// Calls of other switches that are waited for, the latest.
const CLAIMS_MAX: usize = 64;

/// Characters of the id of an inter-site link.
const LINK_ID_LEN: usize = 32;

/// Places for inter-site links of which one end was seen.
const ENDS: usize = 4096;

/// A call of another switch that an event named and that is not known.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    site: CompactString,
    conn: ConnId,
    by: Ix,
    serial: u32,
    evidence: &'static str,
}

impl World {
    /// Whether an event names another call.
    #[inline]
    pub(super) fn names_another(ev: &TEvent<'_>) -> bool {
        ev.previous_conn.is_some() | ev.held_conn.is_some() | ev.rare.is_some()
    }

    /// Links the call of an event with the calls it names, after the event was folded.
    #[cold]
    #[inline(never)]
    pub(super) fn relate(&mut self, ev: &TEvent<'_>, names: &mut Names) {
        if ev.kind == EventKind::CALL_DELETED && !ev.rare().ref_call_uuid.is_empty() {
            self.relate_by_uuid(ev, names);
        }
        if !ev.conn.is_some() {
            return;
        }
        let Some(call) = self.find_call(ev.switch, ev.conn) else { return };
        let at = ev.time;
        for (conn, evidence) in [(ev.held_conn, "transfer_conn_id"), (ev.previous_conn, "previous_conn_id")] {
            if !conn.is_some() || conn == ev.conn {
                continue;
            }
            let Some(other) = self.find_call(ev.switch, conn) else { continue };
            if ev.kind != EventKind::PARTY_CHANGED {
                self.link((call, other), Why { kind: "consult_of", evidence, at }, names);
            } else if self.kin_of(other).merged_into == self.calls[call].id {
                let why = Why { kind: "merged_into", evidence: "party_changed", at };
                self.link((other, call), why, names);
            }
        }
        let rare = ev.rare();
        for (hop, evidence) in [
            (rare.last_transfer, "call_history"),
            (rare.first_transfer, "call_history"),
            (rare.remote, "remote_conn_id"),
        ] {
            if hop.conn.is_some() && !hop.home.is_empty() && hop.home != names.switch_name(ev.switch) {
                self.relate_remote(call, hop, evidence, at, names);
            }
        }
        for (key, value) in rare.is_links.iter() {
            // A link's id has the form of a CallUUID; beside it stands the other location.
            if let Some(id) = [key, value].into_iter().find(|text| text.len() == LINK_ID_LEN) {
                self.relate_by_link(call, &id, at, names);
            }
        }
    }

    /// EventCallDeleted with the call that the deleted one became part of. Merges are rare: a walk over the calls that are
    /// open costs less than an index of them all.
    fn relate_by_uuid(&mut self, ev: &TEvent<'_>, names: &Names) {
        let find = |uuid: &str| {
            let wanted = digest(uuid);
            let calls = self.live_calls().filter(|ix| self.calls[*ix].switch == ev.switch);
            calls.filter(|ix| self.calls[*ix].call_uuid == wanted).min()
        };
        if ev.call_uuid.is_empty() {
            return;
        }
        if let (Some(gone), Some(kept)) = (find(ev.call_uuid), find(ev.rare().ref_call_uuid)) {
            let why = Why { kind: "merged_into", evidence: "ref_call_uuid", at: ev.time };
            self.link((gone, kept), why, names);
        }
    }

    /// An inter-site link of a call: the other end shows the same id.
    fn relate_by_link(&mut self, call: Ix, id: &str, at: Micros, names: &Names) {
        let id = digest(id);
        if self.ends.is_empty() {
            self.ends.resize(ENDS, (0, NIL, 0));
        }
        let end = &mut self.ends[id as usize % ENDS];
        let (known, other, serial) = *end;
        let alive = known == id && self.calls.serial(other) == serial;
        if alive && self.calls[other].switch != self.calls[call].switch {
            self.link((call, other), Why { kind: "same_contact", evidence: "is_link", at }, names);
        } else if !alive {
            // Two ids that share a place are rare; the later one has it.
            *end = (id, call, self.calls.serial(call));
        }
    }

    fn relate_remote(&mut self, call: Ix, hop: Hop<'_>, evidence: &'static str, at: Micros, names: &Names) {
        let switch = self.calls[call].switch;
        let remote = names.find_switch(names.tenant(switch), hop.home);
        let other = if remote.is_some() { self.find_call(remote, hop.conn) } else { None };
        if let Some(other) = other {
            self.link((call, other), Why { kind: "same_contact", evidence, at }, names);
            return;
        }
        let to = self.ids.remote_call(hop.home, hop.conn);
        let contact = self.contact_of(call);
        let link = Link {
            from: self.calls[call].id,
            to,
            kind: "same_contact",
            site: switch,
            remote_site: Some(hop.home.into()),
            at,
            evidence,
            unpaired: true,
            last_event: self.event,
        };
        let known = self.contacts[contact].links.len();
        self.note_link(contact, link);
        if self.contacts[contact].links.len() > known {
            if self.claims.len() == CLAIMS_MAX {
                self.claims.pop_front();
            }
            let (site, serial) = (hop.home.into(), self.calls.serial(call));
            self.claims.push_back(Claim { site, conn: hop.conn, by: call, serial, evidence });
        }
    }

    /// A call is new: another switch may have sent it, or named it before.
    #[inline]
    pub(super) fn meet(&mut self, call: Ix, names: &Names) {
        if self.switches.len() > 1 || !self.claims.is_empty() {
            self.meet_others(call, names);
        }
    }

    fn meet_others(&mut self, call: Ix, names: &Names) {
        let (switch, conn, at) = (self.calls[call].switch, self.calls[call].conn, self.calls[call].started_at);
        let (tenant, site) = (names.tenant(switch), names.switch_name(switch));
        for i in (0..self.claims.len()).rev() {
            let claim = &self.claims[i];
            let alive = self.calls.serial(claim.by) == claim.serial;
            if !alive || claim.conn != conn || claim.site != site || names.tenant(self.calls[claim.by].switch) != tenant
            {
                continue;
            }
            let (by, evidence) = (claim.by, claim.evidence);
            self.claims.remove(i);
            let to = self.ids.remote_call(site, conn);
            let contact = self.contact_of(by);
            self.contacts[contact].links.retain(|link| link.to != to);
            self.link((by, call), Why { kind: "same_contact", evidence, at }, names);
        }
        for i in 0..self.switches.len() {
            let other = SwitchId(i as u32);
            if other != switch
                && names.tenant(other) == tenant
                && let Some(before) = self.find_call(other, conn)
                && self.was_sent_away(before)
            {
                self.link((call, before), Why { kind: "same_contact", evidence: "conn_id", at }, names);
            }
        }
    }

    /// Whether a call can have gone on at another switch: a queue or a phone sent it, or dials there.
    fn was_sent_away(&self, call: Ix) -> bool {
        let c = &self.calls[call];
        let mut stay = c.stays;
        while stay != NIL {
            if self.stays[stay].state == StayState::Left {
                return true;
            }
            stay = self.stays[stay].next_in_call;
        }
        let mut party = c.parties;
        while party != NIL {
            let p = &self.parties[party];
            if p.opened_by == Opening::Dialing && p.state != PartyState::Closed {
                return true;
            }
            party = p.next_in_call;
        }
        c.transfer_count > 0 || c.tally.flags & super::tally::flag::DIVERTED != 0
    }
}
