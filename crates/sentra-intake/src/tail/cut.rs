//! Cuts what is new in a file into records.

use std::collections::VecDeque;
use std::io;

use memchr::memchr;
use sentra_model::OwnedRecord;

use super::joiner::LineJoiner;

/// Bytes read in one go.
const PIECE_BYTES: usize = 128 * 1024;
/// How much of a line that is too long is kept.
const EXCERPT_BYTES_MAX: usize = 1024;
/// Law LIMIT: how much of a line without an end is passed over in one cut.
const LONG_LINE_BYTES_MAX: u64 = 64 * 1024 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Law LIMIT: how much one cut takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct CutLimits {
    pub(super) line_bytes_max: usize,
    /// Bytes of the file; a longer line is taken beyond it.
    pub(super) bytes_max: usize,
    pub(super) records_max: usize,
}

/// What to do with what waits for more at the end of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AtEnd {
    /// Nothing: more will come.
    Wait,
    /// Lines that wait for others of their kind go out.
    FlushLines,
    /// So does the last line, although it has no end.
    FlushAll,
}

/// A line over the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LongLine {
    pub(super) position: u64,
    pub(super) length_bytes: u64,
    pub(super) excerpt: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    Records(Vec<OwnedRecord>),
    Long(Vec<LongLine>),
}

/// What goes into one append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) content: Content,
    /// The place in the file when this is durable.
    pub(super) to: u64,
    /// What the joiner has to know there.
    pub(super) header: Option<String>,
}

/// What a cut gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) pieces: Vec<Piece>,
    /// The place in the file when all pieces are durable; beyond the last of them where nothing but blank lines
    /// follows it.
    pub(super) to: u64,
    pub(super) header: Option<String>,
    /// Whether the end of the file was seen.
    pub(super) is_at_end: bool,
    /// The end of the file, where it was seen.
    pub(super) seen: u64,
    /// Up to here the line that begins at `to` has no end: the next cut need not look again.
    pub(super) scanned: Option<u64>,
}

/// Reads at an offset; 0 at the end.
pub(super) trait ReadAt {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl ReadAt for std::fs::File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match std::os::unix::fs::FileExt::read_at(self, buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(rest) {
            *to = *from;
        }
        Ok(count)
    }
}

/// Cuts what stands in `file` from the line at `from` on. `scanned` is what the cut before said.
pub(super) fn cut(
    file: &(impl ReadAt + ?Sized),
    from: u64,
    scanned: Option<u64>,
    joiner: &mut dyn LineJoiner,
    limits: CutLimits,
    at_end: AtEnd,
) -> io::Result<Cut> {
    let mut cutter = Cutter::new(from, joiner, limits);
    let mut offset = from;
    if let Some(scanned) = scanned.filter(|scanned| *scanned > from) {
        let mut excerpt = vec![0; EXCERPT_BYTES_MAX];
        let count = file.read_at(&mut excerpt, from)?;
        cutter.line.extend_from_slice(excerpt.get(..count).unwrap_or_default());
        cutter.line_bytes = scanned - from;
        offset = scanned;
    }
    let mut piece = vec![0; PIECE_BYTES];
    let is_at_end = loop {
        let count = file.read_at(&mut piece, offset)?;
        if count == 0 {
            break true;
        }
        if cutter.take(offset, piece.get(..count).unwrap_or_default()) {
            break false;
        }
        offset = offset.saturating_add(count as u64);
        if cutter.line_bytes > LONG_LINE_BYTES_MAX.max(limits.line_bytes_max as u64)
            && offset - from > LONG_LINE_BYTES_MAX
        {
            break false;
        }
    };
    if is_at_end {
        cutter.end(at_end);
    }
    Ok(cutter.finish(is_at_end, offset))
}

struct Cutter<'a> {
    joiner: &'a mut dyn LineJoiner,
    limits: CutLimits,
    from: u64,
    /// The line that is being read: where it begins, as much of it as is kept, and its length.
    line_start: u64,
    line: Vec<u8>,
    line_bytes: u64,
    /// Came out of the joiner since the place last moved.
    waiting: Vec<OwnedRecord>,
    /// Beginnings of the lines that went into the joiner from the place on.
    pushed: VecDeque<u64>,
    /// Of those from the place on: lines that have left the joiner, and lines before the next place.
    left: usize,
    passed: usize,
    /// Records and their bytes, which may be more than those of the lines they are made of.
    records: usize,
    record_bytes: usize,
    pieces: Vec<Piece>,
    place: u64,
    header: Option<String>,
}

impl<'a> Cutter<'a> {
    fn new(from: u64, joiner: &'a mut dyn LineJoiner, limits: CutLimits) -> Self {
        let header = joiner.header().map(str::to_owned);
        Self {
            joiner,
            limits,
            from,
            line_start: from,
            line: Vec::new(),
            line_bytes: 0,
            waiting: Vec::new(),
            pushed: VecDeque::new(),
            left: 0,
            passed: 0,
            records: 0,
            record_bytes: 0,
            pieces: Vec::new(),
            place: from,
            header,
        }
    }

