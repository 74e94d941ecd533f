//! What is text at all, and lines that no format knows.

use std::borrow::Cow;

use sentra_model::{DeadReason, Event, Mart};

use crate::decoder::{Context, Dead};
use crate::names::note;
use crate::time;

/// More control characters than one in this many make bytes binary.
const CONTROL_SHARE: usize = 10;
/// How far into a line a time is looked for.
const TIME_WITHIN_BYTES_MAX: usize = 256;
/// Behind how many brackets, quotes and equals signs a time is looked for.
const TIME_MARKS_MAX: usize = 16;

/// The text of a record without white space and NULs around it.
pub(crate) enum Text<'a> {
    /// As it came.
    Valid(&'a str),
    /// With replacement characters for what is no UTF-8.
    Replaced(String),
}

/// The text in `bytes`, or why it is none.
pub(crate) fn of(bytes: &[u8]) -> Result<Text<'_>, Dead> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    // Some syslog senders end a record with NUL.
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let bytes = bytes.get(..end).unwrap_or_default().trim_ascii();
    if bytes.is_empty() {
        return Err(Dead::new(DeadReason::Empty, "the record is empty"));
    }
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        return Ok(Text::Valid(text));
    }
    if memchr::memchr(0, bytes).is_some() {
        return Err(binary_with_nul(bytes));
    }
    let text = String::from_utf8_lossy(bytes).into_owned();
    let replaced = text.chars().filter(|character| *character == char::REPLACEMENT_CHARACTER).count();
    if replaced * CONTROL_SHARE > text.chars().count() {
        return Err(Dead::new(DeadReason::Binary, format!("{replaced} of the bytes are no UTF-8")));
    }
    Ok(Text::Replaced(text))
}

/// Refuses text that is binary in disguise: NULs, or too many control characters.
pub(crate) fn require_text(line: &str) -> Result<(), Dead> {
    let controls = controls(line.as_bytes());
    if controls == 0 {
        return Ok(());
    }
    if memchr::memchr(0, line.as_bytes()).is_some() {
        return Err(binary_with_nul(line.as_bytes()));
    }
    if controls * CONTROL_SHARE > line.len() {
        let detail = format!("{controls} of {} bytes are control characters", line.len());
        return Err(Dead::new(DeadReason::Binary, detail));
    }
    Ok(())
}

/// How many control characters there are, without those that stand in text.
fn controls(bytes: &[u8]) -> usize {
    if !has_any_control(bytes) {
        return 0;
    }
    let is_control =
        |byte: &u8| (*byte < 0x20 && !matches!(*byte, b'\t' | b'\n' | b'\r' | 0x1b)) || *byte == 0x7f;
    bytes.iter().filter(|byte| is_control(byte)).count()
}

/// Nearly every line has none: told without branches, in steps of which the compiler makes vectors. The last step
/// reaches back into the one before it.
fn has_any_control(bytes: &[u8]) -> bool {
    const STEP: usize = 32;
    let any = |step: &[u8]| step.iter().fold(false, |any, byte| any | (*byte < 0x20) | (*byte == 0x7f));
    let Some(last) = bytes.last_chunk::<STEP>() else { return any(bytes) };
    let (steps, _) = bytes.as_chunks::<STEP>();
    steps.iter().fold(any(last), |before, step| before | any(step))
}

fn binary_with_nul(bytes: &[u8]) -> Dead {
    let position = memchr::memchr(0, bytes).unwrap_or_default();
    let is_utf16 = bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF");
    let hint = if is_utf16 { ", it looks like UTF-16" } else { "" };
    Dead::new(DeadReason::Binary, format!("NUL at byte {position}{hint}"))
}

/// The event of a line that no format knows: its message, and its time where one stands near its beginning.
pub(crate) fn decode<'a>(context: &Context<'_>, line: &'a str) -> Event<'a> {
    let found = time_in(line);
    let time = found.map_or(context.received, |time| context.resolve(time));
    let mut event = Event::new("text", Mart::LINUX, time);
    event.message = Cow::Borrowed(line);
    event.push("message", line);
    note(&mut event, "no known format, kept as text");
    if found.is_none() {
        note(&mut event, "no time in the record, arrival time taken");
    }
    event
}

/// A time with its date and year at the beginning of `line`, after a bracket, quote or `=` near it, or as
/// the kernel's audit writes it: `msg=audit(1772272800.123:42):`.
fn time_in(line: &str) -> Option<time::WallTime> {
    let start = |text: &str| time::iso(text).map(|(time, _)| time).or_else(|| time::classic(text));
    if let Some(time) = start(line) {
        return Some(time);
    }
    let head_end = line.floor_char_boundary(TIME_WITHIN_BYTES_MAX);
    let head = line.get(..head_end)?;
    if let Some((_, audit)) = head.split_once("audit(") {
        return time::value(audit.split(':').next()?);
    }
    let marks = head.match_indices(['[', '(', '"', '=']);
    marks.take(TIME_MARKS_MAX).find_map(|(position, _)| start(line.get(position + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_seen_wherever_they_stand() {
        for length in 0..100 {
            let plain = vec![b' '; length];
            assert_eq!(controls(&plain), 0);
            for at in 0..length {
                let mut bytes = plain.clone();
                for control in [0, 1, 0x1f, 0x7f] {
                    bytes.splice(at..=at, [control]);
                    assert_eq!(controls(&bytes), 1, "{control} at {at} of {length}");
                }
                bytes.splice(at..=at, [b'\t']);
                assert_eq!(controls(&bytes), 0);
            }
        }
    }

    #[test]
    fn times_near_the_beginning_of_a_line_are_found() {
        let cases = [
            ("2026-02-28 10:00:00 ERROR x", true),
            ("[Sat Feb 28 10:00:00 2026] [error] x", true),
            ("192.0.2.7 - - [28/Feb/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1", true),
            ("time=\"2026-02-28T10:00:00Z\" level=info", true),
            ("level=info time=2026-02-28T10:00:00Z", true),
            ("type=SYSCALL msg=audit(1772272800.000:42): arch=c000003e", true),
            ("nothing (of) [the] kind = \"here\"", false),
            ("a line that speaks of 2026-02-28T10:00:00Z in passing", false),
        ];
        for (line, has_time) in cases {
            let found = time_in(line).map(time::WallTime::wall_micros);
            assert_eq!(found, has_time.then_some(1_772_272_800_000_000), "{line}");
        }
    }
}
