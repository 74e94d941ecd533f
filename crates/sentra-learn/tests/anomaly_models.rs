//! Anomaly models from outside: what they promise on rows made here.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use proptest::prelude::*;
use sentra_learn::anomaly::{
    AnomalyModel, Column, EncoderSettings, Lesson, MemorySettings, ModelError, RecentSettings, Table,
    TrainSettings,
};
use sentra_model::Timestamp;

/// A generator of numbers that has nothing to do with that of the models.
struct Lehmer(u64);

impl Lehmer {
    fn unit(&mut self) -> f32 {
        self.0 = self.0 * 48_271 % 2_147_483_647;
        self.0 as f32 / 2_147_483_647.0
    }
}

/// Connections: bytes by service, seconds, a service and a flag that belongs to it.
fn connections(seed: u64, rows: usize) -> Table {
    let mut random = Lehmer(seed);
    let (mut bytes, mut seconds, mut services, mut flags) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let service = if random.unit() < 0.7 { 0 } else { 1 };
        let size = if service == 0 { 7.0 } else { 4.0 };
        bytes.push((size + random.unit() + random.unit()).exp());
        seconds.push(random.unit() * 3.0);
        services.push(service);
        flags.push(if random.unit() < 0.95 { service } else { 2 });
    }
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Table::new(vec![
        ("bytes".to_owned(), Column::Numbers(bytes)),
        ("seconds".to_owned(), Column::Numbers(seconds)),
        ("service".to_owned(), Column::Categories { names: names(&["http", "dns"]), codes: services }),
        (
            "flag".to_owned(),
            Column::Categories { names: names(&["closed", "answered", "reset"]), codes: flags },
        ),
    ])
    .unwrap()
}

fn model(seed: u64) -> AnomalyModel {
    AnomalyModel::train(&connections(11, 4000), &TrainSettings::default(), seed).unwrap()
}

#[test]
fn a_seed_fixes_the_model_to_the_byte() {
    assert_eq!(model(1).to_bytes(), model(1).to_bytes());
    assert_ne!(model(1).to_bytes(), model(2).to_bytes());
}

#[test]
fn a_model_survives_its_bytes() {
    let (model, rows) = (model(1), connections(12, 500));
    let bytes = model.to_bytes();
    let again = AnomalyModel::from_bytes(&bytes).unwrap();
    assert_eq!(again.score_table(&rows, None), model.score_table(&rows, None));
    assert_eq!(again.to_bytes(), bytes);
}

#[test]
fn normal_rows_it_has_not_seen_stay_within_the_promised_rate() {
    for rate in [0.01, 0.05] {
        let settings = TrainSettings { false_positive_rate: rate, ..TrainSettings::default() };
        let model = AnomalyModel::train(&connections(11, 8000), &settings, 1).unwrap();
        let scores = model.score_table(&connections(99, 8000), None).unwrap();
        let alarms = scores.ensemble.iter().filter(|score| **score > 0.5).count() as f32 / 8000.0;
        assert!(alarms < 1.6 * rate, "{alarms} of {rate}");
        assert!(alarms > 0.4 * rate, "{alarms} of {rate}");
    }
}

#[test]
fn one_row_scores_as_in_a_table() {
    let (model, table) = (model(1), connections(13, 50));
    let scores = model.score_table(&table, None).unwrap();
    let [Column::Numbers(bytes), Column::Numbers(seconds), Column::Categories { names, codes }, flag] =
        table.columns()
    else {
        panic!("the shape of the table")
    };
    let Column::Categories { names: flags, codes: flag_codes } = flag else { panic!("names") };
    for row in 0..table.rows() {
        let names = [names[codes[row] as usize].as_str(), flags[flag_codes[row] as usize].as_str()];
        let scored = model.score_row(&[bytes[row], seconds[row]], &names, None);
        assert!((scored.score - scores.ensemble[row]).abs() < 1e-6);
        assert_eq!(scored.is_anomalous, scored.score > 0.5);
    }
}

