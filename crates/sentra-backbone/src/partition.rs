//! One stream as readers see it: only what is durable.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use sentra_model::Timestamp;
use tokio::sync::watch;

use crate::consumers::Known;
use crate::disk::Disk;
use crate::log::check_not_beyond;
use crate::metrics::StreamMetrics;
use crate::scan::{Found, FrameScanner, WINDOW_PAYLOADS_BYTES};
use crate::segment::{Place, Segment};
use crate::{Extent, LogError, ReadChunk, Stream};

/// Damaged places that one read reports at most; the next read goes on after them.
const QUARANTINED_PER_READ_MAX: usize = 1000;
/// Damaged places that are remembered so that each is counted and logged once.
const QUARANTINED_KNOWN_MAX: usize = 10_000;

#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) stream: Stream,
    pub(crate) directory: PathBuf,
    pub(crate) view: RwLock<View>,
    /// The stream's end, for whoever waits for it to move.
    pub(crate) end: watch::Sender<u64>,
    pub(crate) consumers: Mutex<BTreeMap<String, Known>>,
    /// Held while a consumer's file is changed or a segment is removed: by whom the disk is waited for, so never
    /// by a call that must not block.
    pub(crate) files: Mutex<()>,
    pub(crate) metrics: StreamMetrics,
    quarantined: Mutex<BTreeSet<(u64, u64)>>,
}

/// What is durable.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) end: u64,
    /// By base offset. Offsets between the last frame of one segment and the base of the next are damaged.
    pub(crate) segments: Vec<Arc<Segment>>,
    /// Offset after the last whole frame of the last segment: less than `end` only where an acknowledged tail
    /// was lost, see `recovery`.
    pub(crate) last_segment_end: u64,
}

impl View {
    /// Adds a segment where it is not the last one already.
    pub(crate) fn register(&mut self, segment: &Arc<Segment>) {
        if self.segments.last().is_none_or(|last| last.base < segment.base) {
            self.segments.push(Arc::clone(segment));
        }
    }
}

/// A segment that takes no more frames.
#[derive(Debug)]
pub(crate) struct Closed {
    pub(crate) segment: Arc<Segment>,
    /// The offset after its last one.
    pub(crate) end: u64,
}

/// What a chunk still has room for.
struct Budget {
    bytes_max: usize,
    bytes: usize,
}

impl Partition {
    pub(crate) fn new(
        stream: Stream,
        directory: PathBuf,
        view: View,
        consumers: BTreeMap<String, Known>,
    ) -> Self {
        Self {
            metrics: StreamMetrics::new(&stream),
            stream,
            directory,
            end: watch::Sender::new(view.end),
            view: RwLock::new(view),
            consumers: Mutex::new(consumers),
            files: Mutex::default(),
            quarantined: Mutex::default(),
        }
    }

    pub(crate) fn extent(&self) -> Extent {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        // What lies before the first segment is not kept.
        Extent { begin: view.segments.first().map_or(view.end, |first| first.base), end: view.end }
    }

    pub(crate) fn known(&self, consumer: &str) -> Option<Known> {
        self.consumers.lock().unwrap_or_else(PoisonError::into_inner).get(consumer).cloned()
    }

    pub(crate) fn position(&self, consumer: &str) -> Option<u64> {
        self.known(consumer).map(|known| known.position.next_offset)
    }

    /// The first of `consumers` that may still want what lies before `end`.
    pub(crate) fn holder(&self, end: u64, consumers: &[String]) -> Option<String> {
        let has_passed = |name: &str| self.known(name).is_some_and(|known| known.lowest >= end);
        consumers.iter().find(|name| !has_passed(name)).cloned()
    }

    /// Bytes of the segments.
    pub(crate) fn bytes(&self) -> u64 {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        view.segments.iter().map(|segment| segment.durable_bytes()).sum()
    }

    /// The first segment; `None` where it is the last one, which may still grow.
    pub(crate) fn oldest_closed(&self) -> Option<Closed> {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        let [first, next, ..] = view.segments.as_slice() else { return None };
        Some(Closed { segment: Arc::clone(first), end: next.base })
    }

    /// The offsets of the last segment; `None` where it is empty.
    pub(crate) fn last_stretch(&self) -> Option<Range<u64>> {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        view.segments.last().map(|last| last.base..view.end).filter(|stretch| !stretch.is_empty())
    }

    /// When the newest frame from offset `base` on was received that stands in the first segment with a readable one.
    pub(crate) fn newest_received(&self, disk: &dyn Disk, base: u64) -> Result<Option<Timestamp>, LogError> {
        let mut offset = base;
        while let Some((segment, place)) = self.locate(offset) {
            if let Some(newest) = segment.received_max(disk, &place)? {
                return Ok(Some(newest));
            }
            if place.ceiling <= offset {
                break;
            }
            offset = place.ceiling;
        }
        Ok(None)
    }

    /// Takes a segment whose file is gone out of the view: this moves the stream's begin.
    pub(crate) fn forget_segment(&self, segment: &Segment) {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        view.segments.retain(|kept| kept.base != segment.base);
    }

    /// True where `segment` has been removed; waits for who is just removing it.
    fn was_removed(&self, segment: &Segment) -> bool {
        let _files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        view.segments.iter().all(|kept| kept.base != segment.base)
    }

    /// The segment that holds `offset`, which is within the extent, and how far it goes.
    fn locate(&self, offset: u64) -> Option<(Arc<Segment>, Place)> {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        let after = view.segments.partition_point(|segment| segment.base <= offset);
        let segment = view.segments.get(after.checked_sub(1)?)?;
        let ceiling = view.segments.get(after).map_or(view.end, |next| next.base.min(view.end));
        Some((Arc::clone(segment), Place { limit: segment.durable_bytes(), ceiling }))
    }

