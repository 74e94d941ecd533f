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
//! The column of a field that mostly says what another column says has nothing but exceptions, see `alias`.
//!
//! A field has a column only in segments where no row has it twice. Which do is decided anew for every segment, so that
//! no change of a source's fields is ever in the way.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray, MapArray, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::alias::{self, Alias, Chosen, Columns, SAME, Shapes, Unlike};
use super::index::dictionary;
use super::raw_form::{self, numbered};
use crate::StoreError;
use crate::answer::Hit;
use crate::schema::{FieldMaps, Names, field_maps, map_of, store_schema};

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
/// Lists of names that are compared with a row before its own is put together.
const SHAPES_RECENT: usize = 6;
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
    /// What the promoted fields repeat.
    aliases: Vec<Option<Chosen>>,
    unlike: Vec<Option<Unlike>>,
}

/// The source fields of some rows as columns.
#[derive(Debug)]
pub(super) struct FieldColumns<'a> {
    /// What has no column.
    pub(super) rest: MapArray,
    pub(super) shapes: DictionaryArray<Int32Type>,
    /// The numbers of the shapes.
    pub(super) shape_numbers: Vec<usize>,
    /// What the promoted fields say.
    pub(super) values: Vec<Vec<Option<&'a str>>>,
    /// What is stored of them, in the order of the segment's columns.
    pub(super) stored: Vec<ArrayRef>,
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
        let mut numbering = Numbering::default();
        let mut of_row = Vec::with_capacity(records.len());
        for record in records {
            let maps = field_maps(record)?;
            let mut rows = Vec::with_capacity(record.num_rows());
            for row in 0..record.num_rows() {
                rows.push(numbering.number(maps, row)?);
            }
            of_row.push(rows);
        }
        let Numbering { keys, counts, .. } = numbering;
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
        let mut layout = Self { promoted, rest, shapes, of_row, aliases: Vec::new(), unlike: Vec::new() };
        (layout.aliases, layout.unlike) = alias::choose(records, &layout.promoted, &layout);
        Some(layout)
    }

    /// The fields that repeat other columns.
    pub(super) fn aliases(&self) -> BTreeMap<String, Alias> {
        let named = self.promoted.iter().zip(&self.aliases);
        named.filter_map(|(name, chosen)| Some((name.clone(), chosen.as_ref()?.alias.clone()))).collect()
    }

    /// The column of each field of a row.
    pub(super) fn columns_of(&self, record: usize, row: usize) -> &[Option<usize>] {
        self.shape(record, row).map(|(_, columns)| columns).unwrap_or_default()
    }

    /// Whether the words of a promoted field are all words of another column.
    pub(super) fn is_repeated(&self, column: usize) -> bool {
        let chosen = self.aliases.get(column).and_then(Option::as_ref);
        chosen.is_some_and(|chosen| !chosen.alias.is_stored && chosen.is_of_text())
    }

    /// The stored fields whose values are long and all different.
    pub(super) fn unlike(&self) -> impl Iterator<Item = (&str, Unlike)> {
        let all = self.promoted.iter().zip(&self.aliases).zip(&self.unlike);
        all.filter(|((_, chosen), _)| chosen.is_none())
            .filter_map(|((name, _), unlike)| Some((name.as_str(), (*unlike)?)))
    }

    /// The columns of a segment as they are written: those of the store, then the shape, the promoted ones and the forms of
    /// raw records.
    pub(super) fn schema(&self) -> SchemaRef {
        let stored = self.promoted.iter().zip(&self.aliases).filter(|(_, chosen)| is_stored(chosen.as_ref()));
        let schema = schema_with(stored.map(|(name, _)| name.as_str()), true, true);
        // What is written of these is numbered already; the file has plain texts.
        let field = |field: &Arc<Field>| match field.name().as_str() {
            SHAPE | raw_form::FORM => Arc::new(field.as_ref().clone().with_data_type(dictionary())),
            _ => Arc::clone(field),
        };
        Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
    }

    /// The fields of the rows `hits`.
    pub(super) fn columns<'a>(
        &'a self,
        records: &'a [RecordBatch],
        hits: &[Hit],
    ) -> Result<FieldColumns<'a>, StoreError> {
        let maps: Vec<Option<FieldMaps<'_>>> = records.iter().map(field_maps).collect();
        let mut promoted: Vec<Vec<Option<&str>>> = vec![vec![None; hits.len()]; self.promoted.len()];
        let mut shape_numbers = Vec::with_capacity(hits.len());
        let (mut names, mut values, mut lengths) = (Vec::new(), Vec::new(), Vec::with_capacity(hits.len()));
        for (place, hit) in hits.iter().enumerate() {
            let number = self.of_row.get(hit.batch).and_then(|rows| rows.get(hit.row));
            let number = number.map(|number| usize::from(*number)).unwrap_or_default();
            let shape = self.shapes.get(number);
            shape_numbers.push(number);
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
        let stored = self.stored(records, hits, &promoted);
        let numbers: Vec<Option<usize>> = shape_numbers.iter().copied().map(Some).collect();
        let shapes = numbered(&numbers, |number| self.shapes.get(number).map(|shape| shape.key.as_str()));
        Ok(FieldColumns { rest, shapes, shape_numbers, values: promoted, stored })
    }

    /// What is stored of the promoted `values` of the rows `hits`.
    fn stored(&self, records: &[RecordBatch], hits: &[Hit], values: &[Vec<Option<&str>>]) -> Vec<ArrayRef> {
        let repeated: Vec<Columns<'_>> = records.iter().map(Columns::of).collect();
        let mut times = raw_form::time::Writer::default();
        let mut is_same = |chosen: &Chosen, place: usize, hit: &Hit, value: Option<&str>| {
            let field = |other: usize| values.get(other)?.get(place).copied().flatten();
            let columns = repeated.get(hit.batch)?;
            Some(columns.is_same(chosen, hit.row, value?, &mut times, field))
        };
        let mut stored: Vec<ArrayRef> = Vec::with_capacity(values.len());
        for (values, chosen) in
            values.iter().zip(&self.aliases).filter(|(_, chosen)| is_stored(chosen.as_ref()))
        {
            let Some(chosen) = chosen else {
                stored.push(Arc::new(values.iter().collect::<StringArray>()));
                continue;
            };
            let cells = hits.iter().zip(values).enumerate().map(|(place, (hit, value))| {
                if is_same(chosen, place, hit, *value) == Some(true) { Some(SAME) } else { *value }
            });
            stored.push(Arc::new(cells.collect::<StringArray>()));
        }
        stored
    }
}

