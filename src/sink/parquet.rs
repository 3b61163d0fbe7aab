//! One Parquet file: its schema from the table's declaration, its row groups from buffered columns, its checksum.
//!
//! In: [`Columns`]. Out: a temporary file with everything but its final name. Goes below Arrow: column chunks are encoded
//! by [`super::chunk`] and handed to the file writer as finished bytes. Nothing in a file depends on the time of day or on
//! chance: same rows, same bytes.

use std::collections::BTreeSet;
use std::fs::File;
use std::hash::Hasher;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{SchemaDescPtr, SchemaDescriptor, Type as Node, TypePtr};

use crate::model::table::{Column, DEFINITIONS_VERSION, Table, Type};
use crate::model::time::Micros;

use super::chunk::{Encoder, Source};
use super::column::Columns;
use super::mirror::Texts;
use super::order::Order;

/// Version of the tables' columns; raised when one is added or changes its meaning.
pub const SCHEMA_VERSION: u32 = 2;

/// Name of the checksum in manifests.
pub const CHECKSUM: &str = "xxh64";

/// Rows in a row group. Twice as many make files 3 % smaller, and twice the memory, which costs more than it saves.
pub const ROW_GROUP_ROWS: usize = 1 << 16;

/// A table's schema as Parquet has it, made once.
#[derive(Clone)]
pub(super) struct Schema {
    pub(super) table: &'static Table,
    root: TypePtr,
    descr: SchemaDescPtr,
    properties: WriterPropertiesPtr,
}

impl Schema {
    /// # Errors
    /// Never for the tables of the product.
    pub(super) fn new(table: &'static Table) -> Result<Self> {
        let fields = table.columns.iter().map(node).collect::<Result<Vec<_>>>()?;
        let root = Arc::new(Node::group_type_builder(table.name).with_fields(fields).build()?);
        let sorting = table.order().filter_map(|name| {
            let at = table.columns.iter().position(|c| c.name == name)?;
            Some(SortingColumn { column_idx: at as i32, descending: false, nulls_first: false })
        });
        let properties = WriterProperties::builder()
            .set_writer_version(WriterVersion::PARQUET_1_0)
            .set_created_by(producer())
            .set_sorting_columns(Some(sorting.collect()))
            .build();
        let descr = Arc::new(SchemaDescriptor::new(root.clone()));
        Ok(Self { table, root, descr, properties: Arc::new(properties) })
    }
}

/// Name and version of the program, as files carry them.
#[must_use]
pub fn producer() -> String {
    format!("callfold {}", env!("CARGO_PKG_VERSION"))
}

fn node(column: &Column) -> Result<TypePtr> {
    let repetition = if column.nullable { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    let (physical, logical, length) = match column.ty {
        Type::Name | Type::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String), 0),
        Type::Uuid => (Physical::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Uuid), 16),
        Type::Instant => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS)), 0),
        Type::Long => (Physical::INT64, None, 0),
        Type::Int => (Physical::INT32, None, 0),
        Type::Flag => (Physical::BOOLEAN, None, 0),
        Type::Date => (Physical::INT32, Some(LogicalType::Date), 0),
        Type::Time => (Physical::INT64, Some(LogicalType::time(false, TimeUnit::MICROS)), 0),
        Type::NameList => return list(column.name, repetition),
    };
    let node = Node::primitive_type_builder(column.name, physical);
    let node = node.with_repetition(repetition).with_logical_type(logical).with_length(length);
    Ok(Arc::new(node.build()?))
}

fn list(name: &str, repetition: Repetition) -> Result<TypePtr> {
    let element = Node::primitive_type_builder("element", Physical::BYTE_ARRAY);
    let element = element.with_repetition(Repetition::REQUIRED).with_logical_type(Some(LogicalType::String)).build()?;
    let repeated = Node::group_type_builder("list").with_repetition(Repetition::REPEATED);
    let repeated = repeated.with_fields(vec![Arc::new(element)]).build()?;
    let outer = Node::group_type_builder(name).with_repetition(repetition);
    let outer = outer.with_logical_type(Some(LogicalType::List)).with_fields(vec![Arc::new(repeated)]);
    Ok(Arc::new(outer.build()?))
}

/// Counts and sums up what passes through to the file.
struct Summed {
    file: BufWriter<File>,
    sum: twox_hash::XxHash64,
    bytes: u64,
}

