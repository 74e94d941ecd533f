//! What a question is expected to cost: work by class of operator, from metadata alone, and a pace for each that is
//! learnt from what questions really took.
//!
//! The base is a sum over the plan (bytes read, rows tested, rows handed to the interpreter …). How far it is off on this
//! machine is learnt as a factor for every class of work, from all questions that had some of it; and for every shape of
//! a question (its operators without their constants), because the same hunt comes back every day. Both are bounded.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use sentra_kql::plan::{Expr, ExprNode, Node, Op, Plan};
use sentra_kql::{AggregateFunction, Builtin};
use sentra_store::{PlanEstimate, ScanEstimate};

use crate::answer::Estimate;

/// Shapes of questions whose pace is remembered; of more, the ones not asked for longest go.
pub const SHAPES_MAX: usize = 4_096;
/// Weight of the latest of many questions.
const WEIGHT_MIN: f64 = 0.2;
/// How far off the base may be as long as nothing is known, as a power of e.
const SPREAD_UNKNOWN: f64 = 0.9;
/// The least spread that is ever promised.
const SPREAD_MIN: f64 = 0.15;
/// Of a normal distribution, nine of ten on either side.
const NINE_OF_TEN: f64 = 1.2816;
/// How much of what a question was off goes into the paces of its work.
const PACE_STEP: f64 = 0.5;
/// How far a pace may be from what it was at first, as a power of e: within a factor of about 400.
const PACE_OFF_MAX: f64 = 6.0;
/// A question that took less than this says nothing about the pace.
const TOOK_MS_MIN: f64 = 0.05;

/// What most of the time of a question goes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkClass {
    /// That there is a question at all.
    Question,
    /// One event, or the newest few.
    Newest,
    /// Conditions that the store's own statistics help with.
    Scan,
    /// Conditions and values that are computed row by row.
    Rows,
    /// Regular expressions.
    Regex,
    /// Groups.
    Aggregate,
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

/// Milliseconds of a million of each, before anything is learnt.
mod pace {
    /// A question at all.
    pub(super) const QUESTION_MS: f64 = 2.0;
    /// A segment that is opened.
    pub(super) const SEGMENT_MS: f64 = 0.4;
    /// Bytes of segments whose columns are all needed.
    pub(super) const MEBIBYTE_MS: f64 = 4.0;
    pub(super) const ROW_MS: f64 = 12.0;
    pub(super) const ROW_FUNCTION_MS: f64 = 700.0;
    pub(super) const REGEX_MS: f64 = 1_500.0;
    pub(super) const GROUPED_MS: f64 = 60.0;
    pub(super) const SORTED_MS: f64 = 150.0;
    pub(super) const INTERPRETED_MS: f64 = 4_000.0;
    pub(super) const JOINED_MS: f64 = 6_000.0;
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52, and this is an estimate")]
fn real(number: u64) -> f64 {
    number as f64
}

/// The work of `plan`, whose tables are as `estimate` says.
#[must_use]
pub fn work_of(plan: &Plan, estimate: &PlanEstimate, newest: bool) -> Work {
    let mut sum = Sum::default();
    let mut scans = estimate.scans.iter();
    let mut shape = DefaultHasher::new();
    sum.node(&plan.root, &mut scans, &mut shape);
    let mut classes = sum.classes;
    if newest {
        // The newest rows are in the newest segments, which are opened first.
        let total: f64 = classes.values().sum();
        classes = BTreeMap::from([(WorkClass::Newest, total.min(total.sqrt() * 3.0))]);
    }
    classes.insert(WorkClass::Question, pace::QUESTION_MS);
    Work::new(&classes, shape.finish())
}

#[derive(Debug, Default)]
struct Sum {
    classes: BTreeMap<WorkClass, f64>,
}

impl Sum {
    fn add(&mut self, class: WorkClass, ms: f64) {
        *self.classes.entry(class).or_default() += ms;
    }

    fn millions(&mut self, class: WorkClass, rows: f64, ms: f64) {
        self.add(class, rows / 1e6 * ms);
    }

