//! Answering: what is in memory first, then the segments, the newest first, in growing groups. A search
//! that is stopped between two groups has an honest partial answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{Expr, col, lit};
use sentra_kql::run::Halt;
use sentra_model::{EventId, Mart, TenantScope, Topic};
use tokio::time::{Instant, timeout_at};

use super::EmbeddedMarts;
use super::expression::condition;
use super::life::unread_of;
use super::prune::{may_have_id, name_segments, overlapping};
use super::stop::Stop;
use super::table::SegmentTable;
use super::tenant::Segment;
use super::tokens::Needs;
use crate::admit::Chunk;
use crate::answer::{
    Hit, answer_columns, gather, hits_of, in_order, json_rows, needed_columns, newest, stored_events,
};
use crate::bound::{Bound, TimeBounds, bind};
use crate::condition::filtered_in_memory;
use crate::kql::TellOnDrop;
use crate::memory::{count_columns, find_events};
use crate::{
    Lineage, MartAnswer, MartQuery, ROWS_MAX, SearchOptions, SegmentRef, Shape, StoppedBy, StoreError,
    StoredEvent,
};

/// Segments in the first group; each group is twice the one before.
const GROUP_SEGMENTS_FIRST: usize = 8;

/// A question with everything it is asked of.
struct Search<'a> {
    marts: &'a EmbeddedMarts,
    condition: Option<Expr>,
    /// What events that meet it have in their texts.
    needs: Needs,
    deadline: Instant,
    lineage: Lineage,
    /// The segments that were opened, for the answer to name.
    opened: Vec<SegmentRef>,
    stopped_by: Option<StoppedBy>,
}

impl EmbeddedMarts {
    pub(super) async fn answer(
        &self,
        scope: &TenantScope,
        query: &MartQuery,
        options: &SearchOptions,
    ) -> Result<MartAnswer, StoreError> {
        let filter = query.filter.as_ref().map(bind).transpose()?;
        let snapshot = self.tenant(scope).await.snapshot();
        let (segments, chunks, mut lineage) =
            choose(snapshot.segments, snapshot.chunks, query, filter.as_ref());
        let needs = filter.as_ref().map_or(Needs::Nothing, Needs::of);
        let segments = self.may_meet(segments, &needs, &mut lineage)?;
        let bounds = TimeBounds::of(query.range, filter.as_ref());
        let deadline = Instant::now() + options.timeout;
        let halt = Halt::default();
        let stop = Stop::new(halt.clone(), deadline);
        let _told = TellOnDrop::new(halt);
        lineage.segments_unread = unread_of(&snapshot.unread, query.marts.as_deref(), bounds);
        let search = Search {
            marts: self,
            condition: condition(query.range, filter.as_ref(), &stop),
            needs,
            deadline,
            lineage,
            opened: Vec::new(),
            stopped_by: None,
        };
        match query.shape {
            Shape::Count => search.count(segments, &chunks).await,
            Shape::Take { rows_max } => search.take(segments, &chunks, rows_max.min(ROWS_MAX), options).await,
        }
    }

    /// Those of `segments` that their own filters do not rule out: the others need no plan.
    fn may_meet(
        &self,
        segments: Vec<Arc<Segment>>,
        needs: &Needs,
        lineage: &mut Lineage,
    ) -> Result<Vec<Arc<Segment>>, StoreError> {
        if *needs == Needs::Nothing {
            // Nothing is opened: a plain count is answered by the manifest alone.
            return Ok(segments);
        }
        let found = self.indexes.choose(&segments, needs)?;
        lineage.segments_pruned += (segments.len() - found.len()) as u64;
        Ok(found.into_iter().map(|chosen| chosen.segment).collect())
    }

    pub(super) async fn look_up(
        &self,
        scope: &TenantScope,
        ids: &[EventId],
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let ids = ids.get(..ROWS_MAX).unwrap_or(ids);
        let snapshot = self.tenant(scope).await.snapshot();
        let records: Vec<RecordBatch> = snapshot.chunks.into_iter().map(|chunk| chunk.record).collect();
        let hits = find_events(&records, ids);
        let mut events = gather(&records, &hits)?.as_ref().map(stored_events).unwrap_or_default();
        let partitions: BTreeSet<u32> =
            ids.iter().filter(|id| id.topic == Topic::Raw).map(|id| id.partition).collect();
        for partition in partitions {
            let offsets: BTreeSet<u64> =
                ids.iter().filter(|id| id.partition == partition).map(|id| id.offset).collect();
            let may_have = |segment: &&Arc<Segment>| {
                segment.partition == partition
                    && offsets.range(segment.offset_min..=segment.offset_max).next().is_some()
            };
            let segments: Vec<_> = snapshot.segments.iter().filter(may_have).cloned().collect();
            events.extend(self.look_up_in(segments, &offsets).await?);
        }
        Ok(in_order(ids, events))
    }

