//! The keys of the feed, and where on a line their values stand.
//!
//! Both decoders fill the same [`Fields`]: per attribute the kind of value, where it starts and how long it is. A key
//! given twice overwrites itself, a `null` clears it, a key that nobody reads goes to a slot that nobody reads.

use super::simd::{Lanes, WINDOW};

/// An attribute that events are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Field {
    Event,
    TimeinSecs,
    TimeinuSecs,
    EventSequenceNumber,
    ServerStartTime,
    Switch,
    Tenant,
    ThisDn,
    ThisQueue,
    ThirdPartyDn,
    OtherDn,
    AgentId,
    ConnId,
    PreviousConnId,
    TransferConnId,
    ConferenceConnId,
    CallUuid,
    CallType,
    CallState,
    ThisDnRole,
    OtherDnRole,
    ThirdPartyDnRole,
    AgentWorkMode,
    Ani,
    Dnis,
    UserData,
    Reasons,
    Extensions,
    CallId,
    ThisTrunk,
    OtherTrunk,
    /// Any key whose value is not read.
    Ignored = RARE as u8 - 1,
    /// From here on: attributes that few events carry.
    RouteType = RARE as u8,
    TreatmentType,
    FirstTransferConnId,
    FirstTransferHomeLocation,
    LastTransferConnId,
    LastTransferHomeLocation,
    NetworkCallId,
    RefCallUuid,
    RemoteConnId,
    RemoteLocation,
    IsLinkList,
}

/// Slots of [`Fields`]; a power of two, so that an index needs no check.
const SLOTS: usize = 64;

/// The first slot of the attributes that few events carry; see [`Fields::any_rare`].
const RARE: usize = 32;

/// What kind of value a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// Not there, or `null`.
    Absent = 0,
    /// A string; the slot is the text between the quotes.
    Text = 1,
    /// A number of nothing but digits.
    Digits = 2,
    /// Any other number.
    Number = 3,
    /// An object, braces included.
    Object = 4,
    /// An array, `true` or `false`.
    Other = 5,
}

/// Where a value stands, and its kind: in one word, because two would be waited for when they are read as one. Lines are
/// at most [`LINE_BYTES_MAX`] long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Slot(u64);

/// Longest line the slots can address.
pub(super) const LINE_BYTES_MAX: usize = 1 << 27;

/// Where the kind begins in the upper half of a [`Slot`]; the length has the bits before it, the start the lower half.
const KIND: u32 = 29;

impl Slot {
    /// The value of `kind` of `len` bytes from `start` on.
    #[inline(always)]
    pub(super) const fn new(kind: Kind, start: usize, len: usize) -> Self {
        if let Kind::Absent = kind {
            return Self(0);
        }
        Self(start as u32 as u64 | ((len as u32 | (kind as u32) << KIND) as u64) << 32)
    }

    #[inline(always)]
    pub(super) const fn start(self) -> usize {
        self.0 as u32 as usize
    }

    #[inline(always)]
    const fn upper(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[inline(always)]
    pub(super) const fn len(self) -> usize {
        (self.upper() & ((1 << KIND) - 1)) as usize
    }

    #[inline(always)]
    pub(super) const fn end(self) -> usize {
        self.start() + self.len()
    }

    /// Its length when it is of `kind`, not empty and at most `max` long: one comparison for all three.
    #[inline(always)]
    pub(super) const fn len_of(self, kind: Kind, max: u32) -> Option<usize> {
        let len = self.upper().wrapping_sub((kind as u32) << KIND);
        if len.wrapping_sub(1) < max { Some(len as usize) } else { None }
    }

    #[inline(always)]
    pub(super) const fn is_absent(self) -> bool {
        self.0 == 0
    }

    /// Whether the value is a string or a number.
    #[inline(always)]
    pub(super) const fn is_scalar(self) -> bool {
        self.upper() >> KIND <= Kind::Number as u32
    }

    #[inline(always)]
    pub(super) const fn is_text(self) -> bool {
        self.upper() >> KIND == Kind::Text as u32
    }

    #[inline(always)]
    pub(super) const fn is_object(self) -> bool {
        self.upper() >> KIND == Kind::Object as u32
    }

    pub(super) const fn kind(self) -> Kind {
        match self.upper() >> KIND {
            0 => Kind::Absent,
            1 => Kind::Text,
            2 => Kind::Digits,
            3 => Kind::Number,
            4 => Kind::Object,
            _ => Kind::Other,
        }
    }
}

/// The values of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fields([Slot; SLOTS]);

impl Default for Fields {
    fn default() -> Self {
        Self([Slot(0); SLOTS])
    }
}

impl Fields {
    /// Whether any of the attributes that few events carry is there: one look instead of one for each.
    #[inline(always)]
    pub(super) fn any_rare(&self) -> bool {
        self.0[RARE..].iter().fold(0, |all, slot| all | slot.0) != 0
    }

