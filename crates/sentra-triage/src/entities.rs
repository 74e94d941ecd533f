//! Risk of entities: it adds up over an entity's signals and fades.

use std::collections::{BTreeMap, BTreeSet};

use sentra_model::{
    EntityRef, EntityType, Estimate, RiskFactor, RiskReason, Role, Signal, SignalId, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::StateRow;
use crate::names::shorten;
use crate::odds::{BASE_RATE, INTERVAL_DEVIATIONS, LOG_ODDS_MAX, log_odds, probability};
use crate::pivot::{connects, is_loopback, short_account};
use crate::risk::Detector;

/// Signals that an entity's risk rests on; beyond it the one that weighs least is forgotten.
pub const ENTITY_SIGNALS_MAX: usize = 24;
const HOUR_MICROS: f64 = 3_600.0 * 1e6;
const SAME_TECHNIQUE: f64 = 0.4;
const FURTHER_TECHNIQUE: f64 = 0.6;
/// What a finding that an analyst confirmed is worth.
const CONFIRMED: f64 = 0.97;

/// What an analyst says of a signal, as far as it concerns its entities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nobody said anything: its probability counts.
    Open,
    /// It was malicious.
    Confirmed,
    /// It was allowed, or wrong: it counts nothing.
    Cleared,
}

/// One signal's part in an entity's risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Part {
    signal: SignalId,
    detector: Detector,
    title: String,
    technique: String,
    /// Log-odds above the base rate when it happened.
    #[serde(with = "crate::exact")]
    gain: f64,
    #[serde(with = "crate::exact")]
    deviation: f64,
    at: Timestamp,
}

/// An entity with its risk at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct EntityRisk {
    /// What it is.
    pub entity_type: EntityType,
    /// Its name, folded.
    pub value: String,
    /// How probable it is that something malicious goes on with it.
    pub risk: Estimate,
    /// Why, the strongest first; their log-odds are what is left of them.
    pub reasons: Vec<RiskReason>,
    /// Event time of its last signal.
    pub last: Timestamp,
}

type Key = (EntityType, String);

/// The risks of one tenant's entities, in bounded memory.
#[derive(Debug)]
pub struct EntityRisks {
    known: BTreeMap<Key, Vec<Part>>,
    /// By what is left of the risk, which has the same order at every moment.
    by_weight: BTreeSet<(i64, Key)>,
    changed: BTreeSet<Key>,
    entities_max: usize,
    half_life_micros: f64,
}

fn role_weight(role: Role) -> f64 {
    match role {
        Role::Actor | Role::Source => 1.0,
        Role::Observer => 0.8,
        Role::Target => 0.7,
        Role::Destination => 0.5,
        Role::Related => 0.3,
    }
}

/// Whether entities of this kind carry a risk: not what everybody shares, and not the countless files.
fn carries(entity: &EntityRef) -> bool {
    match entity.entity_type {
        EntityType::User => connects(&short_account(&entity.value)),
        EntityType::Ip => !is_loopback(&entity.value),
        EntityType::Host | EntityType::Domain | EntityType::Application | EntityType::Virtual => {
            !entity.value.is_empty()
        }
        EntityType::Process | EntityType::Session | EntityType::File => false,
    }
}

impl EntityRisks {
    /// No risks; at most `entities_max` entities, whose risk halves in `half_life_h` hours.
    #[must_use]
    pub fn new(entities_max: usize, half_life_h: u32) -> Self {
        Self {
            known: BTreeMap::new(),
            by_weight: BTreeSet::new(),
            changed: BTreeSet::new(),
            entities_max: entities_max.max(1),
            half_life_micros: f64::from(half_life_h.max(1)) * HOUR_MICROS,
        }
    }

