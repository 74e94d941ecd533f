//! What names mean within a query: columns of its tables, fields of the source, aliases of what it gives.

use std::collections::BTreeSet;

use sentra_kql::plan::Column;
use sentra_kql::{Expr, ExprKind, Kind, KqlError, Literal, Named, Pipeline, Reason, Span, nearest};
use sqlparser::ast::Ident;

use super::{Lowering, at, is_called};

/// A table, a subquery or a `WITH` query in a FROM.
pub(crate) struct Relation {
    /// What it is called here.
    pub(super) alias: Option<String>,
    pub(super) columns: Vec<Column>,
    pub(super) pipeline: Pipeline,
    /// Of tables that are joined what is used of them, under names that no other has.
    pub(super) used: Vec<Used>,
    /// Whether its columns are gone: the other side of a semi join.
    pub(super) hidden: bool,
}

/// A column of a joined table that is used.
pub(crate) struct Used {
    pub(super) value: Expr,
    pub(super) column: Column,
}

/// Whether names may mean what SELECT calls so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aliases {
    /// They may not, and a name that would be read as a field of the source is refused.
    Refused,
    /// After columns, before fields of the source.
    Seen,
}

/// An aggregate that was met, and the name it goes by until all are known.
pub(crate) struct Found {
    pub(super) value: Expr,
    pub(super) kind: Option<Kind>,
    /// What it is called when SELECT does not say it.
    pub(super) base: String,
}

/// What names mean within a query.
#[derive(Default)]
pub(crate) struct Scope {
    pub(super) relations: Vec<Relation>,
    /// Whether several tables are joined: columns are renamed.
    pub(super) joined: bool,
    pub(super) taken: BTreeSet<String>,
    /// Columns of USING: any table's will do.
    pub(super) merged: BTreeSet<String>,
    pub(super) aliases: Vec<(Ident, Expr)>,
    pub(super) alias_use: Option<Aliases>,
    /// Aggregates, where they may stand.
    pub(super) aggregates: Vec<Found>,
    pub(crate) allows_aggregates: bool,
    /// Where aggregates may not stand, for errors.
    pub(crate) place: &'static str,
}

/// The name of the aggregate at `place` until all are known; no column is called so.
pub(super) fn placeholder(place: usize) -> String {
    format!("$ {place}")
}

impl Scope {
    /// The columns of rows.
    pub(crate) fn row_columns(&self) -> Vec<Column> {
        let relations = self.relations.iter();
        if self.joined {
            return relations.flat_map(|relation| &relation.used).map(|used| used.column.clone()).collect();
        }
        relations.flat_map(|relation| relation.columns.iter().cloned()).collect()
    }

    /// The columns of rows, and the aggregates.
    pub(crate) fn columns(&self) -> Vec<Column> {
        let mut columns = self.row_columns();
        let aggregates = self.aggregates.iter().enumerate();
        columns.extend(
            aggregates.filter_map(|(place, found)| Some(Column::new(placeholder(place), found.kind?))),
        );
        columns
    }

    /// Whether a name means a column of a table.
    pub(super) fn has_column(&self, name: &Ident) -> bool {
        self.relations.iter().any(|relation| relation.column(name).is_some())
    }

    /// The relation that is called so.
    fn relation(&self, name: &Ident) -> Option<usize> {
        let is_it =
            |relation: &Relation| relation.alias.as_deref().is_some_and(|alias| is_called(name, alias));
        self.relations.iter().position(is_it)
    }

    /// A name that is not taken.
    fn unique(&mut self, wanted: &str, alias: Option<&str>) -> String {
        let mut name = wanted.to_owned();
        if self.taken.contains(&name)
            && let Some(alias) = alias
        {
            name = format!("{alias}_{wanted}");
        }
        let base = name.clone();
        let mut number = 1;
        while !self.taken.insert(name.clone()) {
            name = format!("{base}{number}");
            number += 1;
        }
        name
    }
}

impl Relation {
    pub(super) fn new(alias: Option<String>, columns: Vec<Column>, pipeline: Pipeline) -> Self {
        Self { alias, columns, pipeline, used: Vec::new(), hidden: false }
    }

