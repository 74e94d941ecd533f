//! From signals to incidents: how probable it is that they are malicious, which belong together, and what analysts'
//! verdicts teach.
//!
//! Law MEANING: signals and incidents are all it knows, never events. No I/O; the time is passed in.

mod book;
mod commonness;
mod config;
mod entities;
mod exact;
mod feedback;
mod fold;
mod grouping;
mod judge;
mod names;
mod odds;
mod pivot;
mod risk;
mod suppression;
#[cfg(test)]
mod testing;
mod triage;

pub use book::{
    Book, BookChanges, BookError, EditOutcome, INCIDENT_EDITS_MAX, LEFT_AT_HAND_MAX, LoginFacts, Taken,
    set_login_facts,
};
pub use commonness::{OTHERS_MAX, PARTNERS_MAX, PARTNERS_PER_DAY_MAX};
pub use config::TriageConfig;
pub use entities::{ENTITY_SIGNALS_MAX, EntityRisk, EntityRisks, Standing as EntityStanding};
pub use feedback::{Edited, Feedback, FeedbackError, FeedbackMetrics, Subject};
pub use fold::{SIGNAL_ENTITIES_MAX, SIGNAL_EVENTS_MAX};
pub use grouping::{INCIDENT_ENTITIES_MAX, Teller, Told};
pub use judge::Judge;
pub use names::{
    FACT_EVENTS_MAX, NAMES_SHOWN_MAX, VALUE_BYTES_MAX, add_name, count_name, keep_evidence, merge_names,
    shorten,
};
pub use odds::{BASE_RATE, LOG_ODDS_MAX, log_odds, probability};
pub use risk::{
    Assessment, CALIBRATION_VERDICTS_MIN, Calibration, DETECTOR_VERDICTS_MAX, DETECTORS_MAX, Detector,
    Observation, Posterior, Precisions, REASONS_MAX, Reliability, ReliabilityBin, assess, enrichment,
    kill_chain, prior_estimate,
};
pub use suppression::{
    SUPPRESSION_CRITERIA_MAX, SUPPRESSION_DAYS_MAX, SUPPRESSIONS_MAX, Suppressed, Suppression,
    SuppressionError, SuppressionImpact, SuppressionMatch, Suppressions, preview as preview_suppression,
};
pub use triage::{TakenUp, Triage, TriageChanges};

/// A row of state to store, or to delete where there is no value.
pub type StateRow = (Vec<u8>, Option<Vec<u8>>);
