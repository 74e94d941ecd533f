//! `re.*`: regular expressions of the RE2 kind.

use std::sync::{Arc, Mutex, PoisonError};

use regex::{Captures, Regex, RegexBuilder};

use crate::yaral::value::{Kind, LIST_VALUES_MAX, Value};

use super::re2::to_regex;
use super::{Call, Function, TEXT_BYTES_MAX, bounded, function, param, text};

/// Largest compiled regular expression of a rule, in bytes.
pub(crate) const REGEX_BYTES_MAX: usize = 8 << 20;

/// Largest compiled regular expression that comes from an event, in bytes.
const FOREIGN_REGEX_BYTES_MAX: usize = 256 << 10;

/// Longest regular expression that comes from an event, in bytes of text.
const FOREIGN_PATTERN_BYTES_MAX: usize = 1024;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        prepare: Some(|literals, nocase| prepare(literals, nocase, matches_in)),
        ..function("re.regex", &[TEXT, PATTERN], Kind::Bool, |arguments| once(arguments, matches_in))
    },
    Function {
        prepare: Some(|literals, nocase| prepare_capture(literals, nocase, capture_in)),
        ..function("re.capture", &[TEXT, PATTERN], Kind::Text, |arguments| once(arguments, capture_in))
    },
    Function {
        prepare: Some(|literals, nocase| prepare_capture(literals, nocase, capture_all_in)),
        ..function("re.capture_all", &[TEXT, PATTERN], Kind::List, |arguments| {
            once(arguments, capture_all_in)
        })
    },
    Function {
        prepare: Some(|literals, nocase| prepare(literals, nocase, replace_in)),
        ..function(
            "re.replace",
            &[TEXT, PATTERN, param("replacement", Kind::Text)],
            Kind::Text,
            |arguments| once(arguments, replace_in),
        )
    },
];

const TEXT: super::Param = param("text", Kind::Text);
const PATTERN: super::Param = param("pattern", Kind::Text);

/// What is done with a regular expression; `None` stands for one that cannot be used.
type Work = fn(Option<&Regex>, &[Value]) -> Value;

/// Compiles a pattern of a rule, as RE2 reads it; the error is fit for the rule's author.
pub(crate) fn compile(pattern: &str, nocase: bool) -> Result<Regex, String> {
    build(pattern, nocase, REGEX_BYTES_MAX)
        .map_err(|error| format!("{pattern:?} is not a usable regular expression: {error}"))
}

/// The pattern as the `regex` crate has to read it.
pub(crate) fn rust_pattern(pattern: &str) -> String {
    to_regex(pattern)
}

fn build(pattern: &str, nocase: bool, bytes_max: usize) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&to_regex(pattern)).case_insensitive(nocase).size_limit(bytes_max).build()
}

/// Compiles a pattern that may come from an event.
fn compile_foreign(pattern: &str, nocase: bool) -> Option<Regex> {
    if pattern.len() > FOREIGN_PATTERN_BYTES_MAX {
        return None;
    }
    build(pattern, nocase, FOREIGN_REGEX_BYTES_MAX).ok()
}

fn prepare(literals: &[Option<Value>], nocase: bool, work: Work) -> Result<Option<Call>, String> {
    if let Some(Some(pattern)) = literals.get(1) {
        let regex = compile(&pattern.to_text(), nocase)?;
        return Ok(Some(Arc::new(move |arguments| work(Some(&regex), arguments))));
    }
    // The pattern is computed; it is mostly the same as at the event before.
    // Shared, not cloned: a clone of a regular expression starts with empty caches.
    let last: Mutex<Option<(String, Option<Arc<Regex>>)>> = Mutex::new(None);
    Ok(Some(Arc::new(move |arguments| {
        let pattern = text(arguments, 1);
        let known = {
            let last = last.lock().unwrap_or_else(PoisonError::into_inner);
            last.as_ref().filter(|(text, _)| *text == pattern).map(|(_, regex)| regex.clone())
        };
        let regex = known.unwrap_or_else(|| {
            let regex = compile_foreign(&pattern, nocase).map(Arc::new);
            *last.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((pattern.into_owned(), regex.clone()));
            regex
        });
        work(regex.as_deref(), arguments)
    })))
}

fn prepare_capture(literals: &[Option<Value>], nocase: bool, work: Work) -> Result<Option<Call>, String> {
    if let Some(Some(pattern)) = literals.get(1) {
        let groups = compile(&pattern.to_text(), nocase)?.captures_len() - 1;
        if groups > 1 {
            return Err(format!(
                "the pattern has {groups} groups, of which only one can be captured; write the others as (?:…)"
            ));
        }
    }
    prepare(literals, nocase, work)
}

fn once(arguments: &[Value], work: Work) -> Value {
    work(compile_foreign(&text(arguments, 1), false).as_ref(), arguments)
}

fn matches_in(regex: Option<&Regex>, arguments: &[Value]) -> Value {
    regex.is_some_and(|regex| regex.is_match(&text(arguments, 0))).into()
}

/// The only group, or the whole match of a pattern without one.
fn capture_in(regex: Option<&Regex>, arguments: &[Value]) -> Value {
    let text = text(arguments, 0);
    let found = regex.and_then(|regex| regex.captures(&text));
    found.map_or("", |captures| captured(&captures)).into()
}

fn capture_all_in(regex: Option<&Regex>, arguments: &[Value]) -> Value {
    let Some(regex) = regex else { return Value::List(Vec::new()) };
    let text = text(arguments, 0);
    let found = regex.captures_iter(&text).take(LIST_VALUES_MAX);
    Value::list(found.map(|captures| captured(&captures).into()))
}

fn captured<'a>(captures: &Captures<'a>) -> &'a str {
    let group = usize::from(captures.len() > 1);
    captures.get(group).map_or("", |found| found.as_str())
}

/// Replaces all matches; `\0` to `\9` in the replacement stand for the match and its groups.
fn replace_in(regex: Option<&Regex>, arguments: &[Value]) -> Value {
    let text = text(arguments, 0);
    let Some(regex) = regex else { return text.into_owned().into() };
    let replacement = super::text(arguments, 2);
    let mut out = String::new();
    let mut from = 0;
    for captures in regex.captures_iter(&text) {
        let Some(found) = captures.get(0) else { continue };
        out.push_str(text.get(from..found.start()).unwrap_or_default());
        from = found.end();
        replaced(&captures, &replacement, &mut out);
        if out.len() > TEXT_BYTES_MAX {
            return bounded(out);
        }
    }
    out.push_str(text.get(from..).unwrap_or_default());
    bounded(out)
}

fn replaced(captures: &Captures<'_>, replacement: &str, out: &mut String) {
    let mut chars = replacement.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            out.push(char);
            continue;
        }
        match chars.next() {
            Some(digit @ '0'..='9') => {
                let group = digit.to_digit(10).and_then(|group| captures.get(group as usize));
                out.push_str(group.map_or("", |group| group.as_str()));
            }
            Some('\\') | None => out.push('\\'),
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
        }
    }
}
