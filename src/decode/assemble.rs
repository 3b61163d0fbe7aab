//! Fields to an event: what every value of the feed means, decided once for both decoders.

use super::error::DecodeError;
use super::field::{Field, Fields, Kind, Slot, name_of};
use super::number;
use super::simd::{Kernel, Lanes, Padded, first, part};
use super::unknown::Unknowns;
use super::word::{Class, Meaning, WORD_BYTES_MAX, Words, resolve_number};
use crate::model::ids::{ConnId, SwitchId};
use crate::model::names::Names;
use crate::model::tevent::rare::{Hop, Rare, RouteType, TreatmentType};
use crate::model::tevent::{CallState, CallType, DnRole, EventKind, TEvent, WorkMode};
use crate::model::time::Micros;
use crate::model::userdata::KvList;

/// The last second of the year 9999.
const SECS_MAX: u64 = 253_402_300_799;

/// What is wrong with a line, and at which attribute: small, so that it costs good values nothing to be carried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    field: Field,
    kind: Ill,
}

/// How a line is ill.
#[derive(Clone, Copy, Debug)]
enum Ill {
    NoEvent,
    NoTime,
    BadTime,
    NoText,
    NoNumber,
    NoWord,
    NoConnId,
    NameRefused,
}

impl Fault {
    /// The same for people.
    #[cold]
    pub(super) fn error(self) -> DecodeError {
        let key = name_of(self.field);
        let bad_value = |expected| DecodeError::BadValue { key, expected };
        match self.kind {
            Ill::NoEvent => DecodeError::MissingEvent,
            Ill::NoTime => DecodeError::MissingTime,
            Ill::BadTime => DecodeError::BadTime { key },
            Ill::NoText => bad_value("a string"),
            Ill::NoNumber => bad_value("a number"),
            Ill::NoWord => bad_value("a name or a number"),
            Ill::NoConnId => bad_value("a hexadecimal number of 64 bits"),
            Ill::NameRefused => DecodeError::NameRefused { key },
        }
    }
}

