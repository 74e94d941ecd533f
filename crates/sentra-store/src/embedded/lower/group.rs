//! Rows put together in groups.

use std::sync::Arc;

use arrow_array::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr as DfExpr, col, lit};
use sentra_kql::plan::{Aggregate, Expr, ExprNode, Node, Op, SortKey};
use sentra_model::Mart;

use super::lowered::{Base, Chosen, Lowered, NEWEST_FIRST, Order};
use super::read::Part;
use super::{Events, Lower};
use crate::embedded::aggregate::{Input, column, computed, grouped as groups_of, is_condition, name_of};
use crate::embedded::groups::{Computed, Spec};
use crate::embedded::native::is_native;
use crate::embedded::resolve::{Cell, Cells};
use crate::embedded::substitute::all_substituted;

/// Groups that are handed on at once.
const GROUPS_PIECE_ROWS: usize = 8_192;

/// Groups that are put into an order.
pub(super) struct Ordered<'a> {
    input: &'a Node,
    keys: &'a [Expr],
    aggregates: &'a [Aggregate],
    order: &'a [SortKey],
}

/// Groups whose order begins with how many rows they are of, the most first, if `node` is that.
pub(super) fn most_frequent(node: &Node) -> Option<Ordered<'_>> {
    let Op::Sort { input: groups, keys: order } = &node.op else { return None };
    let Op::Aggregate { input, keys, aggregates } = &groups.op else { return None };
    let by = order.first().filter(|key| key.descending)?;
    let is_first = matches!(&by.value.node, ExprNode::Column(place) if *place == keys.len());
    let counted = aggregates.first()?;
    let is_rows = counted.arguments.is_empty() && computed(counted) == Some(Computed::Count);
    let is_it = is_first && is_rows && !keys.is_empty() && is_native(node) && is_native(groups);
    is_it.then_some(Ordered { input, keys, aggregates, order })
}

impl Events {
    /// Groups in an order, at least the `first` ones.
    pub(super) async fn first_groups(&mut self, groups: Ordered<'_>, first: usize) -> Lower {
        let Some(input) = self.lower(groups.input).await? else { return Ok(None) };
        let grouped = self.aggregate(input, groups.keys, groups.aggregates, Some(first)).await?;
        grouped.map(|grouped| self.sort(grouped, groups.order)).transpose()
    }

    pub(super) async fn aggregate(
        &mut self,
        input: Lowered,
        keys: &[Expr],
        aggregates: &[Aggregate],
        first: Option<usize>,
    ) -> Lower {
        let kinds = keys.iter().map(|key| key.kind).collect();
        let mut spec = Spec { keys: kinds, columns: Vec::new(), places: None, first };
        let mut next = keys.len();
        for aggregate in aggregates {
            let Some(computed) = computed(aggregate) else { return Ok(None) };
            spec.columns.push(column(aggregate, computed, next));
            next += aggregate.arguments.len();
        }
        spec.places = spec.columns.iter().any(|column| column.computed.is_ordered()).then_some(next);
        if let Some(counted) = self.counted(&input, keys, &spec) {
            return self.groups(counted, keys, aggregates).map(Some);
        }
        let input = self.input_of(input, keys, aggregates, spec.places.is_some())?;
        let pool = Arc::clone(&self.session.runtime_env().memory_pool);
        let batch = groups_of(input, spec, &pool, &self.stop).await?;
        self.groups(batch, keys, aggregates).map(Some)
    }

    /// Keys and arguments of aggregates as columns, of every form of the input.
    fn input_of(
        &mut self,
        input: Lowered,
        keys: &[Expr],
        aggregates: &[Aggregate],
        with_places: bool,
    ) -> Result<Input, DataFusionError> {
        let events = match input.base {
            Base::Frame { frame, cells, .. } => {
                let columns = columns_of(&cells, keys, aggregates, with_places.then_some("order_"));
                let columns = columns.into_iter().enumerate();
                let columns = columns.map(|(place, expr)| expr.alias(name_of(place))).collect::<Vec<_>>();
                return Ok(Input::Frame(frame.select(columns)?));
            }
            Base::Events(events) => events,
        };
        let substitutes = aggregates.iter().map(|aggregate| {
            let arguments = all_substituted(&aggregate.arguments, &events.values)?;
            Some(Aggregate { arguments, ..aggregate.clone() })
        });
        let of_scan = substitutes.collect::<Option<Vec<_>>>();
        let keys_of_scan = all_substituted(keys, &events.values).filter(|_| events.rows.is_none());
        let (Some(keys_of_scan), Some(of_scan)) = (keys_of_scan, of_scan) else {
            let input = self.framed(Lowered { base: Base::Events(events) })?;
            return self.input_of(input, keys, aggregates, with_places);
        };
        let Chosen { marts, conditions, .. } = events;
        let mut asked = keys_of_scan.clone();
        asked.extend(of_scan.iter().flat_map(|aggregate| aggregate.arguments.clone()));
        let parts = self.parts(marts.as_deref(), &conditions, &asked)?;
        let scan = |Part { source, cells }| {
            let columns = columns_of(&cells, &keys_of_scan, &of_scan, with_places.then_some(""));
            self.scan(source, &cells, &conditions, columns)
        };
        let scans = parts.into_iter().map(scan).collect::<Result<_, _>>()?;
        Ok(Input::Scans(scans, self.partitions()))
    }

