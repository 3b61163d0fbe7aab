//! How a row describes itself: its table, its columns with type, unit and meaning, and its cells in column order.
//!
//! One declaration (`table!`) makes the struct, the schema and the walk over the cells, so that Parquet, SQL and the
//! documents cannot disagree. This module refuses to know any storage format.

use compact_str::CompactString;

use super::identity::{LegKey, QueueSegmentKey, SessionKey};
use super::ids::{AgentId, ConnId, DnId, EventId, ReasonId, SwitchId, Uuid};
use super::time::Micros;

/// Version of what the numbers mean: raised when one comes to mean something else. It is that of `schemas/definitions.md`.
pub const DEFINITIONS_VERSION: u32 = 2;

/// Logical type of a column; each storage maps it to its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Text from a small set (names, enumerations): worth a dictionary.
    Name,
    /// Text that rarely repeats (numbers, event ids).
    Text,
    /// 16-byte id.
    Uuid,
    /// Microseconds since 1970 UTC.
    Instant,
    /// 64-bit integer: milliseconds or large counts.
    Long,
    /// 32-bit integer: counts.
    Int,
    /// True or false.
    Flag,
    /// List of short texts.
    NameList,
    /// Day of a local calendar, as days since 1970-01-01.
    Date,
    /// Time of day of a local clock, as microseconds since its midnight.
    Time,
}

/// How the rows of a table come, and how long they stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Facts: partitioned by the UTC date of the table's time column.
    Fact,
    /// What facts are made of: partitioned like them, and kept in files only.
    Log,
    /// What is known of objects that facts name. A row comes when something about its object is new, and what it does not
    /// know (null) stays as it was; `valid_from` outside the key stays the earliest. Objects that do not come stay.
    Known,
    /// What somebody has declared: all rows of a tenant come together, and are all there is.
    Declared,
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Name, the same in every storage.
    pub name: &'static str,
    /// Logical type.
    pub ty: Type,
    /// Whether a cell may be null.
    pub nullable: bool,
    /// Meaning and unit.
    pub doc: &'static str,
}

/// A table as the storages see it.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Name, the same in every storage.
    pub name: &'static str,
    /// What one row is.
    pub doc: &'static str,
    /// Columns in order.
    pub columns: &'static [Column],
    /// The logical key.
    pub key: &'static [&'static str],
    /// How its rows come.
    pub kind: Kind,
    /// The column whose UTC date is the partition, and by which rows of one object are sorted; empty in a dimension.
    pub time: &'static str,
    /// The columns rows are sorted by before `time`.
    pub sort: &'static [&'static str],
}

/// The column with the begin of an interval, by which rows of intervals are dated.
pub const INTERVAL_START: &str = "interval_start";

impl Table {
    /// Whether the table describes what facts name. Dimensions are not partitioned by time.
    #[must_use]
    pub const fn is_dimension(&self) -> bool {
        !matches!(self.kind, Kind::Fact | Kind::Log)
    }

    /// Whether a row is what an object gained in an interval, which comes again as a whole when it is corrected.
    #[must_use]
    pub fn is_of_intervals(&self) -> bool {
        self.time == INTERVAL_START
    }

    /// Whether its rows belong to a tenant; the others are the same for everybody.
    #[must_use]
    pub fn has_tenant(&self) -> bool {
        self.columns.iter().any(|column| column.name == "tenant_id")
    }

    /// The columns by which rows are sorted.
    pub fn order(&self) -> impl Iterator<Item = &'static str> {
        let time = (!self.time.is_empty()).then_some(self.time);
        self.sort.iter().copied().chain(time)
    }
}

/// Takes cells one after the other. Ids are resolved to texts by whoever holds the names.
///
/// A writer that takes one column at a time implements the methods of its type; a cell of another type is a bug.
#[allow(missing_docs, unused_variables, reason = "one method per cell type")]
pub trait CellWriter {
    fn null(&mut self);
    fn tenant(&mut self, v: SwitchId) {
        mismatch("tenant");
    }
    fn site(&mut self, v: SwitchId) {
        mismatch("site");
    }
    fn dn(&mut self, v: DnId) {
        mismatch("dn");
    }
    fn agent(&mut self, v: AgentId) {
        mismatch("agent");
    }
    fn reason_key(&mut self, v: ReasonId) {
        mismatch("reason key");
    }
    fn reason_code(&mut self, v: ReasonId) {
        mismatch("reason code");
    }
    fn word(&mut self, v: &'static str) {
        mismatch("word");
    }
    fn words(&mut self, v: &'static [&'static str]) {
        mismatch("words");
    }
    fn name(&mut self, v: &str) {
        mismatch("name");
    }
    fn date(&mut self, v: LocalDate) {
        mismatch("date");
    }
    fn time(&mut self, v: LocalTime) {
        mismatch("time");
    }
    fn text(&mut self, v: &str) {
        mismatch("text");
    }
    fn conn(&mut self, v: ConnId) {
        mismatch("conn");
    }
    fn event(&mut self, v: EventId) {
        mismatch("event");
    }
    fn logged(&mut self, v: LoggedId) {
        mismatch("logged event");
    }
    fn passage(&mut self, v: Passage) {
        mismatch("passage");
    }
    fn uuid(&mut self, v: Uuid) {
        mismatch("uuid");
    }
    fn queue_segment_id(&mut self, v: &QueueSegmentKey) {
        mismatch("queue segment");
    }
    fn leg_id(&mut self, v: &LegKey) {
        mismatch("leg");
    }
    fn party_id(&mut self, v: &LegKey) {
        mismatch("party");
    }
    fn route_id(&mut self, v: &LegKey) {
        mismatch("route");
    }
    fn session_id(&mut self, v: &SessionKey) {
        mismatch("session");
    }
    fn instant(&mut self, v: Micros) {
        mismatch("instant");
    }
    fn long(&mut self, v: i64) {
        mismatch("long");
    }
    fn int(&mut self, v: i32) {
        mismatch("int");
    }
    fn flag(&mut self, v: bool) {
        mismatch("flag");
    }
}

