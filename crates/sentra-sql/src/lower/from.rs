//! FROM: tables, subqueries, and how they are joined.

use std::collections::BTreeSet;

use sentra_kql::plan::Column;
use sentra_kql::{
    At, Expr, ExprKind, Join, JoinKey, JoinKind, Kind, KqlError, Name, Named, Operator, Pipeline, Reason,
    SourceKind, Span, Step, nearest,
};
use sqlparser::ast::{
    self as sql, BinaryOperator, Ident, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, TableAlias,
    TableFactor, TableWithJoins,
};

use super::scope::{Relation, Scope, named};
use super::{Lowering, source};
use crate::expression::{conjuncts, refused};
use crate::schema;

/// Schemas that every table is in.
const SCHEMAS: [&str; 3] = ["sentra", "public", "main"];

/// A join whose condition is translated.
pub(super) struct Joined {
    kind: JoinKind,
    on: Vec<(Name, Name)>,
    /// What is computed to be compared, on either side.
    left: Vec<Named>,
    right: Vec<Named>,
    /// Conditions on the right side alone, and on what is joined.
    right_where: Vec<Expr>,
    after: Vec<Expr>,
    span: Span,
}

impl Joined {
    fn new(kind: JoinKind, span: Span) -> Self {
        let (left, right, right_where, after) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { kind, on: Vec::new(), left, right, right_where, after, span }
    }
}

