use std::sync::Arc;

use sentra_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::kind::IndicatorKind;
use super::value::IndicatorValue;

/// Sources whose names an indicator keeps.
pub const INDICATOR_SOURCES_MAX: usize = 8;
/// Threats whose names an indicator keeps.
pub const INDICATOR_THREATS_MAX: usize = 8;
/// Labels, and techniques, that an indicator keeps.
pub const INDICATOR_LABELS_MAX: usize = 16;
/// Bytes of a source's, threat's or label's name; a longer one is cut.
pub const INDICATOR_NAME_BYTES_MAX: usize = 128;

/// With whom what is known may be shared: the Traffic Light Protocol, from the widest to the narrowest.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Tlp {
    /// With the world (`white` of version 1).
    Clear,
    /// Within the community.
    Green,
    /// Within the organisation and its clients.
    Amber,
    /// Within the organisation.
    AmberStrict,
    /// With those named only.
    Red,
}

impl Tlp {
    /// The name, `amber+strict`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Green => "green",
            Self::Amber => "amber",
            Self::AmberStrict => "amber+strict",
            Self::Red => "red",
        }
    }

    /// The marking that feeds call `name`: `TLP:AMBER`, `tlp:white`, `green`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        let name = name
            .strip_prefix("tlp")
            .map_or(name.as_str(), |rest| rest.trim_start_matches([':', '-', '_', ' ']));
        match name {
            "clear" | "white" => Some(Self::Clear),
            "green" => Some(Self::Green),
            "amber" => Some(Self::Amber),
            "amber+strict" | "amber-strict" => Some(Self::AmberStrict),
            "red" => Some(Self::Red),
            _ => None,
        }
    }
}

/// A feed that knows an indicator.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IndicatorSource {
    /// The feed's name.
    pub name: String,
    /// Which version of the feed: a date, a digest.
    pub version: String,
}

/// What many indicators have in common: who says so and what they stand for. Lists are sorted, without repeats, and
/// bounded by the `INDICATOR_…_MAX`.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
pub struct IndicatorContext {
    /// Who says so, by name.
    pub sources: Vec<IndicatorSource>,
    /// How many further sources say so.
    pub sources_more: u32,
    /// Malware families, campaigns, groups.
    pub threats: Vec<String>,
    /// Other labels.
    pub labels: Vec<String>,
    /// ATT&CK technique ids, `T1071.001`.
    pub techniques: Vec<String>,
    /// With whom it may be shared; the narrowest marking counts.
    pub tlp: Option<Tlp>,
}

impl IndicatorContext {
    /// Adds a threat's name.
    pub fn add_threat(&mut self, name: &str) {
        add(&mut self.threats, name, INDICATOR_THREATS_MAX);
    }

    /// Adds a label.
    pub fn add_label(&mut self, name: &str) {
        add(&mut self.labels, name, INDICATOR_LABELS_MAX);
    }

    /// Adds the technique ids that stand in `text` (`T1566.002`, `attack.t1566`, `Spearphishing Link - T1566.002`);
    /// false when there is none.
    pub fn add_techniques(&mut self, text: &str) -> bool {
        let mut found = false;
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.';
        for word in text.split(|c: char| !is_part(c)) {
            let id = word.trim_start_matches("attack.").trim_end_matches('.').to_ascii_uppercase();
            if is_technique(&id) {
                add(&mut self.techniques, &id, INDICATOR_LABELS_MAX);
                found = true;
            }
        }
        found
    }

    /// Narrows the marking.
    pub fn narrow(&mut self, tlp: Option<Tlp>) {
        self.tlp = self.tlp.max(tlp);
    }

    /// Takes in what another source says of the same value.
    pub fn merge(&mut self, other: &Self) {
        for source in &other.sources {
            if self.sources.contains(source) {
                continue;
            }
            if self.sources.len() < INDICATOR_SOURCES_MAX {
                self.sources.push(source.clone());
            } else {
                self.sources_more = self.sources_more.saturating_add(1);
            }
        }
        self.sources_more = self.sources_more.saturating_add(other.sources_more);
        self.sources.sort();
        other.threats.iter().for_each(|name| self.add_threat(name));
        other.labels.iter().for_each(|name| self.add_label(name));
        other.techniques.iter().for_each(|name| add(&mut self.techniques, name, INDICATOR_LABELS_MAX));
        self.narrow(other.tlp);
    }

