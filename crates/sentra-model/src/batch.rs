use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, MapBuilder, MapFieldNames, StringDictionaryBuilder, TimestampMicrosecondBuilder,
    UInt8Builder, UInt16Builder, UInt32Builder, UInt64Builder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Int32Type, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, BinaryArray, DictionaryArray, MapArray, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::{Event, EventId, Mart, RawRecord, Severity, TenantId, Timestamp};

/// Most events in one batch.
pub const fn events_per_batch_max() -> usize {
    8_192
}

/// Positions of the columns of an event batch. The order is part of the stored shape.
pub mod column {
    /// Partition of the raw record (`u32`).
    pub const PARTITION: usize = 0;
    /// Offset of the raw record (`u64`).
    pub const OFFSET: usize = 1;
    /// Event time (µs, UTC).
    pub const TIME: usize = 2;
    /// Arrival time (µs, UTC).
    pub const SEEN: usize = 3;
    /// OCSF `class_uid` (`u32`).
    pub const CLASS: usize = 4;
    /// OCSF `severity_id` (`u8`).
    pub const SEVERITY: usize = 5;
    /// How many happenings the record stands for (`u32`).
    pub const COUNT: usize = 6;
    /// Source port (`u16`, nullable).
    pub const SRC_PORT: usize = 7;
    /// Destination port (`u16`, nullable).
    pub const DST_PORT: usize = 8;
    /// Line or record number in the source (`u64`).
    pub const SOURCE_POSITION: usize = 9;
    /// First of the text columns; they follow in the order of [`TEXT_NAMES`].
    pub const TEXT_FIRST: usize = 10;
    /// Names of the text columns (dictionary-encoded, nullable).
    pub const TEXT_NAMES: [&str; 24] = [
        "code",
        "outcome",
        "format",
        "product",
        "service",
        "host",
        "user",
        "target_user",
        "src_ip",
        "dst_ip",
        "process",
        "pid",
        "parent_process",
        "command",
        "session",
        "file",
        "domain",
        "app",
        "virtual_entity",
        "message",
        "problem",
        "source",
        "source_kind",
        "mart",
    ];
    /// The source's own fields, a map from name to value; names may repeat.
    pub const FIELDS: usize = TEXT_FIRST + TEXT_NAMES.len();
    /// The raw bytes.
    pub const RAW: usize = FIELDS + 1;

    /// Position of the text column `name`, if there is one.
    #[must_use]
    pub fn text(name: &str) -> Option<usize> {
        TEXT_NAMES.iter().position(|known| *known == name).map(|index| TEXT_FIRST + index)
    }
}

/// What can be wrong with a record batch that should be an event batch.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The columns are not those of [`batch_schema`].
    #[error("record batch does not have the schema of an event batch")]
    Schema,
    /// Arrow refused to put the columns together.
    #[error("cannot assemble the event batch")]
    Assemble(#[from] ArrowError),
}

fn dictionary() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

fn moment() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn fields_entries() -> Field {
    let entry = vec![Field::new("name", dictionary(), false), Field::new("value", dictionary(), true)];
    Field::new("entries", DataType::Struct(entry.into()), false)
}

/// The schema of every event batch.
#[must_use]
pub fn batch_schema() -> SchemaRef {
    static SCHEMA: std::sync::LazyLock<SchemaRef> = std::sync::LazyLock::new(|| {
        let mut fields = vec![
            Field::new("partition", DataType::UInt32, false),
            Field::new("offset", DataType::UInt64, false),
            Field::new("time", moment(), false),
            Field::new("seen", moment(), false),
            Field::new("class", DataType::UInt32, false),
            Field::new("severity", DataType::UInt8, false),
            Field::new("count", DataType::UInt32, false),
            Field::new("src_port", DataType::UInt16, true),
            Field::new("dst_port", DataType::UInt16, true),
            Field::new("source_position", DataType::UInt64, false),
        ];
        fields.extend(column::TEXT_NAMES.iter().map(|name| Field::new(*name, dictionary(), true)));
        fields.push(Field::new("fields", DataType::Map(Arc::new(fields_entries()), false), false));
        fields.push(Field::new("raw", DataType::Binary, false));
        Arc::new(Schema::new(fields))
    });
    Arc::clone(&SCHEMA)
}

/// Events of one tenant and mart, as an Arrow record batch of [`batch_schema`].
///
/// It is the unit that flows. The values of `fields` share one dictionary, so that a predicate is tested
/// once per distinct value and spread over the rows by index.
#[derive(Debug, Clone)]
pub struct EventBatch {
    tenant: TenantId,
    mart: Mart,
    record: RecordBatch,
}

impl EventBatch {
    /// Wraps `record`, which must have the schema of an event batch.
    pub fn new(tenant: TenantId, mart: Mart, record: RecordBatch) -> Result<Self, BatchError> {
        if record.schema().fields() != batch_schema().fields() {
            return Err(BatchError::Schema);
        }
        Ok(Self { tenant, mart, record })
    }

