//! One column of buffered rows to one encoded column chunk.
//!
//! Names become a dictionary and packed positions in it, integers and instants packed differences, texts what they do not
//! share with the one before, ids and flags plain values. In: a buffer, and the order of the rows. Out: a chunk for
//! [`super::parquet`]. Everything here works on plain arrays; no cell becomes an object of its own.

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::bloom_filter::Sbbf;
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::errors::Result;
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescPtr;

use crate::model::table::Column;

use super::column::{NULL_FLAG, NULL_INT, NULL_LONG, NULL_SPAN, Values};
use super::encode::{
    PrefixScratch, delta_bytes, delta_constant, delta_i32, delta_i64, flags, hybrid, levels, width_of,
};
use super::mirror::{NULL, Texts};
use super::page::{Bounds, Chunk, PageInfo, RawChunk, Zstd};

/// Rows in a page.
const PAGE_ROWS: usize = 1 << 14;

/// Rows by which it is judged whether ids repeat.
const REPEAT_SAMPLE: usize = 1 << 14;

/// Columns by which single rows are looked for: their chunks tell readers what is certainly not in them.
const LOOKED_FOR: [&str; 2] = ["call_id", "agent_id"];

/// How often a filter may say that a value is there when it is not: seven bits a value.
const FALSE_POSITIVES: f64 = 0.05;

/// Encodes column chunks, reusing its buffers.
pub(super) struct Encoder {
    zstd: Zstd,
    raw: RawChunk,
    levels: Vec<u8>,
    deep: Vec<u32>,
    longs: Vec<i64>,
    ints: Vec<i32>,
    ids: Vec<u128>,
    /// Slots of a hash table: places of ids.
    found: Vec<u32>,
    keys: Vec<u32>,
    spans: Vec<(u32, u32)>,
    prefixes: PrefixScratch,
    /// Position of a text in the chunk's dictionary; `u32::MAX` when it is not there.
    places: Vec<u32>,
    entries: Vec<u32>,
}

/// Where the cells of a column are, and in which order they are to be written.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) column: &'a Column,
    pub(super) values: &'a Values,
    /// Rows in the order wanted; all as they came when `None`.
    pub(super) order: Option<&'a [u32]>,
    pub(super) rows: usize,
    /// Whether the rows are sorted by this column before any other.
    pub(super) leads: bool,
    pub(super) texts: &'a Texts,
    /// Whether all cells are known to be equal.
    pub(super) constant: bool,
}

/// Whether there are values and all are equal.
fn is_constant<T: Copy + PartialEq>(all: &[T]) -> bool {
    // Blocks, so that the comparison can stop early and still look at many values at a time.
    let Some(&first) = all.first() else { return false };
    all.chunks(64).all(|block| block.iter().fold(true, |equal, v| equal & (*v == first)))
}

impl<'a> Source<'a> {
    fn pages(&self) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let rows = self.rows;
        (0..rows).step_by(PAGE_ROWS).map(move |start| start..(start + PAGE_ROWS).min(rows))
    }

    /// The same source, in any order if all its cells are equal.
    fn simplified(self) -> Self {
        let constant = match self.values {
            Values::Name(all) => is_constant(all),
            Values::Uuid(all) => is_constant(all),
            Values::Long(all) => is_constant(all),
            Values::Int(all) => is_constant(all),
            Values::Flag(all) => is_constant(all),
            Values::Text { .. } | Values::NameList { .. } => false,
        };
        Self { order: self.order.filter(|_| !constant), constant, ..self }
    }

    /// Copies the cells of `range` that are not null to `out`, and marks in `levels` which are; returns the nulls.
    #[inline]
    fn gather<T: Copy + PartialEq>(
        &self,
        all: &[T],
        null: T,
        range: std::ops::Range<usize>,
        out: &mut Vec<T>,
        levels: &mut Vec<u8>,
    ) -> usize {
        out.clear();
        levels.clear();
        let rows = range.len();
        if self.constant && self.column.nullable {
            let is_null = all[range.start] == null;
            levels.resize(rows, u8::from(!is_null));
            out.extend_from_slice(if is_null { &[] } else { &all[range] });
            return rows - out.len();
        }
        match (self.order, self.column.nullable) {
            (None, false) => out.extend_from_slice(&all[range]),
            (Some(order), false) => out.extend(order[range].iter().map(|&i| all[i as usize])),
            (None, true) => take(all[range].iter().copied(), null, rows, out, levels),
            (Some(order), true) => take(order[range].iter().map(|&i| all[i as usize]), null, rows, out, levels),
        }
        rows - out.len()
    }
}

