//! From a plan to what gives its rows, as far as that goes: events as they are stored are read by their columns, what
//! operators make of rows is for DataFusion.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SortOptions;

use datafusion::common::{JoinType, ScalarValue};
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::{Expr as DfExpr, cast, col, lit};
use datafusion::prelude::SessionContext;
use futures::FutureExt;
use futures::future::BoxFuture;
use sentra_kql::Builtin;
use sentra_kql::plan::{Aggregate, Expr, ExprNode, Node, Op, SortKey};
use sentra_model::Mart;

use super::aggregate::{Input, column, computed, grouped as groups_of, is_condition, name_of};
use super::form::{Form, names_in, wants_map};
use super::groups::{Computed, Spec};
use super::index::Indexes;
use super::native::{is_native, join_type, joinable};
use super::prune::{may_have_id, name_segments, overlapping};
use super::resolve::{Cell, Cells, scan_bound, scan_leaf};
use super::scan::{Newest, Scan, Source, partitions_of};
use super::stop::Stop;
use super::substitute::{all_substituted, substituted};
use super::table::ColumnTable;
use super::tenant::{Segment, Snapshot};
use super::tokens::Needs;
use crate::bound::{Bound, TimeBounds};
use crate::kql::{Leaf, SCAN_COLUMNS, marts_of, type_of};
use crate::{Lineage, SegmentRef, StoreError, TimeRange};

/// Groups that are handed on at once.
const GROUPS_PIECE_ROWS: usize = 8_192;

/// Most events that are put into another order than their own without a plan: DataFusion knows while it reads which
/// rows cannot be among the first.
const SORTED_ROWS_MAX: u64 = 1_000_000;

/// Rows that DataFusion gives, or that are read by their columns.
pub(super) struct Lowered {
    base: Base,
}

enum Base {
    /// Events, chosen when it is known which conditions stand above them. Expressions are over the columns of a table.
    Events(Chosen),
    /// Whatever came out of an operator.
    Frame { frame: DataFrame, cells: Box<Cells>, order: Order },
}

/// Events that meet conditions, as values, in an order.
struct Chosen {
    marts: Option<Vec<Mart>>,
    conditions: Vec<Expr>,
    values: Vec<Expr>,
    /// What comes before the order of all events, the newest first.
    sort: Vec<SortKey>,
    /// How many of the first are taken, if not all.
    rows: Option<usize>,
}

/// The rows of an answer, not yet there.
pub(super) enum Rows {
    Frame(DataFrame),
    Read(Box<Newest>),
}

impl Rows {
    /// What gives them.
    pub(super) fn engine(&self) -> &'static str {
        match self {
            Self::Frame(_) => "datafusion",
            Self::Read(_) => "the store",
        }
    }
}

/// The order of a frame's rows.
#[derive(Clone)]
enum Order {
    /// They are in it.
    Done,
    /// They are put into it when nobody says another one: the same question has the same answer.
    By(Vec<Sort>),
}

/// A snapshot of one tenant's events.
pub(super) struct Events {
    pub(super) session: SessionContext,
    pub(super) indexes: Arc<Indexes>,
    pub(super) snapshot: Snapshot,
    /// Ends the question.
    pub(super) stop: Stop,
    pub(super) lineage: Lineage,
    /// The segments that are opened, for the answer to name.
    pub(super) segments: Vec<SegmentRef>,
}

type Lower = Result<Option<Lowered>, DataFusionError>;

/// The events of a scan, of one form.
struct Part {
    source: Source,
    cells: Cells,
}

impl Events {
    /// `node` for DataFusion, or nothing where it has an operator that is the interpreter's.
    pub(super) fn lower<'b>(&'b mut self, node: &'b Node) -> BoxFuture<'b, Lower> {
        async move { if is_native(node) { self.lower_node(node).await } else { Ok(None) } }.boxed()
    }