    /// The column called so: exactly, or without case when it was not quoted and no other is.
    pub(super) fn column(&self, name: &Ident) -> Option<&Column> {
        let exact = self.columns.iter().find(|column| column.name == name.value);
        exact.or_else(|| {
            let mut alike = self.columns.iter().filter(|column| is_called(name, &column.name));
            alike.next().filter(|_| alike.next().is_none())
        })
    }

    fn fields(&self) -> Option<&Column> {
        self.columns.iter().find(|column| column.holds_fields)
    }

    /// The step that keeps what is used, under its names.
    pub(super) fn projected(&self) -> Vec<Named> {
        self.used.iter().map(|used| named(&used.column.name, used.value.clone())).collect()
    }
}

/// An expression under a name, which is not written twice.
pub(super) fn named(name: &str, value: Expr) -> Named {
    match &value.kind {
        ExprKind::Name(own) if own == name => Named::plain(value),
        _ => Named::called(name, value),
    }
}

/// What is found under a name.
enum Meaning {
    Column(usize, Column),
    Field(usize, String),
}

impl Lowering<'_> {
    /// What a name means.
    pub(crate) fn column(&mut self, parts: &[Ident]) -> Result<Expr, KqlError> {
        self.count(1)?;
        let Some((first, rest)) = parts.split_first() else {
            return Err(KqlError::new(Reason::Syntax, self.here, "a name is expected"));
        };
        let mut span = self.span_of(first);
        if let Some(last) = rest.last() {
            span = span.to(self.span_of(last));
        }
        self.here = span;
        let scope = self.scopes.last().map(|scope| scope.relation(first));
        if rest.is_empty() {
            return self.bare(first, span);
        }
        if let Some(Some(relation)) = scope {
            return self.qualified(relation, rest, span);
        }
        let outer = self.scopes.iter().rev().skip(1).any(|scope| scope.relation(first).is_some());
        let is_column = self.scopes.last().is_some_and(|scope| scope.has_column(first));
        if outer && !is_column {
            return Err(correlated(span));
        }
        self.path(parts, span)
    }

    /// A name by itself: a column, an alias where those are seen, a field of the source.
    fn bare(&mut self, name: &Ident, span: Span) -> Result<Expr, KqlError> {
        let Some(scope) = self.scopes.last() else { return Err(no_column(name, span, &[])) };
        let visible = || scope.relations.iter().enumerate().filter(|(_, relation)| !relation.hidden);
        let mut found =
            visible().filter_map(|(place, relation)| Some((place, relation.column(name)?.clone())));
        if let Some((place, column)) = found.next() {
            let is_merged = scope.merged.contains(&column.name);
            if let Some((other, _)) = found.next().filter(|_| !is_merged) {
                let of =
                    |place: usize| scope.relations.get(place).and_then(|relation| relation.alias.clone());
                let either = |place: usize| format!("{}.{}", of(place).unwrap_or_default(), name.value);
                let message = format!("{} is a column of several tables", name.value);
                let hint = format!("{} or {}", either(place), either(other));
                return Err(KqlError::new(Reason::Value, span, message).hint(hint));
            }
            return self.used(Meaning::Column(place, column), span);
        }
        let alias = scope.aliases.iter().find(|(alias, _)| is_called(name, &alias.value));
        let fields: Vec<usize> =
            visible().filter(|(_, relation)| relation.fields().is_some()).map(|(place, _)| place).collect();
        match (alias, scope.alias_use) {
            (Some((_, value)), Some(Aliases::Seen)) => {
                let value = value.clone();
                return self.copy(&value);
            }
            (Some((_, value)), Some(Aliases::Refused)) if !is_same_field(value, &name.value) => {
                let message =
                    format!("{} is what SELECT calls its result, which is not seen here", name.value);
                let hint = "the expression itself, or SELECT … FROM (SELECT …) AS t WHERE …";
                return Err(KqlError::new(Reason::Unknown, span, message).hint(hint));
            }
            _ => {}
        }
        if self.scopes.iter().rev().skip(1).any(|outer| outer.has_column(name)) {
            return Err(correlated(span));
        }
        match fields.as_slice() {
            [only] => self.used(Meaning::Field(*only, name.value.clone()), span),
            [] => Err(no_column(name, span, &self.names_seen())),
            _ => {
                let message = format!("{} may be a field of several tables", name.value);
                Err(KqlError::new(Reason::Value, span, message).hint(format!("t.{}", name.value)))
            }
        }
    }

    /// `t.column`, `t.Field`, `t.fields.Field`, `t.column.key`
    fn qualified(&mut self, place: usize, rest: &[Ident], span: Span) -> Result<Expr, KqlError> {
        let Some(relation) = self.scopes.last().and_then(|scope| scope.relations.get(place)) else {
            return Err(KqlError::new(Reason::Unknown, span, "there is no such table"));
        };
        if relation.hidden {
            let message = "the columns of the other side of a semi join are not seen";
            return Err(KqlError::new(Reason::Unknown, span, message));
        }
        let (first, more) = match rest.split_first() {
            Some((first, more)) => (first, more),
            None => return Err(KqlError::new(Reason::Syntax, span, "a name is expected")),
        };
        let dotted = rest.iter().map(|ident| ident.value.as_str()).collect::<Vec<_>>().join(".");
        let column = relation.column(first).cloned();
        match column {
            Some(column) if more.is_empty() => self.used(Meaning::Column(place, column), span),
            Some(column) if column.holds_fields => {
                let name = more.iter().map(|ident| ident.value.as_str()).collect::<Vec<_>>().join(".");
                self.used(Meaning::Field(place, name), span)
            }
            Some(column) if column.kind == Kind::Dynamic => {
                let base = self.used(Meaning::Column(place, column), span)?;
                Ok(more.iter().fold(base, |base, key| member(base, &key.value, span)))
            }
            _ if relation.fields().is_some() => self.used(Meaning::Field(place, dotted), span),
            _ => {
                let known: Vec<String> = relation.columns.iter().map(|column| column.name.clone()).collect();
                Err(no_column(first, span, &known))
            }
        }
    }

    /// `column.key`, `fields.Field`, `Dotted.Field`
    fn path(&mut self, parts: &[Ident], span: Span) -> Result<Expr, KqlError> {
        let Some(scope) = self.scopes.last() else {
            return Err(KqlError::new(Reason::Unknown, span, "there is no table"));
        };
        let with_column = |(place, relation): (usize, &Relation)| {
            parts.first().and_then(|first| relation.column(first)).map(|_| place)
        };
        let visible = || scope.relations.iter().enumerate().filter(|(_, relation)| !relation.hidden);
        let places: Vec<usize> = visible().filter_map(with_column).collect();
        let places = match places.as_slice() {
            [] => visible()
                .filter(|(_, relation)| relation.fields().is_some())
                .map(|(place, _)| place)
                .collect(),
            _ => places,
        };
        match (places.as_slice(), parts.first()) {
            ([only], _) => self.qualified(*only, parts, span),
            ([], Some(first)) => {
                let message = format!("there is no table {:?} in FROM", shown(&first.value));
                let aliases = scope.relations.iter().filter_map(|relation| relation.alias.as_deref());
                Err(KqlError::new(Reason::Unknown, span, message).maybe_hint(nearest(&first.value, aliases)))
            }
            _ => {
                let message = "the name may be a field of several tables";
                Err(KqlError::new(Reason::Value, span, message).hint("the table's name before it"))
            }
        }
    }

    /// `fields['Name']` and the like: the field, if `base` means the fields of the source.
    pub(crate) fn field_of(&mut self, base: &[Ident], field: &str) -> Option<Result<Expr, KqlError>> {
        let scope = self.scopes.last()?;
        let (place, name) = match base {
            [name] => (None, name),
            [table, name] => (Some(scope.relation(table)?), name),
            _ => return None,
        };
        let span = self.span_of(name);
        let scope = self.scopes.last()?;
        let mut relations = scope.relations.iter().enumerate().filter(|(at, relation)| {
            !relation.hidden
                && place.is_none_or(|place| place == *at)
                && relation.column(name).is_some_and(|column| column.holds_fields)
        });
        let (place, _) = relations.next()?;
        if relations.next().is_some() {
            let message = "the fields of several tables are meant";
            return Some(Err(KqlError::new(Reason::Value, span, message).hint("t.fields['…']")));
        }
        Some(self.used(Meaning::Field(place, field.to_owned()), span))
    }

    /// The expression for what a name means; of tables that are joined it is kept for what follows.
    fn used(&mut self, meaning: Meaning, span: Span) -> Result<Expr, KqlError> {
        let Some(scope) = self.scopes.last_mut() else {
            return Err(KqlError::new(Reason::Unknown, span, "there is no table"));
        };
        let (place, wanted, column, is_column) = match meaning {
            Meaning::Column(place, column) => (place, column.name.clone(), column, true),
            Meaning::Field(place, name) => {
                let column = Column::new(&name, Kind::String);
                (place, name, column, false)
            }
        };
        let Some(relation) = scope.relations.get(place) else {
            return Err(KqlError::new(Reason::Unknown, span, "there is no table"));
        };
        let value =
            if is_column { at(ExprKind::Name(wanted.clone()), span) } else { field(relation, &wanted, span) };
        if !scope.joined {
            return Ok(value);
        }
        if let Some(used) = relation.used.iter().find(|used| used.value == value) {
            return Ok(at(ExprKind::Name(used.column.name.clone()), span));
        }
        let alias = relation.alias.clone();
        let name = scope.unique(&wanted, alias.as_deref());
        if let Some(relation) = scope.relations.get_mut(place) {
            relation.used.push(Used { value, column: Column { name: name.clone(), ..column } });
        }
        Ok(at(ExprKind::Name(name), span))
    }

    /// A column of a table by its place, for `*`.
    pub(super) fn use_column(&mut self, place: usize, column: Column, span: Span) -> Result<Expr, KqlError> {
        self.count(1)?;
        self.used(Meaning::Column(place, column), span)
    }

    /// Names of columns, for hints.
    pub(super) fn names_seen(&self) -> Vec<String> {
        let relations = self.scopes.last().map(|scope| scope.relations.as_slice()).unwrap_or_default();
        relations.iter().flat_map(|relation| &relation.columns).map(|column| column.name.clone()).collect()
    }
}

