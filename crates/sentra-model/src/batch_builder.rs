use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::builder::BinaryBuilder;
use arrow_array::{
    ArrayRef, MapArray, RecordBatch, StructArray, TimestampMicrosecondArray, UInt8Array, UInt16Array,
    UInt32Array, UInt64Array,
};
use arrow_buffer::{BooleanBuffer, NullBuffer, OffsetBuffer};
use arrow_schema::ArrowError;

use crate::batch::{BATCH_BYTES_MAX, batch_schema, column, fields_entries, fields_entry};
use crate::dictionary::{FieldColumns, TextColumn};
use crate::{
    BatchError, Event, EventBatch, EventId, FieldValue, Mart, RawRecord, TenantId, events_per_batch_max,
};

/// Law LIMIT: fields in one batch beyond which it takes no more events.
const BATCH_FIELDS_MAX: usize = 1 << 30;
/// Law LIMIT: bytes of raw records that an emptied builder makes room for at once, by what it held before.
const RAW_ROOM_BYTES_MAX: usize = 1 << 24;
/// Bytes of the longest whole number in decimal.
const DIGITS_MAX: usize = 20;

/// Collects events of one tenant and mart into an [`EventBatch`].
#[derive(Debug)]
pub struct BatchBuilder {
    tenant: TenantId,
    mart: Mart,
    numbers: Numbers,
    texts: [TextColumn; column::TEXT_NAMES.len()],
    fields: FieldColumns,
    /// Where the fields of each event end.
    field_ends: Vec<i32>,
    raw: BinaryBuilder,
    rows: usize,
}

/// The columns that are no text.
#[derive(Debug, Default)]
struct Numbers {
    partition: Vec<u32>,
    offset: Vec<u64>,
    time: Vec<i64>,
    seen: Vec<i64>,
    class: Vec<u32>,
    severity: Vec<u8>,
    count: Vec<u32>,
    src_port: Vec<u16>,
    dst_port: Vec<u16>,
    source_position: Vec<u64>,
}

impl BatchBuilder {
    /// An empty builder.
    #[must_use]
    pub fn new(tenant: TenantId, mart: Mart) -> Self {
        let text = |place| match place {
            column::MESSAGE_TEXT => TextColumn::of_messages(),
            _ => TextColumn::default(),
        };
        Self {
            tenant,
            mart,
            numbers: Numbers::default(),
            texts: std::array::from_fn(text),
            fields: FieldColumns::default(),
            field_ends: Vec::new(),
            raw: BinaryBuilder::new(),
            rows: 0,
        }
    }

