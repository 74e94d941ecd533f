//! Plans that give events one by one, and what can be added to them.

use std::collections::BTreeMap;

use sentra_kql::plan::{Column, Expr, Node, Op, Plan, Value};
use sentra_kql::{Builtin, Kind};
use sentra_model::{Mart, Timestamp};

use super::RowPlace;
use crate::kql::marts_of;

/// The columns that make the place of an event.
const PLACE: [(&str, Kind); 3] =
    [("time", Kind::DateTime), ("partition", Kind::Long), ("offset", Kind::Long)];

/// A plan whose rows are events, one by one and the newest first, so that it can be asked in parts.
#[derive(Debug, Clone, PartialEq)]
pub struct RowWise {
    root: Node,
    marts: Option<Vec<Mart>>,
    rows_max: Option<u64>,
}

/// Which events of a plan are wanted.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted<'a> {
    pub(super) from: Option<i64>,
    pub(super) before: Option<i64>,
    pub(super) after: Option<RowPlace>,
    pub(super) taken: Option<&'a BTreeMap<u32, u64>>,
}

impl RowWise {
    /// `plan`, if it takes events one by one: conditions and columns over a table of events, perhaps the first so many.
    #[must_use]
    pub fn of(plan: &Plan) -> Option<Self> {
        let mut rows_max = None;
        let mut may_take = true;
        let mut node = &plan.root;
        loop {
            node = match &node.op {
                Op::Project { input, .. } => input,
                Op::Take { input, rows } if may_take => {
                    rows_max = Some(rows_max.map_or(*rows, |most: u64| most.min(*rows)));
                    input
                }
                Op::Filter { input, .. } => {
                    // What is filtered after the first so many were taken are others.
                    may_take = false;
                    input
                }
                Op::Scan { table } => {
                    place_columns(node)?;
                    return Some(Self { root: plan.root.clone(), marts: marts_of(table), rows_max });
                }
                _ => return None,
            };
        }
    }

    /// Most rows that the plan itself wants.
    #[must_use]
    pub fn rows_max(&self) -> Option<u64> {
        self.rows_max
    }

    /// So many rows fewer are wanted, because they were given before.
    pub(super) fn pass_over(&mut self, rows: u64) {
        self.rows_max = self.rows_max.map(|most| most.saturating_sub(rows));
    }

    pub(super) fn marts(&self) -> Option<&[Mart]> {
        self.marts.as_deref()
    }

    /// The plan over those events that are wanted, each row with its place in three columns more, and without the limit
    /// on rows.
    pub(super) fn over(&self, wanted: &Wanted<'_>) -> Plan {
        let (root, _) = placed(&self.root, wanted);
        Plan { root, render: None, notes: Vec::new() }
    }

    /// Takes the place off a row.
    pub(super) fn place_of(row: &mut Vec<Value>) -> Option<RowPlace> {
        let place = match row.split_off(row.len().saturating_sub(PLACE.len())).as_slice() {
            [Value::DateTime(time), Value::Long(partition), Value::Long(offset)] => RowPlace {
                time: time.micros(),
                partition: u32::try_from(*partition).ok()?,
                offset: u64::try_from(*offset).ok()?,
            },
            _ => return None,
        };
        Some(place)
    }
}

/// Where the columns of a place are in a table; nothing in a table of something else than events.
fn place_columns(node: &Node) -> Option<[usize; 3]> {
    let place = |(name, kind): (&str, Kind)| {
        node.columns.iter().position(|column| column.name == name && column.kind == kind)
    };
    let [time, partition, offset] = PLACE.map(place);
    Some([time?, partition?, offset?])
}

/// The node with the place of its rows added, and where that is.
fn placed(node: &Node, wanted: &Wanted<'_>) -> (Node, [usize; 3]) {
    match &node.op {
        Op::Project { input, values } => {
            let (input, places) = placed(input, wanted);
            with_place(input, values.clone(), node.columns.clone(), places)
        }
        Op::Filter { input, condition } => {
            let (input, places) = placed(input, wanted);
            let columns = input.columns.clone();
            (
                Node { op: Op::Filter { input: Box::new(input), condition: condition.clone() }, columns },
                places,
            )
        }
        Op::Take { input, .. } => placed(input, wanted),
        _ => {
            let places = place_columns(node).unwrap_or_default();
            let conditions = wanted.conditions(places);
            let scan = conditions.into_iter().fold(node.clone(), filtered);
            // Behind a whole row, too: whoever reads takes three columns off.
            let all = node.columns.iter().enumerate();
            let values = all.map(|(place, column)| Expr::column(place, column.kind)).collect();
            with_place(scan, values, node.columns.clone(), places)
        }
    }
}

