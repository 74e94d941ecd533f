//! The objects of a bundle, as far as they are read.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Only what kind of object it is.
#[derive(Deserialize)]
pub(crate) struct Kind<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(crate) struct Indicator<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) pattern: Cow<'a, str>,
    #[serde(default)]
    pub(crate) pattern_type: Option<String>,
    #[serde(default)]
    pub(crate) revoked: bool,
    #[serde(default)]
    pub(crate) confidence: Option<f64>,
    #[serde(default)]
    pub(crate) valid_from: Option<String>,
    #[serde(default)]
    pub(crate) valid_until: Option<String>,
    #[serde(default)]
    pub(crate) modified: Option<String>,
    #[serde(default)]
    pub(crate) labels: Vec<String>,
    #[serde(default)]
    pub(crate) indicator_types: Vec<String>,
    #[serde(default)]
    pub(crate) object_marking_refs: Vec<String>,
    #[serde(default)]
    pub(crate) external_references: Vec<ExternalReference>,
    #[serde(default)]
    pub(crate) granular_markings: Vec<IgnoredAny>,
}

/// What indicators are related to, and relationships.
#[derive(Deserialize)]
pub(crate) struct Other {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) revoked: bool,
    #[serde(default)]
    pub(crate) relationship_type: String,
    #[serde(default)]
    pub(crate) source_ref: String,
    #[serde(default)]
    pub(crate) target_ref: String,
    #[serde(default)]
    pub(crate) sighting_of_ref: String,
    #[serde(default)]
    pub(crate) last_seen: Option<String>,
    #[serde(default)]
    pub(crate) external_references: Vec<ExternalReference>,
    #[serde(default)]
    pub(crate) definition: Option<Definition>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct ExternalReference {
    pub(crate) source_name: String,
    pub(crate) external_id: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Definition {
    pub(crate) tlp: String,
}

/// Collects the objects of a bundle, also those before a place from which on it is none.
pub(crate) fn collect_objects<'a>(
    bytes: &'a [u8],
    objects: &mut Vec<&'a RawValue>,
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    Bundle(objects).deserialize(&mut deserializer)?;
    deserializer.end()
}

struct Bundle<'o, 'a>(&'o mut Vec<&'a RawValue>);

impl<'a> DeserializeSeed<'a> for Bundle<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Bundle<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a bundle: an object with objects")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let mut has_objects = false;
        while let Some(name) = map.next_key::<Cow<'a, str>>()? {
            if name == "objects" {
                has_objects = true;
                map.next_value_seed(Objects(self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if has_objects { Ok(()) } else { Err(serde::de::Error::missing_field("objects")) }
    }
}

struct Objects<'o, 'a>(&'o mut Vec<&'a RawValue>);

impl<'a> DeserializeSeed<'a> for Objects<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for Objects<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(object) = list.next_element()? {
            self.0.push(object);
        }
        Ok(())
    }
}
