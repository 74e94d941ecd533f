//! Plans over rows in memory: clear rather than fast, and what every other engine is held against.
//!
//! Law LIMIT: rows, cells and groups are counted, and a question that wants more is refused.

mod aggregate;
mod call;
mod error;
mod halt;
mod join;
mod json;
mod math;
mod network;
mod precedence;
mod reshape;
mod sequence;
mod text;
mod time;
mod value;

use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};

pub(crate) use call::{Regexes, call, compiled};
pub use error::RunError;
pub use halt::Halt;
pub(crate) use json::bytes;
pub use precedence::{GoesFirst, Precedence, should_rest};
pub(crate) use time::{PARTS, UNITS};

use crate::builtin::Builtin;
use crate::plan::{Expr, ExprNode, Node, Op, Plan, SortKey, Value};

/// Longest text or JSON that a function gives, in bytes.
pub const CELL_BYTES_MAX: usize = 256 * 1024;

/// Rows that are sorted at once: a sort looks up between two runs.
const SORT_RUN_ROWS: usize = 1_024;

/// What the interpreter may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimits {
    /// Most rows that an operator may give.
    pub rows_max: usize,
    /// Most values that an operator may give: rows times columns.
    pub cells_max: usize,
    /// Most groups of an aggregate.
    pub groups_max: usize,
    /// Most bytes of texts and JSON that an operator may make.
    pub bytes_max: usize,
}

impl Default for RunLimits {
    fn default() -> Self {
        Self { rows_max: 1_000_000, cells_max: 10_000_000, groups_max: 100_000, bytes_max: 256 << 20 }
    }
}

/// A value for every column.
pub type Row = Vec<Value>;

/// Rows by the names of their tables, with the columns that the catalog says.
pub type Dataset = BTreeMap<String, Vec<Row>>;

/// The rows that answer a plan.
///
/// # Errors
/// [`RunError::TooLarge`] beyond the limits, others when plan and rows do not go together.
pub fn run(plan: &Plan, data: &Dataset, limits: RunLimits) -> Result<Vec<Row>, RunError> {
    run_until(plan, data, limits, &Halt::default())
}

/// The rows that answer a plan, unless `halt` is told before they are all there.
///
/// # Errors
/// As [`run`]; [`RunError::Halted`] when it was told to stop.
pub fn run_until(plan: &Plan, data: &Dataset, limits: RunLimits, halt: &Halt) -> Result<Vec<Row>, RunError> {
    let engine = Engine { data, limits, regexes: Regexes::default(), halt: halt.clone() };
    engine.rows(&plan.root)
}

/// Evaluates expressions row by row.
#[derive(Debug)]
pub struct Evaluator(Engine<'static>);

impl Default for Evaluator {
    fn default() -> Self {
        static NO_ROWS: Dataset = Dataset::new();
        Self(Engine {
            data: &NO_ROWS,
            limits: RunLimits::default(),
            regexes: Regexes::default(),
            halt: Halt::default(),
        })
    }
}

impl Evaluator {
    /// What `expr` is of a row.
    ///
    /// # Errors
    /// When a value becomes too long, or the expression names a column that the row does not have.
    pub fn eval(&self, expr: &Expr, row: &[Value]) -> Result<Value, RunError> {
        self.0.eval(expr, row)
    }
}

#[derive(Debug)]
struct Engine<'a> {
    data: &'a Dataset,
    limits: RunLimits,
    regexes: Regexes,
    halt: Halt,
}

