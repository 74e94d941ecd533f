//! Between Arrow's columns and the language's values.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float64Type, Int32Type, Int64Type, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use sentra_kql::Kind;
use sentra_kql::plan::{Column, Value};
use sentra_kql::run::Row;
use sentra_model::{EventId, Timestamp};
use serde_json::{Map, Value as Json};

use crate::schema::{FieldMaps, Keys, RowKey};

use super::SCAN_COLUMNS;
use crate::StoreError;

/// The type that values of `kind` have in Arrow.
pub(crate) fn type_of(kind: Kind) -> DataType {
    match kind {
        Kind::Bool => DataType::Boolean,
        Kind::Long | Kind::TimeSpan => DataType::Int64,
        Kind::Real => DataType::Float64,
        Kind::String | Kind::Dynamic => DataType::Utf8,
        Kind::DateTime => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
    }
}

/// The schema of rows with `columns`: spans of time are microseconds, JSON is text.
#[must_use]
pub fn arrow_schema(columns: &[Column]) -> SchemaRef {
    let field = |column: &Column| Field::new(&column.name, type_of(column.kind), true);
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// Rows with `columns` as Arrow has them; see [`arrow_schema`].
///
/// # Errors
/// When rows and columns do not go together.
pub fn record_batch(columns: &[Column], rows: Vec<Row>) -> Result<RecordBatch, StoreError> {
    let mut values: Vec<Vec<Value>> = columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    for row in rows {
        values.iter_mut().zip(row).for_each(|(values, value)| values.push(value));
    }
    let arrays = columns.iter().zip(values).map(|(column, values)| array_of(column.kind, values)).collect();
    RecordBatch::try_new_with_options(arrow_schema(columns), arrays, &options)
        .map_err(StoreError::arrow("put rows together"))
}

/// The rows of `batch`, whose columns are of the kinds of `columns`.
pub(crate) fn rows_of(batch: &RecordBatch, columns: &[Column]) -> Vec<Row> {
    let rows = 0..batch.num_rows();
    rows.map(|row| {
        let cells = batch.columns().iter().zip(columns);
        cells.map(|(array, column)| value_at(array, column.kind, row)).collect()
    })
    .collect()
}

/// The events of a stored batch, with the columns of every table of events.
pub(crate) fn event_rows(batch: &RecordBatch) -> impl Iterator<Item = (RowKey, Row)> {
    let keys = Keys::of(batch);
    let columns = SCAN_COLUMNS().iter().map(|header| (header.kind.kind(), batch.column_by_name(header.name)));
    let columns: Vec<_> = columns.collect();
    (0..batch.num_rows()).filter_map(move |row| {
        let key = keys.as_ref()?.key(row);
        let id = || Value::String(EventId::raw(key.partition, key.offset).to_string());
        let cell = |(kind, array): &(Kind, Option<&ArrayRef>)| {
            array.map_or_else(id, |array| value_at(array, *kind, row))
        };
        Some((key, columns.iter().map(cell).collect()))
    })
}

/// The value of a kind at a row of an array.
pub(crate) fn value_at(array: &ArrayRef, kind: Kind, row: usize) -> Value {
    if array.is_null(row) {
        return if kind == Kind::String { Value::String(String::new()) } else { Value::Null };
    }
    match (kind, array.data_type()) {
        (_, DataType::Dictionary(..)) => {
            let array = array.as_dictionary_opt::<Int32Type>();
            match array.and_then(|array| Some((array.values(), array.key(row)?))) {
                Some((values, place)) => value_at(values, kind, place),
                None => Value::Null,
            }
        }
        (Kind::Bool, DataType::Boolean) => Value::Bool(array.as_boolean().value(row)),
        (Kind::Real, DataType::Float64) => Value::Real(array.as_primitive::<Float64Type>().value(row)),
        (Kind::String, DataType::Utf8) => Value::String(array.as_string::<i32>().value(row).to_owned()),
        (Kind::String, DataType::Utf8View) => Value::String(array.as_string_view().value(row).to_owned()),
        (Kind::String, DataType::Binary) => {
            Value::String(String::from_utf8_lossy(array.as_binary::<i32>().value(row)).into_owned())
        }
        (Kind::DateTime, DataType::Timestamp(TimeUnit::Microsecond, _)) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            Value::DateTime(Timestamp::from_micros(micros))
        }
        (Kind::TimeSpan, DataType::Int64) => Value::TimeSpan(array.as_primitive::<Int64Type>().value(row)),
        (Kind::Long, _) => whole(array, row).map_or(Value::Null, Value::Long),
        (Kind::Dynamic, DataType::Map(..)) => fields(array, row),
        (Kind::Dynamic, DataType::Utf8) => {
            let json = serde_json::from_str(array.as_string::<i32>().value(row));
            json.map_or(Value::Null, Value::Dynamic)
        }
        _ => Value::Null,
    }
}

fn whole(array: &ArrayRef, row: usize) -> Option<i64> {
    match array.data_type() {
        DataType::Int64 => Some(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => Some(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => Some(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => Some(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => i64::try_from(array.as_primitive::<UInt64Type>().value(row)).ok(),
        _ => None,
    }
}

/// The source's fields as an object; of a field with several values a list.
fn fields(array: &ArrayRef, row: usize) -> Value {
    let Some(maps) = FieldMaps::of(array.as_map()) else { return Value::Null };
    let mut object = Map::new();
    for (name, value) in maps.entries(row) {
        let value = Json::from(value);
        match object.get_mut(name) {
            None => {
                object.insert(name.to_owned(), value);
            }
            Some(Json::Array(values)) => values.push(value),
            Some(first) => *first = Json::Array(vec![first.take(), value]),
        }
    }
    Value::Dynamic(Json::Object(object))
}

/// Values of one kind as an array of [`type_of`] that kind.
pub(crate) fn array_of(kind: Kind, values: Vec<Value>) -> ArrayRef {
    match kind {
        Kind::Bool => Arc::new(values.iter().map(truth).collect::<BooleanArray>()),
        Kind::Long | Kind::TimeSpan => Arc::new(values.iter().map(number).collect::<Int64Array>()),
        Kind::Real => Arc::new(values.iter().map(real).collect::<Float64Array>()),
        Kind::DateTime => {
            let moments = values.iter().map(|value| match value {
                Value::DateTime(moment) => Some(moment.micros()),
                _ => None,
            });
            Arc::new(moments.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        Kind::String => {
            let texts = values.into_iter().map(|value| match value {
                Value::String(text) => text,
                _ => String::new(),
            });
            Arc::new(texts.map(Some).collect::<StringArray>())
        }
        Kind::Dynamic => {
            let texts = values.into_iter().map(|value| match value {
                Value::Dynamic(json) => Some(json.to_string()),
                _ => None,
            });
            Arc::new(texts.collect::<StringArray>())
        }
    }
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        _ => None,
    }
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Long(number) | Value::TimeSpan(number) => Some(*number),
        _ => None,
    }
}

fn real(value: &Value) -> Option<f64> {
    match value {
        Value::Real(number) => Some(*number),
        _ => None,
    }
}
