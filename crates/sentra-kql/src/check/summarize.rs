//! `summarize` and its aggregates.

use super::names::{Unique, derived_name};
use super::operator::{check_width, named_or_numbered};
use super::{Checker, Gathered};
use crate::ast::{Expr, ExprKind, Named};
use crate::builtin::AggregateFunction;
use crate::error::{KqlError, Reason};
use crate::plan::{self, Aggregate, Column, Node, Op, Value};
use crate::span::Span;
use crate::value::Kind;

/// What a `summarize` gives: the value over the outputs of the aggregates, and its name.
struct Outcome {
    name: String,
    value: plan::Expr,
}

impl Checker<'_> {
    pub(super) fn summarize(
        &mut self,
        input: Node,
        aggregates: &[Named],
        keys: &[Named],
        span: Span,
    ) -> Result<Node, KqlError> {
        check_width(keys, span)?;
        check_width(aggregates, span)?;
        let mut unique = Unique::new([]);
        let mut columns = Vec::new();
        let mut checked = Vec::with_capacity(keys.len());
        for (place, key) in keys.iter().enumerate() {
            let value = self.expr(&key.value)?;
            self.comparable(&value, &key.value)?;
            let name = match &key.name {
                Some(name) => name.text.clone(),
                None => named_or_numbered(&key.value, place),
            };
            columns.push(Column::new(unique.name(&name), value.kind));
            checked.push(value);
        }
        self.key_names = columns.iter().map(|column| column.name.clone()).collect();
        let gathered = Gathered { keys: checked.len(), found: Vec::new(), outputs: 0 };
        let outside = self.aggregates.replace(gathered);
        let mut results = Vec::new();
        for (place, named) in aggregates.iter().enumerate() {
            self.result(named, place, &mut results)?;
        }
        let gathered = std::mem::replace(&mut self.aggregates, outside);
        let mut found = gathered.map(|gathered| gathered.found).unwrap_or_default();
        let key_count = checked.len();
        let outputs: usize = found.iter().map(|aggregate| aggregate.outputs.len()).sum();
        for result in &mut results {
            result.name = unique.name(&result.name);
        }
        let is_plain = results.len() == outputs
            && results.iter().enumerate().all(|(place, result)| {
                matches!(result.value.node, plan::ExprNode::Column(column) if column == key_count + place)
            });
        let mut hidden = Unique::new(columns.iter().map(|column| column.name.as_str()));
        let mut names = results.iter().map(|result| result.name.clone());
        for output in found.iter_mut().flat_map(|aggregate| &mut aggregate.outputs) {
            output.name = if is_plain { names.next().unwrap_or_default() } else { hidden.name("$") };
        }
        let mut all = columns.clone();
        all.extend(found.iter().flat_map(|aggregate| aggregate.outputs.iter().cloned()));
        let op = Op::Aggregate { input: input.into(), keys: checked, aggregates: found };
        let node = self.node(op, all, span)?;
        if is_plain {
            return Ok(node);
        }
        let mut values: Vec<plan::Expr> = columns
            .iter()
            .enumerate()
            .map(|(place, column)| plan::Expr::column(place, column.kind))
            .collect();
        for result in results {
            columns.push(Column::new(result.name, result.value.kind));
            values.push(result.value);
        }
        self.projected(node, values, columns, span)
    }

    /// One expression of a `summarize`, which may give several columns.
    fn result(&mut self, named: &Named, place: usize, results: &mut Vec<Outcome>) -> Result<(), KqlError> {
        if let ExprKind::Call { function, arguments } = &named.value.kind
            && let Some(aggregate) = AggregateFunction::named(&function.text)
        {
            let first = self.gather(aggregate, arguments, named.value.at.into())?;
            let given = named.name.as_ref().map(|name| name.text.as_str());
            let Some(gathered) = &self.aggregates else { return Ok(()) };
            let Some(aggregate) = gathered.found.last() else { return Ok(()) };
            let is_several = aggregate.function == AggregateFunction::Percentiles;
            for (offset, output) in aggregate.outputs.iter().enumerate() {
                let name = match given {
                    Some(given) if is_several => {
                        let percent = output.name.rsplit('_').next().unwrap_or_default();
                        format!("{given}_{percent}")
                    }
                    Some(given) if offset == 0 => given.to_owned(),
                    _ => output.name.clone(),
                };
                results.push(Outcome { name, value: plan::Expr::column(first + offset, output.kind) });
            }
            return Ok(());
        }
        // Outside an aggregate there are no columns.
        let scope = std::mem::take(&mut self.scope);
        self.outer_scope = scope;
        let value = self.expr(&named.value);
        self.scope = std::mem::take(&mut self.outer_scope);
        let value = value?;
        let name = match &named.name {
            Some(name) => name.text.clone(),
            None => named_or_numbered(&named.value, place),
        };
        results.push(Outcome { name, value });
        Ok(())
    }

    /// An aggregate within an expression: one that gives one value.
    pub(super) fn one_aggregate(
        &mut self,
        function: AggregateFunction,
        arguments: &[Expr],
        span: Span,
    ) -> Result<plan::Expr, KqlError> {
        use AggregateFunction::{Any, ArgMax, ArgMin, Percentiles, TakeAny};
        let is_one = matches!(function, TakeAny | Any)
            && matches!(arguments, [only] if !matches!(only.kind, ExprKind::Star));
        if matches!(function, ArgMax | ArgMin | Percentiles | TakeAny | Any) && !is_one {
            let message = format!("{} gives several columns: it stands by itself", function.name());
            return Err(KqlError::new(Reason::Type, span, message).hint("percentile(…), max(…)"));
        }
        // Its arguments see the columns that what is around it does not.
        std::mem::swap(&mut self.scope, &mut self.outer_scope);
        let gathered = self.gather(function, arguments, span);
        std::mem::swap(&mut self.scope, &mut self.outer_scope);
        let place = gathered?;
        let kind =
            self.aggregates.as_ref().and_then(|gathered| gathered.found.last()?.outputs.first().cloned());
        Ok(plan::Expr::column(place, kind.map_or(Kind::Dynamic, |column| column.kind)))
    }

    /// Remembers an aggregate and gives the place of its first output.
    fn gather(
        &mut self,
        function: AggregateFunction,
        arguments: &[Expr],
        span: Span,
    ) -> Result<usize, KqlError> {
        let gathered = self.aggregates.take();
        let aggregate = self.aggregate(function, arguments, span);
        self.aggregates = gathered;
        let aggregate = aggregate?;
        let Some(gathered) = &mut self.aggregates else {
            return Err(KqlError::new(Reason::Type, span, "an aggregate stands in summarize"));
        };
        let place = gathered.keys + gathered.outputs;
        gathered.outputs += aggregate.outputs.len();
        gathered.found.push(aggregate);
        Ok(place)
    }

    fn aggregate(
        &mut self,
        function: AggregateFunction,
        arguments: &[Expr],
        span: Span,
    ) -> Result<Aggregate, KqlError> {
        use AggregateFunction::*;
        match function {
            ArgMax | ArgMin | TakeAny | Any => return self.of_row(function, arguments, span),
            Percentile | Percentiles => return self.percentiles(function, arguments, span),
            _ => {}
        }
        let has_condition =
            matches!(function, CountIf | DcountIf | SumIf | AvgIf | MinIf | MaxIf | MakeSetIf | MakeListIf);
        let has_value = !matches!(function, Count | CountIf);
        let takes_constant =
            matches!(function, Dcount | DcountIf | MakeSet | MakeSetIf | MakeList | MakeListIf);
        let needed = usize::from(has_value) + usize::from(has_condition);
        // count(*) is what SQL writes.
        let arguments = if function == Count { &[] } else { arguments };
        if arguments.len() < needed || arguments.len() > needed + usize::from(takes_constant) {
            let message = format!("{} is called with {} arguments", function.name(), arguments.len());
            return Err(KqlError::new(Reason::Syntax, span, message).hint(function.written()));
        }
        let (mut checked, mut constants, mut name) = (Vec::new(), Vec::new(), None);
        if let Some(written) = arguments.first().filter(|_| has_value) {
            checked.push(self.aggregated_value(function, written)?);
            name = derived_name(written);
        }
        if let Some(written) = arguments.get(usize::from(has_value)).filter(|_| has_condition) {
            checked.push(self.condition(written)?);
        }
        if let Some(written) = arguments.get(needed) {
            let limit = self.rows_number(written)?;
            // The accuracy of a dcount that is exact changes nothing.
            if !matches!(function, Dcount | DcountIf) {
                constants.push(limit as f64);
            }
        }
        let kind = match function {
            Count | CountIf | Dcount | DcountIf => Kind::Long,
            MakeSet | MakeSetIf | MakeList | MakeListIf => Kind::Dynamic,
            Stdev | Variance => Kind::Real,
            Avg | AvgIf => match checked.first().map(|value| value.kind) {
                Some(kind @ (Kind::TimeSpan | Kind::DateTime)) => kind,
                _ => Kind::Real,
            },
            _ => checked.first().map_or(Kind::Long, |value| value.kind),
        };
        let name = format!("{}_{}", function.prefix(), name.unwrap_or_default());
        Ok(Aggregate { function, arguments: checked, constants, outputs: vec![Column::new(name, kind)] })
    }

    fn aggregated_value(
        &mut self,
        function: AggregateFunction,
        written: &Expr,
    ) -> Result<plan::Expr, KqlError> {
        use AggregateFunction::*;
        use Kind::{DateTime, Dynamic, Long, Real, TimeSpan};
        if matches!(written.kind, ExprKind::Star) {
            let message = format!("{}(*) is not supported", function.name());
            return Err(KqlError::new(Reason::Unsupported, written.at, message).hint("arg_max(time, *)"));
        }
        let value = self.expr(written)?;
        let fits = match function {
            Sum | SumIf => matches!(value.kind, Long | Real | TimeSpan),
            Avg | AvgIf => matches!(value.kind, Long | Real | TimeSpan | DateTime),
            Stdev | Variance => matches!(value.kind, Long | Real),
            Percentile | Percentiles => matches!(value.kind, Long | Real | TimeSpan | DateTime),
            Min | MinIf | Max | MaxIf | ArgMax | ArgMin => value.kind != Dynamic,
            _ => true,
        };
        if fits {
            return Ok(value);
        }
        let message = format!("{} takes no {}", function.name(), value.kind);
        let error = KqlError::new(Reason::Type, written.at, message);
        Err(match value.kind {
            Kind::String | Dynamic => error.hint(format!("{}(tolong({written}))", function.name())),
            _ => error,
        })
    }

    fn percentiles(
        &mut self,
        function: AggregateFunction,
        arguments: &[Expr],
        span: Span,
    ) -> Result<Aggregate, KqlError> {
        let is_one = function == AggregateFunction::Percentile;
        let Some((written, percents)) = arguments
            .split_first()
            .filter(|(_, percents)| if is_one { percents.len() == 1 } else { !percents.is_empty() })
        else {
            let message = format!("{} is called with {} arguments", function.name(), arguments.len());
            return Err(KqlError::new(Reason::Syntax, span, message).hint(function.written()));
        };
        let value = self.aggregated_value(function, written)?;
        let name = derived_name(written).unwrap_or_default();
        let (mut constants, mut outputs) = (Vec::new(), Vec::new());
        for percent in percents {
            let constant = self.constant(percent)?;
            let number = constant.value().filter(|_| constant.kind.is_number()).and_then(Value::real);
            let Some(number) = number.filter(|number| (0.0..=100.0).contains(number)) else {
                let message = "a percentile is a number from 0 to 100";
                return Err(KqlError::new(Reason::Value, percent.at, message).hint("95"));
            };
            constants.push(number);
            outputs.push(Column::new(format!("percentile_{name}_{number}"), value.kind));
        }
        Ok(Aggregate { function, arguments: vec![value], constants, outputs })
    }

    /// `arg_max(by, column, …)`, `arg_max(by, *)`, `take_any(column, …)`, `take_any(*)`
    fn of_row(
        &mut self,
        function: AggregateFunction,
        arguments: &[Expr],
        span: Span,
    ) -> Result<Aggregate, KqlError> {
        if arguments.is_empty() {
            let message = format!("{} is called without arguments", function.name());
            return Err(KqlError::new(Reason::Syntax, span, message).hint(function.written()));
        }
        let is_extreme = matches!(function, AggregateFunction::ArgMax | AggregateFunction::ArgMin);
        let prefix = if function == AggregateFunction::Any { "any_" } else { "" };
        let (mut outputs, mut checked): (Vec<Column>, Vec<plan::Expr>) = (Vec::new(), Vec::new());
        for (place, written) in arguments.iter().enumerate() {
            if matches!(written.kind, ExprKind::Star) && (place > 0 || !is_extreme) {
                self.count(0, self.scope.len(), span)?;
                let by = outputs.first().filter(|_| is_extreme).map(|column| column.name.clone());
                for (place, column) in self.scope.clone().into_iter().enumerate() {
                    if by.as_ref() != Some(&column.name) && !self.key_names.contains(&column.name) {
                        checked.push(plan::Expr::column(place, column.kind));
                        outputs.push(Column { name: format!("{prefix}{}", column.name), ..column });
                    }
                }
                continue;
            }
            let value =
                if place == 0 { self.aggregated_value(function, written)? } else { self.expr(written)? };
            let name = match derived_name(written) {
                Some(name) => format!("{prefix}{name}"),
                None => format!("{}_", function.name()),
            };
            outputs.push(self.column_of(name, &value));
            checked.push(value);
        }
        self.count(0, checked.len(), span)?;
        Ok(Aggregate { function, arguments: checked, constants: Vec::new(), outputs })
    }
}
