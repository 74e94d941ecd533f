//! Zeek's tab-separated records as [`super::ZeekTsvFramer`] leaves them: a line that says what the columns
//! are, and the line of data.

use std::borrow::Cow;

use sentra_model::{Event, FieldValue};

use super::meaning;
use crate::decoder::Context;
use crate::devices::{self, FIELDS_MAX};
use crate::flatten::Field;
use crate::format::{Format, Payload, Shape};
use crate::names::note;

pub(crate) static FORMAT: Format = Format {
    name: "zeek_tsv",
    title: "Zeek logs as tab-separated text, with the header of their file",
    sample: "#zeek_tsv path=conn sep=%09 set=, empty=(empty) unset=- fields=ts,uid,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,service,conn_state,local_orig?\n1772359200.123456\tCHhAvVGS1DHFjwGM9\t192.0.2.7\t40022\t198.51.100.9\t443\ttcp\tssl\tSF\tT",
    shape: Shape::Text { programs: &[], recognise, parse },
};

/// What a record begins with.
const MARK: &str = "#zeek_tsv ";

fn recognise(payload: &Payload<'_>) -> bool {
    payload.text.starts_with(MARK)
}

/// The layout as the record's first line has it.
struct Layout<'a> {
    path: Cow<'a, str>,
    separator: Cow<'a, str>,
    set_separator: Cow<'a, str>,
    empty: Cow<'a, str>,
    unset: Cow<'a, str>,
    fields: &'a str,
}

impl<'a> Layout<'a> {
    fn of(line: &'a str) -> Self {
        let tab = || Cow::Borrowed("\t");
        let mut layout = Self {
            path: Cow::Borrowed(""),
            separator: tab(),
            set_separator: Cow::Borrowed(","),
            empty: Cow::Borrowed("(empty)"),
            unset: Cow::Borrowed("-"),
            fields: "",
        };
        for (name, value) in line.split(' ').filter_map(|word| word.split_once('=')) {
            match name {
                "path" => layout.path = word(value),
                "sep" if !value.is_empty() => layout.separator = word(value),
                "set" if !value.is_empty() => layout.set_separator = word(value),
                "empty" => layout.empty = word(value),
                "unset" => layout.unset = word(value),
                "fields" => layout.fields = value,
                _ => {}
            }
        }
        layout
    }
}

/// The word without its `%09`.
fn word(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(code) => {
                plain.push(char::from(code));
                plain.push_str(part.get(2..).unwrap_or_default());
            }
            None => {
                plain.push('%');
                plain.push_str(part);
            }
        }
    }
    Cow::Owned(plain)
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    let Some((header, data)) = payload.text.strip_prefix(MARK).and_then(|rest| rest.split_once('\n')) else {
        return false;
    };
    let layout = Layout::of(header);
    if layout.fields.is_empty() {
        return false;
    }
    let mut fields: Vec<Field<'a>> = Vec::with_capacity(32);
    let mut names = layout.fields.split(',');
    let mut values = data.split(layout.separator.as_ref());
    let (mut missing, mut stray, mut left_out) = (0, 0, 0);
    loop {
        match (names.next(), values.next()) {
            (Some(name), Some(value)) => push(&mut fields, &mut left_out, &layout, name, value),
            (Some(_), None) => missing += 1,
            (None, Some(value)) => {
                stray += 1;
                if fields.len() < FIELDS_MAX {
                    fields.push((Cow::Borrowed("column"), FieldValue::from(value)));
                }
            }
            (None, None) => break,
        }
    }
    let mut inner = meaning::event(context, "zeek_tsv", layout.path, fields);
    if inner.host.is_empty() {
        inner.host = std::mem::take(&mut event.host);
    }
    *event = inner;
    devices::note_left_out(event, left_out);
    if missing > 0 {
        note(event, format!("{missing} columns missing at the end of the line"));
    }
    if stray > 0 {
        note(event, format!("{stray} columns beyond those of the header"));
    }
    true
}

/// Adds the values of one column: sets and vectors repeat its name, unset and empty ones are absent.
fn push<'a>(
    fields: &mut Vec<Field<'a>>,
    left_out: &mut usize,
    layout: &Layout<'a>,
    name: &'a str,
    value: &'a str,
) {
    if value == layout.unset || value == layout.empty {
        return;
    }
    let (name, kind) = match name.strip_suffix(['?', '*']) {
        Some(plain) => (plain, name.get(plain.len()..).unwrap_or_default()),
        None => (name, ""),
    };
    let mut put = |value: FieldValue<'a>| {
        if fields.len() < FIELDS_MAX {
            fields.push((word(name), value));
        } else {
            *left_out += 1;
        }
    };
    match (kind, value) {
        ("?", "T") => put(FieldValue::Bool(true)),
        ("?", "F") => put(FieldValue::Bool(false)),
        ("*", _) => {
            value.split(layout.set_separator.as_ref()).for_each(|part| put(FieldValue::Text(plain(part))))
        }
        _ => put(FieldValue::Text(plain(value))),
    }
}

/// The text without Zeek's `\x09`; escapes that make no UTF-8 stay.
fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains("\\x") {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        match after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.extend_from_slice(b"\\x");
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}
