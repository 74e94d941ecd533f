use std::sync::Arc;

use hashbrown::HashMap;
use sentra_model::{RuleKind, RuleRef, Severity};

use crate::correlation::rule::{CorrelationRule, link};
use crate::engine::compiled::Compiled;
use crate::fields::{FieldId, FieldTable};
use crate::identity::write_identity;
use crate::logsource::{Logsource, ROUTE_FIELDS};
use crate::options::CompileOptions;
use crate::pipeline::{ScopedPipelines, correlation_names};
use crate::problem::{Fault, ProblemSeverity, RuleProblem};
use crate::sigma::documents::{Document, read as documents};
use crate::sigma::expr::{Expr, Predicate};
use crate::sigma::filter::{Filters, is_filter, missed_message};
use crate::sigma::rule::{ParsedBody, ParsedRule, Reader, label};
use crate::test::Test;
use crate::yaral::rule::YaralRule;
use crate::yaral::rules::YaralRules;

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
    pub(crate) lists: Vec<String>,
    pub(crate) body: Body,
    /// Correlations that refer to this rule.
    pub(crate) referred_by: Vec<usize>,
    /// A match is reported (and not only counted by correlations).
    pub(crate) reports: bool,
}

#[derive(Debug)]
pub(crate) enum Body {
    Single {
        logsource: Logsource,
        expression: Expr<TestId>,
    },
    Correlation(CorrelationRule),
    /// A YARA-L rule. What its event variables ask stands behind all rules.
    Yaral,
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

    /// The names of the lists that its placeholders stand for, whether there are such lists or not. When one of
    /// them changes, the rule must be compiled again.
    #[must_use]
    pub fn lists(&self) -> &[String] {
        &self.lists
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
            Body::Correlation(_) | Body::Yaral => None,
        }
    }

    pub(crate) fn correlation(&self) -> Option<&CorrelationRule> {
        match &self.body {
            Body::Single { .. } | Body::Yaral => None,
            Body::Correlation(correlation) => Some(correlation),
        }
    }
}

/// Compiled rules, ready for a [`Detector`](crate::Detector). Immutable and shared.
#[derive(Debug, Default)]
pub struct RuleSet {
    /// The rules, and behind them one for each event variable of a YARA-L rule, see [`RuleSet::event_variable`].
    pub(crate) rules: Vec<Rule>,
    /// How many of these are rules that somebody wrote.
    visible: usize,
    pub(crate) yaral: Arc<YaralRules>,
    /// By place behind the visible rules: number of the YARA-L rule, and of its event variable.
    event_variables: Vec<(usize, usize)>,
    pub(crate) checks: Vec<FieldCheck>,
    pub(crate) fields: FieldTable,
    pub(crate) compiled: Compiled,
}

impl RuleSet {
    /// Compiles `sources`. A rule that is wrong becomes a problem, with its line; the others are compiled.
    #[must_use]
    pub fn compile(sources: Vec<RuleSource>) -> (Self, Vec<RuleProblem>) {
        Self::compile_with(sources, &CompileOptions::default())
    }

    /// Compiles `sources` with lists and pipelines.
    #[must_use]
    pub fn compile_with(sources: Vec<RuleSource>, options: &CompileOptions) -> (Self, Vec<RuleProblem>) {
        let pipelines = ScopedPipelines::new(&options.pipelines);
        let mut compiler = Compiler::default();
        let (yaral, sources): (Vec<_>, Vec<_>) = sources.into_iter().partition(is_yaral);
        for name in ROUTE_FIELDS {
            compiler.set.fields.intern(name);
        }
        let filters = Filters::read(&sources, &mut |path, rule, severity, fault| {
            compiler.problem(path, rule, severity, fault);
        });
        let reader = Reader { lists: &options.lists, pipelines: &pipelines, filters: &filters.all, pack: "" };
        for source in &sources {
            compiler.take_file(source, &reader);
        }
        compiler.take_late(&reader);
        compiler.warn_of_filters(&filters);
        compiler.link();
        compiler.take_yaral(&yaral, options);
        compiler.finish()
    }

    /// The rules, those of correlations included, in the order of the sources.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        self.rules.get(..self.visible).unwrap_or_default()
    }

    /// The YARA-L rule and its event variable for which the rule with the index `rule` stands.
    pub(crate) fn event_variable(&self, rule: usize) -> Option<(usize, usize)> {
        self.event_variables.get(rule.checked_sub(self.visible)?).copied()
    }

    /// How many rules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.visible
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.visible == 0
    }
}

