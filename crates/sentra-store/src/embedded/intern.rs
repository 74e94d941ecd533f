//! Distinct values of a column, numbered.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Int64Array, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::DataType;
use datafusion::common::{Result, exec_datafusion_err, exec_err};
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use sentra_kql::Kind;
use std::hash::BuildHasher;

use super::stop::Stop;

/// A value that has no number yet.
const UNKNOWN: u32 = u32::MAX;

/// Longest text that stands in the table itself, in bytes: addresses and most names.
const SHORT_BYTES_MAX: usize = 15;
/// The second half of a long text's mark. That of a short one ends with its length.
const LONG: u64 = u64::MAX;

/// What a text is found by: a short one is it, of a long one it is the hash. A look at the table is most of what a new
/// dictionary costs, and each further place in memory would be another.
type Mark = (u64, u64);

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
        let mark = self.mark(text);
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

    fn mark(&self, text: &str) -> Mark {
        let mut short = [0; SHORT_BYTES_MAX + 1];
        match short.get_mut(..text.len()) {
            Some(start) if text.len() <= SHORT_BYTES_MAX => start.copy_from_slice(text.as_bytes()),
            _ => return (self.hasher.hash_one(text), LONG),
        }
        let whole = u128::from_le_bytes(short) | (text.len() as u128) << 120;
        (whole as u64, (whole >> 64) as u64)
    }

    pub(super) fn text_or_null(&mut self, text: Option<&str>) -> u32 {
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
        let Some((array, values)) = dictionary_of(array) else {
            return exec_err!("a dictionary is not of texts, or has keys of another type");
        };
        let mut known = self.known(values);
        let mut numbers = Vec::with_capacity(array.len());
        let mut null = UNKNOWN;
        each_key(array, |_, place| {
            let place = place.filter(|place| values.is_valid(*place));
            let slot = place.and_then(|place| known.get_mut(place)).unwrap_or(&mut null);
            if *slot == UNKNOWN {
                *slot = self.text_or_null(place.map(|place| values.value(place)));
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
            _ => vec![UNKNOWN; values.len()],
        }
    }

    /// Marks the numbers of the values of those rows of `array` that count. Who asks for this asks for nothing else.
    pub(super) fn see(
        &mut self,
        array: &ArrayRef,
        counts: impl Fn(usize) -> bool,
        seen: &mut Vec<bool>,
    ) -> Result<()> {
        if let Some((array, values)) = dictionary_of(array) {
            // Of every value once for each dictionary: what has a number was seen.
            let mut known = self.known(values);
            let mut null = UNKNOWN;
            each_key(array, |row, place| {
                let place = place.filter(|place| values.is_valid(*place));
                let slot = place.and_then(|place| known.get_mut(place)).unwrap_or(&mut null);
                if *slot == UNKNOWN && counts(row) {
                    *slot = self.text_or_null(place.map(|place| values.value(place)));
                    mark_seen(seen, *slot);
                }
            });
            self.last = Some((Arc::clone(array.values()), known));
            return Ok(());
        }
        for (row, number) in self.numbers(array)?.into_iter().enumerate() {
            if counts(row) {
                mark_seen(seen, number);
            }
        }
        Ok(())
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

fn mark_seen(seen: &mut Vec<bool>, number: u32) {
    if seen.len() <= number as usize {
        seen.resize(number as usize + 1, false);
    }
    if let Some(seen) = seen.get_mut(number as usize) {
        *seen = true;
    }
}

/// A column of texts with a dictionary, and what is in that.
pub(super) fn dictionary_of(array: &ArrayRef) -> Option<(&DictionaryArray<Int32Type>, &StringArray)> {
    let array = array.as_dictionary_opt::<Int32Type>()?;
    Some((array, array.values().as_string_opt::<i32>()?))
}

/// Hands row and place in the dictionary of every row to `take`; those of null have none.
pub(super) fn each_key(array: &DictionaryArray<Int32Type>, mut take: impl FnMut(usize, Option<usize>)) {
    let keys = array.keys();
    let place = |key: i32| usize::try_from(key).ok();
    if keys.null_count() == 0 {
        keys.values().iter().enumerate().for_each(|(row, key)| take(row, place(*key)));
    } else {
        keys.iter().enumerate().for_each(|(row, key)| take(row, key.and_then(place)));
    }
}

/// Whether two arrays are of the same texts because they share their memory: the pages of a column share one dictionary,
/// though each batch has an array of its own around it.
pub(super) fn is_same(one: &ArrayRef, other: &StringArray) -> bool {
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

    #[test]
    fn what_is_seen_of_a_dictionary_is_what_its_rows_that_count_have() {
        let rows =
            [Some("a"), None, Some("b"), Some("a"), Some("c"), Some("a long text that is in no table")];
        let array: ArrayRef = Arc::new(rows.into_iter().collect::<DictionaryArray<Int32Type>>());
        let plain: ArrayRef = Arc::new(rows.into_iter().collect::<StringArray>());
        for array in [array, plain] {
            let (mut values, mut seen) = (Values::new(Kind::String), Vec::new());
            for _ in 0..2 {
                values.see(&array, |row| row != 2, &mut seen).unwrap();
            }
            let numbers = (0..values.len() as u32).filter(|number| seen.get(*number as usize) == Some(&true));
            let given = values.array(numbers).unwrap();
            let mut given: Vec<&str> = given.as_string::<i32>().iter().flatten().collect();
            given.sort_unstable();
            assert_eq!(given, ["", "a", "a long text that is in no table", "c"]);
        }
    }
}
