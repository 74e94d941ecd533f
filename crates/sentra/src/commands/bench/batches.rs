//! Records to event batches, as the factory makes them.

use std::collections::BTreeMap;

use sentra_decode::{Decoded, Decoder};
use sentra_model::{
    BatchBuilder, BatchError, Clock, EventBatch, EventId, Mart, OwnedRecord, RawRecord, Source, SystemClock,
    TenantId, Timestamp,
};

/// Decodes records into batches of a mart each. What is not understood is left out.
pub(crate) struct Batches<'a> {
    decoder: &'a Decoder,
    source: &'a Source,
    received: Timestamp,
    records: std::iter::Enumerate<std::slice::Iter<'a, OwnedRecord>>,
    rows_max: usize,
    builders: BTreeMap<Mart, BatchBuilder>,
}

impl<'a> Batches<'a> {
    /// Batches of at most `rows_max` events; `usize::MAX` leaves it to the builder when one is full.
    pub(crate) fn new(
        decoder: &'a Decoder,
        source: &'a Source,
        records: &'a [OwnedRecord],
        rows_max: usize,
    ) -> Self {
        let received = SystemClock.now();
        let records = records.iter().enumerate();
        Self { decoder, source, received, records, rows_max, builders: BTreeMap::new() }
    }
}

impl Iterator for Batches<'_> {
    type Item = Result<EventBatch, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        for (offset, record) in self.records.by_ref() {
            let raw = RawRecord {
                source: self.source,
                position: record.position,
                received: self.received,
                bytes: &record.bytes,
            };
            let Decoded::Event(event) = self.decoder.decode(&raw) else { continue };
            let new = || BatchBuilder::new(TenantId::default_tenant(), event.mart.clone());
            let builder = self.builders.entry(event.mart.clone()).or_insert_with(new);
            if let Err(error) = builder.push(EventId::raw(0, offset as u64), &raw, &event) {
                return Some(Err(error));
            }
            if builder.len() >= self.rows_max || builder.is_full() {
                return Some(builder.finish());
            }
        }
        let left = self.builders.values_mut().find(|builder| !builder.is_empty())?;
        Some(left.finish())
    }
}
