use std::sync::Arc;

use hashbrown::HashMap;
use sentra_model::{RuleKind, RuleRef, Severity};

use crate::correlation::rule::{CorrelationRule, link};
use crate::engine::compiled::Compiled;
use crate::fields::{FieldId, FieldTable};
use crate::logsource::{Logsource, ROUTE_FIELDS};
use crate::problem::{Fault, ProblemSeverity, RuleProblem};
use crate::sigma::expr::{Expr, Predicate};
use crate::sigma::rule::{ParsedBody, ParsedRule, label, read};
use crate::test::Test;
use crate::yaml::documents;

/// Most rules of one set.
pub(crate) const RULES_MAX: usize = 100_000;

/// A rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSource {
    /// Where it is, for problems.
    pub path: String,
    /// What it says: YAML, one document or several.
    pub text: String,
    /// The pack it belongs to, `core@1`.
    pub pack: String,
}

/// Number of a test in a rule set.
pub(crate) type TestId = u32;

/// A test on a field, shared by all rules that make it.
#[derive(Debug)]
pub(crate) struct FieldCheck {
    /// `None` for keywords.
    pub(crate) field: Option<FieldId>,
    pub(crate) name: Option<String>,
    pub(crate) test: Test,
}

/// A rule, compiled.
#[derive(Debug)]
pub struct Rule {
    pub(crate) reference: Arc<RuleRef>,
    pub(crate) name: Option<String>,
    pub(crate) path: String,
    pub(crate) line: u64,
    /// The file it stands in, shared by the rules of the file: explaining reads the rule again, so that what
    /// only people need (names of selections, the rule's own words) is not among what is evaluated.
    pub(crate) text: Arc<str>,
    pub(crate) generate: bool,
    pub(crate) body: Body,
    /// Correlations that refer to this rule.
    pub(crate) referred_by: Vec<usize>,
    /// A match is reported (and not only counted by correlations).
    pub(crate) reports: bool,
}

#[derive(Debug)]
pub(crate) enum Body {
    Single { logsource: Logsource, expression: Expr<TestId> },
    Correlation(CorrelationRule),
}

impl Rule {
    /// Id, title, level, tags and pack.
    #[must_use]
    pub fn reference(&self) -> &Arc<RuleRef> {
        &self.reference
    }

    /// The name by which correlations can refer to it.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The file it came from.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it emits matches of its own; a rule that only feeds a correlation does not.
    #[must_use]
    pub fn reports(&self) -> bool {
        self.reports
    }

    /// The line it begins at, from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The events it is tried on; `None` for a correlation.
    #[must_use]
    pub fn logsource(&self) -> Option<&Logsource> {
        match &self.body {
            Body::Single { logsource, .. } => Some(logsource),
            Body::Correlation(_) => None,
        }
    }

    pub(crate) fn correlation(&self) -> Option<&CorrelationRule> {
        match &self.body {
            Body::Single { .. } => None,
            Body::Correlation(correlation) => Some(correlation),
        }
    }
}

/// Compiled rules, ready for a [`Detector`](crate::Detector). Immutable and shared.
#[derive(Debug, Default)]
pub struct RuleSet {
    pub(crate) rules: Vec<Rule>,
    pub(crate) checks: Vec<FieldCheck>,
    pub(crate) fields: FieldTable,
    pub(crate) compiled: Compiled,
}

impl RuleSet {
    /// Compiles `sources`. A rule that is wrong becomes a problem, with its line; the others are compiled.
    #[must_use]
    pub fn compile(sources: Vec<RuleSource>) -> (Self, Vec<RuleProblem>) {
        let mut compiler = Compiler::default();
        for name in ROUTE_FIELDS {
            compiler.set.fields.intern(name);
        }
        for source in &sources {
            compiler.take_file(source);
        }
        compiler.link();
        compiler.finish()
    }

    /// The rules, those of correlations included, in the order of the sources.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// How many rules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

#[derive(Default)]
struct Compiler {
    set: RuleSet,
    problems: Vec<RuleProblem>,
    check_ids: HashMap<String, TestId, foldhash::fast::RandomState>,
    rule_ids: HashMap<String, usize, foldhash::fast::RandomState>,
    /// What the file says that is being read.
    text: Arc<str>,
    /// Correlations wait until every rule they may refer to is known.
    waiting: Vec<(ParsedRule, RuleSource)>,
}

impl Compiler {
    fn problem(
        &mut self,
        source: &RuleSource,
        rule: Option<String>,
        severity: ProblemSeverity,
        fault: Fault,
    ) {
        let Fault { line, message } = fault;
        self.problems.push(RuleProblem { path: source.path.clone(), line, rule, severity, message });
    }

    fn take_file(&mut self, source: &RuleSource) {
        self.text = Arc::from(source.text.as_str());
        for document in documents(&source.text) {
            let document = match document {
                Ok(document) => document,
                Err(fault) => {
                    self.problem(source, None, ProblemSeverity::Error, fault);
                    continue;
                }
            };
            let rule = label(&document);
            let mut warnings = Vec::new();
            let result = read(&document, &mut |line, message| warnings.push(Fault { line, message }));
            for warning in warnings {
                self.problem(source, rule.clone(), ProblemSeverity::Warning, warning);
            }
            match result {
                Ok(_) if self.set.rules.len() + self.waiting.len() >= RULES_MAX => {
                    let fault = Fault::new(document.line, format!("more than the {RULES_MAX} rules allowed"));
                    self.problem(source, rule, ProblemSeverity::Error, fault);
                }
                Ok(parsed) => self.take_rule(parsed, source),
                Err(fault) => self.problem(source, rule, ProblemSeverity::Error, fault),
            }
        }
    }