    /// Whose events these are.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The mart they belong to.
    #[must_use]
    pub fn mart(&self) -> &Mart {
        &self.mart
    }

    /// The Arrow form.
    #[must_use]
    pub fn record(&self) -> &RecordBatch {
        &self.record
    }

    /// How many events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.record.num_rows()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.record.num_rows() == 0
    }

    /// One row by index; `None` past the end.
    #[must_use]
    pub fn row(&self, index: usize) -> Option<EventRow<'_>> {
        (index < self.len()).then_some(EventRow { batch: self, index })
    }

    /// Every row.
    pub fn rows(&self) -> impl Iterator<Item = EventRow<'_>> {
        (0..self.len()).map(|index| EventRow { batch: self, index })
    }

    /// A text column with its dictionary; `None` for a name that is no text column.
    #[must_use]
    pub fn text_column(&self, name: &str) -> Option<&DictionaryArray<Int32Type>> {
        self.record.column(column::text(name)?).as_dictionary_opt::<Int32Type>()
    }

    /// The map of source fields: names and values are dictionary arrays.
    #[must_use]
    pub fn fields(&self) -> &MapArray {
        self.record.column(column::FIELDS).as_map()
    }

    /// Names of the source fields, over all rows: slice by the offsets of [`EventBatch::fields`].
    #[must_use]
    pub fn field_names(&self) -> &DictionaryArray<Int32Type> {
        self.fields().keys().as_dictionary()
    }

    /// Values of the source fields, aligned with [`EventBatch::field_names`].
    #[must_use]
    pub fn field_values(&self) -> &DictionaryArray<Int32Type> {
        self.fields().values().as_dictionary()
    }
}

/// One event of a batch.
#[derive(Debug, Clone, Copy)]
pub struct EventRow<'a> {
    batch: &'a EventBatch,
    index: usize,
}

impl<'a> EventRow<'a> {
    /// Index in the batch.
    #[must_use]
    pub fn index(self) -> usize {
        self.index
    }

    /// Law IDENTITY: the event's place in the backbone.
    #[must_use]
    pub fn id(self) -> EventId {
        let partition =
            self.batch.record.column(column::PARTITION).as_primitive::<UInt32Type>().value(self.index);
        let offset = self.batch.record.column(column::OFFSET).as_primitive::<UInt64Type>().value(self.index);
        EventId::raw(partition, offset)
    }

    /// When it happened.
    #[must_use]
    pub fn time(self) -> Timestamp {
        self.moment(column::TIME)
    }

    /// When it arrived.
    #[must_use]
    pub fn seen(self) -> Timestamp {
        self.moment(column::SEEN)
    }

    fn moment(self, column: usize) -> Timestamp {
        let times = self.batch.record.column(column).as_primitive::<TimestampMicrosecondType>();
        Timestamp::from_micros(times.value(self.index))
    }

    /// OCSF class.
    #[must_use]
    pub fn class(self) -> u32 {
        self.batch.record.column(column::CLASS).as_primitive::<UInt32Type>().value(self.index)
    }

    /// Severity as the source stated it.
    #[must_use]
    pub fn severity(self) -> Severity {
        let number = self.batch.record.column(column::SEVERITY).as_primitive::<UInt8Type>().value(self.index);
        Severity::from_ocsf(number)
    }

    /// How many happenings the record stands for, at least 1.
    #[must_use]
    pub fn count(self) -> u32 {
        self.batch.record.column(column::COUNT).as_primitive::<UInt32Type>().value(self.index).max(1)
    }

    /// Source port.
    #[must_use]
    pub fn src_port(self) -> Option<u16> {
        self.port(column::SRC_PORT)
    }

    /// Destination port.
    #[must_use]
    pub fn dst_port(self) -> Option<u16> {
        self.port(column::DST_PORT)
    }

    fn port(self, column: usize) -> Option<u16> {
        let ports = self.batch.record.column(column).as_primitive::<UInt16Type>();
        ports.is_valid(self.index).then(|| ports.value(self.index))
    }

    /// Line or record number in the source.
    #[must_use]
    pub fn source_position(self) -> u64 {
        self.batch.record.column(column::SOURCE_POSITION).as_primitive::<UInt64Type>().value(self.index)
    }

    /// The text column `name`; `None` for null and for a name that is no text column.
    #[must_use]
    pub fn text(self, name: &str) -> Option<&'a str> {
        dictionary_text(self.batch.text_column(name)?, self.index)
    }

    /// The source's fields in their order.
    pub fn fields(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let offsets = self.batch.fields().value_offsets();
        let offset = |index: usize| {
            offsets.get(index).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or_default()
        };
        let (names, values) = (self.batch.field_names(), self.batch.field_values());
        (offset(self.index)..offset(self.index + 1))
            .filter_map(move |entry| Some((dictionary_text(names, entry)?, dictionary_text(values, entry)?)))
    }

    /// The first value of the source field `name`.
    #[must_use]
    pub fn field(self, name: &str) -> Option<&'a str> {
        self.fields().find(|(field, _)| *field == name).map(|(_, value)| value)
    }

    /// The raw bytes.
    #[must_use]
    pub fn raw(self) -> &'a [u8] {
        let raw: &BinaryArray = self.batch.record.column(column::RAW).as_binary();
        raw.value(self.index)
    }
}

