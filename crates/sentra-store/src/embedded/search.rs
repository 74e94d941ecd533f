//! Answering: what is in memory first, then the segments, the newest first, in growing groups. A search
//! that is stopped between two groups has an honest partial answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::logical_expr::{Expr, cast, col, lit};
use sentra_kql::Kind;
use sentra_kql::run::Halt;
use sentra_model::{EventId, Mart, TenantScope, Topic};
use tokio::time::{Instant, timeout_at};

use super::EmbeddedMarts;
use super::aggregate::{Input, grouped};
use super::expression::{condition, condition_in};
use super::form::Form;
use super::groups::{Column, Computed, Spec};
use super::index::Chosen;
use super::life::unread_of;
use super::prune::{may_have_id, name_segments, overlapping};
use super::scan::{Newest, Scan, Source, partitions_of};
use super::stop::Stop;
use super::table::{ColumnTable, SegmentTable};
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
use crate::schema::{store_column, store_schema};
use crate::{
    Lineage, MartAnswer, MartQuery, ROWS_MAX, SearchOptions, SegmentRef, Shape, StoppedBy, StoreError,
    StoredEvent, TimeRange,
};

/// Segments in the first group; each group is twice the one before.
const GROUP_SEGMENTS_FIRST: usize = 8;

/// A question with everything it is asked of.
struct Search<'a> {
    marts: &'a EmbeddedMarts,
    range: TimeRange,
    filter: Option<Bound>,
    /// Both, of events in memory.
    condition: Option<Expr>,
    stop: Stop,
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
        let condition_of = |stop: &Stop| condition(query.range, filter.as_ref(), stop);
        // The manifest knows how many events there are: nothing is opened to count them.
        let is_counted = matches!(query.shape, Shape::Count) && condition_of(&Stop::default()).is_none();
        let (whole, segments) = if is_counted { (segments, Vec::new()) } else { (Vec::new(), segments) };
        // Segments that their own filters rule out are not looked at.
        let needs = filter.as_ref().map_or(Needs::Nothing, Needs::of);
        let found =
            self.indexes.choose(&segments, &needs, filter.as_ref().unwrap_or(&Bound::Constant(true)))?;
        lineage.segments_pruned += (segments.len() - found.len()) as u64;
        let bounds = TimeBounds::of(query.range, filter.as_ref());
        let deadline = Instant::now() + options.timeout;
        let halt = Halt::default();
        let stop = Stop::new(halt.clone(), deadline);
        let _told = TellOnDrop::new(halt);
        lineage.segments_unread = unread_of(&snapshot.unread, query.marts.as_deref(), bounds);
        let search = Search {
            marts: self,
            range: query.range,
            condition: condition_of(&stop),
            filter: filter.clone(),
            stop,
            deadline,
            lineage,
            opened: Vec::new(),
            stopped_by: None,
        };
        match query.shape {
            Shape::Count => search.count(found, &whole, &chunks).await,
            Shape::Take { rows_max } => search.take(found, &chunks, rows_max.min(ROWS_MAX), options).await,
        }
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
        mut segments: Vec<Chosen>,
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
            let opened = self.open(&segments);
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

    /// Counts what meets the condition in `segments`, and all of the segments `whole`.
    async fn count(
        mut self,
        mut segments: Vec<Chosen>,
        whole: &[Arc<Segment>],
        chunks: &[Chunk],
    ) -> Result<MartAnswer, StoreError> {
        let in_memory = self.in_memory(chunks, &["time"])?;
        let mut total: u64 = in_memory.iter().map(|batch| batch.num_rows() as u64).sum();
        name_segments(&mut self.opened, whole);
        total += whole.iter().map(|segment| segment.rows).sum::<u64>();
        let mut group = GROUP_SEGMENTS_FIRST;
        while !segments.is_empty() {
            let rest = segments.split_off(group.min(segments.len()));
            let opened = self.open(&segments);
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
        segments: Vec<Chosen>,
        needed: &[&str],
        rows_max: usize,
    ) -> Result<Option<Vec<RecordBatch>>, StoreError> {
        let values = |form: &Form| {
            let wanted = needed.iter().map(|name| value(form, name));
            wanted.chain(["time", "partition", "offset"].map(col)).collect()
        };
        let scans = self.scans(segments, needed, values).map_err(StoreError::datafusion("plan a search"))?;
        let (values, partitions) = (needed.len(), partitions_of(&self.marts.session));
        let newest = Newest { scans, values, order: Vec::new(), rows_max, partitions };
        let (pool, stop) = (self.pool(), self.stop.clone());
        let Some(batches) = self.run(newest.rows(&pool, &stop)).await? else { return Ok(None) };
        let places: Vec<usize> = needed.iter().filter_map(|name| store_column(name)).collect();
        let schema = store_schema().project(&places).map_err(StoreError::arrow("choose columns"))?;
        let schema = Arc::new(schema);
        let named = |batch: RecordBatch| RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec());
        let named: Result<_, _> = batches.into_iter().map(named).collect();
        named.map(Some).map_err(StoreError::arrow("name the columns of a search"))
    }

    async fn count_of(&mut self, segments: Vec<Chosen>) -> Result<Option<u64>, StoreError> {
        let scans = self.scans(segments, &[], |_| vec![lit(true)]);
        let scans = scans.map_err(StoreError::datafusion("plan a count"))?;
        let (computed, outputs) = (Computed::Count, vec![Kind::Long]);
        let column = Column { computed, value: None, condition: None, constants: Vec::new(), outputs };
        let spec = Spec { keys: Vec::new(), columns: vec![column], places: None, first: None };
        let input = Input::Scans(scans, partitions_of(&self.marts.session));
        let (pool, stop) = (self.pool(), self.stop.clone());
        let Some(counted) = self.run(grouped(input, spec, &pool, &stop)).await? else { return Ok(None) };
        let column = counted.columns().first().and_then(|column| column.as_primitive_opt::<Int64Type>());
        Ok(Some(column.map_or(0, |column| column.values().iter().sum::<i64>().unsigned_abs())))
    }

    fn pool(&self) -> Arc<dyn MemoryPool> {
        Arc::clone(&self.marts.session.runtime_env().memory_pool)
    }

    /// Notes that `segments` are read; gives their number.
    fn open(&mut self, segments: &[Chosen]) -> usize {
        self.lineage.segment_rows += segments.iter().map(|chosen| chosen.segment.rows).sum::<u64>();
        name_segments(&mut self.opened, &segments_of(segments));
        segments.len()
    }

    /// What is asked of `segments`: `values` of the rows that meet the condition, which are made of the columns `needed`.
    fn scans(
        &self,
        segments: Vec<Chosen>,
        needed: &[&str],
        values: impl Fn(&Form) -> Vec<Expr>,
    ) -> Result<Vec<Scan>, DataFusionError> {
        let mut names = BTreeSet::new();
        let asks_raw = self.filter.as_ref().is_some_and(|filter| names_in(filter, &mut names));
        let is_whole = asks_raw || needed.iter().any(|name| ["fields", "raw"].contains(name));
        let (session, indexes) = (&self.marts.session, &self.marts.indexes);
        let scan = |(table, form): (ColumnTable, Form)| {
            let condition = condition_in(&form, self.range, self.filter.as_ref());
            let values = values(&form);
            Scan::new(session, indexes, Source::Segments(table), condition.into_iter().collect(), values)
        };
        ColumnTable::by_form(segments, &names, is_whole, &self.stop).into_iter().map(scan).collect()
    }

    /// Runs what is within the limits (law LIMIT); `None` when one was reached.
    async fn run<T>(
        &mut self,
        work: impl Future<Output = Result<T, DataFusionError>>,
    ) -> Result<Option<T>, StoreError> {
        // A plan that never waits would run to its end without the timer being looked at.
        if Instant::now() >= self.deadline {
            self.stopped_by = Some(StoppedBy::Timeout);
            return Ok(None);
        }
        match timeout_at(self.deadline, work).await {
            Err(_) => self.stopped_by = Some(StoppedBy::Timeout),
            Ok(Ok(found)) => return Ok(Some(found)),
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

fn segments_of(chosen: &[Chosen]) -> Vec<Arc<Segment>> {
    chosen.iter().map(|chosen| Arc::clone(&chosen.segment)).collect()
}

/// A stored column, in the type of the store.
fn value(form: &Form, name: &str) -> Expr {
    match name {
        "fields" => form.fields(),
        "raw" => form.raw(),
        name => match store_schema().field_with_name(name) {
            Ok(field) => cast(col(name), field.data_type().clone()),
            Err(_) => col(name),
        },
    }
}

/// Adds the source fields that `bound` asks for to `names`; gives whether it asks for the raw record.
fn names_in(bound: &Bound, names: &mut BTreeSet<String>) -> bool {
    match bound {
        Bound::Not(part) => names_in(part, names),
        Bound::And(parts) | Bound::Or(parts) => {
            // All of them, whatever the first one asks for.
            parts.iter().filter(|part| names_in(part, names)).count() > 0
        }
        Bound::Source { name, .. } => {
            names.insert(name.clone());
            false
        }
        Bound::Raw { .. } => true,
        _ => false,
    }
}

/// Whether the remaining `segments`, newest first, may hold rows that belong among `hits`.
fn may_have_newer(segments: &[Chosen], hits: &[Hit], rows_max: usize) -> bool {
    let Some(Chosen { segment, .. }) = segments.first() else { return false };
    if rows_max == 0 {
        return false;
    }
    let oldest = hits.get(rows_max - 1).map(|hit| hit.key.time);
    // At the same time the id decides, so an equal time may still belong.
    oldest.is_none_or(|oldest| segment.last.micros() >= oldest)
}