/// What a line's values are read with.
pub(super) struct Assembly<'a, 't, L> {
    pub(super) lanes: L,
    /// The line's text, which the fields point into.
    pub(super) line: &'t str,
    /// The same from its first byte, with a window's worth of bytes more.
    pub(super) padded: Padded<'t>,
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
    fn text(&self, field: Field) -> Result<&'t str, Fault> {
        let slot = self.fields.get(field);
        if slot.is_absent() {
            Ok("")
        } else if slot.is_scalar() {
            Ok(self.raw(slot))
        } else {
            Err(Fault { field, kind: Ill::NoText })
        }
    }

    /// A whole number, also as a string of digits.
    #[inline(always)]
    fn integer(&self, field: Field) -> Result<Option<u64>, Fault> {
        let slot = self.fields.get(field);
        if slot.is_absent() {
            return Ok(None);
        }
        let plain = self.digits(slot);
        let number = if plain.is_some() { plain } else { odd_integer(slot.kind(), self.raw(slot)) };
        match number {
            Some(number) => Ok(Some(number)),
            None if slot.is_text() && slot.len() == 0 => Ok(None),
            None => Err(Fault { field, kind: Ill::NoNumber }),
        }
    }

    /// A number of 32 bits that no rule depends on: what is none is counted as unknown and read as zero, which stands for absent.
    #[inline(always)]
    fn number(&mut self, field: Field) -> u32 {
        let slot = self.fields.get(field);
        if slot.is_absent() {
            return 0;
        }
        match self.digits(slot).map(u32::try_from) {
            Some(Ok(number)) => number,
            _ => self.odd_number(field, slot),
        }
    }

    #[cold]
    #[inline(never)]
    fn odd_number(&mut self, field: Field, slot: Slot) -> u32 {
        if slot.is_text() && slot.len() == 0 {
            return 0;
        }
        let number = odd_integer(slot.kind(), self.raw(slot)).and_then(|number| u32::try_from(number).ok());
        if number.is_none() {
            self.unknown(field, slot);
        }
        number.unwrap_or(0)
    }

    /// A number of one to sixteen plain digits, not at the very begin of the line.
    #[inline(always)]
    fn digits(&self, slot: Slot) -> Option<u64> {
        let len = slot.len_of(Kind::Digits, 16)?;
        let window = self.padded.window(slot.start().wrapping_sub(16))?;
        Some(self.lanes.decimal(first(window, len), len))
    }

    /// A part of the event's time up to `max`; a fraction is cut off.
    #[inline(always)]
    fn time(&self, field: Field, max: u64) -> Result<Option<u64>, Fault> {
        let slot = self.fields.get(field);
        if slot.is_absent() {
            return Ok(None);
        }
        let plain = self.digits(slot);
        let number = if plain.is_some() { plain } else { odd_time(slot.kind(), self.raw(slot)) };
        match number {
            Some(number) if number <= max => Ok(Some(number)),
            None if slot.is_text() && slot.len() == 0 => Ok(None),
            _ => Err(Fault { field, kind: Ill::BadTime }),
        }
    }

    /// A value of an enumeration; the outer `None` when absent, the inner when unknown, which is counted.
    #[inline(always)]
    fn word(&mut self, class: Class, field: Field) -> Result<Option<Meaning>, Fault> {
        let slot = self.fields.get(field);
        if slot.is_absent() {
            return Ok(None);
        }
        // Eight bytes before the word are looked at, too.
        if let Some(len) = slot.len_of(Kind::Text, WORD_BYTES_MAX)
            && let Some(window) = self.padded.window(slot.start().wrapping_sub(8))
            && let Some(Some(meaning)) = self.words.known(self.lanes, class, window, len)
        {
            return Ok(Some(Some(meaning)));
        }
        self.odd_word(class, field, slot)
    }

    /// A value of an enumeration that is unknown, new or not a word.
    #[cold]
    #[inline(never)]
    fn odd_word(&mut self, class: Class, field: Field, slot: Slot) -> Result<Option<Meaning>, Fault> {
        let text = self.raw(slot);
        let meaning = if slot.is_text() {
            if text.is_empty() {
                return Ok(None);
            }
            self.words.learn(class, text)
        } else if slot.is_scalar() {
            odd_integer(slot.kind(), text).and_then(|number| resolve_number(class, number))
        } else {
            return Err(Fault { field, kind: Ill::NoWord });
        };
        if meaning.is_none() {
            self.unknown(field, slot);
        }
        Ok(Some(meaning))
    }

    #[cold]
    fn unknown(&mut self, field: Field, slot: Slot) {
        self.unknowns.count(name_of(field), self.raw(slot));
    }

    /// A connection id: hexadecimal as a string, decimal as a number.
    #[inline(always)]
    fn conn(&self, field: Field) -> Result<ConnId, Fault> {
        let slot = self.fields.get(field);
        if slot.is_absent() {
            return Ok(ConnId::NONE);
        }
        // Not by closures: they would be functions without vectors.
        let mut id = None;
        if let (Some(16), Some(window)) = (slot.len_of(Kind::Text, 16), self.padded.window(slot.start())) {
            id = self.lanes.hexadecimal(first(window, 0));
        }
        if id.is_none() {
            id = odd_conn(slot.kind(), self.raw(slot));
        }
        match id {
            Some(id) => Ok(ConnId(id)),
            None => Err(Fault { field, kind: Ill::NoConnId }),
        }
    }

    /// An attached list. Anything but an object is counted as unknown and read as absent.
    #[inline(always)]
    fn list(&mut self, field: Field) -> KvList<'t> {
        let slot = self.fields.get(field);
        if slot.is_object() {
            return KvList::from_json(self.raw(slot));
        }
        let empty = slot.is_absent() || slot.is_text() && slot.len() == 0;
        if !empty {
            self.unknown(field, slot);
        }
        KvList::EMPTY
    }

    /// Makes `event` the event that the fields describe; it is of no use after an error.
    #[inline(always)]
    pub(super) fn event(mut self, names: &mut Names, event: &mut TEvent<'t>) -> Result<(), Fault> {
        self.attributes(event)?;
        self.spoken()?.mint(names, event)
    }

    /// The same ahead of its turn: all but its names, which are still texts, and asked for.
    #[inline(always)]
    pub(super) fn event_ahead(mut self, names: &Names, event: &mut TEvent<'t>) -> Result<Spoken<'t>, Fault> {
        self.attributes(event)?;
        let spoken = self.spoken()?;
        names.foresee(spoken.this_dn, spoken.this_queue, spoken.agent);
        Ok(spoken)
    }

    /// Everything but names.
    #[inline(always)]
    fn attributes(&mut self, event: &mut TEvent<'t>) -> Result<(), Fault> {
        let kind = match self.word(Class::Event, Field::Event)? {
            None => return Err(Fault { field: Field::Event, kind: Ill::NoEvent }),
            Some(meaning) => meaning.map_or(EventKind::UNKNOWN, EventKind),
        };
        let secs = self.time(Field::TimeinSecs, SECS_MAX)?;
        let secs = secs.ok_or(Fault { field: Field::TimeinSecs, kind: Ill::NoTime })?;
        let micros = self.time(Field::TimeinuSecs, 999_999)?.unwrap_or(0);
        *event = TEvent::new(kind, Micros((secs * 1_000_000 + micros) as i64), SwitchId::NONE);
        event.seq = self.integer(Field::EventSequenceNumber)?;
        event.epoch = self.integer(Field::ServerStartTime)?;
        self.connections(event)?;
        self.qualifiers(event)?;
        event.call_uuid = self.text(Field::CallUuid)?;
        event.ani = self.text(Field::Ani)?;
        event.dnis = self.text(Field::Dnis)?;
        event.other_number = self.text(Field::OtherDn)?;
        event.call_id = self.number(Field::CallId);
        event.this_trunk = self.number(Field::ThisTrunk);
        event.other_trunk = self.number(Field::OtherTrunk);
        event.user_data = self.list(Field::UserData);
        event.reasons = self.list(Field::Reasons);
        event.extensions = self.list(Field::Extensions);
        if self.fields.any_rare() {
            event.rare = Some(self.lanes.run(ReadRare(self))?);
        }
        Ok(())
    }

    /// The attributes that few events carry.
    #[inline(always)]
    fn rare(&mut self) -> Result<Rare<'t>, Fault> {
        let route = self.word(Class::RouteType, Field::RouteType)?;
        let treatment = self.word(Class::TreatmentType, Field::TreatmentType)?;
        Ok(Rare {
            route_type: route.flatten().map(RouteType),
            treatment_type: treatment.flatten().map(TreatmentType),
            first_transfer: Hop {
                conn: self.conn(Field::FirstTransferConnId)?,
                home: self.text(Field::FirstTransferHomeLocation)?,
            },
            last_transfer: Hop {
                conn: self.conn(Field::LastTransferConnId)?,
                home: self.text(Field::LastTransferHomeLocation)?,
            },
            remote: Hop { conn: self.conn(Field::RemoteConnId)?, home: self.text(Field::RemoteLocation)? },
            network_call: self.text(Field::NetworkCallId)?,
            ref_call_uuid: self.text(Field::RefCallUuid)?,
            is_links: self.list(Field::IsLinkList),
        })
    }

    #[inline(always)]
    fn connections(&self, event: &mut TEvent<'t>) -> Result<(), Fault> {
        event.conn = self.conn(Field::ConnId)?;
        event.previous_conn = self.conn(Field::PreviousConnId)?;
        let transfer = self.conn(Field::TransferConnId)?;
        let conference = self.conn(Field::ConferenceConnId)?;
        event.held_conn = if transfer.is_some() { transfer } else { conference };
        Ok(())
    }

    #[inline(always)]
    fn qualifiers(&mut self, event: &mut TEvent<'t>) -> Result<(), Fault> {
        event.call_type = self
            .word(Class::CallType, Field::CallType)?
            .map(|meaning| meaning.and_then(|n| CallType::from_number(n.into())).unwrap_or_default());
        let or_zero = |meaning: Option<Meaning>| meaning.flatten().unwrap_or(0);
        event.call_state = CallState(or_zero(self.word(Class::CallState, Field::CallState)?));
        event.this_role = DnRole(or_zero(self.word(Class::Role, Field::ThisDnRole)?));
        event.other_role = DnRole(or_zero(self.word(Class::Role, Field::OtherDnRole)?));
        event.third_party_role = DnRole(or_zero(self.word(Class::Role, Field::ThirdPartyDnRole)?));
        event.work_mode = WorkMode(or_zero(self.word(Class::WorkMode, Field::AgentWorkMode)?));
        Ok(())
    }

    /// The texts of the names: read last, so that a line refused for another reason mints none.
    #[inline(always)]
    fn spoken(&self) -> Result<Spoken<'t>, Fault> {
        let switch = self.text(Field::Switch)?;
        Ok(Spoken {
            switch: if switch.is_empty() { "default" } else { switch },
            tenant: self.text(Field::Tenant)?,
            this_dn: self.text(Field::ThisDn)?,
            this_queue: self.text(Field::ThisQueue)?,
            agent: self.text(Field::AgentId)?,
            third_party: self.text(Field::ThirdPartyDn)?,
        })
    }
}

