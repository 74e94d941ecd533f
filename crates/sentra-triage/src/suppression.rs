//! Suppressions: findings that somebody decided not to see for a while, counted all the same (law LOSS).
//!
//! They end by event time, so that a replay suppresses what was suppressed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sentra_model::{Digest, EntityRef, Severity, Signal, SignalId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::StateRow;

/// Suppressions of one tenant.
pub const SUPPRESSIONS_MAX: usize = 1_000;
/// The longest a suppression can last from its creation, in days.
pub const SUPPRESSION_DAYS_MAX: i64 = 366;
/// Criteria of one suppression.
pub const SUPPRESSION_CRITERIA_MAX: usize = 32;
/// The last suppressed signals that are remembered of a suppression, so that a newer version of one counts once.
const REMEMBERED_MAX: usize = 256;
const TEXT_CHARS_MAX: usize = 1_000;
const DAY_MICROS: i64 = 86_400 * 1_000_000;

/// What a suppression is about; everything that is stated must be met, and something must be stated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SuppressionMatch {
    /// The rule's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Entities that all take part, in whatever role where `any_role` is set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<EntityRef>,
    /// Whether the roles of `entities` do not matter.
    #[serde(default)]
    pub any_role: bool,
    /// An ATT&CK technique; one without a sub-technique means all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub technique: Option<String>,
    /// Only findings up to this severity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity_max: Option<Severity>,
}

impl SuppressionMatch {
    /// Whether `signal` is meant.
    #[must_use]
    pub fn meets(&self, signal: &Signal) -> bool {
        let has = |wanted: &EntityRef| {
            let key = wanted.key();
            let met =
                |entity: &EntityRef| entity.key() == key && (self.any_role || entity.role == wanted.role);
            signal.entities.iter().any(met)
        };
        let is_technique = |wanted: &String| {
            let below = |found: &String| {
                found == wanted
                    || found.strip_prefix(wanted.as_str()).is_some_and(|rest| rest.starts_with('.'))
            };
            signal.techniques.iter().any(below)
        };
        self.criteria() > 0
            && self.rule.as_ref().is_none_or(|rule| *rule == signal.rule.id)
            && self.entities.iter().all(has)
            && self.technique.as_ref().is_none_or(is_technique)
            && self.severity_max.is_none_or(|most| signal.severity <= most)
    }

    /// A severity alone is no criterion: it would silence everything.
    fn criteria(&self) -> usize {
        usize::from(self.rule.is_some()) + usize::from(self.technique.is_some()) + self.entities.len()
    }
}

/// A decision not to see some findings for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Suppression {
    /// Its id, derived from its content.
    pub id: String,
    /// What is suppressed.
    #[serde(rename = "match")]
    pub matches: SuppressionMatch,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// When it was made, by the platform's clock.
    pub created: Timestamp,
    /// Findings whose last evidence is at this moment or later are seen again.
    pub expires: Timestamp,
}

/// What was suppressed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Suppressed {
    /// Findings.
    pub signals: u64,
    /// Happenings that they stand for.
    pub happenings: u64,
    /// Event time of the earliest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    /// Event time of the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// The highest severity.
    pub severity: Severity,
}

/// What a suppression would have done.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct SuppressionImpact {
    /// Signals looked at.
    pub looked_at: u64,
    /// Signals it would have suppressed.
    pub suppressed: u64,
    /// Of these, how many an analyst confirmed as malicious: it should be none.
    pub confirmed: u64,
    /// By rule title, the most frequent first.
    pub rules: Vec<(String, u64)>,
    /// By severity, the highest first.
    pub severities: Vec<(Severity, u64)>,
    /// The highest probability among them.
    pub riskiest: f64,
    /// Some of them.
    pub examples: Vec<SignalId>,
}

/// Why a suppression was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SuppressionError {
    /// It names neither rule nor entity nor technique.
    #[error("a suppression needs a rule, a technique or an entity")]
    Unlimited,
    /// It has too many criteria.
    #[error("a suppression has at most 32 entities")]
    TooManyCriteria,
    /// Nobody answers for it, or no reason is given, or either is too long.
    #[error("a suppression needs an owner and a reason of at most 1000 letters")]
    Unexplained,
    /// It does not end, or has ended.
    #[error("a suppression ends after its creation and within 366 days")]
    Endless,
    /// There are too many.
    #[error("there are 1000 suppressions; remove expired ones")]
    TooMany,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    suppression: Suppression,
    suppressed: Suppressed,
    remembered: VecDeque<SignalId>,
}

/// One tenant's suppressions and what they suppressed.
#[derive(Debug, Default)]
pub struct Suppressions {
    known: BTreeMap<String, Entry>,
    changed: BTreeSet<String>,
}

