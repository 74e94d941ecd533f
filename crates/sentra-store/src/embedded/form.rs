//! How the source fields of a scan are reached: as columns, in the map, or not at all.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::logical_expr::{Expr as DfExpr, col, ident, lit};
use sentra_kql::Builtin;
use sentra_kql::plan::{Expr, ExprNode, Value};

use super::index::{Chosen, Place};
use super::promoted::column_of;
use super::stop::Stop;
use super::value_test::{first_value, regex_test, value_test};
use super::whole_fields::whole_fields;
use crate::matcher::ValueTest;

/// Most kinds of segments that are scanned apart, by where they have the fields that are asked for.
const FORMS_MAX: usize = 4;

/// The source fields of some segments, or of events in memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Form {
    places: BTreeMap<String, Place>,
    /// Fields that have a column, and whether rows have a shape.
    promoted: Vec<String>,
    has_shape: bool,
    has_dictionaries: bool,
    /// The raw record, where it is no column.
    raw: Option<DfExpr>,
    stop: Stop,
}

impl Form {
    /// Everything is in the map.
    pub(super) fn memory(stop: &Stop) -> Self {
        Self { stop: stop.clone(), ..Self::default() }
    }

    /// Segments whose columns are those of `promoted` fields.
    pub(super) fn with_columns(
        places: BTreeMap<String, Place>,
        promoted: Vec<String>,
        has_shape: bool,
        stop: &Stop,
    ) -> Self {
        Self { places, promoted, has_shape, has_dictionaries: true, raw: None, stop: stop.clone() }
    }

    /// Where the raw record is `raw`.
    pub(super) fn with_raw(self, raw: DfExpr) -> Self {
        Self { raw: Some(raw), ..self }
    }

    /// What ends the question.
    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Whether a test of a text is made once for each distinct value: faster than any comparison of rows.
    pub(super) fn has_dictionaries(&self) -> bool {
        self.has_dictionaries
    }

    pub(super) fn place(&self, name: &str) -> Place {
        self.places.get(name).copied().unwrap_or(Place::Map)
    }

    /// The whole map.
    pub(super) fn fields(&self) -> DfExpr {
        if self.has_shape { whole_fields(&self.promoted) } else { col("fields") }
    }

    /// The raw record.
    pub(super) fn raw(&self) -> DfExpr {
        self.raw.clone().unwrap_or_else(|| col("raw"))
    }

    /// The first value of a field, null where there is none.
    pub(super) fn value(&self, name: &str) -> DfExpr {
        let column = || ident(column_of(name));
        let in_map = || first_value(col("fields"), name);
        match self.place(name) {
            Place::Column => column(),
            Place::Map => in_map(),
            Place::Either => datafusion::functions::core::expr_fn::coalesce(vec![column(), in_map()]),
            Place::Nowhere => lit(""),
        }
    }

    /// Whether a value of a field passes.
    pub(super) fn test(&self, name: &str, test: &ValueTest) -> DfExpr {
        let column = || value_test(ident(column_of(name)), None, test, &self.stop);
        let in_map = || value_test(col("fields"), Some(name), test, &self.stop);
        match self.place(name) {
            Place::Column => column(),
            Place::Map => in_map(),
            Place::Either => column().is_true().or(in_map()),
            Place::Nowhere => lit(false),
        }
    }

    /// Whether a value of a field fits an expression that no empty text fits.
    pub(super) fn matches(&self, name: &str, pattern: &str) -> Option<DfExpr> {
        let column = || regex_test(ident(column_of(name)), None, pattern, &self.stop);
        let in_map = || regex_test(col("fields"), Some(name), pattern, &self.stop);
        Some(match self.place(name) {
            Place::Column => column()?,
            Place::Map => in_map()?,
            Place::Either => column()?.or(in_map()?),
            Place::Nowhere => lit(false),
        })
    }
}

/// Segments of one form, with what is known of the fields that are asked for.
pub(super) type Group = (BTreeMap<String, Place>, Vec<Chosen>);

/// `chosen` by where they have the fields `names`.
pub(super) fn grouped(chosen: Vec<Chosen>, names: &BTreeSet<String>) -> Vec<Group> {
    let mut groups: BTreeMap<Vec<Place>, Vec<Chosen>> = BTreeMap::new();
    for chosen in chosen {
        let places = names.iter().map(|name| chosen.index.place(name)).collect();
        groups.entry(places).or_default().push(chosen);
    }
    let named = |places: Vec<Place>| names.iter().cloned().zip(places).collect::<BTreeMap<_, _>>();
    if groups.len() <= FORMS_MAX {
        return groups.into_iter().map(|(places, chosen)| (named(places), chosen)).collect();
    }
    // A column that is nowhere in the scan cannot be named.
    let place = |name: &String| {
        let mut chosen = groups.values().flatten();
        if chosen.any(|chosen| chosen.index.place(name) == Place::Column) {
            Place::Either
        } else {
            Place::Map
        }
    };
    let places = names.iter().map(place).collect();
    vec![(named(places), groups.into_values().flatten().collect())]
}

/// The name of the source field that `expr` is, where `is_fields` knows the column that holds them.
pub(super) fn source_field<'a>(expr: &'a Expr, is_fields: &dyn Fn(usize) -> bool) -> Option<&'a str> {
    let ExprNode::Call(Builtin::SourceField, arguments) = &expr.node else { return None };
    let [fields, name] = arguments.as_slice() else { return None };
    let (ExprNode::Column(place), Some(Value::String(name))) = (&fields.node, name.value()) else {
        return None;
    };
    is_fields(*place).then_some(name)
}

/// Adds the names of all source fields that `expr` asks for.
pub(super) fn names_in(expr: &Expr, is_fields: &dyn Fn(usize) -> bool, names: &mut BTreeSet<String>) {
    if let Some(name) = source_field(expr, is_fields) {
        names.insert(name.to_owned());
        return;
    }
    match &expr.node {
        ExprNode::Call(_, arguments) => {
            arguments.iter().for_each(|argument| names_in(argument, is_fields, names));
        }
        ExprNode::AnyColumn { text, .. } => names_in(text, is_fields, names),
        ExprNode::Column(_) | ExprNode::Literal(_) => {}
    }
}

/// Whether `expr` asks for the map of all source fields, beside single fields.
pub(super) fn wants_map(expr: &Expr, is_fields: &dyn Fn(usize) -> bool) -> bool {
    if source_field(expr, is_fields).is_some() {
        return false;
    }
    match &expr.node {
        ExprNode::Column(place) => is_fields(*place),
        ExprNode::Literal(_) => false,
        ExprNode::Call(_, arguments) => arguments.iter().any(|argument| wants_map(argument, is_fields)),
        ExprNode::AnyColumn { columns, fields, text, .. } => {
            columns.iter().chain(fields).any(|place| is_fields(*place)) || wants_map(text, is_fields)
        }
    }
}
