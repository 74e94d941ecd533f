//! Rows counted by their keys in a dictionary, before anyone looks at its texts: for the most frequent values of a column
//! each text is looked at once for every dictionary, and each row only at a count beside it.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray, StringArray};

use super::intern::{each_key, is_same};

/// The rows of one dictionary.
#[derive(Debug, Default)]
pub(super) struct ByKey {
    values: Option<ArrayRef>,
    counts: Vec<i64>,
    nulls: i64,
}

impl ByKey {
    /// Memory in use, about.
    pub(super) fn bytes(&self) -> usize {
        self.counts.capacity() * size_of::<i64>()
    }

    /// Counts the rows of `array`. What was counted of another dictionary goes to `give`.
    pub(super) fn add(
        &mut self,
        array: &DictionaryArray<Int32Type>,
        values: &StringArray,
        give: impl FnMut(Option<&str>, i64),
    ) {
        if !self.values.as_ref().is_some_and(|known| is_same(known, values)) {
            self.settle(give);
            self.values = Some(Arc::clone(array.values()));
            self.counts.resize(values.len(), 0);
        }
        let (counts, nulls) = (&mut self.counts, &mut self.nulls);
        each_key(array, |_, place| *place.and_then(|place| counts.get_mut(place)).unwrap_or(nulls) += 1);
    }

    /// Hands each text that was counted to `give`, with its rows.
    pub(super) fn settle(&mut self, mut give: impl FnMut(Option<&str>, i64)) {
        let values = self.values.take();
        let texts = values.as_ref().and_then(|values| values.as_any().downcast_ref::<StringArray>());
        for (place, count) in self.counts.drain(..).enumerate().filter(|(_, count)| *count > 0) {
            let text = texts.filter(|texts| texts.is_valid(place)).map(|texts| texts.value(place));
            give(text, count);
        }
        if self.nulls > 0 {
            give(None, std::mem::take(&mut self.nulls));
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
            by_key.add(array, values, &mut take);
            // Another page of the same dictionary.
            by_key.add(array, values, &mut take);
        }
        by_key.settle(&mut take);
        by_key.settle(&mut take);
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(counted, BTreeMap::from([(None, 4_i64), (text("a"), 4), (text("b"), 6), (text("c"), 2)]));
    }
}