    /// Takes in a signal, or a newer version or another standing of it. One that claims to come from the future
    /// counts as of `now`.
    pub fn take(&mut self, signal: &Signal, standing: Standing, now: Timestamp) {
        let score = match standing {
            Standing::Open => signal.probability.score,
            Standing::Confirmed => CONFIRMED,
            Standing::Cleared => 0.0,
        };
        let gain = log_odds(score) - log_odds(BASE_RATE);
        let width = log_odds(signal.probability.high) - log_odds(signal.probability.low);
        let mut strongest: BTreeMap<Key, f64> = BTreeMap::new();
        for entity in signal.entities.iter().filter(|entity| carries(entity)) {
            let (entity_type, value) = entity.key();
            let weight = strongest.entry((entity_type, shorten(&value))).or_default();
            *weight = weight.max(role_weight(entity.role));
        }
        for (key, weight) in strongest {
            let part = (gain > 0.0 && standing != Standing::Cleared).then(|| Part {
                signal: signal.id,
                detector: Detector::of(signal),
                title: signal.rule.title.chars().take(120).collect(),
                technique: technique(signal),
                gain: gain * weight,
                deviation: (width / (2.0 * INTERVAL_DEVIATIONS)) * weight,
                at: signal.last.min(now),
            });
            self.put(key, signal.id, part);
        }
    }

    fn put(&mut self, key: Key, signal: SignalId, part: Option<Part>) {
        let mut parts = self.known.remove(&key).unwrap_or_default();
        self.by_weight.remove(&(self.weight(&parts), key.clone()));
        let before = parts.clone();
        parts.retain(|known| known.signal != signal);
        parts.extend(part);
        parts.sort_by_key(|part| (std::cmp::Reverse(self.level(part)), part.signal));
        parts.truncate(ENTITY_SIGNALS_MAX);
        if before != parts {
            self.changed.insert(key.clone());
        }
        self.keep(key, parts);
    }

    fn keep(&mut self, key: Key, parts: Vec<Part>) {
        if parts.is_empty() {
            return;
        }
        self.by_weight.insert((self.weight(&parts), key.clone()));
        self.known.insert(key, parts);
        while self.known.len() > self.entities_max {
            let Some((_, least)) = self.by_weight.pop_first() else { return };
            self.known.remove(&least);
            self.changed.insert(least);
            metrics::counter!("sentra_triage_entities_forgotten_total").increment(1);
        }
    }

    /// The logarithm of what a part weighs at any one moment, so that it can be compared without the clock.
    fn log_weight(&self, part: &Part) -> f64 {
        part.gain.max(1e-9).log2() + part.at.micros() as f64 / self.half_life_micros
    }

    fn level(&self, part: &Part) -> i64 {
        (self.log_weight(part) * 1e6) as i64
    }

    fn weight(&self, parts: &[Part]) -> i64 {
        let most = parts.iter().map(|part| self.log_weight(part)).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = parts.iter().map(|part| (self.log_weight(part) - most).exp2()).sum();
        ((most + sum.log2()) * 1e6) as i64
    }

    fn at(&self, (entity_type, value): &Key, parts: &[Part], as_of: Timestamp) -> EntityRisk {
        let left = |part: &Part| {
            let age = as_of.since(part.at).max(0) as f64;
            0.5_f64.powf(age / self.half_life_micros)
        };
        // A detector speaks once, with what is left of its strongest signal.
        let mut by_detector: BTreeMap<&Detector, (f64, &Part)> = BTreeMap::new();
        for part in parts {
            let gain = part.gain * left(part);
            let known = by_detector.entry(&part.detector).or_insert((gain, part));
            if gain > known.0 {
                *known = (gain, part);
            }
        }
        let mut by_technique: BTreeMap<&str, Vec<(f64, &Part)>> = BTreeMap::new();
        for spoken in by_detector.into_values() {
            by_technique.entry(&spoken.1.technique).or_default().push(spoken);
        }
        let mut techniques: Vec<(f64, Vec<(f64, &Part)>)> =
            by_technique.into_values().map(|same| discounted(same, SAME_TECHNIQUE)).collect();
        techniques.sort_by(|one, other| other.0.total_cmp(&one.0));
        let (mut weight, mut total, mut variance) = (1.0, 0.0, 0.0);
        let mut reasons = Vec::new();
        for (_, same) in techniques {
            for (gain, part) in same {
                total += weight * gain;
                variance += (weight * part.deviation * left(part)).powi(2);
                reasons.push(RiskReason {
                    factor: RiskFactor::Evidence,
                    what: part.title.clone(),
                    log_odds: weight * gain,
                    signals: vec![part.signal],
                });
            }
            weight *= FURTHER_TECHNIQUE;
        }
        reasons.sort_by(crate::risk::rank);
        let center = (log_odds(BASE_RATE) + total).min(LOG_ODDS_MAX);
        let spread = INTERVAL_DEVIATIONS * variance.sqrt();
        EntityRisk {
            entity_type: *entity_type,
            value: value.clone(),
            risk: Estimate::new(
                probability(center),
                probability(center - spread),
                probability(center + spread),
            ),
            reasons,
            last: parts.iter().map(|part| part.at).max().unwrap_or_default(),
        }
    }

