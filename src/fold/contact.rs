//! Contacts: calls that belong together, as a graph whose edges are links. A contact is one connected component of it.
//!
//! Nearly every call is a contact by itself and costs nothing but its counts. The first link makes a [`Contact`] that
//! knows its open calls; what closed calls added is summed, so that memory is bounded by calls that are open. When the
//! last one closes, the links and the interaction have their rows.

use compact_str::CompactString;

use super::anomaly::Anomaly;
use super::call::Call;
use super::slab::{Ix, NIL};
use super::tally::Tally;
use super::world::World;
use crate::model::ids::{DnId, EventId, SwitchId, Uuid};
use crate::model::names::Names;
use crate::model::row::{CallLinkRow, InteractionRow};
use crate::model::table::{Site, Tenant};
use crate::model::tevent::CallType;
use crate::model::time::{Micros, ms_between};

/// Most calls of a contact that are open at once, and most links of it.
pub(super) const MEMBERS_MAX: usize = 256;

/// What a link is, what showed it, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Why {
    pub kind: &'static str,
    pub evidence: &'static str,
    pub at: Micros,
}

/// A link between two calls.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub from: Uuid,
    pub to: Uuid,
    pub kind: &'static str,
    pub site: SwitchId,
    /// The switch of `to`, when it is another.
    pub remote_site: Option<CompactString>,
    pub at: Micros,
    pub evidence: &'static str,
    /// `to` was never seen.
    pub unpaired: bool,
    pub last_event: EventId,
}

/// What is known of a contact's closed calls, and which are open.
#[derive(Clone, Debug)]
pub(super) struct Contact {
    members: Vec<Ix>,
    pub links: Vec<Link>,
    /// The sum over its closed calls, when there are any.
    sum: Ix,
}

impl Default for Contact {
    fn default() -> Self {
        Self { members: Vec::new(), links: Vec::new(), sum: NIL }
    }
}

/// The sum over calls. The root is the one that began first; of two at once, the one that is no consultation.
#[derive(Clone, Debug)]
pub(super) struct Sum {
    root: (Micros, bool, Uuid),
    root_switch: SwitchId,
    call_type: CallType,
    ani: CompactString,
    dnis: CompactString,
    entry: DnId,
    joined_in_progress: bool,
    first_queue: (Micros, DnId),
    ended_at: Option<Micros>,
    until: Micros,
    /// One bit a switch.
    switches: u64,
    calls: i32,
    consults: i32,
    transfers: i32,
    conferences: i32,
    open: bool,
    lost: bool,
    tally: Tally,
    last_event: (Micros, EventId),
}

impl Sum {
    /// One call, which was made from `parent` if from any, whose first queue was `queue`, and which ended at `ended`, or is open at `until`.
    fn of(call: &Call, parent: Uuid, queue: DnId, ended: Option<Micros>, until: Micros) -> Self {
        let consult = parent != Uuid::NONE || call.call_type == CallType::Consult;
        Self {
            root: (call.started_at, consult, call.id),
            root_switch: call.switch,
            call_type: call.call_type,
            ani: call.ani.clone(),
            dnis: call.dnis.clone(),
            entry: call.entry,
            joined_in_progress: call.joined_in_progress,
            first_queue: (call.first_queued_at, queue),
            ended_at: ended,
            until,
            switches: 1 << (call.switch.0 % 64),
            calls: 1,
            consults: i32::from(consult),
            transfers: call.transfer_count,
            conferences: call.conference_count,
            open: ended.is_none(),
            lost: call.lost,
            tally: call.tally,
            last_event: (call.last_event_at, call.last_event()),
        }
    }

