//! Rules for people: tried on what is stored before they are put in force, explained on one event, disabled and
//! excepted.

mod explain;
mod tuning;

use std::fmt;
use std::io;
use std::sync::Arc;

use sentra_backbone::{EventLog, LogError};
use sentra_detect::{Match, QueryEngine, RuleProblem, RuleSet, RuleSource, Tuning};
use sentra_model::{Clock, EventId, EventRow, Mart, RuleKind, TenantScope, Topic};
use sentra_store::{MartStore, Records, StoreError, TimeRange};
use tokio::sync::Mutex;

use crate::backtest::{BacktestReport, BacktestRequest, backtest};
use crate::live::{RulesHandle, TuningHandle};
use crate::status::FactoryStatus;

pub use explain::Explained;
pub use tuning::{DisabledReport, ExceptionDraft, ExceptionView, TuningReport};

/// Longest text of rules that one question brings along, in bytes.
pub const RULE_TEXT_BYTES_MAX: usize = 1024 * 1024;

/// Most rules whose conditions the marts are asked for, in place of all events.
const PREFILTER_RULES_MAX: usize = 16;
/// Longest condition that the marts are asked for, in bytes. To plan and ask a longer one takes longer than to try the
/// rule on everything.
const PREFILTER_BYTES_MAX: usize = 16 * 1024;

/// Keeps disabled rules and exceptions beyond the end of the process.
pub trait TuningKeeper: Send + Sync {
    /// Replaces what is kept, durably and as a whole.
    ///
    /// # Errors
    /// When it cannot be written; then nothing has changed.
    fn keep(&self, tuning: &Tuning) -> io::Result<()>;
}

/// What a desk works with; all of it is passed in.
pub struct RuleDeskParts {
    /// The backbone, which knows the partitions.
    pub log: Arc<dyn EventLog>,
    /// The events.
    pub marts: Arc<dyn MartStore>,
    /// The findings and what was said of them.
    pub records: Arc<dyn Records>,
    /// The rules in force.
    pub rules: RulesHandle,
    /// What is disabled and excepted.
    pub tuning: TuningHandle,
    /// Where that is kept.
    pub keeper: Arc<dyn TuningKeeper>,
    /// What hid how much.
    pub status: Arc<FactoryStatus>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Where rules are looked at, tried and tuned. Clones are the same desk.
#[derive(Clone)]
pub struct RuleDesk(Arc<Desk>);

struct Desk {
    parts: RuleDeskParts,
    /// One change of the tuning at a time.
    turn: Mutex<()>,
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
    /// There is no such event.
    #[error("there is no event {id}")]
    UnknownEvent {
        /// Its id.
        id: EventId,
    },
    /// There is no such disabled rule or exception.
    #[error("there is no {what} {id:?}")]
    UnknownEntry {
        /// What kind of thing.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// A disabled rule or an exception that makes no sense.
    #[error("{message}")]
    Tuning {
        /// What is wrong with it.
        message: String,
    },
    /// The tuning could not be kept; nothing has changed.
    #[error("cannot keep disabled rules and exceptions")]
    Keep(#[source] io::Error),
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
    pub fn new(parts: RuleDeskParts) -> Self {
        Self(Arc::new(Desk { parts, turn: Mutex::new(()) }))
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
        self.look_back(scope, question, progress, |_, _| {}).await
    }

    /// As [`RuleDesk::backtest`]; `each` is shown every finding with its (last) event.
    async fn look_back(
        &self,
        scope: &TenantScope,
        question: BacktestQuestion,
        progress: impl FnMut(u64) + Send,
        each: impl FnMut(&Match, EventRow<'_>) + Send,
    ) -> Result<(BacktestReport, Vec<RuleProblem>), RuleDeskError> {
        let BacktestQuestion { rules, range, marts, matches_max } = question;
        let (rules, problems, only) = self.select(rules)?;
        let streams = self.0.parts.log.streams().await?;
        let mut partitions: Vec<u32> = streams
            .into_iter()
            .filter(|stream| stream.tenant == *scope.tenant() && stream.topic == Topic::Raw)
            .map(|stream| stream.partition)
            .collect();
        partitions.sort_unstable();
        let prefilter = prefilter(&rules, only.as_deref());
        let now = self.0.parts.clock.now();
        let until = range.to.map_or(now, |to| to.min(now));
        let request = BacktestRequest { range, marts, partitions, prefilter, matches_max, only, until };
        let report = backtest(self.0.parts.marts.as_ref(), scope, rules, &request, progress, each).await?;
        Ok((report, problems))
    }

    /// The rules that are meant, what was wrong with them, and the ids that findings are reported of.
    fn select(&self, selection: RuleSelection) -> Result<Selected, RuleDeskError> {
        match selection {
            RuleSelection::InForce => Ok((self.0.parts.rules.get(), Vec::new(), None)),
            RuleSelection::Ids(ids) => {
                let rules = self.0.parts.rules.get();
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

/// What the marts are asked for when only few rules are tried: an event that it leaves out matches none of them.
fn prefilter(rules: &RuleSet, only: Option<&[String]>) -> Option<String> {
    let is_wanted = |id: &String| only.is_none_or(|ids| ids.contains(id));
    let wanted: Vec<usize> = (0..)
        .zip(rules.rules())
        .filter(|(_, rule)| rule.reports() && is_wanted(&rule.reference().id))
        .map(|(index, _)| index)
        .take(PREFILTER_RULES_MAX + 1)
        .collect();
    if wanted.is_empty() || wanted.len() > PREFILTER_RULES_MAX {
        return None;
    }
    // A correlation reads the time from all events, and is asked none of this.
    let single = |index: usize| {
        let query = rules.query(index, QueryEngine::DataFusion)?;
        let is_correlation = matches!(rules.rules().get(index)?.reference().kind, RuleKind::Correlation);
        (!is_correlation).then(|| format!("({})", query.condition))
    };
    let conditions: Option<Vec<String>> = wanted.into_iter().map(single).collect();
    conditions.map(|all| all.join(" OR ")).filter(|text| text.len() <= PREFILTER_BYTES_MAX)
}

type Selected = (Arc<RuleSet>, Vec<RuleProblem>, Option<Vec<String>>);

fn compile(text: String) -> Result<(RuleSet, Vec<RuleProblem>), RuleDeskError> {
    if text.len() > RULE_TEXT_BYTES_MAX {
        return Err(RuleDeskError::TooLong { bytes: text.len() });
    }
    // YARA-L begins with `rule name {`, YAML with a key.
    let path = if is_yaral(&text) { "rules.yaral" } else { "rules.yml" };
    let source = RuleSource { path: path.to_owned(), text, pack: "draft".to_owned() };
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

fn is_yaral(text: &str) -> bool {
    let code = |line: &&str| !(line.is_empty() || line.starts_with("//") || line.starts_with('#'));
    let first = text.lines().map(str::trim).find(code).unwrap_or_default();
    first.split_whitespace().next() == Some("rule") || first.starts_with("/*")
}
