use std::io::Write;

use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use sentra_kql::plan::Column;
use sentra_kql::run::Row;
use sentra_store::{arrow_schema, record_batch};

use super::ExportError;

/// Rows of a row group, which is held in memory until it is written.
const ROWS_PER_GROUP: usize = 131_072;

/// A Parquet file.
pub(super) struct ParquetFile<W: Write + Send> {
    columns: Vec<Column>,
    writer: ArrowWriter<W>,
}

impl<W: Write + Send> ParquetFile<W> {
    pub(super) fn begin(columns: &[Column], out: W) -> Result<Self, ExportError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
            .set_created_by("sentra".to_owned())
            .build();
        let writer = ArrowWriter::try_new(out, arrow_schema(columns), Some(properties));
        Ok(Self { columns: columns.to_vec(), writer: writer.map_err(ExportError::Parquet)? })
    }

    pub(super) fn rows(&mut self, rows: Vec<Row>) -> Result<(), ExportError> {
        let batch = record_batch(&self.columns, rows).map_err(ExportError::Rows)?;
        self.writer.write(&batch).map_err(ExportError::Parquet)
    }

    pub(super) fn end(self) -> Result<W, ExportError> {
        self.writer.into_inner().map_err(ExportError::Parquet)
    }
}
