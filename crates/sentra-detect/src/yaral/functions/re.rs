//! `re.*`: regular expressions of the RE2 kind.

use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use crate::yaral::value::{Kind, Value};

use super::{Call, Function, function, param};

/// Largest compiled regular expression, in bytes.
pub(crate) const REGEX_BYTES_MAX: usize = 8 << 20;

pub(super) const FUNCTIONS: &[Function] = &[Function {
    prepare: Some(prepare_matches),
    ..function("re.regex", &[param("text", Kind::Text), param("pattern", Kind::Text)], Kind::Bool, matches)
}];

/// Compiles a pattern; the error is fit for the rule's author.
pub(crate) fn compile(pattern: &str, nocase: bool) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .case_insensitive(nocase)
        .size_limit(REGEX_BYTES_MAX)
        .build()
        .map_err(|error| format!("{pattern:?} is not a usable regular expression: {error}"))
}

fn prepare_matches(literals: &[Option<Value>]) -> Result<Option<Call>, String> {
    let Some(Some(pattern)) = literals.get(1) else { return Ok(None) };
    let regex = compile(&pattern.to_text(), false)?;
    Ok(Some(Arc::new(move |arguments| {
        arguments.first().is_some_and(|text| regex.is_match(&text.to_text())).into()
    })))
}

fn matches(arguments: &[Value]) -> Value {
    let [text, pattern, ..] = arguments else { return Value::Null };
    match compile(&pattern.to_text(), false) {
        Ok(regex) => regex.is_match(&text.to_text()).into(),
        Err(_) => Value::Bool(false),
    }
}
