//! The `detection` part of a rule: selections, and the condition that joins them.

use crate::problem::Fault;
use crate::text::hint;
use crate::yaml::{Entry, Node, Value};

use super::condition::{Condition, Quantity, Target, parse as parse_condition};
use super::expr::{Expr, Predicate};
use super::modifier::Modifiers;

/// Keys of `detection` that are no selections.
const RESERVED: [&str; 2] = ["condition", "timeframe"];

/// Most tests of one rule, counted as often as the condition repeats them.
pub(crate) const RULE_TESTS_MAX: usize = 50_000;

/// A selection, compiled.
struct Selection<'a> {
    name: &'a str,
    line: u64,
    used: bool,
    tests: usize,
    expression: Expr<Predicate>,
}

/// The selections of a rule, and how many tests the condition may still take from them (law LIMIT).
struct Selections<'a> {
    all: Vec<Selection<'a>>,
    tests_left: usize,
}

impl Selections<'_> {
    /// The expressions of the selections whose names are taken.
    fn take(&mut self, takes: impl Fn(&str) -> bool, line: u64) -> Result<Vec<Expr<Predicate>>, Fault> {
        let mut taken = Vec::new();
        for selection in self.all.iter_mut().filter(|selection| takes(selection.name)) {
            selection.used = true;
            let Some(left) = self.tests_left.checked_sub(selection.tests) else {
                let message = format!("the condition makes more than the {RULE_TESTS_MAX} tests allowed");
                return Err(Fault::new(line, message));
            };
            self.tests_left = left;
            taken.push(selection.expression.clone());
        }
        Ok(taken)
    }
}

/// Reads `detection`. What is odd but not wrong goes to `warn`.
pub(crate) fn read(detection: &Node, warn: &mut impl FnMut(u64, String)) -> Result<Expr<Predicate>, Fault> {
    let Some(condition) = detection.get("condition") else {
        return Err(Fault::new(detection.line, "the detection has no condition"));
    };
    if let Some(timeframe) = detection.get("timeframe") {
        warn(
            timeframe.line,
            "timeframe without aggregation means nothing; write a correlation rule".to_owned(),
        );
    }
    let mut selections = Selections { all: Vec::new(), tests_left: RULE_TESTS_MAX };
    for entry in detection.entries() {
        if !RESERVED.contains(&entry.key.as_str()) {
            let expression = selection(&entry.value, entry.line, warn)?;
            let mut tests = 0;
            expression.leaves(&mut |_| tests += 1);
            selections.all.push(Selection {
                name: &entry.key,
                line: entry.line,
                used: false,
                tests,
                expression,
            });
        }
    }
    if selections.all.is_empty() {
        return Err(Fault::new(detection.line, "the detection has no selection"));
    }
    let mut alternatives = Vec::new();
    for item in condition.items() {
        let Some(text) = item.text() else {
            return Err(Fault::new(item.line, "the condition must be a text"));
        };
        let condition = parse_condition(&text, item.line)?;
        alternatives.push(resolve(&condition, &mut selections, item.line)?);
    }
    for selection in selections.all.iter().filter(|selection| !selection.used) {
        warn(selection.line, format!("selection {:?} is not used by the condition", selection.name));
    }
    Ok(Expr::any(alternatives))
}

/// A selection: a map (all of its items), a list of maps (any of them) or keywords (any of them).
fn selection(node: &Node, line: u64, warn: &mut impl FnMut(u64, String)) -> Result<Expr<Predicate>, Fault> {
    match &node.value {
        Value::Map(entries) if entries.is_empty() => Err(Fault::new(line, "the selection is empty")),
        Value::Map(entries) => {
            let items = entries.iter().map(|entry| item(entry, warn)).collect::<Result<Vec<_>, _>>()?;
            Ok(Expr::all(items))
        }
        Value::List(nodes) => {
            let (maps, keywords): (Vec<_>, Vec<_>) =
                nodes.iter().cloned().partition(|node| matches!(node.value, Value::Map(_) | Value::List(_)));
            let mut parts = Vec::new();
            for map in &maps {
                parts.push(selection(map, map.line, warn)?);
            }
            if !keywords.is_empty() || maps.is_empty() {
                let plain = Modifiers::read(std::iter::empty(), line)?;
                parts.push(plain.expression(None, &keywords, line, warn)?);
            }
            Ok(Expr::any(parts))
        }
        _ => Modifiers::read(std::iter::empty(), line)?.expression(
            None,
            std::slice::from_ref(node),
            line,
            warn,
        ),
    }
}

/// One item of a map: `Field|modifiers: value or values`; without a name it is about keywords.
fn item(entry: &Entry, warn: &mut impl FnMut(u64, String)) -> Result<Expr<Predicate>, Fault> {
    let mut words = entry.key.split('|');
    let name = words.next().unwrap_or_default();
    let modifiers = Modifiers::read(words, entry.line)?;
    let field = (!name.is_empty()).then_some(name);
    modifiers.expression(field, entry.value.items(), entry.line, warn)
}

fn resolve(
    condition: &Condition,
    selections: &mut Selections<'_>,
    line: u64,
) -> Result<Expr<Predicate>, Fault> {
    let mut resolve_all = |parts: &[Condition]| {
        parts.iter().map(|part| resolve(part, selections, line)).collect::<Result<Vec<_>, _>>()
    };
    match condition {
        Condition::And(parts) => Ok(Expr::all(resolve_all(parts)?)),
        Condition::Or(parts) => Ok(Expr::any(resolve_all(parts)?)),
        Condition::Not(part) => Ok(Expr::Not(Box::new(resolve(part, selections, line)?))),
        Condition::Name(name) => selections.take(|other| other == name, line)?.pop().ok_or_else(|| {
            let hint = hint(name, selections.all.iter().map(|selection| selection.name));
            Fault::new(line, format!("condition: there is no selection {name:?}{hint}"))
        }),
        Condition::Of(quantity, target) => {
            let taken = selections.take(|name| target.takes(name), line)?;
            quantified(*quantity, target, taken).map_err(|message| Fault::new(line, message))
        }
    }
}

fn quantified(
    quantity: Quantity,
    target: &Target,
    taken: Vec<Expr<Predicate>>,
) -> Result<Expr<Predicate>, String> {
    if taken.is_empty() {
        let wanted = match target {
            Target::Them => "them",
            Target::Like(pattern) => pattern,
        };
        return Err(format!("condition: no selection fits {wanted:?}"));
    }
    match quantity {
        Quantity::All => Ok(Expr::all(taken)),
        Quantity::AtLeast(1) => Ok(Expr::any(taken)),
        Quantity::AtLeast(count) if count > taken.len() => {
            Err(format!("condition: {count} of {} selections can never match", taken.len()))
        }
        Quantity::AtLeast(count) => Ok(Expr::AtLeast(count, taken)),
    }
}