    fn add(&mut self, other: Self) {
        self.first_queue = self.first_queue.min(other.first_queue);
        self.ended_at = self.ended_at.max(other.ended_at);
        self.until = self.until.max(other.until);
        self.switches |= other.switches;
        self.calls += other.calls;
        self.consults += other.consults;
        self.transfers += other.transfers;
        self.conferences += other.conferences;
        self.open |= other.open;
        self.lost |= other.lost;
        self.tally.add(&other.tally);
        if other.last_event.0 >= self.last_event.0 {
            self.last_event = other.last_event;
        }
        if other.root < self.root {
            self.root = other.root;
            self.root_switch = other.root_switch;
            self.call_type = other.call_type;
            self.ani = other.ani;
            self.dnis = other.dnis;
            self.entry = other.entry;
            self.joined_in_progress = other.joined_in_progress;
        }
    }
}

impl World {
    /// Links two calls, whose contacts become one; a link that is known says nothing new.
    pub(super) fn link(&mut self, (from, to): (Ix, Ix), why: Why, names: &Names) {
        let Why { kind, evidence, at } = why;
        let (a, b) = (&self.calls[from], &self.calls[to]);
        let remote = (a.switch != b.switch).then(|| CompactString::from(names.switch_name(b.switch)));
        let last_event = self.event;
        let link = Link {
            from: a.id,
            to: b.id,
            kind,
            site: a.switch,
            remote_site: remote,
            at,
            evidence,
            unpaired: false,
            last_event,
        };
        if let Some(contact) = self.join(from, to) {
            self.note_link(contact, link);
        }
    }

    pub(super) fn note_link(&mut self, contact: Ix, link: Link) {
        let links = &mut self.contacts[contact].links;
        // Two switches may each say that the call came from the other: one link.
        let known = links.iter().any(|l| {
            let same = l.from == link.from && l.to == link.to;
            let reverse = l.from == link.to && l.to == link.from && link.kind == "same_contact";
            l.kind == link.kind && (same || reverse)
        });
        if known {
            return;
        }
        if links.len() == MEMBERS_MAX {
            self.out.odd(Anomaly::LinkRefused);
            return;
        }
        if links.is_empty() {
            // Most contacts have one.
            links.reserve_exact(1);
        }
        links.push(link);
    }

    /// The contact of a call, made when it has none.
    pub(super) fn contact_of(&mut self, call: Ix) -> Ix {
        if self.calls[call].contact == NIL {
            // A slot that is used again keeps the memory of its lists.
            let renew = |contact: &mut Contact| {
                contact.members.clear();
                contact.links.clear();
                contact.sum = NIL;
            };
            let contact = self.contacts.insert_with(Contact::default, renew);
            self.contacts[contact].members.push(call);
            self.calls[call].contact = contact;
        }
        self.calls[call].contact
    }

    /// Makes two contacts one; `None` when it would have too many open calls.
    fn join(&mut self, a: Ix, b: Ix) -> Option<Ix> {
        if a == b {
            return None;
        }
        let (mut keep, mut give) = (self.contact_of(a), self.contact_of(b));
        if keep == give {
            return Some(keep);
        }
        if self.contacts[keep].members.len() + self.contacts[give].members.len() > MEMBERS_MAX {
            self.out.odd(Anomaly::LinkRefused);
            return None;
        }
        if self.contacts[keep].members.len() < self.contacts[give].members.len() {
            std::mem::swap(&mut keep, &mut give);
        }
        let mut given = std::mem::take(&mut self.contacts[give]);
        for call in &given.members {
            self.calls[*call].contact = keep;
        }
        let contact = &mut self.contacts[keep];
        contact.members.append(&mut given.members);
        contact.links.append(&mut given.links);
        match (contact.sum, std::mem::replace(&mut given.sum, NIL)) {
            (_, NIL) => {}
            (NIL, other) => contact.sum = other,
            (sum, other) => {
                let other = self.take_sum(other);
                self.sums[sum].add(other);
            }
        }
        self.contacts[give] = given;
        self.contacts.remove(give);
        Some(keep)
    }

