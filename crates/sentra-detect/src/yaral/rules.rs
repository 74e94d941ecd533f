//! The rules of a set.

use super::head::compile;
use super::listed::AskLists;
use super::parser::parse;
use super::rule::YaralRule;
use crate::problem::{Fault, ProblemSeverity, RuleProblem};
use crate::ruleset::RuleSource;

/// Compiled YARA-L rules. Immutable and shared.
#[derive(Debug, Default)]
pub(crate) struct YaralRules {
    pub(crate) rules: Vec<YaralRule>,
}

impl YaralRules {
    /// Compiles `sources`. A rule that is wrong becomes a problem, with its line; the others are compiled.
    pub(crate) fn compile(sources: &[RuleSource], lists: &dyn AskLists) -> (Self, Vec<RuleProblem>) {
        let mut set = Self::default();
        let mut problems = Vec::new();
        for source in sources {
            set.take_file(source, lists, &mut problems);
        }
        problems.sort_by(|left, right| (&left.path, left.line).cmp(&(&right.path, right.line)));
        (set, problems)
    }

    fn take_file(&mut self, source: &RuleSource, lists: &dyn AskLists, problems: &mut Vec<RuleProblem>) {
        let mut problem = |rule: Option<String>, severity: ProblemSeverity, fault: Fault| {
            let Fault { line, message } = fault;
            problems.push(RuleProblem { path: source.path.clone(), line, rule, severity, message });
        };
        for parsed in parse(&source.text) {
            let rule = match parsed {
                Ok(rule) => rule,
                Err((name, fault)) => {
                    problem(name, ProblemSeverity::Error, fault);
                    continue;
                }
            };
            match compile(&rule, lists, &source.path, &source.pack) {
                Ok((compiled, warnings)) => {
                    for warning in warnings {
                        problem(Some(rule.name.clone()), ProblemSeverity::Warning, warning);
                    }
                    let twin = self.rules.iter().find(|known| known.reference.id == compiled.reference.id);
                    if let Some(twin) = twin {
                        let message =
                            format!("the id is also that of the rule at {}:{}", twin.path, twin.line);
                        problem(
                            Some(rule.name.clone()),
                            ProblemSeverity::Warning,
                            Fault::new(rule.line.0, message),
                        );
                    }
                    self.rules.push(compiled);
                }
                Err(fault) => problem(Some(rule.name.clone()), ProblemSeverity::Error, fault),
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}
