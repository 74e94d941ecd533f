//! Group commit: many batches, one write per segment, one fsync per file, then the answers.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use crate::disk::{DiskFile, write_all_at};
use crate::engine::Engine;
use crate::error::SYNC;
use crate::files::{ensure_directory, parent_of};
use crate::frame::Encoded;
use crate::partition::Partition;
use crate::segment::{self, Identity, Index, PREAMBLE_BYTES, Segment, file_name};
use crate::{Appended, LogError, Stream};

/// A batch on its way to the disk.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) stream: Stream,
    pub(crate) frame: Encoded,
}

/// The open ends of streams. Only the one who commits has them.
#[derive(Debug, Default)]
pub(crate) struct Writers {
    open: HashMap<Stream, Writer>,
}

/// Most streams whose last segment is kept open.
const WRITERS_OPEN_MAX: usize = 512;

/// The open end of one stream.
#[derive(Debug)]
struct Writer {
    file: Arc<dyn DiskFile>,
    segment: Arc<Segment>,
    marker: u64,
    /// Bytes of the file that are written; the next frame goes there.
    bytes: u64,
    /// Offset of the next record.
    next_offset: u64,
}

/// The work on one stream in one commit.
struct Pass<'a> {
    partition: Arc<Partition>,
    /// The stream's part of the group, with each batch's place in the group.
    frames: Vec<(usize, &'a Encoded)>,
    writer: Option<Writer>,
    /// Frames for the writer's segment that are not written yet.
    buffer: Vec<u8>,
    buffered: Vec<Placed<'a>>,
    /// Frames that are written, by segment.
    written: Vec<(Arc<Segment>, Vec<Placed<'a>>)>,
    no_room: Option<String>,
}

/// A frame with its place.
struct Placed<'a> {
    /// Which of the group's batches it is.
    index: usize,
    frame: &'a Encoded,
    first_offset: u64,
    position: u64,
}

pub(crate) type Outcome = Result<Appended, LogError>;

impl Engine {
    /// Makes a group of batches durable and answers each, in the order of the group.
    ///
    /// Law ACK: an `Ok` means that the batch's file was written and synced. Any failure but missing space
    /// poisons the log, and then no batch of the group that is not answered yet gets an `Ok`.
    pub(crate) fn commit_group(&self, group: &[Prepared]) -> Vec<Outcome> {
        let started = Instant::now();
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut outcomes: Vec<Option<Outcome>> = Vec::new();
        outcomes.resize_with(group.len(), || None);
        if let Err(error) = self.commit_streams(group, &mut writers, &mut outcomes) {
            self.poison(error.with_causes());
        }
        if writers.open.len() > WRITERS_OPEN_MAX {
            writers.open.clear();
        }
        drop(writers);
        self.metrics.used_bytes.set(self.budget.used() as f64);
        self.metrics.commit_frames.record(group.len() as f64);
        self.metrics.commit_seconds.record(started.elapsed().as_secs_f64());
        let finish = |(prepared, outcome): (&Prepared, Option<Outcome>)| {
            let outcome = outcome.unwrap_or_else(|| Err(self.poison.error()));
            if outcome.is_err() {
                self.budget.release(prepared.frame.len());
            }
            outcome
        };
        group.iter().zip(outcomes).map(finish).collect()
    }

    fn commit_streams(
        &self,
        group: &[Prepared],
        writers: &mut Writers,
        outcomes: &mut [Option<Outcome>],
    ) -> Result<(), LogError> {
        self.poison.check()?;
        let mut by_stream: BTreeMap<&Stream, Vec<(usize, &Encoded)>> = BTreeMap::new();
        for (index, prepared) in group.iter().enumerate() {
            by_stream.entry(&prepared.stream).or_default().push((index, &prepared.frame));
        }
        let mut passes = Vec::with_capacity(by_stream.len());
        for (stream, frames) in by_stream {
            let writer = writers.open.remove(stream);
            let mut pass = Pass::new(self.partition(stream), writer, frames);
            self.write_stream(&mut pass)?;
            passes.push(pass);
        }
        for pass in &passes {
            if let (false, Some(writer)) = (pass.written.is_empty(), &pass.writer) {
                self.sync(&*writer.file, &writer.segment)?;
            }
        }
        for pass in passes {
            pass.publish();
            pass.answer(outcomes);
            if let Some(writer) = pass.writer {
                writers.open.insert(pass.partition.stream.clone(), writer);
            }
        }
        Ok(())
    }

