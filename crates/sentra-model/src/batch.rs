use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Int32Type, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, BinaryArray, DictionaryArray, MapArray, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

use crate::{EventId, Mart, Severity, TenantId, Timestamp};

/// Most events in one batch.
pub const fn events_per_batch_max() -> usize {
    8_192
}

/// Law LIMIT: bytes of text in one batch beyond which it takes no more events. One event adds far less than what is
/// then left of what Arrow's 32-bit offsets can address.
pub(crate) const BATCH_BYTES_MAX: usize = 1 << 30;

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
    /// Number of `message` among [`TEXT_NAMES`].
    pub(crate) const MESSAGE_TEXT: usize = 19;
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
    /// The builder holds [`BATCH_BYTES_MAX`] already.
    #[error("the event batch is full: finish it and push the event again")]
    Full,
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

pub(crate) fn fields_entry() -> Fields {
    vec![Field::new("name", dictionary(), false), Field::new("value", dictionary(), true)].into()
}

pub(crate) fn fields_entries() -> Field {
    Field::new("entries", DataType::Struct(fields_entry()), false)
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
/// once per value of it and spread over the rows by index. A message, or a value of a field that is new in nearly every
/// event, may stand in its dictionary twice; any other text stands there once.
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
