//! Conditions in DataFusion's form: read from text, and asked of events in memory.

use arrow_array::cast::AsArray;
use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;
use datafusion::common::DFSchema;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Expr;
use datafusion::prelude::SessionContext;

use crate::StoreError;
use crate::admit::Chunk;
use crate::schema::{store_column, store_schema};

/// A condition over the stored columns.
pub(crate) fn parsed_condition(session: &SessionContext, text: &str) -> Result<Expr, StoreError> {
    let failed = || StoreError::datafusion("read a rule's condition");
    let schema = DFSchema::try_from(store_schema()).map_err(failed())?;
    session.parse_sql_expr(text, &schema).map_err(failed())
}

/// The rows in memory that meet the condition, with the columns `needed`.
pub(crate) fn filtered_in_memory(
    session: &SessionContext,
    chunks: &[Chunk],
    condition: Option<&Expr>,
    needed: &[&str],
) -> Result<Vec<RecordBatch>, StoreError> {
    let failed = || StoreError::datafusion("search the events in memory");
    let condition = match condition {
        None => None,
        Some(condition) => {
            let schema = DFSchema::try_from(store_schema()).map_err(failed())?;
            let physical = session.create_physical_expr(condition.clone(), &schema);
            Some(physical.map_err(failed())?)
        }
    };
    let places: Vec<usize> = needed.iter().filter_map(|name| store_column(name)).collect();
    let mut found = Vec::new();
    for chunk in chunks {
        let projected = chunk.record.project(&places).map_err(StoreError::arrow("choose columns"))?;
        let Some(condition) = &condition else {
            found.push(projected);
            continue;
        };
        let rows = chunk.record.num_rows();
        let met = condition.evaluate(&chunk.record).and_then(|met| met.into_array(rows)).map_err(failed())?;
        let met: Option<&BooleanArray> = met.as_boolean_opt();
        let met =
            met.ok_or_else(|| failed()(DataFusionError::Internal("condition is not boolean".into())))?;
        found.push(filter_record_batch(&projected, met).map_err(StoreError::arrow("filter events"))?);
    }
    Ok(found)
}