    /// Writes a stream's frames, or as many as there is room for.
    fn write_stream(&self, pass: &mut Pass<'_>) -> Result<(), LogError> {
        if let Err(error) = self.place_all(pass) {
            self.take_back(pass, error)?;
        }
        Ok(())
    }

    fn place_all(&self, pass: &mut Pass<'_>) -> Result<(), LogError> {
        for (index, frame) in pass.frames.clone() {
            self.place(pass, index, frame)?;
        }
        self.flush(pass)
    }

    /// Closes the last segment of a stream that ended at `end` when it was looked at: the next record gets a segment of
    /// its own. Where the stream has grown since, or there is no room for another segment, it stays as it is. Whether it
    /// was closed.
    pub(crate) fn close_last(&self, partition: &Partition, end: u64) -> Result<bool, LogError> {
        // Nobody appends meanwhile, and what was appended is synced.
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        self.poison.check()?;
        if partition.extent().end != end {
            return Ok(false);
        }
        let writer = match self.create(partition, Some(end)) {
            Ok(writer) => writer,
            Err(LogError::Full { .. }) => return Ok(false),
            Err(error) if error.is_no_space() && !error.is_failed_sync() => return Ok(false),
            Err(error) => {
                self.poison(error.with_causes());
                return Err(self.poison.error());
            }
        };
        let mut view = partition.view.write().unwrap_or_else(PoisonError::into_inner);
        view.register(&writer.segment);
        view.last_segment_end = view.end;
        drop(view);
        writers.open.insert(partition.stream.clone(), writer);
        Ok(true)
    }

    /// Gives a frame its offset and its place, in a new segment where the last one is full.
    fn place<'a>(&self, pass: &mut Pass<'a>, index: usize, frame: &'a Encoded) -> Result<(), LogError> {
        if pass.writer.is_none() {
            pass.writer = self.reopen(&pass.partition)?;
        }
        let is_full = pass.writer.as_ref().is_some_and(|writer| {
            let bytes = writer.bytes + pass.buffer.len() as u64;
            bytes > PREAMBLE_BYTES && bytes + frame.len() > self.options.segment_bytes_max
        });
        if is_full {
            // The old segment is durable before the new one exists: recovery looks at the last one only.
            self.flush(pass)?;
            if let Some(writer) = &pass.writer {
                self.sync(&*writer.file, &writer.segment)?;
            }
        }
        let writer = match pass.writer.take() {
            Some(writer) if !is_full => pass.writer.insert(writer),
            full => {
                let next_offset = full.as_ref().map(|writer| writer.next_offset);
                // Kept where making the next one fails.
                pass.writer = full;
                let created = self.create(&pass.partition, next_offset)?;
                pass.writer.insert(created)
            }
        };
        let (first_offset, position) = (writer.next_offset, writer.bytes + pass.buffer.len() as u64);
        frame.put(writer.marker, first_offset, &mut pass.buffer);
        writer.next_offset = first_offset.saturating_add(frame.count());
        pass.buffered.push(Placed { index, frame, first_offset, position });
        Ok(())
    }

    /// The end of the stream as it was left, or `None` where the next frame needs a new segment.
    fn reopen(&self, partition: &Partition) -> Result<Option<Writer>, LogError> {
        let view = partition.view.read().unwrap_or_else(PoisonError::into_inner);
        let Some(segment) = view.segments.last().filter(|_| view.last_segment_end == view.end) else {
            return Ok(None);
        };
        let file = self.disk.open(&segment.path).map_err(LogError::io("open", &segment.path))?;
        let identity = Identity::new(self.secret, &partition.stream, segment.base);
        let preamble =
            segment::Preamble::read(&*file, &identity).map_err(LogError::io("read", &segment.path))?;
        Ok(Some(Writer {
            file,
            segment: Arc::clone(segment),
            marker: preamble.marker(&identity),
            bytes: segment.durable_bytes(),
            next_offset: view.end,
        }))
    }

    /// A new segment, durable and empty.
    fn create(&self, partition: &Partition, next_offset: Option<u64>) -> Result<Writer, LogError> {
        let base = next_offset.unwrap_or_else(|| partition.extent().end);
        let path = partition.directory.join(file_name(base));
        self.budget.reserve(partition.stream.topic, PREAMBLE_BYTES)?;
        ensure_directory(&*self.disk, &partition.directory)?;
        let identity = Identity::new(self.secret, &partition.stream, base);
        let file = match segment::create(&*self.disk, &path, &identity, self.clock.now()) {
            Ok(file) => file,
            Err(error) if error.is_no_space() => {
                self.remove_unborn(&path)?;
                self.budget.release(PREAMBLE_BYTES);
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        let index = Some(Index::new(identity.marker));
        let segment = Segment::new(base, path, identity, PREAMBLE_BYTES, index);
        Ok(Writer { file, segment, marker: identity.marker, bytes: PREAMBLE_BYTES, next_offset: base })
    }

    fn remove_unborn(&self, path: &std::path::Path) -> Result<(), LogError> {
        match self.disk.remove(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(LogError::io("remove", path)(error));
            }
            _ => {}
        }
        let directory = parent_of(path);
        self.disk.sync_dir(directory).map_err(LogError::io(SYNC, directory))
    }

    /// Writes what is buffered.
    fn flush(&self, pass: &mut Pass<'_>) -> Result<(), LogError> {
        let Some(writer) = pass.writer.as_mut().filter(|_| !pass.buffer.is_empty()) else { return Ok(()) };
        write_all_at(&*writer.file, &pass.buffer, writer.bytes)
            .map_err(LogError::io("write", &writer.segment.path))?;
        writer.bytes += pass.buffer.len() as u64;
        let placed = std::mem::take(&mut pass.buffered);
        pass.written.push((Arc::clone(&writer.segment), placed));
        pass.buffer.clear();
        Ok(())
    }

    /// After a failure for want of space: brings the file back to its last good end. Any other failure, and
    /// one of the bringing back, is returned and poisons the log.
    fn take_back(&self, pass: &mut Pass<'_>, error: LogError) -> Result<(), LogError> {
        let detail = match error {
            LogError::Full { detail } => detail,
            error if error.is_no_space() && !error.is_failed_sync() => error.with_causes(),
            error => return Err(error),
        };
        if let Some(writer) = pass.writer.as_mut() {
            let path = &writer.segment.path;
            writer.file.set_len(writer.bytes).map_err(LogError::io("truncate", path))?;
            self.sync(&*writer.file, &writer.segment)?;
            if let Some(first) = pass.buffered.first() {
                writer.next_offset = first.first_offset;
            }
        }
        pass.no_room = Some(detail);
        Ok(())
    }

    fn sync(&self, file: &dyn DiskFile, segment: &Segment) -> Result<(), LogError> {
        let started = Instant::now();
        let result = file.sync().map_err(LogError::io(SYNC, &segment.path));
        self.metrics.fsync_seconds.record(started.elapsed().as_secs_f64());
        result
    }
}

