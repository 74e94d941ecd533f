//! Training, shadows and what operators do.

use std::sync::Arc;

use sentra_model::{Digest, Timestamp};

use super::activity::{Live, Mark, Party};
use super::error::LearnError;
use super::finding::MODEL_KINDS;
use super::kept::Case;
use super::settings::HOUR_MICROS;
use super::train::{Material, TrainJob, Trained};
use super::{Keeper, KeeperSettings};
use crate::registry::{
    Decision, DriftLevel, ModelKind, ModelVersion, RegistryError, RetrainReason, ScoredPair, compare, rounded,
};
use crate::sequence::{SequenceModel, Symbol};

/// Who does what is due.
const SCHEDULE: &str = "schedule";
/// After so long (µs) a training that nobody heard of again is taken for lost.
const TRAINING_MICROS_MAX: i64 = 6 * HOUR_MICROS;
/// Events that the mean surprise of sequences is told from.
const BITS_EVENTS_MIN: u64 = 5_000;
/// So many bits per event above the held-out loss are some drift, and so many strong.
const BITS_SOME: f64 = 0.5;
const BITS_STRONG: f64 = 1.0;

/// A shadow is compared again with the active model when so many labels came since the last time.
const LABELS_BETWEEN: u64 = 5;

/// A model that can be put to work.
enum Ready {
    Activity(Party, Arc<Live>),
    Sequence(Box<SequenceModel>),
}

impl Keeper {
    /// What is due at `now`, by the platform's clock: compares shadows with active models where labels came, looks for
    /// drift, and gives a training when one is due and none is running.
    pub fn due(&mut self, now: Timestamp) -> Option<TrainJob> {
        let labels = self.labels_seen(None);
        let is_time = self.looked.is_none_or(|looked| {
            let since = now.since(looked);
            since < 0 || since >= self.settings.look_every_micros
        });
        if !is_time && labels == self.labels_looked {
            return None;
        }
        (self.looked, self.labels_looked) = (Some(now), labels);
        for kind in MODEL_KINDS {
            self.decide(kind, now);
        }
        self.look_for_drift();
        let running =
            self.in_training.filter(|(_, since)| (0..TRAINING_MICROS_MAX).contains(&now.since(*since)));
        if running.is_some() {
            return None;
        }
        let (kind, reason) =
            MODEL_KINDS.into_iter().find_map(|kind| Some((kind, self.reason(kind, now)?)))?;
        self.in_training = Some((kind, now));
        Some(self.job(kind, reason))
    }

    /// How often labels of a kind came or changed; of all kinds without one.
    fn labels_seen(&self, kind: Option<ModelKind>) -> u64 {
        let seen = |kind| match Party::of_kind(kind) {
            Some(party) => self.activity.side(party).cases.labels_seen,
            None => self.sequence_cases.labels_seen,
        };
        match kind {
            Some(kind) => seen(kind),
            None => MODEL_KINDS.into_iter().map(seen).sum(),
        }
    }

    /// Why a kind is to be trained now, if it is.
    pub(super) fn reason(&self, kind: ModelKind, now: Timestamp) -> Option<RetrainReason> {
        let schedule = self.schedules.get(&kind)?;
        let gap = self.settings.retrain.gap_micros;
        let failed = schedule.failed_at.is_some_and(|failed| (0..gap).contains(&now.since(failed)));
        if failed || self.missing(kind).is_some() {
            return None;
        }
        let drift = self.drift_level(kind);
        // A kind whose model was lost begins anew.
        let active = self.models.registry.slot(kind).active;
        self.settings.retrain.due(now, active.and(schedule.trained_at), schedule.verdicts, drift)
    }

    /// What a training of a kind lacks, in words.
    pub(super) fn missing(&self, kind: ModelKind) -> Option<String> {
        let KeeperSettings { activity_rows_min, activity_days_min, sequence_samples_min, .. } = self.settings;
        let Some(party) = Party::of_kind(kind) else {
            let samples = self.sequence.stats().samples as usize;
            return (samples < sequence_samples_min)
                .then(|| format!("{samples} of {sequence_samples_min} sequences of 32 events"));
        };
        let sample = &self.activity.side(party).sample;
        let (rows, days) = (sample.rows().len(), sample.days());
        let is_missing = rows < activity_rows_min || days < activity_days_min;
        is_missing
            .then(|| format!("{rows} of {activity_rows_min} hours, on {days} of {activity_days_min} days"))
    }

    pub(super) fn drift_level(&self, kind: ModelKind) -> DriftLevel {
        if kind != ModelKind::Sequence {
            return self.drifts.get(&kind).map_or(DriftLevel::None, |drift| drift.level);
        }
        let held_out = self.sequence.model().report().held_out_bits;
        match self.bits_mean.map_or(0.0, |mean| mean - held_out) {
            excess if excess >= BITS_STRONG => DriftLevel::Strong,
            excess if excess >= BITS_SOME => DriftLevel::Some,
            _ => DriftLevel::None,
        }
    }

