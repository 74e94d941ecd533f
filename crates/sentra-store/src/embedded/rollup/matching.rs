//! Which questions a rollup answers, and what they are over its rows.
//!
//! An aggregate over a table of events is a question for a rollup when everything it groups by, asks for and computes is
//! among what the rollup keeps, and times are named by whole buckets. A stretch of time needs not begin where a bucket
//! does: segments that it cuts in two are asked for their events.

use std::sync::Arc;

use sentra_kql::plan::{Aggregate, Column, Expr, ExprNode, Node, Op, SortKey, Value};
use sentra_kql::run::Row;
use sentra_kql::{AggregateFunction, Builtin, Kind};
use sentra_model::{Mart, Timestamp};

use super::compiled::{Compiled, Span, has_source_field, parts, table_is, time_place};
use super::partial::{Cell, Fold, Partial};
use crate::kql::{SCAN_COLUMNS, marts_of};

/// An aggregate that a rollup can answer, over rows of time, keys, count and values.
#[derive(Debug, Clone)]
pub(super) struct Match {
    pub(super) rollup: Arc<Compiled>,
    /// The table that the question is about.
    pub(super) table: String,
    /// Its marts; `None` for all.
    pub(super) marts: Option<Vec<Mart>>,
    pub(super) span: Span,
    conditions: Vec<Expr>,
    keys: Vec<Expr>,
    aggregates: Vec<Aggregate>,
}

impl Match {
    /// The aggregate, over a table of the rows of the rollup. Groups come in the order of their keys, as the engine
    /// gives them.
    pub(super) fn over(&self, table: &str, columns: &[Column]) -> Node {
        let of_rollup = &self.rollup.plan.columns;
        let mut input = Node { op: Op::Scan { table: table.to_owned() }, columns: of_rollup.clone() };
        for condition in &self.conditions {
            let op = Op::Filter { input: Box::new(input), condition: condition.clone() };
            input = Node { op, columns: of_rollup.clone() };
        }
        let (keys, aggregates) = (self.keys.clone(), self.aggregates.clone());
        let op = Op::Aggregate { input: Box::new(input), keys, aggregates };
        let root = Node { op, columns: columns.to_vec() };
        if self.keys.is_empty() {
            return root;
        }
        let key = |(place, key): (usize, &Expr)| SortKey {
            value: Expr::column(place, key.kind),
            descending: false,
            nulls_first: true,
        };
        let keys = self.keys.iter().enumerate().map(key).collect();
        Node { op: Op::Sort { input: Box::new(root), keys }, columns: columns.to_vec() }
    }

    /// Places among the outputs that are sums of what the rollup keeps.
    pub(super) fn sums(&self) -> Vec<usize> {
        let is_sum = |aggregate: &Aggregate| {
            matches!(aggregate.function, AggregateFunction::Sum | AggregateFunction::SumIf)
        };
        let places = self.aggregates.iter().enumerate();
        places.filter(|(_, one)| is_sum(one)).map(|(place, _)| self.keys.len() + place).collect()
    }
}

/// The rows of a rollup: time, keys, count, values.
pub(super) fn rows_of_partial(rollup: &Compiled, partial: Partial) -> Vec<Row> {
    let mut rows = Vec::with_capacity(partial.rows.len());
    for ((bucket, keys), totals) in partial.rows {
        let mut row = vec![Value::DateTime(Timestamp::from_micros(bucket))];
        row.extend(keys.into_iter().map(value_of_cell));
        row.push(Value::Long(i64::try_from(totals.count).unwrap_or(i64::MAX)));
        let values = totals.values.into_iter().zip(&rollup.values);
        row.extend(values.map(|(value, (_, expr))| match (value, expr.kind) {
            (None, _) => Value::Null,
            (Some(micros), Kind::DateTime) => Value::DateTime(Timestamp::from_micros(micros)),
            (Some(number), _) => Value::Long(number),
        }));
        rows.push(row);
    }
    rows
}

/// The value of a key as it is kept; nothing for one that cannot be.
pub(super) fn cell_of(value: Value) -> Option<Cell> {
    Some(match value {
        Value::Null => Cell::Null,
        Value::Bool(truth) => Cell::Bool(truth),
        Value::Long(number) => Cell::Long(number),
        Value::String(text) => Cell::Text(text),
        _ => return None,
    })
}

fn value_of_cell(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Bool(truth) => Value::Bool(truth),
        Cell::Long(number) => Value::Long(number),
        Cell::Text(text) => Value::String(text),
    }
}

