use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sentra_model::{Clock, DeadLetter, DeadReason, OwnedRecord, Source, SourceKind, Timestamp};

use super::counts::Counts;
use super::cut::{self, CutLimits, LongLine, Piece};
use super::joiner::joiner;
use super::places::{Place, Places};
use super::print::Print;
use super::scan::OpenFiles;
use super::watched::{Id, Watched, is_at};
use crate::letters::{dead_letter, too_long};
use crate::{Limits, SourceSettings};

/// Files are not looked at more often than this.
const POLL_MS_MIN: u64 = 10;

/// Law LIMIT: what one source takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct TailLimits {
    pub(super) line_bytes_max: usize,
    pub(super) batch_bytes_max: usize,
    pub(super) batch_records_max: usize,
    pub(super) files_max: usize,
    pub(super) open_files_max: usize,
    pub(super) poll: Duration,
}

impl From<&Limits> for TailLimits {
    fn from(limits: &Limits) -> Self {
        Self {
            line_bytes_max: limits.line_bytes_max,
            batch_bytes_max: limits.batch_bytes_max.max(1),
            batch_records_max: limits.batch_records_max.max(1),
            files_max: limits.tail_files_max,
            open_files_max: limits.tail_open_files_max.max(1),
            poll: Duration::from_millis(limits.tail_poll_ms.max(POLL_MS_MIN)),
        }
    }
}

/// What goes into one append: records or dead letters of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) key: u64,
    pub(super) source: Source,
    pub(super) content: PartContent,
    /// Position of the first record or letter.
    pub(super) first: u64,
    /// The place in the file when the append is durable.
    pub(super) after: Place,
    /// Bytes of the file that it stands for.
    pub(super) bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PartContent {
    Records(Vec<OwnedRecord>),
    Letters(Vec<DeadLetter>),
}

impl Part {
    /// Bytes of the file or of the records, whichever are more.
    fn weight(&self) -> u64 {
        let bytes = match &self.content {
            PartContent::Records(records) => records.iter().map(|record| record.bytes.len() as u64).sum(),
            PartContent::Letters(_) => 0,
        };
        self.bytes.max(bytes)
    }

    pub(super) fn count(&self) -> u64 {
        match &self.content {
            PartContent::Records(records) => records.len() as u64,
            PartContent::Letters(letters) => letters.len() as u64,
        }
    }
}

/// What one step gave.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// To be appended, those of one origin in this order, and then settled; before that there is no next step.
    pub(super) parts: Vec<Part>,
    /// Whether there is more to be read at once.
    pub(super) has_more: bool,
}

/// Follows the files of one source, without waiting for anything but the disk: the time is given to it, and what
/// it reads is handed out. It knows nothing of the log.
#[derive(Debug)]
pub(super) struct Follower {
    pub(super) settings: SourceSettings,
    pub(super) limits: TailLimits,
    pub(super) places: Places,
    pub(super) files: BTreeMap<u64, Watched>,
    pub(super) by_id: HashMap<Id, u64>,
    pub(super) open_files: OpenFiles,
    pub(super) metrics: Counts,
    /// How often it has looked around.
    pub(super) looks: u64,
    looked_at: Option<Instant>,
    /// The file that was read last.
    last_read: u64,
    pub(super) directories: BTreeSet<PathBuf>,
    pub(super) problems: BTreeMap<PathBuf, String>,
    pub(super) told: BTreeMap<PathBuf, String>,
    clock: Arc<dyn Clock>,
}

impl Follower {
    /// A follower that goes on at `places`, whose intents are resolved.
    pub(super) fn new(
        settings: SourceSettings,
        limits: TailLimits,
        places: Places,
        clock: Arc<dyn Clock>,
        now: Instant,
    ) -> Self {
        let known = |entry: &super::places::Entry| {
            let mut watched = Watched::new(entry.clone(), true, now);
            watched.gone_at = Some(now);
            (entry.key, watched)
        };
        let files: BTreeMap<u64, Watched> = places.files().map(known).collect();
        // Of several files with one inode the newest is the one that has it.
        let by_id = files.values().map(|watched| (watched.id(), watched.entry.key)).collect();
        Self {
            metrics: Counts::new(&settings.name),
            settings,
            limits,
            places,
            files,
            by_id,
            open_files: OpenFiles::default(),
            looks: 0,
            looked_at: None,
            last_read: 0,
            directories: BTreeSet::new(),
            problems: BTreeMap::new(),
            told: BTreeMap::new(),
            clock,
        }
    }

