//! Where the conditions of a rule belong: to one event variable, or between several; what partitions its
//! events; what its condition cannot hold without.

use std::collections::BTreeSet;

use super::ast::{CompareSign, Line, Node, Term};
use super::compile::{Compiler, fault};
use super::rule::CrossTest;
use super::term::{Aggregate, Bx, Ex};
use super::value::{Kind, Value};
use crate::problem::Fault;

/// A condition of the events section.
struct Conjunct {
    test: Bx,
    line: Line,
    variables: BTreeSet<usize>,
    asks: BTreeSet<usize>,
    gives: BTreeSet<usize>,
}

fn variables_of(visit: impl FnOnce(&mut dyn FnMut(&Ex))) -> (BTreeSet<usize>, BTreeSet<usize>) {
    let (mut variables, mut placeholders) = (BTreeSet::new(), BTreeSet::new());
    visit(&mut |ex| match ex {
        Ex::Slot(slot) => {
            variables.insert(slot.variable);
        }
        Ex::Placeholder(number) => {
            placeholders.insert(*number);
        }
        _ => {}
    });
    (variables, placeholders)
}

fn given(test: &Bx, gives: &mut BTreeSet<usize>) {
    match test {
        Bx::Bind(number, _) => {
            gives.insert(*number);
        }
        Bx::And(parts) | Bx::Or(parts) => parts.iter().for_each(|part| given(part, gives)),
        _ => {}
    }
}

fn flat<'a>(node: &'a Node, into: &mut Vec<&'a Node>) {
    match &node.term {
        Term::And(parts) => parts.iter().for_each(|part| flat(part, into)),
        _ => into.push(node),
    }
}

