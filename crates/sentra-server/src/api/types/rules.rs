use std::time::Duration;

use sentra_detect::{Match, ProblemSeverity, RuleCost, RuleProblem};
use sentra_factory::{BACKTEST_MATCHES_MAX, BacktestQuestion, BacktestReport, RuleSelection};
use sentra_model::{EventId, Mart, RuleKind, Severity, Timestamp};
use sentra_store::TimeRange;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A rule in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleView {
    /// The rule's own id, or its title.
    pub id: String,
    /// Title.
    pub title: String,
    /// Language.
    pub kind: RuleKind,
    /// How bad a match is.
    pub level: Severity,
    /// Sigma tags.
    pub tags: Vec<String>,
    /// Pack it came from.
    pub pack: String,
    /// How often it matched since the server started.
    pub matches: u64,
    /// What it has cost since the server started.
    pub cost: RuleCostView,
}

/// What evaluating a rule has cost since the server started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default, ToSchema)]
pub struct RuleCostView {
    /// How often it was evaluated: at most once per batch and kind of event.
    pub evaluations: u64,
    /// Events it was tried on: those where a test holds without which it cannot match.
    pub candidates: u64,
    /// Events it matched, before exceptions.
    pub hits: u64,
    /// Bytes of values that were tried for it alone.
    pub tried_bytes: u64,
    /// Time it took, in microseconds, by the evaluations that were timed.
    pub time_us: u64,
}

impl From<RuleCost> for RuleCostView {
    fn from(cost: RuleCost) -> Self {
        let RuleCost { evaluations, candidates, hits, tried_bytes, .. } = cost;
        Self { evaluations, candidates, hits, tried_bytes, time_us: cost.estimated_ticks() / 1_000 }
    }
}

/// How bad a problem of a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RuleProblemSeverity {
    /// The rule is not in force.
    Error,
    /// The rule is in force, but not all of it.
    Warning,
}

/// What was wrong with a rule file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleProblemView {
    /// The file.
    pub path: String,
    /// Line, from 1.
    pub line: u64,
    /// The rule, when it is known.
    pub rule: Option<String>,
    /// How bad it is.
    pub severity: RuleProblemSeverity,
    /// What is wrong.
    pub message: String,
}

/// The rules in force and the problems met while they were compiled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default, ToSchema)]
pub struct RulesView {
    /// Rules.
    pub rules: Vec<RuleView>,
    /// Problems.
    pub problems: Vec<RuleProblemView>,
}

impl From<RuleProblem> for RuleProblemView {
    fn from(problem: RuleProblem) -> Self {
        let RuleProblem { path, line, rule, severity, message } = problem;
        let severity = match severity {
            ProblemSeverity::Error => RuleProblemSeverity::Error,
            ProblemSeverity::Warning => RuleProblemSeverity::Warning,
        };
        Self { path, line, rule, severity, message }
    }
}

/// Findings that a backtest describes where nothing else is said.
const BACKTEST_MATCHES_DEFAULT: usize = 100;

/// Rules to run over stored events. Without `rules` and `rule_ids`: all that are in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BacktestBody {
    /// Rules as they would stand in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// Rules in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rule_ids: Vec<String>,
    /// The first moment of event time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// The moment after the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    /// Marts to look at; all of them if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marts: Option<Vec<Mart>>,
    /// Findings to describe: 100 if absent, 10,000 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches_max: Option<usize>,
}

impl BacktestBody {
    /// The question to the desk, or what is wrong.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn into_question(self) -> Result<BacktestQuestion, String> {
        let Self { rules, rule_ids, from, to, marts, matches_max } = self;
        let rules = match (rules, rule_ids) {
            (Some(_), ids) if !ids.is_empty() => {
                return Err("rules and rule_ids exclude each other".to_owned());
            }
            (Some(text), _) => RuleSelection::Text(text),
            (None, ids) if ids.is_empty() => RuleSelection::InForce,
            (None, ids) => RuleSelection::Ids(ids),
        };
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            return Err("from must be before to".to_owned());
        }
        let matches_max = matches_max.unwrap_or(BACKTEST_MATCHES_DEFAULT);
        if matches_max > BACKTEST_MATCHES_MAX {
            return Err(format!("matches_max is at most {BACKTEST_MATCHES_MAX}"));
        }
        Ok(BacktestQuestion { rules, range: TimeRange { from, to }, marts, matches_max })
    }
}

/// What rules found in stored events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BacktestAnswer {
    /// Events looked at.
    pub events: u64,
    /// How long it took.
    pub elapsed_ms: u64,
    /// Findings by rule, most first; a run of a correlation counts once.
    pub rules: Vec<BacktestRule>,
    /// The first findings, in the order of the log.
    pub matches: Vec<BacktestMatch>,
    /// Findings beyond those.
    pub not_described: u64,
    /// Damaged segments that rules did not see: there may be more findings.
    #[serde(default)]
    pub segments_unread: u64,
    /// What was wrong with the rules of the text.
    pub problems: Vec<RuleProblemView>,
}

/// How often a rule matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BacktestRule {
    /// Its id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Language.
    pub kind: RuleKind,
    /// How bad a match is.
    pub level: Severity,
    /// Pack it came from.
    pub pack: String,
    /// How often.
    pub matches: u64,
}

/// A finding: an event, or a run of events of one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BacktestMatch {
    /// The rule's id.
    pub rule: String,
    /// The event; of a run, the last one.
    pub event: EventId,
    /// Its time.
    pub time: Timestamp,
    /// What a correlation grouped by.
    pub group: Vec<(String, String)>,
    /// How many events it rests on.
    pub events: u64,
    /// How many happenings these stand for.
    pub count: u64,
    /// Time of the earliest event.
    pub first: Timestamp,
    /// Time of the latest event.
    pub last: Timestamp,
    /// The first and the last events of it.
    pub evidence: Vec<EventId>,
}

/// Events named per finding.
const EVIDENCE_MAX: usize = 20;

impl From<Match> for BacktestMatch {
    fn from(found: Match) -> Self {
        let mut evidence = found.evidence;
        if evidence.len() > EVIDENCE_MAX {
            let tail = evidence.split_off(evidence.len() - EVIDENCE_MAX / 2);
            evidence.truncate(EVIDENCE_MAX / 2);
            evidence.extend(tail);
        }
        Self {
            rule: found.rule.id.clone(),
            event: found.event,
            time: found.time,
            group: found.group,
            events: found.evidence_total,
            count: found.count,
            first: found.first,
            last: found.last,
            evidence,
        }
    }
}

impl BacktestAnswer {
    /// The answer from what the desk reports.
    #[must_use]
    pub fn new(report: BacktestReport, problems: Vec<RuleProblem>, elapsed: Duration) -> Self {
        let BacktestReport { events, rules, matches, not_described, segments_unread } = report;
        let mut rules: Vec<BacktestRule> = rules
            .into_values()
            .map(|found| BacktestRule {
                id: found.rule.id.clone(),
                title: found.rule.title.clone(),
                kind: found.rule.kind,
                level: found.rule.level,
                pack: found.rule.pack.clone(),
                matches: found.matches,
            })
            .collect();
        rules.sort_by(|one, other| (other.matches, &one.id).cmp(&(one.matches, &other.id)));
        Self {
            events,
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            rules,
            matches: matches.into_iter().map(BacktestMatch::from).collect(),
            not_described,
            segments_unread,
            problems: problems.into_iter().map(RuleProblemView::from).collect(),
        }
    }
}