#[test]
fn the_reasons_sum_to_the_surprise_and_name_what_is_odd() {
    let model = model(1);
    let cases: [(&[f32], [&str; 2], &str); 4] = [
        (&[9e9, 1.0], ["http", "closed"], "bytes"),
        (&[2500.0, 9e5], ["http", "closed"], "seconds"),
        (&[2500.0, 1.0], ["telnet", "closed"], "service"),
        // Both names are common, but never together.
        (&[2500.0, 1.0], ["http", "answered"], "service & flag"),
    ];
    for (numbers, names, expected) in cases {
        let scored = model.score_row(numbers, &names, None);
        let sum: f32 = scored.attributions.iter().map(|part| part.surprise).sum();
        assert!((sum - scored.surprise).abs() < 1e-3 * scored.surprise, "{sum} {}", scored.surprise);
        assert!(scored.is_anomalous && scored.normal_probability <= 0.011, "{expected}: {scored:?}");
        let leading: Vec<&str> =
            scored.attributions.iter().take(2).map(|part| part.feature.as_str()).collect();
        assert!(leading.contains(&expected), "{expected}: {leading:?}");
    }
    let usual = model.score_row(&[2500.0, 1.5], &["http", "closed"], None);
    assert!(!usual.is_anomalous && usual.normal_probability > 0.05, "{usual:?}");
}

#[test]
fn what_is_missing_counts_as_usual_and_what_is_infinite_does_not() {
    let model = model(1);
    let missing = model.score_row(&[f32::NAN], &["http", "closed"], None);
    assert!(!missing.is_anomalous, "{missing:?}");
    for absurd in [f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN] {
        let scored = model.score_row(&[absurd, absurd], &["http", "closed"], None);
        assert!(scored.is_anomalous && scored.score < 1.0, "{absurd} {scored:?}");
    }
    assert!(model.score(&[]).score.is_finite());
    assert!(model.score(&[1.0; 5000]).score.is_finite());
}

#[test]
fn another_shape_is_refused() {
    let model = model(1);
    let table = Table::from_rows(&["bytes"], &[vec![1.0]]).unwrap();
    let error = model.score_table(&table, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "column 2 is absent, the model was trained on number: give the columns of the training in its order"
    );
}

#[test]
fn too_little_or_senseless_is_refused() {
    let few = AnomalyModel::train(&connections(1, 49), &TrainSettings::default(), 1);
    assert!(matches!(few, Err(ModelError::TooFewRows { rows: 49, .. })));
    let train = |settings| AnomalyModel::train(&connections(1, 100), &settings, 1);
    let defaults = TrainSettings::default();
    assert!(train(TrainSettings { false_positive_rate: 0.0, ..defaults }).is_err());
    assert!(train(TrainSettings { contamination: f32::NAN, ..defaults }).is_err());
    let encoder = EncoderSettings { clip: f32::INFINITY, ..defaults.encoder };
    assert!(train(TrainSettings { encoder, ..defaults }).is_err());
    let memory = MemorySettings { anchors: 4096, ..defaults.memory };
    assert!(train(TrainSettings { memory, ..defaults }).is_err());
}

#[test]
fn rows_that_are_all_alike_make_a_model() {
    let table = Table::from_rows(&["a", "b"], &vec![vec![1.0, 2.0]; 200]).unwrap();
    let model = AnomalyModel::train(&table, &TrainSettings::default(), 1).unwrap();
    let (same, other) = (model.score(&[1.0, 2.0]), model.score(&[5.0, 2.0]));
    assert!(!same.is_anomalous && other.is_anomalous, "{same:?} {other:?}");
    assert!(same.score.is_finite() && other.score.is_finite());
}

#[test]
fn a_column_of_no_numbers_makes_a_model() {
    let rows: Vec<Vec<f32>> = (0..200).map(|row| vec![f32::NAN, row as f32, f32::INFINITY]).collect();
    let table = Table::from_rows(&["a", "b", "c"], &rows).unwrap();
    let model = AnomalyModel::train(&table, &TrainSettings::default(), 1).unwrap();
    assert!(model.score(&[f32::NAN, 50.0, f32::INFINITY]).score.is_finite());
}

