//! What a plan has become so far: events that are yet to be read, or a frame of DataFusion.

use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::{Expr as DfExpr, cast, col};
use sentra_kql::plan::{Expr, ExprNode, SortKey};
use sentra_model::Mart;

use crate::embedded::resolve::{Cells, scan_leaf};
use crate::embedded::scan::Newest;
use crate::kql::{Leaf, SCAN_COLUMNS, type_of};

/// Rows that DataFusion gives, or that are read by their columns.
pub(in crate::embedded) struct Lowered {
    pub(super) base: Base,
}

pub(super) enum Base {
    /// Events, chosen when it is known which conditions stand above them. Expressions are over the columns of a table.
    Events(Chosen),
    /// Whatever came out of an operator.
    Frame { frame: DataFrame, cells: Box<Cells>, order: Order },
}

/// Events that meet conditions, as values, in an order.
pub(super) struct Chosen {
    pub(super) marts: Option<Vec<Mart>>,
    pub(super) conditions: Vec<Expr>,
    pub(super) values: Vec<Expr>,
    /// What comes before the order of all events, the newest first.
    pub(super) sort: Vec<SortKey>,
    /// How many of the first are taken, if not all.
    pub(super) rows: Option<usize>,
}

/// The rows of an answer, not yet there.
pub(in crate::embedded) enum Rows {
    Frame(DataFrame),
    Read(Box<Newest>),
}

impl Rows {
    /// What gives them.
    pub(in crate::embedded) fn engine(&self) -> &'static str {
        match self {
            Self::Frame(_) => "datafusion",
            Self::Read(_) => "the store",
        }
    }
}

/// The order of a frame's rows.
#[derive(Clone)]
pub(super) enum Order {
    /// They are in it.
    Done,
    /// They are put into it when nobody says another one: the same question has the same answer.
    By(Vec<Sort>),
}

impl Lowered {
    pub(super) fn of(frame: DataFrame, cells: Cells, order: Order) -> Self {
        Self { base: Base::Frame { frame, cells: Box::new(cells), order } }
    }

    pub(super) fn scan(marts: Option<Vec<Mart>>) -> Self {
        let values = SCAN_COLUMNS().iter().enumerate();
        let values = values.map(|(place, header)| Expr::column(place, header.kind.kind())).collect();
        Self {
            base: Base::Events(Chosen {
                marts,
                conditions: Vec::new(),
                values,
                sort: Vec::new(),
                rows: None,
            }),
        }
    }
}

/// All that is asked of events but the conditions.
pub(super) fn asked(events: &Chosen) -> Vec<Expr> {
    events.values.iter().chain(events.sort.iter().map(|key| &key.value)).cloned().collect()
}

/// The values that are asked of events. Those of all parts are of the same types.
pub(super) fn values_of(cells: &Cells, events: &Chosen) -> Vec<DfExpr> {
    let value = |value: &Expr| {
        let cell = cells.cell(value);
        let is_map =
            matches!(&value.node, ExprNode::Column(place) if scan_leaf(*place) == Some(Leaf::Fields));
        if is_map { cell.expr } else { cast(cell.value(), type_of(value.kind)) }
    };
    events.values.iter().map(value).collect()
}

pub(super) fn key_of(cells: &Cells, key: &SortKey) -> DfExpr {
    cast(cells.cell(&key.value).value(), type_of(key.value.kind))
}

/// The columns that put all events into an order, the newest first.
pub(super) const NEWEST_FIRST: [&str; 3] = ["time", "partition", "offset"];

pub(super) fn newest_first(prefix: &str) -> [Sort; 3] {
    NEWEST_FIRST.map(|name| col(format!("{prefix}{name}")).sort(false, false))
}

pub(super) fn order_of(key: &SortKey, value: DfExpr) -> Sort {
    value.sort(!key.descending, key.nulls_first)
}
