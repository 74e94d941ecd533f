//! The stored form of an event batch: as the model's, with plain texts in place of dictionaries.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampMicrosecondType, UInt32Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, MapArray, PrimitiveArray, RecordBatch, StringArray, StructArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use sentra_model::{EventBatch, batch_schema, column};

use crate::StoreError;

fn map_entries() -> Fields {
    vec![Field::new("name", DataType::Utf8, false), Field::new("value", DataType::Utf8, true)].into()
}

fn map_field() -> Arc<Field> {
    Arc::new(Field::new("entries", DataType::Struct(map_entries()), false))
}

/// The schema of everything stored: column positions are those of [`sentra_model::column`].
pub(crate) fn store_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let plain = |field: &Arc<Field>| match field.data_type() {
            DataType::Dictionary(..) => Field::new(field.name(), DataType::Utf8, field.is_nullable()),
            DataType::Map(_, ordered) => {
                Field::new(field.name(), DataType::Map(map_field(), *ordered), false)
            }
            _ => field.as_ref().clone(),
        };
        Arc::new(Schema::new(batch_schema().fields().iter().map(plain).collect::<Vec<_>>()))
    });
    Arc::clone(&SCHEMA)
}

/// Unpacks the dictionaries of `batch`.
pub(crate) fn unpack(batch: &EventBatch) -> Result<RecordBatch, StoreError> {
    let failed = || StoreError::arrow("unpack an event batch");
    let plain = |array: &ArrayRef| -> Result<ArrayRef, StoreError> {
        match array.data_type() {
            DataType::Dictionary(..) => arrow_cast::cast(array, &DataType::Utf8).map_err(failed()),
            DataType::Map(..) => Ok(Arc::new(unpack_map(array.as_map())?)),
            _ => Ok(Arc::clone(array)),
        }
    };
    let columns = batch.record().columns().iter().map(plain).collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(store_schema(), columns).map_err(failed())
}

fn unpack_map(map: &MapArray) -> Result<MapArray, StoreError> {
    let failed = || StoreError::arrow("unpack the fields of an event batch");
    let names = arrow_cast::cast(map.keys(), &DataType::Utf8).map_err(failed())?;
    let values = arrow_cast::cast(map.values(), &DataType::Utf8).map_err(failed())?;
    let entries = StructArray::try_new(map_entries(), vec![names, values], None).map_err(failed())?;
    let offsets = map.offsets().clone();
    MapArray::try_new(map_field(), offsets, entries, map.nulls().cloned(), false).map_err(failed())
}

/// The place of a row in the order of answers: newest first, then by id downwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowKey {
    pub(crate) time: i64,
    pub(crate) partition: u32,
    pub(crate) offset: u64,
}

/// The columns that make a [`RowKey`], of a batch that has them, in whatever projection.
#[derive(Debug)]
pub(crate) struct Keys<'a> {
    time: &'a PrimitiveArray<TimestampMicrosecondType>,
    partition: &'a PrimitiveArray<UInt32Type>,
    offset: &'a PrimitiveArray<UInt64Type>,
}

impl<'a> Keys<'a> {
    pub(crate) fn of(batch: &'a RecordBatch) -> Option<Self> {
        Some(Self {
            time: batch.column_by_name("time")?.as_primitive_opt()?,
            partition: batch.column_by_name("partition")?.as_primitive_opt()?,
            offset: batch.column_by_name("offset")?.as_primitive_opt()?,
        })
    }

    pub(crate) fn key(&self, row: usize) -> RowKey {
        RowKey {
            time: self.time.value(row),
            partition: self.partition.value(row),
            offset: self.offset.value(row),
        }
    }
}

/// The text column called `name`, in whatever projection.
pub(crate) fn texts<'a>(batch: &'a RecordBatch, name: &str) -> Option<&'a StringArray> {
    batch.column_by_name(name)?.as_string_opt()
}

/// The raw bytes, in whatever projection.
pub(crate) fn raws(batch: &RecordBatch) -> Option<&BinaryArray> {
    batch.column_by_name("raw")?.as_binary_opt()
}

/// The source fields, in whatever projection.
pub(crate) fn field_maps(batch: &RecordBatch) -> Option<FieldMaps<'_>> {
    FieldMaps::of(batch.column_by_name("fields")?.as_map_opt()?)
}

/// The source fields of a batch, unpacked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldMaps<'a> {
    map: &'a MapArray,
    names: &'a StringArray,
    values: &'a StringArray,
}

impl<'a> FieldMaps<'a> {
    pub(crate) fn of(map: &'a MapArray) -> Option<Self> {
        Some(Self { map, names: map.keys().as_string_opt()?, values: map.values().as_string_opt()? })
    }