impl Compiler<'_> {
    /// Reads the events section and puts every condition where it belongs.
    pub(super) fn events(&mut self) -> Result<Vec<CrossTest>, Fault> {
        let rule = self.rule;
        let mut nodes = Vec::new();
        rule.events.iter().for_each(|event| flat(event, &mut nodes));
        let mut conjuncts = Vec::new();
        for node in nodes {
            let test = self.test(node, false)?;
            let (variables, asks) = variables_of(|visit| test.walk(visit));
            let mut gives = BTreeSet::new();
            given(&test, &mut gives);
            conjuncts.push(Conjunct { test, line: node.line, variables, asks, gives });
        }
        self.check_given()?;
        let mut cross = Vec::new();
        for conjunct in conjuncts {
            self.place(conjunct, &mut cross)?;
        }
        for variable in &mut self.variables {
            variable.local.sort_by_key(|test| {
                let (_, asks) = variables_of(|visit| test.walk(visit));
                let mut gives = BTreeSet::new();
                given(test, &mut gives);
                (!asks.is_empty(), !gives.is_empty())
            });
        }
        Ok(cross)
    }

    /// Every placeholder has a value from somewhere.
    fn check_given(&self) -> Result<(), Fault> {
        for (name, givers) in self.placeholders.iter().zip(&self.givers) {
            if !givers.is_empty() {
                continue;
            }
            let mut line = self.rule.line;
            self.rule.events.iter().rev().for_each(|event| {
                event.walk(&mut |node| {
                    if matches!(&node.term, Term::Variable(found) if found == name) {
                        line = node.line;
                    }
                });
            });
            return Err(fault(
                line,
                format!("${name} never gets a value: say ${name} = a field of an event"),
            ));
        }
        Ok(())
    }

    fn gives(&self, placeholder: usize, variable: usize) -> bool {
        self.givers.get(placeholder).is_some_and(|givers| givers.contains(&variable))
    }

    fn place(&mut self, conjunct: Conjunct, cross: &mut Vec<CrossTest>) -> Result<(), Fault> {
        let Conjunct { test, line, variables, asks, gives } = conjunct;
        let all = 0..self.variables.len();
        let home = match variables.len() {
            0 if asks.is_empty() => return Err(fault(line, "the condition asks no event")),
            0 => all.clone().find(|variable| asks.iter().all(|asked| self.gives(*asked, *variable))),
            1 => variables
                .iter()
                .copied()
                .find(|variable| asks.iter().all(|asked| self.gives(*asked, *variable))),
            _ => None,
        };
        if let Some(home) = home.and_then(|home| self.variables.get_mut(home)) {
            home.local.push(test);
            return Ok(());
        }
        if let Some(name) = gives.first().and_then(|given| self.placeholders.get(*given)) {
            let message = format!("${name} gets its value in an \"or\" over several event variables");
            return Err(fault(line, message));
        }
        let mut needs = variables;
        for asked in asks {
            needs.extend(self.givers.get(asked).into_iter().flatten().next());
        }
        let mut slots = Vec::new();
        test.walk(&mut |ex| {
            if matches!(ex, Ex::Slot(_)) {
                slots.push(ex.clone());
            }
        });
        slots.iter().for_each(|slot| self.keep(slot));
        cross.push(CrossTest { test, needs: needs.into_iter().collect() });
        Ok(())
    }

    /// All event variables hang together.
    pub(super) fn check_joined(&self, cross: &[CrossTest]) -> Result<(), Fault> {
        let mut component: Vec<usize> = (0..self.variables.len()).collect();
        let mut join = |together: &[usize]| {
            let numbers: Vec<usize> =
                together.iter().filter_map(|variable| component.get(*variable).copied()).collect();
            let Some(least) = numbers.iter().min().copied() else { return };
            component.iter_mut().filter(|number| numbers.contains(number)).for_each(|number| *number = least);
        };
        for givers in &self.givers {
            join(&givers.iter().copied().collect::<Vec<_>>());
        }
        cross.iter().for_each(|test| join(&test.needs));
        let alone = component.iter().position(|number| *number != 0);
        match alone.and_then(|alone| self.variables.get(alone)) {
            Some(variable) => Err(fault(
                self.rule.line,
                format!(
                    "${} is not joined with the other event variables: let them share a placeholder",
                    variable.name
                ),
            )),
            None => Ok(()),
        }
    }

    /// Finds values that all events of a match have in common, whatever event variable they are of: by these the
    /// state is divided.
    pub(super) fn partition(&mut self, cross: &[CrossTest], matched: &[usize]) {
        let mut classes: Vec<Class> = (0..self.placeholders.len())
            .map(|number| Class { placeholders: vec![number], values: Vec::new() })
            .collect();
        for (number, variable) in self.variables.iter().enumerate() {
            for test in &variable.local {
                if let Bx::Bind(placeholder, ex) = test {
                    merge(
                        &mut classes,
                        |class| class.placeholders.contains(placeholder),
                        |class| class.add(number, ex),
                    );
                }
            }
        }
        for test in cross {
            let Bx::Compare { sign: CompareSign::Equal, left, right, nocase: false } = &test.test else {
                continue;
            };
            let (Some(of_left), Some(of_right)) = (single(left), single(right)) else { continue };
            let (text_left, text_right) = (format!("{left:?}"), format!("{right:?}"));
            let has = |class: &Class| {
                class.values.iter().any(|(_, _, text)| *text == text_left || *text == text_right)
            };
            merge(&mut classes, has, |class| {
                class.add(of_left, left);
                class.add(of_right, right);
            });
        }
        for class in classes {
            let wanted = class.placeholders.iter().any(|number| matched.contains(number));
            let firsts: Vec<Option<&Ex>> = (0..self.variables.len())
                .map(|number| {
                    class.values.iter().find(|(variable, _, _)| *variable == number).map(|(_, ex, _)| ex)
                })
                .collect();
            let numeric: BTreeSet<bool> = class.values.iter().map(|(_, ex, _)| self.is_numeric(ex)).collect();
            if !wanted || numeric.len() > 1 || firsts.iter().any(Option::is_none) {
                continue;
            }
            let firsts: Vec<Ex> = firsts.into_iter().flatten().cloned().collect();
            for (number, ex) in firsts.into_iter().enumerate() {
                // What a placeholder keeps need not be kept twice.
                let kept = self.variables.get(number).and_then(|variable| {
                    class.placeholders.iter().copied().find(|wanted| {
                        variable
                            .local
                            .iter()
                            .any(|test| matches!(test, Bx::Bind(given, _) if given == wanted))
                    })
                });
                let key = kept.map_or(ex, Ex::Placeholder);
                let mut slots = Vec::new();
                key.walk(&mut |ex| slots.push(ex.clone()));
                slots.iter().for_each(|slot| self.keep(slot));
                if let Some(variable) = self.variables.get_mut(number) {
                    variable.keys.push(key);
                }
            }
        }
    }

    fn is_numeric(&self, ex: &Ex) -> bool {
        let kind = match ex {
            Ex::Slot(id) => self
                .variables
                .get(id.variable)
                .and_then(|variable| variable.slots.get(id.slot))
                .map_or(Kind::Text, |slot| slot.access.leaf.kind()),
            Ex::Call(call, ..) => call.function().returns,
            Ex::Arithmetic(..) | Ex::Negative(_) => Kind::Number,
            _ => Kind::Text,
        };
        matches!(kind, Kind::Int | Kind::Float | Kind::Number)
    }

    /// The event variables without which the condition cannot hold.
    pub(super) fn required(&self, condition: &Bx) -> BTreeSet<usize> {
        let mut required = self.bounded(condition);
        let mut mentioned = BTreeSet::new();
        condition.walk(&mut |ex| {
            if let Ex::EventCount(variable) = ex {
                mentioned.insert(*variable);
            }
        });
        required.extend((0..self.variables.len()).filter(|variable| !mentioned.contains(variable)));
        required
    }

    fn bounded(&self, condition: &Bx) -> BTreeSet<usize> {
        match condition {
            Bx::And(parts) => parts.iter().flat_map(|part| self.bounded(part)).collect(),
            Bx::Or(parts) => {
                let mut sets = parts.iter().map(|part| self.bounded(part));
                let first = sets.next().unwrap_or_default();
                sets.fold(first, |all, set| all.intersection(&set).copied().collect())
            }
            Bx::Compare { sign, left, right, .. } => {
                let (count, sign, number) = match (left, right) {
                    (count, Ex::Literal(Value::Int(number))) => (count, *sign, *number),
                    (Ex::Literal(Value::Int(number)), count) => (count, sign.mirrored(), *number),
                    _ => return BTreeSet::new(),
                };
                let some = match sign {
                    CompareSign::Greater => number >= 0,
                    CompareSign::GreaterOrEqual | CompareSign::Equal => number >= 1,
                    CompareSign::NotEqual => number == 0,
                    CompareSign::Less | CompareSign::LessOrEqual => false,
                };
                match count {
                    Ex::EventCount(variable) if some => BTreeSet::from([*variable]),
                    Ex::PlaceholderCount(placeholder) if some => {
                        let givers = self.givers.get(*placeholder).cloned().unwrap_or_default();
                        if givers.len() == 1 { givers } else { BTreeSet::new() }
                    }
                    _ => BTreeSet::new(),
                }
            }
            _ => BTreeSet::new(),
        }
    }
}

