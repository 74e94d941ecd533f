//! What a question has to do, by class of work, from its plan and the metadata of what it reads.
//!
//! A base for the estimate: what is only known once it ran, how long each class takes on this machine, is learnt in `cost`.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use sentra_kql::plan::{Aggregate, Expr, ExprNode, Node, Op, Plan};
use sentra_kql::{AggregateFunction, Builtin};
use sentra_store::{PlanEstimate, ScanEstimate, search_of};

/// What most of the time of a question goes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkClass {
    /// That there is a question at all.
    Question,
    /// Narrow columns, and conditions that the store's own statistics help with.
    Scan,
    /// Wide columns: messages, raw lines, and whatever has no column of its own.
    Wide,
    /// Conditions on parts of texts.
    Text,
    /// Conditions and values that are computed row by row.
    Rows,
    /// Regular expressions.
    Regex,
    /// Groups.
    Aggregate,
    /// Values that are gathered.
    Gather,
    /// Order.
    Sort,
    /// What the interpreter does over rows of the stores.
    Interpreter,
    /// Joins and sequences.
    Join,
}

/// How many classes there are.
pub(crate) const CLASSES: usize = WorkClass::Join as usize + 1;

/// The work that a plan is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// What it is expected to take before anything is learnt, in milliseconds.
    pub base_ms: f64,
    /// The same by class of work.
    pub parts: [f64; CLASSES],
    /// Its operators without their constants.
    pub shape: u64,
}

impl Work {
    /// Looking up one event.
    pub(crate) fn of_one_event() -> Self {
        Self::new(&BTreeMap::from([(WorkClass::Question, pace::QUESTION_MS)]), 0)
    }

    fn new(classes: &BTreeMap<WorkClass, f64>, shape: u64) -> Self {
        let mut parts = [0.0; CLASSES];
        for (class, ms) in classes {
            if let Some(part) = parts.get_mut(*class as usize) {
                *part = *ms;
            }
        }
        Self { base_ms: classes.values().sum(), parts, shape }
    }

    /// Both, one after the other.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let shape = self.shape.rotate_left(17) ^ other.shape;
        let mut parts = self.parts;
        parts.iter_mut().zip(other.parts).for_each(|(part, other)| *part += other);
        Self { base_ms: self.base_ms + other.base_ms, parts, shape }
    }
}

/// Milliseconds, of rows those of a million, before anything is learnt.
mod pace {
    /// A question at all.
    pub(super) const QUESTION_MS: f64 = 0.1;
    /// A table that is read.
    pub(super) const TABLE_MS: f64 = 0.7;
    /// A segment that is opened.
    pub(super) const SEGMENT_MS: f64 = 0.1;
    /// Events that are given as they are, with all their columns.
    pub(super) const EVENTS_MS: f64 = 3.0;
    /// A row of a narrow column.
    pub(super) const NARROW_MS: f64 = 2.0;
    /// A row of a wide column.
    pub(super) const WIDE_MS: f64 = 8.0;
    /// A condition that is looked up in the dictionary of a column.
    pub(super) const CONDITION_MS: f64 = 6.0;
    pub(super) const TEXT_MS: f64 = 80.0;
    pub(super) const ROW_FUNCTION_MS: f64 = 80.0;
    pub(super) const REGEX_MS: f64 = 200.0;
    /// How much less of all that is to be done where a dictionary says what rows have in common.
    pub(super) const BY_DICTIONARY: f64 = 0.2;
    pub(super) const GROUPED_MS: f64 = 12.0;
    pub(super) const TOLD_APART_MS: f64 = 6.0;
    pub(super) const GATHERED_MS: f64 = 700.0;
    pub(super) const SORTED_MS: f64 = 20.0;
    pub(super) const SORTED_COLUMN_MS: f64 = 15.0;
    pub(super) const INTERPRETED_MS: f64 = 4_000.0;
    pub(super) const JOINED_MS: f64 = 6_000.0;
}

/// Rows that are read though fewer are wanted.
const BATCH_ROWS: f64 = 2_048.0;

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52, and this is an estimate")]
pub(crate) fn real(number: u64) -> f64 {
    number as f64
}

