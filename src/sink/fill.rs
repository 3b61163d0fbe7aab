//! Rows to columns: the cells of a block of rows, one column after the other.
//!
//! In: rows of one partition of the engine. Out: their cells at the end of the buffers of [`super::column`]. Each type of
//! column has a small writer of its own, so that the loop over a column knows at compile time what it does. Names and ids
//! get their meaning here. Knows no file format.

use crate::model::digit::{decimal, hex, signed};
use crate::model::identity::{LegKey, QueueSegmentKey, SessionKey};
use crate::model::ids::{AgentId, ConnId, DnId, EventId, ReasonId, SwitchId, Uuid};
use crate::model::table::{Cell, CellWriter, ColumnWriter, LocalDate, LocalTime, LoggedId, Passage, Type};
use crate::model::time::Micros;

use super::column::{NULL_FLAG, NULL_INT, NULL_LONG, NULL_SPAN, Values};
use super::derive::{Derived, Scope};
use super::mirror::{NULL, TextId, Texts};

/// Puts the cells of rows at the end of buffers.
pub(super) struct Fill<'a> {
    /// The columns that are still to come.
    pub(super) values: std::slice::IterMut<'a, Values>,
    pub(super) text_bytes: &'a mut usize,
    pub(super) scope: Scope<'a>,
    pub(super) texts: &'a mut Texts,
    pub(super) derived: &'a mut Derived,
}

impl ColumnWriter for Fill<'_> {
    #[inline]
    fn column<'a, C: Cell + 'a>(&mut self, cells: impl ExactSizeIterator<Item = &'a C>) {
        fn put<'a, C: Cell + 'a>(cells: impl Iterator<Item = &'a C>, mut w: impl CellWriter) {
            cells.for_each(|cell| cell.put(&mut w));
        }
        let Self { scope, texts, derived, .. } = self;
        let n = cells.len();
        match (C::TYPE, self.values.next()) {
            (Type::Name, Some(Values::Name(out))) => {
                out.reserve(n);
                put(cells, NameCells { out, scope: *scope, texts, last: ("", NULL) });
            }
            (Type::Text, Some(Values::Text { spans, data })) => {
                spans.reserve(n);
                let before = data.len();
                put(cells, TextCells { spans, data, scope: *scope, event: None });
                *self.text_bytes += data.len() - before;
            }
            (Type::NameList, Some(Values::NameList { spans, items })) => put(cells, ListCells { spans, items, texts }),
            (Type::Uuid, Some(Values::Uuid(out))) => {
                out.reserve(n);
                put(cells, UuidCells { out, scope: *scope, texts, derived });
            }
            (Type::Instant | Type::Long | Type::Time, Some(Values::Long(out))) => {
                out.reserve(n);
                put(cells, LongCells(out));
            }
            (Type::Int | Type::Date, Some(Values::Int(out))) => {
                out.reserve(n);
                put(cells, IntCells(out));
            }
            (Type::Flag, Some(Values::Flag(out))) => {
                out.reserve(n);
                put(cells, FlagCells(out));
            }
            // A table's schema and its walk over the columns come from one declaration.
            (ty, values) => unreachable!("cells of type {ty:?} for {values:?}"),
        }
    }
}

struct NameCells<'a> {
    out: &'a mut Vec<TextId>,
    scope: Scope<'a>,
    texts: &'a mut Texts,
    /// The last word and its number: most columns of words repeat one.
    last: (&'static str, TextId),
}

impl NameCells<'_> {
    #[inline]
    fn known(&mut self, id: TextId, otherwise: &'static str) {
        let id = if id == NULL { self.texts.word(otherwise) } else { id };
        self.out.push(id);
    }
}

impl CellWriter for NameCells<'_> {
    #[inline]
    fn null(&mut self) {
        self.out.push(NULL);
    }

    #[inline]
    fn tenant(&mut self, v: SwitchId) {
        self.known(self.scope.mirror.tenant(v), "default");
    }

    #[inline]
    fn site(&mut self, v: SwitchId) {
        self.known(self.scope.mirror.site(v), "");
    }

    #[inline]
    fn dn(&mut self, v: DnId) {
        self.out.push(self.scope.mirror.dn(v));
    }

    #[inline]
    fn agent(&mut self, v: AgentId) {
        self.out.push(self.scope.mirror.agent(v));
    }

    #[inline]
    fn reason_key(&mut self, v: ReasonId) {
        self.known(self.scope.mirror.reason(v).0, "none");
    }

    #[inline]
    fn reason_code(&mut self, v: ReasonId) {
        self.known(self.scope.mirror.reason(v).1, "none");
    }

    #[inline]
    fn word(&mut self, v: &'static str) {
        if !std::ptr::eq(v, self.last.0) || self.last.1 == NULL {
            self.last = (v, self.texts.word(v));
        }
        self.out.push(self.last.1);
    }

    #[inline]
    fn name(&mut self, v: &str) {
        self.out.push(self.texts.intern(v));
    }
}

struct TextCells<'a> {
    spans: &'a mut Vec<(u32, u32)>,
    data: &'a mut Vec<u8>,
    scope: Scope<'a>,
    /// Switch and epoch of the last event, and where in `data` their text is: nearly all events of a block share it.
    event: Option<(SwitchId, u64, std::ops::Range<usize>)>,
}

