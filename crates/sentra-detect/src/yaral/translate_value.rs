//! From the syntax of a value to what computes it.

use super::ast::{FieldPath, Node, Term};
use super::compile::{Compiler, Place, Typed, fault};
use super::functions::metrics::{MetricArgument, check, is_metric};
use super::functions::{Function, lookup, names as function_names, refusal};
use super::term::{AGGREGATES, Aggregate, Ex};
use super::translate::is_literal;
use super::value::{Kind, Value};
use crate::problem::Fault;
use crate::text::hint;

impl Compiler<'_> {
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

    pub(super) fn call(
        &mut self,
        node: &Node,
        name: &str,
        arguments: &[Node],
        nocase: bool,
    ) -> Result<Typed, Fault> {
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
