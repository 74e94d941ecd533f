//! Disabled rules and exceptions: what a tenant has, and changes of it.

use std::collections::BTreeMap;

use sentra_detect::{
    Candidate, DisabledRule, Exception, Impact, MatchVerdict, Overlay, ProblemSeverity, RuleScope, Tuning,
    Use, preview,
};
use sentra_model::{TenantScope, Timestamp};
use sentra_store::TimeRange;
use serde::{Deserialize, Serialize};

use crate::judged::Judged;

use super::{BacktestQuestion, RuleDesk, RuleDeskError, RuleSelection};

/// What is disabled and excepted for a tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TuningReport {
    /// Disabled rules.
    pub disabled: Vec<DisabledReport>,
    /// Exceptions.
    pub exceptions: Vec<ExceptionView>,
}

/// A disabled rule with what that hid since the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DisabledReport {
    /// The entry.
    #[serde(flatten)]
    pub entry: DisabledRule,
    /// What it hid.
    pub used: Use,
}

/// An exception with what it hid since the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExceptionView {
    /// The exception.
    #[serde(flatten)]
    pub exception: Exception,
    /// Whether it is over.
    pub expired: bool,
    /// What it hid.
    pub used: Use,
}

/// An exception as somebody asks for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExceptionDraft {
    /// Its name.
    pub id: String,
    /// Of which rules.
    pub scope: RuleScope,
    /// Which events: a selection as in a Sigma rule.
    pub condition: serde_json::Value,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires: Timestamp,
}

impl RuleDesk {
    /// What is disabled and excepted for the tenant, with what that hid since the start.
    #[must_use]
    pub fn tuning(&self, scope: &TenantScope) -> TuningReport {
        let parts = &self.0.parts;
        let (overlay, uses, now) = (parts.tuning.get(), parts.status.tuning_use(), parts.clock.now());
        let tenant = scope.tenant();
        let Tuning { disabled, exceptions } = overlay.tuning();
        let disabled = disabled.iter().filter(|entry| entry.tenant == *tenant);
        let exceptions = exceptions.iter().filter(|exception| exception.tenant == *tenant);
        TuningReport {
            disabled: disabled
                .map(|entry| DisabledReport {
                    entry: entry.clone(),
                    used: uses.of_disabled_rule(tenant, &entry.rule),
                })
                .collect(),
            exceptions: exceptions
                .map(|exception| ExceptionView {
                    expired: exception.expires <= now,
                    used: uses.of_exception(tenant, &exception.id),
                    exception: exception.clone(),
                })
                .collect(),
        }
    }

    /// Hides the findings of a rule in force from now on. What was disabled before is replaced.
    ///
    /// # Errors
    /// When there is no such rule, or the change makes no sense or cannot be kept.
    pub async fn disable(
        &self,
        scope: &TenantScope,
        rule: &str,
        owner: String,
        reason: String,
        until: Option<Timestamp>,
    ) -> Result<(), RuleDeskError> {
        if self.0.parts.rules.get().position(rule).is_none() {
            return Err(RuleDeskError::UnknownRule { id: rule.to_owned() });
        }
        let entry = DisabledRule {
            rule: rule.to_owned(),
            tenant: scope.tenant().clone(),
            owner,
            reason,
            since: self.0.parts.clock.now(),
            until,
        };
        self.change(rule, |tuning| {
            tuning.disabled.retain(|known| known.tenant != entry.tenant || known.rule != entry.rule);
            tuning.disabled.push(entry);
            Ok(())
        })
        .await
    }

    /// Reports the findings of a rule again.
    ///
    /// # Errors
    /// When the rule is not disabled, or the change cannot be kept.
    pub async fn enable(&self, scope: &TenantScope, rule: &str) -> Result<(), RuleDeskError> {
        self.change(rule, |tuning| {
            let before = tuning.disabled.len();
            tuning.disabled.retain(|known| known.tenant != *scope.tenant() || known.rule != rule);
            if tuning.disabled.len() < before {
                return Ok(());
            }
            Err(RuleDeskError::UnknownEntry { what: "disabled rule", id: rule.to_owned() })
        })
        .await
    }

