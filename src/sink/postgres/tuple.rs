//! One row as a tuple of COPY's binary format.
//!
//! In: the cells of a row, one after the other. Out: their bytes at the end of a buffer. Names and ids become what they are in the
//! files. Two things differ, because Postgres knows neither: a zero byte in a text becomes U+FFFD, and an instant beyond
//! the year 294276 becomes the last one there is.

use crate::model::digit::{decimal, hex};
use crate::model::identity::{LegKey, QueueSegmentKey, SessionKey};
use crate::model::ids::{AgentId, ConnId, DnId, EventId, ReasonId, SwitchId, Uuid};
use crate::model::table::{CellWriter, Column, LocalDate, LocalTime, Row, Table, Type};
use crate::model::time::Micros;
use crate::sink::derive::{Derived, Scope};
use crate::sink::mirror::{NULL, TextId, Texts};

use super::ddl::primary_key;

/// Microseconds from 1970 to 2000, where Postgres begins to count.
pub(super) const EPOCH: i64 = 946_684_800_000_000;

/// The same in days.
pub(super) const EPOCH_DAYS: i32 = (EPOCH / 86_400_000_000) as i32;

/// The first and the last instant Postgres knows, counted its way.
const INSTANTS: (i64, i64) = (-211_813_488_000_000_000, 9_223_371_331_199_999_999);

/// Length of a null.
pub(super) const NULL_LENGTH: i32 = -1;

/// The number Postgres has for the type `text`.
const TEXT_OID: i32 = 25;

/// An instant counted as Postgres does.
pub(super) fn instant(at: Micros) -> i64 {
    at.0.saturating_sub(EPOCH).clamp(INSTANTS.0, INSTANTS.1)
}

/// What the tuples of a table have in common.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) table: &'static Table,
    /// For each column, whether it may not be null: it is part of the key.
    key: Vec<bool>,
    /// Which column is the revision.
    revision: Option<usize>,
}

impl Layout {
    pub(super) fn new(table: &'static Table) -> Self {
        let key = primary_key(table);
        let revision = table.columns.iter().position(|column| column.name == "revision");
        Self { table, key: table.columns.iter().map(|column| key.contains(&column.name)).collect(), revision }
    }
}

/// What the ids in rows stand for.
pub(super) struct Meaning<'a> {
    pub(super) scope: Scope<'a>,
    pub(super) texts: &'a Texts,
    pub(super) derived: &'a mut Derived,
}

/// Appends `row` to `out`; returns its revision, if the table has any.
pub(super) fn append<R: Row>(out: &mut Vec<u8>, row: &R, layout: &Layout, meaning: &mut Meaning<'_>) -> Option<i32> {
    out.extend_from_slice(&(layout.table.columns.len() as i16).to_be_bytes());
    let mut tuple = Tuple { out, at: 0, layout, meaning, revision: None };
    row.cells(&mut tuple);
    tuple.revision
}

/// Appends a tuple of texts.
pub(super) fn append_texts(out: &mut Vec<u8>, texts: &[&str]) {
    out.extend_from_slice(&(texts.len() as i16).to_be_bytes());
    texts.iter().for_each(|text| put_text(out, text.as_bytes()));
}

struct Tuple<'a, 'b> {
    out: &'a mut Vec<u8>,
    /// Cells written.
    at: usize,
    layout: &'a Layout,
    meaning: &'a mut Meaning<'b>,
    revision: Option<i32>,
}

/// Appends a text.
pub(super) fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    if memchr::memchr(0, text).is_some() {
        let clean = String::from_utf8_lossy(text).replace('\0', "\u{fffd}");
        return put_text(out, clean.as_bytes());
    }
    out.extend_from_slice(&(text.len() as i32).to_be_bytes());
    out.extend_from_slice(text);
}

/// Appends a list of texts.
pub(super) fn put_list(out: &mut Vec<u8>, items: &[&str]) {
    let begin = out.len();
    let mut put = |number: i32| out.extend_from_slice(&number.to_be_bytes());
    // Length, filled in below; then dimensions, whether there are nulls, type of the elements, their count, first index.
    put(0);
    put(i32::from(!items.is_empty()));
    put(0);
    put(TEXT_OID);
    if !items.is_empty() {
        put(items.len() as i32);
        put(1);
    }
    items.iter().for_each(|item| put_text(out, item.as_bytes()));
    let length = (out.len() - begin - 4) as i32;
    out[begin..begin + 4].copy_from_slice(&length.to_be_bytes());
}

impl Tuple<'_, '_> {
    fn column(&self) -> &'static Column {
        &self.layout.table.columns[self.at]
    }

    fn fixed<const N: usize>(&mut self, bytes: [u8; N]) {
        self.out.extend_from_slice(&(N as i32).to_be_bytes());
        self.out.extend_from_slice(&bytes);
        self.at += 1;
    }

    fn put(&mut self, text: &[u8]) {
        put_text(self.out, text);
        self.at += 1;
    }

    /// The text with this number, or null.
    fn named(&mut self, id: TextId) {
        if id == NULL {
            return self.null();
        }
        let texts = self.meaning.texts;
        self.put(texts.get(id).as_bytes());
    }

    fn known(&mut self, id: TextId, otherwise: &str) {
        if id == NULL { self.put(otherwise.as_bytes()) } else { self.named(id) }
    }

    fn derived(&mut self, id: Uuid) {
        // As in the files, no id at all is null where null is allowed.
        if id.0 == 0 && self.column().nullable { self.null() } else { self.fixed(id.0.to_be_bytes()) }
    }
}

