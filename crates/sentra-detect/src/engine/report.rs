//! What the matcher did, and what it left out (law LOSS).

use sentra_model::EventId;

/// Law LIMIT: problems that wait to be taken; of more only the number is kept.
const PROBLEMS_MAX: usize = 100;

/// Counters of a matcher since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MatcherStats {
    /// Events tried.
    pub events: u64,
    /// Values searched.
    pub values_searched: u64,
    /// Values of which was known from batches before what they pass.
    pub values_remembered: u64,
    /// Values that were searched up to the limit of 1 MiB only, or seen by a regular expression up to 128 KiB only.
    pub values_cut: u64,
    /// Events with more values of a field than are held against those of another, 64.
    pub comparisons_cut: u64,
    /// How often what was known of values was forgotten for lack of room.
    pub memo_emptied: u64,
}

/// An event that could not be searched as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluationProblem {
    /// The event; the first of a batch, where several have the same value.
    pub event: EventId,
    /// The field; `None` for keywords.
    pub field: Option<String>,
    /// What was left out.
    pub message: String,
}

#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) stats: MatcherStats,
    pub(crate) problems: Vec<EvaluationProblem>,
}

impl Report {
    /// Keeps a problem, if there is room.
    pub(crate) fn problem(
        &mut self,
        event: Option<EventId>,
        field: Option<&str>,
        message: impl FnOnce() -> String,
    ) {
        if let Some(event) = event.filter(|_| self.problems.len() < PROBLEMS_MAX) {
            self.problems.push(EvaluationProblem {
                event,
                field: field.map(str::to_owned),
                message: message(),
            });
        }
    }
}