/// Splits cells into levels and values without a branch per cell.
#[inline]
fn take<T: Copy + PartialEq>(
    cells: impl Iterator<Item = T>,
    null: T,
    rows: usize,
    out: &mut Vec<T>,
    levels: &mut Vec<u8>,
) {
    out.resize(rows, null);
    let mut n = 0;
    levels.extend(cells.map(|v| {
        out[n] = v;
        let present = u8::from(v != null);
        n += present as usize;
        present
    }));
    out.truncate(n);
}

/// Appends what `write` appends with its length before it, as data pages of version 1 want levels.
fn with_length(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let len = (out.len() - at - 4) as u32;
    out[at..at + 4].copy_from_slice(&len.to_le_bytes());
}

/// Least and greatest of all pages and cells seen so far.
struct Range<T>(Option<(T, T)>);

impl<T: Copy + Ord> Range<T> {
    /// Takes in the values of one page; returns the page's own bounds.
    fn page(&mut self, values: &[T]) -> Option<(T, T)> {
        let first = values.first().copied();
        let page = first.map(|first| values.iter().fold((first, first), |(min, max), v| (min.min(*v), max.max(*v))));
        if let Some((min, max)) = page {
            let (a, b) = self.0.unwrap_or((min, max));
            self.0 = Some((a.min(min), b.max(max)));
        }
        page
    }
}

impl Encoder {
    /// # Errors
    /// When the compressor cannot be made.
    pub(super) fn new(level: i32) -> std::io::Result<Self> {
        Ok(Self {
            zstd: Zstd::new(level)?,
            raw: RawChunk::default(),
            levels: Vec::new(),
            deep: Vec::new(),
            longs: Vec::new(),
            ints: Vec::new(),
            ids: Vec::new(),
            found: Vec::new(),
            keys: Vec::new(),
            spans: Vec::new(),
            prefixes: PrefixScratch::default(),
            places: Vec::new(),
            entries: Vec::new(),
        })
    }

    /// Encodes one column.
    ///
    /// # Errors
    /// When a page is beyond what the format can hold.
    pub(super) fn encode(&mut self, source: Source<'_>, descr: ColumnDescPtr) -> Result<Chunk> {
        let source = source.simplified();
        let statistics = match source.values {
            Values::Long(all) => self.long(source, all),
            Values::Int(all) => self.int(source, all),
            Values::Flag(all) => self.flag(source, all),
            Values::Uuid(all) => self.uuid(source, all),
            Values::Name(all) => self.name(source, all),
            Values::Text { spans, data } => self.text(source, spans, data),
            Values::NameList { spans, items } => self.list(source, spans, items),
        };
        let mut chunk = self.raw.finish(&mut self.zstd, descr, statistics)?;
        if LOOKED_FOR.contains(&source.column.name) {
            chunk.close.bloom_filter = self.filter(source)?;
        }
        Ok(chunk)
    }

    /// The filter of the values just encoded; `None` where there are none.
    fn filter(&mut self, source: Source<'_>) -> Result<Option<Sbbf>> {
        let filter = |different: usize| Sbbf::new_with_ndv_fpp(different as u64, FALSE_POSITIVES);
        match source.values {
            Values::Uuid(all) => {
                let ids = &mut self.ids;
                ids.clear();
                ids.extend(all.iter().filter(|id| **id != 0));
                ids.sort_unstable();
                ids.dedup();
                if ids.is_empty() {
                    return Ok(None);
                }
                let mut filter = filter(ids.len())?;
                ids.iter().for_each(|id| filter.insert(id.to_be_bytes().as_slice()));
                Ok(Some(filter))
            }
            Values::Name(_) if !self.entries.is_empty() => {
                let mut filter = filter(self.entries.len())?;
                self.entries.iter().for_each(|id| filter.insert(source.texts.get(*id).as_bytes()));
                Ok(Some(filter))
            }
            _ => Ok(None),
        }
    }

