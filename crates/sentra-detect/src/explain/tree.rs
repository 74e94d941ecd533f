//! The parts of a rule with what came of them.

use std::collections::BTreeSet;

use sentra_model::EventRow;

use crate::placeholders::Placeholders;
use crate::plain;
use crate::problem::Fault;
use crate::ruleset::{Rule, RuleSet, TestId};
use crate::sigma::condition::{Condition, Quantity, Target, parse as parse_condition};
use crate::sigma::expr::{Expr, Predicate};
use crate::sigma::modifier::Modifiers;
use crate::sigma::tree::Item;
use crate::yaml::{Entry, Node, Value, documents};

use super::reason::{holds, of_test, quoted, reason, shortened, words};
use super::{EXPLAINED_PARTS_MAX, EXPLAINED_VALUES_MAX, ExplainedPart, PartKind};

/// The rule as written, with names. `None` where its text does not lead to the compiled tests.
pub(super) fn named(
    rules: &RuleSet,
    rule: &Rule,
    expression: &Expr<TestId>,
    row: EventRow<'_>,
) -> Option<(Vec<String>, ExplainedPart)> {
    let document = documents(&rule.text).into_iter().flatten().find(|node| node.line == rule.line)?;
    let detection = document.get("detection")?;
    let condition = detection.get("condition")?;
    let mut reader = Reader { row, sections: Vec::new(), tests: BTreeSet::new(), left: EXPLAINED_PARTS_MAX };
    for entry in detection.entries() {
        if !matches!(entry.key.as_str(), "condition" | "timeframe") {
            reader.sections.push(Section { entry, read: None });
        }
    }
    let texts: Vec<String> = condition.items().iter().filter_map(Node::text).collect();
    let mut alternatives = Vec::new();
    for text in &texts {
        let parsed = parse_condition(text, condition.line).ok()?;
        alternatives.push(reader.condition(&parsed).ok()?);
    }
    let tree = match alternatives.len() {
        1 => alternatives.pop()?,
        _ => any(alternatives),
    };
    let mut compiled = BTreeSet::new();
    expression.leaves(&mut |id| {
        if let Some(check) = rules.checks.get(*id as usize) {
            compiled.insert(identity(check.name.as_deref(), &check.test));
        }
    });
    (compiled == reader.tests).then_some((texts, tree))
}

fn identity(field: Option<&str>, test: &crate::test::Test) -> String {
    format!("{field:?} {test:?}")
}

struct Section<'a> {
    entry: &'a Entry,
    /// What came of it, once it was asked for.
    read: Option<ExplainedPart>,
}

struct Reader<'a> {
    row: EventRow<'a>,
    sections: Vec<Section<'a>>,
    /// The tests met.
    tests: BTreeSet<String>,
    /// Parts that may still be shown.
    left: usize,
}

