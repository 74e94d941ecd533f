//! Texts to dictionary arrays, a text that repeats kept once.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Int32Array};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_schema::ArrowError;

use crate::bytes::same_bytes;
use foldhash::fast::RandomState;

/// The key of a row without a text, until the array is made.
const NONE: i32 = -1;

/// The place of no text: none begins at the first byte of memory.
const NOWHERE: (usize, usize, i32) = (0, 0, NONE);

/// Room in the table of an interner before it holds anything.
const SLOTS_MIN: usize = 64;
/// Law LIMIT: slots that an emptied interner keeps; they are wiped for every batch.
const SLOTS_KEPT_MAX: usize = 1 << 19;
/// Law LIMIT: bytes of text that an emptied interner makes room for at once, by what it held before.
const ROOM_BYTES_MAX: usize = 1 << 24;

/// Values of a field that are looked up before what they say decides whether more are.
const LOOKUPS_FIRST: u32 = 64;
/// Values of a field are looked up while one in so many was there before.
const FOUND_ONE_IN: u32 = 4;
/// Of values that are not looked up, one in so many is after all: what is new today may repeat in a moment.
const LOOKUPS_ONE_IN: u32 = 16;

/// The texts of a column under their keys: each once, but for those that were added without a look whether they are there.
///
/// The table is one row of words, each a text's key plus one under half of its hash, 0 where there is none, and a text
/// stands at its hash or behind it. Most texts of a batch are new: what counts is how many places of memory a text is
/// looked up in, and how near they are.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    texts: StringBuilder,
    slots: Vec<u64>,
    /// Slots that are not empty.
    held: usize,
    hasher: RandomState,
}

/// What an empty slot holds.
const EMPTY: u64 = 0;

/// The upper half of a hash, which a slot keeps.
const TAG: u64 = !(u32::MAX as u64);

/// The key in a slot that is not empty.
fn key_in(slot: u64) -> i32 {
    (slot as u32).wrapping_sub(1) as i32
}

/// Where a hash, or the part of it that a slot keeps, stands in a table whose last place is `last`.
fn place_of(hash: u64, last: usize) -> usize {
    (hash >> 32) as usize & last
}

