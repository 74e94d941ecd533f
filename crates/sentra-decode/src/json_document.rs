//! Files that are one JSON document: an array of records, an envelope around one, or one printed object.

use sentra_model::OwnedRecord;
use sonic_rs::{JsonValueTrait as _, LazyValue};

use crate::flatten::is_too_deep;

/// Why a document cannot be taken apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentProblem {
    /// It begins like a document and does not go on like one.
    #[error("the JSON document breaks at line {line}, column {column}: {detail}")]
    Broken {
        /// Line from 1.
        line: usize,
        /// Column from 1, in bytes.
        column: usize,
        /// What the parser missed.
        detail: String,
    },
    /// It is nested deeper than any record may be.
    #[error("the JSON document is nested too deeply")]
    TooDeep,
}

/// Members under which services wrap the records of a file.
const ENVELOPES: [&str; 2] = ["Records", "records"];
/// Members under which interfaces give the records of a page. A record may have a member of such a name too, so
/// these count only where nothing but [`PAGE_MEMBERS`] stands beside them.
const PAGES: [&str; 8] =
    ["value", "items", "entries", "authlogs", "Findings", "Report_Entry", "results", "logEvents"];
/// What pages say beside their records.
const PAGE_MEMBERS: [&str; 22] = [
    "@odata.context",
    "@odata.count",
    "@odata.nextLink",
    "@odata.deltaLink",
    "nextLink",
    "kind",
    "apiVersion",
    "metadata",
    "etag",
    "nextPageToken",
    "NextToken",
    "nextToken",
    "next",
    "response_metadata",
    "ok",
    "total",
    "totalcount",
    "displaycount",
    "msg",
    "errorCode",
    "errorcode",
    "status",
];

/// Whether a file that begins with `head` may be one JSON document, so that it is worth reading as a whole for
/// [`json_document_records`]. `false` is certain: then it is lines.
#[must_use]
pub fn may_be_json_document(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    match head.first() {
        // A log line may begin with a bracket too: `[Sat Feb 28 …] [error] …`.
        Some(b'[') => match head.get(1..).unwrap_or_default().trim_ascii_start().first() {
            None | Some(b'{' | b']') => true,
            Some(_) => false,
        },
        Some(b'{') => !head.trim_ascii_end().contains(&b'\n') || is_more_than_a_line(head),
        _ => false,
    }
}

/// The records of a file that is one JSON document as a whole; `None` when it is not one, but lines.
///
/// An array of objects gives its elements, `{"Records": [ … ]}` (one or several) the elements inside, printed objects (one or
/// several, over many lines) each themselves. NDJSON is lines. Positions run from 1; the bytes of a record are
/// those of the file. A document that breaks is a problem as a whole: its records cannot be told apart.
#[must_use]
pub fn json_document_records(bytes: &[u8]) -> Option<Result<Vec<OwnedRecord>, DocumentProblem>> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii();
    // What is taken apart here without being copied must be text: the lines of other bytes are judged one by one.
    if !may_be_json_document(bytes) || std::str::from_utf8(bytes).is_err() {
        return None;
    }
    if bytes.starts_with(b"{") && !is_more_than_a_line(bytes) {
        return None;
    }
    if is_too_deep(bytes) {
        let is_lines = bytes.starts_with(b"{") && has_later_line_object(bytes);
        return (!is_lines).then_some(Err(DocumentProblem::TooDeep));
    }
    match records(bytes) {
        // Law LOSS: a broken first line must not take the good lines behind it along.
        Err(_) if bytes.starts_with(b"{") && has_later_line_object(bytes) => None,
        records => Some(records),
    }
}

/// Whether a line behind the first one is an object of its own, as in NDJSON.
fn has_later_line_object(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').skip(1).any(|line| {
        let line = line.trim_ascii_end();
        line.starts_with(b"{")
            && line.ends_with(b"}")
            && !is_too_deep(line)
            && sonic_rs::from_slice::<LazyValue<'_>>(line).is_ok()
    })
}

/// Whether the object that `bytes` begin with is not one line of NDJSON: its first line breaks off before
/// it is complete, or it is an envelope.
fn is_more_than_a_line(bytes: &[u8]) -> bool {
    let line_end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
    let line = bytes.get(..line_end).unwrap_or(bytes).trim_ascii_end();
    if !line.ends_with(b"}") || is_too_deep(line) {
        return true;
    }
    let Ok(object) = sonic_rs::from_slice::<LazyValue<'_>>(line) else { return true };
    enclosed(&object).is_some()
}

/// The array of records that an object is only the envelope of.
fn enclosed<'a>(document: &'a LazyValue<'a>) -> Option<LazyValue<'a>> {
    let array = |name: &&str| document.get(*name).filter(|member| member.is_array());
    if let Some(list) = ENVELOPES.iter().find_map(array) {
        return Some(list);
    }
    let (name, list) = PAGES.iter().find_map(|name| Some((*name, array(name)?)))?;
    let first = list.clone().into_array_iter()?.next()?.ok()?;
    let is_page = document
        .clone()
        .into_object_iter()?
        .all(|member| member.is_ok_and(|(other, _)| other == name || PAGE_MEMBERS.contains(&other.as_ref())));
    (is_page && first.is_object()).then_some(list)
}

