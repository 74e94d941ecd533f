//! Distinct values of a column, numbered.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Int64Array, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::DataType;
use datafusion::common::{Result, exec_err};
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use sentra_kql::Kind;
use std::hash::BuildHasher;

use super::mark::{Mark, mark_of};
use super::stop::Stop;

/// What has no number yet.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// The second half of a long text's mark, which is found by its hash. That of a short one ends with its length.
const LONG: u64 = u64::MAX;

/// Texts one behind the other.
#[derive(Debug, Default)]
struct Texts {
    all: String,
    ends: Vec<usize>,
}

impl Texts {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn push(&mut self, text: &str) {
        self.all.push_str(text);
        self.ends.push(self.all.len());
    }

    fn get(&self, number: u32) -> Option<&str> {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.all.get(start..*self.ends.get(number)?)
    }
}

/// The values of one column, in the order in which they were first seen.
#[derive(Debug)]
pub(super) struct Values {
    kind: Kind,
    hasher: DefaultHashBuilder,
    texts: Texts,
    by_text: HashTable<(Mark, u32)>,
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
            texts: Texts::default(),
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
        self.texts.all.capacity()
            + self.texts.ends.capacity() * size_of::<usize>()
            + self.by_text.capacity() * size_of::<(Mark, u32)>()
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
        let mark = mark_of(text).unwrap_or_else(|| (self.hasher.hash_one(text), LONG));
        let hash = self.hasher.hash_one(mark);
        let texts = &self.texts;
        let is_it = |(known, number): &(Mark, u32)| {
            *known == mark && (mark.1 != LONG || texts.get(*number) == Some(text))
        };
        if let Some((_, number)) = self.by_text.find(hash, is_it) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(text);
        let hasher = &self.hasher;
        self.by_text.insert_unique(hash, (mark, number), |(mark, _)| hasher.hash_one(mark));
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
        self.texts.push("");
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
        if matches!(array.data_type(), DataType::Dictionary(..)) {
            return self.numbers_of_dictionary(array);
        }
        let mut numbers = Vec::with_capacity(array.len());
        if self.is_text() {
            each_text(array, |_, text| numbers.push(self.text_or_null(text)))?;
            return Ok(numbers);
        }
        // Neighbours are often equal: bins of time above all.
        let mut last: Option<(Option<i64>, u32)> = None;
        each_whole(array, |_, value| {
            let number = match last {
                Some((known, number)) if known == value => number,
                _ => self.whole(value),
            };
            last = Some((value, number));
            numbers.push(number);
        })?;
        Ok(numbers)
    }

    fn numbers_of_dictionary(&mut self, array: &ArrayRef) -> Result<Vec<u32>> {
        let Some((array, values)) = dictionary_of(array) else {
            return exec_err!("a dictionary is not of texts, or has keys of another type");
        };
        let mut known = self.known(values);
        let mut numbers = Vec::with_capacity(array.len());
        each_place(array, |_, place| {
            let Some(slot) = known.get_mut(place) else { return };
            if *slot == UNKNOWN {
                let is_null = place >= values.len() || values.is_null(place);
                *slot = self.text_or_null((!is_null).then(|| values.value(place)));
            }
            numbers.push(*slot);
        });
        self.last = Some((Arc::clone(array.values()), known));
        Ok(numbers)
    }

    /// The numbers of `values` as far as they are known, as those of the dictionary that came last.
    fn known(&mut self, values: &StringArray) -> Vec<u32> {
        match self.last.take() {
            Some((last, known)) if is_same(&last, values) => known,
            // The last is that of null.
            _ => vec![UNKNOWN; values.len() + 1],
        }
    }

    /// The number that each value of `other` has here.
    pub(super) fn merge(&mut self, other: &Self, stop: &Stop) -> Result<Vec<u32>> {
        let mut steps = stop.steps();
        if self.is_text() {
            let numbers = (0..other.texts.len() as u32).map(|number| {
                steps.row()?;
                let text = other.texts.get(number).filter(|_| !other.is_null(number));
                Ok(match text {
                    Some(text) => self.text(text),
                    None => self.null_text(),
                })
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
                let text = self.texts.get(number)?;
                (!self.is_null(number)).then_some(text)
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

/// A column of texts with a dictionary, and what is in that.
pub(super) fn dictionary_of(array: &ArrayRef) -> Option<(&DictionaryArray<Int32Type>, &StringArray)> {
    let array = array.as_dictionary_opt::<Int32Type>()?;
    Some((array, array.values().as_string_opt::<i32>()?))
}

/// Hands row and place in the dictionary of every row to `take`; null is behind all others.
pub(super) fn each_place(array: &DictionaryArray<Int32Type>, mut take: impl FnMut(usize, usize)) {
    let (keys, null) = (array.keys().values().iter(), array.values().len());
    let place = |key: i32| (key as usize).min(null);
    match array.keys().nulls().filter(|nulls| nulls.null_count() > 0) {
        None => keys.enumerate().for_each(|(row, key)| take(row, place(*key))),
        Some(nulls) => {
            let places = keys.zip(nulls).map(|(key, is_valid)| if is_valid { place(*key) } else { null });
            places.enumerate().for_each(|(row, place)| take(row, place));
        }
    }
}

/// Hands row and text of every row of an array without a dictionary to `take`.
pub(super) fn each_text(array: &ArrayRef, mut take: impl FnMut(usize, Option<&str>)) -> Result<()> {
    match array.data_type() {
        DataType::Utf8 => {
            array.as_string::<i32>().iter().enumerate().for_each(|(row, text)| take(row, text));
        }
        DataType::Utf8View => {
            array.as_string_view().iter().enumerate().for_each(|(row, text)| take(row, text));
        }
        DataType::Null => (0..array.len()).for_each(|row| take(row, None)),
        other => return exec_err!("texts are wanted, not {other}"),
    }
    Ok(())
}

/// Hands row and number of every row to `take`; moments and truths are numbers.
pub(super) fn each_whole(array: &ArrayRef, mut take: impl FnMut(usize, Option<i64>)) -> Result<()> {
    match array.data_type() {
        DataType::Int64 => {
            array.as_primitive::<Int64Type>().iter().enumerate().for_each(|(row, value)| take(row, value));
        }
        DataType::Timestamp(..) => {
            let Some(times) = array.as_primitive_opt::<TimestampMicrosecondType>() else {
                return exec_err!("a moment is not in microseconds");
            };
            times.iter().enumerate().for_each(|(row, value)| take(row, value));
        }
        DataType::Boolean => {
            let truths = array.as_boolean().iter().enumerate();
            truths.for_each(|(row, truth)| take(row, truth.map(i64::from)));
        }
        DataType::Null => (0..array.len()).for_each(|row| take(row, None)),
        other => return exec_err!("values of {other} cannot be counted apart"),
    }
    Ok(())
}

/// Whether two arrays are of the same texts because they share their memory: the pages of a column share one dictionary,
/// though each batch has an array of its own around it.
pub(super) fn is_same(one: &ArrayRef, other: &StringArray) -> bool {
    let Some(one) = one.as_string_opt::<i32>() else { return false };
    one.len() == other.len()
        && std::ptr::eq(one.value_offsets().as_ptr(), other.value_offsets().as_ptr())
        && std::ptr::eq(one.value_data().as_ptr(), other.value_data().as_ptr())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_apart_at_every_length() {
        let texts: Vec<String> = (0..40)
            .flat_map(|length| ["", "\0", "y", "\u{ff}"].map(|end| format!("{}{end}", "x".repeat(length))))
            .collect();
        let mut different = texts.clone();
        different.sort_unstable();
        different.dedup();
        let mut values = Values::new(Kind::String);
        let numbers: Vec<u32> = texts.iter().map(|text| values.text(text)).collect();
        assert_eq!(values.len(), different.len());
        let again: Vec<u32> = texts.iter().map(|text| values.text(text)).collect();
        assert_eq!(again, numbers);
        let array = values.array(numbers.into_iter()).unwrap();
        let given: Vec<&str> = array.as_string::<i32>().iter().flatten().collect();
        assert_eq!(given, texts);
    }
}
