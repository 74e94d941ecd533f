//! CSV with a header, which may be a comment.

use std::sync::Arc;

use ::csv::{ByteRecord, ReaderBuilder, Trim};

use super::moment::{read_confidence, read_moment};
use crate::indicators::feed::{Facts, FeedPlace, Intake, excerpt};
use crate::indicators::indicator::{IndicatorContext, Tlp};
use crate::indicators::kind::IndicatorFamily;

/// Columns that are looked at.
const COLUMNS_MAX: usize = 256;
/// Bytes of a record; a longer one is an unclosed quote.
const RECORD_BYTES_MAX: usize = 65_536;
/// How often reading begins anew behind an unclosed quote.
const RESTARTS_MAX: u32 = 16;

/// What a column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Value(Option<IndicatorFamily>),
    Kind,
    Confidence,
    FirstSeen,
    LastSeen,
    ValidFrom,
    ValidUntil,
    Threat,
    Label,
    Technique,
    Tlp,
    Other,
}

fn column(name: &str) -> Column {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).take(64).map(|c| c.to_ascii_lowercase()).collect();
    match plain.as_str() {
        "indicator" | "indicatorvalue" | "value" | "ioc" | "iocvalue" | "observable" | "host" => {
            Column::Value(None)
        }
        "type" | "kind" | "ioctype" | "indicatortype" | "valuetype" => Column::Kind,
        "confidence" | "confidencelevel" | "confidencescore" | "score" => Column::Confidence,
        "firstseen" | "firstseenutc" | "dateadded" | "created" | "date" | "added" => Column::FirstSeen,
        "lastseen" | "lastseenutc" | "lastonline" | "modified" | "updated" => Column::LastSeen,
        "validfrom" => Column::ValidFrom,
        "validuntil" | "expires" | "expiration" | "expirationdate" | "expiry" => Column::ValidUntil,
        "malware" | "malwarefamily" | "malwareprintable" | "signature" | "threat" | "family" | "campaign"
        | "actor" | "threatactor" => Column::Threat,
        "tags" | "tag" | "labels" | "label" | "threattype" | "category" => Column::Label,
        "technique" | "techniques" | "attack" | "attackid" | "mitre" | "mitreattack" | "ttp" | "ttps" => {
            Column::Technique
        }
        "tlp" => Column::Tlp,
        other => IndicatorFamily::named(other).map_or(Column::Other, |family| Column::Value(Some(family))),
    }
}

/// Whether the first lines of a text name columns of indicators.
pub(crate) fn has_header(start: &[u8]) -> bool {
    let (header, _, _) = split_header(start);
    let delimiter = delimiter(header);
    let columns =
        || header.split(move |byte| *byte == delimiter).map(|name| column(&String::from_utf8_lossy(name)));
    columns().count() > 1 && columns().any(|column| matches!(column, Column::Value(_)))
}

pub(crate) fn read(bytes: &[u8], intake: &mut Intake<'_>) {
    let (header, body, body_line) = split_header(bytes);
    let delimiter = delimiter(header);
    let names = read_names(header, delimiter);
    let columns: Vec<Column> = names.iter().take(COLUMNS_MAX).map(|name| column_of(name, intake)).collect();
    if !columns.iter().any(|column| matches!(column, Column::Value(_))) {
        let reason = "no column of values: name one indicator, ip, domain, url, md5, sha1, sha256 or email, or say in \
                      the feed's columns which one it is";
        intake.report.refused += 1;
        intake.problem(&String::from_utf8_lossy(header), reason, || FeedPlace {
            line: body_line.saturating_sub(1),
            record: "header".to_owned(),
        });
        return;
    }
    let mut start = 0;
    let mut first_line = body_line;
    for _ in 0..RESTARTS_MAX {
        let rest = body.get(start..).unwrap_or_default();
        match read_rows(rest, first_line, delimiter, &columns, intake) {
            Some(next) => {
                let passed = rest.get(..next).unwrap_or_default();
                first_line += memchr::memchr_iter(b'\n', passed).count() as u64;
                start += next;
            }
            None => return,
        }
    }
    intake.report.refused += 1;
    intake.problem("", "too many unclosed quotes: the rest of the feed is not read", || FeedPlace {
        line: first_line,
        record: String::new(),
    });
}

fn column_of(name: &str, intake: &Intake<'_>) -> Column {
    let meant = intake.feed.columns.iter().find(|(header, _)| header.eq_ignore_ascii_case(name.trim()));
    column(meant.map_or(name, |(_, known)| known))
}

/// The line of the header, what is behind it, and at which line that begins.
fn split_header(bytes: &[u8]) -> (&[u8], &[u8], u64) {
    let (mut commented, mut rest, mut line) = (&[][..], bytes, 0_u64);
    loop {
        let end = memchr::memchr(b'\n', rest);
        let first = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let behind = end.and_then(|end| rest.get(end + 1..)).unwrap_or_default();
        line += 1;
        let text = first.trim_ascii();
        let comment = text.strip_prefix(b"#").map(|text| text.trim_ascii_start());
        match comment {
            Some(text) if is_header(text) => commented = text,
            Some(_) => {}
            None if text.is_empty() => {}
            None if is_header(text) || commented.is_empty() => return (text, behind, line + 1),
            // The first row is data: the header was the last comment that could be one.
            None => return (commented, rest, line),
        }
        if behind.is_empty() {
            return (commented, behind, line + 1);
        }
        rest = behind;
    }
}

fn is_header(line: &[u8]) -> bool {
    let delimiter = delimiter(line);
    line.len() <= RECORD_BYTES_MAX
        && line
            .split(|byte| *byte == delimiter)
            .take(COLUMNS_MAX)
            .any(|name| matches!(column(&String::from_utf8_lossy(name)), Column::Value(_)))
}