/// Values that are equal in every match.
struct Class {
    placeholders: Vec<usize>,
    /// Event variable, value, and the value as text, by which it is known again.
    values: Vec<(usize, Ex, String)>,
}

impl Class {
    fn add(&mut self, variable: usize, ex: &Ex) {
        let text = format!("{ex:?}");
        if !self.values.iter().any(|(_, _, known)| *known == text) {
            self.values.push((variable, ex.clone(), text));
        }
    }
}

/// Makes one class of those that are `meant` and of what `add` adds.
fn merge(classes: &mut Vec<Class>, meant: impl Fn(&Class) -> bool, add: impl Fn(&mut Class)) {
    let mut merged = Class { placeholders: Vec::new(), values: Vec::new() };
    add(&mut merged);
    let texts: Vec<String> = merged.values.iter().map(|(_, _, text)| text.clone()).collect();
    let (inside, outside) = std::mem::take(classes).into_iter().partition(|class: &Class| {
        meant(class) || class.values.iter().any(|(_, _, text)| texts.contains(text))
    });
    *classes = outside;
    let inside: Vec<Class> = inside;
    for class in inside {
        merged.placeholders.extend(class.placeholders);
        class.values.iter().for_each(|(variable, ex, _)| merged.add(*variable, ex));
    }
    classes.push(merged);
}

