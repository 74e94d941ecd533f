//! GROUP BY: what is grouped by, what is computed, and what stands for them behind it.

use std::collections::BTreeSet;

use sentra_kql::{Expr, ExprKind, KqlError, Named, Operator, Reason};

use super::scope::{Found, named, placeholder};
use super::select::Item;
use super::{Lowering, at, children, children_mut};

/// Keys and aggregates with their names.
pub(super) struct Grouping {
    keys: Vec<(String, Expr)>,
    aggregates: Vec<(String, Expr)>,
}

/// Names that are each given once.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl Names {
    fn unique(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut number = 1;
        while !self.0.insert(name.clone()) {
            name = format!("{wanted}{number}");
            number += 1;
        }
        name
    }
}

impl Grouping {
    pub(super) fn new(keys: Vec<Expr>, found: Vec<Found>, items: &[Item]) -> Self {
        let mut names = Names::default();
        // What SELECT lists has its name there at once.
        let item =
            |value: &Expr| items.iter().find(|item| item.value == *value).map(|item| item.name.clone());
        let places: Vec<Expr> = (0..found.len()).map(|place| Expr::name(placeholder(place))).collect();
        let listed: Vec<Option<String>> =
            keys.iter().chain(&places).map(|value| item(value).map(|name| names.unique(&name))).collect();
        let mut listed = listed.into_iter();
        let keys = keys.into_iter().map(|key| {
            let name = listed.next().flatten().unwrap_or_else(|| names.unique(&base(&key)));
            (name, key)
        });
        let keys = keys.collect();
        let aggregates = found.into_iter().map(|found| {
            let name = listed.next().flatten().unwrap_or_else(|| names.unique(&found.base));
            (name, found.value)
        });
        Self { keys, aggregates: aggregates.collect() }
    }

    /// The columns that groups have.
    pub(super) fn names(&self) -> Vec<String> {
        self.keys.iter().chain(&self.aggregates).map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn step(self) -> Operator {
        let keys = self.keys.into_iter().map(|(name, key)| named(&name, key)).collect();
        let called = |(name, value): (String, Expr)| Named::called(name, value);
        Operator::Summarize { aggregates: self.aggregates.into_iter().map(called).collect(), keys }
    }

    /// Puts the columns of groups in place of keys and aggregates; nothing else may be left.
    pub(super) fn substitute(&self, expr: &mut Expr) -> Result<(), KqlError> {
        if let Some((name, _)) = self.keys.iter().find(|(_, key)| key == expr) {
            *expr = at(ExprKind::Name(name.clone()), expr.at.0);
            return Ok(());
        }
        if let ExprKind::Name(name) = &expr.kind {
            let place = (0..self.aggregates.len()).find(|place| placeholder(*place) == *name);
            if let Some((given, _)) = place.and_then(|place| self.aggregates.get(place)) {
                *expr = at(ExprKind::Name(given.clone()), expr.at.0);
                return Ok(());
            }
        }
        if is_of_rows(expr) {
            let shown: String = expr.to_string().chars().take(80).collect();
            let message = format!("{shown} stands outside an aggregate");
            return Err(KqlError::new(Reason::Unknown, expr.at, message)
                .hint(format!("GROUP BY {shown}, or any_value({shown})")));
        }
        for child in children_mut(expr) {
            self.substitute(child)?;
        }
        Ok(())
    }
}

/// What a key is called that SELECT does not list.
fn base(key: &Expr) -> String {
    match &key.kind {
        ExprKind::Name(name) | ExprKind::Member(_, name) => name.clone(),
        _ => "key".to_owned(),
    }
}

/// Whether it is a column of rows, or a part of one.
fn is_of_rows(expr: &Expr) -> bool {
    let mut expr = expr;
    loop {
        match &expr.kind {
            ExprKind::Name(name) => return !name.starts_with("$ "),
            ExprKind::Member(base, _) | ExprKind::Index(base, _) => expr = base,
            _ => return false,
        }
    }
}

/// Whether an aggregate is in it.
pub(super) fn is_aggregated(expr: &Expr) -> bool {
    let mut left = vec![expr];
    while let Some(expr) = left.pop() {
        if matches!(&expr.kind, ExprKind::Name(name) if name.starts_with("$ ")) {
            return true;
        }
        left.extend(children(expr));
    }
    false
}

impl Lowering<'_> {
    /// Remembers an aggregate, and gives the name that stands for it.
    pub(crate) fn found(&mut self, value: Expr, base: &str) -> Expr {
        let span = value.at.0;
        let kind = self.kind_of_aggregate(&value);
        let Some(scope) = self.scopes.last_mut() else { return value };
        let known = scope.aggregates.iter().position(|found| found.value == value);
        let place = known.unwrap_or(scope.aggregates.len());
        if known.is_none() {
            scope.aggregates.push(Found { value, kind, base: base.to_owned() });
        }
        at(ExprKind::Name(placeholder(place)), span)
    }
}
