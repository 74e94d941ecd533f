use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use async_trait::async_trait;
use datafusion::prelude::SessionContext;
use sentra_kql::plan::Plan;
use sentra_kql::run::Dataset;
use sentra_model::{EventBatch, EventId, Mart, Position, TenantId, TenantScope, Timestamp};
use tokio::sync::RwLock;

use crate::admit::{Chunk, admit};
use crate::answer::{Hit, answer_columns, gather, hits_of, in_order, json_rows, newest, stored_events};
use crate::bound::{Bound, TimeBounds, bind};
use crate::condition::{filtered_in_memory, parsed_condition, session_config};
use crate::kql::{Scan, event_rows, interpret, marts_of, scans};
use crate::readback::{ByMart, event_batches};
use crate::row::holds;
use crate::schema::{Keys, store_schema};
use crate::seen::Tally;
use crate::stream::time_span;
use crate::{
    AskLimits, BackPage, Column, ColumnKind, Horizon, Lineage, MartAnswer, MartQuery, MartStats, MartStore,
    PlanAnswer, PlanEstimate, ROWS_MAX, ReadBack, ScanEstimate, SearchOptions, Seen, SeenRequest, Shape,
    StoreError, StoredEvent, event_catalog,
};

/// Marts in memory, for tests and for commands that store nothing. It evaluates row by row: slow, and the
/// reference for the other engines. It takes no notice of [`SearchOptions::timeout`].
#[derive(Debug, Default)]
pub struct MemoryMarts {
    tenants: RwLock<BTreeMap<TenantId, Tenant>>,
}

#[derive(Debug, Default)]
struct Tenant {
    chunks: Vec<Chunk>,
    taken: BTreeMap<u32, u64>,
    durable: BTreeMap<u32, u64>,
    declared: Vec<Mart>,
}

impl Tenant {
    /// The marts that can be asked beside the default ones.
    fn registered(&self) -> Vec<Mart> {
        let mut marts = self.declared.clone();
        marts.extend(self.chunks.iter().map(|chunk| chunk.mart.clone()));
        marts
    }
}

impl MemoryMarts {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl MartStore for MemoryMarts {
    async fn append(
        &self,
        scope: &TenantScope,
        batches: Vec<EventBatch>,
        next: Position,
    ) -> Result<(), StoreError> {
        let mut tenants = self.tenants.write().await;
        let tenant = tenants.entry(scope.tenant().clone()).or_default();
        let taken = tenant.taken.entry(next.partition).or_default();
        let chunks = admit(scope, &batches, next, *taken)?;
        *taken = (*taken).max(next.offset);
        tenant.chunks.extend(chunks);
        Ok(())
    }

    async fn flush(&self, scope: &TenantScope) -> Result<(), StoreError> {
        if let Some(tenant) = self.tenants.write().await.get_mut(scope.tenant()) {
            tenant.durable.clone_from(&tenant.taken);
        }
        Ok(())
    }

    async fn position(&self, scope: &TenantScope, partition: u32) -> Result<u64, StoreError> {
        let tenants = self.tenants.read().await;
        let durable = tenants.get(scope.tenant()).and_then(|tenant| tenant.durable.get(&partition));
        Ok(durable.copied().unwrap_or_default())
    }

    async fn search_with(
        &self,
        scope: &TenantScope,
        query: &MartQuery,
        options: &SearchOptions,
    ) -> Result<MartAnswer, StoreError> {
        let filter = query.filter.as_ref().map(bind).transpose()?;
        let tenants = self.tenants.read().await;
        let records: Vec<RecordBatch> = tenants.get(scope.tenant()).map_or_else(Vec::new, |tenant| {
            let wanted = |mart: &Mart| query.marts.as_ref().is_none_or(|marts| marts.contains(mart));
            tenant.chunks.iter().filter(|c| wanted(&c.mart)).map(|c| c.record.clone()).collect()
        });
        drop(tenants);
        let hits = find(&records, query, filter.as_ref());
        let memory_rows = records.iter().map(|record| record.num_rows() as u64).sum();
        let lineage = Lineage { memory_rows, ..Lineage::default() };
        answer(&records, hits, query.shape, options, lineage)
    }

