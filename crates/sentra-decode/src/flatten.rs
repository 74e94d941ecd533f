//! One JSON object to a flat list of fields, in one pass and without a tree in between.
//!
//! Nested names are joined by dots, the elements of an array repeat the array's name, null and empty containers
//! are absent. Strings without escapes are borrowed from the record.

use std::borrow::Cow;
use std::fmt;

use sentra_model::FieldValue;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::hints::Hints;
use crate::joined::joined;
use crate::json_scan;

/// Law LIMIT: containers nested deeper than this are left out of the fields.
pub(crate) const FIELD_DEPTH_MAX: usize = 16;
/// Law LIMIT: further fields are left out.
pub(crate) const FIELDS_MAX: usize = 1_024;
/// Law LIMIT: values under longer names are left out. Every member repeats the name of what it stands in, so
/// without this limit a record would grow by the length of one name times the number of fields.
pub(crate) const NAME_BYTES_MAX: usize = 1_024;
/// Law LIMIT: a record nested deeper than this is refused unread, for parsers recurse.
const NESTING_MAX: usize = 64;

/// A field as the source wrote it.
pub(crate) type Field<'a> = (Cow<'a, str>, FieldValue<'a>);

/// What became of an object.
#[derive(Debug, Default)]
pub(crate) struct Flat<'a> {
    pub(crate) fields: Vec<Field<'a>>,
    problem: Option<String>,
}

impl Flat<'_> {
    /// What was left out or changed, for people.
    pub(crate) fn problem(&self) -> Option<String> {
        self.problem.clone()
    }
}

/// What has become of an object so far.
#[derive(Debug, Default)]
struct Flattening<'a> {
    fields: Vec<Field<'a>>,
    /// Values beyond [`FIELDS_MAX`].
    beyond_count: usize,
    /// Members of containers beyond [`FIELD_DEPTH_MAX`].
    beyond_depth: usize,
    /// Values under names beyond [`NAME_BYTES_MAX`].
    beyond_name: usize,
}

impl Flattening<'_> {
    fn problem(&self, is_replaced: bool) -> Option<String> {
        let mut parts = Vec::new();
        if self.beyond_count > 0 {
            parts.push(format!("{} values beyond {FIELDS_MAX} fields left out", self.beyond_count));
        }
        if self.beyond_depth > 0 {
            parts.push(format!(
                "{} members nested deeper than {FIELD_DEPTH_MAX} levels left out",
                self.beyond_depth
            ));
        }
        if self.beyond_name > 0 {
            parts.push(format!(
                "{} values under names longer than {NAME_BYTES_MAX} bytes left out",
                self.beyond_name
            ));
        }
        if is_replaced {
            parts.push("text that is no valid Unicode replaced".to_owned());
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    fn has_room(&mut self) -> bool {
        let has_room = self.fields.len() < FIELDS_MAX;
        self.beyond_count += usize::from(!has_room);
        has_room
    }
}

/// The fields of the JSON object `text`, or what is wrong with it and where.
pub(crate) fn object(text: &str) -> Result<Flat<'_>, String> {
    match json_scan::fields(text, &mut Hints::default()) {
        Some(fields) => Ok(Flat { fields, problem: None }),
        None => object_by_library(text),
    }
}

/// [`object`], for what [`json_scan::fields`] has given up on.
#[cold]
pub(crate) fn object_by_library(text: &str) -> Result<Flat<'_>, String> {
    if is_too_deep(text.as_bytes()) {
        return Err(format!("JSON nested deeper than {NESTING_MAX} levels"));
    }
    read(text, false).or_else(|error| {
        // An unpaired surrogate in an escape is legal in Windows names: read on with a replacement.
        read(text, true).map_err(|_| format!("not a JSON object: {error}"))
    })
}

pub(crate) fn read(text: &str, lossy: bool) -> Result<Flat<'_>, sonic_rs::Error> {
    let mut flat = Flattening { fields: Vec::with_capacity(48), ..Flattening::default() };
    let mut deserializer = sonic_rs::Deserializer::from_str(text);
    if lossy {
        deserializer = deserializer.utf8_lossy();
    }
    Top { flat: &mut flat }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    let problem = flat.problem(lossy);
    Ok(Flat { fields: flat.fields, problem })
}

