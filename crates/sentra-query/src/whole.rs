//! Questions whose answer is wanted whole: on pages, as a stream, as a file.

use sentra_kql::plan::{Expr, ExprNode, Node, Op, Plan, Value};
use sentra_kql::run::Row;
use sentra_kql::{Builtin, Kind};
use sentra_store::{DEFAULT_COLUMNS, search_of};

use crate::found::is_of_events;
use crate::read::are_events;

/// How much of a record stands in for a missing message, in characters.
const MESSAGE_CHARACTERS_MAX: i64 = 512;

/// Events as they are, all of them, with the columns that people look at first.
pub(crate) fn whole(plan: Plan) -> Plan {
    let Plan { root, render, notes } = plan;
    if !are_events(&root.columns) {
        return Plan { root, render, notes };
    }
    let places = DEFAULT_COLUMNS.iter().filter_map(|name| {
        let place = root.columns.iter().position(|column| column.name == *name)?;
        let column = root.columns.get(place)?.clone();
        Some((Expr::column(place, column.kind), column))
    });
    let (values, columns) = places.unzip();
    let root = Node { op: Op::Project { input: Box::new(root), values }, columns };
    with_messages(Plan { root, render, notes })
}

/// The first rows of an answer, and one more.
pub(crate) fn first_rows(plan: &Plan, rows_max: usize) -> Plan {
    let Plan { root, render, notes } = plan.clone();
    let rows = (rows_max as u64).saturating_add(1);
    let columns = root.columns.clone();
    Plan { root: Node { op: Op::Take { input: Box::new(root), rows }, columns }, render, notes }
}

/// Whether what an event does not have is absent in the answer, rather than empty.
pub(crate) fn is_absent(plan: &Plan) -> bool {
    is_of_events(plan.columns()) || search_of(plan).is_some()
}

/// What an event does not have is absent.
pub(crate) fn absent(row: &mut Row) {
    for value in row {
        if matches!(value, Value::String(text) if text.is_empty()) {
            *value = Value::Null;
        }
    }
}

/// The beginning of the record stands for a message that is not there, as it does where events are searched for.
pub(crate) fn with_messages(plan: Plan) -> Plan {
    let Plan { mut root, render, notes } = plan;
    if let Op::Project { input, values } = &mut root.op {
        let place = |name: &str| input.columns.iter().position(|column| column.name == name);
        if let (true, Some(message), Some(raw)) = (are_events(&input.columns), place("message"), place("raw"))
        {
            for value in values.iter_mut().filter(|value| value.node == ExprNode::Column(message)) {
                *value = message_of(message, raw);
            }
        }
    }
    Plan { root, render, notes }
}

fn message_of(message: usize, raw: usize) -> Expr {
    let message = || Expr::column(message, Kind::String);
    let long = |number| Expr::literal(Kind::Long, Value::Long(number));
    let beginning = vec![Expr::column(raw, Kind::String), long(0), long(MESSAGE_CHARACTERS_MAX)];
    let beginning = Expr::call(Kind::String, Builtin::Substring, beginning);
    let is_there = Expr::call(Kind::Bool, Builtin::IsNotEmpty, vec![message()]);
    Expr::call(Kind::String, Builtin::Iff, vec![is_there, message(), beginning])
}
