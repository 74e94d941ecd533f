//! DataFusion, set up for this store.

use std::sync::Arc;

use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::SessionContext;

use super::MartOptions;
use super::index::Indexes;
use super::pool::MeasuredPool;
use crate::StoreError;
use crate::condition::session_config;

/// A session over the segments that `indexes` know.
pub(super) fn session(
    options: &MartOptions,
    pool: Arc<MeasuredPool>,
    indexes: Arc<Indexes>,
) -> Result<SessionContext, StoreError> {
    let mut config = session_config().with_extension(indexes);
    if options.query_partitions > 0 {
        config = config.with_target_partitions(options.query_partitions);
    }
    // Rows are wide and conditions narrow: the columns of a condition are read first, the rest only for
    // the rows that meet it.
    let parquet = &mut config.options_mut().execution.parquet;
    parquet.pushdown_filters = true;
    parquet.reorder_filters = true;
    // Which pages are read is chosen before, by what the footer says of their times and offsets.
    parquet.enable_page_index = false;
    // Nothing this store asks has to spill, and a query shall not fill the disk.
    let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(pool)
        .with_disk_manager_builder(disk)
        .build_arc()
        .map_err(StoreError::datafusion("set up the query engine"))?;
    Ok(SessionContext::new_with_config_rt(config, runtime))
}
