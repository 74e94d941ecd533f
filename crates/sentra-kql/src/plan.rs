//! What a question means, checked and without a word about how to compute it: every engine translates this.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value as Json;

use sentra_model::Timestamp;

use crate::ast::JoinKind;
use crate::builtin::{AggregateFunction, Builtin};
use crate::span::Span;
use crate::value::Kind;

/// A checked question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The last operator; its input is the one before it.
    pub root: Node,
    /// How the answer is best shown, if it was said.
    pub render: Option<Chart>,
    /// What may have been meant otherwise.
    pub notes: Vec<Note>,
}

/// A part of a question that is right but may have been meant otherwise: a name that is read as a field of
/// the source, though a column is called nearly so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The part of the question.
    pub span: Span,
    /// As what it is read.
    pub message: String,
    /// What may have been meant.
    pub hint: String,
}

impl Plan {
    /// The columns of the answer.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.root.columns
    }

    /// The tables that are asked.
    #[must_use]
    pub fn tables(&self) -> BTreeSet<&str> {
        let mut tables = BTreeSet::new();
        let mut nodes = vec![&self.root];
        while let Some(node) = nodes.pop() {
            match &node.op {
                Op::Scan { table } => {
                    tables.insert(table.as_str());
                }
                Op::Values { .. } => {}
                Op::Join { left, right, .. } => nodes.extend([left.as_ref(), right]),
                Op::Union { inputs } => nodes.extend(inputs),
                Op::Filter { input, .. }
                | Op::Project { input, .. }
                | Op::Aggregate { input, .. }
                | Op::Sort { input, .. }
                | Op::Take { input, .. }
                | Op::Parse { input, .. }
                | Op::Expand { input, .. }
                | Op::Sequence { input, .. } => nodes.push(input),
            }
        }
        tables
    }
}

/// How an answer is best shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chart {
    /// The kind of picture: `timechart`, `table`, `piechart` …
    pub kind: String,
    /// What else was said about it.
    pub properties: Vec<(String, Vec<String>)>,
}

/// A column of a table or of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub kind: Kind,
    /// Whether it holds the fields of the source, which are reached by their own names.
    pub holds_fields: bool,
}

impl Column {
    /// A column that holds no fields of the source.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self { name: name.into(), kind, holds_fields: false }
    }

    /// The column that holds the fields of the source.
    pub fn fields(name: impl Into<String>) -> Self {
        Self { name: name.into(), kind: Kind::Dynamic, holds_fields: true }
    }
}

/// An operator and the columns of the rows that it gives.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Node {
    /// Which.
    pub op: Op,
    /// The columns.
    pub columns: Vec<Column>,
}

/// The operators of a plan. Columns of an input are meant by their place in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Op {
    /// All rows of a table.
    Scan {
        /// Its name.
        table: String,
    },
    /// These rows.
    Values {
        /// A value for every column.
        rows: Vec<Vec<Value>>,
    },
    /// Rows for which the condition is true; null is not true.
    Filter {
        /// Where rows come from.
        input: Box<Node>,
        /// The condition.
        condition: Expr,
    },
    /// One value for every column.
    Project {
        /// Where rows come from.
        input: Box<Node>,
        /// The values.
        values: Vec<Expr>,
    },
    /// One row for every combination of keys, with nulls as a value of their own; without keys one row, of
    /// no rows too. Columns are the keys, then the outputs of the aggregates in order.
    Aggregate {
        /// Where rows come from.
        input: Box<Node>,
        /// For each what.
        keys: Vec<Expr>,
        /// What is computed.
        aggregates: Vec<Aggregate>,
    },
    /// Sorted; rows that are equal by the keys remain in their order.
    Sort {
        /// Where rows come from.
        input: Box<Node>,
        /// By what.
        keys: Vec<SortKey>,
    },
    /// The first so many rows.
    Take {
        /// Where rows come from.
        input: Box<Node>,
        /// How many.
        rows: u64,
    },
    /// Pairs of rows whose keys are equal; a null key equals none. Columns are those of the left side, then
    /// those of the right; of a semi or anti join those of the one side only. What has no partner is
    /// filled with nulls, texts with empty ones.
    Join {
        /// Which pairs.
        kind: JoinKind,
        /// The left side.
        left: Box<Node>,
        /// The right side.
        right: Box<Node>,
        /// Places of columns of either side that must be equal.
        on: Vec<(usize, usize)>,
    },
    /// All rows of inputs that have the same columns.
    Union {
        /// The inputs.
        inputs: Vec<Node>,
    },
    /// Groups of a regular expression that spans the whole text become columns after those of the input.
    Parse {
        /// Where rows come from.
        input: Box<Node>,
        /// The text.
        value: Expr,
        /// The regular expression with one group for each output.
        regex: String,
        /// What the groups become.
        outputs: Vec<Kind>,
        /// Whether a group that is not of its kind is null by itself. If not, the row does not fit: all
        /// outputs are null.
        relaxed: bool,
        /// Whether rows that do not fit are left out.
        only_matching: bool,
    },
    /// For each value of a list one row, with the columns of the input, then the values, then the place
    /// from 0 if asked for. Several lists go side by side, shorter ones filled with nulls. A bag gives a
    /// bag for each key. What is no list gives one row; an empty list none.
    Expand {
        /// Where rows come from.
        input: Box<Node>,
        /// The lists, and what the values become; a value that is not of the kind is null.
        lists: Vec<(Expr, Kind)>,
        /// Whether the place in the list is given.
        with_index: bool,
        /// Most rows from one.
        limit: Option<u64>,
    },
    /// Events in order of time with the same keys, of which each meets the next condition. Columns are the
    /// keys, then `first`, `last` (moments) and `events` (the ids, if there is a column `id`, else the
    /// moments). Rows with an empty or null key take no part. See `docs/query-language.md`.
    Sequence {
        /// Where rows come from.
        input: Box<Node>,
        /// Places of the columns that must be the same.
        keys: Vec<usize>,
        /// Place of the moment.
        time: usize,
        /// Place of what names a row.
        id: usize,
        /// The longest time from the first event to the last, in microseconds.
        maxspan: Option<i64>,
        /// The conditions, at least two.
        steps: Vec<Expr>,
        /// What ends a sequence that is not complete.
        until: Option<Expr>,
    },
}

