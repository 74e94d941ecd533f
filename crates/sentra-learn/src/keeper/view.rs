//! What people see of the models.

use std::collections::BTreeMap;

use sentra_model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::activity::{ActivityCounters, KindCounters, Mark, Party};
use super::finding::MODEL_KINDS;
use super::{Keeper, kept};
use crate::registry::{
    Change, DriftLevel, DriftReport, ModelCard, ModelKind, ModelVersion, RetrainReason, RowCounts,
    TrainingWindow,
};
use crate::sequence::SequenceStats;

/// Changes of one kind that are shown, the latest.
const HISTORY_SHOWN: usize = 50;

/// One tenant's models.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ModelsView {
    /// One per kind.
    pub models: Vec<ModelView>,
    /// What the hours of users and hosts counted.
    pub activity: ActivityCounters,
    /// What the sequences counted since the last start.
    pub sequence: SequenceStats,
}

/// The models of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ModelView {
    /// Which kind.
    pub kind: ModelKind,
    /// The id of its detector, as findings have it.
    pub detector: String,
    /// The model that speaks; none while there is too little to learn from.
    pub active: Option<CardView>,
    /// The model that is compared with it.
    pub shadow: Option<CardView>,
    /// Other models kept, the latest first: those that can be activated.
    pub others: Vec<CardView>,
    /// How far what comes is from what the active model was trained on.
    pub drift: DriftView,
    /// When it is trained next, and why.
    pub training: TrainingView,
    /// What analysts said.
    pub labels: LabelsView,
    /// What it did since the keeper began.
    pub counters: KindCounters,
    /// What happened to its models, the latest last; at most 50.
    pub history: Vec<Change>,
}

/// What is known of a model.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CardView {
    /// Its version.
    pub version: ModelVersion,
    /// When it was made.
    pub created: Timestamp,
    /// Which time its rows come from.
    pub window: TrainingWindow,
    /// The seed of its training.
    pub seed: u64,
    /// Its rows.
    pub rows: RowCounts,
    /// Its features.
    pub features: Vec<String>,
    /// Figures by name: held-out loss, promised false-positive rate, what is usual per feature.
    pub metrics: BTreeMap<String, f64>,
}

/// How far the world has moved.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DriftView {
    /// All together.
    pub level: DriftLevel,
    /// Of activity, from 500 hours on: per feature, and of the scores.
    pub report: Option<DriftReport>,
    /// Of sequences: mean −log2 p of the latest events; to be compared with the held-out loss of the active model.
    pub mean_bits: Option<f64>,
}

/// When a kind is trained next.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TrainingView {
    /// Since when a training runs.
    pub running_since: Option<Timestamp>,
    /// When the last one ended.
    pub last: Option<Timestamp>,
    /// When the next one is due at the latest; none while it lacks data.
    pub next: Option<Timestamp>,
    /// Why it is due now, if it is.
    pub reason: Option<RetrainReason>,
    /// What it lacks: `212 of 500 hours, on 2 of 3 days`.
    pub missing: Option<String>,
    /// Verdicts since the last training, and how many make a new one due.
    pub verdicts: u64,
    /// See `verdicts`.
    pub verdicts_needed: u64,
    /// Why the last training failed, if it did since the last start.
    pub problem: Option<String>,
}

/// What analysts said of hours or sequences that were alerted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct LabelsView {
    /// They were attacks.
    pub attacks: usize,
    /// They were none.
    pub harmless: usize,
    /// Nobody said anything yet.
    pub open: usize,
    /// So many of each must be there for a shadow to take over.
    pub needed: usize,
}

impl CardView {
    fn of(card: &ModelCard) -> Self {
        Self {
            version: card.version,
            created: card.created,
            window: card.window,
            seed: card.seed,
            rows: card.rows,
            features: card.features.clone(),
            metrics: card.metrics.clone(),
        }
    }
}

fn labels<T: kept::Content>(cases: &kept::Cases<T>, needed: usize) -> LabelsView {
    LabelsView {
        attacks: cases.count(Mark::Attack),
        harmless: cases.count(Mark::Harmless),
        open: cases.count(Mark::Alerted),
        needed,
    }
}

impl Keeper {
    /// What there is to see at `now`.
    #[must_use]
    pub fn view(&self, now: Timestamp) -> ModelsView {
        ModelsView {
            models: MODEL_KINDS.into_iter().map(|kind| self.view_of(kind, now)).collect(),
            activity: self.activity.counters(),
            sequence: self.sequence.stats(),
        }
    }

    fn view_of(&self, kind: ModelKind, now: Timestamp) -> ModelView {
        let registry = &self.models.registry;
        let slot = registry.slot(kind);
        let card = |version: Option<ModelVersion>| registry.card(kind, version?).map(CardView::of);
        let in_use = [slot.active, slot.shadow];
        let others = registry.cards().iter().rev().filter(|card| card.kind == kind);
        let history = registry.history().iter().filter(|change| change.kind == kind);
        let skipped = history.clone().count().saturating_sub(HISTORY_SHOWN);
        let policy = &self.settings.promotion;
        let needed = policy.attacks_min.max(policy.normals_min);
        let (labels, counters) = match Party::of_kind(kind) {
            Some(party) => {
                let side = self.activity.side(party);
                (labels(&side.cases, needed), side.counters)
            }
            None => (labels(&self.sequence_cases, needed), self.sequence_counters()),
        };
        ModelView {
            kind,
            detector: super::detector_of(kind).id.to_owned(),
            active: card(slot.active),
            shadow: card(slot.shadow),
            others: others.filter(|card| !in_use.contains(&Some(card.version))).map(CardView::of).collect(),
            drift: DriftView {
                level: self.drift_level(kind),
                report: self.drifts.get(&kind).cloned(),
                mean_bits: self.bits_mean.filter(|_| kind == ModelKind::Sequence),
            },
            training: self.training_of(kind, now),
            labels,
            counters,
            history: history.skip(skipped).cloned().collect(),
        }
    }

    fn sequence_counters(&self) -> KindCounters {
        let stats = self.sequence.stats();
        KindCounters {
            judged: stats.windows,
            learnt: stats.learned,
            alerted: stats.not_learned,
            ..self.sequence_counters
        }
    }

    fn training_of(&self, kind: ModelKind, now: Timestamp) -> TrainingView {
        let schedule = self.schedules.get(&kind).cloned().unwrap_or_default();
        let policy = &self.settings.retrain;
        let missing = self.missing(kind);
        let after_failure = schedule.failed_at.map(|failed| failed.plus_micros(policy.gap_micros));
        let regular = schedule.trained_at.map_or(now, |trained| trained.plus_micros(policy.every_micros));
        let next = if missing.is_some() { None } else { Some(after_failure.unwrap_or(regular)) };
        TrainingView {
            running_since: self.in_training.filter(|(running, _)| *running == kind).map(|(_, since)| since),
            last: schedule.trained_at,
            next,
            reason: self.reason(kind, now),
            missing,
            verdicts: schedule.verdicts,
            verdicts_needed: policy.verdicts,
            problem: self.problems.get(&kind).cloned(),
        }
    }
}
