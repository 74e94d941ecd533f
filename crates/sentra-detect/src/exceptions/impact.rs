//! What an exception would have hidden.

use std::collections::BTreeMap;

use sentra_model::{EventRow, RuleRef, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::problem::RuleProblem;
use crate::ruleset::RuleSet;

use super::{Exception, Overlay, Tuning, holds};

/// Most examples of an impact.
pub(crate) const IMPACT_EXAMPLES_MAX: usize = 20;

/// A match of the past, with its event.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its id, by which its verdict is known.
    pub id: &'a str,
    /// The rule that matched.
    pub rule: &'a RuleRef,
    /// Whose event it was.
    pub tenant: &'a TenantId,
    /// The event.
    pub row: EventRow<'a>,
}

/// What people made of a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchVerdict {
    /// It was what the rule looks for.
    Confirmed,
    /// Nobody has decided.
    Open,
    /// It was a false alarm.
    Dismissed,
}

/// What an exception would have hidden.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// Matches looked at.
    pub examined: u64,
    /// Those it would have hidden.
    pub would_hide: u64,
    /// Of these, those that were confirmed: what it would have cost.
    pub confirmed: u64,
    /// Of these, those that were dismissed.
    pub dismissed: u64,
    /// How many of each rule, by id.
    pub by_rule: BTreeMap<String, u64>,
    /// Some of them, the confirmed ones first.
    pub examples: Vec<ImpactExample>,
}

/// A match that an exception would have hidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImpactExample {
    /// Its id.
    pub id: String,
    /// The rule's id.
    pub rule: String,
    /// The rule's title.
    pub title: String,
    /// When it happened.
    pub time: Timestamp,
    /// What people made of it.
    pub verdict: MatchVerdict,
}

/// What `exception` would have hidden of `candidates`, had it been in force all the time.
///
/// # Errors
/// What is wrong with the exception.
pub fn preview<'a>(
    exception: &Exception,
    candidates: impl IntoIterator<Item = Candidate<'a>>,
    verdict: impl Fn(&str) -> MatchVerdict,
) -> Result<Impact, Vec<RuleProblem>> {
    let tuning = Tuning { disabled: Vec::new(), exceptions: vec![exception.clone()] };
    // Without rules: whether those it names exist is not asked here.
    let (overlay, problems) = Overlay::compile(tuning, &RuleSet::default());
    let Some(condition) = overlay.conditions.first() else { return Err(problems) };
    let mut impact = Impact::default();
    for candidate in candidates {
        impact.examined += 1;
        let meant = candidate.tenant == &exception.tenant && exception.scope.takes(candidate.rule);
        if meant && holds(condition, candidate.row) {
            impact.add(candidate, verdict(candidate.id));
        }
    }
    Ok(impact)
}

impl Impact {
    fn add(&mut self, candidate: Candidate<'_>, verdict: MatchVerdict) {
        self.would_hide += 1;
        self.confirmed += u64::from(verdict == MatchVerdict::Confirmed);
        self.dismissed += u64::from(verdict == MatchVerdict::Dismissed);
        *self.by_rule.entry(candidate.rule.id.clone()).or_default() += 1;
        let place = self.examples.partition_point(|example| example.verdict <= verdict);
        if place < IMPACT_EXAMPLES_MAX {
            let example = ImpactExample {
                id: candidate.id.to_owned(),
                rule: candidate.rule.id.clone(),
                title: candidate.rule.title.clone(),
                time: candidate.row.time(),
                verdict,
            };
            self.examples.insert(place, example);
            self.examples.truncate(IMPACT_EXAMPLES_MAX);
        }
    }

    /// Adds what was looked at elsewhere.
    pub fn absorb(&mut self, other: &Self) {
        self.examined += other.examined;
        self.would_hide += other.would_hide;
        self.confirmed += other.confirmed;
        self.dismissed += other.dismissed;
        for (rule, hidden) in &other.by_rule {
            *self.by_rule.entry(rule.clone()).or_default() += hidden;
        }
        self.examples.extend_from_slice(&other.examples);
        self.examples.sort_by_key(|example| example.verdict);
        self.examples.truncate(IMPACT_EXAMPLES_MAX);
    }

    /// In a sentence; `period` is the caller's: `in the last 30 days`.
    #[must_use]
    pub fn sentence(&self, period: &str) -> String {
        let matches = if self.would_hide == 1 { "match" } else { "matches" };
        let confirmed = match self.confirmed {
            0 => "none of them confirmed".to_owned(),
            1 => "one of them confirmed".to_owned(),
            many => format!("{many} of them confirmed"),
        };
        match self.would_hide {
            0 => format!("would have hidden nothing {period}"),
            hidden => format!("would have hidden {hidden} {matches} {period}, {confirmed}"),
        }
    }
}