    /// Hides what the exception describes from now on.
    ///
    /// # Errors
    /// When it makes no sense, its name is taken, or it cannot be kept.
    pub async fn except(&self, scope: &TenantScope, draft: ExceptionDraft) -> Result<(), RuleDeskError> {
        let exception = self.exception(scope, draft, self.0.parts.clock.now());
        let id = exception.id.clone();
        self.change(&id, |tuning| {
            tuning.exceptions.push(exception);
            Ok(())
        })
        .await
    }

    /// Ends an exception.
    ///
    /// # Errors
    /// When there is none of this name, or the change cannot be kept.
    pub async fn remove_exception(&self, scope: &TenantScope, id: &str) -> Result<(), RuleDeskError> {
        self.change(id, |tuning| {
            let before = tuning.exceptions.len();
            tuning.exceptions.retain(|known| known.tenant != *scope.tenant() || known.id != id);
            if tuning.exceptions.len() < before {
                return Ok(());
            }
            Err(RuleDeskError::UnknownEntry { what: "exception", id: id.to_owned() })
        })
        .await
    }

    /// What an exception would have hidden of what the rules in force find in stored events.
    ///
    /// # Errors
    /// When the exception makes no sense, or the stores cannot be read.
    pub async fn preview(
        &self,
        scope: &TenantScope,
        draft: ExceptionDraft,
        range: TimeRange,
    ) -> Result<Impact, RuleDeskError> {
        let exception = self.exception(scope, draft, Timestamp::MIN);
        check(&exception)?;
        let rules = match &exception.scope {
            RuleScope::Rules(ids) => RuleSelection::Ids(ids.clone()),
            RuleScope::Pack(_) | RuleScope::All => RuleSelection::InForce,
        };
        let question = BacktestQuestion { rules, range, marts: None, matches_max: 0 };
        let judged = Judged::read(self.0.parts.records.as_ref(), scope).await?;
        // A run of a correlation is shown again whenever it goes on: what counts is how it was judged last.
        let mut hidden: BTreeMap<String, Impact> = BTreeMap::new();
        let each = |found: &sentra_detect::Match, row: sentra_model::EventRow<'_>| {
            let id = format!("{}@{}", found.rule.id, found.run);
            let candidate = Candidate { id: &id, rule: &found.rule, tenant: &found.tenant, row };
            let said = judged.of(&found.rule.id, &found.evidence);
            if let Ok(impact) = preview(&exception, [candidate], |_| said) {
                hidden.insert(id, impact);
            }
        };
        self.look_back(scope, question, |_| {}, each).await?;
        let mut total = Impact::default();
        hidden.values().for_each(|impact| total.absorb(impact));
        Ok(total)
    }

    fn exception(&self, scope: &TenantScope, draft: ExceptionDraft, created: Timestamp) -> Exception {
        let ExceptionDraft { id, scope: rules, condition, owner, reason, expires } = draft;
        let tenant = scope.tenant().clone();
        Exception { id, tenant, scope: rules, condition, owner, reason, created, expires }
    }

    /// Changes the tuning, or nothing: it is checked, kept, and then put in force.
    async fn change(
        &self,
        about: &str,
        change: impl FnOnce(&mut Tuning) -> Result<(), RuleDeskError>,
    ) -> Result<(), RuleDeskError> {
        let _turn = self.0.turn.lock().await;
        let parts = &self.0.parts;
        let mut tuning = parts.tuning.get().tuning().clone();
        change(&mut tuning)?;
        let (overlay, problems) = Overlay::compile(tuning.clone(), &parts.rules.get());
        if let Some(problem) = problems.iter().find(|problem| problem.severity == ProblemSeverity::Error) {
            return Err(RuleDeskError::Tuning { message: format!("{about}: {}", problem.message) });
        }
        parts.keeper.keep(&tuning).map_err(RuleDeskError::Keep)?;
        parts.tuning.set(overlay);
        Ok(())
    }
}

fn check(exception: &Exception) -> Result<(), RuleDeskError> {
    let candidates: [Candidate<'_>; 0] = [];
    match preview(exception, candidates, |_| MatchVerdict::Open) {
        Ok(_) => Ok(()),
        Err(problems) => {
            let message = problems.into_iter().map(|problem| problem.message).collect::<Vec<_>>().join("; ");
            Err(RuleDeskError::Tuning { message })
        }
    }
}
