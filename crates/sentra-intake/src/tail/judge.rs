//! What a new file is: text, something that is not read, or a copy of a file that is known.

use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

use super::follower::Follower;
use super::places::Place;
use super::print::{PRINT_BYTES_MAX, Print, read_up_to};
use super::scan::open_beside;
use super::watched::{Watched, is_at};
use crate::file::known_binary;
use crate::inflate::Compression;

/// How long a file that looks like an unfinished copy, or like the copy of a file that is about to be truncated, is
/// waited for.
const COPY_WAIT: Duration = Duration::from_secs(2);
/// How far back the end of the last line is looked for.
const LAST_LINE_BYTES_MAX: u64 = 1024 * 1024;
const COMPRESSED: &str = "it is compressed";

/// How a new file stands to a known one.
enum Relation {
    Stranger,
    /// It holds all that was read of the other up to this place.
    Copy(Place),
    /// That will be seen.
    Undecided,
}

impl Follower {
    /// Judges the files that have not been judged and hold something.
    pub(super) fn judge_all(&mut self, now: Instant) {
        let unjudged = |watched: &&Watched| !watched.is_judged && watched.bytes() > 0;
        let keys: Vec<u64> = self.files.values().filter(unjudged).map(|watched| watched.entry.key).collect();
        for key in keys {
            // Out of the map, so that it can be compared with the others.
            let Some(mut watched) = self.files.remove(&key) else { continue };
            let was_open = watched.file.is_some();
            if let Err(error) = self.judge(&mut watched, now) {
                self.problem(&watched, &error);
            }
            self.open_files.keep_or_close(&mut watched, was_open);
            self.files.insert(key, watched);
        }
    }

    fn judge(&mut self, watched: &mut Watched, now: Instant) -> io::Result<()> {
        let Some(file) = watched.open()? else { return Ok(()) };
        let head = read_up_to(file, 0, PRINT_BYTES_MAX)?;
        let print = Print::of(&head);
        if head.iter().all(|byte| *byte == 0) {
            // Nothing is in it yet; perhaps its writer has taken the room in advance.
            return Ok(());
        }
        if let Some(reason) = unreadable(&head) {
            watched.entry.place = Place { head: print, ..Place::default() };
            if reason == COMPRESSED {
                watched.entry.place.skipped = Some(reason.to_owned());
                watched.file = None;
                self.metrics.skipped("compressed");
            } else {
                watched.verdict = Some(reason);
                self.metrics.skipped("binary");
            }
            tracing::warn!(path = watched.entry.origin, reason, "a file is not followed");
        } else if watched.entry.place.at == 0 {
            match self.relation(watched, &head, now)? {
                Relation::Undecided => return Ok(()),
                Relation::Stranger => watched.entry.place.head = print,
                Relation::Copy(place) => {
                    tracing::info!(
                        path = watched.entry.origin,
                        at = place.at,
                        "a file is a copy of one that is followed"
                    );
                    watched.entry.place = place;
                }
            }
        }
        watched.is_judged = true;
        watched.undecided_since = None;
        self.places.put(watched.entry.clone());
        Ok(())
    }

    /// How `new` stands to the files that are known. Its origin becomes that of the file it is a copy of.
    fn relation(&mut self, new: &mut Watched, head: &[u8], now: Instant) -> io::Result<Relation> {
        let Some(file) = open_beside(new) else { return Ok(Relation::Undecided) };
        let mut prints: Vec<Option<Print>> = vec![None; PRINT_BYTES_MAX + 1];
        let mut begins_as = |print: Print| {
            let known = prints.get_mut(print.length());
            known.is_some_and(|known| {
                let begin = || head.get(..print.length()).map(Print::of).unwrap_or_default();
                *known.get_or_insert_with(begin) == print
            })
        };
        let mut is_undecided = false;
        for other in self.files.values_mut() {
            let place = &other.entry.place;
            if !other.is_judged || place.at == 0 || !begins_as(place.head) {
                continue;
            }
            match compare(new, &file, other, now)? {
                Relation::Stranger => {}
                Relation::Undecided => is_undecided = true,
                Relation::Copy(place) => {
                    other.has_heir = true;
                    new.entry.origin.clone_from(&other.entry.origin);
                    return Ok(Relation::Copy(place));
                }
            }
        }
        if is_undecided {
            new.undecided_since.get_or_insert(now);
        }
        Ok(if is_undecided { Relation::Undecided } else { Relation::Stranger })
    }
}

/// How `new` stands to `other`, whose first bytes it has.
fn compare(new: &Watched, file: &File, other: &Watched, now: Instant) -> io::Result<Relation> {
    let place = &other.entry.place;
    let holds_all = is_at(file, place)?;
    let copy = || Relation::Copy(place.clone());
    let is_long = place.at >= PRINT_BYTES_MAX as u64;
    // Files are truncated after they were copied, so the copy is finished then.
    if other.replaced_at.is_some() {
        return Ok(if holds_all { copy() } else { Relation::Stranger });
    }
    let Some(original) = open_beside(other) else {
        return Ok(if holds_all && is_long { copy() } else { Relation::Stranger });
    };
    let waited =
        |since: Option<Instant>| since.is_some_and(|since| now.saturating_duration_since(since) >= COPY_WAIT);
    if !is_long {
        // A few bytes may be the same in files of their own, a header for instance, unless the other one is
        // truncated now.
        let is_waiting = holds_all && !waited(new.undecided_since);
        return Ok(if is_waiting { Relation::Undecided } else { Relation::Stranger });
    }
    let (bytes, original_bytes) = (file.metadata()?.len(), original.metadata()?.len());
    let common = bytes.min(original_bytes);
    if Print::of_tail(file, common)? != Print::of_tail(&original, common)? {
        // Unless the other one was truncated a moment ago; then the next look knows.
        return Ok(if is_at(&original, place)? { Relation::Stranger } else { Relation::Undecided });
    }
    // As long as both grow nobody knows how far the copy goes: what is new may be in both.
    let has_waited = waited(new.undecided_since);
    if bytes > original_bytes && holds_all && has_waited && is_at(&original, place)? {
        return Ok(copy());
    }
    if has_waited && waited(Some(new.changed_at)) && place.at >= bytes {
        // The other one was read beyond the end of the copy.
        let at = last_line_end(file, bytes)?;
        let tail = Print::of_tail(file, at)?;
        return Ok(Relation::Copy(Place {
            at,
            head: place.head,
            tail,
            header: place.header.clone(),
            skipped: None,
        }));
    }
    Ok(Relation::Undecided)
}

/// Why a file that begins with `head` is not read. Law LOSS: it is told, counted and a dead letter.
fn unreadable(head: &[u8]) -> Option<&'static str> {
    if Compression::of(head).is_some() {
        return Some(COMPRESSED);
    }
    if head.starts_with(b"ElfFile\0") {
        return Some("it is an EVTX file, which is not followed: read it with sentra ingest");
    }
    known_binary(head).or_else(|| head.contains(&0).then_some("the bytes are not text"))
}

/// The end of the last line before `end`, or `end` where that is too far away.
pub(super) fn last_line_end(file: &File, end: u64) -> io::Result<u64> {
    let begin = end.saturating_sub(LAST_LINE_BYTES_MAX);
    let length = usize::try_from(end - begin).unwrap_or(0);
    let bytes = read_up_to(file, begin, length)?;
    let found = memchr::memrchr(b'\n', &bytes).map(|at| begin + at as u64 + 1);
    Ok(found.unwrap_or(if begin == 0 { 0 } else { end }))
}
