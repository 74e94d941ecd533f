//! A model's life: trained, kept, shadowed, promoted, watched for drift.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use sentra_learn::anomaly::{AnomalyModel, Table, TrainSettings};
use sentra_learn::registry::{
    Artefact, Decision, DriftLevel, ModelKind, PromotionPolicy, Registry, RetrainPolicy, RetrainReason,
    ScoredPair, TrainingWindow, compare,
};
use sentra_model::{TenantId, Timestamp};

fn rows(seed: u64, rows: usize, shift: f32) -> Table {
    let mut state = seed;
    let mut unit = || {
        state = state * 48_271 % 2_147_483_647;
        state as f32 / 2_147_483_647.0
    };
    let rows: Vec<Vec<f32>> =
        (0..rows).map(|_| vec![(5.0 + unit() + unit() + shift).exp(), unit() * 10.0]).collect();
    Table::from_rows(&["bytes", "seconds"], &rows).unwrap()
}

fn day(day: i64) -> Timestamp {
    Timestamp::from_seconds(day * 86_400)
}

fn artefact(seed: u64) -> (AnomalyModel, Artefact) {
    let table = rows(5, 3000, 0.0);
    let model = AnomalyModel::train(&table, &TrainSettings::default(), seed).unwrap();
    let window = TrainingWindow { from: day(0), to: day(7) };
    let artefact =
        Artefact::of_anomaly(ModelKind::Anomaly, TenantId::default_tenant(), &model, &table, window, day(8))
            .unwrap();
    (model, artefact)
}

#[test]
fn an_artefact_carries_a_model_that_scores_alike() {
    let (model, artefact) = artefact(1);
    let again = Artefact::from_bytes(&artefact.to_bytes().unwrap()).unwrap();
    assert_eq!(again, artefact);
    let loaded = AnomalyModel::from_bytes(&again.bytes).unwrap();
    assert_eq!(loaded.score(&[9e9, 1.0]), model.score(&[9e9, 1.0]));
    assert_eq!(again.card.features, ["bytes", "seconds"]);
    assert_eq!((again.card.seed, again.card.rows.given), (1, 3000));
    assert_eq!(again.card.rows.learnt + again.card.rows.held_out, 3000);
    // The same training is the same version, another seed another.
    assert_eq!(self::artefact(1).1.card.version, artefact.card.version);
    assert_ne!(self::artefact(2).1.card.version, artefact.card.version);
}

#[test]
fn drift_has_levels() {
    let (model, artefact) = artefact(1);
    let reference = artefact.card.drift.unwrap();
    let drift = |shift| reference.drift(&model, &rows(91, 2000, shift)).unwrap().unwrap();
    assert_eq!(drift(0.0).level, DriftLevel::None, "{:?}", drift(0.0));
    let far = drift(2.0);
    assert_eq!((far.level, far.score_level), (DriftLevel::Strong, DriftLevel::Strong));
    assert_eq!(far.features[0].feature, "bytes");
    assert_eq!(far.features[1].level, DriftLevel::None);
    // Rows that crowd together within the normal are a feature's drift, not the scores'.
    let some = drift(0.2);
    assert!(
        some.level >= DriftLevel::Some && some.features[0].stability_index < far.features[0].stability_index
    );
    assert_eq!(reference.drift(&model, &rows(91, 499, 2.0)).unwrap(), None);
    assert!(reference.drift(&model, &Table::from_rows(&["a"], &vec![vec![1.0]; 600]).unwrap()).is_err());
}

#[test]
fn a_shadow_trained_on_more_takes_over() {
    let mut registry = Registry::new(TenantId::default_tenant());
    let (good, good_artefact) = artefact(1);
    // The active model learnt from a time when everything was larger.
    let old_rows = rows(6, 3000, 1.0);
    let old = AnomalyModel::train(&old_rows, &TrainSettings::default(), 1).unwrap();
    let window = TrainingWindow { from: day(-7), to: day(0) };
    let old_artefact =
        Artefact::of_anomaly(ModelKind::Anomaly, TenantId::default_tenant(), &old, &old_rows, window, day(0))
            .unwrap();
    let (old_version, version) = (old_artefact.card.version, good_artefact.card.version);
    registry.add(old_artefact.card, "schedule").unwrap();
    registry.activate(ModelKind::Anomaly, old_version, day(0), "eve").unwrap();
    let drift = good_artefact.card.drift.clone().unwrap().drift(&good, &old_rows).unwrap().unwrap();
    let due = RetrainPolicy::default().due(day(2), Some(day(0)), 0, drift.level);
    assert_eq!(due, Some(RetrainReason::Drift));
    registry.add(good_artefact.card, "schedule").unwrap();
    registry.shadow(ModelKind::Anomaly, version, day(8), "schedule").unwrap();
    let normal = good.score_table(&rows(7, 200, 0.0), None).unwrap().ensemble;
    let normal_old = old.score_table(&rows(7, 200, 0.0), None).unwrap().ensemble;
    let attacks = good.score_table(&rows(8, 100, 1.6), None).unwrap().ensemble;
    let attacks_old = old.score_table(&rows(8, 100, 1.6), None).unwrap().ensemble;
    let pair = |is_attack| {
        move |(shadow, active): (&f32, &f32)| ScoredPair { active: *active, shadow: *shadow, is_attack }
    };
    let labelled: Vec<ScoredPair> = normal
        .iter()
        .zip(&normal_old)
        .map(pair(false))
        .chain(attacks.iter().zip(&attacks_old).map(pair(true)))
        .collect();
    let comparison = compare(&labelled, &PromotionPolicy::default());
    assert_eq!(registry.decide(ModelKind::Anomaly, comparison, day(9), "schedule"), Ok(Decision::Promote));
    assert_eq!(registry.slot(ModelKind::Anomaly).active, Some(version));
    assert_eq!(registry.roll_back(ModelKind::Anomaly, day(10), "eve"), Ok(old_version));
}
