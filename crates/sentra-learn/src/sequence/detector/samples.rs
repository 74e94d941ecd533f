//! Sequences kept for retraining: a sample of what came, in which the old gives way to the new.

use crate::sequence::bytes::Reader;
use crate::sequence::{CHUNK_EVENTS, SequenceError, Symbol};

/// Most sequences that a detector may be allowed to keep, 32 bytes each.
pub const SAMPLES_MAX: usize = 65_536;
/// A sequence that is offered displaces another with at least this chance (one in so many), so that the sample
/// follows the times instead of representing all of them equally.
const DISPLACES_ONE_IN: u64 = 4;

type Codes = [u8; CHUNK_EVENTS];

/// The sample.
#[derive(Debug, Clone)]
pub(super) struct Samples {
    max: usize,
    seed: u64,
    chunks: Vec<Codes>,
    offered: u64,
    /// In order, each once.
    changed: std::collections::BTreeSet<u32>,
}

impl Samples {
    pub(super) fn new(max: usize, seed: u64) -> Self {
        Self { max, seed, chunks: Vec::new(), offered: 0, changed: std::collections::BTreeSet::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.chunks.len()
    }

    pub(super) fn offered(&self) -> u64 {
        self.offered
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Codes> {
        self.chunks.iter()
    }

    /// Offers a sequence; one of another length is left out.
    pub(super) fn offer(&mut self, codes: &[u8]) {
        let Ok(codes) = Codes::try_from(codes) else { return };
        self.offered += 1;
        let place = if self.chunks.len() < self.max {
            self.chunks.push(codes);
            self.chunks.len() - 1
        } else {
            let among = self.offered.min(DISPLACES_ONE_IN * self.max as u64);
            let place = (mixed(self.seed, self.offered) % among) as usize;
            let Some(chunk) = self.chunks.get_mut(place) else { return };
            *chunk = codes;
            place
        };
        self.changed.insert(place as u32);
    }

    pub(super) fn translate(&mut self, translation: &[Symbol]) {
        for code in self.chunks.iter_mut().flatten() {
            *code = translation.get(usize::from(*code)).map_or(0, |symbol| symbol.number());
        }
        self.changed = (0..self.chunks.len() as u32).collect();
    }

    /// The sequences changed since the last call, with their places.
    pub(super) fn take_changes(&mut self) -> Vec<(u32, Vec<u8>)> {
        let changed = std::mem::take(&mut self.changed);
        let chunk = |place: u32| Some((place, self.chunks.get(place as usize)?.to_vec()));
        changed.into_iter().filter_map(chunk).collect()
    }

    pub(super) fn read(bytes: &[u8], symbols: usize) -> Result<Codes, SequenceError> {
        let reader = Reader::new(bytes);
        let codes = Codes::try_from(bytes).map_err(|_| reader.problem("sample has another length"))?;
        if codes.iter().any(|code| usize::from(*code) >= symbols) {
            return Err(reader.problem("symbol is not in the alphabet"));
        }
        Ok(codes)
    }

    /// Puts samples back; they are given in the order of their places.
    pub(super) fn restore(&mut self, offered: u64, chunks: Vec<Codes>) {
        self.offered = offered;
        self.chunks = chunks;
        self.chunks.truncate(self.max);
    }
}

/// A number that looks random (Steele and others' SplitMix64).
fn mixed(seed: u64, number: u64) -> u64 {
    let mut mixed = seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_bounded_and_follows_the_times() {
        let mut samples = Samples::new(100, 1);
        for number in 0..10_000_u32 {
            samples.offer(&[(number / 1_000) as u8; CHUNK_EVENTS]);
        }
        samples.offer(&[1; 5]);
        assert_eq!((samples.len(), samples.offered()), (100, 10_000));
        let late = samples.iter().filter(|codes| codes[0] >= 8).count();
        assert!(late > 90, "{late} of 100 are from the last fifth");
        assert_eq!(samples.take_changes().len(), 100);
        assert!(samples.take_changes().is_empty());
    }
}