    /// How many events are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Whether it should be finished before more is added: it holds [`events_per_batch_max`], or much text.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.rows >= events_per_batch_max() || self.bytes() >= BATCH_BYTES_MAX / 4
    }

    /// Bytes of its largest columns.
    fn bytes(&self) -> usize {
        let message = self.texts.get(column::MESSAGE_TEXT).map_or(0, TextColumn::bytes);
        self.raw.values_slice().len() + self.fields.bytes() + message
    }

    /// Adds `event`, decoded from `record`, which stands at `id`.
    ///
    /// # Errors
    /// [`BatchError::Full`] when the builder should have been finished long ago, see [`BatchBuilder::is_full`].
    pub fn push(&mut self, id: EventId, record: &RawRecord<'_>, event: &Event<'_>) -> Result<(), BatchError> {
        if self.bytes() >= BATCH_BYTES_MAX || self.fields.len() >= BATCH_FIELDS_MAX {
            return Err(BatchError::Full);
        }
        self.numbers.push(id, record, event);
        self.push_texts(record, event);
        self.push_fields(event);
        self.raw.append_value(record.bytes);
        self.rows += 1;
        Ok(())
    }

    /// In the order of [`column::TEXT_NAMES`].
    fn push_texts(&mut self, record: &RawRecord<'_>, event: &Event<'_>) {
        let texts: [&str; column::TEXT_NAMES.len()] = [
            event.code.map_or("", |code| code.as_str()),
            event.outcome.as_str(),
            &event.format,
            &event.product,
            &event.service,
            &event.host,
            &event.user,
            &event.target_user,
            &event.src_ip,
            &event.dst_ip,
            &event.process,
            &event.pid,
            &event.parent_process,
            &event.command,
            &event.session,
            &event.file,
            &event.domain,
            &event.app,
            &event.virtual_entity,
            &event.message,
            event.problem.as_ref().map_or("", Cow::as_ref),
            &record.source.origin,
            record.source.kind.as_str(),
            event.mart.as_str(),
        ];
        for (column, text) in self.texts.iter_mut().zip(texts) {
            if !text.is_empty() {
                column.put(self.rows, text);
            }
        }
    }

    fn push_fields(&mut self, event: &Event<'_>) {
        self.fields.begin();
        for (name, value) in &event.fields {
            match value {
                FieldValue::Text(text) => self.fields.put_lasting(name, text),
                FieldValue::Integer(number) => self.fields.put(name, decimal(*number, &mut [0; DIGITS_MAX])),
                other => self.fields.put(name, &other.as_text()),
            }
        }
        self.field_ends.push(self.fields.len() as i32);
    }

    /// The batch; the builder is empty again and can be used on.
    ///
    /// # Errors
    /// [`BatchError::Assemble`] when Arrow refuses the columns.
    pub fn finish(&mut self) -> Result<EventBatch, BatchError> {
        let rows = std::mem::take(&mut self.rows);
        let mut columns = self.numbers.finish();
        for column in &mut self.texts {
            columns.push(column.finish(rows)?);
        }
        columns.push(Arc::new(self.finish_fields(rows)?));
        let room = self.raw.values_slice().len().min(RAW_ROOM_BYTES_MAX);
        let mut raw = std::mem::replace(&mut self.raw, BinaryBuilder::with_capacity(rows, room));
        columns.push(Arc::new(raw.finish()));
        let record = RecordBatch::try_new(batch_schema(), columns)?;
        EventBatch::new(self.tenant.clone(), self.mart.clone(), record)
    }

    fn finish_fields(&mut self, rows: usize) -> Result<MapArray, ArrowError> {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        // The room stays with the builder.
        offsets.append(&mut self.field_ends);
        let entries = StructArray::try_new(fields_entry(), self.fields.finish()?.into(), None)?;
        MapArray::try_new(Arc::new(fields_entries()), OffsetBuffer::new(offsets.into()), entries, None, false)
    }
}

impl Numbers {
    fn push(&mut self, id: EventId, record: &RawRecord<'_>, event: &Event<'_>) {
        self.partition.push(id.partition);
        self.offset.push(id.offset);
        self.time.push(event.time.micros());
        self.seen.push(record.received.micros());
        self.class.push(event.class.0);
        self.severity.push(event.severity.ocsf());
        self.count.push(event.count.max(1));
        self.src_port.push(event.src_port);
        self.dst_port.push(event.dst_port);
        self.source_position.push(record.position);
    }

    /// In the order of the schema.
    fn finish(&mut self) -> Vec<ArrayRef> {
        let time = TimestampMicrosecondArray::from(emptied(&mut self.time));
        let seen = TimestampMicrosecondArray::from(emptied(&mut self.seen));
        vec![
            Arc::new(UInt32Array::from(emptied(&mut self.partition))),
            Arc::new(UInt64Array::from(emptied(&mut self.offset))),
            Arc::new(time.with_timezone("UTC")),
            Arc::new(seen.with_timezone("UTC")),
            Arc::new(UInt32Array::from(emptied(&mut self.class))),
            Arc::new(UInt8Array::from(emptied(&mut self.severity))),
            Arc::new(UInt32Array::from(emptied(&mut self.count))),
            Arc::new(ports(emptied(&mut self.src_port))),
            Arc::new(ports(emptied(&mut self.dst_port))),
            Arc::new(UInt64Array::from(emptied(&mut self.source_position))),
        ]
    }
}