impl Suppression {
    /// A suppression of `matches`; its id follows from what it says.
    ///
    /// # Errors
    /// When it would silence everything, nobody answers for it, or it would not end.
    pub fn new(
        matches: SuppressionMatch,
        owner: &str,
        reason: &str,
        created: Timestamp,
        expires: Timestamp,
    ) -> Result<Self, SuppressionError> {
        let criteria = matches.criteria();
        if criteria == 0 {
            return Err(SuppressionError::Unlimited);
        }
        if criteria > SUPPRESSION_CRITERIA_MAX {
            return Err(SuppressionError::TooManyCriteria);
        }
        let is_text = |text: &str| !text.trim().is_empty() && text.chars().count() <= TEXT_CHARS_MAX;
        if !is_text(owner) || !is_text(reason) {
            return Err(SuppressionError::Unexplained);
        }
        let lasts = expires.since(created);
        if lasts <= 0 || lasts > SUPPRESSION_DAYS_MAX * DAY_MICROS {
            return Err(SuppressionError::Endless);
        }
        let content = serde_json::to_string(&matches).unwrap_or_default();
        let inputs = Digest::new("suppression/1").text(&content).text(owner).text(reason);
        let inputs = inputs.text(&created.to_string()).text(&expires.to_string());
        let id = format!("sup-{:016x}", inputs.first_u64());
        let (owner, reason) = (owner.trim().to_owned(), reason.trim().to_owned());
        Ok(Self { id, matches, owner, reason, created, expires })
    }

    /// Whether it suppresses `signal`.
    #[must_use]
    pub fn covers(&self, signal: &Signal) -> bool {
        signal.last < self.expires && self.matches.meets(signal)
    }
}

impl Suppressions {
    /// Takes a suppression up.
    ///
    /// # Errors
    /// When there are too many.
    pub fn add(&mut self, suppression: Suppression) -> Result<(), SuppressionError> {
        if self.known.len() >= SUPPRESSIONS_MAX && !self.known.contains_key(&suppression.id) {
            return Err(SuppressionError::TooMany);
        }
        self.changed.insert(suppression.id.clone());
        let entry = self.known.entry(suppression.id.clone());
        entry.or_insert(Entry {
            suppression,
            suppressed: Suppressed::default(),
            remembered: VecDeque::new(),
        });
        Ok(())
    }

    /// Takes a suppression away; gives back what it was and what it suppressed.
    pub fn remove(&mut self, id: &str) -> Option<(Suppression, Suppressed)> {
        let entry = self.known.remove(id)?;
        self.changed.insert(id.to_owned());
        Some((entry.suppression, entry.suppressed))
    }

    /// The suppressions in the order of their ids, with what each suppressed.
    pub fn list(&self) -> impl Iterator<Item = (&Suppression, &Suppressed)> {
        self.known.values().map(|entry| (&entry.suppression, &entry.suppressed))
    }

    /// Findings suppressed so far.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.known.values().map(|entry| entry.suppressed.signals).sum()
    }

    /// Whether `signal` is suppressed, and by which; it is counted there.
    pub fn check(&mut self, signal: &Signal) -> Option<String> {
        let entry = self.known.values_mut().find(|entry| entry.suppression.covers(signal))?;
        let counted = &mut entry.suppressed;
        let is_new = !entry.remembered.contains(&signal.id);
        if is_new {
            entry.remembered.push_back(signal.id);
            if entry.remembered.len() > REMEMBERED_MAX {
                entry.remembered.pop_front();
            }
            counted.signals = counted.signals.saturating_add(1);
            counted.happenings = counted.happenings.saturating_add(signal.count);
        }
        counted.first = Some(counted.first.map_or(signal.first, |first| first.min(signal.first)));
        counted.last = Some(counted.last.map_or(signal.last, |last| last.max(signal.last)));
        counted.severity = counted.severity.max(signal.severity);
        let id = entry.suppression.id.clone();
        self.changed.insert(id.clone());
        metrics::counter!("sentra_triage_signals_suppressed_total").increment(u64::from(is_new));
        Some(id)
    }

    /// The rows to store since the last call.
    pub fn take_changes(&mut self) -> Vec<StateRow> {
        let changed = std::mem::take(&mut self.changed);
        let value = |id: &str| self.known.get(id).and_then(|entry| serde_json::to_vec(entry).ok());
        changed.into_iter().map(|id| (id.clone().into_bytes(), value(&id))).collect()
    }

    /// Takes up a stored row; says whether it was one.
    pub fn restore(&mut self, key: &[u8], value: &[u8]) -> bool {
        let Ok(entry) = serde_json::from_slice::<Entry>(value) else { return false };
        if entry.suppression.id.as_bytes() != key || entry.remembered.len() > REMEMBERED_MAX {
            return false;
        }
        if self.known.len() >= SUPPRESSIONS_MAX {
            return false;
        }
        self.known.insert(entry.suppression.id.clone(), entry);
        true
    }
}