/// The work of `plan`, whose tables are as `estimate` says.
#[must_use]
pub fn work_of(plan: &Plan, estimate: &PlanEstimate) -> Work {
    let mut sum = Sum {
        is_search: search_of(plan).is_some(),
        given: plan.columns().len(),
        scans: estimate.scans.iter(),
        classes: BTreeMap::new(),
        read: BTreeSet::new(),
        shape: DefaultHasher::new(),
    };
    sum.node(&plan.root, None);
    if is_events(&plan.root) {
        sum.add(WorkClass::Wide, pace::EVENTS_MS);
    }
    sum.add(WorkClass::Question, pace::QUESTION_MS);
    Work::new(&sum.classes, sum.shape.finish())
}

#[derive(Debug)]
struct Sum<'a> {
    /// Whether the store finds the newest of the rows, or their number, without looking at all.
    is_search: bool,
    /// How many columns the answer has.
    given: usize,
    scans: std::slice::Iter<'a, ScanEstimate>,
    classes: BTreeMap<WorkClass, f64>,
    /// Columns of the table that are read already.
    read: BTreeSet<&'a str>,
    shape: DefaultHasher,
}

impl<'a> Sum<'a> {
    fn add(&mut self, class: WorkClass, ms: f64) {
        *self.classes.entry(class).or_default() += ms;
    }

    fn millions(&mut self, class: WorkClass, rows: f64, ms: f64) {
        self.add(class, rows / 1e6 * ms);
    }

    /// Adds what `node` takes when so many of its rows are wanted, or all; gives about how many it has.
    fn node(&mut self, node: &'a Node, wanted: Option<f64>) -> f64 {
        std::mem::discriminant(&node.op).hash(&mut self.shape);
        node.columns.len().hash(&mut self.shape);
        match &node.op {
            Op::Scan { table } => {
                table.hash(&mut self.shape);
                self.scan(wanted)
            }
            Op::Values { rows } => real(rows.len().max(1) as u64),
            Op::Filter { input, condition } => {
                let share = share(condition, input);
                let rows = self.node(input, wanted.map(|wanted| wanted / share.max(0.001)));
                self.expr(condition, input, rows);
                rows * share
            }
            Op::Project { input, values } => {
                let rows = self.node(input, wanted);
                values.iter().for_each(|value| self.expr(value, input, rows));
                rows
            }
            Op::Aggregate { input, keys, aggregates } => self.aggregate(input, keys, aggregates),
            // The newest come first anyway.
            Op::Sort { input, .. } if self.is_search => self.node(input, wanted),
            Op::Sort { input, keys } => {
                let rows = self.node(input, None);
                keys.iter().for_each(|key| self.expr(&key.value, input, rows));
                let columns = node.columns.len().min(self.given + keys.len());
                let columns = real(columns as u64) * pace::SORTED_COLUMN_MS;
                self.millions(WorkClass::Sort, rows, pace::SORTED_MS + columns);
                rows
            }
            Op::Take { input, rows } => {
                let wanted = wanted.map_or(real(*rows), |wanted| wanted.min(real(*rows)));
                self.node(input, Some(wanted)).min(wanted)
            }
            Op::Join { kind, left, right, on } => {
                (kind, on.len()).hash(&mut self.shape);
                let rows = self.node(left, None) + self.node(right, None);
                self.millions(WorkClass::Join, rows, pace::JOINED_MS);
                rows
            }
            Op::Union { inputs } => inputs.iter().map(|input| self.node(input, wanted)).sum(),
            Op::Parse { input, value, .. } => {
                let rows = self.node(input, wanted);
                self.expr(value, input, rows);
                self.millions(WorkClass::Interpreter, rows, pace::REGEX_MS + pace::INTERPRETED_MS);
                rows
            }
            Op::Expand { input, .. } => {
                let rows = self.node(input, wanted);
                self.millions(WorkClass::Interpreter, rows, pace::INTERPRETED_MS);
                rows * 3.0
            }
            Op::Sequence { input, .. } => {
                let rows = self.node(input, None);
                self.millions(WorkClass::Join, rows, pace::JOINED_MS);
                rows * 0.01
            }
        }
    }

