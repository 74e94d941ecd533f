//! State that survives a restart, as rows that changed.
//!
//! ```text
//! h            base model's digest, progress, counters          a    alphabet that codes are of
//! e + slot     an entity                                        s + place   a sample
//! c + context  what followed a context of the n-gram
//! ```
//! Slots and places are bounded and are written over, so that nothing has to be removed but forgotten contexts.

use std::collections::BTreeMap;

use super::entities::Entity;
use super::samples::Samples;
use super::{PERIOD_EVENTS, SequenceDetector};
use crate::sequence::bytes::Reader;
use crate::sequence::{Alphabet, SequenceError, Symbol};

/// A key and its value, or none where the row is to be removed.
pub type StateRow = (Vec<u8>, Option<Vec<u8>>);

const HEADER: &[u8] = b"h";
const ALPHABET: &[u8] = b"a";
const VERSION: u8 = 1;

fn row_key(kind: u8, number: u32) -> Vec<u8> {
    let mut key = vec![kind];
    key.extend_from_slice(&number.to_be_bytes());
    key
}

pub(super) fn context_key(context: u64) -> Vec<u8> {
    let mut key = vec![b'c'];
    key.extend_from_slice(&context.to_be_bytes());
    key
}

/// What stands in the header row.
struct Header {
    base: u64,
    memory_bytes: u16,
    learned: u64,
    halvings: u64,
    taught: u64,
    period: u64,
    offered: u64,
}

impl Header {
    fn write(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.memory_bytes.to_le_bytes());
        for number in [self.base, self.learned, self.halvings, self.taught, self.period, self.offered] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Self, SequenceError> {
        let mut reader = Reader::new(bytes);
        if reader.u8()? != VERSION {
            return Err(reader.problem("no sequence state of this version"));
        }
        let memory_bytes = reader.u16()?;
        let (base, learned, halvings) = (reader.u64()?, reader.u64()?, reader.u64()?);
        let (taught, period, offered) = (reader.u64()?, reader.u64()?, reader.u64()?);
        reader.finish()?;
        Ok(Self { base, memory_bytes, learned, halvings, taught, period, offered })
    }
}

impl SequenceDetector {
    /// The rows that changed since the last call, to be stored with the position they belong to.
    pub fn take_changes(&mut self) -> Vec<StateRow> {
        let mut rows: Vec<StateRow> = self.orphans.drain(..).map(|key| (key, None)).collect();
        let entities = self.entities.take_changes();
        let samples = self.samples.take_changes();
        let contexts = self.model.ngram_mut().map(|ngram| ngram.take_changes()).unwrap_or_default();
        if !self.is_alphabet_stored {
            let mut bytes = Vec::new();
            self.model.alphabet().write(&mut bytes);
            rows.push((ALPHABET.to_vec(), Some(bytes)));
        } else if rows.is_empty() && entities.is_empty() && samples.is_empty() && contexts.is_empty() {
            return rows;
        }
        self.is_alphabet_stored = true;
        rows.push((HEADER.to_vec(), Some(self.header().write())));
        rows.extend(entities.into_iter().map(|(slot, bytes)| (row_key(b'e', slot), Some(bytes))));
        rows.extend(samples.into_iter().map(|(place, bytes)| (row_key(b's', place), Some(bytes))));
        rows.extend(contexts.into_iter().map(|(context, bytes)| (context_key(context), bytes)));
        rows
    }

    fn header(&self) -> Header {
        let ngram = self.model.ngram();
        Header {
            base: self.base,
            memory_bytes: self.entities.memory_bytes() as u16,
            learned: ngram.map_or(0, crate::sequence::ngram::Ngram::learned),
            halvings: ngram.map_or(0, crate::sequence::ngram::Ngram::halvings),
            taught: self.taught,
            period: self.period,
            offered: self.samples.offered(),
        }
    }

    /// Puts stored rows back into a new detector. Rows that cannot be read are left out and told about. State of
    /// another model is taken over in this one's alphabet; what that one had learned online is not.
    pub fn restore(&mut self, rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Vec<SequenceError> {
        let rows: BTreeMap<Vec<u8>, Vec<u8>> = rows.into_iter().collect();
        let mut problems = Vec::new();
        let (Some(header), Some(alphabet)) = (rows.get(HEADER), rows.get(ALPHABET)) else {
            if !rows.is_empty() {
                problems.push(SequenceError::Bytes { at: 0, problem: "state without header or alphabet" });
            }
            return problems;
        };
        let read =
            Header::read(header).and_then(|header| Ok((header, Alphabet::read(&mut Reader::new(alphabet))?)));
        match read {
            Ok((header, alphabet)) => self.restore_rows(&header, &alphabet, rows, &mut problems),
            Err(problem) => problems.push(problem),
        }
        problems
    }

    fn restore_rows(
        &mut self,
        header: &Header,
        alphabet: &Alphabet,
        rows: BTreeMap<Vec<u8>, Vec<u8>>,
        problems: &mut Vec<SequenceError>,
    ) {
        let is_same_model = header.base == self.base && alphabet == self.model.alphabet();
        if is_same_model && let Some(ngram) = self.model.ngram_mut() {
            ngram.restore_progress(header.learned, header.halvings);
        }
        let (mut entities, mut samples) = (Vec::new(), Vec::new());
        for (key, value) in rows {
            let result = match key.split_first() {
                Some((b'e', slot)) if slot.len() == 4 => {
                    Entity::read(&value, alphabet.size(), usize::from(header.memory_bytes))
                        .map(|(entity, memory)| entities.push((number(slot) as u32, entity, memory)))
                }
                Some((b's', place)) if place.len() == 4 => {
                    Samples::read(&value, alphabet.size()).map(|codes| samples.push(codes))
                }
                Some((b'c', context)) if context.len() == 8 => match self.model.ngram_mut() {
                    Some(ngram) if is_same_model => ngram.restore_context(number(context), &value),
                    _ => {
                        self.orphans.push(key);
                        Ok(())
                    }
                },
                _ if key == HEADER || key == ALPHABET => Ok(()),
                _ => Err(SequenceError::Bytes { at: 0, problem: "unknown state row" }),
            };
            problems.extend(result.err());
        }
        self.taught = header.taught.min(PERIOD_EVENTS - 1);
        self.period = header.period;
        self.samples.restore(header.offered, samples);
        self.is_alphabet_stored = is_same_model;
        let has_memory = is_same_model && usize::from(header.memory_bytes) == self.entities.memory_bytes();
        if has_memory {
            self.entities.restore(entities);
            if let Some(ngram) = self.model.ngram_mut() {
                ngram.settle();
            }
            return;
        }
        let memory_bytes = self.entities.memory_bytes();
        for (_, _, memory) in &mut entities {
            memory.clear();
        }
        self.entities.restore(entities);
        let translation: Vec<Symbol> = alphabet.translation(self.model.alphabet());
        self.entities.translate(&translation, memory_bytes);
        self.samples.translate(&translation);
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