impl Write for Summed {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = self.file.write(buf)?;
        self.sum.write(&buf[..n]);
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Length and [`CHECKSUM`] of a file.
pub(super) fn checksum(mut file: File) -> io::Result<(u64, String)> {
    let (mut sum, mut bytes, mut buf) = (twox_hash::XxHash64::with_seed(0), 0, vec![0; 1 << 16]);
    loop {
        let n = file.read(&mut buf)?;
        if n == 0 {
            return Ok((bytes, format!("{:016x}", sum.finish())));
        }
        sum.write(&buf[..n]);
        bytes += n as u64;
    }
}

/// Everything encoding needs besides the rows; one per store, so that its memory is reused by every file.
pub(super) struct Workshop {
    encoder: Encoder,
    order: Order,
}

impl Workshop {
    /// With zstd at this level.
    ///
    /// # Errors
    /// When the compressor cannot be made.
    pub(super) fn new(level: i32) -> io::Result<Self> {
        Ok(Self { encoder: Encoder::new(level)?, order: Order::default() })
    }
}

/// What a finished file is described by.
pub(super) struct About<'a> {
    pub(super) tenant: &'a str,
    /// `replay` or `live`.
    pub(super) writer: &'static str,
    pub(super) watermark: Micros,
    pub(super) switches: &'a BTreeSet<String>,
    pub(super) first: Micros,
    pub(super) last: Micros,
}

/// A file as it lies on the disk before it gets its name.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) path: PathBuf,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    /// [`CHECKSUM`] of the content as 16 hex digits.
    pub(super) checksum: String,
}

/// A file being written.
pub(super) struct Writer {
    path: PathBuf,
    schema: Schema,
    file: SerializedFileWriter<Summed>,
    rows: u64,
}

impl Writer {
    /// Creates the file `path`.
    ///
    /// # Errors
    /// When it cannot be created or written.
    pub(super) fn create(path: &Path, schema: &Schema) -> Result<Self> {
        let file = File::create(path)?;
        let sink =
            Summed { file: BufWriter::with_capacity(1 << 16, file), sum: twox_hash::XxHash64::with_seed(0), bytes: 0 };
        let file = SerializedFileWriter::new(sink, schema.root.clone(), schema.properties.clone())?;
        Ok(Self { path: path.to_owned(), schema: schema.clone(), file, rows: 0 })
    }

    /// Appends the buffered rows as one row group, sorted, and empties the buffer.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn row_group(&mut self, columns: &mut Columns, texts: &Texts, shop: &mut Workshop) -> Result<()> {
        if columns.rows == 0 {
            return Ok(());
        }
        let table = self.schema.table;
        let sorted = shop.order.sort(table, columns, texts);
        let order = sorted.then_some(shop.order.rows.as_slice());
        let mut group = self.file.next_row_group()?;
        for (at, (column, values)) in table.columns.iter().zip(&columns.values).enumerate() {
            let leads = table.sort.first() == Some(&column.name);
            let source = Source { column, values, order, rows: columns.rows, leads, texts, constant: false };
            let chunk = shop.encoder.encode(source, self.schema.descr.column(at))?;
            group.append_column(&chunk.bytes, chunk.close)?;
            shop.encoder.recycle(chunk.bytes);
        }
        group.close()?;
        self.rows += columns.rows as u64;
        columns.clear();
        Ok(())
    }

    /// Writes the end of the file and makes the file durable.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn finish(mut self, about: &About<'_>) -> Result<Written> {
        let switches: Vec<&str> = about.switches.iter().map(String::as_str).collect();
        let switches = serde_json::to_string(&switches).map_err(|e| ParquetError::General(e.to_string()))?;
        for (key, value) in [
            ("callfold.table", self.schema.table.name.to_owned()),
            ("callfold.tenant", about.tenant.to_owned()),
            ("callfold.schema_version", SCHEMA_VERSION.to_string()),
            ("callfold.definitions_version", DEFINITIONS_VERSION.to_string()),
            ("callfold.producer", producer()),
            ("callfold.writer", about.writer.to_owned()),
            ("callfold.watermark_us", about.watermark.0.to_string()),
            ("callfold.rows", self.rows.to_string()),
            ("callfold.first_us", about.first.0.to_string()),
            ("callfold.last_us", about.last.0.to_string()),
            ("callfold.switches", switches),
        ] {
            self.file.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
        let mut sink = self.file.into_inner()?;
        sink.flush()?;
        sink.file.get_ref().sync_data()?;
        let (bytes, sum) = (sink.bytes, sink.sum.finish());
        Ok(Written { path: self.path, rows: self.rows, bytes, checksum: format!("{sum:016x}") })
    }
}
