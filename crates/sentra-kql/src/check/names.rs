//! Names of columns: finding them, and making new ones.

use std::collections::{BTreeMap, BTreeSet};

use super::Checker;
use crate::ast::{Expr, ExprKind, Literal, Name};
use crate::builtin::{Area, Builtin};
use crate::error::{KqlError, Reason};
use crate::hint::nearest;
use crate::plan::{self, Column, Note, Value};
use crate::span::Span;
use crate::value::Kind;

/// Most notes on names that may be misspelt.
const NOTES_MAX: usize = 20;

impl Checker<'_> {
    /// A column, a value of a `let`, or a field of the source: in this order.
    pub(super) fn resolved(&mut self, name: &str, span: Span) -> Result<plan::Expr, KqlError> {
        if let Some((place, column)) = place_of(&self.scope, name) {
            return Ok(plan::Expr::column(place, column.kind));
        }
        if let Some(value) = self.value_named(name) {
            return Ok(value.clone());
        }
        if self.rows_named(name) {
            let message = format!("{name} names rows, not a value");
            return Err(KqlError::new(Reason::Type, span, message).hint(format!("in ({name}), or join")));
        }
        // `fields.x` is the source field x wherever a name may stand.
        let field = name.strip_prefix("fields.").unwrap_or(name);
        let value = self.source_field(field).ok_or_else(|| self.no_column(name, span))?;
        let columns = self.scope.iter().map(|column| column.name.as_str());
        let near = nearest(name, columns).map(str::to_owned);
        if let Some(hint) = near.filter(|_| self.notes.len() < NOTES_MAX) {
            let message = format!("{name} is read as a field of the source");
            self.notes.push(Note { span, message, hint });
        }
        Ok(value)
    }

    pub(super) fn no_column(&self, name: &str, span: Span) -> KqlError {
        let shown: String = name.chars().take(80).collect();
        if self.aggregates.is_some() && self.scope.is_empty() {
            let message = format!("{shown} stands outside an aggregate");
            return KqlError::new(Reason::Unknown, span, message)
                .hint(format!("take_any({shown}), or by {shown}"));
        }
        let columns = self.scope.iter().map(|column| column.name.as_str());
        let known = columns.chain(self.lets.iter().map(|(name, _)| name.as_str()));
        KqlError::new(Reason::Unknown, span, format!("there is no column {shown:?}"))
            .maybe_hint(nearest(name, known))
    }

    /// A field of the source, if the rows still have them.
    pub(super) fn source_field(&self, name: &str) -> Option<plan::Expr> {
        let place = self.scope.iter().position(|column| column.holds_fields)?;
        let fields = plan::Expr::column(place, Kind::Dynamic);
        let name = plan::Expr::literal(Kind::String, Value::String(name.to_owned()));
        Some(plan::Expr::call(Kind::String, Builtin::SourceField, vec![fields, name]))
    }

    /// `a.b.c`
    pub(super) fn member(&mut self, expr: &Expr) -> Result<plan::Expr, KqlError> {
        let span = Span::from(expr.at);
        let ExprKind::Member(base, key) = &expr.kind else { return self.expr(expr) };
        let Some(path) = path(expr) else {
            let base = self.expr(base)?;
            return self.get(base, plan::Expr::literal(Kind::String, Value::String(key.clone())), span);
        };
        let (root, rest) = path.split_first().map_or(("", [].as_slice()), |(root, rest)| (*root, rest));
        let dotted = path.join(".");
        if let Some((place, column)) = place_of(&self.scope, &dotted) {
            return Ok(plan::Expr::column(place, column.kind));
        }
        let found = place_of(&self.scope, root).map(|(_, column)| (column.kind, column.holds_fields));
        match found {
            Some((_, true)) => {
                return self.source_field(&rest.join(".")).ok_or_else(|| self.no_column(root, span));
            }
            Some((Kind::Dynamic, false)) => {}
            None if self.value_named(root).is_some() => {}
            _ => return self.source_field(&dotted).ok_or_else(|| self.no_column(&dotted, span)),
        }
        let mut value = self.resolved(root, span)?;
        for key in rest {
            value =
                self.get(value, plan::Expr::literal(Kind::String, Value::String((*key).to_owned())), span)?;
        }
        Ok(value)
    }

    /// `a[b]`
    pub(super) fn index(&mut self, base: &Expr, index: &Expr, span: Span) -> Result<plan::Expr, KqlError> {
        if let (ExprKind::Name(name), ExprKind::Literal(Literal::String(field))) = (&base.kind, &index.kind)
            && place_of(&self.scope, name).is_some_and(|(_, column)| column.holds_fields)
        {
            return self.source_field(field).ok_or_else(|| self.no_column(field, span));
        }
        let (base, index) = (self.expr(base)?, self.expr(index)?);
        self.get(base, index, span)
    }

    fn get(&mut self, base: plan::Expr, key: plan::Expr, span: Span) -> Result<plan::Expr, KqlError> {
        if base.kind != Kind::Dynamic {
            let message = format!("a {} has no parts", base.kind);
            let error = KqlError::new(Reason::Type, span, message);
            return Err(if base.kind == Kind::String { error.hint("parse_json(…)") } else { error });
        }
        if !matches!(key.kind, Kind::String | Kind::Long) {
            let message = format!("a {} is no key and no place", key.kind);
            return Err(KqlError::new(Reason::Type, span, message));
        }
        self.call(Kind::Dynamic, Builtin::Get, vec![base, key], span)
    }

    /// The place of a column that must be there.
    pub(super) fn column_place(&self, columns: &[Column], name: &Name) -> Result<usize, KqlError> {
        place_of(columns, &name.text).map(|(place, _)| place).ok_or_else(|| {
            let known = columns.iter().map(|column| column.name.as_str());
            KqlError::new(Reason::Unknown, name.at, format!("there is no column {:?}", name.text))
                .maybe_hint(nearest(&name.text, known))
        })
    }
}