fn dictionary_text(array: &DictionaryArray<Int32Type>, index: usize) -> Option<&str> {
    let values: &StringArray = array.values().as_string_opt()?;
    array.key(index).map(|key| values.value(key))
}

/// Collects events of one tenant and mart into an [`EventBatch`].
pub struct BatchBuilder {
    tenant: TenantId,
    mart: Mart,
    partition: UInt32Builder,
    offset: UInt64Builder,
    time: TimestampMicrosecondBuilder,
    seen: TimestampMicrosecondBuilder,
    class: UInt32Builder,
    severity: UInt8Builder,
    count: UInt32Builder,
    src_port: UInt16Builder,
    dst_port: UInt16Builder,
    source_position: UInt64Builder,
    texts: Vec<StringDictionaryBuilder<Int32Type>>,
    fields: MapBuilder<StringDictionaryBuilder<Int32Type>, StringDictionaryBuilder<Int32Type>>,
    raw: BinaryBuilder,
    rows: usize,
}

impl std::fmt::Debug for BatchBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BatchBuilder")
            .field("tenant", &self.tenant)
            .field("mart", &self.mart)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl BatchBuilder {
    /// An empty builder.
    #[must_use]
    pub fn new(tenant: TenantId, mart: Mart) -> Self {
        let names =
            MapFieldNames { entry: "entries".to_owned(), key: "name".to_owned(), value: "value".to_owned() };
        Self {
            tenant,
            mart,
            partition: UInt32Builder::new(),
            offset: UInt64Builder::new(),
            time: TimestampMicrosecondBuilder::new().with_timezone("UTC"),
            seen: TimestampMicrosecondBuilder::new().with_timezone("UTC"),
            class: UInt32Builder::new(),
            severity: UInt8Builder::new(),
            count: UInt32Builder::new(),
            src_port: UInt16Builder::new(),
            dst_port: UInt16Builder::new(),
            source_position: UInt64Builder::new(),
            texts: column::TEXT_NAMES.iter().map(|_| StringDictionaryBuilder::new()).collect(),
            fields: MapBuilder::new(
                Some(names),
                StringDictionaryBuilder::new(),
                StringDictionaryBuilder::new(),
            ),
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

    /// Adds `event`, decoded from `record`, which stands at `id`.
    pub fn push(&mut self, id: EventId, record: &RawRecord<'_>, event: &Event<'_>) -> Result<(), BatchError> {
        self.partition.append_value(id.partition);
        self.offset.append_value(id.offset);
        self.time.append_value(event.time.micros());
        self.seen.append_value(record.received.micros());
        self.class.append_value(event.class.0);
        self.severity.append_value(event.severity.ocsf());
        self.count.append_value(event.count.max(1));
        self.src_port.append_option((event.src_port != 0).then_some(event.src_port));
        self.dst_port.append_option((event.dst_port != 0).then_some(event.dst_port));
        self.source_position.append_value(record.position);
        self.push_texts(record, event)?;
        for (name, value) in &event.fields {
            self.fields.keys().append(name.as_ref())?;
            self.fields.values().append(value.as_text())?;
        }
        self.fields.append(true)?;
        self.raw.append_value(record.bytes);
        self.rows += 1;
        Ok(())
    }

    /// In the order of [`column::TEXT_NAMES`].
    fn push_texts(&mut self, record: &RawRecord<'_>, event: &Event<'_>) -> Result<(), BatchError> {
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
        for (builder, text) in self.texts.iter_mut().zip(texts) {
            if text.is_empty() {
                builder.append_null();
            } else {
                builder.append(text)?;
            }
        }
        Ok(())
    }

    /// The batch; the builder is empty again and can be used on.
    pub fn finish(&mut self) -> Result<EventBatch, BatchError> {
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(self.partition.finish()),
            Arc::new(self.offset.finish()),
            Arc::new(self.time.finish()),
            Arc::new(self.seen.finish()),
            Arc::new(self.class.finish()),
            Arc::new(self.severity.finish()),
            Arc::new(self.count.finish()),
            Arc::new(self.src_port.finish()),
            Arc::new(self.dst_port.finish()),
            Arc::new(self.source_position.finish()),
        ];
        columns.extend(self.texts.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef));
        columns.push(Arc::new(self.fields.finish()));
        columns.push(Arc::new(self.raw.finish()));
        self.rows = 0;
        let record = RecordBatch::try_new(batch_schema(), columns)?;
        EventBatch::new(self.tenant.clone(), self.mart.clone(), record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EventCode, FieldValue, Outcome, Source, SourceKind};

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
