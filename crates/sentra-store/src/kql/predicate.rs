//! Conditions of a plan that the stores' own predicates say, so that statistics, bloom filters and time ranges can be
//! used for them. What is left is evaluated row by row.
//!
//! Predicates are two-valued, KQL knows null. Only comparisons that are never null are taken where a `not` stands above
//! them.

use sentra_kql::Builtin;
use sentra_kql::plan::{Expr, ExprNode, Node, Op, Value};

use super::{SCAN_COLUMNS, marts_of};
use crate::header::{ColumnKind, HeaderColumn};
use crate::{CompareOp, Literal, Predicate};

/// Columns of a header that may have no value.
pub(crate) const NULLABLE: [&str; 3] = ["src_port", "dst_port", "source_position"];

/// What a column of the plan is in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// A header column of text, absent where the language says empty.
    Text(&'static str),
    /// A header column that always has a value.
    Present(&'static str),
    /// A header column that may have none.
    Nullable(&'static str),
    /// The fields of the source.
    Fields,
}

impl Leaf {
    /// What a column of a table of events is.
    pub(crate) fn of(header: &HeaderColumn) -> Self {
        match (header.name, header.kind) {
            (_, ColumnKind::Dynamic) => Self::Fields,
            (name, ColumnKind::String) => Self::Text(name),
            (name, ColumnKind::Long) if NULLABLE.contains(&name) => Self::Nullable(name),
            (name, _) => Self::Present(name),
        }
    }
}

/// What the columns of `node` are in the store, while they are stored columns as they are. Only of operators that
/// leave the events what they are: everything else gives columns of its own.
pub(crate) fn leaves(node: &Node) -> Vec<Option<Leaf>> {
    match &node.op {
        Op::Scan { table } if marts_of(table).is_none_or(|marts| !marts.is_empty()) => {
            SCAN_COLUMNS().iter().map(|header| Some(Leaf::of(header))).collect()
        }
        Op::Filter { input, .. } | Op::Sort { input, .. } | Op::Take { input, .. } => leaves(input),
        Op::Project { input, values } => {
            let below = leaves(input);
            let leaf = |value: &Expr| match &value.node {
                ExprNode::Column(place) => below.get(*place).copied().flatten(),
                _ => None,
            };
            values.iter().map(leaf).collect()
        }
        _ => vec![None; node.columns.len()],
    }
}

/// `expr` as a predicate, where `leaf` says what its columns are.
pub(crate) fn predicate_of(expr: &Expr, leaf: &dyn Fn(usize) -> Option<Leaf>) -> Option<Predicate> {
    translate(expr, leaf, false)
}

fn translate(expr: &Expr, leaf: &dyn Fn(usize) -> Option<Leaf>, negated: bool) -> Option<Predicate> {
    let ExprNode::Call(builtin, arguments) = &expr.node else { return None };
    let all = || arguments.iter().map(|part| translate(part, leaf, negated)).collect::<Option<Vec<_>>>();
    match (builtin, arguments.as_slice()) {
        (Builtin::And, _) => Some(Predicate::And(all()?)),
        (Builtin::Or, _) => Some(Predicate::Or(all()?)),
        (Builtin::Not, [inner]) => Some(Predicate::Not(Box::new(translate(inner, leaf, true)?))),
        (Builtin::IsNotEmpty, [inner]) => exists(inner, leaf),
        (Builtin::IsEmpty, [inner]) => Some(Predicate::Not(Box::new(exists(inner, leaf)?))),
        (Builtin::In | Builtin::InCaseless, [value, values @ ..]) => {
            let field = field(value, leaf).filter(Field::is_text)?;
            let texts = values.iter().map(|value| text(value).map(|text| Literal::Text(text.to_owned())));
            let values = texts.collect::<Option<Vec<_>>>()?;
            Some(Predicate::OneOf { field: field.name, values, caseless: *builtin == Builtin::InCaseless })
        }
        (test, [one, other]) => {
            // What is greater is written as a less with its sides exchanged.
            let (found, with, flipped) = match field(one, leaf) {
                Some(found) => (found, other, false),
                None => (field(other, leaf)?, one, true),
            };
            if !found.is_text() {
                return order(*test, found, with, flipped, negated);
            }
            if flipped && *test != Builtin::Equal {
                return None;
            }
            text_test(*test, found.name, text(with)?)
        }
        _ => None,
    }
}

struct Field {
    name: String,
    leaf: Leaf,
}

impl Field {
    fn is_text(&self) -> bool {
        matches!(self.leaf, Leaf::Text(_) | Leaf::Fields)
    }
}

fn field(expr: &Expr, leaf: &dyn Fn(usize) -> Option<Leaf>) -> Option<Field> {
    match &expr.node {
        ExprNode::Column(place) => {
            let leaf = leaf(*place)?;
            match leaf {
                Leaf::Text(name) | Leaf::Present(name) | Leaf::Nullable(name) => {
                    Some(Field { name: name.to_owned(), leaf })
                }
                Leaf::Fields => None,
            }
        }
        ExprNode::Call(Builtin::SourceField, arguments) => match arguments.as_slice() {
            [fields, name] => {
                let ExprNode::Column(place) = &fields.node else { return None };
                let (Some(Leaf::Fields), Some(Value::String(name))) = (leaf(*place), name.value()) else {
                    return None;
                };
                Some(Field { name: format!("fields.{name}"), leaf: Leaf::Fields })
            }
            _ => None,
        },
        _ => None,
    }
}

/// A text that is not empty: what an empty one means is left to the language.
fn text(expr: &Expr) -> Option<&str> {
    match expr.value() {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}

fn exists(expr: &Expr, leaf: &dyn Fn(usize) -> Option<Leaf>) -> Option<Predicate> {
    let field = field(expr, leaf).filter(|field| matches!(field.leaf, Leaf::Text(_)))?;
    Some(Predicate::Exists { field: field.name })
}

fn text_test(test: Builtin, field: String, text: &str) -> Option<Predicate> {
    let text = text.to_owned();
    Some(match test {
        Builtin::Equal => Predicate::Compare { field, op: CompareOp::Eq, value: Literal::Text(text) },
        Builtin::EqualCaseless => {
            Predicate::Compare { field, op: CompareOp::EqCaseless, value: Literal::Text(text) }
        }
        Builtin::Contains => Predicate::Contains { field, text },
        Builtin::StartsWith => Predicate::StartsWith { field, text },
        Builtin::EndsWith => Predicate::EndsWith { field, text },
        Builtin::Has => Predicate::Has { field, text },
        _ => return None,
    })
}

fn order(test: Builtin, found: Field, with: &Expr, flipped: bool, negated: bool) -> Option<Predicate> {
    let op = match (test, flipped) {
        (Builtin::Equal, _) => CompareOp::Eq,
        (Builtin::Less, false) => CompareOp::Lt,
        (Builtin::LessOrEqual, false) => CompareOp::Le,
        (Builtin::Less, true) => CompareOp::Gt,
        (Builtin::LessOrEqual, true) => CompareOp::Ge,
        _ => return None,
    };
    // Less than nothing is neither true nor false.
    if negated && op != CompareOp::Eq && !matches!(found.leaf, Leaf::Present(_)) {
        return None;
    }
    let value = match with.value()? {
        Value::Long(number) => Literal::Integer(*number),
        Value::DateTime(moment) => Literal::Time(*moment),
        _ => return None,
    };
    Some(Predicate::Compare { field: found.name, op, value })
}