    #[inline(always)]
    pub(super) fn set(&mut self, field: Field, slot: Slot) {
        self.0[field as usize % SLOTS] = slot;
    }

    #[inline(always)]
    pub(super) fn get(&self, field: Field) -> Slot {
        self.0[field as usize % SLOTS]
    }

    #[inline(always)]
    pub(super) fn clear(&mut self) {
        self.0 = [Slot(0); SLOTS];
    }
}

/// A key as it is spelled on a line, ready to be compared with one vector.
#[derive(Debug)]
#[repr(align(32))]
pub(super) struct Spelling {
    /// `"Key":"` in one of the [`STYLES`], zero-padded.
    pub(super) text: [u8; 32],
    /// One bit per byte that stands before the value.
    pub(super) mask: u32,
    /// How many those are.
    pub(super) len: u8,
    /// Where its value goes.
    pub(super) field: Field,
    /// A number that looks random, for hashes over sequences of keys.
    pub(super) salt: u32,
}

/// How many keys are known; the number after them stands for all others.
const KEYS_KNOWN: usize = 68;
/// The number that stands for all unknown keys.
pub(super) const STRANGER: u8 = KEYS_KNOWN as u8;
/// The key that names the message.
pub(super) const EVENT: u8 = 0;
/// Ways to put spaces: none, one after the colon, and one before the key (after the comma) as well.
const STYLES: [(&[u8], &[u8]); 3] = [(b"\"", b"\":\""), (b"\"", b"\": \""), (b" \"", b"\": \"")];

/// The known keys. Attributes that are not read are here too, because a key that is known costs less to step over.
#[rustfmt::skip]
const KEYS: [(&str, Field); KEYS_KNOWN] = [
    ("Event", Field::Event), ("TimeinSecs", Field::TimeinSecs), ("TimeinuSecs", Field::TimeinuSecs),
    ("EventSequenceNumber", Field::EventSequenceNumber), ("ServerStartTime", Field::ServerStartTime),
    ("Switch", Field::Switch), ("Tenant", Field::Tenant), ("ThisDN", Field::ThisDn), ("ThisQueue", Field::ThisQueue),
    ("ThirdPartyDN", Field::ThirdPartyDn), ("OtherDN", Field::OtherDn), ("AgentID", Field::AgentId),
    ("ConnID", Field::ConnId), ("PreviousConnID", Field::PreviousConnId), ("TransferConnID", Field::TransferConnId),
    ("ConferenceConnID", Field::ConferenceConnId), ("CallUUID", Field::CallUuid), ("CallType", Field::CallType),
    ("CallState", Field::CallState), ("ThisDNRole", Field::ThisDnRole), ("OtherDNRole", Field::OtherDnRole),
    ("ThirdPartyDNRole", Field::ThirdPartyDnRole), ("AgentWorkMode", Field::AgentWorkMode), ("ANI", Field::Ani),
    ("DNIS", Field::Dnis), ("UserData", Field::UserData), ("Reasons", Field::Reasons), ("Reason", Field::Reasons),
    ("Extensions", Field::Extensions),
    ("CallID", Field::CallId), ("ReferenceID", Field::Ignored), ("NodeID", Field::Ignored),
    ("NetworkCallID", Field::NetworkCallId), ("NetworkNodeID", Field::Ignored), ("OtherQueue", Field::Ignored),
    ("OtherTrunk", Field::OtherTrunk), ("ThisTrunk", Field::ThisTrunk), ("ThirdPartyQueue", Field::Ignored),
    ("ThirdPartyTrunk", Field::Ignored), ("CollectedDigits", Field::Ignored), ("LastDigit", Field::Ignored),
    ("ErrorCode", Field::Ignored), ("ErrorMessage", Field::Ignored), ("AddressType", Field::Ignored),
    ("RouteType", Field::RouteType), ("MediaType", Field::Ignored), ("Place", Field::Ignored),
    ("Priority", Field::Ignored), ("HomeLocation", Field::Ignored), ("CustomerID", Field::Ignored),
    ("FirstTransferHomeLocation", Field::FirstTransferHomeLocation), ("FirstTransferOrigDN", Field::Ignored),
    ("FirstTransferConnID", Field::FirstTransferConnId), ("LastTransferHomeLocation", Field::LastTransferHomeLocation),
    ("LastTransferOrigDN", Field::Ignored), ("LastTransferConnID", Field::LastTransferConnId),
    ("PropagatedCallType", Field::Ignored), ("TreatmentType", Field::TreatmentType), ("SessionID", Field::Ignored),
    ("XReferenceID", Field::Ignored), ("OriginalConnID", Field::Ignored), ("PreviousCallID", Field::Ignored),
    ("Cause", Field::Ignored), ("Server", Field::Ignored),
    ("RefCallUUID", Field::RefCallUuid), ("RemoteConnID", Field::RemoteConnId),
    ("RemoteLocation", Field::RemoteLocation), ("ISLinkList", Field::IsLinkList),
];

/// Every known key in every style, the stranger's with text that no line contains, then more strangers.
static SPELLINGS: [Spelling; 256] = spellings();

/// The number of the spelling of a key in a style; a key with a space before it has one after its colon, too.
#[inline(always)]
pub(super) const fn number_of(key: u8, space_before: bool, space_after: bool) -> u8 {
    match (space_before, space_after) {
        (false, false) => key,
        (false, true) => key + (STRANGER + 1),
        (true, true) => key + 2 * (STRANGER + 1),
        (true, false) => STRANGER,
    }
}

/// The spelling with this number.
#[inline(always)]
pub(super) fn spelling(number: u8) -> &'static Spelling {
    &SPELLINGS[usize::from(number)]
}

