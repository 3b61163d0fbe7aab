//! Fields to an event: what every value of the feed means, decided once for both decoders.

use super::error::DecodeError;
use super::field::{Field, Fields, Kind, Slot};
use super::number;
use super::simd::{Lanes, part};
use super::unknown::Unknowns;
use super::word::{Class, Meaning, Words, resolve_number};
use crate::model::ids::{ConnId, SwitchId};
use crate::model::names::Names;
use crate::model::tevent::rare::{Hop, Rare, RouteType, TreatmentType};
use crate::model::tevent::{CallState, CallType, DnRole, EventKind, TEvent, WorkMode};
use crate::model::time::Micros;
use crate::model::userdata::KvList;

/// The last second of the year 9999.
const SECS_MAX: u64 = 253_402_300_799;

/// What a line's values are read with.
pub(super) struct Assembly<'a, 't, L> {
    pub(super) lanes: L,
    /// The line's text, which the fields point into.
    pub(super) line: &'t str,
    /// The same from its first byte, with at least 32 bytes more.
    pub(super) padded: &'t [u8],
    pub(super) fields: &'a Fields,
    pub(super) words: &'a mut Words,
    pub(super) unknowns: &'a mut Unknowns,
}

impl<'t, L: Lanes> Assembly<'_, 't, L> {
    #[inline(always)]
    fn raw(&self, slot: Slot) -> &'t str {
        part(self.line, slot.start(), slot.end())
    }

    /// A name or number as sent; numbers come as their text.
    #[inline(always)]
    fn text(&self, field: Field, key: &'static str) -> Result<&'t str, DecodeError> {
        let slot = self.fields.get(field);
        if slot.is_absent() {
            Ok("")
        } else if slot.is_scalar() {
            Ok(self.raw(slot))
        } else {
            Err(DecodeError::BadValue { key, expected: "a string" })
        }
    }

    /// A whole number, also as a string of digits.
    #[inline(always)]
    fn integer(&self, field: Field, key: &'static str) -> Result<Option<u64>, DecodeError> {
        let slot = self.fields.get(field);
        if slot.is_absent() {
            return Ok(None);
        }
        let number = if slot.is_digits() { self.digits(slot) } else { odd_integer(slot.kind(), self.raw(slot)) };
        match number {
            Some(number) => Ok(Some(number)),
            None if slot.is_text() && slot.len() == 0 => Ok(None),
            None => Err(DecodeError::BadValue { key, expected: "a number" }),
        }
    }

    #[inline(always)]
    fn digits(&self, slot: Slot) -> Option<u64> {
        number::decimal(self.padded.get(slot.start()..slot.end())?)
    }

    /// A part of the event's time up to `max`; a fraction is cut off.
    #[inline(always)]
    fn time(&self, field: Field, key: &'static str, max: u64) -> Result<Option<u64>, DecodeError> {
        let slot = self.fields.get(field);
        if slot.is_absent() {
            return Ok(None);
        }
        let number = if slot.is_digits() { self.digits(slot) } else { odd_time(slot.kind(), self.raw(slot)) };
        match number {
            Some(number) if number <= max => Ok(Some(number)),
            None if slot.is_text() && slot.len() == 0 => Ok(None),
            _ => Err(DecodeError::BadTime { key }),
        }
    }

    /// A value of an enumeration; the outer `None` when absent, the inner when unknown, which is counted.
    #[inline(always)]
    fn word(&mut self, class: Class, field: Field, key: &'static str) -> Result<Option<Meaning>, DecodeError> {
        let slot = self.fields.get(field);
        if slot.is_absent() {
            return Ok(None);
        }
        let meaning = if slot.is_text() {
            if slot.len() == 0 {
                return Ok(None);
            }
            self.words.meaning(self.lanes, class, self.padded, self.line, slot)
        } else if slot.is_scalar() {
            odd_integer(slot.kind(), self.raw(slot)).and_then(|number| resolve_number(class, number))
        } else {
            return Err(DecodeError::BadValue { key, expected: "a name or a number" });
        };
        if meaning.is_none() {
            self.unknowns.count(key, self.raw(slot));
        }
        Ok(Some(meaning))
    }

    /// A connection id: hexadecimal as a string, decimal as a number.
    #[inline(always)]
    fn conn(&self, field: Field, key: &'static str) -> Result<ConnId, DecodeError> {
        let slot = self.fields.get(field);
        if slot.is_absent() {
            return Ok(ConnId::NONE);
        }
        let plain = if slot.is_text() && slot.len() == 16 {
            self.padded.get(slot.start()..slot.end()).and_then(number::hexadecimal)
        } else {
            None
        };
        let id = if plain.is_some() { plain } else { odd_conn(slot.kind(), self.raw(slot)) };
        id.map(ConnId).ok_or(DecodeError::BadValue { key, expected: "a hexadecimal number of 64 bits" })
    }

    /// An attached list. Anything but an object is counted as unknown and read as absent.
    #[inline(always)]
    fn list(&mut self, field: Field, key: &'static str) -> KvList<'t> {
        let slot = self.fields.get(field);
        if slot.is_object() {
            return KvList::from_json(self.raw(slot));
        }
        let empty = slot.is_absent() || slot.is_text() && slot.len() == 0;
        if !empty {
            self.unknowns.count(key, self.raw(slot));
        }
        KvList::EMPTY
    }

    /// Makes `event` the event that the fields describe; it is of no use after an error.
    #[inline(always)]
    pub(super) fn event(mut self, names: &mut Names, event: &mut TEvent<'t>) -> Result<(), DecodeError> {
        let kind = match self.word(Class::Event, Field::Event, "Event")? {
            None => return Err(DecodeError::MissingEvent),
            Some(meaning) => meaning.map_or(EventKind::UNKNOWN, EventKind),
        };
        let secs = self.time(Field::TimeinSecs, "TimeinSecs", SECS_MAX)?.ok_or(DecodeError::MissingTime)?;
        let micros = self.time(Field::TimeinuSecs, "TimeinuSecs", 999_999)?.unwrap_or(0);
        *event = TEvent::new(kind, Micros((secs * 1_000_000 + micros) as i64), SwitchId::NONE);
        event.seq = self.integer(Field::EventSequenceNumber, "EventSequenceNumber")?;
        event.epoch = self.integer(Field::ServerStartTime, "ServerStartTime")?;
        self.connections(event)?;
        self.qualifiers(event)?;
        event.call_uuid = self.text(Field::CallUuid, "CallUUID")?;
        event.ani = self.text(Field::Ani, "ANI")?;
        event.dnis = self.text(Field::Dnis, "DNIS")?;
        event.other_number = self.text(Field::OtherDn, "OtherDN")?;
        event.user_data = self.list(Field::UserData, "UserData");
        event.reasons = self.list(Field::Reasons, "Reasons");
        event.extensions = self.list(Field::Extensions, "Extensions");
        if self.fields.any_rare() {
            event.rare = Some(self.rare()?);
        }
        self.objects(event, names)
    }

    /// The attributes that few events carry.
    #[cold]
    #[inline(never)]
    fn rare(&mut self) -> Result<Rare<'t>, DecodeError> {
        let route = self.word(Class::RouteType, Field::RouteType, "RouteType")?;
        let treatment = self.word(Class::TreatmentType, Field::TreatmentType, "TreatmentType")?;
        Ok(Rare {
            route_type: route.flatten().map(RouteType),
            treatment_type: treatment.flatten().map(TreatmentType),
            first_transfer: Hop {
                conn: self.conn(Field::FirstTransferConnId, "FirstTransferConnID")?,
                home: self.text(Field::FirstTransferHomeLocation, "FirstTransferHomeLocation")?,
            },
            last_transfer: Hop {
                conn: self.conn(Field::LastTransferConnId, "LastTransferConnID")?,
                home: self.text(Field::LastTransferHomeLocation, "LastTransferHomeLocation")?,
            },
            remote: Hop {
                conn: self.conn(Field::RemoteConnId, "RemoteConnID")?,
                home: self.text(Field::RemoteLocation, "RemoteLocation")?,
            },
            network_call: self.text(Field::NetworkCallId, "NetworkCallID")?,
            ref_call_uuid: self.text(Field::RefCallUuid, "RefCallUUID")?,
            is_links: self.list(Field::IsLinkList, "ISLinkList"),
        })
    }

    #[inline(always)]
    fn connections(&self, event: &mut TEvent<'t>) -> Result<(), DecodeError> {
        event.conn = self.conn(Field::ConnId, "ConnID")?;
        event.previous_conn = self.conn(Field::PreviousConnId, "PreviousConnID")?;
        let transfer = self.conn(Field::TransferConnId, "TransferConnID")?;
        let conference = self.conn(Field::ConferenceConnId, "ConferenceConnID")?;
        event.held_conn = if transfer.is_some() { transfer } else { conference };
        Ok(())
    }

    #[inline(always)]
    fn qualifiers(&mut self, event: &mut TEvent<'t>) -> Result<(), DecodeError> {
        event.call_type = self
            .word(Class::CallType, Field::CallType, "CallType")?
            .map(|meaning| meaning.and_then(|n| CallType::from_number(n.into())).unwrap_or_default());
        let or_zero = |meaning: Option<Meaning>| meaning.flatten().unwrap_or(0);
        event.call_state = CallState(or_zero(self.word(Class::CallState, Field::CallState, "CallState")?));
        event.this_role = DnRole(or_zero(self.word(Class::Role, Field::ThisDnRole, "ThisDNRole")?));
        event.other_role = DnRole(or_zero(self.word(Class::Role, Field::OtherDnRole, "OtherDNRole")?));
        event.third_party_role =
            DnRole(or_zero(self.word(Class::Role, Field::ThirdPartyDnRole, "ThirdPartyDNRole")?));
        event.work_mode = WorkMode(or_zero(self.word(Class::WorkMode, Field::AgentWorkMode, "AgentWorkMode")?));
        Ok(())
    }

    /// The names that get ids: last, so that a line refused for another reason mints none.
    #[inline(always)]
    fn objects(&self, event: &mut TEvent<'t>, names: &mut Names) -> Result<(), DecodeError> {
        let or_default = |name: &'t str| if name.is_empty() { "default" } else { name };
        let switch = or_default(self.text(Field::Switch, "Switch")?);
        let tenant = or_default(self.text(Field::Tenant, "Tenant")?);
        let this_dn = self.text(Field::ThisDn, "ThisDN")?;
        let this_queue = self.text(Field::ThisQueue, "ThisQueue")?;
        let agent = self.text(Field::AgentId, "AgentID")?;
        event.third_party_number = self.text(Field::ThirdPartyDn, "ThirdPartyDN")?;
        let refused = |key| move |_| DecodeError::NameRefused { key };
        event.switch = names.switch(tenant, switch).map_err(refused("Switch"))?;
        if !this_dn.is_empty() {
            event.this_dn = names.dn(event.switch, this_dn).map_err(refused("ThisDN"))?;
        }
        if !this_queue.is_empty() {
            event.this_queue = names.dn(event.switch, this_queue).map_err(refused("ThisQueue"))?;
        }
        if !agent.is_empty() {
            event.agent = names.agent(event.switch, agent).map_err(refused("AgentID"))?;
        }
        if !event.third_party_number.is_empty() {
            event.third_party_dn = names.find_dn(event.switch, event.third_party_number);
        }
        Ok(())
    }
}

/// A whole number that is not plain digits: a string of digits, or a number with a fraction of zero or an exponent.
#[cold]
fn odd_integer(kind: Kind, text: &str) -> Option<u64> {
    match kind {
        Kind::Text | Kind::Digits => number::decimal(text.as_bytes()),
        Kind::Number => number::integer(text),
        Kind::Absent | Kind::Object | Kind::Other => None,
    }
}

/// A time that is not plain digits: a string of digits, or a number whose fraction is cut off.
#[cold]
fn odd_time(kind: Kind, text: &str) -> Option<u64> {
    match kind {
        Kind::Number => number::whole(text),
        _ => odd_integer(kind, text),
    }
}

/// A connection id that is not sixteen hexadecimal digits: a number, nothing, or a hexadecimal number that may carry
/// `0x` before it and `@switch` after it.
#[cold]
fn odd_conn(kind: Kind, text: &str) -> Option<u64> {
    if kind != Kind::Text {
        return odd_integer(kind, text);
    }
    if text.is_empty() {
        return Some(0);
    }
    let text = text.split('@').next().unwrap_or(text);
    let text = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    number::hexadecimal(text.as_bytes())
}
