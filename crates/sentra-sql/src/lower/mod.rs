//! The parser's tree as KQL's.

mod from;
mod group;
mod query;
mod scope;
mod select;

use sentra_kql::plan::{Catalog, Column, Table};
use sentra_kql::{
    CheckOptions, Expr, ExprKind, Kind, KqlError, Let, LetValue, Name, Named, Operator, Pipeline, Query,
    Reason, Source, SourceKind, Span, check,
};
use sentra_model::Timestamp;
use sqlparser::ast::{Ident, Statement};

use crate::limits::{SQL_NESTING_MAX, SQL_TABLES_MAX, SQL_TERMS_MAX, SQL_WITH_MAX};
use crate::place::Text;
use crate::schema;

pub(crate) use scope::Scope;

/// The name of the table that expressions are looked at over, to know their kinds.
const ROWS: &str = "rows";

/// A statement that is being translated.
pub(crate) struct Lowering<'a> {
    pub(crate) text: &'a Text<'a>,
    /// The tables, and what `WITH` names.
    catalog: Catalog,
    options: CheckOptions<'a>,
    lets: Vec<Let>,
    /// Names of `WITH` that are seen, with the names that they have in the question.
    withs: Vec<(String, String)>,
    /// What names mean, the innermost query last.
    pub(crate) scopes: Vec<Scope>,
    terms: usize,
    depth: usize,
    tables: usize,
    /// The last place that was read, for what has none of its own.
    pub(crate) here: Span,
}

/// Translates a statement.
pub(crate) fn lower(
    text: &Text<'_>,
    statement: &Statement,
    options: CheckOptions<'_>,
) -> Result<Query, KqlError> {
    let mut lowering = Lowering {
        text,
        catalog: options.catalog.clone(),
        options,
        lets: Vec::new(),
        withs: Vec::new(),
        scopes: Vec::new(),
        terms: 0,
        depth: 0,
        tables: 0,
        here: Span::default(),
    };
    let pipeline = match statement {
        Statement::Query(query) => lowering.query(query)?,
        statement => schema::asked(&mut lowering, statement)?,
    };
    Ok(Query { lets: lowering.lets, pipeline })
}