#[derive(Default)]
struct Compiler {
    set: RuleSet,
    problems: Vec<RuleProblem>,
    check_ids: HashMap<Box<str>, TestId, foldhash::fast::RandomState>,
    identity: String,
    rule_ids: HashMap<String, usize, foldhash::fast::RandomState>,
    /// What the file says that is being read.
    text: Arc<str>,
    /// Correlations wait until every rule they may refer to is known.
    waiting: Vec<(ParsedRule, RuleSource)>,
    /// With pipelines, the correlations as written: what their fields are called depends on the rules.
    late: Vec<(Document, RuleSource)>,
    /// With pipelines, the packs of rules and their logsources as written, by id, name and title.
    written: HashMap<String, (String, Logsource)>,
}

/// The source without its text: where problems are and what pack they are of.
fn place(source: &RuleSource) -> RuleSource {
    RuleSource { path: source.path.clone(), text: String::new(), pack: source.pack.clone() }
}

impl Compiler {
    fn problem(&mut self, path: &str, rule: Option<String>, severity: ProblemSeverity, fault: Fault) {
        let Fault { line, message } = fault;
        self.problems.push(RuleProblem { path: path.to_owned(), line, rule, severity, message });
    }

    /// Says which filters are for rules that are not there.
    fn warn_of_filters(&mut self, filters: &Filters) {
        for (path, line, key) in filters.missed() {
            let references = self.set.rules.iter().map(|rule| rule.reference.id.as_str());
            let names = self.set.rules.iter().filter_map(|rule| rule.name.as_deref());
            let message = missed_message(key, references.chain(names));
            self.problem(path, None, ProblemSeverity::Warning, Fault::new(line, message));
        }
    }

    fn take_file(&mut self, source: &RuleSource, reader: &Reader<'_>) {
        self.text = Arc::from(source.text.as_str());
        for document in documents(&source.text) {
            match document {
                Ok(document) if is_filter(&document.node) => {}
                Ok(document)
                    if !reader.pipelines.is_empty() && document.node.get("correlation").is_some() =>
                {
                    self.late.push((document, place(source)));
                }
                Ok(document) => self.take_document(document, source, reader),
                Err(fault) => self.problem(&source.path, None, ProblemSeverity::Error, fault),
            }
        }
    }

    /// Correlations that were waiting for what their rules call their fields.
    fn take_late(&mut self, reader: &Reader<'_>) {
        for (mut document, source) in std::mem::take(&mut self.late) {
            correlation_names(reader.pipelines, &mut document.node, |rule| self.written.get(rule));
            self.take_document(document, &source, reader);
        }
    }

    fn take_document(&mut self, document: Document, source: &RuleSource, reader: &Reader<'_>) {
        let line = document.node.line;
        let rule = label(&document.node);
        let mut warnings = Vec::new();
        let reader = Reader { pack: &source.pack, ..*reader };
        let result = reader.read(document, &mut |line, message| warnings.push(Fault { line, message }));
        for warning in warnings {
            self.problem(&source.path, rule.clone(), ProblemSeverity::Warning, warning);
        }
        match result {
            Ok(parsed) if self.set.rules.len() + self.waiting.len() + parsed.len() > RULES_MAX => {
                let fault = Fault::new(line, format!("more than the {RULES_MAX} rules allowed"));
                self.problem(&source.path, rule, ProblemSeverity::Error, fault);
            }
            Ok(parsed) => parsed.into_iter().for_each(|parsed| self.take_rule(parsed, source)),
            Err(fault) => self.problem(&source.path, rule, ProblemSeverity::Error, fault),
        }
    }

