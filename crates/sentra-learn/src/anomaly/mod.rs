//! Anomaly models over rows of numbers and names, trained on what is normal.
//!
//! * [`Table`] holds the rows, [`Encoder`] turns them into points: features matter more than the model.
//! * [`Forest`] is an isolation forest, [`Memory`] the nearest-neighbour memory beside it, [`AnomalyModel`] the ensemble
//!   of both with one calibrated score, its threshold and its reasons.
//! * [`RecentMemory`] is what a model may learn at run time, guarded against poison.
//! * [`Scores`] measures any of them on labelled rows, [`bench_anomaly`] on two files.
//!
//! Invariant: a model knows its training rows and nothing of the rows it is measured on; labels reach [`Scores`] only.

mod bench;
mod bytes;
mod calibration;
mod category;
mod encoder;
mod error;
mod forest;
mod memory;
mod model;
mod random;
mod reader;
mod scale;
mod scores;
mod table;

pub use bench::{AnomalyBench, AnomalyReport, AnomalyTimes, AtThreshold, bench_anomaly};
pub use encoder::{Encoder, EncoderSettings};
pub use error::ModelError;
pub use forest::{DEPTH_MAX, Forest, ForestReasons, ForestSettings, SAMPLE_ROWS_MAX, TREES_MAX};
pub use memory::{
    ANCHOR_ROWS_MAX, ANCHORS_MAX, Lesson, Memory, MemorySettings, NEIGHBOURS_MAX, RECENT_POINTS_MAX,
    RecentMemory, RecentSettings,
};
pub use model::{
    AnomalyModel, Attribution, MODEL_BYTES_MAX, Scored, TRAIN_ROWS_MIN, TableScores, TrainSettings, Training,
};
pub(crate) use random::Random;
pub use reader::{LabelledTable, PROBLEMS_TOLD_MAX, RowProblem, Shape, read_labelled, read_nsl_kdd};
pub use scores::{Reliability, ReliabilityBin, Scores, average_precision, best_f1, reliability, roc_auc};
pub use table::{Column, ColumnKind, TABLE_COLUMNS_MAX, TABLE_ROWS_MAX, Table};
