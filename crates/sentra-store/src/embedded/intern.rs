//! Distinct values of a column, numbered.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow_schema::DataType;
use datafusion::common::{Result, exec_datafusion_err, exec_err};
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use sentra_kql::Kind;
use std::hash::BuildHasher;

use super::stop::Stop;

/// A value that has no number yet.
const UNKNOWN: u32 = u32::MAX;

/// The values of one column, in the order in which they were first seen.
#[derive(Debug)]
pub(super) struct Values {
    kind: Kind,
    hasher: DefaultHashBuilder,
    texts: Vec<Box<str>>,
    text_bytes: usize,
    by_text: HashTable<u32>,
    wholes: Vec<Option<i64>>,
    by_whole: HashMap<Option<i64>, u32>,
    /// The number of null among texts, where null is not an empty text.
    null: Option<u32>,
    /// The dictionary that came last, with the numbers of its values.
    last: Option<(ArrayRef, Vec<u32>)>,
}

impl Values {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            hasher: DefaultHashBuilder::default(),
            texts: Vec::new(),
            text_bytes: 0,
            by_text: HashTable::new(),
            wholes: Vec::new(),
            by_whole: HashMap::new(),
            null: None,
            last: None,
        }
    }

    /// Whether values of a kind can be numbered.
    pub(super) fn takes(kind: Kind) -> bool {
        kind != Kind::Real
    }

    fn is_text(&self) -> bool {
        matches!(self.kind, Kind::String | Kind::Dynamic)
    }

    pub(super) fn len(&self) -> usize {
        if self.is_text() { self.texts.len() } else { self.wholes.len() }
    }

    /// Memory in use, about.
    pub(super) fn bytes(&self) -> usize {
        self.text_bytes
            + self.texts.capacity() * size_of::<Box<str>>()
            + self.by_text.capacity() * size_of::<u32>()
            + self.wholes.capacity() * size_of::<Option<i64>>()
            + self.by_whole.capacity() * size_of::<(Option<i64>, u32)>()
            + self.last.as_ref().map_or(0, |(_, numbers)| numbers.len() * size_of::<u32>())
    }

    /// Whether a number stands for null.
    pub(super) fn is_null(&self, number: u32) -> bool {
        if self.is_text() {
            return self.null == Some(number);
        }
        self.wholes.get(number as usize).is_some_and(Option::is_none)
    }

    fn text(&mut self, text: &str) -> u32 {
        let hash = self.hasher.hash_one(text);
        let texts = &self.texts;
        let is_it = |number: &u32| texts.get(*number as usize).is_some_and(|known| **known == *text);
        if let Some(number) = self.by_text.find(hash, is_it) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(text.into());
        self.text_bytes += text.len();
        let (texts, hasher) = (&self.texts, &self.hasher);
        self.by_text.insert_unique(hash, number, |number| {
            texts.get(*number as usize).map_or(0, |text| hasher.hash_one(&**text))
        });
        number
    }

    fn text_or_null(&mut self, text: Option<&str>) -> u32 {
        match text {
            Some(text) => self.text(text),
            None => self.null_text(),
        }
    }

    fn null_text(&mut self) -> u32 {
        if self.kind == Kind::String {
            return self.text("");
        }
        if let Some(number) = self.null {
            return number;
        }
        // It has a place among the texts, but no text is found there.
        let number = self.texts.len() as u32;
        self.texts.push("".into());
        *self.null.insert(number)
    }

    fn whole(&mut self, value: Option<i64>) -> u32 {
        let new = self.wholes.len() as u32;
        let number = *self.by_whole.entry(value).or_insert(new);
        if number == new {
            self.wholes.push(value);
        }
        number
    }

    /// The numbers of the values of `array`, row by row.
    pub(super) fn numbers(&mut self, array: &ArrayRef) -> Result<Vec<u32>> {
        match array.data_type() {
            DataType::Dictionary(..) => self.numbers_of_dictionary(array),
            DataType::Utf8 if self.is_text() => {
                let texts = array.as_string::<i32>().iter();
                Ok(texts.map(|text| self.text_or_null(text)).collect())
            }
            DataType::Utf8View if self.is_text() => {
                let texts = array.as_string_view().iter();
                Ok(texts.map(|text| self.text_or_null(text)).collect())
            }
            DataType::Int64 => Ok(self.numbers_of_wholes(array.as_primitive::<Int64Type>().iter())),
            DataType::Timestamp(..) => {
                let Some(times) = array.as_primitive_opt::<TimestampMicrosecondType>() else {
                    return exec_err!("a moment is not in microseconds");
                };
                Ok(self.numbers_of_wholes(times.iter()))
            }
            DataType::Boolean => {
                Ok(self.numbers_of_wholes(array.as_boolean().iter().map(|truth| truth.map(i64::from))))
            }
            DataType::Null => {
                let number = if self.is_text() { self.null_text() } else { self.whole(None) };
                Ok(vec![number; array.len()])
            }
            other => exec_err!("values of {other} cannot be counted apart"),
        }
    }

    fn numbers_of_wholes(&mut self, values: impl Iterator<Item = Option<i64>>) -> Vec<u32> {
        // Neighbours are often equal: bins of time above all.
        let mut last: Option<(Option<i64>, u32)> = None;
        let number = |value: Option<i64>| match last {
            Some((known, number)) if known == value => number,
            _ => {
                let number = self.whole(value);
                last = Some((value, number));
                number
            }
        };
        values.map(number).collect()
    }

    fn numbers_of_dictionary(&mut self, array: &ArrayRef) -> Result<Vec<u32>> {
        let Some(array) = array.as_dictionary_opt::<Int32Type>() else {
            return exec_err!("a dictionary has keys of another type");
        };
        let Some(values) = array.values().as_string_opt::<i32>() else {
            return exec_err!("a dictionary is not of texts");
        };
        let mut known = match self.last.take() {
            Some((last, known)) if is_same(&last, values) => known,
            _ => vec![UNKNOWN; values.len()],
        };
        let mut numbers = Vec::with_capacity(array.len());
        let mut null = UNKNOWN;
        for key in array.keys() {
            let place = key.and_then(|key| usize::try_from(key).ok()).filter(|place| values.is_valid(*place));
            let slot = place.and_then(|place| known.get_mut(place)).unwrap_or(&mut null);
            if *slot == UNKNOWN {
                *slot = self.text_or_null(place.map(|place| values.value(place)));
            }
            numbers.push(*slot);
        }
        self.last = Some((Arc::clone(array.values()), known));
        Ok(numbers)
    }

    /// The number that each value of `other` has here.
    pub(super) fn merge(&mut self, other: &Self, stop: &Stop) -> Result<Vec<u32>> {
        let mut steps = stop.steps();
        if self.is_text() {
            let numbers = other.texts.iter().enumerate().map(|(number, text)| {
                steps.row()?;
                Ok(if other.is_null(number as u32) { self.null_text() } else { self.text(text) })
            });
            return numbers.collect();
        }
        let numbers = other.wholes.iter().map(|value| {
            steps.row()?;
            Ok(self.whole(*value))
        });
        numbers.collect()
    }

    /// The values of the `numbers` as an array.
    pub(super) fn array(&self, numbers: impl Iterator<Item = u32>) -> Result<ArrayRef> {
        if self.is_text() {
            let text = |number| {
                let text = self.texts.get(number as usize)?;
                (!self.is_null(number)).then_some(&**text)
            };
            return Ok(Arc::new(numbers.map(text).collect::<StringArray>()));
        }
        let values = numbers.map(|number| self.wholes.get(number as usize).copied().flatten());
        Ok(match self.kind {
            Kind::DateTime => Arc::new(values.collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
            Kind::Bool => {
                Arc::new(values.map(|value| value.map(|value| value != 0)).collect::<BooleanArray>())
            }
            _ => Arc::new(values.collect::<Int64Array>()),
        })
    }
}

/// Whether two arrays are of the same texts because they share their memory: the pages of a column share one dictionary,
/// though each batch has an array of its own around it.
fn is_same(one: &ArrayRef, other: &StringArray) -> bool {
    let Some(one) = one.as_string_opt::<i32>() else { return false };
    one.len() == other.len()
        && std::ptr::eq(one.value_offsets().as_ptr(), other.value_offsets().as_ptr())
        && std::ptr::eq(one.value_data().as_ptr(), other.value_data().as_ptr())
}

/// Pairs of numbers, numbered.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    numbers: HashMap<u64, u32>,
    pub(super) pairs: Vec<(u32, u32)>,
}

impl Pairs {
    pub(super) fn number(&mut self, one: u32, other: u32) -> Result<u32> {
        let new = u32::try_from(self.pairs.len()).map_err(|_| exec_datafusion_err!("too many groups"))?;
        let number = *self.numbers.entry(u64::from(one) << 32 | u64::from(other)).or_insert(new);
        if number == new {
            self.pairs.push((one, other));
        }
        Ok(number)
    }

    pub(super) fn bytes(&self) -> usize {
        self.numbers.capacity() * size_of::<(u64, u32)>() + self.pairs.capacity() * size_of::<(u32, u32)>()
    }
}