    async fn look_up_in(
        &self,
        segments: Vec<Arc<Segment>>,
        offsets: &BTreeSet<u64>,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        if segments.is_empty() {
            return Ok(Vec::new());
        }
        let failed = || StoreError::datafusion("look up events");
        let wanted = col("offset").in_list(offsets.iter().map(|offset| lit(*offset)).collect(), false);
        let table = self.session.read_table(Arc::new(SegmentTable::all(segments))).map_err(failed())?;
        let found = table.filter(wanted).map_err(failed())?.collect().await.map_err(failed())?;
        Ok(found.iter().flat_map(stored_events).collect())
    }
}

/// The segments and chunks that may hold answers: newest segments first.
fn choose(
    segments: Vec<Arc<Segment>>,
    chunks: Vec<Chunk>,
    query: &MartQuery,
    filter: Option<&Bound>,
) -> (Vec<Arc<Segment>>, Vec<Chunk>, Lineage) {
    let wanted = |mart: &Mart| query.marts.as_ref().is_none_or(|marts| marts.contains(mart));
    let bounds = TimeBounds::of(query.range, filter);
    let (mut segments, considered) = overlapping(&segments, query.marts.as_deref(), &bounds);
    segments.retain(|segment| filter.is_none_or(|filter| may_have_id(filter, segment)));
    let chunks: Vec<_> = chunks.into_iter().filter(|chunk| wanted(&chunk.mart)).collect();
    let lineage = Lineage {
        segments_considered: considered,
        segments_pruned: considered - segments.len() as u64,
        memory_rows: chunks.iter().map(|chunk| chunk.record.num_rows() as u64).sum(),
        ..Lineage::default()
    };
    (segments, chunks, lineage)
}

