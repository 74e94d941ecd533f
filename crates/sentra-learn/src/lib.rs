//! How unusual something is: baselines per entity, anomaly models over rows, sequence models over event codes.
//!
//! No I/O and no clock: rows, models' bytes, seeds and times are passed in. The same data and seed give the same model.

pub mod anomaly;
mod baseline;
mod behaviour;
pub mod keeper;
pub mod registry;
pub mod sequence;

pub use baseline::{BaselineConfig, BaselineName, Place, baseline_names};
pub use behaviour::{
    Behaviour, BehaviourCounters, BehaviourError, BehaviourFinding, DETECTORS, Derived, DerivedValue,
    Detector, Lookups, Observed, RowField, StateRow, with_derived, with_fields, without_forged,
};
