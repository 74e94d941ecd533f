//! Rows of several tables: join, lookup, union, and `in` with a table.

use super::Checker;
use super::names::{Unique, place_of};
use crate::ast::{Expr, Join, JoinKind, Membership, Name, Pipeline, SourceKind, Union};
use crate::builtin::Builtin;
use crate::error::{KqlError, Reason};
use crate::plan::{self, Column, Node, Op, Value};
use crate::span::Span;
use crate::value::Kind;

impl Checker<'_> {
    pub(super) fn join(
        &mut self,
        left: Node,
        join: &Join,
        is_lookup: bool,
        span: Span,
    ) -> Result<Node, KqlError> {
        let mut left = left;
        let mut right = self.pipeline(&join.right)?;
        let mut on = Vec::with_capacity(join.on.len());
        for key in &join.on {
            let (left_place, right_place);
            (left, left_place) = self.key_column(left, &key.left)?;
            (right, right_place) = self.key_column(right, &key.right)?;
            let kind = |node: &Node, place: usize| node.columns.get(place).map(|column| column.kind);
            let (one, two) = (kind(&left, left_place), kind(&right, right_place));
            if one != two {
                let text = |kind: Option<Kind>| kind.map_or("", Kind::as_str);
                let message = format!("a {} is not joined with a {}", text(one), text(two));
                return Err(KqlError::new(Reason::Type, key.left.at, message)
                    .hint("extend a column of the same kind"));
            }
            if one == Some(Kind::Dynamic) {
                let message = "JSON is not joined by";
                return Err(KqlError::new(Reason::Type, key.left.at, message).hint("extend k = tostring(…)"));
            }
            on.push((left_place, right_place));
        }
        let columns = match join.kind {
            JoinKind::LeftSemi | JoinKind::LeftAnti => left.columns.clone(),
            JoinKind::RightSemi | JoinKind::RightAnti => right.columns.clone(),
            _ => both(&left.columns, &right.columns),
        };
        let left_count = left.columns.len();
        let hidden: Vec<usize> = on.iter().map(|(_, right)| left_count + right).collect();
        let op = Op::Join { kind: join.kind, left: left.into(), right: right.into(), on };
        let node = self.node(op, columns, span)?;
        if !is_lookup {
            return Ok(node);
        }
        // A lookup adds what is looked up, not what it is looked up by.
        let places: Vec<usize> = (0..node.columns.len()).filter(|place| !hidden.contains(place)).collect();
        let columns: Vec<Column> =
            places.iter().filter_map(|place| node.columns.get(*place)).cloned().collect();
        let values =
            places.iter().zip(&columns).map(|(place, column)| plan::Expr::column(*place, column.kind));
        let values = values.collect();
        self.projected(node, values, columns, span)
    }

    /// The place of a column, which is made first if it is a field of the source.
    pub(super) fn key_column(&mut self, node: Node, name: &Name) -> Result<(Node, usize), KqlError> {
        if let Some((place, _)) = place_of(&node.columns, &name.text) {
            return Ok((node, place));
        }
        self.scope = node.columns.clone();
        let field = name.text.strip_prefix("fields.").unwrap_or(&name.text);
        let Some(value) = self.source_field(field) else {
            return Err(self.no_column(&name.text, name.at.into()));
        };
        self.with_column(node, field, value, name.at.into())
    }

    /// The same rows with one more column.
    pub(super) fn with_column(
        &mut self,
        node: Node,
        name: &str,
        value: plan::Expr,
        span: Span,
    ) -> Result<(Node, usize), KqlError> {
        let mut columns = node.columns.clone();
        let place = columns.len();
        let kept = columns.iter().enumerate();
        let mut values: Vec<plan::Expr> =
            kept.map(|(place, column)| plan::Expr::column(place, column.kind)).collect();
        let name = Unique::new(columns.iter().map(|column| column.name.as_str())).name(name);
        columns.push(Column::new(name, value.kind));
        values.push(value);
        Ok((self.projected(node, values, columns, span)?, place))
    }

    /// `A in (T)`: rows whose value is among those of the first column of T.
    pub(super) fn look_up(
        &mut self,
        input: Node,
        op: Membership,
        value: &Expr,
        table: &Pipeline,
        span: Span,
    ) -> Result<Node, KqlError> {
        let columns = input.columns.clone();
        let mut looked_for = self.expr(value)?;
        let right = self.pipeline(table)?;
        let Some(first) = right.columns.first() else {
            return Err(KqlError::new(Reason::Value, span, "the table has no column"));
        };
        if first.kind != looked_for.kind || first.kind == Kind::Dynamic {
            let message =
                format!("a {} is not looked for among values of the kind {}", looked_for.kind, first.kind);
            return Err(KqlError::new(Reason::Type, span, message));
        }
        let mut member = plan::Expr::column(0, first.kind);
        if matches!(op, Membership::InCaseless | Membership::NotInCaseless) {
            let text = self.text(looked_for, value)?;
            looked_for = self.call(Kind::String, Builtin::ToLower, vec![text], span)?;
            member = self.call(Kind::String, Builtin::ToLower, vec![member], span)?;
        }
        let key = vec![Column::new("$", member.kind)];
        let right = self.projected(right, vec![member], key, span)?;
        let (left, place) = self.with_column(input, "$", looked_for, span)?;
        let kind = match op {
            Membership::NotIn | Membership::NotInCaseless => JoinKind::LeftAnti,
            _ => JoinKind::LeftSemi,
        };
        let all = left.columns.clone();
        let join = Op::Join { kind, left: left.into(), right: right.into(), on: vec![(place, 0)] };
        let joined = self.node(join, all, span)?;
        let values = columns.iter().enumerate().map(|(place, column)| plan::Expr::column(place, column.kind));
        let values = values.collect();
        self.projected(joined, values, columns, span)
    }

    pub(super) fn union(&mut self, first: Option<Node>, union: &Union, span: Span) -> Result<Node, KqlError> {
        let mut inputs: Vec<(String, Node)> = Vec::new();
        if let Some(first) = first {
            inputs.push(("union_arg0".to_owned(), first));
        }
        for pipeline in &union.inputs {
            let name = match (&pipeline.source.kind, inputs.len()) {
                (SourceKind::Table(name), _) => name.clone(),
                (_, place) => format!("union_arg{place}"),
            };
            let node = self.pipeline(pipeline)?;
            inputs.push((name, node));
        }
        let columns = united(&inputs, union.inner);
        if columns.is_empty() {
            return Err(KqlError::new(Reason::Value, span, "the tables have no column in common"));
        }
        let source = union.source_column.as_ref().map(|name| Column::new(&name.text, Kind::String));
        let mut all: Vec<Column> = source.iter().cloned().collect();
        let taken = columns.iter().map(|(_, column)| column.clone());
        all.extend(taken.filter(|column| source.as_ref().is_none_or(|source| source.name != column.name)));
        let mut aligned = Vec::with_capacity(inputs.len());
        for (name, input) in inputs {
            let is_same = source.is_none() && input.columns == all;
            if is_same {
                aligned.push(input);
                continue;
            }
            let value = |column: &Column| {
                if source.as_ref().is_some_and(|source| source.name == column.name) {
                    return plan::Expr::literal(Kind::String, Value::String(name.clone()));
                }
                let wanted = columns
                    .iter()
                    .find(|(_, found)| found.name == column.name)
                    .map(|(name, _)| name.as_str());
                let place = wanted.and_then(|wanted| place_of(&input.columns, wanted));
                match place.filter(|(_, found)| found.kind == column.kind) {
                    Some((place, found)) => plan::Expr::column(place, found.kind),
                    None => plan::Expr::literal(column.kind, Value::null_of(column.kind)),
                }
            };
            let values: Vec<plan::Expr> = all.iter().map(value).collect();
            self.count(0, values.len(), span)?;
            aligned.push(self.projected(input, values, all.clone(), span)?);
        }
        self.node(Op::Union { inputs: aligned }, all, span)
    }
}