    /// Directories in which files of the source may appear, as of the last look.
    pub(super) fn directories(&self) -> impl Iterator<Item = &Path> {
        self.directories.iter().map(PathBuf::as_path)
    }

    /// Looks around where that is due, and reads at most one batch.
    ///
    /// # Errors
    /// Those of the disk on which the places stand. The next step begins where this one did.
    pub(super) fn step(&mut self, now: Instant) -> io::Result<Step> {
        let is_due =
            self.looked_at.is_none_or(|at| now.saturating_duration_since(at) >= self.limits.poll / 2);
        if is_due || !self.files.values().any(|watched| watched.is_ready(now)) {
            self.look_around(now);
            self.looked_at = Some(now);
        }
        let parts = self.gather(now);
        if parts.is_empty() {
            self.places.sync()?;
        }
        Ok(Step { parts, has_more: self.files.values().any(|watched| watched.is_ready(now)) })
    }

    /// Reads one batch: first what is left of rotated files, then one file after the other, beginning behind the
    /// one that was read last.
    fn gather(&mut self, now: Instant) -> Vec<Part> {
        let last_read = self.last_read;
        let turn = |watched: &Watched| {
            let (is_rotated, key) = (watched.is_rotated(), watched.entry.key);
            (!is_rotated, !is_rotated && key <= last_read, key)
        };
        let ready = self.files.values().filter(|watched| watched.is_ready(now));
        let mut turns: Vec<_> = ready.map(turn).collect();
        turns.sort_unstable();
        let mut parts: Vec<Part> = Vec::new();
        let (mut bytes, mut records) =
            (self.limits.batch_bytes_max as u64, self.limits.batch_records_max as u64);
        for (is_in_turn, _, key) in turns {
            if bytes == 0 || records == 0 {
                break;
            }
            let limits = CutLimits {
                line_bytes_max: self.limits.line_bytes_max,
                bytes_max: usize::try_from(bytes).unwrap_or(usize::MAX),
                records_max: usize::try_from(records).unwrap_or(usize::MAX),
            };
            let read = match self.files.get_mut(&key) {
                Some(watched) => read(watched, &self.settings, &*self.clock, limits, now, self.looks),
                None => continue,
            };
            match read {
                Ok(new) => {
                    bytes = bytes.saturating_sub(new.iter().map(Part::weight).sum());
                    records = records.saturating_sub(new.iter().map(Part::count).sum());
                    parts.extend(new);
                }
                Err(error) => {
                    if let Some(mut watched) = self.files.remove(&key) {
                        self.problem(&watched, &error);
                        watched.failed();
                        self.files.insert(key, watched);
                    }
                    continue;
                }
            }
            if is_in_turn {
                self.last_read = key;
            }
            if let Some(watched) = self.files.get(&key) {
                self.places.put(watched.entry.clone());
            }
        }
        parts
    }

    /// Takes notice of the parts of the last step that are durable, by their numbers; the others are read again.
    pub(super) fn settle(&mut self, parts: &[Part], durable: Vec<usize>) {
        for part in durable.iter().filter_map(|index| parts.get(*index)) {
            self.metrics.bytes(part.bytes);
            if let Some(watched) = self.files.get_mut(&part.key) {
                watched.entry.place = part.after.clone();
                if watched.verdict.take().is_some() {
                    watched.file = None;
                }
            }
        }
        for (index, part) in parts.iter().enumerate() {
            if !durable.contains(&index)
                && let Some(watched) = self.files.get_mut(&part.key)
            {
                // What the reading found out about the line behind the last part holds only there.
                watched.scanned = None;
                watched.was_read(None);
            }
        }
        self.places.settle(durable);
    }
}

