//! From Arrow rows to the JSON rows of an answer, and to whole events.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, RecordBatch};
use arrow_select::interleave::interleave_record_batch;
use sentra_model::{EventId, Timestamp};
use serde_json::Value;

use crate::header::{ColumnKind, header_column, header_columns, source_field};
use crate::marts::{Column, DEFAULT_COLUMNS};
use crate::row::number;
use crate::schema::{Keys, RowKey, field_maps, raws, store_column, texts};
use crate::{StoreError, StoredEvent};

/// How much of a record stands in for a missing message.
const MESSAGE_BYTES_MAX: usize = 512;

/// The columns of an answer.
pub(crate) fn answer_columns(names: Option<&[String]>) -> Vec<Column> {
    let column = |name: &str| Column {
        name: name.to_owned(),
        kind: header_column(name).map_or(ColumnKind::Dynamic, |header| header.kind),
    };
    match names {
        Some(names) => names.iter().map(|name| column(name)).collect(),
        None => DEFAULT_COLUMNS.into_iter().map(column).collect(),
    }
}

/// Names of the stored columns from which `columns` are made, in the order of the stored schema.
pub(crate) fn needed_columns(columns: &[Column]) -> Vec<&str> {
    let mut needed = BTreeSet::from([(0, "partition"), (1, "offset"), (2, "time")]);
    for column in columns {
        let name = match header_column(&column.name) {
            Some(header) => header.name,
            None => "fields",
        };
        needed.extend(store_column(name).map(|position| (position, name)));
        if name == "message" {
            needed.extend(store_column("raw").map(|position| (position, "raw")));
        }
    }
    needed.into_iter().map(|(_, name)| name).collect()
}

/// A row found: its key, and where it stands in a list of batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    pub(crate) key: RowKey,
    pub(crate) batch: usize,
    pub(crate) row: usize,
}

/// Every row of `batch`, which will stand at `index`.
pub(crate) fn hits_of(batch: &RecordBatch, index: usize) -> Vec<Hit> {
    let Some(keys) = Keys::of(batch) else { return Vec::new() };
    (0..batch.num_rows()).map(|row| Hit { key: keys.key(row), batch: index, row }).collect()
}

/// Keeps the `rows_max` first of `hits` in the order of answers.
pub(crate) fn newest(hits: &mut Vec<Hit>, rows_max: usize) {
    hits.sort_unstable_by_key(|hit| std::cmp::Reverse(hit.key));
    hits.truncate(rows_max);
}

/// Puts `hits` together into one batch, in their order.
pub(crate) fn gather(batches: &[RecordBatch], hits: &[Hit]) -> Result<Option<RecordBatch>, StoreError> {
    if hits.is_empty() {
        return Ok(None);
    }
    let places: Vec<(usize, usize)> = hits.iter().map(|hit| (hit.batch, hit.row)).collect();
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    interleave_record_batch(&batches, &places).map(Some).map_err(StoreError::arrow("gather the rows found"))
}

/// The rows of `batch` as JSON.
pub(crate) fn json_rows(batch: &RecordBatch, columns: &[Column]) -> Vec<Vec<Value>> {
    let mut rows: Vec<Vec<Value>> =
        (0..batch.num_rows()).map(|_| Vec::with_capacity(columns.len())).collect();
    for column in columns {
        let value = values(batch, &column.name);
        for (index, row) in rows.iter_mut().enumerate() {
            row.push(value(index));
        }
    }
    rows
}

