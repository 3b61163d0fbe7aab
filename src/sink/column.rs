//! Rows to columns: one typed buffer per column, filled cell by cell.
//!
//! In: the walk of a row over its cells. Out: buffers that the encoder reads column by column. Null is a reserved value in
//! every buffer, so that a column is one plain array that can be gathered in any order. Object ids become UUIDs here, each
//! remembered for a while because the same stay, leg and session appear in several rows. Knows no file format.

use crate::model::identity::{Identities, LegKey, QueueSegmentKey, SessionKey};
use crate::model::ids::{AgentId, ConnId, DnId, EventId, ReasonId, SwitchId, Uuid};
use crate::model::table::{CellWriter, Table, Type};
use crate::model::time::Micros;

use super::mirror::{Mirror, NULL, TextId, Texts};

/// Null in a column of 64-bit integers or instants.
pub(super) const NULL_LONG: i64 = i64::MIN;
/// Null in a column of 32-bit integers.
pub(super) const NULL_INT: i32 = i32::MIN;
/// Null in a column of flags.
pub(super) const NULL_FLAG: u8 = 2;
/// Null in a column of texts or lists.
pub(super) const NULL_SPAN: (u32, u32) = (u32::MAX, 0);

/// The cells of one column in the order of the rows.
#[derive(Debug)]
pub(super) enum Values {
    /// Numbers of texts; [`NULL`] is null.
    Name(Vec<TextId>),
    /// Start and length in `data`.
    Text { spans: Vec<(u32, u32)>, data: Vec<u8> },
    /// Start and length in `items`.
    NameList { spans: Vec<(u32, u32)>, items: Vec<TextId> },
    /// Ids; zero is null where null is allowed.
    Uuid(Vec<u128>),
    /// Longs and instants.
    Long(Vec<i64>),
    /// Counts.
    Int(Vec<i32>),
    /// 0, 1 or [`NULL_FLAG`].
    Flag(Vec<u8>),
}

impl Values {
    fn new(ty: Type) -> Self {
        match ty {
            Type::Name => Self::Name(Vec::new()),
            Type::Text => Self::Text { spans: Vec::new(), data: Vec::new() },
            Type::NameList => Self::NameList { spans: Vec::new(), items: Vec::new() },
            Type::Uuid => Self::Uuid(Vec::new()),
            Type::Instant | Type::Long => Self::Long(Vec::new()),
            Type::Int => Self::Int(Vec::new()),
            Type::Flag => Self::Flag(Vec::new()),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Name(v) => v.clear(),
            Self::Text { spans, data } => {
                spans.clear();
                data.clear();
            }
            Self::NameList { spans, items } => {
                spans.clear();
                items.clear();
            }
            Self::Uuid(v) => v.clear(),
            Self::Long(v) => v.clear(),
            Self::Int(v) => v.clear(),
            Self::Flag(v) => v.clear(),
        }
    }
}

/// The buffered rows of one file's next row group.
#[derive(Debug)]
pub(super) struct Columns {
    /// One per column of the table.
    pub(super) values: Vec<Values>,
    /// Rows buffered.
    pub(super) rows: usize,
    /// Bytes of free text buffered.
    pub(super) text_bytes: usize,
}

impl Columns {
    /// Empty buffers for a table.
    pub(super) fn new(table: &Table) -> Self {
        Self { values: table.columns.iter().map(|c| Values::new(c.ty)).collect(), rows: 0, text_bytes: 0 }
    }

    /// Empties the buffers, keeping their memory.
    pub(super) fn clear(&mut self) {
        self.values.iter_mut().for_each(Values::clear);
        self.rows = 0;
        self.text_bytes = 0;
    }
}

/// Slots of the memories of stays, legs and parties: those of the rows just passed.
const RECENT: usize = 1 << 12;

/// Slots of the memory of sessions: one per agent of a large site.
const AGENTS: usize = 1 << 15;

/// Remembers the id of what was asked for recently: one slot per hash.
#[derive(Debug)]
struct Memo<K, const SLOTS: usize> {
    slots: Vec<Option<(u32, K, Uuid)>>,
}

impl<K, const SLOTS: usize> Default for Memo<K, SLOTS> {
    fn default() -> Self {
        Self { slots: Vec::new() }
    }
}

