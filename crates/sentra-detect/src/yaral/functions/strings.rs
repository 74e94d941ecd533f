//! `strings.*`: text to text, and questions about it. What decodes is in `bytes`, what reads addresses in `domain`.

use std::collections::HashMap;

use crate::yaral::value::{Kind, LIST_VALUES_MAX, Value};

use super::{Function, Param, TEXT_BYTES_MAX, bounded, bytes, domain, function, param, text};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        variadic: true,
        ..function("strings.concat", &[param("value", Kind::Any)], Kind::Text, concat)
    },
    Function {
        variadic: true,
        ..function("strings.coalesce", &[param("value", Kind::Any)], Kind::Any, coalesce)
    },
    function("strings.contains", &[TEXT, param("part", Kind::Text)], Kind::Bool, contains),
    function("strings.starts_with", &[TEXT, param("prefix", Kind::Text)], Kind::Bool, starts_with),
    function("strings.ends_with", &[TEXT, param("suffix", Kind::Text)], Kind::Bool, ends_with),
    function("strings.count_substrings", &[TEXT, param("part", Kind::Text)], Kind::Int, count_substrings),
    function("strings.to_lower", &[TEXT], Kind::Text, |arguments| bounded(text(arguments, 0).to_lowercase())),
    function("strings.to_upper", &[TEXT], Kind::Text, |arguments| bounded(text(arguments, 0).to_uppercase())),
    Function { required: 1, ..function("strings.trim", &[TEXT, CUTSET], Kind::Text, trim) },
    Function { required: 1, ..function("strings.ltrim", &[TEXT, CUTSET], Kind::Text, ltrim) },
    Function { required: 1, ..function("strings.rtrim", &[TEXT, CUTSET], Kind::Text, rtrim) },
    function("strings.reverse", &[TEXT], Kind::Text, |arguments| {
        text(arguments, 0).chars().rev().collect::<String>().into()
    }),
    Function {
        required: 1,
        ..function("strings.split", &[TEXT, param("delimiter", Kind::Text)], Kind::List, split)
    },
    function("strings.shannon_entropy", &[TEXT], Kind::Float, shannon_entropy),
    function("strings.extract_hostname", &[param("address", Kind::Text)], Kind::Text, |arguments| {
        domain::hostname(&text(arguments, 0)).into()
    }),
    function("strings.extract_domain", &[param("address", Kind::Text)], Kind::Text, |arguments| {
        domain::registered(&text(arguments, 0)).into()
    }),
    function("strings.url_decode", &[TEXT], Kind::Text, bytes::url_decode),
    function("strings.base64_decode", &[TEXT], Kind::Text, bytes::base64_decode),
    function("strings.from_base64", &[TEXT], Kind::Bytes, bytes::from_base64),
    function("strings.from_hex", &[TEXT], Kind::Bytes, bytes::from_hex),
];

const TEXT: Param = param("text", Kind::Text);
const CUTSET: Param = param("characters", Kind::Text);

fn concat(arguments: &[Value]) -> Value {
    let mut out = String::new();
    for index in 0..arguments.len() {
        out.push_str(&text(arguments, index));
        if out.len() > TEXT_BYTES_MAX {
            break;
        }
    }
    bounded(out)
}

fn coalesce(arguments: &[Value]) -> Value {
    arguments.iter().find(|value| !value.is_zero()).cloned().unwrap_or_else(|| "".into())
}

fn contains(arguments: &[Value]) -> Value {
    text(arguments, 0).contains(text(arguments, 1).as_ref()).into()
}

/// An empty beginning is none.
fn starts_with(arguments: &[Value]) -> Value {
    let prefix = text(arguments, 1);
    (!prefix.is_empty() && text(arguments, 0).starts_with(prefix.as_ref())).into()
}

fn ends_with(arguments: &[Value]) -> Value {
    let suffix = text(arguments, 1);
    (!suffix.is_empty() && text(arguments, 0).ends_with(suffix.as_ref())).into()
}

/// How often it occurs without overlaps; what is empty does not.
fn count_substrings(arguments: &[Value]) -> Value {
    let part = text(arguments, 1);
    if part.is_empty() {
        return Value::Int(0);
    }
    count(text(arguments, 0).matches(part.as_ref()).count())
}

pub(super) fn count(count: usize) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Whether a character is to be cut off: white space where the rule says no characters.
fn cut(arguments: &[Value]) -> impl Fn(char) -> bool + Copy {
    let cutset = arguments.get(1);
    move |char| match cutset {
        Some(Value::Text(cutset)) => cutset.contains(char),
        Some(Value::Null) | None => char.is_whitespace(),
        Some(_) => false,
    }
}

fn trim(arguments: &[Value]) -> Value {
    text(arguments, 0).trim_matches(cut(arguments)).into()
}

fn ltrim(arguments: &[Value]) -> Value {
    text(arguments, 0).trim_start_matches(cut(arguments)).into()
}

fn rtrim(arguments: &[Value]) -> Value {
    text(arguments, 0).trim_end_matches(cut(arguments)).into()
}

/// Pieces between the delimiters, a comma if not said; an empty delimiter takes the text apart.
fn split(arguments: &[Value]) -> Value {
    let whole = text(arguments, 0);
    let delimiter = match arguments.get(1) {
        Some(delimiter) => delimiter.to_text(),
        None => ",".into(),
    };
    if delimiter.is_empty() {
        return Value::list(whole.chars().take(LIST_VALUES_MAX).map(|char| char.to_string().into()));
    }
    Value::list(whole.split(delimiter.as_ref()).take(LIST_VALUES_MAX).map(Value::from))
}

/// Bits per character.
fn shannon_entropy(arguments: &[Value]) -> Value {
    let text = text(arguments, 0);
    let mut counts: HashMap<char, u64> = HashMap::new();
    let mut total = 0_u64;
    for char in text.chars() {
        *counts.entry(char).or_default() += 1;
        total += 1;
    }
    let mut shares: Vec<u64> = counts.into_values().collect();
    // A sum of floats depends on its order, and a map has none.
    shares.sort_unstable();
    let entropy: f64 = shares
        .into_iter()
        .map(|count| {
            let share = count as f64 / total as f64;
            -share * share.log2()
        })
        .sum();
    Value::from(entropy + 0.0)
}
