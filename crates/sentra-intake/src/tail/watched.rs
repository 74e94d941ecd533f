use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use sentra_model::Timestamp;

use super::cut::AtEnd;
use super::places::{Entry, Place};
use super::print::{PRINT_BYTES_MAX, Print, read_up_to};

/// Lines that may belong together are held for this long after the file has grown.
const JOIN_WAIT: Duration = Duration::from_secs(2);
/// The last line of a rotated or deleted file goes out without an end after this long.
const PARTIAL_WAIT: Duration = Duration::from_secs(5);
/// A file that is gone is held open for this long after its writer has last written to it.
const GONE_WAIT: Duration = Duration::from_secs(30);
/// For this long after a change the file's bytes are looked at as well: another change may bear the same time.
const SAME_TIME_WAIT: Duration = Duration::from_secs(2);

/// Device and inode.
pub(super) type Id = (u64, u64);

pub(super) fn id_of(metadata: &Metadata) -> Id {
    (metadata.dev(), metadata.ino())
}

/// A file that is followed, or was.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) entry: Entry,
    /// Where it is now; `None` where no path of the source leads to it.
    pub(super) current: Option<PathBuf>,
    /// Where it was before.
    pub(super) before: Option<PathBuf>,
    pub(super) file: Option<File>,
    /// Whether it was looked into: what it holds, and whether it is a copy of another file.
    pub(super) is_judged: bool,
    /// Since when it may be a copy that is not finished.
    pub(super) undecided_since: Option<Instant>,
    /// Why it will not be read, not yet told.
    pub(super) verdict: Option<&'static str>,
    /// It does not hold what it held before. It is read from its beginning at the look around of this number, when
    /// the copy that was made of it is known.
    pub(super) replaced_at: Option<u64>,
    /// What it held is nowhere any more; only what is known of it is left.
    pub(super) is_detached: bool,
    /// Another file goes on where this one ended.
    pub(super) has_heir: bool,
    pub(super) gone_at: Option<Instant>,
    pub(super) scanned: Option<u64>,
    pub(super) changed_at: Instant,
    stamp: Option<Stamp>,
    /// What the file was when it was last read to its end, and how.
    read: Option<(Stamp, AtEnd)>,
    pub(super) unread_bytes: u64,
    pub(super) has_failed: bool,
}

