//! What is laid over a rule set without changing it: disabled rules and exceptions.
//!
//! Both work on matches, after the rules have found them, so that what they hide is known and counted (law
//! LOSS): by which exception, how often, since when. A rule that is disabled still feeds the correlations that
//! refer to it. Whether an exception is in force is asked of the time at which the event was received, so that
//! a replay hides what was hidden (law TIME), and no more.

mod impact;
mod read;
mod usage;

use std::collections::BTreeSet;

use hashbrown::HashMap;
use sentra_model::{EventBatch, EventRow, RuleRef, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::matched::Match;
use crate::placeholders::Placeholders;
use crate::plain;
use crate::problem::{Fault, ProblemSeverity, RuleProblem};
use crate::ruleset::RuleSet;
use crate::sigma::detection;
use crate::sigma::expr::{Expr, Predicate};
use crate::sigma::tree::Detection;
use crate::text::hint;
use crate::yaml::{Entry, Node, Value};

pub use impact::{Candidate, Impact, ImpactExample, MatchVerdict, preview};
pub(crate) use read::json;
pub use usage::{ExceptionReport, TuningUse, Use};

/// Most exceptions and disabled rules of one overlay, together.
pub(crate) const TUNING_ENTRIES_MAX: usize = 20_000;
/// Longest time an exception should last, in microseconds: one year. Longer ones are warned of.
pub(crate) const EXCEPTION_MICROS_USUAL_MAX: i64 = 366 * 86_400 * 1_000_000;

/// Disabled rules and exceptions, as they are kept and as an API takes them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tuning {
    /// Rules whose matches are not reported.
    #[serde(default)]
    pub disabled: Vec<DisabledRule>,
    /// Matches that are not reported.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
}

/// A rule whose matches are not reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisabledRule {
    /// The rule's id.
    pub rule: String,
    /// For whom.
    pub tenant: TenantId,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// From when on, by the time events are received.
    pub since: Timestamp,
    /// Until when; for good where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Matches that are not reported because what they found is known and accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Its name, unique among those of the tenant.
    pub id: String,
    /// For whom.
    pub tenant: TenantId,
    /// Of which rules.
    pub scope: RuleScope,
    /// Which events: a selection as in a Sigma rule, a map of `field|modifiers` to values, or a list of such
    /// maps.
    pub condition: serde_json::Value,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// From when on, by the time events are received.
    pub created: Timestamp,
    /// Until when.
    pub expires: Timestamp,
}

/// Of which rules matches are hidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleScope {
    /// Of these, by their ids.
    Rules(Vec<String>),
    /// Of those of a pack, `core` or, of one version, `core@1`.
    Pack(String),
    /// Of all.
    All,
}

impl RuleScope {
    fn takes(&self, rule: &RuleRef) -> bool {
        match self {
            Self::Rules(ids) => ids.contains(&rule.id),
            Self::Pack(pack) => *pack == rule.pack || *pack == pack_name(&rule.pack),
            Self::All => true,
        }
    }
}

fn pack_name(pack: &str) -> &str {
    pack.split_once('@').map_or(pack, |(name, _)| name)
}

/// What hid a match.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HiddenBy {
    /// The rule is disabled: its id.
    DisabledRule(String),
    /// An exception: its id.
    Exception(String),
}

/// A match that is not reported, and what hid it.
#[derive(Debug, Clone, PartialEq)]
pub struct HiddenMatch {
    /// The match.
    pub found: Match,
    /// What hid it.
    pub by: HiddenBy,
}

/// Matches, those that are hidden told apart.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Applied {
    /// To be reported, in their order.
    pub shown: Vec<Match>,
    /// Not to be reported, in their order.
    pub hidden: Vec<HiddenMatch>,
}

/// A [`Tuning`], ready to be applied. Immutable and shared.
#[derive(Debug, Default)]
pub struct Overlay {
    tuning: Tuning,
    conditions: Vec<Expr<Predicate>>,
    /// Exceptions, ascending, by tenant and by what they are for.
    by_tenant: HashMap<TenantId, Places>,
}

