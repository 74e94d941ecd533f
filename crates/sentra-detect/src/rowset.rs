//! A set of rows of one batch, a bit per row.

/// Rows of a batch. Sets of one batch have the same length and can be combined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowSet {
    words: Vec<u64>,
}

impl RowSet {
    /// No row of a batch of `rows`.
    pub(crate) fn none(rows: usize) -> Self {
        Self { words: vec![0; rows.div_ceil(64)] }
    }

    pub(crate) fn insert(&mut self, row: u32) {
        if let Some(word) = self.words.get_mut(row as usize / 64) {
            *word |= 1 << (row % 64);
        }
    }

    pub(crate) fn contains(&self, row: u32) -> bool {
        self.words.get(row as usize / 64).is_some_and(|word| word & (1 << (row % 64)) != 0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The rows in both, or `None` if there are none.
    pub(crate) fn and(&self, other: &Self) -> Option<Self> {
        if !self.words.iter().zip(&other.words).any(|(left, right)| left & right != 0) {
            return None;
        }
        Some(Self { words: self.words.iter().zip(&other.words).map(|(left, right)| left & right).collect() })
    }

    /// The rows that are not in `other`, or `None` if there are none.
    pub(crate) fn without(&self, other: &Self) -> Option<Self> {
        let left =
            Self { words: self.words.iter().zip(&other.words).map(|(left, right)| left & !right).collect() };
        (!left.is_empty()).then_some(left)
    }

    /// Adds the rows of `other`.
    pub(crate) fn add(&mut self, other: &Self) {
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// The rows in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0_u32..).zip(&self.words).flat_map(|(index, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                if left == 0 {
                    return None;
                }
                let bit = left.trailing_zeros();
                left &= left - 1;
                Some(index * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(rows: &[u32]) -> RowSet {
        let mut set = RowSet::none(200);
        rows.iter().for_each(|row| set.insert(*row));
        set
    }

    #[test]
    fn sets_are_combined_row_by_row() {
        let (left, right) = (set(&[0, 63, 64, 199]), set(&[63, 199]));
        assert_eq!(left.iter().collect::<Vec<_>>(), [0, 63, 64, 199]);
        assert_eq!(left.and(&right), Some(right.clone()));
        assert_eq!(left.without(&right), Some(set(&[0, 64])));
        assert_eq!(right.without(&left), None);
        assert_eq!(set(&[1]).and(&set(&[2])), None);
        let mut both = set(&[1]);
        both.add(&set(&[2]));
        assert_eq!(both, set(&[1, 2]));
        assert!(both.contains(2) && !both.contains(3) && !both.contains(1_000));
    }
}
