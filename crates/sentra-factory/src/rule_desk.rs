//! Rules for people: tried on what is stored before they are put in force.

use std::fmt;
use std::sync::Arc;

use sentra_backbone::{EventLog, LogError};
use sentra_detect::{RuleProblem, RuleSet, RuleSource};
use sentra_model::{Mart, TenantScope, Topic};
use sentra_store::{MartStore, StoreError, TimeRange};

use crate::backtest::{BacktestReport, BacktestRequest, backtest};
use crate::live::RulesHandle;

/// Longest text of rules that one question brings along, in bytes.
pub const RULE_TEXT_BYTES_MAX: usize = 1024 * 1024;

/// Where rules are looked at and tried. Clones are the same desk.
#[derive(Clone)]
pub struct RuleDesk {
    log: Arc<dyn EventLog>,
    marts: Arc<dyn MartStore>,
    rules: RulesHandle,
}

impl fmt::Debug for RuleDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleDesk").finish_non_exhaustive()
    }
}

/// Why the desk could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum RuleDeskError {
    /// The backbone could not be read.
    #[error("cannot read the backbone")]
    Log(#[from] LogError),
    /// The marts could not be read.
    #[error("cannot read the marts")]
    Store(#[from] StoreError),
    /// The text is longer than [`RULE_TEXT_BYTES_MAX`].
    #[error("the rules have {bytes} bytes, more than the {RULE_TEXT_BYTES_MAX} allowed")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// No rule of the text could be compiled.
    #[error("{path}:{line}: {message}", path = problem.path, line = problem.line, message = problem.message)]
    Rules {
        /// The first problem.
        problem: RuleProblem,
    },
    /// The text holds no rule.
    #[error("there is no rule in the text")]
    NoRules,
    /// No rule in force has the id.
    #[error("no rule with the id {id:?} is in force")]
    UnknownRule {
        /// The id.
        id: String,
    },
}

/// Which rules to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleSelection {
    /// All that are in force.
    InForce,
    /// Those in force with these ids.
    Ids(Vec<String>),
    /// The rules of this text.
    Text(String),
}

/// Rules to try, and on what.
#[derive(Debug, Clone)]
pub struct BacktestQuestion {
    /// Which rules.
    pub rules: RuleSelection,
    /// When the events happened.
    pub range: TimeRange,
    /// Of these marts; `None` for all of them.
    pub marts: Option<Vec<Mart>>,
    /// Findings that are described.
    pub matches_max: usize,
}

impl RuleDesk {
    /// A desk over the rules in force.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, marts: Arc<dyn MartStore>, rules: RulesHandle) -> Self {
        Self { log, marts, rules }
    }

    /// Tries rules on what is stored, with what was wrong with those of a text.
    ///
    /// # Errors
    /// When nothing can be tried, or the stores cannot be read.
    pub async fn backtest(
        &self,
        scope: &TenantScope,
        question: BacktestQuestion,
        progress: impl FnMut(u64) + Send,
    ) -> Result<(BacktestReport, Vec<RuleProblem>), RuleDeskError> {
        let BacktestQuestion { rules, range, marts, matches_max } = question;
        let (rules, problems, only) = self.select(rules)?;
        let streams = self.log.streams().await?;
        let mut partitions: Vec<u32> = streams
            .into_iter()
            .filter(|stream| stream.tenant == *scope.tenant() && stream.topic == Topic::Raw)
            .map(|stream| stream.partition)
            .collect();
        partitions.sort_unstable();
        let request = BacktestRequest { range, marts, partitions, prefilter: None, matches_max, only };
        let report = backtest(self.marts.as_ref(), scope, rules, &request, progress).await?;
        Ok((report, problems))
    }

    /// The rules that are meant, what was wrong with them, and the ids that findings are reported of.
    fn select(&self, selection: RuleSelection) -> Result<Selected, RuleDeskError> {
        match selection {
            RuleSelection::InForce => Ok((self.rules.get(), Vec::new(), None)),
            RuleSelection::Ids(ids) => {
                let rules = self.rules.get();
                let unknown =
                    ids.iter().find(|id| !rules.rules().iter().any(|rule| rule.reference().id == **id));
                match unknown {
                    Some(id) => Err(RuleDeskError::UnknownRule { id: id.clone() }),
                    None => Ok((rules, Vec::new(), Some(ids))),
                }
            }
            RuleSelection::Text(text) => {
                let (rules, problems) = compile(text)?;
                Ok((Arc::new(rules), problems, None))
            }
        }
    }
}

type Selected = (Arc<RuleSet>, Vec<RuleProblem>, Option<Vec<String>>);

fn compile(text: String) -> Result<(RuleSet, Vec<RuleProblem>), RuleDeskError> {
    if text.len() > RULE_TEXT_BYTES_MAX {
        return Err(RuleDeskError::TooLong { bytes: text.len() });
    }
    let source = RuleSource { path: "rules".to_owned(), text, pack: "draft".to_owned() };
    let (rules, mut problems) = RuleSet::compile(vec![source]);
    if !rules.is_empty() {
        return Ok((rules, problems));
    }
    problems.sort_by_key(|problem| problem.severity);
    match problems.into_iter().next() {
        Some(problem) => Err(RuleDeskError::Rules { problem }),
        None => Err(RuleDeskError::NoRules),
    }
}