/// What a line calls the objects it is about; empty where it names none.
#[derive(Clone, Copy)]
pub(super) struct Spoken<'t> {
    switch: &'t str,
    tenant: &'t str,
    this_dn: &'t str,
    this_queue: &'t str,
    agent: &'t str,
    third_party: &'t str,
}

impl<'t> Spoken<'t> {
    /// Of nothing.
    pub(super) const NOTHING: Self =
        Self { switch: "", tenant: "", this_dn: "", this_queue: "", agent: "", third_party: "" };

    /// Gives the event the ids of its names. False, when one of them is new.
    #[inline]
    pub(super) fn find(&self, names: &mut Names, event: &mut TEvent<'t>) -> bool {
        // Apart, because the tenant that nearly all have takes less.
        event.switch = match self.tenant {
            "" => names.known_switch("default", self.switch),
            tenant => names.known_switch(tenant, self.switch),
        };
        let mut all = event.switch.is_some();
        if !self.this_dn.is_empty() {
            event.this_dn = names.find_dn(event.switch, self.this_dn);
            all &= event.this_dn.is_some();
        }
        if !self.this_queue.is_empty() {
            event.this_queue = names.find_dn(event.switch, self.this_queue);
            all &= event.this_queue.is_some();
        }
        if !self.agent.is_empty() {
            event.agent = names.find_agent(event.switch, self.agent);
            all &= event.agent.is_some();
        }
        event.third_party_number = self.third_party;
        all
    }

