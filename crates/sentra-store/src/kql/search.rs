//! Questions for single events, or for how many there are: they are answered from the newest end, and what stops them
//! leaves an honest partial answer.

use sentra_kql::plan::{Aggregate, Expr, ExprNode, Node, Op, Plan, SortKey};
use sentra_kql::{AggregateFunction, Builtin};

use super::{leaves, marts_of, predicate_of};
use crate::header::header_column;
use crate::{MartQuery, Predicate, ROWS_MAX, Shape, TimeRange};

/// `plan` as a search, when it is nothing but conditions on the events of a table and the newest of them, or their
/// number; with the columns that are wanted, `None` for [`crate::DEFAULT_COLUMNS`].
#[must_use]
pub fn search_of(plan: &Plan) -> Option<(MartQuery, Option<Vec<String>>)> {
    let (below, columns) = match &plan.root.op {
        Op::Project { input, values } => (input.as_ref(), Some(projected(input, values, &plan.root)?)),
        _ => (&plan.root, None),
    };
    let (shape, below, columns) = match &below.op {
        Op::Take { input, rows } => {
            let rows_max = usize::try_from(*rows).ok().filter(|rows| *rows <= ROWS_MAX)?;
            (Shape::Take { rows_max }, sorted_by_time(input)?, Some(columns?))
        }
        Op::Aggregate { input, keys, aggregates } if keys.is_empty() && columns.is_none() => {
            is_count(aggregates).then_some((Shape::Count, input.as_ref(), None))?
        }
        _ => return None,
    };
    let mut filters = Vec::new();
    let marts = marts_of(conditions(below, &mut filters)?);
    let filter = if filters.len() > 1 { Some(Predicate::And(filters)) } else { filters.pop() };
    Some((MartQuery { marts, filter, shape, range: TimeRange::default() }, columns))
}

/// The names of columns that are taken as they are, under their own names.
fn projected(input: &Node, values: &[Expr], node: &Node) -> Option<Vec<String>> {
    let name = |(value, column): (&Expr, &sentra_kql::plan::Column)| {
        let ExprNode::Column(place) = &value.node else { return None };
        let known = input.columns.get(*place)?;
        (known.name == column.name && header_column(&known.name).is_some()).then(|| known.name.clone())
    };
    values.iter().zip(&node.columns).map(name).collect()
}

/// What is below a sort by time, the newest first: that is the order of the events anyway.
fn sorted_by_time(node: &Node) -> Option<&Node> {
    let Op::Sort { input, keys } = &node.op else { return Some(node) };
    let [SortKey { value, descending: true, .. }] = keys.as_slice() else { return None };
    let ExprNode::Column(place) = &value.node else { return None };
    (input.columns.get(*place)?.name == "time").then_some(input.as_ref())
}

fn is_count(aggregates: &[Aggregate]) -> bool {
    matches!(aggregates, [Aggregate { function: AggregateFunction::Count, arguments, .. }] if arguments.is_empty())
}

/// The table below conditions that all are predicates.
fn conditions<'a>(node: &'a Node, filters: &mut Vec<Predicate>) -> Option<&'a str> {
    match &node.op {
        Op::Scan { table } => Some(table),
        Op::Filter { input, condition } => {
            let table = conditions(input, filters)?;
            let leaves = leaves(input);
            let leaf = |place: usize| leaves.get(place).copied().flatten();
            let mut add = |part: &Expr| predicate_of(part, &leaf).map(|part| filters.push(part));
            match &condition.node {
                ExprNode::Call(Builtin::And, parts) => parts.iter().try_for_each(&mut add)?,
                _ => add(condition)?,
            }
            Some(table)
        }
        _ => None,
    }
}
