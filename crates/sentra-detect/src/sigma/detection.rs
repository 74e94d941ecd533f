//! From a detection as written to an expression over tests.

use crate::placeholders::Placeholders;
use crate::problem::Fault;
use crate::text::hint;

use super::condition::{Condition, Quantity, Target};
use super::expr::{Expr, Predicate};
use super::tree::{Detection, Tree};

/// Most tests of one rule, counted as often as the condition repeats them.
pub(crate) const RULE_TESTS_MAX: usize = 50_000;

/// A selection, compiled.
struct Compiled<'a> {
    name: &'a str,
    line: u64,
    used: bool,
    /// How often the conditions still ask for it.
    left: usize,
    tests: usize,
    expression: Expr<Predicate>,
}

/// The selections of a rule, and how many tests the condition may still take from them (law LIMIT).
pub(crate) struct Selections<'a> {
    all: Vec<Compiled<'a>>,
    tests_left: usize,
}

/// The expression of all conditions of `detection`. What is odd but not wrong goes to `warn`.
pub(crate) fn compile(
    detection: &Detection,
    lists: &Placeholders,
    warn: &mut impl FnMut(u64, String),
) -> Result<Expr<Predicate>, Fault> {
    let mut selections = Selections::compile(detection, lists, warn)?;
    for compiled in &mut selections.all {
        let conditions = detection.conditions.iter().map(|conditional| &conditional.condition);
        compiled.left = conditions.map(|condition| uses(condition, compiled.name)).sum();
    }
    let mut alternatives = Vec::new();
    for conditional in &detection.conditions {
        alternatives.push(selections.resolve(&conditional.condition, conditional.line)?);
    }
    selections.warn_of_unused(warn);
    Ok(Expr::any(alternatives))
}

impl<'a> Selections<'a> {
    /// Compiles every selection of `detection`.
    pub(crate) fn compile(
        detection: &'a Detection,
        lists: &Placeholders,
        warn: &mut impl FnMut(u64, String),
    ) -> Result<Self, Fault> {
        let mut all = Vec::with_capacity(detection.selections.len());
        for selection in &detection.selections {
            let expression = expression(&selection.tree, lists, warn)?;
            let mut tests = 0;
            expression.leaves(&mut |_| tests += 1);
            all.push(Compiled {
                name: &selection.name,
                line: selection.line,
                used: false,
                left: usize::MAX,
                tests,
                expression,
            });
        }
        Ok(Self { all, tests_left: RULE_TESTS_MAX })
    }

    /// Selections that no condition named.
    pub(crate) fn warn_of_unused(&self, warn: &mut impl FnMut(u64, String)) {
        for selection in self.all.iter().filter(|selection| !selection.used) {
            let name = selection.name;
            warn(
                selection.line,
                format!("[unused-selection] selection {name:?} is not used by the condition"),
            );
        }
    }

    /// The expression that `condition` makes of the selections.
    pub(crate) fn resolve(&mut self, condition: &Condition, line: u64) -> Result<Expr<Predicate>, Fault> {
        match condition {
            Condition::And(parts) => Ok(Expr::all(self.resolve_all(parts, line)?)),
            Condition::Or(parts) => Ok(Expr::any(self.resolve_all(parts, line)?)),
            Condition::Not(part) => Ok(Expr::Not(Box::new(self.resolve(part, line)?))),
            Condition::Name(name) => self.take(|other| other == name, line)?.pop().ok_or_else(|| {
                let hint = hint(name, self.all.iter().map(|selection| selection.name));
                Fault::new(line, format!("condition: there is no selection {name:?}{hint}"))
            }),
            Condition::Of(quantity, target) => {
                let taken = self.take(|name| target.takes(name), line)?;
                quantified(*quantity, target, taken).map_err(|message| Fault::new(line, message))
            }
        }
    }

    fn resolve_all(&mut self, parts: &[Condition], line: u64) -> Result<Vec<Expr<Predicate>>, Fault> {
        parts.iter().map(|part| self.resolve(part, line)).collect()
    }

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
            selection.left = selection.left.saturating_sub(1);
            // The last one takes it.
            taken.push(if selection.left == 0 {
                std::mem::replace(&mut selection.expression, Expr::Or(Vec::new()))
            } else {
                selection.expression.clone()
            });
        }
        Ok(taken)
    }
}

/// How often `condition` asks for the selection `name`.
fn uses(condition: &Condition, name: &str) -> usize {
    match condition {
        Condition::And(parts) | Condition::Or(parts) => parts.iter().map(|part| uses(part, name)).sum(),
        Condition::Not(part) => uses(part, name),
        Condition::Name(wanted) => usize::from(wanted == name),
        Condition::Of(_, target) => usize::from(target.takes(name)),
    }
}

fn expression(
    tree: &Tree,
    lists: &Placeholders,
    warn: &mut impl FnMut(u64, String),
) -> Result<Expr<Predicate>, Fault> {
    match tree {
        Tree::Item(item) => item.modifiers.expression(item, lists, warn),
        Tree::All(parts) => {
            Ok(Expr::all(parts.iter().map(|part| expression(part, lists, warn)).collect::<Result<_, _>>()?))
        }
        Tree::Any(parts) => {
            Ok(Expr::any(parts.iter().map(|part| expression(part, lists, warn)).collect::<Result<_, _>>()?))
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