/// The multiplier of [`hash`] that gives every known key a place of its own.
const MULTIPLIER: u32 = multiplier();

/// Keys by their hash; [`STRANGER`] where there is none.
static INDEX: [u8; PLACES] = index();

const PLACES: usize = 1024;

const fn spellings() -> [Spelling; 256] {
    let mut out =
        [const { Spelling { text: [b'"'; 32], mask: u32::MAX, len: 0, field: Field::Ignored, salt: 0x51 } }; 256];
    let (mut style, mut i) = (0, 0);
    while style < STYLES.len() {
        while i < KEYS_KNOWN {
            let at = &mut out[style * (KEYS_KNOWN + 1) + i];
            at.text = [0; 32];
            let parts = [STYLES[style].0, KEYS[i].0.as_bytes(), STYLES[style].1];
            let (mut part, mut len) = (0, 0);
            while part < parts.len() {
                let mut j = 0;
                while j < parts[part].len() {
                    at.text[len] = parts[part][j];
                    (j, len) = (j + 1, len + 1);
                }
                part += 1;
            }
            at.len = len as u8 - 1;
            at.mask = (1 << at.len) - 1;
            at.field = KEYS[i].1;
            at.salt = (i as u32 + 1).wrapping_mul(0x9e37_79b1);
            i += 1;
        }
        (style, i) = (style + 1, 0);
    }
    out
}

/// The known keys once more, as a constant, which other constants may read.
const TEXTS: [Spelling; 256] = spellings();

/// Hash of a key by its length, the four bytes from its first and the four bytes up to its last.
#[inline(always)]
const fn hash(head: u32, tail: u32, len: usize, multiplier: u32) -> usize {
    ((head ^ tail.rotate_left(9)).wrapping_add(len as u32).wrapping_mul(multiplier) >> 22) as usize % PLACES
}