impl Reader<'_> {
    fn condition(&mut self, condition: &Condition) -> Result<ExplainedPart, Fault> {
        match condition {
            Condition::And(parts) => Ok(all(self.conditions(parts)?)),
            Condition::Or(parts) => Ok(any(self.conditions(parts)?)),
            Condition::Not(part) => {
                let part = self.condition(part)?;
                Ok(ExplainedPart::joined(PartKind::Not, !part.matched, vec![part]))
            }
            Condition::Name(name) => {
                self.take(|other| other == name)?.pop().ok_or_else(|| Fault::new(0, "no such selection"))
            }
            Condition::Of(quantity, target) => {
                let parts = self.take(|name| target.takes(name))?;
                let (count, needed) = match quantity {
                    Quantity::All => ("all".to_owned(), parts.len()),
                    Quantity::AtLeast(count) => (count.to_string(), *count),
                };
                let target = match target {
                    Target::Them => "them",
                    Target::Like(pattern) => pattern,
                };
                let matched = parts.iter().filter(|part| part.matched).count() >= needed;
                let what = PartKind::Of { words: format!("{count} of {target}"), needed };
                Ok(ExplainedPart::joined(what, matched, parts))
            }
        }
    }

    fn conditions(&mut self, parts: &[Condition]) -> Result<Vec<ExplainedPart>, Fault> {
        parts.iter().map(|part| self.condition(part)).collect()
    }

    /// The selections whose names are taken. A selection is tried once, however often it is named.
    fn take(&mut self, takes: impl Fn(&str) -> bool) -> Result<Vec<ExplainedPart>, Fault> {
        let mut sections = std::mem::take(&mut self.sections);
        let mut taken = Vec::new();
        for section in sections.iter_mut().filter(|section| takes(&section.entry.key)) {
            let part = match section.read.take() {
                Some(part) => part,
                None => self.selection(&section.entry.value, section.entry.line)?,
            };
            let (name, line) = (section.entry.key.clone(), section.entry.line);
            let mut shown =
                ExplainedPart::joined(PartKind::Selection { name, line }, part.matched, Vec::new());
            let parts = part.count();
            // Law LIMIT: a condition may name a large selection thousands of times.
            if parts <= self.left {
                self.left -= parts;
                shown.parts.push(part.clone());
            } else {
                shown.omitted = parts;
            }
            section.read = Some(part);
            taken.push(shown);
        }
        self.sections = sections;
        Ok(taken)
    }

    fn selection(&mut self, node: &Node, line: u64) -> Result<ExplainedPart, Fault> {
        match &node.value {
            Value::Map(entries) => {
                let mut items = Vec::new();
                for entry in entries {
                    let (name, modifiers) = entry.key.split_once('|').unwrap_or((&entry.key, ""));
                    let words = modifiers.split('|').filter(|word| !word.is_empty());
                    let modifiers = Modifiers::read(words, !name.is_empty(), entry.line)?;
                    let field = (!name.is_empty()).then_some(name);
                    items.push(self.item(field, &entry.key, &modifiers, entry.value.items(), entry.line)?);
                }
                Ok(all(items))
            }
            Value::List(nodes) => {
                let (maps, keywords): (Vec<_>, Vec<_>) = nodes
                    .iter()
                    .cloned()
                    .partition(|node| matches!(node.value, Value::Map(_) | Value::List(_)));
                let mut parts = Vec::new();
                for map in &maps {
                    parts.push(self.selection(map, map.line)?);
                }
                if !keywords.is_empty() || maps.is_empty() {
                    parts.push(self.keywords(&keywords, line)?);
                }
                Ok(any(parts))
            }
            _ => self.keywords(std::slice::from_ref(node), line),
        }
    }

    fn keywords(&mut self, values: &[Node], line: u64) -> Result<ExplainedPart, Fault> {
        self.item(None, "keywords", &Modifiers::default(), values, line)
    }

    fn item(
        &mut self,
        field: Option<&str>,
        test: &str,
        modifiers: &Modifiers,
        values: &[Node],
        line: u64,
    ) -> Result<ExplainedPart, Fault> {
        let item = Item {
            field: field.map(str::to_owned),
            modifiers: modifiers.clone(),
            values: values.to_vec(),
            line,
            applied: Vec::new(),
        };
        let expression = modifiers.expression(&item, &Placeholders::new(), &mut |_, _| {})?;
        expression.leaves(&mut |predicate| {
            self.tests.insert(identity(predicate.field.as_deref(), &predicate.test));
        });
        let written = |node: &Node| node.text().map_or_else(|| "null".to_owned(), |text| shortened(&text));
        let (found, found_total) = found(field, &expression, self.row);
        let what = PartKind::Test {
            field: field.map(str::to_owned),
            test: test.to_owned(),
            wanted: values.iter().take(EXPLAINED_VALUES_MAX).map(written).collect(),
            wanted_total: values.len(),
            found,
            found_total,
            line: Some(line),
        };
        let mut part = ExplainedPart::joined(what, holds(&expression, self.row), Vec::new());
        part.reason = reason(&expression, self.row);
        Ok(part)
    }
}

