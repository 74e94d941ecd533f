//! Texts with the values of fields in them: `login of {user} from {src_ip} failed`.

use std::borrow::Cow;

use sentra_model::{Event, FieldValue};

use super::intern::kept;
use super::keys::is_field_name;
use crate::names::{header_text, is_placeholder};

/// Most fields of one template.
const FIELDS_MAX: usize = 32;
/// Law LIMIT: longer results are cut. A template may name a long field several times.
const RESULT_BYTES_MAX: usize = 16 << 10;
/// What stands for a field that a record does not have.
const MISSING: &str = "-";

/// A text with fields in it.
#[derive(Debug)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(Cow<'static, str>),
    Field(String),
}

impl Template {
    pub(super) fn compile(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            plain.push_str(before);
            if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
                plain.push_str(from.get(..1).unwrap_or_default());
                rest = after;
                continue;
            }
            let inside = from.strip_prefix('{').and_then(|inside| inside.split_once('}'));
            let Some((name, after)) = inside.filter(|(name, _)| is_field_name(name)) else {
                return Err(format!(
                    "`{text}` has a brace without its partner; write {{{{ or }}}} for a brace"
                ));
            };
            if !plain.is_empty() {
                parts.push(Part::Text(kept(&std::mem::take(&mut plain))));
            }
            parts.push(Part::Field(name.to_owned()));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(kept(&plain)));
        }
        let template = Self { parts };
        match template.fields().count() {
            ..=FIELDS_MAX => Ok(template),
            many => Err(format!("{many} fields are more than the {FIELDS_MAX} a text may have")),
        }
    }

    /// The fields it names.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Field(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text with the values of `event`.
    pub(super) fn fill<'a>(&self, event: &Event<'a>) -> Cow<'a, str> {
        match self.parts.as_slice() {
            [Part::Text(text)] => return text.clone(),
            [Part::Field(name)] => {
                return value(event, name).map(header_text).unwrap_or_default();
            }
            _ => {}
        }
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Field(name) => match value(event, name) {
                    Some(value) => filled.push_str(&value.as_text()),
                    None => filled.push_str(MISSING),
                },
            }
            if filled.len() > RESULT_BYTES_MAX {
                filled.truncate(filled.floor_char_boundary(RESULT_BYTES_MAX));
                break;
            }
        }
        Cow::Owned(filled)
    }
}

/// The value of a field, unless it says "nothing".
pub(super) fn value<'e, 'a>(event: &'e Event<'a>, name: &str) -> Option<&'e FieldValue<'a>> {
    let named = |field: &&(Cow<'a, str>, FieldValue<'a>)| field.0 == name && !is_placeholder(&field.1);
    event.fields.iter().find(named).map(|(_, value)| value)
}
