//! One tenant's models: which speaks, which listens.

use std::collections::BTreeMap;

use sentra_model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use super::artefact::{ModelCard, ModelKind, ModelVersion};
use super::compare::{Comparison, Decision};

/// Most models that a registry keeps; the oldest that neither speaks, listens nor is the one to roll back to goes first.
pub const MODELS_MAX: usize = 32;
/// Most changes that are remembered; the oldest goes first.
pub const HISTORY_MAX: usize = 500;

/// Why a change is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// It belongs to somebody else.
    #[error("the model belongs to tenant {0}: add it to the registry of that tenant")]
    Tenant(String),
    /// Nobody knows it.
    #[error("no {} model {version}: add it first", kind.as_str())]
    Unknown {
        /// Its kind.
        kind: ModelKind,
        /// Its version.
        version: ModelVersion,
    },
    /// There was no model before.
    #[error("no {} model was active before: there is nothing to roll back to", .0.as_str())]
    NoPrevious(ModelKind),
    /// No model is in shadow.
    #[error("no {} model is in shadow: put one there first", .0.as_str())]
    NoShadow(ModelKind),
    /// It speaks already.
    #[error("model {0} is active already")]
    AlreadyActive(ModelVersion),
}

/// Which models of a kind are in use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// The one whose scores count.
    pub active: Option<ModelVersion>,
    /// Those that were active before, the last one last.
    pub previous: Vec<ModelVersion>,
    /// The one that scores beside it, unseen.
    pub shadow: Option<ModelVersion>,
}

/// How many former models a roll-back can go back through.
const PREVIOUS_MAX: usize = 8;

/// What happened to a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum ChangeKind {
    /// It was added.
    Added,
    /// It was made active by hand.
    Activated,
    /// It was made active again after its successor was taken back.
    RolledBack,
    /// It runs beside the active one.
    Shadowed,
    /// It no longer runs beside the active one, because somebody said so.
    Discarded,
    /// It was compared with the active one; promoted if the decision says so.
    Compared {
        /// Both models' figures, and what followed.
        comparison: Box<Comparison>,
    },
    /// It was dropped to make room.
    Dropped,
}

/// A change, by whom and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// Who did it: a person, or `schedule`.
    pub by: String,
    /// What kind of model.
    pub kind: ModelKind,
    /// Which model.
    pub version: ModelVersion,
    /// What happened.
    #[serde(flatten)]
    pub what: ChangeKind,
}

/// One tenant's models, as data. The bytes are kept elsewhere, by version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Registry {
    tenant: TenantId,
    cards: Vec<ModelCard>,
    slots: BTreeMap<ModelKind, Slot>,
    history: Vec<Change>,
}

impl Registry {
    /// A registry without models.
    #[must_use]
    pub fn new(tenant: TenantId) -> Self {
        Self { tenant, cards: Vec::new(), slots: BTreeMap::new(), history: Vec::new() }
    }

    /// Whose it is.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// All models, the oldest first.
    #[must_use]
    pub fn cards(&self) -> &[ModelCard] {
        &self.cards
    }

    /// One model.
    #[must_use]
    pub fn card(&self, kind: ModelKind, version: ModelVersion) -> Option<&ModelCard> {
        self.cards.iter().find(|card| card.kind == kind && card.version == version)
    }

    /// Which models of a kind are in use.
    #[must_use]
    pub fn slot(&self, kind: ModelKind) -> Slot {
        self.slots.get(&kind).cloned().unwrap_or_default()
    }

    /// What happened, the oldest first.
    #[must_use]
    pub fn history(&self) -> &[Change] {
        &self.history
    }

    /// Adds a model. One that is there already stays as it is. Gives back the versions that were dropped to make room:
    /// their bytes can go.
    ///
    /// # Errors
    /// When it belongs to another tenant.
    pub fn add(&mut self, card: ModelCard, by: &str) -> Result<Vec<ModelVersion>, RegistryError> {
        if card.tenant != self.tenant {
            return Err(RegistryError::Tenant(card.tenant.as_str().to_owned()));
        }
        if self.card(card.kind, card.version).is_some() {
            return Ok(Vec::new());
        }
        let (at, kind, version) = (card.created, card.kind, card.version);
        self.cards.push(card);
        self.note(at, by, kind, version, ChangeKind::Added);
        Ok(self.make_room(at, version))
    }

