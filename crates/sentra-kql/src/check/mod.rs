//! A tree to a plan: names are resolved, kinds are checked, constants are computed.

mod call;
mod compare;
mod expression;
mod names;
mod operator;
mod relate;
mod reshape;
mod source;
mod summarize;

#[cfg(test)]
mod tests;

use sentra_model::Timestamp;

use crate::ast::{LetValue, Operator, Pipeline, Query, SourceKind};
use crate::error::{KqlError, Reason};
use crate::limits::{COLUMNS_MAX, NESTING_MAX, PLAN_NODES_MAX, PLAN_TERMS_MAX};
use crate::plan::{Aggregate, Catalog, Chart, Column, Expr, Node, Note, Op, Plan, Value};
use crate::run::Regexes;
use crate::span::Span;

/// What a question is checked against.
#[derive(Debug, Clone, Copy)]
pub struct CheckOptions<'a> {
    /// The tables that may be asked.
    pub catalog: &'a Catalog,
    /// The moment of the question: what `now()` and `ago(…)` count from.
    pub now: Timestamp,
    /// Whether calls of constants stay calls wherever no constant is needed: to hold an engine's functions
    /// against this one's.
    pub keep_calls: bool,
}

/// Checks a question.
///
/// # Errors
/// What is wrong, where, and what was probably meant.
pub fn check(query: &Query, options: CheckOptions<'_>) -> Result<Plan, KqlError> {
    let mut checker = Checker::new(options);
    checker.lets(query)?;
    let root = checker.pipeline(&query.pipeline)?;
    Ok(Plan { root, render: checker.render, notes: checker.notes })
}

/// The columns that rows have after the first `steps` steps of the question's last pipeline, for completion.
pub(crate) fn columns_after(query: &Query, options: CheckOptions<'_>) -> Result<Vec<Column>, KqlError> {
    let mut checker = Checker::new(options);
    checker.lets(query)?;
    Ok(checker.pipeline(&query.pipeline)?.columns)
}

/// What a name of a `let` stands for.
enum Meaning {
    Value(Expr),
    Rows { node: Node, nodes: usize, terms: usize },
}

struct Checker<'a> {
    options: CheckOptions<'a>,
    lets: Vec<(String, Meaning)>,
    regexes: Regexes,
    nodes: usize,
    terms: usize,
    depth: usize,
    pipelines: usize,
    /// Constants that are being computed.
    constants: usize,
    regex_count: usize,
    /// The columns that expressions see, and the aggregates met in them where those may stand.
    scope: Vec<Column>,
    aggregates: Option<Gathered>,
    /// What the arguments of an aggregate see that stands within an expression.
    outer_scope: Vec<Column>,
    /// Columns that a `summarize` groups by.
    key_names: Vec<String>,
    render: Option<Chart>,
    notes: Vec<Note>,
}

/// Aggregates that a `summarize` needs.
struct Gathered {
    keys: usize,
    found: Vec<Aggregate>,
    outputs: usize,
}

impl<'a> Checker<'a> {
    fn new(options: CheckOptions<'a>) -> Self {
        Self {
            options,
            lets: Vec::new(),
            regexes: Regexes::default(),
            nodes: 0,
            terms: 0,
            depth: 0,
            pipelines: 0,
            constants: 0,
            regex_count: 0,
            scope: Vec::new(),
            aggregates: None,
            outer_scope: Vec::new(),
            key_names: Vec::new(),
            render: None,
            notes: Vec::new(),
        }
    }

    fn lets(&mut self, query: &Query) -> Result<(), KqlError> {
        for named in &query.lets {
            let name = &named.name.text;
            if self.lets.iter().any(|(known, _)| known == name) {
                let message = format!("{name} is named twice");
                return Err(KqlError::new(Reason::Value, named.name.at, message));
            }
            let meaning = match &named.value {
                LetValue::Scalar(value) => Meaning::Value(self.constant(value)?),
                LetValue::Tabular(pipeline) => match self.alias(pipeline) {
                    Some(value) => Meaning::Value(value),
                    None => {
                        let (nodes, terms) = (self.nodes, self.terms);
                        let node = self.pipeline(pipeline)?;
                        Meaning::Rows { node, nodes: self.nodes - nodes, terms: self.terms - terms }
                    }
                },
            };
            self.lets.push((name.clone(), meaning));
        }
        Ok(())
    }

