//! Events as the input of what is asked of them: which segments hold them and how their values are reached.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SortOptions;
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::{Expr as DfExpr, col};
use sentra_kql::plan::{Expr, SortKey};
use sentra_model::Mart;

use super::Events;
use super::lowered::{
    Base, Chosen, Lowered, NEWEST_FIRST, Order, asked, key_of, newest_first, order_of, values_of,
};
use crate::bound::{Bound, TimeBounds};
use crate::embedded::form::{Form, names_in, wants_map};
use crate::embedded::prune::{may_have_id, name_segments, overlapping};
use crate::embedded::resolve::{Cell, Cells, scan_bound, scan_leaf};
use crate::embedded::scan::{Newest, Scan, Source, partitions_of};
use crate::embedded::table::ColumnTable;
use crate::embedded::tenant::Segment;
use crate::embedded::tokens::Needs;
use crate::kql::Leaf;
use crate::schema::store_schema;
use crate::{StoreError, TimeRange};

/// The events of a scan, of one form.
pub(super) struct Part {
    pub(super) source: Source,
    pub(super) cells: Cells,
}

impl Events {
    /// At most `rows` of the events of `parts`, read without a plan.
    pub(super) fn newest(
        &self,
        parts: Vec<Part>,
        events: &Chosen,
        rows: usize,
    ) -> Result<Newest, DataFusionError> {
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

    pub(super) fn scan(
        &self,
        source: Source,
        cells: &Cells,
        conditions: &[Expr],
        values: Vec<DfExpr>,
    ) -> Result<Scan, DataFusionError> {
        let conditions = conditions.iter().map(|condition| cells.condition(condition)).collect();
        Scan::new(&self.session, &self.indexes, source, conditions, values)
    }

    pub(super) fn partitions(&self) -> usize {
        partitions_of(&self.session)
    }

    /// The first `rows` rows in the order of the language.
    pub(super) fn ordered(
        &mut self,
        lowered: Lowered,
        rows: usize,
    ) -> Result<(DataFrame, Cells), DataFusionError> {
        let (frame, cells, order) = self.frame(lowered, Some(rows))?;
        let frame = match order {
            Order::Done => frame,
            Order::By(keys) => frame.sort(keys)?,
        };
        Ok((frame.limit(0, Some(rows))?, cells))
    }

    pub(super) fn framed(&mut self, lowered: Lowered) -> Result<Lowered, DataFusionError> {
        let (frame, cells, order) = self.frame(lowered, None)?;
        Ok(Lowered::of(frame, cells, order))
    }

    /// Events of whatever form as one frame, at least the first `rows` of them. Values are made of those rows only: the
    /// map of all fields is dear.
    pub(super) fn frame(
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
    pub(super) fn united(
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

    pub(super) fn frame_of(&self, source: Source) -> Result<DataFrame, DataFusionError> {
        match source {
            Source::Segments(table) => self.session.read_table(Arc::new(table)),
            Source::Memory(records) if records.is_empty() => {
                self.session.read_batch(RecordBatch::new_empty(store_schema()))
            }
            Source::Memory(records) => self.session.read_batches(records),
        }
    }

    /// The events that meet the conditions, by where they have the source fields that are asked for.
    pub(super) fn parts(
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
    pub(super) fn segments(&mut self, marts: Option<&[Mart]>, bound: &Bound) -> Vec<Arc<Segment>> {
        let times = TimeBounds::of(TimeRange::default(), Some(bound));
        let (mut segments, considered) = overlapping(&self.snapshot.segments, marts, &times);
        segments.retain(|segment| may_have_id(bound, segment));
        self.lineage.segments_considered += considered;
        self.lineage.segments_pruned += considered - segments.len() as u64;
        segments
    }
}