/// Indices into the entries of a tuning.
#[derive(Debug, Default)]
struct Places {
    disabled: HashMap<String, Vec<usize>>,
    rules: HashMap<String, Vec<usize>>,
    packs: HashMap<String, Vec<usize>>,
    all: Vec<usize>,
}

/// An exception with its condition as it stands in a file.
#[derive(Debug, Clone)]
struct Written {
    exception: Exception,
    condition: Node,
    line: u64,
}

impl Overlay {
    /// Reads a file in YAML or JSON with the shape of a [`Tuning`]. An entry that is wrong becomes a problem
    /// with its line, and the others are taken.
    #[must_use]
    pub fn read(path: &str, text: &str, rules: &RuleSet) -> (Self, Vec<RuleProblem>) {
        let mut problems = Problems { path, all: Vec::new() };
        let (disabled, written) = read::file(text, &mut problems);
        let overlay = Self::build(disabled, written, rules, &mut problems);
        (overlay, problems.all)
    }

    /// Compiles a tuning that came by an API. An entry that is wrong becomes a problem that names it.
    #[must_use]
    pub fn compile(tuning: Tuning, rules: &RuleSet) -> (Self, Vec<RuleProblem>) {
        let mut problems = Problems { path: "", all: Vec::new() };
        let mut written = Vec::new();
        for exception in tuning.exceptions {
            match read::node(&exception.condition, 1) {
                Ok(condition) => written.push(Written { exception, condition, line: 1 }),
                Err(fault) => problems.error(&exception.id, fault),
            }
        }
        let disabled = tuning.disabled.into_iter().map(|disabled| (1, disabled)).collect();
        let overlay = Self::build(disabled, written, rules, &mut problems);
        (overlay, problems.all)
    }

    fn build(
        disabled: Vec<(u64, DisabledRule)>,
        written: Vec<Written>,
        rules: &RuleSet,
        problems: &mut Problems<'_>,
    ) -> Self {
        let known: BTreeSet<&str> = rules.rules().iter().map(|rule| rule.reference().id.as_str()).collect();
        let mut overlay = Self::default();
        for (line, entry) in disabled {
            if let Err(fault) = overlay.check_disabled(&entry, line) {
                problems.error(&entry.rule, fault);
                continue;
            }
            problems.warn_unknown(&entry.rule, &entry.rule, line, &known);
            let places = overlay.by_tenant.entry(entry.tenant.clone()).or_default();
            places.disabled.entry(entry.rule.clone()).or_default().push(overlay.tuning.disabled.len());
            overlay.tuning.disabled.push(entry);
        }
        let mut names = BTreeSet::new();
        for Written { exception, condition, line } in written {
            let id = exception.id.clone();
            let checked = overlay.check_exception(&exception, line).and_then(|()| {
                if names.insert((exception.tenant.clone(), id.clone())) {
                    compile_condition(&condition, &mut |line, message| problems.warn(&id, line, message))
                } else {
                    Err(Fault::new(line, "the tenant has another exception with this id"))
                }
            });
            let expression = match checked {
                Ok(expression) => expression,
                Err(fault) => {
                    problems.error(&id, fault);
                    continue;
                }
            };
            if let RuleScope::Rules(ids) = &exception.scope {
                ids.iter().for_each(|rule| problems.warn_unknown(&id, rule, line, &known));
            }
            if exception.expires.since(exception.created) > EXCEPTION_MICROS_USUAL_MAX {
                problems.warn(&id, line, "the exception lasts for more than a year".to_owned());
            }
            overlay.add(exception, expression);
        }
        overlay
    }

    fn check_disabled(&self, entry: &DisabledRule, line: u64) -> Result<(), Fault> {
        self.check_room(line)?;
        check_words(&[("rule", &entry.rule), ("owner", &entry.owner), ("reason", &entry.reason)], line)?;
        match entry.until {
            Some(until) if until <= entry.since => Err(Fault::new(line, "until is not after since")),
            _ => Ok(()),
        }
    }

