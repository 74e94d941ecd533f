//! Texts to dictionary arrays, a distinct text kept once.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Int32Array};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_schema::ArrowError;
use foldhash::fast::RandomState;

/// The key of a row without a text, until the array is made.
const NONE: i32 = -1;

/// The place of no text: none begins at the first byte of memory.
const NOWHERE: (usize, usize, i32) = (0, 0, NONE);

/// Room in the table of an interner before it holds anything.
const SLOTS_MIN: usize = 64;
/// Law LIMIT: slots that an emptied interner keeps; they are wiped for every batch.
const SLOTS_KEPT_MAX: usize = 1 << 20;
/// Law LIMIT: bytes of text that an emptied interner makes room for at once, by what it held before.
const ROOM_BYTES_MAX: usize = 1 << 24;

/// The distinct texts of a column under their keys.
///
/// The table is one row of small words, each a text's key plus one under as much of its hash as there is room for, 0
/// where there is none, and a text stands at its hash or behind it. Most texts of a batch are new, and its table is
/// larger than the nearest memory: what counts is how many places of memory a text is looked up in, and how near they
/// are.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    texts: StringBuilder,
    slots: Vec<u32>,
    hasher: RandomState,
}

/// What an empty slot holds.
const EMPTY: u32 = 0;

/// The key in a slot that is not empty, of a table whose last place is `last`.
fn key_in(slot: u32, last: usize) -> i32 {
    (slot & last as u32).wrapping_sub(1) as i32
}

/// The part of a hash that a slot keeps: there are fewer keys than slots, so that a key leaves the upper bits.
fn tag(hash: u64, last: usize) -> u32 {
    (hash >> 32) as u32 & !(last as u32)
}

impl Interner {
    /// How many distinct texts there are.
    pub(crate) fn len(&self) -> usize {
        // One offset more than texts.
        self.texts.offsets_slice().len().saturating_sub(1)
    }

    /// Bytes of all texts.
    pub(crate) fn bytes(&self) -> usize {
        self.texts.values_slice().len()
    }

    /// Whether `key` stands for `text`. No key is none's.
    #[inline]
    pub(crate) fn is(&self, key: i32, text: &str) -> bool {
        is_at(self.texts.values_slice(), self.texts.offsets_slice(), key, text.as_bytes())
    }

    /// The key of `text`.
    pub(crate) fn key(&mut self, text: &str) -> i32 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(text.as_bytes());
        let hash = hasher.finish();
        let key = self.len();
        if key * 8 >= self.slots.len() * 5 {
            self.grow();
        }
        let (bytes, offsets) = (self.texts.values_slice(), self.texts.offsets_slice());
        let last = self.slots.len().wrapping_sub(1);
        let tag = tag(hash, last);
        let mut at = hash as usize & last;
        while let Some(slot) = self.slots.get_mut(at) {
            if *slot == EMPTY {
                *slot = tag | (key as u32 + 1);
                break;
            }
            let known = key_in(*slot, last);
            if *slot & !(last as u32) == tag && is_at(bytes, offsets, known, text.as_bytes()) {
                return known;
            }
            at = (at + 1) & last;
        }
        self.texts.append_value(text);
        key as i32
    }

    /// Makes room. A slot holds half of a hash: texts are hashed anew.
    #[cold]
    fn grow(&mut self) {
        let count = (self.slots.len() * 2).max(SLOTS_MIN);
        self.slots.clear();
        self.slots.resize(count, EMPTY);
        let (bytes, offsets) = (self.texts.values_slice(), self.texts.offsets_slice());
        let last = count - 1;
        for (number, ends) in (1_u32..).zip(offsets.windows(2)) {
            let &[from, to] = ends else { continue };
            let mut hasher = self.hasher.build_hasher();
            hasher.write(bytes.get(from as usize..to as usize).unwrap_or_default());
            let hash = hasher.finish();
            let mut at = hash as usize & last;
            while let Some(slot) = self.slots.get_mut(at) {
                if *slot == EMPTY {
                    *slot = tag(hash, last) | number;
                    break;
                }
                at = (at + 1) & last;
            }
        }
    }

    /// The array of `keys`, where [`NONE`] is null. The interner is empty again, with room for as much as it held.
    pub(crate) fn finish(&mut self, mut keys: Vec<i32>) -> Result<DictionaryArray<Int32Type>, ArrowError> {
        if self.slots.len() > SLOTS_KEPT_MAX {
            self.slots = Vec::new();
        }
        self.slots.fill(EMPTY);
        let nulls = keys.contains(&NONE).then(|| {
            let is_valid = |row: usize| keys.get(row).is_some_and(|key| *key != NONE);
            NullBuffer::new(BooleanBuffer::collect_bool(keys.len(), is_valid))
        });
        keys.iter_mut().for_each(|key| *key = (*key).max(0));
        let room = StringBuilder::with_capacity(self.len(), self.bytes().min(ROOM_BYTES_MAX));
        let texts = std::mem::replace(&mut self.texts, room).finish();
        DictionaryArray::try_new(Int32Array::try_new(keys.into(), nulls)?, Arc::new(texts))
    }
}