impl<K: PartialEq + Clone, const SLOTS: usize> Memo<K, SLOTS> {
    #[inline]
    fn get(&mut self, partition: u32, hash: u64, key: &K, derive: impl FnOnce() -> Uuid) -> Uuid {
        if self.slots.is_empty() {
            self.slots.resize_with(SLOTS, || None);
        }
        let slot = &mut self.slots[hash as usize % SLOTS];
        match slot {
            Some((p, k, id)) if *p == partition && k == key => *id,
            _ => {
                let id = derive();
                *slot = Some((partition, key.clone(), id));
                id
            }
        }
    }
}

/// Derives the UUIDs of objects from their keys.
#[derive(Debug, Default)]
pub(super) struct Derived {
    identities: Identities,
    stays: Memo<QueueSegmentKey, RECENT>,
    legs: Memo<LegKey, RECENT>,
    parties: Memo<LegKey, RECENT>,
    sessions: Memo<SessionKey, AGENTS>,
}

const fn mix(call: Uuid, object: u32, time: Micros) -> u64 {
    let mixed = (call.0 as u64) ^ ((object as u64) << 32) ^ (time.0 as u64);
    mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
}

/// Puts the cells of rows of one partition of the engine into [`Columns`].
pub(super) struct Cells<'a> {
    pub(super) values: &'a mut [Values],
    pub(super) text_bytes: &'a mut usize,
    /// Column of the next cell.
    pub(super) at: usize,
    pub(super) partition: u32,
    pub(super) mirror: &'a Mirror,
    pub(super) texts: &'a mut Texts,
    pub(super) derived: &'a mut Derived,
}

impl Cells<'_> {
    #[inline]
    fn name(&mut self, id: TextId) {
        let at = self.at;
        self.at += 1;
        match &mut self.values[at] {
            Values::Name(v) => v.push(id),
            other => mismatch(other),
        }
    }

    #[inline]
    fn bytes(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let at = self.at;
        self.at += 1;
        match &mut self.values[at] {
            Values::Text { spans, data } => {
                let start = data.len();
                write(data);
                spans.push((start as u32, (data.len() - start) as u32));
            }
            other => mismatch(other),
        }
    }
}

/// A table's schema and its walk over the cells come from one declaration, so they cannot differ.
#[cold]
#[inline(never)]
fn mismatch(values: &Values) {
    unreachable!("a cell of another type than its column {values:?}");
}

