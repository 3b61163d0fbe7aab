//! The keys of the feed, and where on a line their values stand.
//!
//! Both decoders fill the same [`Fields`]: per attribute the kind of value, where it starts and how long it is. A key
//! given twice overwrites itself, a `null` clears it, a key that nobody reads goes to a slot that nobody reads.

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

/// Where a value stands: start, length and kind in one word. Lines are at most [`LINE_BYTES_MAX`] long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Slot(u64);

/// Longest line the slots can address.
pub(super) const LINE_BYTES_MAX: usize = 1 << 27;

impl Slot {
    #[inline(always)]
    pub(super) const fn new(kind: Kind, start: usize, len: usize) -> Self {
        Self(start as u64 | (len as u64) << 32 | (kind as u64) << 61)
    }

    #[inline(always)]
    pub(super) const fn start(self) -> usize {
        self.0 as u32 as usize
    }

    #[inline(always)]
    pub(super) const fn len(self) -> usize {
        (self.0 >> 32) as usize & 0x1fff_ffff
    }

    #[inline(always)]
    pub(super) const fn end(self) -> usize {
        self.start() + self.len()
    }

    #[inline(always)]
    pub(super) const fn is_absent(self) -> bool {
        self.0 == 0
    }

    /// Whether the value is a string or a number.
    #[inline(always)]
    pub(super) const fn is_scalar(self) -> bool {
        self.0 >> 61 <= Kind::Number as u64
    }

    #[inline(always)]
    pub(super) const fn is_text(self) -> bool {
        self.0 >> 61 == Kind::Text as u64
    }

    #[inline(always)]
    pub(super) const fn is_digits(self) -> bool {
        self.0 >> 61 == Kind::Digits as u64
    }

    #[inline(always)]
    pub(super) const fn is_object(self) -> bool {
        self.0 >> 61 == Kind::Object as u64
    }

    pub(super) const fn kind(self) -> Kind {
        match self.0 >> 61 {
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

/// A key as it is spelled on a line, quotes and colon included, ready to be compared with one vector.
#[derive(Debug)]
#[repr(align(32))]
pub(super) struct Spelling {
    /// `"Key":`, zero-padded.
    pub(super) text: [u8; 32],
    /// One bit per byte of the spelling.
    pub(super) mask: u32,
    /// Length of the spelling.
    pub(super) len: u8,
    /// Where its value goes.
    pub(super) field: Field,
    /// A number that looks random, for hashes over sequences of keys.
    pub(super) salt: u32,
}

/// How many spellings are known; the entry after them stands for all others.
const SPELLINGS: usize = 68;
/// Index of the entry that stands for all unknown keys.
pub(super) const STRANGER: u8 = SPELLINGS as u8;

/// The known keys. Attributes that are not read are here too, because a key that is known costs less to step over.
#[rustfmt::skip]
const KEYS: [(&str, Field); SPELLINGS] = [
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
    ("CallID", Field::Ignored), ("ReferenceID", Field::Ignored), ("NodeID", Field::Ignored),
    ("NetworkCallID", Field::NetworkCallId), ("NetworkNodeID", Field::Ignored), ("OtherQueue", Field::Ignored),
    ("OtherTrunk", Field::Ignored), ("ThisTrunk", Field::Ignored), ("ThirdPartyQueue", Field::Ignored),
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

/// Every known spelling by its index, then strangers, whose text no line contains; a power of two of them.
static KNOWN: [Spelling; 128] = spellings();

/// The spelling with this index; any index beyond the known ones is the stranger's.
#[inline(always)]
pub(super) fn spelling(index: u8) -> &'static Spelling {
    &KNOWN[usize::from(index) % KNOWN.len()]
}

/// Indices of [`KNOWN`] by hash of the key, linearly probed; [`STRANGER`] ends a run.
static INDEX: [u8; 256] = index();

const fn spellings() -> [Spelling; 128] {
    let mut out =
        [const { Spelling { text: [0; 32], mask: u32::MAX, len: 0, field: Field::Ignored, salt: 0x51 } }; 128];
    let mut i = 0;
    while i < SPELLINGS {
        let key = KEYS[i].0.as_bytes();
        out[i].text[0] = b'"';
        let mut j = 0;
        while j < key.len() {
            out[i].text[j + 1] = key[j];
            j += 1;
        }
        out[i].text[j + 1] = b'"';
        out[i].text[j + 2] = b':';
        out[i].len = (j + 3) as u8;
        out[i].mask = (1 << (j + 3)) - 1;
        out[i].field = KEYS[i].1;
        out[i].salt = (i as u32 + 1).wrapping_mul(0x9e37_79b1);
        i += 1;
    }
    out
}

/// Hash of a key by its length, the four bytes from its first and the four bytes up to its last.
#[inline(always)]
const fn hash(head: u32, tail: u32, len: usize) -> usize {
    ((head ^ tail.rotate_left(9)).wrapping_add(len as u32).wrapping_mul(0x85eb_ca6b) >> 24) as usize
}

const fn index() -> [u8; 256] {
    let mut out = [STRANGER; 256];
    let mut i = 0;
    while i < SPELLINGS {
        let (text, len) = (&KNOWN_TEXTS[i].text, KNOWN_TEXTS[i].len as usize);
        let head = u32::from_le_bytes([text[1], text[2], text[3], text[4]]);
        let tail = u32::from_le_bytes([text[len - 6], text[len - 5], text[len - 4], text[len - 3]]);
        let mut at = hash(head, tail, len - 3);
        while out[at] != STRANGER {
            at = (at + 1) % 256;
        }
        out[at] = i as u8;
        i += 1;
    }
    out
}

/// The spellings once more as a constant, which other constants may read.
const KNOWN_TEXTS: [Spelling; 128] = spellings();

/// Where in the index the key of `len` bytes after the quote at `text[open]` begins to be looked for.
#[inline(always)]
pub(super) fn home(text: &[u8], open: usize, len: usize) -> usize {
    // The four bytes up to the last of a key of three begin at its quote; shorter keys are strangers.
    if len < 3 {
        return 0;
    }
    match (text.get(open + 1..), text.get(open + len - 3..)) {
        (Some(head), Some(tail)) => match (head.first_chunk::<4>(), tail.first_chunk::<4>()) {
            (Some(head), Some(tail)) => hash(u32::from_le_bytes(*head), u32::from_le_bytes(*tail), len),
            _ => 0,
        },
        _ => 0,
    }
}

/// The known key at this place of the index; [`STRANGER`] ends the run of those worth comparing.
#[inline(always)]
pub(super) fn candidate(at: usize) -> u8 {
    INDEX[at % INDEX.len()]
}

/// The field that the bare key `key` names.
pub(super) fn field_of(key: &str) -> Field {
    KEYS.iter().find(|(name, _)| *name == key).map_or(Field::Ignored, |(_, field)| *field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_key_is_found_by_its_spelling_after_few_candidates() {
        let mut visited = 0;
        for (i, (key, _)) in KEYS.iter().enumerate() {
            let text = format!("{{\"{key}\":1}}");
            let home = home(text.as_bytes(), 1, key.len());
            let place =
                (home..).take_while(|&at| candidate(at) != STRANGER).position(|at| usize::from(candidate(at)) == i);
            visited += place.expect("a known key is a candidate") + 1;
        }
        assert!(visited < SPELLINGS * 3 / 2, "{visited}");
    }
}