    async fn ask(
        &self,
        scope: &TenantScope,
        plan: &Plan,
        limits: &AskLimits,
    ) -> Result<PlanAnswer, StoreError> {
        let tenants = self.tenants.read().await;
        let tenant = tenants.get(scope.tenant());
        let chunks = tenant.map(|tenant| tenant.chunks.clone()).unwrap_or_default();
        let registered = tenant.map(Tenant::registered).unwrap_or_default();
        drop(tenants);
        let mut rows: Vec<_> = chunks
            .iter()
            .flat_map(|chunk| event_rows(&chunk.record).map(|found| (&chunk.mart, found)))
            .collect();
        rows.sort_by_key(|(_, (key, _))| std::cmp::Reverse(*key));
        let mut data = Dataset::new();
        for table in event_catalog(&registered).tables {
            let marts = marts_of(&table.name);
            let wanted = |mart: &Mart| marts.as_ref().is_none_or(|marts| marts.contains(mart));
            let of_table = rows.iter().filter(|(mart, _)| wanted(mart));
            data.insert(table.name, of_table.map(|(_, (_, row))| row.clone()).collect());
        }
        let memory_rows = rows.len() as u64;
        drop(rows);
        let mut found = interpret(plan.clone(), data).await?;
        let cut = found.len() > limits.rows_max;
        found.truncate(limits.rows_max);
        Ok(PlanAnswer {
            columns: plan.columns().to_vec(),
            rows: found,
            cut,
            stopped_by: None,
            lineage: Lineage { memory_rows, ..Lineage::default() },
            segments: Vec::new(),
            rollups: Vec::new(),
            engines: vec!["the interpreter".to_owned()],
        })
    }

    async fn horizon(&self, scope: &TenantScope) -> Result<Horizon, StoreError> {
        let tenants = self.tenants.read().await;
        let Some(tenant) = tenants.get(scope.tenant()) else { return Ok(Horizon::default()) };
        let extents = tenant.chunks.iter().filter_map(time_span).collect();
        Ok(Horizon { taken: tenant.taken.clone(), extents })
    }

    async fn seen(&self, scope: &TenantScope, request: &SeenRequest) -> Result<Vec<Seen>, StoreError> {
        let tenants = self.tenants.read().await;
        let mut tally = Tally::new(request);
        for chunk in tenants.get(scope.tenant()).into_iter().flat_map(|tenant| tenant.chunks.iter().rev()) {
            if tally.wants(&chunk.mart) {
                tally.add(&chunk.record);
            }
        }
        Ok(tally.finished())
    }

    async fn estimate(&self, scope: &TenantScope, plan: &Plan) -> Result<PlanEstimate, StoreError> {
        let tenants = self.tenants.read().await;
        let chunks = tenants.get(scope.tenant()).map(|tenant| tenant.chunks.as_slice()).unwrap_or_default();
        let estimate = |scan: Scan| {
            let memory_rows = rows_in_memory(chunks, scan.marts.as_deref());
            ScanEstimate { table: scan.table, memory_rows, ..ScanEstimate::default() }
        };
        Ok(PlanEstimate { scans: scans(plan).into_iter().map(estimate).collect() })
    }

    async fn events(&self, scope: &TenantScope, ids: &[EventId]) -> Result<Vec<StoredEvent>, StoreError> {
        let tenants = self.tenants.read().await;
        let Some(tenant) = tenants.get(scope.tenant()) else { return Ok(Vec::new()) };
        let records: Vec<RecordBatch> = tenant.chunks.iter().map(|chunk| chunk.record.clone()).collect();
        let ids = ids.get(..ROWS_MAX).unwrap_or(ids);
        let hits = find_events(&records, ids);
        let found = gather(&records, &hits)?;
        Ok(in_order(ids, found.as_ref().map(stored_events).unwrap_or_default()))
    }

    async fn read_back(&self, scope: &TenantScope, request: &ReadBack) -> Result<BackPage, StoreError> {
        let filter = request.filter.as_ref().map(bind).transpose()?;
        let tenants = self.tenants.read().await;
        let chunks = tenants.get(scope.tenant()).map(|tenant| tenant.chunks.as_slice()).unwrap_or_default();
        let mut found = ByMart::new();
        let wanted = |mart: &Mart| request.marts.as_ref().is_none_or(|marts| marts.contains(mart));
        let session = SessionContext::new_with_config(session_config());
        let condition =
            request.condition.as_deref().map(|text| parsed_condition(&session, text)).transpose()?;
        let schema = store_schema();
        let all: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        for chunk in chunks.iter().filter(|c| c.partition == request.partition && wanted(&c.mart)) {
            let met = filtered_in_memory(&session, std::slice::from_ref(chunk), condition.as_ref(), &all)?;
            found.entry(chunk.mart.clone()).or_default().extend(met);
        }
        let query = MartQuery { range: request.range, ..MartQuery::default() };
        let mut batches = Vec::new();
        for (mart, records) in &found {
            let mut rows = find(records, &query, filter.as_ref());
            rows.retain(|row| row.key.offset >= request.from);
            batches.extend(event_batches(scope.tenant(), mart, records, rows)?);
        }
        Ok(BackPage { batches, ..BackPage::default() })
    }

    async fn declare_marts(&self, scope: &TenantScope, marts: Vec<Mart>) {
        self.tenants.write().await.entry(scope.tenant().clone()).or_default().declared = marts;
    }

