//! The open files of one table: which rows go together, when a row group is full, when a file is put aside.
//!
//! In: rows of one partition of the engine at a time. Out: finished temporary files. Memory is bounded by the number of
//! open files and by the rows buffered over all of them; what is beyond is written earlier, in a further row group or file.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use parquet::errors::ParquetError;

use crate::model::ids::SwitchId;
use crate::model::table::Row;
use crate::model::time::Micros;

use super::column::Columns;
use super::derive::{Derived, Scope};
use super::dimension;
use super::fill::Fill;
use super::mirror::{Mirror, NULL, TextId, Texts};
use super::parquet::{About, ROW_GROUP_ROWS, Schema, Workshop, Writer, Written};
use super::path;
use super::store::Mode;

/// Open files of one table.
const OPEN: usize = 32;

/// Rows buffered by one table over all its open files.
const BUFFERED_ROWS: usize = 4 * ROW_GROUP_ROWS;

/// Rows whose cells are taken column by column; a block of them stays in the first-level cache.
const BLOCK_ROWS: usize = 64;

/// Free text buffered by one file; keeps its positions well within 32 bits.
pub(super) const TEXT_BYTES: usize = 64 << 20;

/// Which rows share a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grain {
    /// Those of one tenant and date.
    Day,
    /// Those of one tenant and instant of the table's time column, per partition of the engine.
    Instant,
    /// Those of one tenant and date, per partition of the engine.
    PartitionDay,
    /// All there are of one tenant, with those that an earlier file knows; in a replay or live.
    Whole(Mode),
}

impl Grain {
    /// What kind of writer makes such files.
    pub(super) const fn writer(self) -> &'static str {
        match self {
            Self::Day | Self::Whole(Mode::Replay) => "replay",
            Self::Instant | Self::PartitionDay | Self::Whole(Mode::Live) => "live",
        }
    }
}

/// A finished file of one partition of the table.
#[derive(Clone, Debug)]
pub(super) struct Finished {
    pub(super) tenant: String,
    /// Days since 1970-01-01.
    pub(super) day: i64,
    pub(super) switches: BTreeSet<String>,
    pub(super) first: Micros,
    pub(super) last: Micros,
    pub(super) watermark: Micros,
    /// The engine's partition, when rows of several do not mix.
    pub(super) source: u32,
    pub(super) file: Written,
}

/// What all tables share.
pub(super) struct Shared {
    pub(super) texts: Texts,
    pub(super) mirrors: HashMap<u32, Mirror>,
    pub(super) derived: Derived,
    pub(super) shop: Workshop,
    /// Directory of temporary files.
    pub(super) temp: PathBuf,
    /// Directory of the tables.
    pub(super) history: PathBuf,
    /// Temporary files named so far.
    pub(super) named: u64,
    /// Event time up to which everything has been seen.
    pub(super) watermark: Micros,
}

impl Shared {
    /// A path for the next temporary file.
    pub(super) fn temp_path(&mut self) -> PathBuf {
        self.named += 1;
        self.temp.join(format!("{:08}.part", self.named))
    }
}

/// Rows with equal keys share a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    tenant: TextId,
    slot: i64,
    source: u32,
}

/// Rows with equal routes have equal keys; known without looking up names.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Route {
    partition: u32,
    switch: SwitchId,
    slot: i64,
}

/// What decides, besides the tenant, which file a row of this time goes to.
fn slot_of(grain: Grain, time: Micros) -> i64 {
    match grain {
        Grain::Instant => time.0,
        Grain::Day | Grain::PartitionDay => path::day(time),
        Grain::Whole(_) => 0,
    }
}

struct Part {
    key: Key,
    tenant: String,
    day: i64,
    switches: BTreeSet<String>,
    first: Micros,
    last: Micros,
    columns: Columns,
    writer: Option<Writer>,
    /// When a row was last routed here, in routings of the table.
    used: u64,
}

/// The open files of one table.
pub(super) struct Parts {
    pub(super) schema: Schema,
    pub(super) grain: Grain,
    open: Vec<Part>,
    routes: HashMap<Route, usize>,
    last: Option<(Route, usize)>,
    clock: u64,
    buffered: usize,
    /// Buffers of closed files, to be used again.
    spare: Vec<Columns>,
    /// Files that wait to be published.
    pub(super) finished: Vec<Finished>,
}

impl Parts {
    pub(super) fn new(schema: Schema, grain: Grain) -> Self {
        Self {
            schema,
            grain,
            open: Vec::new(),
            routes: HashMap::new(),
            last: None,
            clock: 0,
            buffered: 0,
            spare: Vec::new(),
            finished: Vec::new(),
        }
    }

