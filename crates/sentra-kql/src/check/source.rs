use super::{Checker, Meaning};
use crate::ast::{Named, Source, SourceKind};
use crate::builtin::Builtin;
use crate::error::{KqlError, Reason};
use crate::hint::nearest;
use crate::limits::LIST_VALUES_MAX;
use crate::plan::{self, Column, Node, Op, Value};
use crate::span::Span;
use crate::value::Kind;

use super::names::{Unique, derived_name, place_of};

impl Checker<'_> {
    pub(super) fn source(&mut self, source: &Source) -> Result<Node, KqlError> {
        let span = Span::from(source.at);
        match &source.kind {
            SourceKind::Table(name) => self.table(name, span),
            SourceKind::Event(id) => self.event(id, span),
            SourceKind::Union(union) => self.union(None, union, span),
            SourceKind::Print(values) => self.print(values, span),
            SourceKind::Datatable { columns, values } => {
                let mut row = Vec::new();
                let mut rows = Vec::new();
                for (written, (_, kind)) in values.iter().zip(columns.iter().cycle()) {
                    let value = self.constant_of(written, *kind)?;
                    row.extend(value.value().cloned());
                    if row.len() == columns.len() {
                        rows.push(std::mem::take(&mut row));
                    }
                }
                self.count(0, values.len(), span)?;
                let mut unique = Unique::new([]);
                let column =
                    |(name, kind): &(crate::ast::Name, Kind)| Column::new(unique.name(&name.text), *kind);
                let columns = columns.iter().map(column).collect();
                self.node(Op::Values { rows }, columns, span)
            }
            SourceKind::Range { column, from, to, step } => {
                let (from, to, step) = (self.constant(from)?, self.constant(to)?, self.constant(step)?);
                let rows = range(&from, &to, &step, span)?;
                self.count(0, rows.len(), span)?;
                let columns = vec![Column::new(&column.text, from.kind)];
                self.node(Op::Values { rows }, columns, span)
            }
            SourceKind::Nested(pipeline) => self.pipeline(pipeline),
        }
    }

    fn table(&mut self, name: &str, span: Span) -> Result<Node, KqlError> {
        let found = self.lets.iter().find(|(known, _)| known == name).map(|(_, meaning)| meaning);
        match found {
            Some(Meaning::Rows { node, nodes, terms }) => {
                let (node, nodes, terms) = (node.clone(), *nodes, *terms);
                self.count(nodes, terms, span)?;
                return Ok(node);
            }
            Some(Meaning::Value(_)) => {
                return Err(KqlError::new(Reason::Type, span, format!("{name} names a value, not rows")));
            }
            None => {}
        }
        if let Some(table) = self.options.catalog.table(name) {
            return self.node(Op::Scan { table: name.to_owned() }, table.columns.clone(), span);
        }
        let tables = self.options.catalog.tables.iter().map(|table| table.name.as_str());
        let known = tables.chain(self.lets.iter().map(|(name, _)| name.as_str()));
        let shown: String = name.chars().take(80).collect();
        Err(KqlError::new(Reason::Unknown, span, format!("there is no table {shown:?}"))
            .maybe_hint(nearest(name, known)))
    }

    /// One event by its id.
    fn event(&mut self, id: &str, span: Span) -> Result<Node, KqlError> {
        let events = self.table("events", span)?;
        let Some((place, column)) = place_of(&events.columns, "id") else {
            return Err(KqlError::new(Reason::Unknown, span, "the events have no column \"id\""));
        };
        let arguments = vec![
            plan::Expr::column(place, column.kind),
            plan::Expr::literal(Kind::String, Value::String(id.to_owned())),
        ];
        let condition = plan::Expr::call(Kind::Bool, Builtin::Equal, arguments);
        let columns = events.columns.clone();
        self.node(Op::Filter { input: events.into(), condition }, columns, span)
    }

    /// A constant of a kind.
    fn constant_of(&mut self, written: &crate::ast::Expr, kind: Kind) -> Result<plan::Expr, KqlError> {
        let value = self.constant(written)?;
        let found = value.kind;
        self.constants += 1;
        let value = self.fitted(value, kind, written.at.into());
        self.constants -= 1;
        value?.ok_or_else(|| {
            let message = format!("a {kind} is expected, this is a {found}");
            KqlError::new(Reason::Type, written.at, message)
        })
    }

    fn print(&mut self, values: &[Named], span: Span) -> Result<Node, KqlError> {
        let mut unique = Unique::new([]);
        let mut columns = Vec::with_capacity(values.len());
        let mut row = Vec::with_capacity(values.len());
        for (place, named) in values.iter().enumerate() {
            let value = self.constant(&named.value)?;
            let name = match &named.name {
                Some(name) => name.text.clone(),
                None => derived_name(&named.value).unwrap_or_else(|| format!("print_{place}")),
            };
            columns.push(Column::new(unique.name(&name), value.kind));
            row.extend(value.value().cloned());
        }
        self.node(Op::Values { rows: vec![row] }, columns, span)
    }
}

/// The values from the first on that are not beyond the last.
fn range(
    from: &plan::Expr,
    to: &plan::Expr,
    step: &plan::Expr,
    span: Span,
) -> Result<Vec<Vec<Value>>, KqlError> {
    let wrong =
        |message: &str| KqlError::new(Reason::Type, span, message).hint("range n from 1 to 10 step 1");
    let number = |expr: &plan::Expr| match expr.value() {
        Some(Value::Long(number)) => Some(*number),
        Some(Value::DateTime(moment)) => Some(moment.micros()),
        Some(Value::TimeSpan(micros)) => Some(*micros),
        _ => None,
    };
    let fits = matches!(
        (from.kind, to.kind, step.kind),
        (Kind::Long, Kind::Long, Kind::Long)
            | (Kind::DateTime, Kind::DateTime, Kind::TimeSpan)
            | (Kind::TimeSpan, Kind::TimeSpan, Kind::TimeSpan)
    );
    let (true, Some(first), Some(last), Some(step)) = (fits, number(from), number(to), number(step)) else {
        return Err(wrong("a range is of whole numbers, moments or timespans"));
    };
    if step == 0 {
        return Err(wrong("the step of a range is not 0"));
    }
    let mut rows = Vec::new();
    let mut next = Some(first);
    while let Some(value) = next.filter(|value| if step > 0 { *value <= last } else { *value >= last }) {
        if rows.len() >= LIST_VALUES_MAX {
            let message = format!("a range has at most {LIST_VALUES_MAX} values");
            return Err(KqlError::new(Reason::Limit, span, message));
        }
        rows.push(vec![match from.kind {
            Kind::Long => Value::Long(value),
            Kind::DateTime => Value::of_micros(Some(value)),
            _ => Value::TimeSpan(value),
        }]);
        next = value.checked_add(step);
    }
    Ok(rows)
}
