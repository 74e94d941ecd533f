//! DataFusion, set up for this store.

use std::path::Path;
use std::sync::Arc;

use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::object_store::local::LocalFileSystem;
use datafusion::prelude::SessionContext;

use super::MartOptions;
use super::index::Indexes;
use super::pool::MeasuredPool;
use crate::StoreError;
use crate::condition::session_config;

/// The name under which the store's directory is known to DataFusion: paths of segments are relative to it.
pub(super) fn store_url() -> Result<ObjectStoreUrl, datafusion::error::DataFusionError> {
    ObjectStoreUrl::parse("marts://local")
}

/// A session over the segments below `root`.
pub(super) fn session(
    root: &Path,
    options: &MartOptions,
    pool: Arc<MeasuredPool>,
    indexes: Arc<Indexes>,
) -> Result<SessionContext, StoreError> {
    let failed = || StoreError::datafusion("set up the query engine");
    let mut config = session_config().with_extension(indexes);
    if options.query_partitions > 0 {
        config = config.with_target_partitions(options.query_partitions);
    }
    // Rows are wide and conditions narrow: the columns of a condition are read first, the rest only for
    // the rows that meet it.
    let parquet = &mut config.options_mut().execution.parquet;
    parquet.pushdown_filters = true;
    parquet.reorder_filters = true;
    // Nothing this store asks has to spill, and a query shall not fill the disk.
    let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(pool)
        .with_disk_manager_builder(disk)
        .build_arc()
        .map_err(failed())?;
    let files = LocalFileSystem::new_with_prefix(root)
        .map_err(|error| StoreError::datafusion("open the directory of the marts")(error.into()))?;
    let url = store_url().map_err(failed())?;
    runtime.register_object_store(url.as_ref(), Arc::new(files));
    Ok(SessionContext::new_with_config_rt(config, runtime))
}
