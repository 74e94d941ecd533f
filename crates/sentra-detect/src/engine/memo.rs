//! What is known of values from batches before.

use hashbrown::HashTable;
use std::hash::{BuildHasher, Hash, Hasher};

use crate::ruleset::TestId;

/// Largest batch, in events, for which values are looked up: a larger one has its own dictionary to tell what comes
/// twice, and to search a value once more costs less than to remember it.
pub(crate) const MEMO_BATCH_EVENTS_MAX: usize = 128;
/// Law LIMIT: longest value that is remembered, in bytes. Longer ones come back less often and cost more to keep.
pub(crate) const MEMO_VALUE_BYTES_MAX: usize = 512;
/// Law LIMIT: values that are remembered.
const MEMO_VALUES_MAX: usize = 1 << 17;
/// Law LIMIT: bytes of values that are remembered.
const MEMO_BYTES_MAX: usize = 8 << 20;
/// Law LIMIT: tests that are remembered to pass.
pub(crate) const MEMO_TESTS_MAX: usize = 1 << 20;

/// A piece of a list of tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Passed {
    from: u32,
    to: u32,
}

impl Passed {
    pub(crate) fn is_empty(self) -> bool {
        self.from == self.to
    }
}

/// Per kind of search, the values seen and the tests that they pass. It is emptied when it is full: what comes often
/// is soon in it again.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    values: HashTable<Known>,
    texts: String,
    tests: Vec<TestId>,
    state: foldhash::fast::RandomState,
    /// How often it has been emptied for lack of room.
    pub(crate) emptied: u64,
}

/// A value, which is told from others by its whole text: a hash alone could be made to collide.
#[derive(Debug, Clone, Copy)]
struct Known {
    hash: u64,
    search: u32,
    start: u32,
    len: u32,
    passed: Passed,
}

impl Memo {
    /// What `value` passes in `search`, if that is known; else its hash, for [`Memo::learn`].
    pub(crate) fn find(&self, search: u32, value: &str) -> Result<Passed, u64> {
        let mut hasher = self.state.build_hasher();
        value.hash(&mut hasher);
        search.hash(&mut hasher);
        let hash = hasher.finish();
        let is_it = |known: &Known| {
            known.hash == hash
                && known.search == search
                && self.texts.as_bytes().get(known.start as usize..known.start as usize + known.len as usize)
                    == Some(value.as_bytes())
        };
        self.values.find(hash, is_it).map(|known| known.passed).ok_or(hash)
    }

    /// Keeps a list of tests until [`Memo::make_room`].
    pub(crate) fn keep(&mut self, tests: &[TestId]) -> Passed {
        let from = self.tests.len() as u32;
        self.tests.extend_from_slice(tests);
        Passed { from, to: self.tests.len() as u32 }
    }

    /// Remembers what `value` passes in `search`.
    pub(crate) fn learn(&mut self, hash: u64, search: u32, value: &str, passed: Passed) {
        let known = Known { hash, search, start: self.texts.len() as u32, len: value.len() as u32, passed };
        self.texts.push_str(value);
        self.values.insert_unique(hash, known, |known| known.hash);
    }

    /// The tests of a list.
    pub(crate) fn tests(&self, passed: Passed) -> &[TestId] {
        self.tests.get(passed.from as usize..passed.to as usize).unwrap_or_default()
    }

    /// Between batches: forgets everything when there is too much of it.
    pub(crate) fn make_room(&mut self) {
        if self.is_full() || self.tests.len() > MEMO_TESTS_MAX {
            self.clear();
            self.emptied += 1;
        }
    }

    /// Whether no more may be learned before [`Memo::make_room`].
    pub(crate) fn is_full(&self) -> bool {
        self.values.len() >= MEMO_VALUES_MAX || self.texts.len() >= MEMO_BYTES_MAX
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.texts.clear();
        self.tests.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_known_for_the_search_it_was_learned_in() {
        let mut memo = Memo::default();
        let hash = memo.find(1, "a").unwrap_err();
        let passed = memo.keep(&[7, 9]);
        memo.learn(hash, 1, "a", passed);
        assert_eq!(memo.find(1, "a").map(|passed| memo.tests(passed)), Ok(&[7, 9][..]));
        assert!(memo.find(2, "a").is_err());
        assert!(memo.find(1, "b").is_err());
        memo.make_room();
        assert!(memo.find(1, "a").is_ok(), "there is room");
    }

    /// Law LIMIT.
    #[test]
    fn it_is_emptied_when_it_is_full() {
        let mut memo = Memo::default();
        let mut number = 0;
        while !memo.is_full() {
            let value = format!("{number:0300}");
            let hash = memo.find(0, &value).unwrap_err();
            let passed = memo.keep(&[1]);
            memo.learn(hash, 0, &value, passed);
            number += 1;
        }
        assert_eq!(number, MEMO_BYTES_MAX.div_ceil(300));
        memo.make_room();
        assert_eq!((memo.values.len(), memo.emptied), (0, 1));
        memo.keep(&vec![0; MEMO_TESTS_MAX + 1]);
        memo.make_room();
        assert_eq!((memo.tests.len(), memo.emptied), (0, 2));
    }
}