/// Whether brackets outside of strings open more than [`NESTING_MAX`] levels.
pub(crate) fn is_too_deep(bytes: &[u8]) -> bool {
    // Most records do not have that many brackets at all, and counting is faster than following.
    if openings(bytes) <= NESTING_MAX {
        return false;
    }
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > NESTING_MAX {
            return true;
        }
    }
    false
}

/// How many `{` and `[` there are. In steps that fit a byte, so that the compiler makes vectors of it.
fn openings(bytes: &[u8]) -> usize {
    const STEP: usize = 255;
    // The two brackets differ in one bit.
    let count = |part: &[u8]| part.iter().fold(0_u8, |count, byte| count + u8::from(byte | 0x20 == b'{'));
    bytes.chunks(STEP).map(|part| usize::from(count(part))).sum()
}

/// The object itself.
struct Top<'s, 'a> {
    flat: &'s mut Flattening<'a>,
}

impl<'de> DeserializeSeed<'de> for Top<'_, 'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key_seed(Name)? {
            map.next_value_seed(Value { flat: self.flat, name, depth: 1 })?;
        }
        Ok(())
    }
}

/// A member's name.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

/// A value under its full name.
struct Value<'s, 'a> {
    flat: &'s mut Flattening<'a>,
    name: Cow<'a, str>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Value<'_, 'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.name.len() > NAME_BYTES_MAX {
            self.flat.beyond_name += 1;
            return deserializer.deserialize_ignored_any(IgnoredAny).map(|_| ());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Value<'_, 'de> {
    fn put(self, value: FieldValue<'de>) {
        if self.flat.has_room() {
            // Not `Vec::push`, see `Event::push`.
            self.flat.fields.extend(std::iter::once_with(|| (self.name, value)));
        }
    }
}

impl<'de> Visitor<'de> for Value<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        self.put(FieldValue::Text(Cow::Borrowed(text)));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.put(FieldValue::Text(Cow::Owned(text.to_owned())));
        Ok(())
    }

    fn visit_bool<E>(self, truth: bool) -> Result<(), E> {
        self.put(FieldValue::Bool(truth));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.put(FieldValue::Integer(number));
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        // Beyond 63 bits the digits are kept, not rounded: it is mostly a mask or an id.
        let value = i64::try_from(number)
            .map_or_else(|_| FieldValue::Text(Cow::Owned(number.to_string())), FieldValue::Integer);
        self.put(value);
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.put(FieldValue::Float(number));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        if self.depth >= FIELD_DEPTH_MAX {
            while elements.next_element::<IgnoredAny>()?.is_some() {
                self.flat.beyond_depth += 1;
            }
            return Ok(());
        }
        let (flat, name, depth) = (self.flat, self.name, self.depth + 1);
        while elements.next_element_seed(Value { flat, name: name.clone(), depth })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        if self.depth >= FIELD_DEPTH_MAX {
            while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                self.flat.beyond_depth += 1;
            }
            return Ok(());
        }
        while let Some(member) = members.next_key_seed(Name)? {
            let name = joined(&self.name, &member);
            members.next_value_seed(Value { flat: self.flat, name, depth: self.depth + 1 })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_counted_and_followed() {
        let text = "x{[".repeat(1_000);
        assert_eq!(openings(text.as_bytes()), 2_000);
        let wide = "{}".repeat(10_000);
        assert!(!is_too_deep(wide.as_bytes()));
        let in_string = format!("\"{}\\\"{}\"", "[".repeat(1_000), "{".repeat(1_000));
        assert!(!is_too_deep(in_string.as_bytes()));
        assert!(!is_too_deep("[".repeat(NESTING_MAX).as_bytes()));
        assert!(is_too_deep("[".repeat(NESTING_MAX + 1).as_bytes()));
    }
}