/// The column called `name` and its place.
pub(super) fn place_of<'a>(columns: &'a [Column], name: &str) -> Option<(usize, &'a Column)> {
    columns.iter().enumerate().find(|(_, column)| column.name == name)
}

/// The names of `a.b.c`.
fn path(expr: &Expr) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    let mut expr = expr;
    loop {
        match &expr.kind {
            ExprKind::Member(base, name) => {
                names.push(name.as_str());
                expr = base;
            }
            ExprKind::Name(name) => {
                names.push(name);
                names.reverse();
                return Some(names);
            }
            _ => return None,
        }
    }
}

/// What a column is called that was given no name: as what it is made of, if that is one column.
pub(super) fn derived_name(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.clone()),
        ExprKind::Member(..) => path(expr).map(|names| names.join("_")),
        ExprKind::Index(base, index) => {
            let base = derived_name(base)?;
            match &index.kind {
                ExprKind::Literal(Literal::String(key)) => Some(format!("{base}_{key}")),
                ExprKind::Literal(Literal::Long(place)) => Some(format!("{base}_{place}")),
                _ => None,
            }
        }
        ExprKind::Call { function, arguments } => {
            let builtin = Builtin::named(&function.text)?;
            let keeps = builtin.area() == Area::Conversion || builtin == Builtin::Bin;
            arguments.first().filter(|_| keeps && builtin != Builtin::GetType).and_then(derived_name)
        }
        _ => None,
    }
}

/// Names that are each given once: what is taken gets a number.
pub(super) struct Unique {
    taken: BTreeSet<String>,
    /// The next number of a name that was wanted again.
    numbers: BTreeMap<String, usize>,
}

impl Unique {
    pub(super) fn new<'a>(taken: impl IntoIterator<Item = &'a str>) -> Self {
        Self { taken: taken.into_iter().map(str::to_owned).collect(), numbers: BTreeMap::new() }
    }

    pub(super) fn name(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        if self.taken.insert(name.clone()) {
            return name;
        }
        let number = self.numbers.entry(wanted.to_owned()).or_insert(1);
        while !self.taken.insert(name.clone()) {
            name = format!("{wanted}{number}");
            *number += 1;
        }
        name
    }
}
