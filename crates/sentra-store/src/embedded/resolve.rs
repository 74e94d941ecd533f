//! Expressions of the language over the columns of an operator, for DataFusion.

use arrow_schema::{DataType, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr as DfExpr, Operator, binary_expr, cast, col, lit};
use sentra_kql::plan::{Expr, ExprNode, Value};
use sentra_kql::{Builtin, Kind};

use super::expression;
use super::form::{Form, source_field};
use super::index::Place;
use super::row_function::row_function;
use super::stop::Stop;
use super::value_test::regex_test;
use crate::TimeRange;
use crate::bound::{Bound, bind};
use crate::header::ColumnKind;
use crate::kql::{Leaf, SCAN_COLUMNS, predicate_of};

/// Microseconds from 0001-01-01 to 1970-01-01: from there the language counts bins of time.
const YEAR_ONE_MICROS: i64 = 62_135_596_800_000_000;
/// Columns of a header that may have no value.
const NULLABLE: [&str; 3] = ["src_port", "dst_port", "source_position"];

/// A column of an operator: how DataFusion reads it.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub(super) expr: DfExpr,
    pub(super) kind: Kind,
    /// What it is in the store, while it is a stored column as it is.
    leaf: Option<Leaf>,
    /// Whether a text may be null where the language says empty.
    is_nullable: bool,
}

/// The columns of an operator.
#[derive(Debug, Clone)]
pub(super) struct Cells {
    cells: Vec<Cell>,
    form: Form,
}

/// What the columns of every table of events are in the store.
pub(super) fn scan_leaf(place: usize) -> Option<Leaf> {
    let header = SCAN_COLUMNS().get(place)?;
    Some(match (header.name, header.kind) {
        ("id", _) => Leaf::Text("id"),
        (_, ColumnKind::Dynamic) => Leaf::Fields,
        (name, ColumnKind::String) => Leaf::Text(name),
        (name, ColumnKind::Long) if NULLABLE.contains(&name) => Leaf::Nullable(name),
        (name, _) => Leaf::Present(name),
    })
}

/// The bound form of a condition over the columns of a table of events.
pub(super) fn scan_bound(condition: &Expr) -> Option<Bound> {
    bind(&predicate_of(condition, &scan_leaf)?).ok()
}

/// The id of an event, as text.
fn id(stop: &Stop) -> DfExpr {
    let call = |builtin, arguments| Expr::call(Kind::String, builtin, arguments);
    let text = |text: &str| Expr::literal(Kind::String, Value::String(text.to_owned()));
    let number = |place| Expr::column(place, Kind::Long);
    let parts = vec![text("raw."), number(0), text("."), number(1)];
    row_function(
        call(Builtin::Strcat, parts),
        vec![col("partition"), col("offset")],
        vec![Kind::Long; 2],
        stop,
    )
}

impl Cell {
    pub(super) fn new(expr: DfExpr, kind: Kind) -> Self {
        Self { expr, kind, leaf: None, is_nullable: false }
    }

    /// A text that may be null where the language says empty.
    pub(super) fn nullable(expr: DfExpr, kind: Kind) -> Self {
        Self { is_nullable: kind == Kind::String, ..Self::new(expr, kind) }
    }

    /// As a value of its kind: texts are never null, whole numbers are of one type.
    pub(super) fn value(&self) -> DfExpr {
        match (self.kind, &self.leaf) {
            (Kind::String, Some(Leaf::Text("raw"))) => self.key(),
            (Kind::String, _) if self.is_nullable => {
                datafusion::functions::core::expr_fn::coalesce(vec![self.expr.clone(), lit("")])
            }
            _ => self.key(),
        }
    }

    /// As [`Cell::value`], but null may stand for an empty text.
    pub(super) fn key(&self) -> DfExpr {
        match (self.kind, &self.leaf) {
            (Kind::String, Some(Leaf::Text("raw"))) => {
                // Nothing is computed of it: a batch of these is soon done.
                let stop = Stop::default();
                row_function(
                    Expr::column(0, Kind::String),
                    vec![self.expr.clone()],
                    vec![Kind::String],
                    &stop,
                )
            }
            (Kind::Long, Some(_)) => cast(self.expr.clone(), DataType::Int64),
            _ => self.expr.clone(),
        }
    }
}

