//! From a plan to DataFusion, as far as that goes.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::expr_fn::{avg, count, count_distinct, max, min, sum};
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::{Expr as DfExpr, cast, col, lit, when};
use datafusion::prelude::SessionContext;
use sentra_kql::plan::{Aggregate, Expr, ExprNode, Node, Op, SortKey, Value};
use sentra_kql::{AggregateFunction, Builtin, Kind};
use sentra_model::Mart;

use super::expression;
use super::prune::{name_segments, overlapping};
use super::row_function::row_function;
use super::table::SegmentTable;
use super::tenant::Snapshot;
use crate::bound::{Bound, TimeBounds, bind};
use crate::kql::{Leaf, SCAN_COLUMNS, marts_of, predicate_of};
use crate::{Lineage, SegmentRef, TimeRange};

/// Microseconds from 0001-01-01 to 1970-01-01: from there the language counts bins of time.
const YEAR_ONE_MICROS: i64 = 62_135_596_800_000_000;

/// A column of an operator: how DataFusion reads it.
#[derive(Debug, Clone)]
struct Cell {
    expr: DfExpr,
    kind: Kind,
    /// What it is in the store, while it is a stored column as it is.
    leaf: Option<Leaf>,
}

/// Rows that DataFusion gives.
pub(super) struct Lowered {
    base: Base,
    cells: Vec<Cell>,
}

enum Base {
    /// Events, chosen when it is known which conditions stand above them.
    Events { marts: Option<Vec<Mart>>, bounds: Vec<Bound>, conditions: Vec<DfExpr> },
    /// Whatever came out of an operator.
    Frame(DataFrame),
}

/// A snapshot of one tenant's events.
pub(super) struct Events<'a> {
    pub(super) session: &'a SessionContext,
    pub(super) snapshot: Snapshot,
    pub(super) lineage: Lineage,
    /// The segments that are opened, for the answer to name.
    pub(super) segments: Vec<SegmentRef>,
}

type Lower = Result<Option<Lowered>, DataFusionError>;

