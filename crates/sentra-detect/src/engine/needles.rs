//! Texts that may stand anywhere in a value, all searched for at once.

use aho_corasick::packed::Searcher;

use super::grams::Grams;

/// Most needles of which is asked first whether any is there: the instructions for that tell so many apart.
const PACKED_NEEDLES_MAX: usize = 64;
/// Shortest needle for which that is worth it, in bytes.
const PACKED_NEEDLE_BYTES_MIN: usize = 3;
/// Shortest value for which it is, in bytes.
const PACKED_VALUE_BYTES_MIN: usize = 32;

/// Needles and how they are found.
#[derive(Debug, Default)]
pub(crate) struct Needles {
    texts: Vec<Box<str>>,
    /// Says quickly that none of them is there.
    packed: Option<Searcher>,
    long: Grams<4>,
    of_three: Grams<3>,
    of_two: Grams<2>,
    /// Needles of one byte.
    of_one: Vec<u32>,
}

/// Which needles have been found in the value at hand.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// By needle: the last value that it was found in.
    last: Vec<u32>,
    value: u32,
}

impl Found {
    pub(crate) fn begin(&mut self, needles: usize) {
        if self.last.len() < needles {
            self.last.resize(needles, 0);
        }
        self.value = self.value.wrapping_add(1);
        if self.value == 0 {
            self.last.fill(0);
            self.value = 1;
        }
    }

    fn has(&self, needle: u32) -> bool {
        self.last.get(needle as usize) == Some(&self.value)
    }

    fn set(&mut self, needle: u32) {
        if let Some(last) = self.last.get_mut(needle as usize) {
            *last = self.value;
        }
    }
}

impl Needles {
    /// The needles `texts`, none of which is empty.
    pub(crate) fn new(texts: Vec<Box<str>>) -> Self {
        let of_length = |lengths: std::ops::Range<usize>| -> Vec<u32> {
            (0..)
                .zip(&texts)
                .filter(|(_, text)| lengths.contains(&text.len()))
                .map(|(number, _)| number)
                .collect()
        };
        let packable = (1..=PACKED_NEEDLES_MAX).contains(&texts.len())
            && texts.iter().all(|text| text.len() >= PACKED_NEEDLE_BYTES_MIN);
        Self {
            packed: if packable { Searcher::new(texts.iter().map(|text| text.as_bytes())) } else { None },
            long: Grams::new(&texts, &of_length(4..usize::MAX)),
            of_three: Grams::new(&texts, &of_length(3..4)),
            of_two: Grams::new(&texts, &of_length(2..3)),
            of_one: of_length(1..2),
            texts,
        }
    }

    /// Calls `visit` with every needle that is in `value`, once with each.
    pub(crate) fn search(&self, value: &str, found: &mut Found, mut visit: impl FnMut(u32)) {
        if self.texts.is_empty() {
            return;
        }
        if let Some(packed) = self.packed.as_ref().filter(|_| value.len() >= PACKED_VALUE_BYTES_MIN)
            && packed.find(value).is_none()
        {
            return;
        }
        found.begin(self.texts.len());
        let found = std::cell::RefCell::new(found);
        let mut skip = |needle| found.borrow().has(needle);
        let mut visit = |needle| {
            found.borrow_mut().set(needle);
            visit(needle);
        };
        self.long.search(value.as_bytes(), &self.texts, &mut skip, &mut visit);
        self.of_three.search(value.as_bytes(), &self.texts, &mut skip, &mut visit);
        self.of_two.search(value.as_bytes(), &self.texts, &mut skip, &mut visit);
        for needle in &self.of_one {
            if self.texts.get(*needle as usize).is_some_and(|text| value.contains(&**text)) {
                visit(*needle);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn every_needle_is_found_once(
            texts in proptest::collection::hash_set("[abc]{1,6}", 0..90),
            value in "[abc]{0,60}",
        ) {
            let texts: Vec<Box<str>> = texts.into_iter().map(String::into_boxed_str).collect();
            let mut found = Found { value: u32::MAX - 1, ..Found::default() };
            for texts in [texts.clone(), texts.into_iter().filter(|text| text.len() > 3).collect()] {
                let there = |number: &u32| value.contains(&*texts[*number as usize]);
                let expected: Vec<u32> = (0..texts.len() as u32).filter(there).collect();
                let mut visited = Vec::new();
                Needles::new(texts).search(&value, &mut found, |needle| visited.push(needle));
                visited.sort_unstable();
                proptest::prop_assert_eq!(visited, expected);
            }
        }
    }
}