    /// Takes a chunk's memory back when it was written.
    pub(super) fn recycle(&mut self, chunk: Bytes) {
        self.raw.recycle(chunk);
    }

    fn page(&mut self, rows: usize, nulls: usize, bounds: Bounds) {
        self.raw.end_page(PageInfo { entries: rows, rows, nulls, bounds });
    }

    fn put_nulls(&mut self, source: Source<'_>) {
        if source.column.nullable {
            with_length(self.raw.buffer(), |out| levels(out, &self.levels));
        }
    }

    fn long(&mut self, source: Source<'_>, all: &[i64]) -> Statistics {
        self.raw.start(Encoding::DELTA_BINARY_PACKED);
        let (mut range, mut nulls) = (Range(None), 0);
        for rows in source.pages() {
            let n = rows.len();
            let page_nulls = source.gather(all, NULL_LONG, rows, &mut self.longs, &mut self.levels);
            self.put_nulls(source);
            let bounds = if source.constant {
                delta_constant(self.raw.buffer(), all[0], self.longs.len());
                range.page(&self.longs[..self.longs.len().min(1)])
            } else {
                delta_i64(self.raw.buffer(), &self.longs);
                range.page(&self.longs)
            };
            self.page(n, page_nulls, bounds.map(|(a, b)| (a.to_le_bytes().into(), b.to_le_bytes().into())));
            nulls += page_nulls;
        }
        Statistics::new(range.0.map(|r| r.0), range.0.map(|r| r.1), None, Some(nulls as u64), false)
    }

    fn int(&mut self, source: Source<'_>, all: &[i32]) -> Statistics {
        self.raw.start(Encoding::DELTA_BINARY_PACKED);
        let (mut range, mut nulls) = (Range(None), 0);
        for rows in source.pages() {
            let n = rows.len();
            let page_nulls = source.gather(all, NULL_INT, rows, &mut self.ints, &mut self.levels);
            self.put_nulls(source);
            let bounds = if source.constant {
                delta_constant(self.raw.buffer(), all[0].into(), self.ints.len());
                range.page(&self.ints[..self.ints.len().min(1)])
            } else {
                delta_i32(self.raw.buffer(), &self.ints);
                range.page(&self.ints)
            };
            self.page(n, page_nulls, bounds.map(|(a, b)| (a.to_le_bytes().into(), b.to_le_bytes().into())));
            nulls += page_nulls;
        }
        Statistics::new(range.0.map(|r| r.0), range.0.map(|r| r.1), None, Some(nulls as u64), false)
    }

    fn flag(&mut self, source: Source<'_>, all: &[u8]) -> Statistics {
        self.raw.start(Encoding::PLAIN);
        let (mut range, mut nulls) = (Range(None), 0);
        let mut values = Vec::with_capacity(PAGE_ROWS.min(source.rows));
        for rows in source.pages() {
            let n = rows.len();
            let page_nulls = source.gather(all, NULL_FLAG, rows, &mut values, &mut self.levels);
            self.put_nulls(source);
            flags(self.raw.buffer(), &values);
            let bounds = range.page(&values);
            self.page(n, page_nulls, bounds.map(|(a, b)| (vec![a], vec![b])));
            nulls += page_nulls;
        }
        let (min, max) = (range.0.map(|r| r.0 == 1), range.0.map(|r| r.1 == 1));
        Statistics::new(min, max, None, Some(nulls as u64), false)
    }

    /// Ids are hashes: every page spans nearly all of them, so that bounds would help nobody. Those that repeat become a
    /// dictionary, which is cheaper than having the compressor find them again.
    fn uuid(&mut self, source: Source<'_>, all: &[u128]) -> Statistics {
        let nulls = if self.different(source, all) { self.ids_by_place(source) } else { self.plain_ids(source, all) };
        Statistics::new::<FixedLenByteArray>(None, None, None, Some(nulls as u64), false)
    }

    fn plain_ids(&mut self, source: Source<'_>, all: &[u128]) -> usize {
        self.raw.start(Encoding::PLAIN);
        let mut nulls = 0;
        for rows in source.pages() {
            let n = rows.len();
            let page_nulls = source.gather(all, 0, rows, &mut self.ids, &mut self.levels);
            self.put_nulls(source);
            put_ids(self.raw.buffer(), &self.ids);
            self.page(n, page_nulls, None);
            nulls += page_nulls;
        }
        nulls
    }

