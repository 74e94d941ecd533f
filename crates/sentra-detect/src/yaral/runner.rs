//! Runs rules over batches without an index: every event against every event variable. Slow and obvious; what the
//! detector's way is held against.

use std::sync::Arc;

use hashbrown::HashMap;
use sentra_model::{EventBatch, EventRow, TenantId, Timestamp};

use super::rules::YaralRules;
use super::state::{YaralLimits, YaralState};
use crate::fields;
use crate::matched::Match;
use crate::sigma::expr::{Expr, Predicate};
use crate::test::Test;

/// Rules, their state, and a watermark per tenant.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) rules: Arc<YaralRules>,
    pub(crate) state: YaralState,
    lateness_micros: i64,
    latest: HashMap<TenantId, i64>,
}

impl Runner {
    pub(crate) fn new(rules: Arc<YaralRules>, limits: YaralLimits, lateness_micros: i64) -> Self {
        let state = YaralState::new(Arc::clone(&rules), limits);
        Self { rules, state, lateness_micros, latest: HashMap::new() }
    }

    /// Evaluates all rules on `batch`. The watermark follows every event, so that nothing depends on how events
    /// are cut into batches.
    pub(crate) fn process(&mut self, batch: &EventBatch) -> Vec<Match> {
        let rules = Arc::clone(&self.rules);
        let tenant = batch.tenant();
        for row in batch.rows() {
            for (number, rule) in rules.rules.iter().enumerate() {
                for (variable, plan) in rule.variables.iter().enumerate() {
                    if holds(&plan.prefilter, row) {
                        self.state.take(tenant, row, number, variable);
                    }
                }
            }
            let latest = self.latest.entry(tenant.clone()).or_insert(i64::MIN);
            *latest = (*latest).max(row.time().micros());
            let watermark = latest.saturating_sub(self.lateness_micros);
            self.state.advance(tenant, Timestamp::from_micros(watermark));
        }
        self.state.finish()
    }

    /// Moves the watermark when events have stopped.
    pub(crate) fn advance(&mut self, tenant: &TenantId, watermark: Timestamp) -> Vec<Match> {
        self.state.advance(tenant, watermark);
        self.state.finish()
    }
}

/// Whether an event fulfils a prefilter.
pub(crate) fn holds(expression: &Expr<Predicate>, row: EventRow<'_>) -> bool {
    expression.holds(&mut |predicate| {
        let values = match &predicate.field {
            Some(name) => fields::values(row, name),
            None => fields::keyword_texts(row),
        };
        match &predicate.test {
            Test::Present => !values.is_empty(),
            Test::Missing => values.is_empty(),
            test => values.iter().any(|value| test.passes(value)),
        }
    })
}
