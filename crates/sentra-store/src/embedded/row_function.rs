//! An expression of the language as a DataFusion function: evaluated row by row, as the interpreter does.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray, Int32Array};
use arrow_schema::DataType;
use arrow_select::take::take;
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    ColumnarValue, Expr as DfExpr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use sentra_kql::Kind;
use sentra_kql::plan::{Expr, Value};
use sentra_kql::run::{Evaluator, RunError};

use super::index::dictionary;
use super::stop::Stop;
use crate::kql::{array_of, run_failed, type_of, value_at};

#[derive(Debug, Clone)]
struct RowFunction {
    signature: Signature,
    expr: Arc<Expr>,
    /// Of the arguments, which stand in the places that the expression names.
    kinds: Vec<Kind>,
    /// The expression written out: what it is told apart by.
    text: String,
    /// Ends it between two rows.
    stop: Stop,
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
pub(super) fn row_function(expr: Expr, arguments: Vec<DfExpr>, kinds: Vec<Kind>, stop: &Stop) -> DfExpr {
    let text = format!("{expr:?}");
    let signature = match arguments.len() {
        0 => Signature::nullary(Volatility::Immutable),
        count => Signature::any(count, Volatility::Immutable),
    };
    let stop = stop.clone();
    ScalarUDF::from(RowFunction { signature, expr: Arc::new(expr), kinds, text, stop }).call(arguments)
}

/// What a function wants too much of is no fault of the store.
fn refused(error: RunError) -> DataFusionError {
    DataFusionError::External(run_failed(error).into())
}

impl ScalarUDFImpl for RowFunction {
    fn name(&self) -> &str {
        "kql"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [DataType::Dictionary(..)] if self.expr.kind == Kind::String => Ok(dictionary()),
            _ => Ok(type_of(self.expr.kind)),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let arrays: Vec<ArrayRef> =
            arguments.args.into_iter().map(|argument| argument.into_array(rows)).collect::<Result<_>>()?;
        if let [array] = arrays.as_slice()
            && let Some(array) = array.as_dictionary_opt::<Int32Type>()
        {
            return self.stop.apart(|| self.on_dictionary(array)).map(ColumnarValue::Array);
        }
        self.stop.apart(|| self.on_rows(&arrays, rows)).map(ColumnarValue::Array)
    }
}

impl RowFunction {
    fn on_rows(&self, arrays: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let evaluator = Evaluator::default();
        let mut steps = self.stop.steps();
        let mut values = Vec::with_capacity(rows);
        let mut row: Vec<Value> = Vec::with_capacity(arrays.len());
        for number in 0..rows {
            steps.row()?;
            row.clear();
            let cells = arrays.iter().zip(&self.kinds);
            row.extend(cells.map(|(array, kind)| value_at(array, *kind, number)));
            values.push(evaluator.eval(&self.expr, &row).map_err(refused)?);
        }
        Ok(array_of(self.expr.kind, values))
    }

    /// Evaluated once for each distinct value, and for null.
    fn on_dictionary(&self, array: &DictionaryArray<Int32Type>) -> Result<ArrayRef> {
        let kind = self.kinds.first().copied().unwrap_or(Kind::String);
        let evaluator = Evaluator::default();
        let eval = |value| evaluator.eval(&self.expr, &[value]).map_err(refused);
        let mut places: Vec<Option<i32>> = vec![None; array.values().len()];
        let mut place_of_null = None;
        let mut steps = self.stop.steps();
        let mut values: Vec<Value> = Vec::new();
        let mut keys = Vec::with_capacity(array.len());
        for key in array.keys() {
            let key =
                key.and_then(|key| usize::try_from(key).ok()).filter(|key| array.values().is_valid(*key));
            let place = match key.and_then(|key| places.get_mut(key)) {
                Some(place) => place,
                None => &mut place_of_null,
            };
            keys.push(match place {
                Some(place) => *place,
                None => {
                    steps.row()?;
                    let value = match key {
                        Some(key) => value_at(array.values(), kind, key),
                        None if kind == Kind::String => Value::String(String::new()),
                        None => Value::Null,
                    };
                    let new =
                        i32::try_from(values.len()).map_err(|_| exec_datafusion_err!("too many values"))?;
                    values.push(eval(value)?);
                    *place.insert(new)
                }
            });
        }
        let (values, keys) = (array_of(self.expr.kind, values), Int32Array::from(keys));
        if self.expr.kind == Kind::String {
            return Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, values)?));
        }
        Ok(take(&values, &keys, None)?)
    }
}