    /// Adds what `node` takes; gives about how many rows it has.
    fn node<'a>(
        &mut self,
        node: &Node,
        scans: &mut impl Iterator<Item = &'a ScanEstimate>,
        shape: &mut DefaultHasher,
    ) -> f64 {
        std::mem::discriminant(&node.op).hash(shape);
        node.columns.len().hash(shape);
        match &node.op {
            Op::Scan { table } => {
                table.hash(shape);
                scans.next().map_or(1_000.0, |scan| self.scan(scan))
            }
            Op::Values { rows } => rows.len().max(1) as f64,
            Op::Filter { input, condition } => {
                let rows = self.node(input, scans, shape);
                self.expr(condition, rows, shape);
                rows * share(condition)
            }
            Op::Project { input, values } => {
                let rows = self.node(input, scans, shape);
                values.iter().for_each(|value| self.expr(value, rows, shape));
                rows
            }
            Op::Aggregate { input, keys, aggregates } => {
                let rows = self.node(input, scans, shape);
                keys.iter().for_each(|key| self.expr(key, rows, shape));
                for aggregate in aggregates {
                    aggregate.function.hash(shape);
                    aggregate.arguments.iter().for_each(|argument| self.expr(argument, rows, shape));
                    let (class, ms) = match is_native(aggregate.function) {
                        true => (WorkClass::Aggregate, pace::GROUPED_MS),
                        false => (WorkClass::Interpreter, pace::INTERPRETED_MS),
                    };
                    self.millions(class, rows, ms);
                }
                #[expect(clippy::cast_precision_loss, reason = "keys are few")]
                let keys = keys.len() as f64;
                if keys == 0.0 { 1.0 } else { rows.powf(0.5).max(1.0) * keys }
            }
            Op::Sort { input, .. } => {
                let rows = self.node(input, scans, shape);
                self.millions(WorkClass::Sort, rows, pace::SORTED_MS);
                rows
            }
            Op::Take { input, rows } => self.node(input, scans, shape).min(real(*rows)),
            Op::Join { kind, left, right, on } => {
                (kind, on.len()).hash(shape);
                let rows = self.node(left, scans, shape) + self.node(right, scans, shape);
                self.millions(WorkClass::Join, rows, pace::JOINED_MS);
                rows
            }
            Op::Union { inputs } => inputs.iter().map(|input| self.node(input, scans, shape)).sum(),
            Op::Parse { input, value, .. } => {
                let rows = self.node(input, scans, shape);
                self.expr(value, rows, shape);
                self.millions(WorkClass::Regex, rows, pace::REGEX_MS + pace::INTERPRETED_MS);
                rows
            }
            Op::Expand { input, .. } => {
                let rows = self.node(input, scans, shape);
                self.millions(WorkClass::Interpreter, rows, pace::INTERPRETED_MS);
                rows * 3.0
            }
            Op::Sequence { input, .. } => {
                let rows = self.node(input, scans, shape);
                self.millions(WorkClass::Join, rows, pace::JOINED_MS);
                rows * 0.01
            }
        }
    }

    fn scan(&mut self, scan: &ScanEstimate) -> f64 {
        self.add(WorkClass::Scan, real(scan.segments) * pace::SEGMENT_MS);
        self.add(WorkClass::Scan, real(scan.bytes) / 1_048_576.0 * pace::MEBIBYTE_MS / 8.0);
        self.millions(WorkClass::Scan, real(scan.rows + scan.memory_rows), pace::ROW_MS);
        real(scan.rows_in_range + scan.memory_rows)
    }

    /// Adds what evaluating `expr` for so many rows takes.
    fn expr(&mut self, expr: &Expr, rows: f64, shape: &mut DefaultHasher) {
        match &expr.node {
            ExprNode::Column(place) => place.hash(shape),
            ExprNode::Literal(_) => 0_u8.hash(shape),
            ExprNode::Call(builtin, arguments) => {
                builtin.hash(shape);
                let (class, ms) = cost_of(*builtin);
                self.millions(class, rows, ms);
                arguments.iter().for_each(|argument| self.expr(argument, rows, shape));
            }
            ExprNode::AnyColumn { test, columns, text, .. } => {
                (test, columns.len()).hash(shape);
                self.millions(WorkClass::Rows, rows, pace::ROW_FUNCTION_MS * 4.0);
                self.expr(text, rows, shape);
            }
        }
    }
}

/// What one call takes, and in which class.
fn cost_of(builtin: Builtin) -> (WorkClass, f64) {
    use Builtin::{
        And, Bin, Contains, EndsWith, Equal, EqualCaseless, Has, In, InCaseless, IsEmpty, IsNotEmpty, Less,
        LessOrEqual, MatchesRegex, Not, Or, SourceField, StartsWith,
    };
    match builtin {
        And | Or | Not => (WorkClass::Scan, 1.0),
        Equal | Less | LessOrEqual | In | InCaseless | EqualCaseless | IsEmpty | IsNotEmpty | Bin => {
            (WorkClass::Scan, 10.0)
        }
        Contains | StartsWith | EndsWith | Has => (WorkClass::Scan, 60.0),
        SourceField => (WorkClass::Scan, 120.0),
        MatchesRegex => (WorkClass::Regex, pace::REGEX_MS),
        _ => (WorkClass::Rows, pace::ROW_FUNCTION_MS),
    }
}

