//! Events read by their columns, without a plan of DataFusion: of every row group first the columns of the conditions, then
//! the others for the rows that meet them.
//!
//! Planning costs as much for three rows as for ten million, and opening a file the more the more columns it has. What is
//! asked of events as they are stored needs neither: expressions are translated once, footers are in memory, and row
//! groups are dealt out to as many threads as a query has partitions, one at a time, so that none waits for another.
//!
//! Invariant: nothing here decides what a condition or a value means. It evaluates the same expressions that DataFusion
//! would, over the same columns.

mod newest;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use arrow_select::filter::filter_record_batch;
use datafusion::common::{DFSchema, Result, exec_datafusion_err};
use datafusion::datasource::physical_plan::parquet::RowGroupAccess;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Expr as DfExpr;
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::physical_expr::utils::{collect_columns, reassign_expr_columns};
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::SessionContext;
use futures::future::BoxFuture;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicate, ArrowPredicateFn, ArrowReaderMetadata, ParquetRecordBatchReaderBuilder, RowFilter,
    RowSelection,
};
use parquet::schema::types::SchemaDescriptor;
use tokio::task::JoinSet;

use super::alias_read::over_sources;
use super::index::{Chosen, Indexes};
use super::promoted::column_of;
use super::stop::Stop;
use super::table::ColumnTable;
use crate::condition::physical;
use crate::schema::store_schema;

pub(super) use newest::Newest;

/// Rows of a batch: those of a page.
const BATCH_ROWS: usize = 8_192;

/// Events of one form.
pub(super) enum Source {
    Segments(ColumnTable),
    Memory(Vec<RecordBatch>),
}

impl Source {
    /// Rows that are looked at, at most.
    pub(super) fn rows(&self) -> u64 {
        match self {
            Self::Segments(table) => table.chosen.iter().map(Chosen::rows).sum(),
            Self::Memory(records) => records.iter().map(|record| record.num_rows() as u64).sum(),
        }
    }
}

/// An expression and the columns it is over.
#[derive(Clone)]
struct Compiled {
    exprs: Vec<Arc<dyn PhysicalExpr>>,
    columns: SchemaRef,
}

/// What is asked of the events of one form: values of the rows that meet all conditions.
pub(super) struct Scan {
    source: Source,
    indexes: Arc<Indexes>,
    /// The narrow columns first.
    conditions: Vec<Compiled>,
    values: Compiled,
}

/// Rows that one thread reads at a time.
pub(super) struct Unit {
    scan: usize,
    place: UnitPlace,
    /// No row is newer.
    last: i64,
}

enum UnitPlace {
    Memory(usize),
    Group { chosen: usize, group: usize, selection: Option<RowSelection> },
}

/// Where the values of some rows go. Gives whether more are wanted.
pub(super) type Take<'a> = &'a mut dyn FnMut(Vec<ArrayRef>, usize) -> Result<bool>;

impl Scan {
    pub(super) fn new(
        session: &SessionContext,
        indexes: &Arc<Indexes>,
        source: Source,
        conditions: Vec<DfExpr>,
        values: Vec<DfExpr>,
    ) -> Result<Self> {
        let schema = match &source {
            Source::Segments(table) => Arc::clone(&table.schema),
            Source::Memory(_) => store_schema(),
        };
        let conditions = conditions.into_iter().flat_map(split_conjunction_owned);
        let conditions = conditions.map(|condition| compiled(session, vec![condition], &schema));
        let mut conditions: Vec<Compiled> = conditions.collect::<Result<_>>()?;
        let values = compiled(session, values, &schema)?;
        if let Source::Segments(table) = &source
            && conditions.len() > 1
            && let Some(first) = table.chosen.first()
        {
            let reader = indexes.reader(&first.segment).map_err(external)?;
            conditions.sort_by_cached_key(|condition| bytes_of(&condition.columns, &reader));
        }
        Ok(Self { source, indexes: Arc::clone(indexes), conditions, values })
    }

    fn units(&self, scan: usize) -> Vec<Unit> {
        let table = match &self.source {
            Source::Memory(records) => {
                let unit = |place| Unit { scan, place: UnitPlace::Memory(place), last: i64::MAX };
                return (0..records.len()).map(unit).collect();
            }
            Source::Segments(table) => table,
        };
        let mut units = Vec::new();
        for (chosen, of) in table.chosen.iter().enumerate() {
            for group in 0..of.index.groups() {
                let access = of.access.as_ref().and_then(|access| access.inner().get(group));
                let selection = match access {
                    Some(RowGroupAccess::Skip) => continue,
                    Some(RowGroupAccess::Selection(selection)) => Some(selection.clone()),
                    Some(RowGroupAccess::Scan) | None => None,
                };
                let last = of.index.newest_of(group).unwrap_or(of.segment.last.micros());
                units.push(Unit { scan, place: UnitPlace::Group { chosen, group, selection }, last });
            }
        }
        units
    }

