//! Segment files.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryArray, RecordBatch, StringArray, new_null_array};
use arrow_schema::SchemaRef;
use hashbrown::HashSet;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use sentra_model::{Mart, TenantId, Timestamp, column, same_bytes};

use super::alias::Unlike;
use super::blocks::{KnownSums, Summing, Sums};
use super::index::Entry;
use super::promoted::{Layout, column_of};
use super::raw_form::{Encoder, Rows, Texts};
use super::tenant::Segment;
use super::tokens::{Filter, Filters, WHOLE_COLUMNS};
use crate::StoreError;
use crate::answer::{Hit, gather, hits_of, newest};
use crate::schema::{field_maps, raws, store_schema, texts};

/// Rows that are put in order at a time, and the rows of a page at most: the finest step of pruning.
const ROWS_PER_STEP: usize = 8_192;
/// Rows of a row group: what one thread reads, and what one bloom filter stands for.
const ROWS_PER_GROUP: usize = 131_072;
/// Bytes of different values of a column beyond which its pages do without a dictionary.
const DICTIONARY_BYTES_MAX: usize = 1024 * 1024;
/// How hard is compressed what comes in: the level above takes a tenth more time and no fewer bytes of mixed logs, because
/// it sees words in what is random.
const ZSTD_LEVEL: i32 = 1;
/// How hard is compressed what is merged: that is done once, when nothing waits for it.
const ZSTD_LEVEL_MERGED: i32 = 9;
/// Bytes of a page of raw records: the larger, the more there is to compress against.
const RAW_PAGE_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a file that are read at a time to compute its checksums.
const READ_BYTES: usize = 64 * 1024;
/// Texts of a column that are remembered as added to a filter.
const TEXTS_RECENT: usize = 64;
/// The column of what is said of an event.
const MESSAGE: &str = "message";
/// Columns of numbers that go up or down in small steps.
const STEPPING_COLUMNS: [&str; 4] = ["offset", "time", "seen", "source_position"];

/// Writes `records`, events of one mart and partition, as one segment, and syncs it and its directory. A segment that
/// takes the place of others has a `number` of its own in its name, because theirs may still be read.
pub(super) fn write(
    root: &Path,
    tenant: &TenantId,
    mart: &Mart,
    partition: u32,
    records: &[RecordBatch],
    number: Option<u64>,
) -> Result<Option<Segment>, StoreError> {
    let mut rows: Vec<Hit> =
        records.iter().enumerate().flat_map(|(index, record)| hits_of(record, index)).collect();
    // Newest first, as answers are: a search for the newest rows can stop early.
    let count = rows.len();
    newest(&mut rows, count);
    let (Some(last), Some(first)) = (rows.first(), rows.last()) else { return Ok(None) };
    let (last, first) = (last.key.time, first.key.time);
    let offset_min = rows.iter().map(|row| row.key.offset).min().unwrap_or_default();
    let offset_max = rows.iter().map(|row| row.key.offset).max().unwrap_or_default();

    check_mart_name(mart)?;
    let directory = root.join(tenant.as_str()).join(mart.as_str());
    make_directories(root, tenant, mart)?;
    let is_merged = number.is_some();
    let number = number.map(|number| format!("-{number}")).unwrap_or_default();
    let name = format!("{partition}-{offset_min}-{offset_max}{number}.parquet");
    let path = directory.join(&name);
    let level = if is_merged { ZSTD_LEVEL_MERGED } else { ZSTD_LEVEL };
    let Written { bytes, checksum, sums } = write_file(&path, records, &rows, level)?;
    sync_directory(&directory)?;
    Ok(Some(Segment {
        mart: mart.clone(),
        partition,
        path: format!("{tenant}/{mart}/{name}"),
        rows: rows.len() as u64,
        bytes,
        first: Timestamp::from_micros(first),
        last: Timestamp::from_micros(last),
        offset_min,
        offset_max,
        checksum,
        sums: KnownSums::new(Some(sums)),
    }))
}

/// What is remembered of a file that was written.
struct Written {
    bytes: u64,
    checksum: String,
    sums: Sums,
}