    /// Finds the different ids and each cell's place among them; gives up when too few repeat.
    fn different(&mut self, source: Source<'_>, all: &[u128]) -> bool {
        let Self { ids, found, keys, levels, .. } = self;
        ids.clear();
        keys.clear();
        levels.clear();
        found.clear();
        found.resize((2 * all.len()).next_power_of_two(), u32::MAX);
        let mask = found.len() - 1;
        let mut last = (0, 0);
        for at in 0..source.rows {
            if at == REPEAT_SAMPLE && ids.len() * 8 > keys.len() * 7 {
                return false;
            }
            let id = all[source.order.map_or(at, |order| order[at] as usize)];
            if source.column.nullable {
                levels.push(u8::from(id != 0));
                if id == 0 {
                    continue;
                }
            }
            if id != last.0 || keys.is_empty() {
                // Its bits are those of a hash already.
                let mut slot = id as usize & mask;
                while found[slot] != u32::MAX && ids[found[slot] as usize] != id {
                    slot = (slot + 1) & mask;
                }
                if found[slot] == u32::MAX {
                    found[slot] = ids.len() as u32;
                    ids.push(id);
                }
                last = (id, found[slot]);
            }
            keys.push(last.1);
        }
        // Sixteen bytes for each that repeats, against at most three for every place.
        ids.len() * 5 < keys.len() * 4
    }

    fn ids_by_place(&mut self, source: Source<'_>) -> usize {
        self.raw.start(Encoding::RLE_DICTIONARY);
        put_ids(self.raw.buffer(), &self.ids);
        self.raw.end_dictionary(self.ids.len());
        self.pages_of_places(source, self.ids.len(), |_| None)
    }

    /// Writes the pages of a column whose places in its dictionary are in `keys` and whose levels are in `levels`.
    fn pages_of_places(&mut self, source: Source<'_>, entries: usize, bounds: impl Fn(&[u32]) -> Bounds) -> usize {
        let width = width_of(entries.saturating_sub(1) as u64).max(1);
        let (mut at, mut nulls) = (0, 0);
        for rows in source.pages() {
            let n = rows.len();
            let mut present = n;
            if source.column.nullable {
                let page = &self.levels[rows];
                present = page.iter().map(|l| usize::from(*l)).sum();
                with_length(self.raw.buffer(), |out| levels(out, page));
            }
            let places = &self.keys[at..at + present];
            let out = self.raw.buffer();
            out.push(width as u8);
            hybrid(out, places, width);
            let page_bounds = bounds(places);
            self.raw.end_page(PageInfo { entries: n, rows: n, nulls: n - present, bounds: page_bounds });
            at += present;
            nulls += n - present;
        }
        nulls
    }

    /// Forgets the dictionary of the column before.
    fn start_names(&mut self, texts: &Texts) {
        self.entries.iter().for_each(|&id| self.places[id as usize] = u32::MAX);
        self.entries.clear();
        self.places.resize(texts.len(), u32::MAX);
    }

    /// Replaces each text in `keys` by its place in the order of first sight.
    fn place_names(&mut self) {
        let Self { keys, places, entries, .. } = self;
        for key in keys {
            let place = &mut places[*key as usize];
            if *place == u32::MAX {
                *place = entries.len() as u32;
                entries.push(*key);
            }
            *key = *place;
        }
    }

    /// Writes the different texts as the dictionary page; returns the least and the greatest.
    fn dictionary(&mut self, texts: &Texts) -> Option<(ByteArray, ByteArray)> {
        let out = self.raw.buffer();
        let (mut min, mut max) = (None, None);
        for &id in &self.entries {
            let text = texts.get(id).as_bytes();
            out.extend_from_slice(&(text.len() as u32).to_le_bytes());
            out.extend_from_slice(text);
            min = Some(min.map_or(text, |m: &[u8]| m.min(text)));
            max = Some(max.map_or(text, |m: &[u8]| m.max(text)));
        }
        self.raw.end_dictionary(self.entries.len());
        min.zip(max).map(|(a, b)| (ByteArray::from(a.to_vec()), ByteArray::from(b.to_vec())))
    }

