//! Source fields as columns of a segment: the frequent ones get one each, the rest stays in the map `fields`.
//!
//! ```text
//! fields          entries of fields without a column, in their order
//! shape           the names of all fields of the row in their order, joined; with it the map is whole again
//! field.EventID   the value of the field EventID, null where the row has none
//! raw.form        what the row's raw record shares with other columns, see `raw_form`
//! raw.rest        what it does not share
//! ```
//!
//! A field has a column only in segments where no row has it twice. Which do is decided anew for every segment, so that
//! no change of a source's fields is ever in the way.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, MapArray, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::raw_form;
use crate::StoreError;
use crate::answer::Hit;
use crate::schema::{FieldMaps, field_maps, map_of, store_schema};

/// What the names of columns of source fields begin with.
pub(super) const PREFIX: &str = "field.";
/// The column with the names of a row's fields.
pub(super) const SHAPE: &str = "shape";
/// Most source fields of a segment that have a column.
pub(super) const PROMOTED_COLUMNS_MAX: usize = 128;
/// A field has a column when at least one row in so many has it.
const PROMOTED_ROWS_ONE_IN: u64 = 500;
/// Longest name of a field that has a column, in bytes.
const PROMOTED_NAME_BYTES_MAX: usize = 128;
/// Most different lists of names in a segment; with more its fields stay in the map.
const SHAPES_MAX: usize = 4_096;
/// Stands between the names of a shape; a segment with a name that has it keeps its map.
const SEPARATOR: char = '\u{1f}';

/// The fields of the rows that go into a segment.
#[derive(Debug)]
pub(super) struct Layout {
    /// Fields with a column, in the order of the columns.
    pub(super) promoted: Vec<String>,
    /// Fields in the map.
    pub(super) rest: BTreeSet<String>,
    shapes: Vec<Shape>,
    /// The shape of every row, by record.
    of_row: Vec<Vec<u16>>,
}

#[derive(Debug)]
struct Shape {
    key: String,
    /// The column of each field, if it has one.
    columns: Vec<Option<usize>>,
}

/// The name of the column of a field.
pub(super) fn column_of(field: &str) -> String {
    format!("{PREFIX}{field}")
}

impl Layout {
    /// What suits `records`; nothing where they all have different fields, or names that cannot be joined.
    pub(super) fn of(records: &[RecordBatch]) -> Option<Self> {
        let mut keys: HashMap<String, u16> = HashMap::new();
        let mut counts: Vec<u64> = Vec::new();
        let mut of_row = Vec::with_capacity(records.len());
        let mut key = String::new();
        for record in records {
            let maps = field_maps(record)?;
            let mut rows = Vec::with_capacity(record.num_rows());
            for row in 0..record.num_rows() {
                key.clear();
                for (name, _) in maps.entries(row) {
                    if name.is_empty() || name.contains(SEPARATOR) {
                        return None;
                    }
                    if !key.is_empty() {
                        key.push(SEPARATOR);
                    }
                    key.push_str(name);
                }
                let shape = match keys.get(&key) {
                    Some(shape) => *shape,
                    None if keys.len() >= SHAPES_MAX => return None,
                    None => {
                        let shape = u16::try_from(keys.len()).ok()?;
                        keys.insert(key.clone(), shape);
                        counts.push(0);
                        shape
                    }
                };
                if let Some(count) = counts.get_mut(usize::from(shape)) {
                    *count += 1;
                }
                rows.push(shape);
            }
            of_row.push(rows);
        }
        let mut shapes = vec![String::new(); keys.len()];
        for (key, place) in keys {
            if let Some(shape) = shapes.get_mut(usize::from(place)) {
                *shape = key;
            }
        }
        let (promoted, rest) = chosen(&shapes, &counts);
        let places: HashMap<&str, usize> =
            promoted.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect();
        let shape = |key: String| {
            let columns = names_of(&key).map(|name| places.get(name).copied()).collect();
            Shape { columns, key }
        };
        let shapes = shapes.into_iter().map(shape).collect();
        Some(Self { promoted, rest, shapes, of_row })
    }

    /// The columns of a segment: those of the store, then the shape, the promoted ones and the forms of raw records.
    pub(super) fn schema(&self) -> SchemaRef {
        schema_with(self.promoted.iter().map(String::as_str), true, true)
    }

    /// The map of the rest, the shapes and the promoted columns of the rows `hits`.
    pub(super) fn columns(&self, records: &[RecordBatch], hits: &[Hit]) -> Result<Vec<ArrayRef>, StoreError> {
        let maps: Vec<Option<FieldMaps<'_>>> = records.iter().map(field_maps).collect();
        let mut promoted: Vec<Vec<Option<&str>>> = vec![vec![None; hits.len()]; self.promoted.len()];
        let mut shapes = Vec::with_capacity(hits.len());
        let (mut names, mut values, mut lengths) = (Vec::new(), Vec::new(), Vec::with_capacity(hits.len()));
        for (place, hit) in hits.iter().enumerate() {
            let shape = self.of_row.get(hit.batch).and_then(|rows| rows.get(hit.row));
            let shape = shape.and_then(|shape| self.shapes.get(usize::from(*shape)));
            shapes.push(shape.map(|shape| shape.key.as_str()));
            let before = names.len();
            let entries = maps.get(hit.batch).copied().flatten();
            let entries = entries.into_iter().flat_map(|maps| maps.entries(hit.row));
            for ((name, value), column) in entries.zip(shape.iter().flat_map(|shape| &shape.columns)) {
                let column = column.and_then(|column| promoted.get_mut(column)?.get_mut(place));
                match column {
                    Some(cell) => *cell = Some(value),
                    None => {
                        names.push(name);
                        values.push(value);
                    }
                }
            }
            lengths.push(names.len() - before);
        }
        let rest =
            map_of(StringArray::from_iter_values(names), StringArray::from_iter_values(values), lengths)?;
        let mut columns: Vec<ArrayRef> = vec![Arc::new(rest), Arc::new(StringArray::from(shapes))];
        columns.extend(promoted.into_iter().map(|values| Arc::new(StringArray::from(values)) as ArrayRef));
        Ok(columns)
    }
}

