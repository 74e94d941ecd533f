//! Short ways to build a question.

use sentra_model::Timestamp;

use super::{
    Comparison, Expr, ExprKind, Literal, Name, Named, Operator, Pipeline, Query, Source, SourceKind, Step,
};
use crate::span::At;

impl Name {
    /// A name that was not read from a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), at: At::default() }
    }
}

impl Named {
    /// An expression without a name.
    #[must_use]
    pub fn plain(value: Expr) -> Self {
        Self { name: None, value }
    }

    /// An expression with a name.
    pub fn called(name: impl Into<String>, value: Expr) -> Self {
        Self { name: Some(Name::new(name)), value }
    }
}

impl From<ExprKind> for Expr {
    fn from(kind: ExprKind) -> Self {
        Self { kind, at: At::default() }
    }
}

impl From<Operator> for Step {
    fn from(operator: Operator) -> Self {
        Self { operator, at: At::default() }
    }
}

impl Pipeline {
    /// All rows of a table.
    pub fn table(name: impl Into<String>) -> Self {
        Self { source: Source { kind: SourceKind::Table(name.into()), at: At::default() }, steps: Vec::new() }
    }

    /// The same with one more step.
    #[must_use]
    pub fn then(mut self, operator: Operator) -> Self {
        self.steps.push(operator.into());
        self
    }
}

impl From<Pipeline> for Query {
    fn from(pipeline: Pipeline) -> Self {
        Self { lets: Vec::new(), pipeline }
    }
}

/// Short ways to build expressions.
impl Expr {
    /// A column, a source field, or what a `let` names.
    pub fn name(text: impl Into<String>) -> Self {
        ExprKind::Name(text.into()).into()
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        ExprKind::Literal(Literal::String(text.into())).into()
    }

    /// A whole number.
    #[must_use]
    pub fn long(number: i64) -> Self {
        ExprKind::Literal(Literal::Long(number)).into()
    }

    /// A span of time in microseconds.
    #[must_use]
    pub fn span(micros: i64) -> Self {
        ExprKind::Literal(Literal::TimeSpan(micros)).into()
    }

    /// A moment.
    #[must_use]
    pub fn moment(moment: Timestamp) -> Self {
        ExprKind::Literal(Literal::DateTime(moment)).into()
    }

    /// A call of `function`.
    pub fn call(function: impl Into<String>, arguments: Vec<Self>) -> Self {
        ExprKind::Call { function: Name::new(function), arguments }.into()
    }

    /// This compared with `right`.
    #[must_use]
    pub fn compare(self, op: Comparison, right: Self) -> Self {
        ExprKind::Compare { op, left: self.into(), right: right.into() }.into()
    }

    /// Not this.
    #[must_use]
    pub fn negated(self) -> Self {
        ExprKind::Not(self.into()).into()
    }

    /// All of `parts`; `true` when there is none.
    #[must_use]
    pub fn all(parts: Vec<Self>) -> Self {
        Self::joined(parts, ExprKind::And, true)
    }

    /// Any of `parts`; `false` when there is none.
    #[must_use]
    pub fn any(parts: Vec<Self>) -> Self {
        Self::joined(parts, ExprKind::Or, false)
    }

    fn joined(mut parts: Vec<Self>, join: fn(Vec<Self>) -> ExprKind, empty: bool) -> Self {
        match (parts.len(), parts.pop()) {
            (1, Some(only)) => only,
            (_, Some(last)) => {
                parts.push(last);
                join(parts).into()
            }
            (_, None) => ExprKind::Literal(Literal::Bool(empty)).into(),
        }
    }
}
