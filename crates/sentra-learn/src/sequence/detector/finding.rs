//! What the detector reports, in words.

use std::fmt;

use sentra_model::{EntityType, EventCode, EventId, Timestamp};

use super::columns::{Columns, Place};
use super::{SequenceDetector, Threshold};

/// The last ten events of an entity are too surprising.
#[derive(Debug, Clone, PartialEq)]
pub struct SurpriseFinding {
    /// Which of the batches that were given the last of the events stands in.
    pub batch: usize,
    /// Its row there.
    pub row: usize,
    /// Its place in the backbone.
    pub event: EventId,
    /// When it happened.
    pub time: Timestamp,
    /// What kind of thing the entity is: a user or a host.
    pub entity_type: EntityType,
    /// The entity's name as the row has it.
    pub entity: String,
    /// Mean −log2 p of the ten events.
    pub bits: f32,
    /// Share of held-out normal windows that are at least as surprising.
    pub p_value: f64,
    /// From where on it is reported.
    pub threshold: Threshold,
    /// Why.
    pub why: SurpriseReason,
}

/// What made it surprising.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct SurpriseReason {
    /// The ten events, oldest first.
    pub events: Vec<String>,
    /// Which of them was the most surprising, 0 being the oldest.
    pub place: usize,
    /// −log2 p of that one.
    pub bits: f32,
    /// What was most likely instead, the likeliest first.
    pub expected: Vec<Expectation>,
}

/// What could have come.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Expectation {
    /// The event.
    pub event: String,
    /// How likely it was, from 0 to 1.
    pub probability: f64,
}

impl fmt::Display for SurpriseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = self.events.get(self.place).map_or("other", String::as_str);
        write!(f, "{} came ({:.1} bits of surprise) where ", in_words(event), self.bits)?;
        for (number, expected) in self.expected.iter().enumerate() {
            let join = if number == 0 { "" } else { " or " };
            write!(f, "{join}{} ({:.0} %)", in_words(&expected.event), 100.0 * expected.probability)?;
        }
        write!(f, " was expected; the ten events: {}", self.events.join(" "))
    }
}

/// An event code with its meaning; anything else as it is.
fn in_words(event: &str) -> String {
    let (code, outcome) = event.split_once('/').unwrap_or((event, ""));
    let meaning = code.parse::<EventCode>().map(EventCode::meaning);
    match (meaning, outcome) {
        (Ok(meaning), "" | "unknown") => format!("{code} {meaning}"),
        (Ok(meaning), outcome) => format!("{code} {meaning} ({outcome})"),
        (Err(()), _) => event.to_owned(),
    }
}

impl SequenceDetector {
    /// The report about the entity at `slot` after the event at `place`.
    pub(super) fn finding(&self, place: &Place, columns: &Columns<'_>, slot: u32) -> Option<SurpriseFinding> {
        let window = self.entities.window(slot)?;
        let row = columns.batch.row(place.row())?;
        let (entity_type, entity) = columns.entity(place.row(), self.settings.entity)?;
        let surprise = self.model.explain(window);
        let alphabet = self.model.alphabet();
        let expected = surprise.most.expected.iter().map(|(symbol, probability)| Expectation {
            event: alphabet.name(*symbol).to_owned(),
            probability: *probability,
        });
        Some(SurpriseFinding {
            batch: place.batch(),
            row: place.row(),
            event: row.id(),
            time: row.time(),
            entity_type,
            entity: entity.to_owned(),
            bits: surprise.bits,
            p_value: surprise.p_value,
            threshold: self.threshold?,
            why: SurpriseReason {
                events: window.symbols().map(|symbol| alphabet.name(symbol).to_owned()).collect(),
                place: surprise.most.place,
                bits: surprise.most.bits,
                expected: expected.collect(),
            },
        })
    }
}
