//! A call: the life of one ConnID on one switch, from its first event until nothing of it is left.
//!
//! A call without open parties and stays lingers for a while: between an IVR port and a queue, or between two queues, a
//! call has none, and a ConnID that comes back is the same call.

use compact_str::{CompactString, ToCompactString};

use super::anomaly::Anomaly;
use super::ending::By;
use super::itinerary::Itinerary;
use super::slab::{Ix, NIL};
use super::tally::Tally;
use super::world::World;
use crate::model::ids::{ConnId, DnId, EventId, SwitchId, Uuid};
use crate::model::names::Names;
use crate::model::row::CallRow;
use crate::model::table::{Site, Tenant};
use crate::model::tevent::{CallType, TEvent};
use crate::model::time::{Micros, ms_between};

/// How a call became part of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merge {
    /// A transfer was completed.
    Transfer,
    /// A conference was completed.
    Conference,
}

impl Merge {
    /// The word in rows.
    const fn word(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Conference => "conference",
        }
    }
}

/// Which calls a call came from and became part of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kin {
    /// The one it was made from.
    pub parent: Uuid,
    /// The one it became part of.
    pub merged_into: Uuid,
    /// By what.
    pub merge: Option<Merge>,
}

/// Neither.
const ALONE: Kin = Kin { parent: Uuid::NONE, merged_into: Uuid::NONE, merge: None };

/// One ConnID on one switch.
///
/// Every call is kept for a while after its end, so there are many more of them than go on: what few calls have stands apart.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its switch.
    pub switch: SwitchId,
    /// Its ConnID.
    pub conn: ConnId,
    /// Its id in rows.
    pub id: Uuid,
    /// Digest of its CallUUID, to tell a reused ConnID; zero without one. The text itself is too long to be kept inline.
    pub call_uuid: u64,
    /// First party; the others follow by `Party::next_in_call`.
    pub parties: Ix,
    /// First open stay; the others follow by `Stay::next_in_call`.
    pub stays: Ix,
    /// Open parties, and open stays on queues and routing points.
    pub open: u32,
    /// Open stays on virtual queues, which alone do not keep a call alive.
    pub open_virtual: u32,
    /// Closed parties still kept.
    pub closed_parties: u32,
    /// Queues entered, and stays diverted to a queue.
    pub(super) itinerary: Itinerary,
    /// Type as the call's events say.
    pub call_type: CallType,
    /// First event.
    pub started_at: Micros,
    /// First entry into a queue; `MAX` before. So with the next two.
    pub first_queued_at: Micros,
    /// First ringing.
    pub first_alerting_at: Micros,
    /// First answer.
    pub first_connected_at: Micros,
    /// Something was open, and nothing is any more.
    has_ended: bool,
    /// The latest time at which a party or stay left.
    pub left_at: Micros,
    /// Last event of the call.
    pub last_event_at: Micros,
    /// ANI as sent.
    pub ani: CompactString,
    /// DNIS as sent.
    pub dnis: CompactString,
    /// Place of the numbers by which other systems know it, and which of them are known.
    numbers: Ix,
    has_id: bool,
    has_trunk: bool,
    /// Calls this one was made from or became part of, when there are any.
    kin: Ix,
    /// Holds.
    pub hold_count: i32,
    /// Transfers completed.
    pub transfer_count: i32,
    /// Conferences completed.
    pub conference_count: i32,
    /// The queue a dialler makes this call from, until the customer answers or the attempt fails.
    pub attempt: DnId,
    /// Departures from queues towards a target.
    pub divert_count: i32,
    /// The caller gave up.
    pub abandoned: bool,
    /// Who ended the leg or stay that left last.
    pub ended_by: By,
    /// A device other than an observer connected.
    pub connected_to_agent: bool,
    /// The first event was not a beginning.
    pub joined_in_progress: bool,
    /// Nothing was heard of it for too long.
    pub lost: bool,
    /// The DN of its first event.
    pub entry: DnId,
    /// What it adds to its contact.
    pub tally: Tally,
    /// Its contact, when it is linked with other calls.
    pub contact: Ix,
    /// A routing request that left its routing point and waits for the router's answer.
    pub late_route: Ix,
    /// What is attached to it, when anything is kept of that.
    pub data: Ix,
    /// Last event that touched it, which was of its switch: the run of the server, and the number.
    last_epoch: u64,
    last_seq: u64,
}