impl TextCells<'_> {
    #[inline]
    fn end(&mut self, start: usize) {
        self.spans.push((start as u32, (self.data.len() - start) as u32));
    }
}

impl CellWriter for TextCells<'_> {
    #[inline]
    fn null(&mut self) {
        self.spans.push(NULL_SPAN);
    }

    #[inline]
    fn text(&mut self, v: &str) {
        let start = self.data.len();
        self.data.extend_from_slice(v.as_bytes());
        self.end(start);
    }

    #[inline]
    fn conn(&mut self, v: ConnId) {
        let start = self.data.len();
        self.data.extend_from_slice(&hex(v.0));
        self.end(start);
    }

    #[inline]
    fn event(&mut self, v: EventId) {
        let start = self.begin(v);
        decimal(self.data, v.seq);
        self.end(start);
    }

    #[inline]
    fn logged(&mut self, v: LoggedId) {
        if v.id.seq != u64::MAX {
            return self.event(v.id);
        }
        let start = self.begin(v.id);
        self.data.push(b'@');
        signed(self.data, v.at.0);
        self.data.push(b'.');
        signed(self.data, v.place.into());
        self.end(start);
    }

    #[inline]
    fn passage(&mut self, v: Passage) {
        let text = self.scope.text.get(v.start as usize..).and_then(|rest| rest.get(..v.len as usize));
        self.text(text.unwrap_or_default());
    }
}

impl TextCells<'_> {
    /// Appends switch and epoch of an event; returns where the cell begins.
    #[inline]
    fn begin(&mut self, v: EventId) -> usize {
        let start = self.data.len();
        match &self.event {
            Some((switch, epoch, text)) if *switch == v.switch && *epoch == v.epoch => {
                self.data.extend_from_within(text.clone());
            }
            _ => {
                self.data.extend_from_slice(self.scope.mirror.event_prefix(v.switch).as_bytes());
                decimal(self.data, v.epoch);
                self.data.push(b':');
                self.event = Some((v.switch, v.epoch, start..self.data.len()));
            }
        }
        start
    }
}

struct ListCells<'a> {
    spans: &'a mut Vec<(u32, u32)>,
    items: &'a mut Vec<TextId>,
    texts: &'a mut Texts,
}

impl CellWriter for ListCells<'_> {
    fn null(&mut self) {
        self.spans.push(NULL_SPAN);
    }

    fn words(&mut self, v: &'static [&'static str]) {
        self.spans.push((self.items.len() as u32, v.len() as u32));
        self.items.extend(v.iter().map(|w| self.texts.word(w)));
    }
}

struct UuidCells<'a> {
    out: &'a mut Vec<u128>,
    scope: Scope<'a>,
    texts: &'a Texts,
    derived: &'a mut Derived,
}

impl CellWriter for UuidCells<'_> {
    #[inline]
    fn null(&mut self) {
        self.out.push(0);
    }

    #[inline]
    fn uuid(&mut self, v: Uuid) {
        self.out.push(v.0);
    }

    #[inline]
    fn queue_segment_id(&mut self, v: &QueueSegmentKey) {
        self.out.push(self.derived.stay(v, self.scope, self.texts).0);
    }

    #[inline]
    fn leg_id(&mut self, v: &LegKey) {
        self.out.push(self.derived.leg(v, self.scope, self.texts).0);
    }

    #[inline]
    fn party_id(&mut self, v: &LegKey) {
        self.out.push(self.derived.party(v, self.scope, self.texts).0);
    }

    #[inline]
    fn route_id(&mut self, v: &LegKey) {
        self.out.push(self.derived.route(v, self.scope, self.texts).0);
    }

    #[inline]
    fn session_id(&mut self, v: &SessionKey) {
        self.out.push(self.derived.session(v, self.scope, self.texts).0);
    }
}

struct LongCells<'a>(&'a mut Vec<i64>);

impl CellWriter for LongCells<'_> {
    #[inline]
    fn null(&mut self) {
        self.0.push(NULL_LONG);
    }

    #[inline]
    fn instant(&mut self, v: Micros) {
        self.0.push(v.0);
    }

    #[inline]
    fn long(&mut self, v: i64) {
        self.0.push(v);
    }

    #[inline]
    fn time(&mut self, v: LocalTime) {
        self.0.push(v.0);
    }
}

struct IntCells<'a>(&'a mut Vec<i32>);

impl CellWriter for IntCells<'_> {
    #[inline]
    fn null(&mut self) {
        self.0.push(NULL_INT);
    }

    #[inline]
    fn int(&mut self, v: i32) {
        self.0.push(v);
    }

    #[inline]
    fn date(&mut self, v: LocalDate) {
        self.0.push(v.0);
    }
}

struct FlagCells<'a>(&'a mut Vec<u8>);

impl CellWriter for FlagCells<'_> {
    #[inline]
    fn null(&mut self) {
        self.0.push(NULL_FLAG);
    }

    #[inline]
    fn flag(&mut self, v: bool) {
        self.0.push(u8::from(v));
    }
}
