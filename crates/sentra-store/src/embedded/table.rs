//! Segments as a table for DataFusion.

use std::sync::Arc;

use arrow_schema::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;

use super::session::store_url;
use super::tenant::Segment;
use crate::schema::store_schema;

/// Some segments of one tenant, whatever their marts.
#[derive(Debug)]
pub(super) struct SegmentTable {
    pub(super) segments: Vec<Arc<Segment>>,
}

#[async_trait]
impl TableProvider for SegmentTable {
    fn schema(&self) -> SchemaRef {
        store_schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// "Inexact": the condition stays in the plan, from where the optimiser hands it to the Parquet reader.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let url = store_url()?;
        let runtime = state.runtime_env();
        let files = runtime.object_store(&url)?;
        let footers = runtime.cache_manager.get_file_metadata_cache();
        let source = ParquetSource::new(store_schema())
            .with_table_parquet_options(state.default_table_options().parquet)
            .with_parquet_file_reader_factory(Arc::new(CachedParquetFileReaderFactory::new(files, footers)));
        let groups = groups(&self.segments, state.config().target_partitions());
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(groups)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// Deals the segments out to `partitions` groups; each keeps their order.
fn groups(segments: &[Arc<Segment>], partitions: usize) -> Vec<FileGroup> {
    let partitions = partitions.clamp(1, segments.len().max(1));
    let mut groups = vec![Vec::new(); partitions];
    for (index, segment) in segments.iter().enumerate() {
        if let Some(group) = groups.get_mut(index % partitions) {
            group.push(PartitionedFile::new(segment.path.clone(), segment.bytes));
        }
    }
    groups.into_iter().map(FileGroup::new).collect()
}