impl Cells {
    /// Of what came out of an operator.
    pub(super) fn new(cells: Vec<Cell>, stop: &Stop) -> Self {
        Self { cells, form: Form::memory(stop) }
    }

    /// What ends the question.
    pub(super) fn stop(&self) -> &Stop {
        self.form.stop()
    }

    /// Of a table of events.
    pub(super) fn scan(form: Form) -> Self {
        let cell = |(place, header): (usize, &crate::header::HeaderColumn)| {
            let leaf = scan_leaf(place);
            let (expr, kind) = match (header.name, leaf) {
                ("id", _) => (id(form.stop()), Kind::String),
                (_, Some(Leaf::Fields)) => (form.fields(), Kind::Dynamic),
                ("raw", _) => (form.raw(), Kind::String),
                (name, _) => (col(name), header.kind.kind()),
            };
            let is_nullable = matches!(leaf, Some(Leaf::Text(name)) if name != "id");
            Cell { expr, kind, leaf, is_nullable }
        };
        Self { cells: SCAN_COLUMNS().iter().enumerate().map(cell).collect(), form }
    }

    pub(super) fn all(&self) -> &[Cell] {
        &self.cells
    }

    fn leaf(&self, place: usize) -> Option<Leaf> {
        self.cells.get(place)?.leaf
    }