    /// A call closes, or is open at the end of the input: the last one of its contact writes it.
    pub(super) fn leave_contact(&mut self, call: Ix, ended: Option<Micros>, until: Micros) {
        let sum = Sum::of(&self.calls[call], self.kin_of(call).parent, self.first_queue(call), ended, until);
        let contact = std::mem::replace(&mut self.calls[call].contact, NIL);
        if contact == NIL {
            self.write_interaction(&sum, true);
            return;
        }
        let c = &mut self.contacts[contact];
        c.members.retain(|ix| *ix != call);
        let is_last = c.members.is_empty();
        match (c.sum, is_last) {
            (NIL, true) => self.write_contact(contact, &sum),
            (NIL, false) => self.contacts[contact].sum = self.sums.insert(sum),
            (all, true) => {
                let mut all = self.take_sum(all);
                all.add(sum);
                self.write_contact(contact, &all);
            }
            (all, false) => self.sums[all].add(sum),
        }
    }

    /// Takes a sum out of its place.
    fn take_sum(&mut self, ix: Ix) -> Sum {
        self.sums.remove(ix);
        self.sums[ix].clone()
    }

    /// The last call of a contact has closed.
    fn write_contact(&mut self, contact: Ix, sum: &Sum) {
        let mut links = std::mem::take(&mut self.contacts[contact].links);
        let paired = links.iter().all(|link| !link.unpaired);
        for link in links.drain(..) {
            self.write_link(link, sum);
        }
        self.write_interaction(sum, paired);
        self.contacts[contact].links = links;
        self.contacts.remove(contact);
    }

    fn write_link(&mut self, link: Link, sum: &Sum) {
        self.out.links.push(CallLinkRow {
            tenant_id: Tenant(link.site),
            from_call_id: link.from,
            to_call_id: link.to,
            link_type: link.kind,
            site_id: Site(link.site),
            remote_site: link.remote_site,
            linked_at: link.at,
            evidence: link.evidence,
            state: match (link.unpaired, sum.open) {
                (true, _) => "unpaired",
                (_, true) => "active",
                _ => "ended",
            },
            interaction_id: sum.root.2,
            revision: 1,
            last_event_id: link.last_event,
            written_at: self.now,
        });
    }

    fn write_interaction(&mut self, sum: &Sum, paired: bool) {
        let privacy = &self.attached.privacy;
        let text = |s: &CompactString, policy| if s.is_empty() { None } else { privacy.number(policy, s) };
        let (number, policy) = match sum.call_type {
            CallType::Outbound => (&sum.dnis, privacy.dnis),
            _ => (&sum.ani, privacy.ani),
        };
        let customer_key = if number.is_empty() { None } else { privacy.key(policy, number) };
        let ended_at = sum.ended_at.filter(|_| !sum.open);
        let end_known = !sum.open && !sum.lost;
        let tally = &sum.tally;
        let row = InteractionRow {
            tenant_id: Tenant(sum.root_switch),
            interaction_id: sum.root.2,
            root_call_id: sum.root.2,
            media_type: "voice",
            interaction_type: sum.call_type.word(),
            started_at: sum.root.0,
            ended_at,
            customer_key,
            ani: text(&sum.ani, privacy.ani),
            dnis: text(&sum.dnis, privacy.dnis),
            entry_dn: sum.entry,
            site_count: sum.switches.count_ones() as i32,
            call_count: sum.calls,
            party_count: tally.parties,
            queue_segment_count: tally.stays,
            handling_segment_count: tally.legs,
            transfer_count: sum.transfers,
            conference_count: sum.conferences,
            consult_count: sum.consults,
            first_queue_id: sum.first_queue.1,
            first_agent_id: tally.first_agent,
            last_agent_id: tally.last_agent,
            outcome: tally.outcome(),
            wait_total_ms: tally.wait_ms(),
            talk_total_ms: tally.talk_ms,
            hold_total_ms: tally.hold_ms,
            acw_total_ms: tally.acw_ms,
            duration_ms: ms_between(sum.root.0, sum.until),
            is_complete: end_known && !sum.joined_in_progress && paired,
            end_known,
            joined_in_progress: sum.joined_in_progress,
            revision: 1,
            last_event_id: sum.last_event.1,
            written_at: self.now,
        };
        self.out.interactions.push(row);
    }
}