#[inline]
fn is_at(bytes: &[u8], offsets: &[i32], key: i32, text: &[u8]) -> bool {
    let Ok(key) = usize::try_from(key) else { return false };
    let Some([from, to]) = offsets.get(key..).and_then(<[i32]>::first_chunk) else { return false };
    bytes.get(*from as usize..*to as usize).is_some_and(|known| is_same(known, text))
}

/// Equality without the call that comparing slices costs: most texts here are short.
#[inline]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    // Two overlapping words cover every length between one word and two.
    if one.len() > 16 {
        return one == other;
    }
    if let (Some(first), Some(last)) = (one.first_chunk::<8>(), one.last_chunk::<8>()) {
        return Some(first) == other.first_chunk() && Some(last) == other.last_chunk();
    }
    if let (Some(first), Some(last)) = (one.first_chunk::<4>(), one.last_chunk::<4>()) {
        return Some(first) == other.first_chunk() && Some(last) == other.last_chunk();
    }
    one.iter().zip(other).all(|(one, other)| one == other)
}

/// Texts up to this length are compared where the column itself lies.
const LAST_BYTES: usize = 23;

/// A nullable column of texts. Neighbouring events often say the same, or nothing: such a run is counted, and written
/// when it ends.
#[derive(Debug)]
pub(crate) struct TextColumn {
    /// The text of the run, if it is not longer than fits, and its length.
    last: [u8; LAST_BYTES],
    last_length: usize,
    last_key: i32,
    run: usize,
    keys: Vec<i32>,
    interner: Interner,
}

impl Default for TextColumn {
    fn default() -> Self {
        Self {
            last: [0; LAST_BYTES],
            last_length: 0,
            last_key: NONE,
            run: 0,
            keys: Vec::new(),
            interner: Interner::default(),
        }
    }
}

impl TextColumn {
    /// Bytes of the distinct texts.
    pub(crate) fn bytes(&self) -> usize {
        self.interner.bytes()
    }

    /// Puts `text` into the next row; the empty one is null.
    #[inline]
    pub(crate) fn put(&mut self, text: &str) {
        if self.is_last(text) {
            self.run += 1;
        } else {
            self.put_other(text);
        }
    }

    #[inline]
    fn is_last(&self, text: &str) -> bool {
        if text.len() != self.last_length {
            return false;
        }
        match self.last.get(..text.len()) {
            Some(last) => is_same(last, text.as_bytes()),
            None => self.interner.is(self.last_key, text),
        }
    }

    fn put_other(&mut self, text: &str) {
        self.end_run();
        self.last_key = if text.is_empty() { NONE } else { self.interner.key(text) };
        self.last_length = text.len();
        if let Some(last) = self.last.get_mut(..text.len()) {
            last.copy_from_slice(text.as_bytes());
        }
        self.run = 1;
    }

    fn end_run(&mut self) {
        match std::mem::take(&mut self.run) {
            0 => {}
            1 => self.keys.push(self.last_key),
            run => self.keys.resize(self.keys.len() + run, self.last_key),
        }
    }

    /// The array of all rows; the column is empty again.
    pub(crate) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        self.end_run();
        (self.last_length, self.last_key) = (0, NONE);
        let rows = self.keys.len();
        let keys = std::mem::replace(&mut self.keys, Vec::with_capacity(rows));
        Ok(Arc::new(self.interner.finish(keys)?))
    }
}

/// Names and values of fields. Most events of a source have the same names in the same order, and many the same
/// values: what followed a name last time, and its last value, are tried before anything is searched.
#[derive(Debug, Default)]
pub(crate) struct FieldColumns {
    names: Interner,
    values: Interner,
    name_keys: Vec<i32>,
    value_keys: Vec<i32>,
    /// By name, the one first of all: which name came after it last time.
    followers: Vec<i32>,
    /// By name: its last value.
    last_values: Vec<i32>,
    /// The name before, as an index into `followers`.
    previous: usize,
    /// Where the value before lies, and its key.
    before: (usize, usize, i32),
}