impl Search<'_> {
    async fn take(
        mut self,
        mut segments: Vec<Arc<Segment>>,
        chunks: &[Chunk],
        rows_max: usize,
        options: &SearchOptions,
    ) -> Result<MartAnswer, StoreError> {
        let columns = answer_columns(options.columns.as_deref());
        let needed = needed_columns(&columns);
        let mut batches = self.in_memory(chunks, &needed)?;
        let mut hits = Vec::new();
        for (index, batch) in batches.iter().enumerate() {
            hits.extend(hits_of(batch, index));
        }
        newest(&mut hits, rows_max);
        let mut group = GROUP_SEGMENTS_FIRST;
        while may_have_newer(&segments, &hits, rows_max) {
            let rest = segments.split_off(group.min(segments.len()));
            self.lineage.segment_rows += segments.iter().map(|segment| segment.rows).sum::<u64>();
            let opened = segments.len();
            name_segments(&mut self.opened, &segments);
            let Some(found) = self.newest_of(std::mem::take(&mut segments), &needed, rows_max).await? else {
                self.lineage.segments_skipped += opened as u64;
                segments = rest;
                break;
            };
            for batch in found {
                hits.extend(hits_of(&batch, batches.len()));
                batches.push(batch);
            }
            newest(&mut hits, rows_max);
            segments = rest;
            group *= 2;
        }
        self.lineage.segments_skipped += segments.len() as u64;
        let rows = gather(&batches, &hits)?.map(|found| json_rows(&found, &columns)).unwrap_or_default();
        Ok(MartAnswer {
            columns,
            rows,
            complete: self.stopped_by.is_none(),
            stopped_by: self.stopped_by,
            lineage: self.lineage,
            segments: self.opened,
        })
    }

    async fn count(
        mut self,
        mut segments: Vec<Arc<Segment>>,
        chunks: &[Chunk],
    ) -> Result<MartAnswer, StoreError> {
        let in_memory = self.in_memory(chunks, &["time"])?;
        let mut total: u64 = in_memory.iter().map(|batch| batch.num_rows() as u64).sum();
        if self.condition.is_none() {
            name_segments(&mut self.opened, &segments);
            total += segments.drain(..).map(|segment| segment.rows).sum::<u64>();
        }
        let mut group = GROUP_SEGMENTS_FIRST;
        while !segments.is_empty() {
            let rest = segments.split_off(group.min(segments.len()));
            self.lineage.segment_rows += segments.iter().map(|segment| segment.rows).sum::<u64>();
            let opened = segments.len();
            name_segments(&mut self.opened, &segments);
            let Some(counted) = self.count_of(std::mem::take(&mut segments)).await? else {
                self.lineage.segments_skipped += (opened + rest.len()) as u64;
                break;
            };
            total += counted;
            segments = rest;
            group *= 2;
        }
        Ok(MartAnswer {
            columns: count_columns(),
            rows: vec![vec![total.into()]],
            complete: self.stopped_by.is_none(),
            stopped_by: self.stopped_by,
            lineage: self.lineage,
            segments: self.opened,
        })
    }

    fn in_memory(&self, chunks: &[Chunk], needed: &[&str]) -> Result<Vec<RecordBatch>, StoreError> {
        filtered_in_memory(&self.marts.session, chunks, self.condition.as_ref(), needed)
    }

    /// The newest rows of `segments`; `None` when the search was stopped.
    async fn newest_of(
        &mut self,
        segments: Vec<Arc<Segment>>,
        needed: &[&str],
        rows_max: usize,
    ) -> Result<Option<Vec<RecordBatch>>, StoreError> {
        let order = ["time", "partition", "offset"].map(|name| col(name).sort(false, false)).to_vec();
        let columns: Vec<Expr> = needed.iter().map(|name| col(*name)).collect();
        let frame = self
            .table(segments)
            .and_then(|table| table.select(columns))
            .and_then(|table| table.sort(order))
            .and_then(|table| table.limit(0, Some(rows_max)))
            .map_err(StoreError::datafusion("plan a search"))?;
        self.run(frame).await
    }

    async fn count_of(&mut self, segments: Vec<Arc<Segment>>) -> Result<Option<u64>, StoreError> {
        let frame = self
            .table(segments)
            .and_then(|table| table.aggregate(Vec::new(), vec![count(lit(1_i64))]))
            .map_err(StoreError::datafusion("plan a count"))?;
        let counted = self.run(frame).await?;
        let number = |batch: &RecordBatch| -> i64 {
            let column = batch.columns().first().and_then(|column| column.as_primitive_opt::<Int64Type>());
            column.map_or(0, |column| column.values().iter().sum())
        };
        Ok(counted.map(|batches| batches.iter().map(number).sum::<i64>().unsigned_abs()))
    }

    fn table(&self, segments: Vec<Arc<Segment>>) -> Result<DataFrame, DataFusionError> {
        let table = {
            let needs = self.needs.clone();
            self.marts.session.read_table(Arc::new(SegmentTable { segments, needs }))?
        };
        match &self.condition {
            Some(condition) => table.filter(condition.clone()),
            None => Ok(table),
        }
    }

    /// Runs a plan within the limits (law LIMIT); `None` when one was reached.
    async fn run(&mut self, frame: DataFrame) -> Result<Option<Vec<RecordBatch>>, StoreError> {
        // A plan that never waits would run to its end without the timer being looked at.
        if Instant::now() >= self.deadline {
            self.stopped_by = Some(StoppedBy::Timeout);
            return Ok(None);
        }
        match timeout_at(self.deadline, frame.collect()).await {
            Err(_) => self.stopped_by = Some(StoppedBy::Timeout),
            Ok(Ok(batches)) => return Ok(Some(batches)),
            // A condition may end the work itself.
            Ok(Err(_)) if Instant::now() >= self.deadline => self.stopped_by = Some(StoppedBy::Timeout),
            Ok(Err(error)) if is_out_of_memory(&error) => self.stopped_by = Some(StoppedBy::Memory),
            Ok(Err(error)) => return Err(StoreError::datafusion("run a search")(error)),
        }
        Ok(None)
    }
}

pub(super) fn is_out_of_memory(error: &DataFusionError) -> bool {
    matches!(error.find_root(), DataFusionError::ResourcesExhausted(_))
}

/// Whether the remaining `segments`, newest first, may hold rows that belong among `hits`.
fn may_have_newer(segments: &[Arc<Segment>], hits: &[Hit], rows_max: usize) -> bool {
    let Some(segment) = segments.first() else { return false };
    if rows_max == 0 {
        return false;
    }
    let oldest = hits.get(rows_max - 1).map(|hit| hit.key.time);
    // At the same time the id decides, so an equal time may still belong.
    oldest.is_none_or(|oldest| segment.last.micros() >= oldest)
}
