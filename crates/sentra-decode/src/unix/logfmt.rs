//! Lines of `key=value` in general, as many programs and appliances write them (logfmt).
//!
//! A line is taken for one when it begins with a pair, has three or more, and they cover most of it. The header
//! is filled from names that many sources share, as for JSON that no format knows.

use std::borrow::Cow;

use sentra_model::{Event, FieldValue, Severity};

use crate::address;
use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Payload, Shape};
use crate::json;
use crate::names::{first_of, note};
use crate::scan::{FIELDS_MAX, quoted};

pub(crate) static FORMAT: Format = Format {
    name: "logfmt",
    title: "lines of key=value pairs",
    sample: r#"time=2026-03-01T10:00:00Z level=warn msg="login refused" user=alice src_ip=192.0.2.7 attempts=3"#,
    shape: Shape::Text { programs: &[], recognise, parse },
};

/// How many pairs a line must have.
const PAIRS_MIN: usize = 3;
/// Longer words before `=` are no names.
const NAME_BYTES_MAX: usize = 64;

fn recognise(payload: &Payload<'_>) -> bool {
    // Most lines are turned away by their first word.
    let text = payload.text.trim_start();
    let Some((name, rest)) = pair_name(text) else { return false };
    if name.is_empty() || rest.starts_with('=') {
        return false;
    }
    let (mut count, mut covered) = (0, 0);
    for part in Parts(text) {
        if let Part::Pair { bytes, .. } = part {
            count += 1;
            covered += bytes;
        }
    }
    count >= PAIRS_MIN && covered * 4 >= text.len() * 3
}

/// The name of the pair that `text` begins with, and what follows its equals sign.
fn pair_name(text: &str) -> Option<(&str, &str)> {
    let head = text.as_bytes().get(..=NAME_BYTES_MAX).unwrap_or(text.as_bytes());
    let end = head.iter().position(|byte| {
        !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'@' | b'$'))
    })?;
    if end == 0 || head.get(end) != Some(&b'=') {
        return None;
    }
    Some((text.get(..end)?, text.get(end + 1..)?))
}

/// A piece of a line.
enum Part<'a> {
    Pair { name: &'a str, value: Cow<'a, str>, bytes: usize },
    Word(&'a str),
}

/// The pieces of a line, in order.
struct Parts<'a>(&'a str);

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let text = self.0.trim_start_matches([' ', ',', ';', '\t']);
        if text.is_empty() {
            return None;
        }
        let Some((name, value)) = pair_name(text) else {
            let (word, rest) = word(text);
            self.0 = rest;
            return Some(Part::Word(word));
        };
        let (value, rest) = match quoted(value) {
            Some((inside, rest)) => (unescape(inside), rest),
            None => {
                let (value, rest) = word(value);
                (Cow::Borrowed(value.trim_end_matches([',', ';'])), rest)
            }
        };
        self.0 = rest;
        // The blank before the next pair counts as covered.
        let bytes = text.len() - rest.len() + 1;
        Some(Part::Pair { name, value, bytes })
    }
}

/// The text before the first blank, and the rest with it.
fn word(text: &str) -> (&str, &str) {
    let end = memchr::memchr2(b' ', b'\t', text.as_bytes()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// `\"`, `\\`, `\n` and `\t` as what they stand for.
fn unescape(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            Some(escaped @ ('"' | '\\')) => plain.push(escaped),
            Some(other) => plain.extend(['\\', other]),
            None => plain.push('\\'),
        }
    }
    Cow::Owned(plain)
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    let (mut fields, mut words, mut beyond) = (Vec::<Field<'a>>::with_capacity(16), 0, 0);
    for part in Parts(payload.text) {
        match part {
            Part::Pair { name, value, .. } if fields.len() < FIELDS_MAX => {
                fields.push((Cow::Borrowed(name), FieldValue::Text(value)));
            }
            Part::Pair { .. } => beyond += 1,
            Part::Word(word) => {
                words += 1;
                if fields.len() < FIELDS_MAX {
                    fields.push((Cow::Borrowed("word"), FieldValue::Text(Cow::Borrowed(word))));
                }
            }
        }
    }
    if fields.len() < words + PAIRS_MIN {
        return false;
    }
    fill(context, payload, event, fields);
    if beyond > 0 {
        note(event, format!("{beyond} values beyond {FIELDS_MAX} fields left out"));
    }
    true
}

/// Lays what the pairs say over what the envelope says.
fn fill<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>, fields: Vec<Field<'a>>) {
    let level = first_of(&fields, &["level", "lvl", "severity", "loglevel", "pri"]);
    let severity = level.map_or(Severity::Unknown, |level| severity(&level.as_text()));
    let mut inner = json::decode(context, fields);
    // Appliances write `src=192.0.2.7:40000:X1`.
    if inner.src_ip.is_empty() {
        (inner.src_ip, inner.src_port) = place(&inner, &["src", "saddr", "source", "ip", "rip", "remip"]);
    }
    if inner.dst_ip.is_empty() {
        (inner.dst_ip, inner.dst_port) = place(&inner, &["dst", "daddr", "destination"]);
    }
    // Without a time of its own the line has that of its envelope.
    if inner.problem.is_none() {
        event.time = inner.time;
        if event.problem.as_deref().is_some_and(|problem| problem.starts_with("no time")) {
            event.problem = None;
        }
    } else if !payload.in_syslog {
        event.problem = inner.problem;
    }
    if severity != Severity::Unknown {
        event.severity = severity;
    }
    for (own, found) in [
        (&mut event.host, inner.host),
        (&mut event.user, inner.user),
        (&mut event.src_ip, inner.src_ip),
        (&mut event.dst_ip, inner.dst_ip),
        (&mut event.process, inner.process),
        (&mut event.pid, inner.pid),
        (&mut event.command, inner.command),
        (&mut event.app, inner.app),
        (&mut event.domain, inner.domain),
        (&mut event.message, inner.message),
    ] {
        if !found.is_empty() {
            *own = found;
        }
    }
    if inner.code.is_some() {
        (event.class, event.code, event.outcome) = (inner.class, inner.code, inner.outcome);
    }
    (event.src_port, event.dst_port) = (inner.src_port, inner.dst_port);
    event.fields.extend(inner.fields);
}

/// Address and port in the first of `names` that has an address.
fn place<'a>(event: &Event<'a>, names: &[&str]) -> (Cow<'a, str>, u16) {
    let found = names.iter().filter_map(|name| event.text(name)).find_map(|text| {
        let port = text.split(':').nth(1).filter(|_| text.contains('.')).map_or(0, address::port);
        let address = address::ip(text).or_else(|| address::ip(text.split(':').next()?))?;
        Some((Cow::Owned(address.to_owned()), port))
    });
    found.unwrap_or_default()
}

fn severity(level: &str) -> Severity {
    match level.to_ascii_lowercase().as_str() {
        "emerg" | "emergency" | "alert" | "crit" | "critical" | "fatal" | "panic" => Severity::Critical,
        "err" | "error" => Severity::High,
        "warn" | "warning" => Severity::Medium,
        "notice" => Severity::Low,
        "info" | "information" | "informational" | "debug" | "trace" => Severity::Informational,
        _ => Severity::Unknown,
    }
}