fn is_native(function: AggregateFunction) -> bool {
    use AggregateFunction::{
        ArgMax, ArgMin, Avg, AvgIf, Count, CountIf, Dcount, DcountIf, MakeList, MakeListIf, MakeSet,
        MakeSetIf, Max, MaxIf, Min, MinIf, Percentile, Percentiles, Sum, SumIf,
    };
    let of_numbers = matches!(function, Sum | SumIf | Avg | AvgIf | Min | MinIf | Max | MaxIf);
    let of_values =
        matches!(function, MakeSet | MakeSetIf | MakeList | MakeListIf | Percentile | Percentiles);
    let counted = matches!(function, Count | CountIf | Dcount | DcountIf);
    of_numbers || of_values || counted || matches!(function, ArgMax | ArgMin)
}

/// Which share of rows probably meets a condition. Times are known from metadata, and count as met.
fn share(condition: &Expr) -> f64 {
    use Builtin::{
        And, Contains, EndsWith, Equal, EqualCaseless, Has, In, InCaseless, Less, LessOrEqual, MatchesRegex,
        Not, Or, StartsWith,
    };
    let ExprNode::Call(builtin, arguments) = &condition.node else { return 0.2 };
    match builtin {
        And => arguments.iter().map(share).product(),
        Or => arguments.iter().map(share).sum::<f64>().min(1.0),
        Not => arguments.first().map_or(1.0, |inner| 1.0 - share(inner)),
        Less | LessOrEqual => 0.9,
        Equal | EqualCaseless | In | InCaseless => 0.1,
        Has | Contains | StartsWith | EndsWith | MatchesRegex => 0.1,
        _ => 0.3,
    }
}

/// How far the base was off: the mean of the logarithm, and how it spreads.
#[derive(Debug, Clone, Copy, Default)]
struct Learnt {
    times: u64,
    mean: f64,
    variance: f64,
    /// When it was last asked, counted in questions.
    asked: u64,
}

impl Learnt {
    fn learn(&mut self, off: f64, asked: u64) {
        self.times = self.times.saturating_add(1);
        self.asked = asked;
        let weight = (1.0 / real(self.times)).max(WEIGHT_MIN);
        let moved = off - self.mean;
        self.mean += weight * moved;
        self.variance = (1.0 - weight) * (self.variance + weight * moved * moved);
    }
}

/// The pace of this machine, as far as it is known.
#[derive(Debug, Default)]
pub struct CostModel {
    asked: u64,
    /// How much slower than at first every class of work is, as a power of e.
    paces: [f64; CLASSES],
    /// How far questions were from what the paces said.
    by_paces: Learnt,
    shapes: BTreeMap<u64, Learnt>,
}

impl CostModel {
    /// What `work` is expected to take: probably, and from where to where nine of ten on either side.
    #[must_use]
    pub fn expect(&self, work: &Work) -> (f64, f64, f64) {
        let of_shape = self.shapes.get(&work.shape).filter(|learnt| learnt.times > 0);
        let (expected, spread) = match of_shape {
            Some(shape) => {
                // After one question of this shape, little is known about how it varies.
                let unsure = SPREAD_UNKNOWN / 2.0 / real(shape.times);
                (work.base_ms * shape.mean.exp(), shape.variance.sqrt() + unsure)
            }
            None => {
                let learnt = &self.by_paces;
                let unsure = SPREAD_UNKNOWN / real(learnt.times.max(1));
                (self.paced(work), learnt.variance.sqrt().max(SPREAD_UNKNOWN / 3.0) + unsure)
            }
        };
        let spread = spread.max(SPREAD_MIN) * NINE_OF_TEN;
        (expected, expected * (-spread).exp(), expected * spread.exp())
    }

    /// What `work` takes by the paces of its parts.
    fn paced(&self, work: &Work) -> f64 {
        work.parts.iter().zip(self.paces).map(|(ms, pace)| ms * pace.exp()).sum()
    }

