//! Encoded pages to one column chunk: compression where it pays, page headers, statistics and the page index.
//!
//! In: raw bytes of pages in the order of rows, with what they hold. Out: the finished chunk as Parquet stores it. Whether
//! a chunk is compressed is decided by trying the end of its largest page, so that packed columns that do not shrink cost
//! neither writer nor reader anything. Knows no rows and no tables.

use std::io;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

/// Level of zstd: higher ones cost more time than the disk saves.
pub(super) const ZSTD_LEVEL: i32 = 1;

/// A chunk is compressed when the sample shrinks below this many eighths.
const WORTH_EIGHTHS: usize = 7;

/// Bytes at the end of the largest page by which compression is judged; texts lie there, after their lengths.
const SAMPLE_BYTES: usize = 4 << 10;

/// Least and greatest value as Parquet writes plain values.
pub(super) type Bounds = Option<(Vec<u8>, Vec<u8>)>;

/// What one data page holds.
#[derive(Debug)]
pub(super) struct PageInfo {
    /// Entries, nulls included; more than rows in lists.
    pub(super) entries: usize,
    pub(super) rows: usize,
    pub(super) nulls: usize,
    pub(super) bounds: Bounds,
}

#[derive(Debug)]
struct RawPage {
    /// End of its bytes in the chunk's raw bytes.
    end: usize,
    info: PageInfo,
}

/// Collects the pages of one column chunk.
#[derive(Debug, Default)]
pub(super) struct RawChunk {
    raw: Vec<u8>,
    dictionary: Option<(usize, usize)>,
    pages: Vec<RawPage>,
    encoding: Option<Encoding>,
    /// Memory for the next finished chunk.
    spare: Vec<u8>,
}

impl RawChunk {
    /// Takes a finished chunk's memory back: as much again is needed at once, and new memory must be cleared.
    pub(super) fn recycle(&mut self, bytes: Bytes) {
        self.spare = Vec::from(bytes);
    }

    /// Forgets everything, keeping the memory.
    pub(super) fn start(&mut self, encoding: Encoding) {
        self.raw.clear();
        self.pages.clear();
        self.dictionary = None;
        self.encoding = Some(encoding);
    }