    /// Takes the bytes that stand at `offset`; true when the cut is as large as it may be.
    fn take(&mut self, offset: u64, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        if offset == 0
            && let Some(after) = rest.strip_prefix(BYTE_ORDER_MARK)
        {
            rest = after;
            self.line_start = BYTE_ORDER_MARK.len() as u64;
        }
        loop {
            if self.line_bytes == 0 {
                // A writer that goes on at its old place after a truncation leaves a hole. Its NULs are passed over
                // only when something follows them: a file may be filled up from the front too.
                let nuls = rest.iter().take_while(|byte| **byte == 0).count();
                let at = offset + (bytes.len() - rest.len()) as u64;
                rest = rest.get(nuls..).unwrap_or_default();
                if rest.is_empty() {
                    return false;
                }
                self.line_start = at + nuls as u64;
            }
            let Some(end) = memchr(b'\n', rest) else {
                self.hold(rest);
                return false;
            };
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            let next_start = offset + (bytes.len() - rest.len()) as u64;
            if self.line_bytes == 0 {
                self.end_line(line, line.len() as u64, next_start);
            } else {
                self.hold(line);
                let (held, length) = (std::mem::take(&mut self.line), self.line_bytes);
                self.end_line(&held, length, next_start);
                self.line = held;
                self.line.clear();
                self.line_bytes = 0;
            }
            if self.is_full() {
                return true;
            }
        }
    }

    fn hold(&mut self, part: &[u8]) {
        self.line_bytes += part.len() as u64;
        // Two bytes more than the limit: a CR before the LF does not count, and what is longer must be seen to be.
        let room = self.limits.line_bytes_max.saturating_add(2).saturating_sub(self.line.len());
        self.line.extend_from_slice(part.get(..room).unwrap_or(part));
    }

    fn is_full(&self) -> bool {
        self.line_start - self.from >= self.limits.bytes_max as u64
            || self.record_bytes >= self.limits.bytes_max
            || self.records >= self.limits.records_max
    }

    /// Takes the line at `line_start`, of which `kept` is there; the next one begins at `next_start`.
    fn end_line(&mut self, kept: &[u8], length_bytes: u64, next_start: u64) {
        let position = self.line_start;
        let is_whole = kept.len() as u64 == length_bytes;
        let text = if is_whole { kept.strip_suffix(b"\r").unwrap_or(kept) } else { kept };
        if !is_whole || text.len() > self.limits.line_bytes_max {
            // It goes to another topic, so it must be possible to stop before and behind it.
            self.flush();
            let length_bytes = if is_whole { text.len() as u64 } else { length_bytes };
            let excerpt_bytes = self.limits.line_bytes_max.min(EXCERPT_BYTES_MAX);
            let excerpt = text.get(..excerpt_bytes).unwrap_or(text).to_vec();
            let line = LongLine { position, length_bytes, excerpt };
            match self.pieces.last_mut().map(|piece| &mut piece.content) {
                Some(Content::Long(lines)) => lines.push(line),
                _ => self.put(Content::Long(vec![line])),
            }
            self.records += 1;
            self.line_start = next_start;
            self.move_place();
            return;
        }
        self.line_start = next_start;
        if !text.iter().all(u8::is_ascii_whitespace) {
            let before = self.waiting.len();
            let waiting = &mut self.waiting;
            self.left +=
                self.joiner.push(position, text, &mut |at, record| waiting.push(record_of(at, record)));
            self.records += self.waiting.len() - before;
            let new = self.waiting.iter().skip(before);
            self.record_bytes += new.map(|record| record.bytes.len()).sum::<usize>();
            self.pushed.push_back(position);
        }
        self.move_place();
    }

    fn put(&mut self, content: Content) {
        self.pieces.push(Piece { content, to: self.place, header: self.header.clone() });
    }

    /// Moves the place to the first line that has not left the joiner, unless a line behind it has: then a restart
    /// from there would read that one again.
    fn move_place(&mut self) {
        let next = self.joiner.oldest_position().unwrap_or(self.line_start);
        while self.pushed.front().is_some_and(|position| *position < next) {
            self.pushed.pop_front();
            self.passed += 1;
        }
        if self.left != self.passed {
            return;
        }
        (self.left, self.passed) = (0, 0);
        self.place = next;
        let header = self.joiner.header();
        if header != self.header.as_deref() {
            self.header = header.map(str::to_owned);
        }
        let records = std::mem::take(&mut self.waiting);
        match self.pieces.last_mut().map(|piece| &mut piece.content) {
            _ if records.is_empty() => self.waiting = records,
            Some(Content::Records(held)) => held.extend(records),
            _ => self.put(Content::Records(records)),
        }
        if let Some(last) = self.pieces.last_mut() {
            last.to = next;
            if last.header != self.header {
                last.header.clone_from(&self.header);
            }
        }
    }

    /// Everything in the joiner goes out.
    fn flush(&mut self) {
        let waiting = &mut self.waiting;
        self.left += self.joiner.finish(&mut |at, record| waiting.push(record_of(at, record)));
        self.move_place();
    }

    fn end(&mut self, at_end: AtEnd) {
        if at_end == AtEnd::FlushAll && self.line_bytes > 0 {
            let (held, length) = (std::mem::take(&mut self.line), self.line_bytes);
            let next_start = self.line_start + length;
            self.line_bytes = 0;
            self.end_line(&held, length, next_start);
        }
        if at_end != AtEnd::Wait {
            self.flush();
        }
    }

    fn finish(mut self, is_at_end: bool, seen: u64) -> Cut {
        // Law LIMIT: lines that belong together and are more than a whole cut are parted.
        if !is_at_end && self.place == self.from {
            self.flush();
        }
        let is_long =
            self.line_bytes > self.limits.line_bytes_max as u64 + 2 && self.line_start == self.place;
        Cut {
            pieces: self.pieces,
            to: self.place,
            header: self.header,
            is_at_end,
            seen,
            scanned: is_long.then_some(self.line_start + self.line_bytes),
        }
    }
}

fn record_of(position: u64, bytes: &[u8]) -> OwnedRecord {
    OwnedRecord { position, bytes: bytes.to_vec() }
}

#[cfg(test)]
#[path = "cut_tests.rs"]
mod tests;