    fn make_room(&mut self, at: Timestamp, added: ModelVersion) -> Vec<ModelVersion> {
        let mut dropped = Vec::new();
        while self.cards.len() > MODELS_MAX {
            let is_free = |card: &ModelCard| card.version != added && self.is_free(card);
            let Some(place) = self.cards.iter().position(is_free) else { break };
            dropped.extend(self.drop_at(place, at));
        }
        dropped
    }

    /// Drops the oldest models of a kind until `keep` are left, but none that speaks, listens or is the one to roll
    /// back to. Gives back the versions dropped: their bytes can go.
    pub fn prune(&mut self, kind: ModelKind, keep: usize, at: Timestamp) -> Vec<ModelVersion> {
        let mut dropped = Vec::new();
        while self.cards.iter().filter(|card| card.kind == kind).count() > keep {
            let is_free = |card: &ModelCard| card.kind == kind && self.is_free(card);
            let Some(place) = self.cards.iter().position(is_free) else { break };
            dropped.extend(self.drop_at(place, at));
        }
        dropped
    }

    /// Drops a model whose bytes are lost, wherever it is in use.
    pub fn lose(&mut self, kind: ModelKind, version: ModelVersion, at: Timestamp) {
        if let Some(slot) = self.slots.get_mut(&kind) {
            slot.active = slot.active.filter(|active| *active != version);
            slot.shadow = slot.shadow.filter(|shadow| *shadow != version);
        }
        let place = self.cards.iter().position(|card| card.kind == kind && card.version == version);
        if let Some(place) = place {
            self.drop_at(place, at);
        }
    }

    /// Whether nobody needs the model.
    fn is_free(&self, card: &ModelCard) -> bool {
        let version = Some(card.version);
        self.slots.get(&card.kind).is_none_or(|slot| {
            slot.active != version && slot.shadow != version && slot.previous.last().copied() != version
        })
    }

    fn drop_at(&mut self, place: usize, at: Timestamp) -> Option<ModelVersion> {
        if place >= self.cards.len() {
            return None;
        }
        let card = self.cards.remove(place);
        if let Some(slot) = self.slots.get_mut(&card.kind) {
            slot.previous.retain(|version| *version != card.version);
        }
        self.note(at, "limit", card.kind, card.version, ChangeKind::Dropped);
        Some(card.version)
    }

    /// Makes a model the one whose scores count.
    ///
    /// # Errors
    /// When it is not known, or active already.
    pub fn activate(
        &mut self,
        kind: ModelKind,
        version: ModelVersion,
        at: Timestamp,
        by: &str,
    ) -> Result<(), RegistryError> {
        self.take_over(kind, version)?;
        self.note(at, by, kind, version, ChangeKind::Activated);
        Ok(())
    }

    fn take_over(&mut self, kind: ModelKind, version: ModelVersion) -> Result<(), RegistryError> {
        self.card(kind, version).ok_or(RegistryError::Unknown { kind, version })?;
        let slot = self.slots.entry(kind).or_default();
        if slot.active == Some(version) {
            return Err(RegistryError::AlreadyActive(version));
        }
        slot.previous.retain(|previous| *previous != version);
        slot.previous.extend(slot.active.replace(version));
        let too_many = slot.previous.len().saturating_sub(PREVIOUS_MAX);
        slot.previous.drain(..too_many);
        if slot.shadow == Some(version) {
            slot.shadow = None;
        }
        Ok(())
    }

    /// Makes the model active again that was so before.
    ///
    /// # Errors
    /// When there was none.
    pub fn roll_back(
        &mut self,
        kind: ModelKind,
        at: Timestamp,
        by: &str,
    ) -> Result<ModelVersion, RegistryError> {
        let slot = self.slots.get_mut(&kind).ok_or(RegistryError::NoPrevious(kind))?;
        let version = slot.previous.pop().ok_or(RegistryError::NoPrevious(kind))?;
        slot.active = Some(version);
        if slot.shadow == Some(version) {
            slot.shadow = None;
        }
        self.note(at, by, kind, version, ChangeKind::RolledBack);
        Ok(version)
    }