    /// The buffer to which the bytes of the next page are appended.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.raw
    }

    /// Ends the dictionary page of `entries` values; it must come before any data page.
    pub(super) fn end_dictionary(&mut self, entries: usize) {
        self.dictionary = Some((self.raw.len(), entries));
    }

    /// Ends a data page.
    pub(super) fn end_page(&mut self, info: PageInfo) {
        self.pages.push(RawPage { end: self.raw.len(), info });
    }

    fn largest(&self) -> &[u8] {
        let mut start = 0;
        let mut largest: &[u8] = &[];
        let ends = self.dictionary.iter().map(|d| d.0).chain(self.pages.iter().map(|p| p.end));
        for end in ends {
            if end - start > largest.len() {
                largest = &self.raw[start..end];
            }
            start = end;
        }
        largest
    }

    /// Writes headers and bytes of all pages.
    ///
    /// # Errors
    /// When a page is beyond what the format can hold.
    pub(super) fn finish(&mut self, zstd: &mut Zstd, descr: ColumnDescPtr, statistics: Statistics) -> Result<Chunk> {
        let compress = zstd.is_worth(self.largest())?;
        let encoding = self.encoding.unwrap_or(Encoding::PLAIN);
        let mut spare = std::mem::take(&mut self.spare);
        spare.clear();
        let mut sink = TrackedWrite::new(spare);
        // Pages that stay as they are, are parts of this one buffer.
        let raw = Bytes::from(std::mem::take(&mut self.raw));
        let mut writer = SerializedPageWriter::new(&mut sink);
        let mut totals = Totals::default();
        let mut start = 0;
        let mut dictionary_offset = None;
        if let Some((end, entries)) = self.dictionary {
            let buf = zstd.page(&raw.slice(..end), compress)?;
            let page =
                Page::DictionaryPage { buf, num_values: entries as u32, encoding: Encoding::PLAIN, is_sorted: false };
            dictionary_offset = Some(totals.write(&mut writer, page, end)?);
            start = end;
        }
        let mut column_index = ColumnIndexBuilder::new(descr.physical_type());
        let mut offset_index = OffsetIndexBuilder::new();
        let mut first_data = None;
        let (mut entries, mut rows) = (0, 0);
        for RawPage { end, info } in &self.pages {
            let page = Page::DataPage {
                buf: zstd.page(&raw.slice(start..*end), compress)?,
                num_values: info.entries as u32,
                encoding,
                def_level_encoding: Encoding::RLE,
                rep_level_encoding: Encoding::RLE,
                statistics: None,
            };
            let before = totals.compressed;
            let offset = totals.write(&mut writer, page, end - start)?;
            first_data.get_or_insert(offset);
            offset_index.append_offset_and_size(offset, (totals.compressed - before) as i32);
            offset_index.append_row_count(info.rows as i64);
            match &info.bounds {
                Some((min, max)) => column_index.append(false, min.clone(), max.clone(), info.nulls as i64),
                None if info.nulls == info.entries => column_index.append(true, vec![], vec![], info.nulls as i64),
                None => column_index.to_invalid(),
            }
            start = *end;
            entries += info.entries;
            rows += info.rows;
        }
        writer.close()?;
        self.raw = Vec::from(raw);
        let mut encodings = vec![Encoding::RLE, encoding];
        if dictionary_offset.is_some() {
            encodings.push(Encoding::PLAIN);
        }
        let compression =
            if compress { Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?) } else { Compression::UNCOMPRESSED };
        let metadata = ColumnChunkMetaData::builder(descr)
            .set_compression(compression)
            .set_encodings(encodings)
            .set_total_compressed_size(totals.compressed)
            .set_total_uncompressed_size(totals.uncompressed)
            .set_num_values(entries as i64)
            .set_data_page_offset(first_data.unwrap_or(0))
            .set_dictionary_page_offset(dictionary_offset)
            .set_statistics(statistics)
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: totals.compressed as u64,
            rows_written: rows as u64,
            metadata,
            bloom_filter: None,
            column_index: if column_index.valid() { Some(column_index.build()?) } else { None },
            offset_index: Some(offset_index.build()),
        };
        Ok(Chunk { bytes: Bytes::from(sink.into_inner()?), close })
    }
}

/// Bytes of a chunk with their headers.
#[derive(Default)]
struct Totals {
    compressed: i64,
    uncompressed: i64,
}

impl Totals {
    /// Writes a page; returns where it begins.
    fn write(&mut self, writer: &mut impl PageWriter, page: Page, uncompressed: usize) -> Result<i64> {
        let spec = writer.write_page(CompressedPage::new(page, uncompressed))?;
        self.compressed += spec.compressed_size as i64;
        self.uncompressed += spec.uncompressed_size as i64;
        Ok(spec.offset as i64)
    }
}

/// A finished column chunk.
pub(super) struct Chunk {
    pub(super) bytes: Bytes,
    pub(super) close: ColumnCloseResult,
}

/// The compressor, whose tables are reused.
pub(super) struct Zstd {
    inner: zstd::bulk::Compressor<'static>,
    scratch: Vec<u8>,
}

impl Zstd {
    /// # Errors
    /// When its tables cannot be allocated.
    pub(super) fn new(level: i32) -> io::Result<Self> {
        Ok(Self { inner: zstd::bulk::Compressor::new(level)?, scratch: Vec::new() })
    }

    fn compress(&mut self, raw: &[u8]) -> Result<usize> {
        let bound = raw.len() + raw.len() / 128 + 512;
        if self.scratch.len() < bound {
            self.scratch.resize(bound, 0);
        }
        let to = self.scratch.as_mut_slice();
        self.inner.compress_to_buffer(raw, to).map_err(|e| ParquetError::General(format!("zstd: {e}")))
    }

    fn is_worth(&mut self, raw: &[u8]) -> Result<bool> {
        let sample = &raw[raw.len().saturating_sub(SAMPLE_BYTES)..];
        Ok(sample.len() >= 64 && self.compress(sample)? < sample.len() / 8 * WORTH_EIGHTHS)
    }

    fn page(&mut self, raw: &Bytes, compress: bool) -> Result<Bytes> {
        if !compress {
            return Ok(raw.clone());
        }
        let len = self.compress(raw)?;
        Ok(Bytes::copy_from_slice(&self.scratch[..len]))
    }
}