/// The place of a known key with this multiplier.
const fn place(key: usize, multiplier: u32) -> usize {
    let (text, len) = (&TEXTS[key].text, TEXTS[key].len as usize);
    let head = u32::from_le_bytes([text[1], text[2], text[3], text[4]]);
    let tail = u32::from_le_bytes([text[len - 6], text[len - 5], text[len - 4], text[len - 3]]);
    hash(head, tail, len - 3, multiplier)
}

const fn multiplier() -> u32 {
    let mut multiplier = 0x85eb_ca6b_u32;
    loop {
        let (mut taken, mut key, mut collides) = ([false; PLACES], 0, false);
        while key < KEYS_KNOWN && !collides {
            let place = place(key, multiplier);
            (collides, taken[place], key) = (taken[place], true, key + 1);
        }
        if !collides {
            return multiplier;
        }
        multiplier = multiplier.wrapping_mul(0x9e37_79b1) | 1;
    }
}

const fn index() -> [u8; PLACES] {
    let (mut out, mut key) = ([STRANGER; PLACES], 0);
    while key < KEYS_KNOWN {
        out[place(key, MULTIPLIER)] = key as u8;
        key += 1;
    }
    out
}

/// The known key that `window` begins with, quote and colon included, `len` being its length; else [`STRANGER`].
#[inline(always)]
pub(super) fn known_key<L: Lanes>(lanes: L, window: &[u8; WINDOW], len: usize) -> u8 {
    // The four bytes up to the last of a key of three begin at its quote; shorter and much longer keys are strangers.
    if !(3..=29).contains(&len) {
        return STRANGER;
    }
    let (Some(block), Some(first), Some(last)) =
        (window.first_chunk(), window[1..].first_chunk(), window[len - 3..].first_chunk())
    else {
        return STRANGER;
    };
    let key = INDEX[hash(u32::from_le_bytes(*first), u32::from_le_bytes(*last), len, MULTIPLIER)];
    let known = spelling(key);
    if lanes.differing(block, &known.text) & known.mask == 0 { key } else { STRANGER }
}

/// The key that names the field; empty for one that is not read.
pub(super) fn name_of(field: Field) -> &'static str {
    KEYS.iter().find(|(_, named)| *named == field && field != Field::Ignored).map_or("", |(name, _)| name)
}

/// The field that the bare key `key` names.
pub(super) fn field_of(key: &str) -> Field {
    KEYS.iter().find(|(name, _)| *name == key).map_or(Field::Ignored, |(_, field)| *field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::simd::{Isa, Kernel};

    struct Find<'a>(&'a [u8; WINDOW], usize);

    impl Kernel for Find<'_> {
        type Output = u8;

        fn run<L: Lanes>(self, lanes: L) -> u8 {
            known_key(lanes, self.0, self.1)
        }
    }

    #[test]
    fn every_known_key_is_found_by_its_spelling_and_no_other() {
        for (i, (key, field)) in KEYS.iter().enumerate() {
            let found = |line: &str| {
                let mut window = [b'x'; WINDOW];
                window[..line.len()].copy_from_slice(line.as_bytes());
                let found: Vec<u8> =
                    Isa::available().map(|isa| isa.run(Find(&window, line.find("\":").unwrap() - 1))).collect();
                assert!(found.iter().all(|key| *key == found[0]), "{line}");
                found[0]
            };
            assert_eq!(usize::from(found(&format!("\"{key}\":1"))), i);
            for other in [format!("\"{key}s\":1"), format!("\"x{key}\":1"), format!("\"{}\":1", &key[1..])] {
                let known = found(&other);
                assert!(known == STRANGER || other == format!("\"{}\":1", KEYS[usize::from(known)].0), "{other}");
            }
            assert_eq!(field_of(key), *field);
        }
    }

    #[test]
    fn every_spelling_is_its_key_with_the_spaces_of_its_style() {
        for (i, (key, field)) in KEYS.iter().enumerate() {
            for (before, after) in [(false, false), (false, true), (true, true)] {
                let known = spelling(number_of(i as u8, before, after));
                let space = |there| if there { " " } else { "" };
                let text = format!("{}\"{key}\":{}", space(before), space(after));
                assert_eq!((usize::from(known.len), known.field), (text.len(), *field));
                assert!(known.text.starts_with(format!("{text}\"").as_bytes()));
                assert_eq!(known.mask.count_ones() as usize, text.len());
            }
        }
    }
}
