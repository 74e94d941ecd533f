use sentra_decode::{Framed, LineFramer};

/// How many bytes of a message that is not taken are kept.
const EXCERPT_BYTES_MAX: usize = 1024;
/// Law LIMIT: memory that is kept for the next message; a longer one gives its memory back.
const KEPT_BYTES_MAX: usize = 8 * 1024;
/// Most digits of a message length.
const LENGTH_DIGITS_MAX: usize = 10;

/// One piece of a syslog connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyslogFramed<'a> {
    /// A message.
    Record(&'a [u8]),
    /// A message longer than the limit, law LIMIT.
    TooLong {
        /// How long the whole message is.
        length_bytes: u64,
        /// Its first bytes.
        excerpt: &'a [u8],
    },
    /// Bytes that cannot be framed. After it nothing more comes: there is no way to find the next message.
    Broken {
        /// What was wrong, for people.
        detail: &'static str,
        /// The first of the bytes.
        excerpt: &'a [u8],
    },
}

/// Cuts a TCP connection into syslog messages (RFC 6587), by count or by line end, whichever the first bytes
/// say. Pure: bytes in, messages out.
#[derive(Debug)]
pub struct SyslogFramer {
    message_bytes_max: usize,
    mode: Mode,
}

#[derive(Debug)]
enum Mode {
    /// The first bytes, not yet enough to tell.
    Undecided(Vec<u8>),
    Lines(LineFramer),
    Counted(Counted),
    Broken,
}

/// Octet counting: `LENGTH SP MESSAGE`, one after another.
#[derive(Debug, Default)]
struct Counted {
    digits: Vec<u8>,
    message: Vec<u8>,
    length_bytes: u64,
    missing_bytes: u64,
}

impl SyslogFramer {
    /// A framer for messages of at most `message_bytes_max` bytes.
    #[must_use]
    pub fn new(message_bytes_max: usize) -> Self {
        Self { message_bytes_max, mode: Mode::Undecided(Vec::new()) }
    }

