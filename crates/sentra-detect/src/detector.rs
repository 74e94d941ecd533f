use std::sync::Arc;

use sentra_model::EventBatch;

use crate::correlation::state::{Correlations, Reports};
use crate::engine::Matcher;
use crate::matched::Match;
use crate::ruleset::RuleSet;

/// A piece of correlation state that changed: what to store under `key`, or `None` to delete it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    /// The key, which begins with the tenant.
    pub key: Vec<u8>,
    /// The state.
    pub value: Option<Vec<u8>>,
}

/// Limits of a detector's state (law LIMIT).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DetectorLimits {
    /// Most groups that one correlation rule keeps for one tenant. When there are more, a tenth goes, those
    /// furthest from firing first.
    pub keys_per_rule_max: usize,
}

impl Default for DetectorLimits {
    fn default() -> Self {
        Self { keys_per_rule_max: 1_000_000 }
    }
}

/// What a detector holds and what it had to let go (law LOSS). Counters run since the detector was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DetectorStats {
    /// Groups with state, over all tenants and rules.
    pub keys: u64,
    /// Groups forgotten because nothing arrived for them within the run gap.
    pub keys_expired: u64,
    /// Groups that went for lack of room.
    pub keys_evicted: u64,
    /// Groups that went for lack of room although they were half-way to firing or further.
    pub keys_evicted_near_threshold: u64,
    /// Runs that went because their group had too many.
    pub runs_dropped: u64,
    /// Events that a window could not keep for late company.
    pub window_entries_dropped: u64,
    /// Matches that a correlation did not count because a group-by field, or the field whose values it counts, is missing.
    pub events_without_group: u64,
    /// Stored entries that [`Detector::restore`] could not use: of rules that are gone or changed.
    pub entries_not_restored: u64,
}

/// Runs the rules over batches and keeps the state of correlations.
#[derive(Debug)]
pub struct Detector {
    rules: Arc<RuleSet>,
    matcher: Matcher,
    correlations: Correlations,
}

impl Detector {
    /// A detector without state.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>) -> Self {
        Self::with_limits(rules, DetectorLimits::default())
    }

    /// A detector without state and with other than the usual limits.
    #[must_use]
    pub fn with_limits(rules: Arc<RuleSet>, limits: DetectorLimits) -> Self {
        Self { matcher: Matcher::new(Arc::clone(&rules)), rules, correlations: Correlations::new(limits) }
    }

    /// Evaluates all rules on `batch`. Matches come in the order of rows, then of rules; a run of a
    /// correlation once per batch, at the last row that belongs to it.
    pub fn process(&mut self, batch: &EventBatch) -> Vec<Match> {
        let tenant = batch.tenant();
        let mut reports = Reports::default();
        let mut found: Vec<(usize, usize, Match)> = Vec::new();
        for (number, index) in self.matcher.matches(batch) {
            let (Some(row), Some(rule)) = (batch.row(number), self.rules.rules.get(index)) else { continue };
            if rule.reports {
                found.push((number, index, Match::single(Arc::clone(&rule.reference), tenant.clone(), row)));
            }
            if !rule.referred_by.is_empty() {
                self.correlations.count(&self.rules, tenant, row, index, &mut reports);
            }
        }
        for (number, index, mut run) in self.correlations.finish(&self.rules, reports) {
            if let Some(row) = batch.row(number) {
                (run.row, run.event, run.time) = (number, row.id(), row.time());
                found.push((number, index, run));
            }
        }
        // Stable: runs of one rule and row keep their order.
        found.sort_by_key(|(row, rule, _)| (*row, *rule));
        found.into_iter().map(|(_, _, found)| found).collect()
    }

    /// Correlation state that changed since the last call. Store it together with the position of what was
    /// processed (law SOURCE), and a restarted detector goes on where this one stood.
    pub fn take_changes(&mut self) -> Vec<StateChange> {
        self.correlations.take_changes(&self.rules)
    }

    /// Puts stored state back; entries as [`Detector::take_changes`] gave them.
    pub fn restore(&mut self, entries: Vec<(Vec<u8>, Vec<u8>)>) {
        self.correlations.restore(&self.rules, entries);
    }

    /// What tries single-event rules: its counters, and what each rule costs.
    #[must_use]
    pub fn matcher(&self) -> &Matcher {
        &self.matcher
    }

    /// The same, to take its problems.
    pub fn matcher_mut(&mut self) -> &mut Matcher {
        &mut self.matcher
    }

    /// What the detector holds and what it had to let go.
    #[must_use]
    pub fn stats(&self) -> DetectorStats {
        self.correlations.stats()
    }

    /// The rules it runs.
    #[must_use]
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }
}