impl Interner {
    /// How many texts there are.
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
        if self.held * 8 >= self.slots.len() * 5 {
            self.grow();
        }
        let (bytes, offsets) = (self.texts.values_slice(), self.texts.offsets_slice());
        let next = offsets.len().saturating_sub(1) as u32 + 1;
        let last = self.slots.len().wrapping_sub(1);
        let mut at = place_of(hash, last);
        while let Some(slot) = self.slots.get_mut(at) {
            if *slot == EMPTY {
                *slot = (hash & TAG) | u64::from(next);
                self.held += 1;
                break;
            }
            let known = key_in(*slot);
            if *slot & TAG == hash & TAG && is_at(bytes, offsets, known, text.as_bytes()) {
                return known;
            }
            at = (at + 1) & last;
        }
        self.add(text)
    }

    /// The key of `text`, or one of its own where `lookups` has it that looking for it is in vain.
    fn key_or_new(&mut self, text: &str, lookups: &mut Lookups) -> i32 {
        if !lookups.is_due() {
            return self.add(text);
        }
        let before = self.len();
        let key = self.key(text);
        lookups.found += u32::from(self.len() == before);
        key
    }

    /// Adds `text` without looking for it.
    fn add(&mut self, text: &str) -> i32 {
        let key = self.len() as i32;
        self.texts.append_value(text);
        key
    }

    /// Makes room.
    #[cold]
    fn grow(&mut self) {
        let count = (self.slots.len() * 2).max(SLOTS_MIN);
        let held = std::mem::replace(&mut self.slots, vec![EMPTY; count]);
        let last = count - 1;
        for known in held.into_iter().filter(|slot| *slot != EMPTY) {
            let mut at = place_of(known, last);
            while let Some(slot) = self.slots.get_mut(at) {
                if *slot == EMPTY {
                    *slot = known;
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
        self.held = 0;
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

/// Whether it is worth it to look for the values of a field. Ids, times and messages are new in nearly every event.
#[derive(Debug, Default, Clone, Copy)]
struct Lookups {
    /// Values that were looked for, and those of them that were there.
    tried: u32,
    found: u32,
    /// Values that were not looked for.
    left_out: u32,
}

impl Lookups {
    /// Whether the next value is to be looked for.
    fn is_due(&mut self) -> bool {
        if self.tried >= LOOKUPS_FIRST && self.found.saturating_mul(FOUND_ONE_IN) < self.tried {
            self.left_out = self.left_out.wrapping_add(1);
            if !self.left_out.is_multiple_of(LOOKUPS_ONE_IN) {
                return false;
            }
        }
        self.tried += 1;
        true
    }
}

#[inline]
fn is_at(bytes: &[u8], offsets: &[i32], key: i32, text: &[u8]) -> bool {
    let Ok(key) = usize::try_from(key) else { return false };
    let Some([from, to]) = offsets.get(key..).and_then(<[i32]>::first_chunk) else { return false };
    bytes.get(*from as usize..*to as usize).is_some_and(|known| same_bytes(known, text))
}

/// Texts up to this length are compared where the column itself lies.
const LAST_BYTES: usize = 23;

/// A nullable column of texts. Neighbouring events often say the same: such a run is counted, and written when it ends.
/// Events that say nothing need not be told of.
#[derive(Debug)]
pub(crate) struct TextColumn {
    /// The text of the run, if it is not longer than fits, and its length.
    last: [u8; LAST_BYTES],
    last_length: usize,
    last_key: i32,
    run: usize,
    /// The row behind the run.
    next: usize,
    keys: Vec<i32>,
    interner: Interner,
    /// Whether texts are looked for, if not all of them are.
    lookups: Option<Lookups>,
}

impl Default for TextColumn {
    fn default() -> Self {
        Self {
            last: [0; LAST_BYTES],
            last_length: 0,
            last_key: NONE,
            run: 0,
            next: 0,
            keys: Vec::new(),
            interner: Interner::default(),
            lookups: None,
        }
    }
}

impl TextColumn {
    /// A column in which a text may stand twice in the dictionary, because it seldom repeats and nobody takes its key for
    /// its name.
    pub(crate) fn of_messages() -> Self {
        Self { lookups: Some(Lookups::default()), ..Self::default() }
    }

    /// Bytes of the texts.
    pub(crate) fn bytes(&self) -> usize {
        self.interner.bytes()
    }

    /// Puts `text`, which is not empty, into a row. Rows come in their order, and those that do not come are null.
    #[inline]
    pub(crate) fn put(&mut self, row: usize, text: &str) {
        let is_last = self.is_last(text);
        if is_last && row == self.next {
            self.run += 1;
        } else {
            self.end_run(row);
            if !is_last {
                self.begin_run(text);
            }
            self.run = 1;
        }
        self.next = row + 1;
    }

    #[inline]
    fn is_last(&self, text: &str) -> bool {
        if text.len() != self.last_length {
            return false;
        }
        match self.last.get(..text.len()) {
            Some(last) => same_bytes(last, text.as_bytes()),
            None => self.interner.is(self.last_key, text),
        }
    }

    fn begin_run(&mut self, text: &str) {
        self.last_key = match &mut self.lookups {
            Some(lookups) => self.interner.key_or_new(text, lookups),
            None => self.interner.key(text),
        };
        self.last_length = text.len();
        if let Some(last) = self.last.get_mut(..text.len()) {
            last.copy_from_slice(text.as_bytes());
        }
    }

    /// Writes the run, and that there is nothing behind it before `row`.
    fn end_run(&mut self, row: usize) {
        match std::mem::take(&mut self.run) {
            0 => {}
            1 => self.keys.push(self.last_key),
            run => self.keys.resize(self.keys.len() + run, self.last_key),
        }
        if self.keys.len() < row {
            self.keys.resize(row, NONE);
        }
    }

    /// The array of so many rows; the column is empty again.
    pub(crate) fn finish(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        self.end_run(rows);
        (self.last_length, self.last_key, self.next) = (0, NONE, 0);
        self.lookups = self.lookups.map(|_| Lookups::default());
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
    /// By name: its last value, and whether others are looked for.
    last_values: Vec<(i32, Lookups)>,
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

    /// Bytes of the names and values.
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
        let last = self.last_values.get(name as usize).map_or(NONE, |(last, _)| *last);
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
        let Some((last, lookups)) = self.last_values.get_mut(name as usize) else {
            return self.values.key(value);
        };
        *last = self.values.key_or_new(value, lookups);
        *last
    }

    fn name(&mut self, name: &str) -> i32 {
        let guess = self.followers.get(self.previous).copied().unwrap_or(NONE);
        let key = if self.names.is(guess, name) { guess } else { self.names.key(name) };
        if key != guess {
            self.last_values.resize(self.names.len(), (NONE, Lookups::default()));
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
    fn what_is_new_every_time_is_looked_for_seldom_and_what_repeats_again_is_found() {
        let mut columns = FieldColumns::default();
        let mut said = Vec::new();
        for event in 0..6_000_u32 {
            columns.begin();
            // An id, which from the 2,001st event on is one of three; a name that is always one of seven; both of a kind.
            let id = if event < 2_000 { format!("id {event}") } else { format!("id of {}", event % 3) };
            let name = format!("name {}", event % 7);
            columns.put("id", &id);
            columns.put("name", &name);
            columns.put("id of another", &id);
            said.extend([id.clone(), name, id]);
        }
        let [names, values] = columns.finish().expect("arrays");
        let (names, values) = (names.as_dictionary::<Int32Type>(), values.as_dictionary::<Int32Type>());
        let texts = values.values().as_string::<i32>();
        let found: Vec<&str> = (0..said.len()).map(|entry| texts.value(values.key(entry).unwrap())).collect();
        assert_eq!(found, said);
        assert_eq!(names.values().len(), 3);
        let of_names = texts.iter().flatten().filter(|text| text.starts_with("name ")).count();
        assert_eq!(of_names, 7, "what repeats stands there once");
        let new = texts.iter().flatten().filter(|text| text.starts_with("id of ")).count();
        // One in 16 is looked for until one in 4 of all was found.
        assert!(new < 2 * 2_000, "{new} of 8,000 repeated texts stand there of their own");
    }

    fn put_all(column: &mut TextColumn, texts: &[impl AsRef<str>]) {
        let texts = texts.iter().map(AsRef::as_ref).enumerate();
        texts.filter(|(_, text)| !text.is_empty()).for_each(|(row, text)| column.put(row, text));
    }

    #[test]
    fn messages_are_whole_whether_they_repeat_or_not() {
        let mut column = TextColumn::of_messages();
        for round in 0..2 {
            let said: Vec<String> = (0..3_000)
                .map(|row| match row % 10 {
                    0 => String::new(),
                    1 => "the same in every tenth event, and longer than what is kept".to_owned(),
                    _ => format!("message {row} of round {round}"),
                })
                .collect();
            put_all(&mut column, &said);
            let array = column.finish(said.len()).expect("an array");
            let array = array.as_dictionary::<Int32Type>();
            let texts = array.values().as_string::<i32>();
            let found: Vec<&str> =
                (0..said.len()).map(|row| array.key(row).map_or("", |key| texts.value(key))).collect();
            assert_eq!(found, said);
            assert!(texts.len() <= 2_700, "{} texts", texts.len());
        }
    }

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
                put_all(&mut column, &texts);
                let array = column.finish(texts.len()).expect("an array");
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
