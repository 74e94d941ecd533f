//! How a form is found: where the values of a row stand in its raw record.

use memchr::memmem;

use super::{Form, MARK, REFERENCES_MAX, Row, What, escape, time};

/// Shortest value that is looked for where its column's name does not stand before it, in bytes.
const LOOSE_BYTES_MIN: usize = 3;
/// Most places at which one value is looked for.
const PLACES_MAX: usize = 16;
/// What may stand between a name and its value.
const BETWEEN: [&str; 7] = ["\":\"", "\":", "=", "=\"", "\": \"", "\": ", ":"];

/// A place in a raw record that a reference may stand for.
struct Span {
    start: usize,
    end: usize,
    is_named: bool,
    what: What,
}

/// A form that fits `raw`. The columns are named by `names`, an empty name being of one that is not referred to.
pub(super) fn derive(raw: &str, row: &impl Row, names: &[String]) -> Option<Form> {
    if raw.contains(MARK) {
        return None;
    }
    let mut spans = Vec::new();
    times(raw, row, &mut spans);
    for (column, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        let Some(text) = row.text(column).filter(|text| !text.is_empty()) else { continue };
        let leaf = name.rsplit('.').next().unwrap_or(name);
        if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
            let mut escaped = Vec::new();
            escape(text, &mut escaped);
            places(raw, &escaped, leaf, &What::Escaped(column), &mut spans);
        }
        places(raw, text.as_bytes(), leaf, &What::Text(column), &mut spans);
    }
    // What stands for most of the record first.
    spans.sort_by_key(|span| (std::cmp::Reverse(span.end - span.start), !span.is_named, span.start));
    let mut chosen: Vec<Span> = Vec::new();
    for span in spans {
        // Something stands between two references, or their words could run together in another row.
        let is_apart = |other: &Span| span.end < other.start || other.end < span.start;
        if chosen.len() < REFERENCES_MAX && chosen.iter().all(is_apart) {
            chosen.push(span);
        }
    }
    chosen.sort_by_key(|span| span.start);
    let form = with_holes(raw, chosen)?;
    (form.pieces.len() <= REFERENCES_MAX && !form.pieces.is_empty()).then_some(form)
}

/// Where the time of the event is written.
fn times(raw: &str, row: &impl Row, spans: &mut Vec<Span>) {
    let mut times = time::Writer::default();
    for style in 0..time::STYLES {
        let Some(written) = times.write(row.time(), style) else { continue };
        for start in memmem::find_iter(raw.as_bytes(), written).take(PLACES_MAX) {
            let end = start + written.len();
            let after = raw.as_bytes().get(end..).unwrap_or_default();
            let goes_on = match after {
                [b'.', next, ..] => next.is_ascii_digit(),
                [next, ..] => next.is_ascii_digit(),
                [] => false,
            };
            if !goes_on && is_edge(before(raw, start)) {
                spans.push(Span { start, end, is_named: true, what: What::Time(style) });
            }
        }
    }
}

/// Where `value` stands as whole words.
fn places(raw: &str, value: &[u8], leaf: &str, what: &What, spans: &mut Vec<Span>) {
    for start in memmem::find_iter(raw.as_bytes(), value).take(PLACES_MAX) {
        let end = start + value.len();
        if !is_edge(before(raw, start)) || !is_edge(raw.as_bytes().get(end).copied()) {
            continue;
        }
        let is_named = raw.get(..start).is_some_and(|head| is_named(head, leaf));
        if is_named || value.len() >= LOOSE_BYTES_MIN {
            spans.push(Span { start, end, is_named, what: what.clone() });
        }
    }
}

fn is_named(head: &str, leaf: &str) -> bool {
    BETWEEN.iter().any(|between| {
        head.strip_suffix(between)
            .and_then(|head| head.strip_suffix(leaf))
            .is_some_and(|head| is_edge(head.bytes().last()))
    })
}

fn before(raw: &str, place: usize) -> Option<u8> {
    raw.as_bytes().get(place.checked_sub(1)?).copied()
}

/// Whether no word goes on over a byte.
pub(super) fn is_edge(byte: Option<u8>) -> bool {
    byte.is_none_or(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric())
}

/// The form with the references of `spans`, and holes for what has digits beside them.
fn with_holes(raw: &str, spans: Vec<Span>) -> Option<Form> {
    let mut form = Form::default();
    let mut literal = String::new();
    let mut at = 0;
    for span in spans {
        holes(raw.get(at..span.start)?, &mut literal, &mut form);
        form.pieces.push((std::mem::take(&mut literal), span.what));
        at = span.end;
    }
    holes(raw.get(at..)?, &mut literal, &mut form);
    form.tail = literal;
    Some(form)
}

/// Adds the text between two references.
fn holes(text: &str, literal: &mut String, form: &mut Form) {
    let mut left = text;
    while let Some(first) = left.chars().next() {
        let run = left.bytes().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(left.len());
        let (word, after) = left.split_at_checked(run.max(first.len_utf8())).unwrap_or((left, ""));
        // Names of fields are the same in all rows.
        let is_name = after.starts_with("\":") || after.starts_with('=');
        if run > 0 && word.bytes().any(|byte| byte.is_ascii_digit()) && !is_name {
            form.pieces.push((std::mem::take(literal), What::Hole));
        } else {
            literal.push_str(word);
        }
        left = after;
    }
}