/// What stands below an aggregate, over the columns of its table.
struct Below {
    table: String,
    conditions: Vec<Expr>,
    columns: Vec<Expr>,
}

fn below(node: &Node) -> Option<Below> {
    match &node.op {
        Op::Scan { table } => {
            let columns = node.columns.iter().enumerate();
            let columns = columns.map(|(place, column)| Expr::column(place, column.kind)).collect();
            Some(Below { table: table.clone(), conditions: Vec::new(), columns })
        }
        Op::Filter { input, condition } => {
            let mut below = below(input)?;
            parts(&placed(condition, &below.columns)?, &mut below.conditions);
            Some(below)
        }
        Op::Project { input, values } => {
            let mut below = below(input)?;
            below.columns =
                values.iter().map(|value| placed(value, &below.columns)).collect::<Option<_>>()?;
            Some(below)
        }
        _ => None,
    }
}

/// `expr` with `columns` in place of the columns it names.
fn placed(expr: &Expr, columns: &[Expr]) -> Option<Expr> {
    match &expr.node {
        ExprNode::Column(place) => columns.get(*place).cloned(),
        ExprNode::Literal(_) => Some(expr.clone()),
        ExprNode::Call(builtin, arguments) => {
            let arguments = arguments.iter().map(|argument| placed(argument, columns));
            Some(Expr::call(expr.kind, *builtin, arguments.collect::<Option<_>>()?))
        }
        ExprNode::AnyColumn { .. } => None,
    }
}

/// `node`, an aggregate, as one over the rows of `rollup`; nothing where that does not have what it asks for.
pub(super) fn matched(node: &Node, rollup: &Arc<Compiled>) -> Option<Match> {
    let Op::Aggregate { input, keys, aggregates } = &node.op else { return None };
    let below = below(input)?;
    if !is_table_of_events(input) {
        return None;
    }
    let mut conditions = Vec::new();
    if !table_is(&below.table, rollup.mart.as_ref()) {
        // One over all marts has the mart among its keys.
        let place = rollup.mart_key().filter(|_| rollup.mart.is_none())?;
        let mart = Expr::literal(Kind::String, Value::String(below.table.clone()));
        let key = Expr::column(place + 1, Kind::String);
        conditions.push(Expr::call(Kind::Bool, Builtin::Equal, vec![key, mart]));
    }
    let mut of_filter = rollup.filter.clone();
    let mut span = Span::ALL;
    for condition in &below.conditions {
        if let Some(place) = of_filter.iter().position(|part| part == condition) {
            of_filter.swap_remove(place);
        } else if rollup.filter.contains(condition) {
            // Said twice.
        } else if let Some((first, end)) = times(condition) {
            span = Span { from: span.from.max(first), to: span.to.min(end) };
        } else {
            conditions.push(over_keys(condition, rollup, false)?);
        }
    }
    if !of_filter.is_empty() {
        return None;
    }
    let place = |expr: &Expr| over_keys(&placed(expr, &below.columns)?, rollup, true);
    let keys = keys.iter().map(place).collect::<Option<Vec<_>>>()?;
    let aggregates =
        aggregates.iter().map(|one| aggregate(one, &below.columns, rollup)).collect::<Option<_>>()?;
    let marts = marts_of(&below.table);
    Some(Match { rollup: Arc::clone(rollup), table: below.table, marts, span, conditions, keys, aggregates })
}

/// Whether what is at the bottom has the columns of a table of events.
fn is_table_of_events(node: &Node) -> bool {
    match &node.op {
        Op::Filter { input, .. } | Op::Project { input, .. } => is_table_of_events(input),
        _ => {
            let names = SCAN_COLUMNS().iter().map(|header| header.name);
            node.columns.iter().map(|column| column.name.as_str()).eq(names)
        }
    }
}

/// The half-open stretch of event time that a condition leaves, if it is about nothing else.
fn times(condition: &Expr) -> Option<(i64, i64)> {
    let ExprNode::Call(builtin, arguments) = &condition.node else { return None };
    let [one, two] = arguments.as_slice() else { return None };
    let is_time = |expr: &Expr| expr.node == ExprNode::Column(time_place());
    let moment = |expr: &Expr| match expr.value() {
        Some(Value::DateTime(moment)) => Some(moment.micros()),
        _ => None,
    };
    if is_time(one) {
        let moment = moment(two)?;
        return match builtin {
            Builtin::Less => Some((i64::MIN, moment)),
            Builtin::LessOrEqual => Some((i64::MIN, moment.saturating_add(1))),
            _ => None,
        };
    }
    if is_time(two) {
        let moment = moment(one)?;
        return match builtin {
            Builtin::Less => Some((moment.saturating_add(1), i64::MAX)),
            Builtin::LessOrEqual => Some((moment, i64::MAX)),
            _ => None,
        };
    }
    None
}

