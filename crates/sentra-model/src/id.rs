use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// A stream of one tenant in the backbone.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Topic {
    /// What sources sent, byte for byte.
    Raw,
    /// Findings, for whoever wants to follow them.
    Signals,
    /// Records that could not be understood, each with its reason.
    Dead,
}

impl Topic {
    /// Every topic that a tenant has.
    pub const ALL: [Self; 3] = [Self::Raw, Self::Signals, Self::Dead];

    /// The name used in ids, directories and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Signals => "signals",
            Self::Dead => "dead",
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Topic {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == text).ok_or_else(|| IdError::new("topic", text))
    }
}

/// A text that is no id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a valid {kind} id")]
pub struct IdError {
    kind: &'static str,
    text: String,
}

impl IdError {
    fn new(kind: &'static str, text: &str) -> Self {
        Self { kind, text: text.chars().take(80).collect() }
    }
}

/// A place in a partition: the offset of the next record to read.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
pub struct Position {
    /// Partition of the topic.
    pub partition: u32,
    /// Offset of the next record.
    pub offset: u64,
}

/// Law IDENTITY: an event's id is its place in the backbone, `topic.partition.offset`, as in `raw.0.4711`.
/// It is unique within a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// Topic the record stands in.
    pub topic: Topic,
    /// Partition of the topic.
    pub partition: u32,
    /// Offset in the partition.
    pub offset: u64,
}

impl EventId {
    /// The id of the raw record at `partition` and `offset`.
    #[must_use]
    pub fn raw(partition: u32, offset: u64) -> Self {
        Self { topic: Topic::Raw, partition, offset }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.topic, self.partition, self.offset)
    }
}

impl FromStr for EventId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || IdError::new("event", text);
        let mut parts = text.split('.');
        let (Some(topic), Some(partition), Some(offset), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(error());
        };
        Ok(Self {
            topic: topic.parse().map_err(|_| error())?,
            partition: partition.parse().map_err(|_| error())?,
            offset: offset.parse().map_err(|_| error())?,
        })
    }
}

macro_rules! text_form {
    ($name:ident, $example:literal) => {
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .examples([$example])
                    .into()
            }
        }
    };
}

macro_rules! hashed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The id derived from `inputs` (law IDENTITY): the first 64 bits of their digest.
            #[must_use]
            pub fn derive(inputs: Digest) -> Self {
                Self(inputs.first_u64())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "-{:016x}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.strip_prefix(concat!($prefix, "-"))
                    .filter(|hex| hex.len() == 16 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
                    .and_then(|hex| u64::from_str_radix(hex, 16).ok())
                    .map(Self)
                    .ok_or_else(|| IdError::new($kind, text))
            }
        }

        text_form!($name, $example);
    };
}

text_form!(EventId, "raw.0.4711");
hashed_id!(
    /// A signal's id: a digest of the rule and of the first evidence, so that a replay yields it again.
    SignalId, "sig", "signal", "sig-0123456789abcdef"
);
hashed_id!(
    /// An incident's id: a digest of the tenant and of the signal that opened it.
    IncidentId, "inc", "incident", "inc-0123456789abcdef"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_their_text() {
        let event = EventId::raw(3, u64::MAX);
        assert_eq!(event.to_string(), "raw.3.18446744073709551615");
        assert_eq!(event.to_string().parse(), Ok(event));
        let signal = SignalId::derive(Digest::new("test").text("a"));
        assert_eq!(signal.to_string().parse(), Ok(signal));
    }

    #[test]
    fn texts_that_are_no_ids_are_refused() {
        for bad in ["", "raw", "raw.0", "raw.0.1.2", "raw.-1.0", "blue.0.1", "raw.0.99999999999999999999"] {
            assert!(bad.parse::<EventId>().is_err(), "{bad:?} was accepted");
        }
        for bad in ["", "sig-", "sig-xyz", "inc-0123456789abcdef", "sig-0123456789abcdef0"] {
            assert!(bad.parse::<SignalId>().is_err(), "{bad:?} was accepted");
        }
    }
}
