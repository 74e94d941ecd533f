//! A plan over several stores: each gives what only it can, and the interpreter does the rest over what they gave.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sentra_kql::plan::{Expr, Node, Op, Plan, Value};
use sentra_kql::run::{Dataset, Row};
use sentra_kql::{Builtin, JoinKind, Kind};
use sentra_model::TenantScope;
use sentra_store::{
    AskLimits, ColumnKind, FALLBACK_ROWS_MAX, StoppedBy, StoreError, StoredEvent, header_columns, interpret,
};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use crate::background::work_on;
use crate::desk::DeskParts;
use crate::error::{EngineError, QueryError};
use crate::forensic::{FORENSIC_TABLE, text_query};
use crate::found::{Found, cell, columns_of, from_marts};
use crate::health::Health;
use crate::tables::{INCIDENTS_TABLE, Needed, RECORDS_ROWS_MAX, SIGNALS_TABLE, incident_rows, signal_rows};

/// Most values of one side of a join that the other side is asked for.
const JOIN_KEYS_MAX: usize = 1_000;

/// Where the rows of a plan come from.
pub(crate) struct Sources<'a> {
    pub(crate) parts: &'a DeskParts,
    pub(crate) health: &'a Health,
    pub(crate) scope: &'a TenantScope,
    pub(crate) deadline: Instant,
    /// Where the marts and the interpreter work, if not here.
    pub(crate) threads: Option<&'a Handle>,
}

impl Sources<'_> {
    async fn work<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, QueryError>> + Send + 'static,
    ) -> Result<T, QueryError> {
        let done = work_on(self.threads, work).await;
        done.unwrap_or_else(|| Err(StoreError::Stopped { operation: "answer a question" }.into()))
    }
}

/// Answers `plan`.
pub(crate) async fn execute(
    sources: &Sources<'_>,
    plan: &Plan,
    rows_max: usize,
) -> Result<Found, QueryError> {
    if plan.tables().iter().all(|table| is_events(table)) {
        let timeout = sources.deadline.saturating_duration_since(Instant::now());
        let (marts, scope, plan) = (Arc::clone(&sources.parts.marts), sources.scope.clone(), plan.clone());
        let found =
            sources.work(async move { from_marts(marts.as_ref(), &scope, &plan, timeout, rows_max).await });
        let found = sources.health.watch("marts", &sources.parts.clock, found).await?;
        sources.health.note_stop("marts", sources.parts.clock.now(), found.stopped_by);
        return Ok(found);
    }
    let mut gathered = Gathered { sources, data: Dataset::new(), found: Found::default() };
    match timeout_at(sources.deadline, gathered.answer(plan, rows_max)).await {
        Ok(answered) => answered?,
        Err(_) => gathered.found.stopped_by = Some(StoppedBy::Timeout),
    }
    let Gathered { mut found, .. } = gathered;
    found.columns = columns_of(plan.columns());
    Ok(found)
}

pub(crate) fn is_events(table: &str) -> bool {
    !matches!(table, SIGNALS_TABLE | INCIDENTS_TABLE | FORENSIC_TABLE)
}

/// What a part of a plan reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// No table.
    Nothing,
    /// Events of the marts alone.
    Events,
    /// Other tables alone.
    Others,
    /// Both.
    Mixed,
}

impl Side {
    fn of(node: &Node) -> Self {
        let mut side = Self::Nothing;
        let mut nodes = vec![node];
        while let Some(node) = nodes.pop() {
            let own = match &node.op {
                Op::Scan { table } if is_events(table) => Self::Events,
                Op::Scan { .. } => Self::Others,
                _ => Self::Nothing,
            };
            side = match (side, own) {
                (Self::Nothing, own) => own,
                (side, Self::Nothing) => side,
                (side, own) if side == own => side,
                _ => Self::Mixed,
            };
            nodes.extend(inputs(node));
        }
        side
    }
}