    /// Whether the connection has lost its framing and should be closed.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        matches!(self.mode, Mode::Broken)
    }

    /// Memory that the message takes whose end has not come yet.
    pub(crate) fn held_bytes(&self) -> usize {
        match &self.mode {
            Mode::Undecided(head) => head.capacity(),
            Mode::Lines(lines) => lines.held_bytes(),
            Mode::Counted(counted) => counted.message.capacity(),
            Mode::Broken => 0,
        }
    }

    /// Takes the next bytes of the connection and hands every message that is complete to `emit`.
    pub fn push(&mut self, chunk: &[u8], emit: &mut impl FnMut(SyslogFramed<'_>)) {
        if let Mode::Undecided(head) = &mut self.mode {
            head.extend_from_slice(chunk);
            let Some(is_counted) = begins_with_count(head) else { return };
            let head = std::mem::take(head);
            self.decide(is_counted);
            self.cut(&head, emit);
        } else {
            self.cut(chunk, emit);
        }
    }

    fn decide(&mut self, is_counted: bool) {
        self.mode = if is_counted {
            Mode::Counted(Counted::default())
        } else {
            Mode::Lines(LineFramer::new(self.message_bytes_max))
        };
    }

    fn cut(&mut self, chunk: &[u8], emit: &mut impl FnMut(SyslogFramed<'_>)) {
        match &mut self.mode {
            Mode::Lines(framer) => framer.push(chunk, &mut |framed| emit_line(framed, emit)),
            Mode::Counted(counted) => {
                if !counted.push(chunk, self.message_bytes_max, emit) {
                    self.mode = Mode::Broken;
                }
            }
            Mode::Undecided(_) | Mode::Broken => {}
        }
    }

    /// Ends the connection.
    pub fn finish(&mut self, emit: &mut impl FnMut(SyslogFramed<'_>)) {
        if let Mode::Undecided(head) = &mut self.mode {
            let head = std::mem::take(head);
            self.decide(false);
            self.cut(&head, emit);
        }
        match &mut self.mode {
            Mode::Lines(framer) => framer.finish(&mut |framed| emit_line(framed, emit)),
            Mode::Counted(counted) => counted.finish(emit),
            Mode::Undecided(_) | Mode::Broken => {}
        }
        self.mode = Mode::Broken;
    }
}

/// Whether a connection counts its messages: a length, a space and the `<` of a priority. `None` while the
/// bytes could still become one.
fn begins_with_count(head: &[u8]) -> Option<bool> {
    let digits = head.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if head.is_empty() {
        return None;
    }
    if digits == 0 || digits > LENGTH_DIGITS_MAX || head.first() == Some(&b'0') {
        return Some(false);
    }
    match (head.get(digits), head.get(digits + 1)) {
        (None, _) | (Some(b' '), None) => None,
        (Some(b' '), Some(b'<')) => Some(true),
        _ => Some(false),
    }
}

fn emit_line(framed: Framed<'_>, emit: &mut impl FnMut(SyslogFramed<'_>)) {
    match framed {
        Framed::Record { bytes, .. } => emit_record(bytes, emit),
        Framed::TooLong { length_bytes, excerpt, .. } => {
            emit(SyslogFramed::TooLong { length_bytes, excerpt })
        }
    }
}

fn emit_record(bytes: &[u8], emit: &mut impl FnMut(SyslogFramed<'_>)) {
    let message = trim_message(bytes);
    if !message.is_empty() {
        emit(SyslogFramed::Record(message));
    }
}

/// The message without the line ends and NULs that senders put behind it.
pub(crate) fn trim_message(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n' | 0)).map_or(0, |last| last + 1);
    bytes.get(..end).unwrap_or_default()
}

impl Counted {
    /// False when the framing is lost.
    fn push(&mut self, chunk: &[u8], bytes_max: usize, emit: &mut impl FnMut(SyslogFramed<'_>)) -> bool {
        let mut rest = chunk;
        while !rest.is_empty() {
            if self.missing_bytes > 0 {
                let now = usize::try_from(self.missing_bytes).unwrap_or(usize::MAX).min(rest.len());
                let (part, after) = rest.split_at(now);
                rest = after;
                self.take(part, bytes_max, emit);
            } else {
                let Some((byte, after)) = rest.split_first() else { break };
                rest = after;
                if !self.take_length(*byte, emit) {
                    return false;
                }
            }
        }
        true
    }

    fn take_length(&mut self, byte: u8, emit: &mut impl FnMut(SyslogFramed<'_>)) -> bool {
        let is_first = self.digits.is_empty();
        match byte {
            // Some senders put a line end behind a counted message.
            b'\r' | b'\n' | b' ' | 0 if is_first => true,
            b'1'..=b'9' | b'0' if !(is_first && byte == b'0') && self.digits.len() < LENGTH_DIGITS_MAX => {
                self.digits.push(byte);
                true
            }
            b' ' => {
                let length = std::str::from_utf8(&self.digits).ok().and_then(|digits| digits.parse().ok());
                self.digits.clear();
                self.length_bytes = length.unwrap_or_default();
                self.missing_bytes = self.length_bytes;
                true
            }
            _ => {
                self.digits.push(byte);
                let excerpt = &self.digits;
                emit(SyslogFramed::Broken { detail: "a message length was expected", excerpt });
                false
            }
        }
    }

    fn take(&mut self, part: &[u8], bytes_max: usize, emit: &mut impl FnMut(SyslogFramed<'_>)) {
        self.missing_bytes -= part.len() as u64;
        let is_too_long = self.length_bytes > bytes_max as u64;
        let kept_max = if is_too_long { EXCERPT_BYTES_MAX.min(bytes_max) } else { bytes_max };
        let room = kept_max.saturating_sub(self.message.len()).min(part.len());
        self.message.extend_from_slice(part.get(..room).unwrap_or_default());
        if self.missing_bytes > 0 {
            return;
        }
        if is_too_long {
            emit(SyslogFramed::TooLong { length_bytes: self.length_bytes, excerpt: &self.message });
        } else {
            emit_record(&self.message, emit);
        }
        if self.message.capacity() > KEPT_BYTES_MAX {
            self.message = Vec::new();
        }
        self.message.clear();
    }

    fn finish(&mut self, emit: &mut impl FnMut(SyslogFramed<'_>)) {
        if self.missing_bytes == 0 && self.digits.is_empty() {
            return;
        }
        let partial = if self.missing_bytes > 0 { &self.message } else { &self.digits };
        let excerpt = partial.get(..EXCERPT_BYTES_MAX).unwrap_or(partial);
        emit(SyslogFramed::Broken { detail: "the connection ended inside of a message", excerpt });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq)]
    enum Owned {
        Record(String),
        TooLong(u64, String),
        Broken(String),
    }

    fn frame<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, bytes_max: usize) -> Vec<Owned> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut all = Vec::new();
        let mut emit = |framed: SyslogFramed<'_>| {
            all.push(match framed {
                SyslogFramed::Record(bytes) => Owned::Record(text(bytes)),
                SyslogFramed::TooLong { length_bytes, excerpt } => {
                    Owned::TooLong(length_bytes, text(excerpt))
                }
                SyslogFramed::Broken { excerpt, .. } => Owned::Broken(text(excerpt)),
            });
        };
        let mut framer = SyslogFramer::new(bytes_max);
        for piece in pieces {
            framer.push(piece, &mut emit);
        }
        framer.finish(&mut emit);
        all
    }

    fn record(text: &str) -> Owned {
        Owned::Record(text.to_owned())
    }

    #[test]
    fn the_first_bytes_say_how_a_connection_is_framed() {
        for (stream, expected) in [
            ("5 <1>ab7 <2>cdef", vec![record("<1>ab"), record("<2>cdef")]),
            ("5 <1>ab\n5 <1>cd\n", vec![record("<1>ab"), record("<1>cd")]),
            ("<1>ab\r\n<2>cd\0\n\n", vec![record("<1>ab"), record("<2>cd")]),
            ("2026-01-01 a\n3 <\n", vec![record("2026-01-01 a"), record("3 <")]),
            ("12345678901 <1>a\n", vec![record("12345678901 <1>a")]),
            ("05 <1>ab", vec![record("05 <1>ab")]),
            ("12", vec![record("12")]),
            ("", vec![]),
            ("6 <1>\nab", vec![record("<1>\nab")]),
        ] {
            assert_eq!(frame([stream.as_bytes()], 100), expected, "{stream:?}");
        }
    }

    /// Laws LIMIT and LOSS: what is not taken is said, and the framing survives it.
    #[test]
    fn what_cannot_be_taken_is_reported() {
        for (stream, expected) in [
            ("9 <1>abcdef5 <1>cd", vec![Owned::TooLong(9, "<1>abcde".to_owned()), record("<1>cd")]),
            ("5 <1>abx <1>cd", vec![record("<1>ab"), Owned::Broken("x".to_owned())]),
            ("5 <1>ab7 <1>", vec![record("<1>ab"), Owned::Broken("<1>".to_owned())]),
            ("5 <1>ab7", vec![record("<1>ab"), Owned::Broken("7".to_owned())]),
            ("<1>abcdefgh\n<1>a\n", vec![Owned::TooLong(11, "<1>abcde".to_owned()), record("<1>a")]),
        ] {
            assert_eq!(frame([stream.as_bytes()], 8), expected, "{stream:?}");
        }
    }

    #[test]
    fn a_huge_length_takes_no_memory() {
        let mut framer = SyslogFramer::new(1_024);
        let mut reported = 0;
        framer.push(b"9999999999 <1>", &mut |_| reported += 1);
        for _ in 0..1_000 {
            framer.push(&[b'a'; 4_096], &mut |_| reported += 1);
        }
        let Mode::Counted(counted) = &framer.mode else { panic!("not counted") };
        assert!(counted.message.len() <= EXCERPT_BYTES_MAX);
        assert_eq!(reported, 0);
    }

    proptest! {
        /// Law LOSS: where the reads happen to end must not change what is read.
        #[test]
        fn the_cut_of_the_connection_does_not_matter(
            messages in proptest::collection::vec("[a<> 0-9\n\r\u{0}]{0,14}", 0..12),
            is_counted in any::<bool>(),
            tail in "[0-9 <a\n]{0,6}",
            cuts in proptest::collection::vec(1usize..7, 1..40),
            bytes_max in 1usize..20,
        ) {
            let mut stream = String::new();
            for message in &messages {
                let message = format!("<1>{message}");
                if is_counted {
                    stream.push_str(&format!("{} {message}", message.len()));
                } else {
                    stream.push_str(&format!("{message}\n"));
                }
            }
            stream.push_str(&tail);
            let whole = frame([stream.as_bytes()], bytes_max);
            let mut pieces = Vec::new();
            let mut rest = stream.as_bytes();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            prop_assert_eq!(frame(pieces, bytes_max), whole);
        }

        #[test]
        fn counted_messages_come_out_as_they_went_in(
            messages in proptest::collection::vec("<[0-9]{1,3}>[a-z0-9 \n<]{0,40}[a-z]", 1..20),
        ) {
            let stream: String = messages.iter().map(|message| format!("{} {message}", message.len())).collect();
            let expected: Vec<Owned> = messages.into_iter().map(Owned::Record).collect();
            prop_assert_eq!(frame([stream.as_bytes()], 1_000), expected);
        }
    }
}
