use std::fmt;
use std::str::FromStr;

use sentra_model::{EntityRef, IdError, IncidentId, SignalId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Vector, VectorError};

/// What kind of thing a vector stands for. There is none for events (law MEANING).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A finding.
    Signal,
    /// Findings that belong together.
    Incident,
}

/// The id of a signal or an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemId {
    /// Of a signal.
    Signal(SignalId),
    /// Of an incident.
    Incident(IncidentId),
}

impl ItemId {
    /// Of what kind it is.
    #[must_use]
    pub fn kind(&self) -> ItemKind {
        match self {
            Self::Signal(_) => ItemKind::Signal,
            Self::Incident(_) => ItemKind::Incident,
        }
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(id) => id.fmt(f),
            Self::Incident(id) => id.fmt(f),
        }
    }
}

impl FromStr for ItemId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("sig-") {
            return text.parse().map(Self::Signal);
        }
        text.parse().map(Self::Incident)
    }
}

impl From<SignalId> for ItemId {
    fn from(id: SignalId) -> Self {
        Self::Signal(id)
    }
}

impl From<IncidentId> for ItemId {
    fn from(id: IncidentId) -> Self {
        Self::Incident(id)
    }
}

impl Serialize for ItemId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ItemId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The embedding that vectors were made by: name and version, and how many numbers they have. Vectors of two spaces
/// are never compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Space {
    name: String,
    dimensions: u16,
}

/// Longest name of a space, in bytes.
const SPACE_NAME_BYTES_MAX: usize = 63;

impl Space {
    /// The space called `name`, as in `features-1`. The name is that of a file too, so its alphabet is narrow.
    ///
    /// # Errors
    ///
    /// A name that could leave its directory.
    pub fn new(name: &str, dimensions: u16) -> Result<Self, VectorError> {
        let space = Self { name: name.to_owned(), dimensions };
        if space.is_valid() {
            return Ok(space);
        }
        Err(VectorError::SpaceName { name: name.chars().take(80).collect() })
    }

    /// A space whose name is written in the code.
    pub(crate) fn known(name: String, dimensions: u16) -> Self {
        debug_assert!(Self { name: name.clone(), dimensions }.is_valid(), "{name}");
        Self { name, dimensions }
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.dimensions > 0
            && self.name.len() <= SPACE_NAME_BYTES_MAX
            && self.name.starts_with(|c: char| c.is_ascii_lowercase())
            && self
                .name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.')
    }

    /// Name and version, `features-1`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many numbers a vector of it has.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        usize::from(self.dimensions)
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} numbers)", self.name, self.dimensions)
    }
}

/// What of an item is kept beside its vector, to say why it is near another.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Traits {
    /// An incident's title, a signal's rule.
    pub title: String,
    /// ATT&CK technique ids, sorted.
    pub techniques: Vec<String>,
    /// ATT&CK tactics by their short names, sorted.
    pub tactics: Vec<String>,
    /// Event codes that its facts are about, sorted.
    pub codes: Vec<String>,
    /// Titles of the rules that found it, sorted.
    pub rules: Vec<String>,
    /// Who and what took part.
    pub entities: Vec<EntityRef>,
    /// Words of its title, story and facts, as compared, sorted.
    pub words: Vec<String>,
}

/// A vector with what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it stands for.
    pub id: ItemId,
    /// Event time of the first evidence.
    pub first: sentra_model::Timestamp,
    /// Event time of the last evidence.
    pub last: sentra_model::Timestamp,
    /// Goes up with every change of the item: what comes late does not replace what is newer.
    pub stamp: u64,
    /// What it has in common with others is told by these.
    pub traits: Traits,
    /// Where it lies.
    pub vector: Vector,
}