fn records(bytes: &[u8]) -> Result<Vec<OwnedRecord>, DocumentProblem> {
    let mut records = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (one, after) = rest.split_at(document_end(rest));
        let document =
            sonic_rs::from_slice::<LazyValue<'_>>(one).map_err(|error| broken(bytes, one, &error))?;
        rest = after.trim_ascii_start();
        let list = enclosed(&document).or_else(|| document.is_array().then(|| document.clone()));
        let Some(list) = list else {
            put(&mut records, document.as_raw_str());
            continue;
        };
        for element in list.into_array_iter().into_iter().flatten() {
            let element = element.map_err(|error| broken(bytes, one, &error))?;
            put(&mut records, element.as_raw_str());
        }
    }
    Ok(records)
}

/// Where the brackets of the first document in `bytes` close; everything, when they do not.
fn document_end(bytes: &[u8]) -> usize {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for (position, byte) in bytes.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return position + 1;
                }
            }
            _ => {}
        }
    }
    bytes.len()
}

fn put(records: &mut Vec<OwnedRecord>, raw: &str) {
    let position = records.len() as u64 + 1;
    records.push(OwnedRecord { position, bytes: raw.as_bytes().to_vec() });
}

/// `one` is the document within `bytes` that the error is about.
fn broken(bytes: &[u8], one: &[u8], error: &sonic_rs::Error) -> DocumentProblem {
    let text = error.to_string();
    let detail = text.lines().next().unwrap_or_default().split(" at line ").next().unwrap_or_default();
    let before = bytes.len().saturating_sub(one.len());
    // Only the last document can be the broken one, so what stands before it is the rest of the bytes.
    let lines_before = bytes.get(..before).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count();
    DocumentProblem::Broken {
        line: lines_before + error.line(),
        column: error.column(),
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(document: &str) -> Option<Result<Vec<String>, DocumentProblem>> {
        let records = json_document_records(document.as_bytes())?;
        Some(records.map(|records| {
            records.into_iter().map(|record| String::from_utf8(record.bytes).expect("text")).collect()
        }))
    }

    #[test]
    fn documents_are_taken_apart_and_lines_are_left_alone() {
        let cases: [(&str, Option<&[&str]>); 19] = [
            (r#"{"@odata.context":"x","value":[{"a":1},{"b":2}]}"#, Some(&[r#"{"a":1}"#, r#"{"b":2}"#])),
            ("{\"kind\":\"EventList\",\"metadata\":{},\"items\":[{\"a\":1}]}\n", Some(&[r#"{"a":1}"#])),
            ("{\"Report_Entry\":[{\"a\":1}]}", Some(&[r#"{"a":1}"#])),
            ("{\"user\":\"alice\",\"items\":[{\"a\":1}]}\n", None),
            ("{\"value\":[1,2]}\n{\"value\":[3]}\n", None),
            ("{\"cut\":\n{\"a\":2}\n{\"a\":3}\n", None),
            ("{\"cut\": \"off\n{\"a\":2}\n", None),
            ("{\"Records\":[{\"a\":1}]}\n{\"Records\":[{\"b\":2}]}", Some(&[r#"{"a":1}"#, r#"{"b":2}"#])),
            (r#"[{"a":1}, {"b":[2]}]"#, Some(&[r#"{"a":1}"#, r#"{"b":[2]}"#])),
            ("[]", Some(&[])),
            ("{\"Records\":[{\"a\":1},\n{\"b\":2}]}", Some(&[r#"{"a":1}"#, r#"{"b":2}"#])),
            ("{\"Records\":[{\"a\":1}]}\n", Some(&[r#"{"a":1}"#])),
            ("{\n \"a\": 1\n}\n", Some(&["{\n \"a\": 1\n}"])),
            ("{\n \"a\": 1\n}\n{\n \"a\": 2\n}", Some(&["{\n \"a\": 1\n}", "{\n \"a\": 2\n}"])),
            ("{\"a\":1}\n{\"a\":2}\n", None),
            ("{\"a\":1}\n", None),
            ("[Sat Feb 28 10:00:00 2026] [error] text", None),
            ("Dec 10 06:07:08 host sshd[1]: text", None),
            ("", None),
        ];
        for (document, expected) in cases {
            let found = texts(document).map(|records| records.expect(document));
            let expected = expected.map(|records| records.iter().map(|text| (*text).to_owned()).collect());
            assert_eq!(found, expected, "{document:?}");
            assert!(expected.is_none() || may_be_json_document(document.as_bytes()), "{document:?}");
            // Whatever the part that is known already, a document is not taken for lines.
            let heads = (0..document.len())
                .filter_map(|end| document.get(..end))
                .filter(|head| !head.trim().is_empty());
            assert!(
                expected.is_none() || heads.into_iter().all(|head| may_be_json_document(head.as_bytes()))
            );
        }
    }

    /// Found by the fuzz targets: a document with bytes that are no UTF-8 was read as if it were.
    #[test]
    fn bytes_that_are_no_text_are_no_document() {
        assert!(json_document_records(b"{\n\"a\": \"\xff\"\n}").is_none());
        assert!(json_document_records(b"[{\"a\":\"caf\xe9\"}]").is_none());
    }

    #[test]
    fn a_broken_document_says_where() {
        let problem = texts("[{\"a\":1},\n{\"b\":}]").expect("a document").expect_err("broken");
        assert!(matches!(problem, DocumentProblem::Broken { line: 2, .. }), "{problem}");
        let deep = format!("[{{\"a\":{}{}}}]", "[".repeat(500_000), "]".repeat(500_000));
        assert_eq!(texts(&deep), Some(Err(DocumentProblem::TooDeep)));
    }
}