/// Reads what is new in a file. Afterwards, and only then, what stands before the place is compared with what stood
/// there: a file that was replaced while it was read is not mistaken for one that has grown.
fn read(
    watched: &mut Watched,
    settings: &SourceSettings,
    clock: &dyn Clock,
    limits: CutLimits,
    now: Instant,
    looks: u64,
) -> io::Result<Vec<Part>> {
    let source = Source {
        kind: SourceKind::Tail,
        origin: watched.entry.origin.clone(),
        format: settings.format.clone(),
        reference: watched.reference().unwrap_or_else(|| clock.now()),
    };
    let key = watched.entry.key;
    if let Some(reason) = watched.verdict {
        return Ok(vec![refusal(watched, source, clock.now(), reason)]);
    }
    let (at_end, scanned, before) = (watched.at_end(now), watched.scanned, watched.entry.place.clone());
    let Some(file) = watched.open()? else {
        // It is somewhere else; the next look around finds it.
        watched.failed();
        return Ok(Vec::new());
    };
    let head = if before.head.is_full() { before.head } else { Print::of_head(file, u64::MAX)? };
    let mut joiner = joiner(settings.format.as_deref(), before.header.as_deref());
    let cut = cut::cut(file, before.at, scanned, &mut *joiner, limits, at_end)?;
    let place = |at, header: &Option<String>| {
        let tail = Print::of_tail(file, at)?;
        io::Result::Ok(Place { at, head, tail, header: header.clone(), skipped: None })
    };
    let afters = cut.pieces.iter().map(|piece| place(piece.to, &piece.header));
    let afters = afters.collect::<io::Result<Vec<_>>>()?;
    let end = place(cut.to, &cut.header)?;
    let is_as_before = is_at(file, &before)? && is_at(file, &Place { head, ..before.clone() })?;
    if !is_as_before {
        watched.replaced_at = Some(looks + 1);
        return Ok(Vec::new());
    }
    watched.scanned = cut.scanned;
    watched.was_read(cut.is_at_end.then_some(at_end));
    let mut from = before.at;
    let mut parts = Vec::with_capacity(cut.pieces.len());
    for (piece, after) in cut.pieces.into_iter().zip(afters) {
        let bytes = after.at - from;
        from = after.at;
        parts.push(part(key, source.clone(), clock.now(), piece, after, bytes, limits.line_bytes_max));
    }
    match parts.last_mut() {
        Some(last) => {
            last.bytes += end.at - from;
            last.after = end;
        }
        // Nothing but blank lines.
        None => watched.entry.place = end,
    }
    Ok(parts)
}

fn part(
    key: u64,
    source: Source,
    now: Timestamp,
    piece: Piece,
    after: Place,
    bytes: u64,
    line_bytes_max: usize,
) -> Part {
    let letter = |line: &LongLine| {
        let detail = too_long(line.length_bytes, line_bytes_max);
        dead_letter(&source, now, line.position, DeadReason::TooLong, detail, &line.excerpt)
    };
    let (content, first) = match piece.content {
        cut::Content::Records(records) => {
            let first = records.first().map_or(0, |record| record.position);
            (PartContent::Records(records), first)
        }
        cut::Content::Long(lines) => {
            let first = lines.first().map_or(0, |line| line.position);
            (PartContent::Letters(lines.iter().map(letter).collect()), first)
        }
    };
    Part { key, source, content, first, after, bytes }
}

/// The letter for a file that is not read.
fn refusal(watched: &Watched, source: Source, now: Timestamp, reason: &str) -> Part {
    let letter = dead_letter(&source, now, 0, DeadReason::Binary, reason.to_owned(), b"");
    let after = Place { skipped: Some(reason.to_owned()), ..watched.entry.place.clone() };
    Part {
        key: watched.entry.key,
        source,
        content: PartContent::Letters(vec![letter]),
        first: 0,
        after,
        bytes: 0,
    }
}
