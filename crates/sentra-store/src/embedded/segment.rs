//! Segment files.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use arrow_array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use sentra_model::{Mart, TenantId, Timestamp, column};

use super::tenant::Segment;
use crate::StoreError;
use crate::answer::{Hit, gather, hits_of, newest};
use crate::schema::store_schema;

/// Rows that are put in order at a time, and the rows of a page at most: the finest step of pruning.
const ROWS_PER_STEP: usize = 8_192;
/// Rows of a row group: what one thread reads, and what one bloom filter stands for.
const ROWS_PER_GROUP: usize = 131_072;
/// Columns with a bloom filter: those that are asked for by a single value that is somewhere or nowhere.
const BLOOM_COLUMNS: [&str; 4] = ["src_ip", "dst_ip", "user", "host"];
/// Share of absent values that a bloom filter takes for present.
const BLOOM_FALSE_POSITIVES: f64 = 0.01;

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
    let mut writer =
        ArrowWriter::try_new(sink, store_schema(), Some(properties(rows.len()))).map_err(failed)?;
    for step in rows.chunks(ROWS_PER_STEP) {
        if let Some(batch) = gather(records, step)? {
            writer.write(&batch).map_err(failed)?;
        }
    }
    let sink = writer.into_inner().map_err(failed)?;
    let file = sink.inner.into_inner().map_err(|error| StoreError::io("write", path)(error.into_error()))?;
    file.sync_all().map_err(StoreError::io("sync", path))?;
    Ok((sink.bytes, sink.hasher.finalize().to_hex().to_string()))
}

fn properties(rows: usize) -> WriterProperties {
    let by_time = i32::try_from(column::TIME).unwrap_or_default();
    let mut properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
        .set_data_page_row_count_limit(ROWS_PER_STEP)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_sorting_columns(Some(vec![SortingColumn {
            column_idx: by_time,
            descending: true,
            nulls_first: false,
        }]));
    for name in BLOOM_COLUMNS {
        let path = ColumnPath::from(name);
        properties = properties
            .set_column_bloom_filter_enabled(path.clone(), true)
            .set_column_bloom_filter_fpp(path.clone(), BLOOM_FALSE_POSITIVES)
            .set_column_bloom_filter_max_ndv(path, rows.min(ROWS_PER_GROUP) as u64);
    }
    // Nobody asks for a range of these, and their values hardly repeat.
    for part in ["name", "value"] {
        let path = ColumnPath::from(["fields", "entries", part].map(str::to_owned).to_vec());
        properties = properties.set_column_statistics_enabled(path, EnabledStatistics::None);
    }
    properties
        .set_column_statistics_enabled(ColumnPath::from("raw"), EnabledStatistics::None)
        .set_column_statistics_enabled(ColumnPath::from("message"), EnabledStatistics::None)
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