/// What tells that a file has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Watched {
    pub(super) fn new(entry: Entry, is_judged: bool, now: Instant) -> Self {
        Self {
            entry,
            current: None,
            before: None,
            file: None,
            is_judged,
            undecided_since: None,
            verdict: None,
            replaced_at: None,
            is_detached: false,
            has_heir: false,
            gone_at: None,
            scanned: None,
            changed_at: now,
            stamp: None,
            read: None,
            unread_bytes: 0,
            has_failed: false,
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.stamp.map_or(0, |stamp| stamp.bytes)
    }

    pub(super) fn id(&self) -> Id {
        (self.entry.device, self.entry.inode)
    }

    /// Takes notice of the file's size and time; true where they have changed.
    pub(super) fn observe(&mut self, metadata: &Metadata, now: Instant) -> bool {
        let stamp = Stamp { bytes: metadata.len(), modified: metadata.modified().ok() };
        if self.stamp == Some(stamp) {
            return false;
        }
        self.unread_bytes = self.bytes().saturating_sub(self.entry.place.at);
        self.stamp = Some(stamp);
        self.changed_at = now;
        true
    }

    /// Whether a change may have left the file's time as it is.
    pub(super) fn may_have_changed(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.changed_at) < SAME_TIME_WAIT || self.bytes() < self.entry.place.at
    }

    /// The file, opened where it is not. `None`: it is not where it was.
    pub(super) fn open(&mut self) -> io::Result<Option<&File>> {
        if self.file.is_none() {
            let Some(path) = &self.current else { return Ok(None) };
            self.file = open_as(path, self.id())?;
        }
        Ok(self.file.as_ref())
    }

    /// Whether the file still holds what it held before its place. Without an answer it counts as the same: the
    /// next reading asks again.
    pub(super) fn is_same(&mut self) -> io::Result<bool> {
        let place = self.entry.place.clone();
        match self.open()? {
            Some(file) => is_at(file, &place),
            None => Ok(true),
        }
    }

    /// Whether the file has another name than the one it was found under, or none.
    pub(super) fn is_rotated(&self) -> bool {
        self.current.as_ref().is_none_or(|path| path.to_string_lossy() != self.entry.origin)
    }

    /// What to do with what waits at the end of the file.
    pub(super) fn at_end(&self, now: Instant) -> AtEnd {
        let quiet = now.saturating_duration_since(self.changed_at);
        if quiet >= PARTIAL_WAIT && self.is_rotated() {
            AtEnd::FlushAll
        } else if quiet >= JOIN_WAIT {
            AtEnd::FlushLines
        } else {
            AtEnd::Wait
        }
    }

    /// Whether something may come out of the file.
    pub(super) fn is_ready(&self, now: Instant) -> bool {
        if !self.is_judged
            || self.has_failed
            || self.replaced_at.is_some()
            || self.entry.place.skipped.is_some()
        {
            return false;
        }
        if self.verdict.is_some() {
            return true;
        }
        let Some(stamp) = self.stamp.filter(|stamp| stamp.bytes > self.entry.place.at) else { return false };
        match self.read {
            Some((at, how)) => at != stamp || how < self.at_end(now),
            None => true,
        }
    }

    /// Takes notice of a reading that came to the end of the file, or not.
    pub(super) fn was_read(&mut self, to_its_end: Option<AtEnd>) {
        self.read = self.stamp.zip(to_its_end);
    }

    /// It could not be read; it is not ready until the next look around.
    pub(super) fn failed(&mut self) {
        self.file = None;
        self.has_failed = true;
    }

    /// Whether a file that is gone need not be held open any longer.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        let is_quiet = now.saturating_duration_since(self.changed_at) >= GONE_WAIT;
        let is_gone = self.gone_at.is_some_and(|at| now.saturating_duration_since(at) >= GONE_WAIT);
        is_gone && is_quiet && !self.is_ready(now)
    }

    /// The file is not where it was: what is known of its size does not count any more.
    pub(super) fn close(&mut self) {
        self.file = None;
        self.stamp = None;
        self.read = None;
    }

    /// The file is another one than it was; until the look around of this number it is remembered.
    pub(super) fn detach(&mut self, now: Instant, until: u64) {
        self.close();
        self.current = None;
        self.before = None;
        self.gone_at = Some(now);
        self.is_detached = true;
        self.replaced_at = Some(until);
    }

    /// The file holds something else now.
    pub(super) fn begin_again(&mut self) {
        // What is known to be text is so still; a hole at its beginning is no sign of the contrary.
        self.is_judged = self.entry.place.skipped.is_none() && self.is_judged;
        self.entry.place = Place::default();
        if let Some(path) = &self.current {
            self.entry.origin = path.display().to_string();
        }
        self.verdict = None;
        self.undecided_since = None;
        self.replaced_at = None;
        self.has_heir = false;
        self.scanned = None;
        self.read = None;
    }

    /// The time by which time stamps without a year are understood.
    pub(super) fn reference(&self) -> Option<Timestamp> {
        let modified = self.stamp?.modified?;
        jiff::Timestamp::try_from(modified).ok().map(Timestamp::from)
    }
}

/// Opens the file at `path` if it is the one of this id.
pub(super) fn open_as(path: &Path, id: Id) -> io::Result<Option<File>> {
    // A pipe that has taken the file's place must not make us wait.
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).unwrap_or(0);
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    Ok((metadata.is_file() && id_of(&metadata) == id).then_some(file))
}

/// Whether `file` holds, before the place, what was there when the place was taken.
pub(super) fn is_at(file: &File, place: &Place) -> io::Result<bool> {
    let head = read_up_to(file, 0, PRINT_BYTES_MAX)?;
    Ok(begins_with(&head, place.head) && Print::of_tail(file, place.at)? == tail_of(place))
}

/// Whether `head` begins with the bytes of the print.
pub(super) fn begins_with(head: &[u8], print: Print) -> bool {
    head.get(..print.length()).is_some_and(|begin| Print::of(begin) == print)
}

fn tail_of(place: &Place) -> Print {
    if place.at == 0 { Print::default() } else { place.tail }
}
