//! Row-wise evaluation of a bound predicate: the reference the expressions are measured against.

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;

use crate::bound::Bound;
use crate::schema::{Keys, field_maps, raws, texts};

/// Whether `row` of `batch`, which has all columns of the stored schema, meets `bound`.
pub(crate) fn holds(bound: &Bound, batch: &RecordBatch, row: usize) -> bool {
    match bound {
        Bound::Constant(value) => *value,
        Bound::And(parts) => parts.iter().all(|part| holds(part, batch, row)),
        Bound::Or(parts) => parts.iter().any(|part| holds(part, batch, row)),
        Bound::Not(part) => !holds(part, batch, row),
        Bound::Id { partition, offset } => Keys::of(batch)
            .map(|keys| keys.key(row))
            .is_some_and(|key| key.partition == *partition && key.offset == *offset),
        Bound::Time { column, op, value } => batch
            .column_by_name(column)
            .and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>())
            .is_some_and(|times| op.accepts(times.value(row).cmp(&value.micros()))),
        Bound::Unsigned { column, op, value } => {
            number(batch, column, row).is_some_and(|number| op.accepts(number.cmp(value)))
        }
        Bound::Text { column, test } => {
            texts(batch, column).is_some_and(|texts| texts.is_valid(row) && test.matches(texts.value(row)))
        }
        Bound::Present { column } => batch.column_by_name(column).is_some_and(|array| array.is_valid(row)),
        Bound::Raw { test } => {
            raws(batch).is_some_and(|raws| test.matches(&String::from_utf8_lossy(raws.value(row))))
        }
        Bound::Source { name, test } => {
            field_maps(batch).is_some_and(|maps| maps.values(row, name).any(|value| test.matches(value)))
        }
    }
}

/// The value of an unsigned column; `None` for null.
pub(crate) fn number(batch: &RecordBatch, column: &str, row: usize) -> Option<u64> {
    let array = batch.column_by_name(column)?;
    if array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::UInt8 => Some(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => Some(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => Some(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => Some(array.as_primitive::<UInt64Type>().value(row)),
        _ => None,
    }
}