    /// Bytes that it holds.
    pub(crate) fn bytes(&self) -> usize {
        let sources = self.sources.iter().map(|source| source.name.len() + source.version.len() + 48);
        let names =
            self.threats.iter().chain(&self.labels).chain(&self.techniques).map(|name| name.len() + 24);
        sources.sum::<usize>() + names.sum::<usize>() + size_of::<Self>()
    }
}

/// Puts `name` in its place, if it is new and there is room.
fn add(names: &mut Vec<String>, name: &str, names_max: usize) {
    let name = short_name(name);
    let has_room = !name.is_empty() && names.len() < names_max;
    if let (Err(place), true) = (names.binary_search_by(|known| known.as_str().cmp(name)), has_room) {
        names.insert(place, name.to_owned());
    }
}

/// The name, cut to [`INDICATOR_NAME_BYTES_MAX`].
pub(crate) fn short_name(name: &str) -> &str {
    let name = name.trim();
    name.get(..name.floor_char_boundary(INDICATOR_NAME_BYTES_MAX)).unwrap_or_default()
}

/// `T1110` or `T1110.001`.
pub(crate) fn is_technique(id: &str) -> bool {
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(number) = id.strip_prefix('T') else { return false };
    match number.split_once('.') {
        Some((technique, part)) => digits(technique, 4) && digits(part, 3),
        None => digits(number, 4),
    }
}

/// One record of a feed.
#[derive(Debug, Clone, PartialEq)]
pub struct IndicatorRecord {
    /// The value.
    pub value: IndicatorValue,
    /// How sure the source is, from 0 to 1; kept in steps of one hundredth.
    pub confidence: f64,
    /// When the source last saw it.
    pub last_seen: Timestamp,
    /// From when on it is one.
    pub valid_from: Option<Timestamp>,
    /// From when on it is none any more.
    pub valid_until: Option<Timestamp>,
    /// Who says so and what it stands for.
    pub context: Arc<IndicatorContext>,
}

/// What is known about a value that others saw doing harm.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Indicator {
    /// Kind of the value.
    pub kind: IndicatorKind,
    /// The value in the form in which it is compared.
    pub value: String,
    /// How sure the sources were when it was last seen, from 0 to 1.
    pub confidence: f64,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// From when on it is one.
    pub valid_from: Option<Timestamp>,
    /// From when on it is none any more.
    pub valid_until: Option<Timestamp>,
    /// Who says so and what it stands for.
    #[serde(flatten)]
    #[schema(value_type = IndicatorContext)]
    pub context: Arc<IndicatorContext>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn techniques_are_found_in_what_feeds_write() {
        let mut context = IndicatorContext::default();
        assert!(context.add_techniques("Spearphishing Link - T1566.002"));
        assert!(context.add_techniques("attack.t1071"));
        assert!(!context.add_techniques("T15, TA0001, T1566.2"));
        assert_eq!(context.techniques, ["T1071", "T1566.002"]);
    }

    #[test]
    fn lists_are_bounded() {
        let mut context = IndicatorContext::default();
        for number in 0..1_000 {
            context.add_label(&format!("{number}{}", "ü".repeat(1_000)));
            context.add_threat(&number.to_string());
            let name = number.to_string();
            let sources = vec![IndicatorSource { name, version: String::new() }];
            context.merge(&IndicatorContext { sources, ..IndicatorContext::default() });
        }
        assert_eq!(context.labels.len(), INDICATOR_LABELS_MAX);
        assert!(context.labels.iter().all(|label| label.len() <= INDICATOR_NAME_BYTES_MAX));
        assert_eq!(context.threats.len(), INDICATOR_THREATS_MAX);
        assert_eq!(context.sources.len(), INDICATOR_SOURCES_MAX);
        assert_eq!(context.sources_more as usize, 1_000 - INDICATOR_SOURCES_MAX);
    }

    #[test]
    fn markings_have_many_spellings() {
        assert_eq!(Tlp::named("TLP:AMBER+STRICT"), Some(Tlp::AmberStrict));
        assert_eq!(Tlp::named("tlp:white"), Some(Tlp::Clear));
        assert_eq!(Tlp::named("pink"), None);
    }
}
