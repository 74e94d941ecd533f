//! Measuring a model on two files: one to train on, one to score.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::ModelError;
use super::model::{AnomalyModel, TrainSettings};
use super::reader::{LabelledTable, RowProblem, read_labelled, read_nsl_kdd};
use super::scores::{Reliability, Scores, reliability};

/// What to measure.
#[derive(Debug, Clone, PartialEq)]
pub struct AnomalyBench {
    /// The seed of the training.
    pub seed: u64,
    /// How a model is trained.
    pub settings: TrainSettings,
    /// The column of labels in files with a header; `None` for the NSL-KDD form.
    pub label: Option<String>,
    /// What the label says of a normal row.
    pub normal: String,
    /// Whether to train on all rows of the file, attacks too, as if nobody had labelled it.
    pub mixed: bool,
    /// How often the test rows are scored; the median time counts.
    pub runs: usize,
}

impl Default for AnomalyBench {
    fn default() -> Self {
        Self {
            seed: 1,
            settings: TrainSettings::default(),
            label: None,
            normal: "normal".to_owned(),
            mixed: false,
            runs: 7,
        }
    }
}

/// Most runs.
const RUNS_MAX: usize = 1000;

/// Scores and speed of one detector.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AnomalyTimes {
    /// How good it is.
    #[serde(flatten)]
    pub scores: Scores,
    /// Rows scored per second of the clock that was passed in, from numbers and names to scores.
    pub rows_per_second: f64,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AnomalyReport {
    /// The seed of the training.
    pub seed: u64,
    /// Rows the model was trained on.
    pub train_rows: usize,
    /// Attacks among them.
    pub train_attacks: usize,
    /// Rows that were scored.
    pub test_rows: usize,
    /// Attacks among them.
    pub test_attacks: usize,
    /// Dimensions of a row.
    pub dimensions: usize,
    /// Size of the model.
    pub model_bytes: usize,
    /// How long the training took.
    pub train_seconds: f64,
    /// The isolation forest alone.
    pub forest: AnomalyTimes,
    /// The nearest-neighbour memory alone; its speed is not measured.
    pub memory: Scores,
    /// Both together.
    pub ensemble: AnomalyTimes,
    /// What the ensemble's own thresholds do, which know nothing of the test rows: one per false-positive rate.
    pub at_thresholds: Vec<AtThreshold>,
    /// Whether one minus the normal probability means what it says, on the test rows.
    pub reliability: Option<Reliability>,
    /// The first lines that could not be read.
    #[serde(skip)]
    pub problems: Vec<RowProblem>,
    /// How many lines could not be read.
    pub lines_refused: u64,
}

/// What a fixed threshold does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct AtThreshold {
    /// The false-positive rate that the training promises for normal rows like its own.
    pub promised_false_positive_rate: f32,
    /// The share of the test's normal rows above the threshold.
    pub false_positive_rate: f64,
    /// The share of what is above the threshold that is an attack.
    pub precision: f64,
    /// The share of attacks that is above the threshold.
    pub recall: f64,
    /// The harmonic mean of both.
    pub f1: f64,
}

/// Trains on one file and scores another. `clock` gives the time since any moment, best the CPU time of this thread.
///
/// # Errors
/// When the files have too few rows, or only normal ones or only attacks to score.
pub fn bench_anomaly(
    train: &[u8],
    test: &[u8],
    what: &AnomalyBench,
    clock: &dyn Fn() -> Duration,
) -> Result<AnomalyReport, ModelError> {
    let train = readable("training", read(train, what, None))?;
    let test = readable("test", read(test, what, Some(&train)))?;
    let rows = if what.mixed { (0..train.table.rows() as u32).collect() } else { train.normal_rows() };
    let is_attack = |row: &&u32| train.is_attack.get(**row as usize).copied().unwrap_or_default();
    let train_attacks = rows.iter().filter(is_attack).count();
    let normal = train.table.select(&rows);
    let started = clock();
    let model = AnomalyModel::train(&normal, &what.settings, what.seed)?;
    let train_seconds = clock().saturating_sub(started).as_secs_f64();
    let scores = model.score_table(&test.table, None)?;
    let of = |scores: &[f32]| {
        Scores::of(scores, &test.is_attack).ok_or(ModelError::OneKind { rows: test.labels.len() })
    };
    let per_second =
        |score: &dyn Fn() -> Result<f32, ModelError>| rows_per_second(&test, what.runs, clock, score);
    let forest = AnomalyTimes {
        scores: of(&scores.forest)?,
        rows_per_second: per_second(&|| Ok(sum(&model.score_table_by_forest(&test.table)?)))?,
    };
    let ensemble = AnomalyTimes {
        scores: of(&scores.ensemble)?,
        rows_per_second: per_second(&|| Ok(sum(&model.score_table(&test.table, None)?.ensemble)))?,
    };
    let unusual = model.attack_probabilities(&scores.ensemble);
    Ok(AnomalyReport {
        seed: what.seed,
        train_rows: normal.rows(),
        train_attacks,
        test_rows: test.labels.len(),
        test_attacks: test.is_attack.iter().filter(|attack| **attack).count(),
        dimensions: model.encoder().dimensions(),
        model_bytes: model.to_bytes().len(),
        train_seconds,
        forest,
        memory: of(&scores.memory)?,
        at_thresholds: RATES.iter().map(|rate| at_threshold(&unusual, &test.is_attack, *rate)).collect(),
        reliability: reliability(&unusual, &test.is_attack),
        ensemble,
        lines_refused: train.lines_refused + test.lines_refused,
        problems: train.problems.into_iter().chain(test.problems).collect(),
    })
}

