//! Rows counted by their keys in a dictionary, before anyone looks at its texts: for the most frequent values of a column
//! each text is looked at once for every dictionary, and each row only at a count beside it.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray, StringArray};

use super::intern::{each_place, is_same};

/// The rows of one dictionary.
#[derive(Debug, Default)]
pub(super) struct ByKey {
    values: Option<ArrayRef>,
    /// The last is that of null.
    counts: Vec<i64>,
}

impl ByKey {
    /// Memory in use, about.
    pub(super) fn bytes(&self) -> usize {
        self.counts.capacity() * size_of::<i64>()
    }

    /// Counts those rows of `array` that count. What was counted of another dictionary goes to `give`.
    pub(super) fn add(
        &mut self,
        array: &DictionaryArray<Int32Type>,
        values: &StringArray,
        is_counted: impl Fn(usize) -> bool,
        give: impl FnMut(Option<&str>, i64),
    ) {
        if !self.values.as_ref().is_some_and(|known| is_same(known, values)) {
            self.settle(give);
            self.values = Some(Arc::clone(array.values()));
            self.counts.resize(values.len() + 1, 0);
        }
        let counts = &mut self.counts;
        each_place(array, |row, place| {
            if let Some(count) = counts.get_mut(place) {
                *count += i64::from(is_counted(row));
            }
        });
    }

    /// Hands each text that was counted to `give`, with its rows.
    pub(super) fn settle(&mut self, mut give: impl FnMut(Option<&str>, i64)) {
        let values = self.values.take();
        let Some(texts) = values.as_ref().and_then(|values| values.as_string_opt::<i32>()) else { return };
        for (place, count) in self.counts.drain(..).enumerate().filter(|(_, count)| *count > 0) {
            let is_text = place < texts.len() && texts.is_valid(place);
            give(is_text.then(|| texts.value(place)), count);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::intern::dictionary_of;
    use super::*;

    #[test]
    fn rows_of_several_dictionaries_are_counted_by_their_texts() {
        let batches = [
            vec![Some("a"), None, Some("b"), Some("a")],
            vec![Some("b"), Some("b"), None],
            vec![Some("c")],
            vec![],
        ];
        let (mut by_key, mut counted) = (ByKey::default(), BTreeMap::new());
        let mut take =
            |text: Option<&str>, rows| *counted.entry(text.map(str::to_owned)).or_default() += rows;
        for rows in batches {
            let array: ArrayRef = Arc::new(rows.into_iter().collect::<DictionaryArray<Int32Type>>());
            let (array, values) = dictionary_of(&array).unwrap();
            by_key.add(array, values, |_| true, &mut take);
            // Another page of the same dictionary.
            by_key.add(array, values, |row| row != 1, &mut take);
        }
        by_key.settle(&mut take);
        by_key.settle(&mut take);
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(counted, BTreeMap::from([(None, 3_i64), (text("a"), 4), (text("b"), 5), (text("c"), 2)]));
    }
}