    /// Hands the values of the rows of `unit` that meet the conditions to `take`, of at most the `rows_max` first.
    fn read(&self, unit: &Unit, rows_max: Option<usize>, stop: &Stop, take: Take<'_>) -> Result<()> {
        stop.take(0)?;
        match (&unit.place, &self.source) {
            (UnitPlace::Memory(place), Source::Memory(records)) => {
                let record = records.get(*place).ok_or_else(missing)?;
                self.read_record(record, stop, take)
            }
            (UnitPlace::Group { chosen, group, selection }, Source::Segments(table)) => {
                let chosen = table.chosen.get(*chosen).ok_or_else(missing)?;
                self.read_group(chosen, *group, selection.clone(), rows_max, stop, take)
            }
            _ => Err(missing()),
        }
    }

    fn read_record(&self, record: &RecordBatch, stop: &Stop, take: Take<'_>) -> Result<()> {
        for from in (0..record.num_rows()).step_by(BATCH_ROWS) {
            let mut batch = record.slice(from, BATCH_ROWS.min(record.num_rows() - from));
            for condition in &self.conditions {
                let met = condition.met(&batch, stop)?;
                batch = filter_record_batch(&batch, &met)?;
            }
            if batch.num_rows() > 0 && !take(self.values.of(&batch)?, batch.num_rows())? {
                break;
            }
        }
        Ok(())
    }

    fn read_group(
        &self,
        chosen: &Chosen,
        group: usize,
        selection: Option<RowSelection>,
        rows_max: Option<usize>,
        stop: &Stop,
        take: Take<'_>,
    ) -> Result<()> {
        let reader = self.indexes.reader(&chosen.segment).map_err(external)?;
        let blocks = self.indexes.file(&chosen.segment).map_err(external)?;
        // What the decoder makes of an error is its text alone.
        let failure: Arc<Mutex<Option<DataFusionError>>> = Arc::default();
        let failed = |error: DataFusionError| {
            let known = failure.lock().unwrap_or_else(PoisonError::into_inner).take();
            known.unwrap_or(error)
        };
        let values = self.values.in_file(chosen)?;
        let conditions = self.conditions.iter().map(|condition| condition.in_file(chosen));
        let conditions: Vec<Compiled> = conditions.collect::<Result<_>>()?;
        let predicates = conditions.into_iter().map(|condition| {
            let mask = mask(&condition.columns, &reader);
            let (stop, failure) = (stop.clone(), Arc::clone(&failure));
            let met = move |batch: RecordBatch| {
                condition.met(&batch, &stop).map_err(|error| {
                    *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    ArrowError::ComputeError("a condition cannot be evaluated".to_owned())
                })
            };
            Box::new(ArrowPredicateFn::new(mask, met)) as Box<dyn ArrowPredicate>
        });
        let filter = RowFilter::new(predicates.collect());
        let projection = mask(&values.columns, &reader);
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(blocks, reader)
            .with_row_groups(vec![group])
            .with_batch_size(BATCH_ROWS)
            .with_projection(projection)
            .with_row_filter(filter);
        if let Some(selection) = selection {
            builder = builder.with_row_selection(selection);
        }
        if let Some(rows) = rows_max {
            builder = builder.with_limit(rows);
        }
        for batch in builder.build().map_err(|error| failed(error.into()))? {
            let batch = batch.map_err(|error| failed(error.into()))?;
            stop.take(0)?;
            if batch.num_rows() > 0 && !take(values.of(&batch)?, batch.num_rows())? {
                break;
            }
        }
        Ok(())
    }
}

impl Compiled {
    /// The same over the columns of a segment, some of which say in the place of others what these say.
    fn in_file(&self, chosen: &Chosen) -> Result<Self> {
        let mut aliases = chosen.index.entry.aliases.clone();
        aliases.retain(|field, _| self.columns.column_with_name(&column_of(field)).is_some());
        if aliases.is_empty() {
            return Ok(self.clone());
        }
        let physical = chosen.index.schema(true);
        let over = |expr| over_sources(expr, &self.columns, &physical, aliases.clone());
        let exprs: Vec<_> = self.exprs.iter().map(over).collect::<Result<_>>()?;
        let used = exprs.iter().flat_map(collect_columns).map(|column| column.index());
        let used: Vec<usize> = used.collect::<BTreeSet<_>>().into_iter().collect();
        let columns = Arc::new(physical.project(&used)?);
        let exprs = exprs.into_iter().map(|expr| reassign_expr_columns(expr, &columns));
        Ok(Self { exprs: exprs.collect::<Result<_>>()?, columns })
    }

    /// Which rows meet the condition.
    fn met(&self, batch: &RecordBatch, stop: &Stop) -> Result<BooleanArray> {
        stop.take(0)?;
        let met = self.of(batch)?.into_iter().next().ok_or_else(missing)?;
        let met = met.as_boolean_opt().ok_or_else(|| exec_datafusion_err!("a condition is not boolean"))?;
        Ok(met.clone())
    }