    /// The same, making new names known; and its third party, which is never made known for it.
    ///
    /// # Errors
    /// A name that is refused.
    #[inline]
    pub(super) fn mint(&self, names: &mut Names, event: &mut TEvent<'t>) -> Result<(), Fault> {
        let refused = |field| move |_| Fault { field, kind: Ill::NameRefused };
        let tenant = if self.tenant.is_empty() { "default" } else { self.tenant };
        event.switch = names.switch(tenant, self.switch).map_err(refused(Field::Switch))?;
        if !self.this_dn.is_empty() {
            event.this_dn = names.dn(event.switch, self.this_dn).map_err(refused(Field::ThisDn))?;
        }
        if !self.this_queue.is_empty() {
            event.this_queue = names.dn(event.switch, self.this_queue).map_err(refused(Field::ThisQueue))?;
        }
        if !self.agent.is_empty() {
            event.agent = names.agent(event.switch, self.agent).map_err(refused(Field::AgentId))?;
        }
        event.third_party_number = self.third_party;
        find_third_party(names, event);
        Ok(())
    }
}

/// Finds the object of `ThirdPartyDN`: what is known when the event's turn has come counts.
#[inline(always)]
pub(super) fn find_third_party(names: &Names, event: &mut TEvent<'_>) {
    if !event.third_party_number.is_empty() {
        event.third_party_dn = names.find_dn(event.switch, event.third_party_number);
    }
}

/// [`Assembly::rare`] as a function of its own.
struct ReadRare<'x, 'a, 't, L>(&'x mut Assembly<'a, 't, L>);

impl<'t, L: Lanes> Kernel for ReadRare<'_, '_, 't, L> {
    type Output = Result<Rare<'t>, Fault>;

    #[inline(always)]
    fn run<M: Lanes>(self, _lanes: M) -> Self::Output {
        self.0.rare()
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
