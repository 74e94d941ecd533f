//! A declared rollup, read and ready to be filled and asked.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use sentra_kql::plan::{Expr, ExprNode, Node, Op, Value};
use sentra_kql::{AggregateFunction, Builtin, CheckOptions, Kind, check, parse};
use sentra_model::{Mart, ROLLUP_AGGREGATES_MAX, ROLLUP_KEYS_MAX, RollupDefinition, Timestamp};

use super::partial::Fold;
use crate::StoreError;
use crate::event_condition::{condition, fields_of, leaf, names_all_fields};
use crate::kql::{EVENTS_TABLE, Leaf, SCAN_COLUMNS, event_catalog, marts_of};

/// A rollup that can be filled and asked.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) definition: RollupDefinition,
    /// `None` for all marts; then the mart is its first key.
    pub(crate) mart: Option<Mart>,
    /// The parts of its filter, over the columns of a table of events.
    pub(crate) filter: Vec<Expr>,
    /// What it groups by beside the time, over the columns of a table of events.
    pub(crate) keys: Vec<Expr>,
    /// What it keeps beside the count.
    pub(crate) values: Vec<(Fold, Expr)>,
    /// The same as a plan over the events: its rows are time, keys, count, values.
    pub(crate) plan: Node,
    /// What its parts are kept under: the same for declarations that count the same.
    pub(crate) fingerprint: String,
    /// Questions that it answered since it was declared to this process.
    pub(crate) answers: AtomicU64,
}

impl Compiled {
    pub(crate) fn new(definition: &RollupDefinition) -> Result<Arc<Self>, StoreError> {
        let refuse = |why: String| StoreError::Plan { why: format!("the rollup {}: {why}", definition.name) };
        let mut definition = definition.clone();
        Mart::registered(&definition.name).map_err(|_| {
            refuse("its name is 1 to 63 of a-z, 0-9, - and _, and no table of the platform".to_owned())
        })?;
        if definition.keys.len() > ROLLUP_KEYS_MAX || definition.aggregates.len() > ROLLUP_AGGREGATES_MAX {
            let why = format!("at most {ROLLUP_KEYS_MAX} keys and {ROLLUP_AGGREGATES_MAX} aggregates");
            return Err(refuse(why));
        }
        let is_over_all = definition.mart == EVENTS_TABLE;
        if is_over_all && !definition.keys.iter().any(|key| key == "mart") {
            definition.keys.insert(0, "mart".to_owned());
        }
        let mart = match definition.mart.as_str() {
            EVENTS_TABLE => None,
            name => Some(
                Mart::named(name)
                    .map_or_else(|| Mart::registered(name), Ok)
                    .map_err(|error| refuse(error.to_string()))?,
            ),
        };
        let has_filter = !definition.filter.trim().is_empty();
        let (condition_of, mut filter) = (definition.filter.as_str(), Vec::new());
        if has_filter {
            let said = |problem: crate::ConditionProblem| {
                refuse(format!("its filter, column {}: {problem}", problem.column))
            };
            parts(&condition(condition_of).map_err(said)?, &mut filter);
        }
        let mut plan = plan_of(&definition, has_filter).map_err(&refuse)?;
        let Op::Aggregate { input, keys, aggregates } = &plan.op else {
            return Err(refuse("its keys and aggregates are no expressions".to_owned()));
        };
        if !is_of_events(input) {
            return Err(refuse("its keys and aggregates are no expressions".to_owned()));
        }
        let is_whole =
            keys.len() == definition.keys.len() + 1 && aggregates.len() == definition.aggregates.len() + 1;
        if !is_whole {
            return Err(refuse("name each key and each aggregate by itself".to_owned()));
        }
        let keys: Vec<Expr> = keys.iter().skip(1).cloned().collect();
        for (key, text) in keys.iter().zip(&definition.keys) {
            let is_plain = matches!(key.kind, Kind::String | Kind::Long | Kind::Bool);
            if !is_plain || names_all_fields(key) || key.value().is_some() || is_raw(key) {
                return Err(refuse(format!(
                    "{text} is no key: name a column of texts, whole numbers or truth values"
                )));
            }
        }
        let mut values = Vec::new();
        for (aggregate, text) in aggregates.iter().skip(1).zip(&definition.aggregates) {
            let argument = aggregate.arguments.first();
            let fold = match (aggregate.function, argument.map(|argument| argument.kind)) {
                (AggregateFunction::Sum, Some(Kind::Long)) => Fold::Sum,
                (AggregateFunction::Min, Some(Kind::Long | Kind::DateTime)) => Fold::Min,
                (AggregateFunction::Max, Some(Kind::Long | Kind::DateTime)) => Fold::Max,
                _ => {
                    return Err(refuse(format!(
                        "{text} cannot be kept: use sum, min or max of a whole number, min or max of a moment"
                    )));
                }
            };
            let argument = argument.filter(|argument| !names_all_fields(argument)).cloned();
            values.push((fold, argument.ok_or_else(|| refuse(format!("{text}: name a column")))?));
        }
        if let Some(mart) = &mart {
            over(&mut plan, mart.as_str());
        }
        let fingerprint = fingerprint(&definition);
        let answers = AtomicU64::new(0);
        Ok(Arc::new(Self { definition, mart, filter, keys, values, plan, fingerprint, answers }))
    }

