//! Plans: what of one can be read from segments or done by DataFusion is done there, what is above it in the interpreter.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use datafusion::error::DataFusionError;
use futures::FutureExt;
use futures::future::BoxFuture;
use sentra_kql::plan::{Column, Node, Op, Plan};
use sentra_kql::run::{Dataset, Halt, Row};
use sentra_model::TenantScope;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::EmbeddedMarts;
use super::lower::{Events, Rows};
use super::search::is_out_of_memory;
use super::stop::Stop;
use crate::kql::{AskLimits, FALLBACK_ROWS_MAX, PlanAnswer, TellOnDrop, interpret_until, rows_of};
use crate::{Lineage, StoppedBy, StoreError};

/// A part of a plan whose rows this store gives, with the most rows that are wanted of it.
struct Part {
    rows: Rows,
    columns: Vec<Column>,
    rows_max: usize,
}

/// After this time beyond its own a question is answered for, whatever still works on it.
const OVERTIME: Duration = Duration::from_millis(100);
/// Rows that are made from columns at once.
const ROWS_AT_ONCE: usize = 512;

impl EmbeddedMarts {
    /// Answers `plan`; `halt` ends it from elsewhere, and counts what it did.
    pub(super) async fn answer_plan_until(
        &self,
        scope: &TenantScope,
        plan: &Plan,
        limits: &AskLimits,
        halt: Halt,
    ) -> Result<PlanAnswer, StoreError> {
        let deadline = Instant::now() + limits.timeout;
        let stop = Stop::new(halt, deadline);
        let told = TellOnDrop::new(stop.halt().clone());
        let events = Events {
            session: self.session.clone(),
            indexes: Arc::clone(&self.indexes),
            snapshot: self.tenant(scope).await.snapshot(),
            stop: stop.clone(),
            lineage: Lineage::default(),
            segments: Vec::new(),
        };
        let question = Question { plan: plan.clone(), rows_max: limits.rows_max, deadline, stop };
        // On a task of its own: whoever drops this one is free at once, though a batch is under way.
        let mut task = JoinSet::new();
        task.spawn(question.answer(events));
        match timeout_at(deadline + OVERTIME, task.join_next()).await {
            Ok(Some(Ok(answer))) => {
                told.spare();
                answer
            }
            // Whoever reads knows that damaged bytes can make a decoder panic.
            Ok(Some(Err(error))) if error.is_panic() => {
                // It may ask again.
                told.spare();
                resume_unwind(error.into_panic())
            }
            Ok(_) => Err(StoreError::Stopped { operation: "answer a question" }),
            Err(_) => Ok(stopped(PlanAnswer::unanswered(plan), StoppedBy::Timeout)),
        }
    }
}

/// A question that is being answered.
struct Question {
    plan: Plan,
    rows_max: usize,
    deadline: Instant,
    stop: Stop,
}

/// How a part of the work ended.
enum Ended<T> {
    Done(T),
    By(StoppedBy),
}