/// A table's schema and its walk over the cells come from one declaration, so they cannot differ.
#[cold]
#[inline(never)]
fn mismatch(cell: &str) -> ! {
    unreachable!("a {cell} cell in a column of another type");
}

/// Takes the cells of many rows, column by column.
pub trait ColumnWriter {
    /// Takes the cells of the next column.
    fn column<'a, C: Cell + 'a>(&mut self, cells: impl ExactSizeIterator<Item = &'a C>);
}

/// A type that can be one cell.
pub trait Cell {
    /// Logical type of the column.
    const TYPE: Type;
    /// Whether the cell may be null.
    const NULLABLE: bool = false;
    /// Writes the cell.
    fn put(&self, w: &mut impl CellWriter);
}

/// A row of one table.
pub trait Row: Sized {
    /// The table it belongs to.
    const TABLE: Table;
    /// The tenant, whose partition the row goes to.
    fn tenant(&self) -> SwitchId;
    /// The instant whose UTC date is the row's partition.
    fn time(&self) -> Micros;
    /// Writes the cells in column order.
    fn cells(&self, w: &mut impl CellWriter);
    /// Writes the cells of many rows, column by column: far less work a cell than row by row.
    fn columns(rows: &[Self], w: &mut impl ColumnWriter);
}

/// The tenant of a switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tenant(pub SwitchId);
/// The name of a switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Site(pub SwitchId);
/// The key of a reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReasonKey(pub ReasonId);
/// The code of a reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReasonCode(pub ReasonId);
/// The id of a party, from the key of its part in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartyKey(pub LegKey);
/// The id of a routing request, from the call, the routing point and the instant of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteKey(pub LegKey);

/// A part of the text that a batch of rows brings along: rows without number hold their texts so, and own no memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    /// First byte in the text of the batch.
    pub start: u32,
    /// Bytes; zero is null.
    pub len: u32,
}

/// The id of an event in the log: as its source numbered it, else by its place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoggedId {
    /// Source, epoch and number.
    pub id: EventId,
    /// When it was folded.
    pub at: Micros,
    /// Which event of that instant it was, from 0.
    pub place: i32,
}

/// A text worth a dictionary that no id stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name(pub CompactString);
/// A day of a local calendar, as days since 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalDate(pub i32);
/// A time of day of a local clock, as microseconds since its midnight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalTime(pub i64);

macro_rules! cell {
    ($ty:ty, $logical:ident, $this:ident, $w:ident => $put:expr) => {
        impl Cell for $ty {
            const TYPE: Type = Type::$logical;
            #[inline]
            fn put(&self, $w: &mut impl CellWriter) {
                let $this = self;
                $put
            }
        }
        impl Cell for Option<$ty> {
            const TYPE: Type = Type::$logical;
            const NULLABLE: bool = true;
            #[inline]
            fn put(&self, $w: &mut impl CellWriter) {
                match self {
                    Some($this) => $put,
                    None => $w.null(),
                }
            }
        }
    };
}

cell!(Tenant, Name, v, w => w.tenant(v.0));
cell!(Site, Name, v, w => w.site(v.0));
cell!(ReasonKey, Name, v, w => w.reason_key(v.0));
cell!(ReasonCode, Name, v, w => w.reason_code(v.0));
cell!(&'static str, Name, v, w => w.word(v));
cell!(&'static [&'static str], NameList, v, w => w.words(v));
cell!(Name, Name, v, w => w.name(&v.0));
cell!(LocalDate, Date, v, w => w.date(*v));
cell!(LocalTime, Time, v, w => w.time(*v));
cell!(CompactString, Text, v, w => w.text(v));
cell!(ConnId, Text, v, w => w.conn(*v));
cell!(LoggedId, Text, v, w => w.logged(*v));
cell!(Uuid, Uuid, v, w => w.uuid(*v));
cell!(QueueSegmentKey, Uuid, v, w => w.queue_segment_id(v));
cell!(LegKey, Uuid, v, w => w.leg_id(v));
cell!(PartyKey, Uuid, v, w => w.party_id(&v.0));
cell!(RouteKey, Uuid, v, w => w.route_id(&v.0));
cell!(SessionKey, Uuid, v, w => w.session_id(v));
cell!(Micros, Instant, v, w => w.instant(*v));
cell!(i64, Long, v, w => w.long(*v));
cell!(i32, Int, v, w => w.int(*v));
cell!(bool, Flag, v, w => w.flag(*v));

