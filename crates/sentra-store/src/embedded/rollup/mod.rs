//! Rollups: declared aggregates that are kept up to date as events arrive, and answer the questions that they can.
//!
//! ```text
//! flush, merge ──► segment and what each rollup counts of it, in one transaction of the manifest
//! question     ──► an aggregate whose keys, filter and times a rollup has: what was counted of the segments in the
//!                  snapshot, and the events of the others and of memory, counted then and there
//! ```
//!
//! What a rollup counted hangs on its segment: it comes with it, and goes with it when the segment is merged, retired,
//! dropped with its mart, or set aside (laws SOURCE and IDENTITY). A segment that was not counted yet, as those that were
//! there before the rollup, is asked for its events. So an answer is the same with and without rollups (law SAME), and
//! what is missing costs time, never rightness.

mod answer;
mod compiled;
mod keep;
mod matching;
mod partial;
mod stored;

#[cfg(test)]
mod tests;

pub(super) use compiled::Compiled;
pub(super) use stored::{Part, add_parts, create, forget_mart, remove_parts};

use sentra_model::RollupDefinition;

use crate::StoreError;

/// Checks a declaration.
///
/// # Errors
/// [`StoreError::Plan`] with what is wrong with it.
pub fn check_rollup(definition: &RollupDefinition) -> Result<(), StoreError> {
    Compiled::new(definition).map(|_| ())
}