impl Question {
    async fn answer(self, mut events: Events) -> Result<PlanAnswer, StoreError> {
        let mut answer = PlanAnswer::unanswered(&self.plan);
        let mut parts = Vec::new();
        // Aggregates are computed while the plan is translated.
        let split = split(&mut events, &self.plan.root, self.rows_max, true, &mut parts);
        let root = match self.within("plan a question", split).await? {
            Ended::Done(root) => root,
            Ended::By(by) => return Ok(stopped(answer, by)),
        };
        answer.lineage = std::mem::take(&mut events.lineage);
        answer.segments = std::mem::take(&mut events.segments);
        let mut data = Dataset::new();
        let is_whole = matches!(root.op, Op::Scan { .. });
        for (number, Part { rows, columns, rows_max }) in parts.into_iter().enumerate() {
            let engine = rows.engine();
            let collected = async { rows_in(events.collected(rows).await?, &columns, &self.stop).await };
            let rows = match self.within("answer a question", collected).await? {
                Ended::Done(rows) => rows,
                Ended::By(by) => return Ok(stopped(answer, by)),
            };
            let how = if self.stop.is_by_row() { ", some of it row by row" } else { "" };
            let given = format!("{engine} gave {} rows of {} columns{how}", rows.len(), columns.len());
            answer.engines.push(given);
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
            match timeout_at(self.deadline, interpret_until(plan, data, self.stop.halt().clone())).await {
                Ok(Ok(rows)) => answer.rows = rows,
                Ok(Err(StoreError::Stopped { .. })) => return Ok(stopped(answer, StoppedBy::Timeout)),
                Ok(Err(error)) => return Err(error),
                Err(_) => return Ok(stopped(answer, StoppedBy::Timeout)),
            }
            answer.engines.push(format!("the interpreter gave {} rows", answer.rows.len()));
        }
        answer.cut = answer.rows.len() > self.rows_max;
        answer.rows.truncate(self.rows_max);
        Ok(answer)
    }

    /// Work below the interpreter, within the limits (law LIMIT).
    async fn within<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, DataFusionError>>,
    ) -> Result<Ended<T>, StoreError> {
        match timeout_at(self.deadline, work).await {
            Ok(Ok(done)) => Ok(Ended::Done(done)),
            // What a loop of this store says when it is ended may be wrapped many times, as text too.
            Ok(Err(_)) if self.stop.is_over() => Ok(Ended::By(StoppedBy::Timeout)),
            Ok(Err(error)) if is_out_of_memory(&error) => Ok(Ended::By(StoppedBy::Memory)),
            Ok(Err(error)) => {
                Err(refusal(&error).unwrap_or_else(|| StoreError::datafusion(operation)(error)))
            }
            Err(_) => Ok(Ended::By(StoppedBy::Timeout)),
        }
    }
}

/// What the question wants too much of, if that is the error.
fn refusal(error: &DataFusionError) -> Option<StoreError> {
    let DataFusionError::External(cause) = error.find_root() else { return None };
    match cause.downcast_ref::<StoreError>() {
        Some(StoreError::Plan { why }) => Some(StoreError::Plan { why: why.clone() }),
        _ => None,
    }
}

/// The rows of `batches`, some at a time.
async fn rows_in(
    batches: Vec<RecordBatch>,
    columns: &[Column],
    stop: &Stop,
) -> Result<Vec<Row>, DataFusionError> {
    let mut rows = Vec::new();
    for batch in batches {
        for from in (0..batch.num_rows()).step_by(ROWS_AT_ONCE) {
            let piece = batch.slice(from, ROWS_AT_ONCE.min(batch.num_rows() - from));
            stop.take(piece.num_rows() as u64)?;
            rows.extend(rows_of(&piece, columns));
            tokio::task::consume_budget().await;
        }
    }
    Ok(rows)
}

fn stopped(answer: PlanAnswer, by: StoppedBy) -> PlanAnswer {
    PlanAnswer { rows: Vec::new(), stopped_by: Some(by), ..answer }
}

/// How the interpreter knows what a part gave; no table of a question has such a name.
fn table_of(part: usize) -> String {
    format!("part {part}")
}

/// The plan with everything that this store can do taken out of it, as `parts`.
fn split<'a>(
    events: &'a mut Events,
    node: &'a Node,
    rows_max: usize,
    is_root: bool,
    parts: &'a mut Vec<Part>,
) -> BoxFuture<'a, Result<Node, DataFusionError>> {
    async move {
        let rows_max = if is_root { rows_max } else { FALLBACK_ROWS_MAX };
        if let Some(lowered) = events.lower(node).await? {
            let rows = events.answer(lowered, rows_max)?;
            let table = table_of(parts.len());
            parts.push(Part { rows, columns: node.columns.clone(), rows_max });
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
