//! A [`ValueTest`] as a DataFusion function: one instance per test, with the test inside.
//!
//! On the map of source fields it holds when *any* value of the named field passes, so that fields with
//! several values are searched in full.

use std::hash::Hash;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_schema::DataType;
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::matcher::ValueTest;
use crate::schema::FieldMaps;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct TestFunction {
    signature: Signature,
    /// The source field; `None` for a text column or the raw bytes.
    field: Option<String>,
    test: ValueTest,
}

/// `test` on the column `column`, or on the source field `field` of the map `column`.
pub(super) fn value_test(column: Expr, field: Option<&str>, test: &ValueTest) -> Expr {
    let function = TestFunction {
        signature: Signature::any(1, Volatility::Immutable),
        field: field.map(str::to_owned),
        test: test.clone(),
    };
    ScalarUDF::from(function).call(vec![column])
}

impl ScalarUDFImpl for TestFunction {
    fn name(&self) -> &str {
        if self.field.is_some() { "source_field" } else { "value_test" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let Some(array) = arrays.first() else { return exec_err!("{} takes one column", self.name()) };
        let result = match (&self.field, array.data_type()) {
            (Some(field), DataType::Map(..)) => self.on_fields(array, field),
            (None, DataType::Utf8) => {
                let texts = array.as_string::<i32>().iter();
                Some(texts.map(|text| text.is_some_and(|text| self.test.matches(text))).collect())
            }
            (None, DataType::Binary) => {
                let raws = array.as_binary::<i32>().iter();
                let matches = |raw: &[u8]| self.test.matches(&String::from_utf8_lossy(raw));
                Some(raws.map(|raw| raw.is_some_and(matches)).collect())
            }
            _ => None,
        };
        match result {
            Some(result) => Ok(ColumnarValue::Array(std::sync::Arc::new(result))),
            None => exec_err!("{} cannot take {}", self.name(), array.data_type()),
        }
    }
}

impl TestFunction {
    fn on_fields(&self, array: &ArrayRef, field: &str) -> Option<BooleanArray> {
        let maps = FieldMaps::of(array.as_map())?;
        let any = |row| maps.values(row, field).any(|value| self.test.matches(value));
        Some((0..array.len()).map(|row| Some(any(row))).collect())
    }
}