/// The fields that get a column, the most frequent first, and the others.
fn chosen(shapes: &[String], counts: &[u64]) -> (Vec<String>, BTreeSet<String>) {
    let rows: u64 = counts.iter().sum();
    let mut found: HashMap<&str, u64> = HashMap::new();
    let mut repeated: BTreeSet<&str> = BTreeSet::new();
    for (key, count) in shapes.iter().zip(counts) {
        let mut in_row = BTreeSet::new();
        for name in names_of(key) {
            *found.entry(name).or_default() += count;
            if !in_row.insert(name) {
                repeated.insert(name);
            }
        }
    }
    let mut names: Vec<(&str, u64)> = found.iter().map(|(name, count)| (*name, *count)).collect();
    names.sort_unstable_by(|one, two| two.1.cmp(&one.1).then(one.0.cmp(two.0)));
    let is_frequent = |(name, count): &&(&str, u64)| {
        count.saturating_mul(PROMOTED_ROWS_ONE_IN) >= rows
            && name.len() <= PROMOTED_NAME_BYTES_MAX
            && !repeated.contains(name)
    };
    let promoted: Vec<String> = names
        .iter()
        .filter(is_frequent)
        .take(PROMOTED_COLUMNS_MAX)
        .map(|(name, _)| (*name).to_owned())
        .collect();
    let rest = names.iter().map(|(name, _)| (*name).to_owned());
    let rest = rest.filter(|name| !promoted.contains(name)).collect();
    (promoted, rest)
}

fn names_of(key: &str) -> impl Iterator<Item = &str> {
    key.split(SEPARATOR).filter(|name| !name.is_empty())
}

/// The store's columns with those of `promoted` fields, the shape if rows have one, and the forms of raw records if there
/// are any.
pub(super) fn schema_with<'a>(
    promoted: impl Iterator<Item = &'a str>,
    has_shape: bool,
    has_forms: bool,
) -> SchemaRef {
    let mut fields: Vec<Arc<Field>> = store_schema().fields().iter().cloned().collect();
    if has_shape {
        fields.push(Arc::new(Field::new(SHAPE, DataType::Utf8, true)));
    }
    fields.extend(promoted.map(|name| Arc::new(Field::new(column_of(name), DataType::Utf8, true))));
    if has_forms {
        let names = [raw_form::FORM, raw_form::REST];
        fields.extend(names.map(|name| Arc::new(Field::new(name, DataType::Utf8, true))));
    }
    Arc::new(Schema::new(fields))
}

/// The whole map again, of the rest, the shapes and the columns of the fields `names`. Texts are plain.
pub(super) fn whole(
    rest: &MapArray,
    shapes: &StringArray,
    names: &[String],
    columns: &[&StringArray],
) -> Result<MapArray, StoreError> {
    let places: HashMap<&str, usize> =
        names.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect();
    let mut known: HashMap<&str, Vec<(&str, Option<usize>)>> = HashMap::new();
    let (mut all_names, mut all_values, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
    let maps = FieldMaps::of(rest);
    for row in 0..rest.len() {
        let mut left = maps.into_iter().flat_map(|maps| maps.entries(row));
        let before = all_names.len();
        if shapes.is_valid(row) {
            let key = shapes.value(row);
            let shape = known
                .entry(key)
                .or_insert_with(|| names_of(key).map(|name| (name, places.get(name).copied())).collect());
            for (name, place) in shape {
                let column = place.and_then(|place| columns.get(place)).filter(|column| column.is_valid(row));
                match column {
                    Some(column) => {
                        all_names.push(*name);
                        all_values.push(column.value(row));
                    }
                    None => {
                        if let Some((name, value)) = left.next() {
                            all_names.push(name);
                            all_values.push(value);
                        }
                    }
                }
            }
        } else {
            for (name, value) in left {
                all_names.push(name);
                all_values.push(value);
            }
        }
        lengths.push(all_names.len() - before);
    }
    map_of(StringArray::from_iter_values(all_names), StringArray::from_iter_values(all_values), lengths)
}

/// The texts of an array that may have a dictionary.
pub(super) fn plain(array: &ArrayRef) -> Result<StringArray, StoreError> {
    let plain = arrow_cast::cast(array, &DataType::Utf8).map_err(StoreError::arrow("unpack a column"))?;
    Ok(plain.as_string::<i32>().clone())
}
