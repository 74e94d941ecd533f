//! What a check of the marts finds, and which events a repair takes from the backbone.

use std::collections::BTreeMap;
use std::ops::Range;

use arrow_array::BooleanArray;
use arrow_select::filter::filter_record_batch;
use sentra_model::{EventBatch, EventRow, Mart, Timestamp};
use serde::Serialize;

use crate::stored_offsets::StoredOffsets;
use crate::{DamagedSegment, StoreError};

/// What is wrong in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MartProblemKind {
    /// A segment cannot be read: answers go without it.
    Damaged,
    /// A segment is not what the manifest says of it.
    Misdescribed,
    /// Events stand in two segments.
    Twice,
    /// Events stand beyond the position up to which the backbone is said to be in the store.
    BeyondPosition,
    /// The position lies beyond the end of the backbone.
    PositionBeyondEnd,
    /// Events of the backbone are in no segment.
    Missing,
}

/// Something that is wrong in a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MartProblem {
    /// What kind of thing.
    pub kind: MartProblemKind,
    /// The file, relative to the directory of the marts; none where it is about no single one.
    pub path: Option<String>,
    /// The partition.
    pub partition: u32,
    /// The first offset that it is about.
    pub from: u64,
    /// The offset after the last one.
    pub to: u64,
    /// What was found.
    pub detail: String,
    /// What to do.
    pub advice: String,
}

/// What a check of a tenant's part of the store found.
#[derive(Debug, Clone, Default)]
pub struct MartCheck {
    /// Segments that are whole.
    pub segments: u64,
    /// Events in them.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is wrong, by kind and place.
    pub problems: Vec<MartProblem>,
    /// Segments that cannot be read.
    pub damaged: Vec<DamagedSegment>,
    /// Where each partition stands.
    pub positions: BTreeMap<u32, u64>,
    /// Which offsets of each partition have an event in a segment that is whole, or need none.
    pub stored: BTreeMap<u32, StoredOffsets>,
    /// Until when retention has removed events, by mart.
    pub retired: BTreeMap<Mart, Timestamp>,
}

impl MartCheck {
    /// The stretches of `range` of which no whole segment has an event.
    #[must_use]
    pub fn holes(&self, partition: u32, range: Range<u64>) -> Vec<Range<u64>> {
        match self.stored.get(&partition) {
            Some(stored) => stored.holes(range),
            None if range.is_empty() => Vec::new(),
            None => vec![range],
        }
    }

    /// The events of `batch` that stood in `damaged`, as far as can be told: those of its mart, offsets and times that no
    /// other segment has.
    ///
    /// # Errors
    /// When the batch cannot be cut.
    pub fn of_damaged(
        &self,
        batch: &EventBatch,
        damaged: &DamagedSegment,
    ) -> Result<Option<EventBatch>, StoreError> {
        self.cut(batch, |row| belongs(batch.mart(), row, damaged))
    }

    /// The events of `batch` that should stand in the store and do not: no segment has them, none that is damaged had
    /// them, and retention has not removed their like.
    ///
    /// # Errors
    /// When the batch cannot be cut.
    pub fn missing(&self, batch: &EventBatch) -> Result<Option<EventBatch>, StoreError> {
        let retired = self.retired.get(batch.mart()).copied();
        self.cut(batch, |row| {
            retired.is_none_or(|retired| row.time() > retired)
                && !self.damaged.iter().any(|damaged| belongs(batch.mart(), row, damaged))
        })
    }

    /// Remembers that events are stored now.
    pub fn add(&mut self, batches: &[EventBatch]) {
        for row in batches.iter().flat_map(EventBatch::rows) {
            let id = row.id();
            self.stored.entry(id.partition).or_default().insert(id.offset);
        }
    }

    /// Remembers that an offset needs no event: it stands among the dead letters.
    pub fn account_for(&mut self, partition: u32, offset: u64) {
        self.stored.entry(partition).or_default().insert(offset);
    }

    fn cut(
        &self,
        batch: &EventBatch,
        is_wanted: impl Fn(EventRow<'_>) -> bool,
    ) -> Result<Option<EventBatch>, StoreError> {
        let is_stored = |row: EventRow<'_>| {
            let id = row.id();
            self.stored.get(&id.partition).is_some_and(|stored| stored.contains(id.offset))
        };
        let wanted: Vec<bool> = batch.rows().map(|row| !is_stored(row) && is_wanted(row)).collect();
        if !wanted.contains(&true) {
            return Ok(None);
        }
        let record = filter_record_batch(batch.record(), &BooleanArray::from(wanted))
            .map_err(StoreError::arrow("choose events"))?;
        let cut = EventBatch::new(batch.tenant().clone(), batch.mart().clone(), record);
        cut.map(Some).map_err(|error| StoreError::Misplaced { detail: error.to_string() })
    }
}

fn belongs(mart: &Mart, row: EventRow<'_>, damaged: &DamagedSegment) -> bool {
    let id = row.id();
    *mart == damaged.mart
        && id.partition == damaged.partition
        && (damaged.offset_min..=damaged.offset_max).contains(&id.offset)
        && (damaged.first..=damaged.last).contains(&row.time())
}
