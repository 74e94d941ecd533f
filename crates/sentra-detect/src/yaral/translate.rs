//! Expressions with their types.

use super::ast::{CompareSign, ListKind, Node, Quantifier, Term};
use super::compile::{Compiler, Place, Typed, fault};
use super::functions::lookup;
use super::listed::{Asked, NoList};
use super::schema::check_enum;
use super::term::{Bx, Ex};
use super::value::{Kind, Value};
use crate::problem::Fault;
use std::sync::Arc;

impl Compiler<'_> {
    /// A condition. Below a `not` placeholders are asked, not given values.
    pub(super) fn test(&mut self, node: &Node, negated: bool) -> Result<Bx, Fault> {
        let parts = |compiler: &mut Self, nodes: &[Node]| -> Result<Vec<Bx>, Fault> {
            nodes.iter().map(|node| compiler.test(node, negated)).collect()
        };
        match &node.term {
            Term::And(nodes) => Ok(Bx::And(parts(self, nodes)?)),
            Term::Or(nodes) => Ok(Bx::Or(parts(self, nodes)?)),
            Term::Not(node) => Ok(Bx::Not(Box::new(self.test(node, !negated)?))),
            Term::Compare { sign, left, right, nocase } => self
                .quantifiable(|compiler| compiler.comparison(node, *sign, [left, right], *nocase, negated)),
            Term::In { item, list, kind, negated: not_in, nocase } => {
                let test = self.quantifiable(|compiler| compiler.membership(item, list, *kind, *nocase))?;
                Ok(if *not_in { Bx::Not(Box::new(test)) } else { test })
            }
            Term::NoCase(inner) => self.quantifiable(|compiler| compiler.truth(inner, true)),
            _ => self.quantifiable(|compiler| compiler.truth(node, false)),
        }
    }

    /// Reads one condition and puts the `any` or `all` it says around it.
    fn quantifiable(&mut self, read: impl FnOnce(&mut Self) -> Result<Bx, Fault>) -> Result<Bx, Fault> {
        let outer = self.quantified.take();
        let test = read(self);
        let inner = std::mem::replace(&mut self.quantified, outer);
        let test = test?;
        Ok(match inner {
            None => test,
            Some((slot, quantifier)) => {
                Bx::Quantified { slot, all: quantifier == Quantifier::All, test: Box::new(test) }
            }
        })
    }

    /// An expression that is true or false by itself.
    fn truth(&mut self, node: &Node, nocase: bool) -> Result<Bx, Fault> {
        if let (Place::Condition, Term::Variable(name)) = (self.place, &node.term)
            && let Some(variable) = self.variable(name)
        {
            return Ok(at_least_one(Ex::EventCount(variable)));
        }
        let typed = match &node.term {
            Term::Call { function, arguments } => self.call(node, function, arguments, nocase)?,
            _ if nocase => {
                return Err(fault(node.line, "nocase stands behind comparisons, lists and functions"));
            }
            _ => self.value(node)?,
        };
        if typed.literal().is_some() && typed.kind != Kind::Bool {
            return Err(fault(node.line, format!("{node} alone is no condition")));
        }
        if !matches!(typed.kind, Kind::Bool | Kind::Any) {
            let kind = typed.kind.name();
            return Err(fault(
                node.line,
                format!("{node} is {kind} and no condition: compare it with something"),
            ));
        }
        Ok(Bx::Truth(typed.ex))
    }

    fn comparison(
        &mut self,
        node: &Node,
        sign: CompareSign,
        [left, right]: [&Node; 2],
        nocase: bool,
        negated: bool,
    ) -> Result<Bx, Fault> {
        if let Term::Regex(pattern) = &left.term {
            return self.regex_test(node, sign, right, pattern, nocase);
        }
        if let Term::Regex(pattern) = &right.term {
            return self.regex_test(node, sign, left, pattern, nocase);
        }
        if sign == CompareSign::Equal
            && !negated
            && self.place == Place::Events
            && let Some(bind) = self.bind(left, right, nocase)?
        {
            return Ok(bind);
        }
        let (left, right) = (self.value(left)?, self.value(right)?);
        self.check_comparison(node, sign, &left, &right, nocase)?;
        Ok(Bx::Compare { sign, left: left.ex, right: right.ex, nocase })
    }

    /// `$placeholder = value of one event variable`, either way round.
    fn bind(&mut self, left: &Node, right: &Node, nocase: bool) -> Result<Option<Bx>, Fault> {
        let (name, other) = match (&left.term, &right.term) {
            (Term::Variable(_), Term::Variable(_)) => return Ok(None),
            (Term::Variable(name), _) => (name, right),
            (_, Term::Variable(name)) => (name, left),
            _ => return Ok(None),
        };
        let Some(placeholder) = self.placeholder(name) else { return Ok(None) };
        let (mut variables, mut asks_placeholder) = (Vec::new(), false);
        other.walk(&mut |node| match &node.term {
            Term::Field(path) => variables.push(path),
            Term::Variable(_) => asks_placeholder = true,
            _ => {}
        });
        let Some(first) = variables.first() else { return Ok(None) };
        if variables.iter().any(|path| path.quantifier.is_some()) {
            return Err(fault(other.line, format!("any and all cannot give ${name} a value")));
        }
        if variables.iter().any(|path| path.variable != first.variable) {
            return Err(fault(
                other.line,
                format!("${name} takes its value from the fields of one event variable"),
            ));
        }
        let giver = self.variable(&first.variable);
        let typed = self.value(other)?;
        if asks_placeholder {
            // Its value is known once that of the other is: asked, not given.
            let left = Ex::Placeholder(placeholder);
            return Ok(Some(Bx::Compare { sign: CompareSign::Equal, left, right: typed.ex, nocase }));
        }
        if let (Some(givers), Some(giver)) = (self.givers.get_mut(placeholder), giver) {
            givers.insert(giver);
        }
        let value = if nocase { Ex::Fold(Box::new(typed.ex)) } else { typed.ex };
        Ok(Some(Bx::Bind(placeholder, value)))
    }

    fn check_comparison(
        &mut self,
        node: &Node,
        sign: CompareSign,
        left: &Typed,
        right: &Typed,
        nocase: bool,
    ) -> Result<(), Fault> {
        let error = |message: String| Err(fault(node.line, message));
        if left.literal().is_some() && right.literal().is_some() {
            return error(format!("{node} compares two literals"));
        }
        for (this, other) in [(left, right), (right, left)] {
            if let Some(name) = this.enumeration {
                if nocase {
                    return error(format!("{node}: an enumeration has no case, leave nocase out"));
                }
                if !matches!(sign, CompareSign::Equal | CompareSign::NotEqual) {
                    return error(format!("{node}: an enumeration has no order"));
                }
                if let Some(Value::Text(value)) = other.literal()
                    && let Err(message) = check_enum(name, value)
                {
                    self.warnings.push(fault(node.line, format!("{message}; the test never holds")));
                }
            }
            let number = matches!(this.kind, Kind::Int | Kind::Float | Kind::Number);
            if let (true, Some(literal)) = (number, other.literal())
                && literal.to_number().is_none()
            {
                return error(format!("{node} compares a number with {}", other.kind.name()));
            }
            let ordered = !matches!(sign, CompareSign::Equal | CompareSign::NotEqual);
            if let (true, Some(literal @ (Value::Text(_) | Value::Bool(_)))) = (ordered, this.literal())
                && literal.to_number().is_none()
            {
                return error(format!("{node}: {} compares numbers", sign.text()));
            }
        }
        if !left.kind.takes(right.kind) && !right.kind.takes(left.kind) {
            return error(format!("{node} compares {} with {}", left.kind.name(), right.kind.name()));
        }
        if nocase
            && [left, right]
                .iter()
                .any(|side| matches!(side.literal(), Some(Value::Int(_) | Value::Float(_))))
        {
            return error(format!("{node}: numbers have no case, leave nocase out"));
        }
        Ok(())
    }

    fn regex_test(
        &mut self,
        node: &Node,
        sign: CompareSign,
        value: &Node,
        pattern: &str,
        nocase: bool,
    ) -> Result<Bx, Fault> {
        let typed = self.value(value)?;
        if typed.literal().is_some() {
            return Err(fault(node.line, format!("{node} compares two literals")));
        }
        if typed.enumeration.is_some() && nocase {
            return Err(fault(node.line, format!("{node}: an enumeration has no case, leave nocase out")));
        }
        let pattern = Value::from(pattern);
        let Some(function) = lookup("re.regex") else {
            return Err(fault(node.line, "there are no regular expressions"));
        };
        let call = function
            .prepare(&[None, Some(pattern.clone())], nocase)
            .map_err(|message| fault(node.line, message))?;
        let test = Bx::Truth(Ex::Call(call, vec![typed.ex, Ex::Literal(pattern)], nocase));
        match sign {
            CompareSign::Equal => Ok(test),
            CompareSign::NotEqual => Ok(Bx::Not(Box::new(test))),
            _ => Err(fault(node.line, format!("{node}: a regular expression is compared by = or !="))),
        }
    }

    fn membership(&mut self, item: &Node, list: &Node, kind: ListKind, nocase: bool) -> Result<Bx, Fault> {
        let Term::List { name, column } = &list.term else {
            return Err(fault(list.line, "expected a list like %names"));
        };
        let typed = self.value(item)?;
        if typed.literal().is_some() {
            return Err(fault(
                item.line,
                format!("{item} is a literal: ask a field whether it is in the list"),
            ));
        }
        let asked = Asked { name, column: column.as_deref(), kind, nocase };
        let members = match self.lists.list(asked) {
            Some(members) => members.map_err(|message| fault(list.line, message))?,
            None => {
                self.warnings.push(fault(list.line, format!("there is no list {list}: nothing is in it")));
                Arc::new(NoList)
            }
        };
        Ok(Bx::InList(members, typed.ex))
    }
}

/// `count > 0`
fn at_least_one(count: Ex) -> Bx {
    Bx::Compare { sign: CompareSign::Greater, left: count, right: Ex::Literal(Value::Int(0)), nocase: false }
}

pub(super) fn is_literal(node: &Node) -> bool {
    matches!(&node.term, Term::Text { .. } | Term::Integer(_) | Term::Float(_) | Term::Bool(_))
}