    async fn lower_node(&mut self, node: &Node) -> Lower {
        match &node.op {
            Op::Scan { table } => Ok(Some(Lowered::scan(marts_of(table)))),
            Op::Filter { input, condition } => {
                let Some(input) = self.lower(input).await? else { return Ok(None) };
                self.filter(input, condition).map(Some)
            }
            Op::Project { input, values } => {
                let Some(input) = self.lower(input).await? else { return Ok(None) };
                self.project(input, values).map(Some)
            }
            Op::Aggregate { input, keys, aggregates } => {
                let Some(input) = self.lower(input).await? else { return Ok(None) };
                self.aggregate(input, keys, aggregates, None).await
            }
            Op::Sort { input, keys } => {
                let Some(input) = self.lower(input).await? else { return Ok(None) };
                self.sort(input, keys).map(Some)
            }
            Op::Take { input, rows } => {
                let rows = usize::try_from(*rows).unwrap_or(usize::MAX);
                let lowered = match most_frequent(input) {
                    Some(groups) => self.first_groups(groups, rows).await?,
                    None => self.lower(input).await?,
                };
                let Some(input) = lowered else { return Ok(None) };
                if let Base::Events(mut events) = input.base {
                    events.rows = Some(events.rows.map_or(rows, |taken| taken.min(rows)));
                    return Ok(Some(Lowered { base: Base::Events(events) }));
                }
                let (frame, cells) = self.ordered(input, rows)?;
                Ok(Some(Lowered::of(frame, cells, Order::Done)))
            }
            Op::Join { kind, left, right, on } => {
                let Some(join) = join_type(*kind).filter(|_| joinable(left, right, on)) else {
                    return Ok(None);
                };
                let (lefts, rights) = (self.lower(left).await?, self.lower(right).await?);
                let (Some(lefts), Some(rights)) = (lefts, rights) else { return Ok(None) };
                self.join(join, lefts, rights, on).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The rows of the answer: its columns in their order, rows as the language orders them, one more than wanted.
    pub(super) fn answer(&mut self, lowered: Lowered, rows_max: usize) -> Result<Rows, DataFusionError> {
        let rows = rows_max.saturating_add(1);
        let lowered = match lowered.base {
            Base::Events(events) => {
                let parts = self.parts(events.marts.as_deref(), &events.conditions, &asked(&events))?;
                let is_read = events.sort.is_empty()
                    || parts.iter().map(|part| part.source.rows()).sum::<u64>() <= SORTED_ROWS_MAX;
                if is_read {
                    return Ok(Rows::Read(Box::new(self.newest(parts, &events, rows)?)));
                }
                let (frame, cells, order) = self.united(parts, &events, Some(rows))?;
                Lowered::of(frame, cells, order)
            }
            frame @ Base::Frame { .. } => Lowered { base: frame },
        };
        let (frame, cells) = self.ordered(lowered, rows)?;
        let columns = cells.all().iter().enumerate();
        let columns =
            columns.map(|(place, cell)| cell.expr.clone().alias(format!("c{place}"))).collect::<Vec<_>>();
        Ok(Rows::Frame(frame.select(columns)?))
    }

    /// The rows as they are wanted.
    pub(super) async fn collected(&self, rows: Rows) -> Result<Vec<RecordBatch>, DataFusionError> {
        match rows {
            Rows::Frame(frame) => frame.collect().await,
            Rows::Read(newest) => newest.rows(&self.session.runtime_env().memory_pool, &self.stop).await,
        }
    }

    /// At most `rows` of the events of `parts`, read without a plan.
    fn newest(&self, parts: Vec<Part>, events: &Chosen, rows: usize) -> Result<Newest, DataFusionError> {
        let scan = |Part { source, cells }| {
            let values = values_of(&cells, events).into_iter();
            let keys = events.sort.iter().map(|key| key_of(&cells, key));
            let values = values.chain(keys).chain(NEWEST_FIRST.map(col)).collect();
            self.scan(source, &cells, &events.conditions, values)
        };
        let option = |key: &SortKey| SortOptions { descending: key.descending, nulls_first: key.nulls_first };
        Ok(Newest {
            scans: parts.into_iter().map(scan).collect::<Result<_, _>>()?,
            values: events.values.len(),
            order: events.sort.iter().map(option).collect(),
            rows_max: events.rows.map_or(rows, |taken| taken.min(rows)),
            partitions: self.partitions(),
        })
    }

    fn scan(
        &self,
        source: Source,
        cells: &Cells,
        conditions: &[Expr],
        values: Vec<DfExpr>,
    ) -> Result<Scan, DataFusionError> {
        let conditions = conditions.iter().map(|condition| cells.condition(condition)).collect();
        Scan::new(&self.session, &self.indexes, source, conditions, values)
    }

    fn partitions(&self) -> usize {
        partitions_of(&self.session)
    }

    fn filter(&mut self, lowered: Lowered, condition: &Expr) -> Result<Lowered, DataFusionError> {
        if let ExprNode::Call(Builtin::And, parts) = &condition.node {
            return parts.iter().try_fold(lowered, |lowered, part| self.filter(lowered, part));
        }
        match lowered.base {
            Base::Events(mut events) => match substituted(condition, &events.values) {
                // Of those that are taken, not of all.
                Some(condition) if events.rows.is_none() => {
                    events.conditions.push(condition);
                    Ok(Lowered { base: Base::Events(events) })
                }
                _ => {
                    let lowered = self.framed(Lowered { base: Base::Events(events) })?;
                    self.filter(lowered, condition)
                }
            },
            Base::Frame { frame, cells, order } => {
                Ok(Lowered::of(frame.filter(cells.condition(condition))?, *cells, order))
            }
        }
    }

    fn project(&mut self, lowered: Lowered, wanted: &[Expr]) -> Result<Lowered, DataFusionError> {
        match lowered.base {
            Base::Events(mut events) => match all_substituted(wanted, &events.values) {
                Some(values) => {
                    events.values = values;
                    Ok(Lowered { base: Base::Events(events) })
                }
                None => {
                    let lowered = self.framed(Lowered { base: Base::Events(events) })?;
                    self.project(lowered, wanted)
                }
            },
            Base::Frame { frame, cells, order } => {
                let cells = Cells::new(wanted.iter().map(|value| cells.cell(value)).collect(), &self.stop);
                Ok(Lowered::of(frame, cells, order))
            }
        }
    }

    /// The first `rows` rows in the order of the language.
    fn ordered(&mut self, lowered: Lowered, rows: usize) -> Result<(DataFrame, Cells), DataFusionError> {
        let (frame, cells, order) = self.frame(lowered, Some(rows))?;
        let frame = match order {
            Order::Done => frame,
            Order::By(keys) => frame.sort(keys)?,
        };
        Ok((frame.limit(0, Some(rows))?, cells))
    }

    fn framed(&mut self, lowered: Lowered) -> Result<Lowered, DataFusionError> {
        let (frame, cells, order) = self.frame(lowered, None)?;
        Ok(Lowered::of(frame, cells, order))
    }

    /// Events of whatever form as one frame, at least the first `rows` of them. Values are made of those rows only: the
    /// map of all fields is dear.
    fn frame(
        &mut self,
        lowered: Lowered,
        rows: Option<usize>,
    ) -> Result<(DataFrame, Cells, Order), DataFusionError> {
        match lowered.base {
            Base::Frame { frame, cells, order } => Ok((frame, *cells, order)),
            Base::Events(events) => {
                let parts = self.parts(events.marts.as_deref(), &events.conditions, &asked(&events))?;
                self.united(parts, &events, rows)
            }
        }
    }

    /// Events of whatever form as one frame, at least the first `rows` of them.
    fn united(
        &self,
        parts: Vec<Part>,
        events: &Chosen,
        rows: Option<usize>,
    ) -> Result<(DataFrame, Cells, Order), DataFusionError> {
        let Chosen { conditions, values, sort, rows: taken, .. } = events;
        let rows = taken.map_or(rows, |taken| Some(rows.map_or(taken, |rows| rows.min(taken))));
        let mut united: Option<DataFrame> = None;
        for Part { source, cells } in parts {
            let mut frame = self.frame_of(source)?;
            let met = conditions.iter().map(|condition| cells.condition(condition)).reduce(DfExpr::and);
            if let Some(met) = met {
                frame = frame.filter(met)?;
            }
            if let Some(rows) = rows {
                let by = sort.iter().map(|key| order_of(key, cells.cell(&key.value).value()));
                let by: Vec<Sort> = by.chain(newest_first("")).collect();
                frame = frame.sort(by)?.limit(0, Some(rows))?;
            }
            let values = values_of(&cells, events).into_iter().enumerate();
            let mut columns: Vec<DfExpr> =
                values.map(|(place, value)| value.alias(format!("v{place}"))).collect();
            for (place, key) in sort.iter().enumerate() {
                columns.push(key_of(&cells, key).alias(format!("s{place}")));
            }
            columns.extend(NEWEST_FIRST.map(|name| col(name).alias(format!("order_{name}"))));
            let frame = frame.select(columns)?;
            united = Some(match united {
                Some(united) => united.union(frame)?,
                None => frame,
            });
        }
        let Some(frame) = united else {
            return Err(DataFusionError::Internal("a scan has no parts".to_owned()));
        };
        let cells =
            values.iter().enumerate().map(|(place, value)| Cell::new(col(format!("v{place}")), value.kind));
        let by = sort.iter().enumerate().map(|(place, key)| order_of(key, col(format!("s{place}"))));
        let by: Vec<Sort> = by.chain(newest_first("order_")).collect();
        let cells = Cells::new(cells.collect(), &self.stop);
        match taken {
            Some(_) => Ok((frame.sort(by)?.limit(0, rows)?, cells, Order::Done)),
            None => Ok((frame, cells, Order::By(by))),
        }
    }

    fn frame_of(&self, source: Source) -> Result<DataFrame, DataFusionError> {
        match source {
            Source::Segments(table) => self.session.read_table(Arc::new(table)),
            Source::Memory(records) if records.is_empty() => {
                self.session.read_batch(RecordBatch::new_empty(crate::schema::store_schema()))
            }
            Source::Memory(records) => self.session.read_batches(records),
        }
    }

    /// The events that meet the conditions, by where they have the source fields that are asked for.
    fn parts(
        &mut self,
        marts: Option<&[Mart]>,
        conditions: &[Expr],
        values: &[Expr],
    ) -> Result<Vec<Part>, DataFusionError> {
        let wanted = |mart: &Mart| marts.is_none_or(|marts| marts.contains(mart));
        let bound = Bound::And(conditions.iter().filter_map(scan_bound).collect());
        let segments = self.segments(marts, &bound);
        let is_fields = |place: usize| scan_leaf(place) == Some(Leaf::Fields);
        let mut names = BTreeSet::new();
        conditions.iter().chain(values).for_each(|expr| names_in(expr, &is_fields, &mut names));
        let is_made_whole = |place: usize| matches!(scan_leaf(place), Some(Leaf::Fields | Leaf::Text("raw")));
        let wants_all = conditions.iter().chain(values).any(|expr| wants_map(expr, &is_made_whole));
        let failed = |error: StoreError| DataFusionError::External(error.into());
        let chosen = self.indexes.choose(&segments, &Needs::of(&bound), &bound).map_err(failed)?;
        self.lineage.segments_pruned += (segments.len() - chosen.len()) as u64;
        let opened: Vec<Arc<Segment>> = chosen.iter().map(|chosen| Arc::clone(&chosen.segment)).collect();
        name_segments(&mut self.segments, &opened);
        self.lineage.segment_rows += chosen.iter().map(|chosen| chosen.segment.rows).sum::<u64>();
        let chunks = self.snapshot.chunks.iter().filter(|chunk| wanted(&chunk.mart));
        let records: Vec<RecordBatch> = chunks.map(|chunk| chunk.record.clone()).collect();
        self.lineage.memory_rows += records.iter().map(|record| record.num_rows() as u64).sum::<u64>();
        let of_form = |(table, form)| Part { source: Source::Segments(table), cells: Cells::scan(form) };
        let tables = ColumnTable::by_form(chosen, &names, wants_all, &self.stop);
        let mut parts: Vec<Part> = tables.into_iter().map(of_form).collect();
        if !records.is_empty() || parts.is_empty() {
            let cells = Cells::scan(Form::memory(&self.stop));
            parts.push(Part { source: Source::Memory(records), cells });
        }
        Ok(parts)
    }

    /// The segments that may hold events that meet `bound`, the newest first.
    fn segments(&mut self, marts: Option<&[Mart]>, bound: &Bound) -> Vec<Arc<Segment>> {
        let times = TimeBounds::of(TimeRange::default(), Some(bound));
        let (mut segments, considered) = overlapping(&self.snapshot.segments, marts, &times);
        segments.retain(|segment| may_have_id(bound, segment));
        self.lineage.segments_considered += considered;
        self.lineage.segments_pruned += considered - segments.len() as u64;
        segments
    }

    fn sort(&mut self, lowered: Lowered, keys: &[SortKey]) -> Result<Lowered, DataFusionError> {
        match lowered.base {
            Base::Events(mut events) => {
                let sort = keys.iter().map(|key| {
                    let value = substituted(&key.value, &events.values)?;
                    let is_map = matches!(&value.node, ExprNode::Column(place) if scan_leaf(*place) == Some(Leaf::Fields));
                    (!is_map).then_some(SortKey { value, ..key.clone() })
                });
                match sort.collect::<Option<Vec<_>>>() {
                    Some(mut sort) if events.rows.is_none() => {
                        // What is equal by these remains as it was.
                        sort.append(&mut events.sort);
                        events.sort = sort;
                        Ok(Lowered { base: Base::Events(events) })
                    }
                    _ => {
                        let lowered = self.framed(Lowered { base: Base::Events(events) })?;
                        self.sort(lowered, keys)
                    }
                }
            }
            Base::Frame { frame, cells, order } => {
                let mut by: Vec<Sort> =
                    keys.iter().map(|key| order_of(key, cells.cell(&key.value).value())).collect();
                if let Order::By(more) = order {
                    by.extend(more);
                }
                Ok(Lowered::of(frame.sort(by)?, *cells, Order::Done))
            }
        }
    }

    /// Groups in an order, at least the `first` ones.
    async fn first_groups(&mut self, groups: Ordered<'_>, first: usize) -> Lower {
        let Some(input) = self.lower(groups.input).await? else { return Ok(None) };
        let grouped = self.aggregate(input, groups.keys, groups.aggregates, Some(first)).await?;
        grouped.map(|grouped| self.sort(grouped, groups.order)).transpose()
    }

    async fn aggregate(
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

    /// Pairs of rows with equal keys, in an order that follows from their values.
    fn join(
        &mut self,
        join: JoinType,
        left: Lowered,
        right: Lowered,
        on: &[(usize, usize)],
    ) -> Result<Lowered, DataFusionError> {
        let mut sides = Vec::new();
        for (side, lowered) in [("l", left), ("r", right)] {
            let (frame, cells, _) = self.frame(lowered, None)?;
            let columns = cells.all().iter().enumerate();
            let columns = columns.map(|(place, cell)| cell.value().alias(format!("{side}{place}")));
            sides.push((frame.select(columns.collect::<Vec<_>>())?, cells));
        }
        let (Some((right, right_cells)), Some((left, left_cells))) = (sides.pop(), sides.pop()) else {
            return Err(DataFusionError::Internal("a join has two sides".to_owned()));
        };
        let left_keys: Vec<String> = on.iter().map(|(left, _)| format!("l{left}")).collect();
        let right_keys: Vec<String> = on.iter().map(|(_, right)| format!("r{right}")).collect();
        let left_keys: Vec<&str> = left_keys.iter().map(String::as_str).collect();
        let right_keys: Vec<&str> = right_keys.iter().map(String::as_str).collect();
        let frame = left.join(right, join, &left_keys, &right_keys, None)?;
        let cells_of = |side: &str, cells: &Cells| -> Vec<Cell> {
            let cell =
                |(place, cell): (usize, &Cell)| Cell::nullable(col(format!("{side}{place}")), cell.kind);
            cells.all().iter().enumerate().map(cell).collect()
        };
        let cells = match join {
            JoinType::LeftSemi | JoinType::LeftAnti => cells_of("l", &left_cells),
            JoinType::RightSemi | JoinType::RightAnti => cells_of("r", &right_cells),
            _ => [cells_of("l", &left_cells), cells_of("r", &right_cells)].concat(),
        };
        Ok(Lowered::of(frame, Cells::new(cells, &self.stop), Order::Done))
    }
}

/// Groups that are put into an order.
struct Ordered<'a> {
    input: &'a Node,
    keys: &'a [Expr],
    aggregates: &'a [Aggregate],
    order: &'a [SortKey],
}

/// Groups whose order begins with how many rows they are of, the most first, if `node` is that.
fn most_frequent(node: &Node) -> Option<Ordered<'_>> {
    let Op::Sort { input: groups, keys: order } = &node.op else { return None };
    let Op::Aggregate { input, keys, aggregates } = &groups.op else { return None };
    let by = order.first().filter(|key| key.descending)?;
    let is_first = matches!(&by.value.node, ExprNode::Column(place) if *place == keys.len());
    let counted = aggregates.first()?;
    let is_rows = counted.arguments.is_empty() && computed(counted) == Some(Computed::Count);
    let is_it = is_first && is_rows && !keys.is_empty() && is_native(node) && is_native(groups);
    is_it.then_some(Ordered { input, keys, aggregates, order })
}

/// All that is asked of events but the conditions.
fn asked(events: &Chosen) -> Vec<Expr> {
    events.values.iter().chain(events.sort.iter().map(|key| &key.value)).cloned().collect()
}

/// The values that are asked of events. Those of all parts are of the same types.
fn values_of(cells: &Cells, events: &Chosen) -> Vec<DfExpr> {
    let value = |value: &Expr| {
        let cell = cells.cell(value);
        let is_map =
            matches!(&value.node, ExprNode::Column(place) if scan_leaf(*place) == Some(Leaf::Fields));
        if is_map { cell.expr } else { cast(cell.value(), type_of(value.kind)) }
    };
    events.values.iter().map(value).collect()
}

fn key_of(cells: &Cells, key: &SortKey) -> DfExpr {
    cast(cells.cell(&key.value).value(), type_of(key.value.kind))
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

impl Lowered {
    fn of(frame: DataFrame, cells: Cells, order: Order) -> Self {
        Self { base: Base::Frame { frame, cells: Box::new(cells), order } }
    }

    fn scan(marts: Option<Vec<Mart>>) -> Self {
        let values = SCAN_COLUMNS().iter().enumerate();
        let values = values.map(|(place, header)| Expr::column(place, header.kind.kind())).collect();
        Self {
            base: Base::Events(Chosen {
                marts,
                conditions: Vec::new(),
                values,
                sort: Vec::new(),
                rows: None,
            }),
        }
    }
}

/// The columns that put all events into an order, the newest first.
const NEWEST_FIRST: [&str; 3] = ["time", "partition", "offset"];

fn newest_first(prefix: &str) -> [Sort; 3] {
    NEWEST_FIRST.map(|name| col(format!("{prefix}{name}")).sort(false, false))
}

fn order_of(key: &SortKey, value: DfExpr) -> Sort {
    value.sort(!key.descending, key.nulls_first)
}