/// Calls lie in a row, and each is read as a whole: none begins in the middle of a line of memory.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Call>().is_multiple_of(64));

impl Call {
    /// When the last party or stay left; nothing while anything is open.
    pub(super) const fn ended(&self) -> Option<Micros> {
        if self.has_ended { Some(self.left_at) } else { None }
    }

    /// Whether an event says a number that is not known yet.
    #[inline]
    const fn lacks_numbers(&self, ev: &TEvent<'_>) -> bool {
        !self.has_id && ev.call_id != 0 || !self.has_trunk && trunk_of(ev) != 0
    }

    /// Last event that touched it.
    pub(super) const fn last_event(&self) -> EventId {
        EventId { switch: self.switch, epoch: self.last_epoch, seq: self.last_seq }
    }
}

/// The numbers by which other systems know a call: the first of each kind that its events say, zero while there is none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers {
    /// The switch's own id.
    id: u32,
    /// The trunk to outside.
    trunk: u32,
}

/// The trunk that an event names: of the other side, which is where outside is, else of the device.
const fn trunk_of(ev: &TEvent<'_>) -> u32 {
    if ev.other_trunk != 0 { ev.other_trunk } else { ev.this_trunk }
}

/// A number in a row; nothing for zero.
fn number_text(n: u32) -> Option<CompactString> {
    (n != 0).then(|| n.to_compact_string())
}

/// A digest of a CallUUID (FNV-1a), zero for an empty text.
pub(super) fn digest(call_uuid: &str) -> u64 {
    if call_uuid.is_empty() {
        return 0;
    }
    call_uuid.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)).max(1)
}

impl World {
    /// The call of an event's ConnID, opened when new; `None` for an event without ConnID.
    pub(super) fn call_of(&mut self, ev: &TEvent<'_>, conn: ConnId, names: &Names) -> Option<Ix> {
        if !conn.is_some() {
            self.out.odd(Anomaly::CallEventWithoutConn);
            return None;
        }
        if let Some(ix) = self.find_call(ev.switch, conn) {
            let own = conn == ev.conn;
            let call = &mut self.calls[ix];
            let reused = own
                && call.has_ended
                && !ev.call_uuid.is_empty()
                && call.call_uuid != 0
                && call.call_uuid != digest(ev.call_uuid);
            if !reused {
                call.last_event_at = ev.time;
                (call.last_epoch, call.last_seq) = (self.event.epoch, self.event.seq);
                // A source may lag behind the others.
                self.sweep_at = self.sweep_at.min(ev.time + self.patience.stuck);
                if own {
                    if let Some(call_type) = ev.call_type {
                        call.call_type = call_type;
                    }
                    if call.ani.is_empty() && !ev.ani.is_empty() {
                        call.ani = self.attached.privacy.held(ev.ani);
                    }
                    if call.dnis.is_empty() && !ev.dnis.is_empty() {
                        call.dnis = self.attached.privacy.held(ev.dnis);
                    }
                    if call.lacks_numbers(ev) {
                        self.note_numbers(ix, ev);
                    }
                }
                if own && self.attached.concerns(ev) {
                    self.attach(ix, ev);
                }
                return Some(ix);
            }
            self.close_call(ix);
        }
        let ix = self.open_call(ev, conn, names);
        if conn == ev.conn && self.attached.concerns(ev) {
            self.attach(ix, ev);
        }
        Some(ix)
    }