    /// Moves the paces by how far they were off, each by its part in the whole.
    fn learn_paces(&mut self, work: &Work, took_ms: f64) {
        let expected = self.paced(work);
        if expected < TOOK_MS_MIN {
            return;
        }
        let off = (took_ms / expected).ln();
        self.by_paces.learn(off, self.asked);
        let shares = work.parts.iter().zip(self.paces).map(|(ms, pace)| ms * pace.exp() / expected);
        let shares: Vec<f64> = shares.collect();
        let squared: f64 = shares.iter().map(|share| share * share).sum();
        if squared > 0.0 {
            for (pace, share) in self.paces.iter_mut().zip(shares) {
                *pace = (*pace + PACE_STEP * off * share / squared).clamp(-PACE_OFF_MAX, PACE_OFF_MAX);
            }
        }
    }

    /// What a question is expected to cost as a whole.
    #[must_use]
    pub fn estimate(&self, work: &Work, plan: &PlanEstimate) -> Estimate {
        let (expected_ms, low_ms, high_ms) = self.expect(work);
        Estimate {
            segments: plan.segments(),
            rows: plan.rows(),
            bytes: plan.bytes(),
            expected_ms,
            low_ms,
            high_ms,
        }
    }

    /// `work` took so long.
    pub fn learn(&mut self, work: &Work, took_ms: f64) {
        self.asked = self.asked.saturating_add(1);
        let off = (took_ms.max(TOOK_MS_MIN) / work.base_ms.max(TOOK_MS_MIN)).ln();
        self.learn_paces(work, took_ms.max(TOOK_MS_MIN));
        if !self.shapes.contains_key(&work.shape) && self.shapes.len() >= SHAPES_MAX {
            let oldest = self.shapes.iter().min_by_key(|(_, learnt)| learnt.asked).map(|(shape, _)| *shape);
            oldest.map(|oldest| self.shapes.remove(&oldest));
        }
        self.shapes.entry(work.shape).or_default().learn(off, self.asked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(shape: u64, base_ms: f64) -> Work {
        let mut parts = [0.0; CLASSES];
        parts[WorkClass::Scan as usize] = base_ms;
        Work { base_ms, parts, shape }
    }

    #[test]
    fn the_pace_is_learnt_by_class_and_then_by_shape() {
        let mut model = CostModel::default();
        let (expected, low, high) = model.expect(&work(1, 10.0));
        assert!(expected == 10.0 && low < 4.0 && high > 25.0, "{low} {expected} {high}");
        (0..10).for_each(|_| model.learn(&work(1, 10.0), 40.0));
        let (expected, low, high) = model.expect(&work(1, 20.0));
        assert!((expected - 80.0).abs() < 1.0, "four times the base");
        assert!(low > 40.0 && high < 160.0, "and within a factor of two: {low} {high}");
        let (of_another, ..) = model.expect(&work(2, 20.0));
        assert!((of_another - 80.0).abs() < 1.0, "another shape of the class goes by its class");
    }

    /// Questions that are sums of two kinds of work, each with a pace of its own that nobody was told.
    #[test]
    fn paces_are_learnt_from_questions_that_mix_them() {
        let mixed = |shape: u64| {
            let mut parts = [0.0; CLASSES];
            parts[WorkClass::Scan as usize] = (shape * 37 % 50) as f64 + 1.0;
            parts[WorkClass::Regex as usize] = (shape * 53 % 90) as f64 + 1.0;
            Work { base_ms: parts.iter().sum(), parts, shape }
        };
        let took = |work: &Work| {
            work.parts[WorkClass::Scan as usize] * 4.0 + work.parts[WorkClass::Regex as usize] / 10.0
        };
        let mut model = CostModel::default();
        for shape in 0..60 {
            let work = mixed(shape);
            model.learn(&work, took(&work));
        }
        let held_out: Vec<Work> = (1_000..1_100).map(mixed).collect();
        let is_within = |work: &&Work| {
            let (expected, ..) = model.expect(work);
            (0.5..=2.0).contains(&(expected / took(work)))
        };
        let within = held_out.iter().filter(is_within).count();
        assert!(within >= 90, "{within} of 100 within a factor of two");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut model = CostModel::default();
        for shape in 0..SHAPES_MAX as u64 + 10 {
            model.learn(&work(shape, 1.0), 2.0);
        }
        assert_eq!(model.shapes.len(), SHAPES_MAX);
        assert!(!model.shapes.contains_key(&0) && model.shapes.contains_key(&(SHAPES_MAX as u64)));
    }
}
