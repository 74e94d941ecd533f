//! What an engine takes of the events handed to it.

use arrow_array::cast::AsArray;
use arrow_array::types::{UInt32Type, UInt64Type};
use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;
use sentra_model::{EventBatch, Mart, Position, TenantScope, column};

use crate::StoreError;
use crate::schema::unpack;

/// Events of one mart and partition, as they are stored.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    pub(crate) mart: Mart,
    pub(crate) partition: u32,
    pub(crate) record: RecordBatch,
}

/// Checks `batches` against `scope` and `next` and takes those at or beyond `position`: what is below it
/// was taken before (law IDENTITY).
pub(crate) fn admit(
    scope: &TenantScope,
    batches: &[EventBatch],
    next: Position,
    position: u64,
) -> Result<Vec<Chunk>, StoreError> {
    let mut chunks = Vec::with_capacity(batches.len());
    for batch in batches {
        if batch.tenant() != scope.tenant() {
            return Err(foreign("events", batch.tenant().as_str(), scope));
        }
        check_place(batch, next)?;
        let record = unpack(batch)?;
        let offsets = record.column(column::OFFSET).as_primitive::<UInt64Type>().values();
        let is_new: Vec<bool> = offsets.iter().map(|offset| *offset >= position).collect();
        let record = if is_new.iter().all(|is_new| *is_new) {
            record
        } else {
            filter_record_batch(&record, &BooleanArray::from(is_new))
                .map_err(StoreError::arrow("leave out events that are stored already"))?
        };
        if record.num_rows() > 0 {
            chunks.push(Chunk { mart: batch.mart().clone(), partition: next.partition, record });
        }
    }
    Ok(chunks)
}

fn check_place(batch: &EventBatch, next: Position) -> Result<(), StoreError> {
    let record = batch.record();
    let mut partitions = record.column(column::PARTITION).as_primitive::<UInt32Type>().values().iter();
    if let Some(partition) = partitions.find(|partition| **partition != next.partition) {
        let detail = format!("an event of partition {partition} among those of {}", next.partition);
        return Err(StoreError::Misplaced { detail });
    }
    let mut offsets = record.column(column::OFFSET).as_primitive::<UInt64Type>().values().iter();
    if let Some(offset) = offsets.find(|offset| **offset >= next.offset) {
        let detail = format!("an event at offset {offset} beyond the position {}", next.offset);
        return Err(StoreError::Misplaced { detail });
    }
    Ok(())
}

/// Law TENANT: the error for something that belongs to another tenant.
pub(crate) fn foreign(what: &'static str, tenant: &str, scope: &TenantScope) -> StoreError {
    StoreError::ForeignTenant { what, tenant: tenant.to_owned(), scope: scope.tenant().to_string() }
}