impl Events<'_> {
    /// `node` for DataFusion, or nothing where it has an operator that is the interpreter's.
    pub(super) fn lower(&mut self, node: &Node) -> Lower {
        match &node.op {
            Op::Scan { table } => Ok(Some(scan(marts_of(table)))),
            Op::Filter { input, condition } => {
                let Some(mut input) = self.lower(input)? else { return Ok(None) };
                input.filter(condition)?;
                Ok(Some(input))
            }
            Op::Project { input, values } => {
                let Some(mut input) = self.lower(input)? else { return Ok(None) };
                input.cells = values.iter().map(|value| input.cell(value)).collect();
                Ok(Some(input))
            }
            Op::Aggregate { input, keys, aggregates } => {
                if !aggregates.iter().all(is_native) {
                    return Ok(None);
                }
                let Some(input) = self.lower(input)? else { return Ok(None) };
                self.aggregate(input, keys, aggregates).map(Some)
            }
            Op::Sort { input, keys } => {
                let Some(input) = self.lower(input)? else { return Ok(None) };
                self.sort(input, keys).map(Some)
            }
            Op::Take { input, rows } => {
                let Some(input) = self.lower(input)? else { return Ok(None) };
                let rows = usize::try_from(*rows).unwrap_or(usize::MAX);
                let (frame, cells) = self.ordered(input)?;
                Ok(Some(Lowered::of(frame.limit(0, Some(rows))?, cells)))
            }
            _ => Ok(None),
        }
    }

    /// The frame of the answer: its columns in their order, rows as the language orders them, one more than wanted.
    pub(super) fn answer(&mut self, lowered: Lowered, rows_max: usize) -> Result<DataFrame, DataFusionError> {
        let (frame, cells) = self.ordered(lowered)?;
        let columns = cells.iter().enumerate();
        let columns =
            columns.map(|(place, cell)| cell.expr.clone().alias(format!("c{place}"))).collect::<Vec<_>>();
        frame.limit(0, Some(rows_max.saturating_add(1)))?.select(columns)
    }

    /// Events come newest first where nobody said otherwise.
    fn ordered(&mut self, lowered: Lowered) -> Result<(DataFrame, Vec<Cell>), DataFusionError> {
        let is_sorted = matches!(lowered.base, Base::Frame(_));
        let (frame, cells) = self.frame(lowered)?;
        let frame = if is_sorted { frame } else { frame.sort(newest_first())? };
        Ok((frame, cells))
    }

    fn frame(&mut self, lowered: Lowered) -> Result<(DataFrame, Vec<Cell>), DataFusionError> {
        let Lowered { base, cells } = lowered;
        let (marts, bounds, conditions) = match base {
            Base::Frame(frame) => return Ok((frame, cells)),
            Base::Events { marts, bounds, conditions } => (marts, bounds, conditions),
        };
        let wanted = |mart: &Mart| marts.as_ref().is_none_or(|marts| marts.contains(mart));
        let times = TimeBounds::of(TimeRange::default(), Some(&Bound::And(bounds)));
        let (segments, considered) = overlapping(&self.snapshot.segments, marts.as_deref(), &times);
        let chunks = self.snapshot.chunks.iter().filter(|chunk| wanted(&chunk.mart));
        let records: Vec<RecordBatch> = chunks.map(|chunk| chunk.record.clone()).collect();
        self.lineage.segments_considered += considered;
        self.lineage.segments_pruned += considered - segments.len() as u64;
        name_segments(&mut self.segments, &segments);
        self.lineage.segment_rows += segments.iter().map(|segment| segment.rows).sum::<u64>();
        self.lineage.memory_rows += records.iter().map(|record| record.num_rows() as u64).sum::<u64>();
        let mut frame = self.session.read_table(Arc::new(SegmentTable { segments }))?;
        if !records.is_empty() {
            frame = frame.union(self.session.read_batches(records)?)?;
        }
        if let Some(condition) = conditions.into_iter().reduce(DfExpr::and) {
            frame = frame.filter(condition)?;
        }
        Ok((frame, cells))
    }

    fn sort(&mut self, lowered: Lowered, keys: &[SortKey]) -> Result<Lowered, DataFusionError> {
        let mut order: Vec<Sort> = keys
            .iter()
            .map(|key| lowered.cell(&key.value).value().sort(!key.descending, key.nulls_first))
            .collect();
        if matches!(lowered.base, Base::Events { .. }) {
            order.extend(newest_first());
        }
        let (frame, cells) = self.frame(lowered)?;
        Ok(Lowered::of(frame.sort(order)?, cells))
    }

    fn aggregate(
        &mut self,
        input: Lowered,
        keys: &[Expr],
        aggregates: &[Aggregate],
    ) -> Result<Lowered, DataFusionError> {
        let mut cells = Vec::new();
        let mut groups = Vec::new();
        for (place, key) in keys.iter().enumerate() {
            groups.push(input.cell(key).value().alias(format!("k{place}")));
            cells.push(Cell { expr: col(format!("k{place}")), kind: key.kind, leaf: None });
        }
        let mut computed = Vec::new();
        for (place, aggregate) in aggregates.iter().enumerate() {
            let Some(expr) = input.aggregate(aggregate)? else {
                return Err(DataFusionError::Internal("an aggregate is not native".to_owned()));
            };
            computed.push(expr.alias(format!("a{place}")));
            let kind = aggregate.outputs.first().map_or(Kind::Long, |column| column.kind);
            let column = col(format!("a{place}"));
            let expr = match aggregate.function {
                AggregateFunction::Sum | AggregateFunction::SumIf => coalesce_zero(column, kind),
                AggregateFunction::CountIf => coalesce_zero(column, Kind::Long),
                _ => column,
            };
            cells.push(Cell { expr, kind, leaf: None });
        }
        let (frame, _) = self.frame(input)?;
        let frame = frame.aggregate(groups, computed)?;
        // Groups come in the order of their keys, so that the same question has the same answer.
        let order =
            (0..keys.len()).map(|place| col(format!("k{place}")).sort(true, true)).collect::<Vec<_>>();
        let frame = if order.is_empty() { frame } else { frame.sort(order)? };
        Ok(Lowered::of(frame, cells))
    }
}

