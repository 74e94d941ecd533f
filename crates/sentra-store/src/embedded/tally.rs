//! How often each value came, where nothing else is asked of it: the most frequent values of a column, and how many there
//! are.
//!
//! A count stands beside its value in the table. Numbers for the values, and texts and counts behind the numbers, would be
//! further places in memory for each value of each dictionary, and to wait for them is most of what such a question takes.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, Int64Array};
use datafusion::common::Result;
use hashbrown::HashMap;

use super::by_key::ByKey;
use super::intern::{dictionary_of, each_text, each_whole};
use super::mark::{Mark, mark_of, with_text};
use super::stop::Stop;

/// Values that are looked up together: none of them waits for another, so memory works on several at once.
const VALUES_AT_ONCE: usize = 64;

/// The values of a column, counted. Null is an empty text, and no number.
#[derive(Debug, Default)]
pub(super) struct Tally {
    by_key: ByKey,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    /// Of short texts, or of numbers.
    short: HashMap<Mark, i64>,
    long: HashMap<String, i64>,
    /// Bytes of the long texts.
    long_bytes: usize,
    /// What is to be looked up in `short`.
    waiting: Vec<(Mark, i64)>,
}

impl Tally {
    /// How many values came, when the tally is finished.
    pub(super) fn len(&self) -> usize {
        self.counts.short.len() + self.counts.long.len()
    }

    /// Memory in use, about.
    pub(super) fn bytes(&self) -> usize {
        let Counts { short, long, long_bytes, waiting } = &self.counts;
        self.by_key.bytes()
            + short.capacity() * size_of::<(Mark, i64)>()
            + long.capacity() * size_of::<(String, i64)>()
            + long_bytes
            + waiting.capacity() * size_of::<(Mark, i64)>()
    }

    /// Takes those rows of a column of texts in that count.
    pub(super) fn add_texts(&mut self, array: &ArrayRef, is_counted: impl Fn(usize) -> bool) -> Result<()> {
        let counts = &mut self.counts;
        if let Some((array, values)) = dictionary_of(array) {
            self.by_key.add(array, values, is_counted, |text, rows| counts.text(text, rows));
            return Ok(());
        }
        each_text(array, |row, text| {
            if is_counted(row) {
                counts.text(text, 1);
            }
        })
    }

    /// Takes those rows of a column of numbers in that count.
    pub(super) fn add_wholes(&mut self, array: &ArrayRef, is_counted: impl Fn(usize) -> bool) -> Result<()> {
        each_whole(array, |row, value| {
            if let Some(value) = value.filter(|_| is_counted(row)) {
                self.counts.mark((value as u64, 0), 1);
            }
        })
    }

    /// To be called when there are no more rows.
    pub(super) fn finish(&mut self) {
        let counts = &mut self.counts;
        self.by_key.settle(|text, rows| counts.text(text, rows));
        counts.look_up();
    }

    /// Takes the values of other rows in. Both are finished.
    pub(super) fn merge(&mut self, other: &Self, stop: &Stop) -> Result<()> {
        let mut steps = stop.steps();
        for (mark, rows) in &other.counts.short {
            steps.row()?;
            self.counts.mark(*mark, *rows);
        }
        for (text, rows) in &other.counts.long {
            steps.row()?;
            self.counts.long(text, *rows);
        }
        self.counts.look_up();
        Ok(())
    }

    /// The texts and their counts, at least those that are among the `first` most frequent ones.
    pub(super) fn arrays(&self, first: Option<usize>) -> (ArrayRef, ArrayRef) {
        let Counts { short, long, .. } = &self.counts;
        let all = || short.values().chain(long.values()).copied();
        let least = first.and_then(|first| least_of(all(), first));
        let is_wanted = |rows: i64| least.is_none_or(|least| rows >= least);
        let (mut texts, mut counts) = (StringBuilder::new(), Vec::new());
        for (mark, rows) in short.iter().filter(|(_, rows)| is_wanted(**rows)) {
            with_text(*mark, |text| texts.append_value(text));
            counts.push(*rows);
        }
        for (text, rows) in long.iter().filter(|(_, rows)| is_wanted(**rows)) {
            texts.append_value(text);
            counts.push(*rows);
        }
        (Arc::new(texts.finish()), Arc::new(Int64Array::from(counts)))
    }
}

impl Counts {
    fn text(&mut self, text: Option<&str>, rows: i64) {
        let text = text.unwrap_or_default();
        match mark_of(text) {
            Some(mark) => self.mark(mark, rows),
            None => self.long(text, rows),
        }
    }

    fn mark(&mut self, mark: Mark, rows: i64) {
        self.waiting.push((mark, rows));
        if self.waiting.len() >= VALUES_AT_ONCE {
            self.look_up();
        }
    }

    fn long(&mut self, text: &str, rows: i64) {
        let count = self.long.entry_ref(text).or_insert_with(|| {
            self.long_bytes += text.len();
            0
        });
        *count += rows;
    }

