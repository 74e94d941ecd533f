//! Why a rule matches an event, or does not.

use sentra_detect::{Coverage, Explanation, RuleProblem};
use sentra_model::{EventBatch, EventId, TenantScope};
use sentra_store::{CompareOp, Literal, Predicate, ReadBack};

use super::{RuleDesk, RuleDeskError, RuleSelection};

/// Rules explained on an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// One for each single-event rule asked for.
    pub explanations: Vec<Explanation>,
    /// What was wrong with the rules of a text.
    pub problems: Vec<RuleProblem>,
}

/// Most rules that are explained at once.
const RULES_EXPLAINED_MAX: usize = 100;

impl RuleDesk {
    /// Why rules match the event `id`, or do not. Of [`RuleSelection::InForce`]: those that match it.
    ///
    /// # Errors
    /// When there is no such rule or event, or the stores cannot be read.
    pub async fn explain(
        &self,
        scope: &TenantScope,
        selection: RuleSelection,
        id: EventId,
    ) -> Result<Explained, RuleDeskError> {
        let only_matching = selection == RuleSelection::InForce;
        let (rules, problems, only) = self.select(selection)?;
        let batch = self.event(scope, id).await?.ok_or(RuleDeskError::UnknownEvent { id })?;
        let row = batch.rows().next().ok_or(RuleDeskError::UnknownEvent { id })?;
        let is_wanted = |id: &String| only.as_ref().is_none_or(|ids| ids.contains(id));
        let explanations = (0..)
            .zip(rules.rules())
            .filter(|(_, rule)| is_wanted(&rule.reference().id))
            .filter_map(|(index, _)| rules.explain(index, batch.mart().as_str(), row))
            .filter(|explanation| explanation.matched || !only_matching)
            .take(RULES_EXPLAINED_MAX)
            .collect();
        Ok(Explained { explanations, problems })
    }

    /// The techniques that the rules in force cover, without those disabled for the tenant.
    #[must_use]
    pub fn coverage(&self, scope: &TenantScope) -> Coverage {
        let parts = &self.0.parts;
        let disabled = parts.tuning.get().disabled_rules(scope.tenant(), parts.clock.now());
        parts.rules.get().coverage(&disabled)
    }

    /// The event as a batch of one row.
    async fn event(&self, scope: &TenantScope, id: EventId) -> Result<Option<EventBatch>, RuleDeskError> {
        let is_it = Predicate::Compare {
            field: "id".to_owned(),
            op: CompareOp::Eq,
            value: Literal::Text(id.to_string()),
        };
        let request =
            ReadBack { partition: id.partition, from: id.offset, filter: Some(is_it), ..ReadBack::default() };
        let page = self.0.parts.marts.read_back(scope, &request).await?;
        Ok(page.batches.into_iter().find(|batch| batch.rows().any(|row| row.id() == id)))
    }
}