    pub(crate) fn name(&self) -> &str {
        &self.definition.name
    }

    pub(crate) fn grain(&self) -> i64 {
        self.definition.grain.micros()
    }

    pub(crate) fn folds(&self) -> Vec<Fold> {
        self.values.iter().map(|(fold, _)| *fold).collect()
    }

    /// Whether it counts events of `mart`.
    pub(crate) fn takes(&self, mart: &Mart) -> bool {
        self.mart.as_ref().is_none_or(|own| own == mart)
    }

    /// Where the mart stands among the keys.
    pub(crate) fn mart_key(&self) -> Option<usize> {
        let place = SCAN_COLUMNS().iter().position(|header| header.name == "mart")?;
        self.keys.iter().position(|key| key.node == ExprNode::Column(place))
    }

    /// Its plan over the events of a stretch of time.
    pub(crate) fn plan_within(&self, span: Span) -> Node {
        let mut node = self.plan.clone();
        let Op::Aggregate { input, .. } = &mut node.op else { return node };
        let moment = |micros| Expr::literal(Kind::DateTime, Value::DateTime(Timestamp::from_micros(micros)));
        let time = || Expr::column(time_place(), Kind::DateTime);
        let mut conditions = Vec::new();
        if span.from != i64::MIN {
            conditions.push(Expr::call(Kind::Bool, Builtin::LessOrEqual, vec![moment(span.from), time()]));
        }
        if span.to != i64::MAX {
            conditions.push(Expr::call(Kind::Bool, Builtin::Less, vec![time(), moment(span.to)]));
        }
        for condition in conditions {
            let columns = input.columns.clone();
            let empty = Node { op: Op::Values { rows: Vec::new() }, columns: Vec::new() };
            let inner = std::mem::replace(input.as_mut(), empty);
            **input = Node { op: Op::Filter { input: Box::new(inner), condition }, columns };
        }
        node
    }
}

/// A half-open stretch of event time, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Span {
    pub(crate) const ALL: Self = Self { from: i64::MIN, to: i64::MAX };

    /// Whether a segment may have events in it.
    pub(crate) fn overlaps(self, first: Timestamp, last: Timestamp) -> bool {
        last.micros() >= self.from && first.micros() < self.to
    }

    /// The stretch of buckets of `grain` that count events in here and no others, of a segment with events from `first`
    /// to `last`. `None` where a bucket that is cut in two may count events on either side.
    pub(crate) fn buckets(self, grain: i64, first: Timestamp, last: Timestamp) -> Option<Self> {
        let is_edge = |moment: i64| moment.rem_euclid(grain) == 0;
        let from = if first.micros() >= self.from { i64::MIN } else { self.from };
        let to = if last.micros() < self.to { i64::MAX } else { self.to };
        let is_whole = (from == i64::MIN || is_edge(from)) && (to == i64::MAX || is_edge(to));
        is_whole.then_some(Self { from, to })
    }
}