/// What a node works on.
pub(crate) fn inputs(node: &Node) -> Vec<&Node> {
    match &node.op {
        Op::Scan { .. } | Op::Values { .. } => Vec::new(),
        Op::Join { left, right, .. } => vec![left, right],
        Op::Union { inputs } => inputs.iter().collect(),
        Op::Filter { input, .. }
        | Op::Project { input, .. }
        | Op::Aggregate { input, .. }
        | Op::Sort { input, .. }
        | Op::Take { input, .. }
        | Op::Parse { input, .. }
        | Op::Expand { input, .. }
        | Op::Sequence { input, .. } => vec![input],
    }
}

/// Rows of the stores, as they are gathered.
struct Gathered<'a> {
    sources: &'a Sources<'a>,
    data: Dataset,
    found: Found,
}

impl Gathered<'_> {
    async fn answer(&mut self, plan: &Plan, rows_max: usize) -> Result<(), QueryError> {
        let root = self.resolve(&plan.root, Vec::new()).await?;
        if self.found.stopped_by.is_some() {
            return Ok(());
        }
        let mut rows = self.interpreted(root).await?;
        self.found.engines.push(format!("the interpreter gave {} rows", rows.len()));
        self.found.cut = rows.len() > rows_max;
        rows.truncate(rows_max);
        let json = |row: Row| row.into_iter().map(cell).collect();
        self.found.rows = rows.into_iter().map(json).collect();
        Ok(())
    }

    async fn interpreted(&self, root: Node) -> Result<Vec<Row>, QueryError> {
        let plan = Plan { root, render: None, notes: Vec::new() };
        let data = self.data.clone();
        self.sources.work(async move { Ok(interpret(plan, data).await?) }).await
    }

    /// `node` with everything that a store gives read into the data. `above` are the conditions right above it.
    async fn resolve(&mut self, node: &Node, above: Vec<&Expr>) -> Result<Node, QueryError> {
        if self.found.stopped_by.is_some() {
            return Ok(node.clone());
        }
        match (Side::of(node), &node.op) {
            (Side::Nothing, _) => Ok(node.clone()),
            (Side::Events, _) => self.events_of(node).await,
            (_, Op::Scan { table }) => {
                let rows = self.rows_of(table, node, &above).await?;
                Ok(self.part(node, rows))
            }
            (_, Op::Filter { input, condition }) => {
                let mut above = above;
                above.push(condition);
                let input = Box::new(Box::pin(self.resolve(input, above)).await?);
                Ok(Node {
                    op: Op::Filter { input, condition: condition.clone() },
                    columns: node.columns.clone(),
                })
            }
            (_, Op::Join { kind, left, right, on }) => self.joined(node, *kind, left, right, on).await,
            _ => {
                let mut resolved = Vec::new();
                for input in inputs(node) {
                    resolved.push(Box::pin(self.resolve(input, Vec::new())).await?);
                }
                let mut resolved = resolved.into_iter();
                node.try_map_inputs::<QueryError>(&mut |input| {
                    Ok(resolved.next().unwrap_or_else(|| input.clone()))
                })
            }
        }
    }

    /// A join of events with something else asks for the events that have a partner, and for no others.
    async fn joined(
        &mut self,
        node: &Node,
        kind: JoinKind,
        left: &Node,
        right: &Node,
        on: &[(usize, usize)],
    ) -> Result<Node, QueryError> {
        use JoinKind::{Inner, InnerUnique, LeftAnti, LeftOuter, LeftSemi, RightAnti, RightOuter, RightSemi};
        let needs_matches_of_right = matches!(kind, Inner | InnerUnique | LeftOuter | LeftSemi | LeftAnti);
        let needs_matches_of_left = matches!(kind, Inner | RightOuter | RightSemi | RightAnti);
        let (left_side, right_side) = (Side::of(left), Side::of(right));
        let of_events = |side| side == Side::Events;
        let (left, right) = if of_events(right_side) && !of_events(left_side) && needs_matches_of_right {
            let left = self.materialised(left).await?;
            let on: Vec<(usize, usize)> = on.to_vec();
            let right = self.with_partners(right, &left, &on);
            (left, self.resolve_boxed(&right).await?)
        } else if of_events(left_side) && !of_events(right_side) && needs_matches_of_left {
            let right = self.materialised(right).await?;
            let on: Vec<(usize, usize)> = on.iter().map(|(left, right)| (*right, *left)).collect();
            let left = self.with_partners(left, &right, &on);
            (self.resolve_boxed(&left).await?, right)
        } else {
            (self.resolve_boxed(left).await?, self.resolve_boxed(right).await?)
        };
        let op = Op::Join { kind, left: Box::new(left), right: Box::new(right), on: on.to_vec() };
        Ok(Node { op, columns: node.columns.clone() })
    }

    async fn resolve_boxed(&mut self, node: &Node) -> Result<Node, QueryError> {
        Box::pin(self.resolve(node, Vec::new())).await
    }

    /// The rows of `node`, computed once.
    async fn materialised(&mut self, node: &Node) -> Result<Node, QueryError> {
        let resolved = self.resolve_boxed(node).await?;
        if self.found.stopped_by.is_some() {
            return Ok(resolved);
        }
        let rows = self.interpreted(resolved).await?;
        Ok(self.part(node, rows))
    }

    /// `events` with the condition that one of its keys is among those of `known`, which are rows already.
    fn with_partners(&self, events: &Node, known: &Node, on: &[(usize, usize)]) -> Node {
        let Op::Scan { table } = &known.op else { return events.clone() };
        let rows = self.data.get(table).map(Vec::as_slice).unwrap_or_default();
        let is_text =
            |place: usize| events.columns.get(place).is_some_and(|column| column.kind == Kind::String);
        let Some((known_place, place)) = on.iter().copied().find(|(_, place)| is_text(*place)) else {
            return events.clone();
        };
        let mut keys = BTreeSet::new();
        for row in rows {
            match row.get(known_place) {
                Some(Value::String(key)) => _ = keys.insert(key.clone()),
                _ => continue,
            }
            if keys.len() > JOIN_KEYS_MAX {
                return events.clone();
            }
        }
        let value = |key: String| Expr::literal(Kind::String, Value::String(key));
        let column = Expr::column(place, Kind::String);
        let arguments = std::iter::once(column).chain(keys.into_iter().map(value)).collect();
        let condition = Expr::call(Kind::Bool, Builtin::In, arguments);
        let op = Op::Filter { input: Box::new(events.clone()), condition };
        Node { op, columns: events.columns.clone() }
    }

    fn part(&mut self, node: &Node, rows: Vec<Row>) -> Node {
        let table = format!("part {}", self.data.len());
        self.data.insert(table.clone(), rows);
        Node { op: Op::Scan { table }, columns: node.columns.clone() }
    }

    async fn events_of(&mut self, node: &Node) -> Result<Node, QueryError> {
        let Sources { parts, health, deadline, .. } = self.sources;
        let plan = Plan { root: node.clone(), render: None, notes: Vec::new() };
        let timeout = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        let limits = AskLimits { rows_max: FALLBACK_ROWS_MAX, timeout };
        let (marts, scope) = (Arc::clone(&parts.marts), self.sources.scope.clone());
        let asked = self.sources.work(async move { Ok(marts.ask(&scope, &plan, &limits).await?) });
        let answer = health.watch("marts", &parts.clock, asked).await?;
        health.note_stop("marts", parts.clock.now(), answer.stopped_by);
        if answer.cut {
            let why = format!(
                "at most {FALLBACK_ROWS_MAX} events can be brought together with other tables, and there are more: \
                 narrow them with where, or summarize them, before that"
            );
            return Err(StoreError::Plan { why }.into());
        }
        self.found.use_engine("marts");
        self.found.lineage = add(self.found.lineage, answer.lineage);
        self.found.segments.extend(answer.segments);
        for rollup in answer.rollups {
            if !self.found.rollups.contains(&rollup) {
                self.found.rollups.push(rollup);
            }
        }
        self.found.stopped_by = answer.stopped_by;
        self.found.engines.extend(answer.engines);
        Ok(self.part(node, answer.rows))
    }

    /// The rows of a table that is not of the marts.
    async fn rows_of(&mut self, table: &str, node: &Node, above: &[&Expr]) -> Result<Vec<Row>, QueryError> {
        let Sources { parts, health, scope, .. } = self.sources;
        if table == FORENSIC_TABLE {
            return self.forensic_rows(node, above).await;
        }
        let needed = Needed::of(above, table);
        let records = parts.records.as_ref();
        let read = async {
            match table {
                SIGNALS_TABLE => Ok(signal_rows(records, scope, &needed).await?),
                _ => Ok(incident_rows(records, scope, &needed).await?),
            }
        };
        let rows = health.watch("records", &parts.clock, read).await?;
        self.found.use_engine("records");
        if rows.has_more {
            self.found.missing.push(format!("of {table}, only the latest {RECORDS_ROWS_MAX} were looked at"));
        }
        self.found.engines.push(format!("the records gave {} {table}", rows.rows.len()));
        Ok(rows.rows)
    }

    async fn forensic_rows(&mut self, node: &Node, above: &[&Expr]) -> Result<Vec<Row>, QueryError> {
        let Sources { parts, health, scope, .. } = self.sources;
        let Some(forensic) = &parts.forensic else { return Err(QueryError::unavailable("forensic")) };
        let query = text_query(above, &node.columns);
        if query.terms.is_empty() {
            let why = "the table forensic is searched by words: add a condition such as raw has \"mimikatz\"";
            return Err(StoreError::Plan { why: why.to_owned() }.into());
        }
        let search = async {
            let failed = |error: EngineError| QueryError::EngineUnavailable {
                engine: "forensic",
                why: Some(error.message),
            };
            forensic.search(scope, &query).await.map_err(failed)
        };
        let hits = health.watch("forensic", &parts.clock, search).await?;
        self.found.use_engine("forensic");
        if hits.has_more {
            self.found
                .missing
                .push(format!("only the newest {} events with these words were looked at", hits.ids.len()));
        }
        if let Some(why) = hits.lacks {
            self.found.missing.push(format!("engine forensic is full: {why}; the marts have all events"));
        }
        let events = async { Ok(parts.marts.events(scope, &hits.ids).await?) };
        let events = health.watch("marts", &parts.clock, events).await?;
        self.found.engines.push(format!(
            "the index gave {} events, the marts have {}",
            hits.ids.len(),
            events.len()
        ));
        Ok(events.iter().map(event_row).collect())
    }
}

