//! Texts to dictionary arrays, a distinct text kept once.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Int32Array};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_schema::ArrowError;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// The key of a row without a text, until the array is made.
const NONE: i32 = -1;

/// The place of no text: none begins at the first byte of memory.
const NOWHERE: (usize, usize, i32) = (0, 0, NONE);

/// The distinct texts of a column under their keys.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    texts: StringBuilder,
    known: HashTable<Known>,
    hasher: RandomState,
}

/// A text by its hash and its key. The hash is kept so that growing does not read the texts again.
#[derive(Debug, Clone, Copy)]
struct Known {
    hash: u32,
    key: i32,
}

/// The table's hash of the part of it that is kept.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
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
    pub(crate) fn is(&self, key: i32, text: &str) -> bool {
        is_at(self.texts.values_slice(), self.texts.offsets_slice(), key, text.as_bytes())
    }

    /// The key of `text`.
    pub(crate) fn key(&mut self, text: &str) -> i32 {
        let hash = self.hasher.hash_one(text.as_bytes()) as u32;
        let (bytes, offsets) = (self.texts.values_slice(), self.texts.offsets_slice());
        let is_it = |known: &Known| known.hash == hash && is_at(bytes, offsets, known.key, text.as_bytes());
        if let Some(known) = self.known.find(spread(hash), is_it) {
            return known.key;
        }
        let key = self.len() as i32;
        self.known.insert_unique(spread(hash), Known { hash, key }, |known| spread(known.hash));
        self.texts.append_value(text);
        key
    }

    /// The array of `keys`, where [`NONE`] is null. The interner is empty again.
    pub(crate) fn finish(&mut self, mut keys: Vec<i32>) -> Result<DictionaryArray<Int32Type>, ArrowError> {
        self.known.clear();
        let nulls = keys.contains(&NONE).then(|| {
            let is_valid = |row: usize| keys.get(row).is_some_and(|key| *key != NONE);
            NullBuffer::new(BooleanBuffer::collect_bool(keys.len(), is_valid))
        });
        keys.iter_mut().for_each(|key| *key = (*key).max(0));
        DictionaryArray::try_new(Int32Array::try_new(keys.into(), nulls)?, Arc::new(self.texts.finish()))
    }
}

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

/// A nullable column of texts.
#[derive(Debug)]
pub(crate) struct TextColumn {
    interner: Interner,
    keys: Vec<i32>,
    last: i32,
}

impl Default for TextColumn {
    fn default() -> Self {
        Self { interner: Interner::default(), keys: Vec::new(), last: NONE }
    }
}

impl TextColumn {
    /// Bytes of the distinct texts.
    pub(crate) fn bytes(&self) -> usize {
        self.interner.bytes()
    }

    /// Puts `text` into `row`, which is beyond all rows before; the rows that are passed over are null.
    pub(crate) fn put(&mut self, row: usize, text: &str) {
        self.keys.resize(row, NONE);
        // Neighbouring events often say the same.
        if !self.interner.is(self.last, text) {
            self.last = self.interner.key(text);
        }
        self.keys.push(self.last);
    }

    /// The array of `rows` rows; the column is empty again.
    pub(crate) fn finish(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        self.keys.resize(rows, NONE);
        self.last = NONE;
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