    /// The number of all events, which is known without reading them.
    fn counted(&mut self, input: &Lowered, keys: &[Expr], spec: &Spec) -> Option<RecordBatch> {
        let Base::Events(Chosen { marts, conditions, rows: None, .. }) = &input.base else { return None };
        let is_count = spec
            .columns
            .iter()
            .all(|column| column.computed == Computed::Count && column.condition.is_none());
        if !keys.is_empty() || !conditions.is_empty() || !is_count {
            return None;
        }
        let wanted = |mart: &Mart| marts.as_ref().is_none_or(|marts| marts.contains(mart));
        let segments = self.snapshot.segments.iter().filter(|segment| wanted(&segment.mart));
        let segments: Vec<u64> = segments.map(|segment| segment.rows).collect();
        let chunks = self.snapshot.chunks.iter().filter(|chunk| wanted(&chunk.mart));
        let in_memory: u64 = chunks.map(|chunk| chunk.record.num_rows() as u64).sum();
        let count = i64::try_from(segments.iter().sum::<u64>() + in_memory).ok()?;
        self.lineage.segments_considered += segments.len() as u64;
        self.lineage.memory_rows += in_memory;
        let array = ScalarValue::Int64(Some(count)).to_array().ok()?;
        let columns = (0..spec.columns.len()).map(|place| (name_of(place), Arc::clone(&array)));
        RecordBatch::try_from_iter(columns).ok()
    }

    /// Groups as the input of what comes next.
    fn groups(
        &self,
        batch: RecordBatch,
        keys: &[Expr],
        aggregates: &[Aggregate],
    ) -> Result<Lowered, DataFusionError> {
        let kinds = keys.iter().map(|key| key.kind);
        let outputs =
            aggregates.iter().flat_map(|aggregate| aggregate.outputs.iter().map(|column| column.kind));
        let cells =
            kinds.chain(outputs).enumerate().map(|(place, kind)| Cell::new(col(name_of(place)), kind));
        let cells = Cells::new(cells.collect(), &self.stop);
        let order = (0..keys.len()).map(|place| col(name_of(place)).sort(true, true)).collect::<Vec<_>>();
        let order = if order.is_empty() { Order::Done } else { Order::By(order) };
        // In pieces, between which a sort of them can be ended.
        let rows = batch.num_rows();
        let piece = |from: usize| batch.slice(from, GROUPS_PIECE_ROWS.min(rows - from));
        let mut pieces: Vec<RecordBatch> = (0..rows).step_by(GROUPS_PIECE_ROWS).map(piece).collect();
        if pieces.is_empty() {
            pieces.push(batch);
        }
        Ok(Lowered::of(self.session.read_batches(pieces)?, cells, order))
    }
}

/// Keys and arguments of aggregates as columns.
fn columns_of(cells: &Cells, keys: &[Expr], aggregates: &[Aggregate], places: Option<&str>) -> Vec<DfExpr> {
    let mut columns: Vec<DfExpr> = keys.iter().map(|key| cells.cell(key).key()).collect();
    for aggregate in aggregates {
        for (place, argument) in aggregate.arguments.iter().enumerate() {
            columns.push(if is_condition(aggregate, place) {
                cells.condition(argument)
            } else {
                cells.cell(argument).key()
            });
        }
    }
    if let Some(prefix) = places {
        columns.extend(NEWEST_FIRST.map(|name| col(format!("{prefix}{name}"))));
    }
    if columns.is_empty() {
        columns.push(lit(true));
    }
    columns
}
