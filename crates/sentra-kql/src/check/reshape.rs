//! Texts to columns, lists to rows, events to sequences.

use super::Checker;
use super::names::{Unique, derived_name, place_of};
use super::operator::named_or_numbered;
use crate::ast::{Expr, ExprKind, Literal, MvExpand, Parse, ParseMode, ParsePart, Render, Sequence};
use crate::error::{KqlError, Reason};
use crate::plan::{self, Chart, Column, Node, Op, Value};
use crate::run;
use crate::span::Span;
use crate::value::Kind;

impl Checker<'_> {
    pub(super) fn parse(&mut self, input: Node, parse: &Parse, span: Span) -> Result<Node, KqlError> {
        let value = self.expr(&parse.value)?;
        let value = self.text(value, &parse.value)?;
        let mut regex = String::from("(?s)^");
        let (mut outputs, mut new) = (Vec::new(), Vec::new());
        for part in &parse.parts {
            match part {
                ParsePart::Any => regex.push_str(".*?"),
                ParsePart::Text(text) if parse.mode != ParseMode::Regex => {
                    regex.push_str(&regex::escape(text))
                }
                ParsePart::Text(text) => {
                    check_part(text, span)?;
                    regex.push_str(&format!("(?:{text})"));
                }
                ParsePart::Column(name, kind) => {
                    let inner = group(*kind);
                    let relaxed = if parse.mode == ParseMode::Relaxed { "|.*?" } else { "" };
                    regex.push_str(&format!("({inner}{relaxed})"));
                    outputs.push(*kind);
                    new.push(Column::new(&name.text, *kind));
                }
            }
        }
        regex.push('$');
        if let Err(error) = run::compiled(&regex) {
            let message = format!("the pattern is too large: {error}");
            return Err(KqlError::new(Reason::Limit, span, message));
        }
        let columns = appended(&input.columns, &new);
        let before = input.columns.clone();
        let (relaxed, only_matching) = (parse.mode == ParseMode::Relaxed, parse.only_matching);
        let op = Op::Parse { input: input.into(), value, regex, outputs, relaxed, only_matching };
        let node = self.node(op, columns, span)?;
        self.settled(node, &before, &new, span)
    }

    pub(super) fn expand(&mut self, input: Node, expand: &MvExpand, span: Span) -> Result<Node, KqlError> {
        let (mut lists, mut new) = (Vec::new(), Vec::new());
        for (place, item) in expand.items.iter().enumerate() {
            let written = &item.named.value;
            let value = self.expr(written)?;
            if value.kind != Kind::Dynamic {
                let message = format!("a list is expected, this is a {}", value.kind);
                let hint = if value.kind == Kind::String {
                    "parse_json(…), split(…)"
                } else {
                    "pack_array(…)"
                };
                return Err(KqlError::new(Reason::Type, written.at, message).hint(hint));
            }
            let kind = item.kind.unwrap_or(Kind::Dynamic);
            let name = match &item.named.name {
                Some(name) => name.text.clone(),
                None => named_or_numbered(written, place),
            };
            lists.push((value, kind));
            new.push(Column::new(name, kind));
        }
        if let Some(index) = &expand.index {
            new.push(Column::new(&index.text, Kind::Long));
        }
        let limit = expand.limit.as_ref().map(|limit| self.rows_number(limit)).transpose()?;
        let before = input.columns.clone();
        let columns = appended(&before, &new);
        let op = Op::Expand { input: input.into(), lists, with_index: expand.index.is_some(), limit };
        let node = self.node(op, columns, span)?;
        self.settled(node, &before, &new, span)
    }

    /// New columns take the place of those with the same name.
    fn settled(
        &mut self,
        node: Node,
        before: &[Column],
        new: &[Column],
        span: Span,
    ) -> Result<Node, KqlError> {
        let is_taken = |column: &Column| place_of(before, &column.name).is_some();
        let has_twins = new
            .iter()
            .enumerate()
            .any(|(place, column)| new.iter().take(place).any(|other| other.name == column.name));
        if !new.iter().any(is_taken) && !has_twins {
            return Ok(node);
        }
        let mut columns = before.to_vec();
        let kept = before.iter().enumerate();
        let mut values: Vec<plan::Expr> =
            kept.map(|(place, column)| plan::Expr::column(place, column.kind)).collect();
        for (offset, column) in new.iter().enumerate() {
            let value = plan::Expr::column(before.len() + offset, column.kind);
            let known = place_of(&columns, &column.name).map(|(place, _)| place);
            match known.and_then(|place| columns.get_mut(place).zip(values.get_mut(place))) {
                Some((known, old)) => (*known, *old) = (column.clone(), value),
                None => {
                    columns.push(column.clone());
                    values.push(value);
                }
            }
        }
        self.projected(node, values, columns, span)
    }

    pub(super) fn sequence(
        &mut self,
        input: Node,
        sequence: &Sequence,
        span: Span,
    ) -> Result<Node, KqlError> {
        let mut input = input;
        let mut keys = Vec::with_capacity(sequence.keys.len());
        for name in &sequence.keys {
            let place;
            (input, place) = self.key_column(input, name)?;
            if input.columns.get(place).is_some_and(|column| column.kind == Kind::Dynamic) {
                let message = "JSON is not what events have in common";
                return Err(KqlError::new(Reason::Type, name.at, message).hint("extend k = tostring(…)"));
            }
            keys.push(place);
        }
        self.scope = input.columns.clone();
        let time = place_of(&self.scope, "time").filter(|(_, column)| column.kind == Kind::DateTime);
        let Some((time, _)) = time else {
            let message = "a sequence needs the column time, a datetime";
            return Err(KqlError::new(Reason::Unknown, span, message).hint("project time, …"));
        };
        let id = place_of(&self.scope, "id").map_or(time, |(place, _)| place);
        let maxspan = sequence.maxspan.as_ref().map(|maxspan| self.span_constant(maxspan)).transpose()?;
        let steps = sequence.steps.iter().map(|step| self.condition(step)).collect::<Result<Vec<_>, _>>()?;
        let until = sequence.until.as_ref().map(|until| self.condition(until)).transpose()?;
        let mut unique = Unique::new([]);
        let key_columns = keys.iter().filter_map(|place| self.scope.get(*place));
        let mut columns: Vec<Column> =
            key_columns.map(|column| Column::new(unique.name(&column.name), column.kind)).collect();
        for (name, kind) in [("first", Kind::DateTime), ("last", Kind::DateTime), ("events", Kind::Dynamic)] {
            columns.push(Column::new(unique.name(name), kind));
        }
        let op = Op::Sequence { input: input.into(), keys, time, id, maxspan, steps, until };
        self.node(op, columns, span)
    }

    fn span_constant(&mut self, written: &Expr) -> Result<i64, KqlError> {
        let value = self.constant(written)?;
        match value.value() {
            Some(Value::TimeSpan(micros)) if *micros > 0 => Ok(*micros),
            _ => Err(KqlError::new(Reason::Value, written.at, "a timespan above 0 is expected").hint("1h")),
        }
    }

    /// What is said about a picture is handed on as text.
    pub(super) fn chart(render: &Render) -> Chart {
        let text = |value: &Expr| match &value.kind {
            ExprKind::Literal(Literal::String(text)) => text.clone(),
            _ => derived_name(value).unwrap_or_else(|| value.to_string()),
        };
        let property = |(name, values): &(crate::ast::Name, Vec<Expr>)| {
            (name.text.clone(), values.iter().map(text).collect())
        };
        Chart {
            kind: render.chart.text.clone(),
            properties: render.properties.iter().map(property).collect(),
        }
    }
}