fn write_file(path: &Path, records: &[RecordBatch], rows: &[Hit], level: i32) -> Result<Written, StoreError> {
    let failed = |error| match error {
        parquet::errors::ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(cause) => StoreError::io("write", path)(*cause),
            Err(cause) => StoreError::parquet("write", path)(parquet::errors::ParquetError::External(cause)),
        },
        error => StoreError::parquet("write", path)(error),
    };
    // A file of an earlier, failed flush may be in the way; the manifest does not name it.
    let file = File::create(path).map_err(StoreError::io("make", path))?;
    let sink = Hashed::new(BufWriter::new(file));
    let layout = Layout::of(records);
    let input = Input::new(records, layout.as_ref())?;
    let properties = properties(&input.schema, layout.as_ref(), has_unlike_messages(records, rows), level);
    let mut writer =
        ArrowWriter::try_new(sink, Arc::clone(&input.schema), Some(properties)).map_err(failed)?;
    let mut filters = Vec::new();
    let mut encoder = Encoder::default();
    for step in rows.chunks(ROWS_PER_STEP) {
        let mut filter = filter_of(records, step, layout.as_ref());
        if let Some(batch) = input.batch(step, &mut encoder, &mut filter)? {
            writer.write(&batch).map_err(failed)?;
        }
        filters.push(filter.bytes());
    }
    writer.flush().map_err(failed)?;
    let at = writer.bytes_written() as u64;
    let blocks = |filter: &Vec<u8>| u16::try_from(filter.len() / 32).unwrap_or_default();
    let blocks = filters.iter().map(blocks).collect();
    writer.write_all(&filters.concat()).map_err(StoreError::io("write", path))?;
    let has_shape = layout.is_some();
    let aliases = layout.as_ref().map(Layout::aliases).unwrap_or_default();
    let (promoted, rest) = layout.map(|layout| (layout.promoted, Some(layout.rest))).unwrap_or_default();
    let words = Some(Filters { at, step_rows: ROWS_PER_STEP, blocks });
    let forms = has_shape.then(|| encoder.columns());
    writer.append_key_value_metadata(
        Entry { promoted, rest, has_shape, forms, words, filters: None, aliases }.key_value()?,
    );
    let sink = writer.into_inner().map_err(failed)?;
    let file = sink.inner.into_inner().map_err(|error| StoreError::io("write", path)(error.into_error()))?;
    file.sync_all().map_err(StoreError::io("sync", path))?;
    Ok(Written {
        bytes: sink.bytes,
        checksum: sink.hasher.finalize().to_hex().to_string(),
        sums: sink.summing.sums(),
    })
}

/// Events on their way into a segment.
struct Input<'a> {
    records: &'a [RecordBatch],
    layout: Option<&'a Layout>,
    /// The columns of `records` that are stored as they are and have values, where a layout says what of the others is.
    others: Vec<RecordBatch>,
    /// Whether a column is among `others`.
    is_live: Vec<bool>,
    schema: SchemaRef,
}

impl<'a> Input<'a> {
    fn new(records: &'a [RecordBatch], layout: Option<&'a Layout>) -> Result<Self, StoreError> {
        let schema = layout.map_or_else(store_schema, Layout::schema);
        let has_values = |column: usize| {
            let mut columns = records.iter().filter_map(|record| record.columns().get(column));
            columns.any(|column| column.null_count() < column.len())
        };
        let is_live: Vec<bool> = (0..column::FIELDS).map(has_values).collect();
        let others: Vec<usize> =
            (0..column::FIELDS).filter(|column| is_live.get(*column) == Some(&true)).collect();
        let others = records.iter().map(|record| record.project(&others)).collect::<Result<_, _>>();
        let others = others.map_err(StoreError::arrow("put the columns of a segment together"))?;
        Ok(Self { records, layout, others, is_live, schema })
    }