/// `expr` over the rows of a rollup: time, keys, count, values. A field of the source may have several values, of which
/// the rollup has the first: it stands for a key by itself only.
fn over_keys(expr: &Expr, rollup: &Compiled, is_whole: bool) -> Option<Expr> {
    if let Some(place) = rollup.keys.iter().position(|key| key == expr)
        && (is_whole || !has_source_field(expr))
    {
        return Some(Expr::column(place + 1, expr.kind));
    }
    match &expr.node {
        ExprNode::Literal(_) => Some(expr.clone()),
        ExprNode::Column(_) | ExprNode::AnyColumn { .. } => None,
        ExprNode::Call(builtin, arguments) => {
            if let [time, rest @ ..] = arguments.as_slice()
                && time.node == ExprNode::Column(time_place())
            {
                if !is_constant_within(*builtin, rest, rollup.grain()) {
                    return None;
                }
                let mut moved = vec![Expr::column(0, Kind::DateTime)];
                moved.extend(rest.iter().cloned());
                return Some(Expr::call(expr.kind, *builtin, moved));
            }
            let moved = arguments.iter().map(|argument| over_keys(argument, rollup, false));
            Some(Expr::call(expr.kind, *builtin, moved.collect::<Option<_>>()?))
        }
    }
}

/// Whether a function of a moment says the same of all moments of a bucket.
fn is_constant_within(builtin: Builtin, rest: &[Expr], grain: i64) -> bool {
    use Builtin::{
        DayOfMonth, DayOfWeek, DayOfYear, EndOfDay, EndOfMonth, EndOfWeek, EndOfYear, GetYear, HourOfDay,
        MonthOfYear, StartOfDay, StartOfMonth, StartOfWeek, StartOfYear, WeekOfYear,
    };
    const HOUR: i64 = 3_600_000_000;
    if rest.iter().any(|argument| argument.value().is_none()) {
        return false;
    }
    match builtin {
        Builtin::Bin => {
            matches!(rest.first().and_then(Expr::value), Some(Value::TimeSpan(size)) if *size > 0 && size % grain == 0)
        }
        HourOfDay => grain <= HOUR,
        StartOfDay | StartOfWeek | StartOfMonth | StartOfYear | EndOfDay | EndOfWeek | EndOfMonth
        | EndOfYear | DayOfWeek | DayOfMonth | DayOfYear | MonthOfYear | GetYear | WeekOfYear => true,
        _ => false,
    }
}

/// An aggregate of events as one of a rollup's rows.
fn aggregate(one: &Aggregate, columns: &[Expr], rollup: &Compiled) -> Option<Aggregate> {
    use AggregateFunction::{Count, CountIf, Dcount, Max, Min, Sum, SumIf};
    let count = 1 + rollup.keys.len();
    let argument = |place: usize| placed(one.arguments.get(place)?, columns);
    let kept = |fold: Fold| {
        let wanted = argument(0)?;
        let place = rollup.values.iter().position(|(known, expr)| *known == fold && *expr == wanted)?;
        Some(Expr::column(count + 1 + place, wanted.kind))
    };
    let of_keys = |place: usize, is_whole| over_keys(&argument(place)?, rollup, is_whole);
    let (function, arguments) = match one.function {
        Count => (Sum, vec![Expr::column(count, Kind::Long)]),
        CountIf => (SumIf, vec![Expr::column(count, Kind::Long), of_keys(0, false)?]),
        Sum => (Sum, vec![kept(Fold::Sum)?]),
        SumIf => (SumIf, vec![kept(Fold::Sum)?, of_keys(1, false)?]),
        Min => (Min, vec![kept(Fold::Min).or_else(|| of_keys(0, true))?]),
        Max => (Max, vec![kept(Fold::Max).or_else(|| of_keys(0, true))?]),
        Dcount => (Dcount, vec![of_keys(0, true)?]),
        _ => return None,
    };
    Some(Aggregate { function, arguments, constants: one.constants.clone(), outputs: one.outputs.clone() })
}