    /// The risk of an entity at `as_of`.
    #[must_use]
    pub fn of(&self, entity: &EntityRef, as_of: Timestamp) -> Option<EntityRisk> {
        let (entity_type, value) = entity.key();
        let key = (entity_type, shorten(&value));
        self.known.get(&key).map(|parts| self.at(&key, parts, as_of))
    }

    /// The `count` riskiest entities at `as_of`, then by type and name.
    #[must_use]
    pub fn ranked(&self, as_of: Timestamp, count: usize) -> Vec<EntityRisk> {
        let mut all: Vec<EntityRisk> =
            self.known.iter().map(|(key, parts)| self.at(key, parts, as_of)).collect();
        // Stable: entities of one risk stay in the order of their keys.
        all.sort_by(|one, other| other.risk.score.total_cmp(&one.risk.score));
        all.truncate(count);
        all
    }

    /// The rows to store since the last call.
    pub fn take_changes(&mut self) -> Vec<StateRow> {
        let changed = std::mem::take(&mut self.changed);
        let value = |key: &Key| self.known.get(key).and_then(|parts| serde_json::to_vec(parts).ok());
        let row = |key: Key| {
            let value = value(&key);
            (format!("{}\u{1f}{}", key.0, key.1).into_bytes(), value)
        };
        changed.into_iter().map(row).collect()
    }

    /// Takes up a stored row; says whether it was one.
    pub fn restore(&mut self, key: &[u8], value: &[u8]) -> bool {
        let text = std::str::from_utf8(key).ok().and_then(|text| text.split_once('\u{1f}'));
        let Some((entity_type, name)) = text else { return false };
        let entity_type = serde_json::from_value::<EntityType>(entity_type.into());
        let (Ok(entity_type), Ok(parts)) = (entity_type, serde_json::from_slice::<Vec<Part>>(value)) else {
            return false;
        };
        let sound = |part: &Part| part.gain.is_finite() && part.deviation.is_finite();
        if parts.len() > ENTITY_SIGNALS_MAX || !parts.iter().all(sound) {
            return false;
        }
        self.keep((entity_type, name.to_owned()), parts);
        true
    }
}

fn technique(signal: &Signal) -> String {
    let technique = signal.techniques.first().map_or(signal.rule.id.as_str(), String::as_str);
    technique.split('.').next().unwrap_or(technique).to_owned()
}