/// A field of the source, as KQL writes it.
fn field(relation: &Relation, name: &str, span: Span) -> Expr {
    let has_column = |name: &str| relation.columns.iter().any(|column| column.name == name);
    let is_plain = |part: &str| {
        part.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
            && part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    let parts: Vec<&str> = name.split('.').collect();
    let root_is_free = parts.first().is_some_and(|first| !has_column(first)) && !has_column(name);
    if root_is_free
        && parts.iter().all(|part| is_plain(part))
        && !super::is_word_of_kql(parts.first().unwrap_or(&""))
    {
        let mut parts = parts.into_iter();
        let root = at(ExprKind::Name(parts.next().unwrap_or_default().to_owned()), span);
        return parts.fold(root, |base, part| member(base, part, span));
    }
    let fields = relation.fields().map_or("fields", |column| column.name.as_str()).to_owned();
    let base = at(ExprKind::Name(fields), span);
    let key = at(ExprKind::Literal(Literal::String(name.to_owned())), span);
    at(ExprKind::Index(Box::new(base), Box::new(key)), span)
}

fn member(base: Expr, key: &str, span: Span) -> Expr {
    at(ExprKind::Member(Box::new(base), key.to_owned()), span)
}

/// Whether what SELECT calls `name` is the field of that name.
fn is_same_field(value: &Expr, name: &str) -> bool {
    match &value.kind {
        ExprKind::Name(own) => own == name,
        ExprKind::Index(_, key) => {
            matches!(&key.kind, ExprKind::Literal(Literal::String(own)) if own == name)
        }
        _ => false,
    }
}

fn shown(name: &str) -> String {
    name.chars().take(80).collect()
}

fn no_column(name: &Ident, span: Span, known: &[String]) -> KqlError {
    let message = format!("there is no column {:?}", shown(&name.value));
    KqlError::new(Reason::Unknown, span, message)
        .maybe_hint(nearest(&name.value, known.iter().map(String::as_str)))
}

fn correlated(span: Span) -> KqlError {
    let message = "correlated subqueries are not supported: the name belongs to the query around";
    KqlError::new(Reason::Unsupported, span, message).hint("JOIN … ON …")
}