fn newest_first() -> Vec<Sort> {
    ["time", "partition", "offset"].map(|name| col(name).sort(false, false)).to_vec()
}

fn coalesce_zero(column: DfExpr, kind: Kind) -> DfExpr {
    let zero = if kind == Kind::Real { lit(0.0_f64) } else { lit(0_i64) };
    datafusion::functions::core::expr_fn::coalesce(vec![column, zero])
}

/// Whether DataFusion computes it as the language does.
fn is_native(aggregate: &Aggregate) -> bool {
    use AggregateFunction::{Avg, Count, CountIf, Dcount, Max, Min, Sum, SumIf};
    let kind = aggregate.arguments.first().map(|argument| argument.kind);
    match aggregate.function {
        Count | CountIf => true,
        Dcount => kind.is_some_and(|kind| !matches!(kind, Kind::Dynamic | Kind::Real)),
        Sum | SumIf => kind == Some(Kind::Long),
        Min | Max => kind.is_some_and(|kind| matches!(kind, Kind::Long | Kind::DateTime | Kind::TimeSpan)),
        Avg => kind == Some(Kind::Long),
        _ => false,
    }
}

fn scan(marts: Option<Vec<Mart>>) -> Lowered {
    let cells = SCAN_COLUMNS().iter().map(|header| {
        let expr = if header.name == "id" { id() } else { col(header.name) };
        Cell { expr, kind: header.kind.kind(), leaf: Some(Leaf::of(header)) }
    });
    Lowered {
        cells: cells.collect(),
        base: Base::Events { marts, bounds: Vec::new(), conditions: Vec::new() },
    }
}

/// The id of an event, as text.
fn id() -> DfExpr {
    let call = |builtin, arguments| Expr::call(Kind::String, builtin, arguments);
    let text = |text: &str| Expr::literal(Kind::String, Value::String(text.to_owned()));
    let number = |place| Expr::column(place, Kind::Long);
    let parts = vec![text("raw."), number(0), text("."), number(1)];
    row_function(call(Builtin::Strcat, parts), vec![col("partition"), col("offset")], vec![Kind::Long; 2])
}

impl Cell {
    /// As a value of its kind: texts are never null, whole numbers are of one type.
    fn value(&self) -> DfExpr {
        match (self.kind, &self.leaf) {
            (Kind::String, Some(Leaf::Text("raw"))) => {
                row_function(Expr::column(0, Kind::String), vec![self.expr.clone()], vec![Kind::String])
            }
            (Kind::String, Some(Leaf::Text(name))) if *name != "id" => {
                datafusion::functions::core::expr_fn::coalesce(vec![self.expr.clone(), lit("")])
            }
            (Kind::Long, Some(_)) => cast(self.expr.clone(), DataType::Int64),
            _ => self.expr.clone(),
        }
    }
}

impl Lowered {
    fn of(frame: DataFrame, cells: Vec<Cell>) -> Self {
        Self { base: Base::Frame(frame), cells }
    }

    fn leaf(&self, place: usize) -> Option<Leaf> {
        self.cells.get(place)?.leaf
    }

    fn filter(&mut self, condition: &Expr) -> Result<(), DataFusionError> {
        if let ExprNode::Call(Builtin::And, parts) = &condition.node {
            return parts.iter().try_for_each(|part| self.filter(part));
        }
        let bound = self.bound(condition);
        let expr = match &bound {
            Some(bound) => expression::condition(TimeRange::default(), Some(bound)),
            None => None,
        };
        let expr = expr.unwrap_or_else(|| self.cell(condition).value());
        match &mut self.base {
            Base::Events { bounds, conditions, .. } => {
                bounds.extend(bound);
                conditions.push(expr);
            }
            Base::Frame(frame) => *frame = frame.clone().filter(expr)?,
        }
        Ok(())
    }