    fn look_up(&mut self) {
        for (mark, rows) in self.waiting.drain(..) {
            *self.short.entry(mark).or_insert(0) += rows;
        }
    }
}

/// The count that the `first` greatest have at least, if there are more.
pub(super) fn least_of(counts: impl Iterator<Item = i64>, first: usize) -> Option<i64> {
    let mut counts: Vec<i64> = counts.collect();
    let place = counts.len().checked_sub(first)?;
    if first == 0 {
        return None;
    }
    let (_, least, _) = counts.select_nth_unstable(place);
    Some(*least)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use arrow_array::cast::AsArray;
    use arrow_array::types::{Int32Type, Int64Type};
    use arrow_array::{Array, DictionaryArray, NullArray, StringArray, StringViewArray};

    use super::*;

    fn counted(tally: &Tally, first: Option<usize>) -> BTreeMap<String, i64> {
        let (texts, counts) = tally.arrays(first);
        let (texts, counts) = (texts.as_string::<i32>(), counts.as_primitive::<Int64Type>());
        let counted: BTreeMap<String, i64> =
            texts.iter().zip(counts).map(|(text, rows)| (text.unwrap().to_owned(), rows.unwrap())).collect();
        assert_eq!(counted.len(), texts.len(), "a text comes twice");
        counted
    }

    /// Texts of every length about that of a mark, the n-th of them n times, one of them null.
    fn rows() -> Vec<Option<String>> {
        let text = |number: usize| (number > 1).then(|| "x".repeat(number % 40) + &"y".repeat(number / 40));
        (1..90).flat_map(|number| vec![text(number); number]).collect()
    }

    #[test]
    fn texts_are_counted_whatever_array_they_come_in() {
        let rows = rows();
        let texts = || rows.iter().map(Option::as_deref);
        let arrays: [ArrayRef; 4] = [
            Arc::new(texts().collect::<DictionaryArray<Int32Type>>()),
            Arc::new(texts().collect::<StringArray>()),
            Arc::new(texts().collect::<StringViewArray>()),
            Arc::new(NullArray::new(3)),
        ];
        let mut expected = BTreeMap::new();
        for array in &arrays[..3] {
            for (row, text) in texts().enumerate().take(array.len()) {
                let rows = if row.is_multiple_of(3) { 1 } else { 2 };
                *expected.entry(text.unwrap_or_default().to_owned()).or_default() += rows;
            }
        }
        *expected.entry(String::new()).or_default() += 5;
        let mut halves = [Tally::default(), Tally::default()];
        for array in &arrays {
            let [one, other] = &mut halves;
            one.add_texts(array, |_| true).unwrap();
            // Of another dictionary with the same texts.
            let again = arrow_select::concat::concat(&[array.as_ref()]).unwrap();
            other.add_texts(&again, |row| !row.is_multiple_of(3)).unwrap();
        }
        let [mut one, mut other] = halves;
        one.finish();
        other.finish();
        one.merge(&other, &Stop::default()).unwrap();
        assert_eq!(counted(&one, None), expected);
        assert_eq!(one.len(), expected.len());
        assert!(one.bytes() > rows.iter().flatten().filter(|text| text.len() > 15).count());
    }

    #[test]
    fn the_first_are_given_with_those_that_are_as_frequent() {
        let mut tally = Tally::default();
        for (text, rows) in [("a", 5), ("b", 3), ("a text too long for a mark", 3), ("d", 3), ("e", 1)] {
            tally.add_texts(&(Arc::new(StringArray::from(vec![text; rows])) as ArrayRef), |_| true).unwrap();
        }
        tally.finish();
        for (first, least) in [(1, 5), (2, 3), (3, 3), (4, 3), (5, 1), (6, 1), (0, 1)] {
            let mut expected = counted(&tally, None);
            expected.retain(|_, rows| *rows >= least);
            assert_eq!(counted(&tally, Some(first)), expected, "the first {first}");
        }
    }

    #[test]
    fn numbers_are_told_apart_and_null_is_none() {
        let numbers = [Some(0), None, Some(-1), Some(i64::MIN), Some(i64::MAX), Some(0), Some(7)];
        let array: ArrayRef = Arc::new(numbers.into_iter().collect::<Int64Array>());
        let mut tally = Tally::default();
        tally.add_wholes(&array, |row| row < 6).unwrap();
        tally.finish();
        assert_eq!(tally.len(), 4);
    }

    #[test]
    fn a_merge_ends_when_the_question_does() {
        let numbers = |from: i64| Arc::new((from..from + 1_000).collect::<Int64Array>()) as ArrayRef;
        let [mut one, mut other] = [0, 500].map(|from| {
            let mut tally = Tally::default();
            tally.add_wholes(&numbers(from), |_| true).unwrap();
            tally
        });
        one.finish();
        other.finish();
        let stop = Stop::default();
        one.merge(&other, &stop).unwrap();
        assert_eq!(one.len(), 1_500);
        stop.halt().tell();
        one.merge(&other, &stop).unwrap_err();
    }
}
