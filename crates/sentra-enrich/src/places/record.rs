//! The layouts of MaxMind-format databases: MaxMind's own and DB-IP's (nested, names by language), ip-location-db's
//! (flat), IPinfo's (flat, numbers as text). One shape takes all of them; what is not asked for is skipped.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What a record can hold of interest here.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Record<'a> {
    #[serde(borrow)]
    pub(super) country: Named<'a>,
    #[serde(borrow)]
    pub(super) registered_country: Named<'a>,
    #[serde(borrow)]
    pub(super) country_code: Text<'a>,
    #[serde(borrow)]
    pub(super) country_name: Text<'a>,
    #[serde(borrow)]
    pub(super) city: Named<'a>,
    #[serde(borrow)]
    pub(super) subdivisions: First<'a>,
    #[serde(borrow)]
    pub(super) state1: Text<'a>,
    #[serde(borrow)]
    pub(super) region: Text<'a>,
    pub(super) location: Location,
    pub(super) latitude: Number,
    pub(super) longitude: Number,
    pub(super) lat: Number,
    pub(super) lng: Number,
    pub(super) autonomous_system_number: Number,
    #[serde(borrow)]
    pub(super) autonomous_system_organization: Text<'a>,
    pub(super) asn: Number,
    #[serde(borrow)]
    pub(super) as_name: Text<'a>,
    #[serde(borrow)]
    pub(super) isp: Text<'a>,
    #[serde(borrow)]
    pub(super) organization: Text<'a>,
}

/// `location` of MaxMind's layout.
#[derive(Debug, Default)]
pub(super) struct Location {
    pub(super) latitude: Number,
    pub(super) longitude: Number,
    pub(super) accuracy_radius: Number,
}

/// A text, or something else that is none.
#[derive(Debug, Default, Clone)]
pub(super) struct Text<'a>(pub(super) Option<Cow<'a, str>>);

/// A number, also one written as text (`"52.5"`, `"AS15169"`).
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Number(pub(super) Option<f64>);

/// A name, or a map that holds one: `"Berlin"`, `{"names": {"en": "Berlin"}}`, `{"iso_code": "DE"}`.
#[derive(Debug, Default, Clone)]
pub(super) struct Named<'a> {
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) code: Option<Cow<'a, str>>,
}

/// The first of a list of named things.
#[derive(Debug, Default, Clone)]
pub(super) struct First<'a>(pub(super) Named<'a>);

/// Takes any kind of value and gives back what its subject is made of.
macro_rules! take_anything {
    () => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }

        fn visit_bytes<E>(self, _: &[u8]) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
}

/// Numbers that are no answer.
macro_rules! skip_numbers {
    () => {
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_u128<E>(self, _: u128) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
}

/// Lists that are no answer.
macro_rules! skip_lists {
    () => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}

/// Maps that are no answer.
macro_rules! skip_maps {
    () => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}

fn text(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    (!text.is_empty() && text != "-").then_some(Cow::Borrowed(text))
}

fn owned(owned_text: &str) -> Option<Cow<'static, str>> {
    text(owned_text).map(|text| Cow::Owned(text.into_owned()))
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;
    take_anything!();
    skip_numbers!();
    skip_lists!();
    skip_maps!();

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(text(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Text<'de>, E> {
        Ok(Text(owned(value)))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct NumberVisitor;

impl<'de> Visitor<'de> for NumberVisitor {
    type Value = Number;
    take_anything!();
    skip_lists!();
    skip_maps!();

    fn visit_u64<E>(self, value: u64) -> Result<Number, E> {
        Ok(Number(Some(value as f64)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
        Ok(Number(Some(value as f64)))
    }

    fn visit_u128<E>(self, _: u128) -> Result<Number, E> {
        Ok(Number(None))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Number, E> {
        Ok(Number(Some(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Number, E> {
        let digits = value.trim().trim_start_matches(['A', 'a', 'S', 's']);
        Ok(Number(digits.parse().ok()))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NamedVisitor;

impl<'de> Visitor<'de> for NamedVisitor {
    type Value = Named<'de>;
    take_anything!();
    skip_numbers!();
    skip_lists!();

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Named<'de>, E> {
        Ok(Named { name: text(value), code: None })
    }

    fn visit_str<E>(self, value: &str) -> Result<Named<'de>, E> {
        Ok(Named { name: owned(value), code: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<'de>, A::Error> {
        let mut named = Named::default();
        while let Some(key) = map.next_key::<&'de str>()? {
            match key {
                "iso_code" | "code" => named.code = map.next_value::<Text<'de>>()?.0,
                "name" => named.name = map.next_value::<Text<'de>>()?.0,
                "names" => named.name = map.next_value::<English<'de>>()?.0.or(named.name),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(named)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Named<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NamedVisitor)
    }
}

/// The English one of names by language, else the first.
#[derive(Default)]
struct English<'a>(Option<Cow<'a, str>>);

struct EnglishVisitor;

impl<'de> Visitor<'de> for EnglishVisitor {
    type Value = English<'de>;
    take_anything!();
    skip_numbers!();
    skip_lists!();

    fn visit_str<E>(self, value: &str) -> Result<English<'de>, E> {
        Ok(English(owned(value)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<English<'de>, A::Error> {
        let mut found = None;
        while let Some(language) = map.next_key::<&'de str>()? {
            let name = map.next_value::<Text<'de>>()?.0;
            if language == "en" || found.is_none() {
                found = name;
            }
        }
        Ok(English(found))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for English<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EnglishVisitor)
    }
}

struct FirstVisitor;

impl<'de> Visitor<'de> for FirstVisitor {
    type Value = First<'de>;
    take_anything!();
    skip_numbers!();
    skip_maps!();

    fn visit_str<E>(self, value: &str) -> Result<First<'de>, E> {
        Ok(First(Named { name: owned(value), code: None }))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<First<'de>, A::Error> {
        let first = list.next_element::<Named<'de>>()?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(First(first.unwrap_or_default()))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for First<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FirstVisitor)
    }
}

struct LocationVisitor;

impl<'de> Visitor<'de> for LocationVisitor {
    type Value = Location;
    take_anything!();
    skip_numbers!();
    skip_lists!();

    fn visit_str<E>(self, _: &str) -> Result<Location, E> {
        Ok(Location::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Location, A::Error> {
        let mut location = Location::default();
        while let Some(key) = map.next_key::<&'de str>()? {
            match key {
                "latitude" => location.latitude = map.next_value()?,
                "longitude" => location.longitude = map.next_value()?,
                "accuracy_radius" => location.accuracy_radius = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(location)
    }
}

impl<'de> Deserialize<'de> for Location {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LocationVisitor)
    }
}
