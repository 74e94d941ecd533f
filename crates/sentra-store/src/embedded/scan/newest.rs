//! The first of all rows that meet conditions: the newest, or those that come first by other values.

use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, Schema, SortOptions};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use datafusion::arrow::compute::{SortColumn, lexsort_to_indices};
use datafusion::common::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};

use super::{Scan, Units, missing, on_threads};
use crate::embedded::stop::Stop;

/// How rows are ordered whose other keys are equal: by time, partition and offset, the greatest first.
const NEWEST_FIRST: [SortOptions; 3] = [SortOptions { descending: true, nulls_first: false }; 3];

/// A question for the first rows. The scans give the values that are wanted, then those they are ordered by, then time,
/// partition and offset.
pub(in crate::embedded) struct Newest {
    pub(in crate::embedded) scans: Vec<Scan>,
    /// How many values are wanted.
    pub(in crate::embedded) values: usize,
    /// What comes before the time.
    pub(in crate::embedded) order: Vec<SortOptions>,
    pub(in crate::embedded) rows_max: usize,
    pub(in crate::embedded) partitions: usize,
}

impl Newest {
    /// The values of the first rows, in their order.
    pub(in crate::embedded) async fn rows(
        self,
        pool: &Arc<dyn MemoryPool>,
        stop: &Stop,
    ) -> Result<Vec<RecordBatch>> {
        let Self { scans, values, order, rows_max, partitions } = self;
        if rows_max == 0 {
            return Ok(Vec::new());
        }
        let is_by_time = order.is_empty();
        let options = order.into_iter().chain(NEWEST_FIRST).collect();
        let reservation = MemoryConsumer::new("first rows").register(pool);
        let first = First {
            values,
            options,
            is_by_time,
            rows_max,
            batches: Vec::new(),
            rows: 0,
            oldest: None,
            reservation,
        };
        let first = Arc::new(Mutex::new(first));
        let units = Arc::new(Units::new(scans));
        let (taken, stop) = (Arc::clone(&first), stop.clone());
        on_threads(units.threads(partitions), move || read(&units, &taken, &stop)).await?;
        let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
        first.squeeze()?;
        let wanted: Vec<usize> = (0..values).collect();
        first.batches.iter().map(|batch| Ok(batch.project(&wanted)?)).collect()
    }
}

/// Reads units until no row that is left can be among the first.
fn read(units: &Units, first: &Mutex<First>, stop: &Stop) -> Result<()> {
    let first = || first.lock().unwrap_or_else(PoisonError::into_inner);
    while let Some(unit) = units.next() {
        let (is_by_time, rows_max) = {
            let first = first();
            if first.oldest.is_some_and(|oldest| unit.last < oldest) {
                continue;
            }
            (first.is_by_time, first.rows_max)
        };
        let scan = units.scans.get(unit.scan).ok_or_else(missing)?;
        // Rows of a row group are in the order of time.
        let rows_max = is_by_time.then_some(rows_max);
        scan.read(unit, rows_max, stop, &mut |columns, _| {
            first().add(columns)?;
            Ok(true)
        })?;
    }
    Ok(())
}

/// Rows that may be among the first.
struct First {
    values: usize,
    options: Vec<SortOptions>,
    is_by_time: bool,
    rows_max: usize,
    batches: Vec<RecordBatch>,
    rows: usize,
    /// No row that is older is among the first.
    oldest: Option<i64>,
    reservation: MemoryReservation,
}

impl First {
    fn add(&mut self, columns: Vec<ArrayRef>) -> Result<()> {
        let schema = match self.batches.first() {
            Some(batch) => batch.schema(),
            None => {
                let field = |(place, column): (usize, &ArrayRef)| {
                    Field::new(format!("c{place}"), column.data_type().clone(), true)
                };
                Arc::new(Schema::new(columns.iter().enumerate().map(field).collect::<Vec<_>>()))
            }
        };
        let batch = RecordBatch::try_new(schema, columns)?;
        self.reservation.try_grow(batch.get_array_memory_size())?;
        self.rows += batch.num_rows();
        self.batches.push(batch);
        let is_enough = self.rows >= self.rows_max && self.is_by_time && self.oldest.is_none();
        if is_enough || self.rows >= self.rows_max.saturating_mul(2).saturating_add(super::BATCH_ROWS) {
            self.squeeze()?;
        }
        Ok(())
    }

    /// Keeps the first rows only, in their order.
    fn squeeze(&mut self) -> Result<()> {
        let Some(batch) = self.batches.first() else { return Ok(()) };
        let all = concat_batches(&batch.schema(), &self.batches)?;
        let keys = all.columns().iter().skip(self.values).zip(&self.options);
        let keys: Vec<SortColumn> = keys
            .map(|(values, options)| SortColumn { values: Arc::clone(values), options: Some(*options) })
            .collect();
        let places = lexsort_to_indices(&keys, Some(self.rows_max))?;
        let first = take_record_batch(&all, &places)?;
        self.rows = first.num_rows();
        if self.is_by_time && self.rows >= self.rows_max {
            let times = first.columns().get(self.values).ok_or_else(missing)?;
            let times = times.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(missing)?;
            self.oldest = times.values().last().copied();
        }
        self.reservation.try_resize(first.get_array_memory_size())?;
        self.batches = vec![first];
        Ok(())
    }
}