/// Gives each list of names a number.
#[derive(Debug, Default)]
struct Numbering<'a> {
    keys: HashMap<String, u16>,
    /// Rows by number.
    counts: Vec<u64>,
    /// The lists that came last: most rows are like one of them.
    recent: Vec<(u16, Names<'a>)>,
}

impl<'a> Numbering<'a> {
    /// The number of the fields of a row. Nothing where the names cannot be joined, or there are too many lists.
    fn number(&mut self, maps: FieldMaps<'a>, row: usize) -> Option<u16> {
        let names = maps.names(row);
        let known = self.recent.iter().position(|(_, known)| *known == names);
        let number = match known {
            Some(place) => {
                self.recent.get_mut(..=place)?.rotate_right(1);
                self.recent.first()?.0
            }
            None => {
                let all: Vec<&str> = maps.entries(row).map(|(name, _)| name).collect();
                let number = self.number_of_key(&all)?;
                self.recent.truncate(SHAPES_RECENT - 1);
                self.recent.insert(0, (number, names));
                number
            }
        };
        *self.counts.get_mut(usize::from(number))? += 1;
        Some(number)
    }

    fn number_of_key(&mut self, names: &[&str]) -> Option<u16> {
        if names.iter().any(|name| name.is_empty() || name.contains(SEPARATOR)) {
            return None;
        }
        let key = names.join("\u{1f}");
        if let Some(number) = self.keys.get(&key) {
            return Some(*number);
        }
        if self.keys.len() >= SHAPES_MAX {
            return None;
        }
        let number = u16::try_from(self.keys.len()).ok()?;
        self.keys.insert(key, number);
        self.counts.push(0);
        Some(number)
    }
}

impl Shapes for Layout {
    fn shape(&self, record: usize, row: usize) -> Option<(usize, &[Option<usize>])> {
        let number = usize::from(*self.of_row.get(record)?.get(row)?);
        Some((number, &self.shapes.get(number)?.columns))
    }
}

/// Whether a field has a column in the file.
fn is_stored(chosen: Option<&Chosen>) -> bool {
    chosen.is_none_or(|chosen| chosen.alias.is_stored)
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