    fn bound(&self, condition: &Expr) -> Option<Bound> {
        let predicate = predicate_of(condition, &|place| self.leaf(place))?;
        bind(&predicate).ok()
    }

    /// What `expr` is of these cells.
    fn cell(&self, expr: &Expr) -> Cell {
        if let ExprNode::Column(place) = &expr.node
            && let Some(cell) = self.cells.get(*place)
        {
            return cell.clone();
        }
        let expr_of = literal(expr).or_else(|| self.bin(expr)).unwrap_or_else(|| self.by_row(expr));
        Cell { expr: expr_of, kind: expr.kind, leaf: None }
    }

    /// Evaluated row by row.
    fn by_row(&self, expr: &Expr) -> DfExpr {
        let mut places = Vec::new();
        let moved = expr.map_columns(&mut |place| {
            let known = places.iter().position(|known| *known == place);
            known.unwrap_or_else(|| {
                places.push(place);
                places.len() - 1
            })
        });
        let cells: Vec<&Cell> = places.iter().filter_map(|place| self.cells.get(*place)).collect();
        let kinds = cells.iter().map(|cell| cell.kind).collect();
        row_function(moved, cells.iter().map(|cell| cell.expr.clone()).collect(), kinds)
    }

    /// `bin(time, 1h)` as arithmetic, because every chart asks for it.
    fn bin(&self, expr: &Expr) -> Option<DfExpr> {
        let ExprNode::Call(Builtin::Bin, arguments) = &expr.node else { return None };
        let [value, size] = arguments.as_slice() else { return None };
        let Some(Value::TimeSpan(size)) = size.value() else { return None };
        if value.kind != Kind::DateTime || *size <= 0 {
            return None;
        }
        let micros = cast(self.cell(value).expr, DataType::Int64);
        let since = micros.clone() + lit(YEAR_ONE_MICROS);
        let binned = micros - since % lit(*size);
        Some(cast(binned, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))))
    }

    fn aggregate(&self, aggregate: &Aggregate) -> Result<Option<DfExpr>, DataFusionError> {
        use AggregateFunction::{Avg, Count, CountIf, Dcount, Max, Min, Sum, SumIf};
        let argument = |place: usize| aggregate.arguments.get(place).map(|expr| self.cell(expr).value());
        let is_met = |place: usize| {
            let condition = aggregate.arguments.get(place)?;
            let bound = self.bound(condition);
            let met = bound.and_then(|bound| expression::condition(TimeRange::default(), Some(&bound)));
            Some(met.unwrap_or_else(|| self.cell(condition).value()))
        };
        let first = argument(0);
        Ok(Some(match (aggregate.function, first) {
            (Count, _) => count(lit(1_i64)),
            (CountIf, _) => match is_met(0) {
                Some(met) => sum(when(met, lit(1_i64)).otherwise(lit(0_i64))?),
                None => return Ok(None),
            },
            (Dcount, Some(value)) => count_distinct(value),
            (Sum, Some(value)) => sum(value),
            (SumIf, Some(value)) => match is_met(1) {
                Some(met) => sum(when(met, value).otherwise(lit(0_i64))?),
                None => return Ok(None),
            },
            (Avg, Some(value)) => avg(cast(value, DataType::Float64)),
            (Min, Some(value)) => min(value),
            (Max, Some(value)) => max(value),
            _ => return Ok(None),
        }))
    }
}

fn literal(expr: &Expr) -> Option<DfExpr> {
    let value = match expr.value()? {
        Value::Bool(truth) => ScalarValue::Boolean(Some(*truth)),
        Value::Long(number) | Value::TimeSpan(number) => ScalarValue::Int64(Some(*number)),
        Value::Real(number) => ScalarValue::Float64(Some(*number)),
        Value::String(text) => ScalarValue::Utf8(Some(text.clone())),
        Value::DateTime(moment) => {
            ScalarValue::TimestampMicrosecond(Some(moment.micros()), Some("UTC".into()))
        }
        Value::Null | Value::Dynamic(_) => return None,
    };
    Some(DfExpr::Literal(value, None))
}
