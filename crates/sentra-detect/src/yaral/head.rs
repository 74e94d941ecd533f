//! Meta, options and match section; and the rule as a whole.

use std::collections::BTreeSet;
use std::sync::Arc;

use sentra_model::{Digest, RuleKind, RuleRef, Severity, TACTICS};

use super::ast::{Entry, Node, RuleAst, Term, WindowKind};
use super::compile::{Compiler, Place, fault};
use super::link::{forbidden, grows};
use super::listed::AskLists;
use super::prefilter;
use super::rule::{Matching, Outcome, Window, YaralRule};
use super::term::{Bx, Ex};
use super::value::Kind;
use crate::problem::Fault;
use crate::text::hint;

/// Shortest and longest match window, in seconds.
const WINDOW_SECONDS: std::ops::RangeInclusive<i64> = 60..=48 * 3_600;
/// Longest window that leads to an event, in seconds: 100 days. What it keeps is what such an event looks back
/// for, and not those events themselves: approvals, certifications, inventories live longer than two days.
const BEFORE_SECONDS_MAX: i64 = 100 * 24 * 3_600;
/// Most outcome variables.
const OUTCOMES_MAX: usize = 20;
/// Most match variables.
const MATCH_VARIABLES_MAX: usize = 10;
/// Longest suppression, in seconds: 30 days.
const SUPPRESSION_SECONDS_MAX: i64 = 30 * 86_400;
const SECOND: i64 = 1_000_000;

/// Compiles a rule; with it come warnings.
pub(super) fn compile(
    rule: &RuleAst,
    lists: &dyn AskLists,
    path: &str,
    pack: &str,
) -> Result<(YaralRule, Vec<Fault>), Fault> {
    let mut compiler = Compiler::new(rule, lists)?;
    let cross = compiler.events()?;
    let matching = compiler.matching()?;
    let outcomes = compiler.outcomes()?;
    let condition = compiler.condition()?;
    compiler.check_joined(&cross)?;
    let matched = matching.as_ref().map(|matching| matching.variables.clone()).unwrap_or_default();
    compiler.partition(&cross, &matched);
    let required = compiler.required(&condition);
    if required.is_empty() {
        let line = rule.condition.first().map_or(rule.line, |node| node.line);
        return Err(fault(line, "the condition can hold without any event: ask for one, as in \"$e and\""));
    }
    if matching.is_none() && compiler.variables.len() > 1 {
        return Err(fault(rule.line, "a rule of several event variables needs a match section"));
    }
    if compiler.variables.len() > 1 {
        check_or(&condition, rule)?;
    }
    let mut all_there = true;
    for (number, variable) in compiler.variables.iter_mut().enumerate() {
        variable.required = required.contains(&number);
        variable.forbidden = forbidden(&condition, number);
        all_there &= variable.required;
        variable.prefilter = prefilter::of(variable);
    }
    let options = Options::read(rule, matching.as_ref())?;
    if let Some(node) = rule.export.first() {
        compiler.warnings.push(fault(node.line, "the export section is read and not done"));
    }
    let values: Vec<Ex> = outcomes.iter().map(|outcome| outcome.value.clone()).collect();
    let variables = &compiler.variables;
    let is_unsigned = |ex: &Ex| match ex {
        Ex::Slot(id) => variables
            .get(id.variable)
            .and_then(|variable| variable.slots.get(id.slot))
            .is_some_and(|slot| slot.access.leaf.kind() == Kind::Int),
        _ => false,
    };
    let grows = all_there && grows(&condition, &values, &is_unsigned);
    let compiled = YaralRule {
        reference: Arc::new(reference(rule, pack)),
        path: path.to_owned(),
        line: rule.line.0,
        suppression_key: outcomes.iter().position(|outcome| outcome.name == "suppression_key"),
        variables: compiler.variables,
        placeholders: compiler.placeholders,
        cross,
        matching,
        outcomes,
        condition,
        grows,
        allow_zero_values: options.allow_zero_values,
        suppression: options.suppression,
        digest: Digest::new("yaral").text(&without_meta(rule)).first_u64(),
    };
    Ok((compiled, compiler.warnings))
}

/// What the state of a rule depends on.
fn without_meta(rule: &RuleAst) -> String {
    RuleAst { meta: Vec::new(), ..rule.clone() }.to_string()
}

