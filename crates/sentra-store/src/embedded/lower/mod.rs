//! From a plan to what gives its rows, as far as that goes: events as they are stored are read by their columns, what
//! operators make of rows is for DataFusion.

mod group;
mod lowered;
mod read;

use std::sync::Arc;

use arrow_array::RecordBatch;
use datafusion::common::JoinType;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::col;
use datafusion::logical_expr::expr::Sort;
use datafusion::prelude::SessionContext;
use futures::FutureExt;
use futures::future::BoxFuture;
use sentra_kql::Builtin;
use sentra_kql::plan::{Expr, ExprNode, Node, Op, SortKey};

use super::index::Indexes;
use super::native::{is_native, join_type, joinable};
use super::resolve::{Cell, Cells, scan_leaf};
use super::stop::Stop;
use super::substitute::{all_substituted, substituted};
use super::tenant::Snapshot;
use crate::kql::{Leaf, marts_of};
use crate::{Lineage, SegmentRef};
use group::most_frequent;
use lowered::{Base, Order, asked, order_of};

pub(super) use lowered::{Lowered, Rows};

/// Most events that are put into another order than their own without a plan: DataFusion knows while it reads which
/// rows cannot be among the first.
const SORTED_ROWS_MAX: u64 = 1_000_000;

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
