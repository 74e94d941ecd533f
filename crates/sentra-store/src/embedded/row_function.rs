//! An expression of the language as a DataFusion function: evaluated row by row, as the interpreter does.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_schema::DataType;
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr as DfExpr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use sentra_kql::Kind;
use sentra_kql::plan::{Expr, Value};
use sentra_kql::run::Evaluator;

use crate::kql::{array_of, type_of, value_at};

#[derive(Debug, Clone)]
struct RowFunction {
    signature: Signature,
    expr: Arc<Expr>,
    /// Of the arguments, which stand in the places that the expression names.
    kinds: Vec<Kind>,
    /// The expression written out: what it is told apart by.
    text: String,
}

impl PartialEq for RowFunction {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.kinds == other.kinds
    }
}

impl Eq for RowFunction {}

impl Hash for RowFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

/// `expr`, whose columns are the `arguments` of the `kinds`.
pub(super) fn row_function(expr: Expr, arguments: Vec<DfExpr>, kinds: Vec<Kind>) -> DfExpr {
    let text = format!("{expr:?}");
    let signature = match arguments.len() {
        0 => Signature::nullary(Volatility::Immutable),
        count => Signature::any(count, Volatility::Immutable),
    };
    ScalarUDF::from(RowFunction { signature, expr: Arc::new(expr), kinds, text }).call(arguments)
}

impl ScalarUDFImpl for RowFunction {
    fn name(&self) -> &str {
        "kql"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(type_of(self.expr.kind))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let arrays: Vec<ArrayRef> =
            arguments.args.into_iter().map(|argument| argument.into_array(rows)).collect::<Result<_>>()?;
        let evaluator = Evaluator::default();
        let mut values = Vec::with_capacity(rows);
        let mut row: Vec<Value> = Vec::with_capacity(arrays.len());
        for number in 0..rows {
            row.clear();
            let cells = arrays.iter().zip(&self.kinds);
            row.extend(cells.map(|(array, kind)| value_at(array, *kind, number)));
            let value = evaluator.eval(&self.expr, &row);
            values.push(value.map_err(|error| exec_datafusion_err!("{error}"))?);
        }
        Ok(ColumnarValue::Array(array_of(self.expr.kind, values)))
    }
}