/// The only event variable of a value that asks nothing else.
fn single(ex: &Ex) -> Option<usize> {
    let (variables, placeholders) = variables_of(|visit| ex.walk(visit));
    if variables.len() == 1 && placeholders.is_empty() { variables.first().copied() } else { None }
}

/// Whether a condition can only become true as more events arrive, never false again.
pub(super) fn grows(condition: &Bx, outcomes: &[Ex], is_unsigned: &dyn Fn(&Ex) -> bool) -> bool {
    let ex_grows = |ex: &Ex| value_grows(ex, outcomes, is_unsigned);
    match condition {
        Bx::And(parts) | Bx::Or(parts) => parts.iter().all(|part| grows(part, outcomes, is_unsigned)),
        Bx::Compare { sign, left, right, .. } => match sign {
            CompareSign::Greater | CompareSign::GreaterOrEqual => {
                ex_grows(left) && is_constant(right, outcomes)
            }
            CompareSign::Less | CompareSign::LessOrEqual => ex_grows(right) && is_constant(left, outcomes),
            _ => is_constant(left, outcomes) && is_constant(right, outcomes),
        },
        _ => false,
    }
}

fn is_constant(ex: &Ex, outcomes: &[Ex]) -> bool {
    match ex {
        Ex::Literal(_) => true,
        Ex::Outcome(number) => outcomes.get(*number).is_some_and(|ex| matches!(ex, Ex::Literal(_))),
        _ => false,
    }
}

fn value_grows(ex: &Ex, outcomes: &[Ex], is_unsigned: &dyn Fn(&Ex) -> bool) -> bool {
    match ex {
        Ex::Literal(_) | Ex::EventCount(_) | Ex::PlaceholderCount(_) => true,
        // An outcome asks only those before it, so this ends.
        Ex::Outcome(number) => outcomes
            .get(*number)
            .is_some_and(|ex| value_grows(ex, outcomes.get(..*number).unwrap_or_default(), is_unsigned)),
        Ex::Aggregate(Aggregate::Sum, of) => is_unsigned(of),
        Ex::Aggregate(aggregate, _) => aggregate.grows(),
        Ex::Arithmetic(first, rest) => {
            value_grows(first, outcomes, is_unsigned)
                && rest.iter().all(|(sign, ex)| {
                    *sign == super::ast::ArithmeticSign::Plus && value_grows(ex, outcomes, is_unsigned)
                })
        }
        _ => false,
    }
}

/// Whether the condition says that there is no event of the variable.
pub(super) fn forbidden(condition: &Bx, variable: usize) -> bool {
    let zero = |ex: &Ex| matches!(ex, Ex::Literal(Value::Int(0)));
    let counted = |ex: &Ex| matches!(ex, Ex::EventCount(number) if *number == variable);
    match condition {
        Bx::And(parts) => parts.iter().any(|part| forbidden(part, variable)),
        Bx::Not(part) => {
            matches!(&**part, Bx::Compare { sign: CompareSign::Greater, left, right, .. } if counted(left) && zero(right))
        }
        Bx::Compare { sign: CompareSign::Equal, left, right, .. } => counted(left) && zero(right),
        _ => false,
    }
}