fn with_place(
    input: Node,
    mut values: Vec<Expr>,
    mut columns: Vec<Column>,
    places: [usize; 3],
) -> (Node, [usize; 3]) {
    let first = values.len();
    for (place, (name, kind)) in places.into_iter().zip(PLACE) {
        values.push(Expr::column(place, kind));
        columns.push(Column::new(format!("{name} of the place"), kind));
    }
    let op = Op::Project { input: Box::new(input), values };
    (Node { op, columns }, [first, first + 1, first + 2])
}

fn filtered(input: Node, condition: Expr) -> Node {
    let columns = input.columns.clone();
    Node { op: Op::Filter { input: Box::new(input), condition }, columns }
}

fn test(builtin: Builtin, arguments: Vec<Expr>) -> Expr {
    Expr::call(Kind::Bool, builtin, arguments)
}

fn moment(micros: i64) -> Expr {
    Expr::literal(Kind::DateTime, Value::DateTime(Timestamp::from_micros(micros)))
}

fn long(number: u64) -> Expr {
    Expr::literal(Kind::Long, Value::Long(i64::try_from(number).unwrap_or(i64::MAX)))
}

impl Wanted<'_> {
    fn conditions(&self, [time, partition, offset]: [usize; 3]) -> Vec<Expr> {
        let time = || Expr::column(time, Kind::DateTime);
        let partition = || Expr::column(partition, Kind::Long);
        let offset = || Expr::column(offset, Kind::Long);
        let mut conditions = Vec::new();
        if let Some(from) = self.from {
            conditions.push(test(Builtin::LessOrEqual, vec![moment(from), time()]));
        }
        if let Some(before) = self.before {
            conditions.push(test(Builtin::Less, vec![time(), moment(before)]));
        }
        if let Some(after) = self.after {
            // At the same moment those with lesser ids come later.
            conditions.push(test(Builtin::LessOrEqual, vec![time(), moment(after.time)]));
            let same = test(
                Builtin::And,
                vec![
                    test(Builtin::Equal, vec![partition(), long(after.partition.into())]),
                    test(Builtin::Less, vec![offset(), long(after.offset)]),
                ],
            );
            conditions.push(test(
                Builtin::Or,
                vec![
                    test(Builtin::Less, vec![time(), moment(after.time)]),
                    test(Builtin::Less, vec![partition(), long(after.partition.into())]),
                    same,
                ],
            ));
        }
        if let Some(taken) = self.taken {
            let of_partition = |(number, end): (&u32, &u64)| {
                let below = test(Builtin::Less, vec![offset(), long(*end)]);
                test(
                    Builtin::And,
                    vec![test(Builtin::Equal, vec![partition(), long((*number).into())]), below],
                )
            };
            let parts: Vec<Expr> = taken.iter().map(of_partition).collect();
            conditions.push(match parts.len() {
                0 => Expr::literal(Kind::Bool, Value::Bool(false)),
                _ => test(Builtin::Or, parts),
            });
        }
        conditions
    }
}

/// `plan` over events below the offsets in `taken` alone, wherever it takes events from.
#[must_use]
pub fn within_horizon(plan: &Plan, taken: &BTreeMap<u32, u64>) -> Plan {
    Plan { root: bounded(&plan.root, taken), render: plan.render.clone(), notes: plan.notes.clone() }
}

fn bounded(node: &Node, taken: &BTreeMap<u32, u64>) -> Node {
    if matches!(node.op, Op::Scan { .. }) {
        let Some(places) = place_columns(node) else { return node.clone() };
        let wanted = Wanted { taken: Some(taken), ..Wanted::default() };
        return wanted.conditions(places).into_iter().fold(node.clone(), filtered);
    }
    let whole = node.try_map_inputs(&mut |input| Ok::<Node, std::convert::Infallible>(bounded(input, taken)));
    match whole {
        Ok(node) => node,
        Err(never) => match never {},
    }
}
