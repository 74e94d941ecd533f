//! Looking a text up among many.

use std::borrow::Cow;
use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use hashbrown::HashTable;

use crate::text::fold;

/// The end of a chain of rows.
const END: u32 = u32::MAX;

/// Finds the rows of a text. Holds row numbers only; the texts stay in their column.
#[derive(Debug)]
pub(super) struct TextIndex {
    folded: bool,
    state: RandomState,
    /// The first row of each distinct text.
    first: HashTable<u32>,
    /// The next row of the same text.
    next: Vec<u32>,
}

impl TextIndex {
    /// An index of the texts that are not empty.
    pub(super) fn new(cells: &[String], folded: bool) -> Self {
        let mut index = Self {
            folded,
            state: RandomState::default(),
            first: HashTable::with_capacity(cells.len()),
            next: vec![END; cells.len()],
        };
        // From the last to the first, so that the chains ascend.
        for (row, cell) in cells.iter().enumerate().rev() {
            // More rows than have a number are not loaded.
            if let Ok(row) = u32::try_from(row)
                && !cell.is_empty()
            {
                index.insert(cells, row, cell);
            }
        }
        index
    }

    fn insert(&mut self, cells: &[String], row: u32, cell: &str) {
        let (state, folded) = (&self.state, self.folded);
        let key = keyed(cell, folded);
        let rehash = |row: &u32| state.hash_one(&*keyed(cell_at(cells, *row), folded));
        let found = self.first.entry(
            state.hash_one(&*key),
            |other| keyed(cell_at(cells, *other), folded) == key,
            rehash,
        );
        match found {
            hashbrown::hash_table::Entry::Occupied(mut entry) => {
                let before = std::mem::replace(entry.get_mut(), row);
                if let Some(next) = self.next.get_mut(row as usize) {
                    *next = before;
                }
            }
            hashbrown::hash_table::Entry::Vacant(entry) => {
                entry.insert(row);
            }
        }
    }

    pub(super) fn contains(&self, cells: &[String], text: &str) -> bool {
        self.find(cells, text).is_some()
    }

    /// The rows of `text`, ascending.
    pub(super) fn rows(&self, cells: &[String], text: &str) -> impl Iterator<Item = u32> {
        std::iter::successors(self.find(cells, text), |row| {
            self.next.get(*row as usize).copied().filter(|next| *next != END)
        })
    }

    fn find(&self, cells: &[String], text: &str) -> Option<u32> {
        let key = keyed(text, self.folded);
        let is_it = |row: &u32| keyed(cell_at(cells, *row), self.folded) == key;
        self.first.find(self.state.hash_one(&*key), is_it).copied()
    }
}

fn cell_at(cells: &[String], row: u32) -> &str {
    cells.get(row as usize).map_or("", String::as_str)
}

fn keyed(text: &str, folded: bool) -> Cow<'_, str> {
    if folded { fold(text) } else { Cow::Borrowed(text) }
}