    fn take_rule(&mut self, parsed: ParsedRule, source: &RuleSource) {
        if matches!(parsed.body, ParsedBody::Correlation(_)) {
            self.waiting.push((parsed, place(source)));
            return;
        }
        if let Some(written) = &parsed.written {
            for key in [&parsed.id, &parsed.name, &parsed.title].into_iter().flatten() {
                self.written.entry(key.clone()).or_insert_with(|| (source.pack.clone(), written.clone()));
            }
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
            let message =
                format!("[duplicate-id] the id is also that of the rule at {}:{}", twin.path, twin.line);
            let label = Some(head.reference.id.clone());
            self.problem(&source.path, label, ProblemSeverity::Warning, Fault::new(head.line, message));
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
            lists: head.lists,
            body,
            referred_by: Vec::new(),
            reports: true,
        });
    }

    /// The number of a test; the same test on the same field has one number.
    fn check(&mut self, predicate: Predicate) -> TestId {
        self.identity.clear();
        write_identity(&predicate, &mut self.identity);
        if let Some(id) = self.check_ids.get(self.identity.as_str()) {
            return *id;
        }
        let id = self.set.checks.len() as TestId;
        let field = predicate.field.as_deref().map(|name| self.set.fields.intern(name));
        if let Test::Field(test) = &predicate.test {
            self.set.fields.intern(&test.other);
        }
        self.set.checks.push(FieldCheck { field, name: predicate.field, test: predicate.test });
        self.check_ids.insert(self.identity.as_str().into(), id);
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
                    if let Body::Correlation(correlation) = &mut rule.body {
                        correlation.referred = true;
                    }
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

    /// Adds YARA-L rules: each as it is listed, and what its event variables ask of a single event, which the matcher
    /// answers.
    fn take_yaral(&mut self, sources: &[RuleSource], options: &CompileOptions) {
        let (rules, problems) = YaralRules::compile(sources, &options.shared_lists);
        self.problems.extend(problems);
        let texts: HashMap<&str, Arc<str>> =
            sources.iter().map(|source| (source.path.as_str(), Arc::from(source.text.as_str()))).collect();
        let rule = |compiled: &YaralRule, body: Body, reports: bool| Rule {
            reference: Arc::clone(&compiled.reference),
            name: None,
            path: compiled.path.clone(),
            line: compiled.line,
            text: texts.get(compiled.path.as_str()).cloned().unwrap_or_default(),
            generate: false,
            lists: Vec::new(),
            body,
            referred_by: Vec::new(),
            reports,
        };
        let room = RULES_MAX.saturating_sub(self.set.rules.len());
        if rules.rules.len() > room {
            let message = format!("more than the {RULES_MAX} rules allowed: no YARA-L rule was taken");
            let path = sources.first().map(|source| source.path.as_str()).unwrap_or_default();
            self.problem(path, None, ProblemSeverity::Error, Fault::new(1, message));
            self.set.visible = self.set.rules.len();
            return;
        }
        let listed = rules.rules.iter().map(|compiled| rule(compiled, Body::Yaral, true));
        self.set.rules.extend(listed);
        self.set.visible = self.set.rules.len();
        for (number, compiled) in rules.rules.iter().enumerate() {
            for (variable, plan) in compiled.variables.iter().enumerate() {
                let expression = plan.prefilter.clone().map(&mut |predicate| self.check(predicate));
                let body = Body::Single { logsource: Logsource::default(), expression };
                self.set.rules.push(rule(compiled, body, false));
                self.set.event_variables.push((number, variable));
            }
        }
        self.set.yaral = Arc::new(rules);
    }

    fn finish(mut self) -> (RuleSet, Vec<RuleProblem>) {
        self.set.compiled = Compiled::new(&self.set.rules, &self.set.checks, &self.set.fields);
        self.problems.sort_by(|left, right| (&left.path, left.line).cmp(&(&right.path, right.line)));
        (self.set, self.problems)
    }
}

/// YARA-L has files of its own.
fn is_yaral(source: &RuleSource) -> bool {
    let ending = source.path.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("yaral"))
}

/// A rule without its body.
struct RuleHead {
    reference: RuleRef,
    name: Option<String>,
    line: u64,
    generate: bool,
    lists: Vec<String>,
}

impl RuleHead {
    fn of(parsed: &ParsedRule, source: &RuleSource, kind: RuleKind) -> Self {
        let title = parsed.title.clone().or_else(|| parsed.id.clone()).unwrap_or_else(|| source.path.clone());
        let id = parsed.id.clone().unwrap_or_else(|| title.clone());
        let level: Severity = parsed.level;
        let reference =
            RuleRef { id, title, kind, level, tags: parsed.tags.clone(), pack: source.pack.clone() };
        Self {
            reference,
            name: parsed.name.clone(),
            line: parsed.line,
            generate: parsed.generate,
            lists: parsed.lists.clone(),
        }
    }
}
