//! Events as they were taken: whole batches in the order of their offsets, for what runs over the past with the code
//! that runs over the present.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, MapArray, RecordBatch, StructArray};
use arrow_schema::{DataType, Field, Fields};
use sentra_model::{EventBatch, Mart, TenantId, batch_schema, events_per_batch_max};

use crate::answer::{Hit, gather};
use crate::{Predicate, StoreError, TimeRange};

/// Which events to read back.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadBack {
    /// The partition.
    pub partition: u32,
    /// The first offset wanted.
    pub from: u64,
    /// Which marts; `None` for all of them.
    pub marts: Option<Vec<Mart>>,
    /// When they happened.
    pub range: TimeRange,
    /// Which events; `None` for all of them.
    pub filter: Option<Predicate>,
    /// Which events of those, as a condition in DataFusion's SQL over the stored columns: what a compiled rule asks
    /// for. It comes from code, never from users.
    pub condition: Option<String>,
}

/// Some events in the order of their offsets.
#[derive(Debug, Clone, Default)]
pub struct BackPage {
    /// Batches of one mart each. All events of the page lie before those of the next page; batches of different
    /// marts overlap.
    pub batches: Vec<EventBatch>,
    /// Where to go on; `None` at the end.
    pub next: Option<u64>,
    /// Damaged segments that may hold events from here on: pages go without them.
    pub segments_unread: u64,
}

/// The rows of `records`, all of one mart, as event batches in the order of their offsets.
pub(crate) fn event_batches(
    tenant: &TenantId,
    mart: &Mart,
    records: &[RecordBatch],
    mut rows: Vec<Hit>,
) -> Result<Vec<EventBatch>, StoreError> {
    rows.sort_unstable_by_key(|row| row.key.offset);
    let mut batches = Vec::new();
    for some in rows.chunks(events_per_batch_max()) {
        if let Some(record) = gather(records, some)? {
            batches.push(pack(tenant, mart, &record)?);
        }
    }
    Ok(batches)
}

/// Records by their mart, which the stored rows do not name.
pub(crate) type ByMart = BTreeMap<Mart, Vec<RecordBatch>>;

/// The opposite of [`crate::schema::unpack`].
fn pack(tenant: &TenantId, mart: &Mart, record: &RecordBatch) -> Result<EventBatch, StoreError> {
    let failed = || StoreError::arrow("pack an event batch");
    let schema = batch_schema();
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for (array, field) in record.columns().iter().zip(schema.fields()) {
        columns.push(match field.data_type() {
            DataType::Map(entries, ordered) => Arc::new(pack_map(array.as_map(), entries, *ordered)?),
            kind => arrow_cast::cast(array, kind).map_err(failed())?,
        });
    }
    let record = RecordBatch::try_new(schema, columns).map_err(failed())?;
    EventBatch::new(tenant.clone(), mart.clone(), record).map_err(|error| StoreError::Misplaced {
        detail: format!("stored events of mart {mart} are no event batch: {error}"),
    })
}

fn pack_map(map: &MapArray, entries: &Arc<Field>, ordered: bool) -> Result<MapArray, StoreError> {
    let failed = || StoreError::arrow("pack the fields of an event batch");
    let fields = match entries.data_type() {
        DataType::Struct(fields) => fields.clone(),
        _ => Fields::empty(),
    };
    let arrays = [map.keys(), map.values()]
        .into_iter()
        .zip(&fields)
        .map(|(array, field)| arrow_cast::cast(array, field.data_type()).map_err(failed()))
        .collect::<Result<Vec<_>, _>>()?;
    let packed = StructArray::try_new(fields, arrays, None).map_err(failed())?;
    MapArray::try_new(Arc::clone(entries), map.offsets().clone(), packed, map.nulls().cloned(), ordered)
        .map_err(failed())
}