/// A value that can be looked up: equal where values have the same place in the order of all.
#[derive(Debug, Clone)]
struct Key(Row);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let pairs = self.0.iter().zip(&other.0);
        pairs.map(|(one, two)| one.order(two)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

impl Engine<'_> {
    fn rows(&self, node: &Node) -> Result<Vec<Row>, RunError> {
        let rows = match &node.op {
            Op::Scan { table } => {
                self.copied(self.data.get(table).ok_or_else(|| RunError::NoTable { name: table.clone() })?)?
            }
            Op::Values { rows } => self.copied(rows)?,
            Op::Filter { input, condition } => {
                let mut rows = Vec::new();
                for row in self.rows(input)? {
                    self.halt.row()?;
                    if self.eval(condition, &row)?.is_true() {
                        rows.push(row);
                    }
                }
                rows
            }
            Op::Project { input, values } => {
                let mut rows = Vec::new();
                let mut bytes = 0;
                for row in self.rows(input)? {
                    self.halt.row()?;
                    let row: Row =
                        values.iter().map(|value| self.eval(value, &row)).collect::<Result<_, _>>()?;
                    self.grow(&mut bytes, &row)?;
                    rows.push(row);
                }
                rows
            }
            Op::Aggregate { input, keys, aggregates } => {
                self.aggregated(self.rows(input)?, keys, aggregates)?
            }
            Op::Sort { input, keys } => self.sorted(self.rows(input)?, keys)?,
            Op::Take { input, rows } => {
                let mut taken = self.rows(input)?;
                taken.truncate(usize::try_from(*rows).unwrap_or(usize::MAX));
                taken
            }
            Op::Join { kind, left, right, on } => self.joined(*kind, left, right, on)?,
            Op::Union { inputs } => {
                let mut rows = Vec::new();
                for input in inputs {
                    rows.extend(self.rows(input)?);
                    self.check(rows.len(), node)?;
                }
                rows
            }
            Op::Parse { .. } => self.parsed(node)?,
            Op::Expand { .. } => self.expanded(node)?,
            Op::Sequence { .. } => self.sequences(node)?,
        };
        self.check(rows.len(), node)?;
        Ok(rows)
    }

    /// So many rows may be held.
    fn check(&self, rows: usize, node: &Node) -> Result<(), RunError> {
        self.halt.look()?;
        if rows > self.limits.rows_max {
            return Err(RunError::TooLarge { what: "rows", limit: self.limits.rows_max });
        }
        if rows.saturating_mul(node.columns.len()) > self.limits.cells_max {
            return Err(RunError::TooLarge { what: "values", limit: self.limits.cells_max });
        }
        Ok(())
    }

    /// So many bytes may be made.
    fn grow(&self, bytes: &mut usize, row: &Row) -> Result<(), RunError> {
        *bytes = row.iter().map(json::bytes).fold(*bytes, usize::saturating_add);
        if *bytes > self.limits.bytes_max {
            return Err(RunError::TooLarge { what: "bytes", limit: self.limits.bytes_max });
        }
        Ok(())
    }

    fn sorted(&self, rows: Vec<Row>, keys: &[SortKey]) -> Result<Vec<Row>, RunError> {
        let mut keyed = Vec::with_capacity(rows.len());
        for row in rows {
            self.halt.row()?;
            let key: Row = keys.iter().map(|key| self.eval(&key.value, &row)).collect::<Result<_, _>>()?;
            keyed.push((key, row));
        }
        let keyed = self.in_order(keyed, |(one, _), (two, _)| {
            let orders = keys.iter().zip(one.iter().zip(two)).map(|(key, (one, two))| ordered(key, one, two));
            orders.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        })?;
        Ok(keyed.into_iter().map(|(_, row)| row).collect())
    }

    /// Sorted; what is equal stays as it was. In runs that are merged, because a sort of everything cannot be ended.
    fn in_order<T>(&self, values: Vec<T>, order: impl Fn(&T, &T) -> Ordering) -> Result<Vec<T>, RunError> {
        let mut runs = VecDeque::new();
        let mut values = values.into_iter();
        loop {
            self.halt.look()?;
            let mut run: Vec<T> = values.by_ref().take(SORT_RUN_ROWS).collect();
            if run.is_empty() {
                break;
            }
            run.sort_by(&order);
            runs.push_back(run);
        }
        while runs.len() > 1 {
            // Neighbours are merged, so that the runs keep their order.
            let mut merged = VecDeque::with_capacity(runs.len().div_ceil(2));
            while let Some(one) = runs.pop_front() {
                merged.push_back(match runs.pop_front() {
                    Some(two) => self.merged(one, two, &order)?,
                    None => one,
                });
            }
            runs = merged;
        }
        Ok(runs.pop_front().unwrap_or_default())
    }

    fn merged<T>(
        &self,
        one: Vec<T>,
        two: Vec<T>,
        order: &impl Fn(&T, &T) -> Ordering,
    ) -> Result<Vec<T>, RunError> {
        let mut merged = Vec::with_capacity(one.len() + two.len());
        let (mut one, mut two) = (one.into_iter().peekable(), two.into_iter().peekable());
        while let (Some(first), Some(second)) = (one.peek(), two.peek()) {
            self.halt.look()?;
            let next = if order(first, second).is_gt() { two.next() } else { one.next() };
            merged.extend(next);
        }
        merged.extend(one);
        merged.extend(two);
        Ok(merged)
    }

    fn copied(&self, rows: &[Row]) -> Result<Vec<Row>, RunError> {
        let mut copied = Vec::with_capacity(rows.len());
        for row in rows {
            self.halt.look()?;
            copied.push(row.clone());
        }
        Ok(copied)
    }

    fn eval(&self, expr: &Expr, row: &[Value]) -> Result<Value, RunError> {
        match &expr.node {
            ExprNode::Literal(value) => Ok(value.clone()),
            ExprNode::Column(place) => {
                row.get(*place).cloned().ok_or(RunError::BadPlan { what: "a column is not there" })
            }
            ExprNode::Call(builtin, arguments) => {
                if builtin.is_test()
                    && let Some((place, values)) = self.several(arguments, row)?
                {
                    return self.any_value(*builtin, expr, arguments, place, values, row);
                }
                let values: Row =
                    arguments.iter().map(|argument| self.eval(argument, row)).collect::<Result<_, _>>()?;
                call(*builtin, expr.kind, &values, &self.regexes)
            }
            ExprNode::AnyColumn { test, columns, fields, text } => {
                let text = self.eval(text, row)?;
                let plain = columns.iter().filter_map(|column| row.get(*column)).map(Value::text);
                let held = fields.iter().filter_map(|column| row.get(*column)).flat_map(call::all_values);
                for value in plain.chain(held) {
                    let arguments = [Value::String(value), text.clone()];
                    if call(*test, expr.kind, &arguments, &self.regexes)?.is_true() {
                        return Ok(true.into());
                    }
                }
                Ok(false.into())
            }
        }
    }

    /// The first argument that is a source field with several values, which may be converted.
    fn several(&self, arguments: &[Expr], row: &[Value]) -> Result<Option<(usize, Vec<Value>)>, RunError> {
        for (place, argument) in arguments.iter().take(2).enumerate() {
            if let Some(values) = self.field_values(argument, row)?.filter(|values| values.len() > 1) {
                return Ok(Some((place, values)));
            }
        }
        Ok(None)
    }

    fn field_values(&self, expr: &Expr, row: &[Value]) -> Result<Option<Vec<Value>>, RunError> {
        use Builtin::{SourceField, ToBool, ToDateTime, ToLong, ToReal, ToString, ToTimeSpan};
        let ExprNode::Call(builtin, arguments) = &expr.node else { return Ok(None) };
        match (builtin, arguments.as_slice()) {
            (SourceField, [fields, name]) => {
                let (fields, name) = (self.eval(fields, row)?, self.eval(name, row)?);
                Ok(Some(call::source_values(&fields, name.str()).into_iter().map(Value::String).collect()))
            }
            (ToBool | ToDateTime | ToLong | ToReal | ToString | ToTimeSpan, [inner]) => {
                let values = self.field_values(inner, row)?;
                Ok(values.map(|values| values.into_iter().map(|value| value.converted(expr.kind)).collect()))
            }
            _ => Ok(None),
        }
    }

    /// Whether one of the values meets the test; null when none does and one leaves it open.
    fn any_value(
        &self,
        builtin: Builtin,
        expr: &Expr,
        arguments: &[Expr],
        place: usize,
        values: Vec<Value>,
        row: &[Value],
    ) -> Result<Value, RunError> {
        let mut given: Row =
            arguments.iter().map(|argument| self.eval(argument, row)).collect::<Result<_, _>>()?;
        let mut result = Value::Bool(false);
        for value in values {
            if let Some(slot) = given.get_mut(place) {
                *slot = value;
            }
            let found = call(builtin, expr.kind, &given, &self.regexes)?;
            if found.is_true() {
                return Ok(found);
            }
            if found.is_null() {
                result = found;
            }
        }
        Ok(result)
    }
}

fn ordered(key: &SortKey, one: &Value, two: &Value) -> Ordering {
    match (one.is_null(), two.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) if key.nulls_first => Ordering::Less,
        (true, false) => Ordering::Greater,
        (false, true) if key.nulls_first => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) if key.descending => two.order(one),
        (false, false) => one.order(two),
    }
}