/// A file that has rows.
fn readable(file: &'static str, read: LabelledTable) -> Result<LabelledTable, ModelError> {
    let problem = read.problems.first().map_or_else(|| "it is empty".to_owned(), ToString::to_string);
    if read.labels.is_empty() { Err(ModelError::Unreadable { file, problem }) } else { Ok(read) }
}

fn read(bytes: &[u8], what: &AnomalyBench, like: Option<&LabelledTable>) -> LabelledTable {
    match &what.label {
        None => read_nsl_kdd(bytes),
        Some(label) => {
            let shape = like.map(LabelledTable::shape);
            read_labelled(bytes, label, &what.normal, shape.as_ref())
        }
    }
}

/// The sum is used, so that no compiler leaves out what it sums.
fn sum(scores: &[f32]) -> f32 {
    std::hint::black_box(scores.iter().sum())
}

fn rows_per_second(
    test: &LabelledTable,
    runs: usize,
    clock: &dyn Fn() -> Duration,
    score: &dyn Fn() -> Result<f32, ModelError>,
) -> Result<f64, ModelError> {
    let mut seconds = Vec::new();
    for _ in 0..runs.clamp(1, RUNS_MAX) {
        let started = clock();
        score()?;
        seconds.push(clock().saturating_sub(started).as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds.get(seconds.len() / 2).copied().unwrap_or_default();
    Ok(if median > 0.0 { test.labels.len() as f64 / median } else { 0.0 })
}

/// The false-positive rates whose thresholds are reported.
const RATES: [f32; 4] = [0.01, 0.02, 0.05, 0.1];

/// A row is called anomalous where at most the share `rate` of normal rows is as surprising.
fn at_threshold(unusual: &[f32], is_attack: &[bool], rate: f32) -> AtThreshold {
    let (mut hits, mut false_alarms, mut attacks, mut normals) = (0.0, 0.0, 0.0, 0.0);
    for (unusual, attack) in unusual.iter().zip(is_attack) {
        let is_called = f64::from(u8::from(*unusual > 1.0 - rate));
        let (is_attack, is_normal) = (f64::from(u8::from(*attack)), f64::from(u8::from(!attack)));
        hits += is_called * is_attack;
        false_alarms += is_called * is_normal;
        attacks += is_attack;
        normals += is_normal;
    }
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    AtThreshold {
        promised_false_positive_rate: rate,
        false_positive_rate: share(false_alarms, normals),
        precision: share(hits, hits + false_alarms),
        recall: share(hits, attacks),
        f1: share(2.0 * hits, attacks + hits + false_alarms),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fmt::Write as _;

    use super::*;

    /// A file with a header: two numbers of which attacks have larger ones.
    fn file(rows: usize, attacks: usize) -> String {
        let mut text = "bytes,host,kind\n".to_owned();
        for row in 0..rows {
            let (kind, bytes) = if row < attacks { ("worm", 1_000_000) } else { ("fine", 100 + row % 50) };
            writeln!(text, "{bytes},h{},{kind}", row % 3).unwrap();
        }
        text
    }

    fn what() -> AnomalyBench {
        AnomalyBench {
            label: Some("kind".to_owned()),
            normal: "fine".to_owned(),
            runs: 3,
            ..AnomalyBench::default()
        }
    }

    #[test]
    fn two_files_are_measured_by_the_clock_that_is_passed_in() {
        let ticks = Cell::new(0);
        let clock = || {
            ticks.set(ticks.get() + 1);
            Duration::from_secs(ticks.get())
        };
        let (train, test) = (file(300, 20), file(100, 10) + "1,2\n");
        let report = bench_anomaly(train.as_bytes(), test.as_bytes(), &what(), &clock).unwrap();
        assert_eq!((report.train_rows, report.train_attacks), (280, 0));
        assert_eq!((report.test_rows, report.test_attacks, report.lines_refused), (100, 10, 1));
        // One tick of a second per run.
        assert_eq!((report.forest.rows_per_second, report.ensemble.rows_per_second), (100.0, 100.0));
        assert_eq!((report.ensemble.scores.auc, report.ensemble.scores.best_f1), (1.0, 1.0));
        assert_eq!(report.at_thresholds.iter().map(|at| at.recall).sum::<f64>(), 4.0);
        assert_eq!(report.problems[0].line, 102);
        let json = serde_json::to_value(&report).unwrap();
        for detector in ["forest", "ensemble"] {
            for figure in ["auc", "average_precision", "best_f1", "rows_per_second"] {
                assert!(json[detector][figure].is_number(), "{detector} {figure}");
            }
        }
    }

    #[test]
    fn a_file_without_rows_says_why() {
        let error = |train: &str, test: &str| {
            bench_anomaly(train.as_bytes(), test.as_bytes(), &what(), &|| Duration::ZERO)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            error("a,b\n1,2\n", &file(10, 1)),
            "no row of the training file can be read: line 1: no column \"kind\": name the column of labels, one of a, b"
        );
        assert!(error(&file(300, 20), "").starts_with("no row of the test file can be read"));
        assert_eq!(
            error(&file(300, 20), &file(10, 0)),
            "10 rows of one kind only: give normal ones and attacks to score"
        );
    }
}
