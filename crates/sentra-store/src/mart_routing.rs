//! Which registered mart an event goes into.
//!
//! Invariant: every row of a batch is in exactly one of the batches that it is split into, in its order, with its id.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, BooleanArray, DictionaryArray, Int32Array, RecordBatch, StringArray};
use arrow_select::filter::filter_record_batch;
use sentra_model::{EventBatch, Mart, column};

use crate::StoreError;
use crate::event_condition::EventCondition;

/// The registered marts of a tenant in the order in which they are asked, at one revision.
#[derive(Debug, Clone, Default)]
pub struct RoutingTable {
    routes: Vec<Route>,
}

#[derive(Debug, Clone)]
struct Route {
    mart: Mart,
    condition: EventCondition,
    /// The mart was purged since: what was routed into it is not stored once more.
    is_purged: bool,
}

/// Batches by the marts that they go into.
#[derive(Debug, Default)]
pub struct Routed {
    /// The batches to store.
    pub batches: Vec<EventBatch>,
    /// Events of marts that were purged since they were routed.
    pub purged: u64,
    /// Events that go into registered marts.
    pub moved: u64,
}

impl RoutingTable {
    /// Adds a mart behind those that are there already.
    pub fn push(&mut self, mart: Mart, condition: EventCondition, is_purged: bool) {
        self.routes.push(Route { mart, condition, is_purged });
    }

    /// Whether no event goes anywhere else than where its decoder put it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }

    /// Puts each event into the first mart whose condition holds for it; into the one it has where none does.
    ///
    /// # Errors
    /// When Arrow refuses to take a batch apart.
    pub fn route(&self, batch: EventBatch, routed: &mut Routed) -> Result<(), StoreError> {
        let mut rest: Option<Vec<bool>> = None;
        for route in &self.routes {
            let mut mask = route.condition.mask(&batch);
            if let Some(rest) = &rest {
                mask.iter_mut().zip(rest).for_each(|(holds, free)| *holds &= free);
            }
            if !mask.contains(&true) {
                continue;
            }
            let rest = rest.get_or_insert_with(|| vec![true; mask.len()]);
            rest.iter_mut().zip(&mask).for_each(|(free, taken)| *free &= !taken);
            let record = rows_of(batch.record(), mask)?;
            let rows = record.num_rows() as u64;
            if route.is_purged {
                routed.purged += rows;
                continue;
            }
            routed.moved += rows;
            routed.batches.push(moved(&batch, &route.mart, record)?);
        }
        match rest {
            None => routed.batches.push(batch),
            Some(rest) if rest.contains(&true) => {
                let record = rows_of(batch.record(), rest)?;
                routed.batches.push(event_batch(&batch, batch.mart(), record)?);
            }
            Some(_) => {}
        }
        Ok(())
    }
}

/// The rows of `batch` before and from offset `at` on, where there are such.
pub fn split_at(batch: EventBatch, at: u64) -> (Option<EventBatch>, Option<EventBatch>) {
    // Rows stand in the order of their offsets.
    let rows = batch.len();
    let before = batch.rows().take_while(|row| row.id().offset < at).count();
    if before == rows {
        return (Some(batch), None);
    }
    if before == 0 {
        return (None, Some(batch));
    }
    let part = |from: usize, length: usize| {
        let record = batch.record().slice(from, length);
        EventBatch::new(batch.tenant().clone(), batch.mart().clone(), record).ok()
    };
    (part(0, before), part(before, rows - before))
}

fn rows_of(record: &RecordBatch, mask: Vec<bool>) -> Result<RecordBatch, StoreError> {
    if mask.iter().all(|is_in| *is_in) {
        return Ok(record.clone());
    }
    filter_record_batch(record, &BooleanArray::from(mask)).map_err(StoreError::arrow("route events"))
}

/// `record` as events of `mart`: the column that names the mart says so, too.
fn moved(batch: &EventBatch, mart: &Mart, record: RecordBatch) -> Result<EventBatch, StoreError> {
    let failed = || StoreError::arrow("route events");
    let Some(place) = column::text("mart") else { return event_batch(batch, mart, record) };
    let keys = Int32Array::from(vec![0; record.num_rows()]);
    let values: ArrayRef = Arc::new(StringArray::from(vec![mart.as_str()]));
    let names: ArrayRef = Arc::new(DictionaryArray::<Int32Type>::try_new(keys, values).map_err(failed())?);
    let mut columns = record.columns().to_vec();
    if let Some(column) = columns.get_mut(place) {
        *column = names;
    }
    let record = RecordBatch::try_new(record.schema(), columns).map_err(failed())?;
    event_batch(batch, mart, record)
}

fn event_batch(batch: &EventBatch, mart: &Mart, record: RecordBatch) -> Result<EventBatch, StoreError> {
    EventBatch::new(batch.tenant().clone(), mart.clone(), record).map_err(|error| StoreError::Misplaced {
        detail: format!("events routed to {mart} are no event batch: {error}"),
    })
}
