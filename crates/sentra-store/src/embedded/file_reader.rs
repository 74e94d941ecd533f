//! How DataFusion reads segments: by the same checked blocks and the same footers as the scans of this store.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use super::blocks::Blocks;
use super::index::Indexes;
use super::tenant::Segment;

/// Opens the segment that a file has as an extension.
#[derive(Debug)]
pub(super) struct SegmentReaders(pub(super) Arc<Indexes>);

impl ParquetFileReaderFactory for SegmentReaders {
    fn create_reader(
        &self,
        _partition: usize,
        file: PartitionedFile,
        _metadata_size: Option<usize>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let segment = file.extension::<Arc<Segment>>();
        let segment = segment.ok_or_else(|| exec_datafusion_err!("a file to be read is no segment"))?;
        let blocks = self.0.file(segment).map_err(|error| DataFusionError::External(error.into()))?;
        Ok(Box::new(SegmentReader { indexes: Arc::clone(&self.0), segment: Arc::clone(segment), blocks }))
    }
}

struct SegmentReader {
    indexes: Arc<Indexes>,
    segment: Arc<Segment>,
    blocks: Blocks,
}

impl AsyncFileReader for SegmentReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        let blocks = self.blocks.clone();
        on_disk(move || Ok(blocks.read(range)?))
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        let blocks = self.blocks.clone();
        on_disk(move || ranges.into_iter().map(|range| Ok(blocks.read(range)?)).collect())
    }

    /// With the places of pages, without what stands in them: the steps of rows have been chosen by that already.
    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        let (indexes, segment) = (Arc::clone(&self.indexes), Arc::clone(&self.segment));
        on_disk(move || {
            let reader = indexes.reader(&segment).map_err(|error| ParquetError::External(Box::new(error)))?;
            Ok(Arc::clone(reader.metadata()))
        })
    }
}

/// Runs `read`, which may wait for the disk, where nobody else has to wait.
fn on_disk<T: Send + 'static>(
    read: impl FnOnce() -> parquet::errors::Result<T> + Send + 'static,
) -> BoxFuture<'static, parquet::errors::Result<T>> {
    async move {
        let read = tokio::task::spawn_blocking(read).await;
        read.map_err(|error| ParquetError::External(Box::new(error)))?
    }
    .boxed()
}
