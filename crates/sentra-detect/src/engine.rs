//! The matcher: values are matched, not events.
//!
//! The events of a batch are sorted by the logsources they belong to; each such lot has a plan, which is made once.
//! The values of the fields that the plan's rules look at are searched, each distinct one once, for all literals of
//! these rules; what short values pass is remembered from batch to batch. A test that holds leads to the rules that
//! cannot match without it, and only these are evaluated, 64 events at a time. What has no literal (networks,
//! comparisons, some regular expressions) is tried only on the events that the rest of the rule left over.
//!
//! Invariant: none of this changes what matches. The definition is in [`crate::matching_rules`].

pub(crate) mod affix;
mod columns;
pub(crate) mod compiled;
pub(crate) mod costs;
mod grams;
pub(crate) mod literals;
mod memo;
pub(crate) mod needles;
mod plan;
pub(crate) mod report;
mod run;

use std::sync::Arc;

use sentra_model::EventBatch;

use crate::index::BatchView;
use crate::ruleset::RuleSet;

use costs::RuleCosts;
use memo::Memo;
use plan::Plans;
use report::{EvaluationProblem, MatcherStats, Report};
use run::{Run, Work};

/// Tries rules on batches of events. It remembers what it learned of values, which changes how fast it is and never
/// what it finds; every thread has its own, over one shared rule set.
#[derive(Debug)]
pub struct Matcher {
    rules: Arc<RuleSet>,
    plans: Plans,
    memo: Memo,
    work: Work,
    costs: RuleCosts,
    report: Report,
    clock: Option<fn() -> u64>,
}

impl Matcher {
    /// A matcher of `rules`.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>) -> Self {
        Self {
            costs: RuleCosts::new(rules.len()),
            rules,
            plans: Plans::default(),
            memo: Memo::default(),
            work: Work::default(),
            report: Report::default(),
            clock: None,
        }
    }

    /// Law TIME: the crate reads no clock. With one, ticks of whatever unit, a part of the evaluations is timed.
    #[must_use]
    pub fn with_clock(mut self, clock: fn() -> u64) -> Self {
        self.clock = Some(clock);
        self
    }

    /// What matched in `batch`: row and index of the rule, sorted. Single-event rules only.
    pub fn matches(&mut self, batch: &EventBatch) -> Vec<(usize, usize)> {
        let rules = Arc::clone(&self.rules);
        let mut matches = Vec::new();
        if batch.is_empty() || rules.compiled.sections.is_empty() {
            return matches;
        }
        if self.plans.make_room() {
            self.memo.clear();
        }
        self.memo.make_room();
        self.work.begin_batch();
        self.report.stats.events += batch.len() as u64;
        let mut view = BatchView::new(batch, &rules.fields);
        self.plans.assign(&view, &rules.compiled, &rules.fields);
        for number in &self.plans.used {
            let number = *number as usize;
            let (Some(plan), Some(rows)) = (self.plans.plans.get(number), self.plans.rows.get(number)) else {
                continue;
            };
            let mut run = Run {
                rules: &rules,
                plan,
                rows,
                view: &mut view,
                work: &mut self.work,
                memo: &mut self.memo,
                report: &mut self.report,
                tried_bytes: 0,
            };
            run.search();
            run.evaluate(&mut self.costs, self.clock, &mut matches);
        }
        matches.sort_unstable();
        matches
    }

    /// The rules it tries.
    #[must_use]
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// What each rule has cost.
    #[must_use]
    pub fn costs(&self) -> &RuleCosts {
        &self.costs
    }

    /// The same, which then starts anew.
    pub fn take_costs(&mut self) -> RuleCosts {
        std::mem::replace(&mut self.costs, RuleCosts::new(self.rules.len()))
    }

    /// Another matcher of `rules`, with the same clock.
    pub(crate) fn renewed(&self, rules: Arc<RuleSet>) -> Self {
        Self { clock: self.clock, ..Self::new(rules) }
    }

    /// What was done and what was left out so far.
    #[must_use]
    pub fn stats(&self) -> MatcherStats {
        MatcherStats { memo_emptied: self.memo.emptied, ..self.report.stats }
    }

    /// Events that could not be searched as a whole, since the last call.
    pub fn take_problems(&mut self) -> Vec<EvaluationProblem> {
        std::mem::take(&mut self.report.problems)
    }
}
