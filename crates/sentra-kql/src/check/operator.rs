use std::collections::BTreeSet;

use super::Checker;
use super::names::{Unique, derived_name, place_of};
use crate::ast::{self, Direction, Expr, ExprKind, Membership, Name, Named, Operator, Pattern, Step};
use crate::error::{KqlError, Reason};
use crate::limits::COLUMNS_MAX;
use crate::plan::{self, Column, Node, Op, SortKey, Value};
use crate::span::Span;
use crate::value::Kind;

impl Checker<'_> {
    pub(super) fn step(&mut self, input: Node, step: &Step) -> Result<Node, KqlError> {
        let span = Span::from(step.at);
        self.scope = input.columns.clone();
        let node = match &step.operator {
            Operator::Where(condition) => self.filter(input, condition, span),
            Operator::Count => self.count_rows(input, span),
            Operator::Project(values) => self.project(input, values, span),
            Operator::ProjectAway(patterns) => self.choose(input, patterns, false, span),
            Operator::ProjectKeep(patterns) => self.choose(input, patterns, true, span),
            Operator::ProjectRename(pairs) => self.rename(input, pairs, span),
            Operator::ProjectReorder(patterns) => self.reorder(input, patterns, span),
            Operator::Extend(values) => self.extend(input, values, span),
            Operator::Summarize { aggregates, keys } => self.summarize(input, aggregates, keys, span),
            Operator::Sort(keys) => self.sort(input, keys, span),
            Operator::Top { rows, key } => {
                let rows = self.rows_number(rows)?;
                self.scope = input.columns.clone();
                let sorted = self.sort(input, std::slice::from_ref(key), span)?;
                self.take(sorted, rows, span)
            }
            Operator::Take(rows) => {
                let rows = self.rows_number(rows)?;
                self.take(input, rows, span)
            }
            Operator::Distinct(values) => self.distinct(input, values, span),
            Operator::Join(join) => self.join(input, join, false, span),
            Operator::Lookup(join) => self.join(input, join, true, span),
            Operator::Union(union) => self.union(Some(input), union, span),
            Operator::Parse(parse) => self.parse(input, parse, span),
            Operator::MvExpand(expand) => self.expand(input, expand, span),
            Operator::GetSchema => self.schema(&input, span),
            Operator::Sequence(sequence) => self.sequence(input, sequence, span),
            Operator::Render(_) => Ok(input),
        };
        self.scope = Vec::new();
        node
    }

    /// What stands in a table is looked up by a join, everything else is a condition.
    fn filter(&mut self, input: Node, condition: &Expr, span: Span) -> Result<Node, KqlError> {
        let parts = match &condition.kind {
            ExprKind::And(parts) => parts.as_slice(),
            _ => std::slice::from_ref(condition),
        };
        let mut node = input;
        let mut rest = Vec::new();
        for part in parts {
            let looked_up = match &part.kind {
                ExprKind::In { op, value, set } => self.table_of_set(set).map(|table| (*op, value, table)),
                _ => None,
            };
            match looked_up {
                Some((op @ (Membership::HasAny | Membership::HasAll), ..)) => {
                    let message = format!("{} with a table is not supported", op.as_str());
                    return Err(KqlError::new(Reason::Unsupported, part.at, message).hint("in (…)"));
                }
                Some((op, value, table)) => {
                    node = self.look_up(node, op, value, &table, part.at.into())?;
                    self.scope = node.columns.clone();
                }
                None => rest.push(self.condition(part)?),
            }
        }
        let condition = match (rest.len(), rest.pop()) {
            (_, None) => return Ok(node),
            (1, Some(only)) => only,
            (_, Some(last)) => {
                rest.push(last);
                self.call(Kind::Bool, crate::builtin::Builtin::And, rest, span)?
            }
        };
        let columns = node.columns.clone();
        self.node(Op::Filter { input: node.into(), condition }, columns, span)
    }

    fn count_rows(&mut self, input: Node, span: Span) -> Result<Node, KqlError> {
        let column = Column::new("Count", Kind::Long);
        let count = plan::Aggregate {
            function: crate::builtin::AggregateFunction::Count,
            arguments: Vec::new(),
            constants: Vec::new(),
            outputs: vec![column.clone()],
        };
        let op = Op::Aggregate { input: input.into(), keys: Vec::new(), aggregates: vec![count] };
        self.node(op, vec![column], span)
    }

    pub(super) fn projected(
        &mut self,
        input: Node,
        values: Vec<plan::Expr>,
        columns: Vec<Column>,
        span: Span,
    ) -> Result<Node, KqlError> {
        self.node(Op::Project { input: input.into(), values }, columns, span)
    }

    /// The columns at these places, called as they are.
    fn kept(&mut self, input: Node, places: &[usize], span: Span) -> Result<Node, KqlError> {
        let columns: Vec<Column> =
            places.iter().filter_map(|place| input.columns.get(*place)).cloned().collect();
        let values =
            places.iter().zip(&columns).map(|(place, column)| plan::Expr::column(*place, column.kind));
        let values = values.collect();
        self.projected(input, values, columns, span)
    }

    /// A column of the output for a value, which keeps the fields of the source if it is them.
    pub(super) fn column_of(&self, name: String, value: &plan::Expr) -> Column {
        let holds_fields = match value.node {
            plan::ExprNode::Column(place) => self.scope.get(place).is_some_and(|column| column.holds_fields),
            _ => false,
        };
        Column { name, kind: value.kind, holds_fields }
    }

    fn project(&mut self, input: Node, values: &[Named], span: Span) -> Result<Node, KqlError> {
        check_names(values, span)?;
        let given = values.iter().filter_map(|named| named.name.as_ref());
        let mut unique = Unique::new(given.map(|name| name.text.as_str()));
        let mut checked = Vec::with_capacity(values.len());
        let mut columns = Vec::with_capacity(values.len());
        for (place, named) in values.iter().enumerate() {
            let value = self.expr(&named.value)?;
            let name = match &named.name {
                Some(name) => name.text.clone(),
                None => unique.name(&named_or_numbered(&named.value, place)),
            };
            columns.push(self.column_of(name, &value));
            checked.push(value);
        }
        self.projected(input, checked, columns, span)
    }

    fn extend(&mut self, input: Node, values: &[Named], span: Span) -> Result<Node, KqlError> {
        check_names(values, span)?;
        let mut columns = input.columns.clone();
        let mut exprs: Vec<plan::Expr> = columns
            .iter()
            .enumerate()
            .map(|(place, column)| plan::Expr::column(place, column.kind))
            .collect();
        for (place, named) in values.iter().enumerate() {
            let value = self.expr(&named.value)?;
            let name = match &named.name {
                Some(name) => name.text.clone(),
                None => named_or_numbered(&named.value, place),
            };
            let column = self.column_of(name, &value);
            let known = place_of(&columns, &column.name).map(|(place, _)| place);
            match known.and_then(|place| columns.get_mut(place).zip(exprs.get_mut(place))) {
                Some((known, expr)) => (*known, *expr) = (column, value),
                None => {
                    columns.push(column);
                    exprs.push(value);
                }
            }
        }
        self.projected(input, exprs, columns, span)
    }

    /// Places of the columns that a pattern means; one that means none is a mistake unless it has a `*`.
    fn matching(&self, columns: &[Column], pattern: &Pattern) -> Result<Vec<usize>, KqlError> {
        if !pattern.wild {
            return self.column_place(columns, &pattern.name).map(|place| vec![place]);
        }
        let named = columns.iter().enumerate();
        Ok(named
            .filter(|(_, column)| fits(&pattern.name.text, &column.name))
            .map(|(place, _)| place)
            .collect())
    }

    fn choose(
        &mut self,
        input: Node,
        patterns: &[Pattern],
        keep: bool,
        span: Span,
    ) -> Result<Node, KqlError> {
        let mut chosen = BTreeSet::new();
        for pattern in patterns {
            chosen.extend(self.matching(&input.columns, pattern)?);
        }
        let places: Vec<usize> =
            (0..input.columns.len()).filter(|place| chosen.contains(place) == keep).collect();
        if places.is_empty() {
            return Err(KqlError::new(Reason::Value, span, "no column is left"));
        }
        self.kept(input, &places, span)
    }

    fn rename(&mut self, input: Node, pairs: &[(Name, Name)], span: Span) -> Result<Node, KqlError> {
        let mut columns = input.columns.clone();
        for (new, old) in pairs {
            let place = self.column_place(&input.columns, old)?;
            if let Some(column) = columns.get_mut(place) {
                column.name.clone_from(&new.text);
            }
        }
        for (new, _) in pairs {
            if columns.iter().filter(|column| column.name == new.text).count() > 1 {
                let message = format!("there is a column {:?} already", new.text);
                return Err(KqlError::new(Reason::Value, new.at, message));
            }
        }
        let all = input.columns.iter().enumerate();
        let values = all.map(|(place, column)| plan::Expr::column(place, column.kind)).collect();
        self.projected(input, values, columns, span)
    }

    fn reorder(
        &mut self,
        input: Node,
        patterns: &[(Pattern, Option<Direction>)],
        span: Span,
    ) -> Result<Node, KqlError> {
        let mut places = Vec::new();
        let mut seen = BTreeSet::new();
        for (pattern, direction) in patterns {
            let mut found = self.matching(&input.columns, pattern)?;
            let name = |place: &usize| input.columns.get(*place).map(|column| column.name.clone());
            match direction {
                Some(Direction::Ascending) => found.sort_by_key(name),
                Some(Direction::Descending) => found.sort_by_key(|place| std::cmp::Reverse(name(place))),
                None => {}
            }
            places.extend(found.into_iter().filter(|place| seen.insert(*place)));
        }
        let rest: Vec<usize> = (0..input.columns.len()).filter(|place| !seen.contains(place)).collect();
        places.extend(rest);
        self.kept(input, &places, span)
    }

    fn sort(&mut self, input: Node, keys: &[ast::SortKey], span: Span) -> Result<Node, KqlError> {
        let mut checked = Vec::with_capacity(keys.len());
        for key in keys {
            let value = self.expr(&key.value)?;
            self.comparable(&value, &key.value)?;
            let descending = key.direction != Some(Direction::Ascending);
            checked.push(SortKey { value, descending, nulls_first: key.nulls_first.unwrap_or(!descending) });
        }
        let columns = input.columns.clone();
        self.node(Op::Sort { input: input.into(), keys: checked }, columns, span)
    }

    /// JSON has no order and no equality by which rows are grouped.
    pub(super) fn comparable(&self, value: &plan::Expr, written: &Expr) -> Result<(), KqlError> {
        if value.kind != Kind::Dynamic {
            return Ok(());
        }
        let message = "JSON is neither sorted nor grouped by";
        Err(KqlError::new(Reason::Type, written.at, message).hint(format!("tostring({written})")))
    }

    fn take(&mut self, input: Node, rows: u64, span: Span) -> Result<Node, KqlError> {
        let columns = input.columns.clone();
        self.node(Op::Take { input: input.into(), rows }, columns, span)
    }

    fn distinct(&mut self, input: Node, values: &[Named], span: Span) -> Result<Node, KqlError> {
        let all: Vec<Named>;
        let values = if values.is_empty() {
            let column = |column: &Column| {
                Named::plain(Expr { kind: ExprKind::Name(column.name.clone()), at: ast_at(span) })
            };
            all = input.columns.iter().map(column).collect();
            all.as_slice()
        } else {
            values
        };
        self.summarize(input, &[], values, span)
    }

    /// The columns of the rows, as rows.
    fn schema(&mut self, input: &Node, span: Span) -> Result<Node, KqlError> {
        let type_name = |kind: Kind| match kind {
            Kind::Bool => "System.SByte",
            Kind::Long => "System.Int64",
            Kind::Real => "System.Double",
            Kind::String => "System.String",
            Kind::DateTime => "System.DateTime",
            Kind::TimeSpan => "System.TimeSpan",
            Kind::Dynamic => "System.Object",
        };
        let row = |(place, column): (usize, &Column)| {
            vec![
                Value::String(column.name.clone()),
                Value::Long(i64::try_from(place).unwrap_or(i64::MAX)),
                Value::String(type_name(column.kind).to_owned()),
                Value::String(column.kind.to_string()),
            ]
        };
        let rows = input.columns.iter().enumerate().map(row).collect();
        let columns = vec![
            Column::new("ColumnName", Kind::String),
            Column::new("ColumnOrdinal", Kind::Long),
            Column::new("DataType", Kind::String),
            Column::new("ColumnType", Kind::String),
        ];
        self.node(Op::Values { rows }, columns, span)
    }
}

fn ast_at(span: Span) -> crate::span::At {
    crate::span::At(span)
}

/// What a column is called that was given no name.
pub(super) fn named_or_numbered(value: &Expr, place: usize) -> String {
    derived_name(value).unwrap_or_else(|| format!("Column{}", place + 1))
}

/// No name is given twice, and there are not too many.
fn check_names(values: &[Named], span: Span) -> Result<(), KqlError> {
    check_width(values, span)?;
    let mut seen = BTreeSet::new();
    for name in values.iter().filter_map(|named| named.name.as_ref()) {
        if !seen.insert(name.text.as_str()) {
            let message = format!("the column {:?} is given twice", name.text);
            return Err(KqlError::new(Reason::Value, name.at, message));
        }
    }
    Ok(())
}

/// A step gives only so many columns.
pub(super) fn check_width(values: &[Named], span: Span) -> Result<(), KqlError> {
    if values.len() <= COLUMNS_MAX {
        return Ok(());
    }
    Err(KqlError::new(Reason::Limit, span, format!("a step gives more than {COLUMNS_MAX} columns")))
}

/// Whether a name fits a pattern in which `*` stands for any characters.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(found) => rest = rest.get(found + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}
