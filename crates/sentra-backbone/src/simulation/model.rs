//! What must be in the log, kept beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use sentra_model::Timestamp;

use crate::engine::Engine;
use crate::options::Retention;
use crate::{Extent, LogError, ReadChunk, RetentionReport, Stream};

/// One that follows, and one that retention waits for.
pub(super) const CONSUMERS: [&str; 2] = ["detect", "factory"];

/// A record as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) text: Vec<u8>,
    pub(super) received: Timestamp,
}

/// What a consumer's position may be: the last acknowledged one and those tried since.
type Possible = BTreeSet<Option<u64>>;

#[derive(Debug)]
pub(super) struct Model {
    pub(super) streams: Vec<Stream>,
    /// What must be there until retention takes it: acknowledged, or seen by a reader.
    records: BTreeMap<(usize, u64), Sent>,
    /// A stream's begin never goes below this.
    begins: Vec<u64>,
    /// A stream's begin never goes beyond this: what the holding consumers had passed when retention ran.
    begins_max: Vec<u64>,
    positions: BTreeMap<(usize, usize), Possible>,
}

impl Model {
    pub(super) fn new(streams: Vec<Stream>) -> Self {
        let zeros = vec![0; streams.len()];
        let (begins, begins_max) = (zeros.clone(), zeros);
        Self { streams, records: BTreeMap::new(), begins, begins_max, positions: BTreeMap::new() }
    }

    pub(super) fn acknowledged(&mut self, target: usize, offset: u64, sent: Sent) {
        let before = self.records.insert((target, offset), sent);
        assert_eq!(before, None, "offset {offset} was given twice");
        assert!(offset >= self.begins[target], "offset {offset} was given and removed before");
    }

    fn possible(&mut self, consumer: usize, target: usize) -> &mut Possible {
        self.positions.entry((consumer, target)).or_insert_with(|| BTreeSet::from([None]))
    }

    /// A consumer was told to stand at `position`.
    pub(super) fn moved(&mut self, consumer: usize, target: usize, position: Option<u64>, is_sure: bool) {
        let possible = self.possible(consumer, target);
        if is_sure {
            possible.clear();
        }
        possible.insert(position);
    }

    /// What the consumer stands at before all that is possible.
    fn lowest(&mut self, consumer: usize, target: usize) -> u64 {
        self.possible(consumer, target).iter().map(|position| position.unwrap_or(0)).min().unwrap()
    }

    /// Retention is about to run.
    pub(super) fn before_retention(&mut self, retention: &Retention, engine: &Engine) {
        for target in 0..self.streams.len() {
            let mut limit = engine.extent(&self.streams[target]).end;
            for (number, name) in CONSUMERS.iter().enumerate() {
                if retention.hold_consumers.iter().any(|held| held == name) {
                    limit = limit.min(self.lowest(number, target));
                }
            }
            self.begins_max[target] = self.begins_max[target].max(limit);
        }
    }

    /// Retention says that it has done this, and the log is well.
    pub(super) fn after_retention(&mut self, report: &RetentionReport, engine: &Engine) {
        for removed in &report.removed {
            let target = self.target(&removed.stream);
            assert_eq!(removed.offsets.start, self.begins[target], "the first segment goes first");
            self.begin(target, removed.offsets.end);
        }
        for target in 0..self.streams.len() {
            assert_eq!(engine.extent(&self.streams[target]).begin, self.begins[target]);
        }
    }

    pub(super) fn target(&self, stream: &Stream) -> usize {
        self.streams.iter().position(|known| known == stream).expect("a stream of this run")
    }

    /// The stream begins here for ever.
    fn begin(&mut self, target: usize, begin: u64) {
        let Range { start, end } = self.begins[target]..self.begins_max[target];
        assert!((start..=end).contains(&begin), "stream {target} begins at {begin}, not in {start}..={end}");
        self.begins[target] = begin;
        self.records.retain(|(of, offset), _| *of != target || *offset >= begin);
    }

    /// When the newest of these records was received.
    pub(super) fn newest(&self, target: usize, offsets: &Range<u64>) -> Option<Timestamp> {
        let records = self.records.range((target, offsets.start)..(target, offsets.end));
        records.map(|(_, sent)| sent.received).max()
    }

    /// Compares a read from `from` with what must be there; the number of records that nobody acknowledged.
    pub(super) fn check_read(&mut self, target: usize, from: u64, extent: Extent, chunk: &ReadChunk) -> u64 {
        let skipped = (from < extent.begin && from < extent.end).then_some(from..extent.begin);
        assert_eq!(chunk.skipped, skipped, "a read from {from} of {extent:?}");
        let mut covered: Vec<Range<u64>> = chunk.quarantined.clone();
        let mut survivors = 0;
        for stored in &chunk.batches {
            covered.push(stored.first_offset..stored.next_offset());
            for (offset, record) in stored.records() {
                let found = Sent { text: record.bytes.to_vec(), received: record.received };
                // What a reader has seen must stay as well: somebody has projected it.
                let before = self.records.entry((target, offset)).or_insert_with(|| {
                    survivors += 1;
                    found.clone()
                });
                assert_eq!(*before, found, "offset {offset} of stream {target}");
            }
        }
        covered.sort_by_key(|range| range.start);
        let mut next = from.max(extent.begin);
        for range in covered {
            assert_eq!(range.start, next, "offsets are neither read nor reported, or twice");
            next = range.end;
        }
        assert_eq!(chunk.next_offset, next);
        for gap in &chunk.quarantined {
            let lost = self.records.range((target, gap.start)..(target, gap.end)).next();
            assert!(lost.is_none(), "acknowledged records are quarantined: {gap:?}");
        }
        survivors
    }

    /// Compares a log that was just opened with what must be in it.
    pub(super) fn check_opened(&mut self, engine: &Engine) -> Result<u64, LogError> {
        let mut survivors = 0;
        for target in 0..self.streams.len() {
            let extent = engine.extent(&self.streams[target]);
            self.begin(target, extent.begin);
            let last = self.records.range((target, 0)..(target + 1, 0)).next_back();
            let end = last.map_or(extent.begin, |((_, offset), _)| offset + 1);
            assert!(end <= extent.end, "acknowledged records are gone: {end} and {extent:?}");
            let mut next = extent.begin;
            while next < extent.end {
                let chunk = engine.read(&self.streams[target], next, 2000)?;
                survivors += self.check_read(target, next, extent, &chunk);
                assert!(chunk.next_offset > next, "a read at {next} of {extent:?} did not move on");
                next = chunk.next_offset;
            }
            for (number, name) in CONSUMERS.iter().enumerate() {
                let position = engine.position(name, &self.streams[target]).unwrap();
                let possible = self.possible(number, target);
                assert!(possible.contains(&position), "position {position:?} is none of {possible:?}");
                *possible = BTreeSet::from([position]);
            }
        }
        Ok(survivors)
    }
}