    /// The rows `step` in the columns of the file. The words of raw records go into the `filter`.
    fn batch(
        &self,
        step: &[Hit],
        encoder: &mut Encoder,
        filter: &mut Filter,
    ) -> Result<Option<RecordBatch>, StoreError> {
        let raws: Vec<Option<&BinaryArray>> = self.records.iter().map(raws).collect();
        let raw =
            |hit: &Hit| raws.get(hit.batch).copied().flatten().map_or(&[][..], |raws| raws.value(hit.row));
        let Some(layout) = self.layout else {
            for hit in step {
                filter.add(&String::from_utf8_lossy(raw(hit)));
            }
            return gather(self.records, step);
        };
        let Some(gathered) = gather(&self.others, step)? else { return Ok(None) };
        let fields = layout.columns(self.records, step)?;
        let mut live = gathered.columns().iter();
        let whole = self.schema.fields().iter().zip(&self.is_live).map(|(field, is_live)| {
            let column = if *is_live { live.next().map(Arc::clone) } else { None };
            column.unwrap_or_else(|| new_null_array(field.data_type(), step.len()))
        });
        let mut columns: Vec<ArrayRef> = whole.collect();
        let Some(times) = gathered.column_by_name("time").and_then(|times| times.as_primitive_opt()) else {
            return Err(StoreError::Misplaced { detail: "the events of a segment have no times".to_owned() });
        };
        let own = self.schema.fields().iter().take(column::FIELDS).map(|field| field.name().clone());
        let of_fields = fields.values.iter().map(|values| Some(Texts::Gathered(values)));
        let rows = Rows {
            raws: step.iter().map(raw).collect(),
            times,
            shapes: fields.shape_numbers,
            names: own.chain(layout.promoted.iter().map(|name| column_of(name))).collect(),
            columns: columns.iter().map(Texts::of).chain(of_fields).collect(),
        };
        let parts = encoder.encode(&rows, &mut |text| filter.add(text));
        columns.extend([Arc::new(fields.rest) as ArrayRef, Arc::new(parts.raw), Arc::new(fields.shapes)]);
        columns.extend(fields.stored);
        columns.extend([Arc::new(parts.forms) as ArrayRef, Arc::new(parts.rests)]);
        let failed = StoreError::arrow("put the columns of a segment together");
        RecordBatch::try_new(Arc::clone(&self.schema), columns).map(Some).map_err(failed)
    }
}

/// Texts that came by lately: their words need not be added again.
struct Recent<'a>([&'a str; TEXTS_RECENT]);

impl Default for Recent<'_> {
    fn default() -> Self {
        Self([""; TEXTS_RECENT])
    }
}

impl<'a> Recent<'a> {
    /// Whether `text` is none of them. It is one then.
    fn is_new(&mut self, text: &'a str) -> bool {
        let at = |place: usize| text.as_bytes().get(place).copied().map_or(0, usize::from);
        let last = text.len().wrapping_sub(1);
        let place = text.len() + 7 * at(last) + 13 * at(last.wrapping_sub(2)) + 31 * at(text.len() / 2);
        let Some(known) = self.0.get_mut(place % TEXTS_RECENT) else { return true };
        let is_new = !same_bytes(known.as_bytes(), text.as_bytes());
        *known = text;
        is_new
    }
}

/// The filter of the words of the rows `step`, without those of their raw records.
fn filter_of(records: &[RecordBatch], step: &[Hit], layout: Option<&Layout>) -> Filter {
    let mut filter = Filter::new();
    for name in column::TEXT_NAMES {
        // Most columns say nothing in most segments.
        let said = |texts: &&StringArray| texts.null_count() < texts.len();
        let columns: Vec<_> = records.iter().map(|record| texts(record, name).filter(said)).collect();
        if columns.iter().all(Option::is_none) {
            continue;
        }
        let is_whole = WHOLE_COLUMNS.contains(&name);
        let mut before = Recent::default();
        for hit in step {
            let texts = columns.get(hit.batch).copied().flatten().filter(|texts| texts.is_valid(hit.row));
            let Some(text) = texts.map(|texts| texts.value(hit.row)) else { continue };
            if before.is_new(text) {
                filter.add(text);
                if is_whole {
                    filter.add_whole(text);
                }
            }
        }
    }
    let maps: Vec<_> = records.iter().map(field_maps).collect();
    let mut before: Vec<Recent<'_>> = Vec::new();
    before.resize_with(layout.map_or(0, |layout| layout.promoted.len()), Recent::default);
    for hit in step {
        let entries = maps.get(hit.batch).copied().flatten().into_iter();
        let columns = layout.map(|layout| layout.columns_of(hit.batch, hit.row)).unwrap_or_default();
        for (place, value) in entries.flat_map(|maps| maps.texts(hit.row)).enumerate() {
            let column = columns.get(place).copied().flatten();
            let Some(layout) = layout.filter(|_| column.is_some()) else {
                filter.add(value);
                continue;
            };
            let Some(column) = column.filter(|column| !layout.is_repeated(*column)) else { continue };
            if before.get_mut(column).is_none_or(|before| before.is_new(value)) {
                filter.add(value);
            }
        }
    }
    filter
}