impl FieldColumns {
    /// How many fields there are.
    pub(crate) fn len(&self) -> usize {
        self.name_keys.len()
    }

    /// Bytes of the distinct names and values.
    pub(crate) fn bytes(&self) -> usize {
        self.names.bytes() + self.values.bytes()
    }

    /// What is put from now on belongs to another event.
    pub(crate) fn begin(&mut self) {
        self.previous = 0;
        self.before = NOWHERE;
    }

    /// Adds a field to the event.
    #[inline]
    pub(crate) fn put(&mut self, name: &str, value: &str) {
        let name = self.name(name);
        let last = self.last_values.get(name as usize).copied().unwrap_or(NONE);
        let key = if self.values.is(last, value) { last } else { self.value(name, value) };
        self.name_keys.push(name);
        self.value_keys.push(key);
    }

    /// Adds a field to the event whose value lives as long as the event. Sources say the same thing under two names
    /// one after the other: what lies in the same place is the same text.
    #[inline]
    pub(crate) fn put_lasting(&mut self, name: &str, value: &str) {
        let (start, length, key) = self.before;
        if (start, length) == (value.as_ptr().addr(), value.len()) {
            let name = self.name(name);
            self.name_keys.push(name);
            self.value_keys.push(key);
            return;
        }
        self.put(name, value);
        let key = self.value_keys.last().copied().unwrap_or_default();
        self.before = (value.as_ptr().addr(), value.len(), key);
    }

    fn value(&mut self, name: i32, value: &str) -> i32 {
        let key = self.values.key(value);
        if let Some(last) = self.last_values.get_mut(name as usize) {
            *last = key;
        }
        key
    }

    fn name(&mut self, name: &str) -> i32 {
        let guess = self.followers.get(self.previous).copied().unwrap_or(NONE);
        let key = if self.names.is(guess, name) { guess } else { self.names.key(name) };
        if key != guess {
            self.last_values.resize(self.names.len(), NONE);
            self.followers.resize(self.names.len() + 1, NONE);
            if let Some(follower) = self.followers.get_mut(self.previous) {
                *follower = key;
            }
        }
        self.previous = key as usize + 1;
        key
    }

    /// Names and values; empty again.
    pub(crate) fn finish(&mut self) -> Result<[ArrayRef; 2], ArrowError> {
        self.followers.clear();
        self.last_values.clear();
        self.begin();
        let capacity = self.name_keys.len();
        let names = std::mem::replace(&mut self.name_keys, Vec::with_capacity(capacity));
        let values = std::mem::replace(&mut self.value_keys, Vec::with_capacity(capacity));
        Ok([Arc::new(self.names.finish(names)?), Arc::new(self.values.finish(values)?)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Array as _;
    use arrow_array::cast::AsArray as _;
    use proptest::prelude::*;

    #[test]
    fn texts_keep_their_keys_while_the_table_grows() {
        let mut interner = Interner::default();
        for round in 0..3 {
            for number in 0..10_000 {
                let text = format!("text {number}");
                assert_eq!(interner.key(&text), number, "round {round}");
                assert_eq!(interner.key(&text), number);
                assert!(interner.is(number, &text));
            }
            assert_eq!(interner.key("text 0"), 0);
            assert_eq!(interner.len(), 10_000);
            let array = interner.finish(vec![7, NONE, 9_999]).expect("an array");
            let texts = array.values().as_string::<i32>();
            assert_eq!((texts.len(), texts.value(7), texts.value(9_999)), (10_000, "text 7", "text 9999"));
            assert_eq!(interner.len(), 0);
        }
    }

    proptest! {
        #[test]
        fn a_column_says_what_was_put_there(
            texts in prop::collection::vec(prop::sample::select(vec![
                "", "a", "b", "eight888", "sixteen bytes 16", "a text of 23 bytes, all.", "23 bytes fit, more do no",
                "a text that is longer than what is kept", "a text that is longer than what is kept",
            ]), 0..64),
        ) {
            let mut column = TextColumn::default();
            for _ in 0..2 {
                texts.iter().for_each(|text| column.put(text));
                let array = column.finish().expect("an array");
                let array = array.as_dictionary::<Int32Type>();
                let values = array.values().as_string::<i32>();
                let found: Vec<&str> = (0..texts.len())
                    .map(|row| array.key(row).map_or("", |key| values.value(key)))
                    .collect();
                prop_assert_eq!(&found, &texts);
                let distinct: std::collections::BTreeSet<_> = texts.iter().filter(|text| !text.is_empty()).collect();
                prop_assert_eq!(values.len(), distinct.len());
            }
        }
    }
}
