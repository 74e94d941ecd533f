//! The line `time [**] [gid:sid:rev] message [**] [Classification: …] [Priority: n] {proto} source -> target`.

use memchr::memmem;
use sentra_model::Timestamp;

use crate::decoder::Context;
use crate::time;

/// An alert in its parts; those that the line does not have are empty.
#[derive(Debug, Default)]
pub(super) struct Alert<'a> {
    pub(super) generator: &'a str,
    pub(super) signature: &'a str,
    pub(super) revision: &'a str,
    pub(super) message: &'a str,
    pub(super) classification: &'a str,
    pub(super) priority: &'a str,
    pub(super) protocol: &'a str,
    /// `Drop` or `wDrop` of an inline sensor.
    pub(super) verdict: &'a str,
    pub(super) source: &'a str,
    pub(super) target: &'a str,
}

/// What tells the line's kinds apart.
pub(super) struct Shape {
    pub(super) has_time: bool,
    pub(super) has_long_year: bool,
}

/// Whether the text begins as an alert does: decided by its first hundred bytes.
pub(super) fn shape(text: &str) -> Option<Shape> {
    if text.starts_with('[') {
        let rest = text.strip_prefix("[**] ").unwrap_or(text);
        return ids(rest).map(|_| Shape { has_time: false, has_long_year: false });
    }
    let bytes = text.as_bytes();
    let is_date = matches!(bytes.get(..3), Some([b'0'..=b'9', b'0'..=b'9', b'/']));
    let head = bytes.get(..100).unwrap_or(bytes);
    let has_marks = is_date && memmem::find(head, b"[**] [").is_some();
    has_marks.then(|| Shape { has_time: true, has_long_year: bytes.get(10) == Some(&b'-') })
}

pub(super) fn parse<'a>(context: &Context<'_>, text: &'a str) -> Option<(Alert<'a>, Option<Timestamp>)> {
    let shape = shape(text)?;
    let (mut rest, mut moment) = (text, None);
    if shape.has_time {
        let (time, after) = time::month_first(text, context.zone, context.reference)?;
        moment = Some(time);
        rest = after.trim_start();
    }
    let mut alert = Alert::default();
    if let Some((verdict, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once("] [**]")) {
        // `[Drop] [**] [1:…`; `[**]` alone splits at its own end.
        if matches!(verdict, "Drop" | "wDrop" | "drop" | "block" | "reject") {
            alert.verdict = verdict;
            rest = after.trim_start();
        }
    }
    rest = rest.strip_prefix("[**]").unwrap_or(rest).trim_start();
    let (generator, signature, revision, after) = ids(rest)?;
    (alert.generator, alert.signature, alert.revision) = (generator, signature, revision);
    rest = message(&mut alert, after);
    rest = sections(&mut alert, rest);
    if moment.is_none()
        && let Some(line) = rest.lines().find(|line| line.as_bytes().first().is_some_and(u8::is_ascii_digit))
        && let Some((time, after)) = time::month_first(line, context.zone, context.reference)
    {
        // The full alert has time and addresses in a line of their own.
        moment = Some(time);
        rest = after;
    }
    ends(&mut alert, rest);
    Some((alert, moment))
}

/// `[1:2001219:20] `.
fn ids(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (inner, after) = text.strip_prefix('[')?.split_once(']')?;
    let mut parts = inner.splitn(3, ':');
    let (generator, signature, revision) = (parts.next()?, parts.next()?, parts.next()?);
    let is_number =
        |text: &str| !text.is_empty() && text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    [generator, signature, revision]
        .into_iter()
        .all(is_number)
        .then_some((generator, signature, revision, after))
}

/// The message up to the first thing that can follow it.
fn message<'a>(alert: &mut Alert<'a>, text: &'a str) -> &'a str {
    let ends = [" [**]", " [Classification: ", " [Priority: ", " {", "\n"];
    let end = ends.iter().filter_map(|mark| text.find(mark)).min().unwrap_or(text.len());
    let (message, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let message = message.trim();
    alert.message = message.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(message);
    rest.trim_start().strip_prefix("[**]").unwrap_or(rest)
}

/// `[Classification: …]`, `[Priority: …]`, `[AppID: …]` and `{TCP}` in any order.
fn sections<'a>(alert: &mut Alert<'a>, text: &'a str) -> &'a str {
    let mut rest = text.trim_start_matches([' ', ':', '\n', '\r']);
    loop {
        let section = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        if let Some((inner, after)) = section
            && let Some((name, value)) = inner.split_once(": ")
        {
            match name {
                "Classification" => alert.classification = value,
                "Priority" => alert.priority = value.trim(),
                _ => {}
            }
            rest = after.trim_start_matches([' ', ':', '\n', '\r']);
        } else if let Some((inner, after)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            alert.protocol = inner;
            rest = after.trim_start();
        } else {
            return rest;
        }
    }
}

fn ends<'a>(alert: &mut Alert<'a>, text: &'a str) {
    let Some((source, rest)) = text.trim().split_once(" -> ") else { return };
    alert.source = source.rsplit(' ').next().unwrap_or(source);
    alert.target = rest.split_whitespace().next().unwrap_or_default();
}