/// Each gain with what it counts, and their sum.
fn discounted(mut gains: Vec<(f64, &Part)>, discount: f64) -> (f64, Vec<(f64, &Part)>) {
    gains.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.signal.cmp(&other.1.signal)));
    let mut weight = 1.0;
    for (gain, _) in &mut gains {
        *gain *= weight;
        weight *= discount;
    }
    (gains.iter().map(|(gain, _)| gain).sum(), gains)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::signal;

    const HOUR: i64 = 3_600;

    fn host(name: &str) -> EntityRef {
        EntityRef::new(EntityType::Host, Role::Related, name)
    }

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_seconds(hour * HOUR)
    }

    fn score(risks: &EntityRisks, name: &str, hour: i64) -> f64 {
        risks.of(&host(name), at(hour)).map_or(0.0, |risk| risk.risk.score)
    }

    #[test]
    fn risk_adds_up_and_halves() {
        let mut risks = EntityRisks::new(100, 72);
        risks.take(&signal("a", 0, None, "WEB-1", "alice"), Standing::Open, Timestamp::MAX);
        let one = score(&risks, "web-1", 0);
        risks.take(&signal("b", 0, None, "web-1", "alice"), Standing::Open, Timestamp::MAX);
        let two = score(&risks, "web-1", 0);
        assert!(two > one && one > BASE_RATE);
        let gain = |score: f64| log_odds(score) - log_odds(BASE_RATE);
        assert!((gain(score(&risks, "web-1", 72)) - gain(two) / 2.0).abs() < 1e-9);
        assert_eq!(risks.of(&host("web-1"), at(0)).unwrap().reasons.len(), 2);
    }

    #[test]
    fn verdicts_clear_and_confirm() {
        let mut risks = EntityRisks::new(100, 72);
        let found = signal("a", 0, None, "web-1", "alice");
        risks.take(&found, Standing::Open, Timestamp::MAX);
        let open = score(&risks, "web-1", 0);
        risks.take(&found, Standing::Confirmed, Timestamp::MAX);
        assert!(score(&risks, "web-1", 0) > open);
        risks.take(&found, Standing::Cleared, Timestamp::MAX);
        assert!(risks.ranked(at(0), 10).is_empty());
    }

    #[test]
    fn entities_are_bounded_and_the_least_risky_is_forgotten() {
        let mut risks = EntityRisks::new(3, 72);
        for number in 0..10 {
            risks.take(
                &signal("a", number * HOUR, None, &format!("h{number}"), "root"),
                Standing::Open,
                at(99),
            );
        }
        let names: Vec<String> = risks.ranked(at(10), 9).into_iter().map(|risk| risk.value).collect();
        assert_eq!(names, ["h9", "h8", "h7"]);
        assert_eq!(risks.by_weight.len(), 3);
    }

    #[test]
    fn a_signal_from_2099_fades_like_one_of_today() {
        let mut risks = EntityRisks::new(3, 72);
        risks.take(&signal("a", 4_000_000_000, None, "h", "root"), Standing::Open, at(1));
        assert!(score(&risks, "h", 1000) < 0.06);
    }

    #[test]
    fn risks_survive_their_rows_and_nonsense_is_refused() {
        let mut risks = EntityRisks::new(100, 72);
        for number in 0..40 {
            let rule = format!("r{}", number % 7);
            risks.take(&signal(&rule, number, None, "h", &format!("u{}", number % 3)), Standing::Open, at(9));
        }
        let mut restored = EntityRisks::new(100, 72);
        for (key, value) in risks.take_changes() {
            assert!(restored.restore(&key, &value.unwrap()));
        }
        assert_eq!(risks.ranked(at(2), 100), restored.ranked(at(2), 100));
        assert!(risks.take_changes().is_empty());
        assert!(!restored.restore(b"host", b"[]") && !restored.restore(b"host\x1fh", b"{"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn the_order_of_signals_does_not_matter(seeds in prop::collection::vec((0..9_u8, 0..500_i64), 1..20)) {
            let signals: Vec<Signal> = seeds
                .iter()
                .map(|(rule, hour)| signal(&format!("r{rule}"), hour * HOUR, None, "h", "u"))
                .collect();
            let ranked = |signals: &mut dyn Iterator<Item = &Signal>| {
                let mut risks = EntityRisks::new(100, 72);
                for signal in signals {
                    risks.take(signal, Standing::Open, Timestamp::MAX);
                }
                risks.ranked(at(500), 10)
            };
            prop_assert_eq!(ranked(&mut signals.iter()), ranked(&mut signals.iter().rev()));
        }
    }
}