    fn look_for_drift(&mut self) {
        for party in Party::ALL {
            let kind = party.kind();
            let active = self.models.registry.slot(kind).active;
            let card = active.and_then(|version| self.models.registry.card(kind, version));
            let reference = card.and_then(|card| card.drift.as_ref());
            match reference.and_then(|reference| self.activity.side(party).drift(reference)) {
                Some(report) => self.drifts.insert(kind, report),
                None => self.drifts.remove(&kind),
            };
        }
        let stats = self.sequence.stats();
        let bits = stats.mean_bits * stats.events as f64;
        let (events_before, bits_before) = self.bits_looked;
        let events = stats.events.saturating_sub(events_before);
        if self.models.registry.slot(ModelKind::Sequence).active.is_none() {
            (self.bits_looked, self.bits_mean) = ((stats.events, bits), None);
        } else if events >= BITS_EVENTS_MIN {
            self.bits_mean = Some((bits - bits_before) / events as f64);
            self.bits_looked = (stats.events, bits);
        }
    }

    fn job(&self, kind: ModelKind, reason: RetrainReason) -> TrainJob {
        let trainings = self.schedules.get(&kind).map_or(0, |schedule| schedule.trainings);
        let seed = Digest::new("training").number(self.settings.seed).text(kind.as_str()).number(trainings);
        let material = match Party::of_kind(kind) {
            Some(party) => Material::Rows {
                party,
                rows: self.activity.side(party).sample.rows().to_vec(),
                false_positive_rate: self.settings.activity_false_positive_rate,
            },
            None => Material::Sequences {
                alphabet: self.sequence.model().alphabet().clone(),
                samples: self.sequence.samples().collect(),
                times: self.activity.times().unwrap_or_default(),
                is_network_allowed: self.settings.is_network_allowed,
                false_positive_rate: self.settings.sequence_false_positive_rate,
            },
        };
        TrainJob { tenant: self.tenant.clone(), kind, reason, seed: seed.first_u64(), material }
    }

    /// Takes a trained model in: the first of its kind speaks at once, a later one runs in shadow. Gives its version.
    ///
    /// # Errors
    /// When the training failed, or was another tenant's. It is tried again a day later.
    pub fn trained(&mut self, trained: Trained, now: Timestamp) -> Result<ModelVersion, LearnError> {
        let Trained { tenant, kind, outcome } = trained;
        if tenant != self.tenant {
            return Err(LearnError::Tenant { kept: self.tenant.clone(), given: tenant });
        }
        self.in_training = self.in_training.filter(|(running, _)| *running != kind);
        // What else waits for a training must not wait for the next look.
        self.looked = None;
        let taken = outcome.and_then(|mut artefact| {
            artefact.card.created = now;
            artefact.card.metrics.values_mut().for_each(|value| *value = rounded(*value));
            let version = artefact.card.version;
            let is_first = self.models.registry.slot(kind).active.is_none();
            let is_active = self.models.registry.slot(kind).active == Some(version);
            self.models.add(artefact, SCHEDULE, now)?;
            if is_first {
                self.activate(kind, Some(version), SCHEDULE, now)?;
            } else if !is_active {
                self.models.registry.shadow(kind, version, now, SCHEDULE)?;
                self.put_shadow(kind)?;
            }
            Ok(version)
        });
        let schedule = self.schedules.entry(kind).or_default();
        schedule.trainings += 1;
        match &taken {
            Ok(_) => {
                (schedule.trained_at, schedule.failed_at, schedule.verdicts) = (Some(now), None, 0);
                schedule.labels_compared = 0;
                self.problems.remove(&kind);
            }
            Err(error) => {
                schedule.failed_at = Some(now);
                self.problems.insert(kind, error.to_string());
            }
        }
        taken
    }

    /// Compares a shadow with the active model when labels came since the last time, and lets it take over when it is
    /// better.
    fn decide(&mut self, kind: ModelKind, now: Timestamp) {
        let labels = self.labels_seen(Some(kind));
        let slot = self.models.registry.slot(kind);
        let (Some(_), Some(shadow)) = (slot.active, slot.shadow) else { return };
        let Some(schedule) = self.schedules.get(&kind) else { return };
        let new = labels.saturating_sub(schedule.labels_compared);
        if new == 0 || (schedule.labels_compared > 0 && new < LABELS_BETWEEN) {
            return;
        }
        let pairs = match Party::of_kind(kind) {
            Some(party) => self.activity.side(party).scored_pairs(),
            None => self.sequence_pairs(shadow),
        };
        let comparison = compare(&pairs, &self.settings.promotion);
        if comparison.decision == Decision::TooFewLabels {
            return;
        }
        if let Some(schedule) = self.schedules.get_mut(&kind) {
            schedule.labels_compared = labels;
        }
        let Ok(ready) = self.ready(kind, shadow) else { return };
        self.models.is_registry_changed = true;
        let decided = self.models.registry.decide(kind, comparison, now, SCHEDULE);
        if decided == Ok(Decision::Promote) {
            self.put_to_work(kind, ready);
        }
    }