    /// The next table.
    fn scan(&mut self, wanted: Option<f64>) -> f64 {
        self.read.clear();
        let Some(scan) = self.scans.next() else { return 1_000.0 };
        let all = real(scan.rows_in_range.saturating_add(scan.memory_rows));
        // From the newest segment on, until there are enough.
        let read = |wanted: f64| if wanted > 0.0 { wanted.max(BATCH_ROWS) } else { 0.0 };
        let rows = wanted.map_or(all, |wanted| all.min(read(wanted)));
        let opened = if all > 0.0 { (real(scan.segments) * rows / all).ceil() } else { 0.0 };
        let table = if wanted == Some(0.0) { 0.0 } else { pace::TABLE_MS };
        self.add(WorkClass::Scan, table + opened * pace::SEGMENT_MS);
        rows
    }

    fn aggregate(&mut self, input: &'a Node, keys: &'a [Expr], aggregates: &'a [Aggregate]) -> f64 {
        let is_number = keys.is_empty() && aggregates.iter().all(|aggregate| aggregate.arguments.is_empty());
        // How many there are within times is mostly known without reading.
        let rows = self.node(input, (is_number && is_by_time(input)).then_some(0.0));
        for key in keys {
            self.expr(key, input, rows);
            let ms = match (is_time_bin(key, input), keys.len()) {
                (true, 1) => pace::GROUPED_MS / 2.0,
                (_, 1) => pace::GROUPED_MS,
                _ => pace::GROUPED_MS * 2.0,
            };
            self.millions(WorkClass::Aggregate, rows, ms);
        }
        for aggregate in aggregates {
            aggregate.function.hash(&mut self.shape);
            aggregate.arguments.iter().for_each(|argument| self.expr(argument, input, rows));
            if let Some((class, ms)) = aggregated(aggregate.function) {
                self.millions(class, rows, ms);
            }
        }
        if keys.is_empty() { 1.0 } else { rows.sqrt().max(1.0) * real(keys.len() as u64) }
    }

    /// Adds what evaluating `expr` for so many rows of `input` takes.
    fn expr(&mut self, expr: &'a Expr, input: &'a Node, rows: f64) {
        match &expr.node {
            ExprNode::Column(place) => {
                place.hash(&mut self.shape);
                let Some(column) = input.columns.get(*place) else { return };
                if self.read.insert(&column.name) {
                    let (class, ms) = match is_wide(expr, input) {
                        true => (WorkClass::Wide, pace::WIDE_MS),
                        false => (WorkClass::Scan, pace::NARROW_MS),
                    };
                    self.millions(class, rows, ms);
                }
            }
            ExprNode::Literal(_) => 0_u8.hash(&mut self.shape),
            // A field that has a column of its own, as frequent ones have.
            ExprNode::Call(Builtin::SourceField, _) => {
                Builtin::SourceField.hash(&mut self.shape);
                self.millions(WorkClass::Scan, rows, pace::NARROW_MS);
            }
            ExprNode::Call(builtin, arguments) => {
                builtin.hash(&mut self.shape);
                let (class, ms) = cost_of(*builtin);
                let is_wide = arguments.iter().any(|argument| is_wide(argument, input));
                self.millions(class, rows, if is_wide { ms } else { ms * pace::BY_DICTIONARY });
                arguments.iter().for_each(|argument| self.expr(argument, input, rows));
            }
            ExprNode::AnyColumn { test, columns, text, .. } => {
                (test, columns.len()).hash(&mut self.shape);
                self.millions(WorkClass::Text, rows, pace::TEXT_MS * 10.0);
                self.expr(text, input, rows);
            }
        }
    }
}

/// Whether a column is part of it whose values are mostly different.
fn is_wide(expr: &Expr, input: &Node) -> bool {
    match &expr.node {
        ExprNode::Column(place) => input.columns.get(*place).is_some_and(|column| {
            matches!(column.name.as_str(), "id" | "message" | "raw" | "fields" | "time" | "received")
        }),
        ExprNode::Call(_, arguments) => arguments.iter().any(|argument| is_wide(argument, input)),
        _ => false,
    }
}

/// Whether these are rows of a table one by one.
fn is_events(node: &Node) -> bool {
    match &node.op {
        Op::Scan { .. } => true,
        Op::Filter { input, .. } | Op::Project { input, .. } | Op::Take { input, .. } => is_events(input),
        _ => false,
    }
}

/// Whether it is the time of events.
fn is_time(expr: &Expr, input: &Node) -> bool {
    let ExprNode::Column(place) = &expr.node else { return false };
    input.columns.get(*place).is_some_and(|column| column.name == "time")
}