    /// Takes the rows of one batch, of a partition of the engine and with the text that passages are parts of.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn append<R: Row>(
        &mut self,
        rows: &[R],
        (partition, text): (u32, &str),
        shared: &mut Shared,
    ) -> Result<(), ParquetError> {
        let at_once = matches!(self.grain, Grain::Whole(_));
        let mut rest = rows;
        while let Some(first) = rest.first() {
            let (tenant, time) = (first.tenant(), first.time());
            let slot = slot_of(self.grain, time);
            let route = Route { partition, switch: tenant, slot };
            let at = match self.last {
                Some((last, at)) if last == route => at,
                _ => self.route(route, time, shared)?,
            };
            let part = &mut self.open[at];
            // Blocks end where they would end however the rows are cut into batches: where a file is cut depends on it.
            let room = BLOCK_ROWS - part.columns.rows % BLOCK_ROWS;
            let room = if at_once { BLOCK_ROWS } else { room.min(BUFFERED_ROWS - self.buffered) };
            let same = |row: &&R| row.tenant() == tenant && slot_of(self.grain, row.time()) == slot;
            let (block, later) = rest.split_at(rest.iter().take(room).take_while(same).count());
            rest = later;
            for row in block {
                part.first = part.first.min(row.time());
                part.last = part.last.max(row.time());
            }
            let Some(mirror) = shared.mirrors.get(&partition) else { continue };
            let columns = &mut part.columns;
            let mut fill = Fill {
                values: columns.values.iter_mut(),
                text_bytes: &mut columns.text_bytes,
                scope: Scope { partition, mirror, text },
                texts: &mut shared.texts,
                derived: &mut shared.derived,
            };
            R::columns(block, &mut fill);
            columns.rows += block.len();
            if at_once {
                continue;
            }
            self.buffered += block.len();
            let is_whole = columns.rows.is_multiple_of(BLOCK_ROWS);
            if columns.rows >= ROW_GROUP_ROWS || (is_whole && columns.text_bytes >= TEXT_BYTES) {
                self.flush(at, shared)?;
            } else if self.buffered >= BUFFERED_ROWS {
                let fullest = (0..self.open.len()).max_by_key(|&i| self.open[i].columns.rows).unwrap_or(at);
                self.flush(fullest, shared)?;
            }
        }
        Ok(())
    }

    /// The open file of a route; opened when there is none.
    #[cold]
    fn route(&mut self, route: Route, time: Micros, shared: &mut Shared) -> Result<usize, ParquetError> {
        self.clock += 1;
        let mirror = shared.mirrors.entry(route.partition).or_default();
        let at = match self.routes.get(&route) {
            Some(&at) => at,
            None => {
                let tenant = match mirror.tenant(route.switch) {
                    NULL if !self.schema.table.has_tenant() => shared.texts.word(""),
                    NULL => shared.texts.word("default"),
                    tenant => tenant,
                };
                let site = match mirror.site(route.switch) {
                    NULL => String::new(),
                    site => shared.texts.get(site).to_owned(),
                };
                let is_whole = matches!(self.grain, Grain::Whole(_));
                let mixes = is_whole || self.grain == Grain::Day;
                let source = if mixes { 0 } else { route.partition };
                let key = Key { tenant, slot: route.slot, source };
                let at = match self.open.iter().position(|p| p.key == key) {
                    Some(at) => at,
                    None => self.open_part(key, time, shared)?,
                };
                if !is_whole {
                    self.open[at].switches.insert(site);
                }
                self.routes.insert(route, at);
                at
            }
        };
        self.open[at].used = self.clock;
        self.last = Some((route, at));
        Ok(at)
    }

    fn open_part(&mut self, key: Key, time: Micros, shared: &mut Shared) -> Result<usize, ParquetError> {
        if self.open.len() >= OPEN
            && !matches!(self.grain, Grain::Whole(_))
            && let Some(oldest) = (0..self.open.len()).min_by_key(|&i| self.open[i].used)
        {
            self.close(oldest, shared)?;
        }
        self.open.push(Part {
            key,
            tenant: shared.texts.get(key.tenant).to_owned(),
            day: path::day(time),
            switches: BTreeSet::new(),
            first: Micros::MAX,
            last: Micros::MIN,
            columns: self.spare.pop().unwrap_or_else(|| Columns::new(self.schema.table)),
            writer: None,
            used: self.clock,
        });
        Ok(self.open.len() - 1)
    }

    /// Writes the buffered rows of a file as a row group.
    fn flush(&mut self, at: usize, shared: &mut Shared) -> Result<(), ParquetError> {
        let part = &mut self.open[at];
        self.buffered -= part.columns.rows;
        let writer = match &mut part.writer {
            Some(writer) => writer,
            None => part.writer.insert(Writer::create(&shared.temp_path(), &self.schema)?),
        };
        writer.row_group(&mut part.columns, &shared.texts, &mut shared.shop)
    }

    /// Writes the rows of a dimension, and with them what the file knows that they replace.
    fn write_whole(&mut self, at: usize, shared: &mut Shared) -> Result<(), ParquetError> {
        let part = &mut self.open[at];
        let table = self.schema.table;
        let dir = shared.history.join(path::dimension(table, &part.tenant));
        let rows = dimension::merge(table, &mut part.columns, &dir, &mut shared.texts)?;
        let mut writer = Writer::create(&shared.temp_path(), &self.schema)?;
        let mut group = Columns::new(table);
        for rows in rows.chunks(ROW_GROUP_ROWS) {
            dimension::gather(&part.columns, rows, &mut group);
            writer.row_group(&mut group, &shared.texts, &mut shared.shop)?;
        }
        part.columns.clear();
        part.writer = Some(writer);
        Ok(())
    }

    fn close(&mut self, at: usize, shared: &mut Shared) -> Result<(), ParquetError> {
        match self.grain {
            Grain::Whole(_) => self.write_whole(at, shared)?,
            _ => self.flush(at, shared)?,
        }
        self.routes.clear();
        self.last = None;
        let part = self.open.swap_remove(at);
        let Some(writer) = part.writer else { return Ok(()) };
        let about = About {
            tenant: &part.tenant,
            writer: self.grain.writer(),
            watermark: shared.watermark,
            switches: &part.switches,
            first: part.first,
            last: part.last,
        };
        let file = writer.finish(&about)?;
        if self.spare.len() < 2 {
            self.spare.push(part.columns);
        }
        self.finished.push(Finished {
            tenant: part.tenant,
            day: part.day,
            switches: part.switches,
            first: part.first,
            last: part.last,
            watermark: shared.watermark,
            source: part.key.source,
            file,
        });
        Ok(())
    }

    /// Finishes every open file.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn close_all(&mut self, shared: &mut Shared) -> Result<(), ParquetError> {
        while !self.open.is_empty() {
            self.close(0, shared)?;
        }
        Ok(())
    }
}
