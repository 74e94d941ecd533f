//! Conditions in DataFusion's form: read from text, and asked of events in memory.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;
use datafusion::common::DFSchema;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::StoreError;
use crate::admit::Chunk;
use crate::schema::{store_column, store_schema};

/// Deepest nesting of a condition that is read: those of rules nest 20 deep, with some parentheses a level.
const CONDITION_DEPTH_MAX: usize = 200;

/// What every session is told that reads conditions.
pub(crate) fn session_config() -> SessionConfig {
    SessionConfig::new()
        .with_information_schema(false)
        .set_usize("datafusion.sql_parser.recursion_limit", CONDITION_DEPTH_MAX)
}

/// A condition over the stored columns.
pub(crate) fn parsed_condition(session: &SessionContext, text: &str) -> Result<Expr, StoreError> {
    let failed = || StoreError::datafusion("read a rule's condition");
    let schema = DFSchema::try_from(store_schema()).map_err(failed())?;
    session.parse_sql_expr(text, &schema).map_err(failed())
}

/// `expression` over the columns of `schema`, ready to be evaluated.
pub(crate) fn physical(
    session: &SessionContext,
    expression: Expr,
    schema: &DFSchema,
) -> Result<Arc<dyn PhysicalExpr>, DataFusionError> {
    let simple = match expression {
        // Most of what is asked for are columns as they are.
        column @ Expr::Column(_) => column,
        other => simplified(session, other, schema)?,
    };
    session.create_physical_expr(simple, schema)
}

/// What a query's planner does before it runs an expression: some functions, `coalesce` among them, exist only until then.
fn simplified(session: &SessionContext, condition: Expr, schema: &DFSchema) -> Result<Expr, DataFusionError> {
    let context = SimplifyContext::builder()
        .with_schema(Arc::new(schema.clone()))
        .with_config_options(Arc::clone(session.state_ref().read().config_options()))
        .build();
    let simplifier = ExprSimplifier::new(context);
    simplifier.simplify(simplifier.coerce(condition, schema)?)
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
            Some(physical(session, condition.clone(), &schema).map_err(failed())?)
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