/// Appends a number in decimal digits.
fn decimal(out: &mut Vec<u8>, mut v: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (v % 10) as u8;
        v /= 10;
        if v == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

impl CellWriter for Cells<'_> {
    #[inline]
    fn null(&mut self) {
        let at = self.at;
        self.at += 1;
        match &mut self.values[at] {
            Values::Name(v) => v.push(NULL),
            Values::Text { spans, .. } | Values::NameList { spans, .. } => spans.push(NULL_SPAN),
            Values::Uuid(v) => v.push(0),
            Values::Long(v) => v.push(NULL_LONG),
            Values::Int(v) => v.push(NULL_INT),
            Values::Flag(v) => v.push(NULL_FLAG),
        }
    }

    #[inline]
    fn tenant(&mut self, v: SwitchId) {
        let id = match self.mirror.tenant(v) {
            NULL => self.texts.word("default"),
            id => id,
        };
        self.name(id);
    }

    #[inline]
    fn site(&mut self, v: SwitchId) {
        let id = match self.mirror.site(v) {
            NULL => self.texts.word(""),
            id => id,
        };
        self.name(id);
    }

    #[inline]
    fn dn(&mut self, v: DnId) {
        self.name(self.mirror.dn(v));
    }

    #[inline]
    fn agent(&mut self, v: AgentId) {
        self.name(self.mirror.agent(v));
    }

    #[inline]
    fn reason_key(&mut self, v: ReasonId) {
        let id = match self.mirror.reason(v).0 {
            NULL => self.texts.word("none"),
            id => id,
        };
        self.name(id);
    }

    #[inline]
    fn reason_code(&mut self, v: ReasonId) {
        let id = match self.mirror.reason(v).1 {
            NULL => self.texts.word("none"),
            id => id,
        };
        self.name(id);
    }

    #[inline]
    fn word(&mut self, v: &'static str) {
        let id = self.texts.word(v);
        self.name(id);
    }

    fn words(&mut self, v: &'static [&'static str]) {
        let at = self.at;
        self.at += 1;
        match &mut self.values[at] {
            Values::NameList { spans, items } => {
                spans.push((items.len() as u32, v.len() as u32));
                items.extend(v.iter().map(|w| self.texts.word(w)));
            }
            other => mismatch(other),
        }
    }

    #[inline]
    fn text(&mut self, v: &str) {
        *self.text_bytes += v.len();
        self.bytes(|data| data.extend_from_slice(v.as_bytes()));
    }

    #[inline]
    fn conn(&mut self, v: ConnId) {
        let mut hex = [0_u8; 16];
        for (i, digit) in hex.iter_mut().enumerate() {
            *digit = b"0123456789abcdef"[(v.0 >> (60 - 4 * i) & 15) as usize];
        }
        self.bytes(|data| data.extend_from_slice(&hex));
    }

    #[inline]
    fn event(&mut self, v: EventId) {
        let mirror = self.mirror;
        self.bytes(|data| {
            data.extend_from_slice(mirror.event_prefix(v.switch).as_bytes());
            decimal(data, v.epoch);
            data.push(b':');
            decimal(data, v.seq);
        });
    }

    #[inline]
    fn uuid(&mut self, v: Uuid) {
        let at = self.at;
        self.at += 1;
        match &mut self.values[at] {
            Values::Uuid(values) => values.push(v.0),
            other => mismatch(other),
        }
    }

    fn queue_segment_id(&mut self, v: &QueueSegmentKey) {
        let Derived { identities, stays, .. } = &mut *self.derived;
        let (mirror, texts) = (self.mirror, &*self.texts);
        let id = stays.get(self.partition, mix(v.call, v.queue.0, v.entered_at), v, || {
            identities.queue_segment(v, dn_text(mirror, texts, v.queue))
        });
        self.uuid(id);
    }

    fn leg_id(&mut self, v: &LegKey) {
        let Derived { identities, legs, .. } = &mut *self.derived;
        let (mirror, texts) = (self.mirror, &*self.texts);
        let id = legs.get(self.partition, mix(v.call, v.dn.0, v.offered_at), v, || {
            identities.leg(v, dn_text(mirror, texts, v.dn))
        });
        self.uuid(id);
    }

    fn party_id(&mut self, v: &LegKey) {
        let Derived { identities, parties, .. } = &mut *self.derived;
        let (mirror, texts) = (self.mirror, &*self.texts);
        let id = parties.get(self.partition, mix(v.call, v.dn.0, v.offered_at), v, || {
            identities.party(v, dn_text(mirror, texts, v.dn))
        });
        self.uuid(id);
    }

    fn session_id(&mut self, v: &SessionKey) {
        let Derived { identities, sessions, .. } = &mut *self.derived;
        let (mirror, texts) = (self.mirror, &*self.texts);
        // One agent has one session at a time: the agent alone picks the slot.
        let id = sessions.get(self.partition, u64::from(v.agent.0), v, || {
            let agent = mirror.agent(v.agent);
            identities.session(v, if agent == NULL { "" } else { texts.get(agent) })
        });
        self.uuid(id);
    }

    #[inline]
    fn instant(&mut self, v: Micros) {
        self.long(v.0);
    }

    #[inline]
    fn long(&mut self, v: i64) {
        let at = self.at;
        self.at += 1;
        match &mut self.values[at] {
            Values::Long(values) => values.push(v),
            other => mismatch(other),
        }
    }

    #[inline]
    fn int(&mut self, v: i32) {
        let at = self.at;
        self.at += 1;
        match &mut self.values[at] {
            Values::Int(values) => values.push(v),
            other => mismatch(other),
        }
    }

    #[inline]
    fn flag(&mut self, v: bool) {
        let at = self.at;
        self.at += 1;
        match &mut self.values[at] {
            Values::Flag(values) => values.push(u8::from(v)),
            other => mismatch(other),
        }
    }
}

fn dn_text<'a>(mirror: &Mirror, texts: &'a Texts, dn: DnId) -> &'a str {
    match mirror.dn(dn) {
        NULL => "",
        id => texts.get(id),
    }
}
