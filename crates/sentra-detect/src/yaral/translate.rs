//! Expressions with their types.

use super::ast::{CompareSign, FieldPath, ListKind, Node, Quantifier, Term};
use super::compile::{Compiler, Place, Typed, fault};
use super::functions::metrics::{MetricArgument, check, is_metric};
use super::functions::{Function, lookup, names as function_names, refusal};
use super::listed::{Asked, NoList};
use super::schema::check_enum;
use super::term::{AGGREGATES, Aggregate, Bx, Ex};
use super::value::{Kind, Value};
use crate::problem::Fault;
use crate::text::hint;
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

    /// A value.
    pub(super) fn value(&mut self, node: &Node) -> Result<Typed, Fault> {
        let literal = |value: Value| {
            let kind = value.kind();
            Ok(Typed::new(Ex::Literal(value), kind))
        };
        match &node.term {
            Term::Text { text, .. } | Term::Regex(text) => literal(Value::from(text.as_str())),
            Term::Integer(number) => literal(Value::Int(*number)),
            Term::Float(number) => literal(Value::from(*number)),
            Term::Bool(truth) => literal(Value::Bool(*truth)),
            Term::Duration(seconds, _) => literal(Value::Int(*seconds)),
            Term::Field(path) => self.field_value(node, path),
            Term::Variable(name) => self.name_value(node, name),
            Term::Count(name) => self.count_value(node, name),
            Term::Word(word) => self.word_value(node, word),
            Term::Call { function, arguments } => self.call(node, function, arguments, false),
            Term::Negative(inner) => {
                let inner = self.number(inner)?;
                if let Some(Value::Int(number)) = inner.literal() {
                    return literal(Value::Int(number.saturating_neg()));
                }
                Ok(Typed::new(Ex::Negative(Box::new(inner.ex)), Kind::Number))
            }
            Term::Arithmetic(first, rest) => {
                let first = self.number(first)?;
                let mut parts = Vec::new();
                for (sign, node) in rest {
                    parts.push((*sign, self.number(node)?.ex));
                }
                Ok(Typed::new(Ex::Arithmetic(Box::new(first.ex), parts), Kind::Number))
            }
            Term::List { .. } => Err(fault(node.line, format!("{node} stands behind in"))),
            Term::Named(name, _) => {
                Err(fault(node.line, format!("the argument {name} has a name where none has")))
            }
            Term::Compare { .. }
            | Term::In { .. }
            | Term::NoCase(_)
            | Term::Not(_)
            | Term::And(_)
            | Term::Or(_) => Ok(Typed::new(Ex::Truth(Box::new(self.test(node, true)?)), Kind::Bool)),
        }
    }

    fn number(&mut self, node: &Node) -> Result<Typed, Fault> {
        let typed = self.value(node)?;
        let text_literal = typed.literal().is_some_and(|value| value.to_number().is_none());
        if text_literal || matches!(typed.kind, Kind::Bool | Kind::List | Kind::Bytes) {
            return Err(fault(node.line, format!("{node} is {} and no number", typed.kind.name())));
        }
        Ok(typed)
    }

    fn field_value(&mut self, node: &Node, path: &FieldPath) -> Result<Typed, Fault> {
        match self.place {
            Place::Condition => {
                Err(fault(node.line, format!("{node}: the condition asks counts and outcomes, not fields")))
            }
            Place::Outcome if self.rule.matching.is_some() => {
                let message = format!("{node}: with a match section an outcome gathers, as in max({node})");
                Err(fault(node.line, message))
            }
            _ => self.field(path, node.line, false),
        }
    }

    fn name_value(&mut self, node: &Node, name: &str) -> Result<Typed, Fault> {
        if self.place == Place::Events {
            let Some(placeholder) = self.placeholder(name) else {
                return Err(fault(node.line, format!("${name} is not known")));
            };
            return Ok(Typed::new(Ex::Placeholder(placeholder), Kind::Any));
        }
        if self.place != Place::Aggregate
            && let Some(outcome) = self.outcome(name)
        {
            let kind = self.outcomes.get(outcome).map_or(Kind::Any, |(_, kind)| *kind);
            return Ok(Typed::new(Ex::Outcome(outcome), kind));
        }
        let Some(placeholder) = self.placeholder(name) else {
            let hint = hint(name, self.names());
            return Err(fault(node.line, format!("${name} is not known{hint}")));
        };
        let matched = match &self.rule.matching {
            Some(matching) => matching.variables.iter().any(|(known, _)| known == name),
            None => true,
        };
        match self.place {
            Place::Condition => {
                Err(fault(node.line, format!("${name} is a placeholder: the condition asks #{name}")))
            }
            Place::Outcome if !matched => {
                let message = format!("${name} is no match variable: gather it, as in max(${name})");
                Err(fault(node.line, message))
            }
            _ => Ok(Typed::new(Ex::Placeholder(placeholder), Kind::Any)),
        }
    }

    fn count_value(&mut self, node: &Node, name: &str) -> Result<Typed, Fault> {
        if self.place != Place::Condition {
            return Err(fault(node.line, format!("#{name} stands in the condition")));
        }
        if let Some(variable) = self.variable(name) {
            return Ok(Typed::new(Ex::EventCount(variable), Kind::Int));
        }
        if let Some(placeholder) = self.placeholder(name) {
            return Ok(Typed::new(Ex::PlaceholderCount(placeholder), Kind::Int));
        }
        Err(fault(node.line, format!("#{name} counts nothing{}", hint(name, self.names()))))
    }

    fn word_value(&mut self, node: &Node, word: &str) -> Result<Typed, Fault> {
        let ex = match word.to_ascii_lowercase().as_str() {
            "window_start" => Ex::WindowStart,
            "window_end" => Ex::WindowEnd,
            _ => {
                let hint = hint(word, ["window_start", "window_end", "true", "false"]);
                return Err(fault(node.line, format!("{word:?} means nothing here{hint}")));
            }
        };
        if self.place == Place::Events || self.rule.matching.is_none() {
            return Err(fault(
                node.line,
                format!("{word} stands in outcome and condition of rules that match"),
            ));
        }
        Ok(Typed::new(ex, Kind::Int))
    }

    fn call(&mut self, node: &Node, name: &str, arguments: &[Node], nocase: bool) -> Result<Typed, Fault> {
        if name.eq_ignore_ascii_case("if") {
            return self.choice(node, arguments);
        }
        if let Some((_, aggregate)) = AGGREGATES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)) {
            if self.place != Place::Outcome {
                return Err(fault(
                    node.line,
                    format!("{name} gathers values of many events: it stands in the outcome"),
                ));
            }
            let [argument] = arguments else {
                return Err(fault(node.line, format!("{name} takes one argument, not {}", arguments.len())));
            };
            return self.gathered(*aggregate, argument);
        }
        if is_metric(name) {
            return Err(fault(node.line, metric_fault(name, arguments)));
        }
        let Some(function) = lookup(name) else {
            if let Some(reason) = refusal(name) {
                return Err(fault(node.line, format!("{name} is not here: {reason}")));
            }
            let known = function_names().chain(AGGREGATES.iter().map(|(name, _)| *name)).chain(["if"]);
            return Err(fault(node.line, format!("there is no function {name}{}", hint(name, known))));
        };
        self.function(node, function, arguments, nocase)
    }

    fn gathered(&mut self, aggregate: Aggregate, argument: &Node) -> Result<Typed, Fault> {
        self.place = Place::Aggregate;
        let inner = self.value(argument);
        self.place = Place::Outcome;
        let kind = match aggregate {
            Aggregate::Array | Aggregate::ArrayDistinct | Aggregate::All => Kind::List,
            Aggregate::Count | Aggregate::CountDistinct => Kind::Int,
            _ => Kind::Number,
        };
        Ok(Typed::new(Ex::Aggregate(aggregate, Box::new(inner?.ex)), kind))
    }

    fn function(
        &mut self,
        node: &Node,
        function: &'static Function,
        arguments: &[Node],
        nocase: bool,
    ) -> Result<Typed, Fault> {
        let gathers = function.aggregate;
        if gathers && self.place != Place::Outcome {
            let message =
                format!("{} gathers values of many events: it stands in the outcome", function.name);
            return Err(fault(node.line, message));
        }
        let mut values = Vec::new();
        for (index, argument) in arguments.iter().enumerate() {
            let wanted = function.param(index).map_or(Kind::Any, |param| param.kind);
            let of_arrays = wanted == Kind::Any && function.name.starts_with("arrays.");
            let whole = wanted == Kind::List || of_arrays && (index == 0 || function.variadic);
            let typed = match &argument.term {
                Term::Field(path) if whole && !gathers && path.quantifier.is_none() => {
                    self.field(path, argument.line, true)?
                }
                _ if gathers && !is_literal(argument) => self.gathered(Aggregate::All, argument)?,
                _ => self.value(argument)?,
            };
            if !wanted.takes(typed.kind) {
                let message = format!("{} takes {}, not {}", function.name, wanted.name(), typed.kind.name());
                return Err(fault(argument.line, format!("{message}: {argument}")));
            }
            values.push(typed.ex);
        }
        let literals: Vec<Option<Value>> = values
            .iter()
            .map(|value| match value {
                Ex::Literal(value) => Some(value.clone()),
                _ => None,
            })
            .collect();
        let call = function.prepare(&literals, nocase).map_err(|message| fault(node.line, message))?;
        Ok(Typed::new(Ex::Call(call, values, nocase), function.returns))
    }

    fn choice(&mut self, node: &Node, arguments: &[Node]) -> Result<Typed, Fault> {
        let (test, yes, no) = match arguments {
            [test, yes] => (test, yes, None),
            [test, yes, no] => (test, yes, Some(no)),
            _ => {
                return Err(fault(
                    node.line,
                    "if takes a condition, a value and, if you like, another value",
                ));
            }
        };
        let test = self.test(test, true)?;
        let yes = self.value(yes)?;
        let no = match no {
            Some(no) => self.value(no)?,
            None if matches!(yes.kind, Kind::Int | Kind::Float | Kind::Number) => {
                Typed::new(Ex::Literal(Value::Int(0)), yes.kind)
            }
            None => Typed::new(Ex::Literal(Value::Null), yes.kind),
        };
        if !yes.kind.takes(no.kind) && !no.kind.takes(yes.kind) {
            let message =
                format!("if gives {} or {}: both must be of one kind", yes.kind.name(), no.kind.name());
            return Err(fault(node.line, message));
        }
        Ok(Typed::new(Ex::If(Box::new(test), Box::new(yes.ex), Box::new(no.ex)), yes.kind))
    }
}

/// `count > 0`
fn at_least_one(count: Ex) -> Bx {
    Bx::Compare { sign: CompareSign::Greater, left: count, right: Ex::Literal(Value::Int(0)), nocase: false }
}

fn is_literal(node: &Node) -> bool {
    matches!(&node.term, Term::Text { .. } | Term::Integer(_) | Term::Float(_) | Term::Bool(_))
}

/// What is wrong with a call of a metric: there are no baselines to ask.
fn metric_fault(name: &str, arguments: &[Node]) -> String {
    let words: Vec<(&str, Option<String>)> = arguments
        .iter()
        .filter_map(|argument| match &argument.term {
            Term::Named(keyword, value) => match &value.term {
                Term::Word(_) | Term::Duration(..) => Some((keyword.as_str(), Some(value.to_string()))),
                _ => Some((keyword.as_str(), None)),
            },
            _ => None,
        })
        .collect();
    let arguments: Vec<MetricArgument<'_>> =
        words.iter().map(|(keyword, word)| MetricArgument { keyword, word: word.as_deref() }).collect();
    check(name, &arguments).to_string()
}
