//! Sets of rows, a bit per row, found by number (of a test, of a rule). The memory is kept from batch to batch.

/// No set has been opened for a number.
const CLOSED: u32 = u32::MAX;

/// Sets of the rows of one batch. Those that nothing was put into take no room and no time.
#[derive(Debug, Default)]
pub(crate) struct RowSets {
    /// By number: where its set begins, counted in sets.
    place: Vec<u32>,
    opened: Vec<u32>,
    words: Vec<u64>,
    /// Words of a set.
    width: usize,
}

impl RowSets {
    /// Empty sets with numbers below `numbers`, for `rows` rows.
    pub(crate) fn begin(&mut self, numbers: usize, rows: usize) {
        for number in self.opened.drain(..) {
            if let Some(place) = self.place.get_mut(number as usize) {
                *place = CLOSED;
            }
        }
        self.words.clear();
        self.place.resize(numbers, CLOSED);
        self.width = rows.div_ceil(64);
    }

    /// The numbers of the sets that were opened, in the order in which they were.
    pub(crate) fn opened(&self) -> &[u32] {
        &self.opened
    }

    /// How many words a set has.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Whether the set was opened.
    pub(crate) fn is_open(&self, number: u32) -> bool {
        self.place.get(number as usize).is_some_and(|place| *place != CLOSED)
    }

    /// The set of `number`, to be changed; empty if it was not open.
    pub(crate) fn open(&mut self, number: u32) -> &mut [u64] {
        let Some(place) = self.place.get_mut(number as usize) else { return &mut [] };
        if *place == CLOSED {
            *place = self.opened.len() as u32;
            self.opened.push(number);
            self.words.resize(self.words.len() + self.width, 0);
        }
        let start = *place as usize * self.width;
        self.words.get_mut(start..start + self.width).unwrap_or_default()
    }

    /// Puts `row` into the set of `number`.
    pub(crate) fn insert(&mut self, number: u32, row: u32) {
        if let Some(word) = self.open(number).get_mut(row as usize / 64) {
            *word |= 1 << (row % 64);
        }
    }

    /// The set of `number`; nothing if it is not open.
    pub(crate) fn get(&self, number: u32) -> &[u64] {
        let Some(place) = self.place.get(number as usize).filter(|place| **place != CLOSED) else {
            return &[];
        };
        let start = *place as usize * self.width;
        self.words.get(start..start + self.width).unwrap_or_default()
    }

    /// 64 rows of the set of `number`, from row 64 × `word`.
    pub(crate) fn word(&self, number: u32, word: usize) -> u64 {
        self.get(number).get(word).copied().unwrap_or_default()
    }
}

/// The rows in `word`, from the first one on.
pub(crate) fn bits(mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        if word == 0 {
            return None;
        }
        let bit = word.trailing_zeros();
        word &= word - 1;
        Some(bit)
    })
}

/// The set of all of `rows` rows.
pub(crate) fn all(rows: usize) -> impl Iterator<Item = u64> {
    (0..rows.div_ceil(64)).map(move |word| match rows - word * 64 {
        left if left < 64 => (1 << left) - 1,
        _ => u64::MAX,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_opened_by_what_is_put_in_and_forgotten() {
        let mut sets = RowSets::default();
        for rows in [200, 64, 1] {
            sets.begin(10, rows);
            assert_eq!(sets.opened(), [0_u32; 0]);
            sets.insert(7, 0);
            sets.insert(3, rows as u32 - 1);
            sets.insert(7, rows as u32 - 1);
            assert_eq!(sets.opened(), [7, 3]);
            assert!(sets.is_open(3) && !sets.is_open(4) && !sets.is_open(100));
            let found = |number| -> Vec<usize> {
                let words = sets.get(number).iter().enumerate();
                words.flat_map(|(at, word)| bits(*word).map(move |bit| at * 64 + bit as usize)).collect()
            };
            assert_eq!(found(3), [rows - 1]);
            assert_eq!(found(7).last(), Some(&(rows - 1)));
            assert_eq!(found(7).first(), Some(&0));
            assert_eq!(found(4), [0_usize; 0]);
            assert_eq!(sets.word(7, 0) & 1, 1);
        }
    }

    #[test]
    fn all_rows_are_no_more_than_there_are() {
        for rows in [0, 1, 63, 64, 65, 128] {
            assert_eq!(all(rows).map(u64::count_ones).sum::<u32>() as usize, rows);
        }
    }
}