/// `number` in decimal, written into `digits`: the standard library's way takes longer than all else there is to do
/// about a number.
fn decimal(number: i64, digits: &mut [u8; DIGITS_MAX]) -> &str {
    let mut rest = number.unsigned_abs();
    let mut start = DIGITS_MAX;
    for (place, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        start = place;
        if rest == 0 {
            break;
        }
    }
    if number < 0
        && let Some(sign) = start.checked_sub(1)
        && let Some(place) = digits.get_mut(sign)
    {
        *place = b'-';
        start = sign;
    }
    digits.get(start..).and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or_default()
}

/// What the column holds. It is empty again, with room for as much.
fn emptied<T>(column: &mut Vec<T>) -> Vec<T> {
    let room = Vec::with_capacity(column.len());
    std::mem::replace(column, room)
}

/// Ports, of which 0 is none.
fn ports(ports: Vec<u16>) -> UInt16Array {
    let is_known = |row: usize| ports.get(row).is_some_and(|port| *port != 0);
    let nulls =
        ports.contains(&0).then(|| NullBuffer::new(BooleanBuffer::collect_bool(ports.len(), is_known)));
    UInt16Array::new(ports.into(), nulls)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EventCode, Outcome, Source, SourceKind, Timestamp};

    #[test]
    fn numbers_are_written_as_the_standard_library_does() {
        let tens = (0..19).map(|power| 10_i64.pow(power));
        let numbers = tens.flat_map(|ten| [ten, ten - 1, ten + 1, -ten, 1 - ten]);
        for number in numbers.chain([i64::MIN, i64::MAX, 0, -1, 42]) {
            assert_eq!(decimal(number, &mut [0; DIGITS_MAX]), number.to_string());
        }
    }

    #[test]
    fn an_event_survives_the_batch() {
        let source = Source {
            kind: SourceKind::File,
            origin: "/var/log/auth.log".to_owned(),
            format: None,
            reference: Timestamp::from_seconds(0),
        };
        let record = RawRecord {
            source: &source,
            position: 7,
            received: Timestamp::from_seconds(9),
            bytes: b"raw \xff",
        };
        let mut event = Event::new("syslog", Mart::LINUX, Timestamp::from_seconds(5));
        event.code = Some(EventCode::LL03);
        event.outcome = Outcome::Failure;
        event.user = "root".into();
        event.src_port = 4711;
        event.push("tag", "a");
        event.push("tag", "b");
        event.push("n", FieldValue::Integer(-3));

        let mut builder = BatchBuilder::new(TenantId::default_tenant(), Mart::LINUX);
        builder.push(EventId::raw(0, 3), &record, &event).unwrap();
        builder.push(EventId::raw(0, 4), &record, &Event::new("text", Mart::LINUX, event.time)).unwrap();
        let batch = builder.finish().unwrap();
        assert!(builder.is_empty());

        let row = batch.row(0).unwrap();
        assert_eq!(row.id(), EventId::raw(0, 3));
        assert_eq!(row.time(), Timestamp::from_seconds(5));
        assert_eq!(row.text("user"), Some("root"));
        assert_eq!(row.text("code"), Some("LL03"));
        assert_eq!(row.text("host"), None);
        assert_eq!(row.src_port(), Some(4711));
        assert_eq!(row.fields().collect::<Vec<_>>(), [("tag", "a"), ("tag", "b"), ("n", "-3")]);
        assert_eq!(row.raw(), b"raw \xff");
        let second = batch.row(1).unwrap();
        assert_eq!(second.fields().count(), 0);
        assert_eq!(second.count(), 1);
        assert!(batch.row(2).is_none());
        assert_eq!(builder.finish().unwrap().len(), 0);
    }
}