/// An aggregate and its columns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Aggregate {
    /// Which.
    pub function: AggregateFunction,
    /// What it is computed of. Of `arg_max` and `arg_min` the first is the value that is compared.
    pub arguments: Vec<Expr>,
    /// Constants: percents of percentiles, the limit of sets and lists.
    pub constants: Vec<f64>,
    /// What it gives: one column, or several of `percentiles`, `arg_max` and `arg_min`.
    pub outputs: Vec<Column>,
}

/// By what rows are sorted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SortKey {
    /// The value.
    pub value: Expr,
    /// Whether the greatest comes first.
    pub descending: bool,
    /// Whether nulls come before everything.
    pub nulls_first: bool,
}

/// A typed expression.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Expr {
    /// The kind of its value.
    pub kind: Kind,
    /// What it is.
    pub node: ExprNode,
}

/// The kinds of expressions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum ExprNode {
    /// The column at this place of the input.
    Column(usize),
    /// A value.
    Literal(Value),
    /// A call. Arguments are of the kinds that the function takes.
    Call(Builtin, Vec<Expr>),
    /// A test of texts (`Has`, `Equal` …) that one of the columns must meet, each as text.
    AnyColumn {
        /// The test, which takes a column and the text.
        test: Builtin,
        /// Places of the columns.
        columns: Vec<usize>,
        /// Places of columns that hold fields of the source: every value of a field is tested by itself.
        fields: Vec<usize>,
        /// The text.
        text: Box<Expr>,
    },
}

impl Expr {
    /// A value.
    #[must_use]
    pub fn literal(kind: Kind, value: Value) -> Self {
        Self { kind, node: ExprNode::Literal(value) }
    }

    /// A column.
    #[must_use]
    pub fn column(place: usize, kind: Kind) -> Self {
        Self { kind, node: ExprNode::Column(place) }
    }

    /// A call.
    #[must_use]
    pub fn call(kind: Kind, builtin: Builtin, arguments: Vec<Self>) -> Self {
        Self { kind, node: ExprNode::Call(builtin, arguments) }
    }

    /// The value, if it is one.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        match &self.node {
            ExprNode::Literal(value) => Some(value),
            _ => None,
        }
    }
}

/// A value of a column or of an expression.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// Nothing. A text is never null.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Long(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text.
    String(String),
    /// A moment.
    DateTime(Timestamp),
    /// A span of time in microseconds.
    TimeSpan(i64),
    /// JSON, but not null: that is [`Value::Null`].
    Dynamic(Json),
}

/// A table that can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// What is in it, for help texts.
    pub title: String,
    /// Its columns.
    pub columns: Vec<Column>,
}

/// The tables that can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Catalog {
    /// The tables.
    pub tables: Vec<Table>,
}

impl Catalog {
    /// The table called `name`.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }
}
