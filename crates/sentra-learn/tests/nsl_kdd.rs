//! The models on the public NSL-KDD files: trained on the normal rows of one, measured on the other.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, and a test that is skipped says so"
)]

use std::path::Path;
use std::time::Duration;

use sentra_learn::anomaly::{
    AnomalyBench, AnomalyModel, AnomalyReport, Scores, TrainSettings, bench_anomaly, read_nsl_kdd,
};

/// Both files, or `None` with a word about it.
fn files() -> Option<(Vec<u8>, Vec<u8>)> {
    let directory = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/anomaly"));
    let read = |name: &str| std::fs::read(directory.join(name)).ok();
    let files = read("nsl-kdd-train20.csv").zip(read("nsl-kdd-dev.csv"));
    if files.is_none() {
        println!("SKIP: there is no NSL-KDD data in {}", directory.display());
    }
    files
}

fn report(files: &(Vec<u8>, Vec<u8>), what: &AnomalyBench) -> AnomalyReport {
    bench_anomaly(&files.0, &files.1, &AnomalyBench { runs: 1, ..what.clone() }, &|| Duration::ZERO).unwrap()
}

#[test]
fn every_seed_reaches_the_bars() {
    let Some(files) = files() else { return };
    for seed in [1, 2, 3, 4, 5, 6, 7, 8, 42, 1_000_003] {
        let report = report(&files, &AnomalyBench { seed, ..AnomalyBench::default() });
        let (forest, ensemble) = (report.forest.scores, report.ensemble.scores);
        println!("seed {seed}: forest {forest:?} memory {:?} ensemble {ensemble:?}", report.memory);
        assert_eq!((report.train_rows, report.train_attacks, report.test_rows), (13_449, 0, 11_272));
        assert!(forest.auc >= 0.96, "seed {seed}: forest {}", forest.auc);
        assert!(ensemble.auc >= 0.972, "seed {seed}: ensemble {}", ensemble.auc);
        assert!(ensemble.best_f1 >= 0.93, "seed {seed}: f1 {}", ensemble.best_f1);
        let promised =
            report.at_thresholds.iter().find(|at| at.promised_false_positive_rate == 0.05).unwrap();
        assert!(promised.precision >= 0.85 && promised.recall >= 0.80, "{promised:?}");
        assert!(promised.false_positive_rate <= 0.075, "{promised:?}");
    }
}

/// A few rows of the training are attacks, and nobody has said so.
#[test]
fn a_few_attacks_among_the_normal_rows_do_not_matter_much() {
    let Some(files) = files() else { return };
    let (train, test) = (read_nsl_kdd(&files.0), read_nsl_kdd(&files.1));
    let normal = train.normal_rows();
    let attacks: Vec<u32> =
        (0..train.labels.len() as u32).filter(|row| train.is_attack[*row as usize]).collect();
    for (share, contamination, bar) in
        [(0.02, 0.0, 0.94), (0.02, 0.05, 0.96), (0.05, 0.0, 0.92), (0.05, 0.05, 0.955), (0.1, 0.1, 0.94)]
    {
        let wanted = (normal.len() as f32 * share) as usize;
        let mixed = attacks.iter().step_by(attacks.len() / wanted).take(wanted);
        let rows: Vec<u32> = normal.iter().chain(mixed).copied().collect();
        let settings = TrainSettings { contamination, ..TrainSettings::default() };
        let model = AnomalyModel::train(&train.table.select(&rows), &settings, 1).unwrap();
        let scores = model.score_table(&test.table, None).unwrap();
        let forest = Scores::of(&scores.forest, &test.is_attack).unwrap().auc;
        let memory = Scores::of(&scores.memory, &test.is_attack).unwrap().auc;
        let ensemble = Scores::of(&scores.ensemble, &test.is_attack).unwrap();
        println!(
            "{share} attacks, contamination {contamination}: forest {forest:.4} memory {memory:.4} ensemble {ensemble:?}"
        );
        assert!(ensemble.auc >= bar, "{share} {contamination}: {}", ensemble.auc);
    }
}

#[test]
fn a_file_nobody_has_labelled() {
    let Some(files) = files() else { return };
    let report = report(&files, &AnomalyBench { mixed: true, ..AnomalyBench::default() });
    println!("all rows: forest {:?} ensemble {:?}", report.forest.scores, report.ensemble.scores);
    assert!(report.train_attacks > 11_000);
    assert!(report.forest.scores.auc >= 0.88, "{}", report.forest.scores.auc);
}