    fn name(&mut self, source: Source<'_>, all: &[u32]) -> Statistics {
        self.raw.start(Encoding::RLE_DICTIONARY);
        self.start_names(source.texts);
        source.gather(all, NULL, 0..source.rows, &mut self.keys, &mut self.levels);
        self.place_names();
        let bounds = self.dictionary(source.texts);
        let entries = std::mem::take(&mut self.entries);
        // Sorted rows make a page a range of names; its ends are its bounds.
        let nulls = self.pages_of_places(source, entries.len(), |places| {
            let (first, last) = places.first().zip(places.last()).filter(|_| source.leads)?;
            let text = |place: &u32| source.texts.get(entries[*place as usize]).into();
            Some((text(first), text(last)))
        });
        self.entries = entries;
        let (min, max) = bounds.unzip();
        Statistics::new(min, max, None, Some(nulls as u64), false)
    }

    fn text(&mut self, source: Source<'_>, all: &[(u32, u32)], data: &[u8]) -> Statistics {
        self.raw.start(Encoding::DELTA_BYTE_ARRAY);
        let mut nulls = 0;
        for rows in source.pages() {
            let n = rows.len();
            let page_nulls = source.gather(all, NULL_SPAN, rows, &mut self.spans, &mut self.levels);
            self.put_nulls(source);
            let texts = self.spans.iter().map(|&(start, len)| &data[start as usize..][..len as usize]);
            delta_bytes(self.raw.buffer(), texts, &mut self.prefixes);
            self.page(n, page_nulls, None);
            nulls += page_nulls;
        }
        Statistics::new::<ByteArray>(None, None, None, Some(nulls as u64), false)
    }

    fn list(&mut self, source: Source<'_>, all: &[(u32, u32)], items: &[u32]) -> Statistics {
        self.raw.start(Encoding::RLE_DICTIONARY);
        self.start_names(source.texts);
        let present = 1 + u32::from(source.column.nullable);
        let mut repeated = Vec::new();
        // Where each page ends: in the items, in the levels.
        let mut ends = Vec::new();
        self.deep.clear();
        self.keys.clear();
        for rows in source.pages() {
            for row in rows {
                let row = source.order.map_or(row, |order| order[row] as usize);
                let (start, len) = all[row];
                if len == 0 {
                    repeated.push(0);
                    let is_null = all[row] == NULL_SPAN && source.column.nullable;
                    self.deep.push(if is_null { 0 } else { present - 1 });
                    continue;
                }
                self.keys.extend_from_slice(&items[start as usize..][..len as usize]);
                repeated.extend((0..len).map(|i| u32::from(i > 0)));
                self.deep.extend((0..len).map(|_| present));
            }
            ends.push((self.keys.len(), self.deep.len()));
        }
        self.place_names();
        let bounds = self.dictionary(source.texts);
        let width = width_of(self.entries.len().saturating_sub(1) as u64).max(1);
        let (mut begin, mut nulls) = ((0, 0), 0);
        for (rows, end) in source.pages().zip(ends) {
            let deep = &self.deep[begin.1..end.1];
            let empty = deep.iter().filter(|&&l| l < present).count();
            with_length(self.raw.buffer(), |out| hybrid(out, &repeated[begin.1..end.1], 1));
            with_length(self.raw.buffer(), |out| hybrid(out, deep, width_of(u64::from(present))));
            let out = self.raw.buffer();
            out.push(width as u8);
            hybrid(out, &self.keys[begin.0..end.0], width);
            self.raw.end_page(PageInfo { entries: deep.len(), rows: rows.len(), nulls: empty, bounds: None });
            nulls += empty;
            begin = end;
        }
        let (min, max) = bounds.unzip();
        Statistics::new(min, max, None, Some(nulls as u64), false)
    }
}

/// Appends ids as they lie in a file.
fn put_ids(out: &mut Vec<u8>, ids: &[u128]) {
    let start = out.len();
    out.resize(start + ids.len() * 16, 0);
    for (to, id) in out[start..].as_chunks_mut().0.iter_mut().zip(ids) {
        *to = id.to_be_bytes();
    }
}