impl Lowering<'_> {
    /// Law LIMIT: one more level of nesting around what `inside` does.
    pub(crate) fn deeper<T>(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Result<T, KqlError>,
    ) -> Result<T, KqlError> {
        self.depth += 1;
        if self.depth > SQL_NESTING_MAX {
            let message = format!("the statement is nested deeper than {SQL_NESTING_MAX} levels");
            return Err(KqlError::new(Reason::Limit, self.here, message));
        }
        let result = inside(self);
        self.depth -= 1;
        result
    }

    /// Law LIMIT: counts parts of expressions.
    pub(crate) fn count(&mut self, terms: usize) -> Result<(), KqlError> {
        self.terms = self.terms.saturating_add(terms);
        if self.terms <= SQL_TERMS_MAX {
            return Ok(());
        }
        let message = format!(
            "with what names stand for written out, the statement has more than {SQL_TERMS_MAX} parts"
        );
        Err(KqlError::new(Reason::Limit, self.here, message))
    }

    /// Law LIMIT: counts tables.
    fn count_table(&mut self, span: Span) -> Result<(), KqlError> {
        self.tables += 1;
        if self.tables <= SQL_TABLES_MAX {
            return Ok(());
        }
        let message = format!("the statement asks more than {SQL_TABLES_MAX} tables");
        Err(KqlError::new(Reason::Limit, span, message))
    }

    /// A copy, which counts.
    pub(crate) fn copy(&mut self, expr: &Expr) -> Result<Expr, KqlError> {
        self.count(size(expr))?;
        Ok(expr.clone())
    }

    /// The place of a name.
    pub(crate) fn span_of(&mut self, ident: &Ident) -> Span {
        let span = self.text.span(ident.span).unwrap_or(self.here);
        self.here = span;
        span
    }

    /// The columns of rows.
    pub(crate) fn columns_of(&self, pipeline: &Pipeline) -> Result<Vec<Column>, KqlError> {
        let query = Query::from(pipeline.clone());
        let options = CheckOptions { catalog: &self.catalog, now: self.now(), keep_calls: false };
        check(&query, options).map(|plan| plan.root.columns).map_err(crate::expression::in_sql)
    }

    fn now(&self) -> Timestamp {
        self.options.now
    }

    /// The kind of an expression over the columns that are seen; nothing when it has none, which is said when the
    /// whole is checked.
    pub(crate) fn kind(&self, expr: &Expr) -> Option<Kind> {
        let columns = self.scopes.last().map(Scope::columns).unwrap_or_default();
        if let ExprKind::Name(name) = &expr.kind
            && let Some(column) = columns.iter().find(|column| column.name == *name)
        {
            return Some(column.kind);
        }
        self.kind_of(expr, columns)
    }

    pub(crate) fn kind_of(&self, expr: &Expr, columns: Vec<Column>) -> Option<Kind> {
        let table = Table { name: ROWS.to_owned(), title: String::new(), columns };
        let catalog = Catalog { tables: vec![table] };
        let named = Named::called("x", expr.clone());
        let query = Query::from(Pipeline::table(ROWS).then(Operator::Project(vec![named])));
        let options = CheckOptions { catalog: &catalog, now: self.now(), keep_calls: false };
        check(&query, options).ok()?.columns().first().map(|column| column.kind)
    }

    /// The kind of an aggregate.
    pub(crate) fn kind_of_aggregate(&self, expr: &Expr) -> Option<Kind> {
        let columns = self.scopes.last().map(Scope::row_columns).unwrap_or_default();
        let table = Table { name: ROWS.to_owned(), title: String::new(), columns };
        let catalog = Catalog { tables: vec![table] };
        let aggregates = vec![Named::called("x", expr.clone())];
        let step = Operator::Summarize { aggregates, keys: Vec::new() };
        let query = Query::from(Pipeline::table(ROWS).then(step));
        let options = CheckOptions { catalog: &catalog, now: self.now(), keep_calls: false };
        check(&query, options).ok()?.columns().first().map(|column| column.kind)
    }

    /// The table, or the query of a `WITH`, called `name`: exactly, or, when it was not quoted, without case.
    fn table_named(&self, name: &Ident) -> Option<(String, Vec<Column>)> {
        let of =
            |name: &str| self.catalog.table(name).map(|table| (table.name.clone(), table.columns.clone()));
        let with = self.withs.iter().rev().find(|(written, _)| is_called(name, written));
        if let Some((_, given)) = with {
            return of(given);
        }
        let is_hidden = |table: &&Table| self.lets.iter().any(|named| named.name.text == table.name);
        of(&name.value).filter(|(known, _)| self.lets.iter().all(|named| named.name.text != *known)).or_else(
            || {
                let mut tables = self.catalog.tables.iter().filter(|table| !is_hidden(table));
                let table = tables.find(|table| is_called(name, &table.name))?;
                Some((table.name.clone(), table.columns.clone()))
            },
        )
    }

    /// Names of tables, for hints.
    fn table_names(&self) -> Vec<&str> {
        let tables = self.options.catalog.tables.iter().map(|table| table.name.as_str());
        tables.chain(self.withs.iter().map(|(written, _)| written.as_str())).collect()
    }

    /// The tables that the question may ask.
    pub(crate) fn asked_catalog(&self) -> &Catalog {
        self.options.catalog
    }

    /// Names rows for the rest of the query that a `WITH` belongs to.
    fn name_rows(&mut self, written: &Ident, pipeline: Pipeline) -> Result<(), KqlError> {
        let span = self.span_of(written);
        if self.lets.len() >= SQL_WITH_MAX {
            let message = format!("the statement has more than {SQL_WITH_MAX} queries in WITH");
            return Err(KqlError::new(Reason::Limit, span, message));
        }
        let columns = self.columns_of(&pipeline)?;
        let mut name: String =
            written.value.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' }).collect();
        if !name.starts_with(|letter: char| letter.is_alphabetic() || letter == '_') {
            name.insert(0, '_');
        }
        let base = name.clone();
        let mut number = 1;
        while self.catalog.table(&name).is_some() || is_word_of_kql(&name) {
            name = format!("{base}{number}");
            number += 1;
        }
        let table = Table { name: name.clone(), title: String::new(), columns };
        self.catalog.tables.push(table);
        self.withs.push((written.value.clone(), name.clone()));
        self.lets.push(Let {
            name: Name { text: name, at: sentra_kql::At(span) },
            value: LetValue::Tabular(pipeline),
        });
        Ok(())
    }
}