    fn note_numbers(&mut self, ix: Ix, ev: &TEvent<'_>) {
        if self.calls[ix].numbers == NIL {
            self.calls[ix].numbers = self.numbers.insert(Numbers::default());
        }
        let call = &mut self.calls[ix];
        let numbers = &mut self.numbers[call.numbers];
        if numbers.id == 0 {
            numbers.id = ev.call_id;
        }
        if numbers.trunk == 0 {
            numbers.trunk = trunk_of(ev);
        }
        (call.has_id, call.has_trunk) = (numbers.id != 0, numbers.trunk != 0);
    }

    fn open_call(&mut self, ev: &TEvent<'_>, conn: ConnId, names: &Names) -> Ix {
        let own = conn == ev.conn;
        let call_uuid = if own { ev.call_uuid } else { "" };
        let id = self.ids.call(names.switch_name(ev.switch), call_uuid, conn, ev.time);
        let held = |number: &str| if own { self.attached.privacy.held(number) } else { CompactString::default() };
        let (ani, dnis) = (held(ev.ani), held(ev.dnis));
        let ix = self.calls.insert(Call {
            switch: ev.switch,
            conn,
            id,
            call_uuid: digest(call_uuid),
            parties: NIL,
            stays: NIL,
            open: 0,
            open_virtual: 0,
            closed_parties: 0,
            itinerary: Itinerary::default(),
            call_type: ev.call_type.filter(|_| own).unwrap_or_default(),
            started_at: ev.time,
            first_queued_at: Micros::MAX,
            first_alerting_at: Micros::MAX,
            first_connected_at: Micros::MAX,
            has_ended: false,
            left_at: ev.time,
            last_event_at: ev.time,
            ani,
            dnis,
            numbers: NIL,
            has_id: false,
            has_trunk: false,
            kin: NIL,
            hold_count: 0,
            transfer_count: 0,
            conference_count: 0,
            attempt: DnId::NONE,
            divert_count: 0,
            abandoned: false,
            ended_by: By::Unknown,
            connected_to_agent: false,
            joined_in_progress: false,
            lost: false,
            entry: if own { ev.this_dn } else { DnId::NONE },
            tally: Tally::default(),
            contact: NIL,
            late_route: NIL,
            data: NIL,
            last_epoch: self.event.epoch,
            last_seq: self.event.seq,
        });
        if own && self.calls[ix].lacks_numbers(ev) {
            self.note_numbers(ix, ev);
        }
        self.index_call(ix);
        self.sweep_at = self.sweep_at.min(ev.time + self.patience.stuck);
        // Should nothing ever open on it, it still has to go.
        self.linger(ix, ev.time);
        self.meet(ix, names);
        ix
    }

    /// The id of the event's call: of the one there is, or of the one the event would open.
    pub fn call_id_of(&mut self, ev: &TEvent<'_>, names: &Names) -> Uuid {
        match self.find_call(ev.switch, ev.conn) {
            Some(ix) => self.calls[ix].id,
            None => self.ids.call(names.switch_name(ev.switch), ev.call_uuid, ev.conn, ev.time),
        }
    }

    /// Which calls a call came from and became part of.
    pub(super) fn kin_of(&self, ix: Ix) -> Kin {
        match self.calls[ix].kin {
            NIL => ALONE,
            kin => self.kin[kin],
        }
    }

    /// The contact of what the row of a part of the call with the id `own` says: the call it was made from, if any. What has gone on as
    /// another call's belongs there.
    pub(super) fn contact_id(&self, ix: Ix, own: Uuid) -> Uuid {
        if self.calls[ix].id == own { self.kin_of(ix).parent.some().unwrap_or(own) } else { self.calls[ix].id }
    }

    /// The calls it was made from or became part of, to be changed.
    pub(super) fn kin_of_mut(&mut self, ix: Ix) -> &mut Kin {
        let call = &mut self.calls[ix];
        if call.kin == NIL {
            call.kin = self.kin.insert(ALONE);
        }
        &mut self.kin[call.kin]
    }

    /// One more party or stay is open.
    pub(super) fn hold_call_open(&mut self, ix: Ix, is_virtual: bool) {
        let call = &mut self.calls[ix];
        if is_virtual {
            call.open_virtual += 1;
        } else {
            call.open += 1;
        }
        call.has_ended = false;
        call.lost = false;
    }