    fn check_exception(&self, entry: &Exception, line: u64) -> Result<(), Fault> {
        self.check_room(line)?;
        check_words(&[("id", &entry.id), ("owner", &entry.owner), ("reason", &entry.reason)], line)?;
        if entry.expires <= entry.created {
            return Err(Fault::new(line, "expires is not after created"));
        }
        match &entry.scope {
            RuleScope::Rules(ids) if ids.is_empty() => Err(Fault::new(line, "the scope names no rule")),
            _ => Ok(()),
        }
    }

    fn check_room(&self, line: u64) -> Result<(), Fault> {
        if self.tuning.disabled.len() + self.tuning.exceptions.len() >= TUNING_ENTRIES_MAX {
            return Err(Fault::new(line, format!("more than the {TUNING_ENTRIES_MAX} entries allowed")));
        }
        Ok(())
    }

    fn add(&mut self, exception: Exception, condition: Expr<Predicate>) {
        let index = self.tuning.exceptions.len();
        let places = self.by_tenant.entry(exception.tenant.clone()).or_default();
        match &exception.scope {
            RuleScope::Rules(ids) => {
                let ids: BTreeSet<&String> = ids.iter().collect();
                ids.into_iter().for_each(|id| places.rules.entry(id.clone()).or_default().push(index));
            }
            RuleScope::Pack(pack) => places.packs.entry(pack.clone()).or_default().push(index),
            RuleScope::All => places.all.push(index),
        }
        self.tuning.exceptions.push(exception);
        self.conditions.push(condition);
    }

    /// The entries that are in it.
    #[must_use]
    pub fn tuning(&self) -> &Tuning {
        &self.tuning
    }

    /// The ids of the rules that are disabled for `tenant` at `time`.
    #[must_use]
    pub fn disabled_rules(&self, tenant: &TenantId, time: Timestamp) -> BTreeSet<String> {
        let of_tenant = self.tuning.disabled.iter().filter(|entry| entry.tenant == *tenant);
        of_tenant.filter(|entry| entry.is_in_force(time)).map(|entry| entry.rule.clone()).collect()
    }

    /// What hides a match of `rule` on `row`, an event that was received at `received`; `None` where nothing
    /// does. Of several exceptions it is the first.
    #[must_use]
    pub fn hidden_by(
        &self,
        rule: &RuleRef,
        tenant: &TenantId,
        row: EventRow<'_>,
        received: Timestamp,
    ) -> Option<HiddenBy> {
        let places = self.by_tenant.get(tenant)?;
        if self.is_disabled(rule, tenant, received) {
            return Some(HiddenBy::DisabledRule(rule.id.clone()));
        }
        let of_pack = |pack: &str| places.packs.get(pack).map(Vec::as_slice).unwrap_or_default();
        let name = pack_name(&rule.pack);
        let of_version = if name == rule.pack { &[] } else { of_pack(&rule.pack) };
        let of_rule = places.rules.get(&rule.id).map(Vec::as_slice).unwrap_or_default();
        let mut candidates: Vec<usize> =
            [of_rule, of_pack(name), of_version, &places.all].into_iter().flatten().copied().collect();
        candidates.sort_unstable();
        candidates.into_iter().find_map(|index| {
            let exception = self.tuning.exceptions.get(index)?;
            let condition = self.conditions.get(index)?;
            let hides = exception.is_in_force(received) && holds(condition, row);
            hides.then(|| HiddenBy::Exception(exception.id.clone()))
        })
    }

    fn is_disabled(&self, rule: &RuleRef, tenant: &TenantId, received: Timestamp) -> bool {
        let places = self.by_tenant.get(tenant);
        let disabled = places.and_then(|places| places.disabled.get(&rule.id)).map(Vec::as_slice);
        let mut disabled =
            disabled.unwrap_or_default().iter().filter_map(|index| self.tuning.disabled.get(*index));
        disabled.any(|entry| entry.is_in_force(received))
    }

