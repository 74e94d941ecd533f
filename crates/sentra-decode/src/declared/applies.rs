//! Which records a format is asked for.

use std::borrow::Cow;

use memchr::memmem::Finder;
use sentra_model::FieldValue;

use super::keys::{check, is_field_name, texts};
use super::problem::Faults;
use super::yaml::{Node, Value};

/// Most entries of each key under `applies_to`.
const ENTRIES_MAX: usize = 64;

/// Which records a format is asked for; none of them when nothing is given: then the sender must name it.
#[derive(Debug, Default)]
pub(super) struct AppliesTo {
    programs: Vec<String>,
    /// One of these begins the text.
    starts: Vec<String>,
    /// All of these are in the text.
    contains: Vec<Finder<'static>>,
    /// All of these fields are in the object.
    has: Vec<String>,
    /// All of these fields have one of their values.
    equals: Vec<(String, Vec<String>)>,
}

const KEYS: [&str; 5] = ["programs", "starts_with", "contains", "has", "equals"];

impl AppliesTo {
    pub(super) fn compile(node: &Node, is_json: bool, faults: &mut Faults) -> Self {
        let mut applies = Self::default();
        if !check(node, "applies_to", &KEYS, faults) {
            return applies;
        }
        for entry in node.entries() {
            let key = entry.key.as_str();
            let is_of_text = matches!(key, "starts_with" | "contains");
            let is_of_objects = matches!(key, "has" | "equals");
            if (is_json && is_of_text) || (!is_json && is_of_objects) {
                let right = if is_json { "has and equals" } else { "starts_with and contains" };
                faults.error(
                    entry.line,
                    format!("`{key}` does not fit this format: it is told from others by {right}"),
                );
                continue;
            }
            let mut own = |node: &Node| {
                let texts = texts(node, key, ENTRIES_MAX, faults);
                texts.into_iter().map(|(text, _)| text.to_owned()).collect::<Vec<_>>()
            };
            match key {
                "programs" => applies.programs = own(&entry.value),
                "starts_with" => applies.starts = own(&entry.value),
                "contains" => {
                    let texts = own(&entry.value);
                    applies.contains = texts.iter().map(|text| Finder::new(text).into_owned()).collect();
                }
                "has" => applies.has = own(&entry.value),
                "equals" => applies.equals = equals(&entry.value, faults),
                _ => {}
            }
        }
        applies
    }

    /// Whether records can be told to be of this format at all.
    pub(super) fn is_known(&self) -> bool {
        self.tells_text() || self.tells_objects() || !self.programs.is_empty()
    }

    fn tells_text(&self) -> bool {
        !self.starts.is_empty() || !self.contains.is_empty()
    }

    fn tells_objects(&self) -> bool {
        !self.has.is_empty() || !self.equals.is_empty()
    }

    /// The syslog programs whose messages are meant.
    pub(super) fn programs(&self) -> impl Iterator<Item = &str> {
        self.programs.iter().map(String::as_str)
    }

    /// Whether messages of this syslog program are meant.
    pub(super) fn program(&self, program: &str) -> bool {
        !program.is_empty() && self.programs.iter().any(|known| known == program)
    }

    /// Whether texts like this one are meant.
    pub(super) fn text(&self, text: &str) -> bool {
        self.tells_text()
            && (self.starts.is_empty() || self.starts.iter().any(|start| text.starts_with(start.as_str())))
            && self.contains.iter().all(|part| part.find(text.as_bytes()).is_some())
    }

    /// Whether objects with these fields are meant.
    pub(super) fn object(&self, fields: &[(Cow<'_, str>, FieldValue<'_>)]) -> bool {
        let is_one_of = |value: &FieldValue<'_>, wanted: &[String]| {
            let value = value.as_text();
            wanted.iter().any(|wanted| *wanted == value)
        };
        self.tells_objects()
            && self.has.iter().all(|name| fields.iter().any(|(field, _)| field == name.as_str()))
            && self.equals.iter().all(|(name, wanted)| {
                fields.iter().any(|(field, value)| field == name.as_str() && is_one_of(value, wanted))
            })
    }
}

fn equals(node: &Node, faults: &mut Faults) -> Vec<(String, Vec<String>)> {
    let Value::Map(entries) = &node.value else {
        faults.error(node.line, "equals must be a map of fields and their values");
        return Vec::new();
    };
    if entries.is_empty() || entries.len() > ENTRIES_MAX {
        faults.error(node.line, format!("equals must have 1 to {ENTRIES_MAX} fields"));
        return Vec::new();
    }
    let mut equals = Vec::with_capacity(entries.len());
    for entry in entries {
        if !is_field_name(&entry.key) {
            faults.error(entry.line, format!("equals: `{}` cannot be the name of a field", entry.key));
        }
        let values = texts(&entry.value, "equals", ENTRIES_MAX, faults);
        equals.push((entry.key.clone(), values.into_iter().map(|(text, _)| text.to_owned()).collect()));
    }
    equals
}