    fn source_field<'a>(&self, expr: &'a Expr) -> Option<&'a str> {
        source_field(expr, &|place| self.leaf(place) == Some(Leaf::Fields))
    }

    /// A condition that is met or not; null does as not.
    pub(super) fn condition(&self, condition: &Expr) -> DfExpr {
        let bound =
            predicate_of(condition, &|place| self.leaf(place)).and_then(|predicate| bind(&predicate).ok());
        if let Some(bound) = &bound
            && let Some(expr) = expression::condition_in(&self.form, TimeRange::default(), Some(bound))
        {
            return expr;
        }
        self.composed(condition).unwrap_or_else(|| self.cell(condition).value())
    }

    fn composed(&self, condition: &Expr) -> Option<DfExpr> {
        let ExprNode::Call(builtin, arguments) = &condition.node else { return None };
        let all = || arguments.iter().map(|part| self.condition(part));
        match (builtin, arguments.as_slice()) {
            (Builtin::And, _) => all().reduce(DfExpr::and),
            (Builtin::Or, _) => all().map(DfExpr::is_true).reduce(DfExpr::or),
            (Builtin::MatchesRegex, [text, pattern]) => self.matches(text, pattern),
            (Builtin::Not, [inner]) => match &inner.node {
                // Never null.
                ExprNode::Call(Builtin::MatchesRegex, arguments) => match arguments.as_slice() {
                    [text, pattern] => Some(self.matches(text, pattern)?.is_not_true()),
                    _ => None,
                },
                _ => None,
            },
            (Builtin::Equal | Builtin::Less | Builtin::LessOrEqual, [one, other]) => {
                let is_whole =
                    |expr: &Expr| matches!(expr.kind, Kind::Long | Kind::DateTime | Kind::TimeSpan);
                if one.kind != other.kind || !is_whole(one) {
                    return None;
                }
                let operator = match builtin {
                    Builtin::Equal => Operator::Eq,
                    Builtin::Less => Operator::Lt,
                    _ => Operator::LtEq,
                };
                Some(binary_expr(self.cell(one).value(), operator, self.cell(other).value()))
            }
            _ => None,
        }
    }

    /// Whether a column or a source field fits a regular expression that an empty text does not fit.
    fn matches(&self, text: &Expr, pattern: &Expr) -> Option<DfExpr> {
        let Some(Value::String(pattern)) = pattern.value() else { return None };
        if let Some(name) = self.source_field(text) {
            return self.form.matches(name, pattern);
        }
        let ExprNode::Column(place) = &text.node else { return None };
        let cell = self.cells.get(*place).filter(|cell| cell.kind == Kind::String)?;
        if cell.leaf == Some(Leaf::Text("id")) {
            return None;
        }
        regex_test(cell.expr.clone(), None, pattern, self.stop())
    }

    /// What `expr` is of these cells.
    pub(super) fn cell(&self, expr: &Expr) -> Cell {
        if let ExprNode::Column(place) = &expr.node
            && let Some(cell) = self.cells.get(*place)
        {
            return cell.clone();
        }
        if let Some(name) = self.source_field(expr).filter(|_| expr.kind == Kind::String) {
            return Cell::nullable(self.form.value(name), Kind::String);
        }
        let of = literal(expr).or_else(|| self.bin(expr)).unwrap_or_else(|| self.by_row(expr));
        Cell::new(of, expr.kind)
    }

    /// Evaluated row by row, or once for each distinct value where there is a dictionary.
    fn by_row(&self, expr: &Expr) -> DfExpr {
        self.stop().note_by_row();
        let mut more = Vec::new();
        let expr = self.with_columns(expr, &mut more);
        let mut places = Vec::new();
        let moved = expr.map_columns(&mut |place| {
            let known = places.iter().position(|known| *known == place);
            known.unwrap_or_else(|| {
                places.push(place);
                places.len() - 1
            })
        });
        let cell = |place: &usize| match place.checked_sub(self.cells.len()) {
            None => self.cells.get(*place),
            Some(place) => more.get(place),
        };
        let cells: Vec<&Cell> = places.iter().filter_map(cell).collect();
        let kinds = cells.iter().map(|cell| cell.kind).collect();
        row_function(moved, cells.iter().map(|cell| cell.expr.clone()).collect(), kinds, self.stop())
    }

    /// Source fields that have one value at most are columns behind all others, and move to `more`.
    fn with_columns(&self, expr: &Expr, more: &mut Vec<Cell>) -> Expr {
        if let Some(name) = self.source_field(expr).filter(|_| expr.kind == Kind::String)
            && matches!(self.form.place(name), Place::Column | Place::Nowhere)
        {
            more.push(Cell::nullable(self.form.value(name), Kind::String));
            return Expr::column(self.cells.len() + more.len() - 1, Kind::String);
        }
        match &expr.node {
            ExprNode::Call(builtin, arguments) => {
                let arguments = arguments.iter().map(|argument| self.with_columns(argument, more)).collect();
                Expr::call(expr.kind, *builtin, arguments)
            }
            _ => expr.clone(),
        }
    }

    /// `bin(time, 1h)` as arithmetic, because every chart asks for it.
    fn bin(&self, expr: &Expr) -> Option<DfExpr> {
        let ExprNode::Call(Builtin::Bin, arguments) = &expr.node else { return None };
        let [value, size] = arguments.as_slice() else { return None };
        let Some(Value::TimeSpan(size)) = size.value() else { return None };
        if value.kind != Kind::DateTime || *size <= 0 {
            return None;
        }
        let micros = cast(self.cell(value).expr, DataType::Int64);
        let since = micros.clone() + lit(YEAR_ONE_MICROS);
        let binned = micros - since % lit(*size);
        Some(cast(binned, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))))
    }
}

fn literal(expr: &Expr) -> Option<DfExpr> {
    let value = match expr.value()? {
        Value::Bool(truth) => ScalarValue::Boolean(Some(*truth)),
        Value::Long(number) | Value::TimeSpan(number) => ScalarValue::Int64(Some(*number)),
        Value::Real(number) => ScalarValue::Float64(Some(*number)),
        Value::String(text) => ScalarValue::Utf8(Some(text.clone())),
        Value::DateTime(moment) => {
            ScalarValue::TimestampMicrosecond(Some(moment.micros()), Some("UTC".into()))
        }
        Value::Null | Value::Dynamic(_) => return None,
    };
    Some(DfExpr::Literal(value, None))
}
