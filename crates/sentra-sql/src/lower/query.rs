//! A query: WITH, what is united, ORDER BY and LIMIT of the whole.

use sentra_kql::plan::Column;
use sentra_kql::{Expr, ExprKind, Kind, KqlError, Literal, Named, Operator, Pipeline, Reason, Span, Union};
use sqlparser::ast::{
    Fetch, LimitClause, OrderBy, OrderByExpr, OrderByKind, Query, SetExpr, SetOperator, SetQuantifier, With,
};

use super::Lowering;
use super::scope::{Relation, Scope, named};
use crate::expression::refused;

/// One more part of a union: whether equal rows are given once, and the part.
type Part<'e> = (bool, &'e SetExpr);

impl Lowering<'_> {
    /// A query, with what it names by WITH.
    pub(crate) fn query(&mut self, query: &Query) -> Result<Pipeline, KqlError> {
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        let refusals = [
            (!locks.is_empty(), "FOR UPDATE", "the SELECT alone"),
            (for_clause.is_some(), "FOR XML, FOR JSON", "the format that is asked for beside the statement"),
            (settings.is_some(), "SETTINGS", "the options that are asked for beside the statement"),
            (format_clause.is_some(), "FORMAT", "the format that is asked for beside the statement"),
            (!pipe_operators.is_empty(), "|>", "KQL: T | where …"),
        ];
        if let Some((_, what, instead)) = refusals.into_iter().find(|(is_there, ..)| *is_there) {
            return Err(refused(self.here, what, instead));
        }
        let visible = self.withs.len();
        if let Some(with) = with {
            self.with(with)?;
        }
        let keys = self.order_keys(order_by.as_ref())?;
        let mut pipeline = match body.as_ref() {
            SetExpr::Select(select) => self.deeper(|inside| inside.select(select, keys))?,
            body => {
                let pipeline = self.deeper(|inside| inside.united(body))?;
                self.sorted(pipeline, keys)?
            }
        };
        if let Some(rows) = self.limit(limit_clause.as_ref(), fetch.as_ref())? {
            pipeline = pipeline.then(Operator::Take(rows));
        }
        self.withs.truncate(visible);
        Ok(pipeline)
    }

    fn with(&mut self, with: &With) -> Result<(), KqlError> {
        let With { with_token, recursive, cte_tables } = with;
        self.here = self.text.span(with_token.0.span).unwrap_or(self.here);
        if *recursive {
            return Err(refused(self.here, "WITH RECURSIVE", "sequence by in KQL, or joins"));
        }
        for cte in cte_tables {
            let span = self.span_of(&cte.alias.name);
            if cte.from.is_some() {
                return Err(refused(span, "FROM behind a WITH query", "WITH name AS (SELECT …)"));
            }
            let pipeline = self.deeper(|inside| inside.query(&cte.query))?;
            let names: Vec<_> = cte.alias.columns.iter().map(|column| column.name.clone()).collect();
            let columns = self.columns_of(&pipeline)?;
            let (pipeline, _) = self.renamed(pipeline, columns, &names)?;
            self.name_rows(&cte.alias.name, pipeline)?;
        }
        Ok(())
    }

    fn order_keys<'e>(&self, order_by: Option<&'e OrderBy>) -> Result<&'e [OrderByExpr], KqlError> {
        let Some(OrderBy { kind, interpolate }) = order_by else { return Ok(&[]) };
        if interpolate.is_some() {
            return Err(refused(self.here, "INTERPOLATE", "ORDER BY alone"));
        }
        match kind {
            OrderByKind::Expressions(keys) => Ok(keys),
            OrderByKind::All(_) => Err(refused(self.here, "ORDER BY ALL", "ORDER BY 1, 2")),
        }
    }

    /// LIMIT, or FETCH FIRST.
    fn limit(
        &mut self,
        limit: Option<&LimitClause>,
        fetch: Option<&Fetch>,
    ) -> Result<Option<Expr>, KqlError> {
        let (limit, offset) = match limit {
            None => (None, None),
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
                if !limit_by.is_empty() {
                    return Err(refused(self.here, "LIMIT … BY", "GROUP BY with min(…) or max(…)"));
                }
                (limit.as_ref(), offset.as_ref().map(|offset| &offset.value))
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => (Some(limit), Some(offset)),
        };
        if let Some(offset) = offset {
            let offset = self.expr(offset)?;
            if !matches!(offset.kind, ExprKind::Literal(Literal::Long(0))) {
                let instead = "WHERE behind the last row seen (time < …), or the pages of the answer";
                return Err(refused(Span::from(offset.at), "OFFSET other than 0", instead));
            }
        }
        let quantity = match fetch {
            None => limit,
            Some(Fetch { with_ties, percent, quantity }) => {
                if *with_ties || *percent {
                    return Err(refused(self.here, "FETCH with ties or percent", "LIMIT 10"));
                }
                quantity.as_ref()
            }
        };
        let Some(quantity) = quantity else {
            // FETCH FIRST ROW ONLY
            return Ok(fetch.map(|_| Expr::long(1)));
        };
        if matches!(quantity, sqlparser::ast::Expr::Value(value) if value.value == sqlparser::ast::Value::Null)
        {
            return Ok(None);
        }
        self.scopes.push(Scope { place: "LIMIT", ..Scope::default() });
        let rows = self.expr(quantity);
        self.scopes.pop();
        rows.map(Some)
    }

    /// What UNION puts together.
    fn united(&mut self, body: &SetExpr) -> Result<Pipeline, KqlError> {
        let mut parts: Vec<Part<'_>> = Vec::new();
        let mut first = body;
        while let SetExpr::SetOperation { left, op, set_quantifier, right } = first {
            parts.push((self.is_distinct(*op, *set_quantifier)?, right));
            first = left;
        }
        parts.reverse();
        let mut pipeline = self.part(first)?;
        for (is_distinct, part) in parts {
            let other = self.part(part)?;
            if let SetExpr::Select(select) = part {
                self.here = self.text.span(select.select_token.0.span).unwrap_or(self.here);
            }
            pipeline = self.union(pipeline, other)?;
            if is_distinct {
                pipeline = pipeline.then(Operator::Distinct(Vec::new()));
            }
        }
        Ok(pipeline)
    }

    fn is_distinct(&self, op: SetOperator, quantifier: SetQuantifier) -> Result<bool, KqlError> {
        if op != SetOperator::Union {
            let what = op.to_string();
            return Err(refused(self.here, &what, "LEFT SEMI JOIN, LEFT ANTI JOIN, or IN (SELECT …)"));
        }
        match quantifier {
            SetQuantifier::All => Ok(false),
            SetQuantifier::Distinct | SetQuantifier::None => Ok(true),
            _ => Err(refused(self.here, "UNION … BY NAME", "UNION ALL with the columns in the same order")),
        }
    }

    /// A part of a union.
    fn part(&mut self, part: &SetExpr) -> Result<Pipeline, KqlError> {
        match part {
            SetExpr::Select(select) => self.deeper(|inside| inside.select(select, &[])),
            SetExpr::Query(query) => self.deeper(|inside| inside.query(query)),
            SetExpr::SetOperation { .. } => self.deeper(|inside| inside.united(part)),
            SetExpr::Values(_) => Err(refused(self.here, "VALUES", "SELECT 1 AS a UNION ALL SELECT 2")),
            SetExpr::Table(_) => Err(refused(self.here, "TABLE", "SELECT * FROM …")),
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                Err(refused(self.here, "a statement that writes", "a SELECT"))
            }
        }
    }

    /// Rows of both. SQL matches columns by their place, KQL by their name.
    fn union(&mut self, first: Pipeline, second: Pipeline) -> Result<Pipeline, KqlError> {
        let (left, right) = (self.columns_of(&first)?, self.columns_of(&second)?);
        if left.len() != right.len() {
            let message = format!("UNION of {} columns with {}", left.len(), right.len());
            return Err(KqlError::new(Reason::Type, self.here, message).hint("the same number of columns"));
        }
        let mut kinds = Vec::with_capacity(left.len());
        for (one, two) in left.iter().zip(&right) {
            kinds.push(match (one.kind, two.kind) {
                (Kind::Long | Kind::Real, Kind::Real) | (Kind::Real, Kind::Long) => Kind::Real,
                (one, two) if one == two => one,
                (found, other) => {
                    let message = format!("UNION of the column {:?}, a {found}, with a {other}", one.name);
                    return Err(KqlError::new(Reason::Type, self.here, message).hint("CAST(… AS …)"));
                }
            });
        }
        let first = aligned(first, &left, &left, &kinds);
        let second = aligned(second, &right, &left, &kinds);
        Ok(first.then(Operator::Union(Union { inner: false, source_column: None, inputs: vec![second] })))
    }

    /// Sorted by columns of the result.
    fn sorted(&mut self, pipeline: Pipeline, keys: &[OrderByExpr]) -> Result<Pipeline, KqlError> {
        if keys.is_empty() {
            return Ok(pipeline);
        }
        let columns = self.columns_of(&pipeline)?;
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        let relation = Relation::new(None, columns, pipeline.clone());
        self.scopes.push(Scope { relations: vec![relation], place: "ORDER BY", ..Scope::default() });
        let sort = self.sort_keys(keys, &names);
        self.scopes.pop();
        Ok(pipeline.then(Operator::Sort(sort?)))
    }
}

/// The same rows with columns of these names and kinds.
fn aligned(pipeline: Pipeline, columns: &[Column], names: &[Column], kinds: &[Kind]) -> Pipeline {
    let same =
        |((own, wanted), kind): ((&Column, &Column), &Kind)| own.name == wanted.name && own.kind == *kind;
    if columns.iter().zip(names).zip(kinds).all(same) {
        return pipeline;
    }
    let values: Vec<Named> = columns
        .iter()
        .zip(names)
        .zip(kinds)
        .map(|((own, wanted), kind)| {
            let value = Expr::name(&own.name);
            match own.kind == *kind {
                true => named(&wanted.name, value),
                false => Named::called(&wanted.name, Expr::call("toreal", vec![value])),
            }
        })
        .collect();
    pipeline.then(Operator::Project(values))
}
