//! `strings.*`

use crate::yaral::value::{Kind, Value};

use super::{Function, function, param};

pub(super) const FUNCTIONS: &[Function] = &[
    function("strings.to_lower", &[param("text", Kind::Text)], Kind::Text, to_lower),
    function("strings.to_upper", &[param("text", Kind::Text)], Kind::Text, to_upper),
    function(
        "strings.contains",
        &[param("text", Kind::Text), param("part", Kind::Text)],
        Kind::Bool,
        contains,
    ),
];

fn to_lower(arguments: &[Value]) -> Value {
    let [text, ..] = arguments else { return Value::Null };
    text.to_text().to_lowercase().into()
}

fn to_upper(arguments: &[Value]) -> Value {
    let [text, ..] = arguments else { return Value::Null };
    text.to_text().to_uppercase().into()
}

fn contains(arguments: &[Value]) -> Value {
    let [text, part, ..] = arguments else { return Value::Null };
    text.to_text().contains(part.to_text().as_ref()).into()
}