    /// `let a = b;` where `b` is a value.
    fn alias(&self, pipeline: &Pipeline) -> Option<Expr> {
        match (&pipeline.source.kind, pipeline.steps.as_slice()) {
            (SourceKind::Table(name), []) => self.value_named(name).cloned(),
            _ => None,
        }
    }

    fn value_named(&self, name: &str) -> Option<&Expr> {
        self.lets.iter().find_map(|(known, meaning)| match meaning {
            Meaning::Value(value) if known == name => Some(value),
            _ => None,
        })
    }

    fn rows_named(&self, name: &str) -> bool {
        let is_rows = |meaning: &Meaning| matches!(meaning, Meaning::Rows { .. });
        self.lets.iter().any(|(known, meaning)| known == name && is_rows(meaning))
    }

    fn pipeline(&mut self, pipeline: &Pipeline) -> Result<Node, KqlError> {
        self.pipelines += 1;
        if self.pipelines > NESTING_MAX {
            return Err(self.too_deep(pipeline.source.at.into()));
        }
        let (scope, aggregates) = (std::mem::take(&mut self.scope), self.aggregates.take());
        let mut node = self.source(&pipeline.source)?;
        let last = pipeline.steps.len().saturating_sub(1);
        for (place, step) in pipeline.steps.iter().enumerate() {
            if let Operator::Render(render) = &step.operator {
                if place != last || self.pipelines > 1 {
                    let message = "render stands at the end of a question";
                    return Err(KqlError::new(Reason::Syntax, step.at, message));
                }
                self.render = Some(Self::chart(render));
                continue;
            }
            node = self.step(node, step)?;
        }
        self.pipelines -= 1;
        (self.scope, self.aggregates) = (scope, aggregates);
        Ok(node)
    }

    fn too_deep(&self, span: Span) -> KqlError {
        KqlError::new(Reason::Limit, span, format!("the question is nested deeper than {NESTING_MAX} levels"))
    }

    /// An operator of the plan.
    fn node(&mut self, op: Op, columns: Vec<Column>, span: impl Into<Span>) -> Result<Node, KqlError> {
        let span = span.into();
        if columns.len() > COLUMNS_MAX {
            let message = format!("a step gives more than {COLUMNS_MAX} columns");
            return Err(KqlError::new(Reason::Limit, span, message));
        }
        self.count(1, 0, span)?;
        Ok(Node { op, columns })
    }

    /// Counts what the plan consists of.
    fn count(&mut self, nodes: usize, terms: usize, span: Span) -> Result<(), KqlError> {
        self.nodes = self.nodes.saturating_add(nodes);
        self.terms = self.terms.saturating_add(terms);
        let (what, limit) = if self.nodes > PLAN_NODES_MAX {
            ("operators", PLAN_NODES_MAX)
        } else if self.terms > PLAN_TERMS_MAX {
            ("names, values and calls", PLAN_TERMS_MAX)
        } else {
            return Ok(());
        };
        let message = format!("with what let names written out, the question has more than {limit} {what}");
        Err(KqlError::new(Reason::Limit, span, message))
    }

    /// The value of an expression over no columns.
    fn constant(&mut self, expr: &crate::ast::Expr) -> Result<Expr, KqlError> {
        let scope = std::mem::take(&mut self.scope);
        self.constants += 1;
        let value = self.expr(expr);
        self.constants -= 1;
        self.scope = scope;
        let value = value?;
        if value.value().is_none() {
            return Err(KqlError::new(Reason::Value, expr.at, "a constant is expected"));
        }
        Ok(value)
    }

    /// A whole number that is not negative.
    fn rows_number(&mut self, expr: &crate::ast::Expr) -> Result<u64, KqlError> {
        let value = self.constant(expr)?;
        let number = match value.value() {
            Some(Value::Long(number)) => u64::try_from(*number).ok(),
            _ => None,
        };
        number.ok_or_else(|| {
            KqlError::new(Reason::Value, expr.at, "a whole number that is not negative is expected")
                .hint("10")
        })
    }
}