impl CellWriter for Tuple<'_, '_> {
    fn null(&mut self) {
        if !self.layout.key[self.at] {
            self.out.extend_from_slice(&NULL_LENGTH.to_be_bytes());
            self.at += 1;
            return;
        }
        // A key has no null. None of these is expected; the row is kept rather than refused.
        match self.column().ty {
            Type::Name | Type::Text => self.put(b""),
            Type::Uuid => self.fixed([0; 16]),
            Type::Instant | Type::Long | Type::Time => self.fixed([0; 8]),
            Type::Int | Type::Date => self.fixed([0; 4]),
            Type::Flag => self.fixed([0; 1]),
            Type::NameList => self.words(&[]),
        }
    }

    fn tenant(&mut self, v: SwitchId) {
        self.known(self.meaning.scope.mirror.tenant(v), "default");
    }

    fn site(&mut self, v: SwitchId) {
        self.known(self.meaning.scope.mirror.site(v), "");
    }

    fn dn(&mut self, v: DnId) {
        self.named(self.meaning.scope.mirror.dn(v));
    }

    fn agent(&mut self, v: AgentId) {
        self.named(self.meaning.scope.mirror.agent(v));
    }

    fn reason_key(&mut self, v: ReasonId) {
        self.known(self.meaning.scope.mirror.reason(v).0, "none");
    }

    fn reason_code(&mut self, v: ReasonId) {
        self.known(self.meaning.scope.mirror.reason(v).1, "none");
    }

    fn word(&mut self, v: &'static str) {
        self.put(v.as_bytes());
    }

    fn words(&mut self, v: &'static [&'static str]) {
        put_list(self.out, v);
        self.at += 1;
    }

    fn text(&mut self, v: &str) {
        self.put(v.as_bytes());
    }

    fn conn(&mut self, v: ConnId) {
        self.put(&hex(v.0));
    }

    fn event(&mut self, v: EventId) {
        let begin = self.out.len();
        self.out.extend_from_slice(&[0; 4]);
        self.out.extend_from_slice(self.meaning.scope.mirror.event_prefix(v.switch).as_bytes());
        decimal(self.out, v.epoch);
        self.out.push(b':');
        decimal(self.out, v.seq);
        let length = (self.out.len() - begin - 4) as i32;
        self.out[begin..begin + 4].copy_from_slice(&length.to_be_bytes());
        self.at += 1;
    }

    fn uuid(&mut self, v: Uuid) {
        self.derived(v);
    }

    fn queue_segment_id(&mut self, v: &QueueSegmentKey) {
        let id = self.meaning.derived.stay(v, self.meaning.scope, self.meaning.texts);
        self.derived(id);
    }

    fn leg_id(&mut self, v: &LegKey) {
        let id = self.meaning.derived.leg(v, self.meaning.scope, self.meaning.texts);
        self.derived(id);
    }

    fn party_id(&mut self, v: &LegKey) {
        let id = self.meaning.derived.party(v, self.meaning.scope, self.meaning.texts);
        self.derived(id);
    }

    fn route_id(&mut self, v: &LegKey) {
        let id = self.meaning.derived.route(v, self.meaning.scope, self.meaning.texts);
        self.derived(id);
    }

    fn session_id(&mut self, v: &SessionKey) {
        let id = self.meaning.derived.session(v, self.meaning.scope, self.meaning.texts);
        self.derived(id);
    }

    fn name(&mut self, v: &str) {
        self.put(v.as_bytes());
    }

    fn date(&mut self, v: LocalDate) {
        self.fixed(v.0.saturating_sub(EPOCH_DAYS).to_be_bytes());
    }

    fn time(&mut self, v: LocalTime) {
        self.fixed(v.0.to_be_bytes());
    }

    fn instant(&mut self, v: Micros) {
        self.fixed(instant(v).to_be_bytes());
    }

    fn long(&mut self, v: i64) {
        self.fixed(v.to_be_bytes());
    }

    fn int(&mut self, v: i32) {
        if self.layout.revision == Some(self.at) {
            self.revision = Some(v);
        }
        self.fixed(v.to_be_bytes());
    }

    fn flag(&mut self, v: bool) {
        self.fixed([u8::from(v)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_counted_from_2000_and_stay_within_what_postgres_knows() {
        assert_eq!(instant(Micros(946_684_800_000_000)), 0);
        assert_eq!(instant(Micros(0)), -EPOCH);
        assert_eq!((instant(Micros::MIN), instant(Micros::MAX)), (INSTANTS.0, i64::MAX - EPOCH));
        assert!(instant(Micros::MAX) <= INSTANTS.1);
    }

    #[test]
    fn a_zero_byte_is_shown_as_what_it_is() {
        let mut out = Vec::new();
        append_texts(&mut out, &["a\0b"]);
        assert_eq!(out, [&[0, 1, 0, 0, 0, 5][..], "a\u{fffd}b".as_bytes()].concat());
    }
}