/// The most frequent of the usual ones.
fn delimiter(header: &[u8]) -> u8 {
    let count = |delimiter: u8| memchr::memchr_iter(delimiter, header).count();
    let mut best = b',';
    for other in [b';', b'\t', b'|'] {
        if count(other) > count(best) {
            best = other;
        }
    }
    best
}

fn read_names(header: &[u8], delimiter: u8) -> Vec<String> {
    let mut reader =
        ReaderBuilder::new().has_headers(false).delimiter(delimiter).flexible(true).from_reader(header);
    let mut record = ByteRecord::new();
    match reader.read_byte_record(&mut record) {
        Ok(true) => record.iter().map(|name| excerpt(&String::from_utf8_lossy(name))).collect(),
        _ => Vec::new(),
    }
}

/// Reads rows; gives the offset at which to begin anew when a quote was not closed.
fn read_rows(
    body: &[u8],
    first_line: u64,
    delimiter: u8,
    columns: &[Column],
    intake: &mut Intake<'_>,
) -> Option<usize> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .delimiter(delimiter)
        .comment(Some(b'#'))
        .flexible(true)
        .trim(Trim::All)
        .from_reader(body);
    let base = Arc::new(intake.feed.context());
    let mut contexts = Contexts { base, last: None };
    let mut record = ByteRecord::new();
    // A slice does not fail to be read, and records of bytes of any number of columns are never wrong.
    while let Ok(true) = reader.read_byte_record(&mut record) {
        let start = record.position().map_or(0, |position| position.byte() as usize);
        let line = first_line + record.position().map_or(0, |position| position.line().saturating_sub(1));
        let place = || FeedPlace { line, record: String::new() };
        if record.as_slice().len() > RECORD_BYTES_MAX {
            intake.report.refused += 1;
            intake.problem(&String::from_utf8_lossy(record.get(0).unwrap_or_default()), too_long(), place);
            let rest = body.get(start..).unwrap_or_default();
            // Empty lines may stand before the record.
            let blank = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let end = memchr::memchr(b'\n', rest.get(blank..).unwrap_or_default());
            return end.map(|end| start + blank + end + 1);
        }
        if intake.is_full {
            return None;
        }
        read_row(&record, columns, &mut contexts, intake, line);
    }
    None
}

fn too_long() -> String {
    format!("a record of more than {RECORD_BYTES_MAX} bytes: a quote is not closed")
}

/// The contexts of rows; neighbours often share theirs.
struct Contexts {
    base: Arc<IndicatorContext>,
    last: Option<Arc<IndicatorContext>>,
}

impl Contexts {
    fn shared(&mut self, context: IndicatorContext) -> Arc<IndicatorContext> {
        match &self.last {
            Some(last) if **last == context => Arc::clone(last),
            _ => {
                let shared = Arc::new(context);
                self.last = Some(Arc::clone(&shared));
                shared
            }
        }
    }
}

fn read_row(
    record: &ByteRecord,
    columns: &[Column],
    contexts: &mut Contexts,
    intake: &mut Intake<'_>,
    line: u64,
) {
    let place = || FeedPlace { line, record: String::new() };
    let mut facts = Facts::of(Arc::clone(&contexts.base));
    let mut context = (*contexts.base).clone();
    let (mut kind, mut first_seen) = (None, None);
    let cells =
        || columns.iter().zip(record.iter()).map(|(column, cell)| (*column, String::from_utf8_lossy(cell)));
    for (column, cell) in cells() {
        let cell = cell.trim().trim_matches('"').trim();
        if is_nothing(cell) {
            continue;
        }
        let is_understood = match column {
            Column::Kind => {
                kind = Some(cell.to_owned());
                true
            }
            Column::Confidence => set(&mut facts.confidence, read_confidence(cell)),
            Column::FirstSeen => set(&mut first_seen, read_moment(cell)),
            Column::LastSeen => set(&mut facts.last_seen, read_moment(cell)),
            Column::ValidFrom => set(&mut facts.valid_from, read_moment(cell)),
            Column::ValidUntil => set(&mut facts.valid_until, read_moment(cell)),
            Column::Tlp => set(&mut context.tlp, Tlp::named(cell)),
            Column::Technique => context.add_techniques(cell),
            Column::Threat => {
                cell.split([',', ';', '|']).for_each(|name| context.add_threat(name));
                true
            }
            Column::Label => {
                cell.split([',', ';', '|']).for_each(|name| context.add_label(name));
                true
            }
            Column::Value(_) | Column::Other => true,
        };
        if !is_understood {
            intake.problem(cell, format!("not understood as {column:?}: passed over"), place);
        }
    }
    context.narrow(intake.feed.tlp);
    facts.last_seen = facts.last_seen.or(first_seen);
    facts.context = contexts.shared(context);
    let family = kind.as_deref().map(IndicatorFamily::named);
    if let (Some(kind), Some(None)) = (&kind, family) {
        intake.report.skipped += 1;
        intake.problem(kind, "values of this type are not indicators here", place);
        return;
    }
    for (column, cell) in cells() {
        let Column::Value(named) = column else { continue };
        if !is_nothing(cell.trim()) {
            intake.offer(&cell, named.or(family.flatten()), &facts, place);
        }
    }
}

/// How feeds write that there is nothing.
fn is_nothing(cell: &str) -> bool {
    let cell = cell.trim_matches('"').trim();
    cell.is_empty()
        || ["-", "n/a", "none", "null", "unknown"].iter().any(|nothing| cell.eq_ignore_ascii_case(nothing))
}

fn set<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let is_understood = value.is_some();
    if is_understood {
        *slot = value;
    }
    is_understood
}