/// A reader of one column.
fn values<'a>(batch: &'a RecordBatch, name: &'a str) -> Box<dyn Fn(usize) -> Value + 'a> {
    let Some(header) = header_column(name) else {
        let (maps, field) = (field_maps(batch), source_field(name));
        return Box::new(move |row| {
            let mut values: Vec<Value> =
                maps.iter().flat_map(|maps| maps.values(row, field)).map(Value::from).collect();
            if values.len() > 1 { Value::from(values) } else { values.pop().unwrap_or(Value::Null) }
        });
    };
    match (header.name, header.kind) {
        ("id", _) => {
            let keys = Keys::of(batch);
            Box::new(move |row| keys.as_ref().map(|keys| id_of(keys.key(row)).to_string()).into())
        }
        ("raw", _) => {
            let raws = raws(batch);
            Box::new(move |row| raws.map(|raws| String::from_utf8_lossy(raws.value(row)).into_owned()).into())
        }
        ("message", _) => {
            let (messages, raws) = (texts(batch, "message"), raws(batch));
            Box::new(move |row| {
                let message = messages.filter(|m| m.is_valid(row)).map(|m| Cow::Borrowed(m.value(row)));
                message.or_else(|| Some(beginning(raws?.value(row)))).into()
            })
        }
        (name, ColumnKind::String) => {
            let texts = texts(batch, name);
            Box::new(move |row| {
                texts.filter(|texts| texts.is_valid(row)).map(|texts| texts.value(row)).into()
            })
        }
        (name, ColumnKind::Long) => Box::new(move |row| number(batch, name, row).into()),
        (name, ColumnKind::DateTime) => {
            Box::new(move |row| moment(batch, name, row).map(|moment| moment.to_string()).into())
        }
        _ => {
            let maps = field_maps(batch);
            let pair = |(name, value): (&str, &str)| Value::from(vec![name, value]);
            Box::new(move |row| maps.map(|maps| maps.entries(row).map(pair).collect::<Vec<_>>()).into())
        }
    }
}

fn id_of(key: RowKey) -> EventId {
    EventId::raw(key.partition, key.offset)
}

fn moment(batch: &RecordBatch, name: &str, row: usize) -> Option<Timestamp> {
    let times = batch.column_by_name(name)?.as_primitive_opt::<TimestampMicrosecondType>()?;
    times.is_valid(row).then(|| Timestamp::from_micros(times.value(row)))
}

/// The beginning of a record as text, cut between characters.
fn beginning(raw: &[u8]) -> Cow<'_, str> {
    let mut end = raw.len().min(MESSAGE_BYTES_MAX);
    let inside_character = |end: usize| raw.get(end).is_some_and(|byte| byte & 0xC0 == 0x80);
    while end > MESSAGE_BYTES_MAX.saturating_sub(4) && inside_character(end) {
        end -= 1;
    }
    String::from_utf8_lossy(raw.get(..end).unwrap_or_default())
}

/// Every row of `batch`, which has all columns of the stored schema, as an event.
pub(crate) fn stored_events(batch: &RecordBatch) -> Vec<StoredEvent> {
    let Some(keys) = Keys::of(batch) else { return Vec::new() };
    (0..batch.num_rows()).map(|row| stored_event(batch, &keys, row)).collect()
}

fn stored_event(batch: &RecordBatch, keys: &Keys<'_>, row: usize) -> StoredEvent {
    let mut header = BTreeMap::new();
    for column in header_columns() {
        let is_member = matches!(column.name, "id" | "mart" | "raw" | "partition" | "offset");
        let value = match column.kind {
            _ if is_member => None,
            ColumnKind::String => texts(batch, column.name)
                .filter(|texts| texts.is_valid(row))
                .map(|texts| texts.value(row).to_owned()),
            ColumnKind::Long => number(batch, column.name, row).map(|number| number.to_string()),
            _ => None,
        };
        if let Some(value) = value {
            header.insert(column.name.to_owned(), value);
        }
    }
    let fields = field_maps(batch)
        .map(|maps| maps.entries(row).map(|(name, value)| (name.to_owned(), value.to_owned())).collect());
    StoredEvent {
        id: id_of(keys.key(row)),
        mart: texts(batch, "mart").map(|marts| marts.value(row).to_owned()).unwrap_or_default(),
        time: moment(batch, "time", row).unwrap_or_default(),
        seen: moment(batch, "seen", row).unwrap_or_default(),
        header,
        fields: fields.unwrap_or_default(),
        raw: raws(batch).map(|raws| raws.value(row).to_vec()).unwrap_or_default(),
    }
}

/// `events` in the order of `ids`; ids that were not found are left out.
pub(crate) fn in_order(ids: &[EventId], events: Vec<StoredEvent>) -> Vec<StoredEvent> {
    let mut by_id: BTreeMap<EventId, StoredEvent> =
        events.into_iter().map(|event| (event.id, event)).collect();
    ids.iter().filter_map(|id| by_id.remove(id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_record_is_cut_between_characters() {
        let text = format!("{}ü and more", "x".repeat(MESSAGE_BYTES_MAX - 1));
        assert_eq!(beginning(text.as_bytes()), "x".repeat(MESSAGE_BYTES_MAX - 1));
        assert_eq!(beginning(b"short"), "short");
        assert_eq!(beginning(&[0x80; 600]).chars().count(), MESSAGE_BYTES_MAX - 4);
    }
}