/// In the order of the columns of every table of events.
fn event_row(event: &StoredEvent) -> Row {
    let text = |text: String| Value::String(text);
    let of = |name: &str, kind: ColumnKind| match name {
        "id" => text(event.id.to_string()),
        "mart" => text(event.mart.clone()),
        "time" => Value::DateTime(event.time),
        "seen" => Value::DateTime(event.seen),
        "partition" => Value::Long(event.id.partition.into()),
        "offset" => Value::Long(i64::try_from(event.id.offset).unwrap_or(i64::MAX)),
        "fields" => Value::Dynamic(json!(event.fields)),
        "raw" => text(String::from_utf8_lossy(&event.raw).into_owned()),
        name => {
            let known = Value::String(event.header.get(name).cloned().unwrap_or_default());
            if kind == ColumnKind::String { known } else { known.converted(kind.kind()) }
        }
    };
    header_columns().iter().map(|column| of(column.name, column.kind)).collect()
}

/// What was looked at for both.
pub(crate) fn add(one: sentra_store::Lineage, other: sentra_store::Lineage) -> sentra_store::Lineage {
    sentra_store::Lineage {
        segments_considered: one.segments_considered + other.segments_considered,
        segments_pruned: one.segments_pruned + other.segments_pruned,
        segments_skipped: one.segments_skipped + other.segments_skipped,
        segments_unread: one.segments_unread + other.segments_unread,
        segment_rows: one.segment_rows + other.segment_rows,
        memory_rows: one.memory_rows + other.memory_rows,
        segments_by_rollup: one.segments_by_rollup + other.segments_by_rollup,
        rollup_rows: one.rollup_rows + other.rollup_rows,
    }
}
