//! What baselines say about a row, as a field that rules can name.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Int32Array, MapArray, RecordBatch, StringArray, StructArray,
};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType};
use sentra_model::{BatchError, EventBatch, column};

use crate::baseline::BaselineName;

/// The value of a statement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DerivedValue {
    /// It is so.
    True,
    /// A number, shown with one decimal.
    Number(f32),
    /// A number, shown without decimals.
    Whole(f32),
}

impl fmt::Display for DerivedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::True => f.write_str("true"),
            Self::Number(number) => write!(f, "{number:.1}"),
            Self::Whole(number) => write!(f, "{number:.0}"),
        }
    }
}

/// A statement about a row that stands out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Derived {
    /// The row of its batch.
    pub row: u32,
    /// What is stated.
    pub name: BaselineName,
    /// Its value.
    pub value: DerivedValue,
}

/// The batch with `derived` appended to the source fields of its rows. Statements must be in the order of their rows,
/// as [`crate::Behaviour::observe`] gives them; rows without one are unchanged.
///
/// # Errors
/// [`BatchError::Assemble`] when Arrow refuses the columns, as it does beyond two billion fields.
pub fn with_derived(batch: &EventBatch, derived: &[Derived]) -> Result<EventBatch, BatchError> {
    let field = |one: &Derived| RowField {
        row: one.row,
        name: one.name.as_str(),
        value: Cow::Owned(one.value.to_string()),
    };
    with_fields(batch, &derived.iter().map(field).collect::<Vec<_>>())
}

/// A field to be appended to a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowField<'a> {
    /// The row of its batch.
    pub row: u32,
    /// The field's name.
    pub name: &'a str,
    /// Its value.
    pub value: Cow<'a, str>,
}