fn is_time_bin(expr: &Expr, input: &Node) -> bool {
    let ExprNode::Call(Builtin::Bin, arguments) = &expr.node else { return false };
    arguments.first().is_some_and(|binned| is_time(binned, input))
}

/// Whether nothing but times says which of a table's rows these are.
fn is_by_time(node: &Node) -> bool {
    match &node.op {
        Op::Scan { .. } => true,
        Op::Project { input, .. } => is_by_time(input),
        Op::Filter { input, condition } => is_condition_on_time(condition, input) && is_by_time(input),
        _ => false,
    }
}

fn is_condition_on_time(condition: &Expr, input: &Node) -> bool {
    let ExprNode::Call(builtin, arguments) = &condition.node else { return false };
    match builtin {
        Builtin::And => arguments.iter().all(|part| is_condition_on_time(part, input)),
        Builtin::Less | Builtin::LessOrEqual => arguments.iter().any(|part| is_time(part, input)),
        _ => false,
    }
}

/// What one call takes, and in which class.
fn cost_of(builtin: Builtin) -> (WorkClass, f64) {
    use Builtin::{
        And, Bin, Contains, EndsWith, Equal, EqualCaseless, Has, In, InCaseless, Ipv4InAnyRange, Ipv4InRange,
        Ipv4IsMatch, Ipv4IsPrivate, IsEmpty, IsNotEmpty, Less, LessOrEqual, MatchesRegex, Not, Or,
        StartsWith,
    };
    match builtin {
        And | Or | Not => (WorkClass::Scan, 0.0),
        Equal | Less | LessOrEqual | In | InCaseless | EqualCaseless | IsEmpty | IsNotEmpty | Bin => {
            (WorkClass::Scan, pace::CONDITION_MS)
        }
        Contains | StartsWith | EndsWith | Has => (WorkClass::Text, pace::TEXT_MS),
        MatchesRegex => (WorkClass::Regex, pace::REGEX_MS),
        Ipv4InRange | Ipv4InAnyRange | Ipv4IsMatch | Ipv4IsPrivate => {
            (WorkClass::Rows, pace::ROW_FUNCTION_MS * 4.0)
        }
        _ => (WorkClass::Rows, pace::ROW_FUNCTION_MS),
    }
}

/// What taking a row into one value takes, and in which class; nothing for how many rows there are.
fn aggregated(function: AggregateFunction) -> Option<(WorkClass, f64)> {
    use AggregateFunction::{
        ArgMax, ArgMin, Avg, AvgIf, Count, CountIf, Dcount, DcountIf, MakeList, MakeListIf, MakeSet,
        MakeSetIf, Max, MaxIf, Min, MinIf, Percentile, Percentiles, Sum, SumIf,
    };
    match function {
        Count | CountIf => None,
        Sum | SumIf | Avg | AvgIf | Min | MinIf | Max | MaxIf | ArgMax | ArgMin => {
            Some((WorkClass::Aggregate, pace::GROUPED_MS / 4.0))
        }
        Dcount | DcountIf | Percentile | Percentiles => Some((WorkClass::Aggregate, pace::TOLD_APART_MS)),
        MakeSet | MakeSetIf | MakeList | MakeListIf => Some((WorkClass::Gather, pace::GATHERED_MS)),
        _ => Some((WorkClass::Interpreter, pace::INTERPRETED_MS)),
    }
}

/// Which share of the rows of `input` probably meets a condition. Times are known from metadata, and count as met.
fn share(condition: &Expr, input: &Node) -> f64 {
    use Builtin::{
        And, Contains, EndsWith, Equal, EqualCaseless, Has, In, InCaseless, Less, LessOrEqual, MatchesRegex,
        Not, Or, StartsWith,
    };
    let ExprNode::Call(builtin, arguments) = &condition.node else { return 0.2 };
    match builtin {
        And => arguments.iter().map(|part| share(part, input)).product(),
        Or => arguments.iter().map(|part| share(part, input)).sum::<f64>().min(1.0),
        Not => arguments.first().map_or(1.0, |inner| 1.0 - share(inner, input)),
        Less | LessOrEqual if is_condition_on_time(condition, input) => 1.0,
        Less | LessOrEqual => 0.5,
        Equal | EqualCaseless | In | InCaseless => 0.02,
        Has | Contains | StartsWith | EndsWith | MatchesRegex => 0.05,
        _ => 0.2,
    }
}
