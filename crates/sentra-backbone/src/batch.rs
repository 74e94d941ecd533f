use sentra_model::{OwnedRecord, RawRecord, Source, Timestamp};

use crate::AppendBatch;

/// Consecutive records of one source, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBatch {
    /// Offset of the first record in here.
    pub first_offset: u64,
    /// When Sentra took the records in.
    pub received: Timestamp,
    /// Where they come from.
    pub source: Source,
    pub(crate) places: Vec<Place>,
    pub(crate) data: Vec<u8>,
    /// Where the first record's bytes start in `data`.
    pub(crate) start: usize,
}

/// One record inside of a batch's data. It starts where the one before it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) position: u64,
    pub(crate) end: usize,
}

impl StoredBatch {
    /// The batch as it stands at `first_offset`.
    pub(crate) fn from_append(first_offset: u64, batch: &AppendBatch) -> Self {
        let mut data = Vec::with_capacity(batch.bytes());
        let mut places = Vec::with_capacity(batch.records.len());
        for OwnedRecord { position, bytes } in &batch.records {
            data.extend_from_slice(bytes);
            places.push(Place { position: *position, end: data.len() });
        }
        let source = batch.source.clone();
        Self { first_offset, received: batch.received, source, places, data, start: 0 }
    }

    /// The records with their offsets, in order.
    pub fn records(&self) -> impl Iterator<Item = (u64, RawRecord<'_>)> {
        let mut start = self.start;
        self.places.iter().zip(self.first_offset..).map(move |(place, offset)| {
            let bytes = self.data.get(start..place.end).unwrap_or_default();
            start = place.end;
            let record =
                RawRecord { source: &self.source, position: place.position, received: self.received, bytes };
            (offset, record)
        })
    }

    /// Number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// True where there is no record; a batch that was read never is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Bytes of all records.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.places.last().map_or(0, |last| last.end.saturating_sub(self.start))
    }

    /// Offset after the last record.
    #[must_use]
    pub fn next_offset(&self) -> u64 {
        self.first_offset.saturating_add(self.places.len() as u64)
    }

    /// Drops the records from `to` on.
    pub(crate) fn truncate(&mut self, to: u64) {
        let kept = usize::try_from(to.saturating_sub(self.first_offset)).unwrap_or(usize::MAX);
        self.places.truncate(kept);
    }

    /// Drops the records before `from`.
    pub(crate) fn trim(&mut self, from: u64) {
        let skip = usize::try_from(from.saturating_sub(self.first_offset)).unwrap_or(usize::MAX);
        let skip = skip.min(self.places.len());
        let Some(last) = skip.checked_sub(1).and_then(|last| self.places.get(last)) else { return };
        self.start = last.end;
        self.places.drain(..skip);
        self.first_offset = self.first_offset.saturating_add(skip as u64);
    }
}
