//! What is true about the events: which of them are an attack's, and which only look like one.

use serde::{Deserialize, Serialize};

use crate::moment::{Micros, parse_rfc3339, rfc3339};

/// Record numbers that one story keeps; longer attacks say how many more there were in `records_more`.
pub const STORY_RECORDS_MAX: usize = 5_000;
/// Stories that one run keeps. An endless run plans no further ones after that.
pub const STORIES_MAX: usize = 20_000;

/// What an entity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// An account.
    User,
    /// A machine.
    Host,
    /// An address.
    Ip,
    /// An application.
    Application,
    /// A domain name.
    Domain,
}

impl EntityKind {
    /// The kind that `word` means, as platforms call the types of their entities.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "user" | "account" | "identity" | "target_user" => Some(Self::User),
            "host" | "device" | "asset" | "machine" => Some(Self::Host),
            "ip" | "address" | "ip_address" | "src_ip" | "dst_ip" => Some(Self::Ip),
            "application" | "app" | "service" => Some(Self::Application),
            "domain" | "dns" => Some(Self::Domain),
            _ => None,
        }
    }
}

/// Somebody or something that takes part in a story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthEntity {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: EntityKind,
    /// The part it plays: `attacker`, `victim`, `source`, `target`, `account` …
    pub role: String,
    /// Its name or address, as records have it.
    pub value: String,
}

/// A time in the truth: RFC 3339 in JSON, microseconds in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct At(pub Micros);

impl Serialize for At {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(self.0))
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_rfc3339(&text).map(Self).ok_or_else(|| serde::de::Error::custom(format!("no time: {text:?}")))
    }
}

/// What a story is in truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// An attack: it should be found.
    Attack,
    /// A hard negative: it looks like `case` and is not it.
    Benign,
}

/// An attack or a hard negative, with the records it consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// Unique within a run.
    pub id: String,
    /// What it is in truth.
    pub nature: Nature,
    /// The scenario it belongs to.
    pub scenario: String,
    /// The case that should report it; for a hard negative the case that it looks like.
    pub case: String,
    /// What happens, in a sentence.
    pub description: String,
    /// The time of its first record.
    pub start: At,
    /// The time of its last record.
    pub end: At,
    /// Who takes part.
    pub entities: Vec<TruthEntity>,
    /// ATT&CK techniques.
    pub techniques: Vec<String>,
    /// Numbers of its records in the run, from 0; at most [`STORY_RECORDS_MAX`].
    pub records: Vec<u64>,
    /// How many records it has beyond those.
    pub records_more: u64,
}

impl Story {
    pub(crate) fn happened(&mut self, number: u64, at: Micros) {
        if self.records.is_empty() {
            self.start = At(at);
        }
        self.end = At(at.max(self.end.0));
        if self.records.len() < STORY_RECORDS_MAX {
            self.records.push(number);
        } else {
            self.records_more += 1;
        }
    }

    /// Whether it is an attack.
    #[must_use]
    pub fn is_attack(&self) -> bool {
        self.nature == Nature::Attack
    }
}

/// The truth about a run so far.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Truth {
    /// What happened, in the order of its beginning.
    pub stories: Vec<Story>,
    /// Records of the run.
    pub records: u64,
    /// Records that belong to no attack.
    pub benign_records: u64,
}

/// Why ground truth could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TruthError {
    /// A line is no JSON of a story.
    #[error("ground truth line {line} is not understood")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What was wrong.
        #[source]
        source: serde_json::Error,
    },
}

#[derive(Serialize, Deserialize)]
struct Totals {
    records: u64,
    benign_records: u64,
}

impl Truth {
    /// NDJSON: one story per line, and the totals in the last.
    #[must_use]
    pub fn to_ndjson(&self) -> String {
        let mut lines = String::new();
        let totals = Totals { records: self.records, benign_records: self.benign_records };
        for story in &self.stories {
            lines.push_str(&serde_json::to_string(story).unwrap_or_default());
            lines.push('\n');
        }
        lines.push_str(&serde_json::to_string(&totals).unwrap_or_default());
        lines.push('\n');
        lines
    }

    /// Reads what [`Self::to_ndjson`] wrote.
    ///
    /// # Errors
    ///
    /// [`TruthError::Line`] names the first line that is none.
    pub fn from_ndjson(text: &str) -> Result<Self, TruthError> {
        let mut truth = Self::default();
        for (position, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            if let Ok(totals) = serde_json::from_str::<Totals>(line)
                && !line.contains("\"nature\"")
            {
                (truth.records, truth.benign_records) = (totals.records, totals.benign_records);
                continue;
            }
            let story = serde_json::from_str(line)
                .map_err(|source| TruthError::Line { line: position + 1, source })?;
            truth.stories.push(story);
        }
        Ok(truth)
    }

    /// The attacks.
    pub fn attacks(&self) -> impl Iterator<Item = &Story> {
        self.stories.iter().filter(|story| story.is_attack())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_survives_its_file() {
        let mut story = Story {
            id: "a-1".to_owned(),
            nature: Nature::Attack,
            scenario: "s".to_owned(),
            case: "c".to_owned(),
            description: "d \"quoted\"".to_owned(),
            start: At(0),
            end: At(0),
            entities: vec![TruthEntity {
                kind: EntityKind::User,
                role: "victim".to_owned(),
                value: "alice".to_owned(),
            }],
            techniques: vec!["T1110".to_owned()],
            records: Vec::new(),
            records_more: 0,
        };
        for number in 0..(STORY_RECORDS_MAX as u64 + 3) {
            story.happened(number, 1_772_438_400_000_000 + number as i64 * 1000);
        }
        assert_eq!(story.records_more, 3);
        let truth = Truth { stories: vec![story], records: 9, benign_records: 4 };
        assert_eq!(Truth::from_ndjson(&truth.to_ndjson()).unwrap(), truth);
        let error = Truth::from_ndjson("{\"records\":1,\"benign_records\":1}\n{nonsense").unwrap_err();
        assert_eq!(error.to_string(), "ground truth line 2 is not understood");
    }
}