    /// The names of the fields of `row`, in their order.
    pub(crate) fn names(self, row: usize) -> Names<'a> {
        let offsets = self.map.value_offsets();
        let offset = |index: usize| offsets.get(index).and_then(|offset| usize::try_from(*offset).ok());
        let ends = offset(row).zip(offset(row + 1));
        let ends = ends.and_then(|(from, to)| self.names.value_offsets().get(from..=to)).unwrap_or_default();
        let place = |end: Option<&i32>| end.and_then(|end| usize::try_from(*end).ok()).unwrap_or_default();
        let bytes = self.names.value_data().get(place(ends.first())..place(ends.last())).unwrap_or_default();
        Names { bytes, ends }
    }

    /// Name and value of every field of `row`, in their order.
    pub(crate) fn entries(self, row: usize) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.places(row).map(move |entry| (self.names.value(entry), self.text(entry)))
    }

    /// The value of every field of `row`, in their order.
    pub(crate) fn texts(self, row: usize) -> impl Iterator<Item = &'a str> {
        self.places(row).map(move |entry| self.text(entry))
    }

    fn places(self, row: usize) -> Range<usize> {
        let offsets = self.map.value_offsets();
        let offset = |index: usize| {
            offsets.get(index).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or_default()
        };
        offset(row)..offset(row + 1)
    }

    fn text(self, entry: usize) -> &'a str {
        if self.values.is_valid(entry) { self.values.value(entry) } else { "" }
    }

    /// Every value of the field `name` of `row`.
    pub(crate) fn values(self, row: usize, name: &str) -> impl Iterator<Item = &'a str> {
        self.entries(row).filter(move |(field, _)| *field == name).map(|(_, value)| value)
    }
}

/// The names of the fields of a row, as they stand in their column: one behind the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names<'a> {
    bytes: &'a [u8],
    /// Where each of them begins in the column, and where the last one ends.
    ends: &'a [i32],
}

impl PartialEq for Names<'_> {
    fn eq(&self, other: &Self) -> bool {
        let start = |names: &Self| names.ends.first().copied().unwrap_or_default();
        let (from, at) = (start(self), start(other));
        // All of them are looked at, without a branch: they are nearly always alike.
        let ends = self.ends.iter().zip(other.ends);
        self.ends.len() == other.ends.len()
            && ends.fold(true, |is_alike, (one, two)| {
                is_alike & (one.wrapping_sub(from) == two.wrapping_sub(at))
            })
            && self.bytes == other.bytes
    }
}

/// Position of `name` in the stored schema.
pub(crate) fn store_column(name: &str) -> Option<usize> {
    match name {
        "partition" => Some(column::PARTITION),
        "offset" => Some(column::OFFSET),
        "time" => Some(column::TIME),
        "seen" => Some(column::SEEN),
        "class" => Some(column::CLASS),
        "severity" => Some(column::SEVERITY),
        "count" => Some(column::COUNT),
        "src_port" => Some(column::SRC_PORT),
        "dst_port" => Some(column::DST_PORT),
        "source_position" => Some(column::SOURCE_POSITION),
        "fields" => Some(column::FIELDS),
        "raw" => Some(column::RAW),
        text => column::text(text),
    }
}

/// A map of source fields: of each row the next so many of the names and values.
pub(crate) fn map_of(
    names: StringArray,
    values: StringArray,
    lengths: Vec<usize>,
) -> Result<MapArray, StoreError> {
    let failed = || StoreError::arrow("put the fields of events together");
    let offsets = OffsetBuffer::from_lengths(lengths);
    let entries = StructArray::try_new(map_entries(), vec![Arc::new(names), Arc::new(values)], None);
    MapArray::try_new(map_field(), offsets, entries.map_err(failed())?, None, false).map_err(failed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_where_each_of_them_is() {
        let rows: [&[&str]; 6] = [&["a", "bc"], &["ab", "c"], &["abc"], &[], &["a", "bc"], &["a", "bc", ""]];
        let names: StringArray = rows.concat().into_iter().map(Some).collect();
        let values = StringArray::from(vec![""; names.len()]);
        let map = map_of(names, values, rows.iter().map(|row| row.len()).collect()).unwrap();
        let later = map.slice(1, 5);
        let (maps, later) = (FieldMaps::of(&map).unwrap(), FieldMaps::of(&later).unwrap());
        for (one, names) in rows.iter().enumerate() {
            for (two, others) in rows.iter().enumerate() {
                assert_eq!(maps.names(one) == maps.names(two), names == others, "{names:?} {others:?}");
            }
            for (two, others) in rows.iter().skip(1).enumerate() {
                assert_eq!(maps.names(one) == later.names(two), names == others, "{names:?} {others:?}");
            }
        }
    }
}
