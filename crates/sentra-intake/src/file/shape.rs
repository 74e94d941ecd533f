use sentra_decode::{LegacyFramed, LegacyStream, RdwFramer, is_evtx};

use crate::inflate::Compression;

/// What a file holds, judged by its first bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    Lines,
    /// Perhaps one JSON document; the decoder has the last word.
    Document,
    Evtx,
    /// Records of a legacy system.
    Legacy(LegacyStream),
    /// Nothing that could be read, with what it seems to be.
    Binary(&'static str),
}

/// Share of bytes that are no text, in percent, from which on a file with NULs is no log.
const BINARY_PERCENT: usize = 10;
/// How much of a file is looked at for a record of a legacy system, and how much there must be.
const LOOK_BYTES_MAX: usize = 64 * 1024;
const LOOK_BYTES_MIN: usize = 18;
/// Where a tar archive says that it is one.
const TAR_MAGIC_AT: usize = 257;

/// Judges `head`; `is_whole` says that there is no more.
pub(super) fn shape(head: &[u8], is_whole: bool) -> Shape {
    if is_evtx(head) {
        return Shape::Evtx;
    }
    if let Some(stream) = legacy_head(head) {
        return Shape::Legacy(stream);
    }
    if let Some(what) = known_binary(head) {
        return Shape::Binary(what);
    }
    if is_mostly_binary(head) {
        return Shape::Binary("the bytes are not text");
    }
    if is_document(head, is_whole) { Shape::Document } else { Shape::Lines }
}

/// The stream that a format of legacy systems is cut from.
pub(super) fn legacy_stream(format: &str) -> Option<LegacyStream> {
    match format.split(':').next().unwrap_or_default() {
        "smf" => Some(LegacyStream::Smf),
        "qaudjrn" => Some(LegacyStream::Qaudjrn),
        "ems" => Some(LegacyStream::Ems),
        _ => None,
    }
}

/// Whether a file begins with a whole SMF record: nothing else has a length, zeroes and a packed date there.
fn legacy_head(head: &[u8]) -> Option<LegacyStream> {
    // Text is never looked at: the heads of these are binary.
    let is_binary = head.get(..LOOK_BYTES_MIN).is_some_and(|head| head.contains(&0));
    if !is_binary {
        return None;
    }
    let mut is_record = None;
    let head = head.get(..LOOK_BYTES_MAX).unwrap_or(head);
    RdwFramer::new(LegacyStream::Smf, LOOK_BYTES_MAX).push(head, &mut |framed| {
        is_record.get_or_insert(matches!(framed, LegacyFramed::Record { .. }));
    });
    (is_record == Some(true)).then_some(LegacyStream::Smf)
}

/// Something well known that is no text, with what to do about it.
pub(crate) fn known_binary(head: &[u8]) -> Option<&'static str> {
    let magics: [(&[u8], &str); 8] = [
        (b"PK\x03\x04", "it is a zip archive: unpack it first"),
        (b"BZh", "it is compressed with bzip2: unpack it first"),
        (b"\xfd7zXZ\0", "it is compressed with xz: unpack it first"),
        (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive: unpack it first"),
        (b"\x7fELF", "it is a program"),
        (b"\x89PNG", "it is a picture"),
        (b"\xff\xfe", "it is UTF-16 text: convert it to UTF-8 first"),
        (b"\xfe\xff", "it is UTF-16 text: convert it to UTF-8 first"),
    ];
    if Compression::of(head).is_some() {
        return Some("it is compressed twice: unpack it once");
    }
    if head.get(TAR_MAGIC_AT..TAR_MAGIC_AT + 5) == Some(b"ustar") {
        return Some("it is a tar archive: unpack it first");
    }
    magics.into_iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, what)| what)
}

/// Logs may hold stray bytes, and after a power failure even a few NULs; programs and pictures are full of them.
fn is_mostly_binary(head: &[u8]) -> bool {
    let is_text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x1b | 0x20..=0x7e | 0x80..);
    let not_text = head.iter().filter(|byte| !is_text(byte)).count();
    head.contains(&0) && not_text * 100 > head.len() * BINARY_PERCENT
}

/// Whether it is worth having the whole file in memory to see if it is one JSON document. Lines of JSON
/// begin with a whole object and go on with the next one.
fn is_document(head: &[u8], is_whole: bool) -> bool {
    let text = head.trim_ascii_start();
    match text.split_first() {
        Some((b'[', rest)) => matches!(rest.trim_ascii_start().first(), Some(b'{' | b']')),
        Some((b'{', rest)) => {
            let has_records = begins_with_records(rest);
            let Some(line_end) = text.iter().position(|byte| *byte == b'\n') else {
                return is_whole || has_records;
            };
            let (first, after) = text.split_at(line_end);
            let goes_on_with_object = after.trim_ascii_start().starts_with(b"{");
            let is_object = serde_json::from_slice::<serde::de::IgnoredAny>(first).is_ok();
            has_records || !(is_object || goes_on_with_object)
        }
        _ => false,
    }
}

fn begins_with_records(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    let after = [&b"\"Records\""[..], b"\"records\""].into_iter().find_map(|name| rest.strip_prefix(name));
    after.is_some_and(|after| after.trim_ascii_start().starts_with(b":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_judged_by_what_they_hold() {
        let elf = [b"\x7fELF\x02\x01\x01".to_vec(), vec![0; 100]].concat();
        let noise: Vec<u8> = (0..=255).cycle().take(4_096).collect();
        let crashed = [vec![b'a'; 4_000], vec![0; 64], b"\nline\n".to_vec()].concat();
        let cases: [(&[u8], Shape); 14] = [
            (b"ElfFile\0rest", Shape::Evtx),
            (b"Jan  1 00:00:00 host sshd[1]: x\n", Shape::Lines),
            (b"{\"a\":1}\n{\"a\":2}\n", Shape::Lines),
            (b"{broken\n{\"a\":2}\n", Shape::Lines),
            (b"[{\"a\":1}]", Shape::Document),
            (b"[Sun Dec 04 04:47:44 2005] [notice] x", Shape::Lines),
            (b"[  0.000000] Linux version", Shape::Lines),
            (b"{\n  \"a\": 1\n}\n", Shape::Document),
            (b" {\"Records\": [{\"a\":1}]}\n", Shape::Document),
            (b"{\"a\":1}", Shape::Document),
            (&elf, Shape::Binary("it is a program")),
            (&noise, Shape::Binary("the bytes are not text")),
            (&crashed, Shape::Lines),
            (b"caf\xe9 latin-1\n", Shape::Lines),
        ];
        for (head, expected) in cases {
            assert_eq!(shape(head, true), expected, "{}", String::from_utf8_lossy(head));
        }
        assert_eq!(shape(b"{\"a\":\"long", false), Shape::Lines, "a long first line is no document");
    }
}
