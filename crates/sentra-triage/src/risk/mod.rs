//! Risk as a probability: what a detector's findings are worth, what else is known, and why.

mod calibration;
mod chain;
mod context;
mod evidence;
mod precision;
mod reliability;
#[cfg(test)]
mod tests;

pub use calibration::{CALIBRATION_VERDICTS_MIN, Calibration, Observation};
pub use chain::kill_chain;
pub use context::enrichment;
pub(crate) use context::{is_service, is_shared};
pub(crate) use evidence::rank;
pub use evidence::{Assessment, REASONS_MAX, assess};
pub use precision::{DETECTOR_VERDICTS_MAX, DETECTORS_MAX, Detector, Posterior, Precisions, prior_estimate};
pub use reliability::{Reliability, ReliabilityBin};