    pub(crate) fn read(&self, disk: &dyn Disk, from: u64, bytes_max: usize) -> Result<ReadChunk, LogError> {
        let end = self.extent().end;
        check_not_beyond(&self.stream, from, end)?;
        let mut chunk = ReadChunk { next_offset: from, ..ReadChunk::default() };
        let mut budget = Budget { bytes_max, bytes: 0 };
        while chunk.next_offset < end && chunk.quarantined.len() < QUARANTINED_PER_READ_MAX {
            let is_done = match self.locate(chunk.next_offset) {
                None => !self.skip_removed(&mut chunk),
                Some((segment, place)) => {
                    match segment.scanner_at(disk, chunk.next_offset, &place, WINDOW_PAYLOADS_BYTES) {
                        Err(error) if error.is_missing() && self.was_removed(&segment) => {
                            !self.skip_removed(&mut chunk)
                        }
                        scanner => self
                            .read_segment(&mut scanner?, place.ceiling, &mut chunk, &mut budget)
                            .map_err(LogError::io("read", &segment.path))?,
                    }
                }
            };
            if is_done {
                break;
            }
        }
        Ok(chunk)
    }

    /// Law LOSS: goes on at the stream's begin and says so; false where the chunk holds something already, which is
    /// then what the caller gets first.
    fn skip_removed(&self, chunk: &mut ReadChunk) -> bool {
        let begin = self.extent().begin;
        if !chunk.batches.is_empty() || !chunk.quarantined.is_empty() || begin <= chunk.next_offset {
            return false;
        }
        let from = chunk.skipped.as_ref().map_or(chunk.next_offset, |skipped| skipped.start);
        chunk.skipped = Some(from..begin);
        chunk.next_offset = begin;
        true
    }

    /// Reads on in one segment; true when the chunk is full.
    fn read_segment(
        &self,
        scanner: &mut FrameScanner,
        ceiling: u64,
        chunk: &mut ReadChunk,
        budget: &mut Budget,
    ) -> std::io::Result<bool> {
        while let Some(found) = scanner.next()? {
            if found.header.next_offset() <= chunk.next_offset {
                continue;
            }
            let len_raw = found.header.len_raw as usize;
            if !chunk.batches.is_empty() && budget.bytes.saturating_add(len_raw) > budget.bytes_max {
                return Ok(true);
            }
            if !self.take_frame(scanner, &found, chunk)? {
                scanner.reject(&found, chunk.next_offset);
                continue;
            }
            budget.bytes = budget.bytes.saturating_add(len_raw);
            if chunk.quarantined.len() >= QUARANTINED_PER_READ_MAX {
                return Ok(true);
            }
        }
        if chunk.next_offset < ceiling {
            self.quarantine(chunk, ceiling);
        }
        Ok(false)
    }

    /// Adds a frame's records to the chunk; false where its payload is damaged.
    fn take_frame(
        &self,
        scanner: &mut FrameScanner,
        found: &Found,
        chunk: &mut ReadChunk,
    ) -> std::io::Result<bool> {
        let batch = scanner.payload(found)?.and_then(|payload| found.header.batch(payload));
        let Some(mut batch) = batch else { return Ok(false) };
        if batch.first_offset > chunk.next_offset {
            self.quarantine(chunk, batch.first_offset);
        }
        batch.trim(chunk.next_offset);
        chunk.next_offset = batch.next_offset();
        chunk.batches.push(batch);
        Ok(true)
    }

    /// Law LOSS: the offsets up to `to` are passed over, reported, counted and logged.
    fn quarantine(&self, chunk: &mut ReadChunk, to: u64) {
        let range = chunk.next_offset..to;
        self.note_quarantined(&range);
        chunk.next_offset = to;
        chunk.quarantined.push(range);
    }

    pub(crate) fn note_quarantined(&self, range: &Range<u64>) {
        let mut known = self.quarantined.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= QUARANTINED_KNOWN_MAX || !known.insert((range.start, range.end)) {
            return;
        }
        self.metrics.quarantined.increment(range.end.saturating_sub(range.start));
        tracing::error!(stream = %self.stream, from = range.start, to = range.end, "records are damaged on disk");
    }

    pub(crate) fn offset_at(&self, disk: &dyn Disk, time: Timestamp) -> Result<u64, LogError> {
        let Extent { begin, end } = self.extent();
        let mut offset = begin;
        // Clocks jump, so no segment can be skipped by the times of its neighbours.
        while offset < end {
            // What retention has removed meanwhile is not looked for.
            let Some((segment, place)) = self.locate(offset) else {
                offset = self.extent().begin.max(offset.saturating_add(1));
                continue;
            };
            match self.offset_in(disk, &segment, &place, time) {
                Err(error) if error.is_missing() && self.was_removed(&segment) => {}
                found => {
                    if let Some(found) = found? {
                        return Ok(found);
                    }
                }
            }
            offset = place.ceiling.max(offset.saturating_add(1));
        }
        Ok(end)
    }

    fn offset_in(
        &self,
        disk: &dyn Disk,
        segment: &Segment,
        place: &Place,
        time: Timestamp,
    ) -> Result<Option<u64>, LogError> {
        let Some(mut scanner) = segment.scanner_since(disk, time, place)? else { return Ok(None) };
        while let Some(found) = scanner.next().map_err(LogError::io("read", &segment.path))? {
            if found.header.received_max >= time {
                return Ok(Some(found.header.first_offset));
            }
        }
        Ok(None)
    }
}