    /// Lets a model run beside the active one: it scores, and nobody acts on it.
    ///
    /// # Errors
    /// When it is not known, or active.
    pub fn shadow(
        &mut self,
        kind: ModelKind,
        version: ModelVersion,
        at: Timestamp,
        by: &str,
    ) -> Result<(), RegistryError> {
        self.card(kind, version).ok_or(RegistryError::Unknown { kind, version })?;
        let slot = self.slots.entry(kind).or_default();
        if slot.active == Some(version) {
            return Err(RegistryError::AlreadyActive(version));
        }
        slot.shadow = Some(version);
        self.note(at, by, kind, version, ChangeKind::Shadowed);
        Ok(())
    }

    /// Ends the shadow. Its card stays until room is made.
    ///
    /// # Errors
    /// When no model is in shadow.
    pub fn discard_shadow(
        &mut self,
        kind: ModelKind,
        at: Timestamp,
        by: &str,
    ) -> Result<ModelVersion, RegistryError> {
        let shadow = self.slots.get_mut(&kind).and_then(|slot| slot.shadow.take());
        let version = shadow.ok_or(RegistryError::NoShadow(kind))?;
        self.note(at, by, kind, version, ChangeKind::Discarded);
        Ok(version)
    }

    /// Takes note of a comparison of the shadow with the active model, and promotes the shadow when it won. Both
    /// models' figures stay in the history, and under `labelled_…` on the shadow's card.
    ///
    /// # Errors
    /// When no model is in shadow.
    pub fn decide(
        &mut self,
        kind: ModelKind,
        comparison: Comparison,
        at: Timestamp,
        by: &str,
    ) -> Result<Decision, RegistryError> {
        let version = self.slot(kind).shadow.ok_or(RegistryError::NoShadow(kind))?;
        let card = self.cards.iter_mut().find(|card| card.kind == kind && card.version == version);
        if let (Some(card), Some(scores)) = (card, comparison.shadow) {
            for (name, value) in [
                ("labelled_auc", scores.auc),
                ("labelled_average_precision", scores.average_precision),
                ("labelled_rows", (comparison.attacks + comparison.normals) as f64),
            ] {
                card.metrics.insert(name.to_owned(), value);
            }
        }
        if comparison.decision == Decision::Promote {
            self.take_over(kind, version)?;
        }
        self.note(at, by, kind, version, ChangeKind::Compared { comparison: Box::new(comparison) });
        Ok(comparison.decision)
    }

    fn note(&mut self, at: Timestamp, by: &str, kind: ModelKind, version: ModelVersion, what: ChangeKind) {
        const BY_CHARACTERS_MAX: usize = 200;
        let by = by.chars().take(BY_CHARACTERS_MAX).collect();
        self.history.push(Change { at, by, kind, version, what });
        let too_many = self.history.len().saturating_sub(HISTORY_MAX);
        self.history.drain(..too_many);
    }
}

#[cfg(test)]
mod tests {
    use super::super::artefact::tests::card;
    use super::super::compare::{PromotionPolicy, ScoredPair, compare};
    use super::*;

    const KIND: ModelKind = ModelKind::Anomaly;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn version(contents: &str) -> ModelVersion {
        ModelVersion::of(KIND, contents.as_bytes())
    }

    fn registry(models: &[&str]) -> Registry {
        let mut registry = Registry::new(TenantId::default_tenant());
        for (place, model) in models.iter().enumerate() {
            registry.add(card(model.as_bytes(), place as i64), "schedule").unwrap();
        }
        registry
    }

    fn comparison(better: bool) -> Comparison {
        let rows: Vec<ScoredPair> = (0..200)
            .map(|row| {
                let is_attack = row % 2 == 0;
                let good = f32::from(u8::from(is_attack)) + row as f32 * 1e-4;
                let bad = (row % 7) as f32;
                let (active, shadow) = if better { (bad, good) } else { (good, bad) };
                ScoredPair { active, shadow, is_attack }
            })
            .collect();
        compare(&rows, &PromotionPolicy::default())
    }