impl<'a> Pass<'a> {
    fn new(partition: Arc<Partition>, writer: Option<Writer>, frames: Vec<(usize, &'a Encoded)>) -> Self {
        let (buffer, buffered, written) = (Vec::new(), Vec::new(), Vec::new());
        Self { partition, frames, writer, buffer, buffered, written, no_room: None }
    }

    /// Shows readers what is durable now.
    fn publish(&self) {
        let mut view = self.partition.view.write().unwrap_or_else(PoisonError::into_inner);
        for (segment, frames) in &self.written {
            view.register(segment);
            let Some(last) = frames.last() else { continue };
            let places = frames.iter().map(|f| (f.first_offset, f.position, f.frame.received()));
            segment.publish(last.position.saturating_add(last.frame.len()), places);
            view.end = last.first_offset.saturating_add(last.frame.count());
        }
        if let Some(writer) = &self.writer {
            // Also where nothing found room in it: its file is there.
            view.register(&writer.segment);
            view.last_segment_end = view.end;
        }
        let end = view.end;
        drop(view);
        self.partition.end.send_replace(end);
    }

    /// Answers every batch of the stream.
    fn answer(&self, outcomes: &mut [Option<Outcome>]) {
        let metrics = &self.partition.metrics;
        if let Some(detail) = &self.no_room {
            for (index, _) in &self.frames {
                set(outcomes, *index, Err(LogError::Full { detail: detail.clone() }));
            }
            metrics.refused_full.increment(self.frames.len() as u64);
        }
        for placed in self.written.iter().flat_map(|(_, frames)| frames) {
            let count = placed.frame.count();
            set(outcomes, placed.index, Ok(Appended { first_offset: placed.first_offset, count }));
            metrics.frames.increment(1);
            metrics.records.increment(count);
            metrics.bytes.increment(placed.frame.raw_bytes());
        }
    }
}

fn set(outcomes: &mut [Option<Outcome>], index: usize, outcome: Outcome) {
    if let Some(slot) = outcomes.get_mut(index) {
        *slot = Some(outcome);
    }
}
