//! Plans: what DataFusion can do of one runs there, what is above it in the interpreter.

use sentra_kql::plan::{Column, Node, Op, Plan};
use sentra_kql::run::{Dataset, Row};
use sentra_model::TenantScope;
use tokio::time::{Instant, timeout_at};

use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::EmbeddedMarts;
use super::lower::Events;
use super::search::is_out_of_memory;
use crate::kql::{AskLimits, FALLBACK_ROWS_MAX, PlanAnswer, interpret, rows_of};
use crate::{Lineage, StoppedBy, StoreError};

/// A part of a plan that DataFusion runs, with the most rows that are wanted of it.
struct Part {
    frame: DataFrame,
    columns: Vec<Column>,
    rows_max: usize,
}

impl EmbeddedMarts {
    pub(super) async fn answer_plan(
        &self,
        scope: &TenantScope,
        plan: &Plan,
        limits: &AskLimits,
    ) -> Result<PlanAnswer, StoreError> {
        let deadline = Instant::now() + limits.timeout;
        let snapshot = self.tenant(scope).await.snapshot();
        let mut events = Events {
            session: &self.session,
            indexes: &self.indexes,
            snapshot,
            lineage: Lineage::default(),
            segments: Vec::new(),
        };
        let mut parts = Vec::new();
        let mut answer = PlanAnswer {
            columns: plan.columns().to_vec(),
            rows: Vec::new(),
            cut: false,
            stopped_by: None,
            lineage: Lineage::default(),
            segments: Vec::new(),
            rollups: Vec::new(),
            engines: Vec::new(),
        };
        // Aggregates are computed while the plan is translated.
        let split = timeout_at(deadline, split(&mut events, &plan.root, limits.rows_max, true, &mut parts));
        let root = match split.await {
            Ok(Ok(root)) => root,
            Ok(Err(error)) if is_out_of_memory(&error) => return Ok(stopped(answer, StoppedBy::Memory)),
            Ok(Err(error)) => return Err(StoreError::datafusion("plan a question")(error)),
            Err(_) => return Ok(stopped(answer, StoppedBy::Timeout)),
        };
        answer.lineage = events.lineage;
        answer.segments = events.segments;
        let mut data = Dataset::new();
        let is_whole = matches!(root.op, Op::Scan { .. });
        for (number, part) in parts.into_iter().enumerate() {
            let Part { frame, columns, rows_max } = part;
            // A plan that never waits would run to its end without the timer being looked at.
            let collected = match timeout_at(deadline, frame.collect()).await {
                Ok(Ok(collected)) => collected,
                Ok(Err(error)) if is_out_of_memory(&error) => return Ok(stopped(answer, StoppedBy::Memory)),
                Ok(Err(error)) => return Err(StoreError::datafusion("answer a question")(error)),
                Err(_) => return Ok(stopped(answer, StoppedBy::Timeout)),
            };
            let rows: Vec<Row> = collected.iter().flat_map(|batch| rows_of(batch, &columns)).collect();
            answer.engines.push(format!("datafusion gave {} rows of {} columns", rows.len(), columns.len()));
            if !is_whole && rows.len() > rows_max {
                let why = format!(
                    "this operator is computed in memory, over at most {rows_max} rows, and there are more: narrow \
                     the rows with where, or summarize them, before it"
                );
                return Err(StoreError::Plan { why });
            }
            data.insert(table_of(number), rows);
        }
        if is_whole {
            answer.rows = data.into_values().next().unwrap_or_default();
        } else {
            let plan = Plan { root, render: None, notes: Vec::new() };
            match timeout_at(deadline, interpret(plan, data)).await {
                Ok(rows) => answer.rows = rows?,
                Err(_) => return Ok(stopped(answer, StoppedBy::Timeout)),
            }
            answer.engines.push(format!("the interpreter gave {} rows", answer.rows.len()));
        }
        answer.cut = answer.rows.len() > limits.rows_max;
        answer.rows.truncate(limits.rows_max);
        Ok(answer)
    }
}

fn stopped(answer: PlanAnswer, by: StoppedBy) -> PlanAnswer {
    PlanAnswer { rows: Vec::new(), stopped_by: Some(by), ..answer }
}

/// How the interpreter knows what a part gave; no table of a question has such a name.
fn table_of(part: usize) -> String {
    format!("part {part}")
}

/// The plan with everything that DataFusion can do taken out of it, as `parts`.
fn split<'a>(
    events: &'a mut Events<'_>,
    node: &'a Node,
    rows_max: usize,
    is_root: bool,
    parts: &'a mut Vec<Part>,
) -> BoxFuture<'a, Result<Node, DataFusionError>> {
    async move {
        let rows_max = if is_root { rows_max } else { FALLBACK_ROWS_MAX };
        if let Some(lowered) = events.lower(node).await? {
            let frame = events.answer(lowered, rows_max)?;
            let table = table_of(parts.len());
            parts.push(Part { frame, columns: node.columns.clone(), rows_max });
            return Ok(Node { op: Op::Scan { table }, columns: node.columns.clone() });
        }
        let mut node = narrowed(node);
        // Inputs are translated one after the other, then put where they were.
        let mut inputs = Vec::new();
        node.try_map_inputs(&mut |input| {
            inputs.push(input.clone());
            Ok::<Node, DataFusionError>(input.clone())
        })?;
        let mut translated = Vec::with_capacity(inputs.len());
        for input in &inputs {
            translated.push(split(events, input, rows_max, false, parts).await?);
        }
        let mut translated = translated.into_iter();
        node = node.try_map_inputs(&mut |input| {
            Ok::<Node, DataFusionError>(translated.next().unwrap_or(input.clone()))
        })?;
        Ok(node)
    }
    .boxed()
}

/// An aggregate needs no more of its input than its arguments.
fn narrowed(node: &Node) -> Node {
    let Op::Aggregate { input, keys, aggregates } = &node.op else { return node.clone() };
    let mut values = keys.clone();
    let mut aggregates = aggregates.clone();
    let moved_keys =
        keys.iter().enumerate().map(|(place, key)| sentra_kql::plan::Expr::column(place, key.kind));
    let moved_keys = moved_keys.collect();
    for aggregate in &mut aggregates {
        for argument in &mut aggregate.arguments {
            let moved = sentra_kql::plan::Expr::column(values.len(), argument.kind);
            values.push(std::mem::replace(argument, moved));
        }
    }
    let columns = values.iter().map(|value| Column::new(String::new(), value.kind)).collect();
    let input = Node { op: Op::Project { input: input.clone(), values }, columns };
    let op = Op::Aggregate { input: Box::new(input), keys: moved_keys, aggregates };
    Node { op, columns: node.columns.clone() }
}