/// Whether a dictionary of the messages would be larger than it may be before half of a row group is written, or if most
/// messages are different: what is read for a single page of them would be mostly the dictionary.
fn has_unlike_messages(records: &[RecordBatch], rows: &[Hit]) -> bool {
    let messages: Vec<_> = records.iter().map(|record| texts(record, MESSAGE)).collect();
    let (mut different, mut looked_at, mut bytes) = (HashSet::new(), 0_usize, 0_usize);
    for hit in rows.iter().take(ROWS_PER_GROUP / 2) {
        let texts = messages.get(hit.batch).copied().flatten().filter(|texts| texts.is_valid(hit.row));
        let Some(text) = texts.map(|texts| texts.value(hit.row)) else { continue };
        looked_at += 1;
        if different.insert(text) {
            bytes += text.len();
        }
        if bytes > DICTIONARY_BYTES_MAX {
            return true;
        }
    }
    different.len() > looked_at / 2
}

fn properties(
    schema: &SchemaRef,
    layout: Option<&Layout>,
    has_unlike_messages: bool,
    level: i32,
) -> WriterProperties {
    let by_time = i32::try_from(column::TIME).unwrap_or_default();
    let compression = |level| Compression::ZSTD(ZstdLevel::try_new(level).unwrap_or_default());
    let mut properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_compression(compression(level))
        .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
        .set_data_page_row_count_limit(ROWS_PER_STEP)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES_MAX)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_sorting_columns(Some(vec![SortingColumn {
            column_idx: by_time,
            descending: true,
            nulls_first: false,
        }]));
    for name in STEPPING_COLUMNS {
        let path = ColumnPath::from(name);
        properties = properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    // Ranges of texts are not asked for, and what is equal to a text is found by the filters of words.
    for field in schema.fields().iter().filter(|field| field.data_type().is_primitive()) {
        let path = ColumnPath::new(vec![field.name().clone()]);
        properties = properties.set_column_statistics_enabled(path, EnabledStatistics::Page);
    }
    for (name, unlike) in layout.iter().flat_map(|layout| layout.unlike()) {
        let path = ColumnPath::new(vec![column_of(name)]);
        let encoding = match unlike {
            Unlike::Beginning => Encoding::DELTA_BYTE_ARRAY,
            Unlike::Throughout => Encoding::DELTA_LENGTH_BYTE_ARRAY,
        };
        properties = properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path.clone(), encoding)
            .set_column_compression(path, compression(ZSTD_LEVEL));
    }
    if has_unlike_messages {
        properties = properties
            .set_column_dictionary_enabled(ColumnPath::from(MESSAGE), false)
            .set_column_encoding(ColumnPath::from(MESSAGE), Encoding::DELTA_LENGTH_BYTE_ARRAY);
    }
    properties
        .set_column_data_page_size_limit(ColumnPath::from("raw"), RAW_PAGE_BYTES_MAX)
        .set_column_dictionary_enabled(ColumnPath::from("raw"), false)
        .build()
}

/// Remembers how much was written to `inner`, and the checksums.
struct Hashed<W> {
    inner: W,
    hasher: blake3::Hasher,
    summing: Summing,
    bytes: u64,
}

impl<W> Hashed<W> {
    fn new(inner: W) -> Self {
        Self { inner, hasher: blake3::Hasher::new(), summing: Summing::default(), bytes: 0 }
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.inner.write_all(bytes)?;
        self.hasher.update(bytes);
        self.summing.add(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The checksum of the file at `path`, and those of its blocks.
pub(super) fn checksums(path: &Path) -> Result<(String, Sums), StoreError> {
    let file = File::open(path).map_err(StoreError::io("open", path))?;
    let mut read = Hashed::new(io::sink());
    io::copy(&mut BufReader::with_capacity(READ_BYTES, file), &mut read)
        .map_err(StoreError::io("read", path))?;
    Ok((read.hasher.finalize().to_hex().to_string(), read.summing.sums()))
}

/// A mart's name becomes a directory: nothing else than `a-z`, `0-9`, `-` and `_` may be in it.
pub(super) fn check_mart_name(mart: &Mart) -> Result<(), StoreError> {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    let name = mart.as_str();
    if !name.is_empty() && name.len() <= 63 && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(StoreError::Misplaced { detail: format!("{name:?} is no name for a mart") })
}

/// Makes the directory of a mart; the new entries are synced into their parents.
fn make_directories(root: &Path, tenant: &TenantId, mart: &Mart) -> Result<(), StoreError> {
    let of_tenant = root.join(tenant.as_str());
    for (parent, directory) in [(root, of_tenant.clone()), (&of_tenant, of_tenant.join(mart.as_str()))] {
        match fs::create_dir(&directory) {
            Ok(()) => sync_directory(parent)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(StoreError::io("make", &directory)(error)),
        }
    }
    Ok(())
}

fn sync_directory(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(StoreError::io("sync", path))
}