/// What a column of a `parse` is filled with: numbers take all their digits, texts as little as possible.
fn group(kind: Kind) -> &'static str {
    match kind {
        Kind::Long => r"-?\d+",
        Kind::Real => r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?",
        Kind::Bool => "(?i:true|false)",
        _ => ".*?",
    }
}

/// Columns with new ones after them, none called as another.
fn appended(before: &[Column], new: &[Column]) -> Vec<Column> {
    let mut unique = Unique::new(before.iter().map(|column| column.name.as_str()));
    let renamed = new.iter().map(|column| Column { name: unique.name(&column.name), ..column.clone() });
    before.iter().cloned().chain(renamed).collect()
}

/// A text of a `parse kind=regex` has no groups: those are the columns'.
fn check_part(text: &str, span: Span) -> Result<(), KqlError> {
    match run::compiled(text) {
        Ok(regex) if regex.captures_len() == 1 => Ok(()),
        Ok(_) => {
            let message = "groups within the texts of a parse are not supported";
            Err(KqlError::new(Reason::Unsupported, span, message).hint("(?:…)"))
        }
        Err(_) => {
            let shown: String = text.chars().take(80).collect();
            Err(KqlError::new(Reason::Value, span, format!("{shown:?} is no regular expression")))
        }
    }
}