/// The batch with `fields` appended to the source fields of its rows. Fields must be in the order of their rows; rows
/// without one are unchanged.
///
/// # Errors
/// [`BatchError::Assemble`] when Arrow refuses the columns, as it does beyond two billion fields.
pub fn with_fields(batch: &EventBatch, derived: &[RowField<'_>]) -> Result<EventBatch, BatchError> {
    if derived.is_empty() {
        return Ok(batch.clone());
    }
    let fields = append(batch.fields(), derived)?;
    let mut columns = batch.record().columns().to_vec();
    if let Some(place) = columns.get_mut(column::FIELDS) {
        *place = Arc::new(fields);
    }
    let record = RecordBatch::try_new(batch.record().schema(), columns)?;
    EventBatch::new(batch.tenant().clone(), batch.mart().clone(), record)
}

/// The batch in which no source field has a name that `is_ours`: a log line that says `baseline.…` of itself would be
/// believed by rules. Such fields are kept under `source.` and their name. `None` where there is none.
///
/// # Errors
/// [`BatchError::Assemble`] when Arrow refuses the columns.
pub fn without_forged(
    batch: &EventBatch,
    is_ours: impl Fn(&str) -> bool,
) -> Result<Option<EventBatch>, BatchError> {
    let names = batch.field_names();
    let Some(words) = names.values().as_string_opt::<i32>() else { return Ok(None) };
    if !words.iter().flatten().any(&is_ours) {
        return Ok(None);
    }
    let renamed: StringArray = words
        .iter()
        .map(|word| word.map(|word| if is_ours(word) { format!("source.{word}") } else { word.to_owned() }))
        .collect();
    let fields = batch.fields();
    let (entry, is_sorted) = match fields.data_type() {
        DataType::Map(entry, is_sorted) => (Arc::clone(entry), *is_sorted),
        other => return Err(ArrowError::SchemaError(format!("not a map of fields: {other}")).into()),
    };
    let DataType::Struct(inner) = entry.data_type() else {
        return Err(ArrowError::SchemaError("a map without entries".to_owned()).into());
    };
    let names = DictionaryArray::try_new(names.keys().clone(), Arc::new(renamed) as ArrayRef)?;
    let columns: Vec<ArrayRef> = vec![Arc::new(names), Arc::clone(fields.values())];
    let entries = StructArray::try_new(inner.clone(), columns, None)?;
    let offsets = fields.offsets().clone();
    let renamed =
        MapArray::try_new(Arc::clone(&entry), offsets, entries, fields.nulls().cloned(), is_sorted)?;
    let mut columns = batch.record().columns().to_vec();
    if let Some(place) = columns.get_mut(column::FIELDS) {
        *place = Arc::new(renamed);
    }
    let record = RecordBatch::try_new(batch.record().schema(), columns)?;
    Ok(Some(EventBatch::new(batch.tenant().clone(), batch.mart().clone(), record)?))
}

fn append(fields: &MapArray, derived: &[RowField<'_>]) -> Result<MapArray, ArrowError> {
    let (entry, is_sorted) = match fields.data_type() {
        DataType::Map(entry, is_sorted) => (Arc::clone(entry), *is_sorted),
        other => return Err(ArrowError::SchemaError(format!("not a map of fields: {other}"))),
    };
    let names = fields.keys().as_dictionary::<Int32Type>();
    let values = fields.values().as_dictionary::<Int32Type>();
    let mut new_names = Words::new(names)?;
    let mut new_values = Words::new(values)?;
    let added: Vec<(i32, i32)> =
        derived.iter().map(|one| (new_names.key_of_name(one.name), new_values.key_of(&one.value))).collect();

    let places = places(fields.value_offsets(), derived);
    let total = fields.value_offsets().last().zip(fields.value_offsets().first());
    let capacity = total.map_or(0, |(last, first)| (last - first) as usize) + derived.len();
    let name_keys = spread(names, &places, &added, |(name, _)| *name, capacity)?;
    let value_keys = spread(values, &places, &added, |(_, value)| *value, capacity)?;
    let columns: Vec<ArrayRef> = vec![new_names.finish(name_keys)?, new_values.finish(value_keys)?];
    let DataType::Struct(inner) = entry.data_type() else {
        return Err(ArrowError::SchemaError("a map without entries".to_owned()));
    };
    let entries = StructArray::try_new(inner.clone(), columns, None)?;
    MapArray::try_new(entry, moved_offsets(fields.value_offsets(), derived), entries, None, is_sorted)
}

/// Where the entries lie that come before each statement: the stretch since the one before.
fn places(offsets: &[i32], derived: &[RowField<'_>]) -> Vec<(usize, usize)> {
    let mut from = offsets.first().copied().unwrap_or_default();
    let last = offsets.last().copied().unwrap_or_default();
    let mut places = Vec::with_capacity(derived.len() + 1);
    for one in derived {
        let end = offsets.get(one.row as usize + 1).copied().unwrap_or(last).max(from);
        places.push((from as usize, end as usize));
        from = end;
    }
    places.push((from as usize, last as usize));
    places
}

/// Keys with those of the statements in between, and which of them are null.
fn spread(
    array: &DictionaryArray<Int32Type>,
    places: &[(usize, usize)],
    added: &[(i32, i32)],
    key: impl Fn(&(i32, i32)) -> i32,
    capacity: usize,
) -> Result<Int32Array, ArrowError> {
    let keys = array.keys().values();
    let nulls = array.keys().nulls();
    let mut spread = Vec::with_capacity(capacity);
    let mut valid = nulls.map(|_| BooleanBufferBuilder::new(capacity));
    let mut added = added.iter();
    for (from, to) in places {
        spread.extend_from_slice(keys.get(*from..*to).unwrap_or_default());
        if let (Some(valid), Some(nulls)) = (&mut valid, nulls) {
            valid.append_buffer(&nulls.inner().slice(*from, to - from));
        }
        if let Some(one) = added.next() {
            spread.push(key(one));
            if let Some(valid) = &mut valid {
                valid.append(true);
            }
        }
    }
    let nulls = valid.map(|mut valid| NullBuffer::new(valid.finish()));
    Int32Array::try_new(spread.into(), nulls)
}

fn moved_offsets(offsets: &[i32], derived: &[RowField<'_>]) -> OffsetBuffer<i32> {
    let first = offsets.first().copied().unwrap_or_default();
    let mut left = derived.iter().peekable();
    let mut moved = Vec::with_capacity(offsets.len());
    let mut before = 0;
    moved.push(0);
    for (row, end) in (0_u32..).zip(offsets.iter().skip(1)) {
        while left.next_if(|one| one.row <= row).is_some() {
            before += 1;
        }
        moved.push(end - first + before);
    }
    OffsetBuffer::new(moved.into())
}

/// A dictionary that grows: its old words keep their keys.
struct Words {
    texts: StringBuilder,
    old: StringArray,
    added: Vec<(String, i32)>,
}

impl Words {
    fn new(array: &DictionaryArray<Int32Type>) -> Result<Self, ArrowError> {
        let old = array.values().as_string_opt::<i32>().cloned();
        let old = old.ok_or_else(|| ArrowError::SchemaError("a dictionary without texts".to_owned()))?;
        let mut texts = StringBuilder::with_capacity(old.len() + 64, old.value_data().len() + 1_024);
        texts.append_array(&old)?;
        Ok(Self { texts, old, added: Vec::new() })
    }

    /// The key of a name: also one that a source brought itself, so that a dictionary has each word once.
    fn key_of_name(&mut self, name: &str) -> i32 {
        if let Some((_, key)) = self.added.iter().find(|(known, _)| known == name) {
            return *key;
        }
        let known = (0..).zip(self.old.iter()).find(|(_, known)| *known == Some(name));
        match known {
            Some((key, _)) => {
                self.added.push((name.to_owned(), key));
                key
            }
            None => self.add(name),
        }
    }

    /// The key of a value. The old ones are not searched: a dictionary may hold a word twice, and they are many.
    fn key_of(&mut self, value: &str) -> i32 {
        let recent = self.added.iter().rev().take(256).find(|(known, _)| known == value);
        match recent {
            Some((_, key)) => *key,
            None => self.add(value),
        }
    }

    fn add(&mut self, word: &str) -> i32 {
        let key = (self.texts.offsets_slice().len() - 1) as i32;
        self.texts.append_value(word);
        self.added.push((word.to_owned(), key));
        key
    }

    fn finish(mut self, keys: Int32Array) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(DictionaryArray::try_new(keys, Arc::new(self.texts.finish()))?))
    }
}