    /// The labelled sequences as the active sequence model and its shadow score them.
    fn sequence_pairs(&self, shadow: ModelVersion) -> Vec<ScoredPair> {
        let Ok(shadow) = self.models.sequence(shadow) else { return Vec::new() };
        let active = self.sequence.model();
        let labelled = self.sequence_cases.iter();
        let pair = |case: &Case<Vec<u8>>| {
            let symbols: Vec<Symbol> = case.content.iter().map(|code| Symbol(*code)).collect();
            Some(ScoredPair {
                active: active.peak(&symbols)?,
                shadow: shadow.peak(&symbols)?,
                is_attack: case.mark == Mark::Attack,
            })
        };
        labelled.filter(|case| matches!(case.mark, Mark::Attack | Mark::Harmless)).filter_map(pair).collect()
    }

    fn ready(&self, kind: ModelKind, version: ModelVersion) -> Result<Ready, LearnError> {
        match (kind, Party::of_kind(kind)) {
            (_, Some(party)) => Ok(Ready::Activity(party, self.models.live(party, version)?)),
            (ModelKind::Sequence, _) => Ok(Ready::Sequence(Box::new(self.models.sequence(version)?))),
            _ => Err(LearnError::Kind(kind)),
        }
    }

    /// The registry says that a model speaks: now it does. What its shadow was ends with it, if it was that one.
    fn put_to_work(&mut self, kind: ModelKind, ready: Ready) {
        match ready {
            Ready::Activity(party, live) => {
                self.activity.take_over(party, Some(live));
                self.drifts.remove(&kind);
            }
            Ready::Sequence(model) => {
                self.sequence.install(*model);
                let stats = self.sequence.stats();
                self.bits_looked = (stats.events, stats.mean_bits * stats.events as f64);
                self.bits_mean = None;
            }
        }
        // A shadow that cannot be read is none.
        if self.put_shadow(kind).is_err()
            && let Some(shadow) = self.models.registry.slot(kind).shadow
        {
            self.models.lose(kind, shadow);
        }
    }

    fn put_shadow(&mut self, kind: ModelKind) -> Result<(), LearnError> {
        let Some(party) = Party::of_kind(kind) else { return Ok(()) };
        let shadow = self.models.registry.slot(kind).shadow;
        let live = shadow.map(|version| self.models.live(party, version)).transpose()?;
        let side = self.activity.side_mut(party);
        side.shadow = live;
        side.counters.shadow_unusual = 0;
        Ok(())
    }

    /// An operator, or the schedule, makes a model speak: the one in shadow, or the one of this version. Gives which.
    ///
    /// # Errors
    /// When there is none, it is not known, active already, or its bytes are lost.
    pub fn activate(
        &mut self,
        kind: ModelKind,
        version: Option<ModelVersion>,
        by: &str,
        now: Timestamp,
    ) -> Result<ModelVersion, LearnError> {
        let shadow = self.models.registry.slot(kind).shadow;
        let version = version.or(shadow).ok_or(RegistryError::NoShadow(kind))?;
        if self.models.registry.card(kind, version).is_none() {
            return Err(RegistryError::Unknown { kind, version }.into());
        }
        let ready = self.ready(kind, version)?;
        self.models.registry.activate(kind, version, now, by)?;
        self.models.is_registry_changed = true;
        self.put_to_work(kind, ready);
        Ok(version)
    }

    /// An operator takes the active model back: the one before it speaks again. Gives which.
    ///
    /// # Errors
    /// When there was none before, or its bytes are lost.
    pub fn roll_back(
        &mut self,
        kind: ModelKind,
        by: &str,
        now: Timestamp,
    ) -> Result<ModelVersion, LearnError> {
        let before = self.models.registry.slot(kind).previous.last().copied();
        let version = before.ok_or(RegistryError::NoPrevious(kind))?;
        let ready = self.ready(kind, version)?;
        self.models.registry.roll_back(kind, now, by)?;
        self.models.is_registry_changed = true;
        self.put_to_work(kind, ready);
        Ok(version)
    }

    /// An operator ends a shadow. Gives which it was.
    ///
    /// # Errors
    /// When no model is in shadow.
    pub fn discard_shadow(
        &mut self,
        kind: ModelKind,
        by: &str,
        now: Timestamp,
    ) -> Result<ModelVersion, LearnError> {
        let version = self.models.registry.discard_shadow(kind, now, by)?;
        self.models.is_registry_changed = true;
        self.put_shadow(kind)?;
        Ok(version)
    }
}