/// Words that KQL reads otherwise where a table may stand.
fn is_word_of_kql(name: &str) -> bool {
    let words =
        ["union", "print", "range", "datatable", "event", "search", "let", "materialize", "by", "and", "or"];
    words.contains(&name) || ["not", "true", "false", "null", "in"].contains(&name)
}

/// Whether a name of SQL means `known`: quoted exactly, else without case.
pub(crate) fn is_called(name: &Ident, known: &str) -> bool {
    name.value == known || (name.quote_style.is_none() && name.value.eq_ignore_ascii_case(known))
}

/// An expression with its place.
pub(crate) fn at(kind: ExprKind, span: Span) -> Expr {
    Expr { kind, at: sentra_kql::At(span) }
}

/// A source with its place.
fn source(kind: SourceKind, span: Span) -> Pipeline {
    Pipeline { source: Source { kind, at: sentra_kql::At(span) }, steps: Vec::new() }
}

/// How many parts an expression has.
fn size(expr: &Expr) -> usize {
    let mut left = vec![expr];
    let mut parts = 0;
    while let Some(expr) = left.pop() {
        parts += 1;
        left.extend(children(expr));
    }
    parts
}

/// The parts of an expression.
pub(crate) fn children(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Name(_) | ExprKind::Star => Vec::new(),
        ExprKind::Member(inner, _) | ExprKind::Negate(inner) | ExprKind::Not(inner) => vec![inner],
        ExprKind::Index(base, index) => vec![base, index],
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().collect(),
        ExprKind::Arithmetic { left, right, .. } | ExprKind::Compare { left, right, .. } => vec![left, right],
        ExprKind::In { value, set, .. } => match set {
            sentra_kql::Set::List(list) => std::iter::once(value.as_ref()).chain(list).collect(),
            sentra_kql::Set::Table(_) => vec![value],
        },
        ExprKind::Between { value, low, high, .. } => vec![value, low, high],
        ExprKind::Call { arguments, .. } => arguments.iter().collect(),
    }
}

/// The parts of an expression, to change.
pub(crate) fn children_mut(expr: &mut Expr) -> Vec<&mut Expr> {
    match &mut expr.kind {
        ExprKind::Literal(_) | ExprKind::Name(_) | ExprKind::Star => Vec::new(),
        ExprKind::Member(inner, _) | ExprKind::Negate(inner) | ExprKind::Not(inner) => vec![inner],
        ExprKind::Index(base, index) => vec![base, index],
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter_mut().collect(),
        ExprKind::Arithmetic { left, right, .. } | ExprKind::Compare { left, right, .. } => vec![left, right],
        ExprKind::In { value, set, .. } => match set {
            sentra_kql::Set::List(list) => std::iter::once(value.as_mut()).chain(list).collect(),
            sentra_kql::Set::Table(_) => vec![value],
        },
        ExprKind::Between { value, low, high, .. } => vec![value, low, high],
        ExprKind::Call { arguments, .. } => arguments.iter_mut().collect(),
    }
}