/// The values that the tests look at, as many as are shown, and how many there are. Of keywords, which look
/// at every text of the event, those that pass.
fn found(field: Option<&str>, expression: &Expr<Predicate>, row: EventRow<'_>) -> (Vec<String>, usize) {
    let mut values = plain::tested_values(field, row);
    if field.is_none() {
        values.retain(|value| {
            let mut passes = false;
            expression.leaves(&mut |predicate| passes |= predicate.test.passes(value));
            passes
        });
    }
    (values.iter().take(EXPLAINED_VALUES_MAX).map(|value| shortened(value)).collect(), values.len())
}

fn all(parts: Vec<ExplainedPart>) -> ExplainedPart {
    let matched = parts.iter().all(|part| part.matched);
    only(parts).unwrap_or_else(|parts| ExplainedPart::joined(PartKind::All, matched, parts))
}

fn any(parts: Vec<ExplainedPart>) -> ExplainedPart {
    let matched = parts.iter().any(|part| part.matched);
    only(parts).unwrap_or_else(|parts| ExplainedPart::joined(PartKind::Any, matched, parts))
}

fn only(mut parts: Vec<ExplainedPart>) -> Result<ExplainedPart, Vec<ExplainedPart>> {
    match (parts.len(), parts.pop()) {
        (1, Some(part)) => Ok(part),
        (_, last) => {
            parts.extend(last);
            Err(parts)
        }
    }
}

/// The compiled expression, whose parts have no names.
pub(super) fn unnamed(rules: &RuleSet, expression: &Expr<TestId>, row: EventRow<'_>) -> ExplainedPart {
    let mut left = EXPLAINED_PARTS_MAX;
    compiled(rules, expression, row, &mut left)
}

fn compiled(
    rules: &RuleSet,
    expression: &Expr<TestId>,
    row: EventRow<'_>,
    left: &mut usize,
) -> ExplainedPart {
    *left = left.saturating_sub(1);
    let parts = match expression {
        Expr::Leaf(id) => return compiled_test(rules, *id, row),
        Expr::Not(part) => std::slice::from_ref(part.as_ref()),
        Expr::And(parts) | Expr::Or(parts) | Expr::AtLeast(_, parts) => parts,
    };
    let mut shown = Vec::new();
    let (mut holding, mut omitted) = (0, 0);
    for part in parts {
        if *left > 0 {
            let part = compiled(rules, part, row, left);
            holding += usize::from(part.matched);
            shown.push(part);
        } else {
            omitted += 1;
            holding += usize::from(part.holds(&mut |id| {
                let check = rules.checks.get(*id as usize);
                check.is_some_and(|check| plain::test_passes(check.name.as_deref(), &check.test, row))
            }));
        }
    }
    let (what, matched) = match expression {
        Expr::Not(_) => (PartKind::Not, holding == 0),
        Expr::Or(_) => (PartKind::Any, holding > 0),
        Expr::AtLeast(needed, _) => {
            let words = format!("{needed} of {}", parts.len());
            (PartKind::Of { words, needed: *needed }, holding >= *needed)
        }
        Expr::And(_) | Expr::Leaf(_) => (PartKind::All, holding == parts.len()),
    };
    let mut part = ExplainedPart::joined(what, matched, shown);
    part.omitted = omitted;
    part
}

fn compiled_test(rules: &RuleSet, id: TestId, row: EventRow<'_>) -> ExplainedPart {
    let Some(check) = rules.checks.get(id as usize) else {
        return ExplainedPart::joined(PartKind::Any, false, Vec::new());
    };
    let field = check.name.as_deref();
    let leaf = Expr::Leaf(Predicate { field: check.name.clone(), test: check.test.clone() });
    let (found, found_total) = found(field, &leaf, row);
    let what = PartKind::Test {
        field: check.name.clone(),
        test: format!("{} {}", field.map_or("keywords".to_owned(), quoted), words(&check.test, None, true)),
        wanted: Vec::new(),
        wanted_total: 0,
        found,
        found_total,
        line: None,
    };
    let matched = plain::test_passes(field, &check.test, row);
    let mut part = ExplainedPart::joined(what, matched, Vec::new());
    part.reason = of_test(field, &check.test, row);
    part
}