    async fn drop_mart(&self, scope: &TenantScope, mart: &Mart) -> Result<u64, StoreError> {
        let mut tenants = self.tenants.write().await;
        let Some(tenant) = tenants.get_mut(scope.tenant()) else { return Ok(0) };
        let of_mart = tenant.chunks.iter().filter(|chunk| chunk.mart == *mart);
        let rows = of_mart.map(|chunk| chunk.record.num_rows() as u64).sum();
        tenant.chunks.retain(|chunk| chunk.mart != *mart);
        tenant.durable.clone_from(&tenant.taken);
        Ok(rows)
    }

    async fn stats(&self, scope: &TenantScope) -> Result<Vec<MartStats>, StoreError> {
        let tenants = self.tenants.read().await;
        let Some(tenant) = tenants.get(scope.tenant()) else { return Ok(Vec::new()) };
        let declared = tenant.declared.iter().map(|mart| (mart.clone(), MartStats::empty(mart)));
        let mut marts: BTreeMap<Mart, MartStats> = declared.collect();
        for chunk in &tenant.chunks {
            add_memory(
                marts.entry(chunk.mart.clone()).or_insert_with(|| MartStats::empty(&chunk.mart)),
                chunk,
            );
        }
        Ok(marts.into_values().collect())
    }

    async fn names(&self, scope: &TenantScope) -> Result<Vec<Mart>, StoreError> {
        let tenants = self.tenants.read().await;
        let Some(tenant) = tenants.get(scope.tenant()) else { return Ok(Vec::new()) };
        let held = tenant.chunks.iter().map(|chunk| &chunk.mart);
        let names: std::collections::BTreeSet<&Mart> = held.chain(&tenant.declared).collect();
        Ok(names.into_iter().cloned().collect())
    }
}

/// Rows of `chunks` of `marts`; `None` for all.
pub(crate) fn rows_in_memory(chunks: &[Chunk], marts: Option<&[Mart]>) -> u64 {
    let wanted = |mart: &Mart| marts.is_none_or(|marts| marts.contains(mart));
    chunks.iter().filter(|chunk| wanted(&chunk.mart)).map(|chunk| chunk.record.num_rows() as u64).sum()
}

/// Counts a chunk in memory.
pub(crate) fn add_memory(stats: &mut MartStats, chunk: &Chunk) {
    stats.memory_rows += chunk.record.num_rows() as u64;
    let Some(keys) = Keys::of(&chunk.record) else { return };
    for row in 0..chunk.record.num_rows() {
        widen(stats, Timestamp::from_micros(keys.key(row).time));
    }
}

/// Widens the time span of `stats` to `time`.
pub(crate) fn widen(stats: &mut MartStats, time: Timestamp) {
    stats.first = Some(stats.first.map_or(time, |first| first.min(time)));
    stats.last = Some(stats.last.map_or(time, |last| last.max(time)));
}

/// The rows of `records` with one of the `ids`.
pub(crate) fn find_events(records: &[RecordBatch], ids: &[EventId]) -> Vec<Hit> {
    let wanted: std::collections::BTreeSet<EventId> = ids.iter().copied().collect();
    let mut hits = Vec::new();
    for (index, record) in records.iter().enumerate() {
        let found = |hit: &Hit| wanted.contains(&EventId::raw(hit.key.partition, hit.key.offset));
        hits.extend(hits_of(record, index).into_iter().filter(found));
    }
    hits
}

fn find(records: &[RecordBatch], query: &MartQuery, filter: Option<&Bound>) -> Vec<Hit> {
    let range = TimeBounds::of(query.range, None);
    let mut hits = Vec::new();
    for (index, record) in records.iter().enumerate() {
        let in_range = |hit: &Hit| range.first <= hit.key.time && hit.key.time <= range.last;
        let matches = |hit: &Hit| filter.is_none_or(|filter| holds(filter, record, hit.row));
        hits.extend(hits_of(record, index).into_iter().filter(|hit| in_range(hit) && matches(hit)));
    }
    hits
}

fn answer(
    records: &[RecordBatch],
    mut hits: Vec<Hit>,
    shape: Shape,
    options: &SearchOptions,
    lineage: Lineage,
) -> Result<MartAnswer, StoreError> {
    let (columns, rows) = match shape {
        Shape::Count => (count_columns(), vec![vec![hits.len().into()]]),
        Shape::Take { rows_max } => {
            newest(&mut hits, rows_max.min(ROWS_MAX));
            let columns = answer_columns(options.columns.as_deref());
            let rows = gather(records, &hits)?.map(|found| json_rows(&found, &columns)).unwrap_or_default();
            (columns, rows)
        }
    };
    Ok(MartAnswer { columns, rows, complete: true, stopped_by: None, lineage, segments: Vec::new() })
}

/// The columns of a [`Shape::Count`] answer.
pub(crate) fn count_columns() -> Vec<Column> {
    vec![Column { name: "count".to_owned(), kind: ColumnKind::Long }]
}
