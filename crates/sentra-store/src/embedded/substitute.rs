//! Expressions of a plan put together, so that they are over the columns of a table.

use sentra_kql::plan::{Expr, ExprNode};

/// Most parts of an expression that is put together of those below it; beyond that what is below is computed first.
const EXPRESSION_PARTS_MAX: usize = 2_000;

/// As [`substituted`], of all `exprs`.
pub(super) fn all_substituted(exprs: &[Expr], values: &[Expr]) -> Option<Vec<Expr>> {
    exprs.iter().map(|expr| substituted(expr, values)).collect()
}

/// `expr` over what `values` are made of; nothing where that cannot be said, or would be too much.
pub(super) fn substituted(expr: &Expr, values: &[Expr]) -> Option<Expr> {
    let mut left = EXPRESSION_PARTS_MAX;
    substitute(expr, values, &mut left)
}

fn substitute(expr: &Expr, values: &[Expr], left: &mut usize) -> Option<Expr> {
    *left = left.checked_sub(1)?;
    let node = match &expr.node {
        ExprNode::Column(place) => {
            let value = values.get(*place)?;
            *left = left.checked_sub(parts_of(value))?;
            return Some(value.clone());
        }
        ExprNode::Literal(value) => ExprNode::Literal(value.clone()),
        ExprNode::Call(builtin, arguments) => {
            let arguments = arguments.iter().map(|argument| substitute(argument, values, left));
            ExprNode::Call(*builtin, arguments.collect::<Option<_>>()?)
        }
        ExprNode::AnyColumn { test, columns, fields, text } => {
            let moved = |places: &[usize]| {
                let place = |place: &usize| match values.get(*place)?.node {
                    ExprNode::Column(place) => Some(place),
                    _ => None,
                };
                places.iter().map(place).collect::<Option<Vec<_>>>()
            };
            let text = Box::new(substitute(text, values, left)?);
            ExprNode::AnyColumn { test: *test, columns: moved(columns)?, fields: moved(fields)?, text }
        }
    };
    Some(Expr { kind: expr.kind, node })
}

fn parts_of(expr: &Expr) -> usize {
    match &expr.node {
        ExprNode::Call(_, arguments) => 1 + arguments.iter().map(parts_of).sum::<usize>(),
        ExprNode::AnyColumn { text, .. } => 1 + parts_of(text),
        ExprNode::Column(_) | ExprNode::Literal(_) => 1,
    }
}