    /// Tells the matches in `batch` that are to be reported from those that are hidden. A match of a
    /// correlation is judged by the event that last triggered it; what time decided has none, and only disabling
    /// its rule hides it, by the time that decided it.
    #[must_use]
    pub fn apply(&self, batch: &EventBatch, matches: Vec<Match>) -> Applied {
        self.applied(matches, |found| match batch.row(found.row) {
            Some(row) => self.hidden_by(&found.rule, &found.tenant, row, row.seen()),
            None => self.hidden_without_row(found),
        })
    }

    /// As [`Overlay::apply`], for matches that have no row.
    #[must_use]
    pub fn apply_without_rows(&self, matches: Vec<Match>) -> Applied {
        self.applied(matches, |found| self.hidden_without_row(found))
    }

    fn hidden_without_row(&self, found: &Match) -> Option<HiddenBy> {
        let is_disabled = self.is_disabled(&found.rule, &found.tenant, found.time);
        is_disabled.then(|| HiddenBy::DisabledRule(found.rule.id.clone()))
    }

    fn applied(&self, matches: Vec<Match>, hidden_by: impl Fn(&Match) -> Option<HiddenBy>) -> Applied {
        let mut applied = Applied::default();
        for found in matches {
            match hidden_by(&found) {
                Some(by) => applied.hidden.push(HiddenMatch { found, by }),
                None => applied.shown.push(found),
            }
        }
        applied
    }
}

impl DisabledRule {
    /// Whether it is in force for events received at `time`.
    #[must_use]
    pub fn is_in_force(&self, time: Timestamp) -> bool {
        self.since <= time && self.until.is_none_or(|until| time < until)
    }
}

impl Exception {
    /// Whether it is in force for events received at `time`.
    #[must_use]
    pub fn is_in_force(&self, time: Timestamp) -> bool {
        self.created <= time && time < self.expires
    }
}

fn holds(condition: &Expr<Predicate>, row: EventRow<'_>) -> bool {
    condition.holds(&mut |predicate| plain::test_passes(predicate.field.as_deref(), &predicate.test, row))
}

fn check_words(words: &[(&str, &String)], line: u64) -> Result<(), Fault> {
    match words.iter().find(|(_, word)| word.trim().is_empty()) {
        Some((name, _)) => Err(Fault::new(line, format!("{name} is empty"))),
        None => Ok(()),
    }
}

/// The condition as the only selection of a detection.
fn compile_condition(condition: &Node, warn: &mut impl FnMut(u64, String)) -> Result<Expr<Predicate>, Fault> {
    let line = condition.line;
    let entry = |key: &str, value: Node| Entry { key: key.to_owned(), line, value };
    let all = Node { line, value: Value::Text("exception".to_owned()) };
    let entries = vec![entry("exception", condition.clone()), entry("condition", all)];
    let detection = Detection::read(Node { line, value: Value::Map(entries) }, &[])?;
    detection::compile(&detection, &Placeholders::new(), warn)
}

/// Problems of one file.
struct Problems<'a> {
    path: &'a str,
    all: Vec<RuleProblem>,
}

impl Problems<'_> {
    fn push(&mut self, entry: &str, severity: ProblemSeverity, fault: Fault) {
        let rule = (!entry.is_empty()).then(|| entry.to_owned());
        let Fault { line, message } = fault;
        self.all.push(RuleProblem { path: self.path.to_owned(), line, rule, severity, message });
    }

    fn error(&mut self, entry: &str, fault: Fault) {
        self.push(entry, ProblemSeverity::Error, fault);
    }

    fn warn(&mut self, entry: &str, line: u64, message: String) {
        self.push(entry, ProblemSeverity::Warning, Fault { line, message });
    }

    fn warn_unknown(&mut self, entry: &str, rule: &str, line: u64, known: &BTreeSet<&str>) {
        if !known.contains(rule) {
            let hint = hint(rule, known.iter().copied());
            self.warn(entry, line, format!("there is no rule with the id {rule:?}{hint}"));
        }
    }
}