/// What a suppression of `matches` would have suppressed of `signals`; `is_confirmed` says which of them an
/// analyst confirmed.
pub fn preview<'a>(
    matches: &SuppressionMatch,
    signals: impl IntoIterator<Item = &'a Signal>,
    is_confirmed: impl Fn(SignalId) -> bool,
) -> SuppressionImpact {
    const EXAMPLES_MAX: usize = 20;
    let mut impact = SuppressionImpact::default();
    let mut rules: BTreeMap<&str, u64> = BTreeMap::new();
    let mut severities: BTreeMap<Severity, u64> = BTreeMap::new();
    for signal in signals {
        impact.looked_at += 1;
        if !matches.meets(signal) {
            continue;
        }
        impact.suppressed += 1;
        impact.confirmed += u64::from(is_confirmed(signal.id));
        impact.riskiest = impact.riskiest.max(signal.probability.score);
        *rules.entry(&signal.rule.title).or_default() += 1;
        *severities.entry(signal.severity).or_default() += 1;
        if impact.examples.len() < EXAMPLES_MAX {
            impact.examples.push(signal.id);
        }
    }
    impact.rules = rules.into_iter().map(|(title, count)| (title.to_owned(), count)).collect();
    impact.rules.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    impact.severities = severities.into_iter().rev().collect();
    impact
}

#[cfg(test)]
mod tests {
    use sentra_model::{EntityType, Role};

    use super::*;
    use crate::testing::signal;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    fn on_host(rule: Option<&str>, host: &str) -> SuppressionMatch {
        SuppressionMatch {
            rule: rule.map(str::to_owned),
            entities: vec![EntityRef::new(EntityType::Host, Role::Target, host)],
            ..SuppressionMatch::default()
        }
    }

    #[test]
    fn what_is_suppressed_is_counted_and_the_rest_is_seen() {
        let mut suppressions = Suppressions::default();
        let wanted =
            Suppression::new(on_host(Some("a"), "WEB-1"), "ada", "scan week", at(0), at(100)).unwrap();
        suppressions.add(wanted.clone()).unwrap();
        let suppressed = signal("a", 5, None, "web-1", "root");
        assert_eq!(suppressions.check(&suppressed), Some(wanted.id.clone()));
        assert_eq!(suppressions.check(&suppressed), Some(wanted.id.clone()), "a newer version");
        assert_eq!(suppressions.check(&signal("b", 5, None, "web-1", "root")), None);
        assert_eq!(suppressions.check(&signal("a", 5, None, "web-2", "root")), None);
        assert_eq!(suppressions.check(&signal("a", 100, None, "web-1", "root")), None, "it has expired");
        assert_eq!(suppressions.total(), 1);
        let mut restored = Suppressions::default();
        for (key, value) in suppressions.take_changes() {
            assert!(restored.restore(&key, &value.unwrap()));
        }
        assert_eq!(restored.check(&suppressed), Some(wanted.id.clone()));
        assert_eq!(restored.total(), 1, "it remembers what it counted");
        assert_eq!(restored.remove(&wanted.id).unwrap().1.signals, 1);
        assert_eq!(restored.check(&suppressed), None);
    }

    #[test]
    fn a_suppression_of_everything_or_forever_or_by_nobody_is_refused() {
        let new =
            |matches, owner, reason, expires| Suppression::new(matches, owner, reason, at(0), at(expires));
        let severe =
            SuppressionMatch { severity_max: Some(Severity::Critical), ..SuppressionMatch::default() };
        assert_eq!(new(severe, "ada", "r", 9), Err(SuppressionError::Unlimited));
        let host = on_host(None, "h");
        assert_eq!(new(host.clone(), " ", "r", 9), Err(SuppressionError::Unexplained));
        assert_eq!(new(host.clone(), "ada", "", 9), Err(SuppressionError::Unexplained));
        assert_eq!(new(host.clone(), "ada", "r", 0), Err(SuppressionError::Endless));
        assert_eq!(new(host.clone(), "ada", "r", 400 * 86_400), Err(SuppressionError::Endless));
        assert!(new(host, "ada", "r", 9).is_ok());
    }

    #[test]
    fn a_technique_means_its_sub_techniques() {
        let of = |wanted: &str, found: &str| {
            let mut signal = signal("a", 0, None, "h", "u");
            signal.techniques = vec![found.to_owned()];
            SuppressionMatch { technique: Some(wanted.to_owned()), ..SuppressionMatch::default() }
                .meets(&signal)
        };
        assert!(of("T1110", "T1110.001") && of("T1110.001", "T1110.001"));
        assert!(!of("T1110.001", "T1110") && !of("T111", "T1110"));
    }

    #[test]
    fn the_impact_is_known_before() {
        let signals: Vec<Signal> = (0..30)
            .map(|number| signal(if number % 3 == 0 { "a" } else { "b" }, number, None, "h", "u"))
            .collect();
        let impact = preview(&on_host(Some("a"), "h"), &signals, |id| id == signals[3].id);
        assert_eq!((impact.looked_at, impact.suppressed, impact.confirmed), (30, 10, 1));
        assert_eq!(impact.rules, [("a".to_owned(), 10)]);
        assert!(impact.riskiest > 0.5);
    }
}