impl Lowering<'_> {
    /// Makes what FROM names the innermost scope.
    pub(super) fn from(&mut self, from: &[TableWithJoins]) -> Result<Vec<Joined>, KqlError> {
        let mut scope = Scope { place: "FROM", ..Scope::default() };
        let Some((first, others)) = from.split_first() else {
            self.scopes.push(scope);
            return Ok(Vec::new());
        };
        if let Some(other) = others.first() {
            self.relation(&other.relation)?;
            return Err(refused(self.here, "a comma between tables", "JOIN … ON a.x = b.x"));
        }
        scope.relations.push(self.relation(&first.relation)?);
        scope.joined = !first.joins.is_empty();
        let mut kinds = Vec::with_capacity(first.joins.len());
        for join in &first.joins {
            if join.global {
                return Err(refused(self.here, "GLOBAL JOIN", "JOIN"));
            }
            scope.relations.push(self.relation(&join.relation)?);
            kinds.push((self.join_kind(&join.join_operator)?, self.here));
        }
        self.scopes.push(scope);
        let mut joins = Vec::with_capacity(kinds.len());
        for (place, ((kind, constraint), span)) in kinds.into_iter().enumerate() {
            joins.push(self.join(place + 1, kind, constraint, span)?);
        }
        Ok(joins)
    }

    fn join_kind<'e>(&self, operator: &'e JoinOperator) -> Result<(JoinKind, &'e JoinConstraint), KqlError> {
        Ok(match operator {
            JoinOperator::Join(on) | JoinOperator::Inner(on) => (JoinKind::Inner, on),
            JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (JoinKind::LeftOuter, on),
            JoinOperator::Right(on) | JoinOperator::RightOuter(on) => (JoinKind::RightOuter, on),
            JoinOperator::FullOuter(on) => (JoinKind::FullOuter, on),
            JoinOperator::Semi(on) | JoinOperator::LeftSemi(on) => (JoinKind::LeftSemi, on),
            JoinOperator::Anti(on) | JoinOperator::LeftAnti(on) => (JoinKind::LeftAnti, on),
            other => {
                let what = match other {
                    JoinOperator::CrossJoin(_) => "CROSS JOIN",
                    JoinOperator::RightSemi(_) | JoinOperator::RightAnti(_) => {
                        "RIGHT SEMI and RIGHT ANTI JOIN"
                    }
                    JoinOperator::AsOf { .. } => "ASOF JOIN",
                    JoinOperator::CrossApply | JoinOperator::OuterApply => "APPLY",
                    _ => "this kind of join",
                };
                return Err(refused(self.here, what, "JOIN … ON a.x = b.x, LEFT JOIN, LEFT SEMI JOIN"));
            }
        })
    }

    /// A table or a subquery.
    fn relation(&mut self, factor: &TableFactor) -> Result<Relation, KqlError> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_hints,
            } => {
                let span = self.object_span(name);
                let has_more = version.is_some()
                    || *with_ordinality
                    || !with_hints.is_empty()
                    || !partitions.is_empty()
                    || json_path.is_some()
                    || !index_hints.is_empty();
                if args.is_some() {
                    return Err(refused(span, "a function as a table", "the name of a table"));
                }
                if sample.is_some() {
                    return Err(refused(span, "TABLESAMPLE", "LIMIT"));
                }
                if has_more {
                    return Err(refused(
                        span,
                        "what stands behind the table's name",
                        "the name alone, and WHERE",
                    ));
                }
                let (called, pipeline, columns) = self.table(name, span)?;
                self.aliased(called, pipeline, columns, alias.as_ref())
            }
            TableFactor::Derived { lateral, subquery, alias, sample } => {
                if *lateral {
                    return Err(refused(self.here, "LATERAL", "JOIN … ON …"));
                }
                if sample.is_some() {
                    return Err(refused(self.here, "TABLESAMPLE", "LIMIT"));
                }
                let pipeline = self.deeper(|inside| inside.query(subquery))?;
                let columns = self.columns_of(&pipeline)?;
                self.aliased(None, pipeline, columns, alias.as_ref())
            }
            other => {
                let what = match other {
                    TableFactor::UNNEST { .. } => "UNNEST",
                    TableFactor::NestedJoin { .. } => "brackets around a join",
                    TableFactor::Pivot { .. } => "PIVOT",
                    TableFactor::Unpivot { .. } => "UNPIVOT",
                    TableFactor::MatchRecognize { .. } => "MATCH_RECOGNIZE",
                    _ => "a function as a table",
                };
                let instead = match other {
                    TableFactor::UNNEST { .. } => "mv-expand in KQL",
                    TableFactor::MatchRecognize { .. } => "sequence by in KQL",
                    TableFactor::NestedJoin { .. } => "a JOIN b ON … JOIN c ON …, or (SELECT …) AS t",
                    _ => "the name of a table, or (SELECT …) AS t",
                };
                Err(refused(self.here, what, instead))
            }
        }
    }

    pub(crate) fn object_span(&mut self, name: &ObjectName) -> Span {
        let mut span: Option<Span> = None;
        for part in &name.0 {
            if let ObjectNamePart::Identifier(ident) = part {
                let here = self.span_of(ident);
                span = Some(span.map_or(here, |span| span.to(here)));
            }
        }
        self.here = span.unwrap_or(self.here);
        self.here
    }

    /// The rows of a table.
    pub(crate) fn table(
        &mut self,
        name: &ObjectName,
        span: Span,
    ) -> Result<(Option<String>, Pipeline, Vec<Column>), KqlError> {
        self.count_table(span)?;
        let parts: Vec<&Ident> = name.0.iter().filter_map(ObjectNamePart::as_ident).collect();
        let Some((last, before)) = parts.split_last().filter(|_| parts.len() == name.0.len()) else {
            return Err(KqlError::new(Reason::Syntax, span, "the name of a table is expected"));
        };
        let is_of_schema = |wanted: &str| {
            before.last().is_some_and(|schema| schema.value.eq_ignore_ascii_case(wanted)) && before.len() <= 2
        };
        if is_of_schema(schema::SCHEMA) {
            let pipeline = schema::table(self, &last.value, span)?;
            let columns = self.columns_of(&pipeline)?;
            return Ok((Some(last.value.clone()), pipeline, columns));
        }
        let is_known = before.is_empty() || SCHEMAS.iter().any(|schema| is_of_schema(schema));
        match self.table_named(last).filter(|_| is_known) {
            Some((given, columns)) => {
                Ok((Some(last.value.clone()), source(SourceKind::Table(given), span), columns))
            }
            None => {
                let shown: String = name.to_string().chars().take(80).collect();
                let near = nearest(&last.value, self.table_names());
                let hint =
                    near.map_or_else(|| "SELECT * FROM information_schema.tables".to_owned(), str::to_owned);
                let message = format!("there is no table {shown:?}");
                Err(KqlError::new(Reason::Unknown, span, message).hint(hint))
            }
        }
    }

    /// A relation under its alias, with the names of columns that the alias gives.
    fn aliased(
        &mut self,
        called: Option<String>,
        pipeline: Pipeline,
        columns: Vec<Column>,
        alias: Option<&TableAlias>,
    ) -> Result<Relation, KqlError> {
        let Some(TableAlias { explicit: _, name, columns: names, at }) = alias else {
            return Ok(Relation::new(called, columns, pipeline));
        };
        let span = self.span_of(name);
        if at.is_some() {
            return Err(refused(span, "AT", "the alias alone"));
        }
        let names: Vec<Ident> = names.iter().map(|column| column.name.clone()).collect();
        let (pipeline, columns) = self.renamed(pipeline, columns, &names)?;
        Ok(Relation::new(Some(name.value.clone()), columns, pipeline))
    }

    /// The same rows with other names of columns.
    pub(super) fn renamed(
        &mut self,
        pipeline: Pipeline,
        columns: Vec<Column>,
        names: &[Ident],
    ) -> Result<(Pipeline, Vec<Column>), KqlError> {
        let Some(first) = names.first() else { return Ok((pipeline, columns)) };
        let span = self.span_of(first);
        if names.len() > columns.len() {
            let message = format!("there are {} columns and {} names", columns.len(), names.len());
            return Err(KqlError::new(Reason::Value, span, message));
        }
        let mut seen = BTreeSet::new();
        let mut given = Vec::with_capacity(columns.len());
        let mut values = Vec::with_capacity(columns.len());
        for (place, column) in columns.into_iter().enumerate() {
            let name = names.get(place).map_or_else(|| column.name.clone(), |name| name.value.clone());
            if !seen.insert(name.clone()) {
                return Err(KqlError::new(Reason::Value, span, format!("the name {name:?} is given twice")));
            }
            values.push(named(&name, Expr::name(&column.name)));
            given.push(Column { name, ..column });
        }
        Ok((pipeline.then(Operator::Project(values)), given))
    }

    fn join(
        &mut self,
        place: usize,
        kind: JoinKind,
        constraint: &JoinConstraint,
        span: Span,
    ) -> Result<Joined, KqlError> {
        let mut joined = Joined::new(kind, span);
        match constraint {
            JoinConstraint::On(condition) => {
                for part in conjuncts(condition) {
                    self.join_condition(place, part, &mut joined)?;
                }
            }
            JoinConstraint::Using(names) => self.using(place, names, &mut joined)?,
            JoinConstraint::Natural => return Err(refused(span, "NATURAL JOIN", "USING (x)")),
            JoinConstraint::None => {
                return Err(refused(span, "a join without a condition", "JOIN … ON a.x = b.x"));
            }
        }
        if joined.on.is_empty() {
            return Err(refused(span, "a join without an equality of both sides", "ON a.x = b.x AND …"));
        }
        if matches!(kind, JoinKind::LeftSemi | JoinKind::LeftAnti)
            && let Some(relation) = self.scopes.last_mut().and_then(|scope| scope.relations.get_mut(place))
        {
            relation.hidden = true;
        }
        Ok(joined)
    }

    /// One of the conditions of ON: an equality of both sides, or a condition on rows.
    fn join_condition(
        &mut self,
        place: usize,
        part: &sql::Expr,
        joined: &mut Joined,
    ) -> Result<(), KqlError> {
        if let sql::Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = part {
            let (one, two) = (self.expr(left)?, self.expr(right)?);
            let (of_one, of_two) = (self.relations_of(&one), self.relations_of(&two));
            let is_right = |of: &BTreeSet<usize>| of.len() == 1 && of.contains(&place);
            let is_left = |of: &BTreeSet<usize>| !of.is_empty() && of.iter().all(|other| *other < place);
            if is_left(&of_one) && is_right(&of_two) {
                return self.equality(one, two, joined);
            }
            if is_right(&of_one) && is_left(&of_two) {
                return self.equality(two, one, joined);
            }
        }
        let condition = self.condition(part, false)?;
        let of = self.relations_of(&condition);
        if let Some(later) = of.iter().find(|of| **of > place) {
            let message = format!("table {} is joined later", later + 1);
            return Err(KqlError::new(Reason::Unknown, self.here, message));
        }
        let is_of_right = of.iter().all(|of| *of == place) && !of.is_empty();
        match joined.kind {
            JoinKind::Inner | JoinKind::LeftOuter | JoinKind::LeftSemi | JoinKind::LeftAnti
                if is_of_right =>
            {
                joined.right_where.push(condition);
            }
            JoinKind::Inner => joined.after.push(condition),
            _ => {
                let what = "an outer join on anything but equalities and conditions on its right side";
                return Err(refused(self.here, what, "WHERE behind the join, or in a subquery"));
            }
        }
        Ok(())
    }

    fn equality(&mut self, left: Expr, right: Expr, joined: &mut Joined) -> Result<(), KqlError> {
        let (left, right) = match (self.kind(&left), self.kind(&right)) {
            // What a field of the source says is text.
            (Some(Kind::String), Some(Kind::Long)) => (Expr::call("tolong", vec![left]), right),
            (Some(Kind::Long), Some(Kind::String)) => (left, Expr::call("tolong", vec![right])),
            _ => (left, right),
        };
        let left = self.key(left, &mut joined.left);
        let right = self.key(right, &mut joined.right);
        joined.on.push((left, right));
        Ok(())
    }

    /// The column that a side is joined by, which is made if there is none.
    fn key(&mut self, value: Expr, made: &mut Vec<Named>) -> Name {
        if let ExprKind::Name(name) = &value.kind {
            return Name { text: name.clone(), at: value.at };
        }
        let mut name = "key".to_owned();
        let mut number = 1;
        if let Some(scope) = self.scopes.last_mut() {
            while !scope.taken.insert(name.clone()) {
                name = format!("key{number}");
                number += 1;
            }
        }
        let at = value.at;
        made.push(Named::called(&name, value));
        Name { text: name, at }
    }

    fn using(&mut self, place: usize, names: &[ObjectName], joined: &mut Joined) -> Result<(), KqlError> {
        if !matches!(
            joined.kind,
            JoinKind::Inner | JoinKind::LeftOuter | JoinKind::LeftSemi | JoinKind::LeftAnti
        ) {
            return Err(refused(joined.span, "USING of a right or full join", "ON a.x = b.x"));
        }
        for object in names {
            let span = self.object_span(object);
            let name = object.0.last().and_then(ObjectNamePart::as_ident);
            let relations = self.scopes.last().map(|scope| scope.relations.as_slice()).unwrap_or_default();
            let column = |relation: &Relation| name.and_then(|name| relation.column(name)).cloned();
            let right = relations.get(place).and_then(column);
            let left =
                relations.iter().take(place).enumerate().find_map(|(place, one)| Some((place, column(one)?)));
            let (Some((left_place, left)), Some(right)) = (left, right) else {
                let message = format!("{object} is no column of both sides");
                return Err(KqlError::new(Reason::Unknown, span, message).hint("ON a.x = b.y"));
            };
            if let Some(scope) = self.scopes.last_mut() {
                scope.merged.insert(left.name.clone());
                scope.merged.insert(right.name.clone());
            }
            let left = self.use_column(left_place, left, span)?;
            let right = self.use_column(place, right, span)?;
            self.equality(left, right, joined)?;
        }
        Ok(())
    }

    /// The tables whose columns an expression has.
    fn relations_of(&self, expr: &Expr) -> BTreeSet<usize> {
        let relations = self.scopes.last().map(|scope| scope.relations.as_slice()).unwrap_or_default();
        let mut found = BTreeSet::new();
        let mut left = vec![expr];
        while let Some(expr) = left.pop() {
            if let ExprKind::Name(name) = &expr.kind {
                let has = |relation: &Relation| relation.used.iter().any(|used| used.column.name == *name);
                found.extend(relations.iter().position(has));
            }
            left.extend(super::children(expr));
        }
        found
    }

    /// The rows of FROM, once all that is used of them is known.
    pub(super) fn joined_rows(&mut self, joins: Vec<Joined>) -> Option<Pipeline> {
        let scope = self.scopes.last_mut()?;
        let is_joined = scope.joined;
        let mut relations = scope.relations.iter();
        let rows = |relation: &Relation| match is_joined && !relation.used.is_empty() {
            true => relation.pipeline.clone().then(Operator::Project(relation.projected())),
            false => relation.pipeline.clone(),
        };
        let mut pipeline = rows(relations.next()?);
        for (join, relation) in joins.into_iter().zip(relations) {
            let mut right = rows(relation);
            if !join.right_where.is_empty() {
                right = right.then(Operator::Where(Expr::all(join.right_where)));
            }
            if !join.right.is_empty() {
                right = right.then(Operator::Extend(join.right));
            }
            if !join.left.is_empty() {
                pipeline = pipeline.then(Operator::Extend(join.left));
            }
            let on = join.on.into_iter().map(|(left, right)| JoinKey { left, right }).collect();
            let operator = Operator::Join(Join { kind: join.kind, right, on });
            pipeline.steps.push(Step { operator, at: At(join.span) });
            if !join.after.is_empty() {
                pipeline = pipeline.then(Operator::Where(Expr::all(join.after)));
            }
        }
        Some(pipeline)
    }
}