/// Between several event variables an `or` would leave open which of them there are.
fn check_or(condition: &Bx, rule: &RuleAst) -> Result<(), Fault> {
    match condition {
        Bx::And(parts) => parts.iter().try_for_each(|part| check_or(part, rule)),
        Bx::Not(part) => check_or(part, rule),
        Bx::Or(_) => {
            let mut asks_events = false;
            condition.walk(&mut |ex| asks_events |= matches!(ex, Ex::EventCount(_)));
            let line = rule.condition.first().map_or(rule.line, |node| node.line);
            let message = "\"or\" between event variables is for rules of one event variable";
            if asks_events { Err(fault(line, message)) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}

impl Compiler<'_> {
    fn matching(&mut self) -> Result<Option<Matching>, Fault> {
        let rule = self.rule;
        let Some(section) = &rule.matching else { return Ok(None) };
        let (seconds, _) = section.length;
        let leads = matches!(section.window, WindowKind::Sliding { after: false, .. });
        let seconds_max = if leads { BEFORE_SECONDS_MAX } else { *WINDOW_SECONDS.end() };
        if !(*WINDOW_SECONDS.start()..=seconds_max).contains(&seconds) {
            let message = "a match window is 1m at least and 48h at most, one that leads to an event 100d";
            return Err(fault(section.line, message));
        }
        if section.variables.len() > MATCH_VARIABLES_MAX {
            return Err(fault(section.line, format!("more than {MATCH_VARIABLES_MAX} match variables")));
        }
        let mut variables: Vec<usize> = Vec::new();
        for (name, line) in &section.variables {
            let Some(placeholder) = self.placeholder(name) else {
                let known = self.placeholders.iter().map(String::as_str);
                let message = match self.variable(name) {
                    Some(_) => format!("${name} is an event variable: match a placeholder"),
                    None => format!("${name} gets no value in the events section{}", hint(name, known)),
                };
                return Err(fault(*line, message));
            };
            if !variables.contains(&placeholder) {
                variables.push(placeholder);
            }
        }
        let window = match &section.window {
            WindowKind::Hop => Window::Hop,
            WindowKind::Tumbling => Window::Tumbling,
            WindowKind::Sliding { pivot, after } => {
                let Some(variable) = self.variable(pivot) else {
                    let known = self.variables.iter().map(|variable| variable.name.as_str());
                    let hint = hint(pivot, known);
                    return Err(fault(
                        section.line,
                        format!("the pivot ${pivot} is no event variable{hint}"),
                    ));
                };
                if *after { Window::After(variable) } else { Window::Before(variable) }
            }
        };
        Ok(Some(Matching { variables, length: seconds * SECOND, window }))
    }

    fn outcomes(&mut self) -> Result<Vec<Outcome>, Fault> {
        let rule = self.rule;
        if let Some(entry) = rule.outcome.get(OUTCOMES_MAX) {
            return Err(fault(entry.line, format!("more than {OUTCOMES_MAX} outcome variables")));
        }
        let mut outcomes = Vec::new();
        for entry in &rule.outcome {
            let name = &entry.name;
            if self.outcome(name).is_some()
                || self.variable(name).is_some()
                || self.placeholder(name).is_some()
            {
                return Err(fault(entry.line, format!("${name} is already something else")));
            }
            self.place = Place::Outcome;
            let typed = self.value(&entry.value)?;
            let single = rule.matching.is_none() && matches!(typed.ex, Ex::Slot(_));
            self.outcomes.push((name.clone(), if single { Kind::Any } else { typed.kind }));
            outcomes.push(Outcome { name: name.clone(), value: typed.ex });
        }
        Ok(outcomes)
    }

    fn condition(&mut self) -> Result<Bx, Fault> {
        self.place = Place::Condition;
        let rule = self.rule;
        let mut parts = Vec::new();
        for node in &rule.condition {
            match self.test(node, false)? {
                Bx::And(more) => parts.extend(more),
                part => parts.push(part),
            }
        }
        Ok(Bx::And(parts))
    }
}

#[derive(Debug, Default)]
struct Options {
    allow_zero_values: bool,
    suppression: Option<i64>,
}

impl Options {
    fn read(rule: &RuleAst, matching: Option<&Matching>) -> Result<Self, Fault> {
        let mut options = Self::default();
        for entry in &rule.options {
            match (entry.name.to_ascii_lowercase().as_str(), &entry.value.term) {
                ("allow_zero_values", Term::Bool(truth)) => options.allow_zero_values = *truth,
                ("allow_zero_values", _) => {
                    return Err(fault(entry.line, "allow_zero_values is true or false"));
                }
                ("suppression_window", term) => {
                    let seconds = match term {
                        Term::Duration(seconds, _) => Some(*seconds),
                        Term::Text { text, .. } => duration(text),
                        _ => None,
                    };
                    let Some(seconds) =
                        seconds.filter(|seconds| (1..=SUPPRESSION_SECONDS_MAX).contains(seconds))
                    else {
                        return Err(fault(
                            entry.line,
                            "suppression_window is a duration of at most 30d, like 1h",
                        ));
                    };
                    if matching.is_some_and(|matching| matching.length > seconds * SECOND) {
                        return Err(fault(entry.line, "suppression_window is shorter than the match window"));
                    }
                    options.suppression = Some(seconds * SECOND);
                }
                (name, _) => {
                    let hint = hint(name, ["allow_zero_values", "suppression_window"]);
                    return Err(fault(entry.line, format!("there is no option {name:?}{hint}")));
                }
            }
        }
        Ok(options)
    }
}

fn duration(text: &str) -> Option<i64> {
    match super::lexer::tokens(text).ok()?.as_slice() {
        [(_, super::lexer::Token::Duration(seconds, _))] => Some(*seconds),
        _ => None,
    }
}

fn text_of(node: &Node) -> Option<&str> {
    match &node.term {
        Term::Text { text, .. } => Some(text),
        Term::Call { arguments, .. } => arguments.iter().find_map(text_of),
        _ => None,
    }
}

fn entry<'a>(entries: &'a [Entry], names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| {
        entries
            .iter()
            .find(|entry| entry.name.eq_ignore_ascii_case(name))
            .and_then(|entry| text_of(&entry.value))
    })
}