#[test]
fn names_of_a_small_column_can_be_dimensions_of_their_own() {
    let encoder = EncoderSettings { one_hot_names: 3, ..EncoderSettings::default() };
    let settings = TrainSettings { encoder, ..TrainSettings::default() };
    let model = AnomalyModel::train(&connections(11, 1000), &settings, 1).unwrap();
    let features: Vec<&str> = model.features().collect();
    assert!(features.contains(&"service = dns") && features.contains(&"flag = reset"), "{features:?}");
    let again = AnomalyModel::from_bytes(&model.to_bytes()).unwrap();
    let rows = connections(3, 40);
    assert_eq!(again.score_table(&rows, None), model.score_table(&rows, None));
}

/// An attacker sends a little more every minute for a month, and nothing ever alerts.
#[test]
fn a_slow_ramp_teaches_the_memory_nothing() {
    let model = model(1);
    let mut recent = model.recent_memory(RecentSettings::default());
    let row = |step: u32| [2500.0 * 1.0005f32.powi(step as i32), 1.5];
    let names = ["http", "closed"];
    let last = 40_000;
    let before = model.score_row(&row(last), &names, None);
    let mut learnt_at = Vec::new();
    for step in 0..last {
        let at = Timestamp::from_seconds(i64::from(step) * 60);
        if model.learn(&mut recent, (&row(step), &names), false, at) == Lesson::Learnt {
            learnt_at.push(step);
            let scored = model.score_row(&row(step), &names, None);
            assert!(!scored.is_anomalous, "learnt what the trained model calls anomalous");
        }
    }
    let after = model.score_row(&row(last), &names, Some(&recent));
    assert!(before.is_anomalous && after.is_anomalous);
    assert!(after.surprise > 0.9 * before.surprise, "{} {}", before.surprise, after.surprise);
    // Where the trained model raises its first alarm, the one that has learnt does too, but for a few steps.
    let first =
        |recent| (0..last).step_by(20).find(|step| model.score_row(&row(*step), &names, recent).is_anomalous);
    let (trained, taught) = (first(None).unwrap(), first(Some(&recent)).unwrap());
    assert!(taught < trained + trained / 2, "{trained} {taught}");
    assert!(learnt_at.iter().all(|step| *step < last / 4));
}

#[test]
fn what_was_alerted_is_never_learnt_and_what_is_new_but_normal_is() {
    let model = model(1);
    let mut recent = model.recent_memory(RecentSettings::default());
    let table = connections(77, 2000);
    let (Column::Numbers(bytes), Column::Numbers(seconds)) = (&table.columns()[0], &table.columns()[1])
    else {
        panic!("numbers")
    };
    let mut lessons = std::collections::BTreeMap::new();
    for (row, (bytes, seconds)) in bytes.iter().zip(seconds).enumerate() {
        let at = Timestamp::from_seconds(row as i64 * 600);
        let service = if *bytes > 700.0 { ["http", "closed"] } else { ["dns", "answered"] };
        let lesson = model.learn(&mut recent, (&[*bytes, *seconds], &service), row % 2 == 0, at);
        assert_eq!(lesson == Lesson::Alerted, row % 2 == 0);
        *lessons.entry(format!("{lesson:?}")).or_insert(0) += 1;
    }
    assert!(lessons["Learnt"] > 50, "{lessons:?}");
    assert!(recent.len() <= RecentSettings::default().points);
    assert!(!recent.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// A model with any few bytes changed is refused, or is one that scores.
    #[test]
    fn hostile_bytes_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        thread_local! {
            static BYTES: Vec<u8> = {
                let settings = TrainSettings { memory: MemorySettings { anchors: 8, ..MemorySettings::default() }, ..TrainSettings::default() };
                let mut settings = settings;
                settings.forest.trees = 2;
                settings.forest.sample_rows = 32;
                AnomalyModel::train(&connections(11, 300), &settings, 1).unwrap().to_bytes()
            };
        }
        let mut bytes = BYTES.with(Clone::clone);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(model) = AnomalyModel::from_bytes(&bytes) {
            let _scored = model.score_row(&[1.0, 2.0], &["http", "closed"], None);
            let _scores = model.score_table(&connections(5, 20), None);
        }
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(AnomalyModel::from_bytes(&bytes).is_err());
    }
}