    /// One party or stay less is open.
    pub(super) fn let_call_go(&mut self, ix: Ix, is_virtual: bool, at: Micros) {
        let call = &mut self.calls[ix];
        call.left_at = call.left_at.max(at);
        if is_virtual {
            call.open_virtual -= 1;
        } else {
            call.open -= 1;
        }
        if call.open == 0 {
            if call.open_virtual > 0 {
                self.settle_call(ix, at);
            } else {
                call.has_ended = true;
                let ended = call.left_at;
                self.linger(ix, ended);
            }
        }
    }

    /// The lingering time is over: writes the call if it is still without anything open.
    pub(super) fn call_lingered(&mut self, ix: Ix, since: Micros) {
        let call = &self.calls[ix];
        if call.open > 0 || call.open_virtual > 0 {
            return;
        }
        match call.ended() {
            // Its last end started a later timer.
            Some(ended) if ended > since => {}
            None if call.last_event_at > since => self.linger(ix, call.last_event_at),
            _ => self.close_call(ix),
        }
    }

    /// Writes a call and forgets it.
    pub(super) fn close_call(&mut self, ix: Ix) {
        let ended = self.calls[ix].ended().unwrap_or(self.calls[ix].last_event_at);
        let row = self.call_row(ix, Some(ended), ended);
        self.out.calls.push(row);
        self.write_late_route(ix);
        self.write_data(ix, Some(ended));
        self.forget_data(ix);
        self.forget_parties(ix);
        self.leave_contact(ix, Some(ended), ended);
        self.forget_itinerary(ix);
        if self.calls[ix].kin != NIL {
            self.kin.remove(self.calls[ix].kin);
        }
        if self.calls[ix].numbers != NIL {
            self.numbers.remove(self.calls[ix].numbers);
        }
        self.unindex_call(ix);
        self.calls.remove(ix);
    }

    /// The row of a call that ended at `ended`, or is open at `until`.
    pub(super) fn call_row(&self, ix: Ix, ended: Option<Micros>, until: Micros) -> CallRow {
        let call = &self.calls[ix];
        let kin = self.kin_of(ix);
        let numbers = if call.numbers == NIL { Numbers::default() } else { self.numbers[call.numbers] };
        let privacy = &self.attached.privacy;
        let text = |s: &CompactString, policy| if s.is_empty() { None } else { privacy.number(policy, s) };
        CallRow {
            tenant_id: Tenant(call.switch),
            call_id: call.id,
            interaction_id: self.contact_id(ix, call.id),
            site_id: Site(call.switch),
            conn_id: call.conn,
            switch_call_id: number_text(numbers.id),
            parent_call_id: kin.parent.some(),
            merged_into_call_id: kin.merged_into.some(),
            merge_type: kin.merge.map(Merge::word),
            call_type: call.call_type.word(),
            media_type: "voice",
            started_at: call.started_at,
            first_queued_at: call.first_queued_at.some(),
            first_alerting_at: call.first_alerting_at.some(),
            first_connected_at: call.first_connected_at.some(),
            ended_at: ended,
            ani: text(&call.ani, privacy.ani),
            dnis: text(&call.dnis, privacy.dnis),
            trunk: number_text(numbers.trunk),
            released_by: ended.filter(|_| !call.lost).map_or(By::Unknown, |_| call.ended_by).word(),
            hold_count: call.hold_count,
            transfer_count: call.transfer_count,
            conference_count: call.conference_count,
            divert_count: call.divert_count,
            abandoned: call.abandoned,
            connected: call.first_connected_at != Micros::MAX,
            connected_to_agent: call.connected_to_agent,
            duration_ms: ms_between(call.started_at, until),
            end_known: ended.is_some() && !call.lost,
            joined_in_progress: call.joined_in_progress,
            end_reason: ended.map(|_| if call.lost { "timed_out" } else { "released" }),
            revision: 1,
            last_event_id: call.last_event(),
            written_at: self.now,
        }
    }
}