    fn take_rule(&mut self, parsed: ParsedRule, source: &RuleSource) {
        if matches!(parsed.body, ParsedBody::Correlation(_)) {
            let place =
                RuleSource { path: source.path.clone(), text: String::new(), pack: source.pack.clone() };
            self.waiting.push((parsed, place));
            return;
        }
        let head = RuleHead::of(&parsed, source, RuleKind::Sigma);
        if let ParsedBody::Single { logsource, expression } = parsed.body {
            let mut expression = expression.map(&mut |predicate| self.check(predicate));
            expression.put_cheap_first(
                &|id| match self.set.checks.get(*id as usize).map(|check| &check.test) {
                    Some(Test::Text(_) | Test::Never) => 1,
                    Some(Test::Present | Test::Missing) => 2,
                    Some(Test::Regexes(_)) => 1_000,
                    _ => 100,
                },
            );
            self.add(head, Body::Single { logsource, expression }, source);
        }
    }

    fn add(&mut self, head: RuleHead, body: Body, source: &RuleSource) {
        let index = self.set.rules.len();
        let twin = self.rule_ids.get(&head.reference.id).and_then(|index| self.set.rules.get(*index));
        if let Some(twin) = twin {
            let message = format!("the id is also that of the rule at {}:{}", twin.path, twin.line);
            let label = Some(head.reference.id.clone());
            self.problem(source, label, ProblemSeverity::Warning, Fault::new(head.line, message));
        } else {
            self.rule_ids.insert(head.reference.id.clone(), index);
        }
        self.set.rules.push(Rule {
            reference: Arc::new(head.reference),
            name: head.name,
            path: source.path.clone(),
            line: head.line,
            text: Arc::clone(&self.text),
            generate: head.generate,
            body,
            referred_by: Vec::new(),
            reports: true,
        });
    }

    /// The number of a test; the same test on the same field has one number.
    fn check(&mut self, predicate: Predicate) -> TestId {
        let identity = format!("{predicate:?}");
        if let Some(id) = self.check_ids.get(&identity) {
            return *id;
        }
        let id = self.set.checks.len() as TestId;
        let field = predicate.field.as_deref().map(|name| self.set.fields.intern(name));
        if let Test::Field(test) = &predicate.test {
            self.set.fields.intern(&test.other);
        }
        self.set.checks.push(FieldCheck { field, name: predicate.field, test: predicate.test });
        self.check_ids.insert(identity, id);
        id
    }

    /// Resolves what correlations refer to, and adds them.
    fn link(&mut self) {
        self.text = Arc::default();
        for (parsed, place) in
            link(std::mem::take(&mut self.waiting), &self.set.rules, |place, rule, fault| {
                self.problems.push(RuleProblem {
                    path: place.path.clone(),
                    line: fault.line,
                    rule,
                    severity: ProblemSeverity::Error,
                    message: fault.message,
                });
            })
        {
            let head = RuleHead::of(&parsed.rule, &place, RuleKind::Correlation);
            self.add(head, Body::Correlation(parsed.correlation), &place);
        }
        let referrers: Vec<(usize, Vec<usize>, bool)> = (0..)
            .zip(&self.set.rules)
            .filter_map(|(index, rule)| {
                let correlation = rule.correlation()?;
                Some((index, correlation.rules.clone(), correlation.generate))
            })
            .collect();
        let mut generated = vec![false; self.set.rules.len()];
        for (referrer, referred, generate) in referrers {
            for index in referred {
                if let Some(rule) = self.set.rules.get_mut(index) {
                    rule.referred_by.push(referrer);
                    rule.referred_by.dedup();
                }
                if let Some(generated) = generated.get_mut(index) {
                    *generated |= generate;
                }
            }
        }
        for (rule, generated) in self.set.rules.iter_mut().zip(generated) {
            rule.reports = rule.referred_by.is_empty() || rule.generate || generated;
        }
    }

    fn finish(mut self) -> (RuleSet, Vec<RuleProblem>) {
        self.set.compiled = Compiled::new(&self.set.rules, &self.set.checks, &self.set.fields);
        self.problems.sort_by(|left, right| (&left.path, left.line).cmp(&(&right.path, right.line)));
        (self.set, self.problems)
    }
}

/// A rule without its body.
struct RuleHead {
    reference: RuleRef,
    name: Option<String>,
    line: u64,
    generate: bool,
}

impl RuleHead {
    fn of(parsed: &ParsedRule, source: &RuleSource, kind: RuleKind) -> Self {
        let title = parsed.title.clone().or_else(|| parsed.id.clone()).unwrap_or_else(|| source.path.clone());
        let id = parsed.id.clone().unwrap_or_else(|| title.clone());
        let level: Severity = parsed.level;
        let reference =
            RuleRef { id, title, kind, level, tags: parsed.tags.clone(), pack: source.pack.clone() };
        Self { reference, name: parsed.name.clone(), line: parsed.line, generate: parsed.generate }
    }
}