/// What makes two declarations count the same, with the version of how they are counted.
fn fingerprint(definition: &RollupDefinition) -> String {
    const VERSION: u32 = 1;
    let RollupDefinition { name: _, mart, filter, keys, aggregates, grain, changed_by: _, time: _ } =
        definition;
    let mut hash = blake3::Hasher::new();
    let mut put = |text: &str| {
        hash.update(&(text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    put(&VERSION.to_string());
    [mart.as_str(), filter, grain.as_str()].into_iter().for_each(&mut put);
    put(&keys.len().to_string());
    keys.iter().chain(aggregates).for_each(|text| put(text));
    hash.finalize().to_hex().chars().take(32).collect()
}

/// Whether nothing but a condition stands between here and a table of events.
fn is_of_events(node: &Node) -> bool {
    match &node.op {
        Op::Scan { .. } => true,
        Op::Filter { input, .. } => matches!(input.op, Op::Scan { .. }),
        _ => false,
    }
}

/// The place of the event's time among the columns of a table of events.
pub(crate) fn time_place() -> usize {
    SCAN_COLUMNS().iter().position(|header| header.name == "time").unwrap_or_default()
}

/// The conditions that must all hold.
pub(crate) fn parts(expr: &Expr, into: &mut Vec<Expr>) {
    match &expr.node {
        ExprNode::Call(Builtin::And, inner) => inner.iter().for_each(|part| parts(part, into)),
        _ => into.push(expr.clone()),
    }
}

/// Whether an expression takes a field of the source, of which there may be several.
pub(crate) fn has_source_field(expr: &Expr) -> bool {
    let mut names = BTreeSet::new();
    fields_of(expr, &mut names);
    !names.is_empty()
}

fn is_raw(expr: &Expr) -> bool {
    matches!(expr.node, ExprNode::Column(place) if matches!(leaf(place), Some(Leaf::Text("raw" | "id"))))
}

fn plan_of(definition: &RollupDefinition, has_filter: bool) -> Result<Node, String> {
    let filter = if has_filter { format!("| where ({})", definition.filter) } else { String::new() };
    let mut text = format!("{EVENTS_TABLE} {filter} | summarize n = count()");
    for (place, aggregate) in definition.aggregates.iter().enumerate() {
        text.push_str(&format!(", v{place} = {aggregate}"));
    }
    text.push_str(&format!(" by t = bin(time, {}microseconds)", definition.grain.micros()));
    for (place, key) in definition.keys.iter().enumerate() {
        text.push_str(&format!(", k{place} = ({key})"));
    }
    let query = parse(&text).map_err(|error| format!("{error} (in {})", error.written(&text)))?;
    let catalog = event_catalog(&[]);
    let at = |now| {
        let checked = check(&query, CheckOptions { catalog: &catalog, now, keep_calls: false });
        checked.map_err(|error| format!("{error} (in {})", error.written(&text)))
    };
    let plan = at(Timestamp::from_micros(0))?;
    if plan != at(Timestamp::from_seconds(86_400 * 365))? {
        return Err("it depends on the moment at which it is asked".to_owned());
    }
    Ok(plan.root)
}

/// The same plan over the table of one mart.
fn over(node: &mut Node, mart: &str) {
    match &mut node.op {
        Op::Scan { table } => mart.clone_into(table),
        Op::Filter { input, .. } | Op::Aggregate { input, .. } | Op::Project { input, .. } => {
            over(input, mart)
        }
        _ => {}
    }
}

/// Whether the table of a question is the mart, or all of them.
pub(crate) fn table_is(table: &str, mart: Option<&Mart>) -> bool {
    match (marts_of(table), mart) {
        (None, None) => true,
        (Some(marts), Some(mart)) => marts.as_slice() == [mart.clone()],
        _ => false,
    }
}