    /// The values of the rows of `batch`.
    fn of(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let batch = fitted(batch, &self.columns)?;
        let rows = batch.num_rows();
        self.exprs.iter().map(|expr| expr.evaluate(&batch)?.into_array(rows)).collect()
    }
}

/// `exprs` over those columns of `schema` that they name.
fn compiled(session: &SessionContext, exprs: Vec<DfExpr>, schema: &SchemaRef) -> Result<Compiled> {
    let mut names = BTreeSet::new();
    exprs
        .iter()
        .for_each(|expr| names.extend(expr.column_refs().into_iter().map(|column| column.name.clone())));
    let is_named =
        |place: &usize| schema.fields().get(*place).is_some_and(|field| names.contains(field.name()));
    let places: Vec<usize> = (0..schema.fields().len()).filter(is_named).collect();
    let columns = Arc::new(schema.project(&places)?);
    let of_columns = DFSchema::try_from(Arc::clone(&columns))?;
    let exprs = exprs.into_iter().map(|expr| physical(session, expr, &of_columns)).collect::<Result<_>>()?;
    Ok(Compiled { exprs, columns })
}

/// The columns `schema` of `batch`; those that it has not are null.
fn fitted(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let rows = batch.num_rows();
    let column = |field: &Arc<arrow_schema::Field>| {
        Ok(match batch.column_by_name(field.name()) {
            Some(column) if column.data_type() == field.data_type() => Arc::clone(column),
            Some(column) => arrow_cast::cast(column, field.data_type())?,
            None => new_null_array(field.data_type(), rows),
        })
    };
    let columns = schema.fields().iter().map(column).collect::<Result<_>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

/// The places of `columns` in a file, as far as it has them.
fn places<'a>(columns: &'a Schema, reader: &'a ArrowReaderMetadata) -> impl Iterator<Item = usize> + 'a {
    columns.fields().iter().filter_map(|field| reader.schema().index_of(field.name()).ok())
}

fn mask(columns: &Schema, reader: &ArrowReaderMetadata) -> ProjectionMask {
    ProjectionMask::roots(reader.parquet_schema(), places(columns, reader))
}

/// Bytes of `columns` in a file.
fn bytes_of(columns: &Schema, reader: &ArrowReaderMetadata) -> i64 {
    let roots: Vec<usize> = places(columns, reader).collect();
    let schema: &SchemaDescriptor = reader.parquet_schema();
    let is_wanted = |leaf: &usize| roots.contains(&schema.get_column_root_idx(*leaf));
    let leaves: Vec<usize> = (0..schema.num_columns()).filter(is_wanted).collect();
    let groups = reader.metadata().row_groups().iter();
    let of_columns = groups.flat_map(|group| leaves.iter().filter_map(|leaf| group.columns().get(*leaf)));
    of_columns.map(|column| column.compressed_size()).sum()
}

fn external(error: crate::StoreError) -> DataFusionError {
    DataFusionError::External(error.into())
}

fn missing() -> DataFusionError {
    exec_datafusion_err!("rows to be read are missing")
}

/// Units of several scans, dealt out to threads.
pub(super) struct Units {
    scans: Vec<Scan>,
    units: Vec<Unit>,
    next: AtomicUsize,
}

impl Units {
    pub(super) fn new(scans: Vec<Scan>) -> Self {
        let units = scans.iter().enumerate().flat_map(|(place, scan)| scan.units(place));
        let mut units: Vec<Unit> = units.collect();
        units.sort_by_key(|unit| std::cmp::Reverse(unit.last));
        Self { scans, units, next: AtomicUsize::new(0) }
    }

    /// Threads that have something to do.
    pub(super) fn threads(&self, partitions: usize) -> usize {
        self.units.len().min(partitions).max(1)
    }

    /// The next unit, the newest first. Each is given once.
    fn next(&self) -> Option<&Unit> {
        self.units.get(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Hands the values of all rows of units that nobody else takes to `take`.
    pub(super) fn read_all(&self, stop: &Stop, take: Take<'_>) -> Result<()> {
        while let Some(unit) = self.next() {
            self.scans.get(unit.scan).ok_or_else(missing)?.read(unit, None, stop, take)?;
        }
        Ok(())
    }
}

/// In how many partitions a query is run at once.
pub(super) fn partitions_of(session: &SessionContext) -> usize {
    session.state_ref().read().config().target_partitions()
}

/// Runs `work` on so many threads at once; gives what they give. Whoever drops this ends them by their `Stop`.
pub(super) fn on_threads<T: Send + 'static>(
    threads: usize,
    work: impl Fn() -> Result<T> + Send + Sync + 'static,
) -> BoxFuture<'static, Result<Vec<T>>> {
    let work = Arc::new(work);
    Box::pin(async move {
        let mut tasks = JoinSet::new();
        for _ in 0..threads {
            let work = Arc::clone(&work);
            tasks.spawn_blocking(move || work());
        }
        let mut given = Vec::with_capacity(threads);
        while let Some(task) = tasks.join_next().await {
            given.push(task.map_err(|error| DataFusionError::External(Box::new(error)))??);
        }
        Ok(given)
    })
}