    #[test]
    fn a_model_takes_over_and_is_taken_back() {
        let mut registry = registry(&["a", "b"]);
        assert_eq!(registry.roll_back(KIND, at(0), "eve"), Err(RegistryError::NoPrevious(KIND)));
        registry.activate(KIND, version("a"), at(1), "eve").unwrap();
        registry.activate(KIND, version("b"), at(2), "eve").unwrap();
        assert!(registry.activate(KIND, version("b"), at(2), "eve").is_err());
        assert!(registry.activate(KIND, version("c"), at(2), "eve").is_err());
        assert_eq!(registry.roll_back(KIND, at(3), "eve"), Ok(version("a")));
        assert_eq!(registry.slot(KIND).active, Some(version("a")));
        assert!(registry.roll_back(KIND, at(4), "eve").is_err());
        assert_eq!(registry.slot(ModelKind::Sequence), Slot::default());
    }

    #[test]
    fn a_shadow_takes_over_only_when_it_is_better() {
        let mut registry = registry(&["a", "b"]);
        registry.activate(KIND, version("a"), at(1), "eve").unwrap();
        assert!(registry.decide(KIND, comparison(true), at(2), "schedule").is_err());
        registry.shadow(KIND, version("b"), at(2), "eve").unwrap();
        assert_eq!(registry.decide(KIND, comparison(false), at(3), "schedule"), Ok(Decision::NotBetter));
        assert_eq!(registry.slot(KIND).active, Some(version("a")));
        assert_eq!(registry.decide(KIND, comparison(true), at(4), "schedule"), Ok(Decision::Promote));
        let slot = registry.slot(KIND);
        assert_eq!((slot.active, slot.shadow), (Some(version("b")), None));
        assert_eq!(slot.previous, [version("a")]);
        let compared =
            registry.history().iter().filter(|change| matches!(change.what, ChangeKind::Compared { .. }));
        assert_eq!(compared.count(), 2);
        assert!(registry.card(KIND, version("b")).unwrap().metrics["labelled_auc"] > 0.99);
    }

    #[test]
    fn no_tenant_takes_anothers_model() {
        let mut registry = Registry::new("other".parse().unwrap());
        assert!(matches!(registry.add(card(b"a", 0), "eve"), Err(RegistryError::Tenant(_))));
    }

    #[test]
    fn it_is_bounded_and_never_drops_what_is_in_use() {
        let names: Vec<String> = (0..MODELS_MAX + 20).map(|place| format!("m{place}")).collect();
        let mut registry = registry(&["active", "before", "shadow"]);
        registry.activate(KIND, version("before"), at(0), "eve").unwrap();
        registry.activate(KIND, version("active"), at(0), "eve").unwrap();
        registry.shadow(KIND, version("shadow"), at(0), "eve").unwrap();
        let mut dropped = Vec::new();
        for (place, name) in names.iter().enumerate() {
            dropped.extend(registry.add(card(name.as_bytes(), place as i64), "schedule").unwrap());
        }
        assert_eq!(registry.cards().len(), MODELS_MAX);
        assert_eq!(dropped.len(), 23);
        for kept in ["active", "before", "shadow"] {
            assert!(registry.card(KIND, version(kept)).is_some());
        }
        for place in 0..HISTORY_MAX as i64 {
            registry.shadow(KIND, version("shadow"), at(place), "eve").unwrap();
        }
        assert_eq!(registry.history().len(), HISTORY_MAX);
    }

    #[test]
    fn it_survives_its_json() {
        let mut registry = registry(&["a", "b"]);
        registry.activate(KIND, version("a"), at(1), "eve").unwrap();
        registry.shadow(KIND, version("b"), at(2), "eve").unwrap();
        registry.decide(KIND, comparison(true), at(4), "schedule").unwrap();
        let json = serde_json::to_string(&registry).unwrap();
        assert_eq!(serde_json::from_str::<Registry>(&json).unwrap(), registry);
    }
}
