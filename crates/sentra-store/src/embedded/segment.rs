//! Segment files.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use sentra_model::{Mart, TenantId, Timestamp, column};

use super::index::Entry;
use super::promoted::{Layout, PREFIX, SHAPE};
use super::raw_form::{self, Encoder};
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
/// How hard is compressed; what is written once is read often.
const ZSTD_LEVEL: i32 = 3;
/// Bytes of a page of raw records: the larger, the more there is to compress against.
const RAW_PAGE_BYTES_MAX: usize = 1024 * 1024;
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
    let number = number.map(|number| format!("-{number}")).unwrap_or_default();
    let name = format!("{partition}-{offset_min}-{offset_max}{number}.parquet");
    let path = directory.join(&name);
    let (bytes, checksum) = write_file(&path, records, &rows)?;
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
    }))
}

fn write_file(path: &Path, records: &[RecordBatch], rows: &[Hit]) -> Result<(u64, String), StoreError> {
    let failed = |error| match error {
        parquet::errors::ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(cause) => StoreError::io("write", path)(*cause),
            Err(cause) => StoreError::parquet("write", path)(parquet::errors::ParquetError::External(cause)),
        },
        error => StoreError::parquet("write", path)(error),
    };
    // A file of an earlier, failed flush may be in the way; the manifest does not name it.
    let file = File::create(path).map_err(StoreError::io("make", path))?;
    let sink = Hashed { inner: BufWriter::new(file), hasher: blake3::Hasher::new(), bytes: 0 };
    let layout = Layout::of(records);
    let schema = layout.as_ref().map_or_else(store_schema, Layout::schema);
    let properties = properties(&schema);
    let mut writer = ArrowWriter::try_new(sink, Arc::clone(&schema), Some(properties)).map_err(failed)?;
    let mut filters = Vec::new();
    let mut encoder = Encoder::default();
    for step in rows.chunks(ROWS_PER_STEP) {
        let mut filter = filter_of(records, step);
        if let Some(batch) = batch_of(records, step, layout.as_ref(), &schema, &mut encoder, &mut filter)? {
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
    let (promoted, rest) = layout.map(|layout| (layout.promoted, Some(layout.rest))).unwrap_or_default();
    let filters = Some(Filters { at, step_rows: ROWS_PER_STEP, blocks });
    let forms = has_shape.then(|| encoder.columns());
    writer.append_key_value_metadata(Entry { promoted, rest, has_shape, forms, filters }.key_value()?);
    let sink = writer.into_inner().map_err(failed)?;
    let file = sink.inner.into_inner().map_err(|error| StoreError::io("write", path)(error.into_error()))?;
    file.sync_all().map_err(StoreError::io("sync", path))?;
    Ok((sink.bytes, sink.hasher.finalize().to_hex().to_string()))
}

/// The rows `step` in the columns of the file. The words of raw records go into the `filter`.
fn batch_of(
    records: &[RecordBatch],
    step: &[Hit],
    layout: Option<&Layout>,
    schema: &SchemaRef,
    encoder: &mut Encoder,
    filter: &mut Filter,
) -> Result<Option<RecordBatch>, StoreError> {
    let Some(layout) = layout else {
        let gathered = gather(records, step)?;
        for raw in gathered.iter().filter_map(raws).flat_map(|raws| raws.iter().flatten()) {
            filter.add(&String::from_utf8_lossy(raw));
        }
        return Ok(gathered);
    };
    let failed = || StoreError::arrow("put the columns of a segment together");
    let others: Vec<usize> =
        (0..store_schema().fields().len()).filter(|place| *place != column::FIELDS).collect();
    let records_of_others: Vec<RecordBatch> =
        records.iter().map(|record| record.project(&others)).collect::<Result<_, _>>().map_err(failed())?;
    let Some(gathered) = gather(&records_of_others, step)? else { return Ok(None) };
    let mut columns = gathered.columns().to_vec();
    let mut of_fields = layout.columns(records, step)?.into_iter();
    columns.splice(column::FIELDS..column::FIELDS, of_fields.next());
    columns.extend(of_fields);
    // Two columns are still missing, those that are made of all others.
    let known: Vec<usize> = (0..columns.len()).collect();
    let known = schema.project(&known).map_err(failed())?;
    let batch = RecordBatch::try_new(Arc::new(known), columns).map_err(failed())?;
    let parts = encoder.encode(&batch, &mut |text| filter.add(text)).ok_or_else(|| {
        StoreError::Misplaced { detail: "the events of a segment have no raw records".to_owned() }
    })?;
    let mut columns = batch.columns().to_vec();
    if let Some(raw) = columns.get_mut(column::RAW) {
        *raw = Arc::new(parts.raw);
    }
    columns.extend([Arc::new(parts.forms) as ArrayRef, Arc::new(parts.rests)]);
    RecordBatch::try_new(Arc::clone(schema), columns).map(Some).map_err(failed())
}

/// The filter of the words of the rows `step`, without those of their raw records.
fn filter_of(records: &[RecordBatch], step: &[Hit]) -> Filter {
    let mut filter = Filter::new();
    for name in column::TEXT_NAMES {
        let columns: Vec<_> = records.iter().map(|record| texts(record, name)).collect();
        let is_whole = WHOLE_COLUMNS.contains(&name);
        let mut before = "";
        for hit in step {
            let texts = columns.get(hit.batch).copied().flatten().filter(|texts| texts.is_valid(hit.row));
            let Some(text) = texts.map(|texts| texts.value(hit.row)) else { continue };
            if text != before {
                filter.add(text);
                if is_whole {
                    filter.add_whole(text);
                }
            }
            before = text;
        }
    }
    let maps: Vec<_> = records.iter().map(field_maps).collect();
    let mut before: Vec<&str> = Vec::new();
    for hit in step {
        let entries = maps.get(hit.batch).copied().flatten().into_iter();
        for (place, (_, value)) in entries.flat_map(|maps| maps.entries(hit.row)).enumerate() {
            match before.get_mut(place) {
                Some(known) if *known == value => continue,
                Some(known) => *known = value,
                None => before.push(value),
            }
            filter.add(value);
        }
    }
    filter
}

fn properties(schema: &SchemaRef) -> WriterProperties {
    let by_time = i32::try_from(column::TIME).unwrap_or_default();
    let compression = ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default();
    let mut properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_compression(Compression::ZSTD(compression))
        .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
        .set_data_page_row_count_limit(ROWS_PER_STEP)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES_MAX)
        .set_statistics_enabled(EnabledStatistics::Page)
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
    // Nobody asks for a range of these, and their values hardly repeat.
    for part in ["name", "value"] {
        let path = ColumnPath::from(["fields", "entries", part].map(str::to_owned).to_vec());
        properties = properties.set_column_statistics_enabled(path, EnabledStatistics::None);
    }
    for field in schema.fields().iter().filter(|field| field.name().starts_with(PREFIX)) {
        let path = ColumnPath::new(vec![field.name().clone()]);
        properties = properties.set_column_statistics_enabled(path, EnabledStatistics::Chunk);
    }
    for name in ["raw", "message", SHAPE, raw_form::FORM, raw_form::REST] {
        properties =
            properties.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::None);
    }
    properties
        .set_column_data_page_size_limit(ColumnPath::from("raw"), RAW_PAGE_BYTES_MAX)
        .set_column_dictionary_enabled(ColumnPath::from("raw"), false)
        .build()
}

/// A file that remembers how much was written and its checksum.
struct Hashed {
    inner: BufWriter<File>,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.inner.write_all(bytes)?;
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The checksum of the file at `path`.
pub(super) fn checksum(path: &Path) -> Result<String, StoreError> {
    let file = File::open(path).map_err(StoreError::io("open", path))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file).map_err(StoreError::io("read", path))?;
    Ok(hasher.finalize().to_hex().to_string())
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
