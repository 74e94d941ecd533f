//! A trained model of activity at work.

use sentra_model::{EntityRef, EntityType, EventId, Role, Timestamp};

use super::feature::{FEATURES, HOUR, Party, Row, hour_name, in_words, names};
use super::window::Window;
use crate::anomaly::{AnomalyModel, RecentMemory, RecentSettings};
use crate::keeper::error::LearnError;
use crate::keeper::finding::{KeeperFinding, detector_of, number_text};
use crate::keeper::settings::HOUR_MICROS;
use crate::registry::{ModelCard, ModelVersion};

/// Before the name of a feature: the metric of a card that says what most of its training rows stay below.
pub(crate) const USUAL: &str = "usual.";
/// How many reasons a sentence gives.
const REASONS: usize = 3;
/// A reason that adds less than this share of the surprise is not told.
const REASON_SHARE_MIN: f32 = 0.08;

/// A model with what is needed to say why.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) version: ModelVersion,
    pub(crate) model: AnomalyModel,
    party: Party,
    /// Per number column what 99 % of the training rows stay at or below.
    usual: Vec<f32>,
    held_out: f32,
}

/// What a model says of a row, in short.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judged {
    /// How surprising it is, in nats.
    pub(crate) surprise: f32,
    /// The share of normal rows that are at least so surprising, estimated.
    pub(crate) probability: f32,
}

impl Live {
    pub(crate) fn new(party: Party, card: &ModelCard, bytes: &[u8]) -> Result<Self, LearnError> {
        let model = AnomalyModel::from_bytes(bytes)?;
        let usual = |name: &str| {
            let metric = card.metrics.get(&format!("{USUAL}{name}"));
            metric.map_or(f32::NAN, |value| *value as f32)
        };
        let usual = names(party).map(usual).collect();
        let held_out = model.training().held_out_rows as f32;
        Ok(Self { version: card.version, model, party, usual, held_out })
    }

    pub(crate) fn recent(&self) -> RecentMemory {
        self.model.recent_memory(RecentSettings::default())
    }

    pub(crate) fn judge(&self, row: &Row, recent: Option<&RecentMemory>) -> Judged {
        let (surprise, probability) = self.model.judge(&row.values, &[&hour_name(row.hour)], recent);
        Judged { surprise, probability }
    }

    /// The finding about an hour of an entity.
    pub(super) fn finding(&self, row: &Row, window: &Window, recent: Option<&RecentMemory>) -> KeeperFinding {
        let hour = hour_name(row.hour);
        let scored = self.model.score_row(&row.values, &[&hour], recent);
        let detector = detector_of(self.party.kind());
        // No more than the rows kept back can vouch for.
        let normal = scored.normal_probability.max(1.0 / (self.held_out + 1.0));
        let share = format!("{:.2}", (100.0 * (1.0 - normal)).min(99.99));
        let mut reasons = Vec::new();
        for attribution in scored.attributions.iter().take(REASONS) {
            if attribution.surprise < REASON_SHARE_MIN * scored.surprise && !reasons.is_empty() {
                break;
            }
            reasons.push(self.reason(&attribution.feature, row, &hour));
        }
        let begin = Timestamp::from_micros(i64::from(row.hour) * HOUR_MICROS).to_string();
        let (day, clock) = (begin.get(..10).unwrap_or_default(), begin.get(11..16).unwrap_or_default());
        let end = format!("{:02}:00", (row.hour.rem_euclid(24) + 1) % 24);
        let explanation = format!(
            "the hour {clock}-{end} UTC on {day} of {} is more unusual than {share} % of those of {}s: {}",
            window.name,
            self.party.entity_type(),
            reasons.join(", ")
        );
        let role = if self.party == Party::User { Role::Actor } else { Role::Target };
        let mut entities = vec![EntityRef::new(self.party.entity_type(), role, window.name.as_ref())];
        entities.extend(window.others.iter().map(|(entity_type, name)| {
            let role = match entity_type {
                EntityType::Host => Role::Target,
                EntityType::User => Role::Actor,
                EntityType::Ip => Role::Source,
                _ => Role::Related,
            };
            EntityRef::new(*entity_type, role, name.as_ref())
        }));
        let mut values = vec![
            ("surprise", format!("{:.1}", scored.surprise)),
            ("threshold", format!("{:.1}", self.model.threshold())),
            ("share_less_unusual", format!("{share} %")),
            ("model", self.version.to_string()),
        ];
        let numbers = names(self.party).zip(row.values).filter(|(_, value)| *value > 0.0);
        values.extend(numbers.map(|(name, value)| (name, number_text(value))));
        KeeperFinding {
            detector,
            model: self.version,
            row: None,
            time: Timestamp::from_micros(window.last),
            entities,
            events: window
                .events
                .iter()
                .map(|(partition, offset)| EventId::raw(*partition, *offset))
                .collect(),
            explanation,
            values,
        }
    }

    fn reason(&self, feature: &str, row: &Row, hour: &str) -> String {
        if feature == HOUR {
            return format!("active in an hour ({hour} UTC) in which few are");
        }
        let place = names(self.party).position(|name| name == feature).unwrap_or(FEATURES);
        let value = row.values.get(place).copied().unwrap_or_default();
        let usual = self.usual.get(place).copied().unwrap_or(f32::NAN);
        let words = in_words(feature);
        match value {
            value if value.is_nan() => format!("{words} not known"),
            _ if usual.is_nan() => format!("{} {words}", number_text(value)),
            value if value > usual => {
                format!("{} {words} (usually at most {})", number_text(value), number_text(usual))
            }
            value => format!("{} {words} together with the rest", number_text(value)),
        }
    }
}