/// Who the rule is, from its meta section.
fn reference(rule: &RuleAst, pack: &str) -> RuleRef {
    let meta = |names: &[&str]| entry(&rule.meta, names).filter(|text| !text.is_empty()).map(str::to_owned);
    let id = meta(&["rule_id", "id"]).unwrap_or_else(|| rule.name.clone());
    let title = meta(&["rule_name", "title"]).unwrap_or_else(|| rule.name.clone());
    let level = match meta(&["severity", "level"]).unwrap_or_default().to_ascii_lowercase().as_str() {
        "informational" | "info" => Severity::Informational,
        "low" => Severity::Low,
        "medium" => Severity::Medium,
        "high" => Severity::High,
        "critical" => Severity::Critical,
        _ => Severity::Unknown,
    };
    RuleRef { id, title, kind: RuleKind::Yaral, level, tags: tags(rule), pack: pack.to_owned() }
}

/// ATT&CK from meta and outcome, where rules write ids, names of tactics and addresses: as Sigma writes tags.
fn tags(rule: &RuleAst) -> Vec<String> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    for entry in rule.meta.iter().chain(&rule.outcome) {
        let name = entry.name.to_ascii_lowercase();
        let Some(text) = text_of(&entry.value) else { continue };
        if !["mitre", "tactic", "technique", "attack"].iter().any(|word| name.contains(word)) {
            continue;
        }
        found.extend(techniques(text).into_iter().map(|id| format!("attack.{}", id.to_ascii_lowercase())));
        if name.contains("tactic") {
            for part in text.split([',', ';']) {
                let tactic = part.trim().to_ascii_lowercase().replace([' ', '_'], "-");
                if TACTICS.contains(&tactic.as_str()) {
                    found.insert(format!("attack.{tactic}"));
                }
            }
        }
    }
    found.into_iter().collect()
}

/// `T1078`, `T1078.004` and `T1078/004` in a text.
fn techniques(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let digits = |from: usize, count: usize| {
        text.get(from..from + count).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut found = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        let begins = at == 0 || bytes.get(at - 1).is_some_and(|before| !before.is_ascii_alphanumeric());
        if !matches!(byte, b'T' | b't') || !begins {
            continue;
        }
        let Some(number) = digits(at + 1, 4) else { continue };
        let sub =
            bytes.get(at + 5).filter(|byte| matches!(byte, b'.' | b'/')).and_then(|_| digits(at + 6, 3));
        found.push(match sub {
            Some(sub) => format!("T{number}.{sub}"),
            None => format!("T{number}"),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::techniques;

    #[test]
    fn techniques_are_found_in_ids_and_addresses() {
        let text = "T1078, https://attack.mitre.org/techniques/T1562/008/ and t1110.001; not AT1078 or T10";
        assert_eq!(techniques(text), ["T1078", "T1562.008", "T1110.001"]);
    }
}