macro_rules! id_cell {
    ($ty:ty, $logical:ident, $put:ident, $absent:expr) => {
        /// Nothing is written as null.
        impl Cell for $ty {
            const TYPE: Type = Type::$logical;
            const NULLABLE: bool = true;
            #[inline]
            fn put(&self, w: &mut impl CellWriter) {
                if $absent(self) { w.null() } else { w.$put(*self) }
            }
        }
    };
}

id_cell!(DnId, Name, dn, |v: &DnId| v.is_none());
id_cell!(AgentId, Name, agent, |v: &AgentId| v.is_none());
id_cell!(EventId, Text, event, |v: &EventId| v.seq == u64::MAX);
id_cell!(Passage, Text, passage, |v: &Passage| v.len == 0);

/// Declares a table: the struct of its rows, its schema and the walk over its cells.
///
/// Facts and logs name the column that is their time; dimensions say how their rows come (a [`Kind`]), and whether they are a tenant's.
macro_rules! table {
    (
        $(#[doc = $doc:literal])*
        $row:ident = $name:literal, key [$($key:literal),*], sort [$($sort:literal),*], time $time:ident, { $($fields:tt)* }
    ) => {
        $crate::model::table::table! {
            @declare $(#[doc = $doc])*
            $row = $name, key [$($key),*], sort [$($sort),*], kind Fact, time (stringify!($time)),
            belongs (|row: &$row| row.tenant_id.0), at (|row: &$row| row.$time), { $($fields)* }
        }
    };
    (
        $(#[doc = $doc:literal])*
        $row:ident = $name:literal, key [$($key:literal),*], sort [$($sort:literal),*], log by $time:ident, { $($fields:tt)* }
    ) => {
        $crate::model::table::table! {
            @declare $(#[doc = $doc])*
            $row = $name, key [$($key),*], sort [$($sort),*], kind Log, time (stringify!($time)),
            belongs (|row: &$row| row.tenant_id.0), at (|row: &$row| row.$time), { $($fields)* }
        }
    };
    (
        $(#[doc = $doc:literal])*
        $row:ident = $name:literal, key [$($key:literal),*], sort [$($sort:literal),*], dimension $kind:ident, { $($fields:tt)* }
    ) => {
        $crate::model::table::table! {
            @declare $(#[doc = $doc])*
            $row = $name, key [$($key),*], sort [$($sort),*], kind $kind, time (""),
            belongs (|row: &$row| row.tenant_id.0), at (|_: &$row| $crate::model::time::Micros(0)), { $($fields)* }
        }
    };
    (
        $(#[doc = $doc:literal])*
        $row:ident = $name:literal, key [$($key:literal),*], sort [$($sort:literal),*], shared dimension $kind:ident, { $($fields:tt)* }
    ) => {
        $crate::model::table::table! {
            @declare $(#[doc = $doc])*
            $row = $name, key [$($key),*], sort [$($sort),*], kind $kind, time (""),
            belongs (|_: &$row| $crate::model::ids::SwitchId::NONE), at (|_: &$row| $crate::model::time::Micros(0)), { $($fields)* }
        }
    };
    (
        @declare $(#[doc = $doc:literal])*
        $row:ident = $name:literal, key [$($key:literal),*], sort [$($sort:literal),*], kind $kind:ident, time ($time:expr),
        belongs ($tenant:expr), at ($at:expr), {
            $( $field:ident : $ty:ty, $meaning:literal; )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $row {
            $( #[doc = $meaning] pub $field: $ty, )*
        }

        impl $crate::model::table::Row for $row {
            const TABLE: $crate::model::table::Table = $crate::model::table::Table {
                name: $name,
                doc: concat!($($doc),*),
                columns: &[
                    $( $crate::model::table::Column {
                        name: stringify!($field),
                        ty: <$ty as $crate::model::table::Cell>::TYPE,
                        nullable: <$ty as $crate::model::table::Cell>::NULLABLE,
                        doc: $meaning,
                    }, )*
                ],
                key: &[$($key),*],
                kind: $crate::model::table::Kind::$kind,
                time: $time,
                sort: &[$($sort),*],
            };

            #[inline]
            fn tenant(&self) -> $crate::model::ids::SwitchId {
                let tenant: fn(&Self) -> $crate::model::ids::SwitchId = $tenant;
                tenant(self)
            }

            #[inline]
            fn time(&self) -> $crate::model::time::Micros {
                let at: fn(&Self) -> $crate::model::time::Micros = $at;
                at(self)
            }

            #[inline]
            fn cells(&self, w: &mut impl $crate::model::table::CellWriter) {
                $( $crate::model::table::Cell::put(&self.$field, w); )*
            }

            fn columns(rows: &[Self], w: &mut impl $crate::model::table::ColumnWriter) {
                $( w.column(rows.iter().map(|row| &row.$field)); )*
            }
        }
    };
}
pub(crate) use table;
