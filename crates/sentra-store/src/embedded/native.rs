//! What of a plan is done here, and not by the interpreter.

use datafusion::common::JoinType;
use sentra_kql::plan::{Aggregate, Expr, ExprNode, Node, Op};
use sentra_kql::{JoinKind, Kind};

use super::aggregate::{computed, is_key};

/// Whether all of `node` is done here.
pub(super) fn is_native(node: &Node) -> bool {
    match &node.op {
        Op::Scan { .. } => true,
        Op::Filter { input, .. }
        | Op::Project { input, .. }
        | Op::Sort { input, .. }
        | Op::Take { input, .. } => is_native(input),
        Op::Aggregate { input, keys, aggregates } => {
            // What is dynamic may be the map of all fields.
            let is_plain = |key: &Expr| key.kind != Kind::Dynamic || !matches!(key.node, ExprNode::Column(_));
            let is_known = |aggregate: &Aggregate| {
                computed(aggregate).is_some_and(|computed| !computed.is_ordered() || is_events(input))
            };
            aggregates.iter().all(is_known)
                && keys.iter().all(|key| is_key(key.kind) && is_plain(key))
                && is_native(input)
        }
        Op::Join { kind, left, right, on } => {
            join_type(*kind).is_some() && joinable(left, right, on) && is_native(left) && is_native(right)
        }
        _ => false,
    }
}

/// Whether the rows of `node` are events in their own order.
fn is_events(node: &Node) -> bool {
    match &node.op {
        Op::Scan { .. } => true,
        Op::Filter { input, .. } | Op::Project { input, .. } => is_events(input),
        _ => false,
    }
}

/// The kinds of joins that do not depend on the order of rows.
pub(super) fn join_type(kind: JoinKind) -> Option<JoinType> {
    Some(match kind {
        JoinKind::Inner => JoinType::Inner,
        JoinKind::LeftOuter => JoinType::Left,
        JoinKind::RightOuter => JoinType::Right,
        JoinKind::FullOuter => JoinType::Full,
        JoinKind::LeftSemi => JoinType::LeftSemi,
        JoinKind::RightSemi => JoinType::RightSemi,
        JoinKind::LeftAnti => JoinType::LeftAnti,
        JoinKind::RightAnti => JoinType::RightAnti,
        JoinKind::InnerUnique => return None,
    })
}

/// Whether keys are of kinds that DataFusion compares as the language does, and no side holds the map of the fields.
pub(super) fn joinable(left: &Node, right: &Node, on: &[(usize, usize)]) -> bool {
    let is_plain = |node: &Node| node.columns.iter().all(|column| column.kind != Kind::Dynamic);
    let is_key = |(one, other): &(usize, usize)| {
        let kinds = (left.columns.get(*one), right.columns.get(*other));
        matches!(kinds, (Some(one), Some(other)) if one.kind == other.kind && one.kind != Kind::Real)
    };
    is_plain(left) && is_plain(right) && !on.is_empty() && on.iter().all(is_key)
}