/// Columns of both sides; names of the right side that the left has, too, get a number.
fn both(left: &[Column], right: &[Column]) -> Vec<Column> {
    let mut unique = Unique::new([]);
    let renamed = |column: &Column| Column { name: unique.name(&column.name), ..column.clone() };
    left.iter().chain(right).map(renamed).collect()
}

/// Columns of a union, each with the name that it has in its inputs: one that has several kinds becomes
/// several, called by their kinds.
fn united(inputs: &[(String, Node)], inner: bool) -> Vec<(String, Column)> {
    let mut found: Vec<Column> = Vec::new();
    for column in inputs.iter().flat_map(|(_, node)| &node.columns) {
        match found.iter_mut().find(|known| known.name == column.name && known.kind == column.kind) {
            Some(known) => known.holds_fields &= column.holds_fields,
            None => found.push(column.clone()),
        }
    }
    let is_in = |node: &Node, wanted: &Column| {
        place_of(&node.columns, &wanted.name).is_some_and(|(_, column)| column.kind == wanted.kind)
    };
    if inner {
        found.retain(|wanted| inputs.iter().all(|(_, node)| is_in(node, wanted)));
    }
    let several = |name: &str| found.iter().filter(|column| column.name == name).count() > 1;
    let mut unique = Unique::new([]);
    let named = found.iter().map(|column| {
        let name = if several(&column.name) {
            format!("{}_{}", column.name, column.kind)
        } else {
            column.name.clone()
        };
        (column.name.clone(), Column { name: unique.name(&name), ..column.clone() })
    });
    named.collect()
}
