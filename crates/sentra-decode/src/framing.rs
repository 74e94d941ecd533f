//! Lines out of a stream of bytes, however the stream is cut.

use memchr::memchr;

/// One piece of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framed<'a> {
    /// One line without its line end.
    Record {
        /// Line number from 1; blank lines are skipped but counted.
        position: u64,
        /// The line, never empty and never only white space.
        bytes: &'a [u8],
    },
    /// A line longer than the limit. It goes to the dead letters, law LOSS.
    TooLong {
        /// Line number from 1.
        position: u64,
        /// How long the whole line is, in bytes without the line end.
        length_bytes: u64,
        /// Its first bytes.
        excerpt: &'a [u8],
    },
}

/// How many bytes of a line that is too long are kept.
const EXCERPT_BYTES_MAX: usize = 1024;
/// Law LIMIT: memory that is kept for the next line; a longer line gives its memory back.
const KEPT_BYTES_MAX: usize = 8 * 1024;

/// Cuts a stream into lines that end in LF or CRLF. Law LIMIT: it holds at most one line of
/// `line_bytes_max` bytes.
#[derive(Debug)]
pub struct LineFramer {
    line_bytes_max: usize,
    /// The beginning of a line whose end has not come yet.
    pending: Vec<u8>,
    /// Length of the pending line, which may exceed what is kept of it.
    pending_bytes: u64,
    pending_ends_in_cr: bool,
    position: u64,
}

/// A line, or as much of it as is kept.
struct Line<'a> {
    kept: &'a [u8],
    length_bytes: u64,
    ends_in_cr: bool,
}

impl LineFramer {
    /// A framer for lines of at most `line_bytes_max` bytes.
    #[must_use]
    pub fn new(line_bytes_max: usize) -> Self {
        Self { line_bytes_max, pending: Vec::new(), pending_bytes: 0, pending_ends_in_cr: false, position: 0 }
    }

    /// The same framer for a stream that continues another: its first line has the number `first`.
    #[must_use]
    pub fn starting_at(mut self, first: u64) -> Self {
        self.position = first.saturating_sub(1);
        self
    }

    /// Takes the next bytes of the stream and hands every line that is complete to `emit`.
    pub fn push(&mut self, chunk: &[u8], emit: &mut impl FnMut(Framed<'_>)) {
        let mut rest = chunk;
        while let Some(end) = memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            if self.pending_bytes == 0 {
                self.position += 1;
                let whole =
                    Line { kept: line, length_bytes: line.len() as u64, ends_in_cr: line.ends_with(b"\r") };
                whole.emit(self.position, self.line_bytes_max, emit);
            } else {
                self.hold(line);
                self.finish(emit);
            }
        }
        self.hold(rest);
    }

    /// Ends the stream: the last line counts even without a line end.
    pub fn finish(&mut self, emit: &mut impl FnMut(Framed<'_>)) {
        if self.pending_bytes == 0 {
            return;
        }
        self.position += 1;
        let line = Line {
            kept: &self.pending,
            length_bytes: self.pending_bytes,
            ends_in_cr: self.pending_ends_in_cr,
        };
        line.emit(self.position, self.line_bytes_max, emit);
        if self.pending.capacity() > KEPT_BYTES_MAX {
            self.pending = Vec::new();
        }
        self.pending.clear();
        self.pending_bytes = 0;
    }

    /// Memory that the line takes whose end has not come yet.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.pending.capacity()
    }

    fn hold(&mut self, part: &[u8]) {
        let Some(last) = part.last() else { return };
        self.pending_ends_in_cr = *last == b'\r';
        self.pending_bytes += part.len() as u64;
        // One byte more than the limit: a CR before the LF does not count.
        let room = self.line_bytes_max.saturating_add(1).saturating_sub(self.pending.len());
        self.pending.extend_from_slice(part.get(..room).unwrap_or(part));
    }
}

impl Line<'_> {
    fn emit(self, position: u64, line_bytes_max: usize, emit: &mut impl FnMut(Framed<'_>)) {
        let length_bytes = self.length_bytes - u64::from(self.ends_in_cr);
        if length_bytes > line_bytes_max as u64 {
            let excerpt_bytes = line_bytes_max.min(EXCERPT_BYTES_MAX);
            let excerpt = self.kept.get(..excerpt_bytes).unwrap_or(self.kept);
            emit(Framed::TooLong { position, length_bytes, excerpt });
            return;
        }
        let bytes =
            if self.ends_in_cr { self.kept.strip_suffix(b"\r").unwrap_or(self.kept) } else { self.kept };
        if !bytes.iter().all(u8::is_ascii_whitespace) {
            emit(Framed::Record { position, bytes });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq)]
    enum Owned {
        Record(u64, Vec<u8>),
        TooLong(u64, u64, Vec<u8>),
    }

    fn frame<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, line_bytes_max: usize) -> Vec<Owned> {
        let mut records = Vec::new();
        let mut emit = |framed: Framed<'_>| {
            records.push(match framed {
                Framed::Record { position, bytes } => Owned::Record(position, bytes.to_vec()),
                Framed::TooLong { position, length_bytes, excerpt } => {
                    Owned::TooLong(position, length_bytes, excerpt.to_vec())
                }
            });
        };
        let mut framer = LineFramer::new(line_bytes_max);
        for piece in pieces {
            framer.push(piece, &mut emit);
        }
        framer.finish(&mut emit);
        records
    }

    #[test]
    fn lines_are_numbered_and_blank_ones_skipped() {
        let records = frame([&b"one\r\n\n  \ntwo\nthree"[..]], 10);
        let expected = [(1, "one"), (4, "two"), (5, "three")]
            .map(|(position, line)| Owned::Record(position, line.as_bytes().to_vec()));
        assert_eq!(records, expected);
    }

    #[test]
    fn a_line_at_the_limit_passes_and_one_beyond_does_not() {
        assert_eq!(frame([&b"abcd\r\n"[..]], 4), [Owned::Record(1, b"abcd".to_vec())]);
        assert_eq!(
            frame([&b"abcde\r\nx\n"[..]], 4),
            [Owned::TooLong(1, 5, b"abcd".to_vec()), Owned::Record(2, b"x".to_vec())]
        );
    }

    proptest! {
        /// Law LOSS: where the reads happen to end must not change what is read.
        #[test]
        fn the_cut_of_the_stream_does_not_matter(
            lines in proptest::collection::vec("[ab\r \u{0}]{0,12}", 0..20),
            cuts in proptest::collection::vec(1usize..9, 1..60),
            line_bytes_max in 0usize..12,
            ends_in_newline in any::<bool>(),
        ) {
            let mut stream = lines.join("\n").into_bytes();
            if ends_in_newline {
                stream.push(b'\n');
            }
            let whole = frame([&stream[..]], line_bytes_max);
            let mut pieces = Vec::new();
            let mut rest = &stream[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            prop_assert_eq!(frame(pieces, line_bytes_max), whole);
        }
    }
}
